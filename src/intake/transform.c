#include "intake/transform.h"

#include "plan/cidr.h"

static void give(struct values *out, struct slice v)
{
	v = slice_trim(v);
	if (v.n)
		*vec_push(&out->v) = v;
}

static void give_text(struct values *out, const char *text)
{
	give(out, slice_of(text));
}

static void give_bool(struct values *out, bool b)
{
	give_text(out, b ? "true" : "false");
}

static struct slice after_last(struct slice s, const char *any)
{
	for (size_t i = s.n; i > 0; i--)
		if (strchr(any, s.s[i - 1]) && s.s[i - 1])
			return (struct slice){s.s + i, s.n - i};
	return s;
}

static struct slice before_first(struct slice s, char c)
{
	const char *at = memchr(s.s, c, s.n);

	return at ? (struct slice){s.s, (size_t)(at - s.s)} : s;
}

static bool ends_ieq(struct slice s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && slice_ieq((struct slice){s.s + s.n - n, n}, slice_of(with));
}

static bool starts_ieq(struct slice s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && slice_ieq((struct slice){s.s, n}, slice_of(with));
}

static bool is_word(struct slice s, const char *const *words)
{
	for (; *words; words++)
		if (slice_ieq(s, slice_of(*words)))
			return true;
	return false;
}

/* ---- names inside a value ---- */

static void basename_of(struct slice in, struct values *out)
{
	give(out, after_last(in, "/\\"));
}

/* The program of a command line: the quoted or first word, without its folder. */
static void program(struct slice in, struct values *out)
{
	in = slice_trim(in);
	if (in.n && *in.s == '"')
		in = before_first((struct slice){in.s + 1, in.n - 1}, '"');
	else
		in = before_first(in, ' ');
	give(out, after_last(in, "/\\"));
}

/* "s3.amazonaws.com" -> "s3" */
static void service(struct slice in, struct values *out)
{
	give(out, before_first(in, '.'));
}

static void before_slash(struct slice in, struct values *out)
{
	give(out, before_first(in, '/'));
}

/* The short name of a host; an address stays whole. */
static void short_host(struct slice in, struct values *out)
{
	bool address = true;

	for (size_t i = 0; i < in.n; i++)
		address = address &&
		          ((in.s[i] >= '0' && in.s[i] <= '9') || in.s[i] == '.' || in.s[i] == ':');
	give(out, address ? in : before_first(in, '.'));
}

static void dns_name(struct slice in, struct values *out)
{
	give(out, in.n > 1 && in.s[in.n - 1] == '.' ? (struct slice){in.s, in.n - 1} : in);
}

/* "DOMAIN\user" -> "user", "DOMAIN" */
static void user_of(struct slice in, struct values *out)
{
	give(out, after_last(in, "\\"));
}

static void domain_of(struct slice in, struct values *out)
{
	struct slice d = before_first(in, '\\');

	if (d.n < in.n)
		give(out, d);
}

/* The name in an ARN or a resource path: what stands behind the last slash, else behind the last
 * colon. */
static void arn_name(struct slice in, struct values *out)
{
	struct slice name = after_last(in, "/");

	if (name.n == in.n && starts_ieq(in, "arn:"))
		name = after_last(in, ":");
	give(out, name);
}

static void arn(struct slice in, struct values *out)
{
	if (starts_ieq(in, "arn:"))
		give(out, in);
}

/* The piece behind "/name/" in an Azure resource id. */
static void resource_piece(struct slice in, const char *name, struct values *out)
{
	const char *at = mw_memimem(in.s, in.n, name, strlen(name));

	if (!at)
		return;
	at += strlen(name);
	give(out, before_first((struct slice){at, (size_t)(in.s + in.n - at)}, '/'));
}

static void subscription(struct slice in, struct values *out)
{
	resource_piece(in, "/subscriptions/", out);
}

static void resource_group(struct slice in, struct values *out)
{
	resource_piece(in, "/resourceGroups/", out);
}

/* "192.0.2.1:443", "[2001:db8::1]:443", "::ffff:192.0.2.1" -> the address */
static void address(struct slice in, struct values *out)
{
	if (in.n > 7 && starts_ieq(in, "::ffff:") && memchr(in.s, '.', in.n))
		in = (struct slice){in.s + 7, in.n - 7};
	if (in.n && *in.s == '[')
		give(out, before_first((struct slice){in.s + 1, in.n - 1}, ']'));
	else if (memchr(in.s, '.', in.n))
		give(out, before_first(in, ':'));
	else
		give(out, in);
}

/* A vendor's "src" or "dest" is an address or the name of a host. */
static void only_address(struct slice in, struct values *out)
{
	struct ip ip;

	if (ip_parse(in, &ip))
		give(out, in);
}

static void only_host(struct slice in, struct values *out)
{
	struct ip ip;

	if (!ip_parse(in, &ip))
		short_host(in, out);
}

