/*
 * What a step makes of its matching events: groups with stats, then having, sort, limit and ties.
 * Used by the evaluator, by an executor that has nothing faster, and to merge what parts of the
 * events gave. Values are copied. One thread.
 */
#ifndef MW_PLAN_GROUP_H
#define MW_PLAN_GROUP_H

#include "plan/eval.h"

struct groups;
struct groups *
groups_new(const struct plan_search *s); /* keeps pointing at s; plan_is_grouped(s) */
void groups_free(struct groups *g);
void groups_add(struct groups *g, const struct eval_view *v);
size_t groups_count(const struct groups *g);
/* Cells into rows of the result, unordered. A step without span and by has one row, also over
 * nothing. */
void groups_rows(struct groups *g, struct eval_result *out);

/* having, sort, limit, with_ties over group rows. */
int rows_finish_groups(const struct plan_search *s, struct eval_result *r,
                       struct err *e) MW_USE_RESULT;
/* The same for event rows, whose event is set: sort, limit, with_ties. */
int rows_finish_events(struct plan *p, const struct plan_search *s, struct eval_result *r,
                       struct err *e) MW_USE_RESULT;

/* The different values of a field of one event, in order, exact bytes; copied into the arena. */
struct value_list {
	VEC(struct slice) v;
};
struct value_collect {
	struct arena *a;
	struct value_list *out;
};
bool value_collect_add(void *collect, struct slice value); /* an empty one is no value */
void view_values(const struct eval_view *v, const struct plan_field *f, struct arena *a,
                 struct value_list *out);
/* Every combination of one value of each list (at most MW_PLAN_BY_MAX + 1 lists). Stops when fn
 * says no. */
void each_tuple(const struct value_list *lists, size_t n,
                bool (*fn)(void *, const struct slice *tuple, size_t n), void *ctx);
/* A tuple as one byte string, a key for a map: exact, or ASCII case-blind. Lengths keep ("ab","c")
 * apart from ("a","bc"). */
void tuple_key(struct buf *b, const struct slice *tuple, size_t n);
void tuple_key_folded(struct buf *b, const struct slice *tuple, size_t n);
/* Widens first..last by the times in a group row: its bucket, FN_FIRST and FN_LAST cells. */
void row_times(const struct plan_search *s, const struct slice *cols, mw_time *first,
               mw_time *last);
void times_widen(mw_time t, mw_time *first, mw_time *last);

#endif
