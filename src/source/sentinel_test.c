/* Sentinel: tables of the workspace, and what the app registration may do. */
#include "source/sentinel.h"

int sentinel_catalog(struct connected *c, const struct source_run *run, struct source_catalog *out,
                     struct err *e)
{
	struct sentinel *x = sentinel_of(c);
	char *path =
	        xasprintf("/v1/workspaces/%s/metadata", json_str(x->env.entry, "workspace", ""));
	struct http_request rq = {.method = "GET", .path = path, .idempotent = true};
	const cJSON *t, *column;
	cJSON *answer, *table;
	int rc;

	x->run = *run;
	rc = call_json(x->logs.http, run, &rq, &answer, e);
	free(path);
	if (rc)
		return -1;
	*out = (struct source_catalog){.tables = cJSON_CreateObject(), .at = mw_now()};
	cJSON_ArrayForEach(t, json_arr(answer, "tables"))
	{
		const char *name = json_str(t, "name", NULL);
		if (!name || json_get(out->tables, name) ||
		    !connector_in_scope(x->env.entry, "indexes", name))
			continue;
		table = json_add_obj(out->tables, name);
		cJSON_ArrayForEach(column, json_arr(t, "columns"))
		{
			if (json_str(column, "name", NULL) &&
			    !json_get(table, json_str(column, "name", "")))
				json_add_str(table, json_str(column, "name", ""),
				             json_str(column, "type", ""));
		}
	}
	cJSON_Delete(answer);
	return 0;
}

int sentinel_tables(struct sentinel *x, const struct source_run *run, const cJSON **out,
                    struct err *e)
{
	struct source_catalog cat;

	if (x->env.catalog && x->env.catalog->tables) {
		*out = x->env.catalog->tables;
		return 0;
	}
	if (!x->tables) {
		if (sentinel_catalog(&x->c, run, &cat, e))
			return -1;
		x->tables = cat.tables;
	}
	*out = x->tables;
	return 0;
}

/* ---- test ---- */

static int take_newest(void *ctx, struct slice object, struct err *e)
{
	cJSON *j = json_parse(object, 65536, e);

	snprintf(ctx, 64, "%s", json_str(j, "newest", ""));
	cJSON_Delete(j);
	return j ? 1 : -1;
}

static void check_newest(struct sentinel *x, const struct source_run *run,
                         const struct check_sink *sink)
{
	const cJSON *tables = NULL;
	const char *table = NULL, *t;
	char newest[64] = "", *part = NULL, *kql;
	struct err e = {0};
	int rc = sentinel_tables(x, run, &tables, &e);

	(void)check_result(sink, "catalogue", rc, &e, SENTINEL_RIGHTS, "tables can be listed");
	for (size_t i = 0; !table && (t = kql_table_at(i)); i++)
		table = json_get(tables, t) ? t : NULL;
	if (rc || !table)
		return;
	kql = xasprintf("%s | summarize newest=max(TimeGenerated)", table);
	rc = sentinel_query(x, run, kql, mw_now() - 7 * MW_DAY, mw_now() + MW_DAY, true, &part,
	                    take_newest, newest, &e);
	if (!check_result(sink, "may search", rc < 0 ? -1 : 0, &e, SENTINEL_RIGHTS, table))
		check_say(sink, "newest event", *newest ? CHECK_OK : CHECK_WARN,
		          *newest ? NULL : "is the data connector of this table at work?",
		          "%s in %s", *newest ? newest : "none in the last 7 days", table);
	free(part);
	free(kql);
}

static int arm_get(struct sentinel *x, const struct source_run *run, const char *rest, cJSON **out,
                   struct err *e)
{
	char *path = xasprintf("%s%s", json_str(x->env.entry, "resource", ""), rest);
	struct http_request rq = {.method = "GET", .path = path, .idempotent = true};
	int rc = call_json(x->manage.http, run, &rq, out, e);

	free(path);
	return rc;
}

/* Azure tells the actions of all roles together. Changing incidents is the one write that is wanted. */
static const char *writing_action(const cJSON *answer)
{
	const cJSON *role, *a;

	cJSON_ArrayForEach(role, json_arr(answer, "value"))
	{
		cJSON_ArrayForEach(a, json_arr(role, "actions"))
		{
			const char *s = cJSON_IsString(a) ? a->valuestring : "";
			bool reads = strlen(s) > 5 && !strcmp(s + strlen(s) - 5, "/read");
			if (!reads && strncasecmp(s, "Microsoft.SecurityInsights/", 27) != 0 &&
			    !strstr(s, "/action"))
				return s;
		}
	}
	return NULL;
}

static void check_manage(struct sentinel *x, const struct source_run *run,
                         const struct check_sink *sink)
{
	struct err e = {0}, e2 = {0};
	cJSON *incidents = NULL, *rights = NULL;
	const char *action;

	if (!json_str(x->env.entry, "resource", NULL)) {
		check_say(sink, "incidents", CHECK_SKIPPED, NULL,
		          "no `resource` is set: incidents are not read");
		return;
	}
	(void)check_result(sink, "incidents",
	                   arm_get(x, run,
	                           "/providers/Microsoft.SecurityInsights/"
	                           "incidents?$top=1&api-version=2023-02-01",
	                           &incidents, &e),
	                   &e, SENTINEL_RIGHTS, "can be read");
	if (arm_get(x, run, "/providers/Microsoft.Authorization/permissions?api-version=2022-04-01",
	            &rights, &e2)) {
		check_say(sink, "may not write", CHECK_SKIPPED, NULL, "%s", e2.what);
	} else {
		action = writing_action(rights);
		check_say(sink, "may not write", action ? CHECK_WARN : CHECK_OK,
		          action ? SENTINEL_RIGHTS : NULL, "%s",
		          action ? action : "only reading and incidents");
	}
	cJSON_Delete(incidents);
	cJSON_Delete(rights);
}

int sentinel_test(struct connected *c, const struct source_run *run, const struct check_sink *sink,
                  struct err *e)
{
	struct sentinel *x = sentinel_of(c);
	char *path = xasprintf("/v1/workspaces/%s/query", json_str(x->env.entry, "workspace", ""));
	struct http_request rq = {.method = "POST",
	                          .path = path,
	                          .body = SLICE("{\"query\":\"print x=1\",\"timespan\":\"PT1H\"}"),
	                          .content_type = "application/json",
	                          .idempotent = true};
	cJSON *answer;
	int rc;

	x->run = *run;
	rc = check_reach(x->logs.http, run, sink, &rq, SENTINEL_RIGHTS, &answer, e);
	free(path);
	if (rc)
		return 0;
	cJSON_Delete(answer);
	check_say(sink, "login", CHECK_OK, NULL, "as app %s",
	          json_str(x->env.entry, "client", "?"));
	check_newest(x, run, sink);
	check_manage(x, run, sink);
	return 0;
}
