/*
 * OpenSearch 2.x and Elasticsearch 8.x: a point in time and search_after, so that pages neither overlap nor miss; Elasticsearch's first page
 * as an async search, which tells its progress and can be deleted. Facts: opensearch.org/docs, elastic.co/guide. Unconfirmed and handled
 * both ways: whether OpenSearch sorts by _shard_doc (else by _id); OpenSearch's own async plugin takes no point in time, and is not used.
 */
#include "source/opensearch.h"

#include "base/evjson.h"
#include "base/limits.h"

#define PAGE_ROWS 2000
#define KEEP_ALIVE "2m"
#define ASYNC_WAIT "1s"

/* ---- dialect and scope ---- */

int opensearch_dialect(struct opensearch *x, const struct source_run *run, struct err *e)
{
	struct http_request rq = {.method = "GET", .path = "/", .idempotent = true};
	const cJSON *version;
	cJSON *answer;

	if (x->dialect)
		return 0;
	if (call_json(x->http, run, &rq, &answer, e))
		return -1;
	version = json_obj(answer, "version");
	if (!version) {
		cJSON_Delete(answer);
		return err_set(e, ERR_REMOTE,
		               "%s is neither OpenSearch nor Elasticsearch: its / names no version",
		               x->c.source.name);
	}
	x->dialect = strcmp(json_str(version, "distribution", ""), "opensearch") ? OS_ELASTIC
	                                                                         : OS_OPENSEARCH;
	x->version = xstrdup(json_str(version, "number", "?"));
	cJSON_Delete(answer);
	return 0;
}

/* A pattern stands in a path: lower case, no option or parent in disguise. */
static bool pattern_ok(const char *s)
{
	if (!*s || *s == '_' || *s == '-' || strstr(s, "..") || strstr(s, ",-") || strstr(s, ",_"))
		return false;
	for (; *s; s++)
		if (!(*s >= 'a' && *s <= 'z') && !(*s >= '0' && *s <= '9') && !strchr("._*,-", *s))
			return false;
	return true;
}

int opensearch_pattern(const struct opensearch *x, char **out, struct err *e)
{
	const char *table = json_str(x->env.entry, "table", NULL);
	struct buf b = BUF_INIT;
	const cJSON *i;

	*out = NULL;
	if (table && connector_index_scope(x->env.entry, "", table, e))
		return -1;
	buf_str(&b, table ? table : "");
	cJSON_ArrayForEach(i, json_arr(x->env.entry, "indexes"))
	{
		if (!table && cJSON_IsString(i))
			buf_printf(&b, "%s%s", b.len ? "," : "", i->valuestring);
	}
	if (!b.len)
		buf_ch(&b, '*');
	if (!pattern_ok(b.s)) {
		err_set(e, ERR_INVALID, "%s: \"%s\" is no index pattern", x->c.source.name, b.s);
		buf_release(&b);
		return -1;
	}
	*out = buf_take(&b, NULL);
	return 0;
}

/* ---- one search ---- */

struct scan {
	struct opensearch *x;
	struct search *s;
	struct ev_reader *reader, *inner;
	struct map seen;
	char *pit, *async, *opaque;
	cJSON *doc;
	struct buf after; /* sort values of the last hit, as they came */
	int64_t hits, total;
};

static int request(struct scan *c, const struct source_run *run, const char *method,
                   const char *path, struct slice body, struct http_response *rs, struct err *e)
{
	char *opaque = xasprintf("X-Opaque-Id: %s", c->opaque);
	const char *headers[] = {opaque, NULL};
	struct http_request rq = {.method = method,
	                          .path = path,
	                          .headers = headers,
	                          .body = body,
	                          .content_type = body.n ? "application/json" : NULL,
	                          .idempotent = true};
	int rc = call_do(c->x->http, run, &rq, rs, e);

	free(opaque);
	return rc ? rc : call_expect_json(c->x->c.source.name, rs, e);
}

static int request_json(struct scan *c, const struct source_run *run, const char *method,
                        const char *path, const char *body, cJSON **out, struct err *e)
{
	struct http_response rs;
	int rc = request(c, run, method, path, slice_of(body), &rs, e);

	*out = NULL;
	rc = rc ? rc : call_parse(c->x->c.source.name, &rs, out, e);
	http_response_release(&rs);
	return rc;
}

