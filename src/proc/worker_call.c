#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "proto/proto.h"
#include "proc/worker_int.h"

void calls_init(struct calls *c)
{
	pthread_condattr_t attr;

	*c = (struct calls){0};
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->wake, &attr);
	pthread_condattr_destroy(&attr);
}

void calls_wake(struct calls *c)
{
	pthread_mutex_lock(&c->lock);
	pthread_cond_broadcast(&c->wake);
	pthread_mutex_unlock(&c->lock);
}

void calls_gone(struct calls *c)
{
	c->gone = true;
	calls_wake(c);
}

/* ---- reader thread ---- */

static struct worker_call *find(struct calls *c, int64_t n)
{
	struct worker_call *x = c->open;

	while (x && x->n != n)
		x = x->next;
	return x;
}

static void close_all(const int *fds, int n)
{
	while (n > 0)
		close(fds[--n]);
}

static void take_calling(struct calls *c, int64_t n, struct conn *from)
{
	int fds[MW_FDS_PER_MESSAGE_MAX], nfds = conn_take_fds(from, fds);
	struct worker_call *x;

	pthread_mutex_lock(&c->lock);
	x = find(c, n);
	if (x && nfds == 2)
		x->files = (struct spool){fds[0], fds[1]};
	else
		close_all(fds, nfds);
	if (x)
		x->begun = true;
	pthread_cond_broadcast(&c->wake);
	pthread_mutex_unlock(&c->lock);
}

static void take_called(struct calls *c, int64_t n, const cJSON *params)
{
	struct worker_call *x;

	pthread_mutex_lock(&c->lock);
	x = find(c, n);
	if (x) {
		x->begun = x->ended = true;
		x->result = cJSON_Duplicate(params, 1);
	}
	pthread_cond_broadcast(&c->wake);
	pthread_mutex_unlock(&c->lock);
}

static void take_progress(struct calls *c, int64_t n, const cJSON *params)
{
	const cJSON *share = json_get(params, "share");
	struct worker_call *x;

	pthread_mutex_lock(&c->lock);
	x = find(c, n);
	if (x && cJSON_IsNumber(share))
		x->share = share->valuedouble;
	pthread_cond_broadcast(&c->wake);
	pthread_mutex_unlock(&c->lock);
}

bool calls_take(struct calls *c, const char *method, const cJSON *params, struct conn *from)
{
	int64_t n = json_i64(params, "n", -1);

	if (strcmp(method, "calling") == 0)
		take_calling(c, n, from);
	else if (strcmp(method, "call.progress") == 0)
		take_progress(c, n, params);
	else if (strcmp(method, "called") == 0)
		take_called(c, n, params);
	else
		return false;
	return true;
}

/* ---- main thread ---- */

struct worker_call *worker_call_begin(struct worker *w, const char *kind, const char *instance,
                                      const char *method, cJSON *params, struct err *e)
{
	return worker_call_begin_fds(w, kind, instance, method, params, NULL, 0, e);
}

struct worker_call *worker_call_begin_fds(struct worker *w, const char *kind, const char *instance,
                                          const char *method, cJSON *params, const int *fds,
                                          int nfds, struct err *e)
{
	struct calls *calls = worker_calls(w);
	struct worker_call *c = xcalloc(1, sizeof(*c));
	cJSON *o = cJSON_CreateObject();

	*c = (struct worker_call){.w = w, .files = SPOOL_NONE, .share = -1};
	pthread_mutex_lock(&calls->lock);
	c->n = ++calls->last;
	c->next = calls->open;
	calls->open = c;
	pthread_mutex_unlock(&calls->lock);
	json_add_i64(o, "n", c->n);
	json_add_str(o, "kind", kind);
	json_add_str(o, "instance", instance);
	json_add_str(o, "method", method);
	cJSON_AddItemToObject(o, "params", params);
	if (worker_notify_fds(w, "call", o, fds, nfds, e) == 0)
		return c;
	worker_call_end(c);
	return NULL;
}

static struct timespec at(int64_t mono_us)
{
	return (struct timespec){mono_us / 1000000, mono_us % 1000000 * 1000};
}

int worker_call_wait(struct worker_call *c, int64_t timeout_us)
{
	struct calls *calls = worker_calls(c->w);
	struct timespec until = at(mw_mono_us() + timeout_us);
	const volatile bool *cancelled = worker_cancelled(c->w);
	int rc = 0;

	pthread_mutex_lock(&calls->lock);
	while (!c->ended && !calls->gone && !*cancelled && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&calls->wake, &calls->lock, &until);
	rc = c->ended ? 1 : calls->gone || *cancelled ? -1 : 0;
	pthread_mutex_unlock(&calls->lock);
	return rc;
}

const struct spool *worker_call_spool(const struct worker_call *c)
{
	return &c->files;
}

double worker_call_share(struct worker_call *c)
{
	struct calls *calls = worker_calls(c->w);
	double share;

	pthread_mutex_lock(&calls->lock);
	share = c->share;
	pthread_mutex_unlock(&calls->lock);
	return share;
}

int worker_call_result(struct worker_call *c, cJSON **result, struct err *e)
{
	const cJSON *error = json_obj(c->result, "error");

	if (error) {
		rpc_error_read(error, e);
		return -1;
	}
	*result = cJSON_DetachItemFromObjectCaseSensitive(c->result, "result");
	return 0;
}

static void unlink_call(struct calls *calls, const struct worker_call *c)
{
	struct worker_call **at_call = &calls->open;

	while (*at_call != c)
		at_call = &(*at_call)->next;
	*at_call = c->next;
}

void worker_call_end(struct worker_call *c)
{
	struct calls *calls = worker_calls(c->w);
	cJSON *o;
	struct err ignored;

	pthread_mutex_lock(&calls->lock);
	unlink_call(calls, c);
	pthread_mutex_unlock(&calls->lock);
	if (!c->ended) {
		o = cJSON_CreateObject();
		json_add_i64(o, "n", c->n);
		json_add_bool(o, "cancel", true);
		/* where it cannot be told, the engine is gone, and so is the call */
		if (worker_notify(c->w, "call", o, &ignored) == 0)
			ignored.code = ERR_NONE;
	}
	spool_close(&c->files);
	cJSON_Delete(c->result);
	free(c);
}
