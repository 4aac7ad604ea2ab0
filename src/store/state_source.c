/* What is known of the platforms: how far their findings were taken in, and each record as it was last seen there. */
#include "store/outbox.h"
#include "store/state_int.h"

int state_cursor_set(struct state *s, const char *source, const char *cursor, struct err *e)
{
	return db_run(&s->db, e,
	              "INSERT INTO source_cursor (source, cursor) VALUES (?, ?) "
	              "ON CONFLICT (source) DO UPDATE SET cursor = excluded.cursor",
	              "ss", source, cursor);
}

int state_cursor_get(struct state *s, const char *source, char **cursor, struct err *e)
{
	sqlite3_stmt *q = db_query(&s->db, e, "SELECT cursor FROM source_cursor WHERE source = ?",
	                           "s", source);
	int rc = q ? db_step(&s->db, q, e) : -1;

	*cursor = NULL;
	if (rc == 1 && db_text(q, 0))
		*cursor = xstrdup(db_text(q, 0));
	db_done(q);
	return rc < 0 ? -1 : 0;
}

int state_platforms_set(struct state *s, const cJSON *sources, struct err *e)
{
	const cJSON *x;
	int rc = db_run(&s->db, e, "DELETE FROM platform", "");

	cJSON_ArrayForEach(x, sources)
	{
		struct buf doc = state_text(x);
		if (!rc)
			rc = db_run(&s->db, e, "INSERT INTO platform VALUES (?,?,?,?)", "ssit",
			            json_str(x, "name", ""), json_str(x, "kind", ""),
			            (int64_t)(cJSON_GetArraySize(json_arr(x, "write")) > 0),
			            SLICE_OF_BUF(doc));
		buf_release(&doc);
	}
	return rc;
}

/* ---- records ---- */

struct known { /* of a record, before it is seen again */
	bool there;
	char *etag, *status, *owner;
};

static char *copy(const char *s)
{
	return xstrdup(s ? s : "");
}

static void forget(struct known *k)
{
	free(k->etag);
	free(k->status);
	free(k->owner);
}

static int read_known(struct state *s, const char *key, struct known *k, struct err *e)
{
	sqlite3_stmt *st = db_query(
	        &s->db, e, "SELECT etag, status, owner FROM record WHERE key = ?", "s", key);
	int rc = st ? db_step(&s->db, st, e) : -1;

	*k = (struct known){.there = rc == 1};
	if (rc == 1) {
		k->etag = copy(db_text(st, 0));
		k->status = copy(db_text(st, 1));
		k->owner = copy(db_text(st, 2));
	}
	db_done(st);
	return rc < 0 ? -1 : 0;
}

static const char *shown(const char *owner)
{
	return *owner ? owner : "nobody";
}

/* "status New -> Closed, owner nobody -> alice" */
static char *difference(const struct known *k, const char *status, const char *owner)
{
	struct buf b = BUF_INIT;

	if (strcmp(k->status, status) != 0)
		buf_printf(&b, "status %s -> %s", k->status, status);
	if (strcmp(k->owner, owner) != 0)
		buf_printf(&b, "%sowner %s -> %s", b.len ? ", " : "", shown(k->owner),
		           shown(owner));
	return buf_take(&b, NULL);
}

/* What waits to be written was meant for the version before ours, which is this one now. */
static int rebase(struct state *s, const cJSON *record, const struct known *from, struct err *e)
{
	const char *key = json_str(record, "key", "");

	return db_run(&s->db, e,
	              "UPDATE outbox SET etag = ?3 WHERE record = ?1 AND ended IS NULL AND etag = ?2",
	              "sss", key, from->etag, json_str(record, "etag", NULL)) ||
	                       db_run(&s->db, e,
	                              "UPDATE outbox SET doc = json_set(doc, '$.seen.status', ?4, "
	                              "'$.seen.owner', ?5) WHERE record = ?1 AND ended IS NULL AND "
	                              "json_extract(doc, '$.seen.status') = ?2 AND "
	                              "json_extract(doc, '$.seen.owner') = ?3",
	                              "sssss", key, from->status, from->owner,
	                              json_str(record, "status", ""), json_str(record, "owner", ""))
	               ? -1
	               : 0;
}

