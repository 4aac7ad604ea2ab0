/* A search step over the lake: segments shared out to threads, then the rows. */
#include "source/lake_exec.h"

#include <pthread.h>
#include <stdatomic.h>

struct search {
	struct lake *l;
	struct plan *p; /* a clone */
	const struct plan_search *s;
	const struct source_run *run;
	const struct source_sink *sink;
	struct source_done *done;
	struct lx_groups *groups;
	struct lx_events *events;
	struct lx_baseline *baseline;
	struct lx_sequence *sequence;
	struct lx_rows **kept; /* by segment, of a sequence */
	struct lx_notes notes;
};

/* A pass over all segments: fn is called for each, on any of the threads. */
struct worker;
typedef int seg_fn(struct worker *w, size_t segment, struct lake_seg *ls);
struct pass {
	struct search *x;
	seg_fn *fn;
	atomic_size_t next;
	atomic_bool stop;
};
struct worker {
	struct pass *pass;
	struct search *x;
	struct lx_ctx c;
	struct lx_where *where;
	struct lx_where **stages;
	struct lx_rows *rows; /* of the segment in hand */
	struct err err;
	int rc;
	pthread_t thread;
	bool started, leads;
};

/* ---- scope of a segment ---- */

static bool dataset_out(const struct search *x, const struct lake_seg *ls)
{
	return !plan_dataset_in(x->s, ls->dataset);
}

/* No event of the segment is in [from, to). */
static bool time_out(const struct lake_seg *ls, mw_time from, mw_time to)
{
	return ls->from == MW_TIME_NONE || ls->to < from || ls->from >= to;
}

static void window_of(const struct plan_search *s, mw_time *from, mw_time *to)
{
	*from = s->from.kind == PW_ABS ? s->from.t : MW_TIME_NONE;
	*to = s->to.kind == PW_ABS ? s->to.t : INT64_MAX;
}

static bool has_window(const struct plan_search *s)
{
	return s->from.kind == PW_ABS || s->to.kind == PW_ABS;
}

static void live_rows(const struct lake_seg *ls, struct lx_rows *out)
{
	memset(out, 0, sizeof(*out));
	for (uint32_t i = 0; i < ls->rows / 64; i++)
		out->w[i] = ~UINT64_C(0);
	if (ls->rows % 64)
		out->w[ls->rows / 64] = ~UINT64_C(0) >> (64 - ls->rows % 64);
	for (uint32_t i = 0; ls->dead && i < (ls->rows + 63) / 64; i++)
		out->w[i] &= ~ls->dead[i];
}

static int in_window(struct lx_ctx *c, mw_time from, mw_time to, struct lx_rows *rows)
{
	struct seg_ints time;

	if (c->ls->from != MW_TIME_NONE && c->ls->from >= from && c->ls->to < to && !c->ls->untimed)
		return 0;
	if (seg_ints(c->s, SEG_TIME, &time, c->e))
		return -1;
	for (uint32_t row = 0; row < c->ls->rows; row++) {
		mw_time t = seg_int(&time, row);
		if (t == MW_TIME_NONE || t < from || t >= to)
			rows->w[row / 64] &= ~(UINT64_C(1) << (row % 64));
	}
	return 0;
}

/* Live rows of the window that match; times first, since they cost least. */
static int scope(struct worker *w, struct lake_seg *ls, bool windowed, mw_time from, mw_time to)
{
	struct lx_rows *in = arena_alloc(&w->c.arena, sizeof(*in));

	if (lx_enter(&w->c, ls))
		return -1;
	live_rows(ls, in);
	w->c.notes.segments++;
	w->c.notes.rows += ls->live;
	if ((windowed && in_window(&w->c, from, to, in)) ||
	    lx_where_rows(w->where, &w->c, in, w->rows))
		return -1;
	w->c.notes.by_value += lx_none(w->rows);
	return 0;
}

/* ---- passes ---- */

static int learn_segment(struct worker *w, size_t segment, struct lake_seg *ls)
{
	const struct plan_baseline *b = w->x->s->baseline;

	(void)segment;
	if (dataset_out(w->x, ls) || time_out(ls, b->from, b->to))
		return 0;
	if (scope(w, ls, true, b->from, b->to))
		return -1;
	return lx_baseline_learn(w->x->baseline, &w->c, w->rows);
}

