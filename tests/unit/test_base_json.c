#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/limits.h"

static void refuses_what_is_not_exactly_json(void **state)
{
	static const char *const wrong[] = {
	        "",
	        "{",
	        "{} x",
	        "{}{}",
	        "{\"a\":1,\"a\":2}",
	        "01",
	        "1.",
	        ".5",
	        "+1",
	        "1e999",
	        "\"\\u0000\"",
	        "\"a\nb\"",
	        "\"abc",
	        "[1,]",
	        "\x01{}",
	        "nul",
	        "{\"a\" 1}",
	        "-",
	        "[1 2]",
	        "{\"x\":{\"b\":1,\"b\":1}}",
	        "1.e5",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct err e = {0};
		cJSON *v = json_parse(slice_of(wrong[i]), 1000, &e);
		if (v)
			fail_msg("accepted: %s", wrong[i]);
		assert_int_equal(e.code, ERR_INVALID);
	}
}

static void caps_hold(void **state)
{
	struct buf b = BUF_INIT;
	struct err e = {0};
	cJSON *v;

	(void)state;
	for (int i = 0; i < MW_JSON_DEPTH_MAX; i++)
		buf_ch(&b, '[');
	for (int i = 0; i < MW_JSON_DEPTH_MAX; i++)
		buf_ch(&b, ']');
	v = json_parse((struct slice){b.s, b.len}, 1000, &e);
	assert_non_null(v);
	cJSON_Delete(v);
	assert_null(json_parse((struct slice){b.s, b.len}, b.len - 1, &e));
	assert_int_equal(e.code, ERR_LIMIT);
	buf_reset(&b);
	for (int i = 0; i <= MW_JSON_DEPTH_MAX; i++)
		buf_ch(&b, '[');
	assert_null(json_parse((struct slice){b.s, b.len}, 1000, &e));
	assert_int_equal(e.code, ERR_LIMIT);
	buf_release(&b);
}

static void many_keys_are_checked_too(void **state)
{
	struct buf b = BUF_INIT;
	struct err e = {0};

	(void)state;
	buf_ch(&b, '{');
	for (int i = 0; i < 30; i++)
		buf_printf(&b, "\"k%d\":0,", i);
	buf_str(&b, "\"k7\":1}");
	assert_null(json_parse((struct slice){b.s, b.len}, 10000, &e));
	assert_non_null(strstr(e.what, "k7"));
	buf_release(&b);
}

static void writes_compact_and_exact(void **state)
{
	static const char text[] =
	        "{\"a\":[1,-2,0.1,1e+300,9007199254740992],\"q\":\"\\\"\\\\/\\n\\u0001\xC3\xA9\","
	        "\"t\":true,\"f\":false,\"n\":null,\"o\":{}}";
	struct buf b = BUF_INIT;
	struct err e = {0};
	cJSON *v = json_parse(SLICE(text), 1000, &e);

	(void)state;
	assert_non_null(v);
	json_write(&b, v);
	assert_string_equal(b.s, text);
	buf_reset(&b);
	json_write_string(&b, SLICE("a\xFF"
	                            "b\xC3"));
	assert_string_equal(b.s, "\"a\xEF\xBF\xBD"
	                         "b\xEF\xBF\xBD\"");
	cJSON_Delete(v);
	buf_release(&b);
}

static void members_are_typed_and_case_sensitive(void **state)
{
	struct err e = {0};
	cJSON *v = json_parse(SLICE("{\"Name\":\"x\",\"n\":5,\"b\":true,\"a\":[],\"o\":{}}"), 1000,
	                      &e);

	(void)state;
	assert_string_equal(json_str(v, "Name", "-"), "x");
	assert_string_equal(json_str(v, "name", "-"), "-");
	assert_string_equal(json_str(v, "n", "-"), "-");
	assert_int_equal(json_i64(v, "n", -1), 5);
	assert_int_equal(json_i64(v, "b", -1), -1);
	assert_true(json_bool(v, "b", false));
	assert_non_null(json_arr(v, "a"));
	assert_null(json_obj(v, "a"));
	assert_null(json_get(NULL, "a"));
	json_add_time(v, "t", 0);
	json_add_time(v, "none", MW_TIME_NONE);
	json_add_slice(v, "s", (struct slice){"abcdef", 3});
	assert_string_equal(json_str(v, "t", ""), "1970-01-01T00:00:00Z");
	assert_true(cJSON_IsNull(json_get(v, "none")));
	assert_string_equal(json_str(v, "s", ""), "abc");
	cJSON_Delete(v);
}

static void unknown_keys_get_a_hint(void **state)
{
	static const char *const keys[] = {"name", "retain", "sources", NULL};
	struct err e = {0};
	cJSON *v = json_parse(SLICE("{\"name\":1,\"retian\":2}"), 1000, &e);

	(void)state;
	assert_int_equal(json_only(v, keys, "config", &e), -1);
	assert_string_equal(e.what, "config: unknown key \"retian\"; did you mean \"retain\"?");
	assert_null(mw_did_you_mean("zebra", keys));
	assert_null(mw_did_you_mean("", keys));
	assert_int_equal(mw_edit_distance(SLICE("abcd"), SLICE("abdc"), 3), 1);
	assert_int_equal(mw_edit_distance(SLICE("abcd"), SLICE("ABCD"), 3), 0);
	assert_int_equal(mw_edit_distance(SLICE("kitten"), SLICE("sitting"), 5), 3);
	assert_int_equal(mw_edit_distance(SLICE("kitten"), SLICE("sitting"), 2), 3);
	assert_int_equal(mw_edit_distance(SLICE(""), SLICE("abc"), 5), 3);
	cJSON_Delete(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(refuses_what_is_not_exactly_json),
	        cmocka_unit_test(caps_hold),
	        cmocka_unit_test(many_keys_are_checked_too),
	        cmocka_unit_test(writes_compact_and_exact),
	        cmocka_unit_test(members_are_typed_and_case_sensitive),
	        cmocka_unit_test(unknown_keys_get_a_hint),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
