/*
 * The engine's event loop: descriptors (epoll), timers, and the time that each turn took. Nothing called from it may block or
 * compute for more than 10 ms: that is a worker's business. One thread.
 */
#ifndef MW_LOOP_H
#define MW_LOOP_H

#include "base/err.h"

struct loop;
struct watch;
struct timer;

#define LOOP_READ 1u
#define LOOP_WRITE 2u

struct loop *loop_new(struct err *e);
void loop_free(struct loop *l);
/* Calls fn with what is ready (a hang-up counts as readable). The descriptor stays the caller's. */
typedef void watch_fn(void *ctx, unsigned ready);
struct watch *loop_watch(struct loop *l, int fd, unsigned want, watch_fn *fn, void *ctx);
void watch_want(struct watch *w, unsigned want);
void watch_end(struct watch *w); /* safe from within any callback; NULL is fine */
/* One shot. The pointer is dead once fn was called or timer_end was. */
typedef void timer_fn(void *ctx);
struct timer *loop_timer(struct loop *l, int64_t in_us, timer_fn *fn, void *ctx);
void timer_end(struct timer *t); /* NULL is fine */
void loop_run(struct loop *l);   /* until loop_stop */
void loop_stop(struct loop *l);

struct loop_stats {
	uint64_t turns;
	int64_t p99_us, max_us; /* of the last LOOP_SAMPLES turns; max since the start */
};
#define LOOP_SAMPLES 4096
void loop_stats(const struct loop *l, struct loop_stats *out);

#endif
