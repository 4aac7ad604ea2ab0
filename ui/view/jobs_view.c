/*
 * What works and what is there: sources, running jobs, imports, the lake, watches.
 */
#include "view/app.h"

#include "view/plan_lines.h"
#include "widget/text.h"

enum { K_TEXT, K_JOB, K_WATCH, K_IMPORT };

struct jobs {
	cJSON *lake, *imports, *watches;
	cJSON *progress; /* newest import.progress */
};

static struct jobs *own(const struct view *v)
{
	return v->own;
}

static void add_sources(struct app *a, struct view *v)
{
	const cJSON *s;

	doc_printf(&v->doc, R_HEAD, "Sources");
	cJSON_ArrayForEach(s, json_arr(a->status.engine, "sources"))
	{
		const char *state = json_str(s, "state", "?");
		struct buf b = BUF_INIT;
		buf_printf(&b, " %-14.14s %-10.10s %-5.5s newest ", json_str(s, "name", "?"),
		           json_str(s, "kind", ""), state);
		say_day_clock(&b, say_when(s, "newest"));
		if (json_str(s, "error", NULL))
			buf_printf(&b, "  %s", json_str(s, "error", ""));
		doc_add(&v->doc, strcmp(state, "up") ? R_WARN : R_TEXT, (struct slice){b.s, b.len});
		buf_release(&b);
	}
}

static void add_jobs(struct app *a, struct view *v)
{
	const cJSON *j;
	bool any = false;

	doc_printf(&v->doc, R_HEAD, "Jobs");
	/* Lines refer to a copy: the status is read anew while they stand. */
	cJSON_Delete(v->data);
	v->data = cJSON_Duplicate(json_arr(a->status.engine, "jobs"), true);
	cJSON_ArrayForEach(j, v->data)
	{
		struct buf b = BUF_INIT;
		buf_printf(&b, " job %lld  %s  %s  ", (long long)json_i64(j, "job", 0),
		           json_str(j, "state", ""), json_str(j, "what", ""));
		say_elapsed(&b, json_i64(j, "elapsed_ms", 0));
		doc_add(&v->doc, R_TEXT, (struct slice){b.s, b.len});
		doc_mean(&v->doc, v->doc.lines.n - 1, NULL, j, K_JOB);
		buf_release(&b);
		any = true;
	}
	if (!any)
		doc_printf(&v->doc, R_TEXT, " nothing");
}

static void add_progress(struct view *v)
{
	const cJSON *p = own(v)->progress;
	double done = (double)json_i64(p, "bytes", 0), all = (double)json_i64(p, "bytes_total", 0);
	double seconds = json_get(p, "seconds") ? json_get(p, "seconds")->valuedouble : 0;
	char bar[21], events[32];
	int filled;

	if (!p || all <= 0)
		return;
	filled = (int)(20 * done / all);
	for (int i = 0; i < 20; i++)
		bar[i] = i < filled ? '#' : '.';
	bar[20] = '\0';
	count_text(json_i64(p, "events", 0), events);
	doc_printf(&v->doc, R_TEXT, " [%s] %3.0f%%  %s events  %.1f MB/s  %.0f s left  %s", bar,
	           100 * done / all, events, seconds > 0 ? done / seconds / 1e6 : 0,
	           done > 0 ? (all - done) * seconds / done : 0, json_str(p, "file", ""));
}

static void add_imports(struct view *v)
{
	const cJSON *i, *list = cJSON_IsArray(own(v)->imports)
	                                ? own(v)->imports
	                                : json_arr(own(v)->imports, "imports");
	char n[32];

	doc_printf(&v->doc, R_HEAD, "Imports");
	add_progress(v);
	cJSON_ArrayForEach(i, list)
	{
		struct buf b = BUF_INIT;
		count_text(json_i64(i, "events", 0), n);
		buf_printf(&b, " import %lld  ",
		           (long long)json_i64(i, "id", json_i64(i, "import", 0)));
		say_day_clock(&b, say_when(i, "at"));
		buf_printf(&b, "  %s events  %lld twice  %lld rejected  %s%s", n,
		           (long long)json_i64(i, "duplicates", 0),
		           (long long)json_i64(i, "rejected", 0), json_str(i, "label", ""),
		           json_bool(i, "undone", false) ? " (undone)" : "");
		doc_add(&v->doc, json_i64(i, "rejected", 0) ? R_WARN : R_TEXT,
		        (struct slice){b.s, b.len});
		doc_mean(&v->doc, v->doc.lines.n - 1, NULL, i, K_IMPORT);
		buf_release(&b);
	}
	if (!list || !list->child)
		doc_printf(
		        &v->doc, R_TEXT,
		        " none. midwatch import FILE|DIR.. reads logs and inventory as they are");
}

static void add_lake(struct view *v)
{
	const cJSON *d, *lake = own(v)->lake;
	char events[32], bytes[32];

	if (!lake)
		return;
	count_text(json_i64(lake, "events", 0), events);
	count_text(json_i64(lake, "bytes", 0) / 1000000, bytes);
	doc_printf(&v->doc, R_HEAD, "Lake  %s events, %s MB on disk", events, bytes);
	cJSON_ArrayForEach(d, json_arr(lake, "datasets"))
	{
		struct buf b = BUF_INIT;
		count_text(json_i64(d, "events", 0), events);
		buf_printf(&b, " %-16.16s %9s events  ", json_str(d, "name", "?"), events);
		say_short_times(&b, json_str(d, "from", "-"));
		buf_str(&b, " to ");
		say_short_times(&b, json_str(d, "to", "-"));
		doc_add(&v->doc, R_TEXT, (struct slice){b.s, b.len});
		buf_release(&b);
	}
}

