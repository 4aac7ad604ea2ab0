#include "ask/follow.h"

static const struct term *first_word(const struct parse *p)
{
	for (size_t i = 0; i < p->t->n; i++)
		if (!p->t->v[i].gone && !term_filler(&p->t->v[i]))
			return &p->t->v[i];
	return NULL;
}

static bool actor_said(const struct query *q)
{
	for (size_t i = 0; i < q->cons.n; i++)
		if (q->cons.v[i].actor || (q->cons.v[i].kind == CON_FIELD &&
		                           strncmp(q->cons.v[i].fields[0], "actor.", 6) == 0))
			return true;
	return false;
}

bool follow_wanted(const struct parse *p, const struct query *q, bool *standalone)
{
	const struct term *f = first_word(p);
	bool empty = q->cons.n == 0 && q->verbs.n == 0;

	*standalone = true;
	if (!f)
		return false;
	if (q->ref_next || q->ref_previous || q->ref_those || q->ref_field || q->same || q->about ||
	    (q->ref_person && !actor_said(q)) || (q->drop && empty)) {
		*standalone = false;
		return true;
	}
	if (term_gram(f, G_AND) || term_gram(f, G_BUT) || term_gram(f, G_ONLY) ||
	    term_gram(f, G_ALSO) || term_gram(f, G_EXCEPT) || term_gram(f, G_OR) ||
	    term_gram(f, G_WITHOUT) || term_gram(f, G_NOT) || (term_gram(f, G_THEN) && !empty))
		return true;
	/* "from which ips", "how many", "top 3 users", "yesterday": nothing that narrows by itself */
	return empty && !q->noun && !q->everything &&
	       (q->subjects.n || q->groups.n || q->span || q->events || q->each || q->count ||
	        q->times.n || q->first || q->last || q->who || q->where || q->when || q->did);
}

/* --- the old constraints ----------------------------------------------------------------------------------- */

static const char *field_name(const struct plan_field *f)
{
	return f->name ? f->name : "";
}

static bool node_has_field(const struct plan_node *n, const char *field)
{
	if (n->kind == PN_CMP)
		return strcmp(field_name(&n->field), field) == 0;
	for (const struct plan_node *c = n->child; c; c = c->next)
		if (node_has_field(c, field))
			return true;
	return false;
}

static const char *first_field(const struct plan_node *n)
{
	if (n->kind == PN_CMP)
		return n->op == OP_TEXT ? "" : field_name(&n->field);
	for (const struct plan_node *c = n->child; c; c = c->next) {
		const char *f = first_field(c);

		if (*f && strcmp(f, "dataset") != 0)
			return f;
	}
	return "";
}

static bool acting(const char *f)
{
	return strncmp(f, "actor.", 6) == 0 || strcmp(f, "mw.session_role") == 0 ||
	       strcmp(f, "raw:userIdentity.userName") == 0 ||
	       strcmp(f, "raw:userIdentity.arn") == 0 || strcmp(f, "user.name") == 0;
}

/* A new constraint takes the place of an old one on the same field, unless one excludes and the other includes other values. */
static bool replaces(const struct plan_node *new, const struct plan_node *old, bool only)
{
	const char *f = first_field(new);

	if (!*f)
		return false;
	if ((new->kind == PN_NOT) != (old->kind == PN_NOT))
		return false;
	if (new->kind == PN_NOT)
		return false;
	if (!only && acting(f) && acting(first_field(old)))
		return true; /* one says who, the other somebody else */
	if (old->kind == PN_CMP)
		return strcmp(first_field(old), f) == 0;
	return !only && strcmp(first_field(old), f) == 0 && node_has_field(old, f);
}

static struct plan_node *conjuncts(struct plan *p, struct plan_node *where)
{
	struct plan_node *all;

	if (!where)
		return plan_group(p, PN_ALL);
	if (where->kind == PN_ALL)
		return where;
	all = plan_group(p, PN_ALL);
	plan_group_add(all, where);
	return all;
}

static void unlink_replaced(struct plan_node *all, const struct plan_node *new, bool only)
{
	struct plan_node **at = &all->child;

	while (*at) {
		if (replaces(new, *at, only))
			*at = (*at)->next;
		else
			at = &(*at)->next;
	}
}

