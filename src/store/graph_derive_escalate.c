/*
 * Escalation: which sets of actions of assets/iam/escalation.yaml a principal holds together, and
 * what it gains by them. An administrator is left out: there is nothing more to gain.
 */
#include "store/graph_derive.h"

struct method {
	const char *id, *title, *target, *pass, *service;
	const char **actions, **only;
	bool assume, account, boundary, possible;
};
struct trusting { /* roles that trust a service */
	const char *service;
	VEC(uint32_t) roles;
};
struct escalation {
	struct derive *d;
	struct method *methods;
	size_t nmethods;
	VEC(struct trusting) trusting;
	VEC(uint32_t) users, roles, groups, functions, instances, containers;
};

/* The table */

static const char **words(struct derive *d, const struct yaml_node *list)
{
	const char **out = arena_zalloc(&d->arena, ((list ? list->count : 0) + 1) * sizeof(*out));
	size_t n = 0;
	for (const struct yaml_node *w = list ? list->child : NULL; w; w = w->next)
		out[n++] = w->text;
	return out;
}

static bool flag(const struct yaml_node *y, const char *key)
{
	return strcmp(yaml_str(y, key, "false"), "true") == 0;
}

static void load_methods(struct escalation *x)
{
	const struct yaml_node *list = yaml_get(x->d->escalation.root, "methods"), *y;
	x->methods = arena_zalloc(&x->d->arena, (list->count + 1) * sizeof(*x->methods));
	for (y = list->child; y; y = y->next) {
		struct method *m = &x->methods[x->nmethods++];
		*m = (struct method){.id = yaml_str(y, "id", ""),
		                     .title = yaml_str(y, "title", ""),
		                     .target = yaml_str(y, "target", ""),
		                     .pass = yaml_str(y, "pass", NULL),
		                     .service = yaml_str(y, "service", NULL),
		                     .actions = words(x->d, yaml_get(y, "actions")),
		                     .only = words(x->d, yaml_get(y, "only")),
		                     .assume = flag(y, "assume"),
		                     .account = strcmp(yaml_str(y, "gains", ""), "account") == 0,
		                     .boundary = flag(y, "boundary"),
		                     .possible = flag(y, "possible")};
	}
}

/* Who trusts whom */

static struct trusting *trusting(struct escalation *x, const char *service)
{
	struct trusting *t;
	vec_each (t, &x->trusting)
		if (strcmp(t->service, service) == 0)
			return t;
	t = vec_push(&x->trusting);
	t->service = service;
	return t;
}

static void note_trust(struct escalation *x, uint32_t role)
{
	const cJSON *doc = json_get(dnode_props(x->d, role), "trust");
	struct iam_policy p;
	if (!doc)
		return;
	iam_parse(&p, doc, "", NULL, &x->d->arena, NULL);
	for (size_t i = 0; i < p.n; i++)
		for (size_t k = 0; p.v[i].allow && k < p.v[i].nprincipals; k++)
			if (p.v[i].principals[k].kind == IAM_SERVICE)
				*vec_push(&trusting(x, p.v[i].principals[k].id)->roles) = role;
}

static void load_nodes(struct escalation *x)
{
	for (uint32_t i = 0; i < x->d->loaded; i++) {
		if (derive_is(x->d, i, "user"))
			*vec_push(&x->users) = i;
		else if (derive_is(x->d, i, "group"))
			*vec_push(&x->groups) = i;
		else if (derive_is(x->d, i, "function"))
			*vec_push(&x->functions) = i;
		else if (derive_is(x->d, i, "instance"))
			*vec_push(&x->instances) = i;
		else if (derive_is(x->d, i, "container"))
			*vec_push(&x->containers) = i;
		else if (derive_is(x->d, i, "role")) {
			*vec_push(&x->roles) = i;
			note_trust(x, i);
		}
	}
}

/* One method for one principal */

