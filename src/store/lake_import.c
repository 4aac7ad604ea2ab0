/* Imports and the records that they set aside. */
#include "store/lake_int.h"

int lake_import_begin(struct lake *l, const char *label, int64_t *id, struct err *e)
{
	if (db_run(&l->db, e, "INSERT INTO import(label,at) VALUES(?,?)", "si", label, mw_now()))
		return -1;
	*id = sqlite3_last_insert_rowid(l->db.h);
	return 0;
}

int lake_import_count(struct lake *l, int64_t id, uint64_t events, uint64_t duplicates,
                      struct err *e)
{
	return db_run(&l->db, e,
	              "UPDATE import SET events=events+?, duplicates=duplicates+? WHERE id=?",
	              "iii", (int64_t)events, (int64_t)duplicates, id);
}

static int insert_reject(struct lake *l, int64_t import, const struct lake_reject *r, struct err *e)
{
	struct slice raw = r->raw;
	bool cut = raw.n > LAKE_REJECT_RAW_MAX;

	if (cut)
		raw.n = LAKE_REJECT_RAW_MAX;
	if (raw.n == 0)
		raw.s = "";
	return db_run(&l->db, e,
	              "INSERT INTO reject(import,file,line,reason,raw,cut) VALUES(?,?,?,?,?,?)",
	              "isisbi", import, r->file, (int64_t)r->line, r->reason, raw, (int64_t)cut);
}

int lake_reject_add(struct lake *l, int64_t import, const struct lake_reject *r, size_t n,
                    struct err *e)
{
	if (db_begin(&l->db, e))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (insert_reject(l, import, &r[i], e)) {
			db_rollback(&l->db);
			return -1;
		}
	}
	if (db_run(&l->db, e, "UPDATE import SET rejected=rejected+? WHERE id=?", "ii", (int64_t)n,
	           import)) {
		db_rollback(&l->db);
		return -1;
	}
	return db_commit(&l->db, e);
}

int lake_import_check(struct lake *l, int64_t id, struct err *e)
{
	int64_t n;

	if (db_i64(&l->db, e, &n, 0, "SELECT count(*) FROM import WHERE id=? AND undone=0", "i",
	           id))
		return -1;
	return n ? 0
	         : err_set(e, ERR_NOT_FOUND,
	                   "there is no import %lld that more could be added to; `midwatch import "
	                   "--list` shows them",
	                   (long long)id);
}

int64_t lake_reject_last(struct lake *l)
{
	int64_t n = 0;

	return db_i64(&l->db, NULL, &n, 0, "SELECT max(id) FROM reject", "") ? 0 : n;
}

int lake_reject_each(struct lake *l, int64_t after, int64_t until, size_t max, lake_reject_fn *fn,
                     void *ctx, int64_t *last, struct err *e)
{
	sqlite3_stmt *q =
	        db_query(&l->db, e,
	                 "SELECT id,file,line,reason,raw FROM reject WHERE id>? AND id<=? "
	                 "AND cut=0 ORDER BY id LIMIT ?",
	                 "iii", after, until ? until : INT64_MAX, (int64_t)max);
	int rc = q ? 1 : -1;

	*last = after;
	while (rc == 1 && (rc = db_step(&l->db, q, e)) == 1) {
		struct lake_reject r = {db_text(q, 1), (uint64_t)sqlite3_column_int64(q, 2),
		                        db_text(q, 3), db_col(q, 4)};
		*last = sqlite3_column_int64(q, 0);
		if (fn(ctx, *last, &r, e)) {
			db_done(q);
			return -1;
		}
	}
	return rc;
}

static int drop_one(struct lake *l, int64_t number, struct err *e)
{
	return db_run(&l->db, e,
	              "UPDATE import SET rejected=rejected-1 WHERE id=(SELECT import FROM reject "
	              "WHERE id=?)",
	              "i", number) ||
	                       db_run(&l->db, e, "DELETE FROM reject WHERE id=?", "i", number)
	               ? -1
	               : 0;
}

int lake_reject_drop(struct lake *l, const int64_t *numbers, size_t n, struct err *e)
{
	int rc = 0;

	if (db_begin(&l->db, e))
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = drop_one(l, numbers[i], e);
	if (rc == 0)
		return db_commit(&l->db, e);
	db_rollback(&l->db);
	return -1;
}
