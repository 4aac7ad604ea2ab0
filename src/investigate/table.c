#include "investigate/table.h"

#include "base/mem.h"
#include "investigate/rowjson.h"

struct table {
	const struct plan_step *step;
	VEC(char *) rows; /* JSON */
	int64_t sum;
	size_t groups; /* columns before the stats */
};

struct table *table_new(const struct plan_step *step)
{
	const struct plan_search *s = &step->search;
	struct table *t;

	if (step->kind != PS_SEARCH || !(s->ncolumns || s->nby || s->span > 0))
		return NULL;
	t = xcalloc(1, sizeof(*t));
	t->step = step;
	t->groups = plan_is_grouped(s) ? s->nby + (s->span > 0) : s->ncolumns;
	return t;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->rows.n; i++)
		free(t->rows.v[i]);
	vec_free(&t->rows);
	free(t);
}

static bool counts(const struct plan_search *s)
{
	return s->nstats && s->stats[0].fn == FN_COUNT;
}

void table_row(struct table *t, const struct source_row *r)
{
	struct buf b = BUF_INIT;
	double n;

	if (!r->event && t->groups < r->ncols && counts(&t->step->search) &&
	    slice_double(r->cols[t->groups], &n))
		t->sum += (int64_t)n;
	if (t->rows.n == TABLE_ROWS_MAX)
		return;
	row_cells(&b, r, t->step);
	*vec_push(&t->rows) = buf_take(&b, NULL);
}

static void add_column(cJSON *list, const char *name, const struct plan_field *f)
{
	cJSON *c = cJSON_CreateObject();

	json_add_str(c, "name", name);
	if (f && f->f && f->f->alias)
		name = f->f->alias;
	else if (f && f->raw)
		name = f->raw;
	json_add_str(c, "label", name);
	cJSON_AddItemToArray(list, c);
}

static void add_columns(const struct plan_search *s, cJSON *list)
{
	size_t bucket = s->span > 0;

	for (size_t i = 0; !plan_is_grouped(s) && i < s->ncolumns; i++)
		add_column(list, s->columns[i].name, &s->columns[i]);
	for (size_t i = 0; i < plan_ncolumns(s); i++)
		add_column(list, plan_column(s, i),
		           i >= bucket && i - bucket < s->nby ? &s->by[i - bucket] : NULL);
}

cJSON *table_json(const struct table *t)
{
	const struct plan_search *s;
	cJSON *o, *rows;

	if (!t)
		return NULL;
	s = &t->step->search;
	o = cJSON_CreateObject();
	add_columns(s, json_add_arr(o, "columns"));
	rows = json_add_arr(o, "rows");
	for (size_t i = 0; i < t->rows.n; i++)
		cJSON_AddItemToArray(rows, cJSON_CreateRaw(t->rows.v[i]));
	if (plan_is_grouped(s) && counts(s) && !s->having)
		json_add_i64(o, "sum", t->sum);
	return o;
}
