/* Names by their looks: addresses, ids, hashes, paths. No look-ups. */
#include <ctype.h>

#include "ask/term.h"
#include "plan/cidr.h"

static bool all_of(struct slice s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr(set, s.s[i]) || !s.s[i])
			return false;
	return s.n > 0;
}

static bool all_hex(struct slice s)
{
	return all_of(s, "0123456789abcdefABCDEF");
}

static bool has(struct slice s, char c)
{
	return memchr(s.s, c, s.n) != NULL;
}

static bool begins(struct slice s, const char *p)
{
	size_t n = strlen(p);

	return s.n >= n && slice_ieq((struct slice){s.s, n}, (struct slice){p, n});
}

static bool is_ip(struct slice s)
{
	struct ip ip;

	return ip_parse(s, &ip);
}

/* "10.1.0.0/16", "172.18.39.x", "10.1.*" */
static bool is_cidr(struct slice s)
{
	const char *slash = memchr(s.s, '/', s.n);
	int dots = 0;

	if (slash)
		return is_ip((struct slice){s.s, (size_t)(slash - s.s)}) &&
		       all_of((struct slice){slash + 1, s.n - (size_t)(slash + 1 - s.s)},
		              "0123456789");
	for (size_t i = 0; i < s.n; i++)
		dots += s.s[i] == '.';
	return dots >= 1 && dots <= 3 && isdigit((unsigned char)s.s[0]) &&
	       all_of(s, "0123456789.xX*") && (strchr("xX*.", s.s[s.n - 1]) != NULL) &&
	       (s.s[s.n - 1] != '.' || dots == 3 || dots == 2);
}

static bool is_access_key(struct slice s)
{
	return s.n >= 16 && s.n <= 32 &&
	       (begins(s, "AKIA") || begins(s, "ASIA") || begins(s, "AROA") || begins(s, "AIDA")) &&
	       all_of(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz") &&
	       isupper((unsigned char)s.s[4]) | isdigit((unsigned char)s.s[4]);
}

static bool is_resource(struct slice s)
{
	static const char *const kinds[] = {"i-",        "vol-", "snap-", "sg-",       "vpc-",
	                                    "subnet-",   "ami-", "eni-",  "rtb-",      "igw-",
	                                    "nat-",      "acl-", "vpce-", "eipalloc-", "tgw-",
	                                    "pcx-",      "lt-",  "sgr-",  "fl-",       "eipassoc-",
	                                    "rtbassoc-", "key-", "cgw-",  "vgw-",      "dopt-"};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		size_t n = strlen(kinds[i]);

		if (begins(s, kinds[i]) && s.n >= n + 6 &&
		    all_hex((struct slice){s.s + n, s.n - n}))
			return true;
	}
	return false;
}

static bool is_technique(struct slice s)
{
	if (s.n < 5 || (s.s[0] != 'T' && s.s[0] != 't'))
		return false;
	if (s.n == 6 && toupper((unsigned char)s.s[1]) == 'A')
		return all_of((struct slice){s.s + 2, 4}, "0123456789");
	if (!all_of((struct slice){s.s + 1, 4}, "0123456789"))
		return false;
	return s.n == 5 ||
	       (s.n == 9 && s.s[5] == '.' && all_of((struct slice){s.s + 6, 3}, "0123456789"));
}

static bool is_guid(struct slice s)
{
	if (s.n == 38 && s.s[0] == '{')
		s.s++, s.n -= 2;
	return s.n == 36 && s.s[8] == '-' && s.s[13] == '-' && s.s[18] == '-' && s.s[23] == '-' &&
	       all_of(s, "0123456789abcdefABCDEF-");
}

static bool is_mac(struct slice s)
{
	if (s.n != 17)
		return false;
	for (size_t i = 0; i < 17; i++)
		if (i % 3 == 2 ? s.s[i] != ':' && s.s[i] != '-' : !isxdigit((unsigned char)s.s[i]))
			return false;
	return true;
}

static bool is_file_name(struct slice s)
{
	static const char *const types[] = {
	        ".exe",  ".dll", ".sys",  ".ps1",  ".psm1", ".bat", ".cmd", ".vbs", ".js",
	        ".hta",  ".msi", ".scr",  ".lnk",  ".py",   ".sh",  ".txt", ".zip", ".rar",
	        ".7z",   ".doc", ".docx", ".xls",  ".xlsx", ".pdf", ".jar", ".tmp", ".dmp",
	        ".log",  ".xsl", ".xml",  ".inf",  ".cpl",  ".iso", ".bin", ".dat", ".csv",
	        ".json", ".elf", ".so",   ".xlsm", ".docm", ".pem", ".kdbx"};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		size_t n = strlen(types[i]);

		if (s.n > n &&
		    slice_ieq((struct slice){s.s + s.n - n, n}, (struct slice){types[i], n}))
			return true;
	}
	return false;
}

