/* Acts as operations name them: "created an access key" and CreateAccessKey, "listed the roles five times" and ListRoles; and words that are each other's opposite. */
#include "ground/ground_int.h"

#define OBJECT_WORDS 4
#define OPERATION_MAX 120

/* Letters and digits of an operation's name. */
static struct slice squeezed(struct slice v, char out[OPERATION_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < v.n && n < OPERATION_MAX; i++)
		if ((v.s[i] >= 'a' && v.s[i] <= 'z') || (v.s[i] >= '0' && v.s[i] <= '9'))
			out[n++] = v.s[i];
	return (struct slice){out, n};
}

static bool is_operation(const struct fact *f)
{
	return f->field && (!strcmp(f->field->name, "api.operation") ||
	                    !strcmp(f->field->name, "activity_name"));
}

/* "ListRoles" ends with "role", "ListRolePolicies" does not. */
static bool ends_with(struct slice op, struct slice object)
{
	while (op.n && op.s[op.n - 1] >= '0' && op.s[op.n - 1] <= '9')
		op.n--;
	if (op.n > object.n && op.s[op.n - 1] == 's')
		op.n--;
	return op.n > object.n && !memcmp(op.s + op.n - object.n, object.s, object.n);
}

/* Records whose operation is of the family and names the object: at its end, or anywhere. */
static size_t find(struct ground *g, unsigned family, struct slice object, bool at_end,
                   struct set *out)
{
	size_t n = 0;
	for (uint32_t i = 0; i < g->recs.n; i++)
		for (uint32_t k = g->recs.v[i].from; k < g->recs.v[i].to; k++) {
			char text[OPERATION_MAX];
			struct slice v = g->values.v[g->facts.v[k].value].text, op;
			if (!is_operation(&g->facts.v[k]) || !(act_family(v) & family))
				continue;
			op = squeezed(v, text);
			if (at_end ? !ends_with(op, object)
			           : !memmem(op.s, op.n, object.s, object.n))
				continue;
			set_add(out, i);
			n++;
			break;
		}
	return n;
}

/* "access keys" as an operation has it: "accesskey". */
static struct slice object_words(const struct sentence *s, size_t from, size_t to,
                                 char out[OPERATION_MAX])
{
	size_t n = 0;
	for (size_t i = from; i < to; i++)
		for (size_t k = 0; k < s->t[i].low.n && n < OPERATION_MAX; k++)
			if (s->t[i].low.s[k] >= 'a' && s->t[i].low.s[k] <= 'z')
				out[n++] = s->t[i].low.s[k];
	if (n > 4 && out[n - 1] == 's')
		n--;
	return (struct slice){out, n};
}

static bool article(const struct sentence *s, size_t i)
{
	return word_is(s, i, "a|an|the|any|another|new|his|her|its|their|further|more|different");
}

/* Of the words, the longest run that ends them and that some operation names. */
static bool act_between(struct ground *g, struct sentence *s, unsigned family, size_t from,
                        size_t to, struct set *out)
{
	while (from < to && article(s, from))
		from++;
	for (size_t k = from; k < to; k++) {
		char text[OPERATION_MAX];
		struct slice object = object_words(s, k, to, text);
		if (s->t[k].atom >= 0 && !s->a[s->t[k].atom].soft)
			return false;
		*out = set_new(&s->arena, g, false);
		if (object.n >= 3 &&
		    (find(g, family, object, true, out) || find(g, family, object, false, out)))
			return true;
	}
	return false;
}

static size_t object_end(const struct sentence *s, size_t i)
{
	size_t from = i;
	while (i < s->nt && i < from + OBJECT_WORDS && s->t[i].atom < 0 && !s->t[i].verb &&
	       !word_is(s, i,
	                "in|on|at|by|for|from|to|of|with|through|via|that|which|and|or|but|"
	                "before|after|during|until")) {
		i++;
		if (s->t[i - 1].comma || s->t[i - 1].stop)
			break;
	}
	return i;
}

bool act_after(struct ground *g, struct sentence *s, size_t verb, struct set *out)
{
	unsigned family = verb < s->nt ? verb_family(s->t[verb].low) : 0;
	if (!family && word_is(s, verb, "made|makes|make"))
		family = verb_family(SLICE("created"));
	if (!family && verb)
		family = verb_bare(s->t[verb].low);
	return family && act_between(g, s, family, verb + 1, object_end(s, verb + 1), out);
}

/* "trails were created", of the words from on. */
static bool act_passive(struct ground *g, struct sentence *s, size_t from, struct set *out)
{
	size_t end = object_end(s, from);
	unsigned family = end + 1 < s->nt && word_is(s, end, "were|was|are|is|been|got")
	                          ? verb_family(s->t[end + 1].low)
	                          : 0;
	return family && act_between(g, s, family, from, end, out);
}

bool act_denied(struct ground *g, struct sentence *s, size_t no, struct set *out)
{
	return word_is(s, no, "no") && act_passive(g, s, no + 1, out);
}

