/*
 * What "this compromised EC2 instance" means while an incident is selected: its own entity of that kind. The words are replaced before
 * the question is read, so that every later rule sees the value; chips keep pointing into the question as it was typed.
 */
#ifndef MW_SUBJECT_H
#define MW_SUBJECT_H

#include "ask/ask.h"

struct subject {
	size_t at, len;    /* the words in the question */
	const char *value; /* borrowed from the context */
	const char *field; /* its field's name, borrowed, ends at '=' */
	size_t others;     /* further values of the same kind that the incident has */
};
/* Finds the first such phrase. With earlier questions in the session "that" is left to them; "this" always means the incident. */
bool subject_find(const struct ask_context *ctx, struct slice question, struct subject *out);
/* ask_read without the replacement; read.c. */
int ask_read_words(const struct lexicon *x, struct catalog *c, const struct ask_context *ctx,
                   struct slice question, struct ask_reading *out, struct err *e) MW_USE_RESULT;

#endif
