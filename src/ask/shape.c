/* What is asked of the events: a list, a count, values, a ranking, buckets of time, the first or last one. */
#include "ask/shape.h"

#define TOP_DEFAULT 10

static bool thing(const struct lex_entry *e)
{
	return e->thing && !e->noun;
}

const char *who_field(const struct build *b, const struct query *q)
{
	const char *slot = slot_field(b->env, q, "who");
	const struct lex_entry *e = lexicon_phrase(b->env->x, "principal");

	static const char *const network[] = {"src_endpoint.ip", "device.hostname", NULL};
	const char *who = e ? field_here(b->env, e) : "actor.user.name";

	if (slot)
		return slot;
	/* logs of the network know addresses, not people */
	return world_has_field(b->env->w, who) || !world_first_field(b->env->w, network)
	               ? who
	               : world_first_field(b->env->w, network);
}

const char *subject_field(const struct build *b, const struct query *q, const struct lex_entry *e)
{
	const char *slot = NULL;

	if (q->toward && e->fields &&
	    (strcmp(e->name, "host") == 0 || strcmp(e->name, "source address") == 0) &&
	    world_has_field(b->env->w, "dst_endpoint.ip"))
		return "dst_endpoint.ip";
	if (strcmp(e->name, "user") == 0)
		slot = slot_field(b->env, q, "user");
	else if (strcmp(e->name, "process") == 0)
		slot = slot_field(b->env, q, "process");
	/* "which users were made": to whom it was done */
	if (!slot && strcmp(e->name, "user") == 0 && q->passive && q->verbs.n &&
	    q->objects.n == 1 && q->objects.v[0] == e && world_has_field(b->env->w, "user.name"))
		return "user.name";
	if (!slot && strcmp(e->name, "role") == 0 && q->verbs.n == 0)
		return acting_field(b->env, q, e, G_NONE, field_here(b->env, e));
	return slot ? slot : field_here(b->env, e);
}

/* A field that the data lacks is no answer where another reading of the question has one. */
static const char *object_field(const struct build *b, const struct query *q)
{
	if (q->ninside)
		return q->inside[0];
	for (size_t i = 0; i < q->cons.n; i++) {
		const struct con *c = &q->cons.v[i];
		const char *f;

		if (c->kind != CON_CONCEPT || !c->lex->fields || c->neg)
			continue;
		f = world_first_field(b->env->w, c->lex->fields);
		if (f)
			return f;
	}
	for (size_t i = 0; i < q->context.n; i++)
		if (q->context.v[i]->fields &&
		    world_first_field(b->env->w, q->context.v[i]->fields))
			return world_first_field(b->env->w, q->context.v[i]->fields);
	return NULL;
}

static const char *default_subject(const struct build *b, const struct query *q)
{
	static const char *const what[] = {"api.operation",
	                                   "metadata.event_code",
	                                   "finding_info.title",
	                                   "activity_name",
	                                   "dst_endpoint.ip",
	                                   "dataset",
	                                   NULL};
	const char *f = object_field(b, q);

	return f ? f : world_first_field(b->env->w, what);
}

/* "which policies were attached": the thing is said inside the concept's own words */
static bool said_object(const struct query *q)
{
	for (size_t i = 0; i < q->cons.n; i++)
		if (q->cons.v[i].kind == CON_CONCEPT && !q->cons.v[i].neg &&
		    q->cons.v[i].lex->concept == CK_ACTION && q->cons.v[i].lex->fields &&
		    q->cons.v[i].nterms == 1)
			return true;
	return false;
}

static const char *subject_of(const struct build *b, const struct query *q)
{
	bool values = q->top || q->least || q->once || q->distinct || q->which || q->list ||
	              q->having != G_NONE || q->fresh || q->each || q->busiest;

	if (q->whose || (q->who && !q->which))
		return who_field(b, q);
	for (size_t i = 0; i < q->subjects.n; i++)
		if (!q->subjects.v[i]->noun || values)
			return subject_field(b, q, q->subjects.v[i]);
	if (q->who)
		return who_field(b, q);
	if (q->things || (q->which && !q->noun && !q->did && !q->count && said_object(q)))
		return object_field(b, q);
	if (q->where)
		return "src_endpoint.ip";
	if (q->kinds)
		return default_subject(b, q);
	return NULL;
}

