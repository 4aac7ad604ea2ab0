/*
 * Known answers: published privilege-escalation paths, and the account whose policies another tool has reported on. The
 * figures are printed, since they stand in the README.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

#include "base/map.h"
#include "intake/inventory.h"
#include "model/field.h"
#include "source/source.h"
#include "store/graph.h"
#include "store/graph_iam.h"
#include "store/graph_risk.h"

static char dir[64];

static void clean(void)
{
	static const char *const files[] = {"graph.db", "graph.db-wal", "graph.db-shm",
	                                    "graph.csr"};
	char path[128];
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
}

static struct graph *fresh(void)
{
	struct graph *g;
	struct err e;
	snprintf(dir, sizeof(dir), "/tmp/mw-known-XXXXXX");
	if (!mkdtemp(dir) || graph_open(&g, dir, GRAPH_WRITE, &e) || graph_begin(g, &e))
		fail_msg("no graph");
	return g;
}

static char *shared(const char *name, size_t *n)
{
	const char *root = getenv("MW_SHARED");
	char path[512];
	struct buf b = BUF_INIT;
	char chunk[65536];
	size_t got;
	FILE *f;
	snprintf(path, sizeof(path), "%s/data/findings/%s", root ? root : "../shared", name);
	f = fopen(path, "r");
	if (!f)
		return NULL;
	while ((got = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&b, chunk, got);
	fclose(f);
	return buf_take(&b, n);
}

static int put(void *ctx, const cJSON *o, struct err *e)
{
	return graph_add(ctx, o, e);
}

static void import(struct graph *g, const cJSON *doc)
{
	struct inventory_sink sink = {g, put};
	struct err e;
	if (inventory_convert(NULL, doc, NULL, &sink, &e))
		fail_msg("%s", e.what);
}

/* The stage that each path is played on: an attacker with some permissions, and what there is to gain. */

#define ACCOUNT "123456789012"
#define ADMIN                                                                       \
	"{'PolicyName':'AdministratorAccess','PolicyArn':'arn:aws:iam::aws:policy/" \
	"AdministratorAccess'}"
static const char stage_head[] =
        "{'UserDetailList':["
        "{'UserName':'attacker','Arn':'arn:aws:iam::" ACCOUNT
        ":user/attacker','GroupList':['team'],"
        "'AttachedManagedPolicies':[{'PolicyName':'p','PolicyArn':'arn:aws:iam::" ACCOUNT
        ":policy/p'}]},"
        "{'UserName':'victim','Arn':'arn:aws:iam::" ACCOUNT ":user/victim','GroupList':[],"
        "'AttachedManagedPolicies':[" ADMIN "]}],"
        "'GroupDetailList':["
        "{'GroupName':'team','Arn':'arn:aws:iam::" ACCOUNT ":group/team','GroupPolicyList':[]},"
        "{'GroupName':'admins','Arn':'arn:aws:iam::" ACCOUNT ":group/admins',"
        "'AttachedManagedPolicies':[" ADMIN "]}],"
        "'Policies':[{'PolicyName':'AdministratorAccess','Arn':"
        "'arn:aws:iam::aws:policy/"
        "AdministratorAccess','PolicyVersionList':[{'IsDefaultVersion':true,"
        "'Document':{'Statement':[{'Effect':'Allow','Action':'*','Resource':'*'}]}}]},"
        "{'PolicyName':'roles','Arn':'arn:aws:iam::" ACCOUNT ":policy/roles','PolicyVersionList':[{"
        "'IsDefaultVersion':true,'Document':{'Statement':[{'Effect':'Allow','Action':"
        "'logs:PutLogEvents','Resource':'*'}]}}]},"
        "{'PolicyName':'p','Arn':'arn:aws:iam::" ACCOUNT ":policy/p','PolicyVersionList':[{"
        "'IsDefaultVersion':true,'Document':{'Statement':[{'Effect':'Allow','Resource':'*',"
        "'Action':[";
