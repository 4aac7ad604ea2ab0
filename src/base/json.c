#include "base/json.h"

#include <math.h>
#include <stdio.h>

#include "base/escape.h"
#include "base/limits.h"
#include "base/map.h"

#define EXACT_MAX 9007199254740992.0 /* 2^53: a double holds every integer up to here */
#define REPLACEMENT "\xEF\xBF\xBD"
#define LINEAR_KEYS 16 /* up to so many members are compared pair by pair */

/* ---- what cJSON would let pass ---- */

struct scan {
	struct slice text;
	size_t at;
	int depth;
};

/* From the opening quote to behind the closing one. */
static int scan_string(struct scan *c, struct err *e)
{
	const char *s = c->text.s;

	for (c->at++; c->at < c->text.n; c->at++) {
		if (s[c->at] == '"') {
			c->at++;
			return 0;
		}
		if ((unsigned char)s[c->at] < 0x20)
			return err_set(e, ERR_INVALID, "control character in a string at byte %zu",
			               c->at);
		if (s[c->at] != '\\')
			continue;
		c->at++;
		if (c->text.n - c->at >= 5 && memcmp(s + c->at, "u0000", 5) == 0)
			return err_set(e, ERR_INVALID, "\\u0000 in a string at byte %zu",
			               c->at - 1);
	}
	return err_set(e, ERR_INVALID, "string without end at byte %zu", c->at);
}

/* "01", "1." and the like, which strtod takes and JSON does not have. */
static int scan_number(struct scan *c, struct err *e)
{
	size_t start = c->at, n = 0;
	const char *s = c->text.s + start;
	size_t left = c->text.n - start;

	while (n < left && strchr("+-.eE0123456789", s[n]) && s[n])
		n++;
	c->at += n;
	if (n && *s == '-')
		s++, n--;
	if (n == 0 || *s < '0' || *s > '9' || (n > 1 && *s == '0' && s[1] >= '0' && s[1] <= '9') ||
	    s[n - 1] < '0' || s[n - 1] > '9')
		return err_set(e, ERR_INVALID, "not a number at byte %zu", start);
	for (size_t i = 0; i + 1 < n; i++)
		if (s[i] == '.' && (s[i + 1] < '0' || s[i + 1] > '9'))
			return err_set(e, ERR_INVALID, "not a number at byte %zu", start);
	return 0;
}

static int scan_char(struct scan *c, struct err *e)
{
	char ch = c->text.s[c->at];

	if (ch == '"')
		return scan_string(c, e);
	if (ch == '-' || (ch >= '0' && ch <= '9'))
		return scan_number(c, e);
	if (ch == '{' || ch == '[')
		c->depth++;
	if (ch == '}' || ch == ']')
		c->depth--;
	if (c->depth > MW_JSON_DEPTH_MAX)
		return err_set(e, ERR_LIMIT, "more than %d levels deep at byte %zu",
		               MW_JSON_DEPTH_MAX, c->at);
	if ((unsigned char)ch < 0x20 && ch != '\n' && ch != '\t' && ch != '\r')
		return err_set(e, ERR_INVALID, "control character at byte %zu", c->at);
	c->at++;
	return 0;
}

static int scan_text(struct slice text, struct err *e)
{
	struct scan c = {.text = text};

	while (c.at < text.n)
		if (scan_char(&c, e))
			return -1;
	return 0;
}

static const char *repeated_in_many(const cJSON *o)
{
	struct map seen = MAP_INIT;
	const char *found = NULL;
	const cJSON *m;

	cJSON_ArrayForEach(m, o)
	{
		bool added;
		map_put_str(&seen, m->string, &added);
		if (!added) {
			found = m->string;
			break;
		}
	}
	map_release(&seen);
	return found;
}

static const char *repeated_key(const cJSON *o)
{
	const cJSON *a, *b;
	int n = 0;

	cJSON_ArrayForEach(a, o)
	{
		if (++n > LINEAR_KEYS)
			return repeated_in_many(o);
		for (b = o->child; b != a; b = b->next)
			if (strcmp(a->string, b->string) == 0)
				return a->string;
	}
	return NULL;
}

static int check_tree(const cJSON *v, struct err *e)
{
	const char *twice = cJSON_IsObject(v) ? repeated_key(v) : NULL;
	const cJSON *m;

	if (twice)
		return err_set(e, ERR_INVALID, "the key \"%s\" is there twice", twice);
	if (cJSON_IsNumber(v) && !isfinite(v->valuedouble))
		return err_set(e, ERR_INVALID, "a number is too large");
	cJSON_ArrayForEach(m, v) if (check_tree(m, e)) return -1;
	return 0;
}

