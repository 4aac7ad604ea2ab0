/* The proof of an empty answer, over events in memory: catalogue, cover and status are those of this file. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include "base/limits.h"
#include "plan/eval.h"
#include "run/run.h"
#include "store/cover.h"
#include "store/graph.h"

#define T0 (INT64_C(1627660800) * MW_SECOND) /* 2021-07-30T16:00:00Z */
#define HOUR(n) (T0 + (n)*MW_HOUR)

static struct world {
	struct arena arena;
	VEC(struct event) ev;
	VEC(struct catalog_dataset) datasets;
	VEC(struct catalog_field) fields;
	enum cover_state cover;
	mw_time retained;
} w;

static void add(mw_time t, const char *dataset, const char *user, const char *op, const char *raw)
{
	struct event *ev = vec_push(&w.ev);
	event_reset(ev);
	ev->time = t;
	ev->dataset = dataset;
	ev->uid = slice_of(arena_printf(&w.arena, "e%zu", w.ev.n));
	ev->has_own_uid = true;
	ev->raw = slice_of(raw);
	event_add(ev, field_find(SLICE("user"))->id, slice_of(user));
	if (op)
		event_add(ev, field_find(SLICE("event_name"))->id, slice_of(op));
}

static void note_dataset(const struct event *ev)
{
	struct catalog_dataset *d;
	const struct event_val *v;

	vec_each (d, &w.datasets)
		if (!strcmp(d->name, ev->dataset))
			break;
	if (d == w.datasets.v + w.datasets.n) {
		d = vec_push(&w.datasets);
		*d = (struct catalog_dataset){ev->dataset, 0, ev->time, ev->time, MW_TIME_NONE};
	}
	d->events++;
	d->to = ev->time > d->to ? ev->time : d->to;
	vec_each (v, &ev->vals)
		*vec_push(&w.fields) = (struct catalog_field){
		        .dataset = ev->dataset, .field = v->field, .events = 1};
}

static int setup(void **state)
{
	struct err e;

	(void)state;
	if (fields_load(&e))
		return -1;
	add(HOUR(0), "cloudtrail", "alice", "ListBuckets", "{\"n\":1,\"bucket\":\"hr-exports\"}");
	add(HOUR(1), "cloudtrail", "bert-jan", "GetObject", "{\"n\":2,\"who\":\"malloryson\"}");
	add(HOUR(2), "zeek.conn", "carol", NULL, "{\"n\":3}");
	for (size_t i = 0; i < w.ev.n; i++)
		note_dataset(&w.ev.v[i]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < w.ev.n; i++)
		event_release(&w.ev.v[i]);
	vec_free(&w.ev);
	vec_free(&w.datasets);
	vec_free(&w.fields);
	arena_release(&w.arena);
	return 0;
}

/* ---- stand-ins for store/ ---- */

size_t catalog_datasets(struct catalog *c, const struct catalog_dataset **out)
{
	(void)c;
	*out = w.datasets.v;
	return w.datasets.n;
}

size_t catalog_fields(struct catalog *c, const char *dataset, const struct catalog_field **out)
{
	(void)c;
	assert_null(dataset);
	*out = w.fields.v;
	return w.fields.n;
}

size_t catalog_value_find(struct catalog *c, struct slice value, struct catalog_value *out,
                          size_t max)
{
	size_t n = 0;

	(void)c;
	for (size_t i = 0; i < w.ev.n; i++)
		for (size_t k = 0; k < w.ev.v[i].vals.n; k++)
			if (slice_ieq(w.ev.v[i].vals.v[k].value, value) && n < max)
				out[n++] =
				        (struct catalog_value){.value = value,
				                               .field = w.ev.v[i].vals.v[k].field,
				                               .events = 1};
	return n;
}

size_t catalog_value_near(struct catalog *c, struct slice word, field_id field,
                          struct catalog_value *out, size_t max)
{
	(void)c;
	(void)field;
	if (!slice_eq_str(word, "bertjan") || !max)
		return 0;
	out[0] = (struct catalog_value){.value = SLICE("bert-jan"), .events = 1};
	return 1;
}

