#include "store/state.h"

#include "base/digest.h"
#include "base/mem.h"
#include "store/state_int.h"

/* Times are microseconds. `doc` columns hold JSON. Steps are never changed once released; add one.
 */
static const char *const schema[] = {
        "CREATE TABLE session (name TEXT, uid INTEGER, ui TEXT, incident TEXT, changed INTEGER,"
        "  PRIMARY KEY (name, uid)) STRICT, WITHOUT ROWID;"
        "CREATE TABLE turn (session TEXT, uid INTEGER, n INTEGER, at INTEGER, question TEXT,"
        "  incident TEXT, job INTEGER, reading TEXT, answer TEXT, PRIMARY KEY (session, uid, n))"
        "  STRICT, WITHOUT ROWID;"
        "CREATE INDEX turn_job ON turn (job);"
        "CREATE TABLE incident (id INTEGER PRIMARY KEY AUTOINCREMENT, rev INTEGER NOT NULL,"
        "  status TEXT NOT NULL, owner TEXT NOT NULL, severity INTEGER NOT NULL, score INTEGER NOT "
        "NULL,"
        "  created INTEGER NOT NULL, changed INTEGER NOT NULL, changed_by TEXT NOT NULL,"
        "  snooze INTEGER NOT NULL, suppressed INTEGER NOT NULL, merged_into INTEGER,"
        "  verdict TEXT, title TEXT NOT NULL, origins TEXT NOT NULL, n INTEGER NOT NULL,"
        "  first INTEGER, last INTEGER, doc TEXT NOT NULL) STRICT;"
        "CREATE TABLE finding (key TEXT PRIMARY KEY, incident INTEGER NOT NULL) STRICT, WITHOUT "
        "ROWID;"
        "CREATE INDEX finding_incident ON finding (incident);"
        "CREATE TABLE note (id INTEGER PRIMARY KEY, incident INTEGER NOT NULL, at INTEGER NOT NULL,"
        "  by TEXT NOT NULL, text TEXT NOT NULL) STRICT;"
        "CREATE INDEX note_incident ON note (incident);"
        "CREATE TABLE pin (incident INTEGER NOT NULL, evidence TEXT NOT NULL, at INTEGER NOT NULL,"
        "  by TEXT NOT NULL, note TEXT NOT NULL, sha256 BLOB NOT NULL, PRIMARY KEY (incident, "
        "evidence))"
        "  STRICT, WITHOUT ROWID;"
        "CREATE TABLE pinned (sha256 BLOB NOT NULL, evidence TEXT NOT NULL, meta TEXT NOT NULL,"
        "  raw BLOB NOT NULL, PRIMARY KEY (evidence, sha256)) STRICT;"
        "CREATE TABLE suppression (id INTEGER PRIMARY KEY, match TEXT NOT NULL, owner TEXT NOT "
        "NULL,"
        "  reason TEXT NOT NULL, until INTEGER NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL) "
        "STRICT;"
        "CREATE TABLE watch (id INTEGER PRIMARY KEY, session TEXT NOT NULL, question TEXT NOT NULL,"
        "  incident TEXT, until INTEGER NOT NULL, at INTEGER NOT NULL, uid INTEGER NOT NULL) "
        "STRICT;"
        "CREATE TABLE doc (id INTEGER NOT NULL, version INTEGER NOT NULL, kind TEXT NOT NULL,"
        "  incident TEXT, markdown TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,"
        "  PRIMARY KEY (id, version)) STRICT, WITHOUT ROWID;"
        "CREATE TABLE audit (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, uid INTEGER NOT NULL,"
        "  user TEXT NOT NULL, action TEXT NOT NULL, object TEXT NOT NULL, detail TEXT NOT NULL,"
        "  hash BLOB NOT NULL) STRICT;",
        "ALTER TABLE watch ADD COLUMN seen INTEGER;", /* rows of its last answer; NULL: not asked yet */
        "CREATE TABLE action (id INTEGER PRIMARY KEY AUTOINCREMENT, incident INTEGER NOT NULL,"
        "  state TEXT NOT NULL, doc TEXT NOT NULL) STRICT;"
        "CREATE INDEX action_incident ON action (incident);"
        "CREATE INDEX action_state ON action (state);"
        "CREATE TABLE handoff (doc INTEGER PRIMARY KEY, version INTEGER NOT NULL, receiver TEXT "
        "NOT "
        "NULL,"
        "  at INTEGER NOT NULL, by TEXT NOT NULL, uid INTEGER NOT NULL) STRICT;"
        "CREATE TABLE handoff_item (doc INTEGER NOT NULL, incident INTEGER NOT NULL, owner TEXT "
        "NOT "
        "NULL,"
        "  accepted INTEGER, accepted_by TEXT, PRIMARY KEY (doc, incident)) STRICT, WITHOUT ROWID;"
        "CREATE INDEX handoff_item_incident ON handoff_item (incident);",
        "ALTER TABLE watch ADD COLUMN hits INTEGER NOT NULL DEFAULT 0;" /* how often it rang, and when last */
        "ALTER TABLE watch ADD COLUMN hit INTEGER;"
        "ALTER TABLE doc ADD COLUMN params TEXT;" /* what it was drafted from, so that it can be drafted again */
        "CREATE TABLE cite (doc INTEGER NOT NULL, evidence TEXT NOT NULL, sha256 TEXT NOT NULL,"
        "  PRIMARY KEY (doc, evidence)) STRICT, WITHOUT ROWID;"
        "CREATE TABLE bulk (id INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL, uid INTEGER "
        "NOT "
        "NULL,"
        "  user TEXT NOT NULL, at INTEGER NOT NULL, digest TEXT NOT NULL, doc TEXT NOT NULL) "
        "STRICT;"
        "CREATE TABLE bulk_item (bulk INTEGER NOT NULL, incident INTEGER NOT NULL, rev INTEGER NOT "
        "NULL,"
        "  state TEXT NOT NULL, why TEXT NOT NULL, at INTEGER, PRIMARY KEY (bulk, incident))"
        "  STRICT, WITHOUT ROWID;",
        "CREATE TABLE model_call (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, uid INTEGER NOT "
        "NULL,"
        "  user TEXT NOT NULL, session TEXT, incident TEXT, job INTEGER, purpose TEXT NOT NULL,"
        "  prompt TEXT NOT NULL, version TEXT NOT NULL, sha256 TEXT NOT NULL, model TEXT NOT NULL,"
        "  tokens INTEGER NOT NULL, cost INTEGER NOT NULL, elapsed INTEGER NOT NULL,"
        "  outcome TEXT, checked INTEGER, supported INTEGER, label TEXT, doc TEXT NOT NULL,"
        "  detail TEXT, labelled TEXT) STRICT;"
        "CREATE INDEX model_call_at ON model_call (at);"
        "CREATE INDEX model_call_incident ON model_call (incident);"
        "CREATE TABLE redacted (name TEXT PRIMARY KEY, doc TEXT NOT NULL) STRICT, WITHOUT ROWID;"
        "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL, at INTEGER NOT NULL,"
        "  by TEXT NOT NULL) STRICT, WITHOUT ROWID;",
        "CREATE TABLE source_cursor (source TEXT PRIMARY KEY, cursor TEXT) STRICT, WITHOUT ROWID;",
        /* inputs: digest of the prompt's */
        ("ALTER TABLE model_call ADD COLUMN inputs TEXT;"
         "CREATE INDEX model_call_inputs ON model_call (inputs);"),
        /* conversations that may only read: no row, no flag */
        ("CREATE TABLE session_flag (session TEXT NOT NULL, uid INTEGER NOT NULL, at INTEGER NOT NULL, why TEXT NOT NULL,"
         "  PRIMARY KEY (session, uid)) STRICT, WITHOUT ROWID;"),
        /* store/outbox.h */
        ("CREATE TABLE platform (source TEXT PRIMARY KEY, kind TEXT NOT NULL, writes INTEGER NOT NULL,"
         "  doc TEXT NOT NULL)"
         "  STRICT, WITHOUT ROWID;"
         "CREATE TABLE record (key TEXT PRIMARY KEY, bare TEXT NOT NULL, source TEXT NOT NULL,"
         "  etag TEXT, status TEXT NOT NULL, owner TEXT NOT NULL, seen INTEGER NOT NULL, was TEXT,"
         "  changed INTEGER, written INTEGER, doc TEXT NOT NULL) STRICT, WITHOUT ROWID;"
         "CREATE INDEX record_bare ON record (bare);"
         "CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL,"
         "  incident INTEGER NOT NULL, record TEXT, kind TEXT NOT NULL, doc TEXT NOT NULL, etag TEXT,"
         "  idempotency TEXT NOT NULL UNIQUE, state TEXT NOT NULL, attempts INTEGER NOT NULL,"
         "  next INTEGER NOT NULL, error TEXT, at INTEGER NOT NULL, uid INTEGER NOT NULL,"
         "  user TEXT NOT NULL, ended INTEGER) STRICT;"
         "CREATE INDEX outbox_open ON outbox (source, incident, id) WHERE ended IS NULL;"
         "CREATE INDEX outbox_incident ON outbox (incident);"),
};