cJSON *json_parse(struct slice text, size_t max, struct err *e)
{
	const char *end = NULL;
	cJSON *v;

	if (text.n > max) {
		err_set(e, ERR_LIMIT, "%zu bytes of JSON; the cap is %zu", text.n, max);
		return NULL;
	}
	if (text.n == 0) {
		err_set(e, ERR_INVALID, "empty text where JSON should be");
		return NULL;
	}
	if (scan_text(text, e))
		return NULL;
	v = cJSON_ParseWithLengthOpts(text.s, text.n, &end, 0);
	if (!v) {
		err_set(e, ERR_INVALID, "no JSON at byte %zu",
		        end ? (size_t)(end - text.s) : (size_t)0);
		return NULL;
	}
	if (slice_trim((struct slice){end, text.n - (size_t)(end - text.s)}).n)
		err_set(e, ERR_INVALID, "more text behind the JSON at byte %zu",
		        (size_t)(end - text.s));
	else if (check_tree(v, e) == 0)
		return v;
	cJSON_Delete(v);
	return NULL;
}

/* ---- writing ---- */

static void write_plain_or_escaped(struct buf *b, char c)
{
	static const char names[] = "\b\f\n\r\t\"\\", marks[] = "bfnrt\"\\";
	const char *at = c ? strchr(names, c) : NULL;

	if (c == '\0')
		buf_str(b, REPLACEMENT);
	else if (at)
		buf_printf(b, "\\%c", marks[at - names]);
	else if ((unsigned char)c < 0x20)
		buf_printf(b, "\\u%04x", (unsigned char)c);
	else
		buf_ch(b, c);
}

/* Length of the run from the front that goes out as it is. */
static size_t clean_run(struct slice s)
{
	size_t n = 0;

	while (n < s.n && (unsigned char)s.s[n] >= 0x20 && (unsigned char)s.s[n] < 0x80 &&
	       s.s[n] != '"' && s.s[n] != '\\')
		n++;
	return n;
}

void json_write_string(struct buf *b, struct slice s)
{
	buf_ch(b, '"');
	while (s.n) {
		size_t n = clean_run(s);
		uint32_t cp;
		if (n) {
			buf_add(b, s.s, n);
		} else if ((unsigned char)s.s[0] < 0x80) {
			write_plain_or_escaped(b, s.s[0]);
			n = 1;
		} else if ((n = utf8_decode(s.s, s.n, &cp)) > 0) {
			buf_add(b, s.s, n);
		} else {
			buf_str(b, REPLACEMENT);
			n = 1;
		}
		s.s += n;
		s.n -= n;
	}
	buf_ch(b, '"');
}

static void write_number(struct buf *b, double d)
{
	char text[40], *p;

	if (!isfinite(d)) {
		buf_str(b, "null");
		return;
	}
	if (fabs(d) <= EXACT_MAX && trunc(d) >= d && trunc(d) <= d) {
		buf_printf(b, "%lld", (long long)d);
		return;
	}
	snprintf(text, sizeof(text), "%.15g", d);
	if (strtod(text, NULL) < d || strtod(text, NULL) > d)
		snprintf(text, sizeof(text), "%.17g", d);
	for (p = text; *p; p++) /* the console runs under the user's locale */
		if (*p == ',')
			*p = '.';
	buf_str(b, text);
}

static void write_members(struct buf *b, const cJSON *v)
{
	bool object = cJSON_IsObject(v);
	const cJSON *m;

	buf_ch(b, object ? '{' : '[');
	cJSON_ArrayForEach(m, v)
	{
		if (m != v->child)
			buf_ch(b, ',');
		if (object) {
			json_write_string(b, slice_of(m->string));
			buf_ch(b, ':');
		}
		json_write(b, m);
	}
	buf_ch(b, object ? '}' : ']');
}

void json_write(struct buf *b, const cJSON *v)
{
	switch (v ? v->type & 0xFF : cJSON_NULL) {
	case cJSON_Object:
	case cJSON_Array:
		write_members(b, v);
		break;
	case cJSON_String:
		json_write_string(b, slice_of(v->valuestring));
		break;
	case cJSON_Number:
		write_number(b, v->valuedouble);
		break;
	case cJSON_True:
		buf_str(b, "true");
		break;
	case cJSON_False:
		buf_str(b, "false");
		break;
	case cJSON_Raw:
		buf_str(b, v->valuestring);
		break;
	default:
		buf_str(b, "null");
	}
}

/* ---- reading members ---- */

cJSON *json_get(const cJSON *o, const char *key)
{
	return cJSON_IsObject(o) ? cJSON_GetObjectItemCaseSensitive(o, key) : NULL;
}

const char *json_str(const cJSON *o, const char *key, const char *fallback)
{
	const cJSON *v = json_get(o, key);

	return cJSON_IsString(v) ? v->valuestring : fallback;
}

mw_time json_time(const cJSON *o, const char *key)
{
	mw_time t;

	return mw_time_parse(slice_of(json_str(o, key, "")), &t) ? t : MW_TIME_NONE;
}

bool json_has_text(const cJSON *list, const char *text)
{
	const cJSON *x;

	cJSON_ArrayForEach(x, list)
	{
		if (cJSON_IsString(x) && strcmp(x->valuestring, text) == 0)
			return true;
	}
	return false;
}

