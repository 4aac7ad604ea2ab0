/*
 * Numbers, times and the order of values as plans mean them: pure functions over text, shared by
 * the evaluator, the lake's executor and whatever merges rows. Any thread.
 *
 * A number is the whole text -?digits[.digits][(e|E)[+-]digits]. Comparison is exact at any length:
 * nothing is rounded. The order of values: numbers, then times (RFC 3339), then other text; numbers
 * by value, times by instant, text by bytes; equal numbers or times written differently by bytes,
 * so that the order is total. Missing (empty) values are the caller's business.
 */
#ifndef MW_PLAN_NUMBER_H
#define MW_PLAN_NUMBER_H

#include "base/mem.h"
#include "base/map.h"
#include "base/mwtime.h"
#include "plan/plan.h"

bool num_is(struct slice s);
/* -1, 0, 1. Both must be numbers. */
int num_cmp(struct slice a, struct slice b);
/* As the operators lt, le, gt, ge see two values: false where they are not both numbers or both
 * times. */
bool value_order(struct slice a, struct slice b, int *cmp);
int value_cmp(struct slice a, struct slice b); /* the total order above */

void slice_fold(char *to, struct slice v); /* ASCII lower case, v.n bytes */

/* One cell of stats being made. Add each value of the field (for FN_COUNT, FN_FIRST, FN_LAST:
 * stat_add_event once an event). Merging accumulators of parts of the events gives the same as one
 * over all. */
struct stat {
	enum plan_fn fn;
	uint64_t n;      /* events or values */
	__int128 fixed;  /* FN_SUM, FN_AVG: exact sum, in units of 10^-9 */
	double rest;     /* sum of what does not fit there */
	bool inexact;    /* rest is used */
	mw_time time;    /* FN_FIRST, FN_LAST */
	struct buf best; /* FN_MIN, FN_MAX */
	struct map seen; /* FN_DISTINCT */
};
void stat_init(struct stat *s, enum plan_fn fn);
void stat_release(struct stat *s);
void stat_add_event(struct stat *s, mw_time t);
void stat_add_value(struct stat *s, struct slice v);
void stat_merge(struct stat *to, const struct stat *from);
/* The cell's text: "" where there is no value. In the arena. */
struct slice stat_text(const struct stat *s, struct arena *a);
/* The start of the bucket of `span` that t falls in. */
mw_time span_bucket(mw_time t, int64_t span);

#endif
