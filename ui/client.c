#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/paths.h"
#include "carry.h"
#include "proto/sock.h"

extern char **environ;

#define HELLO_SECONDS 10
#define HELLO_TRIES 3
#define SSH_SECONDS 60 /* a password or a token may have to be typed */

/* ---- reaching an engine ---- */

static int connect_private(const struct config *c, struct err *e)
{
	char *path = path_join(config_state_dir(c), STATE_SOCKET);
	int fd = sock_connect(path, e);

	free(path);
	if (fd < 0 && (errno == ENOENT || errno == ECONNREFUSED))
		err_set(e, ERR_NOT_FOUND, "no engine runs for the state directory %s",
		        config_state_dir(c));
	return fd;
}

/* What the new engine says on its stdout: "ready", or nothing where it could not start (its stderr is ours until then). */
static int wait_ready(int fd, pid_t pid, struct err *e)
{
	char text[64];
	ssize_t n;
	int status;

	do
		n = read(fd, text, sizeof(text));
	while (n < 0 && errno == EINTR);
	waitpid(pid, &status, 0); /* the detached one has another parent by now */
	if (n >= 5 && memcmp(text, "ready", 5) == 0)
		return 0;
	return err_set(e, ERR_IO, "the engine did not start; what it said is above");
}

static int start_engine(const struct config *c, struct err *e)
{
	char *program = path_program("midwatchd");
	const char *const argv[] = {"midwatchd", "--detach", "--state", config_state_dir(c), NULL};
	posix_spawn_file_actions_t files;
	int p[2], rc;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC)) {
		free(program);
		return err_errno(e, "pipe");
	}
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, p[1], STDOUT_FILENO);
	rc = posix_spawn(&pid, program, &files, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&files);
	close(p[1]);
	errno = rc;
	rc = rc ? err_errno(e, "start %s", program) : wait_ready(p[0], pid, e);
	close(p[0]);
	free(program);
	return rc;
}

/* Two clients may start one at the same moment: the one that loses the lock waits for the other's socket. */
static int start_and_connect(const struct config *c, struct err *e)
{
	struct err started;
	int rc = start_engine(c, &started), fd = -1;

	for (int i = 0; i < 100 && (fd = connect_private(c, e)) < 0 && e->code == ERR_NOT_FOUND;
	     i++) {
		struct timespec ts = {.tv_nsec = 20000000};
		if (rc && i == 10) {
			*e = started;
			return -1;
		}
		nanosleep(&ts, NULL);
	}
	return fd;
}

/* ssh://[user@]host[:port]: everything after the options of ssh is fixed, so an address cannot become an option. */
static int connect_ssh(const char *address, struct err *e)
{
	char *host = xstrdup(address), *port = strrchr(host, ':');
	const char *argv[8] = {"ssh"};
	posix_spawn_file_actions_t files;
	int fds[2], n = 1, rc;
	pid_t pid;

	if (port) {
		*port++ = '\0';
		argv[n++] = "-p";
		argv[n++] = port;
	}
	argv[n++] = "--";
	argv[n++] = host;
	argv[n++] = "midwatch";
	argv[n] = "proxy";
	if (!*host || *host == '-' || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds)) {
		err_set(e, ERR_INVALID, "ssh://%s: no host", address);
		free(host);
		return -1;
	}
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, fds[1], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, fds[1], STDOUT_FILENO);
	rc = posix_spawnp(&pid, "ssh", &files, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&files);
	free(host);
	close(fds[1]);
	if (rc == 0)
		return fds[0];
	close(fds[0]);
	errno = rc;
	err_errno(e, "start ssh");
	return -1;
}

static int reach(const struct config *c, bool start, struct err *e)
{
	const char *engine = config_str(c, OPT_ENGINE);
	int fd;

	if (strncmp(engine, "ssh://", 6) == 0)
		return connect_ssh(engine + 6, e);
	if (strncmp(engine, "unix:", 5) == 0)
		return sock_connect(engine + 5, e);
	if (*engine)
		return err_set(e, ERR_INVALID,
		               "engine address \"%s\": use unix:PATH or ssh://[user@]host[:port]",
		               engine);
	fd = connect_private(c, e);
	return fd < 0 && e->code == ERR_NOT_FOUND && start ? start_and_connect(c, e) : fd;
}

int client_socket(const struct config *c, struct err *e)
{
	return reach(c, false, e);
}

/* ---- hello ---- */

static cJSON *hello_params(void)
{
	cJSON *o = cJSON_CreateObject();

	json_add_i64(o, "proto", MW_PROTO_VERSION);
	json_add_str(o, "version", MW_VERSION);
	json_add_str(o, "client", "midwatch");
	return o;
}

static int read_answer(const cJSON *msg, int64_t id, cJSON **result, struct err *e)
{
	const cJSON *error = json_obj(msg, "error");

	if (error) {
		rpc_error_read(error, e);
		return -1;
	}
	if (json_i64(msg, "id", -1) != id)
		return err_set(e, ERR_INTERNAL, "the engine answered another question");
	*result = cJSON_Duplicate(json_get(msg, "result"), 1);
	return 0;
}

