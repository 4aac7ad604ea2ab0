/*
 * The CNAPP languages say what a graph step means: rendered text is read back (tests/readers) into a
 * pattern that holds for at least the same chains of nodes, and for no others where the text is
 * exact. MW_LONG: 100,000 plans a language.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include "../readers/readers.h"
#include "gen_plan.h"
#include "plan/eval.h"
#include "plan/render.h"

static int setup(void **state)
{
	struct err e;

	(void)state;
	return fields_load(&e);
}

static size_t rounds(void)
{
	return getenv("MW_LONG") ? 100000 : 2000;
}

/* ---- nodes and patterns ---- */

static const char *const types[] = {"account", "instance", "bucket", "role",    "user",
                                    "vm",      "function", "trail",  "resource"};
static const char *const edges[] = {"contains", "runs_as", "can", "uses", "exposes", "forwards_to"};
static const char *const props[] = {"id", "name", "region", "account", "tags.env", "props.x"};
#define PICK(g, pool) ((pool)[gen_below((g), (unsigned)ARRAY_LEN(pool))])

struct node {
	const char *type;
	struct slice value[ARRAY_LEN(props)];
};

static struct slice some_value(struct gen *g)
{
	static const struct slice pool[] = {{"prod-web", 8},      {"PROD-WEB", 8},  {"i-0abc", 6},
	                                    {"123456789012", 12}, {"us-east-1", 9}, {"logs", 4}};

	return gen_chance(g, 70) ? PICK(g, pool) : gen_value(g, FT_STRING);
}

static void node_values(void *ctx, const struct plan_field *f, bool (*fn)(void *, struct slice),
                        void *fn_ctx)
{
	const struct node *n = ctx;

	for (size_t i = 0; i < ARRAY_LEN(props); i++)
		if (!strcmp(f->name, props[i]) && n->value[i].n)
			(void)fn(fn_ctx, n->value[i]);
}

/* Words of the platforms that stand for two of ours. */
static const char *kind(const char *type)
{
	return !strcmp(type, "vm") ? "instance" : type;
}

static bool node_fits(const char *type, const struct plan_node *where, const struct node *n)
{
	struct eval_view v = {
	        .ctx = (void *)(uintptr_t)n, .values = node_values, .time = MW_TIME_NONE};

	return (!type || !strcmp(kind(type), kind(n->type))) && plan_match(where, &v);
}

/* A pattern without hops is over the last node of the chain. */
static bool fits(const struct plan_graph *g, const struct node *chain, size_t n)
{
	bool ok = node_fits(g->start_type, g->start, &chain[g->nhops ? 0 : n - 1]);

	for (size_t i = 0; i < g->nhops; i++)
		ok = ok && node_fits(g->hops[i].to_type, g->hops[i].where, &chain[i + 1]);
	return ok;
}

/* ---- plans ---- */

static struct plan_node *some_cmp(struct gen *g, struct plan *p)
{
	static const enum plan_op ops[] = {OP_IS,       OP_IS,   OP_IN,     OP_IS_CS,
	                                   OP_CONTAINS, OP_ENDS, OP_STARTS, OP_EXISTS};
	struct plan_node *n = plan_group(p, PN_CMP);

	n->op = PICK(g, ops);
	n->field.name = arena_strdup(&p->arena, PICK(g, props));
	for (unsigned i = n->op == OP_EXISTS ? 0 : n->op == OP_IN ? 3 : 1; i > 0; i--)
		plan_cmp_value(p, n, some_value(g));
	return n;
}

static struct plan_node *some_where(struct gen *g, struct plan *p, int depth)
{
	struct plan_node *n;

	if (depth == 0 || gen_chance(g, 50))
		return some_cmp(g, p);
	n = plan_group(p, gen_chance(g, 60) ? PN_ALL : gen_chance(g, 50) ? PN_ANY : PN_NOT);
	for (unsigned k = n->kind == PN_NOT ? 1 : 1 + gen_below(g, 3); k > 0; k--)
		plan_group_add(n, some_where(g, p, depth - 1));
	return n;
}

static struct plan *some_plan(struct gen *g)
{
	struct plan *p = plan_new();
	struct plan_graph *q = &plan_add_step(p, PS_GRAPH)->graph;
	bool account = gen_chance(g, 40);
	struct err e;

