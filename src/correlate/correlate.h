/*
 * Findings in, incidents out: pure functions over data, no side effects (routing of intents is serve/'s business). Runs in the
 * compute worker. Deterministic: the same findings give the same incidents, whatever their order.
 *
 * correlate_collect reads findings of the lake (vendor records of finding datasets) and runs the detections of
 * assets/detections/ (plan fragments) over it. correlate_cluster links findings by shared keys (instance, role session, access
 * key, address, bucket, user, host; rare keys count more than common ones, NAT and scanner addresses count nothing) within a
 * time distance, each link with its reason, and scores by visible arithmetic. correlate/suppress.h marks what a rule hides.
 */
#ifndef MW_CORRELATE_H
#define MW_CORRELATE_H

#include "model/incident.h"

struct lake;
struct graph;
struct finding_list {
	VEC(struct finding) v;
};
/* events: where the detections look, called "lake"; NULL: in l. Stays the caller's. */
struct source;
int correlate_collect(struct lake *l, struct source *events, struct graph *g, mw_time since,
                      struct finding_list *out, struct err *e) MW_USE_RESULT;
struct incident_list {
	VEC(struct incident) v;
};
/* graph may be NULL: then exposure, data class and owner count as unknown, and say so. */
int correlate_cluster(const struct finding_list *f, struct graph *g, struct incident_list *out,
                      struct err *e) MW_USE_RESULT;
void finding_list_release(struct finding_list *f);
void incident_list_release(struct incident_list *i);

#endif
