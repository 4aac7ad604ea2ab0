/*
 * Names ATT&CK techniques from events: rules of assets/attack/rules.yaml (ours), each a where tree of the plan language with a
 * weight. A technique's score is the weight of its best rule, raised a little by further events and by rarity of the act within
 * the batch, so that a single StopLogging beats four hundred Describe calls. Loaded once a process, then read-only.
 */
#ifndef MW_ATTACK_H
#define MW_ATTACK_H

#include "base/json.h"
#include "plan/eval.h"
#include "source/source.h"

struct attack_rules;
int attack_load(struct attack_rules **out, struct err *e) MW_USE_RESULT;
void attack_free(struct attack_rules *r);
const char *
attack_name(const char *id); /* "T1562.008" -> "Disable or Modify Cloud Logs"; NULL when unknown */

struct attack_tally;
struct attack_tally *attack_tally_new(const struct attack_rules *r);
void attack_tally_free(struct attack_tally *t);
void attack_tally_add(struct attack_tally *t, const struct event *ev, event_id id);
struct attack_found {
	const char *id, *name;
	double score;
	uint64_t events;
	event_id evidence; /* one event that shows it */
	const char *why;   /* the rule's sentence */
};
/* Best first, at most max. */
size_t attack_tally_top(const struct attack_tally *t, struct attack_found *out, size_t max);

#endif
