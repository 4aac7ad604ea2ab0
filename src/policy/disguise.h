/*
 * Text as a reader could decode it: views of one text with its disguises taken off, each byte knowing where it came from, so that
 * what is found in a view can be taken out of (or marked in) the text itself. Shared by redaction and by the search for instructions.
 * Pure, any process; views are linear in the text.
 */
#ifndef MW_DISGUISE_H
#define MW_DISGUISE_H

#include "base/buf.h"
#include "base/mem.h"

struct view {
	char *s; /* NUL-terminated */
	size_t n;
	uint32_t *from, *to; /* byte i stands for text bytes from[i]..to[i] */
};
#define DISGUISE_TEXT_MAX (1u << 20)

void view_of(struct view *v,
             struct slice text); /* the text itself; at most DISGUISE_TEXT_MAX bytes of it */
void view_release(struct view *v);
/* One layer off: invisible characters, full-width and look-alike letters, %XX, HTML entities, JSON and C escapes. False where
 * nothing changed: out is then not made. */
bool view_unfold(const struct view *in, struct view *out);
bool view_joined(const struct view *in,
                 struct view *out); /* "ab" + "cd", ca^ret, back`tick, line continuation */
bool view_form(const struct view *in, struct view *out);   /* + for a blank, as forms write it */
bool view_quoted(const struct view *in, struct view *out); /* quoted-printable */
void view_rot13(const struct view *in, struct view *out);
void view_reversed(const struct view *in, struct view *out);
void view_squeezed(const struct view *in,
                   struct view *out); /* letters and digits only, lower case */

/* The next run at or after *at that decodes (base64, base64url, base32, hex in any spacing, lists of character codes). Fills from, to (of the
 * view) and what it decodes to; moves *at past it. False: no more. */
struct blob {
	size_t from, to;
	struct buf plain; /* release it */
	bool readable;    /* plain is text: nearly all printable */
};
bool view_blob(const struct view *v, size_t *at, struct blob *out);

#endif
