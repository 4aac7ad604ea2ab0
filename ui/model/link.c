#include "model/link.h"

#include <fcntl.h>

#define WAIT_FIRST_MS 100
#define WAIT_MOST_MS 1000

static void port_call(void *self, const char *method, cJSON *params, port_done_fn done, void *ctx);

void link_init(struct link *l)
{
	*l = (struct link){.conn = {.fd = -1}, .next_id = 1, .wait_ms = WAIT_FIRST_MS};
	l->port = (struct port){port_call, l};
}

bool method_reads(const char *method)
{
	int m = method_find(method);

	return m >= 0 && methods[m].perm == PERM_READ;
}

static void fail_all(struct link *l, const char *why)
{
	struct err e;

	err_set(&e, ERR_IO, "%s", why);
	/* a callback may call again: take the list first */
	struct link_pending *v = l->pending.v;
	size_t n = l->pending.n;
	l->pending.v = NULL;
	l->pending.n = l->pending.cap = 0;
	for (size_t i = 0; i < n; i++)
		v[i].done(v[i].ctx, NULL, &e);
	free(v);
}

static void drop(struct link *l, const char *why)
{
	if (!l->up)
		return;
	l->up = false;
	conn_release(&l->conn);
	l->conn.fd = -1;
	l->wait_ms = WAIT_FIRST_MS;
	l->retry_us = mw_mono_us() + (int64_t)l->wait_ms * 1000;
	l->on_down(l->ctx, why);
	fail_all(l, why);
}

void link_release(struct link *l)
{
	if (l->up)
		conn_release(&l->conn);
	l->up = false;
	fail_all(l, "the console is leaving");
}

bool link_try(struct link *l)
{
	cJSON *hello = NULL;
	struct err e;
	int fd;

	if (l->up || (l->retry_us && mw_mono_us() < l->retry_us))
		return l->up;
	fd = l->connect(l->self, &hello, &e);
	if (fd < 0) {
		l->on_down(l->ctx, e.what);
		l->wait_ms = l->wait_ms * 2 > WAIT_MOST_MS ? WAIT_MOST_MS : l->wait_ms * 2;
		l->retry_us = mw_mono_us() + (int64_t)l->wait_ms * 1000;
		return false;
	}
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	conn_init(&l->conn, fd);
	l->up = true;
	l->retry_us = 0;
	l->on_up(l->ctx, hello);
	cJSON_Delete(hello);
	return true;
}

static void port_call(void *self, const char *method, cJSON *params, port_done_fn done, void *ctx)
{
	struct link *l = self;
	struct err e;

	if (l->readonly && !method_reads(method)) {
		cJSON_Delete(params);
		err_set(&e, ERR_DENIED, "this console was started read-only");
		done(ctx, NULL, &e);
		return;
	}
	if (!l->up) {
		cJSON_Delete(params);
		err_set(&e, ERR_IO, "not sent: the engine is not there");
		done(ctx, NULL, &e);
		return;
	}
	if (conn_queue(&l->conn, rpc_request(l->next_id, method, params), &e)) {
		done(ctx, NULL, &e);
		return;
	}
	*vec_push(&l->pending) =
	        (struct link_pending){.id = l->next_id++, .done = done, .ctx = ctx};
}

static void answer(struct link *l, cJSON *msg)
{
	int64_t id = json_i64(msg, "id", -1);
	cJSON *error = json_obj(msg, "error");
	struct link_pending p;
	struct err e = {0};

	for (size_t i = 0; i < l->pending.n; i++) {
		if (l->pending.v[i].id != id)
			continue;
		p = l->pending.v[i];
		l->pending.v[i] = l->pending.v[--l->pending.n];
		if (error)
			rpc_error_read(error, &e);
		p.done(p.ctx, error ? NULL : cJSON_DetachItemFromObjectCaseSensitive(msg, "result"),
		       error ? &e : NULL);
		return;
	}
}

static void take(struct link *l, cJSON *msg)
{
	const char *method = json_str(msg, "method", NULL);

	if (method)
		l->on_news(l->ctx, method, json_get(msg, "params"));
	else
		answer(l, msg);
	cJSON_Delete(msg);
}

void link_ready(struct link *l)
{
	struct err e = {0};
	cJSON *msg;
	int rc = 0, filled;

	if (!l->up)
		return;
	if (conn_flush(&l->conn, &e) < 0) {
		drop(l, "the engine closed the line");
		return;
	}
	do
		filled = conn_fill(&l->conn, &e);
	while (!filled && l->conn.in.len < MW_LINE_MAX);
	while (l->up && (rc = conn_next(&l->conn, &msg, &e)) > 0)
		take(l, msg);
	if (l->up && rc < 0)
		drop(l, "the engine sent what is no message of this protocol");
	else if (l->up && filled < 0)
		drop(l, "the engine closed the line");
}

int link_fd(const struct link *l)
{
	return l->up ? l->conn.fd : -1;
}

bool link_wants_write(const struct link *l)
{
	return l->up && l->conn.out.len > 0;
}

int64_t link_due(const struct link *l)
{
	return l->up ? 0 : l->retry_us ? l->retry_us : 1;
}
