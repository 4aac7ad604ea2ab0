#include "carry.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

#define PIECE (256 * 1024)
#define HEAD_MAX 40 /* bytes of a "#..." line */

static int write_all(int fd, const char *p, size_t n, struct err *e)
{
	while (n > 0) {
		ssize_t k = write(fd, p, n);
		struct pollfd ready = {fd, POLLOUT, 0};
		if (k < 0 && errno == EAGAIN)
			poll(&ready, 1, -1);
		else if (k < 0 && errno != EINTR)
			return err_errno(e, "sending a file");
		p += k > 0 ? k : 0;
		n -= k > 0 ? (size_t)k : 0;
	}
	return 0;
}

int carry_file(int sock, int fd, struct err *e)
{
	char *piece = xmalloc(PIECE), head[HEAD_MAX];
	ssize_t n = 0;
	int rc = 0;

	while (rc == 0 && (n = read(fd, piece, PIECE)) > 0) {
		int k = snprintf(head, sizeof(head), "#data %zd\n", n);
		rc = write_all(sock, head, (size_t)k, e) || write_all(sock, piece, (size_t)n, e);
	}
	free(piece);
	if (rc || n < 0)
		return rc ? -1 : err_errno(e, "reading a file");
	return write_all(sock, "#end\n", 5, e);
}

/* ---- the proxy ---- */

struct relay {
	int in, out, engine;
	struct buf line;
	size_t data; /* bytes of a file that are still to come */
	int file;    /* being stored; -1: none */
	bool begun;  /* a message was passed on in part: its rest goes on as it comes */
	int fds[MW_FDS_PER_MESSAGE_MAX];
	size_t nfds;
};

static int nameless_file(struct err *e)
{
	const char *dir = getenv("TMPDIR");
	int fd = open(dir && *dir ? dir : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? err_errno(e, "a file in %s", dir && *dir ? dir : "/var/tmp") : fd;
}

static int take_head(struct relay *r, struct slice line, struct err *e)
{
	uint64_t n;

	if (r->file < 0 && (r->file = nameless_file(e)) < 0)
		return -1;
	if (line.n > 6 && memcmp(line.s, "#data ", 6) == 0 &&
	    slice_u64((struct slice){line.s + 6, line.n - 6}, &n) && n <= PIECE) {
		r->data = n;
		return 0;
	}
	if (!slice_eq_str(line, "#end") || r->nfds == ARRAY_LEN(r->fds))
		return err_set(e, ERR_INVALID, "what came from the client is no message");
	if (lseek(r->file, 0, SEEK_SET) < 0)
		return err_errno(e, "a file from the client");
	r->fds[r->nfds++] = r->file;
	r->file = -1;
	return 0;
}

union fd_room {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * MW_FDS_PER_MESSAGE_MAX)];
};

/* The files go with the first byte of their message. */
static int pass(struct relay *r, const char *p, size_t n, struct err *e)
{
	union fd_room room = {0};
	struct iovec v = {(void *)(uintptr_t)p, 1};
	struct msghdr m = {.msg_iov = &v,
	                   .msg_iovlen = 1,
	                   .msg_control = room.bytes,
	                   .msg_controllen = CMSG_SPACE(sizeof(int) * r->nfds)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	if (!r->nfds || !n)
		return write_all(r->engine, p, n, e);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * r->nfds);
	memcpy(CMSG_DATA(c), r->fds, sizeof(int) * r->nfds);
	if (sendmsg(r->engine, &m, MSG_NOSIGNAL) != 1)
		return err_errno(e, "passing files to the engine");
	while (r->nfds)
		close(r->fds[--r->nfds]);
	return write_all(r->engine, p + 1, n - 1, e);
}

/* What is in r->line, as far as it can be told what it is. */
static int take_lines(struct relay *r, struct err *e)
{
	while (r->line.len) {
		const char *nl = memchr(r->line.s, '\n', r->line.len);
		size_t n = nl ? (size_t)(nl - r->line.s) + 1 : r->line.len;
		int rc = 0;
		if (r->data) {
			n = r->line.len < r->data ? r->line.len : r->data;
			rc = write_all(r->file, r->line.s, n, e);
			r->data -= n;
		} else if (r->begun || *r->line.s != '#') {
			rc = pass(r, r->line.s, n, e);
			r->begun = !nl;
		} else if (nl) {
			rc = take_head(r, (struct slice){r->line.s, n - 1}, e);
		} else if (r->line.len > HEAD_MAX) {
			return err_set(e, ERR_INVALID, "what came from the client is no message");
		} else {
			return 0;
		}
		if (rc)
			return -1;
		buf_consume(&r->line, n);
	}
	return 0;
}

/* 1 went on, 0 the end */
static int from_client(struct relay *r, struct err *e)
{
	ssize_t n = read(r->in, buf_room(&r->line, PIECE), PIECE);

	if (n < 0)
		return errno == EINTR ? 1 : 0;
	r->line.len += (size_t)n;
	if (n == 0)
		return 0;
	return take_lines(r, e) ? -1 : 1;
}

static int from_engine(struct relay *r, struct err *e)
{
	char piece[65536];
	ssize_t n = read(r->engine, piece, sizeof(piece));

	if (n < 0 && errno == EINTR)
		return 1;
	return n > 0 && write_all(r->out, piece, (size_t)n, e) == 0;
}

static int relay(struct relay *r, struct err *e)
{
	int rc = 1;

	while (rc > 0) {
		struct pollfd p[2] = {{r->in, POLLIN, 0}, {r->engine, POLLIN, 0}};
		/* While it sends files the client does not read: what the engine says has to wait. */
		nfds_t n = r->data || r->file >= 0 ? 1 : 2;
		if (poll(p, n, -1) < 0) {
			rc = errno == EINTR;
			continue;
		}
		if (p[0].revents)
			rc = from_client(r, e);
		if (rc > 0 && n == 2 && p[1].revents)
			rc = from_engine(r, e);
	}
	return rc;
}

int carry_relay(int in, int out, int engine, struct err *e)
{
	struct relay r = {.in = in, .out = out, .engine = engine, .file = -1};
	int rc;

	buf_init(&r.line, 0);
	rc = relay(&r, e);
	while (r.nfds)
		close(r.fds[--r.nfds]);
	if (r.file >= 0)
		close(r.file);
	buf_release(&r.line);
	return rc;
}