static void wants(const struct build *b, const struct query *q, struct want *w)
{
	memset(w, 0, sizeof(*w));
	for (size_t i = 0; i < q->groups.n && w->ngroups < ARRAY_LEN(w->groups); i++) {
		const char *f = subject_field(b, q, q->groups.v[i]);

		if (f)
			w->groups[w->ngroups++] = f;
	}
	w->subject = subject_of(b, q);
}

struct plan_stat *shape_stat(const struct build *b, struct plan_search *s, enum plan_fn fn,
                             const char *field, const char *as)
{
	struct plan_stat *v = arena_zalloc(&b->p->arena, (s->nstats + 1) * sizeof(*v));

	if (s->nstats)
		memcpy(v, s->stats, s->nstats * sizeof(*v));
	s->stats = v;
	v = &s->stats[s->nstats++];
	v->fn = fn;
	v->as = arena_strdup(&b->p->arena, as);
	if (field)
		(void)plan_field_set(b->p, &v->field, field);
	return v;
}

void shape_by(const struct build *b, struct plan_search *s, const char *field)
{
	struct plan_field *f;

	for (size_t i = 0; i < s->nby; i++)
		if (strcmp(s->by[i].name, field) == 0)
			return;
	f = arena_zalloc(&b->p->arena, (s->nby + 1) * sizeof(*f));
	if (s->nby)
		memcpy(f, s->by, s->nby * sizeof(*f));
	s->by = f;
	(void)plan_field_set(b->p, &s->by[s->nby++], field);
}

void shape_sort(const struct build *b, struct plan_search *s, const char *column, bool desc)
{
	s->sort = arena_zalloc(&b->p->arena, sizeof(*s->sort));
	s->sort[0] = (struct plan_sort){arena_strdup(&b->p->arena, column), desc};
	s->nsort = 1;
}

static enum plan_op having_op(enum gram g)
{
	return g == G_GT   ? OP_GT
	       : g == G_GE ? OP_GE
	       : g == G_LT ? OP_LT
	       : g == G_LE ? OP_LE
	                   : OP_IS;
}

/* Conditions on a column of the output: the name is a column's, not a field's. */
static void add_having(const struct build *b, struct plan_search *s, const char *column,
                       enum plan_op op, int64_t n)
{
	char text[32];
	struct plan_node *h;

	(void)snprintf(text, sizeof(text), "%lld", (long long)n);
	h = plan_cmp(b->p, column, op, slice_of(text));
	h->field = (struct plan_field){.name = arena_strdup(&b->p->arena, column)};
	s->having = h;
}

static bool singular(const struct build *b, const struct query *q)
{
	(void)b;
	return !q->plural && !q->n;
}

static void limit_ranked(const struct build *b, const struct query *q, struct plan_search *s)
{
	s->limit = q->n ? q->n : singular(b, q) ? 1 : TOP_DEFAULT;
	s->with_ties = !q->n && s->limit == 1;
}

static void rank(const struct build *b, struct query *q, struct plan_search *s)
{
	bool limited = q->top || q->least || q->busiest;

	shape_stat(b, s, FN_COUNT, NULL, "count");
	b->p->show = SHOW_RANKING;
	if (q->having != G_NONE)
		add_having(b, s, "count", having_op(q->having), q->having_n);
	if (q->least)
		shape_sort(b, s, "count", false);
	if (!limited)
		return;
	if (s->span && !q->least)
		shape_sort(b, s, "count", true);
	limit_ranked(b, q, s);
}

static void values_of(const struct build *b, struct query *q, struct plan_search *s,
                      const char *subject)
{
	shape_by(b, s, subject);
	b->p->show = SHOW_VALUES;
	(void)plan_field_set(b->p, &b->p->value_field, subject);
	if (q->having_field) {
		shape_stat(b, s, FN_DISTINCT, subject_field(b, q, q->having_field), "distinct");
		add_having(b, s, "distinct", having_op(q->having), q->having_n);
		return;
	}
	shape_stat(b, s, FN_COUNT, NULL, "count");
	if (q->once)
		add_having(b, s, "count", OP_IS, 1);
	else if (q->having != G_NONE)
		add_having(b, s, "count", having_op(q->having), q->having_n);
}

