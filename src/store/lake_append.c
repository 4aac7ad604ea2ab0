#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "store/lake_int.h"

/* ---- files ---- */

int lake_batch_fd(struct lake *l, struct err *e)
{
	int fd = openat(l->dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		fd = memfd_create("batch", MFD_CLOEXEC);
	return fd < 0 ? err_errno(e, "making a batch file in %s/lake", l->dir) : fd;
}

static int copy_to(int from, int to)
{
	struct stat st;
	char *buf = xmalloc(1 << 20);
	off_t at = 0;
	int rc = fstat(from, &st);

	while (rc == 0 && at < st.st_size) {
		ssize_t n = pread(from, buf, 1 << 20, at);
		if (n <= 0 || pwrite(to, buf, (size_t)n, at) != n)
			rc = -1;
		at += n;
	}
	free(buf);
	return rc;
}

/* A nameless file of this folder gets a name; anything else is copied. */
static int name_file(struct lake *l, const char *name, int fd)
{
	char self[64];
	int to, rc;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, self, l->dirfd, name, AT_SYMLINK_FOLLOW) == 0)
		return fdatasync(fd);
	if (errno == ENOSPC || errno == EDQUOT)
		return -1;
	to = openat(l->dirfd, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (to < 0)
		return -1;
	rc = copy_to(fd, to) || fdatasync(to);
	rc |= close(to);
	return rc ? -1 : 0;
}

int lake_file_keep(struct lake *l, int64_t id, int fd, struct err *e)
{
	char name[32];

	lake_file_name(id, name);
	if (name_file(l, name, fd) == 0 && fsync(l->dirfd) == 0)
		return 0;
	err_errno(e, "storing a batch as lake/%s", name);
	unlinkat(l->dirfd, name, 0);
	return -1;
}

/* ---- a batch ---- */

const struct seg_part *lake_batch_parts(const uint8_t *base, uint64_t len, size_t *n, struct err *e)
{
	struct seg_foot f;
	uint64_t bytes;
	const uint8_t *parts;

	if (len >= sizeof(f)) {
		memcpy(&f, base + len - sizeof(f), sizeof(f));
		bytes = f.nparts * sizeof(struct seg_part);
		parts = base + len - sizeof(f) - bytes;
		if (memcmp(f.magic, SEG_BATCH_MAGIC, sizeof(f.magic)) == 0 &&
		    f.nparts < len / SEG_BLOCK + 1 && bytes <= len - sizeof(f) &&
		    XXH3_64bits(parts, bytes) == f.sum) {
			*n = f.nparts;
			return (const struct seg_part *)(const void *)parts;
		}
	}
	err_set(e, ERR_INVALID, "what a parser handed over is no whole batch of events");
	return NULL;
}

struct keys { /* a segment's sorted dedup keys and the rows that they belong to */
	const uint8_t *key;
	const uint32_t *row;
	uint32_t n;
};

static int keys_of(struct seg *s, struct keys *k, struct err *e)
{
	const struct seg_section *a = seg_section(s, SEG_KEYS), *b = seg_section(s, SEG_KEYROWS);

	k->n = s->head.rows;
	if (!a || !b || a->len < (uint64_t)k->n * SEG_KEY || b->len < (uint64_t)k->n * 4)
		return err_set(e, ERR_IO, "%s: no dedup keys", s->where);
	k->key = seg_bytes(s, a->off, a->len, e);
	k->row = k->key ? seg_bytes(s, b->off, b->len, e) : NULL;
	return k->row ? 0 : -1;
}

static int key_cmp(const struct keys *a, uint32_t i, const struct keys *b, uint32_t k)
{
	return memcmp(a->key + (size_t)i * SEG_KEY, b->key + (size_t)k * SEG_KEY, SEG_KEY);
}

static void mark(uint64_t *dead, uint32_t row, uint32_t rows)
{
	if (row < rows)
		dead[row / 64] |= UINT64_C(1) << (row % 64);
}

/* Of equal keys the lowest row stays: they are in row order. */
static void mark_repeats(const struct keys *k, uint64_t *dead)
{
	for (uint32_t i = 1; i < k->n; i++)
		if (key_cmp(k, i - 1, k, i) == 0)
			mark(dead, k->row[i], k->n);
}

