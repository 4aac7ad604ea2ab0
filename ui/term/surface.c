#include "term/surface.h"

#include <ctype.h>

#include "base/escape.h"
#include "base/mem.h"
#include "term/width.h"

static const struct cell blank = {.s = " ", .len = 1, .width = 1};

void surface_init(struct surface *s, int h, int w)
{
	*s = (struct surface){.cur_y = -1, .scratch = BUF_INIT};
	surface_resize(s, h, w);
}

void surface_release(struct surface *s)
{
	free(s->cells);
	buf_release(&s->scratch);
	s->cells = NULL;
}

void surface_resize(struct surface *s, int h, int w)
{
	s->cells = xreallocarray(s->cells, (size_t)(h * w) + 1, sizeof(*s->cells));
	s->h = h;
	s->w = w;
	surface_clear(s);
}

void surface_clear(struct surface *s)
{
	for (int i = 0; i < s->h * s->w; i++)
		s->cells[i] = blank;
	s->cur_y = -1;
}

struct cell *surface_at(const struct surface *s, int y, int x)
{
	return &s->cells[y * s->w + x];
}

/* A cell that is overwritten may be half of a wide one: the other half becomes blank. */
static void unhook(struct surface *s, int y, int x)
{
	struct cell *c = surface_at(s, y, x);

	if (c->width == 0 && x > 0)
		c[-1] = (struct cell){.s = " ", .len = 1, .width = 1, .style = c[-1].style};
	if (c->width == 2 && x + 1 < s->w)
		c[1] = (struct cell){.s = " ", .len = 1, .width = 1, .style = c[1].style};
}

static void set_cell(struct surface *s, int y, int x, style_t st, const char *p, struct grapheme g)
{
	struct cell *c = surface_at(s, y, x);

	unhook(s, y, x);
	*c = (struct cell){.len = (uint8_t)g.len,
	                   .width = (uint8_t)g.width,
	                   .uncertain = g.uncertain,
	                   .style = st};
	memcpy(c->s, p, g.len);
	if (g.width == 2) {
		unhook(s, y, x + 1);
		c[1] = (struct cell){.width = 0, .style = st};
	}
}

static void add_escaped_cp(struct buf *b, uint32_t cp)
{
	buf_printf(b, cp > 0xffff ? "\\U%08x" : "\\u%04x", (unsigned)cp);
}

/* What a cell cannot hold becomes text: everything but ASCII on an ASCII terminal, stacked marks past CELL_BYTES. */
static void add_fitting(struct buf *b, struct slice g, bool ascii)
{
	size_t keep = ascii ? 0 : g.n, at;
	uint32_t cp;
	size_t n;

	if (!ascii && g.n > CELL_BYTES) {
		keep = 0;
		while (keep < g.n && (n = utf8_decode(g.s + keep, g.n - keep, &cp)) > 0 &&
		       keep + n <= CELL_BYTES)
			keep += n;
	}
	buf_add(b, g.s, keep);
	for (at = keep; at < g.n; at += n) {
		n = utf8_decode(g.s + at, g.n - at, &cp);
		if (!n)
			break;
		if (cp < 0x80)
			buf_ch(b, (char)cp);
		else
			add_escaped_cp(b, cp);
	}
}

static bool plain_ascii(struct slice t)
{
	for (size_t i = 0; i < t.n; i++)
		if ((unsigned char)t.s[i] < 0x20 || (unsigned char)t.s[i] > 0x7e)
			return false;
	return true;
}

/* The text as it may be drawn: borrowed from `t` or from s->scratch. */
static struct slice cleaned(struct surface *s, struct slice t)
{
	struct buf once = BUF_INIT;
	size_t at = 0;

	if (plain_ascii(t))
		return t;
	esc_term(&once, t);
	buf_reset(&s->scratch);
	while (at < once.len) {
		struct grapheme g = grapheme_first((struct slice){once.s + at, once.len - at});
		add_fitting(&s->scratch, (struct slice){once.s + at, g.len}, s->ascii);
		at += g.len;
	}
	buf_release(&once);
	return (struct slice){s->scratch.s, s->scratch.len};
}

