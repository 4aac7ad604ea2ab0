/*
 * Two threads: the reader takes requests, cancels and spool files from the engine, the main thread
 * runs one request at a time. So a cancel is answered at once whatever the request is doing.
 */
#include "proc/worker.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "proc/worker_int.h"
#include "proto/proto.h"

struct request {
	cJSON *msg;
	int fds[MW_FDS_PER_MESSAGE_MAX];
	int nfds;
};

struct worker {
	const struct worker_kind *kind;
	void *state;
	struct conn in;  /* reader thread only */
	struct conn out; /* under lock */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct request next; /* under lock: arrived, not begun */
	struct request now;  /* main thread */
	int64_t now_id;      /* under lock: id of the request being run or waiting, 0 none */
	volatile bool cancelled;
	int64_t deadline;
	bool gone;                /* under lock: the engine closed its end */
	int spool_step;           /* under lock: step whose files came, -1 none */
	struct spool spool_files; /* under lock */
	struct spool_writer spools[MW_PLAN_STEPS_MAX]; /* main thread; files.data < 0: not begun */
	uint64_t spool_bytes;
	struct calls calls;
};

struct calls *worker_calls(struct worker *w)
{
	return &w->calls;
}

void *worker_state(struct worker *w)
{
	return w->state;
}

void worker_set_state(struct worker *w, void *state)
{
	w->state = state;
}

const volatile bool *worker_cancelled(struct worker *w)
{
	return &w->cancelled;
}

int64_t worker_deadline(struct worker *w)
{
	return w->deadline;
}

int worker_fds(struct worker *w)
{
	return w->now.nfds;
}

int worker_fd(struct worker *w, size_t i)
{
	return i < (size_t)w->now.nfds ? w->now.fds[i] : -1;
}

/* Blocks until the engine has taken it: a fast worker is slowed down here. */
static int send_fds(struct worker *w, cJSON *msg, const int *fds, int nfds, struct err *e)
{
	int rc;

	pthread_mutex_lock(&w->lock);
	rc = conn_queue(&w->out, msg, e);
	for (int i = 0; i < nfds && rc == 0; i++)
		w->out.out_fds[w->out.nout_fds++] = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
	if (rc == 0)
		rc = conn_flush(&w->out, e);
	pthread_mutex_unlock(&w->lock);
	return rc;
}

static int send_message(struct worker *w, cJSON *msg, struct err *e)
{
	return send_fds(w, msg, NULL, 0, e);
}

/* ---- reader thread ---- */

static void take_request(struct worker *w, cJSON *msg)
{
	pthread_mutex_lock(&w->lock);
	if (w->now_id)
		mw_die("the engine sent a second request");
	w->now_id = json_i64(msg, "id", 0);
	w->cancelled = false;
	w->next.msg = msg;
	w->next.nfds = conn_take_fds(&w->in, w->next.fds);
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

static void take_cancel(struct worker *w, const cJSON *params)
{
	cJSON *ack = cJSON_CreateObject();
	int64_t id = json_i64(params, "id", 0);
	struct err e;

	pthread_mutex_lock(&w->lock);
	if (id == w->now_id)
		w->cancelled = true;
	pthread_mutex_unlock(&w->lock);
	calls_wake(&w->calls);
	json_add_i64(ack, "id", id);
	if (send_message(w, rpc_notification("cancelled", ack), &e))
		mw_log(LOG_WARN, "cancel: %s", e.what);
}

static void take_spool(struct worker *w, const cJSON *params)
{
	int fds[MW_FDS_PER_MESSAGE_MAX], n = conn_take_fds(&w->in, fds);

	pthread_mutex_lock(&w->lock);
	w->spool_step = (int)json_i64(params, "step", -1);
	w->spool_files = (struct spool)SPOOL_NONE;
	if (n == 2)
		w->spool_files = (struct spool){fds[0], fds[1]};
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

static void take_message(struct worker *w, cJSON *msg)
{
	const char *method = json_str(msg, "method", "");

	if (json_get(msg, "id")) {
		take_request(w, msg);
		return;
	}
	if (strcmp(method, "cancel") == 0)
		take_cancel(w, json_obj(msg, "params"));
	else if (strcmp(method, "spool") == 0)
		take_spool(w, json_obj(msg, "params"));
	else if (!calls_take(&w->calls, method, json_obj(msg, "params"), &w->in))
		mw_log(LOG_WARN, "the engine sent \"%s\", which this worker does not know", method);
	cJSON_Delete(msg);
}

static void *reader(void *arg)
{
	struct worker *w = arg;
	struct err e;
	cJSON *msg;

	while (conn_wait(&w->in, 0, &msg, &e) > 0)
		take_message(w, msg);
	pthread_mutex_lock(&w->lock);
	w->gone = true;
	w->cancelled = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	calls_gone(&w->calls);
	return NULL;
}

/* ---- main thread ---- */

int worker_notify(struct worker *w, const char *method, cJSON *params, struct err *e)
{
	return worker_notify_fds(w, method, params, NULL, 0, e);
}

int worker_notify_fds(struct worker *w, const char *method, cJSON *params, const int *fds, int nfds,
                      struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(w->spools); i++)
		if (w->spools[i].files.data >= 0 && spool_flush(&w->spools[i], e)) {
			cJSON_Delete(params);
			return -1;
		}
	return send_fds(w, rpc_notification(method, params), fds, nfds, e);
}

/* Asks the engine for the files of one step and waits for them. */
static int begin_spool(struct worker *w, int step, struct err *e)
{
	cJSON *params = cJSON_CreateObject();
	struct spool files = SPOOL_NONE;

	json_add_i64(params, "step", step);
	if (send_message(w, rpc_notification("spool", params), e))
		return -1;
	pthread_mutex_lock(&w->lock);
	while (w->spool_step != step && !w->gone)
		pthread_cond_wait(&w->wake, &w->lock);
	if (!w->gone)
		files = w->spool_files;
	w->spool_step = -1;
	pthread_mutex_unlock(&w->lock);
	if (files.data < 0)
		return err_set(e, ERR_FULL, "the engine could not make a file for rows");
	spool_writer_init(&w->spools[step], files);
	return 0;
}

int worker_row(struct worker *w, int step, struct slice json, struct err *e)
{
	if (step < 0 || step >= MW_PLAN_STEPS_MAX)
		return err_set(e, ERR_INTERNAL, "row of step %d", step);
	if (w->spools[step].files.data < 0 && begin_spool(w, step, e))
		return -1;
	w->spool_bytes += json.n + 1;
	if (w->spool_bytes > MW_SPOOL_MAX)
		return err_set(e, ERR_LIMIT,
		               "the rows of one job fill its %u MiB; narrow the question",
		               MW_SPOOL_MAX >> 20);
	return spool_add(&w->spools[step], json, e);
}

static int end_spools(struct worker *w, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(w->spools); i++) {
		if (w->spools[i].files.data < 0)
			continue;
		if (spool_flush(&w->spools[i], e))
			rc = -1;
		spool_writer_release(&w->spools[i]);
	}
	w->spool_bytes = 0;
	return rc;
}

