/* Path x proof: seen with evidence, not seen up to a time, not logged, unknown. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <dirent.h>
#include <unistd.h>

#include "intake/inventory.h"
#include "source/source.h"
#include "store/graph.h"
#include "store/lake.h"

static char dir[64];
static struct graph *g;
static struct lake *l;

static void remove_all(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *f;
	char name[512];
	while (d && (f = readdir(d))) {
		if (f->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, f->d_name);
		if (unlink(name))
			remove_all(name);
	}
	if (d)
		closedir(d);
	rmdir(path);
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

#define AT "aws/111111111111/us-east-1/"
static void inventory(void)
{
	struct err e;
	import(AT "cloudtrail-describe-trails.json",
	       "{'trailList':[{'Name':'org','S3BucketName':'logs','IsMultiRegionTrail':true,"
	       "'HomeRegion':'us-east-1','TrailARN':"
	       "'arn:aws:cloudtrail:us-east-1:111111111111:trail/org'}]}");
	import(AT "cloudtrail-get-event-selectors/org",
	       "{'TrailARN':'arn:aws:cloudtrail:us-east-1:111111111111:trail/"
	       "org','EventSelectors':[{"
	       "'ReadWriteType':'All','IncludeManagementEvents':true,'DataResources':[{'Type':"
	       "'AWS::S3::Object','Values':['arn:aws:s3:::invoices/','arn:aws:s3:::quiet/']}]}]}");
	import(AT "s3-list-buckets.json", "{'Buckets':[{'Name':'invoices','CreationDate':'x'},{'"
	                                  "Name':'quiet','CreationDate':'x'},"
	                                  "{'Name':'dark','CreationDate':'x'}]}");
	import(AT "iam-get-account-authorization-details.json",
	       "{'RoleDetailList':[{'RoleName':'web','Arn':'arn:aws:iam::111111111111:role/web',"
	       "'AssumeRolePolicyDocument':{'Statement':[]},'RolePolicyList':[{'PolicyName':'p',"
	       "'PolicyDocument':{'Statement':[{'Effect':'Allow','Action':'s3:GetObject','Resource'"
	       ":["
	       "'arn:aws:s3:::invoices/*','arn:aws:s3:::quiet/*','arn:aws:s3:::dark/*']}]}}]}]}");
	if (graph_commit(g, &e))
		fail_msg("%s", e.what);
}

static void add(struct lake_builder *b, const char *time, const char *call, const char *bucket,
                const char *management, uint64_t line)
{
	static const char *const names[] = {"api.operation",    "mw.bucket",
	                                    "mw.management",    "actor.session.issuer",
	                                    "api.service.name", "cloud.account.uid"};
	const char *values[] = {call,       bucket,
	                        management, "arn:aws:iam::111111111111:role/web",
	                        "s3",       "111111111111"};
	struct event ev = {0};
	struct err e;
	event_reset(&ev);
	ev.dataset = "cloudtrail";
	ev.basename = SLICE("trail.json");
	ev.line = line;
	ev.raw = slice_of(time);
	assert_true(mw_time_parse(slice_of(time), &ev.time));
	ev.arrival = MW_TIME_NONE;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		event_add(&ev, field_find(slice_of(names[i]))->id, slice_of(values[i]));
	if (lake_builder_add(b, &ev, &e))
		fail_msg("%s", e.what);
	event_release(&ev);
}

static void logs(void)
{
	struct lake_builder *b = lake_builder_new();
	struct lake_appended out = {0};
	struct err e;
	int64_t id;
	int fd = lake_batch_fd(l, &e);
	add(b, "2026-03-01T10:00:00Z", "GetObject", "invoices", "false", 1);
	add(b, "2026-03-01T11:00:00Z", "GetObject", "invoices", "false", 2);
	add(b, "2026-03-01T12:00:00Z", "ListBuckets", "", "true", 3);
	if (lake_builder_finish(b, fd, &e) || lake_import_begin(l, NULL, &id, &e) ||
	    lake_append(l, id, fd, &out, &e))
		fail_msg("%s", e.what);
	assert_int_equal(out.added, 3);
	close(fd);
	lake_builder_free(b);
}

static int setup(void **state)
{
	struct err e;
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/mw-use-XXXXXX");
	if (!mkdtemp(dir) || graph_open(&g, dir, GRAPH_WRITE, &e) || graph_begin(g, &e) ||
	    lake_open(&l, dir, LAKE_WRITE, &e))
		return -1;
	inventory();
	logs();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	graph_close(g);
	lake_close(l);
	remove_all(dir);
	return 0;
}

static int take(void *ctx, const struct source_row *r, struct err *e)
{
	cJSON *row = json_parse(r->json, 1 << 24, e);
	assert_non_null(row);
	cJSON_AddItemToArray(ctx, row);
	return 0;
}

/* The use of the role's permission on each bucket, by the bucket's name. */
static cJSON *uses(struct lake *lake)
{
	struct source *s = source_graph_open(g, lake, "graph");
	bool no = false;
	struct source_run run = {.cancelled = &no};
	cJSON *rows = cJSON_CreateArray(), *out = cJSON_CreateObject(), *r;
	struct source_sink sink = {.ctx = rows, .row = take};
	struct source_done done;
	struct err e;
	cJSON *j =
	        json_parse(SLICE("{\"steps\":[{\"kind\":\"graph\",\"fn\":\"blast\",\"start\":{"
	                         "\"field\":\"name\",\"op\":\"is\",\"value\":\"web\"},\"use\":{}}],"
	                         "\"show\":\"graph\"}"),
	                   1 << 20, &e);
	struct plan *p = plan_from_json(j, &e);
	if (!p || s->ops->search(s, p, 0, &run, &sink, &done, &e))
		fail_msg("%s", e.what);
	cJSON_ArrayForEach(r, rows)
	        cJSON_AddItemToObject(out, json_str(json_obj(r, "node"), "name", ""),
	                              cJSON_Duplicate(json_obj(r, "use"), true));
	free(done.sent);
	plan_free(p);
	cJSON_Delete(j);
	cJSON_Delete(rows);
	s->ops->close(s);
	return out;
}

