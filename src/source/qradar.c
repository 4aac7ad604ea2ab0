/*
 * IBM QRadar: Ariel searches, created, polled, read by Range and deleted. Facts: QRadar API reference 19.0. Unconfirmed and handled both ways:
 * 206 or 200 for a part of the results, 416 or an empty page behind their end, `completed` or the status word alone.
 */
#include "source/qradar.h"

#include "base/evjson.h"

#define PAGE_ROWS 1000
#define POLL_FIRST_US (MW_SECOND / 2)
#define POLL_MAX_US (5 * MW_SECOND)
#define URL_TEXT_MAX 3500 /* of a longer text the body is used */
#define HOLD "Prefer: wait=2"

/* ---- calls ---- */

static int send(struct qradar *x, const struct source_run *run, struct http_request *rq,
                const char *more, struct http_response *rs, struct err *e)
{
	const char *headers[] = {"Accept: application/json", "Version: 19.0", more, NULL};

	rq->headers = headers;
	if (call_do(x->http, run, rq, rs, e))
		return -1;
	return rs->body.len ? call_expect_json(x->c.source.name, rs, e) : 0;
}

int qradar_call(struct qradar *x, const struct source_run *run, const char *method,
                const char *path, const char *range, struct http_response *rs, struct err *e)
{
	/* Its POSTs set states: the same state twice is the same. Notes look before they write. */
	struct http_request rq = {.method = method, .path = path, .idempotent = true};
	char *header = range ? xasprintf("Range: %s", range) : NULL;
	int rc = send(x, run, &rq, header, rs, e);

	free(header);
	return rc;
}

int qradar_json(struct qradar *x, const struct source_run *run, const char *method,
                const char *path, cJSON **out, struct err *e)
{
	struct http_response rs;
	int rc = qradar_call(x, run, method, path, NULL, &rs, e);

	*out = NULL;
	rc = rc ? rc : call_parse(x->c.source.name, &rs, out, e);
	http_response_release(&rs);
	return rc;
}

/* ---- a search ---- */

struct ariel {
	struct qradar *x;
	const struct source_run *run;
	struct search *s;
	search_each_fn *row;
	void *ctx;
	char *id;
	int64_t records, wanted;
	bool done;
};

static int take_status(struct ariel *a, const cJSON *answer, struct err *e)
{
	const char *status = json_str(answer, "status", ""), *name = a->x->c.source.name;
	const cJSON *first = cJSON_GetArrayItem(json_arr(answer, "error_messages"), 0);

	a->records = call_i64(answer, "record_count", 0);
	if (a->s) {
		a->s->done->scanned = (uint64_t)call_i64(answer, "processed_record_count", 0);
		search_progress(a->s, (double)call_i64(answer, "progress", 0) / 100);
	}
	if (!strcmp(status, "ERROR"))
		return err_set(e, ERR_REMOTE, "%s: the search failed: %s", name,
		               json_str(first, "message", "it gave no reason"));
	if (!strcmp(status, "CANCELED"))
		return err_set(e, ERR_REMOTE, "%s: the search was cancelled there", name);
	a->done = !strcmp(status, "COMPLETED");
	if (a->done && first && a->s)
		search_partial(a->s, "it warned: %s",
		               json_str(first, "message", "without saying of what"));
	return 0;
}

static int create(struct ariel *a, const char *aql, struct err *e)
{
	struct buf form = BUF_INIT;
	struct http_response rs;
	struct http_request rq = {.method = "POST", .idempotent = true};
	char *path;
	cJSON *answer = NULL;
	int rc;

	call_form_str(&form, "query_expression", aql);
	path = form.len < URL_TEXT_MAX ? xasprintf("/api/ariel/searches?%s", form.s)
	                               : xstrdup("/api/ariel/searches");
	rq.path = path;
	if (form.len >= URL_TEXT_MAX) {
		rq.body = (struct slice){form.s, form.len};
		rq.content_type = "application/x-www-form-urlencoded";
	}
	rc = send(a->x, a->run, &rq, NULL, &rs, e);
	rc = rc ? rc : call_parse(a->x->c.source.name, &rs, &answer, e);
	if (!rc) {
		a->id = json_str(answer, "search_id", NULL)
		                ? xstrdup(json_str(answer, "search_id", ""))
		                : NULL;
		rc = a->id ? take_status(a, answer, e)
		           : err_set(e, ERR_REMOTE, "%s made a search without a search_id",
		                     a->x->c.source.name);
	}
	cJSON_Delete(answer);
	http_response_release(&rs);
	buf_release(&form);
	free(path);
	return rc;
}

