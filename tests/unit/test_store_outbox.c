#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#include "act/verdict.h"
#include "store/outbox.h"

/* What waits for a platform: order, versions, conflicts, and what a person decides. */

static struct state st;
static char dir[] = "/tmp/mw-outbox-XXXXXX";
static const struct who alice = {1000, "alice"};
#define T0 INT64_C(1767225600000000)

static cJSON *parsed(const char *text)
{
	struct err e;
	cJSON *j = json_parse(slice_of(text), strlen(text), &e);

	assert_non_null(j);
	return j;
}

static void platforms(const char *text)
{
	struct err e;
	cJSON *j = parsed(text);

	assert_int_equal(state_platforms_set(&st, j, &e), 0);
	cJSON_Delete(j);
}

static bool seen(const char *etag, const char *status, const char *owner, enum record_seen why)
{
	struct err e;
	bool changed;
	cJSON *j = parsed("{\"key\":\"splunk.notable:n1@spl\",\"bare\":\"splunk.notable:n1\","
	                  "\"source\":\"spl\",\"kind\":\"splunk\",\"id\":\"n1\"}");

	json_add_str(j, "etag", etag);
	json_add_str(j, "status", status);
	json_add_str(j, "owner", owner);
	assert_int_equal(state_record_put(&st, j, why, T0, &changed, &e), 0);
	cJSON_Delete(j);
	return changed;
}

static int setup(void **unused)
{
	struct err e;
	cJSON *changed, *j;

	(void)unused;
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(state_open(&st, dir, NULL, &e), 0);
	j = parsed(
	        "[{\"title\":\"x\",\"severity\":\"H\",\"score\":50,\"findings\":[{\"key\":\"splunk."
	        "notable:n1@spl\",\"events\":1}]}]");
	assert_int_equal(state_incidents_merge_in(&st, j, T0, &changed, &e), 0);
	cJSON_Delete(changed);
	cJSON_Delete(j);
	platforms(
	        "[{\"name\":\"spl\",\"kind\":\"splunk\",\"write\":[\"status\",\"owner\",\"comment\"],"
	        "\"users\":[\"alice=a.smith\"]}]");
	assert_false(seen("v1", "New", "", RECORD_POLLED));
	return 0;
}

static int teardown(void **unused)
{
	static const char *const cmd[] = {"state.db", "state.db-wal", "state.db-shm"};

	(void)unused;
	state_close(&st);
	for (size_t i = 0; i < 3; i++) {
		char *path = xasprintf("%s/%s", dir, cmd[i]);
		unlink(path);
		free(path);
	}
	return rmdir(dir);
}

static void change(const char *status, const char *owner)
{
	struct err e;
	struct incident_change c = {.status = status, .owner = owner, .snooze_until = MW_TIME_NONE};

	assert_int_equal(state_incident_update(&st, &alice, "INC-1", &c, T0, &e), 0);
}

static void note(const char *text)
{
	struct err e;

	assert_int_equal(state_note_add(&st, &alice, "INC-1", text, T0, &e), 0);
}

static cJSON *take(void)
{
	struct err e = {0};
	mw_time next;
	cJSON *o = state_outbox_take(&st, T0, &next, &e);

	assert_int_equal(e.code, ERR_NONE);
	return o;
}

static void settle(cJSON *intent, enum err_code code, mw_time again)
{
	struct err e, why;

	err_set(&why, code, "it said no");
	assert_int_equal(
	        state_outbox_settle(&st, intent, code == ERR_NONE ? NULL : &why, again, T0, &e), 0);
	cJSON_Delete(intent);
}

static int64_t count(const char *state)
{
	struct err e;
	cJSON *l = state_outbox_list(&st, 100, &e);
	int64_t n = json_i64(json_obj(l, "counts"), state, -1);

	cJSON_Delete(l);
	return n;
}

static const char *doc_str(const cJSON *intent, const char *key)
{
	return json_str(json_obj(intent, "doc"), key, "");
}

