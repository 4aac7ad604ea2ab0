#include "model/say.h"

#include "base/mem.h"

#include <ctype.h>

#include "widget/text.h"

struct clock_face clock_face;

void say_id(struct buf *b, const char *wire)
{
	if (!strncmp(wire, "ev:", 3))
		buf_printf(b, "e%s", wire + 3);
	else
		buf_str(b, wire);
}

bool wire_id(struct slice shown, char out[32])
{
	size_t digits = 1;

	while (digits < shown.n && isdigit((unsigned char)shown.s[digits]))
		digits++;
	if (digits < 2 || digits > 20 || (shown.s[0] != 'e' && shown.s[0] != 'c'))
		return false;
	snprintf(out, 32, "%s%.*s", shown.s[0] == 'e' ? "ev:" : "c", (int)digits - 1, shown.s + 1);
	return true;
}

void say_ids(struct buf *b, const cJSON *ids, int most)
{
	int n = cJSON_GetArraySize(ids), i = 0;
	const cJSON *id;

	if (cJSON_IsString(ids)) {
		buf_str(b, " [");
		say_id(b, ids->valuestring);
		buf_ch(b, ']');
		return;
	}
	cJSON_ArrayForEach(id, ids)
	{
		if (i == most || !cJSON_IsString(id))
			break;
		buf_str(b, i ? "[" : " [");
		say_id(b, id->valuestring);
		if (++i == most && n > i)
			buf_printf(b, " +%d", n - i);
		buf_ch(b, ']');
	}
}

static int64_t zone_offset(mw_time t)
{
	time_t s = (time_t)(t / MW_SECOND);
	struct tm tm;

	return clock_face.local && localtime_r(&s, &tm) ? tm.tm_gmtoff * MW_SECOND : 0;
}

void say_clock(struct buf *b, mw_time t)
{
	char hms[16];

	if (t == MW_TIME_NONE) {
		buf_str(b, "--:--:--");
		return;
	}
	mw_time_hms(t + zone_offset(t), hms);
	buf_str(b, hms);
}

void say_day_clock(struct buf *b, mw_time t)
{
	struct civil c;

	if (t == MW_TIME_NONE) {
		buf_str(b, "no time");
		return;
	}
	mw_time_civil(t + zone_offset(t), &c);
	buf_printf(b, "%04d-%02d-%02d %02d:%02d:%02d%s", c.year, c.month, c.day, c.hour, c.minute,
	           c.second, clock_face.local ? " local" : "Z");
}

mw_time say_when(const cJSON *o, const char *key)
{
	mw_time t;
	const char *s = json_str(o, key, NULL);

	return s && mw_time_parse(slice_of(s), &t) ? t : MW_TIME_NONE;
}

/* Length of a time like 2026-11-24T11:38:57.123Z at s, or 0. */
static size_t time_len(const char *s)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd";
	size_t n = 0;

	for (; shape[n]; n++)
		if (shape[n] == 'd' ? !isdigit((unsigned char)s[n]) : s[n] != shape[n])
			return 0;
	if (s[n] == '.')
		for (n++; isdigit((unsigned char)s[n]); n++)
			;
	return s[n] == 'Z' ? n + 1 : 0;
}

bool is_today(mw_time t)
{
	mw_time now = mw_now();

	return (t + zone_offset(t)) / MW_DAY == (now + zone_offset(now)) / MW_DAY;
}

static void say_short_time(struct buf *b, mw_time t)
{
	struct civil c;

	if (!is_today(t)) {
		mw_time_civil(t + zone_offset(t), &c);
		buf_printf(b, "%02d-%02d ", c.month, c.day);
	}
	say_clock(b, t);
}

void say_short_times(struct buf *b, const char *text)
{
	while (*text) {
		size_t n = time_len(text);
		mw_time t;
		if (n && mw_time_parse((struct slice){text, n}, &t)) {
			say_short_time(b, t);
			text += n;
		} else {
			buf_ch(b, *text++);
		}
	}
}

void say_elapsed(struct buf *b, int64_t ms)
{
	if (ms < 100000)
		buf_printf(b, "%lld.%llds", (long long)(ms / 1000), (long long)(ms % 1000 / 100));
	else
		buf_printf(b, "%lldm", (long long)(ms / 60000));
}

