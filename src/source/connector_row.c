#include "source/connector_row.h"

#include <math.h>

#include "base/digest.h"
#include "base/evjson.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "plan/render.h"

#define FIELDS_OF_PATH_MAX 4

struct path_fields {
	field_id f[FIELDS_OF_PATH_MAX];
	uint8_t n;
};
struct inside { /* a string that is JSON itself, to be walked once the row has been */
	uint32_t path;
	struct slice text;
};
struct rower {
	struct row_conf c;
	struct ev_reader *reader;
	VEC(struct path_fields) paths;          /* by path number */
	uint32_t raw[2], dataset[2], uid, *ids; /* [1]: where a dot in the name is a level */
	size_t nids;
	field_id time;
	bool shared[FIELD_MAX]; /* a column of the field's is another field's too */
	struct arena arena;
	struct event normal;
	struct map datasets; /* interned */
	/* of the row in hand: */
	struct event *ev;
	struct slice dataset_value, *id_values;
	VEC(struct inside) insides;
	bool deep;
	const struct plan_search *search;
	uint32_t columns[MW_PLAN_BY_MAX * 2 + 1];
	struct slice *cells;
};

/* ---- names ---- */

/* A key as a path of base/evjson.h. */
static void row_key_path(struct buf *b, const char *key)
{
	for (; *key; key++) {
		if (strchr(".\\[]", *key))
			buf_ch(b, '\\');
		buf_ch(b, *key);
	}
}

static uint32_t key_id(struct rower *r, const char *key)
{
	struct buf b = BUF_INIT;
	uint32_t id;

	if (!key)
		return EV_PATH_OTHER;
	row_key_path(&b, key);
	id = ev_path_id(r->reader, (struct slice){b.s, b.len});
	buf_release(&b);
	return id;
}

static uint32_t level_id(struct rower *r, const char *name)
{
	return name ? ev_path_id(r->reader, slice_of(name)) : EV_PATH_OTHER;
}

static void add_field(struct rower *r, uint32_t path, field_id f)
{
	struct path_fields *p;

	while (r->paths.n <= path)
		(void)vec_push(&r->paths);
	p = &r->paths.v[path];
	for (size_t i = 0; i < p->n; i++)
		if (p->f[i] == f)
			return;
	if (path != EV_PATH_OTHER && p->n < FIELDS_OF_PATH_MAX)
		p->f[p->n++] = f;
}

/* "user.name" may stand as one key or as user:{name}. */
static void add_name(struct rower *r, const char *name, field_id f)
{
	if (!name)
		return;
	add_field(r, ev_path_id(r->reader, slice_of(name)), f);
	add_field(r, key_id(r, name), f);
}

static void add_sentinel(struct rower *r, const struct field *f)
{
	const struct field_name *any = NULL, *own = NULL;

	for (const struct field_name *n = f->sentinel; n && n->where; n++) {
		if (r->c.table && !strcmp(n->where, r->c.table))
			own = n;
		else if (!strcmp(n->where, "*"))
			any = n;
	}
	own = own ? own : any;
	for (size_t i = 0; own && own->paths[i]; i++)
		add_name(r, own->paths[i], f->id);
}

static void add_own(struct rower *r, const struct field *f)
{
	char *name = ch_column(xstrdup(f->name));

	add_name(r, name, f->id);
	free(name);
}

/* A column that stands for several fields would say of one what is meant of another. */
static void find_shared(struct rower *r)
{
	for (size_t i = 0; i < r->paths.n; i++)
		for (size_t k = 0; r->paths.v[i].n > 1 && k < r->paths.v[i].n; k++)
			r->shared[r->paths.v[i].f[k]] = true;
}

static void add_names(struct rower *r, const struct field *f)
{
	const char *const names[] = {[ROW_CIM] = f->cim, [ROW_AQL] = f->aql, [ROW_ECS] = f->ecs};

	if (r->c.names == ROW_SENTINEL)
		add_sentinel(r, f);
	else if (r->c.names == ROW_OWN)
		add_own(r, f);
	else
		add_name(r, names[r->c.names], f->id);
}

struct rower *rower_new(const struct row_conf *c)
{
	struct rower *r = xcalloc(1, sizeof(*r));
	const struct field *f = field_find(SLICE("time"));

	r->c = *c;
	r->reader = ev_reader_new();
	r->time = f ? f->id : FIELD_NONE;
	for (size_t i = 0; i < field_count(); i++)
		add_names(r, field_at((field_id)i));
	for (const struct row_alias *a = c->aliases; a && a->name; a++) {
		f = field_find(slice_of(a->field));
		if (f)
			add_field(r, key_id(r, a->name), f->id);
	}
	find_shared(r);
	r->raw[0] = key_id(r, c->raw_column);
	r->raw[1] = level_id(r, c->raw_column);
	r->dataset[0] = key_id(r, c->dataset_column);
	r->dataset[1] = level_id(r, c->dataset_column);
	r->uid = c->names == ROW_OWN ? key_id(r, "uid") : EV_PATH_OTHER;
	while (c->id_columns && c->id_columns[r->nids])
		r->nids++;
	r->ids = xcalloc(r->nids + 1, sizeof(*r->ids));
	r->id_values = xcalloc(r->nids + 1, sizeof(*r->id_values));
	for (size_t i = 0; i < r->nids; i++)
		r->ids[i] = key_id(r, c->id_columns[i]);
	return r;
}

