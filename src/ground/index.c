/* What was given, indexed: facts by record, records by value, values by token (made when first needed). */
#include "ground/ground_int.h"

#define TOKENED_VALUE_MAX 400 /* longer values are only read where cited */
#define DEPTH_MAX 24

struct ground *ground_new(void)
{
	struct ground *g = xcalloc(1, sizeof(*g));
	g->first = g->last = MW_TIME_NONE;
	return g;
}

void ground_free(struct ground *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->values.n; i++)
		vec_free(&g->values.v[i].at);
	for (size_t i = 0; i < g->lists.n; i++)
		vec_free(&g->lists.v[i].v);
	vec_free(&g->recs);
	vec_free(&g->facts);
	vec_free(&g->values);
	vec_free(&g->totals);
	vec_free(&g->lists);
	map_release(&g->by_id);
	map_release(&g->by_value);
	map_release(&g->tokens);
	arena_release(&g->arena);
	free(g);
}

static void fold_into(char *low, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		low[i] = s.s[i] >= 'A' && s.s[i] <= 'Z' ? (char)(s.s[i] | 0x20) : s.s[i];
}

struct slice ground_fold(struct arena *a, struct slice s)
{
	char *low = arena_alloc(a, s.n + 1);
	fold_into(low, s);
	low[s.n] = '\0';
	return (struct slice){low, s.n};
}

static uint32_t intern(struct ground *g, struct slice v)
{
	char small[256] = "", *low = v.n < sizeof(small) ? small : xmalloc(v.n + 1);
	struct map_entry *m;
	bool added;
	fold_into(low, v);
	m = map_put(&g->by_value, low, v.n, &added);
	if (added) {
		m->val.u = g->values.n;
		struct value *x = vec_push(&g->values);
		x->text = (struct slice){m->key, v.n};
		x->cut = v.n > TOKENED_VALUE_MAX;
	}
	if (low != small)
		free(low);
	return (uint32_t)m->val.u;
}

static void add_fact(struct ground *g, uint32_t rec, const char *path, const struct field *f,
                     struct slice v)
{
	struct fact *x;
	if (!v.n)
		return;
	x = vec_push(&g->facts);
	x->path = path;
	x->field = f;
	x->value = intern(g, v);
	*vec_push(&g->values.v[x->value].at) = (struct posting){rec, (uint32_t)(g->facts.n - 1)};
	g->recs.v[rec].to = (uint32_t)g->facts.n;
}

static struct rec *add_rec(struct ground *g, struct slice id, mw_time time, struct slice raw)
{
	struct rec *r;
	bool added;
	struct map_entry *m;
	if (g->recs.n >= GROUND_RECORDS_MAX) {
		g->cut = true;
		return NULL;
	}
	m = map_put(&g->by_id, id.s, id.n, &added);
	if (!added)
		return NULL;
	m->val.u = g->recs.n;
	r = vec_push(&g->recs);
	r->id = (struct slice){m->key, id.n};
	r->time = time;
	r->raw = raw;
	r->from = r->to = (uint32_t)g->facts.n;
	return r;
}

void ground_add(struct ground *g, const struct ground_record *r)
{
	if (!add_rec(g, r->id, r->time, r->raw))
		return;
	for (size_t i = 0; i < r->nfacts; i++)
		add_fact(g, (uint32_t)(g->recs.n - 1), r->facts[i].field,
		         field_find(slice_of(r->facts[i].field)), r->facts[i].value);
}

void ground_add_event(struct ground *g, const struct event *ev, event_id id)
{
	char name[32];
	struct slice raw = {arena_memdup(&g->arena, ev->raw.n ? ev->raw.s : "", ev->raw.n),
	                    ev->raw.n};
	snprintf(name, sizeof(name), "ev:%llu", (unsigned long long)id);
	if (!add_rec(g, slice_of(name), ev->time, raw))
		return;
	for (size_t i = 0; i < ev->vals.n; i++) {
		const struct field *f = field_at(ev->vals.v[i].field);
		if (f)
			add_fact(g, (uint32_t)(g->recs.n - 1), f->name, f, ev->vals.v[i].value);
	}
	if (ev->dataset)
		add_fact(g, (uint32_t)(g->recs.n - 1), "dataset", NULL, slice_of(ev->dataset));
}

/* ---- JSON records ---- */

static const struct field *entity_field(const char *s, struct slice *value)
{
	const char *eq = strchr(s, '=');
	const struct field *f = eq ? field_find((struct slice){s, (size_t)(eq - s)}) : NULL;
	if (f)
		*value = slice_of(eq + 1);
	return f;
}

static void leaves(struct ground *g, uint32_t rec, const char *path, const cJSON *v, int depth)
{
	struct slice value;
	const struct field *f;
	char number[32];
	if (depth > DEPTH_MAX)
		return;
	for (const cJSON *c = cJSON_IsObject(v) || cJSON_IsArray(v) ? v->child : NULL; c;
	     c = c->next)
		leaves(g, rec,
		       !cJSON_IsObject(v) ? path
		       : *path            ? arena_printf(&g->arena, "%s.%s", path, c->string)
		                          : c->string,
		       c, depth + 1);
	if (cJSON_IsString(v)) {
		f = entity_field(v->valuestring, &value);
		if (f)
			add_fact(g, rec, f->name, f, value);
		else
			add_fact(g, rec, path, field_find(slice_of(path)),
			         slice_of(v->valuestring));
	} else if (cJSON_IsNumber(v)) {
		snprintf(number, sizeof(number), "%.15g", v->valuedouble);
		add_fact(g, rec, path, field_find(slice_of(path)), slice_of(number));
	} else if (cJSON_IsBool(v)) {
		add_fact(g, rec, path, field_find(slice_of(path)),
		         slice_of(cJSON_IsTrue(v) ? "true" : "false"));
	}
}

