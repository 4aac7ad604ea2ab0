/*
 * The network: what the internet reaches (a public address, a way in, and a rule that lets it in),
 * what security groups let through among each other, and what runs as which role through an
 * instance profile. Network ACLs are not read.
 */
#include "store/graph_derive.h"

#include <arpa/inet.h>

/* Addresses */

struct cidr {
	uint8_t a[16];
	int bits, family;
};

static bool cidr_parse(const char *text, struct cidr *out)
{
	char host[64];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	int64_t bits;

	if (n >= sizeof(host))
		return false;
	snprintf(host, sizeof(host), "%.*s", (int)n, text);
	out->family = strchr(host, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(out->family, host, out->a) != 1)
		return false;
	out->bits = out->family == AF_INET ? 32 : 128;
	if (slash && (!slice_i64(slice_of(slash + 1), &bits) || bits < 0 || bits > out->bits))
		return false;
	if (slash)
		out->bits = (int)bits;
	return true;
}

static bool same_prefix(const struct cidr *a, const struct cidr *b, int bits)
{
	for (int i = 0; i < bits; i++)
		if (((a->a[i / 8] ^ b->a[i / 8]) >> (7 - i % 8)) & 1)
			return false;
	return a->family == b->family;
}

static bool overlap(const struct cidr *a, const struct cidr *b)
{
	return same_prefix(a, b, a->bits < b->bits ? a->bits : b->bits);
}

/* Blocks that no packet from the internet comes from. */
static const char *const inside[] = {"10.0.0.0/8",    "172.16.0.0/12", "192.168.0.0/16",
                                     "100.64.0.0/10", "127.0.0.0/8",   "169.254.0.0/16",
                                     "fc00::/7",      "fe80::/10"};

static bool is_public(const char *text)
{
	struct cidr c, in;
	if (!cidr_parse(text, &c))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(inside); i++)
		if (cidr_parse(inside[i], &in) && in.family == c.family && in.bits <= c.bits &&
		    same_prefix(&c, &in, in.bits))
			return false;
	return true;
}

static bool whole_internet(const char *cidr)
{
	return strcmp(cidr, "0.0.0.0/0") == 0 || strcmp(cidr, "::/0") == 0;
}

/* Routes */

enum way { WAY_NO, WAY_YES, WAY_UNKNOWN };

static enum way table_way(struct derive *d, uint32_t table)
{
	const cJSON *r;
	if (!json_arr(dnode_props(d, table), "routes"))
		return WAY_UNKNOWN;
	cJSON_ArrayForEach(r, json_arr(dnode_props(d, table),
	                               "routes")) if (whole_internet(json_str(r, "cidr", "")) &&
	                                              strncmp(json_str(r, "target", ""), "igw-",
	                                                      4) == 0) return WAY_YES;
	return WAY_NO;
}

static enum way tables_of(struct derive *d, uint32_t node)
{
	const struct dedge *e;
	size_t n = derive_out(d, DE_USES, node, &e);
	enum way best = WAY_UNKNOWN;
	for (size_t i = 0; i < n; i++)
		if (derive_is(d, e[i].to, "route_table")) {
			enum way w = table_way(d, e[i].to);
			best = w == WAY_YES || best == WAY_UNKNOWN ? w : best;
		}
	return best;
}

/* A subnet without a table of its own has its VPC's main one. */
static enum way subnet_way(struct derive *d, uint32_t subnet)
{
	const struct dedge *e;
	enum way w = tables_of(d, subnet);
	size_t n = derive_in(d, DE_CONTAINS, subnet, &e);
	for (size_t i = 0; w == WAY_UNKNOWN && i < n; i++)
		if (derive_is(d, e[i].to, "vpc"))
			w = tables_of(d, e[i].to);
	return w;
}

static enum way way_in(struct derive *d, uint32_t node)
{
	const struct dedge *e;
	size_t n = derive_in(d, DE_CONTAINS, node, &e);
	enum way best = WAY_UNKNOWN;
	for (size_t i = 0; i < n; i++)
		if (derive_is(d, e[i].to, "subnet")) {
			enum way w = subnet_way(d, e[i].to);
			if (w == WAY_YES)
				return w;
			best = w == WAY_NO && best == WAY_UNKNOWN ? w : best;
		}
	return best;
}

