#include "view/app.h"

#include "term/width.h"
#include "widget/input.h"

struct view *app_top(struct app *a)
{
	return a->stack[a->depth - 1];
}

struct view *app_active(struct app *a)
{
	return a->focus == FOCUS_QUEUE ? a->stack[0] : app_top(a);
}

struct view *app_view(struct app *a, unsigned serial)
{
	for (int i = 0; i < a->depth; i++)
		if (a->stack[i]->serial == serial)
			return a->stack[i];
	return NULL;
}

bool app_split(const struct app *a)
{
	return a->screen.w >= SPLIT_COLUMNS && a->depth > 1;
}

const struct theme *app_theme(const struct app *a)
{
	return &themes[a->theme];
}

void view_dirty(struct view *v)
{
	v->dirty = true;
}

const char *view_incident(const struct app *a, const struct view *v)
{
	(void)a;
	return v->incident;
}

/* History and draft of the input line belong to the case that is on the screen. */
static void switch_input(struct app *a)
{
	input_switch(app_top(a)->incident);
}

struct view *app_push(struct app *a, const struct view_ops *ops, const char *incident)
{
	struct view *v;

	if (a->depth == STACK_MAX) { /* the oldest but the queue goes */
		struct view *old = a->stack[1];
		memmove(&a->stack[1], &a->stack[2], sizeof(a->stack[0]) * (STACK_MAX - 2));
		a->depth--;
		a->stack[a->depth++] = old;
		app_pop(a);
	}
	v = xcalloc(1, sizeof(*v));
	v->ops = ops;
	v->serial = ++a->serials;
	v->find = (struct buf)BUF_INIT;
	v->dirty = true;
	snprintf(v->incident, sizeof(v->incident), "%s", incident ? incident : "");
	if (a->depth)
		app_top(a)->focus = a->focus;
	a->stack[a->depth++] = v;
	a->message[0] = '\0';
	switch_input(a);
	app_focus(a, ops->input ? FOCUS_INPUT : FOCUS_LIST);
	app_note_ui(a);
	return v;
}

static void view_free(struct app *a, struct view *v)
{
	if (v->ops->closed)
		v->ops->closed(a, v);
	doc_release(&v->doc);
	cJSON_Delete(v->data);
	buf_release(&v->find);
	free(v->text);
	free(v);
}

void app_pop(struct app *a)
{
	if (a->depth < 2)
		return;
	view_free(a, a->stack[--a->depth]);
	a->message[0] = '\0';
	switch_input(a);
	app_focus(a, app_top(a)->ops->input ? app_top(a)->focus : FOCUS_LIST);
	view_dirty(app_top(a));
	app_note_ui(a);
}

void app_focus(struct app *a, enum focus f)
{
	if (f == FOCUS_QUEUE && !app_split(a))
		f = FOCUS_LIST;
	if (f == FOCUS_INPUT && app_top(a)->ops->no_input)
		f = FOCUS_LIST;
	a->focus = f;
}

void app_say(struct app *a, enum role role, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a->message, sizeof(a->message), fmt, ap);
	va_end(ap);
	a->message_role = role;
	a->message_at = mw_now();
}

void app_say_err(struct app *a, const struct err *e)
{
	app_say(a, R_BAD, "%s", e->what);
}

const struct doc_line *view_selected(const struct view *v)
{
	return doc_selected(&v->doc, &v->pos);
}
