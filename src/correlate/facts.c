#include "correlate/facts.h"

#include "base/map.h"
#include "plan/cidr.h"

struct texts {
	VEC(const char *) v;
};
enum list { LIST_OWN, LIST_ACCOUNTS, LIST_CLASSIFIED, LIST_INDICATORS, LIST_SCANNERS, NLIST };
static const char *const list_names[NLIST] = {"own", "accounts", "classified", "indicators",
                                              "scanners"};

struct node_fact {
	const char *data_class, *name, *service_account;
	int criticality;
	bool record; /* an explanation, not an asset */
};
struct alias {         /* what a name or address stands for */
	uint32_t node; /* GRAPH_NONE: several have it */
	bool minor;    /* a part or a store of something: gives way to the asset of the same name */
};
struct facts {
	struct graph *g;
	struct arena arena;
	struct texts lists[NLIST];
	VEC(struct cidr) own;
	bool told_networks; /* somebody wrote them down: addresses of assets alone do not say what is outside */
	struct map aliases; /* address or name -> index into alias */
	VEC(struct alias) alias;
	struct map accounts, scanners, indicators; /* indicators: index + 1 */
	VEC(struct fact_indicator) indicator;
	VEC(struct fact_change) changes;
	VEC(uint32_t) change_nodes; /* the node of each change, for its edges */
	struct node_fact *nodes;    /* by node number */
	uint32_t nnodes;
};

static const char *keep(struct facts *f, const char *s)
{
	return s ? arena_strdup(&f->arena, s) : NULL;
}

static void add_list(struct facts *f, enum list l, const char *text)
{
	*vec_push(&f->lists[l].v) = keep(f, text);
}

/* Case-blind keys: names are written in any case. */
static struct slice lower(struct slice s, char *out, size_t size)
{
	size_t n = s.n < size ? s.n : size;
	for (size_t i = 0; i < n; i++)
		out[i] = s.s[i] >= 'A' && s.s[i] <= 'Z' ? (char)(s.s[i] + 32) : s.s[i];
	return (struct slice){out, n};
}
#define ALIAS_MAX 512

