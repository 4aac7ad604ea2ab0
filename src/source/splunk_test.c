/* Splunk: what it knows of its own fields, and whether this account can do what is wanted and no more. */
#include "plan/quote.h"
#include "source/splunk.h"

#define INDEXES_MAX 30
#define FIELDS_MAX 2000

static int on_field(void *ctx, struct slice object, struct err *e)
{
	cJSON *table = ctx;
	cJSON *j = json_parse(object, 65536, e);
	const char *name = json_str(j, "field", NULL);

	if (!j)
		return -1;
	if (name && !json_get(table, name))
		json_add_str(table, name,
		             call_i64(j, "numeric_count", 0) == call_i64(j, "count", -1)
		                     ? "number"
		                     : "string");
	cJSON_Delete(j);
	return 0;
}

static int add_index(struct splunk *x, const struct source_run *run, const char *index,
                     cJSON *tables, struct err *e)
{
	/* Each event has these; fieldsummary leaves them out. */
	static const char *const always[] = {"_time", "_raw",       "_indextime", "index",
	                                     "host",  "sourcetype", "source"};
	cJSON *table = json_add_obj(tables, index);
	char *spl = xasprintf("search index=%s | head 5000 | fieldsummary maxvals=1 | fields field "
	                      "count numeric_count",
	                      index);
	struct splunk_query q = {
	        .spl = spl, .earliest = "-7d@d", .rows = FIELDS_MAX, .row = on_field, .ctx = table};
	int rc = splunk_run(x, run, &q, e);

	for (size_t i = 0; table->child && i < ARRAY_LEN(always); i++)
		if (!json_get(table, always[i]))
			json_add_str(table, always[i], "string");
	free(spl);
	return rc < 0 ? -1 : 0;
}

static bool plain_name(const char *name)
{
	struct buf b = BUF_INIT;
	bool ok = *name != '_' && quote_spl_name(&b, name);

	ok = ok && slice_eq_str((struct slice){b.s, b.len}, name);
	buf_release(&b);
	return ok;
}

static int add_listed(struct splunk *x, const struct source_run *run, cJSON *tables, struct err *e)
{
	cJSON *answer;
	const cJSON *entry;
	int rc = splunk_get(x, run, "/services/data/indexes?count=0", &answer, e), n = 0;

	if (rc)
		return -1;
	cJSON_ArrayForEach(entry, json_arr(answer, "entry"))
	{
		const char *name = json_str(entry, "name", "");
		if (rc || n >= INDEXES_MAX || !plain_name(name) ||
		    !connector_in_scope(x->env.entry, "indexes", name) ||
		    call_bool(json_obj(entry, "content"), "disabled"))
			continue;
		rc = add_index(x, run, name, tables, e);
		n++;
	}
	cJSON_Delete(answer);
	return rc;
}

/* A configured index is looked at whether it is listed or not: a search head does not list those of its peers. */
int splunk_catalog(struct connected *c, const struct source_run *run, struct source_catalog *out,
                   struct err *e)
{
	struct splunk *x = splunk_of(c);
	const char *index = splunk_index(x, 0);
	int rc = 0;

	*out = (struct source_catalog){
	        .tables = cJSON_CreateObject(), .at = mw_now(), .sample = true};
	if (!strcmp(index, "*"))
		rc = add_listed(x, run, out->tables, e);
	for (size_t i = 0; !rc && i < INDEXES_MAX && (index = splunk_index(x, i)); i++)
		if (plain_name(index))
			rc = add_index(x, run, index, out->tables, e);
	if (rc)
		cJSON_Delete(out->tables);
	return rc;
}

/* ---- test ---- */

static bool has_capability(const cJSON *me, const char *name)
{
	const cJSON *c;

	cJSON_ArrayForEach(c, json_arr(me, "capabilities"))
	{
		if (cJSON_IsString(c) && !strcmp(c->valuestring, name))
			return true;
	}
	return false;
}

/* With any of these a search, or the account itself, could change something. */
static const char *const writing[] = {"delete_by_keyword", "admin_all_objects",    "run_collect",
                                      "run_mcollect",      "output_file",          "edit_user",
                                      "edit_tcp",          "rest_apps_management", NULL};

