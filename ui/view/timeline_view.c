/*
 * The timeline of an answer or an incident: one row a burst, a histogram over it, holes of sources as rows of their own.
 */
#include "view/app.h"

#include <math.h>

#include "term/width.h"
#include "view/plan_lines.h"
#include "widget/text.h"

#define PAGE 500
#define ROWS_MAX 5000

enum {
	N_JOB,
	N_ASKED,
	N_SHOWN
}; /* N_ASKED: a page is on its way; N_SHOWN: rows that pass the filter */

static void want_more(struct app *a, struct view *v);

static bool row_passes(const struct view *v, const cJSON *row)
{
	static const char *const in[] = {"what",    "actor",   "target", "source",
	                                 "dataset", "outcome", "note"};
	struct slice rest = {v->find.s, v->find.len}, word;

	while (slice_split(&rest, ' ', &word)) {
		bool no = word.n > 1 && word.s[0] == '-', hit = !word.n;
		struct slice w = no ? (struct slice){word.s + 1, word.n - 1} : word;
		for (size_t i = 0; i < ARRAY_LEN(in) && !hit; i++) {
			const char *t = json_str(row, in[i], "");
			hit = mw_memimem(t, strlen(t), w.s, w.n) != NULL;
		}
		if (word.n && hit == no)
			return false;
	}
	return true;
}

/* The histogram as one line: "02:12 ....:..|..#.. 03:14  1 = 2m". Height by character: nothing . : | #, by the square root, so
 * that one burst does not flatten the rest. */
static void add_histogram(struct view *v)
{
	static const char height[] = " .:|#";
	const cJSON *h = json_arr(v->data, "histogram");
	int n = cJSON_GetArraySize(h), cols = v->doc.width - 34;
	double most = 1;
	struct buf b = BUF_INIT;
	int64_t bucket = json_i64(v->data, "bucket_s", 0);
	char span[32];

	if (n < 1 || cols < 10)
		return;
	cols = cols > n ? n : cols;
	double *sum = xcalloc((size_t)cols, sizeof(*sum));
	for (int i = 0; i < n; i++)
		sum[(int64_t)i * cols / n] += cJSON_GetArrayItem(h, i)->valuedouble;
	for (int i = 0; i < cols; i++)
		most = sum[i] > most ? sum[i] : most;
	say_clock(&b, say_when(v->data, "from"));
	buf_ch(&b, ' ');
	for (int i = 0; i < cols; i++)
		buf_ch(&b, height[sum[i] <= 0 ? 0 : 1 + (int)(3 * sqrt(sum[i] / most))]);
	buf_ch(&b, ' ');
	say_clock(&b, say_when(v->data, "to"));
	mw_span_words(bucket * n / cols * MW_SECOND, span);
	buf_printf(&b, "  1 = %s", span);
	doc_add(&v->doc, R_TEXT, (struct slice){b.s, b.len});
	buf_release(&b);
	free(sum);
}

static void add_marks(struct buf *b, const cJSON *row)
{
	static const struct {
		const char *key, *word;
	} marks[] = {
	        {"denied", " DENIED"}, {"first", " FIRST"}, {"last", " LAST"}, {"rare", " RARE"}};

	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (json_bool(row, marks[i].key, false))
			buf_str(b, marks[i].word);
}

static void row_left(struct buf *b, const cJSON *row, bool days)
{
	mw_time t = say_when(row, "time");
	int64_t n = json_i64(row, "count", 1);
	const char *source = json_str(row, "source", ""),
	           *dataset = json_str(row, "dataset", source);
	char count[32];

	if (days) {
		struct buf d = BUF_INIT;
		say_day_clock(&d, t);
		buf_printf(b, " %.5s ", d.len > 10 ? d.s + 5 : "");
		buf_release(&d);
	} else {
		buf_ch(b, ' ');
	}
	say_clock(b, t);
	buf_ch(b, json_i64(row, "uncertain_s", 0) > 0 ? '~' : ' ');
	buf_printf(b, "%-10.10s ", strcmp(source, "lake") ? source : dataset);
	if (n > 1) {
		count_text(n, count);
		buf_printf(b, "+ %s x ", count);
	}
	buf_str(b, json_str(row, "what", ""));
	if (*json_str(row, "actor", ""))
		buf_printf(b, "  %s", json_str(row, "actor", ""));
	if (*json_str(row, "target", ""))
		buf_printf(b, "  %s", json_str(row, "target", ""));
	if (*json_str(row, "from", ""))
		buf_printf(b, "  from %s", json_str(row, "from", ""));
	if (*json_str(row, "outcome", "") &&
	    strcasecmp(json_str(row, "outcome", ""), "success") != 0)
		buf_printf(b, "  %s", json_str(row, "outcome", ""));
}

