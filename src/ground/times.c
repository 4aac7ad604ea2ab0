/* Times and durations as people write them. */
#include "ground/ground_int.h"

static bool digits_at(struct slice w, size_t at, size_t n, int *out)
{
	*out = 0;
	if (at + n > w.n)
		return false;
	for (size_t i = at; i < at + n; i++) {
		if (w.s[i] < '0' || w.s[i] > '9')
			return false;
		*out = *out * 10 + (w.s[i] - '0');
	}
	return true;
}

/* "16:00", "16:00:05", "16:00:05.123", a Z after it, "4:05pm". */
static bool clock_word(struct slice w, struct when *x)
{
	const char *colon = memchr(w.s, ':', w.n);
	size_t h = colon ? (size_t)(colon - w.s) : 0, at;
	bool pm = w.n > 2 && !memcmp(w.s + w.n - 2, "pm", 2),
	     am = w.n > 2 && !memcmp(w.s + w.n - 2, "am", 2);
	if (pm || am)
		w.n -= 2;
	if (w.n && w.s[w.n - 1] == 'z')
		w.n--;
	if ((h != 1 && h != 2) || !digits_at(w, 0, h, &x->c.hour) ||
	    !digits_at(w, h + 1, 2, &x->c.minute))
		return false;
	at = h + 3;
	x->timed = true;
	x->precision = 1;
	if (at < w.n && w.s[at] == ':' && digits_at(w, at + 1, 2, &x->c.second)) {
		x->precision = 2;
		at += 3;
	}
	if (x->precision == 2 && at < w.n && (w.s[at] == '.' || w.s[at] == ',')) {
		int scale = 100000;
		for (at++, x->digits = 0;
		     at < w.n && w.s[at] >= '0' && w.s[at] <= '9' && x->digits < 6;
		     at++, x->digits++, scale /= 10)
			x->c.usec += (w.s[at] - '0') * scale;
		while (at < w.n && w.s[at] >= '0' && w.s[at] <= '9')
			at++;
		x->precision = 3;
	}
	if (pm && x->c.hour < 12)
		x->c.hour += 12;
	if (am && x->c.hour == 12)
		x->c.hour = 0;
	return at == w.n && x->c.hour < 24 && x->c.minute < 60 && x->c.second < 61;
}

static bool date_word(struct slice w, struct when *x)
{
	if (w.n != 10 || (w.s[4] != '-' && w.s[4] != '/') || w.s[7] != w.s[4])
		return false;
	x->dated = x->year = digits_at(w, 0, 4, &x->c.year) && digits_at(w, 5, 2, &x->c.month) &&
	                     digits_at(w, 8, 2, &x->c.day);
	return x->dated && x->c.month >= 1 && x->c.month <= 12 && x->c.day >= 1 && x->c.day <= 31;
}

/* An instant in one word: date, T, time, zone. */
static bool instant_word(struct slice w, struct when *x)
{
	struct slice clock;
	char text[48];
	mw_time t;
	if (w.n < 15 || w.n >= sizeof(text) || (w.s[10] != 't' && w.s[10] != '_'))
		return false;
	for (size_t i = 0; i < w.n; i++)
		text[i] = w.s[i] == 't' || w.s[i] == '_' ? 'T' : w.s[i] == 'z' ? 'Z' : w.s[i];
	clock = (struct slice){w.s + 11, w.n - 11};
	for (size_t i = 0; i < clock.n; i++)
		if (clock.s[i] == '+' || clock.s[i] == '-')
			clock.n = i;
	if (!date_word((struct slice){w.s, 10}, x) || !clock_word(clock, x) ||
	    !mw_time_parse((struct slice){text, w.n}, &t))
		return false;
	mw_time_civil(t, &x->c); /* in UTC, whatever the zone was */
	return true;
}

static int month_of(struct slice w)
{
	static const char *const names[] = {"january",   "february", "march",    "april",
	                                    "may",       "june",     "july",     "august",
	                                    "september", "october",  "november", "december"};
	for (int i = 0; i < 12; i++)
		if (w.n >= 3 && w.n <= strlen(names[i]) && !memcmp(w.s, names[i], w.n) &&
		    (w.n == 3 || w.n == strlen(names[i]) || (i == 8 && w.n == 4)))
			return i + 1;
	return 0;
}