int state_open(struct state *s, const char *dir, const char *vfs, struct err *e)
{
	char *path = xasprintf("%s/%s", dir, STATE_DB);
	int rc = db_open(&s->db, path, DB_WRITE, vfs, e);

	free(path);
	if (rc)
		return -1;
	if (db_migrate(&s->db, schema, ARRAY_LEN(schema), e) == 0)
		return 0;
	db_close(&s->db);
	return -1;
}

void state_close(struct state *s)
{
	db_close(&s->db);
}

/* ---- JSON columns ---- */

struct buf state_text(const cJSON *v)
{
	struct buf b = BUF_INIT;

	json_write(&b, v);
	return b;
}

cJSON *state_rows(struct state *s, sqlite3_stmt *st, state_row_fn *row, struct err *e)
{
	cJSON *list = cJSON_CreateArray();
	int rc = st ? 1 : -1;

	while (rc > 0 && (rc = db_step(&s->db, st, e)) > 0)
		cJSON_AddItemToArray(list, row(st));
	if (rc == 0)
		return list;
	cJSON_Delete(list);
	return NULL;
}

cJSON *state_named(const char *key, cJSON *list)
{
	cJSON *out = list ? cJSON_CreateObject() : NULL;

	if (list)
		state_put(out, key, list);
	return out;
}

