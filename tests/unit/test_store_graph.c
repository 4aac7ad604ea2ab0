/* graph.db: merging, ids, the snapshot, and that what one process writes another reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

#include "store/graph.h"

static char dir[64];

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/mw-graph-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const files[] = {"graph.db", "graph.db-wal", "graph.db-shm",
	                                    "graph.csr"};
	char path[128];
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	return rmdir(dir);
}

static struct graph *writer(void)
{
	struct graph *g;
	struct err e;
	if (graph_open(&g, dir, GRAPH_WRITE, &e))
		fail_msg("%s", e.what);
	return g;
}

static struct graph *reader(void)
{
	struct graph *g;
	struct err e;
	if (graph_open(&g, dir, GRAPH_READ, &e))
		fail_msg("%s", e.what);
	return g;
}

static void add(struct graph *g, const char *json)
{
	struct err e;
	cJSON *o = json_parse(slice_of(json), 1 << 20, &e);
	assert_non_null(o);
	if (graph_add(g, o, &e))
		fail_msg("%s", e.what);
	cJSON_Delete(o);
}

static void commit(struct graph *g)
{
	struct err e;
	if (graph_commit(g, &e))
		fail_msg("%s", e.what);
}

static void begin(struct graph *g)
{
	struct err e;
	if (graph_begin(g, &e))
		fail_msg("%s", e.what);
}

static uint32_t find(struct graph *g, const char *id)
{
	return graph_find(g, slice_of(id));
}

static void a_reader_of_nothing_sees_an_empty_graph(void **state)
{
	struct graph *g = reader();
	struct err e;
	cJSON *s;
	(void)state;
	assert_int_equal(graph_count(g), 0);
	assert_int_equal(find(g, "x"), GRAPH_NONE);
	s = graph_status(g, &e);
	assert_int_equal(json_i64(s, "nodes", -1), 0);
	cJSON_Delete(s);
	graph_close(g);
}

static void the_same_id_twice_is_one_node(void **state)
{
	struct graph *g = writer();
	struct err e;
	cJSON *o, *n;
	(void)state;
	begin(g);
	add(g, "{\"edge\":{\"from\":\"i-0abc\",\"to\":\"vpc-1\",\"type\":\"uses\"}}");
	add(g, "{\"node\":{\"id\":\"i-0abc\",\"name\":\"web\",\"props\":{\"a\":1,\"b\":2},"
	       "\"tags\":{\"env\":\"prod\"},\"labels\":[\"x\"]}}");
	add(g, "{\"node\":{\"id\":\"arn:aws:ec2:us-east-1:123456789012:instance/i-0abc\","
	       "\"account\":\"123456789012\",\"props\":{\"b\":3},\"tags\":{\"team\":\"pay\"},"
	       "\"labels\":[\"x\",\"y\"]}}");
	commit(g);
	assert_int_equal(graph_count(g), 2);
	o = graph_node(g, "web", &e);
	n = json_obj(o, "node");
	assert_string_equal(json_str(n, "id", ""), "i-0abc");
	assert_string_equal(json_str(n, "type", ""), "instance");
	assert_string_equal(json_str(n, "name", ""), "web");
	assert_string_equal(json_str(n, "account", ""), "123456789012");
	assert_int_equal(json_i64(json_obj(n, "props"), "a", 0), 1);
	assert_int_equal(json_i64(json_obj(n, "props"), "b", 0), 3);
	assert_string_equal(json_str(json_obj(n, "tags"), "env", ""), "prod");
	assert_string_equal(json_str(json_obj(n, "tags"), "team", ""), "pay");
	assert_int_equal(cJSON_GetArraySize(json_arr(n, "labels")), 2);
	assert_int_equal(json_i64(json_obj(json_obj(o, "out"), "uses"), "count", 0), 1);
	cJSON_Delete(o);
	graph_close(g);
}

static void edges_are_a_set(void **state)
{
	struct graph *g = writer();
	const struct graph_edge *edges;
	(void)state;
	begin(g);
	for (int i = 0; i < 3; i++) {
		add(g, "{\"edge\":{\"from\":\"a\",\"to\":\"b\",\"type\":\"can\","
		       "\"props\":{\"action\":\"s3:GetObject\"}}}");
		add(g, "{\"edge\":{\"from\":\"a\",\"to\":\"b\",\"type\":\"can\","
		       "\"props\":{\"action\":\"s3:PutObject\",\"effect\":\"Deny\"}}}");
	}
	commit(g);
	assert_int_equal(graph_out(g, find(g, "a"), &edges), 2);
	assert_string_equal(graph_edge_label(g, edges[0].edge), "s3:GetObject");
	assert_int_equal(edges[0].flags & GRAPH_EDGE_DENY, 0);
	assert_int_equal(edges[1].flags & GRAPH_EDGE_DENY, GRAPH_EDGE_DENY);
	assert_int_equal(graph_in(g, find(g, "b"), &edges), 2);
	assert_int_equal(edges[0].to, find(g, "a"));
	graph_close(g);
}

static void ids_meet_in_one_form(void **state)
{
	static const struct {
		const char *in, *out, *type;
	} cases[] = {
	        {"arn:aws:ec2:us-east-1:1:instance/i-01", "i-01", "instance"},
	        {"arn:aws:sts::123456789012:assumed-role/R/session",
	         "arn:aws:iam::123456789012:role/R", "role"},
	        {"arn:aws:iam::123456789012:root", "123456789012", "account"},
	        {"arn:aws:s3:::b/key/x", "arn:aws:s3:::b", "bucket"},
	        {"arn:aws:lambda:eu-west-1:1:function:f:7", "arn:aws:lambda:eu-west-1:1:function:f",
	         "function"},
	        {"arn:aws-cn:iam::123456789012:role/a/b", "arn:aws-cn:iam::123456789012:role/a/b",
	         "role"},
	        {"/subscriptions/x/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v",
	         "/subscriptions/x/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v",
	         "vm"},
	        {"arn:", "arn:", "resource"},
	        {"arn:aws:ec2:us-east-1:1:key-pair/k", "arn:aws:ec2:us-east-1:1:key-pair/k",
	         "resource"},
	        {"lambda.amazonaws.com", "lambda.amazonaws.com", "service"},
	        {"", "", "resource"},
	};
	struct buf b = BUF_INIT;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf_reset(&b);
		graph_canonical_id(slice_of(cases[i].in), &b);
		assert_string_equal(b.s, cases[i].out);
		assert_string_equal(graph_type_of_id(slice_of(b.s)), cases[i].type);
	}
	buf_release(&b);
}

static void a_session_finds_its_role_with_a_path(void **state)
{
	struct graph *g = writer();
	(void)state;
	begin(g);
	add(g,
	    "{\"node\":{\"id\":\"arn:aws:iam::123456789012:role/service-role/R\",\"name\":\"R\"}}");
	add(g, "{\"node\":{\"id\":\"arn:aws:iam::999999999999:role/R\",\"name\":\"R\"}}");
	commit(g);
	assert_string_equal(
	        graph_node_id(g, find(g, "arn:aws:sts::123456789012:assumed-role/R/i-0")),
	        "arn:aws:iam::123456789012:role/service-role/R");
	graph_close(g);
}

static void a_reader_follows_the_writer(void **state)
{
	struct graph *w = writer(), *r = reader();
	bool changed;
	struct err e;
	(void)state;
	begin(w);
	add(w, "{\"node\":{\"id\":\"one\",\"type\":\"bucket\"}}");
	commit(w);
	assert_int_equal(graph_refresh(r, &changed, &e), 0);
	assert_true(changed);
	assert_int_equal(graph_count(r), 1);
	begin(w);
	add(w, "{\"node\":{\"id\":\"two\"}}");
	graph_rollback(w);
	assert_int_equal(graph_refresh(r, &changed, &e), 0);
	assert_false(changed);
	begin(w);
	add(w, "{\"node\":{\"id\":\"three\"}}");
	commit(w);
	assert_int_equal(graph_refresh(r, &changed, &e), 0);
	assert_true(changed);
	assert_int_equal(graph_count(r), 2);
	assert_int_equal(find(r, "two"), GRAPH_NONE);
	graph_close(r);
	graph_close(w);
}

/* Any byte of the cache may be wrong: the answer may not. */
static void a_damaged_snapshot_is_built_again(void **state)
{
	struct graph *g = writer();
	char path[128];
	FILE *f;
	(void)state;
	begin(g);
	for (int i = 0; i < 50; i++) {
		char json[128];
		snprintf(json, sizeof(json),
		         "{\"edge\":{\"from\":\"n%d\",\"to\":\"n%d\",\"type\":\"uses\"}}", i,
		         i + 1);
		add(g, json);
	}
	commit(g);
	graph_close(g);
	snprintf(path, sizeof(path), "%s/graph.csr", dir);
	for (long at = 0; at < 4000; at += 97) {
		f = fopen(path, "r+");
		assert_non_null(f);
		fseek(f, at, SEEK_SET);
		fputc(0x5a, f);
		fclose(f);
		g = reader();
		assert_int_equal(graph_count(g), 51);
		assert_int_not_equal(find(g, "n50"), GRAPH_NONE);
		graph_close(g);
	}
}

