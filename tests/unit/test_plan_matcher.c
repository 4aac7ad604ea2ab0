#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include "base/limits.h"
#include "plan/cidr.h"
#include "plan/eval.h"
#include "plan/number.h"
#include "plan/regex.h"

#define S(lit) SLICE(lit)

static bool match(enum plan_op op, struct slice pattern, struct slice value)
{
	struct plan_node n = {
	        .kind = PN_CMP, .op = op, .values = &pattern, .nvalues = 1, .from_step = -1};
	struct err e;
	struct matcher *m = matcher_new(&n, &e);
	bool hit;

	assert_non_null(m);
	hit = op == OP_TEXT ? matcher_text(m, value) : matcher_value(m, value);
	matcher_free(m);
	return hit;
}

struct row {
	enum plan_op op;
	struct slice pattern, value;
	bool hit;
};

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (match(rows[i].op, rows[i].pattern, rows[i].value) != rows[i].hit)
			fail_msg("row %zu: %.*s against %.*s", i, (int)rows[i].pattern.n,
			         rows[i].pattern.s, (int)rows[i].value.n, rows[i].value.s);
}

static void test_text_operators(void **state)
{
	static const struct row rows[] = {
	        {OP_IS, S("Root"), S("rOOT"), true},
	        {OP_IS, S("root"), S("root "), false},
	        {OP_IS, S("\xC3\x84"), S("\xC3\xA4"), false}, /* case folding is ASCII only */
	        {OP_IS, S("a\0b"), S("A\0B"), true},
	        {OP_IS, S("a\0b"), S("a"), false},
	        {OP_IS_CS, S("Root"), S("root"), false},
	        {OP_IS_CS, S("Root"), S("Root"), true},
	        {OP_CONTAINS, S("BUCKET"), S("my-bucket-1"), true},
	        {OP_CONTAINS, S("*"), S("bucket"), false},
	        {OP_CONTAINS, S("*"), S("a*b"), true},
	        {OP_STARTS, S("arn:AWS"), S("ARN:aws:iam"), true},
	        {OP_STARTS, S("long prefix"), S("long"), false},
	        {OP_ENDS, S(".EXE"), S("C:\\x\\cmd.exe"), true},
	        {OP_ENDS, S("cmd.exe"), S("exe"), false},
	};
	(void)state;
	check(rows, ARRAY_LEN(rows));
}

static void test_like(void **state)
{
	static const struct row rows[] = {
	        {OP_LIKE, S("a*"), S("ABC"), true},
	        {OP_LIKE, S("*c"), S("abc"), true},
	        {OP_LIKE, S("a?c"), S("abc"), true},
	        {OP_LIKE, S("a?c"), S("ac"), false},
	        {OP_LIKE, S("a\\*c"), S("a*c"), true},
	        {OP_LIKE, S("a\\*c"), S("abc"), false},
	        {OP_LIKE, S("a\\?c"), S("abc"), false},
	        {OP_LIKE, S("c:\\\\win*"), S("C:\\Windows"), true},
	        {OP_LIKE, S("end\\"), S("end\\"), true}, /* a last backslash has nothing to take */
	        {OP_LIKE, S("*"), S("x"), true},
	        {OP_LIKE, S("**a**b**"), S("xxaxxbxx"), true},
	        {OP_LIKE, S("*ab*abc*"), S("abababc"), true},
	        {OP_LIKE, S("*\\**"), S("a*b"), true},
	        {OP_LIKE, S("*\\**"), S("ab"), false},
	        {OP_LIKE, S("100%"), S("1000"), false},
	        {OP_LIKE, S("a_b"), S("axb"), false},
	        {OP_LIKE, S("[ab]"), S("a"), false},
	        {OP_LIKE, S("abc"), S("abcd"), false},
	};
	(void)state;
	check(rows, ARRAY_LEN(rows));
}

