/*
 * From terms to a query: one walk over the terms with a small state (the last preposition, an open negation, a joining word),
 * one handler a kind of term.
 */
#include "ask/query.h"

struct walk {
	const struct parse *p;
	struct query *q;
	size_t i, to;
	enum gram prep;
	bool neg;       /* the next constraint is negated */
	bool neg_open;  /* the one before was, and a list goes on */
	enum gram join; /* G_AND, G_OR between the last constraint and here; G_NONE */
	bool near_last; /* nothing but commas and fillers since the last constraint */
	size_t last;    /* index + 1 of the last constraint */
	const struct lex_entry *field; /* a field that waits for its value */
	size_t field_term;
	enum gram cmp;  /* G_GT ... waits for its number; G_CONTAINS ... for its text */
	int64_t number; /* a number that waits for what it counts */
	size_t number_term;
	bool has_number;
	bool after_per;
	bool total; /* "total" was said: a sum, where a number follows */
};

void query_release(struct query *q)
{
	vec_free(&q->cons);
	vec_free(&q->times);
	vec_free(&q->subjects);
	vec_free(&q->groups);
	vec_free(&q->verbs);
	vec_free(&q->objects);
}

static struct term *at(const struct walk *w, size_t i)
{
	return i < w->to ? &w->p->t->v[i] : NULL;
}

/* The next term that is not a filler nor taken. */
static struct term *ahead(const struct walk *w, size_t *at_index)
{
	for (size_t i = w->i + 1; i < w->to; i++) {
		struct term *t = &w->p->t->v[i];

		if (t->gone || term_filler(t))
			continue;
		if (at_index)
			*at_index = i;
		return t;
	}
	return NULL;
}

static struct term *behind(const struct walk *w, size_t from)
{
	for (size_t i = w->i; i-- > from;) {
		struct term *t = &w->p->t->v[i];

		if (!t->gone && !term_filler(t))
			return t;
	}
	return NULL;
}

/* --- constraints ------------------------------------------------------------------------------------------ */

static bool same_fields(const struct con *a, const struct con *b)
{
	return a->kind == CON_FIELD && b->kind == CON_FIELD && a->nfields && b->nfields &&
	       strcmp(a->fields[0], b->fields[0]) == 0;
}

static bool alternatives(const struct con *a, const struct con *b)
{
	if (same_fields(a, b))
		return true;
	if (a->kind != CON_CONCEPT || b->kind != CON_CONCEPT)
		return false;
	return a->lex->concept == b->lex->concept &&
	       (a->lex->concept == CK_ACTION || a->lex->concept == CK_OUTCOME ||
	        a->lex->concept == CK_DATASET);
}

/* A list of values of one field is one constraint. */
static bool merge_values(struct walk *w, struct con *last, const struct con *c)
{
	struct slice *v;
	bool listable =
	        (last->op == OP_IS || last->op == OP_IN) && (c->op == OP_IS || c->op == OP_IN);

	if (!same_fields(last, c) || last->neg != c->neg || (!listable && last->op != c->op))
		return false;
	v = arena_alloc(w->p->env->a, (last->nvalues + c->nvalues) * sizeof(*v));
	memcpy(v, last->values, last->nvalues * sizeof(*v));
	memcpy(v + last->nvalues, c->values, c->nvalues * sizeof(*v));
	last->values = v;
	last->nvalues += c->nvalues;
	if (listable)
		last->op = OP_IN;
	last->nterms = c->term + c->nterms - last->term;
	return true;
}

static void add_con(struct walk *w, struct con *c)
{
	struct con *last = w->last ? &w->q->cons.v[w->last - 1] : NULL;
	bool list = last && (w->join != G_NONE || w->near_last);

	c->neg = w->neg || (list && w->neg_open && alternatives(last, c)) ||
	         (list && w->neg_open && w->join != G_NONE);
	if (last && (list || same_fields(last, c)) &&
	    (c->prep == G_NONE || c->prep == last->prep || w->join != G_NONE) &&
	    merge_values(w, last, c))
		goto done;
	c->group = ++w->q->groups_used;
	if (last && (w->join == G_OR || (w->join == G_AND && alternatives(last, c))) &&
	    last->neg == c->neg)
		c->group = last->group;
	*vec_push(&w->q->cons) = *c;
	w->last = w->q->cons.n;
done:
	w->neg_open = c->neg;
	w->neg = false;
	w->join = G_NONE;
	w->near_last = true;
	w->prep = G_NONE;
	w->cmp = G_NONE;
	w->after_per = false;
}

