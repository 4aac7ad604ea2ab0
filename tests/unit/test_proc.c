#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/pool.h"
#include "proc/testworker.h"

/* This program is its own worker: main() below plays `midwatchd worker test`. The probe runs in the
 * shipped one. */
static const struct worker_kind *const kinds[] = {&worker_test, NULL};

struct fixture {
	struct loop *loop;
	struct pool *pool;
	struct call *call;
	struct timer *cancel;
	struct spool spool;
	cJSON *result;
	struct err err;
	int done;
};

static cJSON *no_config(void *ctx, const struct worker_kind *k, const char *instance, struct err *e)
{
	(void)ctx;
	(void)k;
	(void)e;
	if (instance && strcmp(instance, "nobody") == 0) {
		err_set(e, ERR_NOT_FOUND, "there is no nobody");
		return NULL;
	}
	return cJSON_CreateObject();
}

static void use_program(struct fixture *f, const char *program)
{
	struct pool_opts o = {
	        .kinds = kinds, .program = program, .config = no_config, .idle_us = 60 * MW_SECOND};

	f->loop = loop_new(&f->err);
	o.loop = f->loop;
	f->pool = pool_new(&o, &f->err);
	f->spool = (struct spool)SPOOL_NONE;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	use_program(f, "/proc/self/exe");
	*state = f;
	return f->pool ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	pool_free(f->pool);
	loop_free(f->loop);
	spool_close(&f->spool);
	cJSON_Delete(f->result);
	free(f);
	return 0;
}

static void on_done(void *ctx, cJSON *result, const struct err *e)
{
	struct fixture *f = ctx;

	cJSON_Delete(f->result);
	f->result = result;
	f->err = e ? *e : (struct err){0};
	f->done++;
	loop_stop(f->loop);
}

static int make_spool(void *ctx, int step, struct spool *files, struct err *e)
{
	struct fixture *f = ctx;
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	assert_int_equal(step, 3);
	rc = spool_create(&f->spool, dir, e);
	close(dir);
	*files = f->spool;
	return rc;
}

static struct call *begin(struct fixture *f, const char *method, cJSON *params, int64_t deadline_us)
{
	struct call_opts o = {.kind = "test",
	                      .method = method,
	                      .params = params,
	                      .deadline_us = deadline_us,
	                      .ctx = f,
	                      .done = on_done,
	                      .spool = make_spool};

	return pool_call(f->pool, &o);
}

static cJSON *with_ms(int ms)
{
	cJSON *o = cJSON_CreateObject();

	json_add_i64(o, "ms", ms);
	return o;
}

static void run_on(struct fixture *f);

static void a_request_is_answered(void **state)
{
	struct fixture *f = *state;

	begin(f, "echo", with_ms(7), 0);
	run_on(f);
	assert_int_equal(f->err.code, ERR_NONE);
	assert_int_equal(json_i64(f->result, "ms", 0), 7);
}

static void an_unknown_method_is_an_error(void **state)
{
	struct fixture *f = *state;

	begin(f, "fly", NULL, 0);
	run_on(f);
	assert_non_null(strstr(f->err.what, "fly"));
}

static void a_crash_is_one_failed_request(void **state)
{
	struct fixture *f = *state;

	begin(f, "crash", NULL, 0);
	run_on(f);
	assert_int_equal(f->err.code, ERR_INTERNAL);
	assert_non_null(strstr(f->err.what, "crashed (signal 9"));
	a_request_is_answered(state);
}

static void cancel_now(void *ctx)
{
	struct fixture *f = ctx;

	f->cancel = NULL;
	pool_cancel(f->call);
}

/* Cancels as soon as the call runs. */
static void cancel_when_running(void *ctx)
{
	struct fixture *f = ctx;

	if (pool_call_running(f->call))
		cancel_now(f);
	else
		f->cancel = loop_timer(f->loop, 1000, cancel_when_running, f);
}

static void cancel_is_acknowledged_at_once(void **state)
{
	struct fixture *f = *state;
	int64_t start = mw_mono_us();

	f->call = begin(f, "wait", with_ms(20000), 0);
	f->cancel = loop_timer(f->loop, 0, cancel_when_running, f);
	run_on(f);
	assert_int_equal(f->err.code, ERR_CANCELLED);
	assert_true(pool_cancel_ack_max_us(f->pool) > 0);
	assert_true(pool_cancel_ack_max_us(f->pool) < 100000);
	assert_true(mw_mono_us() - start < 5 * MW_SECOND);
}

static void what_does_not_stop_is_killed(void **state)
{
	struct fixture *f = *state;

	f->call = begin(f, "spin", with_ms(60000), 0);
	f->cancel = loop_timer(f->loop, 0, cancel_when_running, f);
	run_on(f);
	assert_int_equal(f->err.code, ERR_CANCELLED);
	assert_non_null(strstr(f->err.what, "killed"));
	a_request_is_answered(state);
}

