/*
 * The traps of query languages that others fell into, each in every language: a text is rendered,
 * read back by the independent reader, and has to find what the plan finds among the value itself
 * and its decoys. Where the language cannot say it exactly, it finds at least that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>
#include <cmocka.h>
#include "../readers/readers.h"
#include "base/limits.h"
#include "plan/eval.h"
#include "plan/render.h"

static int setup(void **state)
{
	struct err e;

	(void)state;
	setenv("MW_NOW", "2024-11-04T00:00:00Z", 1);
	return fields_load(&e);
}

/* A text field and an address that every language has a name for, in a dataset that it has. */
struct language {
	enum render_lang lang;
	read_fn *read;
	const char *dataset;
};
static const struct language languages[] = {
        {RENDER_SPL, read_spl, "cloudtrail"}, {RENDER_KQL, read_kql, "cloudtrail"},
        {RENDER_AQL, read_aql, NULL},         {RENDER_DSL, read_dsl, NULL},
        {RENDER_CH, read_ch, "cloudtrail"},   {RENDER_LQL, read_lql, "cloudtrail"},
        {RENDER_RQL, read_rql, "cloudtrail"},
};
#define TEXT_FIELD "actor.user.name"
#define IP_FIELD "src_endpoint.ip"

static struct plan *new_plan(const struct language *l)
{
	struct plan *p = plan_new();
	struct plan_search *s = &plan_add_step(p, PS_SEARCH)->search;

	if (l->dataset) {
		s->ndatasets = 1;
		s->datasets = arena_zalloc(&p->arena, sizeof(char *));
		s->datasets[0] = arena_strdup(&p->arena, l->dataset);
	}
	return p;
}

/* What was asked and what came back, as one message. */
static void trap_fail(const struct language *l, const char *text, const char *what, struct slice v)
{
	fail_msg("%s: %s \"%.*s\"\n%.600s", render_lang_words[l->lang], what, (int)v.n, v.s, text);
}

static bool finds(const struct plan *p, const char *field, struct slice value)
{
	const struct plan_search *s = &p->steps[0].search;
	struct event ev = {.time = INT64_C(1717977600) * MW_SECOND, .dataset = "cloudtrail"};
	struct eval_view v;
	bool hit;

	event_add(&ev, field_find(slice_of(field))->id, value);
	eval_view_of_event(&v, &ev);
	hit = plan_dataset_in(s, ev.dataset) && plan_match(s->where, &v);
	event_release(&ev);
	return hit;
}

/* Renders p, reads it back, and compares both on each decoy. Takes p. */
static void check(const struct language *l, struct plan *p, const char *field,
                  const struct slice *decoys, size_t n)
{
	struct rendered text;
	struct reading back;
	struct err e;

	if (plan_render(l->lang, p, 0, NULL, &text, &e))
		fail_msg("%s: %s", render_lang_words[l->lang], e.what);
	if (l->read((struct slice){text.text.s, text.text.len}, &back, &e))
		fail_msg("%s: %s\n%.600s", render_lang_words[l->lang], e.what, text.text.s);
	for (size_t i = 0; i < n; i++) {
		bool want = finds(p, field, decoys[i]), is = finds(back.plan, field, decoys[i]);
		if (is != want && (want || text.exact_where))
			trap_fail(l, text.text.s, want ? "loses" : "also finds", decoys[i]);
	}
	reading_release(&back);
	rendered_release(&text);
	plan_free(p);
}

#define S(lit)                       \
	{                            \
		lit, sizeof(lit) - 1 \
	}
