#include "plan/tuples.h"

void tuples_release(struct tuples *t)
{
	map_release(&t->seen);
	vec_free(&t->values);
	arena_release(&t->arena);
}

static bool keep(void *ctx, const struct slice *tuple, size_t n)
{
	struct tuples *t = ctx;
	struct buf key = BUF_INIT;
	bool added = false;

	tuple_key_folded(&key, tuple, n);
	if (tuples_count(t) < MW_PIVOT_TUPLES_MAX)
		(void)map_put(&t->seen, key.s, key.len, &added);
	else
		t->cut = t->cut || !map_get(&t->seen, key.s, key.len);
	buf_release(&key);
	for (size_t i = 0; added && i < n; i++)
		*vec_push(&t->values) =
		        (struct slice){arena_memdup(&t->arena, tuple[i].s, tuple[i].n), tuple[i].n};
	return !t->cut;
}

void tuples_row(struct tuples *t, const struct value_list *cells)
{
	each_tuple(cells, t->ncols, keep, t);
}
