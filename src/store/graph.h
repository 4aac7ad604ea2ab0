/*
 * The embedded graph: assets, identities and their relations, in graph.db (SQLite), and an
 * in-memory adjacency (CSR) that the questions run on. One writer (the import worker), many
 * readers. Ids are the clouds' own (ARN, i-..., resource id); several spellings of one thing meet
 * in one canonical id (graph_canonical_id).
 *
 * JSON lines of import and of rows:
 *   {"node":{"id","type","name","account","region","props":{..},"tags":{..},"labels":[..]}}
 *   {"edge":{"from","to","type","props":{..}}}
 * Node types: account vpc subnet security_group instance role policy user access_key group bucket
 * database function k8s_cluster k8s_workload load_balancer internet owner snapshot volume
 * vulnerability kms_key secret image subscription resource_group vm storage_account
 * network_interface route_table trail flow_log finding instance_profile identity_provider service
 * container topic queue resource (anything else) and resource_class (derived: "every bucket of
 * account 1234"). Edge types, always from the one that acts or holds: contains runs_as can_assume
 * has_policy can exposes routes_to attached_to owns has_vuln reads writes member_of uses
 * forwards_to affects includes escalates_to. A `can` edge has props action (joined by
 * ", "), effect, resource, condition (kept and shown, never guessed), denied, denied_if, via (the
 * policy). `escalates_to` says that the holder can gain the rights of the other end (an account:
 * become its administrator), props method, action, condition. `includes` leads from a
 * resource_class to its members and is walked through without counting as a hop.
 *
 * What is derived at commit, from props that an import may set on any node: policy.props.document,
 * role.props.trust, <any>.props.policy (resource policy; documents as JSON or as JSON text),
 * has_policy edges (props.boundary true: a permission boundary), member_of, uses (asset to security
 * group, subnet to route table), instance_profile runs_as, security_group props.ingress [{protocol,
 * from, to, cidrs, groups}], route_table props.routes [{cidr, target}], <any>.props.public_ip,
 * load_balancer props.internet_facing, database props.publicly_accessible.
 *
 * Merging: the same id twice is one node; props of the newer import win, tags and labels are
 * united; edges are a set by (from, to, type, action). An edge may come before its nodes.
 *
 * Answers are JSON rows: a node {"node":{...},"depth":n,"via":"action or edge"}, or a path
 * {"path":[node,edge,node,...],"length":n}, where an edge may carry
 * "use":{"mark":"seen|not_seen|not_logged|unknown","evidence":[ids],"count":n,"complete_to":t,"cover":"c.."}.
 * A row whose way has an edge that holds only under a condition, or is only possible, says "conditional":true.
 * Nodes of rows leave out props over GRAPH_PROP_BRIEF bytes and name them in "omitted"; graph_node
 * has everything.
 */
#ifndef MW_GRAPH_H
#define MW_GRAPH_H

#include "base/err.h"
#include "base/json.h"

#define GRAPH_PROP_BRIEF 1024       /* bytes of one prop in a row */
#define GRAPH_OBJECT_MAX (4u << 20) /* JSON text of one node */
#define GRAPH_DERIVED_MAX 2000000   /* derived edges; graph_status says when it was reached */
#define GRAPH_NODE_EDGES_MAX \
	200 /* edges a type and direction that graph_node lists; the count is whole */

struct graph;
enum graph_mode { GRAPH_READ, GRAPH_WRITE };
/* A reader opens what is there; an absent graph.db reads as an empty graph. */
int graph_open(struct graph **out, const char *dir, enum graph_mode mode,
               struct err *e) MW_USE_RESULT;
void graph_close(struct graph *g);
/* Writer: between begin and commit; commit derives edges (policy permissions, trust, network
 * exposure) and is durable. */
int graph_begin(struct graph *g, struct err *e) MW_USE_RESULT;
int graph_add(struct graph *g, const cJSON *object, struct err *e) MW_USE_RESULT;
int graph_commit(struct graph *g, struct err *e) MW_USE_RESULT;
void graph_rollback(struct graph *g);
/* {"nodes","edges","derived","limited":bool,"types":{type:count},"edge_types":{..},"imported":t,"generation":n}
 */
