/*
 * The CNAPP languages that are JSON: Wiz graph search and Orca's object_set, back into a graph step.
 * Words of entity and relation types are the vendors'; the reader knows what each means here. Whether
 * EQUALS, CONTAINS and in tell case apart is not known: they are read as not.
 */
#include "base/json.h"
#include "base/limits.h"
#include "read_text.h"

struct word {
	const char *theirs, *ours;
};

static const char *ours(const struct word *w, const char *theirs)
{
	for (; w->theirs; w++)
		if (theirs && !strcmp(w->theirs, theirs))
			return w->ours;
	return NULL;
}

/* A graph step in place of the search that rd_begin made. */
static struct plan_graph *begin(struct rd *r)
{
	struct plan_graph *g = &r->p->steps[0].graph;

	r->p->steps[0].kind = PS_GRAPH;
	r->p->show = SHOW_GRAPH;
	*g = (struct plan_graph){.use_from = MW_TIME_NONE, .use_to = MW_TIME_NONE};
	return g;
}

static struct plan_node *prop(struct rd *r, const char *name, enum plan_op op)
{
	struct plan_node *n = plan_group(r->p, PN_CMP);

	n->op = op;
	n->field.name = arena_strdup(&r->p->arena, name);
	return n;
}

static void add_values(struct rd *r, struct plan_node *n, const cJSON *list)
{
	const cJSON *v;

	cJSON_ArrayForEach(v, list)
	{
		if (cJSON_IsString(v))
			plan_cmp_value(r->p, n, slice_of(v->valuestring));
		else
			rd_fail(r, 0, "a value that is no text");
	}
	if (!n->nvalues)
		rd_fail(r, 0, "a condition without values");
}

static const char *str_at(const cJSON *list, int i)
{
	const char *s = cJSON_GetStringValue(cJSON_GetArrayItem(list, i));

	return s ? s : "";
}

/* ---- Wiz ---- */

static const struct word wiz_types[] = {{"VIRTUAL_MACHINE", "instance"},
                                        {"BUCKET", "bucket"},
                                        {"STORAGE_ACCOUNT", "storage_account"},
                                        {"SUBSCRIPTION", "account"},
                                        {"SERVICE_ACCOUNT", "role"},
                                        {"ACCESS_ROLE", "role"},
                                        {"USER_ACCOUNT", "user"},
                                        {"GROUP", "group"},
                                        {"ACCESS_KEY", "access_key"},
                                        {"RAW_ACCESS_POLICY", "policy"},
                                        {"DATABASE", "database"},
                                        {"DB_SERVER", "database"},
                                        {"SERVERLESS", "function"},
                                        {"CONTAINER", "container"},
                                        {"CONTAINER_IMAGE", "image"},
                                        {"VIRTUAL_MACHINE_IMAGE", "image"},
                                        {"KUBERNETES_CLUSTER", "k8s_cluster"},
                                        {"LOAD_BALANCER", "load_balancer"},
                                        {"VIRTUAL_NETWORK", "vpc"},
                                        {"SUBNET", "subnet"},
                                        {"FIREWALL", "security_group"},
                                        {"NETWORK_INTERFACE", "network_interface"},
                                        {"ROUTE_TABLE", "route_table"},
                                        {"SNAPSHOT", "snapshot"},
                                        {"VOLUME", "volume"},
                                        {"VULNERABILITY", "vulnerability"},
                                        {"SECRET", "secret"},
                                        {"SECRET_CONTAINER", "secret"},
                                        {"ENCRYPTION_KEY", "kms_key"},
                                        {"RESOURCE_GROUP", "resource_group"},
                                        {"IDENTITY_PROVIDER", "identity_provider"},
                                        {NULL, NULL}};
