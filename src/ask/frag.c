#include "ask/frag.h"

#include <ctype.h>

#define FRAG_VALUES_MAX 160
#define FRAG_DEPTH_MAX 16

struct frag {
	enum plan_node_kind kind;
	const struct frag *child, *next;
	const char *fields[6]; /* any of them */
	size_t nfields;
	enum plan_op op;
	const char **values;
	size_t nvalues;
	const char *rhs;  /* field against field */
	bool first_alive; /* a else b: PN_ANY of which only the first that can be true here counts */
};

struct parser {
	struct arena *a;
	const char *text, *at;
	int depth;
	struct err *e;
	bool bad;
};

static void skip_space(struct parser *p)
{
	while (isspace((unsigned char)*p->at))
		p->at++;
}

static const void *fail(struct parser *p, const char *what)
{
	if (!p->bad)
		err_set(p->e, ERR_INVALID, "%s at \"%.40s\" in \"%.120s\"", what, p->at, p->text);
	p->bad = true;
	return NULL;
}

static bool word_char(char c)
{
	return c && !isspace((unsigned char)c) && !strchr("(),\"", c);
}

static bool keyword(struct parser *p, const char *k)
{
	size_t n = strlen(k);

	skip_space(p);
	if (strncmp(p->at, k, n) != 0 || (isalpha((unsigned char)k[0]) && word_char(p->at[n])))
		return false;
	p->at += n;
	return true;
}

static const char *value(struct parser *p)
{
	const char *from;
	char *out;
	size_t n = 0;

	skip_space(p);
	if (*p->at != '"') {
		for (from = p->at; word_char(*p->at);)
			p->at++;
		return p->at == from ? fail(p, "a value is missing")
		                     : arena_strndup(p->a, from, (size_t)(p->at - from));
	}
	out = arena_alloc(p->a, strlen(p->at));
	for (p->at++; *p->at && *p->at != '"'; p->at++) {
		if (*p->at == '\\' && (p->at[1] == '"' || p->at[1] == '\\'))
			p->at++;
		out[n++] = *p->at;
	}
	if (!*p->at)
		return fail(p, "a quote is not closed");
	p->at++;
	out[n] = 0;
	return out;
}

static bool values(struct parser *p, struct frag *f)
{
	const char *v[FRAG_VALUES_MAX];

	if (!keyword(p, "(")) {
		f->values = arena_alloc(p->a, sizeof(*f->values));
		f->values[0] = value(p);
		f->nvalues = 1;
		return !p->bad;
	}
	do {
		if (f->nvalues == FRAG_VALUES_MAX)
			return fail(p, "too many values");
		v[f->nvalues++] = value(p);
	} while (!p->bad && keyword(p, ","));
	if (!keyword(p, ")"))
		return fail(p, "a bracket is not closed");
	f->values = arena_alloc(p->a, f->nvalues * sizeof(*f->values));
	memcpy(f->values, v, f->nvalues * sizeof(*v));
	return !p->bad;
}

static const struct {
	const char *sign;
	enum plan_op op;
	bool not ;
} signs[] = {
        {"==", OP_IS_CS, false},  {"=~", OP_REGEX, false},  {"!=", OP_IS, true},
        {"^=", OP_STARTS, false}, {"$=", OP_ENDS, false},   {"<=", OP_LE, false},
        {">=", OP_GE, false},     {"=", OP_IS, false},      {"~", OP_CONTAINS, false},
        {"<", OP_LT, false},      {">", OP_GT, false},      {"in", OP_IN, false},
        {"like", OP_LIKE, false}, {"cidr", OP_CIDR, false},
};

static bool field_names(struct parser *p, struct frag *f)
{
	const char *name = value(p);
	struct slice rest, piece;

	if (!name)
		return false;
	rest = slice_of(name);
	while (slice_split(&rest, '|', &piece)) {
		if (f->nfields == ARRAY_LEN(f->fields) || piece.n == 0)
			return fail(p, "bad field list");
		f->fields[f->nfields++] = arena_strndup(p->a, piece.s, piece.n);
	}
	return true;
}