struct attempt {
	struct escalation *x;
	const struct principal *p;
	const struct method *m;
	const char *condition, *denied_if;
	VEC(uint32_t) got; /* targets gained alike, on the same terms: one edge to all of them */
	const char *got_condition, *got_denied_if;
	bool got_sure;
};

static bool listed(const char *const *list, const char *word)
{
	for (; *list; list++)
		if (strcmp(*list, word) == 0)
			return true;
	return false;
}

static bool may(struct attempt *t, const char *action, const char *arn)
{
	struct iam_answer a = iam_may(&t->p->rights, action, arn);
	if (a.condition)
		t->condition = a.condition;
	if (a.denied_if)
		t->denied_if = a.denied_if;
	return a.verdict != IAM_NO;
}

/* Actions on the target are asked with its ARN, the others on anything. */
static bool may_all(struct attempt *t, const char *target)
{
	t->condition = t->denied_if = NULL;
	for (const char **a = t->m->actions; *a; a++) {
		bool on = target && (!t->m->only[0] || listed(t->m->only, *a));
		if (!may(t, *a, on ? target : NULL))
			return false;
	}
	return true;
}

static cJSON *method_props(struct attempt *t, uint32_t by, bool sure)
{
	cJSON *props = cJSON_CreateObject(), *list;
	json_add_str(props, "action", t->m->id);
	json_add_str(props, "method", t->m->title);
	list = json_add_arr(props, "actions");
	if (t->m->pass)
		cJSON_AddItemToArray(list, cJSON_CreateString("iam:PassRole"));
	for (const char **a = t->m->actions; *a; a++)
		cJSON_AddItemToArray(list, cJSON_CreateString(*a));
	if (by != GRAPH_NONE)
		json_add_str(props, "by", t->x->d->nodes.v[by].id);
	if (t->m->possible || !sure)
		json_add_bool(props, "possible", true);
	derive_condition(props, "condition", t->condition);
	derive_condition(props, "denied_if", t->denied_if);
	return props;
}

static void gain(struct attempt *t, uint32_t target, uint32_t by, bool sure)
{
	struct derive *d = t->x->d;
	const char *account = d->nodes.v[t->p->node].account;
	uint32_t to = target;

	if (t->m->account && *account)
		to = derive_make(d, account, "account", "");
	if (to == GRAPH_NONE || to == t->p->node)
		return;
	if (to == target && !t->got.n) {
		t->got_condition = t->condition;
		t->got_denied_if = t->denied_if;
		t->got_sure = sure;
	}
	if (to == target && t->got_condition == t->condition && t->got_denied_if == t->denied_if &&
	    t->got_sure == sure)
		*vec_push(&t->got) = to;
	else
		derive_edge(d, t->p->node, to, "escalates_to", t->m->id, method_props(t, by, sure),
		            GRAPH_EDGE_CONTROL);
}

static void put_gained(struct attempt *t)
{
	struct derive *d = t->x->d;
	const struct dnode *first = t->got.n ? &d->nodes.v[t->got.v[0]] : NULL;
	char key[64], name[128];

	if (!first)
		return;
	t->condition = t->got_condition;
	t->denied_if = t->got_denied_if;
	snprintf(key, sizeof(key), "targets:%016llx",
	         (unsigned long long)mw_hash(t->got.v, t->got.n * sizeof(*t->got.v)));
	snprintf(name, sizeof(name), "%zu of type %.40s in %.40s", t->got.n, first->type,
	         *first->account ? first->account : "?");
	derive_to_members(d, t->p->node, "escalates_to", t->m->id,
	                  method_props(t, GRAPH_NONE, t->got_sure), GRAPH_EDGE_CONTROL, key, name,
	                  first->account, t->got.v, t->got.n);
	vec_free(&t->got);
}

static bool own_account(const struct attempt *t, uint32_t node)
{
	const char *a = t->x->d->nodes.v[t->p->node].account, *b = t->x->d->nodes.v[node].account;
	return !*a || !*b || strcmp(a, b) == 0;
}

