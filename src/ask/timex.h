/*
 * Time expressions as atoms over tokens. A question may say a day in one place and the hours in
 * another ("root writes after 23:50 on the 29th"), so atoms are found one by one and combined at
 * the end. Pure; "now" and the zone are given.
 *
 * Readings chosen where English leaves it open (a chip says so): morning 00-12, afternoon 12-18,
 * evening 18-24, night and overnight 18-06, "around" 15 minutes to either side; a day or a month
 * without a year is the most recent one that has begun; an hour without a day is today's, or
 * yesterday's where today's has not come; weeks begin on Monday.
 */
#ifndef MW_ASK_TIMEX_H
#define MW_ASK_TIMEX_H

#include "ask/token.h"
#include "base/mwtime.h"

struct tx_env {
	mw_time now;
	int64_t zone; /* microseconds east of UTC that times without a zone mean */
};
enum tx_kind {
	TX_DAYS,  /* from..to: whole days and more */
	TX_CLOCK, /* tod_from..tod_to: hours of a day that is said elsewhere */
	TX_ABS,   /* from..to: instants */
};
struct tx_atom {
	enum tx_kind kind;
	mw_time from, to; /* MW_TIME_NONE: open */
	int64_t tod_from,
	        tod_to; /* microseconds of the day in UTC (may be under 0 or over 24 h); TX_OPEN */
	bool since;     /* open to the top even where a day is given: "since 16:00 yesterday" */
	bool assumed;   /* a reading was chosen */
	bool weak; /* a bare number or word that only counts where it is not something else: "2021",
	              "may" */
	size_t tok, n;
};
#define TX_OPEN INT64_MIN

/* The atom that begins at token i; longest reading. */
bool tx_atom_at(const struct toks *t, size_t i, const struct tx_env *env, struct tx_atom *out);
/* What they say together. False where there is none. */
bool tx_combine(const struct tx_atom *a, size_t n, const struct tx_env *env, mw_time *from,
                mw_time *to);
/* "5 minutes", "24h", "an hour", "minute": tokens taken, 0 where it is no duration. bare: a unit
 * alone counts as one. */
size_t tx_duration(const struct toks *t, size_t i, bool bare, int64_t *us);
/* A unit of time ("hour", "hourly", "5-minute"): tokens taken. us is 28 days for months, 365 days
 * for years. */
size_t tx_unit(const struct toks *t, size_t i, int64_t *us);
/* "3", "three", "a couple of" */
size_t tx_number(const struct toks *t, size_t i, int64_t *n);

#endif
