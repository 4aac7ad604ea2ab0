/*
 * From terms to a query: one walk over the terms with a small state (the last preposition, an open negation, a joining word),
 * one handler a kind of term.
 */
#include "ask/walk.h"

static const char *const code_fields[] = {"metadata.event_code", NULL};
static const struct lex_entry code_entry = {
        .kind = LEX_FIELD, .name = "event id", .fields = code_fields};

/* "powershell 4103": in front of an event id the program's name is that of its log. */
static void as_log(struct walk *w, struct con *c)
{
	const struct term *t = &w->p->t->v[c->term];
	const struct world *d = w->p->env->w;

	if (c->kind != CON_FIELD || strcmp(c->fields[0], "process.name") != 0 || t->ent != ENT_FILE)
		return;
	for (size_t i = 0; i < d->nds; i++) {
		const char *dot = strrchr(d->ds[i].name, '.');

		if (!dot || !slice_ieq(w->p->t->toks.v[t->tok].text, slice_of(dot + 1)))
			continue;
		c->fields[0] = "dataset";
		c->op = OP_IS;
		c->values = arena_alloc(w->p->env->a, sizeof(*c->values));
		c->values[0] = slice_of(d->ds[i].name);
		c->nvalues = 1;
	}
}

static bool event_code(struct walk *w, struct term *t)
{
	struct con *last = w->last ? &w->q->cons.v[w->last - 1] : NULL;
	struct term *prev = walk_behind(w, 0);
	bool windows = world_has_field(w->p->env->w, "metadata.event_code");
	struct catalog_value v[16];
	size_t n;

	if (!windows || t->scale > 1)
		return false;
	if (last && w->near_last && t->num >= 100)
		as_log(w, last);
	n = catalog_value_find(w->p->env->w->c, t->value, v, ARRAY_LEN(v));
	for (size_t i = 0; i < n && i < ARRAY_LEN(v); i++)
		if (v[i].field != FIELD_NONE &&
		    strcmp(field_at(v[i].field)->name, "metadata.event_code") == 0 && t->num >= 100)
			return walk_take_value(w, w->i, &code_entry, w->i);
	if ((prev && term_gram(prev, G_NOUN)) ||
	    (last && w->near_last && last->kind == CON_CONCEPT &&
	     last->lex->concept == CK_DATASET) ||
	    t->num >= 1000)
		return walk_take_value(w, w->i, &code_entry, w->i);
	return false;
}

static bool counted_ahead(const struct walk *w)
{
	struct term *n = walk_ahead(w, NULL);

	return n && (n->kind == T_FIELD || n->kind == T_SPAN || n->kind == T_CONCEPT ||
	             term_gram(n, G_NOUN) || term_gram(n, G_TOP) || term_gram(n, G_BUSIEST) ||
	             term_gram(n, G_LEAST) || (n->kind == T_VALUE && n->ent == ENT_EVENT));
}

static bool ranked(const struct query *q)
{
	return q->top || q->least || q->first || q->last || q->busiest;
}

/* "longer than 60 seconds", "more than 10000 bytes sent": what is compared stands behind the number. */
static bool compared_behind(struct walk *w, struct term *t, struct term *next)
{
	const struct lex_entry *e = NULL;
	struct con c = {.kind = CON_FIELD, .nfields = 1, .op = walk_op(w->cmp)};
	double n = (double)t->num;

	if (next && next->kind == T_SPAN) {
		e = lexicon_phrase(w->p->env->x, "duration");
		n *= (double)next->num / (double)MW_SECOND;
	} else if (next && next->kind == T_FIELD && field_is_number(next->lex)) {
		e = next->lex;
	}
	if (!e || !e->fields)
		return false;
	c.fields[0] = field_here(w->p->env, e);
	c.values = arena_alloc(w->p->env->a, sizeof(*c.values));
	c.values[0] = slice_of(arena_printf(w->p->env->a, "%.0f", n));
	c.nvalues = 1;
	next->used = next->gone = true;
	walk_mark(w, w->i, 1, &c);
	walk_add(w, &c);
	return true;
}

