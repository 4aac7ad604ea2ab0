#include "store/catalog_rows.h"

#include "store/catalog_int.h"

/* ---- writing ---- */

struct writing {
	catalog_row_fn *fn;
	void *ctx;
	struct err *e;
	struct buf row;
	const char *kind, *field;
	int rc;
};

static void begin_row(struct writing *w, const char *kind, const char *dataset, const char *field)
{
	buf_reset(&w->row);
	buf_printf(&w->row, "{\"kind\":\"%s\",\"dataset\":", kind);
	json_write_string(&w->row, slice_of(dataset));
	if (!field)
		return;
	buf_str(&w->row, ",\"field\":");
	json_write_string(&w->row, slice_of(field));
}

static bool end_row(struct writing *w)
{
	buf_ch(&w->row, '}');
	w->rc = w->fn(w->ctx, (struct slice){w->row.s, w->row.len}, w->e);
	return w->rc == 0;
}

static void add_number(struct writing *w, const char *key, uint64_t n)
{
	buf_printf(&w->row, ",\"%s\":%llu", key, (unsigned long long)n);
}

static void add_time(struct writing *w, const char *key, mw_time t)
{
	char text[32];

	if (t == MW_TIME_NONE)
		return;
	mw_time_format(t, text);
	buf_printf(&w->row, ",\"%s\":\"%s\"", key, text);
}

static bool write_value(void *ctx, const char *dataset, struct slice value, uint64_t events)
{
	struct writing *w = ctx;

	begin_row(w, w->kind, dataset, w->field);
	buf_str(&w->row, ",\"value\":");
	json_write_string(&w->row, value);
	add_number(w, "events", events);
	return end_row(w);
}

static uint64_t raw_bytes_of(const struct lake *l, const char *dataset)
{
	uint64_t n = 0;

	for (size_t i = 0; i < l->segs.n; i++) {
		const struct lake_seg *s = l->segs.v[i];
		if (s->rows && strcmp(s->dataset, dataset) == 0)
			n += s->raw_bytes * s->live / s->rows;
	}
	return n;
}

static bool write_dataset(struct writing *w, const struct lake *l, const struct catalog_dataset *d)
{
	if (!d->events)
		return true;
	begin_row(w, "dataset", d->name, NULL);
	add_number(w, "events", d->events);
	add_number(w, "raw_bytes", raw_bytes_of(l, d->name));
	add_time(w, "first", d->from);
	add_time(w, "last", d->to);
	add_time(w, "arrival", d->newest_arrival);
	return end_row(w);
}

static bool write_head(struct writing *w, const struct catalog_field *f, const char *kind,
                       const char *name)
{
	begin_row(w, kind, f->dataset, name);
	add_number(w, "events", f->events);
	add_number(w, "cut", !f->all_kept);
	return end_row(w);
}

static bool write_field(struct writing *w, struct catalog *c, const struct catalog_field *f)
{
	w->kind = "value";
	w->field = field_at(f->field)->name;
	return write_head(w, f, "field", w->field) &&
	       catalog_merge(c, f->dataset, f->field, write_value, w) == 0 && w->rc == 0;
}

static bool write_path(struct writing *w, const struct catalog *c, const struct catalog_field *f)
{
	const struct cat_path *p = NULL;
	bool go;

	for (size_t i = 0; i < c->paths.n && !p; i++)
		if (c->paths.v[i]->path == f->path)
			p = c->paths.v[i];
	w->kind = "pathvalue";
	w->field = f->path;
	go = p && write_head(w, f, "path", f->path);
	for (size_t i = 0; go && i < p->values.n; i++) {
		const struct map_entry *v = &p->values.entries[i];
		go = write_value(w, f->dataset, (struct slice){v->key, v->len}, v->val.u);
	}
	return go;
}

static bool write_seen(struct writing *w, const struct seen *s)
{
	struct buf value = BUF_INIT;

	begin_row(w, "seen", s->dataset, cover_class_name(s->cls));
	buf_printf(&value, "%s\n%s\n%s", s->account, s->region, s->resource);
	buf_str(&w->row, ",\"value\":");
	json_write_string(&w->row, (struct slice){value.s, value.len});
	buf_release(&value);
	add_number(w, "events", s->events);
	add_time(w, "first", s->from);
	add_time(w, "last", s->to);
	add_time(w, "arrival", s->newest);
	return end_row(w);
}