static void mark(struct walk *w, size_t from, size_t n, struct con *c)
{
	c->term = from;
	c->nterms = n;
	for (size_t i = from; i < from + n && i < w->to; i++)
		w->p->t->v[i].used = true;
}

static enum plan_op cmp_op(enum gram g)
{
	switch (g) {
	case G_GT:
		return OP_GT;
	case G_GE:
		return OP_GE;
	case G_LT:
		return OP_LT;
	case G_LE:
		return OP_LE;
	case G_CONTAINS:
		return OP_CONTAINS;
	case G_STARTS:
		return OP_STARTS;
	case G_ENDS:
		return OP_ENDS;
	default:
		return OP_IS;
	}
}

/* FIELD op VALUE, where the op was said in words. */
static void op_con(struct walk *w, struct term *t, const struct lex_entry *f, struct con *c)
{
	const char *name = field_here(w->p->env, f);

	memset(c, 0, sizeof(*c));
	c->kind = CON_FIELD;
	c->fields[c->nfields++] = name ? name : "message";
	c->op = cmp_op(w->cmp);
	c->values = arena_alloc(w->p->env->a, sizeof(*c->values));
	c->values[0] = t->kind == T_NUMBER && t->scale > 1
	                       ? slice_of(arena_printf(w->p->env->a, "%lld", (long long)t->num))
	                       : t->value;
	c->nvalues = 1;
}

static void drop_subject(struct query *q, const struct lex_entry *e)
{
	if (q->subjects.n && q->subjects.v[q->subjects.n - 1] == e)
		q->subjects.n--;
	if (e->camel && q->objects.n && q->objects.v[q->objects.n - 1] == e)
		q->objects.n--;
}

/* A value, a number, or an unknown word: with the field that waits for it, or by itself. */
static bool take_value(struct walk *w, size_t k, const struct lex_entry *field, size_t first)
{
	struct term *t = at(w, k);
	struct con c;
	bool ok;

	if (field && w->cmp != G_NONE) {
		op_con(w, t, field, &c);
		ok = true;
	} else if (t->kind == T_UNKNOWN || t->kind == T_NUMBER) {
		struct term as = *t;

		if (t->kind == T_NUMBER && t->ncands == 0) {
			struct cand cands[CANDS_MAX];

			as.ncands = cands_find(w->p->env, t->value, false, cands, ARRAY_LEN(cands));
			as.cands = arena_alloc(w->p->env->a, (as.ncands + 1) * sizeof(*as.cands));
			memcpy(as.cands, cands, as.ncands * sizeof(*cands));
		}
		as.kind = as.ncands ? T_VALUE : T_UNKNOWN;
		ok = as.ncands ? con_of_value(w->p->env, w->q, &as, w->prep, field, &c)
		               : con_of_unknown(w->p->env, w->q, &as, w->prep, field, &c);
	} else {
		ok = con_of_value(w->p->env, w->q, t, w->prep, field, &c);
	}
	if (!ok)
		return false;
	if (field && !w->neg)
		drop_subject(w->q, field);
	c.prep = w->prep;
	mark(w, first < k ? first : k, (first < k ? k - first : first - k) + 1, &c);
	add_con(w, &c);
	return true;
}

/* --- shape ------------------------------------------------------------------------------------------------ */

static void want_n(struct walk *w, int64_t n)
{
	w->q->n = n;
}

