/*
 * SHA-256 (libsodium) for what is proof: evidence, approvals, the audit chain. Not linked into the console.
 */
#ifndef MW_DIGEST_H
#define MW_DIGEST_H

#include "base/buf.h"

#define DIGEST_HEX 65
void digest_sha256(const void *p, size_t n, uint8_t out[32]);
void digest_hex(const uint8_t d[32], char out[DIGEST_HEX]);

#endif
