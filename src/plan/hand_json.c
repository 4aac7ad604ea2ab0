#include "plan/hand_json.h"
#include "base/limits.h"

#define NEST_MAX 24

static int deny(struct err *e, const char *where, const char *what)
{
	return err_set(e, ERR_DENIED, "%s: %s", where ? where : "the text", what);
}

static bool listed(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (word && !strcmp(word, *list))
			return true;
	return false;
}

static int only_keys(const cJSON *o, const char *const *keys, const char *where, struct err *e)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, o) if (!listed(m->string, keys)) return deny(
	        e, m->string ? m->string : where, "is not on the list");
	return 0;
}

static int bounded(const cJSON *o, const char *key, int64_t most, struct err *e)
{
	int64_t n = json_i64(o, key, 0);

	return n >= 1 && n <= most
	               ? 0
	               : deny(e, key, "says how many rows, and is too large or missing");
}

/* ---- OpenSearch ---- */

static bool scalar(const cJSON *v)
{
	return cJSON_IsString(v) || cJSON_IsNumber(v) || cJSON_IsBool(v) || cJSON_IsNull(v);
}

/* {"FIELD": value, list of values, or an object of parameters with such values}. */
static int check_leaf(const cJSON *q, struct err *e)
{
	static const char *const params[] = {"value",    "case_insensitive",
	                                     "gte",      "gt",
	                                     "lte",      "lt",
	                                     "format",   "time_zone",
	                                     "query",    "boost",
	                                     "operator", "slop",
	                                     "flags",    "max_determinized_states",
	                                     NULL};
	const cJSON *f, *v;

	cJSON_ArrayForEach(f, q)
	{
		if (scalar(f))
			continue;
		cJSON_ArrayForEach(v, f)
		{
			if (!scalar(v) || (cJSON_IsObject(f) && !listed(v->string, params)))
				return deny(e, v->string ? v->string : f->string,
				            "is not on the list");
		}
	}
	return 0;
}

static int check_query(const cJSON *q, int depth, struct err *e);

static int check_clauses(const cJSON *list, int depth, struct err *e)
{
	const cJSON *q;

	if (cJSON_IsObject(list))
		return check_query(list, depth, e);
	cJSON_ArrayForEach(q, list) if (check_query(q, depth, e)) return -1;
	return 0;
}

static int check_bool(const cJSON *q, int depth, struct err *e)
{
	static const char *const keys[] = {
	        "filter", "must", "must_not", "should", "minimum_should_match", NULL};
	const cJSON *m;

	if (only_keys(q, keys, "bool", e))
		return -1;
	cJSON_ArrayForEach(m, q) if (strcmp(m->string, "minimum_should_match") != 0 &&
	                             check_clauses(m, depth, e)) return -1;
	return 0;
}

static int check_query(const cJSON *q, int depth, struct err *e)
{
	static const char *const leaves[] = {
	        "term",       "terms", "wildcard",     "prefix", "range", "exists", "match_all",
	        "match_none", "match", "match_phrase", "regexp", "ids",   NULL};

	if (depth > NEST_MAX || !cJSON_IsObject(q) || !q->child || q->child->next)
		return deny(e, "query", "an object of one query is wanted");
	if (!strcmp(q->child->string, "bool"))
		return check_bool(q->child, depth + 1, e);
	if (!listed(q->child->string, leaves))
		return deny(e, q->child->string, "is not on the list of queries");
	return check_leaf(q->child, e);
}

static int check_aggs(const cJSON *aggs, int depth, struct err *e)
{
	static const char *const kinds[] = {
	        "terms", "date_histogram", "cardinality", "min", "max", "sum",
	        "avg",   "value_count",    NULL};
	static const char *const params[] = {
	        "field",     "size",          "order",   "fixed_interval", "calendar_interval",
	        "time_zone", "min_doc_count", "missing", "format",         NULL};
	const cJSON *a, *m;

	if (depth > 4)
		return deny(e, "aggs", "are nested too deep");
	cJSON_ArrayForEach(a, aggs) cJSON_ArrayForEach(m, a)
	{
		bool inner = !strcmp(m->string, "aggs") || !strcmp(m->string, "aggregations");
		if (!inner && !listed(m->string, kinds))
			return deny(e, m->string, "is not on the list of aggregations");
		if (inner ? check_aggs(m, depth + 1, e) : only_keys(m, params, m->string, e))
			return -1;
	}
	return 0;
}

/* A range of @timestamp that has to hold: in the filters or musts of the outer bools. */
static bool has_window(const cJSON *q, int depth)
{
	const cJSON *b = json_get(q, "bool"), *m, *k;

	if (depth > NEST_MAX)
		return false;
	if (json_get(json_get(q, "range"), "@timestamp"))
		return true;
	cJSON_ArrayForEach(m, b)
	{
		if (strcmp(m->string, "filter") != 0 && strcmp(m->string, "must") != 0)
			continue;
		if (cJSON_IsObject(m) && has_window(m, depth + 1))
			return true;
		cJSON_ArrayForEach(k,
		                   m) if (cJSON_IsArray(m) && has_window(k, depth + 1)) return true;
	}
	return false;
}