static void put_upon(struct plan_node *all, struct plan_node *new, bool only)
{
	struct plan_node *next;

	if (new->kind != PN_ALL) {
		unlink_replaced(all, new, only);
		plan_group_add(all, new);
		return;
	}
	for (struct plan_node *c = new->child; c; c = next) {
		next = c->next;
		c->next = NULL;
		unlink_replaced(all, c, only);
		plan_group_add(all, c);
	}
}

/* --- what "he" and "that key" are -------------------------------------------------------------------------- */

static bool wanted_field(const struct query *q, const char *f)
{
	if (q->ref_field) {
		for (const char *const *k = q->ref_field->fields; k && *k; k++)
			if (strcmp(*k, f) == 0)
				return true;
		return false;
	}
	return acting(f);
}

static void keep_entity(struct plan_node *all, const struct query *q)
{
	struct plan_node **at = &all->child;

	while (*at) {
		if ((*at)->kind == PN_CMP && wanted_field(q, field_name(&(*at)->field)))
			at = &(*at)->next;
		else
			*at = (*at)->next;
	}
}

static const char *const *ref_fields(const struct query *q)
{
	static const char *const who[] = {"actor.user.name", "raw:userIdentity.arn", NULL};

	return q->ref_field && q->ref_field->fields ? q->ref_field->fields : who;
}

/* The last answer's values, where it listed the very thing that is referred to. */
static bool from_answer(const struct build *b, const struct query *q, const struct ask_turn *turn,
                        struct plan_node *all)
{
	const char *column =
	        turn->plan && turn->plan->value_field.name ? turn->plan->value_field.name : NULL;
	struct plan_node *n;

	if (!turn->nvalues || !column || !(wanted_field(q, column)))
		return false;
	n = plan_cmp(b->p, column, turn->nvalues > 1 ? OP_IN : OP_IS, turn->values[0]);
	for (size_t i = 1; i < turn->nvalues && i < 50; i++)
		plan_cmp_value(b->p, n, turn->values[i]);
	plan_group_add(all, n);
	return true;
}

/* "instance=i-0c31..." of the selected incident */
static bool from_incident(const struct build *b, const struct query *q,
                          const struct ask_context *ctx, struct plan_node *all)
{
	for (const char *const *e = ctx->incident; e && *e; e++) {
		const char *eq = strchr(*e, '=');
		const struct lex_entry *f;
		struct plan_node *n;

		if (!eq)
			continue;
		f = lexicon_phrase(b->env->x, arena_strndup(b->env->a, *e, (size_t)(eq - *e)));
		if (q->ref_field &&
		    (!f || f->kind != LEX_FIELD || strcmp(f->name, q->ref_field->name) != 0))
			continue;
		if (!q->ref_field && q->ref_person && f && f->kind == LEX_FIELD &&
		    strcmp(f->name, "user") != 0 && strcmp(f->name, "principal") != 0)
			continue;
		n = plan_cmp(b->p, NULL, OP_TEXT, slice_of(eq + 1));
		plan_group_add(all, n);
		return true;
	}
	return false;
}

static void shift(struct plan_time *t, int64_t by)
{
	if (t->kind == PW_ABS)
		t->t += by;
}

static bool stats_wanted(const struct query *q)
{
	return q->count || q->distinct || q->top || q->least || q->first || q->last || q->once ||
	       q->who || q->whose || q->which || q->where || q->list || q->events || q->busiest ||
	       q->fresh || q->each || q->span || q->series || q->having != G_NONE ||
	       q->subjects.n || q->groups.n || q->fn >= 0;
}

static void clear_shape(struct plan_search *s)
{
	s->stats = NULL;
	s->by = NULL;
	s->having = NULL;
	s->sort = NULL;
	s->nstats = s->nby = s->nsort = 0;
	s->span = 0;
	s->limit = 0;
	s->with_ties = false;
}

