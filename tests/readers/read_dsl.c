/*
 * OpenSearch query DSL: the JSON body of _search. A bool without any clause matches everything, even
 * with an empty should. What a query may be asked of a field hangs on its type in the mapping
 * (keyword for text, long, double, boolean, date, ip): term with case_insensitive, wildcard and
 * prefix are for keywords, a term of an ip is an address or a block, range is numbers and dates.
 * case_insensitive folds ASCII.
 */
#include "base/json.h"
#include "base/limits.h"
#include "plan/cidr.h"
#include "plan/number.h"
#include "read_text.h"

static struct plan_node *query(struct rd *r, const cJSON *q);

static struct plan_node *wrong(struct rd *r, const char *what, const cJSON *at)
{
	rd_fail(r, 0, "%s: %s", what, at && at->string ? at->string : "?");
	return rd_const(r, false);
}

/* The only member of an object; NULL after an error. */
static const cJSON *only(struct rd *r, const cJSON *o)
{
	if (cJSON_IsObject(o) && cJSON_GetArraySize(o) == 1)
		return o->child;
	wrong(r, "an object of one member is wanted", o);
	return NULL;
}

static const char *field_of(struct rd *r, const cJSON *member)
{
	struct slice name = slice_of(member->string);

	return slice_eq(name, SLICE("@timestamp")) ? "time"
	                                           : read_field(r->p, NAMES_ECS, NULL, name);
}

static enum field_type type_of(const char *field)
{
	const struct field *f = field_find(slice_of(field));

	return f ? f->type : !strcmp(field, "time") ? FT_TIME : FT_STRING;
}

static bool is_number(enum field_type t)
{
	return t == FT_INT || t == FT_FLOAT || t == FT_PORT || t == FT_SIZE;
}

static struct slice text_of(struct rd *r, const cJSON *v)
{
	char num[40];

	if (cJSON_IsString(v))
		return slice_of(v->valuestring);
	if (cJSON_IsBool(v))
		return cJSON_IsTrue(v) ? SLICE("true") : SLICE("false");
	if (!cJSON_IsNumber(v)) {
		wrong(r, "a value is wanted", v);
		return SLICE("");
	}
	snprintf(num, sizeof(num), "%.17g", v->valuedouble);
	return slice_of(arena_strdup(&r->p->arena, num));
}

/* {"f": V} or {"f": {"value": V, "case_insensitive": B}} */
struct single {
	const char *field;
	enum field_type type;
	struct slice v;
	bool fold;
};

static bool single(struct rd *r, const cJSON *q, struct single *s)
{
	static const char *const keys[] = {"value", "case_insensitive", NULL};
	const cJSON *m = only(r, q);

	if (!m)
		return false;
	*s = (struct single){.field = field_of(r, m)};
	s->type = type_of(s->field);
	if (cJSON_IsObject(m)) {
		if (json_only(m, keys, "query", r->e))
			return false;
		s->fold = json_bool(m, "case_insensitive", false);
		m = json_get(m, "value");
	}
	s->v = m ? text_of(r, m) : SLICE("");
	return !rd_failed(r);
}

/* A number is equal by value: "007" is 7. */
static struct plan_node *same_number(struct rd *r, const char *field, struct slice v)
{
	return rd_two(r, PN_ALL, rd_cmp(r, field, OP_LE, v), rd_cmp(r, field, OP_GE, v));
}

static struct plan_node *term_of(struct rd *r, const struct single *s)
{
	struct cidr c;
	struct err e;

	if (s->type != FT_STRING && s->fold)
		return wrong(r, "case_insensitive is for keywords", NULL);
	if (s->type == FT_IP && cidr_parse(s->v, &c, &e))
		return wrong(r, "no address or block", NULL);
	if (s->type == FT_IP)
		return rd_cmp(r, s->field, OP_CIDR, s->v);
	if (is_number(s->type) || s->type == FT_TIME)
		return num_is(s->v) && s->type != FT_TIME ? same_number(r, s->field, s->v)
		                                          : wrong(r, "no number", NULL);
	if (s->type == FT_BOOL && !slice_eq(s->v, SLICE("true")) && !slice_eq(s->v, SLICE("false")))
		return wrong(r, "neither true nor false", NULL);
	return rd_cmp(r, s->field, s->fold ? OP_IS : OP_IS_CS, s->v);
}

