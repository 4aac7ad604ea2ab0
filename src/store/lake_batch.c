#include "store/lake_batch.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "store/lake_int.h"

_Static_assert(LAKE_KEY_BYTES == SEG_KEY, "one kind of key");

struct part {
	const uint8_t *keys;  /* sorted */
	const uint32_t *rows; /* that they belong to */
	uint32_t *place;      /* row -> place of its key */
};
struct lake_batch {
	struct lake lake;
	struct lake_file file;
	struct part *parts;
};

/* ---- opening ---- */

static void drop_row(struct lake_seg *s, uint32_t row)
{
	uint64_t bit = UINT64_C(1) << (row % 64);

	if (!s->dead)
		s->dead = xcalloc((size_t)s->rows / 64 + 1, sizeof(*s->dead));
	if (row < s->rows && !(s->dead[row / 64] & bit)) {
		s->dead[row / 64] |= bit;
		s->live--;
	}
}

static int open_keys(struct lake_seg *s, struct part *p, struct err *e)
{
	const struct seg_section *k = seg_section(&s->seg, SEG_KEYS),
	                         *r = seg_section(&s->seg, SEG_KEYROWS);

	if (!k || !r || k->len < (uint64_t)s->rows * SEG_KEY || r->len < (uint64_t)s->rows * 4)
		return err_set(e, ERR_IO, "%s: no dedup keys", s->seg.where);
	p->keys = seg_bytes(&s->seg, k->off, k->len, e);
	p->rows = p->keys ? seg_bytes(&s->seg, r->off, r->len, e) : NULL;
	if (!p->rows)
		return -1;
	p->place = xcalloc((size_t)s->rows + 1, sizeof(*p->place));
	for (uint32_t i = 0; i < s->rows; i++) {
		if (p->rows[i] >= s->rows)
			return err_set(e, ERR_IO, "%s: damaged dedup keys", s->seg.where);
		p->place[p->rows[i]] = i;
		/* of equal keys the lowest row stays: they are in row order */
		if (i && memcmp(p->keys + (size_t)(i - 1) * SEG_KEY, p->keys + (size_t)i * SEG_KEY,
		                SEG_KEY) == 0)
			drop_row(s, p->rows[i]);
	}
	return 0;
}

static int add_part(struct lake_batch *b, size_t i, const struct seg_part *at, struct err *e)
{
	struct lake_seg *s = xcalloc(1, sizeof(*s));
	const struct seg_head *h;

	*vec_push(&b->lake.segs) = s;
	*s = (struct lake_seg){.id = (int64_t)i, .file = &b->file, .off = at->off, .len = at->len};
	if (at->off > b->file.len || at->len > b->file.len - at->off || at->off % SEG_BLOCK)
		return err_set(e, ERR_INVALID,
		               "what a parser handed over is no whole batch of events");
	if (seg_open(&s->seg, b->file.base + at->off, at->len, "new batch", e))
		return -1;
	s->open = true;
	h = &s->seg.head;
	memcpy(s->dataset, h->dataset, sizeof(s->dataset));
	s->dataset[sizeof(s->dataset) - 1] = '\0';
	s->rows = s->live = h->rows;
	s->from = h->from;
	s->to = h->to;
	s->newest = h->newest;
	s->untimed = h->untimed > 0;
	s->raw_bytes = h->raw_bytes;
	return open_keys(s, &b->parts[i], e);
}

int lake_batch_open(struct lake_batch **out, int fd, struct err *e)
{
	struct lake_batch *b = xcalloc(1, sizeof(*b));
	const struct seg_part *parts;
	struct stat st;
	void *base;
	size_t n = 0;

	*out = b;
	b->lake.generation = 1;
	if (fstat(fd, &st) < 0)
		return err_errno(e, "a batch of events");
	base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return err_errno(e, "mapping a batch of events");
	b->file.base = base;
	b->file.len = (uint64_t)st.st_size;
	parts = lake_batch_parts(base, b->file.len, &n, e);
	b->parts = xcalloc(n + 1, sizeof(*b->parts));
	for (size_t i = 0; parts && i < n; i++)
		if (add_part(b, i, &parts[i], e))
			return -1;
	return parts ? 0 : -1;
}

void lake_batch_close(struct lake_batch *b)
{
	if (!b)
		return;
	seg_raw_release(&b->lake.raw);
	for (size_t i = 0; i < b->lake.segs.n; i++) {
		struct lake_seg *s = b->lake.segs.v[i];
		if (s->open)
			seg_close(&s->seg);
		free(b->parts[i].place);
		free(s->dead);
		free(s);
	}
	vec_free(&b->lake.segs);
	if (b->file.base)
		munmap((void *)(uintptr_t)b->file.base, b->file.len);
	free(b->parts);
	free(b);
}

