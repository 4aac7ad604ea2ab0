/*
 * The console in lines, for screen readers and dumb terminals: append-only, no cursor movement, numbered menus, each change of
 * state one line. The same texts as the screens, made by the same builders, and the same engine behind them.
 */
#ifndef MW_UI_PLAIN_H
#define MW_UI_PLAIN_H

#include "cli.h"
#include "keys/keys.h"

/* Reads from stdin until its end or "quit". A cli exit status. */
int plain_run(struct cli *c, const char *incident, bool readonly);
/* No terminal that a screen could be drawn on: --plain is chosen by itself. */
bool plain_needed(void);

/* The menu entry by which --plain does an action of the screen; NULL: plain_no_way says why nothing has to be done. Both NULL: it was
 * forgotten, a row of plain_ways.c is missing. */
const char *plain_way(enum action a);
const char *plain_no_way(enum action a);
bool plain_has(const char *entry); /* of some menu */

#endif
