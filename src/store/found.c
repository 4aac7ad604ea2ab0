#include "store/found.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/limits.h"
#include "store/db.h"

struct found {
	struct db db;
	bool open; /* a transaction */
};

/* vals: [["field", "value"], ...] as the source worker mapped them. */
static const char *const schema[] = {
        "CREATE TABLE found (id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, "
        "source TEXT NOT NULL,"
        "  time INTEGER, arrival INTEGER, dataset TEXT NOT NULL, uid TEXT NOT NULL, raw BLOB NOT "
        "NULL,"
        "  vals TEXT NOT NULL) STRICT;",
};

int found_open(struct found **out, const char *dir, struct err *e)
{
	struct found *f = xcalloc(1, sizeof(*f));
	char *path = xasprintf("%s/found.db", dir);
	int rc = db_open(&f->db, path, DB_WRITE, NULL, e);

	free(path);
	if (rc == 0 && db_migrate(&f->db, schema, ARRAY_LEN(schema), e)) {
		db_close(&f->db);
		rc = -1;
	}
	if (rc) {
		free(f);
		return -1;
	}
	*out = f;
	return 0;
}

void found_close(struct found *f)
{
	if (!f)
		return;
	if (f->open)
		db_rollback(&f->db);
	db_close(&f->db);
	free(f);
}

int found_begin(struct found *f, struct err *e)
{
	if (db_begin(&f->db, e))
		return -1;
	f->open = true;
	return 0;
}

/* Drops the oldest tenth when the file is at its cap. */
static int make_room(struct found *f, struct err *e)
{
	int64_t pages, size, free_pages;

	if (db_i64(&f->db, e, &pages, 0, "PRAGMA page_count", "") ||
	    db_i64(&f->db, e, &size, 0, "PRAGMA page_size", "") ||
	    db_i64(&f->db, e, &free_pages, 0, "PRAGMA freelist_count", ""))
		return -1;
	if ((uint64_t)((pages - free_pages) * size) < FOUND_BYTES_MAX)
		return 0;
	return db_run(&f->db, e,
	              "DELETE FROM found WHERE id <= (SELECT min(id) + (max(id) - min(id)) / 10 "
	              "FROM found)",
	              "");
}

int found_commit(struct found *f, struct err *e)
{
	int rc = make_room(f, e);

	f->open = false;
	if (rc == 0)
		return db_commit(&f->db, e);
	db_rollback(&f->db);
	return -1;
}

static void key_of(const char *source, const struct event *ev, uint8_t key[32])
{
	struct buf b;

	buf_init(&b, 0);
	buf_printf(&b, "%s%c%s%c", source, '\0', ev->dataset, '\0');
	buf_add(&b, ev->raw.s, ev->raw.n);
	if (!ev->raw.n)
		buf_add(&b, ev->uid.s, ev->uid.n);
	digest_sha256(b.s, b.len, key);
	buf_release(&b);
}

static void vals_text(const struct event *ev, struct buf *out)
{
	buf_ch(out, '[');
	for (size_t i = 0; i < ev->vals.n; i++) {
		buf_printf(out, "%s[\"%s\",", i ? "," : "", field_at(ev->vals.v[i].field)->name);
		json_write_string(out, ev->vals.v[i].value);
		buf_ch(out, ']');
	}
	buf_ch(out, ']');
}

static int insert(struct found *f, const char *source, const struct event *ev, struct slice key,
                  struct err *e)
{
	struct buf vals;
	int rc;

	buf_init(&vals, 0);
	vals_text(ev, &vals);
	rc = db_run(&f->db, e,
	            "INSERT INTO found (key, source, time, arrival, dataset, uid, raw, vals) "
	            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	            "bsiistbt", key, source, (int64_t)ev->time, (int64_t)ev->arrival, ev->dataset,
	            ev->uid, ev->raw, (struct slice){vals.s, vals.len});
	buf_release(&vals);
	return rc;
}

int found_put(struct found *f, const char *source, const struct event *ev, event_id *id,
              struct err *e)
{
	uint8_t digest[32];
	struct slice key = {(const char *)digest, sizeof(digest)};
	int64_t n;

	key_of(source, ev, digest);
	if (db_i64(&f->db, e, &n, 0, "SELECT id FROM found WHERE key = ?", "b", key))
		return -1;
	if (n == 0) {
		if (insert(f, source, ev, key, e))
			return -1;
		n = sqlite3_last_insert_rowid(f->db.h);
	}
	*id = FOUND_ID_BASE + (uint64_t)n;
	return 0;
}

static struct slice keep(struct arena *a, struct slice s)
{
	return (struct slice){arena_strndup(a, s.s ? s.s : "", s.n), s.n};
}

static int read_vals(struct slice text, struct arena *a, struct event *out, struct err *e)
{
	cJSON *list = json_parse(text, MW_ROW_MAX, e), *x;

	if (!list)
		return -1;
	cJSON_ArrayForEach(x, list)
	{
		const cJSON *value = x->child ? x->child->next : NULL;
		const struct field *f = cJSON_IsString(x->child)
		                                ? field_find(slice_of(x->child->valuestring))
		                                : NULL;
		if (f && cJSON_IsString(value))
			event_add(out, f->id, keep(a, slice_of(value->valuestring)));
	}
	cJSON_Delete(list);
	return 0;
}

int found_get(struct found *f, event_id id, struct arena *arena, struct event *out,
              const char **source, struct err *e)
{
	sqlite3_stmt *s =
	        db_query(&f->db, e,
	                 "SELECT source, time, arrival, dataset, uid, raw, vals FROM found "
	                 "WHERE id = ?",
	                 "i", (int64_t)(id - FOUND_ID_BASE));
	int rc = s ? db_step(&f->db, s, e) : -1;

	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND,
		               "the record is not kept here any more; ask its source again");
	if (rc < 0)
		return -1;
	event_reset(out);
	*source = arena_strdup(arena, db_text(s, 0));
	out->time = sqlite3_column_int64(s, 1);
	out->arrival = sqlite3_column_int64(s, 2);
	out->dataset = arena_strdup(arena, db_text(s, 3));
	out->uid = keep(arena, db_col(s, 4));
	out->raw = keep(arena, db_col(s, 5));
	rc = read_vals(db_col(s, 6), arena, out, e);
	db_done(s);
	return rc;
}
