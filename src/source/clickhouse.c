/*
 * ClickHouse over HTTP (24.x and later): a JSONEachRow stream, progress in headers, KILL QUERY by our own query id. Facts:
 * clickhouse.com/docs/en/interfaces/http. HTTP 200 is no success there: an error after the first bytes is text in the body, or in newer
 * versions an {"exception"} line or an __exception__ block; all three end a search as an error. Unconfirmed and handled both ways: 64-bit
 * integers as numbers or as text.
 */
#include "plan/quote.h"
#include "source/clickhouse_int.h"
#include "source/clickhouse_own.h"
#include "source/connector_search.h"

#define PROGRESS_MS 500
#define BUSY_FIRST_US (MW_SECOND / 2)
#define BUSY_MAX_US (20 * MW_SECOND)
#define TABLE_DEFAULT "events"

static struct clickhouse *of(struct source *s)
{
	return (struct clickhouse *)s;
}

const char *clickhouse_table(const struct clickhouse *x)
{
	return json_str(x->env.entry, "table", TABLE_DEFAULT);
}

/* ---- one query ---- */

struct query {
	struct clickhouse *x;
	const struct source_run *run;
	char *id;
	struct buf path;
	struct call_lines lines;
	struct search *search; /* of a search, else NULL */
	bool stopped;          /* by us: the limit */
	struct err *e;
};

static void query_init(struct query *q, struct clickhouse *x, const struct source_run *run)
{
	const char *db = json_str(x->env.entry, "database", NULL);

	*q = (struct query){.x = x, .run = run, .id = call_new_id("midwatch-")};
	buf_init(&q->path, 0);
	buf_str(&q->path, "/?");
	if (db)
		call_form_str(&q->path, "database", db);
	call_form_str(&q->path, "query_id", q->id);
}

static void query_release(struct query *q)
{
	free(q->id);
	buf_release(&q->path);
}

static int leading_number(const char *at, const char *end)
{
	int n = 0;

	for (; at < end && *at >= '0' && *at <= '9' && n < 100000; at++)
		n = n * 10 + *at - '0';
	return n;
}

/* What the engine says when it fails: "Code: 60. DB::Exception: ...". 0 where it is no such text. */
static int error_code(struct slice text)
{
	static const char before[] = "Code: ";
	const char *at = memmem(text.s, text.n, before, sizeof(before) - 1);
	const char *mark = memmem(text.s, text.n, "DB::Exception", 13);

	return at && mark && at < mark ? leading_number(at + sizeof(before) - 1, mark) : 0;
}

static const struct {
	int code;
	enum err_code as;
	const char *advice;
} codes[] = {
        {60, ERR_NOT_FOUND, "it has no such table: check `table` and `database` of the entry"},
        {81, ERR_NOT_FOUND, "it has no such database: check `database` of the entry"},
        {47, ERR_NOT_FOUND, "it has no such column: see `midwatch source test`"},
        {62, ERR_INVALID, "it refused the query's syntax"},
        {159, ERR_DEADLINE, "the query took longer than it allows"},
        {158, ERR_LIMIT, "the query reads more rows than it allows: narrow the window"},
        {396, ERR_LIMIT, "the answer is larger than it allows: narrow the window"},
        {241, ERR_LIMIT, "the query needs more memory than it allows: narrow the window"},
        {394, ERR_CANCELLED, "the query was cancelled there"},
        {164, ERR_DENIED,
         "the account is read-only in a way that forbids settings: give it readonly = 2"},
        {497, ERR_DENIED, "the account lacks the right for this"},
        {516, ERR_DENIED, "the credential was refused: renew it"},
        {194, ERR_DENIED, "the credential was refused: renew it"},
};

static bool is_known(int code)
{
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == code)
			return true;
	return false;
}

