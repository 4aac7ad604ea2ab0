/*
 * What principals hold, and the `can` edges that follow: for each allowing statement and each kind
 * of resource that its actions are about, one edge to the resources that it names, with what limits
 * it.
 */
#include "store/graph_derive.h"
#include "store/graph_risk.h"

/* Principals */

static const char *const principal_types[] = {"user", "role", "group"};

static bool is_principal(const struct dnode *n)
{
	for (size_t i = 0; i < ARRAY_LEN(principal_types); i++)
		if (strcmp(n->type, principal_types[i]) == 0)
			return true;
	return false;
}

struct holder {
	struct derive *d;
	const char *self;
	struct map *parsed; /* policy node id -> struct iam_policy *, those without variables */
	VEC(const struct iam_policy *) policies;
	VEC(const char *) ids;
};

static const struct iam_policy *policy_of(struct holder *h, uint32_t node)
{
	const struct dnode *n = &h->d->nodes.v[node];
	const cJSON *doc = json_get(dnode_props(h->d, node), "document");
	bool own = strstr(n->body, "${") != NULL, added;
	struct map_entry *e;
	struct iam_policy *p;

	if (!doc)
		return NULL;
	e = map_put_str(h->parsed, n->id, &added);
	if (!own && !added)
		return e->val.p;
	p = arena_alloc(&h->d->arena, sizeof(*p));
	iam_parse(p, doc, n->id, own ? h->self : NULL, &h->d->arena, NULL);
	e->val.p = p;
	return p;
}

static void hold(struct holder *h, uint32_t node)
{
	const struct dedge *e;
	size_t n = derive_out(h->d, DE_HAS_POLICY, node, &e);
	for (size_t i = 0; i < n; i++) {
		const struct iam_policy *p = policy_of(h, e[i].to);
		*vec_push(&h->ids) = h->d->nodes.v[e[i].to].id;
		if (p && p->n)
			*vec_push(&h->policies) = p;
	}
}

static void find_boundary(struct holder *h, struct principal *p)
{
	const struct dedge *e;
	if (!derive_out(h->d, DE_BOUNDARY, p->node, &e))
		return;
	p->boundary = policy_of(h, e[0].to);
	if (!p->boundary)
		p->unknown_boundary = h->d->nodes.v[e[0].to].id;
}

static bool everything(const struct iam_statement *s)
{
	return s->allow && !s->condition && !s->not_action && !s->not_resource &&
	       iam_action_all(s, "*") && iam_resource_all(s, "*");
}

static bool grants_everything(const struct iam_policy *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (everything(&p->v[i]))
			return true;
	return false;
}

static bool is_admin(const struct principal *p)
{
	bool all = false;
	for (size_t i = 0; i < p->npolicies; i++) {
		for (size_t k = 0; k < p->policies[i]->n; k++)
			if (!p->policies[i]->v[k].allow && !p->policies[i]->v[k].condition)
				return false;
		all |= grants_everything(p->policies[i]);
	}
	return all && !p->unknown_boundary && (!p->boundary || grants_everything(p->boundary));
}

static void add_principal(struct derive *d, uint32_t node, struct map *parsed)
{
	struct holder h = {.d = d, .self = d->nodes.v[node].name, .parsed = parsed};
	const struct dedge *groups;
	size_t n = derive_out(d, DE_MEMBER_OF, node, &groups);
	struct principal p = {.node = node};

	hold(&h, node);
	for (size_t i = 0; i < n; i++)
		if (derive_is(d, groups[i].to, "group"))
			hold(&h, groups[i].to);
	find_boundary(&h, &p);
	p.npolicies = h.policies.n;
	p.policies = arena_zalloc(&d->arena, (h.policies.n + 1) * sizeof(*p.policies));
	p.policy_ids = arena_zalloc(&d->arena, (h.ids.n + 1) * sizeof(*p.policy_ids));
	if (h.policies.n)
		memcpy(p.policies, h.policies.v, h.policies.n * sizeof(*p.policies));
	if (h.ids.n)
		memcpy(p.policy_ids, h.ids.v, h.ids.n * sizeof(*p.policy_ids));
	p.rights = (struct iam_rights){p.policies, p.npolicies, p.boundary};
	p.admin = is_admin(&p);
	*vec_push(&d->principals) = p;
	d->principal_of[node] = (uint32_t)d->principals.n;
	vec_free(&h.policies);
	vec_free(&h.ids);
}

