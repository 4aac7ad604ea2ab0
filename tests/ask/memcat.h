/*
 * A catalogue in memory over events read by the importers: the planner's view of the data without a lake. For tests of ask/
 * only; included by one file of a program.
 */
#ifndef MW_TEST_MEMCAT_H
#define MW_TEST_MEMCAT_H

#include <ctype.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/evjson.h"
#include "base/map.h"
#include "intake/intake.h"
#include "store/catalog.h"

struct mem_value {
	size_t field; /* index into fields */
	struct slice value;
	uint64_t events;
};
struct mem_field {
	struct catalog_field f;
	uint64_t distinct;
};
struct catalog {
	struct arena arena;
	VEC(struct event) events;
	VEC(struct catalog_dataset) datasets;
	VEC(struct mem_field) fields;
	VEC(struct mem_value) values;
	VEC(struct catalog_field) flat;
	struct map field_index, value_index,
	        exact;     /* exact: lower value -> first index + 1 into chain */
	VEC(size_t) chain; /* by value: next with the same lower text, + 1 */
	struct ev_reader *reader;
	size_t current;
};

static inline struct slice mem_copy(struct catalog *c, struct slice s)
{
	return (struct slice){arena_memdup(&c->arena, s.s, s.n), s.n};
}

static inline size_t mem_dataset(struct catalog *c, const char *name, mw_time t)
{
	struct catalog_dataset *d;

	vec_each (d, &c->datasets)
		if (strcmp(d->name, name) == 0)
			goto found;
	d = vec_push(&c->datasets);
	d->name = arena_strdup(&c->arena, name);
	d->from = d->to = d->newest_arrival = MW_TIME_NONE;
found:
	d->events++;
	if (t != MW_TIME_NONE && (d->from == MW_TIME_NONE || t < d->from))
		d->from = t;
	if (t != MW_TIME_NONE && (d->to == MW_TIME_NONE || t > d->to))
		d->to = t;
	return (size_t)(d - c->datasets.v);
}

static inline void mem_add(struct catalog *c, const char *dataset, field_id f, struct slice path,
                           struct slice value)
{
	char *key = f == FIELD_NONE ? xasprintf("%s\n%.*s", dataset, (int)path.n, path.s)
	                            : xasprintf("%s\n#%u", dataset, f);
	bool added;
	struct map_entry *m = map_put_str(&c->field_index, key, &added);
	struct mem_field *mf;
	struct buf low = BUF_INIT;
	size_t max = f == FIELD_NONE ? CATALOG_RAW_VALUES_MAX : CATALOG_VALUES_MAX;

	free(key);
	if (added) {
		m->val.u = c->fields.n;
		mf = vec_push(&c->fields);
		mf->f = (struct catalog_field){
		        .dataset = arena_strdup(&c->arena, dataset), .field = f, .all_kept = true};
		if (f == FIELD_NONE)
			mf->f.path = arena_strndup(&c->arena, path.s, path.n);
	}
	mf = &c->fields.v[m->val.u];
	mf->f.events++;
	buf_printf(&low, "%zu\n", (size_t)m->val.u);
	buf_add(&low, value.s, value.n);
	size_t field = m->val.u;

	m = map_put(&c->value_index, low.s, low.len, &added);
	if (!added) {
		c->values.v[m->val.u].events++;
		goto out;
	}
	if (mf->distinct++ >= max || value.n > 1024) {
		mf->f.all_kept = false;
		m->val.u = 0;
		goto out;
	}
	m->val.u = c->values.n;
	*vec_push(&c->values) = (struct mem_value){field, mem_copy(c, value), 1};
	buf_reset(&low);
	for (size_t i = 0; i < value.n; i++)
		buf_ch(&low, (char)tolower((unsigned char)value.s[i]));
	m = map_put(&c->exact, low.s, low.len, NULL);
	*vec_push(&c->chain) = m->val.u;
	m->val.u = c->values.n;
out:
	buf_release(&low);
}

