#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "base/asset.h"
#include "base/err.h"
#include "base/log.h"

static void texts_are_built_and_cut_visibly(void **state)
{
	struct err e = {0};
	char longer[600];

	(void)state;
	assert_int_equal(err_set(&e, ERR_DENIED, "no %s", "way"), -1);
	assert_int_equal(e.code, ERR_DENIED);
	err_prefix(&e, "file %d", 7);
	assert_string_equal(e.what, "file 7: no way");
	assert_int_equal(e.code, ERR_DENIED);
	memset(longer, 'x', sizeof(longer));
	longer[599] = '\0';
	err_set(&e, ERR_INVALID, "%s", longer);
	assert_int_equal(strlen(e.what), sizeof(e.what) - 1);
	assert_string_equal(e.what + sizeof(e.what) - 5, "x...");
	assert_int_equal(err_set(NULL, ERR_INVALID, "nobody listens"), -1);
}

static void errno_is_told_and_full_is_full(void **state)
{
	struct err e;

	(void)state;
	errno = ENOENT;
	err_errno(&e, "open %s", "a");
	assert_string_equal(e.what, "open a: No such file or directory");
	assert_int_equal(e.code, ERR_IO);
	errno = ENOSPC;
	err_errno(&e, "write");
	assert_int_equal(e.code, ERR_FULL);
}

static void names_go_both_ways(void **state)
{
	(void)state;
	for (int c = ERR_NONE; c <= ERR_INTERNAL; c++)
		assert_int_equal(err_code_from_name(err_code_name((enum err_code)c)), c);
	assert_int_equal(err_code_from_name("nonsense"), ERR_INTERNAL);
}

static void log_cannot_be_forged(void **state)
{
	char text[512];
	int p[2];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(p), 0);
	log_init("tester", p[1], LOG_INFO);
	mw_log(LOG_DEBUG, "not this");
	mw_log(LOG_WARN, "user %s", "a\n2020 info \x1b[2J\xc2\x9b é");
	log_init("tester", STDERR_FILENO, LOG_INFO);
	n = read(p[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_ptr_equal(strchr(text, '\n'), text + n - 1);
	assert_non_null(strstr(text, " warn tester["));
	assert_non_null(strstr(text, "a\\x0a2020 info \\x1b[2J\\x9b é\n"));
	close(p[0]);
	close(p[1]);
}

static void an_unknown_asset_is_null(void **state)
{
	(void)state;
	assert_null(asset_find("no such file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(texts_are_built_and_cut_visibly),
	        cmocka_unit_test(errno_is_told_and_full_is_full),
	        cmocka_unit_test(names_go_both_ways),
	        cmocka_unit_test(log_cannot_be_forged),
	        cmocka_unit_test(an_unknown_asset_is_null),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
