/*
 * Stats over row sets. A segment is counted by codes first, which costs a few nanoseconds a row, and then merged by text,
 * once for each of its groups.
 */
#include "source/lake_exec.h"

#include <pthread.h>

#include "base/limits.h"
#include "plan/number.h"

struct lx_groups {
	const struct plan_search *s;
	pthread_mutex_t lock;
	struct map index; /* tuple -> number in v */
	VEC(struct stat *) v;
	VEC(struct slice) tuples; /* ncols a group */
	struct arena arena;
	size_t ncols;
	struct lx_values *values; /* instead of all that, where the step only counts one field */
};

/* One segment's groups: its tuples. */
struct local {
	const struct plan_search *s;
	struct lx_tuples by;
	struct lx_col values[MW_PLAN_BY_MAX]; /* of the stats' fields */
	struct lx_pairs seen[MW_PLAN_BY_MAX]; /* (group, value) */
	VEC(uint32_t) seen_n[MW_PLAN_BY_MAX]; /* how often each pair came */
	VEC(uint64_t) count;                  /* events of each group */
	VEC(mw_time) first, last;
	struct seg_ints time; /* where a stat is of times */
	bool timed;
};

/* The field of a step that is "count by field" or "count, distinct field": FIELD_NONE for all others. */
static field_id counted_field(const struct plan_search *s)
{
	const struct field *f = s->nby == 1 ? s->by[0].f : NULL;
	size_t distinct = 0;

	for (size_t i = 0; i < s->nstats; i++) {
		if (s->stats[i].fn == FN_DISTINCT && s->nby == 0 && s->stats[i].field.f &&
		    ++distinct == 1)
			f = s->stats[i].field.f;
		else if (s->stats[i].fn != FN_COUNT)
			return FIELD_NONE;
	}
	return s->span || s->nby > 1 || !f ? FIELD_NONE : f->id;
}

struct lx_groups *lx_groups_new(const struct plan_search *s)
{
	struct lx_groups *g = xcalloc(1, sizeof(*g));

	g->s = s;
	g->ncols = s->nby + (s->span > 0);
	pthread_mutex_init(&g->lock, NULL);
	if (counted_field(s) != FIELD_NONE)
		g->values = lx_values_new();
	return g;
}

static void free_stats(struct lx_groups *g, struct stat *st)
{
	for (size_t i = 0; i < g->s->nstats; i++)
		stat_release(&st[i]);
}

void lx_groups_free(struct lx_groups *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->v.n; i++)
		free_stats(g, g->v.v[i]);
	lx_values_free(g->values);
	vec_free(&g->v);
	vec_free(&g->tuples);
	map_release(&g->index);
	arena_release(&g->arena);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

/* ---- counting a segment ---- */

static void count_value(struct local *l, size_t stat, uint32_t group, uint32_t code)
{
	uint32_t pair = lx_pairs_number(&l->seen[stat], (uint64_t)group << 32 | code);

	while (l->seen_n[stat].n <= pair)
		*vec_push(&l->seen_n[stat]) = 0;
	l->seen_n[stat].v[pair]++;
}

static void count_event(void *ctx, uint32_t group, uint32_t row)
{
	struct local *l = ctx;
	while (l->count.n <= group) {
		*vec_push(&l->count) = 0;
		*vec_push(&l->first) = MW_TIME_NONE;
		*vec_push(&l->last) = MW_TIME_NONE;
	}
	l->count.v[group]++;
	if (l->timed)
		times_widen(seg_int(&l->time, row), &l->first.v[group], &l->last.v[group]);
	for (size_t i = 0; i < l->s->nstats; i++) {
		uint32_t from, to;
		if (!l->s->stats[i].field.name)
			continue;
		lx_places(&l->values[i], row, &from, &to);
		for (; from < to; from++)
			if (l->values[i].codes[from])
				count_value(l, i, group, l->values[i].codes[from]);
	}
}

