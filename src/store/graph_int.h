/*
 * What the files of the embedded graph share: the database handle, the snapshot's layout,
 * derivation. Not for others.
 */
#ifndef MW_GRAPH_INT_H
#define MW_GRAPH_INT_H

#include "base/map.h"
#include "store/db.h"
#include "store/graph.h"

/* The snapshot (graph.csr, or the same bytes in memory): a header, then sections at 8-byte
 * boundaries. Native byte order: it is a cache beside its graph.db, rebuilt whenever it does not
 * fit. All text is offsets into the pool, NUL-terminated. */
enum snap_section {
	SNAP_NODES,
	SNAP_EDGES,
	SNAP_OUT_START,
	SNAP_OUT,
	SNAP_IN_START,
	SNAP_IN,
	SNAP_ID_HASH,
	SNAP_NAME_HASH,
	SNAP_NODE_TYPES,
	SNAP_EDGE_TYPES,
	SNAP_POOL,
	SNAP_SECTIONS
};
struct snap_header {
	char magic[8];
	int64_t generation;
	uint64_t file_id;  /* of the graph.db that it was made from */
	uint64_t size;     /* of the whole */
	uint64_t checksum; /* XXH3 of what follows the header */
	uint32_t nodes, edges, slots, node_types, edge_types, pad;
	uint64_t at[SNAP_SECTIONS];
};
struct snap_node {
	uint32_t id, name, text, text_len;
	uint16_t type, pad;
};
struct snap_edge {
	uint32_t from, to, props, label;
	uint16_t type, flags;
};
struct snap {
	const struct snap_header *h; /* NULL: empty graph */
	bool mapped;
	const struct snap_node *nodes;
	const struct snap_edge *edges;
	const uint32_t *out_start, *in_start, *id_hash, *name_hash, *node_types, *edge_types;
	const struct graph_edge *out, *in;
	const char *pool;
};

struct graph {
	struct db db;
	bool open; /* a reader of an absent file has none */
	enum graph_mode mode;
	char *dir;
	bool changing;   /* between begin and commit */
	struct map rows; /* writer: id -> row */
	struct snap snap;
	uint64_t limited; /* derived edges left out by GRAPH_DERIVED_MAX */
	uint64_t nderived;
};

/* Rows of graph.db. A node is made where it is absent (type NULL: from its id). */
int graph_row(struct graph *g, const char *id, const char *type, int64_t *row,
              struct err *e) MW_USE_RESULT;
struct graph_edge_row {
	int64_t from, to;
	const char *type, *action; /* action "": none */
	const cJSON *props;        /* may be NULL */
	uint16_t flags;
};
int graph_put_edge(struct graph *g, const struct graph_edge_row *r, struct err *e) MW_USE_RESULT;
int graph_put_class(struct graph *g, const char *id, const char *name, const char *account,
                    int64_t *row, struct err *e) MW_USE_RESULT; /* a derived resource_class node */
int graph_open_db(struct graph *g, struct err *e); /* sets g->open where there is a graph to read */
int graph_generation(struct graph *g, int64_t *generation, uint64_t *file_id,
                     struct err *e) MW_USE_RESULT;
/* Deletes what was derived and derives it again from what is there. Within the writer's
 * transaction. */
int graph_derive(struct graph *g, struct err *e) MW_USE_RESULT;

/* From graph.db into fresh memory (snap.mapped false). */
int snap_build(struct graph *g, struct snap *out, struct err *e) MW_USE_RESULT;
int snap_save(const struct snap *s, const char *dir, struct err *e) MW_USE_RESULT;
/* Maps graph.csr; false where it is absent, damaged or of another generation. */
bool snap_load(struct snap *out, const char *dir, int64_t generation, uint64_t file_id);
void snap_release(struct snap *s);

#endif
