#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "policy/redact.h"

static char *redacted(const char *text)
{
	const struct redact_policy p = {.free_text = true};
	struct redact *r = redact_new(&p);
	struct buf b = BUF_INIT;

	redact_text(r, slice_of(text), &b);
	redact_free(r);
	return buf_take(&b, NULL);
}

/* As the edges of the graph spell them, in the middle of other text. */
static void a_person_in_an_arn_does_not_leave(void **state)
{
	static const struct {
		const char *text, *name;
		bool leaves;
	} cases[] = {
	        {"arn:aws:iam::111122223333:user/ops/alice.kern may assume x", "alice.kern", false},
	        {"{\"from\":\"arn:aws:sts::111122223333:assumed-role/Admin/dora.lind\"}",
	         "dora.lind", false},
	        {"(arn:aws:sts::111122223333:federated-user/Bob)", "Bob", false},
	        {"dora.lind, arn:aws:iam::111122223333:user/dora.lind", "dora.lind", false},
	        {"arn:aws:sts::111122223333:assumed-role/web/i-0c31d2f4a5b6c7d8e",
	         "i-0c31d2f4a5b6c7d8e", true},
	        {"arn:aws:iam::111122223333:role/app-web", "app-web", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *out = redacted(cases[i].text);
		if ((strstr(out, cases[i].name) != NULL) != cases[i].leaves)
			fail_msg("%s: %s", cases[i].text, out);
		free(out);
	}
}

static int set_up(void **state)
{
	struct err e;

	(void)state;
	return fields_load(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_person_in_an_arn_does_not_leave)};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
