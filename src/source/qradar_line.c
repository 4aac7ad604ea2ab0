/*
 * Writing to QRadar: lines of syslog over TCP or TLS with LEEF 2.0 (tab-delimited) or CEF in them. Neither has an acknowledgement: an event
 * counts as taken when the connection took it and stood. LEEF has no escapes, so what would end a value is taken out of it. Facts: IBM DSM
 * guide (LEEF), ArcSight CEF rev. 25.
 */
#include "source/qradar.h"

#define LINE_MAX_BYTES 4000 /* QRadar's default payload over TCP is 4096 */
#define PRODUCT "Midwatch"

static const struct {
	const char *ours, *leef, *cef;
} names[] = {
        {"time", "devTime", "rt"},
        {"src_endpoint.ip", "src", "src"},
        {"dst_endpoint.ip", "dst", "dst"},
        {"src_endpoint.port", "srcPort", "spt"},
        {"dst_endpoint.port", "dstPort", "dpt"},
        {"actor.user.name", "usrName", "suser"},
        {"severity", "sev", "cn1"},
        {"cloud.account.uid", "accountName", "deviceExternalId"},
        {"resource.name", "resource", "fname"},
        {"url", "url", "request"},
        {"category", "cat", "cat"},
        {"message", "msg", "msg"},
};

static const char *name_of(const char *ours, bool cef)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(names[i].ours, ours))
			return cef ? names[i].cef : names[i].leef;
	return ours;
}

/* Header fields end at a bar, keys at an equals sign: neither holds control bytes. */
static void add_plain(struct buf *b, const char *s, const char *without)
{
	for (; *s; s++)
		buf_ch(b, (unsigned char)*s < 0x20 || strchr(without, *s) ? '_' : *s);
}

static void add_cef_header(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '|' || *s == '\\')
			buf_ch(b, '\\');
		buf_ch(b, (unsigned char)*s < 0x20 ? ' ' : *s);
	}
}

static void add_cef_value(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '\n' || *s == '\r') {
			buf_str(b, *s == '\n' ? "\\n" : "\\r");
			continue;
		}
		if (*s == '=' || *s == '\\')
			buf_ch(b, '\\');
		buf_ch(b, (unsigned char)*s < 0x20 ? ' ' : *s);
	}
}

static void add_leef_value(struct buf *b, const char *s)
{
	for (; *s; s++)
		buf_ch(b, (unsigned char)*s < 0x20 ? ' ' : *s);
}

static void add_pair(struct buf *b, const cJSON *v, bool cef, size_t n)
{
	struct buf text = BUF_INIT;

	if (cJSON_IsString(v))
		buf_str(&text, v->valuestring);
	else
		json_write(&text, v);
	if (n)
		buf_ch(b, cef ? ' ' : '\t');
	add_plain(b, name_of(v->string, cef), cef ? "= |" : "=|");
	buf_ch(b, '=');
	if (cef)
		add_cef_value(b, text.s);
	else
		add_leef_value(b, text.s);
	buf_release(&text);
}

static void add_head(struct buf *b, const cJSON *j, bool cef)
{
	const char *id = json_str(j, "id", json_str(j, "title", "event")),
	           *title = json_str(j, "title", id);
	char now[32];

	mw_time_format(mw_now(), now);
	buf_printf(b, "<13>1 %s midwatch ", now);
	if (cef) {
		buf_str(b, "CEF:0|" PRODUCT "|" PRODUCT "|" MW_VERSION "|");
		add_cef_header(b, id);
		buf_ch(b, '|');
		add_cef_header(b, title);
		buf_str(b, "|5|");
	} else {
		buf_str(b, "LEEF:2.0|" PRODUCT "|" PRODUCT "|" MW_VERSION "|");
		add_plain(b, id, "|");
		buf_str(b, "|0x09|");
	}
}

int qradar_line(struct buf *out, struct slice event, bool cef, const char *key, struct err *e)
{
	cJSON *j = json_parse(slice_trim(event), CONNECTOR_LINE_MAX, e);
	const cJSON *v;
	size_t n = 0, start = out->len;

	if (!cJSON_IsObject(j)) {
		cJSON_Delete(j);
		return e->code ? -1 : err_set(e, ERR_INVALID, "an event is no JSON object");
	}
	json_add_str(j, "mwKey", key);
	add_head(out, j, cef);
	cJSON_ArrayForEach(v, j)
	{
		if (!cJSON_IsNull(v))
			add_pair(out, v, cef, n++);
	}
	cJSON_Delete(j);
	if (out->len - start > LINE_MAX_BYTES)
		return err_set(e, ERR_LIMIT,
		               "an event is %zu bytes as a line of syslog; QRadar cuts at 4096",
		               out->len - start);
	buf_ch(out, '\n');
	return 0;
}

int qradar_ingest(struct connected *c, const struct source_run *run, const struct slice *events,
                  size_t n, const char *batch_key, size_t *taken, struct err *e)
{
	struct qradar *x = qradar_of(c);
	struct buf lines = BUF_INIT;
	size_t good = 0;
	struct err own = {0};
	int rc = 0;

	*taken = 0;
	if (!x->syslog)
		return err_set(e, ERR_INVALID,
		               "%s: to write there its entry needs `syslog`: tls://host:6514",
		               c->source.name);
	for (; !rc && good < n; good += rc == 0) {
		char *key = xasprintf("%s/%zu", batch_key, good);
		size_t before = lines.len;
		rc = qradar_line(&lines, events[good], x->cef, key, e);
		if (rc) {
			buf_truncate(&lines, before);
			err_prefix(e, "event %zu of the batch", good + 1);
		}
		free(key);
	}
	if (lines.len && http_send_raw(x->syslog, (struct slice){lines.s, lines.len},
	                               run->deadline_us, run->cancelled, &own)) {
		*e = own;
		rc = -1;
	} else {
		*taken = good;
	}
	buf_release(&lines);
	return rc;
}
