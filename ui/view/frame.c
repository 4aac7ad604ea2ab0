/*
 * The rows that every screen has: status, breadcrumb, the thing, input, message, keys (SCREENS.md section 1).
 */
#include "view/app.h"

#include "term/width.h"
#include "widget/input.h"

#define LEAST_H 16
#define LEAST_W 60
#define INPUT_ROWS_MAX 6
#define THREE_COLUMNS 160

static style_t style(const struct app *a, enum role r)
{
	return app_theme(a)->role[r];
}

static void draw_status(struct app *a)
{
	struct buf b = BUF_INIT;
	struct surface *s = &a->screen;

	status_row(&a->status, mw_now(), &b);
	surf_fill(s, (struct rect){0, 0, 1, s->w}, style(a, R_STATUS));
	surf_cut(s, 0, 0, s->w, style(a, a->status.link == LINK_LOST ? R_BAD : R_STATUS),
	         (struct slice){b.s, b.len});
	buf_release(&b);
}

static void crumb_names(struct app *a, int from, struct buf *b)
{
	const char *incident = "";

	for (int i = from; i < a->depth; i++) {
		const struct view *v = a->stack[i];
		if (v->incident[0] && strcmp(v->incident, incident) != 0) {
			buf_printf(b, "%s%s", b->len ? " > " : "", v->incident);
			incident = v->incident;
		}
		if (v->ops != &card_ops)
			buf_printf(b, "%s%s", b->len ? " > " : "",
			           v->title[0] ? v->title : v->ops->name);
	}
}

/* The names, cut in front where they are too long: where one is matters more than the way there. */
static void draw_crumb(struct app *a, struct view *v, int from, int y, int x, int w)
{
	struct buf names = BUF_INIT, counts = BUF_INIT;
	int used, room;
	size_t skip = 0;

	crumb_names(a, from, &names);
	if (v->ops->crumb)
		v->ops->crumb(a, v, &counts);
	room = w - text_width((struct slice){counts.s, counts.len}) - 2;
	room = room < 12 ? 12 : room;
	while (text_width((struct slice){names.s + skip, names.len - skip}) > room) {
		const char *next = memmem(names.s + skip, names.len - skip, " > ", 3);
		if (!next)
			break;
		skip = (size_t)(next - names.s) + 3;
	}
	used = surf_cut(&a->screen, y, x, room, style(a, R_CRUMB),
	                (struct slice){names.s + skip, names.len - skip});
	surf_cut(&a->screen, y, x + used + 2, w - used - 2, style(a, R_TEXT),
	         (struct slice){counts.s, counts.len});
	buf_release(&names);
	buf_release(&counts);
}

static struct slice view_match(const struct view *v)
{
	return (struct slice){v->find.s, v->find.len};
}

void view_prepare(struct app *a, struct view *v, int width, int rows)
{
	if (!v->ops->build)
		return;
	if (v->dirty || v->doc.width != width) {
		v->pos.rows = rows;
		if (!v->ops->keeps || v->doc.width != width)
			doc_reset(&v->doc, width);
		v->ops->build(a, v);
		if (v->error.code)
			doc_wrap(&v->doc, R_BAD, "", 0, slice_of(v->error.what));
		v->dirty = false;
	}
	doc_sync(&v->doc, &v->pos, rows);
}

static void draw_view(struct app *a, struct view *v, struct rect r, bool focus)
{
	if (v->ops->draw) {
		v->ops->draw(a, v, r, focus);
		return;
	}
	view_prepare(a, v, r.w, r.h);
	doc_draw(&v->doc, &v->pos, &a->screen, r, app_theme(a), view_match(v), focus);
}

