/*
 * Handing over: what was signed, by whom for whom, and which of its incidents were accepted.
 */
#include "store/state_int.h"

static bool next_incident(struct slice *text, int64_t *id)
{
	const char *at;

	while ((at = memmem(text->s, text->n, "INC-", 4))) {
		size_t skip = (size_t)(at - text->s) + 4, digits = 0;
		struct slice rest = {text->s + skip, text->n - skip};
		while (digits < rest.n && rest.s[digits] >= '0' && rest.s[digits] <= '9')
			digits++;
		*text = (struct slice){rest.s + digits, rest.n - digits};
		if (slice_i64((struct slice){rest.s, digits}, id))
			return true;
	}
	return false;
}

/* Those of the text that are open; the owner is what it is now. */
static int add_items(struct state *s, int64_t doc, struct slice text, struct err *e)
{
	int64_t id;

	while (next_incident(&text, &id))
		if (db_run(&s->db, e,
		           "INSERT OR IGNORE INTO handoff_item (doc, incident, owner) SELECT ?1, "
		           "id, "
		           "owner FROM incident WHERE id = ?2 AND status <> 'closed' AND "
		           "merged_into IS NULL",
		           "ii", doc, id))
			return -1;
	return 0;
}

static cJSON *item_row(sqlite3_stmt *st)
{
	cJSON *o = cJSON_CreateObject();
	char id[32];

	snprintf(id, sizeof(id), "INC-%lld", (long long)sqlite3_column_int64(st, 0));
	json_add_str(o, "item", id);
	json_add_str(o, "owner", db_text(st, 1));
	json_add_str(o, "accepted_by", db_text(st, 2));
	if (db_text(st, 2))
		json_add_time(o, "accepted", sqlite3_column_int64(st, 3));
	return o;
}

static cJSON *items(struct state *s, int64_t doc, struct err *e)
{
	sqlite3_stmt *st =
	        db_query(&s->db, e,
	                 "SELECT incident, owner, accepted_by, accepted FROM handoff_item "
	                 "WHERE doc = ? ORDER BY incident",
	                 "i", doc);

	return state_rows(s, st, item_row, e);
}

static int sign(struct state *s, const struct who *w, const cJSON *document, const char *receiver,
                mw_time now, struct err *e)
{
	int64_t doc = json_i64(document, "doc", 0), have;

	if (strcmp(json_str(document, "kind", ""), "handoff"))
		return err_set(e, ERR_INVALID, "document %lld is a report, not a handoff",
		               (long long)doc);
	if (db_i64(&s->db, e, &have, 0, "SELECT count(*) FROM handoff WHERE doc = ?", "i", doc))
		return -1;
	if (have)
		return err_set(e, ERR_CONFLICT, "document %lld is signed already", (long long)doc);
	if (db_run(&s->db, e, "INSERT INTO handoff VALUES (?,?,?,?,?,?)", "iisisi", doc,
	           json_i64(document, "version", 0), receiver ? receiver : "", now, w->user,
	           (int64_t)w->uid))
		return -1;
	return add_items(s, doc, slice_of(json_str(document, "markdown", "")), e);
}

cJSON *state_handoff_sign(struct state *s, const struct who *w, int64_t doc, const char *receiver,
                          mw_time now, struct err *e)
{
	cJSON *document = state_doc_get(s, doc, 0, e), *o = NULL, *list = NULL;

	if (document && !sign(s, w, document, receiver, now, e))
		list = items(s, doc, e);
	if (list) {
		o = cJSON_CreateObject();
		json_add_i64(o, "doc", doc);
		json_add_i64(o, "version", json_i64(document, "version", 0));
		cJSON_AddItemToObject(o, "items", list);
	}
	cJSON_Delete(document);
	return o;
}

cJSON *state_handoff_get(struct state *s, int64_t doc, struct err *e)
{
	sqlite3_stmt *st = db_query(
	        &s->db, e, "SELECT version, by, receiver, at FROM handoff WHERE doc = ?", "i", doc);
	int rc = st ? db_step(&s->db, st, e) : -1;
	cJSON *o, *list;

	if (rc == 0)
		err_set(e, ERR_NOT_FOUND, "document %lld is not signed", (long long)doc);
	if (rc != 1)
		return NULL;
	o = cJSON_CreateObject();
	json_add_i64(o, "doc", doc);
	json_add_i64(o, "version", sqlite3_column_int64(st, 0));
	json_add_str(o, "by", db_text(st, 1));
	json_add_str(o, "to", db_text(st, 2));
	json_add_time(o, "at", sqlite3_column_int64(st, 3));
	db_done(st);
	list = items(s, doc, e);
	if (list) {
		cJSON_AddItemToObject(o, "items", list);
		return o;
	}
	cJSON_Delete(o);
	return NULL;
}

