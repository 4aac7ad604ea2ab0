/* Timelines of a question or a case, and their export. */
#include "base/base64.h"
#include "investigate/describe.h"
#include "report/report.h"
#include "serve/work_lake.h"

/* ---- timeline ---- */

static int add_row(void *ctx, size_t step, const struct source_row *r, struct err *e)
{
	(void)step;
	return timeline_add(ctx, r, e);
}

/* A case's own timeline: everything that names one of its entities, an hour around its findings. */
struct plan *work_incident_plan(const cJSON *incident, struct err *e)
{
	struct plan *p = plan_new();
	struct plan_search *q = &plan_add_step(p, PS_SEARCH)->search;
	const cJSON *list = json_arr(incident, "entities");
	const char *first = json_str(incident, "first", NULL),
	           *last = json_str(incident, "last", NULL);
	mw_time t;
	q->where = NULL;
	for (const cJSON *v = list ? list->child : NULL; v; v = v->next) {
		const char *eq = cJSON_IsString(v) ? strchr(v->valuestring, '=') : NULL;
		if (!eq || !eq[1] || !entity_is_telling(v->valuestring))
			continue;
		if (!q->where)
			q->where = plan_cmp(p, NULL, OP_TEXT, slice_of(eq + 1));
		else
			plan_cmp_value(p, q->where, slice_of(eq + 1));
	}
	if (first && mw_time_parse(slice_of(first), &t))
		q->from = (struct plan_time){.kind = PW_ABS, .t = t - MW_HOUR};
	if (last && mw_time_parse(slice_of(last), &t))
		q->to = (struct plan_time){.kind = PW_ABS, .t = t + MW_HOUR};
	p->show = SHOW_EVENTS;
	if (!q->where || plan_validate(p, e)) {
		if (!q->where)
			err_set(e, ERR_NOT_FOUND,
			        "this incident names no entity to draw a timeline of");
		plan_free(p);
		return NULL;
	}
	return p;
}

int64_t work_times_seen(void *ctx, struct slice what)
{
	struct catalog_value v[32];
	size_t n = catalog_value_find(ctx, what, v, ARRAY_LEN(v));
	int64_t sum = 0;
	for (size_t i = 0; i < n && i < ARRAY_LEN(v); i++)
		sum += (int64_t)v[i].events;
	return n ? sum : -1;
}

static int fill(struct worker *w, const struct plan *p, mw_time now, struct err *e)
{
	struct lake_state *s = worker_state(w);
	struct run_sink sink = {s->timeline, add_row, NULL};
	struct run_result run = {0};
	struct run_env env;
	int rc;
	lake_env(w, &env, now);
	remotes_reuse(s->remotes, true);
	rc = run_plan(p, &env, &sink, &run, e);
	remotes_reuse(s->remotes, false);
	run_result_release(&run);
	return rc;
}

/* Makes s->timeline that of the plan; keeps it where it is that already. Takes the plan (NULL: the error stands). */
static int timeline_of(struct worker *w, struct plan *p, mw_time now, struct err *e)
{
	struct lake_state *s = worker_state(w);
	struct buf key = BUF_INIT;
	cJSON *j;
	int rc = 0;
	if (!p)
		return -1;
	j = plan_to_json(p);
	json_write(&key, j);
	cJSON_Delete(j);
	if (!s->timeline || strcmp(key.s, s->timeline_plan)) {
		timeline_free(s->timeline);
		free(s->timeline_plan);
		s->timeline = timeline_new();
		s->timeline_plan = buf_take(&key, NULL);
		rc = fill(w, p, now, e);
	}
	buf_release(&key);
	plan_free(p);
	return rc;
}

int work_timeline_of(struct worker *w, const cJSON *incident, mw_time now, struct err *e)
{
	return timeline_of(w, work_incident_plan(incident, e), now, e);
}

int work_timeline_for(struct worker *w, const cJSON *params, struct err *e)
{
	const cJSON *ctx = json_get(params, "ctx"), *given = json_obj(ctx, "plan");
	return given ? timeline_of(w, plan_from_json(given, e), work_now(params), e)
	             : work_timeline_of(w, json_obj(ctx, "incident"), work_now(params), e);
}

