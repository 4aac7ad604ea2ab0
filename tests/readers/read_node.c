/* Plan nodes as the readers build them, and output columns. */
#include "read_text.h"
#include "base/limits.h"
#include "plan/regex.h"
#include "plan/sigma.h"

struct plan_node *rd_const(struct rd *r, bool value)
{
	return plan_group(r->p, value ? PN_ALL : PN_ANY);
}

struct plan_node *rd_two(struct rd *r, enum plan_node_kind kind, struct plan_node *a,
                         struct plan_node *b)
{
	struct plan_node *n = plan_group(r->p, kind);

	if (a)
		plan_group_add(n, a);
	if (b)
		plan_group_add(n, b);
	return n;
}

void rd_or(struct rd *r, struct plan_node *any, struct plan_node *n)
{
	struct plan_node *first = any->child; /* lists are of one test as a rule */

	if (n && first && first->kind == PN_CMP && n->kind == PN_CMP && first->op == n->op &&
	    first->field.name && n->field.name && !strcmp(first->field.name, n->field.name) &&
	    n->nvalues == 1 && first->nvalues && !n->rhs.name && !first->rhs.name)
		plan_cmp_value(r->p, first, n->values[0]);
	else if (n)
		plan_group_add(any, n);
}

struct plan_node *rd_not(struct rd *r, struct plan_node *a)
{
	return rd_two(r, PN_NOT, a ? a : rd_const(r, false), NULL);
}

/* Behind a grouping names are those of output columns, not of fields. */
struct plan_node *rd_cmp(struct rd *r, const char *field, enum plan_op op, struct slice v)
{
	struct slice copy = {arena_memdup(&r->p->arena, v.s, v.n), v.n};
	struct plan_node *n;

	if (!field || !r->columns)
		return plan_cmp(r->p, field, op, copy);
	n = plan_group(r->p, PN_CMP);
	n->op = op;
	n->field.name = arena_strdup(&r->p->arena, field);
	plan_cmp_value(r->p, n, copy);
	return n;
}

struct plan_node *rd_exists(struct rd *r, const char *field)
{
	struct plan_node *n = rd_cmp(r, field, OP_EXISTS, SLICE(""));

	n->nvalues = 0;
	return n;
}

void rd_where(struct rd *r, struct plan_node *n)
{
	struct plan_search *s = rd_search(r);

	if (n)
		s->where = s->where ? rd_two(r, PN_ALL, s->where, n) : n;
}

struct plan_node *rd_dataset(struct rd *r, const char *const *names)
{
	struct plan_node *any = plan_group(r->p, PN_ANY);

	for (; *names; names++) {
		const char *below = arena_printf(&r->p->arena, "%s.", *names);
		plan_group_add(any, rd_cmp(r, "dataset", OP_IS_CS, slice_of(*names)));
		plan_group_add(any, rd_cmp(r, "dataset", OP_STARTS, slice_of(below)));
	}
	return any;
}

struct slice rd_time_text(struct rd *r, mw_time t)
{
	char text[32];

	mw_time_format(t, text);
	return slice_of(arena_strdup(&r->p->arena, text));
}

static void add_like(struct buf *b, char c)
{
	if (c == '*' || c == '?' || c == '\\')
		buf_ch(b, '\\');
	buf_ch(b, c);
}

struct slice rd_like(struct rd *r, struct slice pattern, char any, char one, char escape)
{
	struct buf b = BUF_INIT;
	struct slice out;

	for (size_t i = 0; i < pattern.n; i++) {
		char c = pattern.s[i];
		if (escape && c == escape && i + 1 < pattern.n)
			add_like(&b, pattern.s[++i]);
		else if (c == any)
			buf_ch(&b, '*');
		else if (one && c == one)
			buf_ch(&b, '?');
		else
			add_like(&b, c);
	}
	out = (struct slice){arena_memdup(&r->p->arena, b.s, b.len), b.len};
	buf_release(&b);
	return out;
}

/* ---- regular expressions ---- */

/* (?s) or (?is) and so on at the beginning. */
static bool dot_all(struct slice re)
{
	size_t i = 2;

	if (re.n < 4 || memcmp(re.s, "(?", 2) != 0)
		return false;
	while (i < re.n && re.s[i] != ')' && re.s[i] != 's')
		i++;
	return i < re.n && re.s[i] == 's';
}

struct slice rd_rune_regex(struct rd *r, struct slice re)
{
	const char *dot = dot_all(re) ? "(?:[\\x00-\\x7f\\x80-\\xc1]|[\\xc2-\\xf4][\\x80-\\xbf]+)"
	                              : "(?:[^\\n\\xc2-\\xf4]|[\\xc2-\\xf4][\\x80-\\xbf]+)";
	struct buf b = BUF_INIT;
	struct slice out;
	bool set = false, literal = false;

