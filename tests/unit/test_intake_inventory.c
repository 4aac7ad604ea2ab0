/* Inventory formats: what is detected, what comes out, and that the shared samples all go in. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <dirent.h>
#include <unistd.h>

#include "base/map.h"
#include "intake/inventory.h"
#include "store/graph.h"

struct got {
	struct map nodes; /* id -> JSON */
	struct map edges; /* "from type to" */
};

static int take(void *ctx, const cJSON *o, struct err *e)
{
	struct got *g = ctx;
	const cJSON *n = json_obj(o, "node"), *x = json_obj(o, "edge");
	char key[1024];
	(void)e;
	if (n) {
		struct map_entry *m = map_put_str(&g->nodes, json_str(n, "id", ""), NULL);
		cJSON_Delete(m->val.p);
		m->val.p = cJSON_Duplicate(n, true);
	} else {
		snprintf(key, sizeof(key), "%s %s %s", json_str(x, "from", ""),
		         json_str(x, "type", ""), json_str(x, "to", ""));
		map_put_str(&g->edges, key, NULL);
	}
	return 0;
}

static void release(struct got *g)
{
	for (size_t i = 0; i < g->nodes.n; i++)
		cJSON_Delete(g->nodes.entries[i].val.p);
	map_release(&g->nodes);
	map_release(&g->edges);
	*g = (struct got){0};
}

static int convert(struct got *g, struct slice text, const char *name, struct err *e)
{
	struct inventory_opts o = {.name = name};
	struct inventory_sink sink = {g, take};
	const struct inventory_format *f = inventory_detect(text);
	cJSON *doc = json_parse(text, 1u << 26, e);
	int rc = -1;
	if (doc && f)
		rc = inventory_convert(f, doc, &o, &sink, e);
	else if (doc)
		err_set(e, ERR_NOT_FOUND, "not detected");
	cJSON_Delete(doc);
	return rc;
}

static void quoted(struct got *g, const char *name, const char *text)
{
	struct buf b = BUF_INIT;
	struct err e;
	for (; *text; text++)
		buf_ch(&b, *text == '\'' ? '"' : *text);
	if (convert(g, (struct slice){b.s, b.len}, name, &e))
		fail_msg("%s: %s", b.s, e.what);
	buf_release(&b);
}

static const cJSON *node(struct got *g, const char *id)
{
	struct map_entry *m = map_get_str(&g->nodes, id);
	if (!m)
		fail_msg("no node %s", id);
	return m->val.p;
}

static void has_edge(struct got *g, const char *key)
{
	if (!map_get_str(&g->edges, key)) {
		for (size_t i = 0; i < g->edges.n; i++)
			print_message("%s\n", g->edges.entries[i].key);
		fail_msg("no edge %s", key);
	}
}

static void an_instance_with_all_around_it(void **state)
{
	struct got g = {0};
	const cJSON *n;
	(void)state;
	quoted(&g, "123456789012/eu-west-1/ec2-describe-instances.json",
	       "{'Reservations':[{'OwnerId':'123456789012','Instances':[{'InstanceId':'i-0a',"
	       "'ImageId':'ami-1','SubnetId':'subnet-1','VpcId':'vpc-1','PublicIpAddress':'192.0.2."
	       "1',"
	       "'MetadataOptions':{'HttpTokens':'optional'},'SecurityGroups':[{'GroupId':'sg-1',"
	       "'GroupName':'web'}],'IamInstanceProfile':{'Arn':"
	       "'arn:aws:iam::123456789012:instance-profile/web'},'BlockDeviceMappings':[{'Ebs':{"
	       "'VolumeId':'vol-1'}}],'NetworkInterfaces':[{'NetworkInterfaceId':'eni-1',"
	       "'PrivateIpAddress':'10.0.0.1','SubnetId':'subnet-1'}],'Placement':{"
	       "'AvailabilityZone':'eu-west-1a'},'Tags':[{'Key':'Name','Value':'web-1'}]}]}]}");
	n = node(&g, "i-0a");
	assert_string_equal(json_str(n, "name", ""), "web-1");
	assert_string_equal(json_str(n, "account", ""), "123456789012");
	assert_string_equal(json_str(n, "region", ""), "eu-west-1");
	assert_string_equal(json_str(json_obj(n, "props"), "public_ip", ""), "192.0.2.1");
	assert_true(json_bool(json_obj(n, "props"), "imds_v1", false));
	has_edge(&g, "subnet-1 contains i-0a");
	has_edge(&g, "i-0a uses sg-1");
	has_edge(&g, "i-0a uses vol-1");
	has_edge(&g, "i-0a uses arn:aws:iam::123456789012:instance-profile/web");
	has_edge(&g, "eni-1 attached_to i-0a");
	release(&g);
}

