#include "widget/list.h"

static void remember(struct list *l, const void *rows, size_t n, list_id_fn id)
{
	if (n)
		snprintf(l->id, sizeof(l->id), "%s", id(rows, l->sel));
	else
		l->id[0] = '\0';
}

bool list_select(struct list *l, const void *rows, size_t n, list_id_fn id, const char *wanted)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(id(rows, i), wanted))
			continue;
		l->sel = i;
		remember(l, rows, n, id);
		return true;
	}
	return false;
}

void list_sync(struct list *l, const void *rows, size_t n, list_id_fn id)
{
	size_t before = l->sel;

	if (l->sel >= n)
		l->sel = n ? n - 1 : 0;
	if (l->id[0] && n && strcmp(id(rows, l->sel), l->id) &&
	    list_select(l, rows, n, id, l->id)) {
		/* the same row of the window, so that nothing moves under the eye */
		l->top = l->sel + l->top > before ? l->sel + l->top - before : 0;
	} else if (!l->id[0] || !n) {
		remember(l, rows, n, id);
	}
}

void list_move(struct list *l, const void *rows, size_t n, list_id_fn id, long delta)
{
	long to = (long)l->sel + delta;

	if (!n)
		return;
	l->sel = to < 0 ? 0 : (size_t)to >= n ? n - 1 : (size_t)to;
	remember(l, rows, n, id);
}

void list_show(struct list *l, size_t n, int height, int jump_rows)
{
	size_t h = height < 1 ? 1 : (size_t)height, jump = jump_rows < 0 ? 0 : (size_t)jump_rows;

	if (l->sel < l->top)
		l->top = l->sel > jump ? l->sel - jump : 0;
	else if (l->sel >= l->top + h)
		l->top = l->sel - h + 1 + jump;
	if (l->top + h > n)
		l->top = n > h ? n - h : 0;
}
