/*
 * Base64 (RFC 4648, with padding; libsodium) for bytes that JSON text cannot carry. Not linked into the console.
 */
#ifndef MW_BASE64_H
#define MW_BASE64_H

#include "base/json.h"

void base64_add(struct buf *out, struct slice s);
void json_add_base64(cJSON *o, const char *key, struct slice s);
/* The bytes of text into room, which has at least text.n of them; *n gets how many there are. -1: it is no base64. */
int base64_read(struct slice text, char *room, size_t *n) MW_USE_RESULT;

#endif
