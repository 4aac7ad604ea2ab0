#include "proto/proto.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_CHUNK (64 * 1024)

void conn_init(struct conn *c, int fd)
{
	*c = (struct conn){.fd = fd};
	buf_init(&c->in, 0);
	buf_init(&c->out, 0);
}

static void close_all(int *fds, int *n)
{
	while (*n > 0)
		close(fds[--*n]);
}

void conn_release(struct conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	close_all(c->in_fds, &c->nin_fds);
	close_all(c->out_fds, &c->nout_fds);
	buf_release(&c->in);
	buf_release(&c->out);
	c->fd = -1;
}

/* What was taken is dropped only when it is worth a move. */
static void compact(struct conn *c)
{
	if (c->in_at == c->in.len)
		buf_reset(&c->in);
	else if (c->in_at >= READ_CHUNK)
		buf_consume(&c->in, c->in_at);
	else
		return;
	c->in_at = 0;
}

/* Descriptors over the cap are closed; the request that misses them fails by its count. */
static void keep_fds(struct conn *c, struct msghdr *mh)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(mh); h; h = CMSG_NXTHDR(mh, h)) {
		size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(fd));
			if (c->nin_fds < MW_FDS_PER_MESSAGE_MAX)
				c->in_fds[c->nin_fds++] = fd;
			else
				close(fd);
		}
	}
}

/* Reset is an end, too: one that leaves while our request is on its way says it so. */
static int gone(struct conn *c, struct err *e)
{
	c->eof = errno == ECONNRESET || errno == EPIPE;
	return err_errno(e, "connection");
}

int conn_fill(struct conn *c, struct err *e)
{
	union {
		char space[CMSG_SPACE(sizeof(int) * MW_FDS_PER_MESSAGE_MAX)];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_len = READ_CHUNK};
	struct msghdr mh = {.msg_iov = &iov,
	                    .msg_iovlen = 1,
	                    .msg_control = control.space,
	                    .msg_controllen = sizeof(control.space)};
	ssize_t n;

	compact(c);
	iov.iov_base = buf_room(&c->in, READ_CHUNK);
	do
		n = recvmsg(c->fd, &mh, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 1;
	if (n < 0)
		return gone(c, e);
	keep_fds(c, &mh);
	if (n == 0) {
		c->eof = true;
		return err_set(e, ERR_IO, "connection closed by the other side");
	}
	c->in.len += (size_t)n;
	c->in.s[c->in.len] = '\0';
	return 0;
}

static int check_message(const cJSON *m, struct err *e)
{
	const cJSON *id = json_get(m, "id");

	if (strcmp(json_str(m, "jsonrpc", ""), "2.0") != 0)
		return err_set(e, ERR_INVALID, "not a JSON-RPC 2.0 message");
	if (id && !cJSON_IsNumber(id) && !cJSON_IsString(id) && !cJSON_IsNull(id))
		return err_set(e, ERR_INVALID, "the id must be a number or a string");
	if (!json_str(m, "method", NULL) &&
	    !(id && (json_get(m, "result") || json_obj(m, "error"))))
		return err_set(e, ERR_INVALID, "neither a request nor a response");
	return 0;
}

int conn_next(struct conn *c, cJSON **msg, struct err *e)
{
	const char *start = c->in.s + c->in_at;
	size_t left = c->in.len - c->in_at;
	const char *end = memchr(start, '\n', left);
	cJSON *m;

	*msg = NULL;
	if ((end ? (size_t)(end - start) : left) >= MW_LINE_MAX)
		return err_set(e, ERR_LIMIT, "a message is longer than %d bytes", MW_LINE_MAX);
	if (!end)
		return 0;
	c->in_at += (size_t)(end - start) + 1;
	m = json_parse((struct slice){start, (size_t)(end - start)}, MW_LINE_MAX, e);
	if (!m)
		return -1;
	if (check_message(m, e)) {
		cJSON_Delete(m);
		return -1;
	}
	*msg = m;
	return 1;
}

int conn_take_fds(struct conn *c, int fds[MW_FDS_PER_MESSAGE_MAX])
{
	int n = c->nin_fds;

	memcpy(fds, c->in_fds, sizeof(int) * (size_t)n);
	c->nin_fds = 0;
	return n;
}

int conn_queue(struct conn *c, cJSON *msg, struct err *e)
{
	size_t before = c->out.len;

	json_write(&c->out, msg);
	buf_ch(&c->out, '\n');
	cJSON_Delete(msg);
	if (c->out.len - before <= MW_LINE_MAX)
		return 0;
	err_set(e, ERR_LIMIT, "a message of %zu bytes; the cap is %d", c->out.len - before,
	        MW_LINE_MAX);
	buf_truncate(&c->out, before);
	return -1;
}

/* Descriptors go with the first byte that is written, so they arrive no later than their message.
 */
static ssize_t send_some(struct conn *c)
{
	union {
		char space[CMSG_SPACE(sizeof(int) * MW_FDS_PER_MESSAGE_MAX)];
		struct cmsghdr align;
	} control;
	size_t bytes = sizeof(int) * (size_t)c->nout_fds;
	struct iovec iov = {c->out.s, c->out.len};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (bytes) {
		memset(&control, 0, sizeof(control));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(bytes);
		memcpy(CMSG_DATA(&control.align), c->out_fds, bytes);
		mh.msg_control = control.space;
		mh.msg_controllen = CMSG_SPACE(bytes);
	}
	do
		n = sendmsg(c->fd, &mh, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n;
}

int conn_flush(struct conn *c, struct err *e)
{
	while (c->out.len) {
		ssize_t n = send_some(c);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 1;
		if (n < 0)
			return gone(c, e);
		close_all(c->out_fds, &c->nout_fds);
		buf_consume(&c->out, (size_t)n);
	}
	if (c->out.cap > 4 * READ_CHUNK) /* one large reply should not stay paid for */
		buf_release(&c->out);
	return 0;
}

static int time_left_ms(int64_t deadline_us)
{
	int64_t left = deadline_us - mw_mono_us();

	if (!deadline_us)
		return -1;
	if (left <= 0)
		return 0;
	return left / 1000 > 3600000 ? 3600000 : (int)(left / 1000) + 1;
}

int conn_wait(struct conn *c, int64_t deadline_us, cJSON **msg, struct err *e)
{
	for (;;) {
		struct pollfd p = {.fd = c->fd, .events = POLLIN};
		int rc = conn_next(c, msg, e);
		if (rc)
			return rc;
		rc = conn_flush(c, e);
		if (rc < 0)
			return -1;
		if (rc == 1)
			p.events |= POLLOUT;
		rc = poll(&p, 1, time_left_ms(deadline_us));
		if (rc == 0)
			return 0;
		if (rc < 0 && errno != EINTR)
			return err_errno(e, "poll");
		if (rc > 0 && (p.revents & (POLLIN | POLLHUP | POLLERR)) && conn_fill(c, e) < 0)
			return -1;
	}
}
