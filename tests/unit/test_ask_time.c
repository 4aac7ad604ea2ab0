/* Time expressions: a table of what is said, when, and the half-open stretch that it means. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "ask/ask.h"

#define NOW "2021-07-30T09:00:00Z" /* a Friday */

static const struct {
	const char *say, *from, *to; /* "-" open; NULL from: no time in it */
} cases[] = {
        {"today", "2021-07-30", "2021-07-31"},
        {"yesterday", "2021-07-29", "2021-07-30"},
        {"failed logins yesterday please", "2021-07-29", "2021-07-30"},
        {"day before yesterday", "2021-07-28", "2021-07-29"},
        {"the day before yesterday", "2021-07-28", "2021-07-29"},
        {"tomorrow", "2021-07-31", "2021-08-01"},
        {"on the 29th", "2021-07-29", "2021-07-30"},
        {"the 31st", "2021-05-31", "2021-06-01"},
        {"july 29", "2021-07-29", "2021-07-30"},
        {"July 29th", "2021-07-29", "2021-07-30"},
        {"29 july", "2021-07-29", "2021-07-30"},
        {"29th of july", "2021-07-29", "2021-07-30"},
        {"29th of July, 2020", "2020-07-29", "2020-07-30"},
        {"jul 29 2020", "2020-07-29", "2020-07-30"},
        {"31 July 2021", "2021-07-31", "2021-08-01"},
        {"on august 1st", "2020-08-01", "2020-08-02"},
        {"august 20th 2021", "2021-08-20", "2021-08-21"},
        {"in december 2020", "2020-12-01", "2021-01-01"},
        {"during december", "2020-12-01", "2021-01-01"},
        {"in july", "2021-07-01", "2021-08-01"},
        {"in may", "2021-05-01", "2021-06-01"},
        {"in 2020", "2020-01-01", "2021-01-01"},
        {"just 2021", "2021-01-01", "2022-01-01"},
        {"this year", "2021-01-01", "2022-01-01"},
        {"last year", "2020-01-01", "2021-01-01"},
        {"this month", "2021-07-01", "2021-08-01"},
        {"last month", "2021-06-01", "2021-07-01"},
        {"this week", "2021-07-26", "2021-08-02"},
        {"last week", "2021-07-19", "2021-07-26"},
        {"previous week", "2021-07-19", "2021-07-26"},
        {"past week", "2021-07-23T09:00:00Z", "2021-07-30T09:00:00Z"},
        {"in the last week", "2021-07-19", "2021-07-26"},
        {"q3", "2021-07-01", "2021-10-01"},
        {"q2 2020", "2020-04-01", "2020-07-01"},
        {"in Q4", "2020-10-01", "2021-01-01"},
        {"2021-W30", "2021-07-26", "2021-08-02"},
        {"week 30", "2021-07-26", "2021-08-02"},
        {"week 1 of 2020", "2019-12-30", "2020-01-06"},
        {"w29 2021", "2021-07-19", "2021-07-26"},
        {"monday", "2021-07-26", "2021-07-27"},
        {"on tuesday", "2021-07-27", "2021-07-28"},
        {"last friday", "2021-07-23", "2021-07-24"},
        {"friday", "2021-07-30", "2021-07-31"},
        {"last weekend", "2021-07-24", "2021-07-26"},
        {"2021-07-29", "2021-07-29", "2021-07-30"},
        {"on 2021/07/29", "2021-07-29", "2021-07-30"},
        {"29.07.2021", "2021-07-29", "2021-07-30"},
        {"07/29/2021", "2021-07-29", "2021-07-30"},
        {"29/07/2021", "2021-07-29", "2021-07-30"},
        {"2021-07", "2021-07-01", "2021-08-01"},
        {"last 10 minutes", "2021-07-30T08:50:00Z", "2021-07-30T09:00:00Z"},
        {"in the past 15 min", "2021-07-30T08:45:00Z", "2021-07-30T09:00:00Z"},
        {"over the last 7 days", "2021-07-23T09:00:00Z", "2021-07-30T09:00:00Z"},
        {"last hour", "2021-07-30T08:00:00Z", "2021-07-30T09:00:00Z"},
        {"past day", "2021-07-29T09:00:00Z", "2021-07-30T09:00:00Z"},
        {"last 24h", "2021-07-29T09:00:00Z", "2021-07-30T09:00:00Z"},
        {"past 90m", "2021-07-30T07:30:00Z", "2021-07-30T09:00:00Z"},
        {"previous 2 hours", "2021-07-30T07:00:00Z", "2021-07-30T09:00:00Z"},
        {"within the last three hours", "2021-07-30T06:00:00Z", "2021-07-30T09:00:00Z"},
        {"last couple of hours", NULL, NULL},
        {"past half hour", "2021-07-30T08:30:00Z", "2021-07-30T09:00:00Z"},
        {"trailing 30 days", "2021-06-30T09:00:00Z", "2021-07-30T09:00:00Z"},
        {"2 days ago", "2021-07-28", "2021-07-29"},
        {"a week ago", "2021-07-23", "2021-07-24"},
        {"since 3 hours ago", "2021-07-30T06:00:00Z", "-"},
        {"since yesterday", "2021-07-29", "-"},
        {"since monday", "2021-07-26", "-"},
        {"since 2021-07-28", "2021-07-28", "-"},
        {"since july 28", "2021-07-28", "-"},
        {"starting july 28", "2021-07-28", "-"},
        {"from july 28 onwards", "2021-07-28", "-"},
        {"after july 28", "2021-07-29", "-"},
        {"before july 29", "-", "2021-07-29"},
        {"prior to 2021-07-29", "-", "2021-07-29"},
        {"until july 29", "-", "2021-07-30"},
        {"up to 2021-07-29T12:00Z", "-", "2021-07-29T12:00:00Z"},
        {"between july 28 and july 29", "2021-07-28", "2021-07-30"},
        {"from july 28 to july 29", "2021-07-28", "2021-07-30"},
        {"july 28-29", "2021-07-28", "2021-07-30"},
        {"july 28 to 29", "2021-07-28", "2021-07-30"},
        {"2021-07-27..2021-07-28", "2021-07-27", "2021-07-29"},
        {"2021-07-27 to 2021-07-28", "2021-07-27", "2021-07-29"},
        {"between 2021-07-28 and now", "2021-07-28", "2021-07-30T09:00:00Z"},
        {"at 08:05", "2021-07-30T08:05:00Z", "2021-07-30T08:06:00Z"},
        {"at 08:05:10", "2021-07-30T08:05:10Z", "2021-07-30T08:05:11Z"},
        {"around 08:05", "2021-07-30T07:50:00Z", "2021-07-30T08:20:00Z"},
        {"around 14:05", "2021-07-29T13:50:00Z", "2021-07-29T14:20:00Z"},
        {"since 08:06Z", "2021-07-30T08:06:00Z", "-"},
        {"since 22:00", "2021-07-29T22:00:00Z", "-"},
        {"after 08:00", "2021-07-30T08:00:00Z", "-"},
        {"before 08:00", "2021-07-30", "2021-07-30T08:00:00Z"},
        {"before noon yesterday", "2021-07-29", "2021-07-29T12:00:00Z"},
        {"yesterday after 4pm", "2021-07-29T16:00:00Z", "2021-07-30"},
        {"after 23:50 on the 29th", "2021-07-29T23:50:00Z", "2021-07-30"},
        {"on july 29 before noon utc", "2021-07-29", "2021-07-29T12:00:00Z"},
        {"july 27 2021 after 16:00", "2021-07-27T16:00:00Z", "2021-07-28"},
        {"yesterday between 13:00 and 13:30Z", "2021-07-29T13:00:00Z", "2021-07-29T13:30:00Z"},
        {"13:06 to 13:08 on 2021-07-29", "2021-07-29T13:06:00Z", "2021-07-29T13:08:00Z"},
        {"between 02:00 and 04:00 on july 1st", "2021-07-01T02:00:00Z", "2021-07-01T04:00:00Z"},
        {"on 28 july between 10:00 and 12:00", "2021-07-28T10:00:00Z", "2021-07-28T12:00:00Z"},
        {"00:20-00:30 on 30 april 2020", "2020-04-30T00:20:00Z", "2020-04-30T00:30:00Z"},
        {"08:54:00-08:56:00", "2021-07-30T08:54:00Z", "2021-07-30T08:56:00Z"},
        {"between 23:00 and 01:00", "2021-07-29T23:00:00Z", "2021-07-30T01:00:00Z"},
        {"from 8 am to 8:30 am", "2021-07-30T08:00:00Z", "2021-07-30T08:30:00Z"},
        {"between 1 pm and 2 pm yesterday", "2021-07-29T13:00:00Z", "2021-07-29T14:00:00Z"},
        {"0630Z to 0700Z", "2021-07-30T06:30:00Z", "2021-07-30T07:00:00Z"},
        {"at 14:00 yesterday", "2021-07-29T14:00:00Z", "2021-07-29T14:01:00Z"},
        {"yesterday at 14:00", "2021-07-29T14:00:00Z", "2021-07-29T14:01:00Z"},
        {"at 08:00 CET", "2021-07-30T07:00:00Z", "2021-07-30T07:01:00Z"},
        {"between 09:00 and 10:00 CEST", "2021-07-30T07:00:00Z", "2021-07-30T08:00:00Z"},
        {"since 2021-07-29T10:00:00+02:00", "2021-07-29T08:00:00Z", "-"},
        {"since 06:00 +02:00", "2021-07-30T04:00:00Z", "-"},
        {"from july 28 22:00 to july 29 03:00", "2021-07-28T22:00:00Z", "2021-07-29T03:00:00Z"},
        {"between 2021-07-28 22:00 and 2021-07-29 03:00", "2021-07-28T22:00:00Z",
         "2021-07-29T03:00:00Z"},
        {"2021-07-28T22:00Z to 2021-07-29T03:00Z", "2021-07-28T22:00:00Z", "2021-07-29T03:00:00Z"},
        {"from 2021-07-28 22:00 until 23:00", "2021-07-28T22:00:00Z", "2021-07-28T23:00:00Z"},
        {"in the 24h before 2021-07-29T06:00Z", "2021-07-28T06:00:00Z", "2021-07-29T06:00:00Z"},
        {"30 min before 14:00 yesterday", "2021-07-29T13:30:00Z", "2021-07-29T14:00:00Z"},
        {"5 minutes after 08:00", "2021-07-30T08:00:00Z", "2021-07-30T08:05:00Z"},
        {"in the hour after 2021-07-29 12:00", "2021-07-29T12:00:00Z", "2021-07-29T13:00:00Z"},
        {"within 5 min of 08:00", "2021-07-30T07:55:00Z", "2021-07-30T08:05:00Z"},
        {"within 10 minutes of 2021-07-29T13:06:49Z", "2021-07-29T12:56:49Z",
         "2021-07-29T13:16:49Z"},
        {"2 hours either side of 2021-07-29T12:00Z", "2021-07-29T10:00:00Z",
         "2021-07-29T14:00:00Z"},
        {"an hour before and after 2021-07-29T12:00Z", "2021-07-29T11:00:00Z",
         "2021-07-29T13:00:00Z"},
        {"at 08:00 +/- 5 min", "2021-07-30T07:55:00Z", "2021-07-30T08:05:00Z"},
        {"last night", "2021-07-29T18:00:00Z", "2021-07-30T06:00:00Z"},
        {"overnight", "2021-07-29T18:00:00Z", "2021-07-30T06:00:00Z"},
        {"this morning", "2021-07-30", "2021-07-30T12:00:00Z"},
        {"yesterday morning", "2021-07-29", "2021-07-29T12:00:00Z"},
        {"yesterday afternoon", "2021-07-29T12:00:00Z", "2021-07-29T18:00:00Z"},
        {"yesterday evening", "2021-07-29T18:00:00Z", "2021-07-30"},
        {"in the morning of july 29", "2021-07-29", "2021-07-29T12:00:00Z"},
        {"monday morning", "2021-07-26", "2021-07-26T12:00:00Z"},
        {"around july 28", "2021-07-27", "2021-07-30"},
        {"no later than 2021-07-29T12:00Z", "-", "2021-07-29T12:00:00Z"},
        {"nothing about time here", NULL, NULL},
        {"10.0.0.5", NULL, NULL},
        {"port 5985", NULL, NULL},
        {"event 4624", NULL, NULL},
        {"i-0c31d2f4a5b6c7d8e", NULL, NULL},
        {"T1003", NULL, NULL},
};

