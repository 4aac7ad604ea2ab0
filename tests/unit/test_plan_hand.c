/* Text edited by hand: what may be sent, what may not, and where it says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include "gen_plan.h"
#include "plan/hand.h"

static int setup(void **state)
{
	struct err e;

	(void)state;
	return fields_load(&e);
}

static const struct {
	enum render_lang lang;
	const char *text, *want; /* want NULL: it may be sent */
} rows[] = {
        {RENDER_SPL, "search index=main earliest=1 user=\"x\" | head 10", NULL},
        {RENDER_SPL, "search index=main earliest=1 | stats count by user | sort - count | head 5",
         NULL},
        {RENDER_SPL, "search index=main earliest=1 user=\"| delete\" | head 10", NULL},
        {RENDER_SPL,
         "search index=main earliest=1 [ search index=b | fields user | format ] | head 10", NULL},
        {RENDER_SPL, "search index=main earliest=1 | delete", "1:32: delete"},
        {RENDER_SPL, "search index=main earliest=1\n| outputlookup x.csv", "2:3: outputlookup"},
        {RENDER_SPL, "search index=main earliest=1 [ search x | collect index=y ] | head 1",
         "collect"},
        {RENDER_SPL, "search index=main earliest=1 [ | rest /services ] | head 1", "rest"},
        {RENDER_SPL, "search index=main earliest=1 | mycommand | head 1",
         "1:32: the command mycommand"},
        {RENDER_SPL, "search index=main earliest=1 `hidden(x)` | head 1", "1:30: a macro"},
        {RENDER_SPL, "search index=main earliest=1 | eval x=evil(y) | head 1", "function evil"},
        {RENDER_SPL, "search index=main earliest=1 | sendemail to=x | head 1", "sendemail"},
        {RENDER_SPL, "search index=main earliest=1 | map search=\"search x\" | head 1", "map"},
        {RENDER_SPL, "search index=main earliest=1", "not bounded"},
        {RENDER_SPL, "search index=main | head 10", "no beginning in time"},
        {RENDER_SPL, "search index=main earliest=1 | head 99999999", "1 to"},
        {RENDER_SPL, "search index=main earliest=1 user=\"x | head 1", "never ends"},
        {RENDER_SPL, "| inputlookup secrets.csv | head 1", "1:3"},
        {RENDER_SPL, "search x ```c``` earliest=1 | head 1", "a macro"},
        {RENDER_KQL, "AWSCloudTrail | where TimeGenerated > ago(1d) | take 10", NULL},
        {RENDER_KQL,
         "AWSCloudTrail | where TimeGenerated > ago(1d) | where EventName in ((SigninLogs | "
         "distinct AppId)) | take 10",
         NULL},
        {RENDER_KQL,
         "AWSCloudTrail | where TimeGenerated > ago(1d) and EventName == \"; .drop table\" | take "
         "1",
         NULL},
        {RENDER_KQL, "SecretTable | where TimeGenerated > ago(1d) | take 10",
         "1:1: the table SecretTable"},
        {RENDER_KQL, "union * | where TimeGenerated > ago(1d) | take 10", "union"},
        {RENDER_KQL, "AWSCloudTrail | where TimeGenerated > ago(1d) | union Secret | take 10",
         "table Secret"},
        {RENDER_KQL,
         "AWSCloudTrail | where TimeGenerated > ago(1d) | join kind=inner Secret on x | take 1",
         "join takes"},
        {RENDER_KQL,
         "AWSCloudTrail | where TimeGenerated > ago(1d) | join kind=inner (Secret | take 1) on x | "
         "take 1",
         "table Secret"},
        {RENDER_KQL,
         "AWSCloudTrail | where TimeGenerated > ago(1d) | evaluate http_request(\"x\") | take 1",
         "evaluate"},
        {RENDER_KQL, "externaldata(x:string)[\"https://x\"] | take 1", "externaldata"},
        {RENDER_KQL, "let x = 1; AWSCloudTrail | take 1", "1:1: let"},
        {RENDER_KQL, "AWSCloudTrail | where TimeGenerated > ago(1d); .drop table x", "; ends it"},
        {RENDER_KQL, "workspace(\"other\").AWSCloudTrail | where TimeGenerated > ago(1d) | take 1",
         "workspace"},
        {RENDER_KQL, "AWSCloudTrail | where TimeGenerated > ago(1d)", "not bounded"},
        {RENDER_KQL, "AWSCloudTrail | take 5", "no window"},
        {RENDER_KQL, "AWSCloudTrail // | where x\n| take 5", "comments"},
        {RENDER_AQL, "SELECT sourceip FROM events WHERE username = 'x; DROP' LIMIT 10 LAST 1 HOURS",
         NULL},
        {RENDER_AQL,
         "SELECT sourceip FROM events WHERE sourceip IN (SELECT sourceip FROM flows) LIMIT 10 LAST "
         "1 "
         "HOURS",
         NULL},
        {RENDER_AQL, "SELECT x FROM assets LIMIT 10 LAST 1 HOURS", "1:15: the table assets"},
        {RENDER_AQL,
         "SELECT x FROM events WHERE sourceip IN (SELECT x FROM secrets) LIMIT 1 LAST 1 HOURS",
         "table secrets"},
        {RENDER_AQL, "SELECT x INTO y FROM events LIMIT 10 LAST 1 HOURS", "INTO"},
        {RENDER_AQL, "SELECT evil(x) FROM events LIMIT 10 LAST 1 HOURS", "function evil"},
        {RENDER_AQL, "SELECT x FROM events LIMIT 10", "no window"},
        {RENDER_AQL, "SELECT x FROM events LAST 1 HOURS", "not bounded"},
        {RENDER_AQL, "DELETE FROM events", "DELETE"},
        {RENDER_CH, "SELECT * FROM events WHERE time >= now() LIMIT 10", NULL},
        {RENDER_CH, "SELECT * FROM (SELECT * FROM events WHERE time >= now()) LIMIT 10", NULL},
        {RENDER_CH, "SELECT * FROM url('http://x', CSV, 'a String') WHERE time > 1 LIMIT 10",
         "function url"},
        {RENDER_CH, "SELECT * FROM system.users WHERE time > 1 LIMIT 10", "1:15: system"},
        {RENDER_CH, "SELECT * FROM events, secrets WHERE time > 1 LIMIT 10", "table events"},
        {RENDER_CH, "SELECT * FROM events WHERE time > 1 LIMIT 10 INTO OUTFILE 'x'", "INTO"},
        {RENDER_CH, "SELECT * FROM events WHERE time > 1 LIMIT 10 SETTINGS readonly=0", "SETTINGS"},
        {RENDER_CH, "INSERT INTO events VALUES (1)", "INSERT"},
        {RENDER_CH, "SELECT 1; DROP TABLE events", "; ends it"},
        {RENDER_DSL,
         "{\"query\":{\"bool\":{\"filter\":[{\"range\":{\"@timestamp\":{\"gte\":\"now-1d\"}}}]}},"
         "\"size\":10}",
         NULL},
        {RENDER_DSL, "{\"query\":{\"script\":{\"script\":\"x\"}},\"size\":10}", "script"},
        {RENDER_DSL,
         "{\"query\":{\"bool\":{\"filter\":[{\"range\":{\"@timestamp\":{\"gte\":\"now-1d\"}}},{"
         "\"terms\":{"
         "\"user\":{\"index\":\"secrets\",\"id\":\"1\",\"path\":\"x\"}}}]}},\"size\":10}",
         "index"},
        {RENDER_DSL, "{\"query\":{\"match_all\":{}},\"size\":10}", "no window"},
        {RENDER_DSL, "{\"query\":{\"range\":{\"@timestamp\":{\"gte\":\"now-1d\"}}}}", "size"},
        {RENDER_DSL,
         "{\"query\":{\"range\":{\"@timestamp\":{\"gte\":\"now-1d\"}}},\"size\":10,\"runtime_"
         "mappings\":{}}",
         "runtime_mappings"},
        {RENDER_DSL,
         "{\"query\":{\"range\":{\"@timestamp\":{\"gte\":\"now-1d\"}}},\"size\":0,\"aggs\":{\"a\":{"
         "\"scripted_metric\":{}}}}",
         "scripted_metric"},
        {RENDER_WIZ,
         "{\"query\":\"mutation X { deleteIssueNote(input: {id: 1}) { _stub } "
         "}\",\"variables\":{}}",
         "graphSearch alone"},
        {RENDER_WIZ, "{\"query\":\"query X { users { id } }\",\"variables\":{\"first\":1}}",
         "graphSearch alone"},
        {RENDER_WIZ,
         "{\"query\":\"query X { graphSearch { x } users { id } }\",\"variables\":{\"first\":1}}",
         "graphSearch alone"},
        {RENDER_ORCA,
         "{\"query\":{\"models\":[\"Inventory\"],\"type\":\"object_set\"},\"limit\":10}", NULL},
        {RENDER_ORCA, "{\"query\":{\"models\":[\"Inventory\"],\"type\":\"object_set\"}}", "limit"},
        {RENDER_RQL, "config from cloud.resource where api.name = 'x'", NULL},
        {RENDER_RQL, "config from secrets where api.name = 'x'", "1:13: secrets"},
        {RENDER_RQL, "config from iam where evil('x')", "function evil"},
        {RENDER_LQL, "{ source { LW_CFG_AWS_S3 } return { ARN } }", NULL},
        {RENDER_LQL, "{ source { SECRETS } return { ARN } }", "1:12: the table SECRETS"},
        {RENDER_LQL, "{ source { LW_CFG_AWS_S3 b with SECRETS s } return { b.ARN } }",
         "table SECRETS"},
        {RENDER_LQL,
         "{ source { LW_CFG_AWS_S3 } filter { ARN in { source { SECRETS } return { X } } } return "
         "{ ARN } }",
         "table SECRETS"},
        {RENDER_SPL, "", "no text"},
};

