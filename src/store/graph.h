/*
 * The embedded graph: assets, identities and their relations, in graph.db (SQLite), and an in-memory adjacency (CSR) that
 * the questions run on. One writer (the import worker), many readers. Ids are the clouds' own (ARN, i-..., resource id).
 *
 * JSON lines of import and of rows:
 *   {"node":{"id","type","name","account","region","props":{..},"tags":{..},"labels":[..]}}
 *   {"edge":{"from","to","type","props":{..}}}
 * Node types: account vpc subnet security_group instance role policy user access_key group bucket database function k8s_cluster
 * k8s_workload load_balancer internet owner snapshot volume vulnerability kms_key secret image subscription resource_group vm
 * storage_account network_interface route_table trail finding. Edge types: contains runs_as can_assume has_policy can exposes
 * routes_to attached_to owns has_vuln reads writes member_of uses forwards_to affects. A `can` edge has props action, effect,
 * resource, condition (kept and shown, never guessed), via (the policy).
 * Merging: the same id twice is one node; props of the newer import win, tags and labels are united; edges are a set by
 * (from, to, type, action).
 *
 * Answers are JSON rows: a node {"node":{...},"depth":n,"via":"action or edge"}, or a path {"path":[node,edge,node,...],"length":n},
 * where an edge may carry "use":{"mark":"seen|not_seen|not_logged|unknown","evidence":[ids],"count":n,"complete_to":t,"cover":"c.."}.
 */
#ifndef MW_GRAPH_H
#define MW_GRAPH_H

#include "base/err.h"
#include "base/json.h"


struct graph;
enum graph_mode { GRAPH_READ, GRAPH_WRITE };
int graph_open(struct graph **out, const char *dir, enum graph_mode mode, struct err *e) MW_USE_RESULT;
void graph_close(struct graph *g);
/* Writer: between begin and commit; commit derives edges (policy permissions, trust, network exposure) and is durable. */
int graph_begin(struct graph *g, struct err *e) MW_USE_RESULT;
int graph_add(struct graph *g, const cJSON *object, struct err *e) MW_USE_RESULT;
int graph_commit(struct graph *g, struct err *e) MW_USE_RESULT;
void graph_rollback(struct graph *g);
cJSON *graph_status(struct graph *g, struct err *e); /* counts by type, when imported */
cJSON *graph_node(struct graph *g, const char *id, struct err *e); /* with its edges grouped by type, capped and counted */

/* In-memory adjacency for the questions (source/graph_*.c): loaded once, refreshed when the file moved. Node and edge numbers
 * are dense; arrays are borrowed until graph_refresh. */
struct graph_edge {
	uint32_t to;             /* the other end */
	uint32_t edge;           /* edge number, for graph_edge_json */
	uint16_t type;           /* index into graph_type_name */
};
int graph_refresh(struct graph *g, bool *changed, struct err *e) MW_USE_RESULT;
uint32_t graph_count(const struct graph *g);
uint32_t graph_find(struct graph *g, struct slice id_or_name); /* UINT32_MAX when unknown; exact id first, then name */
size_t graph_out(const struct graph *g, uint32_t node, const struct graph_edge **edges);
size_t graph_in(const struct graph *g, uint32_t node, const struct graph_edge **edges);
const char *graph_node_id(const struct graph *g, uint32_t node);
const char *graph_node_type(const struct graph *g, uint32_t node);
const char *graph_type_name(const struct graph *g, uint16_t edge_type);
cJSON *graph_node_json(struct graph *g, uint32_t node, struct err *e); /* caller deletes */
cJSON *graph_edge_json(struct graph *g, uint32_t edge, struct err *e);

#endif
