#include "ask/timex_date.h"

#include <ctype.h>

#include "ask/timex_words.h"

static const struct tok no_tok = {.text = {"", 0}, .word = {"", 0}, .stem = {"", 0}};

const struct tok *tx_tok(const struct toks *t, size_t i)
{
	return i < t->n ? &t->v[i] : &no_tok;
}

static mw_time day_of(const struct tx_env *env, int y, int m, int d)
{
	struct civil c = {.year = y, .month = m, .day = d};

	return mw_time_of(&c) - env->zone;
}

static void civil_now(const struct tx_env *env, struct civil *c)
{
	mw_time_civil(env->now + env->zone, c);
}

mw_time tx_today(const struct tx_env *env)
{
	struct civil c;

	civil_now(env, &c);
	return day_of(env, c.year, c.month, c.day);
}

static bool valid_day(int64_t y, int64_t m, int64_t d)
{
	return y >= 1970 && y <= 2199 && m >= 1 && m <= 12 && d >= 1 &&
	       d <= mw_days_in_month((int)y, (int)m);
}

static size_t set_day(struct tx_point *p, const struct tx_env *env, int64_t y, int64_t m, int64_t d,
                      size_t n)
{
	if (!valid_day(y, m, d))
		return 0;
	p->has_day = true;
	p->d0 = day_of(env, (int)y, (int)m, (int)d);
	p->d1 = p->d0 + MW_DAY;
	return n;
}

static size_t set_month(struct tx_point *p, const struct tx_env *env, int y, int m, size_t n)
{
	p->has_day = true;
	p->d0 = day_of(env, y, m, 1);
	p->d1 = m == 12 ? day_of(env, y + 1, 1, 1) : day_of(env, y, m + 1, 1);
	return n;
}

static size_t set_span(struct tx_point *p, mw_time from, mw_time to, size_t n)
{
	p->has_day = true;
	p->d0 = from;
	p->d1 = to;
	return n;
}

static bool year_word(struct slice w, int64_t *y)
{
	return w.n == 4 && slice_all_digits(w) && slice_i64(w, y) && *y >= 1990 && *y <= 2099;
}

/* Splits "a-b-c" on one of the separators into numbers. */
static int split_numbers(struct slice w, char sep, int64_t out[3], size_t len[3])
{
	struct slice piece;
	int n = 0;

	while (slice_split(&w, sep, &piece)) {
		if (n == 3 || !slice_all_digits(piece) || !slice_i64(piece, &out[n]))
			return 0;
		len[n++] = piece.n;
	}
	return n;
}

static size_t numeric_date(struct slice w, const struct tx_env *env, struct tx_point *p)
{
	static const char seps[] = "-/.";
	int64_t v[3];
	size_t len[3];

	for (const char *s = seps; *s; s++) {
		int n = split_numbers(w, *s, v, len);

		if (n == 3 && len[0] == 4)
			return set_day(p, env, v[0], v[1], v[2], 1);
		if (n == 3 && len[2] == 4) {
			bool day_first = *s == '.' || v[0] > 12;

			p->assumed = *s != '.' && v[0] <= 12 && v[1] <= 12 && v[0] != v[1];
			return day_first ? set_day(p, env, v[2], v[1], v[0], 1)
			                 : set_day(p, env, v[2], v[0], v[1], 1);
		}
		if (n == 2 && len[0] == 4 && len[1] == 2 && *s == '-' && v[1] >= 1 && v[1] <= 12 &&
		    v[0] >= 1990)
			return set_month(p, env, (int)v[0], (int)v[1], 1);
		if (n == 2 && *s == '/' && len[0] <= 2 && len[1] <= 2 && v[0] <= 12) {
			struct civil c;

			civil_now(env, &c);
			p->assumed = p->weak = true;
			return set_day(p, env, c.year, v[0], v[1], 1);
		}
	}
	return 0;
}

/* "2021-08-01T06:00Z" */
static size_t iso_instant(struct slice w, const struct tx_env *env, struct tx_point *p)
{
	struct tok one = {.word = {w.s + 11, w.n - 11}};
	struct toks t = {&one, 1};
	struct txw_clock c;

	if (w.n < 14 || (w.s[10] != 't' && w.s[10] != '_') ||
	    !numeric_date((struct slice){w.s, 10}, env, p))
		return 0;
	for (size_t i = 1; i < one.word.n;
	     i++) /* an offset behind the clock is a zone of its own */
		if (one.word.s[i] == '+' || one.word.s[i] == '-') {
			if (!txw_offset((struct slice){one.word.s + i, one.word.n - i}, &c.zone))
				return 0;
			p->at = -c.zone;
			one.word.n = i;
			if (!txw_clock_at(&t, 0, &c))
				return 0;
			p->at += p->d0 + env->zone + c.tod;
			goto found;
		}
	if (!txw_clock_at(&t, 0, &c))
		return 0;
	p->at = p->d0 + env->zone + c.tod - (c.has_zone ? c.zone : env->zone);
found:
	p->abs = true;
	p->has_day = false;
	p->width = c.width;
	return 1;
}