static const char stage_mid[] =
        "]}]}}]}],"
        "'RoleDetailList':[{'RoleName':'admin','Arn':'arn:aws:iam::" ACCOUNT ":role/admin',"
        "'AttachedManagedPolicies':[" ADMIN
        ",{'PolicyName':'roles','PolicyArn':'arn:aws:iam::" ACCOUNT
        ":policy/roles'}],'InstanceProfileList':[{'InstanceProfileName':'admin','Arn':"
        "'arn:aws:iam::" ACCOUNT ":instance-profile/admin','Roles':[{'RoleName':'admin','Arn':"
        "'arn:aws:iam::" ACCOUNT ":role/admin'}]}],'AssumeRolePolicyDocument':{'Statement':["
        "{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::" ACCOUNT ":root'},'Action':"
        "'sts:AssumeRole'},{'Effect':'Allow','Action':'sts:AssumeRole','Principal':{'Service':[";
static const char stage_tail[] = "]}}]}}]}";
static const char *const stage_rest[] = {
        "{'Reservations':[{'OwnerId':'" ACCOUNT "','Instances':[{'InstanceId':'i-0123','ImageId':"
        "'ami-1','IamInstanceProfile':{'Arn':'arn:aws:iam::" ACCOUNT
        ":instance-profile/admin'}}]}]}",
        "{'Functions':[{'FunctionName':'f','FunctionArn':'arn:aws:lambda:us-east-1:" ACCOUNT
        ":function:f','Role':'arn:aws:iam::" ACCOUNT ":role/admin'}]}",
};

static cJSON *quoted(const char *text)
{
	struct buf b = BUF_INIT;
	struct err e;
	cJSON *j;
	for (; *text; text++)
		buf_ch(&b, *text == '\'' ? '"' : *text);
	j = json_parse((struct slice){b.s, b.len}, 1 << 22, &e);
	if (!j)
		fail_msg("%s: %s", e.what, b.s);
	buf_release(&b);
	return j;
}

/* Every service that a record speaks of: the role trusts them all. */
static void trusted_services(const char *text, struct buf *out)
{
	static const char suffix[] = ".amazonaws.com";
	struct map seen = MAP_INIT;
	for (const char *p = strstr(text, suffix); p; p = strstr(p + 1, suffix)) {
		const char *from = p;
		bool added;
		while (from > text && (strchr("abcdefghijklmnopqrstuvwxyz0123456789-.", from[-1])))
			from--;
		map_put(&seen, from, (size_t)(p - from) + strlen(suffix), &added);
		if (added && from < p)
			buf_printf(out, "%s'%.*s'", out->len ? "," : "",
			           (int)((size_t)(p - from) + strlen(suffix)), from);
	}
	map_release(&seen);
}

static struct graph *stage(const struct buf *actions, const char *record)
{
	struct graph *g = fresh();
	struct buf b = BUF_INIT, services = BUF_INIT;
	struct err e;
	cJSON *j;

	trusted_services(record, &services);
	buf_printf(&b, "%s%s%s%s%s", stage_head, actions->s, stage_mid,
	           services.len ? services.s : "'none.amazonaws.com'", stage_tail);
	import(g, j = quoted(b.s));
	cJSON_Delete(j);
	for (size_t i = 0; i < ARRAY_LEN(stage_rest); i++) {
		import(g, j = quoted(stage_rest[i]));
		cJSON_Delete(j);
	}
	if (graph_commit(g, &e))
		fail_msg("%s", e.what);
	buf_release(&b);
	buf_release(&services);
	return g;
}

struct outcome {
	bool admin, sure; /* sure: by a way without a condition or a guess */
};

static int watch(void *ctx, const struct source_row *r, struct err *e)
{
	struct outcome *o = ctx;
	cJSON *j = json_parse(r->json, 1 << 24, e);
	if (strcmp(json_str(json_obj(j, "node"), "id", ""), ACCOUNT) == 0 &&
	    strcmp(json_str(j, "access", ""), "control") == 0) {
		o->admin = true;
		o->sure = !json_bool(j, "conditional", false);
	}
	cJSON_Delete(j);
	return 0;
}

static struct outcome becomes_admin(struct graph *g)
{
	struct source *s = source_graph_open(g, NULL, "graph");
	bool no = false;
	struct source_run run = {.cancelled = &no};
	struct outcome o = {false, false};
	struct source_sink sink = {.ctx = &o, .row = watch};
	struct source_done done;
	struct err e;
	cJSON *j =
	        quoted("{'steps':[{'kind':'graph','fn':'blast','start':{'field':'name','op':'is',"
	               "'value':'attacker'}}],'show':'graph'}");
	struct plan *p = plan_from_json(j, &e);
	if (!p || s->ops->search(s, p, 0, &run, &sink, &done, &e))
		fail_msg("%s", e.what);
	free(done.sent);
	plan_free(p);
	cJSON_Delete(j);
	s->ops->close(s);
	return o;
}

