#include "ask/clause.h"

static const struct tok *tok_of(const struct parse *p, size_t term)
{
	return &p->t->toks.v[p->t->v[term].tok];
}

static bool happening(const struct parse *p, const struct term *t)
{
	if (t->gone)
		return false;
	if (t->kind == T_CONCEPT) {
		enum concept_kind k = t->lex->concept;
		return k == CK_ACTION || k == CK_OUTCOME;
	}
	if (t->kind == T_VERB || (t->kind == T_VALUE && t->ent == ENT_EVENT))
		return true;
	return t->kind == T_NUMBER && t->num >= 1000 && t->num < 100000 &&
	       world_has_field(p->env->w, "metadata.event_code");
}

bool clause_event(const struct parse *p, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (happening(p, &p->t->v[i]))
			return true;
	return false;
}

/* Where a clause that begins at `from` ends: at punctuation, or at the end. */
static size_t clause_end(const struct parse *p, size_t from)
{
	for (size_t i = from; i < p->t->n; i++) {
		const struct term *t = &p->t->v[i];

		if (t->close && strchr(",;:?-", t->close))
			return i + 1;
		if (i > from && slice_eq_str(tok_of(p, i)->text, "-"))
			return i;
	}
	return p->t->n;
}

static void take(const struct parse *p, size_t from, size_t to)
{
	for (size_t i = from; i < to && i < p->t->n; i++)
		p->t->v[i].gone = p->t->v[i].used = true;
}

/* A length of time that ends right in front of the term: "in the 5 minutes", "60s". Its terms are taken. */
static int64_t span_before(const struct parse *p, size_t k)
{
	static const char *const lead[] = {"in",   "the",   "within", "during", "for",
	                                   "over", "first", "last",   NULL};
	size_t tok = p->t->v[k].tok;
	int64_t us;

	for (size_t back = 4; back >= 1; back--) {
		size_t first = k;

		if (back > tok || tx_duration(&p->t->toks, tok - back, true, &us) != back)
			continue;
		while (first > 0 && p->t->v[first - 1].tok >= tok - back)
			first--;
		while (first > 0 && tok_in(tok_of(p, first - 1), lead))
			first--;
		take(p, first, k);
		return us;
	}
	return 0;
}

static bool gerund(const struct parse *p, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		struct slice w = tok_of(p, i)->word;

		if (p->t->v[i].gone || term_filler(&p->t->v[i]))
			continue;
		return w.n > 5 && memcmp(w.s + w.n - 3, "ing", 3) == 0;
	}
	return false;
}

/* "it was assumed": whom the main clause speaks of is what it was done to. */
static bool passive(const struct parse *p, size_t from, size_t to)
{
	static const char *const pronouns[] = {"it", "he", "she", "they", NULL},
	                         *const aux[] = {"was", "were", "got", "is", "been", "being", NULL};
	bool pronoun = false, was = false;

	if (from >= to)
		return false;
	for (size_t k = p->t->v[from].tok; k < p->t->v[to - 1].tok + p->t->v[to - 1].n; k++) {
		pronoun = pronoun || tok_in(&p->t->toks.v[k], pronouns);
		was = was || (pronoun && tok_in(&p->t->toks.v[k], aux));
	}
	return was;
}

static bool pronoun_subject(const struct parse *p, size_t from)
{
	static const char *const pronouns[] = {"he", "she", "they", "it", NULL};

	return from < p->t->n && tok_in(tok_of(p, from), pronouns);
}

static void add_anchor(const struct parse *p, struct clauses *c, enum gram rel, int64_t span,
                       size_t from, size_t to)
{
	struct anchor *a = &c->anchors[c->nanchors++];

	memset(a, 0, sizeof(*a));
	a->rel = rel;
	a->span = span;
	a->from = from;
	a->to = to;
	a->passive = passive(p, from, to);
	a->own_subject = a->passive || gerund(p, from, to) || pronoun_subject(p, from);
}

/* "between A and B" */
static bool between(const struct parse *p, struct clauses *c, size_t k)
{
	size_t end = clause_end(p, k + 1), and = k + 1;

	while (and < end && !term_gram(&p->t->v[and], G_AND))
		and++;
	if (and >= end || !clause_event(p, k + 1, and) || !clause_event(p, and+1, end))
		return false;
	add_anchor(p, c, G_AFTER, 0, k + 1, and);
	add_anchor(p, c, G_BEFORE, 0, and+1, end);
	c->between = true;
	p->t->v[k].gone = p->t->v[k].used = true;
	p->t->v[and].gone = p->t->v[and].used = true;
	return true;
}

static enum gram relation(const struct parse *p, size_t k, int64_t *span)
{
	const struct term *t = &p->t->v[k];

