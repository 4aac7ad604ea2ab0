/*
 * The different tuples of values that rows have in several columns together: what a later step takes of an earlier one where the
 * values must come from one row. Values that differ in case only are one, as in a pivot on one column; the first way of writing is
 * kept. Copies what it keeps.
 */
#ifndef MW_PLAN_TUPLES_H
#define MW_PLAN_TUPLES_H

#include "base/limits.h"
#include "base/map.h"
#include "plan/group.h"

#define TUPLE_COLUMNS_MAX MW_PLAN_BY_MAX

struct tuples {
	size_t ncols; /* at most TUPLE_COLUMNS_MAX */
	struct arena arena;
	struct map seen;
	VEC(struct slice) values; /* ncols a tuple, in the order of the rows */
	bool cut;                 /* there were more than MW_PIVOT_TUPLES_MAX */
};
void tuples_release(struct tuples *t);
/* Each way to take one value of each column; none where a column is empty. cells: what the row has, a list a column. */
void tuples_row(struct tuples *t, const struct value_list *cells);
static inline size_t tuples_count(const struct tuples *t)
{
	return t->ncols ? t->values.n / t->ncols : 0;
}

#endif
