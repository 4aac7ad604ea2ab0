#include "serve/work_chat.h"

#include "base/limits.h"
#include "investigate/answer.h"
#include "investigate/rowjson.h"
#include "llm/prompt.h"
#include "proc/sandbox.h"
#include "serve/user_assets.h"
#include "store/catalog_rows.h"

/* ---- state ---- */

static int load_lexicon(struct lake_state *s, const char *own, struct err *e)
{
	struct buf text;
	int rc;
	buf_init(&text, USER_ASSET_MAX);
	rc = user_asset(own, "lexicon.yaml", &text, e);
	if (!rc && lexicon_load(&s->lexicon, (struct slice){text.s, text.len}, e))
		rc = text.len ? err_prefix(e, "%s/lexicon.yaml", own) : -1;
	buf_release(&text);
	return rc;
}

static int open_all(struct lake_state *s, const char *dir, const char *own, struct err *e)
{
	if (fields_load(e) || lake_open(&s->lake, dir, LAKE_READ, e) ||
	    graph_open(&s->graph, dir, GRAPH_READ, e))
		return -1;
	s->catalog = s->cluster ? catalog_rows_new() : catalog_open(s->lake, e);
	if (!s->catalog || load_lexicon(s, own, e) || recipes_load(&s->recipes, e) ||
	    user_prompts_load(own, &s->prompts, e) || attack_load(&s->attack, e))
		return -1;
	return 0;
}

static void list_sources(struct lake_state *s)
{
	s->nsources = 2 + remotes_count(s->remotes);
	s->sources = xcalloc(s->nsources, sizeof(struct source *));
	s->sources[0] = remotes_lake(s->remotes);
	if (!s->sources[0])
		s->sources[0] = source_lake_open(s->lake, "lake");
	s->sources[1] = source_graph_open(s->graph, s->lake, "graph");
	for (size_t i = 2; i < s->nsources; i++)
		s->sources[i] = remotes_at(s->remotes, i - 2);
}

int lake_state_open(struct worker *w, const cJSON *config, struct err *e)
{
	struct lake_state *s = xcalloc(1, sizeof(*s));
	const char *dir = json_str(config, "state", ".");
	const char *cluster = json_str(config, "lake", NULL);
	worker_set_state(w, s);
	s->cluster = cluster ? cluster_new(w, cluster) : NULL;
	if (open_all(s, dir, json_str(config, "assets_user", NULL), e) ||
	    remotes_open(&s->remotes, w, json_arr(config, "sources"), cluster, dir, e))
		return -1;
	list_sources(s);
	return 0;
}

/* What the next question would wait for. */
static bool make_ready(struct worker *w)
{
	struct lake_state *s = worker_state(w);
	const struct catalog_dataset *d;

	if (lake_warm(s->lake))
		return true;
	(void)catalog_datasets(s->catalog, &d);
	return false;
}

void lake_state_close(struct worker *w)
{
	struct lake_state *s = worker_state(w);
	if (!s)
		return;
	for (size_t i = 0; i < s->nsources; i++)
		s->sources[i]->ops->close(s->sources[i]);
	free(s->sources);
	remotes_close(s->remotes);
	timeline_free(s->timeline);
	free(s->timeline_plan);
	attack_free(s->attack);
	recipes_free(s->recipes);
	prompts_free(s->prompts);
	lexicon_free(s->lexicon);
	cover_arrived(NULL);
	catalog_close(s->catalog);
	cluster_free(s->cluster);
	graph_close(s->graph);
	lake_close(s->lake);
	free(s);
}

int lake_state_refresh(struct lake_state *s, struct err *e)
{
	bool lake = false, graph = false;
	if (lake_refresh(s->lake, &lake, e) || graph_refresh(s->graph, &graph, e))
		return -1;
	if (s->cluster && cluster_refresh(s->cluster, &s->catalog))
		lake = true;
	if (lake || graph) {
		timeline_free(s->timeline);
		free(s->timeline_plan);
		s->timeline = NULL;
		s->timeline_plan = NULL;
	}
	return 0;
}