/* Letters in the last label, at least one dot: "wec.dmevals.local" */
static bool is_domain(struct slice s)
{
	size_t label = 0;
	int dots = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if (c == '.') {
			if (label == 0)
				return false;
			dots++;
			label = 0;
		} else if (isalnum(c) || c == '-' || c == '_') {
			label++;
		} else {
			return false;
		}
	}
	return dots > 0 && label >= 2 && isalpha((unsigned char)s.s[s.n - 1]) &&
	       isalpha((unsigned char)s.s[s.n - 2]);
}

static bool is_email(struct slice s)
{
	const char *at = memchr(s.s, '@', s.n);

	return at && at > s.s && is_domain((struct slice){at + 1, s.n - (size_t)(at + 1 - s.s)});
}

static bool is_hash(struct slice s)
{
	return (s.n == 32 || s.n == 40 || s.n == 64) && all_hex(s);
}

static bool is_arn(struct slice s)
{
	return begins(s, "arn:");
}

static bool is_url(struct slice s)
{
	return begins(s, "http://") || begins(s, "https://") || begins(s, "ftp://");
}

static bool is_path(struct slice s)
{
	return (has(s, '\\') && s.n > 3) ||
	       (s.s[0] == '/' && s.n > 3 &&
	        !all_of((struct slice){s.s + 1, s.n - 1}, "0123456789") &&
	        has((struct slice){s.s + 1, s.n - 1}, '/')) ||
	       (s.n > 3 && s.s[1] == ':' && (s.s[2] == '\\' || s.s[2] == '/'));
}

static bool is_account(struct slice s)
{
	return s.n == 12 && slice_all_digits(s);
}

static bool is_cve(struct slice s)
{
	return begins(s, "CVE-") && s.n >= 13;
}

static bool is_sid(struct slice s)
{
	return begins(s, "S-1-") && s.n >= 7;
}

static bool is_hex_number(struct slice s)
{
	return s.n > 2 && s.s[0] == '0' && (s.s[1] == 'x' || s.s[1] == 'X') &&
	       all_hex((struct slice){s.s + 2, s.n - 2});
}

/* "eu-west-1", "us-gov-east-1" */
static bool is_region(struct slice s)
{
	static const char *const sides[] = {"north", "south", "east", "west", "central"};
	bool side = false;

	if (s.n < 9 || s.n > 16 || s.s[2] != '-' || !isdigit((unsigned char)s.s[s.n - 1]) ||
	    s.s[s.n - 2] != '-')
		return false;
	for (size_t i = 0; i < ARRAY_LEN(sides); i++)
		side = side || mw_memimem(s.s, s.n, sides[i], strlen(sides[i]));
	return side && isalpha((unsigned char)s.s[0]) && isalpha((unsigned char)s.s[1]);
}

static bool is_wild(struct slice s)
{
	return s.n > 2 && has(s, '*');
}

enum entity entity_of(struct slice s)
{
	static const struct {
		bool (*is)(struct slice);
		enum entity e;
	} looks[] = {
	        {is_arn, ENT_ARN},
	        {is_url, ENT_URL},
	        {is_ip, ENT_IP},
	        {is_cidr, ENT_CIDR},
	        {is_access_key, ENT_KEY},
	        {is_account, ENT_ACCOUNT},
	        {is_resource, ENT_RESOURCE},
	        {is_technique, ENT_TECHNIQUE},
	        {is_cve, ENT_CVE},
	        {is_guid, ENT_GUID},
	        {is_hash, ENT_HASH},
	        {is_sid, ENT_SID},
	        {is_mac, ENT_MAC},
	        {is_email, ENT_EMAIL},
	        {is_hex_number, ENT_HEX},
	        {is_region, ENT_REGION},
	        {is_wild, ENT_WILD},
	        {is_path, ENT_PATH},
	        {is_file_name, ENT_FILE},
	        {is_domain, ENT_DOMAIN},
	};

	if (s.n < 2)
		return ENT_NAME;
	for (size_t i = 0; i < ARRAY_LEN(looks); i++)
		if (looks[i].is(s))
			return looks[i].e;
	return ENT_NAME;
}
