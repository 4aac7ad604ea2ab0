/*
 * Themes: what a part of the screen means -> how it looks. Only the 16 named colours and the terminal's own foreground and
 * background are used; a test holds every pair to a contrast of 4.5. Meaning never rests on colour alone.
 */
#ifndef MW_UI_THEME_H
#define MW_UI_THEME_H

#include "base/buf.h"
#include "term/style.h"

enum role {
	R_TEXT,
	R_STATUS,
	R_CRUMB,
	R_HEAD,
	R_CRITICAL,
	R_HIGH,
	R_MEDIUM,
	R_LOW,
	R_GOOD,
	R_WARN,
	R_BAD,
	R_CITE,
	R_CHIP,
	R_WHO,
	R_SELECT,
	R_MATCH,
	R_KEY,
	R_NEW,
	R_NOTE,
	R_COUNT_
};
enum theme_id { THEME_DARK, THEME_LIGHT, THEME_CONTRAST, THEME_MONO, THEME_COUNT };

struct theme {
	const char *name;
	style_t role[R_COUNT_];
};
extern const struct theme themes[THEME_COUNT];
/* THEME_COUNT where the name is unknown. */
enum theme_id theme_find(struct slice name);

#endif
