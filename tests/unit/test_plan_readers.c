/*
 * What a renderer writes means what the plan says: an independent reader (tests/readers) turns the
 * text back into a plan, and both find the same among random events. A text that is only a superset
 * finds at least the same. MW_LONG: 100,000 plans a language.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include "../readers/readers.h"
#include "base/limits.h"
#include "gen_plan.h"
#include "plan/eval.h"
#include "plan/quote.h"
#include "plan/render.h"

#define EVENTS 24

struct language {
	enum render_lang lang;
	read_fn *read;
	enum read_names names;
	const char *table, *dataset; /* whose columns are drawn from */
	bool bytes; /* values are bytes there, and a record may be without a time */
};
static const struct language languages[] = {
        {RENDER_SPL, read_spl, NAMES_CIM, NULL, "cloudtrail", false},
        {RENDER_KQL, read_kql, NAMES_SENTINEL, "AWSCloudTrail", "cloudtrail", false},
        {RENDER_AQL, read_aql, NAMES_AQL, NULL, NULL, false},
        {RENDER_DSL, read_dsl, NAMES_ECS, NULL, NULL, false},
        {RENDER_CH, read_ch, NAMES_CH, NULL, "cloudtrail", true},
        {RENDER_LQL, read_lql, NAMES_CLOUDTRAIL, NULL, "cloudtrail", false},
        {RENDER_RQL, read_rql, NAMES_CH, NULL, "vpcflow", false},
        {RENDER_RQL, read_rql, NAMES_CH, NULL, "cloudtrail", false},
};

static int setup(void **state)
{
	struct err e;

	(void)state;
	setenv("MW_NOW", "2021-07-30T18:30:00Z", 1); /* behind every event */
	return fields_load(&e);
}

static size_t rounds(void)
{
	return getenv("MW_LONG") ? 100000 : 1500;
}

/* Fields that have a name of their own there; message is the raw record itself in most. */
static size_t fill_pool(const struct language *l, const struct field **pool)
{
	struct plan *p = plan_new();
	size_t n = 0;

	for (size_t i = 0; i < field_count(); i++) {
		const struct field *f = field_at((field_id)i);
		const char *there = read_name_of(l->names, l->table, f);
		if (there && strcmp(f->name, "time") != 0 && strcmp(f->name, "message") != 0 &&
		    !strcmp(read_field(p, l->names, l->table, slice_of(there)), f->name))
			pool[n++] = f;
	}
	plan_free(p);
	return n;
}

/* One plan, its text, and what the text says. */
struct trial {
	const struct language *l;
	struct plan *p;
	struct rendered text;
	struct reading back;
	struct event *ev;
};

static void trial_fail(const struct trial *t, const char *what)
{
	struct buf mine = BUF_INIT, back = BUF_INIT;
	cJSON *j = plan_to_json(t->p), *k = t->back.plan ? plan_to_json(t->back.plan) : NULL;

	json_write(&mine, j);
	if (k)
		json_write(&back, k);
	fail_msg("%s: %s\n--- plan\n%s\n--- text\n%s\n--- read back\n%s",
	         render_lang_words[t->l->lang], what, mine.s, t->text.text.s, back.s);
}

static bool matches(const struct plan *p, const struct event *ev)
{
	const struct plan_search *s = &p->steps[0].search;
	struct eval_view v;

	eval_view_of_event(&v, ev);
	return plan_dataset_in(s, ev->dataset) && plan_time_in(s, ev->time) &&
	       plan_match(s->where, &v);
}

static void check_matches(const struct trial *t)
{
	for (size_t i = 0; i < EVENTS; i++) {
		bool want = matches(t->p, &t->ev[i]), is = matches(t->back.plan, &t->ev[i]);
		char what[64];
		snprintf(what, sizeof(what), "event %zu: the plan says %d, the text %d", i, want,
		         is);
		if (is != want && (t->text.exact_where || want))
			trial_fail(t, what);
	}
}

