/*
 * One escaper for each way out. Outside text stays raw inside and passes exactly one of these on leaving. All append to b.
 */
#ifndef MW_ESCAPE_H
#define MW_ESCAPE_H

#include "base/buf.h"

/* Terminal: C0, C1, DEL, bidi controls, zero-width and other invisible characters and bytes that are not UTF-8 become
 * visible text (\x1b, \u202e); newline and tab too, since the drawing code decides on lines. */
void esc_term(struct buf *b, struct slice s);
void esc_html(struct buf *b, struct slice s); /* text and double-quoted attributes */
void esc_markdown(struct buf *b,
                  struct slice s); /* inline text; control characters as in esc_term */
void esc_csv(struct buf *b,
             struct slice s); /* one quoted field (RFC 4180); = + - @ tab CR in front get a ' */
/* hxxp://, 1[.]2[.]3[.]4, user[@]host; refang is the inverse and also takes (.) [dot] hXXp and {.}. */
void esc_defang(struct buf *b, struct slice s);
void esc_refang(struct buf *b, struct slice s);
/* Decodes one code point; returns its length, or 0 where the bytes are not UTF-8. */
size_t utf8_decode(const char *s, size_t n, uint32_t *cp);
/* The other way: at most 4 bytes, their number. A surrogate comes out as WTF-8 has it. */
size_t utf8_encode(char *out, uint32_t cp);
bool mw_invisible(uint32_t cp); /* what esc_term shows as an escape */

#endif
