/*
 * A source's row on its way from the source's worker to the one that runs the plan: one JSON text a row in a spool.
 *   event  {"u":uid,"t":microseconds,"a":microseconds,"d":dataset,"o":own id,"v":[["field","value"],..],"r":base64 of raw}
 *   stats  {"c":["text",..]}      graph  {"j":{..}}
 * and of how a run ended, besides rows: {rows,scanned,limited,partial,inexact,why,complete_to,sent}.
 */
#ifndef MW_SOURCE_ROW_H
#define MW_SOURCE_ROW_H

#include "base/json.h"
#include "source/source.h"

/* A raw record that is longer than a row may be is left out, and *cut set. */
void source_row_write(const struct source_row *r, struct buf *out, bool *cut);
/* Texts live in a; ev gives the storage of an event row. */
int source_row_read(const cJSON *j, struct arena *a, struct event *ev, struct source_row *out,
                    struct err *e) MW_USE_RESULT;
cJSON *source_done_json(const struct source_done *d);
void source_done_read(const cJSON *j, struct source_done *d); /* sent is malloc'd */

#endif