static void add_watches(struct view *v)
{
	const cJSON *w, *list = cJSON_IsArray(own(v)->watches)
	                                ? own(v)->watches
	                                : json_arr(own(v)->watches, "watches");

	doc_printf(&v->doc, R_HEAD, "Watches");
	cJSON_ArrayForEach(w, list)
	{
		struct buf b = BUF_INIT;
		buf_printf(&b, " W%lld  until ",
		           (long long)json_i64(w, "watch", json_i64(w, "id", 0)));
		say_day_clock(&b, say_when(w, "until"));
		buf_printf(&b, "  %lld hits  %s", (long long)json_i64(w, "hits", 0),
		           json_str(w, "question", ""));
		doc_add(&v->doc, json_i64(w, "hits", 0) ? R_NEW : R_TEXT,
		        (struct slice){b.s, b.len});
		doc_mean(&v->doc, v->doc.lines.n - 1, NULL, w, K_WATCH);
		buf_release(&b);
	}
	if (!list || !list->child)
		doc_printf(&v->doc, R_TEXT,
		           " none. w on an answer asks its question again until a stated end");
}

static void jobs_build(struct app *a, struct view *v)
{
	add_sources(a, v);
	add_jobs(a, v);
	add_imports(v);
	add_lake(v);
	add_watches(v);
}

static void keep(struct view *v, cJSON **to, cJSON *result)
{
	doc_reset(&v->doc, v->doc.width);
	view_dirty(v);
	cJSON_Delete(*to);
	*to = result;
}

static void got_lake(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	(void)a;
	if (!e)
		keep(v, &own(v)->lake, result);
}

static void got_imports(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	(void)a;
	if (!e)
		keep(v, &own(v)->imports, result);
}

static void got_watches(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	const cJSON *list = cJSON_IsArray(result) ? result : json_arr(result, "watches");

	if (e)
		return;
	a->status.watches = cJSON_GetArraySize(list);
	keep(v, &own(v)->watches, result);
}

static void load(struct app *a, struct view *v)
{
	app_read_status(a);
	app_call(a, v, "lake.status", NULL, got_lake);
	app_call(a, v, "import.list", NULL, got_imports);
	app_call(a, v, "watch.list", NULL, got_watches);
}

static void reload(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	if (e)
		app_say_err(a, e);
	cJSON_Delete(result);
	load(a, v);
}

static void remove_confirmed(struct app *a, struct view *v, const char *text)
{
	const struct doc_line *l = view_selected(v);
	cJSON *p = cJSON_CreateObject();

	if (!l || strcasecmp(text, "yes") != 0) {
		cJSON_Delete(p);
		app_say(a, R_TEXT, "nothing changed");
		return;
	}
	if (l->kind == K_JOB) {
		json_add_i64(p, "job", json_i64(l->ref, "job", 0));
		app_call(a, v, "job.cancel", p, reload);
	} else if (l->kind == K_WATCH) {
		json_add_i64(p, "watch", json_i64(l->ref, "watch", json_i64(l->ref, "id", 0)));
		app_call(a, v, "watch.remove", p, reload);
	} else {
		json_add_i64(p, "import", json_i64(l->ref, "id", json_i64(l->ref, "import", 0)));
		app_call(a, v, "import.undo", p, reload);
	}
}

static bool jobs_act(struct app *a, struct view *v, enum action act)
{
	static const char *const what[] = {"", "stop this job? yes/no", "end this watch? yes/no",
	                                   "undo this import? yes/no"};
	const struct doc_line *l = view_selected(v);

	if (act == ACT_REFRESH) {
		load(a, v);
		return true;
	}
	if (act == ACT_OPEN && l) {
		app_ask_line(a, v, what[l->kind], "", remove_confirmed);
		return true;
	}
	return false;
}

static void jobs_news(struct app *a, struct view *v, const char *method, const cJSON *params)
{
	if (!strcmp(method, "import.progress"))
		keep(v, &own(v)->progress, cJSON_Duplicate(params, true));
	else if (!strcmp(method, "job.done"))
		load(a, v);
	view_dirty(v);
}

static void jobs_closed(struct app *a, struct view *v)
{
	(void)a;
	cJSON_Delete(own(v)->lake);
	cJSON_Delete(own(v)->imports);
	cJSON_Delete(own(v)->watches);
	cJSON_Delete(own(v)->progress);
	free(own(v));
}

static void jobs_message(struct app *a, struct view *v, struct buf *b)
{
	(void)a;
	(void)v;
	buf_str(b, "Enter on a job stops it, on a watch ends it, on an import undoes it; each asks "
	           "first");
}

const struct view_ops jobs_ops = {.name = "jobs and data",
                                  .context = CX_JOBS,
                                  .build = jobs_build,
                                  .act = jobs_act,
                                  .news = jobs_news,
                                  .of_status = true,
                                  .closed = jobs_closed,
                                  .message = jobs_message};

void open_jobs(struct app *a)
{
	struct view *v = app_push(a, &jobs_ops, app_top(a)->incident);

	v->own = xcalloc(1, sizeof(struct jobs));
	load(a, v);
}
