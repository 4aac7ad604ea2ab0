/* The evidence reader keeps what cJSON loses: each test names one such thing. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/evjson.h"
#include "base/limits.h"
#include "base/mem.h"

/* Leaves as text: "path=value" with the type's letter, NULs as ~, one a line. */
struct seen {
	struct buf text;
	int stop_after;
};

static void put(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_ch(b, s.s[i] ? s.s[i] : '~');
}

static bool note(void *ctx, const struct ev_leaf *leaf)
{
	struct seen *s = ctx;

	put(&s->text, leaf->path);
	buf_ch(&s->text, "oasntf0"[leaf->type]);
	for (int i = 0; i < leaf->nindex; i++)
		buf_printf(&s->text, "%d,", leaf->index[i]);
	buf_ch(&s->text, '=');
	put(&s->text, leaf->value);
	buf_ch(&s->text, '\n');
	return !s->stop_after || --s->stop_after;
}

static void walk_is(const char *json, size_t n, const char *expect)
{
	struct ev_reader *r = ev_reader_new();
	struct seen s = {.text = BUF_INIT};
	struct err e = {0};
	size_t used = 0;

	/* Twice, since the second walk takes the remembered paths. */
	for (int i = 0; i < 2; i++) {
		buf_reset(&s.text);
		int rc = ev_walk(r, (struct slice){json, n}, note, &s, &used, &e);
		assert_string_equal(rc ? e.what : "", "");
		assert_string_equal(s.text.s, expect);
	}
	size_t end = 0;
	if (n && (json[0] == '{' || json[0] == '[')) {
		assert_int_equal(ev_skip((struct slice){json, n}, &end), 1);
		assert_int_equal(end, used);
	}
	buf_release(&s.text);
	ev_reader_free(r);
}
#define WALK(json, expect) walk_is(json, sizeof(json) - 1, expect)

static void walk_fails(const char *json, size_t n, const char *expect)
{
	struct ev_reader *r = ev_reader_new();
	struct seen s = {.text = BUF_INIT};
	struct err e = {0};

	assert_int_equal(ev_walk(r, (struct slice){json, n}, note, &s, NULL, &e), -1);
	assert_string_equal(e.what, expect);
	buf_release(&s.text);
	ev_reader_free(r);
}
#define FAILS(json, expect) walk_fails(json, sizeof(json) - 1, expect)

static void numbers_keep_their_text(void **state)
{
	(void)state;
	WALK("{\"a\":9007199254740993,\"b\":-0.10e+2,\"c\":123456789012345678901234567890}",
	     "an=9007199254740993\nbn=-0.10e+2\ncn=123456789012345678901234567890\n");
}

static void nul_escape_is_a_nul(void **state)
{
	(void)state;
	WALK("{\"a\":\"x\\u0000y\",\"k\\u0000\":1}", "as=x~y\nk~n=1\n");
}

static void lone_surrogate_is_kept(void **state)
{
	(void)state;
	WALK("[\"\\ud800\",\"\\udc00x\",\"\\ud83d\\ude00\",\"\\ud800\\u0041\"]",
	     "s0,=\xed\xa0\x80\ns1,=\xed\xb0\x80x\ns2,=\xf0\x9f\x98\x80\ns3,=\xed\xa0\x80"
	     "A\n");
}

static void trailing_bytes_are_not_taken(void **state)
{
	struct ev_reader *r = ev_reader_new();
	struct seen s = {.text = BUF_INIT};
	size_t used = 0;

	(void)state;
	assert_int_equal(ev_walk(r, SLICE(" {\"a\":1} trailing"), note, &s, &used, NULL), 0);
	assert_int_equal(used, 8);
	assert_int_equal(ev_skip(SLICE(" {\"a\":1} trailing"), &used), 1);
	assert_int_equal(used, 8);
	buf_release(&s.text);
	ev_reader_free(r);
}

static void names_keep_their_case(void **state)
{
	(void)state;
	WALK("{\"Name\":1,\"name\":2,\"NAME\":3}", "Namen=1\nnamen=2\nNAMEn=3\n");
}

static void duplicates_all_come_in_order(void **state)
{
	(void)state;
	WALK("{\"a\":1,\"b\":0,\"a\":{\"c\":2},\"a\":3}", "an=1\nbn=0\na.cn=2\nan=3\n");
}

static void invalid_utf8_passes(void **state)
{
	(void)state;
	WALK("{\"a\xff\":\"\xc3(\xfe\"}", "a\xffs=\xc3(\xfe\n");
}

static void arrays_share_a_path_and_count(void **state)
{
	(void)state;
	WALK("{\"r\":[{\"x\":1},{\"x\":[2,3]}],\"e\":[],\"o\":{}}",
	     "r.xn0,=1\nr.xn1,0,=2\nr.xn1,1,=3\nea=\noo=\n");
}

