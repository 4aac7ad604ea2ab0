#include "ask/build.h"

#define SLOTS 6

static const char *prep_address(const struct build *b, const struct query *q, const struct con *c)
{
	const struct world *w = b->env->w;
	bool inbound = false;

	for (size_t i = 0; i < q->cons.n; i++)
		if (q->cons.v[i].kind == CON_CONCEPT &&
		    strcmp(q->cons.v[i].lex->name, "inbound") == 0)
			inbound = true;
	if (c->prep == G_FROM || c->prep == G_BY || inbound ||
	    !world_has_field(w, "dst_endpoint.ip"))
		return "src_endpoint.ip";
	return "dst_endpoint.ip";
}

static size_t fill_slots(const struct build *b, const struct query *q, const struct con *c,
                         struct frag_slot out[SLOTS])
{
	static const struct {
		const char *name, *field;
	} usual[] = {{"user", "actor.user.name"},
	             {"host", "device.hostname"},
	             {"process", "process.name"},
	             {"role", "mw.session_role"},
	             {"who", "actor.user.name"}};
	size_t n = 0;

	out[n++] = (struct frag_slot){"ip", prep_address(b, q, c)};
	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		const char *f = slot_field(b->env, q, usual[i].name);

		out[n++] = (struct frag_slot){usual[i].name, f ? f : usual[i].field};
	}
	return n;
}

static struct plan_node *negate(const struct build *b, struct plan_node *n)
{
	struct plan_node *no = plan_group(b->p, PN_NOT);

	plan_group_add(no, n);
	return no;
}

static struct plan_node *field_node(const struct build *b, const struct con *c, const char *field)
{
	enum plan_op op = c->op == OP_IN && c->nvalues == 1 ? OP_IS : c->op;
	struct plan_node *n;

	if (c->op == OP_EXISTS)
		return plan_cmp(b->p, field, OP_EXISTS, (struct slice){NULL, 0});
	n = plan_cmp(b->p, field, op, c->nvalues ? c->values[0] : SLICE(""));
	for (size_t i = 1; i < c->nvalues; i++)
		plan_cmp_value(b->p, n, c->values[i]);
	return n;
}

static struct plan_node *fields_node(const struct build *b, const struct con *c)
{
	struct plan_node *any;

	if (c->kind == CON_TEXT)
		return field_node(b, c, NULL);
	if (c->nfields == 1)
		return field_node(b, c, c->fields[0]);
	any = plan_group(b->p, PN_ANY);
	for (size_t i = 0; i < c->nfields; i++)
		plan_group_add(any, field_node(b, c, c->fields[i]));
	return any;
}

/* "failed" beside "console login": the concept knows what that means for it. */
static const struct con *outcome_beside(const struct query *q, const struct con *c)
{
	if (c->kind != CON_CONCEPT || (!c->lex->failed && !c->lex->ok))
		return NULL;
	for (size_t i = 0; i < q->cons.n; i++) {
		const struct con *o = &q->cons.v[i];

		if (o->kind == CON_CONCEPT && o->lex->concept == CK_OUTCOME &&
		    ((o->outcome == OUT_FAILED && c->lex->failed) ||
		     (o->outcome == OUT_OK && c->lex->ok)))
			return o;
	}
	return NULL;
}

static struct plan_node *concept_node(const struct build *b, const struct query *q,
                                      const struct con *c)
{
	struct frag_slot slots[SLOTS];
	size_t n = fill_slots(b, q, c, slots);
	const struct con *o = outcome_beside(q, c);
	const struct frag *f = c->lex->where, *of;
	struct plan_node *all;

	if (!o)
		return frag_node(f, b->p, b->env->w, slots, n);
	of = o->outcome == OUT_FAILED ? c->lex->failed : c->lex->ok;
	if (!o->neg)
		return frag_node(of, b->p, b->env->w, slots, n);
	all = plan_group(b->p, PN_ALL);
	plan_group_add(all, frag_node(f, b->p, b->env->w, slots, n));
	plan_group_add(all, negate(b, frag_node(of, b->p, b->env->w, slots, n)));
	return all;
}

struct plan_node *build_con(const struct build *b, struct query *q, const struct con *c)
{
	struct plan_node *n = c->kind == CON_CONCEPT ? concept_node(b, q, c) : fields_node(b, c);

	return c->neg ? negate(b, n) : n;
}

