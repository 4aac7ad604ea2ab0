#include "serve/user_assets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/paths.h"
#include "intake/intake.h"

#define CHUNK 8192

static int read_all(int fd, const char *path, struct buf *out, struct err *e)
{
	for (;;) {
		char *room = buf_room(out, CHUNK);
		ssize_t n = room ? read(fd, room, CHUNK) : 0;
		if (!room)
			return err_set(e, ERR_LIMIT, "%s: larger than %d bytes", path,
			               USER_ASSET_MAX);
		if (n < 0)
			return err_errno(e, "%s", path);
		if (n == 0)
			return 0;
		out->len += (size_t)n;
		out->s[out->len] = '\0';
	}
}

int user_asset(const char *dir, const char *name, struct buf *out, struct err *e)
{
	char *path;
	int fd, rc = 0;

	if (!dir)
		return 0;
	path = path_join(dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0) {
		rc = read_all(fd, path, out, e);
		close(fd);
	} else if (errno != ENOENT && errno != ENOTDIR) {
		rc = err_errno(e, "%s", path);
	}
	free(path);
	return rc;
}

static int load_mapping(const char *dir, const char *file, struct err *e)
{
	size_t n = strlen(file);
	struct buf text;
	char *name;
	int rc;

	if (file[0] == '.' || n <= 5 || strcmp(file + n - 5, ".yaml") != 0)
		return 0;
	buf_init(&text, USER_ASSET_MAX);
	name = xstrndup(file, n - 5);
	rc = user_asset(dir, file, &text, e);
	if (rc == 0 && intake_mapping_add(name, (struct slice){text.s, text.len}, e))
		rc = err_prefix(e, "%s/%s", dir, file);
	free(name);
	buf_release(&text);
	return rc;
}

int user_mappings_load(const char *dir, struct err *e)
{
	char *path = dir ? path_join(dir, "mappings") : NULL;
	DIR *d = path ? opendir(path) : NULL;
	struct dirent *de;
	int rc = 0;

	while (d && rc == 0 && (de = readdir(d)))
		rc = load_mapping(path, de->d_name, e);
	if (d)
		closedir(d);
	free(path);
	return rc;
}