void rower_free(struct rower *r)
{
	if (!r)
		return;
	ev_reader_free(r->reader);
	event_release(&r->normal);
	vec_free(&r->paths);
	vec_free(&r->insides);
	map_release(&r->datasets);
	arena_release(&r->arena);
	free(r->ids);
	free(r->id_values);
	free(r);
}

/* ---- values ---- */

bool row_time(struct slice text, int64_t unit, mw_time *out)
{
	double d;

	if (mw_time_parse(text, out))
		return true;
	if (!slice_double(text, &d) || fabs(d) * (double)unit > 9e18)
		return false;
	*out = (mw_time)llround(d * (double)unit);
	return true;
}

static struct slice time_text(struct rower *r, struct slice v)
{
	char text[32];
	mw_time t;

	if (!row_time(v, r->c.time_unit, &t))
		return v;
	mw_time_format(t, text);
	return slice_of(arena_strdup(&r->arena, text));
}

static struct slice copy(struct rower *r, const struct ev_leaf *l)
{
	if (l->type == EV_TRUE || l->type == EV_FALSE)
		return l->type == EV_TRUE ? SLICE("true") : SLICE("false");
	return (struct slice){arena_memdup(&r->arena, l->value.s, l->value.n), l->value.n};
}

static void add_value(struct rower *r, field_id f, struct slice v)
{
	if (f == r->time) {
		mw_time t;
		if (r->ev->time == MW_TIME_NONE && row_time(v, r->c.time_unit, &t))
			r->ev->time = t;
	} else {
		event_add(r->ev, f, field_at(f)->type == FT_TIME ? time_text(r, v) : v);
	}
}

static void take_special(struct rower *r, const struct ev_leaf *l, struct slice v)
{
	if ((l->path_id == r->raw[0] || l->path_id == r->raw[1]) && !r->ev->raw.n)
		r->ev->raw = v;
	if ((l->path_id == r->dataset[0] || l->path_id == r->dataset[1]) && !r->dataset_value.n)
		r->dataset_value = v;
	if (l->path_id == r->uid)
		r->ev->uid = v;
	for (size_t i = 0; i < r->nids; i++)
		if (l->path_id == r->ids[i] && !r->id_values[i].n)
			r->id_values[i] = v;
}

static bool on_leaf(void *ctx, const struct ev_leaf *l)
{
	struct rower *r = ctx;
	struct slice v;

	if (l->type == EV_NULL || l->type == EV_OBJECT || l->type == EV_ARRAY ||
	    l->value.n > MW_RECORD_MAX || l->path_id == EV_PATH_OTHER)
		return true;
	v = copy(r, l);
	take_special(r, l, v);
	if (l->path_id < r->paths.n)
		for (size_t i = 0; i < r->paths.v[l->path_id].n; i++)
			add_value(r, r->paths.v[l->path_id].f[i], v);
	if (r->deep && l->type == EV_STRING && v.n > 1 && (v.s[0] == '{' || v.s[0] == '['))
		*vec_push(&r->insides) = (struct inside){l->path_id, v};
	return true;
}

/* ---- an event ---- */

static const char *intern(struct rower *r, struct slice s)
{
	struct map_entry *m = map_put(&r->datasets, s.s, s.n, NULL);

	return m->key;
}

static const char *dataset_of(struct rower *r)
{
	const char *name = r->dataset_value.n ? intern(r, r->dataset_value) : NULL, *known;

	if (r->c.names == ROW_OWN)
		return name ? name : r->c.dataset;
	known = name && r->c.dataset_of ? r->c.dataset_of(name) : NULL;
	return known ? known : r->c.dataset;
}

static bool has_field(const struct event *ev, size_t n, field_id f)
{
	for (size_t i = 0; i < n; i++)
		if (ev->vals.v[i].field == f)
			return true;
	return false;
}

/* The record's own reading first; of the columns only what it does not say. */
static void put_normal_first(struct rower *r, struct event *ev)
{
	struct event *n = &r->normal;
	size_t own = n->vals.n;

	for (size_t i = 0; i < ev->vals.n; i++)
		if (!has_field(n, own, ev->vals.v[i].field) && !r->shared[ev->vals.v[i].field])
			*vec_push(&n->vals) = ev->vals.v[i];
	ev->vals.n = 0;
	for (size_t i = 0; i < n->vals.n; i++)
		*vec_push(&ev->vals) = n->vals.v[i];
	ev->dataset = n->dataset;
	ev->time = n->time == MW_TIME_NONE ? ev->time : n->time;
	ev->arrival = n->arrival;
	ev->uid = n->uid;
	ev->has_own_uid = n->has_own_uid;
}

