#include "serve/keeper.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

struct task {
	keeper_fn *fn;
	keeper_done *done;
	void *arg;
	struct err err; /* code ERR_NONE: it went well */
	struct task *next;
};
struct queue {
	struct task *head, **tail;
};
struct keeper {
	struct state state;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct queue waiting;  /* under lock */
	struct queue finished; /* under lock */
	bool stop;             /* under lock */
	size_t pending;        /* loop's thread: given and not yet told */
	int event;
	struct watch *watch;
};

static void queue_init(struct queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
}

static void queue_add(struct queue *q, struct task *t)
{
	t->next = NULL;
	*q->tail = t;
	q->tail = &t->next;
}

static struct task *queue_take(struct queue *q)
{
	struct task *all = q->head;

	queue_init(q);
	return all;
}

/* ---- keeper thread ---- */

static void run_task(struct state *s, struct task *t)
{
	struct err e;

	t->err = (struct err){0};
	if (db_exec(&s->db, "SAVEPOINT task", &t->err))
		return;
	if (t->fn(s, t->arg, &t->err)) {
		if (t->err.code == ERR_NONE)
			err_set(&t->err, ERR_INTERNAL, "the state store failed without a message");
		(void)!db_exec(&s->db, "ROLLBACK TO task", &e);
	}
	(void)!db_exec(&s->db, "RELEASE task", &e);
}

static void fail_all(struct task *t, const struct err *e)
{
	for (; t; t = t->next)
		t->err = *e;
}

/* A commit that fails takes back what every task of it did, so all are told. */
static void run_batch(struct state *s, struct task *all)
{
	struct err e = {0};

	if (db_begin(&s->db, &e)) {
		fail_all(all, &e);
		return;
	}
	for (struct task *t = all; t; t = t->next)
		run_task(s, t);
	if (db_commit(&s->db, &e)) {
		mw_log(LOG_ERROR, "state: %s", e.what);
		fail_all(all, &e);
	}
}

static void tell(struct keeper *k, struct task *all)
{
	uint64_t one = 1;

	pthread_mutex_lock(&k->lock);
	while (all) {
		struct task *next = all->next;
		queue_add(&k->finished, all);
		all = next;
	}
	pthread_mutex_unlock(&k->lock);
	(void)!write(k->event, &one, sizeof(one));
}

static void *keeper_main(void *arg)
{
	struct keeper *k = arg;

	for (;;) {
		struct task *all;
		pthread_mutex_lock(&k->lock);
		while (!k->waiting.head && !k->stop)
			pthread_cond_wait(&k->wake, &k->lock);
		all = queue_take(&k->waiting);
		pthread_mutex_unlock(&k->lock);
		if (!all)
			return NULL;
		run_batch(&k->state, all);
		tell(k, all);
	}
}

/* ---- loop's thread ---- */

static void hear(void *ctx, unsigned ready)
{
	struct keeper *k = ctx;
	struct task *t;
	uint64_t n;

	(void)ready;
	(void)!read(k->event, &n, sizeof(n));
	pthread_mutex_lock(&k->lock);
	t = queue_take(&k->finished);
	pthread_mutex_unlock(&k->lock);
	while (t) {
		struct task *next = t->next;
		k->pending--;
		t->done(t->arg, t->err.code == ERR_NONE ? NULL : &t->err);
		free(t);
		t = next;
	}
}

void keeper_do(struct keeper *k, keeper_fn *fn, keeper_done *done, void *arg)
{
	struct task *t = xcalloc(1, sizeof(*t));

	*t = (struct task){.fn = fn, .done = done, .arg = arg};
	k->pending++;
	pthread_mutex_lock(&k->lock);
	queue_add(&k->waiting, t);
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->lock);
}

bool keeper_busy(const struct keeper *k)
{
	return k->pending > 0;
}

struct keeper *keeper_open(struct loop *l, const char *dir, struct err *e)
{
	struct keeper *k = xcalloc(1, sizeof(*k));

	if (state_open(&k->state, dir, NULL, e)) {
		free(k);
		return NULL;
	}
	queue_init(&k->waiting);
	queue_init(&k->finished);
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->wake, NULL);
	k->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (k->event < 0 || pthread_create(&k->thread, NULL, keeper_main, k)) {
		err_errno(e, "keeper thread");
		state_close(&k->state);
		free(k);
		return NULL;
	}
	k->watch = loop_watch(l, k->event, LOOP_READ, hear, k);
	return k;
}

void keeper_close(struct keeper *k)
{
	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	k->stop = true;
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	hear(k, 0);
	watch_end(k->watch);
	close(k->event);
	state_close(&k->state);
	free(k);
}
