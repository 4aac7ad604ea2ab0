/*
 * Incidents: what correlation found, and what people did with it.
 */
#include <stdio.h>

#include "base/digest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "model/incident.h"
#include "store/outbox.h"
#include "store/state_int.h"

#define INCIDENT_COLUMNS                                                                  \
	"id, rev, status, owner, severity, score, created, changed, changed_by, snooze, " \
	"suppressed, verdict, doc"

int state_parse_id(const char *id, int64_t *out, struct err *e)
{
	struct slice s = slice_of(id);

	if (s.n > 4 && memcmp(s.s, "INC-", 4) == 0 &&
	    slice_i64((struct slice){s.s + 4, s.n - 4}, out))
		return 0;
	return err_set(e, ERR_INVALID, "\"%s\" is no incident id such as INC-12", id);
}

static int not_there(const char *id, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "there is no incident %s", id);
}

/* ---- reading ---- */

static int severity_of(const cJSON *doc)
{
	enum severity s;

	return severity_parse(slice_of(json_str(doc, "severity", "")), &s) ? (int)s : SEV_INFO;
}

static cJSON *rows_of(struct state *s, struct err *e, const char *sql, int64_t id,
                      state_row_fn *row)
{
	return state_rows(s, db_query(&s->db, e, sql, "i", id), row, e);
}

static cJSON *note_row(sqlite3_stmt *st)
{
	cJSON *o = cJSON_CreateObject();

	json_add_time(o, "at", sqlite3_column_int64(st, 0));
	json_add_str(o, "by", db_text(st, 1));
	json_add_str(o, "text", db_text(st, 2));
	return o;
}

static cJSON *pin_row(sqlite3_stmt *st)
{
	char hex[DIGEST_HEX];
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, "id", db_text(st, 0));
	json_add_time(o, "at", sqlite3_column_int64(st, 1));
	json_add_str(o, "by", db_text(st, 2));
	json_add_str(o, "note", db_text(st, 3));
	if (db_col(st, 4).n == 32) {
		digest_hex((const uint8_t *)db_col(st, 4).s, hex);
		json_add_str(o, "sha256", hex);
	}
	return o;
}

void state_set_member(cJSON *o, const char *key, cJSON *v)
{
	cJSON_DeleteItemFromObjectCaseSensitive(o, key);
	state_put(o, key, v);
}

static cJSON *text(const char *s)
{
	return cJSON_CreateString(s ? s : "");
}

static cJSON *time_text(mw_time t)
{
	char out[32];

	mw_time_format(t, out);
	return text(out);
}

/* The stored document with what state.db knows beside it. */
static cJSON *incident_json(sqlite3_stmt *st)
{
	cJSON *o = state_json_col(st, 12);

	if (!o)
		o = cJSON_CreateObject();
	state_set_member(o, "id", cJSON_CreateNumber((double)sqlite3_column_int64(st, 0)));
	state_set_member(o, "rev", cJSON_CreateNumber((double)sqlite3_column_int64(st, 1)));
	state_set_member(o, "status", text(db_text(st, 2)));
	state_set_member(o, "owner", text(db_text(st, 3)));
	state_set_member(o, "created", time_text(sqlite3_column_int64(st, 6)));
	state_set_member(o, "changed", time_text(sqlite3_column_int64(st, 7)));
	state_set_member(o, "changed_by", text(db_text(st, 8)));
	if (sqlite3_column_int64(st, 9) > 0)
		state_set_member(o, "snooze_until", time_text(sqlite3_column_int64(st, 9)));
	state_set_member(o, "suppressed", cJSON_CreateBool(sqlite3_column_int64(st, 10) != 0));
	state_set_member(o, "verdict", state_json_col(st, 11));
	return o;
}

static int add_people(struct state *s, cJSON *o, int64_t id, struct err *e)
{
	cJSON *notes = rows_of(s, e, "SELECT at, by, text FROM note WHERE incident = ? ORDER BY id",
	                       id, note_row);
	cJSON *actions = notes ? state_actions_of(s, id, e) : NULL;
	cJSON *pins = actions ? rows_of(s, e,
	                                "SELECT evidence, at, by, note, sha256 FROM pin "
	                                "WHERE incident = ? ORDER BY at",
	                                id, pin_row)
	                      : NULL;

	cJSON *records = pins ? state_records_of(s, id, e) : NULL;
	cJSON *intents = records ? state_outbox_of(s, id, e) : NULL;

	if (!intents) {
		cJSON_Delete(notes);
		cJSON_Delete(actions);
		cJSON_Delete(pins);
		cJSON_Delete(records);
		return -1;
	}
	state_set_member(o, "platforms", records);
	state_set_member(o, "outbox", intents);
	state_set_member(o, "actions", actions);
	state_set_member(o, "notes", notes);
	state_set_member(o, "pins", pins);
	return 0;
}

