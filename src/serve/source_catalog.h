/*
 * The catalogues of configured sources: which tables and fields each has, as its worker read them from the platform. The engine keeps the
 * rows as they came (their names are the platform's, and are not looked at here) with the time of reading, gives them to that source's
 * workers with each search, and has them read again when they are old. Runs in the event loop.
 */
#ifndef MW_SOURCE_CATALOG_H
#define MW_SOURCE_CATALOG_H

#include "serve/engine.h"

/* Calls then as soon as there is a catalogue to give, or there is none to be had; at once where that is known. One that is old is good
 * enough and read again meanwhile; fresh: it is not. */
void catalog_want(struct engine *e, const char *source, bool fresh, void (*then)(void *ctx),
                  void *ctx);
/* Adds what a worker is told about it to params ("catalog", or "catalog_error"). How many descriptors are in fds: 2 or 0. */
int catalog_give(struct engine *e, const char *source, cJSON *params, int fds[2]);
/* {at, tables, fields, sample, error, reading}; null where it was never read. */
cJSON *catalog_json(struct engine *e, const char *source);
void catalog_rows(struct request *r);   /* source.catalog */
void catalogs_forget(struct engine *e); /* the configuration has changed */
void catalogs_free(struct engine *e);

#endif
