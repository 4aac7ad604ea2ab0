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

/* 2: verb and all objects and nothing else; 1: verb and every object among other words; 0: no */
static int match(const struct query *q, struct slice name)
{
	struct slice rest = name, verb, skipped;
	uint32_t seen = 0;
	bool extra = false, ok = false;

	if (!camel_word(&rest, &verb))
		return 0;
	for (size_t i = 0; i < q->verbs.n; i++)
		for (const char *const *c = q->verbs.v[i]->camel; *c; c++)
			ok = ok || slice_ieq(verb, slice_of(*c));
	if (!ok)
		return 0;
	while (rest.n) {
		if (take_any_object(q, &rest, &seen))
			continue;
		if (!camel_word(&rest, &skipped))
			break;
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
	s = (struct slice){arena_strndup(env->a, b.s, b.len), b.len};
	buf_release(&b);
	return s;
}

static void prefixes(const struct term_env *env, const struct query *q, struct con *c)
{
	c->op = OP_STARTS;
	for (size_t i = 0; i < q->verbs.n; i++)
		for (const char *const *v = q->verbs.v[i]->camel; *v && c->nvalues < MATCH_MAX; v++)
			c->values[c->nvalues++] = slice_of(*v);
	(void)env;
}

/* Logs whose events are named by a verb first. */
static bool cloud_in_scope(const struct world *w)
{
	static const char *const clouds[] = {"cloudtrail", "azure", "m365", "k8s", "gcp", "s3"};

	for (size_t d = 0; d < w->nds && d < WORLD_DATASETS_MAX; d++)
		for (size_t i = 0; i < ARRAY_LEN(clouds); i++)
			if ((w->in_scope >> d & 1) &&
			    dataset_within(w->ds[d].name, slice_of(clouds[i])))
				return true;
	return false;
}

bool con_of_verbs(const struct term_env *env, const struct query *q, struct con *c)
{
	const struct field *op = field_find(SLICE("api.operation"));
	struct catalog_value ops[OPS_MAX];
	size_t n, best = 0;
	int want = 0;

	if (q->verbs.n == 0 || !op || !world_has_field(env->w, op->name))
		return false;
	*c = (struct con){
	        .kind = CON_FIELD, .fields = {"api.operation"}, .nfields = 1, .op = OP_IN};
	c->values = arena_alloc(env->a, MATCH_MAX * sizeof(*c->values));
	if (q->objects.n == 0) {
		if (!cloud_in_scope(env->w))
			return false;
		prefixes(env, q, c);
		return true;
	}
	n = catalog_value_top(env->w->c, op->id, ops, ARRAY_LEN(ops));
	for (size_t i = 0; i < n && i < ARRAY_LEN(ops); i++) {
		int m = match(q, ops[i].value);

		if (m < want || m == 0)
			continue;
		if (m > want)
			best = 0, want = m;
		if (best < MATCH_MAX)
			c->values[best++] = (struct slice){
			        arena_strndup(env->a, ops[i].value.s, ops[i].value.n),
			        ops[i].value.n};
	}
	if (best == 0)
		c->values[best++] = made_name(env, q);
	c->nvalues = best;
	return true;
}
