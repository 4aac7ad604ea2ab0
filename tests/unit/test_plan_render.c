#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include "base/limits.h"
#include "base/map.h"
#include "gen_plan.h"
#include "plan/eval.h"
#include "plan/quote.h"
#include "plan/render.h"

static int setup(void **state)
{
	struct err e;

	(void)state;
	return fields_load(&e);
}

static size_t rounds(size_t sample, size_t full)
{
	return getenv("MW_LONG") ? full : sample;
}

/* ---- widening ---- */

/* Some comparisons cannot be said: which ones is a matter of the field's name and the operator, so that it does not change. */
static enum render_fit picky(void *ctx, const struct plan_node *n)
{
	uint64_t h = n->field.name ? mw_hash(n->field.name, strlen(n->field.name)) : 7;

	(void)ctx;
	return (enum render_fit)((h + (uint64_t)n->op) % 3);
}

/* What is said as a superset finds more: here everything with the field in it. */
static void loosen(struct plan_node *n)
{
	for (struct plan_node *k = n->child; k; k = k->next)
		loosen(k);
	if (!n->inexact)
		return;
	n->inexact = false;
	n->kind = PN_ALL;
}

/* Whatever cannot be said, the widened tree matches at least what the tree matches; and exactly that if nothing was lost. */
static void test_widening(void **state)
{
	(void)state;
	for (size_t i = rounds(2000, 60000); i > 0; i--) {
		struct arena a = ARENA_INIT;
		struct plan *p = plan_new();
		struct plan_node *where, *wide;
		struct event *ev;
		struct gen g;
		bool exact;
		gen_init(&g, i);
		ev = gen_events(&g, &a, 30);
		where = gen_node(&g, p, 4);
		wide = render_widen(p, where, picky, NULL, &exact);
		if (wide)
			loosen(wide);
		for (size_t k = 0; k < 30; k++) {
			struct eval_view v;
			bool hit, wide_hit;
			eval_view_of_event(&v, &ev[k]);
			hit = plan_match(where, &v);
			wide_hit = !wide || plan_match(wide, &v);
			assert_true(wide_hit || !hit);
			assert_true(!exact || hit == wide_hit);
		}
		gen_events_release(ev, 30);
		plan_free(p);
		arena_release(&a);
	}
}

/* ---- whole texts ---- */

static void check_text(enum render_lang lang, const char *json, const char *table, const char *want)
{
	struct render_target t = {.table = table};
	struct rendered out;
	struct err e = {0};
	cJSON *j = json_parse(slice_of(json), MW_PLAN_JSON_MAX, &e);
	struct plan *p = j ? plan_from_json(j, &e) : NULL;

	if (!p)
		fail_msg("%s\n%s", e.what, json);
	if (plan_render(lang, p, 0, &t, &out, &e))
		fail_msg("%s", e.what);
	if (strcmp(out.text.s, want))
		fail_msg("%s\n--- is\n%s\n--- not\n%s", json, out.text.s, want);
	rendered_release(&out);
	plan_free(p);
	cJSON_Delete(j);
}

#define STEP(x) "{\"steps\":[{\"datasets\":[\"cloudtrail\"],\"limit\":10," x "}]}"
#define CMP(op, v) "\"where\":{\"field\":\"user\",\"op\":\"" op "\",\"value\":\"" v "\"}"

