/*
 * Start and end of an engine: state directory, lock, socket, log; then the loop until it is told to
 * stop or idles out.
 */
#include "serve/engine.h"
#include "serve/source_catalog.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "proto/sock.h"

#define EXIT_USAGE 64
#define EXIT_START 1
#define LOG_KEEP_BYTES (8 * 1024 * 1024) /* a larger log is put aside at the start */
#define ENGINE_FILES 4096
#define LOCK_TRIES 100 /* with LOCK_WAIT_US between them */
#define LOCK_WAIT_US 30000

/* ---- configuration ---- */

static int load(struct config **out, const char *file, struct err *e)
{
	struct config *c = config_new();

	if (config_load(c, file, e)) {
		config_free(c);
		return -1;
	}
	*out = c;
	return 0;
}

static enum log_level log_level(const struct config *c)
{
	static const char *const words[] = {"debug", "info", "warn", "error"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(config_str(c, OPT_LOG_LEVEL), words[i]) == 0)
			return (enum log_level)i;
	return LOG_INFO;
}

static int nothing(struct state *s, void *arg, struct err *e)
{
	(void)s;
	(void)arg;
	(void)e;
	return 0;
}

static void free_old(void *arg, const struct err *e)
{
	(void)e;
	config_free(arg);
}

/* Flags do not come again: what they set at the start (state, listen) is fixed for the life of an engine anyway. The keeper
 * may be looking at the old one; when it has gone through its queue, it is not. */
int engine_reload(struct engine *e, struct err *err)
{
	struct config *c, *old = e->config;

	if (load(&c, e->config_flag, err))
		return -1;
	e->config = c;
	pool_renew(e->pool);
	catalogs_forget(e);
	sources_begin(e);
	keeper_do(e->keeper, nothing, free_old, old);
	log_init("midwatchd", STDERR_FILENO, log_level(c));
	mw_log(LOG_INFO, "configuration read again");
	return 0;
}

/* What a worker that runs plans may know of the sources: names and kinds, no addresses. */
static cJSON *source_names(const struct engine *e)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *x;

	cJSON_ArrayForEach(x, config_section(e->config, "sources"))
	{
		cJSON *o = cJSON_CreateObject();
		json_add_str(o, "name", json_str(x, "name", ""));
		json_add_str(o, "kind", json_str(x, "kind", ""));
		json_add_i64(o, "delay", json_i64(x, "delay", 0));
		json_add_bool(o, "default", json_bool(x, "default", true));
		cJSON_AddItemToArray(list, o);
	}
	return list;
}

/* What finding its secret and its way out may need, and the one variable that a credential names. */
static void add_environment(cJSON *names, const cJSON *entry)
{
	static const char *const always[] = {"PATH",        "HOME",        "CREDENTIALS_DIRECTORY",
	                                     "https_proxy", "HTTPS_PROXY", "ALL_PROXY",
	                                     "all_proxy",   "no_proxy",    "NO_PROXY"};
	static const char *const keys[] = {"credential", "write_credential"};

	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		cJSON_AddItemToArray(names, cJSON_CreateString(always[i]));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *spec = json_str(entry, keys[i], "");
		if (strncmp(spec, "env:", 4) == 0)
			cJSON_AddItemToArray(names, cJSON_CreateString(spec + 4));
	}
}

/* A worker of an instance gets the entry of that name in the section of its kind ("source": "sources"), and no other. */
static cJSON *instance_config(const struct engine *e, const struct worker_kind *k,
                              const char *instance, struct err *err)
{
	char section[64];
	const cJSON *entry;
	cJSON *o;

	snprintf(section, sizeof(section), "%ss", k->name);
	entry = config_entry(e->config, section, instance);
	if (!entry) {
		err_set(err, ERR_NOT_FOUND, "the configuration has no %s \"%s\"", k->name,
		        instance);
		return NULL;
	}
	o = cJSON_CreateObject();
	json_add_str(o, "state", e->data_dir);
	cJSON_AddItemToObject(o, "entry", cJSON_Duplicate(entry, 1));
	add_environment(json_add_arr(o, "environment"), entry);
	return o;
}

static cJSON *worker_config(void *ctx, const struct worker_kind *k, const char *instance,
                            struct err *err)
{
	struct engine *e = ctx;
	cJSON *o = instance ? instance_config(e, k, instance, err) : cJSON_CreateObject();
	char *own;

	if (!o)
		return NULL;
	own = path_config("");
	if (!instance) {
		json_add_str(o, "state", e->data_dir);
		cJSON_AddItemToObject(o, "sources", source_names(e));
		json_add_str(o, "lake", json_str(config_lake(e->config), "name", NULL));
	}
	json_add_str(o, "assets_user",
	             *config_str(e->config, OPT_ASSETS) ? config_str(e->config, OPT_ASSETS) : own);
	free(own);
	return o;
}

/* ---- idling out ---- */