static int draw_input(struct app *a, struct view *v, int bottom)
{
	struct surface *s = &a->screen;
	const char *prompt = v->incident[0] || v->ops != &queue_ops ? "ask> " : "ask all> ";
	int rows, used;

	if (a->ask.open) {
		used = surf_cut(s, bottom, 0, s->w / 2, style(a, R_KEY), slice_of(a->ask.label));
		field_draw(&a->ask.field, s, bottom, used, s->w - used, style(a, R_TEXT), true);
		return 1;
	}
	if (v->ops->no_input)
		return 1;
	rows = input_rows(prompt, s->w, INPUT_ROWS_MAX);
	surf_fill(s, (struct rect){bottom - rows + 1, 0, rows, s->w}, style(a, R_TEXT));
	input_draw(s, (struct rect){bottom - rows + 1, 0, rows, s->w}, prompt, style(a, R_KEY),
	           style(a, R_TEXT), a->focus == FOCUS_INPUT);
	return rows;
}

static void draw_message(struct app *a, struct view *v, int y)
{
	struct buf b = BUF_INIT;
	enum role role = R_TEXT;

	if (*input_choices() && a->focus == FOCUS_INPUT) {
		buf_str(&b, input_choices());
		role = R_CHIP;
	} else if (a->message[0]) {
		buf_str(&b, a->message);
		role = a->message_role;
	} else if (a->status.link == LINK_LOST) {
		status_trust(&a->status, &b);
		role = R_BAD;
	} else if (v->ops->message) {
		v->ops->message(a, v, &b);
	}
	if (!b.len && !a->message[0]) {
		status_trust(&a->status, &b);
		role = R_WARN;
	}
	surf_cut(&a->screen, y, 0, a->screen.w, style(a, role), (struct slice){b.s, b.len});
	buf_release(&b);
}

static bool acts_now(void *ctx, enum action act)
{
	struct app *a = ctx;
	struct view *v = app_active(a);
	const char *why;

	if (act == ACT_BACK && a->depth == 1)
		return false;
	if (act == ACT_PANE && (v->ops == &queue_ops || a->depth == 1))
		return true;
	return action_allowed(a, act, &why) && (!v->ops->can || v->ops->can(a, v, act));
}

/* Each key name of the row in bold: "Enter open  c claim". */
static void draw_pairs(struct app *a, int y, struct slice row)
{
	struct slice rest = row;
	int x = 0;

	while (rest.n) {
		const char *end = memmem(rest.s, rest.n, "  ", 2);
		struct slice pair = {rest.s, end ? (size_t)(end - rest.s) : rest.n};
		const char *sp = memchr(pair.s, ' ', pair.n);
		size_t key = sp ? (size_t)(sp - pair.s) : pair.n;
		x += surf_text(&a->screen, y, x, a->screen.w - x, style(a, R_KEY),
		               (struct slice){pair.s, key});
		x += surf_text(&a->screen, y, x, a->screen.w - x, style(a, R_TEXT),
		               (struct slice){pair.s + key, pair.n - key});
		x += 2;
		rest = end ? (struct slice){end + 2, rest.n - pair.n - 2} : (struct slice){NULL, 0};
	}
}

/* Keys of the input line; the last ones go first where the row is short. */
static void input_hints(struct app *a, const struct view *v, struct buf *b)
{
	const char *parts[] = {"Enter ask",
	                       v->session && session_running(v->session) && !input_text()[0]
	                               ? "Esc stop"
	                               : "Esc list",
	                       "Alt-Enter newline",
	                       "F1 help",
	                       input_text()[0] ? "Tab complete" : "Tab other side",
	                       "PgUp scroll",
	                       "Ctrl-P palette",
	                       "Ctrl-X Ctrl-E editor"};
	int used = 0;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		used += (int)strlen(parts[i]) + 2;
		if (used - 2 > a->screen.w)
			break;
		buf_printf(b, "%s%s", i ? "  " : "", parts[i]);
	}
}

static void draw_hints(struct app *a, struct view *v, int y)
{
	struct buf b = BUF_INIT;

	if (a->ask.open)
		buf_str(&b, "Enter done  Esc leave it");
	else if (a->focus == FOCUS_INPUT)
		input_hints(a, v, &b);
	else
		keys_hints(&a->keymap, v->ops->context, a->screen.w, acts_now, a, &b);
	draw_pairs(a, y, (struct slice){b.s, b.len});
	buf_release(&b);
}

