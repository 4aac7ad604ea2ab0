#include "proc/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/proc_int.h"

/* ---- calls ---- */

static void unlink_call(struct call **list, struct call *c)
{
	while (*list && *list != c)
		list = &(*list)->next;
	if (*list)
		*list = c->next;
}

static void call_free(struct call *c)
{
	timer_end(c->timer);
	cJSON_Delete(c->o.params);
	while (c->o.nfds > 0)
		close(c->o.fds[--c->o.nfds]);
	free(c->kind_name);
	free(c->method);
	free(c);
}

static void call_finish(struct call *c, cJSON *result, const struct err *e)
{
	if (c->worker)
		c->worker->call = NULL;
	else
		unlink_call(&c->pool->queue, c);
	c->o.done(c->o.ctx, result, e);
	call_free(c);
}

static void finish_queued_cancel(void *ctx)
{
	struct call *c = ctx;
	struct err e;

	c->timer = NULL;
	err_set(&e, c->why,
	        c->why == ERR_DEADLINE ? "waited for a free %s worker until its deadline"
	                               : "cancelled before it began (%s)",
	        c->kind_name);
	call_finish(c, NULL, &e);
}

static void kill_stuck(void *ctx)
{
	struct call *c = ctx;

	c->timer = NULL;
	mw_log(LOG_WARN, "worker %s[%d] did not stop within %d ms; killed", c->kind_name,
	       (int)c->worker->pid, MW_CANCEL_GRACE_MS);
	c->killed = true;
	worker_proc_kill(c->worker);
}

static void send_cancel(struct call *c)
{
	cJSON *params = cJSON_CreateObject();
	struct err e;

	json_add_i64(params, "id", c->id);
	c->cancel_at = mw_mono_us();
	if (worker_proc_send(c->worker, rpc_notification("cancel", params), &e))
		mw_log(LOG_WARN, "cancel: %s", e.what);
	c->timer = loop_timer(c->pool->o.loop, MW_CANCEL_GRACE_MS * INT64_C(1000), kill_stuck, c);
}

static void stop_call(struct call *c, enum err_code why)
{
	if (c->why != ERR_NONE)
		return;
	c->why = why;
	timer_end(c->timer);
	c->timer = NULL;
	if (c->worker)
		send_cancel(c);
	else
		c->timer = loop_timer(c->pool->o.loop, 0, finish_queued_cancel, c);
}

void pool_cancel(struct call *c)
{
	stop_call(c, ERR_CANCELLED);
}

static void on_deadline(void *ctx)
{
	struct call *c = ctx;

	c->timer = NULL;
	stop_call(c, ERR_DEADLINE);
}

struct call *pool_call(struct pool *p, struct call_opts *o)
{
	struct call *c = xcalloc(1, sizeof(*c)), **at = &p->queue;

	c->o = *o;
	c->pool = p;
	c->id = ++p->last_id;
	c->kind_name = xstrdup(o->kind);
	c->method = xstrdup(o->method);
	if (o->deadline_us) {
		c->deadline = mw_mono_us() + o->deadline_us;
		c->timer =
		        loop_timer(p->o.loop, o->deadline_us + DEADLINE_SLACK_US, on_deadline, c);
	}
	while (*at)
		at = &(*at)->next;
	*at = c;
	if (!p->pump_timer)
		p->pump_timer = loop_timer(p->o.loop, 0, pool_pump_later, p);
	return c;
}

bool pool_call_running(const struct call *c)
{
	return c->worker != NULL;
}

/* ---- matching calls and workers ---- */

static const struct worker_kind *find_kind(const struct pool *p, const char *name)
{
	for (const struct worker_kind *const *k = p->o.kinds; *k; k++)
		if (strcmp((*k)->name, name) == 0)
			return *k;
	return NULL;
}

static int running_of(const struct pool *p, const char *kind, uid_t uid)
{
	int n = 0;

	for (const struct worker_proc *w = p->workers; w; w = w->next)
		n += w->call && w->call->o.uid == uid && strcmp(w->kind->name, kind) == 0;
	return n;
}

