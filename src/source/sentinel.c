/*
 * Microsoft Sentinel: queries of a Log Analytics workspace, each one synchronous call without paging. What does not fit one answer (500,000
 * rows, 64 MB, the time) is asked again in halves of its window. Facts: learn.microsoft.com/azure/azure-monitor/logs/api. Unconfirmed and
 * handled both ways: numbers and booleans as text, dynamic columns as text or as objects, 200 or 204 without a body.
 */
#include "source/sentinel.h"

#define ANSWER_MAX (110u * 1024 * 1024)
#define SERVER_WAIT_MAX 600
#define TRIES 3
#define WINDOW_DEFAULT (3650 * MW_DAY)
#define SLICE_MIN MW_SECOND
#define PUBLIC_LOGIN "https://login.microsoftonline.com"
#define PUBLIC_MANAGE "https://management.azure.com"
#define RETRY_US MW_SECOND

/* ---- tokens ---- */

static int take_token(struct sentinel *x, const cJSON *answer, struct secret **header,
                      mw_time *expires, struct err *e)
{
	const char *token = json_str(answer, "access_token", NULL);
	struct secret *s;

	if (!token)
		return err_set(e, ERR_REMOTE, "%s: its token endpoint gave no token",
		               x->c.source.name);
	s = secret_new(token, strlen(token));
	*header = connector_header("Authorization: Bearer ", s);
	*expires = mw_now() + call_i64(answer, "expires_in", 300) * MW_SECOND;
	secret_free(s);
	return 0;
}

static int fetch_token(void *ctx, struct http *h, bool force, struct secret **header,
                       mw_time *expires, struct err *e)
{
	struct sentinel_api *api = ctx;
	struct sentinel *x = api->x;
	char *path = xasprintf("/%s/oauth2/v2.0/token", json_str(x->env.entry, "tenant", ""));
	struct http_request rq = {.method = "POST",
	                          .path = path,
	                          .content_type = "application/x-www-form-urlencoded",
	                          .idempotent = true,
	                          .no_auth = true};
	struct buf form = BUF_INIT;
	cJSON *answer = NULL;
	int rc;

	(void)h, (void)force;
	call_form_str(&form, "grant_type", "client_credentials");
	call_form_str(&form, "client_id", json_str(x->env.entry, "client", ""));
	call_form(&form, "client_secret",
	          x->env.secret ? secret_bytes(x->env.secret) : (struct slice){0});
	call_form_str(&form, "scope", api->scope);
	rq.body = (struct slice){form.s, form.len};
	rc = call_json(x->login, &x->run, &rq, &answer, e);
	if (rc)
		err_prefix(e, "logging in at the token endpoint");
	else
		rc = take_token(x, answer, header, expires, e);
	secret_wipe(form.s, form.len);
	buf_release(&form);
	cJSON_Delete(answer);
	free(path);
	return rc;
}

/* ---- one answer ---- */

struct answer {
	VEC(struct slice) columns; /* as JSON text, quoted */
	search_each_fn *row;
	void *ctx;
	struct buf object;
	size_t at;
	struct slice table; /* the chosen one */
	bool primary;
};

static int choose_table(void *ctx, struct slice table, struct err *e)
{
	struct answer *a = ctx;
	struct slice name;
	bool primary =
	        call_member(table, "name", &name) && slice_eq(name, SLICE("\"PrimaryResult\""));

	(void)e;
	if (!a->table.n || (primary && !a->primary)) {
		a->table = table;
		a->primary = primary;
	}
	return 0;
}

static int add_column(void *ctx, struct slice column, struct err *e)
{
	struct answer *a = ctx;
	struct slice name;

	if (!call_member(column, "name", &name))
		return err_set(e, ERR_REMOTE, "its answer is broken JSON");
	*vec_push(&a->columns) = name;
	return 0;
}

/* An empty text is no value there. */
static int add_cell(void *ctx, struct slice cell, struct err *e)
{
	struct answer *a = ctx;

	if (a->at >= a->columns.n)
		return err_set(e, ERR_REMOTE,
		               "a row of its answer has more cells than there are columns");
	if (!slice_eq(cell, SLICE("null")) && !slice_eq(cell, SLICE("\"\""))) {
		buf_str(&a->object, a->object.len > 1 ? "," : "");
		buf_add(&a->object, a->columns.v[a->at].s, a->columns.v[a->at].n);
		buf_ch(&a->object, ':');
		buf_add(&a->object, cell.s, cell.n);
	}
	a->at++;
	return 0;
}

static int add_row(void *ctx, struct slice row, struct err *e)
{
	struct answer *a = ctx;

	buf_reset(&a->object);
	buf_ch(&a->object, '{');
	a->at = 0;
	if (call_elements(row, add_cell, a, e))
		return -1;
	if (a->at != a->columns.n)
		return err_set(e, ERR_REMOTE,
		               "a row of its answer has fewer cells than there are columns");
	buf_ch(&a->object, '}');
	return a->row(a->ctx, (struct slice){a->object.s, a->object.len}, e);
}