static int engine_error(const struct clickhouse *x, struct slice text, struct err *e)
{
	int code = error_code(text);
	struct buf said = BUF_INIT;

	call_message(text, &said);
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == code) {
			err_set(e, codes[i].as, "%s: %s. It said: %s", x->c.source.name,
			        codes[i].advice, said.s);
			buf_release(&said);
			return -1;
		}
	if (code)
		err_set(e, ERR_REMOTE, "%s failed: %s", x->c.source.name, said.s);
	else
		err_set(e, ERR_REMOTE,
		        "%s answered with what is neither a row nor an error of ClickHouse: %s. Is "
		        "the address "
		        "that of its HTTP interface?",
		        x->c.source.name, said.s);
	buf_release(&said);
	return -1;
}

/* Codes after which the same query may well succeed: too many queries at once, its network, too many parts. */
static bool is_busy(int code)
{
	return code == 202 || code == 209 || code == 210 || code == 252;
}

static int send_once(struct query *q, struct slice sql, struct http_request *rq,
                     struct http_response *rs, int *code, struct err *e)
{
	int rc;

	rq->method = "POST";
	rq->path = q->path.s;
	rq->body = sql;
	rq->deadline_us = q->run->deadline_us;
	rq->cancelled = q->run->cancelled;
	*code = 0;
	rc = http_do(q->x->http, rq, rs, e);
	if (rc)
		return -1;
	if (rs->status / 100 == 2)
		return 0;
	*code = error_code((struct slice){rs->body.s, rs->body.len});
	return is_known(*code) ? engine_error(q->x, (struct slice){rs->body.s, rs->body.len}, e)
	                       : call_status_err(q->x->http, rs, e);
}

/* Sends, and again as long as the engine is only busy. Release rs either way. */
static int send_query(struct query *q, struct slice sql, struct http_request *rq,
                      struct http_response *rs, struct err *e)
{
	int64_t wait = BUSY_FIRST_US;
	int code;

	for (;;) {
		int rc = send_once(q, sql, rq, rs, &code, e);
		if (!rc || !is_busy(code) || mw_mono_us() + wait > q->run->deadline_us)
			return rc;
		if (call_wait(q->run, wait, q->x->c.source.name, e))
			return -1;
		http_response_release(rs);
		wait = wait * 2 > BUSY_MAX_US ? BUSY_MAX_US : wait * 2;
	}
}

/* A small query of our own: its rows as JSONCompact's "data". */
int clickhouse_ask(struct clickhouse *x, const struct source_run *run, const char *sql,
                   const char *const *params, cJSON **out, struct err *e)
{
	struct http_request rq = {.idempotent = true};
	struct http_response rs;
	struct query q;
	int rc;

	query_init(&q, x, run);
	call_form_str(&q.path, "default_format", "JSONCompact");
	call_form_str(&q.path, "wait_end_of_query", "1");
	for (; params && params[0]; params += 2)
		call_form_str(&q.path, params[0], params[1]);
	rc = send_query(&q, slice_of(sql), &rq, &rs, e);
	*out = NULL;
	if (!rc)
		rc = call_parse(x->c.source.name, &rs, out, e);
	if (!rc && (!*out || json_get(*out, "exception")))
		rc = engine_error(
		        x, *out ? slice_of(json_str(*out, "exception", "")) : SLICE("no answer"),
		        e);
	http_response_release(&rs);
	query_release(&q);
	return rc;
}

/* ---- search ---- */

static void on_header(void *ctx, struct slice line)
{
	static const char name[] = "X-ClickHouse-Progress:";
	struct query *q = ctx;
	size_t n = sizeof(name) - 1;
	double read, total;
	cJSON *j;

	if (!q->search || line.n < n || strncasecmp(line.s, name, n))
		return;
	j = json_parse(slice_trim((struct slice){line.s + n, line.n - n}), 4096, NULL);
	read = (double)call_i64(j, "read_rows", 0);
	total = (double)call_i64(j, "total_rows_to_read", 0);
	if (read > (double)q->search->done->scanned)
		q->search->done->scanned = (uint64_t)read;
	search_progress(q->search, total > 0 ? read / total : -1);
	cJSON_Delete(j);
}

static bool is_exception(struct slice line)
{
	return line.s[0] != '{' || (line.n > 13 && !memcmp(line.s, "{\"exception\":", 13));
}