static void parse_resource_policy(struct derive *d, uint32_t node)
{
	const struct dnode *n = &d->nodes.v[node];
	const cJSON *doc;
	if (!strstr(n->body, "\"policy\":"))
		return;
	doc = json_get(dnode_props(d, node), "policy");
	if (!doc)
		return;
	d->resource_policy[node] = arena_alloc(&d->arena, sizeof(struct iam_policy));
	iam_parse(d->resource_policy[node], doc, n->id, NULL, &d->arena, NULL);
}

/* A resource whose account is not known is taken as the principals' own only where they all have
 * the same. */
static bool one_account(const struct derive *d)
{
	const char *first = NULL;
	for (size_t i = 0; i < d->principals.n; i++) {
		const char *a = d->nodes.v[d->principals.v[i].node].account;
		if (*a && first && strcmp(a, first) != 0)
			return false;
		first = *a ? a : first;
	}
	return true;
}

void derive_principals(struct derive *d)
{
	struct map parsed = MAP_INIT;
	d->resource_policy = arena_zalloc(&d->arena, (d->loaded + 1) * sizeof(*d->resource_policy));
	for (uint32_t i = 0; i < d->loaded; i++) {
		if (is_principal(&d->nodes.v[i]))
			add_principal(d, i, &parsed);
		else
			parse_resource_policy(d, i);
	}
	map_release(&parsed);
	d->one_account = one_account(d);
}

/* By id, so that it holds for accounts and principals that have no node as well. */
static bool names(const struct iam_principal *p, const struct dnode *n)
{
	struct buf id = BUF_INIT;
	bool is;
	if (p->kind == IAM_ANYONE)
		return true;
	if (p->kind != IAM_AWS)
		return false;
	graph_canonical_id(slice_of(p->id), &id);
	is = strcmp(id.s, n->id) == 0 || (*n->account && strcmp(id.s, n->account) == 0);
	buf_release(&id);
	return is;
}

bool derive_means(struct derive *d, const struct iam_statement *s, uint32_t node)
{
	bool means = false;
	for (size_t i = 0; i < s->nprincipals && !means; i++)
		means = names(&s->principals[i], &d->nodes.v[node]);
	return means != s->not_principal;
}

/* What harm a policy allows on everything stands on its node, as props.risks. */
static void note_risks(struct derive *d, const struct risk_table *t, uint32_t node)
{
	const cJSON *doc = json_get(dnode_props(d, node), "document");
	struct buf text = BUF_INIT;
	struct iam_policy p;
	cJSON *risks;

	if (!doc)
		return;
	iam_parse(&p, doc, "", NULL, &d->arena, NULL);
	risks = risk_of_policy(t, &p);
	json_write(&text, risks);
	d->rc = db_run(&d->g->db, d->e,
	               "UPDATE node SET body=json_set(body,'$.props.risks',json(?)) WHERE n=?",
	               "si", text.s, d->nodes.v[node].row);
	buf_release(&text);
	cJSON_Delete(risks);
}

void derive_risks(struct derive *d)
{
	struct risk_table *t = risk_load(d->e);
	d->rc = t ? 0 : -1;
	for (uint32_t i = 0; i < d->loaded && !d->rc; i++)
		if (derive_is(d, i, "policy"))
			note_risks(d, t, i);
	risk_free(t);
}

/* Resources by kind: the rows of assets/iam/services.yaml */

struct service_row {
	const char *service, *type, *arn;
	const char **actions, **not, **data;
	bool below;
	uint32_t *nodes; /* of that type */
	size_t n;
};

static const char **words(struct derive *d, const struct yaml_node *list)
{
	const char **out = arena_zalloc(&d->arena, ((list ? list->count : 0) + 1) * sizeof(*out));
	size_t n = 0;
	for (const struct yaml_node *w = list ? list->child : NULL; w; w = w->next)
		out[n++] = w->text;
	return out;
}

static void row_nodes(struct derive *d, struct service_row *r)
{
	VEC(uint32_t) v = {0};
	for (uint32_t i = 0; i < d->loaded; i++)
		if (derive_is(d, i, r->type) &&
		    (!r->arn || iam_glob(r->arn, derive_arn(d, i), false)))
			*vec_push(&v) = i;
	r->nodes = arena_alloc(&d->arena, v.n * sizeof(*v.v) + 1);
	if (v.n)
		memcpy(r->nodes, v.v, v.n * sizeof(*v.v));
	r->n = v.n;
	vec_free(&v);
}