/* An outcome that a concept took up, and a tactic beside something more exact, say nothing more. */
static void bury(struct query *q)
{
	for (size_t i = 0; i < q->cons.n; i++) {
		struct con *c = &q->cons.v[i];
		const struct con *o = outcome_beside(q, c);

		if (o)
			q->cons.v[o - q->cons.v].dead = true;
	}
}

static void bury_broad(const struct build *b, struct query *q)
{
	bool exact = false;

	(void)b;
	for (size_t i = 0; i < q->cons.n; i++)
		exact = exact || (q->cons.v[i].kind == CON_CONCEPT &&
		                  q->cons.v[i].lex->concept == CK_ACTION &&
		                  !q->cons.v[i].lex->broad && !q->cons.v[i].neg);
	for (size_t i = 0; exact && i < q->cons.n; i++)
		if (q->cons.v[i].kind == CON_CONCEPT && q->cons.v[i].lex->broad)
			q->cons.v[i].dead = true;
}

/* "files that were created" is a concept of its own where the lexicon has it under those two words. */
static const struct lex_entry *verb_concept(const struct build *b, const struct query *q, size_t v)
{
	for (size_t i = 0; i < q->subjects.n + q->objects.n; i++) {
		const struct lex_entry *f =
		        i < q->subjects.n ? q->subjects.v[i] : q->objects.v[i - q->subjects.n];
		const struct lex_entry *e = lexicon_phrase(
		        b->env->x, arena_printf(b->env->a, "%s %s", f->name, q->verbs.v[v]->name));

		if (e && e->kind == LEX_CONCEPT && frag_alive(e->where, b->env->w))
			return e;
	}
	return NULL;
}

/* "created or deleted": each verb with a concept of its own, as alternatives. False where one has none. */
static bool verb_concepts(const struct build *b, struct query *q)
{
	bool clouds = world_has_field(b->env->w, "api.operation");
	int group = q->groups_used + 1;

	for (size_t v = 0; v < q->verbs.n; v++) {
		const struct lex_entry *e = verb_concept(b, q, v);

		if (!e || (clouds && e->concept != CK_ACTION))
			return false;
	}
	q->groups_used = group;
	for (size_t v = 0; v < q->verbs.n; v++) {
		const struct lex_entry *e = verb_concept(b, q, v);

		*vec_push(&q->cons) = (struct con){.kind = CON_CONCEPT, .lex = e, .group = group};
		*vec_push(&q->context) = e;
	}
	return true;
}

static bool is_actor(const struct lex_entry *e)
{
	static const char *const actors[] = {"actor.", "raw:userIdentity", "user.name",
	                                     "cloud.account"};

	for (const char *const *f = e->fields; f && *f; f++)
		for (size_t i = 0; i < ARRAY_LEN(actors); i++)
			if (strncmp(*f, actors[i], strlen(actors[i])) == 0)
				return true;
	return false;
}

/* "who got the secrets": nothing says what was done to them, so any event on such things counts. */
static void take_objects(const struct build *b, struct query *q)
{
	struct con c = {.kind = CON_FIELD};

	if (!(q->who || q->events) || q->which || q->subjects.n == 0 || q->groups.n || q->nasks > 1)
		return;
	for (size_t i = 0; i < q->subjects.n; i++)
		if (is_actor(q->subjects.v[i]) || q->subjects.v[i]->noun)
			return;
	for (size_t i = 0; i < q->cons.n; i++)
		if (q->cons.v[i].kind == CON_CONCEPT && q->cons.v[i].lex->concept == CK_ACTION)
			return;
	if (q->objects.n == 0 || !con_of_verbs(b->env, q, &c))
		c = (struct con){.kind = CON_FIELD,
		                 .fields = {field_here(b->env, q->subjects.v[0])},
		                 .nfields = 1,
		                 .op = OP_EXISTS};
	c.group = ++q->groups_used;
	c.nterms = 0;
	*vec_push(&q->cons) = c;
}

static void take_verbs(const struct build *b, struct query *q)
{
	struct con c = {.kind = CON_FIELD};

	for (size_t i = 0; i < q->cons.n && q->objects.n == 0; i++)
		if (q->cons.v[i].kind == CON_CONCEPT && !q->cons.v[i].dead &&
		    frag_field_value(q->cons.v[i].lex->where, "api.operation"))
			return; /* "gpu instances launched": the concept says so */
	if (q->verbs.n == 0) {
		take_objects(b, q);
		return;
	}
	if (verb_concepts(b, q))
		return;
	if (!con_of_verbs(b->env, q, &c)) {
		q->verb_lost = true; /* nothing here is said to happen so */
		return;
	}
	c.group = ++q->groups_used;
	c.nterms = 0;
	*vec_push(&q->cons) = c;
}

