#include "base/limits.h"
#include "base/map.h"
#include "intake/computed.h"
#include "intake/mapping.h"
#include "intake/transform.h"
#include "intake/when.h"

/* One way to a field: a path's values, perhaps under a condition, perhaps transformed. A lower rank
 * is preferred. */
struct spec {
	field_id field;
	uint8_t rank;
	transform_fn *transform;
	struct slice condition_path;  /* empty: none */
	struct slice condition_value; /* empty: present is enough */
	uint32_t condition_id;
};
struct spec_list {
	VEC(struct spec) v;
};
struct given { /* a field that needs no path */
	field_id field;
	uint8_t rank;
	struct slice fixed;
	computed_fn *fn;
};
struct mapping {
	const char *dataset;
	struct map paths, folded; /* path text, as written and in lower case -> index into lists */
	VEC(struct spec_list) lists;
	VEC(struct given) given;
	VEC(uint32_t)
	resolved; /* by path number: 0 not looked at yet, NOTHING, else list + FIRST_LIST */
	const char *const *prefixes;
	const char *const *placeholders;
};
enum { NOTHING = 1, FIRST_LIST = 2 };

/* A path found only when case is not looked at is worse than every exact one. */
#define FOLDED UINT32_C(0x80000000)
#define FOLDED_RANK 100

#define NO_RANK 255
struct mapper {
	struct leafset *leaves;
	struct known *known;
	struct arena arena;
	struct map mappings, strings;
	struct values values;
	mw_time now;
	field_id time, logged, uid;
	uint8_t rank[FIELD_MAX];  /* of the value that a field has in this record */
	uint32_t slot[FIELD_MAX]; /* its index in ev->vals */
};

/* ---- what a family of datasets adds to the paths of the table ---- */

static const char *const windows_prefixes[] = {
        "winlog.event_data.", "winlog.",       "event_data.", "EventData.",
        "Event.EventData.",   "Event.System.", "Event.",      NULL};
static const char *const no_words[] = {NULL};
static const char *const usual_placeholders[] = {"-", "(null)", "(none)", "(empty)", "?", NULL};
static const char *const windows_placeholders[] = {"-", "(null)", "INFO", NULL};
static const char *const audit_placeholders[] = {"-",     "(null)",     "(none)", "(empty)", "?",
                                                 "unset", "4294967295", "\"-1\"", "-1",      NULL};

/* ---- compiling ---- */

static struct slice arena_slice(struct arena *a, struct slice s)
{
	return (struct slice){arena_memdup(a, s.s, s.n), s.n};
}

static struct slice fold(struct arena *a, struct slice s)
{
	char *out = arena_memdup(a, s.s, s.n);

	for (size_t i = 0; i < s.n; i++)
		if (out[i] >= 'A' && out[i] <= 'Z')
			out[i] |= 0x20;
	return (struct slice){out, s.n};
}

/* Cuts " if COND" and "|transform" off a path. -1: unknown transform. */
static int parse_path(struct mapper *m, struct slice *path, struct spec *spec)
{
	const char *at = memmem(path->s, path->n, " if ", 4);
	struct slice rest, value;

	if (at) {
		rest = (struct slice){at + 4, (size_t)(path->s + path->n - at) - 4};
		path->n = (size_t)(at - path->s);
		slice_split(&rest, '=', &value);
		spec->condition_path = arena_slice(&m->arena, value);
		spec->condition_value = arena_slice(&m->arena, rest);
		spec->condition_id = ev_path_id(m->leaves->reader, value);
	}
	at = memchr(path->s, '|', path->n);
	if (at) {
		rest = (struct slice){at + 1, (size_t)(path->s + path->n - at) - 1};
		path->n = (size_t)(at - path->s);
		spec->transform = transform_find(rest);
		return spec->transform ? 0 : -1;
	}
	return 0;
}

static void add_spec(struct mapper *m, struct mapping *p, struct slice path,
                     const struct spec *spec)
{
	bool added;
	struct map_entry *e = map_put(&p->paths, path.s, path.n, &added);

	if (added) {
		struct slice lower = fold(&m->arena, path);
		bool first;

		e->val.u = p->lists.n;
		(void)vec_push(&p->lists);
		struct map_entry *f = map_put(&p->folded, lower.s, lower.n, &first);
		if (first)
			f->val.u = e->val.u;
	}
	*vec_push(&p->lists.v[e->val.u].v) = *spec;
}