bool act_counted(struct ground *g, struct sentence *s, const struct atom *a, struct set *out)
{
	size_t end = object_end(s, a->tok_to), verb = a->tok;
	if (act_passive(g, s, a->tok_to, out))
		return true;
	/* "created two access keys" */
	if (verb && verb_family(s->t[verb - 1].low))
		return act_between(g, s, verb_family(s->t[verb - 1].low), a->tok_to, end, out);
	/* "listed the roles five times and the users six times": a verb may stand before several */
	for (size_t from = verb; word_is(s, a->tok_to, "times|time") && verb-- > 0;) {
		unsigned family = verb_family(s->t[verb].low);
		bool other = s->t[verb].atom >= 0 && s->a[s->t[verb].atom].kind == AT_COUNT;
		if (family || other || word_is(s, verb, "and|or|then")) {
			from = verb + 1;
			while (!family && verb-- > 0)
				family = verb_family(s->t[verb].low);
			return family && act_between(g, s, family, from, a->tok, out);
		}
	}
	return false;
}

/* Who acts in records of the act, and not in one that is cited. */
static bool acts_too(struct ground *g, const struct sentence *s, uint32_t rec)
{
	const struct rec *r = &g->recs.v[rec];
	for (uint32_t k = r->from; k < r->to; k++) {
		const struct fact *f = &g->facts.v[k];
		if (!f->field || f->field->role != FR_ACTOR || !strstr(f->field->name, "name"))
			continue;
		for (size_t i = 0; i < s->cited.n; i++)
			for (uint32_t j = g->recs.v[s->cited.v[i]].from;
			     j < g->recs.v[s->cited.v[i]].to; j++)
				if (g->facts.v[j].field == f->field &&
				    g->facts.v[j].value == f->value)
					return true;
	}
	return false;
}

bool act_by_others(struct ground *g, struct sentence *s, size_t verb, struct set *out)
{
	if (!act_after(g, s, verb, out))
		return false;
	for (uint32_t i = 0; i < g->recs.n; i++)
		if (set_has(out, i) && acts_too(g, s, i))
			set_drop(out, i);
	return true;
}

/* ---- opposites ---- */

static const struct {
	const char *said, *other; /* beginnings of words */
} opposites[] = {
        {"upload", "download"},   {"inbound", "outbound"}, {"ingress", "egress"},
        {"encrypt", "decrypt"},   {"import", "export"},    {"encod", "decod"},
        {"incoming", "outgoing"},
};

static bool begins(struct slice w, const char *with)
{
	size_t n = strlen(with);
	return w.n >= n && !memcmp(w.s, with, n);
}

static bool holds(const struct ground *g, uint32_t rec, const char *stem)
{
	const struct rec *r = &g->recs.v[rec];
	for (uint32_t k = r->from; k < r->to; k++) {
		struct slice v = g->values.v[g->facts.v[k].value].text;
		if (memmem(v.s, v.n, stem, strlen(stem)))
			return true;
	}
	return false;
}

/* The cited records have the other word, and none this one. */
static bool said_against(const struct ground *g, const struct sentence *s, const char *said,
                         const char *other)
{
	bool against = false;
	for (size_t i = 0; i < s->cited.n; i++) {
		if (holds(g, s->cited.v[i], said))
			return false;
		against = against || holds(g, s->cited.v[i], other);
	}
	return against;
}

void check_opposites(struct ground *g, struct sentence *s)
{
	for (size_t i = 0; i < s->nt; i++)
		for (size_t k = 0; k < 2 * ARRAY_LEN(opposites); k++) {
			const char *said = opposites[k / 2].said, *other = opposites[k / 2].other;
			if (k % 2) {
				const char *x = said;
				said = other;
				other = x;
			}
			if (begins(s->t[i].low, said) && said_against(g, s, said, other))
				sentence_fail(s, s->t[i].from, s->t[i].to,
				              "the records say the opposite");
		}
}

/* ---- levels ---- */

#define LEVEL_NEAR 24 /* bytes between a member's name and its value */

/* What the record gives as level of the thing that it names: 1 as said, -1 another, 0 none. */
static int level_in(struct slice raw, struct slice noun, struct slice said)
{
	static const char *const levels[] = {"critical", "high", "medium", "low"};
	int is = 0;
	const char *at = raw.s, *end = raw.s + raw.n;
	while (is < 1 && (at = memmem(at, (size_t)(end - at), noun.s, noun.n))) {
		at += noun.n;
		size_t n = (size_t)(end - at) < LEVEL_NEAR ? (size_t)(end - at) : LEVEL_NEAR;
		for (size_t i = 0; i < ARRAY_LEN(levels) && is < 1; i++)
			if (memmem(at, n, levels[i], strlen(levels[i])))
				is = slice_eq_str(said, levels[i]) ? 1 : -1;
	}
	return is;
}

void check_levels(struct ground *g, struct sentence *s)
{
	for (size_t i = 0; i + 1 < s->nt; i++) {
		int is = 0;
		if (!word_is(s, i, "critical|high|medium|low") || s->t[i].atom >= 0 ||
		    s->t[i].comma || s->t[i + 1].low.n < 5)
			continue;
		for (size_t k = 0; k < s->cited.n && is < 1; k++) {
			struct rec *r = &g->recs.v[s->cited.v[k]];
			record_raw(g, r);
			int one = level_in(r->raw_low, s->t[i + 1].low, s->t[i].low);
			is = one ? one : is;
		}
		if (is < 0)
			sentence_fail(s, s->t[i].from, s->t[i + 1].to,
			              "the records say another level");
	}
}
