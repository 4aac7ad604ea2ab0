/*
 * One segment of the lake: events of one dataset, immutable, as a part of a file. A parse process
 * writes it whole (store/lake_build.h), the lake's writer only links it in; readers map it.
 *
 * On disk, little endian: data sections, a table with a checksum for each SEG_BLOCK bytes of them,
 * the directory of sections, struct seg_head. A block is verified when a process first touches it,
 * so that a needle reads a few pages and corruption is an error with its place, never a wrong
 * answer. A change of the format is a new SEG_VERSION, and all versions have one struct seg_head:
 * a segment of another version is refused as that, never taken for a damaged one.
 *
 * A column holds its different values sorted by the hash of their case-folded text, and a code a
 * row (0: no value), so that a predicate looks at each value once and a case-blind look-up is one
 * probe. Raw records lie in zstd frames of about SEG_FRAME bytes; store/gram.h says which frames
 * may hold a text.
 *
 * A segment belongs to one thread at a time. Errors of reading are ERR_IO and name the file and the
 * offset.
 */
#ifndef MW_SEGMENT_H
#define MW_SEGMENT_H

#include "base/err.h"
#include "model/event.h"

#define SEG_MAGIC "MWLAKE1"
#define SEG_VERSION 2
#define SEG_BLOCK 4096
#define SEG_FRAME (256u * 1024)
#define SEG_ROWS_MAX 65536u
#define SEG_NAME_MAX 64
#define SEG_KEY 16 /* bytes of a dedup key: BLAKE2b of dataset and uid or raw */

enum seg_kind {
	SEG_TIME,
	SEG_ARRIVAL,
	SEG_LINE,
	SEG_RAWLEN, /* integers, see struct seg_ints */
	SEG_FRAMES,
	SEG_FILTER,
	SEG_KEYS,
	SEG_KEYROWS,
	SEG_PATHS,
	SEG_RAW,
	SEG_UID,
	SEG_FILE,  /* columns without a field; uid only where the record has its own */
	SEG_FIELD, /* a column; name is the field's */
	SEG_KINDS
};
struct seg_col_head {
	uint32_t nvalues, ncodes;
	uint32_t width;  /* bytes a code: 0 (all rows have value 1), 1, 2, 4 */
	uint32_t many;   /* row offsets are there: a row has any number of codes */
	uint64_t text;   /* bytes of all values */
	uint64_t events; /* rows that have a value */
};
struct seg_section {
	uint32_t kind;
	uint32_t arg; /* filter: log2 of its rows */
	uint64_t off, len;
	struct seg_col_head col; /* of a column */
	char name[SEG_NAME_MAX];
};
struct seg_head {
	char magic[8];
	uint32_t version, rows;
	uint64_t len;       /* of the whole segment, this head included */
	uint64_t sums, dir; /* offsets of the checksum table and the directory */
	uint32_t nblocks, ndir;
	uint64_t raw_bytes;
	int64_t from, to, newest; /* event times and newest arrival; MW_TIME_NONE where none */
	uint64_t untimed;         /* events without a time */
	char dataset[SEG_NAME_MAX];
	uint64_t sum; /* XXH3 of checksum table, directory and this head with sum 0 */
};
struct seg_frame {
	uint64_t off; /* from the start of the segment */
	uint32_t packed, size;
	uint32_t first, rows;
};
/* Integers: value = base + scale * stored; width 0: all are base; 8: stored as they are (base 0,
 * scale 1). */
struct seg_ints {
	int64_t base, scale;
	uint32_t width;
	const uint8_t *at;
};
static inline int64_t seg_int(const struct seg_ints *v, uint32_t row)
{
	uint32_t u;
	int64_t x;

	if (v->width == 0)
		return v->base;
	if (v->width == 4) {
		memcpy(&u, v->at + (size_t)row * 4, 4);
		return v->base + v->scale * (int64_t)u;
	}
	memcpy(&x, v->at + (size_t)row * 8, 8);
	return x;
}
/* A column. Its parts follow one another: counts, hashes, value offsets, text of all values, row
 * offsets (many only), codes. */
struct seg_col {
	struct seg_col_head h;
	const char *name; /* of the field; "" for uid and file */
	uint64_t counts, hashes, voffs, text, rowoffs, codes, end; /* offsets in the segment */
	bool has_values, has_codes, loaded; /* verified: the values, the codes, both */
};

struct seg {
	const uint8_t *base; /* the map; the segment is at [0, head.len) */
	struct seg_head head;
	const struct seg_section *dir;
	const uint32_t *sums;
	uint64_t *verified;
	struct seg_col *cols[FIELD_MAX]; /* made on first use */
	struct seg_col *uid, *file;
	uint64_t looked[FIELD_MAX / 64]; /* fields asked for already */
	char where[96];                  /* file name and offset, for messages */
};
/* Maps nothing: base must hold len bytes and outlive s. */
int seg_open(struct seg *s, const uint8_t *base, uint64_t len, const char *where,
             struct err *e) MW_USE_RESULT;
