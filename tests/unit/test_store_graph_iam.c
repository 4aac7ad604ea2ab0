/* Policies: patterns against brute force, and the edges that follow from allows, denies, boundaries and trust. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

#include "store/graph.h"
#include "store/graph_iam.h"

/* Patterns over {a, b}: every text up to five letters decides. */

static void texts(char *text, int n, int max, const char *p, const char *q, bool *both,
                  bool *covers)
{
	bool in_p, in_q;
	text[n] = '\0';
	in_p = iam_glob(p, text, false);
	in_q = iam_glob(q, text, false);
	*both |= in_p && in_q;
	*covers &= in_p || !in_q;
	for (char c = 'a'; n < max && c <= 'b'; c++) {
		text[n] = c;
		texts(text, n + 1, max, p, q, both, covers);
		text[n] = '\0';
	}
}

static void patterns_agree_with_every_text(void **state)
{
	static const char alphabet[] = "ab*?";
	uint32_t seed = 7;
	(void)state;
	for (int round = 0; round < (getenv("MW_LONG") ? 20000 : 2000); round++) {
		char p[5] = "", q[5] = "", text[8];
		bool both = false, covers = true;
		for (int i = 0; i < 4; i++) {
			seed = seed * 1664525 + 1013904223;
			if (seed >> 31)
				p[strlen(p)] = alphabet[seed >> 20 & 3];
			if (seed >> 30 & 1)
				q[strlen(q)] = alphabet[seed >> 16 & 3];
		}
		texts(text, 0, 5, p, q, &both, &covers);
		if (iam_overlaps(p, q, false) != both && strlen(p) + strlen(q) <= 5)
			fail_msg("overlap of %s and %s", p, q);
		if (both && !iam_overlaps(p, q, false))
			fail_msg("missed overlap of %s and %s", p, q);
		if (iam_covers(p, q, false) && !covers)
			fail_msg("%s does not cover %s", p, q);
	}
}

/* A small account: role r with the statements of a test, buckets and a key. */

static char dir[64];
static struct graph *g;