/* "10", "10th", "3rd": a day of a month. */
static bool day_word(struct slice w, int *day)
{
	size_t n = 0;
	while (n < w.n && w.s[n] >= '0' && w.s[n] <= '9')
		n++;
	return n >= 1 && n <= 2 &&
	       (n == w.n || in_list((struct slice){w.s + n, w.n - n}, "st|nd|rd|th")) &&
	       digits_at(w, 0, n, day) && *day >= 1 && *day <= 31;
}

static size_t year_after(const struct sentence *s, size_t i, struct when *x)
{
	if (i < s->nt && s->t[i].low.n == 4 && digits_at(s->t[i].low, 0, 4, &x->c.year) &&
	    x->c.year > 1990 && x->c.year < 2100) {
		x->year = true;
		return 1;
	}
	return 0;
}

/* "10 July 2023", "July 10, 2023", "10th of July": tokens taken. */
static size_t date_words(const struct sentence *s, size_t i, struct when *x)
{
	size_t of = word_is(s, i + 1, "of") ? 1 : 0;
	int month = i + 1 + of < s->nt ? month_of(s->t[i + 1 + of].low) : 0;
	if (month && day_word(s->t[i].low, &x->c.day)) {
		x->c.month = month;
		x->dated = true;
		return 2 + of + year_after(s, i + 2 + of, x);
	}
	month = month_of(s->t[i].low);
	if (month && i + 1 < s->nt && day_word(s->t[i + 1].low, &x->c.day)) {
		x->c.month = month;
		x->dated = true;
		return 2 + year_after(s, i + 2, x);
	}
	return 0;
}

/* ---- durations ---- */

static int64_t unit_word(struct slice w)
{
	static const struct {
		const char *words;
		int64_t us;
	} units[] = {{"millisecond|milliseconds|ms|msec", 1000},
	             {"second|seconds|sec|secs|s", MW_SECOND},
	             {"minute|minutes|min|mins|m", MW_MINUTE},
	             {"hour|hours|hr|hrs|h", MW_HOUR},
	             {"day|days|d", MW_DAY},
	             {"week|weeks|w", 7 * MW_DAY}};
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (in_list(w, units[i].words))
			return units[i].us;
	return 0;
}

static bool amount(struct slice w, double *v)
{
	int64_t n;
	if (slice_eq_str(w, "half"))
		*v = 0.5;
	else if (number_word(w, &n))
		*v = (double)n;
	else
		return w.n && w.s[0] >= '0' && w.s[0] <= '9' && slice_double(w, v);
	return true;
}

/* "4m38s", "72h", "5-minute", "90s": one word. */
static bool span_word(struct slice w, int64_t *us, int64_t *unit)
{
	size_t i = 0;
	*us = *unit = 0;
	while (i < w.n) {
		size_t n = i, u;
		double v;
		int64_t one;
		while (n < w.n && ((w.s[n] >= '0' && w.s[n] <= '9') || w.s[n] == '.'))
			n++;
		if (n == i || !slice_double((struct slice){w.s + i, n - i}, &v))
			return false;
		if (n < w.n && w.s[n] == '-')
			n++;
		for (u = n; u < w.n && w.s[u] >= 'a' && w.s[u] <= 'z'; u++)
			;
		one = unit_word((struct slice){w.s + n, u - n});
		if (!one)
			return false;
		*us += (int64_t)(v * (double)one);
		*unit = one;
		i = u;
	}
	return *unit > 0;
}

