#include "ask/model_plan.h"

#include "base/limits.h"
#include "base/mem.h"

/* ---- bounds ---- */

static int check_source(const char *source, const struct model_scope *scope, struct err *e)
{
	const char *const *s = scope->sources;
	while (*s && strcmp(*s, source))
		s++;
	if (*s)
		return 0;
	return err_set(e, ERR_DENIED, "the source \"%s\" may not be asked here", source);
}

static bool is_dataset(struct catalog *c, const char *name)
{
	const struct catalog_dataset *d;
	size_t n = catalog_datasets(c, &d), len = strlen(name);
	for (size_t i = 0; i < n; i++)
		if (!strncmp(d[i].name, name, len) && (!d[i].name[len] || d[i].name[len] == '.'))
			return true;
	return false;
}

static int check_values(const struct plan_node *n, struct err *e)
{
	for (; n; n = n->next) {
		if (n->nvalues > MODEL_PLAN_VALUES_MAX)
			return err_set(e, ERR_LIMIT, "a list of %zu values; at most %d", n->nvalues,
			               MODEL_PLAN_VALUES_MAX);
		if (n->child && check_values(n->child, e))
			return -1;
	}
	return 0;
}

/* Neither a window, nor a condition, nor a count: all records of the lake would come. */
static bool is_everything(const struct plan_search *s)
{
	return s->from.kind == PW_NONE && s->to.kind == PW_NONE && !s->where && !s->sequence &&
	       !s->ndatasets && !plan_is_grouped(s);
}

static int check_search(const struct plan_step *st, size_t i, const struct model_scope *scope,
                        struct err *e)
{
	const struct plan_search *s = &st->search;
	bool lake = !st->source || !strcmp(st->source, "lake");
	if (s->limit > MW_PLAN_ROWS_DEFAULT)
		return err_set(e, ERR_LIMIT, "steps[%zu].limit is %lld; at most %d", i,
		               (long long)s->limit, MW_PLAN_ROWS_DEFAULT);
	if (is_everything(s))
		return err_set(e, ERR_LIMIT,
		               "steps[%zu] asks for everything: give it a window or a condition",
		               i);
	for (size_t k = 0; lake && scope->catalog && k < s->ndatasets; k++)
		if (!is_dataset(scope->catalog, s->datasets[k]))
			return err_set(e, ERR_NOT_FOUND, "steps[%zu]: there is no dataset \"%s\"",
			               i, s->datasets[k]);
	return s->where ? check_values(s->where, e) : 0;
}

static int check_graph(const struct plan_graph *g, size_t i, struct err *e)
{
	if (g->max_depth > MODEL_PLAN_DEPTH_MAX)
		return err_set(e, ERR_LIMIT, "steps[%zu].max_depth is %d; at most %d", i,
		               g->max_depth, MODEL_PLAN_DEPTH_MAX);
	if (g->limit > MODEL_PLAN_GRAPH_ROWS_MAX)
		return err_set(e, ERR_LIMIT, "steps[%zu].limit is %lld; at most %d", i,
		               (long long)g->limit, MODEL_PLAN_GRAPH_ROWS_MAX);
	if (!g->start_type && !g->start)
		return err_set(e, ERR_LIMIT, "steps[%zu] starts everywhere: name a start", i);
	for (size_t k = 0; k < g->nhops; k++)
		if (g->hops[k].max > MODEL_PLAN_DEPTH_MAX)
			return err_set(e, ERR_LIMIT, "steps[%zu].hops[%zu].max is over %d", i, k,
			               MODEL_PLAN_DEPTH_MAX);
	return 0;
}

