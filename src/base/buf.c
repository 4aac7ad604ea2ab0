#include "base/buf.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "base/mem.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

char buf_empty[1];

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.s = buf_empty, .max = max};
}

void buf_release(struct buf *b)
{
	if (b->cap)
		free(b->s);
	buf_init(b, b->max);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->over = false;
	if (b->cap)
		b->s[0] = '\0';
}

char *buf_take(struct buf *b, size_t *len)
{
	char *s = b->cap ? b->s : xstrdup("");

	if (len)
		*len = b->len;
	buf_init(b, b->max);
	return s;
}

/* Makes room for n more bytes and the NUL. False where max forbids it. */
static bool grow(struct buf *b, size_t n)
{
	size_t cap;

	if (n >= SIZE_MAX / 2 - b->len)
		mw_oom();
	if (b->over || (b->max && b->len + n > b->max)) {
		b->over = true;
		return false;
	}
	if (b->len + n < b->cap)
		return true;
	cap = b->cap + b->cap / 2;
	if (cap < b->len + n + 1)
		cap = b->len + n + 1;
	if (cap < 64)
		cap = 64;
	b->s = xrealloc(b->cap ? b->s : NULL, cap);
	b->cap = cap;
	return true;
}

char *buf_room(struct buf *b, size_t n)
{
	return grow(b, n) ? b->s + b->len : NULL;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0 || !grow(b, n))
		return;
	memcpy(b->s + b->len, p, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_ch(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	size_t room = b->cap > b->len ? b->cap - b->len : 0;
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(room ? b->s + b->len : NULL, room, fmt, ap);
	if (n < 0)
		mw_oom();
	if ((size_t)n < room && !b->over && (!b->max || b->len + (size_t)n <= b->max)) {
		b->len += (size_t)n;
	} else {
		if (room)
			b->s[b->len] = '\0';
		if (grow(b, (size_t)n)) {
			vsnprintf(b->s + b->len, (size_t)n + 1, fmt, again);
			b->len += (size_t)n;
		}
	}
	va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void buf_truncate(struct buf *b, size_t len)
{
	if (len >= b->len)
		return;
	b->len = len;
	b->s[len] = '\0';
}

void buf_consume(struct buf *b, size_t n)
{
	if (n > b->len)
		n = b->len;
	if (n == 0)
		return;
	b->len -= n;
	memmove(b->s, b->s + n, b->len);
	b->s[b->len] = '\0';
}

struct slice slice_of(const char *s)
{
	return (struct slice){s ? s : "", s ? strlen(s) : 0};
}

bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.s, b.s, a.n) == 0);
}

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static bool same_blind(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

bool slice_ieq(struct slice a, struct slice b)
{
	return a.n == b.n && same_blind(a.s, b.s, a.n);
}

bool slice_eq_str(struct slice a, const char *b)
{
	return slice_eq(a, slice_of(b));
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct slice slice_trim(struct slice s)
{
	while (s.n && is_space(s.s[0]))
		s.s++, s.n--;
	while (s.n && is_space(s.s[s.n - 1]))
		s.n--;
	return s;
}

/* *rest == {NULL, 0} marks the end, so that a text ending in sep has an empty last piece, as a CSV
 * reader expects. */
bool slice_split(struct slice *rest, char sep, struct slice *piece)
{
	const char *at;

	if (!rest->s)
		return false;
	at = rest->n ? memchr(rest->s, sep, rest->n) : NULL;
	if (!at) {
		*piece = *rest;
		*rest = (struct slice){NULL, 0};
		return true;
	}
	*piece = (struct slice){rest->s, (size_t)(at - rest->s)};
	rest->n -= piece->n + 1;
	rest->s = at + 1;
	return true;
}

bool slice_u64(struct slice s, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] < '0' || s.s[i] > '9')
			return false;
		if (__builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (unsigned)(s.s[i] - '0'), &v))
			return false;
	}
	*out = v;
	return true;
}

bool slice_i64(struct slice s, int64_t *out)
{
	bool negative = s.n && s.s[0] == '-';
	uint64_t v, most = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;

	if (s.n && (s.s[0] == '-' || s.s[0] == '+'))
		s.s++, s.n--;
	if (!slice_u64(s, &v) || v > most)
		return false;
	*out = negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

bool slice_double(struct slice s, double *out)
{
	char copy[400], *end;
	double v;

	if (s.n == 0 || s.n >= sizeof(copy))
		return false;
	for (size_t i = 0; i < s.n; i++) /* keeps out "inf", "nan", hexadecimal and white space */
		if (!memchr("0123456789+-.eE", s.s[i], 15))
			return false;
	memcpy(copy, s.s, s.n);
	copy[s.n] = '\0';
	v = strtod(copy, &end);
	if (*end || !isfinite(v))
		return false;
	*out = v;
	return true;
}

#ifdef __SSE2__
/* Where, of the 16 places from hay on, the first and the last byte of a needle of m bytes may stand, letter case aside. */
static uint32_t may_begin16(const char *hay, size_t m, __m128i first, __m128i last)
{
	const __m128i low = _mm_set1_epi8(0x20);
	__m128i a, b;

	memcpy(&a, hay, 16);
	memcpy(&b, hay + m - 1, 16);
	a = _mm_cmpeq_epi8(_mm_or_si128(a, low), first);
	b = _mm_cmpeq_epi8(_mm_or_si128(b, low), last);
	return (uint32_t)_mm_movemask_epi8(_mm_and_si128(a, b));
}

/* Looks at whole pieces of 16 places; *at gets where the rest begins. */
static const char *memimem_fast(const char *hay, size_t n, const char *needle, size_t m, size_t *at)
{
	__m128i first = _mm_set1_epi8((char)(needle[0] | 0x20));
	__m128i last = _mm_set1_epi8((char)(needle[m - 1] | 0x20));

	for (*at = 0; n >= 16 + m - 1 && *at <= n - 16 - (m - 1); *at += 16)
		for (uint32_t may = may_begin16(hay + *at, m, first, last); may; may &= may - 1) {
			const char *p = hay + *at + __builtin_ctz(may);
			if (same_blind(p, needle, m))
				return p;
		}
	return NULL;
}
#endif

const char *mw_memimem(const char *hay, size_t n, const char *needle, size_t m)
{
	size_t at = 0;
	char lo, up;

	if (m == 0)
		return hay;
#ifdef __SSE2__
	const char *found = memimem_fast(hay, n, needle, m, &at);
	if (found)
		return found;
#endif
	lo = (char)lower(needle[0]);
	up = lo >= 'a' && lo <= 'z' ? (char)(lo - 32) : lo;
	for (size_t i = at; m <= n && i <= n - m; i++)
		if ((hay[i] == lo || hay[i] == up) && same_blind(hay + i, needle, m))
			return hay + i;
	return NULL;
}
