/* Playbooks and drafts of a case, made in the lake worker since they read the lake and the graph.
 */
#include "act/playbook.h"
#include "base/digest.h"
#include "base/map.h"
#include "investigate/card.h"
#include "investigate/summary.h"
#include "report/check.h"
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
	struct map seen = MAP_INIT;
	cJSON *list = cJSON_CreateArray();
	for (const cJSON *v = entities ? entities->child : NULL;
	     v && cJSON_GetArraySize(list) < ASSETS_MAX; v = v->next) {
		const char *eq = cJSON_IsString(v) ? strchr(v->valuestring, '=') : NULL;
		uint32_t node = eq ? graph_find(g, slice_of(eq + 1)) : GRAPH_NONE;
		struct buf b = BUF_INIT;
		const struct graph_edge *edges;
		bool added = false;
		if (node != GRAPH_NONE)
			map_put(&seen, &node, sizeof(node), &added);
		if (!added)
			continue;
		buf_printf(&b, "%s %s: %zu relations out, %zu in", graph_node_type(g, node),
		           graph_node_id(g, node), graph_out(g, node, &edges),
		           graph_in(g, node, &edges));
		cJSON_AddItemToArray(list, text_item((struct slice){b.s, b.len}));
		buf_release(&b);
	}
	map_release(&seen);
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

/* The playbook's next step that can be taken, {title, needs}; NULL: none fits. */
static cJSON *next_step(const struct playbooks *all, const cJSON *incident, const char *user)
{
	static const char *const systems[] = {NULL};
	struct err none;
	cJSON *book = playbook_for(all, incident, user, systems, &none), *o = NULL;
	const cJSON *step;

	cJSON_ArrayForEach(step, json_arr(book, "steps"))
	{
		if (strcmp(json_str(step, "state", ""), "ready") ||
		    json_str(step, "reason_off", NULL))
			continue;
		o = cJSON_CreateObject();
		json_add_str(o, "title", json_str(step, "title", "?"));
		json_add_str(o, "needs", json_str(step, "needs", "?"));
		break;
	}
	cJSON_Delete(book);
	return o;
}

struct drafting {
	const cJSON *ctx;
	const char *author;
	mw_time now;
};

static int draft_incident(struct worker *w, const struct drafting *d, struct buf *md, struct err *e)
{
	struct lake_state *s = worker_state(w);
	const cJSON *incident = json_obj(d->ctx, "incident");
	struct run_env env;
	struct card_env c = {&env, s->recipes, incident, json_arr(d->ctx, "open")};
	struct report_in in = {.stored = incident, .author = d->author, .now = d->now};
	struct playbooks *books;
	struct err ignored;
	cJSON *card, *a, *identity, *flows, *plan = NULL;

	lake_env(w, &env, d->now);
	in.incident = card = card_json(&c, e);
	if (!card)
		return -1;
	if (!work_timeline_of(w, incident, d->now, &ignored))
		timeline_build(s->timeline, NULL, work_times_seen, s->catalog);
	if (!playbooks_load(&books, &ignored)) {
		in.plan = plan = next_step(books, incident, d->author);
		playbooks_free(books);
	}
	in.timeline = s->timeline;
	in.assets = a = assets(s->graph, incident);
	in.identity = identity = section(w, incident, identity_sets, d->now, &ignored);
	in.flows = flows = section(w, incident, flow_sets, d->now, &ignored);
	report_incident(&in, md);
	cJSON_Delete(a);
	cJSON_Delete(identity);
	cJSON_Delete(flows);
	cJSON_Delete(plan);
	cJSON_Delete(card);
	return 0;
}

