#include "base/map.h"

uint64_t mw_hash(const void *p, size_t n)
{
	const unsigned char *b = p;
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * UINT64_C(1099511628211);
	return h ^ (h >> 32);
}

void map_release(struct map *m)
{
	free(m->entries);
	free(m->slots);
	arena_release(&m->keys);
	*m = (struct map)MAP_INIT;
}

/* The slot that holds the key, or the free one where it belongs. nslots is a power of two and never
 * full. */
static size_t find_slot(const struct map *m, const void *key, size_t len, uint64_t hash)
{
	size_t i = hash & (m->nslots - 1);

	for (;; i = (i + 1) & (m->nslots - 1)) {
		const struct map_entry *e;
		if (!m->slots[i])
			return i;
		e = &m->entries[m->slots[i] - 1];
		if (e->hash == hash && e->len == len && (len == 0 || memcmp(e->key, key, len) == 0))
			return i;
	}
}

static void rehash(struct map *m)
{
	m->nslots = m->nslots ? m->nslots * 2 : 16;
	if (m->nslots > UINT32_MAX / 2)
		mw_oom();
	free(m->slots);
	m->slots = xcalloc(m->nslots, sizeof(*m->slots));
	for (size_t i = 0; i < m->n; i++) {
		size_t at = m->entries[i].hash & (m->nslots - 1);
		while (m->slots[at])
			at = (at + 1) & (m->nslots - 1);
		m->slots[at] = (uint32_t)(i + 1);
	}
}

struct map_entry *map_get(const struct map *m, const void *key, size_t len)
{
	size_t at;

	if (m->n == 0)
		return NULL;
	at = find_slot(m, key, len, mw_hash(key, len));
	return m->slots[at] ? &m->entries[m->slots[at] - 1] : NULL;
}

struct map_entry *map_get_str(const struct map *m, const char *key)
{
	return map_get(m, key, strlen(key));
}

static char *copy_key(struct map *m, const void *key, size_t len)
{
	char *p = arena_alloc(&m->keys, len + 1);

	if (len)
		memcpy(p, key, len);
	p[len] = '\0';
	return p;
}

struct map_entry *map_put(struct map *m, const void *key, size_t len, bool *added)
{
	uint64_t hash = mw_hash(key, len);
	struct map_entry *e;
	size_t at;

	if (m->n + 1 > m->nslots / 4 * 3)
		rehash(m);
	at = find_slot(m, key, len, hash);
	if (added)
		*added = !m->slots[at];
	if (m->slots[at])
		return &m->entries[m->slots[at] - 1];
	if (m->n == m->cap)
		m->entries = vec_grow(m->entries, &m->cap, sizeof(*m->entries));
	e = &m->entries[m->n++];
	*e = (struct map_entry){.key = copy_key(m, key, len), .len = len, .hash = hash};
	m->slots[at] = (uint32_t)m->n;
	return e;
}

struct map_entry *map_put_str(struct map *m, const char *key, bool *added)
{
	return map_put(m, key, strlen(key), added);
}
