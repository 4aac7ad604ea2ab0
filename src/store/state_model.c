/*
 * What was asked of language models, what came, and what became of it.
 */
#include "store/state_int.h"

#include <math.h>

int64_t state_model_last(struct state *s, struct err *e)
{
	int64_t id;

	return db_i64(&s->db, e, &id, 0, "SELECT max(id) FROM model_call", "") ? -1 : id;
}

int state_model_add(struct state *s, const cJSON *r, struct err *e)
{
	static const char *const columns[] = {"request", "reply", "evidence", "error"};
	const cJSON *p = json_obj(r, "prompt");
	cJSON *doc = cJSON_CreateObject();
	struct buf text;
	int rc;

	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		if (json_get(r, columns[i]))
			state_put(doc, columns[i], cJSON_Duplicate(json_get(r, columns[i]), 1));
	text = state_text(doc);
	rc = db_run(&s->db, e,
	            "INSERT INTO model_call (id, at, uid, user, session, incident, job, purpose, "
	            "prompt, version, sha256, model, tokens, cost, elapsed, doc, inputs) "
	            "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	            "iiisssisssssiiiss", json_i64(r, "id", 0), json_time(r, "at"),
	            json_i64(r, "uid", 0), json_str(r, "user", ""), json_str(r, "session", NULL),
	            json_str(r, "incident", NULL), json_i64(r, "job", 0),
	            json_str(r, "purpose", ""), json_str(p, "id", ""), json_str(p, "version", ""),
	            json_str(p, "sha256", ""), json_str(r, "model", ""), json_i64(r, "tokens", 0),
	            json_i64(r, "cost_micro", 0), json_i64(r, "elapsed_us", 0), text.s,
	            json_str(r, "inputs", NULL));
	buf_release(&text);
	cJSON_Delete(doc);
	return rc;
}

static int known(struct state *s, int64_t id, struct err *e)
{
	if (sqlite3_changes(s->db.h))
		return 0;
	return err_set(e, ERR_NOT_FOUND, "there is no model record %lld", (long long)id);
}

int state_model_settle(struct state *s, int64_t id, const char *outcome, const cJSON *detail,
                       struct err *e)
{
	struct buf text = state_text(detail);
	int rc = db_run(&s->db, e,
	                "UPDATE model_call SET outcome = ?, checked = ?, supported = ?, detail = ? "
	                "WHERE id = ?",
	                "siisi", outcome, json_i64(detail, "checked", 0),
	                json_i64(detail, "supported", 0), text.s, id);

	buf_release(&text);
	return rc ? -1 : known(s, id, e);
}

int state_model_label(struct state *s, const struct who *w, int64_t id, const char *label,
                      const char *text, mw_time now, struct err *e)
{
	static const char *const labels[] = {"accept", "edit", "reject", "wrong link", NULL};
	cJSON *o = cJSON_CreateObject();
	struct buf doc;
	int rc;

	json_add_str(o, "by", w->user);
	json_add_time(o, "at", now);
	json_add_str(o, "text", text);
	doc = state_text(o);
	cJSON_Delete(o);
	for (size_t i = 0; labels[i] && strcmp(labels[i], label) != 0; i++)
		if (!labels[i + 1]) {
			buf_release(&doc);
			return err_set(
			        e, ERR_INVALID,
			        "a label is accept, edit, reject or \"wrong link\", not \"%s\"",
			        label);
		}
	rc = db_run(&s->db, e, "UPDATE model_call SET label = ?, labelled = ? WHERE id = ?", "ssi",
	            label, doc.s, id);
	buf_release(&doc);
	return rc ? -1 : known(s, id, e);
}

int state_model_spent(struct state *s, int64_t uid, int64_t job, mw_time since,
                      struct model_spent *out, struct err *e)
{
	sqlite3_stmt *st = db_query(
	        &s->db, e,
	        "SELECT count(*), coalesce(sum(tokens), 0), coalesce(sum(cost), 0), coalesce(sum(elapsed), 0) FROM model_call "
	        "WHERE at >= ?1 AND (?2 < 0 OR uid = ?2) AND (?3 = 0 OR job = ?3)",
	        "iii", since, uid, job);
	int rc = st ? db_step(&s->db, st, e) : -1;

	if (rc > 0) {
		*out = (struct model_spent){
		        sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1),
		        sqlite3_column_int64(st, 2), sqlite3_column_int64(st, 3)};
		db_done(st);
	}
	return rc < 0 ? -1 : 0;
}

int64_t state_model_steps(struct state *s, const char *session, const char *incident, struct err *e)
{
	int64_t n;

	return db_i64(&s->db, e, &n, 0,
	              "SELECT count(*) FROM model_call WHERE purpose = 'next' AND outcome = 'plan' "
	              "AND session = ? AND incident = ?",
	              "ss", session, incident)
	               ? -1
	               : n;
}

/* ---- reading ---- */

