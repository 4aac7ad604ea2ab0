/*
 * Starts worker processes from a thread of its own: the caller of posix_spawn stands still until the child has executed the
 * program, which on a busy machine takes longer than a turn of the engine's loop may.
 */
#ifndef MW_SPAWNER_H
#define MW_SPAWNER_H

#include <sys/types.h>

#include "proc/loop.h"

struct spawner;
/* started gets the pid, or -1 and the error; on the loop's thread, exactly once for each spawner_start. */
typedef void spawned_fn(void *ctx, pid_t pid, const struct err *e);
struct spawner *spawner_new(struct loop *l, const char *program, spawned_fn *started,
                            struct err *e);
/* `program worker KIND` with fd as its descriptor 3, /dev/null as stdin, and nothing else of ours. Takes fd over. */
#define SPAWN_ENV_MAX 16
/* env: names of variables that this one may see besides (ends with NULL; read at once); NULL: none. */
void spawner_start(struct spawner *s, const char *kind, const char *const *env, int fd, void *ctx);
/* Waits for what is being started (started() is still called), then ends the thread: to be called after all workers have
 * ended, since the kernel kills them with it. */
void spawner_free(struct spawner *s);
void spawner_settle(struct spawner *s); /* waits until nothing is being started any more */

#endif
