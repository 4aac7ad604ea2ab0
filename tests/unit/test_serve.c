/*
 * The engine over its real protocol: a child process runs it on a fresh state directory, with a worker kind that this program
 * plays itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "proto/sock.h"
#include "serve/engine.h"

/* ---- the worker ---- */

static int say_reading(struct worker *w, const char *kind, struct err *e)
{
	cJSON *o = cJSON_CreateObject(), *r = json_add_obj(o, "reading");

	json_add_str(r, "kind", kind);
	json_add_str(r, "paraphrase", "what was read");
	json_add_arr(json_add_obj(r, "plan"), "steps");
	return worker_notify(w, "reading", o, e);
}

static int put_rows(struct worker *w, int64_t n, struct err *e)
{
	cJSON *step = cJSON_CreateObject();

	for (int64_t i = 0; i < n; i++) {
		char row[64];
		int len = snprintf(row, sizeof(row), "{\"uid\":\"u%lld\"}", (long long)i);
		if (worker_row(w, 0, (struct slice){row, (size_t)len}, e))
			return -1;
	}
	json_add_i64(step, "n", 0);
	json_add_str(step, "state", "done");
	json_add_i64(step, "rows", n);
	return worker_notify(w, "step", step, e);
}

static int wait_for_cancel(struct worker *w, struct err *e)
{
	struct timespec ts = {.tv_nsec = 1000000};

	for (int i = 0; i < 20000 && !*worker_cancelled(w); i++)
		nanosleep(&ts, NULL);
	return err_set(e, ERR_CANCELLED, "cancelled");
}

static void add_long(cJSON *answer, size_t n)
{
	char *text = xmalloc(n + 1);

	memset(text, 'x', n);
	text[n] = '\0';
	json_add_str(answer, "text", text);
	free(text);
}

/* The question says what is wanted: "rows N", "clarify", "wait", "crash", "turns". */
static int fake_ask(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	const char *q = json_str(params, "question", "");
	const cJSON *ctx = json_obj(params, "ctx");
	cJSON *answer;

	if (say_reading(w, strcmp(q, "clarify") ? "plan" : "clarify", e))
		return -1;
	if (strcmp(q, "wait") == 0)
		return wait_for_cancel(w, e);
	if (strcmp(q, "crash") == 0)
		raise(SIGKILL);
	if (strncmp(q, "rows ", 5) == 0 && put_rows(w, strtoll(q + 5, NULL, 10), e))
		return -1;
	*result = cJSON_CreateObject();
	answer = json_add_obj(*result, "answer");
	json_add_str(answer, "kind", "count");
	if (strncmp(q, "long ", 5) == 0)
		add_long(answer, (size_t)strtoll(q + 5, NULL, 10));
	if (strncmp(q, "watched ", 8) == 0)
		json_add_i64(answer, "value", access(q + 8, F_OK) == 0 ? 5 : 0);
	else
		json_add_i64(answer, "value", cJSON_GetArraySize(json_arr(ctx, "turns")));
	return 0;
}

static int fake_refresh(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	static const char text[] = "{\"incidents\":[{\"title\":\"Key used "
	                           "outside\",\"severity\":\"C\",\"score\":94,\"origins\":\"L\","
	                           "\"findings\":[{\"key\":\"a:1\",\"title\":\"A\",\"events\":3},{"
	                           "\"key\":\"a:2\",\"title\":\"B\",\"events\":4}],"
	                           "\"links\":[],\"entities\":[\"key=AKIA1\"]},"
	                           "{\"title\":\"Old "
	                           "key\",\"severity\":\"L\",\"score\":22,\"origins\":\"L\","
	                           "\"findings\":[{\"key\":\"b:1\","
	                           "\"title\":\"C\",\"events\":1}],\"links\":[],\"entities\":[]}]}";

	(void)w;
	(void)params;
	*result = json_parse(SLICE(text), sizeof(text), e);
	return *result ? 0 : -1;
}

