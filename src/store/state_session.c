#include "base/limits.h"
#include "base/mem.h"
#include "store/state_int.h"

int state_session_put(struct state *s, const struct who *w, const char *session, const cJSON *ui,
                      struct err *e)
{
	struct buf text = state_text(ui);
	int rc;

	if (text.len > STATE_UI_MAX)
		rc = err_set(e, ERR_LIMIT, "session.put: ui is %zu bytes; the cap is %d", text.len,
		             STATE_UI_MAX);
	else
		rc = db_run(&s->db, e,
		            "INSERT INTO session (name, uid, ui, changed) VALUES (?1,?2,?3,?4) "
		            "ON CONFLICT DO UPDATE SET ui = ?3, changed = ?4",
		            "sisi", session, (int64_t)w->uid, text.s, mw_now());
	buf_release(&text);
	return rc;
}

static cJSON *turn_json(sqlite3_stmt *st)
{
	cJSON *o = cJSON_CreateObject();

	json_add_i64(o, "turn", sqlite3_column_int64(st, 0));
	json_add_str(o, "question", db_text(st, 1));
	json_add_time(o, "at", sqlite3_column_int64(st, 2));
	state_add_json(o, "reading", st, 3);
	if (sqlite3_column_int64(st, 4))
		json_add_i64(o, "job", sqlite3_column_int64(st, 4));
	else
		json_add_str(o, "job", NULL);
	state_add_json(o, "answer", st, 5);
	return o;
}

/* Newest first until the reply would be too long; then turned round. What was left out is counted.
 */
static int add_turns(struct state *s, const struct who *w, const char *session, cJSON *out,
                     struct err *e)
{
	sqlite3_stmt *st = db_query(&s->db, e,
	                            "SELECT n, question, at, reading, job, answer FROM turn "
	                            "WHERE session = ? AND uid = ? ORDER BY n DESC",
	                            "si", session, (int64_t)w->uid);
	cJSON *turns = json_add_arr(out, "turns");
	size_t bytes = 0;
	int64_t left_out = 0;
	int rc = st ? 1 : -1;

	while (rc > 0 && (rc = db_step(&s->db, st, e)) > 0) {
		bytes += db_col(st, 3).n + db_col(st, 5).n + db_col(st, 1).n + 200;
		if (bytes > MW_LINE_MAX * 3 / 4)
			left_out++;
		else
			cJSON_InsertItemInArray(turns, 0, turn_json(st));
	}
	if (left_out)
		json_add_i64(out, "older_turns", left_out);
	return rc;
}

/* ---- the flag ---- */

static int audit_flag(struct state *s, const struct who *w, const char *what, const char *session,
                      const char *why, mw_time now, struct err *e)
{
	cJSON *o = cJSON_CreateObject();
	int rc;

	json_add_str(o, "why", why);
	rc = state_audit(s, w, what, session, o, now, e);
	cJSON_Delete(o);
	return rc;
}

int state_session_flag(struct state *s, const struct who *w, const char *session, const char *why,
                       mw_time now, struct err *e)
{
	if (db_run(&s->db, e, "INSERT OR IGNORE INTO session_flag VALUES (?,?,?,?)", "siis",
	           session, (int64_t)w->uid, now, why))
		return -1;
	return sqlite3_changes(s->db.h) ? audit_flag(s, w, "session.flagged", session, why, now, e)
	                                : 0;
}

int state_session_unflag(struct state *s, const struct who *w, const char *session,
                         const char *reason, mw_time now, struct err *e)
{
	if (!*reason)
		return err_set(e, ERR_INVALID, "a flag is cleared with a reason");
	if (db_run(&s->db, e, "DELETE FROM session_flag WHERE session = ? AND uid = ?", "si",
	           session, (int64_t)w->uid))
		return -1;
	if (!sqlite3_changes(s->db.h))
		return err_set(e, ERR_NOT_FOUND, "the conversation \"%s\" is not flagged", session);
	return audit_flag(s, w, "session.unflagged", session, reason, now, e);
}

