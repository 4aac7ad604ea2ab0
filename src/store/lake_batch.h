/*
 * A batch as a parse process built it (lake_builder_finish), read back: for a store of events that is not the lake. Rows that are there
 * already are dropped from it in memory; what is left can be read as events, or as a lake of its own (store/catalog.h over it tells what
 * the batch brings). Maps the file; one thread.
 */
#ifndef MW_LAKE_BATCH_H
#define MW_LAKE_BATCH_H

#include "base/map.h"
#include "store/lake.h"

#define LAKE_KEY_BYTES 16 /* BLAKE2b of the dataset and the event's own uid, or its bytes */

struct lake_batch;
int lake_batch_open(struct lake_batch **out, int fd, struct err *e) MW_USE_RESULT;
void lake_batch_close(struct lake_batch *b);

struct lake_batch_part { /* events of one dataset */
	const char *dataset;
	uint32_t rows, live; /* live: not dropped */
	mw_time from, to;    /* of all rows; MW_TIME_NONE: none has a time */
	bool untimed;        /* some have none */
};
size_t lake_batch_parts_of(const struct lake_batch *b);
struct lake_batch_part lake_batch_part(const struct lake_batch *b, size_t part);
/* The event's identity (store/lake.h, Dedup). */
const uint8_t *lake_batch_key(const struct lake_batch *b, size_t part, uint32_t row);
bool lake_batch_dropped(const struct lake_batch *b, size_t part, uint32_t row);
void lake_batch_drop(struct lake_batch *b, size_t part, uint32_t row);
/* Drops the row with this identity, where there is one. */
void lake_batch_drop_key(struct lake_batch *b, size_t part, const uint8_t key[LAKE_KEY_BYTES]);
/* Slices live until the next call for another row far away, or the arena's reset. */
int lake_batch_event(struct lake_batch *b, size_t part, uint32_t row, struct arena *a,
                     struct event *out, struct err *e) MW_USE_RESULT;
/* Basename -> dropped rows. */
int lake_batch_dropped_by_file(struct lake_batch *b, struct map *out, struct err *e) MW_USE_RESULT;
/* What is left, as a lake to be read: the batch's. */
struct lake *lake_batch_lake(struct lake_batch *b);

/* Copies the parts whose dataset is wanted into `to` as a batch of their own. *n gets how many those are. */
int lake_batch_pick(int fd, bool (*wanted)(const char *dataset), int to, size_t *n,
                    struct err *e) MW_USE_RESULT;

#endif
