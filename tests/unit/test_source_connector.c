/* What connectors share: scope, rows read backwards by the field table, messages out of errors, lines, pages that come twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "source/connector_row.h"
#include "source/connector_search.h"

static cJSON *entry_of(const char *json)
{
	struct err e = {0};
	cJSON *j = json_parse(slice_of(json), 65536, &e);

	if (!j)
		fail_msg("%s", e.what);
	return j;
}

static struct plan *plan_of(const char *json)
{
	struct err e = {0};
	cJSON *j = entry_of(json);
	struct plan *p = plan_from_json(j, &e);

	if (!p)
		fail_msg("%s", e.what);
	cJSON_Delete(j);
	return p;
}

#define PLAN(where) "{\"steps\":[{\"kind\":\"search\",\"where\":" where "}]}"
#define ACCOUNT_IS(a) "{\"op\":\"is\",\"field\":\"cloud.account.uid\",\"value\":\"" a "\"}"

static void an_account_out_of_scope_is_refused(void **state)
{
	static const struct {
		const char *plan;
		int rc;
	} cases[] = {
	        {PLAN(ACCOUNT_IS("111")), 0},
	        {PLAN(ACCOUNT_IS("222")), -1},
	        {PLAN("{\"any\":[" ACCOUNT_IS("111") "," ACCOUNT_IS("222") "]}"), -1},
	        {PLAN("{\"not\":" ACCOUNT_IS("222") "}"), 0},
	        {PLAN("{\"op\":\"is\",\"field\":\"actor.user.name\",\"value\":\"x\"}"), -1},
	};
	cJSON *entry = entry_of(
	        "{\"name\":\"s\",\"accounts\":[\"111\"],\"classes\":[\"internal\",\"public\"]}");
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct plan *p = plan_of(cases[i].plan);
		e = (struct err){0};
		if (connector_scope(entry, p, 0, &e) != cases[i].rc)
			fail_msg("%s: %s", cases[i].plan, e.what);
		if (cases[i].rc)
			assert_int_equal(e.code, ERR_DENIED);
		plan_free(p);
	}
	cJSON_Delete(entry);
}

static void a_plan_is_narrowed_to_the_accounts(void **state)
{
	cJSON *entry = entry_of("{\"name\":\"s\",\"accounts\":[\"111\",\"333\"]}");
	struct plan *p = plan_of(
	        PLAN("{\"op\":\"is\",\"field\":\"src_endpoint.ip\",\"value\":\"1.2.3.4\"}"));
	struct plan *c = connector_narrow(entry, p, 0);
	struct plan *want = plan_of(PLAN(
	        "{\"all\":[{\"op\":\"is\",\"field\":\"src_endpoint.ip\",\"value\":\"1.2.3.4\"},"
	        "{\"op\":\"in\",\"field\":\"cloud.account.uid\",\"values\":[\"111\",\"333\"]}]}"));

	(void)state;
	assert_true(plan_equal(c, want));
	plan_free(p);
	plan_free(c);
	plan_free(want);
	cJSON_Delete(entry);
}

static const char *value_of(const struct event *ev, const char *field)
{
	static char text[256];
	const struct field *f = field_find(slice_of(field));
	struct slice v = event_get(ev, f->id);

	snprintf(text, sizeof(text), "%.*s", (int)v.n, v.s);
	return text;
}

static int as_trail(void *ctx, const struct slice raw, struct event *ev)
{
	(void)ctx;
	if (!raw.n || raw.s[0] != '{')
		return -1;
	ev->dataset = "cloudtrail";
	ev->uid = SLICE("e-1");
	ev->has_own_uid = true;
	event_add(ev, field_find(SLICE("api.operation"))->id, SLICE("GetObject"));
	return 0;
}

static void a_row_is_an_event(void **state)
{
	static const char *const ids[] = {"index", "_cd", NULL};
	struct row_conf c = {.names = ROW_CIM,
	                     .raw_column = "_raw",
	                     .time_unit = MW_SECOND,
	                     .dataset = "json",
	                     .id_columns = ids};
	struct rower *r = rower_new(&c);
	struct event ev = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(
	        rower_event(r,
	                    SLICE("{\"_time\":\"2024-06-10T06:13:20.5+00:00\",\"src_ip\":\"10.0.0."
	                          "1\",\"user\":[\"a\",\"b\"],"
	                          "\"index\":\"main\",\"_cd\":\"3:77\",\"_raw\":\"line\\u0000x\"}"),
	                    SLICE(""), &ev, &e),
	        0);
	assert_int_equal(ev.time, INT64_C(1718000000500000));
	assert_string_equal(value_of(&ev, "src_endpoint.ip"), "10.0.0.1");
	assert_int_equal(ev.raw.n, 6);
	assert_true(slice_eq_str(ev.uid, "main/3:77"));
	assert_false(ev.has_own_uid);
	rower_free(r);
	/* the record's own reading goes first, and names the event */
	c.normalise = as_trail;
	r = rower_new(&c);
	assert_int_equal(rower_event(r, SLICE("{\"src_ip\":\"10.0.0.1\",\"_raw\":\"{}\"}"),
	                             SLICE(""), &ev, &e),
	                 0);
	assert_string_equal(ev.dataset, "cloudtrail");
	assert_true(slice_eq_str(ev.uid, "e-1") && ev.has_own_uid);
	assert_string_equal(value_of(&ev, "api.operation"), "GetObject");
	assert_string_equal(value_of(&ev, "src_endpoint.ip"), "10.0.0.1");
	assert_int_equal(rower_event(r, SLICE("{\"src_ip\":"), SLICE(""), &ev, &e), -1);
	event_release(&ev);
	rower_free(r);
}