/* ---- reading ---- */

size_t lake_batch_parts_of(const struct lake_batch *b)
{
	return b->lake.segs.n;
}

struct lake_batch_part lake_batch_part(const struct lake_batch *b, size_t part)
{
	const struct lake_seg *s = b->lake.segs.v[part];

	return (struct lake_batch_part){s->dataset, s->rows, s->live, s->from, s->to, s->untimed};
}

const uint8_t *lake_batch_key(const struct lake_batch *b, size_t part, uint32_t row)
{
	const struct part *p = &b->parts[part];

	return p->keys + (size_t)p->place[row] * SEG_KEY;
}

bool lake_batch_dropped(const struct lake_batch *b, size_t part, uint32_t row)
{
	return lake_row_dead(b->lake.segs.v[part], row);
}

void lake_batch_drop(struct lake_batch *b, size_t part, uint32_t row)
{
	drop_row(b->lake.segs.v[part], row);
}

void lake_batch_drop_key(struct lake_batch *b, size_t part, const uint8_t key[LAKE_KEY_BYTES])
{
	struct lake_seg *s = b->lake.segs.v[part];
	const struct part *p = &b->parts[part];
	uint32_t lo = 0, hi = s->rows;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (memcmp(p->keys + (size_t)mid * SEG_KEY, key, SEG_KEY) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < s->rows && memcmp(p->keys + (size_t)lo * SEG_KEY, key, SEG_KEY) == 0; lo++)
		drop_row(s, p->rows[lo]);
}

int lake_batch_event(struct lake_batch *b, size_t part, uint32_t row, struct arena *a,
                     struct event *out, struct err *e)
{
	return lake_row_event(b->lake.segs.v[part], row, &b->lake.raw, true, a, out, e);
}

int lake_batch_dropped_by_file(struct lake_batch *b, struct map *out, struct err *e)
{
	for (size_t i = 0; i < b->lake.segs.n; i++) {
		struct lake_seg *s = b->lake.segs.v[i];
		struct slice name;
		for (uint32_t row = 0; s->dead && row < s->rows; row++) {
			if (!lake_row_dead(s, row))
				continue;
			if (lake_row_file(s, row, &name, e))
				return -1;
			map_put(out, name.s, name.n, NULL)->val.u++;
		}
	}
	return 0;
}

struct lake *lake_batch_lake(struct lake_batch *b)
{
	return &b->lake;
}

/* ---- a part of it ---- */

struct picking {
	int to;
	uint64_t at;
	VEC(struct seg_part) parts;
};

static int put(struct picking *p, const void *bytes, size_t n, struct err *e)
{
	const uint8_t *from = bytes;

	while (n > 0) {
		ssize_t k = pwrite(p->to, from, n, (off_t)p->at);
		if (k <= 0)
			return err_errno(e, "writing a batch of events");
		from += k;
		n -= (size_t)k;
		p->at += (uint64_t)k;
	}
	return 0;
}

static uint64_t next_block(uint64_t at)
{
	return (at + SEG_BLOCK - 1) / SEG_BLOCK * SEG_BLOCK;
}

static int put_end(struct picking *p, struct err *e)
{
	size_t bytes = p->parts.n * sizeof(struct seg_part);
	struct seg_foot foot = {.nparts = p->parts.n, .magic = SEG_BATCH_MAGIC};

	foot.sum = XXH3_64bits(p->parts.v, bytes);
	p->at = next_block(p->at);
	return put(p, p->parts.v, bytes, e) || put(p, &foot, sizeof(foot), e) ? -1 : 0;
}

int lake_batch_pick(int fd, bool (*wanted)(const char *dataset), int to, size_t *n, struct err *e)
{
	struct picking p = {.to = to};
	struct lake_batch *b;
	int rc = lake_batch_open(&b, fd, e);

	*n = 0;
	for (size_t i = 0; rc == 0 && i < b->lake.segs.n; i++) {
		const struct lake_seg *s = b->lake.segs.v[i];
		if (!wanted(s->dataset))
			continue;
		p.at = next_block(p.at);
		*vec_push(&p.parts) = (struct seg_part){p.at, s->len};
		rc = put(&p, b->file.base + s->off, s->len, e);
	}
	*n = p.parts.n;
	if (rc == 0 && *n)
		rc = put_end(&p, e);
	lake_batch_close(b);
	vec_free(&p.parts);
	return rc;
}