static const struct frag *test(struct parser *p)
{
	struct frag *f = arena_zalloc(p->a, sizeof(*f)), *no;

	f->kind = PN_CMP;
	if (keyword(p, "text")) {
		f->op = OP_TEXT;
		return values(p, f) ? f : NULL;
	}
	if (!field_names(p, f))
		return NULL;
	if (keyword(p, "exists")) {
		f->op = OP_EXISTS;
		return f;
	}
	for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
		if (!keyword(p, signs[i].sign))
			continue;
		f->op = signs[i].op;
		if (!values(p, f))
			return NULL;
		if (f->nvalues == 1 &&
		    f->values[0][0] == '@') { /* field against field: user = @raw:x */
			f->rhs = f->values[0] + 1;
			f->nvalues = 0;
		}
		if (!signs[i].not )
			return f;
		no = arena_zalloc(p->a, sizeof(*no));
		no->kind = PN_NOT;
		no->child = f;
		return no;
	}
	return fail(p, "an operator is missing");
}

static const struct frag *any(struct parser *p);

static const struct frag *term(struct parser *p)
{
	struct frag *f;
	const struct frag *in;

	if (p->depth >= FRAG_DEPTH_MAX)
		return fail(p, "nested too deeply");
	p->depth++;
	if (keyword(p, "not")) {
		in = term(p);
		f = arena_zalloc(p->a, sizeof(*f));
		f->kind = PN_NOT;
		f->child = in;
		in = f;
	} else if (keyword(p, "(")) {
		in = any(p);
		if (!p->bad && !keyword(p, ")"))
			fail(p, "a bracket is not closed");
	} else {
		in = test(p);
	}
	p->depth--;
	return p->bad ? NULL : in;
}

/* One kind of group: its members are read by next, with word between them. */
static const struct frag *joined(struct parser *p, enum plan_node_kind kind, const char *word,
                                 const struct frag *(*next)(struct parser *))
{
	const struct frag *first = next(p);
	struct frag *group, *last, *copy;

	if (!first || !keyword(p, word))
		return first;
	group = arena_zalloc(p->a, sizeof(*group));
	group->kind = kind;
	last = arena_alloc(p->a, sizeof(*last));
	*last = *first;
	group->child = last;
	do {
		const struct frag *f = next(p);

		if (!f)
			return NULL;
		copy = arena_alloc(p->a, sizeof(*copy));
		*copy = *f;
		copy->next = NULL;
		last->next = copy;
		last = copy;
	} while (keyword(p, word));
	return group;
}

static const struct frag *all(struct parser *p)
{
	return joined(p, PN_ALL, "and", term);
}

static const struct frag *any(struct parser *p)
{
	return joined(p, PN_ANY, "or", all);
}

const struct frag *frag_parse(struct arena *a, const char *text, struct err *e)
{
	struct parser p = {.a = a, .text = text, .at = text, .e = e};
	struct frag *f = (struct frag *)(uintptr_t)joined(&p, PN_ANY, "else", any);

	if (f && strstr(text, " else "))
		f->first_alive = true;

	skip_space(&p);
	if (!p.bad && *p.at)
		return fail(&p, "left over text");
	return p.bad ? NULL : f;
}

/* --- against the data ------------------------------------------------------------------------------------- */

static bool is_dataset(const struct frag *f)
{
	return f->kind == PN_CMP && f->nfields == 1 && strcmp(f->fields[0], "dataset") == 0;
}

static bool leaf_alive(const struct frag *f, const struct world *w)
{
	if (is_dataset(f)) {
		for (size_t i = 0; i < f->nvalues; i++)
			if (world_has_dataset(w, slice_of(f->values[i])))
				return true;
		return false;
	}
	if (f->op == OP_TEXT)
		return true;
	for (size_t i = 0; i < f->nfields; i++)
		if (f->fields[i][0] == '$' || world_field_mask(w, f->fields[i]))
			return true;
	return false;
}

