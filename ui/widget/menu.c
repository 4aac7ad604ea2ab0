#include "widget/menu.h"

#include "term/width.h"
#include "widget/text.h"

void menu_open(struct menu *m, const char *title, bool digits)
{
	menu_close(m);
	*m = (struct menu){.title = xstrdup(title), .digits = digits, .open = true};
	field_init(&m->filter);
}

void menu_close(struct menu *m)
{
	if (!m->open)
		return;
	for (size_t i = 0; i < m->items.n; i++) {
		free(m->items.v[i].label);
		free(m->items.v[i].key);
		free(m->items.v[i].why_not);
	}
	vec_free(&m->items);
	vec_free(&m->shown);
	field_release(&m->filter);
	free(m->title);
	m->open = false;
}

void menu_add(struct menu *m, int id, const char *label, const char *key, const char *why_not)
{
	*vec_push(&m->items) = (struct menu_item){.label = xstrdup(label),
	                                          .key = xstrdup(key ? key : ""),
	                                          .why_not = why_not ? xstrdup(why_not) : NULL,
	                                          .id = id};
}

static const struct menu *sorting;

static int by_score(const void *a, const void *b)
{
	const size_t *x = a, *y = b;
	int d = sorting->items.v[*y].score - sorting->items.v[*x].score;
	return d ? d : *x < *y ? -1 : *x > *y;
}

void menu_ready(struct menu *m)
{
	struct slice f = {m->filter.text.s, m->filter.text.len};

	m->shown.n = 0;
	for (size_t i = 0; i < m->items.n; i++) {
		m->items.v[i].score = f.n ? fuzzy_match(f, slice_of(m->items.v[i].label)) : 0;
		if (m->items.v[i].score >= 0)
			*vec_push(&m->shown) = i;
	}
	sorting = m;
	if (m->shown.n)
		qsort(m->shown.v, m->shown.n, sizeof(*m->shown.v), by_score);
	m->sel = m->top = 0;
}

static int choose(struct menu *m, size_t at, const char **why)
{
	const struct menu_item *it;

	if (at >= m->shown.n)
		return MENU_NOTHING;
	it = &m->items.v[m->shown.v[at]];
	*why = it->why_not;
	return it->why_not ? MENU_NOTHING : it->id;
}

static bool move(struct menu *m, uint32_t code)
{
	long by = code == KEY_DOWN || code == (KEY_CTRL | 'n') || code == KEY_TAB     ? 1
	          : code == KEY_UP || code == (KEY_CTRL | 'p') || code == KEY_BACKTAB ? -1
	          : code == KEY_PGDN                                                  ? 10
	          : code == KEY_PGUP                                                  ? -10
	                                                                              : 0;
	long to = (long)m->sel + by;

	if (!by)
		return false;
	m->sel = to < 0 || !m->shown.n ? 0 : (size_t)to >= m->shown.n ? m->shown.n - 1 : (size_t)to;
	return true;
}

int menu_key(struct menu *m, const struct key *k, const char **why)
{
	*why = NULL;
	if (k->code == KEY_ESC || k->code == (KEY_CTRL | 'c'))
		return MENU_CLOSED;
	if (k->code == KEY_ENTER)
		return choose(m, m->sel, why);
	if (m->digits && !m->filter.text.len && k->code >= '1' && k->code <= '9')
		return choose(m, k->code - '1', why);
	if (!move(m, k->code) && field_key(&m->filter, k))
		menu_ready(m);
	return MENU_NOTHING;
}

static int widest(const struct menu *m)
{
	int w = text_width(slice_of(m->title)) + 4;

	for (size_t i = 0; i < m->items.n; i++) {
		const struct menu_item *it = &m->items.v[i];
		int iw = text_width(slice_of(it->label)) + text_width(slice_of(it->key)) + 8;
		if (it->why_not)
			iw += text_width(slice_of(it->why_not)) + 3;
		w = iw > w ? iw : w;
	}
	return w;
}

static void draw_item(const struct menu *m, struct surface *s, struct rect r, size_t at,
                      const struct theme *th)
{
	const struct menu_item *it = &m->items.v[m->shown.v[at]];
	int key_w = text_width(slice_of(it->key)), x = r.x + 1;
	style_t st = th->role[R_TEXT];

	if (m->digits && at < 9)
		surf_printf(s, r.y, x, 2, th->role[R_KEY], "%zu", at + 1);
	x += m->digits ? 2 : 0;
	x += surf_cut(s, r.y, x, r.x + r.w - x - key_w - 2, st, slice_of(it->label));
	if (it->why_not) {
		x += surf_str(s, r.y, x, 3, st, " - ");
		surf_cut(s, r.y, x, r.x + r.w - x - key_w - 2, th->role[R_WARN],
		         slice_of(it->why_not));
	}
	surf_str(s, r.y, r.x + r.w - key_w - 1, key_w, th->role[R_KEY], it->key);
	if (at == m->sel)
		surf_restyle(s, r, th->role[R_SELECT]);
}

void menu_draw(struct menu *m, struct surface *s, const struct theme *th)
{
	int w = widest(m), rows = (int)m->items.n, y, x, filter_w;

	w = w > s->w - 4 ? s->w - 4 : w < 30 ? 30 : w;
	rows = rows > s->h - 7 ? s->h - 7 : rows < 1 ? 1 : rows;
	y = (s->h - rows - 3) / 2;
	x = (s->w - w) / 2;
	if (m->sel < m->top)
		m->top = m->sel;
	if (m->sel >= m->top + (size_t)rows)
		m->top = m->sel - (size_t)rows + 1;
	surf_fill(s, (struct rect){y, x, rows + 3, w}, th->role[R_TEXT]);
	surf_fill(s, (struct rect){y, x, 1, w}, th->role[R_STATUS]);
	surf_cut(s, y, x + 1, w - 2, th->role[R_STATUS], slice_of(m->title));
	for (int i = 0; i < rows && m->top + (size_t)i < m->shown.n; i++)
		draw_item(m, s, (struct rect){y + 1 + i, x, 1, w}, m->top + (size_t)i, th);
	if (!m->shown.n)
		surf_str(s, y + 1, x + 1, w - 2, th->role[R_TEXT], "nothing matches; Backspace");
	filter_w = surf_str(s, y + rows + 1, x + 1, w - 2, th->role[R_KEY], "type to filter> ");
	field_draw(&m->filter, s, y + rows + 1, x + 1 + filter_w, w - 3 - filter_w,
	           th->role[R_TEXT], true);
	surf_fill(s, (struct rect){y + rows + 2, x, 1, w}, th->role[R_STATUS]);
	surf_printf(s, y + rows + 2, x + 1, w - 2, th->role[R_STATUS],
	            "%zu of %zu   Enter choose   Esc close", m->shown.n, m->items.n);
}
