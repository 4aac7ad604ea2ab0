/* Prisma's alerts and assets: the list of what changed, one alert with its whole context, an asset by any of its ids. */
#include "source/prisma.h"

#define PAGE 500
#define WINDOW_ROWS 1000 /* of one window of time; more are asked for in halves */
#define WINDOW_MIN MW_MINUTE
#define PAGES_MAX 200
#define BEGINNING (INT64_C(1483228800) * MW_SECOND) /* 2017: no alert is older */
#define BACK (30 * MW_DAY) /* read again where a list cannot be by the last change */
#define RECORD_MAX (16u * 1024 * 1024)

/* ---- the list ---- */

struct changed {
	mw_time at;
	struct slice id, raw;
};
struct list {
	struct prisma *x;
	const struct source_run *run;
	const struct finding_sink *sink;
	struct cnapp_cursor was, now;
	char **cursor;
	struct arena arena; /* what a window's rows point into */
	VEC(struct changed) rows;
	int64_t total;
};

static int on_alert(void *ctx, struct slice raw, struct err *e)
{
	static const char *const times[] = {"lastUpdated", "lastSeen", "alertTime", "firstSeen"};
	struct list *l = ctx;
	cJSON *j = json_parse(raw, RECORD_MAX, e);
	const char *id = json_str(j, "id", "");
	struct changed c = {.at = MW_TIME_NONE};

	for (size_t i = 0; i < ARRAY_LEN(times) && c.at == MW_TIME_NONE; i++)
		c.at = prisma_time(j, times[i]);
	if (!j || !*id || c.at == MW_TIME_NONE) {
		cJSON_Delete(j);
		return err_set(e, ERR_REMOTE, "%s: an alert has no id or no time",
		               l->x->c.source.name);
	}
	c.id = slice_of(arena_strdup(&l->arena, id));
	c.raw = (struct slice){arena_memdup(&l->arena, raw.s, raw.n), raw.n};
	*vec_push(&l->rows) = c;
	cJSON_Delete(j);
	return 0;
}

static cJSON *list_doc(const struct list *l, mw_time from, mw_time to)
{
	const cJSON *entry = l->x->env.entry, *v;
	cJSON *doc = cJSON_CreateObject(), *filters;

	prisma_range(doc, from, to);
	filters = json_add_arr(doc, "filters");
	if (!l->x->no_updated)
		prisma_filter(filters, "timeRange.type", "ALERT_UPDATED");
	if (l->was.first_load)
		prisma_filter(filters, "alert.status", "open");
	cJSON_ArrayForEach(v, json_arr(entry, "severities")) prisma_filter(
	        filters, "policy.severity",
	        !strcasecmp(v->valuestring, "info") ? "informational" : v->valuestring);
	cJSON_ArrayForEach(v, json_arr(entry, "accounts"))
	        prisma_filter(filters, "cloud.accountId", v->valuestring);
	cJSON_ArrayForEach(v, json_arr(entry, "indexes"))
	        prisma_filter(filters, "account.group", v->valuestring);
	json_add_i64(doc, "limit", PAGE);
	return doc;
}

/* One page. *token: of the next, NULL on the last: an empty page, no token, or all of them counted. */
static int take_page(struct list *l, struct slice body, struct map *seen, char **token,
                     struct err *e)
{
	struct slice items, value;
	size_t before = l->rows.n;
	int rc;

	if (!call_member(body, "items", &items) || *items.s != '[')
		return err_set(e, ERR_REMOTE, "%s: its list of alerts has no items",
		               l->x->c.source.name);
	if (call_member(body, "totalRows", &value))
		(void)slice_i64(value, &l->total);
	*token = call_text(body, "nextPageToken");
	rc = *token ? call_once(seen, l->x->c.source.name, "page token", slice_of(*token), e) : 0;
	rc = rc ? rc : call_elements(items, on_alert, l, e);
	if (rc || l->rows.n == before || (int64_t)l->rows.n >= l->total) {
		free(*token);
		*token = NULL;
	}
	return rc;
}