static void test_order(void **state)
{
	static const struct row rows[] = {
	        {OP_LT, S("10"), S("9"), true},
	        {OP_LT, S("10"), S("09"), true},
	        {OP_GE, S("1e3"), S("1000"), true},
	        {OP_GT, S("0.1"), S("0.10"), false},
	        {OP_GE, S("0.1"), S("0.10"), true},
	        {OP_GT, S("9007199254740992"), S("9007199254740993"),
	         true}, /* doubles cannot tell these apart */
	        {OP_GT, S("123456789012345678901234567890"), S("123456789012345678901234567891"),
	         true},
	        {OP_LT, S("0"), S("-0"), false},
	        {OP_LE, S("0"), S("-0.0"), true},
	        {OP_LT, S("-1"), S("-2"), true},
	        {OP_LT, S("0.01"), S("1e-3"), true},
	        {OP_GT, S("5"), S("abc"), false},
	        {OP_LT, S("5"), S("abc"), false},
	        {OP_GT, S("5"), S("6 "), false},
	        {OP_GT, S("5"), S("0x10"), false},
	        {OP_GT, S("5"), S("inf"), false},
	        {OP_GT, S("5"), S("6."), false},
	        {OP_GT, S("5"), S(".6"), false},
	        {OP_GT, S("5"), S("+6"), false},
	        {OP_GT, S("5"), S("6e99999999999"), false},
	        {OP_GT, S("2021-07-30T16:00:00Z"), S("2021-07-30T16:00:00.5Z"), true},
	        {OP_LT, S("2021-07-30T16:00:00Z"), S("2021-07-30T16:30:00+01:00"), true},
	        {OP_GT, S("2021-07-30T16:00:00Z"), S("2022"),
	         false}, /* a number and a time have no order */
	};
	(void)state;
	check(rows, ARRAY_LEN(rows));
}

static void test_cidr(void **state)
{
	static const struct row rows[] = {
	        {OP_CIDR, S("10.0.0.0/8"), S("10.255.1.2"), true},
	        {OP_CIDR, S("10.0.0.0/8"), S("11.0.0.0"), false},
	        {OP_CIDR, S("10.1.2.3/8"), S("10.9.9.9"), true},
	        {OP_CIDR, S("10.1.2.3"), S("10.1.2.3"), true},
	        {OP_CIDR, S("10.1.2.3"), S("10.1.2.4"), false},
	        {OP_CIDR, S("10.0.0.0/8"), S("::ffff:10.1.1.1"), true},
	        {OP_CIDR, S("::ffff:10.0.0.0/104"), S("10.1.1.1"), true},
	        {OP_CIDR, S("::/0"), S("10.1.1.1"), false},
	        {OP_CIDR, S("::ffff:0.0.0.0/0"), S("10.1.1.1"), false},
	        {OP_CIDR, S("::/0"), S("2001:db8::1"), true},
	        {OP_CIDR, S("2001:db8::/33"), S("2001:db8:8000::1"), false},
	        {OP_CIDR, S("2001:DB8::/32"), S("2001:0db8:ffff::"), true},
	        {OP_CIDR, S("0.0.0.0/0"), S("010.1.1.1"), false},
	        {OP_CIDR, S("0.0.0.0/0"), S("10.1.1"), false},
	        {OP_CIDR, S("0.0.0.0/0"), S("10.1.1.1:443"), false},
	        {OP_CIDR, S("0.0.0.0/0"), S("10.1.1.1 "), false},
	        {OP_CIDR, S("0.0.0.0/0"), S("ec2.amazonaws.com"), false},
	        {OP_CIDR, S("fe80::/10"), S("fe80::1%eth0"), false},
	};
	static const char *const bad[] = {
	        "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/-1",
	        "10.0.0/8",    "x",         "::/129",      "/8",          "1.2.3.4/8/8",
	};
	struct err e;

	(void)state;
	check(rows, ARRAY_LEN(rows));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (matcher_check_cidr(slice_of(bad[i]), &e) == 0)
			fail_msg("%s was taken", bad[i]);
}

static void test_regex(void **state)
{
	static const struct row rows[] = {
	        {OP_REGEX, S("b+"), S("abba"), true},
	        {OP_REGEX, S("B"), S("abba"), false},
	        {OP_REGEX, S("(?i)B"), S("abba"), true},
	        {OP_REGEX, S("^a$"), S("a\n"), false},
	        {OP_REGEX, S("a.b"), S("a\nb"), false},
	        {OP_REGEX, S("(?s)a.b"), S("a\nb"), true},
	        {OP_REGEX, S("a\\x00b"), S("a\0b"), true},
	        {OP_REGEX, S("^.$"), S("\xFF"), true},
	        {OP_REGEX, S("\\Qa+(\\E"), S("xa+("), true},
	        {OP_REGEX, S("[]a]+"), S("]"), true},
	        {OP_REGEX, S("(?P<n>a)(?<m>b)"), S("ab"), true},
	        {OP_REGEX, S("a{2,3}"), S("aa"), true},
	        {OP_REGEX, S("a{x"), S("a{x"), true},
	        {OP_REGEX, S("[[:digit:]]+"), S("7"), true},
	};
	static const char *const bad[] = {
	        "(a)\\1",   "(?=a)",  "(?!a)",  "(?<=a)b", "(?<!a)b", "(?R)",    "(?1)",
	        "(a)(?-1)", "(?>a)",  "a++",    "a*+",     "a{2}+",   "(*UTF)a", "(?|a|b)",
	        "(?#c)",    "\\K",    "\\R",    "\\X",     "\\h",     "\\C",     "\\pL",
	        "\\g1",     "(?P=n)", "(?P>n)", "(?(1)a)", "a{1001}", "(",       "[a",
	        "a\\",      "(?x)a",  "\\v",    "\\G",     "(?C1)",
	};
	struct err e;

	(void)state;
	check(rows, ARRAY_LEN(rows));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (matcher_check_regex(slice_of(bad[i]), &e) == 0)
			fail_msg("%s was taken", bad[i]);
	assert_int_equal(matcher_check_regex(S("(a)\\1"), &e), -1);
	assert_non_null(strstr(e.what, "back-reference"));
}