int model_plan_bounds(const struct plan *p, const struct model_scope *scope, struct err *e)
{
	if (p->nsteps > MODEL_PLAN_STEPS_MAX)
		return err_set(e, ERR_LIMIT, "%zu steps; at most %d", p->nsteps,
		               MODEL_PLAN_STEPS_MAX);
	if (p->max_seconds > MODEL_PLAN_SECONDS_MAX)
		return err_set(e, ERR_LIMIT, "max_seconds is %lld; at most %d",
		               (long long)p->max_seconds, MODEL_PLAN_SECONDS_MAX);
	for (size_t i = 0; i < p->nsteps; i++) {
		const struct plan_step *s = &p->steps[i];
		const char *standard = s->kind == PS_GRAPH ? "graph" : "lake";
		if (s->hand)
			return err_set(e, ERR_DENIED,
			               "step %zu: a text of a source's own language is written by "
			               "analysts alone",
			               i + 1);
		if (check_source(s->source ? s->source : standard, scope, e) ||
		    (s->kind == PS_GRAPH ? check_graph(&s->graph, i, e)
		                         : check_search(s, i, scope, e)))
			return -1;
	}
	return 0;
}

/* ---- the reply ---- */

static void wrong(struct model_said_plan *out, bool final, const char *fmt, ...) MW_PRINTF(3, 4);
static void wrong(struct model_said_plan *out, bool final, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	out->said = MODEL_WRONG;
	out->final = final;
	err_set(&out->wrong, ERR_INVALID, "%s", b.s);
	buf_release(&b);
}

static void take_plan(const cJSON *j, const struct model_scope *scope, struct model_said_plan *out)
{
	const cJSON *inner = json_obj(j, "plan");
	out->plan = plan_from_json(inner ? inner : j, &out->wrong);
	if (out->plan && !model_plan_bounds(out->plan, scope, &out->wrong)) {
		out->said = MODEL_PLANNED;
		out->text = json_str(j, "why", NULL) ? xstrdup(json_str(j, "why", "")) : NULL;
		return;
	}
	plan_free(out->plan);
	out->plan = NULL;
	out->said = MODEL_WRONG;
}

static void take_words(const cJSON *j, const char *key, enum model_said said,
                       struct model_said_plan *out)
{
	out->said = said;
	out->text = xstrdup(json_str(j, key, ""));
}

static void take_call(const cJSON *call, const struct redact *r, const struct model_scope *scope,
                      struct model_said_plan *out)
{
	const char *name = json_str(call, "name", ""), *refused = json_str(call, "refused", NULL);
	cJSON *j;
	out->call_id = xstrdup(json_str(call, "id", ""));
	if (refused) {
		wrong(out, false, "%s", refused);
		return;
	}
	j = json_parse(slice_of(json_str(call, "args", "")), MW_PLAN_JSON_MAX, &out->wrong);
	if (!j) {
		out->said = MODEL_WRONG;
		return;
	}
	redact_restore_json(r, j);
	if (!strcmp(name, "plan"))
		take_plan(j, scope, out);
	else if (!strcmp(name, "ask_back"))
		take_words(j, "question", MODEL_ASKS_BACK, out);
	else if (!strcmp(name, "done"))
		take_words(j, "why", MODEL_DONE, out);
	else
		wrong(out, false, "there is no tool \"%.64s\"; call one of those that were offered",
		      name);
	cJSON_Delete(j);
}

void model_plan_read(const cJSON *reply, const struct redact *r, const struct model_scope *scope,
                     struct model_said_plan *out)
{
	const char *end = json_str(reply, "end", ""), *refusal = json_str(reply, "refusal", "");
	const cJSON *calls = json_arr(reply, "calls");
	*out = (struct model_said_plan){.said = MODEL_WRONG};
	if (*refusal)
		wrong(out, true, "the model refused: %.300s", refusal);
	else if (strcmp(end, "done") && strcmp(end, "eof_after_finish"))
		wrong(out, true, "the model's reply broke off (%s)%s%.200s", end,
		      json_str(reply, "error", NULL) ? ": " : "", json_str(reply, "error", ""));
	else if (cJSON_GetArraySize(calls) != 1)
		wrong(out, false, "exactly one tool call is wanted, not %d",
		      cJSON_GetArraySize(calls));
	else
		take_call(calls->child, r, scope, out);
}

void model_said_release(struct model_said_plan *s)
{
	plan_free(s->plan);
	free(s->text);
	free(s->call_id);
}
