/*
 * Building one column of a segment: values are numbered as they come, and sorted and renumbered
 * when the segment is written. One thread.
 */
#ifndef MW_COLUMN_H
#define MW_COLUMN_H

#include "base/buf.h"
#include "base/mem.h"

struct seg_out;
struct column_value {
	uint64_t hash;
	uint32_t off, len; /* in text */
	uint32_t events;
};
struct column {
	VEC(struct column_value) values;
	uint32_t *slots; /* value number + 1 */
	size_t nslots;
	struct buf text;
	uint32_t last;       /* number of the value that came last, 0 at first */
	uint64_t events;     /* rows with a value */
	VEC(uint32_t) codes; /* first value of each row so far, 0: none */
	VEC(uint32_t) more;  /* pairs: row, code; further values of a row, in order */
};
void column_init(struct column *c);
void column_release(struct column *c);
/* Numbers a value from 1, UINT32_MAX when it would be number max + 1. */
uint32_t column_number(struct column *c, struct slice v, uint32_t max);
void column_add(struct column *c, uint32_t row, struct slice v);
size_t column_bytes(const struct column *c); /* about the memory it holds */
/* Writes it as a section's bytes; every row below rows has a place. */
void column_write(struct column *c, uint32_t rows, struct seg_out *out);

#endif