static int stage_hits(struct worker *w, size_t segment)
{
	struct lx_rows *hits = arena_alloc(&w->c.arena, sizeof(*hits));

	for (size_t i = 0; i < w->x->s->sequence->nstages; i++)
		if (lx_where_rows(w->stages[i], &w->c, w->rows, hits) ||
		    lx_sequence_add(w->x->sequence, &w->c, segment, i, hits))
			return -1;
	return 0;
}

static int give_rows(struct worker *w)
{
	if (lx_none(w->rows))
		return 0;
	return w->x->groups ? lx_groups_add(w->x->groups, &w->c, w->rows)
	                    : lx_events_add(w->x->events, &w->c, w->rows);
}

static int match_segment(struct worker *w, size_t segment, struct lake_seg *ls)
{
	mw_time from, to;

	window_of(w->x->s, &from, &to);
	if (dataset_out(w->x, ls)) {
		w->c.notes.by_dataset++;
		return 0;
	}
	if (has_window(w->x->s) && time_out(ls, from, to)) {
		w->c.notes.by_time++;
		return 0;
	}
	if (scope(w, ls, has_window(w->x->s), from, to))
		return -1;
	if (w->x->baseline && lx_baseline_keep(w->x->baseline, &w->c, w->rows))
		return -1;
	return w->x->sequence ? stage_hits(w, segment) : give_rows(w);
}

static int kept_segment(struct worker *w, size_t segment, struct lake_seg *ls)
{
	if (!w->x->kept[segment])
		return 0;
	if (lx_enter(&w->c, ls))
		return -1;
	*w->rows = *w->x->kept[segment];
	return give_rows(w);
}

static int compile(struct worker *w)
{
	const struct plan_sequence *q = w->x->s->sequence;

	w->c.e = &w->err;
	w->c.run = w->x->run;
	w->rows = xcalloc(1, sizeof(*w->rows));
	w->where = lx_where_new(w->x->s->where, &w->err);
	if (!w->where)
		return -1;
	if (!q)
		return 0;
	w->stages = xcalloc(q->nstages, sizeof(struct lx_where *));
	for (size_t i = 0; i < q->nstages; i++) {
		w->stages[i] = lx_where_new(q->stages[i], &w->err);
		if (!w->stages[i])
			return -1;
	}
	return 0;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct pass *pass = w->pass;
	struct lake *l = w->x->l;
	size_t i;

	while (!atomic_load(&pass->stop) && (i = atomic_fetch_add(&pass->next, 1)) < l->segs.n) {
		w->rc = lx_pause(&w->c) || pass->fn(w, i, l->segs.v[i]) ? -1 : 0;
		lx_leave(&w->c);
		if (w->rc) {
			atomic_store(&pass->stop, true);
			break;
		}
		if (w->leads && w->x->sink->progress)
			w->x->sink->progress(w->x->sink->ctx, 0,
			                     (double)atomic_load(&pass->next) / (double)l->segs.n);
	}
	return NULL;
}

static void add_notes(struct lx_notes *to, const struct worker *w)
{
	const struct lx_notes *n = &w->c.notes;

	to->segments += n->segments;
	to->by_time += n->by_time;
	to->by_dataset += n->by_dataset;
	to->by_value += n->by_value;
	to->rows += n->rows;
	to->frames += n->frames;
	to->frames_read += n->frames_read;
	if (w->where)
		to->gave_up += lx_where_gave_up(w->where);
	for (size_t i = 0; w->stages && i < w->x->s->sequence->nstages; i++)
		if (w->stages[i])
			to->gave_up += lx_where_gave_up(w->stages[i]);
}

static void worker_release(struct worker *w)
{
	for (size_t i = 0; w->stages && i < w->x->s->sequence->nstages; i++)
		lx_where_free(w->stages[i]);
	free(w->stages);
	lx_where_free(w->where);
	free(w->rows);
	lx_ctx_release(&w->c);
}

