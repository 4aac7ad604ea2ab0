/*
 * Asks questions of files without a lake: importers, planner and reference evaluator in one process. Reads lines of JSON
 * {"id","question","now","session","files":[...]} and prints one answer a line as `midwatch ask --json` does, with the plan.
 * For developing the planner; tests/ask/run.py drives it.
 */
#include <stdio.h>

#include "ask/ask.h"
#include "memcat.h"
#include "plan/eval.h"

struct session {
	char *name;
	VEC(struct ask_turn) turns;
	VEC(struct slice) values;
};

static struct lexicon *lexicon;

static void add_ids(cJSON *r, const struct eval_result *rows)
{
	cJSON *ids = json_add_arr(r, "ids");

	for (size_t i = 0; i < rows->rows.n; i++) {
		cJSON *h = cJSON_CreateObject();

		json_add_slice(h, "x", rows->rows.v[i].event->uid);
		cJSON_AddItemToArray(ids, cJSON_DetachItemFromObjectCaseSensitive(h, "x"));
		cJSON_Delete(h);
	}
}

static cJSON *text(struct slice s)
{
	cJSON *h = cJSON_CreateObject(), *x;

	json_add_slice(h, "x", s);
	x = cJSON_DetachItemFromObjectCaseSensitive(h, "x");
	cJSON_Delete(h);
	return x;
}

static cJSON *number(struct slice s)
{
	double d = 0;

	(void)slice_double(s, &d);
	return cJSON_CreateNumber(d);
}

static size_t answer_column(const struct plan *p, const struct plan_search *s)
{
	size_t span = s->span ? 1 : 0;

	for (size_t i = 0; i < s->nby; i++)
		if (p->value_field.name && strcmp(s->by[i].name, p->value_field.name) == 0)
			return span + i;
	return 0;
}

static cJSON *result_json(const struct plan *p, const struct eval_result *rows)
{
	const struct plan_search *s = &p->steps[p->nsteps - 1].search;
	cJSON *r = cJSON_CreateObject(), *list;
	size_t keys = s->nby + (s->span ? 1 : 0), col = answer_column(p, s);

	if (rows->rows.n == 0) {
		json_add_str(r, "kind", "empty");
		return r;
	}
	if (p->show == SHOW_EVENTS) {
		json_add_str(r, "kind", "events");
		add_ids(r, rows);
	} else if (p->show == SHOW_COUNT) {
		json_add_str(r, "kind", "count");
		cJSON_AddItemToObject(r, "value", number(rows->rows.v[0].cols[keys]));
	} else if (p->show == SHOW_VALUES) {
		json_add_str(r, "kind", "values");
		list = json_add_arr(r, "values");
		for (size_t i = 0; i < rows->rows.n; i++)
			cJSON_AddItemToArray(list, text(rows->rows.v[i].cols[col]));
	} else {
		json_add_str(r, "kind", "ranking");
		list = json_add_arr(r, "pairs");
		for (size_t i = 0; i < rows->rows.n; i++) {
			cJSON *pair = cJSON_CreateArray();

			cJSON_AddItemToArray(pair, text(rows->rows.v[i].cols[col]));
			cJSON_AddItemToArray(pair, number(rows->rows.v[i].cols[keys]));
			cJSON_AddItemToArray(list, pair);
		}
	}
	return r;
}

static void keep_turn(struct session *s, const struct ask_reading *r, struct slice question,
                      const cJSON *res)
{
	struct ask_turn *t = vec_push(&s->turns);
	const cJSON *vals = json_arr(res, "values"), *v;

	t->plan = r->plan ? plan_clone(r->plan) : NULL;
	t->question = (struct slice){xstrndup(question.s, question.n), question.n};
	if (!vals || cJSON_GetArraySize(vals) == 0)
		return;
	t->values = xcalloc((size_t)cJSON_GetArraySize(vals), sizeof(*t->values));
	cJSON_ArrayForEach(v, vals) if (cJSON_IsString(v)) t->values[t->nvalues++] =
	        slice_of(xstrdup(v->valuestring));
}

static int run_steps(const struct plan *p, struct catalog *c, struct eval_result *res,
                     struct err *e)
{
	for (size_t i = 0; i < p->nsteps; i++)
		if (plan_eval_step(p, i, c->events.v, c->events.n, res, &res[i], e))
			return -1;
	return 0;
}

static void answer(const cJSON *q, struct catalog *c, struct session *s)
{
	struct ask_context ctx = {.turns = s->turns.v,
	                          .nturns = s->turns.n,
	                          .incident_from = MW_TIME_NONE,
	                          .incident_to = MW_TIME_NONE};
	struct slice question = slice_of(json_str(q, "question", ""));
	struct ask_reading r;
	struct err e = {0};
	struct eval_result res[16];
	cJSON *o = cJSON_CreateObject(), *result = NULL;
	struct buf b = BUF_INIT;
	int64_t t0;

	memset(res, 0, sizeof(res));
	(void)mw_time_parse(slice_of(json_str(q, "now", "")), &ctx.now);
	json_add_str(o, "id", json_str(q, "id", ""));
	t0 = mw_mono_us();
	if (ask_read(lexicon, c, &ctx, question, &r, &e)) {
		json_add_str(o, "error", e.what);
		goto out;
	}
	cJSON_AddNumberToObject(o, "read_us", (double)(mw_mono_us() - t0));
	cJSON_AddItemToObject(o, "reading", ask_reading_json(&r));
	if (r.kind == ASK_CLARIFY) {
		result = cJSON_CreateObject();
		json_add_str(result, "kind", "clarify");
	} else if (run_steps(r.plan, c, res, &e)) {
		json_add_str(o, "error", e.what);
	} else {
		result = result_json(r.plan, &res[r.plan->nsteps - 1]);
	}
	keep_turn(s, &r, question, result);
	if (result)
		cJSON_AddItemToObject(o, "result", result);
	for (size_t i = 0; r.plan && i < r.plan->nsteps; i++)
		eval_result_release(&res[i]);
	ask_reading_release(&r);
out:
	json_write(&b, o);
	puts(b.s);
	(void)fflush(stdout);
	buf_release(&b);
	cJSON_Delete(o);
}

int main(int argc, char **argv)
{
	struct catalog *c = mem_new();
	struct err e = {0};
	struct session s = {0};
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (fields_load(&e) || lexicon_load(&lexicon, (struct slice){NULL, 0}, &e)) {
		fprintf(stderr, "%s\n", e.what);
		return 1;
	}
	for (int i = 1; i < argc; i++)
		if (mem_load(c, argv[i], &e))
			fprintf(stderr, "%s: %s\n", argv[i], e.what);
	fprintf(stderr, "%zu events, %zu datasets, %zu fields, %zu values\n", c->events.n,
	        c->datasets.n, c->fields.n, c->values.n);
	while ((n = getline(&line, &cap, stdin)) > 0) {
		cJSON *q = json_parse((struct slice){line, (size_t)n}, 1 << 20, &e);

		if (q && json_bool(q, "fresh", false))
			s.turns.n = 0;
		if (q)
			answer(q, c, &s);
		cJSON_Delete(q);
	}
	free(line);
	lexicon_free(lexicon);
	return 0;
}