/* Does an edge of the attacker's say exactly these actions? */
static bool method_is_named(struct graph *g, const cJSON *required)
{
	const struct graph_edge *edges;
	uint32_t node = graph_find(g, SLICE("attacker"));
	size_t n = graph_out(g, node, &edges);
	int want = cJSON_GetArraySize(required);
	for (size_t i = 0; i < n; i++) {
		struct err e;
		cJSON *j = graph_edge_json(g, edges[i].edge, &e);
		const cJSON *have = json_arr(json_obj(j, "props"), "actions"), *r, *h;
		int hits = 0;
		cJSON_ArrayForEach(r, required) cJSON_ArrayForEach(h, have) hits +=
		        strcasecmp(json_str(r, "permission", ""), h->valuestring) == 0;
		bool same = hits == want && cJSON_GetArraySize(have) == want;
		cJSON_Delete(j);
		if (same)
			return true;
	}
	return false;
}

static void list_actions(const cJSON *permissions, struct buf *out)
{
	const cJSON *p;
	buf_reset(out);
	cJSON_ArrayForEach(p, permissions)
	        buf_printf(out, "%s'%s'", out->len ? "," : "", json_str(p, "permission", ""));
	if (!out->len)
		buf_str(out, "'logs:PutLogEvents'");
}

static void published_paths_escalate_and_their_helpers_do_not(void **state)
{
	size_t n, total = 0, found = 0, named = 0, false_alarms = 0;
	char *text = shared("pathfinding_privesc_paths.jsonl", &n);
	struct slice rest = {text, n}, line;
	struct buf actions = BUF_INIT;
	(void)state;

	if (!text) {
		print_message("skipped: no ../shared\n");
		return;
	}
	while (rest.n && slice_split(&rest, '\n', &line)) {
		struct err e;
		cJSON *j = line.n ? json_parse(line, 1 << 22, &e) : NULL;
		const cJSON *permissions = json_obj(j, "permissions");
		char *record;
		struct graph *g;
		bool ok;
		if (!j)
			continue;
		record = xstrndup(line.s, line.n);
		total++;
		list_actions(json_arr(permissions, "required"), &actions);
		g = stage(&actions, record);
		ok = becomes_admin(g).admin;
		found += ok;
		named += ok && (method_is_named(g, json_arr(permissions, "required")) ||
		                strcmp(json_str(j, "id", ""), "sts-001") == 0);
		if (!ok)
			print_message("not found: %s %s\n", json_str(j, "id", ""),
			              json_str(j, "name", ""));
		graph_close(g);
		clean();
		list_actions(json_arr(permissions, "additional"), &actions);
		g = stage(&actions, record);
		if (becomes_admin(g).sure) {
			false_alarms++;
			print_message("false alarm: helpers of %s: %s\n", json_str(j, "id", ""),
			              actions.s);
		}
		graph_close(g);
		clean();
		free(record);
		cJSON_Delete(j);
	}
	print_message("escalation paths: %zu of %zu found (%zu by exactly the published actions), "
	              "%zu false alarms on helper permissions\n",
	              found, total, named, false_alarms);
	assert_int_equal(found, total);
	assert_int_equal(false_alarms, 0);
	buf_release(&actions);
	free(text);
}

/* The reported account */

struct score {
	size_t hit, miss, wrong;
};

static bool listed(const cJSON *list, const char *word)
{
	const cJSON *v;
	cJSON_ArrayForEach(v, list) if (cJSON_IsString(v) &&
	                                strcasecmp(v->valuestring, word) == 0) return true;
	return false;
}

static const struct {
	const char *report, *ours;
} classes[] = {
        {"DataExfiltration", "data_exfiltration"},
        {"CredentialsExposure", "credentials_exposure"},
        {"ResourceExposure", "resource_exposure"},
        {"InfrastructureModification", "infrastructure_modification"},
};

