/* Each way out has one escaper; each test is a text that would otherwise do harm there. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/escape.h"
#include "base/evjson.h"

typedef void esc_fn(struct buf *b, struct slice s);

static void gives_n(esc_fn *fn, const char *in, size_t n, const char *expect)
{
	struct buf b = BUF_INIT;

	fn(&b, (struct slice){in, n});
	assert_string_equal(b.s, expect);
	buf_release(&b);
}
#define GIVES(fn, in, expect) gives_n(fn, in, sizeof(in) - 1, expect)

static void term_shows_controls(void **state)
{
	(void)state;
	GIVES(esc_term, "a\x1b[2Jb\r\n\tc\x7f", "a\\x1b[2Jb\\x0d\\x0a\\x09c\\x7f");
	GIVES(esc_term, "nul\0in", "nul\\x00in");
	GIVES(esc_term, "c1 \xc2\x9b raw \x9b", "c1 \\u009b raw \\x9b");
	GIVES(esc_term, "bidi \xe2\x80\xae zero \xe2\x80\x8b bom \xef\xbb\xbf",
	      "bidi \\u202e zero \\u200b bom \\ufeff");
	GIVES(esc_term, "tag \xf3\xa0\x81\x81", "tag \\U000e0041");
	GIVES(esc_term, "overlong \xc0\xaf surrogate \xed\xa0\x80",
	      "overlong \\xc0\\xaf surrogate \\xed\\xa0\\x80");
	GIVES(esc_term, "cut \xe2\x82", "cut \\xe2\\x82");
	GIVES(esc_term, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80 back\\slash",
	      "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80 back\\slash");
}

/* What was made visible once stays as it is, so that a second pass cannot spoil it. */
static void term_twice_is_once(void **state)
{
	struct buf once = BUF_INIT;

	(void)state;
	esc_term(&once, SLICE("a\x1b\xe2\x80\xae\xff"));
	gives_n(esc_term, once.s, once.len, once.s);
	buf_release(&once);
}

static void html(void **state)
{
	(void)state;
	GIVES(esc_html, "<a b=\"c\" d='e'>&\x1b\n",
	      "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;\\x1b\n");
}

static void markdown(void **state)
{
	(void)state;
	GIVES(esc_markdown, "[x](http://e) `c` <b>", "\\[x\\](http\\://e) \\`c\\` \\<b\\>");
	GIVES(esc_markdown, "- 1", "\\- 1");
	GIVES(esc_markdown, " 12. x", " 12\\. x");
	GIVES(esc_markdown, "# h", "\\# h");
	GIVES(esc_markdown, "2026-11-24T13:44:09Z web-07 10.0.0.1 instance_profile, a+b",
	      "2026-11-24T13:44:09Z web-07 10.0.0.1 instance_profile, a+b");
	GIVES(esc_markdown, "_b_ www.x.example a@b &lt; AT&CK & co",
	      "\\_b\\_ www\\.x.example a\\@b \\&lt; AT\\&CK & co");
}

static void csv(void **state)
{
	(void)state;
	GIVES(esc_csv, "a \"b\", c", "\"a \"\"b\"\", c\"");
	GIVES(esc_csv, "=1+1", "\"'=1+1\"");
	GIVES(esc_csv, "@x", "\"'@x\"");
	GIVES(esc_csv, "\t=x", "\"'\t=x\"");
	GIVES(esc_csv, "  -x", "\"'  -x\"");
	GIVES(esc_csv,
	      "\xef\xbc\x9d"
	      "1",
	      "\"'\xef\xbc\x9d"
	      "1\"");
	GIVES(esc_csv, "two\nlines", "\"two\nlines\"");
	GIVES(esc_csv, "", "\"\"");
}

static void defang(void **state)
{
	(void)state;
	GIVES(esc_defang, "https://Evil.example.com/a.b?c=1.",
	      "hxxps://Evil[.]example[.]com/a[.]b?c=1.");
	GIVES(esc_defang, "10.1.2.3 and bob@corp.example",
	      "10[.]1[.]2[.]3 and bob[@]corp[.]example");
}

static void refang(void **state)
{
	(void)state;
	GIVES(esc_refang, "hXXps://evil[.]example(.)com{.}au", "https://evil.example.com.au");
	GIVES(esc_refang, "hxxp[://]evil[dot]com", "http://evil.com");
	GIVES(esc_refang, "1[.]2[.]3[.]4, user[@]host", "1.2.3.4, user@host");
	GIVES(esc_refang, "hxxp stays, C:\\.ssh stays", "hxxp stays, C:\\.ssh stays");
}

static void defang_and_back(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	esc_defang(&b, SLICE("http://a.b.example/x bob@corp.example ftp://h.i 10.0.0.1"));
	gives_n(esc_refang, b.s, b.len, "http://a.b.example/x bob@corp.example ftp://h.i 10.0.0.1");
	buf_release(&b);
}

static void every_code_point_decodes(void **state)
{
	uint32_t cp;

	(void)state;
	assert_int_equal(utf8_decode("\xf4\x8f\xbf\xbf", 4, &cp), 4);
	assert_int_equal(cp, 0x10FFFF);
	assert_int_equal(utf8_decode("\xf4\x90\x80\x80", 4, &cp), 0);
	assert_int_equal(utf8_decode("\xe0\x80\x80", 3, &cp), 0);
	assert_int_equal(utf8_decode("", 0, &cp), 0);
	assert_true(mw_invisible(0xFFFE) && mw_invisible(0x1FFFF) && !mw_invisible(0xFFFD));
}

static bool is_clean(void *ctx, const struct ev_leaf *l)
{
	struct buf b = BUF_INIT;
	uint32_t cp;

	esc_term(&b, l->value);
	for (size_t at = 0; at < b.len;) {
		size_t n = utf8_decode(b.s + at, b.len - at, &cp);

		assert_true(n > 0);
		assert_false(mw_invisible(cp));
		at += n;
	}
	buf_release(&b);
	++*(size_t *)ctx;
	return true;
}

/* The collected attacks on terminals and readers: nothing of them reaches the screen as it is. */
static void hostile_strings(void **state)
{
	const char *shared = getenv("MW_SHARED");
	struct ev_reader *r = ev_reader_new();
	struct buf b = BUF_INIT;
	struct err e = {0};
	char path[512];
	size_t strings = 0;

	(void)state;
	snprintf(path, sizeof(path), "%s/data/hostile/hostile_strings.json",
	         shared ? shared : "../shared");
	FILE *f = fopen(path, "re");
	if (!f) {
		print_message("skipped: no ../shared\n");
	} else {
		b.len = fread(buf_room(&b, 1 << 20), 1, 1 << 20, f);
		fclose(f);
		int rc = ev_walk(r, (struct slice){b.s, b.len}, is_clean, &strings, NULL, &e);
		assert_string_equal(rc ? e.what : "", "");
		assert_true(strings > 148);
	}
	buf_release(&b);
	ev_reader_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(term_shows_controls),
	        cmocka_unit_test(term_twice_is_once),
	        cmocka_unit_test(html),
	        cmocka_unit_test(markdown),
	        cmocka_unit_test(csv),
	        cmocka_unit_test(defang),
	        cmocka_unit_test(refang),
	        cmocka_unit_test(defang_and_back),
	        cmocka_unit_test(every_code_point_decodes),
	        cmocka_unit_test(hostile_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