int state_record_put(struct state *s, const cJSON *record, enum record_seen why, mw_time now,
                     bool *changed, struct err *e)
{
	const char *key = json_str(record, "key", ""), *status = json_str(record, "status", ""),
	           *owner = json_str(record, "owner", ""), *etag = json_str(record, "etag", NULL);
	struct buf doc = state_text(record);
	struct known k;
	bool differs;
	char *was;
	int rc = read_known(s, key, &k, e);

	differs = !rc && k.there && (strcmp(k.status, status) || strcmp(k.owner, owner));
	*changed = differs && why != RECORD_WRITTEN;
	was = *changed ? difference(&k, status, owner) : NULL;
	if (!rc)
		rc = db_run(
		        &s->db, e,
		        "INSERT INTO record (key, bare, source, etag, status, owner, seen, doc) "
		        "VALUES (?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT (key) DO UPDATE SET etag = ?4, "
		        "status = ?5, owner = ?6, seen = ?7, doc = ?8",
		        "ssssssit", key, json_str(record, "bare", ""),
		        json_str(record, "source", ""), etag, status, owner, now,
		        SLICE_OF_BUF(doc));
	if (!rc && *changed)
		rc = db_run(&s->db, e, "UPDATE record SET was = ?, changed = ? WHERE key = ?",
		            "sis", was, now, key);
	if (!rc && why != RECORD_POLLED)
		rc = db_run(&s->db, e, "UPDATE record SET written = ? WHERE key = ?", "is", now,
		            key);
	if (!rc && why != RECORD_POLLED && !*changed && k.there)
		rc = rebase(s, record, &k, e);
	free(was);
	forget(&k);
	buf_release(&doc);
	return rc;
}

/* A file of the same records may have been imported: then its finding has the bare key, which counts where only one source has it. */
int state_record_incident(struct state *s, const char *key, int64_t *incident, struct err *e)
{
	return db_i64(
	        &s->db, e, incident, 0,
	        "SELECT coalesce((SELECT incident FROM finding WHERE key = ?1), (SELECT "
	        "f.incident FROM record r JOIN finding f ON f.key = r.bare WHERE r.key = ?1 AND "
	        "(SELECT count(*) FROM record o WHERE o.bare = r.bare) = 1))",
	        "s", key);
}

#define RECORDS_OF                                                                            \
	"SELECT r.key FROM finding f JOIN record r ON r.key = f.key WHERE f.incident = ?1 "   \
	"UNION SELECT r.key FROM finding f JOIN record r ON r.bare = f.key WHERE f.incident " \
	"= ?1 AND (SELECT count(*) FROM record o WHERE o.bare = r.bare) = 1"

static cJSON *record_row(sqlite3_stmt *st)
{
	cJSON *o = state_json_col(st, 0), *platform = state_json_col(st, 4),
	      *write = cJSON_DetachItemFromObject(platform, "write"),
	      *users = cJSON_DetachItemFromObject(platform, "users");

	if (!o)
		o = cJSON_CreateObject();
	json_add_str(o, "was", db_text(st, 1));
	if (sqlite3_column_type(st, 2) != SQLITE_NULL)
		json_add_time(o, "changed", sqlite3_column_int64(st, 2));
	if (sqlite3_column_type(st, 3) != SQLITE_NULL)
		json_add_time(o, "written", sqlite3_column_int64(st, 3));
	state_put(o, "write", write ? write : cJSON_CreateArray());
	state_put(o, "users", users ? users : cJSON_CreateArray());
	json_add_time(o, "seen", sqlite3_column_int64(st, 5));
	cJSON_Delete(platform);
	return o;
}

cJSON *state_records_of(struct state *s, int64_t incident, struct err *e)
{
	return state_rows(
	        s,
	        db_query(&s->db, e,
	                 "SELECT r.doc, r.was, r.changed, r.written, p.doc, r.seen FROM record "
	                 "r LEFT JOIN platform p ON p.source = r.source WHERE r.key IN "
	                 "(" RECORDS_OF ") ORDER BY r.source, r.key",
	                 "i", incident),
	        record_row, e);
}

int state_record_own(struct state *s, const char *key, int64_t incident, struct err *e)
{
	return db_run(&s->db, e, "INSERT INTO finding VALUES (?,?) ON CONFLICT DO NOTHING", "si",
	              key, incident);
}

int state_incident_number(struct state *s, const char *id, int64_t *n, struct err *e)
{
	return state_begin_change(s, id, 0, n, e);
}
