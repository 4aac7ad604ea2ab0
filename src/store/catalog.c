#include "store/catalog_int.h"

#include "base/limits.h"

/* ---- merging dictionaries ---- */

struct cursor { /* a column on its way through its values */
	const struct lake_seg *ls;
	const struct seg_col *col;
	uint32_t *live; /* events by code, where rows are dead; else NULL */
	uint32_t at;    /* code */
	uint32_t hash;
};

/* Events that are left of each value, when some rows of the segment are dead. */
static uint32_t *live_counts(const struct lake_seg *ls, const struct seg_col *col)
{
	uint32_t *n, from, to;

	if (!ls->dead)
		return NULL;
	n = xcalloc((size_t)col->h.nvalues + 1, sizeof(*n));
	for (uint32_t row = 0; row < ls->rows; row++) {
		if (lake_row_dead(ls, row))
			continue;
		seg_places(&ls->seg, col, row, &from, &to);
		for (; from < to; from++)
			n[seg_code(&ls->seg, col, from)]++;
	}
	return n;
}

static uint64_t events_at(const struct cursor *c)
{
	return c->live ? c->live[c->at] : seg_count_at(&c->ls->seg, c->col, c->at);
}

/* To the next value that any event has. */
static void settle(struct cursor *c)
{
	while (c->at <= c->col->h.nvalues && events_at(c) == 0)
		c->at++;
	if (c->at <= c->col->h.nvalues)
		memcpy(&c->hash, c->ls->seg.base + c->col->hashes + (size_t)(c->at - 1) * 4, 4);
}

static bool at_end(const struct cursor *c)
{
	return c->at > c->col->h.nvalues;
}

struct same_hash { /* the different values that stand at one hash: mostly one, or writings of one */
	VEC(struct {
		struct slice v;
		const char *dataset;
		uint64_t events;
	})
	list;
};

static void add_same(struct same_hash *s, const char *dataset, struct slice v, uint64_t events)
{
	for (size_t i = 0; i < s->list.n; i++) {
		if (!slice_eq(s->list.v[i].v, v))
			continue;
		s->list.v[i].events += events;
		return;
	}
	(void)vec_push(&s->list);
	s->list.v[s->list.n - 1].v = v;
	s->list.v[s->list.n - 1].dataset = dataset;
	s->list.v[s->list.n - 1].events = events;
}

/* Values whose hash is at most `to`. */
static bool merge_to(struct cursor *cs, size_t n, uint32_t to, catalog_fn *fn, void *ctx)
{
	struct same_hash same = {0};
	bool go = true;

	while (go) {
		uint32_t least = UINT32_MAX;
		bool any = false;
		for (size_t i = 0; i < n; i++) {
			if (at_end(&cs[i]))
				continue;
			any = true;
			least = cs[i].hash < least ? cs[i].hash : least;
		}
		if (!any || least > to)
			break;
		same.list.n = 0;
		for (size_t i = 0; i < n; i++)
			for (; !at_end(&cs[i]) && cs[i].hash == least; cs[i].at++, settle(&cs[i]))
				add_same(&same, cs[i].ls->dataset,
				         seg_value_at(&cs[i].ls->seg, cs[i].col, cs[i].at),
				         events_at(&cs[i]));
		for (size_t i = 0; i < same.list.n && go; i++)
			go = fn(ctx, same.list.v[i].dataset, same.list.v[i].v,
			        same.list.v[i].events);
	}
	vec_free(&same.list);
	return go;
}

/* Its values are not yet there. */
static int head_of(struct lake_seg *ls, field_id f, struct seg_col **col, struct err *e)
{
	*col = NULL;
	return lake_seg_open(ls, e) || seg_col(&ls->seg, f, col, e) ? -1 : 0;
}

static int column_of(struct lake_seg *ls, field_id f, struct seg_col **col, struct err *e)
{
	if (head_of(ls, f, col, e))
		return -1;
	if (!*col)
		return 0;
	return ls->dead ? seg_col_load(&ls->seg, *col, e) : seg_col_load_values(&ls->seg, *col, e);
}

/* Cursors on the segments' columns of a field; -1 where one could not be read. */
static int open_cursors(struct catalog *c, const char *dataset, field_id f, struct cursor *cs,
                        size_t *n)
{
	*n = 0;
	for (size_t i = 0; i < c->l->segs.n; i++) {
		struct lake_seg *ls = c->l->segs.v[i];
		struct seg_col *col;
		if (dataset && strcmp(ls->dataset, dataset) != 0)
			continue;
		if (column_of(ls, f, &col, NULL))
			return -1;
		if (!col)
			continue;
		cs[*n] = (struct cursor){
		        .ls = ls, .col = col, .live = live_counts(ls, col), .at = 1};
		settle(&cs[(*n)++]);
	}
	return 0;
}

