/*
 * Writing to a workspace: the Logs Ingestion API over a data collection rule, or, where only a workspace key is configured, the legacy HTTP
 * Data Collector. Neither drops what was sent before: each event carries MwKey, its batch and number. Facts:
 * learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview, .../data-collector-api.
 */
#include <sodium.h>
#include <time.h>

#include "source/sentinel.h"

#define BATCH_BYTES (900u * 1000) /* 1 MB a call, before compression */
#define STREAM_DEFAULT "Custom-Midwatch_CL"
#define LOG_TYPE "Midwatch"

char *sentinel_signature(const char *workspace, struct slice key, size_t length, const char *date)
{
	unsigned char raw[256], mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state st;
	char *text = xasprintf("POST\n%zu\napplication/json\nx-ms-date:%s\n/api/logs", length,
	                       date),
	     code[64], *out = NULL;
	size_t n;

	key = slice_trim(key);
	if (!sodium_base642bin(raw, sizeof(raw), key.s, key.n, NULL, &n, NULL,
	                       sodium_base64_VARIANT_ORIGINAL)) {
		crypto_auth_hmacsha256_init(&st, raw, n);
		crypto_auth_hmacsha256_update(&st, (const unsigned char *)text, strlen(text));
		crypto_auth_hmacsha256_final(&st, mac);
		sodium_bin2base64(code, sizeof(code), mac, sizeof(mac),
		                  sodium_base64_VARIANT_ORIGINAL);
		out = xasprintf("SharedKey %s:%s", workspace, code);
	}
	secret_wipe(raw, sizeof(raw));
	free(text);
	return out;
}

static int add_event(struct buf *b, struct slice event, const char *key, size_t i, struct err *e)
{
	cJSON *j = json_parse(slice_trim(event), CONNECTOR_LINE_MAX, e);
	char *number;

	if (!cJSON_IsObject(j)) {
		cJSON_Delete(j);
		return e->code ? err_prefix(e, "event %zu of the batch", i + 1)
		               : err_set(e, ERR_INVALID, "event %zu of the batch is no object",
		                         i + 1);
	}
	number = xasprintf("%s/%zu", key, i);
	json_add_str(j, "MwKey", number);
	if (!json_get(j, "TimeGenerated"))
		json_add_str(j, "TimeGenerated", json_str(j, "time", NULL));
	buf_str(b, b->len ? "," : "[");
	json_write(b, j);
	free(number);
	cJSON_Delete(j);
	return 0;
}

/* "dcr-ID" or "dcr-ID/Custom-Stream". */
static char *rule_path(const struct sentinel *x)
{
	const char *rule = json_str(x->env.entry, "ingest_rule", ""), *slash = strchr(rule, '/');
	size_t n = slash ? (size_t)(slash - rule) : strlen(rule);

	return xasprintf("/dataCollectionRules/%.*s/streams/%s?api-version=2023-01-01", (int)n,
	                 rule, slash ? slash + 1 : STREAM_DEFAULT);
}

static int post_rule(struct sentinel *x, const struct source_run *run, struct slice body,
                     struct err *e)
{
	char *path = rule_path(x);
	struct http_request rq = {.method = "POST",
	                          .path = path,
	                          .body = body,
	                          .content_type = "application/json",
	                          .idempotent = true};
	struct http_response rs;
	int rc = call_do(x->ingest.http, run, &rq, &rs, e);

	http_response_release(&rs);
	free(path);
	return rc;
}

static int post_collector(struct sentinel *x, const struct source_run *run, struct slice body,
                          struct err *e)
{
	time_t now = (time_t)(mw_now() / MW_SECOND);
	char date[64], *day, *signature, *header;
	struct http_request rq = {.method = "POST",
	                          .path = "/api/logs?api-version=2016-04-01",
	                          .body = body,
	                          .content_type = "application/json",
	                          .idempotent = true};
	struct http_response rs;
	struct tm tm;
	int rc;

	if (!gmtime_r(&now, &tm) || !strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm))
		return err_set(e, ERR_INTERNAL, "the date cannot be written");
	signature = sentinel_signature(json_str(x->env.entry, "workspace", ""),
	                               secret_bytes(x->env.write_secret), body.n, date);
	if (!signature)
		return err_set(e, ERR_INVALID, "%s: write_credential is no workspace key (base64)",
		               x->c.source.name);
	day = xasprintf("x-ms-date: %s", date);
	header = xasprintf("Authorization: %s", signature);
	rq.headers = (const char *const[]){
	        "Log-Type: " LOG_TYPE, "time-generated-field: TimeGenerated", day, header, NULL};
	rc = call_do(x->collector.http, run, &rq, &rs, e);
	http_response_release(&rs);
	free(signature);
	free(header);
	free(day);
	return rc;
}

int sentinel_ingest(struct connected *c, const struct source_run *run, const struct slice *events,
                    size_t n, const char *batch_key, size_t *taken, struct err *e)
{
	struct sentinel *x = sentinel_of(c);
	struct buf body = BUF_INIT;
	int rc = 0;

	*taken = 0;
	x->run = *run;
	if (!x->ingest.http && !x->collector.http)
		return err_set(e, ERR_INVALID,
		               "%s: to write there its entry needs ingest_url and ingest_rule, or "
		               "write_credential (workspace key)",
		               c->source.name);
	for (size_t i = 0; !rc && i < n; i++) {
		rc = add_event(&body, events[i], batch_key, i, e);
		if (rc || (i + 1 < n && body.len + events[i + 1].n + 256 < BATCH_BYTES))
			continue;
		buf_ch(&body, ']');
		rc = x->ingest.http ? post_rule(x, run, (struct slice){body.s, body.len}, e)
		                    : post_collector(x, run, (struct slice){body.s, body.len}, e);
		*taken = rc ? *taken : i + 1;
		buf_reset(&body);
	}
	buf_release(&body);
	return rc;
}
