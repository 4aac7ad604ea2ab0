#include "base/base64.h"

#include <sodium.h>

#define VARIANT sodium_base64_VARIANT_ORIGINAL

void base64_add(struct buf *out, struct slice s)
{
	size_t n = sodium_base64_encoded_len(s.n, VARIANT); /* with the NUL */
	char *room = buf_room(out, n);

	if (!room)
		return;
	sodium_bin2base64(room, n, (const unsigned char *)s.s, s.n, VARIANT);
	out->len += n - 1;
}

void json_add_base64(cJSON *o, const char *key, struct slice s)
{
	struct buf b;

	buf_init(&b, 0);
	base64_add(&b, s);
	json_add_slice(o, key, (struct slice){b.s, b.len});
	buf_release(&b);
}

int base64_read(struct slice text, char *room, size_t *n)
{
	*n = 0;
	return sodium_base642bin((unsigned char *)room, text.n, text.s, text.n, NULL, n, NULL,
	                         VARIANT);
}
