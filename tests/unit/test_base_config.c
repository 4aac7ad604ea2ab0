#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "base/mwtime.h"

static void stronger_places_win(void **state)
{
	struct config *c = config_new();
	struct err e;
	const char *const words[] = {"x", "--idle", "7m", "--no-ascii", "rest"};
	char **argv = (char **)(uintptr_t)words;
	int i = 1;

	(void)state;
	assert_int_equal(config_i64(c, OPT_IDLE), 15 * MW_MINUTE);
	assert_string_equal(config_origin(c, OPT_IDLE), "default");
	assert_int_equal(
	        config_file(c,
	                    SLICE("engine:\n  idle: 3m\nui.ascii: yes\nlake:\n  max_size: 20G\n"),
	                    "f.yaml", &e),
	        0);
	assert_int_equal(config_i64(c, OPT_IDLE), 3 * MW_MINUTE);
	assert_string_equal(config_origin(c, OPT_IDLE), "f.yaml:2");
	assert_int_equal(config_i64(c, OPT_LAKE_SIZE), INT64_C(20) << 30);
	assert_true(config_bool(c, OPT_UI_ASCII));
	setenv("MW_IDLE", "5m", 1);
	assert_int_equal(config_environment(c, &e), 0);
	unsetenv("MW_IDLE");
	assert_int_equal(config_i64(c, OPT_IDLE), 5 * MW_MINUTE);
	assert_int_equal(config_flag(c, 5, argv, &i, &e), 1);
	assert_int_equal(i, 3);
	assert_int_equal(config_i64(c, OPT_IDLE), 7 * MW_MINUTE);
	assert_int_equal(config_flag(c, 5, argv, &i, &e), 1);
	assert_false(config_bool(c, OPT_UI_ASCII));
	assert_int_equal(config_flag(c, 5, argv, &i, &e), 0);
	config_free(c);
}

static void wrong_files_are_told_by_line(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
	        {"engine:\n  idel: 3m\n",
	         "f.yaml:2: unknown key \"engine.idel\"; did you mean \"engine.idle\"?"},
	        {"zebra: 1\n", "f.yaml:1: unknown key \"zebra\""},
	        {"engine:\n  idle: soon\n", "f.yaml:2: engine.idle must be a time as 90s"},
	        {"engine.log: loud\n", "must be one of debug | info | warn | error"},
	        {"ui:\n  ascii: maybe\n", "must be yes or no"},
	        {"lake.max_size: -5\n", "must be a size"},
	        {"roles:\n  lead: [a, [b]]\n", "list of names"},
	        {"- a\n", "a map of options"},
	        {"sources:\n  - name: a\n    kind: splnk\n    url: https://x\n",
	         "f.yaml:2: sources: no kind \"splnk\"; did you mean \"splunk\"?"},
	        {"sources:\n  - name: a\n    kind: splunk\n    urll: https://x\n",
	         "f.yaml:4: a splunk entry of sources has no \"urll\"; did you mean \"url\"?"},
	        {"sources:\n  - name: a\n    kind: wiz\n    url: https://x\n",
	         "f.yaml:2: an entry of sources of kind wiz needs \"client\""},
	        {"sources:\n  - name: lake\n    kind: orca\n    url: https://x\n", "is no name"},
	        {"sources:\n  - name: a\n    kind: orca\n    url: h\n    credential: s3cret\n",
	         "f.yaml:5: credential must be file:PATH"},
	        {"sources: x\n", "unknown key \"sources\""},
	        {"engine:\n  idle: 1m\n  idle: 2m\n", "f.yaml:3"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct config *c = config_new();
		struct err e = {0};
		assert_int_equal(config_file(c, slice_of(cases[i].text), "f.yaml", &e), -1);
		if (!strstr(e.what, cases[i].error))
			fail_msg("%s: %s", cases[i].text, e.what);
		config_free(c);
	}
}

static void lists_and_paths(void **state)
{
	struct config *c = config_new();
	struct err e;
	const char *const *l;

	(void)state;
	assert_int_equal(config_file(c,
	                             SLICE("roles:\n  lead: [soc-leads, night]\nassets: ~/mine\n"),
	                             "f", &e),
	                 0);
	l = config_list(c, OPT_LEADS);
	assert_string_equal(l[0], "soc-leads");
	assert_string_equal(l[1], "night");
	assert_null(l[2]);
	assert_null(config_list(c, OPT_ADMINS)[0]);
	assert_int_equal(config_str(c, OPT_ASSETS)[0], '/');
	config_free(c);
}

static void a_file_that_others_may_write_is_refused(void **state)
{
	char path[] = "/tmp/mw-config.XXXXXX";
	int fd = mkstemp(path);
	struct config *c = config_new();
	struct err e;

	(void)state;
	assert_int_equal(write(fd, "ui.ascii: yes\n", 14), 14);
	assert_int_equal(config_load(c, path, &e), 0);
	assert_true(config_bool(c, OPT_UI_ASCII));
	assert_int_equal(fchmod(fd, 0666), 0);
	assert_int_equal(config_load(c, path, &e), -1);
	assert_non_null(strstr(e.what, "chmod go-w"));
	unlink(path);
	assert_int_equal(config_load(c, path, &e), -1); /* it was named, so it must be there */
	close(fd);
	config_free(c);
}

static void a_section_holds_its_entries(void **state)
{
	struct config *c = config_new(), *d = config_new();
	struct buf b = BUF_INIT;
	const cJSON *x;
	struct err e;

	(void)state;
	assert_int_equal(config_file(c,
	                             SLICE("sources:\n"
	                                   "  - {name: sp, kind: splunk, url: 'https://h:8089', "
	                                   "indexes: [a, b], delay: 5m, default: no}\n"
	                                   "  - {name: o, kind: orca, url: 'https://o'}\n"),
	                             "f", &e),
	                 0);
	assert_int_equal(cJSON_GetArraySize(config_section(c, "sources")), 2);
	assert_int_equal(cJSON_GetArraySize(config_section(c, "models")), 0);
	config_print(c, &b);
	assert_int_equal(config_file(d, (struct slice){b.s, b.len}, "printed", &e), 0);
	x = config_entry(d, "sources", "sp");
	assert_int_equal(json_i64(x, "delay", 0), 5 * MW_MINUTE);
	assert_string_equal(json_arr(x, "indexes")->child->next->valuestring, "b");
	assert_false(json_bool(x, "default", true));
	assert_null(config_entry(d, "sources", "other"));
	buf_release(&b);
	config_free(c);
	config_free(d);
}

/* What print writes, file reads. */
static void printing_goes_back(void **state)
{
	struct config *c = config_new(), *d = config_new();
	struct buf b = BUF_INIT;
	struct err e;

	(void)state;
	assert_int_equal(config_file(c, SLICE("engine.idle: 4m\nroles.lead: [x, y]\n"), "f", &e),
	                 0);
	config_print(c, &b);
	assert_int_equal(config_file(d, (struct slice){b.s, b.len}, "printed", &e), 0);
	assert_int_equal(config_i64(d, OPT_IDLE), 4 * MW_MINUTE);
	assert_string_equal(config_list(d, OPT_LEADS)[1], "y");
	buf_release(&b);
	config_free(c);
	config_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(stronger_places_win),
	        cmocka_unit_test(wrong_files_are_told_by_line),
	        cmocka_unit_test(lists_and_paths),
	        cmocka_unit_test(a_file_that_others_may_write_is_refused),
	        cmocka_unit_test(a_section_holds_its_entries),
	        cmocka_unit_test(printing_goes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
