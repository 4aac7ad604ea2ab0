/* The outbox: changes that are to be made on the platforms, one row an intent (store/outbox.h). */
#include <inttypes.h>
#include <sys/random.h>

#include "base/limits.h"
#include "store/outbox.h"
#include "store/state_int.h"

/* ---- making intents ---- */

static const char *const change_words[] = {"status", "owner",   "severity", "comment",
                                           "tag",    "verdict", "reason",   NULL};

/* Whether the configuration lets this be written. A verdict and its reason belong to the status that they come with. */
static bool may_write(const cJSON *record, const char *word)
{
	if (!strcmp(word, "verdict") || !strcmp(word, "reason"))
		word = "status";
	return json_has_text(json_arr(record, "write"), word);
}

/* Who an analyst of ours is on the platform: "ours=theirs" of its users, else the same name. */
static const char *name_there(const cJSON *record, const char *ours)
{
	size_t n = strlen(ours);
	const cJSON *u;

	cJSON_ArrayForEach(u, json_arr(record, "users"))
	{
		const char *pair = cJSON_IsString(u) ? u->valuestring : "";
		if (n && !strncmp(pair, ours, n) && pair[n] == '=')
			return pair + n + 1;
	}
	return ours;
}

static const char *member(const struct platform_change *c, size_t i)
{
	const char *const values[] = {c->status, c->owner,   c->severity, c->comment,
	                              c->tag,    c->verdict, c->reason};

	return values[i];
}

/* What of the change is to be written to the record; NULL: nothing. */
static cJSON *update_doc(const cJSON *record, const struct platform_change *c)
{
	cJSON *o = cJSON_CreateObject(), *seen;

	for (size_t i = 0; change_words[i]; i++) {
		const char *v = member(c, i);
		if (v && may_write(record, change_words[i]))
			json_add_str(o, change_words[i],
			             strcmp(change_words[i], "owner") ? v : name_there(record, v));
	}
	if (!o->child) {
		cJSON_Delete(o);
		return NULL;
	}
	json_add_str(o, "id", json_str(record, "id", ""));
	seen = json_add_obj(o, "seen");
	json_add_str(seen, "status", json_str(record, "status", ""));
	json_add_str(seen, "owner", json_str(record, "owner", ""));
	return o;
}

/* A comment or tag is true whatever else has changed there; anything else was decided over what was seen. */
static bool needs_version(const cJSON *doc)
{
	return json_get(doc, "status") || json_get(doc, "owner") || json_get(doc, "severity");
}

static void new_key(char out[32])
{
	uint64_t r[1];

	if (getrandom(r, sizeof(r), 0) != sizeof(r))
		r[0] = (uint64_t)mw_mono_us() * UINT64_C(0x9e3779b97f4a7c15);
	snprintf(out, 32, "mw-%016" PRIx64, r[0]);
}

static int insert(struct state *s, const struct who *w, const char *source, int64_t incident,
                  const char *record, const char *etag, const char *kind, const cJSON *doc,
                  mw_time now, int64_t *id, struct err *e)
{
	struct buf text = state_text(doc);
	char key[32];
	int rc;

	new_key(key);
	rc = db_run(
	        &s->db, e,
	        "INSERT INTO outbox (source, incident, record, kind, doc, etag, idempotency, state, "
	        "attempts, next, at, uid, user) VALUES (?,?,?,?,?,?,?,'waiting',0,0,?,?,?)",
	        "sisstssiis", source, incident, record, kind, SLICE_OF_BUF(text), etag, key, now,
	        (int64_t)w->uid, w->user);
	if (!rc)
		*id = sqlite3_last_insert_rowid(s->db.h);
	buf_release(&text);
	return rc;
}

static void incident_text(int64_t n, char out[32])
{
	snprintf(out, 32, "INC-%lld", (long long)n);
}

static int audit(struct state *s, const struct who *w, const char *action, int64_t id,
                 const char *source, int64_t incident, const cJSON *doc, const char *why,
                 mw_time now, struct err *e)
{
	cJSON *detail = cJSON_CreateObject();
	char object[32];
	int rc;

	incident_text(incident, object);
	json_add_i64(detail, "intent", id);
	json_add_str(detail, "source", source);
	state_put(detail, "write", cJSON_Duplicate(doc, 1));
	json_add_str(detail, "why", why);
	rc = state_audit(s, w, action, incident ? object : "", detail, now, e);
	cJSON_Delete(detail);
	return rc;
}

