/* Event rows: which, in what order, how many; then each is made from its columns. */
#include "source/lake_exec.h"

#include <pthread.h>

#include "base/limits.h"
#include "plan/number.h"

struct erow {
	mw_time time;
	event_id id;
	struct lake_seg *seg;
	uint32_t row;
	struct slice *keys; /* nsort */
};
struct lx_events {
	const struct plan_search *s;
	pthread_mutex_t lock;
	VEC(struct erow) rows;
	size_t limit;
	uint64_t dropped;          /* rows that sort behind the limit, let go on the way */
	struct plan_field *fields; /* to sort by */
	struct arena arena;
};

struct lx_events *lx_events_new(struct plan *p, const struct plan_search *s, struct err *e)
{
	struct lx_events *ev = xcalloc(1, sizeof(*ev));

	ev->s = s;
	ev->limit = (size_t)(s->limit ? s->limit : MW_PLAN_ROWS_DEFAULT);
	ev->fields = arena_zalloc(&ev->arena, (s->nsort + 1) * sizeof(*ev->fields));
	pthread_mutex_init(&ev->lock, NULL);
	for (size_t i = 0; i < s->nsort; i++) {
		if (plan_field_set(p, &ev->fields[i], s->sort[i].column))
			continue;
		err_set(e, ERR_INVALID, "no field is called \"%s\" to sort by", s->sort[i].column);
		lx_events_free(ev);
		return NULL;
	}
	return ev;
}

void lx_events_free(struct lx_events *ev)
{
	if (!ev)
		return;
	vec_free(&ev->rows);
	arena_release(&ev->arena);
	pthread_mutex_destroy(&ev->lock);
	free(ev);
}

/* ---- order ---- */

static int cmp_time(mw_time a, mw_time b)
{
	if (a == MW_TIME_NONE || b == MW_TIME_NONE)
		return (a == MW_TIME_NONE) - (b == MW_TIME_NONE);
	return (a > b) - (a < b);
}

/* Missing values come last, whichever way the others run. */
static int cmp_cell(struct slice a, struct slice b, bool desc)
{
	int c;

	if (a.n == 0 || b.n == 0)
		return (a.n == 0) - (b.n == 0);
	c = value_cmp(a, b);
	return desc ? -c : c;
}

/* Rows that stand equal here are ties. */
static int cmp_keys(const struct erow *a, const struct erow *b, const struct plan_search *s)
{
	int c = 0;

	for (size_t i = 0; i < s->nsort && !c; i++)
		c = cmp_cell(a->keys[i], b->keys[i], s->sort[i].desc);
	return c || s->nsort ? c : cmp_time(a->time, b->time);
}

static int cmp_rows(const void *a, const void *b, void *ctx)
{
	const struct lx_events *ev = ctx;
	const struct erow *x = a, *y = b;
	int c = cmp_keys(x, y, ev->s);

	c = c ? c : cmp_time(x->time, y->time);
	return c ? c : (x->id > y->id) - (x->id < y->id);
}

static void sort_rows(struct lx_events *ev)
{
	if (ev->rows.n)
		qsort_r(ev->rows.v, ev->rows.n, sizeof(*ev->rows.v), cmp_rows, ev);
}

/* How many of the sorted rows are the answer. */
static size_t rows_wanted(const struct lx_events *ev)
{
	size_t n = ev->limit;

	if (n >= ev->rows.n)
		return ev->rows.n;
	while (ev->s->with_ties && n > 0 && n < ev->rows.n &&
	       cmp_keys(&ev->rows.v[n - 1], &ev->rows.v[n], ev->s) == 0)
		n++;
	return n;
}

/* Keeps the memory at a few times the limit: what sorts behind it can go at any time. */
static void shed(struct lx_events *ev)
{
	size_t n;

	if (ev->rows.n < ev->limit * 2 + 65536)
		return;
	sort_rows(ev);
	n = rows_wanted(ev);
	ev->dropped += ev->rows.n - n;
	ev->rows.n = n;
}

/* ---- collecting ---- */

static void sort_keys(struct lx_events *ev, const struct lx_col *cols, uint32_t row,
                      struct erow *out)
{
	out->keys = arena_zalloc(&ev->arena, (ev->s->nsort + 1) * sizeof(*out->keys));
	for (size_t i = 0; i < ev->s->nsort; i++) {
		uint32_t from, to;
		struct slice v = {"", 0};
		lx_places(&cols[i], row, &from, &to);
		for (; from < to && !v.n; from++)
			if (cols[i].codes[from])
				v = lx_value(&cols[i], cols[i].codes[from]);
		out->keys[i] =
		        cols[i].own ? (struct slice){arena_memdup(&ev->arena, v.s, v.n), v.n} : v;
	}
}

