/*
 * Public Sigma rules as plans, and from there into every language: the text, read back by the
 * independent readers, finds what the rule finds among events made of the rule's own literals and
 * decoys of them. AQL literals are also compared with the expected outputs of a public converter.
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
#include "plan/sigma.h"

static int setup(void **state)
{
	struct err e;

	(void)state;
	setenv("MW_NOW", "2024-11-04T00:00:00Z", 1);
	return fields_load(&e);
}

/* ---- rules by hand ---- */

#define HEAD "logsource:\n  product: aws\n  service: cloudtrail\ndetection:\n"
#define TAIL "  condition: sel\n"

static void check_rule(const char *yaml, const char *want)
{
	struct err e = {0};
	struct plan *p = sigma_plan(slice_of(yaml), "rule", NULL, &e);
	struct buf b = BUF_INIT;

	if (!p)
		fail_msg("%s\n%s", e.what, yaml);
	plan_paraphrase_node(p->steps[0].search.where, &b);
	assert_string_equal(b.s, want);
	buf_release(&b);
	plan_free(p);
}

static void test_rules(void **state)
{
	(void)state;
	check_rule(HEAD "  sel:\n    eventName: DeleteTrail\n" TAIL,
	           "event_name is \"DeleteTrail\"");
	check_rule(HEAD "  sel:\n    eventName|contains:\n      - 'a*b'\n      - c\n" TAIL,
	           "event_name is like \"*a*b*\" or event_name contains \"c\"");
	check_rule(HEAD "  sel:\n    eventName: 'C:\\\\x\\\\*y\\*z'\n" TAIL,
	           "event_name is like \"C:\\\\x\\\\*y\\*z\"");
	check_rule(HEAD "  sel:\n    errorCode: null\n" TAIL, "error_code is missing");
	check_rule(HEAD
	           "  a:\n    eventName: x\n  b:\n    eventName: y\n  condition: a and not b\n",
	           "event_name is \"x\" and event_name is not \"y\"");
}

static void check_refused(const char *yaml, const char *part)
{
	struct err e = {0};
	struct plan *p = sigma_plan(slice_of(yaml), "rule", NULL, &e);

	assert_null(p);
	if (!strstr(e.what, part))
		fail_msg("%s", e.what);
}

static void test_refused(void **state)
{
	(void)state;
	check_refused(HEAD "  sel:\n    eventName|base64: x\n" TAIL, "rule:6: this modifier");
	check_refused(HEAD "  sel:\n    a: x\n  condition: sel | count() > 5\n",
	              "this part of the condition");
	check_refused(HEAD "  sel:\n    a: x\n  timeframe: 5m\n" TAIL, "time frame");
	check_refused(HEAD "  sel:\n    a: x\n  condition: nobody\n", "names no selection");
	check_refused("title: x\n", "a rule has a detection");
}

/* ---- events of a rule's own literals ---- */

struct literals {
	struct plan_field field[64];
	struct slice value[64];
	size_t n;
};

static void collect(const struct plan_node *n, struct literals *out)
{
	for (size_t i = 0; n->kind == PN_CMP && i < n->nvalues && out->n < ARRAY_LEN(out->value);
	     i++) {
		out->field[out->n] = n->field;
		out->value[out->n++] = n->values[i];
	}
	for (const struct plan_node *k = n->child; k; k = k->next)
		collect(k, out);
}

/* The literal, in other case, with something around it, without its stars, or nothing. */
static struct slice variant(struct gen *g, struct arena *a, struct slice v)
{
	char *copy = arena_memdup(a, v.s, v.n);
	unsigned how = gen_below(g, 8);

	if (how == 0)
		return SLICE("");
	if (how == 1)
		return slice_of(arena_printf(a, "x%.*s", (int)v.n, v.s));
	if (how == 2)
		return slice_of(arena_printf(a, "%.*sx", (int)v.n, v.s));
	for (size_t i = 0; i < v.n; i++) {
		if (how == 3 && copy[i] >= 'a' && copy[i] <= 'z')
			copy[i] = (char)(copy[i] - 32);
		if (how == 4 && strchr("*?%_\\", copy[i]))
			copy[i] = 'q';
	}
	return (struct slice){copy, v.n};
}