/* Past tense and an object's name: what was done, not what was tried. */
void shape_done(const struct build *b, struct query *q, struct plan_search *s)
{
	const struct lex_entry *ok = lexicon_phrase(b->env->x, "successful");
	struct con c = {.kind = CON_CONCEPT, .assumed = true};
	struct plan_node *all, *n;

	if (q->attempted || q->verbs.n == 0 || q->objects.n == 0 || !ok)
		return;
	for (size_t i = 0; i < q->cons.n; i++)
		if (q->cons.v[i].kind == CON_CONCEPT && q->cons.v[i].lex->concept == CK_OUTCOME)
			return;
	c.lex = ok;
	all = plan_group(b->p, PN_ALL);
	if (s->where)
		plan_group_add(all, s->where);
	n = build_con(b, q, &c);
	if (b->chip)
		b->chip(b->chip_ctx, &c, n);
	plan_group_add(all, n);
	s->where = all;
}

/* Who or what the records that have this field name as acting: people, else addresses. */
static const char *who_with(const struct build *b, const struct query *q, const char *field)
{
	static const char *const network[] = {"src_endpoint.ip", "device.hostname"};
	const struct world *w = b->env->w;
	const char *who = who_field(b, q);
	uint64_t there = world_field_mask(w, field) & w->in_scope;

	for (size_t i = 0; i < ARRAY_LEN(network) && !(world_field_mask(w, who) & there); i++)
		who = network[i];
	return who;
}

static bool shape_sum(const struct build *b, struct query *q, struct plan_search *s,
                      const struct want *w)
{
	const struct lex_entry *e = q->sum_of;
	const char *f;

	if (!e && q->count && q->subjects.n && strstr(q->subjects.v[0]->name, "bytes"))
		e = q->subjects.v[0], q->fn = FN_SUM;
	if (q->fn < 0 || !e)
		return false;
	f = field_here(b->env, e);
	shape_stat(b, s, (enum plan_fn)q->fn, f, q->fn == FN_SUM ? "sum" : "value");
	for (size_t i = 0; i < w->ngroups; i++)
		shape_by(b, s, w->groups[i]);
	if (w->subject && !w->ngroups)
		shape_by(b, s, w->subject);
	if (q->top && !s->nby) /* "top talkers by bytes" */
		shape_by(b, s, who_with(b, q, f));
	s->span = q->span;
	b->p->show = s->nby || s->span ? SHOW_RANKING : SHOW_COUNT;
	if (q->top)
		s->limit = q->n ? q->n : TOP_DEFAULT;
	return true;
}

static bool shape_first_last(const struct build *b, struct query *q, struct plan_search *s,
                             const struct want *w)
{
	if (!q->first && !q->last)
		return false;
	if (w->ngroups || (q->each && w->subject)) {
		for (size_t i = 0; i < w->ngroups; i++)
			shape_by(b, s, w->groups[i]);
		if (!w->ngroups)
			shape_by(b, s, w->subject);
		if (q->first)
			shape_stat(b, s, FN_FIRST, NULL, "first");
		if (q->last)
			shape_stat(b, s, FN_LAST, NULL, "last");
		b->p->show = SHOW_RANKING;
		return true;
	}
	if (q->top || q->span || q->once || q->count)
		return false;
	shape_sort(b, s, "time", q->last);
	s->limit = q->n ? q->n : 1;
	s->with_ties = !q->n;
	b->p->show = SHOW_EVENTS;
	return true;
}

/* "biggest upload", "longest connection": the events, by that number */
static bool shape_largest(const struct build *b, struct query *q, struct plan_search *s,
                          const struct want *w)
{
	const struct lex_entry *e = q->subjects.n ? q->subjects.v[0] : NULL;
	const char *f = NULL;

	if (w->ngroups || q->count || q->sum_of || q->span)
		return false;
	if (q->top && e && field_is_number(e) && q->subjects.n == 1)
		f = field_here(b->env, e);
	else if (q->fn == FN_MAX && !e && (e = lexicon_phrase(b->env->x, "duration")) != NULL)
		f = field_here(b->env, e); /* "longest connections" */
	if (!f || !world_has_field(b->env->w, f))
		return false;
	shape_sort(b, s, f, true);
	s->limit = q->n ? q->n : singular(b, q) ? 1 : TOP_DEFAULT;
	s->with_ties = !q->n;
	b->p->show = SHOW_EVENTS;
	return true;
}