static int merge(struct catalog *c, const char *dataset, field_id f, uint32_t to, catalog_fn *fn,
                 void *ctx)
{
	struct cursor *cs = xcalloc(c->l->segs.n + 1, sizeof(*cs));
	size_t n;
	int rc = open_cursors(c, dataset, f, cs, &n);

	if (rc == 0)
		merge_to(cs, n, to, fn, ctx);
	for (size_t i = 0; i < n; i++)
		free(cs[i].live);
	free(cs);
	return rc;
}

int catalog_merge(struct catalog *c, const char *dataset, field_id f, catalog_fn *fn, void *ctx)
{
	if (c->rows) {
		catalog_rows_merge(c, dataset, f, fn, ctx);
		return 0;
	}
	return merge(c, dataset, f, UINT32_MAX, fn, ctx);
}

/* ---- loading ---- */

struct catalog_dataset *catalog_dataset_of(struct catalog *c, const char *name)
{
	struct catalog_dataset *d;

	vec_each (d, &c->datasets)
		if (strcmp(d->name, name) == 0)
			return d;
	d = vec_push(&c->datasets);
	*d = (struct catalog_dataset){.name = arena_strdup(&c->arena, name),
	                              .from = MW_TIME_NONE,
	                              .to = MW_TIME_NONE,
	                              .newest_arrival = MW_TIME_NONE};
	return d;
}

static void load_datasets(struct catalog *c)
{
	for (size_t i = 0; i < c->l->segs.n; i++) {
		const struct lake_seg *s = c->l->segs.v[i];
		struct catalog_dataset *d = catalog_dataset_of(c, s->dataset);
		d->events += s->live;
		if (s->from != MW_TIME_NONE && (d->from == MW_TIME_NONE || s->from < d->from))
			d->from = s->from;
		d->to = s->to > d->to ? s->to : d->to;
		d->newest_arrival = s->newest > d->newest_arrival ? s->newest : d->newest_arrival;
	}
}

/* Events of a segment that have the field. */
static uint64_t events_with(struct lake_seg *ls, struct seg_col *col)
{
	uint64_t n = 0;
	uint32_t from, to;

	if (!ls->dead)
		return col->h.events;
	if (seg_col_load(&ls->seg, col, NULL))
		return 0;
	for (uint32_t row = 0; row < ls->rows; row++) {
		seg_places(&ls->seg, col, row, &from, &to);
		n += !lake_row_dead(ls, row) && from < to && seg_code(&ls->seg, col, from) != 0;
	}
	return n;
}

static bool count_value(void *ctx, const char *dataset, struct slice v, uint64_t events)
{
	(void)dataset;
	(void)v;
	(void)events;
	++*(uint64_t *)ctx;
	return true;
}

/* Exact up to CATALOG_VALUES_MAX. Where a sixteenth of the hashes shows that there are far more, sixteen times that. */
static uint64_t count_distinct(struct catalog *c, const struct catalog_field *f, uint64_t at_most)
{
	uint64_t n = 0;

	if (at_most > CATALOG_VALUES_MAX) {
		if (merge(c, f->dataset, f->field, UINT32_MAX / 16, count_value, &n))
			return 0;
		if (n * 16 > CATALOG_VALUES_MAX + CATALOG_VALUES_MAX / 2)
			return n * 16;
	}
	n = 0;
	return catalog_merge(c, f->dataset, f->field, count_value, &n) ? 0 : n;
}

static void load_field(struct catalog *c, const char *dataset, field_id id)
{
	struct catalog_field f = {.dataset = dataset, .field = id, .all_kept = true};
	struct seg_col *col;

	for (size_t i = 0; i < c->l->segs.n; i++) {
		struct lake_seg *ls = c->l->segs.v[i];
		if (strcmp(ls->dataset, dataset) == 0 && head_of(ls, id, &col, NULL) == 0 && col)
			f.events += events_with(ls, col);
	}
	if (f.events)
		*vec_push(&c->fields) = f;
}

