/* Wiz's issues and resources: the list since a cursor, one with its whole context, an asset by any of its ids. */
#include "source/wiz.h"

#define PAGE 100
#define VULNERABILITIES 100
#define PATHS 5
#define OBJECT_MAX (8u * 1024 * 1024)

/* ---- the list ---- */

struct list {
	struct wiz *x;
	const struct finding_sink *sink;
	struct cnapp_cursor was, now;
	char **cursor;
};

static bool is_wanted(const struct list *l, const cJSON *issue)
{
	const cJSON *entry = l->x->env.entry, *where = json_obj(issue, "entitySnapshot");
	const char *severity = json_str(issue, "severity", "");

	if (!strcmp(severity, "INFORMATIONAL") && connector_in_scope(entry, "severities", "info"))
		severity = "info";
	return connector_in_scope(entry, "severities", severity) &&
	       connector_in_scope(entry, "accounts", json_str(where, "subscriptionExternalId", ""));
}

static int on_issue(void *ctx, struct slice raw, struct err *e)
{
	struct list *l = ctx;
	cJSON *j = json_parse(raw, CONNECTOR_LINE_MAX, e);
	const char *id = json_str(j, "id", ""),
	           *changed = json_str(j, "statusChangedAt", json_str(j, "createdAt", ""));
	struct source_finding f = {
	        .dataset = "finding.wiz", .id = slice_of(id), .raw = raw, .etag = changed};
	int rc = 0;

	if (!j || !*id || !mw_time_parse(slice_of(changed), &f.updated))
		rc = err_set(e, ERR_REMOTE, "%s: an issue has no id or no time",
		             l->x->c.source.name);
	else if (cnapp_cursor_is_new(&l->was, f.updated, f.id)) {
		if (is_wanted(l, j))
			rc = l->sink->finding(l->sink->ctx, &f, e);
		if (!rc)
			cnapp_cursor_took(&l->now, f.updated, f.id);
		if (!rc && !l->x->no_change_order)
			cnapp_cursor_write(&l->now, false, l->cursor);
	}
	cJSON_Delete(j);
	return rc;
}

static cJSON *list_filter(const struct list *l)
{
	static const char *const open[] = {"OPEN", "IN_PROGRESS"};
	const cJSON *projects = json_arr(l->x->env.entry, "indexes");
	cJSON *filter = cJSON_CreateObject();
	char at[32];

	if (l->was.first_load)
		cJSON_AddItemToObject(filter, "status", cJSON_CreateStringArray(open, 2));
	if (projects)
		cJSON_AddItemToObject(filter, "project", cJSON_Duplicate(projects, true));
	if (l->was.at != MW_TIME_NONE) {
		mw_time_format(l->was.at - MW_SECOND, at);
		json_add_str(json_add_obj(filter, "statusChangedAt"), "after", at);
	}
	return filter;
}

static cJSON *list_body(const struct list *l)
{
	cJSON *vars = wiz_filter(list_filter(l), PAGE), *order = json_add_obj(vars, "orderBy");

	json_add_str(order, "field", l->x->no_change_order ? "CREATED_AT" : "STATUS_CHANGED_AT");
	json_add_str(order, "direction", "ASC");
	return wiz_body(l->x->small ? wiz_doc_issues_small : wiz_doc_issues, vars);
}

/* Whether the tenant refused what not every schema has; then the call is made again without it. */
static bool with_less(struct wiz *x, const struct err *e)
{
	bool order = strstr(e->what, "STATUS_CHANGED_AT") || strstr(e->what, "IssueOrder"),
	     field = !order && strstr(e->what, "Cannot query field");

	if (order && !x->no_change_order)
		return x->no_change_order = true;
	if (field && !x->small)
		return x->small = true;
	return false;
}

int wiz_findings(struct connected *c, const struct source_run *run, char **cursor,
                 const struct finding_sink *sink, struct err *e)
{
	struct list l = {.x = wiz_of(c), .sink = sink, .cursor = cursor};
	char *part = NULL;
	cJSON *body;
	int rc;

	cnapp_cursor_read(&l.was, *cursor);
	cnapp_cursor_read(&l.now, *cursor);
	do {
		body = list_body(&l);
		rc = wiz_each(l.x, run, body, "issuesV2", on_issue, &l, &part, e);
		cJSON_Delete(body);
	} while (rc < 0 && with_less(l.x, e));
	/* A list that is not whole would leave out what the cursor then passes. */
	if (!rc && part)
		rc = err_set(e, ERR_REMOTE, "%s: %s", c->source.name, part);
	if (!rc)
		cnapp_cursor_write(&l.now, true, cursor);
	cnapp_cursor_release(&l.was);
	cnapp_cursor_release(&l.now);
	free(part);
	return rc < 0 ? -1 : 0;
}

