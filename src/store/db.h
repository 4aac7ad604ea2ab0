/*
 * SQLite as every store uses it: opened with the same settings, statements prepared once and kept by their text, values
 * only ever bound, errors as struct err with SQLite's own message (a full disk is ERR_FULL, a broken constraint
 * ERR_CONFLICT). A db belongs to one thread.
 */
#ifndef MW_DB_H
#define MW_DB_H

#include <sqlite3.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"

enum db_mode {
	DB_READ, /* must exist; a reader of a WAL file, sees a snapshot a transaction */
	DB_WRITE, /* created 0600 when absent; WAL, synchronous=FULL: a commit that returned is on disk */
};
struct db {
	sqlite3 *h;
	struct map stmts; /* SQL text -> sqlite3_stmt */
	char name[64];    /* for messages: the file's base name */
};
/* vfs NULL: the usual one (tests put a fault-injecting one here). */
int db_open(struct db *d, const char *path, enum db_mode mode, const char *vfs,
            struct err *e) MW_USE_RESULT;
void db_close(struct db *d);
/* Brings the schema to version n (PRAGMA user_version) by the steps that are missing, each in a transaction of its own. A
 * file of a newer version is refused. */
int db_migrate(struct db *d, const char *const *steps, int n, struct err *e) MW_USE_RESULT;
int db_exec(struct db *d, const char *sql,
            struct err *e) MW_USE_RESULT; /* fixed text, may be several statements */

/* One letter a parameter in `types`, each with its argument: i int64_t, d double, s const char * (NULL: null),
 * t struct slice as text, b struct slice as blob (text and blob are borrowed until the statement is reset), n nothing: null.
 * The statement is reset by the next use of the same text, or by db_done. */
sqlite3_stmt *db_query(struct db *d, struct err *e, const char *sql, const char *types,
                       ...) MW_USE_RESULT;
int db_step(struct db *d, sqlite3_stmt *s,
            struct err *e) MW_USE_RESULT; /* 1 a row, 0 the end (and reset), -1 error (and reset) */
void db_done(sqlite3_stmt *s);            /* reset before the end; NULL is fine */
int db_run(struct db *d, struct err *e, const char *sql, const char *types,
           ...) MW_USE_RESULT; /* to its end, no rows wanted */
/* First column of the first row; fallback where there is no row or it is null. -1 on errors. */
int db_i64(struct db *d, struct err *e, int64_t *out, int64_t fallback, const char *sql,
           const char *types, ...) MW_USE_RESULT;

int db_begin(struct db *d, struct err *e) MW_USE_RESULT;  /* BEGIN IMMEDIATE */
int db_commit(struct db *d, struct err *e) MW_USE_RESULT; /* rolls back where it fails */
void db_rollback(struct db *d);

struct slice db_col(sqlite3_stmt *s, int col); /* text or blob, until the next step */
const char *db_text(sqlite3_stmt *s, int col); /* NULL for null */
/* Fills e from the connection's last error. Returns -1. */
int db_error(struct db *d, struct err *e, const char *doing);

#endif