static int on_line(void *ctx, struct slice line, struct err *e)
{
	struct query *q = ctx;
	int rc;

	if (is_exception(line))
		return engine_error(q->x, line, e);
	rc = search_object(q->search, line, e);
	q->stopped = rc > 0;
	return rc ? -1 : 0;
}

static int on_body(void *ctx, struct slice part, struct err *e)
{
	struct query *q = ctx;

	return call_lines_feed(&q->lines, part, e);
}

/* Who is gone may still be working there: our id stops it. */
static void kill_query(struct query *q)
{
	const char *params[] = {"param_id", q->id, NULL};
	struct source_run run = call_last_words();
	cJSON *out = NULL;

	(void)clickhouse_ask(q->x, &run, "KILL QUERY WHERE query_id = {id:String} ASYNC", params,
	                     &out, NULL);
	cJSON_Delete(out);
}

static void add_settings(struct query *q)
{
	int64_t seconds = (q->run->deadline_us - mw_mono_us()) / MW_SECOND + 1;

	call_form_str(&q->path, "default_format", "JSONEachRow");
	call_form_i64(&q->path, "max_execution_time", seconds > 1 ? seconds : 1);
	call_form_str(&q->path, "timeout_overflow_mode", "throw");
	call_form_str(&q->path, "result_overflow_mode", "throw");
	call_form_str(&q->path, "send_progress_in_http_headers", "1");
	call_form_i64(&q->path, "http_headers_progress_interval_ms", PROGRESS_MS);
	call_form_str(&q->path, "cancel_http_readonly_queries_on_client_close", "1");
	call_form_str(&q->path, "output_format_json_quote_64bit_integers", "1");
	call_form_str(&q->path, "date_time_output_format", "simple");
}

static int fetch(struct clickhouse *x, struct search *s, struct err *e)
{
	struct http_request rq = {.idempotent = true, .on_body = on_body, .on_header = on_header};
	struct http_response rs;
	struct err own = {0};
	struct query q;
	int rc;

	query_init(&q, x, s->run);
	add_settings(&q);
	q.search = s;
	call_lines_init(&q.lines, x->c.source.name, on_line, &q);
	rq.ctx = &q;
	rc = send_query(&q, (struct slice){s->text.text.s, s->text.text.len}, &rq, &rs, &own);
	if (!rc)
		rc = call_lines_end(&q.lines, &own);
	if (q.stopped)
		rc = 0;
	else if (rc)
		*e = own;
	if (rc || q.stopped)
		kill_query(&q);
	call_lines_release(&q.lines);
	http_response_release(&rs);
	query_release(&q);
	return rc;
}

static struct row_conf rows_of(const struct clickhouse *x)
{
	return (struct row_conf){.names = ROW_OWN,
	                         .time_unit = MW_SECOND,
	                         .raw_column = "raw",
	                         .dataset_column = "dataset",
	                         .dataset = "json",
	                         .normalise = x->env.normalise,
	                         .normalise_ctx = x->env.normalise_ctx};
}

int clickhouse_in_scope(const struct clickhouse *x, struct err *e)
{
	return connector_index_scope(x->env.entry, "the table ", clickhouse_table(x), e);
}

static int search(struct source *src, const struct plan *p, size_t i, const struct source_run *run,
                  const struct source_sink *sink, struct source_done *done, struct err *e)
{
	struct clickhouse *x = of(src);
	struct row_conf rows = rows_of(x);
	struct search s;
	int rc = search_begin(&s, &x->env, RENDER_CH, p, i, run, sink, done, e);

	if (!rc)
		rc = clickhouse_in_scope(x, e);
	if (!rc)
		rc = search_render(&s, clickhouse_table(x), &rows, e);
	if (!rc)
		rc = fetch(x, &s, e);
	return search_end(&s, rc, e);
}

static unsigned fit(struct source *src, const struct plan *p, size_t i)
{
	struct clickhouse *x = of(src);

	return search_fit(&x->env, RENDER_CH, p, i, clickhouse_table(x), 1);
}

