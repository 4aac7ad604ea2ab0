#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include "base/limits.h"
#include "gen_plan.h"
#include "plan/plan.h"

static int setup(void **state)
{
	struct err e;

	(void)state;
	return fields_load(&e);
}

static struct plan *read_text(const char *text, struct err *e)
{
	cJSON *j = json_parse(slice_of(text), MW_PLAN_JSON_MAX, e);
	struct plan *p;

	assert_non_null(j);
	p = plan_from_json(j, e);
	cJSON_Delete(j);
	return p;
}

static char *text_of(const struct plan *p)
{
	cJSON *j = plan_to_json(p);
	struct buf b = BUF_INIT;

	json_write(&b, j);
	cJSON_Delete(j);
	return buf_take(&b, NULL);
}

static size_t rounds(size_t sample, size_t full)
{
	return getenv("MW_LONG") ? full : sample;
}

/* Written and read again, a plan is the same one; so is its clone; and it always has something to
 * say. */
static void test_round_trip(void **state)
{
	struct gen g;

	(void)state;
	gen_init(&g, 1);
	g.graphs = true;
	for (size_t i = rounds(10000, 200000); i > 0; i--) {
		struct plan *p = gen_plan(&g), *clone = plan_clone(p), *back;
		struct err e = {0};
		char *text = text_of(p), *again;
		struct buf line = BUF_INIT;
		back = read_text(text, &e);
		if (!back)
			gen_fail(e.what, p);
		again = text_of(back);
		assert_string_equal(text, again);
		if (!plan_equal(p, back) || !plan_equal(p, clone))
			gen_fail("not equal to itself", p);
		plan_paraphrase(p, &line);
		assert_true(line.len > 0);
		buf_release(&line);
		free(text);
		free(again);
		plan_free(p);
		plan_free(clone);
		plan_free(back);
	}
}

/* Bytes that JSON has no text for come through. */
static void test_hostile_bytes(void **state)
{
	struct plan *p = plan_new(), *back;
	struct slice bytes = SLICE("a\0\xFF\xED\xA0\x80z");
	struct err e;
	char *text;

	(void)state;
	plan_add_step(p, PS_SEARCH)->search.where = plan_cmp(p, "user", OP_IS_CS, bytes);
	text = text_of(p);
	back = read_text(text, &e);
	assert_non_null(back);
	assert_true(slice_eq(back->steps[0].search.where->values[0], bytes));
	free(text);
	plan_free(p);
	plan_free(back);
}

static void test_equality(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
	        {"{\"all\":[{\"field\":\"user\",\"op\":\"is\",\"value\":\"a\"},{\"op\":\"text\","
	         "\"value\":\"b\"}]}",
	         "{\"all\":[{\"op\":\"text\",\"value\":\"b\"},{\"field\":\"actor.user.name\","
	         "\"op\":\"is\",\"value\":\"a\"}]}",
	         true},
	        {"{\"field\":\"user\",\"op\":\"in\",\"values\":[\"a\",\"b\"]}",
	         "{\"field\":\"user\",\"op\":\"in\",\"values\":[\"b\",\"a\"]}", true},
	        {"{\"field\":\"user\",\"op\":\"is\",\"value\":\"a\"}",
	         "{\"field\":\"user\",\"op\":\"is_cs\",\"value\":\"a\"}", false},
	        {"{\"all\":[]}", "{\"any\":[]}", false},
	        {"{\"field\":\"when\",\"op\":\"exists\"}", "{\"field\":\"time\",\"op\":\"exists\"}",
	         true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[2][512];
		struct err e;
		struct plan *a, *b;
		snprintf(text[0], sizeof(text[0]), "{\"steps\":[{\"where\":%s}]}", rows[i].a);
		snprintf(text[1], sizeof(text[1]), "{\"steps\":[{\"where\":%s}]}", rows[i].b);
		a = read_text(text[0], &e);
		b = read_text(text[1], &e);
		assert_non_null(a);
		assert_non_null(b);
		if (plan_equal(a, b) != rows[i].same)
			fail_msg("row %zu", i);
		plan_free(a);
		plan_free(b);
	}
}

