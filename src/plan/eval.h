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
	/* Calls fn for each value of the field, never for an empty one; raw paths are looked up in the raw record (eval_raw_values
	 * does it). Stops when fn returns false. Values hold for the call. */
	void (*values)(void *ctx, const struct plan_field *f, bool (*fn)(void *, struct slice),
	               void *fn_ctx);
	mw_time time;
	struct slice raw;
};
void eval_view_of_event(struct eval_view *v, const struct event *ev); /* ctx is the event */
/* Values of a raw path in a raw JSON record, as plan.h defines them: exact path, else case-blind; null, empty and containers
 * are none. reader may be NULL. */
struct ev_reader;
void eval_raw_values(struct ev_reader *reader, struct slice raw, const char *path,
                     bool (*fn)(void *, struct slice), void *ctx);

/* A where tree made ready: regex, CIDR and lists are compiled once. where NULL matches all. Keeps pointing into the tree.
 * Pivots must have been resolved (ERR_INVALID otherwise). For any number of events, by one thread. */
struct filter;
struct filter *filter_new(const struct plan_node *where, struct err *e);
void filter_free(struct filter *f);
bool filter_match(const struct filter *f, const struct eval_view *v);
/* The same for one event, compiling each time: tests and single rows. A where that does not compile matches nothing. */
bool plan_match(const struct plan_node *where, const struct eval_view *v);

/* One value against one operator with its values: the single definition of each operator. matcher_new compiles regex, CIDR
 * and case folding once; a matcher may be used for any number of values, by one thread. */
struct matcher;
struct matcher *matcher_new(const struct plan_node *cmp, struct err *e);
void matcher_free(struct matcher *m);
bool matcher_value(const struct matcher *m, struct slice value);
bool matcher_text(const struct matcher *m, struct slice raw); /* OP_TEXT over a raw record */
/* Values on which a regex ran out of MW_REGEX_MATCH_LIMIT and of memory for the slower method: taken as not matching, to be
 * reported. */
uint64_t matcher_gave_up(const struct matcher *m);
bool matcher_pair(enum plan_op op, struct slice a,
                  struct slice b); /* field against field: a OP b */
int matcher_check_regex(struct slice pattern,
                        struct err *e) MW_USE_RESULT; /* the RE2 subset, and that it compiles */
int matcher_check_cidr(struct slice block, struct err *e) MW_USE_RESULT;

/* Rows of a whole search step over events[0..n) already in memory. */
struct eval_row {
	const struct event *event; /* of an event row, else NULL */
	size_t index;              /* its place in events */
	struct slice *
	        cols; /* of a group row: output columns in order (plan_column), empty cells missing; in the arena */
};
struct eval_result {
	struct arena arena;
	VEC(struct eval_row) rows;
	size_t ncols; /* of each group row */
	bool limited; /* limit cut it: there was more */
};
void eval_result_release(struct eval_result *r);
/* Runs step i of the plan; earlier holds the results of the steps before it (for pivots and time references). */
int plan_eval_step(const struct plan *p, size_t i, const struct event *events, size_t n,
                   const struct eval_result *earlier, struct eval_result *out,
                   struct err *e) MW_USE_RESULT;

#endif
