#include "source/connector_search.h"

#include "base/evjson.h"
#include "base/limits.h"
#include "plan/hand.h"
#include "source/connector_catalog.h"
#include "source/connector_hand.h"

static int begin(struct search *s, const struct connector_env *env, enum render_lang lang,
                 const struct plan *p, size_t step, const struct source_run *run,
                 const struct source_sink *sink, struct source_done *done, struct err *e)
{
	int64_t delay = json_i64(env->entry, "delay", -1);

	*done = (struct source_done){.complete_to = delay < 0 ? MW_TIME_NONE : mw_now() - delay};
	*s = (struct search){.env = env,
	                     .name = json_str(env->entry, "name", "source"),
	                     .lang = lang,
	                     .step = step,
	                     .run = run,
	                     .sink = sink,
	                     .done = done};
	if (connector_scope(env->entry, p, step, e))
		return -1;
	s->p = connector_narrow(env->entry, p, step);
	return 0;
}

/* One more than asked for tells whether there is more. */
static void set_limit(struct search *s, int64_t *limit)
{
	s->limit = *limit ? *limit : MW_PLAN_ROWS_DEFAULT;
	*limit = s->limit + (s->limit < MW_PLAN_ROWS_MAX);
}

int search_begin(struct search *s, const struct connector_env *env, enum render_lang lang,
                 const struct plan *p, size_t step, const struct source_run *run,
                 const struct source_sink *sink, struct source_done *done, struct err *e)
{
	if (begin(s, env, lang, p, step, run, sink, done, e))
		return -1;
	if (p->steps[step].kind != PS_SEARCH)
		return err_set(e, ERR_INVALID, "%s holds events: it has no graph to ask", s->name);
	s->s = &s->p->steps[step].search;
	set_limit(s, &s->s->limit);
	return 0;
}

int search_begin_graph(struct search *s, const struct connector_env *env, enum render_lang lang,
                       const struct plan *p, size_t step, const struct source_run *run,
                       const struct source_sink *sink, struct source_done *done, struct err *e)
{
	struct plan_graph *g;

	if (begin(s, env, lang, p, step, run, sink, done, e))
		return -1;
	if (p->steps[step].kind != PS_GRAPH)
		return err_set(e, ERR_INVALID, "%s holds a graph: it has no events to search",
		               s->name);
	g = &s->p->steps[step].graph;
	render_neighbours(s->p, g);
	set_limit(s, &g->limit);
	if (plan_render(lang, s->p, step, NULL, &s->text, e))
		return -1;
	s->text.exact_rows = true;
	done->sent = xstrdup(s->text.text.s);
	return 0;
}

int search_begin_events(struct search *s, const struct connector_env *env, enum render_lang lang,
                        int64_t limit, const struct row_conf *rows, const struct source_run *run,
                        const struct source_sink *sink, struct source_done *done, struct err *e)
{
	struct plan *p = plan_new();
	int rc;

	plan_add_step(p, PS_SEARCH)->search.limit = limit;
	rc = search_begin(s, env, lang, p, 0, run, sink, done, e);
	s->rower = rower_new(rows);
	s->text.exact_rows = true;
	plan_free(p);
	return rc;
}

static void release_text(struct search *s)
{
	rendered_release(&s->text);
	rower_free(s->rower);
	s->rower = NULL;
	s->text = (struct rendered){0};
	buf_init(&s->text.text, 0);
}

/* A text written by hand goes as it is, where it may. */
static int take_hand(struct search *s, const char *table, const struct row_conf *rows,
                     struct err *e)
{
	const char *text = s->p->steps[s->step].hand;
	struct render_target t = {.table = table};

	if (hand_scope(s->env->entry, s->lang, text, e) ||
	    render_check_hand(s->lang, slice_of(text), &t, e))
		return err_prefix(e, "%s: the text written by hand was not sent", s->name);
	buf_str(&s->text.text, text);
	s->text.exact_where = s->text.exact_rows = true;
	s->rower = rower_new(rows);
	free(s->done->sent);
	s->done->sent = xstrdup(text);
	snprintf(s->done->fields, sizeof(s->done->fields), "not checked: written by hand");
	return 0;
}

int search_render(struct search *s, const char *table, const struct row_conf *rows, struct err *e)
{
	struct render_target t = {.table = table};
	struct render_catalog catalog;
	struct catalog_look look;
	bool known = catalog_of(&look, s->env, s->lang, &catalog);
	char *sent = s->done->sent;

	release_text(s);
	if (s->p->steps[s->step].hand)
		return take_hand(s, table, rows, e);
	t.catalog = known ? &catalog : NULL;
	if (known && catalog_check_table(&look, s->name, table, e))
		return -1;
	if (plan_render(s->lang, s->p, s->step, &t, &s->text, e))
		return -1;
	if (known && catalog_check(&look, s->name, table, rows, s->s, &s->text, s->done, e))
		return -1;
	s->grouped = plan_is_grouped(s->s) && s->text.exact_rows;
	if (!s->text.exact_rows)
		s->limit = MW_RUN_FETCH_MAX;
	s->done->inexact |= !s->text.exact_where;
	s->rower = rower_new(rows);
	s->done->sent =
	        sent ? xasprintf("%s\n\n%s", sent, s->text.text.s) : xstrdup(s->text.text.s);
	free(sent);
	return 0;
}