/* A number behind "more than": of the field in front or behind, else of the count. */
static void on_compared(struct walk *w, struct term *t, struct term *next)
{
	if (w->field && field_is_number(w->field) && !(next && term_gram(next, G_TIMES))) {
		walk_take_value(w, w->i, w->field, w->i);
		return;
	}
	if (compared_behind(w, t, next))
		return;
	w->q->having = w->cmp;
	w->q->having_n = t->num;
	w->cmp = G_NONE;
	t->used = true;
	if (next && next->kind == T_FIELD && next->lex->thing && !next->lex->noun &&
	    (w->q->subjects.n || w->q->who)) {
		w->q->having_field = next->lex; /* "ips with more than one key" */
		next->used = next->gone = true;
	}
}

#define BARE_NUMBER 100 /* below it a number by itself is no value */

static bool ranks(const struct term *t)
{
	return t && (term_gram(t, G_TOP) || term_gram(t, G_LEAST) || term_gram(t, G_FIRST) ||
	             term_gram(t, G_LAST) || term_gram(t, G_BUSIEST));
}

static void on_number(struct walk *w, struct term *t)
{
	struct term *prev = walk_behind(w, 0), *next = walk_ahead(w, NULL);

	if (w->cmp != G_NONE && w->cmp != G_CONTAINS && w->cmp != G_STARTS && w->cmp != G_ENDS) {
		on_compared(w, t, next);
		return;
	}
	if (next && (term_gram(next, G_GE) || term_gram(next, G_LE)) &&
	    !w->field) { /* "5 or more" */
		w->q->having = next->lex->gram;
		w->q->having_n = t->num;
		t->used = next->used = next->gone = true;
		return;
	}
	if (next && term_gram(next, G_TIMES)) { /* "exactly 3 times" */
		w->q->having = G_EQ;
		w->q->having_n = t->num;
		t->used = true;
		return;
	}
	if (ranks(prev) || ranks(next)) { /* "newest 5", "5 newest" */
		walk_want_n(w, t->num);
		t->used = true;
		return;
	}
	if (t->num < 1000 && counted_ahead(w) && !w->has_number) {
		for (size_t i = w->i + 1; i < w->to; i++)
			if (ranks(walk_at(w, i)) || ranked(w->q)) {
				walk_want_n(w, t->num);
				t->used = true;
				return;
			}
	}
	if (w->field && w->neg_open && walk_take_value(w, w->i, w->field, w->i))
		return;
	if (w->field && w->neg && walk_take_value(w, w->i, w->field, w->i))
		return;
	if (w->last && (w->join != G_NONE || w->near_last) &&
	    strcmp(w->q->cons.v[w->last - 1].nfields ? w->q->cons.v[w->last - 1].fields[0] : "",
	           code_fields[0]) == 0 &&
	    walk_take_value(w, w->i, &code_entry, w->i))
		return; /* "events 1 and 3" */
	if (event_code(w, t))
		return;
	if (t->num < BARE_NUMBER && t->scale <= 1 && w->prep == G_NONE && w->join == G_NONE &&
	    !w->near_last && !w->neg)
		return; /* it would be found somewhere, in any field */
	if (walk_take_value(w, w->i, w->join != G_NONE || w->near_last ? w->field : NULL, w->i))
		return;
}

/* A unit of time that is no bucket: "in the first 10 minutes" stays unread, and is asked about. */
static bool is_bucket(const struct walk *w, const struct term *t, const struct term *prev)
{
	const struct query *q = w->q;
	const struct term *next = walk_at(w, w->i + 1);
	struct slice last = w->p->t->toks.v[t->tok + t->n - 1].word;

	if (prev && prev->kind == T_NUMBER && !prev->used)
		return false;
	if (w->after_per || w->prep == G_BY ||
	    (prev && (term_gram(prev, G_PER) || term_gram(prev, G_EACH))))
		return true;
	if (last.n > 2 && memcmp(last.s + last.n - 2, "ly", 2) == 0)
		return true;
	return q->top || q->least || q->busiest || q->which || q->series ||
	       (next && term_gram(next, G_SPAN));
}

