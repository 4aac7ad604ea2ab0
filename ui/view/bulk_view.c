/*
 * A close on review: what would be closed and what each system would get, before anything changes; then the result of each item. The
 * engine runs it at a limited rate, whether this screen stays or not.
 */
#include "view/app.h"

#include "view/plan_lines.h"

static const char *state_of(const struct view *v)
{
	return json_str(v->data, "state", "");
}

static bool at_rest(const struct view *v)
{
	return !strcmp(state_of(v), "review") || !strcmp(state_of(v), "stopped");
}

static const cJSON *result_of(const struct view *v, const char *incident)
{
	const cJSON *r;

	cJSON_ArrayForEach(r, json_arr(v->data, "results")) if (!strcmp(json_str(r, "incident", ""),
	                                                                incident)) return r;
	return NULL;
}

static void add_item(struct view *v, const cJSON *i)
{
	const cJSON *r = result_of(v, json_str(i, "incident", ""));
	const char *state = json_str(r, "state", "");
	struct buf left = BUF_INIT, right = BUF_INIT;

	buf_printf(&left, "  %-9s %s  %s", json_str(i, "incident", "?"),
	           json_str(i, "severity", "?"), json_str(i, "title", ""));
	if (*json_str(i, "owner", ""))
		buf_printf(&left, "  (%s)", json_str(i, "owner", ""));
	if (strcmp(state_of(v), "review") != 0)
		buf_printf(&right, "  %s%s%s", state, *json_str(r, "why", "") ? ": " : "",
		           json_str(r, "why", ""));
	doc_two_sides(&v->doc, !strcmp(state, "failed") ? R_BAD : R_TEXT,
	              (struct slice){left.s, left.len}, (struct slice){right.s, right.len});
	doc_mean(&v->doc, v->doc.lines.n - 1, json_str(i, "incident", "?"), NULL, 0);
	buf_release(&left);
	buf_release(&right);
}

static void add_systems(struct view *v, const cJSON *review)
{
	const cJSON *s;

	doc_printf(&v->doc, R_HEAD, "Written to");
	cJSON_ArrayForEach(s, json_arr(review, "systems"))
	{
		struct buf b = BUF_INIT;
		buf_printf(&b, "%s: %s", json_str(s, "system", "?"), json_str(s, "will", ""));
		if (json_str(s, "off", NULL))
			buf_printf(&b, " (%s)", json_str(s, "off", ""));
		doc_wrap(&v->doc, json_str(s, "off", NULL) ? R_WARN : R_TEXT, "  ", 4,
		         (struct slice){b.s, b.len});
		buf_release(&b);
	}
}

static void bulk_build(struct app *a, struct view *v)
{
	const cJSON *review = json_obj(v->data, "review"), *i;
	struct buf b = BUF_INIT;

	(void)a;
	if (!review) {
		doc_printf(&v->doc, R_TEXT, v->loading ? "asking what would be closed.." : "");
		return;
	}
	doc_printf(&v->doc, R_HEAD, "Close %d incident%s as %s",
	           cJSON_GetArraySize(json_arr(review, "items")),
	           cJSON_GetArraySize(json_arr(review, "items")) == 1 ? "" : "s",
	           json_str(review, "verdict", "?"));
	buf_printf(&b, "%s%s%s", json_str(review, "reason", ""),
	           *json_str(review, "note", "") ? ". Note: " : "", json_str(review, "note", ""));
	doc_wrap(&v->doc, R_TEXT, "Reason  ", 8, (struct slice){b.s, b.len});
	buf_release(&b);
	add_systems(v, review);
	doc_printf(&v->doc, R_HEAD, "Incidents");
	cJSON_ArrayForEach(i, json_arr(review, "items")) add_item(v, i);
}

/* --- running ------------------------------------------------------------------------------------------------------------------- */

static cJSON *bulk_params(const struct view *v)
{
	cJSON *p = cJSON_CreateObject();

	json_add_i64(p, "bulk", json_i64(v->data, "bulk", 0));
	return p;
}

static void read_again(struct app *a, struct view *v)
{
	app_load(a, v, "bulk.get", bulk_params(v), NULL);
}

static void started(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	cJSON_Delete(result);
	a->queue_own = true;
	if (e)
		app_say_err(a, e);
	else
		read_again(a, v);
}

static void confirmed(struct app *a, struct view *v, const char *text)
{
	cJSON *p;

	if (strcasecmp(text, "close") != 0) {
		app_say(a, R_TEXT, "nothing was closed; Enter asks again, Esc leaves");
		return;
	}
	p = bulk_params(v);
	json_add_str(p, "digest", json_str(v->data, "digest", ""));
	app_call(a, v, "bulk.run", p, started);
}

/* One incident is confirmed by Enter, several by the word. */
static void confirm(struct app *a, struct view *v)
{
	int n = cJSON_GetArraySize(json_arr(json_obj(v->data, "review"), "items"));
	char label[64];

	snprintf(label, sizeof(label),
	         n == 1 ? "Enter closes it, Esc does not" : "type close to close these %d", n);
	app_ask_line(a, v, label, n == 1 ? "close" : "", confirmed);
}

static void reviewed(struct app *a, struct view *v)
{
	confirm(a, v);
}

static bool bulk_act(struct app *a, struct view *v, enum action act)
{
	switch (act) {
	case ACT_OPEN:
	case ACT_REFRESH:
		if (at_rest(v))
			confirm(a, v);
		else
			read_again(a, v);
		return true;
	case ACT_BACK:
	case ACT_CANCEL:
		if (strcmp(state_of(v), "running") != 0)
			return false;
		app_call(a, v, "bulk.stop", bulk_params(v), started);
		app_say(a, R_WARN,
		        "stopping; what is closed stays closed, Enter goes on with the rest");
		return true;
	case ACT_TICK:
	case ACT_MORE:
	case ACT_UNFOLD:
		app_say(a, R_TEXT, "this list is what was reviewed; Esc goes back to choose anew");
		return true;
	default:
		return false;
	}
}

static void bulk_crumb(struct app *a, struct view *v, struct buf *b)
{
	(void)a;
	if (v->data)
		buf_printf(b, "%s: %lld done, %lld failed, %lld open", state_of(v),
		           (long long)json_i64(v->data, "done", 0),
		           (long long)json_i64(v->data, "failed", 0),
		           (long long)json_i64(v->data, "open", 0));
}

static void bulk_message(struct app *a, struct view *v, struct buf *b)
{
	(void)a;
	if (!strcmp(state_of(v), "running"))
		buf_str(b, "It runs also when you leave. Esc stops it.");
	else if (at_rest(v))
		buf_str(b, "Nothing has been closed that does not say done. Enter goes on.");
	else if (v->data)
		buf_printf(b, "closed %lld as %s", (long long)json_i64(v->data, "done", 0),
		           json_str(json_obj(v->data, "review"), "verdict", ""));
}

static void bulk_news(struct app *a, struct view *v, const char *method, const cJSON *params)
{
	if (!strcmp(method, "bulk.progress") &&
	    json_i64(params, "bulk", 0) == json_i64(v->data, "bulk", -1))
		read_again(a, v);
}

const struct view_ops bulk_ops = {.name = "close",
                                  .context = CX_STORM,
                                  .build = bulk_build,
                                  .act = bulk_act,
                                  .crumb = bulk_crumb,
                                  .message = bulk_message,
                                  .news = bulk_news};

void open_bulk_close(struct app *a, cJSON *params)
{
	struct view *v = app_push(a, &bulk_ops, "");

	app_load(a, v, "bulk.review", params, reviewed);
}
