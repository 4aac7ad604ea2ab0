/*
 * The lake's executor from inside: a search step becomes a columnar program that runs segment by segment on a few threads.
 * A row set is a bit a row. Predicates look at each different value of a column once; whole where trees are ANDs and ORs of
 * row sets, cheapest part first, and dear parts see only the rows that are still in question. Raw paths and free text read
 * only the frames that may hold the text (store/gram.h).
 *
 * Files: lake_where.c conditions to row sets; lake_leaf.c single conditions; lake_col.c any field as a coded column;
 * lake_group.c stats;
 * lake_values.c counts of one field; lake_events.c event rows, order, limit; lake_filter.c sequence and baseline; lake.c the run.
 */
#ifndef MW_LAKE_EXEC_H
#define MW_LAKE_EXEC_H

#include "base/evjson.h"
#include "base/limits.h"
#include "plan/eval.h"
#include "plan/group.h"
#include "source/source.h"
#include "store/column.h"
#include "store/lake_int.h"

#define LX_WORDS (SEG_ROWS_MAX / 64)
#define LX_THREADS 2
struct lx_rows {
	uint64_t w[LX_WORDS];
};
static inline bool lx_has(const struct lx_rows *r, uint32_t row)
{
	return r->w[row / 64] >> (row % 64) & 1;
}
static inline void lx_set(struct lx_rows *r, uint32_t row)
{
	r->w[row / 64] |= UINT64_C(1) << (row % 64);
}
uint32_t lx_count(const struct lx_rows *r);
bool lx_none(const struct lx_rows *r);
/* for (row = lx_next(r, 0); row < rows; row = lx_next(r, row + 1)); SEG_ROWS_MAX when there is none. */
uint32_t lx_next(const struct lx_rows *r, uint32_t from);
bool lx_any_in(const struct lx_rows *r, uint32_t from, uint32_t n);

/* What was done, for the screen. Added up over threads. */
struct lx_notes {
	uint64_t segments, by_time, by_dataset,
	        by_value; /* seen; skipped by time, dataset, or because no value fits */
	uint64_t rows, frames, frames_read, gave_up;
};

/* What a segment's list of raw paths says about one: whether any record has it, and whether that is the only writing. */
enum lx_path_state { LX_PATH_NONE, LX_PATH_PLAIN, LX_PATH_ANY };
#define LX_PATHS_KEPT 4
struct lx_path {
	const char *path;
	enum lx_path_state state;
	struct slice
	        key; /* PLAIN: the last key, which a record that has the path holds as it is, unless it has backslashes */
};

/* One thread at work on one segment. */
struct lx_ctx {
	struct lake_seg *ls;
	struct seg *s; /* of ls */
	struct seg_raw raw;
	struct ev_reader *reader;
	struct arena arena; /* reset for each segment */
	struct lx_path paths[LX_PATHS_KEPT];
	size_t npaths;
	VEC(struct column *) owned; /* columns made for the segment */
	const struct source_run *run;
	struct lx_notes notes;
	struct err *e;
};
int lx_enter(struct lx_ctx *c, struct lake_seg *ls); /* -1 with c->e */
void lx_leave(struct lx_ctx *c);
void lx_ctx_release(struct lx_ctx *c);
/* Deadline or cancel: -1 with c->e. */
int lx_pause(struct lx_ctx *c);

/* ---- conditions ---- */

struct lx_where;
struct lx_where *lx_where_new(const struct plan_node *where, struct err *e); /* NULL where: all */
void lx_where_free(struct lx_where *w);
/* out = rows of in that match; in and out differ. */
int lx_where_rows(struct lx_where *w, struct lx_ctx *c, const struct lx_rows *in,
                  struct lx_rows *out);
/* Asks for what the conditions will read first of a segment, and what cannot be avoided at all. The segment is open. */
void lx_where_soon(const struct lx_where *w, struct seg *s);
uint64_t lx_where_gave_up(const struct lx_where *w); /* as matcher_gave_up */
/* The program in words, a line a condition. */
void lx_where_text(const struct lx_where *w, struct buf *b);

/* One condition (lake_leaf.c). */
struct lx_leaf {
	const struct plan_node *n;
	struct matcher *m;   /* NULL for field against field */
	struct filter *pair; /* field against field */
	VEC(struct slice) *
	        needles; /* per value: literal texts that a matching record must hold; nneedles lists */
	size_t nneedles;
	bool always_raw; /* no needle: every frame must be read */
	int cost;
	struct arena arena;
};
int lx_leaf_init(struct lx_leaf *l, const struct plan_node *n, struct err *e);
void lx_leaf_release(struct lx_leaf *l);
void lx_leaf_soon(const struct lx_leaf *l, struct seg *s);
int lx_leaf_rows(struct lx_leaf *l, struct lx_ctx *c, const struct lx_rows *in,
                 struct lx_rows *out);

/* ---- any field as a coded column over some rows ---- */

