#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/catalog.h"

static char dir[64];
static struct lake *lake;
static struct catalog *cat;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

struct sample {
	const char *dataset, *user, *role, *raw;
};
static const struct sample samples[] = {
        {"cloudtrail", "alice", "stratus-red-team-leave-org-role",
         "{\"conn_state\":\"SF\",\"deep\":{\"userAgent\":\"aws-cli\"}}"},
        {"cloudtrail", "Alice", "admin", "{\"conn_state\":\"S0\"}"},
        {"cloudtrail", "alice", "admin", "{\"conn_state\":\"SF\"}"},
        {"okta", "bob", NULL, "{\"x\":1}"},
        {"okta", "alice", NULL, "{\"x\":2}"},
};

static field_id id_of(const char *name)
{
	return field_find(slice_of(name))->id;
}

static void append(const struct sample *s, size_t n, uint64_t line)
{
	struct lake_builder *b = lake_builder_new();
	struct lake_appended out = {0};
	struct event ev = {0};
	struct err e = {0};
	int fd = lake_batch_fd(lake, &e);

	for (size_t i = 0; i < n; i++) {
		event_reset(&ev);
		ev.dataset = s[i].dataset;
		ev.basename = SLICE("f");
		ev.line = line + i;
		ev.raw = slice_of(s[i].raw);
		event_add(&ev, id_of("actor.user.name"), slice_of(s[i].user));
		event_add(&ev, id_of("cloud.region"), slice_of(s[i].role));
		assert_int_equal(lake_builder_add(b, &ev, &e), 0);
	}
	assert_int_equal(lake_builder_finish(b, fd, &e), 0);
	assert_int_equal(lake_append(lake, 1, fd, &out, &e), 0);
	close(fd);
	event_release(&ev);
	lake_builder_free(b);
}

static int setup(void **state)
{
	struct err e = {0};
	int64_t import;

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/mw-cat.XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(fields_load(&e), 0);
	assert_int_equal(lake_open(&lake, dir, LAKE_WRITE, &e), 0);
	assert_int_equal(lake_import_begin(lake, NULL, &import, &e), 0);
	cat = catalog_open(lake, &e);
	append(samples, 2, 1);
	append(samples + 2, 3, 3);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	catalog_close(cat);
	lake_close(lake);
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_datasets_and_fields(void **state)
{
	const struct catalog_dataset *d;
	const struct catalog_field *f;
	size_t n = catalog_datasets(cat, &d);

	(void)state;
	assert_int_equal(n, 2);
	assert_string_equal(d[0].name, "cloudtrail");
	assert_int_equal(d[0].events, 3);
	n = catalog_fields(cat, "cloudtrail", &f);
	for (size_t i = 0; i < n; i++) {
		if (f[i].field != id_of("actor.user.name"))
			continue;
		assert_int_equal(f[i].events, 3);
		assert_int_equal(catalog_distinct(cat, &f[i]), 2);
		assert_true(f[i].all_kept);
		return;
	}
	fail();
}

static void test_path_by_word(void **state)
{
	const struct catalog_field *f[4];

	(void)state;
	assert_int_equal(catalog_path_by_word(cat, SLICE("conn state"), f, 4), 1);
	assert_string_equal(f[0]->path, "conn_state");
	assert_int_equal(f[0]->events, 3);
	assert_int_equal(catalog_distinct(cat, f[0]), 2);
	assert_int_equal(catalog_path_by_word(cat, SLICE("USERAGENT"), f, 4), 1);
	assert_int_equal(catalog_path_by_word(cat, SLICE("deep.userAgent"), f, 4), 1);
	assert_int_equal(catalog_path_by_word(cat, SLICE("nosuch"), f, 4), 0);
}

static void test_value_find(void **state)
{
	struct catalog_value v[8];
	size_t n = catalog_value_find(cat, SLICE("ALICE"), v, 8);
	uint64_t events = 0;

	(void)state;
	assert_int_equal(n, 3); /* alice and Alice of cloudtrail, alice of okta */
	for (size_t i = 0; i < n; i++)
		events += v[i].events;
	assert_int_equal(events, 4);
	assert_int_equal(catalog_value_find(cat, SLICE("sf"), v, 8), 1);
	assert_string_equal(v[0].path, "conn_state");
	assert_int_equal(v[0].events, 2);
	assert_int_equal(catalog_value_find(cat, SLICE("nobody"), v, 8), 0);
}

static void test_value_near(void **state)
{
	struct catalog_value v[8];

	(void)state;
	assert_true(catalog_value_near(cat, SLICE("leave-org"), FIELD_NONE, v, 8) >= 1);
	assert_true(slice_eq_str(v[0].value, "stratus-red-team-leave-org-role"));
	assert_true(catalog_value_near(cat, SLICE("stratus"), FIELD_NONE, v, 8) >= 1);
	assert_true(catalog_value_near(cat, SLICE("alcie"), id_of("actor.user.name"), v, 8) >= 1);
	assert_true(slice_ieq(v[0].value, SLICE("alice")));
	assert_int_equal(catalog_value_near(cat, SLICE("zebra"), FIELD_NONE, v, 8), 0);
}

static void test_value_top(void **state)
{
	struct catalog_value v[2];

	(void)state;
	assert_int_equal(catalog_value_top(cat, id_of("actor.user.name"), v, 2), 2);
	assert_true(slice_eq_str(v[0].value, "alice"));
	assert_int_equal(v[0].events, 3);
}

/* Of a batch with a record that was there already, only the new one counts, before any compaction. */
static void test_dropped_rows(void **state)
{
	static const struct sample again[] = {
	        {"cloudtrail", "alice", "stratus-red-team-leave-org-role",
	         "{\"conn_state\":\"SF\",\"deep\":{\"userAgent\":\"aws-cli\"}}"},
	        {"cloudtrail", "erin", "admin", "{\"conn_state\":\"S9\"}"},
	};
	const struct catalog_field *f[2];
	struct catalog_value v[4];

	(void)state;
	append(again, 2, 1);
	assert_int_equal(catalog_path_by_word(cat, SLICE("conn state"), f, 2), 1);
	assert_int_equal(f[0]->events, 4);
	assert_int_equal(catalog_distinct(cat, f[0]), 3);
	assert_int_equal(catalog_path_by_word(cat, SLICE("deep.userAgent"), f, 2), 1);
	assert_int_equal(f[0]->events, 1);
	assert_int_equal(catalog_value_find(cat, SLICE("aws-cli"), v, 4), 1);
	assert_int_equal(v[0].events, 1);
	assert_int_equal(catalog_value_find(cat, SLICE("SF"), v, 4), 1);
	assert_int_equal(v[0].events, 2);
}

/* What an undone import brought was never seen. */
static void test_follows_the_lake(void **state)
{
	struct catalog_value v[2];
	const struct catalog_dataset *d;
	uint64_t removed;
	struct err e = {0};

	(void)state;
	assert_int_equal(lake_import_undo(lake, 1, &removed, &e), 0);
	assert_int_equal(catalog_value_find(cat, SLICE("alice"), v, 2), 0);
	assert_int_equal(catalog_datasets(cat, &d), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_datasets_and_fields), cmocka_unit_test(test_path_by_word),
	        cmocka_unit_test(test_value_find),          cmocka_unit_test(test_value_near),
	        cmocka_unit_test(test_value_top),           cmocka_unit_test(test_dropped_rows),
	        cmocka_unit_test(test_follows_the_lake),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
