/*
 * Titles that one rule made: the same words, other values. What most of them share is their common part; what differs from it, or
 * is more severe than the rest, is odd and must not drown in the fold. Pure.
 */
#ifndef MW_ALIKE_H
#define MW_ALIKE_H

#include "base/buf.h"
#include "base/mem.h"

#define ALIKE_LEAST 8 /* fewer are rows of their own */

struct alike_item {
	const char *title; /* borrowed */
	char *pattern;     /* as alike_pattern made it; the caller's */
	char severity;     /* C H M L I */
};
struct alike_member {
	size_t item; /* index of the item */
	bool odd;
	char why[96]; /* of an odd one: "203.0.113.9, the others 10.20.4.15" */
};
struct alike {
	char *pattern;                    /* with the shared values filled in, the others as * */
	size_t odd;                       /* members that are */
	char severity;                    /* of those that are not odd */
	VEC(struct alike_member) members; /* in the order of the items */
};
struct alike_list {
	VEC(struct alike) v;
};

/* "Denies from 10.20.4.15 to web-07" as "Denies from * to *"; caller frees. */
char *alike_pattern(const char *title);
/* Groups of at least `least` items with one pattern, in the order of their first items. Items of pattern NULL stay out. */
void alike_find(const struct alike_item *items, size_t n, size_t least, struct alike_list *out);
void alike_release(struct alike_list *l);

#endif