static bool write_all_seen(struct writing *w, struct lake *l)
{
	struct seen_all all;
	struct seen *s;
	bool go = true;

	if (seen_read(&all, l, w->e)) {
		w->rc = -1;
		return false;
	}
	vec_each (s, &all.v)
		go = go && write_seen(w, s);
	seen_release(&all);
	return go;
}

int catalog_rows_write(struct lake *l, catalog_row_fn *fn, void *ctx, struct err *e)
{
	struct writing w = {.fn = fn, .ctx = ctx, .e = e, .row = BUF_INIT};
	struct catalog *c = catalog_open(l, e);
	const struct catalog_dataset *d;
	const struct catalog_field *f;
	size_t nd = catalog_datasets(c, &d), nf = catalog_fields(c, NULL, &f);
	bool go = true;

	for (size_t i = 0; i < nd && go; i++)
		go = write_dataset(&w, l, &d[i]);
	for (size_t i = 0; i < nf && go; i++)
		go = f[i].path ? write_path(&w, c, &f[i]) : write_field(&w, c, &f[i]);
	go = go && write_all_seen(&w, l);
	catalog_close(c);
	buf_release(&w.row);
	if (!go && w.rc == 0)
		return err_set(e, ERR_IO, "the dictionaries of a batch cannot be read");
	return go ? 0 : -1;
}

/* ---- reading ---- */

struct catalog *catalog_rows_new(void)
{
	struct catalog *c = xcalloc(1, sizeof(*c));

	c->rows = true;
	return c;
}

uint64_t catalog_row_number(const cJSON *row, const char *key)
{
	uint64_t n;

	if (slice_u64(slice_of(json_str(row, key, "")), &n))
		return n;
	return (uint64_t)json_i64(row, key, 0);
}

static void add_dataset(struct catalog *c, const char *dataset, const cJSON *row)
{
	struct catalog_dataset *d = catalog_dataset_of(c, dataset);
	mw_time from = json_time(row, "first"), to = json_time(row, "last"),
	        arrival = json_time(row, "arrival");

	d->events += catalog_row_number(row, "events");
	if (from != MW_TIME_NONE && (d->from == MW_TIME_NONE || from < d->from))
		d->from = from;
	d->to = to > d->to ? to : d->to;
	d->newest_arrival = arrival > d->newest_arrival ? arrival : d->newest_arrival;
}

/* A field of this build, or a raw path. NULL: a field that this build does not have. */
static struct cat_path *path_of(struct catalog *c, const char *dataset, const char *name, bool raw)
{
	const struct field *f = raw ? NULL : field_find(slice_of(name));
	struct buf key = BUF_INIT;
	struct map_entry *m;
	struct cat_path *p;

	if (!raw && !f)
		return NULL;
	buf_printf(&key, "%s%c%s%c%s", dataset, 0, raw ? "raw" : "", 0, name);
	m = map_put(&c->by_name, key.s, key.len, NULL);
	buf_release(&key);
	if (m->val.p)
		return m->val.p;
	p = m->val.p = *vec_push(&c->paths) = xcalloc(1, sizeof(*p));
	p->dataset = catalog_dataset_of(c, dataset)->name;
	p->field = f ? f->id : FIELD_NONE;
	p->path = raw ? arena_strdup(&c->arena, name) : NULL;
	p->all_kept = true;
	return p;
}

