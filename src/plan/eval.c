/* The reference evaluator: one step after the other, as plan.h tells it. */
#include "base/limits.h"
#include "base/map.h"
#include "plan/group.h"
#include "plan/number.h"
#include "plan/resolve.h"
#include "plan/tuples.h"
#include "plan/sequence.h"

/* One step being run over events[0..n); `in` marks the events that are still in. */
struct run {
	struct plan *p; /* a clone, resolved */
	const struct plan_search *s;
	const struct event *events;
	size_t n;
	bool *in;
	struct eval_result *out;
	struct err *e;
};

void eval_result_release(struct eval_result *r)
{
	vec_free(&r->rows);
	arena_release(&r->arena);
}

/* ---- scope: datasets, window, where ---- */

static int mark_scope(struct run *r)
{
	struct filter *f = filter_new(r->s->where, r->e);
	struct eval_view v;

	if (!f)
		return -1;
	for (size_t i = 0; i < r->n; i++) {
		eval_view_of_event(&v, &r->events[i]);
		r->in[i] = plan_dataset_in(r->s, r->events[i].dataset) && filter_match(f, &v);
	}
	filter_free(f);
	return 0;
}

static void mark_window(struct run *r)
{
	for (size_t i = 0; i < r->n; i++)
		r->in[i] = r->in[i] && plan_time_in(r->s, r->events[i].time);
}

/* ---- sequence ---- */

static void add_hits(const struct run *r, struct sequence_join *j, size_t stage, size_t event)
{
	const struct plan_sequence *q = r->s->sequence;
	const struct plan_field *by =
	        q->stage_by && q->stage_by[stage].name ? &q->stage_by[stage] : &q->by;
	struct value_list values = {0};
	struct arena a = ARENA_INIT;
	struct eval_view v;

	eval_view_of_event(&v, &r->events[event]);
	if (q->by.name)
		view_values(&v, by, &a, &values);
	else
		*vec_push(&values.v) = (struct slice){"", 0};
	for (size_t i = 0; i < values.v.n; i++)
		sequence_add(j, stage, event, r->events[event].time, values.v.v[i]);
	vec_free(&values.v);
	arena_release(&a);
}

static int add_stage(const struct run *r, struct sequence_join *j, size_t stage)
{
	struct filter *f = filter_new(r->s->sequence->stages[stage], r->e);
	struct eval_view v;

	if (!f)
		return -1;
	for (size_t i = 0; i < r->n; i++) {
		eval_view_of_event(&v, &r->events[i]);
		if (r->in[i] && r->events[i].time != MW_TIME_NONE && filter_match(f, &v))
			add_hits(r, j, stage, i);
	}
	filter_free(f);
	return 0;
}

static int keep_sequence(struct run *r)
{
	struct sequence_join *j;
	int rc = 0;

	if (!r->s->sequence)
		return 0;
	j = sequence_new(r->s->sequence);
	for (size_t i = 0; i < r->s->sequence->nstages && !rc; i++)
		rc = add_stage(r, j, i);
	if (!rc)
		sequence_finish(j, r->in, r->n);
	sequence_free(j);
	return rc;
}

/* ---- baseline ---- */

struct seen {
	struct map counts; /* folded tuple -> events with it in the window before */
	int64_t max;
	bool add, fresh; /* counting, or asking */
};

static bool see_tuple(void *ctx, const struct slice *tuple, size_t n)
{
	struct seen *s = ctx;
	struct buf key = BUF_INIT;
	struct map_entry *m;

	tuple_key_folded(&key, tuple, n);
	m = s->add ? map_put(&s->counts, key.s, key.len, NULL)
	           : map_get(&s->counts, key.s, key.len);
	buf_release(&key);
	if (s->add)
		m->val.u++;
	else if (!m || m->val.u <= (uint64_t)s->max)
		s->fresh = true;
	return !s->fresh;
}

static void see_event(const struct run *r, struct seen *s, size_t event)
{
	struct value_list keys[MW_PLAN_BY_MAX] = {0};
	struct arena a = ARENA_INIT;
	struct eval_view v;

	eval_view_of_event(&v, &r->events[event]);
	for (size_t i = 0; i < r->s->baseline->nkey; i++)
		view_values(&v, &r->s->baseline->key[i], &a, &keys[i]);
	s->fresh = false;
	each_tuple(keys, r->s->baseline->nkey, see_tuple, s);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		vec_free(&keys[i].v);
	arena_release(&a);
}

static bool in_window(mw_time t, mw_time from, mw_time to)
{
	return t != MW_TIME_NONE && t >= from && t < to;
}

/* Runs while `in` still holds the events of every time. */
static void learn_baseline(const struct run *r, struct seen *s)
{
	const struct plan_baseline *b = r->s->baseline;

	s->add = true;
	for (size_t i = 0; b && i < r->n; i++)
		if (r->in[i] && in_window(r->events[i].time, b->from, b->to))
			see_event(r, s, i);
	s->add = false;
	s->max = b ? b->max_count : 0;
}

static void keep_fresh(struct run *r, struct seen *s)
{
	for (size_t i = 0; r->s->baseline && i < r->n; i++) {
		if (!r->in[i])
			continue;
		see_event(r, s, i);
		r->in[i] = s->fresh;
	}
}

/* ---- rows ---- */