static const struct word wiz_relations[] = {{"CONTAINS", "contains"},
                                            {"ACTING_AS", "runs_as"},
                                            {"HAS_PRINCIPAL_POLICY", "has_policy"},
                                            {"HAS_RESOURCE_POLICY", "has_policy"},
                                            {"HAS_BOUNDARY_POLICY", "has_policy"},
                                            {"EXPOSES", "exposes"},
                                            {"ROUTES_TRAFFIC_TO", "routes_to"},
                                            {"ATTACHED_TO", "attached_to"},
                                            {"OWNS", "owns"},
                                            {"READS_DATA_FROM", "reads"},
                                            {"STORES_DATA_IN", "writes"},
                                            {"USES", "uses"},
                                            {"INCLUDES", "includes"},
                                            {"ANY_OUTGOING", ""},
                                            {NULL, NULL}};
static const struct word wiz_properties[] = {{"providerUniqueId", "id"},
                                             {"subscriptionId", "id"},
                                             {"externalId", "id"},
                                             {"name", "name"},
                                             {"region", "region"},
                                             {"subscriptionExternalId", "account"},
                                             {NULL, NULL}};

/* All words of a list have to mean the same. NULL: ANY. */
static const char *same_type(struct rd *r, const cJSON *list)
{
	const char *type = ours(wiz_types, str_at(list, 0));
	const cJSON *v;

	if (cJSON_GetArraySize(list) == 1 && !strcmp(str_at(list, 0), "ANY"))
		return NULL;
	cJSON_ArrayForEach(v, list)
	{
		const char *one = ours(wiz_types, cJSON_GetStringValue(v));
		if (!one || !type || strcmp(one, type) != 0)
			rd_fail(r, 0, "types of several kinds");
	}
	if (!type)
		rd_fail(r, 0, "an entity without a type");
	return type ? arena_strdup(&r->p->arena, type) : NULL;
}

static struct plan_node *wiz_where(struct rd *r, const cJSON *where)
{
	struct plan_node *all = plan_group(r->p, PN_ALL);
	const cJSON *property, *op;

	cJSON_ArrayForEach(property, where)
	{
		const char *name = ours(wiz_properties, property->string);
		cJSON_ArrayForEach(op, property)
		{
			bool equals = !strcmp(op->string, "EQUALS");
			struct plan_node *n;
			if (!name || (!equals && strcmp(op->string, "CONTAINS") != 0)) {
				rd_fail(r, 0, "no such property or operator: %s", property->string);
				return all;
			}
			n = prop(r, name, equals ? OP_IS : OP_CONTAINS);
			add_values(r, n, op);
			plan_group_add(all, n);
		}
	}
	return all->child ? all : NULL;
}

/* The relation's words mean one edge; reverse turns it round, both ways are both. */
static void wiz_relation(struct rd *r, const cJSON *list, struct plan_hop *h)
{
	const char *edge = NULL, *one;
	bool out = false, in = false;
	const cJSON *v;

	cJSON_ArrayForEach(v, list)
	{
		one = ours(wiz_relations, json_str(v, "type", ""));
		if (!one || (edge && strcmp(edge, one) != 0))
			rd_fail(r, 0, "no such relation, or several");
		edge = one;
		*(json_bool(v, "reverse", false) ? &in : &out) = true;
	}
	if (!edge)
		rd_fail(r, 0, "a relation without a type");
	h->edge = edge && *edge ? arena_strdup(&r->p->arena, edge) : NULL;
	h->dir = out && in ? HOP_BOTH : in ? HOP_IN : HOP_OUT;
	h->min = h->max = 1;
}

#define HOPS_MAX 32