static bool is_minor(const char *type)
{
	static const char *const types[] = {
	        "volume", "snapshot",         "network_interface", "image", "vpc",
	        "subnet", "instance_profile", "resource",          "owner", "policy",
	        "finding"};
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

static void add_alias(struct facts *f, const char *text, uint32_t node)
{
	char low[ALIAS_MAX];
	bool added, minor = is_minor(graph_node_type(f->g, node));
	if (!text || !*text || strlen(text) > sizeof(low))
		return;
	struct slice s = lower(slice_of(text), low, sizeof(low));
	struct map_entry *m = map_put(&f->aliases, s.s, s.n, &added);
	if (added) {
		m->val.u = f->alias.n;
		*vec_push(&f->alias) = (struct alias){node, minor};
		return;
	}
	struct alias *a = &f->alias.v[m->val.u];
	if (a->minor && !minor)
		*a = (struct alias){node, false};
	else if (a->minor == minor && a->node != node)
		a->node = GRAPH_NONE;
}

static void add_own(struct facts *f, const char *block)
{
	struct cidr c;
	struct err ignored;
	if (cidr_parse(slice_of(block), &c, &ignored))
		return; /* not an address block: the record helps nobody, and hurts nobody */
	*vec_push(&f->own) = c;
	add_list(f, LIST_OWN, block);
}

static void add_indicator(struct facts *f, const cJSON *props)
{
	char low[ALIAS_MAX];
	const char *value = json_str(props, "value", NULL);
	if (!value || strlen(value) > sizeof(low))
		return;
	struct slice key = lower(slice_of(value), low, sizeof(low));
	*vec_push(&f->indicator) =
	        (struct fact_indicator){keep(f, value), keep(f, json_str(props, "about", "")),
	                                keep(f, json_str(props, "confidence", "medium"))};
	map_put(&f->indicators, key.s, key.n, NULL)->val.u = f->indicator.n;
	add_list(f, LIST_INDICATORS, value);
	if (!strcmp(json_str(props, "kind", ""), "domain"))
		add_list(f, LIST_INDICATORS,
		         arena_printf(&f->arena, "%s.", value)); /* as DNS logs write it */
}

static void add_change(struct facts *f, const char *name, const cJSON *props, uint32_t node)
{
	struct fact_change c = {.id = keep(f, name),
	                        .from = json_time(props, "from"),
	                        .to = json_time(props, "to")};
	if (c.from == MW_TIME_NONE || c.to == MW_TIME_NONE)
		return;
	c.title = keep(f, json_str(props, "title", ""));
	c.requester = keep(f, json_str(props, "requester", ""));
	*vec_push(&f->changes) = c;
	*vec_push(&f->change_nodes) = node;
}

static void read_record(struct facts *f, const cJSON *n, uint32_t node)
{
	const cJSON *props = json_obj(n, "props");
	const char *record = json_str(props, "record", "");
	f->nodes[node].record = *record != 0;
	if (!strcmp(record, "network")) {
		f->told_networks = true;
		add_own(f, json_str(props, "cidr", ""));
	} else if (!strcmp(record, "indicator"))
		add_indicator(f, props);
	else if (!strcmp(record, "change"))
		add_change(f, json_str(n, "name", json_str(n, "id", "?")), props, node);
}

static const char *const classes[] = {"secret", "health", "card", "pii", "financial", NULL};

/* The gravest class among labels and data_class. */
static const char *class_of(const cJSON *n)
{
	const char *prop = json_str(json_obj(n, "props"), "data_class", "");
	const cJSON *label;
	for (const char *const *c = classes; *c; c++) {
		if (!strcmp(prop, *c))
			return *c;
		cJSON_ArrayForEach(label, json_arr(n, "labels")) if (cJSON_IsString(label) &&
		                                                     !strcmp(label->valuestring,
		                                                             *c)) return *c;
	}
	return NULL;
}

static bool has_label(const cJSON *n, const char *word)
{
	const cJSON *label;
	cJSON_ArrayForEach(
	        label, json_arr(n, "labels")) if (cJSON_IsString(label) &&
	                                          !strcmp(label->valuestring, word)) return true;
	return false;
}

static void read_address(struct facts *f, const cJSON *n, uint32_t node)
{
	const cJSON *props = json_obj(n, "props");
	const char *inside = json_str(props, "private_ip", NULL),
	           *outside = json_str(props, "public_ip", NULL);
	if (outside)
		add_own(f, outside);
	add_alias(f, inside, node);
	add_alias(f, outside, node);
	if (inside && has_label(n, "scanner")) {
		map_put_str(&f->scanners, inside, NULL);
		add_list(f, LIST_SCANNERS, inside);
	}
}

/* "system:serviceaccount:NS:NAME", as the audit log calls the identity of a workload. */
static void read_workload(struct facts *f, const cJSON *n, uint32_t node)
{
	const cJSON *props = json_obj(n, "props");
	const char *account = json_str(props, "service_account", NULL);
	char text[ALIAS_MAX];
	if (!account || !strcmp(account, "default"))
		return;
	const char *bare = strrchr(account, ':') ? strrchr(account, ':') + 1 : account;
	snprintf(text, sizeof(text), "system:serviceaccount:%s:%s",
	         json_str(props, "namespace", ""), bare);
	f->nodes[node].service_account = keep(f, text);
}

static void read_account(struct facts *f, const cJSON *n)
{
	const char *account = json_str(n, "account", NULL);
	bool added;
	if (!account)
		return;
	map_put_str(&f->accounts, account, &added);
	if (added)
		add_list(f, LIST_ACCOUNTS, account);
}

static void read_node(struct facts *f, uint32_t i)
{
	struct err ignored;
	cJSON *j = json_parse(graph_node_text(f->g, i), GRAPH_OBJECT_MAX, &ignored);
	const cJSON *n = json_obj(j, "node") ? json_obj(j, "node") : j;
	const char *type = graph_node_type(f->g, i);
	if (j) {
		struct node_fact *to = &f->nodes[i];
		to->name = keep(f, json_str(n, "name", NULL));
		to->data_class = class_of(n);
		to->criticality = (int)json_i64(json_obj(n, "props"), "criticality", 0);
		if (to->data_class && to->name)
			add_list(f, LIST_CLASSIFIED, to->name);
		read_account(f, n);
		read_address(f, n, i);
		if (!strcmp(type, "k8s_workload"))
			read_workload(f, n, i);
		if (!strcmp(type, "resource"))
			read_record(f, n, i);
		if (!to->record)
			add_alias(f, to->name, i);
	}
	cJSON_Delete(j);
}

static void link_changes(struct facts *f)
{
	for (size_t i = 0; i < f->changes.n; i++) {
		const struct graph_edge *edges;
		size_t n = graph_out(f->g, f->change_nodes.v[i], &edges);
		struct fact_change *c = &f->changes.v[i];
		c->about = arena_alloc(&f->arena, (n + 1) * sizeof(*c->about));
		for (size_t k = 0; k < n; k++)
			if (!strcmp(graph_type_name(f->g, edges[k].type), "affects"))
				c->about[c->nabout++] = edges[k].to;
	}
}

int facts_load(struct facts **out, struct graph *g, struct err *e)
{
	struct facts *f = xcalloc(1, sizeof(*f));
	f->g = g;
	*out = f;
	if (!g)
		return 0;
	if (graph_refresh(g, NULL, e)) {
		facts_free(f);
		return -1;
	}
	f->nnodes = graph_count(g);
	f->nodes = arena_zalloc(&f->arena, (f->nnodes + 1) * sizeof(*f->nodes));
	for (uint32_t i = 0; i < f->nnodes; i++)
		read_node(f, i);
	link_changes(f);
	return 0;
}

void facts_free(struct facts *f)
{
	if (!f)
		return;
	for (int l = 0; l < NLIST; l++)
		vec_free(&f->lists[l].v);
	vec_free(&f->own);
	vec_free(&f->indicator);
	vec_free(&f->alias);
	vec_free(&f->changes);
	vec_free(&f->change_nodes);
	map_release(&f->aliases);
	map_release(&f->accounts);
	map_release(&f->scanners);
	map_release(&f->indicators);
	arena_release(&f->arena);
	free(f);
}

struct graph *facts_graph(const struct facts *f)
{
	return f->g;
}

const char *const *facts_list(const struct facts *f, struct slice name, size_t *n)
{
	static const char *const none[] = {NULL};
	if (slice_eq_str(name, list_names[LIST_OWN]) && !facts_knows_networks(f)) {
		*n = 0;
		return none;
	}
	for (int l = 0; l < NLIST; l++)
		if (slice_eq_str(name, list_names[l])) {
			*n = f->lists[l].v.n;
			return *n ? f->lists[l].v.v : none;
		}
	*n = 0;
	return NULL;
}

bool facts_own_address(const struct facts *f, struct slice text)
{
	struct ip ip;
	if (!ip_parse(text, &ip))
		return false;
	for (size_t i = 0; i < f->own.n; i++)
		if (cidr_holds(&f->own.v[i], &ip))
			return true;
	return false;
}

bool facts_public_address(struct slice text)
{
	static const char *const special[] = {"0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10",
	                                      "127.0.0.0/8",    "169.254.0.0/16", "172.16.0.0/12",
	                                      "192.168.0.0/16", "224.0.0.0/3",    "::/127",
	                                      "fc00::/7",       "fe80::/10",      "ff00::/8"};
	struct ip ip;
	struct cidr c;
	if (!ip_parse(text, &ip))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(special); i++)
		if (!cidr_parse(slice_of(special[i]), &c, NULL) && cidr_holds(&c, &ip))
			return false;
	return true;
}