int hand_check_dsl(const cJSON *j, struct err *e)
{
	static const char *const keys[] = {
	        "query",   "sort",         "size", "track_total_hits", "timeout",
	        "_source", "search_after", "aggs", "aggregations",     NULL};
	static const char *const sort_params[] = {"order", "missing", "unmapped_type", NULL};
	const cJSON *s, *m;

	if (!cJSON_IsObject(j) || only_keys(j, keys, "_search", e))
		return cJSON_IsObject(j) ? -1 : deny(e, NULL, "an object is wanted");
	if (!json_get(j, "query") || check_query(json_get(j, "query"), 0, e))
		return json_get(j, "query") ? -1 : deny(e, "query", "is missing");
	if (!has_window(json_get(j, "query"), 0))
		return deny(e, "query", "it has no window: a range of @timestamp in the filter");
	cJSON_ArrayForEach(s, json_get(j, "sort")) cJSON_ArrayForEach(
	        m, s) if (cJSON_IsObject(m) && only_keys(m, sort_params, "sort", e)) return -1;
	if (check_aggs(json_get(j, "aggs"), 0, e) || check_aggs(json_get(j, "aggregations"), 0, e))
		return -1;
	return json_get(j, "aggs") || json_get(j, "aggregations") ? 0
	                                                          : bounded(j, "size", 10000, e);
}

/* ---- Wiz ---- */

/* One query operation with graphSearch as its only root field: words outside of brackets say so. */
static bool one_graph_search(const char *doc)
{
	int round = 0, curly = 0, roots = 0;
	bool search = false;

	if (strncmp(doc, "query", 5) != 0 || strstr(doc, "mutation") ||
	    strstr(doc, "subscription") || strchr(doc, '#') || strchr(doc, '"'))
		return false;
	for (const char *c = doc; *c; c++) {
		bool word = ((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z') || *c == '_';
		round += (*c == '(') - (*c == ')');
		curly += (*c == '{') - (*c == '}');
		if (!word || round || curly != 1)
			continue;
		roots++;
		search = !strncmp(c, "graphSearch", 11) &&
		         !((c[11] | 0x20) >= 'a' && (c[11] | 0x20) <= 'z');
		while (((c[1] | 0x20) >= 'a' && (c[1] | 0x20) <= 'z') || c[1] == '_' ||
		       (c[1] >= '0' && c[1] <= '9'))
			c++;
	}
	return search && roots == 1 && round == 0 && curly == 0;
}

static int check_entity(const cJSON *o, int depth, struct err *e)
{
	static const char *const keys[] = {"type", "select", "where", "relationships", NULL},
	                         *const links[] = {"type", "with", "optional", "negate", NULL};
	const cJSON *l;

	if (depth > NEST_MAX || !cJSON_IsObject(o) || only_keys(o, keys, "query", e))
		return depth > NEST_MAX || !cJSON_IsObject(o) ? deny(e, "query", "is no entity")
		                                              : -1;
	cJSON_ArrayForEach(
	        l, json_get(o, "relationships")) if (only_keys(l, links, "relationships", e) ||
	                                             check_entity(json_get(l, "with"), depth + 1,
	                                                          e)) return -1;
	return 0;
}

int hand_check_wiz(const cJSON *j, struct err *e)
{
	static const char *const keys[] = {"query", "variables", NULL},
	                         *const vars[] = {"query", "projectId",       "first", "after",
	                                          "quick", "fetchTotalCount", NULL};
	const cJSON *v = json_get(j, "variables");

	if (!cJSON_IsObject(j) || only_keys(j, keys, "request", e))
		return cJSON_IsObject(j) ? -1 : deny(e, NULL, "an object is wanted");
	if (!one_graph_search(json_str(j, "query", "")))
		return deny(e, "query",
		            "one query with the root field graphSearch alone is allowed");
	if (only_keys(v, vars, "variables", e) || check_entity(json_get(v, "query"), 0, e))
		return -1;
	return bounded(v, "first", 500, e);
}

/* ---- Orca ---- */

static int check_condition(const cJSON *c, int depth, struct err *e)
{
	static const char *const keys[] = {"models", "type", "with",   "keys", "operator",
	                                   "values", "key",  "negate", NULL};
	const cJSON *v;

	if (depth > NEST_MAX || !cJSON_IsObject(c))
		return deny(e, "with", "is no condition");
	if (only_keys(c, keys, "with", e))
		return -1;
	if (json_get(c, "with") && check_condition(json_get(c, "with"), depth + 1, e))
		return -1;
	cJSON_ArrayForEach(v,
	                   json_get(c, "values")) if (cJSON_IsObject(v) &&
	                                              check_condition(v, depth + 1, e)) return -1;
	return 0;
}

int hand_check_orca(const cJSON *j, struct err *e)
{
	static const char *const keys[] = {
	        "query",    "limit",      "start_at_index",      "get_results_and_count",
	        "select",   "order_by[]", "additional_models[]", "full_graph_fetch",
	        "max_tier", NULL};

	if (!cJSON_IsObject(j) || only_keys(j, keys, "request", e))
		return cJSON_IsObject(j) ? -1 : deny(e, NULL, "an object is wanted");
	if (check_condition(json_get(j, "query"), 0, e))
		return -1;
	return bounded(j, "limit", 10000, e);
}
