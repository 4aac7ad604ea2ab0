/* Drafts: named sections present or stated absent, hostile text inert in both formats, secrets masked. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "policy/redact.h"
#include "report/check.h"
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
	assert_non_null(strstr(md.s, "[e4]"));
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
	assert_int_equal(
	        report_html((struct slice){md.s, md.len}, "INC-2041 <b>", NULL, &html, &err), 0);
	assert_null(strstr(html.s, "<script"));
	assert_null(strstr(html.s, "href=\"javascript"));
	assert_null(strstr(html.s, "src="));
	assert_non_null(strstr(html.s, "INC-2041 &lt;b&gt;"));
	assert_non_null(strstr(html.s, "default-src 'none'"));
	buf_release(&md);
	buf_release(&html);
	cJSON_Delete(c);
}

/* ---- the handoff ---- */

static cJSON *parsed(const char *text)
{
	cJSON *j = json_parse(slice_of(text), 1 << 20, &err);

	assert_non_null(j);
	return j;
}

static const char shift_text[] =
        "{\"since\":\"2026-03-13T19:02:00Z\",\"user\":null,\"last\":[{\"doc\":3,\"by\":\"day-1\"}],\"incidents\":["
        "{\"id\":1,\"title\":\"low one\",\"severity\":\"L\",\"score\":10,\"status\":\"new\",\"owner\":\"\","
        "\"findings\":[{\"title\":\"low one\",\"first\":\"2026-03-13T20:00:00Z\",\"evidence\":[\"ev:7\"]}]},"
        "{\"id\":2,\"title\":\"burning\",\"severity\":\"C\",\"score\":94,\"status\":\"work\",\"owner\":\"a\",\"row_owner\":\"a -> b\","
        "\"sla_due\":\"2026-03-14T05:00:00Z\",\"entities\":[\"mw.bucket=hr-exports\"],"
        "\"notes\":[{\"at\":\"2026-03-14T03:00:00Z\",\"by\":\"a\",\"text\":\"ruled out: use of the key\"},"
        "{\"at\":\"2026-03-14T03:01:00Z\",\"by\":\"a\",\"text\":\"nextdoor is no step\"}],"
        "\"asked\":[{\"question\":\"kms use\",\"at\":\"2026-03-14T03:02:00Z\",\"reason\":\"truly_none\",\"sentence\":\"None.\",\"cover\":\"c4\"},"
        "{\"question\":\"unproved\",\"at\":\"2026-03-14T03:02:00Z\",\"reason\":\"truly_none\",\"sentence\":\"None.\",\"cover\":null}],"
        "\"actions\":[{\"id\":\"A-318\",\"state\":\"open\",\"title\":\"isolate\",\"needs\":\"lead+1\",\"expires_at\":\"2026-03-14T07:30:00Z\"}]},"
        "{\"id\":3,\"title\":\"done\",\"severity\":\"H\",\"score\":70,\"status\":\"closed\",\"owner\":\"a\","
        "\"verdict\":{\"verdict\":\"benign_positive\",\"reason\":\"a test\",\"by\":\"a\",\"at\":\"2026-03-14T04:00:00Z\"}}],"
        "\"changes\":[{\"at\":\"2026-03-14T04:00:00Z\",\"by\":\"a\",\"action\":\"incident.close\",\"object\":\"\","
        "\"detail\":{\"ids\":[\"INC-3\"],\"verdict\":\"benign_positive\"}},{\"at\":\"2026-03-14T04:00:00Z\",\"by\":\"a\",\"action\":\"session.put\"}],"
        "\"approvals\":[{\"id\":\"A-318\",\"incident\":2,\"title\":\"isolate\",\"asked_by\":\"a\",\"needs\":\"lead+1\",\"expires_at\":\"2026-03-14T07:30:00Z\"}],"
        "\"unaccepted\":[{\"incident\":\"INC-2\",\"doc\":3,\"by\":\"a\",\"receiver\":\"b\"}],"
        "\"watches\":[{\"watch\":2,\"question\":\"203.0.113.77 anywhere\",\"owner\":\"a\",\"hits\":1,\"hit\":\"2026-03-14T03:38:00Z\",\"until\":\"2026-03-15T03:41:00Z\"}],"
        "\"suppressed\":[{\"match\":{\"rule\":\"x\"},\"owner\":\"vuln-team\",\"reason\":\"CHG-88121\",\"until\":\"2026-03-14T07:00:00Z\"}],"
        "\"snoozed\":[{\"incident\":\"INC-9\",\"title\":\"later\",\"until\":\"2026-03-14T09:00:00Z\"}],"
        "\"numbers\":{\"made\":39,\"hidden\":209,\"triage_s\":[60,360,1140]}}";