/* A text that its vendor has broken into lines. */
static void one_line(struct slice in, struct values *out)
{
	char *text = arena_alloc(out->arena, in.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		bool space = strchr(" \t\r\n", in.s[i]) && in.s[i];
		if (!space)
			text[n++] = in.s[i];
		else if (n && text[n - 1] != ' ')
			text[n++] = ' ';
	}
	while (n && text[n - 1] == ' ')
		n--;
	give(out, (struct slice){text, n});
}

/* ---- lists inside a value ---- */

static void split_at(struct slice in, const char *any, struct values *out)
{
	size_t from = 0;

	for (size_t i = 0; i <= in.n; i++) {
		if (i < in.n && !(in.s[i] && strchr(any, in.s[i])))
			continue;
		give(out, (struct slice){in.s + from, i - from});
		from = i + 1;
	}
}

static void commas(struct slice in, struct values *out)
{
	split_at(in, ",", out);
}

static void semicolons(struct slice in, struct values *out)
{
	split_at(in, ";", out);
}

static void words(struct slice in, struct values *out)
{
	split_at(in, " \t\r\n,", out);
}

/* ["a","b"], "a, b" or "a" */
static void list(struct slice in, struct values *out)
{
	split_at(in, "[]\", \t", out);
}

/* "SHA1=..,MD5=.." -> the values */
static void hashes(struct slice in, struct values *out)
{
	struct slice piece;

	while (slice_split(&in, ',', &piece))
		give(out, after_last(piece, "="));
}

/* "technique_id=T1059,technique_name=..", as Sysmon configurations name their rules. */
static void rule_technique(struct slice in, struct values *out)
{
	const char *at = mw_memimem(in.s, in.n, "technique_id=", 13);

	if (at)
		give(out,
		     before_first((struct slice){at + 13, (size_t)(in.s + in.n - at) - 13}, ','));
}

/* "TTPs/Discovery/Recon" of ASFF -> "Discovery" */
static void ttp(struct slice in, struct values *out)
{
	if (starts_ieq(in, "TTPs/"))
		give(out, before_first((struct slice){in.s + 5, in.n - 5}, '/'));
}

/* ---- yes and no ---- */

static const char *const yes_words[] = {"true", "yes", "1", "success", "t", "y", NULL};

static void negate(struct slice in, struct values *out)
{
	give_bool(out, !is_word(in, yes_words));
}

static void is_mfa(struct slice in, struct values *out)
{
	give_bool(out, starts_ieq(in, "multi"));
}

static void is_anonymous(struct slice in, struct values *out)
{
	give_bool(out, mw_memimem(in.s, in.n, "anonymous", 9) != NULL);
}

static void yes_success(struct slice in, struct values *out)
{
	give_text(out, is_word(in, yes_words) ? "Success" : "Failure");
}

static void zero_success(struct slice in, struct values *out)
{
	give_text(out, slice_eq_str(in, "0") ? "Success" : "Failure");
}

static void nonzero(struct slice in, struct values *out)
{
	if (!slice_eq_str(in, "0"))
		give(out, in);
}

static void accept_word(struct slice in, struct values *out)
{
	give_text(out, slice_ieq(in, SLICE("ACCEPT")) ? "Success" : "Failure");
}

static void success_suffix(struct slice in, struct values *out)
{
	if (ends_ieq(in, "LoggedIn") || ends_ieq(in, "Succeeded"))
		give_text(out, "Success");
	else if (ends_ieq(in, "LoginFailed") || ends_ieq(in, "Failed"))
		give_text(out, "Failure");
}

static void http_status(struct slice in, struct values *out)
{
	if (in.n == 3)
		give_text(out, *in.s < '4' ? "Success" : "Failure");
}

static void k8s_write(struct slice in, struct values *out)
{
	static const char *const reads[] = {"get", "list", "watch", "head", "options", NULL};

	give_bool(out, !is_word(in, reads));
}

static void azure_write(struct slice in, struct values *out)
{
	give_bool(out,
	          ends_ieq(in, "/write") || ends_ieq(in, "/delete") || ends_ieq(in, "/action"));
}

static void aws_write(struct slice in, struct values *out)
{
	static const char *const reads[] = {"Get", "List", "Head", "Describe", "Lookup", "Select"};
	bool read = false;

	for (size_t i = 0; i < ARRAY_LEN(reads); i++)
		read = read || starts_ieq(in, reads[i]);
	give_bool(out, !read);
}

/* Sysmon 3: who opened the connection. */
static void initiated(struct slice in, struct values *out)
{
	give_text(out, is_word(in, yes_words) ? "Outbound" : "Inbound");
}

/* The message numbers of the Windows filtering platform. */
static void direction(struct slice in, struct values *out)
{
	if (slice_eq_str(in, "%%14592"))
		give_text(out, "Inbound");
	else if (slice_eq_str(in, "%%14593"))
		give_text(out, "Outbound");
	else
		give(out, in);
}

/* ---- numbers that stand for words ---- */

struct word_of {
	const char *in, *out;
};

static void look_up(struct slice in, const struct word_of *w, size_t n, struct values *out)
{
	for (size_t i = 0; i < n; i++) {
		if (slice_eq_str(in, w[i].in)) {
			give_text(out, w[i].out);
			return;
		}
	}
	give(out, in);
}

