#include "proto/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"

#define BACKLOG 64

/* A long path is reached through its directory's descriptor, which stays open in *dir until the
 * call is done. */
static int address(const char *path, struct sockaddr_un *a, int *dir, struct err *e)
{
	const char *cut = strrchr(path, '/');
	char *parent;
	int n;

	*dir = -1;
	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) < sizeof(a->sun_path)) {
		snprintf(a->sun_path, sizeof(a->sun_path), "%s", path);
		return 0;
	}
	parent = xstrndup(path, cut ? (size_t)(cut - path) : 0);
	*dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(parent);
	if (*dir < 0)
		return err_errno(e, "socket %s", path);
	n = snprintf(a->sun_path, sizeof(a->sun_path), "/proc/self/fd/%d/%s", *dir, cut + 1);
	if (n < (int)sizeof(a->sun_path))
		return 0;
	close(*dir);
	errno = ENAMETOOLONG;
	return err_errno(e, "socket %s", path);
}

int sock_connect(const char *path, struct err *e)
{
	struct sockaddr_un a;
	int dir, fd, saved;

	if (address(path, &a, &dir, e))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		saved = errno;
		close(fd);
		fd = -1;
		errno = saved;
	}
	saved = errno;
	if (dir >= 0)
		close(dir);
	errno = saved;
	if (fd < 0)
		err_errno(e, "connect to %s", path);
	errno = saved;
	return fd;
}

static int bind_listen(int fd, const struct sockaddr_un *a, mode_t mode)
{
	mode_t old = umask(0777 & ~mode);
	int rc = bind(fd, (const struct sockaddr *)a, sizeof(*a));

	umask(old);
	if (rc == 0)
		rc = chmod(a->sun_path, mode);
	return rc ? rc : listen(fd, BACKLOG);
}

int sock_listen(const char *path, mode_t mode, struct err *e)
{
	struct sockaddr_un a;
	struct stat st;
	struct err quiet;
	int dir, fd, probe = sock_connect(path, &quiet);

	if (probe >= 0) {
		close(probe);
		return err_set(e, ERR_CONFLICT, "somebody listens at %s already", path);
	}
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
	if (address(path, &a, &dir, e))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && bind_listen(fd, &a, mode)) {
		err_errno(e, "listen at %s", path);
		close(fd);
		fd = -1;
	}
	if (dir >= 0)
		close(dir);
	return fd;
}

int sock_peer(int fd, struct sock_peer *out, struct err *e)
{
	struct ucred c;
	socklen_t n = sizeof(c);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &n))
		return err_errno(e, "who is calling");
	*out = (struct sock_peer){c.pid, c.uid, c.gid};
	return 0;
}
