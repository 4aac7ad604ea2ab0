/*
 * Key events out of terminal bytes, and their names ("Ctrl-P", "PgDn", "j", "Alt-Enter") as the action table and the
 * keymap file write them. The decoder is fed by the one reader of the terminal (tty.c). One thread.
 */
#ifndef MW_UI_KEY_H
#define MW_UI_KEY_H

#include "base/buf.h"

enum {
	KEY_NONE = 0,
	KEY_TAB = 9,
	KEY_ENTER = 13,
	KEY_ESC = 27,
	KEY_SPACE = 32,
	KEY_BACKSPACE = 127,
	KEY_UP = 0x110000,
	KEY_DOWN,
	KEY_LEFT,
	KEY_RIGHT,
	KEY_HOME,
	KEY_END,
	KEY_PGUP,
	KEY_PGDN,
	KEY_INS,
	KEY_DEL,
	KEY_BACKTAB,
	KEY_F1, /* F1 to F12 in a row */
	KEY_F12 = KEY_F1 + 11,
	KEY_PASTE, /* text: the pasted bytes, newlines as \n */
	KEY_CLICK, /* y, x */
	KEY_WHEEL_UP,
	KEY_WHEEL_DOWN,
	KEY_LIGHT,
	KEY_DARK,    /* the terminal told its background */
	KEY_UNKNOWN, /* a sequence that we do not know: swallowed, never text */
	KEY_CTRL = 0x1000000,
	KEY_ALT = 0x2000000,
	KEY_MODS = KEY_CTRL | KEY_ALT,
};
#define PASTE_MAX (256 * 1024)

struct key {
	uint32_t code;     /* a code point or KEY_*, with modifiers */
	struct slice raw;  /* its bytes, valid until the next key_next */
	struct slice text; /* KEY_PASTE: what was pasted, valid until the next key_next */
	int y, x;          /* KEY_CLICK, from 0 */
};
struct decoder {
	struct buf in; /* bytes not yet decoded */
	size_t taken;  /* of them, handed out with the last key */
	struct buf paste;
	bool pasting, paste_over;
};

void decoder_init(struct decoder *d);
void decoder_release(struct decoder *d);
void decoder_feed(struct decoder *d, const void *p, size_t n);
/* The next key, or false when more bytes are needed. `expired`: ESCDELAY has passed since the last byte, so that a lone
 * ESC is the Esc key. */
bool decoder_next(struct decoder *d, bool expired, struct key *k);
bool decoder_waiting(
        const struct decoder *d); /* an unfinished sequence that a timeout would decide */

bool key_printable(const struct key *k); /* text that an input line takes */
void key_name(uint32_t code, char out[24]);
bool key_parse(struct slice name, uint32_t *code);

#endif
