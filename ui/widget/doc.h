/*
 * A document: lines of text that a view built for one width, and how it is read. A line may stand for something (`ref`, a
 * borrowed JSON value: a row, a step, a probe) and then can be selected; the rest only scrolls. The view follows the end
 * only while it is at the end. Used by every screen but the queue. One thread.
 */
#ifndef MW_UI_DOC_H
#define MW_UI_DOC_H

#include <cjson/cJSON.h>

#include "base/mem.h"
#include "term/surface.h"
#include "term/theme.h"

struct doc_line {
	const char *text; /* in the arena */
	enum role role;
	int bar; /* columns at the start drawn in bar_role: a severity, a speaker, a key */
	enum role bar_role;
	const char *id;   /* stable name of what the line stands for, or NULL */
	const cJSON *ref; /* what it stands for, or NULL */
	int kind;         /* the building view's own */
};
struct doc {
	struct arena arena;
	VEC(struct doc_line) lines;
	int width;
};
struct doc_pos {
	size_t top, sel;
	bool follow; /* at the end, and stays there */
	bool moved;  /* somebody chose the place */
	char id[96]; /* of the selected line */
	size_t below; /* lines under the window that have not been shown since the view left the end */
	int rows;     /* of the window at the last draw */
};

void doc_reset(struct doc *d, int width);
void doc_release(struct doc *d);
/* All adders return the line, valid until the next one. Text is copied. */
struct doc_line *doc_add(struct doc *d, enum role role, struct slice text);
struct doc_line *doc_printf(struct doc *d, enum role role, const char *fmt, ...) MW_PRINTF(3, 4);
/* Wraps at the document's width; `hang` columns indent every line but the first, which starts with `head` (borrowed). The
 * lines share ref and id of the first when `ref` is given. Returns the first line's index. */
size_t doc_wrap(struct doc *d, enum role role, const char *head, int hang, struct slice text);
/* As doc_wrap, but at most `most` lines; the last one ends in ".." where text is left. */
size_t doc_wrap_most(struct doc *d, enum role role, const char *head, int hang, struct slice text,
                     int most);
/* Gives lines [from, end) a meaning. */
void doc_mean(struct doc *d, size_t from, const char *id, const cJSON *ref, int kind);

/* After a rebuild: finds the selection again, keeps the place or the end. `rows` is the window's height. */
void doc_sync(const struct doc *d, struct doc_pos *p, int rows);
void doc_move(const struct doc *d, struct doc_pos *p,
              int delta); /* to the next line with a meaning, or scrolls */
void doc_page(const struct doc *d, struct doc_pos *p, int halves); /* half pages */
void doc_scroll(const struct doc *d, struct doc_pos *p,
                long rows); /* selects what is in view then */
void doc_home(const struct doc *d, struct doc_pos *p);
void doc_end(const struct doc *d, struct doc_pos *p);
const struct doc_line *doc_selected(const struct doc *d, const struct doc_pos *p); /* NULL: none */
/* The next line that contains `words` (ASCII case-blind), from the selection in direction dir; false when none. */
bool doc_find(const struct doc *d, struct doc_pos *p, struct slice words, int dir);
void doc_draw(const struct doc *d, const struct doc_pos *p, struct surface *s, struct rect r,
              const struct theme *th, struct slice match, bool focus);

#endif
