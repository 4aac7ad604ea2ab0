/* Graph questions against naive answers on random graphs, and the attack questions on a small company. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

#include "base/map.h"
#include "model/field.h"
#include "source/source.h"
#include "store/graph.h"

static char dir[64];
static struct graph *g;

static int setup(void **state)
{
	struct err e;
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/mw-sgraph-XXXXXX");
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

static void add(const char *json)
{
	struct err e;
	cJSON *o = json_parse(slice_of(json), 1 << 20, &e);
	if (!o || graph_add(g, o, &e))
		fail_msg("%s: %s", json, e.what);
	cJSON_Delete(o);
}

static void edge(const char *from, const char *to, const char *type)
{
	char json[512];
	snprintf(json, sizeof(json), "{\"edge\":{\"from\":\"%s\",\"to\":\"%s\",\"type\":\"%s\"}}",
	         from, to, type);
	add(json);
}

static void commit(void)
{
	struct err e;
	if (graph_commit(g, &e))
		fail_msg("%s", e.what);
}

struct answer {
	VEC(cJSON *) rows;
	struct source_done done;
	struct err e;
	int rc;
	size_t stop_at; /* the sink says no after so many; 0: never */
};

static int take(void *ctx, const struct source_row *r, struct err *e)
{
	struct answer *a = ctx;
	cJSON *j = json_parse(r->json, 1 << 24, e);
	assert_non_null(j);
	if (a->stop_at && a->rows.n >= a->stop_at)
		return err_set(e, ERR_LIMIT, "enough");
	*vec_push(&a->rows) = j;
	return 0;
}

static void release(struct answer *a)
{
	for (size_t i = 0; i < a->rows.n; i++)
		cJSON_Delete(a->rows.v[i]);
	vec_free(&a->rows);
	free(a->done.sent);
	*a = (struct answer){0};
}

static bool no = false;
static struct source_run run = {.cancelled = &no};

/* {"fn":...} as the only step of a plan */
static void ask(struct answer *a, const char *step)
{
	struct buf b = BUF_INIT;
	struct source *s = source_graph_open(g, NULL, "graph");
	struct source_sink sink = {.ctx = a, .row = take};
	struct plan *p;
	cJSON *j;

	buf_printf(&b, "{\"steps\":[{\"kind\":\"graph\",%.*s],\"show\":\"graph\"}",
	           (int)strlen(step) - 1, step + 1);
	j = json_parse((struct slice){b.s, b.len}, 1 << 20, &a->e);
	if (!j)
		fail_msg("%s: %s", b.s, a->e.what);
	p = plan_from_json(j, &a->e);
	if (!p)
		fail_msg("%s: %s", b.s, a->e.what);
	a->rc = s->ops->search(s, p, 0, &run, &sink, &a->done, &a->e);
	plan_free(p);
	cJSON_Delete(j);
	buf_release(&b);
	s->ops->close(s);
}

static const char *row_id(const struct answer *a, size_t i)
{
	return json_str(json_obj(a->rows.v[i], "node"), "id", "");
}

static const cJSON *row_of(const struct answer *a, const char *id)
{
	for (size_t i = 0; i < a->rows.n; i++)
		if (strcmp(row_id(a, i), id) == 0)
			return a->rows.v[i];
	return NULL;
}

/* "a b c": the node ids of a path */
static void path_text(const cJSON *row, struct buf *out)
{
	const cJSON *v;
	buf_reset(out);
	cJSON_ArrayForEach(v, json_arr(row, "path")) if (json_str(v, "id", NULL))
	        buf_printf(out, "%s%s", out->len ? " " : "", json_str(v, "id", ""));
}

/* Random graphs */

#define N 9
static bool naive[N][N];

static uint32_t seed;
static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void random_graph(uint32_t s)
{
	char a[8], b[8];
	seed = s;
	memset(naive, 0, sizeof(naive));
	for (int i = 0; i < N; i++) {
		snprintf(a, sizeof(a), "n%d", i);
		char json[128];
		snprintf(json, sizeof(json), "{\"node\":{\"id\":\"%s\",\"type\":\"t\"}}", a);
		add(json);
	}
	for (uint32_t k = rnd(20) + 4; k; k--) {
		uint32_t i = rnd(N), j = rnd(N);
		if (i == j)
			continue;
		naive[i][j] = true;
		snprintf(a, sizeof(a), "n%u", i);
		snprintf(b, sizeof(b), "n%u", j);
		edge(a, b, "uses");
	}
	commit();
}

