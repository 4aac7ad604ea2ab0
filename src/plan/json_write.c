/* Writes the JSON form that json.c documents and reads. */
#include "base/base64.h"
#include "base/escape.h"
#include "plan/place.h"
#include "plan/plan.h"

static bool is_json_text(struct slice s)
{
	uint32_t cp;
	size_t n;

	for (; s.n; s.s += n, s.n -= n) {
		n = utf8_decode(s.s, s.n, &cp);
		if (n == 0 || cp == 0)
			return false;
	}
	return true;
}

static cJSON *value_json(struct slice s)
{
	cJSON *o;
	char *text;

	if (is_json_text(s)) {
		text = xstrndup(s.s, s.n);
		o = cJSON_CreateString(text);
		free(text);
	} else {
		o = cJSON_CreateObject();
		json_add_base64(o, "base64", s);
	}
	return o;
}

static void add_opt(cJSON *o, const char *key, const char *value)
{
	if (value)
		json_add_str(o, key, value);
}

static void add_true(cJSON *o, const char *key, bool v)
{
	if (v)
		json_add_bool(o, key, true);
}

static void add_nonzero(cJSON *o, const char *key, int64_t v)
{
	if (v)
		json_add_i64(o, key, v);
}

static void add_span(cJSON *o, const char *key, int64_t us)
{
	char text[40] = "-";
	char *at = us < 0 ? text + 1 : text;

	if (!us)
		return;
	mw_span_format(us < 0 ? -us : us, at);
	json_add_str(o, key, text);
}

static void add_abs_time(cJSON *o, const char *key, mw_time t)
{
	if (t != MW_TIME_NONE)
		json_add_time(o, key, t);
}

static void add_time(cJSON *o, const char *key, const struct plan_time *t)
{
	cJSON *ref;

	if (t->kind == PW_NONE)
		return;
	if (t->kind == PW_ABS) {
		add_abs_time(o, key, t->t);
		return;
	}
	ref = json_add_obj(o, key);
	json_add_i64(ref, "step", t->step);
	json_add_str(ref, "at", plan_at_words[t->kind == PW_STEP_LAST]);
	add_span(ref, "offset", t->offset);
}

static void add_fields(cJSON *o, const char *key, const struct plan_field *f, size_t n)
{
	cJSON *list = n ? json_add_arr(o, key) : NULL;

	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(list, f[i].name ? cJSON_CreateString(f[i].name)
		                                     : cJSON_CreateNull());
}

static void cmp_json(cJSON *o, const struct plan_node *n)
{
	cJSON *list;

	add_opt(o, "field", n->field.name);
	json_add_str(o, "op", plan_op_words[n->op]);
	if (n->nvalues == 1)
		cJSON_AddItemToObject(o, "value", value_json(n->values[0]));
	if (n->nvalues > 1) {
		list = json_add_arr(o, "values");
		for (size_t i = 0; i < n->nvalues; i++)
			cJSON_AddItemToArray(list, value_json(n->values[i]));
	}
	add_opt(o, "other", n->rhs.name);
	if (n->from_step >= 0)
		json_add_i64(o, "from_step", n->from_step);
	add_opt(o, "column", n->column);
	add_true(o, "inexact", n->inexact);
}

static cJSON *node_json(const struct plan_node *n)
{
	cJSON *o = cJSON_CreateObject(), *list;

	if (n->kind == PN_CMP) {
		cmp_json(o, n);
	} else if (n->kind == PN_NOT) {
		cJSON_AddItemToObject(o, "not", node_json(n->child));
	} else {
		list = json_add_arr(o, n->same_row         ? "same_row"
		                       : n->kind == PN_ALL ? "all"
		                                           : "any");
		for (const struct plan_node *c = n->child; c; c = c->next)
			cJSON_AddItemToArray(list, node_json(c));
	}
	return o;
}

static void add_node(cJSON *o, const char *key, const struct plan_node *n)
{
	if (n)
		cJSON_AddItemToObject(o, key, node_json(n));
}

static void add_sequence(cJSON *step, const struct plan_sequence *q)
{
	cJSON *o, *list;

	if (!q)
		return;
	o = json_add_obj(step, "sequence");
	list = json_add_arr(o, "stages");
	for (size_t i = 0; i < q->nstages; i++)
		cJSON_AddItemToArray(list, node_json(q->stages[i]));
	add_opt(o, "by", q->by.name);
	add_fields(o, "stage_by", q->stage_by, q->stage_by ? q->nstages : 0);
	add_span(o, "within", q->within);
	add_true(o, "negate_last", q->negate_last);
	add_true(o, "only_last", q->only_last);
}