/* Literals, each with what it must not find where somebody takes it for a pattern, a quote or an operator. */
static const struct {
	struct slice value, decoys[4];
} literals[] = {
        {S("*"), {S("anything"), S("**")}},
        {S("?"), {S("x"), S("xy")}},
        {S("a*b"), {S("ab"), S("axxb")}},
        {S("a?b"), {S("axb"), S("ab")}},
        {S("%"), {S("anything")}},
        {S("100%"), {S("1000"), S("100 per cent")}},
        {S("a_b"), {S("axb"), S("a\\_b")}},
        {S("'"), {S("''"), S("\"")}},
        {S("\""), {S("\\\""), S("'")}},
        {S("`"), {S("'")}},
        {S("St. John's"), {S("St. John''s"), S("StX John's"), S("St. John\\'s")}},
        {S("say \"hi\""), {S("say hi"), S("say \\\"hi\\\"")}},
        {S("\\"), {S("\\\\"), S("")}},
        {S("C:\\Windows\\System32\\cmd.exe"),
         {S("C:\\\\Windows\\\\System32\\\\cmd.exe"), S("C:WindowsSystem32cmd.exe"),
          S("C:\\Windows\\System32\\cmdXexe")}},
        {S("\\\\host\\share\\"), {S("\\host\\share\\"), S("\\\\host\\share")}},
        {S("C:\\new\\table"), {S("C:\new\table")}},
        {S("a\nb"), {S("a b"), S("anb"), S("a\\nb")}},
        {S("a\tb"), {S("a b"), S("a\\tb")}},
        {S("a\rb"), {S("ab")}},
        {S("a\0b"), {S("a"), S("ab")}},
        {S("\x1b[31mred"), {S("red"), S("[31mred")}},
        {S("caf\xC3\xA9"), {S("cafe"), S("caf\\u00e9")}},
        {S("\xE2\x80\xAEgnp.exe"), {S("gnp.exe")}},
        {S("\xF0\x9F\x92\xA9"), {S("?"), S("????")}},
        {S("NOT"), {S("")}},
        {S("OR"), {S("x")}},
        {S("a OR b"), {S("a"), S("b")}},
        {S("a AND b"), {S("a b"), S("b")}},
        {S("| delete"), {S("delete")}},
        {S("x=1"), {S("x"), S("1")}},
        {S("null"), {S("")}},
        {S("true"), {S("1")}},
        {S("-1"), {S("1")}},
        {S("007"), {S("7"), S("7.0")}},
        {S("1e3"), {S("1000")}},
        {S("' OR '1'='1"), {S("x"), S("1")}},
        {S("\") | delete //"), {S("x")}},
        {S("x' --"), {S("x")}},
        {S("[search index=secret]"), {S("secret")}},
        {S("$user$"), {S("user")}},
        {S("{{x}}"), {S("x")}},
        {S("10.0.0.0/8"), {S("10.1.2.3"), S("10.0.0.0")}},
        {S(".*"), {S("anything")}},
        {S("^$"), {S("")}},
        {S(" lead"), {S("lead")}},
        {S("trail "), {S("trail")}},
        {S("search"), {S("x")}},
};

static void check_literal(const struct language *l, enum plan_op op, bool not, size_t i)
{
	struct plan *p = new_plan(l);
	struct plan_node *n = plan_cmp(p, TEXT_FIELD, op, literals[i].value), *outer = n;
	struct slice decoys[6] = {literals[i].value};
	size_t k = 0;

	for (; k < 4 && literals[i].decoys[k].s; k++)
		decoys[k + 1] = literals[i].decoys[k];
	decoys[++k] = SLICE("unrelated");
	if (not ) {
		outer = plan_group(p, PN_NOT);
		plan_group_add(outer, n);
	}
	p->steps[0].search.where = outer;
	check(l, p, TEXT_FIELD, decoys, k + 1);
}

static void test_literals(void **state)
{
	static const enum plan_op ops[] = {OP_IS, OP_IS_CS, OP_CONTAINS, OP_STARTS, OP_ENDS};

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(languages); k++)
		for (size_t i = 0; i < ARRAY_LEN(literals); i++)
			for (size_t o = 0; o < ARRAY_LEN(ops); o++) {
				check_literal(&languages[k], ops[o], false, i);
				check_literal(&languages[k], ops[o], true, i);
			}
}

/* A pattern's own quotes: only what is bare is wild. */
static void test_like(void **state)
{
	static const struct slice patterns[] = {S("a\\*b*"),     S("*\\?"),   S("a_b%*"),
	                                        S("\\\\*\\\\x"), S("*it's*"), S("a\"*\"b"),
	                                        S("??"),         S("*")},
	                          decoys[] = {S("a*bcd"),  S("axxbcd"),      S("what?"),
	                                      S("whatx"),  S("a_b%zz"),      S("axbzz"),
	                                      S("\\q\\x"), S("say it's so"), S("a\"1\"b"),
	                                      S("xy"),     S("\xC3\xA9"),    S("xyz"),
	                                      S("")};

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(languages); k++)
		for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
			struct plan *p = new_plan(&languages[k]);
			p->steps[0].search.where = plan_cmp(p, TEXT_FIELD, OP_LIKE, patterns[i]);
			check(&languages[k], p, TEXT_FIELD, decoys, ARRAY_LEN(decoys));
		}
}

