/*
 * Query DSL of OpenSearch and Elasticsearch over ECS fields: a JSON document, so that no value is ever part of a text. Strings are
 * taken to be keyword fields, as ECS has them. Source of facts: opensearch.org/docs (2.x), elastic.co/guide (8.x). Lucene's regular
 * expressions are another dialect, and aggregations are approximate: both are done afterwards.
 */
#include "plan/cidr.h"
#include "plan/number.h"
#include "plan/render_lang.h"

#define CLAUSES_MAX 1000 /* indices.query.bool.max_clause_count is 1024 where nobody raised it */
#define TERMS_MAX 65536  /* index.max_terms_count */
#define INDEX_ROWS_MAX 10000 /* index.max_result_window: more are paged with search_after */

static const char *field_of(const struct plan_field *f)
{
	return f->pseudo == PF_TIME ? "@timestamp" : f->f ? f->f->ecs : NULL;
}

static bool is_numeric(const struct plan_field *f)
{
	return f->f && (f->f->type == FT_INT || f->f->type == FT_PORT || f->f->type == FT_SIZE ||
	                f->f->type == FT_FLOAT);
}

static enum render_fit order_fit(const struct plan_node *n, struct slice v)
{
	bool time = n->field.pseudo == PF_TIME || (n->field.f && n->field.f->type == FT_TIME);

	if (time)
		return num_is(v) ? RENDER_NO : RENDER_EXACT;
	return is_numeric(&n->field) && num_is(v) && v.n <= 15 ? RENDER_EXACT : RENDER_NO;
}

/* Text that JSON cannot carry cannot be asked for; case_insensitive folds ASCII only. ip and numeric fields are not text. */
static enum render_fit value_fit(const struct plan_node *n, struct slice v)
{
	enum field_type t = n->field.f ? n->field.f->type : FT_STRING;
	struct cidr c;
	struct ip ip;

	if (plan_op_is_order(n->op))
		return order_fit(n, v);
	if (n->op == OP_CIDR)
		return t == FT_IP && !cidr_parse(v, &c, NULL) && c.ip.len == 4 ? RENDER_EXACT
		                                                               : RENDER_NO;
	if (n->op == OP_REGEX || n->op == OP_TEXT || n->field.pseudo == PF_TIME ||
	    !quote_kql_able(v) || memchr(v.s, '\0', v.n))
		return RENDER_NO;
	if (n->op == OP_LIKE && v.s[v.n - 1] == '\\')
		return RENDER_NO; /* a last backslash is itself in plans, and an error there */
	if (t == FT_IP)
		return (n->op == OP_IS || n->op == OP_IN) && ip_parse(v, &ip) ? RENDER_SUPERSET
		                                                              : RENDER_NO;
	if (t != FT_STRING)
		return RENDER_NO;
	return n->op == OP_LIKE && quote_like_has_one(v) ? RENDER_SUPERSET : RENDER_EXACT;
}

/* One list of exact values: terms knows no case_insensitive. */
static bool as_terms(const struct plan_node *n)
{
	bool is = n->op == OP_IS || n->op == OP_IN;

	if (n->nvalues < 2 || n->nvalues > TERMS_MAX)
		return false;
	if (n->op == OP_IS_CS || n->op == OP_CIDR ||
	    (is && n->field.f && n->field.f->type == FT_IP))
		return true;
	for (size_t i = 0; i < n->nvalues && is; i++)
		for (size_t k = 0; k < n->values[i].n; k++)
			if ((n->values[i].s[k] | 0x20) >= 'a' && (n->values[i].s[k] | 0x20) <= 'z')
				return false;
	return is;
}

/* A field of type text is cut into words there: no term is its whole value. */
static bool is_there(struct render *r, const struct plan_field *f)
{
	const char *name = field_of(f), *type = render_type(r, f, name);

	if (type && !strcmp(type, "text"))
		render_note(r, "%s is a text field there: filtered afterwards", name);
	return type && strcmp(type, "text") != 0;
}

