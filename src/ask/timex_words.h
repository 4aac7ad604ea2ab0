/* The words that time expressions are made of. Words are lower case. Pure. */
#ifndef MW_ASK_TIMEX_WORDS_H
#define MW_ASK_TIMEX_WORDS_H

#include "ask/token.h"
#include "base/mwtime.h"

struct txw_clock {
	int64_t tod, width; /* microseconds of the day; how exact it was said: a minute, a second */
	bool has_zone;
	int64_t zone;
};
bool txw_month(struct slice w, int *m);   /* 1..12 */
bool txw_weekday(struct slice w, int *d); /* 0 is Monday */
bool txw_unit(struct slice w, int64_t *us);
bool txw_number(struct slice w, int64_t *n); /* digits or a number word, over 0 */
bool txw_ordinal(struct slice w, int *n, bool *suffix);
bool txw_offset(struct slice w, int64_t *us); /* "+02:00", "utc+2" */
bool txw_zone(struct slice w, int64_t *us);   /* a zone's name or an offset */
size_t txw_clock_at(const struct toks *t, size_t i,
                    struct txw_clock *c); /* tokens taken, 0 where it is none */

#endif