static void add_raw(cJSON *o, const char *path, struct slice v)
{
	struct slice rest = slice_of(path), part;
	char name[128] = "";

	while (slice_split(&rest, '.', &part)) {
		if (*name) {
			cJSON *in = json_obj(o, name);
			o = in ? in : json_add_obj(o, name);
		}
		snprintf(name, sizeof(name), "%.*s", (int)part.n, part.s);
	}
	if (!json_get(o, name))
		json_add_slice(o, name, v);
}

static void make_event(struct gen *g, struct arena *a, const struct literals *l,
                       const char *dataset, struct event *ev)
{
	cJSON *raw = cJSON_CreateObject();
	struct buf b = BUF_INIT;

	*ev = (struct event){.time = INT64_C(1730000000) * MW_SECOND, .dataset = dataset};
	for (size_t i = 0; i < l->n; i++) {
		struct slice v = variant(g, a, l->value[i]);
		const struct field *f = l->field[i].f;
		if (gen_chance(g, 30) || !v.n)
			continue;
		if (f && !event_get(ev, f->id).n)
			event_add(ev, f->id, v);
		else if (l->field[i].raw)
			add_raw(raw, l->field[i].raw, v);
		else if (!l->field[i].name)
			add_raw(raw, "message", v);
	}
	json_write(&b, raw);
	ev->raw = (struct slice){arena_memdup(a, b.s, b.len), b.len};
	buf_release(&b);
	cJSON_Delete(raw);
}

static bool matches(const struct plan *p, const struct event *ev)
{
	const struct plan_search *s = &p->steps[0].search;
	struct eval_view v;

	eval_view_of_event(&v, ev);
	return plan_dataset_in(s, ev->dataset) && plan_match(s->where, &v);
}

/* ---- public rules ---- */

static const struct {
	enum render_lang lang;
	read_fn *read;
	enum read_names names;
} languages[] = {{RENDER_SPL, read_spl, NAMES_CIM},   {RENDER_KQL, read_kql, NAMES_SENTINEL},
                 {RENDER_AQL, read_aql, NAMES_AQL},   {RENDER_DSL, read_dsl, NAMES_ECS},
                 {RENDER_CH, read_ch, NAMES_CH},      {RENDER_LQL, read_lql, NAMES_CLOUDTRAIL},
                 {RENDER_SIGMA, read_sigma, NAMES_CH}};
struct score {
	size_t rules, plans, rendered[ARRAY_LEN(languages)], exact[ARRAY_LEN(languages)];
};

/* Of fields that have one name there, the reader knows the first. */
static void first_names(struct plan *p, struct plan_node *n, enum read_names in, const char *table)
{
	const char *there = n->field.f        ? read_name_of(in, table, n->field.f)
	                    : in == NAMES_CIM ? n->field.raw /* it may be a name of CIM too */
	                                      : NULL;

	if (there)
		(void)plan_field_set(p, &n->field, read_field(p, in, table, slice_of(there)));
	for (struct plan_node *k = n->child; k; k = k->next)
		first_names(p, k, in, table);
}

static void compare(size_t k, const struct plan *p, const struct rendered *text,
                    const struct plan *back, uint64_t seed)
{
	const struct plan_search *s = &p->steps[0].search;
	struct literals l = {.n = 0};
	struct gen g;

	collect(s->where, &l);
	gen_init(&g, seed * 1000);
	for (int i = 0; i < 30; i++) {
		struct arena a = ARENA_INIT;
		struct event ev;
		bool want, is;
		make_event(&g, &a, &l, s->ndatasets ? s->datasets[0] : "syslog", &ev);
		want = matches(p, &ev);
		is = matches(back, &ev);
		if (is != want && (want || text->exact_where))
			fail_msg("%s %s:\n%s\n%.*s", render_lang_words[languages[k].lang],
			         want ? "loses an event" : "finds another event", text->text.s,
			         (int)ev.raw.n, ev.raw.s);
		event_release(&ev);
		arena_release(&a);
	}
}

/* Names of raw fields that the language has no word for make the text a superset: never a wrong one. */
static void one_language(size_t k, const struct plan *p, uint64_t seed, struct score *score)
{
	struct rendered text;
	struct reading back;
	struct plan *same;
	struct err e;

	/* Without a dataset one table is asked there, and a note says so. */
	if ((languages[k].lang == RENDER_KQL || languages[k].lang == RENDER_LQL) &&
	    !p->steps[0].search.ndatasets)
		return;
	if (!plan_render(languages[k].lang, p, 0, NULL, &text, &e)) {
		score->rendered[k]++;
		score->exact[k] += text.exact_where;
		if (languages[k].read((struct slice){text.text.s, text.text.len}, &back, &e))
			fail_msg("%s: %s\n%s", render_lang_words[languages[k].lang], e.what,
			         text.text.s);
		same = plan_clone(p);
		first_names(same, same->steps[0].search.where, languages[k].names, back.table);
		compare(k, same, &text, back.plan, seed);
		plan_free(same);
		reading_release(&back);
	}
	rendered_release(&text);
}

