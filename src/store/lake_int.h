/*
 * The lake from inside, for store/ and the executor in source/: segments in memory, as of the last
 * lake_refresh. A lake belongs to one thread; a search may give different segments to different
 * threads.
 */
#ifndef MW_LAKE_INT_H
#define MW_LAKE_INT_H

#include "store/db.h"
#include "store/lake.h"
#include "store/segment.h"

struct lake_file { /* a mapped batch */
	int64_t id;
	const uint8_t *base;
	uint64_t len;
	uint32_t users; /* segments */
	bool mapped;    /* lake_warm has been here */
};
struct lake_run { /* consecutive rows with consecutive ids, from one import */
	uint32_t row, rows;
	event_id first;
	int64_t import;
};
struct lake_seg {
	int64_t id;
	struct lake_file *file;
	uint64_t off, len;
	char dataset[SEG_NAME_MAX];
	uint32_t rows, live;
	mw_time from, to, newest; /* as in seg_head */
	bool untimed;             /* has events without a time */
	uint64_t raw_bytes;
	struct lake_run *runs;
	size_t nruns;
	uint64_t *dead; /* bit a row; NULL: all live */
	struct seg seg; /* by lake_seg_open */
	bool open;
};
struct lake {
	enum lake_mode mode;
	char *dir; /* the state directory */
	int dirfd; /* its lake/ */
	int lock;
	bool present; /* lake.db is there and open */
	struct db db;
	int64_t generation;
	VEC(struct lake_seg *) segs; /* by first id */
	VEC(struct lake_file *) files;
	struct seg_raw raw; /* for lake_get */
};

int lake_seg_open(struct lake_seg *s,
                  struct err *e) MW_USE_RESULT; /* makes s->seg usable; many times is fine */
static inline bool lake_row_dead(const struct lake_seg *s, uint32_t row)
{
	return s->dead && (s->dead[row / 64] >> (row % 64) & 1);
}
event_id lake_row_id(const struct lake_seg *s, uint32_t row);
/* Where an event is; false when it is gone. */
bool lake_locate(struct lake *l, event_id id, struct lake_seg **s, uint32_t *row);
/* Fills out from a row: slices point into the map (until lake_refresh), raw's frame (until its next
 * use) or the arena. raw NULL: no raw record. vals false: no vals. */
int lake_row_event(struct lake_seg *s, uint32_t row, struct seg_raw *raw, bool vals,
                   struct arena *a, struct event *out, struct err *e) MW_USE_RESULT;
/* The base name of the file that a row came from; into the map. */
int lake_row_file(struct lake_seg *s, uint32_t row, struct slice *out, struct err *e) MW_USE_RESULT;
/* "<basename>:<line>" of a row, in the arena. */
int lake_row_place(struct lake_seg *s, uint32_t row, struct arena *a, struct slice *out,
                   struct err *e) MW_USE_RESULT;
/* The uid column's value, else the place, else empty. */
int lake_row_uid(struct lake_seg *s, uint32_t row, struct arena *a, struct slice *out,
                 struct err *e) MW_USE_RESULT;
/* To be called before lake_row_event for a few rows of a lake that may not be in memory. */
void lake_row_soon(struct lake_seg *s, uint32_t row);
/* Field ids of the segment's columns, FIELD_NONE for a name that this build does not have. */
field_id lake_section_field(const struct seg_section *sec);

/* Writer: to be called inside a transaction; the segment's dead rows become `dead` (rows bits,
 * taken over), or the segment goes. */
int lake_seg_store_dead(struct lake *l, struct lake_seg *s, uint64_t *dead,
                        struct err *e) MW_USE_RESULT;
int lake_bump(struct lake *l,
              struct err *e) MW_USE_RESULT; /* the generation: every change ends with it */
/* Writer: removes batch files that no segment names any more. */
void lake_sweep(struct lake *l);
/* Puts the batch in fd under a name of its own, on disk; -1 and no file where that fails. */
int lake_file_keep(struct lake *l, int64_t id, int fd, struct err *e) MW_USE_RESULT;
void lake_file_name(int64_t id, char out[32]);
/* Parts of a batch mapped at base; NULL with e where it is none. *n gets their number. */
const struct seg_part *lake_batch_parts(const uint8_t *base, uint64_t len, size_t *n,
                                        struct err *e);
int lake_load(struct lake *l, struct err *e) MW_USE_RESULT; /* segments from lake.db */
int lake_seg_insert(struct lake *l, int64_t file, const struct seg_part *part,
                    const struct seg_head *h, const struct lake_run *runs, size_t nruns,
                    const uint64_t *dead, uint32_t live, struct err *e) MW_USE_RESULT;

#endif