bool frag_alive(const struct frag *f, const struct world *w)
{
	if (f->kind == PN_CMP)
		return leaf_alive(f, w);
	if (f->kind == PN_NOT)
		return true;
	for (const struct frag *c = f->child; c; c = c->next)
		if (frag_alive(c, w) != (f->kind == PN_ALL))
			return f->kind == PN_ANY;
	return f->kind == PN_ALL;
}

bool frag_may_match(const struct frag *f, const char *dataset)
{
	if (f->kind == PN_CMP) {
		if (!is_dataset(f))
			return true;
		for (size_t i = 0; i < f->nvalues; i++)
			if (dataset_within(dataset, slice_of(f->values[i])))
				return true;
		return false;
	}
	if (f->kind == PN_NOT)
		return true;
	for (const struct frag *c = f->child; c; c = c->next)
		if (frag_may_match(c, dataset) != (f->kind == PN_ALL))
			return f->kind == PN_ANY;
	return f->kind == PN_ALL;
}

const char *frag_field_value(const struct frag *f, const char *field)
{
	if (f->kind == PN_CMP)
		return f->nfields && f->nvalues && (f->op == OP_IS || f->op == OP_IN) &&
		                       strcmp(f->fields[0], field) == 0
		               ? f->values[0]
		               : NULL;
	if (f->kind == PN_NOT)
		return NULL;
	for (const struct frag *c = f->child; c; c = c->next) {
		const char *v = frag_field_value(c, field);

		if (v)
			return v;
	}
	return NULL;
}

void frag_each_value(const struct frag *f, const char *field,
                     void (*fn)(void *ctx, const char *value), void *ctx)
{
	if (f->kind == PN_CMP && f->nfields && (f->op == OP_IS || f->op == OP_IN) &&
	    strcmp(f->fields[0], field) == 0)
		for (size_t i = 0; i < f->nvalues; i++)
			fn(ctx, f->values[i]);
	for (const struct frag *c = f->kind == PN_CMP || f->kind == PN_NOT ? NULL : f->child; c;
	     c = c->next)
		frag_each_value(c, field, fn, ctx);
}

struct builder {
	struct plan *p;
	const struct world *w;
	const struct frag_slot *slots;
	size_t nslots;
	bool prune;
};

static const char *fill_slot(const struct builder *b, const char *field)
{
	if (field[0] != '$')
		return field;
	for (size_t i = 0; i < b->nslots; i++)
		if (strcmp(b->slots[i].name, field + 1) == 0)
			return b->slots[i].field;
	return "time"; /* an unfilled slot: the planner gives all; kept valid for the sake of the proof */
}

static struct plan_node *one_cmp(const struct builder *b, const struct frag *f, const char *field)
{
	enum plan_op op = f->op == OP_IN && f->nvalues == 1 ? OP_IS : f->op;
	struct plan_node *n;

	n = plan_cmp(b->p, field, op, f->nvalues ? slice_of(f->values[0]) : SLICE(""));
	if (n && f->nvalues == 0 && n->nvalues)
		n->nvalues = 0;
	for (size_t i = 1; n && i < f->nvalues; i++)
		plan_cmp_value(b->p, n, slice_of(f->values[i]));
	if (n && f->rhs && !plan_field_set(b->p, &n->rhs, fill_slot(b, f->rhs)))
		return NULL;
	return n;
}

/* A family of datasets is written as the names below it that are here. */
static struct plan_node *dataset_cmp(const struct builder *b, const struct frag *f)
{
	struct plan_node *n = NULL;