static uint32_t first_at_least(const struct keys *in, uint32_t from, const struct keys *k,
                               uint32_t i)
{
	uint32_t lo = from, step = 1;

	while (lo + step <= in->n && key_cmp(in, lo + step - 1, k, i) < 0) {
		lo += step;
		step *= 2;
	}
	for (uint32_t hi = lo + step < in->n ? lo + step : in->n; lo < hi;) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (key_cmp(in, mid, k, i) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Both are sorted: walks the new keys and gallops through the old ones. */
static int mark_known(const struct keys *k, struct lake_seg *old, uint64_t *dead, struct err *e)
{
	struct keys have;
	uint32_t at = 0;

	if (lake_seg_open(old, e) || keys_of(&old->seg, &have, e))
		return -1;
	for (uint32_t i = 0; i < k->n && at < have.n; i++) {
		at = first_at_least(&have, at, k, i);
		for (uint32_t x = at; x < have.n && key_cmp(&have, x, k, i) == 0; x++)
			if (!lake_row_dead(old, have.row[x]))
				mark(dead, k->row[i], k->n);
	}
	return 0;
}

struct fresh { /* a part of the batch */
	struct seg seg;
	struct seg_part at;
	uint64_t *dead;
	uint32_t live;
};

static int open_fresh(struct lake *l, struct fresh *f, const uint8_t *base, uint64_t len,
                      struct err *e)
{
	struct keys k;
	uint32_t words;

	if (f->at.off > len || f->at.len > len - f->at.off || f->at.off % SEG_BLOCK)
		return err_set(e, ERR_INVALID,
		               "what a parser handed over is no whole batch of events");
	if (seg_open(&f->seg, base + f->at.off, f->at.len, "new batch", e) ||
	    keys_of(&f->seg, &k, e))
		return -1;
	words = (k.n + 63) / 64;
	f->dead = xcalloc(words + 1, sizeof(*f->dead));
	mark_repeats(&k, f->dead);
	for (size_t i = 0; i < l->segs.n; i++)
		if (strcmp(l->segs.v[i]->dataset, f->seg.head.dataset) == 0 &&
		    mark_known(&k, l->segs.v[i], f->dead, e))
			return -1;
	f->live = k.n;
	for (uint32_t i = 0; i < words; i++)
		f->live -= (uint32_t)__builtin_popcountll(f->dead[i]);
	return 0;
}

int lake_seg_insert(struct lake *l, int64_t file, const struct seg_part *part,
                    const struct seg_head *h, const struct lake_run *runs, size_t nruns,
                    const uint64_t *dead, uint32_t live, struct err *e)
{
	size_t nd = live == h->rows ? 0 : (h->rows + 63) / 64 * 8;

	return db_run(
	        &l->db, e,
	        "INSERT INTO "
	        "segment(file,off,len,dataset,rows,live,time_from,time_to,newest,untimed,raw_bytes,"
	        "runs,dead) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
	        "iiisiiiiiiibb", file, (int64_t)part->off, (int64_t)part->len, h->dataset,
	        (int64_t)h->rows, (int64_t)live, h->from, h->to, h->newest,
	        (int64_t)(h->untimed > 0), (int64_t)h->raw_bytes,
	        (struct slice){(const char *)runs, nruns * sizeof(*runs)},
	        (struct slice){(const char *)dead, nd});
}

static int take_number(struct lake *l, const char *key, int64_t n, int64_t *first, struct err *e)
{
	if (db_i64(&l->db, e, first, 0, "SELECT value FROM meta WHERE key=?", "s", key))
		return -1;
	return db_run(&l->db, e, "UPDATE meta SET value=value+? WHERE key=?", "is", n, key);
}

int lake_bump(struct lake *l, struct err *e)
{
	return db_run(&l->db, e, "UPDATE meta SET value=value+1 WHERE key='generation'", "");
}

static int insert_fresh(struct lake *l, int64_t import, int64_t file, struct fresh *f, size_t n,
                        struct lake_appended *out, struct err *e)
{
	out->first = out->last = EVENT_ID_NONE;
	for (size_t i = 0; i < n; i++) {
		int64_t first;
		if (f[i].live == 0)
			continue;
		if (take_number(l, "next_event", f[i].seg.head.rows, &first, e))
			return -1;
		struct lake_run run = {0, f[i].seg.head.rows, (event_id)first, import};
		if (lake_seg_insert(l, file, &f[i].at, &f[i].seg.head, &run, 1, f[i].dead,
		                    f[i].live, e))
			return -1;
		out->first = out->first == EVENT_ID_NONE ? run.first : out->first;
		out->last = run.first + run.rows - 1;
	}
	return 0;
}

static int append_rows(struct lake *l, int64_t import, int64_t file, struct fresh *f, size_t n,
                       uint64_t bytes, struct lake_appended *out, struct err *e)
{
	if (db_begin(&l->db, e))
		return -1;
	if (insert_fresh(l, import, file, f, n, out, e) ||
	    db_run(&l->db, e,
	           "UPDATE import SET events=events+?, duplicates=duplicates+?, bytes=bytes+? "
	           "WHERE id=?",
	           "iiii", (int64_t)out->added, (int64_t)out->duplicates, (int64_t)bytes, import) ||
	    (file &&
	     db_run(&l->db, e, "UPDATE meta SET value=? WHERE key='next_file'", "i", file + 1)) ||
	    lake_bump(l, e)) {
		db_rollback(&l->db);
		return -1;
	}
	return db_commit(&l->db, e);
}

/* The file first, then the rows that name it. A failure in between leaves a file that nobody names.
 */
static int append_parts(struct lake *l, int64_t import, int fd, struct fresh *f, size_t n,
                        struct lake_appended *out, struct err *e)
{
	uint64_t bytes = 0;
	int64_t file = 0;
	char name[32];

	for (size_t i = 0; i < n; i++) {
		out->added += f[i].live;
		out->duplicates += f[i].seg.head.rows - f[i].live;
		bytes += f[i].live ? f[i].seg.head.raw_bytes : 0;
	}
	if (out->added &&
	    (db_i64(&l->db, e, &file, 1, "SELECT value FROM meta WHERE key='next_file'", "") ||
	     lake_file_keep(l, file, fd, e)))
		return -1;
	if (append_rows(l, import, file, f, n, bytes, out, e) == 0)
		return lake_load(l, e);
	lake_file_name(file, name);
	if (file)
		unlinkat(l->dirfd, name, 0);
	return -1;
}

static int name_duplicates(struct fresh *f, struct map *by_file, struct err *e)
{
	struct seg_col *c;

	if (f->live == f->seg.head.rows)
		return 0;
	if (seg_col_file(&f->seg, &c, e) || (c && seg_col_load(&f->seg, c, e)))
		return -1;
	for (uint32_t row = 0; c && row < f->seg.head.rows; row++) {
		uint32_t code = f->dead[row / 64] >> (row % 64) & 1 ? seg_code(&f->seg, c, row) : 0;
		struct slice name = code ? seg_value_at(&f->seg, c, code) : SLICE("");
		if (code)
			map_put(by_file, name.s, name.n, NULL)->val.u++;
	}
	return 0;
}

static int append_mapped(struct lake *l, int64_t import, int fd, const uint8_t *base, uint64_t len,
                         struct lake_appended *out, struct err *e)
{
	size_t n = 0, opened = 0;
	const struct seg_part *parts = lake_batch_parts(base, len, &n, e);
	struct fresh *f = xcalloc(n + 1, sizeof(*f));
	int rc = parts ? 0 : -1;

	for (; rc == 0 && opened < n; opened++) {
		f[opened].at = parts[opened];
		rc = open_fresh(l, &f[opened], base, len, e);
	}
	for (size_t i = 0; rc == 0 && out->duplicates_by_file && i < n; i++)
		rc = name_duplicates(&f[i], out->duplicates_by_file, e);
	if (rc == 0)
		rc = append_parts(l, import, fd, f, n, out, e);
	for (size_t i = 0; i < opened; i++) {
		seg_close(&f[i].seg);
		free(f[i].dead);
	}
	free(f);
	return rc;
}

int lake_append(struct lake *l, int64_t import, int batch_fd, struct lake_appended *out,
                struct err *e)
{
	struct stat st;
	void *base;
	int rc;

	*out = (struct lake_appended){.first = EVENT_ID_NONE,
	                              .last = EVENT_ID_NONE,
	                              .duplicates_by_file = out->duplicates_by_file};
	if (fstat(batch_fd, &st) < 0)
		return err_errno(e, "a batch of events");
	base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, batch_fd, 0);
	if (base == MAP_FAILED)
		return err_errno(e, "mapping a batch of events");
	rc = append_mapped(l, import, batch_fd, base, (uint64_t)st.st_size, out, e);
	munmap(base, (size_t)st.st_size);
	return rc;
}
