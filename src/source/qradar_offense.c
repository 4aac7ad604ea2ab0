/*
 * QRadar's offenses: read with notes and addresses, their events by INOFFENSE, closed with one of the site's own closing reasons. Severity is
 * computed there and cannot be set; there is no state between open and closed, so "work" and "wait" are follow-up and a note. There is no
 * etag: last_updated_time stands for it.
 */
#include "source/qradar.h"

#define PAGE 50
#define PAGES_MAX 100
#define EVENTS_MAX 1000
#define MARGIN_MS 60000

/* ---- the list ---- */

struct list {
	struct qradar *x;
	const struct finding_sink *sink;
	char **cursor;
	int64_t since, since_id;
	int64_t rows;
};

/* Its severities are numbers of 0 to 10. */
static const char *severity_word(int64_t magnitude)
{
	return magnitude >= 9   ? "critical"
	       : magnitude >= 7 ? "high"
	       : magnitude >= 4 ? "medium"
	                        : "low";
}

static int on_offense(void *ctx, struct slice raw, struct err *e)
{
	struct list *l = ctx;
	cJSON *j = json_parse(raw, CONNECTOR_LINE_MAX, e);
	int64_t id = call_i64(j, "id", -1), changed = call_i64(j, "last_updated_time", -1);
	char *id_text = xasprintf("%lld", (long long)id),
	     *etag = xasprintf("%lld", (long long)changed);
	struct source_finding f = {.dataset = "qradar.offense",
	                           .id = slice_of(id_text),
	                           .updated = changed * 1000,
	                           .raw = raw,
	                           .etag = etag};
	int rc = 0;

	l->rows++;
	if (!j || id < 0 || changed < 0)
		rc = err_set(e, ERR_REMOTE, "%s: an offense has no id or last_updated_time",
		             l->x->c.source.name);
	else if (changed > l->since || (changed == l->since && id > l->since_id)) {
		if (connector_in_scope(l->x->env.entry, "severities",
		                       severity_word(call_i64(j, "magnitude", 0))))
			rc = l->sink->finding(l->sink->ctx, &f, e);
		if (!rc) {
			free(*l->cursor);
			*l->cursor = xasprintf("%lld %lld", (long long)changed, (long long)id);
		}
	}
	free(id_text);
	free(etag);
	cJSON_Delete(j);
	return rc;
}

static void read_cursor(struct list *l)
{
	struct slice rest = slice_of(*l->cursor), part;

	l->since = l->since_id = -1;
	if (slice_split(&rest, ' ', &part))
		(void)slice_i64(part, &l->since);
	(void)slice_i64(rest, &l->since_id);
}

int qradar_findings(struct connected *c, const struct source_run *run, char **cursor,
                    const struct finding_sink *sink, struct err *e)
{
	struct list l = {.x = qradar_of(c), .sink = sink, .cursor = cursor};
	struct map seen = MAP_INIT;
	char *path;
	int rc = 0;

	read_cursor(&l);
	path = xasprintf("/api/siem/"
	                 "offenses?filter=last_updated_time%%20%%3E%%3D%%20%lld&sort=%%2Blast_"
	                 "updated_time%%2C%%2Bid",
	                 (long long)(l.since < 0 ? 0 : l.since));
	for (int i = 0; !rc && i < PAGES_MAX; i++) {
		char *range = xasprintf("items=%d-%d", i * PAGE, i * PAGE + PAGE - 1);
		struct http_response rs;
		struct slice body;
		l.rows = 0;
		rc = qradar_call(l.x, run, "GET", path, range, &rs, e);
		body = (struct slice){rs.body.s, rs.body.len};
		if (!rc && body.n > 2)
			rc = call_once(&seen, c->source.name, "page of offenses", body, e);
		rc = rc ? rc : call_elements(body, on_offense, &l, e);
		http_response_release(&rs);
		free(range);
		if (l.rows < PAGE)
			break;
	}
	map_release(&seen);
	free(path);
	return rc;
}

/* ---- one ---- */

static int read_one(struct qradar *x, const struct source_run *run, const char *id, cJSON **out,
                    struct err *e)
{
	int64_t n;
	char *path;
	int rc;

	*out = NULL;
	if (!slice_i64(slice_of(id), &n) || n < 0)
		return err_set(e, ERR_INVALID, "\"%s\" is no id of an offense", id ? id : "");
	path = xasprintf("/api/siem/offenses/%lld", (long long)n);
	rc = qradar_json(x, run, "GET", path, out, e);
	free(path);
	return rc;
}

static int add_addresses(struct qradar *x, const struct source_run *run, const cJSON *offense,
                         const char *ids, const char *call, const char *as, cJSON *out,
                         struct err *e)
{
	struct buf filter = BUF_INIT, path = BUF_INIT;
	const cJSON *id;
	cJSON *answer = NULL;
	int rc = 0, n = 0;

