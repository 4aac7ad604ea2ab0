/*
 * The worker that proves the others' cage: it tries what no worker may do. `midwatch doctor` and the tests run it in the
 * program that is shipped.
 */
#ifndef MW_TESTWORKER_H
#define MW_TESTWORKER_H

#include "proc/worker.h"

/*
 * Methods: echo {any} gives it back; rows {n, step} writes n rows; wait {ms} ends at once on cancel; spin {ms} hears nothing;
 * crash {}; probe {state, secret, socket, pid} tries to open the two files, the socket and /proc/pid/mem, and to exec:
 * {"tries":[{"what","refused","error"}]}.
 */
extern const struct worker_kind worker_test;

#endif
