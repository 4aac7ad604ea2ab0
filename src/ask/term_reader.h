/* The reader of a question's words: its state, and what it makes of words that nothing knows as they stand. Internal to ask/. */
#ifndef MW_ASK_TERM_READER_H
#define MW_ASK_TERM_READER_H

#include "ask/query.h"

struct reader {
	const struct term_env *env;
	struct toks t;
	VEC(struct term) out;
};
const struct term *reader_previous(const struct reader *r); /* NULL at the start */
bool tok_name_like(const struct tok *t);                    /* it holds more than letters */
/* A typo of a word of the language: the token becomes that word, to be read again. */
bool reader_mend(struct reader *r, size_t i);
/* "how mnay": slips inside phrases of several words; run once before reading. */
void reader_mend_phrases(struct reader *r);
/* A hyphenated word that is nothing by itself: its parts take its place. */
bool reader_split(struct reader *r, size_t i);
/* A word that the data's own event names are made of is an object that verbs may take. */
bool reader_event_word(const struct reader *r, size_t i, struct term *t);

#endif
