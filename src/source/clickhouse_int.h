/*
 * What the files of the ClickHouse connector share: clickhouse.c asks, clickhouse_load.c is the store of events. Inside src/source.
 */
#ifndef MW_CLICKHOUSE_INT_H
#define MW_CLICKHOUSE_INT_H

#include "source/connector_call.h"

#define CLICKHOUSE_NO_TABLE 60 /* its code for that */

struct clickhouse {
	struct connected c;
	struct connector_env env;
	struct http *http;
	struct secret *login;
	uint64_t last_id; /* of what was loaded */
	bool made;        /* the tables were looked after */
};
const char *clickhouse_table(const struct clickhouse *x);
int clickhouse_in_scope(const struct clickhouse *x, struct err *e);
/* A small query: its rows as JSONCompact's "data". params: pairs of name and value, NULL-terminated; may be NULL. */
int clickhouse_ask(struct clickhouse *x, const struct source_run *run, const char *sql,
                   const char *const *params, cJSON **out, struct err *e);
/* A query of our own whose rows, one JSON object each, may be many and long. */
int clickhouse_lines(struct clickhouse *x, const struct source_run *run, const char *sql,
                     catalog_row_fn *row, void *ctx, struct err *e);
/* rows: JSONEachRow. A token that was there before stores nothing. *code: the engine's own, where it fails. */
int clickhouse_insert(struct clickhouse *x, const struct source_run *run, const char *table,
                      struct slice rows, const char *token, int *code, struct err *e);
/* Our tables and columns, where they are missing. */
int clickhouse_make_tables(struct clickhouse *x, const struct source_run *run, struct err *e);

int clickhouse_load(struct connected *c, const struct source_run *run, struct lake_batch *b,
                    const char *key, struct err *e);
int clickhouse_holdings(struct connected *c, const struct source_run *run, char **stamp,
                        catalog_row_fn *row, void *ctx, struct err *e);

#endif