static const char cover_text[] =
        "[{\"id\":\"c3\",\"class\":\"data\",\"resource\":\"arn:aws:s3:::hr-exports\",\"source\":\"inventory\",\"state\":\"not_logged\",\"why\":\"no trail\"},"
        "{\"id\":\"c5\",\"class\":\"flow\",\"account\":\"1\",\"source\":\"vpcflow\",\"state\":\"logged\",\"complete_to\":\"2026-03-14T06:40:00Z\","
        "\"holes\":[{\"from\":\"2026-03-14T03:08:00Z\",\"to\":\"2026-03-14T03:33:00Z\"},{\"from\":\"2026-03-01T00:00:00Z\",\"to\":\"2026-03-02T00:00:00Z\"}]},"
        "{\"id\":\"c6\",\"class\":\"audit\",\"source\":\"m365\",\"state\":\"logged\",\"complete_to\":\"2026-03-14T01:00:00Z\"}]";

static void handoff_has_every_part(void **state)
{
	static const char *const parts[] = {
	        "Since 2026-03-13 19:02Z, when document 3 was signed by day-1",
	        "a -\\> b, work",
	        "**promise broken** 2026-03-14 05:00Z",
	        "- ruled out: use of the key (a 2026-03-14 03:00Z)",
	        "- ruled out: kms use: None. [c4]",
	        "- not known: unproved: None.",
	        "- not known: no trail [c3]",
	        "- think: _nothing written_",
	        "- next: _nothing written_; the playbook's next step: snapshot, needs you; with a, promised by 2026-03-14 05:00Z",
	        "nobody has looked at it yet; it rests on: 2026-03-13 20:00Z low one [e7]",
	        "- waits: A-318 isolate, needs lead+1, expires 2026-03-14 07:30Z",
	        "verdict: benign_positive; reason: a test (a 2026-03-14 04:00Z)",
	        "a closed INC-3, verdict benign_positive",
	        "asked by a, waits for lead+1",
	        "INC-2 of document 3, signed by a, waits for b",
	        "W2 203.0.113.77 anywhere; a, rang 1 times, last 2026-03-14 03:38Z, ends 2026-03-15 03:41Z",
	        "until 2026-03-14 07:00Z, owner vuln-team, because CHG-88121",
	        "INC-9 is snoozed until 2026-03-14 09:00Z",
	        "hidden by these rules now: 209",
	        "nothing from 2026-03-14 03:08Z to 2026-03-14 03:33Z [c5]",
	        "m365 reaches no farther than 2026-03-14 01:00Z [c6]",
	        "not logged at all: data of arn:aws:s3:::hr-exports [c3]",
	        "| a | 1 | 1 | 1 | 1 |",
	        "| nobody | 1 | 0 | 0 | 0 |",
	        "median 6 min, p90 6 min (n 3)",
	};
	cJSON *shift = parsed(shift_text), *cover = parsed(cover_text),
	      *plans = parsed("{\"INC-2\":{\"title\":\"snapshot\",\"needs\":\"you\"}}");
	struct handoff_in in = {shift, plans, cover, "analyst-2", 0};
	struct buf md = BUF_INIT;

	(void)state;
	assert_true(mw_time_parse(SLICE("2026-03-14T06:47:00Z"), &in.now));
	report_handoff(&in, &md);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (!strstr(md.s, parts[i]))
			fail_msg("the handoff lacks \"%s\":\n%s", parts[i], md.s);
	assert_true(strstr(md.s, "burning") < strstr(md.s, "low one"));
	assert_null(strstr(md.s, "2026-03-01")); /* a hole before the shift is not the shift's */
	assert_null(strstr(md.s, "next: door"));
	buf_release(&md);
	cJSON_Delete(shift);
	cJSON_Delete(cover);
	cJSON_Delete(plans);
}