static const struct worker_method *find_method(const struct worker *w, const char *name)
{
	for (const struct worker_method *m = w->kind->methods; m->name; m++)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

static int run(struct worker *w, const cJSON *msg, cJSON **result, struct err *e)
{
	const char *name = json_str(msg, "method", "");
	const struct worker_method *m = find_method(w, name);
	int64_t ms = json_i64(msg, "deadline_ms", 0);
	struct err late;
	int rc;

	if (!m)
		return err_set(e, ERR_INTERNAL, "a %s worker has no method \"%s\"", w->kind->name,
		               name);
	w->deadline = ms ? mw_mono_us() + ms * 1000 : INT64_MAX;
	rc = m->fn(w, json_obj(msg, "params"), result, e);
	if (end_spools(w, rc ? &late : e))
		rc = -1;
	return rc;
}

static void answer(struct worker *w, const cJSON *id, int rc, cJSON *result, struct err *e)
{
	cJSON *msg = rc ? rpc_error(id, e) : rpc_result(id, result);

	if (rc)
		cJSON_Delete(result);
	if (send_message(w, msg, e) == 0)
		return;
	if (e->code == ERR_LIMIT) {
		err_prefix(e, "the answer is too long for one message; narrow the question");
		if (send_message(w, rpc_error(id, e), e) == 0)
			return;
	}
	mw_log(LOG_WARN, "answer: %s", e->what);
}

static void close_request(struct worker *w)
{
	cJSON_Delete(w->now.msg);
	while (w->now.nfds > 0)
		close(w->now.fds[--w->now.nfds]);
	w->now.msg = NULL;
}

/* The id is cleared before the answer goes, since the next request may come at once. */
static void serve_one(struct worker *w)
{
	struct err e = {0};
	cJSON *result = NULL;
	int rc = run(w, w->now.msg, &result, &e);

	pthread_mutex_lock(&w->lock);
	w->now_id = 0;
	pthread_mutex_unlock(&w->lock);
	answer(w, json_get(w->now.msg, "id"), rc, result, &e);
	close_request(w);
}

bool worker_wanted(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	bool wanted = w->next.msg || w->gone;
	pthread_mutex_unlock(&w->lock);
	return wanted;
}

static bool wait_request(struct worker *w)
{
	bool more = w->kind->idle != NULL;

	while (more && !worker_wanted(w))
		more = w->kind->idle(w);
	pthread_mutex_lock(&w->lock);
	while (!w->next.msg && !w->gone)
		pthread_cond_wait(&w->wake, &w->lock);
	w->now = w->next;
	w->next.msg = NULL;
	pthread_mutex_unlock(&w->lock);
	if (w->now.msg && !w->gone)
		return true;
	close_request(w);
	return false;
}

/* The first message brings the configuration; start() runs with all rights of the engine's user,
 * then the sandbox closes. */
static int start(struct worker *w, struct err *e)
{
	const cJSON *config;
	cJSON *msg;
	int rc = 0;

	if (conn_wait(&w->in, 0, &msg, e) <= 0)
		return -1;
	config = json_obj(msg, "params");
	if (w->kind->start)
		rc = w->kind->start(w, config, e);
	if (rc == 0)
		rc = sandbox_enter(w->kind->sandbox, json_str(config, "state", NULL), e);
	answer(w, json_get(msg, "id"), rc, NULL, e);
	cJSON_Delete(msg);
	return rc;
}

int worker_main(const struct worker_kind *kind, int fd)
{
	struct worker *w = xcalloc(1, sizeof(*w));
	struct err e = {0};
	pthread_t thread;
	char name[32];

	snprintf(name, sizeof(name), "worker/%s", kind->name);
	log_init(name, STDERR_FILENO, LOG_INFO);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	w->kind = kind;
	w->spool_step = -1;
	for (size_t i = 0; i < ARRAY_LEN(w->spools); i++)
		w->spools[i].files = (struct spool)SPOOL_NONE;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	calls_init(&w->calls);
	conn_init(&w->in, fd);
	conn_init(&w->out, dup(fd));
	if (start(w, &e)) {
		mw_log(LOG_ERROR, "worker %s: %s", kind->name, e.what);
		return 1;
	}
	if (pthread_create(&thread, NULL, reader, w))
		mw_die("no thread for worker %s", kind->name);
	while (wait_request(w))
		serve_one(w);
	if (kind->stop)
		kind->stop(w);
	return 0;
}
