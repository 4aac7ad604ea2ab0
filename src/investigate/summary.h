/*
 * Sentences from templates, no model: what happened, who, from where, to what, when, how sure, what is missing. Each rests on
 * evidence ids and says nothing that those records do not hold. Fed event by event; memory is bounded by caps per tally.
 */
#ifndef MW_SUMMARY_H
#define MW_SUMMARY_H

#include "base/json.h"
#include "investigate/describe.h"

struct summary;
struct summary *summary_new(void);
void summary_free(struct summary *s);
void summary_add(struct summary *s, const struct event *ev, event_id id, const struct described *d);
/* [{"text","evidence":[ids],"status", ..}], in the order when/what/who/from/to/denied/failed, each judged by ground/. */
cJSON *summary_json(const struct summary *s);

#endif
