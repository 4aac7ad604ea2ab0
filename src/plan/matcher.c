/* Each operator, once. */
#include "base/evjson.h"
#include "base/map.h"
#include "plan/cidr.h"
#include "plan/eval.h"
#include "plan/number.h"
#include "plan/regex.h"

struct matcher {
	const struct plan_node *cmp;
	struct map set;           /* OP_IS, OP_IN: folded values; OP_IS_CS: values */
	struct cidr *blocks;      /* OP_CIDR */
	struct regex **regexes;   /* OP_REGEX */
	struct ev_reader *reader; /* OP_TEXT */
};

#define FOLD_ON_STACK 256
static char fold_char(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

static void add_folded(struct map *set, struct slice v)
{
	char *key = xmalloc(v.n + 1);

	slice_fold(key, v);
	(void)map_put(set, key, v.n, NULL);
	free(key);
}

static bool has_folded(const struct map *set, struct slice v)
{
	char stack[FOLD_ON_STACK], *key = v.n <= sizeof(stack) ? stack : xmalloc(v.n);
	bool found;

	slice_fold(key, v);
	found = map_get(set, key, v.n) != NULL;
	if (key != stack)
		free(key);
	return found;
}

/* ---- making ---- */

static int make_one(struct matcher *m, size_t i, struct err *e)
{
	struct slice v = m->cmp->values[i];

	switch (m->cmp->op) {
	case OP_IS:
	case OP_IN:
		add_folded(&m->set, v);
		return 0;
	case OP_IS_CS:
		(void)map_put(&m->set, v.s, v.n, NULL);
		return 0;
	case OP_CIDR:
		return cidr_parse(v, &m->blocks[i], e);
	case OP_REGEX:
		m->regexes[i] = regex_new(v, e);
		return m->regexes[i] ? 0 : -1;
	default:
		return 0;
	}
}

struct matcher *matcher_new(const struct plan_node *cmp, struct err *e)
{
	struct matcher *m = xcalloc(1, sizeof(*m));

	m->cmp = cmp;
	if (cmp->op == OP_CIDR)
		m->blocks = xcalloc(cmp->nvalues + 1, sizeof(*m->blocks));
	if (cmp->op == OP_REGEX)
		m->regexes = xcalloc(cmp->nvalues + 1, sizeof(struct regex *));
	if (cmp->op == OP_TEXT)
		m->reader = ev_reader_new();
	for (size_t i = 0; i < cmp->nvalues; i++) {
		if (make_one(m, i, e) == 0)
			continue;
		matcher_free(m);
		return NULL;
	}
	return m;
}

void matcher_free(struct matcher *m)
{
	if (!m)
		return;
	for (size_t i = 0; m->regexes && i < m->cmp->nvalues; i++)
		regex_free(m->regexes[i]);
	free(m->regexes);
	free(m->blocks);
	map_release(&m->set);
	if (m->reader)
		ev_reader_free(m->reader);
	free(m);
}

uint64_t matcher_gave_up(const struct matcher *m)
{
	uint64_t n = 0;

	for (size_t i = 0; m->regexes && i < m->cmp->nvalues; i++)
		n += regex_gave_up(m->regexes[i]);
	return n;
}

int matcher_check_regex(struct slice pattern, struct err *e)
{
	struct regex *r = regex_new(pattern, e);

	regex_free(r);
	return r ? 0 : -1;
}

int matcher_check_cidr(struct slice block, struct err *e)
{
	struct cidr c;

	return cidr_parse(block, &c, e);
}

/* ---- operators on one value ---- */

static bool contains(struct slice v, struct slice part)
{
	return mw_memimem(v.s, v.n, part.s, part.n) != NULL;
}

static bool starts(struct slice v, struct slice part)
{
	return v.n >= part.n && slice_ieq((struct slice){v.s, part.n}, part);
}

static bool ends(struct slice v, struct slice part)
{
	return v.n >= part.n && slice_ieq((struct slice){v.s + v.n - part.n, part.n}, part);
}

/* One step of a pattern against one byte of the value; *len gets the pattern bytes that it took. */
static bool like_byte(struct slice p, size_t at, char c, size_t *len)
{
	bool quoted = p.s[at] == '\\' && at + 1 < p.n;

	*len = 1 + (size_t)quoted;
	return (!quoted && p.s[at] == '?') || fold_char(p.s[at + quoted]) == fold_char(c);
}

/* Greedy with one point of return, the latest star: n x m at worst. */
static bool like(struct slice v, struct slice p)
{
	size_t i = 0, j = 0, star = SIZE_MAX, from = 0, len;

	while (i < v.n) {
		if (j < p.n && p.s[j] == '*') {
			star = ++j;
			from = i;
		} else if (j < p.n && like_byte(p, j, v.s[i], &len)) {
			i++;
			j += len;
		} else if (star != SIZE_MAX) {
			j = star;
			i = ++from;
		} else {
			return false;
		}
	}
	while (j < p.n && p.s[j] == '*')
		j++;
	return j == p.n;
}

static bool ordered(enum plan_op op, struct slice a, struct slice b)
{
	int c;

	if (!value_order(a, b, &c))
		return false;
	return op == OP_LT ? c < 0 : op == OP_LE ? c <= 0 : op == OP_GT ? c > 0 : c >= 0;
}

bool matcher_pair(enum plan_op op, struct slice a, struct slice b)
{
	switch (op) {
	case OP_IS:
		return slice_ieq(a, b);
	case OP_IS_CS:
		return slice_eq(a, b);
	case OP_CONTAINS:
		return contains(a, b);
	case OP_STARTS:
		return starts(a, b);
	case OP_ENDS:
		return ends(a, b);
	case OP_LIKE:
		return like(a, b);
	case OP_LT:
	case OP_LE:
	case OP_GT:
	case OP_GE:
		return ordered(op, a, b);
	default:
		return false;
	}
}

static bool in_block(const struct matcher *m, struct slice v)
{
	struct ip ip;

	if (!ip_parse(v, &ip))
		return false;
	for (size_t i = 0; i < m->cmp->nvalues; i++)
		if (cidr_holds(&m->blocks[i], &ip))
			return true;
	return false;
}

static bool any_regex(const struct matcher *m, struct slice v)
{
	for (size_t i = 0; i < m->cmp->nvalues; i++)
		if (regex_match(m->regexes[i], v))
			return true;
	return false;
}

bool matcher_value(const struct matcher *m, struct slice v)
{
	if (v.n == 0)
		return false;
	switch (m->cmp->op) {
	case OP_IS:
	case OP_IN:
		return has_folded(&m->set, v);
	case OP_IS_CS:
		return map_get(&m->set, v.s, v.n) != NULL;
	case OP_CIDR:
		return in_block(m, v);
	case OP_REGEX:
		return any_regex(m, v);
	case OP_EXISTS:
		return true;
	case OP_TEXT:
		return false;
	default:
		for (size_t i = 0; i < m->cmp->nvalues; i++)
			if (matcher_pair(m->cmp->op, v, m->cmp->values[i]))
				return true;
		return false;
	}
}

/* ---- text of the whole record ---- */

static bool holds_any(const struct matcher *m, struct slice text)
{
	for (size_t i = 0; i < m->cmp->nvalues; i++)
		if (contains(text, m->cmp->values[i]))
			return true;
	return false;
}

struct text_search {
	const struct matcher *m;
	bool found;
};

static bool search_leaf(void *ctx, const struct ev_leaf *leaf)
{
	struct text_search *t = ctx;

	t->found = leaf->escaped && holds_any(t->m, leaf->value);
	return !t->found;
}

/* Only a string with escapes can hold what the raw bytes do not show. A record that is broken JSON
 * counts as far as it reads. */
bool matcher_text(const struct matcher *m, struct slice raw)
{
	struct text_search t = {m, false};

	if (holds_any(m, raw))
		return true;
	if (raw.n == 0 || !memchr(raw.s, '\\', raw.n))
		return false;
	(void)ev_walk(m->reader, raw, search_leaf, &t, NULL, NULL);
	return t.found;
}