static void one_rule(const cJSON *pair, struct score *score)
{
	struct err e = {0};
	struct plan *p = sigma_plan(slice_of(json_str(pair, "query", "")),
	                            json_str(pair, "id", "rule"), NULL, &e);

	score->rules++;
	if (!p) {
		print_message("not a plan: %s\n", e.what);
		return;
	}
	score->plans++;
	for (size_t k = 0; k < ARRAY_LEN(languages); k++)
		one_language(k, p, score->rules, score);
	plan_free(p);
}

/* Calls fn for each line of the shared pairs that is of a language. False where they are not there. */
static bool each_pair(const char *language, void (*fn)(const cJSON *pair, void *ctx), void *ctx)
{
	const char *shared = getenv("MW_SHARED");
	char path[512], *line = NULL;
	size_t cap = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/data/nlq/pairs.jsonl", shared ? shared : "../shared");
	f = fopen(path, "r");
	if (!f) {
		print_message("skipped: no ../shared\n");
		return false;
	}
	while (getline(&line, &cap, f) > 0) {
		struct err e;
		cJSON *pair = json_parse(slice_trim(slice_of(line)), 1u << 20, &e);
		if (pair && !strcmp(json_str(pair, "language", ""), language))
			fn(pair, ctx);
		cJSON_Delete(pair);
	}
	free(line);
	fclose(f);
	return true;
}

static void score_pair(const cJSON *pair, void *score)
{
	one_rule(pair, score);
}

static void test_public_rules(void **state)
{
	struct score score = {0};

	(void)state;
	if (!each_pair("sigma", score_pair, &score))
		return;
	print_message("%zu public Sigma rules, %zu translated\n", score.rules, score.plans);
	for (size_t k = 0; k < ARRAY_LEN(languages); k++)
		print_message("  %s: %zu rendered, %zu of them exactly\n",
		              render_lang_words[languages[k].lang], score.rendered[k],
		              score.exact[k]);
	assert_true(score.plans * 100 >= score.rules * 97);
}

/* ---- literals as a public converter writes them ---- */

struct literal_score {
	size_t rules, literals, same;
};

static void expect_literals(const struct plan_node *n, const char *text, struct literal_score *s)
{
	for (size_t i = 0;
	     n->kind == PN_CMP && n->op != OP_LIKE && n->op != OP_REGEX && i < n->nvalues; i++) {
		struct buf b = BUF_INIT;
		quote_aql_string(&b, n->values[i]);
		s->literals++;
		/* without the quotes around it: the converter puts % there for parts */
		if (!mw_memimem(text, strlen(text), b.s + 1, b.len - 2))
			print_message("not there: %s in %s\n", b.s, text);
		s->same += mw_memimem(text, strlen(text), b.s + 1, b.len - 2) != NULL;
		buf_release(&b);
	}
	for (const struct plan_node *k = n->child; k; k = k->next)
		expect_literals(k, text, s);
}

static void literal_pair(const cJSON *pair, void *ctx)
{
	struct literal_score *s = ctx;
	struct err e;
	struct plan *p =
	        json_str(pair, "sigma", NULL)
	                ? sigma_plan(slice_of(json_str(pair, "sigma", "")), "rule", NULL, &e)
	                : NULL;

	if (!p)
		return;
	s->rules++;
	expect_literals(p->steps[0].search.where, json_str(pair, "query", ""), s);
	plan_free(p);
}

static void test_expected_literals(void **state)
{
	struct literal_score s = {0};

	(void)state;
	if (!each_pair("aql", literal_pair, &s))
		return;
	print_message("AQL: %zu expected outputs, %zu of %zu literals the same\n", s.rules, s.same,
	              s.literals);
	/* Two values of a field that the converter maps to device types are no literals there. */
	assert_true(s.rules > 10 && s.same + 2 >= s.literals);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_rules),
	        cmocka_unit_test(test_refused),
	        cmocka_unit_test(test_public_rules),
	        cmocka_unit_test(test_expected_literals),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
