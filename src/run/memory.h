/*
 * What a run remembers of a step's rows for the steps behind it: the columns that they pivot on, first and last time. Nothing
 * is kept of a step that no other one needs. Inside run/.
 */
#ifndef MW_RUN_MEMORY_H
#define MW_RUN_MEMORY_H

#include "base/map.h"
#include "plan/resolve.h"
#include "plan/tuples.h"
#include "source/source.h"

struct memory_column {
	const char *name; /* in the plan */
	struct plan_field field;
	int col;         /* of a grouped step, else -1 */
	struct map seen; /* folded value */
	VEC(struct slice) values;
	bool cut; /* there were more than MW_PIVOT_VALUES_MAX */
};
struct memory_tuples { /* columns whose values a later step takes from one row */
	struct memory_column columns[TUPLE_COLUMNS_MAX]; /* without seen and values */
	struct tuples tuples;
};
struct memory_step {
	mw_time first, last;
	VEC(struct memory_column) columns;
	VEC(struct memory_tuples) tuples;
};
struct memory {
	const struct plan *p;
	struct plan scratch; /* holds copied values and fields */
	struct memory_step *steps;
};
void memory_init(struct memory *m, const struct plan *p);
void memory_release(struct memory *m);
void memory_row(struct memory *m, size_t step, const struct source_row *r);
/* What event rows of the step must carry for this. */
bool memory_wants_vals(const struct memory *m, size_t step);
bool memory_wants_raw(const struct memory *m, size_t step);
/* A pivot of step i was cut off. */
bool memory_cut(const struct memory *m, size_t i);
struct resolve_from memory_resolver(struct memory *m);

#endif
