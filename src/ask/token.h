/*
 * A question as tokens. Spans point at the question's bytes; everything else lives in the arena.
 * Pure.
 *
 * What is undone here, so that no later step need know of it: quotes, brackets and commas around
 * words, contractions
 * ("didn't" is "did" "not"), short forms ("w/o" is "without"), defanged indicators, "field=value"
 * and "a/b" written together, ranges written together ("00:20-00:30").
 */
#ifndef MW_ASK_TOKEN_H
#define MW_ASK_TOKEN_H

#include "base/buf.h"
#include "base/mem.h"

struct tok {
	size_t from, to;   /* bytes of the question; parts of one written word share its span */
	struct slice text; /* without quotes and outer punctuation, defanging undone, case kept */
	struct slice word; /* text in lower case, without the possessive */
	struct slice
	        stem; /* word without its inflection: equal for "deleted", "deleting", "deletion" */
	char open;    /* '(' in front of it, else 0 */
	char close; /* the last of , : ; ) . ? ! - behind it, else 0: a place where a phrase may end
	             */
	bool quoted;
	bool possessive; /* "bert-jan's" */
	bool mended;     /* a slip was taken out of it */
	bool glued;      /* "field=value": belongs to the token before */
};
struct toks {
	struct tok *v;
	size_t n;
};
/* At most MW_QUESTION_TOKENS_MAX; the rest is dropped (the caller has refused longer questions). */
struct toks tokenise(struct slice question, struct arena *a);

/* Case-blind stem into out (at most cap bytes); the same function is run over the lexicon's
 * phrases. */
#define STEM_MAX 64
size_t ask_stem(struct slice word, char out[STEM_MAX]);
bool tok_is(const struct tok *t, const char *word);
bool tok_in(const struct tok *t, const char *const *words); /* NULL-terminated */
/* n of them as they are written, a space between. */
struct slice tok_words(struct arena *a, const struct tok *t, size_t n);
/* What the characters look like. */
bool slice_all_digits(struct slice s);
bool slice_camel(struct slice s); /* "StopLogging", "s3:GetObject" is not: a capital inside and no
                                     white space */

#endif
