/* Tuples of values of several columns, numbered per segment by their codes. */
#include "source/lake_exec.h"

void lx_pairs_release(struct lx_pairs *p)
{
	free(p->keys);
	free(p->slots);
	*p = (struct lx_pairs){0};
}

static size_t pair_slot(const struct lx_pairs *p, uint64_t key)
{
	size_t at = (size_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (p->nslots - 1);

	while (p->slots[at] && p->keys[p->slots[at] - 1] != key)
		at = (at + 1) & (p->nslots - 1);
	return at;
}

static void grow_pairs(struct lx_pairs *p)
{
	p->cap = p->cap ? p->cap * 2 : 512;
	p->nslots = p->cap * 2;
	p->keys = xreallocarray(p->keys, p->cap, sizeof(*p->keys));
	free(p->slots);
	p->slots = xcalloc(p->nslots, sizeof(*p->slots));
	for (size_t i = 0; i < p->n; i++)
		p->slots[pair_slot(p, p->keys[i])] = (uint32_t)i + 1;
}

uint32_t lx_pairs_number(struct lx_pairs *p, uint64_t key)
{
	size_t at;

	if (p->n == p->cap)
		grow_pairs(p);
	at = pair_slot(p, key);
	if (!p->slots[at]) {
		p->keys[p->n++] = key;
		p->slots[at] = (uint32_t)p->n;
	}
	return p->slots[at] - 1;
}

void lx_tuples_release(struct lx_tuples *t)
{
	for (size_t i = 0; i < t->ncols; i++)
		lx_pairs_release(&t->levels[i]);
}

static bool repeated(const struct lx_col *c, uint32_t from, uint32_t at)
{
	for (uint32_t i = from; i < at; i++)
		if (c->codes[i] == c->codes[at])
			return true;
	return false;
}

/* Columns from `col` on, for a row whose values of the columns before are tuple `before`. */
static void each_from(struct lx_tuples *t, size_t col, uint32_t before, uint32_t row,
                      void (*fn)(void *, uint32_t tuple, uint32_t row), void *ctx)
{
	const struct lx_col *c = &t->cols[col];
	uint32_t from, to;

	if (col == t->ncols) {
		fn(ctx, before, row);
		return;
	}
	lx_places(c, row, &from, &to);
	for (uint32_t i = from; i < to; i++) {
		if (!c->codes[i] || repeated(c, from, i))
			continue;
		uint64_t pair = (uint64_t)before << 32 | c->codes[i];
		each_from(t, col + 1, lx_pairs_number(&t->levels[col], pair), row, fn, ctx);
	}
}

void lx_tuples_each(struct lx_tuples *t, uint32_t row, void (*fn)(void *, uint32_t, uint32_t),
                    void *ctx)
{
	each_from(t, 0, 0, row, fn, ctx);
}

void lx_tuple_values(const struct lx_tuples *t, uint32_t tuple, struct slice *out)
{
	for (size_t i = t->ncols; i-- > 0;) {
		uint64_t pair = t->levels[i].keys[tuple];
		out[i] = lx_value(&t->cols[i], (uint32_t)pair);
		tuple = (uint32_t)(pair >> 32);
	}
}