static int intend_one(struct state *s, const struct who *w, int64_t incident, const cJSON *record,
                      const cJSON *doc, mw_time now, struct err *e)
{
	const char *source = json_str(record, "source", "");
	int64_t id;

	return insert(s, w, source, incident, json_str(record, "key", ""),
	              needs_version(doc) ? json_str(record, "etag", NULL) : NULL, "update", doc,
	              now, &id, e) ||
	                       audit(s, w, "outbox.intend", id, source, incident, doc, NULL, now, e)
	               ? -1
	               : 0;
}

int state_outbox_intend(struct state *s, const struct who *w, int64_t incident,
                        const struct platform_change *c, mw_time now, int64_t *made, struct err *e)
{
	cJSON *records = state_records_of(s, incident, e);
	const cJSON *r;
	int64_t n = 0;
	int rc = records ? 0 : -1;

	cJSON_ArrayForEach(r, records)
	{
		cJSON *doc = rc ? NULL : update_doc(r, c);
		if (!doc)
			continue;
		rc = intend_one(s, w, incident, r, doc, now, e);
		n++;
		cJSON_Delete(doc);
	}
	if (made)
		*made = n;
	cJSON_Delete(records);
	return rc;
}

int state_outbox_add(struct state *s, const struct who *w, const char *source, int64_t incident,
                     const char *kind, const cJSON *doc, mw_time now, int64_t *id, struct err *e)
{
	return insert(s, w, source, incident, NULL, NULL, kind, doc, now, id,
	              e) || audit(s, w, "outbox.intend", *id, source, incident, NULL, kind, now, e)
	               ? -1
	               : 0;
}

/* ---- what closing would write ---- */

static cJSON *listed(cJSON *list, const char *name)
{
	cJSON *o;

	cJSON_ArrayForEach(o, list) if (!strcmp(json_str(o, "system", ""), name)) return o;
	return NULL;
}

static void preview_record(const cJSON *r, const char *verdict, closing_words_fn *words,
                           cJSON *list)
{
	const char *source = json_str(r, "source", ""),
	           *will = words(json_str(r, "kind", ""), verdict);
	cJSON *o = listed(list, source);
	char *off;

	if (o) {
		state_set_member(o, "records",
		                 cJSON_CreateNumber((double)json_i64(o, "records", 0) + 1));
		return;
	}
	o = cJSON_CreateObject();
	json_add_str(o, "system", source);
	json_add_str(o, "kind", json_str(r, "kind", ""));
	json_add_i64(o, "records", 1);
	json_add_str(o, "will", will ? will : "nothing: it has no words for a verdict");
	if (!may_write(r, "status")) {
		off = xasprintf(
		        "not written: `write` of source %s does not name status, its own record "
		        "stays as it is",
		        source);
		json_add_str(o, "off", off);
		free(off);
	}
	cJSON_AddItemToArray(list, o);
}

int state_outbox_preview(struct state *s, int64_t incident, const char *verdict,
                         closing_words_fn *words, cJSON *list, struct err *e)
{
	cJSON *records = state_records_of(s, incident, e);
	const cJSON *r;

	cJSON_ArrayForEach(r, records) preview_record(r, verdict, words, list);
	cJSON_Delete(records);
	return records ? 0 : -1;
}

/* ---- sending ---- */

#define INTENT_COLUMNS                                                                             \
	"id, source, incident, record, kind, doc, etag, idempotency, attempts, uid, user, state, " \
	"next, error, at, ended"

static cJSON *intent_row(sqlite3_stmt *st)
{
	cJSON *o = cJSON_CreateObject();

	json_add_i64(o, "id", sqlite3_column_int64(st, 0));
	json_add_str(o, "source", db_text(st, 1));
	json_add_i64(o, "incident", sqlite3_column_int64(st, 2));
	json_add_str(o, "record", db_text(st, 3));
	json_add_str(o, "kind", db_text(st, 4));
	state_add_json(o, "doc", st, 5);
	json_add_str(o, "etag", db_text(st, 6));
	json_add_str(o, "idempotency", db_text(st, 7));
	json_add_i64(o, "attempts", sqlite3_column_int64(st, 8));
	json_add_i64(o, "uid", sqlite3_column_int64(st, 9));
	json_add_str(o, "user", db_text(st, 10));
	json_add_str(o, "state", db_text(st, 11));
	if (sqlite3_column_int64(st, 12) > 0)
		json_add_time(o, "next", sqlite3_column_int64(st, 12));
	json_add_str(o, "error", db_text(st, 13));
	json_add_time(o, "at", sqlite3_column_int64(st, 14));
	if (sqlite3_column_type(st, 15) != SQLITE_NULL)
		json_add_time(o, "ended", sqlite3_column_int64(st, 15));
	return o;
}