static int take_rows(struct slice body, search_each_fn *row, void *ctx, struct err *e)
{
	struct answer a = {.row = row, .ctx = ctx};
	struct slice tables, columns, rows;
	int rc = 0;

	buf_init(&a.object, 0);
	if (!call_member(body, "tables", &tables))
		rc = err_set(e, ERR_REMOTE, "its answer has no tables");
	rc = rc ? rc : call_elements(tables, choose_table, &a, e);
	if (!rc &&
	    (!call_member(a.table, "columns", &columns) || !call_member(a.table, "rows", &rows)))
		rc = err_set(e, ERR_REMOTE, "a table of its answer has no columns or rows");
	rc = rc ? rc : call_elements(columns, add_column, &a, e);
	rc = rc ? rc : call_elements(rows, add_row, &a, e);
	vec_free(&a.columns);
	buf_release(&a.object);
	return rc;
}

/* What it says of an answer of 200 that is not whole; NULL where it is. */
static char *partial_reason(struct slice body)
{
	struct slice error;
	struct buf text = BUF_INIT;
	cJSON *j;
	const cJSON *detail;

	if (!call_member(body, "error", &error))
		return NULL;
	j = json_parse(error, 1024 * 1024, NULL);
	detail = cJSON_GetArrayItem(json_arr(j, "details"), 0);
	buf_str(&text,
	        json_str(json_obj(detail, "innererror"), "message",
	                 json_str(detail, "message", json_str(j, "message", "it gave no reason"))));
	cJSON_Delete(j);
	return buf_take(&text, NULL);
}

static void add_timespan(cJSON *doc, mw_time from, mw_time to)
{
	char a[32], b[32], span[72];

	mw_time_format(from, a);
	mw_time_format(to, b);
	snprintf(span, sizeof(span), "%s/%s", a, b);
	json_add_str(doc, "timespan", span);
}

/* 429 waits in net/ as Retry-After says; 502 and 503 are tried again, a time-out there is not. */
static int post(struct sentinel *x, const struct source_run *run, struct slice body,
                struct http_response *rs, struct err *e)
{
	char *path = xasprintf("/v1/workspaces/%s/query", json_str(x->env.entry, "workspace", ""));
	int64_t seconds = call_seconds_left(run);
	char *prefer =
	        xasprintf("Prefer: wait=%lld,include-statistics=true",
	                  (long long)(seconds > SERVER_WAIT_MAX ? SERVER_WAIT_MAX : seconds));
	const char *headers[] = {prefer, NULL};
	int rc = -1;

	for (int i = 0; i < TRIES; i++) {
		struct http_request rq = {.method = "POST",
		                          .path = path,
		                          .headers = headers,
		                          .body = body,
		                          .content_type = "application/json",
		                          .max_body = ANSWER_MAX};
		struct err own = {0};
		bool cut;
		rc = call_do(x->logs.http, run, &rq, rs, &own);
		*e = rc ? own : *e;
		cut = own.code == ERR_REMOTE &&
		      (!rs->status || rs->status / 100 == 2); /* no whole answer */
		if (!rc || i + 1 == TRIES || (rs->status != 502 && rs->status != 503 && !cut))
			break;
		if (call_wait(run, RETRY_US << i, x->c.source.name, &own))
			break;
		http_response_release(rs);
	}
	free(path);
	free(prefer);
	return rc;
}

int sentinel_query(struct sentinel *x, const struct source_run *run, const char *kql, mw_time from,
                   mw_time to, bool take_part, char **part, search_each_fn *row, void *ctx,
                   struct err *e)
{
	cJSON *doc = cJSON_CreateObject();
	struct buf body = BUF_INIT;
	struct http_response rs;
	struct slice answer;
	int rc;

	*part = NULL;
	x->run = *run;
	json_add_str(doc, "query", kql);
	add_timespan(doc, from, to);
	json_write(&body, doc);
	rc = post(x, run, (struct slice){body.s, body.len}, &rs, e);
	if (rc && (rs.status == 504 || e->code == ERR_LIMIT) && rs.status != 429)
		*part = xstrdup(e->what);
	answer = slice_trim((struct slice){rs.body.s, rs.body.len});
	/* No body and a success is how it says "no rows". */
	if (!rc && answer.n) {
		rc = call_expect_json(x->c.source.name, &rs, e);
		*part = rc ? NULL : partial_reason(answer);
		if (!rc && (!*part || take_part) && (rc = take_rows(answer, row, ctx, e)) < 0)
			err_prefix(e, "%s", x->c.source.name);
	}
	http_response_release(&rs);
	buf_release(&body);
	cJSON_Delete(doc);
	return rc;
}

