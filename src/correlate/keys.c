#include "correlate/keys.h"

#define NEAR_MAX 4 /* neighbours that stand for an asset; more say nothing */
#define NEAR_WEIGHT 20
#define ALONE_MAX 10 /* keys of so little weight add nothing to others */

enum as { AS_ASSET, AS_ACTOR, AS_SESSION, AS_ADDRESS, AS_PLAIN, AS_ACCOUNT };
struct entity_rule {
	const char *field, *word;
	enum as as;
	int weight;
};
static const struct entity_rule rules[] = {
        {"mw.instance", "instance", AS_ASSET, 36},
        {"src_endpoint.instance_uid", "instance", AS_ASSET, 36},
        {"device.hostname", "host", AS_ASSET, 36},
        {"resources.uid", "resource", AS_ASSET, 15},
        {"resources.name", "resource", AS_ASSET, 0},
        {"mw.alert_entity", "entity", AS_ASSET, 20},
        {"mw.bucket", "bucket", AS_ASSET, 30},
        {"mw.db", "database", AS_ASSET, 36},
        {"mw.function", "function", AS_ASSET, 30},
        {"mw.secret", "secret", AS_ASSET, 30},
        {"mw.volume", "volume", AS_ASSET, 30},
        {"mw.security_group", "security group", AS_ASSET, 20},
        {"mw.role", "role", AS_ASSET, 20},
        {"mw.snapshot", "snapshot", AS_PLAIN, 32},
        {"actor.user.credential_uid", "key", AS_PLAIN, 45},
        {"mw.new_access_key", "key", AS_PLAIN, 45},
        {"actor.session.uid", "session", AS_SESSION, 32},
        {"actor.user.name", "actor", AS_ACTOR, 30},
        {"user.name", "actor", AS_ACTOR, 30},
        {"src_endpoint.ip", "address", AS_ADDRESS, 30},
        {"dst_endpoint.ip", "address", AS_ADDRESS, 30},
        {"query.hostname", "domain", AS_PLAIN, 30},
        {"mw.shared_with", "account", AS_ACCOUNT, 30},
        {"cloud.account.uid", "account", AS_ACCOUNT, 3},
        {"container.image.name", "image", AS_PLAIN, 15},
};

/* What a node of this type says when two findings share it. */
struct type_weight {
	const char *type;
	int weight;
};
static const struct type_weight type_weights[] = {
        {"instance", 36},
        {"database", 36},
        {"k8s_workload", 36},
        {"vm", 36},
        {"function", 30},
        {"secret", 30},
        {"user", 30},
        {"bucket", 30},
        {"access_key", 45},
        {"volume", 30},
        {"snapshot", 32},
        {"role", 30},
        {"image", 15},
        {"account", 3},
        {"vpc", 3},
        {"subnet", 3},
        {"security_group", 20},
        {"kms_key", 15},
        {"load_balancer", 20},
        {"k8s_cluster", 8},
        {"subscription", 3},
        {"resource_group", 3},
};

static int weight_of_type(const char *type)
{
	for (size_t i = 0; i < ARRAY_LEN(type_weights); i++)
		if (!strcmp(type, type_weights[i].type))
			return type_weights[i].weight;
	return 10;
}

bool entity_split(const char *entity, struct slice *field, struct slice *value)
{
	const char *eq = strchr(entity, '=');
	if (!eq)
		return false;
	*field = (struct slice){entity, (size_t)(eq - entity)};
	*value = slice_of(eq + 1);
	return true;
}

static struct key *add_key(struct keyset *out, char *text, int weight, uint32_t node)
{
	struct key *k;
	vec_each (k, &out->v) {
		if (strcmp(k->text, text) != 0)
			continue;
		k->weight = weight > k->weight ? weight : k->weight;
		free(text);
		return k;
	}
	k = vec_push(&out->v);
	*k = (struct key){text, weight, node, node != GRAPH_NONE, weight <= ALONE_MAX};
	return k;
}

/* "dana.reyes" of dana.reyes@corp.example, CORP\dana.reyes and Dana.Reyes */
static struct slice local_part(struct slice s)
{
	const char *back = memrchr(s.s, '\\', s.n);
	if (back) {
		s.n -= (size_t)(back + 1 - s.s);
		s.s = back + 1;
	}
	const char *at = memchr(s.s, '@', s.n);
	if (at && at > s.s)
		s.n = (size_t)(at - s.s);
	return s;
}

