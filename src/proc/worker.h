/*
 * Workers: one process each, one request at a time, plain blocking code, a deadline, a cancel that is answered within 100 ms, a crash
 * that is one failed request. The engine starts them on demand as `midwatchd worker KIND` (a fresh image of the same program, so that
 * nothing of the engine's memory is in it), keeps them warm, and talks the same line protocol over a socketpair. A worker gets
 * descriptors and its own configuration with its request or at start, never paths named by a client, never another source's
 * secret. proc/pool.h is the engine's side.
 *
 * Worker side: a kind is a table of methods; main.c lists the kinds, so that rooms below serve/ need not know the engine.
 *
 * Sandbox: after start() no file can be opened (unless SB_FILES), so start() opens all and also reads from it once where the
 * library opens lazily, as SQLite does.
 */
#ifndef MW_WORKER_H
#define MW_WORKER_H

#include "base/json.h"
#include "proc/sandbox.h"

struct worker; /* the worker's side of its life */

/* Runs one request. params is borrowed. On 0, *result (may stay NULL) is sent; on -1, e is. */
typedef int worker_fn(struct worker *w, const cJSON *params, cJSON **result, struct err *e);
struct worker_method {
	const char *name;
	worker_fn *fn;
};
struct worker_kind {
	const char *name;                    /* "lake", "import", "test" */
	const struct worker_method *methods; /* ends with a NULL name */
	/* Opens what it needs before the sandbox closes. config: {"state": the state directory, and the sections of the user's
	 * configuration that this kind may see}. May be NULL. */
	int (*start)(struct worker *w, const cJSON *config, struct err *e);
	void (*stop)(struct worker *w);
	/* Work for later, when no request waits: a few ms at a time, more only as long as worker_wanted says no. True: call again,
	 * there is more. May be NULL. */
	bool (*idle)(struct worker *w);
	unsigned sandbox; /* SB_* of proc/sandbox.h; SB_FILES opens the state directory only */
	int max;          /* processes of this kind at once */
};

void *worker_state(struct worker *w);
void worker_set_state(struct worker *w, void *state);
const volatile bool *
worker_cancelled(struct worker *w);        /* a flag that the control reader sets at once */
int64_t worker_deadline(struct worker *w); /* mw_mono_us */
int worker_fd(struct worker *w,
              size_t i); /* i-th descriptor of the request, or -1; the worker keeps ownership */
int worker_fds(struct worker *w); /* how many came with the request */
/* For idle(): a request has come meanwhile, so return. */
bool worker_wanted(struct worker *w);
/* A notification to the engine that belongs to the running request ("progress", "step"); params taken over. */
int worker_notify(struct worker *w, const char *method, cJSON *params, struct err *e);
/* Appends one row (JSON text without newline) to the request's spool of step `step` (0 to MW_PLAN_STEPS_MAX - 1); all steps
 * together are capped by MW_SPOOL_MAX. Clients see it soon (within 100 ms), and before the request ends. */
int worker_row(struct worker *w, int step, struct slice json, struct err *e);
/* A call within a request: the engine has another worker do it, such as a source's own, and passes on what comes. Main thread only. */
struct worker_call;
struct spool;
/* Takes params. The rows of its step 0 can be read from the spool as they come. */
struct worker_call *worker_call_begin(struct worker *w, const char *kind, const char *instance,
                                      const char *method, cJSON *params, struct err *e);
/* The same with descriptors for the other worker (its worker_fd), which stay the caller's. */
struct worker_call *worker_call_begin_fds(struct worker *w, const char *kind, const char *instance,
                                          const char *method, cJSON *params, const int *fds,
                                          int nfds, struct err *e);
/* Waits until more is known, at most so long: 1 it has ended, 0 not yet, -1 the request was cancelled or the engine is gone. */
int worker_call_wait(struct worker_call *c, int64_t timeout_us);
const struct spool *worker_call_spool(const struct worker_call *c);
/* Share done in 0..1, negative: unknown. */
double worker_call_share(struct worker_call *c);
/* After it has ended. *result (the caller's) may be NULL. */
int worker_call_result(struct worker_call *c, cJSON **result, struct err *e) MW_USE_RESULT;
void worker_call_end(struct worker_call *c); /* cancels it where it still runs */

/* Only the main thread of a worker calls the functions above; worker_cancelled's flag may be read from any thread. */

/* The whole life of a worker process: fd is its end of the socketpair. Returns the exit status. */
int worker_main(const struct worker_kind *kind, int fd);

#endif
