/*
 * Our own tables in ClickHouse: the events that plan/ch.c asks and clickhouse.c loads, and beside them the catalogue, what was ever loaded
 * (store/catalog_rows.h), which planner and proofs need. Inside src/source, and for the wire tests.
 *
 * Events: key is the event's identity (store/lake.h, Dedup) as a UUID; the loader asks which are there already, and where two loaders
 * brought the same one at once, ReplacingMergeTree makes them one. id is the order of loading, microseconds at least one apart.
 */
#ifndef MW_CLICKHOUSE_OWN_H
#define MW_CLICKHOUSE_OWN_H

#include "model/event.h"
#include "source/connector.h"

/* Statements that make the tables and columns where they are missing, to be sent one by one. NULL after the last. free() it. */
char *clickhouse_schema(const char *table, size_t i);
char *clickhouse_catalog_table(const char *table);         /* its name; free() it */
void clickhouse_key(struct buf *b, const uint8_t key[16]); /* as a UUID is written */
/* An event as one line of JSONEachRow, without its newline. */
void clickhouse_row(struct buf *line, const struct event *ev, uint64_t id, const uint8_t key[16]);

#endif