	for (size_t i = 0; i < re.n; i++) {
		char c = re.s[i];
		if (c == '\\' && i + 1 < re.n) {
			literal = re.s[i + 1] == 'Q' || (literal && re.s[i + 1] != 'E');
			buf_add(&b, re.s + i++, 2);
			continue;
		}
		set = !literal && (set ? c != ']' : c == '[');
		if (c == '.' && !set && !literal)
			buf_str(&b, dot);
		else
			buf_ch(&b, c);
	}
	out = (struct slice){arena_memdup(&r->p->arena, b.s, b.len), b.len};
	buf_release(&b);
	return out;
}

bool rd_like_has_one(struct slice like)
{
	for (size_t i = 0; i < like.n; i += 1 + (like.s[i] == '\\'))
		if (like.s[i] == '?')
			return true;
	return false;
}

struct plan_node *rd_rune_like(struct rd *r, const char *field, struct slice like)
{
	struct plan_node *n;
	struct buf b = BUF_INIT;

	buf_str(&b, "(?is)^");
	for (size_t i = 0; i < like.n; i++) {
		char c = like.s[i];
		bool quoted = c == '\\' && i + 1 < like.n;
		if (quoted)
			c = like.s[++i];
		if (!quoted && (c == '*' || c == '?'))
			buf_str(&b, c == '*' ? ".*" : ".");
		else
			buf_printf(&b, "\\x%02x", (unsigned char)c);
	}
	buf_str(&b, "\\z");
	n = rd_cmp(r, field, OP_REGEX, rd_rune_regex(r, (struct slice){b.s, b.len}));
	buf_release(&b);
	return n;
}

bool rd_matches_empty(struct slice re)
{
	struct err e;
	struct regex *c = regex_new(re, &e);
	bool hit = c && regex_match(c, SLICE(""));

	regex_free(c);
	return hit;
}

static bool says_exists(const struct plan_node *n, const char *name)
{
	if (!n)
		return false;
	if (n->kind == PN_CMP)
		return n->op == OP_EXISTS && n->field.name &&
		       !strcmp(n->field.f ? plan_field_name(&n->field) : n->field.name, name);
	for (const struct plan_node *k = n->child; n->kind == PN_ALL && k; k = k->next)
		if (says_exists(k, name))
			return true;
	return false;
}

bool rd_guarded(struct rd *r, const char *field)
{
	struct plan_field f = {0};

	(void)plan_field_set(r->p, &f, field);
	return says_exists(rd_search(r)->where, plan_field_name(&f)) ||
	       says_exists(rd_search(r)->having, field);
}

/* The literal at *i up to | or the end; false where it is no literal. */
static bool literal_part(struct slice re, size_t *i, struct buf *b)
{
	while (*i < re.n && re.s[*i] != '|') {
		char c = re.s[*i];
		if (strchr(".^$*+?()[]{}", c) && c)
			return false;
		if (c == '\\' && *i + 3 < re.n && re.s[*i + 1] == 'x') {
			char hex[3] = {re.s[*i + 2], re.s[*i + 3], 0};
			buf_ch(b, (char)strtol(hex, NULL, 16));
			*i += 4;
			continue;
		}
		if (c == '\\' &&
		    (++*i >= re.n || ((re.s[*i] | 0x20) >= 'a' && (re.s[*i] | 0x20) <= 'z')))
			return false;
		buf_ch(b, re.s[(*i)++]);
	}
	return true;
}

struct plan_node *rd_raw_regex(struct rd *r, const struct ex *x)
{
	struct plan_node *n = NULL;
	struct slice re = x->s;
	bool blind = re.n >= 4 && (!memcmp(re.s, "(?i)", 4) || !memcmp(re.s, "(?is", 4));
	size_t i = !blind ? 0 : re.s[3] == 's' ? 5 : 4;

	for (bool more = blind && x->kind == EX_STR; more; i++) {
		struct buf b = BUF_INIT;
		bool fine = literal_part(re, &i, &b) && b.len > 0;
		struct slice v = {arena_memdup(&r->p->arena, b.s, b.len), b.len};
		buf_release(&b);
		if (!fine)
			break;
		if (n)
			plan_cmp_value(r->p, n, v);
		else
			n = plan_cmp(r->p, NULL, OP_TEXT, v);
		if (i >= re.n)
			return n;
	}
	rd_fail(r, x->at, "of the raw record only literal texts, in any case, are understood");
	return NULL;
}

/* ---- trees ---- */

/* a and (b and c) is one group of three; of an ANY, values of one test become a list. */
static void add_flat(struct rd *r, struct plan_node *group, struct plan_node *n)
{
	struct plan_node *next;

	if (n->kind != group->kind || !n->child) {
		group->kind == PN_ANY ? rd_or(r, group, n) : plan_group_add(group, n);
		return;
	}
	for (struct plan_node *k = n->child; k; k = next) {
		next = k->next;
		k->next = NULL;
		plan_group_add(group, k);
	}
}

