/*
 * Allocation that ends the process when memory is out (a worker's death is one failed request), and an arena for things
 * that die together. An arena belongs to one thread.
 */
#ifndef MW_MEM_H
#define MW_MEM_H

MW_NORETURN void mw_oom(void);
void *xmalloc(size_t n) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t n) __attribute__((returns_nonnull));
void *xreallocarray(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...) __attribute__((malloc, returns_nonnull)) MW_PRINTF(1, 2);

struct arena_block;
struct arena {
	struct arena_block *head;
	char *at, *end;
};
#define ARENA_INIT \
	{          \
		0  \
	}
void *arena_alloc(struct arena *a, size_t n)
        __attribute__((returns_nonnull)); /* aligned to 16, not cleared */
void *arena_zalloc(struct arena *a, size_t n) __attribute__((returns_nonnull));
/* strndup: stops at a NUL, so for names only; values and records (slices) are copied with arena_memdup. */
char *arena_strndup(struct arena *a, const char *s, size_t n) __attribute__((returns_nonnull));
char *arena_memdup(struct arena *a, const void *p, size_t n)
        __attribute__((returns_nonnull)); /* n bytes and a NUL */
char *arena_strdup(struct arena *a, const char *s) __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *fmt, ...) MW_PRINTF(2, 3);
void arena_reset(struct arena *a);   /* keeps the newest block for reuse */
void arena_release(struct arena *a); /* frees all */

/*
 * A growing array: struct { T *v; size_t n, cap; }. vec_push(&x) grows and returns a pointer to a new, zeroed element;
 * vec_free releases the storage, not what the elements own.
 */
#define VEC(T)                 \
	struct {               \
		T *v;          \
		size_t n, cap; \
	}
#define vec_push(x)                                                                         \
	((x)->n == (x)->cap ? (void)((x)->v = vec_grow((x)->v, &(x)->cap, sizeof(*(x)->v))) \
	                    : (void)0,                                                      \
	 memset(&(x)->v[(x)->n], 0, sizeof(*(x)->v)), &(x)->v[(x)->n++])
#define vec_free(x) (free((x)->v), (x)->v = NULL, (x)->n = (x)->cap = 0)
#define vec_each(p, x) for ((p) = (x)->v; (p) < (x)->v + (x)->n; (p)++)
void *vec_grow(void *v, size_t *cap, size_t size) __attribute__((returns_nonnull));

#endif