static mw_time at(const char *s)
{
	mw_time t = MW_TIME_NONE;

	if (strcmp(s, "-") != 0)
		assert_true(mw_time_parse(slice_of(s), &t));
	return t;
}

static void test_table(void **state)
{
	mw_time now = at(NOW);
	int bad = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ask_time t;
		bool found = ask_time_find(slice_of(cases[i].say), now, 0, &t);
		char f[32] = "-", u[32] = "-";

		if (found && t.from != MW_TIME_NONE)
			mw_time_format(t.from, f);
		if (found && t.to != MW_TIME_NONE)
			mw_time_format(t.to, u);
		if (found == !!cases[i].from &&
		    (!found || (t.from == at(cases[i].from) && t.to == at(cases[i].to))))
			continue;
		print_error("\"%s\": %s .. %s, wanted %s .. %s\n", cases[i].say, found ? f : "none",
		            u, cases[i].from ? cases[i].from : "none",
		            cases[i].from ? cases[i].to : "");
		bad++;
	}
	assert_int_equal(bad, 0);
}

/* Times without a zone are the analyst's; a zone that is said wins. */
static void test_zone(void **state)
{
	mw_time now = at(NOW);
	struct ask_time t;

	(void)state;
	assert_true(ask_time_find(SLICE("yesterday"), now, 2 * MW_HOUR, &t));
	assert_int_equal(t.from, at("2021-07-28T22:00:00Z"));
	assert_true(ask_time_find(SLICE("at 08:00"), now, 2 * MW_HOUR, &t));
	assert_int_equal(t.from, at("2021-07-30T06:00:00Z"));
	assert_true(ask_time_find(SLICE("at 08:00Z"), now, 2 * MW_HOUR, &t));
	assert_int_equal(t.from, at("2021-07-30T08:00:00Z"));
	assert_true(ask_time_find(SLICE("since 2021-07-29T10:00Z"), now, 2 * MW_HOUR, &t));
	assert_int_equal(t.from, at("2021-07-29T10:00:00Z"));
}

static void test_span(void **state)
{
	static const char q[] = "root writes after 23:50 on the 29th, please";
	struct ask_time t;

	(void)state;
	assert_true(ask_time_find(slice_of(q), at(NOW), 0, &t));
	assert_int_equal(t.at, 12);
	assert_memory_equal(q + t.at, "after 23:50 on the 29th", t.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_table),
	                                   cmocka_unit_test(test_zone),
	                                   cmocka_unit_test(test_span)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
