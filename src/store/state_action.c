/*
 * Actions that were proposed (policy/approval.h): stored as they were shown, with their state beside them.
 */
#include "store/state_int.h"

#define COLUMNS "SELECT id, doc FROM action "

static int parse_id(const char *id, int64_t *out, struct err *e)
{
	if (!strncmp(id, "A-", 2) && slice_i64(slice_of(id + 2), out) && *out > 0)
		return 0;
	return err_set(e, ERR_INVALID, "an action is written A-<number>, not \"%s\"", id);
}

static cJSON *action_row(sqlite3_stmt *st)
{
	cJSON *o = state_json_col(st, 1);
	char id[32];

	snprintf(id, sizeof(id), "A-%lld", (long long)sqlite3_column_int64(st, 0));
	if (!o)
		o = cJSON_CreateObject();
	cJSON_DeleteItemFromObjectCaseSensitive(o, "id");
	json_add_str(o, "id", id);
	return o;
}

int state_action_add(struct state *s, cJSON *action, struct err *e)
{
	struct buf doc = state_text(action);
	char id[32];
	int rc =
	        db_run(&s->db, e, "INSERT INTO action (incident, state, doc) VALUES (?,?,?)", "iss",
	               json_i64(action, "incident", 0), json_str(action, "state", ""), doc.s);

	buf_release(&doc);
	snprintf(id, sizeof(id), "A-%lld", (long long)sqlite3_last_insert_rowid(s->db.h));
	json_add_str(action, "id", id);
	return rc;
}

int state_action_put(struct state *s, const cJSON *action, struct err *e)
{
	struct buf doc;
	int64_t id;
	int rc;

	if (parse_id(json_str(action, "id", ""), &id, e))
		return -1;
	doc = state_text(action);
	rc = db_run(&s->db, e, "UPDATE action SET state = ?, doc = ? WHERE id = ?", "ssi",
	            json_str(action, "state", ""), doc.s, id);
	buf_release(&doc);
	return rc;
}

cJSON *state_action_get(struct state *s, const char *id, struct err *e)
{
	sqlite3_stmt *st;
	cJSON *o = NULL;
	int64_t n;
	int rc;

	if (parse_id(id, &n, e))
		return NULL;
	st = db_query(&s->db, e, COLUMNS "WHERE id = ?", "i", n);
	rc = st ? db_step(&s->db, st, e) : -1;
	if (rc == 0)
		err_set(e, ERR_NOT_FOUND, "there is no action %s", id);
	if (rc != 1)
		return NULL;
	o = action_row(st);
	db_done(st);
	return o;
}

cJSON *state_actions_of(struct state *s, int64_t incident, struct err *e)
{
	return state_rows(
	        s, db_query(&s->db, e, COLUMNS "WHERE incident = ? ORDER BY id", "i", incident),
	        action_row, e);
}

cJSON *state_actions_in(struct state *s, const char *state, struct err *e)
{
	return state_rows(s, db_query(&s->db, e, COLUMNS "WHERE state = ? ORDER BY id", "s", state),
	                  action_row, e);
}
