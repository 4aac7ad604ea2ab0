/*
 * Sentinel's incidents over Azure Resource Manager: read with their alerts, entities and comments; changed with the etag of the copy that was
 * read, since an update there replaces all properties. Facts: learn.microsoft.com/rest/api/securityinsights, 2023-02-01. Unconfirmed and
 * handled both ways: 409 or 412 where the etag is old.
 */
#include "base/digest.h"
#include "plan/quote.h"
#include "source/sentinel.h"

#define API "api-version=2023-02-01"
#define PAGE "100"
#define PAGES_MAX 100

/* B/incidents + rest. malloc; NULL with e where no workspace resource is configured. */
static char *incident_path(const struct sentinel *x, const char *rest, const char *query,
                           struct err *e)
{
	const char *resource = json_str(x->env.entry, "resource", NULL);

	if (!resource) {
		err_set(e, ERR_INVALID,
		        "%s: for incidents its entry needs `resource`, the resource id of the "
		        "workspace",
		        x->c.source.name);
		return NULL;
	}
	return xasprintf("%s/providers/Microsoft.SecurityInsights/incidents%s?%s" API, resource,
	                 rest, query);
}

static int arm(struct sentinel *x, const struct source_run *run, const char *method,
               const char *path, const cJSON *doc, struct http_response *rs, struct err *e)
{
	struct buf body = BUF_INIT;
	struct http_request rq = {
	        .method = method,
	        .path = path,
	        .content_type = doc || !strcmp(method, "POST") ? "application/json" : NULL,
	        /* A PUT with an etag or a name of ours may be sent again. */
	        .idempotent = true};
	int rc;

	x->run = *run;
	if (doc)
		json_write(&body, doc);
	rq.body = (struct slice){body.s, body.len};
	rc = call_do(x->manage.http, run, &rq, rs, e);
	buf_release(&body);
	return rc ? rc : rs->body.len ? call_expect_json(x->c.source.name, rs, e) : 0;
}

static int arm_json(struct sentinel *x, const struct source_run *run, const char *method,
                    const char *rest, const cJSON *doc, cJSON **out, struct err *e)
{
	char *path = incident_path(x, rest, "", e);
	struct http_response rs;
	int rc;

	*out = NULL;
	if (!path)
		return -1;
	rc = arm(x, run, method, path, doc, &rs, e);
	rc = rc ? rc : call_parse(x->c.source.name, &rs, out, e);
	http_response_release(&rs);
	free(path);
	return rc;
}

/* ---- the list ---- */

struct list {
	struct sentinel *x;
	const struct finding_sink *sink;
	char **cursor;
};

/* The cursor is "TIME NAME" of the last one taken. */
static int on_incident(void *ctx, struct slice raw, struct err *e)
{
	struct list *l = ctx;
	cJSON *j = json_parse(raw, CONNECTOR_LINE_MAX, e);
	const cJSON *p = json_obj(j, "properties");
	const char *name = json_str(j, "name", ""),
	           *changed = json_str(p, "lastModifiedTimeUtc", "");
	struct source_finding f = {.dataset = "sentinel.incident",
	                           .id = slice_of(name),
	                           .raw = raw,
	                           .etag = json_str(j, "etag", NULL)};
	char *at = xasprintf("%s %s", changed, name);
	int rc = 0;

	if (!j || !*name || !mw_time_parse(slice_of(changed), &f.updated))
		rc = err_set(e, ERR_REMOTE, "%s: an incident has no name or lastModifiedTimeUtc",
		             l->x->c.source.name);
	else if (!*l->cursor || strcmp(at, *l->cursor) > 0) {
		if (connector_in_scope(l->x->env.entry, "severities", json_str(p, "severity", "")))
			rc = l->sink->finding(l->sink->ctx, &f, e);
		if (!rc) {
			free(*l->cursor);
			*l->cursor = xstrdup(at);
		}
	}
	free(at);
	cJSON_Delete(j);
	return rc;
}

