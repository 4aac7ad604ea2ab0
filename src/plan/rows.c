/* having, sort, limit and ties. */
#include "base/limits.h"
#include "plan/group.h"
#include "plan/number.h"

#define SORT_MAX (MW_PLAN_BY_MAX + 2)

/* Missing values come last, whichever way the others run. */
static int cell_cmp(struct slice a, struct slice b, bool desc)
{
	int c;

	if (a.n == 0 || b.n == 0)
		return (a.n == 0) - (b.n == 0);
	c = value_cmp(a, b);
	return desc ? -c : c;
}

static size_t row_limit(const struct plan_search *s)
{
	return (size_t)(s->limit ? s->limit : MW_PLAN_ROWS_DEFAULT);
}

typedef int row_cmp(const void *a, const void *b, void *ctx);

/* `same` tells rows that stand equal in the sort order that was asked for. */
static void cut(const struct plan_search *s, struct eval_result *r, row_cmp *same, void *ctx)
{
	size_t n = row_limit(s);

	while (s->with_ties && n > 0 && n < r->rows.n &&
	       same(&r->rows.v[n - 1], &r->rows.v[n], ctx) == 0)
		n++;
	if (n >= r->rows.n)
		return;
	r->rows.n = n;
	r->limited = true;
}

/* ---- groups ---- */

struct column_order {
	size_t ncols, nkeys;
	size_t key[SORT_MAX];
	bool desc[SORT_MAX];
};

static void add_key(struct column_order *o, size_t column, bool desc)
{
	o->key[o->nkeys] = column;
	o->desc[o->nkeys++] = desc;
}

static void column_order(const struct plan_search *s, struct column_order *o)
{
	*o = (struct column_order){.ncols = plan_ncolumns(s)};
	for (size_t i = 0; i < s->nsort; i++) {
		int column = plan_column_find(s, s->sort[i].column);
		if (column >= 0)
			add_key(o, (size_t)column, s->sort[i].desc);
	}
	if (s->nsort)
		return;
	if (s->span > 0)
		add_key(o, 0, false);
	if (s->nstats)
		add_key(o, (s->span > 0) + s->nby, true);
}

static int cmp_keys(const void *a, const void *b, void *ctx)
{
	const struct eval_row *x = a, *y = b;
	const struct column_order *o = ctx;
	int c = 0;

	for (size_t i = 0; i < o->nkeys && !c; i++)
		c = cell_cmp(x->cols[o->key[i]], y->cols[o->key[i]], o->desc[i]);
	return c;
}

static int cmp_bytes(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.s, b.s, n) : 0;

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

static int cmp_groups(const void *a, const void *b, void *ctx)
{
	const struct eval_row *x = a, *y = b;
	const struct column_order *o = ctx;
	int c = cmp_keys(a, b, ctx);

	for (size_t i = 0; i < o->ncols && !c; i++)
		c = cmp_bytes(x->cols[i], y->cols[i]);
	return c;
}

struct row_view {
	const struct plan_search *s;
	const struct eval_row *row;
};

static void column_value(void *ctx, const struct plan_field *f, bool (*fn)(void *, struct slice),
                         void *fn_ctx)
{
	const struct row_view *v = ctx;
	int column = plan_column_find(v->s, f->name);

	if (column >= 0 && v->row->cols[column].n)
		(void)fn(fn_ctx, v->row->cols[column]);
}

static int keep_having(const struct plan_search *s, struct eval_result *r, struct err *e)
{
	struct row_view rv = {.s = s};
	struct eval_view view = {.ctx = &rv, .values = column_value, .time = MW_TIME_NONE};
	struct filter *f = filter_new(s->having, e);
	size_t n = 0;

	if (!f)
		return -1;
	for (size_t i = 0; i < r->rows.n; i++) {
		rv.row = &r->rows.v[i];
		if (filter_match(f, &view))
			r->rows.v[n++] = r->rows.v[i];
	}
	r->rows.n = n;
	filter_free(f);
	return 0;
}

int rows_finish_groups(const struct plan_search *s, struct eval_result *r, struct err *e)
{
	struct column_order o;

	if (s->having && keep_having(s, r, e))
		return -1;
	column_order(s, &o);
	if (r->rows.n)
		qsort_r(r->rows.v, r->rows.n, sizeof(*r->rows.v), cmp_groups, &o);
	cut(s, r, cmp_keys, &o);
	return 0;
}

/* ---- events ---- */

struct keyed { /* the sort values of each row, made once */
	const struct plan_search *s;
	struct plan_field fields[MW_PLAN_BY_MAX];
	struct arena arena;
};

struct cell {
	struct slice *at;
	struct arena *arena;
};

static bool first_value(void *ctx, struct slice v)
{
	struct cell *c = ctx;

	*c->at = (struct slice){arena_memdup(c->arena, v.s, v.n), v.n};
	return false;
}

static void make_keys(struct keyed *k, struct eval_row *row)
{
	struct eval_view v;

	row->cols = arena_zalloc(&k->arena, (k->s->nsort + 1) * sizeof(*row->cols));
	eval_view_of_event(&v, row->event);
	for (size_t i = 0; i < k->s->nsort; i++) {
		struct cell c = {&row->cols[i], &k->arena};
		v.values(v.ctx, &k->fields[i], first_value, &c);
	}
}

static int cmp_time(mw_time a, mw_time b)
{
	if (a == MW_TIME_NONE || b == MW_TIME_NONE)
		return (a == MW_TIME_NONE) - (b == MW_TIME_NONE);
	return (a > b) - (a < b);
}

/* Without sort columns, events of the same time tie. */
static int cmp_event_keys(const void *a, const void *b, void *ctx)
{
	const struct eval_row *x = a, *y = b;
	const struct plan_search *s = ctx;
	int c = 0;

	for (size_t i = 0; i < s->nsort && !c; i++)
		c = cell_cmp(x->cols[i], y->cols[i], s->sort[i].desc);
	return c || s->nsort ? c : cmp_time(x->event->time, y->event->time);
}

static int cmp_events(const void *a, const void *b, void *ctx)
{
	const struct eval_row *x = a, *y = b;
	int c = cmp_event_keys(a, b, ctx);

	if (!c)
		c = cmp_time(x->event->time, y->event->time);
	return c ? c : (x->index > y->index) - (x->index < y->index);
}

int rows_finish_events(struct plan *p, const struct plan_search *s, struct eval_result *r,
                       struct err *e)
{
	struct keyed k = {.s = s};
	void *ctx = (void *)(uintptr_t)s;

	for (size_t i = 0; i < s->nsort; i++)
		if (!plan_field_set(p, &k.fields[i], s->sort[i].column))
			return err_set(e, ERR_INVALID, "no field is called \"%s\" to sort by",
			               s->sort[i].column);
	for (size_t i = 0; i < r->rows.n && s->nsort; i++)
		make_keys(&k, &r->rows.v[i]);
	if (r->rows.n)
		qsort_r(r->rows.v, r->rows.n, sizeof(*r->rows.v), cmp_events, ctx);
	cut(s, r, cmp_event_keys, ctx);
	for (size_t i = 0; i < r->rows.n; i++)
		r->rows.v[i].cols = NULL;
	arena_release(&k.arena);
	return 0;
}
