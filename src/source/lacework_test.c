/* Lacework: what the key may do, right by right, and the tables of LQL. */
#include "base/limits.h"
#include "source/lacework.h"

static int one_row(void *ctx, struct slice raw, struct err *e)
{
	char *at = call_text(raw, "startTime");

	(void)e;
	if (at && strcmp(at, ctx) > 0)
		snprintf(ctx, 40, "%s", at);
	free(at);
	return 0;
}

static void check_alerts(struct lacework *x, const struct source_run *run,
                         const struct check_sink *sink)
{
	cJSON *doc = cJSON_CreateObject();
	char newest[40] = "";
	struct err e = {0};
	int rc;

	lacework_time_filter(doc, mw_now() - LACEWORK_WINDOW, mw_now());
	rc = lacework_rows(x, run, "/api/v2/Alerts/search", doc, one_row, newest, &e);
	if (!check_result(sink, "may read alerts", rc < 0 ? -1 : 0, &e, LACEWORK_RIGHTS,
	                  "alerts can be searched"))
		check_say(sink, "newest event", *newest ? CHECK_OK : CHECK_WARN,
		          *newest ? NULL : "are cloud accounts or agents connected?", "%s",
		          *newest ? newest : "no alert of the last 7 days");
	cJSON_Delete(doc);
}

static void check_inventory(struct lacework *x, const struct source_run *run,
                            const struct check_sink *sink)
{
	cJSON *doc = cJSON_CreateObject();
	struct http_response rs;
	struct err e = {0};
	int rc;

	json_add_str(doc, "csp", "AWS");
	if (!x->no_dataset)
		json_add_str(doc, "dataset", "AwsCompliance");
	lacework_time_filter(doc, mw_now() - MW_HOUR, mw_now());
	rc = lacework_call(x, run, "POST", "/api/v2/Inventory/search", doc, true, &rs, &e);
	http_response_release(&rs);
	(void)check_result(sink, "may read assets", rc, &e, LACEWORK_RIGHTS,
	                   "the inventory can be searched");
	cJSON_Delete(doc);
}

/* The smallest question of a plan: one account. */
static void check_lql(struct lacework *x, const struct source_run *run,
                      const struct check_sink *sink)
{
	struct plan *p = plan_new();
	struct plan_graph *g = &plan_add_step(p, PS_GRAPH)->graph;
	struct rendered text;
	struct http_response rs = {0};
	struct slice rows;
	struct err e = {0};
	int rc;

	g->start_type = arena_strdup(&p->arena, "account");
	g->limit = 1;
	g->use_from = g->use_to = MW_TIME_NONE;
	rc = plan_render(RENDER_LQL, p, 0, NULL, &text, &e);
	rc = rc ? rc
	        : lacework_lql(x, run, text.text.s, 1, mw_now() - MW_DAY, mw_now(), &rs, &rows, &e);
	http_response_release(&rs);
	(void)check_result(sink, "may search", rc, &e, LACEWORK_RIGHTS, "LQL is answered");
	rendered_release(&text);
	plan_free(p);
}

int lacework_catalog(struct connected *c, const struct source_run *run, struct source_catalog *out,
                     struct err *e)
{
	struct lacework *x = lacework_of(c);
	cJSON *answer = NULL, *table;
	const cJSON *t, *column;

	if (lacework_json(x, run, "GET", "/api/v2/Datasources", NULL, true, &answer, e))
		return -1;
	*out = (struct source_catalog){.tables = cJSON_CreateObject(), .at = mw_now()};
	cJSON_ArrayForEach(t, json_arr(answer, "data"))
	{
		const char *name = json_str(t, "name", NULL);
		if (!name || json_get(out->tables, name) ||
		    !connector_in_scope(x->env.entry, "indexes", name))
			continue;
		table = json_add_obj(out->tables, name);
		cJSON_ArrayForEach(column, json_arr(t, "resultSchema"))
		{
			const char *key = json_str(column, "name", NULL);
			if (key && !json_get(table, key))
				json_add_str(table, key, json_str(column, "dataType", ""));
		}
	}
	cJSON_Delete(answer);
	return 0;
}

static void check_rest(struct lacework *x, const struct source_run *run,
                       const struct check_sink *sink)
{
	struct source_catalog cat = {.at = MW_TIME_NONE};
	struct err e = {0};
	int64_t left;

	(void)check_result(sink, "catalogue", lacework_catalog(&x->c, run, &cat, &e), &e,
	                   LACEWORK_RIGHTS, "tables can be listed");
	cJSON_Delete(cat.tables);
	left = lacework_left(x, "Alerts");
	check_say(sink, "quota", left < LACEWORK_HOURLY / 8 ? CHECK_WARN : CHECK_OK,
	          left < LACEWORK_HOURLY / 8 ? "give Midwatch a user of its own, or poll less often"
	                                     : NULL,
	          "%lld of %d requests for alerts are left of this hour", (long long)left,
	          LACEWORK_HOURLY);
	check_say(sink, "may not write", CHECK_SKIPPED, NULL,
	          "Lacework does not tell the rights of a key: look at the group of its user. LQL "
	          "itself only reads");
}

int lacework_test(struct connected *c, const struct source_run *run, const struct check_sink *sink,
                  struct err *e)
{
	struct lacework *x = lacework_of(c);
	struct http_request rq = {.method = "GET",
	                          .path = "/api/v2/UserProfile",
	                          .content_type = "application/json",
	                          .idempotent = true};
	cJSON *profile;

	x->run = *run;
	if (check_reach(x->http, run, sink, &rq, LACEWORK_RIGHTS, &profile, e))
		return 0;
	check_say(sink, "login", CHECK_OK, NULL, "as key %s",
	          json_str(x->env.entry, "client", "?"));
	cJSON_Delete(profile);
	check_alerts(x, run, sink);
	check_inventory(x, run, sink);
	check_lql(x, run, sink);
	check_rest(x, run, sink);
	return 0;
}
