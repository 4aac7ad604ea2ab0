#include "correlate/tally.h"

#include "base/map.h"

static const char *const entity_names[] = {
        "mw.instance",
        "actor.session.uid",
        "actor.user.credential_uid",
        "actor.user.name",
        "user.name",
        "src_endpoint.ip",
        "dst_endpoint.ip",
        "mw.bucket",
        "mw.db",
        "device.hostname",
        "src_endpoint.instance_uid",
        "query.hostname",
        "mw.snapshot",
        "mw.volume",
        "mw.role",
        "mw.security_group",
        "mw.new_access_key",
        "mw.shared_with",
        "mw.function",
        "mw.secret",
        "resources.uid",
        "resources.name",
        "container.image.name",
        "process.name",
        "cloud.account.uid",
        "mw.alert_entity",
};

const field_id *entity_fields(void)
{
	static field_id ids[ARRAY_LEN(entity_names) + 1];
	static size_t n;
	for (; n < ARRAY_LEN(entity_names); n++) {
		const struct field *f = field_find(slice_of(entity_names[n]));
		ids[n] = f ? f->id : FIELD_NONE;
	}
	ids[n] = FIELD_NONE;
	return ids;
}

char *entity_text(field_id field, struct slice value)
{
	return xasprintf("%s=%.*s", field_at(field)->name, (int)value.n, value.s);
}

struct cited {
	mw_time at;
	event_id id;
};
struct group {
	struct map values; /* "field\0value" -> events; keys in order of coming */
	struct map distinct;
	VEC(uint64_t) ids;
	struct cited cited[TALLY_EVIDENCE_MAX];
	size_t ncited;
	uint64_t events;
	mw_time first, last;
};
#define RUN_GAP (12 * MW_HOUR)
#define WANTED_MAX 64
struct tally {
	const struct detection *d;
	field_id wanted[WANTED_MAX]; /* whose values are kept */
	size_t nwanted;
	struct map index; /* tuple and window -> group number */
	VEC(struct group *) v;
};

static void want(struct tally *g, field_id f)
{
	for (size_t i = 0; i < g->nwanted; i++)
		if (g->wanted[i] == f)
			return;
	if (f != FIELD_NONE && g->nwanted < WANTED_MAX)
		g->wanted[g->nwanted++] = f;
}

struct tally *tally_new(const struct detection *d)
{
	struct tally *g = xcalloc(1, sizeof(*g));
	g->d = d;
	for (const field_id *f = entity_fields(); *f != FIELD_NONE; f++)
		want(g, *f);
	for (size_t i = 0; i < d->nby; i++)
		want(g, d->by[i]);
	for (const char *p = strchr(d->title, '{'); p; p = strchr(p + 1, '{')) {
		struct slice names = {p + 1, strcspn(p + 1, "}")}, name;
		while (slice_split(&names, '|', &name))
			want(g, field_find(name) ? field_find(name)->id : FIELD_NONE);
	}
	return g;
}

static void group_free(struct group *g)
{
	map_release(&g->values);
	map_release(&g->distinct);
	vec_free(&g->ids);
	free(g);
}

void tally_free(struct tally *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->v.n; i++)
		group_free(g->v.v[i]);
	vec_free(&g->v);
	map_release(&g->index);
	free(g);
}

static bool hour_fits(const struct detection *d, mw_time t)
{
	int h = (int)(t % MW_DAY / MW_HOUR);
	if (d->hour_from == d->hour_to)
		return true;
	if (t == MW_TIME_NONE)
		return false;
	return d->hour_from < d->hour_to ? h >= d->hour_from && h < d->hour_to
	                                 : h >= d->hour_from || h < d->hour_to;
}

/* The tuple of `by`, each with its length in front so that no two tuples are written alike. */
static bool tuple_of(const struct detection *d, const struct event *ev, struct buf *key)
{
	for (size_t i = 0; i < d->nby; i++) {
		struct slice v = event_get(ev, d->by[i]);
		if (i == 0 && !v.n)
			return false;
		buf_printf(key, "%zu:", v.n);
		buf_add(key, v.s, v.n);
	}
	return true;
}

static struct group *group_at(struct tally *g, const struct buf *key, size_t tuple, mw_time t)
{
	struct buf full = BUF_INIT;
	bool added;
	buf_add(&full, key->s, tuple);
	if (g->d->window)
		buf_printf(&full, "@%lld", t == MW_TIME_NONE ? -1 : (long long)(t / g->d->window));
	struct map_entry *m = map_put(&g->index, full.s, full.len, &added);
	if (added) {
		m->val.u = g->v.n;
		*vec_push(&g->v) = xcalloc(1, sizeof(struct group));
		g->v.v[m->val.u]->first = g->v.v[m->val.u]->last = MW_TIME_NONE;
	}
	buf_release(&full);
	return g->v.v[m->val.u];
}