void say_value(struct buf *b, const cJSON *v)
{
	const cJSON *e;
	char n[32];

	if (cJSON_IsString(v)) {
		buf_str(b, v->valuestring);
	} else if (cJSON_IsNumber(v)) {
		if (v->valuedouble > -9e15 && v->valuedouble < 9e15 &&
		    v->valuedouble == (double)(int64_t)v->valuedouble) {
			count_text((int64_t)v->valuedouble, n);
			buf_str(b, n);
		} else {
			buf_printf(b, "%g", v->valuedouble);
		}
	} else if (cJSON_IsBool(v)) {
		buf_str(b, cJSON_IsTrue(v) ? "yes" : "no");
	} else if (cJSON_IsArray(v)) {
		cJSON_ArrayForEach(e, v)
		{
			if (e != v->child)
				buf_str(b, ", ");
			say_value(b, e);
		}
	} else {
		buf_ch(b, '-');
	}
}

static void say_piece(struct buf *b, const char *text, size_t n, bool struck)
{
	char *piece = xstrndup(text, n);

	if (struck && n)
		buf_str(b, "~~");
	say_short_times(b, piece);
	if (struck && n)
		buf_str(b, "~~");
	free(piece);
}

/* What the evidence does not hold is struck: the whole sentence, or its parts. */
static void say_struck(struct buf *b, const cJSON *s, const char *status)
{
	const char *text = json_str(s, "text", "");
	size_t n = strlen(text), at = 0;
	const cJSON *x;

	if (strcmp(status, "partly") != 0) {
		say_piece(b, text, n, strcmp(status, "unsupported") == 0);
		return;
	}
	cJSON_ArrayForEach(x, json_arr(s, "spans"))
	{
		int64_t from = json_i64(x, "from", 0), to = json_i64(x, "to", 0);
		if (from < (int64_t)at || to <= from || to > (int64_t)n)
			continue;
		say_piece(b, text + at, (size_t)from - at, false);
		say_piece(b, text + from, (size_t)(to - from), true);
		at = (size_t)to;
	}
	say_piece(b, text + at, n - at, false);
}

void say_sentence(struct buf *b, const cJSON *s)
{
	const char *status = json_str(s, "status", "");

	if (cJSON_IsString(s)) {
		say_short_times(b, s->valuestring);
		return;
	}
	if (!strcmp(status, "unsupported"))
		buf_str(b, "NOT SUPPORTED by evidence: ");
	say_struck(b, s, status);
	if (!strcmp(status, "opinion"))
		buf_str(b, " (judgement)");
	say_ids(b, json_get(s, "evidence"), 3);
	if (*json_str(s, "cover", ""))
		buf_printf(b, " [%s]", json_str(s, "cover", ""));
}

/* What a reader wants first of an event, by part of the line; the first field that has a value speaks for its part. */
static const char *const what_fields[] = {
        "api.operation",         "activity_name", "process.cmd_line",
        "query.hostname",        "finding.title", "finding_info.title",
        "http_request.url.path", "type_name",     "message"};
static const char *const actor_fields[] = {"actor.user.name",    "actor.session.uid",
                                           "actor.user.uid",     "user.name",
                                           "actor.process.name", "actor.user.credential_uid"};
static const char *const target_fields[] = {
        "resource.name",   "resource.uid",   "resources.name",  "resources.uid",        "file.path",
        "dst_endpoint.ip", "cloud.resource", "device.hostname", "dst_endpoint.hostname"};
static const char *const from_fields[] = {"src_endpoint.ip", "src_endpoint.hostname"};
static const char *const bad_fields[] = {"api.response.error", "status_code", "status"};

const char *row_value(const cJSON *row, const char *field)
{
	const cJSON *v = json_get(json_get(row, "vals"), field);

	if (cJSON_IsArray(v))
		v = v->child;
	return cJSON_IsString(v) && v->valuestring[0] ? v->valuestring : NULL;
}

static const char *first_of(const cJSON *row, const char *const *fields, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (row_value(row, fields[i]))
			return row_value(row, fields[i]);
	return NULL;
}

