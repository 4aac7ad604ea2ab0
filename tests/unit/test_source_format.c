/* What connectors write besides HTTP: the legacy signature of Sentinel's collector, lines of LEEF and CEF. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "source/qradar.h"
#include "source/sentinel.h"

/* By the recipe of the vendor's HTTP Data Collector API, over a key of our own: computed apart from this code. */
static void the_signature_is_the_known_one(void **state)
{
	static const char key[] = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm"
	                          "MDEyMzQ1Njc4OWFiY2RlZg==";
	char *s = sentinel_signature("11111111-2222-3333-4444-555555555555", SLICE(key), 64,
	                             "Mon, 10 Jun 2024 06:13:20 GMT");

	(void)state;
	assert_string_equal(s, "SharedKey "
	                       "11111111-2222-3333-4444-555555555555:"
	                       "Z9baM8btPGOvEIUzj6bH1vuzzjZ64gUTdZ8WjE0Vqbs=");
	free(s);
	assert_null(sentinel_signature("w", SLICE("no base64!"), 1, "d"));
}

static void lines_hold_what_they_carry(void **state)
{
	static const struct {
		bool cef;
		const char *event, *holds;
	} cases[] = {
	        {false, "{\"id\":\"a|b\",\"actor.user.name\":\"x\\ty\\nz\"}",
	         "|a_b|0x09|id=a|b\tusrName=x y z\tmwKey=k"},
	        {true,
	         "{\"id\":\"a|b\\\\\",\"title\":\"t\",\"src_endpoint.ip\":\"1.2.3.4\",\"message\":"
	         "\"p=1\\\\\\nq\"}",
	         "|a\\|b\\\\|t|5|id=a|b\\\\ title=t src=1.2.3.4 msg=p\\=1\\\\\\nq mwKey=k"},
	        {false, "{\"n\":12345678901,\"k=v|\":true}", "n=12345678901\tk_v_=true"},
	};
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF_INIT;
		assert_int_equal(qradar_line(&b, slice_of(cases[i].event), cases[i].cef, "k", &e),
		                 0);
		if (!strstr(b.s, cases[i].holds))
			fail_msg("%s\nlacks\n%s", b.s, cases[i].holds);
		assert_int_equal(b.s[b.len - 1], '\n');
		assert_ptr_equal(strchr(b.s, '\n'), b.s + b.len - 1);
		buf_release(&b);
	}
}

static void an_event_that_would_be_cut_is_refused(void **state)
{
	struct buf b = BUF_INIT, long_one = BUF_INIT;
	struct err e = {0};

	(void)state;
	buf_str(&long_one, "{\"message\":\"");
	for (int i = 0; i < 5000; i++)
		buf_ch(&long_one, 'x');
	buf_str(&long_one, "\"}");
	assert_int_equal(qradar_line(&b, (struct slice){long_one.s, long_one.len}, false, "k", &e),
	                 -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_int_equal(qradar_line(&b, SLICE("[1]"), false, "k", &e), -1);
	buf_release(&b);
	buf_release(&long_one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_signature_is_the_known_one),
	        cmocka_unit_test(lines_hold_what_they_carry),
	        cmocka_unit_test(an_event_that_would_be_cut_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
