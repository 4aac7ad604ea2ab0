/* Words of time: numbers, units, months, weekdays, zones, hours of the day. */
#include "ask/timex_words.h"

#include <ctype.h>

static const struct named {
	const char *word;
	int64_t n;
} numbers[] = {
        {"a", 1},         {"an", 1},      {"one", 1},     {"two", 2},     {"three", 3},
        {"four", 4},      {"five", 5},    {"six", 6},     {"seven", 7},   {"eight", 8},
        {"nine", 9},      {"ten", 10},    {"eleven", 11}, {"twelve", 12}, {"fifteen", 15},
        {"twenty", 20},   {"thirty", 30}, {"forty", 40},  {"sixty", 60},  {"ninety", 90},
        {"hundred", 100}, {"couple", 2},  {"dozen", 12},  {"half", 0},    {NULL, 0},
};
static const struct named units[] = {
        {"s", MW_SECOND},
        {"sec", MW_SECOND},
        {"secs", MW_SECOND},
        {"second", MW_SECOND},
        {"seconds", MW_SECOND},
        {"m", MW_MINUTE},
        {"min", MW_MINUTE},
        {"mins", MW_MINUTE},
        {"minute", MW_MINUTE},
        {"minutes", MW_MINUTE},
        {"h", MW_HOUR},
        {"hr", MW_HOUR},
        {"hrs", MW_HOUR},
        {"hour", MW_HOUR},
        {"hours", MW_HOUR},
        {"hourly", MW_HOUR},
        {"d", MW_DAY},
        {"day", MW_DAY},
        {"days", MW_DAY},
        {"daily", MW_DAY},
        {"w", 7 * MW_DAY},
        {"wk", 7 * MW_DAY},
        {"week", 7 * MW_DAY},
        {"weeks", 7 * MW_DAY},
        {"weekly", 7 * MW_DAY},
        {"month", 28 * MW_DAY},
        {"months", 28 * MW_DAY},
        {"monthly", 28 * MW_DAY},
        {"year", 365 * MW_DAY},
        {"years", 365 * MW_DAY},
        {"yr", 365 * MW_DAY},
        {"yrs", 365 * MW_DAY},
        {"yearly", 365 * MW_DAY},
        {"minutely", MW_MINUTE},
        {NULL, 0},
};
static const struct named months[] = {
        {"january", 1},   {"jan", 1},   {"february", 2},  {"feb", 2},      {"march", 3},
        {"mar", 3},       {"april", 4}, {"apr", 4},       {"may", 5},      {"june", 6},
        {"jun", 6},       {"july", 7},  {"jul", 7},       {"august", 8},   {"aug", 8},
        {"september", 9}, {"sep", 9},   {"sept", 9},      {"october", 10}, {"oct", 10},
        {"november", 11}, {"nov", 11},  {"december", 12}, {"dec", 12},     {NULL, 0},
};
static const struct named weekdays[] = {
        {"monday", 0},    {"mon", 0}, {"tuesday", 1},  {"tue", 1}, {"tues", 1},
        {"wednesday", 2}, {"wed", 2}, {"thursday", 3}, {"thu", 3}, {"thurs", 3},
        {"friday", 4},    {"fri", 4}, {"saturday", 5}, {"sat", 5}, {"sunday", 6},
        {"sun", 6},       {NULL, 0},
};
/* minutes east of UTC */
static const struct named zones[] = {
        {"utc", 0},    {"gmt", 0},    {"z", 0},      {"zulu", 0},   {"cet", 60},   {"cest", 120},
        {"bst", 60},   {"eet", 120},  {"eest", 180}, {"msk", 180},  {"ist", 330},  {"sgt", 480},
        {"jst", 540},  {"aest", 600}, {"est", -300}, {"edt", -240}, {"cst", -360}, {"cdt", -300},
        {"mst", -420}, {"mdt", -360}, {"pst", -480}, {"pdt", -420}, {NULL, 0},
};

static bool lookup(const struct named *t, struct slice w, int64_t *n)
{
	for (; t->word; t++)
		if (slice_eq_str(w, t->word)) {
			*n = t->n;
			return true;
		}
	return false;
}

