/*
 * Small text helpers of the widgets: wrapping, fuzzy matching, numbers for people. Pure.
 */
#ifndef MW_UI_TEXT_H
#define MW_UI_TEXT_H

#include "base/buf.h"

/* Takes the next line of at most `width` columns off *rest: breaks at a newline, else at the last space, else hard.
 * False at the end. An empty line is a line. */
bool wrap_next(struct slice *rest, int width, struct slice *line);
/* fzf-like: words separated by spaces must all match; 'word exact substring, ^word prefix, !word not, else the letters in
 * order. Returns a score (higher is better), or -1 where it does not match. ASCII case-blind. */
int fuzzy_match(struct slice pattern, struct slice text);
/* 1204 -> "1,204" */
void count_text(int64_t n, char out[32]);
/* Microseconds as the queue writes ages: "41s", "9m", "3h", "2d"; negative with "-". */
void age_text(int64_t us, char out[16]);

#endif
