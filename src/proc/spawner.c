#include "proc/spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/secret.h"

#define WORKER_FD 3

#define ENV_KEPT_MAX 8
struct order {
	const char *kind; /* lives as long as the program */
	char *env[ENV_KEPT_MAX + SPAWN_ENV_MAX + 1];
	size_t nenv;
	int fd;
	void *ctx;
	pid_t pid;
	struct err err;
	struct order *next;
};
struct spawner {
	const char *program;
	spawned_fn *started;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake, idle;
	struct order *waiting, *done; /* under lock; waiting oldest first */
	bool busy, stop;              /* under lock */
	int event;
	struct watch *watch;
};

/* What a worker may see of the engine's environment: nothing that could hold a secret. */
static const char *const env_kept[] = {"MW_NOW",        "TZ",          "LC_ALL", "ASAN_OPTIONS",
                                       "UBSAN_OPTIONS", "LSAN_OPTIONS"};

static void add_env(struct order *o, const char *name)
{
	const char *v = getenv(name);

	if (v && o->nenv < ARRAY_LEN(o->env) - 1)
		o->env[o->nenv++] = xasprintf("%s=%s", name, v);
}

static void make_env(struct order *o, const char *const *more)
{
	for (size_t i = 0; i < ARRAY_LEN(env_kept); i++)
		add_env(o, env_kept[i]);
	for (size_t i = 0; more && more[i] && i < SPAWN_ENV_MAX; i++)
		add_env(o, more[i]);
}

/* One of them may be a secret. */
static void wipe_env(struct order *o)
{
	while (o->nenv > 0) {
		char *text = o->env[--o->nenv];
		secret_wipe(text, strlen(text));
		free(text);
	}
}

static void spawn(const char *program, struct order *o)
{
	const char *const argv[] = {"midwatchd", "worker", o->kind, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	int rc;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, o->fd, WORKER_FD);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	rc = posix_spawn(&o->pid, program, &files, &attr, (char *const *)(uintptr_t)argv, o->env);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	wipe_env(o);
	close(o->fd);
	errno = rc;
	if (rc) {
		o->pid = -1;
		err_errno(&o->err, "a %s worker could not be started", o->kind);
	}
}

static void append(struct order **list, struct order *o)
{
	while (*list)
		list = &(*list)->next;
	o->next = NULL;
	*list = o;
}

static struct order *next_order(struct spawner *s)
{
	struct order *o;

	pthread_mutex_lock(&s->lock);
	s->busy = false;
	pthread_cond_broadcast(&s->idle);
	while (!s->waiting && !s->stop)
		pthread_cond_wait(&s->wake, &s->lock);
	o = s->waiting;
	if (o) {
		s->waiting = o->next;
		s->busy = true;
	}
	pthread_mutex_unlock(&s->lock);
	return o;
}

static void *spawner_main(void *arg)
{
	struct spawner *s = arg;
	struct order *o;
	uint64_t one = 1;

	while ((o = next_order(s))) {
		spawn(s->program, o);
		pthread_mutex_lock(&s->lock);
		append(&s->done, o);
		pthread_mutex_unlock(&s->lock);
		(void)!write(s->event, &one, sizeof(one));
	}
	return NULL;
}

static void hear(void *ctx, unsigned ready)
{
	struct spawner *s = ctx;
	struct order *o;
	uint64_t n;

	(void)ready;
	(void)!read(s->event, &n, sizeof(n));
	pthread_mutex_lock(&s->lock);
	o = s->done;
	s->done = NULL;
	pthread_mutex_unlock(&s->lock);
	while (o) {
		struct order *next = o->next;
		s->started(o->ctx, o->pid, o->pid < 0 ? &o->err : NULL);
		free(o);
		o = next;
	}
}

struct spawner *spawner_new(struct loop *l, const char *program, spawned_fn *started, struct err *e)
{
	struct spawner *s = xcalloc(1, sizeof(*s));

	s->program = program;
	s->started = started;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	pthread_cond_init(&s->idle, NULL);
	s->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->event < 0 || pthread_create(&s->thread, NULL, spawner_main, s)) {
		err_errno(e, "spawner thread");
		free(s);
		return NULL;
	}
	s->watch = loop_watch(l, s->event, LOOP_READ, hear, s);
	return s;
}

void spawner_start(struct spawner *s, const char *kind, const char *const *env, int fd, void *ctx)
{
	struct order *o = xcalloc(1, sizeof(*o));

	*o = (struct order){.kind = kind, .fd = fd, .ctx = ctx};
	make_env(o, env);
	pthread_mutex_lock(&s->lock);
	append(&s->waiting, o);
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

void spawner_settle(struct spawner *s)
{
	pthread_mutex_lock(&s->lock);
	while (s->waiting || s->busy)
		pthread_cond_wait(&s->idle, &s->lock);
	pthread_mutex_unlock(&s->lock);
	hear(s, 0);
}

void spawner_free(struct spawner *s)
{
	spawner_settle(s);
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	watch_end(s->watch);
	close(s->event);
	free(s);
}