#define COLUMNS                                                                                  \
	"SELECT id, at, user, session, incident, job, purpose, prompt, version, sha256, model, " \
	"tokens, cost, elapsed, outcome, label, labelled, detail, doc FROM model_call "

static cJSON *record_json(sqlite3_stmt *st, bool whole)
{
	static const char *const texts[] = {"user",   "session", "incident", NULL,    "purpose",
	                                    "prompt", "version", "sha256",   "model", NULL,
	                                    NULL,     NULL,      "outcome",  "label"};
	cJSON *o = cJSON_CreateObject(), *doc;

	json_add_i64(o, "id", sqlite3_column_int64(st, 0));
	json_add_time(o, "at", sqlite3_column_int64(st, 1));
	for (int i = 0; i < (int)ARRAY_LEN(texts); i++)
		if (texts[i])
			json_add_str(o, texts[i], db_text(st, i + 2));
	json_add_i64(o, "job", sqlite3_column_int64(st, 5));
	json_add_i64(o, "tokens", sqlite3_column_int64(st, 11));
	json_add_i64(o, "cost_micro", sqlite3_column_int64(st, 12));
	json_add_i64(o, "elapsed_us", sqlite3_column_int64(st, 13));
	state_add_json(o, "labelled", st, 16);
	state_add_json(o, "detail", st, 17);
	doc = whole ? state_json_col(st, 18) : NULL;
	while (doc && doc->child) {
		cJSON *c = cJSON_DetachItemViaPointer(doc, doc->child);
		cJSON_AddItemToObject(o, c->string, c);
	}
	cJSON_Delete(doc);
	return o;
}

cJSON *state_model_get(struct state *s, int64_t id, struct err *e)
{
	sqlite3_stmt *st = db_query(&s->db, e, COLUMNS "WHERE id = ?", "i", id);
	int rc = st ? db_step(&s->db, st, e) : -1;
	cJSON *o = rc > 0 ? record_json(st, true) : NULL;

	if (rc > 0)
		db_done(st);
	if (rc == 0)
		err_set(e, ERR_NOT_FOUND, "there is no model record %lld", (long long)id);
	return o;
}

cJSON *state_model_list(struct state *s, const struct model_filter *f, struct err *e)
{
	sqlite3_stmt *st =
	        db_query(&s->db, e,
	                 COLUMNS "WHERE (?1 IS NULL OR incident = ?1) AND (?2 IS NULL OR "
	                         "session = ?2) AND (?3 = 0 OR label IS NOT NULL) AND (?4 "
	                         "< 0 OR uid = ?4) ORDER BY id DESC LIMIT ?5 OFFSET ?6",
	                 "ssiiii", f->incident, f->session, (int64_t)f->labelled, f->uid, f->limit,
	                 f->offset);
	cJSON *out = cJSON_CreateObject(), *list = json_add_arr(out, "records");
	int rc = st ? 1 : -1;

	while (rc > 0 && (rc = db_step(&s->db, st, e)) > 0)
		cJSON_AddItemToArray(list, record_json(st, f->labelled));
	if (rc == 0)
		return out;
	cJSON_Delete(out);
	return NULL;
}

cJSON *state_model_recorded(struct state *s, const char *inputs, const char *model, struct err *e)
{
	sqlite3_stmt *st = db_query(&s->db, e,
	                            COLUMNS "WHERE inputs = ?1 AND (?2 IS NULL OR model = ?2) AND "
	                                    "outcome IS NOT NULL ORDER BY id DESC LIMIT 1",
	                            "ss", inputs, model);
	int rc = st ? db_step(&s->db, st, e) : -1;
	cJSON *o = rc > 0 ? record_json(st, true) : NULL;

	if (rc > 0)
		db_done(st);
	if (rc == 0)
		err_set(e, ERR_NOT_FOUND,
		        "no reply to this very prompt and these inputs was recorded%s%s",
		        model ? " of " : "", model ? model : "");
	return o;
}

/* ---- metrics ---- */

static int64_t rank_of(struct state *s, sqlite3_stmt *group, double share, struct err *e)
{
	int64_t n = sqlite3_column_int64(group, 3), us,
	        at = (int64_t)(share * (double)(n - 1) + 0.5);

	return db_i64(&s->db, e, &us, 0,
	              "SELECT elapsed FROM model_call WHERE prompt = ? AND version = ? AND model = "
	              "? "
	              "ORDER BY elapsed LIMIT 1 OFFSET ?",
	              "sssi", db_text(group, 0), db_text(group, 1), db_text(group, 2), at)
	               ? -1
	               : us;
}

