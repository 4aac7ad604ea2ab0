#include "plan/tuples.h"

#include "plan/group.h"

void tuples_release(struct tuples *t)
{
	map_release(&t->seen);
	vec_free(&t->values);
	arena_release(&t->arena);
}

static void keep(struct tuples *t, const struct slice *tuple)
{
	struct buf key = BUF_INIT;
	bool added = false;

	tuple_key_folded(&key, tuple, t->ncols);
	if (tuples_count(t) < MW_PIVOT_TUPLES_MAX)
		(void)map_put(&t->seen, key.s, key.len, &added);
	else
		t->cut = t->cut || !map_get(&t->seen, key.s, key.len);
	buf_release(&key);
	for (size_t i = 0; added && i < t->ncols; i++)
		*vec_push(&t->values) =
		        (struct slice){arena_memdup(&t->arena, tuple[i].s, tuple[i].n), tuple[i].n};
}

static void from_column(struct tuples *t, const struct tuple_cells *cells, size_t col,
                        struct slice *tuple)
{
	if (col == t->ncols) {
		keep(t, tuple);
		return;
	}
	for (size_t i = 0; i < cells[col].v.n; i++) {
		tuple[col] = cells[col].v.v[i];
		if (tuple[col].n)
			from_column(t, cells, col + 1, tuple);
	}
}

void tuples_row(struct tuples *t, const struct tuple_cells *cells)
{
	struct slice tuple[TUPLE_COLUMNS_MAX];

	if (t->ncols <= TUPLE_COLUMNS_MAX)
		from_column(t, cells, 0, tuple);
}
