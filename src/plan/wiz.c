/*
 * Wiz: a graphSearch request, {"query": document, "variables": {...}}, as POST /graphql takes it. Source of facts: the tenants'
 * GraphQL schema (entity and relationship types), public clients for the operators EQUALS and CONTAINS, the only two that were
 * seen. Whether these tell case apart is not known: what is compared is filtered again afterwards, and a note says so. Values
 * are JSON, never part of the document. The ways in of an exposure question are the schema's publicExposures; that entities can be asked for by
 * the property accessibleFrom.internet is not confirmed.
 */
#include "plan/render_graph.h"

#define PAGE_MAX 500 /* `first` of a graph search; more rows come page by page */

static const struct pattern_word entities[] = {
        {"instance", {"VIRTUAL_MACHINE"}},
        {"vm", {"VIRTUAL_MACHINE"}},
        {"bucket", {"BUCKET"}},
        {"storage_account", {"STORAGE_ACCOUNT"}},
        {"account", {"SUBSCRIPTION"}},
        {"subscription", {"SUBSCRIPTION"}},
        {"role", {"SERVICE_ACCOUNT", "ACCESS_ROLE"}},
        {"user", {"USER_ACCOUNT"}},
        {"group", {"GROUP"}},
        {"access_key", {"ACCESS_KEY"}},
        {"policy", {"RAW_ACCESS_POLICY"}},
        {"database", {"DATABASE", "DB_SERVER"}},
        {"function", {"SERVERLESS"}},
        {"container", {"CONTAINER"}},
        {"image", {"CONTAINER_IMAGE", "VIRTUAL_MACHINE_IMAGE"}},
        {"k8s_cluster", {"KUBERNETES_CLUSTER"}},
        {"load_balancer", {"LOAD_BALANCER"}},
        {"vpc", {"VIRTUAL_NETWORK"}},
        {"subnet", {"SUBNET"}},
        {"security_group", {"FIREWALL"}},
        {"network_interface", {"NETWORK_INTERFACE"}},
        {"route_table", {"ROUTE_TABLE"}},
        {"snapshot", {"SNAPSHOT"}},
        {"volume", {"VOLUME"}},
        {"vulnerability", {"VULNERABILITY"}},
        {"secret", {"SECRET", "SECRET_CONTAINER"}},
        {"kms_key", {"ENCRYPTION_KEY"}},
        {"resource_group", {"RESOURCE_GROUP"}},
        {"identity_provider", {"IDENTITY_PROVIDER"}},
        {NULL, {NULL}},
};
/* From the one that acts or holds, as ours. */
static const struct pattern_word relations[] = {
        {"contains", {"CONTAINS"}},
        {"runs_as", {"ACTING_AS"}},
        {"has_policy", {"HAS_PRINCIPAL_POLICY", "HAS_RESOURCE_POLICY", "HAS_BOUNDARY_POLICY"}},
        {"exposes", {"EXPOSES"}},
        {"routes_to", {"ROUTES_TRAFFIC_TO"}},
        {"forwards_to", {"ROUTES_TRAFFIC_TO"}},
        {"attached_to", {"ATTACHED_TO"}},
        {"owns", {"OWNS"}},
        {"reads", {"READS_DATA_FROM"}},
        {"writes", {"STORES_DATA_IN"}},
        {"uses", {"USES"}},
        {"includes", {"INCLUDES"}},
        {NULL, {NULL}},
};
static const struct {
	const char *ours, *theirs;
} properties[] = {
        {"id", "providerUniqueId"},
        {"name", "name"},
        {"region", "region"},
        {"account", "subscriptionExternalId"},
};

/* What is being put into `where`, of a node of this type of ours. */
struct conditions {
	cJSON *where;
	const char *type;
};

static const char *property(const struct plan_node *n)
{
	for (size_t i = 0; i < ARRAY_LEN(properties); i++)
		if (!strcmp(n->field.name, properties[i].ours))
			return properties[i].theirs;
	return NULL;
}

static enum render_fit can(void *ctx, const struct plan_node *n)
{
	struct render *r = ctx;
	bool part = n->op == OP_CONTAINS || n->op == OP_STARTS || n->op == OP_ENDS;

	if (!n->field.name || !property(n) || !(pattern_is(n) || part))
		return RENDER_NO;
	for (size_t i = 0; i < n->nvalues; i++)
		if (!quote_kql_able(n->values[i]) || memchr(n->values[i].s, 0, n->values[i].n))
			return RENDER_NO;
	render_note(r, "Wiz compares text in its own way: a value in other case may be missing");
	return RENDER_SUPERSET;
}

/* An id of ours may be the last part of the provider's: looked for inside of it. */
static void put_condition(struct render *r, const struct plan_node *n, void *ctx)
{
	const struct conditions *c = ctx;
	bool id = !strcmp(n->field.name, "id"),
	     account = c->type && (!strcmp(c->type, "account") || !strcmp(c->type, "subscription"));
	const char *name = id && account ? "subscriptionId" : property(n),
	           *op = pattern_is(n) && (!id || account) ? "EQUALS" : "CONTAINS";
	cJSON *where = c->where, *values;

	if (json_get(where, name)) {
		render_note(r, "of two conditions on %s one is filtered afterwards", n->field.name);
		r->out->exact_where = false;
		return;
	}
	values = json_add_arr(json_add_obj(where, name), op);
	for (size_t i = 0; i < n->nvalues; i++)
		cJSON_AddItemToArray(values, json_slice(n->values[i]));
}

