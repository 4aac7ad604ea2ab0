#include "plan/number.h"

/* A number taken apart without changing its digits: value = 0.DIGITS x 10^exp, DIGITS without
 * leading or trailing zeros. */
struct decimal {
	bool negative;
	const char *s; /* first digit that counts */
	size_t n;      /* bytes up to the last one, a dot among them perhaps */
	int64_t exp;
};
#define FRACTION 9      /* decimals that a sum keeps exactly */
#define FIXED_ONE 1e9   /* 10^FRACTION */
#define WHOLE_DIGITS 19 /* digits before the dot of what is added exactly */
#define EXPONENT_DIGITS_MAX \
	9 /* longer exponents are no number here: they would overflow the arithmetic on them */

static size_t digits(struct slice s, size_t at)
{
	size_t n = 0;

	while (at + n < s.n && s.s[at + n] >= '0' && s.s[at + n] <= '9')
		n++;
	return n;
}

/* Reads (e|E)[+-]digits at `at`; true where the text ends with it or has none. */
static bool read_exponent(struct slice s, size_t at, int64_t *exp)
{
	bool negative = false;
	size_t n;

	*exp = 0;
	if (at == s.n)
		return true;
	if (s.s[at] != 'e' && s.s[at] != 'E')
		return false;
	if (++at < s.n && (s.s[at] == '-' || s.s[at] == '+'))
		negative = s.s[at++] == '-';
	n = digits(s, at);
	if (n == 0 || n > EXPONENT_DIGITS_MAX || at + n != s.n)
		return false;
	for (size_t i = at; i < s.n; i++)
		*exp = *exp * 10 + (s.s[i] - '0');
	if (negative)
		*exp = -*exp;
	return true;
}

/* Cuts leading zeros (each moves the exponent, on either side of the dot) and trailing ones. */
static void trim_zeros(struct decimal *d)
{
	while (d->n && (*d->s == '0' || *d->s == '.')) {
		d->exp -= *d->s == '0';
		d->s++;
		d->n--;
	}
	while (d->n && (d->s[d->n - 1] == '0' || d->s[d->n - 1] == '.'))
		d->n--;
}

static bool read_decimal(struct slice s, struct decimal *d)
{
	size_t at = 0, whole, part = 0;
	int64_t exp;

	d->negative = s.n && s.s[0] == '-';
	at += d->negative;
	whole = digits(s, at);
	if (whole == 0)
		return false;
	d->s = s.s + at;
	at += whole;
	if (at < s.n && s.s[at] == '.') {
		part = digits(s, at + 1);
		if (part == 0)
			return false;
		at += 1 + part;
	}
	d->n = (size_t)(s.s + at - d->s);
	if (!read_exponent(s, at, &exp))
		return false;
	d->exp = exp + (int64_t)whole;
	trim_zeros(d);
	return true;
}

bool num_is(struct slice s)
{
	struct decimal d;

	return read_decimal(s, &d);
}

static int sign_of(const struct decimal *d)
{
	return d->n == 0 ? 0 : d->negative ? -1 : 1;
}

/* The next digit of d at *i, stepping over the dot; '0' behind the end. */
static char next_digit(const struct decimal *d, size_t *i)
{
	if (*i < d->n && d->s[*i] == '.')
		(*i)++;
	return *i < d->n ? d->s[(*i)++] : '0';
}

