#include "term/paint.h"

#define GAP_MAX 5 /* unchanged cells that are cheaper to send again than to jump over */

void painter_init(struct painter *p, const struct caps *caps)
{
	*p = (struct painter){.caps = caps, .out = BUF_INIT, .x = -1};
	surface_init(&p->front, 0, 0);
}

void painter_release(struct painter *p)
{
	surface_release(&p->front);
	buf_release(&p->out);
}

void painter_invalidate(struct painter *p)
{
	p->valid = false;
}

static bool same(const struct cell *a, const struct cell *b)
{
	return a->len == b->len && a->width == b->width && a->style == b->style &&
	       !memcmp(a->s, b->s, a->len);
}

static bool is_blank(const struct cell *c)
{
	return c->len == 1 && c->s[0] == ' ' && c->style == STYLE_PLAIN;
}

static void set_style(struct painter *p, style_t st)
{
	if (p->style_known && p->style == st)
		return;
	caps_style(p->caps, &p->out, st);
	p->style = st;
	p->style_known = true;
}

static void move_to(struct painter *p, int y, int x)
{
	int gap = x - p->x;

	if (p->x >= 0 && p->y == y && gap == 0)
		return;
	if (p->x >= 0 && p->y == y && x == 0)
		buf_ch(&p->out, '\r');
	else if (p->x >= 0 && p->y + 1 == y && x == 0)
		buf_str(&p->out, "\r\n");
	else if (p->x >= 0 && p->y == y && gap == -1)
		buf_ch(&p->out, '\b');
	else if (p->x >= 0 && p->y == y && gap > 0 && p->caps->ansi)
		buf_printf(&p->out, gap == 1 ? "\033[C" : "\033[%dC", gap);
	else
		caps_move(p->caps, &p->out, y, x);
	p->y = y;
	p->x = x;
}

/* Terminals disagree on these: blank the place first, so that no half of an old character stays. */
static void clear_under(struct painter *p, int y, int x, const struct cell *c)
{
	move_to(p, y, x);
	set_style(p, c->style);
	buf_str(&p->out, "  ");
	p->x = -1;
}

static void put(struct painter *p, int y, int x, const struct cell *c)
{
	if (c->width == 0)
		return;
	if (c->uncertain && c->width == 2 && !is_blank(surface_at(&p->front, y, x)))
		clear_under(p, y, x, c);
	move_to(p, y, x);
	set_style(p, c->style);
	buf_add(&p->out, c->s, c->len);
	p->x = x + c->width;
	if (c->uncertain || p->x >= p->front.w)
		p->x = -1;
}

static void keep(struct painter *p, int y, int x, const struct cell *c)
{
	*surface_at(&p->front, y, x) = *c;
}

/* Sends the cells between the cursor and x again when that is shorter than a jump. */
static void cross_gap(struct painter *p, const struct surface *b, int y, int x)
{
	if (p->x < 0 || p->y != y || x - p->x < 1 || x - p->x > GAP_MAX)
		return;
	for (int i = p->x; i < x; i++) {
		const struct cell *c = surface_at(b, y, i);
		if (c->width != 1 || c->uncertain || c->len != 1 || !p->style_known ||
		    c->style != p->style)
			return;
	}
	for (int i = p->x; i < x; i++)
		buf_add(&p->out, surface_at(b, y, i)->s, 1);
	p->x = x;
}

static int trailing_blank(const struct surface *s, int y)
{
	int x = s->w;

	while (x > 0 && is_blank(surface_at(s, y, x - 1)))
		x--;
	return x;
}

static int last_change(struct painter *p, const struct surface *b, int y)
{
	int x = b->w;

	while (x > 0 && same(surface_at(&p->front, y, x - 1), surface_at(b, y, x - 1)))
		x--;
	return x;
}

static void paint_row(struct painter *p, const struct surface *b, int y)
{
	int end = last_change(p, b, y), blank = trailing_blank(b, y);
	bool erase = p->caps->el && end - blank > 3;

	for (int x = 0; x < (erase ? blank : end); x++) {
		const struct cell *c = surface_at(b, y, x);
		if (same(surface_at(&p->front, y, x), c))
			continue;
		if (y == b->h - 1 && x + c->width >= b->w && !p->caps->edge_safe)
			continue;
		cross_gap(p, b, y, x);
		put(p, y, x, c);
		keep(p, y, x, c);
		if (c->width == 2 && x + 1 < b->w)
			keep(p, y, x + 1, surface_at(b, y, x + 1));
	}
	if (!erase)
		return;
	cross_gap(p, b, y, blank);
	move_to(p, y, blank);
	set_style(p, STYLE_PLAIN);
	buf_str(&p->out, p->caps->el);
	for (int x = blank; x < b->w; x++)
		keep(p, y, x, surface_at(b, y, x));
}

