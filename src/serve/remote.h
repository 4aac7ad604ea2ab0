/*
 * Configured sources as a worker that runs plans sees them: each a struct source whose steps the engine has that source's own worker
 * run (worker_call); rows are read from the spool as they come. Event rows are kept in found.db and get their evidence id there.
 * One thread. Several are asked at once: `start` begins a step in the background, `search` then takes what has come.
 */
#ifndef MW_REMOTE_H
#define MW_REMOTE_H

#include "proc/worker.h"
#include "source/source.h"
#include "store/found.h"

struct remotes;
/* sources: [{name, kind, delay, default}], may be NULL. lake: which of them is the store of events in place of the lake, as "lake" in every plan;
 * NULL: none. dir: where found.db is. */
int remotes_open(struct remotes **out, struct worker *w, const cJSON *sources, const char *lake,
                 const char *dir, struct err *e) MW_USE_RESULT;
struct source *remotes_lake(struct remotes *r); /* NULL: the embedded one is */
void remotes_close(struct remotes *r);
size_t remotes_count(const struct remotes *r);
struct source *remotes_at(struct remotes *r, size_t i); /* stays r's; its close does nothing */
struct found *remotes_found(struct remotes *r);         /* NULL where no source is configured */
/* While true, a step that was just answered is taken from what came then: a timeline or an export of an answer shall show its rows, and
 * shall not cost another search. */
void remotes_reuse(struct remotes *r, bool reuse);
/* Where a question is asked: source lists of its search steps ("lake,splunk-prod") and of its graph steps ("graph,wiz"). Malloc'd. */
struct picked {
	char *search, *graph;
	char *findings; /* only platforms that hold a graph are named: what they found came into the lake as these datasets, "finding.wiz,.."; NULL */
	bool named;
};
/* Sources that text names as whole words, by name or kind; the words, with "in", "on", "from" before them, are blanked in text. Where
 * none is named: the embedded one and every source that is to be asked by default. */
/* own: the lake holds something; where it does not, and others are there, it is not asked. */
void remotes_pick(const struct remotes *r, char *text, bool own, struct picked *out);
void picked_release(struct picked *p);
/* Sets the source of each step that has the embedded one. */
void picked_apply(const struct picked *p, struct plan *plan);

#endif
