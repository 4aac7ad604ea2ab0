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
	struct seg_ints time;
};

struct lx_groups *lx_groups_new(const struct plan_search *s)
{
	struct lx_groups *g = xcalloc(1, sizeof(*g));

	g->s = s;
	g->ncols = s->nby + (s->span > 0);
	pthread_mutex_init(&g->lock, NULL);
	return g;
}

static void free_stats(struct lx_groups *g, struct stat *st)
{
	for (size_t i = 0; i < g->s->nstats; i++)
		stat_release(&st[i]);
	free(st);
}

void lx_groups_free(struct lx_groups *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->v.n; i++)
		free_stats(g, g->v.v[i]);
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
	mw_time t = seg_int(&l->time, row);

	while (l->count.n <= group) {
		*vec_push(&l->count) = 0;
		*vec_push(&l->first) = MW_TIME_NONE;
		*vec_push(&l->last) = MW_TIME_NONE;
	}
	l->count.v[group]++;
	times_widen(t, &l->first.v[group], &l->last.v[group]);
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

	if (seg_ints(c->s, SEG_TIME, &l->time, c->e))
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

static struct stat *global_group(struct lx_groups *g, const struct slice *tuple, struct buf *key)
{
	struct map_entry *m;
	bool added;

	buf_reset(key);
	tuple_key(key, tuple, g->ncols);
	m = map_put(&g->index, key->s, key->len, &added);
	if (!added)
		return g->v.v[m->val.u];
	m->val.u = g->v.n;
	for (size_t i = 0; i < g->ncols; i++)
		*vec_push(&g->tuples) = (struct slice){
		        arena_memdup(&g->arena, tuple[i].s, tuple[i].n), tuple[i].n};
	struct stat *st = xcalloc(g->s->nstats + 1, sizeof(*st));
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
		of[group] = global_group(g, tuple, &key);
		for (size_t i = 0; i < g->s->nstats; i++)
			if (!g->s->stats[i].field.name)
				merge_events(&of[group][i], l, group);
	}
	for (size_t i = 0; i < g->s->nstats; i++)
		merge_values(g, l, i, of);
	buf_release(&key);
	free(of);
}

int lx_groups_add(struct lx_groups *g, struct lx_ctx *c, const struct lx_rows *rows)
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

int lx_groups_result(struct lx_groups *g, struct eval_result *out, struct err *e)
{
	struct buf key = BUF_INIT;

	if (g->ncols == 0)
		(void)global_group(g, NULL, &key);
	buf_release(&key);
	out->ncols = g->ncols + g->s->nstats;
	for (size_t i = 0; i < g->v.n; i++) {
		struct slice *cols = arena_alloc(&out->arena, (out->ncols + 1) * sizeof(*cols));
		if (g->ncols)
			memcpy(cols, &g->tuples.v[i * g->ncols], g->ncols * sizeof(*cols));
		for (size_t k = 0; k < g->s->nstats; k++)
			cols[g->ncols + k] = stat_text(&g->v.v[i][k], &out->arena);
		vec_push(&out->rows)->cols = cols;
	}
	return rows_finish_groups(g->s, out, e);
}
