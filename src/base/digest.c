#include <sodium.h>

#include "base/digest.h"

_Static_assert(crypto_hash_sha256_BYTES == 32, "SHA-256");

void digest_sha256(const void *p, size_t n, uint8_t out[32])
{
	crypto_hash_sha256(out, p, n);
}

void digest_hex(const uint8_t d[32], char out[DIGEST_HEX])
{
	sodium_bin2hex(out, DIGEST_HEX, d, 32);
}