void ground_add_json(struct ground *g, const char *id, const cJSON *record)
{
	static const char *const keys[] = {"time", "first", "last", "created", "updated", "at"};
	mw_time t = MW_TIME_NONE;
	for (size_t i = 0; i < ARRAY_LEN(keys) && t == MW_TIME_NONE; i++)
		if (!mw_time_parse(slice_of(json_str(record, keys[i], "")), &t))
			t = MW_TIME_NONE;
	if (add_rec(g, slice_of(id), t, (struct slice){"", 0}))
		leaves(g, (uint32_t)(g->recs.n - 1), "", record, 0);
}

/* ---- what the engine counted ---- */

void ground_add_total(struct ground *g, const char *field, struct slice value, uint64_t n)
{
	struct total *t = vec_push(&g->totals);
	*t = (struct total){.field = field, .value = ground_fold(&g->arena, value), .n = n};
}

void ground_add_distinct(struct ground *g, const char *field, uint64_t n)
{
	*vec_push(&g->totals) = (struct total){.field = field, .n = n, .distinct = true};
}

void ground_set_span(struct ground *g, mw_time first, mw_time last)
{
	g->first = first;
	g->last = last;
}

void ground_set_complete(struct ground *g, bool complete)
{
	g->complete = complete;
}

uint32_t ground_rec(const struct ground *g, struct slice id)
{
	const struct map_entry *m = map_get(&g->by_id, id.s, id.n);
	return m ? (uint32_t)m->val.u : REC_NONE;
}

/* ---- outcome of a record ---- */

static bool any_word(struct slice text, const char *const *words)
{
	for (; *words; words++)
		if (mw_memimem(text.s, text.n, *words, strlen(*words)))
			return true;
	return false;
}

enum outcome ground_outcome(struct ground *g, uint32_t rec)
{
	static const char *const denied[] = {"denied",  "unauthorized",   "forbidden", "reject",
	                                     "blocked", "not authorized", NULL};
	static const char *const failed[] = {"fail",   "error",    "exception", "invalid",
	                                     "nosuch", "notfound", "malformed", NULL};
	struct rec *r = &g->recs.v[rec];
	if (r->outcome_known)
		return r->outcome;
	r->outcome_known = true;
	for (uint32_t i = r->from; i < r->to; i++) {
		const struct fact *f = &g->facts.v[i];
		struct slice v = g->values.v[f->value].text;
		bool error = f->field && !strcmp(f->field->name, "api.response.error");
		if (!f->field || f->field->role != FR_OUTCOME ||
		    !strcmp(f->field->alias, "severity"))
			continue;
		if (any_word(v, denied))
			r->outcome = OUT_DENIED;
		else if (r->outcome != OUT_DENIED &&
		         (any_word(v, failed) || (error && !slice_ieq(v, SLICE("success")))))
			r->outcome = OUT_FAILED;
		else if (r->outcome == OUT_UNKNOWN && mw_memimem(v.s, v.n, "succe", 5))
			r->outcome = OUT_OK;
	}
	return r->outcome;
}

bool ground_outcome_is(struct ground *g, uint32_t rec, int64_t said)
{
	enum outcome is = ground_outcome(g, rec);
	if (said < 0)
		return !ground_outcome_is(g, rec, -said);
	return said == OUT_DENIED   ? is == OUT_DENIED
	       : said == OUT_FAILED ? is == OUT_FAILED || is == OUT_DENIED
	                            : is == OUT_OK || is == OUT_UNKNOWN;
}

/* ---- sets ---- */

struct set set_new(struct arena *a, const struct ground *g, bool full)
{
	struct set s = {.n = (g->recs.n + 63) / 64};
	s.w = arena_zalloc(a, (s.n + 1) * sizeof(*s.w));
	for (size_t i = 0; full && i < g->recs.n; i++)
		set_add(&s, (uint32_t)i);
	return s;
}

void set_add(struct set *s, uint32_t rec)
{
	s->w[rec / 64] |= UINT64_C(1) << rec % 64;
}

bool set_has(const struct set *s, uint32_t rec)
{
	return s->w[rec / 64] >> rec % 64 & 1;
}

void set_and(struct set *s, const struct set *o)
{
	for (size_t i = 0; i < s->n; i++)
		s->w[i] &= o->w[i];
}

void set_or(struct set *s, const struct set *o)
{
	for (size_t i = 0; i < s->n; i++)
		s->w[i] |= o->w[i];
}

void set_minus(struct set *s, const struct set *o)
{
	for (size_t i = 0; i < s->n; i++)
		s->w[i] &= ~o->w[i];
}

void set_drop(struct set *s, uint32_t rec)
{
	s->w[rec / 64] &= ~(UINT64_C(1) << rec % 64);
}

size_t set_count(const struct set *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n; i++)
		n += (size_t)__builtin_popcountll(s->w[i]);
	return n;
}