static void large_props_stay_out_of_rows(void **state)
{
	struct graph *g = writer();
	struct buf b = BUF_INIT;
	struct err e;
	cJSON *row, *whole;
	(void)state;
	buf_str(&b, "{\"node\":{\"id\":\"p\",\"type\":\"policy\",\"props\":{\"small\":1,"
	            "\"document\":\"");
	for (int i = 0; i < GRAPH_PROP_BRIEF + 1; i++)
		buf_ch(&b, 'x');
	buf_str(&b, "\"}}}");
	begin(g);
	add(g, b.s);
	commit(g);
	row = graph_node_json(g, find(g, "p"), &e);
	assert_null(json_get(json_obj(row, "props"), "document"));
	assert_int_equal(json_i64(json_obj(row, "props"), "small", 0), 1);
	assert_string_equal(json_arr(row, "omitted")->child->valuestring, "document");
	whole = graph_node(g, "p", &e);
	assert_non_null(json_get(json_obj(json_obj(whole, "node"), "props"), "document"));
	cJSON_Delete(row);
	cJSON_Delete(whole);
	buf_release(&b);
	graph_close(g);
}

static void what_is_no_graph_object_is_refused(void **state)
{
	static const char *const bad[] = {
	        "{}",
	        "{\"node\":{}}",
	        "{\"node\":{\"id\":\"\"}}",
	        "{\"edge\":{\"from\":\"a\"}}",
	        "{\"edge\":{\"from\":\"a\",\"to\":\"b\"}}",
	        "[1]",
	};
	struct graph *g = writer();
	struct err e;
	(void)state;
	begin(g);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		cJSON *o = json_parse(slice_of(bad[i]), 100, &e);
		assert_int_equal(graph_add(g, o, &e), -1);
		assert_int_equal(e.code, ERR_INVALID);
		cJSON_Delete(o);
	}
	graph_rollback(g);
	graph_close(g);
}

