/*
 * Connections: accepted with a cap, identified by the kernel, read in bounded shares, and dropped
 * alone when they misbehave. A client that does not read is not read from either; notifications
 * that it cannot take become one resync.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "proto/sock.h"
#include "serve/engine.h"

#define CLIENT_REQUESTS_MAX 64           /* unanswered ones; more are read later */
#define CLIENT_PAUSE_BYTES (1024 * 1024) /* unsent replies; more requests are read later */

struct client {
	struct engine *e;
	uint64_t serial;
	struct conn conn;
	struct watch *watch;
	uid_t uid;
	char *user; /* NULL before hello */
	enum perm role;
	bool greeting; /* hello is being answered */
	bool subscribed, resync, closing;
	bool stalled; /* whole messages may wait in conn.in for a pause to end */
	struct timer *resume;
	int pending; /* requests not answered */
	struct client *next;
};

static void client_drop(struct client *c)
{
	struct client **at = &c->e->clients;
	struct engine *e = c->e;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	e->nclients--;
	watch_end(c->watch);
	timer_end(c->resume);
	conn_release(&c->conn);
	free(c->user);
	free(c);
	engine_idle_check(e);
}

static struct client *find(const struct engine *e, uint64_t serial)
{
	for (struct client *c = e->clients; c; c = c->next)
		if (c->serial == serial)
			return c;
	return NULL;
}

static void set_wants(struct client *c, bool more_to_send)
{
	bool paused = c->closing || c->pending >= CLIENT_REQUESTS_MAX ||
	              c->conn.out.len > CLIENT_PAUSE_BYTES;

	watch_want(c->watch, (paused ? 0 : LOOP_READ) | (more_to_send ? LOOP_WRITE : 0));
}

/* False where the client had to be dropped. */
static bool client_flush(struct client *c)
{
	struct err e;
	int rc = conn_flush(&c->conn, &e);

	if (rc == 0 && c->resync) {
		c->resync = false;
		rc = conn_queue(&c->conn, rpc_notification("resync", NULL), &e);
		if (rc == 0)
			rc = conn_flush(&c->conn, &e);
	}
	if (rc < 0 || (rc == 0 && c->closing)) {
		client_drop(c);
		return false;
	}
	set_wants(c, rc == 1);
	return true;
}

/* What is too long for one message: an answer becomes an error, a notification a resync. */
static void client_send(struct client *c, cJSON *msg)
{
	cJSON *id = cJSON_Duplicate(json_get(msg, "id"), 0);
	bool answer = json_get(msg, "method") == NULL;
	struct err e;

	if (conn_queue(&c->conn, msg, &e)) {
		err_prefix(&e, "the answer is too long; ask for less at once");
		if (answer)
			(void)!conn_queue(&c->conn, rpc_error(id, &e), &e);
		else
			c->resync = true;
	}
	cJSON_Delete(id);
}

static void take_messages(struct engine *e, uint64_t serial);

static void resume(void *ctx)
{
	struct client *c = ctx;

	c->resume = NULL;
	take_messages(c->e, c->serial);
}

void client_answer(struct engine *e, uint64_t serial, cJSON *msg)
{
	struct client *c = find(e, serial);

	if (!c) {
		cJSON_Delete(msg);
		return;
	}
	client_send(c, msg);
	c->pending--;
	if (client_flush(c) && c->stalled && !c->resume)
		c->resume = loop_timer(e->loop, 0, resume, c);
}

void client_broadcast(struct engine *e, uid_t uid, const char *method, cJSON *params)
{
	for (struct client *c = e->clients, *next; c; c = next) {
		next = c->next;
		if (!c->subscribed || (uid != (uid_t)-1 && c->uid != uid))
			continue;
		if (c->conn.out.len > MW_CLIENT_QUEUE_MAX) {
			c->resync = true;
			continue;
		}
		client_send(c, rpc_notification(method, cJSON_Duplicate(params, 1)));
		client_flush(c);
	}
	cJSON_Delete(params);
}

void client_hello(struct engine *e, uint64_t serial, const char *user, enum perm role)
{
	struct client *c = find(e, serial);

	if (!c)
		return;
	free(c->user);
	c->user = xstrdup(user);
	c->role = role;
	c->greeting = false;
}

void client_subscribe(struct engine *e, uint64_t serial)
{
	struct client *c = find(e, serial);

	if (c)
		c->subscribed = true;
}

bool client_any(const struct engine *e)
{
	return e->clients != NULL;
}

void client_end_all(struct engine *e)
{
	struct err err;

	for (struct client *c = e->clients, *next; c; c = next) {
		next = c->next;
		(void)!conn_flush(&c->conn, &err);
		client_drop(c);
	}
}

/* ---- requests ---- */

/* Answers what is wrong and hangs up once that is sent. */
static void refuse(struct client *c, const cJSON *id, const struct err *e)
{
	mw_log(LOG_WARN, "client %llu (uid %u) dropped: %s", (unsigned long long)c->serial,
	       (unsigned)c->uid, e->what);
	client_send(c, rpc_error(id, e));
	c->closing = true;
}

static void fail_one(struct client *c, const cJSON *id, const struct err *e)
{
	client_send(c, rpc_error(id, e));
}

static int check_rights(const struct client *c, int method, struct err *e)
{
	if (!c->user && method != M_HELLO)
		return err_set(e, ERR_DENIED, "say hello first");
	if (c->user && method == M_HELLO)
		return err_set(e, ERR_INVALID, "hello was said already");
	if (c->user && c->role < methods[method].perm)
		return err_set(e, ERR_DENIED, "%s needs the role %s; you have %s",
		               methods[method].name, role_name(methods[method].perm),
		               role_name(c->role));
	return 0;
}