static struct service_row *load_rows(struct derive *d, size_t *n)
{
	const struct yaml_node *list = yaml_get(d->services.root, "services"), *y;
	struct service_row *rows = arena_zalloc(&d->arena, (list->count + 1) * sizeof(*rows));
	*n = 0;
	for (y = list->child; y; y = y->next) {
		struct service_row *r = &rows[(*n)++];
		r->service = yaml_str(y, "service", "");
		r->type = yaml_str(y, "type", "");
		r->arn = yaml_str(y, "arn", NULL);
		r->below = strcmp(yaml_str(y, "below", "false"), "true") == 0;
		r->data = words(d, yaml_get(y, "data"));
		r->not = words(d, yaml_get(y, "not"));
		r->actions = words(d, yaml_get(y, "actions"));
		if (!r->actions[0]) {
			r->actions = arena_zalloc(&d->arena, 2 * sizeof(*r->actions));
			r->actions[0] = arena_printf(&d->arena, "%s:*", r->service);
		}
		row_nodes(d, r);
	}
	return rows;
}

static bool service_fits(const char *action, const char *service)
{
	size_t n = strcspn(action, ":");
	if (memchr(action, '*', n) || memchr(action, '?', n))
		return true;
	return strlen(service) == n && strncasecmp(action, service, n) == 0;
}

static bool about(const struct service_row *r, const char *action)
{
	if (!service_fits(action, r->service))
		return false;
	for (const char **a = r->not ; *a; a++)
		if (iam_covers(*a, action, true))
			return false;
	for (const char **a = r->actions; *a; a++)
		if (iam_overlaps(*a, action, true))
			return true;
	return false;
}

/* One grant: a statement of a principal on one kind of resource */

#define ACTS_MAX 200 /* patterns of one statement that an edge can carry */
#define ACTS_SHOWN 8 /* that its label shows */
struct acts {
	const char *v[ACTS_MAX];
	size_t n;
};
struct grant {
	struct derive *d;
	const struct principal *p;
	const struct iam_statement *s;
	const struct service_row *row;
	struct acts acts;
	const char *limit_condition; /* of the boundary */
	bool only_some_resources; /* the boundary names resources: members are checked one by one */
};

static void act_add(struct acts *a, const char *action)
{
	for (size_t i = 0; i < a->n; i++)
		if (strcasecmp(a->v[i], action) == 0)
			return;
	if (a->n < ACTS_MAX)
		a->v[a->n++] = action;
}

static void acts_of_statement(struct grant *g)
{
	const struct iam_statement *s = g->s;
	if (!s->not_action) {
		for (const char **a = s->actions; *a; a++)
			if (about(g->row, *a))
				act_add(&g->acts, *a);
		return;
	}
	/* all but some: the kind's own patterns, those that nothing of is taken out of */
	for (const char **a = g->row->actions; *a; a++)
		if (iam_action_some(s, *a))
			act_add(&g->acts, *a);
}

/* The boundary lets through what both allow: the narrower pattern of the two. */
static void limit_acts(struct grant *g)
{
	struct acts in = g->acts;
	const struct iam_policy *b = g->p->boundary;
	if (!b)
		return;
	g->acts.n = 0;
	for (size_t i = 0; i < in.n; i++)
		for (size_t k = 0; k < b->n; k++) {
			const struct iam_statement *s = &b->v[k];
			if (!s->allow || !iam_action_some(s, in.v[i]))
				continue;
			if (s->condition)
				g->limit_condition = s->condition;
			g->only_some_resources |= !iam_resource_all(s, "*");
			if (iam_action_all(s, in.v[i]) || s->not_action) {
				act_add(&g->acts, in.v[i]);
				continue;
			}
			for (const char **a = s->actions; *a; a++)
				if (iam_covers(in.v[i], *a, true) && about(g->row, *a))
					act_add(&g->acts, *a);
		}
}

/* Does a statement mean this resource, or what is below it? Wholly: no part of it is left out. */
static bool means(struct grant *g, const struct iam_statement *s, uint32_t node, bool wholly)
{
	const char *arn = derive_arn(g->d, node);
	char below[1100];
	if (g->row->below) {
		snprintf(below, sizeof(below), "%s/*", arn);
		arn = below;
	}
	if (wholly)
		return iam_resource_all(s, arn);
	if (s->not_resource)
		return !iam_resource_all(&(struct iam_statement){.resources = s->resources}, arn);
	for (const char **r = s->resources; *r; r++)
		if (iam_overlaps(*r, arn, false))
			return true;
	return !s->resources[0];
}