static void a_policy_without_a_name_belongs_to_its_file_or_its_resource(void **state)
{
	static const char policy[] =
	        "{'Policy':'{\\'Statement\\':[{\\'Effect\\':\\'Allow\\',\\'Principal\\':\\'*\\',"
	        "\\'Action\\':\\'s3:GetObject\\',\\'Resource\\':\\'arn:aws:s3:::named/*\\'}]}'}";
	struct got g = {0};
	(void)state;
	quoted(&g, "123456789012/us-east-1/s3-get-bucket-policy/mine", policy);
	assert_non_null(json_get(json_obj(node(&g, "arn:aws:s3:::mine"), "props"), "policy"));
	release(&g);
	quoted(&g, "policy.json", policy);
	assert_non_null(json_get(json_obj(node(&g, "arn:aws:s3:::named"), "props"), "policy"));
	release(&g);
}

static void iam_details(void **state)
{
	struct got g = {0};
	(void)state;
	quoted(&g, NULL,
	       "{'UserDetailList':[{'UserName':'u','Arn':'arn:aws:iam::123456789012:user/p/u',"
	       "'GroupList':['g'],'UserPolicyList':[{'PolicyName':'in','PolicyDocument':{"
	       "'Statement':[]}}],'PermissionsBoundary':{'PermissionsBoundaryArn':"
	       "'arn:aws:iam::123456789012:policy/b'}}]}");
	has_edge(&g,
	         "arn:aws:iam::123456789012:user/p/u member_of arn:aws:iam::123456789012:group/g");
	has_edge(&g, "arn:aws:iam::123456789012:user/p/u has_policy "
	             "arn:aws:iam::123456789012:user/p/u/inline-policy/in");
	has_edge(
	        &g,
	        "arn:aws:iam::123456789012:user/p/u has_policy arn:aws:iam::123456789012:policy/b");
	release(&g);
}