/* A text written by hand is no plan that the engine has made: it needs more than reading. */
static int check_hand(const struct client *c, const cJSON *params, struct err *e)
{
	const cJSON *step;

	if (c->role >= PERM_ANALYST)
		return 0;
	cJSON_ArrayForEach(step, json_arr(json_obj(params, "plan"), "steps"))
	{
		if (json_get(step, "hand"))
			return err_set(e, ERR_DENIED,
			               "a text written by hand needs the role %s; you have %s",
			               role_name(PERM_ANALYST), role_name(c->role));
	}
	return 0;
}

static struct request *make_request(struct client *c, int method, const cJSON *msg)
{
	struct request *r = xcalloc(1, sizeof(*r));
	mw_time now;

	r->e = c->e;
	r->client = c->serial;
	r->id = cJSON_Duplicate(json_get(msg, "id"), 0);
	r->method = method;
	r->params = json_obj(msg, "params") ? cJSON_Duplicate(json_obj(msg, "params"), 1)
	                                    : cJSON_CreateObject();
	r->user = xstrdup(c->user ? c->user : "");
	r->who = (struct who){c->uid, r->user};
	r->role = c->role;
	r->nfds = conn_take_fds(&c->conn, r->fds);
	r->now = mw_now();
	if (mw_time_parse(slice_of(json_str(r->params, "now", "")), &now))
		r->now = now;
	return r;
}

static void take_message(struct client *c, const cJSON *msg)
{
	const cJSON *id = json_get(msg, "id");
	const char *name = json_str(msg, "method", "");
	int method = method_find(name);
	struct err e;

	if (!id || !*name)
		return; /* clients have no notifications for the engine */
	if (method < 0) {
		err_set(&e, ERR_NOT_FOUND, "there is no method \"%s\"", name);
		fail_one(c, id, &e);
	} else if (check_rights(c, method, &e) ||
	           method_check(&methods[method], json_get(msg, "params"), &e) ||
	           check_hand(c, json_get(msg, "params"), &e)) {
		if (c->user)
			fail_one(c, id, &e);
		else
			refuse(c, id, &e);
	} else {
		c->pending++;
		c->greeting = !c->user;
		request_dispatch(make_request(c, method, msg));
	}
}

static bool paused(const struct client *c)
{
	return c->closing || c->greeting || c->pending >= CLIENT_REQUESTS_MAX ||
	       c->conn.out.len > CLIENT_PAUSE_BYTES;
}

/* A request may end in dropping any client, this one too: it is looked up again each time. */
static void take_messages(struct engine *e, uint64_t serial)
{
	struct client *c;

	while ((c = find(e, serial)) && !paused(c)) {
		struct err err;
		cJSON *msg;
		int rc = conn_next(&c->conn, &msg, &err);
		if (rc == 0)
			break;
		if (rc < 0) {
			refuse(c, NULL, &err);
			break;
		}
		take_message(c, msg);
		cJSON_Delete(msg);
	}
	if (!c)
		return;
	c->stalled = paused(c);
	client_flush(c);
}

static void on_ready(void *ctx, unsigned ready)
{
	struct client *c = ctx;
	struct engine *e = c->e;
	uint64_t serial = c->serial;
	struct err err;

	if ((ready & LOOP_WRITE) && !client_flush(c))
		return;
	if ((ready & LOOP_READ) && conn_fill(&c->conn, &err) < 0) {
		client_drop(c);
		return;
	}
	take_messages(e, serial);
}

/* ---- accepting ---- */

static size_t count_uid(const struct engine *e, uid_t uid)
{
	size_t n = 0;

	for (const struct client *c = e->clients; c; c = c->next)
		n += c->uid == uid;
	return n;
}

static int check_peer(const struct engine *e, const struct sock_peer *p, struct err *err)
{
	if (!e->team && p->uid != geteuid() && p->uid != 0)
		return err_set(err, ERR_DENIED, "this is the private engine of uid %u",
		               (unsigned)geteuid());
	if (e->nclients >= MW_CLIENTS_MAX)
		return err_set(err, ERR_LIMIT, "the engine has its %d connections", MW_CLIENTS_MAX);
	if (count_uid(e, p->uid) >= MW_CLIENTS_PER_UID_MAX)
		return err_set(err, ERR_LIMIT, "uid %u has its %d connections", (unsigned)p->uid,
		               MW_CLIENTS_PER_UID_MAX);
	return 0;
}

/* One that may not come in is told why; nothing waits for it to read that. */
static void turn_away(int fd, const struct err *err)
{
	struct conn c;
	struct err e;

	conn_init(&c, fd);
	if (conn_queue(&c, rpc_error(NULL, err), &e) == 0)
		(void)!conn_flush(&c, &e);
	conn_release(&c);
}

static void welcome(struct engine *e, int fd)
{
	struct sock_peer peer = {0};
	struct err err;
	struct client *c;

	if (sock_peer(fd, &peer, &err) || check_peer(e, &peer, &err)) {
		mw_log(LOG_WARN, "connection refused: %s", err.what);
		turn_away(fd, &err);
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->e = e;
	c->serial = ++e->last_client;
	c->uid = peer.uid;
	conn_init(&c->conn, fd);
	c->watch = loop_watch(e->loop, fd, LOOP_READ, on_ready, c);
	c->next = e->clients;
	e->clients = c;
	e->nclients++;
}

void client_accept(void *engine, unsigned ready)
{
	struct engine *e = engine;
	int fd;

	(void)ready;
	while ((fd = accept4(e->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		welcome(e, fd);
}