cJSON *state_json_col(sqlite3_stmt *st, int col)
{
	struct slice text = db_col(st, col);
	struct err e;

	return text.n ? json_parse(text, STATE_DOC_MAX, &e) : NULL;
}

void state_put(cJSON *o, const char *key, cJSON *v)
{
	if (!cJSON_AddItemToObject(o, key, v ? v : cJSON_CreateNull()))
		mw_oom();
}

void state_add_json(cJSON *o, const char *key, sqlite3_stmt *st, int col)
{
	state_put(o, key, state_json_col(st, col));
}

/* ---- the audit chain ---- */

struct entry {
	int64_t seq, at, uid;
	const char *user, *action, *object, *detail;
};

/* Lengths stand in front of the texts, so that no two entries give the same bytes. */
static void entry_hash(const struct entry *t, struct slice before, uint8_t out[32])
{
	const char *const texts[] = {t->user, t->action, t->object, t->detail};
	struct buf b = BUF_INIT;

	buf_add(&b, before.s, before.n);
	buf_printf(&b, "%lld %lld %lld", (long long)t->seq, (long long)t->at, (long long)t->uid);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		buf_printf(&b, " %zu %s", strlen(texts[i]), texts[i]);
	digest_sha256(b.s, b.len, out);
	buf_release(&b);
}

