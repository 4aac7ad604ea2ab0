/*
 * A menu over the screen: pivot menu, palette, copy menu, choices. Filters as you type, digits choose where no filter is
 * typed yet, a disabled entry stays and says why. Owns its entries. One thread.
 */
#ifndef MW_UI_MENU_H
#define MW_UI_MENU_H

#include "base/mem.h"
#include "term/theme.h"
#include "widget/field.h"

struct menu_item {
	char *label;
	char *key;     /* shown at the right: the key that does the same, or "" */
	char *why_not; /* disabled because; NULL: enabled */
	int id;        /* what menu_key returns */
	int score;     /* of the filter; < 0 hidden */
};
struct menu {
	char *title;
	VEC(struct menu_item) items;
	struct field filter;
	VEC(size_t) shown; /* indices of items, best first */
	size_t sel, top;
	bool digits; /* 1 to 9 choose */
	bool open;
};
enum { MENU_NOTHING = -1, MENU_CLOSED = -2 };

void menu_open(struct menu *m, const char *title, bool digits);
void menu_close(struct menu *m);
void menu_add(struct menu *m, int id, const char *label, const char *key, const char *why_not);
void menu_ready(struct menu *m); /* after the last menu_add */
/* The id of the chosen entry, MENU_NOTHING, or MENU_CLOSED after Esc. *why gets the reason when a disabled one is chosen. */
int menu_key(struct menu *m, const struct key *k, const char **why);
void menu_draw(struct menu *m, struct surface *s, const struct theme *th);

#endif
