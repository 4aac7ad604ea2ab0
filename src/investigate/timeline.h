/*
 * Timeline: events of any number of sources and steps, merged, de-duplicated by identity, ordered by event time (ties by arrival
 * of the row; order within one second across datasets is marked uncertain), bursts folded into one row, the first and last of
 * each actor and rare acts marked. Blocking, one thread; copies what it keeps.
 */
#ifndef MW_TIMELINE_H
#define MW_TIMELINE_H

#include "base/json.h"
#include "source/source.h"

struct timeline;
#define TIMELINE_EVENTS_MAX \
	1000000 /* more: timeline_add says ERR_LIMIT, and the page says that it is cut */
struct timeline *timeline_new(void);
void timeline_free(struct timeline *t);
int timeline_add(struct timeline *t, const struct source_row *row, struct err *e) MW_USE_RESULT;
/* A time in which a source was silent or down: a row of the timeline like any event. */
void timeline_gap(struct timeline *t, mw_time from, mw_time to, const char *text);
/* How many events of the whole lake do this act (for RARE); negative: unknown. */
typedef int64_t timeline_count_fn(void *ctx, struct slice what);
/* Sorts, folds and marks. May be called again after more events. filter (case-blind words, all must occur in the line; "-word"
 * excludes; NULL none) decides which rows there are. */
void timeline_build(struct timeline *t, const char *filter, timeline_count_fn *count, void *ctx);
/* Page of rows as the protocol's timeline.get. */
cJSON *timeline_page(const struct timeline *t, size_t offset, size_t limit);
enum timeline_format { TL_MARKDOWN, TL_CSV, TL_JSON, TL_HTML };
/* most > 0: only so many rows, the telling ones (gaps, denied, rare, first and last of an actor, large bursts), still in order. */
void timeline_export(const struct timeline *t, enum timeline_format f, bool defang, size_t most,
                     struct buf *out);

struct timeline_row { /* for callers that need rows themselves (summary, report); borrowed until the next build */
	mw_time time, to;
	const char *dataset, *source;
	struct slice actor, what, target, from, outcome;
	size_t count;
	event_id first_id, last_id;
	struct slice uid;
	bool denied, failed, first, last, rare, uncertain, gap;
};
size_t timeline_rows(const struct timeline *t, const struct timeline_row **rows);
size_t timeline_events(const struct timeline *t);

#endif
