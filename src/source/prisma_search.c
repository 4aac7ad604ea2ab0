/* Prisma's RQL: config and permission searches as rows of the graph, audit events as events. */
#include "source/prisma.h"

#include "base/limits.h"
#include "store/graph.h"

#define PAGE 100
#define PAGES_MAX 2000
#define CONFIG_WINDOW MW_DAY /* what existed within it is what there is now */
#define EVENTS_WINDOW (30 * MW_DAY)
#define RECORD_MAX (16u * 1024 * 1024)
#define IAM "config from iam"
#define FLOWS "network from "

/* A search whose pages come from one path, or from another with the token alone. */
struct pages {
	const char *first, *next;
	const char *token_key; /* of the request: "nextPageToken", "pageToken" */
	call_each_fn *each;
	void *ctx;
};

/* Rows and token stand at the top, or in `data`. */
static bool part_of(struct slice body, const char *key, struct slice *out)
{
	struct slice data;

	return call_member(body, key, out) ||
	       (call_member(body, "data", &data) && call_member(data, key, out));
}

static char *token_of(struct slice body)
{
	char *token = call_text(body, "nextPageToken");

	return token ? token : call_text(body, "data.nextPageToken");
}

/* An empty page is the last, whatever token it has. */
static int take_page(struct prisma *x, struct slice body, struct map *seen, char **token,
                     const struct pages *p, struct err *e)
{
	struct slice items;

	if (!part_of(body, "items", &items) || *items.s != '[')
		return err_set(e, ERR_REMOTE, "%s: its answer to a search has no items",
		               x->c.source.name);
	*token = token_of(body);
	if (slice_eq(slice_trim((struct slice){items.s + 1, items.n - 2}), SLICE(""))) {
		free(*token);
		*token = NULL;
	}
	if (*token && call_once(seen, x->c.source.name, "page token", slice_of(*token), e))
		return -1;
	return call_elements(items, p->each, p->ctx, e);
}

/* The next page's request: the same again, or where it has a path of its own only how many and from where. */
static cJSON *next_doc(cJSON *doc, const struct pages *p, const char *token)
{
	cJSON *next = doc;

	if (strcmp(p->first, p->next) != 0) {
		next = cJSON_CreateObject();
		json_add_i64(next, "limit", PAGE);
		cJSON_Delete(doc);
	}
	cJSON_DeleteItemFromObject(next, p->token_key);
	json_add_str(next, p->token_key, token);
	return next;
}

/* Takes doc. */
static int each_row(struct prisma *x, const struct source_run *run, cJSON *doc,
                    const struct pages *p, struct err *e)
{
	struct map seen = MAP_INIT;
	char *token = NULL;
	int rc = 0;

	for (int i = 0; !rc && (i == 0 || token) && i < PAGES_MAX; i++) {
		struct http_response rs;
		if (token)
			doc = next_doc(doc, p, token);
		free(token);
		token = NULL;
		rc = prisma_call(x, run, "POST", i ? p->next : p->first, doc, &rs, e);
		rc = rc ? rc
		        : take_page(x, (struct slice){rs.body.s, rs.body.len}, &seen, &token, p, e);
		http_response_release(&rs);
	}
	if (!rc && token)
		rc = err_set(e, ERR_LIMIT, "%s: over %d pages of %s", x->c.source.name, PAGES_MAX,
		             p->first);
	cJSON_Delete(doc);
	free(token);
	map_release(&seen);
	return rc;
}

/* ---- resources ---- */

static cJSON *resource_node(const cJSON *o)
{
	static const char *const facts[] = {"rrn",   "accountName", "cloudType", "service",
	                                    "vpcId", "riskGrade",   "deleted"};
	cJSON *node = cnapp_node(&(struct cnapp_facts){.platform = "prisma",
	                                               .cloud_id = json_str(o, "id", NULL),
	                                               .own_id = json_str(o, "assetId", NULL),
	                                               .word = json_str(o, "resourceType", NULL),
	                                               .name = json_str(o, "name", NULL),
	                                               .account = json_str(o, "accountId", NULL),
	                                               .region = json_str(o, "regionId", NULL)});

	cnapp_props_of(node, o, facts, ARRAY_LEN(facts));
	cnapp_props(node, json_obj(o, "data"));
	cJSON_AddItemToObject(node, "tags", cnapp_tags(json_get(o, "tags")));
	return node;
}

