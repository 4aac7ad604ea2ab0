/*
 * The input line: GNU readline's editing, history, completion and the user's inputrc, with our own drawing. readline never
 * reads the terminal and never writes to it: it is fed the bytes of keys that are meant for it, its redisplay does nothing,
 * pasted text is put in by us before it sees it. There is one, as readline has one. One thread.
 */
#ifndef MW_UI_INPUT_H
#define MW_UI_INPUT_H

#include "term/key.h"
#include "term/surface.h"

enum input_result { INPUT_PASSED, INPUT_TAKEN, INPUT_SUBMIT };

/* Adds completions of the word before the cursor by calling add(word) for each; words are copied. */
typedef void (*input_complete_fn)(void *ctx, const char *line, const char *word,
                                  void (*add)(const char *word));

void input_open(input_complete_fn complete, void *ctx);
void input_close(void);
/* A history and a draft of its own for each case; "" is the console's. Keeps the old one's. */
void input_switch(const char *context);
enum input_result input_key(const struct key *k);
char *input_take(void) MW_USE_RESULT; /* the submitted line; caller frees */
const char *input_text(void);
size_t input_at(void);
void input_set(const char *text);      /* replaces the line, cursor at its end */
void input_remember(const char *line); /* adds to the history: what an engine kept for us */
bool input_wants_editor(void);         /* Ctrl-X Ctrl-E was pressed since the last call */
bool input_rang(void);                 /* readline wanted to ring the bell since the last call */
const char *input_choices(void);       /* completions to show, or "" ; cleared by the next key */
bool input_wants_escape(void);         /* vi mode, inserting: Esc is readline's */
/* Rows that the text needs at this width, 1 to max. */
int input_rows(const char *prompt, int width, int max);
void input_draw(struct surface *s, struct rect r, const char *prompt, style_t prompt_style,
                style_t st, bool focus);

#endif