static int open_pit(struct scan *c, const char *pattern, struct err *e)
{
	bool elastic = c->x->dialect == OS_ELASTIC;
	char *path = xasprintf("/%s/%s?keep_alive=" KEEP_ALIVE "&ignore_unavailable=true", pattern,
	                       elastic ? "_pit" : "_search/point_in_time");
	cJSON *answer;
	int rc = request_json(c, c->s->run, "POST", path, NULL, &answer, e);

	free(path);
	if (rc)
		return -1;
	c->pit = xstrdup(json_str(answer, elastic ? "id" : "pit_id", ""));
	cJSON_Delete(answer);
	return *c->pit ? 0
	               : err_set(e, ERR_REMOTE, "%s gave no point in time", c->x->c.source.name);
}

static void add_sort(struct scan *c)
{
	cJSON *sort = json_arr(c->doc, "sort"), *tie = cJSON_CreateObject();

	json_add_str(tie, c->x->no_shard_doc ? "_id" : "_shard_doc", "asc");
	if (cJSON_GetArraySize(sort) > 1)
		cJSON_DeleteItemFromArray(sort, cJSON_GetArraySize(sort) - 1);
	cJSON_AddItemToArray(sort, tie);
}

/* The text as it was rendered, with the point in time, the page's size and where it begins. */
static void write_body(struct scan *c, struct buf *out)
{
	int64_t left = c->s->limit + 1 - c->hits;
	char timeout[32];
	cJSON *pit;

	for (size_t i = 0; i < 4; i++)
		cJSON_DeleteItemFromObject(c->doc, ((const char *const[]){"size", "pit", "timeout",
		                                                          "track_total_hits"})[i]);
	snprintf(timeout, sizeof(timeout), "%llds", (long long)call_seconds_left(c->s->run));
	json_add_i64(c->doc, "size", left < PAGE_ROWS ? left : PAGE_ROWS);
	json_add_str(c->doc, "timeout", timeout);
	json_add_bool(c->doc, "track_total_hits", !c->after.len);
	pit = json_add_obj(c->doc, "pit");
	json_add_str(pit, "id", c->pit);
	json_add_str(pit, "keep_alive", KEEP_ALIVE);
	json_write(out, c->doc);
	if (c->after.len) {
		buf_truncate(out, out->len - 1);
		buf_printf(out, ",\"search_after\":[%s]}", c->after.s);
	}
}

/* ---- hits ---- */

static bool add_sort_value(void *ctx, const struct ev_leaf *l)
{
	struct buf *b = ctx;

	buf_str(b, b->len ? "," : "");
	buf_add(b, l->raw.s, l->raw.n);
	return true;
}

static bool take_source(void *ctx, const struct ev_leaf *l)
{
	*(struct slice *)ctx = l->raw;
	return false;
}

static bool take_text(void *ctx, const struct ev_leaf *l)
{
	struct buf *b = ctx;

	buf_add(b, l->value.s, l->value.n);
	return false;
}

static int on_hit(void *ctx, struct slice object, struct err *e)
{
	struct scan *c = ctx;
	struct slice source = {0};
	struct buf id = BUF_INIT;
	int rc;

	c->hits++;
	buf_reset(&c->after);
	if (ev_find(c->inner, object, SLICE("_index"), take_text, &id, e))
		return -1;
	buf_ch(&id, '/');
	(void)ev_find(c->inner, object, SLICE("_id"), take_text, &id, e);
	(void)ev_find(c->inner, object, SLICE("_source"), take_source, &source, e);
	(void)ev_find(c->inner, object, SLICE("sort"), add_sort_value, &c->after, e);
	if (!source.n || !c->after.len)
		rc = err_set(e, ERR_REMOTE, "%s: a hit has no _source or no sort",
		             c->x->c.source.name);
	else
		rc = search_row(c->s, source, (struct slice){id.s, id.len}, e);
	buf_release(&id);
	return rc;
}

/* What the answer says besides its hits: a text member, or a number's own text. */
static struct buf member(struct scan *c, struct slice body, const char *path)
{
	struct buf b = BUF_INIT;

	(void)ev_find(c->inner, body, slice_of(path), take_text, &b, NULL);
	return b;
}

static bool is_true(void *ctx, const struct ev_leaf *l)
{
	*(bool *)ctx = l->type == EV_TRUE;
	return false;
}