	q->use_from = q->use_to = MW_TIME_NONE;
	q->nhops = account ? 1 : gen_below(g, 3);
	q->hops = arena_zalloc(&p->arena, 3 * sizeof(*q->hops));
	q->start_type = account             ? arena_strdup(&p->arena, "account")
	                : gen_chance(g, 80) ? arena_strdup(&p->arena, PICK(g, types))
	                                    : NULL;
	q->start = gen_chance(g, 80) ? some_where(g, p, 2) : NULL;
	for (size_t i = 0; i < q->nhops; i++)
		q->hops[i] = (struct plan_hop){
		        .edge = account             ? arena_strdup(&p->arena, "contains")
		                : gen_chance(g, 80) ? arena_strdup(&p->arena, PICK(g, edges))
		                                    : NULL,
		        .dir = account ? HOP_OUT : (enum plan_dir)gen_below(g, 3),
		        .min = 1,
		        .max = 1,
		        .to_type =
		                gen_chance(g, 80) ? arena_strdup(&p->arena, PICK(g, types)) : NULL,
		        .where = gen_chance(g, 60) ? some_where(g, p, 2) : NULL};
	q->return_paths = gen_chance(g, 30);
	p->show = SHOW_GRAPH;
	if (plan_validate(p, &e))
		gen_fail(e.what, p);
	return p;
}

/* What an account contains is in it. */
static void some_chain(struct gen *g, const struct plan_graph *q, struct node *chain, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *type = i ? q->hops[i - 1].to_type : q->start_type;
		/* Whatever a platform has is in an account. */
		bool keep = type && (!strcmp(type, "account") || gen_chance(g, 90));
		chain[i].type = keep ? type : PICK(g, types);
		for (size_t k = 0; k < ARRAY_LEN(props); k++)
			chain[i].value[k] = gen_chance(g, 75) ? some_value(g) : SLICE("");
		if (i && !strcmp(chain[i - 1].type, "account"))
			chain[i].value[3] = chain[i - 1].value[0];
	}
	if (!strcmp(chain[0].type, "account"))
		chain[0].value[3] = chain[0].value[0];
}

/* ---- the check ---- */

static const struct {
	enum render_lang lang;
	read_fn *read;
	bool walks; /* relations are part of the text */
} languages[] = {{RENDER_WIZ, read_wiz, true},
                 {RENDER_RQL, read_rql, true},
                 {RENDER_ORCA, read_orca, true},
                 {RENDER_LQL, read_lql, false}};

static void trial_fail(const struct plan *p, const struct rendered *text, const struct plan *back,
                       const char *what)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	cJSON *j = plan_to_json(p), *k = back ? plan_to_json(back) : NULL;

	json_write(&a, j);
	if (k)
		json_write(&b, k);
	fail_msg("%s\n--- plan\n%s\n--- text\n%s\n--- read back\n%s", what, a.s, text->text.s, b.s);
}

static bool same_edge(const char *a, const char *b)
{
	return a == b ||
	       (a && b &&
	        (!strcmp(a, b) || (!strcmp(a, "forwards_to") && !strcmp(b, "routes_to"))));
}

static void check_walk(const struct plan *p, const struct rendered *text, const struct plan *back)
{
	const struct plan_graph *a = &p->steps[0].graph, *b = &back->steps[0].graph;

	if (a->nhops != b->nhops)
		trial_fail(p, text, back, "another number of hops");
	for (size_t i = 0; i < a->nhops; i++)
		if (!same_edge(a->hops[i].edge, b->hops[i].edge) ||
		    a->hops[i].dir != b->hops[i].dir)
			trial_fail(p, text, back, "another relation");
}

static void check_chains(struct gen *g, const struct plan *p, const struct rendered *text,
                         const struct plan *back)
{
	const struct plan_graph *q = &p->steps[0].graph;
	struct node chain[4];

	for (int i = 0; i < 20; i++) {
		bool want, is;
		some_chain(g, q, chain, q->nhops + 1);
		want = fits(q, chain, q->nhops + 1);
		is = fits(&back->steps[0].graph, chain, q->nhops + 1);
		if (is != want && (want || text->exact_where))
			trial_fail(p, text, back, want ? "a chain is lost" : "a chain too many");
	}
}

static void test_graph_round_trip(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(languages); k++) {
		size_t rendered = 0, exact = 0;
		for (size_t i = 0; i < rounds(); i++) {
			struct rendered text;
			struct reading back = {0};
			struct gen g;
			struct plan *p;
			struct err e;
			gen_init(&g, i * 1013 + k);
			p = some_plan(&g);
			if (!plan_render(languages[k].lang, p, 0, NULL, &text, &e)) {
				rendered++;
				exact += text.exact_where;
				if (languages[k].read((struct slice){text.text.s, text.text.len},
				                      &back, &e))
					trial_fail(p, &text, NULL, e.what);
				if (languages[k].walks)
					check_walk(p, &text, back.plan);
				check_chains(&g, p, &text, back.plan);
				reading_release(&back);
			}
			rendered_release(&text);
			plan_free(p);
		}
		print_message("%s: %zu patterns, %zu rendered, %zu exact\n",
		              render_lang_words[languages[k].lang], rounds(), rendered, exact);
		assert_true(rendered > rounds() / 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_graph_round_trip),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