cJSON *state_incident(struct state *s, const char *id, struct err *e)
{
	cJSON *o = NULL;
	sqlite3_stmt *st;
	int64_t n;
	int rc;

	if (state_parse_id(id, &n, e))
		return NULL;
	st = db_query(&s->db, e, "SELECT " INCIDENT_COLUMNS " FROM incident WHERE id = ?", "i", n);
	rc = st ? db_step(&s->db, st, e) : -1;
	if (rc == 0)
		not_there(id, e);
	if (rc != 1)
		return NULL;
	o = incident_json(st);
	db_done(st);
	if (add_people(s, o, n, e) == 0)
		return o;
	cJSON_Delete(o);
	return NULL;
}

int state_incident_people(struct state *s, const char *id, cJSON *card, mw_time now, struct err *e)
{
	cJSON *row = NULL, *m;
	int64_t n;

	if (state_parse_id(id, &n, e) || !(row = state_queue_row(s, n, now, e)))
		return -1;
	while ((m = row->child)) {
		char *key = xstrdup(m->string);
		state_set_member(card, key, cJSON_DetachItemViaPointer(row, m));
		free(key);
	}
	cJSON_Delete(row);
	return add_people(s, card, n, e);
}

cJSON *state_incidents_open(struct state *s, struct err *e)
{
	return rows_of(s, e,
	               "SELECT " INCIDENT_COLUMNS " FROM incident WHERE status <> 'closed' AND "
	               "merged_into IS NULL AND suppressed = ? ORDER BY score DESC LIMIT 200",
	               0, incident_json);
}

/* ---- correlation's outcome ---- */

/* Incidents that nobody has laid a hand on may be formed anew: an import that came in pieces has left them in pieces. */
struct reforming {
	struct map soft;  /* id of each */
	struct map taken; /* id -> by a cluster of this outcome */
};
static const char soft_sql[] = "SELECT id FROM incident i WHERE status = 'new' AND owner = '' AND "
                               "snooze = 0 AND verdict IS NULL AND merged_into IS "
                               "NULL AND NOT EXISTS (SELECT 1 FROM note WHERE incident = i.id) AND "
                               "NOT EXISTS (SELECT 1 FROM pin WHERE incident = "
                               "i.id) AND NOT EXISTS (SELECT 1 FROM incident m WHERE m.merged_into "
                               "= i.id) AND NOT EXISTS (SELECT 1 FROM session WHERE incident = "
                               "'INC-' || i.id) AND NOT EXISTS (SELECT 1 FROM turn WHERE "
                               "incident = 'INC-' || i.id) AND NOT EXISTS (SELECT 1 FROM doc WHERE "
                               "incident = 'INC-' || i.id) AND NOT EXISTS (SELECT "
                               "1 FROM watch WHERE incident = 'INC-' || i.id) AND NOT EXISTS "
                               "(SELECT 1 FROM outbox WHERE incident = i.id)";

static bool has_id(const struct map *m, int64_t id)
{
	return map_get(m, &id, sizeof(id)) != NULL;
}

static int find_soft(struct state *s, struct reforming *r, struct err *e)
{
	sqlite3_stmt *st = db_query(&s->db, e, soft_sql, "");
	int rc = st ? 1 : -1;

	while (rc > 0 && (rc = db_step(&s->db, st, e)) > 0) {
		int64_t id = sqlite3_column_int64(st, 0);
		map_put(&r->soft, &id, sizeof(id), NULL);
	}
	return rc;
}

/* The incident that holds most of these findings already, 0 if none does. */
static int majority(struct state *s, const cJSON *findings, int64_t *out, struct err *e)
{
	struct map votes = MAP_INIT;
	const cJSON *f;
	uint64_t best = 0;
	int rc = 0;

	*out = 0;
	cJSON_ArrayForEach(f, findings)
	{
		struct map_entry *v;
		int64_t owner;
		rc = db_i64(&s->db, e, &owner, 0, "SELECT incident FROM finding WHERE key = ?", "s",
		            json_str(f, "key", ""));
		if (rc)
			break;
		if (!owner)
			continue;
		v = map_put(&votes, &owner, sizeof(owner), NULL);
		if (++v->val.u > best) {
			best = v->val.u;
			*out = owner;
		}
	}
	map_release(&votes);
	return rc;
}

