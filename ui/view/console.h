/*
 * The full-screen console: runs until the analyst leaves, the line goes or the terminal is gone. The terminal is restored on
 * every way out. One in a process.
 */
#ifndef MW_UI_CONSOLE_H
#define MW_UI_CONSOLE_H

#include "base/err.h"
#include "base/json.h"
#include "term/caps.h"
#include "term/theme.h"

struct console_opts {
	/* Connects to the engine (client_connect): a stream socket on which hello was answered, or -1 with what to do. Called
	 * again, with pauses, whenever the line is lost. */
	int (*connect)(const void *ctx, cJSON **hello, struct err *e);
	const void *ctx;
	const char *const *
	        program; /* argv of this program on this engine, without a command; ends with NULL */
	const char *incident; /* open this one at the start, or NULL */
	bool attach;          /* put back the screen that was left: case, place, draft */
	bool readonly;        /* no response capability at all */
	bool ascii;           /* no character beyond ASCII */
	bool mouse;
	bool local_zone; /* times in the local zone at the start */
	bool bell;       /* ring once on a new critical */
	enum colour_mode colour;
	enum theme_id theme;     /* THEME_COUNT: by the terminal's background */
	const char *keymap_file; /* or NULL */
};
/* Exit status: 0 left by the analyst or with the line, 2 no usable terminal or a wrong keymap file (said on stderr). */
int console_run(const struct console_opts *o);

#endif
