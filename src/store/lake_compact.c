/*
 * Merging small neighbours: a live feed leaves many segments of a few events, an undone import leaves dead rows. Rows are
 * built anew from their stored form (no log is parsed again), in the order of their ids, which stay: a merged segment has
 * several runs of ids. Values of fields that this build does not know any more are left out; the raw records have them.
 */
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/lake_int.h"

#define SMALL_SHARE \
	4 /* a segment is small below this part of a full one, or has more dead rows than this part */

#define MANY 8 /* small neighbours that are worth a merge; fewer would be written again and again */
#define ROWS_ASK 256 /* rows between two looks at whether to stop */

struct group { /* segments[from..to) of one dataset, in id order */
	struct lake_seg **segs;
	size_t n;
};

static bool mostly_dead(const struct lake_seg *s)
{
	return s->live < s->rows - s->rows / SMALL_SHARE;
}

static bool wants_merging(const struct lake_seg *s)
{
	return mostly_dead(s) || (s->live < SEG_ROWS_MAX / SMALL_SHARE &&
	                          s->raw_bytes < LAKE_BATCH_BYTES / SMALL_SHARE);
}

static bool worth_it(const struct group *g)
{
	bool dead = false;

	for (size_t i = 0; i < g->n; i++)
		dead |= mostly_dead(g->segs[i]);
	return dead || g->n >= MANY;
}

/* The next run of neighbours that go into one segment together and are worth it. */
static bool next_group(struct lake_seg **of, size_t n, size_t *at, struct group *g)
{
	while (*at < n) {
		uint64_t rows = 0, bytes = 0;
		size_t k = *at;
		for (; k < n && wants_merging(of[k]); k++) {
			rows += of[k]->live;
			bytes += of[k]->raw_bytes;
			if (rows >= SEG_ROWS_MAX || bytes > LAKE_BATCH_BYTES)
				break;
		}
		*g = (struct group){of + *at, k - *at};
		*at = k > *at ? k : *at + 1;
		if (worth_it(g))
			return true;
	}
	return false;
}

struct runs {
	VEC(struct lake_run) v;
	uint32_t rows;
};

static int64_t import_of(const struct lake_seg *s, uint32_t row)
{
	size_t i = 0;

	while (i + 1 < s->nruns && s->runs[i + 1].row <= row)
		i++;
	return s->runs[i].import;
}

static void add_run(struct runs *r, event_id id, int64_t import)
{
	struct lake_run *last = r->v.n ? &r->v.v[r->v.n - 1] : NULL;

	if (last && last->import == import && last->first + last->rows == id)
		last->rows++;
	else
		*vec_push(&r->v) = (struct lake_run){r->rows, 1, id, import};
	r->rows++;
}

struct asked { /* whether to stop */
	bool (*stop)(void *);
	void *ctx;
	bool stopped;
};

static bool goes_on(struct asked *a)
{
	a->stopped |= a->stop && a->stop(a->ctx);
	return !a->stopped;
}

/* Stopped: b is not complete. */
static int rebuild(struct group *g, struct lake_builder *b, struct runs *runs, struct asked *ask,
                   struct err *e)
{
	struct arena a = ARENA_INIT;
	struct seg_raw raw = {0};
	struct event ev = {0};
	int rc = 0;

	for (size_t i = 0; i < g->n && rc == 0 && !ask->stopped; i++) {
		struct lake_seg *s = g->segs[i];
		for (uint32_t row = 0; row < s->rows && rc == 0; row++) {
			if (row % ROWS_ASK == 0 && !goes_on(ask))
				break;
			if (lake_row_dead(s, row))
				continue;
			rc = lake_row_event(s, row, &raw, true, &a, &ev, e) ||
			                     lake_builder_add(b, &ev, e)
			             ? -1
			             : 0;
			add_run(runs, lake_row_id(s, row), import_of(s, row));
			arena_reset(&a);
		}
	}
	event_release(&ev);
	seg_raw_release(&raw);
	arena_release(&a);
	return rc;
}