/* ---- catalogue and test ---- */

static int catalog(struct connected *c, const struct source_run *run, struct source_catalog *out,
                   struct err *e)
{
	const char *db = json_str(of(&c->source)->env.entry, "database", "default");
	const char *params[] = {"param_db", db, NULL};
	cJSON *answer, *row;

	if (clickhouse_ask(
	            of(&c->source), run,
	            "SELECT table, name, type FROM system.columns WHERE database = {db:String} "
	            "ORDER BY table, position LIMIT 200000",
	            params, &answer, e))
		return -1;
	*out = (struct source_catalog){.tables = cJSON_CreateObject(), .at = mw_now()};
	cJSON_ArrayForEach(row, json_arr(answer, "data"))
	{
		const cJSON *t = cJSON_GetArrayItem(row, 0), *name = cJSON_GetArrayItem(row, 1),
		            *type = cJSON_GetArrayItem(row, 2);
		cJSON *table;
		if (!cJSON_IsString(t) || !cJSON_IsString(name) || !cJSON_IsString(type) ||
		    !connector_in_scope(of(&c->source)->env.entry, "indexes", t->valuestring))
			continue;
		table = json_obj(out->tables, t->valuestring);
		if (!table)
			table = json_add_obj(out->tables, t->valuestring);
		json_add_str(table, name->valuestring, type->valuestring);
	}
	cJSON_Delete(answer);
	return 0;
}

#define RIGHTS                                                                                    \
	"An account that can read one database and no more:\n"                                    \
	"  CREATE USER midwatch IDENTIFIED BY '...' SETTINGS readonly = 2;\n"                     \
	"  GRANT SELECT ON soc.* TO midwatch;\n"                                                  \
	"readonly = 2, not 1: time and row limits are sent as settings. To load events, another " \
	"account with INSERT."

static const char *cell(const cJSON *answer, int row, int column)
{
	const cJSON *v =
	        cJSON_GetArrayItem(cJSON_GetArrayItem(json_arr(answer, "data"), row), column);

	return cJSON_IsString(v) ? v->valuestring : "";
}

/* A word of a GRANT that is more than reading. */
static const char *writing_grant(const cJSON *grants)
{
	static const char *const words[] = {"ALL ",     "INSERT", "ALTER",  "DROP",
	                                    "TRUNCATE", "CREATE", "DELETE", "SYSTEM"};
	int n = cJSON_GetArraySize(json_arr(grants, "data"));

	for (int i = 0; i < n; i++)
		for (size_t k = 0; k < ARRAY_LEN(words); k++)
			if (strstr(cell(grants, i, 0), words[k]))
				return cell(grants, i, 0);
	return NULL;
}

static void check_cannot_write(struct clickhouse *x, const struct source_run *run,
                               const struct check_sink *sink)
{
	cJSON *mode = NULL, *grants = NULL;
	const char *grant;
	struct err e = {0};

	if (clickhouse_ask(x, run, "SELECT value FROM system.settings WHERE name = 'readonly'",
	                   NULL, &mode, &e) ||
	    (!strcmp(cell(mode, 0, 0), "0") &&
	     clickhouse_ask(x, run, "SHOW GRANTS", NULL, &grants, &e))) {
		check_say(sink, "may not write", CHECK_SKIPPED, NULL, "%s", e.what);
	} else if (strcmp(cell(mode, 0, 0), "0") != 0) {
		check_say(sink, "may not write", CHECK_OK, NULL, "readonly = %s", cell(mode, 0, 0));
	} else {
		grant = writing_grant(grants);
		check_say(sink, "may not write", grant ? CHECK_WARN : CHECK_OK,
		          grant ? RIGHTS : NULL, "%s",
		          grant ? grant : "it has only rights to read");
	}
	cJSON_Delete(mode);
	cJSON_Delete(grants);
}

