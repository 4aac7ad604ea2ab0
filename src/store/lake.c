#include "store/lake_int.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "lake"
#define LOAD_TRIES \
	5 /* a writer may remove files between our reading of the list and the mapping \
	              */

static const char *const schema[] = {
        "CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
        "INSERT INTO meta VALUES('generation',1),('next_event',1),('next_file',1);"
        "CREATE TABLE import(id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT, at INTEGER NOT "
        "NULL, events INTEGER NOT NULL"
        " DEFAULT 0, duplicates INTEGER NOT NULL DEFAULT 0, rejected INTEGER NOT NULL DEFAULT 0, "
        "bytes INTEGER NOT NULL DEFAULT 0,"
        " undone INTEGER NOT NULL DEFAULT 0);"
        "CREATE TABLE reject(id INTEGER PRIMARY KEY, import INTEGER NOT NULL REFERENCES "
        "import(id), file TEXT NOT NULL,"
        " line INTEGER NOT NULL, reason TEXT NOT NULL, raw BLOB NOT NULL, cut INTEGER NOT NULL);"
        "CREATE TABLE segment(id INTEGER PRIMARY KEY AUTOINCREMENT, file INTEGER NOT NULL, off "
        "INTEGER NOT NULL,"
        " len INTEGER NOT NULL, dataset TEXT NOT NULL, rows INTEGER NOT NULL, live INTEGER NOT "
        "NULL, time_from INTEGER NOT NULL,"
        " time_to INTEGER NOT NULL, newest INTEGER NOT NULL, untimed INTEGER NOT NULL, raw_bytes "
        "INTEGER NOT NULL,"
        " runs BLOB NOT NULL, dead BLOB);",
};

/* ---- segments in memory ---- */

void lake_file_name(int64_t id, char out[32])
{
	snprintf(out, 32, "%08lld.seg", (long long)id);
}

int lake_seg_open(struct lake_seg *s, struct err *e)
{
	char where[96], name[32];

	if (s->open)
		return 0;
	lake_file_name(s->file->id, name);
	snprintf(where, sizeof(where), "lake/%s at %llu", name, (unsigned long long)s->off);
	if (s->off > s->file->len || s->len > s->file->len - s->off)
		return err_set(e, ERR_IO,
		               "%s: the file is too short; import its logs again after `midwatch "
		               "lake drop`",
		               where);
	if (seg_open(&s->seg, s->file->base + s->off, s->len, where, e))
		return -1;
	if (s->seg.head.rows != s->rows) {
		seg_close(&s->seg);
		return err_set(e, ERR_IO, "%s: not the segment that lake.db expects", where);
	}
	s->open = true;
	return 0;
}

static void seg_free(struct lake_seg *s)
{
	if (s->open)
		seg_close(&s->seg);
	s->file->users--;
	free(s->runs);
	free(s->dead);
	free(s);
}

static void unmap_unused(struct lake *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->files.n; i++) {
		struct lake_file *f = l->files.v[i];
		if (f->users) {
			l->files.v[kept++] = f;
			continue;
		}
		munmap((void *)(uintptr_t)f->base, f->len);
		free(f);
	}
	l->files.n = kept;
}

static struct lake_file *map_file(struct lake *l, int64_t id, struct err *e)
{
	char name[32];
	struct stat st;
	void *base;
	int fd;

