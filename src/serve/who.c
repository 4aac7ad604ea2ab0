/*
 * Who is calling, and what may they do: the kernel names the user, the system's groups are asked
 * afresh, the configuration says which group means which role.
 */
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "base/mem.h"
#include "serve/engine.h"

#define GROUPS_MAX 256

static const struct {
	enum perm role;
	const char *name;
	enum option groups;
} roles[] = {
        /* highest first */
        {PERM_ADMIN, "admin", OPT_ADMINS},
        {PERM_LEAD, "lead", OPT_LEADS},
        {PERM_ANALYST, "analyst", OPT_ANALYSTS},
        {PERM_READ, "read", OPT_READERS},
};

const char *role_name(enum perm role)
{
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (roles[i].role == role)
			return roles[i].name;
	return "nobody";
}

static bool in_group(const char *name, const gid_t *gids, int n)
{
	const struct group *g = getgrnam(name);

	for (int i = 0; g && i < n; i++)
		if (gids[i] == g->gr_gid)
			return true;
	return false;
}

static enum perm role_of(const struct config *c, const gid_t *gids, int n)
{
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		for (const char *const *g = config_list(c, roles[i].groups); *g; g++)
			if (in_group(*g, gids, n))
				return roles[i].role;
	return PERM_NONE;
}

void who_is(const struct engine *e, uid_t uid, char **user, enum perm *role)
{
	const struct passwd *pw = getpwuid(uid);
	gid_t gids[GROUPS_MAX];
	int n = GROUPS_MAX;

	*user = pw ? xstrdup(pw->pw_name) : xasprintf("uid %u", (unsigned)uid);
	if (!e->team || uid == geteuid()) {
		*role = PERM_ADMIN;
		return;
	}
	if (!pw || getgrouplist(pw->pw_name, pw->pw_gid, gids, &n) < 0)
		n = 0;
	*role = role_of(e->config, gids, n);
}
