/*
 * The queue: every incident a row, most pressing first. The selection follows the incident, new rows wait behind `r`.
 */
#include "view/app.h"

#include "term/width.h"
#include "widget/text.h"

#define TITLE_AT 45 /* columns before the title */
#define TITLE_AT_NARROW 18

enum { N_TITLE_WIDTH };

/* The heading of those that have none of what is grouped by. */
static const char *const no_key[GROUP_COUNT_] = {"",         "no asset", "no owner",   "no source",
                                                 "no title", "no state", "no severity"};

static enum role severity_role(char c)
{
	return c == 'C' ? R_CRITICAL : c == 'H' ? R_HIGH : c == 'M' ? R_MEDIUM : R_LOW;
}

static void span_cell(char out[16], int64_t seconds, int64_t passed)
{
	if (seconds == INT64_MIN)
		snprintf(out, 16, "-");
	else
		age_text((seconds + passed) * MW_SECOND, out);
}

static char row_mark(const struct qrow *r, bool selected)
{
	return r->gone      ? '-'
	       : r->ticked  ? 'x'
	       : r->changed ? '*'
	       : selected   ? '>'
	       : r->odd     ? '!'
	                    : ' ';
}

/* "S+W+M" as "SWM" */
static void origins(const char *sources, char out[128])
{
	size_t n = 0;

	for (; *sources && n < 4; sources++)
		if (*sources != '+')
			out[n++] = *sources;
	out[n] = '\0';
}

/* "1279" in four columns, "12k" beyond. */
static void short_count(int64_t n, char out[128])
{
	if (n < 10000)
		snprintf(out, 128, " %4lld", (long long)n);
	else if (n < 10000000)
		snprintf(out, 128, " %3lldk", (long long)(n / 1000));
	else
		snprintf(out, 128, " %3lldM", (long long)(n / 1000000));
}

static void draw_row(struct app *a, const struct qrow *r, struct rect at, bool selected, bool focus)
{
	int64_t passed = (mw_now() - a->queue.read_at) / MW_SECOND;
	char sla[16], age[16], line[128];
	struct surface *s = &a->screen;
	const struct theme *th = app_theme(a);
	int x;

	span_cell(sla, r->sla_s, -passed);
	span_cell(age, r->age_s, passed);
	snprintf(line, sizeof(line), "%c%c %3d %4s", row_mark(r, selected), r->severity, r->score,
	         sla);
	x = at.x + surf_str(s, at.y, at.x, at.w, th->role[R_TEXT], line);
	surface_at(s, at.y, at.x + 1)->style = th->role[severity_role(r->severity)];
	if (at.w >= 70) {
		snprintf(line, sizeof(line), " %4s %-5.5s", age, r->state);
		x += surf_str(s, at.y, x, 40, th->role[R_TEXT], line);
		surf_cut(s, at.y, x + 1, 9, th->role[R_TEXT],
		         slice_of(r->owner[0] ? r->owner : "-"));
		origins(r->sources, line);
		surf_str(s, at.y, x + 11, 4, th->role[R_TEXT], line);
		short_count(r->count, line);
		x += 15 + surf_str(s, at.y, x + 15, 8, th->role[R_TEXT], line);
	} else {
		snprintf(line, sizeof(line), " %-4.4s", r->state);
		x += surf_str(s, at.y, x, 6, th->role[R_TEXT], line);
	}
	surf_cut(s, at.y, x + 1, at.x + at.w - x - 1, th->role[R_TEXT], slice_of(r->title));
	if (selected)
		surf_restyle(s, at, focus ? th->role[R_SELECT] : th->role[R_HEAD]);
}

/* A burst as the row of an incident of its own: the worst of its members, and what they have in common. */
static void draw_burst(struct app *a, int burst, struct rect at, bool selected, bool focus)
{
	const struct qburst *b = &a->queue.bursts.v[burst];
	const struct qrow *first = &a->queue.rows.v[b->first];
	struct buf title = BUF_INIT;
	struct qrow r = {.severity = b->severity,
	                 .score = b->score,
	                 .sla_s = b->sla_s,
	                 .age_s = b->age_s,
	                 .state = "new",
	                 .owner = first->owner,
	                 .sources = first->sources,
	                 .count = b->count};

	buf_printf(&title, "%c %zu x %s", b->open ? '-' : '+', b->n,
	           a->queue.alike.v.v[burst].pattern);
	r.title = title.s;
	draw_row(a, &r, at, selected, focus);
	buf_release(&title);
}