static const char *mark(const cJSON *all, const char *bucket)
{
	return json_str(json_obj(all, bucket), "mark", "none");
}

static void each_mark_says_what_the_logs_can_prove(void **state)
{
	cJSON *all = uses(l);
	const cJSON *u = json_obj(all, "invoices");
	(void)state;
	assert_string_equal(mark(all, "invoices"), "seen");
	assert_int_equal(json_i64(u, "count", 0), 2);
	assert_int_equal(cJSON_GetArraySize(json_arr(u, "evidence")), 2);
	assert_int_equal(strncmp(json_arr(u, "evidence")->child->valuestring, "ev:", 3), 0);
	/* logged by the same trail, whose stream has come to twelve */
	assert_string_equal(mark(all, "quiet"), "not_seen");
	assert_string_equal(json_str(json_obj(all, "quiet"), "complete_to", ""),
	                    "2026-03-01T12:00:00Z");
	assert_string_equal(mark(all, "dark"), "not_logged");
	assert_non_null(strstr(json_str(json_obj(all, "dark"), "why", ""), "dark"));
	assert_int_equal(json_str(json_obj(all, "dark"), "cover", "-")[0], 'c');
	cJSON_Delete(all);
}

static void without_a_lake_nothing_is_known(void **state)
{
	cJSON *all = uses(NULL);
	(void)state;
	assert_string_equal(mark(all, "invoices"), "unknown");
	assert_string_equal(mark(all, "dark"), "unknown");
	cJSON_Delete(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(each_mark_says_what_the_logs_can_prove, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(without_a_lake_nothing_is_known, setup, teardown),
	};
	struct err e;
	if (fields_load(&e))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
