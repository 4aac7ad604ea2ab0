/*
 * The console's line to the engine: requests that answer later, notifications, and a line that may break and come back while the
 * screen goes on. Never blocks but for the one attempt to connect, which is to a local socket. One thread.
 */
#ifndef MW_UI_LINK_H
#define MW_UI_LINK_H

#include "model/port.h"
#include "proto/proto.h"

struct link_pending {
	int64_t id;
	port_done_fn done;
	void *ctx;
};
struct link {
	struct conn conn;
	bool up;
	bool readonly;             /* refuses every method that changes something */
	int64_t next_id, retry_us; /* retry_us: mw_mono_us of the next attempt */
	int wait_ms;               /* between attempts, grows to 2 s */
	VEC(struct link_pending) pending;
	struct port port; /* what the screens call */
	/* Connects: a stream socket on which hello has been answered (*hello owned by the caller), or -1. */
	int (*connect)(void *self, cJSON **hello, struct err *e);
	void *self;
	void (*on_up)(void *ctx, const cJSON *hello);
	void (*on_down)(void *ctx, const char *why);
	void (*on_news)(void *ctx, const char *method, const cJSON *params);
	void *ctx;
};

bool method_reads(const char *method); /* the method may be called by who may only look */
void link_init(struct link *l);
void link_release(struct link *l);
bool link_try(
        struct link *l); /* connects when it is down and the time has come; true when it is up */
int link_fd(const struct link *l); /* -1: down */
bool link_wants_write(const struct link *l);
void link_ready(struct link *l);        /* the fd is readable or writable */
int64_t link_due(const struct link *l); /* mw_mono_us of the next attempt, 0: none */

#endif
