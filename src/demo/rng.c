#include "demo/rng.h"
#include "base/map.h"

static uint64_t splitmix(uint64_t *x)
{
	uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void rng_seed(struct rng *r, uint64_t seed, const char *stream)
{
	uint64_t x = seed ^ mw_hash(stream, strlen(stream));
	for (size_t i = 0; i < ARRAY_LEN(r->s); i++)
		r->s[i] = splitmix(&x);
}

static uint64_t rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

uint64_t rng_next(struct rng *r)
{
	uint64_t *s = r->s;
	uint64_t result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

uint32_t rng_below(struct rng *r, uint32_t n)
{
	return (uint32_t)(((rng_next(r) >> 32) * n) >> 32);
}

int rng_between(struct rng *r, int lo, int hi)
{
	return lo + (int)rng_below(r, (uint32_t)(hi - lo + 1));
}

bool rng_chance(struct rng *r, int percent)
{
	return rng_below(r, 100) < (uint32_t)percent;
}

uint32_t rng_skewed(struct rng *r, uint32_t n)
{
	uint64_t u = rng_next(r) >> 43; /* 21 bits: the cube still fits in 63 */
	return (uint32_t)(((u * u * u) >> 42) * n >> 21);
}

void rng_hex(struct rng *r, char *out, size_t digits)
{
	static const char set[] = "0123456789abcdef";
	uint64_t bits = 0;
	for (size_t i = 0; i < digits; i++, bits >>= 4) {
		if (i % 16 == 0)
			bits = rng_next(r);
		out[i] = set[bits & 15];
	}
}

void rng_base32(struct rng *r, char *out, size_t chars)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint64_t bits = 0;
	for (size_t i = 0; i < chars; i++, bits >>= 5) {
		if (i % 12 == 0)
			bits = rng_next(r);
		out[i] = set[bits & 31];
	}
}

void rng_uuid(struct rng *r, char *out)
{
	static const int groups[] = {8, 4, 4, 4, 12};
	char *p = out;
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		if (i)
			*p++ = '-';
		rng_hex(r, p, (size_t)groups[i]);
		p += groups[i];
	}
	out[14] = '4';
	out[19] = "89ab"[out[19] & 3];
}