/* "- web-07   3 incidents, 1 critical, next promise 8m" */
static void draw_group(struct app *a, int group, struct rect at, bool selected, bool focus)
{
	const struct qgroup *g = &a->queue.groups.v[group];
	int64_t passed = (mw_now() - a->queue.read_at) / MW_SECOND;
	struct buf b = BUF_INIT, tail = BUF_INIT;
	char sla[16];

	buf_printf(&tail, "  %zu incident%s", g->n, g->n == 1 ? "" : "s");
	if (g->criticals)
		buf_printf(&tail, ", %zu critical", g->criticals);
	if (g->sla_s != INT64_MIN) {
		span_cell(sla, g->sla_s, -passed);
		buf_printf(&tail, ", promise %s", sla);
	}
	buf_printf(&b, "%c %s", g->shut ? '+' : '-', g->key[0] ? g->key : no_key[a->queue.group]);
	surf_cut(&a->screen, at.y, at.x, at.w - (int)tail.len, app_theme(a)->role[R_HEAD],
	         (struct slice){b.s, b.len});
	surf_str(&a->screen, at.y, at.x + at.w - (int)tail.len, (int)tail.len,
	         app_theme(a)->role[R_HEAD], tail.s);
	if (selected)
		surf_restyle(&a->screen, at, app_theme(a)->role[focus ? R_SELECT : R_HEAD]);
	buf_release(&tail);
	buf_release(&b);
}

static void draw_line(struct app *a, size_t i, struct rect at, bool focus)
{
	const struct qline *l = &a->queue.view.v[i];
	bool selected = i == a->queue.list.sel;

	if (l->group >= 0)
		draw_group(a, l->group, at, selected, focus);
	else if (l->burst >= 0)
		draw_burst(a, l->burst, at, selected, focus);
	else
		draw_row(a, &a->queue.rows.v[l->row], at, selected, focus);
}

static void draw_empty(struct app *a, struct rect r)
{
	const char *text =
	        !a->queue.loaded ? "reading the queue.."
	        : a->queue.hidden && !a->queue.rows.n
	                ? "Nothing is hidden: none suppressed, snoozed or closed. H goes "
	                  "back to the queue."
	        : a->queue.rows.n ? "No incident passes the filter. / changes it, Esc clears it."
	                          : "No incident. Import logs with: midwatch import FILE|DIR   (J "
	                            "shows imports)";
	surf_cut(&a->screen, r.y + 1, r.x + 1, r.w - 1, app_theme(a)->role[R_TEXT], slice_of(text));
}

static void queue_draw(struct app *a, struct view *v, struct rect r, bool focus)
{
	struct queue *q = &a->queue;
	const char *head = r.w >= 70 ? " S Scr  SLA  Age State Owner     Src     n Title"
	                             : " S Scr  SLA State Title";
	bool selected_pane = focus || a->depth == 1;

	v->pos.rows = r.h - 1;
	v->num[N_TITLE_WIDTH] = r.w - (r.w >= 70 ? TITLE_AT : TITLE_AT_NARROW);
	surf_str(&a->screen, r.y, r.x, r.w, app_theme(a)->role[R_HEAD], head);
	list_show(&q->list, q->view.n, r.h - 1, r.w < a->screen.w ? r.h / 3 : 0);
	for (int i = 0; i < r.h - 1 && q->list.top + (size_t)i < q->view.n; i++) {
		struct rect row = {r.y + 1 + i, r.x, 1, r.w};
		draw_line(a, q->list.top + (size_t)i, row, selected_pane);
	}
	if (!q->view.n)
		draw_empty(a, r);
}