/* -1 where the text is not one of the forms at the head of fields.yaml. */
static int add_path(struct mapper *m, struct mapping *p, field_id field, uint8_t rank,
                    const char *text)
{
	struct spec spec = {.field = field, .rank = rank};
	struct slice path = slice_of(text);

	if (!path.n)
		return -1;
	if (*text == '=' || (*text == '@' && computed_find(slice_of(text + 1)))) {
		struct given *g = vec_push(&p->given);

		*g = (struct given){.field = field, .rank = rank};
		if (*text == '=')
			g->fixed = arena_slice(&m->arena, slice_of(text + 1));
		else
			g->fn = computed_find(slice_of(text + 1));
		return 0;
	}
	if (parse_path(m, &path, &spec))
		return -1;
	add_spec(m, p, path, &spec);
	return 0;
}

/* The entry with the longest dotted prefix of the dataset. */
static const char *const *paths_for(const struct field *f, const char *dataset)
{
	const char *const *best = NULL;
	size_t longest = 0;

	for (const struct field_name *n = f->formats; n->where; n++) {
		if (dataset_within(dataset, slice_of(n->where)) && strlen(n->where) >= longest) {
			longest = strlen(n->where);
			best = n->paths;
		}
	}
	return best;
}

static int add_field(struct mapper *m, struct mapping *p, const struct field *f, const char **bad)
{
	const char *const *paths = paths_for(f, p->dataset);
	const char *own[] = {strcmp(p->dataset, "ocsf") == 0  ? f->name
	                     : strcmp(p->dataset, "ecs") == 0 ? f->ecs
	                                                      : NULL,
	                     NULL};
	uint8_t rank = 0;

	for (const char *const *s = paths ? paths : own; *s; s++, rank++) {
		if (!add_path(m, p, f->id, rank, *s))
			continue;
		*bad = *s;
		return -1;
	}
	return 0;
}

static struct mapping *mapping_new(struct mapper *m, const char *dataset)
{
	struct mapping *p = xcalloc(1, sizeof(*p));

	p->dataset = mapper_intern(m, slice_of(dataset));
	p->prefixes = dataset_within(dataset, SLICE("windows")) ? windows_prefixes : no_words;
	p->placeholders = dataset_within(dataset, SLICE("auditd"))    ? audit_placeholders
	                  : dataset_within(dataset, SLICE("windows")) ? windows_placeholders
	                                                              : usual_placeholders;
	map_put_str(&m->mappings, p->dataset, NULL)->val.p = p;
	return p;
}

static struct mapping *mapping_of(struct mapper *m, const char *dataset)
{
	struct map_entry *e = map_get_str(&m->mappings, dataset);
	const char *bad;

	if (e)
		return e->val.p;
	struct mapping *p = mapping_new(m, dataset);
	/* A bad path of the compiled-in table is caught by mapping_check in the tests, and left out
	 * here. */
	for (size_t i = 0; i < field_count(); i++)
		(void)add_field(m, p, field_at((field_id)i), &bad);
	return p;
}

static void mapping_free(struct mapping *p)
{
	struct spec_list *l;

	vec_each (l, &p->lists)
		vec_free(&l->v);
	vec_free(&p->lists);
	vec_free(&p->given);
	vec_free(&p->resolved);
	map_release(&p->paths);
	map_release(&p->folded);
	free(p);
}

static field_id id_of(const char *name)
{
	const struct field *f = field_find(slice_of(name));

	return f ? f->id : FIELD_NONE;
}

struct mapper *mapper_new(struct leafset *s, mw_time now)
{
	struct mapper *m = xcalloc(1, sizeof(*m));

	m->leaves = s;
	m->known = known_new(s);
	m->now = now;
	m->time = id_of("time");
	m->logged = id_of("metadata.logged_time");
	m->uid = id_of("metadata.uid");
	memset(m->rank, NO_RANK, sizeof(m->rank));
	return m;
}

void mapper_free(struct mapper *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->mappings.n; i++)
		mapping_free(m->mappings.entries[i].val.p);
	map_release(&m->mappings);
	map_release(&m->strings);
	known_free(m->known);
	vec_free(&m->values.v);
	arena_release(&m->arena);
	free(m);
}

const char *mapper_intern(struct mapper *m, struct slice s)
{
	bool added;
	struct map_entry *e = map_put(&m->strings, s.s, s.n, &added);

	if (added)
		e->val.p = arena_memdup(&m->arena, s.s, s.n);
	return e->val.p;
}

static int define_field(struct mapper *m, struct mapping *p, const struct yaml_node *n,
                        const char *name, struct err *e)
{
	const struct field *f = field_find(slice_of(n->key));
	uint8_t rank = 0;

	if (!f)
		return err_set(e, ERR_INVALID,
		               "%s:%d: there is no field \"%s\" (see midwatch fields)", name,
		               n->line, n->key);
	const struct yaml_node *one = n->kind == YAML_SCALAR ? n : n->child;
	for (; one; one = n->kind == YAML_SCALAR ? NULL : one->next)
		if (!one->text || add_path(m, p, f->id, rank++, one->text))
			return err_set(e, ERR_INVALID,
			               "%s:%d: \"%s\" is no path (a.b.c, a.b|transform, =fixed)",
			               name, one->line, one->text ? one->text : "");
	return 0;
}