/* A status of 200 may hide shards that failed and a search that was cut off. */
static void look_for_partial(struct scan *c, struct slice body)
{
	struct buf bad = member(c, body, "_shards.failed"), all = member(c, body, "_shards.total"),
	           why = member(c, body, "_shards.failures.reason.reason");
	bool late = false;

	(void)ev_find(c->inner, body, SLICE("timed_out"), is_true, &late, NULL);
	if (bad.len && strcmp(bad.s, "0") != 0)
		search_partial(c->s, "%s of %s shards failed: %s", bad.s, all.s,
		               why.len ? why.s : "no reason given");
	if (late)
		search_partial(c->s, "the time was up there: these are the hits so far");
	buf_release(&bad);
	buf_release(&all);
	buf_release(&why);
}

static int take_page(struct scan *c, struct slice body, struct err *e)
{
	int64_t before = c->hits;
	struct buf pit = member(c, body, "pit_id"), total = member(c, body, "hits.total.value");
	int rc;

	if (pit.len) {
		free(c->pit);
		c->pit = xstrdup(pit.s);
	}
	if (total.len)
		(void)slice_i64((struct slice){total.s, total.len}, &c->total);
	look_for_partial(c, body);
	rc = search_each(c->reader, body, "hits.hits", on_hit, c, e);
	if (c->total > 0)
		search_progress(c->s, (double)c->hits / (double)c->total);
	buf_release(&pit);
	buf_release(&total);
	return rc ? rc : c->hits == before;
}

/* ---- pages: 0 there is more, 1 that was all, -1 ---- */

/* A page that begins with a hit that another page began with is that page again: told before its rows go out. */
static int is_new_page(struct scan *c, struct slice body, struct err *e)
{
	struct buf first = member(c, body, "hits.hits._index"),
	           id = member(c, body, "hits.hits._id");
	int rc = 0;

	buf_ch(&first, '/');
	buf_add(&first, id.s, id.len);
	if (id.len)
		rc = call_once(&c->seen, c->x->c.source.name, "page of hits",
		               (struct slice){first.s, first.len}, e);
	buf_release(&first);
	buf_release(&id);
	return rc;
}

static int take_answer(struct scan *c, struct slice body, struct err *e)
{
	struct slice answer = body;

	if (c->async)
		(void)ev_find(c->inner, body, SLICE("response"), take_source, &answer, NULL);
	if (is_new_page(c, answer, e))
		return -1;
	return take_page(c, answer, e);
}

static int next_page(struct scan *c, struct err *e)
{
	struct http_response rs;
	struct buf body = BUF_INIT;
	int rc;

	write_body(c, &body);
	rc = request(c, c->s->run, "POST", "/_search", (struct slice){body.s, body.len}, &rs, e);
	if (rc && rs.status == 400 && !c->x->no_shard_doc && strstr(e->what, "_shard_doc")) {
		c->x->no_shard_doc = true;
		add_sort(c);
		http_response_release(&rs);
		buf_release(&body);
		return next_page(c, e);
	}
	if (!rc)
		rc = take_answer(c, (struct slice){rs.body.s, rs.body.len}, e);
	http_response_release(&rs);
	buf_release(&body);
	return rc;
}

static void tell_shards(struct scan *c, struct slice body)
{
	struct buf done = member(c, body, "response._shards.successful"),
	           all = member(c, body, "response._shards.total");
	double d, a;

	if (slice_double((struct slice){done.s, done.len}, &d) &&
	    slice_double((struct slice){all.s, all.len}, &a) && a > 0)
		search_progress(c->s, d / a);
	buf_release(&done);
	buf_release(&all);
}

static bool is_running(struct scan *c, struct slice body)
{
	bool running = false;

	(void)ev_find(c->inner, body, SLICE("is_running"), is_true, &running, NULL);
	return running;
}

/* The first page as an async search: 1 its answer is in *rs. 0: there is no such thing here, ask plainly. */
static int start_async(struct scan *c, struct http_response *rs, struct err *e)
{
	struct err own = {0};
	struct buf body = BUF_INIT, id;
	int rc;

	write_body(c, &body);
	rc = request(c, c->s->run, "POST",
	             "/_async_search?wait_for_completion_timeout=" ASYNC_WAIT
	             "&keep_on_completion=true&keep_alive=5m",
	             (struct slice){body.s, body.len}, rs, &own);
	buf_release(&body);
	if (rc && (rs->status == 400 || rs->status == 404 || rs->status == 405))
		return 0;
	if (rc) {
		*e = own;
		return -1;
	}
	id = member(c, (struct slice){rs->body.s, rs->body.len}, "id");
	c->async = id.len ? xstrdup(id.s) : NULL;
	buf_release(&id);
	return c->async ? 1 : 0;
}