static int local_columns(struct local *l, struct lx_ctx *c, const struct lx_rows *rows)
{
	struct lx_tuples *by = &l->by;

	for (size_t i = 0; i < l->s->nstats; i++)
		l->timed |= l->s->stats[i].fn == FN_FIRST || l->s->stats[i].fn == FN_LAST;
	if (l->timed && seg_ints(c->s, SEG_TIME, &l->time, c->e))
		return -1;
	if (l->s->span > 0 && lx_col_buckets(c, l->s->span, rows, &by->cols[by->ncols++]))
		return -1;
	for (size_t i = 0; i < l->s->nby; i++)
		if (lx_col_make(c, &l->s->by[i], rows, &by->cols[by->ncols++]))
			return -1;
	for (size_t i = 0; i < l->s->nstats; i++)
		if (l->s->stats[i].field.name &&
		    lx_col_make(c, &l->s->stats[i].field, rows, &l->values[i]))
			return -1;
	return 0;
}

static void local_release(struct local *l)
{
	lx_tuples_release(&l->by);
	for (size_t i = 0; i < MW_PLAN_BY_MAX; i++) {
		lx_pairs_release(&l->seen[i]);
		vec_free(&l->seen_n[i]);
	}
	vec_free(&l->count);
	vec_free(&l->first);
	vec_free(&l->last);
}

/* ---- merging ---- */

static struct slice copy(struct lx_groups *g, struct slice v)
{
	return (struct slice){arena_memdup(&g->arena, v.s, v.n), v.n};
}

static struct stat *global_group(struct lx_groups *g, const struct slice *tuple,
                                 const struct lx_col *cols, struct buf *key)
{
	struct map_entry *m;
	bool added;

	buf_reset(key);
	tuple_key(key, tuple, g->ncols);
	m = map_put(&g->index, key->s, key->len, &added);
	if (!added)
		return g->v.v[m->val.u];
	m->val.u = g->v.n;
	for (size_t i = 0; i < g->ncols; i++) /* values of the segment's own columns stay mapped */
		*vec_push(&g->tuples) = cols[i].col ? tuple[i] : copy(g, tuple[i]);
	struct stat *st = arena_alloc(&g->arena, (g->s->nstats + 1) * sizeof(*st));
	for (size_t i = 0; i < g->s->nstats; i++)
		stat_init(&st[i], g->s->stats[i].fn);
	*vec_push(&g->v) = st;
	return st;
}

static void merge_events(struct stat *st, const struct local *l, uint32_t group)
{
	if (st->fn == FN_FIRST || st->fn == FN_LAST)
		stat_add_event(st, st->fn == FN_FIRST ? l->first.v[group] : l->last.v[group]);
	else
		st->n += l->count.v[group];
}

static void merge_values(struct lx_groups *g, const struct local *l, size_t i, struct stat **of)
{
	bool sums = g->s->stats[i].fn == FN_SUM || g->s->stats[i].fn == FN_AVG;

	for (uint32_t pair = 0; pair < l->seen[i].n; pair++) {
		uint64_t key = l->seen[i].keys[pair];
		struct slice v = lx_value(&l->values[i], (uint32_t)key);
		for (uint32_t k = sums ? l->seen_n[i].v[pair] : 1; k > 0; k--)
			stat_add_value(&of[key >> 32][i], v);
	}
}

static void merge(struct lx_groups *g, const struct local *l)
{
	struct stat **of = xcalloc(l->count.n + 1, sizeof(struct stat *));
	struct slice tuple[LX_COLS_MAX];
	struct buf key = BUF_INIT;

	for (uint32_t group = 0; group < l->count.n; group++) {
		lx_tuple_values(&l->by, group, tuple);
		of[group] = global_group(g, tuple, l->by.cols, &key);
		for (size_t i = 0; i < g->s->nstats; i++)
			if (!g->s->stats[i].field.name)
				merge_events(&of[group][i], l, group);
	}
	for (size_t i = 0; i < g->s->nstats; i++)
		merge_values(g, l, i, of);
	buf_release(&key);
	free(of);
}

