#include "serve/source_row.h"

#include <inttypes.h>

#include "base/base64.h"
#include "base/limits.h"

#define RAW_MAX (MW_ROW_MAX / 2) /* with base64 and the fields still one row */

static void write_event(const struct event *ev, struct buf *out, bool *cut)
{
	buf_str(out, "{\"u\":");
	json_write_string(out, ev->uid);
	buf_printf(out, ",\"t\":%" PRId64 ",\"a\":%" PRId64 ",\"d\":", ev->time, ev->arrival);
	json_write_string(out, slice_of(ev->dataset));
	buf_printf(out, ",\"o\":%s,\"v\":[", ev->has_own_uid ? "true" : "false");
	for (size_t i = 0; i < ev->vals.n; i++) {
		buf_printf(out, "%s[\"%s\",", i ? "," : "", field_at(ev->vals.v[i].field)->name);
		json_write_string(out, ev->vals.v[i].value);
		buf_ch(out, ']');
	}
	buf_str(out, "],\"r\":\"");
	if (ev->raw.n > RAW_MAX)
		*cut = true;
	else if (ev->raw.n)
		base64_add(out, ev->raw);
	buf_str(out, "\"}");
}

void source_row_write(const struct source_row *r, struct buf *out, bool *cut)
{
	if (r->event) {
		write_event(r->event, out, cut);
	} else if (r->json.n) {
		buf_str(out, "{\"j\":");
		buf_add(out, r->json.s, r->json.n);
		buf_ch(out, '}');
	} else {
		buf_str(out, "{\"c\":[");
		for (size_t i = 0; i < r->ncols; i++) {
			buf_str(out, i ? "," : "");
			json_write_string(out, r->cols[i]);
		}
		buf_str(out, "]}");
	}
}

/* ---- reading ---- */

static struct slice text_of(const cJSON *j, struct arena *a)
{
	size_t n = cJSON_IsString(j) ? strlen(j->valuestring) : 0;

	return (struct slice){n ? arena_strndup(a, j->valuestring, n) : "", n};
}

/* Microseconds since 1970 are exact in a double until the year 2255; MW_TIME_NONE is not. */
static mw_time time_of(const cJSON *j, const char *key)
{
	const cJSON *t = json_get(j, key);

	return cJSON_IsNumber(t) && t->valuedouble > -9e15 && t->valuedouble < 9e15
	               ? (mw_time)t->valuedouble
	               : MW_TIME_NONE;
}

static int read_raw(const cJSON *j, struct arena *a, struct slice *out, struct err *e)
{
	const char *text = json_str(j, "r", "");
	size_t n = strlen(text), got = 0;
	char *room = arena_alloc(a, n + 1);

	if (base64_read((struct slice){text, n}, room, &got))
		return err_set(e, ERR_INTERNAL,
		               "a source's worker sent a record that is no base64");
	*out = (struct slice){room, got};
	return 0;
}

static int read_event(const cJSON *j, struct arena *a, struct event *ev, struct err *e)
{
	const cJSON *x;

	event_reset(ev);
	ev->uid = text_of(json_get(j, "u"), a);
	ev->time = time_of(j, "t");
	ev->arrival = time_of(j, "a");
	ev->dataset = arena_strdup(a, json_str(j, "d", ""));
	ev->has_own_uid = json_bool(j, "o", false);
	cJSON_ArrayForEach(x, json_arr(j, "v"))
	{
		const struct field *f = cJSON_IsString(x->child)
		                                ? field_find(slice_of(x->child->valuestring))
		                                : NULL;
		if (f && x->child->next)
			event_add(ev, f->id, text_of(x->child->next, a));
	}
	return read_raw(j, a, &ev->raw, e);
}

static void read_cols(const cJSON *list, struct arena *a, struct source_row *out)
{
	size_t n = (size_t)cJSON_GetArraySize(list), i = 0;
	struct slice *cols = arena_zalloc(a, (n + 1) * sizeof(*cols));
	const cJSON *x;

	cJSON_ArrayForEach(x, list) cols[i++] = text_of(x, a);
	out->cols = cols;
	out->ncols = n;
}

static void read_json(const cJSON *j, struct arena *a, struct source_row *out)
{
	struct buf b = BUF_INIT;

	json_write(&b, j);
	out->json = (struct slice){arena_strndup(a, b.s, b.len), b.len};
	buf_release(&b);
}

int source_row_read(const cJSON *j, struct arena *a, struct event *ev, struct source_row *out,
                    struct err *e)
{
	*out = (struct source_row){.id = EVENT_ID_NONE};
	if (json_get(j, "c")) {
		read_cols(json_get(j, "c"), a, out);
	} else if (json_get(j, "j")) {
		read_json(json_get(j, "j"), a, out);
	} else {
		if (read_event(j, a, ev, e))
			return -1;
		out->event = ev;
	}
	return 0;
}

/* ---- how it ended ---- */

cJSON *source_done_json(const struct source_done *d)
{
	cJSON *o = cJSON_CreateObject();

	json_add_i64(o, "rows", (int64_t)d->rows);
	json_add_i64(o, "scanned", (int64_t)d->scanned);
	json_add_bool(o, "limited", d->limited);
	json_add_bool(o, "partial", d->partial);
	json_add_bool(o, "inexact", d->inexact);
	json_add_str(o, "why", d->why);
	json_add_time(o, "complete_to", d->complete_to);
	json_add_str(o, "fields", *d->fields ? d->fields : NULL);
	json_add_str(o, "sent", d->sent);
	return o;
}

void source_done_read(const cJSON *j, struct source_done *d)
{
	const char *to = json_str(j, "complete_to", NULL), *sent = json_str(j, "sent", NULL);

	d->rows = (uint64_t)json_i64(j, "rows", 0);
	d->scanned = (uint64_t)json_i64(j, "scanned", 0);
	d->limited = json_bool(j, "limited", false);
	d->partial = json_bool(j, "partial", false);
	d->inexact = json_bool(j, "inexact", false);
	snprintf(d->why, sizeof(d->why), "%s", json_str(j, "why", ""));
	snprintf(d->fields, sizeof(d->fields), "%s", json_str(j, "fields", ""));
	if (!to || !mw_time_parse(slice_of(to), &d->complete_to))
		d->complete_to = MW_TIME_NONE;
	d->sent = sent ? xstrdup(sent) : NULL;
}