static int naive_distance(int from, int to)
{
	int d[N], queue[N], n = 1;
	for (int i = 0; i < N; i++)
		d[i] = -1;
	d[from] = 0;
	queue[0] = from;
	for (int i = 0; i < n; i++)
		for (int j = 0; j < N; j++)
			if (naive[queue[i]][j] && d[j] < 0) {
				d[j] = d[queue[i]] + 1;
				queue[n++] = j;
			}
	return d[to];
}

static void naive_paths(int at, int to, bool *on, char *text, size_t len, int left, struct map *out)
{
	for (int j = 0; j < N; j++) {
		size_t n = len + (size_t)snprintf(text + len, 256 - len, " n%d", j);
		if (!naive[at][j] || on[j] || !left)
			continue;
		if (j == to) {
			map_put_str(out, text, NULL);
			continue;
		}
		on[j] = true;
		naive_paths(j, to, on, text, n, left - 1, out);
		on[j] = false;
	}
}

static void check_shortest(int from, int to)
{
	char step[256];
	struct answer a = {0};
	int d = naive_distance(from, to);
	snprintf(
	        step, sizeof(step),
	        "{\"fn\":\"shortest\",\"start\":{\"field\":\"id\",\"op\":\"is\",\"value\":\"n%d\"},"
	        "\"goal\":{\"field\":\"id\",\"op\":\"is\",\"value\":\"n%d\"}}",
	        from, to);
	ask(&a, step);
	assert_int_equal(a.rc, 0);
	assert_int_equal(a.rows.n, d >= 0);
	if (d >= 0)
		assert_int_equal(json_i64(a.rows.v[0], "length", -1), d);
	release(&a);
}

static void check_paths(int from, int to, int depth)
{
	char step[256], text[256];
	struct answer a = {0};
	struct map want = MAP_INIT;
	struct buf got = BUF_INIT;
	bool on[N] = {false};
	int64_t last = 0;

	on[from] = true;
	naive_paths(from, to, on, text, (size_t)snprintf(text, sizeof(text), "n%d", from), depth,
	            &want);
	snprintf(step, sizeof(step),
	         "{\"fn\":\"paths\",\"start\":{\"field\":\"id\",\"op\":\"is\",\"value\":\"n%d\"},"
	         "\"goal\":{\"field\":\"id\",\"op\":\"is\",\"value\":\"n%d\"},\"max_depth\":%d,"
	         "\"limit\":100000}",
	         from, to, depth);
	ask(&a, step);
	assert_int_equal(a.rc, 0);
	assert_int_equal(a.rows.n, want.n);
	for (size_t i = 0; i < a.rows.n; i++) {
		path_text(a.rows.v[i], &got);
		assert_non_null(map_get_str(&want, got.s));
		assert_true(json_i64(a.rows.v[i], "length", 0) >= last);
		last = json_i64(a.rows.v[i], "length", 0);
	}
	buf_release(&got);
	map_release(&want);
	release(&a);
}

static void shortest_and_all_paths_agree_with_a_naive_search(void **state)
{
	for (uint32_t s = 1; s <= (getenv("MW_LONG") ? 300u : 25u); s++) {
		random_graph(s);
		for (int i = 0; i < 6; i++) {
			int from = (int)rnd(N), to = (int)rnd(N);
			if (from == to)
				continue;
			check_shortest(from, to);
			check_paths(from, to, (int)rnd(N) + 1);
		}
		teardown(state);
		assert_int_equal(setup(state), 0);
	}
	commit();
}

static void check_hops(int from, int min, int max)
{
	char step[256];
	struct answer a = {0};
	bool now[N] = {false}, want[N] = {false};
	size_t count = 0;

	now[from] = true;
	for (int k = 0; k <= max; k++) {
		bool next[N] = {false};
		for (int i = 0; i < N; i++) {
			want[i] |= k >= min && now[i];
			for (int j = 0; j < N; j++)
				next[j] |= now[i] && naive[i][j];
		}
		memcpy(now, next, sizeof(now));
	}
	for (int i = 0; i < N; i++)
		count += want[i];
	snprintf(step, sizeof(step),
	         "{\"fn\":\"match\",\"start\":{\"field\":\"id\",\"op\":\"is\",\"value\":\"n%d\"},"
	         "\"hops\":[{\"edge\":\"uses\",\"dir\":\"out\",\"min\":%d,\"max\":%d}]}",
	         from, min, max);
	ask(&a, step);
	assert_int_equal(a.rc, 0);
	assert_int_equal(a.rows.n, count);
	for (size_t i = 0; i < a.rows.n; i++)
		assert_true(want[row_id(&a, i)[1] - '0']);
	release(&a);
}

