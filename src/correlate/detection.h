/*
 * Detections: alert-like questions as data, one YAML file each in assets/detections/. A detection says which events (a where of
 * the plan language), how they are grouped, and when a group is worth a finding:
 *
 *   id: snapshot-shared
 *   title: "Snapshot shared with account {mw.shared_with}"  # {field}, {field|other}: the group's most frequent value, by its name where the
 *                                                          # inventory knows one
 *   severity: high                  # critical | high | medium | low | info
 *   confidence: 80                  # 0..100
 *   attack: [T1537]
 *   outside: true                   # a match is successful use from an outside address; the score counts it
 *   needs: [accounts]               # lists of correlate/facts.h that must not be empty, else the detection is not run
 *   datasets: [cloudtrail]
 *   where: {all: [...]}             # plan JSON; a list element "$accounts" stands for all values of that list
 *   sequence: {...}                 # plan JSON, instead of or beside where
 *   by: [actor.user.name]           # a finding a tuple of these; events without the first one are left out
 *   min: 20                         # events a group needs (default 1), within
 *   window: 1h                      # clock-aligned windows of this length; absent: the whole time
 *   distinct: {field: user.name, min: 10}   # different values that a window needs
 *   hours: {from: 20, to: 6}        # hour of day (UTC) of its events, from inclusive to exclusive
 *
 * Read-only after loading; strings live as long as the set.
 */
#ifndef MW_DETECTION_H
#define MW_DETECTION_H

#include "base/yaml.h"
#include "correlate/facts.h"
#include "model/incident.h"
#include "plan/plan.h"

#define DETECTION_BY_MAX 4
struct detection {
	const char *id, *title, *file;
	enum severity severity;
	int confidence;
	bool outside;
	const char *const *attack, *const *needs; /* NULL-terminated */
	field_id by[DETECTION_BY_MAX];
	size_t nby;
	int64_t min, window; /* window 0: none */
	field_id distinct;   /* FIELD_NONE: none */
	int64_t distinct_min;
	int hour_from, hour_to; /* equal: any hour */
	const struct yaml_node *root;
};
struct detections {
	VEC(struct yaml_doc *) docs;
	VEC(struct detection) v;
};
/* All that are compiled in. */
int detections_load(struct detections *d, struct err *e) MW_USE_RESULT;
/* One more; text must outlive nothing. */
int detections_add(struct detections *d, const char *name, struct slice yaml,
                   struct err *e) MW_USE_RESULT;
void detections_release(struct detections *d);
/* NULL with e untouched (code ERR_NONE) where a list that it needs is empty; NULL with e filled where it is wrong. */
struct plan *detection_plan(const struct detection *d, const struct facts *f, mw_time since,
                            struct err *e);

#endif