/* The report's names of methods, and ours. */
static const struct {
	const char *report, *ours;
} methods[] = {
        {"CreateAccessKey", "create-access-key"},
        {"CreateLoginProfile", "create-login-profile"},
        {"UpdateLoginProfile", "update-login-profile"},
        {"CreateNewPolicyVersion", "create-policy-version"},
        {"SetExistingDefaultPolicyVersion", "set-default-policy-version"},
        {"AttachUserPolicy", "attach-user-policy"},
        {"AttachGroupPolicy", "attach-group-policy"},
        {"PutUserPolicy", "put-user-policy"},
        {"PutGroupPolicy", "put-group-policy"},
        {"AddUserToGroup", "add-user-to-group"},
        {"PassExistingRoleToNewLambdaThenInvoke", "pass-role-lambda-invoke"},
        {"PassExistingRoleToNewLambdaThenTriggerWithExistingDynamo",
         "pass-role-lambda-event-source"},
        {"EditExistingLambdaFunctionWithRole", "update-function-code"},
        {"UpdateExistingGlueDevEndpoint", "glue-update-endpoint"},
        {"CreateEC2WithExistingIP", "pass-role-ec2-run"},
        {"PassExistingRoleToNewGlueDevEndpoint", "pass-role-glue-endpoint"},
        {"PassExistingRoleToCloudFormation", "pass-role-cloudformation-stack"},
        {"PassExistingRoleToNewDataPipeline", "pass-role-datapipeline"},
};

static const cJSON *document_of(const cJSON *policy)
{
	const cJSON *v, *doc = json_get(policy, "PolicyDocument");
	cJSON_ArrayForEach(
	        v,
	        json_arr(policy, "PolicyVersionList")) if (json_bool(v, "IsDefaultVersion", false))
	        doc = json_get(v, "Document");
	return doc;
}

/* Every action that the report speaks of anywhere: what may be right or wrong. */
static void universe(const cJSON *report, struct map *out)
{
	const cJSON *v;
	if (cJSON_IsString(report) && strchr(report->valuestring, ':') &&
	    !strchr(report->valuestring, '*') && !strchr(report->valuestring, '/') &&
	    strlen(report->valuestring) < 80 && strncmp(report->valuestring, "arn:", 4) != 0)
		map_put_str(out, report->valuestring, NULL);
	cJSON_ArrayForEach(v, report) universe(v, out);
}

static void score_policy(const struct risk_table *risks, const cJSON *policy,
                         const struct map *actions, struct score scores[])
{
	struct arena a = ARENA_INIT;
	struct iam_policy p;
	const struct iam_policy *list[1] = {&p};
	struct iam_rights rights = {list, 1, NULL};
	iam_parse(&p, document_of(policy), "", NULL, &a, NULL);
	for (size_t c = 0; c < ARRAY_LEN(classes); c++) {
		const cJSON *want = json_arr(policy, classes[c].report);
		size_t cls = 0;
		while (strcmp(risk_class_name(risks, cls), classes[c].ours) != 0)
			cls++;
		for (size_t i = 0; i < actions->n; i++) {
			const char *action = actions->entries[i].key;
			bool is = risk_is(risks, cls, action) &&
			          iam_may(&rights, action, "*").verdict == IAM_YES;
			bool wanted = listed(want, action);
			scores[c].hit += is && wanted;
			scores[c].miss += !is && wanted;
			scores[c].wrong += is && !wanted;
			if (getenv("MW_VERBOSE") && c < 3 && is != wanted)
				print_message("%s %s %s\n", classes[c].report,
				              is ? "extra" : "missing", action);
		}
	}
	arena_release(&a);
}

static double share(size_t a, size_t b)
{
	return a + b ? 100.0 * (double)a / (double)(a + b) : 100.0;
}

static void the_reported_account_has_the_reported_risks(void **state)
{
	static const char *const groups[] = {"customer_managed_policies", "inline_policies",
	                                     "aws_managed_policies"};
	size_t n;
	char *text = shared("aws_authz_details_small_expected_cloudsplaining.json", &n);
	struct score scores[ARRAY_LEN(classes)] = {0};
	struct map actions = MAP_INIT;
	struct risk_table *risks;
	struct err e;
	cJSON *report;
	const cJSON *p;
	(void)state;

	if (!text) {
		print_message("skipped: no ../shared\n");
		return;
	}
	report = json_parse((struct slice){text, n}, 1 << 24, &e);
	assert_non_null(report);
	risks = risk_load(&e);
	assert_non_null(risks);
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		cJSON_ArrayForEach(p, json_obj(report, groups[i])) for (size_t c = 0;
		                                                        c < ARRAY_LEN(classes); c++)
		        universe(json_arr(p, classes[c].report), &actions);
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		cJSON_ArrayForEach(
		        p, json_obj(report, groups[i])) if (!json_bool(p, "is_excluded", false))
		        score_policy(risks, p, &actions, scores);
	for (size_t c = 0; c < ARRAY_LEN(classes); c++)
		print_message("%s: recall %.1f %%, precision %.1f %% over %zu actions\n",
		              classes[c].report, share(scores[c].hit, scores[c].miss),
		              share(scores[c].hit, scores[c].wrong), actions.n);
	assert_true(share(scores[0].hit, scores[0].miss) >= 99);
	assert_true(share(scores[1].hit, scores[1].miss) >= 95);
	assert_true(share(scores[2].hit, scores[2].miss) >= 80);
	assert_true(share(scores[2].hit, scores[2].wrong) >= 80);
	assert_true(share(scores[3].hit, scores[3].miss) >= 90);
	risk_free(risks);
	map_release(&actions);
	cJSON_Delete(report);
	free(text);
}

