/*
 * A growing byte string with a cap, and a borrowed slice.
 *
 * buf: always NUL-terminated at s[len]; s is never NULL after buf_init or BUF_INIT (it points at a static empty string
 * until something is added). A write past `max` sets `over` and drops the write: check once, at the end. buf_take
 * transfers the bytes to the caller, who frees them with free().
 * slice: borrowed bytes, not terminated, may hold NULs; valid as long as what it points into.
 */
#ifndef MW_BUF_H
#define MW_BUF_H

#include <stdarg.h>

struct buf {
	char *s;
	size_t len, cap, max; /* max 0: no cap but memory */
	bool over;
};

extern char buf_empty[1];
#define BUF_INIT               \
	{                      \
		.s = buf_empty \
	}
void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);
void buf_reset(struct buf *b); /* len 0, keeps storage, clears over */
char *buf_take(struct buf *b, size_t *len) MW_USE_RESULT;
void buf_add(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, const char *s);
void buf_ch(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) MW_PRINTF(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) MW_PRINTF(2, 0);
void buf_truncate(struct buf *b, size_t len);
void buf_consume(struct buf *b, size_t n); /* drops n bytes from the front */
/* At least n writable bytes at the end, or NULL where max forbids it; then add to len and write the NUL yourself. */
char *buf_room(struct buf *b, size_t n);

struct slice {
	const char *s;
	size_t n;
};
#define SLICE(lit) ((struct slice){(lit), sizeof(lit) - 1})
struct slice slice_of(const char *s); /* NULL gives the empty slice */
bool slice_eq(struct slice a, struct slice b);
bool slice_ieq(struct slice a,
               struct slice b); /* ASCII case-blind, as every case-blind operator of a plan */
bool slice_eq_str(struct slice a, const char *b);
struct slice slice_trim(struct slice s);
/* The next piece up to sep; advances *rest past it. False when *rest is used up. */
bool slice_split(struct slice *rest, char sep, struct slice *piece);
/* Strict whole-text numbers; false on overflow or anything left over. */
bool slice_i64(struct slice s, int64_t *out);
bool slice_u64(struct slice s, uint64_t *out);
bool slice_double(struct slice s, double *out);
const char *mw_memimem(const char *hay, size_t n, const char *needle,
                       size_t m); /* ASCII case-blind memmem */

#endif
