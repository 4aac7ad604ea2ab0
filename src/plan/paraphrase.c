/* A plan as one line of English. */
#include "base/limits.h"
#include "plan/place.h"
#include "plan/plan.h"

#define VALUES_SHOWN 5 /* of a list; the rest is counted */

static const char *const op_phrases[][2] = {
        [OP_IS] = {"is", "is not"},
        [OP_IS_CS] = {"is exactly", "is not exactly"},
        [OP_IN] = {"is one of", "is none of"},
        [OP_CONTAINS] = {"contains", "does not contain"},
        [OP_STARTS] = {"begins with", "does not begin with"},
        [OP_ENDS] = {"ends with", "does not end with"},
        [OP_LIKE] = {"is like", "is not like"},
        [OP_REGEX] = {"matches the regex", "does not match the regex"},
        [OP_CIDR] = {"is in", "is not in"},
        [OP_LT] = {"is less than", "is not less than"},
        [OP_LE] = {"is at most", "is not at most"},
        [OP_GT] = {"is greater than", "is not greater than"},
        [OP_GE] = {"is at least", "is not at least"},
        [OP_EXISTS] = {"is present", "is missing"},
        [OP_TEXT] = {"the record contains", "the record does not contain"},
};

/* "a, b and c" */
static void separator(struct buf *b, size_t i, size_t n, const char *last)
{
	if (i > 0)
		buf_str(b, i + 1 == n ? last : ", ");
}

static void say_time(struct buf *b, mw_time t)
{
	char text[32];

	mw_time_format(t, text);
	buf_str(b, text);
}

static void say_span(struct buf *b, int64_t us)
{
	char text[32];

	mw_span_format(us < 0 ? -us : us, text);
	buf_str(b, text);
}

static void say_bucket(struct buf *b, int64_t us)
{
	if (us == PLAN_SPAN_MONTH || us == PLAN_SPAN_YEAR)
		buf_str(b, us == PLAN_SPAN_MONTH ? "month" : "year");
	else
		say_span(b, us);
}

static void say_field(struct buf *b, const struct plan_field *f)
{
	if (f->f && f->f->alias)
		buf_str(b, f->f->alias);
	else
		buf_str(b, f->raw ? f->raw : f->name);
}

static void say_fields(struct buf *b, const struct plan_field *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		separator(b, i, n, " and ");
		say_field(b, &f[i]);
	}
}

static void say_value(struct buf *b, struct slice v)
{
	buf_ch(b, '"');
	buf_add(b, v.s, v.n);
	buf_ch(b, '"');
}

static void say_values(struct buf *b, const struct plan_node *n)
{
	size_t shown = n->nvalues > VALUES_SHOWN + 1 ? VALUES_SHOWN : n->nvalues;

	for (size_t i = 0; i < shown; i++) {
		separator(b, i, n->nvalues, " or ");
		say_value(b, n->values[i]);
	}
	if (shown < n->nvalues)
		buf_printf(b, " or %zu more", n->nvalues - shown);
}

static void say_cmp(struct buf *b, const struct plan_node *n, bool negated)
{
	if (n->op != OP_TEXT) {
		say_field(b, &n->field);
		buf_ch(b, ' ');
	}
	buf_str(b, op_phrases[n->op][negated]);
	if (n->op != OP_EXISTS)
		buf_ch(b, ' ');
	if (n->rhs.name) {
		buf_str(b, "the event's ");
		say_field(b, &n->rhs);
	} else if (n->from_step >= 0) {
		buf_printf(b, "a %s of step %d", n->column, n->from_step + 1);
	} else {
		say_values(b, n);
	}
}

static void say_node(struct buf *b, const struct plan_node *n, bool nested);

static void say_group(struct buf *b, const struct plan_node *n, bool nested)
{
	bool brackets = nested && n->child && n->child->next;

	if (!n->child)
		buf_str(b, n->kind == PN_ALL ? "anything" : "nothing");
	if (brackets)
		buf_ch(b, '(');
	for (const struct plan_node *k = n->child; k; k = k->next) {
		say_node(b, k, n->child->next != NULL);
		if (k->next)
			buf_str(b, n->kind == PN_ALL ? " and " : " or ");
	}
	if (n->same_row)
		buf_str(b, ", of the same row");
	if (brackets)
		buf_ch(b, ')');
}

static void say_node(struct buf *b, const struct plan_node *n, bool nested)
{
	if (n->kind == PN_CMP) {
		say_cmp(b, n, false);
	} else if (n->kind == PN_NOT && n->child->kind == PN_CMP) {
		say_cmp(b, n->child, true);
	} else if (n->kind == PN_NOT) {
		buf_str(b, "not (");
		say_node(b, n->child, false);
		buf_ch(b, ')');
	} else {
		say_group(b, n, nested);
	}
}

