#include "run/scope.h"

static bool carries(const struct catalog_field *c, const struct plan_field *f)
{
	if (f->f)
		return c->field == f->f->id;
	return f->raw && c->path && slice_ieq(slice_of(c->path), slice_of(f->raw));
}

/* A dataset with more raw paths than the catalogue keeps may have any. */
static bool paths_overflow(const struct catalog_field *c, size_t n, const char *dataset)
{
	size_t paths = 0;

	for (size_t i = 0; i < n; i++)
		paths += c[i].path && !strcmp(c[i].dataset, dataset);
	return paths >= CATALOG_PATHS_MAX;
}

static bool looked_at(const struct plan_search *s, const char *only, const char *dataset)
{
	return only ? !strcmp(only, dataset) : plan_dataset_in(s, dataset);
}

uint64_t scope_field(struct catalog *c, const struct plan_search *s, const char *dataset,
                     const struct plan_field *f)
{
	const struct catalog_field *all;
	size_t n = catalog_fields(c, NULL, &all);
	const char *last = "";
	uint64_t events = 0;

	if (f->pseudo || !(f->f || f->raw))
		return 1;
	for (size_t i = 0; i < n; i++) {
		if (!looked_at(s, dataset, all[i].dataset))
			continue;
		if (carries(&all[i], f))
			events += all[i].events;
		if (f->raw && strcmp(last, all[i].dataset) &&
		    paths_overflow(all, n, all[i].dataset))
			return 1;
		last = all[i].dataset;
	}
	return events;
}

static bool names_dataset(const struct plan_node *n, const char *dataset)
{
	bool exact = n->op == OP_IS || n->op == OP_IS_CS || n->op == OP_IN;

	for (size_t i = 0; i < n->nvalues; i++)
		if (slice_ieq(n->values[i], slice_of(dataset)))
			return true;
	return !exact;
}

static bool may_hold(struct catalog *c, const struct plan_search *s, const struct plan_node *n,
                     const char *dataset)
{
	switch (n->kind) {
	case PN_NOT:
		return true;
	case PN_CMP:
		if (n->op == OP_TEXT)
			return true;
		if (n->field.pseudo == PF_DATASET)
			return names_dataset(n, dataset);
		return scope_field(c, s, dataset, &n->field) &&
		       (!n->rhs.name || scope_field(c, s, dataset, &n->rhs));
	default:
		for (const struct plan_node *k = n->child; k; k = k->next)
			if (may_hold(c, s, k, dataset) != (n->kind == PN_ALL))
				return n->kind == PN_ANY;
		return n->kind == PN_ALL;
	}
}

bool scope_may_hold(struct catalog *c, const struct plan_search *s, const char *dataset)
{
	return plan_dataset_in(s, dataset) && (!s->where || may_hold(c, s, s->where, dataset));
}