struct lake *lake_of_events(const struct lake_state *s)
{
	return s->cluster ? NULL : s->lake;
}

void lake_env(struct worker *w, struct run_env *env, mw_time now)
{
	struct lake_state *s = worker_state(w);
	*env = (struct run_env){
	        .sources = s->sources,
	        .nsources = s->nsources,
	        .lake = lake_of_events(s),
	        .graph = s->graph,
	        .catalog = s->catalog,
	        .cancelled = worker_cancelled(w),
	        .deadline_us = worker_deadline(w),
	        .now = now,
	        .need_vals = true,
	};
}

mw_time work_now(const cJSON *params)
{
	mw_time t;
	const char *text = json_str(params, "now", json_str(json_get(params, "ctx"), "now", NULL));
	return text && mw_time_parse(slice_of(text), &t) ? t : mw_now();
}

int event_id_parse(const char *text, event_id *id, struct err *e)
{
	uint64_t u;
	if (!text || strncmp(text, "ev:", 3) || !slice_u64(slice_of(text + 3), &u))
		return err_set(e, ERR_INVALID, "\"%s\" is no evidence id: those read ev:<number>",
		               text ? text : "");
	*id = u;
	return 0;
}

int work_event(struct lake_state *s, event_id id, struct arena *a, struct event *out,
               const char **source, struct err *e)
{
	*source = "lake";
	if (!found_id(id))
		return lake_get(s->lake, id, a, out, e);
	if (!remotes_found(s->remotes))
		return err_set(e, ERR_NOT_FOUND,
		               "no source is configured that could have given ev:%llu",
		               (unsigned long long)id);
	return found_get(remotes_found(s->remotes), id, a, out, source, e);
}

/* ---- running ---- */

struct running {
	struct worker *w;
	const struct plan *plan;
	struct answer *answer;
	struct buf row;
};

static int on_row(void *ctx, size_t step, const struct source_row *r, struct err *e)
{
	struct running *x = ctx;
	buf_reset(&x->row);
	row_json(&x->row, r, &x->plan->steps[step]);
	answer_row(x->answer, step, r);
	return worker_row(x->w, (int)step, (struct slice){x->row.s, x->row.len}, e);
}

static const char *const state_names[] = {[RUN_WAITING] = "waiting",
                                          [RUN_RUNNING] = "running",
                                          [RUN_DONE] = "done",
                                          [RUN_FAILED] = "failed",
                                          [RUN_SKIPPED] = "skipped"};

static void on_step(void *ctx, size_t step, const struct run_step *s)
{
	struct running *x = ctx;
	cJSON *o = cJSON_CreateObject();
	struct err ignored;
	json_add_i64(o, "n", (int64_t)step);
	json_add_str(o, "title", x->plan->steps[step].name);
	json_add_str(o, "kind", x->plan->steps[step].kind == PS_GRAPH ? "graph" : "search");
	json_add_str(o, "source", x->plan->steps[step].source);
	json_add_str(o, "state", state_names[s->state]);
	json_add_i64(o, "rows", (int64_t)s->done.rows);
	json_add_i64(o, "scanned", (int64_t)s->done.scanned);
	json_add_i64(o, "elapsed_ms", s->elapsed_us / 1000);
	json_add_bool(o, "partial", s->done.partial);
	json_add_bool(o, "exact", !s->done.inexact);
	json_add_str(o, "why",
	             s->state == RUN_FAILED || s->state == RUN_SKIPPED ? s->error.what
	                                                               : s->done.why);
	json_add_str(o, "fields", *s->done.fields ? s->done.fields : NULL);
	json_add_str(o, "sent", s->done.sent);
	/* A lost progress line does no harm: the result says the same. */
	if (worker_notify(x->w, "step", o, &ignored))
		return;
}

