#include "base/limits.h"
#include "base/map.h"
#include "plan/group.h"
#include "plan/number.h"

/* ---- values and tuples ---- */

bool value_collect_add(void *collect, struct slice value)
{
	struct value_collect *c = collect;
	const struct slice *s;

	if (value.n == 0)
		return true;
	vec_each (s, &c->out->v)
		if (slice_eq(*s, value))
			return true;
	*vec_push(&c->out->v) = (struct slice){arena_memdup(c->a, value.s, value.n), value.n};
	return true;
}

void view_values(const struct eval_view *v, const struct plan_field *f, struct arena *a,
                 struct value_list *out)
{
	struct value_collect c = {a, out};

	v->values(v->ctx, f, value_collect_add, &c);
}

void each_tuple(const struct value_list *lists, size_t n,
                bool (*fn)(void *, const struct slice *, size_t), void *ctx)
{
	struct slice tuple[MW_PLAN_BY_MAX + 1] = {{0}};
	size_t at[MW_PLAN_BY_MAX + 1] = {0}, i;

	for (i = 0; i < n; i++)
		if (lists[i].v.n == 0)
			return;
	do {
		for (i = 0; i < n; i++)
			tuple[i] = lists[i].v.v[at[i]];
		if (!fn(ctx, tuple, n))
			return;
		for (i = n; i-- > 0;) { /* counts up, the last place fastest */
			if (++at[i] < lists[i].v.n)
				break;
			at[i] = 0;
		}
	} while (i != SIZE_MAX);
}

void tuple_key(struct buf *b, const struct slice *tuple, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_add(b, &tuple[i].n, sizeof(tuple[i].n));
		buf_add(b, tuple[i].s, tuple[i].n);
	}
}

void tuple_key_folded(struct buf *b, const struct slice *tuple, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_add(b, &tuple[i].n, sizeof(tuple[i].n));
		slice_fold(buf_room(b, tuple[i].n), tuple[i]);
		b->len += tuple[i].n;
		b->s[b->len] = '\0';
	}
}

void times_widen(mw_time t, mw_time *first, mw_time *last)
{
	if (t == MW_TIME_NONE)
		return;
	if (*first == MW_TIME_NONE || t < *first)
		*first = t;
	if (*last == MW_TIME_NONE || t > *last)
		*last = t;
}

void row_times(const struct plan_search *s, const struct slice *cols, mw_time *first, mw_time *last)
{
	size_t nby = (s->span > 0) + s->nby;
	mw_time t;

	if (s->span > 0 && mw_time_parse(cols[0], &t))
		times_widen(t, first, last);
	for (size_t i = 0; i < s->nstats; i++)
		if ((s->stats[i].fn == FN_FIRST || s->stats[i].fn == FN_LAST) &&
		    mw_time_parse(cols[nby + i], &t))
			times_widen(t, first, last);
}

/* ---- groups ---- */

struct group {
	struct slice *by; /* bucket and by values, in the arena */
	struct stat *stats;
};
struct groups {
	const struct plan_search *s;
	struct map index; /* of tuple to number */
	struct arena arena;
	VEC(struct group) v;
};

struct groups *groups_new(const struct plan_search *s)
{
	struct groups *g = xcalloc(1, sizeof(*g));

	g->s = s;
	return g;
}

void groups_free(struct groups *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->v.n; i++)
		for (size_t k = 0; k < g->s->nstats; k++)
			stat_release(&g->v.v[i].stats[k]);
	vec_free(&g->v);
	map_release(&g->index);
	arena_release(&g->arena);
	free(g);
}

size_t groups_count(const struct groups *g)
{
	return g->v.n;
}

static struct group *new_group(struct groups *g, const struct slice *tuple, size_t n)
{
	struct group *group = vec_push(&g->v);

