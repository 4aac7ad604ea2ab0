/*
 * What analysts join and take apart: merge, un-merge, split. The merged incident keeps its own document, so that it can be given back.
 */
#include "store/state_int.h"

/* Moves the findings of `from` that are in the list (NULL: all) to the end of into's. */
static void move_findings(cJSON *from, cJSON *into, const cJSON *keys)
{
	cJSON *list = json_arr(from, "findings"), *f = list ? list->child : NULL;

	while (f) {
		cJSON *next = f->next;
		const cJSON *k = NULL;
		bool wanted = !keys;
		cJSON_ArrayForEach(k, keys) wanted =
		        wanted ||
		        (cJSON_IsString(k) && strcmp(k->valuestring, json_str(f, "key", "")) == 0);
		if (wanted)
			cJSON_AddItemToArray(json_arr(into, "findings"),
			                     cJSON_DetachItemViaPointer(list, f));
		f = next;
	}
}

/* What an un-merge has to give back: the numbers of the incident that takes in, as they are before it does. */
static void note_merged(cJSON *doc, const cJSON *from, int64_t other)
{
	cJSON *list = json_arr(doc, "merged"), *m = cJSON_CreateObject();
	char id[32];

	if (!list)
		list = json_add_arr(doc, "merged");
	snprintf(id, sizeof(id), "INC-%lld", (long long)other);
	json_add_str(m, "id", id);
	json_add_str(m, "title", json_str(from, "title", ""));
	json_add_i64(m, "records", state_count_records(from));
	json_add_i64(m, "score", json_i64(doc, "score", 0));
	json_add_str(m, "severity", json_str(doc, "severity", "I"));
	cJSON_AddItemToArray(list, m);
	state_set_member(
	        doc, "records",
	        cJSON_CreateNumber((double)(state_count_records(doc) + state_count_records(from))));
}

static int merge_other(struct state *s, cJSON *doc, int64_t into, int64_t other, struct err *e)
{
	cJSON *from = state_document(s, other, e);
	int rc;

	if (!from)
		return -1;
	note_merged(doc, from, other);
	move_findings(from, doc, NULL);
	state_unite_texts(doc, from, "entities");
	state_unite_texts(doc, from, "attack");
	if (json_i64(from, "score", 0) > json_i64(doc, "score", 0)) {
		state_set_member(doc, "score",
		                 cJSON_CreateNumber((double)json_i64(from, "score", 0)));
		state_set_member(doc, "severity", cJSON_Duplicate(json_get(from, "severity"), 1));
	}
	cJSON_Delete(from);
	rc = db_run(&s->db, e, "UPDATE finding SET incident = ? WHERE incident = ?", "ii", into,
	            other);
	if (rc == 0)
		rc = db_run(&s->db, e, "UPDATE note SET incident = ? WHERE incident = ?", "ii",
		            into, other);
	if (rc == 0)
		rc = db_run(&s->db, e, "UPDATE OR IGNORE pin SET incident = ? WHERE incident = ?",
		            "ii", into, other);
	if (rc ==
	    0) /* what was done stays known where the incident went; its own document says for which it was */
		rc = db_run(&s->db, e, "UPDATE action SET incident = ? WHERE incident = ?", "ii",
		            into, other);
	return rc;
}

int state_incident_merge(struct state *s, const struct who *w, const char *id, const cJSON *with,
                         mw_time now, struct err *e)
{
	const cJSON *x;
	int64_t into, other;
	cJSON *doc;
	int rc = 0;

	if (state_begin_change(s, id, 0, &into, e))
		return -1;
	doc = state_document(s, into, e);
	if (!doc)
		return -1;
	cJSON_ArrayForEach(x, with)
	{
		rc = state_begin_change(s, cJSON_IsString(x) ? x->valuestring : "", 0, &other, e);
		if (rc == 0 && other == into)
			rc = err_set(e, ERR_INVALID, "%s cannot be merged with itself", id);
		if (rc == 0)
			rc = merge_other(s, doc, into, other, e);
		if (rc == 0)
			rc = db_run(&s->db, e,
			            "UPDATE incident SET status = 'closed', merged_into = ? WHERE "
			            "id = ?",
			            "ii", into, other);
		if (rc)
			break;
	}
	if (rc == 0)
		rc = state_write_document(s, doc, into, e);
	cJSON_Delete(doc);
	return rc ? -1 : state_touch(s, w, into, now, e);
}

static int move_keys(struct state *s, const cJSON *keys, int64_t from, int64_t to, struct err *e)
{
	const cJSON *k;

	cJSON_ArrayForEach(
	        k,
	        keys) if (cJSON_IsString(k) &&
	                  db_run(&s->db, e,
	                         "UPDATE finding SET incident = ? WHERE key = ? AND incident = ?",
	                         "isi", to, k->valuestring, from)) return -1;
	return 0;
}

static cJSON *split_document(cJSON *doc, const cJSON *findings)
{
	cJSON *part = cJSON_Duplicate(doc, 1);
	const cJSON *first;

	state_set_member(part, "findings", cJSON_CreateArray());
	move_findings(doc, part, findings);
	state_set_member(part, "links", cJSON_CreateArray());
	state_set_member(doc, "links", cJSON_CreateArray());
	first = cJSON_GetArrayItem(json_arr(part, "findings"), 0);
	if (first)
		state_set_member(part, "title", cJSON_Duplicate(json_get(first, "title"), 1));
	return part;
}