static void numbers_are_times_in_their_unit(void **state)
{
	static const struct {
		const char *text;
		int64_t unit, want;
	} cases[] = {
	        {"1718000000.123456", MW_SECOND, INT64_C(1718000000123456)},
	        {"1718000000123", 1000, INT64_C(1718000000123000)},
	        {"2024-06-10T06:13:20.1234567Z", 1000, INT64_C(1718000000123456)},
	        {"2024-06-10 06:13:20.123456", 1000, INT64_C(1718000000123456)},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		mw_time t = 0;
		assert_true(row_time(slice_of(cases[i].text), cases[i].unit, &t));
		assert_int_equal(t, cases[i].want);
	}
}

static void the_innermost_message_is_told(void **state)
{
	static const struct {
		const char *body, *want;
	} cases[] = {
	        {"{\"error\":{\"code\":\"B\",\"message\":\"outer\",\"innererror\":{\"message\":"
	         "\"inner\"}}}",
	         "inner"},
	        {"{\"messages\":[{\"type\":\"FATAL\",\"text\":\"Unknown sid.\"}]}", "Unknown sid."},
	        {"{\"error\":{\"root_cause\":[{\"type\":\"t\",\"reason\":\"no such "
	         "index\"}],\"reason\":\"x\"},\"status\":404}",
	         "no such index"},
	        {"{\"http_response\":{\"code\":422,\"message\":\"We "
	         "could\"},\"code\":2000,\"message\":\"bad AQL\"}",
	         "bad AQL"},
	        {"{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215\"}",
	         "AADSTS7000215"},
	        {"<html>502</html>", "<html>502</html>"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF_INIT;
		call_message(slice_of(cases[i].body), &b);
		assert_string_equal(b.s, cases[i].want);
		buf_release(&b);
	}
}

static int add_line(void *ctx, struct slice line, struct err *e)
{
	struct buf *b = ctx;

	(void)e;
	buf_add(b, line.s, line.n);
	buf_ch(b, '|');
	return 0;
}

static void lines_come_whole_however_they_are_cut(void **state)
{
	static const char text[] = "one\r\n\ntwo\nthree";
	struct err e = {0};

	(void)state;
	for (size_t cut = 1; cut < sizeof(text); cut++) {
		struct buf got = BUF_INIT;
		struct call_lines l;
		call_lines_init(&l, "s", add_line, &got);
		for (size_t at = 0; at < sizeof(text) - 1; at += cut) {
			size_t n = sizeof(text) - 1 - at < cut ? sizeof(text) - 1 - at : cut;
			assert_int_equal(call_lines_feed(&l, (struct slice){text + at, n}, &e), 0);
		}
		assert_int_equal(call_lines_end(&l, &e), 0);
		assert_string_equal(got.s, "one|two|three|");
		call_lines_release(&l);
		buf_release(&got);
	}
}

static void a_page_that_comes_again_is_an_error(void **state)
{
	struct map seen = MAP_INIT;
	struct err e = {0};

	(void)state;
	assert_int_equal(call_once(&seen, "s", "page", SLICE("a"), &e), 0);
	assert_int_equal(call_once(&seen, "s", "page", SLICE("b"), &e), 0);
	assert_int_equal(call_once(&seen, "s", "page", SLICE("a"), &e), -1);
	assert_int_equal(e.code, ERR_REMOTE);
	map_release(&seen);
}

static void forms_are_percent_encoded(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	call_form_str(&b, "search", "a=\"b c\"&d%\n\xc3\xa9+");
	call_form_i64(&b, "count", 5);
	assert_string_equal(b.s, "search=a%3D%22b%20c%22%26d%25%0A%C3%A9%2B&count=5");
	buf_release(&b);
}

static int load_fields(void **state)
{
	struct err e = {0};

	(void)state;
	return fields_load(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_account_out_of_scope_is_refused),
	        cmocka_unit_test(a_plan_is_narrowed_to_the_accounts),
	        cmocka_unit_test(a_row_is_an_event),
	        cmocka_unit_test(numbers_are_times_in_their_unit),
	        cmocka_unit_test(the_innermost_message_is_told),
	        cmocka_unit_test(lines_come_whole_however_they_are_cut),
	        cmocka_unit_test(a_page_that_comes_again_is_an_error),
	        cmocka_unit_test(forms_are_percent_encoded),
	};

	return cmocka_run_group_tests(tests, load_fields, NULL);
}
