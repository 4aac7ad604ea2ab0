#include "run/memory.h"

#include "base/json.h"
#include "base/limits.h"
#include "plan/group.h"

static struct memory_column column_of(struct memory *m, int step, const char *name)
{
	struct memory_column c = {.name = name,
	                          .col = plan_column_find(&m->p->steps[step].search, name)};

	(void)plan_field_set(&m->scratch, &c.field, name);
	return c;
}

static void add_column(struct memory *m, int step, const char *name)
{
	struct memory_step *s = &m->steps[step];
	struct memory_column *c;

	vec_each (c, &s->columns)
		if (!strcmp(c->name, name))
			return;
	*vec_push(&s->columns) = column_of(m, step, name);
}

/* Are these the columns of that set, in this order? */
static bool same_columns(const struct memory_tuples *t, const char *const *columns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (t->tuples.ncols != n || strcmp(t->columns[i].name, columns[i]) != 0)
			return false;
	return true;
}

static const struct memory_tuples *find_tuples(const struct memory_step *s,
                                               const char *const *columns, size_t n)
{
	const struct memory_tuples *t;

	vec_each (t, &s->tuples)
		if (same_columns(t, columns, n))
			return t;
	return NULL;
}

static void add_tuples(struct memory *m, const struct plan_node *n)
{
	int step = n->child->from_step;
	struct memory_step *s = &m->steps[step];
	const char *columns[TUPLE_COLUMNS_MAX];
	struct memory_tuples *t;
	size_t k = 0;

	for (const struct plan_node *c = n->child; c && k < TUPLE_COLUMNS_MAX; c = c->next)
		columns[k++] = c->column;
	if (find_tuples(s, columns, k))
		return;
	t = vec_push(&s->tuples);
	*t = (struct memory_tuples){.tuples = {.ncols = k}};
	for (size_t i = 0; i < k; i++)
		t->columns[i] = column_of(m, step, columns[i]);
}

static void note_node(struct memory *m, const struct plan_node *n)
{
	if (!n)
		return;
	if (n->same_row && n->child) {
		add_tuples(m, n);
		return;
	}
	if (n->from_step >= 0)
		add_column(m, n->from_step, n->column);
	for (const struct plan_node *k = n->child; k; k = k->next)
		note_node(m, k);
}

static void note_step(struct memory *m, const struct plan_step *s)
{
	note_node(m, s->search.where);
	note_node(m, s->search.having);
	for (size_t i = 0; s->search.sequence && i < s->search.sequence->nstages; i++)
		note_node(m, s->search.sequence->stages[i]);
	note_node(m, s->graph.start);
	note_node(m, s->graph.goal);
	for (size_t i = 0; i < s->graph.nhops; i++)
		note_node(m, s->graph.hops[i].where);
}

void memory_init(struct memory *m, const struct plan *p)
{
	*m = (struct memory){.p = p, .steps = xcalloc(p->nsteps, sizeof(*m->steps))};
	for (size_t i = 0; i < p->nsteps; i++)
		m->steps[i].first = m->steps[i].last = MW_TIME_NONE;
	for (size_t i = 0; i < p->nsteps; i++)
		note_step(m, &p->steps[i]);
}

void memory_release(struct memory *m)
{
	for (size_t i = 0; i < m->p->nsteps; i++) {
		struct memory_column *c;
		vec_each (c, &m->steps[i].columns) {
			map_release(&c->seen);
			vec_free(&c->values);
		}
		vec_free(&m->steps[i].columns);
		for (size_t k = 0; k < m->steps[i].tuples.n; k++)
			tuples_release(&m->steps[i].tuples.v[k].tuples);
		vec_free(&m->steps[i].tuples);
	}
	free(m->steps);
	arena_release(&m->scratch.arena);
}

/* ---- rows ---- */

struct adding {
	struct memory *m;
	struct memory_column *c;
};

static bool add_value(void *ctx, struct slice v)
{
	struct adding *a = ctx;
	struct buf key = BUF_INIT;
	bool added;

	if (v.n == 0)
		return true;
	tuple_key_folded(&key, &v, 1);
	if (a->c->values.n >= MW_PIVOT_VALUES_MAX) {
		a->c->cut = a->c->cut || !map_get(&a->c->seen, key.s, key.len);
	} else {
		(void)map_put(&a->c->seen, key.s, key.len, &added);
		if (added)
			*vec_push(&a->c->values) =
			        (struct slice){arena_memdup(&a->m->scratch.arena, v.s, v.n), v.n};
	}
	buf_release(&key);
	return true;
}

typedef bool value_fn(void *ctx, struct slice v);

/* "props.x": a member of a member. Arrays give each element. */
static void each_property(const cJSON *o, const char *path, value_fn *add, void *ctx)
{
	const char *dot = strchr(path, '.');
	char *key = xstrndup(path, dot ? (size_t)(dot - path) : strlen(path));
	const cJSON *v = json_get(o, key), *item;

	if (dot)
		each_property(v, dot + 1, add, ctx);
	else if (cJSON_IsString(v))
		(void)add(ctx, slice_of(v->valuestring));
	else if (cJSON_IsArray(v))
		cJSON_ArrayForEach(item, v) if (cJSON_IsString(item))(void)
		        add(ctx, slice_of(item->valuestring));
	free(key);
}