static void add_row(struct lx_events *ev, struct lx_ctx *c, const struct lx_col *cols, mw_time t,
                    uint32_t row)
{
	struct erow *r = vec_push(&ev->rows);

	*r = (struct erow){.time = t, .id = lake_row_id(c->ls, row), .seg = c->ls, .row = row};
	if (ev->s->nsort)
		sort_keys(ev, cols, row, r);
}

int lx_events_add(struct lx_events *ev, struct lx_ctx *c, const struct lx_rows *rows)
{
	struct lx_col cols[MW_PLAN_BY_MAX];
	uint32_t n = c->s->head.rows;
	int64_t t = MW_TIME_NONE;
	int rc = 0;

	for (size_t i = 0; i < ev->s->nsort; i++)
		if (lx_col_make(c, &ev->fields[i], rows, &cols[i]))
			return -1;
	pthread_mutex_lock(&ev->lock);
	for (uint32_t row = lx_next(rows, 0); row < n && rc == 0; row = lx_next(rows, row + 1)) {
		rc = seg_int_at(c->s, SEG_TIME, row, &t, c->e);
		if (rc == 0)
			add_row(ev, c, cols, t, row);
	}
	shed(ev);
	pthread_mutex_unlock(&ev->lock);
	return rc;
}

/* ---- giving ---- */

/* Rows come in time order but lie in frames by arrival: a few unpacked frames are kept. */
#define FRAMES_KEPT 64
#define FEW_ROWS 8 /* for which the disk is asked ahead */
struct frames {
	struct seg_raw raw[FRAMES_KEPT];
	uint64_t used[FRAMES_KEPT], clock;
};

static struct seg_raw *raw_for(struct frames *fs, struct seg *s, uint32_t row, struct err *e)
{
	const struct seg_frame *f = seg_frame_of(s, row, e);
	size_t oldest = 0;

	for (size_t i = 0; f && i < FRAMES_KEPT; i++) {
		if (fs->raw[i].seg == s && fs->raw[i].frame == f) {
			fs->used[i] = ++fs->clock;
			return &fs->raw[i];
		}
		oldest = fs->used[i] < fs->used[oldest] ? i : oldest;
	}
	fs->used[oldest] = ++fs->clock;
	return f ? &fs->raw[oldest] : NULL;
}

struct giving {
	const struct source_run *run;
	const struct source_sink *sink;
	const char *source;
	struct frames frames;
	struct event event;
	struct arena arena;
};

static int give(struct giving *g, const struct erow *r, struct err *e)
{
	struct source_row row = {.source = g->source, .event = &g->event, .id = r->id};
	struct seg_raw *raw = NULL;

	if (lake_seg_open(r->seg, e))
		return -1;
	if (g->run->need_raw && !(raw = raw_for(&g->frames, &r->seg->seg, r->row, e)))
		return -1;
	if (lake_row_event(r->seg, r->row, raw, g->run->need_vals, &g->arena, &g->event, e) ||
	    g->sink->row(g->sink->ctx, &row, e))
		return -1;
	arena_reset(&g->arena);
	return 0;
}

int lx_events_push(struct lx_events *ev, const char *source, const struct source_run *run,
                   const struct source_sink *sink, struct source_done *done, struct err *e)
{
	struct giving *g = xcalloc(1, sizeof(*g));
	struct lx_ctx pause = {.run = run, .e = e};
	size_t n;
	int rc = 0;

	sort_rows(ev);
	n = rows_wanted(ev);
	done->limited = n < ev->rows.n || ev->dropped;
	*g = (struct giving){.run = run, .sink = sink, .source = source};
	for (size_t i = 0; i < n && n <= FEW_ROWS && run->need_vals; i++)
		lake_row_soon(ev->rows.v[i].seg, ev->rows.v[i].row);
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = i % 1024 == 1023 ? lx_pause(&pause) : 0;
		if (rc == 0)
			rc = give(g, &ev->rows.v[i], e);
		done->rows += rc == 0;
	}
	for (size_t i = 0; i < FRAMES_KEPT; i++)
		seg_raw_release(&g->frames.raw[i]);
	event_release(&g->event);
	arena_release(&g->arena);
	free(g);
	return rc;
}