	for (size_t i = l->files.n; i > 0; i--)
		if (l->files.v[i - 1]->id == id)
			return l->files.v[i - 1];
	lake_file_name(id, name);
	fd = openat(l->dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0) {
		err_errno(e, "lake/%s", name);
		if (e && errno == ENOENT)
			e->code = ERR_NOT_FOUND;
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (base == MAP_FAILED) {
		err_errno(e, "mapping lake/%s", name);
		return NULL;
	}
	/* A needle reads a page here and there: the kernel shall not guess more; segment.c announces longer reads. */
	madvise(base, (size_t)st.st_size, MADV_RANDOM);
	struct lake_file *f = xcalloc(1, sizeof(*f));
	*f = (struct lake_file){.id = id, .base = base, .len = (uint64_t)st.st_size};
	*vec_push(&l->files) = f;
	return f;
}

static bool in_memory(const struct lake_file *f)
{
	size_t pages = (f->len + SEG_BLOCK - 1) / SEG_BLOCK, missing = 0;
	uint8_t *is = xcalloc(pages + 1, 1);
	bool known = mincore((void *)(uintptr_t)f->base, f->len, is) == 0;

	for (size_t i = 0; i < pages; i++)
		missing += !(is[i] & 1);
	free(is);
	return known && missing == 0;
}

bool lake_warm(struct lake *l)
{
	for (size_t i = 0; i < l->files.n; i++) {
		struct lake_file *f = l->files.v[i];
		if (f->mapped)
			continue;
		f->mapped = true;
		if (in_memory(f))
			(void)madvise((void *)(uintptr_t)f->base, f->len, MADV_POPULATE_READ);
		return true;
	}
	return false;
}

static void *copy_blob(sqlite3_stmt *q, int col, size_t *n)
{
	struct slice b = db_col(q, col);
	void *p = b.n ? xmalloc(b.n) : NULL;

	if (p)
		memcpy(p, b.s, b.n);
	*n = b.n;
	return p;
}

/* The directory stands at a segment's end, and is read first. */
#define TAIL (48u * 1024)
static void want_directory(const struct lake_seg *s)
{
	uint64_t from = s->off + (s->len > TAIL ? s->len - TAIL : 0);

	if (s->off <= s->file->len && s->len <= s->file->len - s->off)
		madvise((void *)(uintptr_t)(s->file->base + from / SEG_BLOCK * SEG_BLOCK),
		        s->off + s->len - from / SEG_BLOCK * SEG_BLOCK, MADV_WILLNEED);
}

static struct lake_seg *seg_from_row(struct lake *l, sqlite3_stmt *q, struct err *e)
{
	struct lake_file *f = map_file(l, sqlite3_column_int64(q, 1), e);
	size_t n;

