#include "plan/quote.h"

#include "base/escape.h"

static bool is_letter(char c)
{
	return ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

bool quote_is_plain(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.s[i] >= 0x7f || is_control(s.s[i]))
			return false;
	return true;
}

bool quote_is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.s[i] >= 0x80)
			return false;
	return true;
}

bool quote_json_varies(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (strchr("\"\\/<>&'+", s.s[i]))
			return true; /* NUL too: strchr finds the end of its list */
	return !quote_is_plain(s);
}

/* A name of letters, digits and underscores, and the bytes in `more`. */
static bool is_name(const char *s, const char *more)
{
	if (!is_letter(*s))
		return false;
	for (; *s; s++)
		if (!is_letter(*s) && !is_digit(*s) && !strchr(more, *s))
			return false;
	return true;
}

static void quote_backslash(struct buf *b, struct slice s, char quote)
{
	buf_ch(b, quote);
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] == quote || s.s[i] == '\\')
			buf_ch(b, '\\');
		buf_ch(b, s.s[i]);
	}
	buf_ch(b, quote);
}

static void quote_doubled(struct buf *b, struct slice s, char quote)
{
	buf_ch(b, quote);
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] == quote)
			buf_ch(b, quote);
		buf_ch(b, s.s[i]);
	}
	buf_ch(b, quote);
}

/* ---- Splunk ---- */

#define SPL_FIELD_MORE \
	".{}:-" /* what field names of JSON data have besides letters, digits, underscores */

void quote_spl_string(struct buf *b, struct slice s)
{
	quote_backslash(b, s, '"');
}

bool quote_spl_literal(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] == '*' || s.s[i] == '`' || is_control(s.s[i]))
			return false;
	return s.n > 0;
}

bool quote_spl_field(struct buf *b, const char *name)
{
	if (!is_name(name, SPL_FIELD_MORE))
		return false;
	buf_printf(b, "'%s'", name);
	return true;
}

bool quote_spl_name(struct buf *b, const char *name)
{
	if (!is_name(name, SPL_FIELD_MORE))
		return false;
	if (is_name(name, ""))
		buf_str(b, name);
	else
		buf_printf(b, "\"%s\"", name);
	return true;
}

/* ---- Kusto ---- */

bool quote_kql_able(struct slice s)
{
	uint32_t cp;
	size_t n;

	for (; s.n; s.s += n, s.n -= n) {
		n = utf8_decode(s.s, s.n, &cp);
		if (n == 0 || (cp >= 0xd800 && cp < 0xe000))
			return false;
	}
	return true;
}

/* Unicode's own line ends end a line of Kusto too. */
static const struct {
	const char *bytes;
	const char *escape;
} kql_lines[] = {{"\xE2\x80\xA8", "\\u2028"}, {"\xE2\x80\xA9", "\\u2029"}, {"\xC2\x85", "\\u0085"}};

static size_t kql_line(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < ARRAY_LEN(kql_lines); i++) {
		size_t n = strlen(kql_lines[i].bytes);
		if (s.n < n || memcmp(s.s, kql_lines[i].bytes, n))
			continue;
		buf_str(b, kql_lines[i].escape);
		return n;
	}
	return 0;
}

void quote_kql_string(struct buf *b, struct slice s)
{
	size_t n;

	buf_ch(b, '"');
	for (; s.n; s.s += n, s.n -= n) {
		n = kql_line(b, s);
		if (n)
			continue;
		n = 1;
		if (*s.s == '"' || *s.s == '\\')
			buf_printf(b, "\\%c", *s.s);
		else if (is_control(*s.s))
			buf_printf(b, "\\u%04x", (unsigned)(unsigned char)*s.s);
		else
			buf_ch(b, *s.s);
	}
	buf_ch(b, '"');
}

/* Keywords there are lower-case, Sentinel's columns are not. */
void quote_kql_column(struct buf *b, const char *name)
{
	if (is_name(name, "") && !(*name >= 'a' && *name <= 'z')) {
		buf_str(b, name);
		return;
	}
	buf_ch(b, '[');
	quote_backslash(b, slice_of(name), '\'');
	buf_ch(b, ']');
}