static void check_rows(const struct trial *t)
{
	struct eval_result a, b;
	struct err e;

	if (plan_eval_step(t->p, 0, t->ev, EVENTS, NULL, &a, &e) ||
	    plan_eval_step(t->back.plan, 0, t->ev, EVENTS, NULL, &b, &e))
		trial_fail(t, e.what);
	if (a.rows.n != b.rows.n || a.ncols != b.ncols)
		trial_fail(t, "another number of rows or columns");
	for (size_t i = 0; i < a.rows.n; i++) {
		if (!a.ncols && a.rows.v[i].index != b.rows.v[i].index)
			trial_fail(t, "another row");
		for (size_t k = 0; k < a.ncols; k++)
			if (!slice_eq(a.rows.v[i].cols[k], b.rows.v[i].cols[k]))
				trial_fail(t, "another cell");
	}
	eval_result_release(&a);
	eval_result_release(&b);
}

/* The rows that need no rows around them: a limit or an order changes nothing about them. */
static void check_trial(struct trial *t, size_t *rows)
{
	const struct plan_search *s = &t->p->steps[0].search;

	if (t->text.exact_rows) {
		++*rows;
		check_rows(t);
	} else if (plan_is_grouped(&t->back.plan->steps[0].search)) {
		trial_fail(t, "groups, although rows are to be finished later");
	} else if (!s->sequence && !s->baseline) {
		check_matches(t);
	}
}

/* Every record has a time there, and text is UTF-8. */
static void as_vendors_keep(struct event *ev)
{
	struct event_val *v;

	if (ev->time == MW_TIME_NONE)
		ev->time = INT64_C(1627660800) * MW_SECOND;
	vec_each (v, &ev->vals)
		if (!quote_kql_able(v->value))
			v->value = SLICE("\xE2\x82\xAC");
}

/* The request has it there, not the text. */
static void carry_window(struct trial *t)
{
	t->back.plan->steps[0].search.from = t->p->steps[0].search.from;
	t->back.plan->steps[0].search.to = t->p->steps[0].search.to;
}

static void one_trial(const struct language *l, struct gen *g, size_t *rendered, size_t *rows)
{
	struct arena a = ARENA_INIT;
	struct trial t = {.l = l, .p = gen_plan(g)};
	struct err e;

	t.ev = gen_events(g, &a, EVENTS);
	for (size_t i = 0; i < EVENTS && !l->bytes; i++)
		as_vendors_keep(&t.ev[i]);
	if (!plan_render(l->lang, t.p, 0, &(struct render_target){.table = l->table}, &t.text,
	                 &e)) {
		++*rendered;
		if (l->read((struct slice){t.text.text.s, t.text.text.len}, &t.back, &e))
			trial_fail(&t, e.what);
		if (l->lang == RENDER_LQL || l->lang == RENDER_RQL)
			carry_window(&t);
		check_trial(&t, rows);
		reading_release(&t.back);
	}
	rendered_release(&t.text);
	gen_events_release(t.ev, EVENTS);
	plan_free(t.p);
	arena_release(&a);
}

static void test_round_trip(void **state)
{
	static const struct field *pool[FIELD_MAX];

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(languages); k++) {
		const struct language *l = &languages[k];
		size_t n = fill_pool(l, pool), rendered = 0, rows = 0;
		for (size_t i = 0; i < rounds(); i++) {
			struct gen g;
			gen_init(&g, i * 1009 + k);
			g.no_steps = true;
			g.pool = pool;
			g.npool = n;
			g.scopes = &l->dataset;
			g.nscopes = l->dataset != NULL;
			one_trial(l, &g, &rendered, &rows);
		}
		print_message("%s: %zu plans, %zu rendered, %zu with exact rows\n",
		              render_lang_words[l->lang], rounds(), rendered, rows);
		assert_true(rendered * 10 > rounds() * 9);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_round_trip),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