static const struct ask_turn *last_turn(const struct ask_context *ctx)
{
	for (size_t i = ctx->nturns; i-- > 0;)
		if (ctx->turns[i].plan && ctx->turns[i].plan->nsteps)
			return &ctx->turns[i];
	return NULL;
}

static struct plan *incident_plan(struct query *q, const struct ask_context *ctx,
                                  const struct build *chips, const char **why)
{
	struct build b = *chips;
	struct plan_node *all, *where;
	bool bad;

	b.p = plan_new();
	plan_add_step(b.p, PS_SEARCH);
	all = plan_group(b.p, PN_ALL);
	if (!from_incident(&b, q, ctx, all)) {
		plan_free(b.p);
		*why = "There is no earlier question or selected incident that this could refer "
		       "to.";
		return NULL;
	}
	where = build_where(&b, q);
	if (where->child || where->kind == PN_CMP)
		plan_group_add(all, where);
	b.p->steps[0].search.where = all;
	if (!build_times(&b, q, &b.p->steps[0].search, &bad) && ctx->incident_from != MW_TIME_NONE)
		b.p->steps[0].search.from =
		        (struct plan_time){.kind = PW_ABS, .t = ctx->incident_from - MW_HOUR};
	(void)build_shape(&b, q, 0);
	return b.p;
}

/* "and successful ones?" after failed logins: what was asked about knows what success means for it. */
static void recall_outcome(const struct build *b, struct query *q)
{
	bool outcome = false;

	for (size_t i = 0; i < q->cons.n; i++)
		outcome = outcome || (q->cons.v[i].kind == CON_CONCEPT &&
		                      q->cons.v[i].lex->concept == CK_OUTCOME);
	for (size_t i = 0; outcome && i < q->context.n; i++) {
		const struct lex_entry *e = q->context.v[i];

		if (strcmp(e->name, "failed login") == 0)
			e = lexicon_phrase(b->env->x, "login");
		if (e && (e->failed || e->ok)) {
			*vec_push(&q->cons) = (struct con){
			        .kind = CON_CONCEPT, .lex = e, .group = ++q->groups_used};
			return;
		}
	}
}

struct plan *follow_plan(const struct parse *p, struct query *q, const struct ask_context *ctx,
                         const struct build *chips, const char **why)
{
	const struct ask_turn *turn = last_turn(ctx);
	struct build b = *chips;
	struct plan_search *s;
	struct plan_node *all, *where;
	bool bad, entity = (q->ref_field || q->ref_person) && !q->ref_those;

	*why = "There is no earlier question that this could refer to.";
	if (!turn)
		return ctx->incident ? incident_plan(q, ctx, chips, why) : NULL;
	b.p = plan_clone(turn->plan);
	s = &b.p->steps[b.p->nsteps - 1].search;
	all = conjuncts(b.p, s->where);
	if (entity) {
		struct plan_node *kept = plan_clone_node(b.p, all);

		if (kept->kind != PN_ALL)
			kept = conjuncts(b.p, kept);
		keep_entity(kept, q);
		if (kept->child) {
			all = kept;
		} else {
			struct plan_node *fresh = plan_group(b.p, PN_ALL);

			if (from_answer(&b, q, turn, fresh) || from_incident(&b, q, ctx, fresh))
				all = fresh;
		}
		(void)ref_fields(q);
	}
	recall_outcome(&b, q);
	where = build_where(&b, q);
	if (where->kind == PN_CMP || where->child)
		put_upon(all, where, q->only_first && !q->same && !q->about);
	s->where = all;
	if (q->times.n) {
		s->from = s->to = (struct plan_time){0};
		(void)build_times(&b, q, s, &bad);
	}
	if (q->ref_next || q->ref_previous) {
		shift(&s->from, q->ref_next ? MW_DAY : -MW_DAY);
		shift(&s->to, q->ref_next ? MW_DAY : -MW_DAY);
	}
	if (stats_wanted(q) || (entity && (q->did || q->everything))) {
		clear_shape(s);
		(void)build_shape(&b, q, b.p->nsteps - 1);
	} else if (q->noun || q->everything) {
		clear_shape(s);
		b.p->show = SHOW_EVENTS;
	}
	(void)p;
	return b.p;
}