static int wait_done(struct ariel *a, struct err *e)
{
	char *path = xasprintf("/api/ariel/searches/%s", a->id);
	struct http_request rq = {.method = "GET", .path = path, .idempotent = true};
	int64_t wait = POLL_FIRST_US;
	int rc = 0;

	while (!rc && !a->done) {
		struct http_response rs;
		cJSON *answer = NULL;
		rc = send(a->x, a->run, &rq, HOLD, &rs, e);
		rc = rc ? rc : call_parse(a->x->c.source.name, &rs, &answer, e);
		rc = rc ? rc : take_status(a, answer, e);
		cJSON_Delete(answer);
		http_response_release(&rs);
		if (!rc && !a->done)
			rc = call_wait(a->run, wait, a->x->c.source.name, e);
		wait = wait * 3 / 2 > POLL_MAX_US ? POLL_MAX_US : wait * 3 / 2;
	}
	free(path);
	return rc;
}

struct page {
	struct ariel *a;
	int64_t rows;
};

static int on_row(void *ctx, struct slice object, struct err *e)
{
	struct page *p = ctx;

	p->rows++;
	return p->a->row(p->a->ctx, object, e);
}

/* {"events":[...]} or {"flows":[...]}: the key is the database. */
static bool rows_member(struct slice body, struct slice *rows)
{
	return call_member(body, "events", rows) || call_member(body, "flows", rows);
}

/* "items 0-49/1234" must begin where it was asked to. */
static int check_range(const struct ariel *a, const struct http_response *rs, int64_t from,
                       struct err *e)
{
	struct slice s = http_header(rs, "Content-Range"), first;
	int64_t at;

	if (s.n < 7 || memcmp(s.s, "items ", 6) != 0)
		return 0;
	s = (struct slice){s.s + 6, s.n - 6};
	if (!slice_split(&s, '-', &first) || !slice_i64(first, &at) || at == from)
		return 0;
	return err_set(e, ERR_REMOTE, "%s gave results from %lld on where %lld was asked for",
	               a->x->c.source.name, (long long)at, (long long)from);
}

static int get_page(struct ariel *a, struct map *seen, int64_t from, struct page *p, struct err *e)
{
	char *path = xasprintf("/api/ariel/searches/%s/results", a->id),
	     *range = xasprintf("items=%lld-%lld", (long long)from,
	                        (long long)(from + PAGE_ROWS - 1));
	struct http_response rs;
	struct slice body, rows;
	int rc = qradar_call(a->x, a->run, "GET", path, range, &rs, e);

	body = (struct slice){rs.body.s, rs.body.len};
	if (rc && rs.status == 416)
		rc = 0; /* behind the end */
	else if (!rc && body.n) {
		rc = check_range(a, &rs, from, e);
		if (!rc && !rows_member(body, &rows))
			rc = err_set(e, ERR_REMOTE, "%s: its results have neither events nor flows",
			             a->x->c.source.name);
		if (!rc && rows.n > 2)
			rc = call_once(seen, a->x->c.source.name, "page of results", rows, e);
		rc = rc ? rc : call_elements(rows, on_row, p, e);
	}
	http_response_release(&rs);
	free(path);
	free(range);
	return rc;
}

static int take_results(struct ariel *a, struct err *e)
{
	struct map seen = MAP_INIT;
	int64_t from = 0;
	int rc = 0;

	while (!rc && from < a->records && from < a->wanted) {
		struct page p = {.a = a};
		rc = get_page(a, &seen, from, &p, e);
		from += p.rows;
		if (p.rows == 0)
			break;
	}
	if (!rc && from < a->records && from < a->wanted)
		rc = err_set(e, ERR_REMOTE, "%s has %lld results and gave only %lld of them",
		             a->x->c.source.name, (long long)a->records, (long long)from);
	map_release(&seen);
	return rc;
}

/* A search that was answered before is the same one there, so only one that runs on is stopped first. */
static void clean_up(struct ariel *a)
{
	struct source_run last = call_last_words();
	struct http_response rs;
	char *path;

	if (!a->done) {
		path = xasprintf("/api/ariel/searches/%s?status=CANCELED", a->id);
		(void)qradar_call(a->x, &last, "POST", path, NULL, &rs, NULL);
		http_response_release(&rs);
		free(path);
	}
	path = xasprintf("/api/ariel/searches/%s", a->id);
	(void)qradar_call(a->x, &last, "DELETE", path, NULL, &rs, NULL);
	http_response_release(&rs);
	free(path);
}

