/*
 * A one-line editor of our own, for filters, approval words and forms, which never pass through readline. One thread.
 */
#ifndef MW_UI_FIELD_H
#define MW_UI_FIELD_H

#include "term/key.h"
#include "term/surface.h"

#define FIELD_MAX 4096

struct field {
	struct buf text;
	size_t at;     /* cursor, bytes */
	bool no_paste; /* refuses pasted text */
};
void field_init(struct field *f);
void field_release(struct field *f);
void field_set(struct field *f, const char *text);
bool field_key(struct field *f, const struct key *k); /* true when the key was taken */
/* Draws the text with the cursor in view and puts the surface's cursor there when `focus`. */
void field_draw(const struct field *f, struct surface *s, int y, int x, int width, style_t st,
                bool focus);

#endif