struct item {
	int64_t doc, incident, signer;
	char *owner, *receiver, *accepted_by;
};

static char *copy(sqlite3_stmt *st, int col)
{
	const char *s = db_text(st, col);

	return s ? xstrdup(s) : NULL;
}

static int find_item(struct state *s, struct item *t, struct err *e)
{
	sqlite3_stmt *st = db_query(&s->db, e,
	                            "SELECT h.uid, h.receiver, i.owner, i.accepted_by FROM handoff "
	                            "h JOIN handoff_item i USING (doc) WHERE doc = ? AND "
	                            "incident = ?",
	                            "ii", t->doc, t->incident);
	int rc = st ? db_step(&s->db, st, e) : -1;

	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND,
		               "document %lld is not signed, or hands over no INC-%lld",
		               (long long)t->doc, (long long)t->incident);
	if (rc < 0)
		return -1;
	t->signer = sqlite3_column_int64(st, 0);
	t->receiver = copy(st, 1);
	t->owner = copy(st, 2);
	t->accepted_by = copy(st, 3);
	db_done(st);
	return 0;
}

static int check_item(const struct item *t, const struct who *w, bool lead, const cJSON *incident,
                      struct err *e)
{
	if (t->accepted_by)
		return err_set(e, ERR_CONFLICT, "it was accepted by %s already", t->accepted_by);
	if (t->signer == (int64_t)w->uid)
		return err_set(e, ERR_DENIED, "you signed it: the one who comes accepts it");
	if (*t->receiver && strcmp(t->receiver, w->user) && !lead)
		return err_set(e, ERR_DENIED, "it is handed over to %s", t->receiver);
	if (strcmp(json_str(incident, "owner", ""), t->owner) ||
	    !strcmp(json_str(incident, "status", ""), "closed"))
		return err_set(e, ERR_CONFLICT,
		               "INC-%lld was %s's when this was signed; it is %s's now, status %s: "
		               "take it with incident.update",
		               (long long)t->incident, *t->owner ? t->owner : "nobody",
		               *json_str(incident, "owner", "") ? json_str(incident, "owner", "")
		                                                : "nobody",
		               json_str(incident, "status", "?"));
	return 0;
}

static int take(struct state *s, const struct who *w, const struct item *t, const char *id,
                mw_time now, struct err *e)
{
	struct incident_change c = {.owner = w->user, .snooze_until = MW_TIME_NONE};
	char *text = xasprintf("accepted from %s, handoff document %lld",
	                       *t->owner ? t->owner : "nobody", (long long)t->doc);
	int rc = state_incident_update(s, w, id, &c, now, e);

	if (rc == 0)
		rc = state_note_add(s, w, id, text, now, e);
	if (rc == 0)
		rc = db_run(&s->db, e,
		            "UPDATE handoff_item SET accepted = ?, accepted_by = ? WHERE doc = ? "
		            "AND incident = ?",
		            "isii", now, w->user, t->doc, t->incident);
	free(text);
	return rc;
}

cJSON *state_handoff_accept(struct state *s, const struct who *w, int64_t doc, const char *item,
                            bool lead, mw_time now, struct err *e)
{
	struct item t = {.doc = doc};
	cJSON *incident = state_incident(s, item, e), *o = NULL;
	int64_t left = 0;

	if (!incident)
		return NULL;
	t.incident = json_i64(incident, "id", 0);
	if (!find_item(s, &t, e) && !check_item(&t, w, lead, incident, e) &&
	    !take(s, w, &t, item, now, e) &&
	    !db_i64(&s->db, e, &left, 0,
	            "SELECT count(*) FROM handoff_item WHERE doc = ? AND accepted IS NULL", "i",
	            doc)) {
		o = cJSON_CreateObject();
		json_add_i64(o, "doc", doc);
		json_add_str(o, "item", item);
		json_add_str(o, "owner", w->user);
		json_add_i64(o, "left", left);
	}
	free(t.owner);
	free(t.receiver);
	free(t.accepted_by);
	cJSON_Delete(incident);
	return o;
}