/* The traps: wildcards, quotes, backslashes, percent signs, line ends, words that look like operators. */
static void test_kql(void **state)
{
	static const struct {
		const char *json, *want;
	} rows[] = {
	        {CMP("is", "a*b"), "tostring(UserIdentityUserName) in~ (\"a*b\")"},
	        {CMP("is_cs", "St. John's \\\"x\\\""),
	         "tostring(UserIdentityUserName) in (\"St. John's \\\"x\\\"\")"},
	        {CMP("contains", "C:\\\\Windows\\n100%"),
	         "tostring(UserIdentityUserName) contains \"C:\\\\Windows\\u000a100%\""},
	        {CMP("like", "a_b%*\\\\**"),
	         "tostring(UserIdentityUserName) matches regex \"(?is)^a_b%.*\\\\*.*\\\\z\""},
	        {CMP("regex", "^a\\\\.b$"),
	         "tostring(UserIdentityUserName) matches regex \"^a\\\\.b$\""},
	        {CMP("is", "x\\\" or 1==1 //"),
	         "tostring(UserIdentityUserName) in~ (\"x\\\" or 1==1 //\")"},
	        {"\"where\":{\"not\":{\"field\":\"src_ip\",\"op\":\"cidr\",\"value\":\"10.0.0.0/"
	         "8\"}}",
	         "not(coalesce(ipv4_is_in_range(trim_start(\"(?i)::ffff:\",tostring("
	         "SourceIpAddress)),\"10.0.0.0/8\"),false))"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char json[1024], want[1024];
		snprintf(json, sizeof(json),
		         "{\"steps\":[{\"datasets\":[\"cloudtrail\"],\"limit\":10,%s}]}",
		         rows[i].json);
		snprintf(want, sizeof(want),
		         "AWSCloudTrail\n| where %s\n| sort by TimeGenerated asc\n| take 10",
		         rows[i].want);
		check_text(RENDER_KQL, json, NULL, want);
	}
	check_text(
	        RENDER_KQL,
	        STEP("\"from\":\"2021-07-30T16:00:00Z\",\"to\":\"2021-07-30T17:00:00Z\","
	             "\"stats\":[{\"fn\":\"count\"}],\"by\":[\"user\"],"
	             "\"having\":{\"field\":\"count\",\"op\":\"gt\",\"value\":5}"),
	        NULL,
	        "AWSCloudTrail\n| where TimeGenerated >= datetime(2021-07-30T16:00:00Z)\n| "
	        "where TimeGenerated < "
	        "datetime(2021-07-30T17:00:00Z)\n| summarize ['count']=count() by "
	        "['user']=tostring(UserIdentityUserName)\n| where "
	        "isnotempty(['user'])\n| where coalesce(todouble(tostring(['count'])) > 5,false)\n| "
	        "sort by ['count'] desc nulls last, ['user'] "
	        "asc nulls last\n| take 10");
}

static void test_spl(void **state)
{
	static const struct {
		const char *json, *want;
	} rows[] = {
	        {CMP("is", "a\\\\b"), " user=\"a\\\\b\"\n| sort 0 _time"},
	        {CMP("is", "St. John's"), " user=\"St. John's\"\n| sort 0 _time"},
	        {CMP("is", "NOT"), " user=\"NOT\"\n| sort 0 _time"},
	        {CMP("contains", "x\\\" | delete"), " user=\"*x\\\" | delete*\"\n| sort 0 _time"},
	        {CMP("is", "a*b"), "\n| where isnotnull(mvfind('user',\"(?is)^a\\\\*b\\\\z\"))\n| "
	                           "sort 0 _time"}, /* no pattern */
	        {CMP("is", "`m`"),
	         "\n| where isnotnull(mvfind('user',\"(?is)^`m`\\\\z\"))\n| sort 0 _time"},
	        {CMP("is_cs", "Root"),
	         "\n| where isnotnull(mvfind('user',\"(?s)^Root\\\\z\"))\n| sort 0 _time"},
	        {CMP("like", "ab\\\\*c*"),
	         "\n| where isnotnull(mvfind('user',\"(?is)^ab\\\\*c.*\\\\z\"))\n| sort 0 _time"},
	        {"\"where\":{\"all\":[{\"field\":\"user\",\"op\":\"in\",\"values\":[\"a\",\"b\"]},{"
	         "\"any\":[{\"field\":\"src_ip\",\"op\":\"cidr\","
	         "\"value\":\"10.0.0.0/8\"},{\"field\":\"user\",\"op\":\"exists\"}]}]}",
	         " user IN (\"a\",\"b\")\n| where "
	         "(isnotnull(mvfilter(cidrmatch(\"10.0.0.0/8\",'src_ip'))) OR "
	         "isnotnull('user'))\n| sort 0 "
	         "_time"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char json[1024], want[1024];
		snprintf(json, sizeof(json),
		         "{\"steps\":[{\"datasets\":[\"cloudtrail\"],\"limit\":10,%s}]}",
		         rows[i].json);
		snprintf(want, sizeof(want),
		         "search index=main (sourcetype=\"aws:cloudtrail\")%s\n| head 10",
		         rows[i].want);
		check_text(RENDER_SPL, json, "main", want);
	}
	check_text(RENDER_SPL,
	           STEP("\"from\":\"2021-07-30T16:00:00Z\",\"stats\":[{\"fn\":\"count\"}],\"by\":["
	                "\"event_name\"],\"span\":\"1h\""),
	           NULL,
	           "search index=* earliest=1627660800 (sourcetype=\"aws:cloudtrail\")\n| eval "
	           "time=floor(_time/3600)*3600\n| stats count AS "
	           "count BY time signature\n| rename signature AS event_name\n| sort 0 + time - "
	           "count + str(event_name)\n| head 10");
}

static void test_others(void **state)
{
	(void)state;
	check_text(RENDER_CH, STEP(CMP("is", "It's \\\\ 100%")), NULL,
	           "SELECT *\nFROM `events`\nWHERE 1 AND (dataset='cloudtrail' OR "
	           "startsWith(dataset,'cloudtrail.')) AND arrayExists(x -> "
	           "lower(x) IN ('it\\'s \\\\ 100%'),`actor_user_name`)\nORDER BY time NULLS LAST, "
	           "id\nLIMIT 10");
	check_text(RENDER_AQL,
	           "{\"steps\":[{\"limit\":5,\"from\":\"2021-07-30T16:00:00Z\"," CMP(
	                   "is", "O'Brien") "}]}",
	           NULL,
	           "SELECT starttime AS starttime, QIDNAME(qid) AS event_name, "
	           "LOGSOURCETYPENAME(devicetype) AS log_source_type, sourceip AS "
	           "sourceip, destinationip AS destinationip, username AS username, UTF8(payload) "
	           "AS payload\nFROM events\nWHERE (username IS "
	           "NOT NULL AND LOWER(STR(username)) = 'o''brien')\nORDER BY starttime ASC\nLIMIT "
	           "5\nSTART 1627660800000");
	check_text(RENDER_DSL, "{\"steps\":[{\"limit\":5," CMP("contains", "a*\\\"b") "}]}", NULL,
	           "{\"query\":{\"bool\":{\"filter\":[{\"bool\":{\"should\":[{\"wildcard\":{\"user."
	           "name\":{\"value\":\"*a\\\\*\\\"b*\","
	           "\"case_insensitive\":true}}}],\"minimum_should_match\":1}}]}},\"sort\":[{\"@"
	           "timestamp\":{\"order\":\"asc\"}}],\"size\":5}");
}

/* ---- nothing of a value gets out of its literal ---- */

/* Takes the quoted parts out of a text; false where one is not closed. `escape` says how a quote is written inside. */
static bool strip_literals(const char *s, const char *quotes, bool doubled, struct buf *rest)
{
	while (*s) {
		char quote = *s;
		if (!strchr(quotes, quote)) {
			buf_ch(rest, *s++);
			continue;
		}
		for (s++; *s && (*s != quote || (doubled && s[1] == quote)); s++) {
			if ((!doubled && *s == '\\' && s[1]) || (doubled && *s == quote))
				s++;
			if (!*s || *s == '\n')
				return false;
		}
		if (!*s++)
			return false;
		buf_ch(rest, '"');
	}
	return true;
}

static void check_closed(enum render_lang lang, const struct plan *p, const char *text)
{
	static const struct {
		const char *quotes;
		bool doubled;
	} rules[] = {[RENDER_SPL] = {"\"'", false},
	             [RENDER_KQL] = {"\"'", false},
	             [RENDER_AQL] = {"'\"", true},
	             [RENDER_CH] = {"'`", false}};
	struct buf rest = BUF_INIT;

	if (!strip_literals(text, rules[lang].quotes, rules[lang].doubled, &rest))
		gen_fail(text, p);
	for (const char *s = rest.s; *s; s++)
		if ((unsigned char)*s >= 0x7f || ((unsigned char)*s < 0x20 && *s != '\n') ||
		    strchr(";`\\#$%{}", *s))
			gen_fail(rest.s, p);
	if (strstr(rest.s, "delete") || strstr(rest.s, "jndi") || strstr(rest.s, "--"))
		gen_fail(rest.s, p);
	buf_release(&rest);
}

static void test_closed_literals(void **state)
{
	struct gen g;

	(void)state;
	gen_init(&g, 5);
	g.no_steps = true;
	for (size_t i = rounds(3000, 100000); i > 0; i--) {
		struct plan *p = gen_plan(&g);
		struct err e = {0};
		p->steps[0].search.ndatasets = 0;
		for (enum render_lang lang = RENDER_SPL; lang <= RENDER_CH; lang++) {
			struct render_target t = {.table = lang == RENDER_KQL ? "AWSCloudTrail"
			                                                      : NULL};
			struct rendered out;
			if (plan_render(lang, p, 0, &t, &out, &e))
				gen_fail(e.what, p);
			assert_int_equal(strlen(out.text.s), out.text.len);
			assert_true(out.exact_where || !out.exact_rows);
			if (!out.exact_where)
				assert_true(out.notes.n > 0); /* what is done afterwards is told */
			if (lang != RENDER_DSL)
				check_closed(lang, p, out.text.s);
			rendered_release(&out);
		}
		plan_free(p);
	}
}

/* ---- a catalogue ---- */

static const char *lacks_user(void *ctx, const char *table, const char *column)
{
	static const char *const user[] = {"UserIdentityUserName", "user", "username", "user.name",
	                                   "actor_user_name"};

	(void)ctx, (void)table;
	for (size_t i = 0; i < ARRAY_LEN(user); i++)
		if (!strcmp(user[i], column))
			return NULL;
	return "";
}

/* A column that is not there is never in the text, and what hangs on it alone is known. */
static void test_catalogue(void **state)
{
	static const struct {
		const char *where;
		bool hangs, narrows, missing;
	} rows[] = {
#define USER "{\"field\":\"user\",\"op\":\"is\",\"value\":\"kim\"}"
#define ADDRESS "{\"field\":\"src_endpoint.ip\",\"op\":\"is\",\"value\":\"10.0.0.1\"}"
	        {USER, true, false, true},
	        {ADDRESS, false, true, false},
	        {"{\"all\":[" USER "," ADDRESS "]}", true, true, true},
	        {"{\"any\":[" USER "," ADDRESS "]}", false, false, true},
	        {"{\"all\":[{\"not\":" USER "}," ADDRESS "]}", false, true, true},
	};
	static const enum render_lang in[] = {RENDER_SPL, RENDER_KQL, RENDER_AQL, RENDER_DSL,
	                                      RENDER_CH};
	struct render_catalog catalog = {NULL, lacks_user};
	struct render_target t = {.catalog = &catalog};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows) * ARRAY_LEN(in); i++) {
		char *json = xasprintf(STEP("\"where\":%s"), rows[i / ARRAY_LEN(in)].where);
		enum render_lang lang = in[i % ARRAY_LEN(in)];
		struct rendered out;
		struct err e = {0};
		cJSON *j = json_parse(slice_of(json), MW_PLAN_JSON_MAX, &e);
		struct plan *p = plan_from_json(j, &e);
		assert_non_null(p);
		assert_int_equal(plan_render(lang, p, 0, &t, &out, &e), 0);
		assert_null(strstr(out.text.s, "kim"));
		assert_int_equal(render_hangs_on_missing(&p->steps[0].search, &out),
		                 rows[i / ARRAY_LEN(in)].hangs);
		assert_int_equal(out.narrows, rows[i / ARRAY_LEN(in)].narrows);
		assert_int_equal(!out.exact_where, rows[i / ARRAY_LEN(in)].missing ||
		                                           lang == RENDER_AQL ||
		                                           lang == RENDER_DSL);
		rendered_release(&out);
		plan_free(p);
		cJSON_Delete(j);
		free(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_widening),
	        cmocka_unit_test(test_kql),
	        cmocka_unit_test(test_spl),
	        cmocka_unit_test(test_others),
	        cmocka_unit_test(test_closed_literals),
	        cmocka_unit_test(test_catalogue),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
