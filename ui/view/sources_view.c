/*
 * The configured sources, live: whether each is up and since when, its own words where it is not, how late its data is, what is known of
 * its fields, its polls. Enter has the one under the cursor tested, permission by permission; r reads its catalogue anew.
 */
#include "view/app.h"

#include "widget/text.h"

enum { K_SOURCE = 1 };

static void add_line(struct view *v, enum role role, const char *head, const char *text)
{
	if (text && *text)
		doc_wrap(&v->doc, role, head, 4, slice_of(text));
}

static void say_ago(struct buf *b, mw_time t)
{
	char age[16];

	if (t == MW_TIME_NONE)
		return;
	age_text(mw_now() - t, age);
	buf_printf(b, "%s ago", age);
}

static void add_head(struct view *v, const cJSON *s)
{
	const char *state = json_str(s, "state", "?");
	enum role role = !strcmp(state, "down") ? R_BAD : !strcmp(state, "slow") ? R_WARN : R_TEXT;
	struct buf b = BUF_INIT;

	buf_printf(&b, "%-16.16s %-11.11s %-8.8s", json_str(s, "name", "?"),
	           json_str(s, "kind", ""), state);
	if (say_when(s, "since") != MW_TIME_NONE) {
		buf_str(&b, "since ");
		say_day_clock(&b, say_when(s, "since"));
	}
	if (json_i64(s, "elapsed_ms", 0))
		buf_printf(&b, "  last answer %lld ms", (long long)json_i64(s, "elapsed_ms", 0));
	doc_add(&v->doc, role, (struct slice){b.s, b.len});
	buf_release(&b);
	add_line(v, R_BAD, "    ", json_str(s, "error", NULL));
	if (json_str(s, "insecure_why", NULL))
		add_line(v, R_WARN,
		         "    its certificate is NOT checked: ", json_str(s, "insecure_why", ""));
}

static void add_catalog(struct view *v, const cJSON *s)
{
	const cJSON *c = json_obj(s, "catalog");
	struct buf b = BUF_INIT;

	if (say_when(c, "at") != MW_TIME_NONE) {
		buf_printf(&b, "%lld tables, %lld fields%s, read ",
		           (long long)json_i64(c, "tables", 0), (long long)json_i64(c, "fields", 0),
		           json_bool(c, "sample", false) ? " of its newest events" : "");
		say_ago(&b, say_when(c, "at"));
	} else {
		buf_str(&b, "not read yet");
	}
	buf_str(&b, json_bool(c, "reading", false) ? "; being read" : "");
	if (json_str(c, "error", NULL))
		buf_printf(&b, "; %s", json_str(c, "error", ""));
	add_line(v, json_str(c, "error", NULL) ? R_WARN : R_TEXT, "    fields   ", b.s);
	buf_release(&b);
}

static void add_data(struct view *v, const cJSON *s)
{
	struct buf b = BUF_INIT;
	char delay[32];

	if (json_i64(s, "delay_s", -1) >= 0) {
		mw_span_format(json_i64(s, "delay_s", 0) * MW_SECOND, delay);
		buf_printf(&b, "usually %s late", delay);
	} else {
		buf_str(&b, "how late its events are is not configured (`delay`)");
	}
	add_line(v, R_TEXT, "    delay    ", b.s);
	buf_reset(&b);
	if (say_when(s, "polled") != MW_TIME_NONE) {
		buf_printf(&b, "%lld taken in, last asked ", (long long)json_i64(s, "findings", 0));
		say_ago(&b, say_when(s, "polled"));
	} else {
		buf_str(&b, json_bool(s, "no_findings", false) ? "it has none of its own"
		                                               : "not asked for yet");
	}
	add_line(v, R_TEXT, "    findings ", b.s);
	buf_release(&b);
}

static void add_checks(struct view *v, const cJSON *s)
{
	const cJSON *c;
	struct buf b = BUF_INIT;

	if (!json_arr(s, "checks")) {
		add_line(v, R_TEXT, "    test     ",
		         "not tested since the engine began: Enter does");
		return;
	}
	say_ago(&b, say_when(s, "tested"));
	add_line(v, R_TEXT, "    tested   ", b.s);
	cJSON_ArrayForEach(c, json_arr(s, "checks"))
	{
		const char *state = json_str(c, "state", ""), *fix = json_str(c, "fix", NULL);
		enum role role = !strcmp(state, "failed") ? R_BAD
		                 : !strcmp(state, "warn") ? R_WARN
		                                          : R_TEXT;
		buf_reset(&b);
		buf_printf(&b, "%-7s %s: %s", state, json_str(c, "what", ""),
		           json_str(c, "found", ""));
		add_line(v, role, "      ", b.s);
		if (fix && role != R_TEXT)
			add_line(v, role, "              ", fix);
	}
	buf_release(&b);
}

static void sources_build(struct app *a, struct view *v)
{
	const cJSON *s;
	cJSON *list;

	/* Lines refer to a copy: the status is read anew while they stand. */
	cJSON_Delete(v->data);
	v->data = list = cJSON_Duplicate(json_arr(a->status.engine, "sources"), true);
	cJSON_ArrayForEach(s, list)
	{
		size_t from = v->doc.lines.n;
		add_head(v, s);
		if (json_str(s, "url", NULL)) {
			add_catalog(v, s);
			add_data(v, s);
			add_checks(v, s);
			doc_mean(&v->doc, from, NULL, s, K_SOURCE);
		}
	}
	if (cJSON_GetArraySize(list) < 3)
		doc_printf(&v->doc, R_TEXT,
		           "No source outside is configured. midwatch source add KIND adds one.");
}

static void done(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	(void)v;
	if (e)
		app_say_err(a, e);
	else
		app_say(a, R_GOOD, "done; what was found stands below its name");
	cJSON_Delete(result);
	app_read_status(a);
}

static bool sources_act(struct app *a, struct view *v, enum action act)
{
	const struct doc_line *l = view_selected(v);
	const char *name = l && l->kind == K_SOURCE ? json_str(l->ref, "name", "") : NULL;

	if (act != ACT_REFRESH && act != ACT_OPEN)
		return false;
	if (!name) {
		app_read_status(a);
		return true;
	}
	app_say(a, R_TEXT, act == ACT_OPEN ? "testing %s.." : "reading the catalogue of %s..",
	        name);
	app_call(a, v, act == ACT_OPEN ? "source.test" : "source.catalog",
	         params_new("source", name), done);
	return true;
}

static void sources_message(struct app *a, struct view *v, struct buf *b)
{
	(void)v;
	status_trust(&a->status, b);
	if (!b->len)
		buf_str(b, "Enter tests the source under the cursor, r reads its catalogue");
}

const struct view_ops sources_ops = {.name = "sources",
                                     .context = CX_JOBS,
                                     .build = sources_build,
                                     .act = sources_act,
                                     .message = sources_message,
                                     .of_status = true};

void open_sources(struct app *a)
{
	app_push(a, &sources_ops, app_top(a)->incident);
	app_read_status(a);
}