static int cmp_size(const struct decimal *a, const struct decimal *b)
{
	size_t i = 0, j = 0;

	if (a->exp != b->exp)
		return a->exp < b->exp ? -1 : 1;
	while (i < a->n || j < b->n) {
		char x = next_digit(a, &i), y = next_digit(b, &j);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

static int cmp_decimal(const struct decimal *a, const struct decimal *b)
{
	int x = sign_of(a), y = sign_of(b);

	if (x != y)
		return x < y ? -1 : 1;
	return x < 0 ? -cmp_size(a, b) : x > 0 ? cmp_size(a, b) : 0;
}

int num_cmp(struct slice a, struct slice b)
{
	struct decimal x, y;

	return read_decimal(a, &x) && read_decimal(b, &y) ? cmp_decimal(&x, &y) : 0;
}

/* Most texts are no time: the fifth byte of one is a dash. */
static bool is_time(struct slice s, mw_time *t)
{
	return s.n >= 10 && s.s[4] == '-' && mw_time_parse(s, t);
}

bool value_order(struct slice a, struct slice b, int *cmp)
{
	struct decimal x, y;
	mw_time t, u;

	if (read_decimal(a, &x) && read_decimal(b, &y)) {
		*cmp = cmp_decimal(&x, &y);
		return true;
	}
	if (!is_time(a, &t) || !is_time(b, &u))
		return false;
	*cmp = t < u ? -1 : t > u;
	return true;
}

static int text_cmp(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.s, b.s, n) : 0;

	return c ? (c < 0 ? -1 : 1) : a.n < b.n ? -1 : a.n > b.n;
}

static int rank_of(struct slice s)
{
	mw_time t;

	return num_is(s) ? 0 : is_time(s, &t) ? 1 : 2;
}

int value_cmp(struct slice a, struct slice b)
{
	int c, x, y;

	if (value_order(a, b, &c))
		return c ? c : text_cmp(a, b);
	x = rank_of(a);
	y = rank_of(b);
	return x != y ? (x < y ? -1 : 1) : text_cmp(a, b);
}

void slice_fold(char *to, struct slice v)
{
	for (size_t i = 0; i < v.n; i++)
		to[i] = v.s[i] >= 'A' && v.s[i] <= 'Z' ? (char)(v.s[i] | 32) : v.s[i];
}

/* ---- stats ---- */

void stat_init(struct stat *s, enum plan_fn fn)
{
	memset(s, 0, sizeof(*s));
	s->fn = fn;
	s->time = MW_TIME_NONE;
	buf_init(&s->best, 0);
}

void stat_release(struct stat *s)
{
	buf_release(&s->best);
	map_release(&s->seen);
}

static void add_time(struct stat *s, mw_time t)
{
	if (t == MW_TIME_NONE)
		return;
	if (s->time == MW_TIME_NONE || (s->fn == FN_FIRST ? t < s->time : t > s->time))
		s->time = t;
}

void stat_add_event(struct stat *s, mw_time t)
{
	s->n++;
	add_time(s, t);
}

/* In units of 10^-FRACTION: exact, and so the same in any order of adding. False where it does not
 * fit. */
static bool to_fixed(const struct decimal *d, __int128 *out)
{
	size_t i = 0;
	int64_t at = d->exp;

	*out = 0;
	if (d->n == 0)
		return true;
	if (d->exp > WHOLE_DIGITS)
		return false;
	for (; i < d->n; at--) {
		if (at <= -FRACTION)
			return false;
		*out = *out * 10 + (next_digit(d, &i) - '0');
	}
	for (; at > -FRACTION; at--)
		*out *= 10;
	if (d->negative)
		*out = -*out;
	return true;
}

static void add_fixed(struct stat *s, __int128 v)
{
	if (!__builtin_add_overflow(s->fixed, v, &s->fixed))
		return;
	s->rest += (double)v / FIXED_ONE;
	s->inexact = true;
}

static void add_number(struct stat *s, struct slice v)
{
	struct decimal d;
	__int128 fixed;
	double rest;

	if (!read_decimal(v, &d))
		return;
	if (to_fixed(&d, &fixed)) {
		add_fixed(s, fixed);
	} else if (slice_double(v, &rest)) {
		s->rest += rest;
		s->inexact = true;
	} else {
		return;
	}
	s->n++;
}

static void add_best(struct stat *s, struct slice v)
{
	int c = s->n ? value_cmp(v, (struct slice){s->best.s, s->best.len}) : 0;

	if (s->n++ && (s->fn == FN_MIN ? c >= 0 : c <= 0))
		return;
	buf_reset(&s->best);
	buf_add(&s->best, v.s, v.n);
}

void stat_add_value(struct stat *s, struct slice v)
{
	switch (s->fn) {
	case FN_SUM:
	case FN_AVG:
		add_number(s, v);
		break;
	case FN_MIN:
	case FN_MAX:
		add_best(s, v);
		break;
	case FN_DISTINCT:
		(void)map_put(&s->seen, v.s, v.n, NULL);
		break;
	default:
		break;
	}
}

void stat_merge(struct stat *to, const struct stat *from)
{
	uint64_t n = to->n;

	if (from->fn == FN_DISTINCT)
		for (size_t i = 0; i < from->seen.n; i++)
			(void)map_put(&to->seen, from->seen.entries[i].key,
			              from->seen.entries[i].len, NULL);
	if ((from->fn == FN_MIN || from->fn == FN_MAX) && from->n)
		add_best(to, (struct slice){from->best.s, from->best.len});
	add_time(to, from->time);
	add_fixed(to, from->fixed);
	to->rest += from->rest;
	to->inexact |= from->inexact;
	to->n = n + from->n;
}

/* __int128 has no printf conversion. Writes only as many decimals as there are. */
static char *fixed_text(struct arena *a, __int128 v)
{
	char text[64], *at = text + sizeof(text) - 1;
	unsigned __int128 u = v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
	int decimals = FRACTION;

	for (; decimals && u % 10 == 0; decimals--)
		u /= 10;
	*at = '\0';
	for (int i = 0; u || i <= decimals; i++, u /= 10) {
		if (i == decimals && decimals)
			*--at = '.';
		*--at = (char)('0' + (int)(u % 10));
	}
	if (v < 0)
		*--at = '-';
	return arena_strdup(a, at);
}

/* The shortest text that reads back as the same double. */
static char *double_text(struct arena *a, double d)
{
	char text[40];
	double back;

	for (int precision = 15; precision <= 17; precision++) {
		snprintf(text, sizeof(text), "%.*g", precision, d);
		if (slice_double(slice_of(text), &back) && back == d)
			break;
	}
	return arena_strdup(a, text);
}

static char *sum_text(const struct stat *s, struct arena *a)
{
	double total = (double)s->fixed / FIXED_ONE + s->rest;

	if (s->fn == FN_AVG)
		return double_text(a, total / (double)s->n);
	return s->inexact ? double_text(a, total) : fixed_text(a, s->fixed);
}

struct slice stat_text(const struct stat *s, struct arena *a)
{
	char time[32];

	switch (s->fn) {
	case FN_COUNT:
		return slice_of(arena_printf(a, "%llu", (unsigned long long)s->n));
	case FN_DISTINCT:
		return slice_of(arena_printf(a, "%zu", s->seen.n));
	case FN_SUM:
	case FN_AVG:
		return s->n ? slice_of(sum_text(s, a)) : (struct slice){"", 0};
	case FN_MIN:
	case FN_MAX:
		return (struct slice){arena_memdup(a, s->best.s, s->best.len), s->best.len};
	default:
		if (s->time == MW_TIME_NONE)
			return (struct slice){"", 0};
		mw_time_format(s->time, time);
		return slice_of(arena_strdup(a, time));
	}
}

static mw_time calendar_bucket(mw_time t, bool year)
{
	struct civil c, start = {.month = 1, .day = 1};

	mw_time_civil(t, &c);
	start.year = c.year;
	if (!year)
		start.month = c.month;
	return mw_time_of(&start);
}

#define MONDAY (4 * MW_DAY) /* the first one after 1970-01-01 */
mw_time span_bucket(mw_time t, int64_t span)
{
	int64_t shift = span % (7 * MW_DAY) == 0 ? MONDAY : 0;
	mw_time into;

	if (span == PLAN_SPAN_MONTH || span == PLAN_SPAN_YEAR)
		return calendar_bucket(t, span == PLAN_SPAN_YEAR);
	into = (t - shift) % span;

	return t - (into < 0 ? into + span : into);
}