int mapper_define(struct mapper *m, const char *dataset, const struct yaml_node *fields,
                  const char *name, struct err *e)
{
	struct mapping *p = mapping_new(m, dataset);

	for (const struct yaml_node *n = fields->child; n; n = n->next)
		if (define_field(m, p, n, name, e))
			return -1;
	return 0;
}

/* ---- resolving a path number, once each ---- */

static uint32_t look_up(struct mapper *m, const struct mapping *p, struct slice path)
{
	const struct map_entry *e = map_get(&p->paths, path.s, path.n);

	if (e)
		return (uint32_t)e->val.u + FIRST_LIST;
	struct slice lower = fold(&m->leaves->arena, path);
	e = map_get(&p->folded, lower.s, lower.n);
	return e ? ((uint32_t)e->val.u + FIRST_LIST) | FOLDED : NOTHING;
}

/* A flattened record writes "a.b" as one key, which the reader reports as "a\.b". */
static struct slice without_backslashes(struct mapper *m, struct slice path)
{
	char *out = arena_alloc(&m->leaves->arena, path.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < path.n; i++)
		if (path.s[i] != '\\')
			out[n++] = path.s[i];
	return (struct slice){out, n};
}

static uint32_t resolve(struct mapper *m, struct mapping *p, uint32_t id)
{
	struct slice path = ev_path_text(m->leaves->reader, id);
	uint32_t found = look_up(m, p, path);

	for (const char *const *prefix = p->prefixes; *prefix && found == NOTHING; prefix++) {
		size_t n = strlen(*prefix);

		if (path.n > n && memcmp(path.s, *prefix, n) == 0)
			found = look_up(m, p, (struct slice){path.s + n, path.n - n});
	}
	if (found == NOTHING && memchr(path.s, '\\', path.n))
		found = look_up(m, p, without_backslashes(m, path));
	return found;
}

/* The specs of a path, and what their ranks go up by; NULL where nobody wants it. */
static const struct spec_list *specs_of(struct mapper *m, struct mapping *p, uint32_t id,
                                        uint8_t *more)
{
	while (id >= p->resolved.n)
		(void)vec_push(&p->resolved);
	if (!p->resolved.v[id])
		p->resolved.v[id] = resolve(m, p, id);
	uint32_t r = p->resolved.v[id];
	*more = r & FOLDED ? FOLDED_RANK : 0;
	return r == NOTHING ? NULL : &p->lists.v[(r & ~FOLDED) - FIRST_LIST];
}

/* ---- applying ---- */

static bool condition_holds(const struct leafset *s, const struct spec *spec, uint32_t element)
{
	const struct leaf *l, *found = leaves_get(s, spec->condition_id);

	if (!found)
		return false;
	/* Within an array the condition is about the same element; a leaf outside of arrays speaks
	 * for all. */
	if (found->element && found->element != element) {
		found = NULL;
		vec_each (l, &s->v)
			if (l->path == spec->condition_id && l->element == element)
				found = l;
	}
	return found && found->value.n &&
	       (!spec->condition_value.n || slice_ieq(found->value, spec->condition_value));
}

static bool is_placeholder(const struct mapping *p, struct slice v)
{
	for (const char *const *w = p->placeholders; v.n <= 10 && *w; w++)
		if (slice_eq_str(v, *w))
			return true;
	return false;
}

/* The value in the form that event.h fixes for the field's type. Empty: it has none of that type,
 * or is over the cap. */
static struct slice typed(struct mapper *m, const struct field *f, struct slice v)
{
	char text[32];
	mw_time t;

	if (v.n > MW_VALUE_MAX)
		return SLICE("");
	if (f->type == FT_TIME) {
		if (!when_parse(v, m->now, &t))
			return SLICE("");
		mw_time_format(t, text);
		return arena_slice(&m->leaves->arena, slice_of(text));
	}
	if (f->type != FT_BOOL)
		return v;
	bool yes =
	        slice_ieq(v, SLICE("true")) || slice_ieq(v, SLICE("yes")) || slice_eq_str(v, "1");
	bool no = slice_ieq(v, SLICE("false")) || slice_ieq(v, SLICE("no")) || slice_eq_str(v, "0");
	return yes ? SLICE("true") : no ? SLICE("false") : SLICE("");
}

static bool has_value(const struct event *ev, field_id f, struct slice v)
{
	for (size_t i = ev->vals.n; i > 0; i--)
		if (ev->vals.v[i - 1].field == f && slice_eq(ev->vals.v[i - 1].value, v))
			return true;
	return false;
}

static void put(struct mapper *m, struct mapping *p, struct event *ev, field_id id, uint8_t rank,
                struct slice v)
{
	const struct field *f = field_at(id);

