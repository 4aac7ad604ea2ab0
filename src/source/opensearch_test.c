/* OpenSearch and Elasticsearch: fields by _mapping, and what the account may do. */
#include "source/opensearch.h"

#define DEPTH_MAX 20

static int get(struct opensearch *x, const struct source_run *run, const char *method,
               const char *path, const char *body, cJSON **out, struct err *e)
{
	struct http_request rq = {.method = method,
	                          .path = path,
	                          .body = slice_of(body),
	                          .content_type = body ? "application/json" : NULL,
	                          .idempotent = true};

	return call_json(x->http, run, &rq, out, e);
}

/* {"a":{"properties":{"b":{"type":"ip"}}}} as {"a.b":"ip"}; other forms of a field ("a.keyword") too. */
static void flatten(const cJSON *properties, const char *before, cJSON *table, int depth)
{
	const cJSON *p;

	cJSON_ArrayForEach(p, properties)
	{
		char *name = xasprintf("%s%s%s", before, *before ? "." : "", p->string);
		const char *type = json_str(p, "type", json_obj(p, "properties") ? NULL : "object");
		if (type && !json_get(table, name))
			json_add_str(table, name, type);
		if (depth < DEPTH_MAX) {
			flatten(json_obj(p, "properties"), name, table, depth + 1);
			flatten(json_obj(p, "fields"), name, table, depth + 1);
		}
		free(name);
	}
}

int opensearch_catalog(struct connected *c, const struct source_run *run,
                       struct source_catalog *out, struct err *e)
{
	struct opensearch *x = opensearch_of(c);
	char *pattern, *path;
	const cJSON *index;
	cJSON *answer;
	int rc;

	if (opensearch_pattern(x, &pattern, e))
		return -1;
	path = xasprintf("/%s/_mapping?ignore_unavailable=true", pattern);
	rc = get(x, run, "GET", path, NULL, &answer, e);
	free(path);
	free(pattern);
	if (rc)
		return -1;
	*out = (struct source_catalog){.tables = cJSON_CreateObject(), .at = mw_now()};
	cJSON_ArrayForEach(index, answer)
	        flatten(json_obj(json_obj(index, "mappings"), "properties"), "",
	                json_add_obj(out->tables, index->string), 0);
	cJSON_Delete(answer);
	return 0;
}

/* ---- test ---- */

static void check_login(struct opensearch *x, const struct source_run *run,
                        const struct check_sink *sink)
{
	bool elastic = x->dialect == OS_ELASTIC;
	struct err e = {0};
	cJSON *me = NULL;

	if (get(x, run, "GET",
	        elastic ? "/_security/_authenticate" : "/_plugins/_security/authinfo", NULL, &me,
	        &e))
		check_say(sink, "login", CHECK_SKIPPED, NULL, "who we are is not told: %s", e.what);
	else
		check_say(sink, "login", CHECK_OK, NULL, "as %s",
		          json_str(me, elastic ? "username" : "user_name",
		                   json_str(me, "user", "?")));
	cJSON_Delete(me);
}

static const char *newest_of(const cJSON *answer)
{
	const cJSON *hit = cJSON_GetArrayItem(json_arr(json_obj(answer, "hits"), "hits"), 0);

	return json_str(json_obj(hit, "_source"), "@timestamp", NULL);
}

static void check_search(struct opensearch *x, const struct source_run *run, const char *pattern,
                         const struct check_sink *sink)
{
	char *path = xasprintf("/%s/_search?ignore_unavailable=true", pattern);
	struct err e = {0};
	cJSON *answer = NULL;
	const char *newest;
	int rc = get(
	        x, run, "POST", path,
	        "{\"size\":1,\"sort\":[{\"@timestamp\":\"desc\"}],\"_source\":[\"@timestamp\"]}",
	        &answer, &e);

	if (!check_result(sink, "may search", rc, &e, OPENSEARCH_RIGHTS, pattern)) {
		newest = newest_of(answer);
		check_say(sink, "newest event", newest ? CHECK_OK : CHECK_WARN,
		          newest ? NULL
		                 : "is `table` the right pattern, and do its documents have "
		                   "@timestamp?",
		          "%s", newest ? newest : "none with @timestamp");
	}
	cJSON_Delete(answer);
	free(path);
}

static void say_writes(const struct check_sink *sink, bool writes, const char *found)
{
	check_say(sink, "may not write", writes ? CHECK_WARN : CHECK_OK,
	          writes ? OPENSEARCH_RIGHTS : NULL, "%s", found);
}

/* Elasticsearch tells privileges; OpenSearch only the roles, of which the built-in ones are known. */
static void check_cannot_write(struct opensearch *x, const struct source_run *run,
                               const char *pattern, const struct check_sink *sink)
{
	char *body = xasprintf("{\"index\":[{\"names\":[\"%s\"],\"privileges\":[\"write\","
	                       "\"delete\",\"manage\"]}]}",
	                       pattern);
	struct err e = {0};
	cJSON *answer = NULL;
	struct buf text = BUF_INIT;
	int rc = x->dialect == OS_ELASTIC
	                 ? get(x, run, "POST", "/_security/user/_has_privileges", body, &answer, &e)
	                 : get(x, run, "GET", "/_plugins/_security/authinfo", NULL, &answer, &e);

	if (answer)
		json_write(&text, x->dialect == OS_ELASTIC ? json_obj(answer, "index")
		                                           : json_arr(answer, "roles"));
	if (rc)
		check_say(sink, "may not write", CHECK_SKIPPED, NULL, "%s", e.what);
	else if (x->dialect == OS_ELASTIC)
		say_writes(sink, strstr(text.s, "true") != NULL,
		           strstr(text.s, "true") ? text.s : "no write, delete or manage");
	else if (strstr(text.s, "all_access") || strstr(text.s, "security_manager"))
		say_writes(sink, true, text.s);
	else
		check_say(sink, "may not write", CHECK_SKIPPED, NULL, "it tells only the roles: %s",
		          text.s);
	cJSON_Delete(answer);
	buf_release(&text);
	free(body);
}

static void check_catalog(struct connected *c, const struct source_run *run,
                          const struct check_sink *sink)
{
	struct source_catalog cat = {0};
	struct err e = {0};
	int n;

	if (opensearch_catalog(c, run, &cat, &e)) {
		(void)check_result(sink, "catalogue", -1, &e, OPENSEARCH_RIGHTS, "");
		return;
	}
	n = cJSON_GetArraySize(cat.tables);
	check_say(sink, "catalogue", n ? CHECK_OK : CHECK_WARN, n ? NULL : "no index fits `table`",
	          "%d indexes", n);
	cJSON_Delete(cat.tables);
}

int opensearch_test(struct connected *c, const struct source_run *run,
                    const struct check_sink *sink, struct err *e)
{
	struct opensearch *x = opensearch_of(c);
	struct http_request rq = {.method = "GET", .path = "/", .idempotent = true};
	char *pattern;
	cJSON *answer;

	if (opensearch_pattern(x, &pattern, e))
		return -1;
	if (!check_reach(x->http, run, sink, &rq, OPENSEARCH_RIGHTS, &answer, e)) {
		cJSON_Delete(answer);
		if (!check_result(sink, "version", opensearch_dialect(x, run, e), e, "check url",
		                  "known")) {
			check_login(x, run, sink);
			check_search(x, run, pattern, sink);
			check_cannot_write(x, run, pattern, sink);
			check_catalog(c, run, sink);
		}
	}
	free(pattern);
	return 0;
}
