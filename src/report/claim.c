#include "report/claim.h"

#include <arpa/inet.h>
#include <ctype.h>

void claim_plain(struct buf *out, struct slice line)
{
	for (size_t i = 0; i < line.n; i++) {
		if (line.s[i] == '\\' && i + 1 < line.n && ispunct((unsigned char)line.s[i + 1]))
			i++;
		buf_ch(out, line.s[i]);
	}
}

/* ---- citations ---- */

static size_t digits(struct slice s, size_t at)
{
	size_t n = 0;

	while (at + n < s.n && s.s[at + n] >= '0' && s.s[at + n] <= '9')
		n++;
	return n;
}

static bool cite_at(struct slice s, size_t *at, char id[CLAIM_ID_MAX])
{
	bool bracket = s.s[*at] == '[' && *at + 1 < s.n && strchr("ec", s.s[*at + 1]);
	bool bare = !bracket && s.n - *at > 3 && !strncmp(s.s + *at, "ev:", 3);
	size_t from = *at + (bracket ? 2 : 3), n = bracket || bare ? digits(s, from) : 0;

	if (!n || n > 20 || (bracket && (from + n >= s.n || s.s[from + n] != ']')))
		return false;
	snprintf(id, CLAIM_ID_MAX, "%s%.*s", bare || s.s[*at + 1] == 'e' ? "ev:" : "c", (int)n,
	         s.s + from);
	*at = from + n;
	return true;
}

bool claim_cite(struct slice line, size_t *at, char id[CLAIM_ID_MAX])
{
	for (; *at < line.n; ++*at)
		if (cite_at(line, at, id))
			return true;
	return false;
}

void claim_words(struct buf *out, struct slice plain)
{
	char id[CLAIM_ID_MAX];
	for (size_t at = 0; at < plain.n;) {
		size_t end = at;
		if (!cite_at(plain, &end, id)) {
			buf_ch(out, plain.s[at++]);
			continue;
		}
		at = end + (end < plain.n && plain.s[end] == ']');
	}
}

/* ---- names ---- */

static bool all(struct slice s, int (*is)(int))
{
	for (size_t i = 0; i < s.n; i++)
		if (!is((unsigned char)s.s[i]))
			return false;
	return s.n > 0;
}

static bool starts(struct slice s, const char *with)
{
	return s.n > strlen(with) && !strncasecmp(s.s, with, strlen(with));
}

/* An address, with or without a port or a prefix length behind it. */
static bool is_address(struct slice s)
{
	char text[64], *tail;
	unsigned char out[16];

	if (s.n >= sizeof(text))
		return false;
	memcpy(text, s.s, s.n);
	text[s.n] = '\0';
	tail = strchr(text, '/');
	if (tail)
		*tail = '\0';
	if (inet_pton(AF_INET6, text, out) == 1 && strlen(text) > 2)
		return true;
	tail = strchr(text, ':');
	if (tail)
		*tail = '\0';
	return inet_pton(AF_INET, text, out) == 1;
}

static bool is_key(struct slice s)
{
	return s.n == 20 && (starts(s, "AKIA") || starts(s, "ASIA")) && all(s, isalnum);
}

static bool is_account(struct slice s)
{
	return s.n == 12 && all(s, isdigit);
}

static bool is_hash(struct slice s)
{
	return (s.n == 32 || s.n == 40 || s.n == 64) && all(s, isxdigit);
}

/* i-0c31d2f4a5b6c7d8e, vol-0e41a2b3: a short kind, a dash, and hexadecimal digits. */
static bool is_resource(struct slice s)
{
	const char *dash = memchr(s.s, '-', s.n);
	struct slice kind = {s.s, dash ? (size_t)(dash - s.s) : 0},
	             id = {dash ? dash + 1 : s.s, dash ? s.n - kind.n - 1 : 0};

	return dash && kind.n && kind.n <= 8 && all(kind, isalpha) && id.n >= 8 &&
	       all(id, isxdigit);
}

static bool is_link(struct slice s)
{
	return starts(s, "arn:") || starts(s, "http://") || starts(s, "https://") ||
	       starts(s, "cve-") || (memchr(s.s, '@', s.n) && memchr(s.s, '.', s.n));
}

static bool (*const kinds[])(struct slice s) = {is_address, is_key,      is_account,
                                                is_hash,    is_resource, is_link};

static bool is_one(struct slice s)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i](s))
			return true;
	return false;
}

/* The word, or a part of it between slashes: *s becomes what was found. */
static bool is_name(struct slice *s)
{
	struct slice rest = *s, piece;
	mw_time time;

	if ((s->n >= 16 && mw_time_parse(*s, &time)) || is_one(*s))
		return true;
	while (slice_split(&rest, '/', &piece))
		if (is_one(piece)) {
			*s = piece;
			return true;
		}
	return false;
}

static bool between(char c)
{
	return (unsigned char)c <= ' ' || (unsigned char)c >= 0x80 ||
	       strchr(",;()[]\"'|`<>*={}", c);
}

static struct slice bare(struct slice s)
{
	while (s.n && strchr(".:!?_~#", s.s[s.n - 1]))
		s.n--;
	while (s.n && strchr(".!?_~#", s.s[0]))
		s = (struct slice){s.s + 1, s.n - 1};
	return s;
}

bool claim_name(struct slice line, size_t *at, struct slice *name)
{
	while (*at < line.n) {
		size_t n = 0;
		while (*at + n < line.n && !between(line.s[*at + n]))
			n++;
		*name = bare((struct slice){line.s + *at, n});
		*at += n + 1;
		if (name->n && is_name(name))
			return true;
	}
	return false;
}
