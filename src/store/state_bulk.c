/*
 * Bulk steps: what was reviewed, and the result of each item. An item's result is stored in the transaction that does it, so that going
 * on after a stop or a crash does nothing twice.
 */
#include "store/state_int.h"

static int add_items(struct state *s, int64_t bulk, const cJSON *doc, struct err *e)
{
	const cJSON *i;

	cJSON_ArrayForEach(i, json_arr(doc, "items"))
	{
		int64_t id;
		if (state_parse_id(json_str(i, "incident", ""), &id, e) ||
		    db_run(&s->db, e, "INSERT INTO bulk_item VALUES (?,?,?,'open','',NULL)", "iii",
		           bulk, id, json_i64(i, "rev", 0)))
			return -1;
	}
	return 0;
}

int state_bulk_add(struct state *s, const struct who *w, const cJSON *doc, const char *digest,
                   mw_time now, int64_t *id, struct err *e)
{
	struct buf text = state_text(doc);
	int rc = db_run(&s->db, e,
	                "INSERT INTO bulk (state, uid, user, at, digest, doc) VALUES "
	                "('review',?,?,?,?,?)",
	                "isiss", (int64_t)w->uid, w->user, now, digest, text.s);

	buf_release(&text);
	*id = sqlite3_last_insert_rowid(s->db.h);
	return rc ? -1 : add_items(s, *id, doc, e);
}

static int count_items(struct state *s, int64_t bulk, const char *state, cJSON *o, struct err *e)
{
	int64_t n;

	if (db_i64(&s->db, e, &n, 0, "SELECT count(*) FROM bulk_item WHERE bulk = ? AND state = ?",
	           "is", bulk, state))
		return -1;
	json_add_i64(o, state, n);
	return 0;
}

static cJSON *bulk_row(sqlite3_stmt *st)
{
	cJSON *o = cJSON_CreateObject();

	json_add_i64(o, "bulk", sqlite3_column_int64(st, 0));
	json_add_str(o, "state", db_text(st, 1));
	json_add_i64(o, "uid", sqlite3_column_int64(st, 2));
	json_add_str(o, "user", db_text(st, 3));
	json_add_time(o, "at", sqlite3_column_int64(st, 4));
	json_add_str(o, "digest", db_text(st, 5));
	state_add_json(o, "review", st, 6);
	return o;
}

cJSON *state_bulk_get(struct state *s, int64_t bulk, struct err *e)
{
	sqlite3_stmt *st = db_query(
	        &s->db, e, "SELECT id, state, uid, user, at, digest, doc FROM bulk WHERE id = ?",
	        "i", bulk);
	int rc = st ? db_step(&s->db, st, e) : -1;
	cJSON *o;

	if (rc == 0)
		err_set(e, ERR_NOT_FOUND, "there is no bulk step %lld", (long long)bulk);
	if (rc != 1)
		return NULL;
	o = bulk_row(st);
	db_done(st);
	if (!count_items(s, bulk, "open", o, e) && !count_items(s, bulk, "done", o, e) &&
	    !count_items(s, bulk, "failed", o, e))
		return o;
	cJSON_Delete(o);
	return NULL;
}

int state_bulk_results(struct state *s, int64_t bulk, cJSON *o, struct err *e)
{
	sqlite3_stmt *st = db_query(
	        &s->db, e,
	        "SELECT incident, state, why, at FROM bulk_item WHERE bulk = ? ORDER BY incident",
	        "i", bulk);
	cJSON *list = json_add_arr(o, "results");
	int rc = st ? 1 : -1;

	while (rc > 0 && (rc = db_step(&s->db, st, e)) > 0) {
		cJSON *i = cJSON_CreateObject();
		char id[32];
		snprintf(id, sizeof(id), "INC-%lld", (long long)sqlite3_column_int64(st, 0));
		json_add_str(i, "incident", id);
		json_add_str(i, "state", db_text(st, 1));
		json_add_str(i, "why", db_text(st, 2));
		if (sqlite3_column_type(st, 3) != SQLITE_NULL)
			json_add_time(i, "at", sqlite3_column_int64(st, 3));
		cJSON_AddItemToArray(list, i);
	}
	return rc;
}

int state_bulk_set(struct state *s, int64_t bulk, const char *from, const char *to, struct err *e)
{
	return db_run(&s->db, e,
	              "UPDATE bulk SET state = ?3 WHERE (id = ?1 OR ?1 = 0) AND state = ?2", "iss",
	              bulk, from, to);
}

int state_bulk_next(struct state *s, int64_t bulk, char id[32], int64_t *rev, struct err *e)
{
	sqlite3_stmt *st =
	        db_query(&s->db, e,
	                 "SELECT incident, rev FROM bulk_item JOIN bulk ON bulk.id = bulk "
	                 "WHERE bulk = ? AND bulk.state = 'running' AND bulk_item.state = "
	                 "'open' ORDER BY incident LIMIT 1",
	                 "i", bulk);
	int rc = st ? db_step(&s->db, st, e) : -1;

	if (rc == 1) {
		snprintf(id, 32, "INC-%lld", (long long)sqlite3_column_int64(st, 0));
		*rev = sqlite3_column_int64(st, 1);
		db_done(st);
	}
	return rc;
}

int state_bulk_result(struct state *s, int64_t bulk, const char *id, const char *state,
                      const char *why, mw_time now, struct err *e)
{
	int64_t n;

	if (state_parse_id(id, &n, e))
		return -1;
	return db_run(&s->db, e,
	              "UPDATE bulk_item SET state = ?3, why = ?4, at = ?5 WHERE bulk = ?1 AND "
	              "incident = ?2",
	              "iissi", bulk, n, state, why, now);
}