static void set_flag(struct walk *w, enum gram g)
{
	struct query *q = w->q;
	static const struct {
		enum gram g;
		size_t at;
	} flags[] = {
#define F(g, f) {g, offsetof(struct query, f)}
	        F(G_COUNT, count),         F(G_DISTINCT, distinct), F(G_TOP, top),
	        F(G_LEAST, least),         F(G_FIRST, first),       F(G_LAST, last),
	        F(G_ONCE, once),           F(G_WHEN, when),         F(G_WHO, who),
	        F(G_WHOSE, whose),         F(G_WHICH, which),       F(G_WHERE, where),
	        F(G_LIST, list),           F(G_EVENTS, events),     F(G_BUSIEST, busiest),
	        F(G_NEW, fresh),           F(G_EACH, each),         F(G_NOUN, noun),
	        F(G_ANYTHING, everything), F(G_DID, did),           F(G_THOSE, ref_those),
	        F(G_PERSON, ref_person),   F(G_NEXT, ref_next),     F(G_PREVIOUS, ref_previous),
	        F(G_SAME, same),           F(G_ALSO, also),         F(G_DROP, drop),
	        F(G_ABOUT, about),         F(G_HIM, himself),       F(G_SPAN, series),
#undef F
	};

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (flags[i].g == g)
			*((bool *)q + flags[i].at / sizeof(bool)) = true;
	if (g == G_TOP && w->has_number)
		want_n(w, w->number);
	if (g == G_SUM || g == G_AVG || g == G_MAX || g == G_MIN)
		q->fn = g == G_SUM ? FN_SUM : g == G_AVG ? FN_AVG : g == G_MAX ? FN_MAX : FN_MIN;
}

static bool followed_by_number(const struct walk *w)
{
	struct term *n = ahead(w, NULL);

	return n && n->kind == T_NUMBER;
}

static bool is_field_number(const struct lex_entry *f)
{
	static const char *const numeric[] = {"bytes sent", "bytes received",  "bytes", "duration",
	                                      "packets",    "severity_number", NULL};

	for (size_t i = 0; numeric[i]; i++)
		if (strcmp(f->name, numeric[i]) == 0)
			return true;
	return false;
}

static void on_comparison(struct walk *w, struct term *t)
{
	enum gram g = t->lex->gram;

	t->used = true;
	if (g == G_GT && !followed_by_number(w))
		return; /* "over udp" */
	w->cmp = g;
}

static void on_prep(struct walk *w, enum gram g)
{
	w->prep = g;
	w->near_last = false;
	if (g == G_BY && w->q->cons.n == 0)
		w->after_per = false;
}

static void on_negation(struct walk *w, struct term *t)
{
	struct term *n = ahead(w, NULL);

	t->used = true;
	if (t->lex->gram == G_NOT && n && term_gram(n, G_ONLY))
		return; /* "not only" */
	w->neg = true;
	w->near_last = false;
	if (w->join == G_AND)
		w->join = G_NONE;
}

static void on_that(struct walk *w, struct term *t)
{
	struct term *n = at(w, w->i + 1), *prev = behind(w, 0);
	bool relative = tok_is(&w->p->t->toks.v[t->tok], "that") && t->n == 1 && n && prev &&
	                !t->close && (prev->kind != T_GRAM || term_gram(prev, G_NOUN));

	t->used = true;
	if (relative)
		return;
	if (n && n->kind == T_FIELD && t->n == 1) {
		w->q->ref_field = n->lex;
		return;
	}
	w->q->ref_those = true;
}