static void add_words(cJSON *list, const char *const *words, const char *fallback)
{
	if (!words)
		cJSON_AddItemToArray(list, cJSON_CreateString(fallback));
	for (; words && *words; words++)
		cJSON_AddItemToArray(list, cJSON_CreateString(*words));
}

static void add_direction(cJSON *list, const char *const *words, bool reverse)
{
	for (; *words; words++) {
		cJSON *one = cJSON_CreateObject();
		json_add_str(one, "type", *words);
		if (reverse)
			json_add_bool(one, "reverse", true);
		cJSON_AddItemToArray(list, one);
	}
}

static void add_relation(cJSON *list, const struct plan_hop *h)
{
	static const char *const any[] = {"ANY_OUTGOING", NULL};
	const char *const *words = h->edge ? pattern_words(relations, h->edge) : any;

	if (h->dir != HOP_IN)
		add_direction(list, words, false);
	if (h->dir != HOP_OUT)
		add_direction(list, words, true);
}

const char *wiz_node_type(const char *word)
{
	return pattern_ours(entities, word);
}

/* Node i, and below it what follows: `left` hops of the same kind come before node i + 1. */
static cJSON *entity(struct render *r, size_t i, int left)
{
	const struct plan_graph *g = r->g;
	bool between = left < (i < g->nhops ? g->hops[i].min : 0), last = i == g->nhops;
	cJSON *o = cJSON_CreateObject(), *where = cJSON_CreateObject(), *link;

	add_words(json_add_arr(o, "type"), between ? NULL : pattern_node_types(r, entities, i),
	          "ANY");
	json_add_bool(o, "select", true); /* each node is looked at again */
	if (!between)
		pattern_conditions(r, pattern_node_where(r, i), can, put_condition,
		                   &(struct conditions){where, pattern_node_type(r, i)});
	if (where->child)
		cJSON_AddItemToObject(o, "where", where);
	else
		cJSON_Delete(where);
	if (last)
		return o;
	link = cJSON_CreateObject();
	cJSON_AddItemToArray(json_add_arr(o, "relationships"), link);
	add_relation(json_add_arr(link, "type"), &g->hops[i]);
	cJSON_AddItemToObject(
	        link, "with",
	        left > 1 ? entity(r, i, left - 1)
	                 : entity(r, i + 1, i + 1 < g->nhops ? g->hops[i + 1].min : 0));
	return o;
}

static int check_edges(struct render *r)
{
	for (size_t i = 0; i < r->g->nhops; i++)
		if (r->g->hops[i].edge && !pattern_words(relations, r->g->hops[i].edge))
			return err_set(r->e, ERR_INVALID,
			               "Wiz has no relation that is known to mean \"%s\"; ask the "
			               "embedded graph, or Prisma Cloud for permissions",
			               r->g->hops[i].edge);
	return 0;
}

/* Exposure: what the question starts from, with its ways in from the internet. Of everything there is only what is exposed is asked for. */
static void exposure_as_match(struct render *r, bool *ways, bool *exposed_only)
{
	*ways = r->g->fn == GF_EXPOSURE;
	*exposed_only = *ways && !r->g->start;
	if (!*ways)
		return;
	r->g->fn = GF_MATCH;
	r->g->nhops = 0;
	render_note(r, "Wiz tells the network path from the internet to each of them");
}

static void only_exposed(cJSON *query)
{
	cJSON *where = json_add_obj(query, "where"), *yes;

	yes = json_add_arr(json_add_obj(where, "accessibleFrom.internet"), "EQUALS");
	cJSON_AddItemToArray(yes, cJSON_CreateTrue());
}

#define WAYS                                                                                   \
	" publicExposures(first: 10) { nodes { id portRange sourceIpRange destinationIpRange " \
	"path { id name type properties } } }"
#define DOCUMENT(more)                                                                     \
	"query Midwatch($query: GraphEntityQueryInput, $projectId: String, $first: Int, "  \
	"$after: String, $quick: Boolean) { graphSearch(query: $query, projectId: "        \
	"$projectId, first: $first, after: $after, quick: $quick) { pageInfo { endCursor " \
	"hasNextPage } nodes { entities { id name type properties" more " } } } }"

int render_wiz(struct render *r)
{
	bool ways, exposed_only;
	cJSON *doc, *vars, *query;

	exposure_as_match(r, &ways, &exposed_only);
	if (pattern_check(r, "Wiz") || check_edges(r))
		return -1;
	doc = cJSON_CreateObject();
	json_add_str(doc, "query", ways ? DOCUMENT(WAYS) : DOCUMENT(""));
	vars = json_add_obj(doc, "variables");
	query = entity(r, 0, r->g->nhops ? r->g->hops[0].min : 0);
	if (exposed_only)
		only_exposed(query);
	cJSON_AddItemToObject(vars, "query", query);
	json_add_str(vars, "projectId", "*");
	json_add_i64(vars, "first", r->out->limit < PAGE_MAX ? r->out->limit : PAGE_MAX);
	json_add_bool(vars, "quick", false); /* pages need it */
	json_write(r->b, doc);
	cJSON_Delete(doc);
	return 0;
}