static int put_clean(struct surface *s, int y, int x, int max, style_t st, struct slice t)
{
	size_t at = 0;
	int used = 0;

	if (y < 0 || y >= s->h || x < 0)
		return 0;
	if (max > s->w - x)
		max = s->w - x;
	while (at < t.n) {
		struct grapheme g = grapheme_first((struct slice){t.s + at, t.n - at});
		if (used + g.width > max)
			break;
		if (g.len >
		    CELL_BYTES) /* cannot happen after cleaned() joined marks anew; drop, never overrun */
			g.len = CELL_BYTES;
		set_cell(s, y, x + used, st, t.s + at, g);
		used += g.width;
		at += g.len;
	}
	return used;
}

int surf_text(struct surface *s, int y, int x, int max, style_t st, struct slice text)
{
	return put_clean(s, y, x, max, st, cleaned(s, text));
}

int surf_str(struct surface *s, int y, int x, int max, style_t st, const char *text)
{
	return surf_text(s, y, x, max, st, slice_of(text));
}

int surf_printf(struct surface *s, int y, int x, int max, style_t st, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;
	int used;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	used = surf_text(s, y, x, max, st, (struct slice){b.s, b.len});
	buf_release(&b);
	return used;
}

int surf_cut(struct surface *s, int y, int x, int max, style_t st, struct slice text)
{
	struct slice t = cleaned(s, text);
	int used;

	if (max > s->w - x)
		max = s->w - x;
	if (text_width(t) <= max || max < 4)
		return put_clean(s, y, x, max, st, t);
	used = put_clean(s, y, x, max - 2, st, t);
	return used + put_clean(s, y, x + used, 2, st, SLICE(".."));
}

/* The length of "[e12]", "[e12 +3]" or "[c3]" at the start of t, or 0. */
static size_t citation_len(struct slice t)
{
	size_t i = 2;

	if (t.n < 4 || t.s[0] != '[' || (t.s[1] != 'e' && t.s[1] != 'c') ||
	    !isdigit((unsigned char)t.s[2]))
		return 0;
	while (i < t.n && (isdigit((unsigned char)t.s[i]) || strchr(" +,", t.s[i])))
		i++;
	return i < t.n && t.s[i] == ']' ? i + 1 : 0;
}

int surf_rich(struct surface *s, int y, int x, int max, style_t st, style_t cite, struct slice text)
{
	size_t at = 0, from = 0;
	int used = 0;

	while (at < text.n) {
		size_t n = text.s[at] == '['
		                   ? citation_len((struct slice){text.s + at, text.n - at})
		                   : 0;
		if (!n) {
			at++;
			continue;
		}
		used += surf_text(s, y, x + used, max - used, st,
		                  (struct slice){text.s + from, at - from});
		used += surf_text(s, y, x + used, max - used, cite, (struct slice){text.s + at, n});
		at += n;
		from = at;
	}
	return used + surf_text(s, y, x + used, max - used, st,
	                        (struct slice){text.s + from, text.n - from});
}

static struct rect clip(const struct surface *s, struct rect r)
{
	int y2 = r.y + r.h > s->h ? s->h : r.y + r.h, x2 = r.x + r.w > s->w ? s->w : r.x + r.w;

	r.y = r.y < 0 ? 0 : r.y;
	r.x = r.x < 0 ? 0 : r.x;
	r.h = y2 - r.y;
	r.w = x2 - r.x;
	return r;
}

void surf_fill(struct surface *s, struct rect r, style_t st)
{
	r = clip(s, r);
	for (int y = r.y; y < r.y + r.h; y++)
		for (int x = r.x; x < r.x + r.w; x++)
			set_cell(s, y, x, st, " ", (struct grapheme){.len = 1, .width = 1});
}

void surf_restyle(struct surface *s, struct rect r, style_t st)
{
	r = clip(s, r);
	for (int y = r.y; y < r.y + r.h; y++)
		for (int x = r.x; x < r.x + r.w; x++) {
			struct cell *c = surface_at(s, y, x);
			if (st & STYLE_REVERSE) /* a selected row is one bar, not a patchwork */
				c->style = st;
			else
				c->style = (style_t)(c->style | st);
		}
}

void surface_row(const struct surface *s, int y, struct buf *b)
{
	int last = s->w;

	while (last > 0 && surface_at(s, y, last - 1)->len == 1 &&
	       surface_at(s, y, last - 1)->s[0] == ' ')
		last--;
	for (int x = 0; x < last; x++)
		buf_add(b, surface_at(s, y, x)->s, surface_at(s, y, x)->len);
}

void surface_dump(const struct surface *s, struct buf *b)
{
	for (int y = 0; y < s->h; y++) {
		surface_row(s, y, b);
		buf_ch(b, '\n');
	}
}