static cJSON *group_json(struct state *s, sqlite3_stmt *st, struct err *e)
{
	static const char *const counts[] = {"calls",       "tokens",  "cost_micro",
	                                     "accepted",    "edited",  "rejected",
	                                     "wrong_links", "checked", "supported"};
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, "prompt", db_text(st, 0));
	json_add_str(o, "version", db_text(st, 1));
	json_add_str(o, "model", db_text(st, 2));
	for (int i = 0; i < (int)ARRAY_LEN(counts); i++)
		json_add_i64(o, counts[i], sqlite3_column_int64(st, i + 3));
	json_add_i64(o, "median_us", rank_of(s, st, 0.5, e));
	json_add_i64(o, "p95_us", rank_of(s, st, 0.95, e));
	return o;
}

/* Time to triage: from when an incident was made to the first change of it that a person is on record for. */
#define TRIAGE                                                                                  \
	"SELECT (min(a.at) - i.created) / 1e6 AS s FROM incident i JOIN audit a ON a.object = " \
	"'INC-' || i.id WHERE a.action LIKE 'incident.%' AND a.at >= i.created GROUP BY i.id"

static cJSON *queue_json(struct state *s, struct err *e)
{
	sqlite3_stmt *st =
	        db_query(&s->db, e,
	                 "SELECT (SELECT total(n) FROM incident WHERE suppressed != 0),"
	                 " (SELECT total(n) FROM incident WHERE verdict LIKE '%false_positive%'),"
	                 " (SELECT count(*) FROM (" TRIAGE ")), (SELECT avg(s) FROM (" TRIAGE ")),"
	                 " (SELECT avg(s * s) - avg(s) * avg(s) FROM (" TRIAGE "))",
	                 "");
	int rc = st ? db_step(&s->db, st, e) : -1;
	cJSON *o = rc > 0 ? cJSON_CreateObject() : NULL;
	double n, variance;

	if (!o)
		return NULL;
	n = (double)sqlite3_column_int64(st, 2);
	variance = sqlite3_column_double(st, 4);
	json_add_i64(o, "suppressed", sqlite3_column_int64(st, 0));
	json_add_i64(o, "closed_false", sqlite3_column_int64(st, 1));
	json_add_i64(o, "triaged", sqlite3_column_int64(st, 2));
	cJSON_AddNumberToObject(o, "triage_mean_s", sqlite3_column_double(st, 3));
	cJSON_AddNumberToObject(o, "triage_sd_s",
	                        n > 1 && variance > 0 ? sqrt(variance * n / (n - 1)) : 0);
	db_done(st);
	return o;
}

cJSON *state_model_metrics(struct state *s, struct err *e)
{
	sqlite3_stmt *st = db_query(
	        &s->db, e,
	        "SELECT prompt, version, model, count(*), sum(tokens), sum(cost), "
	        "total(label = 'accept'), total(label = 'edit'), total(label = 'reject'), "
	        "total(label = 'wrong link'), total(checked), total(supported) "
	        "FROM model_call GROUP BY prompt, version, model ORDER BY prompt, version, model",
	        "");
	cJSON *out = cJSON_CreateObject(), *list = json_add_arr(out, "groups");
	int rc = st ? 1 : -1;

	while (rc > 0 && (rc = db_step(&s->db, st, e)) > 0)
		cJSON_AddItemToArray(list, group_json(s, st, e));
	if (rc == 0) {
		cJSON *queue = queue_json(s, e);
		if (queue)
			cJSON_AddItemToObject(out, "queue", queue);
		rc = queue ? 0 : -1;
	}
	if (rc == 0)
		return out;
	cJSON_Delete(out);
	return NULL;
}

/* ---- what was taken out, and settings ---- */

cJSON *state_redacted_get(struct state *s, const char *key, struct err *e)
{
	sqlite3_stmt *st = db_query(&s->db, e, "SELECT doc FROM redacted WHERE name = ?", "s", key);
	int rc = st ? db_step(&s->db, st, e) : -1;
	cJSON *o = rc > 0 ? state_json_col(st, 0) : NULL;

	if (rc > 0)
		db_done(st);
	return o;
}

int state_redacted_put(struct state *s, const char *key, const cJSON *table, struct err *e)
{
	struct buf text = state_text(table);
	int rc = db_run(&s->db, e, "INSERT OR REPLACE INTO redacted VALUES (?,?)", "ss", key,
	                text.s);

	buf_release(&text);
	return rc;
}

char *state_setting_get(struct state *s, const char *name, struct err *e)
{
	sqlite3_stmt *st =
	        db_query(&s->db, e, "SELECT value FROM setting WHERE name = ?", "s", name);
	int rc = st ? db_step(&s->db, st, e) : -1;
	char *v = rc > 0 ? xstrdup(db_text(st, 0)) : NULL;

	if (rc > 0)
		db_done(st);
	return v;
}

int state_setting_put(struct state *s, const struct who *w, const char *name, const char *value,
                      mw_time now, struct err *e)
{
	return db_run(&s->db, e, "INSERT OR REPLACE INTO setting VALUES (?,?,?,?)", "ssis", name,
	              value, now, w->user);
}
