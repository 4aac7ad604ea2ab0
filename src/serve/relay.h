/*
 * Calls within calls, inside serve/: relay.c passes them on, model.c decides about those that go to a language model.
 */
#ifndef MW_RELAY_H
#define MW_RELAY_H

#include "serve/engine.h"

struct relay {
	struct engine *e;
	struct call *outer, *inner; /* outer NULL: it has ended. inner NULL: not begun */
	int64_t n, started_us;
	char *source;                    /* its name; NULL: asks no source */
	cJSON *params;                   /* what it was asked for, until it begins */
	int fds[MW_FDS_PER_MESSAGE_MAX]; /* that came with it, until it begins */
	int nfds;
	struct spool files;
	bool model;     /* asks a language model */
	bool cancelled; /* before it began */
	struct relay *next;
};
/* Tells the outer call, where it is still there, and frees r. result is taken over. */
void relay_finish(struct relay *r, cJSON *result, const struct err *e);

/* The gate of language models (model.c): takes r over. */
void model_asked(struct relay *r, const cJSON *params);

#endif