static int give(struct search *s, const struct source_row *row, struct err *e)
{
	if ((int64_t)s->done->rows >= s->limit) {
		s->done->limited = true;
		s->full = true;
		return 1;
	}
	if (s->sink->row(s->sink->ctx, row, e)) {
		s->sink_failed = true;
		return -1;
	}
	s->done->rows++;
	return 0;
}

int search_json(struct search *s, struct slice json, struct err *e)
{
	struct source_row row = {.source = s->name, .id = EVENT_ID_NONE, .json = json};

	return call_wait(s->run, 0, s->name, e) ? -1 : give(s, &row, e);
}

int search_row(struct search *s, struct slice object, struct slice id, struct err *e)
{
	struct slice cells[MW_PLAN_BY_MAX * 2 + 1];
	struct source_row row = {.source = s->name, .id = EVENT_ID_NONE};

	if (call_wait(s->run, 0, s->name, e))
		return -1;
	if (s->grouped) {
		if (rower_cells(s->rower, object, s->s, cells, e))
			return -1;
		row.cols = cells;
		row.ncols = plan_ncolumns(s->s);
		return give(s, &row, e);
	}
	if (rower_event(s->rower, object, id, &s->ev, e))
		return -1;
	s->done->scanned++;
	if (!connector_row_in_scope(s->env->entry, &s->ev)) {
		s->left_out++;
		return 0;
	}
	row.event = &s->ev;
	return give(s, &row, e);
}

int search_object(void *search, struct slice row, struct err *e)
{
	return search_row(search, row, SLICE(""), e);
}

void search_progress(const struct search *s, double share)
{
	if (s->sink->progress)
		s->sink->progress(s->sink->ctx, s->done->rows, share);
}

void search_partial(struct search *s, const char *fmt, ...)
{
	va_list ap;

	if (s->done->partial)
		return;
	s->done->partial = true;
	va_start(ap, fmt);
	vsnprintf(s->done->why, sizeof(s->done->why), fmt, ap);
	va_end(ap);
}

int search_end(struct search *s, int rc, struct err *e)
{
	bool stopped = rc < 0 && (e->code == ERR_CANCELLED || e->code == ERR_DEADLINE);

	if (rc < 0 && !s->sink_failed && s->done->rows > 0) {
		char *before =
		        s->done->partial ? xasprintf("%s; then: ", s->done->why) : xstrdup("");
		s->done->partial = false;
		search_partial(s, "%s%s%s", before, stopped ? "stopped before its end: " : "",
		               e->what);
		free(before);
		rc = 0;
	}
	/* The text itself asks for no more than run/ may hold. */
	if (s->p && !s->text.exact_rows &&
	    s->done->rows + (uint64_t)s->left_out >= MW_RUN_FETCH_MAX)
		s->done->limited = true;
	if (s->left_out)
		search_partial(
		        s, "%lld rows are not of the accounts that this source may be asked for",
		        (long long)s->left_out);
	release_text(s);
	plan_free(s->p);
	event_release(&s->ev);
	return rc < 0 ? -1 : 0;
}

unsigned search_fit(const struct connector_env *env, enum render_lang lang, const struct plan *p,
                    size_t step, const char *table, size_t tables)
{
	struct plan *c =
	        p->steps[step].kind == PS_SEARCH ? connector_narrow(env->entry, p, step) : NULL;
	struct render_target t = {.table = table};
	struct render_catalog catalog;
	struct catalog_look look;
	struct rendered r;
	unsigned fit = 0;

	if (!c)
		return 0;
	if (c->steps[step].hand) {
		plan_free(c);
		return FIT_ALL;
	}
	if (catalog_of(&look, env, lang, &catalog))
		t.catalog = &catalog;
	if (!plan_render(lang, c, step, &t, &r, NULL)) {
		fit |= r.exact_where ? FIT_WHERE : 0u;
		fit |= r.exact_rows && tables < 2 ? FIT_ROWS : 0u;
	}
	rendered_release(&r);
	plan_free(c);
	return fit;
}

/* ---- arrays in a body ---- */

struct each {
	search_each_fn *fn;
	void *ctx;
	struct err *e;
	int rc;
};

static bool on_object(void *ctx, const struct ev_leaf *l)
{
	struct each *x = ctx;

	if (l->type == EV_ARRAY) /* an empty one */
		return true;
	x->rc = l->type == EV_OBJECT
	                ? x->fn(x->ctx, l->raw, x->e)
	                : err_set(x->e, ERR_REMOTE, "a row of its answer is no object");
	return x->rc == 0;
}

int search_each(struct ev_reader *reader, struct slice body, const char *path, search_each_fn *fn,
                void *ctx, struct err *e)
{
	struct ev_reader *own = reader ? NULL : ev_reader_new();
	struct each x = {fn, ctx, e, 0};
	int rc = ev_find(reader ? reader : own, body, slice_of(path), on_object, &x, e);

	ev_reader_free(own);
	if (x.rc)
		return x.rc;
	return rc ? err_prefix(e, "its answer is broken") : 0;
}
