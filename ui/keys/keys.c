#include "keys/keys.h"

#include "base/yaml.h"
#include "term/key.h"
#include "term/width.h"

const struct action_def actions[ACT_COUNT] = {
        [ACT_NONE] = {"", "", 0, PERM_READ, 0, "", ""},
#define ACTION(sym, name, keys, cx, perm, rank, hint, effect) \
	[ACT_##sym] = {name, keys, (unsigned)(cx), perm, rank, hint, effect},
#include "keys/actions.def"
#undef ACTION
};

static const char *const context_names[] = {
        "queue",     "incident", "chat",     "plan",   "timeline", "evidence", "path",
        "log cover", "proposal", "approval", "report", "jobs",     "help",     "storm"};
static const char *const perm_names[] = {"read", "analyst", "lead", "admin"};

const char *perm_name(enum perm p)
{
	return perm_names[p];
}

const char *context_name(unsigned context)
{
	for (size_t i = 0; i < ARRAY_LEN(context_names); i++)
		if (context == 1u << i)
			return context_names[i];
	return "";
}

void keymap_default(struct keymap *m)
{
	memset(m, 0, sizeof(*m));
	for (int a = 1; a < ACT_COUNT; a++) {
		struct slice rest = slice_of(actions[a].keys), name;
		for (int i = 0; i < ACTION_KEYS_MAX && rest.n && slice_split(&rest, ' ', &name);
		     i++)
			if (!key_parse(name, &m->key[a][i]))
				m->key[a][i] = 0; /* the unit test of the table refuses this */
	}
}

enum action keymap_find(const struct keymap *m, unsigned context, uint32_t key)
{
	enum action best = ACT_NONE;

	for (int a = 1; a < ACT_COUNT; a++) {
		if (!(actions[a].contexts & context))
			continue;
		for (int i = 0; i < ACTION_KEYS_MAX; i++)
			if (m->key[a][i] == key && key &&
			    (best == ACT_NONE ||
			     __builtin_popcount(actions[a].contexts) <
			             __builtin_popcount(actions[best].contexts)))
				best = (enum action)a;
	}
	return best;
}

void keymap_shown(const struct keymap *m, enum action a, char out[24])
{
	out[0] = '\0';
	if (m->key[a][0])
		key_name(m->key[a][0], out);
}

static int find_action(const struct yaml_node *n, const char *name, struct err *e)
{
	const char *known[ACT_COUNT];
	const char *near;

	for (int a = 1; a < ACT_COUNT; a++) {
		if (!strcmp(actions[a].name, n->key))
			return a;
		known[a - 1] = actions[a].name;
	}
	known[ACT_COUNT - 1] = NULL;
	near = mw_did_you_mean(n->key, known);
	return err_set(e, ERR_INVALID, "%s:%d: there is no action \"%s\"%s%s%s", name, n->line,
	               n->key, near ? "; did you mean \"" : "", near ? near : "",
	               near ? "\"?" : "");
}

static int take_key(struct keymap *m, int a, int i, const struct yaml_node *n, const char *name,
                    struct err *e)
{
	if (i >= ACTION_KEYS_MAX)
		return err_set(e, ERR_LIMIT, "%s:%d: at most %d keys for one action", name, n->line,
		               ACTION_KEYS_MAX);
	if (!n->text || !key_parse(slice_of(n->text), &m->key[a][i]))
		return err_set(e, ERR_INVALID,
		               "%s:%d: \"%s\" is no key; write it as in Ctrl-P, PgDn, F5 or x",
		               name, n->line, n->text ? n->text : "");
	return 0;
}

static int clash(const struct keymap *m, int a, const char *name, int line, struct err *e)
{
	for (int b = 1; b < ACT_COUNT; b++)
		for (int i = 0; i < ACTION_KEYS_MAX; i++)
			for (int j = 0; j < ACTION_KEYS_MAX; j++) {
				char key[24];
				if (a == b || !m->key[a][i] || m->key[a][i] != m->key[b][j] ||
				    actions[a].contexts != actions[b].contexts)
					continue;
				key_name(m->key[a][i], key);
				return err_set(
				        e, ERR_CONFLICT,
				        "%s:%d: %s already does \"%s\"; give that one another key",
				        name, line, key, actions[b].name);
			}
	return 0;
}

int keymap_load(struct keymap *m, struct slice yaml, const char *name, struct err *e)
{
	struct yaml_doc d;
	int rc = yaml_parse(&d, yaml, name, e);

	if (rc)
		return rc;
	for (struct yaml_node *n = d.root ? d.root->child : NULL; n && !rc; n = n->next) {
		int a = find_action(n, name, e), i = 0;
		if (a < 0) {
			rc = -1;
			break;
		}
		memset(m->key[a], 0, sizeof(m->key[a]));
		if (n->kind == YAML_SCALAR)
			rc = take_key(m, a, 0, n, name, e);
		for (struct yaml_node *k = n->kind == YAML_SEQ ? n->child : NULL; k && !rc;
		     k = k->next)
			rc = take_key(m, a, i++, k, name, e);
		rc = rc ? rc : clash(m, a, name, n->line, e);
	}
	yaml_release(&d);
	return rc;
}

static int hint_width(const struct keymap *m, enum action a)
{
	char key[24];

	keymap_shown(m, a, key);
	return text_width(slice_of(key)) + 1 + text_width(slice_of(actions[a].hint)) + 2;
}

static bool hinted(unsigned context, enum action a, int rank)
{
	return (actions[a].contexts & context) && actions[a].rank == rank;
}

void keys_hints(const struct keymap *m, unsigned context, int columns,
                bool (*only)(void *ctx, enum action a), void *ctx, struct buf *out)
{
	int tail = hint_width(m, ACT_PALETTE) + hint_width(m, ACT_HELP), used = 0;
	char key[24];

	for (int rank = 1; rank < 100; rank++)
		for (int a = 1; a < ACT_COUNT; a++) {
			bool last = a == ACT_PALETTE || a == ACT_HELP;
			int w = hint_width(m, (enum action)a);
			if (!hinted(context, (enum action)a, rank) ||
			    (only && !only(ctx, (enum action)a)))
				continue;
			if (!m->key[a][0] || used + w - 2 + (last ? 0 : tail) > columns)
				continue;
			keymap_shown(m, (enum action)a, key);
			buf_printf(out, "%s%s %s", used ? "  " : "", key, actions[a].hint);
			used += w;
			tail -= last ? w : 0;
		}
}

static void roff_text(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '-' || *s == '\\')
			buf_ch(out, '\\');
		buf_ch(out, *s);
	}
}

