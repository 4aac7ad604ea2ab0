#include "plan/resolve.h"

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

static void resolve_node(struct plan *p, struct plan_node *n, const struct resolve_from *from)
{
	struct pivot t = {p, n};
	int step;

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
