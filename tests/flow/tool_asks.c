/*
 * Consoles as the engine sees them, without a screen: tool_asks SOCKET CONSOLES TIMES [--session NAME] QUESTION... Each is a connection of its own that
 * asks so many questions one after the other, in a session of its own (or the named one), pages through the rows, and looks at the queue. Prints one line:
 *
 *   consoles N asks N errors N p50_ms N p95_ms N max_ms N
 *
 * On stderr the first error. Status 1 where there was one.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "proto/proto.h"
#include "proto/sock.h"

#define ROWS_PAGE 200
#define TIMES_MAX 200000

static struct {
	const char *socket;
	char **questions;
	int nquestions;
	int64_t times_each;
	const char *session;
	atomic_int errors;
	atomic_size_t n;
	int64_t times[TIMES_MAX];
} all;

struct console {
	pthread_t thread;
	int number;
	struct conn conn;
	int64_t id;
};

static int failed(const struct console *c, const char *method, const struct err *e)
{
	if (atomic_fetch_add(&all.errors, 1) == 0)
		fprintf(stderr, "console %d, %s: %s\n", c->number, method, e->what);
	return -1;
}

/* Notifications that come between are let go, as a screen that has drawn them would. */
static int call(struct console *c, const char *method, cJSON *params, cJSON **result)
{
	int64_t id = c->id++;
	struct err e;
	cJSON *msg;

	*result = NULL;
	if (conn_queue(&c->conn, rpc_request(id, method, params), &e))
		return failed(c, method, &e);
	for (;;) {
		if (conn_wait(&c->conn, mw_mono_us() + 60 * MW_SECOND, &msg, &e) <= 0)
			return failed(c, method, &e);
		if (json_i64(msg, "id", -1) == id)
			break;
		cJSON_Delete(msg);
	}
	if (json_obj(msg, "error")) {
		rpc_error_read(json_obj(msg, "error"), &e);
		cJSON_Delete(msg);
		return failed(c, method, &e);
	}
	*result = cJSON_DetachItemFromObjectCaseSensitive(msg, "result");
	cJSON_Delete(msg);
	return 0;
}

static int quietly(struct console *c, const char *method, cJSON *params)
{
	cJSON *result;
	int rc = call(c, method, params, &result);

	cJSON_Delete(result);
	return rc;
}

static cJSON *job_params(int64_t job)
{
	cJSON *o = cJSON_CreateObject();

	json_add_i64(o, "job", job);
	return o;
}

/* Waits for the end of a job as a console does: by what it is told. */
static int wait_job(struct console *c, int64_t job)
{
	struct err e;
	cJSON *msg, *result;
	const char *state;
	int rc;

	for (;;) {
		if (call(c, "job.get", job_params(job), &result))
			return -1;
		state = json_str(result, "state", "");
		rc = !strcmp(state, "done") ? 0 : !strcmp(state, "running") ? 1 : -1;
		if (rc < 0)
			err_set(&e, ERR_INTERNAL, "the job is %s: %s", state,
			        json_str(result, "error", ""));
		cJSON_Delete(result);
		if (rc <= 0)
			return rc ? failed(c, "job", &e) : 0;
		rc = conn_wait(&c->conn, mw_mono_us() + MW_SECOND, &msg, &e);
		if (rc < 0)
			return failed(c, "news", &e);
		if (rc)
			cJSON_Delete(msg);
	}
}

static int scroll(struct console *c, int64_t job)
{
	for (int64_t at = 0; at < 3; at++) {
		cJSON *p = job_params(job);
		json_add_i64(p, "step", 0);
		json_add_i64(p, "offset", at * ROWS_PAGE);
		json_add_i64(p, "limit", ROWS_PAGE);
		if (quietly(c, "job.rows", p))
			return -1;
	}
	return quietly(c, "queue.list", cJSON_CreateObject());
}

static int ask(struct console *c, const char *question)
{
	cJSON *p = cJSON_CreateObject(), *result;
	int64_t began = mw_mono_us(), job;
	char session[32];
	size_t n;

	snprintf(session, sizeof(session), "console-%d", c->number);
	json_add_str(p, "session", all.session ? all.session : session);
	json_add_str(p, "question", question);
	if (call(c, "ask", p, &result))
		return -1;
	job = json_i64(result, "job", 0);
	cJSON_Delete(result);
	if (wait_job(c, job))
		return -1;
	n = atomic_fetch_add(&all.n, 1);
	if (n < TIMES_MAX)
		all.times[n] = mw_mono_us() - began;
	return all.session ? 0 : scroll(c, job);
}

static int hello(struct console *c)
{
	cJSON *p = cJSON_CreateObject();
	struct err e;
	int fd = sock_connect(all.socket, &e);

	if (fd < 0) {
		cJSON_Delete(p);
		return failed(c, "connect", &e);
	}
	conn_init(&c->conn, fd);
	json_add_i64(p, "proto", MW_PROTO_VERSION);
	json_add_str(p, "version", MW_VERSION);
	json_add_str(p, "client", "tool_asks");
	return quietly(c, "hello", p) || quietly(c, "subscribe", cJSON_CreateObject()) ? -1 : 0;
}

static void *sit(void *arg)
{
	struct console *c = arg;

	if (hello(c) == 0)
		for (int64_t i = 0; i < all.times_each; i++)
			if (ask(c, all.questions[(c->number + i) % all.nquestions]))
				break;
	conn_release(&c->conn);
	return NULL;
}

static int by_size(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double ms_at(size_t n, double share)
{
	size_t at = (size_t)((double)n * share + 0.999);

	return n ? (double)all.times[at < 1 ? 0 : at > n ? n - 1 : at - 1] / 1000 : 0;
}

int main(int argc, char **argv)
{
	int consoles = argc > 4 ? (int)strtol(argv[2], NULL, 10) : 0;
	struct console *c = xcalloc((size_t)consoles + 1, sizeof(*c));
	size_t n;

	if (consoles < 1) {
		fprintf(stderr,
		        "usage: tool_asks SOCKET CONSOLES TIMES [--session NAME] QUESTION...\n");
		return 2;
	}
	all.socket = argv[1];
	all.questions = argv + 4;
	all.nquestions = argc - 4;
	all.times_each = strtol(argv[3], NULL, 10);
	if (!strcmp(argv[4], "--session") && argc > 6) {
		all.session = argv[5];
		all.questions += 2;
		all.nquestions -= 2;
	}
	for (int i = 0; i < consoles; i++) {
		c[i].number = i;
		if (pthread_create(&c[i].thread, NULL, sit, &c[i]))
			return 1;
	}
	for (int i = 0; i < consoles; i++)
		pthread_join(c[i].thread, NULL);
	free(c);
	n = all.n < TIMES_MAX ? all.n : TIMES_MAX;
	qsort(all.times, n, sizeof(*all.times), by_size);
	printf("consoles %d asks %zu errors %d p50_ms %.1f p95_ms %.1f max_ms %.1f\n", consoles, n,
	       all.errors, ms_at(n, 0.5), ms_at(n, 0.95), ms_at(n, 1));
	return all.errors || !n;
}
