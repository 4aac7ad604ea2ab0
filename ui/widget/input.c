#include "widget/input.h"

#include <readline/history.h>
#include <readline/readline.h>

#include "base/map.h"
#include "base/mem.h"
#include "term/width.h"

#define HISTORY_MAX 500

struct context {
	HISTORY_STATE *history;
	char *draft;
};
static struct {
	struct buf feed;
	char *submitted;
	char *context;
	struct map contexts; /* name -> struct context * */
	struct buf choices;
	input_complete_fn complete;
	void *ctx;
	FILE *null_in, *null_out;
	bool rang, editor;
} in = {.feed = BUF_INIT, .choices = BUF_INIT};

static int feed_getc(FILE *unused)
{
	int c;

	(void)unused;
	if (!in.feed.len)
		return EOF;
	c = (unsigned char)in.feed.s[0];
	buf_consume(&in.feed, 1);
	return c;
}

static int feed_waiting(void)
{
	return in.feed.len > 0;
}

static void draw_nothing(void)
{
}

static void on_line(char *line)
{
	free(in.submitted);
	in.submitted = line;
	if (line && *line)
		add_history(line);
}

static int insert_newline(int count, int key)
{
	(void)count;
	(void)key;
	return rl_insert_text("\n") < 0;
}

static int call_editor(int count, int key)
{
	(void)count;
	(void)key;
	in.editor = true;
	return 0;
}

/* --- completion ----------------------------------------------------------------------------------------------------- */

static VEC(char *) words;
static size_t next_word;

static void add_word(const char *word)
{
	*vec_push(&words) = xstrdup(word);
}

static char *generate(const char *text, int state)
{
	(void)text;
	if (!state)
		next_word = 0;
	return next_word < words.n ? xstrdup(words.v[next_word++]) : NULL;
}

static char **attempt(const char *text, int start, int end)
{
	char **found;

	(void)start;
	(void)end;
	rl_attempted_completion_over = 1; /* never file names */
	in.complete(in.ctx, rl_line_buffer, text, add_word);
	found = rl_completion_matches(text, generate);
	for (size_t i = 0; i < words.n; i++)
		free(words.v[i]);
	vec_free(&words);
	in.rang |= !found;
	return found;
}

static void show_choices(char **matches, int n, int longest)
{
	(void)longest;
	for (int i = 1; i <= n; i++) {
		buf_str(&in.choices, i > 1 ? "  " : "");
		buf_str(&in.choices, matches[i]);
	}
}

/* --- life ----------------------------------------------------------------------------------------------------------- */

static void set_up_library(void)
{
	in.null_in = fopen("/dev/null", "re");
	in.null_out = fopen("/dev/null", "we");
	rl_readline_name = "midwatch";
	rl_terminal_name = "dumb"; /* it draws nothing, so it must not send anything either */
	rl_instream = in.null_in;
	rl_outstream = in.null_out;
	rl_getc_function = feed_getc;
	rl_input_available_hook = feed_waiting;
	rl_redisplay_function = draw_nothing;
	rl_prep_term_function = NULL;
	rl_deprep_term_function = NULL;
	rl_catch_signals = 0;
	rl_catch_sigwinch = 0;
	rl_change_environment = 0;
	rl_attempted_completion_function = attempt;
	rl_completion_display_matches_hook = show_choices;
}

/* After the user's inputrc, since these would break the screen. */
static void override_inputrc(void)
{
	static const char *const fixed[][2] = {{"bell-style", "none"},
	                                       {"enable-bracketed-paste", "off"},
	                                       {"blink-matching-paren", "off"},
	                                       {"completion-query-items", "-1"},
	                                       {"page-completions", "off"},
	                                       {"show-all-if-ambiguous", "on"},
	                                       {"echo-control-characters", "off"}};
	Keymap maps[] = {emacs_standard_keymap, vi_insertion_keymap};

	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		rl_variable_bind(fixed[i][0], fixed[i][1]);
	for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
		rl_bind_key_in_map('\n', insert_newline, maps[i]);
		rl_bind_keyseq_in_map("\\e\\C-m", insert_newline, maps[i]);
		rl_bind_keyseq_in_map("\\C-x\\C-e", call_editor, maps[i]);
	}
}

void input_open(input_complete_fn complete, void *ctx)
{
	in.complete = complete;
	in.ctx = ctx;
	in.context = xstrdup("");
	set_up_library();
	using_history();
	stifle_history(HISTORY_MAX);
	rl_callback_handler_install("", on_line);
	override_inputrc();
}

static void free_history(HISTORY_STATE *h)
{
	for (int i = 0; h && i < h->length; i++)
		free_history_entry(h->entries[i]);
	if (h)
		free(h->entries);
	free(h);
}

void input_close(void)
{
	rl_callback_handler_remove();
	clear_history();
	for (size_t i = 0; i < in.contexts.n; i++) {
		struct context *c = in.contexts.entries[i].val.p;
		if (strcmp(in.contexts.entries[i].key, in.context) != 0)
			free_history(c->history);
		free(c->draft);
		free(c);
	}
	map_release(&in.contexts);
	buf_release(&in.feed);
	buf_release(&in.choices);
	free(in.submitted);
	free(in.context);
	in.submitted = in.context = NULL;
	fclose(in.null_in);
	fclose(in.null_out);
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
	HISTORY_STATE empty = {0};

	if (!strcmp(context, in.context))
		return;
	old = context_of(in.context);
	free(old->draft);
	free(old->history); /* the struct only: its entries are the live ones */
	old->draft = xstrdup(rl_line_buffer);
	old->history = history_get_history_state();
	new = context_of(context);
	history_set_history_state(new->history ? new->history : &empty);
	using_history();
	stifle_history(HISTORY_MAX);
	free(in.context);
	in.context = xstrdup(context);
	input_set(new->draft ? new->draft : "");
}

/* --- keys ----------------------------------------------------------------------------------------------------------- */

bool input_wants_escape(void)
{
	return rl_editing_mode == 0 && rl_get_keymap() == vi_insertion_keymap;
}

static void paste(struct slice text)
{
	struct buf b = BUF_INIT;

	buf_add(&b, text.s, text.n);
	rl_begin_undo_group();
	rl_insert_text(b.s);
	rl_end_undo_group();
	buf_release(&b);
}

enum input_result input_key(const struct key *k)
{
	buf_reset(&in.choices);
	if (k->code == KEY_PASTE) {
		paste(k->text);
		return INPUT_TAKEN;
	}
	if (!k->raw.n || k->code == KEY_UNKNOWN || (k->code == (KEY_CTRL | 'd') && !rl_end))
		return INPUT_PASSED;
	buf_add(&in.feed, k->raw.s, k->raw.n);
	while (in.feed.len)
		rl_callback_read_char();
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
	return rl_line_buffer ? rl_line_buffer : "";
}

size_t input_at(void)
{
	return (size_t)rl_point;
}

void input_set(const char *text)
{
	rl_replace_line(text, 1);
	rl_point = rl_end;
}

void input_remember(const char *line)
{
	add_history(line);
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
	return RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH | RL_STATE_NUMERICARG) &&
	                       rl_display_prompt
	               ? rl_display_prompt
	               : prompt;
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
		if (i == (size_t)rl_point)
			cursor = at;
		if (t[i] != '\n' && at.x + w > r.w)
			at = (struct place){at.y + 1, indent};
		if (i == (size_t)rl_point && t[i] != '\n')
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
	if ((size_t)rl_point >= n)
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