bool txw_month(struct slice w, int *m)
{
	int64_t n;

	if (!lookup(months, w, &n))
		return false;
	*m = (int)n;
	return true;
}

bool txw_weekday(struct slice w, int *d)
{
	int64_t n = 0;

	if (!lookup(weekdays, w, &n) &&
	    !(w.n > 4 && w.s[w.n - 1] == 's' && lookup(weekdays, (struct slice){w.s, w.n - 1}, &n)))
		return false;
	*d = (int)n;
	return true;
}

bool txw_unit(struct slice w, int64_t *us)
{
	return lookup(units, w, us);
}

bool txw_number(struct slice w, int64_t *n)
{
	return slice_all_digits(w) ? w.n <= 9 && slice_i64(w, n) : lookup(numbers, w, n) && *n > 0;
}

/* "29", "29th", "1st" */
bool txw_ordinal(struct slice w, int *n, bool *suffix)
{
	static const struct named words[] = {
	        {"first", 1}, {"second", 2}, {"third", 3}, {"fourth", 4}, {NULL, 0}};
	size_t digits = 0;
	int64_t v;

	*suffix = false;
	while (digits < w.n && isdigit((unsigned char)w.s[digits]))
		digits++;
	if (digits == 0) {
		*suffix = true;
		if (!lookup(words, w, &v))
			return false;
		*n = (int)v;
		return true;
	}
	if (digits > 2 || !slice_i64((struct slice){w.s, digits}, &v))
		return false;
	if (digits < w.n) {
		struct slice tail = {w.s + digits, w.n - digits};

		*suffix = true;
		if (!slice_eq_str(tail, "st") && !slice_eq_str(tail, "nd") &&
		    !slice_eq_str(tail, "rd") && !slice_eq_str(tail, "th"))
			return false;
	}
	*n = (int)v;
	return true;
}

bool txw_offset(struct slice w, int64_t *us)
{
	int sign;
	int64_t h, m = 0;
	struct slice hh;
	const char *colon;

	if (w.n > 3 && (slice_ieq((struct slice){w.s, 3}, SLICE("utc")) ||
	                slice_ieq((struct slice){w.s, 3}, SLICE("gmt"))))
		w.s += 3, w.n -= 3;
	if (w.n < 2 || (w.s[0] != '+' && w.s[0] != '-'))
		return false;
	sign = w.s[0] == '-' ? -1 : 1;
	w.s++, w.n--;
	colon = memchr(w.s, ':', w.n);
	hh = colon ? (struct slice){w.s, (size_t)(colon - w.s)} : w;
	if (!colon && w.n == 4)
		hh.n = 2;
	if (!slice_i64(hh, &h) || h > 14)
		return false;
	if (hh.n < w.n) {
		size_t skip = hh.n + (colon ? 1 : 0);

		if (!slice_i64((struct slice){w.s + skip, w.n - skip}, &m) || m > 59)
			return false;
	}
	*us = sign * (h * MW_HOUR + m * MW_MINUTE);
	return true;
}

bool txw_zone(struct slice w, int64_t *us)
{
	int64_t min;

	if (lookup(zones, w, &min)) {
		*us = min * MW_MINUTE;
		return true;
	}
	return txw_offset(w, us);
}

/* hh:mm[:ss[.frac]] at the front; bytes taken */
static size_t clock_digits(struct slice w, struct txw_clock *c)
{
	int part[3] = {0, 0, 0};
	int np = 0;
	size_t i = 0;

	while (np < 3) {
		size_t d = 0;
		int v = 0;

		while (i < w.n && d < 2 && isdigit((unsigned char)w.s[i]))
			v = v * 10 + (w.s[i++] - '0'), d++;
		if (d == 0 || (np > 0 && d != 2))
			return 0;
		part[np++] = v;
		if (np == 3 || i + 1 >= w.n || w.s[i] != ':' || !isdigit((unsigned char)w.s[i + 1]))
			break;
		i++;
	}
	if (np < 2 || part[0] > 24 || part[1] > 59 || part[2] > 60)
		return 0;
	c->tod = part[0] * MW_HOUR + part[1] * MW_MINUTE + part[2] * MW_SECOND;
	c->width = np == 3 ? MW_SECOND : MW_MINUTE;
	if (np == 3 && i < w.n && w.s[i] == '.') {
		int64_t scale = MW_SECOND / 10;

		for (i++; i < w.n && isdigit((unsigned char)w.s[i]); i++, scale /= 10)
			c->tod += (w.s[i] - '0') * scale;
		c->width = 1000;
	}
	return i;
}