static void special_bytes_in_a_key_are_marked(void **state)
{
	(void)state;
	WALK("{\"a.b\":{\"c[0]\":1},\"\\u0041\\\\\":2}", "a\\.b.c\\[0\\]n=1\nA\\\\n=2\n");
}

static void scalars_alone(void **state)
{
	(void)state;
	WALK("true", "t=true\n");
	WALK("\"x\"", "s=x\n");
	WALK("{\"t\":true,\"f\":false,\"n\":null}", "tt=true\nff=false\nn0=null\n");
}

static void broken_text_says_where(void **state)
{
	(void)state;
	FAILS("{\"a\":1", "JSON ends early at byte 6");
	FAILS("{\"a\":\"xy", "JSON ends early at byte 8");
	FAILS("{\"a\":\"x\\u12", "JSON ends early at byte 11");
	FAILS("{\"a\":tru", "JSON ends early at byte 8");
	FAILS("", "JSON ends early at byte 0");
	FAILS("{\"a\":01}", "bad number at byte 5");
	FAILS("{\"a\":1.}", "bad number at byte 7");
	FAILS("{\"a\":-}", "bad number at byte 6");
	FAILS("{\"a\":1e}", "bad number at byte 7");
	FAILS("{\"a\":\"\\x\"}", "bad escape in a string at byte 6");
	FAILS("{\"a\":\"\\ud8zz\"}", "bad escape in a string at byte 6");
	FAILS("{\"a\":\"\n\"}", "control byte in a string at byte 6");
	FAILS("{\"a\":\"\\n\n\"}", "control byte in a string at byte 8");
	FAILS("{\"a\" 1}", "expected a colon at byte 5");
	FAILS("{a:1}", "expected a key at byte 1");
	FAILS("{\"a\":1,}", "expected a key at byte 7");
	FAILS("[1,]", "not a JSON value at byte 3");
	FAILS("[1 2]", "expected , or ] at byte 3");
	FAILS("{\"a\":[1}", "expected , or ] at byte 7");
	FAILS("nope", "not a JSON value at byte 1");
}

/* Depth over the reader's cap is skipped, and what stands beside it is not lost. */
static void depth_over_1000(void **state)
{
	struct buf json = BUF_INIT;

	(void)state;
	buf_str(&json, "{\"a\":");
	for (int i = 0; i < 5000; i++)
		buf_str(&json, i % 2 ? "[" : "{\"k\":");
	buf_str(&json, "1");
	for (int i = 4999; i >= 0; i--)
		buf_ch(&json, i % 2 ? ']' : '}');
	buf_str(&json, ",\"b\":2}");
	walk_is(json.s, json.len, "bn=2\n");
	buf_release(&json);
}

static void unbalanced_deep_text_fails(void **state)
{
	struct buf json = BUF_INIT;
	size_t used;

	(void)state;
	for (int i = 0; i < 3000; i++)
		buf_ch(&json, '[');
	assert_int_equal(ev_skip((struct slice){json.s, json.len}, &used), 0);
	for (int i = 0; i < 3000; i++)
		buf_ch(&json, i == 1500 ? '}' : ']');
	assert_int_equal(ev_skip((struct slice){json.s, json.len}, &used), -1);
	buf_release(&json);
}

static void long_strings_of_every_length(void **state)
{
	char json[128], expect[128];

	(void)state;
	for (int n = 0; n < 70; n++) {
		char fill[71];

		memset(fill, 'x', sizeof(fill));
		int len = snprintf(json, sizeof(json), "{\"a\":\"%.*s\\t\"}", n, fill);
		snprintf(expect, sizeof(expect), "as=%.*s\t\n", n, fill);
		walk_is(json, (size_t)len, expect);
		len = snprintf(json, sizeof(json), "{\"a\":\"%.*s\"}", n, fill);
		snprintf(expect, sizeof(expect), "as=%.*s\n", n, fill);
		walk_is(json, (size_t)len, expect);
	}
}

static void paths_have_numbers(void **state)
{
	struct ev_reader *r = ev_reader_new();
	uint32_t a = ev_path_id(r, SLICE("x.y\\.z")), b = ev_path_id(r, SLICE("x."));

	(void)state;
	assert_int_not_equal(a, EV_PATH_OTHER);
	assert_int_equal(ev_path_id(r, SLICE("x.y\\.z")), a);
	assert_int_equal(ev_path_id(r, SLICE("")), EV_PATH_ROOT);
	assert_true(slice_eq_str(ev_path_text(r, a), "x.y\\.z"));
	assert_true(slice_eq_str(ev_path_text(r, b), "x."));
	assert_true(b <= ev_path_count(r));
	ev_reader_free(r);
}

static bool count_paths(void *ctx, const struct ev_leaf *leaf)
{
	size_t *n = ctx;
	char expect[32];

	snprintf(expect, sizeof(expect), "k%zu.v", n[0]);
	assert_true(slice_eq_str(leaf->path, expect));
	n[0]++;
	n[1] += leaf->path_id == EV_PATH_OTHER;
	return true;
}

