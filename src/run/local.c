#include "run/local.h"

#include "base/limits.h"
#include "base/map.h"
#include "plan/eval.h"

struct kept {
	struct event event;
	event_id id;
	const char *source;
};
struct fetch {
	struct arena arena;
	VEC(struct event) events;
	VEC(struct kept) origin; /* same places: id and source of each event */
	struct map seen;         /* identity of each event */
	size_t bytes;
	bool full;
};

static void fetch_release(struct fetch *f)
{
	for (size_t i = 0; i < f->events.n; i++)
		event_release(&f->events.v[i]);
	vec_free(&f->events);
	vec_free(&f->origin);
	map_release(&f->seen);
	arena_release(&f->arena);
}

/* ---- fetching ---- */

/* Identity is the source's own id, else the record itself: the same CloudTrail eventID from two sources is one event. */
static bool is_new(struct fetch *f, const struct event *ev)
{
	struct buf key = BUF_INIT;
	bool added;

	buf_str(&key, ev->dataset ? ev->dataset : "");
	buf_ch(&key, '\0');
	buf_ch(&key, ev->has_own_uid ? 'u' : 'r');
	if (ev->has_own_uid)
		buf_add(&key, ev->uid.s, ev->uid.n);
	else
		buf_add(&key, ev->raw.s, ev->raw.n);
	(void)map_put(&f->seen, key.s, key.len, &added);
	buf_release(&key);
	return added;
}

static int keep_row(void *ctx, const struct source_row *r, struct err *e)
{
	struct fetch *f = ctx;
	struct kept *k;

	if (!r->event || !is_new(f, r->event))
		return 0;
	if (f->events.n >= MW_RUN_FETCH_MAX || f->bytes > MW_RUN_FETCH_BYTES_MAX) {
		f->full = true;
		return err_set(e, ERR_LIMIT, "more than %d events would have to be fetched",
		               MW_RUN_FETCH_MAX);
	}
	f->bytes += r->event->raw.n + 64 * r->event->vals.n;
	event_copy(vec_push(&f->events), r->event, &f->arena);
	k = vec_push(&f->origin);
	k->id = r->id;
	k->source = arena_strdup(&f->arena, r->source);
	return 0;
}

static mw_time earlier(mw_time a, mw_time b)
{
	return a < b ? a : b;
}

/* The window of a baseline is fetched in the same go. */
static void widen_window(struct plan_search *s)
{
	const struct plan_baseline *b = s->baseline;

	if (!b)
		return;
	if (s->from.kind == PW_ABS)
		s->from.t = earlier(s->from.t, b->from);
	if (s->to.kind == PW_ABS && s->to.t < b->to)
		s->to.t = b->to;
}

/* Of a sequence, only events of some stage. */
static void narrow_to_stages(struct plan *p, struct plan_search *s)
{
	struct plan_node *all, *any;

	if (!s->sequence)
		return;
	all = plan_group(p, PN_ALL);
	any = plan_group(p, PN_ANY);
	for (size_t i = 0; i < s->sequence->nstages; i++)
		plan_group_add(any, plan_clone_node(p, s->sequence->stages[i]));
	if (s->where)
		plan_group_add(all, s->where);
	plan_group_add(all, any);
	s->where = all;
}

/* The step with everything off it that is done here. */
static struct plan *fetch_plan(const struct plan *p, size_t i)
{
	struct plan *c = plan_clone(p);
	struct plan_search *s = &c->steps[i].search;

	widen_window(s);
	narrow_to_stages(c, s);
	s->sequence = NULL;
	s->baseline = NULL;
	s->having = NULL;
	s->nstats = s->nby = s->nsort = 0;
	s->span = 0;
	s->with_ties = false;
	s->limit = MW_RUN_FETCH_MAX;
	return c;
}

/* All that can work in the background begin, so that the slowest alone decides how long it takes. */
static void start_all(const struct plan *p, size_t i, const struct local_source *from, size_t n,
                      const struct source_run *run)
{
	for (size_t k = 0; k < n && n > 1; k++)
		if (from[k].source->ops->start)
			from[k].source->ops->start(from[k].source, p, i, run);
}

static void fetch_from(const struct plan *p, size_t i, struct local_source *from,
                       const struct source_run *run, struct fetch *f)
{
	struct source_sink sink = {.ctx = f, .row = keep_row};

	from->failed = from->source->ops->search(from->source, p, i, run, &sink, &from->done,
	                                         &from->error) != 0 &&
	               !f->full;
}

/* ---- giving rows ---- */