static int audit_head(struct state *s, int64_t *seq, uint8_t hash[32], struct err *e)
{
	sqlite3_stmt *st =
	        db_query(&s->db, e, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", "");
	int rc = st ? db_step(&s->db, st, e) : -1;

	*seq = 0;
	memset(hash, 0, 32);
	if (rc == 1) {
		struct slice h = db_col(st, 1);
		*seq = sqlite3_column_int64(st, 0);
		memcpy(hash, h.s, h.n < 32 ? h.n : 32);
		db_done(st);
	}
	return rc < 0 ? -1 : 0;
}

int state_audit(struct state *s, const struct who *w, const char *action, const char *object,
                const cJSON *detail, mw_time now, struct err *e)
{
	struct buf text = detail ? state_text(detail) : (struct buf)BUF_INIT;
	struct entry t = {.at = now,
	                  .uid = w->uid,
	                  .user = w->user,
	                  .action = action,
	                  .object = object ? object : "",
	                  .detail = text.s};
	uint8_t before[32], hash[32];
	int rc = audit_head(s, &t.seq, before, e);

	t.seq++;
	entry_hash(&t, (struct slice){(const char *)before, 32}, hash);
	if (rc == 0)
		rc = db_run(&s->db, e, "INSERT INTO audit VALUES (?,?,?,?,?,?,?,?)", "iiissssb",
		            t.seq, t.at, t.uid, t.user, t.action, t.object, t.detail,
		            ((struct slice){(const char *)hash, 32}));
	buf_release(&text);
	return rc;
}

static cJSON *audit_entry(sqlite3_stmt *st)
{
	cJSON *o = cJSON_CreateObject();

	json_add_i64(o, "seq", sqlite3_column_int64(st, 0));
	json_add_time(o, "at", sqlite3_column_int64(st, 1));
	json_add_i64(o, "uid", sqlite3_column_int64(st, 2));
	json_add_str(o, "user", db_text(st, 3));
	json_add_str(o, "action", db_text(st, 4));
	json_add_str(o, "object", db_text(st, 5));
	state_add_json(o, "detail", st, 6);
	return o;
}

cJSON *state_audit_list(struct state *s, int64_t offset, int64_t limit, struct err *e)
{
	sqlite3_stmt *st = db_query(&s->db, e,
	                            "SELECT seq, at, uid, user, action, object, detail FROM audit "
	                            "ORDER BY seq DESC LIMIT ? OFFSET ?",
	                            "ii", limit, offset);

	return state_named("entries", state_rows(s, st, audit_entry, e));
}

static bool entry_holds(sqlite3_stmt *st, int64_t expected_seq, uint8_t chain[32])
{
	struct entry t = {.seq = sqlite3_column_int64(st, 0),
	                  .at = sqlite3_column_int64(st, 1),
	                  .uid = sqlite3_column_int64(st, 2),
	                  .user = db_text(st, 3),
	                  .action = db_text(st, 4),
	                  .object = db_text(st, 5),
	                  .detail = db_text(st, 6)};
	struct slice stored = db_col(st, 7);

	entry_hash(&t, (struct slice){(const char *)chain, 32}, chain);
	return t.seq == expected_seq && stored.n == 32 && memcmp(stored.s, chain, 32) == 0;
}

cJSON *state_audit_verify(struct state *s, struct err *e)
{
	sqlite3_stmt *st = db_query(&s->db, e,
	                            "SELECT seq, at, uid, user, action, object, detail, hash "
	                            "FROM audit ORDER BY seq",
	                            "");
	int64_t n = 0, bad = 0;
	uint8_t chain[32] = {0};
	char head[DIGEST_HEX];
	int rc = st ? 1 : -1;
	cJSON *out;

	while (rc > 0 && !bad && (rc = db_step(&s->db, st, e)) > 0) {
		n++;
		if (!entry_holds(st, n, chain))
			bad = n;
	}
	if (rc < 0)
		return NULL;
	db_done(st);
	out = cJSON_CreateObject();
	json_add_bool(out, "ok", !bad);
	json_add_i64(out, "entries", n);
	if (bad)
		json_add_i64(out, "first_bad", bad);
	digest_hex(chain, head);
	json_add_str(out, "head", head);
	return out;
}
