/*
 * The keeper: the one thread that reads and writes state.db, so that no turn of the engine's loop waits for a disk. Tasks that are
 * waiting together share one transaction; each is told only after the commit, so nothing is acknowledged before it is on disk.
 */
#ifndef MW_KEEPER_H
#define MW_KEEPER_H

#include "proc/loop.h"
#include "store/state.h"

struct keeper;
struct keeper *keeper_open(struct loop *l, const char *dir, struct err *e);
void keeper_close(struct keeper *k); /* finishes what waits; done() is still called */

/* fn runs on the keeper's thread inside a transaction (a savepoint of its own: when it returns -1, only its own changes are
 * undone). done runs on the loop's thread; err is NULL on success. arg is the task's own and must not be touched in between. */
typedef int keeper_fn(struct state *s, void *arg, struct err *e);
typedef void keeper_done(void *arg, const struct err *e);
void keeper_do(struct keeper *k, keeper_fn *fn, keeper_done *done, void *arg);
bool keeper_busy(const struct keeper *k);

#endif
