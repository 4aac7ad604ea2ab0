#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/buf.h"

static void grows_and_stays_terminated(void **state)
{
	struct buf b = BUF_INIT;
	size_t len;
	char *s;

	(void)state;
	assert_string_equal(b.s, "");
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,", i);
	assert_int_equal(b.s[b.len], 0);
	assert_int_equal(b.len, 10 * 2 + 90 * 3 + 900 * 4);
	buf_consume(&b, 2);
	assert_memory_equal(b.s, "1,2,", 4);
	buf_truncate(&b, 3);
	assert_string_equal(b.s, "1,2");
	s = buf_take(&b, &len);
	assert_int_equal(len, 3);
	assert_string_equal(s, "1,2");
	assert_string_equal(b.s, "");
	free(s);
}

static void cap_drops_the_write_and_says_so(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	buf_str(&b, "12345");
	assert_false(b.over);
	buf_ch(&b, '6');
	assert_true(b.over);
	assert_string_equal(b.s, "12345");
	buf_reset(&b);
	buf_printf(&b, "%s", "123456");
	assert_true(b.over);
	assert_int_equal(b.len, 0);
	assert_null(buf_room(&b, 1));
	buf_reset(&b);
	assert_non_null(buf_room(&b, 5));
	buf_printf(&b, "%05d", 42); /* fits storage that is larger than the cap */
	assert_string_equal(b.s, "00042");
	buf_release(&b);
}

static void slices_split_and_trim(void **state)
{
	struct slice rest = SLICE("a,,b,"), piece;
	const char *want[] = {"a", "", "b", ""};
	size_t n = 0;

	(void)state;
	while (slice_split(&rest, ',', &piece))
		assert_true(slice_eq_str(piece, want[n++]));
	assert_int_equal(n, 4);
	assert_true(slice_eq_str(slice_trim(SLICE(" \t x y\r\n")), "x y"));
	assert_int_equal(slice_trim(SLICE("  ")).n, 0);
	assert_true(slice_ieq(SLICE("AbC"), SLICE("aBc")));
	assert_false(slice_ieq(SLICE("k"), SLICE("\xe2\x84\xaa"))); /* Kelvin sign: ASCII only */
	assert_int_equal(slice_of(NULL).n, 0);
}

static void numbers_are_strict(void **state)
{
	int64_t i;
	uint64_t u;
	double d;

	(void)state;
	assert_true(slice_i64(SLICE("-9223372036854775808"), &i) && i == INT64_MIN);
	assert_true(slice_i64(SLICE("9223372036854775807"), &i) && i == INT64_MAX);
	assert_false(slice_i64(SLICE("9223372036854775808"), &i));
	assert_false(slice_i64(SLICE("1 "), &i));
	assert_false(slice_i64(SLICE("-"), &i));
	assert_false(slice_i64(SLICE(""), &i));
	assert_true(slice_u64(SLICE("18446744073709551615"), &u) && u == UINT64_MAX);
	assert_false(slice_u64(SLICE("18446744073709551616"), &u));
	assert_false(slice_u64(SLICE("-1"), &u));
	assert_true(slice_double(SLICE("1.5e3"), &d) && d > 1499.9 && d < 1500.1);
	assert_false(slice_double(SLICE("inf"), &d));
	assert_false(slice_double(SLICE("0x10"), &d));
	assert_false(slice_double(SLICE("1e999"), &d));
	assert_false(slice_double(SLICE(" 1"), &d));
}

static void memimem_finds(void **state)
{
	const char *hay = "xxABCabc";

	(void)state;
	assert_ptr_equal(mw_memimem(hay, 8, "abc", 3), hay + 2);
	assert_ptr_equal(mw_memimem(hay, 8, "CAB", 3), hay + 4);
	assert_null(mw_memimem(hay, 8, "abd", 3));
	assert_null(mw_memimem(hay, 2, "xxa", 3));
	assert_ptr_equal(mw_memimem(hay, 8, "", 0), hay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(grows_and_stays_terminated),
	        cmocka_unit_test(cap_drops_the_write_and_says_so),
	        cmocka_unit_test(slices_split_and_trim),
	        cmocka_unit_test(numbers_are_strict),
	        cmocka_unit_test(memimem_finds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