static bool customer_policy(const char *id)
{
	return !strstr(id, ":iam::aws:") && !strstr(id, "/inline-policy/");
}

static void on_self(struct attempt *t)
{
	if (may_all(t, derive_arn(t->x->d, t->p->node)))
		gain(t, GRAPH_NONE, GRAPH_NONE, true);
}

static void on_self_user(struct attempt *t)
{
	if (derive_is(t->x->d, t->p->node, "user"))
		on_self(t);
}

static void on_self_role(struct attempt *t)
{
	if (derive_is(t->x->d, t->p->node, "role"))
		on_self(t);
}

static void on_own_policy(struct attempt *t)
{
	for (const char **id = t->p->policy_ids; *id; id++)
		if (customer_policy(*id) && may_all(t, *id)) {
			gain(t, GRAPH_NONE, derive_find(t->x->d, *id), true);
			return;
		}
}

static void on_own_group(struct attempt *t)
{
	const struct dedge *g;
	size_t n = derive_out(t->x->d, DE_MEMBER_OF, t->p->node, &g);
	for (size_t i = 0; i < n; i++)
		if (may_all(t, derive_arn(t->x->d, g[i].to))) {
			gain(t, GRAPH_NONE, g[i].to, true);
			return;
		}
}

static bool assumable(struct attempt *t, uint32_t role)
{
	const cJSON *doc = json_get(dnode_props(t->x->d, role), "trust");
	struct iam_policy p;
	bool own = iam_may(&t->p->rights, "sts:AssumeRole", derive_arn(t->x->d, role)).verdict !=
	           IAM_NO;
	iam_parse(&p, doc, "", NULL, &t->x->d->arena, NULL);
	for (size_t i = 0; doc && i < p.n; i++) {
		const struct iam_statement *s = &p.v[i];
		if (!s->allow || !iam_action_some(s, "sts:AssumeRole") || s->not_principal)
			continue;
		for (size_t k = 0; k < s->nprincipals; k++) {
			uint32_t who = s->principals[k].kind == IAM_AWS
			                       ? derive_find(t->x->d, s->principals[k].id)
			                       : GRAPH_NONE;
			if (who == t->p->node || (own && derive_means(t->x->d, s, t->p->node)))
				return true;
		}
	}
	return false;
}

/* By a target of a kind; gaining the account once is enough. */
static void on_each(struct attempt *t, const uint32_t *v, size_t n)
{
	for (size_t i = 0; i < n && !t->x->d->rc; i++) {
		if (v[i] == t->p->node || !own_account(t, v[i]) ||
		    !may_all(t, derive_arn(t->x->d, v[i])) || (t->m->assume && !assumable(t, v[i])))
			continue;
		gain(t, v[i], v[i], true);
		if (t->m->account)
			return;
	}
}

static void on_user(struct attempt *t)
{
	on_each(t, t->x->users.v, t->x->users.n);
}

static void on_role(struct attempt *t)
{
	on_each(t, t->x->roles.v, t->x->roles.n);
}

static void on_group(struct attempt *t)
{
	if (derive_is(t->x->d, t->p->node, "user"))
		on_each(t, t->x->groups.v, t->x->groups.n);
}

static void on_function(struct attempt *t)
{
	on_each(t, t->x->functions.v, t->x->functions.n);
}

static void on_instance(struct attempt *t)
{
	on_each(t, t->x->instances.v, t->x->instances.n);
}

static void on_container(struct attempt *t)
{
	on_each(t, t->x->containers.v, t->x->containers.n);
}

/* The policy of a role: the policy's actions on it, what is about the role on the role. */
static void on_role_policy(struct attempt *t)
{
	for (size_t i = 0; i < t->x->roles.n; i++) {
		uint32_t role = t->x->roles.v[i];
		const struct principal *r = derive_principal(t->x->d, role);
		if (role == t->p->node || !r || !own_account(t, role) ||
		    (t->m->assume && !assumable(t, role)))
			continue;
		for (const char **id = r->policy_ids; *id; id++)
			if (customer_policy(*id) && may_all(t, *id)) {
				gain(t, role, role, true);
				return;
			}
	}
}