int cover_prove(struct lake *l, struct graph *g, const struct cover_query *q,
                struct cover_proof *out, struct err *e)
{
	(void)l;
	(void)g;
	(void)e;
	(void)q;
	*out = (struct cover_proof){
	        .state = w.cover, .id = "c7", .why = "trail org-main", .complete_to = MW_TIME_NONE};
	if (w.cover == COVER_LOGGED)
		out->complete_to = HOUR(2);
	return 0;
}

enum cover_class cover_class_of(const char *dataset, struct slice api_operation)
{
	(void)dataset;
	(void)api_operation;
	return COVER_MANAGEMENT;
}

const char *cover_class_name(enum cover_class c)
{
	return c == COVER_MANAGEMENT ? "management" : "other";
}

struct cJSON *lake_status(struct lake *l, struct err *e)
{
	cJSON *o = cJSON_CreateObject();

	(void)l;
	(void)e;
	json_add_time(o, "retained_from", w.retained);
	return o;
}

uint32_t graph_find(struct graph *g, struct slice id)
{
	(void)g;
	return slice_eq_str(id, "i-1") ? 0 : UINT32_MAX;
}

static int search(struct source *s, const struct plan *p, size_t i, const struct source_run *run,
                  const struct source_sink *sink, struct source_done *done, struct err *e)
{
	struct eval_result r;
	int rc;

	(void)run;
	*done = (struct source_done){.complete_to = MW_TIME_NONE};
	if (p->steps[i].kind == PS_GRAPH)
		return 0;
	rc = plan_eval_step(p, i, w.ev.v, w.ev.n, NULL, &r, e);
	for (size_t k = 0; !rc && k < r.rows.n; k++) {
		struct source_row row = {
		        .source = s->name, .event = r.rows.v[k].event, .ncols = r.ncols};
		row.cols = r.rows.v[k].cols;
		rc = sink->row(sink->ctx, &row, e);
	}
	if (!rc)
		eval_result_release(&r);
	return rc;
}

/* ---- the tests ---- */

static void prove(const char *json, const char *named, struct empty_proof *out)
{
	static const struct source_ops ops = {.kind = "fake", .search = search};
	static struct source lake = {&ops, "lake"}, graph = {&ops, "graph"};
	struct source *sources[] = {&lake, &graph};
	struct run_env env = {.sources = sources, .nsources = 2};
	struct err e = {0};
	cJSON *j = json_parse(slice_of(json), MW_PLAN_JSON_MAX, &e);
	struct plan *p = j ? plan_from_json(j, &e) : NULL;

	if (!p)
		fail_msg("%s", e.what);
	env.catalog = (struct catalog *)(void *)&w; /* never looked into */
	env.lake = (struct lake *)(void *)&w;
	env.graph = (struct graph *)(void *)&w;
	if (run_prove_empty(p, &env, named ? &named : NULL, named && named[0], out, &e))
		fail_msg("%s", e.what);
	plan_free(p);
	cJSON_Delete(j);
}

#define WHERE(x) "{\"steps\":[{\"where\":" x "}]}"
#define IS(f, v) "{\"field\":\"" f "\",\"op\":\"is\",\"value\":\"" v "\"}"
#define ALL(x, y) "{\"all\":[" x "," y "]}"
#define ANY(x, y) "{\"any\":[" x "," y "]}"