	group->by = arena_alloc(&g->arena, (n + 1) * sizeof(*group->by));
	for (size_t i = 0; i < n; i++)
		group->by[i] =
		        (struct slice){arena_memdup(&g->arena, tuple[i].s, tuple[i].n), tuple[i].n};
	group->stats = arena_alloc(&g->arena, (g->s->nstats + 1) * sizeof(*group->stats));
	for (size_t i = 0; i < g->s->nstats; i++)
		stat_init(&group->stats[i], g->s->stats[i].fn);
	return group;
}

static struct group *find_group(struct groups *g, const struct slice *tuple, size_t n)
{
	struct buf key = BUF_INIT;
	struct map_entry *m;
	bool added;

	tuple_key(&key, tuple, n);
	m = map_put(&g->index, key.s, key.len, &added);
	buf_release(&key);
	if (!added)
		return &g->v.v[m->val.u];
	m->val.u = g->v.n;
	return new_group(g, tuple, n);
}

struct adding {
	struct groups *g;
	const struct eval_view *view;
	const struct value_list *values; /* of each stat's field */
};

static bool add_to_group(void *ctx, const struct slice *tuple, size_t n)
{
	struct adding *a = ctx;
	struct group *group = find_group(a->g, tuple, n);

	for (size_t i = 0; i < a->g->s->nstats; i++) {
		struct stat *stat = &group->stats[i];
		if (!a->g->s->stats[i].field.name)
			stat_add_event(stat, a->view->time);
		for (size_t k = 0; k < a->values[i].v.n; k++)
			stat_add_value(stat, a->values[i].v.v[k]);
	}
	return true;
}

static bool add_every(void *ctx, struct slice value)
{
	struct value_collect *c = ctx;

	*vec_push(&c->out->v) = (struct slice){arena_memdup(c->a, value.s, value.n), value.n};
	return true;
}

static void add_bucket(struct value_list *list, struct arena *a, mw_time t, int64_t span)
{
	char text[32];

	if (t == MW_TIME_NONE)
		return;
	mw_time_format(span_bucket(t, span), text);
	*vec_push(&list->v) = slice_of(arena_strdup(a, text));
}

/* Bucket and by values make the tuples; a stat sees every value of its field, repeated ones too. */
void groups_add(struct groups *g, const struct eval_view *v)
{
	struct value_list by[MW_PLAN_BY_MAX + 1] = {0}, values[MW_PLAN_BY_MAX] = {0};
	struct adding adding = {g, v, values};
	struct arena a = ARENA_INIT;
	size_t n = 0;

	if (g->s->span > 0)
		add_bucket(&by[n++], &a, v->time, g->s->span);
	for (size_t i = 0; i < g->s->nby; i++)
		view_values(v, &g->s->by[i], &a, &by[n++]);
	for (size_t i = 0; i < g->s->nstats; i++) {
		struct value_collect c = {&a, &values[i]};
		if (g->s->stats[i].field.name)
			v->values(v->ctx, &g->s->stats[i].field, add_every, &c);
	}
	each_tuple(by, n, add_to_group, &adding);
	for (size_t i = 0; i < ARRAY_LEN(by); i++)
		vec_free(&by[i].v);
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		vec_free(&values[i].v);
	arena_release(&a);
}

void groups_rows(struct groups *g, struct eval_result *out)
{
	size_t nby = (g->s->span > 0) + g->s->nby;

	if (nby == 0 && g->v.n == 0)
		(void)find_group(g, NULL, 0);
	out->ncols = nby + g->s->nstats;
	for (size_t i = 0; i < g->v.n; i++) {
		struct slice *cols = arena_alloc(&out->arena, (out->ncols + 1) * sizeof(*cols));
		for (size_t k = 0; k < nby; k++)
			cols[k] = (struct slice){
			        arena_memdup(&out->arena, g->v.v[i].by[k].s, g->v.v[i].by[k].n),
			        g->v.v[i].by[k].n};
		for (size_t k = 0; k < g->s->nstats; k++)
			cols[nby + k] = stat_text(&g->v.v[i].stats[k], &out->arena);
		vec_push(&out->rows)->cols = cols;
	}
}
