/*
 * UTF-16 text with a byte order mark, as Windows exports write it, made into UTF-8 piece by piece. A lone surrogate comes out
 * as WTF-8, as everywhere here.
 */
#ifndef MW_UTF16_H
#define MW_UTF16_H

#include "base/buf.h"

struct utf16 {
	bool big, begun;
	unsigned char kept[3]; /* an odd byte, or the first half of a pair */
	size_t nkept;
};
/* Whether the text begins with a mark; it says the byte order. */
bool utf16_begin(struct utf16 *u, struct slice text);
/* The first piece begins with the mark, which is left out. */
void utf16_add(struct utf16 *u, struct slice piece, struct buf *out);
void utf16_end(struct utf16 *u, struct buf *out); /* what was kept, at the end of the text */

#endif
