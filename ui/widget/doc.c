#include "widget/doc.h"

#include "term/width.h"
#include "widget/text.h"

void doc_reset(struct doc *d, int width)
{
	arena_reset(&d->arena);
	d->lines.n = 0;
	d->width = width;
}

void doc_release(struct doc *d)
{
	arena_release(&d->arena);
	vec_free(&d->lines);
}

struct doc_line *doc_add(struct doc *d, enum role role, struct slice text)
{
	struct doc_line *l = vec_push(&d->lines);

	l->text = arena_strndup(&d->arena, text.n ? text.s : "", text.n);
	l->role = role;
	return l;
}

struct doc_line *doc_printf(struct doc *d, enum role role, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	struct doc_line *l;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	l = doc_add(d, role, (struct slice){b.s, b.len});
	buf_release(&b);
	return l;
}

static void wrapped_line(struct doc *d, enum role role, const char *lead, int hang,
                         struct slice line, bool cut)
{
	struct buf b = BUF_INIT;
	int w = text_width(slice_of(lead));

	buf_str(&b, lead);
	for (; w < hang; w++)
		buf_ch(&b, ' ');
	if (cut && text_width(line) > d->width - hang - 2)
		line.n = text_prefix(line, d->width - hang - 2, NULL);
	buf_add(&b, line.s, line.n);
	buf_str(&b, cut ? ".." : "");
	doc_add(d, role, (struct slice){b.s, b.len});
	buf_release(&b);
}

size_t doc_wrap_most(struct doc *d, enum role role, const char *head, int hang, struct slice text,
                     int most)
{
	size_t first = d->lines.n;
	struct slice line, rest = text.s ? text : SLICE("");

	for (int n = 1; n <= most && wrap_next(&rest, d->width - hang, &line); n++)
		wrapped_line(d, role, n == 1 ? head : "", hang, line,
		             n == most && rest.s && rest.n);
	return first;
}

size_t doc_wrap(struct doc *d, enum role role, const char *head, int hang, struct slice text)
{
	return doc_wrap_most(d, role, head, hang, text, INT32_MAX);
}

void doc_mean(struct doc *d, size_t from, const char *id, const cJSON *ref, int kind)
{
	const char *own = id ? arena_strdup(&d->arena, id) : NULL;

	for (size_t i = from; i < d->lines.n; i++) {
		d->lines.v[i].id = own;
		d->lines.v[i].ref = ref;
		d->lines.v[i].kind = kind;
	}
}

static bool means(const struct doc *d, size_t i)
{
	return i < d->lines.n && (d->lines.v[i].ref || d->lines.v[i].id);
}

/* Several lines may stand for the same thing: they are one stop. */
static bool same_thing(const struct doc *d, size_t a, size_t b)
{
	const struct doc_line *x = &d->lines.v[a], *y = &d->lines.v[b];
	return x->ref == y->ref && (x->id == y->id || (x->id && y->id && !strcmp(x->id, y->id)));
}

static size_t last_top(const struct doc *d, int rows)
{
	return d->lines.n > (size_t)rows ? d->lines.n - (size_t)rows : 0;
}

static void remember(const struct doc *d, struct doc_pos *p)
{
	const char *id = means(d, p->sel) ? d->lines.v[p->sel].id : NULL;

	snprintf(p->id, sizeof(p->id), "%s", id ? id : "");
}

static void find_again(const struct doc *d, struct doc_pos *p)
{
	size_t before = p->sel;

	if (p->sel < d->lines.n && d->lines.v[p->sel].id && !strcmp(d->lines.v[p->sel].id, p->id))
		return;
	for (size_t i = 0; p->id[0] && i < d->lines.n; i++) {
		if (!d->lines.v[i].id || strcmp(d->lines.v[i].id, p->id))
			continue;
		p->sel = i;
		p->top = p->top + i > before ? p->top + i - before : 0;
		return;
	}
}

void doc_sync(const struct doc *d, struct doc_pos *p, int rows)
{
	size_t end = last_top(d, rows);

	p->rows = rows;
	find_again(d, p);
	if (p->sel >= d->lines.n)
		p->sel = d->lines.n ? d->lines.n - 1 : 0;
	if (!means(d, p->sel) && (!p->moved || !p->id[0]))
		for (size_t i = p->top; i < d->lines.n && i < p->top + (size_t)rows; i++)
			if (means(d, i)) {
				p->sel = i;
				break;
			}
	if (p->follow)
		p->top = end;
	if (p->top > end)
		p->top = end;
	p->below = end - p->top;
}

static void bring_into_view(const struct doc *d, struct doc_pos *p)
{
	size_t rows = (size_t)(p->rows < 1 ? 1 : p->rows), last = p->sel;

	while (last + 1 < d->lines.n && means(d, p->sel) && same_thing(d, last + 1, p->sel))
		last++;
	if (last >= p->top + rows)
		p->top = last - rows + 1;
	if (p->sel < p->top)
		p->top = p->sel;
	if (p->top > last_top(d, (int)rows))
		p->top = last_top(d, (int)rows);
	p->follow = p->follow && p->top == last_top(d, (int)rows);
}