/* Keeps the earliest, in order of time then id. */
static void cite(struct group *g, mw_time at, event_id id)
{
	size_t i = g->ncited;
	if (id == EVENT_ID_NONE)
		return;
	while (i > 0 &&
	       (g->cited[i - 1].at > at || (g->cited[i - 1].at == at && g->cited[i - 1].id > id)))
		i--;
	if (i == TALLY_EVIDENCE_MAX)
		return;
	size_t kept = g->ncited < TALLY_EVIDENCE_MAX ? g->ncited : TALLY_EVIDENCE_MAX - 1;
	memmove(&g->cited[i + 1], &g->cited[i], (kept - i) * sizeof(g->cited[0]));
	g->cited[i] = (struct cited){at, id};
	g->ncited = kept + 1;
}

static void note_value(struct group *g, field_id field, struct slice value)
{
	struct buf key = BUF_INIT;
	buf_add(&key, &field, sizeof(field));
	buf_add(&key, value.s, value.n);
	map_put(&g->values, key.s, key.len, NULL)->val.u++;
	buf_release(&key);
}

static void note_values(const struct tally *t, struct group *g, const struct event *ev)
{
	const struct event_val *v;
	vec_each (v, &ev->vals) {
		if (v->field == t->d->distinct)
			map_put(&g->distinct, v->value.s, v->value.n, NULL);
		for (size_t i = 0; i < t->nwanted; i++)
			if (t->wanted[i] == v->field)
				note_value(g, v->field, v->value);
	}
}

void tally_event(struct tally *gs, const struct event *ev, event_id id)
{
	struct buf key = BUF_INIT;
	if (hour_fits(gs->d, ev->time) && tuple_of(gs->d, ev, &key)) {
		struct group *g = group_at(gs, &key, key.len, ev->time);
		g->events++;
		if (ev->time != MW_TIME_NONE) {
			g->first = g->first == MW_TIME_NONE || ev->time < g->first ? ev->time
			                                                           : g->first;
			g->last = ev->time > g->last ? ev->time : g->last;
		}
		if (id != EVENT_ID_NONE)
			*vec_push(&g->ids) = id;
		cite(g, ev->time, id);
		note_values(gs, g, ev);
	}
	buf_release(&key);
}

/* ---- findings ---- */

static bool worth(const struct detection *d, const struct group *g)
{
	return g->events >= (uint64_t)d->min &&
	       (d->distinct == FIELD_NONE || g->distinct.n >= (size_t)d->distinct_min);
}

/* Windows of one tuple are one finding: adds what `from` holds. */
static void absorb(struct group *to, const struct group *from)
{
	for (size_t i = 0; i < from->values.n; i++) {
		const struct map_entry *m = &from->values.entries[i];
		map_put(&to->values, m->key, m->len, NULL)->val.u += m->val.u;
	}
	for (size_t i = 0; i < from->ncited; i++)
		cite(to, from->cited[i].at, from->cited[i].id);
	for (size_t i = 0; i < from->ids.n; i++)
		*vec_push(&to->ids) = from->ids.v[i];
	to->events += from->events;
	if (to->first == MW_TIME_NONE || (from->first != MW_TIME_NONE && from->first < to->first))
		to->first = from->first;
	to->last = from->last > to->last ? from->last : to->last;
}

struct named {
	struct slice value;
	uint64_t events;
};

static int more_frequent(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	if (x->events != y->events)
		return x->events > y->events ? -1 : 1;
	int c = memcmp(x->value.s, y->value.s, x->value.n < y->value.n ? x->value.n : y->value.n);
	return c ? c : (x->value.n > y->value.n) - (x->value.n < y->value.n);
}

/* The values of one field, most frequent first; at most max. */
static size_t top_values(const struct group *g, field_id field, struct named *out, size_t max)
{
	VEC(struct named) all = {0};
	for (size_t i = 0; i < g->values.n; i++) {
		const struct map_entry *m = &g->values.entries[i];
		if (memcmp(m->key, &field, sizeof(field)) == 0)
			*vec_push(&all) = (struct named){
			        {m->key + sizeof(field), m->len - sizeof(field)}, m->val.u};
	}
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), more_frequent);
	size_t n = all.n < max ? all.n : max;
	if (n)
		memcpy(out, all.v, n * sizeof(*out));
	vec_free(&all);
	return n;
}

/* {field} or {field|other} in a title: the value, by the name that the inventory has for it. */
static void title_value(const struct group *g, const struct facts *f, struct slice names,
                        struct buf *out)
{
	struct slice name;
	struct named one = {0};
	while (!one.events && slice_split(&names, '|', &name)) {
		const struct field *field = field_find(name);
		if (field)
			top_values(g, field->id, &one, 1);
	}
	if (!one.events) {
		buf_str(out, "(not told)");
		return;
	}
	uint32_t node = facts_node(f, one.value);
	if (node != GRAPH_NONE)
		buf_str(out, facts_name(f, node));
	else
		buf_add(out, one.value.s, one.value.n);
}