void lx_groups_soon(const struct lx_groups *g, struct seg *s)
{
	for (size_t i = 0; i < g->s->nby + g->s->nstats; i++) {
		const struct plan_field *f =
		        i < g->s->nby ? &g->s->by[i] : &g->s->stats[i - g->s->nby].field;
		struct seg_col *col = NULL;
		if (f->f && seg_col(s, f->f->id, &col, NULL) == 0 && col)
			seg_soon(s, col->counts, col->end - col->counts);
	}
}

static int add_local(struct lx_groups *g, struct lx_ctx *c, const struct lx_rows *rows)
{
	struct local l = {.s = g->s};
	uint32_t n = c->s->head.rows;
	int rc = local_columns(&l, c, rows);

	for (uint32_t row = lx_next(rows, 0); rc == 0 && row < n; row = lx_next(rows, row + 1))
		lx_tuples_each(&l.by, row, count_event, &l);
	if (rc == 0) {
		pthread_mutex_lock(&g->lock);
		merge(g, &l);
		pthread_mutex_unlock(&g->lock);
	}
	local_release(&l);
	return rc;
}

int lx_groups_add(struct lx_groups *g, struct lx_ctx *c, const struct lx_rows *rows)
{
	return g->values ? lx_values_add(g->values, c, counted_field(g->s), rows)
	                 : add_local(g, c, rows);
}

/* ---- the best groups ---- */

struct group { /* its by values and what it is ranked by */
	uint64_t count;
	const struct slice *by;
	uint32_t number;
};
struct ranking {
	VEC(struct group) v; /* a heap, the worst on top, once it holds `most` */
	size_t most, ncols;
	bool all; /* nothing may be left out */
};

/* Ranked by the first stat, a count, falling, and then by text; or by text alone. */
static bool may_leave_out(const struct plan_search *s)
{
	bool by_count = s->nstats && s->stats[0].fn == FN_COUNT;
	int first = (int)((s->span > 0) + s->nby);

	if (s->having || s->span || s->with_ties || (s->nstats && !by_count))
		return false;
	return s->nsort == 0 || (s->nsort == 1 && s->sort[0].desc && by_count &&
	                         plan_column_find(s, s->sort[0].column) == first);
}

static int worse(const struct group *a, const struct group *b, size_t ncols)
{
	int c = (a->count < b->count) - (a->count > b->count);

	for (size_t i = 0; i < ncols && !c; i++) {
		size_t n = a->by[i].n < b->by[i].n ? a->by[i].n : b->by[i].n;
		c = n ? memcmp(a->by[i].s, b->by[i].s, n) : 0;
		c = c ? c : (a->by[i].n > b->by[i].n) - (a->by[i].n < b->by[i].n);
	}
	return c;
}

static void sink_top(struct ranking *r)
{
	for (size_t i = 0, k; (k = 2 * i + 1) < r->v.n; i = k) {
		struct group t = r->v.v[i];
		k += k + 1 < r->v.n && worse(&r->v.v[k + 1], &r->v.v[k], r->ncols) > 0;
		if (worse(&r->v.v[k], &t, r->ncols) <= 0)
			break;
		r->v.v[i] = r->v.v[k];
		r->v.v[k] = t;
	}
}

static void raise_last(struct ranking *r)
{
	for (size_t i = r->v.n - 1, up; i > 0; i = up) {
		struct group t = r->v.v[i];
		up = (i - 1) / 2;
		if (worse(&t, &r->v.v[up], r->ncols) <= 0)
			break;
		r->v.v[i] = r->v.v[up];
		r->v.v[up] = t;
	}
}