static mw_time week_start(const struct tx_env *env, mw_time day)
{
	int64_t days = (day + env->zone) / MW_DAY; /* 1970-01-01 was a Thursday */

	return day - (days + 3) % 7 * MW_DAY;
}

static size_t iso_week(int64_t y, int64_t week, int64_t wd, const struct tx_env *env,
                       struct tx_point *p, size_t n)
{
	mw_time w1 = week_start(env, day_of(env, (int)y, 1, 4));

	if (week < 1 || week > 53)
		return 0;
	w1 += (week - 1) * 7 * MW_DAY;
	return wd ? set_span(p, w1 + (wd - 1) * MW_DAY, w1 + wd * MW_DAY, n)
	          : set_span(p, w1, w1 + 7 * MW_DAY, n);
}

/* "2021-w30", "2021-w30-2", "w30 [2021]", "week 30 [of 2021]" */
static size_t week_at(const struct toks *t, size_t i, const struct tx_env *env, struct tx_point *p)
{
	struct slice w = tx_tok(t, i)->word;
	int64_t y, week, wd = 0;
	struct civil c;
	size_t n = 1;

	if (w.n >= 8 && w.s[4] == '-' && w.s[5] == 'w' && slice_i64((struct slice){w.s, 4}, &y) &&
	    slice_i64((struct slice){w.s + 6, 2}, &week))
		return (w.n == 8 || (w.n == 10 && slice_i64((struct slice){w.s + 9, 1}, &wd)))
		               ? iso_week(y, week, wd, env, p, 1)
		               : 0;
	if (slice_eq_str(w, "week") && slice_all_digits(tx_tok(t, i + 1)->word) &&
	    slice_i64(tx_tok(t, i + 1)->word, &week))
		n = 2;
	else if (!(w.n >= 2 && w.n <= 3 && w.s[0] == 'w' &&
	           slice_i64((struct slice){w.s + 1, w.n - 1}, &week)))
		return 0;
	civil_now(env, &c);
	y = c.year;
	if (tok_is(tx_tok(t, i + n), "of") && year_word(tx_tok(t, i + n + 1)->word, &y))
		n += 2;
	else if (year_word(tx_tok(t, i + n)->word, &y))
		n++;
	return iso_week(y, week, 0, env, p, n);
}

/* "q3 [2021]" */
static size_t quarter_at(const struct toks *t, size_t i, const struct tx_env *env,
                         struct tx_point *p)
{
	struct slice w = tx_tok(t, i)->word;
	struct civil c;
	int64_t y;
	int q;
	size_t n = 1;

	if (w.n != 2 || w.s[0] != 'q' || w.s[1] < '1' || w.s[1] > '4')
		return 0;
	q = w.s[1] - '0';
	civil_now(env, &c);
	if (tok_is(tx_tok(t, i + n), "of"))
		n++;
	if (year_word(tx_tok(t, i + n)->word, &y)) {
		n++;
	} else {
		n = 1;
		y = c.year - (q * 3 - 2 > c.month ? 1 : 0);
		p->assumed = true;
	}
	set_month(p, env, (int)y, q * 3 - 2, 1);
	return set_span(p, p->d0,
	                q == 4 ? day_of(env, (int)y + 1, 1, 1) : day_of(env, (int)y, q * 3 + 1, 1),
	                n);
}

/* A year behind a day or month ("july 29, 2021"); otherwise the most recent one that has begun. */
static size_t year_after(const struct toks *t, size_t i, int64_t *y)
{
	size_t n = tok_is(tx_tok(t, i), "of") || tok_is(tx_tok(t, i), "in") ? 1 : 0;

	return year_word(tx_tok(t, i + n)->word, y) ? n + 1 : 0;
}

static size_t month_day(const struct toks *t, size_t after, int m, int d, const struct tx_env *env,
                        struct tx_point *p)
{
	struct civil c;
	int64_t y;
	size_t n = year_after(t, after, &y);

	if (n == 0) {
		civil_now(env, &c);
		y = c.year;
		p->assumed = true;
		if (m > c.month || (m == c.month && d > c.day))
			y--;
	}
	return set_day(p, env, y, m, d, after + n);
}

/* "july 29 [2021]", "29 july", "29th of july", "july 2021", "july"; returns the index after it, 0
 * for none */