static enum render_fit can(void *ctx, const struct plan_node *n)
{
	struct render *r = ctx;
	enum render_fit fit = n->rhs.name || n->op == OP_TEXT || !is_there(r, &n->field)
	                              ? RENDER_NO
	                              : RENDER_EXACT,
	                one;

	if (n->nvalues > CLAUSES_MAX && !as_terms(n))
		fit = RENDER_NO;
	for (size_t i = 0; i < n->nvalues && fit != RENDER_NO; i++) {
		one = value_fit(n, n->values[i]);
		fit = one < fit ? one : fit;
	}
	if (fit != RENDER_EXACT)
		render_note(r, "%s on %s cannot be said exactly: filtered afterwards",
		            plan_op_name(n->op),
		            n->field.name ? render_alias(&n->field) : "the record");
	return fit;
}

/* ---- the document ---- */

/* {"NAME": {"FIELD": {...}}}: gives the inner object. */
static cJSON *clause(cJSON **out, const char *name, const char *field)
{
	*out = cJSON_CreateObject();
	return json_add_obj(json_add_obj(*out, name), field);
}

/* ? is a whole character there and a byte in plans: * finds at least as much. */
static void add_like(struct buf *b, struct slice v)
{
	for (size_t i = 0; i < v.n; i++) {
		if (v.s[i] == '\\' && i + 1 < v.n)
			buf_ch(b, v.s[i++]);
		else if (v.s[i] == '?') {
			buf_ch(b, '*');
			continue;
		}
		buf_ch(b, v.s[i]);
	}
}

static void add_text(cJSON *o, const char *key, struct slice v, const char *before,
                     const char *after, bool escape, bool like)
{
	struct buf b = BUF_INIT;

	buf_str(&b, before);
	if (like)
		add_like(&b, v);
	for (size_t i = 0; i < v.n && !like; i++) {
		if (escape && strchr("*?\\", v.s[i]))
			buf_ch(&b, '\\');
		buf_ch(&b, v.s[i]);
	}
	buf_str(&b, after);
	json_add_slice(o, key, (struct slice){b.s, b.len});
	buf_release(&b);
}

static cJSON *text_clause(const struct plan_node *n, struct slice v)
{
	static const struct {
		const char *name, *key, *before, *after;
		bool escape;
	} forms[] = {
	        [OP_IS] = {"term", "value", "", "", false},
	        [OP_IS_CS] = {"term", "value", "", "", false},
	        [OP_IN] = {"term", "value", "", "", false},
	        [OP_CONTAINS] = {"wildcard", "value", "*", "*", true},
	        [OP_STARTS] = {"prefix", "value", "", "", false},
	        [OP_ENDS] = {"wildcard", "value", "*", "", true},
	        [OP_LIKE] = {"wildcard", "value", "", "", false},
	        [OP_CIDR] = {"term", "value", "", "", false},
	};
	bool keyword = !n->field.f || n->field.f->type == FT_STRING;
	cJSON *out, *o = clause(&out, forms[n->op].name, field_of(&n->field));

	add_text(o, forms[n->op].key, v, forms[n->op].before, forms[n->op].after,
	         forms[n->op].escape, n->op == OP_LIKE);
	if (n->op != OP_IS_CS && keyword)
		json_add_bool(o, "case_insensitive", true);
	return out;
}

static cJSON *range_clause(const struct plan_node *n, struct slice v)
{
	static const char *const keys[] = {"lt", "lte", "gt", "gte"};
	cJSON *out, *o = clause(&out, "range", field_of(&n->field));
	mw_time t;

	if (!num_is(v) && mw_time_parse(v, &t)) {
		json_add_time(o, keys[n->op - OP_LT], t);
		json_add_str(o, "format", "strict_date_optional_time");
	} else {
		json_add_slice(o, keys[n->op - OP_LT], v);
	}
	return out;
}

