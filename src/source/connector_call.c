#include "source/connector_call.h"

#include <inttypes.h>
#include <poll.h>
#include <sys/random.h>

#include "base/escape.h"
#include "base/evjson.h"
#include "base/limits.h"
#include "base/mem.h"

#define MESSAGE_MAX 300
#define JSON_ANSWER_MAX (64u * 1024 * 1024)
#define LAST_WORDS_US (3 * MW_SECOND / 2)
#define SLICE_OF_WAIT_US (50 * 1000)

/* ---- messages ---- */

/* The keys under which platforms put what went wrong; containers are gone into first. */
static const char *const message_inside[] = {"innererror", "error",          "messages",
                                             "errors",     "error_messages", "root_cause"};
static const char *const message_text[] = {"message", "text",  "error_description",
                                           "reason",  "error", "description",
                                           "detail",  "title"};

/* Of what stands in place of the data (Lacework). */
static const char *const message_data[] = {"ErrorMsg", "message", "statusMessage"};

static const char *message_of(const cJSON *o, int depth)
{
	const char *text = NULL;

	if (cJSON_IsArray(o))
		o = o->child;
	if (cJSON_IsString(o))
		return o->valuestring;
	if (!cJSON_IsObject(o) || depth > 8)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(message_inside) && !text; i++) {
		const cJSON *in = json_get(o, message_inside[i]);
		text = cJSON_IsObject(in) || cJSON_IsArray(in) ? message_of(in, depth + 1) : NULL;
	}
	for (size_t i = 0; i < ARRAY_LEN(message_data) && !text; i++) {
		text = json_str(json_obj(o, "data"), message_data[i], NULL);
		text = text && *text ? text : NULL;
	}
	for (size_t i = 0; i < ARRAY_LEN(message_text) && !text; i++)
		text = json_str(o, message_text[i], NULL);
	return text ? text : message_of(json_get(o, "http_response"), depth + 1);
}

void call_message(struct slice body, struct buf *out)
{
	cJSON *j = json_parse(slice_trim(body), JSON_ANSWER_MAX, NULL);
	const char *text = message_of(j, 0);
	size_t n;

	body = slice_trim(text ? slice_of(text) : body);
	n = body.n < MESSAGE_MAX ? body.n : MESSAGE_MAX;
	buf_add(out, body.s, n);
	cJSON_Delete(j);
}

int call_status_err(const struct http *h, struct http_response *r, struct err *e)
{
	struct buf text = BUF_INIT;

	call_message((struct slice){r->body.s, r->body.len}, &text);
	buf_release(&r->body);
	r->body = text;
	return http_status_err(h, r, e);
}

/* ---- calls ---- */

int call_do(struct http *h, const struct source_run *run, struct http_request *rq,
            struct http_response *rs, struct err *e)
{
	rq->deadline_us = run->deadline_us;
	rq->cancelled = run->cancelled;
	if (http_do(h, rq, rs, e))
		return -1;
	return rs->status / 100 == 2 ? 0 : call_status_err(h, rs, e);
}

static int no_json(const char *name, const struct http_response *rs, const char *why, struct err *e)
{
	struct slice type = http_header(rs, "Content-Type"),
	             body = slice_trim((struct slice){rs->body.s, rs->body.len});
	struct buf begin = BUF_INIT;

	esc_term(&begin, (struct slice){body.s, body.n < 60 ? body.n : 60});
	err_set(e, ERR_REMOTE,
	        "%s answered with what is no JSON (%s; Content-Type %.*s). It begins: %s. Is the "
	        "address "
	        "that of its API, with no login page or proxy before it?",
	        name, why, (int)type.n, type.s, begin.s);
	buf_release(&begin);
	return -1;
}

int call_expect_json(const char *name, const struct http_response *rs, struct err *e)
{
	struct slice body = slice_trim((struct slice){rs->body.s, rs->body.len});

	if (body.n && (body.s[0] == '{' || body.s[0] == '['))
		return 0;
	return no_json(name, rs, body.n ? "no object" : "empty", e);
}

int call_parse(const char *name, const struct http_response *rs, cJSON **out, struct err *e)
{
	struct slice body = slice_trim((struct slice){rs->body.s, rs->body.len});
	struct err why = {0};

	*out = NULL;
	if (!body.n)
		return 0;
	*out = json_parse(body, JSON_ANSWER_MAX, &why);
	return *out ? 0 : no_json(name, rs, why.what, e);
}

int call_json(struct http *h, const struct source_run *run, struct http_request *rq, cJSON **out,
              struct err *e)
{
	struct http_response rs;
	int rc = call_do(h, run, rq, &rs, e);