cJSON *state_session_flagged(struct state *s, const struct who *w, const char *session,
                             struct err *e)
{
	sqlite3_stmt *st = db_query(
	        &s->db, e, "SELECT at, why FROM session_flag WHERE session = ? AND uid = ?", "si",
	        session, (int64_t)w->uid);
	cJSON *o = NULL;

	if (!st || db_step(&s->db, st, e) != 1)
		return NULL;
	o = cJSON_CreateObject();
	json_add_time(o, "at", sqlite3_column_int64(st, 0));
	json_add_str(o, "why", db_text(st, 1));
	db_done(st);
	return o;
}

static int add_flag(struct state *s, const struct who *w, const char *session, cJSON *out,
                    struct err *e)
{
	struct err said = {0};
	cJSON *flag = state_session_flagged(s, w, session, &said);

	if (said.code != ERR_NONE)
		*e = said;
	if (flag)
		cJSON_AddItemToObject(out, "flagged", flag);
	return said.code != ERR_NONE ? -1 : 0;
}

cJSON *state_session_get(struct state *s, const struct who *w, const char *session, struct err *e)
{
	sqlite3_stmt *st =
	        db_query(&s->db, e, "SELECT ui, incident FROM session WHERE name = ? AND uid = ?",
	                 "si", session, (int64_t)w->uid);
	cJSON *out = cJSON_CreateObject();
	int rc = st ? db_step(&s->db, st, e) : -1;

	json_add_str(out, "session", session);
	json_add_str(out, "incident", rc == 1 ? db_text(st, 1) : NULL);
	state_put(out, "ui", rc == 1 ? state_json_col(st, 0) : NULL);
	if (rc == 1)
		db_done(st);
	if (rc >= 0 && add_turns(s, w, session, out, e) == 0 &&
	    add_flag(s, w, session, out, e) == 0)
		return out;
	cJSON_Delete(out);
	return NULL;
}

cJSON *state_session_list(struct state *s, const struct who *w, struct err *e)
{
	sqlite3_stmt *st = db_query(&s->db, e,
	                            "SELECT name, changed, (SELECT count(*) FROM turn WHERE "
	                            "session = name AND turn.uid = session.uid),"
	                            " (SELECT question FROM turn WHERE session = name AND turn.uid "
	                            "= session.uid ORDER BY n DESC LIMIT 1)"
	                            " FROM session WHERE uid = ? ORDER BY changed DESC LIMIT 200",
	                            "i", (int64_t)w->uid);
	cJSON *out = cJSON_CreateObject(), *list = json_add_arr(out, "sessions");
	int rc = st ? 1 : -1;

	while (rc > 0 && (rc = db_step(&s->db, st, e)) > 0) {
		cJSON *o = cJSON_CreateObject();
		json_add_str(o, "session", db_text(st, 0));
		json_add_time(o, "changed", sqlite3_column_int64(st, 1));
		json_add_i64(o, "turns", sqlite3_column_int64(st, 2));
		json_add_str(o, "last", db_text(st, 3));
		cJSON_AddItemToArray(list, o);
	}
	if (rc == 0)
		return out;
	cJSON_Delete(out);
	return NULL;
}

int state_turn_begin(struct state *s, const struct who *w, const char *session,
                     const char *question, const char *incident, int64_t job, int64_t *turn,
                     struct err *e)
{
	if (db_run(&s->db, e,
	           "INSERT INTO session (name, uid, incident, changed) VALUES (?1,?2,?3,?4) "
	           "ON CONFLICT DO UPDATE SET incident = coalesce(?3, incident), changed = ?4",
	           "sisi", session, (int64_t)w->uid, incident, mw_now()))
		return -1;
	if (db_i64(&s->db, e, turn, 0, "SELECT max(n) FROM turn WHERE session = ? AND uid = ?",
	           "si", session, (int64_t)w->uid))
		return -1;
	++*turn;
	return db_run(&s->db, e, "INSERT INTO turn VALUES (?,?,?,?,?,?,?,NULL,NULL)", "siiissi",
	              session, (int64_t)w->uid, *turn, mw_now(), question, incident, job);
}

