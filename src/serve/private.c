/*
 * The state directory: made private, or refused. Locks and fsync do not mean on a network what
 * state.db needs them to mean.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/paths.h"
#include "serve/engine.h"

#define CIFS_MAGIC 0xFF534D42u
#define CEPH_MAGIC 0x00C36400u

static const struct {
	unsigned magic;
	const char *name;
} network_fs[] = {
        {NFS_SUPER_MAGIC, "NFS"}, {SMB_SUPER_MAGIC, "SMB"}, {CIFS_MAGIC, "CIFS"},
        {0xFE534D42u, "SMB2"},    {AFS_SUPER_MAGIC, "AFS"}, {CODA_SUPER_MAGIC, "Coda"},
        {CEPH_MAGIC, "Ceph"},     {V9FS_MAGIC, "9P"},
};

static int make_dirs(const char *dir, struct err *e)
{
	char *path = xstrdup(dir);
	int rc = 0;

	for (char *p = path + 1; *p && rc == 0; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0700) && errno != EEXIST)
			rc = err_errno(e, "state directory %s", path);
		*p = '/';
	}
	if (rc == 0 && mkdir(path, 0700) && errno != EEXIST)
		rc = err_errno(e, "state directory %s", path);
	free(path);
	return rc;
}

static int check_network(const char *dir, struct err *e)
{
	struct statfs fs;

	if (statfs(dir, &fs))
		return err_errno(e, "state directory %s", dir);
	for (size_t i = 0; i < ARRAY_LEN(network_fs); i++)
		if ((unsigned)fs.f_type == network_fs[i].magic)
			return err_set(
			        e, ERR_DENIED,
			        "state directory %s is on %s, where locks and fsync cannot be "
			        "relied on; use --state with a directory on a local disk",
			        dir, network_fs[i].name);
	return 0;
}

static int check_private(const char *path, const struct stat *st, mode_t want, struct err *e)
{
	if (st->st_uid != geteuid())
		return err_set(
		        e, ERR_DENIED,
		        "%s belongs to uid %u, not to you (%u); use another --state directory",
		        path, (unsigned)st->st_uid, (unsigned)geteuid());
	if (st->st_mode & 077)
		return err_set(e, ERR_DENIED, "others may use %s (mode %04o); run: chmod %04o %s",
		               path, (unsigned)st->st_mode & 07777, (unsigned)want, path);
	return 0;
}

/* Files that an earlier engine left, or that somebody put there. */
static int check_files(const char *dir, struct err *e)
{
	static const char *const files[] = {"state.db", "lake.db", "graph.db", STATE_LOG};
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(files) && rc == 0; i++) {
		char *path = path_join(dir, files[i]);
		struct stat st;
		if (lstat(path, &st) == 0) {
			if (!S_ISREG(st.st_mode))
				rc = err_set(e, ERR_DENIED, "%s is no regular file; move it away",
				             path);
			else
				rc = check_private(path, &st, 0600, e);
		}
		free(path);
	}
	return rc;
}

int private_dir(const char *dir, struct err *e)
{
	struct stat st;

	if (make_dirs(dir, e))
		return -1;
	if (stat(dir, &st))
		return err_errno(e, "state directory %s", dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_INVALID, "%s is no directory; use another --state", dir);
	if (check_private(dir, &st, 0700, e) || check_network(dir, e))
		return -1;
	return check_files(dir, e);
}

int private_lock(const char *dir, struct err *e)
{
	char *path = path_join(dir, "engine.lock");
	int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		err_errno(e, "%s", path);
	} else if (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno == EWOULDBLOCK)
			err_set(e, ERR_CONFLICT, "an engine holds %s already", path);
		else
			err_errno(e, "lock %s", path);
		close(fd);
		fd = -1;
	}
	free(path);
	return fd;
}
