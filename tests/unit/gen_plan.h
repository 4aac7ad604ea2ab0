/*
 * Random valid plans and random events with hostile values, by seed: for properties of plan/, and
 * to test executors against the reference evaluator. Plans and events draw from the same pools, so
 * that they meet. Tests only.
 */
#ifndef MW_TESTS_GEN_PLAN_H
#define MW_TESTS_GEN_PLAN_H

#include "model/event.h"
#include "plan/plan.h"

struct gen {
	uint64_t state;
	unsigned nevents; /* made so far: uid, file and line of an event tell it */
	bool graphs;      /* plans may have graph steps */
	bool no_steps;    /* one step only, without pivots and step times */
	/* Where set: fields and scopes to draw from (npool, nscopes > 0), and no pseudo-field but time. */
	const struct field *const *pool;
	const char *const *scopes;
	size_t npool, nscopes;
};
void gen_init(struct gen *g, uint64_t seed);
uint64_t gen_rand(struct gen *g);
unsigned gen_below(struct gen *g, unsigned n);
bool gen_chance(struct gen *g, unsigned percent);

/* All slices in the arena. Different events differ in raw and uid. */
void gen_event(struct gen *g, struct arena *a, struct event *out);
struct event *gen_events(struct gen *g, struct arena *a, size_t n);
void gen_events_release(struct event *ev, size_t n);
struct slice gen_value(struct gen *g, enum field_type t);
const struct field *gen_field(struct gen *g); /* one of a few, of every type */

/* Valid by construction; fails the test otherwise. */
struct plan *gen_plan(struct gen *g);
struct plan_node *gen_node(struct gen *g, struct plan *p, int depth);
void gen_fail(const char *what,
              const struct plan *p); /* prints the plan's JSON and ends the test */

#endif
