#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/mwtime.h"

static void parses_what_logs_write(void **state)
{
	static const struct {
		const char *text, *same;
	} cases[] = {
	        {"2021-07-30T16:00:00Z", "2021-07-30T16:00:00Z"},
	        {"2021-07-30 16:00", "2021-07-30T16:00:00Z"},
	        {"2021-07-30", "2021-07-30T00:00:00Z"},
	        {"2021-07-30T16:00:00+01:00", "2021-07-30T15:00:00Z"},
	        {"2021-07-30T16:00:00-0530", "2021-07-30T21:30:00Z"},
	        {"2021-07-30T16:00:00.5Z", "2021-07-30T16:00:00.500Z"},
	        {"2021-07-30T16:00:00.123456789Z", "2021-07-30T16:00:00.123456Z"},
	        {"2021-07-30 16:00:00 +02", "2021-07-30T14:00:00Z"},
	        {"2000-02-29", "2000-02-29T00:00:00Z"},
	        {"1969-12-31T23:59:59.9", "1969-12-31T23:59:59.900Z"},
	        {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
	        {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"},
	};
	static const char *const wrong[] = {
	        "",
	        "2021",
	        "2021-13-01",
	        "2021-02-29",
	        "2100-02-29",
	        "2021-07-30T24:00:00Z",
	        "2021-07-30T16:00:00Zx",
	        "2021-07-30T16",
	        "2021-07-30T16:00:00.Z",
	        "2021-07-30T16:00:00+25:00",
	        "21-07-30",
	        "2021-7-30",
	};
	char out[32];
	mw_time t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_true(mw_time_parse(slice_of(cases[i].text), &t));
		mw_time_format(t, out);
		assert_string_equal(out, cases[i].same);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(mw_time_parse(slice_of(wrong[i]), &t));
}

static void civil_goes_both_ways(void **state)
{
	struct civil c, last = {0};

	(void)state;
	for (int64_t day = -800000; day < 800000; day += 13) {
		mw_time t = day * MW_DAY + (day & 1023) * MW_SECOND + 17;
		mw_time_civil(t, &c);
		assert_int_equal(mw_time_of(&c), t);
		assert_true(c.day >= 1 && c.day <= mw_days_in_month(c.year, c.month));
		assert_true(c.year >= last.year || day == -800000);
		last = c;
	}
}

static void spans(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
		const char *back;
	} cases[] = {
	        {"90s", 90 * MW_SECOND, "90s"}, {"1h30m", 90 * MW_MINUTE, "90m"},
	        {"2d", 2 * MW_DAY, "2d"},       {"250ms", 250000, "250ms"},
	        {"24h", MW_DAY, "1d"},          {"0s", 0, "0s"},
	};
	static const char *const wrong[] = {
	        "", "5", "m", "5m1h", "5x", "5m5m", "-5m", "99999999999999d", "5 m"};
	char out[32];
	int64_t us;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_true(mw_span_parse(slice_of(cases[i].text), &us));
		assert_int_equal(us, cases[i].us);
		mw_span_format(us, out);
		assert_string_equal(out, cases[i].back);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(mw_span_parse(slice_of(wrong[i]), &us));
}

static void no_time_is_a_dash(void **state)
{
	char out[32], hms[16];

	(void)state;
	mw_time_format(MW_TIME_NONE, out);
	assert_string_equal(out, "-");
	mw_time_hms(MW_HOUR * 16 + 5 * MW_SECOND, hms);
	assert_string_equal(hms, "16:00:05");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(parses_what_logs_write),
	        cmocka_unit_test(civil_goes_both_ways),
	        cmocka_unit_test(spans),
	        cmocka_unit_test(no_time_is_a_dash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
