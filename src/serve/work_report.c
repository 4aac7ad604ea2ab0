/* Playbooks and drafts of a case, made in the lake worker since they read the lake and the graph.
 */
#include "act/playbook.h"
#include "investigate/card.h"
#include "investigate/summary.h"
#include "report/report.h"
#include "serve/work_lake.h"

int work_playbook(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	const cJSON *ctx = json_get(params, "ctx"), *systems = json_arr(ctx, "systems");
	size_t n = (size_t)cJSON_GetArraySize(systems), i = 0;
	const char **names = xcalloc(n + 1, sizeof(*names));
	struct playbooks *p;
	(void)w;
	for (const cJSON *v = systems ? systems->child : NULL; v; v = v->next)
		names[i++] = cJSON_IsString(v) ? v->valuestring : "";
	if (!playbooks_load(&p, e)) {
		*result = playbook_for(p, json_obj(ctx, "incident"), json_str(ctx, "user", "?"),
		                       names, e);
		playbooks_free(p);
	}
	free(names);
	return *result ? 0 : -1;
}

/* ---- the three named sections ---- */

static cJSON *text_item(struct slice text)
{
	cJSON *o = cJSON_CreateObject();
	json_add_slice(o, "text", text);
	json_add_arr(o, "evidence");
	return o;
}

#define ASSETS_MAX 40

static cJSON *assets(struct graph *g, const cJSON *incident)
{
	const cJSON *entities = json_arr(incident, "entities");
	cJSON *list = cJSON_CreateArray();
	for (const cJSON *v = entities ? entities->child : NULL;
	     v && cJSON_GetArraySize(list) < ASSETS_MAX; v = v->next) {
		const char *eq = cJSON_IsString(v) ? strchr(v->valuestring, '=') : NULL;
		uint32_t node = eq ? graph_find(g, slice_of(eq + 1)) : GRAPH_NONE;
		struct buf b = BUF_INIT;
		const struct graph_edge *edges;
		if (node == GRAPH_NONE)
			continue;
		buf_printf(&b, "%s %s: %zu relations out, %zu in", graph_node_type(g, node),
		           graph_node_id(g, node), graph_out(g, node, &edges),
		           graph_in(g, node, &edges));
		cJSON_AddItemToArray(list, text_item((struct slice){b.s, b.len}));
		buf_release(&b);
	}
	return list;
}

static int add_to_summary(void *ctx, size_t step, const struct source_row *r, struct err *e)
{
	struct described d;
	(void)step;
	(void)e;
	if (!r->event)
		return 0;
	describe_event(r->event, &d);
	summary_add(ctx, r->event, r->id, &d);
	return 0;
}

static const char *const identity_sets[] = {"cloudtrail",       "azure", "okta", "m365", "k8s",
                                            "windows.security", NULL};
static const char *const flow_sets[] = {"vpcflow", "zeek", "route53dns", NULL};

static void limit_to(struct plan *p, const char *const *sets)
{
	struct plan_search *q = &p->steps[0].search;
	size_t n = 0;
	while (sets[n])
		n++;
	q->datasets = arena_zalloc(&p->arena, n * sizeof(*q->datasets));
	for (q->ndatasets = 0; q->ndatasets < n; q->ndatasets++)
		q->datasets[q->ndatasets] = arena_strdup(&p->arena, sets[q->ndatasets]);
}

/* Sentences over what these datasets hold of the case. */
static cJSON *section(struct worker *w, const cJSON *incident, const char *const *sets, mw_time now,
                      struct err *e)
{
	struct summary *s = summary_new();
	struct run_sink sink = {s, add_to_summary, NULL};
	struct run_result run = {0};
	struct run_env env;
	struct plan *p = work_incident_plan(incident, e);
	cJSON *list = NULL;
	lake_env(w, &env, now);
	if (p)
		limit_to(p, sets);
	if (p && !plan_validate(p, e) && !run_plan(p, &env, &sink, &run, e))
		list = summary_json(s);
	run_result_release(&run);
	plan_free(p);
	summary_free(s);
	return list;
}

/* ---- drafts ---- */

static int draft_incident(struct worker *w, const cJSON *params, struct buf *md, struct err *e)
{
	struct lake_state *s = worker_state(w);
	const cJSON *ctx = json_get(params, "ctx"), *incident = json_obj(ctx, "incident");
	struct run_env env;
	struct card_env c = {&env, s->recipes, incident, json_arr(ctx, "open")};
	struct err ignored;
	cJSON *card, *a, *identity, *flows;
	mw_time now = work_now(params);
	lake_env(w, &env, now);
	card = card_json(&c, e);
	if (!card)
		return -1;
	if (!work_timeline_for(w, params, &ignored))
		timeline_build(s->timeline, NULL, work_times_seen, s->catalog);
	a = assets(s->graph, incident);
	identity = section(w, incident, identity_sets, now, &ignored);
	flows = section(w, incident, flow_sets, now, &ignored);
	struct report_in in = {card, s->timeline, a, identity, flows, json_str(ctx, "user", "?"),
	                       now};
	report_incident(&in, md);
	cJSON_Delete(a);
	cJSON_Delete(identity);
	cJSON_Delete(flows);
	cJSON_Delete(card);
	return 0;
}

static void draft_handoff(const cJSON *params, struct buf *md)
{
	const cJSON *ctx = json_get(params, "ctx");
	const char *since = json_str(params, "since", NULL);
	struct handoff_in in = {
	        .incidents = json_arr(ctx, "open"),
	        .watches = json_arr(ctx, "watches"),
	        .sources = json_arr(ctx, "blind"),
	        .suppressed = json_arr(ctx, "suppressed"),
	        .author = json_str(ctx, "user", "?"),
	        .now = work_now(params),
	};
	if (!since || !mw_time_parse(slice_of(since), &in.since))
		in.since = in.now - 12 * MW_HOUR;
	report_handoff(&in, md);
}

int work_report_draft(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	const char *kind = json_str(params, "kind", "incident");
	struct buf md = BUF_INIT;
	int rc = 0;
	if (lake_state_refresh(worker_state(w), e))
		return -1;
	if (!strcmp(kind, "incident"))
		rc = draft_incident(w, params, &md, e);
	else if (!strcmp(kind, "handoff"))
		draft_handoff(params, &md);
	else
		rc = err_set(e, ERR_INVALID,
		             "no draft of kind \"%s\": there are incident and handoff", kind);
	if (!rc) {
		*result = cJSON_CreateObject();
		json_add_str(*result, "kind", kind);
		json_add_slice(*result, "markdown", (struct slice){md.s, md.len});
	}
	buf_release(&md);
	return rc;
}