void seg_close(struct seg *s);
/* Asks for bytes that will be wanted soon, so that several waits for the disk become one. */
void seg_soon(const struct seg *s, uint64_t off, uint64_t len);
/* Verified bytes, or NULL with e. */
const void *seg_bytes(struct seg *s, uint64_t off, uint64_t len, struct err *e);
const struct seg_section *seg_section(const struct seg *s, enum seg_kind kind);
int seg_ints(struct seg *s, enum seg_kind kind, struct seg_ints *out, struct err *e) MW_USE_RESULT;
/* One row's, reading no more than that. */
int seg_int_at(struct seg *s, enum seg_kind kind, uint32_t row, int64_t *out,
               struct err *e) MW_USE_RESULT;
const struct seg_frame *seg_frames(struct seg *s, uint32_t *n, struct err *e);
const struct seg_frame *seg_frame_of(struct seg *s, uint32_t row, struct err *e);

/* The column of a field: 0 with *out NULL when the segment has no such column. The whole of it is
 * not yet verified. */
int seg_col(struct seg *s, field_id f, struct seg_col **out, struct err *e) MW_USE_RESULT;
int seg_col_uid(struct seg *s, struct seg_col **out, struct err *e) MW_USE_RESULT;
int seg_col_file(struct seg *s, struct seg_col **out, struct err *e) MW_USE_RESULT;
/* Verifies all but the codes: for counts and values. */
int seg_col_load_values(struct seg *s, struct seg_col *c, struct err *e) MW_USE_RESULT;
/* Verifies the codes alone: which rows, but not what the values are. */
int seg_col_load_codes(struct seg *s, struct seg_col *c, struct err *e) MW_USE_RESULT;
int seg_col_load(struct seg *s, struct seg_col *c, struct err *e)
        MW_USE_RESULT;                    /* verifies all: then the seg_*_at below may be used */
void seg_fold(char *out, struct slice v); /* ASCII lower case; out holds v.n */
uint64_t seg_hash(struct slice v); /* of the case-folded text; columns keep the upper 32 bits */
/* Codes whose hash is that of v: [*first, *first + *n). Touches few pages. */
int seg_col_find(struct seg *s, const struct seg_col *c, struct slice v, uint32_t *first,
                 uint32_t *n, struct err *e) MW_USE_RESULT;
/* Asks for what seg_col_find will read. */
void seg_col_find_soon(const struct seg *s, const struct seg_col *c, struct slice v);
int seg_col_value(struct seg *s, const struct seg_col *c, uint32_t code, struct slice *out,
                  struct err *e) MW_USE_RESULT;

/* On a loaded column: */
struct slice seg_value_at(const struct seg *s, const struct seg_col *c, uint32_t code);
uint32_t seg_count_at(const struct seg *s, const struct seg_col *c,
                      uint32_t code); /* events that have it */
static inline uint32_t seg_code(const struct seg *s, const struct seg_col *c, uint32_t i)
{
	const uint8_t *at = s->base + c->codes;
	uint16_t half;
	uint32_t word;

	switch (c->h.width) {
	case 0:
		return 1;
	case 1:
		return at[i];
	case 2:
		memcpy(&half, at + (size_t)i * 2, 2);
		return half;
	default:
		memcpy(&word, at + (size_t)i * 4, 4);
		return word;
	}
}
/* Places of a row's codes: [*from, *to) for seg_code; a code of 0 is no value. */
static inline void seg_places(const struct seg *s, const struct seg_col *c, uint32_t row,
                              uint32_t *from, uint32_t *to)
{
	*from = row;
	*to = row + 1;
	if (c->h.many) {
		memcpy(from, s->base + c->rowoffs + (size_t)row * 4, 4);
		memcpy(to, s->base + c->rowoffs + (size_t)row * 4 + 4, 4);
	}
}

/* Raw records. A seg_raw keeps one unpacked frame; one thread. */
struct seg_raw {
	struct seg *seg;
	const struct seg_frame *frame;
	uint32_t row; /* the next row, and where it begins in text */
	uint64_t at;
	struct seg_ints lengths;
	struct buf text;
	struct ZSTD_DCtx_s *zstd;
};
void seg_raw_release(struct seg_raw *r);
int seg_raw_frame(struct seg_raw *r, struct seg *s, const struct seg_frame *f,
                  struct err *e) MW_USE_RESULT;
int seg_raw_row(struct seg_raw *r, struct seg *s, uint32_t row, struct slice *out,
                struct err *e) MW_USE_RESULT;

/* Raw paths of the segment, for the catalogue. Slices point into the segment. */
struct seg_path {
	struct slice path;
	uint32_t events; /* that have it */
	bool all_kept;   /* values are all that occur */
	uint32_t nvalues;
};
struct seg_path_iter {
	const uint8_t *at, *end;
	bool complete; /* false: the dataset has more paths than are listed */
};
int seg_paths(struct seg *s, struct seg_path_iter *it, struct err *e) MW_USE_RESULT;
bool seg_path_next(struct seg_path_iter *it, struct seg_path *p);
bool seg_path_value(struct seg_path_iter *it, struct slice *value,
                    uint32_t *events); /* nvalues times after each path */

/* A batch is segments one after another, each at a multiple of SEG_BLOCK, then seg_part for each,
 * then seg_foot. */
#define SEG_BATCH_MAGIC "MWBATCH"
struct seg_part {
	uint64_t off, len;
};
struct seg_foot {
	uint64_t nparts;
	uint64_t sum; /* XXH3 of the parts */
	char magic[8];
};

#endif