/* Before the first of it is read: many waits for the disk become one. Only the calling thread is at work yet. */
static int announce(struct search *x, const struct lx_where *where, struct err *e)
{
	mw_time from, to;

	window_of(x->s, &from, &to);
	for (size_t i = 0; i < x->l->segs.n; i++) {
		struct lake_seg *ls = x->l->segs.v[i];
		if (dataset_out(x, ls) || (has_window(x->s) && time_out(ls, from, to)))
			continue;
		if (lake_seg_open(ls, e))
			return -1;
		lx_where_soon(where, &ls->seg);
		if (!x->s->where && x->groups)
			lx_groups_soon(x->groups, &ls->seg);
	}
	return 0;
}

/* The calling thread leads; others help where there is enough to do. */
static int run_pass(struct search *x, seg_fn *fn, struct err *e)
{
	struct pass pass = {.x = x, .fn = fn};
	struct worker w[LX_THREADS] = {0};
	size_t n = x->l->segs.n > 1 ? LX_THREADS : 1;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		w[i] = (struct worker){.pass = &pass, .x = x, .leads = i == 0};
		rc = w[i].rc = compile(&w[i]);
	}
	if (rc == 0 && fn == match_segment)
		rc = announce(x, w[0].where, e);
	for (size_t i = 1; i < n && rc == 0; i++)
		w[i].started = pthread_create(&w[i].thread, NULL, work, &w[i]) == 0;
	if (rc == 0)
		work(&w[0]);
	for (size_t i = 0; i < n; i++) {
		if (w[i].started)
			pthread_join(w[i].thread, NULL);
		if (w[i].rc) {
			rc = -1;
			if (e)
				*e = w[i].err;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (w[i].x)
			add_notes(&x->notes, &w[i]);
		if (w[i].x)
			worker_release(&w[i]);
	}
	return rc;
}

/* ---- the step ---- */

static int run_passes(struct search *x, struct err *e)
{
	int rc;

	if (x->s->baseline) {
		x->baseline = lx_baseline_new(x->s->baseline);
		if (run_pass(x, learn_segment, e))
			return -1;
		x->notes = (struct lx_notes){.rows = x->notes.rows, .gave_up = x->notes.gave_up};
	}
	if (x->s->sequence)
		x->sequence = lx_sequence_new(x->s->sequence);
	rc = run_pass(x, match_segment, e);
	if (rc || !x->sequence)
		return rc;
	x->kept = xcalloc(x->l->segs.n + 1, sizeof(struct lx_rows *));
	lx_sequence_finish(x->sequence, x->kept);
	return run_pass(x, kept_segment, e);
}

static int push_groups(struct search *x, const char *name, struct err *e)
{
	struct eval_result r = {0};
	int rc = lx_groups_result(x->groups, &r, e);

	for (size_t i = 0; i < r.rows.n && rc == 0; i++) {
		struct source_row row = {.source = name,
		                         .cols = r.rows.v[i].cols,
		                         .ncols = r.ncols,
		                         .id = EVENT_ID_NONE};
		rc = x->sink->row(x->sink->ctx, &row, e);
		x->done->rows += rc == 0;
	}
	x->done->limited = r.limited;
	eval_result_release(&r);
	return rc;
}

/* What was found before the deadline is given, and said to be partial. */
static int after_passes(struct search *x, const char *name, int rc, struct err *e)
{
	struct source_run run = *x->run;

	if (rc && e->code == ERR_DEADLINE && !x->sequence) {
		x->done->partial = true;
		snprintf(x->done->why, sizeof(x->done->why), "%.255s", e->what);
		run.deadline_us = 0;
		rc = 0;
	}
	if (x->notes.gave_up) {
		x->done->partial = true;
		snprintf(x->done->why, sizeof(x->done->why),
		         "on %llu values the regular expression was too costly to decide; they "
		         "count as not matching",
		         (unsigned long long)x->notes.gave_up);
	}
	if (rc)
		return -1;
	return x->groups ? push_groups(x, name, e)
	                 : lx_events_push(x->events, name, &run, x->sink, x->done, e);
}