	for (size_t i = 0; i < b->w->nds; i++) {
		struct slice name = slice_of(b->w->ds[i].name);

		if (!frag_may_match(f, b->w->ds[i].name))
			continue;
		if (!n) {
			n = plan_cmp(b->p, "dataset", OP_IN, name);
			continue;
		}
		plan_cmp_value(b->p, n, name);
	}
	if (n && n->nvalues == 1)
		n->op = OP_IS;
	return n ? n : one_cmp(b, f, "dataset");
}

static struct plan_node *leaf_node(const struct builder *b, const struct frag *f)
{
	struct plan_node *group = NULL, *only = NULL;
	size_t n = 0;

	if (is_dataset(f))
		return dataset_cmp(b, f);
	if (f->op == OP_TEXT)
		return one_cmp(b, f, NULL);
	for (size_t i = 0; i < f->nfields; i++) {
		const char *name = fill_slot(b, f->fields[i]);
		struct plan_node *c;

		if (b->prune && f->nfields > 1 && !world_field_mask(b->w, name))
			continue;
		c = one_cmp(b, f, name);
		if (!c)
			continue;
		if (n == 1) {
			group = plan_group(b->p, PN_ANY);
			plan_group_add(group, only);
		}
		if (n++ == 0)
			only = c;
		else
			plan_group_add(group, c);
	}
	return group ? group : only;
}

static const struct frag *first_alive(const struct frag *f, const struct world *w)
{
	const struct frag *c = f->child;

	while (c->next && !frag_alive(c, w))
		c = c->next;
	return frag_alive(c, w) ? c : f->child;
}

static struct plan_node *build(const struct builder *b, const struct frag *f)
{
	struct plan_node *group, *n, *only = NULL;
	size_t count = 0;

	if (f->kind == PN_CMP)
		return leaf_node(b, f);
	if (f->first_alive)
		return build(b, first_alive(f, b->w));
	group = plan_group(b->p, f->kind);
	for (const struct frag *c = f->child; c; c = c->next) {
		if (b->prune && f->kind == PN_ANY && !frag_alive(c, b->w))
			continue;
		n = build(b, c);
		if (!n)
			continue;
		only = n;
		count++;
		plan_group_add(group, n);
	}
	if (count == 0)
		return NULL;
	if (count == 1 && f->kind != PN_NOT) {
		only->next = NULL;
		return only;
	}
	return group;
}

struct plan_node *frag_node(const struct frag *f, struct plan *p, const struct world *w,
                            const struct frag_slot *slots, size_t nslots)
{
	struct builder b = {p, w, slots, nslots, frag_alive(f, w)};
	struct plan_node *n = build(&b, f);

	return n ? n : plan_group(p, PN_ANY);
}

bool frag_compares(const struct frag *f, const char *field)
{
	for (size_t i = 0; f->kind == PN_CMP && i < f->nfields; i++)
		if (strcmp(f->fields[i], field) == 0)
			return true;
	for (const struct frag *c = f->child; c; c = c->next)
		if (frag_compares(c, field))
			return true;
	return false;
}

uint64_t frag_scope(const struct frag *f, const struct world *w)
{
	uint64_t all = ~UINT64_C(0), mask = 0;

	if (f->kind == PN_NOT || (f->kind == PN_CMP && f->op == OP_TEXT))
		return all;
	if (f->kind == PN_CMP && is_dataset(f)) {
		for (size_t d = 0; d < w->nds && d < WORLD_DATASETS_MAX; d++)
			mask |= frag_may_match(f, w->ds[d].name) ? UINT64_C(1) << d : 0;
		return mask;
	}
	for (size_t i = 0; f->kind == PN_CMP && i < f->nfields; i++)
		mask |= f->fields[i][0] == '$' ? all : world_field_mask(w, f->fields[i]);
	if (f->kind == PN_CMP)
		return mask;
	mask = f->kind == PN_ALL ? all : 0;
	for (const struct frag *c = f->child; c; c = c->next)
		mask = f->kind == PN_ALL ? mask & frag_scope(c, w) : mask | frag_scope(c, w);
	return mask;
}
