#include "proc/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/mwtime.h"

#define EVENTS_A_TURN 64

struct watch {
	struct loop *loop;
	int fd;
	unsigned want;
	watch_fn *fn; /* NULL: ended, freed at the end of the turn */
	void *ctx;
	struct watch *next_dead;
};
struct timer {
	struct loop *loop;
	int64_t at;
	timer_fn *fn;
	void *ctx;
	struct timer *next; /* sorted by at */
};
struct loop {
	int epoll;
	bool stop;
	struct timer *timers;
	struct watch *dead;
	uint64_t turns;
	int64_t max_us;
	uint32_t samples[LOOP_SAMPLES];
};

struct loop *loop_new(struct err *e)
{
	struct loop *l = xcalloc(1, sizeof(*l));

	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll >= 0)
		return l;
	err_errno(e, "epoll");
	free(l);
	return NULL;
}

static void bury(struct loop *l)
{
	while (l->dead) {
		struct watch *w = l->dead;
		l->dead = w->next_dead;
		free(w);
	}
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	while (l->timers)
		// NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it takes itself off the list
		timer_end(l->timers);
	bury(l);
	close(l->epoll);
	free(l);
}

static uint32_t epoll_events(unsigned want)
{
	return (want & LOOP_READ ? EPOLLIN : 0u) | (want & LOOP_WRITE ? EPOLLOUT : 0u);
}

struct watch *loop_watch(struct loop *l, int fd, unsigned want, watch_fn *fn, void *ctx)
{
	struct watch *w = xcalloc(1, sizeof(*w));
	struct epoll_event ev = {.events = epoll_events(want), .data.ptr = w};

	*w = (struct watch){.loop = l, .fd = fd, .want = want, .fn = fn, .ctx = ctx};
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev))
		mw_oom();
	return w;
}

void watch_want(struct watch *w, unsigned want)
{
	struct epoll_event ev = {.events = epoll_events(want), .data.ptr = w};

	if (w->want == want)
		return;
	w->want = want;
	epoll_ctl(w->loop->epoll, EPOLL_CTL_MOD, w->fd, &ev);
}

void watch_end(struct watch *w)
{
	if (!w)
		return;
	epoll_ctl(w->loop->epoll, EPOLL_CTL_DEL, w->fd, NULL);
	w->fn = NULL;
	w->next_dead = w->loop->dead;
	w->loop->dead = w;
}

struct timer *loop_timer(struct loop *l, int64_t in_us, timer_fn *fn, void *ctx)
{
	struct timer *t = xcalloc(1, sizeof(*t)), **at = &l->timers;

	*t = (struct timer){.loop = l, .at = mw_mono_us() + in_us, .fn = fn, .ctx = ctx};
	while (*at && (*at)->at <= t->at)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
	return t;
}

void timer_end(struct timer *t)
{
	struct timer **at;

	if (!t)
		return;
	for (at = &t->loop->timers; *at != t; at = &(*at)->next)
		;
	*at = t->next;
	free(t);
}

static int wait_ms(const struct loop *l)
{
	int64_t left;

	if (!l->timers)
		return -1;
	left = l->timers->at - mw_mono_us();
	if (left <= 0)
		return 0;
	return left > 60 * MW_SECOND ? 60000 : (int)(left / 1000) + 1;
}

static void run_timers(struct loop *l)
{
	int64_t now = mw_mono_us();

	while (l->timers && l->timers->at <= now) {
		struct timer *first = l->timers, t = *first;
		l->timers = t.next;
		free(first);
		t.fn(t.ctx);
	}
}

static void count_turn(struct loop *l, int64_t us)
{
	l->samples[l->turns++ % LOOP_SAMPLES] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
	if (us > l->max_us)
		l->max_us = us;
}

void loop_run(struct loop *l)
{
	struct epoll_event events[EVENTS_A_TURN];

	l->stop = false;
	while (!l->stop) {
		int n = epoll_wait(l->epoll, events, EVENTS_A_TURN, wait_ms(l));
		int64_t start = mw_mono_us();
		for (int i = 0; i < n; i++) {
			struct watch *w = events[i].data.ptr;
			uint32_t got = events[i].events;
			unsigned ready = (got & EPOLLOUT ? LOOP_WRITE : 0u) |
			                 (got & (EPOLLIN | EPOLLHUP | EPOLLERR) ? LOOP_READ : 0u);
			if (w->fn)
				w->fn(w->ctx, ready);
		}
		run_timers(l);
		bury(l);
		count_turn(l, mw_mono_us() - start);
	}
}

void loop_stop(struct loop *l)
{
	l->stop = true;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void loop_stats(const struct loop *l, struct loop_stats *out)
{
	size_t n = l->turns < LOOP_SAMPLES ? (size_t)l->turns : LOOP_SAMPLES;
	uint32_t *copy = xreallocarray(NULL, n + 1, sizeof(*copy));

	memcpy(copy, l->samples, n * sizeof(*copy));
	qsort(copy, n, sizeof(*copy), by_size);
	*out = (struct loop_stats){.turns = l->turns, .max_us = l->max_us};
	if (n)
		out->p99_us = copy[(n - 1) * 99 / 100];
	free(copy);
}