/* Words at i: "4 minutes and 38 seconds", "an hour", "two and a half hours"; returns tokens taken. */
static size_t span_words(const struct sentence *s, size_t i, int64_t *us, int64_t *unit)
{
	size_t k = i;
	*us = 0;
	while (k + 1 < s->nt) {
		double v = 1;
		int64_t one = unit_word(s->t[k + 1].low);
		/* "a second factor" is no length of time */
		bool ordinal =
		        word_is(s, k, "a|an") && word_is(s, k + 1, "second") && k + 2 < s->nt &&
		        !s->t[k + 1].comma && !s->t[k + 1].stop &&
		        !word_is(s, k + 2,
		                 "later|after|before|ago|and|apart|between|passed|long|earlier");
		bool article = !ordinal && word_is(s, k, "a|an") && one >= MW_SECOND &&
		               s->t[k + 1].low.n > 2;
		if (!one || s->t[k].atom >= 0 || (!article && !amount(s->t[k].low, &v)) ||
		    (s->t[k + 1].low.n == 1 && k == i && word_is(s, k, "a|an")))
			break;
		*us += (int64_t)(v * (double)one);
		*unit = one;
		k += 2;
		if (word_is(s, k, "and") && k + 2 < s->nt && unit_word(s->t[k + 2].low) &&
		    amount(s->t[k + 1].low, &v))
			k++;
	}
	return k > i && *us ? (word_is(s, k - 1, "and") ? k - 1 - i : k - i) : 0;
}

static void add_span(struct sentence *s, size_t i, size_t n, int64_t us, int64_t unit)
{
	double least;
	/* "eleven or twelve seconds" */
	bool two = i > 1 && word_is(s, i - 1, "or|to") && s->t[i - 2].atom < 0 &&
	           amount(s->t[i - 2].low, &least);
	size_t b = two ? i - 2 : i;
	struct atom *a = atom_add(s, AT_SPAN, b, i + n);
	if (!a)
		return;
	a->num = us;
	a->unit = unit;
	if (two ||
	    (b && word_is(s, b - 1, "about|around|approximately|roughly|nearly|almost|some|~")) ||
	    (b > 1 && word_is(s, b - 1, "over|under|below|than") &&
	     word_is(s, b - 2, "just|slightly|barely|little")))
		a->cmp = CMP_ABOUT;
	else if (b > 1 && word_is(s, b - 1, "than"))
		a->cmp = word_is(s, b - 2, "more|longer|greater") ? CMP_MORE : CMP_LESS;
	else if (b && word_is(s, b - 1, "over"))
		a->cmp = b > 1 && word_is(s, b - 2, "for|lasted|took") ? CMP_MORE : CMP_EQUAL;
	else if (b && word_is(s, b - 1, "within|under"))
		a->cmp = CMP_MOST;
	else if (b > 1 && word_is(s, b - 1, "least"))
		a->cmp = CMP_LEAST;
}

static size_t when_at(const struct sentence *s, size_t i, struct when *x)
{
	size_t n = 1;
	if (instant_word(s->t[i].low, x))
		return 1;
	*x = (struct when){0};
	if (date_word(s->t[i].low, x))
		return 1;
	*x = (struct when){0};
	n = date_words(s, i, x);
	if (n)
		return n;
	*x = (struct when){0};
	if (!clock_word(s->t[i].low, x)) {
		int h;
		*x = (struct when){0};
		/* "4 pm", "11am" */
		struct slice w = s->t[i].low;
		bool glued = w.n > 2 && w.n <= 4 &&
		             (!memcmp(w.s + w.n - 2, "am", 2) || !memcmp(w.s + w.n - 2, "pm", 2));
		bool apart = w.n <= 2 && word_is(s, i + 1, "am|pm|a.m|p.m");
		if (glued)
			w.n -= 2;
		if ((!glued && !apart) || !digits_at(w, 0, w.n, &h) || h > 12 || !w.n)
			return 0;
		bool pm = glued ? w.s[w.n] == 'p' : s->t[i + 1].low.s[0] == 'p';
		x->timed = true;
		x->c.hour = h % 12 + (pm ? 12 : 0);
		return apart ? 2 : 1;
	}
	if (word_is(s, i + 1, "pm|p.m") && x->c.hour < 12)
		x->c.hour += 12;
	return word_is(s, i + 1, "pm|p.m|am|a.m") ? 2 : 1;
}