static void hops_agree_with_a_naive_search(void **state)
{
	for (uint32_t s = 100; s < (getenv("MW_LONG") ? 300u : 115u); s++) {
		random_graph(s);
		for (int i = 0; i < 6; i++) {
			int min = (int)rnd(3);
			check_hops((int)rnd(N), min, min + (int)rnd(3) + (min == 0));
		}
		teardown(state);
		assert_int_equal(setup(state), 0);
	}
	commit();
}

static void a_thousand_nodes_in_a_ring(void **state)
{
	struct answer a = {0};
	char from[16], to[16];
	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(from, sizeof(from), "r%d", i);
		snprintf(to, sizeof(to), "r%d", (i + 1) % 1000);
		edge(from, to, "runs_as");
	}
	commit();
	ask(&a, "{\"fn\":\"blast\",\"start\":{\"field\":\"id\",\"op\":\"is\",\"value\":\"r0\"},"
	        "\"max_depth\":32}");
	assert_int_equal(a.rows.n, 32);
	release(&a);
	ask(&a,
	    "{\"fn\":\"reached_by\",\"start\":{\"field\":\"id\",\"op\":\"is\",\"value\":\"r0\"},"
	    "\"max_depth\":5}");
	assert_int_equal(a.rows.n, 5);
	assert_non_null(row_of(&a, "r995"));
	release(&a);
	ask(&a, "{\"fn\":\"blast\",\"start\":{\"field\":\"id\",\"op\":\"is\",\"value\":\"r0\"},"
	        "\"limit\":7}");
	assert_int_equal(a.rows.n, 7);
	assert_true(a.done.limited);
	release(&a);
}

static void limits_cancel_and_deadline_are_kept_and_said(void **state)
{
	static const char question[] =
	        "{\"fn\":\"paths\",\"start\":{\"field\":\"id\",\"op\":\"is\",\"value\":\"k0\"},"
	        "\"goal\":{\"field\":\"id\",\"op\":\"is\",\"value\":\"k19\"},\"max_depth\":19,"
	        "\"limit\":1000000}";
	struct answer a = {0};
	int64_t t;
	(void)state;
	for (int i = 0; i < 20; i++)
		for (int j = 0; j < 20; j++) {
			char x[8], y[8];
			snprintf(x, sizeof(x), "k%d", i);
			snprintf(y, sizeof(y), "k%d", j);
			if (i != j)
				edge(x, y, "uses");
		}
	commit();
	no = true;
	ask(&a, question);
	assert_int_equal(a.rc, -1);
	assert_int_equal(a.e.code, ERR_CANCELLED);
	release(&a);
	no = false;
	t = mw_mono_us();
	run.deadline_us = t + 60000;
	ask(&a, question);
	assert_int_equal(a.rc, -1);
	assert_int_equal(a.e.code, ERR_DEADLINE);
	assert_true(a.done.partial);
	assert_true(a.rows.n > 0);
	assert_true(mw_mono_us() - t < 2000000);
	run.deadline_us = 0;
	release(&a);
	a.stop_at = 3;
	ask(&a, question);
	assert_int_equal(a.rc, -1);
	assert_int_equal(a.rows.n, 3);
	release(&a);
}