static void protocol(struct slice in, struct values *out)
{
	static const struct word_of names[] = {
	        {"1", "icmp"}, {"2", "igmp"}, {"6", "tcp"}, {"17", "udp"},    {"41", "ipv6"},
	        {"47", "gre"}, {"50", "esp"}, {"51", "ah"}, {"58", "icmpv6"}, {"132", "sctp"}};

	look_up(in, names, ARRAY_LEN(names), out);
}

static void syslog_severity(struct slice in, struct values *out)
{
	static const struct word_of names[] = {{"0", "emerg"}, {"1", "alert"},   {"2", "crit"},
	                                       {"3", "err"},   {"4", "warning"}, {"5", "notice"},
	                                       {"6", "info"},  {"7", "debug"}};

	look_up(in, names, ARRAY_LEN(names), out);
}

/* A number of GuardDuty (0-10), CEF and LEEF (0-10), ASFF (0-100) or OCSF (1-6) as the word; words
 * stay. The scales of GuardDuty, CEF and LEEF agree well enough to share their bounds; ASFF is told
 * by its size. */
static void severity(struct slice in, struct values *out)
{
	double v;

	if (!slice_double(in, &v)) {
		give(out, in);
		return;
	}
	if (v > 10)
		v /= 10;
	give_text(out, v >= 9   ? "Critical"
	               : v >= 7 ? "High"
	               : v >= 4 ? "Medium"
	               : v >= 1 ? "Low"
	                        : "Informational");
}

static void ocsf_severity(struct slice in, struct values *out)
{
	static const struct word_of names[] = {
	        {"0", "Unknown"}, {"1", "Informational"}, {"2", "Low"},  {"3", "Medium"},
	        {"4", "High"},    {"5", "Critical"},      {"6", "Fatal"}};

	look_up(in, names, ARRAY_LEN(names), out);
}

/* Orca's older words and numbers of risk. */
static void orca_risk(struct slice in, struct values *out)
{
	static const struct word_of names[] = {{"1", "critical"},
	                                       {"2", "high"},
	                                       {"3", "medium"},
	                                       {"4", "informational"},
	                                       {"compromised", "critical"},
	                                       {"imminent compromise", "high"},
	                                       {"imminent_compromise", "high"},
	                                       {"hazardous", "medium"}};

	look_up(in, names, ARRAY_LEN(names), out);
}

static void lacework_severity(struct slice in, struct values *out)
{
	static const struct word_of names[] = {
	        {"1", "Critical"}, {"2", "High"}, {"3", "Medium"}, {"4", "Low"}, {"5", "Info"}};

	look_up(in, names, ARRAY_LEN(names), out);
}

#define ACCOUNT_DIGITS 12

static bool is_word_char(char c)
{
	return ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9');
}

/* The number of an AWS account that stands by itself in a text or between the parts of an id. */
static void account_number(struct slice in, struct values *out)
{
	for (size_t i = 0, n = 0; i < in.n; i += n ? n : 1) {
		bool digits = true;
		for (n = 0; i + n < in.n && is_word_char(in.s[i + n]); n++)
			digits = digits && in.s[i + n] >= '0' && in.s[i + n] <= '9';
		if (digits && n == ACCOUNT_DIGITS) {
			give(out, (struct slice){in.s + i, n});
			return;
		}
	}
}

transform_fn *transform_find(struct slice name)
{
	static const struct {
		const char *name;
		transform_fn *fn;
	} table[] = {
	        {"accept", accept_word},
	        {"account_number", account_number},
	        {"address", address},
	        {"arn", arn},
	        {"arn_name", arn_name},
	        {"aws_write", aws_write},
	        {"azure_write", azure_write},
	        {"basename", basename_of},
	        {"before_slash", before_slash},
	        {"commas", commas},
	        {"direction", direction},
	        {"dns_name", dns_name},
	        {"domain_of", domain_of},
	        {"hashes", hashes},
	        {"http_status", http_status},
	        {"initiated", initiated},
	        {"is_anonymous", is_anonymous},
	        {"is_mfa", is_mfa},
	        {"k8s_write", k8s_write},
	        {"lacework_severity", lacework_severity},
	        {"list", list},
	        {"nonzero", nonzero},
	        {"not", negate},
	        {"ocsf_severity", ocsf_severity},
	        {"orca_risk", orca_risk},
	        {"one_line", one_line},
	        {"only_address", only_address},
	        {"only_host", only_host},
	        {"program", program},
	        {"protocol", protocol},
	        {"resource_group", resource_group},
	        {"rule_technique", rule_technique},
	        {"semicolons", semicolons},
	        {"service", service},
	        {"severity", severity},
	        {"short_host", short_host},
	        {"subscription", subscription},
	        {"success_suffix", success_suffix},
	        {"syslog_severity", syslog_severity},
	        {"ttp", ttp},
	        {"user_of", user_of},
	        {"words", words},
	        {"yes_success", yes_success},
	        {"zero_success", zero_success},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (slice_eq_str(name, table[i].name))
			return table[i].fn;
	return NULL;
}