/* Its turn: nothing of the same incident and source stands before it, the source sends nothing else and may be written to. */
#define ITS_TURN                                                                                    \
	"o.ended IS NULL AND o.state = 'waiting' AND NOT EXISTS (SELECT 1 FROM outbox p WHERE "     \
	"p.ended IS NULL AND p.source = o.source AND p.incident = o.incident AND p.id < o.id) AND " \
	"NOT EXISTS (SELECT 1 FROM outbox p WHERE p.ended IS NULL AND p.source = o.source AND "     \
	"p.state = 'sending') AND EXISTS (SELECT 1 FROM platform f WHERE f.source = o.source AND "  \
	"f.writes)"

cJSON *state_outbox_take(struct state *s, mw_time now, mw_time *next, struct err *e)
{
	sqlite3_stmt *st = db_query(&s->db, e,
	                            "SELECT " INTENT_COLUMNS " FROM outbox o WHERE " ITS_TURN
	                            " ORDER BY o.next > ?1, o.next, o.id LIMIT 1",
	                            "i", now);
	int rc = st ? db_step(&s->db, st, e) : -1;
	cJSON *o = NULL;

	*next = MW_TIME_NONE;
	if (rc != 1)
		return NULL;
	if (sqlite3_column_int64(st, 12) <= now)
		o = intent_row(st);
	else
		*next = sqlite3_column_int64(st, 12);
	db_done(st);
	if (!o ||
	    !db_run(&s->db, e,
	            "UPDATE outbox SET state = 'sending', attempts = attempts + 1 WHERE id = ?",
	            "i", json_i64(o, "id", 0)))
		return o;
	cJSON_Delete(o);
	return NULL;
}

int state_outbox_settle(struct state *s, const cJSON *intent, const struct err *why, mw_time again,
                        mw_time now, struct err *e)
{
	const char *state = !why                        ? "done"
	                    : again != MW_TIME_NONE     ? "waiting"
	                    : why->code == ERR_CONFLICT ? "conflict"
	                                                : "failed";
	static const struct {
		const char *state, *action;
	} said[] = {{"done", "outbox.sent"},
	            {"conflict", "outbox.conflict"},
	            {"failed", "outbox.failed"}};
	struct who w = {(uid_t)json_i64(intent, "uid", 0), json_str(intent, "user", "")};
	int64_t id = json_i64(intent, "id", 0);
	int rc = db_run(
	        &s->db, e,
	        "UPDATE outbox SET state = ?2, error = ?3, next = ?4, ended = CASE WHEN ?2 = "
	        "'done' THEN ?5 END WHERE id = ?1",
	        "issii", id, state, why ? why->what : NULL, again != MW_TIME_NONE ? again : 0, now);

	for (size_t i = 0; i < ARRAY_LEN(said) && !rc; i++)
		if (!strcmp(said[i].state, state))
			rc = audit(s, &w, said[i].action, id, json_str(intent, "source", ""),
			           json_i64(intent, "incident", 0),
			           strcmp(json_str(intent, "kind", ""), "ingest")
			                   ? json_obj(intent, "doc")
			                   : NULL,
			           why ? why->what : NULL, now, e);
	return rc;
}

int state_outbox_taken(struct state *s, const cJSON *intent, int64_t taken, struct err *e)
{
	cJSON *doc = cJSON_Duplicate(json_obj(intent, "doc"), 1), *events = json_arr(doc, "events");
	char *key = xasprintf("%s.%lld", json_str(intent, "idempotency", ""), (long long)taken);
	struct buf text;
	int rc;

	while (taken-- > 0 && events && events->child)
		cJSON_DeleteItemFromArray(events, 0);
	text = state_text(doc);
	rc = db_run(&s->db, e, "UPDATE outbox SET doc = ?2, idempotency = ?3 WHERE id = ?1", "its",
	            json_i64(intent, "id", 0), SLICE_OF_BUF(text), key);
	buf_release(&text);
	free(key);
	cJSON_Delete(doc);
	return rc;
}

int state_outbox_resume(struct state *s, struct err *e)
{
	return db_exec(&s->db,
	               "UPDATE outbox SET state = 'waiting', next = 0 WHERE state = 'sending'", e);
}

int state_outbox_hurry(struct state *s, const char *source, struct err *e)
{
	return db_run(&s->db, e,
	              "UPDATE outbox SET next = 0 WHERE state = 'waiting' AND source = ?", "s",
	              source);
}