static int give(const struct fetch *f, const struct eval_result *r, const char *name,
                const struct source_sink *sink, struct source_done *done, struct err *e)
{
	for (size_t i = 0; i < r->rows.n; i++) {
		const struct eval_row *row = &r->rows.v[i];
		struct source_row out = {.source = name, .id = EVENT_ID_NONE};
		if (row->event) {
			out.source = f->origin.v[row->index].source;
			out.id = f->origin.v[row->index].id;
			out.event = row->event;
		} else {
			out.cols = row->cols;
			out.ncols = r->ncols;
		}
		if (sink->row(sink->ctx, &out, e))
			return -1;
		done->rows++;
	}
	done->limited = r->limited;
	return 0;
}

static int evaluate(const struct plan *p, size_t i, const struct fetch *f,
                    const struct source_sink *sink, struct source_done *done, struct err *e)
{
	struct eval_result r;
	int rc;

	if (plan_eval_step(p, i, f->events.v, f->events.n, NULL, &r, e))
		return -1;
	rc = give(f, &r, p->steps[i].source, sink, done, e);
	eval_result_release(&r);
	return rc;
}

/* ---- how it ended ---- */

static void say(struct source_done *done, const char *name, const char *why)
{
	size_t n = strlen(done->why), len = strlen(name);
	bool named =
	        strncmp(why, name, len) == 0 && why[len] == ':'; /* connectors say who they are */

	done->partial = true;
	snprintf(done->why + n, sizeof(done->why) - n, "%s%s%s%s", n ? "; " : "", named ? "" : name,
	         named ? "" : ": ", why);
}

static void say_fields(struct source_done *done, const char *name, const char *fields)
{
	size_t n = strlen(done->fields);

	if (*fields)
		snprintf(done->fields + n, sizeof(done->fields) - n, "%s%s%s%s", n ? "; " : "",
		         name ? name : "", name ? ": " : "", fields);
}

static void sum_up(struct local_source *from, size_t n, struct source_done *done)
{
	struct buf sent = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		const struct source_done *d = &from[i].done;
		done->scanned += d->scanned;
		done->inexact |= d->inexact;
		say_fields(done, n > 1 ? from[i].source->name : NULL, d->fields);
		if (d->complete_to != MW_TIME_NONE)
			done->complete_to = done->complete_to == MW_TIME_NONE
			                            ? d->complete_to
			                            : earlier(done->complete_to, d->complete_to);
		if (from[i].failed)
			say(done, from[i].source->name, from[i].error.what);
		else if (d->partial)
			say(done, from[i].source->name, d->why);
		else if (d->limited)
			say(done, from[i].source->name, "it has more events than could be fetched");
		if (d->sent)
			buf_printf(&sent, "%s%s: %s", sent.len ? "\n" : "", from[i].source->name,
			           d->sent);
		free(from[i].done.sent);
		from[i].done.sent = NULL;
	}
	done->sent = buf_take(&sent, NULL);
}

int local_step(const struct plan *p, size_t i, struct local_source *from, size_t n,
               const struct source_run *run, const struct source_sink *sink,
               struct source_done *done, struct err *e)
{
	struct plan *fetch = fetch_plan(p, i);
	struct fetch f = {0};
	size_t failed = 0;
	struct source_run whole = *run;
	int rc;

	whole.need_raw = whole.need_vals = true;
	whole.passing = plan_is_grouped(&p->steps[i].search);
	*done = (struct source_done){.complete_to = MW_TIME_NONE};
	start_all(fetch, i, from, n, &whole);
	for (size_t k = 0; k < n && !f.full; k++) {
		fetch_from(fetch, i, &from[k], &whole, &f);
		failed += from[k].failed;
	}
	sum_up(from, n, done);
	if (f.full)
		say(done, "run",
		    "more events than can be held here; the answer is about the first ones only");
	if (failed == n) {
		*e = from[0].error;
		rc = -1;
	} else {
		rc = evaluate(p, i, &f, sink, done, e);
	}
	fetch_release(&f);
	plan_free(fetch);
	return rc;
}

int local_graph_step(const struct plan *p, size_t i, struct local_source *from, size_t n,
                     const struct source_run *run, const struct source_sink *sink,
                     struct source_done *done, struct err *e)
{
	size_t failed = 0;

	*done = (struct source_done){.complete_to = MW_TIME_NONE};
	start_all(p, i, from, n, run);
	for (size_t k = 0; k < n; k++) {
		from[k].failed = from[k].source->ops->search(from[k].source, p, i, run, sink,
		                                             &from[k].done, &from[k].error) != 0;
		failed += from[k].failed;
		done->limited |= from[k].done.limited;
	}
	sum_up(from, n, done);
	if (failed < n)
		return 0;
	*e = from[0].error;
	return -1;
}