void plan_paraphrase_node(const struct plan_node *n, struct buf *out)
{
	if (n)
		say_node(out, n, false);
}

/* ---- search ---- */

static void say_stat(struct buf *b, const struct plan_stat *t)
{
	static const char *const phrases[] = {
	        [FN_COUNT] = "count",      [FN_DISTINCT] = "number of different ",
	        [FN_SUM] = "sum of ",      [FN_MIN] = "smallest ",
	        [FN_MAX] = "largest ",     [FN_AVG] = "average ",
	        [FN_FIRST] = "first time", [FN_LAST] = "last time",
	};

	buf_str(b, phrases[t->fn]);
	if (t->field.name)
		say_field(b, &t->field);
}

static void say_head(struct buf *b, const struct plan_search *s)
{
	if (s->nstats == 0 && s->nby) {
		buf_str(b, "the different ");
		say_fields(b, s->by, s->nby);
		buf_str(b, " in ");
	}
	for (size_t i = 0; i < s->nstats; i++) {
		separator(b, i, s->nstats, " and ");
		say_stat(b, &s->stats[i]);
	}
	if (s->nstats)
		buf_str(b, " of ");
	for (size_t i = 0; i < s->ndatasets; i++) {
		separator(b, i, s->ndatasets, " and ");
		buf_str(b, s->datasets[i]);
	}
	buf_str(b, s->ndatasets ? " events" : s->nstats || s->nby ? "events" : "all events");
	if (s->nstats && s->nby) {
		buf_str(b, " by ");
		say_fields(b, s->by, s->nby);
	}
	if (s->span > 0) {
		buf_str(b, " per ");
		say_bucket(b, s->span);
	}
}

static void say_bound(struct buf *b, const struct plan_time *t)
{
	if (t->kind == PW_ABS) {
		say_time(b, t->t);
		return;
	}
	if (t->offset == 1)
		buf_str(b, "just after ");
	else if (t->offset) {
		say_span(b, t->offset % MW_SECOND == 1 ? t->offset - 1
		                                       : t->offset); /* up to and with */
		buf_str(b, t->offset < 0 ? " before " : " after ");
	}
	buf_printf(b, "the %s event of step %d", t->kind == PW_STEP_FIRST ? "first" : "last",
	           t->step + 1);
}

static void say_window(struct buf *b, const struct plan_search *s)
{
	if (s->from.kind != PW_NONE) {
		buf_str(b, s->to.kind == PW_NONE ? ", since " : ", from ");
		say_bound(b, &s->from);
	}
	if (s->to.kind != PW_NONE) {
		buf_str(b, s->from.kind == PW_NONE ? ", before " : " to ");
		say_bound(b, &s->to);
	}
}

static void say_stages(struct buf *b, const struct plan_sequence *q)
{
	for (size_t i = 0; i < q->nstages; i++) {
		bool absent = q->negate_last && i + 1 == q->nstages;
		buf_str(b, i == 0   ? ", first those where "
		           : absent ? ", not followed"
		                    : ", followed");
		if (i > 0 && q->within) {
			buf_str(b, " within ");
			say_span(b, q->within);
		}
		buf_str(b, i == 0 ? "" : " by one where ");
		say_node(b, q->stages[i], true);
		if (q->stage_by && q->stage_by[i].name) {
			buf_str(b, " (matched by ");
			say_field(b, &q->stage_by[i]);
			buf_ch(b, ')');
		}
	}
	if (q->by.name) {
		buf_str(b, ", for the same ");
		say_field(b, &q->by);
	}
	if (q->only_last)
		buf_str(b, ", showing only the last of each");
}

static void say_baseline(struct buf *b, const struct plan_baseline *base)
{
	buf_str(b, ", whose ");
	say_fields(b, base->key, base->nkey);
	if (base->max_count)
		buf_printf(b, " was seen at most %lld times from ", (long long)base->max_count);
	else
		buf_str(b, " was not seen from ");
	say_time(b, base->from);
	buf_str(b, " to ");
	say_time(b, base->to);
}

static void say_order(struct buf *b, const struct plan_search *s)
{
	for (size_t i = 0; i < s->nsort; i++) {
		buf_str(b, i == 0 ? ", sorted by " : " and ");
		buf_printf(b, "%s%s", s->sort[i].column, s->sort[i].desc ? " falling" : "");
	}
	if (s->limit)
		buf_printf(b, ", at most %lld%s", (long long)s->limit,
		           s->with_ties ? " and what ties with the last" : "");
}

static void say_columns(struct buf *b, const struct plan_search *s)
{
	if (!s->ncolumns)
		return;
	buf_str(b, ", telling ");
	say_fields(b, s->columns, s->ncolumns);
}

