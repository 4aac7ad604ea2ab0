/*
 * Path x proof: whether what an edge allows was done, as the lake knows it. Each edge is asked once. Not for other rooms.
 */
#ifndef MW_SOURCE_GRAPH_USE_H
#define MW_SOURCE_GRAPH_USE_H

#include "source/source.h"
#include "store/graph.h"

#define USE_EVIDENCE_MAX 5 /* event ids that a mark names */
#define USE_EDGES_MAX \
	500 /* edges of one question that are asked about; the others are "unknown", which is said */

struct use;
/* l may be NULL: every mark is "unknown". */
struct use *use_new(struct graph *g, struct lake *l, const struct source_run *run, mw_time from,
                    mw_time to);
void use_free(struct use *u);
/* member: of the class that the edge leads to, or GRAPH_NONE. Appends {"mark":..,"evidence":[..],"count":n,"complete_to":t,"cover":"c.."}; "why" where it is not "seen". -1 when
 * cancelled, late, or the lake failed. */
int use_mark(struct use *u, uint32_t edge, uint32_t member, struct buf *out,
             struct err *e) MW_USE_RESULT;

#endif