static void on_gram(struct walk *w, struct term *t)
{
	enum gram g = t->lex->gram;
	const struct tok *tok = &w->p->t->toks.v[t->tok];

	switch (g) {
	case G_FILLER:
		t->used = true;
		for (size_t i = 0; i < t->n; i++)
			if (slice_eq_str(tok[i].stem, "attempt") ||
			    slice_eq_str(tok[i].stem, "tri"))
				w->q->attempted = true;
		if (tok_is(tok, "total"))
			w->total = true;
		if (tok_is(tok, "was") || tok_is(tok, "were") || tok_is(tok, "got") ||
		    tok_is(tok, "been"))
			w->q->passive = true;
		return;
	case G_FROM:
	case G_BY:
	case G_ON:
	case G_TO:
	case G_IN:
	case G_WITH:
	case G_FOR:
	case G_OF:
		t->used = true;
		on_prep(w, g);
		return;
	case G_PER:
		t->used = true;
		w->after_per = true;
		w->near_last = false;
		return;
	case G_NOT:
	case G_EXCEPT:
	case G_WITHOUT:
		on_negation(w, t);
		return;
	case G_AND:
	case G_OR:
		t->used = true;
		w->join = g;
		return;
	case G_BUT:
		t->used = true;
		w->neg_open = w->near_last = false;
		w->join = G_NONE;
		return;
	case G_GT:
	case G_GE:
	case G_LT:
	case G_LE:
		on_comparison(w, t);
		return;
	case G_CONTAINS:
	case G_STARTS:
	case G_ENDS:
		t->used = true;
		w->cmp = g;
		return;
	case G_NE:
		t->used = true;
		w->neg = true;
		return;
	case G_THOSE:
		on_that(w, t);
		return;
	case G_ONLY:
		t->used = true;
		w->q->only_first = w->q->only_first || !behind(w, 0) ||
		                   (w->q->cons.n == 0 && w->q->subjects.n == 0);
		return;
	case G_NOISE:
	case G_BEFORE:
	case G_AFTER:
	case G_WITHIN:
	case G_AROUND:
	case G_BETWEEN:
	case G_THEN:
	case G_UNTIL:
		t->used = g == G_WITHIN;
		return;
	case G_MEANWHILE:
		t->used = true;
		w->q->ref_those = true;
		return;
	default:
		t->used = true;
		set_flag(w, g);
		if (g == G_NOUN || g == G_TIMES)
			w->near_last = w->near_last && g == G_TIMES;
		return;
	}
}

/* --- the other kinds -------------------------------------------------------------------------------------- */

static bool in_brackets(const struct walk *w)
{
	for (size_t i = w->i + 1; i-- > 0;) {
		if (i < w->i && w->p->t->v[i].close == ')')
			return false;
		if (w->p->t->v[i].open == '(')
			return true;
	}
	return false;
}

/* What stands in brackets behind an action spells it out: "tampering with logging (stop, delete)". */
static bool explained(const struct walk *w)
{
	for (size_t i = 0; i < w->q->cons.n; i++)
		if (w->q->cons.v[i].kind == CON_CONCEPT &&
		    w->q->cons.v[i].lex->concept == CK_ACTION)
			return true;
	return false;
}

/* "files dropped": the question is for the files */
static void list_things(struct walk *w, const struct term *t)
{
	const struct toks *tk = &w->p->t->toks;
	struct slice first = tk->v[t->tok].word, last = tk->v[t->tok + t->n - 1].word;
	bool plural = false,
	     part = last.n > 2 && (memcmp(last.s + last.n - 2, "ed", 2) == 0 ||
	                           slice_eq_str(last, "run") || slice_eq_str(last, "written"));

	for (size_t i = t->tok; i + 1 < t->tok + t->n; i++)
		plural = plural ||
		         (tk->v[i].word.n > 3 && tk->v[i].word.s[tk->v[i].word.n - 1] == 's');
	(void)first;
	if (t->lex->lists && plural && part && !w->q->noun && !w->q->count && w->q->cons.n == 0)
		w->q->things = true;
}

static void on_concept(struct walk *w, struct term *t)
{
	struct con c = {
	        .kind = CON_CONCEPT, .lex = t->lex, .outcome = t->lex->outcome, .prep = w->prep};

	if (in_brackets(w) && c.lex->concept == CK_ADJECTIVE && !w->neg && explained(w)) {
		t->used = true;
		return;
	}
	list_things(w, t);
	mark(w, w->i, 1, &c);
	add_con(w, &c);
}

static bool value_like(const struct term *t)
{
	return t->kind == T_VALUE || t->kind == T_NUMBER || t->kind == T_UNKNOWN;
}

/* What a field may be joined to its value by: "is", "=", "of", "called", "in". */
static bool joins_value(const struct term *t)
{
	return term_filler(t) || term_gram(t, G_EQ) || term_gram(t, G_NE) ||
	       term_gram(t, G_CONTAINS) || term_gram(t, G_STARTS) || term_gram(t, G_ENDS) ||
	       term_gram(t, G_GT) || term_gram(t, G_GE) || term_gram(t, G_LT) ||
	       term_gram(t, G_LE) || term_gram(t, G_NOT);
}

