#include "base/escape.h"

size_t utf8_decode(const char *s, size_t n, uint32_t *cp)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t len = !n            ? 0
	             : p[0] < 0x80 ? 1
	             : p[0] < 0xC2 ? 0
	             : p[0] < 0xE0 ? 2
	             : p[0] < 0xF0 ? 3
	             : p[0] < 0xF5 ? 4
	                           : 0;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

	if (!len || len > n)
		return 0;
	uint32_t c = len == 1 ? p[0] : p[0] & (0xFFu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3F);
	}
	if (c < least[len] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
		return 0;
	*cp = c;
	return len;
}

size_t utf8_encode(char *out, uint32_t cp)
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xC0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3F));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xE0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
		out[2] = (char)(0x80 | (cp & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3F));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3F));
	out[3] = (char)(0x80 | (cp & 0x3F));
	return 4;
}

bool mw_invisible(uint32_t cp)
{
	/* C0 and DEL and C1; soft hyphen; joiners and fillers; bidi; line separators; variation
	 * selectors; private use; noncharacters; tags. */
	static const uint32_t ranges[][2] = {
	        {0x00, 0x1F},       {0x7F, 0x9F},        {0xAD, 0xAD},       {0x34F, 0x34F},
	        {0x61C, 0x61C},     {0x115F, 0x1160},    {0x17B4, 0x17B5},   {0x180B, 0x180F},
	        {0x200B, 0x200F},   {0x2028, 0x202E},    {0x2060, 0x206F},   {0x3164, 0x3164},
	        {0xE000, 0xF8FF},   {0xFDD0, 0xFDEF},    {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},
	        {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},    {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},
	        {0xE0000, 0xE0FFF}, {0xF0000, 0x10FFFF},
	};

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
		if (cp <= ranges[i][1])
			return cp >= ranges[i][0] || (cp & 0xFFFE) == 0xFFFE;
	return (cp & 0xFFFE) == 0xFFFE;
}

/* Adds what is at *s as it may stand on a terminal, and moves on; *cp is 0 when it was written as
 * an escape. */
static void put_visible(struct buf *b, struct slice *s, uint32_t *cp)
{
	uint32_t c;
	size_t n = utf8_decode(s->s, s->n, &c);

	*cp = 0;
	if (!n) {
		buf_printf(b, "\\x%02x", (unsigned int)(unsigned char)*s->s);
		n = 1;
	} else if (mw_invisible(c)) {
		buf_printf(b, c < 0x80 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
	} else {
		*cp = c;
		buf_add(b, s->s, n);
	}
	s->s += n;
	s->n -= n;
}

/* Bytes at the front that every escaper below passes through as they are. */
static size_t plain_run(struct slice s)
{
	size_t i = 0;

	while (i < s.n && ((s.s[i] >= '0' && s.s[i] <= '9') || (s.s[i] >= 'a' && s.s[i] <= 'z') ||
	                   (s.s[i] >= 'A' && s.s[i] <= 'Z') || s.s[i] == ' '))
		i++;
	return i;
}

void esc_term(struct buf *b, struct slice s)
{
	uint32_t cp;

	while (s.n) {
		size_t run = plain_run(s);

		if (!run) {
			put_visible(b, &s, &cp);
			continue;
		}
		buf_add(b, s.s, run);
		s.s += run;
		s.n -= run;
	}
}

/* Control characters would be dropped or obeyed by a browser or a pager, so the file formats show
 * them as esc_term does; `special` (ASCII) is replaced by what `with` says. */
static void esc_marked(struct buf *b, struct slice s, const char *special, const char *const *with)
{
	uint32_t cp;

	while (s.n) {
		const char *at = *s.s ? strchr(special, *s.s) : NULL;

		if (!at) {
			put_visible(b, &s, &cp);
			continue;
		}
		buf_str(b, with[at - special]);
		s.s++;
		s.n--;
	}
}

void esc_html(struct buf *b, struct slice s)
{
	static const char *const with[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "\n", "\t"};

	esc_marked(b, s, "&<>\"'\n\t", with);
}

static bool alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Where the text begins, these would make a list, a heading or a rule; later they are signs. */
static bool begins_block(struct slice s, size_t at)
{
	size_t lead = 0, digits;

	while (lead < at && s.s[lead] == ' ')
		lead++;
	digits = lead;
	while (digits < at && s.s[digits] >= '0' && s.s[digits] <= '9')
		digits++;
	if (strchr(".)", s.s[at]))
		return digits == at && digits > lead && (at + 1 == s.n || s.s[at + 1] == ' ');
	return lead == at && strchr("#+-=", s.s[at]);
}

/* Signs that mean something only by what stands beside them: a_b is a name, _b_ is not; :// makes a
 * link in readers that look for them, as do www. and an entity. */
static bool means_markup(struct slice s, size_t at)
{
	char before = at ? s.s[at - 1] : ' ', after = at + 1 < s.n ? s.s[at + 1] : ' ';

	switch (s.s[at]) {
	case '_':
		return !alnum(before) || !alnum(after);
	case ':':
		return after == '/';
	case '&':
		return alnum(after) || after == '#';
	case '.':
		return (before == 'w' || before == 'W') || begins_block(s, at);
	default:
		return strchr("\\`*{}[]<>|~$@", s.s[at]) || begins_block(s, at);
	}
}

void esc_markdown(struct buf *b, struct slice s)
{
	uint32_t cp;

	for (struct slice rest = s; rest.n;) {
		size_t at = (size_t)(rest.s - s.s);
		if (!rest.s[0] || !means_markup(s, at)) {
			put_visible(b, &rest, &cp);
			continue;
		}
		buf_ch(b, '\\');
		buf_ch(b, rest.s[0]);
		rest.s++;
		rest.n--;
	}
}

void esc_csv(struct buf *b, struct slice s)
{
	size_t lead = 0;

	buf_ch(b, '"');
	while (lead < s.n && s.s[lead] == ' ')
		lead++;
	/* A sheet skips the blanks in front of a formula, and takes the full-width signs as well.
	 */
	struct slice rest = {s.s + lead, s.n - lead};
	uint32_t cp = 0;
	size_t n = utf8_decode(rest.s, rest.n, &cp);
	if (n && (strchr("=+-@\t\r\n", cp < 0x80 && cp ? (int)cp : 'x') || cp == 0xFF1D ||
	          cp == 0xFF0B || cp == 0xFF0D || cp == 0xFF20))
		buf_ch(b, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] == '"')
			buf_ch(b, '"');
		if (s.s[i] == '\0')
			buf_str(b, "\\x00");
		else
			buf_ch(b, s.s[i]);
	}
	buf_ch(b, '"');
}

