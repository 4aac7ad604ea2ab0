/*
 * Columns of text, by grapheme, from utf8proc's tables (libc's wcswidth is neither right nor safe: TERMINAL.md section 6).
 * Takes text that passed esc_term; other bytes count one column each.
 */
#ifndef MW_UI_WIDTH_H
#define MW_UI_WIDTH_H

#include "base/buf.h"

struct grapheme {
	size_t len;     /* bytes */
	int width;      /* columns: 1 or 2 */
	bool uncertain; /* terminals differ in drawing it: the painter re-positions after it */
};
/* The first grapheme of s, which is not empty. */
struct grapheme grapheme_first(struct slice s);
int text_width(struct slice s);
/* The longest prefix of at most `columns` columns; *used (may be NULL) gets its columns. */
size_t text_prefix(struct slice s, int columns, int *used);

#endif
