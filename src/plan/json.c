/*
 * The plan's JSON form, both ways. The schema for models and other programs is
 * assets/plan.schema.json.
 *
 *   plan   {"steps": [step...], "show": "events|count|values|ranking|graph", "value": field,
 * "max_seconds": n} step   {"kind": "search", "name", "source",
 * "part": "count|values|ranking|events", "datasets": [...], "from": time,
 * "to": time, "where": node, "sequence": {"stages": [node...], "by": field, "stage_by":
 * [field|null...], "within": span, "negate_last", "only_last"}, "baseline": {"key": [field...],
 * "from": t, "to": t, "max_count"}, "stats": [{"fn", "field", "as"}...], "by": [field...], "span":
 * span, "having": node, "sort": [{"column", "desc"}...], "limit": n, "with_ties",
 * "columns": [field...]} or {"kind":
 * "graph", "name", "source", "fn": "match|neighbours|...", "start_type", "start": node, "goal":
 * node, "hops": [{"edge", "dir": "out|in|both", "min", "max", "to_type", "where": node}...],
 * "max_depth", "limit", "return_paths", "use": {"from": t, "to": t}} node   {"all": [node...]}
 * {"any": [node...]}  {"not": node}
 *          {"field", "op", "value": text}  {"field", "op", "values": [text...]}  {"field", "op":
 * "exists"}
 *          {"op": "text", "value"}  {"field", "op", "other": field}  {"field", "op", "from_step":
 * n, "column": name}  {"same_row": [pivots on one step]} "inexact": true where a renderer widened it time   "2021-07-30T16:00:00Z"  or
 * {"step": n, "at": "first|last", "offset": "-30m"} span   "90s", "1h30m" text   a string; whole
 * numbers and true/false are taken as their text; bytes that JSON text cannot carry (NUL, not
 *          UTF-8) are {"base64": "..."}
 * Absent members have the defaults of plan.h; null is refused. Unknown members and words are errors
 * with their place.
 */
#include <math.h>
#include "base/base64.h"
#include "base/limits.h"
#include "plan/place.h"
#include "plan/plan.h"

/* What the fields of a node are: normalised or raw fields, output columns, graph properties. */
enum names { NAMES_EVENT, NAMES_FREE };

struct reader {
	struct plan *p;
	struct err *e;
};

/* ---- members ---- */

static int only(struct reader *r, const cJSON *o, const char *const *keys, const struct place *at)
{
	struct buf where = BUF_INIT;
	int rc;

	if (!cJSON_IsObject(o))
		return place_err(at, r->e, "an object is wanted here");
	place_write(at, &where);
	rc = json_only(o, keys, where.len ? where.s : "the plan", r->e);
	buf_release(&where);
	return rc;
}

static int get_str(struct reader *r, const cJSON *o, const char *key, const struct place *at,
                   char **out)
{
	const cJSON *v = json_get(o, key);

	if (!v)
		return 0;
	if (!cJSON_IsString(v))
		return place_err(PLACE_KEY(at, key), r->e, "text is wanted here");
	*out = arena_strdup(&r->p->arena, v->valuestring);
	return 0;
}

static int get_int(struct reader *r, const cJSON *o, const char *key, const struct place *at,
                   int64_t *out)
{
	const cJSON *v = json_get(o, key);

	if (!v)
		return 0;
	if (!cJSON_IsNumber(v) || v->valuedouble != floor(v->valuedouble) ||
	    fabs(v->valuedouble) > 9007199254740992.0)
		return place_err(PLACE_KEY(at, key), r->e, "a whole number is wanted here");
	*out = (int64_t)v->valuedouble;
	return 0;
}

static int get_small(struct reader *r, const cJSON *o, const char *key, const struct place *at,
                     int *out)
{
	int64_t v = *out;

	if (get_int(r, o, key, at, &v))
		return -1;
	if (v < -1 || v > INT32_MAX)
		return place_err(PLACE_KEY(at, key), r->e, "%lld is out of range", (long long)v);
	*out = (int)v;
	return 0;
}