static void test_reasons(void **state)
{
	static const struct {
		const char *plan, *named;
		enum empty_reason reason;
		const char *says;
	} rows[] = {
	        {WHERE(IS("user", "mallory")), "mallory", EMPTY_NO_SUCH_VALUE,
	         "\"mallory\" occurs in no"}, /* malloryson is another word */
	        {WHERE(IS("user", "hr-exports")), "hr-exports", EMPTY_TRULY_NONE,
	         "None"}, /* it does occur, elsewhere */
	        {WHERE(ALL(IS("user", "alice"), IS("event_name", "StopLogging"))), "alice",
	         EMPTY_TRULY_NONE, "None"},
	        {WHERE(ALL(IS("user", "alice"), IS("event_name", "StopLogging"))), NULL,
	         EMPTY_NO_SUCH_VALUE, "StopLogging"},
	        {WHERE(ALL(IS("user", "alice"), IS("event_name", "StopLogging"))), "",
	         EMPTY_TRULY_NONE, "None"},
	        {WHERE(ANY(IS("user", "mallory"), "{\"op\":\"text\",\"value\":\"mallory@x\"}")),
	         "mallory", EMPTY_NO_SUCH_VALUE, "mallory"},
	        {WHERE(ANY(IS("hash", "x"), IS("user", "mallory"))), "mallory", EMPTY_NO_SUCH_VALUE,
	         "mallory"},
	        {WHERE(ALL(IS("user", "alice"), "{\"not\":" IS("user", "alice") "}")), "alice",
	         EMPTY_TRULY_NONE, "None"},
	        {WHERE(ALL(IS("user", "bob"), "{\"not\":" IS("event_name", "Nothing") "}")),
	         "Nothing", EMPTY_TRULY_NONE, "None"},
	        {WHERE("{\"field\":\"raw:sha256\",\"op\":\"exists\"}"), "", EMPTY_NO_SUCH_FIELD,
	         "No imported log"},
	        {"{\"steps\":[{\"by\":[\"raw:sha256\"]}]}", "", EMPTY_NO_SUCH_FIELD, "sha256"},
	        {"{\"steps\":[{\"datasets\":[\"zeek\"],\"where\":" IS("event_name",
	                                                              "GetObject") "}]}",
	         "GetObject", EMPTY_NO_SUCH_FIELD, "cloudtrail has it"},
	        {"{\"steps\":[{\"datasets\":[\"windows\"]}]}", "", EMPTY_NOT_LOGGED, "windows"},
	        {"{\"steps\":[{\"from\":\"2021-08-20T00:00:00Z\",\"to\":\"2021-08-21T00:00:00Z\","
	         "\"where\":" IS("user", "alice") "}]}",
	         "alice", EMPTY_NO_DATA_IN_WINDOW, "2021-07-30T16:00:00Z to 2021-07-30T18:00:00Z"},
	        {"{\"steps\":[{\"from\":\"2021-07-30T16:30:00Z\",\"where\":" IS("user",
	                                                                        "alice") "}]}",
	         "alice", EMPTY_TRULY_NONE, "None"},
	        {WHERE("{\"field\":\"user\",\"op\":\"contains\",\"value\":\"mallory\"}"), "mallory",
	         EMPTY_TRULY_NONE, "None"},
	        {WHERE(IS("user", "nobody")), "nobody", EMPTY_NO_SUCH_VALUE, "nobody"},
	        {"{\"steps\":[{\"kind\":\"graph\",\"fn\":\"blast\",\"start\":" IS("id",
	                                                                          "i-2") "}]}",
	         "i-2", EMPTY_NO_SUCH_VALUE, "i-2"},
	        {"{\"steps\":[{\"kind\":\"graph\",\"fn\":\"blast\",\"start\":" IS("id",
	                                                                          "i-1") "}]}",
	         "i-1", EMPTY_TRULY_NONE, "no such"},
	        {"{\"steps\":[{\"from\":\"2021-07-30T16:10:00Z\",\"to\":\"2021-07-30T16:20:00Z\"}]"
	         "}",
	         "", EMPTY_NO_DATA_IN_WINDOW,
	         "last one before it at 2021-07-30T16:00:00Z and the next one behind it at "
	         "2021-07-30T17:00:00Z"},
	        /* events match, but have not what they are counted by */
	        {"{\"steps\":[{\"where\":" IS(
	                 "user",
	                 "carol") ",\"stats\":[{\"fn\":\"count\"}],\"by\":[\"event_name\"]}]}",
	         "carol", EMPTY_NO_SUCH_FIELD, "1 event matches, but none has event_name"},
	        {"{\"steps\":[{\"by\":[\"user\"],\"stats\":[{\"fn\":\"count\"}],\"having\":{"
	         "\"field\":\"count\",\"op\":\"gt\",\"value\":5}}]}",
	         "", EMPTY_TRULY_NONE, "no group"},
	        {"{\"steps\":[{\"sequence\":{\"stages\":[" IS("user", "bert-jan") "," IS(
	                 "user", "alice") "]}}]}",
	         "", EMPTY_TRULY_NONE, "do not follow"},
	        {WHERE("{\"field\":\"src_ip\",\"op\":\"cidr\",\"value\":\"10.0.0.0/8\"}"),
	         "10.0.0.0/8", EMPTY_NO_SUCH_FIELD, "src_ip"},
	        /* the first step is where it was lost */
	        {"{\"steps\":[{\"where\":" IS("user",
	                                      "mallory") "},{\"where\":{\"field\":\"user\",\"op\":"
	                                                 "\"in\",\"from_step\":0,\"column\":"
	                                                 "\"user\"}}]}",
	         "mallory", EMPTY_NO_SUCH_VALUE, "mallory"},
	};

	(void)state;
	w.cover = COVER_UNKNOWN;
	w.retained = MW_TIME_NONE;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct empty_proof p;
		prove(rows[i].plan, rows[i].named, &p);
		if (p.reason != rows[i].reason || !strstr(p.sentence, rows[i].says))
			fail_msg("%s\nis %s: %s", rows[i].plan, empty_reason_name(p.reason),
			         p.sentence);
		assert_true(p.probes.n > 0 || p.reason == EMPTY_TRULY_NONE);
		empty_proof_release(&p);
	}
}

