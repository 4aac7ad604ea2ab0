/*
 * What the terminal can do, from terminfo; the only file that includes curses headers. Strings are ready to send (padding
 * removed; curses' own output and input are not used at all). NULL where the terminal lacks it.
 */
#ifndef MW_UI_CAPS_H
#define MW_UI_CAPS_H

#include "base/buf.h"
#include "base/err.h"
#include "term/style.h"

enum colour_mode { COLOUR_AUTO, COLOUR_NEVER, COLOUR_16, COLOUR_256 };

struct caps {
	char *clear, *el, *smcup, *rmcup, *civis, *cnorm, *sgr0, *bold, *rev, *smul, *bel, *ind,
	        *ri;
	char *smkx, *rmkx, *cup;
	char *csr; /* scroll region; NULL as well where it could not be used to scroll both ways */
	bool ansi; /* attributes are ECMA-48 SGR: several go into one sequence */
	bool edge_safe; /* the last column of the last row may be written without scrolling */
	bool paste;     /* bracketed paste is worth asking for */
	int colours;    /* 0, 8 or 16 */
};

/* Loads the entry for `term` (NULL: $TERM). Fails for an unknown terminal and for one that cannot move the cursor. */
int caps_load(struct caps *c, const char *term, enum colour_mode colour,
              struct err *e) MW_USE_RESULT;
void caps_release(struct caps *c);
void caps_move(const struct caps *c, struct buf *out, int y, int x);
void caps_region(const struct caps *c, struct buf *out, int top, int bottom);
void caps_style(const struct caps *c, struct buf *out, style_t st); /* from any state to st */

#endif
