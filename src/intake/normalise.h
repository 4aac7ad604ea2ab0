/*
 * One JSON record at a time, from wherever it came (a SIEM's copy of a log), read as an importer would read it. One thread each.
 */
#ifndef MW_NORMALISE_H
#define MW_NORMALISE_H

#include "base/err.h"
#include "model/event.h"

struct normaliser;
struct normaliser *
normaliser_new(mw_time now); /* now: for times without a year. fields_load must have run */
void normaliser_free(struct normaliser *n);
/* Fills dataset, uid, time, arrival and vals; slices hold until the next call. -1 where no format claims the record; ctx is the
 * normaliser. */
int normalise_record(void *ctx, struct slice raw, struct event *ev);

#endif
