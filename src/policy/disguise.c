#include "policy/disguise.h"

#include "base/escape.h"

void view_of(struct view *v, struct slice text)
{
	size_t n = text.n < DISGUISE_TEXT_MAX ? text.n : DISGUISE_TEXT_MAX;
	v->s = xmalloc(n + 1);
	v->from = xreallocarray(NULL, n + 1, sizeof(*v->from));
	v->to = xreallocarray(NULL, n + 1, sizeof(*v->to));
	v->n = n;
	if (n)
		memcpy(v->s, text.s, n);
	v->s[n] = '\0';
	for (size_t i = 0; i < n; i++) {
		v->from[i] = (uint32_t)i;
		v->to[i] = (uint32_t)i + 1;
	}
}

void view_release(struct view *v)
{
	free(v->s);
	free(v->from);
	free(v->to);
	*v = (struct view){0};
}

/* ---- building one view from another ---- */

static void start(const struct view *in, struct view *out)
{
	out->s = xmalloc(in->n + 1);
	out->from = xreallocarray(NULL, in->n + 1, sizeof(*out->from));
	out->to = xreallocarray(NULL, in->n + 1, sizeof(*out->to));
	out->n = 0;
}

/* Byte c stands for bytes a..b of `in` (b > a). */
static void put(const struct view *in, struct view *out, char c, size_t a, size_t b)
{
	out->from[out->n] = in->from[a];
	out->to[out->n] = in->to[b - 1];
	out->s[out->n++] = c;
}

static bool done(struct view *out, bool changed)
{
	out->s[out->n] = '\0';
	if (!changed)
		view_release(out);
	return changed;
}

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                              : -1;
}

/* n hex digits at s; -1 where they are none. */
static long hex_run(const char *s, size_t left, size_t n)
{
	long v = 0;
	if (left < n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (hex(s[i]) < 0)
			return -1;
		v = v * 16 + hex(s[i]);
	}
	return v;
}

/* What a code point reads like in ASCII; 0: drop it, -1: keep it as it is. */
static int ascii_of(uint32_t cp)
{
	static const struct {
		uint32_t cp;
		char c;
	} alike[] = {
	        {0x0391, 'A'}, {0x0392, 'B'}, {0x0395, 'E'}, {0x0399, 'I'}, {0x039A, 'K'},
	        {0x039C, 'M'}, {0x039D, 'N'}, {0x039F, 'O'}, {0x03A1, 'P'}, {0x03A4, 'T'},
	        {0x03BF, 'o'}, {0x0405, 'S'}, {0x0406, 'I'}, {0x0408, 'J'}, {0x0410, 'A'},
	        {0x0412, 'B'}, {0x0415, 'E'}, {0x041A, 'K'}, {0x041C, 'M'}, {0x041D, 'H'},
	        {0x041E, 'O'}, {0x0420, 'P'}, {0x0421, 'C'}, {0x0422, 'T'}, {0x0425, 'X'},
	        {0x0430, 'a'}, {0x0435, 'e'}, {0x043A, 'k'}, {0x043E, 'o'}, {0x0440, 'p'},
	        {0x0441, 'c'}, {0x0443, 'y'}, {0x0445, 'x'}, {0x0455, 's'}, {0x0456, 'i'},
	        {0x0458, 'j'}, {0x2010, '-'}, {0x2011, '-'}, {0x2013, '-'}, {0x2024, '.'},
	        {0x2044, '/'}, {0xFE52, '.'}, {0x00A0, ' '}, {0x2007, ' '}, {0x202F, ' '},
	        {0x3000, ' '}, {0x200A, ' '}, {0x2009, ' '},
	};
	if (cp >= 0xFF01 && cp <= 0xFF5E)
		return (int)(cp - 0xFF01 + '!');
	if (cp >= 0xE0020 && cp <= 0xE007E)
		return (int)(cp - 0xE0000);
	for (size_t i = 0; i < ARRAY_LEN(alike); i++)
		if (alike[i].cp == cp)
			return alike[i].c;
	if (cp == '\n' || cp == '\t' || cp == '\r')
		return -1;
	return mw_invisible(cp) || (cp >= 0x300 && cp <= 0x36F) ? 0 : -1;
}