/* Each mistake is refused with its place and a hint. */
static void test_errors(void **state)
{
	static const struct {
		const char *json, *says[2];
	} rows[] = {
	        {"{\"steps\":[]}", {"steps: a plan has 1 to"}},
	        {"{\"step\":[]}", {"unknown key \"step\"", "did you mean \"steps\""}},
	        {"{\"steps\":[{\"kind\":\"serch\"}]}",
	         {"steps[0].kind", "did you mean \"search\""}},
	        {"{\"steps\":[{\"whre\":{}}]}", {"steps[0]", "did you mean \"where\""}},
	        {"{\"steps\":[{\"where\":{\"field\":\"usr\",\"op\":\"is\",\"value\":\"a\"}}]}",
	         {"steps[0].where.field", "did you mean \"user\""}},
	        {"{\"steps\":[{\"where\":{\"all\":[{\"op\":\"text\",\"value\":\"a\"},{\"field\":"
	         "\"user\",\"op\":\"iss\",\"value\":\"a\"}]}}]}",
	         {"steps[0].where.all[1].op", "did you mean \"is\""}},
	        {"{\"steps\":[{\"where\":{\"field\":\"user\",\"op\":\"is\"}}]}",
	         {"steps[0].where", "a value is missing"}},
	        {"{\"steps\":[{\"where\":{\"field\":\"user\",\"op\":\"is\",\"value\":\"\"}}]}",
	         {"steps[0].where.value", "empty text"}},
	        {"{\"steps\":[{\"where\":{\"field\":\"user\",\"op\":\"is\",\"value\":null}}]}",
	         {"steps[0].where.value"}},
	        {"{\"steps\":[{\"where\":{\"field\":\"user\",\"op\":\"is\",\"value\":1.5}}]}",
	         {"written as text"}},
	        {"{\"steps\":[{\"where\":{\"field\":\"user\",\"op\":\"regex\",\"value\":\"(a)"
	         "\\\\1\"}}]}",
	         {"where.value", "back-reference"}},
	        {"{\"steps\":[{\"where\":{\"field\":\"src_ip\",\"op\":\"cidr\",\"value\":\"10.0.0."
	         "0/33\"}}]}",
	         {"where.value", "prefix length"}},
	        {"{\"steps\":[{\"where\":{\"field\":\"raw:\",\"op\":\"exists\"}}]}",
	         {"where.field"}},
	        {"{\"steps\":[{\"where\":{\"not\":{\"op\":\"text\",\"value\":\"a\",\"field\":"
	         "\"user\"}}}]}",
	         {"where.not.field"}},
	        {"{\"steps\":[{\"from\":\"2021-07-30T16:00:00Z\",\"to\":\"2021-07-30T16:00:00Z\"}]"
	         "}",
	         {"steps[0].to", "before it begins"}},
	        {"{\"steps\":[{\"from\":\"yesterday\"}]}", {"steps[0].from", "a time is wanted"}},
	        {"{\"steps\":[{\"from\":{\"step\":0}}]}", {"steps[0].from.step", "not one before"}},
	        {"{\"steps\":[{\"where\":{\"field\":\"user\",\"op\":\"in\",\"from_step\":1,"
	         "\"column\":\"user\"}},{}]}",
	         {"from_step"}},
	        {"{\"steps\":[{},{\"where\":{\"field\":\"user\",\"op\":\"in\",\"from_step\":0,"
	         "\"column\":\"usre\"}}]}",
	         {"steps[1].where.column"}},
	        {"{\"steps\":[{},{\"where\":{\"same_row\":[{\"field\":\"user\",\"op\":\"in\","
	         "\"from_step\":0,\"column\":\"user\"}]}}]}",
	         {"steps[1].where.same_row", "2 to 8 columns"}},
	        {"{\"steps\":[{},{\"where\":{\"same_row\":[{\"field\":\"user\",\"op\":\"in\","
	         "\"from_step\":0,\"column\":\"user\"},{\"field\":\"src_ip\",\"op\":\"is\","
	         "\"value\":\"10.0.0.1\"}]}}]}",
	         {"same_row takes comparisons with columns of one earlier step"}},
	        {"{\"steps\":[{\"stats\":[{\"fn\":\"sum\"}]}]}", {"steps[0].stats[0].field"}},
	        {"{\"steps\":[{\"stats\":[{\"fn\":\"count\"},{\"fn\":\"count\"}]}]}",
	         {"two columns"}},
	        {"{\"steps\":[{\"stats\":[{\"fn\":\"count\"}],\"having\":{\"field\":\"cuont\","
	         "\"op\":\"ge\",\"value\":5}}]}",
	         {"having.field", "count"}},
	        {"{\"steps\":[{\"having\":{\"field\":\"count\",\"op\":\"ge\",\"value\":5}}]}",
	         {"steps[0].having", "stats"}},
	        {"{\"steps\":[{\"limit\":100000000}]}", {"steps[0].limit"}},
	        {"{\"steps\":[{\"limit\":\"5\"}]}", {"steps[0].limit", "whole number"}},
	        {"{\"steps\":[{\"sequence\":{\"stages\":[{\"op\":\"text\",\"value\":\"a\"}]}}]}",
	         {"sequence.stages"}},
	        {"{\"steps\":[{\"kind\":\"graph\",\"fn\":\"shortest\"}]}", {"steps[0].goal"}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = {0};
		struct plan *p = read_text(rows[i].json, &e);
		if (p)
			fail_msg("taken: %s", rows[i].json);
		for (size_t k = 0; k < 2 && rows[i].says[k]; k++)
			if (!strstr(e.what, rows[i].says[k]))
				fail_msg("%s\nsays: %s\nnot: %s", rows[i].json, e.what,
				         rows[i].says[k]);
	}
}

static void test_too_deep(void **state)
{
	struct plan *p = plan_new();
	struct plan_node *n = plan_cmp(p, "user", OP_EXISTS, (struct slice){NULL, 0});
	struct err e;

	(void)state;
	for (int i = 0; i < MW_PLAN_DEPTH_MAX; i++) {
		struct plan_node *outer = plan_group(p, PN_NOT);
		plan_group_add(outer, n);
		n = outer;
	}
	plan_add_step(p, PS_SEARCH)->search.where = n;
	assert_int_equal(plan_validate(p, &e), -1);
	assert_non_null(strstr(e.what, "nested deeper"));
	p->steps[0].search.where = n->child;
	assert_int_equal(plan_validate(p, &e), 0);
	plan_free(p);
}

static void test_paraphrase(void **state)
{
	static const struct {
		const char *json, *line;
	} rows[] = {
	        {"{\"steps\":[{}]}", "all events"},
	        {"{\"steps\":[{\"datasets\":[\"cloudtrail\"],\"from\":\"2021-07-30T16:00:00Z\","
	         "\"where\":{\"all\":[{\"field\":\"user\",\"op\":\"is\","
	         "\"value\":\"bob\"},{\"not\":{\"field\":\"raw:a.b\",\"op\":\"exists\"}}]},"
	         "\"stats\":[{\"fn\":\"count\"}],\"by\":[\"user\"],"
	         "\"limit\":10}]}",
	         "count of cloudtrail events by user, since 2021-07-30T16:00:00Z, where user is "
	         "\"bob\" and a.b is missing, at most 10"},
	        {"{\"steps\":[{\"where\":{\"op\":\"text\",\"value\":\"x\"}},{\"from\":{\"step\":0,"
	         "\"at\":\"first\",\"offset\":\"-30m\"},"
	         "\"where\":{\"field\":\"user\",\"op\":\"in\",\"from_step\":0,\"column\":\"user\"}}"
	         "]}",
	         "1. all events, where the record contains \"x\"; 2. all events, since 30m before "
	         "the first event of step 1, where "
	         "user is one of a user of step 1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = {0};
		struct plan *p = read_text(rows[i].json, &e);
		struct buf b = BUF_INIT;
		if (!p)
			fail_msg("%s", e.what);
		plan_paraphrase(p, &b);
		assert_string_equal(b.s, rows[i].line);
		buf_release(&b);
		plan_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_hostile_bytes),
	        cmocka_unit_test(test_equality),   cmocka_unit_test(test_errors),
	        cmocka_unit_test(test_too_deep),   cmocka_unit_test(test_paraphrase),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