static struct plan_node *joined(struct rd *r, const struct ex *x, enum plan_node_kind kind,
                                bool truth)
{
	struct plan_node *n = plan_group(r->p, kind);

	add_flat(r, n, rd_tree(r, x->arg[0], truth));
	add_flat(r, n, rd_tree(r, x->arg[1], truth));
	return n;
}

struct plan_node *rd_tree(struct rd *r, const struct ex *x, bool truth)
{
	struct leaf f;

	if (!x || rd_failed(r))
		return rd_const(r, false);
	if (ex_op(x, "and") || ex_op(x, "or"))
		return joined(r, x, ex_op(x, "and") == truth ? PN_ALL : PN_ANY, truth);
	if (ex_op(x, "not") || ex_call(x, "not", 1))
		return rd_tree(r, x->arg[0], !truth);
	f = r->leaf(r, x);
	if (!f.yes)
		f.yes = rd_const(r, false);
	if (truth)
		return f.yes;
	/* known may stand in yes too */
	return f.known ? rd_two(r, PN_ALL, plan_clone_node(r->p, f.known), rd_not(r, f.yes))
	               : rd_not(r, f.yes);
}

/* ---- output ---- */

void rd_column(struct rd *r, const char *name, const char *field)
{
	struct reading *o = r->out;

	if ((o->ncolumns & (o->ncolumns - 1)) == 0) { /* room doubles at each power of two */
		struct read_column *more = arena_alloc(
		        &r->p->arena, (o->ncolumns ? 2 * o->ncolumns : 1) * sizeof(*more));
		if (o->ncolumns)
			memcpy(more, o->columns, o->ncolumns * sizeof(*more));
		o->columns = more;
	}
	o->columns[o->ncolumns++] = (struct read_column){arena_strdup(&r->p->arena, name),
	                                                 arena_strdup(&r->p->arena, field)};
}

const char *rd_column_field(struct rd *r, struct slice name)
{
	for (size_t i = 0; i < r->out->ncolumns; i++)
		if (slice_eq_str(name, r->out->columns[i].name))
			return r->out->columns[i].field;
	rd_fail(r, rd_tok(r)->at, "there is no column %.*s", (int)name.n, name.s);
	return "";
}

#define OUT_MAX 64 /* stats, by fields, sort keys of one text */

struct plan_stat *rd_add_stat(struct rd *r, enum plan_fn fn, const char *field, const char *as)
{
	struct plan_search *s = rd_search(r);
	struct plan_stat *t;

	if (!s->stats)
		s->stats = arena_zalloc(&r->p->arena, OUT_MAX * sizeof(*s->stats));
	if (s->nstats == OUT_MAX) {
		rd_fail(r, rd_tok(r)->at, "too many aggregates");
		return &s->stats[0];
	}
	t = &s->stats[s->nstats++];
	t->fn = fn;
	t->as = arena_strdup(&r->p->arena, as);
	if (field)
		(void)plan_field_set(r->p, &t->field, field);
	return t;
}

void rd_add_by(struct rd *r, const char *field)
{
	struct plan_search *s = rd_search(r);

	if (!s->by)
		s->by = arena_zalloc(&r->p->arena, OUT_MAX * sizeof(*s->by));
	if (s->nby == OUT_MAX)
		rd_fail(r, rd_tok(r)->at, "too many fields to group by");
	else
		(void)plan_field_set(r->p, &s->by[s->nby++], field);
}

void rd_add_sort(struct rd *r, const char *column, bool desc)
{
	struct plan_search *s = rd_search(r);

	if (!s->sort)
		s->sort = arena_zalloc(&r->p->arena, OUT_MAX * sizeof(*s->sort));
	if (r->text_sorted)
		rd_fail(r, rd_tok(r)->at, "a sort key behind one of text");
	if (s->nsort == OUT_MAX)
		rd_fail(r, rd_tok(r)->at, "too many sort keys");
	else
		s->sort[s->nsort++] = (struct plan_sort){
		        .column = arena_strdup(&r->p->arena, column), .desc = desc};
}

void rd_sort_text(struct rd *r, const char *column, bool desc)
{
	const struct plan_search *s = rd_search(r);
	bool key = false;

	if (!s->nsort && (s->nstats || s->span > 0))
		rd_fail(r, rd_tok(r)->at, "sorted by text before anything else");
	for (size_t i = 0; i < s->nby; i++)
		key = key || !strcmp(s->by[i].name, column);
	if (!key || desc)
		rd_fail(r, rd_tok(r)->at, "only keys of groups are sorted as text, and rising");
	r->text_sorted = true;
}

int read_sigma(struct slice text, struct reading *out, struct err *e)
{
	*out = (struct reading){.plan = sigma_plan(text, "rule", NULL, e)};
	return out->plan ? 0 : -1;
}