static int first_page(struct scan *c, struct err *e)
{
	struct http_response rs;
	char *path;
	int rc = start_async(c, &rs, e);

	if (rc <= 0) {
		http_response_release(&rs);
		return rc < 0 ? -1 : next_page(c, e);
	}
	path = xasprintf("/_async_search/%s?wait_for_completion_timeout=" ASYNC_WAIT, c->async);
	rc = 0;
	while (!rc && is_running(c, (struct slice){rs.body.s, rs.body.len})) {
		tell_shards(c, (struct slice){rs.body.s, rs.body.len});
		http_response_release(&rs);
		rc = request(c, c->s->run, "GET", path, (struct slice){0}, &rs, e);
	}
	if (!rc)
		rc = take_answer(c, (struct slice){rs.body.s, rs.body.len}, e);
	http_response_release(&rs);
	free(path);
	return rc;
}

/* ---- the end ---- */

static void drop_async(struct scan *c, const struct source_run *last)
{
	char *path = xasprintf("/_async_search/%s", c->async);
	struct http_response rs;

	(void)request(c, last, "DELETE", path, (struct slice){0}, &rs, NULL);
	http_response_release(&rs);
	free(path);
	free(c->async);
	c->async = NULL;
}

/* A plain search ends there with its connection; what goes on all the same is found by our id. */
static void cancel_tasks(struct scan *c, const struct source_run *last)
{
	cJSON *tasks = NULL, *node, *task, *out;

	if (request_json(c, last, "GET", "/_tasks?actions=*search*&detailed=true&group_by=nodes",
	                 NULL, &tasks, NULL))
		return;
	cJSON_ArrayForEach(node, json_obj(tasks, "nodes"))
	{
		cJSON_ArrayForEach(task, json_obj(node, "tasks"))
		{
			char *path;
			if (strcmp(json_str(json_obj(task, "headers"), "X-Opaque-Id", ""),
			           c->opaque) != 0)
				continue;
			path = xasprintf("/_tasks/%s/_cancel", task->string);
			(void)request_json(c, last, "POST", path, NULL, &out, NULL);
			cJSON_Delete(out);
			free(path);
		}
	}
	cJSON_Delete(tasks);
}

static void close_pit(struct scan *c, const struct source_run *last)
{
	bool elastic = c->x->dialect == OS_ELASTIC;
	cJSON *doc = cJSON_CreateObject(), *out;
	struct buf body = BUF_INIT;

	if (elastic)
		json_add_str(doc, "id", c->pit);
	else
		cJSON_AddItemToArray(json_add_arr(doc, "pit_id"), cJSON_CreateString(c->pit));
	json_write(&body, doc);
	(void)request_json(c, last, "DELETE", elastic ? "/_pit" : "/_search/point_in_time", body.s,
	                   &out, NULL);
	cJSON_Delete(out);
	cJSON_Delete(doc);
	buf_release(&body);
}

static void finish(struct scan *c, int rc)
{
	struct source_run last = call_last_words();

	if (c->async)
		drop_async(c, &last);
	if (rc < 0 && c->s->run->cancelled && *c->s->run->cancelled)
		cancel_tasks(c, &last);
	if (c->pit)
		close_pit(c, &last);
	cJSON_Delete(c->doc);
	ev_reader_free(c->reader);
	ev_reader_free(c->inner);
	map_release(&c->seen);
	buf_release(&c->after);
	free(c->pit);
	free(c->opaque);
}

static int scan(struct opensearch *x, struct search *s, const char *pattern, struct err *e)
{
	struct scan c = {.x = x,
	                 .s = s,
	                 .reader = ev_reader_new(),
	                 .inner = ev_reader_new(),
	                 .opaque = call_new_id("midwatch-")};
	int rc = opensearch_dialect(x, s->run, e);

	buf_init(&c.after, 0);
	c.doc = json_parse((struct slice){s->text.text.s, s->text.text.len}, MW_PLAN_JSON_MAX, e);
	rc = rc ? rc : c.doc ? open_pit(&c, pattern, e) : -1;
	if (!rc) {
		add_sort(&c);
		rc = x->dialect == OS_ELASTIC ? first_page(&c, e) : next_page(&c, e);
		if (c.async) {
			struct source_run last = call_last_words();
			drop_async(&c, &last);
		}
	}
	while (rc == 0)
		rc = next_page(&c, e);
	finish(&c, rc);
	return rc < 0 ? -1 : 0;
}

