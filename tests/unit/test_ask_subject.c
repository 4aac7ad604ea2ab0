/* "This compromised instance" is the selected incident's own; nothing else is guessed. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "ask/subject.h"

static const char *const entities[] = {
        "resources.uid=arn:aws:ec2:us-east-1:111122223333:instance/i-0c31d2f4a5b6c7d8e",
        "mw.instance=i-0c31d2f4a5b6c7d8e",
        "actor.user.credential_uid=AKIAIOSFODNN7EXAMPLE",
        "actor.user.credential_uid=ASIAIOSFODNN7EXAMPLE",
        "src_endpoint.ip=203.0.113.77",
        NULL};

static void finds(const char *question, size_t turns, const char *words, const char *value,
                  size_t others)
{
	struct ask_context ctx = {.incident = entities, .nturns = turns};
	struct subject s = {0};
	bool found = subject_find(&ctx, slice_of(question), &s);
	if (!words) {
		if (found)
			fail_msg("%s: found \"%.*s\"", question, (int)s.len, question + s.at);
		return;
	}
	if (!found)
		fail_msg("%s: nothing found", question);
	assert_int_equal(s.len, strlen(words));
	assert_memory_equal(question + s.at, words, s.len);
	assert_string_equal(s.value, value);
	assert_int_equal(s.others, others);
}

static void phrases(void **state)
{
	(void)state;
	finds("show me all related activity for this compromised EC2 instance", 0,
	      "this compromised EC2 instance", "i-0c31d2f4a5b6c7d8e", 0);
	finds("what can this instance reach", 0, "this instance", "i-0c31d2f4a5b6c7d8e", 0);
	finds("who else used that access key?", 0, "that access key", "AKIAIOSFODNN7EXAMPLE", 1);
	finds("everything from the suspicious source ip", 0, "the suspicious source ip",
	      "203.0.113.77", 0);
	finds("which buckets did this ec2 read", 0, "this ec2", "i-0c31d2f4a5b6c7d8e", 0);
}

static void left_alone(void **state)
{
	(void)state;
	finds("events per instance", 0, NULL, NULL, 0);
	finds("the first denied call", 0, NULL, NULL, 0);
	finds("who read this bucket", 0, NULL, NULL, 0);   /* the incident names no bucket */
	finds("who else used that key", 1, NULL, NULL, 0); /* an earlier answer is nearer */
	finds("", 0, NULL, NULL, 0);
}

static void nothing_without_an_incident(void **state)
{
	struct ask_context ctx = {0};
	struct subject s;
	(void)state;
	assert_false(subject_find(&ctx, SLICE("all activity of this instance"), &s));
}

static void a_verdict_is_asked_back(void **state)
{
	struct ask_context ctx = {0};
	struct ask_reading out;
	struct err err;
	(void)state;
	assert_int_equal(ask_read(NULL, NULL, &ctx, SLICE("is web-07 compromised?"), &out, &err),
	                 0);
	assert_int_equal(out.kind, ASK_CLARIFY);
	assert_null(out.plan);
	assert_string_equal(out.choices[0], "everything about web-07");
	ask_reading_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(phrases),
	        cmocka_unit_test(left_alone),
	        cmocka_unit_test(nothing_without_an_incident),
	        cmocka_unit_test(a_verdict_is_asked_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