static bool shape_buckets(const struct build *b, struct query *q, struct plan_search *s,
                          const struct want *w)
{
	if (q->series && !q->span)
		q->span = MW_HOUR;
	if (!q->span)
		return false;
	s->span = q->span;
	for (size_t i = 0; i < w->ngroups; i++)
		shape_by(b, s, w->groups[i]);
	if (q->distinct && w->subject) {
		shape_stat(b, s, FN_DISTINCT, w->subject, "distinct");
		b->p->show = SHOW_RANKING;
		return true;
	}
	if (q->which && !q->top && !q->least)
		q->busiest = q->busiest || q->n;
	rank(b, q, s);
	(void)plan_field_set(b->p, &b->p->value_field, w->ngroups ? w->groups[0] : "time");
	return true;
}

/* "connection states per host": each pair of the two, not only the hosts */
static bool things_listed(const struct query *q)
{
	return q->plural && q->subjects.n == 1 && thing(q->subjects.v[0]) && !q->noun &&
	       !q->least && !q->count && q->cons.n == 0 && !q->verbs.n;
}

static bool shape_groups(const struct build *b, struct query *q, struct plan_search *s,
                         const struct want *w)
{
	if (!w->ngroups)
		return false;
	for (size_t i = 0; i < w->ngroups; i++)
		shape_by(b, s, w->groups[i]);
	if (w->subject && (q->distinct || (q->count && q->subjects.n && thing(q->subjects.v[0])))) {
		shape_stat(b, s, FN_DISTINCT, w->subject, "distinct");
		b->p->show = SHOW_RANKING;
		return true;
	}
	if (w->subject && (q->which || q->list || things_listed(q)) && !q->top)
		shape_by(b, s, w->subject);
	rank(b, q, s);
	return true;
}

/* "events in the 24 hours before T": with nothing but a window there is no list to read, but a number. */
static bool only_window(const struct query *q)
{
	const struct tx_atom *t = q->times.v;

	for (size_t i = 0; i < q->times.n; i++)
		if (q->times.v[i].kind == TX_CLOCK)
			return false; /* hours of a day are read as a list too */
	if (q->times.n == 1 && t->kind == TX_DAYS && t->from != MW_TIME_NONE &&
	    t->to != MW_TIME_NONE && t->to - t->from == MW_DAY)
		return false; /* one day is read as a list */
	return q->noun && q->times.n && !q->asked_to_show && !q->events && q->cons.n == 0 &&
	       q->verbs.n == 0 && q->subjects.n == 0 && q->groups.n == 0 && !q->everything &&
	       !q->which && !q->who && !q->did && !q->top && !q->least && !q->list;
}

/* "kms and sts calls, how many each": of each that was named */
static const char *listed_field(const struct query *q)
{
	for (size_t i = 0; i < q->cons.n; i++)
		if (q->cons.v[i].kind == CON_FIELD && q->cons.v[i].op == OP_IN &&
		    q->cons.v[i].nvalues > 1 && q->cons.v[i].nterms > 1 && !q->cons.v[i].neg &&
		    !(q->subjects.n && thing(q->subjects.v[0])))
			return q->cons.v[i].fields[0];
	return NULL;
}

static bool shape_count(const struct build *b, struct query *q, struct plan_search *s,
                        const struct want *w)
{
	bool things = q->subjects.n && thing(q->subjects.v[0]);
	const char *listed = listed_field(q);

	if ((!q->count && !only_window(q)) || q->top || q->least)
		return false;
	if (q->each && (w->subject || q->who || listed)) {
		shape_by(b, s, listed ? listed : w->subject ? w->subject : who_field(b, q));
		rank(b, q, s);
		return true;
	}
	b->p->show = SHOW_COUNT;
	if (w->subject && (q->distinct || (things && !q->noun)) && q->having == G_NONE &&
	    !q->once) {
		shape_stat(b, s, FN_DISTINCT, w->subject, "distinct");
		return true;
	}
	if (q->distinct && !w->subject && default_subject(b, q)) {
		shape_stat(b, s, FN_DISTINCT, default_subject(b, q), "distinct");
		return true;
	}
	shape_stat(b, s, FN_COUNT, NULL, "count");
	return true;
}