static bool boundary_means(struct grant *g, uint32_t node)
{
	const struct iam_policy *b = g->p->boundary;
	for (size_t i = 0; i < b->n; i++)
		if (b->v[i].allow && means(g, &b->v[i], node, false))
			for (size_t k = 0; k < g->acts.n; k++)
				if (iam_action_some(&b->v[i], g->acts.v[k]))
					return true;
	return false;
}

/* A key obeys an account's policies only where its own policy says so. */
static bool key_delegates(struct grant *g, uint32_t node)
{
	const struct iam_policy *p = g->d->resource_policy[node];
	if (!p || !derive_is(g->d, node, "kms_key"))
		return true;
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].allow && derive_means(g->d, &p->v[i], g->p->node))
			return true;
	return false;
}

/* What stands against a grant */

struct limits {
	struct acts denied;    /* patterns of denies that take a part */
	const char *denied_if; /* a conditional deny */
	bool special;          /* some deny is about single resources */
};

static bool touches_any(const struct iam_statement *s, const struct acts *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (iam_action_some(s, a->v[i]))
			return true;
	return false;
}

/* node GRAPH_NONE: the deny is about everything. What it takes a part of stays, with a note. */
static void weigh(struct grant *g, const struct iam_statement *s, uint32_t node, struct acts *left,
                  struct limits *out)
{
	bool whole = node == GRAPH_NONE || means(g, s, node, true);
	struct acts keep = {.n = 0};

	if (!touches_any(s, left))
		return;
	if (s->condition) {
		out->denied_if = s->condition;
		return;
	}
	for (size_t i = 0; i < left->n; i++)
		if (!whole || !iam_action_all(s, left->v[i]))
			keep.v[keep.n++] = left->v[i];
	*left = keep;
	if (!touches_any(s, left))
		return;
	for (const char **a = s->actions; *a; a++)
		act_add(&out->denied,
		        s->not_action ? arena_printf(&g->d->arena, "all but %s", *a) : *a);
}

/* Denies that hold everywhere change the grant; those about single resources change it for these.
 */
static void deny_everywhere(struct grant *g, const struct iam_policy *p, struct acts *left,
                            struct limits *out)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct iam_statement *s = &p->v[i];
		if (s->allow)
			continue;
		if (iam_resource_all(s, "*"))
			weigh(g, s, GRAPH_NONE, left, out);
		else
			out->special = true;
	}
}

static void deny_here(struct grant *g, const struct iam_policy *p, uint32_t node, bool resource,
                      struct acts *left, struct limits *out)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct iam_statement *s = &p->v[i];
		if (s->allow || (!resource && iam_resource_all(s, "*")) ||
		    (resource && !derive_means(g->d, s, g->p->node)) || !means(g, s, node, false))
			continue;
		weigh(g, s, node, left, out);
	}
}

static bool has_deny(const struct iam_policy *p, bool conditional)
{
	for (size_t i = 0; p && i < p->n; i++)
		if (!p->v[i].allow && (conditional || !p->v[i].condition))
			return true;
	return false;
}

/* Writing the edges */