/* regex tells case apart unless it says otherwise; is does not, is_cs does. */
static void test_case(void **state)
{
	static const struct {
		enum plan_op op;
		const char *value;
	} rows[] = {{OP_REGEX, "^adm"}, {OP_REGEX, "(?i)^adm"}, {OP_REGEX, "a.c"}, {OP_REGEX, "x*"},
	            {OP_IS, "Admin"},   {OP_IS_CS, "Admin"},    {OP_STARTS, "ADM"}};
	static const struct slice decoys[] = {S("Admin"),
	                                      S("admin"),
	                                      S("ADMIN"),
	                                      S("abc"),
	                                      S("a\xC3\xA9"
	                                        "c"),
	                                      S("")};

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(languages); k++)
		for (size_t i = 0; i < ARRAY_LEN(rows) * 2; i++) {
			struct plan *p = new_plan(&languages[k]);
			struct plan_node *n = plan_cmp(p, TEXT_FIELD, rows[i / 2].op,
			                               slice_of(rows[i / 2].value)),
			                 *not = plan_group(p, PN_NOT);
			if (i % 2)
				plan_group_add(not, n);
			p->steps[0].search.where = i % 2 ? not : n;
			check(&languages[k], p, TEXT_FIELD, decoys, ARRAY_LEN(decoys));
		}
}

/* A block is what is in it, an address as text is that text alone; v4 within v6; no address at all. */
static void test_cidr(void **state)
{
	static const struct {
		enum plan_op op;
		const char *value;
	} rows[] = {{OP_CIDR, "10.0.0.0/8"},    {OP_CIDR, "::/0"},   {OP_CIDR, "0.0.0.0/0"},
	            {OP_CIDR, "2001:db8::/32"}, {OP_IS, "10.0.0.1"}, {OP_STARTS, "10."}};
	static const struct slice decoys[] = {
	        S("10.0.0.1"),          S("10.1.2.3"),     S("110.0.0.1"),
	        S("::ffff:10.0.0.1"),   S("2001:db8::1"),  S("2001:DB8::1"),
	        S("ec2.amazonaws.com"), S("10.0.0.1:443"), S("")};

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(languages); k++)
		for (size_t i = 0; i < ARRAY_LEN(rows) * 2; i++) {
			struct plan *p = new_plan(&languages[k]);
			struct plan_node *n = plan_cmp(p, IP_FIELD, rows[i / 2].op,
			                               slice_of(rows[i / 2].value)),
			                 *not = plan_group(p, PN_NOT);
			if (i % 2)
				plan_group_add(not, n);
			p->steps[0].search.where = i % 2 ? not : n;
			check(&languages[k], p, IP_FIELD, decoys, ARRAY_LEN(decoys));
		}
}

/* Not equal, and not there: NOT holds for a record without the field, in every logic. */
static void test_missing(void **state)
{
	static const struct slice decoys[] = {S(""), S("root"), S("x")};

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(languages); k++)
		for (int i = 0; i < 4; i++) {
			struct plan *p = new_plan(&languages[k]);
			struct plan_node *n = plan_cmp(p, TEXT_FIELD, i < 2 ? OP_IS : OP_EXISTS,
			                               SLICE("root")),
			                 *not = plan_group(p, PN_NOT);
			n->nvalues = i < 2 ? 1 : 0;
			if (i % 2)
				plan_group_add(not, n);
			p->steps[0].search.where = i % 2 ? not : n;
			check(&languages[k], p, TEXT_FIELD, decoys, ARRAY_LEN(decoys));
		}
}