static bool value_ahead(const struct walk *w, size_t *k)
{
	const struct term *f = at(w, w->i);

	if (f->close && f->close != ':')
		return false;
	for (size_t i = w->i + 1; i < w->to && i <= w->i + 3; i++) {
		const struct term *t = &w->p->t->v[i];

		if (t->gone)
			return false;
		if (value_like(t)) {
			*k = i;
			return true;
		}
		if (!joins_value(t) || t->close)
			return false;
	}
	return false;
}

/* A value whose place in the data is not this field's, and that reads well by itself: "users bob alice" against "ips jmerckle used". */
static bool field_takes(const struct walk *w, const struct lex_entry *e, const struct term *t,
                        size_t k)
{
	const struct term *f = at(w, w->i);
	bool plural = w->p->t->toks.v[f->tok + f->n - 1].word.n &&
	              w->p->t->toks.v[f->tok + f->n - 1]
	                              .word.s[w->p->t->toks.v[f->tok + f->n - 1].word.n - 1] == 's';
	struct term *after = at(w, k + 1);

	if (t->glued || t->kind == T_NUMBER || k > w->i + 1)
		return !(t->kind == T_NUMBER && (w->q->top || w->q->least) && plural);
	if (t->kind == T_UNKNOWN)
		return !plural || t->close;
	for (size_t i = 0; i < t->ncands; i++)
		for (const char *const *f2 = e->fields; f2 && *f2; f2++)
			if (strcmp(*f2, t->cands[i].field) == 0)
				return true;
	if (plural && (t->ncands || t->ent == ENT_IP || t->ent == ENT_KEY || t->ent == ENT_ARN))
		return false; /* "user agents jmerckle used" */
	return !(after &&
	         (after->kind == T_VERB || term_gram(after, G_DID) || term_gram(after, G_FILLER)) &&
	         (w->q->which || w->q->list));
}

static bool value_behind(struct walk *w, const struct lex_entry *e)
{
	struct con *last = w->last ? &w->q->cons.v[w->last - 1] : NULL;
	struct term *t = w->i ? at(w, w->i - 1) : NULL;
	bool severity = strcmp(e->name, "severity") == 0;

	if (t && t->kind == T_UNKNOWN && !t->used && !t->close && !t->gone) {
		const struct term *me = at(w, w->i);

		if (!severity && (w->q->which || me->close == ':'))
			return false;
		return take_value(w, w->i - 1, e, w->i);
	}
	if (!last || !t || t->kind != T_VALUE || t->close || last->kind == CON_CONCEPT ||
	    last->term + last->nterms != w->i)
		return false;
	if (t->possessive)
		return false;
	for (size_t i = 0; i < t->ncands; i++)
		for (const char *const *f = e->fields; f && *f; f++) {
			struct con c;

			if (strcmp(*f, t->cands[i].field) != 0)
				continue;
			if (con_of_value(w->p->env, w->q, t, last->prep, e, &c)) {
				c.neg = last->neg;
				c.group = last->group;
				c.term = last->term;
				c.nterms = last->nterms + 1;
				c.prep = last->prep;
				*last = c;
			}
			at(w, w->i)->used = true;
			return true;
		}
	return false;
}

/* "as the source": the field of that side */
static const struct lex_entry *as_side(struct walk *w, const struct lex_entry *e)
{
	const struct toks *tk = &w->p->t->toks;
	const struct term *f = at(w, w->i);

	for (size_t i = w->i + 1; i + 1 < w->to; i++) {
		struct term *a = at(w, i),
		            *b = at(w, i + (i + 2 < w->to && term_filler(at(w, i + 1)) ? 2 : 1));
		const struct tok *last = &tk->v[b->tok + b->n - 1];

		if (!term_gram(a, G_AS) || !(tok_is(last, "source") || tok_is(last, "target") ||
		                             tok_is(last, "parent") || tok_is(last, "destination")))
			continue;
		const struct lex_entry *s = lexicon_phrase(
		        w->p->env->x,
		        arena_printf(w->p->env->a, "%.*s %.*s", (int)last->word.n, last->word.s,
		                     (int)tk->v[f->tok + f->n - 1].word.n,
		                     tk->v[f->tok + f->n - 1].word.s));

		if (s && s->kind == LEX_FIELD) {
			a->used = b->used = a->gone = b->gone = true;
			return s;
		}
	}
	return e;
}