static void add_row(struct view *v, const cJSON *row, bool days)
{
	struct buf left = BUF_INIT, right = BUF_INIT;
	const char *gap = json_str(row, "gap", NULL);
	size_t from = v->doc.lines.n;
	char id[96];

	if (gap) {
		row_left(&left, row, days);
		buf_printf(&left, " ----- %s -----", gap);
	} else {
		row_left(&left, row, days);
		add_marks(&right, row);
		say_ids(&right, json_get(row, "evidence"), 1);
		if (cJSON_IsTrue(json_get(row, "pin")))
			buf_str(&right, " pin");
	}
	doc_two_sides(&v->doc, gap ? R_WARN : R_TEXT, (struct slice){left.s, left.len},
	              (struct slice){right.s, right.len});
	if (json_str(row, "note", NULL))
		doc_printf(&v->doc, R_NOTE, "          note: %s", json_str(row, "note", ""));
	snprintf(id, sizeof(id), "%.30s/%.60s", json_str(row, "time", ""),
	         json_str(row, "what", ""));
	doc_mean(&v->doc, from, id, row, 0);
	buf_release(&left);
	buf_release(&right);
}

static void timeline_build(struct app *a, struct view *v)
{
	const cJSON *row, *rows = json_arr(v->data, "rows");
	mw_time from = say_when(v->data, "from"), to = say_when(v->data, "to");
	bool days = from != MW_TIME_NONE && to != MW_TIME_NONE && to - from > 20 * MW_HOUR;

	if (!v->data) {
		doc_printf(&v->doc, R_TEXT, v->loading ? "reading the timeline.." : "no timeline");
		return;
	}
	if (a) /* a picture for the eye: --plain leaves it out */
		add_histogram(v);
	doc_printf(&v->doc, R_HEAD, "%s Source     What", days ? " Day   Time    " : " Time    ");
	v->num[N_SHOWN] = 0;
	cJSON_ArrayForEach(row, rows)
	{
		if (!row_passes(v, row))
			continue;
		add_row(v, row, days);
		v->num[N_SHOWN]++;
	}
	if (!v->num[N_SHOWN])
		doc_printf(&v->doc, R_WARN,
		           rows && rows->child ? "no row passes the filter; Esc clears it"
		                               : "no event");
}

static void timeline_crumb(struct app *a, struct view *v, struct buf *b)
{
	char events[32], rows[32], shown[32];

	(void)a;
	if (!v->data)
		return;
	count_text(json_i64(v->data, "total_events", 0), events);
	count_text(json_i64(v->data, "total_rows", 0), rows);
	count_text(v->num[N_SHOWN], shown);
	buf_printf(b, "%s of %s rows, %s events%s%s  %s z", shown, rows, events,
	           v->find.len ? "  filter " : "", v->find.len ? v->find.s : "",
	           clock_face.local ? "local" : "UTC");
}

/* --- pages -------------------------------------------------------------------------------------------------------------------- */

static void got_page(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	cJSON *have = json_arr(v->data, "rows"), *more = json_arr(result, "rows");

	v->num[N_ASKED] = 0;
	if (e) {
		app_say_err(a, e);
		return;
	}
	while (have && more && more->child)
		cJSON_AddItemToArray(have, cJSON_DetachItemViaPointer(more, more->child));
	cJSON_Delete(result);
	view_dirty(v);
	if (v->find.len || v->pos.follow) /* a filter, and the end, want all of it */
		want_more(a, v);
}