/* Exposure */

static void port_text(const cJSON *rule, char *out, size_t size)
{
	const char *protocol = json_str(rule, "protocol", "-1");
	int64_t from = json_i64(rule, "from", -1), to = json_i64(rule, "to", -1);
	if (strcmp(protocol, "-1") == 0)
		snprintf(out, size, "all");
	else if (from < 0 || (from == 0 && to == 65535))
		snprintf(out, size, "%s/all", protocol);
	else if (from == to)
		snprintf(out, size, "%s/%lld", protocol, (long long)from);
	else
		snprintf(out, size, "%s/%lld-%lld", protocol, (long long)from, (long long)to);
}

static void expose(struct derive *d, uint32_t node, uint32_t group, const cJSON *rule,
                   const char *cidr, enum way way)
{
	char port[64], action[128];
	cJSON *props = cJSON_CreateObject();
	port_text(rule, port, sizeof(port));
	snprintf(action, sizeof(action), "%s from %s", port, cidr);
	json_add_str(props, "action", action);
	json_add_str(props, "port", port);
	json_add_str(props, "cidr", cidr);
	json_add_str(props, "via", d->nodes.v[group].id);
	if (!whole_internet(cidr))
		json_add_bool(props, "part_of_internet", true);
	if (way == WAY_UNKNOWN)
		json_add_str(props, "route", "not known");
	derive_edge(d, derive_make(d, "internet", "internet", "internet"), node, "exposes", action,
	            props, GRAPH_EDGE_CONTROL);
}

static void expose_by_rules(struct derive *d, uint32_t node, enum way way)
{
	const struct dedge *e;
	size_t n = derive_out(d, DE_USES, node, &e);
	for (size_t i = 0; i < n; i++) {
		const cJSON *rule, *cidr;
		if (!derive_is(d, e[i].to, "security_group"))
			continue;
		cJSON_ArrayForEach(rule, json_arr(dnode_props(d, e[i].to), "ingress"))
		        cJSON_ArrayForEach(
		                cidr, json_arr(rule, "cidrs")) if (cJSON_IsString(cidr) &&
		                                                   is_public(cidr->valuestring))
		                expose(d, node, e[i].to, rule, cidr->valuestring, way);
	}
}

static bool has_public_address(struct derive *d, uint32_t node)
{
	const cJSON *p = dnode_props(d, node);
	return *json_str(p, "public_ip", "") || json_bool(p, "internet_facing", false) ||
	       json_bool(p, "publicly_accessible", false);
}

/* An interface's address is its machine's. */
static bool address_through(struct derive *d, uint32_t node)
{
	const struct dedge *e;
	size_t n = derive_in(d, DE_ATTACHED, node, &e);
	for (size_t i = 0; i < n; i++)
		if (derive_is(d, e[i].to, "network_interface") && has_public_address(d, e[i].to))
			return true;
	return false;
}

/* A cluster's API endpoint has no security group in front of it, only its own list. */
static void expose_cluster(struct derive *d, uint32_t node)
{
	const cJSON *p = dnode_props(d, node), *cidr;
	cJSON *rule;
	if (!json_bool(p, "endpoint_public", false))
		return;
	rule = cJSON_CreateObject();
	json_add_str(rule, "protocol", "tcp");
	json_add_i64(rule, "from", 443);
	json_add_i64(rule, "to", 443);
	if (!json_arr(p, "endpoint_cidrs"))
		expose(d, node, node, rule, "0.0.0.0/0", WAY_YES);
	cJSON_ArrayForEach(cidr, json_arr(p, "endpoint_cidrs")) if (cJSON_IsString(cidr) &&
	                                                            is_public(cidr->valuestring))
	        expose(d, node, node, rule, cidr->valuestring, WAY_YES);
	cJSON_Delete(rule);
}

