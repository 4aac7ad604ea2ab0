/*
 * Correlation keys: what a finding's entities stand for, so that two vendors' names of one thing meet. An asset is its graph
 * node, whichever of its ids, names or addresses was written; a person or program is its name without domain; an address that
 * is ours or a scanner's links nothing.
 */
#ifndef MW_CORRELATE_KEYS_H
#define MW_CORRELATE_KEYS_H

#include "correlate/correlate.h"
#include "correlate/facts.h"

struct key {
	char *text; /* "instance web-07", "address 203.0.113.77": identity and the reason that is shown */
	int weight; /* how much sharing it says; KEY_LINK alone links two findings of the same hours */
	uint32_t node; /* what it is in the inventory; GRAPH_NONE */
	bool asset;    /* stays telling however many findings share it */
	bool alone; /* links by itself only: adds nothing to another shared key (a role, an account: many share them) */
};
#define KEY_LINK 30
struct keyset {
	VEC(struct key) v; /* no text twice */
};
void keys_of(const struct finding *f, const struct facts *facts, struct keyset *out);
void keyset_release(struct keyset *k);
/* Splits "field=value". */
bool entity_split(const char *entity, struct slice *field, struct slice *value);

#endif