/* ---- what leaves ---- */

static const char raw_4[] =
        "{\"eventTime\":\"2026-03-14T02:41:06Z\",\"sourceIPAddress\":\"203.0.113.77\"}";

/* ev:4 is there, ev:5 is another record now, ev:6 only pinned, c1 a proof; the rest is gone. */
static int get(void *ctx, const char *id, struct cited *out, struct err *e)
{
	(void)ctx;
	(void)e;
	*out = (struct cited){.time = MW_TIME_NONE,
	                      .dataset = "cloudtrail",
	                      .place = "a.json:1",
	                      .raw = slice_of(raw_4)};
	if (!strcmp(id, "c1"))
		return 1;
	snprintf(out->sha256, sizeof(out->sha256), "%s", !strcmp(id, "ev:5") ? "bb" : "aa");
	out->pinned = !strcmp(id, "ev:6");
	return !strcmp(id, "ev:4") || !strcmp(id, "ev:5") || !strcmp(id, "ev:6");
}

static void leaves(const char *first, const char *text, const char *now, struct check_out *out,
                   struct buf *md)
{
	cJSON *cites = parsed("{\"ev:4\":\"aa\",\"ev:5\":\"aa\",\"ev:6\":\"aa\"}");
	struct check_in in = {.text = slice_of(text),
	                      .first = slice_of(first),
	                      .now = slice_of(now),
	                      .cites = cites,
	                      .head = "Document 2",
	                      .author = "ana",
	                      .get = get};

	buf_reset(md);
	assert_int_equal(report_check(&in, md, out, &err), 0);
	cJSON_Delete(cites);
}

static void a_fact_leaves_only_while_its_record_stands(void **state)
{
	static const char draft[] =
	        "# T\n\n- there [e4]\n- other [e5]\n- pinned [e6]\n- gone [e9]\n- proof [c1]\n| a | ev:9 +2 |\n";
	struct check_out out;
	struct buf md = BUF_INIT;

	(void)state;
	leaves(draft, draft, draft, &out, &md);
	assert_int_equal(out.left_out, 3);
	assert_int_equal(out.changed, 0);
	assert_int_equal(out.written, 0);
	assert_non_null(strstr(md.s, "- there [e4]\n"));
	assert_null(strstr(md.s, "- other"));
	assert_null(strstr(md.s, "gone [e9]"));
	assert_null(strstr(md.s, "ev:9"));
	assert_non_null(strstr(
	        md.s, "- line 4 was left out: [e5] is another record than when this was drafted"));
	assert_non_null(strstr(md.s, "- line 6 was left out: [e9] is gone"));
	assert_non_null(strstr(md.s, "| [e6] | cloudtrail |  | a.json:1 (only pinned) | aa |"));
	buf_release(&md);
}