static void test_one_at_a_time_in_order(void **unused)
{
	cJSON *a;

	(void)unused;
	change("work", NULL);
	note("looked");
	change(NULL, "alice");
	a = take();
	assert_string_equal(doc_str(a, "status"), "work");
	assert_string_equal(json_str(a, "etag", ""), "v1");
	assert_null(take()); /* its source is sending */
	settle(a, ERR_NONE, MW_TIME_NONE);
	a = take();
	assert_string_equal(doc_str(a, "comment"), "looked");
	assert_null(json_str(a, "etag", NULL)); /* a comment is true whatever the version */
	settle(a, ERR_NONE, MW_TIME_NONE);
	a = take();
	assert_string_equal(doc_str(a, "owner"), "a.smith");
	settle(a, ERR_NONE, MW_TIME_NONE);
	assert_null(take());
	assert_int_equal(count("waiting"), 0);
}

static void test_what_is_not_allowed_is_not_kept(void **unused)
{
	struct err e;
	const struct platform_change c = {.severity = "high", .tag = "x"}, d = {.comment = "y"};
	int64_t made = -1;

	(void)unused;
	assert_int_equal(state_outbox_intend(&st, &alice, 1, &c, T0, &made, &e), 0);
	assert_int_equal(made, 0);
	assert_null(take());
	assert_int_equal(state_outbox_intend(&st, &alice, 1, &d, T0, &made, &e), 0);
	assert_int_equal(made, 1);
	settle(take(), ERR_NONE, MW_TIME_NONE);
	platforms("[{\"name\":\"spl\",\"kind\":\"splunk\",\"write\":[],\"users\":[]}]");
	change("work", NULL);
	assert_null(take());
}

static void test_writing_switched_off_later_sends_nothing(void **unused)
{
	cJSON *a;

	(void)unused;
	change("work", NULL);
	platforms("[{\"name\":\"spl\",\"kind\":\"splunk\",\"write\":[],\"users\":[]}]");
	assert_null(take());
	platforms("[{\"name\":\"spl\",\"kind\":\"splunk\",\"write\":[\"status\"],\"users\":[]}]");
	a = take();
	assert_non_null(a);
	cJSON_Delete(a);
}

static void test_a_crash_sends_once_more_by_the_same_key(void **unused)
{
	struct err e;
	cJSON *a, *b;

	(void)unused;
	change("work", NULL);
	a = take();
	assert_null(take());
	assert_int_equal(state_outbox_resume(&st, &e), 0);
	b = take();
	assert_string_equal(json_str(a, "idempotency", "a"), json_str(b, "idempotency", "b"));
	assert_int_equal(json_i64(b, "attempts", 0), 1);
	cJSON_Delete(a);
	settle(b, ERR_NONE, MW_TIME_NONE);
}

static void test_what_fails_waits_and_holds_back_the_rest(void **unused)
{
	struct err e = {0};
	mw_time next;
	cJSON *a;

	(void)unused;
	change("work", NULL);
	note("after");
	settle(take(), ERR_REMOTE, T0 + MW_MINUTE);
	a = state_outbox_take(&st, T0, &next, &e);
	assert_null(a);
	assert_int_equal(next, T0 + MW_MINUTE);
	assert_int_equal(state_outbox_hurry(&st, "spl", &e), 0);
	a = take();
	assert_string_equal(doc_str(a, "status"), "work");
	settle(a, ERR_DENIED, MW_TIME_NONE);
	assert_int_equal(count("failed"), 1);
	assert_null(take());
}

static void test_our_own_write_is_no_conflict_of_the_next(void **unused)
{
	cJSON *a;

	(void)unused;
	change("work", NULL);
	change("wait", NULL);
	a = take();
	assert_false(seen("v2", "In Progress", "", RECORD_WRITTEN));
	settle(a, ERR_NONE, MW_TIME_NONE);
	a = take();
	assert_string_equal(json_str(a, "etag", ""), "v2");
	cJSON_Delete(a);
}

static void test_somebody_elses_change_stays_a_conflict(void **unused)
{
	struct err e;
	char id[32];
	cJSON *a, *records;

	(void)unused;
	change("work", NULL);
	assert_true(seen("v2", "Pending", "bob", RECORD_POLLED));
	a = take();
	assert_string_equal(json_str(a, "etag", ""),
	                    "v1"); /* what was decided over: the platform tells */
	settle(a, ERR_CONFLICT, MW_TIME_NONE);
	assert_int_equal(count("conflict"), 1);
	assert_null(take());
	records = state_records_of(&st, 1, &e);
	assert_string_equal(json_str(records->child, "was", ""),
	                    "status New -> Pending, owner nobody -> bob");
	cJSON_Delete(records);
	assert_int_equal(state_outbox_decide(&st, &alice, 1, "retry", T0, id, &e), 0);
	a = take();
	assert_string_equal(json_str(a, "etag", ""), "v2");
	settle(a, ERR_CONFLICT, MW_TIME_NONE);
	assert_int_equal(state_outbox_decide(&st, &alice, 1, "drop", T0, id, &e), 0);
	assert_int_equal(count("conflict"), 0);
	assert_int_equal(state_outbox_decide(&st, &alice, 1, "drop", T0, id, &e), -1);
}

