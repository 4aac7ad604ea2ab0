/* state.db's side of actions, handing over, drafts and bulk steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <ftw.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/state.h"

static struct state s;
static char dir[64];
static struct err err;
static const struct who ana = {1000, "ana"}, bob = {1001, "bob"};
#define NOW (1000 * MW_DAY)

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

static int make(void **state)
{
	cJSON *list = json_parse(
	              SLICE("[{\"title\":\"one\",\"severity\":\"C\",\"score\":90,\"findings\":[{\"key\":\"a\",\"evidence\":[\"ev:1\"]}]},"
	                    "{\"title\":\"two\",\"severity\":\"H\",\"score\":50,\"findings\":[{\"key\":\"b\"}]},"
	                    "{\"title\":\"three\",\"severity\":\"L\",\"score\":5,\"findings\":[{\"key\":\"c\"}]}]"),
	              4096, &err),
	      *changed;

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/mw-shift-XXXXXX");
	if (!mkdtemp(dir) || state_open(&s, dir, NULL, &err) || db_begin(&s.db, &err))
		return -1;
	if (state_incidents_merge_in(&s, list, NOW, &changed, &err))
		return -1;
	cJSON_Delete(changed);
	cJSON_Delete(list);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	db_rollback(&s.db);
	state_close(&s);
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static cJSON *action(int64_t incident, const char *state)
{
	cJSON *a = cJSON_CreateObject();

	json_add_i64(a, "incident", incident);
	json_add_str(a, "state", state);
	json_add_str(a, "step", "claim");
	assert_int_equal(state_action_add(&s, a, &err), 0);
	return a;
}

static size_t actions(int64_t incident)
{
	cJSON *list = state_actions_of(&s, incident, &err);
	size_t n = (size_t)cJSON_GetArraySize(list);

	cJSON_Delete(list);
	return n;
}

static void actions_have_a_state_that_is_kept(void **state)
{
	cJSON *a = action(1, "open"), *got;

	(void)state;
	assert_string_equal(json_str(a, "id", ""), "A-1");
	cJSON_ReplaceItemInObject(a, "state", cJSON_CreateString("done"));
	assert_int_equal(state_action_put(&s, a, &err), 0);
	got = state_action_get(&s, "A-1", &err);
	assert_string_equal(json_str(got, "state", ""), "done");
	cJSON_Delete(got);
	cJSON_Delete(a);
	got = state_actions_in(&s, "open", &err);
	assert_int_equal(cJSON_GetArraySize(got), 0);
	cJSON_Delete(got);
	assert_null(state_action_get(&s, "A-2", &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_null(state_action_get(&s, "1; DROP TABLE action", &err));
	assert_int_equal(err.code, ERR_INVALID);
}

static void actions_go_with_a_merge_and_come_back(void **state)
{
	cJSON *with = json_parse(SLICE("[\"INC-2\"]"), 64, &err), *a = action(2, "done"), *got;

	(void)state;
	assert_int_equal(state_incident_merge(&s, &ana, "INC-1", with, NOW, &err), 0);
	assert_int_equal(actions(1), 1);
	assert_int_equal(actions(2), 0);
	got = state_action_get(&s, "A-1", &err); /* what was shown is not changed */
	assert_int_equal(json_i64(got, "incident", 0), 2);
	cJSON_Delete(got);
	assert_int_equal(state_incident_unmerge(&s, &ana, "INC-1", "INC-2", NOW, &err), 0);
	assert_int_equal(actions(1), 0);
	assert_int_equal(actions(2), 1);
	cJSON_Delete(a);
	cJSON_Delete(with);
}

/* ---- handing over ---- */

static int64_t handoff(const char *text)
{
	int64_t id, version;

	assert_int_equal(
	        state_doc_put(&s, &ana, 0, "handoff", NULL, text, NOW, &id, &version, &err), 0);
	return id;
}

static void own(const char *id, const struct who *w)
{
	struct incident_change c = {.owner = w->user, .snooze_until = MW_TIME_NONE};

	assert_int_equal(state_incident_update(&s, w, id, &c, NOW, &err), 0);
}

static void takes(const struct who *w, int64_t doc, const char *item, bool lead)
{
	cJSON *o = state_handoff_accept(&s, w, doc, item, lead, NOW, &err);

	assert_non_null(o);
	assert_string_equal(json_str(o, "owner", ""), w->user);
	cJSON_Delete(o);
}

