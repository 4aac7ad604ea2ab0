#include "widget/input.h"

#include "base/map.h"
#include "base/mem.h"
#include "term/width.h"
#include "widget/edit.h"

struct context {
	void *history;
	char *draft;
};
static struct {
	char *submitted;
	char *context;
	struct map contexts; /* name -> struct context * */
	struct buf choices;
	input_complete_fn complete;
	void *ctx;
	bool rang, editor;
} in = {.choices = BUF_INIT};

static void on_line(char *line)
{
	free(in.submitted);
	in.submitted = line;
}

static void on_editor(void)
{
	in.editor = true;
}

static void on_nothing(void)
{
	in.rang = true;
}

static void on_complete(const char *line, const char *word, void (*add)(const char *word))
{
	in.complete(in.ctx, line, word, add);
}

static void on_choice(const char *word)
{
	buf_printf(&in.choices, "%s%s", in.choices.len ? "  " : "", word);
}

/* --- life ----------------------------------------------------------------------------------------------------------- */

void input_open(input_complete_fn complete, void *ctx)
{
	static const struct edit_hooks hooks = {on_line, on_editor, on_nothing, on_complete,
	                                        on_choice};

	in.complete = complete;
	in.ctx = ctx;
	in.context = xstrdup("");
	edit_open(&hooks);
}

void input_close(void)
{
	edit_close();
	for (size_t i = 0; i < in.contexts.n; i++) {
		struct context *c = in.contexts.entries[i].val.p;
		if (strcmp(in.contexts.entries[i].key, in.context) != 0)
			edit_history_free(c->history);
		free(c->draft);
		free(c);
	}
	map_release(&in.contexts);
	buf_release(&in.choices);
	free(in.submitted);
	free(in.context);
	in.submitted = in.context = NULL;
}

static struct context *context_of(const char *name)
{
	bool added;
	struct map_entry *e = map_put_str(&in.contexts, name, &added);

	if (added)
		e->val.p = xcalloc(1, sizeof(struct context));
	return e->val.p;
}

void input_switch(const char *context)
{
	struct context *old, *new;

	if (!strcmp(context, in.context))
		return;
	old = context_of(in.context);
	free(old->draft);
	old->draft = xstrdup(edit_text());
	edit_history_leave(&old->history);
	new = context_of(context);
	edit_history_enter(new->history);
	free(in.context);
	in.context = xstrdup(context);
	edit_set(new->draft ? new->draft : "");
}

/* --- keys ----------------------------------------------------------------------------------------------------------- */

bool input_wants_escape(void)
{
	return edit_wants_escape();
}

static void paste(struct slice text)
{
	struct buf b = BUF_INIT;

	buf_add(&b, text.s, text.n);
	edit_insert(b.s);
	buf_release(&b);
}

enum input_result input_key(const struct key *k)
{
	buf_reset(&in.choices);
	if (k->code == KEY_PASTE) {
		paste(k->text);
		return INPUT_TAKEN;
	}
	if (!k->raw.n || k->code == KEY_UNKNOWN || (k->code == (KEY_CTRL | 'd') && !*edit_text()))
		return INPUT_PASSED;
	edit_feed(k->raw);
	return in.submitted ? INPUT_SUBMIT : INPUT_TAKEN;
}

char *input_take(void)
{
	char *line = in.submitted;

	in.submitted = NULL;
	return line;
}

const char *input_text(void)
{
	return edit_text();
}

size_t input_at(void)
{
	return edit_at();
}

void input_set(const char *text)
{
	edit_set(text);
}

void input_remember(const char *line)
{
	edit_history_add(line);
}

bool input_wants_editor(void)
{
	bool wanted = in.editor;

	in.editor = false;
	return wanted;
}

bool input_rang(void)
{
	bool rang = in.rang;

	in.rang = false;
	return rang;
}

const char *input_choices(void)
{
	return in.choices.s;
}

/* --- drawing -------------------------------------------------------------------------------------------------------- */

static const char *prompt_now(const char *prompt)
{
	return edit_prompt() ? edit_prompt() : prompt;
}

struct place {
	int y, x;
};

/* Walks the text as it is laid out; draws it where `s` is given, rows from `skip` on. Returns the place of the cursor and
 * the last row through *last. */
static struct place walk(struct surface *s, struct rect r, int indent, int skip, style_t st,
                         int *last)
{
	struct place at = {0, indent}, cursor = {0, indent};
	const char *t = input_text();
	size_t n = strlen(t), i = 0;

	while (i < n) {
		struct grapheme g = grapheme_first((struct slice){t + i, n - i});
		int w = (unsigned char)t[i] < 0x20 ? 4 : g.width;
		if (i == edit_at())
			cursor = at;
		if (t[i] != '\n' && at.x + w > r.w)
			at = (struct place){at.y + 1, indent};
		if (i == edit_at() && t[i] != '\n')
			cursor = at;
		if (t[i] == '\n')
			at = (struct place){at.y + 1, indent};
		else if (s && at.y >= skip && at.y - skip < r.h)
			at.x += surf_text(s, r.y + at.y - skip, r.x + at.x, r.w - at.x, st,
			                  (struct slice){t + i, g.len});
		else
			at.x += w;
		i += g.len;
	}
	if (at.x >= r.w)
		at = (struct place){at.y + 1, indent};
	if (edit_at() >= n)
		cursor = at;
	*last = at.y;
	return cursor;
}

int input_rows(const char *prompt, int width, int max)
{
	int last;

	walk(NULL, (struct rect){0, 0, 1, width}, text_width(slice_of(prompt_now(prompt))), 0,
	     STYLE_PLAIN, &last);
	return last + 1 > max ? max : last + 1;
}

void input_draw(struct surface *s, struct rect r, const char *prompt, style_t prompt_style,
                style_t st, bool focus)
{
	const char *shown = prompt_now(prompt);
	int indent = text_width(slice_of(shown)), last, skip;
	struct place cursor = walk(NULL, r, indent, 0, st, &last);

	skip = cursor.y >= r.h ? cursor.y - r.h + 1 : 0;
	surf_text(s, r.y, r.x, r.w, prompt_style, slice_of(shown));
	walk(s, r, indent, skip, st, &last);
	if (focus) {
		s->cur_y = r.y + cursor.y - skip;
		s->cur_x = r.x + cursor.x;
	}
}
