/*
 * How the console asks the engine, seen from the client state: a function that sends a request and later gives the answer
 * back. The console puts the real connection behind it, a test its own.
 */
#ifndef MW_UI_PORT_H
#define MW_UI_PORT_H

#include "base/err.h"
#include "base/json.h"

/* result is NULL on error and belongs to the callee (cJSON_Delete); e is set only then. */
typedef void (*port_done_fn)(void *ctx, cJSON *result, const struct err *e);
struct port {
	/* Takes params over. Calls done exactly once, later. */
	void (*call)(void *self, const char *method, cJSON *params, port_done_fn done, void *ctx);
	void *self;
};

#endif
