/*
 * SQLite under faults, for tests: a VFS that remembers what was written since the last sync, so that a "power cut" can take it back,
 * and that can run out of space.
 */
#ifndef MW_FAULT_VFS_H
#define MW_FAULT_VFS_H

#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/db.h"

struct undo {
	char *path;
	sqlite3_int64 at, old_size;
	char *bytes;
	int n;
	bool dropped; /* synced since */
};
static VEC(struct undo) undos;
static sqlite3_vfs *real_vfs;
static int64_t space_left = INT64_MAX;

struct fault_file {
	sqlite3_file base;
	char path[256];
	/* the real file follows */
};

static sqlite3_file *real_of(sqlite3_file *f)
{
	return (sqlite3_file *)((char *)f + sizeof(struct fault_file));
}

static int fault_close(sqlite3_file *f)
{
	return real_of(f)->pMethods->xClose(real_of(f));
}

static int fault_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return real_of(f)->pMethods->xRead(real_of(f), p, n, at);
}

static void remember(sqlite3_file *f, sqlite3_int64 at, int n)
{
	struct undo *u = vec_push(&undos);

	u->path = xstrdup(((struct fault_file *)f)->path);
	u->at = at;
	u->n = n;
	u->bytes = xcalloc((size_t)n + 1, 1);
	real_of(f)->pMethods->xFileSize(real_of(f), &u->old_size);
	real_of(f)->pMethods->xRead(real_of(f), u->bytes, n, at);
}

static int fault_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	if (n > space_left)
		return SQLITE_FULL;
	space_left -= space_left == INT64_MAX ? 0 : n;
	remember(f, at, n);
	return real_of(f)->pMethods->xWrite(real_of(f), p, n, at);
}

static int fault_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	return real_of(f)->pMethods->xTruncate(real_of(f), size);
}

static int fault_sync(sqlite3_file *f, int flags)
{
	struct undo *u;

	vec_each (u, &undos)
		if (strcmp(u->path, ((struct fault_file *)f)->path) == 0)
			u->dropped = true;
	return real_of(f)->pMethods->xSync(real_of(f), flags);
}

static int fault_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int fault_lock(sqlite3_file *f, int how)
{
	return real_of(f)->pMethods->xLock(real_of(f), how);
}

static int fault_unlock(sqlite3_file *f, int how)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), how);
}

static int fault_reserved(sqlite3_file *f, int *out)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int fault_control(sqlite3_file *f, int op, void *arg)
{
	return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int fault_sector(sqlite3_file *f)
{
	return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int fault_device(sqlite3_file *f)
{
	return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int fault_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}

static int fault_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}

static void fault_shm_barrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int fault_shm_unmap(sqlite3_file *f, int del)
{
	return real_of(f)->pMethods->xShmUnmap(real_of(f), del);
}

static const sqlite3_io_methods fault_methods = {
        .iVersion = 2,
        .xClose = fault_close,
        .xRead = fault_read,
        .xWrite = fault_write,
        .xTruncate = fault_truncate,
        .xSync = fault_sync,
        .xFileSize = fault_size,
        .xLock = fault_lock,
        .xUnlock = fault_unlock,
        .xCheckReservedLock = fault_reserved,
        .xFileControl = fault_control,
        .xSectorSize = fault_sector,
        .xDeviceCharacteristics = fault_device,
        .xShmMap = fault_shm_map,
        .xShmLock = fault_shm_lock,
        .xShmBarrier = fault_shm_barrier,
        .xShmUnmap = fault_shm_unmap,
};

static int fault_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct fault_file *ff = (struct fault_file *)f;
	int rc = real_vfs->xOpen(real_vfs, name, real_of(f), flags, out);

	(void)v;
	ff->base.pMethods = rc == SQLITE_OK ? &fault_methods : NULL;
	snprintf(ff->path, sizeof(ff->path), "%s", name ? name : "");
	return rc;
}

/* as_default: databases that name no VFS get it, too. */
static void register_vfs(bool as_default)
{
	static sqlite3_vfs v;

	real_vfs = sqlite3_vfs_find(NULL);
	v = *real_vfs;
	v.zName = "mw-fault";
	v.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
	v.xOpen = fault_open;
	v.pNext = NULL;
	sqlite3_vfs_register(&v, as_default);
}

/* Each write since the last sync of its file is lost or not, by chance: a disk promises nothing about them. */
static void power_cut(unsigned *seed)
{
	for (size_t i = undos.n; i > 0; i--) {
		struct undo *u = &undos.v[i - 1];
		int fd;
		if (u->dropped || rand_r(seed) % 4 == 0)
			continue;
		fd = open(u->path, O_WRONLY | O_CLOEXEC);
		(void)!pwrite(fd, u->bytes, (size_t)u->n, u->at);
		(void)!ftruncate(fd, u->old_size);
		close(fd);
	}
}

#endif