cJSON *graph_status(struct graph *g, struct err *e);
/* {"node":{..},"out":{type:{"count","edges":[..]}},"in":{..}}; NULL with ERR_NOT_FOUND */
cJSON *graph_node(struct graph *g, const char *id, struct err *e);

/* In-memory adjacency for the questions (source/graph_*.c): loaded once, refreshed when the file
 * moved. Node and edge numbers are dense; arrays and texts are borrowed until graph_refresh. */
struct graph_edge {
	uint32_t to;    /* the other end */
	uint32_t edge;  /* edge number, for graph_edge_json */
	uint16_t type;  /* index into graph_type_name */
	uint16_t flags; /* GRAPH_EDGE_* */
};
enum {
	GRAPH_EDGE_CONTROL = 1, /* amounts to being the other end ("can *", sts:AssumeRole) */
	GRAPH_EDGE_DENY = 2,    /* effect Deny: shown, never walked */
	GRAPH_EDGE_DERIVED = 4,
	GRAPH_EDGE_META = 8, /* a permission that only tells about the other end (Describe, List) */
	GRAPH_EDGE_IF =
	        16, /* holds only under a condition that was not evaluated, or is only possible */
};
int graph_refresh(struct graph *g, bool *changed, struct err *e) MW_USE_RESULT;
uint32_t graph_count(const struct graph *g);
uint32_t graph_edge_count(const struct graph *g);
#define GRAPH_NONE UINT32_MAX
/* GRAPH_NONE when unknown; exact id first, then canonical id, then name (a name that several share:
 * the first). */
uint32_t graph_find(struct graph *g, struct slice id_or_name);
/* All nodes of this name (case-blind) or id; fills at most max, returns how many there are. */
size_t graph_find_all(struct graph *g, struct slice id_or_name, uint32_t *out, size_t max);
size_t graph_out(const struct graph *g, uint32_t node, const struct graph_edge **edges);
size_t graph_in(const struct graph *g, uint32_t node, const struct graph_edge **edges);
const char *graph_node_id(const struct graph *g, uint32_t node);
const char *graph_node_type(const struct graph *g, uint32_t node);
uint16_t graph_node_type_ix(const struct graph *g,
                            uint32_t node); /* index into graph_node_type_name */
const char *graph_node_type_name(const struct graph *g, uint16_t type);
size_t graph_node_types(const struct graph *g);
const char *graph_type_name(const struct graph *g, uint16_t edge_type);
size_t graph_types(const struct graph *g);
/* A hint that a node will soon be walked from: its edges come from memory meanwhile. */
void graph_expect_edges(const struct graph *g, uint32_t node);
struct slice graph_node_text(const struct graph *g, uint32_t node); /* its JSON as rows carry it */
struct slice graph_edge_props(const struct graph *g,
                              uint32_t edge); /* JSON object, or the empty slice */
uint16_t graph_edge_flags(const struct graph *g, uint32_t edge);
const char *graph_edge_label(const struct graph *g, uint32_t edge); /* its action, else its type */
void graph_edge_ends(const struct graph *g, uint32_t edge, uint32_t *from, uint32_t *to,
                     uint16_t *type);
cJSON *graph_node_json(struct graph *g, uint32_t node, struct err *e); /* caller deletes */
cJSON *graph_edge_json(struct graph *g, uint32_t edge, struct err *e);

/* One id for one thing: EC2 ARNs become their short ids, sts assumed-role ARNs their role's, an
 * account's root its account, an S3 object its bucket, a function version its function. Anything
 * else stays. */
void graph_canonical_id(struct slice id, struct buf *out);
/* The node type that an id gives away ("i-..." instance, an ARN's service), or "resource". */
const char *graph_type_of_id(struct slice id);
/* The same, and where the id does not tell, what a platform's word for its kind ("EC2 Instance", "SECURITY_GROUP") says. */
const char *graph_type_of(const char *id, const char *word);
/* A platform's id for something of ours: the cloud's own id as it is, a bucket's name as its ARN, anything else as
 * "VENDOR:ID". malloc. */
char *graph_cloud_id(const char *id, const char *type, const char *vendor);

#endif