/* ---- what a person decides ---- */

static cJSON *intent_get(struct state *s, int64_t id, struct err *e)
{
	sqlite3_stmt *st =
	        db_query(&s->db, e, "SELECT " INTENT_COLUMNS " FROM outbox WHERE id = ?", "i", id);
	int rc = st ? db_step(&s->db, st, e) : -1;
	cJSON *o = rc == 1 ? intent_row(st) : NULL;

	db_done(st);
	if (rc == 0)
		err_set(e, ERR_NOT_FOUND, "the outbox has no number %lld", (long long)id);
	return o;
}

/* Over what is there now, as the person has seen it. */
static int send_again(struct state *s, const cJSON *intent, struct err *e)
{
	const char *key = json_str(intent, "record", NULL);
	cJSON *doc = cJSON_Duplicate(json_obj(intent, "doc"), 1), *seen = json_obj(doc, "seen");
	struct buf text;
	sqlite3_stmt *st =
	        db_query(&s->db, e, "SELECT etag, status, owner FROM record WHERE key = ?", "s",
	                 key ? key : "");
	int rc = st ? db_step(&s->db, st, e) : -1;
	char *etag = NULL;

	if (rc == 1 && seen) {
		etag = db_text(st, 0) && needs_version(doc) ? xstrdup(db_text(st, 0)) : NULL;
		state_set_member(seen, "status", cJSON_CreateString(db_text(st, 1)));
		state_set_member(seen, "owner", cJSON_CreateString(db_text(st, 2)));
	}
	db_done(st);
	text = state_text(doc);
	if (rc >= 0)
		rc = db_run(
		        &s->db, e,
		        "UPDATE outbox SET state = 'waiting', next = 0, attempts = 0, error = NULL, "
		        "etag = ?2, doc = ?3 WHERE id = ?1",
		        "ist", json_i64(intent, "id", 0), etag, SLICE_OF_BUF(text));
	buf_release(&text);
	free(etag);
	cJSON_Delete(doc);
	return rc;
}

/* Who somebody of the platform is here: the inverse of name_there. */
static char *name_here(const cJSON *record, const char *theirs)
{
	const cJSON *u;

	cJSON_ArrayForEach(u, json_arr(record, "users"))
	{
		const char *pair = cJSON_IsString(u) ? u->valuestring : "", *eq = strchr(pair, '=');
		if (eq && !strcmp(eq + 1, theirs))
			return xstrndup(pair, (size_t)(eq - pair));
	}
	return xstrdup(theirs);
}

/* Ours follows in what can follow: the owner. Their status is told in a note, since closing ours takes a verdict. */
static int follow_theirs(struct state *s, const struct who *w, const cJSON *intent,
                         const cJSON *record, mw_time now, struct err *e)
{
	int64_t incident = json_i64(intent, "incident", 0);
	const cJSON *doc = json_obj(intent, "doc");
	char *owner = name_here(record, json_str(record, "owner", "")),
	     *note = xasprintf("%s keeps its own: status %s, owner %s. Ours was not written: %s",
	                       json_str(record, "source", "?"), json_str(record, "status", "?"),
	                       json_str(record, "owner", "")[0] ? json_str(record, "owner", "")
	                                                        : "nobody",
	                       json_str(intent, "error", ""));
	int rc = db_run(&s->db, e, "INSERT INTO note (incident, at, by, text) VALUES (?,?,?,?)",
	                "iiss", incident, now, w->user, note);

	if (!rc && json_get(doc, "owner"))
		rc = db_run(&s->db, e, "UPDATE incident SET owner = ? WHERE id = ?", "si", owner,
		            incident);
	free(owner);
	free(note);
	return rc ? -1 : state_touch(s, w, incident, now, e);
}

static int take_theirs(struct state *s, const struct who *w, const cJSON *intent, mw_time now,
                       struct err *e)
{
	cJSON *records = state_records_of(s, json_i64(intent, "incident", 0), e);
	const cJSON *r, *its = NULL;
	int rc = records ? 0 : -1;

	cJSON_ArrayForEach(r, records)
	{
		if (!strcmp(json_str(r, "key", ""), json_str(intent, "record", "")))
			its = r;
	}
	if (its)
		rc = follow_theirs(s, w, intent, its, now, e);
	cJSON_Delete(records);
	return rc;
}

