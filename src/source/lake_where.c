/* Where trees over the rows of one segment. */
#include "source/lake_exec.h"

struct lx_where {
	enum plan_node_kind kind;
	struct lx_leaf leaf;         /* PN_CMP */
	VEC(struct lx_where *) kids; /* cheapest first */
	int cost;
};

static int by_cost(const void *a, const void *b)
{
	const struct lx_where *x = *(struct lx_where *const *)a, *y = *(struct lx_where *const *)b;

	return (x->cost > y->cost) - (x->cost < y->cost);
}

void lx_where_free(struct lx_where *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->kids.n; i++)
		lx_where_free(w->kids.v[i]);
	vec_free(&w->kids);
	if (w->kind == PN_CMP)
		lx_leaf_release(&w->leaf);
	free(w);
}

static int add_kids(struct lx_where *w, const struct plan_node *n, struct err *e)
{
	for (const struct plan_node *k = n->child; k; k = k->next) {
		struct lx_where *kid = lx_where_new(k, e);
		if (!kid)
			return -1;
		*vec_push(&w->kids) = kid;
		w->cost = kid->cost > w->cost ? kid->cost : w->cost;
	}
	if (w->kids.n > 1)
		qsort(w->kids.v, w->kids.n, sizeof(*w->kids.v), by_cost);
	return 0;
}

struct lx_where *lx_where_new(const struct plan_node *n, struct err *e)
{
	struct lx_where *w = xcalloc(1, sizeof(*w));
	int rc = 0;

	w->kind = n ? n->kind : PN_ALL;
	if (w->kind == PN_CMP) {
		rc = lx_leaf_init(&w->leaf, n, e);
		w->cost = w->leaf.cost;
	} else if (n) {
		rc = add_kids(w, n, e);
	}
	if (rc == 0)
		return w;
	lx_where_free(w);
	return NULL;
}

static void without(struct lx_rows *to, const struct lx_rows *from, const struct lx_rows *gone)
{
	for (size_t i = 0; i < LX_WORDS; i++)
		to->w[i] = from->w[i] & ~gone->w[i];
}

/* Each part sees the rows that all before it left. */
static int all_rows(struct lx_where *w, struct lx_ctx *c, struct lx_rows *out)
{
	struct lx_rows *left = arena_alloc(&c->arena, sizeof(*left));

	for (size_t i = 0; i < w->kids.n && !lx_none(out); i++) {
		*left = *out;
		if (lx_where_rows(w->kids.v[i], c, left, out))
			return -1;
	}
	return 0;
}

/* Each part sees the rows that none before it took. */
static int any_rows(struct lx_where *w, struct lx_ctx *c, struct lx_rows *out)
{
	struct lx_rows *left = arena_alloc(&c->arena, sizeof(*left)),
	               *got = arena_alloc(&c->arena, sizeof(*got));

	*left = *out;
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < w->kids.n && !lx_none(left); i++) {
		if (lx_where_rows(w->kids.v[i], c, left, got))
			return -1;
		without(left, left, got);
		for (size_t k = 0; k < LX_WORDS; k++)
			out->w[k] |= got->w[k];
	}
	return 0;
}

int lx_where_rows(struct lx_where *w, struct lx_ctx *c, const struct lx_rows *in,
                  struct lx_rows *out)
{
	struct lx_rows *got;

	switch (w->kind) {
	case PN_CMP:
		return lx_leaf_rows(&w->leaf, c, in, out);
	case PN_NOT:
		got = arena_alloc(&c->arena, sizeof(*got));
		if (lx_where_rows(w->kids.v[0], c, in, got))
			return -1;
		without(out, in, got);
		return 0;
	case PN_ALL:
		*out = *in;
		return all_rows(w, c, out);
	default:
		*out = *in;
		return any_rows(w, c, out);
	}
}

/* Of ALL only the first: what it leaves may need no other. */
void lx_where_soon(const struct lx_where *w, struct seg *s)
{
	size_t n = w->kind == PN_ALL && w->kids.n > 1 ? 1 : w->kids.n;

	if (w->kind == PN_CMP)
		lx_leaf_soon(&w->leaf, s);
	for (size_t i = 0; i < n; i++)
		lx_where_soon(w->kids.v[i], s);
}

uint64_t lx_where_gave_up(const struct lx_where *w)
{
	uint64_t n = w->kind == PN_CMP && w->leaf.m ? matcher_gave_up(w->leaf.m) : 0;

	for (size_t i = 0; i < w->kids.n; i++)
		n += lx_where_gave_up(w->kids.v[i]);
	return n;
}

/* ---- in words ---- */

static const char *const kind_text[] = {"dictionary", "dictionary", "dictionary", "row by row",
                                        "raw text",   "raw path",   "row by row"};

static void leaf_text(const struct lx_leaf *l, struct buf *b)
{
	buf_printf(b, "[%s] ", kind_text[l->cost]);
	plan_paraphrase_node(l->n, b);
	if (!l->needles)
		return;
	if (l->always_raw) {
		buf_str(b, " (no text to look up: every record is read)");
		return;
	}
	buf_str(b, " (frames that may hold");
	for (size_t i = 0; i < l->nneedles && i < 3; i++)
		for (size_t k = 0; k < l->needles[i].n; k++)
			buf_printf(b, " \"%.*s\"", (int)l->needles[i].v[k].n, l->needles[i].v[k].s);
	buf_str(b, l->nneedles > 3 ? " ...)" : ")");
}

static void node_text(const struct lx_where *w, int depth, struct buf *b)
{
	static const char *const names[] = {"all of", "any of", "not"};

	buf_printf(b, "%*s", depth * 2, "");
	if (w->kind == PN_CMP)
		leaf_text(&w->leaf, b);
	else
		buf_str(b, w->kids.n           ? names[w->kind]
		           : w->kind == PN_ALL ? "everything"
		                               : "nothing");
	buf_ch(b, '\n');
	for (size_t i = 0; i < w->kids.n; i++)
		node_text(w->kids.v[i], depth + 1, b);
}

void lx_where_text(const struct lx_where *w, struct buf *b)
{
	node_text(w, 1, b);
}
