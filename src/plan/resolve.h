/*
 * Puts into a step what it takes from the steps before it: pivot values and step times. The
 * evaluator and run/ both go this way, each with its own memory of earlier rows.
 */
#ifndef MW_PLAN_RESOLVE_H
#define MW_PLAN_RESOLVE_H

#include "plan/plan.h"

struct resolve_from {
	void *ctx;
	/* Gives the different values of a column of an earlier step's rows, in row order, to add;
	 * at most MW_PIVOT_VALUES_MAX. */
	void (*values)(void *ctx, int step, const char *column, void (*add)(void *, struct slice),
	               void *add_ctx);
	/* The different tuples of several columns, each from one row; at most MW_PIVOT_TUPLES_MAX. */
	void (*tuples)(void *ctx, int step, const char *const *columns, size_t n,
	               void (*add)(void *, const struct slice *tuple), void *add_ctx);
	/* Earliest and latest event time of an earlier step's rows; MW_TIME_NONE where there is
	 * none. */
	void (*times)(void *ctx, int step, mw_time *first, mw_time *last);
};
/* Makes p's step i self-contained, in place (give it a clone). False where it can have no rows,
 * because a bound of its window hangs on a step that found nothing. A pivot without values becomes
 * an empty ANY: false. */
bool plan_resolve(struct plan *p, size_t i, const struct resolve_from *from);
/* Whether step i takes anything from step j. */
bool plan_step_needs(const struct plan *p, size_t i, size_t j);

#endif
