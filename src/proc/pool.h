/*
 * The engine's side of workers: starts them on demand, gives each one request at a time, queues what waits (fair over users),
 * cancels, kills what does not stop, reaps, and turns a crash into one failed call with a message. Runs in the event loop;
 * nothing here blocks.
 */
#ifndef MW_POOL_H
#define MW_POOL_H

#include <sys/types.h>

#include "proc/loop.h"
#include "proc/spool.h"
#include "proc/worker.h"
#include "proto/proto.h"

struct pool;
struct call;

struct pool_opts {
	struct loop *loop;
	const struct worker_kind *const *kinds; /* ends with NULL */
	const char *program;                    /* what is executed, "/proc/self/exe" */
	/* What a new worker of that kind is told; never logged. instance: see call_opts; NULL with e: there is no such one. */
	cJSON *(*config)(void *ctx, const struct worker_kind *k, const char *instance,
	                 struct err *e);
	/* A worker asks for something in the middle of a call (worker_call): answer with pool_tell "called". May be NULL. */
	void (*asked)(void *ctx, struct call *c, const cJSON *params);
	void (*ended)(
	        void *ctx, struct
	        call *c); /* c is about to be done(); what it asked for is of no use any more. May be NULL */
	void *ctx;
	int64_t idle_us; /* a worker without work for so long is let go */
};
struct pool *pool_new(const struct pool_opts *o, struct err *e);
void pool_free(struct pool *p); /* kills what runs; each call is done() with ERR_CANCELLED first */

struct call_opts {
	const char *kind, *method;
	const char *
	        instance; /* which of its kind (a source's name), each with workers of its own; NULL: there is one only */
	cJSON *params; /* taken over */
	int fds[MW_FDS_PER_MESSAGE_MAX];
	int nfds;            /* taken over: closed after sending */
	int64_t deadline_us; /* from now; 0: none */
	uid_t uid;           /* on whose behalf: waiting calls are taken fairly over users */
	void *ctx;
	/* Exactly once, never from within pool_call: result (taken over, may be NULL) or, where e is not NULL, the failure. */
	void (*done)(void *ctx, cJSON *result, const struct err *e);
	void (*notify)(void *ctx, const char *method, const cJSON *params); /* may be NULL */
	/* Files for the rows of a step: duplicates are sent, the originals stay the caller's. May be NULL: no rows wanted. */
	int (*spool)(void *ctx, int step, struct spool *files, struct err *e);
};
struct call *pool_call(struct pool *p, struct call_opts *o);
/* Asks to stop. done() follows within MW_CANCEL_GRACE_MS at the latest, since then the process is killed. */
void pool_cancel(struct call *c);
bool pool_call_running(const struct call *c);
/* A notification to the worker that runs c (takes params, closes fds after sending). Nothing where c has not begun. */
void pool_tell(struct call *c, const char *method, cJSON *params, const int *fds, int nfds);
/* Descriptors that came with what c's worker asked for; the caller's. At most MW_FDS_PER_MESSAGE_MAX. */
int pool_take_fds(struct call *c, int *fds);
/* The options c was made with. */
const struct call_opts *pool_call_opts(const struct call *c);

/* [{kind,instance?,pid,state:"starting|idle|busy|stopping",requests}], and the worst time until a cancel was acknowledged. */
void pool_status(const struct pool *p, cJSON *array);
int64_t pool_cancel_ack_max_us(const struct pool *p);
size_t pool_waiting(const struct pool *p);
bool pool_busy(const struct pool *p);
/* The configuration has changed: workers that run are let go, each after the call that it has. */
void pool_renew(struct pool *p);

#endif
