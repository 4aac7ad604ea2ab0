/*
 * Suppressions and watches.
 */
#include "store/state_int.h"

int state_suppress_add(struct state *s, const struct who *w, const cJSON *params, mw_time now,
                       struct err *e)
{
	struct buf match;
	int rc;

	if (!cJSON_GetArraySize(json_obj(params, "match")))
		return err_set(e, ERR_INVALID,
		               "a suppression without a condition would hide everything");
	if (json_time(params, "until") <= now)
		return err_set(e, ERR_INVALID, "the end of a suppression must lie ahead");
	match = state_text(json_obj(params, "match"));
	rc = db_run(&s->db, e,
	            "INSERT INTO suppression (match, owner, reason, until, at, by) VALUES "
	            "(?,?,?,?,?,?)",
	            "sssiis", match.s, json_str(params, "owner", ""),
	            json_str(params, "reason", ""), json_time(params, "until"), now, w->user);
	buf_release(&match);
	return rc;
}

static cJSON *suppress_row(sqlite3_stmt *st)
{
	cJSON *o = cJSON_CreateObject();

	json_add_i64(o, "id", sqlite3_column_int64(st, 0));
	state_add_json(o, "match", st, 1);
	json_add_str(o, "owner", db_text(st, 2));
	json_add_str(o, "reason", db_text(st, 3));
	json_add_time(o, "until", sqlite3_column_int64(st, 4));
	json_add_time(o, "at", sqlite3_column_int64(st, 5));
	json_add_str(o, "by", db_text(st, 6));
	return o;
}

cJSON *state_suppress_list(struct state *s, mw_time now, struct err *e)
{
	sqlite3_stmt *st =
	        db_query(&s->db, e,
	                 "SELECT id, match, owner, reason, until, at, by FROM suppression "
	                 "WHERE until > ? ORDER BY id",
	                 "i", now);

	return state_named("rules", state_rows(s, st, suppress_row, e));
}

int state_watch_add(struct state *s, const struct who *w, const cJSON *params, mw_time now,
                    int64_t *id, struct err *e)
{
	if (json_time(params, "until") <= now)
		return err_set(e, ERR_INVALID, "the end of a watch must lie ahead");
	if (db_run(&s->db, e,
	           "INSERT INTO watch (session, question, incident, until, at, uid) VALUES "
	           "(?,?,?,?,?,?)",
	           "sssiii", json_str(params, "session", ""), json_str(params, "question", ""),
	           json_str(params, "incident", NULL), json_time(params, "until"), now,
	           (int64_t)w->uid))
		return -1;
	*id = sqlite3_last_insert_rowid(s->db.h);
	return 0;
}

#define WATCH_COLUMNS                                                                       \
	"SELECT id, session, question, incident, until, at, seen, uid, hits, hit, (SELECT " \
	"user FROM audit WHERE audit.uid = watch.uid ORDER BY seq DESC LIMIT 1) FROM watch "

static cJSON *watch_row(sqlite3_stmt *st)
{
	cJSON *o = cJSON_CreateObject();

	json_add_i64(o, "watch", sqlite3_column_int64(st, 0));
	json_add_str(o, "session", db_text(st, 1));
	json_add_str(o, "question", db_text(st, 2));
	json_add_str(o, "incident", db_text(st, 3));
	json_add_time(o, "until", sqlite3_column_int64(st, 4));
	json_add_time(o, "at", sqlite3_column_int64(st, 5));
	if (sqlite3_column_type(st, 6) == SQLITE_NULL)
		json_add_str(o, "seen", NULL);
	else
		json_add_i64(o, "seen", sqlite3_column_int64(st, 6));
	json_add_i64(o, "uid", sqlite3_column_int64(st, 7));
	json_add_i64(o, "hits", sqlite3_column_int64(st, 8));
	if (sqlite3_column_type(st, 9) != SQLITE_NULL)
		json_add_time(o, "hit", sqlite3_column_int64(st, 9));
	json_add_str(o, "owner", db_text(st, 10));
	return o;
}

cJSON *state_watch_list(struct state *s, const struct who *w, struct err *e)
{
	sqlite3_stmt *st = db_query(&s->db, e, WATCH_COLUMNS "WHERE uid = ? ORDER BY id", "i",
	                            (int64_t)w->uid);

	return state_named("watches", state_rows(s, st, watch_row, e));
}

cJSON *state_watches_due(struct state *s, mw_time now, struct err *e)
{
	return state_rows(
	        s, db_query(&s->db, e, WATCH_COLUMNS "WHERE until > ? ORDER BY id", "i", now),
	        watch_row, e);
}

/* Those that stand; of one user where one is named. Whose a watch is, the audit chain says. */
cJSON *state_watches_all(struct state *s, const char *user, mw_time now, struct err *e)
{
	cJSON *list = state_watches_due(s, now, e), *w = list ? list->child : NULL;

	while (w && user) {
		cJSON *next = w->next;
		if (strcmp(json_str(w, "owner", ""), user))
			cJSON_Delete(cJSON_DetachItemViaPointer(list, w));
		w = next;
	}
	return list;
}

int state_watch_seen(struct state *s, int64_t id, int64_t rows, mw_time rang, struct err *e)
{
	return db_run(&s->db, e,
	              "UPDATE watch SET seen = ?2, hits = hits + (?3 IS NOT NULL), hit = "
	              "coalesce(?3, hit) WHERE id = ?1",
	              rang == MW_TIME_NONE ? "iin" : "iii", id, rows, rang);
}

int state_watch_remove(struct state *s, const struct who *w, int64_t id, struct err *e)
{
	if (db_run(&s->db, e, "DELETE FROM watch WHERE id = ? AND uid = ?", "ii", id,
	           (int64_t)w->uid))
		return -1;
	if (sqlite3_changes(s->db.h) == 0)
		return err_set(e, ERR_NOT_FOUND, "you have no watch %lld", (long long)id);
	return 0;
}
