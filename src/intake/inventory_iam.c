/* IAM: users, roles, groups, policies and instance profiles of get-account-authorization-details
 * and the get/list calls. */
#include "intake/inventory_conv.h"

static const char *account_of(const char *arn, const char *fallback, char out[16])
{
	struct slice rest = slice_of(arn), one = {"", 0};
	for (int i = 0; i < 5; i++)
		slice_split(&rest, ':', &one);
	snprintf(out, 16, "%.*s", one.n == 12 ? 12 : 0, one.s);
	return *out ? out : fallback;
}

/* The default version's document, which the account's details carry. */
static const cJSON *document_of(const cJSON *policy)
{
	const cJSON *v;
	cJSON_ArrayForEach(
	        v, json_arr(policy,
	                    "PolicyVersionList")) if (json_bool(v, "IsDefaultVersion",
	                                                        false)) return json_get(v,
	                                                                                "Document");
	v = json_arr(policy, "PolicyVersionList");
	if (v && v->child)
		return json_get(v->child, "Document");
	return json_get(policy, "Document");
}

static void document(cJSON *node, const cJSON *doc)
{
	if (doc)
		cJSON_AddItemToObject(conv_props(node), "document", cJSON_Duplicate(doc, true));
}

static void attached(struct conv *c, const cJSON *o, const char *arn)
{
	const cJSON *v, *boundary = json_obj(o, "PermissionsBoundary");
	cJSON_ArrayForEach(v, json_arr(o, "AttachedManagedPolicies"))
	        conv_edge(c, arn, "has_policy", json_str(v, "PolicyArn", ""), NULL);
	if (boundary) {
		cJSON *props = cJSON_CreateObject();
		json_add_bool(props, "boundary", true);
		json_add_str(props, "action", "boundary"); /* apart from the same policy attached */
		conv_edge(c, arn, "has_policy", json_str(boundary, "PermissionsBoundaryArn", ""),
		          props);
	}
}

/* An inline policy is a node of its own: its holder's ARN and its name. */
static void inlined(struct conv *c, const cJSON *list, const char *arn, const char *account)
{
	const cJSON *v;
	cJSON_ArrayForEach(v, list)
	{
		const char *name = json_str(v, "PolicyName", "");
		char *id = xasprintf("%s/inline-policy/%s", arn, name);
		cJSON *node = conv_node(id, "policy", name, account, "");
		json_add_bool(conv_props(node), "inline", true);
		document(node, json_get(v, "PolicyDocument"));
		conv_emit(c, node);
		conv_edge(c, arn, "has_policy", id, NULL);
		free(id);
	}
}

static cJSON *principal(struct conv *c, const cJSON *o, const char *type, const char *name_key,
                        const char *inline_key, const char *account)
{
	const char *arn = json_str(o, "Arn", "");
	cJSON *node = conv_node(arn, type, json_str(o, name_key, ""), account, "");
	conv_scalars(conv_props(node), o);
	conv_tags(node, json_arr(o, "Tags"));
	attached(c, o, arn);
	inlined(c, json_arr(o, inline_key), arn, account);
	conv_edge(c, account, "contains", arn, NULL);
	return node;
}

static void user(struct conv *c, const cJSON *o, const char *account)
{
	const char *arn = json_str(o, "Arn", "");
	const char *place = strstr(arn, ":user/");
	const cJSON *g;
	conv_emit(c, principal(c, o, "user", "UserName", "UserPolicyList", account));
	cJSON_ArrayForEach(g, json_arr(o, "GroupList"))
	{
		char *group;
		if (!cJSON_IsString(g) || !place)
			continue;
		group = xasprintf("%.*s:group/%s", (int)(place - arn), arn, g->valuestring);
		conv_edge(c, arn, "member_of", group, NULL);
		free(group);
	}
}

static void profile(struct conv *c, const cJSON *o, const char *account)
{
	const char *arn = json_str(o, "Arn", "");
	const cJSON *r;
	conv_emit(c, conv_node(arn, "instance_profile", json_str(o, "InstanceProfileName", ""),
	                       account, ""));
	cJSON_ArrayForEach(r, json_arr(o, "Roles"))
	        conv_edge(c, arn, "runs_as", json_str(r, "Arn", ""), NULL);
}

static void role(struct conv *c, const cJSON *o, const char *account)
{
	cJSON *node = principal(c, o, "role", "RoleName", "RolePolicyList", account);
	const cJSON *trust = json_get(o, "AssumeRolePolicyDocument"), *p;
	if (trust) {
		cJSON_DeleteItemFromObjectCaseSensitive(conv_props(node),
		                                        "AssumeRolePolicyDocument");
		cJSON_AddItemToObject(conv_props(node), "trust", cJSON_Duplicate(trust, true));
	}
	conv_emit(c, node);
	cJSON_ArrayForEach(p, json_arr(o, "InstanceProfileList")) profile(c, p, account);
}

static void group(struct conv *c, const cJSON *o, const char *account)
{
	conv_emit(c, principal(c, o, "group", "GroupName", "GroupPolicyList", account));
}

static void policy(struct conv *c, const cJSON *o, const char *account)
{
	const char *arn = json_str(o, "Arn", "");
	cJSON *node;
	if (strstr(arn, ":iam::aws:")) /* AWS's own, the same in every account */
		account = "";
	node = conv_node(arn, "policy", json_str(o, "PolicyName", ""), account, "");
	conv_scalars(conv_props(node), o);
	document(node, document_of(o));
	conv_emit(c, node);
	if (*account)
		conv_edge(c, account, "contains", arn, NULL);
}

static const struct {
	const char *name, *part; /* the key of its name; what its ARN holds */
	void (*convert)(struct conv *c, const cJSON *o, const char *account);
} kinds[] = {
        {"UserName", ":user/", user},
        {"RoleName", ":role/", role},
        {"GroupName", ":group/", group},
        {"PolicyName", ":policy/", policy},
        {"InstanceProfileName", ":instance-profile/", profile},
};

bool conv_iam(struct conv *c, const cJSON *o, const char *account)
{
	const char *arn = json_str(o, "Arn", "");
	char own[16];
	if (!strstr(arn, ":iam::"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!json_str(o, kinds[i].name, NULL) || !strstr(arn, kinds[i].part))
			continue;
		kinds[i].convert(c, o, account_of(arn, account, own));
		return true;
	}
	return false;
}