static void load_fields(struct catalog *c, const char *dataset)
{
	bool has[FIELD_MAX] = {0};

	for (size_t i = 0; i < c->l->segs.n; i++) {
		struct lake_seg *ls = c->l->segs.v[i];
		if (strcmp(ls->dataset, dataset) != 0 || lake_seg_open(ls, NULL))
			continue;
		for (uint32_t k = 0; k < ls->seg.head.ndir; k++) {
			field_id f = lake_section_field(&ls->seg.dir[k]);
			if (f != FIELD_NONE)
				has[f] = true;
		}
	}
	for (size_t f = 0; f < FIELD_MAX; f++)
		if (has[f])
			load_field(c, dataset, (field_id)f);
}

/* ---- raw paths ---- */

static void merge_values(struct cat_path *to, struct seg_path_iter *it, const struct seg_path *p,
                         const struct cat_gone *gone)
{
	to->events += p->events - (gone && gone->events < p->events ? gone->events : 0);
	to->all_kept = to->all_kept && p->all_kept;
	for (uint32_t i = 0; i < p->nvalues; i++) {
		struct slice v;
		uint32_t events;
		if (!seg_path_value(it, &v, &events))
			return;
		uint64_t dead = cat_gone_value(gone, v);
		if (dead >= events)
			continue;
		events -= (uint32_t)dead;
		if (to->values.n < CATALOG_RAW_VALUES_MAX || map_get(&to->values, v.s, v.n))
			map_put(&to->values, v.s, v.n, NULL)->val.u += events;
		else
			to->all_kept = false;
	}
}

static void skip_values(struct seg_path_iter *it, const struct seg_path *p)
{
	struct slice v;
	uint32_t events;

	for (uint32_t i = 0; i < p->nvalues && seg_path_value(it, &v, &events); i++)
		;
}

static void merge_paths(struct catalog *c, struct lake_seg *ls, const char *dataset,
                        struct map *paths)
{
	struct seg_path_iter it;
	struct seg_path p;

	if (lake_seg_open(ls, NULL) || seg_paths(&ls->seg, &it, NULL))
		return;
	struct cat_dead *dead = cat_dead_new(ls);
	while (seg_path_next(&it, &p)) {
		const struct cat_gone *gone = cat_dead_path(dead, p.path);
		if (gone && gone->events >= p.events) {
			skip_values(&it, &p);
			continue;
		}
		struct map_entry *m = map_put(paths, p.path.s, p.path.n, NULL);
		if (!m->val.p) {
			struct cat_path *fresh = xcalloc(1, sizeof(*fresh));
			fresh->dataset = dataset;
			fresh->field = FIELD_NONE;
			fresh->path = arena_memdup(&c->arena, p.path.s, p.path.n);
			fresh->all_kept = true;
			*vec_push(&c->paths) = m->val.p = fresh;
		}
		merge_values(m->val.p, &it, &p, gone);
	}
	cat_dead_free(dead);
}

static void load_paths(struct catalog *c, const char *dataset)
{
	struct map paths = MAP_INIT;
	size_t first = c->paths.n;

	for (size_t i = 0; i < c->l->segs.n; i++)
		if (strcmp(c->l->segs.v[i]->dataset, dataset) == 0)
			merge_paths(c, c->l->segs.v[i], dataset, &paths);
	for (size_t i = first; i < c->paths.n; i++) {
		const struct cat_path *p = c->paths.v[i];
		*vec_push(&c->fields) = (struct catalog_field){.dataset = dataset,
		                                               .field = FIELD_NONE,
		                                               .path = p->path,
		                                               .events = p->events,
		                                               .all_kept = p->all_kept};
	}
	map_release(&paths);
}

/* ---- words of paths, values of paths ---- */

/* Lower case, without what separates words; dots stay. */
static size_t plain_word(char *out, size_t max, struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n && n < max; i++) {
		unsigned char ch = (unsigned char)s.s[i];
		if (ch == '_' || ch == '-' || ch == ' ' || ch == '\\')
			continue;
		out[n++] = (char)(ch - 'A' + 0u < 26u ? ch | 0x20 : ch);
	}
	return n;
}

static void link_path(struct catalog *c, struct slice word, uint32_t field)
{
	char plain[MW_EV_PATH_MAX];
	size_t n = plain_word(plain, sizeof(plain), word);
	struct map_entry *m = map_put(&c->path_words, plain, n, NULL);

	*vec_push(&c->path_links) = field;
	*vec_push(&c->path_links) = (uint32_t)m->val.u;
	m->val.u = c->path_links.n / 2;
}