static void expose_node(struct derive *d, uint32_t node)
{
	enum way way;
	const char *body = d->nodes.v[node].body;
	const struct dedge *machine;
	if (derive_is(d, node, "security_group") || derive_is(d, node, "subnet"))
		return;
	if (derive_is(d, node, "network_interface") && derive_out(d, DE_ATTACHED, node, &machine))
		return; /* its machine is what is exposed */
	if (strstr(body, "\"endpoint_public\""))
		expose_cluster(d, node);
	if (!has_public_address(d, node) && !address_through(d, node))
		return;
	way = way_in(d, node);
	if (way != WAY_NO)
		expose_by_rules(d, node, way);
}

/* Among each other */

static void group_members(struct derive *d, uint32_t group)
{
	const struct dedge *e;
	size_t n = derive_in(d, DE_USES, group, &e);
	for (size_t i = 0; i < n; i++)
		derive_edge(d, group, e[i].to, "attached_to", "", NULL, 0);
}

static void lets_in(struct derive *d, uint32_t from, uint32_t to, const cJSON *rule,
                    const char *cidr)
{
	char port[64];
	cJSON *props = cJSON_CreateObject();
	port_text(rule, port, sizeof(port));
	json_add_str(props, "action", port);
	json_add_str(props, "port", port);
	if (cidr)
		json_add_str(props, "cidr", cidr);
	derive_edge(d, from, to, "routes_to", port, props, 0);
}

static uint32_t vpc_of(struct derive *d, uint32_t group)
{
	const struct dedge *e;
	size_t n = derive_in(d, DE_CONTAINS, group, &e);
	for (size_t i = 0; i < n; i++)
		if (derive_is(d, e[i].to, "vpc"))
			return e[i].to;
	return GRAPH_NONE;
}

/* A block that overlaps the VPC lets in what sits in its other groups. */
static void lets_in_block(struct derive *d, uint32_t group, const cJSON *rule, const char *cidr)
{
	uint32_t vpc = vpc_of(d, group);
	const struct dedge *e;
	struct cidr block, net;
	const char *range;
	size_t n;

	if (vpc == GRAPH_NONE || !cidr_parse(cidr, &block))
		return;
	range = json_str(dnode_props(d, vpc), "CidrBlock",
	                 json_str(dnode_props(d, vpc), "cidr", ""));
	if (!cidr_parse(range, &net) || !overlap(&block, &net))
		return;
	n = derive_out(d, DE_CONTAINS, vpc, &e);
	for (size_t i = 0; i < n; i++)
		if (derive_is(d, e[i].to, "security_group"))
			lets_in(d, e[i].to, group, rule, cidr);
}

static void group_rules(struct derive *d, uint32_t group)
{
	const cJSON *rule, *v;
	cJSON_ArrayForEach(rule, json_arr(dnode_props(d, group), "ingress"))
	{
		cJSON_ArrayForEach(v, json_arr(rule, "groups")) if (cJSON_IsString(v))
		        lets_in(d, derive_find(d, v->valuestring), group, rule, NULL);
		cJSON_ArrayForEach(v, json_arr(rule, "cidrs")) if (cJSON_IsString(v))
		        lets_in_block(d, group, rule, v->valuestring);
	}
}

static void through_profile(struct derive *d, uint32_t profile)
{
	const struct dedge *users, *roles;
	size_t n = derive_in(d, DE_USES, profile, &users);
	size_t m = derive_out(d, DE_RUNS_AS, profile, &roles);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < m; k++) {
			cJSON *props = cJSON_CreateObject();
			json_add_str(props, "via", d->nodes.v[profile].id);
			derive_edge(d, users[i].to, roles[k].to, "runs_as", "", props, 0);
		}
}

void derive_network(struct derive *d)
{
	for (uint32_t i = 0; i < d->loaded && !d->rc; i++) {
		if (derive_is(d, i, "security_group")) {
			group_members(d, i);
			group_rules(d, i);
		} else if (derive_is(d, i, "instance_profile")) {
			through_profile(d, i);
		} else if (*d->nodes.v[i].body) {
			expose_node(d, i);
		}
	}
}
