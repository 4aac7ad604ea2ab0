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
	free(c->instance);
	free(c);
}

static void call_finish(struct call *c, cJSON *result, const struct err *e)
{
	if (c->pool->o.ended)
		c->pool->o.ended(c->pool->o.ctx, c);
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
	c->instance = o->instance ? xstrdup(o->instance) : NULL;
	c->o.kind = c->kind_name;
	c->o.method = c->method;
	c->o.instance = c->instance;
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

const struct call_opts *pool_call_opts(const struct call *c)
{
	return &c->o;
}

void pool_tell(struct call *c, const char *method, cJSON *params, const int *fds, int nfds)
{
	struct worker_proc *w = c->worker;
	struct err e;

	if (!w || w->closing) {
		cJSON_Delete(params);
		for (int i = 0; i < nfds; i++)
			close(fds[i]);
		return;
	}
	for (int i = 0; i < nfds; i++)
		w->conn.out_fds[w->conn.nout_fds++] = fds[i];
	if (worker_proc_send(w, rpc_notification(method, params), &e))
		mw_log(LOG_ERROR, "%s: %s", method, e.what);
}

int pool_take_fds(struct call *c, int *fds)
{
	return c->worker ? conn_take_fds(&c->worker->conn, fds) : 0;
}

/* ---- matching calls and workers ---- */

static const struct worker_kind *find_kind(const struct pool *p, const char *name)
{
	for (const struct worker_kind *const *k = p->o.kinds; *k; k++)
		if (strcmp((*k)->name, name) == 0)
			return *k;
	return NULL;
}

bool same_instance(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_of(const struct call *c, const struct worker_kind *k, const char *instance)
{
	return strcmp(c->kind_name, k->name) == 0 && same_instance(c->instance, instance);
}

static int running_of(const struct pool *p, const struct worker_kind *k, uid_t uid)
{
	int n = 0;

	for (const struct worker_proc *w = p->workers; w; w = w->next)
		n += w->call && w->call->o.uid == uid && w->kind == k;
	return n;
}

/* The oldest waiting call of the kind whose user has the fewest running. */
static struct call *next_call(const struct pool *p, const struct worker_kind *k,
                              const char *instance)
{
	struct call *best = NULL;
	int least = 0;

	for (struct call *c = p->queue; c; c = c->next) {
		int n;
		if (c->why != ERR_NONE || !is_of(c, k, instance))
			continue;
		n = running_of(p, k, c->o.uid);
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

/* Workers of the kind and instance, and all; an idle one where there is one. */
struct crew {
	int of_kind, starting, all;
	struct worker_proc *idle;
};
static struct crew count_crew(const struct pool *p, const struct worker_kind *k,
                              const char *instance)
{
	struct crew n = {0};

	for (struct worker_proc *w = p->workers; w; w = w->next) {
		n.all++;
		if (w->kind != k || w->closing || w->dead || !same_instance(w->instance, instance))
			continue;
		n.of_kind++;
		n.starting += !w->started;
		if (w->started && !w->call && !w->stale && !n.idle)
			n.idle = w;
	}
	return n;
}

static int waiting_of(const struct pool *p, const struct worker_kind *k, const char *instance)
{
	int n = 0;

	for (const struct call *c = p->queue; c; c = c->next)
		n += is_of(c, k, instance);
	return n;
}

static void fail_waiting(struct pool *p, const struct worker_kind *k, const char *instance,
                         const struct err *e)
{
	struct call *c;

	while ((c = next_call(p, k, instance)))
		call_finish(c, NULL, e);
}

static void pump_kind(struct pool *p, const struct worker_kind *k, const char *instance)
{
	struct call *c;

	while ((c = next_call(p, k, instance))) {
		struct crew n = count_crew(p, k, instance);
		struct err e;
		if (n.idle) {
			give(n.idle, c);
			continue;
		}
		if (n.of_kind >= k->max || n.all >= MW_WORKERS_MAX ||
		    n.starting >= waiting_of(p, k, instance))
			return;
		if (worker_proc_start(p, k, instance, &e)) {
			fail_waiting(p, k, instance, &e);
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

/* Which instances wait: names are copied, since pumping ends calls. */
static size_t waiting_instances(const struct pool *p, char (*names)[MW_SOURCE_NAME_MAX + 1],
                                size_t max)
{
	size_t n = 0, i;

	for (const struct call *c = p->queue; c && n < max; c = c->next) {
		for (i = 0; c->instance && i < n && strcmp(names[i], c->instance); i++)
			;
		if (c->instance && i == n)
			snprintf(names[n++], sizeof(names[0]), "%s", c->instance);
	}
	return n;
}

void pool_pump(struct pool *p)
{
	char names[2 * MW_SECTION_ENTRIES_MAX][MW_SOURCE_NAME_MAX + 1];
	size_t n;

	fail_unknown(p);
	n = waiting_instances(p, names, ARRAY_LEN(names));
	for (const struct worker_kind *const *k = p->o.kinds; *k; k++) {
		pump_kind(p, *k, NULL);
		for (size_t i = 0; i < n; i++)
			pump_kind(p, *k, names[i]);
	}
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
	if (w->stale)
		worker_proc_let_go(w);
	else
		w->idle = loop_timer(w->pool->o.loop, w->pool->o.idle_us, worker_proc_idle, w);
	pool_pump(w->pool);
}

void pool_worker_died(struct worker_proc *w, int status)
{
	struct call *c = w->call;
	struct pool *p = w->pool;
	struct err e;

	if (!w->started && w->start_error.code != ERR_NONE)
		fail_waiting(p, w->kind, w->instance, &w->start_error);
	if (!w->started && w->start_error.code == ERR_NONE && !w->closing) {
		err_set(&e, ERR_INTERNAL,
		        "a %s worker died while it started (status %d); see the engine log",
		        w->kind->name, status);
		fail_waiting(p, w->kind, w->instance, &e);
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

void pool_renew(struct pool *p)
{
	for (struct worker_proc *w = p->workers; w; w = w->next) {
		w->stale = true;
		if (!w->call)
			worker_proc_let_go(w);
	}
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
		// NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it takes itself off the list
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
		if (w->instance)
			json_add_str(o, "instance", w->instance);
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