static bool am_pm(struct slice tail, struct txw_clock *c)
{
	bool pm = slice_eq_str(tail, "pm") || slice_eq_str(tail, "p.m");

	if (!pm && !slice_eq_str(tail, "am") && !slice_eq_str(tail, "a.m"))
		return false;
	if (c->tod >= 13 * MW_HOUR)
		return true;
	if (c->tod >= 12 * MW_HOUR)
		c->tod -= 12 * MW_HOUR;
	if (pm)
		c->tod += 12 * MW_HOUR;
	return true;
}

static bool clock_tail(struct slice tail, struct txw_clock *c)
{
	if (tail.n == 0)
		return true;
	if (slice_eq_str(tail, "h") || slice_eq_str(tail, "hrs"))
		return true;
	if (am_pm(tail, c))
		return true;
	c->has_zone = txw_zone(tail, &c->zone);
	return c->has_zone;
}

static bool clock_word(struct slice w, struct txw_clock *c)
{
	if (slice_eq_str(w, "noon") || slice_eq_str(w, "midday"))
		c->tod = 12 * MW_HOUR;
	else if (slice_eq_str(w, "midnight"))
		c->tod = 0;
	else
		return false;
	c->width = MW_MINUTE;
	return true;
}

/* "3pm", "1300Z" */
static bool clock_short(struct slice w, struct txw_clock *c)
{
	size_t d = 0;
	int64_t v;
	struct slice tail;

	while (d < w.n && isdigit((unsigned char)w.s[d]))
		d++;
	tail = (struct slice){w.s + d, w.n - d};
	if (d == 0 || d == w.n || !slice_i64((struct slice){w.s, d}, &v))
		return false;
	c->width = MW_MINUTE;
	if (d <= 2 && v <= 12) {
		c->tod = v * MW_HOUR;
		return am_pm(tail, c) || (c->has_zone = slice_eq_str(tail, "z"));
	}
	if (d != 4 || v / 100 > 23 || v % 100 > 59)
		return false;
	c->tod = v / 100 * MW_HOUR + v % 100 * MW_MINUTE;
	return clock_tail(tail, c);
}

size_t txw_clock_at(const struct toks *t, size_t i, struct txw_clock *c)
{
	struct slice w = t->v[i].word;
	size_t used, n = 1;

	memset(c, 0, sizeof(*c));
	if (!clock_word(w, c)) {
		int64_t v;
		struct slice next = i + 1 < t->n ? t->v[i + 1].word : SLICE("");

		used = clock_digits(w, c);
		if (used) {
			if (!clock_tail((struct slice){w.s + used, w.n - used}, c))
				return 0;
		} else if (w.n <= 2 && slice_i64(w, &v) && v > 0 && v <= 12 &&
		           (slice_eq_str(next, "am") || slice_eq_str(next, "pm"))) {
			c->tod = v * MW_HOUR;
			c->width = MW_MINUTE;
		} else if (w.n == 4 && slice_i64(w, &v) && v < 2400 && v % 100 < 60 &&
		           txw_zone(next, &c->zone) && !txw_offset(next, &c->zone)) {
			c->tod = v / 100 * MW_HOUR + v % 100 * MW_MINUTE;
			c->width = MW_MINUTE;
		} else if (!clock_short(w, c)) {
			return 0;
		}
	}
	if (i + n < t->n && am_pm(t->v[i + n].word, c))
		n++;
	if (i + n < t->n && slice_eq_str(t->v[i + n].word, "hrs"))
		n++;
	if (!c->has_zone && i + n < t->n && txw_zone(t->v[i + n].word, &c->zone)) {
		c->has_zone = true;
		n++;
	}
	return n;
}
