/*
 * The import pipeline: files in, durable lake and graph out, with a parse process for each core. Runs in the import
 * worker (which is the lake's writer). Progress and cancel by callbacks. Files come as open descriptors.
 */
#ifndef MW_IMPORT_H
#define MW_IMPORT_H

#include "intake/intake.h"
#include "store/lake.h"

struct graph;
struct map;
struct import_file {
	int fd;           /* readable; a regular file, or a pipe (read once, not split) */
	const char *name; /* as the client named it, for messages and the reject list */
};
struct import_progress {
	uint64_t bytes, bytes_total; /* total 0: unknown */
	uint64_t events, duplicates, rejected, nodes, edges;
	double seconds;
	const char *file; /* being read */
};
/* A store of events that is not the lake, and takes the batches in its place; findings are kept in the lake as well, since incidents are made
 * of them there. One batch is under way while the next one is being made. */
struct import_stored {
	uint64_t events, duplicates;
	struct map *by_file; /* basename -> duplicates */
};
struct import_store {
	void *ctx;
	int (*begin)(void *ctx, int batch_fd,
	             struct err *e); /* the descriptor stays the caller's */
	int (*end)(void *ctx, struct import_stored *out,
	           struct err *e); /* of the one that was begun: 0 once it is acknowledged */
};
struct import_opts {
	const struct import_store *store; /* NULL: the lake */
	const char *label;                /* may be NULL */
	int parsers;                      /* parse processes; 0: as many as cores, at most 4 */
	const char *mapping;
	const uint64_t *first_lines; /* a file: number of its first line, 0: 1. NULL: all 1 */
	int64_t into;                /* an import that this is a further part of; 0: a new one */
	bool (*progress)(
	        void *ctx,
	        const struct import_progress *p); /* at least 4 times a second; false cancels */
	void *ctx;
};
struct import_result {
	int64_t id;
	struct import_progress total;
	bool cancelled; /* what was appended stays; a second import of the same files goes on from there by dedup */
	cJSON *files; /* [{"name","format","events","duplicates","rejected","error"?}], caller deletes */
};
int import_run(struct lake *l, struct graph *g, const struct import_file *files, size_t n,
               const struct import_opts *o, struct import_result *out, struct err *e) MW_USE_RESULT;

/* Reads again what earlier imports set aside, since a newer build or mapping may know more: at most a few hundred records a
 * call. What goes in leaves the list; what does not stands on it under a new number, with today's reason. */
struct import_retry {
	int64_t after, until; /* in: 0 and 0 for the first call; out: for the next one */
	int64_t import;       /* in: 0, or what the first call made; out: where the events are */
	uint64_t tried, events, duplicates, rejected, nodes, edges; /* of this call */
	const struct import_store *store;                           /* as of import_opts */
	bool more;
};
int import_retry_some(struct lake *l, struct graph *g, struct import_retry *r,
                      struct err *e) MW_USE_RESULT;

#endif
