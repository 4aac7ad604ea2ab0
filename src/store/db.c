#include "store/db.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define BUSY_MS 10000

int db_error(struct db *d, struct err *e, const char *doing)
{
	int rc = d->h ? sqlite3_extended_errcode(d->h) : SQLITE_NOMEM;
	enum err_code code = ERR_IO;

	if ((rc & 0xFF) == SQLITE_FULL)
		code = ERR_FULL;
	else if ((rc & 0xFF) == SQLITE_CONSTRAINT)
		code = ERR_CONFLICT;
	else if ((rc & 0xFF) == SQLITE_INTERRUPT)
		code = ERR_CANCELLED;
	return err_set(e, code, "%s: %s: %s%s", d->name, doing,
	               d->h ? sqlite3_errmsg(d->h) : sqlite3_errstr(rc),
	               code == ERR_FULL ? "; free some space, nothing stored is lost" : "");
}

/* Neither the schema nor a value of an opened file may make SQLite do more than store and find. */
static const char settings[] = "PRAGMA trusted_schema=OFF;"
                               "PRAGMA cell_size_check=ON;"
                               "PRAGMA foreign_keys=ON;"
                               "PRAGMA synchronous=FULL;"
                               "PRAGMA temp_store=MEMORY;";

/* O_EXCL, since closing a descriptor of an open database would drop this process's locks on it. */
static void create_private(const char *path)
{
	int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0)
		close(fd);
}

