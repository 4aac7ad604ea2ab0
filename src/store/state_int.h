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
/* Every row of the statement (NULL: it could not be made, e says why) in an array; NULL with e. */
typedef cJSON *state_row_fn(sqlite3_stmt *st);
cJSON *state_rows(struct state *s, sqlite3_stmt *st, state_row_fn *row, struct err *e);
cJSON *state_named(const char *key, cJSON *list);    /* {key: list}; NULL where list is */
void state_put(cJSON *o, const char *key, cJSON *v); /* add, taking over v */
cJSON *state_queue_row(struct state *s, int64_t id, mw_time now,
                       struct err *e); /* QROW of methods.def */

/* The incident's document and its row (state_case.c), for the files that change incidents. */
int state_parse_id(const char *id, int64_t *out, struct err *e) MW_USE_RESULT; /* "INC-12" */
int state_begin_change(struct state *s, const char *id, int64_t rev, int64_t *n,
                       struct err *e) MW_USE_RESULT; /* rev 0: any */
cJSON *state_document(struct state *s, int64_t id, struct err *e);
int state_write_document(struct state *s, const cJSON *doc, int64_t id,
                         struct err *e) MW_USE_RESULT;
int state_insert(struct state *s, const cJSON *doc, const char *by, mw_time now, int64_t *id,
                 struct err *e) MW_USE_RESULT;
int state_touch(struct state *s, const struct who *w, int64_t id, mw_time now,
                struct err *e) MW_USE_RESULT;
int64_t state_count_records(const cJSON *doc);
void state_set_member(cJSON *o, const char *key, cJSON *v); /* replaces; takes over v */
void state_unite_texts(cJSON *into, const cJSON *from, const char *key);
#define STATE_DOC_MAX (64u * 1024 * 1024)
#define SLICE_OF_BUF(b) ((struct slice){(b).s, (b).len})

#endif
