/*
 * Event names from words: "roles that were deleted" is DeleteRole. The data's own event names are matched word by word, so that
 * any verb and object that a cloud has are found; where it has none, the name is made (CreateUser), so that the proof can say
 * that no such event was seen.
 */
#include <ctype.h>

#include "ask/query.h"

#define OPS_MAX 400
#define MATCH_MAX 24

/* The next word of a camel-case name. */
static bool camel_word(struct slice *rest, struct slice *word)
{
	size_t n = 1;

	if (rest->n == 0)
		return false;
	while (n < rest->n && (!isupper((unsigned char)rest->s[n]) ||
	                       (n + 1 < rest->n && isupper((unsigned char)rest->s[n - 1]) &&
	                        isupper((unsigned char)rest->s[n + 1]))))
		n++;
	*word = (struct slice){rest->s, n};
	rest->s += n;
	rest->n -= n;
	return true;
}

static bool same_stem(struct slice a, struct slice b)
{
	char x[STEM_MAX], y[STEM_MAX];
	size_t n = ask_stem(a, x), m = ask_stem(b, y);

	return n == m && memcmp(x, y, n) == 0;
}

/* Takes the words of an object from the front of the name. */
static bool take_object(struct slice *rest, const char *object)
{
	struct slice o = slice_of(object), w, v, r = *rest;

	while (camel_word(&o, &w))
		if (!camel_word(&r, &v) || !same_stem(w, v))
			return false;
	*rest = r;
	return true;
}

static bool take_any_object(const struct query *q, struct slice *rest, uint32_t *seen)
{
	for (size_t i = 0; i < q->objects.n; i++)
		for (const char *const *c = q->objects.v[i]->camel; c && *c; c++)
			if (take_object(rest, *c)) {
				*seen |= 1u << i;
				return true;
			}
	return false;
}

/* What is made or ended is the thing named last: DeleteRolePolicy is no deletion of a role, though it is a change of one. */
static bool makes_or_ends(const struct query *q)
{
	for (size_t i = 0; i < q->verbs.n; i++)
		if (strcmp(q->verbs.v[i]->name, "create") != 0 &&
		    strcmp(q->verbs.v[i]->name, "delete") != 0)
			return false;
	return q->verbs.n > 0;
}

static bool other_thing(const struct term_env *env, struct slice word)
{
	const struct lex_entry *e =
	        lexicon_phrase(env->x, arena_printf(env->a, "%.*s", (int)word.n, word.s));

	return e && e->kind == LEX_FIELD && e->camel && e->thing;
}

/* 2: verb and all objects and nothing else; 1: verb and every object among other words; 0: no */
static int match(const struct term_env *env, const struct query *q, struct slice name)
{
	struct slice rest = name, verb, skipped;
	uint32_t seen = 0;
	bool extra = false, ok = false, lasting = !makes_or_ends(q);

	if (!camel_word(&rest, &verb))
		return 0;
	for (size_t i = 0; i < q->verbs.n; i++)
		for (const char *const *c = q->verbs.v[i]->camel; *c; c++)
			ok = ok || slice_ieq(verb, slice_of(*c));
	if (!ok && q->verbs.n)
		return 0;
	while (rest.n) {
		if (take_any_object(q, &rest, &seen))
			continue;
		if (!camel_word(&rest, &skipped))
			break;
		if (!lasting && other_thing(env, skipped))
			return 0;
		extra = true;
	}
	if (q->objects.n == 0)
		return 2;
	if (seen == 0)
		return 0;
	return extra ? 1 : 2;
}

static struct slice made_name(const struct term_env *env, const struct query *q)
{
	struct buf b = BUF_INIT;
	struct slice s;

	buf_str(&b, q->verbs.v[0]->camel[0]);
	for (size_t i = 0; i < q->objects.n; i++)
		buf_str(&b, q->objects.v[i]->camel[0]);
	s = (struct slice){arena_memdup(env->a, b.s, b.len), b.len};
	buf_release(&b);
	return s;
}