/* ---- resources ---- */

struct resource {
	cJSON *found; /* the first */
	cJSON *others;
	const char *inside; /* text that it must hold; NULL */
};

static int on_resource(void *ctx, struct slice raw, struct err *e)
{
	struct resource *r = ctx;
	cJSON *j = json_parse(raw, OBJECT_MAX, e);

	if (!j)
		return -1;
	if (r->inside && !mw_memimem(raw.s, raw.n, r->inside, strlen(r->inside))) {
		cJSON_Delete(j);
	} else if (!r->found) {
		r->found = j;
	} else {
		cJSON_AddItemToArray(r->others, cJSON_CreateString(json_str(j, "name", "")));
		cJSON_Delete(j);
	}
	return 0;
}

static cJSON *resource_node(const cJSON *r)
{
	static const char *const facts[] = {"status",
	                                    "cloudPlatform",
	                                    "isAccessibleFromInternet",
	                                    "isOpenToAllInternet",
	                                    "hasSensitiveData",
	                                    "hasAccessToSensitiveData",
	                                    "hasAdminPrivileges",
	                                    "hasHighPrivileges",
	                                    "firstSeen",
	                                    "lastSeen",
	                                    "deletedAt",
	                                    "technology",
	                                    "typeFields"};
	const char *type = json_str(r, "type", ""),
	           *own = json_str(r, "providerUniqueId", json_str(r, "externalId", NULL));
	cJSON *node = cnapp_node(&(struct cnapp_facts){
	        .platform = "wiz",
	        .cloud_id = own,
	        .own_id = json_str(r, "id", ""),
	        .type = wiz_node_type(type),
	        .word = json_str(r, "nativeType", type),
	        .name = json_str(r, "name", NULL),
	        .account = json_str(json_obj(r, "cloudAccount"), "externalId", NULL),
	        .region = json_str(r, "region", NULL)});

	cnapp_prop(node, "external_id", json_str(r, "externalId", NULL));
	cnapp_props_of(node, r, facts, ARRAY_LEN(facts));
	return node;
}