static struct plan_node *q_term(struct rd *r, const cJSON *q)
{
	struct single s;

	return single(r, q, &s) ? term_of(r, &s) : NULL;
}

static struct plan_node *q_terms(struct rd *r, const cJSON *q)
{
	struct plan_node *any = plan_group(r->p, PN_ANY);
	const cJSON *m = only(r, q), *v;

	if (!m)
		return NULL;
	if (cJSON_GetArraySize(m) > 65536)
		return wrong(r, "too many terms", m);
	cJSON_ArrayForEach(v, m)
	{
		struct single s = {.field = field_of(r, m), .v = text_of(r, v)};
		s.type = type_of(s.field);
		rd_or(r, any, term_of(r, &s));
	}
	return any;
}

/* * and ?, quoted by a backslash: the like of plans. Without case_insensitive as a regular
 * expression. */
static struct plan_node *pattern(struct rd *r, const struct single *s, struct slice like)
{
	if (s->type != FT_STRING)
		return wrong(r, "patterns are for keywords", NULL);
	if (!s->fold)
		return wrong(r, "a pattern that tells case apart is not understood", NULL);
	return rd_like_has_one(like) ? rd_rune_like(r, s->field, like)
	                             : rd_cmp(r, s->field, OP_LIKE, like);
}

static struct plan_node *q_wildcard(struct rd *r, const cJSON *q)
{
	struct single s;

	return single(r, q, &s) ? pattern(r, &s, s.v) : NULL;
}

static struct plan_node *q_prefix(struct rd *r, const cJSON *q)
{
	struct single s;

	if (!single(r, q, &s))
		return NULL;
	if (s.type != FT_STRING || !s.fold)
		return wrong(r, "a prefix that tells case apart is not understood", NULL);
	return rd_cmp(r, s.field, OP_STARTS, s.v);
}

static struct plan_node *q_range(struct rd *r, const cJSON *q)
{
	static const struct {
		const char *key;
		enum plan_op op;
	} ends[] = {{"gte", OP_GE}, {"gt", OP_GT}, {"lte", OP_LE}, {"lt", OP_LT}};
	static const char *const keys[] = {"gte", "gt", "lte", "lt", "format", NULL};
	struct plan_node *all = plan_group(r->p, PN_ALL);
	const cJSON *m = only(r, q), *v;
	mw_time t;

	if (!m || json_only(m, keys, "range", r->e))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		const char *field = field_of(r, m);
		struct slice text;
		v = json_get(m, ends[i].key);
		if (!v)
			continue;
		text = text_of(r, v);
		if (type_of(field) == FT_TIME ? !mw_time_parse(text, &t)
		                              : !is_number(type_of(field)) || !num_is(text))
			return wrong(r, "a range of numbers or dates is wanted", m);
		plan_group_add(all, rd_cmp(r, field, ends[i].op, text));
	}
	return all;
}

static struct plan_node *q_exists(struct rd *r, const cJSON *q)
{
	cJSON name = {.string = cJSON_GetStringValue(json_get(q, "field"))};

	return name.string && cJSON_GetArraySize(q) == 1 ? rd_exists(r, field_of(r, &name))
	                                                 : wrong(r, "a field is wanted", q);
}

static struct plan_node *q_all(struct rd *r, const cJSON *q)
{
	return cJSON_GetArraySize(q) == 0 ? rd_const(r, true)
	                                  : wrong(r, "match_all takes nothing", q);
}

static struct plan_node *q_none(struct rd *r, const cJSON *q)
{
	return cJSON_GetArraySize(q) == 0 ? rd_const(r, false)
	                                  : wrong(r, "match_none takes nothing", q);
}

/* One clause or several. */
static struct plan_node *clauses(struct rd *r, const cJSON *list, enum plan_node_kind kind)
{
	struct plan_node *n = plan_group(r->p, kind);
	const cJSON *q;

	if (cJSON_IsObject(list))
		plan_group_add(n, query(r, list));
	else
		cJSON_ArrayForEach(q, list) kind == PN_ANY ? rd_or(r, n, query(r, q))
		                                           : plan_group_add(n, query(r, q));
	return n;
}

static bool has(const cJSON *list)
{
	return cJSON_IsObject(list) || cJSON_GetArraySize(list) > 0;
}

