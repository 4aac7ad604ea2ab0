/* What the languages' renderers share of rows: whether a language can group, sort and limit as the
 * plan means it, and the order in which it writes rows. */
#include "plan/render_lang.h"

/* Weeks begin on Mondays, months and years are those of the calendar: only other spans are the same
 * number of seconds from 1970 on in every language. */
static bool span_plain(int64_t span)
{
	return span != PLAN_SPAN_MONTH && span != PLAN_SPAN_YEAR && span % (7 * MW_DAY) != 0;
}

/* Smallest and largest go by kind of value in plans, numbers before text: the same as a language's
 * own order where all values are numbers. */
static bool stat_plain(const struct plan_stat *t)
{
	enum field_type type = t->field.f ? t->field.f->type : FT_STRING;

	if (t->fn != FN_MIN && t->fn != FN_MAX)
		return true;
	return type == FT_INT || type == FT_FLOAT || type == FT_PORT || type == FT_SIZE;
}

static bool named(struct render *r, render_column *column, const struct plan_field *f)
{
	if (column(r, f))
		return true;
	render_note(r, "%s has no name there: grouped and counted afterwards", render_alias(f));
	return false;
}

static bool by_able(struct render *r, render_column *column)
{
	const struct plan_search *s = r->s;
	bool able = true;

	for (size_t i = 0; i < s->nby; i++) {
		able = named(r, column, &s->by[i]) && able;
		for (size_t k = 0; k < i && able; k++)
			if (!strcmp(column(r, &s->by[i]), column(r, &s->by[k]))) {
				render_note(r, "%s and %s are one field there: grouped afterwards",
				            render_alias(&s->by[k]), render_alias(&s->by[i]));
				able = false;
			}
	}
	return able;
}

static bool stats_able(struct render *r, render_column *column)
{
	bool able = true;

	for (size_t i = 0; i < r->s->nstats; i++) {
		const struct plan_stat *t = &r->s->stats[i];
		if (t->field.name)
			able = named(r, column, &t->field) && able;
		if (stat_plain(t))
			continue;
		render_note(r, "the %s of %s is found afterwards", plan_fn_name(t->fn),
		            render_alias(&t->field));
		able = false;
	}
	return able;
}

bool render_groups_able(struct render *r, render_column *column)
{
	bool able = by_able(r, column);

	able = stats_able(r, column) && able;
	if (r->s->span > 0 && !span_plain(r->s->span)) {
		render_note(r, "weeks, months and years are counted afterwards");
		able = false;
	}
	if (r->s->with_ties) {
		render_note(r, "ties are kept after the rows have been fetched");
		able = false;
	}
	return able;
}

bool render_having_able(struct render *r, render_can *can)
{
	struct plan_node *n;
	bool exact;

	if (!r->s->having)
		return true;
	r->columns = true;
	n = render_widen(r->p, r->s->having, can, r, &exact);
	r->columns = false;
	if (exact && n && !plan_is_nothing(n)) {
		r->s->having = n;
		return true;
	}
	render_note(r, "groups are filtered afterwards");
	return false;
}

/* Groups are sorted by counts and times alone: values of fields have an order of their own in
 * plans (number.h), which no language has. */
static bool sort_plain(const struct plan_search *s)
{
	size_t keys = (s->span > 0) + s->nby;

	for (size_t i = 0; i < s->nsort; i++) {
		int at = plan_column_find(s, s->sort[i].column);
		enum plan_fn fn;
		if (at == 0 && s->span > 0)
			continue;
		if (at < 0 || (size_t)at < keys)
			return false;
		fn = s->stats[(size_t)at - keys].fn;
		if (fn == FN_MIN || fn == FN_MAX)
			return false;
	}
	return true;
}

bool render_sort_able(struct render *r)
{
	const struct plan_search *s = r->s;
	struct plan_field f;

	if (plan_is_grouped(s)) {
		if (sort_plain(s))
			return true;
		render_note(r, "groups are sorted afterwards");
		return false;
	}
	for (size_t i = 0; i < s->nsort; i++) {
		(void)plan_field_set(r->p, &f, s->sort[i].column);
		if (f.pseudo == PF_TIME)
			continue;
		render_note(r, "rows are sorted by %s afterwards", render_alias(&f));
		return false;
	}
	return true;
}

/* Whether the plan's own keys name column i already. */
static bool sorted_by(const struct plan_search *s, size_t i)
{
	for (size_t k = 0; k < s->nsort; k++)
		if (plan_column_find(s, s->sort[k].column) == (int)i)
			return true;
	return false;
}

void render_group_order(struct render *r, render_sort_key *key)
{
	const struct plan_search *s = r->s;
	size_t keys = (s->span > 0) + s->nby, n = 0;

	for (size_t i = 0; i < s->nsort; i++)
		key(r, (size_t)plan_column_find(s, s->sort[i].column), s->sort[i].desc, n++ == 0);
	if (s->span > 0 && !sorted_by(s, 0))
		key(r, 0, false, n++ == 0);
	if (s->nstats && !s->nsort)
		key(r, keys, true, n++ == 0);
	for (size_t i = s->span > 0; i < keys; i++)
		if (!sorted_by(s, i))
			key(r, i, false, n++ == 0);
}