static int on_resource(void *ctx, struct slice value, struct err *e)
{
	cJSON *j = json_parse(value, RECORD_MAX, e);
	int rc = j ? cnapp_row(ctx, NULL, resource_node(j), e) : -1;

	cJSON_Delete(j);
	return rc;
}

/* ---- permissions ---- */

/* "*" is every such thing of the account. */
static cJSON *permission_end(const cJSON *o, const char *side)
{
	char key[5][64];
	const char *parts[] = {"ResourceId", "ResourceName", "ResourceType", "CloudAccount",
	                       "CloudRegion"},
	           *id, *kind, *account;
	bool all;
	char *own, *name;
	cJSON *node;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		snprintf(key[i], sizeof(key[i]), "%s%s", side, parts[i]);
	id = json_str(o, key[0], "");
	kind = json_str(o, key[2], "resource");
	account = json_str(o, key[3], "");
	all = !*id || !strcmp(id, "*");
	own = xasprintf("%s:%s:*", account, kind);
	name = all ? xasprintf("every %s of account %s", kind, account)
	           : xstrdup(json_str(o, key[1], ""));
	node = cnapp_node(&(struct cnapp_facts){.platform = "prisma",
	                                        .cloud_id = all ? NULL : id,
	                                        .own_id = all ? own : NULL,
	                                        .type = all ? "resource_class" : NULL,
	                                        .word = kind,
	                                        .name = name,
	                                        .account = account,
	                                        .region = json_str(o, key[4], NULL)});
	free(own);
	free(name);
	return node;
}

static cJSON *permission_edge(const cJSON *o)
{
	static const char *const keys[][2] = {
	        {"effectiveActionName", "action"}, {"destResourceId", "resource"},
	        {"grantedByCloudPolicyId", "via"}, {"grantedByCloudPolicyName", "policy"},
	        {"lastAccessDate", "last_access"}, {"lastAccessStatus", "last_access_status"}};
	cJSON *edge = cJSON_CreateObject(), *props;

	json_add_str(edge, "label", json_str(o, "effectiveActionName", "can"));
	props = json_add_obj(edge, "props");
	json_add_str(props, "effect", "Allow");
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (json_str(o, keys[i][0], NULL))
			json_add_str(props, keys[i][1], json_str(o, keys[i][0], ""));
	return edge;
}

static int on_permission(void *ctx, struct slice value, struct err *e)
{
	cJSON *j = json_parse(value, RECORD_MAX, e), *nodes = cJSON_CreateArray(),
	      *edges = cJSON_CreateArray();
	int rc = -1;

	if (j) {
		cJSON_AddItemToArray(nodes, permission_end(j, "source"));
		cJSON_AddItemToArray(nodes, permission_end(j, "dest"));
		cJSON_AddItemToArray(edges, permission_edge(j));
		rc = cnapp_chain_with(ctx, nodes, edges, e);
	}
	cJSON_Delete(nodes);
	cJSON_Delete(edges);
	cJSON_Delete(j);
	return rc;
}

static int search_graph(void *ctx, struct cnapp_graph *g, struct err *e)
{
	static const struct pages config = {"/search/api/v2/config", "/search/api/v2/config",
	                                    "nextPageToken", on_resource, NULL},
	                          iam = {"/iam/api/v4/search/permission?limit=100",
	                                 "/iam/api/v4/search/permission?limit=100", "nextPageToken",
	                                 on_permission, NULL};
	bool permissions = !strncmp(g->s.text.text.s, IAM, strlen(IAM));
	struct pages p = permissions ? iam : config;
	cJSON *doc = cJSON_CreateObject();

	p.ctx = g;
	json_add_str(doc, "query", g->s.text.text.s);
	if (!permissions) {
		json_add_i64(doc, "limit", PAGE);
		json_add_bool(doc, "withResourceJson", true);
		json_add_i64(doc, "startTime", (mw_now() - CONFIG_WINDOW) / 1000);
	}
	return each_row(ctx, g->s.run, doc, &p, e);
}

/* ---- audit events ---- */

/* The cloud's own record where it came along, else what Prisma keeps of it. */
static int on_event(void *ctx, struct slice value, struct err *e)
{
	struct slice raw;

	if (call_member(value, "rawEvent", &raw) && *raw.s == '{')
		value = raw;
	return search_object(ctx, value, e);
}

