/*
 * The plan as a form: each line changes one leaf of the plan, and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "view/plan_form.h"

static const char plan_text[] = "{\"steps\":[{\"kind\":\"search\",\"source\":\"lake\",\"from\":"
                                "\"2026-01-01T00:00:00Z\",\"where\":{\"all\":[{"
                                "\"field\":\"actor.user.name\",\"op\":\"in\",\"values\":[\"ana\","
                                "\"bob\"]},{\"not\":{\"field\":\"src_endpoint.port\","
                                "\"op\":\"is\",\"value\":443}}]},\"limit\":100}]}";

struct form {
	struct view v;
	cJSON *plan;
};

static void build(struct form *f)
{
	doc_reset(&f->v.doc, 80);
	plan_form_add(&f->v, f->plan);
}

/* The line that shows `text`, changed to `to`; the plan as it is then. */
static const char *change(struct form *f, const char *text, const char *to)
{
	static char *json;
	struct doc_line *l;
	struct err e = {0};

	build(f);
	vec_each (l, &f->v.doc.lines)
		if (strstr(l->text, text) && l->kind)
			break;
	assert_true(l < f->v.doc.lines.v + f->v.doc.lines.n);
	if (!plan_form_set(f->plan, l->ref, (enum form_kind)l->kind, to, &e))
		return strstr(e.what, "field op value") ? "refused" : "some other error";
	free(json);
	json = cJSON_PrintUnformatted(
	        json_get(cJSON_GetArrayItem(json_arr(f->plan, "steps"), 0), "where"));
	return json ? json : "none";
}

static void each_line_changes_its_leaf(void **state)
{
	struct form f = {.plan = cJSON_Parse(plan_text)};
	const cJSON *step = cJSON_GetArrayItem(json_arr(f.plan, "steps"), 0);
	struct buf b = BUF_INIT;

	(void)state;
	build(&f);
	for (size_t i = 0; i < f.v.doc.lines.n; i++)
		if (f.v.doc.lines.v[i].kind == FORM_CONDITION && !b.len)
			plan_form_text(&f.v.doc.lines.v[i], &b);
	assert_string_equal(b.s, "actor.user.name in ana, bob");
	buf_release(&b);
	assert_string_equal(change(&f, "actor.user.name", "actor.user.name in ana, eve"),
	                    "{\"all\":[{\"field\":\"actor.user.name\",\"op\":\"in\",\"values\":["
	                    "\"ana\",\"eve\"]},{\"not\":"
	                    "{\"field\":\"src_endpoint.port\",\"op\":\"is\",\"value\":443}}]}");
	assert_string_equal(change(&f, "src_endpoint.port", "src_endpoint.port is 22"),
	                    "{\"all\":[{\"field\":\"actor.user.name\",\"op\":\"in\",\"values\":["
	                    "\"ana\",\"eve\"]},{\"not\":"
	                    "{\"field\":\"src_endpoint.port\",\"op\":\"is\",\"value\":22}}]}");
	assert_string_equal(change(&f, "actor.user.name", "nonsense"), "refused");
	(void)change(&f, "limit", "50");
	assert_int_equal(json_i64(step, "limit", 0), 50);
	(void)change(&f, "from", "");
	assert_null(json_get(step, "from"));
	cJSON_Delete(f.plan);
	doc_release(&f.v.doc);
}

static void conditions_come_and_go(void **state)
{
	struct form f = {.plan = cJSON_Parse(plan_text)};

	(void)state;
	assert_string_equal(change(&f, "actor.user.name", ""),
	                    "{\"all\":[{\"not\":{\"field\":\"src_endpoint.port\",\"op\":\"is\","
	                    "\"value\":443}}]}");
	assert_string_equal(change(&f, "one more", "text 203.0.113.7"),
	                    "{\"all\":[{\"not\":{\"field\":\"src_endpoint.port\",\"op\":\"is\","
	                    "\"value\":443}},{\"op\":\"text\","
	                    "\"value\":\"203.0.113.7\"}]}");
	assert_string_equal(change(&f, "src_endpoint.port", ""),
	                    "{\"all\":[{\"op\":\"text\",\"value\":\"203.0.113.7\"}]}");
	assert_string_equal(change(&f, "text", ""), "none");
	assert_string_equal(change(&f, "one more", "status is Failure"),
	                    "{\"field\":\"status\",\"op\":\"is\",\"value\":\"Failure\"}");
	cJSON_Delete(f.plan);
	doc_release(&f.v.doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_line_changes_its_leaf),
	        cmocka_unit_test(conditions_come_and_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
