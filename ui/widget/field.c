#include "widget/field.h"

#include "base/escape.h"
#include "base/mem.h"
#include "term/width.h"

void field_init(struct field *f)
{
	*f = (struct field){.text = BUF_INIT};
	f->text.max = FIELD_MAX;
}

void field_release(struct field *f)
{
	buf_release(&f->text);
}

void field_set(struct field *f, const char *text)
{
	buf_reset(&f->text);
	buf_str(&f->text, text);
	f->at = f->text.len;
}

static size_t step_left(const struct field *f)
{
	size_t at = f->at;

	while (at > 0 && ((unsigned char)f->text.s[--at] & 0xc0) == 0x80)
		;
	return at;
}

static size_t step_right(const struct field *f)
{
	return f->at < f->text.len ? f->at + grapheme_first((struct slice){f->text.s + f->at,
	                                                                   f->text.len - f->at})
	                                             .len
	                           : f->at;
}

static size_t word_left(const struct field *f)
{
	size_t at = f->at;

	while (at > 0 && f->text.s[at - 1] == ' ')
		at--;
	while (at > 0 && f->text.s[at - 1] != ' ')
		at--;
	return at;
}

static void cut(struct field *f, size_t from, size_t to)
{
	if (to <= from)
		return;
	memmove(f->text.s + from, f->text.s + to, f->text.len - to);
	buf_truncate(&f->text, f->text.len - (to - from));
	f->at = from;
}

static void insert(struct field *f, struct slice s)
{
	char *tail;
	size_t n = f->text.len - f->at;

	if (f->text.len + s.n > FIELD_MAX)
		return;
	tail = xstrndup(f->text.len ? f->text.s + f->at : "", n);
	buf_truncate(&f->text, f->at);
	for (size_t i = 0; i < s.n; i++)
		buf_ch(&f->text, s.s[i] == '\n' ? ' ' : s.s[i]);
	f->at = f->text.len;
	buf_add(&f->text, tail, n);
	free(tail);
}

static bool move_key(struct field *f, uint32_t code)
{
	switch (code) {
	case KEY_LEFT:
	case KEY_CTRL | 'b':
		f->at = step_left(f);
		return true;
	case KEY_RIGHT:
	case KEY_CTRL | 'f':
		f->at = step_right(f);
		return true;
	case KEY_HOME:
	case KEY_CTRL | 'a':
		f->at = 0;
		return true;
	case KEY_END:
	case KEY_CTRL | 'e':
		f->at = f->text.len;
		return true;
	default:
		return false;
	}
}

static bool cut_key(struct field *f, uint32_t code)
{
	switch (code) {
	case KEY_BACKSPACE:
	case KEY_CTRL | 'h':
		cut(f, step_left(f), f->at);
		return true;
	case KEY_DEL:
	case KEY_CTRL | 'd':
		cut(f, f->at, step_right(f));
		return true;
	case KEY_CTRL | 'u':
		cut(f, 0, f->at);
		return true;
	case KEY_CTRL | 'k':
		buf_truncate(&f->text, f->at);
		return true;
	case KEY_CTRL | 'w':
		cut(f, word_left(f), f->at);
		return true;
	default:
		return false;
	}
}

bool field_key(struct field *f, const struct key *k)
{
	if (k->code == KEY_PASTE) {
		if (!f->no_paste)
			insert(f, k->text);
		return true;
	}
	if (key_printable(k)) {
		insert(f, k->raw);
		return true;
	}
	return move_key(f, k->code) || cut_key(f, k->code);
}

void field_draw(const struct field *f, struct surface *s, int y, int x, int width, style_t st,
                bool focus)
{
	size_t from = 0;
	struct slice before = {f->text.s, f->at};

	while (text_width(before) >= width && before.n) { /* scrolls by quarters */
		size_t skip = text_prefix(before, width / 4 + 1, NULL);
		from += skip;
		before = (struct slice){f->text.s + from, f->at - from};
	}
	surf_text(s, y, x, width, st, (struct slice){f->text.s + from, f->text.len - from});
	if (focus) {
		s->cur_y = y;
		s->cur_x = x + text_width(before);
	}
}