static bool rows_same(const struct surface *a, int ya, const struct surface *b, int yb)
{
	for (int x = 0; x < a->w; x++)
		if (!same(surface_at(a, ya, x), surface_at(b, yb, x)))
			return false;
	return true;
}

struct shift {
	int top, bottom; /* region, inclusive */
	int by;          /* > 0: content moves up */
	int gain;        /* rough bytes that it saves */
};

static int row_cost(const struct surface *front, const struct surface *back, int y)
{
	return rows_same(front, y, back, y) ? 0 : trailing_blank(back, y);
}

/* Runs of rows that equal the rows `by` further down (or up) in the old picture. */
static void try_shift(struct painter *p, const struct surface *b, int by, struct shift *best)
{
	int from = by > 0 ? 0 : -by, to = by > 0 ? b->h - by : b->h;
	int start = -1, gain = 0;

	for (int y = from; y <= to; y++) {
		if (y < to && rows_same(b, y, &p->front, y + by)) {
			start = start < 0 ? y : start;
			gain += row_cost(&p->front, b, y);
			continue;
		}
		if (start >= 0 && gain > best->gain)
			*best = (struct shift){.top = by > 0 ? start : start + by,
			                       .bottom = by > 0 ? y - 1 + by : y - 1,
			                       .by = by,
			                       .gain = gain};
		start = -1;
		gain = 0;
	}
}

static void shift_front(struct surface *f, const struct shift *s)
{
	int n = s->by > 0 ? s->by : -s->by, rows = s->bottom - s->top + 1;
	size_t row = (size_t)f->w;
	struct cell *base = surface_at(f, s->top, 0);

	if (s->by > 0)
		memmove(base, base + (size_t)n * row, (size_t)(rows - n) * row * sizeof(*base));
	else
		memmove(base + (size_t)n * row, base, (size_t)(rows - n) * row * sizeof(*base));
	surf_fill(f, (struct rect){s->by > 0 ? s->bottom - n + 1 : s->top, 0, n, f->w},
	          STYLE_PLAIN);
}

static void scroll(struct painter *p, const struct surface *b)
{
	struct shift s = {.gain = 60};
	int n;

	if (!p->caps->csr)
		return;
	for (int by = 1; by < b->h - 4 && by <= 30; by++) {
		try_shift(p, b, by, &s);
		try_shift(p, b, -by, &s);
	}
	if (!s.by)
		return;
	set_style(p, STYLE_PLAIN);
	caps_region(p->caps, &p->out, s.top, s.bottom);
	caps_move(p->caps, &p->out, s.by > 0 ? s.bottom : s.top, 0);
	n = s.by > 0 ? s.by : -s.by;
	for (int i = 0; i < n; i++)
		buf_str(&p->out, s.by > 0 ? p->caps->ind : p->caps->ri);
	caps_region(p->caps, &p->out, 0, b->h - 1);
	p->x = -1;
	shift_front(&p->front, &s);
}

static void start_over(struct painter *p, const struct surface *b)
{
	surface_resize(&p->front, b->h, b->w);
	p->style_known = false;
	set_style(p, STYLE_PLAIN);
	if (p->caps->clear)
		buf_str(&p->out, p->caps->clear);
	p->x = p->y = 0;
	p->valid = true;
}

static void show_cursor(struct painter *p, bool on)
{
	const char *s = on ? p->caps->cnorm : p->caps->civis;

	if (on != p->cursor_shown && s)
		buf_str(&p->out, s);
	p->cursor_shown = on;
}

static int first_change(struct painter *p, const struct surface *b)
{
	for (int y = 0; y < b->h; y++)
		if (!rows_same(&p->front, y, b, y))
			return y;
	return -1;
}

void painter_paint(struct painter *p, const struct surface *b)
{
	int first;

	if (!p->valid || p->front.h != b->h || p->front.w != b->w) {
		p->cursor_shown = true;
		show_cursor(p, false);
		start_over(p, b);
	} else if (first_change(p, b) >= 0) {
		scroll(p, b);
	}
	first = first_change(p, b);
	for (int y = first; first >= 0 && y < b->h; y++)
		if (!rows_same(&p->front, y, b, y))
			paint_row(p, b, y);
	if (b->cur_y >= 0) {
		move_to(p, b->cur_y, b->cur_x);
		show_cursor(p, true);
	} else {
		show_cursor(p, false);
	}
}
