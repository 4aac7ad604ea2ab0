#include "base/secret.h"
#include "base/mem.h"

struct secret {
	size_t n;
	char bytes[];
};

struct secret *secret_new(const void *p, size_t n)
{
	struct secret *s = xmalloc(sizeof(*s) + n + 1);

	s->n = n;
	if (n)
		memcpy(s->bytes, p, n);
	s->bytes[n] = '\0';
	return s;
}

void secret_free(struct secret *s)
{
	if (!s)
		return;
	secret_wipe(s->bytes, s->n);
	free(s);
}

struct slice secret_bytes(const struct secret *s)
{
	return (struct slice){s->bytes, s->n};
}

bool secret_eq(const struct secret *a, const struct secret *b)
{
	volatile unsigned char diff = a->n != b->n;

	/* The time depends on the length of b only. */
	for (size_t i = 0; i < b->n; i++)
		diff |= (unsigned char)(b->bytes[i] ^ (i < a->n ? a->bytes[i] : ~b->bytes[i]));
	return !diff;
}

void secret_wipe(void *p, size_t n)
{
	explicit_bzero(p, n);
}