/* All pages of a window, or only the first where there are too many: *over. */
static int read_window(struct list *l, mw_time from, mw_time to, bool *over, struct err *e)
{
	cJSON *doc = list_doc(l, from, to);
	struct map seen = MAP_INIT;
	char *token = NULL;
	int rc = 0;

	l->rows.n = 0;
	l->total = 0;
	arena_reset(&l->arena);
	for (int i = 0; !rc && (i == 0 || token) && i < PAGES_MAX; i++) {
		struct http_response rs;
		if (token) {
			cJSON_DeleteItemFromObject(doc, "pageToken");
			json_add_str(doc, "pageToken", token);
		}
		free(token);
		token = NULL;
		rc = prisma_call(l->x, l->run, "POST", "/v2/alert?detailed=true", doc, &rs, e);
		rc = rc ? rc
		        : take_page(l, (struct slice){rs.body.s, rs.body.len}, &seen, &token, e);
		http_response_release(&rs);
		*over = l->total > WINDOW_ROWS && to - from > WINDOW_MIN;
		if (*over)
			break;
	}
	if (!rc && token && !*over)
		rc = err_set(e, ERR_LIMIT, "%s: over %d pages of alerts of one window",
		             l->x->c.source.name, PAGES_MAX);
	free(token);
	map_release(&seen);
	cJSON_Delete(doc);
	return rc;
}