int db_open(struct db *d, const char *path, enum db_mode mode, const char *vfs, struct err *e)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
	            (mode == DB_READ ? SQLITE_OPEN_READONLY
	                             : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	const char *base = strrchr(path, '/');

	*d = (struct db){0};
	snprintf(d->name, sizeof(d->name), "%s", base ? base + 1 : path);
	if (mode == DB_WRITE)
		create_private(path);
	if (sqlite3_open_v2(path, &d->h, flags, vfs) != SQLITE_OK) {
		db_error(d, e, "open");
		db_close(d);
		return -1;
	}
	sqlite3_busy_timeout(d->h, BUSY_MS);
	sqlite3_db_config(d->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	if (db_exec(d, settings, e) ||
	    (mode == DB_WRITE && db_exec(d, "PRAGMA journal_mode=WAL;", e))) {
		db_close(d);
		return -1;
	}
	return 0;
}

void db_close(struct db *d)
{
	for (size_t i = 0; i < d->stmts.n; i++)
		sqlite3_finalize(d->stmts.entries[i].val.p);
	map_release(&d->stmts);
	sqlite3_close(d->h);
	d->h = NULL;
}

int db_exec(struct db *d, const char *sql, struct err *e)
{
	return sqlite3_exec(d->h, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_error(d, e, "exec");
}

static int migrate_step(struct db *d, const char *sql, int version, struct err *e)
{
	char pragma[64];

	snprintf(pragma, sizeof(pragma), "PRAGMA user_version=%d;", version);
	if (db_begin(d, e))
		return -1;
	if (db_exec(d, sql, e) || db_exec(d, pragma, e)) {
		db_rollback(d);
		return err_prefix(e, "schema version %d", version);
	}
	return db_commit(d, e);
}

int db_migrate(struct db *d, const char *const *steps, int n, struct err *e)
{
	int64_t have;

	if (db_i64(d, e, &have, 0, "PRAGMA user_version", ""))
		return -1;
	if (have > n)
		return err_set(e, ERR_CONFLICT,
		               "%s: written by a newer version (schema %d, this program knows %d); "
		               "use that version, or another --state directory",
		               d->name, (int)have, n);
	for (int v = (int)have; v < n; v++)
		if (migrate_step(d, steps[v], v + 1, e))
			return -1;
	return 0;
}

static sqlite3_stmt *prepared(struct db *d, const char *sql, struct err *e)
{
	struct map_entry *m = map_put_str(&d->stmts, sql, NULL);

	if (m->val.p) {
		sqlite3_reset(m->val.p);
		return m->val.p;
	}
	if (sqlite3_prepare_v3(d->h, sql, -1, SQLITE_PREPARE_PERSISTENT, (sqlite3_stmt **)&m->val.p,
	                       NULL) != SQLITE_OK) {
		db_error(d, e, "prepare");
		return NULL;
	}
	return m->val.p;
}

static int bind_one(sqlite3_stmt *s, int at, char type, va_list *ap)
{
	struct slice text;

	switch (type) {
	case 'i':
		return sqlite3_bind_int64(s, at, va_arg(*ap, int64_t));
	case 'd':
		return sqlite3_bind_double(s, at, va_arg(*ap, double));
	case 's':
		return sqlite3_bind_text(s, at, va_arg(*ap, const char *), -1, SQLITE_STATIC);
	case 't':
		text = va_arg(*ap, struct slice);
		return sqlite3_bind_text64(s, at, text.s ? text.s : "", text.n, SQLITE_STATIC,
		                           SQLITE_UTF8);
	case 'b':
		text = va_arg(*ap, struct slice);
		return sqlite3_bind_blob64(s, at, text.s ? text.s : "", text.n, SQLITE_STATIC);
	case 'n':
		return sqlite3_bind_null(s, at);
	default:
		return SQLITE_MISUSE;
	}
}

static sqlite3_stmt *vquery(struct db *d, struct err *e, const char *sql, const char *types,
                            va_list *ap)
{
	sqlite3_stmt *s = prepared(d, sql, e);

	for (int i = 0; s && types[i]; i++)
		if (bind_one(s, i + 1, types[i], ap) != SQLITE_OK) {
			db_error(d, e, "bind");
			return NULL;
		}
	return s;
}

sqlite3_stmt *db_query(struct db *d, struct err *e, const char *sql, const char *types, ...)
{
	sqlite3_stmt *s;
	va_list ap;

	va_start(ap, types);
	s = vquery(d, e, sql, types, &ap);
	va_end(ap);
	return s;
}

int db_step(struct db *d, sqlite3_stmt *s, struct err *e)
{
	int rc = sqlite3_step(s);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		db_error(d, e, "step");
	sqlite3_reset(s);
	return rc == SQLITE_DONE ? 0 : -1;
}

void db_done(sqlite3_stmt *s)
{
	sqlite3_reset(s);
}

int db_run(struct db *d, struct err *e, const char *sql, const char *types, ...)
{
	sqlite3_stmt *s;
	va_list ap;
	int rc;

	va_start(ap, types);
	s = vquery(d, e, sql, types, &ap);
	va_end(ap);
	if (!s)
		return -1;
	while ((rc = db_step(d, s, e)) > 0)
		;
	return rc;
}

int db_i64(struct db *d, struct err *e, int64_t *out, int64_t fallback, const char *sql,
           const char *types, ...)
{
	sqlite3_stmt *s;
	va_list ap;
	int rc;

	va_start(ap, types);
	s = vquery(d, e, sql, types, &ap);
	va_end(ap);
	rc = s ? db_step(d, s, e) : -1;
	if (rc < 0)
		return -1;
	*out = rc && sqlite3_column_type(s, 0) != SQLITE_NULL ? sqlite3_column_int64(s, 0)
	                                                      : fallback;
	db_done(s);
	return 0;
}

int db_begin(struct db *d, struct err *e)
{
	return db_run(d, e, "BEGIN IMMEDIATE", "");
}

int db_commit(struct db *d, struct err *e)
{
	if (db_run(d, e, "COMMIT", "") == 0)
		return 0;
	db_rollback(d);
	return -1;
}

void db_rollback(struct db *d)
{
	if (!sqlite3_get_autocommit(d->h))
		(void)sqlite3_exec(d->h, "ROLLBACK", NULL, NULL, NULL);
}

struct slice db_col(sqlite3_stmt *s, int col)
{
	const char *p = sqlite3_column_type(s, col) == SQLITE_BLOB
	                        ? sqlite3_column_blob(s, col)
	                        : (const char *)sqlite3_column_text(s, col);

	return (struct slice){p ? p : "", p ? (size_t)sqlite3_column_bytes(s, col) : 0};
}

const char *db_text(sqlite3_stmt *s, int col)
{
	return (const char *)sqlite3_column_text(s, col);
}
