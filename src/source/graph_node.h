/*
 * Nodes as a plan's where sees them: id, name, type, account, region, labels, props.x, tags.x. Not for other rooms.
 */
#ifndef MW_SOURCE_GRAPH_NODE_H
#define MW_SOURCE_GRAPH_NODE_H

#include "base/mem.h"
#include "plan/plan.h"
#include "store/graph.h"

struct node_filter;
struct node_filter *node_filter_new(struct graph *g, const char *type,
                                    const struct plan_node *where, struct err *e);
void node_filter_free(struct node_filter *f);
/* -1: f does not know the type at all, so nothing can match. */
bool node_filter_match(struct node_filter *f, uint32_t node);
typedef VEC(uint32_t) node_vec;
/* All nodes that match, at most max. Where the tree names ids or names, these are looked up (an id in any of its spellings, see
 * graph_canonical_id); otherwise every node is looked at. check: called now and then, -1 stops. */
int node_filter_all(struct node_filter *f, node_vec *out, int (*check)(void *ctx, struct err *e),
                    void *ctx, struct err *e) MW_USE_RESULT;

/* False where fn said no: it has enough. Each value of a node's member ("name", "labels", "props.a.b", "tags.x"), given its JSON form; numbers and booleans as text. */
bool node_json_values(const cJSON *node, const char *name, bool (*fn)(void *, struct slice),
                      void *ctx);

#endif