static void index_paths(struct catalog *c)
{
	for (uint32_t i = 0; i < c->fields.n; i++) {
		struct slice path = slice_of(c->fields.v[i].path);
		const char *dot = path.n ? memrchr(path.s, '.', path.n) : NULL;
		if (!path.n)
			continue;
		link_path(c, path, i);
		if (dot)
			link_path(c, (struct slice){dot + 1, path.n - (size_t)(dot + 1 - path.s)},
			          i);
	}
}

static void index_path_values(struct catalog *c)
{
	struct buf folded = BUF_INIT;

	for (uint32_t i = 0; i < c->paths.n; i++) {
		const struct map *values = &c->paths.v[i]->values;
		for (uint32_t k = 0; k < values->n; k++) {
			struct slice v = {values->entries[k].key, values->entries[k].len};
			buf_reset(&folded);
			seg_fold(buf_room(&folded, v.n + 1), v);
			struct map_entry *m = map_put(&c->path_values, folded.s, v.n, NULL);
			*vec_push(&c->value_links) = i;
			*vec_push(&c->value_links) = k;
			*vec_push(&c->value_links) = (uint32_t)m->val.u;
			m->val.u = c->value_links.n / 3;
		}
	}
	buf_release(&folded);
}

/* ---- life ---- */

static void clear(struct catalog *c)
{
	for (size_t i = 0; i < c->paths.n; i++) {
		map_release(&c->paths.v[i]->values);
		free(c->paths.v[i]);
	}
	vec_free(&c->paths);
	vec_free(&c->datasets);
	vec_free(&c->fields);
	vec_free(&c->path_links);
	vec_free(&c->value_links);
	vec_free(&c->near);
	vec_free(&c->parts);
	vec_free(&c->found);
	seen_release(&c->seen);
	map_release(&c->by_name);
	map_release(&c->path_words);
	map_release(&c->path_values);
	arena_release(&c->arena);
	c->indexed = c->loaded = false;
}

void catalog_index(struct catalog *c)
{
	index_paths(c);
	index_path_values(c);
}

bool catalog_follow(struct catalog *c)
{
	if (c->rows || (c->loaded && c->generation == c->l->generation))
		return true;
	clear(c);
	load_datasets(c);
	for (size_t i = 0; i < c->datasets.n; i++) {
		load_fields(c, c->datasets.v[i].name);
		load_paths(c, c->datasets.v[i].name);
	}
	catalog_index(c);
	c->generation = c->l->generation;
	c->loaded = true;
	return true;
}

struct catalog *catalog_open(struct lake *l, struct err *e)
{
	struct catalog *c = xcalloc(1, sizeof(*c));

	(void)e;
	c->l = l;
	return c;
}

void catalog_close(struct catalog *c)
{
	if (!c)
		return;
	clear(c);
	free(c);
}

/* ---- answers ---- */

static uint64_t path_distinct(const struct catalog *c, const struct catalog_field *f)
{
	for (size_t i = 0; i < c->paths.n; i++)
		if (c->paths.v[i]->path == f->path && c->paths.v[i]->field == f->field &&
		    strcmp(c->paths.v[i]->dataset, f->dataset) == 0)
			return c->paths.v[i]->values.n;
	return 0;
}

uint64_t catalog_distinct(struct catalog *c, const struct catalog_field *f)
{
	uint64_t at_most = 0;
	struct seg_col *col;

	if (c->rows || f->field == FIELD_NONE)
		return path_distinct(c, f);
	for (size_t i = 0; i < c->l->segs.n; i++) {
		struct lake_seg *ls = c->l->segs.v[i];
		if (strcmp(ls->dataset, f->dataset) == 0 &&
		    head_of(ls, f->field, &col, NULL) == 0 && col)
			at_most += col->h.nvalues;
	}
	return count_distinct(c, f, at_most);
}

size_t catalog_datasets(struct catalog *c, const struct catalog_dataset **out)
{
	catalog_follow(c);
	*out = c->datasets.v;
	return c->datasets.n;
}

size_t catalog_fields(struct catalog *c, const char *dataset, const struct catalog_field **out)
{
	size_t first = 0, n = 0;

	catalog_follow(c);
	*out = c->fields.v;
	if (!dataset)
		return c->fields.n;
	while (first < c->fields.n && strcmp(c->fields.v[first].dataset, dataset) != 0)
		first++;
	while (first + n < c->fields.n && strcmp(c->fields.v[first + n].dataset, dataset) == 0)
		n++;
	*out = n ? c->fields.v + first : c->fields.v;
	return n;
}