/* The oldest waiting call of the kind whose user has the fewest running. */
static struct call *next_call(const struct pool *p, const char *kind)
{
	struct call *best = NULL;
	int least = 0;

	for (struct call *c = p->queue; c; c = c->next) {
		int n;
		if (c->why != ERR_NONE || strcmp(c->kind_name, kind) != 0)
			continue;
		n = running_of(p, kind, c->o.uid);
		if (!best || n < least) {
			best = c;
			least = n;
		}
	}
	return best;
}

static void give(struct worker_proc *w, struct call *c)
{
	cJSON *msg = rpc_request(c->id, c->method, c->o.params);
	struct err e;

	c->o.params = NULL;
	unlink_call(&c->pool->queue, c);
	c->worker = w;
	w->call = c;
	w->requests++;
	timer_end(w->idle);
	w->idle = NULL;
	if (c->deadline) {
		int64_t left = (c->deadline - mw_mono_us()) / 1000;
		json_add_i64(msg, "deadline_ms", left > 1 ? left : 1);
	}
	memcpy(w->conn.out_fds, c->o.fds, sizeof(int) * (size_t)c->o.nfds);
	w->conn.nout_fds = c->o.nfds;
	c->o.nfds = 0;
	if (worker_proc_send(w, msg, &e))
		call_finish(c, NULL, &e);
}

static void count_kind(const struct pool *p, const struct worker_kind *k, int *of_kind, int *all,
                       struct worker_proc **idle)
{
	*of_kind = *all = 0;
	*idle = NULL;
	for (struct worker_proc *w = p->workers; w; w = w->next) {
		++*all;
		if (w->kind != k || w->closing || w->dead)
			continue;
		++*of_kind;
		if (w->started && !w->call && !*idle)
			*idle = w;
	}
}

static int starting_of(const struct pool *p, const struct worker_kind *k)
{
	int n = 0;

	for (const struct worker_proc *w = p->workers; w; w = w->next)
		n += w->kind == k && !w->started && !w->closing;
	return n;
}

static int waiting_of(const struct pool *p, const struct worker_kind *k)
{
	int n = 0;

	for (const struct call *c = p->queue; c; c = c->next)
		n += strcmp(c->kind_name, k->name) == 0;
	return n;
}

static void fail_waiting(struct pool *p, const char *kind, const struct err *e)
{
	struct call *c;

	while ((c = next_call(p, kind)))
		call_finish(c, NULL, e);
}

static void pump_kind(struct pool *p, const struct worker_kind *k)
{
	struct worker_proc *idle;
	struct call *c;
	int of_kind, all;

	while ((c = next_call(p, k->name))) {
		struct err e;
		count_kind(p, k, &of_kind, &all, &idle);
		if (idle) {
			give(idle, c);
			continue;
		}
		if (of_kind >= k->max || all >= MW_WORKERS_MAX ||
		    starting_of(p, k) >= waiting_of(p, k))
			return;
		if (worker_proc_start(p, k, &e)) {
			fail_waiting(p, k->name, &e);
			return;
		}
	}
}

static void fail_unknown(struct pool *p)
{
	struct call *c = p->queue;

	while (c) {
		struct call *next = c->next;
		struct err e;
		if (!find_kind(p, c->kind_name)) {
			err_set(&e, ERR_INTERNAL, "no worker of the kind \"%s\"", c->kind_name);
			call_finish(c, NULL, &e);
		}
		c = next;
	}
}

void pool_pump(struct pool *p)
{
	fail_unknown(p);
	for (const struct worker_kind *const *k = p->o.kinds; *k; k++)
		pump_kind(p, *k);
}

void pool_pump_later(void *ctx)
{
	struct pool *p = ctx;

	p->pump_timer = NULL;
	pool_pump(p);
}

/* ---- what workers say ---- */

void pool_worker_answered(struct worker_proc *w, const cJSON *msg)
{
	struct call *c = w->call;
	const cJSON *error = json_obj(msg, "error");
	struct err e;

	if (!c || json_i64(msg, "id", -1) != c->id)
		return;
	if (error) {
		rpc_error_read(error, &e);
		if (c->why == ERR_DEADLINE)
			e.code = ERR_DEADLINE;
		call_finish(c, NULL, &e);
	} else {
		call_finish(
		        c,
		        cJSON_DetachItemFromObjectCaseSensitive((cJSON *)(uintptr_t)msg, "result"),
		        NULL);
	}
	w->idle = loop_timer(w->pool->o.loop, w->pool->o.idle_us, worker_proc_idle, w);
	pool_pump(w->pool);
}