static char *first_page(struct sentinel *x, const char *cursor, struct err *e)
{
	struct buf query = BUF_INIT, filter = BUF_INIT;
	const char *end = cursor ? strchr(cursor, ' ') : NULL;
	char *path;

	if (end) {
		buf_printf(&filter, "properties/lastModifiedTimeUtc ge %.*s", (int)(end - cursor),
		           cursor);
		call_form(&query, "$filter", (struct slice){filter.s, filter.len});
	}
	call_form_str(&query, "$orderby", "properties/lastModifiedTimeUtc asc");
	call_form_str(&query, "$top", PAGE);
	buf_ch(&query, '&');
	path = incident_path(x, "", query.s, e);
	buf_release(&query);
	buf_release(&filter);
	return path;
}

int sentinel_findings(struct connected *c, const struct source_run *run, char **cursor,
                      const struct finding_sink *sink, struct err *e)
{
	struct list l = {sentinel_of(c), sink, cursor};
	char *path = first_page(l.x, *cursor, e);
	struct map seen = MAP_INIT;
	int rc = path ? 0 : -1;

	for (int i = 0; !rc && path && i < PAGES_MAX; i++) {
		struct http_response rs;
		struct slice body, values, next;
		cJSON *link = NULL;
		rc = call_once(&seen, c->source.name, "link to a next page", slice_of(path), e);
		if (rc)
			break;
		rc = arm(l.x, run, "GET", path, NULL, &rs, e);
		free(path);
		path = NULL;
		body = (struct slice){rs.body.s, rs.body.len};
		if (!rc && !call_member(body, "value", &values))
			rc = err_set(e, ERR_REMOTE, "%s: its list of incidents has no value",
			             c->source.name);
		rc = rc ? rc : call_elements(values, on_incident, &l, e);
		if (!rc && call_member(body, "nextLink", &next) &&
		    (link = json_parse(next, 65536, NULL)) && cJSON_IsString(link))
			path = xstrdup(link->valuestring);
		cJSON_Delete(link);
		http_response_release(&rs);
	}
	free(path);
	map_release(&seen);
	return rc < 0 ? -1 : 0;
}

/* ---- one ---- */

static bool is_guid(const char *id)
{
	size_t n = 0;

	for (const char *p = id; p && *p; p++, n++)
		if (!((*p | 32) >= 'a' && (*p | 32) <= 'z') && !(*p >= '0' && *p <= '9') &&
		    *p != '-')
			return false;
	return n > 0 && n <= 64;
}

static int read_one(struct sentinel *x, const struct source_run *run, const char *id, cJSON **out,
                    struct err *e)
{
	char *rest;
	int rc;

	if (!is_guid(id))
		return err_set(e, ERR_INVALID, "\"%s\" is no id of an incident", id ? id : "");
	rest = xasprintf("/%s", id);
	rc = arm_json(x, run, "GET", rest, NULL, out, e);
	free(rest);
	return rc;
}

int sentinel_finding(struct connected *c, const struct source_run *run, const char *id, cJSON **out,
                     struct err *e)
{
	static const struct {
		const char *method, *part, *inside;
	} parts[] = {{"POST", "alerts", "value"},
	             {"POST", "entities", "entities"},
	             {"GET", "comments", "value"}};
	struct sentinel *x = sentinel_of(c);
	cJSON *one;
	int rc = read_one(x, run, id, &one, e);

	if (rc)
		return -1;
	*out = cJSON_CreateObject();
	cJSON_AddItemToObject(*out, "finding", one);
	for (size_t i = 0; !rc && i < ARRAY_LEN(parts); i++) {
		char *rest = xasprintf("/%s/%s", id, parts[i].part);
		cJSON *answer = NULL, *list;
		rc = arm_json(x, run, parts[i].method, rest, NULL, &answer, e);
		list = cJSON_DetachItemFromObject(answer, parts[i].inside);
		if (!rc)
			cJSON_AddItemToObject(*out, parts[i].part,
			                      list ? list : cJSON_CreateArray());
		cJSON_Delete(answer);
		free(rest);
	}
	if (rc) {
		cJSON_Delete(*out);
		*out = NULL;
	}
	return rc;
}

