/*
 * Suppression: rules that hide incidents from the queue, each with an owner, a reason and an end. Hidden is not closed: the
 * incident is counted, listed on demand, and scored as before.
 *
 * A rule's match holds at least one of these; all that it holds must fit every finding of an incident, so that anything
 * unlike the rest breaks through:
 *   rule      the finding's rule name; a * at the end takes all that begin so
 *   title     the finding's title, likewise
 *   dataset   "guardduty", "detection"; a family takes what is below it
 *   entity    "field=value", or a list of which any fits; a * at the end likewise
 *   severity  the worst that it may hide (a word or letter); "medium" where it is not said
 */
#ifndef MW_SUPPRESS_H
#define MW_SUPPRESS_H

#include "correlate/correlate.h"

/* Is this match one that can be used? Unknown members and empty ones are refused, with what to write instead. */
int suppress_check(const cJSON *match, struct err *e) MW_USE_RESULT;
bool suppress_matches(const cJSON *match, const struct incident *i);
/* Marks each incident that a rule ({id, match, owner, reason, until}) hides at `now`. Rules that do not pass suppress_check
 * hide nothing and are logged. */
void suppress_apply(struct incident_list *l, const cJSON *rules, mw_time now);

#endif
