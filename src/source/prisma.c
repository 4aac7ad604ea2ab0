/*
 * Prisma Cloud (CSPM): an access key for a token of ten minutes, extended while it lasts and asked for anew else; errors in the header
 * x-redlock-status, mostly without a body. Facts: ../shared/apis/prisma-cloud.md and the vendor's OpenAPI files. Unconfirmed and handled
 * both ways: whether a list of alerts can be by the time of the last change (else a month before the cursor is read again and compared), the nodes of
 * an evidence graph as a map or as a list, 412 where an alert has no such graph, rows at the top of an answer or in `data`. Not known and not
 * used: a search of assets, comments on alerts. Flow logs come as an aggregated picture, not as records: they are not searched here. What runs in the
 * cloud (PATCH /alert/remediation) is never called; its preview is.
 */
#include "source/prisma.h"

#define LIFETIME (10 * MW_MINUTE)
#define PER_SECOND 5
#define JSON_TYPE "application/json; charset=UTF-8"
#define TOKEN_HEADER "x-redlock-auth: "

/* ---- token ---- */

static int keep_token(struct prisma *x, const cJSON *answer, struct secret **header,
                      mw_time *expires, struct err *e)
{
	const char *token = json_str(answer, "token", NULL);
	struct secret *s;
	struct slice line;

	if (!token)
		return err_set(e, ERR_REMOTE, "%s: its login gave no token: %s", x->c.source.name,
		               json_str(answer, "message", "no message"));
	s = secret_new(token, strlen(token));
	secret_free(x->token);
	x->token = connector_header(TOKEN_HEADER, s);
	line = secret_bytes(x->token);
	*header = secret_new(line.s, line.n);
	*expires = mw_now() + LIFETIME;
	secret_free(s);
	return 0;
}

/* The header's keys ("invalid_credentials"), with what they are about. */
static void status_words(struct slice header, struct buf *out)
{
	cJSON *list = json_parse(header, 65536, NULL);
	const cJSON *o;

	cJSON_ArrayForEach(o, list)
	{
		const char *key = json_str(o, "i18nKey", NULL),
		           *subject = json_str(o, "subject", NULL);
		if (key)
			buf_printf(out, "%s%s%s%s", out->len ? ", " : "", key, subject ? ": " : "",
			           subject ? subject : "");
	}
	if (!out->len)
		buf_add(out, header.s, header.n);
	cJSON_Delete(list);
}

static int call(struct http *h, const struct source_run *run, struct http_request *rq,
                struct http_response *rs, struct err *e)
{
	int rc = call_do(h, run, rq, rs, e);
	struct slice words = http_header(rs, "x-redlock-status");

	if (!rc || !rs->status || !words.n)
		return rc;
	buf_reset(&rs->body);
	status_words(words, &rs->body);
	return http_status_err(h, rs, e);
}

static int read_answer(struct prisma *x, int rc, struct http_response *rs, cJSON **out,
                       struct err *e)
{
	*out = NULL;
	rc = rc ? rc : call_parse(x->c.source.name, rs, out, e);
	http_response_release(rs);
	return rc;
}

static int log_in(struct prisma *x, cJSON **answer, struct err *e)
{
	cJSON *doc = cJSON_CreateObject();
	const char *tenant = json_str(x->env.entry, "account", NULL);
	struct buf body = BUF_INIT;
	struct http_request rq = {.method = "POST",
	                          .path = "/login",
	                          .content_type = JSON_TYPE,
	                          .idempotent = true,
	                          .no_auth = true};
	struct http_response rs;
	int rc;

	json_add_str(doc, "username", json_str(x->env.entry, "client", ""));
	if (x->env.secret)
		json_add_slice(doc, "password", secret_bytes(x->env.secret));
	if (tenant)
		json_add_str(doc, "prismaId", tenant);
	json_write(&body, doc);
	rq.body = (struct slice){body.s, body.len};
	rc = call(x->login, &x->run, &rq, &rs, e);
	rc = read_answer(x, rc, &rs, answer, e);
	secret_wipe(body.s, body.len);
	buf_release(&body);
	if (json_get(doc, "password"))
		secret_wipe(json_get(doc, "password")->valuestring,
		            strlen(json_get(doc, "password")->valuestring));
	cJSON_Delete(doc);
	return rc ? err_prefix(e, "logging in") : 0;
}