/* An analyst may have moved findings: those that belong elsewhere are taken out of this incident's
 * document. */
static int keep_own(struct state *s, const struct reforming *r, cJSON *doc, int64_t id, bool *moved,
                    struct err *e)
{
	cJSON *findings = json_arr(doc, "findings"), *f = findings ? findings->child : NULL;

	*moved = false;
	while (f) {
		cJSON *next = f->next;
		int64_t owner;
		if (db_i64(&s->db, e, &owner, id, "SELECT incident FROM finding WHERE key = ?", "s",
		           json_str(f, "key", "")))
			return -1;
		if (owner != id && !has_id(&r->soft, owner)) {
			cJSON_Delete(cJSON_DetachItemViaPointer(findings, f));
			*moved = true;
		}
		f = next;
	}
	return 0;
}

static int claim_findings(struct state *s, const struct reforming *r, const cJSON *doc, int64_t id,
                          struct err *e)
{
	const cJSON *f;

	cJSON_ArrayForEach(f, json_arr(doc, "findings"))
	{
		const char *key = json_str(f, "key", "");
		int64_t owner;
		if (db_i64(&s->db, e, &owner, 0, "SELECT incident FROM finding WHERE key = ?", "s",
		           key))
			return -1;
		if (owner && (owner == id || !has_id(&r->soft, owner)))
			continue;
		if (db_run(&s->db, e,
		           "INSERT INTO finding VALUES (?1,?2) ON CONFLICT (key) DO UPDATE SET "
		           "incident = ?2",
		           "si", key, id))
			return -1;
	}
	return 0;
}

int64_t state_count_records(const cJSON *doc)
{
	const cJSON *f;
	int64_t n = 0;

	cJSON_ArrayForEach(f, json_arr(doc, "findings")) n += json_i64(f, "events", 1);
	return json_i64(doc, "records", n); /* findings overlap: the correlation knows how much */
}

/* The document, and beside it what the queue shows and sorts by. Does nothing where it is the same. */
int state_write_document(struct state *s, const cJSON *doc, int64_t id, struct err *e)
{
	struct buf body = state_text(doc);
	mw_time first = json_time(doc, "first"), last = json_time(doc, "last");
	int rc = db_run(&s->db, e,
	                "UPDATE incident SET doc = ?2, severity = ?3, score = ?4, suppressed = ?5, "
	                "title = ?6, origins = ?7, n = ?8, first = ?9, last = ?10, rev = rev + 1 "
	                "WHERE id = ?1 AND doc <> ?2",
	                "itiiissiii", id, SLICE_OF_BUF(body), (int64_t)severity_of(doc),
	                json_i64(doc, "score", 0), (int64_t)json_bool(doc, "suppressed", false),
	                json_str(doc, "title", ""),
	                json_str(doc, "origins", json_str(doc, "sources", "")),
	                state_count_records(doc), first, last);

	buf_release(&body);
	return rc;
}

int state_insert(struct state *s, const cJSON *doc, const char *by, mw_time now, int64_t *id,
                 struct err *e)
{
	if (db_run(&s->db, e,
	           "INSERT INTO incident (rev, status, owner, severity, score, created, changed, "
	           "changed_by, snooze, suppressed, title, origins, n, doc) "
	           "VALUES (0,'new','',0,0,?,?,?,0,0,'','',0,'')",
	           "iis", now, now, by))
		return -1;
	*id = sqlite3_last_insert_rowid(s->db.h);
	return state_write_document(s, doc, *id, e);
}

/* True in *changed where something that an analyst sees is different now. */
static int update_document(struct state *s, const cJSON *doc, int64_t id, mw_time now,
                           bool *changed, struct err *e)
{
	if (state_write_document(s, doc, id, e))
		return -1;
	*changed = sqlite3_changes(s->db.h) > 0;
	if (!*changed)
		return 0;
	return db_run(&s->db, e,
	              "UPDATE incident SET changed = ?, changed_by = 'correlation' WHERE id = ?",
	              "ii", now, id);
}