int qradar_run(struct qradar *x, const struct source_run *run, const char *aql, int64_t rows,
               search_each_fn *row, void *ctx, struct search *s, struct err *e)
{
	struct ariel a = {.x = x, .run = run, .s = s, .row = row, .ctx = ctx, .wanted = rows};
	int rc = create(&a, aql, e);

	rc = rc ? rc : wait_done(&a, e);
	rc = rc ? rc : take_results(&a, e);
	if (a.id)
		clean_up(&a);
	free(a.id);
	return rc;
}

/* ---- as a source ---- */

static const struct {
	const char *type, *dataset;
} types[] = {
        {"Amazon AWS CloudTrail", "cloudtrail"},
        {"Amazon VPC Flow Logs", "vpcflow"},
        {"Amazon GuardDuty", "guardduty"},
        {"Amazon AWS Security Hub", "securityhub"},
        {"Microsoft Azure Active Directory", "azure.signin"},
        {"Microsoft Entra ID", "azure.signin"},
        {"Microsoft Azure Platform", "azure.activity"},
        {"Microsoft Office 365", "m365"},
        {"Microsoft 365 Defender", "defender"},
        {"Okta", "okta"},
        {"Kubernetes Auditing", "k8s.audit"},
        {"Google Cloud Audit Logs", "gcp.audit"},
        {"Microsoft Windows Security Event Log", "windows.security"},
        {"Linux OS", "syslog"},
        {"Universal CEF", "cef"},
        {"Universal LEEF", "leef"},
};

static const char *dataset_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (!strcmp(types[i].type, name))
			return types[i].dataset;
	return NULL;
}

struct row_conf qradar_rows(const struct qradar *x)
{
	static const struct row_alias aliases[] = {{"event_name", "api.operation"}, {NULL, NULL}};

	return (struct row_conf){.names = ROW_AQL,
	                         .aliases = aliases,
	                         .time_unit = 1000,
	                         .raw_column = "payload",
	                         .dataset_column = "log_source_type",
	                         .dataset_of = dataset_of,
	                         .dataset = "json",
	                         .normalise = x->env.normalise,
	                         .normalise_ctx = x->env.normalise_ctx};
}

static int search(struct source *src, const struct plan *p, size_t i, const struct source_run *run,
                  const struct source_sink *sink, struct source_done *done, struct err *e)
{
	struct qradar *x = (struct qradar *)src;
	struct row_conf rows = qradar_rows(x);
	struct search s;
	int rc = search_begin(&s, &x->env, RENDER_AQL, p, i, run, sink, done, e);

	rc = rc ? rc : search_render(&s, NULL, &rows, e);
	rc = rc ? rc : qradar_run(x, run, s.text.text.s, s.limit + 1, search_object, &s, &s, e);
	return search_end(&s, rc, e);
}

static unsigned fit(struct source *src, const struct plan *p, size_t i)
{
	return search_fit(&((struct qradar *)src)->env, RENDER_AQL, p, i, NULL, 1);
}

/* ---- catalogue and test ---- */

static int add_database(struct qradar *x, const struct source_run *run, const char *name,
                        cJSON *tables, struct err *e)
{
	char *path = xasprintf("/api/ariel/databases/%s", name);
	const cJSON *column;
	cJSON *answer, *table;
	int rc = qradar_json(x, run, "GET", path, &answer, e);

	free(path);
	if (rc)
		return -1;
	table = json_add_obj(tables, name);
	cJSON_ArrayForEach(column, json_arr(answer, "columns"))
	{
		const char *key = json_str(column, "name", NULL);
		if (key && !json_get(table, key))
			json_add_str(table, key,
			             json_str(column, "argument_type",
			                      json_str(column, "object_value_type", "")));
	}
	cJSON_Delete(answer);
	return 0;
}

static int catalog(struct connected *c, const struct source_run *run, struct source_catalog *out,
                   struct err *e)
{
	*out = (struct source_catalog){.tables = cJSON_CreateObject(), .at = mw_now()};
	if (!add_database(qradar_of(c), run, "events", out->tables, e) &&
	    !add_database(qradar_of(c), run, "flows", out->tables, e))
		return 0;
	cJSON_Delete(out->tables);
	return -1;
}

static int take_newest(void *ctx, struct slice object, struct err *e)
{
	cJSON *j = json_parse(object, 65536, e);

	*(int64_t *)ctx = call_i64(j, "newest", 0);
	cJSON_Delete(j);
	return j ? 1 : -1;
}

