#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define ARENA_ALIGN 16
#define ARENA_FIRST (4 * 1024 - 32)
#define ARENA_LARGEST (1024 * 1024 - 32)

struct arena_block {
	struct arena_block *next;
	size_t size; /* of the bytes behind this header */
};
_Static_assert(sizeof(struct arena_block) % ARENA_ALIGN == 0, "blocks start aligned");

void mw_oom(void)
{
	static const char text[] = "midwatch: out of memory\n";

	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(70);
}

void *xmalloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (!p)
		mw_oom();
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	void *p = n && size ? calloc(n, size) : calloc(1, 1);

	if (!p)
		mw_oom();
	return p;
}

void *xrealloc(void *p, size_t n)
{
	void *q = realloc(p, n ? n : 1);

	if (!q)
		mw_oom();
	return q;
}

void *xreallocarray(void *p, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		mw_oom();
	return xrealloc(p, total);
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = xmalloc(len + 1);

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		mw_oom();
	return s;
}

static void arena_grow(struct arena *a, size_t n)
{
	size_t size = a->head ? a->head->size * 2 : ARENA_FIRST;
	struct arena_block *b;

	if (size > ARENA_LARGEST)
		size = ARENA_LARGEST;
	if (size < n)
		size = n;
	if (size > SIZE_MAX - sizeof(*b))
		mw_oom();
	b = xmalloc(sizeof(*b) + size);
	b->next = a->head;
	b->size = size;
	a->head = b;
	a->at = (char *)(b + 1);
	a->end = a->at + size;
}

void *arena_alloc(struct arena *a, size_t n)
{
	char *p;

	if (n > SIZE_MAX - ARENA_ALIGN)
		mw_oom();
	n = (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (!a->head || (size_t)(a->end - a->at) < n)
		arena_grow(a, n);
	p = a->at;
	a->at += n;
	return p;
}

void *arena_zalloc(struct arena *a, size_t n)
{
	return memset(arena_alloc(a, n), 0, n);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	size_t len = n ? strnlen(s, n) : 0;
	char *p;

	if (len == SIZE_MAX)
		mw_oom();
	p = arena_alloc(a, len + 1);
	if (len)
		memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *arena_memdup(struct arena *a, const void *p, size_t n)
{
	char *copy;

	if (n == SIZE_MAX)
		mw_oom();
	copy = arena_alloc(a, n + 1);
	if (n)
		memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *s;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		mw_oom();
	s = arena_alloc(a, (size_t)n + 1);
	vsnprintf(s, (size_t)n + 1, fmt, again);
	va_end(again);
	return s;
}

static void free_blocks(struct arena_block *b)
{
	while (b) {
		struct arena_block *next = b->next;
		free(b);
		b = next;
	}
}

void arena_reset(struct arena *a)
{
	if (!a->head)
		return;
	free_blocks(a->head->next);
	a->head->next = NULL;
	a->at = (char *)(a->head + 1);
}

void arena_release(struct arena *a)
{
	free_blocks(a->head);
	*a = (struct arena)ARENA_INIT;
}

void *vec_grow(void *v, size_t *cap, size_t size)
{
	size_t want = *cap ? *cap * 2 : 8;

	if (want < *cap)
		mw_oom();
	*cap = want;
	return xreallocarray(v, want, size);
}