static void draw_too_small(struct app *a)
{
	surf_printf(&a->screen, 0, 0, a->screen.w, STYLE_PLAIN,
	            "Midwatch needs %dx%d, this is %dx%d", LEAST_W, LEAST_H, a->screen.w,
	            a->screen.h);
}

static void draw_border(struct app *a, int x, int bottom)
{
	struct surface *s = &a->screen;

	for (int y = 1; y < bottom; y++)
		surf_str(s, y, x, 1, style(a, R_TEXT), s->ascii ? "|" : "\u2502");
}

/* Where the analyst came from, between the queue and where they are; an approval is never a picture at the side. */
static struct view *beside(struct app *a)
{
	struct view *v = a->depth > 2 ? a->stack[a->depth - 2] : NULL;

	return a->screen.w >= THREE_COLUMNS && v && v->ops != &approval_ops ? v : NULL;
}

/* The queue, from THREE_COLUMNS on the view before this one, this one. Borders last, by position: no text moves them. */
static void draw_split(struct app *a, struct view *v, int bottom)
{
	struct surface *s = &a->screen;
	struct view *m = beside(a);
	int pane = s->w >= THREE_COLUMNS && !m ? 60 : QUEUE_PANE, x = pane + 1;
	int middle = m ? (s->w - x) * 2 / 5 : 0;

	surf_printf(s, 1, 0, pane, style(a, R_CRUMB), "Queue %zu of %lld%s%s", a->queue.passing,
	            (long long)a->queue.total, a->queue.fresh ? "  new: r" : "",
	            a->queue.filter[0] ? "  filtered" : "");
	queue_ops.draw(a, a->stack[0], (struct rect){2, 0, bottom - 2, pane},
	               a->focus == FOCUS_QUEUE);
	if (m) {
		draw_view(a, m, (struct rect){2, x, bottom - 2, middle}, false);
		surf_cut(s, 1, x, middle, style(a, R_CRUMB),
		         slice_of(m->ops == &card_ops ? m->incident
		                  : m->title[0]       ? m->title
		                                      : m->ops->name));
		x += middle + 1;
	}
	draw_view(a, v, (struct rect){2, x, bottom - 2, s->w - x}, a->focus == FOCUS_LIST);
	draw_crumb(a, v, 1, 1, x, s->w - x);
	draw_border(a, pane, bottom);
	if (m)
		draw_border(a, x - 1, bottom);
}

void app_draw(struct app *a)
{
	struct surface *s = &a->screen;
	struct view *v = app_top(a);
	int rows;

	surface_clear(s);
	if (s->h < LEAST_H || s->w < LEAST_W) {
		draw_too_small(a);
		return;
	}
	if (v->ops == &text_ops) {
		v->ops->draw(a, v, (struct rect){0, 0, s->h, s->w}, false);
		return;
	}
	if (style(a, R_TEXT) != STYLE_PLAIN)
		surf_fill(s, (struct rect){0, 0, s->h, s->w}, style(a, R_TEXT));
	draw_status(a);
	/* the views first: the input line may grow over their last rows */
	rows = a->ask.open || v->ops->no_input ? 1 : input_rows("ask all> ", s->w, INPUT_ROWS_MAX);
	if (app_split(a)) {
		draw_split(a, v, s->h - 2 - rows);
	} else {
		draw_view(a, v, (struct rect){2, 0, s->h - 4 - rows, s->w}, a->focus == FOCUS_LIST);
		draw_crumb(a, v, 0, 1, 0, s->w);
	}
	draw_input(a, v, s->h - 3);
	draw_message(a, v, s->h - 2);
	draw_hints(a, app_active(a), s->h - 1);
	if (a->menu.open)
		menu_draw(&a->menu, s, app_theme(a));
}