static cJSON *bool_clause(const char *kind)
{
	cJSON *out = cJSON_CreateObject(), *b = json_add_obj(out, "bool");

	(void)json_add_arr(b, kind);
	if (!strcmp(kind, "should"))
		json_add_i64(b, "minimum_should_match", 1);
	return out;
}

static void add_clause(cJSON *bool_query, const char *kind, cJSON *one)
{
	cJSON_AddItemToArray(json_arr(json_obj(bool_query, "bool"), kind), one);
}

static cJSON *terms_clause(const struct plan_node *n)
{
	cJSON *out = cJSON_CreateObject(),
	      *list = json_add_arr(json_add_obj(out, "terms"), field_of(&n->field));

	for (size_t i = 0; i < n->nvalues; i++)
		cJSON_AddItemToArray(list, json_slice(n->values[i]));
	return out;
}

static cJSON *cmp_clause(const struct plan_node *n)
{
	cJSON *out;

	if (n->op == OP_EXISTS) {
		out = cJSON_CreateObject();
		json_add_str(json_add_obj(out, "exists"), "field", field_of(&n->field));
		return out;
	}
	if (as_terms(n))
		return terms_clause(n);
	out = bool_clause("should");
	for (size_t i = 0; i < n->nvalues; i++)
		add_clause(out, "should",
		           plan_op_is_order(n->op) ? range_clause(n, n->values[i])
		                                   : text_clause(n, n->values[i]));
	return out;
}

static cJSON *node_clause(const struct plan_node *n)
{
	static const char *const kinds[] = {
	        [PN_ALL] = "filter", [PN_ANY] = "should", [PN_NOT] = "must_not"};
	cJSON *out;

	if (n->kind == PN_CMP)
		return cmp_clause(n);
	if (plan_is_nothing(n)) { /* a bool without clauses finds everything there */
		out = cJSON_CreateObject();
		(void)json_add_obj(out, "match_none");
		return out;
	}
	out = bool_clause(kinds[n->kind]);
	for (const struct plan_node *k = n->child; k; k = k->next)
		add_clause(out, kinds[n->kind], node_clause(k));
	return out;
}

static cJSON *window_clause(const struct plan_search *s)
{
	cJSON *out, *o = clause(&out, "range", "@timestamp");

	if (s->from.kind == PW_ABS)
		json_add_time(o, "gte", s->from.t);
	if (s->to.kind == PW_ABS)
		json_add_time(o, "lt", s->to.t);
	json_add_str(o, "format", "strict_date_optional_time");
	return out;
}

int render_dsl(struct render *r)
{
	const struct plan_search *s = r->s;
	struct plan_node *where = render_where(r, can);
	cJSON *doc = cJSON_CreateObject(), *query = bool_clause("filter"), *sort;
	bool desc;

	render_datasets_after(r);
	if (plan_is_grouped(s))
		render_note(r, "groups are made after the events have been fetched");
	if (s->with_ties)
		render_note(r, "ties are kept after the rows have been fetched");
	r->out->exact_rows =
	        r->out->exact_rows && !plan_is_grouped(s) && !s->with_ties &&
	        (s->nsort == 0 || (s->nsort == 1 && !strcmp(s->sort[0].column, "time")));
	desc = r->out->exact_rows && s->nsort && s->sort[0].desc;
	if (s->from.kind == PW_ABS || s->to.kind == PW_ABS)
		add_clause(query, "filter", window_clause(s));
	if (where)
		add_clause(query, "filter", node_clause(where));
	cJSON_AddItemToObject(doc, "query", query);
	sort = json_add_arr(doc, "sort");
	cJSON_AddItemToArray(sort, cJSON_CreateObject());
	json_add_str(json_add_obj(sort->child, "@timestamp"), "order", desc ? "desc" : "asc");
	json_add_i64(doc, "size",
	             render_limit(r) > INDEX_ROWS_MAX ? INDEX_ROWS_MAX : render_limit(r));
	json_write(r->b, doc);
	cJSON_Delete(doc);
	return 0;
}
