#include "base/mwtime.h"
#include "intake/text.h"

const char text_vpcflow_default[] = "version account-id interface-id srcaddr dstaddr srcport "
                                    "dstport protocol packets bytes start end action log-status";

static bool key_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static struct slice sub(struct slice s, size_t from, size_t to)
{
	return (struct slice){s.s + from, to - from};
}

static bool starts(struct slice s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && memcmp(s.s, with, n) == 0;
}

/* ---- key=value ---- */

/* The length of "key=" at s[at], without the "="; 0 when there is none. */
static size_t key_at(struct slice s, size_t at)
{
	size_t i = at;

	while (i < s.n && key_byte(s.s[i]))
		i++;
	return i > at && i < s.n && s.s[i] == '=' ? i - at : 0;
}

static size_t value_end(struct slice s, size_t at, char sep)
{
	for (size_t i = at; i < s.n; i++) {
		if (s.s[i] == '\\' && i + 1 < s.n) {
			i++;
		} else if (sep ? s.s[i] == sep : s.s[i] == ' ' || s.s[i] == '\x1d') {
			size_t next = i + 1;

			while (!sep && next < s.n && s.s[next] == ' ')
				next++;
			if (sep || next == s.n || s.s[i] == '\x1d' || key_at(s, next))
				return i;
		}
	}
	return s.n;
}

/* Takes the backslashes out, where there are any. */
static struct slice unslash(struct leafset *s, struct slice v)
{
	if (!memchr(v.s, '\\', v.n))
		return v;
	char *out = arena_alloc(&s->arena, v.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < v.n; i++) {
		bool escape = v.s[i] == '\\' && i + 1 < v.n && strchr("\\=|\"nr", v.s[i + 1]);
		char c = escape ? v.s[++i] : v.s[i];

		out[n++] = !escape ? c : c == 'n' ? '\n' : c == 'r' ? '\r' : c;
	}
	return (struct slice){out, n};
}

void text_pairs(struct leafset *s, struct slice text, char sep)
{
	size_t at = 0;

	while (at < text.n) {
		size_t key = key_at(text, at), from = at + key + 1, end;

		if (!key) {
			at++;
			continue;
		}
		if (from < text.n && text.s[from] == '"' && !sep) {
			const char *quote = memchr(text.s + from + 1, '"', text.n - from - 1);

			end = quote ? (size_t)(quote - text.s) : text.n;
			leaves_put(s, sub(text, at, at + key), sub(text, from + 1, end));
		} else {
			end = value_end(text, from, sep);
			leaves_put(s, sub(text, at, at + key), unslash(s, sub(text, from, end)));
		}
		at = end < text.n ? end + 1 : end;
	}
}

/* ---- syslog ---- */

static const char *const severities[] = {"emerg",   "alert",  "crit", "err",
                                         "warning", "notice", "info", "debug"};