	if (!f)
		return NULL;
	struct lake_seg *s = xcalloc(1, sizeof(*s));
	f->users++;
	s->file = f;
	s->id = sqlite3_column_int64(q, 0);
	s->off = (uint64_t)sqlite3_column_int64(q, 2);
	s->len = (uint64_t)sqlite3_column_int64(q, 3);
	snprintf(s->dataset, sizeof(s->dataset), "%s", db_text(q, 4));
	s->rows = (uint32_t)sqlite3_column_int64(q, 5);
	s->live = (uint32_t)sqlite3_column_int64(q, 6);
	s->from = sqlite3_column_int64(q, 7);
	s->to = sqlite3_column_int64(q, 8);
	s->newest = sqlite3_column_int64(q, 9);
	s->untimed = sqlite3_column_int64(q, 10) != 0;
	s->raw_bytes = (uint64_t)sqlite3_column_int64(q, 11);
	s->runs = copy_blob(q, 12, &n);
	s->nruns = n / sizeof(*s->runs);
	s->dead = copy_blob(q, 13, &n);
	if (s->nruns && s->rows <= SEG_ROWS_MAX && (!s->dead || n >= (s->rows + 63) / 64 * 8))
		return s;
	seg_free(s);
	err_set(e, ERR_IO,
	        "lake.db: a segment's row is damaged; `midwatch lake drop` and import again");
	return NULL;
}

static int by_first(const void *a, const void *b)
{
	const struct lake_seg *x = *(struct lake_seg *const *)a, *y = *(struct lake_seg *const *)b;

	return (x->runs[0].first > y->runs[0].first) - (x->runs[0].first < y->runs[0].first);
}

/* Segments that stayed keep what is open of them; both lists are in order of their first ids. */
static void adopt(struct lake_seg **fresh, size_t n, struct lake_seg **old, size_t nold)
{
	for (size_t i = 0, k = 0; i < n; i++) {
		while (k < nold && by_first(&old[k], &fresh[i]) < 0)
			k++;
		if (k == nold || old[k]->id != fresh[i]->id || !old[k]->open)
			continue;
		fresh[i]->seg = old[k]->seg;
		fresh[i]->open = true;
		old[k]->open = false;
	}
}

static int load_once(struct lake *l, struct err *e)
{
	struct lake_seg **old = l->segs.v;
	size_t nold = l->segs.n;
	sqlite3_stmt *q;
	int rc = -1;

	/* First the generation: a change between the two is then seen by the next refresh. */
	if (db_i64(&l->db, e, &l->generation, 0, "SELECT value FROM meta WHERE key='generation'",
	           ""))
		return -1;
	q = db_query(&l->db, e, "SELECT * FROM segment", "");
	l->segs.v = NULL;
	l->segs.n = l->segs.cap = 0;
	while (q && (rc = db_step(&l->db, q, e)) == 1) {
		struct lake_seg *s = seg_from_row(l, q, e);
		if (!s) {
			db_done(q);
			rc = -1;
			break;
		}
		want_directory(s);
		*vec_push(&l->segs) = s;
	}
	if (l->segs.n)
		qsort(l->segs.v, l->segs.n, sizeof(*l->segs.v), by_first);
	adopt(l->segs.v, l->segs.n, old, nold);
	for (size_t i = 0; i < nold; i++)
		seg_free(old[i]);
	free(old);
	l->raw.frame = NULL;
	unmap_unused(l);
	return rc;
}

int lake_load(struct lake *l, struct err *e)
{
	int rc = -1;

	for (int i = 0; i < LOAD_TRIES && rc < 0; i++) {
		rc = load_once(l, e);
		if (rc < 0 && (!e || e->code != ERR_NOT_FOUND))
			break;
	}
	return rc < 0 ? -1 : 0;
}

/* ---- opening ---- */

static int open_folder(struct lake *l, struct err *e)
{
	char *path = xasprintf("%s/" FOLDER, l->dir);
	int rc = 0;

	if (l->mode == LAKE_WRITE && mkdir(path, 0700) < 0 && errno != EEXIST)
		rc = err_errno(e, "making %s", path);
	if (rc == 0) {
		l->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (l->dirfd < 0)
			rc = err_errno(e, "opening %s", path);
	}
	free(path);
	return rc;
}

static int take_lock(struct lake *l, struct err *e)
{
	l->lock = openat(l->dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (l->lock < 0)
		return err_errno(e, "%s/" FOLDER "/lock", l->dir);
	if (flock(l->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return err_set(
		        e, ERR_CONFLICT,
		        "another process is writing to the lake in %s; wait for its import to end",
		        l->dir);
	return err_errno(e, "locking %s/" FOLDER, l->dir);
}

/* The writer makes the file first and its tables a moment later. */
static int leave_unfinished(struct lake *l, struct err *e)
{
	int64_t version;

	if (db_i64(&l->db, e, &version, 0, "PRAGMA user_version", ""))
		return -1;
	if (version)
		return 0;
	db_close(&l->db);
	l->present = false;
	return 0;
}

/* A reader of a state directory that has no lake yet sees an empty one. */
static int open_db(struct lake *l, struct err *e)
{
	char *path = xasprintf("%s/lake.db", l->dir);
	int rc = 0;

	if (l->mode == LAKE_WRITE || access(path, F_OK) == 0) {
		rc = db_open(&l->db, path, l->mode == LAKE_WRITE ? DB_WRITE : DB_READ, NULL, e);
		l->present = rc == 0;
		if (rc == 0 && l->mode == LAKE_WRITE)
			rc = db_migrate(&l->db, schema, ARRAY_LEN(schema), e);
		else if (rc == 0)
			rc = leave_unfinished(l, e);
		if (rc == 0 && l->present && l->dirfd < 0)
			rc = open_folder(l, e);
		if (rc == 0 && l->present)
			rc = lake_load(l, e);
	}
	free(path);
	return rc;
}

int lake_open(struct lake **out, const char *dir, enum lake_mode mode, struct err *e)
{
	struct lake *l = xcalloc(1, sizeof(*l));

	*l = (struct lake){.mode = mode, .dir = xstrdup(dir), .dirfd = -1, .lock = -1};
	if ((mode == LAKE_WRITE && (open_folder(l, e) || take_lock(l, e))) || open_db(l, e)) {
		lake_close(l);
		return -1;
	}
	if (mode == LAKE_WRITE)
		lake_sweep(l);
	*out = l;
	return 0;
}

void lake_close(struct lake *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->segs.n; i++)
		seg_free(l->segs.v[i]);
	vec_free(&l->segs);
	unmap_unused(l);
	vec_free(&l->files);
	seg_raw_release(&l->raw);
	if (l->present)
		db_close(&l->db);
	if (l->dirfd >= 0)
		close(l->dirfd);
	if (l->lock >= 0)
		close(l->lock);
	free(l->dir);
	free(l);
}

void lake_forked(struct lake *l)
{
	if (l->lock >= 0)
		close(l->lock);
	l->lock = -1;
}

int lake_refresh(struct lake *l, bool *changed, struct err *e)
{
	int64_t now = 0;

	*changed = false;
	if (!l->present) {
		if (open_db(l, e))
			return -1;
		*changed = l->present;
		return 0;
	}
	if (db_i64(&l->db, e, &now, 0, "SELECT value FROM meta WHERE key='generation'", ""))
		return -1;
	*changed = now != l->generation;
	return *changed ? lake_load(l, e) : 0;
}

/* ---- rows ---- */

event_id lake_row_id(const struct lake_seg *s, uint32_t row)
{
	size_t lo = 0;

	for (size_t hi = s->nruns; hi - lo > 1;) {
		size_t mid = (lo + hi) / 2;
		*(s->runs[mid].row <= row ? &lo : &hi) = mid;
	}
	return s->runs[lo].first + (row - s->runs[lo].row);
}

/* Runs are in order of their ids as well as of their rows. */
static bool run_has(const struct lake_seg *s, event_id id, uint32_t *row)
{
	size_t lo = 0;

	for (size_t hi = s->nruns; hi - lo > 1;) {
		size_t mid = (lo + hi) / 2;
		*(s->runs[mid].first <= id ? &lo : &hi) = mid;
	}
	const struct lake_run *r = &s->runs[lo];
	if (id < r->first || id - r->first >= r->rows)
		return false;
	*row = r->row + (uint32_t)(id - r->first);
	return true;
}

bool lake_locate(struct lake *l, event_id id, struct lake_seg **s, uint32_t *row)
{
	for (size_t i = 0; i < l->segs.n; i++) {
		*s = l->segs.v[i];
		if ((*s)->runs[0].first <= id && run_has(*s, id, row))
			return !lake_row_dead(*s, *row);
	}
	return false;
}

field_id lake_section_field(const struct seg_section *sec)
{
	const struct field *f = sec->kind == SEG_FIELD ? field_find(slice_of(sec->name)) : NULL;

	return f ? f->id : FIELD_NONE;
}

int lake_row_file(struct lake_seg *s, uint32_t row, struct slice *out, struct err *e)
{
	struct seg_col *c;
	uint32_t code;

	*out = SLICE("");
	if (seg_col_file(&s->seg, &c, e))
		return -1;
	if (!c || (!c->loaded && seg_col_load(&s->seg, c, e)))
		return c ? -1 : 0;
	code = seg_code(&s->seg, c, row);
	if (code)
		*out = seg_value_at(&s->seg, c, code);
	return 0;
}

int lake_row_place(struct lake_seg *s, uint32_t row, struct arena *a, struct slice *out,
                   struct err *e)
{
	int64_t line;
	struct slice file;

	if (lake_row_file(s, row, &file, e) || seg_int_at(&s->seg, SEG_LINE, row, &line, e))
		return -1;
	char *p = arena_alloc(a, file.n + 24);
	memcpy(p, file.s, file.n);
	*out = (struct slice){p,
	                      file.n + (size_t)snprintf(p + file.n, 24, ":%lld", (long long)line)};
	return 0;
}

/* One value of one row, reading no more of the column than needed. */
static int row_value(struct seg *s, struct seg_col *c, uint32_t at, struct slice *out,
                     struct err *e)
{
	uint32_t code;

	*out = SLICE("");
	if (!c->loaded && c->h.width &&
	    !seg_bytes(s, c->codes + (uint64_t)at * c->h.width, c->h.width, e))
		return -1;
	code = seg_code(s, c, at);
	return code ? seg_col_value(s, c, code, out, e) : 0;
}

static int own_uid(struct lake_seg *s, uint32_t row, struct slice *out, struct err *e)
{
	struct seg_col *c;

	*out = SLICE("");
	if (seg_col_uid(&s->seg, &c, e))
		return -1;
	return c ? row_value(&s->seg, c, row, out, e) : 0;
}

int lake_row_uid(struct lake_seg *s, uint32_t row, struct arena *a, struct slice *out,
                 struct err *e)
{
	struct slice file;

	if (own_uid(s, row, out, e) || lake_row_file(s, row, &file, e))
		return -1;
	return out->n || !file.n ? 0 : lake_row_place(s, row, a, out, e);
}

static int add_field(struct lake_seg *s, field_id f, uint32_t row, struct event *out, struct err *e)
{
	struct seg_col *c;
	uint32_t from, to;

	if (seg_col(&s->seg, f, &c, e) || !c)
		return -1;
	if (c->h.many && !c->loaded && !seg_bytes(&s->seg, c->rowoffs + (uint64_t)row * 4, 8, e))
		return -1;
	seg_places(&s->seg, c, row, &from, &to);
	for (uint32_t i = from; i < to; i++) {
		struct slice v;
		if (i >= c->h.ncodes)
			return err_set(e, ERR_IO, "%s: damaged column %s", s->seg.where, c->name);
		if (row_value(&s->seg, c, i, &v, e))
			return -1;
		event_add(out, f, v);
	}
	return 0;
}

int lake_row_event(struct lake_seg *s, uint32_t row, struct seg_raw *raw, bool vals,
                   struct arena *a, struct event *out, struct err *e)
{
	int64_t line;

	event_reset(out);
	if (lake_seg_open(s, e) || seg_int_at(&s->seg, SEG_TIME, row, &out->time, e) ||
	    seg_int_at(&s->seg, SEG_ARRIVAL, row, &out->arrival, e) ||
	    seg_int_at(&s->seg, SEG_LINE, row, &line, e) || own_uid(s, row, &out->uid, e) ||
	    lake_row_file(s, row, &out->basename, e))
		return -1;
	out->line = (uint64_t)line;
	out->dataset = s->dataset;
	out->has_own_uid = out->uid.n > 0;
	if (!out->has_own_uid && out->basename.n && lake_row_place(s, row, a, &out->uid, e))
		return -1;
	if (raw && seg_raw_row(raw, &s->seg, row, &out->raw, e))
		return -1;
	for (uint32_t i = 0; vals && i < s->seg.head.ndir; i++) {
		field_id f = lake_section_field(&s->seg.dir[i]);
		if (f != FIELD_NONE && add_field(s, f, row, out, e))
			return -1;
	}
	return 0;
}

static void want_value(struct seg *s, const struct seg_col *c, uint32_t row, int pass)
{
	uint32_t code, at;

	if (pass == 0) {
		seg_soon(s, c->codes + (uint64_t)row * c->h.width, c->h.width);
		if (c->rowoffs - c->counts <= SEG_BLOCK)
			seg_soon(s, c->counts, c->rowoffs - c->counts);
		return;
	}
	if (c->rowoffs - c->counts <= SEG_BLOCK || !(code = seg_code(s, c, row)) ||
	    code > c->h.nvalues)
		return;
	if (pass == 1) {
		seg_soon(s, c->voffs + (uint64_t)(code - 1) * 4, 8);
		return;
	}
	memcpy(&at, s->base + c->voffs + (uint64_t)(code - 1) * 4, 4);
	if (at < c->h.text)
		seg_soon(s, c->text + at, 1);
}

/* A row's values lie in as many places as it has fields: they are asked for all at once, first the codes, then where the
 * values are, then the values. */
void lake_row_soon(struct lake_seg *s, uint32_t row)
{
	struct seg_col *c;

	if (lake_seg_open(s, NULL))
		return;
	for (int pass = 0; pass < 3; pass++)
		for (uint32_t i = 0; i < s->seg.head.ndir; i++) {
			field_id f = lake_section_field(&s->seg.dir[i]);
			if (f != FIELD_NONE && !seg_col(&s->seg, f, &c, NULL) && c && !c->loaded &&
			    !c->h.many)
				want_value(&s->seg, c, row, pass);
		}
}

static void own(struct slice *s, struct arena *a)
{
	*s = (struct slice){arena_memdup(a, s->s, s->n), s->n};
}

int lake_get(struct lake *l, event_id id, struct arena *arena, struct event *out, struct err *e)
{
	struct lake_seg *s;
	uint32_t row;

	if (!lake_locate(l, id, &s, &row))
		return err_set(e, ERR_NOT_FOUND, "event ev:%llu is not in the lake (any more)",
		               (unsigned long long)id);
	if (lake_row_event(s, row, &l->raw, true, arena, out, e))
		return -1;
	own(&out->uid, arena);
	own(&out->basename, arena);
	own(&out->raw, arena);
	out->dataset = arena_strdup(arena, out->dataset);
	for (size_t i = 0; i < out->vals.n; i++)
		own(&out->vals.v[i].value, arena);
	return 0;
}