/* ---- search ---- */

struct ask {
	struct sentinel *x;
	struct search *s;
	const char *table;
};

struct row_conf sentinel_rows(const struct sentinel *x, const char *table)
{
	const char *dataset = kql_dataset(table);

	return (struct row_conf){.names = ROW_SENTINEL,
	                         .table = table,
	                         .time_unit = MW_SECOND,
	                         .columns_only = true,
	                         .dataset = dataset ? dataset : "json",
	                         .normalise = x->env.normalise,
	                         .normalise_ctx = x->env.normalise_ctx};
}

static bool newest_first(const struct plan_search *s)
{
	return !plan_is_grouped(s) && s->nsort && s->sort[0].desc;
}

/* One window; in halves, in the order of the plan, where an answer is not whole. Groups cannot be put together from halves. */
static int ask_window(struct ask *a, mw_time from, mw_time to, struct err *e)
{
	struct row_conf rows = sentinel_rows(a->x, a->table);
	struct search *s = a->s;
	mw_time middle = from + (to - from) / 2;
	bool halves = to - from > SLICE_MIN, desc = newest_first(s->s);
	char *part;
	int rc;

	s->s->from = (struct plan_time){.kind = PW_ABS, .t = from};
	s->s->to = (struct plan_time){.kind = PW_ABS, .t = to};
	if (search_render(s, a->table, &rows, e))
		return -1;
	halves = halves && !s->grouped && !s->p->steps[s->step].hand;
	rc = sentinel_query(a->x, s->run, s->text.text.s, from, to, !halves, &part, search_object,
	                    s, e);
	if (part && halves) {
		rc = desc ? ask_window(a, middle, to, e) : ask_window(a, from, middle, e);
		if (!rc)
			rc = desc ? ask_window(a, from, middle, e) : ask_window(a, middle, to, e);
	} else if (part && !rc) {
		search_partial(s, "%s", part);
	}
	free(part);
	return rc;
}

static int ask_table(struct sentinel *x, struct search *s, const char *table, struct err *e)
{
	struct ask a = {x, s, table};
	mw_time to = s->s->to.kind == PW_ABS ? s->s->to.t : mw_now() + MW_DAY,
	        from = s->s->from.kind == PW_ABS ? s->s->from.t : to - WINDOW_DEFAULT;
	struct plan_time keep_from = s->s->from, keep_to = s->s->to;
	int rc;

	if (connector_index_scope(x->env.entry, "the table ", table, e))
		return -1;
	rc = ask_window(&a, from, to, e);
	s->s->from = keep_from;
	s->s->to = keep_to;
	return rc > 0 ? 0 : rc;
}

/* The tables to ask: those of the plan's datasets; without any, all known ones that the workspace has. */
struct chosen {
	const char *v[64];
	size_t n;
};

static void add_table(struct chosen *c, const char *table)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->v[i], table))
			return;
	if (c->n < ARRAY_LEN(c->v))
		c->v[c->n++] = table;
}

static int named_tables(const struct sentinel *x, const struct plan_search *s, struct chosen *out,
                        struct err *e)
{
	for (size_t i = 0; i < s->ndatasets; i++) {
		const char *t = kql_table(s->datasets[i]);
		if (!t)
			return err_set(e, ERR_INVALID,
			               "%s: no Sentinel table is known for the dataset %s",
			               x->c.source.name, s->datasets[i]);
		add_table(out, t);
	}
	return 0;
}

/* The known table that a text begins with: its columns' names are those of the rows. */
static const char *hand_table(const char *text)
{
	const char *t;

	for (size_t i = 0; (t = kql_table_at(i)); i++)
		if (!strncmp(text, t, strlen(t)))
			return t;
	return kql_table_at(0);
}

static int choose_tables(struct sentinel *x, const struct source_run *run,
                         const struct plan_search *s, const char *hand, struct chosen *out,
                         struct err *e)
{
	const cJSON *known;
	const char *t;

	if (hand) {
		add_table(out, hand_table(hand));
		return 0;
	}
	if (named_tables(x, s, out, e) || s->ndatasets)
		return s->ndatasets && out->n ? 0 : -1;
	if (sentinel_tables(x, run, &known, e))
		return -1;
	for (size_t i = 0; (t = kql_table_at(i)); i++)
		if (json_get(known, t) && connector_in_scope(x->env.entry, "indexes", t))
			add_table(out, t);
	return out->n ? 0
	              : err_set(e, ERR_NOT_FOUND,
	                        "%s: the workspace has none of the tables that are known here",
	                        x->c.source.name);
}

