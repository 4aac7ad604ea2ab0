/*
 * Suppressions, watches, documents.
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
	if (state_time(params, "until") <= now)
		return err_set(e, ERR_INVALID, "the end of a suppression must lie ahead");
	match = state_text(json_obj(params, "match"));
	rc = db_run(&s->db, e,
	            "INSERT INTO suppression (match, owner, reason, until, at, by) VALUES "
	            "(?,?,?,?,?,?)",
	            "sssiis", match.s, json_str(params, "owner", ""),
	            json_str(params, "reason", ""), state_time(params, "until"), now, w->user);
	buf_release(&match);
	return rc;
}

cJSON *state_suppress_list(struct state *s, mw_time now, struct err *e)
{
	sqlite3_stmt *st =
	        db_query(&s->db, e,
	                 "SELECT id, match, owner, reason, until, at, by FROM suppression "
	                 "WHERE until > ? ORDER BY id",
	                 "i", now);
	cJSON *out = cJSON_CreateObject(), *list = json_add_arr(out, "rules");
	int rc = st ? 1 : -1;

	while (rc > 0 && (rc = db_step(&s->db, st, e)) > 0) {
		cJSON *o = cJSON_CreateObject();
		json_add_i64(o, "id", sqlite3_column_int64(st, 0));
		state_add_json(o, "match", st, 1);
		json_add_str(o, "owner", db_text(st, 2));
		json_add_str(o, "reason", db_text(st, 3));
		json_add_time(o, "until", sqlite3_column_int64(st, 4));
		json_add_time(o, "at", sqlite3_column_int64(st, 5));
		json_add_str(o, "by", db_text(st, 6));
		cJSON_AddItemToArray(list, o);
	}
	if (rc == 0)
		return out;
	cJSON_Delete(out);
	return NULL;
}

int state_watch_add(struct state *s, const struct who *w, const cJSON *params, mw_time now,
                    int64_t *id, struct err *e)
{
	if (state_time(params, "until") <= now)
		return err_set(e, ERR_INVALID, "the end of a watch must lie ahead");
	if (db_run(&s->db, e,
	           "INSERT INTO watch (session, question, incident, until, at, uid) VALUES "
	           "(?,?,?,?,?,?)",
	           "sssiii", json_str(params, "session", ""), json_str(params, "question", ""),
	           json_str(params, "incident", NULL), state_time(params, "until"), now,
	           (int64_t)w->uid))
		return -1;
	*id = sqlite3_last_insert_rowid(s->db.h);
	return 0;
}

static void add_seen(cJSON *o, sqlite3_stmt *st, int col)
{
	if (sqlite3_column_type(st, col) == SQLITE_NULL)
		json_add_str(o, "seen", NULL);
	else
		json_add_i64(o, "seen", sqlite3_column_int64(st, col));
}

cJSON *state_watch_list(struct state *s, const struct who *w, struct err *e)
{
	sqlite3_stmt *st =
	        db_query(&s->db, e,
	                 "SELECT id, session, question, incident, until, at, seen FROM watch "
	                 "WHERE uid = ? ORDER BY id",
	                 "i", (int64_t)w->uid);
	cJSON *out = cJSON_CreateObject(), *list = json_add_arr(out, "watches");
	int rc = st ? 1 : -1;

	while (rc > 0 && (rc = db_step(&s->db, st, e)) > 0) {
		cJSON *o = cJSON_CreateObject();
		json_add_i64(o, "watch", sqlite3_column_int64(st, 0));
		json_add_str(o, "session", db_text(st, 1));
		json_add_str(o, "question", db_text(st, 2));
		json_add_str(o, "incident", db_text(st, 3));
		json_add_time(o, "until", sqlite3_column_int64(st, 4));
		json_add_time(o, "at", sqlite3_column_int64(st, 5));
		add_seen(o, st, 6);
		cJSON_AddItemToArray(list, o);
	}
	if (rc == 0)
		return out;
	cJSON_Delete(out);
	return NULL;
}

cJSON *state_watches_due(struct state *s, mw_time now, struct err *e)
{
	sqlite3_stmt *st = db_query(&s->db, e,
	                            "SELECT id, session, question, uid, seen FROM watch "
	                            "WHERE until > ? ORDER BY id",
	                            "i", now);
	cJSON *out = cJSON_CreateArray();
	int rc = st ? 1 : -1;

	while (rc > 0 && (rc = db_step(&s->db, st, e)) > 0) {
		cJSON *o = cJSON_CreateObject();
		json_add_i64(o, "watch", sqlite3_column_int64(st, 0));
		json_add_str(o, "session", db_text(st, 1));
		json_add_str(o, "question", db_text(st, 2));
		json_add_i64(o, "uid", sqlite3_column_int64(st, 3));
		add_seen(o, st, 4);
		cJSON_AddItemToArray(out, o);
	}
	if (rc == 0)
		return out;
	cJSON_Delete(out);
	return NULL;
}

int state_watch_seen(struct state *s, int64_t id, int64_t rows, struct err *e)
{
	return db_run(&s->db, e, "UPDATE watch SET seen = ? WHERE id = ?", "ii", rows, id);
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

int state_doc_put(struct state *s, const struct who *w, int64_t doc, const char *kind,
                  const char *incident, const char *markdown, mw_time now, int64_t *id,
                  int64_t *version, struct err *e)
{
	int64_t sealed = 0;

	*id = doc;
	if (!doc && db_i64(&s->db, e, id, 0, "SELECT max(id) + 1 FROM doc", ""))
		return -1;
	if (!*id)
		*id = 1;
	if (db_i64(&s->db, e, version, 0, "SELECT max(version) FROM doc WHERE id = ?", "i", *id))
		return -1;
	if (doc && !*version)
		return err_set(e, ERR_NOT_FOUND, "there is no document %lld", (long long)doc);
	if (doc &&
	    db_i64(&s->db, e, &sealed, 0, "SELECT count(*) FROM handoff WHERE doc = ?", "i", doc))
		return -1;
	if (sealed)
		return err_set(e, ERR_CONFLICT, "document %lld is signed: draft a new one",
		               (long long)doc);
	++*version;
	return db_run(&s->db, e,
	              "INSERT INTO doc SELECT ?1, ?2, "
	              "coalesce(?3, (SELECT kind FROM doc WHERE id = ?1 LIMIT 1)), "
	              "coalesce(?4, (SELECT incident FROM doc WHERE id = ?1 LIMIT 1)), ?5, ?6, ?7",
	              "iisssis", *id, *version, kind, incident, markdown, now, w->user);
}

cJSON *state_doc_get(struct state *s, int64_t doc, int64_t version, struct err *e)
{
	sqlite3_stmt *st = db_query(&s->db, e,
	                            "SELECT id, version, kind, incident, markdown, at, by FROM doc "
	                            "WHERE id = ?1 AND (version = ?2 OR ?2 = 0) "
	                            "ORDER BY version DESC LIMIT 1",
	                            "ii", doc, version);
	int rc = st ? db_step(&s->db, st, e) : -1;
	cJSON *o;

	if (rc == 0)
		err_set(e, ERR_NOT_FOUND, "there is no document %lld", (long long)doc);
	if (rc != 1)
		return NULL;
	o = cJSON_CreateObject();
	json_add_i64(o, "doc", sqlite3_column_int64(st, 0));
	json_add_i64(o, "version", sqlite3_column_int64(st, 1));
	json_add_str(o, "kind", db_text(st, 2));
	json_add_str(o, "incident", db_text(st, 3));
	json_add_str(o, "markdown", db_text(st, 4));
	json_add_time(o, "at", sqlite3_column_int64(st, 5));
	json_add_str(o, "by", db_text(st, 6));
	db_done(st);
	return o;
}
