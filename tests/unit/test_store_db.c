#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/db.h"

static const char *const steps[] = {
        "CREATE TABLE t (k TEXT PRIMARY KEY, v BLOB) STRICT;",
        "ALTER TABLE t ADD COLUMN n INTEGER;",
        "CREATE TABLE broken (;",
};

static int in_temp(void **state)
{
	char *dir = strdup("/tmp/mw-db.XXXXXX"), *path = NULL;

	if (!mkdtemp(dir) || asprintf(&path, "%s/t.db", dir) < 0)
		return -1;
	free(dir);
	*state = path;
	return 0;
}

static int remove_temp(void **state)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	char *path = *state, *cut;

	for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
		char name[256];
		snprintf(name, sizeof(name), "%s%s", path, tails[i]);
		unlink(name);
	}
	cut = strrchr(path, '/');
	*cut = '\0';
	rmdir(path);
	free(path);
	return 0;
}

static void binds_and_reads_back(void **state)
{
	struct err e = {0};
	struct db d;
	sqlite3_stmt *s;
	int64_t n;

	assert_int_equal(db_open(&d, *state, DB_WRITE, NULL, &e), 0);
	assert_int_equal(db_migrate(&d, steps, 2, &e), 0);
	assert_int_equal(db_begin(&d, &e), 0);
	assert_int_equal(db_run(&d, &e, "INSERT INTO t VALUES (?,?,?)", "sbi", "a",
	                        ((struct slice){"x\0y", 3}), INT64_C(1) << 60),
	                 0);
	assert_int_equal(db_commit(&d, &e), 0);
	s = db_query(&d, &e, "SELECT v, n FROM t WHERE k = ?", "t", SLICE("a"));
	assert_non_null(s);
	assert_int_equal(db_step(&d, s, &e), 1);
	assert_true(slice_eq(db_col(s, 0), (struct slice){"x\0y", 3}));
	assert_int_equal(sqlite3_column_int64(s, 1), INT64_C(1) << 60);
	assert_int_equal(db_step(&d, s, &e), 0);
	assert_int_equal(db_run(&d, &e, "INSERT INTO t VALUES (?,?,?)", "snn", "a"), -1);
	assert_int_equal(e.code, ERR_CONFLICT);
	assert_int_equal(db_i64(&d, &e, &n, -5, "SELECT max(n) FROM t WHERE k = 'none'", ""), 0);
	assert_int_equal(n, -5);
	db_close(&d);
}

static void schema_moves_forward_only(void **state)
{
	struct err e = {0};
	struct db d;
	struct stat st;

	assert_int_equal(db_open(&d, *state, DB_WRITE, NULL, &e), 0);
	assert_int_equal(db_migrate(&d, steps, 1, &e), 0);
	assert_int_equal(db_migrate(&d, steps, 3, &e), -1);
	assert_non_null(strstr(e.what, "schema version 3"));
	assert_int_equal(db_migrate(&d, steps, 2, &e), 0); /* step 2 had been kept, 3 rolled back */
	assert_int_equal(db_migrate(&d, steps, 1, &e), -1);
	assert_int_equal(e.code, ERR_CONFLICT);
	assert_int_equal(stat(*state, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	db_close(&d);
}

static void a_missing_file_is_an_error_for_readers(void **state)
{
	struct err e = {0};
	struct db d;

	assert_int_equal(db_open(&d, *state, DB_READ, NULL, &e), -1);
	assert_non_null(strstr(e.what, "t.db"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(binds_and_reads_back, in_temp, remove_temp),
	        cmocka_unit_test_setup_teardown(schema_moves_forward_only, in_temp, remove_temp),
	        cmocka_unit_test_setup_teardown(a_missing_file_is_an_error_for_readers, in_temp,
	                                        remove_temp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