static int search(struct source *src, const struct plan *p, size_t i, const struct source_run *run,
                  const struct source_sink *sink, struct source_done *done, struct err *e)
{
	struct sentinel *x = (struct sentinel *)src;
	struct chosen tables = {0};
	struct search s;
	size_t without = 0;
	int rc = search_begin(&s, &x->env, RENDER_KQL, p, i, run, sink, done, e);

	x->run = *run;
	if (!rc)
		rc = choose_tables(x, run, s.s, p->steps[i].hand, &tables, e);
	for (size_t k = 0; !rc && k < tables.n && !s.full; k++) {
		rc = ask_table(x, &s, tables.v[k], e);
		/* A table without the column has no such row; the others may. */
		if (rc && e->code == ERR_NOT_FOUND && without++ < tables.n - 1) {
			snprintf(done->fields, sizeof(done->fields), "%.*s",
			         (int)sizeof(done->fields) - 1, e->what);
			rc = 0;
		}
	}
	return search_end(&s, rc, e);
}

static unsigned fit(struct source *src, const struct plan *p, size_t i)
{
	struct sentinel *x = (struct sentinel *)src;
	const struct plan_search *s = &p->steps[i].search;
	struct chosen tables = {0};

	if (p->steps[i].kind != PS_SEARCH || named_tables(x, s, &tables, NULL))
		return 0;
	/* Without datasets several tables are asked. */
	return search_fit(&x->env, RENDER_KQL, p, i, tables.n ? tables.v[0] : kql_table_at(0),
	                  tables.n ? tables.n : 2);
}

/* ---- opening ---- */

static void close_api(struct sentinel_api *a)
{
	http_free(a->http);
	free(a->scope);
}

static void close_(struct source *s)
{
	struct sentinel *x = (struct sentinel *)s;

	http_free(x->login);
	close_api(&x->logs);
	close_api(&x->manage);
	close_api(&x->ingest);
	close_api(&x->collector);
	cJSON_Delete(x->tables);
	free(x);
}

static int open_api(struct sentinel *x, struct sentinel_api *a, const char *base, const char *scope,
                    struct err *e)
{
	struct http_conf more = {.max_retries = CONNECTOR_RETRIES, .base_url = base};

	a->x = x;
	a->scope = scope ? xasprintf("%s/.default", scope) : NULL;
	return connector_http(&a->http, &x->env, &more, scope ? fetch_token : NULL, a, e);
}

/* The ingestion service's audience goes with the cloud. */
static const char *ingest_scope(const char *manage)
{
	return strstr(manage, "usgovcloudapi")   ? "https://monitor.azure.us"
	       : strstr(manage, "chinacloudapi") ? "https://monitor.azure.cn"
	                                         : "https://monitor.azure.com";
}

static int open_all(struct sentinel *x, struct err *e)
{
	const cJSON *n = x->env.entry;
	const char *url = json_str(n, "url", ""),
	           *manage = json_str(n, "manage_url", PUBLIC_MANAGE),
	           *ingest = json_str(n, "ingest_url", NULL);
	struct http_conf more = {.max_retries = CONNECTOR_RETRIES,
	                         .base_url = json_str(n, "login_url", PUBLIC_LOGIN)};
	char *collector;
	int rc;

	if (connector_http(&x->login, &x->env, &more, NULL, NULL, e) ||
	    open_api(x, &x->logs, url, url, e) || open_api(x, &x->manage, manage, manage, e))
		return -1;
	if (ingest && json_str(n, "ingest_rule", NULL))
		return open_api(x, &x->ingest, ingest, ingest_scope(manage), e);
	if (!x->env.write_secret)
		return 0;
	collector = ingest ? xstrdup(ingest)
	                   : xasprintf("https://%s.ods.opinsights.azure.com",
	                               json_str(n, "workspace", ""));
	rc = open_api(x, &x->collector, collector, NULL, e);
	free(collector);
	return rc;
}

static const struct source_ops ops = {
        .kind = "sentinel", .search = search, .close = close_, .fit = fit};

static int open_(struct connected **out, const struct connector_env *env, struct err *e)
{
	struct sentinel *x = xcalloc(1, sizeof(*x));

	x->c = (struct connected){{&ops, json_str(env->entry, "name", "sentinel")},
	                          &connector_sentinel};
	x->env = *env;
	if (open_all(x, e)) {
		close_(&x->c.source);
		return -1;
	}
	*out = &x->c;
	return 0;
}

const struct connector connector_sentinel = {
        .kind = "sentinel",
        .language = "kql",
        .rights = SENTINEL_RIGHTS,
        .open = open_,
        .test = sentinel_test,
        .catalog = sentinel_catalog,
        .findings = sentinel_findings,
        .thin_findings = true,
        .finding = sentinel_finding,
        .finding_events = sentinel_finding_events,
        .version = sentinel_version,
        .update = sentinel_update,
        .create = sentinel_create,
        .ingest = sentinel_ingest,
};