void state_unite_texts(cJSON *into, const cJSON *from, const char *key)
{
	cJSON *list = json_arr(into, key);
	const cJSON *x, *y;

	if (!list)
		list = json_add_arr(into, key);
	cJSON_ArrayForEach(x, json_arr(from, key))
	{
		bool there = false;
		cJSON_ArrayForEach(y, list) there = there || cJSON_Compare(x, y, 1);
		if (!there)
			cJSON_AddItemToArray(list, cJSON_Duplicate(x, 1));
	}
}

cJSON *state_document(struct state *s, int64_t id, struct err *e)
{
	sqlite3_stmt *st = db_query(&s->db, e, "SELECT doc FROM incident WHERE id = ?", "i", id);
	int rc = st ? db_step(&s->db, st, e) : -1;
	cJSON *doc;

	if (rc != 1) {
		if (rc == 0)
			err_set(e, ERR_NOT_FOUND, "there is no incident INC-%lld", (long long)id);
		return NULL;
	}
	doc = state_json_col(st, 0);
	db_done(st);
	return doc;
}

static cJSON *finding_by_key(const cJSON *doc, const char *key)
{
	cJSON *f;

	cJSON_ArrayForEach(f, json_arr(doc, "findings")) if (strcmp(json_str(f, "key", ""), key) ==
	                                                     0) return f;
	return NULL;
}

/* Findings of both, each once, in the stored order and then the new ones, so that the same again gives the same bytes. */
static cJSON *unite_findings(const cJSON *stored, const cJSON *incoming, bool *kept)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *f, *newer;

	*kept = false;
	cJSON_ArrayForEach(f, json_arr(stored, "findings"))
	{
		newer = finding_by_key(incoming, json_str(f, "key", ""));
		*kept = *kept || !newer;
		cJSON_AddItemToArray(list, cJSON_Duplicate(newer ? newer : f, 1));
	}
	cJSON_ArrayForEach(
	        f,
	        json_arr(incoming, "findings")) if (!finding_by_key(stored, json_str(f, "key", "")))
	        cJSON_AddItemToArray(list, cJSON_Duplicate(f, 1));
	return list;
}

/* A merged incident is more than one cluster of the correlation: what is not in this one stays, and the graver one gives
 * the title. */
static cJSON *join_stored(cJSON *stored, cJSON *incoming)
{
	bool kept;
	cJSON *list = unite_findings(stored, incoming, &kept), *base = incoming, *other = stored;

	if (!kept) {
		cJSON_Delete(list);
		cJSON_Delete(stored);
		return incoming;
	}
	if (json_i64(stored, "score", 0) >= json_i64(incoming, "score", 0)) {
		base = stored;
		other = incoming;
	}
	state_set_member(base, "findings", list);
	state_set_member(base, "links",
	                 cJSON_CreateArray()); /* they count findings by their place */
	state_unite_texts(base, other, "entities");
	state_unite_texts(base, other, "attack");
	cJSON_Delete(other);
	return base;
}

static int merge_known(struct state *s, const struct reforming *r, cJSON **doc, int64_t id,
                       mw_time now, bool *changed, struct err *e)
{
	cJSON *stored;
	bool moved;

	if (keep_own(s, r, *doc, id, &moved, e))
		return -1;
	if (moved)
		state_set_member(*doc, "links", cJSON_CreateArray());
	if (has_id(&r->soft, id))
		return update_document(s, *doc, id, now, changed, e);
	stored = state_document(s, id, e);
	if (!stored)
		return -1;
	*doc = join_stored(stored, *doc);
	return update_document(s, *doc, id, now, changed, e);
}

static int merge_one(struct state *s, struct reforming *r, const cJSON *incoming, mw_time now,
                     int64_t *id, bool *changed, struct err *e)
{
	cJSON *doc = cJSON_Duplicate(incoming, 1);
	int rc;

	cJSON_DeleteItemFromObjectCaseSensitive(doc, "id");
	*changed = true;
	rc = majority(s, json_arr(doc, "findings"), id, e);
	if (*id && has_id(&r->soft, *id) && has_id(&r->taken, *id))
		*id = 0; /* one of before is two now */
	if (rc == 0 && *id)
		rc = merge_known(s, r, &doc, *id, now, changed, e);
	else if (rc == 0)
		rc = state_insert(s, doc, "correlation", now, id, e);
	if (rc == 0)
		rc = claim_findings(s, r, doc, *id, e);
	map_put(&r->taken, id, sizeof(*id), NULL);
	cJSON_Delete(doc);
	return rc;
}