static void a_deadline_ends_it(void **state)
{
	struct fixture *f = *state;

	begin(f, "wait", with_ms(20000), 50000);
	run_on(f);
	assert_int_equal(f->err.code, ERR_DEADLINE);
}

static void a_waiting_call_can_be_cancelled(void **state)
{
	struct fixture *f = *state;

	begin(f, "wait", with_ms(300), 0);
	begin(f, "wait", with_ms(300), 0);
	f->call = begin(f, "echo", NULL, 0);
	pool_cancel(f->call);
	run_on(f);
	assert_int_equal(f->err.code, ERR_CANCELLED);
	assert_int_equal(f->done, 1);
}

static void rows_come_through_the_spool(void **state)
{
	struct fixture *f = *state;
	struct buf page = BUF_INIT;
	cJSON *params = cJSON_CreateObject();
	uint64_t n;

	json_add_i64(params, "n", 20000);
	json_add_i64(params, "step", 3);
	begin(f, "rows", params, 0);
	run_on(f);
	assert_int_equal(f->err.code, ERR_NONE);
	assert_int_equal(spool_rows(&f->spool), 20000);
	assert_int_equal(spool_page(&f->spool, 0, 2, 1000, &page, &n, &f->err), 0);
	assert_string_equal(page.s, "{\"n\":0},{\"n\":1}");
	buf_reset(&page);
	assert_int_equal(spool_page(&f->spool, 19999, 100, 1000, &page, &n, &f->err), 0);
	assert_int_equal(n, 1);
	assert_string_equal(page.s, "{\"n\":19999}");
	buf_reset(&page);
	assert_int_equal(spool_page(&f->spool, 10, 1000, 25, &page, &n, &f->err), 0);
	assert_int_equal(n, 2);
	assert_int_equal(spool_page(&f->spool, 20000, 5, 25, &page, &n, &f->err), 0);
	assert_int_equal(n, 0);
	buf_release(&page);
}

static void a_lying_spool_is_refused(void **state)
{
	static const uint64_t ends[][2] = {{5, 3}, {0, 10}, {UINT64_MAX, 20}, {4, 100}};
	struct fixture *f = *state;
	struct buf page = BUF_INIT;
	uint64_t n;

	f->spool.data = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	f->spool.index = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	assert_int_equal(pwrite(f->spool.data, "{\"a\n}\n", 6, 0), 6);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		assert_int_equal(pwrite(f->spool.index, ends[i], 16, 0), 16);
		assert_int_equal(spool_page(&f->spool, 0, 2, 1000, &page, &n, &f->err), -1);
		assert_int_equal(n, 0);
	}
	buf_release(&page);
}

#if !defined(__SANITIZE_ADDRESS__)
static int listen_at(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void the_cage_holds_in_the_shipped_program(void **state)
{
	const char *build = getenv("MW_BUILD");
	struct fixture *f = *state;
	cJSON *params = cJSON_CreateObject(), *t;
	char program[512], dir[] = "/tmp/mw-cage.XXXXXX", file[64], sock[64], pid[16];
	int n = 0, fd, listener;

	if (!build)
		skip();
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/state.db", dir);
	snprintf(sock, sizeof(sock), "%s/sock", dir);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	snprintf(program, sizeof(program), "%s/midwatchd", build);
	fd = open(file, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	listener = listen_at(sock);
	pool_free(f->pool);
	loop_free(f->loop);
	use_program(f, program);
	json_add_str(params, "state", file);
	json_add_str(params, "secret", file);
	json_add_str(params, "socket", sock);
	json_add_str(params, "pid", pid);
	begin(f, "probe", params, 0);
	run_on(f);
	cJSON_ArrayForEach(t, json_arr(f->result, "tries"))
	{
		if (!json_bool(t, "refused", false))
			fail_msg("%s: %s", json_str(t, "what", ""), json_str(t, "error", ""));
		n++;
	}
	assert_int_equal(n, 6);
	close(fd);
	close(listener);
	unlink(file);
	unlink(sock);
	rmdir(dir);
}
#endif

static void too_long(void *ctx)
{
	(void)ctx;
	fail_msg("no answer within 30 s");
}

static void run_on(struct fixture *f)
{
	struct timer *t = loop_timer(f->loop, 30 * MW_SECOND, too_long, f);

	loop_run(f->loop);
	timer_end(t);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_request_is_answered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_unknown_method_is_an_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_crash_is_one_failed_request, set_up, tear_down),
		cmocka_unit_test_setup_teardown(cancel_is_acknowledged_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_does_not_stop_is_killed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_deadline_ends_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_waiting_call_can_be_cancelled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rows_come_through_the_spool, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_lying_spool_is_refused, set_up, tear_down),
#if !defined(__SANITIZE_ADDRESS__)
		cmocka_unit_test_setup_teardown(the_cage_holds_in_the_shipped_program, set_up,
		                                tear_down),
#endif
	};

	if (argc == 3 && strcmp(argv[1], "worker") == 0)
		return worker_main(&worker_test, 3);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
