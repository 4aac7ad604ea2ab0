/*
 * The reference evaluator: what a plan means, over events in memory, written to be read rather than fast. Executors are
 * tested against it; the post-filter of widened plans uses plan_match. Blocking, any process.
 */
#ifndef MW_EVAL_H
#define MW_EVAL_H

#include "model/event.h"
#include "plan/plan.h"

/* One event as an operator sees it. The lake's executor and the tests both provide it. */
struct eval_view {
	void *ctx;
	/* Calls fn for each value of the field; raw paths are looked up in the raw record. Stops when fn returns false. */
	void (*values)(void *ctx, const struct plan_field *f, bool (*fn)(void *, struct slice), void *fn_ctx);
	mw_time time;
	struct slice raw;
};
bool plan_match(const struct plan_node *where, const struct eval_view *v);
void eval_view_of_event(struct eval_view *v, const struct event *ev); /* ctx is the event */

/* One value against one operator with its values: the single definition of each operator. matcher_new compiles regex, CIDR
 * and case folding once; a matcher may be used for any number of values, by one thread. */
struct matcher;
struct matcher *matcher_new(const struct plan_node *cmp, struct err *e);
void matcher_free(struct matcher *m);
bool matcher_value(const struct matcher *m, struct slice value);
bool matcher_text(const struct matcher *m, struct slice raw); /* OP_TEXT over a raw record */

/* Rows of a whole search step over events[0..n) already in memory. */
struct eval_row {
	const struct event *event;  /* SHOW_EVENTS */
	size_t index;               /* its place in events */
	VEC(struct slice) cols;     /* stats: time bucket, by fields, then stats in order; in the result's arena */
};
struct eval_result {
	struct arena arena;
	VEC(struct eval_row) rows;
};
void eval_result_release(struct eval_result *r);
/* Runs step `i` of the plan; earlier holds the results of the steps before it (for pivots and time references). */
int plan_eval_step(const struct plan *p, size_t i, const struct event *events, size_t n,
                   const struct eval_result *earlier, struct eval_result *out, struct err *e) MW_USE_RESULT;

#endif
