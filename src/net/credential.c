#include "net/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/mwtime.h"

extern char **environ;

/* Reads fd to its end or the cap; keeps no copy but the secret's. */
static int read_secret(int fd, int64_t deadline, const char *what, struct secret **out,
                       struct err *e)
{
	char text[CREDENTIAL_MAX + 1];
	size_t n = 0;
	ssize_t got = 1;
	int rc = -1;
	while (got > 0 && n < sizeof(text)) {
		struct pollfd p = {fd, POLLIN, 0};
		int64_t left = (deadline - mw_mono_us()) / 1000;
		if (deadline && (left <= 0 || poll(&p, 1, (int)left) <= 0)) {
			err_set(e, ERR_DEADLINE, "%s gave no secret within %d s", what,
			        CREDENTIAL_COMMAND_SECONDS);
			goto out;
		}
		got = read(fd, text + n, sizeof(text) - n);
		if (got > 0)
			n += (size_t)got;
	}
	while (n && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (got < 0)
		err_errno(e, "cannot read the secret of %s", what);
	else if (n > CREDENTIAL_MAX)
		err_set(e, ERR_LIMIT, "the secret of %s is over %d bytes", what, CREDENTIAL_MAX);
	else if (!n)
		err_set(e, ERR_INVALID, "the secret of %s is empty", what);
	else {
		*out = secret_new(text, n);
		rc = 0;
	}
out:
	secret_wipe(text, sizeof(text));
	return rc;
}

static int from_file(const char *path, struct secret **out, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), rc = -1;
	if (fd < 0)
		return err_errno(e, "cannot open %s", path);
	if (fstat(fd, &st))
		err_errno(e, "cannot look at %s", path);
	else if (!S_ISREG(st.st_mode))
		err_set(e, ERR_DENIED, "%s is no regular file", path);
	else if ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & 077))
		err_set(e, ERR_DENIED,
		        "%s may be read by others: chown it to yourself and chmod 600 it", path);
	else
		rc = read_secret(fd, 0, path, out, e);
	close(fd);
	return rc;
}

static int from_env(const char *name, struct secret **out, struct err *e)
{
	const char *v = getenv(name);
	if (!v || !*v)
		return err_set(e, ERR_NOT_FOUND,
		               "the environment variable %s is not set where the engine runs; stop "
		               "the engine and start it "
		               "from where it is",
		               name);
	*out = secret_new(v, strlen(v));
	return 0;
}

static int from_credential(const char *name, struct secret **out, struct err *e)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char *path;
	int fd, rc;
	if (!dir || strchr(name, '/'))
		return err_set(e, ERR_NOT_FOUND,
		               "no systemd credential \"%s\": CREDENTIALS_DIRECTORY is not set, or "
		               "the name has a slash",
		               name);
	path = xasprintf("%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	rc = fd < 0 ? err_errno(e, "cannot open the systemd credential %s", name)
	            : read_secret(fd, 0, name, out, e);
	if (fd >= 0)
		close(fd);
	free(path);
	return rc;
}

#define ARGS_MAX 32

/* Words separated by blanks; no shell, no quoting: what needs more goes into a script. */
static size_t split(char *text, char **argv)
{
	size_t n = 0;
	for (char *save = NULL, *w = strtok_r(text, " \t", &save); w && n < ARGS_MAX - 1;
	     w = strtok_r(NULL, " \t", &save))
		argv[n++] = w;
	argv[n] = NULL;
	return n;
}

static int from_command(const char *command, struct secret **out, struct err *e)
{
	char *text = xstrdup(command), *argv[ARGS_MAX];
	int pipefd[2], rc = -1, status = 0, failed;
	posix_spawn_file_actions_t fa;
	pid_t pid;
	if (!split(text, argv) || pipe2(pipefd, O_CLOEXEC)) {
		free(text);
		return err_set(e, ERR_INVALID,
		               "the credential's command is empty or cannot be started");
	}
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, pipefd[1], STDOUT_FILENO);
	failed = posix_spawnp(&pid, argv[0], &fa, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	close(pipefd[1]);
	if (failed) {
		errno = failed;
		err_errno(e, "cannot start %s", argv[0]);
	} else {
		rc = read_secret(pipefd[0], mw_mono_us() + CREDENTIAL_COMMAND_SECONDS * MW_SECOND,
		                 argv[0], out, e);
		if (rc)
			kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		if (!rc && status) {
			secret_free(*out);
			*out = NULL;
			rc = err_set(e, ERR_REMOTE, "%s failed (exit status %d)", argv[0],
			             WIFEXITED(status) ? WEXITSTATUS(status) : -1);
		}
	}
	close(pipefd[0]);
	free(text);
	return rc;
}

int credential_read(const char *spec, struct secret **out, struct err *e)
{
	static const struct {
		const char *prefix;
		int (*read)(const char *, struct secret **, struct err *);
	} kinds[] = {{"file:", from_file},
	             {"env:", from_env},
	             {"credential:", from_credential},
	             {"command:", from_command}};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strncmp(spec, kinds[i].prefix, strlen(kinds[i].prefix)))
			return kinds[i].read(spec + strlen(kinds[i].prefix), out, e);
	return err_set(e, ERR_INVALID,
	               "a secret is named as file:PATH, env:NAME, credential:NAME or "
	               "command:PROGRAM, never written into the configuration");
}

void credential_forget(const char *spec)
{
	const char *v = spec && strncmp(spec, "env:", 4) == 0 ? getenv(spec + 4) : NULL;

	if (!v)
		return;
	secret_wipe((char *)(uintptr_t)v, strlen(v));
	unsetenv(spec + 4);
}