/* "role changes": the field only says of what kind */
static bool modifies(const struct walk *w, const struct term *t, const struct term *next)
{
	struct slice last = w->p->t->toks.v[t->tok + t->n - 1].word;

	return next && next->kind == T_CONCEPT && !t->close && next->lex->concept == CK_ADJECTIVE &&
	       last.n && last.s[last.n - 1] != 's' && !w->q->which && !w->q->list;
}

/* "events from hosts other than X": it waits for its value, it is not asked for */
static bool waits(const struct walk *w)
{
	if (w->q->which || w->q->list || w->q->distinct || w->q->top || w->q->least || w->q->count)
		return false;
	return (w->q->noun || w->q->cons.n) &&
	       (w->prep == G_FROM || w->prep == G_ON || w->prep == G_IN || w->prep == G_TO ||
	        w->prep == G_WITH || w->prep == G_FOR);
}

/* "mimikatz in the command line": the name is looked for inside */
static bool value_inside(struct walk *w, const struct lex_entry *e)
{
	struct term *v = NULL;
	struct con c = {.kind = CON_FIELD, .nfields = 1, .op = OP_CONTAINS, .prep = G_IN};
	size_t k = w->i;

	if (w->prep != G_IN || !e->fields)
		return false;
	while (k-- > 0 && !v) {
		struct term *t = at(w, k);

		if (value_like(t))
			v = t;
		else if (t->kind != T_GRAM)
			return false;
	}
	if (!v || v->ent == ENT_EVENT)
		return false;
	for (size_t i = 0; i < w->q->cons.n; i++)
		if (w->q->cons.v[i].term <= (size_t)(v - w->p->t->v) &&
		    (size_t)(v - w->p->t->v) < w->q->cons.v[i].term + w->q->cons.v[i].nterms) {
			c.neg = w->q->cons.v[i].neg;
			w->q->cons.v[i].dead = true;
		}
	c.fields[0] = field_here(w->p->env, e);
	c.values = arena_alloc(w->p->env->a, sizeof(*c.values));
	c.values[0] = v->value;
	c.nvalues = 1;
	w->neg = c.neg;
	w->join = G_NONE;
	w->near_last = false;
	mark(w, (size_t)(v - w->p->t->v), w->i - (size_t)(v - w->p->t->v) + 1, &c);
	add_con(w, &c);
	return true;
}

