/*
 * One worker process: started, talked to, let go, reaped.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/proc_int.h"

/* Before the pid is known it is remembered: kill(0) would be ourselves. */
void worker_proc_kill(struct worker_proc *w)
{
	if (w->pid > 0)
		kill(w->pid, SIGKILL);
	else
		w->doomed = true;
}

static void close_own_end(struct worker_proc *w)
{
	watch_end(w->watch);
	w->watch = NULL;
	if (w->conn.fd >= 0)
		conn_release(&w->conn);
	w->closing = true;
}

static void kill_closing(void *ctx)
{
	struct worker_proc *w = ctx;

	w->idle = NULL;
	worker_proc_kill(w);
}

void worker_proc_let_go(struct worker_proc *w)
{
	if (w->closing)
		return;
	close_own_end(w);
	timer_end(w->idle);
	w->idle = loop_timer(w->pool->o.loop, MW_CANCEL_GRACE_MS * INT64_C(1000), kill_closing, w);
}

void worker_proc_idle(void *worker)
{
	struct worker_proc *w = worker;

	w->idle = NULL;
	worker_proc_let_go(w);
}

/* ---- messages ---- */

int worker_proc_send(struct worker_proc *w, cJSON *msg, struct err *e)
{
	int rc;

	if (w->closing) {
		cJSON_Delete(msg);
		return err_set(e, ERR_INTERNAL, "the %s worker is gone; try again", w->kind->name);
	}
	if (conn_queue(&w->conn, msg, e))
		return -1;
	rc = conn_flush(&w->conn, e);
	if (rc < 0) {
		mw_log(LOG_WARN, "worker %s[%d]: %s", w->kind->name, (int)w->pid, e->what);
		worker_proc_let_go(w); /* its death is noticed, and ends its call */
		return 0;
	}
	watch_want(w->watch, rc ? LOOP_READ | LOOP_WRITE : LOOP_READ);
	return 0;
}

static void send_spool(struct worker_proc *w, const cJSON *params)
{
	int step = (int)json_i64(params, "step", -1);
	struct spool files = SPOOL_NONE;
	cJSON *reply = cJSON_CreateObject();
	struct err e = {0};

	json_add_i64(reply, "step", step);
	if (w->call && w->call->o.spool &&
	    w->call->o.spool(w->call->o.ctx, step, &files, &e) == 0) {
		w->conn.out_fds[w->conn.nout_fds++] = fcntl(files.data, F_DUPFD_CLOEXEC, 0);
		w->conn.out_fds[w->conn.nout_fds++] = fcntl(files.index, F_DUPFD_CLOEXEC, 0);
	} else if (e.code) {
		mw_log(LOG_ERROR, "rows: %s", e.what);
	}
	if (worker_proc_send(w, rpc_notification("spool", reply), &e))
		mw_log(LOG_ERROR, "rows: %s", e.what);
}

static void note_cancelled(struct worker_proc *w, const cJSON *params)
{
	struct call *c = w->call;
	int64_t took;

	if (!c || !c->cancel_at || json_i64(params, "id", -1) != c->id)
		return;
	took = mw_mono_us() - c->cancel_at;
	if (took > w->pool->ack_max_us)
		w->pool->ack_max_us = took;
}

static void take_notification(struct worker_proc *w, const cJSON *msg)
{
	const char *method = json_str(msg, "method", "");
	const cJSON *params = json_obj(msg, "params");

	if (strcmp(method, "spool") == 0)
		send_spool(w, params);
	else if (strcmp(method, "cancelled") == 0)
		note_cancelled(w, params);
	else if (strcmp(method, "call") == 0 && w->call && w->pool->o.asked)
		w->pool->o.asked(w->pool->o.ctx, w->call, params);
	else if (w->call && w->call->o.notify)
		w->call->o.notify(w->call->o.ctx, method, params);
}

static void take_start(struct worker_proc *w, const cJSON *msg)
{
	const cJSON *error = json_obj(msg, "error");

	if (error) {
		rpc_error_read(error, &w->start_error);
		return; /* it leaves by itself: pool_worker_died tells those who wait */
	}
	w->started = true;
	w->idle = loop_timer(w->pool->o.loop, w->pool->o.idle_us, worker_proc_idle, w);
	pool_pump(w->pool);
}

