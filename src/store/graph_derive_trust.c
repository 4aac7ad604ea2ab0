/*
 * Who may become a role (can_assume), and what the policies of resources grant by themselves:
 * public access, other accounts, services.
 */
#include "store/graph_derive.h"

/* Roles */

static bool assume_action(const struct iam_statement *s)
{
	return iam_action_some(s, "sts:AssumeRole") ||
	       iam_action_some(s, "sts:AssumeRoleWithSAML") ||
	       iam_action_some(s, "sts:AssumeRoleWithWebIdentity");
}

static cJSON *trust_props(const struct iam_statement *s, const char *how)
{
	cJSON *props = cJSON_CreateObject();
	json_add_str(props, "trust", how);
	derive_condition(props, "condition", s->condition);
	return props;
}

static bool denied(struct derive *d, const struct iam_policy *trust, uint32_t who)
{
	for (size_t i = 0; i < trust->n; i++) {
		const struct iam_statement *s = &trust->v[i];
		if (!s->allow && !s->condition && assume_action(s) && derive_means(d, s, who))
			return true;
	}
	return false;
}

struct trust {
	struct derive *d;
	uint32_t role;
	const struct iam_policy *policy;
	const struct iam_statement *s;
};

static void can_assume(struct trust *t, uint32_t who, const char *how, const char *condition,
                       const char *denied_if, uint16_t flags)
{
	cJSON *props;
	if (who == t->role || denied(t->d, t->policy, who))
		return;
	props = trust_props(t->s, how);
	derive_condition(props, "caller_condition", condition);
	derive_condition(props, "denied_if", denied_if);
	derive_edge(t->d, who, t->role, "can_assume", "", props, flags);
}

/* The caller's own policies must allow it too, where they are known. */
static void if_allowed(struct trust *t, const struct principal *p, const char *how)
{
	struct iam_answer a = iam_may(&p->rights, "sts:AssumeRole", derive_arn(t->d, t->role));
	if (a.verdict != IAM_NO)
		can_assume(t, p->node, how, a.condition, a.denied_if, GRAPH_EDGE_CONTROL);
}

static bool same_account(struct derive *d, uint32_t a, uint32_t b)
{
	return strcmp(d->nodes.v[a].account, d->nodes.v[b].account) == 0;
}

/* Named by its ARN within the account, a principal needs no policy of its own; but a deny or
 * boundary of its own counts. */
static void named(struct trust *t, uint32_t who)
{
	const struct principal *p = derive_principal(t->d, who);
	struct iam_answer a;
	if (!p || !p->npolicies) {
		can_assume(t, who,
		           p && same_account(t->d, who, t->role)
		                   ? "named"
		                   : "named; the caller's own policies are not known",
		           NULL, NULL, GRAPH_EDGE_CONTROL);
		return;
	}
	a = iam_may(&p->rights, "sts:AssumeRole", derive_arn(t->d, t->role));
	if (!same_account(t->d, who, t->role)) {
		if_allowed(t, p, "named, other account");
		return;
	}
	if (!a.denied)
		can_assume(t, who, "named", NULL, a.denied_if, GRAPH_EDGE_CONTROL);
}

/* An account's root in a trust leaves it to that account's policies. Its administrators reach the
 * role as such. */
static void whole_account(struct trust *t, uint32_t account)
{
	const char *id = t->d->nodes.v[account].id;
	bool own = strcmp(id, t->d->nodes.v[t->role].account) == 0;
	can_assume(t, account, own ? "own account's policies decide" : "other account", NULL, NULL,
	           GRAPH_EDGE_CONTROL);
	for (size_t i = 0; i < t->d->principals.n; i++) {
		const struct principal *p = &t->d->principals.v[i];
		if (p->admin || derive_is(t->d, p->node, "group") ||
		    strcmp(t->d->nodes.v[p->node].account, id) != 0)
			continue;
		if_allowed(t, p, "account");
	}
}

static void trusted(struct trust *t, const struct iam_principal *p)
{
	uint32_t who;
	if (p->kind == IAM_ANYONE) {
		can_assume(t, derive_make(t->d, "internet", "internet", "internet"), "anyone", NULL,
		           NULL, GRAPH_EDGE_CONTROL);
		return;
	}
	who = derive_make(t->d, p->id,
	                  p->kind == IAM_SERVICE     ? "service"
	                  : p->kind == IAM_FEDERATED ? "identity_provider"
	                                             : NULL,
	                  "");
	if (p->kind == IAM_AWS && who != GRAPH_NONE && derive_is(t->d, who, "account"))
		whole_account(t, who);
	else if (p->kind == IAM_AWS)
		named(t, who);
	else
		can_assume(t, who, p->kind == IAM_SERVICE ? "service" : "federated", NULL, NULL,
		           GRAPH_EDGE_CONTROL);
}

static void trust_of_role(struct derive *d, uint32_t role)
{
	const cJSON *doc = json_get(dnode_props(d, role), "trust");
	struct iam_policy policy;
	struct trust t = {d, role, &policy, NULL};

	if (!doc)
		return;
	iam_parse(&policy, doc, d->nodes.v[role].id, NULL, &d->arena, NULL);
	for (size_t i = 0; i < policy.n; i++) {
		t.s = &policy.v[i];
		if (!t.s->allow || t.s->not_principal || !assume_action(t.s))
			continue;
		for (size_t k = 0; k < t.s->nprincipals; k++)
			trusted(&t, &t.s->principals[k]);
	}
}

