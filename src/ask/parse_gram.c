/* Words of the grammar: prepositions, negation, joining, comparison, and what is asked. */
#include "ask/walk.h"

void walk_want_n(struct walk *w, int64_t n)
{
	w->q->n = n;
}

/* Does this asking word open a part of its own: "..., and from which", "by whom and when"? */
static bool opens_part(const struct walk *w)
{
	for (size_t i = w->i; i-- > 0;) {
		const struct term *t = &w->p->t->v[i];

		if (t->close == ',' || t->close == ';' || t->close == ':' || t->close == '-' ||
		    term_gram(t, G_AND) || term_gram(t, G_BUT) || term_gram(t, G_THEN))
			return true;
		if (!term_filler(t) && !term_gram(t, G_FROM) && !term_gram(t, G_BY) &&
		    !term_gram(t, G_TO) && !term_gram(t, G_IN) && !term_gram(t, G_ON) &&
		    !term_gram(t, G_OF) && !term_gram(t, G_WITH) && !term_gram(t, G_FOR))
			return false;
	}
	return true;
}

static void note_ask(const struct walk *w, enum gram g)
{
	struct query *q = w->q;

	if (g != G_COUNT && g != G_WHICH && g != G_WHO && g != G_WHERE && g != G_WHEN &&
	    g != G_EACH)
		return;
	if (q->nasks < ASKS_MAX && (q->nasks == 0 || opens_part(w) || g == G_WHEN || g == G_EACH))
		q->asks[q->nasks++] = (struct ask_word){g, q->subjects.n};
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
	        F(G_ORDER, in_order),
#undef F
	};

	note_ask(w, g);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (flags[i].g == g)
			*((bool *)q + flags[i].at / sizeof(bool)) = true;
	if (g == G_TOP && w->has_number)
		walk_want_n(w, w->number);
	if (g == G_SUM || g == G_AVG || g == G_MAX || g == G_MIN)
		q->fn = g == G_SUM ? FN_SUM : g == G_AVG ? FN_AVG : g == G_MAX ? FN_MAX : FN_MIN;
}

/* Does something follow that events can be grouped by? "a tally of failed logins" is their number. */
static bool grouped_ahead(const struct walk *w)
{
	for (size_t i = w->i + 1; i < w->to; i++) {
		const struct term *t = &w->p->t->v[i];

		if (t->gone || term_filler(t) || term_gram(t, G_DISTINCT) || term_gram(t, G_OF) ||
		    term_gram(t, G_PER) || t->kind == T_NUMBER)
			continue;
		return t->kind == T_FIELD || t->kind == T_SPAN || term_gram(t, G_WHO) ||
		       t->kind == T_UNKNOWN || term_gram(t, G_NOUN) ||
		       (t->kind == T_CONCEPT &&
		        ((t->lex->fields &&
		          (t->lex->concept == CK_OUTCOME || t->lex->concept == CK_DATASET)) ||
		         walk_column(w, t)));
	}
	return false;
}

static bool followed_by_number(const struct walk *w)
{
	struct term *n = walk_ahead(w, NULL);

	return n && n->kind == T_NUMBER;
}