	*out = NULL;
	if (!rc)
		rc = call_parse(http_name(h), &rs, out, e);
	http_response_release(&rs);
	return rc;
}

int call_wait(const struct source_run *run, int64_t us, const char *name, struct err *e)
{
	int64_t until = mw_mono_us() + us;

	for (;;) {
		int64_t now = mw_mono_us(), left = until - now;
		if (run->cancelled && *run->cancelled)
			return err_set(e, ERR_CANCELLED, "%s: cancelled", name);
		if (now > run->deadline_us)
			return err_set(e, ERR_DEADLINE, "%s gave no whole answer in time", name);
		if (left <= 0)
			return 0;
		left = left < SLICE_OF_WAIT_US ? left : SLICE_OF_WAIT_US;
		poll(NULL, 0, (int)(left / 1000) + 1);
	}
}

struct source_run call_last_words(void)
{
	return (struct source_run){.deadline_us = mw_mono_us() + LAST_WORDS_US};
}

/* ---- small texts ---- */

void call_escape(struct buf *b, struct slice s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.s[i];
		if ((c | 32) >= 'a' && (c | 32) <= 'z') {
			buf_ch(b, (char)c);
		} else if ((c >= '0' && c <= '9') || (c && strchr("-._~", c))) {
			buf_ch(b, (char)c);
		} else {
			buf_ch(b, '%');
			buf_ch(b, hex[c >> 4]);
			buf_ch(b, hex[c & 15]);
		}
	}
}

void call_form(struct buf *b, const char *key, struct slice v)
{
	if (b->len && b->s[b->len - 1] != '?' && b->s[b->len - 1] != '&')
		buf_ch(b, '&');
	call_escape(b, slice_of(key));
	buf_ch(b, '=');
	call_escape(b, v);
}

void call_form_str(struct buf *b, const char *key, const char *v)
{
	call_form(b, key, slice_of(v));
}

void call_form_i64(struct buf *b, const char *key, int64_t v)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, v);
	call_form(b, key, slice_of(text));
}

char *call_note(const struct source_update *u)
{
	struct buf b = BUF_INIT;
	struct slice text;
	char *out;

	if (!u->comment && !u->tag && !u->idempotency)
		return NULL;
	buf_str(&b, u->comment ? u->comment : "");
	if (u->tag)
		buf_printf(&b, " #%s", u->tag);
	if (u->idempotency)
		buf_printf(&b, " [midwatch %s]", u->idempotency);
	text = slice_trim((struct slice){b.s, b.len});
	out = xstrndup(text.s, text.n);
	buf_release(&b);
	return out;
}

bool call_has(const cJSON *o, const char *text)
{
	struct buf b = BUF_INIT;
	bool has;

	json_write(&b, o);
	has = memmem(b.s, b.len, text, strlen(text)) != NULL;
	buf_release(&b);
	return has;
}

int64_t call_seconds_left(const struct source_run *run)
{
	int64_t n = (run->deadline_us - mw_mono_us()) / MW_SECOND;

	return n > 1 ? n : 1;
}

char *call_new_id(const char *before)
{
	uint64_t r;

	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		r = (uint64_t)mw_mono_us() * UINT64_C(0x9e3779b97f4a7c15);
	return xasprintf("%s%016" PRIx64, before, r);
}

int64_t call_i64(const cJSON *o, const char *key, int64_t fallback)
{
	const cJSON *v = json_get(o, key);
	double d;

	if (cJSON_IsString(v))
		return slice_double(slice_of(v->valuestring), &d) ? (int64_t)d : fallback;
	return cJSON_IsNumber(v) ? (int64_t)v->valuedouble : fallback;
}

bool call_bool(const cJSON *o, const char *key)
{
	const cJSON *v = json_get(o, key);

	if (cJSON_IsString(v))
		return !strcmp(v->valuestring, "1") || !strcasecmp(v->valuestring, "true");
	return cJSON_IsTrue(v) || (cJSON_IsNumber(v) && v->valuedouble > 0);
}

int call_once(struct map *seen, const char *name, const char *what, struct slice s, struct err *e)
{
	bool added;
	uint64_t h[2] = {mw_hash(s.s, s.n), s.n};

	(void)map_put(seen, h, sizeof(h), &added);
	if (added)
		return 0;
	return err_set(e, ERR_REMOTE,
	               "%s sent the same %s twice: its paging does not go on, so what came before "
	               "is all that can be relied on",
	               name, what);
}

/* ---- lines ---- */

