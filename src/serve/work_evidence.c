/* Records, timelines, graph nodes and cover: what the lake worker shows of single things. */
#include "base/base64.h"
#include "base/digest.h"
#include "base/limits.h"
#include "investigate/card.h"
#include "serve/work_lake.h"

static void add_fields(cJSON *o, const struct event *ev)
{
	cJSON *list = json_add_arr(o, "fields");
	for (size_t i = 0; i < ev->vals.n; i++) {
		const struct field *f = field_at(ev->vals.v[i].field);
		cJSON *x = cJSON_CreateObject();
		json_add_str(x, "name", f->name);
		json_add_str(x, "alias", f->alias);
		json_add_slice(x, "value", ev->vals.v[i].value);
		json_add_str(x, "type", field_type_name(f->type));
		cJSON_AddItemToArray(list, x);
	}
}

static cJSON *evidence_json(const struct event *ev, event_id id, const char *source, int64_t offset,
                            int64_t length)
{
	cJSON *o = cJSON_CreateObject();
	uint8_t d[32];
	char hex[DIGEST_HEX], text[32];
	size_t from = offset < 0 ? 0 : (size_t)offset < ev->raw.n ? (size_t)offset : ev->raw.n;
	size_t n = ev->raw.n - from, most = length > 0 && length < MW_EVIDENCE_CHUNK_MAX
	                                            ? (size_t)length
	                                            : MW_EVIDENCE_CHUNK_MAX;
	digest_sha256(ev->raw.s, ev->raw.n, d);
	digest_hex(d, hex);
	snprintf(text, sizeof(text), "ev:%llu", (unsigned long long)id);
	json_add_str(o, "id", text);
	json_add_str(o, "dataset", ev->dataset);
	json_add_str(o, "source", source);
	json_add_slice(o, "uid", ev->uid);
	json_add_time(o, "time", ev->time);
	json_add_time(o, "arrival", ev->arrival);
	json_add_slice(o, "file", ev->basename);
	json_add_i64(o, "line", (int64_t)ev->line);
	json_add_i64(o, "length", (int64_t)ev->raw.n);
	json_add_str(o, "sha256", hex);
	json_add_i64(o, "offset", (int64_t)from);
	json_add_base64(o, "raw", (struct slice){ev->raw.s + from, n < most ? n : most});
	add_fields(o, ev);
	return o;
}

int work_evidence_get(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct lake_state *s = worker_state(w);
	struct arena arena = ARENA_INIT;
	struct event ev = {0};
	const char *source;
	event_id id;
	int rc;
	if (event_id_parse(json_str(params, "id", NULL), &id, e) || lake_state_refresh(s, e))
		return -1;
	rc = work_event(s, id, &arena, &ev, &source, e);
	if (!rc)
		*result = evidence_json(&ev, id, source, json_i64(params, "offset", 0),
		                        json_i64(params, "length", 0));
	event_release(&ev);
	arena_release(&arena);
	return rc;
}

#define UIDS_MAX 100

struct uids {
	event_id ids[UIDS_MAX];
	size_t n;
};

static int take_uid(void *ctx, size_t step, const struct source_row *r, struct err *e)
{
	struct uids *u = ctx;
	(void)step;
	(void)e;
	if (r->event && u->n < UIDS_MAX)
		u->ids[u->n++] = r->id;
	return 0;
}

/* By uid in the cluster, where that is the store of events. */
static int find_outside(struct worker *w, const cJSON *params, struct uids *u, struct err *e)
{
	struct plan *p = plan_new();
	struct plan_search *q = &plan_add_step(p, PS_SEARCH)->search;
	struct run_sink sink = {u, take_uid, NULL};
	struct run_result run = {0};
	struct run_env env;
	int rc;
	q->where = plan_cmp(p, "uid", OP_IS_CS, slice_of(json_str(params, "uid", "")));
	q->limit = UIDS_MAX;
	lake_env(w, &env, work_now(params));
	rc = plan_validate(p, e) || run_plan(p, &env, &sink, &run, e) ? -1 : 0;
	run_result_release(&run);
	plan_free(p);
	return rc;
}

int work_evidence_find(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct lake_state *s = worker_state(w);
	struct uids found = {.n = 0};
	cJSON *list;
	if (lake_state_refresh(s, e))
		return -1;
	if (s->cluster ? find_outside(w, params, &found, e)
	               : lake_find_uid(s->lake, slice_of(json_str(params, "uid", "")), found.ids,
	                               UIDS_MAX, &found.n, e))
		return -1;
	*result = cJSON_CreateObject();
	json_add_i64(*result, "total", (int64_t)found.n);
	list = json_add_arr(*result, "ids");
	for (size_t i = 0; i < found.n && i < UIDS_MAX; i++) {
		char text[32];
		snprintf(text, sizeof(text), "ev:%llu", (unsigned long long)found.ids[i]);
		cJSON_AddItemToArray(list, cJSON_CreateString(text));
	}
	return 0;
}

/* ---- graph and cover ---- */

int work_graph_node(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct lake_state *s = worker_state(w);
	if (lake_state_refresh(s, e))
		return -1;
	*result = graph_node(s->graph, json_str(params, "id", ""), e);
	return *result ? 0 : -1;
}

int work_cover_table(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct lake_state *s = worker_state(w);
	(void)params;
	if (lake_state_refresh(s, e))
		return -1;
	*result = cover_table(lake_of_events(s), s->graph, e);
	return *result ? 0 : -1;
}

/* A proof opens as evidence. */
int work_cover_get(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct lake_state *s = worker_state(w);
	if (lake_state_refresh(s, e))
		return -1;
	*result = cover_find(lake_of_events(s), s->graph, json_str(params, "id", ""), e);
	return *result ? 0 : -1;
}

/* ---- the card ---- */

int work_incident(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct lake_state *s = worker_state(w);
	const cJSON *ctx = json_get(params, "ctx");
	struct run_env env;
	struct card_env c = {&env, s->recipes, json_obj(ctx, "incident"), json_arr(ctx, "open")};
	if (lake_state_refresh(s, e))
		return -1;
	lake_env(w, &env, work_now(params));
	*result = card_json(&c, e);
	return *result ? 0 : -1;
}
