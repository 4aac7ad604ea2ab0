/*
 * Between correlate.c's steps: findings with their keys, and what the scorer needs of a cluster.
 */
#ifndef MW_CORRELATE_CLUSTER_H
#define MW_CORRELATE_CLUSTER_H

#include "correlate/keys.h"

/* A state (a weakness, a setting) lasts until it is mended; an event has its hours. */
bool finding_is_state(const struct finding *f);
/* The members' keys, in the order of incident.findings; fills score, parts, severity. */
void incident_score(struct incident *i, const struct keyset *const *keys, const struct facts *f);

#endif