static int make_groups(struct run *r)
{
	struct groups *g = groups_new(r->s);
	struct eval_view v;

	for (size_t i = 0; i < r->n; i++) {
		eval_view_of_event(&v, &r->events[i]);
		if (r->in[i])
			groups_add(g, &v);
	}
	groups_rows(g, r->out);
	groups_free(g);
	return rows_finish_groups(r->s, r->out, r->e);
}

static int make_rows(struct run *r)
{
	if (plan_is_grouped(r->s))
		return make_groups(r);
	for (size_t i = 0; i < r->n; i++)
		if (r->in[i])
			*vec_push(&r->out->rows) =
			        (struct eval_row){.event = &r->events[i], .index = i};
	return rows_finish_events(r->p, r->s, r->out, r->e);
}

static int run_step(struct run *r)
{
	struct seen seen = {0};
	int rc = mark_scope(r);

	if (!rc) {
		learn_baseline(r, &seen);
		mark_window(r);
		keep_fresh(r, &seen);
		rc = keep_sequence(r);
	}
	map_release(&seen.counts);
	return rc ? rc : make_rows(r);
}

/* ---- what later steps take from earlier ones ---- */

struct earlier {
	const struct plan *p;
	const struct eval_result *results;
};
struct distinct {
	struct map seen;
	void (*add)(void *, struct slice);
	void *ctx;
};

static bool add_distinct(void *ctx, struct slice v)
{
	struct distinct *d = ctx;
	struct buf key = BUF_INIT;
	bool added;

	tuple_key_folded(&key, &v, 1);
	(void)map_put(&d->seen, key.s, key.len, &added);
	buf_release(&key);
	if (added && d->seen.n <= MW_PIVOT_VALUES_MAX)
		d->add(d->ctx, v);
	return true;
}

struct earlier_column {
	int col; /* of a grouped step, else -1 */
	struct plan_field field;
};

static struct earlier_column earlier_column(const struct earlier *from, int step, const char *name,
                                            struct plan *scratch)
{
	struct earlier_column c = {.col = plan_column_find(&from->p->steps[step].search, name)};

	(void)plan_field_set(scratch, &c.field, name);
	return c;
}

static void row_values(const struct earlier_column *c, const struct eval_row *row,
                       bool (*fn)(void *, struct slice), void *ctx)
{
	struct eval_view v;

	if (c->col >= 0) {
		if (row->cols[c->col].n)
			(void)fn(ctx, row->cols[c->col]);
	} else if (row->event) {
		eval_view_of_event(&v, row->event);
		v.values(v.ctx, &c->field, fn, ctx);
	}
}

static void earlier_values(void *ctx, int step, const char *column,
                           void (*add)(void *, struct slice), void *add_ctx)
{
	const struct earlier *from = ctx;
	struct distinct d = {.add = add, .ctx = add_ctx};
	struct plan scratch = {0};
	const struct earlier_column c = earlier_column(from, step, column, &scratch);
	const struct eval_row *row;

	vec_each (row, &from->results[step].rows)
		row_values(&c, row, add_distinct, &d);
	arena_release(&scratch.arena);
	map_release(&d.seen);
}

static void earlier_tuples(void *ctx, int step, const char *const *columns, size_t n,
                           void (*add)(void *, const struct slice *), void *add_ctx)
{
	const struct earlier *from = ctx;
	struct earlier_column c[TUPLE_COLUMNS_MAX];
	struct value_list cells[TUPLE_COLUMNS_MAX] = {0};
	struct plan scratch = {0};
	struct tuples t = {.ncols = n};
	const struct eval_row *row;

	for (size_t i = 0; i < n; i++)
		c[i] = earlier_column(from, step, columns[i], &scratch);
	vec_each (row, &from->results[step].rows) {
		struct arena a = ARENA_INIT;
		for (size_t i = 0; i < n; i++) {
			cells[i].v.n = 0;
			row_values(&c[i], row, value_collect_add,
			           &(struct value_collect){&a, &cells[i]});
		}
		tuples_row(&t, cells);
		arena_release(&a);
	}
	for (size_t i = 0; i < tuples_count(&t); i++)
		add(add_ctx, &t.values.v[i * n]);
	for (size_t i = 0; i < n; i++)
		vec_free(&cells[i].v);
	tuples_release(&t);
	arena_release(&scratch.arena);
}

static void earlier_times(void *ctx, int step, mw_time *first, mw_time *last)
{
	const struct earlier *from = ctx;
	const struct eval_row *row;

	vec_each (row, &from->results[step].rows) {
		if (row->event)
			times_widen(row->event->time, first, last);
		else
			row_times(&from->p->steps[step].search, row->cols, first, last);
	}
}

int plan_eval_step(const struct plan *p, size_t i, const struct event *events, size_t n,
                   const struct eval_result *earlier, struct eval_result *out, struct err *e)
{
	struct earlier before = {p, earlier};
	struct resolve_from from = {&before, earlier_values, earlier_tuples, earlier_times};
	struct run r = {.events = events, .n = n, .out = out, .e = e};
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (p->steps[i].kind != PS_SEARCH)
		return err_set(e, ERR_INVALID,
		               "step %zu asks the graph: only searches run over events", i);
	r.p = plan_clone(p);
	r.s = &r.p->steps[i].search;
	r.in = xcalloc(n + 1, sizeof(*r.in));
	out->ncols = plan_ncolumns(r.s);
	if (plan_resolve(r.p, i, &from))
		rc = run_step(&r);
	free(r.in);
	plan_free(r.p);
	if (rc)
		eval_result_release(out);
	return rc;
}