char *sentinel_version(const cJSON *incident)
{
	const char *etag = json_str(incident, "etag", NULL);

	return etag ? xstrdup(etag) : NULL;
}

/* ---- the alerts behind one, as rows ---- */

static char *alerts_query(const cJSON *alerts)
{
	struct buf b = BUF_INIT;
	const cJSON *a;
	size_t n = 0;

	buf_str(&b, "SecurityAlert\n| where SystemAlertId in (");
	cJSON_ArrayForEach(a, alerts)
	{
		const char *id = json_str(json_obj(a, "properties"), "systemAlertId",
		                          json_str(a, "name", NULL));
		if (!id)
			continue;
		buf_str(&b, n++ ? "," : "");
		quote_kql_string(&b, slice_of(id));
	}
	buf_str(&b, ")\n| summarize arg_max(TimeGenerated, *) by SystemAlertId\n| take 1000");
	if (n)
		return buf_take(&b, NULL);
	buf_release(&b);
	return NULL;
}

int sentinel_finding_events(struct connected *c, const struct source_run *run, const char *id,
                            const struct source_sink *sink, struct source_done *done, struct err *e)
{
	struct sentinel *x = sentinel_of(c);
	struct row_conf rows = sentinel_rows(x, "SecurityAlert");
	cJSON *all = NULL;
	struct search s;
	char *kql = NULL, *part = NULL;
	int rc = search_begin_events(&s, &x->env, RENDER_KQL, 0, &rows, run, sink, done, e);

	rc = rc ? rc : sentinel_finding(c, run, id, &all, e);
	kql = rc ? NULL : alerts_query(json_arr(all, "alerts"));
	if (kql)
		rc = sentinel_query(x, run, kql, mw_now() - 365 * MW_DAY, mw_now() + MW_DAY, true,
		                    &part, search_object, &s, e);
	if (part && !rc)
		search_partial(&s, "%s", part);
	done->sent = kql;
	free(part);
	cJSON_Delete(all);
	return search_end(&s, rc, e);
}

/* ---- changes ---- */

static const struct {
	const char *ours, *status;
} statuses[] = {{"new", "New"}, {"work", "Active"}, {"wait", "Active"}, {"closed", "Closed"}};
static const struct {
	const char *ours, *classification, *reason;
} verdicts[] = {
        {"true_positive", "TruePositive", "SuspiciousActivity"},
        {"benign_positive", "BenignPositive", "SuspiciousButExpected"},
        {"false_positive_logic", "FalsePositive", "IncorrectAlertLogic"},
        {"false_positive_data", "FalsePositive", "InaccurateData"},
        {"duplicate", "Undetermined", NULL},
};
static const char *const severities[] = {"Informational", "Low", "Medium", "High", NULL};

static void replace(cJSON *o, const char *key, const char *value)
{
	cJSON_DeleteItemFromObject(o, key);
	json_add_str(o, key, value);
}

static int put_status(cJSON *p, const struct source_update *u, struct err *e)
{
	const char *theirs = NULL;

	for (size_t i = 0; u->status && i < ARRAY_LEN(statuses); i++)
		if (!strcmp(statuses[i].ours, u->status))
			theirs = statuses[i].status;
	if (u->status && !theirs)
		return err_set(e, ERR_INVALID, "an incident has no status \"%s\"", u->status);
	if (theirs)
		replace(p, "status", theirs);
	if (!theirs || strcmp(theirs, "Closed") != 0)
		return 0;
	replace(p, "classification", "Undetermined");
	cJSON_DeleteItemFromObject(p, "classificationReason");
	for (size_t i = 0; u->verdict && i < ARRAY_LEN(verdicts); i++) {
		if (strcmp(verdicts[i].ours, u->verdict) != 0)
			continue;
		replace(p, "classification", verdicts[i].classification);
		if (verdicts[i].reason)
			replace(p, "classificationReason", verdicts[i].reason);
	}
	if (u->reason)
		replace(p, "classificationComment", u->reason);
	return 0;
}

