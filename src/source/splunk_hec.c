/*
 * Writing to Splunk: the HTTP Event Collector, with acknowledgement where the token has it. Delivery there is at least once; each event
 * carries the key of its batch and its number as the indexed field mw_key, by which doubles can be told. Facts: HEC reference of Splunk 9.
 */
#include "source/splunk.h"

#define BATCH_EVENTS 1000
#define BATCH_BYTES (1000u * 1000)
#define ACK_FIRST_US (MW_SECOND / 4)
#define ACK_MAX_US (5 * MW_SECOND)
#define BUSY_FIRST_US MW_SECOND
#define BUSY_MAX_US (30 * MW_SECOND)

struct hec {
	struct splunk *x;
	const struct source_run *run;
	char *channel;
	bool ack; /* until it says that the token has none */
};

/* An envelope of its own stays; what is a bare event gets one. */
static int add_event(struct buf *b, struct slice event, const char *key, size_t i, struct err *e)
{
	cJSON *j = json_parse(slice_trim(event), CONNECTOR_LINE_MAX, e), *o;
	char *number;

	if (!j)
		return err_prefix(e, "event %zu of the batch", i + 1);
	o = json_get(j, "event") ? j : cJSON_CreateObject();
	if (o != j) {
		const char *time = json_str(j, "time", NULL);
		mw_time t;
		if (time && mw_time_parse(slice_of(time), &t))
			cJSON_AddNumberToObject(o, "time", (double)t / 1e6);
		json_add_str(o, "sourcetype", "midwatch");
		cJSON_AddItemToObject(o, "event", j);
	}
	if (!json_obj(o, "fields"))
		(void)json_add_obj(o, "fields");
	number = xasprintf("%s/%zu", key, i);
	json_add_str(json_obj(o, "fields"), "mw_key", number);
	json_write(b, o);
	buf_ch(b, '\n');
	free(number);
	cJSON_Delete(o);
	return 0;
}

static int post(struct hec *h, const char *path, struct slice body, cJSON **out, int *status,
                struct err *e)
{
	char *channel = xasprintf("X-Splunk-Request-Channel: %s", h->channel);
	const char *headers[] = {channel, NULL};
	struct http_request rq = {.method = "POST",
	                          .path = path,
	                          .headers = h->ack ? headers : NULL,
	                          .body = body,
	                          .content_type = "application/json",
	                          .deadline_us = h->run->deadline_us,
	                          .cancelled = h->run->cancelled};
	struct http_response rs;
	int rc = http_do(h->x->hec, &rq, &rs, e);

	*out = NULL;
	*status = rs.status;
	if (!rc)
		*out = json_parse((struct slice){rs.body.s, rs.body.len}, 65536, NULL);
	if (!rc && rs.status / 100 != 2)
		rc = call_status_err(h->x->hec, &rs, e);
	http_response_release(&rs);
	free(channel);
	return rc;
}

/* HEC's own codes: internal error, busy, unhealthy. */
static bool is_busy(int status, int64_t code)
{
	return status == 503 || status == 429 || code == 8 || code == 9 ||
	       (code >= 18 && code <= 20);
}
#define CODE_NO_ACK 14

static int wait_for_ack(struct hec *h, int64_t id, struct err *e)
{
	char *path = xasprintf("/services/collector/ack?channel=%s", h->channel),
	     *body = xasprintf("{\"acks\":[%lld]}", (long long)id),
	     *key = xasprintf("%lld", (long long)id);
	int64_t wait = ACK_FIRST_US;
	bool taken = false;
	int rc = 0, status;

	while (!rc && !taken) {
		cJSON *answer;
		rc = call_wait(h->run, wait, h->x->c.source.name, e);
		rc = rc ? rc : post(h, path, slice_of(body), &answer, &status, e);
		if (rc)
			break;
		taken = call_bool(json_obj(answer, "acks"), key);
		cJSON_Delete(answer);
		wait = wait * 2 > ACK_MAX_US ? ACK_MAX_US : wait * 2;
	}
	free(path);
	free(body);
	free(key);
	return rc ? err_prefix(e, "the batch was sent, but is not acknowledged") : 0;
}

/* *taken: how many of the batch are known to be indexed. */
static int send_batch(struct hec *h, struct slice body, size_t n, size_t *taken, struct err *e)
{
	int64_t wait = BUSY_FIRST_US, code, ack;
	int status, rc;
	cJSON *answer;

	for (;;) {
		rc = post(h, "/services/collector/event", body, &answer, &status, e);
		code = call_i64(answer, "code", -1);
		ack = call_i64(answer, "ackId", -1);
		*taken = rc ? (size_t)call_i64(answer, "invalid-event-number", 0) : n;
		cJSON_Delete(answer);
		if (rc && code == CODE_NO_ACK && h->ack) {
			h->ack = false;
			continue;
		}
		if (!rc || !is_busy(status, code) || mw_mono_us() + wait > h->run->deadline_us)
			break;
		if (call_wait(h->run, wait, h->x->c.source.name, e))
			return -1;
		wait = wait * 2 > BUSY_MAX_US ? BUSY_MAX_US : wait * 2;
	}
	if (!rc && code != 0)
		rc = err_set(e, ERR_REMOTE,
		             "%s: the event collector did not say that it took the events",
		             h->x->c.source.name);
	if (!rc && ack >= 0 && wait_for_ack(h, ack, e))
		*taken = 0, rc = -1;
	return rc;
}

int splunk_ingest(struct connected *c, const struct source_run *run, const struct slice *events,
                  size_t n, const char *batch_key, size_t *taken, struct err *e)
{
	struct hec h = {.x = splunk_of(c), .run = run, .channel = NULL, .ack = true};
	struct buf body = BUF_INIT;
	size_t from = 0, part;
	int rc = 0;

	*taken = 0;
	if (!h.x->hec)
		return err_set(e, ERR_INVALID,
		               "%s: to write there its entry needs hec_url and write_credential",
		               c->source.name);
	h.channel = call_new_id("6d696477-6174-4368-8000-");
	h.channel[strlen(h.channel) - 4] = '\0'; /* a GUID has 12 digits there */
	for (size_t i = 0; !rc && i < n; i++) {
		rc = add_event(&body, events[i], batch_key, i, e);
		if (rc || (i + 1 < n && i + 1 - from < BATCH_EVENTS &&
		           body.len + events[i + 1].n < BATCH_BYTES))
			continue;
		rc = send_batch(&h, (struct slice){body.s, body.len}, i + 1 - from, &part, e);
		*taken = from + part;
		from = i + 1;
		buf_reset(&body);
	}
	buf_release(&body);
	free(h.channel);
	return rc;
}
