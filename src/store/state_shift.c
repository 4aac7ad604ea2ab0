/*
 * What a shift has left: everything that a handoff is drafted from, read in one transaction.
 */
#include "base/mem.h"
#include "store/state_int.h"

#define SHIFT_INCIDENTS_MAX 500
#define SHIFT_CHANGES_MAX 300
#define SHIFT_ASKED_MAX 20 /* questions of one incident */
#define SHIFT_DEFAULT (12 * MW_HOUR)

static int add(cJSON *o, const char *key, cJSON *v)
{
	if (v)
		cJSON_AddItemToObject(o, key, v);
	return v ? 0 : -1;
}

/* ---- since when ---- */

int state_handoff_last(struct state *s, const char *user, mw_time now, mw_time *out, struct err *e)
{
	return db_i64(&s->db, e, out, now - SHIFT_DEFAULT,
	              "SELECT max(at) FROM handoff WHERE at < ?1 AND (?2 IS NULL OR by = ?2)", "is",
	              now, user);
}

static cJSON *last_row(sqlite3_stmt *st)
{
	cJSON *o = cJSON_CreateObject();

	json_add_i64(o, "doc", sqlite3_column_int64(st, 0));
	json_add_str(o, "by", db_text(st, 1));
	json_add_time(o, "at", sqlite3_column_int64(st, 2));
	return o;
}

/* ---- incidents, with what was asked about them ---- */

static cJSON *asked_row(sqlite3_stmt *st)
{
	cJSON *o = cJSON_CreateObject(), *answer = state_json_col(st, 2);
	const cJSON *empty = json_obj(answer, "empty");

	json_add_str(o, "question", db_text(st, 0));
	json_add_time(o, "at", sqlite3_column_int64(st, 1));
	json_add_str(o, "kind", json_str(answer, "kind", ""));
	if (empty) {
		json_add_str(o, "reason", json_str(empty, "reason", ""));
		json_add_str(o, "sentence", json_str(empty, "sentence", ""));
		json_add_str(o, "cover", json_str(empty, "cover", NULL));
	}
	cJSON_Delete(answer);
	return o;
}

int state_asked_add(struct state *s, cJSON *incident, struct err *e)
{
	char id[32];

	snprintf(id, sizeof(id), "INC-%lld", (long long)json_i64(incident, "id", 0));
	return add(
	        incident, "asked",
	        state_rows(s,
	                   db_query(&s->db, e,
	                            "SELECT question, at, answer FROM turn WHERE incident = ? AND "
	                            "answer IS NOT NULL ORDER BY at DESC LIMIT ?",
	                            "si", id, (int64_t)SHIFT_ASKED_MAX),
	                   asked_row, e));
}

static cJSON *id_row(sqlite3_stmt *st)
{
	char id[32];

	snprintf(id, sizeof(id), "INC-%lld", (long long)sqlite3_column_int64(st, 0));
	return cJSON_CreateString(id);
}

/* The owner as the queue shows it (both names while a handoff waits), and when the promise ends. */
static int add_row(struct state *s, cJSON *incident, mw_time now, struct err *e)
{
	cJSON *row = state_queue_row(s, json_i64(incident, "id", 0), now, e);
	const cJSON *sla = json_get(row, "sla_s");

	if (!row)
		return -1;
	json_add_str(incident, "row_owner", json_str(row, "owner", ""));
	json_add_i64(incident, "count", json_i64(row, "count", 0));
	if (cJSON_IsNumber(sla))
		json_add_time(incident, "sla_due", now + json_i64(row, "sla_s", 0) * MW_SECOND);
	cJSON_Delete(row);
	return 0;
}

static cJSON *incidents(struct state *s, const char *owner, mw_time since, mw_time now,
                        struct err *e)
{
	cJSON *ids =
	        state_rows(s,
	                   db_query(&s->db, e,
	                            "SELECT id FROM incident WHERE merged_into IS NULL AND "
	                            "suppressed = 0 AND (status <> 'closed' OR changed >= ?1) AND "
	                            "(?2 IS NULL OR owner = ?2) ORDER BY score DESC LIMIT ?3",
	                            "isi", since, owner, (int64_t)SHIFT_INCIDENTS_MAX),
	                   id_row, e);
	cJSON *list = ids ? cJSON_CreateArray() : NULL;
	const cJSON *id;

	cJSON_ArrayForEach(id, ids)
	{
		cJSON *i = state_incident(s, id->valuestring, e);
		if (i)
			cJSON_AddItemToArray(list, i);
		if (!i || state_asked_add(s, i, e) || add_row(s, i, now, e)) {
			cJSON_Delete(list);
			list = NULL;
			break;
		}
	}
	cJSON_Delete(ids);
	return list;
}

/* ---- what was done: the audit chain in words ---- */

static cJSON *change_row(sqlite3_stmt *st)
{
	cJSON *o = cJSON_CreateObject();

	json_add_time(o, "at", sqlite3_column_int64(st, 0));
	json_add_str(o, "by", db_text(st, 1));
	json_add_str(o, "action", db_text(st, 2));
	json_add_str(o, "object", db_text(st, 3));
	state_add_json(o, "detail", st, 4);
	return o;
}

static cJSON *changes(struct state *s, const char *user, mw_time since, struct err *e)
{
	return state_rows(
	        s,
	        db_query(&s->db, e,
	                 "SELECT at, user, action, object, detail FROM audit WHERE at >= ?1 AND "
	                 "(?2 IS NULL OR user = ?2) ORDER BY seq DESC LIMIT ?3",
	                 "isi", since, user, (int64_t)SHIFT_CHANGES_MAX),
	        change_row, e);
}

