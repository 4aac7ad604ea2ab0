#include "proc/testworker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

static int do_echo(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	(void)w;
	(void)e;
	*result = cJSON_Duplicate(params, 1);
	return 0;
}

static int do_rows(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	int64_t n = json_i64(params, "n", 0), step = json_i64(params, "step", 0);

	for (int64_t i = 0; i < n; i++) {
		char row[64];
		int len = snprintf(row, sizeof(row), "{\"n\":%lld}", (long long)i);
		if (*worker_cancelled(w))
			return err_set(e, ERR_CANCELLED, "cancelled after %lld rows", (long long)i);
		if (worker_row(w, (int)step, (struct slice){row, (size_t)len}, e))
			return -1;
	}
	*result = cJSON_CreateObject();
	json_add_i64(*result, "rows", n);
	return 0;
}

static void nap(void)
{
	struct timespec ts = {.tv_nsec = 1000000};

	nanosleep(&ts, NULL);
}

static int do_wait(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	int64_t end = mw_mono_us() + json_i64(params, "ms", 0) * 1000;

	(void)result;
	while (mw_mono_us() < end) {
		if (*worker_cancelled(w))
			return err_set(e, ERR_CANCELLED, "cancelled");
		if (mw_mono_us() > worker_deadline(w))
			return err_set(e, ERR_DEADLINE, "not done by the deadline");
		nap();
	}
	return 0;
}

static int do_spin(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	int64_t end = mw_mono_us() + json_i64(params, "ms", 0) * 1000;

	(void)w;
	(void)result;
	(void)e;
	while (mw_mono_us() < end)
		nap();
	return 0;
}

static int do_crash(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	(void)w;
	(void)params;
	(void)result;
	raise(SIGKILL);
	return err_set(e, ERR_INTERNAL, "still alive");
}

/* ---- the probe: each returns 0 where it got through ---- */

static int try_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0 ? 0 : -1;
}

static int try_memory(const char *pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/mem", pid);
	return try_open(path);
}

static int try_socket(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return -1;
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	rc = connect(fd, (struct sockaddr *)&a, sizeof(a));
	close(fd);
	return rc;
}

static int try_exec(const char *unused)
{
	char *const argv[] = {(char[]){"true"}, NULL};

	(void)unused;
	return execv("/bin/true",
	             argv); /* does not return where it gets through: the probe is then a crash */
}

static int try_fork(const char *unused)
{
	pid_t pid = fork();

	(void)unused;
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid > 0 ? 0 : -1;
}

static int do_probe(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	static const struct {
		const char *what, *param;
		int (*fn)(const char *arg);
	} tries[] = {
	        {"open the state file", "state", try_open},
	        {"open another source's secret", "secret", try_open},
	        {"open the engine's memory", "pid", try_memory},
	        {"connect to a UNIX socket", "socket", try_socket},
	        {"start a process", NULL, try_fork},
	        {"execute a program", NULL, try_exec},
	};
	cJSON *list;

	(void)w;
	(void)e;
	*result = cJSON_CreateObject();
	list = json_add_arr(*result, "tries");
	for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
		const char *arg = tries[i].param ? json_str(params, tries[i].param, "") : "";
		int rc = tries[i].fn(arg), saved = errno;
		cJSON *o = cJSON_CreateObject();
		json_add_str(o, "what", tries[i].what);
		json_add_bool(o, "refused", rc < 0 && (saved == EPERM || saved == EACCES));
		json_add_str(o, "error", rc < 0 ? strerror(saved) : "it got through");
		cJSON_AddItemToArray(list, o);
	}
	return 0;
}

static const struct worker_method test_methods[] = {
        {"echo", do_echo},   {"rows", do_rows},   {"wait", do_wait}, {"spin", do_spin},
        {"crash", do_crash}, {"probe", do_probe}, {NULL, NULL},
};

const struct worker_kind worker_test = {
        .name = "test", .methods = test_methods, .sandbox = SB_NONE, .max = 2};