/* What has no record of the cloud's is of the log that was asked. */
static struct row_conf event_rows(const struct prisma *x, const struct plan_search *s)
{
	static const struct row_alias aliases[] = {{"eventTs", "time"},
	                                           {"subject", "actor.user.name"},
	                                           {"name", "api.operation"},
	                                           {"ip", "src_endpoint.ip"},
	                                           {"account", "cloud.account.uid"},
	                                           {"regionApiIdentifier", "cloud.region"},
	                                           {NULL, NULL}};
	static const char *const id[] = {"id", NULL};

	return (struct row_conf){.names = ROW_CIM,
	                         .aliases = aliases,
	                         .time_unit = 1000,
	                         .dataset = s->ndatasets ? s->datasets[0] : "prisma.event",
	                         .id_columns = id,
	                         .normalise = x->env.normalise,
	                         .normalise_ctx = x->env.normalise_ctx};
}

static cJSON *event_doc(const struct search *s)
{
	cJSON *doc = cJSON_CreateObject(), *sort = cJSON_CreateObject();
	mw_time to = s->s->to.kind == PW_ABS ? s->s->to.t : mw_now(),
	        from = s->s->from.kind == PW_ABS ? s->s->from.t : to - EVENTS_WINDOW;

	json_add_str(doc, "query", s->text.text.s);
	prisma_range(doc, from, to);
	json_add_i64(doc, "limit", PAGE);
	json_add_str(sort, "field", "time");
	json_add_str(sort, "direction", "desc");
	cJSON_AddItemToArray(json_add_arr(doc, "sort"), sort);
	return doc;
}

static int search_events(struct prisma *x, struct search *s, struct err *e)
{
	struct row_conf rows = event_rows(x, s->s);
	struct pages p = {"/search/event", "/search/event/page", "pageToken", on_event, s};

	if (search_render(s, NULL, &rows, e))
		return -1;
	if (!strncmp(s->text.text.s, FLOWS, strlen(FLOWS)))
		return err_set(
		        e, ERR_INVALID,
		        "%s gives flow logs as an aggregated picture, not as records: ask the "
		        "lake or a SIEM",
		        s->name);
	return each_row(x, s->run, event_doc(s), &p, e);
}

/* The kind of thing that an id in the conditions gives away ("i-..."), or NULL: RQL needs to know which API holds it. */
static const char *type_told(const struct plan_node *n)
{
	const char *type = NULL;

	if (!n || n->kind == PN_NOT)
		return NULL;
	if (n->kind != PN_CMP) {
		for (const struct plan_node *k = n->child; k && !type; k = k->next)
			type = type_told(k);
		return type;
	}
	if (n->op != OP_IS || n->nvalues != 1 || !n->field.name || strcmp(n->field.name, "id"))
		return NULL;
	type = graph_type_of_id(n->values[0]);
	return strcmp(type, "resource") ? type : NULL;
}

static struct plan *with_type(const struct plan *p, size_t i)
{
	struct plan *c = plan_clone(p);
	struct plan_graph *g = &c->steps[i].graph;
	const char *type = g->start_type ? NULL : type_told(g->start);

	if (type)
		g->start_type = arena_strdup(&c->arena, type);
	return c;
}

int prisma_search(struct source *src, const struct plan *p, size_t i, const struct source_run *run,
                  const struct source_sink *sink, struct source_done *done, struct err *e)
{
	struct prisma *x = (struct prisma *)src;
	struct plan *c = p->steps[i].kind == PS_GRAPH ? with_type(p, i) : NULL;
	const struct cnapp_step step = {&x->env, RENDER_RQL, c, i, search_graph, x};
	struct search s;
	int rc;

	if (c) {
		rc = cnapp_run(&step, run, sink, done, e);
		plan_free(c);
		return rc;
	}
	rc = search_begin(&s, &x->env, RENDER_RQL, p, i, run, sink, done, e);
	rc = rc ? rc : search_events(x, &s, e);
	return search_end(&s, rc, e);
}

unsigned prisma_fit(struct source *src, const struct plan *p, size_t i)
{
	return search_fit(&((struct prisma *)src)->env, RENDER_RQL, p, i, NULL, 1);
}