static void scroll_by(const struct doc *d, struct doc_pos *p, long delta)
{
	long top = (long)p->top + delta, end = (long)last_top(d, p->rows);

	if (!d->lines.n)
		return;
	p->top = (size_t)(top < 0 ? 0 : top > end ? end : top);
	p->follow = delta > 0 && (long)p->top == end && end > 0;
}

void doc_move(const struct doc *d, struct doc_pos *p, int delta)
{
	int step = delta < 0 ? -1 : 1;
	long i = (long)p->sel;

	p->moved = true;
	for (;;) {
		i += step;
		if (i < 0 || i >= (long)d->lines.n)
			break;
		/* no stop within a page: the text in between has to be seen first */
		if (labs(i - (step > 0 ? (long)p->top + p->rows - 1 : (long)p->top)) > p->rows)
			break;
		if (!means(d, (size_t)i) || (means(d, p->sel) && same_thing(d, (size_t)i, p->sel)))
			continue;
		while (step < 0 && i > 0 && means(d, (size_t)i - 1) &&
		       same_thing(d, (size_t)i - 1, (size_t)i))
			i--;
		p->sel = (size_t)i;
		remember(d, p);
		bring_into_view(d, p);
		return;
	}
	scroll_by(d, p, delta);
}

static void select_near(const struct doc *d, struct doc_pos *p)
{
	p->moved = true;
	for (size_t i = p->top; i < p->top + (size_t)p->rows && i < d->lines.n; i++)
		if (means(d, i)) {
			if (p->sel < p->top || p->sel >= p->top + (size_t)p->rows)
				p->sel = i;
			remember(d, p);
			return;
		}
}

void doc_page(const struct doc *d, struct doc_pos *p, int halves)
{
	int step = p->rows / 2 < 1 ? 1 : p->rows / 2;

	scroll_by(d, p, (long)halves * step);
	select_near(d, p);
}

void doc_scroll(const struct doc *d, struct doc_pos *p, long rows)
{
	scroll_by(d, p, rows);
	select_near(d, p);
}

void doc_home(const struct doc *d, struct doc_pos *p)
{
	p->top = p->sel = 0;
	p->follow = false;
	select_near(d, p);
}

void doc_end(const struct doc *d, struct doc_pos *p)
{
	p->top = last_top(d, p->rows);
	p->follow = true;
	p->sel = d->lines.n ? d->lines.n - 1 : 0;
	while (p->sel > p->top && !means(d, p->sel))
		p->sel--;
	p->moved = true;
	remember(d, p);
}

const struct doc_line *doc_selected(const struct doc *d, const struct doc_pos *p)
{
	return means(d, p->sel) ? &d->lines.v[p->sel] : NULL;
}

bool doc_find(const struct doc *d, struct doc_pos *p, struct slice words, int dir)
{
	size_t n = d->lines.n;

	for (size_t k = 1; words.n && k <= n; k++) {
		size_t i = dir > 0 ? (p->sel + k) % n : (p->sel + n - k % n) % n;
		const char *t = d->lines.v[i].text;
		if (!mw_memimem(t, strlen(t), words.s, words.n))
			continue;
		p->sel = i;
		p->moved = true;
		remember(d, p);
		bring_into_view(d, p);
		return true;
	}
	return false;
}

static void mark_matches(struct surface *s, int y, struct rect r, struct slice match, style_t st,
                         const char *text)
{
	size_t n = strlen(text), at = 0;
	const char *hit;

	while (match.n && at < n && (hit = mw_memimem(text + at, n - at, match.s, match.n))) {
		int x = r.x + text_width((struct slice){text, (size_t)(hit - text)});
		int w = text_width((struct slice){hit, match.n});
		if (x + w <= r.x + r.w)
			surf_restyle(s, (struct rect){y, x, 1, w}, (style_t)(st & ~STYLE_REVERSE));
		at = (size_t)(hit - text) + match.n;
	}
}

void doc_draw(const struct doc *d, const struct doc_pos *p, struct surface *s, struct rect r,
              const struct theme *th, struct slice match, bool focus)
{
	for (int i = 0; i < r.h && p->top + (size_t)i < d->lines.n; i++) {
		size_t at = p->top + (size_t)i;
		const struct doc_line *l = &d->lines.v[at];
		int y = r.y + i;

		surf_rich(s, y, r.x, r.w, th->role[l->role], th->role[R_CITE], slice_of(l->text));
		if (l->bar)
			for (int x = r.x; x < r.x + l->bar && x < r.x + r.w; x++)
				surface_at(s, y, x)->style = th->role[l->bar_role];
		mark_matches(s, y, r, match, th->role[R_MATCH], l->text);
		if (focus && means(d, p->sel) &&
		    (at == p->sel || (means(d, at) && same_thing(d, at, p->sel))))
			surf_restyle(s, (struct rect){y, r.x, 1, r.w}, th->role[R_SELECT]);
	}
}