int work_timeline(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct lake_state *s = worker_state(w);
	int64_t offset = json_i64(params, "offset", 0), limit = json_i64(params, "limit", 200);
	if (lake_state_refresh(s, e) || work_timeline_for(w, params, e))
		return -1;
	timeline_build(s->timeline, json_str(params, "filter", NULL), work_times_seen, s->catalog);
	*result = timeline_page(s->timeline, offset > 0 ? (size_t)offset : 0,
	                        limit > 0 ? (size_t)limit : 0);
	return 0;
}

/* Later pages carry the first one's time, so that all are of one text. */
mw_time work_checked_at(const cJSON *params)
{
	mw_time at;

	return mw_time_parse(slice_of(json_str(params, "at", "")), &at) ? at : work_now(params);
}

#define EXPORT_PAGE (256 * 1024)
static const char *const formats[] = {
        [TL_MARKDOWN] = "markdown", [TL_CSV] = "csv", [TL_JSON] = "json", [TL_HTML] = "html"};

/* HTML is a whole page with the drawn timeline on top, made from the Markdown like every report. */
static int page(struct buf *md, const char *title, const struct report_figures *f, struct buf *out,
                struct err *e)
{
	int rc = report_html((struct slice){md->s, md->len}, title, f, out, e);

	buf_release(md);
	return rc;
}

static int export_timeline(struct worker *w, const cJSON *params, enum timeline_format f,
                           struct buf *out, struct err *e)
{
	struct lake_state *s = worker_state(w);
	bool defang = json_bool(params, "defang", false);
	struct buf md = BUF_INIT;

	if (lake_state_refresh(s, e) || work_timeline_for(w, params, e))
		return -1;
	timeline_build(s->timeline, NULL, work_times_seen, s->catalog);
	if (f != TL_HTML) {
		timeline_export(s->timeline, f, defang, 0, out);
		return 0;
	}
	buf_str(&md, "# Timeline\n\n");
	timeline_export(s->timeline, TL_MARKDOWN, defang, 0, &md);
	return page(&md, "Timeline", &(struct report_figures){.timeline = s->timeline}, out, e);
}

static int export_document(struct worker *w, const cJSON *params, enum timeline_format f,
                           struct buf *out, struct err *e)
{
	struct lake_state *s = worker_state(w);
	const cJSON *ctx = json_obj(params, "ctx"), *doc = json_obj(ctx, "doc");
	bool incident = !strcmp(json_str(doc, "kind", ""), "incident");
	struct report_figures figures = {.incidents =
	                                         json_arr(json_obj(ctx, "shift"), "incidents")};
	struct buf md = BUF_INIT;

	if (f != TL_MARKDOWN && f != TL_HTML)
		return err_set(
		        e, ERR_INVALID,
		        "a document leaves as markdown or html; csv and json are for timelines");
	if (lake_state_refresh(s, e) || work_document(w, params, f == TL_HTML ? &md : out, e)) {
		buf_release(&md);
		return -1;
	}
	figures.timeline = incident ? s->timeline : NULL;
	return f == TL_HTML ? page(&md, json_str(doc, "kind", "document"), &figures, out, e) : 0;
}

int work_export(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	const char *format = json_str(params, "format", "markdown");
	int64_t offset = json_i64(params, "offset", 0);
	struct buf b = BUF_INIT;
	size_t f = 0, n;
	int rc;
	while (f < ARRAY_LEN(formats) && strcmp(formats[f], format))
		f++;
	if (f == ARRAY_LEN(formats))
		return err_set(e, ERR_INVALID,
		               "no format \"%s\": there are markdown, csv, json and html", format);
	rc = (json_obj(json_obj(params, "ctx"), "doc") ? export_document : export_timeline)(
	        w, params, (enum timeline_format)f, &b, e);
	if (rc) {
		buf_release(&b);
		return -1;
	}
	n = offset > 0 && (size_t)offset < b.len ? (size_t)offset : offset > 0 ? b.len : 0;
	*result = cJSON_CreateObject();
	json_add_base64(*result, "data",
	                (struct slice){b.s + n, b.len - n < EXPORT_PAGE ? b.len - n : EXPORT_PAGE});
	json_add_i64(*result, "offset", (int64_t)n);
	json_add_i64(*result, "total", (int64_t)b.len);
	json_add_time(*result, "at", work_checked_at(params));
	buf_release(&b);
	return 0;
}
