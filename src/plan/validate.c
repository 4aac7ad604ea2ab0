/* What a plan must fulfil before anything reads it. Errors have the JSON path of the place. */
#include "base/escape.h"
#include "base/limits.h"
#include "plan/eval.h"
#include "plan/number.h"
#include "plan/place.h"
#include "plan/plan.h"

/* What a comparison's field may name. */
enum names { NAMES_EVENT, NAMES_COLUMN, NAMES_NODE };

struct check {
	const struct plan *p;
	size_t step; /* being checked */
	enum names names;
	size_t nodes;
	struct err *e;
};

/* ---- fields ---- */

static bool is_text(const char *s)
{
	struct slice rest = slice_of(s);
	uint32_t cp;

	while (rest.n) {
		size_t n = utf8_decode(rest.s, rest.n, &cp);
		if (n == 0)
			return false;
		rest.s += n;
		rest.n -= n;
	}
	return true;
}

static const char *near_field(const char *name)
{
	size_t n = field_count(), k = 0;
	const char **list = xcalloc(n * 2 + 1, sizeof(*list)), *near;

	for (size_t i = 0; i < n; i++) {
		list[k++] = field_at((field_id)i)->name;
		if (field_at((field_id)i)->alias)
			list[k++] = field_at((field_id)i)->alias;
	}
	near = mw_did_you_mean(name, list);
	free(list);
	return near;
}

