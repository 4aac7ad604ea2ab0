/*
 * The generator's random numbers: xoshiro256** seeded through splitmix64. Same seed and same calls
 * give the same numbers on every machine. A stream is derived by name, so that a change in one part
 * of the demo does not shift the others. Source: Blackman and Vigna, public domain reference code.
 */
#ifndef MW_RNG_H
#define MW_RNG_H

#include "base/mem.h"

struct rng {
	uint64_t s[4];
};
void rng_seed(struct rng *r, uint64_t seed, const char *stream);
uint64_t rng_next(struct rng *r);
uint32_t rng_below(struct rng *r, uint32_t n);  /* 0 .. n-1; n > 0 */
int rng_between(struct rng *r, int lo, int hi); /* both included */
bool rng_chance(struct rng *r, int percent);
/* Skewed towards 0, as users, addresses and hosts are: about half the mass in the first tenth. */
uint32_t rng_skewed(struct rng *r, uint32_t n);
void rng_hex(struct rng *r, char *out, size_t digits);   /* lower case, no terminator */
void rng_base32(struct rng *r, char *out, size_t chars); /* A-Z 2-7, no terminator */
#define RNG_UUID 36
void rng_uuid(struct rng *r, char *out); /* RNG_UUID characters, version 4, no terminator */

#endif
