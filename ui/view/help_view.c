/*
 * Help and palette, both made from the action table.
 */
#include "view/app.h"

#include "term/width.h"

/* --- help ----------------------------------------------------------------------------------------------------------------------------- */

static void help_line(struct app *a, struct view *v, enum action act)
{
	struct buf keys = BUF_INIT, text = BUF_INIT;
	const char *why;
	char name[24], head[24];

	for (int i = 0; i < ACTION_KEYS_MAX; i++)
		if (a->keymap.key[act][i]) {
			key_name(a->keymap.key[act][i], name);
			buf_printf(&keys, "%s%s", i ? " " : "", name);
		}
	snprintf(head, sizeof(head), " %-14.14s ", keys.len ? keys.s : ": palette");
	buf_printf(&text, "%s", actions[act].effect);
	if (!action_allowed(a, act, &why))
		buf_printf(&text, " (not now: %s)", why);
	if (v->find.len == 0 || mw_memimem(text.s, text.len, v->find.s, v->find.len) ||
	    mw_memimem(keys.s, keys.len, v->find.s, v->find.len)) {
		size_t from = doc_wrap(&v->doc, R_TEXT, head, 16, (struct slice){text.s, text.len});
		v->doc.lines.v[from].bar = 16;
		v->doc.lines.v[from].bar_role = R_KEY;
	}
	buf_release(&keys);
	buf_release(&text);
}

static void help_build(struct app *a, struct view *v)
{
	unsigned context = (unsigned)v->num[0];
	const struct view *under = app_view(a, (unsigned)v->num[1]);

	doc_printf(&v->doc, R_HEAD, "Keys on the screen \"%s\"", context_name(context));
	doc_printf(&v->doc, R_TEXT,
	           " Letters act on lists. In the input line all is text: Esc leaves it.");
	if (under && under->ops->digit)
		doc_printf(&v->doc, R_TEXT,
		           " 1 to 9         Run the question of that number; always a read");
	for (int act = 1; act < ACT_COUNT; act++)
		if (actions[act].contexts & context)
			help_line(a, v, (enum action)act);
	doc_printf(&v->doc, R_HEAD, "In the input line");
	doc_printf(&v->doc, R_TEXT, " Enter          Ask");
	doc_printf(&v->doc, R_TEXT,
	           " Alt-Enter      New line (so does Ctrl-J); a paste is one edit and is never "
	           "sent by itself");
	doc_printf(&v->doc, R_TEXT,
	           " Up Down        History of this case; all other keys are readline's, with your "
	           "inputrc");
}

static void find_changed(struct app *a, struct view *v, const char *text)
{
	(void)a;
	buf_reset(&v->find);
	buf_str(&v->find, text);
	view_dirty(v);
}

static bool help_act(struct app *a, struct view *v, enum action act)
{
	if (act == ACT_FILTER) {
		app_ask_line(a, v, "filter", v->find.s, find_changed);
		a->ask.changed = find_changed;
		return true;
	}
	if (act == ACT_HELP) {
		app_pop(a);
		return true;
	}
	return false;
}

static void help_crumb(struct app *a, struct view *v, struct buf *b)
{
	(void)a;
	buf_printf(b, "%zu lines   / filters", v->doc.lines.n);
}

const struct view_ops help_ops = {.name = "help",
                                  .context = CX_HELP,
                                  .build = help_build,
                                  .act = help_act,
                                  .crumb = help_crumb,
                                  .no_input = true};

void open_help(struct app *a)
{
	struct view *under = app_top(a), *v;
	unsigned context = a->focus == FOCUS_QUEUE ? CX_QUEUE : under->ops->context,
	         serial = under->serial;

	v = app_push(a, &help_ops, under->incident);
	v->num[0] = context;
	v->num[1] = serial;
}

/* --- palette -------------------------------------------------------------------------------------------------------------------------- */

static int recent[8];

static void ran(struct app *a, struct view *v, int id)
{
	(void)v;
	memmove(&recent[1], &recent[0], sizeof(recent) - sizeof(recent[0]));
	recent[0] = id;
	app_action(a, (enum action)id);
}

static void add(struct app *a, enum action act)
{
	struct view *v = app_active(a);
	char label[160], key[24];
	const char *why;

	if (!action_allowed(a, act, &why))
		;
	else if (!(actions[act].contexts & v->ops->context))
		why = "not on this screen";
	else if (v->ops->can && !v->ops->can(a, v, act))
		why = "nothing is selected";
	snprintf(label, sizeof(label), "%-15s %s", actions[act].name, actions[act].effect);
	keymap_shown(&a->keymap, act, key);
	menu_add(&a->menu, act, label, key, why);
}

void open_palette(struct app *a)
{
	bool added[ACT_COUNT] = {false};

	app_menu(a, app_active(a), "Palette: every action by name", false, ran);
	for (size_t i = 0; i < ARRAY_LEN(recent); i++)
		if (recent[i] && !added[recent[i]]) {
			add(a, (enum action)recent[i]);
			added[recent[i]] = true;
		}
	for (int act = 1; act < ACT_COUNT; act++)
		if (!added[act])
			add(a, (enum action)act);
	menu_ready(&a->menu);
}

/* --- plain text -------------------------------------------------------------------------------------------------------------------------- */

static void text_build(struct app *a, struct view *v)
{
	struct slice rest = slice_of(v->text), line;

	(void)a;
	while (slice_split(&rest, '\n', &line))
		doc_wrap(&v->doc, R_TEXT, "", 0, line);
}

/* Without frame and rows of our own, so that the terminal selects just the text. */
static void text_draw(struct app *a, struct view *v, struct rect r, bool focus)
{
	struct rect whole = {0, 0, a->screen.h, a->screen.w};

	(void)r;
	(void)focus;
	view_prepare(a, v, whole.w, whole.h);
	surf_fill(&a->screen, whole, app_theme(a)->role[R_TEXT]);
	doc_draw(&v->doc, &v->pos, &a->screen, whole, app_theme(a),
	         (struct slice){v->find.s, v->find.len}, false);
}

const struct view_ops text_ops = {.name = "text",
                                  .context = CX_HELP,
                                  .build = text_build,
                                  .draw = text_draw,
                                  .no_input = true};

void open_text(struct app *a, const char *title, const char *text)
{
	char *copy = xstrdup(text);
	struct view *v = app_push(a, &text_ops, app_top(a)->incident);

	v->text = copy;
	snprintf(v->title, sizeof(v->title), "%s", title);
}