static int set_column(struct state *s, const struct who *w, const char *sql, const char *session,
                      int64_t turn, const cJSON *v, struct err *e)
{
	struct buf text;
	int rc;

	if (!v)
		return 0;
	text = state_text(v);
	rc = db_run(&s->db, e, sql, "ssii", text.s, session, (int64_t)w->uid, turn);
	buf_release(&text);
	return rc;
}

int state_turn_set(struct state *s, const struct who *w, const char *session, int64_t turn,
                   const cJSON *reading, const cJSON *answer, struct err *e)
{
	if (set_column(s, w, "UPDATE turn SET reading = ? WHERE session = ? AND uid = ? AND n = ?",
	               session, turn, reading, e))
		return -1;
	return set_column(s, w,
	                  "UPDATE turn SET answer = ? WHERE session = ? AND uid = ? AND n = ?",
	                  session, turn, answer, e);
}

/* The values that "those" may mean: of a list, or the names of a ranking. */
static cJSON *answer_values(const cJSON *answer)
{
	cJSON *out = cJSON_CreateArray();
	const cJSON *v;

	cJSON_ArrayForEach(v, json_arr(answer, "values"))
	        cJSON_AddItemToArray(out, cJSON_Duplicate(v, 1));
	cJSON_ArrayForEach(v, json_arr(answer, "pairs")) if (cJSON_GetArrayItem(v, 0))
	        cJSON_AddItemToArray(out, cJSON_Duplicate(cJSON_GetArrayItem(v, 0), 1));
	return out;
}

cJSON *state_turns_context(struct state *s, const struct who *w, const char *session, int n,
                           struct err *e)
{
	sqlite3_stmt *st =
	        db_query(&s->db, e,
	                 "SELECT question, reading, answer FROM turn WHERE session = ? AND uid = ? "
	                 "AND reading IS NOT NULL ORDER BY n DESC LIMIT ?",
	                 "sii", session, (int64_t)w->uid, (int64_t)n);
	cJSON *out = cJSON_CreateArray();
	int rc = st ? 1 : -1;

	while (rc > 0 && (rc = db_step(&s->db, st, e)) > 0) {
		cJSON *o = cJSON_CreateObject(), *reading = state_json_col(st, 1);
		cJSON *answer = state_json_col(st, 2);
		json_add_str(o, "question", db_text(st, 0));
		state_put(o, "plan", cJSON_DetachItemFromObjectCaseSensitive(reading, "plan"));
		state_put(o, "values", answer_values(answer));
		cJSON_InsertItemInArray(out, 0, o);
		cJSON_Delete(reading);
		cJSON_Delete(answer);
	}
	if (rc == 0)
		return out;
	cJSON_Delete(out);
	return NULL;
}

cJSON *state_job_plan(struct state *s, const struct who *w, int64_t job, struct err *e)
{
	sqlite3_stmt *st = db_query(&s->db, e, "SELECT reading FROM turn WHERE job = ? AND uid = ?",
	                            "ii", job, (int64_t)w->uid);
	cJSON *reading, *plan;

	if (!st || db_step(&s->db, st, e) != 1)
		return NULL;
	reading = state_json_col(st, 0);
	db_done(st);
	plan = cJSON_DetachItemFromObjectCaseSensitive(reading, "plan");
	cJSON_Delete(reading);
	return plan;
}

int64_t state_last_job(struct state *s, struct err *e)
{
	int64_t n;

	return db_i64(&s->db, e, &n, 0, "SELECT max(job) FROM turn", "") ? -1 : n;
}
