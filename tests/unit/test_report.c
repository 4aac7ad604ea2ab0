/* Drafts: named sections present or stated absent, hostile text inert in both formats, secrets masked. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "policy/redact.h"
#include "report/report.h"

static struct err err;

static cJSON *card(void)
{
	static const char text[] =
		"{\"id\":2041,\"title\":\"Role key of web-07 used <script>alert(1)</script>\",\"severity\":\"C\",\"score\":94,\"status\":\"new\","
		"\"parts\":[{\"label\":\"base\",\"points\":40},{\"label\":\"public\",\"points\":54}],"
		"\"what\":[{\"text\":\"key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY used\",\"evidence\":[\"ev:4\"],\"status\":\"supported\"}],"
		"\"notes\":[{\"at\":\"2026-03-14T03:00:00Z\",\"by\":\"a\",\"text\":\"ruled out: use of the key [x](javascript:alert(1))\"}]}";
	cJSON *j = json_parse((struct slice){text, sizeof(text) - 1}, sizeof(text), &err);
	assert_non_null(j);
	return j;
}

static void incident_names_what_is_absent(void **state)
{
	cJSON *c = card();
	struct report_in in = {.incident = c, .author = "analyst-2", .now = 0};
	struct buf md = BUF_INIT;
	(void)state;
	report_incident(&in, &md);
	assert_non_null(strstr(md.s, "## Asset inventory\n\n_Absent"));
	assert_non_null(strstr(md.s, "## Identity logs\n\n_Absent"));
	assert_non_null(strstr(md.s, "## Network flows\n\n_Absent"));
	assert_non_null(strstr(md.s, "`ev:4`"));
	assert_non_null(strstr(md.s, "Score 94 = 40 base + 54 public"));
	assert_null(strstr(md.s, "wJalrXUtnFEMI"));
	buf_release(&md);
	cJSON_Delete(c);
}

static void page_is_inert_and_self_contained(void **state)
{
	cJSON *c = card();
	struct report_in in = {.incident = c, .author = "analyst-2", .now = 0};
	struct buf md = BUF_INIT, html = BUF_INIT;
	(void)state;
	report_incident(&in, &md);
	assert_int_equal(report_html((struct slice){md.s, md.len}, "INC-2041 <b>", NULL, &html, &err), 0);
	assert_null(strstr(html.s, "<script"));
	assert_null(strstr(html.s, "href=\"javascript"));
	assert_null(strstr(html.s, "src="));
	assert_non_null(strstr(html.s, "INC-2041 &lt;b&gt;"));
	assert_non_null(strstr(html.s, "default-src 'none'"));
	buf_release(&md);
	buf_release(&html);
	cJSON_Delete(c);
}

static void handoff_orders_and_fills_lines(void **state)
{
	static const char text[] =
		"[{\"id\":1,\"title\":\"low one\",\"severity\":\"L\",\"score\":10,\"status\":\"new\"},"
		"{\"id\":2,\"title\":\"burning\",\"severity\":\"C\",\"score\":94,\"status\":\"work\",\"owner\":\"a\","
		"\"notes\":[{\"at\":\"t\",\"by\":\"a\",\"text\":\"ruled out: use of the key\"}]},"
		"{\"id\":3,\"title\":\"done\",\"severity\":\"H\",\"score\":70,\"status\":\"closed\",\"verdict\":\"benign positive\"}]";
	cJSON *list = json_parse((struct slice){text, sizeof(text) - 1}, sizeof(text), &err);
	struct handoff_in in = {.incidents = list, .author = "analyst-2"};
	struct buf md = BUF_INIT;
	const char *first, *low;
	(void)state;
	report_handoff(&in, &md);
	first = strstr(md.s, "burning");
	low = strstr(md.s, "low one");
	assert_true(first && low && first < low);
	assert_non_null(strstr(md.s, "## Open (2)"));
	assert_non_null(strstr(md.s, "ruled out: use of the key"));
	assert_non_null(strstr(md.s, "think: _nothing written_"));
	assert_non_null(strstr(md.s, "verdict: benign positive"));
	buf_release(&md);
	cJSON_Delete(list);
}

static void masks_secrets_and_keeps_names(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"AKIAIOSFODNN7EXAMPLE stays", "AKIAIOSFODNN7EXAMPLE stays"},
		{"secret wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY end", "secret **** end"},
		{"https://bob:hunter2@host/x", "https://****@host/x"},
		{"a eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc b", "a **** b"},
		{"password=hunter2&x=1", "password=****&x=1"},
		{"", ""},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF_INIT;
		redact_mask(slice_of(cases[i].in), &b);
		assert_string_equal(b.s, cases[i].out);
		buf_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(incident_names_what_is_absent),
		cmocka_unit_test(page_is_inert_and_self_contained),
		cmocka_unit_test(handoff_orders_and_fills_lines),
		cmocka_unit_test(masks_secrets_and_keeps_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
