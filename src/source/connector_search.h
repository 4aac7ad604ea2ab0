/*
 * The frame of one search of a connector: scope, rendering, rows to the sink, the limit, and how it ended. A connector brings only what
 * its platform does with the text: struct search in hand, search_row for each row that comes. Inside src/source.
 */
#ifndef MW_CONNECTOR_SEARCH_H
#define MW_CONNECTOR_SEARCH_H

#include "plan/render.h"
#include "source/connector_call.h"
#include "source/connector_row.h"

struct ev_reader;
struct search {
	const struct connector_env *env;
	const char *name; /* of the source */
	enum render_lang lang;
	struct plan *
	        p; /* a copy, in scope; limit is one over what was asked for, so that more can be told */
	size_t step;
	struct plan_search *s;
	struct rendered text;
	bool grouped; /* rows are groups that the platform has made */
	struct rower *rower;
	struct event ev;
	int64_t limit; /* rows to give at most, all texts together */
	const struct source_run *run;
	const struct source_sink *sink;
	struct source_done *done;
	int64_t left_out; /* rows that were out of scope */
	bool sink_failed, full;
};
/* Checks the scope, narrows, fills done. 0 with s ready to render. search_end in any case. */
int search_begin(struct search *s, const struct connector_env *env, enum render_lang lang,
                 const struct plan *p, size_t step, const struct source_run *run,
                 const struct source_sink *sink, struct source_done *done,
                 struct err *e) MW_USE_RESULT;
/* The same for a text of the connector's own (the events behind a finding): whole rows, at most limit of them (0: the default). Nothing is
 * rendered; done.sent is the caller's to set. */
int search_begin_events(struct search *s, const struct connector_env *env, enum render_lang lang,
                        int64_t limit, const struct row_conf *rows, const struct source_run *run,
                        const struct source_sink *sink, struct source_done *done,
                        struct err *e) MW_USE_RESULT;
/* The same for a step that asks the graph: rendered at once, s->text is what is to be sent; rows are search_json's. The step's conditions are
 * checked again by the caller (cnapp.h), so that what is given is exact. */
int search_begin_graph(struct search *s, const struct connector_env *env, enum render_lang lang,
                       const struct plan *p, size_t step, const struct source_run *run,
                       const struct source_sink *sink, struct source_done *done,
                       struct err *e) MW_USE_RESULT;
/* One row of a graph step, as store/graph.h shapes it. As search_row. */
int search_json(struct search *s, struct slice json, struct err *e);
/* Renders for a table and makes the rows' reader; again for the next table. Adds to done.sent. */
int search_render(struct search *s, const char *table, const struct row_conf *rows,
                  struct err *e) MW_USE_RESULT;
/* One row. 0 go on; 1 the limit is reached (done.limited is set): stop asking; -1. id: see rower_event. */
int search_row(struct search *s, struct slice row, struct slice id, struct err *e);
/* The same as a search_each_fn: the search is its ctx, and no id stands beside the row. */
int search_object(void *search, struct slice row, struct err *e);
void search_progress(const struct search *s, double share);
/* The platform gave only part: the first reason is kept. */
void search_partial(struct search *s, const char *fmt, ...) MW_PRINTF(2, 3);
/* rc of the connector's part: a fault after rows have come is a partial answer. Gives what search() returns. */
int search_end(struct search *s, int rc, struct err *e);

/* source_fit for a connector: what rendering for that table leaves to run/. tables: how many texts the step needs. */
unsigned search_fit(const struct connector_env *env, enum render_lang lang, const struct plan *p,
                    size_t step, const char *table, size_t tables);

/* Calls fn with each object of the array (or the object) at path ("results", "hits.hits") of a JSON body, byte for byte; 1 as soon as fn gives
 * it. reader: one to use again and again, or NULL. */
typedef int search_each_fn(void *ctx, struct slice object, struct err *e);
int search_each(struct ev_reader *reader, struct slice body, const char *path, search_each_fn *fn,
                void *ctx, struct err *e);

#endif