static void set_baseline(const struct build *b, struct plan_search *s, const char *key)
{
	struct plan_baseline *l = arena_zalloc(&b->p->arena, sizeof(*l));
	mw_time oldest = MW_TIME_NONE;

	for (size_t i = 0; i < b->env->w->nds; i++)
		if (b->env->w->ds[i].from != MW_TIME_NONE &&
		    (oldest == MW_TIME_NONE || b->env->w->ds[i].from < oldest))
			oldest = b->env->w->ds[i].from;
	l->key = arena_zalloc(&b->p->arena, sizeof(*l->key));
	(void)plan_field_set(b->p, &l->key[0], key);
	l->nkey = 1;
	l->from = oldest;
	l->to = s->from.kind == PW_ABS ? s->from.t : b->env->time.now - MW_DAY;
	if (s->from.kind == PW_NONE)
		s->from = (struct plan_time){.kind = PW_ABS, .t = l->to};
	if (l->from == MW_TIME_NONE || l->from >= l->to)
		l->from = l->to - 365 * MW_DAY;
	s->baseline = l;
}

static bool shape_values(const struct build *b, struct query *q, struct plan_search *s,
                         const struct want *w)
{
	const char *subject = w->subject, *listed = listed_field(q);
	bool asked =
	        q->things || q->which || q->who || q->whose || q->list || q->distinct || q->where;
	bool ranked =
	        q->top || q->least || q->busiest || q->having != G_NONE || q->once || q->fresh;

	if (q->each && listed)
		subject = listed;
	if (!subject && ranked && !(q->having != G_NONE && !q->which && !q->who))
		subject = (q->fresh || q->once || q->top || q->least) && default_subject(b, q)
		                  ? default_subject(b, q)
		                  : who_field(b, q);
	if (!subject && q->having != G_NONE)
		subject = who_field(b, q);
	if (!subject && (q->list || q->distinct || q->which) && (q->verbs.n || q->cons.n) &&
	    q->distinct)
		subject = default_subject(b, q);
	if (!subject || q->events || (q->yesno && !asked && !ranked && !q->each))
		return false;
	if (q->fresh)
		set_baseline(b, s, subject);
	if (q->top || q->least || q->busiest || q->each) {
		shape_by(b, s, subject);
		rank(b, q, s);
		(void)plan_field_set(b->p, &b->p->value_field, subject);
		return true;
	}
	if (!asked && !ranked && q->noun && q->cons.n == 0)
		return false;
	if (q->verbs.n && q->objects.n && !q->who)
		shape_done(b, q, s);
	values_of(b, q, s, subject);
	/* "which users used that key and which regions": one column a thing asked for */
	for (size_t i = 1; i < q->subjects.n && q->which; i++)
		if (!q->subjects.v[i]->noun && !q->verbs.n)
			shape_by(b, s, subject_field(b, q, q->subjects.v[i]));
	return true;
}

static bool shape_most_of(const struct build *b, struct query *q, struct plan_search *s,
                          const struct want *w)
{
	if (!q->most_of || !w->subject)
		return false;
	shape_by(b, s, w->subject);
	shape_stat(b, s, FN_DISTINCT, subject_field(b, q, q->most_of), "distinct");
	shape_sort(b, s, "distinct", true);
	limit_ranked(b, q, s);
	b->p->show = SHOW_RANKING;
	(void)plan_field_set(b->p, &b->p->value_field, w->subject);
	return true;
}

bool build_shape(const struct build *b, struct query *q, size_t step)
{
	static bool (*const shapes[])(const struct build *, struct query *, struct plan_search *,
	                              const struct want *) = {
	        shape_sum,    shape_largest, shape_first_last, shape_compound, shape_buckets,
	        shape_groups, shape_count,   shape_most_of,    shape_values,
	};
	struct plan_search *s = &b->p->steps[step].search;
	struct want w;

	wants(b, q, &w);
	b->p->show = SHOW_EVENTS;
	if (q->events && !q->span && !q->groups.n && !q->series)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		if (shapes[i](b, q, s, &w))
			return true;
	return q->noun || q->everything;
}