static void refused(const struct who *w, int64_t doc, const char *item, const char *why)
{
	assert_null(state_handoff_accept(&s, w, doc, item, false, NOW, &err));
	if (!strstr(err.what, why))
		fail_msg("refused with \"%s\", not \"%s\"", err.what, why);
}

static void ownership_moves_when_an_item_is_accepted(void **state)
{
	static const struct who eve = {1002, "eve"};
	int64_t doc = handoff("INC-1 and INC-2, INC-2 again, INC-99, INC-x");
	cJSON *o, *incident;

	(void)state;
	own("INC-1", &ana);
	own("INC-2", &ana);
	assert_null(state_handoff_get(&s, doc, &err)); /* not signed */
	o = state_handoff_sign(&s, &ana, doc, "bob", NOW, &err);
	assert_int_equal(cJSON_GetArraySize(json_arr(o, "items")), 2);
	cJSON_Delete(o);
	incident = state_incident(&s, "INC-1", &err);
	assert_string_equal(json_str(incident, "owner", ""), "ana");
	cJSON_Delete(incident);
	refused(&ana, doc, "INC-1", "you signed it");
	refused(&eve, doc, "INC-1", "handed over to bob");
	refused(&bob, doc, "INC-3", "hands over no INC-3");
	takes(&bob, doc, "INC-1", false);
	refused(&bob, doc, "INC-1", "accepted by bob already");
	own("INC-2", &eve); /* somebody else took it meanwhile */
	refused(&bob, doc, "INC-2", "it is eve's now");
	o = state_handoff_get(&s, doc, &err);
	assert_string_equal(
	        json_str(cJSON_GetArrayItem(json_arr(o, "items"), 0), "accepted_by", ""), "bob");
	assert_null(json_str(cJSON_GetArrayItem(json_arr(o, "items"), 1), "accepted_by", NULL));
	cJSON_Delete(o);
	assert_null(state_handoff_sign(&s, &ana, doc, NULL, NOW, &err));
	assert_int_equal(err.code, ERR_CONFLICT);
}

static void a_lead_takes_what_is_for_another(void **state)
{
	static const struct who lead = {1003, "lead"};
	int64_t doc = handoff("INC-3");

	(void)state;
	cJSON_Delete(state_handoff_sign(&s, &ana, doc, "bob", NOW, &err));
	takes(&lead, doc, "INC-3", true);
}

/* ---- what a shift leaves ---- */

static void a_shift_begins_with_the_last_signature(void **state)
{
	int64_t doc = handoff("INC-1");
	mw_time since;
	cJSON *shift, *i;

	(void)state;
	assert_int_equal(state_handoff_last(&s, NULL, NOW, &since, &err), 0);
	assert_int_equal(since, NOW - 12 * MW_HOUR);
	cJSON_Delete(state_handoff_sign(&s, &ana, doc, NULL, NOW - MW_HOUR, &err));
	assert_int_equal(state_handoff_last(&s, NULL, NOW, &since, &err), 0);
	assert_int_equal(since, NOW - MW_HOUR);
	assert_int_equal(state_handoff_last(&s, "bob", NOW, &since, &err), 0);
	assert_int_equal(since, NOW - 12 * MW_HOUR);

	own("INC-2", &bob);
	assert_int_equal(state_note_add(&s, &bob, "INC-2", "think: x", NOW, &err), 0);
	assert_int_equal(state_incident_close(&s, &bob, "INC-3", "duplicate", "r", NOW, &err), 0);
	shift = state_shift(&s, NULL, NOW - MW_HOUR, NOW, &err);
	assert_int_equal(cJSON_GetArraySize(json_arr(shift, "incidents")), 3);
	assert_int_equal(cJSON_GetArraySize(json_arr(shift, "unaccepted")), 1);
	cJSON_Delete(shift);
	shift = state_shift(&s, "bob", NOW - MW_HOUR, NOW, &err);
	i = cJSON_GetArrayItem(json_arr(shift, "incidents"), 0);
	assert_int_equal(cJSON_GetArraySize(json_arr(shift, "incidents")), 1);
	assert_int_equal(json_i64(i, "id", 0), 2);
	assert_int_equal(cJSON_GetArraySize(json_arr(i, "notes")), 1);
	assert_non_null(json_str(i, "sla_due", NULL));
	cJSON_Delete(shift);
	shift = state_shift(&s, NULL, NOW + MW_HOUR, NOW + 2 * MW_HOUR,
	                    &err); /* closed before it began */
	assert_int_equal(cJSON_GetArraySize(json_arr(shift, "incidents")), 2);
	cJSON_Delete(shift);
}