static int say_hello(struct conn *conn, int64_t seconds, cJSON **hello, struct err *e)
{
	int64_t deadline = mw_mono_us() + seconds * MW_SECOND;
	cJSON *msg;
	int rc;

	if (conn_queue(conn, rpc_request(0, "hello", hello_params()), e))
		return -1;
	rc = conn_wait(conn, deadline, &msg, e);
	if (rc == 0)
		return err_set(e, ERR_DEADLINE, "the engine did not answer hello within %d s",
		               (int)seconds);
	if (rc < 0)
		return err_prefix(e, "hello");
	rc = read_answer(msg, 0, hello, e);
	cJSON_Delete(msg);
	return rc;
}

/* The engine may have been on its way out when we came: then there is a new one next time. */
static int open_conn(struct conn *conn, const struct config *c, bool start, cJSON **hello,
                     struct err *e)
{
	bool ssh = strncmp(config_str(c, OPT_ENGINE), "ssh://", 6) == 0;

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < HELLO_TRIES; i++) {
		bool gone;
		int fd = reach(c, start, e);
		if (fd < 0)
			return -1;
		conn_init(conn, fd);
		if (say_hello(conn, ssh ? SSH_SECONDS : HELLO_SECONDS, hello, e) == 0)
			return 0;
		gone = conn->eof && e->code == ERR_IO;
		conn_release(conn);
		if (!gone || ssh || !start)
			break;
	}
	return -1;
}

static int connect_raw(const struct config *c, bool start, cJSON **hello, struct err *e)
{
	struct conn conn;
	int fd;

	if (open_conn(&conn, c, start, hello, e))
		return -1;
	fd = conn.fd;
	conn.fd = -1; /* nothing else was read: an engine is silent until it is asked */
	conn_release(&conn);
	return fd;
}

int client_connect(const struct config *c, cJSON **hello, struct err *e)
{
	return connect_raw(c, true, hello, e);
}

int client_connect_running(const struct config *c, cJSON **hello, struct err *e)
{
	return connect_raw(c, false, hello, e);
}

/* ---- calls ---- */

int client_open(struct client *cl, const struct config *c, bool start, struct err *e)
{
	*cl = (struct client){.config = start ? c : NULL,
	                      .carries = strncmp(config_str(c, OPT_ENGINE), "ssh://", 6) == 0};
	return open_conn(&cl->conn, c, start, &cl->hello, e);
}

void client_close(struct client *cl)
{
	conn_release(&cl->conn);
	cJSON_Delete(cl->hello);
	cl->hello = NULL;
}

static void give_news(struct client *cl, const cJSON *msg)
{
	if (cl->news && json_str(msg, "method", NULL))
		cl->news(cl->ctx, json_str(msg, "method", ""), json_obj(msg, "params"));
}

/* Takes params over. */
static int call_once(struct client *cl, const char *method, cJSON *params, cJSON **result,
                     struct err *e)
{
	int64_t id = ++cl->last_id;
	cJSON *msg;
	int rc;

	if (conn_queue(&cl->conn, rpc_request(id, method, params), e))
		return -1;
	for (;;) {
		rc = conn_wait(&cl->conn, 0, &msg, e);
		if (rc < 0)
			return err_prefix(e, "the engine went away");
		if (json_get(msg, "id"))
			break;
		give_news(cl, msg);
		cJSON_Delete(msg);
	}
	rc = read_answer(msg, id, result, e);
	cJSON_Delete(msg);
	return rc;
}

/* It was on its way out when it said hello; nothing that reads can have been done twice. */
static bool may_ask_again(const struct client *cl, const char *method)
{
	int m = method_find(method);

	return cl->conn.eof && cl->last_id == 1 && cl->config && m >= 0 &&
	       methods[m].perm == PERM_READ;
}

static int reopen(struct client *cl, struct err *e)
{
	conn_release(&cl->conn);
	cJSON_Delete(cl->hello);
	cl->hello = NULL;
	return open_conn(&cl->conn, cl->config, true, &cl->hello, e);
}

static int send_bytes(struct client *cl, const int *fds, int n, struct err *e)
{
	int rc = 0;

	for (int i = 0; i < n; i++) {
		rc = rc ? rc : carry_file(cl->conn.fd, fds[i], e);
		close(fds[i]);
	}
	return rc;
}

int client_call_fds(struct client *cl, const char *method, cJSON *params, const int *fds, int n,
                    cJSON **result, struct err *e)
{
	cJSON *again = n ? NULL : cJSON_Duplicate(params, 1);
	int rc;

	if (n && cl->carries && send_bytes(cl, fds, n, e)) {
		cJSON_Delete(params);
		return -1;
	}
	for (int i = 0; i < n && !cl->carries; i++)
		cl->conn.out_fds[cl->conn.nout_fds++] = fds[i];
	rc = call_once(cl, method, params, result, e);
	if (rc && !n && may_ask_again(cl, method) && reopen(cl, e) == 0) {
		rc = call_once(cl, method, again, result, e);
		again = NULL;
	}
	cJSON_Delete(again);
	return rc;
}

int client_call(struct client *cl, const char *method, cJSON *params, cJSON **result, struct err *e)
{
	return client_call_fds(cl, method, params, NULL, 0, result, e);
}

int client_wait_news(struct client *cl, int64_t deadline_us, struct err *e)
{
	cJSON *msg;
	int rc = conn_wait(&cl->conn, deadline_us, &msg, e);

	if (rc < 0)
		return err_prefix(e, "the engine went away");
	if (rc == 1) {
		give_news(cl, msg);
		cJSON_Delete(msg);
	}
	return rc;
}
