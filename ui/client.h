/*
 * A client's way to its engine: finds it (or starts the private one), says hello, calls and waits. Blocking; for the command line,
 * and for the console's first step (it goes on with the socket itself).
 */
#ifndef MW_CLIENT_H
#define MW_CLIENT_H

#include "base/config.h"
#include "proto/proto.h"

/* A connected stream socket on which hello was answered; *hello is the caller's (cJSON_Delete). -1 with what to do in e. The engine
 * is the one of --engine (unix:PATH, ssh://[user@]host[:port]: `ssh host midwatch proxy`), else the private one of the
 * state directory, which is started when it is not there. */
int client_connect(const struct config *c, cJSON **hello, struct err *e);
/* The same without starting one: -1 and ERR_NOT_FOUND where none runs. */
int client_connect_running(const struct config *c, cJSON **hello, struct err *e);

/* The socket alone, hello not said: for the proxy. */
int client_socket(const struct config *c, struct err *e);

struct client {
	struct conn conn;
	cJSON *hello;
	int64_t last_id;
	bool carries; /* over ssh: files go as bytes (carry.h) */
	const struct config *
	        config; /* borrowed; with which the engine was started, NULL where it was not to be */
	/* Notifications that arrive while a call waits; may be NULL. */
	void (*news)(void *ctx, const char *method, const cJSON *params);
	void *ctx;
};
int client_open(struct client *cl, const struct config *c, bool start, struct err *e) MW_USE_RESULT;
void client_close(struct client *cl);
/* Sends and waits. A first question that only reads and finds the engine leaving is asked of the next one. params is taken over; fds (n of them) are sent along and closed. *result is the caller's. */
int client_call(struct client *cl, const char *method, cJSON *params, cJSON **result,
                struct err *e) MW_USE_RESULT;
int client_call_fds(struct client *cl, const char *method, cJSON *params, const int *fds, int n,
                    cJSON **result, struct err *e) MW_USE_RESULT;
/* Waits for one notification (which news gets) or the deadline (mw_mono_us, 0: none): 1, 0, or -1 where the engine is gone. */
int client_wait_news(struct client *cl, int64_t deadline_us, struct err *e) MW_USE_RESULT;

#endif