static bool has_work(const struct engine *e)
{
	return client_any(e) || jobs_running(e) || bulks_running(e) || outbox_waits(e) ||
	       pool_busy(e->pool) || keeper_busy(e->keeper);
}

static void idled_out(void *ctx)
{
	struct engine *e = ctx;

	e->idle = NULL;
	if (has_work(e))
		return;
	mw_log(LOG_INFO, "no clients and no work: leaving");
	loop_stop(e->loop);
}

void engine_idle_check(struct engine *e)
{
	int64_t after = config_i64(e->config, OPT_IDLE);

	timer_end(e->idle);
	e->idle = NULL;
	if (!e->team && after > 0 && e->pool)
		e->idle = loop_timer(e->loop, after, idled_out, e);
}

/* ---- signals ---- */

static void on_signal(void *ctx, unsigned ready)
{
	struct engine *e = ctx;
	struct signalfd_siginfo info;
	struct err err;

	(void)ready;
	if (read(e->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo != SIGHUP) {
		mw_log(LOG_INFO, "stopped by signal %u", info.ssi_signo);
		loop_stop(e->loop);
	} else if (engine_reload(e, &err)) {
		mw_log(LOG_ERROR, "configuration not read again: %s", err.what);
	}
}

static int watch_signals(struct engine *e, struct err *err)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	e->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (e->signal_fd < 0)
		return err_errno(err, "signalfd");
	e->signals = loop_watch(e->loop, e->signal_fd, LOOP_READ, on_signal, e);
	return 0;
}

/* ---- start ---- */

static void raise_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) || r.rlim_cur >= ENGINE_FILES)
		return;
	r.rlim_cur = r.rlim_max < ENGINE_FILES ? r.rlim_max : ENGINE_FILES;
	setrlimit(RLIMIT_NOFILE, &r);
}

