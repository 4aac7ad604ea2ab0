/* The field table loads, its names are unique, and every vendor that the fact sheets map is
 * covered. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "model/event.h"
#include "model/field.h"

static int load(void **state)
{
	struct err e = {0};

	(void)state;
	int rc = fields_load(&e);
	if (rc)
		fprintf(stderr, "%s\n", e.what);
	return rc;
}

static const struct field *f(const char *name)
{
	const struct field *x = field_find(slice_of(name));

	assert_non_null(x);
	return x;
}

static void names_and_aliases(void **state)
{
	(void)state;
	assert_true(field_count() > 150);
	assert_ptr_equal(f("user"), f("actor.user.name"));
	assert_ptr_equal(f("src_ip"), f("src_endpoint.ip"));
	assert_int_equal(f("src_ip")->type, FT_IP);
	assert_int_equal(f("time")->type, FT_TIME);
	assert_true(f("resource_id")->many);
	assert_int_equal(f("user")->sens, FS_PERSONAL);
	assert_int_equal(f("dst_ip")->role, FR_DESTINATION);
	assert_null(field_find(SLICE("no.such.field")));
	assert_null(field_at(FIELD_NONE));
	for (field_id i = 0; i < field_count(); i++)
		assert_ptr_equal(field_find(slice_of(field_at(i)->alias)), field_at(i));
}

static bool word_gives(const char *word, const char *name)
{
	const struct field *found[16];
	size_t n = field_by_word(slice_of(word), found, 16);

	for (size_t i = 0; i < n && i < 16; i++)
		if (strcmp(found[i]->name, name) == 0)
			return true;
	return false;
}

static void words_fold_case_and_number(void **state)
{
	(void)state;
	assert_true(word_gives("IPs", "src_endpoint.ip"));
	assert_true(word_gives("addresses", "src_endpoint.ip"));
	assert_true(word_gives("Source IP", "src_endpoint.ip"));
	assert_true(word_gives("dns queries", "query.hostname"));
	assert_true(word_gives("access_keys", "actor.user.credential_uid"));
	assert_true(word_gives("processes", "process.name"));
	assert_false(word_gives("zebra", "src_endpoint.ip"));
}

static const char *const *where(const struct field_name *names, const char *which)
{
	for (; names->where; names++)
		if (strcmp(names->where, which) == 0)
			return names->paths;
	return NULL;
}

static void other_languages(void **state)
{
	(void)state;
	assert_string_equal(where(f("event_name")->sentinel, "AWSCloudTrail")[0], "EventName");
	assert_string_equal(where(f("account")->formats, "cloudtrail")[0], "recipientAccountId");
	assert_null(where(f("account")->formats, "no.such"));
	assert_string_equal(f("src_ip")->cim, "src_ip");
	assert_string_equal(f("src_ip")->aql, "sourceip");
	assert_string_equal(f("src_ip")->ecs, "source.ip");
	assert_null(f("mw.cidr")->aql);
}

static void event_values(void **state)
{
	struct event ev = {0};

	(void)state;
	event_reset(&ev);
	assert_int_equal(ev.time, MW_TIME_NONE);
	event_add(&ev, f("user")->id, SLICE("a"));
	event_add(&ev, f("user")->id, SLICE("b"));
	event_add(&ev, f("host")->id, SLICE(""));
	assert_int_equal(ev.vals.n, 2);
	assert_true(slice_eq_str(event_get(&ev, f("user")->id), "a"));
	assert_int_equal(event_get(&ev, f("host")->id).n, 0);
	event_reset(&ev);
	assert_int_equal(ev.vals.n, 0);
	event_release(&ev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names_and_aliases),
	        cmocka_unit_test(words_fold_case_and_number),
	        cmocka_unit_test(other_languages),
	        cmocka_unit_test(event_values),
	};

	return cmocka_run_group_tests(tests, load, NULL);
}