/* ---- QRadar ---- */

bool quote_aql_able(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_control(s.s[i]))
			return false;
	return quote_kql_able(s);
}

void quote_aql_string(struct buf *b, struct slice s)
{
	quote_doubled(b, s, '\'');
}

void quote_aql_column(struct buf *b, const char *name)
{
	if (is_name(name, ""))
		buf_str(b, name);
	else
		quote_doubled(b, slice_of(name), '"');
}

/* ---- ClickHouse ---- */

void quote_ch_string(struct buf *b, struct slice s)
{
	buf_ch(b, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] == '\'' || s.s[i] == '\\')
			buf_printf(b, "\\%c", s.s[i]);
		else if (is_control(s.s[i]) || (unsigned char)s.s[i] >= 0x80)
			buf_printf(b, "\\x%02X", (unsigned char)s.s[i]);
		else
			buf_ch(b, s.s[i]);
	}
	buf_ch(b, '\'');
}

void quote_ch_name(struct buf *b, const char *name)
{
	quote_backslash(b, slice_of(name), '`');
}

/* ---- regular expressions ---- */

void quote_regex(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.s[i];
		if (is_control(c))
			buf_printf(b, "\\x%02x", (unsigned char)c);
		else if (c && strchr("\\^$.|?*+()[]{}", c))
			buf_printf(b, "\\%c", c);
		else
			buf_ch(b, c);
	}
}

void quote_like_regex(struct buf *b, struct slice pattern, const char *any)
{
	buf_ch(b, '^');
	for (size_t i = 0; i < pattern.n; i++) {
		char c = pattern.s[i];
		if (c == '*')
			buf_printf(b, "%s*", any ? any : ".");
		else if (c == '?')
			buf_str(b, any ? any : ".?");
		else if (c == '\\' && i + 1 < pattern.n)
			quote_regex(b, (struct slice){&pattern.s[++i], 1});
		else
			quote_regex(b, (struct slice){&c, 1});
	}
	buf_str(b, "\\z");
}

bool quote_like_has_one(struct slice pattern)
{
	for (size_t i = 0; i < pattern.n; i++) {
		if (pattern.s[i] == '?')
			return true;
		i += pattern.s[i] == '\\';
	}
	return false;
}

/* The end of the bracket expression that begins at i. */
static size_t class_end(struct slice re, size_t i)
{
	size_t k = i + 1 + (i + 1 < re.n && re.s[i + 1] == '^');

	for (k += k < re.n && re.s[k] == ']'; k < re.n && re.s[k] != ']'; k++)
		k += re.s[k] == '\\';
	return k < re.n ? k + 1 : re.n;
}

/* One unit of an expression: its end, and whether it can stand for more than ASCII. */
static size_t unit_end(struct slice re, size_t i, bool *wide)
{
	char next = i + 1 < re.n ? re.s[i + 1] : 0;
	const char *end;

	*wide = re.s[i] == '.' || (re.s[i] == '\\' && next && strchr("DSWCX", next)) ||
	        (re.s[i] == '[' && next == '^');
	if (re.s[i] == '\\' && next == 'Q') {
		end = memmem(re.s + i, re.n - i, "\\E", 2);
		return end ? (size_t)(end - re.s) + 2 : re.n;
	}
	if (re.s[i] != '[')
		return i + 1 + (re.s[i] == '\\' && next);
	for (size_t k = i, to = class_end(re, i); k + 1 < to; k++)
		*wide = *wide || (re.s[k] == '\\' && strchr("DSW", re.s[k + 1]));
	return class_end(re, i);
}

bool quote_regex_wide(struct buf *b, struct slice re)
{
	bool found = false, wide;

	for (size_t i = 0, end; i < re.n; i = end) {
		end = unit_end(re, i, &wide);
		wide = wide && !(end < re.n && (re.s[end] == '*' || re.s[end] == '+'));
		found = found || wide;
		if (b)
			buf_printf(b, wide ? "(?:%.*s?)" : "%.*s", (int)(end - i), re.s + i);
	}
	return found;
}
