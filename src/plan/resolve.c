#include "plan/resolve.h"

#include "plan/group.h"
#include "plan/tuples.h"

struct pivot {
	struct plan *p;
	struct plan_node *cmp;
};

static void add_value(void *ctx, struct slice v)
{
	struct pivot *t = ctx;

	if (v.n)
		plan_cmp_value(t->p, t->cmp, v);
}

/* ---- pivots on several columns ---- */

struct tuple_pivot {
	struct plan *p;
	const struct plan_node *parts[TUPLE_COLUMNS_MAX];
	size_t n;
	struct plan_node *any;
	struct map groups; /* all values but the last: the group that has them */
};

static struct plan_node *part_with(struct plan *p, const struct plan_node *part, struct slice v)
{
	struct plan_node *c = plan_clone_node(p, part);

	c->from_step = -1;
	c->column = NULL;
	plan_cmp_value(p, c, v);
	return c;
}

static struct plan_node *last_child(struct plan_node *n)
{
	struct plan_node *c = n->child;

	while (c->next)
		c = c->next;
	return c;
}

/* Tuples that differ in the last column only share a group: (user is bob and src_ip is one of ...). */
static void add_tuple(void *ctx, const struct slice *tuple)
{
	struct tuple_pivot *t = ctx;
	struct buf key = BUF_INIT;
	struct map_entry *m;
	struct plan_node *all;
	bool added;

	tuple_key(&key, tuple, t->n - 1);
	m = map_put(&t->groups, key.s, key.len, &added);
	buf_release(&key);
	if (!added) {
		plan_cmp_value(t->p, last_child(m->val.p), tuple[t->n - 1]);
		return;
	}
	all = plan_group(t->p, PN_ALL);
	for (size_t i = 0; i < t->n; i++)
		plan_group_add(all, part_with(t->p, t->parts[i], tuple[i]));
	m->val.p = all;
	/* in front: the order of an ANY means nothing, and adding at the end is a walk each */
	all->next = t->any->child;
	t->any->child = all;
}

/* (A and B) or (A' and B'), one for each tuple. Without tuples an empty ANY: false. */
static void resolve_tuples(struct plan *p, struct plan_node *n, const struct resolve_from *from)
{
	struct tuple_pivot t = {.p = p, .any = plan_group(p, PN_ANY)};
	const char *columns[TUPLE_COLUMNS_MAX];
	int step = n->child->from_step;

	for (struct plan_node *k = n->child; k && t.n < TUPLE_COLUMNS_MAX; k = k->next) {
		columns[t.n] = k->column;
		t.parts[t.n++] = plan_clone_node(p, k);
	}
	from->tuples(from->ctx, step, columns, t.n, add_tuple, &t);
	*n = (struct plan_node){
	        .kind = PN_ANY, .child = t.any->child, .next = n->next, .from_step = -1};
	map_release(&t.groups);
}

static void resolve_node(struct plan *p, struct plan_node *n, const struct resolve_from *from)
{
	struct pivot t = {p, n};
	int step;

	if (n->same_row && n->child) {
		resolve_tuples(p, n, from);
		return;
	}
	for (struct plan_node *k = n->child; k; k = k->next)
		resolve_node(p, k, from);
	if (n->from_step < 0)
		return;
	step = n->from_step;
	n->from_step = -1;
	from->values(from->ctx, step, n->column, add_value, &t);
	n->column = NULL;
	if (n->nvalues == 0)
		*n = (struct plan_node){.kind = PN_ANY, .next = n->next, .from_step = -1};
}

static void resolve_tree(struct plan *p, struct plan_node *n, const struct resolve_from *from)
{
	if (n)
		resolve_node(p, n, from);
}

static bool resolve_time(struct plan_time *t, const struct resolve_from *from)
{
	mw_time first = MW_TIME_NONE, last = MW_TIME_NONE, at;

	if (t->kind != PW_STEP_FIRST && t->kind != PW_STEP_LAST)
		return true;
	from->times(from->ctx, t->step, &first, &last);
	at = t->kind == PW_STEP_FIRST ? first : last;
	if (at == MW_TIME_NONE || __builtin_add_overflow(at, t->offset, &at))
		return false;
	*t = (struct plan_time){.kind = PW_ABS, .t = at};
	return true;
}

bool plan_resolve(struct plan *p, size_t i, const struct resolve_from *from)
{
	struct plan_search *s = &p->steps[i].search;
	struct plan_graph *g = &p->steps[i].graph;

	resolve_tree(p, s->where, from);
	for (size_t k = 0; s->sequence && k < s->sequence->nstages; k++)
		resolve_tree(p, s->sequence->stages[k], from);
	resolve_tree(p, s->having, from);
	resolve_tree(p, g->start, from);
	resolve_tree(p, g->goal, from);
	for (size_t k = 0; k < g->nhops; k++)
		resolve_tree(p, g->hops[k].where, from);
	return resolve_time(&s->from, from) && resolve_time(&s->to, from);
}

static bool node_needs(const struct plan_node *n, int step)
{
	if (!n)
		return false;
	if (n->from_step == step)
		return true;
	for (const struct plan_node *k = n->child; k; k = k->next)
		if (node_needs(k, step))
			return true;
	return false;
}

static bool time_needs(const struct plan_time *t, int step)
{
	return (t->kind == PW_STEP_FIRST || t->kind == PW_STEP_LAST) && t->step == step;
}

bool plan_step_needs(const struct plan *p, size_t i, size_t j)
{
	const struct plan_search *s = &p->steps[i].search;
	const struct plan_graph *g = &p->steps[i].graph;
	int step = (int)j;
	bool needs = node_needs(s->where, step) || node_needs(s->having, step) ||
	             node_needs(g->start, step) || node_needs(g->goal, step) ||
	             time_needs(&s->from, step) || time_needs(&s->to, step);

	for (size_t k = 0; s->sequence && k < s->sequence->nstages; k++)
		needs = needs || node_needs(s->sequence->stages[k], step);
	for (size_t k = 0; k < g->nhops; k++)
		needs = needs || node_needs(g->hops[k].where, step);
	return needs;
}