static int put_severity(cJSON *p, const char *severity, struct err *e)
{
	if (severity && !strcasecmp(severity, "critical"))
		severity = "High"; /* it has no higher one */
	for (size_t i = 0; severity && severities[i]; i++)
		if (!strcasecmp(severities[i], severity)) {
			replace(p, "severity", severities[i]);
			return 0;
		}
	return severity ? err_set(e, ERR_INVALID, "an incident has no severity \"%s\"", severity)
	                : 0;
}

static void put_owner(cJSON *p, const char *owner)
{
	static const char *const keys[] = {"objectId", "email", "userPrincipalName", "assignedTo"};
	cJSON *o;

	if (!owner)
		return;
	cJSON_DeleteItemFromObject(p, "owner");
	o = json_add_obj(p, "owner");
	if (!*owner)
		for (size_t i = 0; i < ARRAY_LEN(keys); i++)
			json_add_str(o, keys[i], NULL);
	else
		json_add_str(o, strchr(owner, '@') ? "userPrincipalName" : "objectId", owner);
}

static void put_tag(cJSON *p, const char *tag)
{
	cJSON *labels = json_arr(p, "labels"), *l;

	if (!tag)
		return;
	if (!labels)
		labels = json_add_arr(p, "labels");
	cJSON_ArrayForEach(l, labels)
	{
		if (!strcmp(json_str(l, "labelName", ""), tag))
			return;
	}
	l = cJSON_CreateObject();
	json_add_str(l, "labelName", tag);
	json_add_str(l, "labelType", "User");
	cJSON_AddItemToArray(labels, l);
}

/* What an update sends back of the copy that was read: all else is the platform's own. */
static cJSON *sent_properties(const cJSON *current)
{
	static const char *const keys[] = {"title",
	                                   "description",
	                                   "severity",
	                                   "status",
	                                   "owner",
	                                   "labels",
	                                   "firstActivityTimeUtc",
	                                   "lastActivityTimeUtc",
	                                   "classification",
	                                   "classificationReason",
	                                   "classificationComment"};
	cJSON *p = cJSON_CreateObject();

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const cJSON *v = json_get(current, keys[i]);
		if (v && !cJSON_IsNull(v))
			cJSON_AddItemToObject(p, keys[i], cJSON_Duplicate(v, true));
	}
	return p;
}

static int conflict(const struct sentinel *x, const cJSON *now, struct err *e)
{
	const cJSON *p = json_obj(now, "properties");
	const cJSON *owner = json_obj(p, "owner");

	return err_set(e, ERR_CONFLICT,
	               "%s: the incident was changed meanwhile: it is now %s, severity %s, owner "
	               "%s, since %s",
	               x->c.source.name, json_str(p, "status", "?"), json_str(p, "severity", "?"),
	               json_str(owner, "assignedTo", json_str(owner, "userPrincipalName", "none")),
	               json_str(p, "lastModifiedTimeUtc", "?"));
}

static bool changes_properties(const struct source_update *u)
{
	return u->status || u->owner || u->severity || u->tag || u->verdict;
}

