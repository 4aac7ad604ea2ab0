/*
 * A catalogue as rows, for a store of events that is not the lake: what a batch brings is written there as rows, and read back they make
 * a catalogue (store/catalog.h) of what was ever loaded. A row is one JSON object:
 *
 *   {"kind":"dataset","dataset","events","raw_bytes","first","last","arrival"}  first, last: event times
 *   {"kind":"field" or "path","dataset","field","events","cut"}                field: a field's name, or a raw path; cut 1: not all its
 *                                                                               values are there
 *   {"kind":"value" or "pathvalue","dataset","field","value","events"}
 *   {"kind":"seen","dataset","field","value","events","first","last","arrival"}  for the log cover: field is the class, value account, region
 *                                                                               and resource, a newline between them
 *
 * Rows of the same kind, dataset, field and value add up, so the order of rows and how often they were summed up does not matter.
 */
#ifndef MW_CATALOG_ROWS_H
#define MW_CATALOG_ROWS_H

#include "base/json.h"
#include "store/catalog.h"

typedef int catalog_row_fn(void *ctx, struct slice row, struct err *e);
/* What is in the lake. -1: fn's. */
int catalog_rows_write(struct lake *l, catalog_row_fn *fn, void *ctx, struct err *e) MW_USE_RESULT;

#define CATALOG_ROWS_VALUES_MAX \
	20000 /* values of a field and dataset that are read back: the most frequent */
/* An empty one; rows are added, then it is ready. Close it with catalog_close. */
struct catalog *catalog_rows_new(void);
void catalog_rows_add(struct catalog *c, const cJSON *row); /* what is no such row is passed over */
void catalog_rows_end(struct catalog *c);
/* A row's number; some engines write 64-bit numbers as text. */
uint64_t catalog_row_number(const cJSON *row, const char *key);

#endif
