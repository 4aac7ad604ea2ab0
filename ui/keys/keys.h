/*
 * Actions and their keys: the table of actions.def, a user's keymap over it, and the texts made from it (hints row, help,
 * man page, sample keymap). Digits are not in the table: on a list they run the question of that number. Pure.
 */
#ifndef MW_UI_KEYS_H
#define MW_UI_KEYS_H

#include "base/buf.h"
#include "base/err.h"
#include "proto/proto.h"

enum context {
	CX_QUEUE = 1 << 0,
	CX_CARD = 1 << 1,
	CX_CHAT = 1 << 2,
	CX_PLAN = 1 << 3,
	CX_TIMELINE = 1 << 4,
	CX_EVIDENCE = 1 << 5,
	CX_GRAPH = 1 << 6,
	CX_COVER = 1 << 7,
	CX_PROPOSAL = 1 << 8,
	CX_APPROVAL = 1 << 9,
	CX_REPORT = 1 << 10,
	CX_JOBS = 1 << 11,
	CX_HELP = 1 << 12,
	CX_STORM = 1 << 13,
	CX_ANY = (1 << 14) - 1,
};
enum action {
	ACT_NONE,
#define ACTION(sym, name, keys, cx, perm, rank, hint, effect) ACT_##sym,
#include "keys/actions.def"
#undef ACTION
	ACT_COUNT
};
struct action_def {
	const char *name, *keys;
	unsigned contexts;
	enum perm perm;
	int rank;
	const char *hint, *effect;
};
#define ACTION_KEYS_MAX 4
extern const struct action_def actions[ACT_COUNT];

struct keymap {
	uint32_t key[ACT_COUNT][ACTION_KEYS_MAX]; /* 0: none */
};
void keymap_default(struct keymap *m);
/* YAML "action: key" or "action: [key, key]" over the defaults. Unknown actions and keys, and two actions of one context on
 * one key, are errors with line and what to do. */
int keymap_load(struct keymap *m, struct slice yaml, const char *name, struct err *e) MW_USE_RESULT;
/* The action of a key in a context, ACT_NONE where it has none; the narrowest context wins. */
enum action keymap_find(const struct keymap *m, unsigned context, uint32_t key);
void keymap_shown(const struct keymap *m, enum action a,
                  char out[24]); /* the key to show, "" where it has none */
const char *perm_name(enum perm p);
const char *context_name(unsigned context); /* one bit */

/* The hints row: at most `columns`, by rank, always with palette and help. `only` (may be NULL) says which act now. */
void keys_hints(const struct keymap *m, unsigned context, int columns,
                bool (*only)(void *ctx, enum action a), void *ctx, struct buf *out);
void keys_man(struct buf *out);    /* the KEYS section of midwatch(1), roff */
void keys_sample(struct buf *out); /* keymap.yaml with every default, commented out */

#endif
