/*
 * What the company's own records say, read once from the graph: its networks and accounts, which assets hold classified data,
 * which hosts are scanners, indicators, approved changes. Any inventory may bring them (src/demo/context.c writes examples):
 *   a node of type resource with props.record = "network" {cidr, kind: internal|own|provider|home}, "indicator" {value, kind,
 *   about, confidence: low|medium|high}, "change" {title, requester, from, to} with `affects` edges to what it is about;
 *   the label "scanner" on an asset; a label or props.data_class pii|financial|secret|health|card on a store.
 * Without a graph nothing is known, and the questions below say so by false, NULL or GRAPH_NONE. One thread.
 */
#ifndef MW_FACTS_H
#define MW_FACTS_H

#include "base/err.h"
#include "base/mem.h"
#include "base/mwtime.h"
#include "store/graph.h"

struct facts;
int facts_load(struct facts **out, struct graph *g,
               struct err *e) MW_USE_RESULT; /* g may be NULL */
void facts_free(struct facts *f);
struct graph *facts_graph(const struct facts *f);

/* Lists for detections, by name: "own" (blocks; empty as long as no network record says what is ours), "accounts", "classified" (names of stores), "indicators" (values), "scanners"
 * (addresses). NULL-terminated, borrowed; *n 0 where nothing is known. An unknown name gives NULL. */
const char *const *facts_list(const struct facts *f, struct slice name, size_t *n);

bool facts_own_address(const struct facts *f, struct slice ip);
bool facts_public_address(struct slice ip); /* an address, and not of a private or special block */
bool facts_knows_networks(const struct facts *f);
bool facts_scanner(const struct facts *f, struct slice ip);

struct fact_indicator {
	const char *value, *about, *confidence;
};
const struct fact_indicator *facts_indicator(const struct facts *f, struct slice value);
struct fact_change {
	const char *id, *title, *requester;
	mw_time from, to;
	uint32_t *about; /* nodes */
	size_t nabout;
};
const struct fact_change *facts_changes(const struct facts *f, size_t *n);

/* The asset behind a value: an id, ARN, name, private or public address. GRAPH_NONE: unknown. */
uint32_t facts_node(const struct facts *f, struct slice value);
const char *facts_data_class(const struct facts *f, uint32_t node); /* "pii", or NULL */
int facts_criticality(const struct facts *f, uint32_t node);        /* 1 (most) .. 4; 0: unknown */
const char *
facts_service_account(const struct facts *f,
                      uint32_t node); /* of a workload, as audit logs write it; or NULL */
const char *facts_name(const struct facts *f, uint32_t node); /* its name, else its id */

#endif