static int by_time(const void *a, const void *b)
{
	const struct changed *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static int give_window(struct list *l, struct err *e)
{
	int rc = 0;

	if (l->rows.n)
		qsort(l->rows.v, l->rows.n, sizeof(*l->rows.v), by_time);
	for (size_t i = 0; !rc && i < l->rows.n; i++) {
		const struct changed *c = &l->rows.v[i];
		char etag[32];
		struct source_finding f = {.dataset = "finding.prisma",
		                           .id = c->id,
		                           .updated = c->at,
		                           .raw = c->raw,
		                           .etag = etag};
		snprintf(etag, sizeof(etag), "%lld", (long long)(c->at / 1000));
		if (!cnapp_cursor_is_new(&l->was, c->at, c->id))
			continue;
		rc = l->sink->finding(l->sink->ctx, &f, e);
		if (!rc)
			cnapp_cursor_took(&l->now, c->at, c->id);
		if (!rc && !l->x->no_updated)
			cnapp_cursor_write(&l->now, false, l->cursor);
	}
	return rc;
}

/* Window after window, each as long as its alerts are few enough. */
static int read_all(struct list *l, struct err *e)
{
	mw_time end = mw_now() + MW_MINUTE, from = l->was.at, to = end;
	bool over = false;
	int rc = 0;

	if (from == MW_TIME_NONE)
		from = BEGINNING;
	else if (l->x->no_updated)
		from -= BACK;
	while (!rc && from < end) {
		rc = read_window(l, from, to, &over, e);
		if (!rc && over) {
			to = from + (to - from) / 2;
			continue;
		}
		rc = rc ? rc : give_window(l, e);
		from = to;
		to = end;
	}
	return rc;
}

/* A tenant that does not know the filter is asked for when alerts were opened. */
static bool without_updated(struct prisma *x, const struct err *e)
{
	bool refused = e->code == ERR_INVALID || strstr(e->what, "invalid_parameter_value") ||
	               strstr(e->what, "timeRange.type");

	if (!refused || x->no_updated)
		return false;
	return x->no_updated = true;
}

int prisma_findings(struct connected *c, const struct source_run *run, char **cursor,
                    const struct finding_sink *sink, struct err *e)
{
	struct list l = {.x = prisma_of(c), .run = run, .sink = sink, .cursor = cursor};
	int rc;

	cnapp_cursor_read(&l.was, *cursor);
	cnapp_cursor_read(&l.now, *cursor);
	rc = read_all(&l, e);
	if (rc && without_updated(l.x, e))
		rc = read_all(&l, e);
	if (!rc)
		cnapp_cursor_write(&l.now, true, cursor);
	cnapp_cursor_release(&l.was);
	cnapp_cursor_release(&l.now);
	vec_free(&l.rows);
	arena_release(&l.arena);
	return rc;
}

/* ---- assets ---- */

static void add_owner(cJSON *whole, const cJSON *tags)
{
	cnapp_text(cnapp_list(whole, "owner"),
	           json_str(tags, "owner", json_str(tags, "Owner", "")));
}

/* The account stands in an RRN alone: rrn:cloud:type:region:ACCOUNT:... */
static char *account_of(const cJSON *asset)
{
	const cJSON *ids = json_arr(asset, "altAssetId");
	const char *rrn = ids ? cJSON_GetStringValue(ids->child) : NULL;
	struct slice rest = slice_of(rrn ? rrn : ""), part = {0};

	for (int i = 0; i < 5; i++)
		if (!slice_split(&rest, ':', &part))
			return NULL;
	return part.n ? xstrndup(part.s, part.n) : NULL;
}

static cJSON *asset_node(const cJSON *a)
{
	static const char *const facts[] = {"riskGrade",   "cloudType",   "assetClass",
	                                    "vpcId",       "serviceName", "deleted",
	                                    "accountName", "attributes",  "vulnerabilityCounts"};
	char *account = account_of(a);
	cJSON *node = cnapp_node(&(struct cnapp_facts){
	        .platform = "prisma",
	        .cloud_id = json_str(a, "externalAssetId", NULL),
	        .own_id = json_str(a, "id", NULL),
	        .word = json_str(a, "assetType", json_str(a, "resourceType", NULL)),
	        .name = json_str(a, "name", NULL),
	        .account = json_str(a, "accountId", account),
	        .region = json_str(a, "regionId", NULL)});

	cnapp_props_of(node, a, facts, ARRAY_LEN(facts));
	free(account);
	return node;
}

static void put_asset(cJSON *whole, const cJSON *a)
{
	cJSON *tags = cnapp_tags(json_get(a, "tags") ? json_get(a, "tags")
	                                             : json_get(json_obj(a, "data"), "tags"));

	cJSON_AddItemToObject(whole, "asset", asset_node(a));
	cnapp_part(whole, "configuration",
	           json_obj(a, "data") ? cJSON_Duplicate(json_obj(a, "data"), true) : NULL, 0,
	           NULL);
	add_owner(whole, tags);
	cJSON_AddItemToObject(whole, "tags", tags);
	if (json_obj(a, "vulnerabilityCounts"))
		cJSON_AddItemToObject(whole, "vulnerability_counts",
		                      cJSON_Duplicate(json_obj(a, "vulnerabilityCounts"), true));
	if (json_arr(a, "alertsCount"))
		cJSON_AddItemToObject(whole, "alerts_count",
		                      cJSON_Duplicate(json_arr(a, "alertsCount"), true));
}

/* /uai/v1/asset says what is wrong in `errors` of a 200 too. */
static int ask_asset(struct prisma *x, const struct source_run *run, const char *id,
                     const char *type, cJSON **out, struct err *e)
{
	cJSON *doc = cJSON_CreateObject();
	const cJSON *errors;
	int rc;

	json_add_str(doc, "assetId", id);
	json_add_str(doc, "type", type);
	rc = prisma_json(x, run, "POST", "/uai/v1/asset", doc, out, e);
	errors = json_get(*out, "errors");
	if (!rc && cJSON_IsArray(errors))
		errors = errors->child;
	if (!rc && json_str(errors, "message", NULL) && !json_obj(json_obj(*out, "data"), "asset"))
		rc = err_set(e, ERR_REMOTE, "%s says: %s", x->c.source.name,
		             json_str(errors, "message", ""));
	cJSON_Delete(doc);
	return rc;
}

/* What Prisma's scanners and others found on it: {"name" or "cveId","severity",..} in whatever list the answer has. */
static void put_vulnerabilities(struct prisma *x, const struct source_run *run, const char *rrn,
                                cJSON *whole)
{
	cJSON *doc = cJSON_CreateObject(), *answer = NULL, *list = NULL;
	const cJSON *found, *v;
	struct err e = {0};
	int rc;

	json_add_str(doc, "rrn", rrn);
	cJSON_AddItemToArray(json_add_arr(doc, "findingType"),
	                     cJSON_CreateString("HOST_VULNERABILITY_CVE"));
	cJSON_AddItemToArray(json_arr(doc, "findingType"),
	                     cJSON_CreateString("PACKAGE_VULNERABILITY"));
	json_add_arr(doc, "riskFactors");
	rc = prisma_json(x, run, "POST", "/resource/external_finding", doc, &answer, &e);
	if (!rc)
		list = cJSON_CreateArray();
	found = answer;
	if (!cJSON_IsArray(answer))
		found = json_arr(answer, "data");
	cJSON_ArrayForEach(v, found)
	{
		cJSON *o = cJSON_CreateObject();
		json_add_str(o, "id",
		             json_str(v, "cveId", json_str(v, "name", json_str(v, "title", ""))));
		json_add_str(o, "severity", json_str(v, "severity", ""));
		json_add_str(o, "package", json_str(v, "packageName", ""));
		json_add_str(o, "version", json_str(v, "packageVersion", ""));
		json_add_str(o, "fixed", json_str(v, "fixedVersion", ""));
		cJSON_AddItemToArray(list, o);
	}
	cnapp_part(whole, "vulnerabilities", list, rc, &e);
	cJSON_Delete(answer);
	cJSON_Delete(doc);
}

int prisma_asset_parts(struct prisma *x, const struct source_run *run, const char *id, cJSON *whole,
                       struct err *e)
{
	cJSON *answer = NULL;
	const cJSON *a, *rrn;
	int rc = ask_asset(x, run, id, "asset", &answer, e);

	a = json_obj(json_obj(answer, "data"), "asset");
	if (!rc && !a)
		rc = err_set(e, ERR_NOT_FOUND, "%s knows no asset %s", x->c.source.name, id);
	if (!rc) {
		put_asset(whole, a);
		rrn = json_arr(a, "altAssetId") ? json_arr(a, "altAssetId")->child : NULL;
		if (cJSON_IsString(rrn) || !strncmp(id, "rrn:", 4))
			put_vulnerabilities(x, run, cJSON_IsString(rrn) ? rrn->valuestring : id,
			                    whole);
	}
	cJSON_Delete(answer);
	return rc;
}

/* The inventory knows assets by their cloud's id or name. *found: RRN or asset id, malloc or NULL. */
static int look_up(struct prisma *x, const struct source_run *run, const char *filter,
                   const char *value, char **found, struct err *e)
{
	cJSON *doc = cJSON_CreateObject(), *answer = NULL, *first;
	const char *id;
	int rc;

	prisma_filter(json_add_arr(doc, "filters"), filter, value);
	json_add_i64(doc, "limit", 10);
	rc = prisma_json(x, run, "POST", "/v2/resource/scan_info", doc, &answer, e);
	first = json_arr(answer, "resources") ? json_arr(answer, "resources")->child
	        : json_arr(answer, "items")   ? json_arr(answer, "items")->child
	                                      : NULL;
	id = json_str(first, "rrn",
	              json_str(first, "unifiedAssetId", json_str(first, "assetId", NULL)));
	*found = !rc && id ? xstrdup(id) : NULL;
	cJSON_Delete(answer);
	cJSON_Delete(doc);
	return rc;
}

/* By the cloud's id, its last part, or the name. The inventory cannot be asked for an address. */
static int find_asset(struct prisma *x, const struct source_run *run, const char *any_id,
                      char **found, struct err *e)
{
	static const char *const filters[] = {"resource.id", "resource.name"};
	const char *last = !strncmp(any_id, "arn:", 4) ? strpbrk(any_id + 4, "/")
	                                                         ? strrchr(any_id, '/') + 1
	                                                         : strrchr(any_id, ':') + 1
	                                               : NULL;
	const char *spellings[] = {any_id, last, NULL};
	int rc = 0;

	*found = NULL;
	if (!strncmp(any_id, "rrn:", 4)) {
		*found = xstrdup(any_id);
		return 0;
	}
	for (const char **s = spellings; !rc && *s && !*found; s++)
		for (size_t i = 0; !rc && !*found && i < ARRAY_LEN(filters); i++)
			rc = look_up(x, run, filters[i], *s, found, e);
	if (!rc && !*found) /* perhaps its own id of it */
		*found = xstrdup(any_id);
	return rc;
}

int prisma_asset(struct connected *c, const struct source_run *run, const char *any_id, cJSON **out,
                 struct err *e)
{
	struct prisma *x = prisma_of(c);
	char *id = NULL;
	int rc = any_id && *any_id ? find_asset(x, run, any_id, &id, e)
	                           : err_set(e, ERR_INVALID, "an asset's id is missing");

	*out = cJSON_CreateObject();
	rc = rc ? rc : prisma_asset_parts(x, run, id, *out, e);
	rc = rc ? rc : cnapp_check_scope(x->env.entry, json_obj(*out, "asset"), any_id, e);
	if (rc) {
		cJSON_Delete(*out);
		*out = NULL;
	}
	free(id);
	return rc;
}

/* ---- one alert ---- */

int prisma_alert(struct prisma *x, const struct source_run *run, const char *id, cJSON **out,
                 struct err *e)
{
	char *path;
	int rc;

	*out = NULL;
	if (!cnapp_plain_id(id))
		return err_set(e, ERR_INVALID, "\"%s\" is no id of an alert", id ? id : "");
	path = xasprintf("/alert/%s?detailed=true", id);
	rc = prisma_json(x, run, "GET", path, NULL, out, e);
	if (!rc && !json_str(*out, "id", NULL)) {
		rc = err_set(e, ERR_REMOTE, "%s: its alert %s has no id", x->c.source.name, id);
		cJSON_Delete(*out);
		*out = NULL;
	}
	free(path);
	return rc;
}

static void put_policy(cJSON *whole, const cJSON *alert)
{
	const cJSON *policy = json_obj(alert, "policy"), *c;
	cJSON *list = cnapp_list(whole, "compliance");

	cJSON_ArrayForEach(c, json_arr(policy, "complianceMetadata"))
	{
		cJSON *o = cJSON_CreateObject();
		json_add_str(o, "framework", json_str(c, "standardName", ""));
		json_add_str(o, "category", json_str(c, "requirementId", ""));
		json_add_str(o, "title", json_str(c, "sectionId", json_str(c, "sectionLabel", "")));
		cJSON_AddItemToArray(list, o);
	}
	json_add_str(whole, "remediation", json_str(policy, "recommendation", NULL));
	if (json_arr(alert, "history"))
		cJSON_AddItemToObject(whole, "history",
		                      cJSON_Duplicate(json_arr(alert, "history"), true));
}

/* The command that would put it right, for reading: nothing runs. */
static void put_preview(struct prisma *x, const struct source_run *run, const cJSON *alert,
                        cJSON *whole)
{
	const char *id = json_str(alert, "id", "");
	cJSON *doc, *range, *answer = NULL;
	struct err e = {0};
	int rc;

	if (!json_bool(json_obj(alert, "policy"), "remediable", false))
		return;
	doc = cJSON_CreateObject();
	cJSON_AddItemToArray(json_add_arr(doc, "alerts"), cJSON_CreateString(id));
	cJSON_AddItemToArray(json_add_arr(doc, "policies"),
	                     cJSON_CreateString(json_str(alert, "policyId", "")));
	range = json_add_obj(json_add_obj(doc, "filter"), "timeRange");
	json_add_str(range, "type", "to_now");
	json_add_str(range, "value", "epoch");
	rc = prisma_json(x, run, "POST", "/alert/remediation", doc, &answer, &e);
	cnapp_part(whole, "remediation_command", answer, rc, &e);
	cJSON_Delete(doc);
}

static cJSON *graph_node_of(const cJSON *n, const cJSON *asset)
{
	const char *type = json_str(n, "type", ""), *label = json_str(n, "label", "");
	const cJSON *meta = json_obj(n, "metadata");
	bool is_asset = !strcmp(type, "PrimaryAsset") || !strcmp(type, "Asset"),
	     cve = !strcmp(type, "Vulnerability");
	cJSON *node = cnapp_node(&(struct cnapp_facts){
	        .platform = "prisma",
	        .cloud_id = is_asset ? json_str(meta, "externalAssetId", NULL)
	                    : cve    ? label
	                             : NULL,
	        .own_id = label,
	        .type = is_asset ? NULL
	                : cve    ? "vulnerability"
	                         : "finding",
	        .word = type,
	        .name = label,
	        .account = json_str(meta, "accountId", json_str(asset, "account", NULL))});

	cnapp_props(node, meta);
	return node;
}

/* A map by id, or a list whose elements have it. */
static const cJSON *graph_member(const cJSON *nodes, const char *id)
{
	const cJSON *n;

	if (!cJSON_IsArray(nodes))
		return json_get(nodes, id);
	cJSON_ArrayForEach(n, nodes)
	{
		if (!strcmp(json_str(n, "id", ""), id))
			return n;
	}
	return NULL;
}

static void add_graph(cJSON *rows, const cJSON *graph, const cJSON *asset)
{
	const cJSON *nodes = json_get(graph, "nodes"), *e;

	cJSON_ArrayForEach(e, json_arr(graph, "edges"))
	{
		const cJSON *a = graph_member(nodes, json_str(e, "source", "")),
		            *b = graph_member(nodes, json_str(e, "target", ""));
		cJSON *parts, *from, *to;
		bool cve;
		if (!a || !b)
			continue;
		parts = cJSON_CreateArray();
		from = graph_node_of(a, asset);
		to = graph_node_of(b, asset);
		cve = !strcmp(json_str(to, "type", ""), "vulnerability");
		cJSON_AddItemToArray(parts, from);
		cJSON_AddItemToArray(parts, cnapp_edge(cve ? "has_vuln" : "related", cnapp_id(from),
		                                       cnapp_id(to), NULL));
		cJSON_AddItemToArray(parts, to);
		cJSON_AddItemToArray(rows, cnapp_path(parts));
	}
}

/* Only alerts of some policies have an evidence graph: 412 or 404 says that there is none. */
static void put_graph(struct prisma *x, const struct source_run *run, const char *id, cJSON *whole)
{
	char *path = xasprintf("/alert/v1/%s/graph", id);
	struct http_response rs;
	struct err e = {0};
	cJSON *answer = NULL, *rows = cJSON_CreateArray();
	const cJSON *g;
	int rc = prisma_call(x, run, "GET", path, NULL, &rs, &e);
	bool none = rs.status == 412 || rs.status == 404;

	rc = rc ? rc : call_parse(x->c.source.name, &rs, &answer, &e);
	cJSON_ArrayForEach(g, json_arr(answer, "graphs"))
	        add_graph(rows, json_obj(g, "graph"), json_obj(whole, "asset"));
	cnapp_part(whole, "attack_path", rows, none ? 0 : rc, &e);
	http_response_release(&rs);
	cJSON_Delete(answer);
	free(path);
}

/* What the alert itself keeps of its resource. */
static void put_resource(cJSON *whole, const cJSON *r)
{
	cJSON *tags =
	        cnapp_tags(json_get(r, "resourceTags") ? json_get(r, "resourceTags")
	                                               : json_get(json_obj(r, "data"), "tags"));

	cJSON_AddItemToObject(
	        whole, "asset",
	        cnapp_node(&(struct cnapp_facts){.platform = "prisma",
	                                         .cloud_id = json_str(r, "id", NULL),
	                                         .own_id = json_str(r, "rrn", NULL),
	                                         .word = json_str(r, "resourceType", NULL),
	                                         .name = json_str(r, "name", NULL),
	                                         .account = json_str(r, "accountId", NULL),
	                                         .region = json_str(r, "regionId", NULL)}));
	if (json_obj(r, "data"))
		cJSON_AddItemToObject(whole, "configuration",
		                      cJSON_Duplicate(json_obj(r, "data"), true));
	add_owner(whole, tags);
	cJSON_AddItemToObject(whole, "tags", tags);
}

int prisma_finding(struct connected *c, const struct source_run *run, const char *id, cJSON **out,
                   struct err *e)
{
	struct prisma *x = prisma_of(c);
	cJSON *alert, *whole;
	const cJSON *r;
	const char *asset;
	struct err why = {0};
	int rc = prisma_alert(x, run, id, &alert, e);

	if (rc)
		return -1;
	*out = whole = cJSON_CreateObject();
	cJSON_AddItemToObject(whole, "finding", alert);
	r = json_obj(alert, "resource");
	asset = json_str(r, "unifiedAssetId", json_str(r, "rrn", ""));
	put_policy(whole, alert);
	cnapp_texts(cnapp_list(whole, "owner"), json_arr(r, "cloudAccountOwners"), NULL);
	cnapp_texts(cnapp_list(whole, "projects"), json_arr(r, "cloudAccountGroups"), NULL);
	rc = prisma_asset_parts(x, run, asset, whole, &why);
	if (rc) {
		cnapp_part(whole, "asset's own record", NULL, rc, &why);
		put_resource(whole, r);
	}
	put_graph(x, run, id, whole);
	put_preview(x, run, alert, whole);
	return 0;
}
