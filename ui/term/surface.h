/*
 * A grid of cells that views draw on. surf_text and its kin are the only way for text into a cell, and they pass it through
 * esc_term, so that nothing from a log, a vendor or a model reaches the terminal as a control. No terminal here: tests
 * read a surface as text. One thread.
 */
#ifndef MW_UI_SURFACE_H
#define MW_UI_SURFACE_H

#include "base/buf.h"
#include "term/style.h"

#define CELL_BYTES \
	12 /* longest grapheme of a cell; a longer one (stacked marks) shows its tail as escapes */

struct cell {
	char s[CELL_BYTES];
	uint8_t len;
	uint8_t width;     /* 0: the second half of the wide cell before it */
	uint8_t uncertain; /* see width.h */
	uint8_t pad;
	style_t style;
};
struct surface {
	struct cell *cells; /* h rows of w */
	int h, w;
	int cur_y, cur_x;   /* where the cursor rests; cur_y < 0: hidden */
	bool ascii;         /* the terminal or the user wants ASCII only */
	struct buf scratch; /* escaped text of the call that runs */
};
struct rect {
	int y, x, h, w;
};

void surface_init(struct surface *s, int h, int w);
void surface_release(struct surface *s);
void surface_resize(struct surface *s, int h, int w); /* clears */
void surface_clear(struct surface *s);
/* Draws at most `max` columns at y,x and returns the columns used. Everything outside the surface is dropped. */
int surf_text(struct surface *s, int y, int x, int max, style_t st, struct slice text);
int surf_str(struct surface *s, int y, int x, int max, style_t st, const char *text);
int surf_printf(struct surface *s, int y, int x, int max, style_t st, const char *fmt, ...)
        MW_PRINTF(6, 7);
/* As surf_text, but a text that does not fit ends in ".." so that a cut is seen. */
int surf_cut(struct surface *s, int y, int x, int max, style_t st, struct slice text);
/* A list of evidence ids and numbers in [..] stands out: [e12] and [c3] get `cite`, all else `st`. */
int surf_rich(struct surface *s, int y, int x, int max, style_t st, style_t cite,
              struct slice text);
void surf_fill(struct surface *s, struct rect r, style_t st);
/* Lays a style over cells that are already drawn: selection, match. Colours are kept where st has none. */
void surf_restyle(struct surface *s, struct rect r, style_t st);
/* One row without its trailing blanks, appended to b. */
void surface_row(const struct surface *s, int y, struct buf *b);
void surface_dump(const struct surface *s, struct buf *b);
struct cell *surface_at(const struct surface *s, int y, int x);

#endif