/* A row is {"node":{...}} or {"path":[node, edge, node...]}; edges have no id. The thing is the row: a path has several. */
static void each_thing(struct slice text, void (*fn)(void *ctx, const cJSON *thing), void *ctx)
{
	cJSON *row = json_parse(text, MW_ROW_MAX, NULL);
	const cJSON *item;

	fn(ctx, json_get(row, "node"));
	cJSON_ArrayForEach(item, json_get(row, "path")) if (json_get(item, "id")) fn(ctx, item);
	cJSON_Delete(row);
}

static void property_of_thing(void *ctx, const cJSON *thing)
{
	struct adding *a = ctx;

	each_property(thing, a->c->name, add_value, a);
}

/* The values of a column in a row that is no graph row. */
static void each_cell(const struct memory_column *c, const struct source_row *r, value_fn *add,
                      void *ctx)
{
	struct eval_view v;

	if (r->event) {
		eval_view_of_event(&v, r->event);
		v.values(v.ctx, &c->field, add, ctx);
	} else if (r->cols && c->col >= 0 && (size_t)c->col < r->ncols) {
		(void)add(ctx, r->cols[c->col]);
	}
}

static void column_row(struct memory *m, struct memory_column *c, const struct source_row *r)
{
	struct adding a = {m, c};

	if (r->json.n)
		each_thing(r->json, property_of_thing, &a);
	else
		each_cell(c, r, add_value, &a);
}

/* Takes the cells of one row and releases them. */
static void take_cells(struct memory_tuples *t, struct value_list *cells, struct arena *a)
{
	tuples_row(&t->tuples, cells);
	for (size_t i = 0; i < t->tuples.ncols; i++)
		vec_free(&cells[i].v);
	arena_release(a);
}

static void tuple_of_thing(void *ctx, const cJSON *thing)
{
	struct memory_tuples *t = ctx;
	struct value_list cells[TUPLE_COLUMNS_MAX] = {0};
	struct arena a = ARENA_INIT;

	for (size_t i = 0; i < t->tuples.ncols; i++)
		each_property(thing, t->columns[i].name, value_collect_add,
		              &(struct value_collect){&a, &cells[i]});
	take_cells(t, cells, &a);
}

static void tuple_row(struct memory_tuples *t, const struct source_row *r)
{
	struct value_list cells[TUPLE_COLUMNS_MAX] = {0};
	struct arena a = ARENA_INIT;

	if (r->json.n) {
		each_thing(r->json, tuple_of_thing, t);
		return;
	}
	for (size_t i = 0; i < t->tuples.ncols; i++)
		each_cell(&t->columns[i], r, value_collect_add,
		          &(struct value_collect){&a, &cells[i]});
	take_cells(t, cells, &a);
}

void memory_row(struct memory *m, size_t step, const struct source_row *r)
{
	struct memory_step *s = &m->steps[step];
	struct memory_column *c;

	if (r->event)
		times_widen(r->event->time, &s->first, &s->last);
	else if (r->cols)
		row_times(&m->p->steps[step].search, r->cols, &s->first, &s->last);
	vec_each (c, &s->columns)
		column_row(m, c, r);
	for (size_t i = 0; i < s->tuples.n; i++)
		tuple_row(&s->tuples.v[i], r);
}

/* ---- what later steps take ---- */

bool memory_wants_vals(const struct memory *m, size_t step)
{
	return m->steps[step].columns.n > 0 || m->steps[step].tuples.n > 0;
}

bool memory_wants_raw(const struct memory *m, size_t step)
{
	const struct memory_tuples *t;
	const struct memory_column *c;

	vec_each (c, &m->steps[step].columns)
		if (c->field.raw)
			return true;
	vec_each (t, &m->steps[step].tuples)
		for (size_t i = 0; i < t->tuples.ncols; i++)
			if (t->columns[i].field.raw)
				return true;
	return false;
}

bool memory_cut(const struct memory *m, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		const struct memory_column *c;
		vec_each (c, &m->steps[k].columns)
			if (c->cut && plan_step_needs(m->p, i, k))
				return true;
		for (size_t j = 0; j < m->steps[k].tuples.n; j++)
			if (m->steps[k].tuples.v[j].tuples.cut && plan_step_needs(m->p, i, k))
				return true;
	}
	return false;
}

static void give_values(void *ctx, int step, const char *column, void (*add)(void *, struct slice),
                        void *add_ctx)
{
	const struct memory *m = ctx;
	const struct memory_column *c;

	vec_each (c, &m->steps[step].columns)
		if (!strcmp(c->name, column))
			for (size_t i = 0; i < c->values.n; i++)
				add(add_ctx, c->values.v[i]);
}

static void give_tuples(void *ctx, int step, const char *const *columns, size_t n,
                        void (*add)(void *, const struct slice *), void *add_ctx)
{
	const struct memory *m = ctx;
	const struct memory_tuples *t = find_tuples(&m->steps[step], columns, n);

	for (size_t i = 0; t && i < tuples_count(&t->tuples); i++)
		add(add_ctx, &t->tuples.values.v[i * n]);
}

static void give_times(void *ctx, int step, mw_time *first, mw_time *last)
{
	const struct memory *m = ctx;

	*first = m->steps[step].first;
	*last = m->steps[step].last;
}

struct resolve_from memory_resolver(struct memory *m)
{
	return (struct resolve_from){m, give_values, give_tuples, give_times};
}
