/*
 * A secret: its own type, never printed, wiped on free, compared in constant time. There is no function that formats one.
 */
#ifndef MW_SECRET_H
#define MW_SECRET_H

#include "base/buf.h"

struct secret;
struct secret *secret_new(const void *p, size_t n); /* copies; wipe the original with secret_wipe */
void secret_free(struct secret *s);
struct slice
secret_bytes(const struct secret *s); /* borrowed; hand only to the library that needs it */
bool secret_eq(const struct secret *a, const struct secret *b);
void secret_wipe(void *p, size_t n);

#endif