	buf_str(&filter, "id in (");
	cJSON_ArrayForEach(id, json_arr(offense, ids))
	{
		if (cJSON_IsNumber(id) && n < 100)
			buf_printf(&filter, n++ ? ",%lld" : "%lld", (long long)id->valuedouble);
	}
	buf_ch(&filter, ')');
	buf_printf(&path, "/api/siem/%s?", call);
	call_form(&path, "filter", (struct slice){filter.s, filter.len});
	if (n)
		rc = qradar_json(x, run, "GET", path.s, &answer, e);
	if (!rc)
		cJSON_AddItemToObject(out, as, answer ? answer : cJSON_CreateArray());
	buf_release(&filter);
	buf_release(&path);
	return rc;
}

static int read_notes(struct qradar *x, const struct source_run *run, const char *id, cJSON **out,
                      struct err *e)
{
	char *path = xasprintf("/api/siem/offenses/%s/notes", id);
	int rc = qradar_json(x, run, "GET", path, out, e);

	free(path);
	return rc;
}

int qradar_finding(struct connected *c, const struct source_run *run, const char *id, cJSON **out,
                   struct err *e)
{
	struct qradar *x = qradar_of(c);
	cJSON *one, *notes = NULL, *o;
	int rc = read_one(x, run, id, &one, e);

	if (rc)
		return -1;
	o = cJSON_CreateObject();
	cJSON_AddItemToObject(o, "finding", one);
	rc = read_notes(x, run, id, &notes, e);
	if (!rc)
		cJSON_AddItemToObject(o, "notes", notes ? notes : cJSON_CreateArray());
	rc = rc ? rc
	        : add_addresses(x, run, one, "source_address_ids", "source_addresses", "sources", o,
	                        e);
	rc = rc ? rc
	        : add_addresses(x, run, one, "local_destination_address_ids",
	                        "local_destination_addresses", "destinations", o, e);
	if (rc)
		cJSON_Delete(o);
	else
		*out = o;
	return rc;
}

char *qradar_version(const cJSON *offense)
{
	return xasprintf("%lld", (long long)call_i64(offense, "last_updated_time", -1));
}

/* ---- its events ---- */

int qradar_finding_events(struct connected *c, const struct source_run *run, const char *id,
                          const struct source_sink *sink, struct source_done *done, struct err *e)
{
	struct qradar *x = qradar_of(c);
	struct row_conf rows = qradar_rows(x);
	cJSON *offense = NULL;
	struct search s;
	int64_t n;
	int rc =
	        search_begin_events(&s, &x->env, RENDER_AQL, EVENTS_MAX, &rows, run, sink, done, e);

	rc = rc ? rc : read_one(x, run, id, &offense, e);
	if (!rc) {
		done->sent =
		        xasprintf("SELECT starttime AS starttime, QIDNAME(qid) AS event_name, "
		                  "LOGSOURCETYPENAME(devicetype) AS log_source_type, "
		                  "sourceip AS sourceip, destinationip AS destinationip, username "
		                  "AS username, UTF8(payload) AS payload "
		                  "FROM events WHERE INOFFENSE(%lld) ORDER BY starttime ASC LIMIT "
		                  "%d START %lld STOP %lld",
		                  (long long)call_i64(offense, "id", 0), EVENTS_MAX + 1,
		                  (long long)call_i64(offense, "start_time", 0),
		                  (long long)call_i64(offense, "last_updated_time", 0) + MARGIN_MS);
		rc = qradar_run(x, run, done->sent, EVENTS_MAX + 1, search_object, &s, &s, e);
		n = call_i64(offense, "event_count", -1);
		/* Coalesced events are one row with a count there. */
		if (rc >= 0 && n > (int64_t)done->rows)
			search_partial(
			        &s,
			        "QRadar counts %lld events; %llu are kept as rows of their own (it "
			        "coalesces equal ones, and what its retention dropped is gone)",
			        (long long)n, (unsigned long long)done->rows);
	}
	cJSON_Delete(offense);
	return search_end(&s, rc, e);
}

/* ---- changes ---- */

/* Closing reasons are the site's own: by its text, else by what the default ones are called. */
static const struct {
	const char *verdict, *text;
} reasons[] = {
        {"true_positive", "Policy Violation"},
        {"benign_positive", "Non-Issue"},
        {"false_positive_logic", "False-Positive, Tuned"},
        {"false_positive_data", "False-Positive, Tuned"},
        {"duplicate", "Non-Issue"},
};

static const char *wanted_reason(const struct source_update *u)
{
	for (size_t i = 0; u->verdict && i < ARRAY_LEN(reasons); i++)
		if (!strcmp(reasons[i].verdict, u->verdict))
			return reasons[i].text;
	return "Non-Issue";
}

