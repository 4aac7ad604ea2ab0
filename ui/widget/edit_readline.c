#include "widget/edit.h"

#include <readline/history.h>
#include <readline/readline.h>

#include "base/mem.h"

static struct {
	struct buf feed;
	const struct edit_hooks *hooks;
	FILE *null_in, *null_out;
} rl = {.feed = BUF_INIT};

static int feed_getc(FILE *unused)
{
	int c;

	(void)unused;
	if (!rl.feed.len)
		return EOF;
	c = (unsigned char)rl.feed.s[0];
	buf_consume(&rl.feed, 1);
	return c;
}

static int feed_waiting(void)
{
	return rl.feed.len > 0;
}

static void draw_nothing(void)
{
}

static void on_line(char *line)
{
	if (line && *line)
		add_history(line);
	rl.hooks->line(line);
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
	rl.hooks->editor();
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
	rl.hooks->complete(rl_line_buffer, text, add_word);
	found = rl_completion_matches(text, generate);
	for (size_t i = 0; i < words.n; i++)
		free(words.v[i]);
	vec_free(&words);
	if (!found)
		rl.hooks->nothing();
	return found;
}

static void show_choices(char **matches, int n, int longest)
{
	(void)longest;
	for (int i = 1; i <= n; i++)
		rl.hooks->choice(matches[i]);
}

/* --- life ----------------------------------------------------------------------------------------------------------- */

static void set_up_library(void)
{
	rl.null_in = fopen("/dev/null", "re");
	rl.null_out = fopen("/dev/null", "we");
	rl_readline_name = "midwatch";
	rl_terminal_name = "dumb"; /* it draws nothing, so it must not send anything either */
	rl_instream = rl.null_in;
	rl_outstream = rl.null_out;
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

void edit_open(const struct edit_hooks *hooks)
{
	rl.hooks = hooks;
	set_up_library();
	using_history();
	stifle_history(EDIT_HISTORY_MAX);
	rl_callback_handler_install("", on_line);
	override_inputrc();
}

void edit_close(void)
{
	rl_callback_handler_remove();
	clear_history();
	buf_release(&rl.feed);
	fclose(rl.null_in);
	fclose(rl.null_out);
}

/* --- the line -------------------------------------------------------------------------------------------------------- */

void edit_feed(struct slice keys)
{
	buf_add(&rl.feed, keys.s, keys.n);
	while (rl.feed.len)
		rl_callback_read_char();
}

void edit_insert(const char *text)
{
	rl_begin_undo_group();
	rl_insert_text(text);
	rl_end_undo_group();
}

void edit_set(const char *text)
{
	rl_replace_line(text, 1);
	rl_point = rl_end;
}

const char *edit_text(void)
{
	return rl_line_buffer ? rl_line_buffer : "";
}

size_t edit_at(void)
{
	return (size_t)rl_point;
}

const char *edit_prompt(void)
{
	return RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH | RL_STATE_NUMERICARG)
	               ? rl_display_prompt
	               : NULL;
}

bool edit_wants_escape(void)
{
	return rl_editing_mode == 0 && rl_get_keymap() == vi_insertion_keymap;
}

/* --- histories ------------------------------------------------------------------------------------------------------- */

void edit_history_leave(void **slot)
{
	free(*slot); /* the struct only: its entries are the live ones */
	*slot = history_get_history_state();
}

void edit_history_enter(void *slot)
{
	HISTORY_STATE empty = {0};

	history_set_history_state(slot ? slot : &empty);
	using_history();
	stifle_history(EDIT_HISTORY_MAX);
}

void edit_history_add(const char *line)
{
	add_history(line);
}

void edit_history_free(void *slot)
{
	HISTORY_STATE *h = slot;

	for (int i = 0; h && i < h->length; i++)
		free_history_entry(h->entries[i]);
	if (h)
		free(h->entries);
	free(h);
}
