/*
 * A burst of one rule: what its incidents share, which are unlike the rest and why, and the list, for one bulk step on review.
 */
#include "view/app.h"

#include "base/map.h"
#include "view/plan_lines.h"
#include "widget/text.h"

#define VALUES_SHOWN 3

enum { K_NONE, K_ROW };

static int burst_of(const struct app *a, const struct view *v)
{
	for (size_t i = 0; i < a->queue.bursts.n; i++)
		if (!strcmp(a->queue.bursts.v[i].id, v->text))
			return (int)i;
	return -1;
}

static void add_row(struct app *a, struct view *v, const struct qrow *r)
{
	struct buf left = BUF_INIT;
	char age[16];

	age_text(r->age_s * MW_SECOND + (mw_now() - a->queue.read_at), age);
	buf_printf(&left, "%c %c %3d %4s  %-9.9s %s",
	           r->ticked ? 'x'
	           : r->odd  ? '!'
	                     : ' ',
	           r->severity, r->score, age, r->id, r->title);
	doc_two_sides(&v->doc, r->odd ? R_HEAD : R_TEXT, (struct slice){left.s, left.len},
	              slice_of(""));
	doc_mean(&v->doc, v->doc.lines.n - 1, r->id, NULL, K_ROW);
	if (r->odd)
		doc_printf(&v->doc, R_WARN, "        unlike the rest: %s", r->odd);
	buf_release(&left);
}

static void add_rows(struct app *a, struct view *v, int burst, bool odd)
{
	const struct qrow *r;

	vec_each (r, &a->queue.rows)
		if (r->burst == burst && (r->odd != NULL) == odd)
			add_row(a, v, r);
}

static void add_count(struct view *v, const struct map *m, const char *label)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "%zu", m->n);
	for (size_t i = 0; i < m->n && i < VALUES_SHOWN; i++)
		buf_printf(&b, "%s%s %llu", i ? ", " : ": ", m->entries[i].key,
		           (unsigned long long)m->entries[i].val.u);
	if (m->n > VALUES_SHOWN)
		buf_printf(&b, " and %zu more", m->n - VALUES_SHOWN);
	doc_wrap(&v->doc, R_TEXT, label, 10, (struct slice){b.s, b.len});
	buf_release(&b);
}

/* How the burst spreads over severities and origins: what no pattern of titles shows. */
static void add_spread(struct app *a, struct view *v, int burst)
{
	struct map severities = MAP_INIT, origins = MAP_INIT;
	const struct qrow *r;
	int64_t oldest = 0, newest = INT64_MAX, records = 0;
	char from[16], to[16], n[32];

	vec_each (r, &a->queue.rows) {
		if (r->burst != burst)
			continue;
		map_put(&severities, &r->severity, 1, NULL)->val.u++;
		map_put_str(&origins, r->sources, NULL)->val.u++;
		oldest = r->age_s > oldest ? r->age_s : oldest;
		newest = r->age_s < newest ? r->age_s : newest;
		records += r->count;
	}
	age_text(oldest * MW_SECOND, from);
	age_text(newest * MW_SECOND, to);
	count_text(records, n);
	doc_printf(&v->doc, R_TEXT, "When      between %s and %s ago, %s record%s", from, to, n,
	           records == 1 ? "" : "s");
	add_count(v, &severities, "Severity  ");
	add_count(v, &origins, "Origins   ");
	map_release(&severities);
	map_release(&origins);
}

static void storm_build(struct app *a, struct view *v)
{
	int burst = burst_of(a, v);
	const struct alike *g = burst < 0 ? NULL : &a->queue.alike.v.v[burst];

	if (!g) {
		doc_printf(&v->doc, R_TEXT,
		           "This burst is over: its incidents were worked on or "
		           "have gone. Esc goes back.");
		return;
	}
	doc_wrap(&v->doc, R_HEAD, "Rule      ", 10, slice_of(g->pattern));
	doc_printf(&v->doc, R_TEXT,
	           "          * stands for what differs; the other words are common");
	add_spread(a, v, burst);
	doc_printf(&v->doc, R_HEAD, "  S Scr  Age  Incident  Title");
	add_rows(a, v, burst, true);
	add_rows(a, v, burst, false);
}

static struct qrow *selected(struct app *a, const struct view *v)
{
	const struct doc_line *l = view_selected(v);
	return l && l->kind == K_ROW ? queue_find(&a->queue, l->id) : NULL;
}

static bool storm_act(struct app *a, struct view *v, enum action act)
{
	struct qrow *r = selected(a, v);

	switch (act) {
	case ACT_OPEN:
		if (r)
			open_card(a, r->id);
		return true;
	case ACT_TICK:
		if (r)
			r->ticked = !r->ticked;
		view_dirty(v);
		doc_move(&v->doc, &v->pos, 1);
		return true;
	case ACT_UNFOLD:
		if (burst_of(a, v) >= 0)
			queue_tick_burst(&a->queue, burst_of(a, v), false);
		view_dirty(v);
		return true;
	case ACT_MORE:
		if (queue_ticked(&a->queue, NULL, 0))
			queue_more(a, v);
		else
			app_say(a, R_WARN, "nothing is ticked: Space ticks one, + all alike ones");
		return true;
	case ACT_REFRESH:
		queue_refresh(&a->queue);
		app_read_queue(a);
		view_dirty(v);
		return true;
	default:
		return false;
	}
}

static void storm_crumb(struct app *a, struct view *v, struct buf *b)
{
	int burst = burst_of(a, v);
	size_t ticked = queue_ticked(&a->queue, NULL, 0);

	if (burst < 0)
		return;
	buf_printf(b, "%zu incidents of one rule, %zu unlike the rest",
	           a->queue.alike.v.v[burst].members.n, a->queue.alike.v.v[burst].odd);
	if (ticked)
		buf_printf(b, ", %zu ticked", ticked);
}

static void storm_message(struct app *a, struct view *v, struct buf *b)
{
	(void)a;
	(void)v;
	buf_str(b, "+ ticks all but the odd ones; m then snoozes, hides, merges or closes them");
}

static void storm_news(struct app *a, struct view *v, const char *method, const cJSON *params)
{
	(void)a;
	(void)params;
	if (!strcmp(method, "queue.changed"))
		view_dirty(v);
}

const struct view_ops storm_ops = {.name = "storm",
                                   .context = CX_STORM,
                                   .build = storm_build,
                                   .act = storm_act,
                                   .crumb = storm_crumb,
                                   .message = storm_message,
                                   .news = storm_news};

void open_storm(struct app *a, int burst)
{
	struct view *v = app_push(a, &storm_ops, "");

	v->text = xstrdup(a->queue.bursts.v[burst].id);
}