static void add_owner_tag(cJSON *owners, const cJSON *tags)
{
	static const char *const names[] = {"owner", "Owner", "team", "Team"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		cnapp_text(owners, json_str(tags, names[i], ""));
}

static void put_ways(const cJSON *entity, cJSON *whole)
{
	cJSON *ways = wiz_ways(entity), *rows = cnapp_list(whole, "attack_path"), *parts;

	while ((parts = cJSON_DetachItemFromArray(ways, 0)))
		cJSON_AddItemToArray(rows, cnapp_path(parts));
	cJSON_Delete(ways);
}

static void put_resource(const cJSON *r, cJSON *whole)
{
	cJSON *tags = cnapp_tags(json_get(r, "tags")), *owners = cnapp_list(whole, "owner");
	const cJSON *o, *entity = json_obj(r, "graphEntity");

	cJSON_AddItemToObject(whole, "asset", resource_node(r));
	cnapp_part(whole, "configuration", cnapp_unfolded(json_get(entity, "properties")), 0, NULL);
	add_owner_tag(owners, tags);
	cJSON_ArrayForEach(o, json_arr(r, "owners"))
	        cnapp_text(owners, json_str(json_obj(o, "graphEntity"), "name", ""));
	cJSON_AddItemToObject(whole, "tags", tags);
	cnapp_texts(cnapp_list(whole, "projects"), json_arr(r, "projects"), "name");
	if (entity)
		put_ways(entity, whole);
}

static int find_resource(struct wiz *x, const struct source_run *run, cJSON *filter, int64_t first,
                         struct resource *r, struct err *e)
{
	cJSON *body = wiz_body(wiz_doc_resources, wiz_filter(filter, first));
	struct wiz_answer a;
	struct slice list, nodes;
	int rc = wiz_post(x, run, body, &a, e);

	if (!rc && call_member(a.data, "cloudResourcesV2", &list) &&
	    call_member(list, "nodes", &nodes) && *nodes.s == '[')
		rc = call_elements(nodes, on_resource, r, e);
	wiz_answer_release(&a);
	cJSON_Delete(body);
	return rc;
}

static int resource_of(struct wiz *x, const struct source_run *run, const char *id, cJSON *whole,
                       struct err *e)
{
	struct resource r = {.others = cJSON_CreateArray()};
	cJSON *filter = cJSON_CreateObject();
	int rc;

	cJSON_AddItemToObject(filter, "id", wiz_equals(id));
	rc = find_resource(x, run, filter, 1, &r, e);
	if (!rc && r.found)
		put_resource(r.found, whole);
	else if (!rc)
		rc = err_set(e, ERR_NOT_FOUND, "%s has no resource %s any more", x->c.source.name,
		             id);
	cJSON_Delete(r.found);
	cJSON_Delete(r.others);
	return rc;
}

static int on_vulnerability(void *ctx, struct slice raw, struct err *e)
{
	cJSON *j = json_parse(raw, OBJECT_MAX, e), *o = cJSON_CreateObject();

	json_add_str(o, "id", json_str(j, "name", ""));
	json_add_str(o, "severity", json_str(j, "vendorSeverity", json_str(j, "CVSSSeverity", "")));
	json_add_str(o, "package", json_str(j, "detailedName", ""));
	json_add_str(o, "version", json_str(j, "version", ""));
	json_add_str(o, "fixed", json_str(j, "fixedVersion", ""));
	json_add_bool(o, "exploit",
	              json_bool(j, "hasExploit", false) ||
	                      json_bool(j, "hasCisaKevExploit", false));
	cJSON_AddItemToArray(ctx, o);
	cJSON_Delete(j);
	return j ? cJSON_GetArraySize(ctx) >= VULNERABILITIES : -1;
}

static void vulnerabilities(struct wiz *x, const struct source_run *run, const char *id,
                            cJSON *whole)
{
	cJSON *filter = cJSON_CreateObject(), *list = cJSON_CreateArray(), *body;
	struct err e = {0};
	char *part = NULL;
	int rc;

	cJSON_AddItemToObject(filter, "assetIdV2", wiz_equals(id));
	body = wiz_body(wiz_doc_vulnerabilities, wiz_filter(filter, VULNERABILITIES));
	rc = wiz_each(x, run, body, "vulnerabilityFindings", on_vulnerability, list, &part, &e);
	if (rc >= 0 && part)
		rc = err_set(&e, ERR_REMOTE, "%s", part);
	cnapp_part(whole, "vulnerabilities", list, rc < 0, &e);
	cJSON_Delete(body);
	free(part);
}

static int on_project(void *ctx, struct slice raw, struct err *e)
{
	cJSON *j = json_parse(raw, OBJECT_MAX, e), *whole = ctx;
	const cJSON *name;
	bool ours = false;

	cJSON_ArrayForEach(name, json_arr(whole, "projects")) ours |=
	        cJSON_IsString(name) && !strcmp(name->valuestring, json_str(j, "name", ""));
	if (ours) {
		cnapp_texts(cnapp_list(whole, "owner"), json_arr(j, "projectOwners"), "email");
		cnapp_texts(cnapp_list(whole, "owner"), json_arr(j, "securityChampions"), "email");
	}
	cJSON_Delete(j);
	return j ? 0 : -1;
}

static void owners(struct wiz *x, const struct source_run *run, cJSON *whole)
{
	const cJSON *name;
	struct err e = {0};
	char *part = NULL;
	int rc = 0;

	cJSON_ArrayForEach(name, json_arr(whole, "projects"))
	{
		cJSON *filter = cJSON_CreateObject(), *body;
		json_add_str(filter, "search", name->valuestring);
		body = wiz_body(wiz_doc_projects, wiz_filter(filter, 10));
		rc = rc ? rc : wiz_each(x, run, body, "projects", on_project, whole, &part, &e);
		cJSON_Delete(body);
	}
	if (rc < 0)
		cnapp_part(whole, "owner of the project", NULL, rc, &e);
	free(part);
}

/* How an id may be meant, in this order. A search finds parts of names too: there the text must be in the record. */
static const struct {
	const char *key;
	bool search;
} ways_to_find[] = {{"providerUniqueId", false},
                    {"externalId", false},
                    {"id", false},
                    {"name", false},
                    {"search", true}};

int wiz_asset(struct connected *c, const struct source_run *run, const char *any_id, cJSON **out,
              struct err *e)
{
	struct wiz *x = wiz_of(c);
	struct resource r = {.others = cJSON_CreateArray()};
	const char *slash =
	        any_id && !strncmp(any_id, "arn:aws:ec2:", 12) ? strrchr(any_id, '/') : NULL;
	const char *spellings[] = {any_id, slash ? slash + 1 : NULL, NULL};
	int rc = !any_id || !*any_id ? err_set(e, ERR_INVALID, "an asset's id is missing") : 0;

	for (const char **id = spellings; !rc && *id && !r.found; id++)
		for (size_t i = 0; !rc && !r.found && i < ARRAY_LEN(ways_to_find); i++) {
			cJSON *filter = cJSON_CreateObject();
			bool search = ways_to_find[i].search;
			r.inside = search ? *id : NULL;
			if (search)
				json_add_str(filter, ways_to_find[i].key, *id);
			else
				cJSON_AddItemToObject(filter, ways_to_find[i].key, wiz_equals(*id));
			rc = find_resource(x, run, filter, 20, &r, e);
		}
	if (!rc && !r.found)
		rc = err_set(e, ERR_NOT_FOUND, "%s knows no asset \"%s\"", c->source.name, any_id);
	if (!rc) {
		*out = cJSON_CreateObject();
		put_resource(r.found, *out);
		vulnerabilities(x, run, json_str(r.found, "id", ""), *out);
		owners(x, run, *out);
		if (r.others->child)
			cJSON_AddItemToObject(*out, "also", cJSON_Duplicate(r.others, true));
		rc = cnapp_check_scope(x->env.entry, json_obj(*out, "asset"), any_id, e);
		if (rc) {
			cJSON_Delete(*out);
			*out = NULL;
		}
	}
	cJSON_Delete(r.found);
	cJSON_Delete(r.others);
	return rc;
}

/* ---- one issue ---- */

static cJSON *issue_vars(const char *id)
{
	cJSON *filter = cJSON_CreateObject();

	json_add_str(filter, "id", id);
	return wiz_filter(filter, 1);
}

static int keep(void *ctx, struct slice raw, struct err *e)
{
	cJSON **out = ctx;

	*out = json_parse(raw, OBJECT_MAX, e);
	return *out ? 1 : -1;
}

int wiz_issue(struct wiz *x, const struct source_run *run, const char *id, cJSON **out,
              struct err *e)
{
	char *part = NULL;
	int rc;

	*out = NULL;
	if (!cnapp_plain_id(id))
		return err_set(e, ERR_INVALID, "\"%s\" is no id of an issue", id ? id : "");
	do {
		cJSON *body =
		        wiz_body(x->small ? wiz_doc_issue_small : wiz_doc_issue, issue_vars(id));
		rc = wiz_each(x, run, body, "issuesV2", keep, out, &part, e);
		cJSON_Delete(body);
	} while (rc < 0 && with_less(x, e));
	free(part);
	if (rc < 0)
		return -1;
	return *out ? 0 : err_set(e, ERR_NOT_FOUND, "%s has no issue %s", x->c.source.name, id);
}

static void put_rule(const cJSON *issue, cJSON *whole)
{
	const cJSON *rule = json_obj(issue, "sourceRule"), *s;
	cJSON *list = cnapp_list(whole, "compliance");

	cJSON_ArrayForEach(s, json_arr(rule, "securitySubCategories"))
	{
		const cJSON *category = json_obj(s, "category");
		cJSON *o = cJSON_CreateObject();
		json_add_str(o, "framework", json_str(json_obj(category, "framework"), "name", ""));
		json_add_str(o, "category", json_str(category, "name", ""));
		json_add_str(o, "title", json_str(s, "title", ""));
		cJSON_AddItemToArray(list, o);
	}
	json_add_str(whole, "remediation",
	             json_str(rule, "resolutionRecommendation",
	                      json_str(rule, "remediationInstructions", NULL)));
}

static cJSON *related_path(const cJSON *entities)
{
	cJSON *parts = cJSON_CreateArray(), *node;
	const char *before = NULL;
	const cJSON *o;

	cJSON_ArrayForEach(o, entities)
	{
		if (!cJSON_IsObject(o))
			continue; /* an optional hop that is not there */
		node = wiz_entity_node(o);
		if (before)
			cJSON_AddItemToArray(parts,
			                     cnapp_edge("related", before, cnapp_id(node), NULL));
		cJSON_AddItemToArray(parts, node);
		before = cnapp_id(node);
	}
	return cnapp_path(parts);
}

static int on_evidence(void *ctx, struct slice raw, struct err *e)
{
	cJSON *j = json_parse(raw, OBJECT_MAX, e), *whole = ctx;
	const cJSON *entities = json_arr(j, "entities"), *o;

	if (entities && entities->child)
		cJSON_AddItemToArray(cnapp_list(whole, "attack_path"), related_path(entities));
	cJSON_ArrayForEach(o, entities)
	{
		if (cJSON_IsObject(o))
			put_ways(o, whole);
	}
	cJSON_Delete(j);
	return j ? 0 : -1;
}

/* What an issue found is a graph query of Wiz's own; its answer is the attack path. */
static void put_evidence(struct wiz *x, const struct source_run *run, const cJSON *issue,
                         cJSON *whole)
{
	cJSON *asked = cnapp_unfolded(json_get(issue, "evidenceQuery")), *vars;
	struct wiz_answer a = {0};
	struct slice list, nodes;
	struct err e = {0};
	int rc;

	if (!asked)
		return;
	vars = cJSON_CreateObject();
	cJSON_AddItemToObject(vars, "query", asked);
	json_add_str(vars, "projectId", "*");
	json_add_i64(vars, "first", PATHS);
	json_add_bool(vars, "quick", true);
	rc = wiz_call(x, run, wiz_doc_paths, vars, &a, &e);
	if (!rc && call_member(a.data, "graphSearch", &list) &&
	    call_member(list, "nodes", &nodes) && *nodes.s == '[')
		rc = call_elements(nodes, on_evidence, whole, &e);
	if (rc)
		cnapp_part(whole, "attack_path", NULL, rc, &e);
	wiz_answer_release(&a);
}

static void put_threat(struct wiz *x, const struct source_run *run, const char *id, cJSON *whole)
{
	cJSON *body = wiz_body(wiz_doc_threat, issue_vars(id)), *j = NULL;
	struct err e = {0};
	char *part = NULL;
	int rc = wiz_each(x, run, body, "issuesV2", keep, &j, &part, &e);

	cnapp_part(whole, "threat",
	           j ? cJSON_DetachItemFromObject(j, "threatDetectionDetails") : NULL, rc < 0, &e);
	cJSON_Delete(j);
	cJSON_Delete(body);
	free(part);
}

int wiz_finding(struct connected *c, const struct source_run *run, const char *id, cJSON **out,
                struct err *e)
{
	struct wiz *x = wiz_of(c);
	cJSON *issue, *whole, *tags;
	const cJSON *where;
	const char *resource;
	struct err why = {0};
	int rc = wiz_issue(x, run, id, &issue, e);

	if (rc)
		return -1;
	*out = whole = cJSON_CreateObject();
	cJSON_AddItemToObject(whole, "finding", issue);
	where = json_obj(issue, "entitySnapshot");
	resource = json_str(where, "id", "");
	put_rule(issue, whole);
	cnapp_texts(cnapp_list(whole, "projects"), json_arr(issue, "projects"), "name");
	if (json_arr(issue, "notes"))
		cJSON_AddItemToObject(whole, "notes",
		                      cJSON_Duplicate(json_arr(issue, "notes"), true));
	rc = resource_of(x, run, resource, whole, &why);
	if (rc) { /* what the issue itself keeps of it */
		cnapp_part(whole, "configuration", NULL, rc, &why);
		tags = cnapp_tags(json_get(where, "tags"));
		add_owner_tag(cnapp_list(whole, "owner"), tags);
		cJSON_AddItemToObject(whole, "tags", tags);
		cJSON_AddItemToObject(whole, "asset", resource_node(where));
	}
	vulnerabilities(x, run, resource, whole);
	owners(x, run, whole);
	if (!strcmp(json_str(issue, "type", ""), "THREAT_DETECTION"))
		put_threat(x, run, id, whole);
	else
		put_evidence(x, run, issue, whole);
	return 0;
}