/* A reader that came before the file, or between the file and its tables, sees the graph once it is there. */
static void a_reader_may_come_first(void **state)
{
	struct graph *r = reader(), *w;
	struct err e;
	bool changed;
	char path[128];
	(void)state;
	snprintf(path, sizeof(path), "%s/graph.db", dir);
	fclose(fopen(path, "we"));
	assert_int_equal(graph_refresh(r, &changed, &e), 0);
	assert_false(changed);
	w = writer();
	assert_int_equal(graph_begin(w, &e), 0);
	add(w, "{\"node\":{\"id\":\"i-1\",\"type\":\"instance\"}}");
	commit(w);
	assert_int_equal(graph_refresh(r, &changed, &e), 0);
	assert_true(changed);
	assert_int_equal(graph_count(r), 1);
	graph_close(w);
	graph_close(r);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	        T(a_reader_may_come_first),       T(a_reader_of_nothing_sees_an_empty_graph),
	        T(the_same_id_twice_is_one_node), T(edges_are_a_set),
	        T(ids_meet_in_one_form),          T(a_session_finds_its_role_with_a_path),
	        T(a_reader_follows_the_writer),   T(a_damaged_snapshot_is_built_again),
	        T(large_props_stay_out_of_rows),  T(what_is_no_graph_object_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