static cJSON *next_steps(const cJSON *incidents, const char *user)
{
	cJSON *o = cJSON_CreateObject();
	struct playbooks *books;
	const cJSON *i;
	struct err ignored;

	if (playbooks_load(&books, &ignored))
		return o;
	cJSON_ArrayForEach(i, incidents)
	{
		char id[32];
		cJSON *step = next_step(books, i, user);
		snprintf(id, sizeof(id), "INC-%lld", (long long)json_i64(i, "id", 0));
		if (step)
			cJSON_AddItemToObject(o, id, step);
	}
	playbooks_free(books);
	return o;
}

static void draft_handoff(struct worker *w, const struct drafting *d, struct buf *md)
{
	struct lake_state *s = worker_state(w);
	const cJSON *shift = json_obj(d->ctx, "shift");
	struct err ignored;
	cJSON *cover = cover_table(lake_of_events(s), s->graph, &ignored);
	cJSON *plans = next_steps(json_arr(shift, "incidents"), d->author);
	struct handoff_in in = {shift, plans, cover, d->author, d->now};

	report_handoff(&in, md);
	cJSON_Delete(cover);
	cJSON_Delete(plans);
}

static int draft(struct worker *w, const char *kind, const struct drafting *d, struct buf *md,
                 struct err *e)
{
	if (lake_state_refresh(worker_state(w), e))
		return -1;
	if (!strcmp(kind, "incident"))
		return draft_incident(w, d, md, e);
	if (strcmp(kind, "handoff"))
		return err_set(e, ERR_INVALID,
		               "no draft of kind \"%s\": there are incident and handoff", kind);
	draft_handoff(w, d, md);
	return 0;
}

/* ---- records that a draft cites ---- */

struct reader {
	struct lake_state *s;
	const cJSON *pinned; /* {id: {sha256, raw}} */
	cJSON *cover;        /* proofs that were read */
	struct arena arena;
	VEC(struct event *) events;
};

static void reader_release(struct reader *r)
{
	for (size_t i = 0; i < r->events.n; i++) {
		event_release(r->events.v[i]);
		free(r->events.v[i]);
	}
	vec_free(&r->events);
	arena_release(&r->arena);
	cJSON_Delete(r->cover);
}

static int read_pinned(const struct reader *r, const char *id, struct cited *out)
{
	const cJSON *p = json_obj(r->pinned, id);

	if (!p)
		return 0;
	*out = (struct cited){.time = MW_TIME_NONE, .pinned = true};
	snprintf(out->sha256, sizeof(out->sha256), "%s", json_str(p, "sha256", ""));
	out->raw = slice_of(json_str(p, "raw", ""));
	return 1;
}

static int read_cover(struct reader *r, const char *id, struct cited *out, struct err *e)
{
	cJSON *row = cover_find(lake_of_events(r->s), r->s->graph, id, e);

	if (!row)
		return e->code == ERR_NOT_FOUND ? 0 : -1;
	if (!r->cover)
		r->cover = cJSON_CreateArray();
	cJSON_AddItemToArray(r->cover, row);
	*out = (struct cited){.time = MW_TIME_NONE, .dataset = "log cover"};
	out->raw = slice_of(json_str(row, "why", ""));
	out->place = json_str(row, "why", NULL);
	return 1;
}

static const char *place_of(struct reader *r, const struct event *ev)
{
	struct buf b = BUF_INIT;
	const char *text;

	buf_add(&b, ev->basename.s, ev->basename.n);
	buf_printf(&b, ":%llu", (unsigned long long)ev->line);
	text = arena_strdup(&r->arena, b.s);
	buf_release(&b);
	return text;
}

static int read_record(void *ctx, const char *id, struct cited *out, struct err *e)
{
	struct reader *r = ctx;
	struct event *ev;
	const char *source;
	event_id n;
	uint8_t hash[32];

	if (id[0] == 'c')
		return read_cover(r, id, out, e);
	if (event_id_parse(id, &n, e))
		return 0;
	*vec_push(&r->events) = ev = xcalloc(1, sizeof(*ev));
	if (work_event(r->s, n, &r->arena, ev, &source, e))
		return e->code == ERR_NOT_FOUND ? read_pinned(r, id, out) : -1;
	*out = (struct cited){.time = ev->time,
	                      .dataset = ev->dataset,
	                      .place = place_of(r, ev),
	                      .raw = ev->raw,
	                      .event = ev,
	                      .number = n};
	digest_sha256(ev->raw.s, ev->raw.n, hash);
	digest_hex(hash, out->sha256);
	return 1;
}

