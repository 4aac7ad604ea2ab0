/*
 * The full-screen console: runs until the analyst leaves, the line goes or the terminal is gone. The terminal is restored on
 * every way out. One in a process.
 */
#ifndef MW_UI_CONSOLE_H
#define MW_UI_CONSOLE_H

#include "term/caps.h"
#include "term/theme.h"

struct client;
struct console_opts {
	const char *incident;     /* open this one at the start, or NULL */
	bool attach;              /* put back the screen that was left: case, place, draft */
	bool readonly;            /* no response capability at all */
	bool ascii;               /* no character beyond ASCII */
	bool mouse;
	bool bell;                /* ring once on a new critical */
	enum colour_mode colour;
	enum theme_id theme;      /* THEME_COUNT: by the terminal's background */
	const char *keymap_file;  /* or NULL */
};
/* Exit status: 0 left by the analyst, 2 no usable terminal, 4 the engine could not be reached at all. Messages on stderr. */
int console_run(struct client *c, const struct console_opts *o);

#endif
