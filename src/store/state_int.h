/*
 * Shared by the files that make up store/state.h. Not for other rooms.
 */
#ifndef MW_STATE_INT_H
#define MW_STATE_INT_H

#include "store/state.h"

/* A JSON column, parsed; null or broken text gives NULL. Text of our own writing, so broken means a damaged file. */
cJSON *state_json_col(sqlite3_stmt *st, int col);
/* Adds the parsed column as a member (null where there is none). */
void state_add_json(cJSON *o, const char *key, sqlite3_stmt *st, int col);
/* Text of a tree for binding; caller releases. */
struct buf state_text(const cJSON *v);
void state_put(cJSON *o, const char *key, cJSON *v); /* add, taking over v */
mw_time state_time(const cJSON *o, const char *key); /* of a text member; MW_TIME_NONE */
cJSON *state_queue_row(struct state *s, int64_t id, mw_time now, struct err *e); /* QROW of methods.def */
#define STATE_DOC_MAX (64u * 1024 * 1024)
#define SLICE_OF_BUF(b) ((struct slice){(b).s, (b).len})

#endif