/* A comment of ours went through, and the record that is read after it has somebody else's change in it. */
static void test_a_comment_hides_no_change(void **unused)
{
	cJSON *a;

	(void)unused;
	note("x");
	change("work", NULL);
	a = take();
	assert_true(seen("v2", "Closed", "bob", RECORD_NOTED));
	settle(a, ERR_NONE, MW_TIME_NONE);
	a = take();
	assert_string_equal(json_str(a, "etag", ""), "v1");
	cJSON_Delete(a);
}

static void test_theirs_stays_and_ours_follows(void **unused)
{
	struct err e;
	char id[32];
	cJSON *i;

	(void)unused;
	change(NULL, "dave");
	settle(take(), ERR_CONFLICT, MW_TIME_NONE);
	assert_true(seen("v2", "New", "a.smith", RECORD_POLLED));
	assert_int_equal(state_outbox_decide(&st, &alice, 1, "drop", T0, id, &e), 0);
	i = state_incident(&st, id, &e);
	assert_string_equal(json_str(i, "owner", ""), "alice");
	cJSON_Delete(i);
	assert_null(take()); /* following is no change that goes back */
}

static void test_closing_is_previewed_as_it_is_written(void **unused)
{
	struct err e;
	cJSON *list = cJSON_CreateArray(), *a;

	(void)unused;
	assert_int_equal(state_outbox_preview(&st, 1, "duplicate", verdict_words, list, &e), 0);
	assert_string_equal(json_str(list->child, "will", ""), "status Closed, disposition Other");
	assert_null(json_str(list->child, "off", NULL));
	cJSON_Delete(list);
	assert_int_equal(
	        state_incident_close(&st, &alice, "INC-1", "duplicate", "of INC-7", T0, &e), 0);
	a = take();
	assert_string_equal(doc_str(a, "status"), "closed");
	assert_string_equal(doc_str(a, "verdict"), "duplicate");
	assert_string_equal(doc_str(a, "reason"), "of INC-7");
	cJSON_Delete(a);
}

static void test_events_that_were_taken_are_not_sent_again(void **unused)
{
	struct err e;
	int64_t id;
	cJSON *doc = parsed("{\"events\":[\"{}\",\"[1]\",\"[2]\"]}"), *a, *b;

	(void)unused;
	assert_int_equal(state_outbox_add(&st, &alice, "spl", 0, "ingest", doc, T0, &id, &e), 0);
	platforms("[{\"name\":\"spl\",\"kind\":\"splunk\",\"write\":[\"events\"],\"users\":[]}]");
	a = take();
	assert_int_equal(state_outbox_taken(&st, a, 2, &e), 0);
	assert_int_equal(state_outbox_resume(&st, &e), 0);
	b = take();
	assert_int_equal(cJSON_GetArraySize(json_arr(json_obj(b, "doc"), "events")), 1);
	assert_string_not_equal(json_str(a, "idempotency", ""), json_str(b, "idempotency", ""));
	cJSON_Delete(a);
	cJSON_Delete(b);
	cJSON_Delete(doc);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_one_at_a_time_in_order),
	        TEST(test_what_is_not_allowed_is_not_kept),
	        TEST(test_writing_switched_off_later_sends_nothing),
	        TEST(test_a_crash_sends_once_more_by_the_same_key),
	        TEST(test_what_fails_waits_and_holds_back_the_rest),
	        TEST(test_our_own_write_is_no_conflict_of_the_next),
	        TEST(test_somebody_elses_change_stays_a_conflict),
	        TEST(test_a_comment_hides_no_change),
	        TEST(test_theirs_stays_and_ours_follows),
	        TEST(test_closing_is_previewed_as_it_is_written),
	        TEST(test_events_that_were_taken_are_not_sent_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
