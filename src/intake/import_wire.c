#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "intake/import_int.h"

#define READ_PIECE (256 * 1024)

static int send_all(int fd, struct iovec *v, int n, struct err *e)
{
	while (n > 0) {
		ssize_t k = writev(fd, v, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return err_errno(e, "to the import worker");
		for (; n > 0 && (size_t)k >= v->iov_len; v++, n--)
			k -= (ssize_t)v->iov_len;
		if (n > 0) {
			v->iov_base = (char *)v->iov_base + k;
			v->iov_len -= (size_t)k;
		}
	}
	return 0;
}

int wire_send(int fd, enum import_msg type, const void *p, size_t n, const void *more, size_t nmore,
              struct err *e)
{
	struct im_head h = {type, (uint32_t)(n + nmore)};
	struct iovec v[3] = {
	        {&h, sizeof(h)}, {(void *)(uintptr_t)p, n}, {(void *)(uintptr_t)more, nmore}};

	if (n + nmore > IM_MAX)
		return err_set(e, ERR_LIMIT, "an object of %zu bytes is over the cap of %u",
		               n + nmore, IM_MAX);
	return send_all(fd, v, 3, e);
}

int wire_read(struct wire *w, struct err *e)
{
	char *room = buf_room(&w->in, READ_PIECE);
	ssize_t n = recv(w->fd, room, READ_PIECE, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 1 : err_errno(e, "from a parser");
	w->in.len += (size_t)n;
	w->in.s[w->in.len] = '\0';
	return n > 0;
}

bool wire_next(const struct wire *w, struct im_head *h, struct slice *body)
{
	if (w->in.len < sizeof(*h))
		return false;
	memcpy(h, w->in.s, sizeof(*h));
	if (h->len > IM_MAX || w->in.len - sizeof(*h) < h->len)
		return false;
	*body = (struct slice){w->in.s + sizeof(*h), h->len};
	return true;
}

void wire_drop(struct wire *w, const struct im_head *h)
{
	buf_consume(&w->in, sizeof(*h) + h->len);
}

union fd_room {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int wire_give_fd(int sock, int fd, struct err *e)
{
	union fd_room room = {0};
	char byte = 'f';
	struct iovec v = {&byte, 1};
	struct msghdr m = {.msg_iov = &v,
	                   .msg_iovlen = 1,
	                   .msg_control = room.bytes,
	                   .msg_controllen = sizeof(room.bytes)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(sock, &m, MSG_NOSIGNAL) == 1)
		return 0;
	if (errno == EPIPE || errno == ECONNRESET)
		return 0; /* it has ended meanwhile, well or badly: its reader sees which */
	return err_errno(e, "handing a batch file to a parser");
}

int wire_take_fd(int sock, struct err *e)
{
	union fd_room room = {0};
	char byte;
	struct iovec v = {&byte, 1};
	struct msghdr m = {.msg_iov = &v,
	                   .msg_iovlen = 1,
	                   .msg_control = room.bytes,
	                   .msg_controllen = sizeof(room.bytes)};
	struct cmsghdr *c;
	ssize_t n;
	int fd;

	do
		n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	c = n == 1 ? CMSG_FIRSTHDR(&m) : NULL;
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return err_set(e, ERR_CANCELLED, "the import worker has gone");
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}