/* Back-tracking would take 2^40 steps here; the answer must come, and be right. */
static void test_regex_bomb(void **state)
{
	char v[64];
	struct regex *r = regex_new(S("(a|aa)+$"), NULL);

	(void)state;
	memset(v, 'a', sizeof(v));
	v[sizeof(v) - 1] = 'b';
	assert_non_null(r);
	assert_false(regex_match(r, (struct slice){v, sizeof(v)}));
	v[sizeof(v) - 1] = 'a';
	assert_true(regex_match(r, (struct slice){v, sizeof(v)}));
	assert_int_equal(regex_gave_up(r), 0);
	regex_free(r);
}

static void test_text(void **state)
{
	static const struct row rows[] = {
	        {OP_TEXT, S("HR-exports"), S("{\"a\":\"x hr-EXPORTS y\"}"), true},
	        {OP_TEXT, S("a/b"), S("{\"a\":\"A\\/B\"}"), true},
	        {OP_TEXT, S("a\\/b"), S("{\"a\":\"A\\/B\"}"),
	         true}, /* as it stands in the record */
	        {OP_TEXT, S("caf\xC3\xA9"), S("{\"a\":[\"caf\\u00e9\"]}"), true},
	        {OP_TEXT, S("new\nline"), S("{\"a\":\"new\\nline\"}"), true},
	        {OP_TEXT, S("zz"), S("{\"a\":\"new\\nline\"}"), false},
	        {OP_TEXT, S("plain"), S("a plain \\ line"), true},
	};
	(void)state;
	check(rows, ARRAY_LEN(rows));
}

static struct slice stat_of(enum plan_fn fn, struct arena *a, const char *const *v)
{
	struct stat s;
	struct slice text;

	stat_init(&s, fn);
	for (; *v; v++)
		stat_add_value(&s, slice_of(*v));
	text = stat_text(&s, a);
	stat_release(&s);
	return text;
}

static void test_stats(void **state)
{
	static const struct {
		enum plan_fn fn;
		const char *values[4], *text;
	} rows[] = {
	        {FN_SUM, {"9223372036854775807", "9223372036854775807"}, "18446744073709551614"},
	        {FN_SUM, {"0.1", "0.2"}, "0.3"},
	        {FN_SUM, {"1.25", "-1.5"}, "-0.25"},
	        {FN_SUM, {"5", "-5"}, "0"},
	        {FN_SUM, {"10", "x", ""}, "10"},
	        {FN_SUM, {"x"}, ""},
	        {FN_SUM, {"100", "1e2"}, "200"},
	        {FN_AVG, {"1", "2"}, "1.5"},
	        {FN_MIN, {"10", "9", "b"}, "9"},
	        {FN_MAX, {"10", "9", "b"}, "b"},
	        {FN_MAX,
	         {"2021-07-30T16:00:00.5Z", "2021-07-30T16:00:00Z"},
	         "2021-07-30T16:00:00.5Z"},
	        {FN_DISTINCT, {"a", "A", "a"}, "2"},
	};
	struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice got = stat_of(rows[i].fn, &a, rows[i].values);
		if (!slice_eq_str(got, rows[i].text))
			fail_msg("row %zu: %.*s instead of %s", i, (int)got.n, got.s, rows[i].text);
	}
	arena_release(&a);
}

static void test_buckets(void **state)
{
	(void)state;
	assert_int_equal(span_bucket(7, 5), 5);
	assert_int_equal(span_bucket(-1, 5), -5);
	assert_int_equal(span_bucket(-5, 5), -5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_text_operators), cmocka_unit_test(test_like),
	        cmocka_unit_test(test_order),          cmocka_unit_test(test_cidr),
	        cmocka_unit_test(test_regex),          cmocka_unit_test(test_regex_bomb),
	        cmocka_unit_test(test_text),           cmocka_unit_test(test_stats),
	        cmocka_unit_test(test_buckets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
