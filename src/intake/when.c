#include "intake/when.h"

#define YEAR_2300 INT64_C(10413792000) /* as epoch seconds: what is larger counts smaller units */

static bool epoch(struct slice s, mw_time *out)
{
	struct slice rest = s, whole, fraction = SLICE("");
	int64_t v, usec = 0, scale = 100000;

	if (!s.n || (s.s[0] != '-' && (s.s[0] < '0' || s.s[0] > '9')))
		return false;
	slice_split(&rest, '.', &whole);
	if (whole.n < s.n)
		fraction = (struct slice){s.s + whole.n + 1, s.n - whole.n - 1};
	if (!slice_i64(whole, &v) || whole.n < 9)
		return false;
	for (size_t i = 0; i < fraction.n; i++, scale /= 10) {
		if (fraction.s[i] < '0' || fraction.s[i] > '9')
			return false;
		usec += scale * (fraction.s[i] - '0');
	}
	if (v > YEAR_2300 * 1000000)
		*out = v / 1000;
	else if (v > YEAR_2300 * 1000)
		*out = v;
	else if (v > YEAR_2300)
		*out = v * 1000;
	else
		*out = v * MW_SECOND + usec;
	return true;
}

/* ---- texts: a small scanner over words and numbers ---- */

struct scan {
	struct slice s;
	bool ok;
};

static void blanks(struct scan *c)
{
	while (c->s.n && (*c->s.s == ' ' || *c->s.s == ',')) {
		c->s.s++;
		c->s.n--;
	}
}

static int number(struct scan *c)
{
	int v = 0;
	size_t n = 0;

	for (; n < c->s.n && n < 6 && c->s.s[n] >= '0' && c->s.s[n] <= '9'; n++)
		v = v * 10 + (c->s.s[n] - '0');
	c->ok = c->ok && n;
	c->s.s += n;
	c->s.n -= n;
	return v;
}

static bool literal(struct scan *c, char want)
{
	bool is = c->s.n && *c->s.s == want;

	c->s.s += is;
	c->s.n -= is;
	return is;
}

static void need(struct scan *c, char want)
{
	c->ok = literal(c, want) && c->ok;
}

static int month(struct scan *c)
{
	static const char names[] = "jan feb mar apr may jun jul aug sep oct nov dec ";

	for (int i = 0; i < 12 && c->s.n >= 3; i++) {
		if (!slice_ieq((struct slice){c->s.s, 3}, (struct slice){names + (size_t)i * 4, 3}))
			continue;
		while (c->s.n && ((*c->s.s | 0x20) >= 'a' && (*c->s.s | 0x20) <= 'z')) {
			c->s.s++;
			c->s.n--;
		}
		return i + 1;
	}
	c->ok = false;
	return 1;
}

static void clock_time(struct scan *c, struct civil *t)
{
	t->hour = number(c);
	need(c, ':');
	t->minute = number(c);
	if (literal(c, ':'))
		t->second = number(c);
	if (literal(c, '.')) {
		int scale = 100000;

		for (; c->s.n && *c->s.s >= '0' && *c->s.s <= '9'; c->s.s++, c->s.n--, scale /= 10)
			t->usec += scale * (*c->s.s - '0');
	}
}

static void half_day(struct scan *c, struct civil *t)
{
	bool pm = c->s.n >= 2 && (*c->s.s | 0x20) == 'p',
	     am = c->s.n >= 2 && (*c->s.s | 0x20) == 'a';

	if (!pm && !am)
		return;
	c->ok = c->ok && (c->s.s[1] | 0x20) == 'm' && t->hour >= 1 && t->hour <= 12;
	t->hour = t->hour % 12 + (pm ? 12 : 0);
	c->s.s += 2;
	c->s.n -= 2;
}

/* "+0100", "-07:00", "UTC", "GMT", "Z" or nothing; microseconds to take off. */
static int64_t zone(struct scan *c)
{
	bool minus = c->s.n && *c->s.s == '-';

	if (slice_ieq(c->s, SLICE("UTC")) || slice_ieq(c->s, SLICE("GMT")) ||
	    slice_ieq(c->s, SLICE("Z")))
		c->s.n = 0;
	if (!minus && !(c->s.n && *c->s.s == '+'))
		return 0;
	literal(c, *c->s.s);
	int v = number(c), minutes;
	if (literal(c, ':'))
		minutes = v * 60 + number(c);
	else
		minutes = v / 100 * 60 + v % 100;
	return (minus ? -minutes : minutes) * MW_MINUTE;
}

static bool finish(struct scan *c, struct civil *t, mw_time *out)
{
	blanks(c);
	half_day(c, t);
	blanks(c);
	int64_t off = zone(c);
	if (!c->ok || c->s.n || t->month < 1 || t->month > 12 || t->day < 1 ||
	    t->day > mw_days_in_month(t->year, t->month) || t->hour > 23 || t->minute > 59 ||
	    t->second > 60)
		return false;
	*out = mw_time_of(t) - off;
	return true;
}

/* "7/9/2024 10:34:10 PM" or "10/Oct/2000:13:55:36 -0700" */
static bool slashed(struct slice s, mw_time *out)
{
	struct scan c = {s, true};
	struct civil t = {0};
	int first = number(&c);

	need(&c, '/');
	bool named = c.s.n && (*c.s.s < '0' || *c.s.s > '9');
	t.month = named ? month(&c) : first;
	t.day = named ? first : number(&c);
	need(&c, '/');
	t.year = number(&c);
	if (!literal(&c, ':'))
		blanks(&c);
	clock_time(&c, &t);
	return finish(&c, &t, out);
}

/* "Jul 10, 2023, 12:09:47 PM" or, without a year, "Jun 10 06:13:20" */
static bool worded(struct slice s, mw_time now, mw_time *out)
{
	struct scan c = {s, true};
	struct civil t = {0}, today;

	t.month = month(&c);
	blanks(&c);
	t.day = number(&c);
	blanks(&c);
	struct scan ahead = c;
	int year = number(&ahead);
	bool has_year = c.ok && year > 1900;
	if (has_year) {
		c = ahead;
		t.year = year;
		blanks(&c);
	} else {
		mw_time_civil(now, &today);
		t.year = today.year;
	}
	clock_time(&c, &t);
	if (!finish(&c, &t, out))
		return false;
	/* A day of slack for clocks that are ahead; what lies further on was written last year. */
	if (!has_year && *out > now + MW_DAY) {
		t.year--;
		*out = mw_time_of(&t);
	}
	return true;
}

bool when_parse(struct slice s, mw_time now, mw_time *out)
{
	s = slice_trim(s);
	if (!s.n)
		return false;
	if (mw_time_parse(s, out) || epoch(s, out))
		return true;
	if (memchr(s.s, '/', s.n < 5 ? s.n : 5))
		return slashed(s, out);
	return worded(s, now, out);
}