static void say_event(struct buf *b, const cJSON *row)
{
	const char *what = first_of(row, what_fields, ARRAY_LEN(what_fields));
	const char *actor = first_of(row, actor_fields, ARRAY_LEN(actor_fields));
	const char *target = first_of(row, target_fields, ARRAY_LEN(target_fields));
	const char *from = first_of(row, from_fields, ARRAY_LEN(from_fields));
	const char *bad = first_of(row, bad_fields, ARRAY_LEN(bad_fields));

	buf_str(b, what ? what : json_str(row, "dataset", "event"));
	if (actor)
		buf_printf(b, "  by %s", actor);
	if (target)
		buf_printf(b, "  on %s", target);
	if (from)
		buf_printf(b, "  from %s", from);
	if (bad && strcasecmp(bad, "success") != 0 && strcasecmp(bad, "ok") != 0)
		buf_printf(b, "  %s", bad);
}

static void say_node(struct buf *b, const cJSON *node)
{
	const char *name = json_str(node, "name", NULL), *id = json_str(node, "id", "?");

	buf_printf(b, "%s %s", json_str(node, "type", ""), id);
	if (name && strcmp(name, id) != 0)
		buf_printf(b, "  %s", name);
}

static void say_path(struct buf *b, const cJSON *path)
{
	const cJSON *p;
	bool edge = false;

	cJSON_ArrayForEach(p, path)
	{
		if (edge)
			buf_printf(b, " -%s-> ", json_str(p, "type", ""));
		else
			buf_str(b, json_str(p, "name", json_str(p, "id", "?")));
		edge = !edge;
	}
}

/* Of several graphs: whose row it is. Ours needs no name. */
static void say_graph(struct buf *b, const cJSON *row)
{
	const char *source = json_str(row, "source", "graph");

	if (strcmp(source, "graph") != 0)
		buf_printf(b, "   (%s)", source);
}

void say_row(struct buf *b, const cJSON *row)
{
	const cJSON *cols = json_get(row, "cols"), *c;

	if (cols) {
		cJSON_ArrayForEach(c, cols)
		{
			buf_printf(b, "%s%s ", c == cols->child ? "" : "   ", c->string);
			say_value(b, c);
		}
	} else if (json_get(row, "node")) {
		say_node(b, json_get(row, "node"));
		if (json_str(row, "via", NULL))
			buf_printf(b, "   by %s", json_str(row, "via", ""));
		say_graph(b, row);
	} else if (json_get(row, "path")) {
		say_path(b, json_get(row, "path"));
		say_graph(b, row);
	} else {
		say_event(b, row);
	}
}

const cJSON *row_evidence(const cJSON *row)
{
	const cJSON *ids = json_get(row, "evidence"), *id = json_get(row, "id");

	if (cJSON_IsArray(ids) && ids->child)
		return ids;
	if (cJSON_IsString(ids))
		return ids;
	return cJSON_IsString(id) && !strncmp(id->valuestring, "ev:", 3) ? id : NULL;
}

static bool pivot_field(const char *f)
{
	static const char *const ends[] = {".ip",
	                                   ".name",
	                                   ".uid",
	                                   ".hostname",
	                                   ".operation",
	                                   ".sha256",
	                                   ".credential_uid",
	                                   ".path",
	                                   ".region",
	                                   ".domain",
	                                   ".md5",
	                                   ".arn",
	                                   ".email_addr"};
	size_t n = strlen(f);

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		size_t m = strlen(ends[i]);
		if (n >= m && !strcmp(f + n - m, ends[i]))
			return true;
	}
	return false;
}

/* What a line of a table names; what was counted and when are no entities. */
static void cell_entities(const cJSON *cells, void (*fn)(void *ctx, const char *, const char *),
                          void *ctx)
{
	const cJSON *c;
	mw_time t;

	cJSON_ArrayForEach(c, cells)
	{
		if (cJSON_IsArray(c))
			cell_entities(c, fn, ctx);
		else if (cJSON_IsString(c) && c->valuestring[0] &&
		         !mw_time_parse(slice_of(c->valuestring), &t))
			fn(ctx, "", c->valuestring);
	}
}

