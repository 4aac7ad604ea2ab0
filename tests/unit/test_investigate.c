/* Names that describe.c, the card and the rules rely on; folding, marks and filters of the timeline; technique naming. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "ask/recipe.h"
#include "investigate/attack.h"
#include "investigate/describe.h"
#include "investigate/summary.h"
#include "investigate/timeline.h"

static struct err err;

static void put(struct event *ev, const char *field, const char *value)
{
	const struct field *f = field_find(slice_of(field));
	assert_non_null(f);
	event_add(ev, f->id, slice_of(value));
}

static void make(struct event *ev, const char *uid, const char *time, const char *op,
                 const char *actor, const char *error)
{
	event_reset(ev);
	ev->dataset = "cloudtrail";
	ev->uid = slice_of(uid);
	ev->has_own_uid = true;
	assert_true(mw_time_parse(slice_of(time), &ev->time));
	ev->arrival = MW_TIME_NONE;
	ev->raw = SLICE("{}");
	put(ev, "api.operation", op);
	put(ev, "actor.user.name", actor);
	if (error)
		put(ev, "api.response.error", error);
}

static void describes_denied_and_failed(void **state)
{
	struct event ev = {0};
	struct described d;
	struct buf b = BUF_INIT;
	(void)state;
	make(&ev, "1", "2026-03-14T02:41:06Z", "AssumeRole", "app-web", "AccessDenied");
	describe_event(&ev, &d);
	assert_true(d.denied && d.failed);
	describe_line(&d, &b);
	assert_string_equal(b.s, "AssumeRole app-web DENIED");
	make(&ev, "2", "2026-03-14T02:41:06Z", "DeleteBucket", "app-web", "BucketNotEmpty");
	describe_event(&ev, &d);
	assert_true(d.failed && !d.denied);
	buf_release(&b);
	event_release(&ev);
}

static void add(struct timeline *t, const char *uid, const char *time, const char *op,
                const char *actor, const char *error, event_id id)
{
	struct event ev = {0};
	struct source_row r = {.source = "lake", .event = &ev, .id = id};
	make(&ev, uid, time, op, actor, error);
	assert_int_equal(timeline_add(t, &r, &err), 0);
	event_release(&ev);
}

static void folds_bursts_orders_and_drops_doubles(void **state)
{
	struct timeline *t = timeline_new();
	const struct timeline_row *rows;
	(void)state;
	add(t, "c", "2026-03-14T02:43:10Z", "GetObject", "app-web", NULL, 3);
	add(t, "a", "2026-03-14T02:41:06Z", "GetCallerIdentity", "app-web", NULL, 1);
	add(t, "b", "2026-03-14T02:43:02Z", "GetObject", "app-web", NULL, 2);
	add(t, "b", "2026-03-14T02:43:02Z", "GetObject", "app-web", NULL, 2);
	add(t, "d", "2026-03-14T03:09:41Z", "AssumeRole", "app-web", "AccessDenied", 4);
	timeline_build(t, NULL, NULL, NULL);
	assert_int_equal(timeline_events(t), 4);
	assert_int_equal(timeline_rows(t, &rows), 3);
	assert_true(rows[0].first && !rows[0].last);
	assert_int_equal(rows[1].count, 2);
	assert_int_equal(rows[1].first_id, 2);
	assert_int_equal(rows[1].last_id, 3);
	assert_true(rows[2].denied && rows[2].last);
	timeline_build(t, "-getobject", NULL, NULL);
	assert_int_equal(timeline_rows(t, &rows), 2);
	timeline_build(t, "denied", NULL, NULL);
	assert_int_equal(timeline_rows(t, &rows), 1);
	timeline_free(t);
}

static void burst_ends_after_a_pause(void **state)
{
	struct timeline *t = timeline_new();
	const struct timeline_row *rows;
	(void)state;
	add(t, "a", "2026-03-14T02:00:00Z", "GetObject", "u", NULL, 1);
	add(t, "b", "2026-03-14T02:05:00Z", "GetObject", "u", NULL, 2);
	add(t, "c", "2026-03-14T02:10:01Z", "GetObject", "u", NULL, 3);
	timeline_build(t, NULL, NULL, NULL);
	assert_int_equal(timeline_rows(t, &rows), 2);
	assert_int_equal(rows[0].count, 2);
	timeline_free(t);
}

static void gap_is_a_row(void **state)
{
	struct timeline *t = timeline_new();
	const struct timeline_row *rows;
	mw_time from, to;
	(void)state;
	assert_true(mw_time_parse(SLICE("2026-03-14T03:08:00Z"), &from) &&
	            mw_time_parse(SLICE("2026-03-14T03:33:00Z"), &to));
	add(t, "a", "2026-03-14T03:00:00Z", "GetObject", "u", NULL, 1);
	add(t, "b", "2026-03-14T03:40:00Z", "GetObject", "u", NULL, 2);
	timeline_gap(t, from, to, "QRadar silent from here");
	timeline_build(t, NULL, NULL, NULL);
	assert_int_equal(timeline_rows(t, &rows), 3);
	assert_true(rows[1].gap);
	timeline_free(t);
}

static void exports_are_escaped(void **state)
{
	struct timeline *t = timeline_new();
	struct buf b = BUF_INIT;
	(void)state;
	add(t, "a", "2026-03-14T03:00:00Z", "=cmd|'/c calc'!A1", "<script>alert(1)</script>", NULL,
	    1);
	timeline_build(t, NULL, NULL, NULL);
	timeline_export(t, TL_HTML, false, 0, &b);
	assert_null(strstr(b.s, "<script>"));
	buf_reset(&b);
	timeline_export(t, TL_CSV, false, 0, &b);
	assert_null(strstr(b.s, ",=cmd"));
	assert_null(strstr(b.s, "\"=cmd"));
	buf_release(&b);
	timeline_free(t);
}

static void names_the_technique_of_a_rare_act_in_noise(void **state)
{
	struct attack_rules *r;
	struct attack_tally *t;
	struct attack_found top[3];
	struct event ev = {0};
	(void)state;
	assert_int_equal(attack_load(&r, &err), 0);
	t = attack_tally_new(r);
	for (int i = 0; i < 100; i++) {
		make(&ev, "x", "2026-03-14T03:00:00Z", "DescribeInstances", "u", NULL);
		attack_tally_add(t, &ev, (event_id)i);
	}
	make(&ev, "y", "2026-03-14T03:00:00Z", "StopLogging", "u", NULL);
	attack_tally_add(t, &ev, 500);
	assert_true(attack_tally_top(t, top, 3) > 0);
	assert_string_equal(top[0].id, "T1562.008");
	assert_int_equal(top[0].evidence, 500);
	assert_string_equal(top[0].name, "Disable or Modify Cloud Logs");
	attack_tally_free(t);
	event_release(&ev);
	attack_free(r);
}

static void every_recipe_makes_a_valid_plan(void **state)
{
	struct recipes *r;
	(void)state;
	assert_int_equal(recipes_load(&r, &err), 0);
	assert_true(recipes_count(r) >= 10);
	for (size_t i = 0; i < recipes_count(r); i++) {
		struct recipe_args a = {SLICE("i-0c31d2f4a5b6c7d8e"), MW_TIME_NONE, MW_TIME_NONE};
		struct plan *p = recipe_plan(r, recipes_at(r, i)->id, &a, &err);
		if (!p)
			fail_msg("%s: %s", recipes_at(r, i)->id, err.what);
		plan_free(p);
		for (const char *const *f = recipes_at(r, i)->fields; *f; f++)
			if (strcmp(*f, "*") && !field_find(slice_of(*f)))
				fail_msg("%s: no field %s", recipes_at(r, i)->id, *f);
	}
	recipes_free(r);
}

static void summary_counts_and_cites(void **state)
{
	struct summary *s = summary_new();
	struct event ev = {0};
	struct described d;
	cJSON *j;
	(void)state;
	for (int i = 0; i < 3; i++) {
		make(&ev, "x", "2026-03-14T03:00:00Z", i ? "GetObject" : "ListBuckets", "app-web",
		     i == 2 ? "AccessDenied" : NULL);
		put(&ev, "src_endpoint.ip",
		    (const char *[]){"203.0.113.77", "198.51.100.4", "10.20.0.11"}[i]);
		describe_event(&ev, &d);
		summary_add(s, &ev, (event_id)(10 + i), &d);
	}
	j = summary_json(s);
	assert_string_equal(json_str(cJSON_GetArrayItem(j, 0), "text", ""),
	                    "3 events at 2026-03-14T03:00:00Z.");
	assert_string_equal(json_str(cJSON_GetArrayItem(j, 1), "text", ""),
	                    "What: GetObject (2), ListBuckets (1).");
	assert_string_equal(json_arr(cJSON_GetArrayItem(j, 1), "evidence")->child->valuestring,
	                    "ev:11");
	/* what we wrote ourselves passes our own check, outcomes too */
	assert_string_equal(json_str(cJSON_GetArrayItem(j, cJSON_GetArraySize(j) - 1), "text", ""),
	                    "Denied: GetObject.");
	for (int i = 0; i < cJSON_GetArraySize(j); i++)
		assert_string_equal(json_str(cJSON_GetArrayItem(j, i), "status", ""), "supported");
	cJSON_Delete(j);
	summary_free(s);
	event_release(&ev);
}

static int setup(void **state)
{
	(void)state;
	return fields_load(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(describes_denied_and_failed),
	        cmocka_unit_test(folds_bursts_orders_and_drops_doubles),
	        cmocka_unit_test(burst_ends_after_a_pause),
	        cmocka_unit_test(gap_is_a_row),
	        cmocka_unit_test(exports_are_escaped),
	        cmocka_unit_test(names_the_technique_of_a_rare_act_in_noise),
	        cmocka_unit_test(every_recipe_makes_a_valid_plan),
	        cmocka_unit_test(summary_counts_and_cites),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
