/*
 * Hash map from bytes to a 64-bit value (a number or a pointer). Keys are copied. Iteration order is insertion order as
 * long as nothing is deleted. One thread.
 */
#ifndef MW_MAP_H
#define MW_MAP_H

#include "base/buf.h"
#include "base/mem.h"

struct map_entry {
	const char *key; /* NUL-terminated as well */
	size_t len;
	uint64_t hash;
	union {
		uint64_t u;
		void *p;
	} val;
};
struct map {
	struct map_entry *entries;
	uint32_t *slots; /* index + 1 */
	size_t n, cap, nslots;
	struct arena keys;
};
#define MAP_INIT  \
	{         \
		0 \
	}
void map_release(struct map *m);
struct map_entry *map_get(const struct map *m, const void *key, size_t len);
struct map_entry *map_get_str(const struct map *m, const char *key);
/* Finds or adds; *added may be NULL. A new entry's value is 0. The pointer holds until the next put. */
struct map_entry *map_put(struct map *m, const void *key, size_t len, bool *added);
struct map_entry *map_put_str(struct map *m, const char *key, bool *added);
uint64_t mw_hash(const void *p,
                 size_t n); /* fast, not secret; stable over runs and machines (FNV-1a folded) */

#endif
