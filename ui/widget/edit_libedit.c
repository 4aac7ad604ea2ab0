#include "widget/edit.h"

#include <fcntl.h>
#include <histedit.h>
#include <unistd.h>
#include <wchar.h>

#include "base/escape.h"
#include "base/mem.h"

#define UNDO_MAX 200

static struct {
	EditLine *el;
	History *history;
	struct buf feed, text;
	const struct edit_hooks *hooks;
	FILE *nothing;
	bool entered;      /* the keys being fed ended a line */
	int master, slave; /* libedit edits only where a terminal is: one that nobody looks at */
	VEC(char *) undo;  /* lines as they were, newest last */
} le = {.feed = BUF_INIT, .text = BUF_INIT};

static int feed_getc(EditLine *el, wchar_t *out)
{
	uint32_t cp = 0;
	size_t n;

	(void)el;
	if (!le.feed.len)
		return 0;
	n = utf8_decode(le.feed.s, le.feed.len, &cp);
	*out = n ? (wchar_t)cp : (wchar_t)(unsigned char)le.feed.s[0];
	buf_consume(&le.feed, n ? n : 1);
	return 1;
}

static char *no_prompt(EditLine *el)
{
	static char none[] = "";

	(void)el;
	return none;
}

/* A line of its own for the next question. */
static void fresh_line(void)
{
	for (size_t i = 0; i < le.undo.n; i++)
		free(le.undo.v[i]);
	le.undo.n = 0;
	el_set(le.el, EL_UNBUFFERED, 0);
	el_set(le.el, EL_UNBUFFERED, 1);
}

static void put_back(const char *text)
{
	const LineInfoW *li = el_wline(le.el);

	el_cursor(le.el, (int)(li->lastchar - li->cursor));
	el_deletestr(le.el, (int)(li->lastchar - li->buffer));
	if (*text && el_insertstr(le.el, text))
		le.hooks->nothing();
}

/* --- functions that keys are bound to ------------------------------------------------------------------------------- */

static unsigned char on_enter(EditLine *el, wint_t c)
{
	char *line = xstrdup(edit_text());

	(void)el;
	(void)c;
	le.entered = true;
	if (*line)
		edit_history_add(line);
	fresh_line();
	le.hooks->line(line);
	return CC_NORM;
}

static unsigned char on_newline(EditLine *el, wint_t c)
{
	(void)c;
	return el_insertstr(el, "\n") ? CC_ERROR : CC_REFRESH;
}

static unsigned char on_editor(EditLine *el, wint_t c)
{
	(void)el;
	(void)c;
	le.hooks->editor();
	return CC_NORM;
}

static unsigned char on_undo(EditLine *el, wint_t c)
{
	char *line;

	(void)el;
	(void)c;
	if (!le.undo.n)
		return CC_ERROR;
	line = le.undo.v[--le.undo.n];
	put_back(line);
	free(line);
	return CC_REFRESH;
}

static VEC(char *) words;

static void add_word(const char *word)
{
	*vec_push(&words) = xstrdup(word);
}

/* libedit counts characters, the rest of the house bytes. */
static size_t mbs_length(const char *s)
{
	size_t n = mbstowcs(NULL, s, 0);
	return n == (size_t)-1 ? strlen(s) : n;
}

static size_t common_prefix(void)
{
	size_t n = strlen(words.v[0]);

	for (size_t i = 1; i < words.n; i++)
		while (n && strncasecmp(words.v[0], words.v[i], n) != 0)
			n--;
	return n;
}

static unsigned char on_complete(EditLine *el, wint_t c)
{
	struct buf word = BUF_INIT;
	const char *text = edit_text();
	size_t at = edit_at(), from = at;

	(void)c;
	while (from > 0 && !strchr(" \t\n\"'", text[from - 1]))
		from--;
	buf_add(&word, text + from, at - from);
	le.hooks->complete(text, word.s, add_word);
	if (!words.n)
		le.hooks->nothing();
	for (size_t i = 0; i < words.n && words.n > 1; i++)
		le.hooks->choice(words.v[i]);
	if (words.n && common_prefix() >= word.len) {
		words.v[0][common_prefix()] = '\0';
		el_deletestr(el, (int)mbs_length(word.s));
		el_insertstr(el, words.v[0]);
		if (words.n == 1)
			el_insertstr(el, " ");
	}
	for (size_t i = 0; i < words.n; i++)
		free(words.v[i]);
	vec_free(&words);
	buf_release(&word);
	return CC_REFRESH;
}