void row_entities(const cJSON *row, void (*fn)(void *ctx, const char *field, const char *value),
                  void *ctx)
{
	static const char *const plain[] = {"actor", "target"};
	const cJSON *v, *node = json_get(row, "node");

	cJSON_ArrayForEach(v, json_get(row, "vals")) if (pivot_field(v->string) &&
	                                                 row_value(row, v->string))
	        fn(ctx, v->string, row_value(row, v->string));
	cJSON_ArrayForEach(v, json_get(row, "cols")) if (cJSON_IsString(v))
	        fn(ctx, v->string, v->valuestring);
	cell_entities(json_arr(row, "cells"), fn, ctx);
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (json_str(row, plain[i], NULL) && *json_str(row, plain[i], ""))
			fn(ctx, "", json_str(row, plain[i], ""));
	if (node && json_str(node, "id", NULL))
		fn(ctx, "", json_str(node, "id", ""));
}

static void say_cost(struct buf *b, const cJSON *m)
{
	const cJSON *in = json_get(m, "tokens_in"), *out = json_get(m, "tokens_out"),
	            *cost = json_get(m, "cost_micro");
	char n[32];

	if (cJSON_IsNumber(in) && cJSON_IsNumber(out)) {
		count_text((int64_t)(in->valuedouble + out->valuedouble), n);
		buf_printf(b, ", %s tokens", n);
	}
	if (cJSON_IsNumber(cost))
		buf_printf(b, ", %.4f %s", cost->valuedouble / 1e6, json_str(m, "currency", ""));
	else if (cJSON_IsNumber(in))
		buf_str(b, ", cost not known");
	if (json_i64(m, "elapsed_us", 0)) {
		buf_str(b, ", ");
		say_elapsed(b, json_i64(m, "elapsed_us", 0) / 1000);
	}
}

/* "today 1,234 of 2,000,000 tokens, 0.02 of 5.00 USD, 12 s of 4h" with this answer. */
static void say_today(struct buf *b, const cJSON *m)
{
	const cJSON *was = json_obj(m, "before");
	int64_t tokens = json_i64(was, "tokens", 0) + json_i64(m, "tokens_in", 0) +
	                 json_i64(m, "tokens_out", 0),
	        cost = json_i64(was, "cost_micro", 0) + json_i64(m, "cost_micro", 0),
	        us = json_i64(was, "elapsed_us", 0) + json_i64(m, "elapsed_us", 0),
	        cents = json_i64(was, "cents_most", 0), most = json_i64(was, "time_most", 0);
	char n[32], of[32];

	if (!was)
		return;
	count_text(tokens, n);
	buf_printf(b, "; your day %s", n);
	count_text(json_i64(was, "tokens_most", 0), of);
	buf_printf(b, "%s%s tokens", json_i64(was, "tokens_most", 0) ? " of " : "",
	           json_i64(was, "tokens_most", 0) ? of : "");
	if (cents)
		buf_printf(b, ", %.2f of %.2f %s", (double)cost / 1e6, (double)cents / 100,
		           json_str(m, "currency", ""));
	mw_span_format(us - us % MW_SECOND, n);
	mw_span_format(most, of);
	if (most)
		buf_printf(b, ", %s of %s", n, of);
}

void say_model(struct buf *b, const cJSON *m)
{
	const cJSON *p = json_obj(m, "prompt");
	const char *state = json_str(m, "state", ""), *why = json_str(m, "why", NULL);

	buf_printf(b, "%s: %s", json_str(m, "model", "no model"), state);
	if (why)
		buf_printf(b, ": %s", why);
	if (p)
		buf_printf(b, " (prompt %s v%s %.8s", json_str(p, "id", "?"),
		           json_str(p, "version", "?"), json_str(p, "sha256", ""));
	else
		return;
	if (json_i64(m, "calls", 1) > 1)
		buf_printf(b, ", %lld calls", (long long)json_i64(m, "calls", 1));
	say_cost(b, m);
	buf_printf(b, ", record %lld", (long long)json_i64(m, "record", 0));
	say_today(b, m);
	buf_ch(b, ')');
}