static void findings_point_at_their_resources(void **state)
{
	static const struct {
		const char *json, *edge;
	} cases[] = {
	        {"{'ProductArn':'p','AwsAccountId':'1','Id':'f','Title':'t','Severity':{'Label':'"
	         "HIGH'},"
	         "'Resources':[{'Id':'arn:aws:s3:::b','Type':'AwsS3Bucket'}]}",
	         "securityhub:finding:f affects arn:aws:s3:::b"},
	        {"{'Type':'x','AccountId':'123456789012','Service':{},'Id':'f','Title':'t','"
	         "Severity':8,"
	         "'Region':'us-east-1','Resource':{'ResourceType':'Instance','InstanceDetails':{"
	         "'InstanceId':'i-09'}}}",
	         "guardduty:finding:f affects i-09"},
	        {"{'class_uid':2004,'metadata':{},'finding_info':{'uid':'f','title':'t'},'"
	         "resources':[{"
	         "'uid':'arn:aws:rds:eu-west-1:123456789012:db:x','type':'RDS'}]}",
	         "ocsf:finding:f affects arn:aws:rds:eu-west-1:123456789012:db:x"},
	        {"{'data':{'issuesV2':{'nodes':[{'id':'f','sourceRule':{'name':'r'},'"
	         "entitySnapshot':{"
	         "'providerId':'arn:aws:s3:::b','type':'BUCKET'}}]}}}",
	         "wiz:finding:f affects arn:aws:s3:::b"},
	        {"{'items':[{'id':'P-1','policyId':'x','policy':{'name':'n'},'resource':{'rrn':'r',"
	         "'id':"
	         "'i-07','name':'n'}}]}",
	         "prisma:finding:P-1 affects i-07"},
	        {"{'data':[{'asset_unique_id':'u','asset_type':'vm','asset_vendor_id':'i-05',"
	         "'state':{'alert_id':'orca-1'}}]}",
	         "orca:finding:orca-1 affects i-05"},
	        {"{'data':[{'id':'lw','recommendation':'r','resource':'arn:aws:s3:::b'}]}",
	         "lacework:finding:lw affects arn:aws:s3:::b"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct got g = {0};
		quoted(&g, NULL, cases[i].json);
		has_edge(&g, cases[i].edge);
		release(&g);
	}
}

static void what_is_no_inventory_is_not_taken_for_one(void **state)
{
	static const char *const other[] = {
	        "{\"Records\":[{\"eventVersion\":\"1.08\",\"eventName\":\"x\"}]}",
	        "{\"eventVersion\":\"1.08\",\"eventSource\":\"s3.amazonaws.com\"}",
	        "{\"@timestamp\":1,\"winlog\":{}}",
	        "{\"error\":\"access_denied\"}",
	        "[]",
	        "{}",
	        "",
	        "{\"",
	        "[1,2",
	        "2 123456789012 eni-1 10.0.0.1",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(other); i++)
		assert_null(inventory_detect(slice_of(other[i])));
}

static void a_head_that_ends_early_is_enough(void **state)
{
	static const char text[] = "{\"UserDetailList\":[{\"UserName\":\"x\",\"Arn\":\"arn:aws:i";
	const struct inventory_format *f = inventory_detect(slice_of(text));
	(void)state;
	assert_non_null(f);
	assert_string_equal(inventory_format_name(f), "inventory-aws-iam");
	assert_false(inventory_format_has_events(f));
}

/* The samples: how many nodes and edges each gives at least; 0 findings is no error, an unknown document is. */
static const struct {
	const char *file;
	size_t nodes, edges;
} samples[] = {
        {"findings/aws_authz_details_small.json", 47, 25},
        {"findings/cloudmapper_demo_account.json", 50, 60},
        {"findings/cartography_aws_assets_rest.json", 50, 20},
        {"findings/prowler_ocsf_gcp.json", 1, 0},
        {"findings/prowler_app_resources.jsonl", 40, 20},
        {"findings/prowler_app_findings.jsonl", 19, 0},
        {"findings/prowler_app_finding_resource_links.jsonl", 0, 19},
        {"findings/ocsf_samples.jsonl", 2, 1},
        {"findings/wiz_issues_panther.jsonl", 4, 0},
        {"findings/incident_graphs/incident_5.json", 100, 400},
        {"findings/incident_graphs/incident_39.json", 50, 50},
        {"cnapp/wiz/issues_page1.json", 2, 2},
        {"cnapp/wiz/resource.json", 1, 0},
        {"cnapp/wiz/graph_search.json", 3, 1},
        {"cnapp/prisma-cloud/alerts_page1.json", 2, 2},
        {"cnapp/prisma-cloud/alert_evidence_graph.json", 2, 2},
        {"cnapp/prisma-cloud/iam_search.json", 0, 1},
        {"cnapp/orca/alerts_legacy_page1.json", 2, 1},
        {"cnapp/orca/serving_layer_alerts_page1.json", 2, 1},
        {"cnapp/lacework/alerts_page1.json", 1, 0},
        {"cnapp/lacework/compliance_evaluations.json", 2, 1},
        {"cnapp/lacework/inventory_search.json", 1, 0},
};

static char *read_all(const char *name, size_t *n)
{
	const char *root = getenv("MW_SHARED");
	char path[512], chunk[65536];
	struct buf b = BUF_INIT;
	size_t got;
	FILE *f;
	snprintf(path, sizeof(path), "%s/data/%s", root ? root : "../shared", name);
	f = fopen(path, "r");
	if (!f)
		return NULL;
	while ((got = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&b, chunk, got);
	fclose(f);
	return buf_take(&b, n);
}

static void the_shared_samples_go_in(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		size_t n;
		struct got g = {0};
		struct err e;
		char *text = read_all(samples[i].file, &n);
		struct slice rest = {text, n}, line = rest;
		bool lines = strstr(samples[i].file, ".jsonl") != NULL;
		if (!text) {
			print_message("skipped: no ../shared\n");
			return;
		}
		while (lines ? rest.n && slice_split(&rest, '\n', &line) : rest.n > 0) {
			if (!lines)
				rest.n = 0;
			if (line.n && convert(&g, line, samples[i].file, &e))
				fail_msg("%s: %s: %.80s", samples[i].file, e.what, line.s);
		}
		if (g.nodes.n < samples[i].nodes || g.edges.n < samples[i].edges)
			fail_msg("%s: %zu nodes, %zu edges", samples[i].file, g.nodes.n, g.edges.n);
		release(&g);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_instance_with_all_around_it),
	        cmocka_unit_test(a_policy_without_a_name_belongs_to_its_file_or_its_resource),
	        cmocka_unit_test(iam_details),
	        cmocka_unit_test(findings_point_at_their_resources),
	        cmocka_unit_test(what_is_no_inventory_is_not_taken_for_one),
	        cmocka_unit_test(a_head_that_ends_early_is_enough),
	        cmocka_unit_test(the_shared_samples_go_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