static size_t month_at(const struct toks *t, size_t i, const struct tx_env *env, struct tx_point *p)
{
	struct slice w = tx_tok(t, i)->word;
	int m, d;
	bool suffix;
	int64_t y;
	struct civil c;
	size_t n;

	if (txw_month(w, &m)) {
		n = tok_is(tx_tok(t, i + 1), "the") ? 2 : 1;
		if (txw_ordinal(tx_tok(t, i + n)->word, &d, &suffix) && d >= 1 && d <= 31 &&
		    !slice_eq_str(tx_tok(t, i + n)->word, "second"))
			return month_day(t, i + n + 1, m, d, env, p);
		n = year_after(t, i + 1, &y);
		if (n)
			return set_month(p, env, (int)y, m, i + 1 + n);
		civil_now(env, &c);
		p->assumed = true;
		p->weak = w.n <= 3 || m == 3 || m == 5;
		return set_month(p, env, c.year - (m > c.month ? 1 : 0), m, i + 1);
	}
	if (!txw_ordinal(w, &d, &suffix) || d < 1 || d > 31)
		return 0;
	n = tok_is(tx_tok(t, i + 1), "of") ? 2 : 1;
	if (txw_month(tx_tok(t, i + n)->word, &m))
		return month_day(t, i + n + 1, m, d, env, p);
	return 0;
}

/* "the 29th": of this month, or of the last one that had it */
static size_t bare_ordinal(const struct toks *t, size_t i, const struct tx_env *env,
                           struct tx_point *p)
{
	struct slice w = tx_tok(t, i)->word;
	struct civil c;
	int d;
	bool suffix;

	if (!isdigit((unsigned char)(w.n ? w.s[0] : 'x')) || !txw_ordinal(w, &d, &suffix) ||
	    !suffix || d < 1 || d > 31)
		return 0;
	civil_now(env, &c);
	p->assumed = true;
	for (int back = 0; back < 3; back++) {
		if ((back || d <= c.day) && valid_day(c.year, c.month, d))
			return set_day(p, env, c.year, c.month, d, 1);
		if (--c.month == 0)
			c.month = 12, c.year--;
	}
	return 0;
}

static size_t weekday_at(const struct toks *t, size_t i, const struct tx_env *env,
                         struct tx_point *p)
{
	mw_time today = tx_today(env), day;
	size_t n = 1;
	int wd;
	bool last = tok_is(tx_tok(t, i), "last"), this = tok_is(tx_tok(t, i), "this");

	if (last || this)
		n = 2;
	if (!txw_weekday(tx_tok(t, i + n - 1)->word, &wd))
		return 0;
	p->weak = n == 1 && tx_tok(t, i)->word.n <= 3;
	p->assumed = true;
	day = week_start(env, today) + wd * MW_DAY;
	if (day > today || (day == today && last))
		day -= 7 * MW_DAY;
	return set_span(p, day, day + MW_DAY, n);
}

static size_t calendar_unit(const struct tx_env *env, int64_t unit, int back, struct tx_point *p,
                            size_t n)
{
	mw_time today = tx_today(env), monday = week_start(env, today);
	struct civil c;

	civil_now(env, &c);
	if (unit == MW_DAY)
		return set_span(p, today - back * MW_DAY, today + (1 - back) * MW_DAY, n);
	if (unit == 7 * MW_DAY)
		return set_span(p, monday - back * 7 * MW_DAY, monday + (1 - back) * 7 * MW_DAY, n);
	if (unit == 28 * MW_DAY)
		return set_month(p, env, c.month - back < 1 ? c.year - 1 : c.year,
		                 (c.month - back + 11) % 12 + 1, n);
	if (unit == 365 * MW_DAY)
		return set_span(p, day_of(env, c.year - back, 1, 1),
		                day_of(env, c.year - back + 1, 1, 1), n);
	return 0;
}

/* "this week", "last month", "previous year"; rolling stretches ("last 7 days") are read elsewhere
 */
static size_t relative_unit(const struct toks *t, size_t i, const struct tx_env *env,
                            struct tx_point *p)
{
	static const char *const prior[] = {"last", "previous", "prior", NULL}, *const same[] = {
	                                                                                "this",
	                                                                                "current",
	                                                                                NULL};
	const struct tok *w = tx_tok(t, i);
	int64_t unit;
	int back = tok_in(w, prior) ? 1 : 0;

	if ((!back && !tok_in(w, same)) || !txw_unit(tx_tok(t, i + 1)->word, &unit) ||
	    tx_tok(t, i + 1)->word.n < 3)
		return 0;
	if (back && unit == MW_DAY && tok_is(w, "last"))
		return 0; /* "last day" rolls */
	return calendar_unit(env, unit, back, p, 2);
}