static void on_span(struct walk *w, struct term *t)
{
	struct term *prev = walk_behind(w, 0);
	const struct term *next = walk_at(w, w->i + 1);
	struct slice last = w->p->t->toks.v[t->tok + t->n - 1].word;

	if (prev && prev->kind == T_NUMBER && !prev->used &&
	    (w->after_per || w->q->series || (next && term_gram(next, G_SPAN)))) {
		t->num *= prev->num;
		prev->used = true;
	} else if (!is_bucket(w, t, prev)) {
		return;
	}
	t->used = true;
	w->q->plural = w->q->plural || (last.n && last.s[last.n - 1] == 's');
	w->q->span = t->num == 28 * MW_DAY    ? PLAN_SPAN_MONTH
	             : t->num == 365 * MW_DAY ? PLAN_SPAN_YEAR
	                                      : t->num;
	w->after_per = false;
	w->prep = G_NONE;
}

static void on_value(struct walk *w, struct term *t)
{
	const struct lex_entry *field = NULL;
	struct term *next = walk_at(w, w->i + 1);

	/* "destination ports other than 53": the field in front still counts where the value fits it */
	if (w->field && (w->neg || w->neg_open || w->join != G_NONE || w->cmp != G_NONE))
		for (size_t i = 0; i < t->ncands && !field; i++)
			for (const char *const *f = w->field->fields; f && *f; f++)
				if (strcmp(*f, t->cands[i].field) == 0)
					field = w->field;
	if (w->field && w->cmp != G_NONE)
		field = w->field;
	if (next && next->kind == T_FIELD && t->possessive)
		field = NULL;
	if (w->cmp == G_CONTAINS && !field)
		w->cmp = G_NONE;
	if (!walk_take_value(w, w->i, field, w->i))
		w->q->unknown++;
}

/* "by taskmgr or rundll32": a name that the data lack is of the kind of the one beside it */
static const struct lex_entry *kind_of_sibling(const struct walk *w)
{
	const struct term * or = walk_at(w, w->i + 1), *v = walk_at(w, w->i + 2);

	if (! or || !v || !(term_gram(or, G_OR) || term_gram(or, G_AND)) || v->kind != T_VALUE ||
	    v->ncands == 0 || (w->prep != G_BY && !w->q->did))
		return NULL;
	return lex_field(w->p->env->a, v->cands[0].field, v->cands[0].field);
}

static void on_unknown(struct walk *w, struct term *t)
{
	struct term *next = walk_at(w, w->i + 1);

	if (next && next->kind == T_FIELD && !t->close && !(t->possessive && next->lex->noun))
		return; /* the field behind it may take it */
	if (w->cmp != G_NONE && w->field && walk_take_value(w, w->i, w->field, w->i))
		return;
	(void)walk_take_value(w, w->i, w->join != G_NONE ? w->field : kind_of_sibling(w), w->i);
}

static void on_time(struct walk *w, struct term *t)
{
	t->used = true;
	*vec_push(&w->q->times) = t->time;
	w->prep = G_NONE;
	w->near_last = false;
}

static bool time_ahead(const struct walk *w)
{
	struct term *n = walk_ahead(w, NULL);

	return n && n->kind == T_TIME;
}