void keys_man(struct buf *out)
{
	buf_str(out, ".SH KEYS\nSingle letters act while a list has the focus; in the input line "
	             "every letter is text.\n");
	for (int a = 1; a < ACT_COUNT; a++) {
		buf_str(out, ".TP\n.B ");
		roff_text(out, actions[a].keys[0] ? actions[a].keys : ":");
		if (!actions[a].keys[0])
			buf_printf(out, " %s", actions[a].name);
		buf_ch(out, '\n');
		roff_text(out, actions[a].effect);
		buf_printf(out, " (%s", actions[a].name);
		if (actions[a].perm != PERM_READ)
			buf_printf(out, "; needs role %s", perm_name(actions[a].perm));
		buf_str(out, ").\n");
	}
}

void keys_sample(struct buf *out)
{
	buf_str(out, "# Keys of the console: action: key, or action: [key, key]. Remove the # to "
	             "change one.\n");
	for (int a = 1; a < ACT_COUNT; a++) {
		struct slice rest = slice_of(actions[a].keys), key;
		buf_printf(out, "\n# %s\n#%s: [", actions[a].effect, actions[a].name);
		for (int i = 0; rest.n && slice_split(&rest, ' ', &key); i++)
			buf_printf(out, "%s\"%.*s\"", i ? ", " : "", (int)key.n, key.s);
		buf_str(out, "]\n");
	}
}