static void add_baseline(cJSON *step, const struct plan_baseline *b)
{
	cJSON *o;

	if (!b)
		return;
	o = json_add_obj(step, "baseline");
	add_fields(o, "key", b->key, b->nkey);
	add_abs_time(o, "from", b->from);
	add_abs_time(o, "to", b->to);
	add_nonzero(o, "max_count", b->max_count);
}

static void add_stats(cJSON *step, const struct plan_search *s)
{
	cJSON *list = s->nstats ? json_add_arr(step, "stats") : NULL, *o;

	for (size_t i = 0; i < s->nstats; i++) {
		o = cJSON_CreateObject();
		json_add_str(o, "fn", plan_fn_words[s->stats[i].fn]);
		add_opt(o, "field", s->stats[i].field.name);
		add_opt(o, "as", s->stats[i].as);
		cJSON_AddItemToArray(list, o);
	}
}

static void add_sort(cJSON *step, const struct plan_search *s)
{
	cJSON *list = s->nsort ? json_add_arr(step, "sort") : NULL, *o;

	for (size_t i = 0; i < s->nsort; i++) {
		o = cJSON_CreateObject();
		json_add_str(o, "column", s->sort[i].column);
		add_true(o, "desc", s->sort[i].desc);
		cJSON_AddItemToArray(list, o);
	}
}

static void search_json(cJSON *o, const struct plan_search *s)
{
	cJSON *list = s->ndatasets ? json_add_arr(o, "datasets") : NULL;

	for (size_t i = 0; i < s->ndatasets; i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(s->datasets[i]));
	add_time(o, "from", &s->from);
	add_time(o, "to", &s->to);
	add_node(o, "where", s->where);
	add_sequence(o, s->sequence);
	add_baseline(o, s->baseline);
	add_stats(o, s);
	add_fields(o, "by", s->by, s->nby);
	add_span(o, "span", s->span);
	add_node(o, "having", s->having);
	add_sort(o, s);
	add_nonzero(o, "limit", s->limit);
	add_true(o, "with_ties", s->with_ties);
	add_fields(o, "columns", s->columns, s->ncolumns);
}

static void add_hops(cJSON *step, const struct plan_graph *g)
{
	cJSON *list = g->nhops ? json_add_arr(step, "hops") : NULL, *o;

	for (const struct plan_hop *h = g->hops; h < g->hops + g->nhops; h++) {
		o = cJSON_CreateObject();
		add_opt(o, "edge", h->edge);
		json_add_str(o, "dir", plan_dir_words[h->dir]);
		json_add_i64(o, "min", h->min);
		json_add_i64(o, "max", h->max);
		add_opt(o, "to_type", h->to_type);
		add_node(o, "where", h->where);
		cJSON_AddItemToArray(list, o);
	}
}

static void graph_json(cJSON *o, const struct plan_graph *g)
{
	cJSON *use;

	json_add_str(o, "fn", plan_graph_fn_words[g->fn]);
	add_opt(o, "start_type", g->start_type);
	add_node(o, "start", g->start);
	add_node(o, "goal", g->goal);
	add_hops(o, g);
	add_nonzero(o, "max_depth", g->max_depth);
	add_nonzero(o, "limit", g->limit);
	add_true(o, "return_paths", g->return_paths);
	if (g->with_use) {
		use = json_add_obj(o, "use");
		add_abs_time(use, "from", g->use_from);
		add_abs_time(use, "to", g->use_to);
	}
}

static cJSON *step_json(const struct plan_step *s)
{
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, "kind", plan_kind_words[s->kind]);
	add_opt(o, "name", s->name);
	add_opt(o, "source", s->source);
	add_opt(o, "hand", s->hand);
	if (s->part)
		json_add_str(o, "part", plan_show_words[s->part_show]);
	if (s->kind == PS_GRAPH)
		graph_json(o, &s->graph);
	else
		search_json(o, &s->search);
	return o;
}

cJSON *plan_to_json(const struct plan *p)
{
	cJSON *o = cJSON_CreateObject(), *steps = json_add_arr(o, "steps");

	for (size_t i = 0; i < p->nsteps; i++)
		cJSON_AddItemToArray(steps, step_json(&p->steps[i]));
	json_add_str(o, "show", plan_show_words[p->show]);
	add_opt(o, "value", p->value_field.name);
	add_nonzero(o, "max_seconds", p->max_seconds);
	return o;
}
