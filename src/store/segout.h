/*
 * Writing a segment to a file descriptor: buffered, a checksum a block as the bytes pass, sections
 * into the directory. Errors are kept and reported by segout_end. One thread.
 */
#ifndef MW_SEGOUT_H
#define MW_SEGOUT_H

#include "store/segment.h"

struct seg_out {
	int fd;
	uint64_t at;      /* bytes of the segment so far */
	uint64_t written; /* bytes of the file so far, over all segments */
	struct buf buf;
	VEC(uint32_t) sums;
	VEC(struct seg_section) dir;
	struct err err;
};
void segout_init(struct seg_out *o, int fd);
void segout_release(struct seg_out *o);
void segout_bytes(struct seg_out *o, const void *p, size_t n);
/* A section begins at the next multiple of 8 and ends where the next begins. */
void segout_section(struct seg_out *o, enum seg_kind kind, uint32_t arg, const char *name);
/* Of the section that was begun last. */
void segout_col(struct seg_out *o, const struct seg_col_head *h);
/* Writes checksums, directory and head (rows, times, dataset, raw_bytes are the caller's) and fills
 * up to a block. */
int segout_end(struct seg_out *o, struct seg_head *h, struct seg_part *part,
               struct err *e) MW_USE_RESULT;
int segout_foot(struct seg_out *o, const struct seg_part *parts, size_t n,
                struct err *e) MW_USE_RESULT;
/* Picks the narrowest form. */
void segout_ints(struct seg_out *o, enum seg_kind kind, const int64_t *v, uint32_t n);

#endif