/* event.dataset as Elastic's integrations set it. */
static const struct {
	const char *theirs, *ours;
} datasets[] = {
        {"aws.cloudtrail", "cloudtrail"},
        {"aws.vpcflow", "vpcflow"},
        {"aws.guardduty", "guardduty"},
        {"aws.securityhub_findings", "securityhub"},
        {"aws.route53_resolver_logs", "route53dns"},
        {"azure.signinlogs", "azure.signin"},
        {"azure.auditlogs", "azure.audit"},
        {"azure.activitylogs", "azure.activity"},
        {"o365.audit", "m365"},
        {"okta.system", "okta"},
        {"kubernetes.audit_logs", "k8s.audit"},
        {"gcp.audit", "gcp.audit"},
        {"github.audit", "github.audit"},
        {"windows.sysmon_operational", "windows.sysmon"},
        {"windows.powershell_operational", "windows.powershell"},
        {"system.security", "windows.security"},
        {"system.system", "windows.system"},
        {"auditd.log", "auditd"},
        {"system.syslog", "syslog"},
        {"zeek.connection", "zeek.conn"},
        {"zeek.dns", "zeek.dns"},
        {"zeek.http", "zeek.http"},
        {"zeek.ssl", "zeek.ssl"},
};

static const char *dataset_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(datasets); i++)
		if (!strcmp(datasets[i].theirs, name))
			return datasets[i].ours;
	return NULL;
}

static struct row_conf rows_of(const struct opensearch *x)
{
	return (struct row_conf){.names = ROW_ECS,
	                         .time_unit = 1000,
	                         .raw_column = "event.original",
	                         .dataset_column = "event.dataset",
	                         .dataset_of = dataset_of,
	                         .dataset = "json",
	                         .normalise = x->env.normalise,
	                         .normalise_ctx = x->env.normalise_ctx};
}

static int search(struct source *src, const struct plan *p, size_t i, const struct source_run *run,
                  const struct source_sink *sink, struct source_done *done, struct err *e)
{
	struct opensearch *x = (struct opensearch *)src;
	struct row_conf rows = rows_of(x);
	char *pattern = NULL;
	struct search s;
	int rc = search_begin(&s, &x->env, RENDER_DSL, p, i, run, sink, done, e);

	if (!rc)
		rc = opensearch_pattern(x, &pattern, e);
	if (!rc)
		rc = search_render(&s, pattern, &rows, e);
	if (!rc)
		rc = scan(x, &s, pattern, e);
	free(pattern);
	return search_end(&s, rc, e);
}

static unsigned fit(struct source *src, const struct plan *p, size_t i)
{
	return search_fit(&((struct opensearch *)src)->env, RENDER_DSL, p, i, NULL, 1);
}

/* ---- opening ---- */

static void close_(struct source *s)
{
	struct opensearch *x = (struct opensearch *)s;

	http_free(x->http);
	secret_free(x->login);
	free(x->version);
	free(x);
}

static const struct source_ops ops = {
        .kind = "opensearch", .search = search, .close = close_, .fit = fit};

static int open_(struct connected **out, const struct connector_env *env, struct err *e)
{
	struct opensearch *x = xcalloc(1, sizeof(*x));
	struct http_conf more = {.max_retries = CONNECTOR_RETRIES};
	struct slice v = env->secret ? secret_bytes(env->secret) : (struct slice){0};
	bool jwt = v.n > 3 && !memcmp(v.s, "eyJ", 3);

	x->c = (struct connected){{&ops, json_str(env->entry, "name", "opensearch")},
	                          &connector_opensearch};
	x->env = *env;
	x->login = connector_login(
	        env->entry, jwt ? "Authorization: Bearer " : "Authorization: ApiKey ", env->secret);
	if (connector_http(&x->http, env, &more, x->login ? connector_fixed_auth : NULL, x->login,
	                   e)) {
		close_(&x->c.source);
		return -1;
	}
	*out = &x->c;
	return 0;
}

const struct connector connector_opensearch = {
        .kind = "opensearch",
        .language = "dsl",
        .rights = OPENSEARCH_RIGHTS,
        .open = open_,
        .test = opensearch_test,
        .catalog = opensearch_catalog,
        .ingest = opensearch_ingest,
};