static void prefixes(const struct query *q, struct con *c)
{
	c->op = OP_STARTS;
	for (size_t i = 0; i < q->verbs.n; i++)
		for (const char *const *v = q->verbs.v[i]->camel; *v && c->nvalues < MATCH_MAX; v++)
			c->values[c->nvalues++] = slice_of(*v);
}

static bool within_scope(const struct world *w, const char *family)
{
	for (size_t d = 0; d < w->nds && d < WORLD_DATASETS_MAX; d++)
		if ((w->in_scope >> d & 1) && dataset_within(w->ds[d].name, slice_of(family)))
			return true;
	return false;
}

/* Logs whose events are named by a verb first. */
static bool cloud_in_scope(const struct world *w)
{
	static const char *const clouds[] = {"cloudtrail", "azure", "m365", "gcp", "s3"};

	for (size_t i = 0; i < ARRAY_LEN(clouds); i++)
		if (within_scope(w, clouds[i]))
			return true;
	return false;
}

/* Kubernetes says the verb alone ("list") and what it was done to beside it ("secrets"), in lower case and plural. */
static bool resource_is(struct slice type, const char *object)
{
	size_t n = strlen(object);

	if (type.n < n || strncasecmp(type.s, object, n) != 0)
		return false;
	return type.n == n || slice_eq_str((struct slice){type.s + n, type.n - n}, "s") ||
	       slice_eq_str((struct slice){type.s + n, type.n - n}, "es");
}

static bool resource_said(const struct query *q, struct slice type)
{
	for (size_t i = 0; i < q->objects.n; i++)
		for (const char *const *c = q->objects.v[i]->camel; c && *c; c++)
			if (resource_is(type, *c))
				return true;
	return false;
}

static void add_quoted(struct buf *b, size_t nth, struct slice text, const char *end, bool lower)
{
	buf_str(b, nth ? ", \"" : "\"");
	for (size_t i = 0; i < text.n; i++)
		buf_ch(b, lower ? (char)tolower((unsigned char)text.s[i]) : text.s[i]);
	buf_printf(b, "%s\"", end);
}

static void add_types(const struct term_env *env, const struct query *q, struct buf *b)
{
	const struct field *f = field_find(SLICE("resources.type"));
	struct catalog_value v[OPS_MAX];
	size_t n = f ? catalog_value_top(env->w->c, f->id, v, ARRAY_LEN(v)) : 0, said = 0;

	for (size_t i = 0; i < n && i < ARRAY_LEN(v); i++)
		if (resource_said(q, v[i].value))
			add_quoted(b, said++, v[i].value, "", false);
	for (size_t i = 0; i < q->objects.n && !said; i++)
		add_quoted(b, i, slice_of(q->objects.v[i]->camel[0]), "s", true);
}

/* c holds the cloud's names for it; the cluster's are added as an alternative, as one concept made for the question. */
static void in_clusters(const struct term_env *env, const struct query *q, bool clouds,
                        struct con *c)
{
	struct lex_entry *e = arena_zalloc(env->a, sizeof(*e));
	struct buf b = BUF_INIT, name = BUF_INIT;
	size_t n = 0;

	if (clouds) {
		buf_str(&b, "api.operation in (");
		for (size_t i = 0; i < c->nvalues; i++)
			add_quoted(&b, i, c->values[i], "", false);
		buf_str(&b, ") or ");
	}
	buf_str(&b, q->verbs.n ? "(dataset = k8s.audit and api.operation in ("
	                       : "(dataset = k8s.audit and resources.type in (");
	for (size_t i = 0; i < q->verbs.n; i++) {
		buf_printf(&name, "%s%s", i ? " or " : "", q->verbs.v[i]->name);
		for (const char *const *v = q->verbs.v[i]->camel; *v; v++)
			add_quoted(&b, n++, slice_of(*v), "", true);
	}
	if (q->objects.n) {
		if (q->verbs.n)
			buf_str(&b, ") and resources.type in (");
		add_types(env, q, &b);
	}
	buf_str(&b, "))");
	for (size_t i = 0; i < q->objects.n; i++)
		buf_printf(&name, " %s", q->objects.v[i]->name);
	e->kind = LEX_CONCEPT;
	e->concept = CK_ACTION;
	e->name = arena_memdup(env->a, name.s, name.len);
	e->where = frag_parse(env->a, arena_memdup(env->a, b.s, b.len), NULL);
	buf_release(&b);
	buf_release(&name);
	if (e->where)
		*c = (struct con){.kind = CON_CONCEPT, .lex = e};
}

