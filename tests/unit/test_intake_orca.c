/* Alerts of Orca and Lacework, as their APIs and webhooks give them, become findings: one record a line, as a poll hands them over. */
#include "intake_help.h"
#include "intake/mapping.h"

#define ASSET "\"asset_unique_id\":\"AwsEc2Instance_111111111111_a-0001\""
#define SERVING                                                                                    \
	"{\"id\":\"g\",\"name\":\"orca-1001\",\"type\":\"Alert\"," ASSET                           \
	",\"data\":{\"AlertId\":{\"value\":\"orca-1001\"},"                                        \
	"\"AlertType\":{\"value\":\"Admin role exposed\"},\"RiskLevel\":{\"value\":\"critical\"}," \
	"\"Status\":{\"value\":\"open\"},\"CreatedAt\":{\"value\":\"2026-01-03T00:00:00+00:00\"}," \
	"\"LastUpdated\":{\"value\":\"2026-01-04T00:00:00+00:00\"},"                               \
	"\"RiskFindings\":{\"value\":[{\"a\":1}]},\"CloudAccount\":{\"name\":\"prod\",\"data\":{"  \
	"\"CloudProvider\":{\"value\":\"aws\"}}},\"Inventory\":{\"name\":\"i-0123456789abcdef0\"," \
	"\"type\":\"AwsEc2Instance\",\"data\":{\"Region\":{\"value\":\"us-east-1\"}}}}}"
#define LEGACY(state)                                                                                    \
	"{\"type\":\"rule_r1\",\"rule_id\":\"r1\",\"type_string\":\"Inactive User\","                    \
	"\"description\":\"d\",\"cloud_provider\":\"aws\",\"cloud_vendor_id\":\"111111111111\","         \
	"\"asset_unique_id\":\"AwsUser_111111111111_0001\",\"asset_name\":\"user1\","                    \
	"\"asset_type\":\"AwsUser\",\"asset_vendor_id\":\"user1\",\"asset_regions\":[\"eu-central-1\"]," \
	"\"findings\":[{\"Name\":\"acl-1\"}],\"state\":{\"alert_id\":\"orca-91523\"," state "}}"
#define LACEWORK(subject)                                                                        \
	"{\"alertId\":967279,\"startTime\":\"2022-09-29T16:00:00.000Z\","                        \
	"\"endTime\":\"2022-09-29T17:00:00.000Z\",\"alertType\":\"NewViolations\","              \
	"\"alertName\":\"New violations\",\"severity\":\"Critical\",\"derivedFields\":{"         \
	"\"category\":\"Policy\",\"sub_category\":\"Compliance\",\"source\":\"AWS\"},"           \
	"\"status\":\"Open\",\"alertInfo\":{\"subject\":\"" subject "\",\"description\":\"v\"}," \
	"\"policyId\":\"lacework-global-10\"}"

static const struct {
	const char *format, *record, *lines[10];
} cases[] = {
        {"json-lines",
         SERVING,
         {"dataset=finding.orca", "uid=orca-1001", "time=2026-01-04T00:00:00Z",
          "finding_info.title=Admin role exposed", "severity=critical", "status=open",
          "cloud.account.uid=111111111111", "cloud.region=us-east-1",
          "resources.uid=i-0123456789abcdef0"}},
        {"json",
         LEGACY("\"status\":\"closed\",\"risk_level\":\"medium\",\"severity\":\"hazardous\","
                "\"last_updated\":\"2023-03-09T00:00:00+00:00\""),
         {"dataset=finding.orca", "uid=orca-91523", "time=2023-03-09T00:00:00Z",
          "finding_info.title=Inactive User", "severity=medium", "status=closed",
          "cloud.account.uid=111111111111", "resources.name=user1"}},
        /* Its lists stand under words that exports put records under.
         * Before there were words there was a number, and other words. */
        {"json",
         LEGACY("\"score\":1,\"created_at\":\"2020-11-08T12:58:52+00:00\""),
         {"severity=critical", "time=2020-11-08T12:58:52Z"}},
        {"json", LEGACY("\"severity\":\"imminent compromise\""), {"severity=high"}},
        {"json-lines",
         LACEWORK("Compliance violation: AWS account 123456789012"),
         {"dataset=finding.lacework", "uid=967279", "time=2022-09-29T16:00:00Z",
          "finding_info.title=New violations", "severity=Critical", "status=Open",
          "cloud.account.uid=123456789012", "cloud.provider=AWS", "rule.name=lacework-global-10"}},
        {"json-lines",
         "{\"event_title\":\"Compliance Changed\",\"event_source\":\"AwsCompliance\","
         "\"event_description\":\"AWS Account prod (123456789012): x\",\"event_type\":"
         "\"Compliance\",\"event_id\":\"120884\",\"event_severity\":\"2\",\"rec_id\":\"AWS_1\"}",
         {"dataset=finding.lacework", "uid=120884", "severity=High",
          "finding_info.title=Compliance Changed", "cloud.account.uid=123456789012",
          "rule.name=AWS_1"}},
};

static void records_become_findings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct got g;
		read_text(cases[i].record, strlen(cases[i].record), "orca.findings.jsonl",
		          cases[i].format, &g);
		assert_string_equal(g.rejects.s, "");
		assert_int_equal(g.events, 1);
		assert_int_equal(g.raw_bytes, strlen(cases[i].record));
		for (const char *const *l = cases[i].lines; *l; l++)
			has_line(&g, *l);
		got_release(&g);
	}
}

/* A number inside a longer one, or in a word, is no account. */
static void what_is_no_account(void **state)
{
	static const char *const records[] = {LACEWORK("event 1234567890123 of x123456789012"),
	                                      LACEWORK("no number")};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(records); i++) {
		struct got g;
		read_text(records[i], strlen(records[i]), "x.jsonl", "json-lines", &g);
		has_no(&g, "cloud.account.uid");
		got_release(&g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(records_become_findings),
	                                   cmocka_unit_test(what_is_no_account)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
