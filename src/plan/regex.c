/* The regex operator: which patterns are allowed, and matching in bounded time. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include "base/limits.h"
#include "plan/regex.h"

/*
 * What RE2 has and PCRE2 reads alike. Everything else that begins with a backslash or "(?" is
 * refused by name, so that a pattern means the same in every language that a plan is rendered to.
 * Source: github.com/google/re2/wiki/Syntax.
 */
#define ESCAPES_ALLOWED "dDwWsSbBAztnrfaQEx"
#define REPEAT_MAX 1000 /* RE2's */

struct scan {
	struct slice p;
	size_t at;
	struct err *e;
};

static int refuse(const struct scan *s, const char *what)
{
	return err_set(s->e, ERR_INVALID,
	               "regex: %s at byte %zu is not supported (the RE2 syntax is)", what, s->at);
}

static char peek(const struct scan *s, size_t ahead)
{
	return s->at + ahead < s->p.n ? s->p.s[s->at + ahead] : '\0';
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* At a backslash: steps behind the escape. \Q...\E is one escape. */
static int scan_escape(struct scan *s)
{
	char c = peek(s, 1);
	const char *end;

	if (s->at + 1 >= s->p.n)
		return err_set(s->e, ERR_INVALID,
		               "regex: it ends with a backslash; write \\\\ for one that is meant");
	if (c >= '1' && c <= '9')
		return refuse(s, "a back-reference");
	if ((is_alnum(c) || (unsigned char)c >= 0x80) && (c == '\0' || !strchr(ESCAPES_ALLOWED, c)))
		return refuse(s, (char[]){'\\', c, '\0'});
	s->at += 2;
	if (c != 'Q')
		return 0;
	end = memmem(s->p.s + s->at, s->p.n - s->at, "\\E", 2);
	s->at = end ? (size_t)(end - s->p.s) + 2 : s->p.n;
	return 0;
}

/* At an opening bracket: steps behind the class. */
static int scan_class(struct scan *s)
{
	s->at++;
	s->at += peek(s, 0) == '^';
	s->at += peek(s, 0) == ']'; /* the first one is meant literally */
	while (s->at < s->p.n && s->p.s[s->at] != ']') {
		if (s->p.s[s->at] == '\\') {
			if (scan_escape(s))
				return -1;
		} else if (s->p.s[s->at] == '[' && peek(s, 1) == ':') {
			const char *end = memmem(s->p.s + s->at, s->p.n - s->at, ":]", 2);
			s->at = end ? (size_t)(end - s->p.s) + 2 : s->at + 1;
		} else {
			s->at++;
		}
	}
	if (s->at >= s->p.n)
		return err_set(s->e, ERR_INVALID,
		               "regex: a [ has no ]; write \\[ for one that is meant");
	s->at++;
	return 0;
}

/* At "(": steps behind it, and behind what follows a question mark. */
static int scan_open(struct scan *s)
{
	size_t flags = 2;

	if (peek(s, 1) == '*')
		return refuse(s, "a verb (*");
	if (peek(s, 1) != '?') {
		s->at++;
		return 0;
	}
	if ((peek(s, 2) == 'P' && peek(s, 3) == '<') ||
	    (peek(s, 2) == '<' && is_alnum(peek(s, 3)))) {
		s->at += 3 + (peek(s, 2) == 'P'); /* a name: PCRE2 checks it */
		return 0;
	}
	while (peek(s, flags) && strchr("ims-", peek(s, flags)))
		flags++;
	if (peek(s, flags) != ':' && (peek(s, flags) != ')' || flags == 2)) {
		if (peek(s, 2) == '=' || peek(s, 2) == '!' ||
		    (peek(s, 2) == '<' && strchr("=!", peek(s, 3))))
			return refuse(s, "look-around");
		if (strchr("R&0123456789+", peek(s, 2)) || (peek(s, 2) == 'P' && peek(s, 3) == '>'))
			return refuse(s, "recursion");
		return refuse(s, peek(s, 2) == '>' ? "an atomic group" : "this kind of (? group");
	}
	s->at += flags + (peek(s, flags) == ':');
	return 0;
}

/* At a quantifier: steps behind it and its lazy mark. A brace that opens no {n,m} is a character.
 */
static int scan_repeat(struct scan *s)
{
	size_t n = 1;
	unsigned long count = 0;

	if (s->p.s[s->at] == '{') {
		while (peek(s, n) >= '0' && peek(s, n) <= '9')
			n++;
		if (n == 1 || (peek(s, n) != '}' && peek(s, n) != ',')) {
			s->at++;
			return 0;
		}
		for (; peek(s, n) && peek(s, n) != '}'; n++)
			;
		for (size_t i = 1; i < n; i++) {
			char c = peek(s, i);
			count = c >= '0' && c <= '9' ? count * 10 + (unsigned long)(c - '0') : 0;
			if (count > REPEAT_MAX)
				return refuse(s, "a repetition over 1000");
		}
		n++;
	}
	s->at += n;
	if (peek(s, 0) == '+')
		return refuse(s, "a possessive quantifier");
	s->at += peek(s, 0) == '?';
	return 0;
}

static int check_syntax(struct slice pattern, struct err *e)
{
	struct scan s = {pattern, 0, e};

	while (s.at < pattern.n) {
		char c = pattern.s[s.at];
		int rc = 0;
		if (c == '\\')
			rc = scan_escape(&s);
		else if (c == '[')
			rc = scan_class(&s);
		else if (c == '(')
			rc = scan_open(&s);
		else if (strchr("*+?{", c) && c)
			rc = scan_repeat(&s);
		else
			s.at++;
		if (rc)
			return -1;
	}
	return 0;
}

/* ---- compiling and matching ---- */

struct regex {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
	int *workspace; /* of the slow method; made when first needed */
	uint64_t gave_up;
};
#define DFA_WORKSPACE 65536 /* ints */

/* Bytes, not characters: a log need not be UTF-8. Line feed alone ends a line, and $ without (?m)
 * is the very end, as in RE2. Without the just-in-time compiler: workers may not make code. */
#define OPTIONS (PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP)

static pcre2_code *compile(struct slice pattern, struct err *e)
{
	pcre2_compile_context *ctx = pcre2_compile_context_create(NULL);
	PCRE2_UCHAR text[128];
	pcre2_code *code;
	size_t at = 0;
	int rc = 0;

	if (!ctx)
		mw_oom();
	pcre2_set_newline(ctx, PCRE2_NEWLINE_LF);
	code = pcre2_compile((PCRE2_SPTR)pattern.s, pattern.n, OPTIONS, &rc, &at, ctx);
	pcre2_compile_context_free(ctx);
	if (code)
		return code;
	pcre2_get_error_message(rc, text, sizeof(text));
	err_set(e, ERR_INVALID, "regex: %s at byte %zu", (const char *)text, at);
	return NULL;
}

struct regex *regex_new(struct slice pattern, struct err *e)
{
	struct regex *r;
	pcre2_code *code;

	if (pattern.n > MW_REGEX_MAX) {
		err_set(e, ERR_LIMIT, "regex: %zu bytes; the cap is %d", pattern.n, MW_REGEX_MAX);
		return NULL;
	}
	if (check_syntax(pattern, e))
		return NULL;
	code = compile(pattern, e);
	if (!code)
		return NULL;
	r = xcalloc(1, sizeof(*r));
	r->code = code;
	r->data = pcre2_match_data_create_from_pattern(code, NULL);
	r->context = pcre2_match_context_create(NULL);
	if (!r->data || !r->context)
		mw_oom();
	pcre2_set_match_limit(r->context, MW_REGEX_MATCH_LIMIT);
	pcre2_set_depth_limit(r->context, MW_REGEX_MATCH_LIMIT);
	return r;
}

void regex_free(struct regex *r)
{
	if (!r)
		return;
	pcre2_match_context_free(r->context);
	pcre2_match_data_free(r->data);
	pcre2_code_free(r->code);
	free(r->workspace);
	free(r);
}

/* Follows all ways through the pattern side by side: slower, but not exponential where
 * back-tracking is. */
static bool match_slowly(struct regex *r, struct slice v)
{
	int rc;

	if (!r->workspace)
		r->workspace = xcalloc(DFA_WORKSPACE, sizeof(int));
	rc = pcre2_dfa_match(r->code, (PCRE2_SPTR)v.s, v.n, 0, PCRE2_DFA_SHORTEST, r->data, NULL,
	                     r->workspace, DFA_WORKSPACE);
	r->gave_up += rc < 0 && rc != PCRE2_ERROR_NOMATCH;
	return rc >= 0;
}

bool regex_match(struct regex *r, struct slice v)
{
	int rc = pcre2_match(r->code, (PCRE2_SPTR)v.s, v.n, 0, 0, r->data, r->context);

	return rc >= 0 || (rc != PCRE2_ERROR_NOMATCH && match_slowly(r, v));
}

uint64_t regex_gave_up(const struct regex *r)
{
	return r->gave_up;
}