static cJSON *page_params(const struct view *v, int64_t offset)
{
	cJSON *p = cJSON_CreateObject();

	if (v->num[N_JOB])
		json_add_i64(p, "job", v->num[N_JOB]);
	else
		json_add_str(p, "incident", v->incident);
	json_add_i64(p, "offset", offset);
	json_add_i64(p, "limit", PAGE);
	return p;
}

/* The next page, when there is one and none is on its way. */
static void want_more(struct app *a, struct view *v)
{
	int64_t n = cJSON_GetArraySize(json_arr(v->data, "rows"));

	if (v->num[N_ASKED] || !v->data || n >= json_i64(v->data, "total_rows", 0) ||
	    n >= ROWS_MAX || n % PAGE)
		return;
	v->num[N_ASKED] = 1;
	app_call(a, v, "timeline.get", page_params(v, n), got_page);
}

/* Rows come by the page as the reader gets there. */
static void near_end(struct app *a, struct view *v)
{
	if (v->pos.sel + 2 * (size_t)v->pos.rows + 100 > v->doc.lines.n)
		want_more(a, v);
}

/* --- keys ---------------------------------------------------------------------------------------------------------------------- */

static void filter_changed(struct app *a, struct view *v, const char *text)
{
	buf_reset(&v->find);
	buf_str(&v->find, text);
	view_dirty(v);
	if (*text)
		want_more(a, v);
}

static void filter_cancelled(struct app *a, struct view *v)
{
	filter_changed(a, v, "");
}

static void around(struct app *a, struct view *v, const cJSON *row, bool after)
{
	mw_time t = say_when(row, "time");
	char at[32], q[160];

	if (t == MW_TIME_NONE)
		return;
	mw_time_format(after ? t : t - 10 * MW_MINUTE, at);
	snprintf(q, sizeof(q), "all events in the 10 minutes after %s", at);
	open_chat(a, v->incident);
	app_ask(a, app_top(a), q);
}

static bool timeline_act(struct app *a, struct view *v, enum action act)
{
	const struct doc_line *l = view_selected(v);

	switch (act) {
	case ACT_FILTER:
		app_ask_line(a, v, "filter (-word: without)", v->find.s, filter_changed);
		a->ask.changed = filter_changed;
		a->ask.cancelled = filter_cancelled;
		return true;
	case ACT_UNFOLD:
	case ACT_OPEN:
		open_evidence_of(a, l);
		return true;
	case ACT_BEFORE:
	case ACT_AFTER:
		if (l)
			around(a, v, l->ref, act == ACT_AFTER);
		return true;
	case ACT_REFRESH:
		app_load(a, v, "timeline.get", page_params(v, 0), NULL);
		return true;
	case ACT_END:
		doc_end(&v->doc, &v->pos);
		want_more(a, v);
		return true;
	default:
		near_end(a, v);
		return false;
	}
}

static void timeline_message(struct app *a, struct view *v, struct buf *b)
{
	(void)a;
	if (json_i64(v->data, "total_rows", 0) > ROWS_MAX)
		buf_printf(
		        b,
		        "PARTIAL: at most %d rows are listed here; ask narrower, or x exports all",
		        ROWS_MAX);
	else if (v->data)
		buf_str(b, "~ order uncertain   + a burst of alike records: Enter opens the first, "
		           "] the next");
}

const struct view_ops timeline_ops = {.name = "timeline",
                                      .context = CX_TIMELINE,
                                      .build = timeline_build,
                                      .crumb = timeline_crumb,
                                      .act = timeline_act,
                                      .message = timeline_message};

void open_timeline(struct app *a, const char *incident, int64_t job)
{
	struct view *v = app_push(a, &timeline_ops, incident);

	v->num[N_JOB] = job;
	v->session = app_session(a, incident);
	app_load(a, v, "timeline.get", page_params(v, 0), NULL);
}
