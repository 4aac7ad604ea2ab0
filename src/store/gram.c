#include "store/gram.h"

#include "base/mem.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define MEMO \
	(1u << 13) /* pieces of a frame that are remembered, so that repeated ones cost a \
	              comparison */

struct gram_set {
	uint8_t bits[GRAM_BYTES];
	struct slice memo[MEMO];
};

struct gram_set *gram_new(void)
{
	return xcalloc(1, sizeof(struct gram_set));
}

void gram_free(struct gram_set *g)
{
	free(g);
}

/* Bytes that end a piece: JSON syntax, white space, control. '|' comes with '{' and '}' for
 * nothing. */
static bool is_break(unsigned char c)
{
	unsigned char low = c | 0x20;

	return c <= 0x20 || c == '"' || c == ',' || c == ':' || (low >= 0x7B && low <= 0x7D);
}

static uint32_t fold(unsigned char c)
{
	return c - 'A' + 0u < 26u ? c | 0x20u : c;
}

#define SHORT 4
#define LONG 8

/* The last bytes read, the newest lowest. */
static uint32_t short_hash(uint64_t last)
{
	return (uint32_t)((uint32_t)last * UINT32_C(0x9E3779B1)) >> (32 - GRAM_LOG_MAX);
}

static uint32_t long_hash(uint64_t last)
{
	return (uint32_t)(last * UINT64_C(0x9E3779B97F4A7C15) >> (64 - GRAM_LOG_MAX));
}

static void set_bit(struct gram_set *g, uint32_t h)
{
	g->bits[h / 8] |= (uint8_t)(1u << (h % 8));
}

static void add_piece(struct gram_set *g, const char *s, size_t n)
{
	uint64_t last = 0;

	for (size_t i = 0; i < n; i++) {
		last = last << 8 | fold((unsigned char)s[i]);
		if (i + 1 >= SHORT)
			set_bit(g, short_hash(last));
		if (i + 1 >= LONG)
			set_bit(g, long_hash(last));
	}
}

static size_t memo_slot(const char *s, size_t n)
{
	uint32_t head, tail;

	memcpy(&head, s, 4);
	memcpy(&tail, s + n - 4, 4);
	uint64_t h = ((uint64_t)head << 32 | tail) * UINT64_C(0x9E3779B97F4A7C15) +
	             n * UINT64_C(0xC2B2AE3D27D4EB4F);
	return (size_t)(h >> 51) & (MEMO - 1);
}

/* memcmp without the call: n is 4 at least. */
static bool same_bytes(const char *a, const char *b, size_t n)
{
	uint64_t x, y;
	uint32_t u, v;

	if (n < 8) {
		memcpy(&u, a, 4);
		memcpy(&v, b, 4);
		if (u != v)
			return false;
		memcpy(&u, a + n - 4, 4);
		memcpy(&v, b + n - 4, 4);
		return u == v;
	}
	for (size_t i = 0; i + 8 <= n; i += 8) {
		memcpy(&x, a + i, 8);
		memcpy(&y, b + i, 8);
		if (x != y)
			return false;
	}
	memcpy(&x, a + n - 8, 8);
	memcpy(&y, b + n - 8, 8);
	return x == y;
}

static void piece(struct gram_set *g, const char *s, size_t n)
{
	if (n < SHORT)
		return;
	struct slice *m = &g->memo[memo_slot(s, n)];

	if (m->n == n && same_bytes(m->s, s, n))
		return;
	*m = (struct slice){s, n};
	add_piece(g, s, n);
}

#ifdef __SSE2__
static uint32_t breaks16(const char *s)
{
	__m128i v, low, range, m;

	memcpy(&v, s, 16);
	low = _mm_or_si128(v, _mm_set1_epi8(0x20));
	/* 0x7B..0x7D as signed bytes: greater than 0x7A and less than 0x7E */
	range = _mm_and_si128(_mm_cmpgt_epi8(low, _mm_set1_epi8(0x7A)),
	                      _mm_cmplt_epi8(low, _mm_set1_epi8(0x7E)));
	m = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x20)), v);
	m = _mm_or_si128(m, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
	m = _mm_or_si128(m, _mm_cmpeq_epi8(v, _mm_set1_epi8(',')));
	m = _mm_or_si128(m, _mm_cmpeq_epi8(v, _mm_set1_epi8(':')));
	return (uint32_t)_mm_movemask_epi8(_mm_or_si128(m, range));
}
#else
static uint32_t breaks16(const char *s)
{
	uint32_t m = 0;

	for (unsigned i = 0; i < 16; i++)
		m |= (uint32_t)is_break((unsigned char)s[i]) << i;
	return m;
}
#endif

