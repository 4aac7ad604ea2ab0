#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "store/lake_int.h"

#define NAMES_SHOWN_MAX 256 /* accounts and regions listed a dataset */

/* ---- taking away ---- */

static bool file_in_use(const struct lake *l, const char *name)
{
	char have[32];

	for (size_t i = 0; i < l->files.n; i++) {
		lake_file_name(l->files.v[i]->id, have);
		if (strcmp(have, name) == 0)
			return true;
	}
	return false;
}

void lake_sweep(struct lake *l)
{
	int fd = openat(l->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *de;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((de = readdir(d))) {
		size_t n = strlen(de->d_name);
		if (n > 4 && strcmp(de->d_name + n - 4, ".seg") == 0 && !file_in_use(l, de->d_name))
			unlinkat(l->dirfd, de->d_name, 0);
	}
	closedir(d);
}

static uint64_t *copy_dead(const struct lake_seg *s)
{
	size_t words = (s->rows + 63) / 64;
	uint64_t *dead = xcalloc(words + 1, sizeof(*dead));

	if (s->dead)
		memcpy(dead, s->dead, words * sizeof(*dead));
	return dead;
}

int lake_seg_store_dead(struct lake *l, struct lake_seg *s, uint64_t *dead, struct err *e)
{
	size_t words = (s->rows + 63) / 64;
	uint32_t live = s->rows;
	int rc;

	for (size_t i = 0; i < words; i++)
		live -= (uint32_t)__builtin_popcountll(dead[i]);
	if (live == 0)
		rc = db_run(&l->db, e, "DELETE FROM segment WHERE id=?", "i", s->id);
	else
		rc = db_run(&l->db, e, "UPDATE segment SET live=?, dead=? WHERE id=?", "ibi",
		            (int64_t)live,
		            (struct slice){(const char *)dead, words * sizeof(*dead)}, s->id);
	free(dead);
	return rc;
}

/* One change over all segments: fn says which rows go. */
typedef int rows_fn(struct lake *l, struct lake_seg *s, void *ctx, struct err *e);

static int change_all(struct lake *l, rows_fn *fn, void *ctx, const char *also, int64_t arg,
                      struct err *e)
{
	int rc;

	if (db_begin(&l->db, e))
		return -1;
	rc = also ? db_run(&l->db, e, also, "i", arg) : 0;
	for (size_t i = 0; i < l->segs.n && rc == 0; i++)
		rc = fn(l, l->segs.v[i], ctx, e);
	if (rc == 0)
		rc = lake_bump(l, e);
	if (rc) {
		db_rollback(&l->db);
		return -1;
	}
	if (db_commit(&l->db, e) || lake_load(l, e))
		return -1;
	lake_sweep(l);
	return 0;
}

struct undo {
	int64_t import;
	uint64_t removed;
};

static int undo_rows(struct lake *l, struct lake_seg *s, void *ctx, struct err *e)
{
	struct undo *u = ctx;
	uint64_t *dead = copy_dead(s);
	uint64_t before = u->removed;

	for (size_t i = 0; i < s->nruns; i++) {
		const struct lake_run *r = &s->runs[i];
		for (uint32_t row = r->row; r->import == u->import && row < r->row + r->rows;
		     row++) {
			if (dead[row / 64] >> (row % 64) & 1)
				continue;
			dead[row / 64] |= UINT64_C(1) << (row % 64);
			u->removed++;
		}
	}
	if (u->removed != before)
		return lake_seg_store_dead(l, s, dead, e);
	free(dead);
	return 0;
}

int lake_import_undo(struct lake *l, int64_t id, uint64_t *removed, struct err *e)
{
	struct undo u = {.import = id};
	int64_t have;

	if (db_i64(&l->db, e, &have, 0, "SELECT count(*) FROM import WHERE id=?", "i", id))
		return -1;
	if (!have)
		return err_set(e, ERR_NOT_FOUND,
		               "there was no import %lld; `midwatch lake status` lists them",
		               (long long)id);
	if (change_all(l, undo_rows, &u, "UPDATE import SET undone=1 WHERE id=?", id, e))
		return -1;
	*removed = u.removed;
	return 0;
}

static int drop_rows(struct lake *l, struct lake_seg *s, void *ctx, struct err *e)
{
	const char *dataset = ctx;

	if (dataset && !dataset_within(s->dataset, slice_of(dataset)))
		return 0;
	return db_run(&l->db, e, "DELETE FROM segment WHERE id=?", "i", s->id);
}

int lake_drop(struct lake *l, const char *dataset, struct err *e)
{
	bool any = !dataset;

	for (size_t i = 0; i < l->segs.n && !any; i++)
		any = dataset_within(l->segs.v[i]->dataset, slice_of(dataset));
	if (!any)
		return err_set(e, ERR_NOT_FOUND,
		               "the lake has no dataset '%s'; `midwatch lake status` lists them",
		               dataset);
	char *copy = dataset ? xstrdup(dataset) : NULL;
	int rc = change_all(l, drop_rows, copy, NULL, 0, e);
	free(copy);
	return rc;
}

static int retain_rows(struct lake *l, struct lake_seg *s, void *ctx, struct err *e)
{
	const mw_time oldest = *(const mw_time *)ctx;
	struct seg_ints time;

	if (s->from == MW_TIME_NONE || s->from >= oldest)
		return 0;
	if (s->to < oldest && !s->untimed)
		return db_run(&l->db, e, "DELETE FROM segment WHERE id=?", "i", s->id);
	if (lake_seg_open(s, e) || seg_ints(&s->seg, SEG_TIME, &time, e))
		return -1;
	uint64_t *dead = copy_dead(s);
	for (uint32_t row = 0; row < s->rows; row++) {
		mw_time t = seg_int(&time, row);
		if (t != MW_TIME_NONE && t < oldest)
			dead[row / 64] |= UINT64_C(1) << (row % 64);
	}
	return lake_seg_store_dead(l, s, dead, e);
}

static int by_to(const void *a, const void *b)
{
	const struct lake_seg *x = *(struct lake_seg *const *)a, *y = *(struct lake_seg *const *)b;

	return (x->to > y->to) - (x->to < y->to);
}

/* The time up to which segments have to go so that the rest is at most max_bytes. */
static mw_time oldest_that_fits(const struct lake *l, uint64_t max_bytes)
{
	struct lake_seg **byage = xcalloc(l->segs.n + 1, sizeof(struct lake_seg *));
	uint64_t bytes = 0;
	mw_time until = MW_TIME_NONE;

	for (size_t i = 0; i < l->segs.n; i++) {
		byage[i] = l->segs.v[i];
		bytes += byage[i]->len;
	}
	if (l->segs.n)
		qsort(byage, l->segs.n, sizeof(struct lake_seg *), by_to);
	for (size_t i = 0; i < l->segs.n && bytes > max_bytes; i++) {
		bytes -= byage[i]->len;
		until = byage[i]->to == MW_TIME_NONE ? until : byage[i]->to + 1;
	}
	free(byage);
	return until;
}

int lake_retain(struct lake *l, uint64_t max_bytes, mw_time oldest, struct err *e)
{
	mw_time fits = max_bytes ? oldest_that_fits(l, max_bytes) : MW_TIME_NONE;

	if (fits > oldest)
		oldest = fits;
	if (oldest == MW_TIME_NONE)
		return 0;
	return change_all(
	        l, retain_rows, &oldest,
	        "INSERT INTO meta VALUES('retained_from',?) ON CONFLICT(key) DO UPDATE SET"
	        " value=max(value,excluded.value)",
	        oldest, e);
}

/* ---- telling ---- */

struct totals { /* of a dataset */
	uint64_t events, raw;
	mw_time from, to, newest;
};

static void add_seg(struct totals *t, const struct lake_seg *s)
{
	if (t->events == 0 && t->raw == 0)
		*t = (struct totals){
		        .from = MW_TIME_NONE, .to = MW_TIME_NONE, .newest = MW_TIME_NONE};
	t->events += s->live;
	t->raw += s->raw_bytes * s->live / (s->rows ? s->rows : 1);
	if (s->from != MW_TIME_NONE && (t->from == MW_TIME_NONE || s->from < t->from))
		t->from = s->from;
	t->to = s->to > t->to ? s->to : t->to;
	t->newest = s->newest > t->newest ? s->newest : t->newest;
}

/* The different values of a field over a dataset's segments. */
static int add_names(struct lake *l, const char *dataset, const char *field, cJSON *to,
                     struct err *e)
{
	const struct field *f = field_find(slice_of(field));
	struct map seen = MAP_INIT;
	struct seg_col *c;
	int rc = 0;

	for (size_t i = 0; f && i < l->segs.n && rc == 0; i++) {
		struct lake_seg *s = l->segs.v[i];
		if (strcmp(s->dataset, dataset) != 0)
			continue;
		rc = lake_seg_open(s, e) || seg_col(&s->seg, f->id, &c, e) ||
		                     (c && seg_col_load(&s->seg, c, e))
		             ? -1
		             : 0;
		for (uint32_t v = 1; rc == 0 && c && v <= c->h.nvalues && seen.n < NAMES_SHOWN_MAX;
		     v++) {
			struct slice text = seg_value_at(&s->seg, c, v);
			map_put(&seen, text.s, text.n, NULL);
		}
	}
	for (size_t i = 0; i < seen.n; i++)
		cJSON_AddItemToArray(to, cJSON_CreateString(seen.entries[i].key));
	map_release(&seen);
	return rc;
}

static int add_datasets(struct lake *l, cJSON *to, struct totals *all, struct err *e)
{
	struct map sets = MAP_INIT;
	int rc = 0;

	for (size_t i = 0; i < l->segs.n; i++) {
		struct map_entry *m = map_put_str(&sets, l->segs.v[i]->dataset, NULL);
		if (!m->val.p)
			m->val.p = xcalloc(1, sizeof(struct totals));
		add_seg(m->val.p, l->segs.v[i]);
		add_seg(all, l->segs.v[i]);
	}
	for (size_t i = 0; i < sets.n; i++) {
		struct totals *t = sets.entries[i].val.p;
		cJSON *o = cJSON_CreateObject();
		cJSON_AddItemToArray(to, o);
		json_add_str(o, "name", sets.entries[i].key);
		json_add_i64(o, "events", (int64_t)t->events);
		json_add_i64(o, "raw_bytes", (int64_t)t->raw);
		json_add_time(o, "from", t->from);
		json_add_time(o, "to", t->to);
		json_add_time(o, "newest_arrival", t->newest);
		if (rc == 0)
			rc = add_names(l, sets.entries[i].key, "cloud.account.uid",
			               json_add_arr(o, "accounts"), e);
		if (rc == 0)
			rc = add_names(l, sets.entries[i].key, "cloud.region",
			               json_add_arr(o, "regions"), e);
		free(t);
	}
	map_release(&sets);
	return rc;
}

static int add_imports(struct lake *l, cJSON *to, int64_t *rejected, struct err *e)
{
	sqlite3_stmt *q = db_query(&l->db, e, "SELECT * FROM import ORDER BY id DESC", "");
	int rc = -1;

	while (q && (rc = db_step(&l->db, q, e)) == 1) {
		cJSON *o = cJSON_CreateObject();
		cJSON_AddItemToArray(to, o);
		json_add_i64(o, "id", sqlite3_column_int64(q, 0));
		json_add_str(o, "label", db_text(q, 1));
		json_add_time(o, "at", sqlite3_column_int64(q, 2));
		json_add_i64(o, "events", sqlite3_column_int64(q, 3));
		json_add_i64(o, "duplicates", sqlite3_column_int64(q, 4));
		json_add_i64(o, "rejected", sqlite3_column_int64(q, 5));
		json_add_i64(o, "bytes", sqlite3_column_int64(q, 6));
		json_add_bool(o, "undone", sqlite3_column_int64(q, 7) != 0);
		*rejected += sqlite3_column_int64(q, 5);
	}
	return rc;
}

static uint64_t disk_bytes(const struct lake *l)
{
	char *path = xasprintf("%s/lake.db", l->dir);
	struct stat st;
	uint64_t n = stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;

	free(path);
	for (size_t i = 0; i < l->files.n; i++)
		n += l->files.v[i]->len;
	return n;
}

struct cJSON *lake_status(struct lake *l, struct err *e)
{
	cJSON *o = cJSON_CreateObject(), *sets = cJSON_CreateArray(),
	      *imports = cJSON_CreateArray();
	struct totals all = {.from = MW_TIME_NONE, .to = MW_TIME_NONE, .newest = MW_TIME_NONE};
	int64_t rejected = 0, retained = MW_TIME_NONE;
	int rc = add_datasets(l, sets, &all, e);

	if (rc == 0 && l->present)
		rc = add_imports(l, imports, &rejected, e);
	if (rc == 0 && l->present)
		rc = db_i64(&l->db, e, &retained, MW_TIME_NONE,
		            "SELECT value FROM meta WHERE key='retained_from'", "");
	json_add_i64(o, "events", (int64_t)all.events);
	json_add_i64(o, "bytes", (int64_t)disk_bytes(l));
	json_add_i64(o, "raw_bytes", (int64_t)all.raw);
	json_add_time(o, "from", all.from);
	json_add_time(o, "to", all.to);
	json_add_time(o, "retained_from", retained);
	cJSON_AddItemToObject(o, "datasets", sets);
	cJSON_AddItemToObject(o, "imports", imports);
	json_add_i64(o, "rejected", rejected);
	if (rc == 0)
		return o;
	cJSON_Delete(o);
	return NULL;
}

struct cJSON *lake_rejected(struct lake *l, int64_t offset, int64_t limit, struct err *e)
{
	cJSON *list = cJSON_CreateArray();
	sqlite3_stmt *q;
	int rc;

	if (!l->present)
		return list;
	q = db_query(&l->db, e,
	             "SELECT id,import,file,line,reason,raw,cut FROM reject ORDER BY id LIMIT ? "
	             "OFFSET ?",
	             "ii", limit, offset);
	for (rc = q ? 1 : -1; rc == 1 && (rc = db_step(&l->db, q, e)) == 1;) {
		cJSON *o = cJSON_CreateObject();
		cJSON_AddItemToArray(list, o);
		json_add_i64(o, "id", sqlite3_column_int64(q, 0));
		json_add_i64(o, "import", sqlite3_column_int64(q, 1));
		json_add_str(o, "file", db_text(q, 2));
		json_add_i64(o, "line", sqlite3_column_int64(q, 3));
		json_add_str(o, "reason", db_text(q, 4));
		json_add_slice(o, "raw", db_col(q, 5));
		json_add_bool(o, "cut", sqlite3_column_int64(q, 6) != 0);
	}
	if (rc == 0)
		return list;
	cJSON_Delete(list);
	return NULL;
}

/* ---- finding by uid ---- */

struct found {
	event_id *ids;
	size_t max, n;
};

static void add_found(struct found *f, const struct lake_seg *s, uint32_t row)
{
	if (lake_row_dead(s, row))
		return;
	if (f->n < f->max)
		f->ids[f->n] = lake_row_id(s, row);
	f->n++;
}

/* The code of exactly this value, 0 when the column has none. */
static int code_of(struct seg *s, struct seg_col *c, struct slice want, uint32_t *code,
                   struct err *e)
{
	uint32_t first = 0, n = 0;
	struct slice v;

	*code = 0;
	if (!c)
		return 0;
	if (seg_col_find(s, c, want, &first, &n, e))
		return -1;
	for (uint32_t i = first; i < first + n; i++) {
		if (seg_col_value(s, c, i, &v, e))
			return -1;
		if (slice_eq(v, want))
			*code = i;
	}
	return 0;
}

static int find_own(struct lake_seg *s, struct slice uid, struct found *f, struct err *e)
{
	struct seg_col *c;
	uint32_t code;

	if (seg_col_uid(&s->seg, &c, e) || code_of(&s->seg, c, uid, &code, e))
		return -1;
	if (!code)
		return 0;
	if (seg_col_load(&s->seg, c, e))
		return -1;
	for (uint32_t row = 0; row < s->rows; row++)
		if (seg_code(&s->seg, c, row) == code)
			add_found(f, s, row);
	return 0;
}

static int find_place(struct lake_seg *s, struct slice file, int64_t line, struct found *f,
                      struct err *e)
{
	struct seg_ints lines;
	struct seg_col *c;
	uint32_t code;

	if (seg_col_file(&s->seg, &c, e) || code_of(&s->seg, c, file, &code, e))
		return -1;
	if (!code)
		return 0;
	if (seg_col_load(&s->seg, c, e) || seg_ints(&s->seg, SEG_LINE, &lines, e))
		return -1;
	for (uint32_t row = 0; row < s->rows; row++)
		if (seg_code(&s->seg, c, row) == code && seg_int(&lines, row) == line)
			add_found(f, s, row);
	return 0;
}

/* "name:12" taken apart at the last colon. */
static bool split_place(struct slice uid, struct slice *file, int64_t *line)
{
	const char *colon = memrchr(uid.s, ':', uid.n);

	if (!colon || colon == uid.s)
		return false;
	*file = (struct slice){uid.s, (size_t)(colon - uid.s)};
	return slice_i64((struct slice){colon + 1, uid.n - file->n - 1}, line) && *line > 0;
}

int lake_find_uid(struct lake *l, struct slice uid, event_id *ids, size_t max, size_t *n,
                  struct err *e)
{
	struct found f = {.ids = ids, .max = max};
	struct slice file = {0};
	int64_t line = 0;
	bool place = uid.n > 0 && split_place(uid, &file, &line);

	for (size_t i = 0; i < l->segs.n && uid.n; i++) {
		struct lake_seg *s = l->segs.v[i];
		if (lake_seg_open(s, e) || find_own(s, uid, &f, e) ||
		    (place && find_place(s, file, line, &f, e)))
			return -1;
	}
	*n = f.n;
	return 0;
}