static const char *joined(struct derive *d, const char *const *v, size_t n, size_t shown)
{
	struct buf b = BUF_INIT;
	const char *out;
	for (size_t i = 0; i < n && i < shown; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", v[i]);
	if (n > shown)
		buf_printf(&b, ", +%zu more", n - shown);
	out = arena_strndup(&d->arena, b.s, b.len);
	buf_release(&b);
	return out;
}

static enum iam_level level_of(const struct grant *g, const struct acts *a)
{
	enum iam_level most = IAM_LIST;
	for (size_t i = 0; i < a->n; i++) {
		enum iam_level l = iam_level_of(a->v[i]);
		bool data = false;
		for (const char **p = g->row->data; *p; p++)
			data |= iam_overlaps(*p, a->v[i], true);
		if (l == IAM_READ && !data)
			l = IAM_LIST;
		if (l == IAM_LIST && data)
			l = IAM_READ;
		most = l > most ? l : most;
	}
	return most;
}

static cJSON *grant_props(struct grant *g, const struct acts *a, const struct limits *l)
{
	static const char *const names[] = {"metadata", "read", "write"};
	cJSON *props = cJSON_CreateObject();
	size_t n = 0, nacts = 0;
	while (g->s->resources[n])
		n++;
	while (g->s->actions[nacts])
		nacts++;
	json_add_str(props, "effect", "Allow");
	json_add_str(props, "access", names[level_of(g, a)]);
	if (g->s->not_action)
		json_add_str(props, "not_action", joined(g->d, g->s->actions, nacts, 20));
	json_add_str(props, g->s->not_resource ? "not_resource" : "resource",
	             joined(g->d, g->s->resources, n, 4));
	json_add_str(props, "via", g->s->via);
	derive_condition(props, "condition", g->s->condition);
	derive_condition(props, "boundary_condition", g->limit_condition);
	if (g->p->unknown_boundary)
		json_add_str(props, "limited_by", g->p->unknown_boundary);
	if (l->denied.n)
		json_add_str(props, "denied", joined(g->d, l->denied.v, l->denied.n, 20));
	derive_condition(props, "denied_if", l->denied_if);
	return props;
}

static uint16_t flags_of(struct grant *g, const struct acts *a)
{
	return level_of(g, a) == IAM_LIST ? GRAPH_EDGE_META : 0;
}

static void put_one(struct grant *g, uint32_t node, struct acts *left, struct limits *l)
{
	const char *action = joined(g->d, left->v, left->n, ACTS_SHOWN);
	cJSON *props;
	if (!left->n || node == g->p->node)
		return;
	props = grant_props(g, left, l);
	json_add_str(props, "action", action);
	derive_edge(g->d, g->p->node, node, "can", action, props, flags_of(g, left));
}

struct members {
	uint32_t *v;
	size_t n;
};

/* A wildcard stays within the account; a resource that is named may be anywhere. */
static bool in_reach(struct grant *g, uint32_t node)
{
	const char *own = g->d->nodes.v[g->p->node].account, *its = g->d->nodes.v[node].account;
	if (strcmp(own, its) == 0 || ((!*own || !*its) && g->d->one_account))
		return true;
	for (const char **r = g->s->resources; *r && !g->s->not_resource; r++)
		if (!strchr(*r, '*') ||
		    strncmp(*r, derive_arn(g->d, node), strlen(derive_arn(g->d, node))) == 0)
			if (means(g, g->s, node, false))
				return true;
	return false;
}

static char *members_key(struct grant *g)
{
	struct buf b = BUF_INIT;
	buf_printf(&b, "%s:%s/%s%s%s", g->d->nodes.v[g->p->node].account, g->row->service,
	           g->row->type, g->row->below ? "/*" : "", g->s->not_resource ? ":not" : "");
	for (const char **r = g->s->resources; *r; r++)
		buf_printf(&b, ":%s", *r);
	return buf_take(&b, NULL);
}

static const struct members *members_of(struct grant *g, const char *key)
{
	bool added;
	struct map_entry *e = map_put_str(&g->d->members, key, &added);
	struct members *m;
	if (!added)
		return e->val.p;
	m = arena_zalloc(&g->d->arena, sizeof(*m));
	e->val.p = m;
	m->v = arena_alloc(&g->d->arena, g->row->n * sizeof(*m->v) + 1);
	for (size_t i = 0; i < g->row->n; i++)
		if (in_reach(g, g->row->nodes[i]) && means(g, g->s, g->row->nodes[i], false))
			m->v[m->n++] = g->row->nodes[i];
	return m;
}

/* A conditional deny of a resource is shown where edges go to single resources; classes stay whole.
 */
static bool set_apart(struct grant *g, uint32_t node, bool special, bool few)
{
	return special || has_deny(g->d->resource_policy[node], few) ||
	       (g->only_some_resources && g->p->boundary) || !key_delegates(g, node);
}

static bool deny_touches(struct grant *g, uint32_t node)
{
	for (size_t i = 0; i < g->p->npolicies; i++)
		for (size_t k = 0; k < g->p->policies[i]->n; k++) {
			const struct iam_statement *s = &g->p->policies[i]->v[k];
			if (!s->allow && means(g, s, node, false))
				return true;
		}
	return false;
}

static void put_apart(struct grant *g, uint32_t node, const struct acts *acts,
                      const struct limits *base)
{
	struct acts left = *acts;
	struct limits l = *base;
	if ((g->only_some_resources && g->p->boundary && !boundary_means(g, node)) ||
	    !key_delegates(g, node))
		return;
	for (size_t i = 0; i < g->p->npolicies; i++)
		deny_here(g, g->p->policies[i], node, false, &left, &l);
	if (g->d->resource_policy[node])
		deny_here(g, g->d->resource_policy[node], node, true, &left, &l);
	put_one(g, node, &left, &l);
}

static void put_rest(struct grant *g, const struct acts *acts, const struct limits *l,
                     const uint32_t *v, size_t n, const struct members *m, const char *key)
{
	const char *action = joined(g->d, acts->v, acts->n, ACTS_SHOWN);
	const char *account = g->d->nodes.v[g->p->node].account;
	size_t count = 0;
	cJSON *props = grant_props(g, acts, l);
	char *name, *own = n == m->n ? xstrdup(key)
	                             : xasprintf("%s!%016llx", key,
	                                         (unsigned long long)mw_hash(v, n * sizeof(*v)));
	while (g->s->resources[count])
		count++;
	name = xasprintf("%s of %s matching %s%s%s", g->row->type, *account ? account : "?",
	                 g->s->not_resource ? "all but " : "",
	                 joined(g->d, g->s->resources, count, 2), n == m->n ? "" : ", less denied");
	json_add_str(props, "action", action);
	derive_to_members(g->d, g->p->node, "can", action, props, flags_of(g, acts), own, name,
	                  account, v, n);
	free(name);
	free(own);
}

static void put_grant(struct grant *g)
{
	struct limits l = {.denied.n = 0};
	struct acts left = g->acts;
	char *key = members_key(g);
	const struct members *m = members_of(g, key);
	uint32_t *rest = xmalloc(m->n * sizeof(*rest) + 1);
	size_t n = 0;

	for (size_t i = 0; i < g->p->npolicies; i++)
		deny_everywhere(g, g->p->policies[i], &left, &l);
	for (size_t i = 0; i < m->n && left.n; i++) {
		if (set_apart(g, m->v[i], l.special && deny_touches(g, m->v[i]),
		              m->n < DERIVE_CLASS_MIN))
			put_apart(g, m->v[i], &left, &l);
		else
			rest[n++] = m->v[i];
	}
	if (n && left.n)
		put_rest(g, &left, &l, rest, n, m, key);
	free(rest);
	free(key);
}

static void grant_statement(struct derive *d, const struct principal *p,
                            const struct iam_statement *s, const struct service_row *rows,
                            size_t nrows)
{
	for (size_t i = 0; i < nrows && !d->rc; i++) {
		struct grant *g = xcalloc(1, sizeof(*g));
		*g = (struct grant){.d = d, .p = p, .s = s, .row = &rows[i]};
		acts_of_statement(g);
		limit_acts(g);
		if (g->acts.n && g->row->n)
			put_grant(g);
		free(g);
	}
}

/* An administrator needs no list: the account with everything in it. */
static void grant_account(struct derive *d, const struct principal *p)
{
	const char *account = d->nodes.v[p->node].account;
	uint32_t node = derive_make(d, account, "account", "");
	cJSON *props = cJSON_CreateObject();
	json_add_str(props, "action", "*");
	json_add_str(props, "effect", "Allow");
	json_add_str(props, "resource", "*");
	json_add_str(props, "access", "administrator");
	for (size_t i = 0; i < p->npolicies; i++)
		if (grants_everything(p->policies[i]) && !json_get(props, "via"))
			json_add_str(props, "via", p->policies[i]->v[0].via);
	derive_edge(d, p->node, node, "can", "*", props, GRAPH_EDGE_CONTROL);
}

void derive_permissions(struct derive *d)
{
	size_t nrows;
	const struct service_row *rows = load_rows(d, &nrows);
	for (size_t i = 0; i < d->principals.n && !d->rc; i++) {
		const struct principal *p = &d->principals.v[i];
		if (p->admin && *d->nodes.v[p->node].account) {
			grant_account(d, p);
			continue;
		}
		for (size_t k = 0; k < p->npolicies; k++)
			for (size_t s = 0; s < p->policies[k]->n; s++)
				if (p->policies[k]->v[s].allow)
					grant_statement(d, p, &p->policies[k]->v[s], rows, nrows);
	}
}