static void add_id(cJSON *list, int64_t id)
{
	char name[32];

	snprintf(name, sizeof(name), "INC-%lld", (long long)id);
	cJSON_AddItemToArray(list, cJSON_CreateString(name));
}

/* Soft incidents whose findings have all gone to others are no more; their ids are told as changed. */
static int drop_emptied(struct state *s, const struct reforming *r, cJSON *changed, struct err *e)
{
	for (size_t i = 0; i < r->soft.n; i++) {
		int64_t id, left;
		memcpy(&id, r->soft.entries[i].key, sizeof(id));
		if (db_i64(&s->db, e, &left, 0, "SELECT count(*) FROM finding WHERE incident = ?",
		           "i", id))
			return -1;
		if (left)
			continue;
		if (db_run(&s->db, e, "DELETE FROM incident WHERE id = ?", "i", id))
			return -1;
		add_id(changed, id);
	}
	return 0;
}

static int merge_all(struct state *s, struct reforming *r, const cJSON *incidents, mw_time now,
                     cJSON *changed, struct err *e)
{
	const cJSON *i;

	if (find_soft(s, r, e))
		return -1;
	cJSON_ArrayForEach(i, incidents)
	{
		int64_t id;
		bool moved;
		if (merge_one(s, r, i, now, &id, &moved, e))
			return -1;
		if (moved)
			add_id(changed, id);
	}
	return drop_emptied(s, r, changed, e);
}

int state_incidents_merge_in(struct state *s, const cJSON *incidents, mw_time now, cJSON **changed,
                             struct err *e)
{
	struct reforming r = {.soft = MAP_INIT};
	int rc;

	*changed = cJSON_CreateArray();
	rc = merge_all(s, &r, incidents, now, *changed, e);
	map_release(&r.soft);
	map_release(&r.taken);
	if (rc == 0)
		return 0;
	cJSON_Delete(*changed);
	*changed = NULL;
	return -1;
}

/* ---- what people do ---- */

int state_touch(struct state *s, const struct who *w, int64_t id, mw_time now, struct err *e)
{
	return db_run(&s->db, e,
	              "UPDATE incident SET rev = rev + 1, changed = ?, changed_by = ? WHERE id = ?",
	              "isi", now, w->user, id);
}

/* Parses the id and checks that it is there and, where rev is given, that nobody was faster. */
int state_begin_change(struct state *s, const char *id, int64_t rev, int64_t *n, struct err *e)
{
	int64_t have;

	if (state_parse_id(id, n, e) ||
	    db_i64(&s->db, e, &have, 0, "SELECT rev FROM incident WHERE id = ?", "i", *n))
		return -1;
	if (!have)
		return not_there(id, e);
	if (rev && rev != have)
		return err_set(
		        e, ERR_CONFLICT,
		        "%s was changed meanwhile (you saw revision %lld, it is %lld); look again",
		        id, (long long)rev, (long long)have);
	return 0;
}

static bool known_status(const char *status)
{
	static const char *const known[] = {"new", "work", "wait"};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i], status) == 0)
			return true;
	return false;
}

int state_incident_update(struct state *s, const struct who *w, const char *id,
                          const struct incident_change *c, mw_time now, struct err *e)
{
	bool snooze = c->snooze_until != MW_TIME_NONE;
	struct platform_change there;
	int64_t n;

	if (state_begin_change(s, id, c->rev, &n, e))
		return -1;
	if (c->status && !known_status(c->status))
		return err_set(e, ERR_INVALID,
		               "status is new, work or wait, not \"%s\"; closing is incident.close",
		               c->status);
	if (c->status &&
	    db_run(&s->db, e, "UPDATE incident SET status = ?, verdict = NULL WHERE id = ?", "si",
	           c->status, n))
		return -1;
	if (c->owner &&
	    db_run(&s->db, e, "UPDATE incident SET owner = ? WHERE id = ?", "si", c->owner, n))
		return -1;
	if (snooze && db_run(&s->db, e, "UPDATE incident SET snooze = ? WHERE id = ?", "ii",
	                     c->snooze_until, n))
		return -1;
	there = (struct platform_change){.status = c->status, .owner = c->owner};
	if ((c->status || c->owner) && state_outbox_intend(s, w, n, &there, now, NULL, e))
		return -1;
	return state_touch(s, w, n, now, e);
}

