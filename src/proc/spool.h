/*
 * Rows on their way from a worker to clients: per job and step one data file (a JSON text a line) and one index file (the end
 * offset of each row, 8 bytes little-endian). Both are unlinked files made by the engine, which pages by row number without
 * reading more than the page. The writer is not trusted: the reader checks offsets, sizes and that a row is one JSON value.
 */
#ifndef MW_SPOOL_H
#define MW_SPOOL_H

#include "base/json.h"
#include "base/err.h"

struct spool { /* an open pair, -1 where there is none */
	int data, index;
};
#define SPOOL_NONE     \
	{              \
		-1, -1 \
	}
int spool_create(struct spool *s, int dirfd,
                 struct err *e) MW_USE_RESULT; /* unlinked files on that directory's disk */
void spool_close(struct spool *s);

/* Writer: buffered; rows are there for readers after spool_flush. */
struct spool_writer {
	struct spool files;
	struct buf data, index;
	uint64_t bytes, rows;
	int64_t flushed_at; /* mw_mono_us */
};
void spool_writer_init(struct spool_writer *w, struct spool files);
void spool_writer_release(struct spool_writer *w);
int spool_add(struct spool_writer *w, struct slice json,
              struct err *e) MW_USE_RESULT; /* flushes when it is worth it */
int spool_flush(struct spool_writer *w, struct err *e) MW_USE_RESULT;

/* Reader. Rows that are complete by now. */
uint64_t spool_rows(const struct spool *s);
/* Appends rows [offset, ...) joined by commas to out: at most limit rows and max_bytes, at least one if there is one.
 * *n gets how many. */
int spool_page(const struct spool *s, uint64_t offset, uint64_t limit, size_t max_bytes,
               struct buf *out, uint64_t *n, struct err *e) MW_USE_RESULT;
/* The same rows, parsed, as an array; NULL with e. */
cJSON *spool_page_json(const struct spool *s, uint64_t offset, uint64_t limit, size_t max_bytes,
                       uint64_t *n, struct err *e);

#endif