static void queue_crumb(struct app *a, struct view *v, struct buf *b)
{
	struct queue *q = &a->queue;
	size_t ticked = queue_ticked(q, NULL, 0);
	int64_t hidden = q->suppressed + q->snoozed + q->closed;

	(void)v;
	if (!q->loaded)
		return;
	buf_printf(b, "%zu of %lld%s   filter %s   sort %s", q->passing,
	           q->hidden ? (long long)q->rows.n : (long long)q->total,
	           q->hidden ? " HIDDEN ones (H: the queue)" : "",
	           q->filter[0] ? q->filter : "none", queue_sort_name(q->sort));
	if (q->group != GROUP_NONE)
		buf_printf(b, "   by %s", queue_group_name(q->group));
	if (hidden && !q->hidden)
		buf_printf(b, "   hidden %lld", (long long)hidden);
	if (ticked)
		buf_printf(b, "   %zu ticked", ticked);
	if (q->fresh)
		buf_printf(b, "   %zu new: r shows", q->fresh);
}

static void queue_message(struct app *a, struct view *v, struct buf *b)
{
	struct queue *q = &a->queue;
	bool changed = false, gone = false, odd = false;
	int64_t hidden = q->suppressed + q->snoozed + q->closed;
	int burst = queue_selected_burst(q), group = queue_selected_group(q);
	const char *title = group >= 0          ? q->groups.v[group].key
	                    : burst >= 0        ? q->alike.v.v[burst].pattern
	                    : queue_selected(q) ? queue_selected(q)->title
	                                        : NULL;

	for (size_t i = 0; i < q->view.n; i++) {
		const struct qrow *r = &q->rows.v[q->view.v[i].row];
		changed |= r->changed;
		gone |= r->gone;
		odd = odd || r->odd;
	}
	if (changed)
		buf_str(b, "* changed by someone else   ");
	if (gone)
		buf_str(b, "- no longer in the queue, r drops it   ");
	if (title && text_width(slice_of(title)) > v->num[N_TITLE_WIDTH])
		buf_str(b, title);
	else if (odd)
		buf_str(b, "! unlike the burst under it; + lists what a burst folds");
	else if (hidden && !q->hidden)
		buf_printf(b, "Hidden: %lld suppressed, %lld snoozed, %lld closed; H lists them",
		           (long long)q->suppressed, (long long)q->snoozed, (long long)q->closed);
	else if (q->hidden)
		buf_printf(b,
		           "%lld suppressed, %lld snoozed, %lld closed; H goes back to the queue",
		           (long long)q->suppressed, (long long)q->snoozed, (long long)q->closed);
}

static void filter_changed(struct app *a, struct view *v, const char *text)
{
	(void)v;
	queue_set_filter(&a->queue, text);
}

static void filter_done(struct app *a, struct view *v, const char *text)
{
	struct slice bad = {NULL, 0};

	filter_changed(a, v, text);
	if (a->queue.rows.n)
		(void)queue_match(&a->queue.rows.v[0], slice_of(text), a->status.user, &bad);
	if (bad.n)
		app_say(a, R_WARN,
		        "\"%.*s:\" is no field of the queue (sev owner state src score id); taken "
		        "as a word",
		        (int)bad.n, bad.s);
}

static void filter_cancelled(struct app *a, struct view *v)
{
	filter_changed(a, v, "");
}

static void move(struct app *a, long by)
{
	list_move(&a->queue.list, &a->queue, a->queue.view.n, queue_view_id, by);
}

static bool move_act(struct app *a, struct view *v, enum action act)
{
	long page = v->pos.rows / 2 > 1 ? v->pos.rows / 2 : 1;

	switch (act) {
	case ACT_DOWN:
		move(a, 1);
		return true;
	case ACT_UP:
		move(a, -1);
		return true;
	case ACT_PAGE_DOWN:
		move(a, page);
		return true;
	case ACT_PAGE_UP:
		move(a, -page);
		return true;
	case ACT_HOME:
		move(a, -(long)a->queue.view.n);
		return true;
	case ACT_END:
		move(a, (long)a->queue.view.n);
		return true;
	default:
		return false;
	}
}

static void claimed(struct app *a, bool done)
{
	(void)done; /* where another was first, the queue is read all the more */
	app_read_queue(a);
}

static void claim(struct app *a, const struct qrow *r)
{
	cJSON *p = params_new("id", r->id);

	json_add_str(p, "owner", a->status.user);
	json_add_str(p, "status", "work");
	json_add_i64(p, "rev", r->rev);
	app_do(a, "incident.update", p, claimed, "claimed %s", r->id);
}