static void on_field(struct walk *w, struct term *t)
{
	const struct lex_entry *e = as_side(w, t->lex);
	struct term *prev = behind(w, 0), *next = at(w, w->i + 1);
	size_t k;

	t->used = true;
	if (in_brackets(w) && explained(w) && !value_ahead(w, &k))
		return;
	if (prev && prev->kind == T_SPAN && strcmp(e->name, "bucket") == 0)
		return; /* "per 5 minute bucket" */
	if (w->neg && !value_ahead(w, &k) && e->fields && !w->q->which &&
	    strcmp(e->name, "time") != 0 && !(e->noun)) {
		/* "without a user agent" */
		if (prev && (term_gram(prev, G_WITHOUT) || term_gram(prev, G_NOT))) {
			struct con c = {.kind = CON_FIELD,
			                .fields = {field_here(w->p->env, e)},
			                .nfields = 1,
			                .op = OP_EXISTS,
			                .prep = w->prep};

			mark(w, w->i, 1, &c);
			add_con(w, &c);
			return;
		}
	}
	if (value_ahead(w, &k) && field_takes(w, e, at(w, k), k)) {
		for (size_t i = w->i + 1; i < k; i++) {
			struct term *j = at(w, i);

			j->used = true;
			if (term_gram(j, G_NE) || term_gram(j, G_NOT))
				w->neg = true;
			if (term_gram(j, G_CONTAINS) || term_gram(j, G_STARTS) ||
			    term_gram(j, G_ENDS) || term_gram(j, G_GT) || term_gram(j, G_GE) ||
			    term_gram(j, G_LT) || term_gram(j, G_LE))
				w->cmp = j->lex->gram;
		}
		if (take_value(w, k, e, w->i)) {
			w->i = k;
			w->field = e;
			return;
		}
	}
	if (value_inside(w, e) || value_behind(w, e))
		return;
	w->field = e;
	w->field_term = w->i;
	if (e->camel)
		*vec_push(&w->q->objects) = e;
	if (w->after_per || w->prep == G_BY) {
		w->after_per = false;
		w->prep = G_NONE;
		if (strcmp(e->name, "time") != 0)
			*vec_push(&w->q->groups) = e;
		return;
	}
	if (w->total && w->q->fn < 0 && is_field_number(e))
		w->q->fn = FN_SUM;
	if (w->q->fn >= 0 && is_field_number(e) && !w->q->sum_of) {
		w->q->sum_of = e;
		return;
	}
	if (strcmp(e->name, "time") == 0) {
		w->q->when = w->q->when || w->q->which;
		return;
	}
	if (e->fields && !modifies(w, t, next) && !waits(w))
		*vec_push(&w->q->subjects) = e;
	w->prep = G_NONE;
	w->near_last = false;
}

static const char *const code_fields[] = {"metadata.event_code", NULL};
static const struct lex_entry code_entry = {
        .kind = LEX_FIELD, .name = "event id", .fields = code_fields};

static bool event_code(struct walk *w, struct term *t)
{
	struct con *last = w->last ? &w->q->cons.v[w->last - 1] : NULL;
	struct term *prev = behind(w, 0);
	bool windows = world_has_field(w->p->env->w, "metadata.event_code");
	struct catalog_value v[16];
	size_t n;

	if (!windows || t->scale > 1)
		return false;
	n = catalog_value_find(w->p->env->w->c, t->value, v, ARRAY_LEN(v));
	for (size_t i = 0; i < n && i < ARRAY_LEN(v); i++)
		if (v[i].field != FIELD_NONE &&
		    strcmp(field_at(v[i].field)->name, "metadata.event_code") == 0 && t->num >= 100)
			return take_value(w, w->i, &code_entry, w->i);
	if ((prev && term_gram(prev, G_NOUN)) ||
	    (last && w->near_last && last->kind == CON_CONCEPT &&
	     last->lex->concept == CK_DATASET) ||
	    t->num >= 1000)
		return take_value(w, w->i, &code_entry, w->i);
	return false;
}

static bool counted_ahead(const struct walk *w)
{
	struct term *n = ahead(w, NULL);

	return n && (n->kind == T_FIELD || n->kind == T_SPAN || n->kind == T_CONCEPT ||
	             term_gram(n, G_NOUN) || term_gram(n, G_TOP) || term_gram(n, G_BUSIEST) ||
	             term_gram(n, G_LEAST) || (n->kind == T_VALUE && n->ent == ENT_EVENT));
}

static bool ranked(const struct query *q)
{
	return q->top || q->least || q->first || q->last || q->busiest;
}