static int fake_evidence(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	(void)w;
	if (strcmp(json_str(params, "id", ""), "ev:1") != 0 || access("/tmp/mw-no-lake", F_OK) == 0)
		return err_set(e, ERR_NOT_FOUND, "no such event");
	*result = cJSON_CreateObject();
	json_add_str(*result, "dataset", "cloudtrail");
	json_add_i64(*result, "length", 4);
	json_add_i64(*result, "offset", json_i64(params, "offset", 0));
	json_add_str(*result, "raw", json_i64(params, "offset", 0) ? "AAE=" : "e30=");
	return 0;
}

static int fake_import(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	char text[64];
	ssize_t n = read(worker_fd(w, 0), text, sizeof(text));

	(void)params;
	if (n < 0)
		return err_errno(e, "read");
	*result = cJSON_CreateObject();
	json_add_i64(*result, "events", n);
	return 0;
}

static const struct worker_method fake_methods[] = {
        {"ask", fake_ask},
        {"incident.refresh", fake_refresh},
        {"import.start", fake_import},
        {"evidence.get", fake_evidence},
        {NULL, NULL},
};
static const struct worker_kind fake = {
        .name = "fake", .methods = fake_methods, .sandbox = SB_FILES, .max = 2};
static const struct worker_kind *const kinds[] = {&fake, NULL};

/* ---- the engine as a child ---- */

struct fixture {
	char dir[64];
	pid_t engine;
	struct conn conn;
	int64_t id;
	cJSON *news; /* notifications that came, in order */
};

static pid_t start_engine(const char *dir)
{
	pid_t pid = fork();

	if (pid == 0) {
		const char *const argv[] = {"midwatchd", "--state", dir, "--log", "error", NULL};
		_exit(engine_main(5, (char **)(uintptr_t)argv, kinds));
	}
	return pid;
}

static int try_connect(const char *dir)
{
	char *path = path_join(dir, STATE_SOCKET);
	struct timespec ts = {.tv_nsec = 5000000};
	struct err e;
	int fd = -1;

	for (int i = 0; i < 2000 && fd < 0; i++) {
		fd = sock_connect(path, &e);
		if (fd < 0)
			nanosleep(&ts, NULL);
	}
	free(path);
	assert_true(fd >= 0);
	return fd;
}

/* Takes the answer to request id; what else comes is kept. NULL where the connection ends. */
static cJSON *wait_answer(struct fixture *f, struct conn *c, int64_t id)
{
	struct err e;
	cJSON *m;

	while (conn_wait(c, mw_mono_us() + 30 * MW_SECOND, &m, &e) > 0) {
		if (json_get(m, "id") && json_i64(m, "id", -1) == id)
			return m;
		if (json_str(m, "method", NULL))
			cJSON_AddItemToArray(f->news, m);
		else
			cJSON_Delete(m);
	}
	return NULL;
}

static cJSON *call_on(struct fixture *f, struct conn *c, const char *method, const char *params)
{
	struct err e;
	cJSON *p = params ? json_parse(slice_of(params), MW_LINE_MAX, &e) : NULL;

	assert_true(!params || p);
	assert_int_equal(conn_queue(c, rpc_request(++f->id, method, p), &e), 0);
	return wait_answer(f, c, f->id);
}

static cJSON *call(struct fixture *f, const char *method, const char *params)
{
	return call_on(f, &f->conn, method, params);
}

/* The result, or a failed test. */
static cJSON *result_of(struct fixture *f, const char *method, const char *params)
{
	cJSON *m = call(f, method, params), *r;

	assert_non_null(m);
	if (json_obj(m, "error"))
		fail_msg("%s: %s", method, json_str(json_obj(m, "error"), "message", ""));
	r = cJSON_DetachItemFromObjectCaseSensitive(m, "result");
	cJSON_Delete(m);
	return r;
}