static void a_draft_knows_what_it_was_made_from(void **state)
{
	cJSON *params = json_parse(SLICE("{\"kind\":\"handoff\"}"), 64, &err),
	      *cites = json_parse(SLICE("{\"ev:1\":\"aa\"}"), 64, &err), *o = cJSON_CreateObject();
	int64_t doc = handoff("first"), id, version;

	(void)state;
	assert_int_equal(state_doc_drafted(&s, doc, params, cites, &err), 0);
	assert_int_equal(
	        state_doc_put(&s, &bob, doc, NULL, NULL, "second", NOW, &id, &version, &err), 0);
	assert_int_equal(version, 2);
	assert_int_equal(state_doc_origin(&s, doc, o, &err), 0);
	assert_string_equal(json_str(o, "first", ""), "first");
	assert_string_equal(json_str(o, "drafted_by", ""), "ana");
	assert_string_equal(json_str(json_obj(o, "cites"), "ev:1", ""), "aa");
	cJSON_Delete(o);
	o = state_doc_list(&s, &err);
	assert_int_equal(json_i64(cJSON_GetArrayItem(json_arr(o, "docs"), 0), "version", 0), 2);
	cJSON_Delete(o);
	cJSON_Delete(params);
	cJSON_Delete(cites);
}

/* ---- bulk ---- */

static void a_bulk_step_goes_on_where_it_was(void **state)
{
	cJSON *doc = json_parse(
	              SLICE("{\"items\":[{\"incident\":\"INC-1\",\"rev\":4},{\"incident\":\"INC-2\",\"rev\":5}]}"),
	              256, &err),
	      *o;
	char id[32];
	int64_t bulk, rev;

	(void)state;
	assert_int_equal(state_bulk_add(&s, &ana, doc, "digest", NOW, &bulk, &err), 0);
	assert_int_equal(state_bulk_next(&s, bulk, id, &rev, &err),
	                 0); /* in review: nothing runs */
	assert_int_equal(state_bulk_set(&s, bulk, "review", "running", &err), 0);
	assert_int_equal(state_bulk_next(&s, bulk, id, &rev, &err), 1);
	assert_string_equal(id, "INC-1");
	assert_int_equal(rev, 4);
	assert_int_equal(state_bulk_result(&s, bulk, id, "failed", "changed", NOW, &err), 0);
	assert_int_equal(state_bulk_set(&s, 0, "running", "stopped", &err),
	                 0); /* as a new engine does */
	assert_int_equal(state_bulk_next(&s, bulk, id, &rev, &err), 0);
	assert_int_equal(state_bulk_set(&s, bulk, "stopped", "running", &err), 0);
	assert_int_equal(state_bulk_next(&s, bulk, id, &rev, &err), 1);
	assert_string_equal(id, "INC-2");
	assert_int_equal(state_bulk_result(&s, bulk, id, "done", "", NOW, &err), 0);
	assert_int_equal(state_bulk_next(&s, bulk, id, &rev, &err), 0);
	o = state_bulk_get(&s, bulk, &err);
	assert_int_equal(json_i64(o, "done", -1), 1);
	assert_int_equal(json_i64(o, "failed", -1), 1);
	assert_int_equal(json_i64(o, "open", -1), 0);
	assert_int_equal(state_bulk_results(&s, bulk, o, &err), 0);
	assert_string_equal(json_str(cJSON_GetArrayItem(json_arr(o, "results"), 0), "why", ""),
	                    "changed");
	cJSON_Delete(o);
	cJSON_Delete(doc);
	assert_null(state_bulk_get(&s, 99, &err));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(actions_have_a_state_that_is_kept),
	        TEST(actions_go_with_a_merge_and_come_back),
	        TEST(ownership_moves_when_an_item_is_accepted),
	        TEST(a_lead_takes_what_is_for_another),
	        TEST(a_shift_begins_with_the_last_signature),
	        TEST(a_draft_knows_what_it_was_made_from),
	        TEST(a_bulk_step_goes_on_where_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