static int prove(struct lake_state *s, const struct plan *p, const struct run_env *env,
                 const struct answer *a, const struct run_result *run, const char *const *named,
                 size_t nnamed, struct empty_proof *proof, struct err *e)
{
	int rc;
	/* Nothing may be called empty that was not fully asked. */
	if (!answer_is_empty(a) || run->partial)
		return 0;
	if (run_asks_outside(p)) {
		run_prove_outside(p, run, proof);
		return 1;
	}
	remotes_reuse(s->remotes, true);
	rc = run_prove_empty(p, env, named, nnamed, proof, e);
	remotes_reuse(s->remotes, false);
	return rc ? -1 : 1;
}

static bool tells_raw(const struct plan *p)
{
	for (size_t i = 0; i < p->nsteps; i++)
		for (size_t k = 0; k < p->steps[i].search.ncolumns; k++)
			if (p->steps[i].search.columns[k].raw)
				return true;
	return false;
}

int work_run(struct worker *w, const struct plan *p, const char *const *named, size_t nnamed,
             mw_time now, cJSON **out, struct err *e)
{
	struct lake_state *s = worker_state(w);
	struct running x = {.w = w, .plan = p, .row = BUF_INIT};
	struct run_sink sink = {&x, on_row, on_step};
	struct run_result run = {0};
	struct empty_proof proof = {0};
	struct run_env env;
	int64_t start = mw_mono_us();
	int rc, proved = 0;
	lake_env(w, &env, now);
	env.need_raw = tells_raw(p);
	x.answer = answer_new(p, s->attack);
	rc = run_plan(p, &env, &sink, &run, e);
	if (!rc)
		proved = prove(s, p, &env, x.answer, &run, named, nnamed, &proof, e);
	if (!rc && proved >= 0)
		*out = answer_json(x.answer, &run, proved ? &proof : NULL, run_reach(p, &env, e),
		                   mw_mono_us() - start);
	empty_proof_release(&proof);
	run_result_release(&run);
	answer_free(x.answer);
	buf_release(&x.row);
	return rc || proved < 0 ? -1 : 0;
}

/* ---- the table ---- */

static int status(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct lake_state *s = worker_state(w);
	(void)params;
	if (lake_state_refresh(s, e))
		return -1;
	*result = lake_status(s->lake, e);
	if (*result && s->cluster)
		cluster_status(s->cluster, *result);
	if (*result)
		cJSON_AddItemToObject(*result, "graph", graph_status(s->graph, e));
	return *result ? 0 : -1;
}

static int rejected(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct lake_state *s = worker_state(w);
	if (lake_state_refresh(s, e))
		return -1;
	*result = lake_rejected(s->lake, json_i64(params, "offset", 0),
	                        json_i64(params, "limit", 100), e);
	return *result ? 0 : -1;
}

static const struct worker_method lake_methods[] = {
        {"ask", work_ask},
        {"plan.run", work_plan_run},
        {"recipe.run", work_recipe_run},
        {"plan.check", work_plan_check},
        {"plan.text", work_plan_text},
        {"plan.sigma", work_plan_sigma},
        {"recipe.list", work_recipe_list},
        {"pivot.menu", work_pivot_menu},
        {"evidence.get", work_evidence_get},
        {"evidence.find", work_evidence_find},
        {"timeline.get", work_timeline},
        {"report.export", work_export},
        {"graph.node", work_graph_node},
        {"cover.table", work_cover_table},
        {"cover.get", work_cover_get},
        {"incident.get", work_incident},
        {"playbook.get", work_playbook},
        {"report.draft", work_report_draft},
        {"model.write", work_model_write},
        {"model.next", work_model_next},
        {"model.try", work_model_try},
        {"model.replay", work_model_replay},
        {"prompt.list", work_prompt_list},
        {"prompt.get", work_prompt_get},
        {"lake.status", status},
        {"import.list", status},
        {"import.rejected", rejected},
        {NULL, NULL},
};
const struct worker_kind work_lake = {
        .name = "lake",
        .methods = lake_methods,
        .start = lake_state_open,
        .stop = lake_state_close,
        .idle = make_ready,
        .sandbox = SB_FILES,
        .max = 3,
};
