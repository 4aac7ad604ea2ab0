/* 1.4: --plain does everything that the screen does. Whoever adds an action says in ui/plain_ways.c how. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "plain.h"

static void every_action_has_a_way(void **state)
{
	int missing = 0;

	(void)state;
	for (int a = ACT_NONE + 1; a < ACT_COUNT; a++) {
		const char *way = plain_way((enum action)a), *why = plain_no_way((enum action)a);
		if (!way && !why) {
			print_error("%s: --plain has no way; give ui/plain_ways.c its row\n",
			            actions[a].name);
			missing++;
		} else if (way && !plain_has(way)) {
			print_error("%s: no menu of --plain has an entry \"%s\"\n", actions[a].name,
			            way);
			missing++;
		}
	}
	assert_int_equal(missing, 0);
}

/* Whatever changes something is an entry, not a reason. */
static void what_changes_is_never_left_out(void **state)
{
	static const enum action changes[] = {ACT_CLAIM, ACT_NOTE,    ACT_PIN,
	                                      ACT_WATCH, ACT_REQUEST, ACT_DENY,
	                                      ACT_SIGN,  ACT_REVERSE, ACT_ACCEPT};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(changes); i++)
		assert_non_null(plain_way(changes[i]));
	for (int a = ACT_NONE + 1; a < ACT_COUNT; a++)
		assert_true(actions[a].perm == PERM_READ || plain_way((enum action)a));
	assert_false(plain_has("no such entry"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_action_has_a_way),
	        cmocka_unit_test(what_changes_is_never_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