/* "login profiles created or deleted": the concept in front says one of the verbs; both are wanted of the same thing. */
static void spell_out(struct walk *w)
{
	struct con *c = w->last ? &w->q->cons.v[w->last - 1] : NULL;
	const struct lex_entry *verb = NULL, *object = NULL;
	const struct term *t;

	if (!c || c->kind != CON_CONCEPT || c->lex->concept != CK_ACTION || c->nterms != 1 ||
	    c->dead)
		return;
	t = &w->p->t->v[c->term];
	for (size_t i = t->tok; i < t->tok + t->n;) {
		size_t n = 0;
		struct toks part = {w->p->t->toks.v, t->tok + t->n};
		const struct lex_entry *e;

		if (i == t->tok)
			part.n--; /* not the whole of it again */
		e = lexicon_at(w->p->env->x, &part, i, &n);
		if (e && e->kind == LEX_VERB)
			verb = e;
		if (e && e->kind == LEX_FIELD && e->camel)
			object = e;
		i += n ? n : 1;
	}
	if (!verb || !object)
		return;
	c->dead = true;
	*vec_push(&w->q->verbs) = verb;
	*vec_push(&w->q->objects) = object;
}

static void on_verb(struct walk *w, struct term *t)
{
	t->used = true;
	if (walk_in_brackets(w) && walk_explained(w))
		return;
	if (w->join != G_NONE)
		spell_out(w);
	if (w->q->objects.n == 0 && time_ahead(w))
		return; /* "alerts that started yesterday" */
	*vec_push(&w->q->verbs) = t->lex;
	w->q->noun = w->q->noun || walk_nominal(w, t);
	w->near_last = false;
}

/* "which hosts did X connect to" */
static bool ends_toward(const struct parse *p, size_t from, size_t to)
{
	while (to > from && (p->t->v[to - 1].gone || term_filler(&p->t->v[to - 1])))
		to--;
	return to > from && term_gram(&p->t->v[to - 1], G_TO);
}

/* "show", "give me", "all": the events themselves are wanted */
static bool shows(const struct parse *p, size_t from, size_t to)
{
	static const char *const words[] = {"show", "give",  "get",    "display", "print", "see",
	                                    "find", "list",  "all",    "any",     "every", "pull",
	                                    "look", "fetch", "return", "which",   "what",  NULL};

	for (size_t i = from; i < to; i++)
		if (tok_in(&p->t->toks.v[p->t->v[i].tok], words))
			return true;
	return false;
}

/* "event names containing Password", "calls starting with Delete": behind such a word stands a text, whatever else it may mean. */
static bool literal(struct walk *w, struct term *t)
{
	const struct term *prev = w->i ? walk_at(w, w->i - 1) : NULL;
	struct term as = *t;
	bool word = t->kind == T_VERB || t->kind == T_CLARIFY ||
	            (t->n == 1 && t->kind == T_FIELD && w->i + 1 == w->to) ||
	            (t->n == 1 && t->kind == T_CONCEPT && w->field &&
	             !walk_holds_field(t->lex, w->field));

	if ((w->cmp != G_CONTAINS && w->cmp != G_STARTS && w->cmp != G_ENDS) || !prev ||
	    !term_gram(prev, w->cmp) || !w->field || !word)
		return false;
	as.kind = T_VALUE;
	as.value = w->p->t->toks.v[t->tok].text;
	as.ncands = 0;
	*t = as;
	return walk_take_value(w, w->i, w->field, w->field_term);
}

/* "never got a reply (S0)": what stands in brackets says it again, in the data's words; "not (a or b)" negates the brackets. */
static bool negated_before(const struct walk *w)
{
	const struct term *p = w->i ? walk_at(w, w->i - 1) : NULL;

	return w->neg && p && !term_gram(p, G_NOT) && !term_gram(p, G_EXCEPT) &&
	       !term_gram(p, G_WITHOUT);
}

/* "addresses used by both A and B": each has events of all of them, not of any */
static void by_all_of(const struct walk *w)
{
	struct query *q = w->q;
	const struct lex_entry *subject = q->subjects.n ? q->subjects.v[0] : NULL;

	for (size_t i = 0; i < q->cons.n && w->both && subject && subject->thing; i++) {
		const struct con *c = &q->cons.v[i];
		struct lex_entry *e;

		if (c->term != w->both || c->kind != CON_FIELD || c->nvalues < 2 || c->neg ||
		    c->nfields != 1 || q->having != G_NONE)
			continue;
		e = lex_field(w->p->env->a, c->fields[0], c->fields[0]);
		e->thing = true;
		q->having_field = e;
		q->having = G_GE;
		q->having_n = (int64_t)c->nvalues;
	}
}

