/*
 * Orca: the body of the serving layer's query, an object_set. Source of facts: the vendor's Terraform provider and integrations
 * for models, `in`, and/or, and the relation `has`. Whether `in` tells case apart is not known, so that all is filtered again
 * afterwards. Values are JSON. Rows of a pattern are its last node, whatever comes before it is a relation of that: only the
 * account that an asset is in has a name that is known.
 */
#include "plan/render_graph.h"

#define PAGE_MAX 1000

static const struct pattern_word models[] = {
        {"instance", {"AwsEc2Instance"}},
        {"vm", {"AzureComputeVm", "GcpVmInstance"}},
        {"bucket", {"AwsS3Bucket"}},
        {"user", {"AwsUser"}},
        {"account", {"CloudAccount"}},
        {"finding", {"Alert"}},
        {"vulnerability", {"VulnerabilityV2"}},
        {NULL, {NULL}},
};

/* An instance's Name is its id there. */
static const char *const *keys_of(const struct plan_node *n)
{
	static const char *const id[] = {"Name", "AssetUniqueId", NULL}, *const name[] = {"Name",
	                                                                                  NULL};

	return !strcmp(n->field.name, "id") ? id : !strcmp(n->field.name, "name") ? name : NULL;
}

static enum render_fit can(void *ctx, const struct plan_node *n)
{
	struct render *r = ctx;

	if (n->rhs.name || !pattern_is(n) || !keys_of(n))
		return RENDER_NO;
	for (size_t i = 0; i < n->nvalues; i++)
		if (!quote_kql_able(n->values[i]) || memchr(n->values[i].s, 0, n->values[i].n))
			return RENDER_NO;
	render_note(r, "Orca compares text in its own way: a value in other case may be missing");
	return RENDER_SUPERSET;
}

/* An account has a name there; its number in the cloud is under no name that is known. */
static enum render_fit can_account(void *ctx, const struct plan_node *n)
{
	if (!n->field.name || strcmp(n->field.name, "id") != 0)
		return can(ctx, n);
	render_note(ctx, "an account cannot be asked for by its number: filtered afterwards");
	return RENDER_NO;
}

static cJSON *value_condition(const char *key, const struct plan_node *n)
{
	cJSON *o = cJSON_CreateObject(), *values;

	json_add_str(o, "key", key);
	values = json_add_arr(o, "values");
	for (size_t i = 0; i < n->nvalues; i++)
		cJSON_AddItemToArray(values, json_slice(n->values[i]));
	json_add_str(o, "type", "str");
	json_add_str(o, "operator", "in");
	return o;
}

static cJSON *operation(const char *op)
{
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, "type", "operation");
	json_add_str(o, "operator", op);
	(void)json_add_arr(o, "values");
	return o;
}

static cJSON *condition(const struct plan_node *n);

/* One condition as itself, several under their word. */
static cJSON *joined(const struct plan_node *n)
{
	cJSON *o;

	if (n->child && !n->child->next)
		return condition(n->child);
	o = operation(n->kind == PN_ALL ? "and" : "or");
	for (const struct plan_node *k = n->child; k; k = k->next)
		cJSON_AddItemToArray(json_arr(o, "values"), condition(k));
	return o;
}

static cJSON *condition(const struct plan_node *n)
{
	const char *const *key;
	cJSON *o;

	if (n->kind != PN_CMP)
		return joined(n);
	key = keys_of(n);
	if (!key[1])
		return value_condition(key[0], n);
	o = operation("or");
	for (; *key; key++)
		cJSON_AddItemToArray(json_arr(o, "values"), value_condition(*key, n));
	return o;
}

/* Where of one node, widened. NULL: anything. */
static struct plan_node *node_where(struct render *r, size_t i)
{
	const char *type = pattern_node_type(r, i);
	bool exact, account = type && !strcmp(type, "account");
	struct plan_node *n = render_widen(r->p, pattern_node_where(r, i),
	                                   account ? can_account : can, r, &exact);

	r->out->exact_where = r->out->exact_where && exact;
	return n;
}

static cJSON *in_account(struct render *r)
{
	struct plan_node *where = node_where(r, 0);
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToArray(json_add_arr(o, "keys"), cJSON_CreateString("CloudAccount"));
	cJSON_AddItemToArray(json_add_arr(o, "models"), cJSON_CreateString("CloudAccount"));
	json_add_str(o, "type", "object");
	json_add_str(o, "operator", "has");
	if (where)
		cJSON_AddItemToObject(o, "with", condition(where));
	return o;
}

static void add_with(struct render *r, cJSON *query)
{
	size_t node = r->g->nhops;
	struct plan_node *where = node_where(r, node);
	cJSON *both;

	if (node && where) {
		both = operation("and");
		cJSON_AddItemToArray(json_arr(both, "values"), in_account(r));
		cJSON_AddItemToArray(json_arr(both, "values"), condition(where));
		cJSON_AddItemToObject(query, "with", both);
	} else if (node) {
		cJSON_AddItemToObject(query, "with", in_account(r));
	} else if (where) {
		cJSON_AddItemToObject(query, "with", condition(where));
	}
}

static int check_pattern(struct render *r)
{
	if (pattern_check(r, "Orca"))
		return -1;
	if (r->g->nhops && !pattern_in_account(r))
		return err_set(
		        r->e, ERR_INVALID,
		        "Orca's names for relations are known only from an account to what it "
		        "contains; ask the embedded graph");
	for (size_t i = 0; i <= r->g->nhops; i++)
		if (plan_is_nothing(pattern_node_where(r, i)))
			return err_set(r->e, ERR_INVALID,
			               "the plan can find nothing: it is not sent");
	return 0;
}

int render_orca(struct render *r)
{
	const char *const *words;
	cJSON *doc, *query, *list;

	if (check_pattern(r))
		return -1;
	doc = cJSON_CreateObject();
	query = json_add_obj(doc, "query");
	list = json_add_arr(query, "models");
	words = pattern_node_types(r, models, r->g->nhops);
	if (!words)
		cJSON_AddItemToArray(list, cJSON_CreateString("Inventory"));
	for (; words && *words; words++)
		cJSON_AddItemToArray(list, cJSON_CreateString(*words));
	json_add_str(query, "type", "object_set");
	add_with(r, query);
	json_add_i64(doc, "limit", r->out->limit < PAGE_MAX ? r->out->limit : PAGE_MAX);
	json_add_i64(doc, "start_at_index", 0);
	json_add_bool(doc, "get_results_and_count", true);
	json_write(r->b, doc);
	cJSON_Delete(doc);
	return 0;
}
