#include "ask/walk.h"

void query_release(struct query *q)
{
	vec_free(&q->cons);
	vec_free(&q->times);
	vec_free(&q->subjects);
	vec_free(&q->groups);
	vec_free(&q->verbs);
	vec_free(&q->objects);
	vec_free(&q->context);
}

struct term *walk_at(const struct walk *w, size_t i)
{
	return i < w->to ? &w->p->t->v[i] : NULL;
}

/* The next term that is not a filler nor taken. */
struct term *walk_ahead(const struct walk *w, size_t *at_index)
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

struct term *walk_behind(const struct walk *w, size_t from)
{
	for (size_t i = w->i; i-- > from;) {
		struct term *t = &w->p->t->v[i];

		if (!t->gone && !term_filler(t))
			return t;
	}
	return NULL;
}

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

	if (last->nvalues == 0 || c->nvalues == 0 || !same_fields(last, c) || last->neg != c->neg ||
	    (!listable && last->op != c->op))
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

/* "not AccessDenied errors", "no failed logins": the noun behind the word that was negated says what they are. */
static bool noun_of_negated(const struct walk *w, const struct con *last, const struct con *c)
{
	return last && w->neg_open && w->near_last && w->join == G_NONE && !w->neg &&
	       c->kind == CON_CONCEPT && c->lex->concept == CK_OUTCOME &&
	       last->term + last->nterms == c->term && !w->p->t->v[c->term].open &&
	       !w->p->t->v[c->term - 1].close;
}

void walk_add(struct walk *w, struct con *c)
{
	struct con *last = w->last ? &w->q->cons.v[w->last - 1] : NULL;
	bool list = last && (w->join != G_NONE || w->near_last);

	c->neg = w->neg || (list && w->neg_open && alternatives(last, c)) ||
	         (list && w->neg_open && w->join != G_NONE);
	if (noun_of_negated(w, last, c))
		c->neg = false;
	if (last && (list || same_fields(last, c)) &&
	    (c->prep == G_NONE || c->prep == last->prep || w->join != G_NONE) &&
	    merge_values(w, last, c))
		goto done;
	c->group = ++w->q->groups_used;
	if (last && (w->join == G_OR || (w->join == G_AND && alternatives(last, c))) &&
	    last->neg == c->neg)
		c->group = last->group;
	// NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): vec_grow returns memory
	*vec_push(&w->q->cons) = *c;
	w->last = w->q->cons.n;
done:
	w->neg_open = c->neg;
	w->neg = false;
	w->join = G_NONE;
	w->near_last = true;
	w->prep = G_NONE;
	w->cmp = G_NONE;
	w->after_per = w->after_group = w->pointed = false;
}

void walk_mark(struct walk *w, size_t from, size_t n, struct con *c)
{
	c->term = from;
	c->nterms = n;
	for (size_t i = from; i < from + n && i < w->to; i++)
		w->p->t->v[i].used = true;
}

enum plan_op walk_op(enum gram g)
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
	c->op = walk_op(w->cmp);
	c->values = arena_alloc(w->p->env->a, sizeof(*c->values));
	c->values[0] = t->kind == T_NUMBER && t->scale > 1
	                       ? slice_of(arena_printf(w->p->env->a, "%lld", (long long)t->num))
	                       : t->value;
	c->nvalues = 1;
}

void walk_drop_subject(struct query *q, const struct lex_entry *e)
{
	if (q->subjects.n && q->subjects.v[q->subjects.n - 1] == e)
		q->subjects.n--;
	if (e->camel && q->objects.n && q->objects.v[q->objects.n - 1] == e)
		q->objects.n--;
}

/* A value, a number, or an unknown word: with the field that waits for it, or by itself. */
bool walk_take_value(struct walk *w, size_t k, const struct lex_entry *field, size_t first)
{
	struct term *t = walk_at(w, k);
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
	if (field && !w->neg && !w->neg_open)
		walk_drop_subject(w->q, field);
	c.prep = w->prep;
	walk_mark(w, first < k ? first : k, (first < k ? k - first : first - k) + 1, &c);
	walk_add(w, &c);
	return true;
}
