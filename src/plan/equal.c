/* Equality by a canonical JSON form: fields by their one name, what has no order sorted. */
#include "plan/plan.h"

struct element {
	char *text;
	cJSON *item;
};

static int by_text(const void *a, const void *b)
{
	const struct element *x = a, *y = b;

	return strcmp(x->text, y->text);
}

/* Sorts the elements of an array by their compact text. */
static void sort_array(cJSON *list)
{
	size_t n = (size_t)cJSON_GetArraySize(list), i = 0;
	struct element *v = xcalloc(n + 1, sizeof(*v));

	for (; i < n; i++) {
		struct buf b = BUF_INIT;
		v[i].item = cJSON_DetachItemFromArray(list, 0);
		json_write(&b, v[i].item);
		v[i].text = buf_take(&b, NULL);
	}
	qsort(v, n, sizeof(*v), by_text);
	for (i = 0; i < n; i++) {
		cJSON_AddItemToArray(list, v[i].item);
		free(v[i].text);
	}
	free(v);
}

static void sort_unordered(cJSON *o)
{
	static const char *const unordered[] = {"all", "any", "same_row", "values", "datasets"};
	cJSON *m;

	cJSON_ArrayForEach(m, o)
	{
		sort_unordered(m);
		for (size_t i = 0; m->string && i < ARRAY_LEN(unordered); i++)
			if (!strcmp(m->string, unordered[i]) && cJSON_IsArray(m))
				sort_array(m);
	}
}

static void use_one_name(struct arena *a, struct plan_field *f, size_t n)
{
	for (size_t i = 0; f && i < n; i++)
		if (f[i].name)
			f[i].name = arena_strdup(a, plan_field_name(&f[i]));
}

static void node_names(struct arena *a, struct plan_node *n)
{
	for (; n; n = n->next) {
		use_one_name(a, &n->field, 1);
		use_one_name(a, &n->rhs, 1);
		node_names(a, n->child);
	}
}

static void search_names(struct arena *a, struct plan_search *s)
{
	struct plan_sequence *q = s->sequence;

	if (s->where && s->where->kind == PN_ALL && !s->where->child)
		s->where = NULL; /* everything, either way */
	node_names(a, s->where);
	for (size_t i = 0; q && i < q->nstages; i++)
		node_names(a, q->stages[i]);
	if (q) {
		use_one_name(a, &q->by, 1);
		use_one_name(a, q->stage_by, q->nstages);
	}
	if (s->baseline)
		use_one_name(a, s->baseline->key, s->baseline->nkey);
	for (size_t i = 0; i < s->nstats; i++)
		use_one_name(a, &s->stats[i].field, 1);
	use_one_name(a, s->by, s->nby);
	use_one_name(a, s->columns, s->ncolumns);
}

static char *canonical(const struct plan *p)
{
	struct plan *c = plan_clone(p);
	struct buf b = BUF_INIT;
	cJSON *j;

	for (size_t i = 0; i < c->nsteps; i++)
		search_names(&c->arena, &c->steps[i].search);
	use_one_name(&c->arena, &c->value_field, 1);
	j = plan_to_json(c);
	sort_unordered(j);
	json_write(&b, j);
	cJSON_Delete(j);
	plan_free(c);
	return buf_take(&b, NULL);
}

bool plan_equal(const struct plan *a, const struct plan *b)
{
	char *x = canonical(a), *y = canonical(b);
	bool same = !strcmp(x, y);

	free(x);
	free(y);
	return same;
}
