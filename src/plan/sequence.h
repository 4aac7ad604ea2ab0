/*
 * Joins the hits of a sequence's stages (plan.h says what a chain is): used by the evaluator, and
 * by whatever fetched the stages from a source that has no sequences. Time and memory are linear in
 * the hits, apart from one sort. One thread.
 */
#ifndef MW_PLAN_SEQUENCE_H
#define MW_PLAN_SEQUENCE_H

#include "plan/plan.h"

struct sequence_join;
struct sequence_join *sequence_new(const struct plan_sequence *q); /* keeps pointing at q */
void sequence_free(struct sequence_join *j);
/* `event` (the caller's dense number) matched this stage with this value of its `by` field; without
 * `by` the value is ignored. Call once for each value. Events without a time, or without a value,
 * are left out by the caller. */
void sequence_add(struct sequence_join *j, size_t stage, size_t event, mw_time t,
                  struct slice value);
/* keep[0..events) is set for the events that are rows. */
void sequence_finish(struct sequence_join *j, bool *keep, size_t events);

#endif