static bool row_act(struct app *a, struct view *v, enum action act, struct qrow *r)
{
	switch (act) {
	case ACT_OPEN:
		r->changed = false;
		while (a->depth > 1)
			app_pop(a);
		open_card(a, r->id);
		return true;
	case ACT_CLAIM:
		claim(a, r);
		return true;
	case ACT_TICK:
		r->ticked = !r->ticked;
		move(a, 1);
		return true;
	case ACT_MORE:
		queue_more(a, v);
		return true;
	case ACT_PIVOT:
		pivot_value(a, "", r->title);
		return true;
	case ACT_EVIDENCE:
	case ACT_WEB:
		open_card(a, r->id);
		return true;
	default:
		return false;
	}
}

static bool list_act(struct app *a, struct view *v, enum action act)
{
	struct queue *q = &a->queue;

	switch (act) {
	case ACT_FILTER:
		app_ask_line(a, v, "filter", q->filter, filter_done);
		a->ask.changed = filter_changed;
		a->ask.cancelled = filter_cancelled;
		return true;
	case ACT_SORT:
		queue_set_sort(q, (enum queue_sort)((q->sort + 1) % SORT_COUNT_));
		return true;
	case ACT_GROUP:
		queue_set_group(q, (enum queue_group)((q->group + 1) % GROUP_COUNT_));
		return true;
	case ACT_REFRESH:
		queue_refresh(q);
		app_read_queue(a);
		return true;
	case ACT_HIDDEN:
		q->hidden = !q->hidden;
		q->loaded = false;
		app_read_queue(a);
		return true;
	case ACT_BACK:
		if (!q->filter[0])
			return false;
		queue_set_filter(q, "");
		return true;
	default:
		return false;
	}
}

static bool burst_act(struct app *a, struct view *v, enum action act, int burst)
{
	switch (act) {
	case ACT_OPEN:
		open_storm(a, burst);
		return true;
	case ACT_UNFOLD:
		queue_unfold(&a->queue, burst);
		return true;
	case ACT_TICK:
		queue_tick_burst(&a->queue, burst, false);
		return true;
	case ACT_MORE:
		if (queue_ticked(&a->queue, NULL, 0))
			queue_more(a, v);
		else
			app_say(a, R_WARN, "Space ticks the alike ones of this burst first");
		return true;
	case ACT_CLAIM:
	case ACT_PATH:
	case ACT_PIVOT:
	case ACT_EVIDENCE:
	case ACT_WEB:
		app_say(a, R_TEXT, "a burst is selected: Enter opens it, + lists its incidents");
		return true;
	default:
		return false;
	}
}

static bool group_act(struct app *a, struct view *v, enum action act, int group)
{
	switch (act) {
	case ACT_OPEN:
	case ACT_UNFOLD:
		queue_fold_group(&a->queue, group);
		return true;
	case ACT_TICK:
		queue_tick_group(&a->queue, group);
		return true;
	case ACT_MORE:
		if (queue_ticked(&a->queue, NULL, 0))
			queue_more(a, v);
		else
			app_say(a, R_WARN, "Space ticks the incidents of this group first");
		return true;
	case ACT_CLAIM:
	case ACT_PATH:
	case ACT_PIVOT:
	case ACT_EVIDENCE:
	case ACT_WEB:
		app_say(a, R_TEXT, "a heading is selected: Enter folds its group or unfolds it");
		return true;
	default:
		return false;
	}
}

static bool queue_act(struct app *a, struct view *v, enum action act)
{
	struct qrow *r = queue_selected(&a->queue);
	int burst = queue_selected_burst(&a->queue), group = queue_selected_group(&a->queue);

	if (move_act(a, v, act) || list_act(a, v, act))
		return true;
	if (group >= 0)
		return group_act(a, v, act, group);
	return burst >= 0 ? burst_act(a, v, act, burst) : r && row_act(a, v, act, r);
}

static bool queue_can(struct app *a, struct view *v, enum action act)
{
	(void)v;
	if (act == ACT_OPEN || act == ACT_CLAIM || act == ACT_TICK || act == ACT_MORE ||
	    act == ACT_PATH || act == ACT_PIVOT || act == ACT_WEB)
		return a->queue.view.n > 0;
	return true;
}

const struct view_ops queue_ops = {.name = "Queue",
                                   .context = CX_QUEUE,
                                   .draw = queue_draw,
                                   .crumb = queue_crumb,
                                   .message = queue_message,
                                   .act = queue_act,
                                   .can = queue_can};