bool field_is_number(const struct lex_entry *f)
{
	const struct field *k = f->fields && !f->thing ? field_find(slice_of(f->fields[0])) : NULL;

	static const char *const numeric[] = {"bytes sent", "bytes received",  "bytes", "duration",
	                                      "packets",    "severity_number", NULL};

	for (size_t i = 0; numeric[i]; i++)
		if (strcmp(f->name, numeric[i]) == 0)
			return true;
	return k && (k->type == FT_INT || k->type == FT_FLOAT || k->type == FT_SIZE);
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

/* "hosts without any sysmon events", "which regions were never used by bob": the things that have no such event are another set than
 * those of the other events. */
static bool is_thing(const struct query *q)
{
	const struct lex_entry *e = q->subjects.n ? q->subjects.v[q->subjects.n - 1] : NULL;

	return e && e->thing && !e->noun;
}

/* "which users never logged in", "who did not sign in" */
static bool never_did(const struct walk *w, const struct term *t)
{
	const struct term *ahead = walk_ahead(w, NULL), *p = w->i ? walk_at(w, w->i - 1) : NULL;
	bool never = tok_is(&w->p->t->toks.v[t->tok], "never");

	if (t->lex->gram != G_NOT || !ahead || !(w->q->who || is_thing(w->q)))
		return false;
	if (never)
		return ahead->kind == T_CONCEPT || ahead->kind == T_VERB ||
		       ahead->kind == T_VALUE || ahead->kind == T_FIELD;
	return p && term_gram(p, G_DID) &&
	       (ahead->kind == T_VERB ||
	        (ahead->kind == T_CONCEPT && ahead->lex->concept == CK_ACTION));
}

static bool none_of_it(const struct walk *w, const struct term *t)
{
	const struct term *p = w->i ? walk_at(w, w->i - 1) : NULL, *n = walk_at(w, w->i + 1),
	                  *ahead = walk_ahead(w, NULL);
	bool thing = is_thing(w->q) && w->q->cons.n == 0;

	if (never_did(w, t))
		return true;
	if (!thing || !p || !n || !ahead)
		return false;
	if (t->lex->gram == G_WITHOUT)
		return p->kind == T_FIELD && ahead->kind == T_CONCEPT &&
		       (ahead->lex->concept == CK_DATASET || ahead->lex->concept == CK_ACTION);
	if (t->lex->gram != G_NOT || !w->q->which)
		return false;
	return (term_filler(n) || n->n > 1) && (term_gram(ahead, G_BY) || term_gram(ahead, G_FOR) ||
	                                        term_gram(ahead, G_FROM) || term_gram(ahead, G_IN));
}

static void on_negation(struct walk *w, struct term *t)
{
	const struct toks *tk = &w->p->t->toks;
	struct term *n = walk_ahead(w, NULL);

	t->used = true;
	if (none_of_it(w, t))
		w->q->clarify = "Things that have no such event at all cannot be listed by one "
		                "search. Ask for those that have one, or for all of them with "
		                "counts.";
	if (t->lex->gram == G_NOT && n && term_gram(n, G_ONLY))
		return; /* "not only" */
	if (tok_is(&tk->v[t->tok], "no") && t->tok + 1 < tk->n &&
	    tok_is(&tk->v[t->tok + 1], "of")) {
		set_flag(w, G_COUNT); /* the abbreviation */
		return;
	}
	w->neg = true;
	w->neg_term = w->i;
	w->near_last = false;
	if (w->join == G_AND)
		w->join = G_NONE;
}

/* "who made the call and what error did they get": whom the sentence has just spoken of */
static bool within_sentence(const struct walk *w, const struct term *t)
{
	static const char *const people[] = {"they",  "he",  "she", "it",
	                                     "their", "his", "her", NULL};
	bool joined = false;

	bool thing = w->q->subjects.n && (tok_is(&w->p->t->toks.v[t->tok], "their") ||
	                                  tok_is(&w->p->t->toks.v[t->tok], "its"));

	if (!tok_in(&w->p->t->toks.v[t->tok], people) ||
	    (!thing && (w->q->cons.n == 0 || !(w->q->who || w->q->which))))
		return false;
	for (size_t i = w->q->cons.n ? w->q->cons.v[w->q->cons.n - 1].term : 0; i < w->i; i++)
		joined = joined || term_gram(&w->p->t->v[i], G_AND) || w->p->t->v[i].close == ',';
	return joined;
}

static void on_that(struct walk *w, struct term *t)
{
	struct term *n = walk_at(w, w->i + 1), *prev = walk_behind(w, 0);
	bool relative = tok_is(&w->p->t->toks.v[t->tok], "that") && t->n == 1 && n && prev &&
	                !t->close && (prev->kind != T_GRAM || term_gram(prev, G_NOUN));

	t->used = true;
	if (within_sentence(w, t))
		return;
	if (relative) {
		t->lex = lexicon_phrase(w->p->env->x,
		                        "please"); /* a word without meaning of its own */
		return;
	}
	if (n && n->kind == T_FIELD && t->n == 1) {
		w->q->ref_field = n->lex;
		return;
	}
	w->q->ref_those = true;
}

/* "connections between A and B": both ends are among the two */
static void between_addresses(struct walk *w, struct term *t)
{
	struct term *a = walk_at(w, w->i + 1), *and = walk_at(w, w->i + 2),
	            *b = walk_at(w, w->i + 3);
	const char *const ends[] = {"src_endpoint.ip", "dst_endpoint.ip"};

	if (!a || !b || a->ent != ENT_IP || b->ent != ENT_IP || a->kind != T_VALUE ||
	    b->kind != T_VALUE || !term_gram(and, G_AND))
		return;
	for (size_t i = 0; i < 2; i++) {
		struct con c = {.kind = CON_FIELD,
		                .fields = {ends[i]},
		                .nfields = 1,
		                .op = OP_IN,
		                .nvalues = 2};

		c.values = arena_alloc(w->p->env->a, 2 * sizeof(*c.values));
		c.values[0] = a->value;
		c.values[1] = b->value;
		walk_mark(w, w->i + 1, 3, &c);
		w->near_last = false;
		w->join = G_NONE;
		walk_add(w, &c);
	}
	t->used = true;
	w->i += 3;
}

/* "anything but X", "who else but X" */
static bool all_but(const struct walk *w)
{
	static const char *const all[] = {"anything", "anyone", "anybody",   "everything",
	                                  "everyone", "else",   "everybody", NULL};
	const struct term *p = w->i ? walk_at(w, w->i - 1) : NULL;

	return p && !p->close && tok_in(&w->p->t->toks.v[p->tok + p->n - 1], all);
}

/* Does what stands right in front make this a relative clause? */
static bool relative_word(const struct walk *w)
{
	const struct term *p = w->i ? walk_at(w, w->i - 1) : NULL;

	return p && !p->close && !p->gone &&
	       (p->kind == T_CONCEPT || p->kind == T_FIELD || p->kind == T_VALUE ||
	        p->kind == T_NUMBER || term_gram(p, G_NOUN));
}

/* "only one alert" */
static bool one_of(struct walk *w)
{
	struct term *n = walk_at(w, w->i + 1), *what = walk_at(w, w->i + 2);

	if (!n || !what ||
	    !(tok_is(&w->p->t->toks.v[n->tok], "one") || tok_is(&w->p->t->toks.v[n->tok], "1")) ||
	    !(what->kind == T_CONCEPT || term_gram(what, G_NOUN) ||
	      (what->kind == T_FIELD && what->lex->noun)))
		return false;
	n->used = w->q->once = true;
	return true;
}

/* "events per log" */
static bool per_log(struct walk *w, const struct tok *tok)
{
	const struct lex_entry *e = lexicon_phrase(w->p->env->x, "data source");

	if (!slice_eq_str(tok->stem, "log") || !e)
		return false;
	w->after_per = false;
	*vec_push(&w->q->groups) = e;
	return true;
}

/* "whose user agent mentions curl" */
static bool mentions(struct walk *w, const struct tok *tok)
{
	if (!w->field || w->field_term + 1 != w->i || tok->word.n < 7 ||
	    memcmp(tok->word.s, "mention", 7) != 0)
		return false;
	w->cmp = G_CONTAINS;
	return true;
}

/* The verb of that phrase; false where the language has none. */
static bool take_verb(struct walk *w, const char *phrase)
{
	const struct lex_entry *e = lexicon_phrase(w->p->env->x, phrase);

	if (!e || e->kind != LEX_VERB)
		return false;
	*vec_push(&w->q->verbs) = e;
	w->near_last = false;
	return true;
}

/* "which roles list secrets", "did bob list any buckets": behind who does it and before what it is done to, a verb. */
static bool lists_something(struct walk *w)
{
	const struct term *prev = walk_behind(w, 0), *next = walk_ahead(w, NULL);
	bool actor = prev && !prev->close &&
	             (prev->kind == T_FIELD || prev->kind == T_VALUE || prev->kind == T_CONCEPT ||
	              term_gram(prev, G_WHO) || term_gram(prev, G_DID) ||
	              term_gram(prev, G_PERSON) || term_gram(prev, G_THOSE));

	return actor && next && next->kind == T_FIELD && next->lex->camel &&
	       (w->q->which || w->q->who || w->q->did || w->q->yesno) && take_verb(w, "did list");
}

/* "who made access keys", "users were made": creating, where what is made is an object of event names; "calls made" is none. */
static bool makes(struct walk *w, const struct term *t, const struct tok *tok)
{
	static const char *const words[] = {"made", "make", "making", NULL};
	const struct term *next = walk_at(w, w->i + 1), *prev = walk_behind(w, 0);
	bool active = next && next->kind == T_FIELD && next->lex->camel && !next->gone && !t->close;
	bool passive = w->q->passive && prev && prev->kind == T_FIELD && prev->lex->camel;

	return t->n == 1 && tok_in(tok, words) && (active || passive) && take_verb(w, "create");
}

static void on_filler(struct walk *w, struct term *t, const struct tok *tok)
{
	static const char *const passive[] = {"was", "were", "got", "been", NULL};

	t->used = true;
	if (makes(w, t, tok))
		return;
	if (tok_is(tok, "both"))
		w->both = w->i + 1;
	for (size_t i = 0; i < t->n; i++)
		if (slice_eq_str(tok[i].stem, "attempt") || slice_eq_str(tok[i].stem, "tri"))
			w->q->attempted = true;
	w->pointed = w->pointed || tok_is(tok, "this");
	w->total = w->total || tok_is(tok, "total");
	w->q->passive = w->q->passive || tok_in(tok, passive);
}

void walk_gram(struct walk *w, struct term *t)
{
	enum gram g = t->lex->gram;
	const struct tok *tok = &w->p->t->toks.v[t->tok];

	switch (g) {
	case G_FILLER:
		on_filler(w, t, tok);
		return;
	case G_FROM:
	case G_BY:
	case G_ON:
	case G_TO:
	case G_IN:
	case G_WITH:
	case G_FOR:
	case G_OF:
	case G_AS:
		t->used = true;
		if (tok_is(tok, "under") && followed_by_number(w))
			w->cmp = G_LT; /* "under 5 events" */
		else
			on_prep(w, g);
		return;
	case G_PER:
		t->used = true;
		w->near_last = false;
		if (grouped_ahead(w))
			w->after_per = true;
		else /* "results tallied" */
			set_flag(w, tok_is(tok, "each") || w->q->subjects.n ? G_EACH : G_COUNT);
		return;
	case G_NOT:
		on_negation(w, t);
		return;
	case G_EXCEPT:
	case G_WITHOUT:
		if (w->q->everything && w->q->cons.n == 0 && g == G_EXCEPT) {
			w->q->everything = false; /* all events but some, not all about some */
			w->q->noun = true;
		}
		on_negation(w, t);
		return;
	case G_AND:
	case G_OR:
		t->used = true;
		w->join = g;
		return;
	case G_BUT:
		if (all_but(w)) {
			on_negation(w, t);
			return;
		}
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
		if (one_of(w))
			return;
		w->q->only_first = w->q->only_first || !walk_behind(w, 0) ||
		                   (w->q->cons.n == 0 && w->q->subjects.n == 0);
		return;
	case G_BETWEEN:
		between_addresses(w, t);
		return;
	case G_NOISE:
	case G_BEFORE:
	case G_AFTER:
	case G_WITHIN:
	case G_AROUND:
	case G_THEN:
	case G_UNTIL:
		t->used = g == G_WITHIN;
		return;
	case G_MEANWHILE:
		t->used = true;
		w->q->same_address = w->q->same_address || tok_is(tok + t->n - 1, "ip") ||
		                     tok_is(tok + t->n - 1, "address");
		w->q->ref_those = true;
		return;
	default:
		t->used = true;
		if (g == G_PERSON && within_sentence(w, t))
			return;
		if ((g == G_WHOSE || g == G_WHERE || g == G_WHICH) && relative_word(w))
			return; /* "processes whose command line ..." */
		if (g == G_NOUN && w->after_per && per_log(w, tok))
			return;
		if (g == G_LIST && lists_something(w))
			return;
		if (g == G_ANYTHING && mentions(w, tok))
			return;
		set_flag(w, g);
		for (size_t i = 0; g == G_WHICH && i < t->n; i++)
			w->q->kinds = w->q->kinds || slice_eq_str(tok[i].stem, "kind") ||
			              slice_eq_str(tok[i].stem, "type") ||
			              slice_eq_str(tok[i].stem, "sort");
		if (g == G_NOUN || g == G_TIMES)
			w->near_last = w->near_last && g == G_TIMES;
		return;
	}
}