/* False: not among the best. The caller keeps g.by alive where it is. */
static bool rank(struct ranking *r, const struct group *g)
{
	if (r->all || r->v.n < r->most) {
		*vec_push(&r->v) = *g;
		if (!r->all)
			raise_last(r);
		return true;
	}
	if (worse(g, &r->v.v[0], r->ncols) >= 0)
		return false;
	r->v.v[0] = *g;
	sink_top(r);
	return true;
}

static void ranking_init(struct ranking *r, const struct lx_groups *g)
{
	*r = (struct ranking){.all = !may_leave_out(g->s), .ncols = g->ncols};
	r->most = (size_t)(g->s->limit ? g->s->limit : MW_PLAN_ROWS_DEFAULT) + 1;
}

/* ---- rows ---- */

struct counted {
	struct lx_groups *g;
	struct ranking r;
	uint64_t values;
};

static void count_value_once(void *ctx, struct slice v, uint64_t count)
{
	struct counted *c = ctx;
	struct group group = {.count = c->g->s->nstats ? count : 0, .by = &v};
	struct slice *kept;

	c->values++;
	if (c->g->s->nby == 0)
		return;
	if (!c->r.all && c->r.v.n == c->r.most && worse(&group, &c->r.v.v[0], 1) >= 0)
		return;
	kept = arena_alloc(&c->g->arena, sizeof(*kept));
	*kept = v;
	group.by = kept;
	(void)rank(&c->r, &group);
}

static struct slice number_text(struct arena *a, uint64_t n)
{
	return slice_of(arena_printf(a, "%llu", (unsigned long long)n));
}

static void values_rows(struct lx_groups *g, struct counted *c, struct eval_result *out)
{
	size_t n = g->s->nby ? c->r.v.n : 1;

	for (size_t i = 0; i < n; i++) {
		struct slice *cols = arena_alloc(&out->arena, (out->ncols + 1) * sizeof(*cols));
		if (g->s->nby)
			cols[0] = *c->r.v.v[i].by;
		for (size_t k = 0; k < g->s->nstats; k++) {
			uint64_t cell = g->s->nby ? c->r.v.v[i].count : lx_values_rows(g->values);
			cols[g->ncols + k] = number_text(
			        &out->arena, g->s->stats[k].fn == FN_DISTINCT ? c->values : cell);
		}
		vec_push(&out->rows)->cols = cols;
	}
}

static void group_rows(struct lx_groups *g, const struct ranking *r, struct eval_result *out)
{
	for (size_t i = 0; i < r->v.n; i++) {
		struct slice *cols = arena_alloc(&out->arena, (out->ncols + 1) * sizeof(*cols));
		if (g->ncols)
			memcpy(cols, r->v.v[i].by, g->ncols * sizeof(*cols));
		for (size_t k = 0; k < g->s->nstats; k++)
			cols[g->ncols + k] = stat_text(&g->v.v[r->v.v[i].number][k], &out->arena);
		vec_push(&out->rows)->cols = cols;
	}
}

static void rank_groups(struct lx_groups *g, struct ranking *r)
{
	struct buf key = BUF_INIT;

	if (g->ncols == 0)
		(void)global_group(g, NULL, NULL, &key);
	buf_release(&key);
	for (size_t i = 0; i < g->v.n; i++) {
		struct group group = {.count = g->s->nstats ? g->v.v[i][0].n : 0,
		                      .by = g->ncols ? &g->tuples.v[i * g->ncols] : NULL,
		                      .number = (uint32_t)i};
		(void)rank(r, &group);
	}
}

int lx_groups_result(struct lx_groups *g, struct eval_result *out, struct err *e)
{
	struct counted c = {.g = g};

	ranking_init(&c.r, g);
	out->ncols = g->ncols + g->s->nstats;
	if (g->values) {
		lx_values_each(g->values, count_value_once, &c);
		values_rows(g, &c, out);
	} else {
		rank_groups(g, &c.r);
		group_rows(g, &c.r, out);
	}
	vec_free(&c.r.v);
	return rows_finish_groups(g->s, out, e);
}