/* The hashes of what the text cites, {id: sha256}: an export compares. */
static cJSON *hashes(struct worker *w, struct slice md)
{
	struct reader r = {.s = worker_state(w)};
	cJSON *ids = cJSON_CreateObject(), *o = cJSON_CreateObject();
	const cJSON *id;

	report_cites(md, ids);
	cJSON_ArrayForEach(id, ids)
	{
		struct cited c = {0};
		struct err ignored;
		if (read_record(&r, id->string, &c, &ignored) == 1 && c.sha256[0])
			json_add_str(o, id->string, c.sha256);
	}
	cJSON_Delete(ids);
	reader_release(&r);
	return o;
}

int work_report_draft(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	const char *kind = json_str(params, "kind", "incident");
	const cJSON *ctx = json_obj(params, "ctx");
	struct drafting d = {ctx, json_str(ctx, "user", "?"), work_now(params)};
	struct buf md = BUF_INIT;
	int rc = draft(w, kind, &d, &md, e);

	if (!rc) {
		struct slice text = {md.s, md.len};
		*result = cJSON_CreateObject();
		json_add_str(*result, "kind", kind);
		json_add_slice(*result, "markdown", text);
		cJSON_AddItemToObject(*result, "cites", hashes(w, text));
	}
	buf_release(&md);
	return rc;
}

/* ---- a saved document leaves ---- */

/* The same draft from today's data, as of the time and by the author of the first one; empty where that cannot be. */
static void draft_again(struct worker *w, const cJSON *ctx, const cJSON *origin, struct buf *md)
{
	const cJSON *params = json_obj(origin, "params");
	struct drafting d = {ctx, json_str(origin, "drafted_by", "?"), MW_TIME_NONE};
	struct err ignored;

	if (!mw_time_parse(slice_of(json_str(origin, "drafted_at", "")), &d.now) ||
	    draft(w, json_str(params, "kind", ""), &d, md, &ignored))
		buf_reset(md);
}

static char *head_of(const cJSON *doc, const cJSON *origin)
{
	return xasprintf("Document %lld, version %lld, drafted by %s at %s, this version by %s",
	                 (long long)json_i64(doc, "doc", 0), (long long)json_i64(doc, "version", 0),
	                 json_str(origin, "drafted_by", "?"), json_str(origin, "drafted_at", "?"),
	                 json_str(doc, "by", "?"));
}

int work_document(struct worker *w, const cJSON *params, struct buf *md, struct err *e)
{
	const cJSON *ctx = json_obj(params, "ctx"), *doc = json_obj(ctx, "doc"),
	            *origin = json_obj(ctx, "origin");
	struct reader r = {.s = worker_state(w), .pinned = json_obj(ctx, "pinned")};
	struct buf now = BUF_INIT;
	char *head = head_of(doc, origin);
	struct check_out out;
	int rc;

	draft_again(w, ctx, origin, &now);
	struct check_in in = {.text = slice_of(json_str(doc, "markdown", "")),
	                      .first = slice_of(json_str(origin, "first", "")),
	                      .now = {now.s, now.len},
	                      .cites = json_obj(origin, "cites"),
	                      .head = head,
	                      .author = json_str(doc, "by", "?"),
	                      .at = work_checked_at(params),
	                      .get = read_record,
	                      .ctx = &r};
	rc = report_check(&in, md, &out, e);
	reader_release(&r);
	buf_release(&now);
	free(head);
	return rc;
}