static int decide(struct state *s, const struct who *w, const cJSON *intent, const char *what,
                  mw_time now, struct err *e)
{
	const char *state = json_str(intent, "state", "");
	bool drop = !strcmp(what, "drop");

	if (json_get(intent, "ended") || !strcmp(state, "sending"))
		return err_set(e, ERR_CONFLICT, "number %lld is %s: there is nothing to decide",
		               (long long)json_i64(intent, "id", 0), state);
	if (!drop)
		return send_again(s, intent, e);
	if (!strcmp(state, "conflict") && take_theirs(s, w, intent, now, e))
		return -1;
	return db_run(&s->db, e, "UPDATE outbox SET state = 'dropped', ended = ? WHERE id = ?",
	              "ii", now, json_i64(intent, "id", 0));
}

int state_outbox_decide(struct state *s, const struct who *w, int64_t id, const char *what,
                        mw_time now, char incident[32], struct err *e)
{
	cJSON *intent;
	int rc;

	if (strcmp(what, "retry") && strcmp(what, "drop"))
		return err_set(e, ERR_INVALID, "what waits can be retried or dropped, not \"%s\"",
		               what);
	intent = intent_get(s, id, e);
	if (!intent)
		return -1;
	incident_text(json_i64(intent, "incident", 0), incident);
	rc = decide(s, w, intent, what, now, e);
	if (!rc)
		rc = audit(s, w, strcmp(what, "drop") ? "outbox.retry" : "outbox.drop", id,
		           json_str(intent, "source", ""), json_i64(intent, "incident", 0), NULL,
		           json_str(intent, "error", NULL), now, e);
	cJSON_Delete(intent);
	return rc;
}

/* ---- looking ---- */

/* "status closed, verdict duplicate, comment" */
static char *said_text(const cJSON *intent)
{
	const cJSON *doc = json_obj(intent, "doc");
	struct buf b = BUF_INIT;

	for (size_t i = 0; change_words[i]; i++) {
		const char *v = json_str(doc, change_words[i], NULL);
		if (!v || !strcmp(change_words[i], "reason"))
			continue;
		buf_printf(&b, "%s%s %s", b.len ? ", " : "", change_words[i], *v ? v : "nobody");
	}
	if (!b.len && !strcmp(json_str(intent, "kind", ""), "create"))
		buf_printf(&b, "a new incident: %s",
		           json_str(json_obj(doc, "incident"), "title", ""));
	else if (!b.len)
		buf_printf(&b, "%d events", cJSON_GetArraySize(json_arr(doc, "events")));
	return buf_take(&b, NULL);
}

static cJSON *shown_row(sqlite3_stmt *st)
{
	cJSON *o = intent_row(st);
	char *text = said_text(o), id[32];

	json_add_str(o, "text", text);
	incident_text(json_i64(o, "incident", 0), id);
	state_set_member(o, "incident", cJSON_CreateString(json_i64(o, "incident", 0) ? id : ""));
	cJSON_DeleteItemFromObject(o, "doc");
	cJSON_DeleteItemFromObject(o, "etag");
	free(text);
	return o;
}

cJSON *state_outbox_counts(struct state *s, struct err *e)
{
	static const char *const states[] = {"waiting", "sending", "failed", "conflict"};
	cJSON *counts = cJSON_CreateObject();
	int64_t n;

	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		if (db_i64(&s->db, e, &n, 0,
		           "SELECT count(*) FROM outbox WHERE ended IS NULL AND state = ?", "s",
		           states[i])) {
			cJSON_Delete(counts);
			return NULL;
		}
		json_add_i64(counts, states[i], n);
	}
	return counts;
}

cJSON *state_outbox_list(struct state *s, int64_t ended, struct err *e)
{
	cJSON *o = state_named(
	              "intents",
	              state_rows(
	                      s,
	                      db_query(
	                              &s->db, e,
	                              "SELECT " INTENT_COLUMNS
	                              " FROM outbox WHERE ended IS NULL OR id IN "
	                              "(SELECT id FROM outbox WHERE ended IS NOT NULL ORDER BY id DESC "
	                              "LIMIT ?) ORDER BY id LIMIT 500",
	                              "i", ended),
	                      shown_row, e)),
	      *counts = o ? state_outbox_counts(s, e) : NULL;

	if (counts) {
		state_put(o, "counts", counts);
		return o;
	}
	cJSON_Delete(o);
	return NULL;
}

cJSON *state_outbox_of(struct state *s, int64_t incident, struct err *e)
{
	return state_rows(
	        s,
	        db_query(&s->db, e,
	                 "SELECT " INTENT_COLUMNS
	                 " FROM outbox WHERE incident = ? AND ended IS NULL ORDER BY id LIMIT "
	                 "100",
	                 "i", incident),
	        shown_row, e);
}
