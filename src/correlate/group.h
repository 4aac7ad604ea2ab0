/*
 * From the events that a detection matched to its findings: groups by its fields, window by window, and keeps what a finding
 * shows: span, records to cite, entities. Feed events in any order; the outcome depends only on the set.
 */
#ifndef MW_CORRELATE_GROUP_H
#define MW_CORRELATE_GROUP_H

#include "correlate/correlate.h"
#include "correlate/detection.h"
#include "model/event.h"

#define GROUP_EVIDENCE_MAX 16 /* records that a finding cites: its earliest */
#define GROUP_VALUES_MAX 4    /* values of one field that a finding names: its most frequent */

struct groups;
struct groups *group_set_new(const struct detection *d);
void group_set_free(struct groups *g);
void groups_event(struct groups *g, const struct event *ev, event_id id);
void groups_findings(const struct groups *g, const struct facts *f, struct finding_list *out);

/* The fields whose values are entities of a finding, in order of weight; ends with FIELD_NONE. */
const field_id *entity_fields(void);
/* "field=value" */
char *entity_text(field_id field, struct slice value);

#endif