size_t catalog_path_by_word(struct catalog *c, struct slice word, const struct catalog_field **out,
                            size_t max)
{
	char plain[MW_EV_PATH_MAX];
	const struct map_entry *m;
	size_t n = 0;

	catalog_follow(c);
	m = map_get(&c->path_words, plain, plain_word(plain, sizeof(plain), word));
	for (uint32_t at = m ? (uint32_t)m->val.u : 0; at && n < max;
	     at = c->path_links.v[at * 2 - 1])
		out[n++] = &c->fields.v[c->path_links.v[at * 2 - 2]];
	return n;
}

struct collecting {
	struct catalog_value *out;
	size_t n, max;
};

/* The same value of the same field of a dataset once, whatever the segment. */
static void add_value(struct collecting *to, const struct catalog_value *v)
{
	for (size_t i = 0; i < to->n; i++) {
		struct catalog_value *have = &to->out[i];
		if (have->field != v->field || have->path != v->path ||
		    strcmp(have->dataset, v->dataset) != 0 || !slice_eq(have->value, v->value))
			continue;
		have->events += v->events;
		return;
	}
	if (to->n < to->max)
		to->out[to->n++] = *v;
}

static void find_in_column(struct lake_seg *ls, field_id f, struct slice value,
                           struct collecting *to)
{
	struct seg_col *col;
	uint32_t first, n;
	uint32_t *live;

	if (seg_col(&ls->seg, f, &col, NULL) || !col ||
	    seg_col_find(&ls->seg, col, value, &first, &n, NULL) || !n ||
	    seg_col_load(&ls->seg, col, NULL))
		return;
	live = live_counts(ls, col);
	for (uint32_t code = first; code < first + n; code++) {
		struct slice v = seg_value_at(&ls->seg, col, code);
		uint64_t events = live ? live[code] : seg_count_at(&ls->seg, col, code);
		if (events && slice_ieq(v, value))
			add_value(to, &(struct catalog_value){ls->dataset, f, NULL, v, events});
	}
	free(live);
}

static void find_in_paths(struct catalog *c, struct slice value, struct collecting *to)
{
	char small[256], *folded = value.n <= sizeof(small) ? small : xmalloc(value.n);
	const struct map_entry *m;

	seg_fold(folded, value);
	m = map_get(&c->path_values, folded, value.n);
	for (uint32_t at = m ? (uint32_t)m->val.u : 0; at; at = c->value_links.v[at * 3 - 1]) {
		const struct cat_path *p = c->paths.v[c->value_links.v[at * 3 - 3]];
		const struct map_entry *v = &p->values.entries[c->value_links.v[at * 3 - 2]];
		add_value(to, &(struct catalog_value){
		                      p->dataset, p->field, p->path, {v->key, v->len}, v->val.u});
	}
	if (folded != small)
		free(folded);
}

size_t catalog_value_find(struct catalog *c, struct slice value, struct catalog_value *out,
                          size_t max)
{
	struct collecting to = {.out = out, .max = max};

	catalog_follow(c);
	if (value.n == 0)
		return 0;
	for (size_t i = 0; !c->rows && i < c->l->segs.n; i++) {
		struct lake_seg *ls = c->l->segs.v[i];
		if (lake_seg_open(ls, NULL))
			continue;
		for (uint32_t k = 0; k < ls->seg.head.ndir; k++) {
			field_id f = lake_section_field(&ls->seg.dir[k]);
			if (f != FIELD_NONE)
				find_in_column(ls, f, value, &to);
		}
	}
	find_in_paths(c, value, &to);
	return to.n;
}

struct top {
	struct collecting to;
	field_id field;
};

/* Keeps the most frequent in falling order. */
static bool add_top(void *ctx, const char *dataset, struct slice v, uint64_t events)
{
	struct top *t = ctx;
	size_t i = t->to.n;

	if (i == t->to.max && (i == 0 || t->to.out[i - 1].events >= events))
		return true;
	if (i < t->to.max)
		t->to.n++;
	else
		i--;
	for (; i > 0 && t->to.out[i - 1].events < events; i--)
		t->to.out[i] = t->to.out[i - 1];
	t->to.out[i] = (struct catalog_value){dataset, t->field, NULL, v, events};
	return true;
}

size_t catalog_value_top(struct catalog *c, field_id field, struct catalog_value *out, size_t max)
{
	struct top t = {{.out = out, .max = max}, field};

	catalog_follow(c);
	return catalog_merge(c, NULL, field, add_top, &t) == 0 ? t.to.n : 0;
}
