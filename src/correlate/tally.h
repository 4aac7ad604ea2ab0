/*
 * From the events that a detection matched to its findings: groups by its fields, window by window, and keeps what a finding
 * shows: span, records to cite, entities. Feed events in any order; the outcome depends only on the set.
 */
#ifndef MW_CORRELATE_TALLY_H
#define MW_CORRELATE_TALLY_H

#include "correlate/correlate.h"
#include "correlate/detection.h"
#include "model/event.h"

#define TALLY_EVIDENCE_MAX 16 /* records that a finding cites: its earliest */
#define TALLY_SPREAD_MAX 8 /* different values of one field; with more, none of them is an entity */
#define TALLY_VALUES_MAX 4 /* values of one field that a finding names: its most frequent */

struct tally;
struct tally *tally_new(const struct detection *d);
void tally_free(struct tally *g);
void tally_event(struct tally *g, const struct event *ev, event_id id);
void tally_findings(const struct tally *g, const struct facts *f, struct finding_list *out);

/* The fields whose values are entities of a finding, in order of weight; ends with FIELD_NONE. */
const field_id *entity_fields(void);
/* "field=value" */
char *entity_text(field_id field, struct slice value);

#endif
