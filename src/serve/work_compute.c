/* The compute worker: findings of the lake into incidents. Opens lake and graph to read; the engine stores what comes back. */
#include "correlate/suppress.h"
#include "proc/sandbox.h"
#include "serve/remote.h"
#include "serve/work.h"
#include "store/graph.h"
#include "store/lake.h"

struct compute_state {
	struct lake *lake;
	struct graph *graph;
	struct remotes *remotes; /* one of them may be where events are */
};

static int start(struct worker *w, const cJSON *config, struct err *e)
{
	struct compute_state *s = xcalloc(1, sizeof(*s));
	const char *dir = json_str(config, "state", ".");
	worker_set_state(w, s);
	return fields_load(e) || lake_open(&s->lake, dir, LAKE_READ, e) ||
	                       graph_open(&s->graph, dir, GRAPH_READ, e) ||
	                       remotes_open(&s->remotes, w, json_arr(config, "sources"),
	                                    json_str(config, "lake", NULL), dir, e)
	               ? -1
	               : 0;
}

static void stop(struct worker *w)
{
	struct compute_state *s = worker_state(w);
	if (!s)
		return;
	remotes_close(s->remotes);
	graph_close(s->graph);
	lake_close(s->lake);
	free(s);
}

#define PART 200 /* incidents in one message, which has a cap */

/* All but the last part goes ahead of the answer as notifications "incidents". */
static int send_parts(struct worker *w, const struct incident_list *list, cJSON **result,
                      struct err *e)
{
	cJSON *o = cJSON_CreateObject(), *a = json_add_arr(o, "incidents");
	for (size_t i = 0; i < list->v.n; i++) {
		if (i && i % PART == 0) {
			if (worker_notify(w, "incidents", o, e))
				return -1;
			o = cJSON_CreateObject();
			a = json_add_arr(o, "incidents");
		}
		cJSON_AddItemToArray(a, incident_to_json(&list->v.v[i]));
	}
	*result = o;
	return 0;
}

static int refresh(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct compute_state *s = worker_state(w);
	struct finding_list findings = {0};
	struct incident_list incidents = {0};
	bool changed;
	int rc;
	const cJSON *ctx = json_obj(params, "ctx");
	mw_time now;
	if (!mw_time_parse(slice_of(json_str(ctx, "now", "")), &now))
		now = mw_now();
	rc = lake_refresh(s->lake, &changed, e) || graph_refresh(s->graph, &changed, e) ||
	     correlate_collect(s->lake, remotes_lake(s->remotes), s->graph, MW_TIME_NONE, &findings,
	                       e) ||
	     correlate_cluster(&findings, s->graph, &incidents, e);
	if (!rc) {
		suppress_apply(&incidents, json_arr(json_obj(ctx, "suppressions"), "rules"), now);
		rc = send_parts(w, &incidents, result, e);
		if (!rc)
			json_add_i64(*result, "findings", (int64_t)findings.v.n);
	}
	finding_list_release(&findings);
	incident_list_release(&incidents);
	return rc ? -1 : 0;
}

static const struct worker_method methods_compute[] = {{"incident.refresh", refresh}, {NULL, NULL}};
const struct worker_kind work_compute = {
        .name = "compute",
        .methods = methods_compute,
        .start = start,
        .stop = stop,
        .sandbox = SB_FILES,
        .max = 1,
};