static void expect_error(struct fixture *f, const char *method, const char *params,
                         const char *text)
{
	cJSON *m = call(f, method, params);
	const char *said = json_str(json_obj(m, "error"), "message", "no error");

	if (!strstr(said, text))
		fail_msg("%s: \"%s\" does not say \"%s\"", method, said, text);
	cJSON_Delete(m);
}

static void do_quietly(struct fixture *f, const char *method, const char *params)
{
	cJSON_Delete(result_of(f, method, params));
}

/* Waits until a notification of that method is there; it stays in the list. */
static const cJSON *wait_news(struct fixture *f, const char *method)
{
	struct err e;
	cJSON *m;

	for (;;) {
		cJSON_ArrayForEach(m, f->news) if (strcmp(json_str(m, "method", ""), method) ==
		                                   0) return json_obj(m, "params");
		assert_int_equal(conn_wait(&f->conn, mw_mono_us() + 30 * MW_SECOND, &m, &e), 1);
		cJSON_AddItemToArray(f->news, m);
	}
}

#define HELLO "{\"proto\":1,\"version\":\"test\",\"client\":\"test\"}"

static void join_engine(struct fixture *f)
{
	conn_init(&f->conn, try_connect(f->dir));
	do_quietly(f, "hello", HELLO);
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/mw-serve.XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	f->news = cJSON_CreateArray();
	f->engine = start_engine(f->dir);
	join_engine(f);
	*state = f;
	return 0;
}

