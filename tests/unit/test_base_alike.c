/*
 * Bursts of one rule: what titles share, and which are unlike the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/alike.h"

static void a_pattern_keeps_the_words(void **state)
{
	static const char *const want[][2] = {
	        {"Excessive denies from 10.20.4.15 to web-07", "Excessive denies from * to *"},
	        {"Bulk read of fin-archive-prod by ana.lima, off hours",
	         "Bulk read of * by * off hours"},
	        {"Port 3306 open to the world", "Port * open to * world"},
	        {"Nothing to see", "Nothing to *"},
	        {"", ""}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		char *p = alike_pattern(want[i][0]);
		assert_string_equal(p, want[i][1]);
		free(p);
	}
}

#define N 40
static void the_odd_ones_are_told_apart(void **state)
{
	struct alike_item items[N + 1];
	struct alike_list found = {0};
	char title[N + 1][96];
	const struct alike *g;

	(void)state;
	for (int i = 0; i < N; i++) {
		snprintf(title[i], sizeof(title[i]), "Denies from %s to 10.77.%d.%d",
		         i == 17 ? "10.20.9.71" : "10.20.4.15", i, i + 3);
		items[i] =
		        (struct alike_item){title[i], alike_pattern(title[i]), i == 23 ? 'H' : 'L'};
	}
	snprintf(title[N], sizeof(title[N]), "Another rule about 10.20.4.15");
	items[N] = (struct alike_item){title[N], alike_pattern(title[N]), 'L'};
	alike_find(items, N + 1, ALIKE_LEAST, &found);
	assert_int_equal(found.v.n, 1);
	g = &found.v.v[0];
	assert_string_equal(g->pattern, "Denies from 10.20.4.15 to *");
	assert_int_equal(g->members.n, N);
	assert_int_equal(g->odd, 2);
	assert_string_equal(g->members.v[17].why, "10.20.9.71, the others 10.20.4.15");
	assert_string_equal(g->members.v[23].why, "severity H, the others L");
	assert_int_equal(g->severity, 'L');
	alike_release(&found);
	alike_find(items, ALIKE_LEAST - 1, ALIKE_LEAST, &found); /* a few are no burst */
	assert_int_equal(found.v.n, 0);
	alike_release(&found);
	for (int i = 0; i <= N; i++)
		free(items[i].pattern);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_pattern_keeps_the_words),
	        cmocka_unit_test(the_odd_ones_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