static int get_bool(struct reader *r, const cJSON *o, const char *key, const struct place *at,
                    bool *out)
{
	const cJSON *v = json_get(o, key);

	if (!v)
		return 0;
	if (!cJSON_IsBool(v))
		return place_err(PLACE_KEY(at, key), r->e, "true or false is wanted here");
	*out = cJSON_IsTrue(v);
	return 0;
}

/* One word of a table; *out keeps its default where the member is absent. */
static int get_word(struct reader *r, const cJSON *o, const char *key, const struct place *at,
                    const char *const *words, int *out)
{
	const cJSON *v = json_get(o, key);
	const char *near;

	if (!v)
		return 0;
	if (!cJSON_IsString(v))
		return place_err(PLACE_KEY(at, key), r->e, "a word is wanted here, such as \"%s\"",
		                 words[0]);
	for (int i = 0; words[i]; i++) {
		if (strcmp(words[i], v->valuestring))
			continue;
		*out = i;
		return 0;
	}
	near = mw_did_you_mean(v->valuestring, words);
	return place_err(PLACE_KEY(at, key), r->e, "unknown word \"%s\"%s%s%s", v->valuestring,
	                 near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* An array member: its length and first element; 0 and NULL when absent. */
static int get_list(struct reader *r, const cJSON *o, const char *key, const struct place *at,
                    const cJSON **first, size_t *n)
{
	const cJSON *v = json_get(o, key);

	*first = NULL;
	*n = 0;
	if (!v)
		return 0;
	if (!cJSON_IsArray(v))
		return place_err(PLACE_KEY(at, key), r->e, "a list is wanted here");
	*first = v->child;
	*n = (size_t)cJSON_GetArraySize(v);
	return 0;
}

static int get_span(struct reader *r, const cJSON *o, const char *key, const struct place *at,
                    int64_t *out)
{
	const cJSON *v = json_get(o, key);
	struct slice s;
	bool negative;

	if (!v)
		return 0;
	s = cJSON_IsString(v) ? slice_of(v->valuestring) : (struct slice){"", 0};
	negative = s.n && s.s[0] == '-';
	if (!mw_span_parse((struct slice){s.s + negative, s.n - negative}, out))
		return place_err(PLACE_KEY(at, key), r->e,
		                 "a length of time is wanted here, such as \"10m\" or \"1h30m\"");
	if (negative)
		*out = -*out;
	return 0;
}

static int get_abs_time(struct reader *r, const cJSON *o, const char *key, const struct place *at,
                        mw_time *out)
{
	const cJSON *v = json_get(o, key);

	if (!v)
		return 0;
	if (!cJSON_IsString(v) || !mw_time_parse(slice_of(v->valuestring), out))
		return place_err(PLACE_KEY(at, key), r->e,
		                 "a time is wanted here, such as \"2021-07-30T16:00:00Z\"");
	return 0;
}

static int get_time(struct reader *r, const cJSON *o, const char *key, const struct place *up,
                    struct plan_time *out)
{
	static const char *const keys[] = {"step", "at", "offset", NULL};
	const struct place *at = PLACE_KEY(up, key);
	const cJSON *v = json_get(o, key);
	int which = 0;

	if (!v)
		return 0;
	if (!cJSON_IsObject(v)) {
		out->kind = PW_ABS;
		return get_abs_time(r, o, key, up, &out->t);
	}
	if (only(r, v, keys, at))
		return -1;
	if (!json_get(v, "step"))
		return place_err(at, r->e,
		                 "the number of an earlier step is missing: {\"step\": 0, \"at\": "
		                 "\"first\"}");
	if (get_small(r, v, "step", at, &out->step) ||
	    get_word(r, v, "at", at, plan_at_words, &which) ||
	    get_span(r, v, "offset", at, &out->offset))
		return -1;
	out->kind = which ? PW_STEP_LAST : PW_STEP_FIRST;
	return 0;
}

/* ---- fields and values ---- */

static void set_field(struct reader *r, struct plan_field *f, const char *name, enum names names)
{
	if (names == NAMES_EVENT)
		(void)plan_field_set(
		        r->p, f, name); /* plan_validate tells what is wrong with an unknown one */
	else
		*f = (struct plan_field){.name = arena_strdup(&r->p->arena, name)};
}

static int get_field(struct reader *r, const cJSON *o, const char *key, const struct place *at,
                     enum names names, struct plan_field *f)
{
	char *name = NULL;

	if (get_str(r, o, key, at, &name))
		return -1;
	if (name)
		set_field(r, f, name, names);
	return 0;
}

/* A list of field names; null stands for none where `holes`. */
static int get_fields(struct reader *r, const cJSON *o, const char *key, const struct place *up,
                      bool holes, struct plan_field **out, size_t *n)
{
	const struct place *at = PLACE_KEY(up, key);
	const cJSON *v;
	size_t i = 0;

	if (get_list(r, o, key, up, &v, n))
		return -1;
	if (*n == 0)
		return 0;
	*out = arena_zalloc(&r->p->arena, *n * sizeof(**out));
	for (; v; v = v->next, i++) {
		if (holes && cJSON_IsNull(v))
			continue;
		if (!cJSON_IsString(v))
			return place_err(PLACE_AT(at, i), r->e,
			                 "the name of a field is wanted here");
		set_field(r, &(*out)[i], v->valuestring, NAMES_EVENT);
	}
	return 0;
}

static int base64_value(struct reader *r, const cJSON *v, const struct place *at,
                        struct plan_node *n)
{
	static const char *const keys[] = {"base64", NULL};
	const char *text;
	size_t len, got = 0;
	char *bytes;

	if (only(r, v, keys, at))
		return -1;
	text = json_str(v, "base64", NULL);
	if (!text)
		return place_err(at, r->e, "text, or {\"base64\": text}, is wanted here");
	len = strlen(text);
	bytes = arena_alloc(&r->p->arena, len + 1);
	if (base64_read((struct slice){text, len}, bytes, &got))
		return place_err(at, r->e, "this is not base64 (RFC 4648, with padding)");
	plan_cmp_value(r->p, n, (struct slice){bytes, got});
	return 0;
}

static int read_value(struct reader *r, const cJSON *v, const struct place *at, struct plan_node *n)
{
	char number[32];

	if (cJSON_IsObject(v))
		return base64_value(r, v, at, n);
	if (cJSON_IsString(v)) {
		plan_cmp_value(r->p, n, slice_of(v->valuestring));
	} else if (cJSON_IsBool(v)) {
		plan_cmp_value(r->p, n, slice_of(cJSON_IsTrue(v) ? "true" : "false"));
	} else if (cJSON_IsNumber(v) && v->valuedouble == floor(v->valuedouble) &&
	           fabs(v->valuedouble) < 9007199254740992.0) {
		snprintf(number, sizeof(number), "%lld", (long long)v->valuedouble);
		plan_cmp_value(r->p, n, slice_of(number));
	} else {
		return place_err(at, r->e,
		                 "text is wanted here (a number that is not whole, or too large, "
		                 "is written as text)");
	}
	return 0;
}

static int read_values(struct reader *r, const cJSON *o, const struct place *at,
                       struct plan_node *n)
{
	const cJSON *one = json_get(o, "value"), *v;
	size_t count, i = 0;

	if (get_list(r, o, "values", at, &v, &count))
		return -1;
	if (one && json_get(o, "values"))
		return place_err(at, r->e, "\"value\" and \"values\" stand side by side; use one");
	if (count > MW_PLAN_LIST_MAX)
		return place_err(PLACE_KEY(at, "values"), r->e, "%zu values; the cap is %d", count,
		                 MW_PLAN_LIST_MAX);
	if (one && read_value(r, one, PLACE_KEY(at, "value"), n))
		return -1;
	for (; v; v = v->next, i++)
		if (read_value(r, v, PLACE_AT(PLACE_KEY(at, "values"), i), n))
			return -1;
	return 0;
}

/* ---- nodes ---- */

static int read_node(struct reader *r, const cJSON *o, const struct place *at, enum names names,
                     int depth, struct plan_node **out);

static int read_group(struct reader *r, const cJSON *o, const char *key, const struct place *up,
                      enum names names, int depth, struct plan_node *n)
{
	const struct place *at = PLACE_KEY(up, key);
	struct plan_node **end = &n->child;
	const cJSON *v;
	size_t count, i = 0;

	if (get_list(r, o, key, up, &v, &count))
		return -1;
	for (; v; v = v->next, i++) {
		if (read_node(r, v, PLACE_AT(at, i), names, depth + 1, end))
			return -1;
		end = &(*end)->next;
	}
	return 0;
}

static int read_cmp(struct reader *r, const cJSON *o, const struct place *at, enum names names,
                    struct plan_node *n)
{
	int op = -1;

	if (get_word(r, o, "op", at, plan_op_words, &op) ||
	    get_field(r, o, "field", at, names, &n->field) ||
	    get_field(r, o, "other", at, names, &n->rhs) ||
	    get_small(r, o, "from_step", at, &n->from_step) ||
	    get_str(r, o, "column", at, &n->column) || get_bool(r, o, "inexact", at, &n->inexact) ||
	    read_values(r, o, at, n))
		return -1;
	if (op < 0)
		return place_err(at, r->e,
		                 "\"op\" is missing: a comparison is {\"field\": ..., \"op\": "
		                 "\"is\", \"value\": ...}");
	n->op = (enum plan_op)op;
	return 0;
}

static int read_node(struct reader *r, const cJSON *o, const struct place *at, enum names names,
                     int depth, struct plan_node **out)
{
	static const char *const row[] = {"same_row", NULL};
	static const char *const all[] = {"all", NULL}, *const any[] = {"any", NULL},
	                         *const negated[] = {"not", NULL};
	static const char *const cmp[] = {
	        "field", "op", "value", "values", "other", "from_step", "column", "inexact", NULL,
	};
	bool same_row = json_get(o, "same_row") != NULL;
	enum plan_node_kind kind = same_row             ? PN_ALL
	                           : json_get(o, "all") ? PN_ALL
	                           : json_get(o, "any") ? PN_ANY
	                           : json_get(o, "not") ? PN_NOT
	                                                : PN_CMP;
	const char *const *const keys[] = {[PN_ALL] = same_row ? row : all,
	                                   [PN_ANY] = any,
	                                   [PN_NOT] = negated,
	                                   [PN_CMP] = cmp};

	if (depth > MW_PLAN_DEPTH_MAX)
		return place_err(at, r->e, "nested deeper than %d", MW_PLAN_DEPTH_MAX);
	if (only(r, o, keys[kind], at))
		return -1;
	*out = plan_group(r->p, kind);
	(*out)->same_row = same_row;
	if (kind == PN_CMP)
		return read_cmp(r, o, at, names, *out);
	if (kind == PN_NOT)
		return read_node(r, json_get(o, "not"), PLACE_KEY(at, "not"), names, depth + 1,
		                 &(*out)->child);
	return read_group(r, o, keys[kind][0], at, names, depth, *out);
}

static int get_node(struct reader *r, const cJSON *o, const char *key, const struct place *at,
                    enum names names, struct plan_node **out)
{
	const cJSON *v = json_get(o, key);

	return v ? read_node(r, v, PLACE_KEY(at, key), names, 1, out) : 0;
}

/* ---- search steps ---- */

static int read_sequence(struct reader *r, const cJSON *step, const struct place *up,
                         struct plan_search *s)
{
	static const char *const keys[] = {"stages",      "by",        "stage_by", "within",
	                                   "negate_last", "only_last", NULL};
	const struct place *at = PLACE_KEY(up, "sequence");
	const cJSON *o = json_get(step, "sequence"), *v;
	struct plan_sequence *q;
	size_t named = 0, i = 0;

	if (!o)
		return 0;
	if (only(r, o, keys, at))
		return -1;
	q = s->sequence = arena_zalloc(&r->p->arena, sizeof(*q));
	if (get_list(r, o, "stages", at, &v, &q->nstages) ||
	    get_field(r, o, "by", at, NAMES_EVENT, &q->by) ||
	    get_fields(r, o, "stage_by", at, true, &q->stage_by, &named) ||
	    get_span(r, o, "within", at, &q->within) ||
	    get_bool(r, o, "negate_last", at, &q->negate_last) ||
	    get_bool(r, o, "only_last", at, &q->only_last))
		return -1;
	if (named && named != q->nstages)
		return place_err(PLACE_KEY(at, "stage_by"), r->e,
		                 "one field or null for each of the %zu stages is wanted here",
		                 q->nstages);
	q->stages = arena_zalloc(&r->p->arena, (q->nstages + 1) * sizeof(*q->stages));
	for (; v; v = v->next, i++)
		if (read_node(r, v, PLACE_AT(PLACE_KEY(at, "stages"), i), NAMES_EVENT, 1,
		              &q->stages[i]))
			return -1;
	return 0;
}

static int read_baseline(struct reader *r, const cJSON *step, const struct place *up,
                         struct plan_search *s)
{
	static const char *const keys[] = {"key", "from", "to", "max_count", NULL};
	const struct place *at = PLACE_KEY(up, "baseline");
	const cJSON *o = json_get(step, "baseline");
	struct plan_baseline *b;

	if (!o)
		return 0;
	if (only(r, o, keys, at))
		return -1;
	b = s->baseline = arena_zalloc(&r->p->arena, sizeof(*b));
	b->from = b->to = MW_TIME_NONE;
	return get_fields(r, o, "key", at, false, &b->key, &b->nkey) ||
	                       get_abs_time(r, o, "from", at, &b->from) ||
	                       get_abs_time(r, o, "to", at, &b->to) ||
	                       get_int(r, o, "max_count", at, &b->max_count)
	               ? -1
	               : 0;
}

static void default_column(struct reader *r, struct plan_stat *t)
{
	const char *fn = plan_fn_words[t->fn];

	t->as = t->field.name ? arena_printf(&r->p->arena, "%s_%s", fn, t->field.name)
	                      : arena_strdup(&r->p->arena, fn);
}

static int read_stats(struct reader *r, const cJSON *o, const struct place *up,
                      struct plan_search *s)
{
	static const char *const keys[] = {"fn", "field", "as", NULL};
	const cJSON *v;
	size_t i = 0;

	if (get_list(r, o, "stats", up, &v, &s->nstats))
		return -1;
	s->stats = arena_zalloc(&r->p->arena, (s->nstats + 1) * sizeof(*s->stats));
	for (; v; v = v->next, i++) {
		const struct place *at = PLACE_AT(PLACE_KEY(up, "stats"), i);
		struct plan_stat *t = &s->stats[i];
		int fn = FN_COUNT;
		if (only(r, v, keys, at) || get_word(r, v, "fn", at, plan_fn_words, &fn) ||
		    get_field(r, v, "field", at, NAMES_EVENT, &t->field) ||
		    get_str(r, v, "as", at, &t->as))
			return -1;
		t->fn = (enum plan_fn)fn;
		if (!t->as)
			default_column(r, t);
	}
	return 0;
}

static int read_sort(struct reader *r, const cJSON *o, const struct place *up,
                     struct plan_search *s)
{
	static const char *const keys[] = {"column", "desc", NULL};
	const cJSON *v;
	size_t i = 0;

	if (get_list(r, o, "sort", up, &v, &s->nsort))
		return -1;
	s->sort = arena_zalloc(&r->p->arena, (s->nsort + 1) * sizeof(*s->sort));
	for (; v; v = v->next, i++) {
		const struct place *at = PLACE_AT(PLACE_KEY(up, "sort"), i);
		if (only(r, v, keys, at) || get_str(r, v, "column", at, &s->sort[i].column) ||
		    get_bool(r, v, "desc", at, &s->sort[i].desc))
			return -1;
		if (!s->sort[i].column)
			return place_err(at, r->e, "\"column\" is missing");
	}
	return 0;
}

static int read_datasets(struct reader *r, const cJSON *o, const struct place *up,
                         struct plan_search *s)
{
	const cJSON *v;
	size_t i = 0;

	if (get_list(r, o, "datasets", up, &v, &s->ndatasets))
		return -1;
	s->datasets = arena_zalloc(&r->p->arena, (s->ndatasets + 1) * sizeof(*s->datasets));
	for (; v; v = v->next, i++) {
		if (!cJSON_IsString(v))
			return place_err(PLACE_AT(PLACE_KEY(up, "datasets"), i), r->e,
			                 "the name of a dataset is wanted here");
		s->datasets[i] = arena_strdup(&r->p->arena, v->valuestring);
	}
	return 0;
}

static int read_search(struct reader *r, const cJSON *o, const struct place *at,
                       struct plan_search *s)
{
	static const char *const keys[] = {
	        "kind",     "name",      "source", "datasets", "from", "to",     "where",
	        "sequence", "baseline",  "stats",  "by",       "span", "having", "sort",
	        "limit",    "with_ties", "part",   "columns",  "hand", NULL,
	};

	return only(r, o, keys, at) || read_datasets(r, o, at, s) ||
	                       get_time(r, o, "from", at, &s->from) ||
	                       get_time(r, o, "to", at, &s->to) ||
	                       get_node(r, o, "where", at, NAMES_EVENT, &s->where) ||
	                       read_sequence(r, o, at, s) || read_baseline(r, o, at, s) ||
	                       read_stats(r, o, at, s) ||
	                       get_fields(r, o, "by", at, false, &s->by, &s->nby) ||
	                       get_span(r, o, "span", at, &s->span) ||
	                       get_node(r, o, "having", at, NAMES_FREE, &s->having) ||
	                       read_sort(r, o, at, s) || get_int(r, o, "limit", at, &s->limit) ||
	                       get_bool(r, o, "with_ties", at, &s->with_ties) ||
	                       get_fields(r, o, "columns", at, false, &s->columns, &s->ncolumns)
	               ? -1
	               : 0;
}

/* ---- graph steps ---- */

static int read_hops(struct reader *r, const cJSON *o, const struct place *up, struct plan_graph *g)
{
	static const char *const keys[] = {"edge", "dir", "min", "max", "to_type", "where", NULL};
	const cJSON *v;
	size_t i = 0;

	if (get_list(r, o, "hops", up, &v, &g->nhops))
		return -1;
	g->hops = arena_zalloc(&r->p->arena, (g->nhops + 1) * sizeof(*g->hops));
	for (; v; v = v->next, i++) {
		const struct place *at = PLACE_AT(PLACE_KEY(up, "hops"), i);
		struct plan_hop *h = &g->hops[i];
		int dir = HOP_OUT;
		h->min = h->max = 1;
		if (only(r, v, keys, at) || get_str(r, v, "edge", at, &h->edge) ||
		    get_word(r, v, "dir", at, plan_dir_words, &dir) ||
		    get_small(r, v, "min", at, &h->min) || get_small(r, v, "max", at, &h->max) ||
		    get_str(r, v, "to_type", at, &h->to_type) ||
		    get_node(r, v, "where", at, NAMES_FREE, &h->where))
			return -1;
		h->dir = (enum plan_dir)dir;
	}
	return 0;
}

static int read_use(struct reader *r, const cJSON *o, const struct place *up, struct plan_graph *g)
{
	static const char *const keys[] = {"from", "to", NULL};
	const struct place *at = PLACE_KEY(up, "use");
	const cJSON *v = json_get(o, "use");

	g->use_from = g->use_to = MW_TIME_NONE;
	if (!v)
		return 0;
	g->with_use = true;
	return only(r, v, keys, at) || get_abs_time(r, v, "from", at, &g->use_from) ||
	                       get_abs_time(r, v, "to", at, &g->use_to)
	               ? -1
	               : 0;
}

static int read_graph(struct reader *r, const cJSON *o, const struct place *at,
                      struct plan_graph *g)
{
	static const char *const keys[] = {
	        "kind", "name",      "source", "fn",           "start_type", "start", "goal",
	        "hops", "max_depth", "limit",  "return_paths", "use",        NULL,
	};
	int fn = GF_MATCH;

	if (only(r, o, keys, at) || get_word(r, o, "fn", at, plan_graph_fn_words, &fn) ||
	    get_str(r, o, "start_type", at, &g->start_type) ||
	    get_node(r, o, "start", at, NAMES_FREE, &g->start) ||
	    get_node(r, o, "goal", at, NAMES_FREE, &g->goal) || read_hops(r, o, at, g) ||
	    get_small(r, o, "max_depth", at, &g->max_depth) ||
	    get_int(r, o, "limit", at, &g->limit) ||
	    get_bool(r, o, "return_paths", at, &g->return_paths) || read_use(r, o, at, g))
		return -1;
	g->fn = (enum plan_graph_fn)fn;
	return 0;
}

/* ---- the plan ---- */

static int read_step(struct reader *r, const cJSON *o, const struct place *at)
{
	struct plan_step *s;
	int kind = PS_SEARCH, show = SHOW_EVENTS;

	if (!cJSON_IsObject(o))
		return place_err(at, r->e, "an object is wanted here");
	if (get_word(r, o, "kind", at, plan_kind_words, &kind) ||
	    get_word(r, o, "part", at, plan_show_words, &show))
		return -1;
	s = plan_add_step(r->p, (enum plan_kind)kind);
	if (get_str(r, o, "name", at, &s->name) || get_str(r, o, "source", at, &s->source))
		return -1;
	if (kind == PS_SEARCH && get_str(r, o, "hand", at, &s->hand))
		return -1;
	s->part = json_get(o, "part") != NULL;
	s->part_show = (enum plan_show)show;
	return kind == PS_GRAPH ? read_graph(r, o, at, &s->graph)
	                        : read_search(r, o, at, &s->search);
}

static int read_plan(struct reader *r, const cJSON *o)
{
	static const char *const keys[] = {"steps", "show", "value", "max_seconds", NULL};
	const struct place *top = NULL;
	const cJSON *v;
	size_t n, i = 0;
	int show = SHOW_EVENTS;

	if (only(r, o, keys, top) || get_list(r, o, "steps", top, &v, &n) ||
	    get_word(r, o, "show", top, plan_show_words, &show) ||
	    get_field(r, o, "value", top, NAMES_EVENT, &r->p->value_field) ||
	    get_int(r, o, "max_seconds", top, &r->p->max_seconds))
		return -1;
	if (n > MW_PLAN_STEPS_MAX)
		return place_err(PLACE_KEY(top, "steps"), r->e, "%zu steps; the cap is %d", n,
		                 MW_PLAN_STEPS_MAX);
	r->p->show = (enum plan_show)show;
	for (; v; v = v->next, i++)
		if (read_step(r, v, PLACE_AT(PLACE_KEY(top, "steps"), i)))
			return -1;
	return plan_validate(r->p, r->e);
}

struct plan *plan_from_json(const cJSON *j, struct err *e)
{
	struct reader r = {plan_new(), e};

	if (read_plan(&r, j) == 0)
		return r.p;
	plan_free(r.p);
	return NULL;
}