static void check_table(struct clickhouse *x, const struct source_run *run,
                        const struct check_sink *sink)
{
	struct buf sql = BUF_INIT;
	cJSON *answer = NULL;
	struct err e = {0};
	int rc;

	buf_str(&sql, "SELECT toString(max(time)), toString(count()) FROM ");
	quote_ch_name(&sql, clickhouse_table(x));
	rc = clickhouse_ask(x, run, sql.s, NULL, &answer, &e);
	if (!check_result(sink, "may search", rc, &e, RIGHTS, clickhouse_table(x)))
		check_say(sink, "newest event", CHECK_OK, NULL, "%s of %s events",
		          cell(answer, 0, 0), cell(answer, 0, 1));
	cJSON_Delete(answer);
	buf_release(&sql);
}

static void check_catalog(struct connected *c, const struct source_run *run,
                          const struct check_sink *sink)
{
	const char *table = clickhouse_table(of(&c->source));
	struct source_catalog cat = {0};
	struct err e = {0};
	cJSON *t;

	if (check_result(sink, "catalogue", catalog(c, run, &cat, &e) ? -1 : 0, &e, RIGHTS,
	                 "system.columns can be read"))
		return;
	t = json_obj(cat.tables, table);
	if (t && !json_get(t, "dataset"))
		check_say(
		        sink, "columns", CHECK_WARN,
		        "name a table of midwatch's as `table`: its first batch of events makes it",
		        "%s is no table of midwatch's: it has no column \"dataset\"", table);
	cJSON_Delete(cat.tables);
}

static int test(struct connected *c, const struct source_run *run, const struct check_sink *sink,
                struct err *e)
{
	struct clickhouse *x = of(&c->source);
	struct http_request rq = {.method = "POST",
	                          .path = "/?default_format=JSONCompact",
	                          .body = SLICE("SELECT version(), currentUser()"),
	                          .idempotent = true};
	cJSON *who;

	if (check_reach(x->http, run, sink, &rq, RIGHTS, &who, e))
		return 0;
	check_say(sink, "login", CHECK_OK, NULL, "as %s, ClickHouse %s", cell(who, 0, 1),
	          cell(who, 0, 0));
	cJSON_Delete(who);
	check_table(x, run, sink);
	check_cannot_write(x, run, sink);
	check_catalog(c, run, sink);
	return 0;
}

/* ---- rows of our own, and writing ---- */

struct lines {
	struct clickhouse *x;
	catalog_row_fn *row;
	void *ctx;
};

static int own_line(void *ctx, struct slice line, struct err *e)
{
	struct lines *l = ctx;

	return is_exception(line) ? engine_error(l->x, line, e) : l->row(l->ctx, line, e);
}

static int lines_body(void *ctx, struct slice part, struct err *e)
{
	return call_lines_feed(ctx, part, e);
}

int clickhouse_lines(struct clickhouse *x, const struct source_run *run, const char *sql,
                     catalog_row_fn *row, void *ctx, struct err *e)
{
	struct lines own = {x, row, ctx};
	struct call_lines lines;
	struct http_request rq = {.idempotent = true, .on_body = lines_body, .ctx = &lines};
	struct http_response rs;
	struct query q;
	int rc;

	query_init(&q, x, run);
	call_form_str(&q.path, "default_format", "JSONEachRow");
	call_form_str(&q.path, "date_time_output_format", "iso");
	call_form_str(&q.path, "max_query_size", "100000000");
	call_lines_init(&lines, x->c.source.name, own_line, &own);
	rc = send_query(&q, slice_of(sql), &rq, &rs, e);
	if (!rc)
		rc = call_lines_end(&lines, e);
	call_lines_release(&lines);
	http_response_release(&rs);
	query_release(&q);
	return rc;
}

int clickhouse_insert(struct clickhouse *x, const struct source_run *run, const char *table,
                      struct slice rows, const char *token, int *code, struct err *e)
{
	struct http_request rq = {.idempotent = true, .content_type = "application/x-ndjson"};
	struct http_response rs;
	struct buf sql = BUF_INIT;
	struct query q;
	int rc;