struct plan_node *build_where(const struct build *b, struct query *q)
{
	struct plan_node *all = plan_group(b->p, PN_ALL);

	take_verbs(b, q);
	bury(q);
	bury_broad(b, q);
	for (size_t i = 0; i < q->cons.n; i++) {
		const struct con *c = &q->cons.v[i];
		struct plan_node *n, *group = NULL;
		bool first = true;

		for (size_t k = 0; k < i; k++)
			first = first && (q->cons.v[k].dead || q->cons.v[k].group != c->group);
		if (c->dead || !first)
			continue;
		n = build_con(b, q, c);
		if (b->chip)
			b->chip(b->chip_ctx, c, n);
		for (size_t k = i + 1; k < q->cons.n; k++) {
			struct con other = q->cons.v[k];
			struct plan_node *m;

			if (other.dead || other.group != c->group)
				continue;
			if (!group) { /* "not by A or B": none of them */
				group = plan_group(b->p, c->neg ? PN_ALL : PN_ANY);
				plan_group_add(group, n);
			}
			m = build_con(b, q, &other);
			if (b->chip)
				b->chip(b->chip_ctx, &other, m);
			plan_group_add(group, m);
		}
		plan_group_add(all, group ? group : n);
	}
	if (all->child && !all->child->next)
		return all->child;
	return all;
}

/* "july 31 and august 1": whole days that follow each other are one stretch. */
bool days_together(const struct query *q, mw_time *from, mw_time *to)
{
	size_t taken = 1;

	if (q->times.n < 2)
		return false;
	*from = q->times.v[0].from;
	*to = q->times.v[0].to;
	for (size_t i = 0; i < q->times.n; i++)
		if (q->times.v[i].kind != TX_DAYS || q->times.v[i].from == MW_TIME_NONE ||
		    q->times.v[i].to == MW_TIME_NONE)
			return false;
	for (size_t round = 1; round < q->times.n; round++)
		for (size_t i = 1; i < q->times.n; i++) {
			const struct tx_atom *t = &q->times.v[i];
			bool before = t->to == *from, after = t->from == *to;

			*from = before ? t->from : *from;
			*to = after ? t->to : *to;
			taken += before || after ? 1 : 0;
		}
	return taken == q->times.n;
}

bool build_times(const struct build *b, const struct query *q, struct plan_search *s, bool *bad)
{
	mw_time from, to;

	*bad = false;
	if (q->times.n == 0)
		return false;
	if (!tx_combine(q->times.v, q->times.n, &b->env->time, &from, &to) ||
	    (from != MW_TIME_NONE && to != MW_TIME_NONE && from >= to)) {
		*bad = !days_together(q, &from, &to);
		if (*bad)
			return false;
	}
	if (from != MW_TIME_NONE)
		s->from = (struct plan_time){.kind = PW_ABS, .t = from};
	if (to != MW_TIME_NONE)
		s->to = (struct plan_time){.kind = PW_ABS, .t = to};
	return true;
}

/* --- sequences -------------------------------------------------------------------------------------------- */

static void set_stage(struct plan_sequence *s, size_t i, struct plan_node *n)
{
	s->stages[i] = n;
}

void build_sequence(const struct build *b, struct query *first, struct query *then, int64_t within,
                    bool absent)
{
	struct plan_step *step = &b->p->steps[b->p->nsteps - 1];
	struct plan_sequence *s = arena_zalloc(&b->p->arena, sizeof(*s));
	const struct lex_entry *object = first->subjects.n ? first->subjects.v[0] : NULL;
	const char *by =
	        object && object->fields ? subject_field(b, first, object) : who_field(b, first);

	s->nstages = 2;
	s->stages = arena_zalloc(&b->p->arena, 2 * sizeof(*s->stages));
	s->within = within;
	s->negate_last = absent;
	set_stage(s, 0, build_where(b, first));
	set_stage(s, 1, build_where(b, then));
	if (by)
		(void)plan_field_set(b->p, &s->by, by);
	s->stage_by = arena_zalloc(&b->p->arena, 2 * sizeof(*s->stage_by));
	step->search.sequence = s;
}
