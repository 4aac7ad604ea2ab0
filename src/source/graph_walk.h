/*
 * Walking the embedded graph. A position is a node together with a state, so that one set of searches serves both plain
 * questions (one state, any edge) and attack questions (what taking over a node leads to). A resource_class is stepped
 * through: its members count as the next node, the edge is the one that led to the class. Denied permissions are never walked.
 * One thread; arrays belong to the walk.
 */
#ifndef MW_SOURCE_GRAPH_WALK_H
#define MW_SOURCE_GRAPH_WALK_H

#include "source/source.h"
#include "store/graph.h"

enum walk_dir { WALK_OUT = 1, WALK_IN = 2, WALK_BOTH = 3 };
#define WALK_STATES 4
/* States of the attack relation. A plain relation has all nodes in state 0. */
enum attack_state {
	AT_REACHED,  /* can be read, changed or connected to: nothing follows from it */
	AT_CONTROL,  /* acts as the node */
	AT_NET_FROM, /* a security group, as what connections come from */
	AT_NET_TO,   /* a security group, as what they go to */
};

struct relation {
	bool attack;
	enum walk_dir dir; /* plain */
	int edge_type;     /* plain: only this type; -1 any */
};
struct attack_rule; /* prepared per graph */
struct walk {
	struct graph *g;
	const struct source_run *run;
	struct relation rel;
	uint64_t steps;            /* edges looked at */
	uint8_t *class_seen;       /* during a search: classes already opened, a bit a state */
	struct attack_rule *rules; /* by edge type */
	uint8_t *
	        leads; /* by edge type: bit of each state that a rule starts in; high half: against the edge */
	uint8_t *comes; /* the same of the states that a rule ends in */
	uint8_t *
	        kinds; /* by node: kinds that rules speak of; small, so that it stays in the cache */
};
int walk_init(struct walk *w, struct graph *g, const struct source_run *run,
              struct err *e) MW_USE_RESULT;
void walk_release(struct walk *w);
/* Deadline and cancel, looked at now and then: -1 with e. */
int walk_check(const struct walk *w, struct err *e) MW_USE_RESULT;

struct position {
	uint32_t node;
	uint8_t state;
};
struct arrival {                /* how a position was first come to */
	uint32_t from;          /* index of the position before; GRAPH_NONE: a start */
	uint32_t edge, through; /* edge number; the class that it led through, or GRAPH_NONE */
	int16_t depth;
	bool conditional; /* some edge on the way is GRAPH_EDGE_IF */
};
/* Breadth first from all starts, forward or backward, up to max_depth hops. */
struct search {
	struct arrival *at; /* index: node * WALK_STATES + state; only where search_reached */
	uint8_t *seen;      /* by node: a bit a state */
	uint32_t *order;    /* positions as they were reached */
	size_t n;
};
static inline bool search_reached(const struct search *s, struct position p)
{
	return s->seen[p.node] >> p.state & 1;
}
int walk_search(struct walk *w, const struct position *starts, size_t n, bool backward,
                int max_depth, struct search *out, struct err *e) MW_USE_RESULT;
void search_release(struct search *s);

/* tight: only ways that take no detour, so from each start's neighbours the shortest ones on. */
/* All simple paths (no node twice) from a start to a goal, shorter ones first, of at least one edge and at most max_depth. */
struct path_step {
	uint32_t node, edge, through; /* edge into the node; GRAPH_NONE for the first */
};
/* 0 go on, 1 enough, -1 error */
typedef int path_fn(void *ctx, const struct path_step *steps, size_t n, struct err *e);
int walk_paths(struct walk *w, const struct position *starts, size_t n, const uint32_t *goals,
               size_t ngoals, int max_depth, bool tight, path_fn *fn, void *ctx,
               struct err *e) MW_USE_RESULT;

/* The neighbours of a position. Stops when fn returns false. */
struct hop {
	struct position to;
	uint32_t edge, through;
	uint16_t flags;
};
typedef bool hop_fn(void *ctx, const struct hop *h);
void walk_from(struct walk *w, struct position p, bool backward, hop_fn *fn, void *ctx);

#endif