/* ---- what waits and what stands ---- */

static cJSON *item_row(sqlite3_stmt *st)
{
	cJSON *o = cJSON_CreateObject(), *id = id_row(st);

	cJSON_AddItemToObject(o, "incident", id);
	json_add_i64(o, "doc", sqlite3_column_int64(st, 1));
	json_add_str(o, "by", db_text(st, 2));
	json_add_str(o, "receiver", db_text(st, 3));
	json_add_time(o, "at", sqlite3_column_int64(st, 4));
	return o;
}

static cJSON *unaccepted(struct state *s, const char *user, struct err *e)
{
	return state_rows(
	        s,
	        db_query(&s->db, e,
	                 "SELECT i.incident, h.doc, h.by, h.receiver, h.at FROM handoff_item i "
	                 "JOIN handoff h USING (doc) JOIN incident n ON n.id = i.incident WHERE "
	                 "i.accepted IS NULL AND n.status <> 'closed' AND n.owner = i.owner AND "
	                 "(?1 IS NULL OR h.by = ?1 OR h.receiver = ?1) ORDER BY h.doc, "
	                 "i.incident",
	                 "s", user),
	        item_row, e);
}

static cJSON *snoozed_row(sqlite3_stmt *st)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToObject(o, "incident", id_row(st));
	json_add_str(o, "title", db_text(st, 1));
	json_add_time(o, "until", sqlite3_column_int64(st, 2));
	json_add_str(o, "owner", db_text(st, 3));
	return o;
}

static cJSON *snoozed(struct state *s, const char *user, mw_time now, struct err *e)
{
	return state_rows(
	        s,
	        db_query(&s->db, e,
	                 "SELECT id, title, snooze, owner FROM incident WHERE snooze > ?1 AND "
	                 "status <> 'closed' AND merged_into IS NULL AND (?2 IS NULL OR owner = "
	                 "?2) ORDER BY id",
	                 "is", now, user),
	        snoozed_row, e);
}

/* Both the rules and how many incidents they hide now. */
static cJSON *suppressed(struct state *s, const char *user, mw_time now, struct err *e)
{
	cJSON *all = state_suppress_list(s, now, e);
	cJSON *list = all ? cJSON_DetachItemFromObjectCaseSensitive(all, "rules") : NULL;
	cJSON *rule = list ? list->child : NULL;

	cJSON_Delete(all);
	while (rule) {
		cJSON *next = rule->next;
		if (user && strcmp(json_str(rule, "owner", ""), user) &&
		    strcmp(json_str(rule, "by", ""), user))
			cJSON_Delete(cJSON_DetachItemViaPointer(list, rule));
		rule = next;
	}
	return list;
}

/* How long it took from an incident's making to the first hand laid on it. */
static cJSON *seconds_row(sqlite3_stmt *st)
{
	return cJSON_CreateNumber((double)sqlite3_column_int64(st, 0));
}

static cJSON *triage(struct state *s, const char *user, mw_time since, struct err *e)
{
	return state_rows(
	        s,
	        db_query(&s->db, e,
	                 "SELECT (min(a.at) - i.created) / 1000000 FROM incident i JOIN audit a "
	                 "ON a.object = 'INC-' || i.id AND a.action LIKE 'incident.%' WHERE "
	                 "i.created >= ?1 AND (?2 IS NULL OR a.user = ?2) GROUP BY i.id ORDER "
	                 "BY 1",
	                 "is", since, user),
	        seconds_row, e);
}

static int count(struct state *s, cJSON *o, const char *key, const char *sql, mw_time since,
                 struct err *e)
{
	int64_t n;

	if (db_i64(&s->db, e, &n, 0, sql, "i", since))
		return -1;
	json_add_i64(o, key, n);
	return 0;
}

static int add_numbers(struct state *s, cJSON *o, const char *user, mw_time since, struct err *e)
{
	cJSON *n = json_add_obj(o, "numbers");

	return count(s, n, "made",
	             "SELECT count(*) FROM incident WHERE created >= ? AND merged_into IS NULL",
	             since, e) ||
	                       count(s, n, "hidden",
	                             "SELECT count(*) FROM incident WHERE suppressed AND status <> "
	                             "'closed' AND merged_into IS NULL AND ? IS NOT NULL",
	                             since, e) ||
	                       add(n, "triage_s", triage(s, user, since, e))
	               ? -1
	               : 0;
}

static int add_standing(struct state *s, cJSON *o, const char *user, mw_time now, struct err *e)
{
	return add(o, "approvals", state_actions_in(s, "open", e)) ||
	                       add(o, "unaccepted", unaccepted(s, user, e)) ||
	                       add(o, "watches", state_watches_all(s, user, now, e)) ||
	                       add(o, "suppressed", suppressed(s, user, now, e)) ||
	                       add(o, "snoozed", snoozed(s, user, now, e))
	               ? -1
	               : 0;
}

cJSON *state_shift(struct state *s, const char *user, mw_time since, mw_time now, struct err *e)
{
	cJSON *o = cJSON_CreateObject();

	json_add_time(o, "since", since);
	json_add_str(o, "user", user);
	if (add(o, "last",
	        state_rows(s,
	                   db_query(&s->db, e,
	                            "SELECT doc, by, at FROM handoff WHERE at = ? LIMIT 1", "i",
	                            since),
	                   last_row, e)) ||
	    add(o, "incidents", incidents(s, user, since, now, e)) ||
	    add(o, "changes", changes(s, user, since, e)) || add_standing(s, o, user, now, e) ||
	    add_numbers(s, o, user, since, e)) {
		cJSON_Delete(o);
		return NULL;
	}
	return o;
}