/* An HTML entity at s: its character and length. */
static size_t entity(const char *s, size_t n, long *c)
{
	static const struct {
		const char *name;
		char c;
	} names[] = {{"&lt;", '<'},     {"&gt;", '>'},     {"&amp;", '&'},    {"&quot;", '"'},
	             {"&apos;", '\''},  {"&commat;", '@'}, {"&period;", '.'}, {"&colon;", ':'},
	             {"&equals;", '='}, {"&nbsp;", ' '},   {"&lowbar;", '_'}, {"&hyphen;", '-'}};
	size_t i = 2;
	if (n < 4 || s[0] != '&')
		return 0;
	for (size_t k = 0; k < ARRAY_LEN(names); k++) {
		size_t len = strlen(names[k].name);
		if (n >= len && !memcmp(s, names[k].name, len)) {
			*c = (unsigned char)names[k].c;
			return len;
		}
	}
	if (s[1] != '#')
		return 0;
	bool x = s[2] == 'x' || s[2] == 'X';
	for (*c = 0, i += x; i < n && i < 10 && hex(s[i]) >= 0 && (x || hex(s[i]) < 10); i++)
		*c = *c * (x ? 16 : 10) + hex(s[i]);
	return i < n && s[i] == ';' && i > 2u + x ? i + 1 : 0;
}