static char *lower_text(const char *word, struct slice s)
{
	char *text = xasprintf("%s %.*s", word, (int)s.n, s.s);
	for (char *p = text; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	return text;
}

static void add_node(struct keyset *out, const struct facts *f, uint32_t node)
{
	struct graph *g = facts_graph(f);
	const char *type = graph_node_type(g, node);
	int weight = weight_of_type(type);
	if (!strcmp(type,
	            "user")) { /* the directory's and the cloud's user of one name are one person */
		struct key *k =
		        add_key(out, lower_text("actor", local_part(slice_of(facts_name(f, node)))),
		                weight, GRAPH_NONE);
		k->node = node;
	} else if (!strcmp(type, "access_key")) {
		add_key(out, xasprintf("key %s", graph_node_id(g, node)), weight, GRAPH_NONE);
	} else {
		struct key *k = add_key(out, xasprintf("%s %s", type, graph_node_id(g, node)),
		                        weight, node);
		k->alone |= !strcmp(type, "role");
		k->asset = strcmp(type, "role") != 0; /* many may take one role */
		if (facts_service_account(f, node))   /* what it does is logged under that name */
			add_key(out, lower_text("actor", slice_of(facts_service_account(f, node))),
			        30, GRAPH_NONE);
	}
}

/* A security group or volume also stands for the few assets that use it. */
static void add_near(struct keyset *out, const struct facts *f, uint32_t node)
{
	struct graph *g = facts_graph(f);
	const char *type = graph_node_type(g, node);
	const struct graph_edge *edges;
	if (strcmp(type, "security_group") != 0 && strcmp(type, "volume") != 0)
		return;
	bool out_side = !strcmp(type, "volume");
	size_t n = out_side ? graph_out(g, node, &edges) : graph_in(g, node, &edges);
	if (n > NEAR_MAX)
		return;
	for (size_t i = 0; i < n; i++) {
		const char *edge = graph_type_name(g, edges[i].type);
		if (!strcmp(edge, "uses") || !strcmp(edge, "attached_to"))
			add_key(out,
			        xasprintf("%s %s", graph_node_type(g, edges[i].to),
			                  graph_node_id(g, edges[i].to)),
			        NEAR_WEIGHT, edges[i].to);
	}
}

static bool add_asset(struct keyset *out, const struct facts *f, struct slice value)
{
	uint32_t node = facts_node(f, value);
	if (node == GRAPH_NONE)
		return false;
	add_node(out, f, node);
	add_near(out, f, node);
	return true;
}

static void add_actor(struct keyset *out, const struct facts *f, struct slice value, int weight)
{
	struct slice name = local_part(value);
	if (name.n > 14 && !memcmp(name.s + name.n - 14, ".amazonaws.com", 14))
		return; /* a service acts for everybody */
	uint32_t node = facts_node(f, value);
	if (node == GRAPH_NONE)
		node = facts_node(f, name);
	if (node != GRAPH_NONE)
		add_node(out, f, node);
	else
		add_key(out, lower_text("actor", name), weight, GRAPH_NONE);
}

static bool looks_like_name(struct slice s)
{
	size_t letters = 0;
	for (size_t i = 0; i < s.n; i++)
		letters += (s.s[i] >= 'a' && s.s[i] <= 'z') || (s.s[i] >= 'A' && s.s[i] <= 'Z');
	return letters * 2 > s.n; /* ids of sessions are mostly digits */
}

static void add_address(struct keyset *out, const struct facts *f, struct slice value, int weight)
{
	if (!facts_public_address(value)) {
		if (!facts_scanner(f, value))
			add_asset(out, f,
			          value); /* an inside address means something only as somebody's */
		return;
	}
	if (!add_asset(out, f, value) && !facts_own_address(f, value))
		add_key(out, xasprintf("address %.*s", (int)value.n, value.s), weight, GRAPH_NONE);
}

static void add_account(struct keyset *out, const struct facts *f, struct slice value, int weight)
{
	size_t n;
	const char *const *own = facts_list(f, SLICE("accounts"), &n);
	for (size_t i = 0; i < n; i++)
		if (slice_eq_str(value, own[i]))
			weight = 3;
	add_key(out, xasprintf("account %.*s", (int)value.n, value.s), weight, GRAPH_NONE);
}

static void add_entity(struct keyset *out, const struct facts *f, const struct entity_rule *r,
                       struct slice value)
{
	switch (r->as) {
	case AS_ASSET:
		if (!add_asset(out, f, value) && r->weight)
			add_key(out, lower_text(r->word, value), r->weight, GRAPH_NONE);
		break;
	case AS_SESSION:
		if (looks_like_name(value))
			add_actor(out, f, value, 30);
		else if (!add_asset(out, f, value))
			add_key(out, xasprintf("session %.*s", (int)value.n, value.s), r->weight,
			        GRAPH_NONE);
		break;
	case AS_ACTOR:
		add_actor(out, f, value, r->weight);
		break;
	case AS_ADDRESS:
		add_address(out, f, value, r->weight);
		break;
	case AS_ACCOUNT:
		add_account(out, f, value, r->weight);
		break;
	case AS_PLAIN:
		if (value.n > 1 && value.s[value.n - 1] == '.')
			value.n--; /* a full domain name */
		add_key(out, xasprintf("%s %.*s", r->word, (int)value.n, value.s), r->weight,
		        GRAPH_NONE);
		break;
	}
}

void keys_of(const struct finding *f, const struct facts *facts, struct keyset *out)
{
	struct slice field, value;
	for (size_t i = 0; i < f->entities.n; i++) {
		if (!entity_split(f->entities.v[i], &field, &value) || !value.n)
			continue;
		for (size_t k = 0; k < ARRAY_LEN(rules); k++)
			if (slice_eq_str(field, rules[k].field))
				add_entity(out, facts, &rules[k], value);
	}
}

void keyset_release(struct keyset *k)
{
	for (size_t i = 0; i < k->v.n; i++)
		free(k->v.v[i].text);
	vec_free(&k->v);
}