/* ---- defang ---- */

static bool word_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '_' || (unsigned char)c >= 0x80;
}

static bool starts_ci(struct slice s, size_t at, const char *word)
{
	size_t n = strlen(word);

	return s.n - at >= n && slice_ieq((struct slice){s.s + at, n}, slice_of(word));
}

struct rewrite {
	const char *from, *to;
};

/* The rule whose text stands at s[at], or NULL. */
static const struct rewrite *rule_at(const struct rewrite *r, size_t n, struct slice s, size_t at)
{
	for (size_t i = 0; i < n; i++)
		if (starts_ci(s, at, r[i].from))
			return &r[i];
	return NULL;
}

void esc_defang(struct buf *b, struct slice s)
{
	static const struct rewrite schemes[] = {
	        {"https://", "hxxps://"}, {"http://", "hxxp://"}, {"ftp://", "fxp://"}};

	for (size_t i = 0; i < s.n;) {
		bool edge = i == 0 || !word_byte(s.s[i - 1]);
		bool inside =
		        i > 0 && i + 1 < s.n && word_byte(s.s[i - 1]) && word_byte(s.s[i + 1]);
		const struct rewrite *r = edge ? rule_at(schemes, ARRAY_LEN(schemes), s, i) : NULL;

		if (r) {
			buf_str(b, r->to);
			i += strlen(r->from);
			continue;
		}
		if (inside && s.s[i] == '.')
			buf_str(b, "[.]");
		else if (inside && s.s[i] == '@')
			buf_str(b, "[@]");
		else
			buf_ch(b, s.s[i]);
		i++;
	}
}

void esc_refang(struct buf *b, struct slice s)
{
	static const struct rewrite schemes[] = {
	        {"hxxps", "https"}, {"hxxp", "http"}, {"fxp:", "ftp:"}, {"fxp[", "ftp["}};
	static const struct rewrite marks[] = {
	        {"[.]", "."},   {"(.)", "."},     {"{.}", "."}, {"[dot]", "."}, {"(dot)", "."},
	        {"{dot}", "."}, {"[@]", "@"},     {"(@)", "@"}, {"[at]", "@"},  {"(at)", "@"},
	        {"{at}", "@"},  {"[://]", "://"}, {"[:]", ":"}, {"[/]", "/"},
	};

	for (size_t i = 0; i < s.n;) {
		bool edge = i == 0 || !word_byte(s.s[i - 1]);
		const struct rewrite *r = edge ? rule_at(schemes, ARRAY_LEN(schemes), s, i) : NULL;
		size_t word = r ? strlen(r->from) : 0;

		/* "hxxp" is a scheme only with what follows one. */
		if (r && !(word + i < s.n && (s.s[i + word] == ':' || s.s[i + word] == '[')) &&
		    r->from[word - 1] != ':' && r->from[word - 1] != '[')
			r = NULL;
		if (!r)
			r = rule_at(marks, ARRAY_LEN(marks), s, i);
		if (r) {
			buf_str(b, r->to);
			i += strlen(r->from);
		} else {
			buf_ch(b, s.s[i++]);
		}
	}
}
