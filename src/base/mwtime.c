#include "base/mwtime.h"

#include <stdio.h>

mw_time mw_now(void)
{
	static mw_time pinned = MW_TIME_NONE;
	static bool asked;
	struct timespec ts;

	if (!asked) {
		const char *text = getenv("MW_NOW");
		if (text && !mw_time_parse(slice_of(text), &pinned))
			pinned = MW_TIME_NONE;
		asked = true;
	}
	if (pinned != MW_TIME_NONE)
		return pinned;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (mw_time)ts.tv_sec * MW_SECOND + ts.tv_nsec / 1000;
}

int64_t mw_mono_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * MW_SECOND + ts.tv_nsec / 1000;
}

static bool leap(int y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

int mw_days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (month < 1 || month > 12)
		return 0;
	return month == 2 && leap(year) ? 29 : days[month - 1];
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar, counted in eras of 400 years that
 * begin on 1 March. */
static int64_t days_of(int64_t y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

mw_time mw_time_of(const struct civil *c)
{
	int64_t seconds = days_of(c->year, c->month, c->day) * 86400 + (int64_t)c->hour * 3600 +
	                  (int64_t)c->minute * 60 + c->second;

	return seconds * MW_SECOND + c->usec;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

void mw_time_civil(mw_time t, struct civil *c)
{
	int64_t day = floor_div(t, MW_DAY), rest = t - day * MW_DAY;
	int64_t z = day + 719468, era = floor_div(z, 146097), doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

	c->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	c->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	c->year = (int)(yoe + era * 400 + (c->month <= 2));
	c->hour = (int)(rest / MW_HOUR);
	c->minute = (int)(rest % MW_HOUR / MW_MINUTE);
	c->second = (int)(rest % MW_MINUTE / MW_SECOND);
	c->usec = (int)(rest % MW_SECOND);
}

/* Takes exactly n digits from the front. */
static bool digits(struct slice *s, size_t n, int *out)
{
	uint64_t v;

	if (s->n < n || !slice_u64((struct slice){s->s, n}, &v))
		return false;
	*out = (int)v;
	s->s += n;
	s->n -= n;
	return true;
}

static bool take(struct slice *s, char c)
{
	if (s->n == 0 || s->s[0] != c)
		return false;
	s->s++;
	s->n--;
	return true;
}

static bool take_fraction(struct slice *s, int *usec)
{
	int scale = 100000, n = 0;

	*usec = 0;
	if (!take(s, '.') && !take(s, ','))
		return true;
	for (; s->n && s->s[0] >= '0' && s->s[0] <= '9' && n < 9; n++, scale /= 10) {
		*usec += (s->s[0] - '0') * scale;
		s->s++;
		s->n--;
	}
	return n > 0;
}

static bool take_offset(struct slice *s, int64_t *us)
{
	int h, m = 0, sign;

	*us = 0;
	if (take(s, 'Z') || take(s, 'z') || s->n == 0)
		return true;
	sign = take(s, '-') ? -1 : take(s, '+') ? 1 : 0;
	if (!sign || !digits(s, 2, &h))
		return false;
	take(s, ':');
	if (s->n && !digits(s, 2, &m))
		return false;
	*us = sign * (h * MW_HOUR + m * MW_MINUTE);
	return h <= 23 && m <= 59;
}

static bool take_clock(struct slice *s, struct civil *c)
{
	if (!digits(s, 2, &c->hour) || !take(s, ':') || !digits(s, 2, &c->minute))
		return false;
	if (take(s, ':') && (!digits(s, 2, &c->second) || !take_fraction(s, &c->usec)))
		return false;
	return c->hour <= 23 && c->minute <= 59 && c->second <= 60;
}

bool mw_time_parse(struct slice s, mw_time *out)
{
	struct civil c = {0};
	int64_t offset = 0;

	if (!digits(&s, 4, &c.year) || !take(&s, '-') || !digits(&s, 2, &c.month) ||
	    !take(&s, '-') || !digits(&s, 2, &c.day))
		return false;
	if (c.day < 1 || c.day > mw_days_in_month(c.year, c.month))
		return false;
	if (s.n) {
		if (!take(&s, 'T') && !take(&s, 't') && !take(&s, ' '))
			return false;
		if (!take_clock(&s, &c))
			return false;
		take(&s, ' ');
		if (!take_offset(&s, &offset) || s.n)
			return false;
	}
	*out = mw_time_of(&c) - offset;
	return true;
}

void mw_time_format(mw_time t, char out[32])
{
	struct civil c;
	int n;

	if (t == MW_TIME_NONE) {
		snprintf(out, 32, "-");
		return;
	}
	mw_time_civil(t, &c);
	n = snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02d", c.year, c.month, c.day, c.hour,
	             c.minute, c.second);
	if (n < 0 || n > 30)
		return;
	if (c.usec % 1000)
		snprintf(out + n, 32 - (size_t)n, ".%06dZ", c.usec);
	else if (c.usec)
		snprintf(out + n, 32 - (size_t)n, ".%03dZ", c.usec / 1000);
	else
		snprintf(out + n, 32 - (size_t)n, "Z");
}

void mw_time_hms(mw_time t, char out[16])
{
	struct civil c;

	mw_time_civil(t == MW_TIME_NONE ? 0 : t, &c);
	if (t == MW_TIME_NONE)
		snprintf(out, 16, "-");
	else
		snprintf(out, 16, "%02u:%02u:%02u", (unsigned)c.hour % 24, (unsigned)c.minute % 60,
		         (unsigned)c.second % 60);
}

static const struct {
	const char *name;
	int64_t us;
} span_units[] = {
        {"d", MW_DAY}, {"h", MW_HOUR}, {"m", MW_MINUTE}, {"s", MW_SECOND}, {"ms", 1000}, {"us", 1},
};

static int64_t unit_of(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(span_units); i++)
		if (slice_eq_str(name, span_units[i].name))
			return span_units[i].us;
	return 0;
}

static size_t run_of(struct slice s, bool digit)
{
	size_t n = 0;

	while (n < s.n && (s.s[n] >= '0' && s.s[n] <= '9') == digit)
		n++;
	return n;
}

bool mw_span_parse(struct slice s, int64_t *us)
{
	int64_t total = 0, last = INT64_MAX;

	if (s.n == 0)
		return false;
	while (s.n) {
		size_t nd = run_of(s, true);
		struct slice tail = {s.s + nd, s.n - nd};
		size_t nu = run_of(tail, false);
		int64_t v, unit = unit_of((struct slice){tail.s, nu});
		if (!slice_i64((struct slice){s.s, nd}, &v) || !unit || unit >= last ||
		    __builtin_mul_overflow(v, unit, &v) || __builtin_add_overflow(total, v, &total))
			return false;
		last = unit; /* units fall, so that "5m1h" is a typing error and not 65 minutes */
		s = (struct slice){tail.s + nu, tail.n - nu};
	}
	*us = total;
	return true;
}

void mw_span_format(int64_t us, char out[32])
{
	size_t i = us ? 0 : 3;

	while (us % span_units[i].us)
		i++;
	snprintf(out, 32, "%lld%s", (long long)(us / span_units[i].us), span_units[i].name);
}

void mw_span_words(int64_t us, char out[32])
{
	static const struct {
		int64_t us;
		char name;
	} units[] = {{MW_DAY, 'd'}, {MW_HOUR, 'h'}, {MW_MINUTE, 'm'}, {MW_SECOND, 's'}};
	size_t i = 0;
	int whole, rest; /* the longest span is 106,751,991 days */

	while (i + 1 < ARRAY_LEN(units) && us < units[i].us)
		i++;
	whole = (int)(us / units[i].us);
	rest = i + 1 < ARRAY_LEN(units) ? (int)(us % units[i].us / units[i + 1].us) : 0;
	if (us < 10 * MW_SECOND)
		snprintf(out, 32, "%lld.%llds", (long long)(us / MW_SECOND),
		         (long long)(us % MW_SECOND / (MW_SECOND / 10)));
	else if (rest)
		snprintf(out, 32, "%d%c %d%c", whole, units[i].name, rest, units[i + 1].name);
	else
		snprintf(out, 32, "%d%c", whole, units[i].name);
}
