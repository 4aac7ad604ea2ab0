#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/map.h"
#include "base/mem.h"

static void arena_keeps_what_it_gave(void **state)
{
	struct arena a = ARENA_INIT;
	char *first = arena_strdup(&a, "first"), *big;

	(void)state;
	for (int i = 0; i < 5000; i++)
		assert_int_equal((uintptr_t)arena_alloc(&a, (size_t)i % 77) % 16, 0);
	big = arena_zalloc(&a, 3 * 1024 * 1024);
	assert_int_equal(big[3 * 1024 * 1024 - 1], 0);
	assert_string_equal(first, "first");
	assert_string_equal(arena_printf(&a, "%s-%d", "x", 7), "x-7");
	assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
	arena_reset(&a);
	assert_string_equal(arena_strdup(&a, "again"), "again");
	arena_release(&a);
	assert_null(a.head);
	arena_reset(&a);
}

struct pair {
	int a, b;
};

static void vec_grows_zeroed(void **state)
{
	VEC(struct pair) v = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		vec_push(&v)->a = i;
	assert_int_equal(v.n, 1000);
	assert_int_equal(v.v[999].a, 999);
	assert_int_equal(v.v[999].b, 0);
	vec_free(&v);
	assert_int_equal(v.cap, 0);
}

static void map_finds_every_key_in_order(void **state)
{
	struct map m = MAP_INIT;
	char key[32];
	bool added;

	(void)state;
	assert_null(map_get_str(&m, "nothing"));
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "key %u", i);
		map_put_str(&m, key, &added)->val.u = i;
		assert_true(added);
	}
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "key %u", i);
		assert_int_equal(map_get_str(&m, key)->val.u, i);
		assert_string_equal(m.entries[i].key, key);
	}
	map_put_str(&m, "key 5", &added);
	assert_false(added);
	assert_int_equal(m.n, 20000);
	map_release(&m);
}

static void map_keys_are_bytes(void **state)
{
	struct map m = MAP_INIT;

	(void)state;
	map_put(&m, "a\0b", 3, NULL)->val.u = 1;
	map_put(&m, "a", 1, NULL)->val.u = 2;
	map_put(&m, "", 0, NULL)->val.u = 3;
	assert_int_equal(map_get(&m, "a\0b", 3)->val.u, 1);
	assert_int_equal(map_get_str(&m, "a")->val.u, 2);
	assert_int_equal(map_get_str(&m, "")->val.u, 3);
	assert_null(map_get(&m, "a\0c", 3));
	map_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(arena_keeps_what_it_gave),
	        cmocka_unit_test(vec_grows_zeroed),
	        cmocka_unit_test(map_finds_every_key_in_order),
	        cmocka_unit_test(map_keys_are_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
