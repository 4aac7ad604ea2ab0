/*
 * Shared by worker.c (the life of a worker process) and worker_call.c (calls within a request). Not for other rooms.
 */
#ifndef MW_WORKER_INT_H
#define MW_WORKER_INT_H

#include <pthread.h>

#include "proc/spool.h"
#include "proc/worker.h"
#include "proto/proto.h"

struct worker_call {
	struct worker *w;
	int64_t n;
	bool begun, ended; /* all of these: under the worker's calls lock */
	struct spool files;
	double share;
	cJSON *result; /* whole message of the end: result or error */
	struct worker_call *next;
};
struct calls {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct worker_call *open;
	int64_t last;
	bool gone;
};
void calls_init(struct calls *c);
/* Reader thread: "calling" (with fds, taken over), "call.progress", "called". False: none of these. */
bool calls_take(struct calls *c, const char *method, const cJSON *params, struct conn *from);
void calls_gone(struct calls *c); /* the engine closed its end */
void calls_wake(struct calls *c); /* the request was cancelled */
struct calls *worker_calls(struct worker *w);
/* worker_notify with descriptors, which stay the caller's. */
int worker_notify_fds(struct worker *w, const char *method, cJSON *params, const int *fds, int nfds,
                      struct err *e);

#endif