/* A backslash escape at s. */
static size_t escape(const char *s, size_t n, long *c)
{
	static const char from[] = "ntrbf\"'\\/", to[] = "\n\t\r\b\f\"'\\/";
	const char *at;
	if (n < 2 || s[0] != '\\')
		return 0;
	if (s[1] == 'u' && (*c = hex_run(s + 2, n - 2, 4)) >= 0)
		return 6;
	if (s[1] == 'x' && (*c = hex_run(s + 2, n - 2, 2)) >= 0)
		return 4;
	if (n >= 4 && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' &&
	    s[3] <= '7') {
		*c = (s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0');
		return 4;
	}
	at = memchr(from, s[1], sizeof(from) - 1);
	if (!at)
		return 0;
	*c = (unsigned char)to[at - from];
	return 2;
}

static size_t percent(const char *s, size_t n, long *c)
{
	if (n < 3 || s[0] != '%')
		return 0;
	if ((s[1] == 'u' || s[1] == 'U') && (*c = hex_run(s + 2, n - 2, 4)) >= 0)
		return 6;
	*c = hex_run(s + 1, n - 1, 2);
	return *c >= 0 ? 3 : 0;
}

/* Writes an escape's code point; what it is in UTF-8 never takes more room than the escape did. */
static void put_code(const struct view *in, struct view *out, long c, size_t a, size_t b)
{
	if (c < 0x100) {
		put(in, out, (char)c, a, b);
	} else if (c < 0x800) {
		put(in, out, (char)(0xC0 | c >> 6), a, b);
		put(in, out, (char)(0x80 | (c & 0x3F)), a, b);
	} else if (c < 0x10000) {
		put(in, out, (char)(0xE0 | c >> 12), a, b);
		put(in, out, (char)(0x80 | (c >> 6 & 0x3F)), a, b);
		put(in, out, (char)(0x80 | (c & 0x3F)), a, b);
	}
}

static size_t decoded(const char *s, size_t n, long *c)
{
	size_t k = percent(s, n, c);
	if (!k)
		k = entity(s, n, c);
	return k ? k : escape(s, n, c);
}

bool view_unfold(const struct view *in, struct view *out)
{
	bool changed = false;
	start(in, out);
	for (size_t i = 0; i < in->n;) {
		uint32_t cp = 0;
		long c;
		size_t k = decoded(in->s + i, in->n - i, &c), len;
		if (k) {
			put_code(in, out, c, i, i + k);
			changed = true;
			i += k;
			continue;
		}
		len = utf8_decode(in->s + i, in->n - i, &cp);
		int as = len ? ascii_of(cp) : -1;
		if (as > 0)
			put(in, out, (char)as, i, i + len);
		for (size_t b = 0; as < 0 && b < (len ? len : 1); b++)
			put(in, out, in->s[i + b], i + b, i + b + 1);
		changed = changed || as >= 0;
		i += len ? len : 1;
	}
	return done(out, changed);
}

/* Length of a join between two literals at s: quote, blanks, + . & or comma, blanks, quote. */
static size_t join_at(const char *s, size_t n)
{
	size_t i = 1;
	if (s[0] != '"' && s[0] != '\'')
		return 0;
	while (i < n && (s[i] == ' ' || s[i] == '\t'))
		i++;
	if (i < n && (s[i] == '+' || s[i] == '.' || s[i] == '&' || s[i] == ','))
		i++;
	while (i < n && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n'))
		i++;
	return i < n && (s[i] == '"' || s[i] == '\'') ? i + 1 : 0;
}

bool view_joined(const struct view *in, struct view *out)
{
	bool changed = false;
	start(in, out);
	for (size_t i = 0; i < in->n;) {
		const char *s = in->s + i;
		size_t left = in->n - i, k = join_at(s, left);
		if (!k && (s[0] == '^' || s[0] == '`'))
			k = 1;
		if (!k && s[0] == '\\' && left > 1 && (s[1] == '\n' || s[1] == '\r'))
			k = 2;
		if (!k && s[0] == '\n')
			for (k = 1; k < left && (s[k] == ' ' || s[k] == '\t' || s[k] == '\r'); k++)
				;
		if (!k)
			put(in, out, *s, i, i + 1);
		changed = changed || k;
		i += k ? k : 1;
	}
	return done(out, changed);
}

bool view_form(const struct view *in, struct view *out)
{
	bool changed = false;
	start(in, out);
	for (size_t i = 0; i < in->n; i++) {
		put(in, out, in->s[i] == '+' ? ' ' : in->s[i], i, i + 1);
		changed = changed || in->s[i] == '+';
	}
	return done(out, changed);
}

bool view_quoted(const struct view *in, struct view *out)
{
	bool changed = false;
	start(in, out);
	for (size_t i = 0; i < in->n;) {
		const char *s = in->s + i;
		size_t left = in->n - i, k = 0;
		long c = *s == '=' ? hex_run(s + 1, left - 1, 2) : -1;
		if (c >= 0) {
			put(in, out, (char)c, i, i + 3);
			k = 3;
		} else if (*s == '=' && left > 1 && (s[1] == '\n' || s[1] == '\r')) {
			k = left > 2 && s[2] == '\n' ? 3 : 2;
		} else {
			put(in, out, *s, i, i + 1);
		}
		changed = changed || k;
		i += k ? k : 1;
	}
	return done(out, changed);
}

void view_rot13(const struct view *in, struct view *out)
{
	start(in, out);
	for (size_t i = 0; i < in->n; i++) {
		char c = in->s[i], base = c >= 'a' && c <= 'z' ? 'a' : 'A';
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		put(in, out, letter ? (char)(base + (c - base + 13) % 26) : c, i, i + 1);
	}
	done(out, true);
}

void view_reversed(const struct view *in, struct view *out)
{
	start(in, out);
	for (size_t i = in->n; i-- > 0;)
		put(in, out, in->s[i], i, i + 1);
	done(out, true);
}

void view_squeezed(const struct view *in, struct view *out)
{
	start(in, out);
	for (size_t i = 0; i < in->n; i++) {
		char c = in->s[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c | 0x20);
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80)
			put(in, out, c, i, i + 1);
	}
	done(out, true);
}
