/*
 * Our own event table in ClickHouse: what plan/ch.c asks, clickhouse.c loads. Inside src/source, and for those who make the rows that
 * ingest takes: today the wire tests alone.
 */
#ifndef MW_CLICKHOUSE_OWN_H
#define MW_CLICKHOUSE_OWN_H

#include "model/event.h"
#include "source/connector.h"

/* CREATE TABLE IF NOT EXISTS. Blocks with a token that was stored before are dropped (non_replicated_deduplication_window). */
void clickhouse_schema(struct buf *sql, const char *table);
/* An event as one line of JSONEachRow, without its newline. id: order of import. */
void clickhouse_row(struct buf *line, const struct event *ev, uint64_t id);

#endif