static void wiz_entity(struct rd *r, struct plan_graph *g, const cJSON *o, size_t depth)
{
	static const char *const keys[] = {"type", "select", "where", "relationships", NULL};
	static const char *const link_keys[] = {"type", "with", "optional", "negate", NULL};
	const cJSON *links = json_arr(o, "relationships"), *link = links ? links->child : NULL;
	bool select = json_bool(o, "select", false);

	if (depth == HOPS_MAX || json_only(o, keys, "query", r->e)) {
		rd_fail(r, 0, "too many relations");
		return;
	}
	if (depth == 0) {
		g->start_type = (char *)(uintptr_t)same_type(r, json_arr(o, "type"));
		g->start = wiz_where(r, json_get(o, "where"));
		g->return_paths = select && link;
	} else {
		g->hops[depth - 1].to_type = (char *)(uintptr_t)same_type(r, json_arr(o, "type"));
		g->hops[depth - 1].where = wiz_where(r, json_get(o, "where"));
	}
	if (!select && (!link || g->return_paths))
		rd_fail(r, 0, "an entity that is not selected");
	if (!link || rd_failed(r))
		return;
	if (link->next || json_only(link, link_keys, "relationships", r->e) ||
	    json_bool(link, "optional", false) || json_bool(link, "negate", false)) {
		rd_fail(r, 0, "one relation that has to hold is understood");
		return;
	}
	wiz_relation(r, json_arr(link, "type"), &g->hops[depth]);
	g->nhops = depth + 1;
	wiz_entity(r, g, json_get(link, "with"), depth + 1);
}

static void wiz_request(struct rd *r, const cJSON *j)
{
	const cJSON *vars = json_get(j, "variables"), *query = vars ? json_get(vars, "query") : j;
	struct plan_graph *g = begin(r);

	if (vars && (!strstr(json_str(j, "query", ""), "graphSearch(") ||
	             strstr(json_str(j, "query", ""), "mutation"))) {
		rd_fail(r, 0, "no graph search");
		return;
	}
	r->out->first = vars ? json_i64(vars, "first", 0) : 0;
	if (vars && json_str(vars, "after", NULL))
		r->out->after = arena_strdup(&r->p->arena, json_str(vars, "after", ""));
	if (vars && (r->out->first < 1 || r->out->first > 500 || json_bool(vars, "quick", true)))
		rd_fail(r, 0, "pages of 1 to 500, with quick:false");
	g->hops = arena_zalloc(&r->p->arena, HOPS_MAX * sizeof(*g->hops));
	wiz_entity(r, g, query, 0);
}

/* ---- Orca ---- */

static const struct word orca_models[] = {{"AwsEc2Instance", "instance"},
                                          {"AzureComputeVm", "vm"},
                                          {"GcpVmInstance", "vm"},
                                          {"AwsS3Bucket", "bucket"},
                                          {"AwsUser", "user"},
                                          {"CloudAccount", "account"},
                                          {"Alert", "finding"},
                                          {"VulnerabilityV2", "vulnerability"},
                                          {"Inventory", ""},
                                          {NULL, NULL}};
static const struct word orca_keys[] = {{"Name", "name"}, {"AssetUniqueId", "id"}, {NULL, NULL}};

static const char *model(struct rd *r, const cJSON *list)
{
	const char *type = ours(orca_models, str_at(list, 0));
	const cJSON *v;

	cJSON_ArrayForEach(v, list)
	{
		const char *one = ours(orca_models, cJSON_GetStringValue(v));
		if (!one || !type || strcmp(one, type) != 0)
			rd_fail(r, 0, "models of several kinds, or none that is known");
	}
	return type && *type ? arena_strdup(&r->p->arena, type) : NULL;
}

/* An instance's Name is its id. */
static struct plan_node *orca_value(struct rd *r, const cJSON *o)
{
	static const char *const keys[] = {"key", "values", "type", "operator", NULL};
	const char *name = ours(orca_keys, json_str(o, "key", ""));
	struct plan_node *a, *any;

	if (json_only(o, keys, "with", r->e) || !name ||
	    strcmp(json_str(o, "type", ""), "str") != 0 ||
	    strcmp(json_str(o, "operator", ""), "in") != 0) {
		rd_fail(r, 0, "no condition that is understood");
		return plan_group(r->p, PN_ANY);
	}
	a = prop(r, name, OP_IS);
	add_values(r, a, json_get(o, "values"));
	if (strcmp(name, "name") != 0)
		return a;
	any = rd_two(r, PN_ANY, a, prop(r, "id", OP_IS));
	add_values(r, any->child->next, json_get(o, "values"));
	return any;
}