/* A token that still holds gives a new one without the key being sent again. */
static int extend(struct prisma *x, cJSON **answer)
{
	struct slice line = secret_bytes(x->token);
	char *header = xstrndup(line.s, line.n);
	const char *headers[] = {header, NULL};
	struct http_request rq = {.method = "GET",
	                          .path = "/auth_token/extend",
	                          .headers = headers,
	                          .idempotent = true,
	                          .no_auth = true};
	struct err ignored = {0};
	int rc = call_json(x->login, &x->run, &rq, answer, &ignored);

	secret_wipe(header, line.n);
	free(header);
	return rc;
}

static int fetch_token(void *ctx, struct http *h, bool force, struct secret **header,
                       mw_time *expires, struct err *e)
{
	struct prisma *x = ctx;
	cJSON *answer = NULL;
	int rc = -1;

	(void)h;
	if (x->token && !force && !extend(x, &answer))
		rc = keep_token(x, answer, header, expires, e);
	if (rc) {
		cJSON_Delete(answer);
		answer = NULL;
		rc = log_in(x, &answer, e);
		rc = rc ? rc : keep_token(x, answer, header, expires, e);
	}
	cJSON_Delete(answer);
	return rc;
}

/* ---- calls ---- */

int prisma_call(struct prisma *x, const struct source_run *run, const char *method,
                const char *path, const cJSON *doc, struct http_response *rs, struct err *e)
{
	struct buf body = BUF_INIT;
	struct http_request rq = {.method = method,
	                          .path = path,
	                          .content_type = doc ? JSON_TYPE : NULL,
	                          .idempotent = true};
	int rc;

	x->run = *run;
	if (doc)
		json_write(&body, doc);
	rq.body = (struct slice){body.s, body.len};
	rc = call(x->api, run, &rq, rs, e);
	buf_release(&body);
	return rc ? rc : rs->body.len ? call_expect_json(x->c.source.name, rs, e) : 0;
}

int prisma_json(struct prisma *x, const struct source_run *run, const char *method,
                const char *path, const cJSON *doc, cJSON **out, struct err *e)
{
	struct http_response rs;
	int rc = prisma_call(x, run, method, path, doc, &rs, e);

	return read_answer(x, rc, &rs, out, e);
}

void prisma_range(cJSON *o, mw_time from, mw_time to)
{
	cJSON *range = json_add_obj(o, "timeRange"), *value;

	json_add_str(range, "type", "absolute");
	value = json_add_obj(range, "value");
	json_add_i64(value, "startTime", from / 1000);
	json_add_i64(value, "endTime", to / 1000);
}

void prisma_filter(cJSON *filters, const char *name, const char *value)
{
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, "name", name);
	json_add_str(o, "operator", "=");
	json_add_str(o, "value", value);
	cJSON_AddItemToArray(filters, o);
}

mw_time prisma_time(const cJSON *o, const char *key)
{
	int64_t ms = call_i64(o, key, 0);

	return ms > 0 ? ms * 1000 : MW_TIME_NONE;
}

/* ---- opening ---- */

static void close_(struct source *s)
{
	struct prisma *x = (struct prisma *)s;

	http_free(x->login);
	http_free(x->api);
	secret_free(x->token);
	free(x);
}

static const struct source_ops ops = {
        .kind = "prisma", .search = prisma_search, .close = close_, .fit = prisma_fit};

static int open_(struct connected **out, const struct connector_env *env, struct err *e)
{
	struct prisma *x = xcalloc(1, sizeof(*x));
	struct http_conf more = {.max_retries = CONNECTOR_RETRIES}, login = more;

	x->c = (struct connected){{&ops, json_str(env->entry, "name", "prisma")},
	                          &connector_prisma};
	x->env = *env;
	if (!json_i64(env->entry, "per_second", 0))
		more.per_second = PER_SECOND;
	if (connector_http(&x->login, env, &login, NULL, NULL, e) ||
	    connector_http(&x->api, env, &more, fetch_token, x, e)) {
		close_(&x->c.source);
		return -1;
	}
	*out = &x->c;
	return 0;
}

const struct connector connector_prisma = {
        .kind = "prisma",
        .rights = PRISMA_RIGHTS,
        .open = open_,
        .test = prisma_test,
        .findings = prisma_findings,
        .finding = prisma_finding,
        .asset = prisma_asset,
        .update = prisma_update,
};
