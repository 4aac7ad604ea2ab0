/* A day, a longer named stretch, an hour, or an instant: what time expressions are bounded by.
 * Pure. */
#ifndef MW_ASK_TIMEX_DATE_H
#define MW_ASK_TIMEX_DATE_H

#include "ask/timex.h"

struct tx_point {
	bool has_day;
	mw_time d0, d1; /* half-open, in UTC */
	bool has_clock;
	int64_t tod, width; /* microseconds after the local midnight */
	int64_t zone; /* what the clock was moved by: its zone less the analyst's; 0 where none was
	                 said */
	bool has_zone;
	bool abs; /* an instant of its own: at, width */
	mw_time at;
	bool weak, assumed;
};
/* Tokens taken, 0 where there is none. */
size_t tx_point_at(const struct toks *t, size_t i, const struct tx_env *env, struct tx_point *p);
mw_time tx_today(const struct tx_env *env);               /* the local midnight before now */
const struct tok *tx_tok(const struct toks *t, size_t i); /* an empty token past the end */

#endif
