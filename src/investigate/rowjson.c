#include "investigate/rowjson.h"

#include "plan/eval.h"

static void member(struct buf *out, const char *key, struct slice value)
{
	buf_printf(out, ",\"%s\":", key);
	json_write_string(out, value);
}

static void time_member(struct buf *out, const char *key, mw_time t)
{
	char text[32];
	if (t == MW_TIME_NONE)
		return;
	mw_time_format(t, text);
	buf_printf(out, ",\"%s\":\"%s\"", key, text);
}

/* Values of one field stand together, since importers add them in table order; a field that comes
 * again later is written into the same array only where it is adjacent, so equal neighbours are
 * looked for first. */
static void vals(struct buf *out, const struct event *ev)
{
	bool first = true;
	buf_str(out, ",\"vals\":{");
	for (size_t i = 0; i < ev->vals.n; i++) {
		field_id f = ev->vals.v[i].field;
		size_t n = 0;
		bool done = false;
		for (size_t k = 0; k < i && !done; k++)
			done = ev->vals.v[k].field == f;
		if (done)
			continue;
		for (size_t k = i; k < ev->vals.n; k++)
			n += ev->vals.v[k].field == f;
		buf_printf(out, "%s\"%s\":%s", first ? "" : ",", field_at(f)->name,
		           n > 1 ? "[" : "");
		first = false;
		for (size_t k = i, m = 0; k < ev->vals.n; k++) {
			if (ev->vals.v[k].field != f)
				continue;
			buf_str(out, m++ ? "," : "");
			json_write_string(out, ev->vals.v[k].value);
		}
		buf_str(out, n > 1 ? "]" : "");
	}
	buf_ch(out, '}');
}

struct told {
	struct buf *out;
	size_t n;
};

static bool tell_value(void *ctx, struct slice v)
{
	struct told *t = ctx;
	buf_str(t->out, t->n++ ? "," : "");
	json_write_string(t->out, v);
	return true;
}

/* What was asked of an event, always a list of values. */
static void tell_column(struct buf *out, const struct eval_view *view, const struct plan_field *f)
{
	struct told t = {out, 0};
	buf_ch(out, '[');
	view->values(view->ctx, f, tell_value, &t);
	buf_ch(out, ']');
}

static void told(struct buf *out, const struct event *ev, const struct plan_search *s)
{
	struct eval_view view;
	eval_view_of_event(&view, ev);
	buf_str(out, ",\"told\":{");
	for (size_t i = 0; i < s->ncolumns; i++) {
		buf_str(out, i ? "," : "");
		json_write_string(out, slice_of(s->columns[i].name));
		buf_ch(out, ':');
		tell_column(out, &view, &s->columns[i]);
	}
	buf_ch(out, '}');
}

static void event_row(struct buf *out, const struct source_row *r, const struct plan_step *step)
{
	const struct event *ev = r->event;
	if (r->id == EVENT_ID_NONE)
		buf_str(out, "{\"id\":null");
	else
		buf_printf(out, "{\"id\":\"ev:%llu\"", (unsigned long long)r->id);
	member(out, "uid", ev->uid);
	time_member(out, "time", ev->time);
	time_member(out, "arrival", ev->arrival);
	member(out, "source", slice_of(r->source));
	member(out, "dataset", slice_of(ev->dataset));
	if (ev->basename.n) {
		member(out, "file", ev->basename);
		buf_printf(out, ",\"line\":%llu", (unsigned long long)ev->line);
	}
	vals(out, ev);
	if (step->search.ncolumns)
		told(out, ev, &step->search);
	buf_ch(out, '}');
}

const char *row_column(const struct plan_step *step, size_t i)
{
	const struct plan_search *s = &step->search;
	if (s->span > 0 && i-- == 0)
		return "time";
	if (i < s->nby)
		return s->by[i].name;
	i -= s->nby;
	return i < s->nstats ? s->stats[i].as : NULL;
}

static void stats_row(struct buf *out, const struct source_row *r, const struct plan_step *step)
{
	buf_str(out, "{\"cols\":{");
	for (size_t i = 0; i < r->ncols; i++) {
		const char *name = row_column(step, i);
		buf_str(out, i ? "," : "");
		json_write_string(out, slice_of(name ? name : "?"));
		buf_ch(out, ':');
		json_write_string(out, r->cols[i]);
	}
	buf_str(out, "}}");
}

/* Which graph it is of stands beside what the source gave. */
static void graph_row(struct buf *out, const struct source_row *r)
{
	buf_str(out, "{\"source\":");
	json_write_string(out, slice_of(r->source));
	buf_ch(out, ',');
	buf_add(out, r->json.s + 1, r->json.n - 1);
}

void row_json(struct buf *out, const struct source_row *r, const struct plan_step *step)
{
	if (r->event)
		event_row(out, r, step);
	else if (r->json.n > 1)
		graph_row(out, r);
	else
		stats_row(out, r, step);
}

static void event_cells(struct buf *out, const struct source_row *r, const struct plan_search *s)
{
	struct eval_view view;
	eval_view_of_event(&view, r->event);
	for (size_t i = 0; i < s->ncolumns; i++) {
		buf_str(out, i ? "," : "");
		tell_column(out, &view, &s->columns[i]);
	}
}

static void group_cells(struct buf *out, const struct source_row *r, const struct plan_search *s)
{
	size_t groups = s->nby + (s->span > 0);
	double number;
	for (size_t i = 0; i < r->ncols; i++) {
		buf_str(out, i ? "," : "");
		if (i >= groups && slice_double(r->cols[i], &number))
			buf_printf(out, "%.15g", number);
		else
			json_write_string(out, r->cols[i]);
	}
}

void row_cells(struct buf *out, const struct source_row *r, const struct plan_step *step)
{
	buf_ch(out, '{');
	if (r->event && r->id != EVENT_ID_NONE)
		buf_printf(out, "\"id\":\"ev:%llu\",", (unsigned long long)r->id);
	buf_str(out, "\"cells\":[");
	if (r->event)
		event_cells(out, r, &step->search);
	else
		group_cells(out, r, &step->search);
	buf_str(out, "]}");
}
