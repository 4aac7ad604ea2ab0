/*
 * The single questions of a proof of emptiness: how many events are in a scope, does a value occur, which datasets carry a
 * field. Each is written down with what it asked and found. Inside run/.
 */
#ifndef MW_RUN_PROBE_H
#define MW_RUN_PROBE_H

#include "base/map.h"
#include "run/run.h"

struct prover {
	const struct plan *p;
	const struct run_env *env;
	const char *const *named; /* values of the question; NULL: those of the plan */
	size_t nnamed;
	size_t step; /* the one that is empty */
	const struct plan_search *s;
	struct empty_proof *out;
	struct map exist; /* value -> whether it was seen */
	struct err *e;
};
/* Takes `what` and `found`, from xasprintf. */
void probe_note(struct prover *v, bool ok, char *what, char *found);

/* The plan up to the empty step, which only counts its events; edit its where, window and datasets, then count. */
struct plan *probe_plan(const struct prover *v);
int probe_count(struct prover *v, const struct plan *probe, uint64_t *n) MW_USE_RESULT;

/* The event time nearest to `at` in the step's datasets: the last one before it, or the first one not before it. MW_TIME_NONE: none. */
int probe_nearest(struct prover *v, mw_time at, bool before, mw_time *t) MW_USE_RESULT;
/* Events, and their span, of the datasets in the scope of the step. */
uint64_t probe_events(const struct prover *v, mw_time *from, mw_time *to);
/* Events in scope that carry the field; 0 means that none does, anything else that one may. */
uint64_t probe_field(const struct prover *v, const struct plan_field *f);
/* Names of datasets outside the scope that carry it, "a, b"; empty where none does. */
void probe_field_elsewhere(const struct prover *v, const struct plan_field *f, struct buf *b);
/* Whether the comparison's value i occurs anywhere in what was imported. Writes itself down. -1 on an error. */
int probe_value(struct prover *v, const struct plan_node *cmp, size_t i,
                bool *exists) MW_USE_RESULT;

/* The value stands in the text as a word of its own, not as part of a longer one. */
bool probe_stands_alone(struct slice text, struct slice v);

/* "from 2021-07-30T16:00:00Z to ..." of absolute bounds; "at any time". */
void say_window(const struct plan_search *s, struct buf *b);
void say_field(const struct plan_field *f, struct buf *b);
void say_time_span(mw_time from, mw_time to, struct buf *b);

#endif