static void say_search(struct buf *b, const struct plan_search *s)
{
	say_head(b, s);
	say_window(b, s);
	if (s->where) {
		buf_str(b, ", where ");
		say_node(b, s->where, false);
	}
	if (s->sequence)
		say_stages(b, s->sequence);
	if (s->baseline)
		say_baseline(b, s->baseline);
	if (s->having) {
		buf_str(b, ", keeping groups where ");
		say_node(b, s->having, false);
	}
	say_order(b, s);
	say_columns(b, s);
}

/* ---- graph ---- */

/* One value that is the id or the name: NULL where the node says anything else. */
static const struct slice *called(const struct plan_node *n)
{
	const struct slice *v = NULL;

	if (!n || n->kind != PN_ANY || !n->child || !n->child->next)
		return NULL;
	for (const struct plan_node *c = n->child; c; c = c->next) {
		if (c->kind != PN_CMP || c->op != OP_IS || c->nvalues != 1 || c->from_step >= 0 ||
		    !c->field.name ||
		    (strcmp(c->field.name, "id") != 0 && strcmp(c->field.name, "name") != 0) ||
		    (v && !slice_eq(*v, c->values[0])))
			return NULL;
		v = &c->values[0];
	}
	return v;
}

/* "arn:aws:iam::111122223333:role/ci-deploy" is role/ci-deploy of account 111122223333. */
static void say_name(struct buf *b, struct slice v)
{
	struct slice part[5], rest = v;
	size_t n = 0;

	while (v.n > 4 && memcmp(v.s, "arn:", 4) == 0 && n < 5 && slice_split(&rest, ':', &part[n]))
		n++;
	buf_printf(b, "\"%.*s\"", (int)(n == 5 ? rest.n : v.n), n == 5 ? rest.s : v.s);
	if (n == 5 && part[4].n)
		buf_printf(b, " of account %.*s", (int)part[4].n, part[4].s);
}

static void say_thing(struct buf *b, const char *type, const struct plan_node *where)
{
	const struct slice *name = called(where);

	if (name) {
		buf_printf(b, "%s%s", type ? type : "", type ? " " : "");
		say_name(b, *name);
		return;
	}
	buf_str(b, type ? type : "anything");
	if (where) {
		buf_str(b, " where ");
		say_node(b, where, true);
	}
}

static void say_hop(struct buf *b, const struct plan_hop *h)
{
	static const char *const arrows[] = {[HOP_OUT] = ", then along ",
	                                     [HOP_IN] = ", then back along ",
	                                     [HOP_BOTH] = ", then either way along "};

	buf_str(b, arrows[h->dir]);
	buf_str(b, h->edge ? h->edge : "any edge");
	if (h->min != 1 || h->max != 1)
		buf_printf(b, " %d to %d times", h->min, h->max);
	buf_str(b, " to ");
	say_thing(b, h->to_type, h->where);
}

static void say_graph(struct buf *b, const struct plan_graph *g)
{
	static const char *const phrases[] = {
	        [GF_MATCH] = "in the graph, from ",
	        [GF_NEIGHBOURS] = "the neighbours of ",
	        [GF_SHORTEST] = "the shortest path from ",
	        [GF_PATHS] = "all paths from ",
	        [GF_BLAST] = "what can be reached from ",
	        [GF_EXPOSURE] = "the ways from the internet to ",
	        [GF_REACHED_BY] = "what can reach ",
	};

	buf_str(b, phrases[g->fn]);
	say_thing(b, g->start_type, g->start);
	if (g->goal) {
		buf_str(b, " to ");
		say_node(b, g->goal, true);
	}
	for (size_t i = 0; i < g->nhops; i++)
		say_hop(b, &g->hops[i]);
	if (g->max_depth)
		buf_printf(b, ", at most %d steps away", g->max_depth);
	if (g->return_paths)
		buf_str(b, ", with the paths");
	if (g->with_use)
		buf_str(b, ", each edge marked as used or not");
	if (g->limit)
		buf_printf(b, ", at most %lld", (long long)g->limit);
}

void plan_paraphrase_step(const struct plan_step *s, struct buf *out)
{
	if (s->hand)
		buf_str(out, "a text written by hand");
	else if (s->kind == PS_GRAPH)
		say_graph(out, &s->graph);
	else
		say_search(out, &s->search);
	if (s->source && strcmp(s->source, s->kind == PS_GRAPH ? "graph" : "lake"))
		buf_printf(out, ", in %s", s->source);
}

void plan_paraphrase_head(const struct plan_step *s, struct buf *out)
{
	if (s->kind == PS_SEARCH && !s->hand)
		say_head(out, &s->search);
}

void plan_paraphrase(const struct plan *p, struct buf *out)
{
	for (size_t i = 0; i < p->nsteps; i++) {
		if (p->nsteps > 1)
			buf_printf(out, "%s%zu. ", i ? "; " : "", i + 1);
		plan_paraphrase_step(&p->steps[i], out);
	}
}
