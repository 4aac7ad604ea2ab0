/*
 * Time: int64_t microseconds since 1970 UTC everywhere. MW_TIME_NONE means "no time". No local zone is used except where
 * a screen asks for it.
 */
#ifndef MW_TIME_H
#define MW_TIME_H

#include "base/buf.h"

typedef int64_t mw_time;
#define MW_TIME_NONE INT64_MIN
#define MW_SECOND INT64_C(1000000)
#define MW_MINUTE (60 * MW_SECOND)
#define MW_HOUR (60 * MW_MINUTE)
#define MW_DAY (24 * MW_HOUR)

struct civil {
	int year, month, day, hour, minute, second, usec; /* month 1-12, day 1-31 */
};

mw_time mw_now(void); /* CLOCK_REALTIME; MW_NOW in the environment (RFC 3339) pins it for tests */
int64_t mw_mono_us(void); /* CLOCK_MONOTONIC */
mw_time mw_time_of(const struct civil *c);
void mw_time_civil(mw_time t, struct civil *c);
int mw_days_in_month(int year, int month);
/* RFC 3339 and ISO 8601 as logs write it: "2021-07-30T16:00:00Z", space for T, fraction of 1-9 digits, offset +01:00,
 * no zone means UTC, date alone means its midnight. The whole text must match. */
bool mw_time_parse(struct slice s, mw_time *out);
/* "2021-07-30T16:00:00Z", with ".123" or ".123456" only where there is a fraction. */
void mw_time_format(mw_time t, char out[32]);
void mw_time_hms(mw_time t, char out[16]); /* "16:00:00" */
/* "90s", "5m", "3h", "2d" and "1h30m"; the inverse writes the shortest exact one. */
bool mw_span_parse(struct slice s, int64_t *us);
/* For the eye, rounded down to two units: "1d 6h", "30m 23s", "2.4s". */
void mw_span_words(int64_t us, char out[32]);
void mw_span_format(int64_t us, char out[32]);

#endif
