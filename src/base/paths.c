#include "base/paths.h"

#include <limits.h>
#include <pwd.h>
#include <unistd.h>

#include "base/mem.h"

static const char *home(void)
{
	const char *h = getenv("HOME");
	const struct passwd *pw;

	if (h && *h == '/')
		return h;
	pw = getpwuid(geteuid());
	return pw ? pw->pw_dir : "/";
}

/* The specification says that a relative one is invalid and to be ignored. */
static char *xdg(const char *variable, const char *below_home, const char *name)
{
	const char *base = getenv(variable), *sep = *name ? "/" : "";

	if (base && *base == '/')
		return xasprintf("%s/midwatch%s%s", base, sep, name);
	return xasprintf("%s/%s/midwatch%s%s", home(), below_home, sep, name);
}

char *path_state(const char *name)
{
	return xdg("XDG_STATE_HOME", ".local/state", name);
}

char *path_config(const char *name)
{
	return xdg("XDG_CONFIG_HOME", ".config", name);
}

char *path_join(const char *dir, const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

char *path_absolute(const char *path)
{
	char here[PATH_MAX];

	if (*path == '/' || !getcwd(here, sizeof(here)))
		return xstrdup(path);
	return path_join(here, path);
}

char *path_program(const char *name)
{
	char self[PATH_MAX], *path, *cut;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = '\0';
		cut = strrchr(self, '/');
		*cut = '\0';
		path = path_join(self, name);
		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return xasprintf("%s/bin/%s", MW_PREFIX, name);
}