static void take_message(struct worker_proc *w, const cJSON *msg)
{
	if (json_get(msg, "method"))
		take_notification(w, msg);
	else if (!w->started)
		take_start(w, msg);
	else
		pool_worker_answered(w, msg);
}

/* One read, so that a busy worker takes a bounded share of a turn. False when there was nothing to
 * read. */
static bool hear(struct worker_proc *w)
{
	struct err e;
	cJSON *msg;
	int rc = conn_fill(&w->conn, &e);

	if (rc < 0)
		worker_proc_let_go(w);
	if (rc)
		return false;
	while (!w->closing && (rc = conn_next(&w->conn, &msg, &e)) > 0) {
		take_message(w, msg);
		cJSON_Delete(msg);
	}
	if (rc < 0 && !w->closing) { /* a sibling that talks nonsense may have been taken over */
		mw_log(LOG_ERROR, "worker %s[%d]: %s; killed", w->kind->name, (int)w->pid, e.what);
		worker_proc_kill(w);
		worker_proc_let_go(w);
	}
	return !w->closing;
}

static void on_ready(void *ctx, unsigned ready)
{
	struct worker_proc *w = ctx;
	struct err e;

	if (ready & LOOP_WRITE)
		watch_want(w->watch,
		           conn_flush(&w->conn, &e) == 1 ? LOOP_READ | LOOP_WRITE : LOOP_READ);
	if (ready & LOOP_READ)
		hear(w);
}

/* ---- start and end ---- */

/* "environment" of its configuration: variables that it may see. */
static void env_names(const cJSON *config, const char *names[SPAWN_ENV_MAX + 1])
{
	const cJSON *x;
	size_t n = 0;

	cJSON_ArrayForEach(x, json_arr(config, "environment")) if (n < SPAWN_ENV_MAX &&
	                                                           cJSON_IsString(x)) names[n++] =
	        x->valuestring;
	names[n] = NULL;
}

int worker_proc_start(struct pool *p, const struct worker_kind *k, const char *instance,
                      struct err *e)
{
	cJSON *config = p->o.config(p->o.ctx, k, instance, e);
	const char *env[SPAWN_ENV_MAX + 1];
	struct worker_proc *w;
	int fds[2];

	if (!config)
		return -1;
	env_names(config, env);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds)) {
		cJSON_Delete(config);
		return err_errno(e, "socketpair");
	}
	w = xcalloc(1, sizeof(*w));
	w->pool = p;
	w->kind = k;
	w->instance = instance ? xstrdup(instance) : NULL;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	conn_init(&w->conn, fds[0]);
	w->watch = loop_watch(p->o.loop, fds[0], LOOP_READ, on_ready, w);
	w->next = p->workers;
	p->workers = w;
	spawner_start(p->spawner, k->name, env, fds[1], w);
	return worker_proc_send(w, rpc_request(0, "start", config), e);
}

static void worker_proc_free(struct worker_proc *w)
{
	struct worker_proc **at = &w->pool->workers;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	close_own_end(w);
	timer_end(w->idle);
	free(w->instance);
	free(w);
}

void worker_proc_spawned(void *worker, pid_t pid, const struct err *e)
{
	struct worker_proc *w = worker;
	struct pool *p = w->pool;

	if (e) {
		w->start_error = *e;
		pool_worker_died(w, 0);
		worker_proc_free(w);
		pool_pump(p);
		return;
	}
	w->pid = pid;
	if (w->doomed)
		kill(pid, SIGKILL);
	pool_reap(p, 0); /* it may have ended already */
}

void worker_proc_end(struct worker_proc *w)
{
	if (w->pid > 0) {
		kill(w->pid, SIGKILL);
		waitpid(w->pid, NULL, 0);
	}
	worker_proc_free(w);
}

/* True where one was reaped: the list has changed then. */
static bool reap_one(struct pool *p)
{
	for (struct worker_proc *w = p->workers; w; w = w->next) {
		int status;
		if (w->pid <= 0 || waitpid(w->pid, &status, WNOHANG) != w->pid)
			continue;
		w->dead = true;
		while (!w->closing && hear(w)) /* an answer may still be in the socket */
			;
		pool_worker_died(w, status);
		worker_proc_free(w);
		return true;
	}
	return false;
}

void pool_reap(void *pool, unsigned ready)
{
	struct signalfd_siginfo info;
	struct pool *p = pool;

	(void)ready;
	while (read(p->sigfd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		;
	while (reap_one(p))
		;
	pool_pump(p);
}
