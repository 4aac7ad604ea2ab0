/*
 * UNIX sockets by path, also where the path is longer than a socket address can hold.
 */
#ifndef MW_SOCK_H
#define MW_SOCK_H

#include <sys/types.h>

#include "base/err.h"

int sock_connect(
        const char *path,
        struct err
                *e); /* a descriptor, or -1 with errno kept (ENOENT, ECONNREFUSED: nobody there) */
/* Replaces a socket that nobody listens at; ERR_CONFLICT where somebody does. mode: of the file. */
int sock_listen(const char *path, mode_t mode, struct err *e);

struct sock_peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};
int sock_peer(int fd, struct sock_peer *out, struct err *e) MW_USE_RESULT; /* as the kernel says */

#endif