void call_lines_init(struct call_lines *l, const char *name,
                     int (*line)(void *, struct slice, struct err *), void *ctx)
{
	*l = (struct call_lines){.line = line, .ctx = ctx, .name = name};
	buf_init(&l->b, CONNECTOR_LINE_MAX);
}

static int give_line(struct call_lines *l, struct slice line, struct err *e)
{
	line = slice_trim(line);
	return line.n ? l->line(l->ctx, line, e) : 0;
}

int call_lines_feed(struct call_lines *l, struct slice part, struct err *e)
{
	while (part.n) {
		const char *end = memchr(part.s, '\n', part.n);
		size_t n = end ? (size_t)(end - part.s) : part.n;
		int rc = 0;
		if (end && !l->b.len) {
			rc = give_line(l, (struct slice){part.s, n}, e);
		} else {
			buf_add(&l->b, part.s, n);
			if (l->b.over)
				return err_set(e, ERR_LIMIT, "%s sent a line of over %u bytes",
				               l->name, CONNECTOR_LINE_MAX);
			if (end)
				rc = give_line(l, (struct slice){l->b.s, l->b.len}, e);
			if (end)
				buf_reset(&l->b);
		}
		if (rc)
			return -1;
		n += end ? 1 : 0;
		part.s += n;
		part.n -= n;
	}
	return 0;
}

int call_lines_end(struct call_lines *l, struct err *e)
{
	int rc = give_line(l, (struct slice){l->b.s, l->b.len}, e);

	buf_reset(&l->b);
	return rc;
}

void call_lines_release(struct call_lines *l)
{
	buf_release(&l->b);
}

/* ---- pieces of JSON, byte for byte ---- */

static struct slice past(struct slice s, size_t n)
{
	s = (struct slice){s.s + n, s.n - n};
	while (s.n && (*s.s == ' ' || *s.s == '\n' || *s.s == '\r' || *s.s == '\t'))
		s = (struct slice){s.s + 1, s.n - 1};
	return s;
}

/* The value at the front of *rest; false where there is none whole. */
static bool value_of(struct slice *rest, struct slice *value)
{
	size_t used;

	if (!rest->n || ev_skip(*rest, &used) != 1)
		return false;
	*value = (struct slice){rest->s, used};
	*rest = past(*rest, used);
	return true;
}

static int broken(struct err *e)
{
	return err_set(e, ERR_REMOTE, "its answer is broken JSON");
}

int call_elements(struct slice array, call_each_fn *fn, void *ctx, struct err *e)
{
	struct slice rest = past(array, 0), value;
	int rc;

	if (!rest.n || *rest.s != '[')
		return broken(e);
	rest = past(rest, 1);
	while (rest.n && *rest.s != ']') {
		if (!value_of(&rest, &value))
			return broken(e);
		rc = fn(ctx, value, e);
		if (rc)
			return rc;
		if (rest.n && *rest.s == ',')
			rest = past(rest, 1);
		else if (!rest.n || *rest.s != ']')
			return broken(e);
	}
	return rest.n ? 0 : broken(e);
}

bool call_member(struct slice object, const char *key, struct slice *value)
{
	struct slice rest = past(object, 0), name;

	if (!rest.n || *rest.s != '{')
		return false;
	rest = past(rest, 1);
	while (rest.n && *rest.s != '}') {
		if (!value_of(&rest, &name) || !rest.n || *rest.s != ':')
			return false;
		rest = past(rest, 1);
		if (!value_of(&rest, value))
			return false;
		if (name.n == strlen(key) + 2 && !memcmp(name.s + 1, key, name.n - 2))
			return true;
		if (rest.n && *rest.s == ',')
			rest = past(rest, 1);
	}
	return false;
}

/* Numbers as they are written. */
static char *scalar(struct slice value)
{
	cJSON *j;
	char *text;

	if (value.n && (*value.s == '-' || (*value.s >= '0' && *value.s <= '9')))
		return xstrndup(value.s, value.n);
	j = json_parse(value, CONNECTOR_LINE_MAX, NULL);
	text = cJSON_IsString(j) && *j->valuestring ? xstrdup(j->valuestring) : NULL;
	cJSON_Delete(j);
	return text;
}

char *call_text(struct slice object, const char *path)
{
	struct slice rest = slice_of(path), key;
	char *name;
	bool found = true;

	while (found && slice_split(&rest, '.', &key)) {
		name = xstrndup(key.s, key.n);
		found = call_member(object, name, &object);
		free(name);
	}
	return found ? scalar(object) : NULL;
}