/* AND of OR, OR of AND: what binds tighter differs from language to language. */
static void test_precedence(void **state)
{
	static const struct slice decoys[] = {S("a1"), S("a2"), S("b1"), S("b2"), S("c"), S("")};

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(languages); k++)
		for (int i = 0; i < 2; i++) {
			struct plan *p = new_plan(&languages[k]);
			struct plan_node *outer = plan_group(p, i ? PN_ALL : PN_ANY),
			                 *left = plan_group(p, i ? PN_ANY : PN_ALL);
			plan_group_add(left, plan_cmp(p, TEXT_FIELD, OP_IS, SLICE("a1")));
			plan_group_add(left,
			               plan_cmp(p, TEXT_FIELD, i ? OP_IS : OP_EXISTS, SLICE("b1")));
			if (!i)
				left->child->next->nvalues = 0;
			plan_group_add(outer, left);
			plan_group_add(outer, plan_cmp(p, TEXT_FIELD, OP_IS, SLICE("b1")));
			p->steps[0].search.where = outer;
			check(&languages[k], p, TEXT_FIELD, decoys, ARRAY_LEN(decoys));
		}
}

/* 10,000 values: the list is written in full or the whole condition is left for afterwards. */
static void test_long_list(void **state)
{
	static const struct slice decoys[] = {S("u0"), S("u9999"), S("u10000"), S("")};

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(languages); k++) {
		struct plan *p = new_plan(&languages[k]);
		struct plan_node *n = plan_cmp(p, TEXT_FIELD, OP_IN, SLICE("u0"));
		for (int i = 1; i < 10000; i++)
			plan_cmp_value(p, n, slice_of(arena_printf(&p->arena, "u%d", i)));
		p->steps[0].search.where = n;
		check(&languages[k], p, TEXT_FIELD, decoys, ARRAY_LEN(decoys));
	}
}

static char *render_window(const struct language *l, const char *from, const char *to)
{
	struct plan *p = new_plan(l);
	struct plan_search *s = &p->steps[0].search;
	struct rendered text;
	struct err e;
	char *out;

	s->from.kind = s->to.kind = PW_ABS;
	assert_true(mw_time_parse(slice_of(from), &s->from.t));
	assert_true(mw_time_parse(slice_of(to), &s->to.t));
	if (plan_render(l->lang, p, 0, NULL, &text, &e))
		fail_msg("%s", e.what);
	out = xstrdup(text.text.s);
	rendered_release(&text);
	plan_free(p);
	return out;
}

/* The night in which Berlin's clocks go back: the text is the same in any zone, and means these instants. */
static void test_zones(void **state)
{
	static const char *const zones[] = {"UTC", "Europe/Berlin", "America/New_York",
	                                    "Asia/Kolkata"};
	const char *from = "2024-10-27T00:30:00Z", *to = "2024-10-27T02:30:00+01:00";

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(languages); k++) {
		const struct language *l = &languages[k];
		char *first = render_window(l, from, to);
		struct reading back;
		struct err e;
		for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
			char *again;
			setenv("TZ", zones[i], 1);
			tzset();
			again = render_window(l, from, to);
			assert_string_equal(first, again);
			free(again);
		}
		if (l->lang != RENDER_LQL && l->lang != RENDER_RQL) { /* the request has it there */
			mw_time a, b;
			const struct plan_search *s;
			bool event_in, event_out;
			assert_true(mw_time_parse(slice_of("2024-10-27T00:45:00Z"), &a));
			assert_true(mw_time_parse(slice_of("2024-10-27T01:45:00Z"), &b));
			if (l->read(slice_of(first), &back, &e))
				fail_msg("%s", e.what);
			s = &back.plan->steps[0].search;
			for (int which = 0; which < 2; which++) {
				struct event ev = {.time = which ? b : a, .dataset = "cloudtrail"};
				struct eval_view v;
				eval_view_of_event(&v, &ev);
				*(which ? &event_out : &event_in) =
				        plan_time_in(s, ev.time) && plan_match(s->where, &v);
			}
			if (!event_in || event_out)
				trap_fail(l, first, "another window than", slice_of(from));
			reading_release(&back);
		}
		free(first);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_literals),  cmocka_unit_test(test_like),
	        cmocka_unit_test(test_case),      cmocka_unit_test(test_cidr),
	        cmocka_unit_test(test_missing),   cmocka_unit_test(test_precedence),
	        cmocka_unit_test(test_long_list), cmocka_unit_test(test_zones),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