static void check_rights(const cJSON *me, const struct check_sink *sink)
{
	bool search = has_capability(me, "search");
	struct buf found = BUF_INIT;

	check_say(sink, "may search", search ? CHECK_OK : CHECK_FAILED,
	          search ? NULL : SPLUNK_RIGHTS, "%s",
	          search ? "capability search" : "the role lacks the capability `search`");
	for (const char *const *w = writing; *w; w++)
		if (has_capability(me, *w))
			buf_printf(&found, "%s%s", found.len ? ", " : "", *w);
	check_say(sink, "may not write", found.len ? CHECK_WARN : CHECK_OK,
	          found.len ? SPLUNK_RIGHTS : NULL, "%s",
	          found.len ? found.s : "no capability to write");
	check_say(sink, "may update notables",
	          has_capability(me, "edit_notable_events") ? CHECK_OK : CHECK_WARN,
	          has_capability(me, "edit_notable_events")
	                  ? NULL
	                  : "give the role `edit_notable_events` if notables are to be changed "
	                    "from here",
	          "%s",
	          has_capability(me, "edit_notable_events") ? "edit_notable_events"
	                                                    : "no edit_notable_events");
	buf_release(&found);
}

static int take_newest(void *ctx, struct slice object, struct err *e)
{
	cJSON *j = json_parse(object, 65536, e);
	char *text = ctx;

	if (!j)
		return -1;
	snprintf(text, 64, "%s", json_str(j, "newest", ""));
	cJSON_Delete(j);
	return 1;
}

static void check_newest(struct splunk *x, const struct source_run *run,
                         const struct check_sink *sink)
{
	const char *index = splunk_index(x, 0);
	char *spl = xasprintf("| tstats max(_time) AS newest WHERE index=%s", index),
	     newest[64] = "", at[32] = "";
	struct splunk_query q = {
	        .spl = spl, .earliest = "-7d@d", .rows = 1, .row = take_newest, .ctx = newest};
	struct err e = {0};
	mw_time t;
	int rc = splunk_run(x, run, &q, &e) < 0 ? -1 : 0;

	free(spl);
	if (!rc && row_time(slice_of(newest), MW_SECOND, &t))
		mw_time_format(t, at);
	if (rc)
		check_say(sink, "newest event", CHECK_FAILED, SPLUNK_RIGHTS, "%s", e.what);
	else
		check_say(sink, "newest event", *at ? CHECK_OK : CHECK_WARN,
		          *at ? NULL : "is the index right, and may the role search it?",
		          "%s in index %s", *at ? at : "none in the last 7 days", index);
}

static void check_collector(struct splunk *x, const struct source_run *run,
                            const struct check_sink *sink)
{
	struct http_request rq = {
	        .method = "GET", .path = "/services/collector/health", .idempotent = true};
	cJSON *answer = NULL;
	struct err e = {0};

	if (!x->hec)
		check_say(sink, "event collector", CHECK_SKIPPED, NULL,
		          "no hec_url and write_credential are set");
	else if (!check_result(sink, "event collector", call_json(x->hec, run, &rq, &answer, &e),
	                       &e, "check hec_url and that the token is enabled", "healthy"))
		cJSON_Delete(answer);
}

int splunk_test(struct connected *c, const struct source_run *run, const struct check_sink *sink,
                struct err *e)
{
	struct splunk *x = splunk_of(c);
	struct http_request rq = {
	        .method = "GET",
	        .path = "/services/authentication/current-context?output_mode=json",
	        .idempotent = true};
	struct err own = {0};
	cJSON *answer, *indexes = NULL;
	const cJSON *me;

	if (check_reach(x->http, run, sink, &rq, SPLUNK_RIGHTS, &answer, e))
		return 0;
	me = splunk_content(answer);
	check_say(sink, "login", CHECK_OK, NULL, "as %s", json_str(me, "username", "?"));
	check_rights(me, sink);
	cJSON_Delete(answer);
	check_newest(x, run, sink);
	(void)check_result(sink, "catalogue",
	                   splunk_get(x, run, "/services/data/indexes?count=0", &indexes, &own),
	                   &own, SPLUNK_RIGHTS, "indexes can be listed");
	cJSON_Delete(indexes);
	check_collector(x, run, sink);
	return 0;
}
