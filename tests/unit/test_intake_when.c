#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "intake/when.h"

static void times_as_logs_write_them(void **state)
{
	static const struct {
		const char *text, *time;
	} cases[] = {
	        {"2023-07-10T11:42:18Z", "2023-07-10T11:42:18Z"},
	        {"2024-06-26 15:49:16.784267+00:00", "2024-06-26T15:49:16.784267Z"},
	        {"1588205199.82437", "2020-04-30T00:06:39.824370Z"},
	        {"1418530010", "2014-12-14T04:06:50Z"},
	        {"1718000000123", "2024-06-10T06:13:20.123Z"},
	        {"1718000000123456", "2024-06-10T06:13:20.123456Z"},
	        {"1718000000123456789", "2024-06-10T06:13:20.123456Z"},
	        {"Jul 10, 2023, 12:09:47 PM", "2023-07-10T12:09:47Z"},
	        {"Jul 3, 2023 11:42:38 AM", "2023-07-03T11:42:38Z"},
	        {"Jul 3, 2023 12:00:01 AM", "2023-07-03T00:00:01Z"},
	        {"07/04/2024 22:33:56", "2024-07-04T22:33:56Z"},
	        {"7/9/2024 10:34:10 PM", "2024-07-09T22:34:10Z"},
	        {"10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36Z"},
	        {"Jun 10 06:13:20", "2024-06-10T06:13:20Z"},
	        {"Dec 31 23:59:59", "2023-12-31T23:59:59Z"},
	        {"Feb 30 01:00:00", NULL},
	        {"7/9/2024 13:34:10 PM", NULL},
	        {"12345", NULL},
	        {"yesterday", NULL},
	        {"", NULL},
	};
	struct civil now = {2024, 6, 11, 0, 0, 0, 0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[32] = "";
		mw_time t;
		bool ok = when_parse(slice_of(cases[i].text), mw_time_of(&now), &t);

		if (ok)
			mw_time_format(t, text);
		assert_string_equal(text, cases[i].time ? cases[i].time : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(times_as_logs_write_them)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