void gram_add(struct gram_set *g, struct slice text)
{
	const char *at = text.s, *end = text.s + text.n, *start = text.s;

	for (; end - at >= 16; at += 16) {
		for (uint32_t m = breaks16(at); m; m &= m - 1) {
			const char *b = at + __builtin_ctz(m);
			piece(g, start, (size_t)(b - start));
			start = b + 1;
		}
	}
	for (; at < end; at++) {
		if (!is_break((unsigned char)*at))
			continue;
		piece(g, start, (size_t)(at - start));
		start = at + 1;
	}
	if (start < end)
		piece(g, start, (size_t)(end - start));
}

void gram_take(struct gram_set *g, uint8_t *bits)
{
	memcpy(bits, g->bits, GRAM_BYTES);
	memset(g, 0, sizeof(*g));
}

/* Halving joins neighbouring rows, which are neighbours in the hash as well. */
static void halve(uint8_t *bits, size_t bytes)
{
	for (size_t i = 0; i < bytes / 2; i++) {
		uint32_t two = bits[2 * i] | (uint32_t)bits[2 * i + 1] << 8, out = 0;
		two = (two | two >> 1) & 0x5555;
		for (unsigned b = 0; b < 8; b++)
			out |= (two >> (2 * b) & 1) << b;
		bits[i] = (uint8_t)out;
	}
}

static size_t ones(const uint8_t *bits, size_t bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < bytes; i += 8) {
		uint64_t w;
		memcpy(&w, bits + i, 8);
		n += (size_t)__builtin_popcountll(w);
	}
	return n;
}

/* Small batches need few rows: as many as keep the fullest frame at a quarter. */
static int log_needed(const uint8_t *const *sets, size_t n)
{
	size_t most = 0;
	int log = GRAM_LOG_MIN;

	for (size_t i = 0; i < n; i++) {
		size_t k = ones(sets[i], GRAM_BYTES);
		most = k > most ? k : most;
	}
	while (log < GRAM_LOG_MAX && (size_t)1 << log < most * 4)
		log++;
	return log;
}

/* 8 frames x 8 rows of bits, turned around. */
static uint64_t turn8(uint64_t x)
{
	uint64_t t;

	t = (x ^ (x >> 7)) & UINT64_C(0x00AA00AA00AA00AA);
	x ^= t ^ (t << 7);
	t = (x ^ (x >> 14)) & UINT64_C(0x0000CCCC0000CCCC);
	x ^= t ^ (t << 14);
	t = (x ^ (x >> 28)) & UINT64_C(0x00000000F0F0F0F0);
	return x ^ t ^ (t << 28);
}

static void turn_group(uint8_t *const copy[8], size_t n, size_t bytes, uint8_t *out, size_t width)
{
	for (size_t i = 0; i < bytes; i++) {
		uint64_t x = 0;
		for (size_t f = 0; f < n; f++)
			x |= (uint64_t)copy[f][i] << (8 * f);
		x = turn8(x);
		for (size_t r = 0; r < 8; r++)
			out[(i * 8 + r) * width] = (uint8_t)(x >> (8 * r));
	}
}

int gram_matrix(const uint8_t *const *sets, size_t n, uint8_t *out)
{
	int log = log_needed(sets, n);
	size_t width = (n + 7) / 8;
	uint8_t *copy[8];

	for (size_t i = 0; i < 8; i++)
		copy[i] = xmalloc(GRAM_BYTES);
	for (size_t at = 0; at < n; at += 8) {
		size_t group = n - at < 8 ? n - at : 8;
		for (size_t f = 0; f < group; f++) {
			memcpy(copy[f], sets[at + f], GRAM_BYTES);
			for (int l = GRAM_LOG_MAX; l > log; l--)
				halve(copy[f], (size_t)1 << (l - 3));
		}
		turn_group(copy, group, (size_t)1 << (log - 3), out + at / 8, width);
	}
	for (size_t i = 0; i < 8; i++)
		free(copy[i]);
	return log;
}

/* Where in the text grams of this many bytes end. */
static size_t count_grams(struct slice text, size_t bytes)
{
	size_t run = 0, n = 0;

	for (size_t i = 0; i < text.n; i++) {
		run = is_break((unsigned char)text.s[i]) ? 0 : run + 1;
		n += run >= bytes;
	}
	return n;
}

/* At most max of them, evenly over the text. */
static size_t spread(struct slice text, size_t bytes, int log, uint32_t *rows, size_t max)
{
	size_t total = count_grams(text, bytes), run = 0, n = 0;
	uint64_t last = 0;

	for (size_t i = 0, k = 0; i < text.n && n < max; i++) {
		run = is_break((unsigned char)text.s[i]) ? 0 : run + 1;
		last = last << 8 | fold((unsigned char)text.s[i]);
		if (run < bytes)
			continue;
		if (total <= max || k * max / total >= n)
			rows[n++] = (bytes == LONG ? long_hash(last) : short_hash(last)) >>
			            (GRAM_LOG_MAX - log);
		k++;
	}
	return n;
}

size_t gram_rows(struct slice text, int log, uint32_t *rows, size_t max)
{
	size_t n = spread(text, LONG, log, rows, max);

	return n + spread(text, SHORT, log, rows + n, max - n);
}