void query_parse(const struct parse *p, size_t from, size_t to, struct query *q)
{
	struct walk w = {.p = p, .q = q, .to = to, .prep = G_NONE, .join = G_NONE, .cmp = G_NONE};

	q->having = G_NONE;
	q->fn = -1;
	for (size_t i = from; i < to; i++)
		if (p->t->v[i].kind == T_CONCEPT && !p->t->v[i].gone)
			*vec_push(&q->context) = p->t->v[i].lex;
	if (from == 0 && to > 0) {
		static const char *const asks[] = {"did",  "was", "were", "is",  "are", "has",
		                                   "have", "do",  "does", "any", "had", NULL};

		q->yesno = tok_in(&p->t->toks.v[0], asks);
	}
	q->toward = ends_toward(p, from, to);
	q->asked_to_show = shows(p, from, to);
	for (size_t i = from; i < to; i++) /* known before the first name is placed */
		q->did = q->did || (!p->t->v[i].gone && term_gram(&p->t->v[i], G_DID)),
		q->himself = q->himself || term_gram(&p->t->v[i], G_HIM);
	for (w.i = from; w.i < to; w.i++) {
		struct term *t = &p->t->v[w.i];

		if (t->gone || (t->used && t->kind == T_NUMBER))
			continue;
		if (literal(&w, t))
			continue;
		if (t->open == '(' && negated_before(&w))
			w.neg = false;
		switch (t->kind) {
		case T_GRAM:
			walk_gram(&w, t);
			break;
		case T_CONCEPT:
			walk_concept(&w, t);
			break;
		case T_FIELD:
			walk_field(&w, t);
			break;
		case T_VERB:
			on_verb(&w, t);
			break;
		case T_CLARIFY:
			q->clarify = t->lex->clarify;
			t->used = true;
			break;
		case T_TIME:
			on_time(&w, t);
			break;
		case T_VALUE:
			on_value(&w, t);
			break;
		case T_NUMBER:
			on_number(&w, t);
			break;
		case T_SPAN:
			on_span(&w, t);
			break;
		case T_UNKNOWN:
			on_unknown(&w, t);
			break;
		}
		if (t->close == ':' || t->close == ';' || t->close == ')')
			w.near_last = false;
	}
	by_all_of(&w);
	if (q->fn == FN_AVG && !q->sum_of && !q->clarify)
		q->clarify =
		        "Averages are taken of numbers in the records, such as bytes or durations. "
		        "Ask for the count per hour, or for the total.";
	if (q->first && q->last && !q->each && !q->groups.n && !q->clarify)
		q->clarify = "The first or the last? Ask for one, then for the other.";
	if (w.neg && w.neg_term < to) /* "not" what? It must not be passed over */
		p->t->v[w.neg_term].used = false;
}

void scope_from_terms(const struct parse *p, size_t from, size_t to)
{
	struct world *w = p->env->w;
	uint64_t all = 0, any = 0;
	bool first = true;

	w->in_scope = ~UINT64_C(0);
	for (size_t i = from; i < to; i++) {
		const struct term *t = &p->t->v[i];
		uint64_t mask = 0;

		if (t->gone || t->kind != T_CONCEPT ||
		    (t->lex->concept != CK_DATASET && t->lex->concept != CK_ACTION) ||
		    t->lex->broad)
			continue;
		if (!frag_alive(t->lex->where, w))
			continue;
		mask = frag_scope(t->lex->where, w);
		all = first ? mask : all & mask;
		any |= mask;
		first = false;
	}
	if (!first && any)
		w->in_scope = all ? all : any;
}
