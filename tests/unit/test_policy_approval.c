/* An approval holds only for what was shown, by the right person, in time, with the right word. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "act/playbook.h"
#include "base/mem.h"
#include "policy/approval.h"

static struct err err;
static const struct person analyst = {"analyst-2", 1000, ROLE_ANALYST, false},
                           lead = {"lead-1", 1001, ROLE_LEAD, false};

static cJSON *incident(void)
{
	static const char text[] =
	        "{\"id\":2041,\"entities\":[\"mw.instance=i-0c31d2f4a5b6c7d8e\",\"mw.session_role=app-web\"],"
	        "\"attack\":[\"T1552.005\"],\"findings\":[{\"evidence\":[\"ev:4\"]}]}";
	cJSON *j = json_parse((struct slice){text, sizeof(text) - 1}, sizeof(text), &err);
	assert_non_null(j);
	return j;
}

static cJSON *step(const char *id, const char *const *systems)
{
	struct playbooks *p;
	cJSON *i = incident(), *plan, *found = NULL;
	assert_int_equal(playbooks_load(&p, &err), 0);
	plan = playbook_for(p, i, "analyst-2", systems, &err);
	assert_non_null(plan);
	assert_string_equal(json_str(plan, "playbook", ""), "compromised-instance");
	for (cJSON *s = json_arr(plan, "steps")->child; s; s = s->next)
		if (!strcmp(json_str(s, "id", ""), id))
			found = cJSON_Duplicate(s, true);
	cJSON_Delete(plan);
	cJSON_Delete(i);
	playbooks_free(p);
	assert_non_null(found);
	return found;
}

static const char *const with_aws[] = {"aws", NULL};

static cJSON *action(const char *id)
{
	cJSON *s = step(id, with_aws), *i = incident(),
	      *a = approval_make(s, i, &analyst, 1000 * MW_SECOND, &err);
	assert_non_null(a);
	cJSON_Delete(s);
	cJSON_Delete(i);
	return a;
}

static void right_person_digest_and_word_pass(void **state)
{
	cJSON *a = action("sessions");
	(void)state;
	assert_string_equal(json_str(a, "word", ""), "app-web");
	assert_int_equal(approval_check(a, &lead, json_str(a, "digest", ""), "app-web",
	                                1001 * MW_SECOND, &err),
	                 0);
	cJSON_Delete(a);
}

static void everything_else_fails(void **state)
{
	const struct person weak = {"analyst-3", 1002, ROLE_ANALYST, false},
	                    same = {"analyst-2", 1000, ROLE_ADMIN, false},
	                    alone = {"lead-1", 1001, ROLE_LEAD, true};
	const mw_time in_time = 1001 * MW_SECOND;
	cJSON *a = action("sessions");
	const char *digest = json_str(a, "digest", "");
	(void)state;
	assert_int_equal(approval_check(a, &weak, digest, "app-web", in_time, &err), -1);
	assert_int_equal(approval_check(a, &same, digest, "app-web", in_time, &err), -1);
	assert_int_equal(approval_check(a, &alone, digest, "app-web", in_time, &err), -1);
	assert_int_equal(approval_check(a, &lead, digest, "y", in_time, &err), -1);
	assert_int_equal(approval_check(a, &lead, digest, "", in_time, &err), -1);
	assert_int_equal(approval_check(a, &lead, "00", "app-web", in_time, &err), -1);
	assert_int_equal(approval_check(a, &lead, NULL, "app-web", in_time, &err), -1);
	assert_int_equal(
	        approval_check(a, &lead, digest, "app-web", 1000 * MW_SECOND + APPROVAL_TTL, &err),
	        -1);
	assert_int_equal(err.code, ERR_DEADLINE);
	cJSON_Delete(a);
}

static void a_changed_action_needs_a_new_approval(void **state)
{
	cJSON *a = action("sessions");
	char *shown = xstrdup(json_str(a, "digest", ""));
	(void)state;
	cJSON_ReplaceItemInObjectCaseSensitive(a, "target", cJSON_CreateString("other-role"));
	assert_int_equal(approval_check(a, &lead, shown, "app-web", 1001 * MW_SECOND, &err), -1);
	assert_int_equal(err.code, ERR_CONFLICT);
	free(shown);
	cJSON_Delete(a);
}

static void a_second_answer_changes_nothing(void **state)
{
	cJSON *a = action("sessions");
	char *digest = xstrdup(json_str(a, "digest", ""));
	(void)state;
	approval_decide(a, "denied", &lead, "wrong role", 1001 * MW_SECOND);
	assert_int_equal(approval_check(a, &lead, digest, "app-web", 1002 * MW_SECOND, &err), -1);
	assert_int_equal(err.code, ERR_CONFLICT);
	free(digest);
	cJSON_Delete(a);
}

static void own_steps_need_nobody_else(void **state)
{
	cJSON *a = action("claim");
	(void)state;
	assert_int_equal(approval_check(a, &analyst, json_str(a, "digest", ""),
	                                json_str(a, "word", ""), 1001 * MW_SECOND, &err),
	                 0);
	assert_string_equal(json_str(json_obj(a, "params"), "owner", ""), "analyst-2");
	cJSON_Delete(a);
}

static void steps_without_a_target_say_so(void **state)
{
	cJSON *s = step("isolate", NULL), *i = incident();
	(void)state;
	assert_non_null(strstr(json_str(s, "reason_off", ""), "no target \"aws\" is configured"));
	assert_null(approval_make(s, i, &analyst, 0, &err));
	cJSON_Delete(s);
	cJSON_Delete(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(right_person_digest_and_word_pass),
	        cmocka_unit_test(everything_else_fails),
	        cmocka_unit_test(a_changed_action_needs_a_new_approval),
	        cmocka_unit_test(a_second_answer_changes_nothing),
	        cmocka_unit_test(own_steps_need_nobody_else),
	        cmocka_unit_test(steps_without_a_target_say_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
