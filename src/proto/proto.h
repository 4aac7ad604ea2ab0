/*
 * The protocol's frame and table, shared by engine, workers and clients: JSON-RPC 2.0, one message a line of at most MW_LINE_MAX
 * bytes, optionally with descriptors (SCM_RIGHTS) that belong to the message they come with. A malformed message is the sender's
 * fault: the receiver answers with an error where it can, and drops that peer where it cannot.
 * No allocation outlives a message; one conn belongs to one thread (an event loop, a blocking client, or a worker).
 */
#ifndef MW_PROTO_H
#define MW_PROTO_H

#include "base/json.h"
#include "base/mem.h"
#include "base/limits.h"

#define MW_PROTO_VERSION 1 /* a difference is an error that names both versions */

enum perm { PERM_NONE = -1, PERM_READ, PERM_ANALYST, PERM_LEAD, PERM_ADMIN };
enum method_id {
#define METHOD(sym, name, perm, params) M_##sym,
#include "proto/methods.def"
#undef METHOD
	METHOD_COUNT
};
struct method {
	const char *name;
	enum perm perm;
	const char *params;
};
extern const struct method methods[METHOD_COUNT];
int method_find(const char *name); /* method_id, or -1 */
/* Checks params against the method's schema; the error names the parameter, what was expected, and did-you-mean. */
int method_check(const struct method *m, const cJSON *params, struct err *e) MW_USE_RESULT;

struct conn { /* one end of a stream socket, blocking or not */
	int fd;
	struct buf in, out;
	size_t in_at; /* bytes of in that were taken */
	int in_fds[MW_FDS_PER_MESSAGE_MAX],
	        nin_fds; /* received, not yet taken; conn_release closes them */
	int out_fds[MW_FDS_PER_MESSAGE_MAX],
	        nout_fds; /* to go with the next write; closed after sending */
	bool eof;
};
void conn_init(struct conn *c, int fd);
void conn_release(struct conn *c); /* closes fd and what was not taken */
/* Reads what there is (one read). 0 ok, 1 nothing now, -1 closed or broken. */
int conn_fill(struct conn *c, struct err *e) MW_USE_RESULT;
/* Takes the next whole message. 1 and *msg, 0 none yet, -1 not JSON-RPC or too long: drop the peer. */
int conn_next(struct conn *c, cJSON **msg, struct err *e);
/* Takes the descriptors that came so far; the caller closes them. Returns how many (at most MW_FDS_PER_MESSAGE_MAX). A request
 * that needs descriptors names how many, so that a sender who mixes them up is told so. */
int conn_take_fds(struct conn *c, int fds[MW_FDS_PER_MESSAGE_MAX]);
/* Queues a message (and deletes it). -1 where it is over MW_LINE_MAX. */
int conn_queue(struct conn *c, cJSON *msg, struct err *e);
int conn_flush(struct conn *c,
               struct err *e); /* as much as goes; 0 all gone, 1 some left, -1 broken */
/* Blocking: one message with a deadline (mw_mono_us; 0 none). 1 message, 0 deadline, -1 closed. */
int conn_wait(struct conn *c, int64_t deadline_us, cJSON **msg, struct err *e);

/* Makers. params and result are taken over (may be NULL). */
cJSON *rpc_request(int64_t id, const char *method, cJSON *params);
cJSON *rpc_notification(const char *method, cJSON *params);
cJSON *rpc_result(const cJSON *id, cJSON *result);
/* {"code":-32000-code,"message":what,"data":{"code":"not_found"}} */
cJSON *rpc_error(const cJSON *id, const struct err *err);
/* Reads an error object back into e. */
void rpc_error_read(const cJSON *error, struct err *e);

#endif