void pool_worker_died(struct worker_proc *w, int status)
{
	struct call *c = w->call;
	struct pool *p = w->pool;
	struct err e;

	if (!w->started && w->start_error.code != ERR_NONE)
		fail_waiting(p, w->kind->name, &w->start_error);
	if (!w->started && w->start_error.code == ERR_NONE && !w->closing) {
		err_set(&e, ERR_INTERNAL,
		        "a %s worker died while it started (status %d); see the engine log",
		        w->kind->name, status);
		fail_waiting(p, w->kind->name, &e);
	}
	if (!c)
		return;
	if (c->killed)
		err_set(&e, c->why,
		        c->why == ERR_DEADLINE
		                ? "stopped at its deadline (the %s worker had to be killed)"
		                : "cancelled (the %s worker had to be killed)",
		        w->kind->name);
	else if (WIFSIGNALED(status))
		err_set(&e, ERR_INTERNAL,
		        "the %s worker crashed (signal %d, %s) in \"%s\"; only this request is "
		        "lost, try again",
		        w->kind->name, WTERMSIG(status), strsignal(WTERMSIG(status)), c->method);
	else
		err_set(&e, ERR_INTERNAL,
		        "the %s worker ended (status %d) in \"%s\"; only this request is lost, see "
		        "the engine log",
		        w->kind->name, WEXITSTATUS(status), c->method);
	call_finish(c, NULL, &e);
}

/* ---- life of the pool ---- */

struct pool *pool_new(const struct pool_opts *o, struct err *e)
{
	struct pool *p = xcalloc(1, sizeof(*p));
	sigset_t set;

	p->o = *o;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	p->sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (p->sigfd < 0)
		err_errno(e, "signalfd");
	else
		p->spawner = spawner_new(o->loop, o->program, worker_proc_spawned, e);
	if (!p->spawner) {
		if (p->sigfd >= 0)
			close(p->sigfd);
		free(p);
		return NULL;
	}
	p->sig = loop_watch(o->loop, p->sigfd, LOOP_READ, pool_reap, p);
	return p;
}

void pool_free(struct pool *p)
{
	struct err e;

	if (!p)
		return;
	err_set(&e, ERR_CANCELLED, "the engine is stopping");
	for (struct worker_proc *w = p->workers; w; w = w->next)
		if (w->call)
			call_finish(w->call, NULL, &e);
	while (p->queue)
		call_finish(p->queue, NULL, &e);
	spawner_settle(p->spawner); /* so that every pid is known */
	while (p->workers)
		worker_proc_end(p->workers);
	spawner_free(p->spawner);
	timer_end(p->pump_timer);
	watch_end(p->sig);
	close(p->sigfd);
	free(p);
}

static const char *state_name(const struct worker_proc *w)
{
	if (w->closing)
		return "stopping";
	if (!w->started)
		return "starting";
	return w->call ? "busy" : "idle";
}

void pool_status(const struct pool *p, cJSON *array)
{
	for (const struct worker_proc *w = p->workers; w; w = w->next) {
		cJSON *o = cJSON_CreateObject();
		json_add_str(o, "kind", w->kind->name);
		json_add_i64(o, "pid", w->pid);
		json_add_str(o, "state", state_name(w));
		json_add_i64(o, "requests", (int64_t)w->requests);
		cJSON_AddItemToArray(array, o);
	}
}

int64_t pool_cancel_ack_max_us(const struct pool *p)
{
	return p->ack_max_us;
}

size_t pool_waiting(const struct pool *p)
{
	size_t n = 0;

	for (const struct call *c = p->queue; c; c = c->next)
		n++;
	return n;
}

bool pool_busy(const struct pool *p)
{
	for (const struct worker_proc *w = p->workers; w; w = w->next)
		if (w->call)
			return true;
	return p->queue != NULL;
}
