/* Raw paths of a segment's dropped rows: its list counts them until it is compacted. */
#include "store/catalog_int.h"

struct cat_dead {
	struct map paths; /* path -> struct cat_gone */
	struct ev_reader *reader;
	uint32_t row;
};

static bool count_leaf(void *ctx, const struct ev_leaf *leaf)
{
	struct cat_dead *d = ctx;
	struct map_entry *m;
	struct cat_gone *p;

	if (!leaf->value.n || leaf->type == EV_NULL)
		return true;
	m = map_put(&d->paths, leaf->path.s, leaf->path.n, NULL);
	if (!m->val.p)
		m->val.p = xcalloc(1, sizeof(struct cat_gone));
	p = m->val.p;
	p->events += p->last != d->row + 1;
	p->last = d->row + 1;
	map_put(&p->values, leaf->value.s, leaf->value.n, NULL)->val.u++;
	return true;
}

static void count_row(struct cat_dead *d, struct slice raw)
{
	struct slice body = slice_trim(raw);

	if (body.n && (body.s[0] == '{' || body.s[0] == '['))
		(void)!ev_walk(d->reader, raw, count_leaf, d, NULL, NULL);
}

struct cat_dead *cat_dead_new(struct lake_seg *ls)
{
	struct cat_dead *d = NULL;
	struct seg_raw raw = {0};
	struct slice text;

	if (!ls->dead)
		return NULL;
	d = xcalloc(1, sizeof(*d));
	d->reader = ev_reader_new();
	for (d->row = 0; d->row < ls->rows; d->row++)
		if (lake_row_dead(ls, d->row) &&
		    seg_raw_row(&raw, &ls->seg, d->row, &text, NULL) == 0)
			count_row(d, text);
	seg_raw_release(&raw);
	return d;
}

void cat_dead_free(struct cat_dead *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->paths.n; i++) {
		struct cat_gone *p = d->paths.entries[i].val.p;
		map_release(&p->values);
		free(p);
	}
	map_release(&d->paths);
	ev_reader_free(d->reader);
	free(d);
}

const struct cat_gone *cat_dead_path(const struct cat_dead *d, struct slice path)
{
	const struct map_entry *m = d ? map_get(&d->paths, path.s, path.n) : NULL;

	return m ? m->val.p : NULL;
}

uint64_t cat_gone_value(const struct cat_gone *p, struct slice value)
{
	const struct map_entry *m = p ? map_get(&p->values, value.s, value.n) : NULL;

	return m ? m->val.u : 0;
}
