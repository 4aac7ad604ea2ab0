/*
 * The lake worker's own state, shared by the files work_lake*.c. One process, one thread.
 */
#ifndef MW_WORK_LAKE_H
#define MW_WORK_LAKE_H

#include "ask/ask.h"
#include "ask/recipe.h"
#include "investigate/attack.h"
#include "investigate/timeline.h"
#include "run/run.h"
#include "serve/remote.h"
#include "serve/work.h"
#include "store/cover.h"
#include "store/graph.h"

struct lake_state {
	struct lake *lake;
	struct graph *graph;
	struct catalog *catalog;
	struct lexicon *lexicon;
	struct recipes *recipes;
	struct prompts *prompts;
	struct attack_rules *attack;
	struct source **sources; /* lake, graph, then the configured ones */
	size_t nsources;
	struct remotes *remotes;
	struct cluster *cluster; /* the store of events in place of the lake; NULL: there is none */
	struct timeline *timeline; /* of the plan last shown, so that paging and filtering do not
	                              run it again */
	char *timeline_plan;
};
int lake_state_open(struct worker *w, const cJSON *config, struct err *e);
void lake_state_close(struct worker *w);
/* work_cluster.c: what the cluster holds, read from it and kept; looked after at most every second. Where it cannot be asked, what was known
 * stays. */
struct cluster;
struct cluster *cluster_new(struct worker *w, const char *source);
void cluster_free(struct cluster *c);
/* Makes *catalog today's, where that has changed; true then. */
bool cluster_refresh(struct cluster *c, struct catalog **catalog);
/* -1 with why where nothing is known of it yet. */
int cluster_known(const struct cluster *c, struct err *e) MW_USE_RESULT;
void cluster_status(const struct cluster *c,
                    cJSON *status); /* of lake.status: its events in place of the lake's */
/* The lake that cover is proved from: NULL where events are in a cluster, whose catalogue says what arrived. */
struct lake *lake_of_events(const struct lake_state *s);
/* Moves to the newest snapshot; drops what hangs on the old one. */
int lake_state_refresh(struct lake_state *s, struct err *e);
void lake_env(struct worker *w, struct run_env *env, mw_time now);
mw_time work_now(const cJSON *params);
int event_id_parse(const char *text, event_id *id, struct err *e);
/* A record of the lake, or one that a source gave; *source is its name. */
int work_event(struct lake_state *s, event_id id, struct arena *a, struct event *out,
               const char **source, struct err *e) MW_USE_RESULT;
/* Runs the plan, streams rows and steps, composes the answer. named may be NULL. */
int work_run(struct worker *w, const struct plan *p, const char *const *named, size_t nnamed,
             mw_time now, cJSON **answer, struct err *e);

/* Makes the state's timeline that of the plan or incident in params' ctx; keeps it where it is that
 * already. */
int work_timeline_for(struct worker *w, const cJSON *params, struct err *e);
int work_timeline_of(struct worker *w, const cJSON *incident, mw_time now, struct err *e);
/* The saved document of params' ctx (doc, origin, pinned, incident or shift), each fact checked again, as Markdown that may leave. */
mw_time work_checked_at(const cJSON *params); /* of report.export */
int work_document(struct worker *w, const cJSON *params, struct buf *md, struct err *e);
int64_t work_times_seen(void *catalog, struct slice what); /* timeline_count_fn */
/* Everything that names an entity of the incident, an hour around its findings. */
struct plan *work_incident_plan(const cJSON *incident, struct err *e);

worker_fn work_ask, work_plan_run, work_recipe_run, work_plan_check, work_plan_text,
        work_plan_sigma, work_recipe_list, work_pivot_menu;
worker_fn work_evidence_get, work_evidence_find, work_timeline, work_export, work_graph_node,
        work_cover_table, work_cover_get, work_incident;
worker_fn work_playbook, work_report_draft;

#endif
