/*
 * Documents: drafts in numbered versions, with what they were drafted from and the hashes of the records that they cite.
 */
#include "store/state_int.h"

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
	return db_run(
	        &s->db, e,
	        "INSERT INTO doc SELECT ?1, ?2, "
	        "coalesce(?3, (SELECT kind FROM doc WHERE id = ?1 LIMIT 1)), "
	        "coalesce(?4, (SELECT incident FROM doc WHERE id = ?1 LIMIT 1)), ?5, ?6, ?7, NULL",
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

int state_doc_drafted(struct state *s, int64_t doc, const cJSON *params, const cJSON *cites,
                      struct err *e)
{
	struct buf text = state_text(params);
	const cJSON *c;
	int rc = db_run(&s->db, e, "UPDATE doc SET params = ? WHERE id = ?", "si", text.s, doc);

	buf_release(&text);
	cJSON_ArrayForEach(c, cites)
	{
		if (rc)
			break;
		rc = db_run(&s->db, e, "INSERT OR REPLACE INTO cite VALUES (?,?,?)", "iss", doc,
		            c->string, cJSON_IsString(c) ? c->valuestring : "");
	}
	return rc;
}

/* What a document's export is checked against: how it was drafted, and the records' hashes then. */
int state_doc_origin(struct state *s, int64_t doc, cJSON *into, struct err *e)
{
	sqlite3_stmt *st = db_query(
	        &s->db, e, "SELECT markdown, params, by, at FROM doc WHERE id = ? AND version = 1",
	        "i", doc);
	cJSON *cites;
	int rc = st ? db_step(&s->db, st, e) : -1;

	if (rc != 1)
		return rc < 0 ? -1
		              : err_set(e, ERR_NOT_FOUND, "there is no document %lld",
		                        (long long)doc);
	json_add_str(into, "first", db_text(st, 0));
	state_add_json(into, "params", st, 1);
	json_add_str(into, "drafted_by", db_text(st, 2));
	json_add_time(into, "drafted_at", sqlite3_column_int64(st, 3));
	db_done(st);
	cites = json_add_obj(into, "cites");
	st = db_query(&s->db, e, "SELECT evidence, sha256 FROM cite WHERE doc = ?", "i", doc);
	rc = st ? 1 : -1;
	while (rc > 0 && (rc = db_step(&s->db, st, e)) > 0)
		json_add_str(cites, db_text(st, 0), db_text(st, 1));
	return rc;
}

/* Of the records that the case has pinned: hash and bytes (as far as they are text), by id. */
int state_pins_of(struct state *s, const cJSON *ids, cJSON *into, struct err *e)
{
	const cJSON *id;

	cJSON_ArrayForEach(id, ids)
	{
		struct buf raw = BUF_INIT;
		struct err missing;
		cJSON *meta = state_pin_get(s, id->string, &raw, &missing), *o;
		if (meta) {
			o = json_add_obj(into, id->string);
			json_add_str(o, "sha256", json_str(meta, "sha256", ""));
			json_add_str(o, "raw", raw.s);
			cJSON_Delete(meta);
		}
		buf_release(&raw);
		if (!meta && missing.code != ERR_NOT_FOUND) {
			*e = missing;
			return -1;
		}
	}
	return 0;
}

static cJSON *doc_row(sqlite3_stmt *st)
{
	cJSON *o = cJSON_CreateObject();

	json_add_i64(o, "doc", sqlite3_column_int64(st, 0));
	json_add_i64(o, "version", sqlite3_column_int64(st, 1));
	json_add_str(o, "kind", db_text(st, 2));
	json_add_str(o, "incident", db_text(st, 3));
	json_add_time(o, "at", sqlite3_column_int64(st, 4));
	json_add_str(o, "by", db_text(st, 5));
	json_add_str(o, "signed_by", db_text(st, 6));
	json_add_str(o, "to", db_text(st, 7));
	json_add_i64(o, "left", sqlite3_column_int64(st, 8));
	return o;
}

cJSON *state_doc_list(struct state *s, struct err *e)
{
	sqlite3_stmt *st = db_query(
	        &s->db, e,
	        "SELECT d.id, d.version, d.kind, d.incident, d.at, d.by, h.by, h.receiver, (SELECT "
	        "count(*) FROM handoff_item i WHERE i.doc = d.id AND i.accepted IS NULL) FROM doc "
	        "d "
	        "LEFT JOIN handoff h ON h.doc = d.id WHERE d.version = (SELECT max(version) FROM "
	        "doc "
	        "WHERE id = d.id) ORDER BY d.id DESC LIMIT 200",
	        "");

	return state_named("docs", state_rows(s, st, doc_row, e));
}