int state_incident_split(struct state *s, const struct who *w, const char *id,
                         const cJSON *findings, const char *reason, mw_time now, char out_id[32],
                         struct err *e)
{
	int64_t n, made = 0;
	cJSON *doc, *part;
	int rc, moved, left;

	if (state_begin_change(s, id, 0, &n, e))
		return -1;
	doc = state_document(s, n, e);
	if (!doc)
		return -1;
	part = split_document(doc, findings);
	moved = cJSON_GetArraySize(json_arr(part, "findings"));
	left = cJSON_GetArraySize(json_arr(doc, "findings"));
	if (!moved || !left)
		rc = err_set(e, ERR_INVALID, "a split leaves at least one finding on each side");
	else
		rc = state_insert(s, part, w->user, now, &made, e);
	if (rc == 0)
		rc = move_keys(s, findings, n, made, e);
	if (rc == 0)
		rc = state_write_document(s, doc, n, e);
	cJSON_Delete(doc);
	cJSON_Delete(part);
	snprintf(out_id, 32, "INC-%lld", (long long)made);
	if (rc || state_note_add(s, w, out_id, reason, now, e))
		return -1;
	return state_touch(s, w, n, now, e);
}

/* ---- un-merge ---- */

static cJSON *take_merged(cJSON *doc, const char *id)
{
	cJSON *m;

	cJSON_ArrayForEach(m, json_arr(doc, "merged")) if (
	        !strcmp(json_str(m, "id", ""),
	                id)) return cJSON_DetachItemViaPointer(json_arr(doc, "merged"), m);
	return NULL;
}

static cJSON *keys_of(const cJSON *doc)
{
	cJSON *keys = cJSON_CreateArray();
	const cJSON *f;

	cJSON_ArrayForEach(f, json_arr(doc, "findings"))
	        cJSON_AddItemToArray(keys, cJSON_CreateString(json_str(f, "key", "")));
	return keys;
}

/* Entities and techniques of the incident are those of the findings that are left. */
static void gather_again(cJSON *doc)
{
	static const char *const lists[] = {"entities", "attack"};
	const cJSON *f;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		state_set_member(doc, lists[i], cJSON_CreateArray());
		cJSON_ArrayForEach(f, json_arr(doc, "findings"))
		        state_unite_texts(doc, f, lists[i]);
	}
}

static void give_back(cJSON *doc, const cJSON *part, const cJSON *merged)
{
	cJSON *gone = cJSON_CreateObject(), *keys = keys_of(part);

	json_add_arr(gone, "findings");
	move_findings(doc, gone, keys);
	cJSON_Delete(gone);
	cJSON_Delete(keys);
	gather_again(doc);
	state_set_member(doc, "score", cJSON_Duplicate(json_get(merged, "score"), 1));
	state_set_member(doc, "severity", cJSON_Duplicate(json_get(merged, "severity"), 1));
	state_set_member(doc, "records",
	                 cJSON_CreateNumber((double)(state_count_records(doc) -
	                                             json_i64(merged, "records", 0))));
}

/* The note also tells the correlation that a person took them apart: it does not join them again. */
static int note_unmerge(struct state *s, const struct who *w, const char *id, const char *other,
                        mw_time now, struct err *e)
{
	char *note = xasprintf("%s was taken out of %s again", other, id);
	int rc = state_note_add(s, w, id, note, now, e) || state_note_add(s, w, other, note, now, e)
	                 ? -1
	                 : 0;

	free(note);
	return rc;
}

static int reopen(struct state *s, const cJSON *part, int64_t from, int64_t id, struct err *e)
{
	cJSON *keys = keys_of(part);
	int rc = move_keys(s, keys, from, id, e);

	cJSON_Delete(keys);
	if (!rc)
		rc = db_run(&s->db, e,
		            "UPDATE action SET incident = ?2 WHERE incident = ?1 AND "
		            "json_extract(doc, '$.incident') = ?2",
		            "ii", from, id);
	return rc ? -1
	          : db_run(&s->db, e,
	                   "UPDATE incident SET merged_into = NULL, verdict = NULL, status = "
	                   "CASE owner WHEN '' THEN 'new' ELSE 'work' END WHERE id = ?",
	                   "i", id);
}

int state_incident_unmerge(struct state *s, const struct who *w, const char *id, const char *other,
                           mw_time now, struct err *e)
{
	int64_t n, back;
	cJSON *doc = NULL, *part = NULL, *merged = NULL;
	int rc = -1;

	if (state_begin_change(s, id, 0, &n, e) || state_begin_change(s, other, 0, &back, e))
		return -1;
	doc = state_document(s, n, e);
	part = doc ? state_document(s, back, e) : NULL;
	merged = part ? take_merged(doc, other) : NULL;
	if (part && !merged)
		err_set(e, ERR_INVALID, "%s was not merged into %s", other, id);
	if (merged) {
		give_back(doc, part, merged);
		rc = state_write_document(s, doc, n, e) || reopen(s, part, n, back, e) ||
		                     note_unmerge(s, w, id, other, now, e)
		             ? -1
		             : 0;
	}
	cJSON_Delete(doc);
	cJSON_Delete(part);
	cJSON_Delete(merged);
	return rc;
}
