/*
 * Turns the difference between what the terminal shows and what it should show into as few bytes as is sensible: only
 * changed cells, short cursor moves, scroll regions, erase to end of line. Owns the picture of the terminal; `out` is what
 * the caller sends. One thread.
 */
#ifndef MW_UI_PAINT_H
#define MW_UI_PAINT_H

#include "term/caps.h"
#include "term/surface.h"

struct painter {
	const struct caps *caps;
	struct surface front; /* what the terminal shows */
	bool valid;           /* front can be trusted */
	int y, x;             /* cursor; x < 0: unknown */
	style_t style;
	bool style_known, cursor_shown;
	struct buf out;
};

void painter_init(struct painter *p, const struct caps *caps);
void painter_release(struct painter *p);
void painter_invalidate(
        struct painter
                *p); /* the next paint clears and draws everything (Ctrl-L, resize, after a stop) */
void painter_paint(
        struct painter *p,
        const struct surface *back); /* appends to p->out; nothing when nothing changed */

#endif