/* A date and a clock side by side ("2023-07-10 11:42", "11:42 on 10 July") are one time. Returns whether x went into last. */
static bool joined(struct sentence *s, struct atom *last, const struct when *x, size_t i, size_t n)
{
	bool near = last && (i == last->tok_to ||
	                     (i == last->tok_to + 1 && word_is(s, i - 1, "at|on|utc|z|of")));
	if (!near || last->range_to || (last->when.timed && x->timed) ||
	    (last->when.dated && x->dated))
		return false;
	if (x->timed) {
		struct civil date = last->when.c;
		bool year = last->when.year;
		last->when = *x;
		last->when.c.year = date.year;
		last->when.c.month = date.month;
		last->when.c.day = date.day;
		last->when.dated = true;
		last->when.year = year;
	} else {
		last->when.dated = true;
		last->when.year = x->year;
		last->when.c.year = x->c.year;
		last->when.c.month = x->c.month;
		last->when.c.day = x->c.day;
	}
	for (size_t k = last->tok_to; k < i + n; k++)
		s->t[k].atom = (int)(last - s->a);
	last->tok_to = i + n;
	last->to = s->t[i + n - 1].to;
	return true;
}

static void add_time(struct sentence *s, size_t i, size_t n, const struct when *x,
                     struct atom **last)
{
	struct atom *a, *before = *last;
	if (joined(s, before, x, i, n))
		return;
	a = atom_add(s, AT_TIME, i, i + n);
	if (!a)
		return;
	a->when = *x;
	if (i && word_is(s, i - 1, "about|around|approximately|roughly|~"))
		a->cmp = CMP_ABOUT;
	if (before &&
	    (i == before->tok_to + 1 || (i == before->tok_to + 2 && word_is(s, i - 2, "utc"))) &&
	    word_is(s, i - 1, "to|and|until|till|through|-") && before->tok &&
	    word_is(s, before->tok - 1, "from|between")) {
		before->range_from = a->range_to = true;
		before->between = a->between = word_is(s, before->tok - 1, "between");
	} else if (before && !before->range_to && i && word_is(s, i - 1, "until|till")) {
		/* "at 13:20, three in a row until 13:21:55" */
		before->range_from = a->range_to = true;
	}
	*last = a;
}

bool times_read(struct sentence *s)
{
	struct atom *last = NULL;
	for (size_t i = 0; i < s->nt; i++) {
		struct when x = {0};
		int64_t us = 0, unit = 0;
		size_t n;
		if (s->t[i].atom >= 0)
			continue;
		n = when_at(s, i, &x);
		if (n) {
			add_time(s, i, n, &x, &last);
			i += n - 1;
			continue;
		}
		n = span_words(s, i, &us, &unit);
		if (!n && span_word(s->t[i].low, &us, &unit))
			n = 1;
		/* "two minutes past noon" is a time, in words that are not read here */
		if (n && !word_is(s, i + n, "past")) {
			add_span(s, i, n, us, unit);
			i += n - 1;
		}
	}
	return !s->over;
}

/* ---- against records ---- */

bool when_matches(const struct when *w, mw_time t)
{
	struct civil c;
	if (t == MW_TIME_NONE)
		return false;
	mw_time_civil(t, &c);
	if (w->dated &&
	    (c.month != w->c.month || c.day != w->c.day || (w->year && c.year != w->c.year)))
		return false;
	if (!w->timed)
		return w->dated;
	if (c.hour != w->c.hour || (w->precision >= 1 && c.minute != w->c.minute) ||
	    (w->precision >= 2 && c.second != w->c.second))
		return false;
	if (w->precision < 3)
		return true;
	int scale = 1;
	for (int i = w->digits; i < 6; i++)
		scale *= 10;
	return c.usec / scale == w->c.usec / scale;
}

bool when_resolve(const struct when *w, mw_time near, mw_time *from, mw_time *to)
{
	struct civil c = {0};
	int64_t length = !w->timed           ? MW_DAY
	                 : w->precision == 0 ? MW_HOUR
	                 : w->precision == 1 ? MW_MINUTE
	                                     : MW_SECOND;
	if (near == MW_TIME_NONE && !w->year)
		return false;
	if (near != MW_TIME_NONE)
		mw_time_civil(near, &c);
	c.hour = c.minute = c.second = c.usec = 0;
	if (w->dated) {
		c.month = w->c.month;
		c.day = w->c.day;
		c.year = w->year ? w->c.year : c.year;
	}
	if (w->timed) {
		c.hour = w->c.hour;
		c.minute = w->c.minute;
		c.second = w->c.second;
	}
	*from = mw_time_of(&c);
	*to = *from + length - 1;
	return true;
}