/* More distinct keys than the reader remembers: all delivered, the late ones without a number. */
static void too_many_paths(void **state)
{
	struct ev_reader *r = ev_reader_new();
	struct buf json = BUF_INIT;
	size_t n[2] = {0, 0}, total = MW_EV_PATHS_MAX;

	(void)state;
	for (size_t i = 0; i < total; i++)
		buf_printf(&json, "%c\"k%zu\":{\"v\":1}", i ? ',' : '{', i);
	buf_ch(&json, '}');
	for (int i = 0; i < 2; i++) {
		n[0] = n[1] = 0;
		assert_int_equal(
		        ev_walk(r, (struct slice){json.s, json.len}, count_paths, n, NULL, NULL),
		        0);
		assert_int_equal(n[0], total);
		assert_in_range(n[1], 1, total - 1);
	}
	buf_release(&json);
	ev_reader_free(r);
}

static void path_over_the_cap_is_skipped(void **state)
{
	struct buf json = BUF_INIT;

	(void)state;
	buf_str(&json, "{\"");
	for (int i = 0; i < MW_EV_PATH_MAX + 10; i++)
		buf_ch(&json, 'k');
	buf_str(&json, "\":{\"x\":[1]},\"b\":2}");
	walk_is(json.s, json.len, "bn=2\n");
	buf_release(&json);
}

static void stop_is_no_error(void **state)
{
	struct ev_reader *r = ev_reader_new();
	struct seen s = {.text = BUF_INIT, .stop_after = 1};

	(void)state;
	assert_int_equal(ev_walk(r, SLICE("[1,2,broken"), note, &s, NULL, NULL), 0);
	assert_string_equal(s.text.s, "n0,=1\n");
	buf_release(&s.text);
	ev_reader_free(r);
}

static void find_is(const char *json, const char *path, const char *expect)
{
	struct ev_reader *r = ev_reader_new();
	struct seen s = {.text = BUF_INIT};
	struct err e = {0};

	assert_int_equal(ev_find(r, slice_of(json), slice_of(path), note, &s, &e), 0);
	assert_string_equal(s.text.s, expect);
	buf_release(&s.text);
	ev_reader_free(r);
}

static void find_by_path(void **state)
{
	const char *json = "{\"z\":{\"b\":9},\"a\":[{\"b\":[1,2]},{\"c\":0,\"b\":{\"d\":3}}],\"a."
	                   "b\":4,\"b\":{}}";

	(void)state;
	find_is(json, "a.b", "a.bn0,0,=1\na.bn0,1,=2\na.bo1,=\n");
	find_is(json, "a.b.d", "a.b.dn1,=3\n");
	find_is(json, "a\\.b", "a\\.bn=4\n");
	find_is(json, "b", "bo=\n");
	find_is(json, "a", "ao0,=\nao1,=\n");
	find_is(json, "nothing", "");
	find_is(json, "z.b.x", "");
}

static void skip_needs_more(void **state)
{
	size_t used;

	(void)state;
	assert_int_equal(ev_skip(SLICE("{\"a\":\"\\"), &used), 0);
	assert_int_equal(ev_skip(SLICE("  "), &used), 0);
	assert_int_equal(ev_skip(SLICE("12"), &used), 0);
	assert_int_equal(ev_skip(SLICE("12,"), &used), 1);
	assert_int_equal(used, 2);
	assert_int_equal(ev_skip(SLICE("}"), &used), -1);
	assert_int_equal(ev_skip(SLICE("{\"a\":\"}\\\"]\"}"), &used), 1);
	assert_int_equal(used, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(numbers_keep_their_text),
	        cmocka_unit_test(nul_escape_is_a_nul),
	        cmocka_unit_test(lone_surrogate_is_kept),
	        cmocka_unit_test(trailing_bytes_are_not_taken),
	        cmocka_unit_test(names_keep_their_case),
	        cmocka_unit_test(duplicates_all_come_in_order),
	        cmocka_unit_test(invalid_utf8_passes),
	        cmocka_unit_test(arrays_share_a_path_and_count),
	        cmocka_unit_test(special_bytes_in_a_key_are_marked),
	        cmocka_unit_test(scalars_alone),
	        cmocka_unit_test(broken_text_says_where),
	        cmocka_unit_test(depth_over_1000),
	        cmocka_unit_test(unbalanced_deep_text_fails),
	        cmocka_unit_test(long_strings_of_every_length),
	        cmocka_unit_test(paths_have_numbers),
	        cmocka_unit_test(too_many_paths),
	        cmocka_unit_test(path_over_the_cap_is_skipped),
	        cmocka_unit_test(stop_is_no_error),
	        cmocka_unit_test(find_by_path),
	        cmocka_unit_test(skip_needs_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
