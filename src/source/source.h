/*
 * Where answers come from: the one interface of every source. A source runs one step of a plan and pushes rows into a sink
 * as they come. Blocking; runs in a worker. An instance belongs to one thread.
 */
#ifndef MW_SOURCE_H
#define MW_SOURCE_H

#include "base/err.h"
#include "model/event.h"
#include "plan/plan.h"

struct source_row {
	const char *source; /* the source's configured name: "lake" */
	/* an event row: */
	const struct event *
	        event; /* NULL in a row of stats or graph. vals may hold only the fields asked for in run.fields */
	event_id
	        id; /* EVENT_ID_NONE where the source has no id of its own: then event->uid names it */
	/* a stats row: output columns in order (time bucket, by fields, stats): */
	const struct slice *cols;
	size_t ncols;
	/* a graph row: one JSON object, node or path: see store/graph.h */
	struct slice json;
};
struct source_sink {
	void *ctx;
	/* All of the row is borrowed for the call. Returns -1 with e filled to stop (a cap, a broken pipe). */
	int (*row)(void *ctx, const struct source_row *r, struct err *e);
	/* Now and then: rows so far, share done in 0..1 (negative: unknown). */
	void (*progress)(void *ctx, uint64_t rows, double share);
};
/* What one run may cost, and how it is stopped. */
struct source_run {
	int64_t deadline_us; /* mw_mono_us() at which to stop with ERR_DEADLINE; rows already pushed are kept */
	const volatile bool *
	        cancelled; /* set by the worker's signal or socket reader: stop with ERR_CANCELLED within 50 ms */
	bool need_raw; /* event rows carry raw */
	bool passing; /* rows are only counted: nobody will open one, so a source outside need not keep them */
	bool need_vals; /* event rows carry all vals; otherwise only id, time, dataset, uid */
};
/* How a run ended, besides 0 or -1. */
struct source_done {
	uint64_t rows;
	uint64_t scanned; /* events looked at */
	bool limited;     /* the plan's limit cut it: there is more */
	bool partial;     /* deadline, cancel or a fault after rows had come: `why` says it */
	bool inexact;     /* the source could not express all of it: run/ filtered afterwards */
	char why[256];
	mw_time complete_to; /* the source is complete up to here, as far as known; MW_TIME_NONE unknown */
	char fields
	        [256]; /* what the source's own catalogue said of the fields, "" where it was not asked */
	char *sent; /* the text or program as it was sent, for the screen; free() */
};
struct source;
/* What of a step a source does itself, exactly. What it cannot, run/ does over the events that it fetches for it. */
enum source_fit {
	FIT_WHERE = 1, /* else: `where` may be widened, done.inexact says so, and run/ filters */
	FIT_ROWS = 2,  /* stats, by, span, having, sort, limit, with_ties */
	FIT_SEQUENCE = 4,
	FIT_BASELINE = 8,
	FIT_ALL = 15,
};
struct source_ops {
	const char *kind; /* "lake", "graph", "splunk" */
	/* Runs step i; pivots and step times have been resolved to values by run/ before. */
	int (*search)(struct source *s, const struct plan *p, size_t i,
	              const struct source_run *run, const struct source_sink *sink,
	              struct source_done *done, struct err *e);
	void (*close)(struct source *s);
	/* source_fit bits for this step. NULL: all, always. */
	unsigned (*fit)(struct source *s, const struct plan *p, size_t i);
	/* Begins the step in the background, so that several sources work at once; a search of the same step then takes what has come.
	 * NULL: the source has no background. */
	void (*start)(struct source *s, const struct plan *p, size_t i,
	              const struct source_run *run);
};
struct source {
	const struct source_ops *ops;
	const char *name;
};
/* The embedded ones. The lake (or graph) stays the caller's. */
struct lake;
struct graph;
struct source *source_lake_open(struct lake *l, const char *name);
/* l may be NULL: then edges cannot be marked with their use (plan_graph.with_use gives "unknown"). */
struct source *source_graph_open(struct graph *g, struct lake *l, const char *name);

#endif