static void test_rows(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = {0};
		int rc = render_check_hand(rows[i].lang, slice_of(rows[i].text), NULL, &e);
		if (rows[i].want ? rc && strstr(e.what, rows[i].want) : !rc)
			continue;
		wrong++;
		print_message("%s\nwanted: %s\nis: %s\n", rows[i].text,
		              rows[i].want ? rows[i].want : "allowed", rc ? e.what : "allowed");
	}
	assert_int_equal(wrong, 0);
}

/* What a renderer wrote passes as if somebody had typed it, hostile literals and all. */
static void test_rendered(void **state)
{
	static const enum render_lang langs[] = {RENDER_SPL, RENDER_KQL, RENDER_AQL, RENDER_DSL,
	                                         RENDER_CH,  RENDER_LQL, RENDER_RQL};
	static const char *const scope[] = {"cloudtrail"};
	size_t passed = 0;

	(void)state;
	for (size_t i = 0; i < 400 * ARRAY_LEN(langs); i++) {
		enum render_lang lang = langs[i % ARRAY_LEN(langs)];
		struct gen g;
		struct plan *p;
		struct rendered text;
		struct err e;
		gen_init(&g, i * 997);
		g.no_steps = true;
		g.scopes = scope;
		g.nscopes = 1;
		p = gen_plan(&g);
		p->steps[0].search.from = (struct plan_time){.kind = PW_ABS, .t = MW_DAY};
		p->steps[0].search.to =
		        (struct plan_time){.kind = PW_ABS, .t = INT64_C(20000) * MW_DAY};
		if (!plan_render(lang, p, 0, NULL, &text, &e)) {
			passed++;
			if (render_check_hand(lang, (struct slice){text.text.s, text.text.len},
			                      NULL, &e))
				fail_msg("%s\n%s", e.what, text.text.s);
		}
		rendered_release(&text);
		plan_free(p);
	}
	assert_true(passed > 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_rows),
	        cmocka_unit_test(test_rendered),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