/* A small company: the machine that can be asked to fetch, its role, and the bucket. */
static void company(void)
{
	static const char *const objects[] = {
	        "{'node':{'id':'123456789012','type':'account'}}",
	        "{'node':{'id':'vpc-1','type':'vpc','props':{'CidrBlock':'10.0.0.0/16'}}}",
	        "{'node':{'id':'subnet-1','type':'subnet'}}",
	        "{'edge':{'from':'vpc-1','to':'subnet-1','type':'contains'}}",
	        "{'node':{'id':'rtb-1','type':'route_table','props':{'routes':[{'cidr':'0.0.0.0/0',"
	        "'target':'igw-1'}]}}}",
	        "{'edge':{'from':'subnet-1','to':'rtb-1','type':'uses'}}",
	        "{'edge':{'from':'subnet-1','to':'i-web','type':'contains'}}",
	        "{'node':{'id':'i-web','type':'instance','name':'web-07','account':'123456789012',"
	        "'props':{'public_ip':'198.51.100.7'}}}",
	        "{'node':{'id':'sg-web','type':'security_group','props':{'ingress':[{'protocol':'"
	        "tcp',"
	        "'from':443,'to':443,'cidrs':['0.0.0.0/0'],'groups':[]}]}}}",
	        "{'node':{'id':'sg-db','type':'security_group','props':{'ingress':[{'protocol':'"
	        "tcp',"
	        "'from':5432,'to':5432,'cidrs':[],'groups':['sg-web']}]}}}",
	        "{'edge':{'from':'i-web','to':'sg-web','type':'uses'}}",
	        "{'node':{'id':'arn:aws:rds:us-east-1:123456789012:db:orders','type':'database',"
	        "'account':'123456789012'}}",
	        "{'edge':{'from':'arn:aws:rds:us-east-1:123456789012:db:orders','to':'sg-db',"
	        "'type':'uses'}}",
	        "{'edge':{'from':'i-web','to':'arn:aws:iam::123456789012:role/"
	        "web','type':'runs_as'}}",
	        "{'node':{'id':'arn:aws:iam::123456789012:role/web','type':'role','name':'web',"
	        "'account':'123456789012'}}",
	        "{'edge':{'from':'arn:aws:iam::123456789012:role/"
	        "web','to':'pol','type':'has_policy'}}",
	        "{'node':{'id':'pol','type':'policy','props':{'document':{'Statement':["
	        "{'Effect':'Allow','Action':['s3:GetObject','s3:ListBucket'],'Resource':"
	        "['arn:aws:s3:::invoices','arn:aws:s3:::invoices/*']},"
	        "{'Effect':'Allow','Action':'ec2:Describe*','Resource':'*'}]}}}}",
	        "{'node':{'id':'arn:aws:s3:::invoices','type':'bucket','name':'invoices',"
	        "'account':'123456789012'}}",
	        "{'node':{'id':'arn:aws:s3:::other','type':'bucket','name':'other',"
	        "'account':'123456789012'}}",
	        "{'node':{'id':'i-private','type':'instance','account':'123456789012'}}",
	};
	for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
		char json[1024];
		snprintf(json, sizeof(json), "%s", objects[i]);
		for (char *p = json; *p; p++)
			if (*p == '\'')
				*p = '"';
		add(json);
	}
	commit();
}

static void the_way_from_the_internet_to_the_bucket_is_found(void **state)
{
	struct answer a = {0};
	struct buf p = BUF_INIT;
	(void)state;
	company();
	ask(&a, "{\"fn\":\"exposure\",\"start\":{\"field\":\"name\",\"op\":\"is\",\"value\":"
	        "\"invoices\"}}");
	assert_true(a.rows.n >= 1);
	path_text(a.rows.v[0], &p);
	assert_string_equal(p.s, "internet i-web arn:aws:iam::123456789012:role/web "
	                         "arn:aws:s3:::invoices");
	release(&a);
	ask(&a, "{\"fn\":\"exposure\",\"start\":{\"field\":\"name\",\"op\":\"is\",\"value\":"
	        "\"other\"}}");
	assert_int_equal(a.rows.n, 0);
	release(&a);
	buf_release(&p);
}

static void blast_radius_names_the_permission(void **state)
{
	struct answer a = {0};
	const cJSON *r;
	(void)state;
	company();
	ask(&a,
	    "{\"fn\":\"blast\",\"start\":{\"field\":\"name\",\"op\":\"is\",\"value\":\"web-07\"}}");
	r = row_of(&a, "arn:aws:s3:::invoices");
	assert_non_null(r);
	assert_non_null(strstr(json_str(r, "via", ""), "s3:"));
	assert_string_equal(json_str(r, "access", ""), "reach");
	r = row_of(&a, "arn:aws:iam::123456789012:role/web");
	assert_string_equal(json_str(r, "access", ""), "control");
	assert_string_equal(json_str(r, "via", ""), "runs_as");
	/* by the network: web group to database group, port 5432 */
	r = row_of(&a, "arn:aws:rds:us-east-1:123456789012:db:orders");
	assert_non_null(r);
	/* a permission to describe reaches nothing, an unrelated bucket neither */
	assert_null(row_of(&a, "i-private"));
	assert_null(row_of(&a, "arn:aws:s3:::other"));
	release(&a);
	ask(&a, "{\"fn\":\"reached_by\",\"start\":{\"field\":\"name\",\"op\":\"is\",\"value\":"
	        "\"invoices\"}}");
	assert_non_null(row_of(&a, "i-web"));
	assert_non_null(row_of(&a, "internet"));
	assert_non_null(row_of(&a, "arn:aws:iam::123456789012:role/web"));
	release(&a);
}

static void what_is_acted_as_is_not_merely_reached(void **state)
{
	struct answer a = {0};
	(void)state;
	add("{\"edge\":{\"from\":\"p\",\"to\":\"q\",\"type\":\"can\",\"props\":{\"action\":"
	    "\"iam:CreateAccessKey\"}}}");
	edge("p", "q", "escalates_to");
	commit();
	ask(&a, "{\"fn\":\"blast\",\"start\":{\"field\":\"id\",\"op\":\"is\",\"value\":\"p\"}}");
	assert_int_equal(a.rows.n, 1);
	assert_string_equal(json_str(a.rows.v[0], "access", ""), "control");
	release(&a);
}