static struct plan_node *orca_with(struct rd *r, struct plan_graph *g, const cJSON *o);

static struct plan_node *orca_operation(struct rd *r, struct plan_graph *g, const cJSON *o)
{
	bool and = !strcmp(json_str(o, "operator", ""), "and");
	struct plan_node *n = plan_group(r->p, and? PN_ALL : PN_ANY);
	const cJSON *v;

	if (!and&&strcmp(json_str(o, "operator", ""), "or") != 0)
		rd_fail(r, 0, "no such operation");
	cJSON_ArrayForEach(v, json_get(o, "values"))
	{
		struct plan_node *k = orca_with(r, and? g : NULL, v);
		if (k)
			plan_group_add(n, k);
	}
	return n;
}

/* {"keys": ["CloudAccount"], "operator": "has"}: the account that holds the asset. */
static void orca_account(struct rd *r, struct plan_graph *g, const cJSON *o)
{
	if (!g || g->nhops || strcmp(str_at(json_get(o, "keys"), 0), "CloudAccount") != 0 ||
	    strcmp(str_at(json_get(o, "models"), 0), "CloudAccount") != 0 ||
	    json_bool(o, "negate", false)) {
		rd_fail(r, 0, "no relation that is understood");
		return;
	}
	g->hops = arena_zalloc(&r->p->arena, sizeof(*g->hops));
	g->hops[0] = (struct plan_hop){.edge = arena_strdup(&r->p->arena, "contains"),
	                               .dir = HOP_OUT,
	                               .min = 1,
	                               .max = 1,
	                               .to_type = g->start_type};
	g->nhops = 1;
	g->start_type = arena_strdup(&r->p->arena, "account");
	g->start = json_get(o, "with") ? orca_with(r, NULL, json_get(o, "with")) : NULL;
}

static struct plan_node *orca_with(struct rd *r, struct plan_graph *g, const cJSON *o)
{
	if (++r->depth > 100 || rd_failed(r)) {
		rd_fail(r, 0, "nested too deep");
		return NULL;
	}
	if (json_get(o, "key"))
		return orca_value(r, o);
	if (!strcmp(json_str(o, "type", ""), "operation"))
		return orca_operation(r, g, o);
	orca_account(r, g, o);
	return NULL;
}

static void orca_request(struct rd *r, const cJSON *j)
{
	const cJSON *query = json_get(j, "query");
	struct plan_graph *g = begin(r);
	struct plan_node *where;

	if (!query || strcmp(json_str(query, "type", ""), "object_set") != 0) {
		rd_fail(r, 0, "an object_set is wanted");
		return;
	}
	r->out->first = json_i64(j, "limit", 0);
	if (r->out->first < 1 || r->out->first > 10000)
		rd_fail(r, 0, "a limit of 1 to 10,000 is wanted");
	g->start_type = (char *)(uintptr_t)model(r, json_get(query, "models"));
	where = json_get(query, "with") ? orca_with(r, g, json_get(query, "with")) : NULL;
	*(g->nhops ? &g->hops[0].where : &g->start) = where;
}

static int read_json(struct slice text, struct reading *out, struct err *e,
                     void (*read)(struct rd *r, const cJSON *j))
{
	struct rd r = {0};
	cJSON *j;

	(void)rd_begin(&r, text, out, e);
	j = json_parse(text, MW_PLAN_JSON_MAX, e);
	if (j)
		read(&r, j);
	cJSON_Delete(j);
	return rd_end(&r);
}

int read_wiz(struct slice text, struct reading *out, struct err *e)
{
	return read_json(text, out, e, wiz_request);
}

int read_orca(struct slice text, struct reading *out, struct err *e)
{
	return read_json(text, out, e, orca_request);
}
