#include "serve/user_assets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/paths.h"
#include "intake/intake.h"
#include "llm/prompt.h"

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

static int each_one(const char *folder, const char *file, const char *suffix, user_asset_fn *fn,
                    void *ctx, struct err *e)
{
	size_t n = strlen(file), end = strlen(suffix);
	struct buf text;
	char *name, *path;
	int rc;

	if (file[0] == '.' || n <= end || strcmp(file + n - end, suffix) != 0)
		return 0;
	buf_init(&text, USER_ASSET_MAX);
	name = xstrndup(file, n - end);
	path = path_join(folder, file);
	rc = user_asset(folder, file, &text, e);
	if (rc == 0)
		rc = fn(ctx, name, path, (struct slice){text.s, text.len}, e);
	free(path);
	free(name);
	buf_release(&text);
	return rc;
}

int user_assets_each(const char *dir, const char *folder, const char *suffix, user_asset_fn *fn,
                     void *ctx, struct err *e)
{
	char *path = dir ? path_join(dir, folder) : NULL;
	DIR *d = path ? opendir(path) : NULL;
	struct dirent *de;
	int rc = 0;

	while (d && rc == 0 && (de = readdir(d)))
		rc = each_one(path, de->d_name, suffix, fn, ctx, e);
	if (d)
		closedir(d);
	free(path);
	return rc;
}

static int add_mapping(void *ctx, const char *name, const char *path, struct slice text,
                       struct err *e)
{
	(void)ctx;
	return intake_mapping_add(name, text, e) ? err_prefix(e, "%s", path) : 0;
}

int user_mappings_load(const char *dir, struct err *e)
{
	return user_assets_each(dir, "mappings", ".yaml", add_mapping, NULL, e);
}

static int add_prompt(void *ctx, const char *name, const char *path, struct slice text,
                      struct err *e)
{
	(void)name;
	return prompts_add(ctx, path, text, e);
}

/* A wrong file of theirs must not take the rest of the worker with it. */
int user_prompts_load(const char *dir, struct prompts **out, struct err *e)
{
	struct err own;

	if (prompts_load(out, e))
		return -1;
	if (user_assets_each(dir, "prompts", ".md", add_prompt, *out, &own))
		prompts_break(*out, &own);
	return 0;
}