/* --- keys -------------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *keys, *function;
} bound[] = {{"^M", "mw-enter"},
             {"^J", "mw-newline"},
             {"\\e^M", "mw-newline"},
             {"^X^E", "mw-editor"},
             {"^_", "mw-undo"},
             {"^I", "mw-complete"},
             {"^R", "ed-search-prev-history"},
             {"\\e[A", "ed-prev-history"},
             {"\\e[B", "ed-next-history"},
             {"\\e[C", "ed-next-char"},
             {"\\e[D", "ed-prev-char"},
             {"\\eOA", "ed-prev-history"},
             {"\\eOB", "ed-next-history"},
             {"\\eOC", "ed-next-char"},
             {"\\eOD", "ed-prev-char"},
             {"\\e[H", "ed-move-to-beg"},
             {"\\e[F", "ed-move-to-end"},
             {"\\eOH", "ed-move-to-beg"},
             {"\\eOF", "ed-move-to-end"},
             {"\\e[1~", "ed-move-to-beg"},
             {"\\e[4~", "ed-move-to-end"},
             {"\\e[3~", "ed-delete-next-char"},
             {"\\e[1;5C", "em-next-word"},
             {"\\e[1;5D", "ed-prev-word"}};

static void bind_keys(void)
{
	el_set(le.el, EL_ADDFN, "mw-enter", "Ask", on_enter);
	el_set(le.el, EL_ADDFN, "mw-newline", "A new line in the text", on_newline);
	el_set(le.el, EL_ADDFN, "mw-editor", "Edit in $EDITOR", on_editor);
	el_set(le.el, EL_ADDFN, "mw-undo", "Take the last edit back", on_undo);
	el_set(le.el, EL_ADDFN, "mw-complete", "Complete the word", on_complete);
	for (size_t i = 0; i < ARRAY_LEN(bound); i++)
		el_set(le.el, EL_BIND, bound[i].keys, bound[i].function, NULL);
}

/* A function key that nothing is bound to would end as text in the line. */
static bool known_key(struct slice keys)
{
	if (keys.n < 3 || keys.s[0] != '\033' || (keys.s[1] != '[' && keys.s[1] != 'O'))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(bound); i++)
		if (!strncmp(bound[i].keys, "\\e", 2) && strlen(bound[i].keys) == keys.n + 1 &&
		    !memcmp(bound[i].keys + 2, keys.s + 1, keys.n - 1))
			return true;
	return false;
}

/* --- life -------------------------------------------------------------------------------------------------------------- */

static History *new_history(void)
{
	HistEvent ev;
	History *h = history_init();

	history(h, &ev, H_SETSIZE, EDIT_HISTORY_MAX);
	return h;
}

void edit_open(const struct edit_hooks *hooks)
{
	le.hooks = hooks;
	le.nothing = fopen("/dev/null", "r+e");
	le.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (le.master < 0 || grantpt(le.master) || unlockpt(le.master))
		le.slave = -1;
	else
		le.slave = open(ptsname(le.master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	le.el = el_init_fd("midwatch", le.nothing, le.nothing, le.nothing, le.slave, le.slave,
	                   le.slave);
	el_set(le.el, EL_TERMINAL, "dumb");
	el_set(le.el, EL_SIGNAL, 0);
	el_set(le.el, EL_EDITOR, "emacs");
	el_set(le.el, EL_PROMPT, no_prompt);
	el_set(le.el, EL_GETCFN, feed_getc);
	(void)el_source(le.el, NULL); /* the user's own, if there is one */
	bind_keys();
	le.history = new_history();
	el_set(le.el, EL_HIST, history, le.history);
	el_set(le.el, EL_UNBUFFERED, 1);
}

void edit_close(void)
{
	fresh_line();
	vec_free(&le.undo);
	el_end(le.el);
	history_end(le.history);
	fclose(le.nothing);
	close(le.slave);
	close(le.master);
	buf_release(&le.feed);
	buf_release(&le.text);
	le.el = NULL;
}

/* --- the line ---------------------------------------------------------------------------------------------------------- */

static void remember(char *before)
{
	if (!strcmp(before, edit_text()) || le.undo.n == UNDO_MAX)
		free(before);
	else
		*vec_push(&le.undo) = before;
}

void edit_feed(struct slice keys)
{
	char *before;
	size_t depth = le.undo.n;
	int n;

	if (!known_key(keys))
		return;
	before = xstrdup(edit_text());
	le.entered = false;
	buf_add(&le.feed, keys.s, keys.n);
	while (le.feed.len)
		(void)el_gets(le.el, &n);
	if (le.undo.n < depth || le.entered) /* it was an undo, or a new line has begun */
		free(before);
	else
		remember(before);
}

void edit_insert(const char *text)
{
	char *before = xstrdup(edit_text());

	if (el_insertstr(le.el, text))
		le.hooks->nothing();
	remember(before);
}

void edit_set(const char *text)
{
	put_back(text);
}

const char *edit_text(void)
{
	const LineInfo *li = el_line(le.el);

	buf_reset(&le.text);
	buf_add(&le.text, li->buffer, (size_t)(li->lastchar - li->buffer));
	return le.text.s;
}

size_t edit_at(void)
{
	const LineInfo *li = el_line(le.el);

	return (size_t)(li->cursor - li->buffer);
}

const char *edit_prompt(void)
{
	return NULL;
}

bool edit_wants_escape(void)
{
	const char *mode = "";

	return !el_get(le.el, EL_EDITOR, &mode) && !strcmp(mode, "vi");
}

/* --- histories --------------------------------------------------------------------------------------------------------- */

void edit_history_leave(void **slot)
{
	*slot = le.history;
}

void edit_history_enter(void *slot)
{
	le.history = slot ? slot : new_history();
	el_set(le.el, EL_HIST, history, le.history);
}

void edit_history_add(const char *line)
{
	HistEvent ev;

	history(le.history, &ev, H_ENTER, line);
}

void edit_history_free(void *slot)
{
	if (slot)
		history_end(slot);
}