static char *title_of(const struct detection *d, const struct group *g, const struct facts *f)
{
	struct buf b = BUF_INIT;
	size_t len;
	for (const char *p = d->title; *p; p++) {
		const char *end = *p == '{' ? strchr(p, '}') : NULL;
		if (!end) {
			buf_ch(&b, *p);
			continue;
		}
		title_value(g, f, (struct slice){p + 1, (size_t)(end - p - 1)}, &b);
		p = end;
	}
	return buf_take(&b, &len);
}

static bool is_by(const struct detection *d, field_id f)
{
	for (size_t i = 0; i < d->nby; i++)
		if (d->by[i] == f)
			return true;
	return false;
}

/* The tuple, then of each field its most frequent values. A field with many (the targets of a scan) names nobody. */
static void fill_entities(const struct detection *d, const struct group *g, struct finding *out)
{
	struct named top[TALLY_SPREAD_MAX + 1];
	for (size_t i = 0; i < d->nby; i++)
		if (top_values(g, d->by[i], top, 1))
			*vec_push(&out->entities) = entity_text(d->by[i], top[0].value);
	for (const field_id *f = entity_fields(); *f != FIELD_NONE; f++) {
		size_t n = is_by(d, *f) ? 0 : top_values(g, *f, top, TALLY_SPREAD_MAX + 1);
		for (size_t k = 0; n <= TALLY_SPREAD_MAX && k < n && k < TALLY_VALUES_MAX; k++)
			*vec_push(&out->entities) = entity_text(*f, top[k].value);
	}
}

static void make_finding(const struct detection *d, const char *tuple, const struct group *g,
                         const struct facts *f, struct finding_list *out)
{
	struct finding *to = vec_push(&out->v);
	to->key = xasprintf("det:%s:%s", d->id, tuple);
	to->title = title_of(d, g, f);
	to->rule = xstrdup(d->id);
	to->dataset = xstrdup(d->outside ? "detection.outside" : "detection");
	to->severity = d->severity;
	to->confidence = d->confidence;
	to->first = g->first;
	to->last = g->last;
	to->events = g->events;
	fill_entities(d, g, to);
	for (size_t i = 0; i < g->ids.n; i++)
		*vec_push(&to->ids) = g->ids.v[i];
	for (size_t i = 0; i < g->ncited; i++)
		*vec_push(&to->evidence) = xasprintf("ev:%llu", (unsigned long long)g->cited[i].id);
	for (const char *const *a = d->attack; *a; a++)
		*vec_push(&to->attack) = xstrdup(*a);
}

/* A group that is worth a finding, with its tuple. */
struct worthy {
	struct slice tuple;
	const struct group *g;
};

static int by_tuple_and_time(const void *a, const void *b)
{
	const struct worthy *x = a, *y = b;
	size_t n = x->tuple.n < y->tuple.n ? x->tuple.n : y->tuple.n;
	int c = memcmp(x->tuple.s, y->tuple.s, n);
	if (c || x->tuple.n != y->tuple.n)
		return c ? c : x->tuple.n < y->tuple.n ? -1 : 1;
	return (x->g->first > y->g->first) - (x->g->first < y->g->first);
}

/* Windows of one tuple are one finding as long as less than RUN_GAP lies between them: two nights are two findings. */
static bool same_run(const struct tally *t, const struct worthy *w, mw_time last)
{
	return slice_eq(w[0].tuple, w[1].tuple) &&
	       (!t->d->window || w[1].g->first - last <= RUN_GAP);
}

static size_t one_run(const struct tally *t, const struct worthy *w, size_t n,
                      const struct facts *f, struct finding_list *out)
{
	struct group *run = xcalloc(1, sizeof(*run));
	struct buf key = BUF_INIT;
	size_t i = 0;
	run->first = run->last = MW_TIME_NONE;
	do
		absorb(run, w[i].g);
	while (++i < n && same_run(t, &w[i - 1], run->last));
	buf_add(&key, w->tuple.s, w->tuple.n);
	if (t->d->window && run->first != MW_TIME_NONE)
		buf_printf(&key, "@%lld", (long long)(run->first / MW_HOUR));
	make_finding(t->d, key.s, run, f, out);
	buf_release(&key);
	group_free(run);
	return i;
}

void tally_findings(const struct tally *t, const struct facts *f, struct finding_list *out)
{
	VEC(struct worthy) all = {0};
	for (size_t i = 0; i < t->index.n; i++) {
		const struct map_entry *m = &t->index.entries[i];
		const struct group *g = t->v.v[m->val.u];
		const char *at = t->d->window ? memrchr(m->key, '@', m->len) : NULL;
		if (worth(t->d, g))
			*vec_push(&all) =
			        (struct worthy){{m->key, at ? (size_t)(at - m->key) : m->len}, g};
	}
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), by_tuple_and_time);
	for (size_t i = 0; i < all.n;)
		i += one_run(t, &all.v[i], all.n - i, f, out);
	vec_free(&all);
}
