/*
 * Writing to OpenSearch and Elasticsearch: _bulk with create, so that what was stored before is not stored again (409 counts as stored).
 * An answer of 200 says nothing: each item has its own status. Ids are batch key, hash of the event and which of equal ones it is, so that
 * a batch sent again without its bad event keeps the others' ids.
 */
#include "base/digest.h"
#include "source/opensearch.h"

#define BATCH_EVENTS 1000
#define BATCH_BYTES (5u * 1024 * 1024)
#define INDEX_DEFAULT "midwatch-events"
#define HASH_SHOWN 24
#define BUSY_FIRST_US MW_SECOND
#define BUSY_MAX_US (20 * MW_SECOND)

struct bulk {
	struct opensearch *x;
	const struct source_run *run;
	const struct slice *events;
	char **ids;
	size_t n;
	bool *stored;
	char *path;
};

static void make_ids(struct bulk *b, const char *key)
{
	struct map seen = MAP_INIT;
	uint8_t d[32];
	char hex[DIGEST_HEX];

	for (size_t i = 0; i < b->n; i++) {
		uint64_t nth;
		digest_sha256(b->events[i].s, b->events[i].n, d);
		digest_hex(d, hex);
		nth = map_put(&seen, d, sizeof(d), NULL)->val.u++;
		b->ids[i] =
		        xasprintf("%s-%.*s-%llu", key, HASH_SHOWN, hex, (unsigned long long)nth);
	}
	map_release(&seen);
}

/* From `from` on what fits one request and is not stored; gives where it ends. */
static size_t write_part(const struct bulk *b, size_t from, struct buf *out)
{
	size_t i = from, count = 0;

	for (; i < b->n && count < BATCH_EVENTS &&
	       (!count || out->len + b->events[i].n < BATCH_BYTES);
	     i++) {
		if (b->stored[i])
			continue;
		buf_printf(out, "{\"create\":{\"_id\":\"%s\"}}\n", b->ids[i]);
		buf_add(out, b->events[i].s, b->events[i].n);
		buf_ch(out, '\n');
		count++;
	}
	return i;
}

/* Marks what is stored. 1: some are to be sent again; -1: one was refused, e says which. */
static int look_at_items(struct bulk *b, size_t from, size_t to, const cJSON *answer, struct err *e)
{
	const cJSON *item = json_arr(answer, "items") ? json_arr(answer, "items")->child : NULL;
	bool again = false;
	int rc = 0;

	for (size_t i = from; i < to; i++) {
		const cJSON *one = item ? item->child : NULL;
		int64_t status = json_i64(one, "status", 0);
		if (b->stored[i])
			continue;
		if (!one)
			return err_set(e, ERR_REMOTE,
			               "%s answered for fewer events than it was sent",
			               b->x->c.source.name);
		if (strcmp(json_str(one, "_id", ""), b->ids[i]) != 0)
			return err_set(e, ERR_REMOTE,
			               "%s answered for other events than it was sent",
			               b->x->c.source.name);
		item = item->next;
		b->stored[i] = status / 100 == 2 || status == 409;
		again |= status == 429 || status == 503;
		if (!b->stored[i] && status != 429 && status != 503 && !rc)
			rc = err_set(e, status == 403 ? ERR_DENIED : ERR_INVALID,
			             "%s refused event %zu of the batch (%lld): %s",
			             b->x->c.source.name, i + 1, (long long)status,
			             json_str(json_obj(one, "error"), "reason", "no reason given"));
	}
	return rc ? rc : again;
}

static int send_part(struct bulk *b, size_t from, size_t *to, struct err *e)
{
	int64_t wait = BUSY_FIRST_US;
	int rc;

	for (;;) {
		struct buf body = BUF_INIT;
		struct http_request rq = {.method = "POST",
		                          .path = b->path,
		                          .content_type = "application/x-ndjson",
		                          .idempotent = true};
		cJSON *answer = NULL;
		*to = write_part(b, from, &body);
		rq.body = (struct slice){body.s, body.len};
		rc = body.len ? call_json(b->x->http, b->run, &rq, &answer, e) : 0;
		if (!rc && body.len)
			rc = look_at_items(b, from, *to, answer, e);
		cJSON_Delete(answer);
		buf_release(&body);
		if (rc != 1 || call_wait(b->run, wait, b->x->c.source.name, e))
			return rc ? -1 : 0;
		wait = wait * 2 > BUSY_MAX_US ? BUSY_MAX_US : wait * 2;
	}
}

static int index_of(const struct opensearch *x, const char **out, struct err *e)
{
	*out = json_str(x->env.entry, "table", INDEX_DEFAULT);
	if (strpbrk(*out, "*,"))
		return err_set(e, ERR_INVALID,
		               "%s: events are written to one index; `table` is the pattern %s",
		               x->c.source.name, *out);
	return 0;
}

int opensearch_ingest(struct connected *c, const struct source_run *run, const struct slice *events,
                      size_t n, const char *batch_key, size_t *taken, struct err *e)
{
	struct bulk b = {.x = opensearch_of(c), .run = run, .events = events, .n = n};
	const char *index;
	char *pattern = NULL;
	size_t from = 0;
	int rc = index_of(b.x, &index, e) || opensearch_pattern(b.x, &pattern, e) ? -1 : 0;

	*taken = 0;
	b.ids = xcalloc(n + 1, sizeof(*b.ids));
	b.stored = xcalloc(n + 1, sizeof(*b.stored));
	b.path = xasprintf("/%s/_bulk?refresh=false", index);
	make_ids(&b, batch_key);
	while (!rc && from < n)
		rc = send_part(&b, from, &from, e);
	while (*taken < n && b.stored[*taken])
		++*taken;
	for (size_t i = 0; i < n; i++)
		free(b.ids[i]);
	free(b.ids);
	free(b.stored);
	free(b.path);
	free(pattern);
	return rc;
}