int64_t json_i64(const cJSON *o, const char *key, int64_t fallback)
{
	const cJSON *v = json_get(o, key);

	if (!cJSON_IsNumber(v) || fabs(v->valuedouble) > EXACT_MAX)
		return fallback;
	return (int64_t)v->valuedouble;
}

bool json_bool(const cJSON *o, const char *key, bool fallback)
{
	const cJSON *v = json_get(o, key);

	return cJSON_IsBool(v) ? cJSON_IsTrue(v) : fallback;
}

cJSON *json_arr(const cJSON *o, const char *key)
{
	cJSON *v = json_get(o, key);

	return cJSON_IsArray(v) ? v : NULL;
}

cJSON *json_obj(const cJSON *o, const char *key)
{
	cJSON *v = json_get(o, key);

	return cJSON_IsObject(v) ? v : NULL;
}

/* ---- adding members ---- */

static cJSON *add(cJSON *o, const char *key, cJSON *v)
{
	if (!v || !cJSON_AddItemToObject(o, key, v))
		mw_oom();
	return v;
}

void json_add_str(cJSON *o, const char *key, const char *value)
{
	add(o, key, value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

cJSON *json_slice(struct slice s)
{
	struct buf b = BUF_INIT;
	cJSON *v;

	json_write_string(&b, s);
	v = cJSON_Parse(b.s);
	buf_release(&b);
	return v ? v : cJSON_CreateString("");
}

void json_add_slice(cJSON *o, const char *key, struct slice s)
{
	char *copy = xmalloc(s.n + 1);

	if (s.n)
		memcpy(copy, s.s, s.n);
	copy[s.n] = '\0';
	json_add_str(o, key, copy);
	free(copy);
}

void json_add_i64(cJSON *o, const char *key, int64_t v)
{
	add(o, key, cJSON_CreateNumber((double)v));
}

void json_add_bool(cJSON *o, const char *key, bool v)
{
	add(o, key, cJSON_CreateBool(v));
}

void json_add_time(cJSON *o, const char *key, mw_time t)
{
	char text[32];

	mw_time_format(t, text);
	json_add_str(o, key, t == MW_TIME_NONE ? NULL : text);
}

cJSON *json_add_arr(cJSON *o, const char *key)
{
	return add(o, key, cJSON_CreateArray());
}

cJSON *json_add_obj(cJSON *o, const char *key)
{
	return add(o, key, cJSON_CreateObject());
}

/* ---- unknown keys ---- */

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

/* One row of the table from the two before it; returns the row's least cell. */
static int distance_row(struct slice a, struct slice b, size_t i, int *const rows[3])
{
	int *row = rows[0], *above = rows[1], *above2 = rows[2], low;

	row[0] = low = (int)i;
	for (size_t j = 1; j <= b.n; j++) {
		char ca = lower(a.s[i - 1]), cb = lower(b.s[j - 1]);
		row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (ca != cb));
		if (i > 1 && j > 1 && ca == lower(b.s[j - 2]) && lower(a.s[i - 2]) == cb)
			row[j] = least(row[j], above2[j - 2] + 1);
		low = least(low, row[j]);
	}
	return low;
}

int mw_edit_distance(struct slice a, struct slice b, int cap)
{
	int store[3][64], *rows[3] = {store[0], store[1], store[2]}, d;

	if (a.n >= ARRAY_LEN(store[0]) || b.n >= ARRAY_LEN(store[0]))
		return slice_ieq(a, b) ? 0 : cap + 1;
	for (size_t j = 0; j <= b.n; j++)
		rows[0][j] = (int)j;
	for (size_t i = 1; i <= a.n; i++) {
		int *oldest = rows[2];
		rows[2] = rows[1];
		rows[1] = rows[0];
		rows[0] = oldest;
		if (distance_row(a, b, i, rows) > cap)
			return cap + 1;
	}
	d = rows[0][b.n];
	return d > cap ? cap + 1 : d;
}

const char *mw_did_you_mean(const char *word, const char *const *list)
{
	size_t n = strlen(word);
	int best = n / 3 > 2 ? (int)(n / 3) : 2;
	const char *found = NULL;

	if (best >= (int)n) /* a word of two letters is near to everything */
		best = (int)n - 1;
	for (; *list; list++) {
		int d = mw_edit_distance(slice_of(word), slice_of(*list), best);
		if (d <= best && (!found || d < best)) {
			best = d;
			found = *list;
		}
	}
	return found;
}

int json_only(const cJSON *o, const char *const *keys, const char *where, struct err *e)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, o)
	{
		const char *const *k = keys;
		const char *near;
		while (*k && strcmp(*k, m->string) != 0)
			k++;
		if (*k)
			continue;
		near = mw_did_you_mean(m->string, keys);
		return err_set(e, ERR_INVALID, "%s: unknown key \"%s\"%s%s%s", where, m->string,
		               near ? "; did you mean \"" : "", near ? near : "",
		               near ? "\"?" : "");
	}
	return 0;
}