static int check_field(const struct check *c, const struct plan_field *f, const struct place *at)
{
	const char *near;

	if (!f->name || !f->name[0])
		return place_err(at, c->e, "the name of a field is missing");
	if (!is_text(f->name))
		return place_err(at, c->e, "the name of the field is not UTF-8");
	if (f->f || f->pseudo || (f->raw && f->raw[0]))
		return 0;
	near = near_field(f->name);
	return place_err(
	        at, c->e, "no field is called \"%s\"%s%s%s; a raw path is written \"raw:a.b\"",
	        f->name, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static const struct plan_search *own_search(const struct check *c)
{
	return &c->p->steps[c->step].search;
}

static int check_column(const struct check *c, const struct plan_search *s, const char *column,
                        const struct place *at)
{
	struct buf have = BUF_INIT;

	if (plan_column_find(s, column) >= 0)
		return 0;
	for (size_t i = 0; i < plan_ncolumns(s); i++)
		buf_printf(&have, "%s%s", i ? ", " : "", plan_column(s, i));
	(void)place_err(at, c->e, "there is no column \"%s\" (there are: %s)", column, have.s);
	buf_release(&have);
	return -1;
}

static int check_name(const struct check *c, const struct plan_field *f, const struct place *at)
{
	if (c->names == NAMES_EVENT)
		return check_field(c, f, at);
	if (!f->name || !f->name[0] || !is_text(f->name))
		return place_err(at, c->e, "the name of a %s is missing",
		                 c->names == NAMES_NODE ? "property" : "column");
	return c->names == NAMES_NODE ? 0 : check_column(c, own_search(c), f->name, at);
}

/* ---- comparisons ---- */

/* Operators that can never be true of the type are mistakes, not empty answers. */
static int check_type(const struct check *c, const struct plan_node *n, const struct place *at)
{
	enum field_type t = n->field.f ? n->field.f->type : FT_STRING;

	if (plan_op_is_order(n->op) && (t == FT_BOOL || t == FT_IP))
		return place_err(at, c->e, "%s does not fit %s, which is %s; %s",
		                 plan_op_name(n->op), n->field.name, field_type_name(t),
		                 t == FT_IP ? "use cidr" : "use is");
	if (n->op == OP_CIDR && t != FT_STRING && t != FT_IP)
		return place_err(at, c->e, "cidr does not fit %s, which is %s", n->field.name,
		                 field_type_name(t));
	return 0;
}

static int check_order_value(const struct check *c, const struct plan_node *n, struct slice v,
                             const struct place *at)
{
	enum field_type t = n->field.f ? n->field.f->type : FT_STRING;
	bool number = num_is(v),
	     wants_time = t == FT_TIME || (c->names == NAMES_EVENT && n->field.pseudo == PF_TIME);
	mw_time time;

	if (!number && !mw_time_parse(v, &time))
		return place_err(at, c->e, "%s compares numbers and times; \"%.*s\" is neither",
		                 plan_op_name(n->op), (int)v.n, v.s);
	if (wants_time && number)
		return place_err(at, c->e, "%s is a time; write one such as 2021-07-30T16:00:00Z",
		                 n->field.name);
	if (!number && t != FT_STRING && t != FT_TIME)
		return place_err(at, c->e, "%s is %s; a number is wanted", n->field.name,
		                 field_type_name(t));
	return 0;
}

static int check_value(const struct check *c, const struct plan_node *n, struct slice v,
                       const struct place *at)
{
	struct err why;
	int rc = 0;

	if (v.n == 0)
		return place_err(at, c->e,
		                 "empty text equals nothing; for a missing value use {\"not\": "
		                 "{\"op\": \"exists\"}}");
	if (v.n > MW_VALUE_MAX)
		return place_err(at, c->e, "%zu bytes; the cap is %d", v.n, MW_VALUE_MAX);
	if (plan_op_is_order(n->op))
		return check_order_value(c, n, v, at);
	if (n->op == OP_REGEX)
		rc = matcher_check_regex(v, &why);
	else if (n->op == OP_CIDR)
		rc = matcher_check_cidr(v, &why);
	return rc ? place_err(at, c->e, "%s", why.what) : 0;
}

static int check_values(const struct check *c, const struct plan_node *n, const struct place *at)
{
	if (n->nvalues > MW_PLAN_LIST_MAX)
		return place_err(at, c->e, "%zu values; the cap is %d", n->nvalues,
		                 MW_PLAN_LIST_MAX);
	for (size_t i = 0; i < n->nvalues; i++) {
		const struct place *one = n->nvalues == 1 ? PLACE_KEY(at, "value")
		                                          : PLACE_AT(PLACE_KEY(at, "values"), i);
		if (check_value(c, n, n->values[i], one))
			return -1;
	}
	return 0;
}

static int check_step_ref(const struct check *c, int step, const struct place *at)
{
	if (step < 0 || (size_t)step >= c->step)
		return place_err(at, c->e, "step %d is not one before this one (this is step %zu)",
		                 step, c->step);
	return 0;
}

static int check_pivot(const struct check *c, const struct plan_node *n, const struct place *at)
{
	const struct place *column = PLACE_KEY(at, "column");
	const struct plan_step *from;
	struct plan scratch = {0};
	struct plan_field f;
	int rc;

	if (check_step_ref(c, n->from_step, PLACE_KEY(at, "from_step")))
		return -1;
	if (!n->column || !n->column[0])
		return place_err(column, c->e, "the column of step %d is missing", n->from_step);
	if (n->op == OP_LIKE || n->op == OP_REGEX || n->op == OP_CIDR)
		return place_err(
		        PLACE_KEY(at, "op"), c->e,
		        "%s takes a pattern, which values of a step are not; use is or contains",
		        plan_op_name(n->op));
	from = &c->p->steps[n->from_step];
	if (from->kind == PS_GRAPH)
		return 0;
	if (plan_is_grouped(&from->search))
		return check_column(c, &from->search, n->column, column);
	(void)plan_field_set(&scratch, &f, n->column);
	rc = check_field(c, &f, column);
	arena_release(&scratch.arena);
	return rc;
}

static int check_rhs(const struct check *c, const struct plan_node *n, const struct place *at)
{
	static const bool works[] = {
	        [OP_IS] = true,   [OP_IS_CS] = true, [OP_CONTAINS] = true, [OP_STARTS] = true,
	        [OP_ENDS] = true, [OP_LT] = true,    [OP_LE] = true,       [OP_GT] = true,
	        [OP_GE] = true,   [OP_TEXT] = false,
	};

	if (!works[n->op])
		return place_err(PLACE_KEY(at, "op"), c->e, "%s does not work between two fields",
		                 plan_op_name(n->op));
	return check_name(c, &n->rhs, PLACE_KEY(at, "other"));
}

/* Exactly one thing to compare with: values, another field, or an earlier step's column. */
static int check_operand(const struct check *c, const struct plan_node *n, const struct place *at)
{
	int sides = (n->nvalues > 0) + (n->rhs.name != NULL) + (n->from_step >= 0);

	if (n->op == OP_EXISTS)
		return sides ? place_err(at, c->e, "exists takes no value") : 0;
	if (sides > 1)
		return place_err(at, c->e,
		                 "only one of \"value\", \"values\", \"other\" and \"from_step\" "
		                 "can stand here");
	if (sides == 0)
		return place_err(at, c->e, "a value is missing");
	if (n->rhs.name)
		return check_rhs(c, n, at);
	return n->nvalues ? check_values(c, n, at) : check_pivot(c, n, at);
}

static int check_cmp(const struct check *c, const struct plan_node *n, const struct place *at)
{
	if (n->op == OP_TEXT && c->names != NAMES_EVENT)
		return place_err(PLACE_KEY(at, "op"), c->e, "text searches raw records only");
	if (n->op == OP_TEXT && n->field.name)
		return place_err(PLACE_KEY(at, "field"), c->e,
		                 "text searches the whole record; for one field use contains");
	if (n->op != OP_TEXT && (check_name(c, &n->field, PLACE_KEY(at, "field")) ||
	                         check_type(c, n, PLACE_KEY(at, "op"))))
		return -1;
	return check_operand(c, n, at);
}

/* ---- trees ---- */

/* Values that go together are of one step, and each of its own column. */
static int check_same_row(const struct check *c, const struct plan_node *n, const struct place *at)
{
	size_t parts = 0;

	for (const struct plan_node *k = n->child; k; k = k->next, parts++)
		if (k->kind != PN_CMP || k->from_step < 0 || k->from_step != n->child->from_step)
			return place_err(at, c->e,
			                 "same_row takes comparisons with columns of one earlier "
			                 "step: {\"field\", \"op\", \"from_step\", \"column\"}");
	if (parts < 2 || parts > MW_PLAN_BY_MAX)
		return place_err(at, c->e, "same_row takes 2 to %d columns; here are %zu",
		                 MW_PLAN_BY_MAX, parts);
	return 0;
}

static int check_node(struct check *c, const struct plan_node *n, const struct place *at, int depth)
{
	static const char *const keys[] = {[PN_ALL] = "all", [PN_ANY] = "any", [PN_NOT] = "not"};
	size_t i = 0;

	if (depth > MW_PLAN_DEPTH_MAX)
		return place_err(at, c->e, "nested deeper than %d", MW_PLAN_DEPTH_MAX);
	if (++c->nodes > MW_PLAN_NODES_MAX)
		return place_err(at, c->e, "the plan has more than %d conditions",
		                 MW_PLAN_NODES_MAX);
	if (n->kind == PN_CMP)
		return check_cmp(c, n, at);
	if (n->kind == PN_NOT) {
		if (!n->child || n->child->next)
			return place_err(at, c->e, "not takes exactly one condition");
		return check_node(c, n->child, PLACE_KEY(at, "not"), depth + 1);
	}
	if (n->same_row && check_same_row(c, n, PLACE_KEY(at, "same_row")))
		return -1;
	for (const struct plan_node *k = n->child; k; k = k->next)
		if (check_node(
		            c, k,
		            PLACE_AT(PLACE_KEY(at, n->same_row ? "same_row" : keys[n->kind]), i++),
		            depth + 1))
			return -1;
	return 0;
}

static int check_tree(struct check *c, enum names names, const struct plan_node *n,
                      const struct place *at)
{
	c->names = names;
	return n ? check_node(c, n, at, 1) : 0;
}

/* ---- search steps ---- */

static int check_count(const struct check *c, size_t n, size_t max, const struct place *at)
{
	return n > max ? place_err(at, c->e, "%zu of them; the cap is %zu", n, max) : 0;
}

static int check_fields(const struct check *c, const struct plan_field *f, size_t n,
                        const struct place *at)
{
	if (check_count(c, n, MW_PLAN_BY_MAX, at))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (check_field(c, &f[i], PLACE_AT(at, i)))
			return -1;
	return 0;
}

static int check_bound(const struct check *c, const struct plan_time *t, const struct place *at)
{
	if (t->kind == PW_STEP_FIRST || t->kind == PW_STEP_LAST)
		return check_step_ref(c, t->step, PLACE_KEY(at, "step"));
	if (t->kind == PW_ABS && t->t == MW_TIME_NONE)
		return place_err(at, c->e, "a time is missing");
	return 0;
}

static int check_window(const struct check *c, const struct plan_search *s, const struct place *at)
{
	if (check_bound(c, &s->from, PLACE_KEY(at, "from")) ||
	    check_bound(c, &s->to, PLACE_KEY(at, "to")))
		return -1;
	if (s->from.kind == PW_ABS && s->to.kind == PW_ABS && s->from.t >= s->to.t)
		return place_err(PLACE_KEY(at, "to"), c->e, "the window ends before it begins");
	return 0;
}

static int check_datasets(const struct check *c, const struct plan_search *s,
                          const struct place *up)
{
	const struct place *at = PLACE_KEY(up, "datasets");

	if (check_count(c, s->ndatasets, MW_PLAN_DATASETS_MAX, at))
		return -1;
	for (size_t i = 0; i < s->ndatasets; i++)
		if (!s->datasets[i][0] || !is_text(s->datasets[i]))
			return place_err(PLACE_AT(at, i), c->e, "the name of a dataset is missing");
	return 0;
}

static int check_sequence(struct check *c, const struct plan_search *s, const struct place *up)
{
	const struct plan_sequence *q = s->sequence;
	const struct place *at = PLACE_KEY(up, "sequence");

	if (!q)
		return 0;
	if (q->nstages < 2 || q->nstages > MW_PLAN_STAGES_MAX)
		return place_err(PLACE_KEY(at, "stages"), c->e, "a sequence has 2 to %d stages",
		                 MW_PLAN_STAGES_MAX);
	if (s->baseline)
		return place_err(at, c->e,
		                 "a sequence and a baseline cannot stand in one step; use two");
	if (q->within < 0)
		return place_err(PLACE_KEY(at, "within"), c->e, "it cannot be negative");
	if (q->by.name && check_field(c, &q->by, PLACE_KEY(at, "by")))
		return -1;
	for (size_t i = 0; i < q->nstages; i++) {
		if (check_tree(c, NAMES_EVENT, q->stages[i], PLACE_AT(PLACE_KEY(at, "stages"), i)))
			return -1;
		if (q->stage_by && q->stage_by[i].name &&
		    check_field(c, &q->stage_by[i], PLACE_AT(PLACE_KEY(at, "stage_by"), i)))
			return -1;
	}
	if (!q->by.name && q->stage_by)
		return place_err(PLACE_KEY(at, "stage_by"), c->e,
		                 "it needs \"by\", which it makes exceptions from");
	return 0;
}

static int check_baseline(const struct check *c, const struct plan_search *s,
                          const struct place *up)
{
	const struct plan_baseline *b = s->baseline;
	const struct place *at = PLACE_KEY(up, "baseline");

	if (!b)
		return 0;
	if (b->nkey == 0)
		return place_err(PLACE_KEY(at, "key"), c->e, "at least one field is wanted here");
	if (check_fields(c, b->key, b->nkey, PLACE_KEY(at, "key")))
		return -1;
	if (b->from == MW_TIME_NONE || b->to == MW_TIME_NONE || b->from >= b->to)
		return place_err(at, c->e, "a baseline needs \"from\" and \"to\", in this order");
	if (b->max_count < 0)
		return place_err(PLACE_KEY(at, "max_count"), c->e, "it cannot be negative");
	return 0;
}

static int check_stat(const struct check *c, const struct plan_stat *t, const struct place *at)
{
	bool bare = t->fn == FN_COUNT || t->fn == FN_FIRST || t->fn == FN_LAST;
	enum field_type type = t->field.f ? t->field.f->type : FT_INT;

	if (bare)
		return t->field.name ? place_err(PLACE_KEY(at, "field"), c->e, "%s takes no field",
		                                 plan_fn_name(t->fn))
		                     : 0;
	if (check_field(c, &t->field, PLACE_KEY(at, "field")))
		return -1;
	if ((t->fn == FN_SUM || t->fn == FN_AVG) &&
	    (type == FT_BOOL || type == FT_IP || type == FT_TIME))
		return place_err(PLACE_KEY(at, "fn"), c->e, "%s does not fit %s, which is %s",
		                 plan_fn_name(t->fn), t->field.name, field_type_name(type));
	return 0;
}

static int check_columns_differ(const struct check *c, const struct plan_search *s,
                                const struct place *at)
{
	for (size_t i = 0; i < plan_ncolumns(s); i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(plan_column(s, i), plan_column(s, j)))
				return place_err(
				        at, c->e,
				        "two columns are called \"%s\"; give one another \"as\"",
				        plan_column(s, i));
	return 0;
}

static int check_stats(const struct check *c, const struct plan_search *s, const struct place *up)
{
	const struct place *at = PLACE_KEY(up, "stats");

	if (check_count(c, s->nstats, MW_PLAN_BY_MAX, at) ||
	    check_fields(c, s->by, s->nby, PLACE_KEY(up, "by")))
		return -1;
	for (size_t i = 0; i < s->nstats; i++) {
		if (check_stat(c, &s->stats[i], PLACE_AT(at, i)))
			return -1;
		if (!s->stats[i].as || !s->stats[i].as[0] || !is_text(s->stats[i].as))
			return place_err(PLACE_KEY(PLACE_AT(at, i), "as"), c->e,
			                 "a name for the column is missing");
	}
	if (s->span < 0)
		return place_err(PLACE_KEY(up, "span"), c->e, "it cannot be negative");
	return check_columns_differ(c, s, up);
}

static int check_sort(const struct check *c, const struct plan_search *s, const struct place *up)
{
	const struct place *at = PLACE_KEY(up, "sort");
	struct plan scratch = {0};
	struct plan_field f;
	int rc = check_count(c, s->nsort, MW_PLAN_BY_MAX, at);

	for (size_t i = 0; i < s->nsort && !rc; i++) {
		const struct place *column = PLACE_KEY(PLACE_AT(at, i), "column");
		if (plan_is_grouped(s)) {
			rc = check_column(c, s, s->sort[i].column, column);
			continue;
		}
		(void)plan_field_set(&scratch, &f, s->sort[i].column);
		rc = check_field(c, &f, column);
	}
	arena_release(&scratch.arena);
	return rc;
}

static int check_limit(const struct check *c, int64_t limit, const struct place *up)
{
	if (limit < 0 || limit > MW_PLAN_ROWS_MAX)
		return place_err(PLACE_KEY(up, "limit"), c->e, "it is 1 to %d rows",
		                 MW_PLAN_ROWS_MAX);
	return 0;
}

static int check_told(const struct check *c, const struct plan_search *s, const struct place *up)
{
	const struct place *at = PLACE_KEY(up, "columns");
	int rc = check_count(c, s->ncolumns, MW_PLAN_BY_MAX, at);

	for (size_t i = 0; i < s->ncolumns && !rc; i++)
		rc = check_field(c, &s->columns[i], PLACE_AT(at, i));
	return rc;
}

static int check_search(struct check *c, const struct plan_search *s, const struct place *at)
{
	if (check_datasets(c, s, at) || check_window(c, s, at) ||
	    check_tree(c, NAMES_EVENT, s->where, PLACE_KEY(at, "where")) ||
	    check_sequence(c, s, at) || check_baseline(c, s, at) || check_stats(c, s, at) ||
	    check_sort(c, s, at) || check_limit(c, s->limit, at) || check_told(c, s, at))
		return -1;
	if (s->having && !plan_is_grouped(s))
		return place_err(PLACE_KEY(at, "having"), c->e,
		                 "it needs \"stats\", \"by\" or \"span\"; for events use where");
	return check_tree(c, NAMES_COLUMN, s->having, PLACE_KEY(at, "having"));
}

/* ---- graph steps ---- */

static int check_hop(struct check *c, const struct plan_hop *h, const struct place *at)
{
	if (h->min < 0 || h->max < 1 || h->min > h->max || h->max > MW_PLAN_GRAPH_DEPTH_MAX)
		return place_err(at, c->e, "\"min\" and \"max\" are 0 to %d, in this order",
		                 MW_PLAN_GRAPH_DEPTH_MAX);
	return check_tree(c, NAMES_NODE, h->where, PLACE_KEY(at, "where"));
}

static int check_graph(struct check *c, const struct plan_graph *g, const struct place *at)
{
	bool with_goal = g->fn == GF_SHORTEST || g->fn == GF_PATHS;

	if (check_tree(c, NAMES_NODE, g->start, PLACE_KEY(at, "start")) ||
	    check_tree(c, NAMES_NODE, g->goal, PLACE_KEY(at, "goal")) ||
	    check_limit(c, g->limit, at) ||
	    check_count(c, g->nhops, MW_PLAN_HOPS_MAX, PLACE_KEY(at, "hops")))
		return -1;
	if (with_goal != (g->goal != NULL))
		return place_err(PLACE_KEY(at, "goal"), c->e,
		                 with_goal ? "it is missing" : "only shortest and paths have one");
	if (g->nhops && g->fn != GF_MATCH)
		return place_err(PLACE_KEY(at, "hops"), c->e, "only match has hops");
	if (g->max_depth < 0 || g->max_depth > MW_PLAN_GRAPH_DEPTH_MAX)
		return place_err(PLACE_KEY(at, "max_depth"), c->e, "it is 1 to %d",
		                 MW_PLAN_GRAPH_DEPTH_MAX);
	for (size_t i = 0; i < g->nhops; i++)
		if (check_hop(c, &g->hops[i], PLACE_AT(PLACE_KEY(at, "hops"), i)))
			return -1;
	return 0;
}

/* ---- the plan ---- */

static int check_value_field(struct check *c)
{
	const struct plan_step *last = &c->p->steps[c->p->nsteps - 1];
	const struct place *at = PLACE_KEY(NULL, "value");
	const char *name = c->p->value_field.name;

	if (!name || last->kind == PS_GRAPH)
		return 0;
	if (plan_is_grouped(&last->search))
		return check_column(c, &last->search, name, at);
	return check_field(c, &c->p->value_field, at);
}

/* It stands in place of the plan's own words, so that none of them can be taken for what was asked. */
static int check_hand(const struct check *c, const struct plan_step *s, const struct place *at)
{
	const struct plan_search *q = &s->search;
	const struct place *hand = PLACE_KEY(at, "hand");

	if (!s->hand)
		return 0;
	if (!*s->hand || strlen(s->hand) > MW_PLAN_HAND_MAX)
		return place_err(hand, c->e, "a text of 1 to %d bytes is wanted", MW_PLAN_HAND_MAX);
	if (!strcmp(s->source, "lake") || !strcmp(s->source, "graph") || strchr(s->source, ','))
		return place_err(hand, c->e, "it runs at one configured source, and %s is none",
		                 s->source);
	if (q->where || q->sequence || q->baseline || q->nstats || q->nby || q->span || q->having ||
	    q->nsort || q->ndatasets || q->from.kind != PW_NONE || q->to.kind != PW_NONE)
		return place_err(
		        hand, c->e,
		        "a text written by hand says all of it: the step has a limit beside "
		        "it and no more");
	return 0;
}

int plan_validate(struct plan *p, struct err *e)
{
	struct check c = {.p = p, .e = e};

	if (p->nsteps == 0 || p->nsteps > MW_PLAN_STEPS_MAX)
		return place_err(PLACE_KEY(NULL, "steps"), e, "a plan has 1 to %d steps",
		                 MW_PLAN_STEPS_MAX);
	if (p->max_seconds < 0)
		return place_err(PLACE_KEY(NULL, "max_seconds"), e, "it cannot be negative");
	for (; c.step < p->nsteps; c.step++) {
		const struct plan_step *s = &p->steps[c.step];
		const struct place *at = PLACE_AT(PLACE_KEY(NULL, "steps"), c.step);
		if (!s->source || !s->source[0])
			return place_err(PLACE_KEY(at, "source"), e,
			                 "the name of a source is missing");
		if (check_hand(&c, s, at))
			return -1;
		if (s->kind == PS_GRAPH ? check_graph(&c, &s->graph, at)
		                        : check_search(&c, &s->search, at))
			return -1;
	}
	return check_value_field(&c);
}