static int64_t find_reason(const cJSON *list, const char *text)
{
	const cJSON *r;

	cJSON_ArrayForEach(r, list)
	{
		if (text && !call_bool(r, "is_deleted") && !call_bool(r, "is_reserved") &&
		    !strcasecmp(json_str(r, "text", ""), text))
			return call_i64(r, "id", -1);
	}
	return -1;
}

static int reason_id(struct qradar *x, const struct source_run *run, const struct source_update *u,
                     int64_t *id, struct err *e)
{
	cJSON *list;
	struct buf known = BUF_INIT;
	const cJSON *r;

	if (qradar_json(x, run, "GET", "/api/siem/offense_closing_reasons", &list, e))
		return -1;
	*id = find_reason(list, u->reason);
	if (*id < 0)
		*id = find_reason(list, wanted_reason(u));
	cJSON_ArrayForEach(r, list)
	        buf_printf(&known, "%s\"%s\"", known.len ? ", " : "", json_str(r, "text", ""));
	if (*id < 0)
		err_set(e, ERR_INVALID,
		        "%s has no closing reason \"%s\"; it has %s: name one as the reason",
		        x->c.source.name, wanted_reason(u), known.s);
	buf_release(&known);
	cJSON_Delete(list);
	return *id < 0 ? -1 : 0;
}

static int fill(struct qradar *x, const struct source_run *run, const struct source_update *u,
                struct buf *query, struct err *e)
{
	int64_t id;

	if (u->severity)
		return err_set(e, ERR_INVALID,
		               "%s computes the severity of an offense itself: it cannot be set",
		               x->c.source.name);
	if (u->owner && *u->owner)
		call_form_str(query, "assigned_to", u->owner);
	if (!u->status)
		return 0;
	if (strcmp(u->status, "closed") != 0) {
		call_form_str(query, "status", "OPEN");
		call_form_str(query, "follow_up", strcmp(u->status, "new") ? "true" : "false");
		return 0;
	}
	if (reason_id(x, run, u, &id, e))
		return -1;
	call_form_str(query, "status", "CLOSED");
	call_form_i64(query, "closing_reason_id", id);
	return 0;
}

static bool has_note(const cJSON *notes, const char *key)
{
	const cJSON *n;

	cJSON_ArrayForEach(n, notes)
	{
		if (key && strstr(json_str(n, "note_text", ""), key))
			return true;
	}
	return false;
}

static int add_note(struct qradar *x, const struct source_run *run, const struct source_update *u,
                    struct err *e)
{
	struct buf path = BUF_INIT;
	cJSON *out = NULL;
	char *text = call_note(u);
	int rc;

	if (!text)
		return 0;
	buf_printf(&path, "/api/siem/offenses/%s/notes?", u->id);
	call_form_str(&path, "note_text", text);
	rc = qradar_json(x, run, "POST", path.s, &out, e);
	cJSON_Delete(out);
	buf_release(&path);
	free(text);
	return rc;
}

/* A closed offense refuses a second closing; that it is closed already is what was wanted. */
static int set_state(struct qradar *x, const struct source_run *run, const struct source_update *u,
                     const cJSON *now, struct err *e)
{
	struct buf path = BUF_INIT;
	size_t before;
	cJSON *out = NULL;
	int rc;

	if (u->status && !strcmp(u->status, "closed") &&
	    !strcmp(json_str(now, "status", ""), "CLOSED"))
		return 0;
	buf_printf(&path, "/api/siem/offenses/%s?", u->id);
	before = path.len;
	rc = fill(x, run, u, &path, e);
	if (!rc && path.len > before)
		rc = qradar_json(x, run, "POST", path.s, &out, e);
	cJSON_Delete(out);
	buf_release(&path);
	return rc;
}

int qradar_update(struct connected *c, const struct source_run *run, const struct source_update *u,
                  struct err *e)
{
	struct qradar *x = qradar_of(c);
	cJSON *now, *notes = NULL;
	char at[32];
	int rc = read_one(x, run, u->id, &now, e) || read_notes(x, run, u->id, &notes, e) ? -1 : 0;
	bool again = !rc && has_note(notes, u->idempotency);

	snprintf(at, sizeof(at), "%lld", (long long)call_i64(now, "last_updated_time", 0));
	if (!rc && !again && u->etag && strcmp(u->etag, at) != 0)
		rc = err_set(e, ERR_CONFLICT,
		             "%s: offense %s was changed meanwhile: it is now %s, assigned to %s",
		             c->source.name, u->id, json_str(now, "status", "?"),
		             json_str(now, "assigned_to", "nobody"));
	/* The note goes first: it carries the key by which a repeat is told. */
	if (!rc && !again)
		rc = add_note(x, run, u, e);
	rc = rc ? rc : set_state(x, run, u, now, e);
	cJSON_Delete(now);
	cJSON_Delete(notes);
	return rc;
}