bool con_of_verbs(const struct term_env *env, const struct query *q, struct con *c)
{
	const struct field *op = field_find(SLICE("api.operation"));
	struct catalog_value ops[OPS_MAX];
	size_t n, best = 0;
	int want = 0;

	if ((q->verbs.n == 0 && q->objects.n == 0) || !op || !world_has_field(env->w, op->name))
		return false;
	*c = (struct con){
	        .kind = CON_FIELD, .fields = {"api.operation"}, .nfields = 1, .op = OP_IN};
	c->values = arena_alloc(env->a, MATCH_MAX * sizeof(*c->values));
	if (q->objects.n == 0) {
		if (within_scope(env->w, "k8s.audit") && !cloud_in_scope(env->w))
			in_clusters(env, q, false, c);
		else if (cloud_in_scope(env->w))
			prefixes(q, c);
		else
			return false;
		return true;
	}
	n = catalog_value_top(env->w->c, op->id, ops, ARRAY_LEN(ops));
	for (size_t i = 0; i < n && i < ARRAY_LEN(ops); i++) {
		int m = match(env, q, ops[i].value);

		if (q->verbs.n == 0 && m)
			m = 1; /* any event on such a thing */
		if (m < want || m == 0)
			continue;
		if (m > want)
			best = 0, want = m;
		if (best < MATCH_MAX)
			c->values[best++] =
			        (struct slice){arena_memdup(env->a, ops[i].value.s, ops[i].value.n),
			                       ops[i].value.n};
	}
	if (best == 0 && q->verbs.n == 0 && !within_scope(env->w, "k8s.audit"))
		return false;
	if (best == 0 && q->verbs.n)
		c->values[best++] = made_name(env, q);
	c->nvalues = best;
	if (within_scope(env->w, "k8s.audit"))
		in_clusters(env, q, cloud_in_scope(env->w) && best, c);
	return true;
}

/* Is this word of an event's name said, as itself or as a verb that stands for it? */
static bool word_said(const struct terms *t, struct slice word)
{
	static const char *const databases[] = {"rds", "aurora", "database", NULL};
	char stem[STEM_MAX];
	size_t n = ask_stem(word, stem);
	bool db = slice_eq_str(word, "DB");

	for (size_t i = 0; i < t->toks.n; i++)
		if (slice_eq(t->toks.v[i].stem, (struct slice){stem, n}) ||
		    (db && tok_in(&t->toks.v[i], databases)))
			return true;
	for (size_t i = 0; i < t->n; i++)
		for (const char *const *c = t->v[i].kind == T_VERB ? t->v[i].lex->camel : NULL;
		     c && *c; c++)
			if (slice_ieq(word, slice_of(*c)))
				return true;
	return false;
}

struct said {
	size_t words, said; /* of the name; of them in the text */
	bool verb;          /* the first one is */
	bool reads;         /* the name begins with a verb of reading */
};

/* A date at a name's end (CreateFunction20150331) is no part of the word. */
static struct said how_said(const struct terms *t, struct slice name)
{
	static const char *const reading[] = {"Get",    "List",  "Describe", "Head",
	                                      "Lookup", "Batch", "Search",   "Query"};
	struct slice word;
	struct said r = {0};

	while (camel_word(&name, &word)) {
		bool said;

		while (word.n > 4 && isdigit((unsigned char)word.s[word.n - 1]))
			word.n--;
		said = word_said(t, word);
		for (size_t i = 0; r.words == 0 && i < ARRAY_LEN(reading); i++)
			r.reads = r.reads || slice_ieq(word, slice_of(reading[i]));
		r.verb = r.words == 0 ? said : r.verb;
		r.words++;
		r.said += said ? 1 : 0;
	}
	return r;
}

