/*
 * What arrived in the lake, as cover needs it: per class, account, region and resource the span, the delay and the holes.
 * One pass over the segments, kept until the lake moves. Not for others.
 */
#ifndef MW_COVER_SEEN_H
#define MW_COVER_SEEN_H

#include "base/map.h"
#include "store/cover.h"
#include "store/lake_int.h"

#define SEEN_SAMPLES 512 /* delays kept, spread over all events */
struct hole {
	mw_time from, to;
};
struct seen {
	enum cover_class cls;
	char dataset[SEG_NAME_MAX];
	const char *account, *region, *resource; /* "" where the events do not say */
	uint64_t events;
	mw_time from, to, newest; /* event times; newest arrival, MW_TIME_NONE where none has one */
	int64_t delays[SEEN_SAMPLES];
	size_t ndelays;
	uint64_t with_arrival;
	int64_t *hours; /* hours since 1970 that have events, unsorted, each about once */
	size_t nhours, hours_cap;
};
struct seen_all {
	struct arena arena;
	VEC(struct seen) v;
	struct map index; /* class, dataset, account, region and resource -> place in v */
};
int seen_read(struct seen_all *out, struct lake *l, struct err *e) MW_USE_RESULT;
/* What arrived of that, empty where it is new; until the next call. */
struct seen *seen_of(struct seen_all *all, enum cover_class cls, const char *dataset,
                     struct slice account, struct slice region, struct slice resource);
void seen_release(struct seen_all *s);
int64_t seen_delay(const struct seen *s,
                   int percent); /* of the samples, microseconds; -1 unknown */
/* Spans without any event, far longer than such events are apart: at most max, oldest first. Sorts hours. */
size_t seen_holes(struct seen *s, struct hole *out, size_t max);

#endif
