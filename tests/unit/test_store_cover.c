/* Log cover from trail selectors, flow logs and what arrived. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

#include "intake/inventory.h"
#include "store/cover.h"
#include "store/graph.h"

static char dir[64];
static struct graph *g;

static int setup(void **state)
{
	struct err e;
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/mw-cover-XXXXXX");
	if (!mkdtemp(dir) || graph_open(&g, dir, GRAPH_WRITE, &e))
		return -1;
	return graph_begin(g, &e);
}

static int teardown(void **state)
{
	static const char *const files[] = {"graph.db", "graph.db-wal", "graph.db-shm",
	                                    "graph.csr"};
	char path[128];
	(void)state;
	graph_close(g);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	return rmdir(dir);
}

static int put(void *ctx, const cJSON *o, struct err *e)
{
	return graph_add(ctx, o, e);
}

static void import(const char *name, const char *json)
{
	struct inventory_opts o = {.name = name};
	struct inventory_sink sink = {g, put};
	struct buf b = BUF_INIT;
	struct err e;
	cJSON *doc;
	for (; *json; json++)
		buf_ch(&b, *json == '\'' ? '"' : *json);
	doc = json_parse((struct slice){b.s, b.len}, 1 << 20, &e);
	if (!doc || inventory_convert(NULL, doc, &o, &sink, &e))
		fail_msg("%s: %s", name, e.what);
	cJSON_Delete(doc);
	buf_release(&b);
}

/* An organisation's trail of account 222222222222, seen from 111111111111, with data events of one bucket. */
static void trails(void)
{
	struct err e;
	import("aws/111111111111/us-east-1/cloudtrail-describe-trails.json",
	       "{'trailList':[{'Name':'org','S3BucketName':'logs','IsMultiRegionTrail':true,"
	       "'HomeRegion':'us-east-1','TrailARN':"
	       "'arn:aws:cloudtrail:us-east-1:222222222222:trail/"
	       "org','HasCustomEventSelectors':true,"
	       "'IsOrganizationTrail':true}]}");
	import("aws/111111111111/us-east-1/cloudtrail-get-trail-status/org",
	       "{'IsLogging':true,'StartLoggingTime':'2026-01-01T00:00:00Z','LatestDeliveryTime':"
	       "'2026-03-01T00:00:00Z'}");
	import("aws/111111111111/us-east-1/cloudtrail-get-event-selectors/org",
	       "{'TrailARN':'arn:aws:cloudtrail:us-east-1:222222222222:trail/"
	       "org','EventSelectors':[{"
	       "'ReadWriteType':'All','IncludeManagementEvents':true,'DataResources':[{'Type':"
	       "'AWS::S3::Object','Values':['arn:aws:s3:::invoices/']}]}]}");
	import("aws/111111111111/us-east-1/s3-list-buckets.json",
	       "{'Buckets':[{'Name':'invoices','CreationDate':'2020-01-01T00:00:00Z'},"
	       "{'Name':'hr-exports','CreationDate':'2020-01-01T00:00:00Z'}]}");
	import("aws/111111111111/us-east-1/ec2-describe-vpcs.json",
	       "{'Vpcs':[{'VpcId':'vpc-logged','CidrBlock':'10.0.0.0/16','OwnerId':'111111111111'},"
	       "{'VpcId':'vpc-dark','CidrBlock':'10.1.0.0/16','OwnerId':'111111111111'}]}");
	import("aws/111111111111/us-east-1/ec2-describe-flow-logs.json",
	       "{'FlowLogs':[{'FlowLogId':'fl-1','FlowLogStatus':'ACTIVE','ResourceId':'vpc-logged'"
	       ","
	       "'CreationTime':'2026-02-01T00:00:00Z'}]}");
	if (graph_commit(g, &e))
		fail_msg("%s", e.what);
}

static struct cover_proof prove(enum cover_class cls, const char *resource, const char *account)
{
	struct cover_query q = {.cls = cls, .resource = resource, .account = account};
	struct cover_proof p;
	struct err e;
	if (cover_prove(NULL, g, &q, &p, &e))
		fail_msg("%s", e.what);
	return p;
}

static void a_bucket_on_no_trail_is_not_logged(void **state)
{
	struct cover_proof p;
	(void)state;
	trails();
	p = prove(COVER_DATA, "arn:aws:s3:::hr-exports", NULL);
	assert_int_equal(p.state, COVER_NOT_LOGGED);
	assert_non_null(strstr(p.why, "hr-exports"));
	assert_non_null(strstr(p.why, "org"));
	assert_int_equal(p.id[0], 'c');
	/* selected, but nothing has arrived: no proof of anything */
	p = prove(COVER_DATA, "invoices", NULL);
	assert_int_equal(p.state, COVER_UNKNOWN);
	assert_non_null(strstr(p.why, "none of them is in this lake"));
}

static void a_network_without_a_flow_log_is_known_only_where_they_were_listed(void **state)
{
	struct err e;
	(void)state;
	trails();
	assert_int_equal(prove(COVER_FLOW, "vpc-dark", NULL).state, COVER_NOT_LOGGED);
	assert_int_equal(prove(COVER_FLOW, "vpc-logged", NULL).state, COVER_UNKNOWN);
	assert_int_equal(prove(COVER_DNS, "vpc-dark", NULL).state, COVER_UNKNOWN);
	assert_int_equal(graph_begin(g, &e), 0);
	import("aws/111111111111/us-east-1/x.json", "{'ResolverQueryLogConfigAssociations':[]}");
	assert_int_equal(graph_commit(g, &e), 0);
	/* an empty list is knowledge */
	assert_int_equal(prove(COVER_DNS, "vpc-dark", NULL).state, COVER_NOT_LOGGED);
}

static void ids_stay_and_differ(void **state)
{
	struct cover_proof a, b, c;
	(void)state;
	trails();
	a = prove(COVER_DATA, "arn:aws:s3:::hr-exports", NULL);
	b = prove(COVER_DATA, "hr-exports", NULL);
	c = prove(COVER_DATA, "invoices", NULL);
	assert_string_equal(a.id, b.id);
	assert_string_not_equal(a.id, c.id);
}

static void the_table_has_a_row_for_each_thing_once(void **state)
{
	struct err e;
	cJSON *t, *row;
	int buckets = 0;
	(void)state;
	trails();
	t = cover_table(NULL, g, &e);
	assert_non_null(t);
	cJSON_ArrayForEach(row, t)
	{
		buckets += strcmp(json_str(row, "class", ""), "data") == 0;
		assert_true(strlen(json_str(row, "id", "")) > 1);
		assert_true(strlen(json_str(row, "why", "")) > 1);
	}
	assert_int_equal(buckets, 3); /* with the trail's own */
	cJSON_Delete(t);
}

static void classes_of_calls(void **state)
{
	(void)state;
	assert_int_equal(cover_class_of("cloudtrail", SLICE("GetObject")), COVER_DATA);
	assert_int_equal(cover_class_of("cloudtrail", SLICE("RunInstances")), COVER_MANAGEMENT);
	assert_int_equal(cover_class_of("zeek.dns", SLICE("")), COVER_DNS);
	assert_int_equal(cover_class_of("zeek.conn", SLICE("")), COVER_FLOW);
	assert_int_equal(cover_class_of("windows.sysmon", SLICE("")), COVER_ENDPOINT);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	        T(a_bucket_on_no_trail_is_not_logged),
	        T(a_network_without_a_flow_log_is_known_only_where_they_were_listed),
	        T(ids_stay_and_differ),
	        T(the_table_has_a_row_for_each_thing_once),
	        T(classes_of_calls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
