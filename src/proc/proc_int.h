/*
 * Shared by pool.c (calls and their queue) and process.c (one worker process). Not for other rooms.
 */
#ifndef MW_PROC_INT_H
#define MW_PROC_INT_H

#include "proc/pool.h"
#include "proc/spawner.h"

#define DEADLINE_SLACK_US 300000 /* a worker that keeps its own deadline answers within this */

struct call {
	struct call_opts o;
	struct pool *pool;
	struct worker_proc *worker;          /* NULL: waiting */
	char *kind_name, *method, *instance; /* instance NULL: the kind has one only */
	int64_t id, deadline, cancel_at;
	struct timer *timer; /* the deadline, then the kill */
	enum err_code why;   /* ERR_CANCELLED or ERR_DEADLINE once it was told to stop */
	bool killed;
	struct call *next; /* in the pool's queue, oldest first */
};
struct worker_proc {
	struct pool *pool;
	const struct worker_kind *kind;
	char *instance;
	pid_t pid;   /* 0: being started */
	bool doomed; /* to be killed as soon as the pid is known */
	struct conn conn;
	struct watch *watch;
	struct call *call;
	uint64_t requests;
	bool started;
	bool stale;   /* started with an old configuration: let go after its call */
	bool closing; /* our end is shut, it is waited for */
	bool dead;    /* reaped: only its last words are heard */
	struct err start_error;
	struct timer *idle; /* lets it go, or kills it when closing */
	struct worker_proc *next;
};
struct pool {
	struct pool_opts o;
	struct worker_proc *workers;
	struct call *queue;
	int64_t last_id, ack_max_us;
	int sigfd;
	struct watch *sig;
	struct spawner *spawner;
	struct timer *pump_timer;
};

int worker_proc_start(struct pool *p, const struct worker_kind *k, const char *instance,
                      struct err *e) MW_USE_RESULT;
bool same_instance(const char *a, const char *b); /* either may be NULL */
int worker_proc_send(struct worker_proc *w, cJSON *msg,
                     struct err *e); /* takes msg; -1: it was not sent */
void worker_proc_idle(void *worker); /* timer */
void worker_proc_kill(struct worker_proc *w);
void worker_proc_let_go(
        struct worker_proc *w); /* without our end it leaves by itself; what does not is killed */
void worker_proc_spawned(void *worker, pid_t pid, const struct err *e);
void worker_proc_end(struct worker_proc *w); /* kill, wait, free; at the end of the engine only */
void pool_reap(void *pool, unsigned ready);
void pool_pump(struct pool *p);   /* gives waiting calls to free workers */
void pool_pump_later(void *pool); /* timer */
void pool_worker_answered(struct worker_proc *w, const cJSON *msg);
void pool_worker_died(struct worker_proc *w, int status);

#endif