struct lx_col {
	const struct seg *seg;
	const struct seg_col *col; /* the segment's, or */
	const struct column *own;  /* made here */
	const uint32_t *codes;     /* 0: no value */
	const uint32_t *rowoff;    /* NULL: one code a row */
	uint32_t nvalues;
};
int lx_col_make(struct lx_ctx *c, const struct plan_field *f, const struct lx_rows *rows,
                struct lx_col *out);
/* The bucket of `span` that each row's time falls in; no code for a row without a time. */
int lx_col_buckets(struct lx_ctx *c, int64_t span, const struct lx_rows *rows, struct lx_col *out);
struct slice lx_value(const struct lx_col *col, uint32_t code);
static inline void lx_places(const struct lx_col *col, uint32_t row, uint32_t *from, uint32_t *to)
{
	*from = col->rowoff ? col->rowoff[row] : row;
	*to = col->rowoff ? col->rowoff[row + 1] : row + 1;
}
/* NULL with c->e on errors. Holds until the next segment or LX_PATHS_KEPT other paths. */
const struct lx_path *lx_path(struct lx_ctx *c, const char *path);
/* Values of a field of one row, whatever kind of field it is. */
int lx_row_values(struct lx_ctx *c, uint32_t row, const struct plan_field *f,
                  bool (*fn)(void *, struct slice), void *ctx);

/* ---- after the conditions ---- */

/* Number of different tuples seen: pairs of (what was before, code). */
struct lx_pairs {
	uint64_t *keys;
	uint32_t *slots; /* pair + 1 */
	size_t n, cap, nslots;
};
void lx_pairs_release(struct lx_pairs *p);
uint32_t lx_pairs_number(struct lx_pairs *p, uint64_t key);

/* Tuples of values over some columns; a row has every combination of one different value of each. No columns: one tuple, 0. */
#define LX_COLS_MAX (MW_PLAN_BY_MAX + 1)
struct lx_tuples {
	size_t ncols;
	struct lx_col cols[LX_COLS_MAX];
	struct lx_pairs levels[LX_COLS_MAX]; /* (tuple of the columns before, code) -> tuple */
};
void lx_tuples_release(struct lx_tuples *t);
void lx_tuples_each(struct lx_tuples *t, uint32_t row,
                    void (*fn)(void *, uint32_t tuple, uint32_t row), void *ctx);
void lx_tuple_values(const struct lx_tuples *t, uint32_t tuple, struct slice *out);

/* Baseline: first every segment's rows of the window before, then the rows to keep. Safe from several threads. */
struct lx_baseline;
struct lx_baseline *lx_baseline_new(const struct plan_baseline *b);
void lx_baseline_free(struct lx_baseline *b);
int lx_baseline_learn(struct lx_baseline *b, struct lx_ctx *c, const struct lx_rows *rows);
int lx_baseline_keep(struct lx_baseline *b, struct lx_ctx *c, struct lx_rows *rows);

/* Sequence: hits of each stage of each segment, then the rows to keep, a set for each segment. */
struct lx_sequence;
struct lx_sequence *lx_sequence_new(const struct plan_sequence *q);
void lx_sequence_free(struct lx_sequence *s);
int lx_sequence_add(struct lx_sequence *s, struct lx_ctx *c, size_t segment, size_t stage,
                    const struct lx_rows *rows);
/* keep[segment]: made where it has rows; free() each. */
void lx_sequence_finish(struct lx_sequence *s, struct lx_rows **keep);

/* Different values of one normalised field and how many of the rows have each. Adding is safe from several threads. */
struct lx_values;
struct lx_values *lx_values_new(void);
void lx_values_free(struct lx_values *v);
int lx_values_add(struct lx_values *v, struct lx_ctx *c, field_id f, const struct lx_rows *rows);
uint64_t lx_values_rows(const struct lx_values *v); /* rows added in all */
/* Once, in no order; texts point into segments. */
void lx_values_each(struct lx_values *v, void (*fn)(void *, struct slice, uint64_t), void *ctx);

struct lx_groups;
struct lx_groups *lx_groups_new(const struct plan_search *s);
void lx_groups_free(struct lx_groups *g);
/* Adds the rows of a segment. Safe from several threads. */
int lx_groups_add(struct lx_groups *g, struct lx_ctx *c, const struct lx_rows *rows);
/* Asks for the columns of a segment all of whose rows are to be added. */
void lx_groups_soon(const struct lx_groups *g, struct seg *s);
int lx_groups_result(struct lx_groups *g, struct eval_result *out, struct err *e);

struct lx_events;
struct lx_events *lx_events_new(struct plan *p, const struct plan_search *s, struct err *e);
void lx_events_free(struct lx_events *ev);
int lx_events_add(struct lx_events *ev, struct lx_ctx *c,
                  const struct lx_rows *rows); /* several threads */
/* Sorts, cuts, pushes. */
int lx_events_push(struct lx_events *ev, const char *source, const struct source_run *run,
                   const struct source_sink *sink, struct source_done *done, struct err *e);

#endif
