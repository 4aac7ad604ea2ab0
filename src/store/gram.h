/*
 * Which frames may hold a text: a bit matrix over grams. A gram is four or eight bytes in a row,
 * case-folded, none of which can be JSON syntax or white space; so a gram of a searched text that
 * is in a record, raw or decoded, is in that record's frame whichever of the two matched. Four
 * bytes serve short texts; eight tell addresses and numbers apart, whose every four bytes are in
 * any frame. Rows are gram hashes, columns are frames: a needle ANDs a few rows of a few bytes. May
 * say yes for a frame without the text, never no for one with it.
 */
#ifndef MW_GRAM_H
#define MW_GRAM_H

#include "base/buf.h"

#define GRAM_LOG_MAX 18 /* log2 of the rows of a full segment's filter */
#define GRAM_LOG_MIN 10
#define GRAM_BYTES ((1u << GRAM_LOG_MAX) / 8)

/* Collects the grams of one frame. */
struct gram_set;
struct gram_set *gram_new(void);
void gram_free(struct gram_set *g);
/* All grams of a text. It must stay where it is until gram_take. */
void gram_add(struct gram_set *g, struct slice text);
/* Writes the bit set (GRAM_BYTES) and empties g. */
void gram_take(struct gram_set *g, uint8_t *bits);
/* Turns sets of n frames into the matrix of rows of (n + 7) / 8 bytes; returns log2 of its rows.
 * out holds GRAM_BYTES * 8 * ((n + 7) / 8) bytes. */
int gram_matrix(const uint8_t *const *sets, size_t n, uint8_t *out);

/* Row numbers for a text in a matrix of 2^log rows: at most max, spread over the text; 0 where it
 * has no gram. Those that tell most come first. */
size_t gram_rows(struct slice text, int log, uint32_t *rows, size_t max);

#endif