/* A user with just this policy, on the stage above, where every target and trust is there. */
static bool policy_has_method(struct graph *g, const char *method)
{
	const struct graph_edge *edges;
	size_t n = graph_out(g, graph_find(g, SLICE("attacker")), &edges);
	for (size_t i = 0; i < n; i++)
		if (strcmp(graph_type_name(g, edges[i].type), "escalates_to") == 0 &&
		    strcmp(graph_edge_label(g, edges[i].edge), method) == 0)
			return true;
	return false;
}

static struct graph *stage_with_document(const cJSON *doc)
{
	struct buf none = BUF_INIT;
	struct graph *g;
	struct err e;
	cJSON *node = cJSON_CreateObject(), *inner = json_add_obj(node, "node");
	buf_str(&none, "'logs:PutLogEvents'");
	g = stage(&none, "ec2.amazonaws.com lambda.amazonaws.com glue.amazonaws.com "
	                 "cloudformation.amazonaws.com datapipeline.amazonaws.com");
	json_add_str(inner, "id", "arn:aws:iam::" ACCOUNT ":policy/p");
	json_add_str(inner, "type", "policy");
	cJSON_AddItemToObject(json_add_obj(inner, "props"), "document", cJSON_Duplicate(doc, true));
	if (graph_begin(g, &e) || graph_add(g, node, &e) || graph_commit(g, &e))
		fail_msg("%s", e.what);
	cJSON_Delete(node);
	buf_release(&none);
	return g;
}

static void score_methods(const cJSON *policy, struct score *s)
{
	struct graph *g = stage_with_document(document_of(policy));
	const cJSON *m;
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		bool want = false, is = policy_has_method(g, methods[i].ours);
		cJSON_ArrayForEach(m, json_arr(policy, "PrivilegeEscalation")) want |=
		        strcmp(json_str(m, "type", ""), methods[i].report) == 0;
		s->hit += is && want;
		s->miss += !is && want;
		s->wrong += is && !want;
		if (is != want)
			print_message("%s: %s %s\n", json_str(policy, "PolicyName", ""),
			              is ? "extra" : "missing", methods[i].ours);
	}
	graph_close(g);
	clean();
}

static void the_reported_policies_escalate_as_reported(void **state)
{
	static const char *const groups[] = {"customer_managed_policies", "inline_policies",
	                                     "aws_managed_policies"};
	size_t n;
	char *text = shared("aws_authz_details_small_expected_cloudsplaining.json", &n);
	struct score s = {0};
	struct err e;
	cJSON *report;
	const cJSON *p;
	(void)state;

	if (!text) {
		print_message("skipped: no ../shared\n");
		return;
	}
	report = json_parse((struct slice){text, n}, 1 << 24, &e);
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		cJSON_ArrayForEach(
		        p, json_obj(report, groups[i])) if (!json_bool(p, "is_excluded", false))
		        score_methods(p, &s);
	print_message(
	        "PrivilegeEscalation: recall %.1f %%, precision %.1f %% (%zu methods reported)\n",
	        share(s.hit, s.miss), share(s.hit, s.wrong), s.hit + s.miss);
	assert_int_equal(s.miss, 0);
	assert_true(share(s.hit, s.wrong) >= 90);
	cJSON_Delete(report);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(published_paths_escalate_and_their_helpers_do_not),
	        cmocka_unit_test(the_reported_account_has_the_reported_risks),
	        cmocka_unit_test(the_reported_policies_escalate_as_reported),
	};
	struct err e;
	if (fields_load(&e))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