static void test_near_values(void **state)
{
	struct empty_proof p;

	(void)state;
	prove(WHERE(IS("user", "bertjan")), "bertjan", &p);
	assert_int_equal(p.reason, EMPTY_NO_SUCH_VALUE);
	assert_int_equal(p.near_values.n, 1);
	assert_string_equal(p.near_values.v[0], "bert-jan");
	assert_non_null(strstr(p.sentence, "bert-jan"));
	assert_string_equal(p.next.v[0], "the same with \"bert-jan\"");
	empty_proof_release(&p);
}

/* "Truly none" needs a cover proof; without one the sentence says that it is not known. */
static void test_cover(void **state)
{
	const char *plan = WHERE(ALL(IS("user", "alice"), IS("event_name", "GetObject")));
	struct empty_proof p;

	(void)state;
	w.cover = COVER_LOGGED;
	prove(plan, "alice", &p);
	assert_int_equal(p.reason, EMPTY_TRULY_NONE);
	assert_non_null(strstr(p.sentence, "true none up to 2021-07-30T18:00:00Z"));
	assert_int_equal(p.complete_to, HOUR(2));
	assert_string_equal(p.cover, "c7");
	empty_proof_release(&p);

	w.cover = COVER_UNKNOWN;
	prove(plan, "alice", &p);
	assert_int_equal(p.complete_to, MW_TIME_NONE);
	assert_non_null(strstr(p.sentence, "not known"));
	empty_proof_release(&p);

	w.cover = COVER_NOT_LOGGED;
	prove(plan, "alice", &p);
	assert_int_equal(p.reason, EMPTY_NOT_LOGGED);
	empty_proof_release(&p);
	w.cover = COVER_UNKNOWN;
}

static void test_retention(void **state)
{
	struct empty_proof p;

	(void)state;
	w.retained = HOUR(0);
	prove("{\"steps\":[{\"from\":\"2021-07-29T00:00:00Z\",\"to\":\"2021-07-30T00:00:00Z\"}]}",
	      "", &p);
	assert_int_equal(p.reason, EMPTY_RETENTION_ENDED);
	empty_proof_release(&p);
	w.retained = MW_TIME_NONE;
}

/* Which condition it is: each is counted alone, and what is left without it is offered. */
static void test_conditions(void **state)
{
	struct empty_proof p;
	bool counted = false, offered = false;

	(void)state;
	prove(WHERE(ALL(IS("user", "alice"), IS("event_name", "GetObject"))), "alice", &p);
	for (size_t i = 0; i < p.probes.n; i++)
		counted = counted || (!strcmp(p.probes.v[i].what,
		                              "events where event_name is \"GetObject\"") &&
		                      !strcmp(p.probes.v[i].found, "1"));
	for (size_t i = 0; i < p.next.n; i++)
		offered = offered ||
		          !strcmp(p.next.v[i], "leaving out that user is \"alice\": 1 event");
	assert_true(counted);
	assert_true(offered);
	empty_proof_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_reasons),    cmocka_unit_test(test_near_values),
	        cmocka_unit_test(test_cover),      cmocka_unit_test(test_retention),
	        cmocka_unit_test(test_conditions),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
