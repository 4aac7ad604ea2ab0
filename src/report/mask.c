#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "report/report.h"

/* What gives access by itself. Key ids (AKIA...) are names, not secrets, and stay: the case needs
 * them. */
static const char pattern[] =
        "(?<=[\"' =:])[A-Za-z0-9/+]{40}(?=[\"' ,;]|$)" /* an AWS secret key stands alone, 40
                                                          characters */
        "|eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]*" /* JWT */
        "|-----BEGIN [A-Z ]*PRIVATE KEY-----[\\s\\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)"
        "|gh[pousr]_[A-Za-z0-9]{36,}|xox[abprs]-[A-Za-z0-9-]{10,}|sk-[A-Za-z0-9_-]{20,}"
        "|(?<=://)[^/\\s:@]+:[^/\\s@]+(?=@)" /* user:password in a URL */
        "|(?i)(?<=password=|passwd=|secret=|token=)[^\\s&\"']+";

static pcre2_code *compiled(void)
{
	static pcre2_code *code;
	int number;
	PCRE2_SIZE at;
	if (!code)
		code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, 0, &number, &at,
		                     NULL);
	return code;
}

void report_mask(struct slice s, struct buf *out)
{
	pcre2_code *code = compiled();
	pcre2_match_data *m = code ? pcre2_match_data_create_from_pattern(code, NULL) : NULL;
	size_t at = 0;
	while (m && at < s.n &&
	       pcre2_match(code, (PCRE2_SPTR)s.s, s.n, at, PCRE2_NO_UTF_CHECK, m, NULL) > 0) {
		PCRE2_SIZE *v = pcre2_get_ovector_pointer(m);
		buf_add(out, s.s + at, v[0] - at);
		buf_str(out, "****");
		at = v[1] > v[0] ? v[1] : v[1] + 1;
	}
	/* Without a matcher nothing may leave unmasked. */
	if (m)
		buf_add(out, s.s + at, s.n - at);
	else
		buf_str(out, "****");
	pcre2_match_data_free(m);
}