static void on_number(struct walk *w, struct term *t)
{
	struct term *prev = behind(w, 0), *next = ahead(w, NULL);

	if (w->cmp != G_NONE && w->cmp != G_CONTAINS && w->cmp != G_STARTS && w->cmp != G_ENDS) {
		if (w->field && is_field_number(w->field) && !(next && term_gram(next, G_TIMES))) {
			take_value(w, w->i, w->field, w->i);
			return;
		}
		w->q->having = w->cmp;
		w->q->having_n = t->num;
		w->cmp = G_NONE;
		t->used = true;
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
	if (prev &&
	    (term_gram(prev, G_TOP) || term_gram(prev, G_LEAST) || term_gram(prev, G_FIRST) ||
	     term_gram(prev, G_LAST) || term_gram(prev, G_BUSIEST))) {
		want_n(w, t->num);
		t->used = true;
		return;
	}
	if (t->num < 1000 && counted_ahead(w) && !w->has_number) {
		for (size_t i = w->i + 1; i < w->to; i++)
			if (term_gram(at(w, i), G_TOP) || term_gram(at(w, i), G_LEAST) ||
			    term_gram(at(w, i), G_FIRST) || term_gram(at(w, i), G_LAST) ||
			    term_gram(at(w, i), G_BUSIEST) || ranked(w->q)) {
				want_n(w, t->num);
				t->used = true;
				return;
			}
	}
	if (w->field && w->neg_open && take_value(w, w->i, w->field, w->i))
		return;
	if (w->field && w->neg && take_value(w, w->i, w->field, w->i))
		return;
	if (event_code(w, t))
		return;
	if (take_value(w, w->i, w->join != G_NONE || w->near_last ? w->field : NULL, w->i))
		return;
}

static void on_span(struct walk *w, struct term *t)
{
	struct term *prev = behind(w, 0);
	bool by = w->after_per || w->prep == G_BY ||
	          (prev && (term_gram(prev, G_PER) || term_gram(prev, G_EACH)));

	t->used = true;
	if (prev && prev->kind == T_NUMBER && !prev->used &&
	    (w->after_per || w->q->series ||
	     term_gram(at(w, w->i + 1) ? at(w, w->i + 1) : t, G_SPAN))) {
		t->num *= prev->num;
		prev->used = true;
		by = true;
	}
	(void)by;
	w->q->span = t->num;
	w->after_per = false;
	w->prep = G_NONE;
}

static void on_value(struct walk *w, struct term *t)
{
	const struct lex_entry *field = NULL;
	struct term *next = at(w, w->i + 1);

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
	if (!take_value(w, w->i, field, w->i))
		w->q->unknown++;
}

static void on_unknown(struct walk *w, struct term *t)
{
	struct term *next = at(w, w->i + 1);

	if (next && next->kind == T_FIELD && !t->close)
		return; /* the field behind it may take it */
	if (w->cmp != G_NONE && w->field && take_value(w, w->i, w->field, w->i))
		return;
	if (!take_value(w, w->i, w->join != G_NONE ? w->field : NULL, w->i))
		return;
}

static void on_time(struct walk *w, struct term *t)
{
	t->used = true;
	*vec_push(&w->q->times) = t->time;
	w->prep = G_NONE;
	w->near_last = false;
}

static void on_verb(struct walk *w, struct term *t)
{
	t->used = true;
	if (in_brackets(w) && explained(w))
		return;
	*vec_push(&w->q->verbs) = t->lex;
	w->near_last = false;
}

void query_parse(const struct parse *p, size_t from, size_t to, struct query *q)
{
	struct walk w = {.p = p, .q = q, .to = to, .prep = G_NONE, .join = G_NONE, .cmp = G_NONE};

	q->having = G_NONE;
	q->fn = -1;
	for (size_t i = from; i < to; i++) /* known before the first name is placed */
		q->did = q->did || (!p->t->v[i].gone && term_gram(&p->t->v[i], G_DID)),
		q->himself = q->himself || term_gram(&p->t->v[i], G_HIM);
	for (w.i = from; w.i < to; w.i++) {
		struct term *t = &p->t->v[w.i];

		if (t->gone || (t->used && t->kind == T_NUMBER))
			continue;
		switch (t->kind) {
		case T_GRAM:
			on_gram(&w, t);
			break;
		case T_CONCEPT:
			on_concept(&w, t);
			break;
		case T_FIELD:
			on_field(&w, t);
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
		for (size_t d = 0; d < w->nds && d < WORLD_DATASETS_MAX; d++)
			if (frag_may_match(t->lex->where, w->ds[d].name))
				mask |= UINT64_C(1) << d;
		all = first ? mask : all & mask;
		any |= mask;
		first = false;
	}
	if (!first && any)
		w->in_scope = all ? all : any;
}