static int put_properties(struct sentinel *x, const struct source_run *run,
                          const struct source_update *u, const cJSON *current, struct err *e)
{
	cJSON *doc = cJSON_CreateObject(), *p = sent_properties(json_obj(current, "properties")),
	      *was = cJSON_Duplicate(p, true), *out = NULL;
	char *rest = xasprintf("/%s", u->id);
	int rc;

	json_add_str(doc, "etag", json_str(current, "etag", ""));
	rc = put_status(p, u, e) || put_severity(p, u->severity, e) ? -1 : 0;
	put_owner(p, u->owner);
	put_tag(p, u->tag);
	cJSON_AddItemToObject(doc, "properties", p);
	/* What is there already needs no change: a repeat of one that went through. */
	if (!rc && !cJSON_Compare(p, was, true)) {
		if (u->etag && strcmp(u->etag, json_str(current, "etag", "")) != 0)
			rc = conflict(x, current, e);
		else
			rc = arm_json(x, run, "PUT", rest, doc, &out, e);
	}
	cJSON_Delete(out);
	cJSON_Delete(doc);
	cJSON_Delete(was);
	free(rest);
	return rc;
}

/* A name from the key of the intent: the same comment twice is one. */
static void guid_of(const char *key, char out[40])
{
	uint8_t d[32];

	digest_sha256(key, strlen(key), d);
	snprintf(out, 40, "%02x%02x%02x%02x-%02x%02x-4%01x%02x-8%01x%02x-%02x%02x%02x%02x%02x%02x",
	         d[0], d[1], d[2], d[3], d[4], d[5], d[6] & 15u, d[7], d[8] & 15u, d[9], d[10],
	         d[11], d[12], d[13], d[14], d[15]);
}

static int put_comment(struct sentinel *x, const struct source_run *run,
                       const struct source_update *u, struct err *e)
{
	cJSON *doc = cJSON_CreateObject(), *out = NULL;
	char *id = u->idempotency ? xstrdup(u->idempotency) : call_new_id(""), *rest, guid[40];
	int rc;

	guid_of(id, guid);
	rest = xasprintf("/%s/comments/%s", u->id, guid);
	json_add_str(json_add_obj(doc, "properties"), "message", u->comment);
	rc = arm_json(x, run, "PUT", rest, doc, &out, e);
	cJSON_Delete(out);
	cJSON_Delete(doc);
	free(rest);
	free(id);
	return rc;
}

int sentinel_update(struct connected *c, const struct source_run *run,
                    const struct source_update *u, struct err *e)
{
	struct sentinel *x = sentinel_of(c);
	cJSON *current = NULL;
	int rc = read_one(x, run, u->id, &current, e);

	if (!rc && changes_properties(u))
		rc = put_properties(x, run, u, current, e);
	if (rc && e->code == ERR_CONFLICT) {
		cJSON_Delete(current);
		current = NULL;
		if (!read_one(x, run, u->id, &current, NULL))
			(void)conflict(x, current, e);
	}
	if (!rc && u->comment)
		rc = put_comment(x, run, u, e);
	cJSON_Delete(current);
	return rc;
}

int sentinel_create(struct connected *c, const struct source_run *run, const cJSON *incident,
                    char **id, struct err *e)
{
	cJSON *doc = cJSON_CreateObject(), *p = json_add_obj(doc, "properties"), *out = NULL;
	char *key = xstrdup(json_str(incident, "idempotency", "")), *rest, guid[40];
	int rc;

	if (!*key) {
		free(key);
		key = call_new_id("incident-");
	}
	guid_of(key, guid);
	rest = xasprintf("/%s", guid);
	json_add_str(p, "title", json_str(incident, "title", "Incident of midwatch"));
	json_add_str(p, "description", json_str(incident, "description", ""));
	json_add_str(p, "severity", "Medium");
	json_add_str(p, "status", "New");
	rc = put_severity(p, json_str(incident, "severity", NULL), e);
	rc = rc ? rc : arm_json(sentinel_of(c), run, "PUT", rest, doc, &out, e);
	*id = rc ? NULL : xstrdup(guid);
	cJSON_Delete(out);
	cJSON_Delete(doc);
	free(rest);
	free(key);
	return rc;
}