static void give_uid(struct rower *r, struct event *ev, struct slice id)
{
	struct buf b = BUF_INIT;
	uint8_t d[32];
	char hex[DIGEST_HEX];

	for (size_t i = 0; i < r->nids && !id.n; i++) {
		if (!r->id_values[i].n) {
			buf_reset(&b);
			break;
		}
		buf_str(&b, i ? "/" : "");
		buf_add(&b, r->id_values[i].s, r->id_values[i].n);
	}
	if (id.n)
		buf_add(&b, id.s, id.n);
	if (!b.len) {
		digest_sha256(ev->raw.s, ev->raw.n, d);
		digest_hex(d, hex);
		buf_printf(&b, "sha256:%s", hex);
	}
	ev->uid = (struct slice){arena_memdup(&r->arena, b.s, b.len), b.len};
	buf_release(&b);
}

static int walk(struct rower *r, struct slice row, struct err *e)
{
	size_t used;

	if (!row.n || row.s[0] != '{')
		return err_set(e, ERR_REMOTE, "a row of its answer is no JSON object");
	r->insides.n = 0;
	r->deep = r->c.names == ROW_SENTINEL;
	if (ev_walk(r->reader, row, on_leaf, r, &used, e))
		return err_prefix(e, "a row of its answer");
	r->deep = false;
	/* What is broken in there stays text. */
	for (size_t i = 0; i < r->insides.n; i++)
		(void)ev_walk_under(r->reader, r->insides.v[i].path, r->insides.v[i].text, on_leaf,
		                    r, NULL);
	return 0;
}

int rower_event(struct rower *r, struct slice row, struct slice id, struct event *ev, struct err *e)
{
	arena_reset(&r->arena);
	event_reset(ev);
	r->ev = ev;
	r->dataset_value = (struct slice){0};
	memset(r->id_values, 0, r->nids * sizeof(*r->id_values));
	if (walk(r, row, e))
		return -1;
	if (!ev->raw.n)
		ev->raw = row;
	ev->basename = SLICE("");
	event_reset(&r->normal);
	if (r->c.normalise && r->c.names != ROW_OWN &&
	    !r->c.normalise(r->c.normalise_ctx, ev->raw, &r->normal))
		put_normal_first(r, ev);
	else
		ev->dataset = dataset_of(r);
	if (!ev->uid.n)
		give_uid(r, ev, id);
	return 0;
}

/* ---- the cells of a group ---- */

static bool is_time_column(const struct plan_search *s, size_t i)
{
	size_t keys = (s->span > 0) + s->nby;

	if (s->span > 0 && i == 0)
		return true;
	if (i < keys) {
		const struct plan_field *f = &s->by[i - (s->span > 0)];
		return f->pseudo == PF_TIME || (f->f && f->f->type == FT_TIME);
	}
	return s->stats[i - keys].fn == FN_FIRST || s->stats[i - keys].fn == FN_LAST;
}

/* Whole numbers come as doubles from some: "118.0". */
static struct slice whole(struct slice v)
{
	size_t n = v.n;

	while (n > 1 && v.s[n - 1] == '0')
		n--;
	return n > 1 && v.s[n - 1] == '.' ? (struct slice){v.s, n - 1} : v;
}

static bool on_cell(void *ctx, const struct ev_leaf *l)
{
	struct rower *r = ctx;
	struct slice v;

	if (l->type == EV_NULL || l->type == EV_OBJECT || l->type == EV_ARRAY)
		return true;
	for (size_t i = 0; i < plan_ncolumns(r->search); i++) {
		if (r->columns[i] != l->path_id || r->cells[i].n)
			continue;
		v = copy(r, l);
		if (is_time_column(r->search, i))
			v = time_text(r, v);
		else if (i >= (r->search->span > 0) + r->search->nby)
			v = memchr(v.s, '.', v.n) ? whole(v) : v;
		r->cells[i] = v;
	}
	return true;
}

int rower_cells(struct rower *r, struct slice row, const struct plan_search *s, struct slice *cells,
                struct err *e)
{
	size_t n = plan_ncolumns(s), used;

	if (!row.n || row.s[0] != '{')
		return err_set(e, ERR_REMOTE, "a row of its answer is no JSON object");
	arena_reset(&r->arena);
	if (r->search != s)
		for (size_t i = 0; i < n; i++)
			r->columns[i] = key_id(r, plan_column(s, i));
	r->search = s;
	r->cells = cells;
	for (size_t i = 0; i < n; i++)
		cells[i] = (struct slice){"", 0};
	return ev_walk(r->reader, row, on_cell, r, &used, e) ? err_prefix(e, "a row of its answer")
	                                                     : 0;
}