static void add_seen(struct catalog *c, const char *dataset, const cJSON *row)
{
	struct slice rest = slice_of(json_str(row, "value", "")), account, region;
	int cls = cover_class_parse(json_str(row, "field", ""));
	mw_time from = json_time(row, "first"), to = json_time(row, "last"),
	        newest = json_time(row, "arrival");
	struct seen *s;

	if (cls < 0 || !slice_split(&rest, '\n', &account) || !slice_split(&rest, '\n', &region))
		return;
	s = seen_of(&c->seen, (enum cover_class)cls, dataset, account, region,
	            rest.s ? rest : SLICE(""));
	s->events += catalog_row_number(row, "events");
	if (from != MW_TIME_NONE && (s->from == MW_TIME_NONE || from < s->from))
		s->from = from;
	s->to = to > s->to ? to : s->to;
	s->newest = newest > s->newest ? newest : s->newest;
}

void catalog_rows_add(struct catalog *c, const cJSON *row)
{
	const char *kind = json_str(row, "kind", ""), *dataset = json_str(row, "dataset", ""),
	           *value = json_str(row, "value", "");
	bool raw = strncmp(kind, "path", 4) == 0,
	     head = !strcmp(kind, "field") || !strcmp(kind, "path");
	struct cat_path *p;

	if (!strcmp(kind, "dataset"))
		add_dataset(c, dataset, row);
	else if (!strcmp(kind, "seen"))
		add_seen(c, dataset, row);
	else if (head || !strcmp(kind, "value") || !strcmp(kind, "pathvalue")) {
		p = path_of(c, dataset, json_str(row, "field", ""), raw);
		if (p && head) {
			p->events += catalog_row_number(row, "events");
			p->all_kept = p->all_kept && !catalog_row_number(row, "cut");
		} else if (p) {
			map_put(&p->values, value, strlen(value), NULL)->val.u +=
			        catalog_row_number(row, "events");
		}
	}
}

static int by_dataset(const void *a, const void *b)
{
	const struct cat_path *x = *(struct cat_path *const *)a, *y = *(struct cat_path *const *)b;
	int c = strcmp(x->dataset, y->dataset);

	if (c || !x->path || !y->path) /* normalised ones first */
		return c                    ? c
		       : x->path || y->path ? (x->path != NULL) - (y->path != NULL)
		                            : (x->field > y->field) - (x->field < y->field);
	return strcmp(x->path, y->path);
}

void catalog_rows_end(struct catalog *c)
{
	if (c->paths.n)
		qsort(c->paths.v, c->paths.n, sizeof(*c->paths.v), by_dataset);
	for (size_t i = 0; i < c->paths.n; i++) {
		const struct cat_path *p = c->paths.v[i];
		*vec_push(&c->fields) = (struct catalog_field){
		        .dataset = p->dataset,
		        .field = p->field,
		        .path = p->path,
		        .events = p->events,
		        .all_kept = p->all_kept && p->values.n < CATALOG_ROWS_VALUES_MAX};
	}
	catalog_index(c);
	c->loaded = true;
}

struct merged {
	struct slice value; /* into a field's map, which stays */
	const char *dataset;
	uint64_t events;
};
struct merging {
	struct map place; /* value -> place in list + 1 */
	VEC(struct merged) list;
};

static void merge_values(struct merging *m, const struct cat_path *p)
{
	for (size_t k = 0; k < p->values.n; k++) {
		const struct map_entry *v = &p->values.entries[k];
		struct map_entry *at = map_put(&m->place, v->key, v->len, NULL);
		if (!at->val.u) {
			*vec_push(&m->list) =
			        (struct merged){{v->key, v->len}, p->dataset, v->val.u};
			at->val.u = m->list.n;
		} else {
			m->list.v[at->val.u - 1].events += v->val.u;
		}
	}
}

/* The same value of several datasets is one, as over segments. */
void catalog_rows_merge(struct catalog *c, const char *dataset, field_id f, catalog_fn *fn,
                        void *ctx)
{
	struct merging m = {0};

	for (size_t i = 0; i < c->paths.n; i++) {
		const struct cat_path *p = c->paths.v[i];
		if (!p->path && p->field == f && (!dataset || strcmp(dataset, p->dataset) == 0))
			merge_values(&m, p);
	}
	for (size_t i = 0; i < m.list.n; i++)
		if (!fn(ctx, m.list.v[i].dataset, m.list.v[i].value, m.list.v[i].events))
			break;
	map_release(&m.place);
	vec_free(&m.list);
}