static bool holds(const struct con *c, struct slice v)
{
	for (size_t i = 0; i < c->nvalues; i++)
		if (slice_eq(c->values[i], v))
			return true;
	return false;
}

static void take_name(const struct term_env *env, struct con *c, struct slice v)
{
	if (c->nvalues < MATCH_MAX && !holds(c, v))
		c->values[c->nvalues++] = (struct slice){arena_memdup(env->a, v.s, v.n), v.n};
}

/* "Network ACL modified" means any change of one: names that share a third of their words with the text, and change something. */
static size_t share(const struct said *s)
{
	size_t objects = s->said - (s->verb ? 1 : 0);

	return !s->reads && objects && s->said * 3 >= s->words ? objects : 0;
}

static bool changes_meant(const struct terms *t)
{
	bool verb = false, change = false;

	for (size_t i = 0; i < t->n; i++) {
		verb = verb || t->v[i].kind == T_VERB;
		change = change ||
		         (t->v[i].kind == T_VERB && strcmp(t->v[i].lex->name, "change") == 0);
	}
	return change || !verb;
}

bool con_of_title(const struct term_env *env, const struct terms *t, bool loosely, struct con *c)
{
	const struct field *op = field_find(SLICE("api.operation"));
	struct catalog_value ops[OPS_MAX];
	size_t n = op ? catalog_value_top(env->w->c, op->id, ops, ARRAY_LEN(ops)) : 0,
	       most = loosely ? 1 : 2;

	*c = (struct con){
	        .kind = CON_FIELD, .fields = {"api.operation"}, .nfields = 1, .op = OP_IN};
	c->values = arena_alloc(env->a, MATCH_MAX * sizeof(*c->values));
	if (loosely && !changes_meant(t))
		return false;
	for (size_t i = 0; i < n && i < ARRAY_LEN(ops); i++) {
		struct said said = how_said(t, ops[i].value);
		size_t points = loosely ? share(&said) : said.said == said.words ? said.words : 0;

		if (points < most)
			continue;
		if (points > most)
			c->nvalues = 0, most = points;
		take_name(env, c, ops[i].value);
	}
	return c->nvalues > 0;
}

/* Event names that a text of prose cites as they are written. */
bool con_of_cited(const struct term_env *env, struct slice prose, struct con *c)
{
	struct toks t = tokenise(prose, env->a);
	const struct field *op = field_find(SLICE("api.operation"));

	*c = (struct con){
	        .kind = CON_FIELD, .fields = {"api.operation"}, .nfields = 1, .op = OP_IN};
	c->values = arena_alloc(env->a, MATCH_MAX * sizeof(*c->values));
	for (size_t i = 0; op && i < t.n; i++) {
		struct catalog_value v[8];
		size_t n = slice_camel(t.v[i].text)
		                   ? catalog_value_find(env->w->c, t.v[i].text, v, ARRAY_LEN(v))
		                   : 0;

		for (size_t k = 0; k < n && k < ARRAY_LEN(v); k++)
			if (v[k].field == op->id)
				take_name(env, c, v[k].value);
	}
	return c->nvalues > 0;
}

char *verb_event_word(const struct term_env *env, field_id operation, struct slice stem)
{
	struct catalog_value ops[OPS_MAX];
	size_t n = catalog_value_top(env->w->c, operation, ops, ARRAY_LEN(ops));

	for (size_t i = 0; i < n && i < ARRAY_LEN(ops); i++) {
		struct slice rest = ops[i].value, word;
		bool first = true;

		for (; camel_word(&rest, &word); first = false) {
			char s[STEM_MAX];
			size_t k = ask_stem(word, s);

			if (!first && k == stem.n && memcmp(s, stem.s, k) == 0)
				return arena_memdup(env->a, word.s, word.n);
		}
	}
	return NULL;
}