/* Resources */

static bool blocks_public(struct derive *d, uint32_t node)
{
	const cJSON *b = json_obj(dnode_props(d, node), "public_access_block");
	return json_bool(b, "RestrictPublicBuckets", false) ||
	       json_bool(b, "restrict_public_buckets", false);
}

static const char *actions_of(struct derive *d, const struct iam_statement *s)
{
	struct buf b = BUF_INIT;
	const char *out;
	size_t n = 0;
	if (s->not_action)
		buf_str(&b, "all but ");
	for (const char **a = s->actions; *a; a++, n++)
		if (n < 8)
			buf_printf(&b, "%s%s", n ? ", " : "", *a);
	if (n > 8)
		buf_printf(&b, ", +%zu more", n - 8);
	out = arena_strndup(&d->arena, b.s, b.len);
	buf_release(&b);
	return out;
}

static cJSON *resource_props(const struct iam_statement *s, const char *action)
{
	cJSON *props = cJSON_CreateObject();
	json_add_str(props, "action", action);
	json_add_str(props, "effect", "Allow");
	json_add_str(props, "via", s->via);
	json_add_str(props, "by", "resource policy");
	derive_condition(props, "condition", s->condition);
	return props;
}

/* Condition keys that tie "anyone" to somebody: AWS does not call such a grant public either. */
static const char *const tying_keys[] = {
        "aws:SourceAccount", "aws:SourceOwner",   "aws:PrincipalOrgID", "aws:PrincipalAccount",
        "aws:SourceArn",     "aws:PrincipalArn",  "aws:SourceVpc",      "aws:SourceVpce",
        "aws:SourceOrgID",   "kms:CallerAccount",
};

static const char *tied_value(struct derive *d, const cJSON *operator_)
{
	const cJSON *v;
	cJSON_ArrayForEach(v, operator_) for (size_t i = 0; i < ARRAY_LEN(tying_keys); i++)
	{
		const cJSON *value = cJSON_IsArray(v) ? v->child : v;
		if (strcasecmp(v->string, tying_keys[i]) == 0 && cJSON_IsString(value))
			return arena_strdup(&d->arena, value->valuestring);
	}
	return NULL;
}

static const char *tied_to(struct derive *d, const char *condition)
{
	struct err ignored;
	cJSON *c = condition ? json_parse(slice_of(condition), 1u << 20, &ignored) : NULL;
	const cJSON *op;
	const char *who = NULL;
	cJSON_ArrayForEach(op, c) if (!who && !strcasestr(op->string, "Not")) who =
	        tied_value(d, op);
	cJSON_Delete(c);
	return who;
}

/* Kinds whose policy alone opens them to the internet; what sits in a network is reached through
 * that. */
static bool open_by_policy(struct derive *d, uint32_t node)
{
	static const char *const kinds[] = {"bucket", "function", "secret", "kms_key",
	                                    "topic",  "queue",    "image",  "role"};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (derive_is(d, node, kinds[i]))
			return !blocks_public(d, node);
	return json_bool(dnode_props(d, node), "publicly_accessible", false);
}

/* Public is who is no principal at all: that exposes; anybody else is given a permission. */
static void grant(struct derive *d, uint32_t node, const struct iam_statement *s,
                  const struct iam_principal *p)
{
	const char *action = actions_of(d, s), *tied = NULL;
	uint32_t who;

	if (p->kind == IAM_ANYONE)
		tied = tied_to(d, s->condition);
	if (p->kind == IAM_ANYONE && !tied) {
		if (!open_by_policy(d, node))
			return;
		who = derive_make(d, "internet", "internet", "internet");
		derive_edge(d, who, node, "exposes", action, resource_props(s, action), 0);
		return;
	}
	if (tied && strchr(tied, '*'))
		return;
	who = derive_make(d, tied ? tied : p->id, p->kind == IAM_SERVICE ? "service" : NULL, "");
	if (who != node)
		derive_edge(d, who, node, "can", action, resource_props(s, action), 0);
}

static void policy_of_resource(struct derive *d, uint32_t node)
{
	const struct iam_policy *p = d->resource_policy[node];
	for (size_t i = 0; p && i < p->n; i++) {
		const struct iam_statement *s = &p->v[i];
		if (!s->allow || s->not_principal)
			continue;
		for (size_t k = 0; k < s->nprincipals; k++)
			grant(d, node, s, &s->principals[k]);
	}
}

static void public_acl(struct derive *d, uint32_t node)
{
	cJSON *props;
	if (!strstr(d->nodes.v[node].body, "\"public_acl\":true") || blocks_public(d, node))
		return;
	props = cJSON_CreateObject();
	json_add_str(props, "action", "s3:GetObject");
	json_add_str(props, "by", "access control list");
	derive_edge(d, derive_make(d, "internet", "internet", "internet"), node, "exposes",
	            "s3:GetObject", props, 0);
}

void derive_trust(struct derive *d)
{
	for (uint32_t i = 0; i < d->loaded && !d->rc; i++) {
		if (derive_is(d, i, "role"))
			trust_of_role(d, i);
		policy_of_resource(d, i);
		public_acl(d, i);
	}
}
