#include "run/memory.h"

#include "base/json.h"
#include "base/limits.h"
#include "plan/group.h"

static void add_column(struct memory *m, int step, const char *name)
{
	struct memory_step *s = &m->steps[step];
	struct memory_column *c;

	vec_each (c, &s->columns)
		if (!strcmp(c->name, name))
			return;
	c = vec_push(&s->columns);
	c->name = name;
	c->col = plan_column_find(&m->p->steps[step].search, name);
	(void)plan_field_set(&m->scratch, &c->field, name);
}

static void note_node(struct memory *m, const struct plan_node *n)
{
	if (!n)
		return;
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

/* "props.x": a member of a member. Arrays give each element. */
static void add_property(struct adding *a, const cJSON *o, const char *path)
{
	const char *dot = strchr(path, '.');
	char *key = xstrndup(path, dot ? (size_t)(dot - path) : strlen(path));
	const cJSON *v = json_get(o, key), *item;

	if (dot)
		add_property(a, v, dot + 1);
	else if (cJSON_IsString(v))
		(void)add_value(a, slice_of(v->valuestring));
	else if (cJSON_IsArray(v))
		cJSON_ArrayForEach(item, v) if (cJSON_IsString(item))(void)
		        add_value(a, slice_of(item->valuestring));
	free(key);
}

/* A row is {"node":{...}} or {"path":[node, edge, node...]}; edges have no id. */
static void graph_row(struct adding *a, struct slice text)
{
	cJSON *row = json_parse(text, MW_ROW_MAX, NULL);
	const cJSON *item;

	add_property(a, json_get(row, "node"), a->c->name);
	cJSON_ArrayForEach(item, json_get(row, "path")) if (json_get(item, "id"))
	        add_property(a, item, a->c->name);
	cJSON_Delete(row);
}

static void column_row(struct memory *m, struct memory_column *c, const struct source_row *r)
{
	struct adding a = {m, c};
	struct eval_view v;

	if (r->json.n) {
		graph_row(&a, r->json);
	} else if (r->event) {
		eval_view_of_event(&v, r->event);
		v.values(v.ctx, &c->field, add_value, &a);
	} else if (r->cols && c->col >= 0 && (size_t)c->col < r->ncols) {
		(void)add_value(&a, r->cols[c->col]);
	}
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
}

/* ---- what later steps take ---- */

bool memory_wants_vals(const struct memory *m, size_t step)
{
	return m->steps[step].columns.n > 0;
}

bool memory_wants_raw(const struct memory *m, size_t step)
{
	const struct memory_column *c;

	vec_each (c, &m->steps[step].columns)
		if (c->field.raw)
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

static void give_times(void *ctx, int step, mw_time *first, mw_time *last)
{
	const struct memory *m = ctx;

	*first = m->steps[step].first;
	*last = m->steps[step].last;
}

struct resolve_from memory_resolver(struct memory *m)
{
	return (struct resolve_from){m, give_values, give_times};
}