static void a_persons_sentence_needs_a_record_for_its_names(void **state)
{
	static const struct {
		const char *line;
		bool leaves;
	} cases[] = {
	        {"- it came in through the VPN", true},
	        {"- from 203.0.113.77 [e4]", true},
	        {"- at 2026-03-14T02:41:06Z [e4]", true},
	        {"- from 203.0.113.78 [e4]", false},
	        {"- three attempts from 203.0.113.77 [e4]", false},
	        {"- from 203.0.113.77 five minutes before 03:00 [e4]", false},
	        {"- bob came from 203.0.113.77 [e4]", false},
	        {"- from 203.0.113.77", false},
	        {"_from 203.0.113.77_", false},
	        {"# 203.0.113.77 did it", false},
	        {"- key AKIAIOSFODNN7EXAMPLE was used", false},
	        {"- see https://evil.example/x", false},
	        {"- arn:aws:iam::111122223333:role/x [e4]", false},
	        {"- i-0c31d2f4a5b6c7d8e is clean", false},
	        {"- mail bob@corp.example", false},
	        {"- ip=203.0.113.77\xe2\x80\x94"
	         "bad",
	         false},
	        {"- host/203.0.113.77/x", false},
	        {"- **203.0.113.77**: bad", false},
	        {"- 12 hours, 3.1 GB, 2026-03-14", true},
	};
	struct check_out out;
	struct buf md = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		leaves("# T\n", cases[i].line, "# T\n", &out, &md);
		if ((out.left_out == 0) != cases[i].leaves)
			fail_msg("\"%s\" %s", cases[i].line,
			         cases[i].leaves ? "was left out" : "left");
		if (!cases[i].leaves && strncmp(md.s, "_left out", 9) &&
		    strncmp(md.s, "- _left out", 11))
			fail_msg("\"%s\" became %s", cases[i].line, md.s);
	}
	leaves("# T\n", cases[0].line, "# T\n", &out, &md);
	assert_non_null(strstr(md.s, "(written by ana; cites no record)"));
	leaves("# T\n", "- key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY x", "", &out, &md);
	assert_null(strstr(md.s, "wJalrXUtnFEMI"));
	buf_release(&md);
}

static void what_a_draft_of_today_lacks_is_marked(void **state)
{
	static const char draft[] =
	        "- Status new\n- 12 records [e4]\n- unsupported [e4] **(unsupported: will not be sent)**\n";
	struct check_out out;
	struct buf md = BUF_INIT;

	(void)state;
	leaves(draft, draft, "- Status work\n- 12 records [e4]\n", &out, &md);
	assert_int_equal(out.changed, 1);
	assert_int_equal(out.left_out, 1);
	assert_non_null(strstr(md.s, "- Status new **(changed since it was drafted)**"));
	assert_non_null(strstr(md.s, "- 12 records [e4]\n"));
	assert_null(strstr(md.s, "- unsupported"));
	leaves(draft, draft, "", &out, &md);
	assert_non_null(strstr(md.s, "could not be drafted anew"));
	buf_release(&md);
}

static void targets_of_links_and_pictures_stay_behind(void **state)
{
	struct buf html = BUF_INIT;

	(void)state;
	assert_int_equal(
	        report_html(
	                SLICE("# A\n\n[x](http://evil.example/a) ![y](http://evil.example/b)\n"),
	                "t", NULL, &html, &err),
	        0);
	assert_null(strstr(html.s, "href="));
	assert_null(strstr(html.s, "src="));
	assert_non_null(strstr(html.s, "title=\"http://evil.example/a\""));
	buf_release(&html);
}

static void incidents_are_drawn_with_a_histogram(void **state)
{
	cJSON *list = parsed(
	        "[{\"id\":1,\"severity\":\"C\",\"title\":\"<b>\",\"first\":\"2026-03-14T02:00:00Z\",\"last\":\"2026-03-14T03:00:00Z\","
	        "\"findings\":[{\"first\":\"2026-03-14T02:00:00Z\"},{\"first\":\"2026-03-14T02:00:01Z\"}]},{\"id\":2}]");
	struct report_figures f = {.incidents = list};
	struct buf html = BUF_INIT;

	(void)state;
	report_figures(&f, &html);
	assert_non_null(strstr(html.s, "C INC-1"));
	assert_non_null(strstr(html.s, "&lt;b&gt;"));
	assert_non_null(strstr(html.s, "the highest bar is 2"));
	assert_null(strstr(html.s, "INC-2"));
	buf_release(&html);
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
	        cmocka_unit_test(handoff_has_every_part),
	        cmocka_unit_test(a_fact_leaves_only_while_its_record_stands),
	        cmocka_unit_test(a_persons_sentence_needs_a_record_for_its_names),
	        cmocka_unit_test(what_a_draft_of_today_lacks_is_marked),
	        cmocka_unit_test(targets_of_links_and_pictures_stay_behind),
	        cmocka_unit_test(incidents_are_drawn_with_a_histogram),
	        cmocka_unit_test(masks_secrets_and_keeps_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