static size_t named_day(const struct toks *t, size_t i, const struct tx_env *env,
                        struct tx_point *p)
{
	mw_time today = tx_today(env);
	const struct tok *w = tx_tok(t, i);

	if (tok_is(w, "today") || tok_is(w, "tdy"))
		return set_span(p, today, today + MW_DAY, 1);
	if (tok_is(w, "yesterday") || tok_is(w, "yday") || tok_is(w, "ystday"))
		return set_span(p, today - MW_DAY, today, 1);
	if (tok_is(w, "tomorrow"))
		return set_span(p, today + MW_DAY, today + 2 * MW_DAY, 1);
	if (tok_is(w, "day") && tok_is(tx_tok(t, i + 1), "before") &&
	    tok_is(tx_tok(t, i + 2), "yesterday"))
		return set_span(p, today - 2 * MW_DAY, today - MW_DAY, 3);
	if ((tok_is(w, "last") || tok_is(w, "this") || tok_is(w, "the")) &&
	    tok_is(tx_tok(t, i + 1), "weekend")) {
		mw_time monday = week_start(env, today);

		p->assumed = true;
		return set_span(p, monday - 2 * MW_DAY, monday, 2);
	}
	return 0;
}

/* "3 days ago", "an hour ago" */
static size_t ago_at(const struct toks *t, size_t i, const struct tx_env *env, struct tx_point *p)
{
	int64_t us;
	size_t n = tx_duration(t, i, false, &us);

	if (n == 0 || !tok_is(tx_tok(t, i + n), "ago"))
		return 0;
	if (us % MW_DAY == 0)
		return set_span(p, tx_today(env) - us, tx_today(env) - us + MW_DAY, n + 1);
	p->abs = true;
	p->at = env->now - us;
	p->width = us % MW_HOUR == 0 ? MW_HOUR : MW_MINUTE;
	p->assumed = true;
	return n + 1;
}

static size_t date_at(const struct toks *t, size_t i, const struct tx_env *env, struct tx_point *p)
{
	struct slice w = tx_tok(t, i)->word;
	int64_t y;
	size_t n;

	if (tok_is(tx_tok(t, i), "the") && (n = date_at(t, i + 1, env, p)) && !p->weak)
		return n + 1;
	if ((n = numeric_date(w, env, p)) || (n = week_at(t, i, env, p)) ||
	    (n = quarter_at(t, i, env, p)) || (n = named_day(t, i, env, p)) ||
	    (n = relative_unit(t, i, env, p)) || (n = weekday_at(t, i, env, p)))
		return n;
	n = month_at(t, i, env, p);
	if (n)
		return n - i;
	if ((n = bare_ordinal(t, i, env, p)))
		return n;
	if (year_word(w, &y)) {
		p->weak = true;
		return set_span(p, day_of(env, (int)y, 1, 1), day_of(env, (int)y + 1, 1, 1), 1);
	}
	return 0;
}

static void take_clock(struct tx_point *p, const struct txw_clock *c, const struct tx_env *env)
{
	p->has_clock = true;
	p->has_zone = c->has_zone;
	p->zone = c->has_zone ? c->zone - env->zone : 0;
	p->tod = c->tod - p->zone;
	p->width = c->width;
}

size_t tx_point_at(const struct toks *t, size_t i, const struct tx_env *env, struct tx_point *p)
{
	static const char *const glue[] = {"at", "on", "of", "@", "around", NULL};
	struct txw_clock c;
	size_t n, m, gap;

	memset(p, 0, sizeof(*p));
	if (tok_is(tx_tok(t, i), "now")) {
		p->abs = true;
		p->at = env->now;
		return 1;
	}
	if (i >= t->n)
		return 0;
	if ((n = iso_instant(tx_tok(t, i)->word, env, p)) || (n = ago_at(t, i, env, p)))
		return n;
	memset(p, 0, sizeof(*p));
	n = date_at(t, i, env, p);
	if (n) {
		gap = tok_in(tx_tok(t, i + n), glue) ? 1 : 0;
		m = i + n + gap < t->n && p->d1 - p->d0 == MW_DAY ? txw_clock_at(t, i + n + gap, &c)
		                                                  : 0;
		if (m)
			take_clock(p, &c, env);
		return m ? n + gap + m : n;
	}
	n = txw_clock_at(t, i, &c);
	if (n == 0)
		return 0;
	take_clock(p, &c, env);
	gap = tok_in(tx_tok(t, i + n), glue) ? 1 : 0;
	m = date_at(t, i + n + gap, env, p);
	if (m && p->d1 - p->d0 == MW_DAY && (!p->weak || gap))
		return n + gap + m;
	p->has_day = false;
	p->weak = p->assumed = false;
	return n;
}
