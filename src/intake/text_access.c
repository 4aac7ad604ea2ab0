/* Lines of web servers' access logs: Apache's common and combined formats, which nginx writes as well, with a virtual host in
 * front or without. Leaves have nginx's names. */
#include "intake/text.h"

static struct slice word(struct slice *s)
{
	const char *blank = s->n ? memchr(s->s, ' ', s->n) : NULL;
	struct slice w = {s->s, blank ? (size_t)(blank - s->s) : s->n};

	s->s += w.n + (blank != NULL);
	s->n -= w.n + (blank != NULL);
	return w;
}

static bool digits(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] < '0' || s.s[i] > '9')
			return false;
	return s.n > 0;
}

/* 10/Oct/2000:13:55:36 -0700 */
static bool is_stamp(struct slice s)
{
	static const char shape[] = "00/aaa/0000:00:00:00 +0000";

	if (s.n != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.s[i];
		bool fits = shape[i] == '0'   ? c >= '0' && c <= '9'
		            : shape[i] == 'a' ? (c | 0x20) >= 'a' && (c | 0x20) <= 'z'
		            : shape[i] == '+' ? c == '+' || c == '-'
		                              : c == shape[i];
		if (!fits)
			return false;
	}
	return true;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Without the backslashes that both servers put before quotes, backslashes and bytes that cannot be printed. */
static struct slice unescaped(struct leafset *l, struct slice v)
{
	char *out;
	size_t n = 0;

	if (!memchr(v.s, '\\', v.n))
		return v;
	out = arena_alloc(&l->arena, v.n + 1);
	for (size_t i = 0; i < v.n; i++) {
		bool byte = v.s[i] == '\\' && i + 3 < v.n && v.s[i + 1] == 'x' &&
		            hex(v.s[i + 2]) >= 0 && hex(v.s[i + 3]) >= 0;
		if (byte) {
			// NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): both are digits: byte says so
			out[n++] = (char)(hex(v.s[i + 2]) << 4 | hex(v.s[i + 3]));
			i += 3;
			continue;
		}
		i += v.s[i] == '\\' && i + 1 < v.n && strchr("\"\\", v.s[i + 1]);
		out[n++] = v.s[i];
	}
	return (struct slice){out, n};
}

/* "..." at the beginning of s, and the blank behind it. */
static bool quoted(struct slice *s, struct slice *out)
{
	size_t i = 1;

	if (s->n < 2 || *s->s != '"')
		return false;
	while (i < s->n && s->s[i] != '"')
		i += s->s[i] == '\\' ? 2 : 1;
	if (i >= s->n)
		return false;
	*out = (struct slice){s->s + 1, i - 1};
	i += 1 + (i + 1 < s->n && s->s[i + 1] == ' ');
	s->s += i;
	s->n -= i;
	return true;
}

static void put(struct leafset *l, const char *name, struct slice v)
{
	if (v.n && !slice_eq_str(v, "-"))
		leaves_put(l, slice_of(name), unescaped(l, v));
}

static void put_request(struct leafset *l, struct slice request)
{
	struct slice rest = request, method = word(&rest), uri = word(&rest);
	bool whole = rest.n > 5 && memcmp(rest.s, "HTTP/", 5) == 0;

	put(l, "request", request);
	if (!whole)
		return;
	put(l, "request_method", method);
	put(l, "request_uri", uri);
	put(l, "server_protocol", rest);
}

/* What stands before the time: [virtual host] host, ident, user. A user may hold blanks. */
static bool put_who(struct leafset *l, struct slice who)
{
	struct slice first = word(&who), second = word(&who), third = who, user = third;
	struct slice rest = third, ident = second, third_word = word(&rest);

	if (!first.n || !second.n || !third.n)
		return false;
	if (rest.n && slice_eq_str(third_word, "-")) {
		put(l, "server_name", first);
		first = second;
		ident = third_word;
		user = rest;
	}
	put(l, "remote_addr", first);
	put(l, "remote_logname", ident);
	put(l, "remote_user", user);
	return true;
}

bool text_access(struct leafset *l, struct slice line)
{
	const char *open = memmem(line.s, line.n, " [", 2);
	struct slice rest, stamp, request, status, bytes, referer, agent;

	if (!open || (size_t)(line.s + line.n - open) < 30)
		return false;
	stamp = (struct slice){open + 2, 26};
	rest = (struct slice){open + 28, (size_t)(line.s + line.n - open) - 28};
	if (!is_stamp(stamp) || rest.n < 2 || memcmp(rest.s, "] ", 2) != 0)
		return false;
	rest = (struct slice){rest.s + 2, rest.n - 2};
	if (!quoted(&rest, &request))
		return false;
	status = word(&rest);
	bytes = word(&rest);
	if (status.n != 3 || !digits(status) || !(digits(bytes) || slice_eq_str(bytes, "-")) ||
	    !put_who(l, (struct slice){line.s, (size_t)(open - line.s)}))
		return false;
	put(l, "time_local", stamp);
	put_request(l, request);
	put(l, "status", status);
	put(l, "body_bytes_sent", bytes);
	if (quoted(&rest, &referer))
		put(l, "http_referer", referer);
	if (quoted(&rest, &agent))
		put(l, "http_user_agent", agent);
	return true;
}