static inline bool mem_leaf(void *ctx, const struct ev_leaf *leaf)
{
	struct catalog *c = ctx;

	if (leaf->type != EV_OBJECT && leaf->type != EV_ARRAY && leaf->type != EV_NULL &&
	    leaf->value.n)
		mem_add(c, c->datasets.v[c->current].name, FIELD_NONE, leaf->path, leaf->value);
	return true;
}

static inline int mem_event(void *ctx, const struct event *ev, struct err *e)
{
	struct catalog *c = ctx;
	struct event *k;
	size_t used;

	c->current = mem_dataset(c, ev->dataset, ev->time);
	k = vec_push(&c->events);
	*k = *ev;
	memset(&k->vals, 0, sizeof(k->vals));
	k->dataset = c->datasets.v[c->current].name;
	k->uid = mem_copy(c, ev->uid);
	k->basename = mem_copy(c, ev->basename);
	k->raw = mem_copy(c, ev->raw);
	for (size_t i = 0; i < ev->vals.n; i++) {
		*vec_push(&k->vals) =
		        (struct event_val){ev->vals.v[i].field, mem_copy(c, ev->vals.v[i].value)};
		mem_add(c, k->dataset, ev->vals.v[i].field, (struct slice){0}, ev->vals.v[i].value);
	}
	(void)ev_walk(c->reader, k->raw, mem_leaf, c, &used, NULL);
	(void)e;
	return 0;
}

static inline int mem_nothing_graph(void *ctx, const cJSON *o, struct err *e)
{
	(void)ctx, (void)o, (void)e;
	return 0;
}

static inline int mem_nothing_reject(void *ctx, const struct intake_reject *r, struct err *e)
{
	(void)ctx, (void)r, (void)e;
	return 0;
}

static inline struct catalog *mem_new(void)
{
	struct catalog *c = xcalloc(1, sizeof(*c));

	c->reader = ev_reader_new();
	return c;
}

static inline int mem_load(struct catalog *c, const char *path, struct err *e)
{
	struct intake_sink sink = {.ctx = c,
	                           .event = mem_event,
	                           .graph = mem_nothing_graph,
	                           .reject = mem_nothing_reject};
	const char *slash = strrchr(path, '/');
	struct intake_opts o = {.basename = slash ? slash + 1 : path};
	char *head = xmalloc(INTAKE_HEAD);
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = -1;
	ssize_t n = fd < 0 ? -1 : read(fd, head, INTAKE_HEAD);
	const struct intake_format *f =
	        n > 0 ? intake_detect((struct slice){head, (size_t)n}, o.basename, e) : NULL;

	if (f && lseek(fd, 0, SEEK_SET) == 0)
		rc = intake_read(fd, f, &o, &sink, e);
	if (fd >= 0)
		close(fd);
	free(head);
	return rc;
}

static inline void mem_free(struct catalog *c)
{
	for (size_t i = 0; i < c->events.n; i++)
		vec_free(&c->events.v[i].vals);
	vec_free(&c->events);
	vec_free(&c->datasets);
	vec_free(&c->fields);
	vec_free(&c->values);
	vec_free(&c->flat);
	vec_free(&c->chain);
	map_release(&c->field_index);
	map_release(&c->value_index);
	map_release(&c->exact);
	ev_reader_free(c->reader);
	arena_release(&c->arena);
	free(c);
}

/* --- catalog.h -------------------------------------------------------------------------------------------- */

size_t catalog_datasets(struct catalog *c, const struct catalog_dataset **out)
{
	*out = c->datasets.v;
	return c->datasets.n;
}

size_t catalog_fields(struct catalog *c, const char *dataset, const struct catalog_field **out)
{
	c->flat.n = 0;
	for (size_t i = 0; i < c->fields.n; i++)
		if (!dataset || strcmp(c->fields.v[i].f.dataset, dataset) == 0) {
			struct catalog_field *f = vec_push(&c->flat);

			*f = c->fields.v[i].f;
		}
	*out = c->flat.v;
	return c->flat.n;
}