/* Lake and graph have a folder of their own, so that a worker with rights there cannot reach state.db. */
static int open_folders(struct engine *e, struct err *err)
{
	char *spools = path_join(e->state_dir, "spool");
	int rc = private_dir(e->data_dir, err) || private_dir(spools, err) ? -1 : 0;

	if (rc == 0) {
		e->spool_dir = open(spools, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (e->spool_dir < 0)
			rc = err_errno(err, "%s", spools);
	}
	free(spools);
	return rc;
}

static int open_socket(struct engine *e, struct err *err)
{
	const char *listen = config_str(e->config, OPT_LISTEN);

	e->team = *listen != '\0';
	e->socket = e->team ? xstrdup(listen) : path_join(e->state_dir, STATE_SOCKET);
	e->listen_fd = sock_listen(e->socket, e->team ? 0666 : 0600, err);
	return e->listen_fd < 0 ? -1 : 0;
}

/* One that was started beside another: the other may be leaving (then its lock is free soon), or it is the one to use. */
static int lock_patiently(struct engine *e, struct err *err)
{
	char *path = path_join(e->state_dir, STATE_SOCKET);
	struct timespec ts = {.tv_nsec = LOCK_WAIT_US * 1000};
	struct err quiet;

	for (int i = 0; i < LOCK_TRIES; i++) {
		int fd;
		e->lock_fd = private_lock(e->state_dir, err);
		if (e->lock_fd >= 0 || err->code != ERR_CONFLICT || !e->detached)
			break;
		fd = sock_connect(path, &quiet);
		if (fd >= 0) {
			close(fd);
			e->other_serves = true;
			break;
		}
		nanosleep(&ts, NULL);
	}
	free(path);
	return e->lock_fd < 0 ? -1 : 0;
}

/* Before the first client is let in: nothing else looks at the number yet. */
static int read_last_job(struct state *s, void *arg, struct err *err)
{
	struct engine *e = arg;

	e->last_job = state_last_job(s, err);
	return e->last_job < 0 ? -1 : 0;
}

static void last_job_known(void *arg, const struct err *err)
{
	struct engine *e = arg;

	if (err) {
		mw_log(LOG_ERROR, "%s", err->what);
		loop_stop(e->loop);
		return;
	}
	e->listener = loop_watch(e->loop, e->listen_fd, LOOP_READ, client_accept, e);
}

static int open_all(struct engine *e, struct err *err)
{
	struct pool_opts po = {.kinds = e->kinds,
	                       .program = "/proc/self/exe",
	                       .config = worker_config,
	                       .ctx = e,
	                       .asked = relay_asked,
	                       .ended = relay_ended,
	                       .idle_us = config_i64(e->config, OPT_WORKER_IDLE)};

	if (private_dir(e->state_dir, err))
		return -1;
	if (lock_patiently(e, err))
		return -1;
	e->loop = loop_new(err);
	if (!e->loop || watch_signals(e, err) || open_folders(e, err))
		return -1;
	po.loop = e->loop;
	e->pool = pool_new(&po, err);
	if (!e->pool)
		return -1;
	e->keeper = keeper_open(e->loop, e->state_dir, err);
	if (!e->keeper)
		return -1;
	actions_lapse(e);
	models_start(e);
	sources_begin(e);
	return open_socket(e, err);
}

static void close_all(struct engine *e)
{
	struct pool *p = e->pool;

	if (e->listen_fd >= 0)
		unlink(e->socket); /* before the lock goes: nobody else's can be there yet */
	if (e->listener)
		watch_end(e->listener);
	e->pool = NULL; /* what ends now does not begin anything new */
	pool_free(p);
	keeper_close(e->keeper);
	client_end_all(e);
	jobs_free(e);
	bulks_end(e);
	timer_end(e->expiry);
	sources_free(e);
	catalogs_free(e);
	outbox_free(e);
	timer_end(e->idle);
	watch_end(e->signals);
	loop_free(e->loop);
	cJSON_Delete(e->lake);
	for (size_t i = 0; i < 4; i++) {
		int fds[] = {e->listen_fd, e->lock_fd, e->spool_dir, e->signal_fd};
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

/* ---- detaching ---- */

static int open_log(const char *state_dir)
{
	char *path = path_join(state_dir, STATE_LOG), *old = xasprintf("%s.1", path);
	struct stat st;
	int fd;

	if (stat(path, &st) == 0 && st.st_size > LOG_KEEP_BYTES)
		rename(path, old);
	fd = open(path, O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
	free(path);
	free(old);
	return fd;
}

/* Leaves terminal and session of the one who started it; the pipe on stdout stays to say how it
 * went. */
static void detach(void)
{
	if (fork() > 0)
		_exit(0);
	setsid();
	if (fork() > 0)
		_exit(0);
	if (chdir("/"))
		_exit(EXIT_START);
}

/* Tells the starter, then lets go of its descriptors. */
static void report(const char *text, const char *state_dir)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), log = open_log(state_dir);

	(void)!write(STDOUT_FILENO, text, strlen(text));
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (log >= 0) {
		dup2(log, STDERR_FILENO);
		close(log);
	}
	close(null);
}

/* ---- main ---- */

struct flags {
	bool detach;
	const char *config;
};

static int parse_flags(struct config *c, int argc, char **argv, struct flags *f, struct err *e)
{
	for (int i = 1; i < argc;) {
		int rc = config_flag(c, argc, argv, &i, e);
		if (rc < 0)
			return -1;
		if (rc > 0)
			continue;
		if (strcmp(argv[i], "--detach") == 0) {
			f->detach = true;
			i++;
		} else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
			f->config = argv[i + 1];
			i += 2;
		} else {
			return err_set(e, ERR_INVALID,
			               "midwatchd does not know \"%s\"; see midwatchd --help",
			               argv[i]);
		}
	}
	return 0;
}

/* Two passes: --config has to be known before the file is read, and flags win over the file. */
static int configure(struct engine *e, int argc, char **argv, struct flags *f, struct err *err)
{
	struct config *scan = config_new();
	int rc = parse_flags(scan, argc, argv, f, err);

	config_free(scan);
	if (rc || load(&e->config, f->config, err))
		return -1;
	e->config_flag = f->config;
	return parse_flags(e->config, argc, argv, f, err);
}

static int run(struct engine *e, const struct flags *f)
{
	struct err err = {0};

	e->detached = f->detach;
	if (open_all(e, &err)) {
		if (e->other_serves)
			report("ready\n", e->state_dir);
		mw_log(LOG_ERROR, "%s", err.what);
		close_all(e);
		return EXIT_START;
	}
	keeper_do(e->keeper, read_last_job, last_job_known, e);
	if (f->detach)
		report("ready\n", e->state_dir);
	mw_log(LOG_INFO, "midwatchd %s, state %s%s%s", MW_VERSION, e->state_dir,
	       e->team ? ", listening at " : "", e->team ? config_str(e->config, OPT_LISTEN) : "");
	engine_idle_check(e);
	loop_run(e->loop);
	close_all(e);
	mw_log(LOG_INFO, "stopped");
	return 0;
}

int engine_main(int argc, char **argv, const struct worker_kind *const *kinds)
{
	struct engine *e = xcalloc(1, sizeof(*e));
	struct flags f = {0};
	struct err err;
	char *state, *data;
	int rc;

	e->kinds = kinds;
	e->lock_fd = e->listen_fd = e->spool_dir = e->signal_fd = -1;
	umask(077);
	sandbox_no_dumps();
	raise_files();
	if (configure(e, argc, argv, &f, &err)) {
		mw_log(LOG_ERROR, "%s", err.what);
		config_free(e->config);
		free(e);
		return EXIT_USAGE;
	}
	log_init("midwatchd", STDERR_FILENO, log_level(e->config));
	state = xstrdup(config_state_dir(e->config));
	e->state_dir = state;
	e->data_dir = data = path_join(state, STATE_DATA);
	e->started_us = mw_mono_us();
	if (f.detach)
		detach();
	rc = run(e, &f);
	config_free(e->config);
	free(state);
	free(data);
	free(e->socket);
	free(e);
	return rc;
}