static void describe_scope(const struct search *x, struct buf *b)
{
	const struct lx_notes *n = &x->notes;

	buf_printf(b,
	           "lake: %llu of %zu segments read (%llu skipped by time, %llu by dataset), %llu "
	           "held no match, %llu rows "
	           "looked at",
	           (unsigned long long)n->segments, x->l->segs.n, (unsigned long long)n->by_time,
	           (unsigned long long)n->by_dataset, (unsigned long long)n->by_value,
	           (unsigned long long)n->rows);
	if (n->frames)
		buf_printf(b, ", %llu of %llu raw frames unpacked",
		           (unsigned long long)n->frames_read, (unsigned long long)n->frames);
	buf_ch(b, '\n');
}

static void describe_window(const struct plan_search *s, struct buf *b)
{
	char from[32] = "the beginning", to[32] = "the end";

	for (size_t i = 0; i < s->ndatasets; i++)
		buf_printf(b, "%s%s", i ? ", " : "  dataset ", s->datasets[i]);
	if (s->ndatasets)
		buf_ch(b, '\n');
	if (s->from.kind == PW_ABS)
		mw_time_format(s->from.t, from);
	if (s->to.kind == PW_ABS)
		mw_time_format(s->to.t, to);
	if (has_window(s))
		buf_printf(b, "  time %s <= t < %s\n", from, to);
}

/* The program that ran, in words. */
static void describe(struct search *x)
{
	struct lx_where *w = lx_where_new(x->s->where, NULL);
	struct buf b = BUF_INIT;

	describe_scope(x, &b);
	describe_window(x->s, &b);
	if (w)
		lx_where_text(w, &b);
	lx_where_free(w);
	if (x->s->baseline)
		buf_str(&b, "  then rows whose key was not seen in the window before\n");
	if (x->s->sequence)
		buf_printf(&b, "  then chains of %zu stages\n", x->s->sequence->nstages);
	buf_str(&b, x->groups ? "  counted by dictionary codes, merged by value\n"
	                      : "  rows by time, made from columns\n");
	x->done->sent = buf_take(&b, NULL);
}

static void search_release(struct search *x)
{
	for (size_t i = 0; x->kept && i < x->l->segs.n; i++)
		free(x->kept[i]);
	free(x->kept);
	lx_groups_free(x->groups);
	lx_events_free(x->events);
	lx_baseline_free(x->baseline);
	lx_sequence_free(x->sequence);
	plan_free(x->p);
}

struct lake_source {
	struct source base;
	struct lake *l;
	char name[];
};

static int lake_search(struct source *s, const struct plan *p, size_t i,
                       const struct source_run *run, const struct source_sink *sink,
                       struct source_done *done, struct err *e)
{
	const struct lake_source *ls = (const struct lake_source *)(const void *)s;
	struct search x = {.l = ls->l, .run = run, .sink = sink, .done = done};
	struct err own;
	int rc;

	e = e ? e : &own;
	*done = (struct source_done){.complete_to = MW_TIME_NONE};
	if (p->steps[i].kind != PS_SEARCH)
		return err_set(e, ERR_INVALID,
		               "step %zu asks the graph; the lake runs searches only", i + 1);
	x.p = plan_clone(p);
	x.s = &x.p->steps[i].search;
	if (plan_is_grouped(x.s))
		x.groups = lx_groups_new(x.s);
	else
		x.events = lx_events_new(x.p, x.s, e);
	rc = x.groups || x.events ? run_passes(&x, e) : -1;
	if (x.groups || x.events)
		rc = after_passes(&x, s->name, rc, e);
	done->scanned = x.notes.rows;
	describe(&x);
	search_release(&x);
	return rc;
}

static void lake_source_close(struct source *s)
{
	free(s);
}

struct source *source_lake_open(struct lake *l, const char *name)
{
	static const struct source_ops ops = {
	        .kind = "lake", .search = lake_search, .close = lake_source_close};
	size_t n = strlen(name) + 1;
	struct lake_source *s = xcalloc(1, sizeof(*s) + n);

	memcpy(s->name, name, n);
	s->base = (struct source){&ops, s->name};
	s->l = l;
	return &s->base;
}