static int rm(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	int status = 0;

	conn_release(&f->conn);
	kill(f->engine, SIGTERM);
	waitpid(f->engine, &status, 0);
	nftw(f->dir, rm, 16, FTW_DEPTH | FTW_PHYS);
	cJSON_Delete(f->news);
	free(f);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* ---- handshake and bad clients ---- */

static void versions_are_named(void **state)
{
	struct fixture *f = *state;
	struct conn other;
	cJSON *m;

	conn_init(&other, try_connect(f->dir));
	m = call_on(f, &other, "hello", "{\"proto\":99,\"version\":\"9.9\",\"client\":\"x\"}");
	assert_non_null(strstr(json_str(json_obj(m, "error"), "message", ""), "9.9 (protocol 99)"));
	cJSON_Delete(m);
	conn_release(&other);
}

static void nothing_without_hello(void **state)
{
	struct fixture *f = *state;
	struct conn other;
	cJSON *m;

	conn_init(&other, try_connect(f->dir));
	m = call_on(f, &other, "engine.status", NULL);
	assert_non_null(strstr(json_str(json_obj(m, "error"), "message", ""), "hello first"));
	cJSON_Delete(m);
	assert_null(wait_answer(f, &other, 0)); /* and it hangs up */
	conn_release(&other);
}

static void one_bad_client_is_dropped_alone(void **state)
{
	static const char *const bad[] = {
	        "nonsense\n", "{\"jsonrpc\":\"2.0\",\"id\":1}\n",
	        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\\u0000\"}\n"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct conn other;
		conn_init(&other, try_connect(f->dir));
		assert_true(write(other.fd, bad[i], strlen(bad[i])) > 0);
		assert_null(wait_answer(f, &other, 5));
		assert_true(other.eof);
		conn_release(&other);
	}
	do_quietly(f, "engine.status", NULL);
	expect_error(f, "engine.fly", NULL, "no method");
	expect_error(f, "job.get", "{\"job\":\"x\"}", "must be an integer");
	expect_error(f, "job.get", "{\"job\":1,\"jop\":1}", "did you mean");
}

static void connections_have_a_cap(void **state)
{
	struct fixture *f = *state;
	struct conn many[MW_CLIENTS_PER_UID_MAX];
	cJSON *m;

	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		conn_init(&many[i], try_connect(f->dir));
	m = wait_answer(f, &many[ARRAY_LEN(many) - 1], -1);
	assert_non_null(strstr(json_str(json_obj(m, "error"), "message", ""), "32 connections"));
	cJSON_Delete(m);
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		conn_release(&many[i]);
	do_quietly(f, "engine.status", NULL);
}

static void pipelined_requests_are_all_answered(void **state)
{
	struct fixture *f = *state;
	struct err e;

	for (int i = 0; i < 300; i++)
		assert_int_equal(
		        conn_queue(&f->conn, rpc_request(1000 + i, "engine.status", NULL), &e), 0);
	for (int i = 0; i < 300; i++) {
		cJSON *m = wait_answer(f, &f->conn, 1000 + i);
		assert_non_null(m);
		cJSON_Delete(m);
	}
}

/* ---- questions ---- */

static void a_question_is_read_then_answered(void **state)
{
	struct fixture *f = *state;
	cJSON *r;
	const cJSON *done;
	char params[96];
	int64_t job;

	do_quietly(f, "subscribe", NULL);
	r = result_of(f, "ask", "{\"session\":\"s\",\"question\":\"rows 3000\"}");
	job = json_i64(r, "job", 0);
	assert_true(job > 0);
	assert_int_equal(json_i64(r, "turn", 0), 1);
	assert_string_equal(json_str(json_obj(r, "reading"), "paraphrase", ""), "what was read");
	cJSON_Delete(r);
	done = wait_news(f, "job.done");
	assert_string_equal(json_str(done, "state", ""), "done");
	assert_int_equal(json_i64(json_obj(done, "answer"), "value", -1), 0);
	snprintf(params, sizeof(params), "{\"job\":%lld,\"step\":0,\"offset\":2999,\"limit\":10}",
	         (long long)job);
	r = result_of(f, "job.rows", params);
	assert_int_equal(json_i64(r, "total", 0), 3000);
	assert_true(json_bool(r, "complete", false));
	assert_int_equal(cJSON_GetArraySize(json_arr(r, "rows")), 1);
	assert_string_equal(json_str(json_arr(r, "rows")->child, "uid", ""), "u2999");
	cJSON_Delete(r);
	r = result_of(f, "session.get", "{\"session\":\"s\"}");
	assert_string_equal(json_str(json_arr(r, "turns")->child, "question", ""), "rows 3000");
	assert_int_equal(json_i64(json_obj(json_arr(r, "turns")->child, "answer"), "value", -1), 0);
	cJSON_Delete(r);
}

static void a_follow_up_is_told_the_turns_before(void **state)
{
	struct fixture *f = *state;

	do_quietly(f, "subscribe", NULL);
	do_quietly(f, "ask", "{\"session\":\"s\",\"question\":\"turns\"}");
	wait_news(f, "job.done");
	cJSON_Delete(f->news);
	f->news = cJSON_CreateArray();
	do_quietly(f, "ask", "{\"session\":\"s\",\"question\":\"turns\"}");
	assert_int_equal(json_i64(json_obj(wait_news(f, "job.done"), "answer"), "value", -1), 1);
}

static void a_clarification_has_no_job(void **state)
{
	struct fixture *f = *state;
	cJSON *r = result_of(f, "ask", "{\"session\":\"s\",\"question\":\"clarify\"}");

	assert_true(cJSON_IsNull(json_get(r, "job")));
	cJSON_Delete(r);
}

static void a_job_is_cancelled(void **state)
{
	struct fixture *f = *state;
	char params[48];
	cJSON *r;

	do_quietly(f, "subscribe", NULL);
	r = result_of(f, "ask", "{\"session\":\"s\",\"question\":\"wait\"}");
	snprintf(params, sizeof(params), "{\"job\":%lld}", (long long)json_i64(r, "job", 0));
	cJSON_Delete(r);
	do_quietly(f, "job.cancel", params);
	assert_string_equal(json_str(wait_news(f, "job.done"), "state", ""), "cancelled");
}

static void a_crash_fails_one_question(void **state)
{
	struct fixture *f = *state;

	do_quietly(f, "subscribe", NULL);
	do_quietly(f, "ask", "{\"session\":\"s\",\"question\":\"crash\"}");
	assert_non_null(
	        strstr(json_str(wait_news(f, "job.done"), "error", ""), "crashed (signal 9"));
	do_quietly(f, "ask", "{\"session\":\"t\",\"question\":\"rows 1\"}");
}

/* A client that does not read gets one resync instead of a queue that grows. */
static void a_slow_client_gets_a_resync(void **state)
{
	struct fixture *f = *state;
	struct conn slow;
	struct err e;
	cJSON *m;
	bool resync = false;
	char *big = xmalloc(60001);

	memset(big, 'x', 60000);
	big[60000] = '\0';
	conn_init(&slow, try_connect(f->dir));
	cJSON_Delete(call_on(f, &slow, "hello", HELLO));
	cJSON_Delete(call_on(f, &slow, "subscribe", NULL));
	for (int i = 0; i < 150; i++) { /* each makes notifications that hold the question */
		char *q = xasprintf("{\"session\":\"s%d\",\"question\":\"%.10000s\"}", i, big);
		cJSON_Delete(call(f, "ask", q));
		free(q);
	}
	do_quietly(f, "subscribe", NULL);
	for (int i = 0; i < 300 && !resync; i++) {
		char *q = xasprintf("{\"session\":\"r%d\",\"question\":\"%.10000s\"}", i, big);
		cJSON_Delete(call(f, "ask", q));
		free(q);
		cJSON_Delete(f->news);
		f->news = cJSON_CreateArray();
		if (i < 299)
			continue;
	}
	while (!resync && conn_wait(&slow, mw_mono_us() + 10 * MW_SECOND, &m, &e) > 0) {
		resync = strcmp(json_str(m, "method", ""), "resync") == 0;
		cJSON_Delete(m);
	}
	assert_true(resync);
	conn_release(&slow);
	free(big);
}

/* Neither leaves a client waiting for ever: the first is a failed job, the second a resync and an error on looking again. */
static void an_answer_that_is_too_long_is_told(void **state)
{
	struct fixture *f = *state;
	char params[48];
	cJSON *r;

	do_quietly(f, "subscribe", NULL);
	do_quietly(f, "ask", "{\"session\":\"s\",\"question\":\"long 1100000\"}");
	assert_non_null(
	        strstr(json_str(wait_news(f, "job.done"), "error", ""), "narrow the question"));
	r = result_of(f, "ask", "{\"session\":\"s\",\"question\":\"long 1048400\"}");
	snprintf(params, sizeof(params), "{\"job\":%lld}", (long long)json_i64(r, "job", 0));
	cJSON_Delete(r);
	wait_news(f, "resync");
	expect_error(f, "job.get", params, "ask for less");
}

static bool watch_was_asked(struct fixture *f)
{
	cJSON *l = result_of(f, "watch.list", NULL);
	bool asked = cJSON_IsNumber(json_get(json_arr(l, "watches")->child, "seen"));

	cJSON_Delete(l);
	return asked;
}

static void import_something(struct fixture *f)
{
	cJSON *params, *m;
	struct err e;
	int p[2];

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(write(p[1], "12345", 5), 5);
	close(p[1]);
	params = json_parse(SLICE("{\"names\":[\"/etc/shadow\"]}"), 100, &e);
	f->conn.out_fds[f->conn.nout_fds++] = p[0];
	assert_int_equal(conn_queue(&f->conn, rpc_request(++f->id, "import.start", params), &e), 0);
	m = wait_answer(f, &f->conn, f->id);
	assert_non_null(json_obj(m, "result"));
	cJSON_Delete(m);
}

/* A watch is asked when it is made, so that what is there already is no news. */
static void a_watch_tells_what_is_new(void **state)
{
	struct fixture *f = *state;
	char path[128], params[256];

	do_quietly(f, "subscribe", NULL);
	snprintf(path, sizeof(path), "%s/more", f->dir);
	snprintf(params, sizeof(params),
	         "{\"session\":\"s\",\"question\":\"watched "
	         "%s\",\"until\":\"2999-01-01T00:00:00Z\"}",
	         path);
	do_quietly(f, "watch.add", params);
	while (!watch_was_asked(f))
		;
	close(open(path, O_CREAT | O_CLOEXEC | O_WRONLY, 0600));
	import_something(f);
	assert_non_null(strstr(json_str(wait_news(f, "watch.hit"), "text", ""), "5 new: watched"));
}

/* ---- files ---- */

static void the_engine_opens_nothing_that_is_named(void **state)
{
	struct fixture *f = *state;

	expect_error(f, "import.start", "{\"names\":[\"/etc/shadow\"]}",
	             "1 names but 0 descriptors");
	expect_error(f, "import.start", "{\"names\":[\"/home/colleague/notes\"]}", "descriptors");
}

static void an_import_reads_what_was_passed(void **state)
{
	struct fixture *f = *state;

	do_quietly(f, "subscribe", NULL);
	import_something(f);
	assert_int_equal(json_i64(json_obj(wait_news(f, "job.done"), "answer"), "events", -1), 5);
}

/* ---- cases ---- */

static void incidents_come_and_are_worked_on(void **state)
{
	struct fixture *f = *state;
	cJSON *q, *row;

	do_quietly(f, "subscribe", NULL);
	do_quietly(f, "incident.refresh", NULL);
	assert_int_equal(cJSON_GetArraySize(json_arr(wait_news(f, "queue.changed"), "ids")), 2);
	do_quietly(f, "incident.refresh", NULL); /* the same again changes nothing */
	q = result_of(f, "queue.list", NULL);
	assert_int_equal(json_i64(q, "total", 0), 2);
	row = json_arr(q, "rows")->child;
	assert_string_equal(json_str(row, "id", ""), "INC-1");
	assert_string_equal(json_str(row, "severity", ""), "C");
	assert_int_equal(json_i64(row, "count", 0), 7);
	assert_int_equal(json_i64(row, "rev", 0), 1);
	cJSON_Delete(q);
	do_quietly(f, "incident.update",
	           "{\"id\":\"INC-1\",\"rev\":1,\"owner\":\"me\",\"status\":\"work\"}");
	expect_error(f, "incident.update", "{\"id\":\"INC-1\",\"rev\":1,\"status\":\"wait\"}",
	             "changed meanwhile");
	expect_error(f, "incident.update", "{\"id\":\"INC-1\",\"status\":\"closed\"}",
	             "incident.close");
	expect_error(f, "incident.note", "{\"id\":\"INC-9\",\"text\":\"x\"}", "no incident INC-9");
	do_quietly(f, "incident.note", "{\"id\":\"INC-1\",\"text\":\"seen\"}");
	q = result_of(f, "queue.list", "{\"filter\":\"open owner:me sev:C akia1\"}");
	assert_int_equal(json_i64(q, "shown", 0), 1);
	cJSON_Delete(q);
	do_quietly(f, "incident.close",
	           "{\"ids\":[\"INC-2\"],\"verdict\":\"benign_positive\",\"reason\":\"known\"}");
	q = result_of(f, "queue.list", "{\"filter\":\"closed\"}");
	assert_int_equal(json_i64(q, "shown", 0), 1);
	assert_int_equal(json_i64(q, "total", 0), 1);
	cJSON_Delete(q);
	q = result_of(f, "audit.verify", NULL);
	assert_true(json_bool(q, "ok", false));
	assert_int_equal(json_i64(q, "entries", 0), 3);
	cJSON_Delete(q);
}

static void merge_and_split_survive_a_refresh(void **state)
{
	struct fixture *f = *state;
	cJSON *q, *row;
	int64_t rev;

	do_quietly(f, "incident.refresh", NULL);
	do_quietly(f, "incident.merge", "{\"id\":\"INC-1\",\"with\":[\"INC-2\"]}");
	do_quietly(f, "incident.refresh", NULL);
	q = result_of(f, "queue.list", NULL);
	assert_int_equal(json_i64(q, "total", 0), 1);
	row = json_arr(q, "rows")->child;
	assert_string_equal(json_str(row, "title", ""), "Key used outside");
	assert_int_equal(json_i64(row, "count", 0), 8);
	rev = json_i64(row, "rev", 0);
	cJSON_Delete(q);
	do_quietly(f, "incident.refresh", NULL);
	q = result_of(f, "queue.list", NULL);
	assert_int_equal(json_i64(json_arr(q, "rows")->child, "rev", 0), rev);
	cJSON_Delete(q);
	expect_error(f, "incident.split", "{\"id\":\"INC-1\",\"findings\":[],\"reason\":\"r\"}",
	             "each side");
	q = result_of(f, "incident.split",
	              "{\"id\":\"INC-1\",\"findings\":[\"a:2\"],\"reason\":\"another thing\"}");
	assert_string_equal(json_str(q, "id", ""), "INC-3");
	cJSON_Delete(q);
	do_quietly(f, "incident.refresh", NULL);
	q = result_of(f, "queue.list", NULL);
	assert_int_equal(json_i64(q, "total", 0), 2);
	cJSON_Delete(q);
}

static void pinned_evidence_outlives_the_lake(void **state)
{
	struct fixture *f = *state;
	cJSON *r;
	int fd;

	do_quietly(f, "incident.refresh", NULL);
	expect_error(f, "incident.pin", "{\"id\":\"INC-1\",\"evidence\":\"ev:2\"}",
	             "no such event");
	do_quietly(f, "incident.pin",
	           "{\"id\":\"INC-1\",\"evidence\":\"ev:1\",\"note\":\"proof\"}");
	fd = open("/tmp/mw-no-lake", O_CREAT | O_CLOEXEC | O_WRONLY, 0600);
	r = result_of(f, "evidence.get", "{\"id\":\"ev:1\"}");
	close(fd);
	unlink("/tmp/mw-no-lake");
	assert_string_equal(json_str(r, "raw", ""), "e30AAQ==");
	assert_string_equal(json_str(r, "dataset", ""), "cloudtrail");
	assert_true(json_bool(r, "only_pinned", false));
	cJSON_Delete(r);
}

static void sessions_keep_the_screen(void **state)
{
	struct fixture *f = *state;
	cJSON *r;

	do_quietly(f, "session.put", "{\"session\":\"s\",\"ui\":{\"draft\":\"and only\"}}");
	r = result_of(f, "session.get", "{\"session\":\"s\"}");
	assert_string_equal(json_str(json_obj(r, "ui"), "draft", ""), "and only");
	cJSON_Delete(r);
}

/* ---- durability ---- */

/* Edits until it is killed at a random moment; what was acknowledged must be there afterwards. */
static void kill_and_look(struct fixture *f, unsigned seed, int64_t *acked)
{
	struct timespec ts = {.tv_nsec = (long)(seed % 97) * 300000};
	struct err e;
	cJSON *m, *r;
	pid_t killer = fork();

	if (killer == 0) {
		nanosleep(&ts, NULL);
		kill(f->engine, SIGKILL);
		_exit(0);
	}
	for (;;) {
		char *p =
		        xasprintf("{\"session\":\"k\",\"ui\":{\"n\":%lld}}", (long long)*acked + 1);
		cJSON *params = json_parse(slice_of(p), 1000, &e);
		free(p);
		if (conn_queue(&f->conn, rpc_request(++f->id, "session.put", params), &e))
			break;
		m = wait_answer(f, &f->conn, f->id);
		if (!m)
			break;
		cJSON_Delete(m);
		++*acked;
	}
	waitpid(killer, NULL, 0);
	waitpid(f->engine, NULL, 0);
	conn_release(&f->conn);
	f->engine = start_engine(f->dir);
	join_engine(f);
	r = result_of(f, "session.get", "{\"session\":\"k\"}");
	if (*acked) /* the one on its way may be there as well */
		assert_in_range(json_i64(json_obj(r, "ui"), "n", -1), *acked, *acked + 1);
	*acked = json_i64(json_obj(r, "ui"), "n", 0);
	cJSON_Delete(r);
}

static void nothing_acknowledged_is_lost_by_kill(void **state)
{
	int rounds = getenv("MW_LONG") ? 200 : 12;
	int64_t acked = 0;

	for (int i = 0; i < rounds; i++)
		kill_and_look(*state, 2654435761u * (unsigned)(i + 1), &acked);
	assert_true(acked > 0);
}

static void one_engine_a_state_directory(void **state)
{
	struct fixture *f = *state;
	int status, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t second;

	log_init("second", null, LOG_ERROR);
	second = start_engine(f->dir);
	waitpid(second, &status, 0);
	log_init("test", STDERR_FILENO, LOG_ERROR);
	close(null);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	do_quietly(f, "engine.status", NULL);
}

static void others_directories_are_refused(void **state)
{
	char dir[] = "/tmp/mw-modes.XXXXXX";
	struct err e;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(private_dir(dir, &e), 0);
	assert_int_equal(chmod(dir, 0750), 0);
	assert_int_equal(private_dir(dir, &e), -1);
	assert_non_null(strstr(e.what, "chmod 0700"));
	assert_int_equal(chmod(dir, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(dir, 12345, 12345), 0);
		assert_int_equal(private_dir(dir, &e), -1);
		assert_non_null(strstr(e.what, "belongs to uid 12345"));
	}
	rmdir(dir);
}

#if defined(__SANITIZE_ADDRESS__)
#define TURN_MAX_US 1000000 /* a sanitizer's own time is not what is measured */
#define RSS_MAX_KIB (1024 * 1024)
#else
#define TURN_MAX_US 10000
#define RSS_MAX_KIB (30 * 1024)
#endif

/* Wall time, so that a machine with other work gets more than one try. */
static void the_loop_is_never_long(void **state)
{
	struct fixture *f = *state;
	int64_t p99 = INT64_MAX, rss = 0;

	do_quietly(f, "subscribe", NULL);
	for (int tries = 0; tries < 5 && p99 >= TURN_MAX_US; tries++) {
		cJSON *r;
		for (int i = 0; i < 20; i++)
			do_quietly(f, "ask", "{\"session\":\"s\",\"question\":\"rows 2000\"}");
		r = result_of(f, "engine.status", NULL);
		p99 = json_i64(r, "loop_p99_us", INT64_MAX);
		rss = json_i64(r, "rss_kib", INT64_MAX);
		cJSON_Delete(r);
	}
	assert_true(p99 < TURN_MAX_US);
	assert_true(rss < RSS_MAX_KIB);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	        TEST(versions_are_named),
	        TEST(nothing_without_hello),
	        TEST(one_bad_client_is_dropped_alone),
	        TEST(connections_have_a_cap),
	        TEST(pipelined_requests_are_all_answered),
	        TEST(a_question_is_read_then_answered),
	        TEST(a_follow_up_is_told_the_turns_before),
	        TEST(a_clarification_has_no_job),
	        TEST(a_job_is_cancelled),
	        TEST(a_crash_fails_one_question),
	        TEST(a_slow_client_gets_a_resync),
	        TEST(an_answer_that_is_too_long_is_told),
	        TEST(a_watch_tells_what_is_new),
	        TEST(the_engine_opens_nothing_that_is_named),
	        TEST(an_import_reads_what_was_passed),
	        TEST(incidents_come_and_are_worked_on),
	        TEST(merge_and_split_survive_a_refresh),
	        TEST(pinned_evidence_outlives_the_lake),
	        TEST(sessions_keep_the_screen),
	        TEST(nothing_acknowledged_is_lost_by_kill),
	        TEST(one_engine_a_state_directory),
	        TEST(the_loop_is_never_long),
	        cmocka_unit_test(others_directories_are_refused),
	};

	if (argc == 3 && strcmp(argv[1], "worker") == 0)
		return worker_main(&fake, 3);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