	query_init(&q, x, run);
	buf_str(&sql, "INSERT INTO ");
	quote_ch_name(&sql, table);
	buf_str(&sql, " FORMAT JSONEachRow");
	call_form(&q.path, "query", (struct slice){sql.s, sql.len});
	call_form_str(&q.path, "wait_end_of_query", "1");
	call_form_str(&q.path, "date_time_input_format", "best_effort");
	call_form_str(&q.path, "insert_deduplicate", "1");
	call_form_str(&q.path, "insert_deduplication_token", token);
	/* old logs are of many days, each a partition */
	call_form_str(&q.path, "max_partitions_per_insert_block", "0");
	rc = send_query(&q, rows, &rq, &rs, e);
	*code = error_code((struct slice){rs.body.s, rs.body.len});
	/* 200 is no success: what follows it in the body is. */
	if (!rc && *code)
		rc = engine_error(x, (struct slice){rs.body.s, rs.body.len}, e);
	http_response_release(&rs);
	query_release(&q);
	buf_release(&sql);
	return rc;
}

static int statement(struct clickhouse *x, const struct source_run *run, const char *sql,
                     struct err *e)
{
	struct http_request rq = {.idempotent = true};
	struct http_response rs;
	struct query q;
	int rc;

	query_init(&q, x, run);
	rc = send_query(&q, slice_of(sql), &rq, &rs, e);
	http_response_release(&rs);
	query_release(&q);
	return rc;
}

int clickhouse_make_tables(struct clickhouse *x, const struct source_run *run, struct err *e)
{
	char *sql;
	int rc = 0;

	for (size_t i = 0; !rc && (sql = clickhouse_schema(clickhouse_table(x), i)); i++) {
		rc = statement(x, run, sql, e);
		free(sql);
	}
	return rc;
}

static int ingest(struct connected *c, const struct source_run *run, const struct slice *events,
                  size_t n, const char *batch_key, size_t *taken, struct err *e)
{
	struct clickhouse *x = of(&c->source);
	const char *table = clickhouse_table(x);
	struct buf rows = BUF_INIT;
	struct slice all;
	int rc, code = 0;

	*taken = 0;
	for (size_t i = 0; i < n; i++) {
		buf_add(&rows, events[i].s, events[i].n);
		buf_ch(&rows, '\n');
	}
	all = (struct slice){rows.s, rows.len};
	rc = clickhouse_in_scope(x, e);
	if (!rc)
		rc = clickhouse_insert(x, run, table, all, batch_key, &code, e);
	if (rc && e->code == ERR_NOT_FOUND && code == CLICKHOUSE_NO_TABLE &&
	    !clickhouse_make_tables(x, run, e))
		rc = clickhouse_insert(x, run, table, all, batch_key, &code, e);
	*taken = rc ? 0 : n;
	buf_release(&rows);
	return rc;
}

/* ---- opening ---- */

static void close_(struct source *s)
{
	struct clickhouse *x = of(s);

	http_free(x->http);
	secret_free(x->login);
	free(x);
}

static const struct source_ops ops = {
        .kind = "clickhouse", .search = search, .close = close_, .fit = fit};

static int open_(struct connected **out, const struct connector_env *env, struct err *e)
{
	struct clickhouse *x = xcalloc(1, sizeof(*x));
	struct http_conf more = {.max_retries = CONNECTOR_RETRIES};

	x->c = (struct connected){{&ops, json_str(env->entry, "name", "clickhouse")},
	                          &connector_clickhouse};
	x->env = *env;
	x->login = connector_login(env->entry, "Authorization: Bearer ", env->secret);
	if (connector_http(&x->http, env, &more, x->login ? connector_fixed_auth : NULL, x->login,
	                   e)) {
		close_(&x->c.source);
		return -1;
	}
	*out = &x->c;
	return 0;
}

const struct connector connector_clickhouse = {
        .kind = "clickhouse",
        .language = "sql",
        .rights = RIGHTS,
        .open = open_,
        .test = test,
        .catalog = catalog,
        .ingest = ingest,
        .load = clickhouse_load,
        .holdings = clickhouse_holdings,
};