static void check_search(struct qradar *x, const struct source_run *run,
                         const struct check_sink *sink)
{
	struct err e = {0};
	int64_t newest = 0;
	char at[32];
	int rc = qradar_run(x, run,
	                    "SELECT MAX(starttime) AS newest FROM events LIMIT 1 LAST 1 HOURS", 1,
	                    take_newest, &newest, NULL, &e);

	if (check_result(sink, "may search", rc < 0 ? -1 : 0, &e, QRADAR_RIGHTS, "Ariel answers"))
		return;
	mw_time_format(newest * 1000, at);
	check_say(sink, "newest event", newest ? CHECK_OK : CHECK_WARN,
	          newest ? NULL : "are its log sources at work?", "%s",
	          newest ? at : "none in the last hour");
}

static void check_get(struct qradar *x, const struct source_run *run, const struct check_sink *sink,
                      const char *what, const char *path, const char *found)
{
	struct http_response rs;
	struct err e = {0};
	int rc = qradar_call(x, run, "GET", path, "items=0-0", &rs, &e);

	http_response_release(&rs);
	(void)check_result(sink, what, rc, &e, QRADAR_RIGHTS, found);
}

static int test(struct connected *c, const struct source_run *run, const struct check_sink *sink,
                struct err *e)
{
	struct qradar *x = qradar_of(c);
	const char *const headers[] = {"Accept: application/json", "Version: 19.0", NULL};
	struct http_request rq = {.method = "GET",
	                          .path = "/api/system/about",
	                          .headers = headers,
	                          .idempotent = true};
	cJSON *about;

	if (check_reach(x->http, run, sink, &rq, QRADAR_RIGHTS, &about, e))
		return 0;
	check_say(sink, "login", CHECK_OK, NULL, "accepted, QRadar %s",
	          json_str(about, "external_version", "?"));
	cJSON_Delete(about);
	check_search(x, run, sink);
	check_get(x, run, sink, "may read offenses", "/api/siem/offenses?fields=id",
	          "offenses can be read");
	check_get(x, run, sink, "catalogue", "/api/ariel/databases/events", "columns can be read");
	check_say(sink, "may not write", CHECK_SKIPPED, NULL,
	          "QRadar does not tell the rights of a token; AQL itself only reads. Look at the "
	          "role of the authorized service");
	return 0;
}

/* ---- opening ---- */

static void close_(struct source *s)
{
	struct qradar *x = (struct qradar *)s;

	http_free(x->http);
	http_free(x->syslog);
	secret_free(x->login);
	free(x);
}

/* "tls://host:6514", "tcp://host:514"; with +cef behind the scheme CEF is written. */
static int open_syslog(struct qradar *x, const char *where, struct err *e)
{
	static const struct {
		const char *scheme, *as;
		bool cef;
	} schemes[] = {{"tls://", "https://", false},
	               {"tcp://", "http://", false},
	               {"tls+cef://", "https://", true},
	               {"tcp+cef://", "http://", true}};
	struct http_conf more = {0};
	char *url;
	int rc;

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t n = strlen(schemes[i].scheme);
		if (strncmp(where, schemes[i].scheme, n) != 0)
			continue;
		x->cef = schemes[i].cef;
		url = xasprintf("%s%s", schemes[i].as, where + n);
		more.base_url = url;
		rc = connector_http(&x->syslog, &x->env, &more, NULL, NULL, e);
		free(url);
		return rc;
	}
	return err_set(e, ERR_INVALID,
	               "%s: syslog \"%s\" is neither tls://host:port nor tcp://host:port",
	               x->c.source.name, where);
}

static const struct source_ops ops = {
        .kind = "qradar", .search = search, .close = close_, .fit = fit};

static int open_(struct connected **out, const struct connector_env *env, struct err *e)
{
	struct qradar *x = xcalloc(1, sizeof(*x));
	struct http_conf more = {.max_retries = CONNECTOR_RETRIES};
	const char *syslog = json_str(env->entry, "syslog", NULL);

	x->c = (struct connected){{&ops, json_str(env->entry, "name", "qradar")},
	                          &connector_qradar};
	x->env = *env;
	x->login = connector_login(env->entry, "SEC: ", env->secret);
	if (connector_http(&x->http, env, &more, x->login ? connector_fixed_auth : NULL, x->login,
	                   e) ||
	    (syslog && open_syslog(x, syslog, e))) {
		close_(&x->c.source);
		return -1;
	}
	*out = &x->c;
	return 0;
}

const struct connector connector_qradar = {
        .kind = "qradar",
        .language = "aql",
        .rights = QRADAR_RIGHTS,
        .open = open_,
        .test = test,
        .catalog = catalog,
        .findings = qradar_findings,
        .thin_findings = true,
        .finding = qradar_finding,
        .finding_events = qradar_finding_events,
        .version = qradar_version,
        .update = qradar_update,
        .ingest = qradar_ingest,
};