/* Into lake.db in one step: the new segment comes as the old ones go. */
static int replace(struct lake *l, struct group *g, int64_t file, const struct seg_part *part,
                   const struct seg_head *h, const struct runs *runs, struct err *e)
{
	int rc;

	if (db_begin(&l->db, e))
		return -1;
	rc = lake_seg_insert(l, file, part, h, runs->v.v, runs->v.n, NULL, h->rows, e);
	for (size_t i = 0; i < g->n && rc == 0; i++)
		rc = db_run(&l->db, e, "DELETE FROM segment WHERE id=?", "i", g->segs[i]->id);
	if (rc == 0)
		rc = db_run(&l->db, e, "UPDATE meta SET value=? WHERE key='next_file'", "i",
		            file + 1);
	if (rc == 0)
		rc = lake_bump(l, e);
	if (rc == 0)
		return db_commit(&l->db, e);
	db_rollback(&l->db);
	return -1;
}

static int store(struct lake *l, struct group *g, int fd, const uint8_t *base, uint64_t len,
                 const struct runs *runs, struct err *e)
{
	size_t n = 0;
	const struct seg_part *part = lake_batch_parts(base, len, &n, e);
	struct seg fresh;
	int64_t file = 0;
	int rc;

	if (!part || n != 1 || seg_open(&fresh, base + part->off, part->len, "merged segment", e))
		return -1;
	rc = db_i64(&l->db, e, &file, 1, "SELECT value FROM meta WHERE key='next_file'", "");
	if (rc == 0)
		rc = lake_file_keep(l, file, fd, e);
	if (rc == 0)
		rc = replace(l, g, file, part, &fresh.head, runs, e);
	seg_close(&fresh);
	return rc;
}

static int merge(struct lake *l, struct group *g, struct asked *ask, struct err *e)
{
	struct lake_builder *b = lake_builder_new();
	struct runs runs = {0};
	struct stat st;
	void *base = MAP_FAILED;
	int fd = lake_batch_fd(l, e), rc = fd < 0 ? -1 : rebuild(g, b, &runs, ask, e);
	bool whole = rc == 0 && goes_on(ask);

	if (whole)
		rc = lake_builder_finish(b, fd, e);
	if (whole && rc == 0 &&
	    (fstat(fd, &st) < 0 ||
	     (base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0)) == MAP_FAILED))
		rc = err_errno(e, "mapping a merged segment");
	if (whole && rc == 0)
		rc = store(l, g, fd, base, (uint64_t)st.st_size, &runs, e);
	if (base != MAP_FAILED)
		munmap(base, (size_t)st.st_size);
	if (fd >= 0)
		close(fd);
	vec_free(&runs.v);
	lake_builder_free(b);
	return rc;
}

/* Segments of one dataset, in id order, at most once each. */
static size_t of_dataset(struct lake *l, const char *dataset, struct lake_seg **out)
{
	size_t n = 0;

	for (size_t i = 0; i < l->segs.n; i++)
		if (strcmp(l->segs.v[i]->dataset, dataset) == 0)
			out[n++] = l->segs.v[i];
	return n;
}

static bool first_of_dataset(const struct lake *l, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(l->segs.v[k]->dataset, l->segs.v[i]->dataset) == 0)
			return false;
	return true;
}

/* The first group of any dataset. of holds the segments that it speaks of. */
static bool find_group(struct lake *l, struct lake_seg **of, struct group *g)
{
	for (size_t i = 0; i < l->segs.n; i++) {
		size_t at = 0;
		if (first_of_dataset(l, i) &&
		    next_group(of, of_dataset(l, l->segs.v[i]->dataset, of), &at, g))
			return true;
	}
	return false;
}

int lake_compact(struct lake *l, bool (*stop)(void *), void *ctx, bool *more, struct err *e)
{
	struct lake_seg **of = xcalloc(l->segs.n + 1, sizeof(struct lake_seg *));
	struct asked ask = {.stop = stop, .ctx = ctx};
	struct group g;
	int rc = 0;

	*more = find_group(l, of, &g);
	if (*more) {
		rc = merge(l, &g, &ask, e);
		*more = rc == 0 && !ask.stopped;
		if (lake_load(l, rc ? NULL : e))
			rc = -1;
		lake_sweep(l);
	}
	free(of);
	return rc;
}
