/* Concepts and fields, and the values that stand around a field. */
#include "ask/walk.h"

bool walk_in_brackets(const struct walk *w)
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
bool walk_explained(const struct walk *w)
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
	struct slice last = tk->v[t->tok + t->n - 1].word;
	static const char *const parts[] = {"run", "written", "made", "done", "sent", "read", NULL};
	bool plural = false, part = last.n > 2 && (memcmp(last.s + last.n - 2, "ed", 2) == 0 ||
	                                           tok_in(&tk->v[t->tok + t->n - 1], parts));

	for (size_t i = t->tok; i + 1 < t->tok + t->n; i++)
		plural = plural ||
		         (tk->v[i].word.n > 3 && tk->v[i].word.s[tk->v[i].word.n - 1] == 's');
	if (t->lex->lists && ((plural && part) || strcmp(t->lex->name, "child process") == 0) &&
	    !w->q->noun && !w->q->count && w->q->cons.n == 0)
		w->q->things = true;
}

static bool among(const char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

/* "snapshots or images shared": of all that the action may be about, these are spoken of */
static void note_inside(struct walk *w, const struct term *t)
{
	const struct term_env *env = w->p->env;
	struct query *q = w->q;

	for (size_t i = t->tok; i < t->tok + t->n; i++) {
		struct slice word = w->p->t->toks.v[i].word;
		const struct lex_entry *e =
		        lexicon_phrase(env->x, arena_memdup(env->a, word.s, word.n));

		if (!e || e->kind != LEX_FIELD)
			continue;
		for (const char *const *f = t->lex->fields; f && *f; f++)
			if (among(e->fields, *f) && world_has_field(env->w, *f) &&
			    q->ninside < ARRAY_LEN(q->inside))
				q->inside[q->ninside++] = *f;
	}
}

bool walk_holds_field(const struct lex_entry *e, const struct lex_entry *field)
{
	for (const char *const *f = field->fields; f && *f; f++)
		if (frag_field_value(e->where, *f) || frag_compares(e->where, *f))
			return true;
	return false;
}

/* What a field may be joined to its value by: "is", "=", "of", "called", "in". */
static bool joins_value(const struct term *t)
{
	return term_filler(t) || term_gram(t, G_EQ) || term_gram(t, G_NE) ||
	       term_gram(t, G_CONTAINS) || term_gram(t, G_STARTS) || term_gram(t, G_ENDS) ||
	       term_gram(t, G_GT) || term_gram(t, G_GE) || term_gram(t, G_LT) ||
	       term_gram(t, G_LE) || term_gram(t, G_NOT);
}

/* What a concept is about, as a field that can be asked for. */
static const struct lex_entry *object_entry(const struct walk *w, const struct term *t)
{
	struct lex_entry *e = arena_zalloc(w->p->env->a, sizeof(*e));

	e->kind = LEX_FIELD;
	e->name = t->lex->name;
	e->fields = t->lex->fields;
	e->thing = true;
	return e;
}

const struct lex_entry *walk_column(const struct walk *w, const struct term *t)
{
	return term_column(w->p->env, tok_words(w->p->env->a, &w->p->t->toks.v[t->tok], t->n));
}

/* "grouped by error", "a tally of alerts"; "per named pipe" where that is a column */
static bool group_by_concept(struct walk *w, struct term *t)
{
	bool grouped =
	        w->after_per || (w->prep == G_BY && t->lex->concept == CK_OUTCOME && w->q->cons.n);
	bool kinds =
	        t->lex->fields && (t->lex->concept == CK_OUTCOME || t->lex->concept == CK_DATASET);
	const struct lex_entry *column = grouped && !kinds ? walk_column(w, t) : NULL;

	if (!grouped || (!kinds && !column))
		return false;
	t->used = true;
	w->after_per = false;
	w->prep = G_NONE;
	*vec_push(&w->q->groups) = column ? column : object_entry(w, t);
	return column || w->q->cons.n > 0; /* "a tally of errors" is of the errors */
}

static bool tok_plural(const struct walk *w, const struct term *t)
{
	struct slice last = w->p->t->toks.v[t->tok + t->n - 1].word;

	return last.n > 2 && last.s[last.n - 1] == 's' && last.s[last.n - 2] != 's';
}

/* "what errors did he get": the codes are asked for; "which service accounts": the users that are such */
static void ask_kind(struct walk *w, const struct term *t)
{
	static const char *const nouns[] = {"error", "errors", "failure", "failures", NULL};
	const struct term *prev = w->i ? walk_at(w, w->i - 1) : NULL;
	bool outcome =
	        t->lex->concept == CK_OUTCOME && tok_in(&w->p->t->toks.v[t->tok + t->n - 1], nouns);

	if (t->lex->fields && prev && !prev->close &&
	    (term_gram(prev, G_WHICH) ||
	     (!outcome && (term_gram(prev, G_LIST) || term_gram(prev, G_COUNT)))) &&
	    (outcome || (t->lex->concept == CK_ADJECTIVE && tok_plural(w, t))))
		*vec_push(&w->q->subjects) = object_entry(w, t);
}

/* "images shared": not the snapshots that the action may also be about */
static void only_inside(struct walk *w, const struct term *t)
{
	struct con c = {.kind = CON_FIELD, .op = OP_EXISTS};
	size_t all = 0;

	for (const char *const *f = t->lex->fields; f && *f; f++)
		all += world_has_field(w->p->env->w, *f) ? 1 : 0;
	if (!t->lex->kinds || w->q->ninside == 0 || w->q->ninside >= all)
		return;
	for (size_t i = 0; i < w->q->ninside && i < CON_FIELDS_MAX; i++)
		c.fields[c.nfields++] = w->q->inside[i];
	c.group = ++w->q->groups_used;
	c.term = w->i;
	c.nterms = 1;
	*vec_push(&w->q->cons) = c;
}

/* Nothing but "is", "containing" and the like between the field and here? */
static bool beside_field(const struct walk *w)
{
	for (size_t i = w->field_term + 1; i < w->i; i++)
		if (!joins_value(&w->p->t->v[i]) || w->p->t->v[i].close)
			return false;
	return w->field_term < w->i;
}

/* "pipes that were connected": what happens to such things may be a concept of its own. */
static const struct lex_entry *of_subject(const struct walk *w, const struct term *t)
{
	const struct term *p = walk_behind(w, 0);
	const struct tok *tok = &w->p->t->toks.v[t->tok];
	const struct lex_entry *e =
	        t->n == 1 && p && p->kind == T_FIELD && !p->close && w->field == p->lex &&
	                        t->lex->concept == CK_ACTION
	                ? lexicon_phrase(w->p->env->x,
	                                 arena_printf(w->p->env->a, "%s %.*s", p->lex->name,
	                                              (int)tok->word.n, tok->word.s))
	                : NULL;

	return e && e->kind == LEX_CONCEPT && e->concept == CK_ACTION &&
	                       frag_alive(e->where, w->p->env->w)
	               ? e
	               : t->lex;
}

void walk_concept(struct walk *w, struct term *t)
{
	struct con c = {.kind = CON_CONCEPT, .prep = w->prep};

	t->lex = of_subject(w, t);
	c.lex = t->lex;
	c.outcome = t->lex->outcome;

	if (walk_in_brackets(w) && c.lex->concept == CK_ADJECTIVE && !w->neg && walk_explained(w)) {
		t->used = true;
		return;
	}
	/* "disabling guardduty or cloudtrail": the second is no alternative to what was done to the first */
	if (w->join == G_OR && w->last && t->lex->concept == CK_DATASET &&
	    w->q->cons.v[w->last - 1].kind == CON_CONCEPT &&
	    w->q->cons.v[w->last - 1].lex->concept == CK_ACTION)
		return;
	list_things(w, t);
	if (!w->neg && t->lex->concept == CK_ACTION)
		note_inside(w, t);
	if (group_by_concept(w, t))
		return;
	ask_kind(w, t);
	if (w->field && beside_field(w) && walk_holds_field(t->lex, w->field))
		walk_drop_subject(w->q,
		                  w->field); /* "severity high", "a user agent containing curl" */
	walk_mark(w, w->i, 1, &c);
	walk_add(w, &c);
	only_inside(w, t);
}

bool term_value_like(const struct term *t)
{
	return t->kind == T_VALUE || t->kind == T_NUMBER || t->kind == T_UNKNOWN;
}

static bool value_ahead(const struct walk *w, size_t *k)
{
	const struct term *f = walk_at(w, w->i);

	if (f->close && f->close != ':')
		return false;
	for (size_t i = w->i + 1; i < w->to && i <= w->i + 3; i++) {
		const struct term *t = &w->p->t->v[i];

		if (t->gone)
			return false;
		if (term_value_like(t)) {
			*k = i;
			return true;
		}
		if (!joins_value(t) || t->close || tok_is(&w->p->t->toks.v[t->tok], "never"))
			return false;
	}
	return false;
}

/* Can this field be more or less than a number? */
static bool compares(const struct walk *w, const struct lex_entry *e)
{
	const char *name = field_here(w->p->env, e);
	const struct field *f = name ? field_find(slice_of(name)) : NULL;

	return field_is_number(e) || strcmp(e->name, "event id") == 0 ||
	       (f && (f->type == FT_INT || f->type == FT_FLOAT || f->type == FT_SIZE ||
	              f->type == FT_PORT));
}

static bool odd_name(const struct term *t)
{
	for (size_t i = 0; i < t->value.n; i++)
		if (strchr("0123456789-_.$@\\/", t->value.s[i]))
			return true;
	return false;
}

static bool holds_value(const struct lex_entry *e, const struct term *t)
{
	for (size_t i = 0; i < t->ncands; i++)
		if (among(e->fields, t->cands[i].field))
			return true;
	return false;
}

/* A value whose place in the data is not this field's, and that reads well by itself: "users bob alice" against "ips jmerckle used". */
static bool field_takes(const struct walk *w, const struct lex_entry *e, const struct term *t,
                        size_t k)
{
	const struct term *f = walk_at(w, w->i);
	bool plural = w->p->t->toks.v[f->tok + f->n - 1].word.n &&
	              w->p->t->toks.v[f->tok + f->n - 1]
	                              .word.s[w->p->t->toks.v[f->tok + f->n - 1].word.n - 1] == 's';
	struct term *after = walk_at(w, k + 1);

	for (size_t i = w->i + 1; i < k; i++) /* "users had more than 3 errors" counts errors */
		if ((term_gram(walk_at(w, i), G_GT) || term_gram(walk_at(w, i), G_GE) ||
		     term_gram(walk_at(w, i), G_LT) || term_gram(walk_at(w, i), G_LE)) &&
		    !compares(w, e))
			return false;
	if (t->kind == T_UNKNOWN && !t->glued && (w->q->which || w->q->list) && !odd_name(t))
		return false;
	if (t->kind == T_VALUE && (t->ent == ENT_EVENT || t->ent == ENT_DOMAIN) && k > w->i + 1 &&
	    !t->glued && !holds_value(e, t))
		return false; /* "which user called GetUser" */
	if (t->glued || t->kind == T_NUMBER || k > w->i + 1)
		return !(t->kind == T_NUMBER && (w->q->top || w->q->least) && plural);
	if (t->kind == T_UNKNOWN)
		return !plural || t->close;
	if (holds_value(e, t))
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
	struct term *t = w->i ? walk_at(w, w->i - 1) : NULL;
	bool severity = strcmp(e->name, "severity") == 0;

	if (e->noun && t && t->kind == T_UNKNOWN)
		return false;
	if (t && t->kind == T_UNKNOWN && !t->used && !t->close && !t->gone) {
		const struct term *me = walk_at(w, w->i);

		if (!severity && (w->q->which || me->close == ':'))
			return false;
		return walk_take_value(w, w->i - 1, e, w->i);
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
			walk_at(w, w->i)->used = true;
			return true;
		}
	return false;
}

/* "as the source": the field of that side */
static const struct lex_entry *as_side(struct walk *w, const struct lex_entry *e)
{
	const struct toks *tk = &w->p->t->toks;
	const struct term *f = walk_at(w, w->i);

	for (size_t i = w->i + 1; i + 1 < w->to; i++) {
		struct term *a = walk_at(w, i),
		            *b = walk_at(
		                    w,
		                    i + (i + 2 < w->to && term_filler(walk_at(w, i + 1)) ? 2 : 1));
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

static bool is_first_choice(const struct lex_entry *e, const char *name)
{
	if (strncmp(name, "resources.", 10) == 0)
		return false; /* whatever a record is about */
	for (const char *const *f = e->fields; f && *f; f++) {
		if (strcmp(*f, name) == 0)
			return true;
		if (strncmp(*f, "raw:", 4) != 0)
			return false;
	}
	return false;
}

/* "dce_rpc calls per endpoint": where the data lack what the word usually means, a column that bears this very name is meant, not
 * what stands in for the usual meaning elsewhere. */
static const struct lex_entry *as_column(const struct walk *w, const struct term *t,
                                         const struct lex_entry *e)
{
	const struct term_env *env = w->p->env;
	const char *usual = e->fields ? field_here(env, e) : NULL;
	const struct term *p = w->i ? walk_at(w, w->i - 1) : NULL;
	const struct lex_entry *column;

	if (usual && t->n == 1 && p && p->kind == T_CONCEPT && !p->close && p->n > 1) {
		struct term both = {.tok = t->tok - 1, .n = 2}; /* "kerberos request types" */

		column = walk_column(w, &both);
		if (column)
			return column;
	}
	if (!usual || t->n != 1 || (is_first_choice(e, usual) && world_has_field(env->w, usual)))
		return e;
	column = walk_column(w, t);
	return column ? column : e;
}

bool walk_nominal(const struct walk *w, const struct term *t)
{
	static const char *const ends[] = {"ion", "ions", "als", "ment", "ments"};
	struct slice last = w->p->t->toks.v[t->tok + t->n - 1].word;

	for (size_t i = 0; t->kind == T_VERB && i < ARRAY_LEN(ends); i++) {
		size_t n = strlen(ends[i]);

		if (last.n > n + 3 && memcmp(last.s + last.n - n, ends[i], n) == 0)
			return true;
	}
	return false;
}

static bool seen_behind(const struct walk *w, const struct term *t)
{
	static const char *const seen[] = {"seen", "observed", "used", "present", "recorded", NULL};
	size_t next = t->tok + t->n;

	return next < w->p->t->toks.n && !t->close && tok_in(&w->p->t->toks.v[next], seen);
}

/* "role changes": the field only says of what kind */
static bool modifies(const struct walk *w, const struct term *t, const struct term *next)
{
	struct slice last = w->p->t->toks.v[t->tok + t->n - 1].word;

	if (next && walk_nominal(w, next) && !t->close)
		return true; /* "role creations" */
	return next && next->kind == T_CONCEPT && !t->close && next->lex->concept != CK_OUTCOME &&
	       last.n && last.s[last.n - 1] != 's' && !w->q->which && !w->q->list;
}

/* "calls from the role": made in a role, where no role is named */
static bool by_role(struct walk *w, const struct term *t, const struct lex_entry *e)
{
	const struct lex_entry *assumed = lexicon_phrase(w->p->env->x, "assumed role");
	struct con c = {.kind = CON_CONCEPT, .lex = assumed, .prep = w->prep};

	if (w->prep != G_FROM || strcmp(e->name, "role") != 0 || w->q->which || !assumed)
		return false;
	(void)t;
	walk_mark(w, w->i, 1, &c);
	walk_add(w, &c);
	return true;
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

/* "foo in the command line", not "poked at secrets" */
static bool said_in(const struct walk *w)
{
	for (size_t i = w->i; i-- > 0;)
		if (term_gram(walk_at(w, i), G_IN))
			return tok_is(&w->p->t->toks.v[walk_at(w, i)->tok], "in") ||
			       tok_is(&w->p->t->toks.v[walk_at(w, i)->tok], "inside");
	return false;
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
		struct term *t = walk_at(w, k);

		if (term_value_like(t))
			v = t;
		else if (t->kind != T_GRAM)
			return false;
	}
	if (!v || v->ent == ENT_EVENT || (v->kind == T_UNKNOWN && !v->quoted && !said_in(w)))
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
	walk_mark(w, (size_t)(v - w->p->t->v), w->i - (size_t)(v - w->p->t->v) + 1, &c);
	walk_add(w, &c);
	return true;
}

/* "ssl sessions", "svcctl pipe access": behind what says which events are meant, a field that those events do not have is a word
 * for the events. */
static bool stands_for_events(const struct walk *w, const struct lex_entry *e)
{
	const struct world *d = w->p->env->w;
	const struct term *p = w->i ? walk_at(w, w->i - 1) : NULL;
	uint64_t there = 0;

	if (!e->fields || !w->near_last || !p || p->close)
		return false;
	if (p->kind == T_CONCEPT)
		return !world_has_field(d, field_here(w->p->env, e));
	for (size_t i = 0; i < p->ncands; i++)
		there |= p->cands[i].mask;
	for (const char *const *f = e->fields; *f && p->kind == T_VALUE && there; f++)
		there = world_field_mask(d, *f) & there ? 0 : there;
	return p->kind == T_VALUE && there;
}

/* "which user came from the most addresses": what is ranked was named before; these are counted */
static bool most_of(struct walk *w, const struct term *t, const struct lex_entry *e)
{
	const struct toks *tk = &w->p->t->toks;
	const struct term *prev = w->i ? walk_at(w, w->i - 1) : NULL;
	static const char *const words[] = {"most", "number", "many", NULL};
	size_t at = prev ? prev->tok + prev->n - 1 : 0;

	if (!prev || !term_gram(prev, G_TOP) || !e->thing || e->noun || !tok_plural(w, t) ||
	    !(w->q->who || w->q->subjects.n))
		return false;
	while (at > prev->tok && !tok_in(&tk->v[at], words))
		at--;
	if (!tok_in(&tk->v[at], words) ||
	    (w->q->subjects.n && w->q->subjects.v[w->q->subjects.n - 1] == e))
		return false;
	w->q->most_of = e;
	return true;
}

void walk_field(struct walk *w, struct term *t)
{
	const struct lex_entry *e = as_column(w, t, as_side(w, t->lex));
	struct term *prev = walk_behind(w, 0), *next = walk_at(w, w->i + 1);
	size_t k;

	bool plural = w->q->plural;

	t->used = true;
	w->q->plural = w->q->plural || (tok_plural(w, t) && w->prep == G_NONE);
	if (e->camel && walk_in_brackets(w) && walk_explained(w) && !value_ahead(w, &k))
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

			walk_mark(w, w->i, 1, &c);
			walk_add(w, &c);
			return;
		}
	}
	if (value_ahead(w, &k) && field_takes(w, e, walk_at(w, k), k)) {
		for (size_t i = w->i + 1; i < k; i++) {
			struct term *j = walk_at(w, i);

			j->used = true;
			if (term_gram(j, G_NE) || term_gram(j, G_NOT))
				w->neg = true;
			if (term_gram(j, G_CONTAINS) || term_gram(j, G_STARTS) ||
			    term_gram(j, G_ENDS) || term_gram(j, G_GT) || term_gram(j, G_GE) ||
			    term_gram(j, G_LT) || term_gram(j, G_LE))
				w->cmp = j->lex->gram;
		}
		if (walk_take_value(w, k, e, w->i)) {
			w->i = k;
			w->field = e;
			return;
		}
	}
	if (value_inside(w, e) || value_behind(w, e))
		return;
	if (most_of(w, t, e)) {
		w->q->plural = plural; /* it says nothing of how many are ranked */
		return;
	}
	w->field = e;
	w->field_term = w->i;
	if (e->camel && !w->after_per && w->prep != G_BY)
		*vec_push(&w->q->objects) = e;
	if ((w->after_per || w->prep == G_BY) && field_is_number(e) &&
	    (w->q->top || w->q->least || w->q->subjects.n)) {
		w->q->sum_of = e; /* "top hosts by bytes sent" */
		w->q->fn = FN_SUM;
		w->after_per = false;
		w->prep = G_NONE;
		return;
	}
	if (w->after_per || w->prep == G_BY || (w->after_group && w->join == G_AND)) {
		w->after_per = false;
		w->after_group = true;
		w->join = G_NONE;
		w->prep = G_NONE;
		if (strcmp(e->name, "time") != 0)
			*vec_push(&w->q->groups) = e;
		return;
	}
	if (w->total && w->q->fn < 0 && field_is_number(e))
		w->q->fn = FN_SUM;
	if (w->q->fn >= 0 && field_is_number(e) && !w->q->sum_of) {
		w->q->sum_of = e;
		return;
	}
	if (strcmp(e->name, "time") == 0) {
		w->q->when = w->q->when || w->q->which;
		return;
	}
	if (w->pointed && e->fields) { /* "this compromised instance" */
		w->pointed = false;
		w->q->ref_field = e;
		return;
	}
	if (by_role(w, t, e))
		return;
	if (stands_for_events(w, e)) {
		w->q->noun = true;
		w->near_last = false;
		return;
	}
	if (e->noun && tok_plural(w, t) && seen_behind(w, t))
		w->q->list = true; /* "operations seen" */
	if (e->fields && !modifies(w, t, next) && !waits(w)) {
		w->q->either = w->q->either || (w->join == G_OR && w->q->subjects.n && prev &&
		                                term_gram(prev, G_OR));
		*vec_push(&w->q->subjects) = e;
	}
	w->prep = G_NONE;
	w->near_last = false;
}