int state_incident_close(struct state *s, const struct who *w, const char *id, const char *verdict,
                         const char *reason, mw_time now, struct err *e)
{
	const struct platform_change there = {
	        .status = "closed", .verdict = verdict, .reason = reason};
	cJSON *v = cJSON_CreateObject();
	struct buf body;
	int64_t n;
	int rc;

	json_add_str(v, "verdict", verdict);
	json_add_str(v, "reason", reason);
	json_add_str(v, "by", w->user);
	json_add_time(v, "at", now);
	body = state_text(v);
	cJSON_Delete(v);
	rc = state_begin_change(s, id, 0, &n, e);
	if (rc == 0)
		rc = db_run(&s->db, e,
		            "UPDATE incident SET status = 'closed', verdict = ? WHERE id = ?", "si",
		            body.s, n);
	buf_release(&body);
	if (!rc)
		rc = state_outbox_intend(s, w, n, &there, now, NULL, e);
	return rc ? -1 : state_touch(s, w, n, now, e);
}

int state_note_add(struct state *s, const struct who *w, const char *id, const char *note,
                   mw_time now, struct err *e)
{
	const struct platform_change there = {.comment = note};
	int64_t n;

	if (strlen(note) > STATE_TEXT_MAX)
		return err_set(e, ERR_LIMIT, "a note has at most %d bytes", STATE_TEXT_MAX);
	if (state_begin_change(s, id, 0, &n, e) ||
	    db_run(&s->db, e, "INSERT INTO note (incident, at, by, text) VALUES (?,?,?,?)", "iiss",
	           n, now, w->user, note) ||
	    state_outbox_intend(s, w, n, &there, now, NULL, e))
		return -1;
	return state_touch(s, w, n, now, e);
}

int state_pin_add(struct state *s, const struct who *w, const char *id, const char *evidence,
                  const char *note, const cJSON *meta, struct slice raw, mw_time now, struct err *e)
{
	struct buf body;
	uint8_t hash[32];
	struct slice sha = {(const char *)hash, 32};
	int64_t n;
	int rc;

	if (raw.n > STATE_PIN_MAX)
		return err_set(e, ERR_LIMIT, "%s has %zu bytes; a pinned record has at most %u MiB",
		               evidence, raw.n, STATE_PIN_MAX >> 20);
	if (state_begin_change(s, id, 0, &n, e))
		return -1;
	digest_sha256(raw.s, raw.n, hash);
	body = state_text(meta);
	rc = db_run(&s->db, e, "INSERT INTO pinned VALUES (?,?,?,?) ON CONFLICT DO NOTHING", "bstb",
	            sha, evidence, SLICE_OF_BUF(body), raw);
	buf_release(&body);
	if (rc == 0)
		rc = db_run(&s->db, e,
		            "INSERT INTO pin VALUES (?1,?2,?3,?4,?5,?6) ON CONFLICT DO UPDATE SET "
		            "note = ?5, by = ?4, at = ?3",
		            "isissb", n, evidence, now, w->user, note ? note : "", sha);
	return rc ? -1 : state_touch(s, w, n, now, e);
}

int state_pin_remove(struct state *s, const struct who *w, const char *id, const char *evidence,
                     mw_time now, struct err *e)
{
	int64_t n;

	if (state_begin_change(s, id, 0, &n, e) ||
	    db_run(&s->db, e, "DELETE FROM pin WHERE incident = ? AND evidence = ?", "is", n,
	           evidence))
		return -1;
	return state_touch(s, w, n, now, e);
}

cJSON *state_pin_get(struct state *s, const char *evidence, struct buf *raw, struct err *e)
{
	sqlite3_stmt *st = db_query(&s->db, e, "SELECT meta, raw FROM pinned WHERE evidence = ?",
	                            "s", evidence);
	int rc = st ? db_step(&s->db, st, e) : -1;
	cJSON *meta;

	if (rc == 0)
		err_set(e, ERR_NOT_FOUND, "%s is neither in the lake nor pinned", evidence);
	if (rc != 1)
		return NULL;
	meta = state_json_col(st, 0);
	buf_add(raw, db_col(st, 1).s, db_col(st, 1).n);
	db_done(st);
	return meta;
}

/* ---- merge and split ---- */
