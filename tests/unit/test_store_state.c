/* state.db under faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault_vfs.h"
#include "store/state.h"

/* ---- helpers ---- */

static const struct who me = {1000, "analyst"};

static int in_temp(void **state)
{
	char *dir = strdup("/tmp/mw-state.XXXXXX");

	*state = dir;
	return mkdtemp(dir) ? 0 : -1;
}

static int rm(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_temp(void **state)
{
	nftw(*state, rm, 16, FTW_DEPTH | FTW_PHYS);
	free(*state);
	return 0;
}

static int put(struct state *s, int64_t n, struct err *e)
{
	cJSON *ui = cJSON_CreateObject();
	int rc;

	json_add_i64(ui, "n", n);
	rc = db_begin(&s->db, e) || state_session_put(s, &me, "s", ui, e) ||
	                     state_audit(s, &me, "put", "s", ui, n, e) || db_commit(&s->db, e)
	             ? -1
	             : 0;
	if (rc)
		db_rollback(&s->db);
	cJSON_Delete(ui);
	return rc;
}

static int64_t get(struct state *s)
{
	struct err e;
	cJSON *o = state_session_get(s, &me, "s", &e);
	int64_t n;

	assert_non_null(o);
	n = json_i64(json_obj(o, "ui"), "n", 0);
	cJSON_Delete(o);
	return n;
}

/* ---- tests ---- */

/* A child writes until the power goes; it says over a pipe what was acknowledged. */
static void write_until_cut(const char *dir, unsigned seed, int64_t from, int ack)
{
	int64_t todo = from + 1 + rand_r(&seed) % 20;
	struct state s;
	struct err e;

	register_vfs(false);
	if (state_open(&s, dir, "mw-fault", &e))
		_exit(1);
	for (int64_t n = from + 1; n <= todo; n++) {
		if (put(&s, n, &e))
			_exit(2);
		(void)!write(ack, &n, sizeof(n));
	}
	if (rand_r(&seed) % 2) { /* one that is on its way when it happens */
		cJSON *ui = cJSON_CreateObject();
		if (db_begin(&s.db, &e) || state_session_put(&s, &me, "s", ui, &e))
			_exit(3);
		sqlite3_db_cacheflush(s.db.h);
	}
	power_cut(&seed);
	_exit(0);
}

static int64_t last_ack(int fd, int64_t n)
{
	int64_t got;

	while (read(fd, &got, sizeof(got)) == (ssize_t)sizeof(got))
		n = got;
	return n;
}

static void no_acknowledged_write_is_lost_by_a_power_cut(void **state)
{
	int rounds = getenv("MW_LONG") ? 1000 : 60;
	int64_t acked = 0;

	for (int i = 0; i < rounds; i++) {
		struct state s;
		struct err e;
		cJSON *v;
		int p[2], status;
		pid_t pid;
		assert_int_equal(pipe(p), 0);
		pid = fork();
		if (pid == 0)
			write_until_cut(*state, (unsigned)i * 7919u + 1, acked, p[1]);
		close(p[1]);
		acked = last_ack(p[0], acked);
		close(p[0]);
		waitpid(pid, &status, 0);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		assert_int_equal(state_open(&s, *state, NULL, &e), 0);
		assert_int_equal(get(&s), acked);
		v = state_audit_verify(&s, &e);
		assert_true(json_bool(v, "ok", false));
		assert_int_equal(json_i64(v, "entries", -1), acked);
		cJSON_Delete(v);
		state_close(&s);
	}
}

static void a_full_disk_is_said_and_loses_nothing(void **state)
{
	struct state s;
	struct err e = {0};
	int64_t n = 0;

	register_vfs(false);
	assert_int_equal(state_open(&s, *state, "mw-fault", &e), 0);
	space_left = 100000;
	while (put(&s, n + 1, &e) == 0)
		n++;
	assert_true(n > 0);
	assert_int_equal(e.code, ERR_FULL);
	assert_non_null(strstr(e.what, "free some space"));
	assert_int_equal(get(&s), n);
	space_left = INT64_MAX;
	assert_int_equal(put(&s, n + 1, &e), 0);
	assert_int_equal(get(&s), n + 1);
	state_close(&s);
}

static void a_changed_audit_entry_shows(void **state)
{
	struct state s;
	struct err e;
	cJSON *v;

	assert_int_equal(state_open(&s, *state, NULL, &e), 0);
	for (int64_t n = 1; n <= 5; n++)
		assert_int_equal(put(&s, n, &e), 0);
	assert_int_equal(db_exec(&s.db, "UPDATE audit SET object = 'x' WHERE seq = 3", &e), 0);
	v = state_audit_verify(&s, &e);
	assert_false(json_bool(v, "ok", true));
	assert_int_equal(json_i64(v, "first_bad", 0), 3);
	cJSON_Delete(v);
	assert_int_equal(db_exec(&s.db, "DELETE FROM audit WHERE seq = 3", &e), 0);
	v = state_audit_verify(&s, &e);
	assert_false(json_bool(v, "ok", true));
	cJSON_Delete(v);
	state_close(&s);
}

static void sessions_belong_to_their_user(void **state)
{
	const struct who other = {2000, "colleague"};
	struct state s;
	struct err e;
	int64_t turn;
	cJSON *o;

	assert_int_equal(state_open(&s, *state, NULL, &e), 0);
	assert_int_equal(state_turn_begin(&s, &me, "s", "mine?", NULL, 7, &turn, &e), 0);
	assert_int_equal(turn, 1);
	assert_int_equal(state_last_job(&s, &e), 7);
	o = state_session_get(&s, &other, "s", &e);
	assert_int_equal(cJSON_GetArraySize(json_arr(o, "turns")), 0);
	cJSON_Delete(o);
	o = state_session_list(&s, &me, &e);
	assert_int_equal(json_i64(json_arr(o, "sessions")->child, "turns", 0), 1);
	cJSON_Delete(o);
	state_close(&s);
}

static void documents_have_versions(void **state)
{
	struct state s;
	struct err e;
	int64_t id, version;
	cJSON *o;

	assert_int_equal(state_open(&s, *state, NULL, &e), 0);
	assert_int_equal(
	        state_doc_put(&s, &me, 0, "report", "INC-1", "# one", 1, &id, &version, &e), 0);
	assert_int_equal(state_doc_put(&s, &me, id, NULL, NULL, "# two", 2, &id, &version, &e), 0);
	assert_int_equal(version, 2);
	o = state_doc_get(&s, id, 0, &e);
	assert_string_equal(json_str(o, "markdown", ""), "# two");
	assert_string_equal(json_str(o, "kind", ""), "report");
	cJSON_Delete(o);
	o = state_doc_get(&s, id, 1, &e);
	assert_string_equal(json_str(o, "markdown", ""), "# one");
	cJSON_Delete(o);
	assert_int_equal(state_doc_put(&s, &me, 99, NULL, NULL, "x", 3, &id, &version, &e), -1);
	state_close(&s);
}

static void rules_without_end_or_condition_are_refused(void **state)
{
	static const char *const wrong[] = {
	        "{\"match\":{},\"owner\":\"o\",\"reason\":\"r\",\"until\":\"2030-01-01T00:00:"
	        "00Z\"}",
	        "{\"match\":{\"rule\":\"x\"},\"owner\":\"o\",\"reason\":\"r\",\"until\":\"1970-01-"
	        "01T00:00:00Z\"}",
	};
	struct state s;
	struct err e;

	assert_int_equal(state_open(&s, *state, NULL, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		cJSON *p = json_parse(slice_of(wrong[i]), 1000, &e);
		assert_int_equal(state_suppress_add(&s, &me, p, MW_DAY, &e), -1);
		assert_int_equal(e.code, ERR_INVALID);
		cJSON_Delete(p);
	}
	state_close(&s);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, in_temp, remove_temp)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(no_acknowledged_write_is_lost_by_a_power_cut),
	        TEST(a_full_disk_is_said_and_loses_nothing),
	        TEST(a_changed_audit_entry_shows),
	        TEST(sessions_belong_to_their_user),
	        TEST(documents_have_versions),
	        TEST(rules_without_end_or_condition_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