static void on_nothing(struct attempt *t)
{
	if (may_all(t, NULL))
		gain(t, GRAPH_NONE, GRAPH_NONE, true);
}

/* Is something of the service known to run as the role? "tasks.apprunner.amazonaws.com" names its ARNs ":apprunner:". */
static bool has_runner(struct attempt *t, uint32_t role)
{
	struct slice rest = slice_of(t->m->service), word, last = rest;
	const struct dedge *users;
	size_t n = derive_in(t->x->d, DE_RUNS_AS, role, &users);
	char part[64];
	while (rest.n && slice_split(&rest, '.', &word) && !slice_eq(word, SLICE("amazonaws")))
		last = word;
	snprintf(part, sizeof(part), ":%.*s:", (int)last.n, last.s);
	for (size_t i = 0; i < n; i++)
		if (strstr(t->x->d->nodes.v[users[i].to].id, part))
			return true;
	return false;
}

/* Something that runs as a role which trusts a service: known, or only possible. */
static void on_service_role(struct attempt *t)
{
	const struct trusting *s = trusting(t->x, t->m->service);
	if (!s->roles.n || !may_all(t, NULL))
		return;
	for (size_t i = 0; i < s->roles.n; i++)
		if (own_account(t, s->roles.v[i]))
			gain(t, s->roles.v[i], GRAPH_NONE, has_runner(t, s->roles.v[i]));
}

static void on_passed_role(struct attempt *t)
{
	const struct trusting *s = trusting(t->x, t->m->pass);
	if (!s->roles.n || !may_all(t, NULL))
		return;
	for (size_t i = 0; i < s->roles.n; i++) {
		uint32_t role = s->roles.v[i];
		t->condition = t->denied_if = NULL;
		if (own_account(t, role) && may(t, "iam:PassRole", derive_arn(t->x->d, role)))
			gain(t, role, GRAPH_NONE, true);
	}
}

static const struct {
	const char *target;
	void (*run)(struct attempt *t);
} targets[] = {
        {"self-user", on_self_user},
        {"self-role", on_self_role},
        {"own-policy", on_own_policy},
        {"own-group", on_own_group},
        {"user", on_user},
        {"role", on_role},
        {"role-policy", on_role_policy},
        {"group", on_group},
        {"function", on_function},
        {"instance", on_instance},
        {"container", on_container},
        {"nothing", on_nothing},
        {"service-role", on_service_role},
};

static void attempt(struct attempt *t)
{
	if (t->m->boundary && !t->p->boundary && !t->p->unknown_boundary)
		return;
	if (t->m->pass)
		on_passed_role(t);
	for (size_t i = 0; i < ARRAY_LEN(targets); i++)
		if (strcmp(t->m->target, targets[i].target) == 0)
			targets[i].run(t);
	put_gained(t);
}

void derive_escalation(struct derive *d)
{
	struct escalation x = {.d = d};
	struct trusting *s;

	load_methods(&x);
	load_nodes(&x);
	for (size_t i = 0; i < d->principals.n && !d->rc; i++) {
		const struct principal *p = &d->principals.v[i];
		if (p->admin || !p->npolicies)
			continue;
		for (size_t m = 0; m < x.nmethods && !d->rc; m++)
			attempt(&(struct attempt){.x = &x, .p = p, .m = &x.methods[m]});
	}
	vec_each (s, &x.trusting)
		vec_free(&s->roles);
	vec_free(&x.trusting);
	vec_free(&x.users);
	vec_free(&x.roles);
	vec_free(&x.groups);
	vec_free(&x.functions);
	vec_free(&x.instances);
	vec_free(&x.containers);
}