static const char *const facilities[] = {
        "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
        "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
        "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};

static bool take_priority(struct leafset *s, struct slice *line)
{
	const char *end =
	        line->n && *line->s == '<' ? memchr(line->s, '>', line->n < 6 ? line->n : 6) : NULL;
	uint64_t pri;

	if (!end || !slice_u64(sub(*line, 1, (size_t)(end - line->s)), &pri) || pri > 191)
		return false;
	leaves_put(s, SLICE("syslog_severity"), slice_of(severities[pri % 8]));
	leaves_put(s, SLICE("syslog_facility"), slice_of(facilities[pri / 8]));
	*line = sub(*line, (size_t)(end - line->s) + 1, line->n);
	return true;
}

static struct slice take_word(struct slice *line)
{
	size_t n = 0;

	while (n < line->n && line->s[n] != ' ')
		n++;
	struct slice word = sub(*line, 0, n);
	while (n < line->n && line->s[n] == ' ')
		n++;
	*line = sub(*line, n, line->n);
	return word;
}

/* "Jun 10 06:13:20" or an RFC 3339 time in front; the time's text, empty when there is none. */
static struct slice take_stamp(struct slice *line)
{
	mw_time t;
	struct slice rest = *line, first = take_word(&rest);

	if (mw_time_parse(first, &t)) {
		*line = rest;
		return first;
	}
	bool month = first.n == 3 && strstr("JanFebMarAprMayJunJulAugSepOctNovDec",
	                                    (char[4]){first.s[0], first.s[1], first.s[2], 0});
	struct slice day = take_word(&rest), clock = take_word(&rest);
	if (!month || !day.n || day.n > 2 || clock.n < 8 || clock.s[2] != ':')
		return SLICE("");
	struct slice stamp = {first.s, (size_t)(clock.s + clock.n - first.s)};
	*line = rest;
	return stamp;
}

static void take_tag(struct leafset *s, struct slice *line)
{
	size_t n = 0;

	while (n < line->n && n < 64 && (key_byte(line->s[n]) || strchr("-./@", line->s[n])))
		n++;
	if (!n || n >= line->n || (line->s[n] != '[' && line->s[n] != ':'))
		return;
	leaves_put(s, SLICE("syslog_tag"), sub(*line, 0, n));
	if (line->s[n] == '[') {
		size_t from = n + 1;

		while (n < line->n && line->s[n] != ']')
			n++;
		leaves_put(s, SLICE("syslog_pid"), sub(*line, from, n));
		n += n < line->n;
	}
	n += n < line->n && line->s[n] == ':';
	*line = slice_trim(sub(*line, n, line->n));
}

/* RFC 5424 after the time: host app pid msgid [data] message. */
static void take_5424(struct leafset *s, struct slice *line)
{
	static const char *const names[] = {"syslog_host", "syslog_tag", "syslog_pid",
	                                    "syslog_msgid"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		leaves_put(s, slice_of(names[i]), take_word(line));
	while (line->n && *line->s == '[') {
		const char *end = memchr(line->s, ']', line->n);
		size_t n = end ? (size_t)(end - line->s) : line->n;

		text_pairs(s, sub(*line, 1, n), 0);
		*line = slice_trim(sub(*line, end ? n + 1 : n, line->n));
	}
	if (starts(*line, "- "))
		*line = sub(*line, 2, line->n);
}

bool text_syslog(struct leafset *s, struct slice line, struct slice *message)
{
	bool priority = take_priority(s, &line);
	bool v1 = priority && starts(line, "1 ");

	if (v1)
		line = sub(line, 2, line.n);
	struct slice stamp = take_stamp(&line);
	if (!stamp.n)
		return false;
	leaves_put(s, SLICE("syslog_time"), stamp);
	/* Collectors put CEF and LEEF behind the host without an app name, in either form of the
	 * header. */
	struct slice rest = line, host = take_word(&rest);
	if (v1 && !starts(rest, "CEF:") && !starts(rest, "LEEF:")) {
		take_5424(s, &line);
	} else {
		leaves_put(s, SLICE("syslog_host"), host);
		line = rest;
		if (!starts(line, "CEF:") && !starts(line, "LEEF:"))
			take_tag(s, &line);
	}
	leaves_put(s, SLICE("syslog_message"), line);
	*message = line;
	return true;
}

/* ---- CEF, LEEF ---- */

/* Takes a header field up to an unescaped bar. */
static bool take_bar(struct leafset *s, struct slice *line, const char *name)
{
	size_t n = 0;

	while (n < line->n && line->s[n] != '|')
		n += line->s[n] == '\\' && n + 1 < line->n ? 2 : 1;
	if (n >= line->n)
		return false;
	leaves_put(s, slice_of(name), unslash(s, sub(*line, 0, n)));
	*line = sub(*line, n + 1, line->n);
	return true;
}

static bool take_bars(struct leafset *s, struct slice *line, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!take_bar(s, line, names[i]))
			return false;
	return true;
}

/* Goes to the marker, taking a syslog header in front of it. */
static bool find_marker(struct leafset *s, struct slice *line, const char *marker)
{
	const char *at = memmem(line->s, line->n, marker, strlen(marker));
	struct slice message;

	if (!at)
		return false;
	if (at > line->s)
		text_syslog(s, *line, &message);
	*line = sub(*line, (size_t)(at - line->s), line->n);
	return true;
}

bool text_cef(struct leafset *s, struct slice line)
{
	static const char *const names[] = {"cef_version",         "cef_vendor",    "cef_product",
	                                    "cef_product_version", "cef_signature", "cef_name",
	                                    "cef_severity"};

	if (!find_marker(s, &line, "CEF:"))
		return false;
	line = sub(line, 4, line.n);
	if (!take_bars(s, &line, names, ARRAY_LEN(names)))
		return false;
	text_pairs(s, line, 0);
	return true;
}

/* The delimiter field of LEEF 2: a character, or its code as 0x5E or x5E. */
static char leef_delimiter(struct slice d)
{
	const char *hex = memchr(d.s, 'x', d.n);

	if (d.n == 1)
		return *d.s;
	return hex ? (char)strtol((char[3]){hex[1], d.s + d.n > hex + 2 ? hex[2] : 0, 0}, NULL, 16)
	           : '\t';
}

bool text_leef(struct leafset *s, struct slice line)
{
	static const char *const names[] = {"leef_version", "leef_vendor", "leef_product",
	                                    "leef_product_version", "leef_event_id"};
	char sep = '\t';

	if (!find_marker(s, &line, "LEEF:"))
		return false;
	line = sub(line, 5, line.n);
	bool v2 = starts(line, "2");
	if (!take_bars(s, &line, names, ARRAY_LEN(names)))
		return false;
	const char *bar = v2 ? memchr(line.s, '|', line.n < 6 ? line.n : 6) : NULL;
	if (bar) {
		sep = leef_delimiter(sub(line, 0, (size_t)(bar - line.s)));
		line = sub(line, (size_t)(bar - line.s) + 1, line.n);
	}
	text_pairs(s, line, sep ? sep : '\t');
	return true;
}

/* ---- Linux audit ---- */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The kernel writes a value with odd bytes as upper-case hex, without quotes; NULs part the words
 * of a command line. */
static struct slice audit_hex(struct leafset *s, struct slice v)
{
	if (v.n < 4 || v.n % 2)
		return v;
	char *out = arena_alloc(&s->arena, v.n / 2 + 1);
	for (size_t i = 0; i < v.n; i += 2) {
		int hi = hex_digit(v.s[i]), lo = hex_digit(v.s[i + 1]);

		if (hi < 0 || lo < 0)
			return v;
		out[i / 2] = (char)(hi << 4 | lo);
		if (!out[i / 2])
			out[i / 2] = ' ';
	}
	return (struct slice){out, v.n / 2};
}

static bool audit_hexed(struct slice name)
{
	static const char *const names[] = {"proctitle", "comm", "exe",  "name",
	                                    "cmd",       "cwd",  "data", "acct"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq_str(name, names[i]))
			return true;
	return false;
}

bool text_audit(struct leafset *s, struct slice line)
{
	const char *at = memmem(line.s, line.n, "audit(", 6), *close, *colon;
	size_t first;

	close = at ? memchr(at, ')', (size_t)(line.s + line.n - at)) : NULL;
	colon = close ? memchr(at, ':', (size_t)(close - at)) : NULL;
	if (!colon)
		return false;
	struct slice head = sub(line, 0, (size_t)(at - line.s)), message;
	const char *type = memmem(head.s, head.n, "type=", 5);
	if (!type || type > head.s)
		text_syslog(s, head, &message);
	if (type) {
		struct slice t = sub(head, (size_t)(type - head.s) + 5, head.n);

		leaves_put(s, SLICE("type"), take_word(&t));
	}
	leaves_put(s, SLICE("audit_time"), (struct slice){at + 6, (size_t)(colon - at) - 6});
	leaves_put(s, SLICE("audit_serial"),
	           (struct slice){colon + 1, (size_t)(close - colon) - 1});
	first = s->v.n;
	text_pairs(s, sub(line, (size_t)(close - line.s) + 1, line.n), 0);
	for (size_t i = first; i < s->v.n; i++)
		if (audit_hexed(ev_path_text(s->reader, s->v.v[i].path)))
			s->v.v[i].value = audit_hex(s, s->v.v[i].value);
	return true;
}

/* ---- Windows event XML ---- */

static const char *find(struct slice s, const char *what)
{
	return memmem(s.s, s.n, what, strlen(what));
}

static struct slice unescape_xml(struct leafset *s, struct slice v)
{
	static const char *const names[] = {"&lt;", "&gt;", "&quot;", "&apos;", "&amp;"};
	static const char chars[] = "<>\"'&";

	if (!memchr(v.s, '&', v.n))
		return v;
	char *out = arena_alloc(&s->arena, v.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < v.n;) {
		size_t k = 0;

		while (k < ARRAY_LEN(names) && !starts(sub(v, i, v.n), names[k]))
			k++;
		out[n++] = k < ARRAY_LEN(names) ? chars[k] : v.s[i];
		i += k < ARRAY_LEN(names) ? strlen(names[k]) : 1;
	}
	return (struct slice){out, n};
}

/* attribute="value" within a tag; either quote. */
static struct slice attribute(struct slice tag, const char *name)
{
	const char *at = find(tag, name);
	size_t n = strlen(name);

	if (!at || at + n + 2 > tag.s + tag.n || at[n] != '=' ||
	    (at[n + 1] != '"' && at[n + 1] != '\''))
		return SLICE("");
	const char *from = at + n + 2,
	           *end = memchr(from, at[n + 1], (size_t)(tag.s + tag.n - from));
	return end ? (struct slice){from, (size_t)(end - from)} : SLICE("");
}

static void xml_element(struct leafset *s, struct slice tag, struct slice content)
{
	static const struct {
		const char *tag, *attribute, *name;
	} attributes[] = {{"Provider", "Name", "SourceName"},
	                  {"TimeCreated", "SystemTime", "TimeCreated"},
	                  {"Execution", "ProcessID", "ExecutionProcessID"},
	                  {"Security", "UserID", "UserID"},
	                  {"Correlation", "ActivityID", "ActivityID"}};
	static const char *const texts[] = {"EventID",       "Channel", "Computer", "Level",
	                                    "EventRecordID", "Task",    "Keywords"};
	struct slice rest = tag, name = take_word(&rest);

	if (slice_eq_str(name, "Data")) {
		struct slice key = attribute(tag, "Name");

		if (key.n)
			leaves_put(s, key, unescape_xml(s, content));
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
		if (slice_eq_str(name, attributes[i].tag))
			leaves_put(s, slice_of(attributes[i].name),
			           attribute(tag, attributes[i].attribute));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (slice_eq_str(name, texts[i]))
			leaves_put(s, name, unescape_xml(s, content));
}

bool text_event_xml(struct leafset *s, struct slice xml)
{
	if (!starts(xml, "<Event"))
		return false;
	for (const char *at = xml.s, *end = xml.s + xml.n; at < end;) {
		const char *open = memchr(at, '<', (size_t)(end - at));
		const char *close = open ? memchr(open, '>', (size_t)(end - open)) : NULL;

		if (!close)
			break;
		const char *next = memchr(close, '<', (size_t)(end - close));
		struct slice tag = {open + 1, (size_t)(close - open) - 1};
		if (tag.n && *tag.s != '/')
			xml_element(
			        s, tag,
			        (struct slice){close + 1, next ? (size_t)(next - close) - 1 : 0});
		at = close + 1;
	}
	return true;
}

/* ---- columns ---- */

static bool next_column(struct slice *rest, char sep, struct slice *out)
{
	if (sep != ' ')
		return slice_split(rest, sep, out);
	*rest = slice_trim(*rest);
	*out = take_word(rest);
	return out->n > 0;
}

void text_columns_set(struct text_columns *c, struct leafset *s, struct slice names, char sep)
{
	struct slice name;

	c->paths.n = 0;
	c->sep = sep;
	while (next_column(&names, sep, &name))
		*vec_push(&c->paths) = leaves_path(s, name);
}

bool text_row(struct leafset *s, const struct text_columns *c, struct slice line)
{
	struct slice value;
	size_t i = 0;

	for (; i < c->paths.n && next_column(&line, c->sep, &value); i++)
		leaves_add(s, &(struct leaf){
		                      .path = c->paths.v[i], .type = EV_STRING, .value = value});
	return i == c->paths.n && !slice_trim(line).n;
}

/* ---- any line ---- */

bool text_vpcflow(struct leafset *s, struct slice line)
{
	struct slice name, names = slice_of(text_vpcflow_default), v[14] = {{0}}, rest = line;
	size_t n = 0;

	while (n < ARRAY_LEN(v) && next_column(&rest, ' ', &v[n]))
		n++;
	bool is = n == ARRAY_LEN(v) && !slice_trim(rest).n && slice_eq_str(v[0], "2") &&
	          (slice_eq_str(v[12], "ACCEPT") || slice_eq_str(v[12], "REJECT") ||
	           slice_eq_str(v[13], "NODATA") || slice_eq_str(v[13], "SKIPDATA"));
	for (size_t i = 0; is && next_column(&names, ' ', &name); i++)
		leaves_put(s, name, v[i]);
	return is;
}

const char *text_any(struct leafset *s, struct slice line)
{
	struct slice message;

	if (text_cef(s, line))
		return "cef";
	if (text_leef(s, line))
		return "leef";
	if (memmem(line.s, line.n, "type=", 5) && text_audit(s, line))
		return "auditd";
	if (text_vpcflow(s, line))
		return "vpcflow";
	if (text_access(s, line))
		return "web.access";
	return text_syslog(s, line, &message) ? "syslog" : NULL;
}
