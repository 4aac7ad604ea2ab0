#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/digest.h"
#include "base/secret.h"

static void compare(void **state)
{
	struct secret *a = secret_new("token", 5), *b = secret_new("token", 5);
	struct secret *c = secret_new("tokem", 5), *d = secret_new("toke", 4),
	              *z = secret_new("", 0);

	(void)state;
	assert_true(secret_eq(a, b));
	assert_false(secret_eq(a, c) || secret_eq(a, d) || secret_eq(d, a) || secret_eq(a, z) ||
	             secret_eq(z, a));
	assert_true(slice_eq_str(secret_bytes(a), "token"));
	secret_free(a);
	secret_free(b);
	secret_free(c);
	secret_free(d);
	secret_free(z);
	secret_free(NULL);
}

static void wipe(void **state)
{
	char text[] = "password", zero[sizeof(text)] = {0};

	(void)state;
	secret_wipe(text, sizeof(text));
	assert_memory_equal(text, zero, sizeof(text));
}

static void sha256_of_abc(void **state)
{
	uint8_t d[32];
	char hex[DIGEST_HEX];

	(void)state;
	digest_sha256("abc", 3, d);
	digest_hex(d, hex);
	assert_string_equal(hex,
	                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(compare),
	        cmocka_unit_test(wipe),
	        cmocka_unit_test(sha256_of_abc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