	if ((!f->many && rank >= m->rank[id]) || !v.n || is_placeholder(p, v))
		return;
	v = typed(m, f, v);
	if (!v.n)
		return;
	if (m->rank[id] == NO_RANK || f->many) {
		if (f->many && m->rank[id] != NO_RANK && has_value(ev, id, v))
			return;
		m->slot[id] = (uint32_t)ev->vals.n;
		event_add(ev, id, v);
	} else {
		ev->vals.v[m->slot[id]].value = v;
	}
	m->rank[id] = rank;
}

static void put_transformed(struct mapper *m, struct mapping *p, struct event *ev,
                            const struct spec *spec, uint8_t rank, struct slice v)
{
	m->values.v.n = 0;
	m->values.arena = &m->leaves->arena;
	spec->transform(v, &m->values);
	for (size_t i = 0; i < m->values.v.n; i++)
		put(m, p, ev, spec->field, rank, m->values.v.v[i]);
}

static void put_leaf(struct mapper *m, struct mapping *p, struct event *ev, const struct leaf *l)
{
	uint8_t more;
	const struct spec_list *list = specs_of(m, p, l->path, &more);
	const struct spec *spec;

	if (!list)
		return;
	vec_each (spec, &list->v) {
		if (spec->condition_path.n && !condition_holds(m->leaves, spec, l->element))
			continue;
		uint8_t rank = (uint8_t)(spec->rank + more);
		if (spec->transform)
			put_transformed(m, p, ev, spec, rank, l->value);
		else
			put(m, p, ev, spec->field, rank, l->value);
	}
}

static void put_given(struct mapper *m, struct mapping *p, struct event *ev, const struct given *g)
{
	m->values.v.n = 0;
	m->values.arena = &m->leaves->arena;
	if (g->fn)
		g->fn(m->known, m->leaves, &m->values);
	else
		put(m, p, ev, g->field, g->rank, g->fixed);
	for (size_t i = 0; i < m->values.v.n; i++)
		put(m, p, ev, g->field, g->rank, m->values.v.v[i]);
}

/* The id of a finding, an alert or an incident names the thing: each change of it is another record with the same id. Azure
 * and Microsoft 365 write a sign-in again under its id once more is known about it. */
static bool uid_is_repeated(const char *dataset)
{
	static const char *const datasets[] = {"ocsf",      "guardduty", "securityhub", "alerts",
	                                       "incidents", "finding",   "azure",       "m365",
	                                       "splunk",    "qradar",    "sentinel"};

	for (size_t i = 0; i < ARRAY_LEN(datasets); i++)
		if (dataset_within(dataset, slice_of(datasets[i])))
			return true;
	return false;
}

/* Time, arrival and uid are the event's own members; they leave the list of values. */
static void take_members(struct mapper *m, struct event *ev)
{
	size_t n = 0;

	for (size_t i = 0; i < ev->vals.n; i++) {
		struct event_val v = ev->vals.v[i];

		m->rank[v.field] = NO_RANK;
		if (v.field == m->time) {
			mw_time_parse(v.value, &ev->time);
		} else if (v.field == m->logged) {
			mw_time_parse(v.value, &ev->arrival);
		} else if (v.field == m->uid) {
			ev->uid = v.value;
			ev->has_own_uid = !uid_is_repeated(ev->dataset);
		} else {
			ev->vals.v[n++] = v;
		}
	}
	ev->vals.n = n;
}

void mapper_apply(struct mapper *m, const char *dataset, struct event *ev)
{
	struct mapping *p = mapping_of(m, dataset);

	ev->dataset = p->dataset;
	for (size_t i = 0; i < m->leaves->v.n; i++)
		if (m->leaves->v.v[i].value.n)
			put_leaf(m, p, ev, &m->leaves->v.v[i]);
	for (size_t i = 0; i < p->given.n; i++)
		put_given(m, p, ev, &p->given.v[i]);
	take_members(m, ev);
}

int mapping_check(struct err *e)
{
	struct leafset s;
	const char *bad = "";
	int rc = 0;

	leaves_init(&s);
	struct mapper *m = mapper_new(&s, 0);
	for (size_t i = 0; i < field_count() && !rc; i++) {
		const struct field *f = field_at((field_id)i);

		for (const struct field_name *n = f->formats; n->where && !rc; n++) {
			struct mapping *p = map_get_str(&m->mappings, n->where)
			                            ? map_get_str(&m->mappings, n->where)->val.p
			                            : mapping_new(m, n->where);

			rc = add_field(m, p, f, &bad);
			if (rc)
				err_set(e, ERR_INVALID, "field %s, format %s: \"%s\" is no path",
				        f->name, n->where, bad);
		}
	}
	mapper_free(m);
	leaves_release(&s);
	return rc;
}