static struct plan_node *q_bool(struct rd *r, const cJSON *q)
{
	static const char *const keys[] = {
	        "filter", "must", "must_not", "should", "minimum_should_match", NULL};
	const cJSON *should = json_get(q, "should"), *most = json_get(q, "minimum_should_match");
	bool others = has(json_get(q, "filter")) || has(json_get(q, "must"));
	struct plan_node *all = plan_group(r->p, PN_ALL);

	if (json_only(q, keys, "bool", r->e))
		return NULL;
	if (has(json_get(q, "filter")))
		plan_group_add(all, clauses(r, json_get(q, "filter"), PN_ALL));
	if (has(json_get(q, "must")))
		plan_group_add(all, clauses(r, json_get(q, "must"), PN_ALL));
	if (has(json_get(q, "must_not")))
		plan_group_add(all, rd_not(r, clauses(r, json_get(q, "must_not"), PN_ANY)));
	if (most && (!cJSON_IsNumber(most) || most->valueint != 1))
		return wrong(r, "minimum_should_match is 1 here", most);
	if (has(should) && (most || !others)) /* beside others should only adds to the score */
		plan_group_add(all, clauses(r, should, PN_ANY));
	else if (most && all->child && !has(should))
		return wrong(r, "should is empty", most);
	return all;
}

/* The record as it was; words in a row, any case. Only whole texts of letters and digits mean the
 * same as bytes in the record, and even these only from word to word. */
static struct plan_node *q_phrase(struct rd *r, const cJSON *q)
{
	const cJSON *m = only(r, q);

	if (!m || strcmp(m->string, "event.original") != 0 || !cJSON_IsString(m))
		return wrong(r, "a phrase in event.original is wanted", q);
	return rd_cmp(r, NULL, OP_TEXT, slice_of(m->valuestring));
}

static struct plan_node *query(struct rd *r, const cJSON *q)
{
	static const struct {
		const char *name;
		struct plan_node *(*read)(struct rd *r, const cJSON *q);
	} kinds[] = {{"bool", q_bool},          {"term", q_term},     {"terms", q_terms},
	             {"wildcard", q_wildcard},  {"prefix", q_prefix}, {"range", q_range},
	             {"exists", q_exists},      {"match_all", q_all}, {"match_none", q_none},
	             {"match_phrase", q_phrase}};
	const cJSON *m = rd_failed(r) ? NULL : only(r, q);
	struct plan_node *n;

	for (size_t i = 0; m && i < ARRAY_LEN(kinds); i++)
		if (!strcmp(m->string, kinds[i].name)) {
			n = kinds[i].read(r, m);
			return n ? n : rd_const(r, false);
		}
	return m ? wrong(r, "no such query", m) : rd_const(r, false);
}

static void sort_keys(struct rd *r, const cJSON *sort)
{
	const cJSON *k, *m;

	cJSON_ArrayForEach(k, sort)
	{
		const char *order;
		m = only(r, k);
		if (!m)
			return;
		order = cJSON_IsString(m) ? m->valuestring : json_str(m, "order", "asc");
		if (!strcmp(m->string, "_shard_doc") || !strcmp(m->string, "_id"))
			continue; /* only makes the order total */
		rd_add_sort(r, field_of(r, m), !strcmp(order, "desc"));
	}
}

static void body(struct rd *r, const cJSON *j)
{
	static const char *const keys[] = {
	        "query",        "sort", "size",    "timeout", "track_total_hits",
	        "search_after", "pit",  "_source", NULL};

	if (json_only(j, keys, "_search", r->e))
		return;
	if (json_get(j, "query"))
		rd_where(r, query(r, json_get(j, "query")));
	sort_keys(r, json_get(j, "sort"));
	rd_search(r)->limit = json_i64(j, "size", 10);
	if (rd_search(r)->limit > 10000)
		wrong(r, "a page has at most 10,000 hits", json_get(j, "size"));
}

int read_dsl(struct slice text, struct reading *out, struct err *e)
{
	struct rd r = {0};
	cJSON *j;

	(void)rd_begin(&r, text, out, e);
	j = json_parse(text, MW_PLAN_JSON_MAX, e);
	if (j)
		body(&r, j);
	cJSON_Delete(j);
	return rd_end(&r);
}
