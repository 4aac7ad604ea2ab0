/*
 * The editing of one line by a library: GNU readline (edit_readline.c) or, built with EDITLINE=libedit, libedit (edit_libedit.c).
 * The library never reads the terminal and never writes to it: it is fed whole keys, and its drawing goes nowhere. There is one
 * line, as readline has one. One thread. Only these two files know either library.
 *
 * libedit's own readline emulation lacks what this needs (undo groups, key sequences bound in one map, saved histories, editing
 * where the output is no terminal), so that edit_libedit.c uses libedit's native interface: ~/.editrc instead of ~/.inputrc,
 * Ctrl-R looks for lines that begin with what is typed instead of searching as one types.
 */
#ifndef MW_UI_EDIT_H
#define MW_UI_EDIT_H

#include "base/buf.h"

/* What the line reports; none may be NULL. Strings are borrowed for the call, except the line's. */
struct edit_hooks {
	void (*line)(char *line); /* Enter; the callee frees it */
	void (*editor)(void);     /* Ctrl-X Ctrl-E */
	void (*nothing)(void);    /* completion found nothing */
	/* Adds completions of `word`, which ends at the cursor, by add(candidate). */
	void (*complete)(const char *line, const char *word, void (*add)(const char *word));
	void (*choice)(const char *word); /* one of several completions, to be shown */
};

void edit_open(const struct edit_hooks *hooks); /* kept by reference */
void edit_close(void);
void edit_feed(struct slice keys);
void edit_insert(const char *text); /* at the cursor, one step of undo */
void edit_set(const char *text);    /* replaces the line, cursor at its end; no undo beyond */
const char *edit_text(void);        /* valid until the next call that changes it */
size_t edit_at(void);               /* the cursor, in bytes */
const char *
edit_prompt(void); /* what stands for the prompt while the library asks something, or NULL */
bool edit_wants_escape(void); /* vi mode, inserting */

/* Histories. *slot is NULL at first and then the library's own; `leave` puts the present one into its slot, `enter` takes
 * another up. Only the histories that are not present may be freed. */
void edit_history_leave(void **slot);
void edit_history_enter(void *slot);
void edit_history_add(const char *line);
void edit_history_free(void *slot);

#define EDIT_HISTORY_MAX 500

#endif