static inline size_t mem_fold(struct slice s, char *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n && n < max; i++)
		if (!strchr("_- ", s.s[i]))
			out[n++] = (char)tolower((unsigned char)s.s[i]);
	return n;
}

size_t catalog_path_by_word(struct catalog *c, struct slice word, const struct catalog_field **out,
                            size_t max)
{
	char a[128], b[128];
	size_t n = 0, wn = mem_fold(word, a, sizeof(a));

	for (size_t i = 0; i < c->fields.n && n < max; i++) {
		const char *p = c->fields.v[i].f.path;
		const char *dot = p ? strrchr(p, '.') : NULL;

		if (!p)
			continue;
		if ((mem_fold(slice_of(p), b, sizeof(b)) == wn && memcmp(a, b, wn) == 0) ||
		    (dot && mem_fold(slice_of(dot + 1), b, sizeof(b)) == wn &&
		     memcmp(a, b, wn) == 0))
			out[n++] = &c->fields.v[i].f;
	}
	return n;
}

static inline void mem_out(struct catalog *c, size_t i, struct catalog_value *out)
{
	const struct mem_value *v = &c->values.v[i];
	const struct catalog_field *f = &c->fields.v[v->field].f;

	*out = (struct catalog_value){f->dataset, f->field, f->path, v->value, v->events};
}

size_t catalog_value_find(struct catalog *c, struct slice value, struct catalog_value *out,
                          size_t max)
{
	char low[1024];
	struct map_entry *m;
	size_t n = 0;

	if (value.n >= sizeof(low))
		return 0;
	for (size_t i = 0; i < value.n; i++)
		low[i] = (char)tolower((unsigned char)value.s[i]);
	m = map_get(&c->exact, low, value.n);
	for (size_t i = m ? m->val.u : 0; i && n < max; i = c->chain.v[i - 1])
		mem_out(c, i - 1, &out[n++]);
	return n;
}

static inline bool mem_word_part(struct slice v, struct slice w)
{
	const char *p = v.s;
	size_t left = v.n;

	while ((p = mw_memimem(p, left, w.s, w.n))) {
		const char *z = p + w.n;

		if ((p == v.s || !isalnum((unsigned char)p[-1])) &&
		    (z == v.s + v.n || !isalnum((unsigned char)*z)))
			return true;
		p++;
		left = v.n - (size_t)(p - v.s);
	}
	return false;
}

static inline int mem_nearness(struct slice v, struct slice w)
{
	if (v.n >= w.n && slice_ieq((struct slice){v.s, w.n}, w))
		return 1;
	if (mem_word_part(v, w))
		return 2;
	return v.n + 2 >= w.n && v.n <= w.n + 2 && w.n > 3 && mw_edit_distance(v, w, 2) <= 2 ? 3
	                                                                                     : 0;
}

size_t catalog_value_near(struct catalog *c, struct slice word, field_id field,
                          struct catalog_value *out, size_t max)
{
	size_t n = 0;

	for (int want = 1; want <= 3; want++)
		for (size_t i = 0; i < c->values.n && n < max; i++) {
			field_id f = c->fields.v[c->values.v[i].field].f.field;

			if (f == FIELD_NONE || (field != FIELD_NONE && f != field) ||
			    c->values.v[i].value.n > 200)
				continue;
			if (mem_nearness(c->values.v[i].value, word) == want)
				mem_out(c, i, &out[n++]);
		}
	return n;
}

size_t catalog_value_top(struct catalog *c, field_id field, struct catalog_value *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < c->values.n && n < max; i++)
		if (c->fields.v[c->values.v[i].field].f.field == field)
			mem_out(c, i, &out[n++]);
	return n;
}

#endif