static int setup(void **state)
{
	struct err e;
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/mw-iam-XXXXXX");
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

static void add(const char *text)
{
	struct buf b = BUF_INIT;
	struct err e;
	cJSON *o;
	for (; *text; text++)
		buf_ch(&b, *text == '\'' ? '"' : *text);
	o = json_parse((struct slice){b.s, b.len}, 1 << 20, &e);
	if (!o || graph_add(g, o, &e))
		fail_msg("%s: %s", b.s, e.what);
	cJSON_Delete(o);
	buf_release(&b);
}

#define R "arn:aws:iam::123456789012:role/r"
#define B(n) "arn:aws:s3:::" n

static void policy(const char *id, const char *statements, bool boundary)
{
	char text[2048];
	snprintf(text, sizeof(text),
	         "{'node':{'id':'%s','type':'policy','props':{'document':{'Statement':[%s]}}}}", id,
	         statements);
	add(text);
	snprintf(text, sizeof(text),
	         "{'edge':{'from':'" R "','to':'%s','type':'has_policy','props':{%s}}}", id,
	         boundary ? "'boundary':true,'action':'boundary'" : "");
	add(text);
}

static void stage(int buckets, const char *statements)
{
	add("{'node':{'id':'" R "','type':'role','name':'r','account':'123456789012'}}");
	for (int i = 0; i < buckets; i++) {
		char text[256];
		snprintf(text, sizeof(text),
		         "{'node':{'id':'" B("b%d") "','type':'bucket','name':'b%d','account':"
		                                    "'123456789012'}}",
		         i, i);
		add(text);
	}
	policy("pol", statements, false);
}

static void commit(void)
{
	struct err e;
	if (graph_commit(g, &e))
		fail_msg("%s", e.what);
}

/* The role's edges of a type to a node, straight or through a class: how many; the last one's props in *props. */
static size_t edges_to(const char *type, const char *id, cJSON **props)
{
	const struct graph_edge *e, *in;
	uint32_t from = graph_find(g, SLICE(R)), to = graph_find(g, slice_of(id));
	size_t n = graph_out(g, from, &e), hits = 0;
	for (size_t i = 0; i < n; i++) {
		bool is = e[i].to == to;
		size_t m = to == GRAPH_NONE ? 0 : graph_in(g, to, &in);
		if (strcmp(graph_type_name(g, e[i].type), type) != 0)
			continue;
		for (size_t k = 0; k < m; k++)
			is |= in[k].to == e[i].to &&
			      strcmp(graph_type_name(g, in[k].type), "includes") == 0;
		if (!is)
			continue;
		hits++;
		if (props) {
			struct err err;
			cJSON_Delete(*props);
			*props = json_parse(graph_edge_props(g, e[i].edge), 1 << 20, &err);
		}
	}
	return hits;
}

static void a_deny_wins_and_the_rest_stays(void **state)
{
	cJSON *p = NULL;
	(void)state;
	stage(3, "{'Effect':'Allow','Action':'s3:*','Resource':'*'},"
	         "{'Effect':'Deny','Action':'s3:*','Resource':['" B("b0") "','" B(
	                 "b0/*") "']},"
	                         "{'Effect':'Deny','Action':'s3:Delete*','Resource':'*'}");
	commit();
	assert_int_equal(edges_to("can", B("b0"), NULL), 0);
	assert_true(edges_to("can", B("b1"), &p) > 0);
	assert_non_null(strstr(json_str(p, "denied", ""), "s3:Delete*"));
	cJSON_Delete(p);
}

static void a_class_leaves_out_what_is_denied(void **state)
{
	(void)state;
	stage(30, "{'Effect':'Allow','Action':'s3:GetObject','Resource':'*'},"
	          "{'Effect':'Deny','Action':'s3:GetObject','Resource':'" B("b7/*") "'}");
	commit();
	assert_int_equal(edges_to("can", B("b7"), NULL), 0);
	assert_int_equal(edges_to("can", B("b8"), NULL), 1);
	/* one edge for the twenty-nine */
	const struct graph_edge *e;
	size_t n = graph_out(g, graph_find(g, SLICE(R)), &e), can = 0;
	for (size_t i = 0; i < n; i++)
		can += strcmp(graph_type_name(g, e[i].type), "can") == 0;
	assert_int_equal(can, 1);
}

static void conditions_are_carried(void **state)
{
	cJSON *p = NULL;
	(void)state;
	stage(2, "{'Effect':'Allow','Action':'s3:GetObject','Resource':'" B(
	                 "b0/*") "',"
	                         "'Condition':{'StringEquals':{'aws:SourceVpc':'vpc-1'}}},"
	                         "{'Effect':'Deny','Action':'s3:*','Resource':'*','Condition':{'"
	                         "Bool':{"
	                         "'aws:SecureTransport':'false'}}}");
	commit();
	assert_int_equal(edges_to("can", B("b0"), &p), 1);
	assert_non_null(json_obj(json_obj(p, "condition"), "StringEquals"));
	assert_non_null(json_obj(json_obj(p, "denied_if"), "Bool"));
	assert_int_equal(edges_to("can", B("b1"), NULL), 0);
	cJSON_Delete(p);
}

static void objects_are_below_their_bucket(void **state)
{
	(void)state;
	/* reading objects of the bucket's own ARN, and listing of its objects, grant nothing */
	stage(1, "{'Effect':'Allow','Action':'s3:GetObject','Resource':'" B(
	                 "b0") "'},"
	                       "{'Effect':'Allow','Action':'s3:ListBucket','Resource':'" B(
	                               "b0/*") "'}");
	commit();
	assert_int_equal(edges_to("can", B("b0"), NULL), 0);
}

static void a_boundary_lets_through_what_both_allow(void **state)
{
	cJSON *p = NULL;
	(void)state;
	stage(2, "{'Effect':'Allow','Action':'s3:*','Resource':'*'}");
	policy("limit",
	       "{'Effect':'Allow','Action':['s3:GetObject','ec2:*'],'Resource':'" B("b0/*") "'}",
	       true);
	commit();
	assert_int_equal(edges_to("can", B("b0"), &p), 1);
	assert_string_equal(json_str(p, "action", ""), "s3:GetObject");
	assert_int_equal(edges_to("can", B("b1"), NULL), 0);
	cJSON_Delete(p);
}

static void an_unknown_boundary_is_said(void **state)
{
	cJSON *p = NULL;
	(void)state;
	stage(1, "{'Effect':'Allow','Action':'s3:GetObject','Resource':'*'}");
	add("{'edge':{'from':'" R "','to':'arn:aws:iam::123456789012:policy/x','type':'has_policy',"
	    "'props':{'boundary':true}}}");
	commit();
	assert_int_equal(edges_to("can", B("b0"), &p), 1);
	assert_string_equal(json_str(p, "limited_by", ""), "arn:aws:iam::123456789012:policy/x");
	cJSON_Delete(p);
}

static void not_action_is_the_rest(void **state)
{
	(void)state;
	stage(1, "{'Effect':'Allow','NotAction':['iam:*','organizations:*'],'Resource':'*'}");
	commit();
	assert_true(edges_to("can", B("b0"), NULL) > 0);
	assert_int_equal(edges_to("can", "123456789012", NULL), 0); /* that is no administrator */
	assert_int_equal(edges_to("can", R, NULL), 0);
}

static void variables_are_the_holders_own(void **state)
{
	(void)state;
	stage(2, "{'Effect':'Allow','Action':'s3:GetObject','Resource':'arn:aws:s3:::b0/home/"
	         "${aws:username}/*'}");
	commit();
	assert_int_equal(edges_to("can", B("b0"), NULL), 1);
	assert_int_equal(edges_to("can", B("b1"), NULL), 0);
}

static void a_key_obeys_its_own_policy(void **state)
{
	(void)state;
	stage(0, "{'Effect':'Allow','Action':'kms:Decrypt','Resource':'*'}");
	add("{'node':{'id':'arn:aws:kms:us-east-1:123456789012:key/1','type':'kms_key','account':"
	    "'123456789012','props':{'policy':{'Statement':[{'Effect':'Allow','Principal':{'AWS':"
	    "'arn:aws:iam::123456789012:root'},'Action':'kms:*','Resource':'*'}]}}}}");
	add("{'node':{'id':'arn:aws:kms:us-east-1:123456789012:key/2','type':'kms_key','account':"
	    "'123456789012','props':{'policy':{'Statement':[{'Effect':'Allow','Principal':{'AWS':"
	    "'arn:aws:iam::123456789012:role/other'},'Action':'kms:*','Resource':'*'}]}}}}");
	commit();
	assert_int_equal(edges_to("can", "arn:aws:kms:us-east-1:123456789012:key/1", NULL), 1);
	assert_int_equal(edges_to("can", "arn:aws:kms:us-east-1:123456789012:key/2", NULL), 0);
}

static void target_role(const char *name, const char *statement)
{
	char text[1024];
	snprintf(
	        text, sizeof(text),
	        "{'node':{'id':'arn:aws:iam::%s','type':'role','account':'%.12s','props':{'trust':{"
	        "'Statement':[%s]}}}}",
	        name, name, statement);
	add(text);
}

static void trust_needs_both_sides_unless_it_names(void **state)
{
	cJSON *p = NULL;
	(void)state;
	stage(0, "{'Effect':'Allow','Action':'sts:AssumeRole','Resource':['"
	         "arn:aws:iam::123456789012:role/allowed','arn:aws:iam::999999999999:role/far']},"
	         "{'Effect':'Deny','Action':'sts:AssumeRole','Resource':'arn:aws:iam::123456789012:"
	         "role/denied'}");
	target_role(
	        "123456789012:role/allowed",
	        "{'Effect':'Allow','Principal':{'AWS':'123456789012'},'Action':'sts:AssumeRole'}");
	target_role(
	        "123456789012:role/other",
	        "{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::123456789012:root'},'Action':"
	        "'sts:AssumeRole'}");
	target_role("123456789012:role/named",
	            "{'Effect':'Allow','Principal':{'AWS':'" R "'},'Action':'sts:AssumeRole'}");
	target_role("123456789012:role/denied",
	            "{'Effect':'Allow','Principal':{'AWS':'" R "'},'Action':'sts:AssumeRole'}");
	target_role("999999999999:role/far", "{'Effect':'Allow','Principal':{'AWS':'" R
	                                     "'},'Action':'sts:AssumeRole','Condition':{"
	                                     "'StringEquals':{'sts:ExternalId':'x'}}}");
	target_role("999999999999:role/far2",
	            "{'Effect':'Allow','Principal':{'AWS':'" R "'},'Action':'sts:AssumeRole'}");
	commit();
	assert_int_equal(edges_to("can_assume", "arn:aws:iam::123456789012:role/allowed", NULL), 1);
	assert_int_equal(edges_to("can_assume", "arn:aws:iam::123456789012:role/other", NULL), 0);
	assert_int_equal(edges_to("can_assume", "arn:aws:iam::123456789012:role/named", NULL), 1);
	assert_int_equal(edges_to("can_assume", "arn:aws:iam::123456789012:role/denied", NULL), 0);
	assert_int_equal(edges_to("can_assume", "arn:aws:iam::999999999999:role/far2", NULL), 0);
	assert_int_equal(edges_to("can_assume", "arn:aws:iam::999999999999:role/far", &p), 1);
	assert_non_null(json_obj(p, "condition"));
	cJSON_Delete(p);
}

static void broken_documents_grant_nothing(void **state)
{
	static const char *const bad[] = {"{}",
	                                  "{'Effect':'Maybe','Action':'*','Resource':'*'}",
	                                  "{'Effect':'Allow','Resource':'*'}",
	                                  "7",
	                                  "null",
	                                  "{'Effect':'Allow','Action':7,'Resource':[[]]}"};
	(void)state;
	stage(1, "{'Effect':'Deny','Action':'x:y','Resource':'*'}");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char id[16];
		snprintf(id, sizeof(id), "bad%zu", i);
		policy(id, bad[i], false);
	}
	commit();
	assert_int_equal(edges_to("can", B("b0"), NULL), 0);
	assert_int_equal(edges_to("can", "123456789012", NULL), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(patterns_agree_with_every_text),
	        T(a_deny_wins_and_the_rest_stays),
	        T(a_class_leaves_out_what_is_denied),
	        T(conditions_are_carried),
	        T(objects_are_below_their_bucket),
	        T(a_boundary_lets_through_what_both_allow),
	        T(an_unknown_boundary_is_said),
	        T(not_action_is_the_rest),
	        T(variables_are_the_holders_own),
	        T(a_key_obeys_its_own_policy),
	        T(trust_needs_both_sides_unless_it_names),
	        T(broken_documents_grant_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