	if (term_gram(t, G_BEFORE) || term_gram(t, G_UNTIL))
		return G_BEFORE;
	if (term_gram(t, G_AFTER))
		return G_AFTER;
	if (term_gram(t, G_AROUND))
		return G_AROUND;
	if (term_gram(t, G_OF) && k > 1 && (*span = span_before(p, k)) != 0)
		return G_AROUND;
	return G_NONE;
}

static void find_anchor(const struct parse *p, struct clauses *c, size_t k)
{
	int64_t span = 0;
	enum gram rel = relation(p, k, &span);
	size_t from = k + 1, end;
	bool both = false;

	if (rel == G_NONE)
		return;
	if (rel == G_BEFORE && from + 1 < p->t->n && term_gram(&p->t->v[from], G_AND) &&
	    term_gram(&p->t->v[from + 1], G_AFTER))
		both = true, from += 2;
	end = clause_end(p, from);
	if (!clause_event(p, from, end))
		return;
	if (!span)
		span = span_before(p, k);
	if (rel == G_AROUND && !span)
		span = 5 * MW_MINUTE;
	add_anchor(p, c, both ? G_AROUND : rel, span, from, end);
	take(p, k, from);
}

/* "within 10 minutes" of a sequence */
static void find_within(const struct parse *p, struct clauses *c)
{
	for (size_t i = 0; i + 1 < p->t->n; i++) {
		size_t tok = p->t->v[i].tok + p->t->v[i].n, n, last = i + 1;
		int64_t us;

		if (!term_gram(&p->t->v[i], G_WITHIN) && !tok_is(tok_of(p, i), "in"))
			continue;
		while (tok < p->t->toks.n &&
		       (tok_is(&p->t->toks.v[tok], "the") || tok_is(&p->t->toks.v[tok], "next")))
			tok++;
		n = tx_duration(&p->t->toks, tok, false, &us);
		if (n == 0)
			continue;
		while (last < p->t->n && p->t->v[last].tok < tok + n)
			last++;
		c->within = us;
		take(p, i, last);
		return;
	}
}

static bool subject_there(const struct parse *p, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (p->t->v[i].kind == T_VERB || happening(p, &p->t->v[i]))
			return true;
	return false;
}

/* "created but not deleted" */
static bool but_not_done(const struct parse *p, size_t k)
{
	size_t next = k + 1;

	if (!term_gram(&p->t->v[k], G_EXCEPT) ||
	    !(tok_is(tok_of(p, k), "but") || tok_is(tok_of(p, k), "and")))
		return false;
	while (next < p->t->n && term_filler(&p->t->v[next]))
		next++;
	return next < p->t->n && p->t->v[next].kind == T_VERB;
}

static void find_sequence(const struct parse *p, struct clauses *c)
{
	for (size_t k = 1; k + 1 < p->t->n; k++) {
		const struct term *t = &p->t->v[k];
		bool then = term_gram(t, G_THEN),
		     without = term_gram(t, G_WITHOUT) || but_not_done(p, k);

		if (t->gone || (!then && !without) || !clause_event(p, 0, k) ||
		    !subject_there(p, k + 1, p->t->n))
			continue;
		if (without &&
		    (p->t->v[k + 1].kind == T_CONCEPT && p->t->v[k + 1].lex->concept != CK_ACTION))
			continue;
		c->sequence = true;
		c->split = k;
		c->absent = without || term_gram(&p->t->v[k - 1], G_NOT);
		if (term_gram(&p->t->v[k - 1], G_NOT) || term_gram(&p->t->v[k - 1], G_AND))
			take(p, k - 1, k);
		take(p, k, k + 1);
		find_within(p, c);
		return;
	}
}

void clauses_find(const struct parse *p, struct clauses *c)
{
	memset(c, 0, sizeof(*c));
	for (size_t k = 0; k < p->t->n && c->nanchors == 0; k++) {
		const struct term *t = &p->t->v[k];

		if (t->gone || t->kind != T_GRAM)
			continue;
		if (term_gram(t, G_BETWEEN))
			(void)between(p, c, k);
		else
			find_anchor(p, c, k);
	}
	if (c->nanchors == 0)
		find_sequence(p, c);
	for (size_t i = 0; i < c->nanchors; i++) {
		scope_from_terms(p, c->anchors[i].from, c->anchors[i].to);
		query_parse(p, c->anchors[i].from, c->anchors[i].to, &c->anchors[i].q);
	}
	for (size_t i = 0; i < c->nanchors; i++)
		for (size_t k = c->anchors[i].from; k < c->anchors[i].to; k++)
			p->t->v[k].gone = true; /* used or not, as its own clause left it */
}

void clauses_release(struct clauses *c)
{
	for (size_t i = 0; i < c->nanchors; i++)
		query_release(&c->anchors[i].q);
}