static void where_reads_props_tags_and_labels(void **state)
{
	struct answer a = {0};
	(void)state;
	add("{\"node\":{\"id\":\"x\",\"type\":\"bucket\",\"props\":{\"size\":7,\"deep\":{\"a.b\":"
	    "true}},"
	    "\"tags\":{\"data-class\":\"pii\"},\"labels\":[\"one\",\"two\"]}}");
	add("{\"node\":{\"id\":\"y\",\"type\":\"bucket\",\"props\":{\"size\":3}}}");
	commit();
	static const struct {
		const char *where;
		size_t n;
	} cases[] = {
	        {"{\"field\":\"tags.data-class\",\"op\":\"is\",\"value\":\"PII\"}", 1},
	        {"{\"field\":\"labels\",\"op\":\"is\",\"value\":\"two\"}", 1},
	        {"{\"field\":\"props.size\",\"op\":\"ge\",\"value\":\"3\"}", 2},
	        {"{\"field\":\"props.size\",\"op\":\"gt\",\"value\":\"3\"}", 1},
	        {"{\"field\":\"props.deep.a.b\",\"op\":\"is\",\"value\":\"true\"}", 1},
	        {"{\"not\":{\"field\":\"tags.data-class\",\"op\":\"exists\"}}", 1},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char step[256];
		snprintf(step, sizeof(step),
		         "{\"fn\":\"match\",\"start_type\":\"bucket\",\"start\":%s}",
		         cases[i].where);
		ask(&a, step);
		assert_int_equal(a.rc, 0);
		assert_int_equal(a.rows.n, cases[i].n);
		release(&a);
	}
}

static void a_start_is_found_in_any_spelling(void **state)
{
	static const char *const starts[] = {
	        "{\"field\":\"id\",\"op\":\"is\",\"value\":\"i-web\"}",
	        "{\"field\":\"id\",\"op\":\"is\",\"value\":"
	        "\"arn:aws:ec2:us-east-1:123456789012:instance/i-web\"}",
	        "{\"field\":\"name\",\"op\":\"is\",\"value\":\"WEB-07\"}",
	        "{\"any\":[{\"field\":\"id\",\"op\":\"is\",\"value\":\"web-07\"},"
	        "{\"field\":\"name\",\"op\":\"is\",\"value\":\"web-07\"}]}",
	        "{\"all\":[{\"field\":\"type\",\"op\":\"is\",\"value\":\"instance\"},"
	        "{\"field\":\"id\",\"op\":\"in\",\"values\":[\"x\",\"i-web\"]}]}",
	        "{\"any\":[{\"field\":\"id\",\"op\":\"is\",\"value\":\"none\"},"
	        "{\"field\":\"props.public_ip\",\"op\":\"is\",\"value\":\"198.51.100.7\"}]}",
	};
	struct answer a = {0};
	(void)state;
	company();
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		char step[512];
		snprintf(step, sizeof(step), "{\"fn\":\"match\",\"start\":%s}", starts[i]);
		ask(&a, step);
		assert_int_equal(a.rc, 0);
		assert_int_equal(a.rows.n, 1);
		assert_string_equal(row_id(&a, 0), "i-web");
		release(&a);
	}
}

static void nothing_to_start_from_is_said(void **state)
{
	struct answer a = {0};
	(void)state;
	commit();
	ask(&a,
	    "{\"fn\":\"blast\",\"start\":{\"field\":\"id\",\"op\":\"is\",\"value\":\"nobody\"}}");
	assert_int_equal(a.rc, 0);
	assert_int_equal(a.rows.n, 0);
	assert_true(strlen(a.done.why) > 0);
	release(&a);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	        T(shortest_and_all_paths_agree_with_a_naive_search),
	        T(hops_agree_with_a_naive_search),
	        T(a_thousand_nodes_in_a_ring),
	        T(limits_cancel_and_deadline_are_kept_and_said),
	        T(the_way_from_the_internet_to_the_bucket_is_found),
	        T(blast_radius_names_the_permission),
	        T(what_is_acted_as_is_not_merely_reached),
	        T(where_reads_props_tags_and_labels),
	        T(a_start_is_found_in_any_spelling),
	        T(nothing_to_start_from_is_said),
	};
	struct err e;
	if (fields_load(&e))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