bool facts_knows_networks(const struct facts *f)
{
	return f->told_networks && f->own.n;
}

bool facts_scanner(const struct facts *f, struct slice ip)
{
	return map_get(&f->scanners, ip.s, ip.n) != NULL;
}

const struct fact_indicator *facts_indicator(const struct facts *f, struct slice value)
{
	char low[ALIAS_MAX];
	struct slice s = lower(value, low, sizeof(low));
	const struct map_entry *m =
	        value.n <= sizeof(low) ? map_get(&f->indicators, s.s, s.n) : NULL;
	return m ? &f->indicator.v[m->val.u - 1] : NULL;
}

const struct fact_change *facts_changes(const struct facts *f, size_t *n)
{
	*n = f->changes.n;
	return f->changes.v;
}

uint32_t facts_node(const struct facts *f, struct slice value)
{
	char low[ALIAS_MAX];
	if (!f->g || !value.n || value.n > sizeof(low))
		return GRAPH_NONE;
	struct slice s = lower(value, low, sizeof(low));
	const struct map_entry *m = map_get(&f->aliases, s.s, s.n);
	uint32_t node = m ? f->alias.v[m->val.u].node : graph_find(f->g, value);
	return node < f->nnodes && !f->nodes[node].record ? node : GRAPH_NONE;
}

const char *facts_data_class(const struct facts *f, uint32_t node)
{
	return node < f->nnodes ? f->nodes[node].data_class : NULL;
}

int facts_criticality(const struct facts *f, uint32_t node)
{
	return node < f->nnodes ? f->nodes[node].criticality : 0;
}

const char *facts_service_account(const struct facts *f, uint32_t node)
{
	return node < f->nnodes ? f->nodes[node].service_account : NULL;
}

const char *facts_name(const struct facts *f, uint32_t node)
{
	const char *name = node < f->nnodes ? f->nodes[node].name : NULL;
	return name && *name ? name : graph_node_id(f->g, node);
}
