/*
 * One step of a plan as it is sent, in each language, and the plan itself as a form or, by `e`, as text in $EDITOR. What is sent is
 * the engine's text, never ours; an edit is a JSON plan that the engine checks before it runs.
 */
#include "view/app.h"

#include "view/hand_edit.h"
#include "view/plan_form.h"
#include "widget/text.h"

enum { N_JOB, N_STEP, N_LANGUAGE };
static const char *const languages[] = {"as run", "SPL", "KQL", "AQL", "SQL", "DSL"};
static const char *const language_keys[] = {NULL, "spl", "kql", "aql", "sql", "dsl"};

struct plan_state {
	cJSON *plan, *before; /* before: as it was before the change that is being checked */
	char *back;           /* text of the last edit that was refused */
	char *hand_at;        /* the source whose text is being edited by hand */
	bool changed;         /* by the form, not run yet */
};

static struct plan_state *own(const struct view *v)
{
	return v->own;
}

static cJSON *text_params(const struct view *v)
{
	cJSON *p = cJSON_CreateObject();

	cJSON_AddItemToObject(p, "plan", cJSON_Duplicate(own(v)->plan, true));
	json_add_i64(p, "step", v->num[N_STEP]);
	if (language_keys[v->num[N_LANGUAGE]])
		json_add_str(p, "language", language_keys[v->num[N_LANGUAGE]]);
	return p;
}

static void load(struct app *a, struct view *v)
{
	app_load(a, v, "plan.text", text_params(v), NULL);
}

static void add_facts(struct view *v)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, v->data)
	{
		struct buf b = BUF_INIT;
		char head[32];
		if (!strcmp(m->string, "text") || !strcmp(m->string, "sent") || cJSON_IsObject(m))
			continue;
		snprintf(head, sizeof(head), " %-10.10s ", m->string);
		say_value(&b, m);
		doc_wrap(&v->doc, R_TEXT, head, 12, (struct slice){b.s, b.len});
		buf_release(&b);
	}
}

/* Tabs of a printed plan are two columns at the start of a line and one after a name. */
static void add_sent_line(struct view *v, struct slice line)
{
	struct buf b = BUF_INIT;
	bool start = true;

	for (size_t i = 0; i < line.n; i++) {
		start = start && line.s[i] == '\t';
		if (line.s[i] == '\t')
			buf_str(&b, start ? "  " : " ");
		else
			buf_ch(&b, line.s[i]);
	}
	doc_wrap(&v->doc, R_TEXT, " ", 1, (struct slice){b.s, b.len});
	buf_release(&b);
}

static void plan_build(struct app *a, struct view *v)
{
	const char *text = json_str(v->data, "text", json_str(v->data, "sent", NULL));
	struct slice rest = slice_of(text), line;

	(void)a;
	if (v->loading && !v->data)
		doc_printf(&v->doc, R_TEXT, "asking for the text..");
	plan_form_add(v, own(v)->plan);
	doc_add(&v->doc, R_TEXT, SLICE(""));
	doc_printf(&v->doc, R_HEAD, " What is sent for step %lld (%s)",
	           (long long)v->num[N_STEP] + 1, languages[v->num[N_LANGUAGE]]);
	add_facts(v);
	while (text && slice_split(&rest, '\n', &line))
		add_sent_line(v, line);
}

static void plan_crumb(struct app *a, struct view *v, struct buf *b)
{
	(void)a;
	buf_printf(b, "step %lld of %d  ", (long long)v->num[N_STEP] + 1,
	           cJSON_GetArraySize(json_arr(own(v)->plan, "steps")));
	for (size_t i = 0; i < ARRAY_LEN(languages); i++)
		buf_printf(b, " %s%zu %s%s", (size_t)v->num[N_LANGUAGE] == i ? "<" : "", i + 1,
		           languages[i], (size_t)v->num[N_LANGUAGE] == i ? ">" : "");
}

static bool plan_digit(struct app *a, struct view *v, int n)
{
	if ((size_t)n > ARRAY_LEN(languages))
		return false;
	v->num[N_LANGUAGE] = n - 1;
	load(a, v);
	return true;
}

/* --- editing -------------------------------------------------------------------------------------------------------------------- */

static void ran(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	char incident[24];

	if (e) {
		app_say(a, R_BAD, "%s  (e edits it again)", e->what);
		return;
	}
	snprintf(incident, sizeof(incident), "%s", v->incident);
	cJSON_Delete(result);
	free(own(v)->back);
	own(v)->back = NULL;
	app_reload(a, v->session->name);
	open_chat(a, incident);
}

static void run_edited(struct app *a, struct view *v, char *text)
{
	struct err e;
	cJSON *plan = json_parse(slice_of(text), MW_PLAN_JSON_MAX, &e), *p;
	const struct turn *t = v->session ? session_last(v->session) : NULL;

	free(own(v)->back);
	own(v)->back = text;
	if (!plan) {
		app_say(a, R_BAD, "not run, the edit is no JSON: %s  (e edits it again)", e.what);
		return;
	}
	p = params_new("session", v->session->name);
	cJSON_AddItemToObject(p, "plan", plan);
	if (v->incident[0])
		json_add_str(p, "incident", v->incident);
	if (t)
		json_add_str(p, "question", t->question);
	app_call(a, v, "plan.run", p, ran);
}

static void edit_plan(struct app *a, struct view *v)
{
	char *text = own(v)->back ? xstrdup(own(v)->back) : cJSON_Print(own(v)->plan),
	     *edited = hand_text(a, text, ".json");

	if (edited)
		run_edited(a, v, edited);
	free(text);
}

static void text_came(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	if (e)
		app_say_err(a, e);
	else if (v)
		hand_run(a, v, own(v)->hand_at, json_str(result, "text", ""), ran);
	cJSON_Delete(result);
}

/* As it is rendered for that source's own table or index, so that it can be sent as it stands. */
static void edit_hand(struct app *a, struct view *v, const char *language)
{
	const cJSON *step =
	        cJSON_GetArrayItem(json_arr(own(v)->plan, "steps"), (int)v->num[N_STEP]);
	const char *hand = json_str(step, "hand", NULL), *at = json_str(step, "source", "");
	const cJSON *source = hand ? NULL : hand_source(a, language, at);
	cJSON *p;

	if (!hand && !source) {
		app_say(a, R_WARN, "no configured source speaks %s: y copies the text",
		        languages[v->num[N_LANGUAGE]]);
		return;
	}
	if (hand) {
		hand_run(a, v, at, hand, ran);
		return;
	}
	free(own(v)->hand_at);
	own(v)->hand_at = xstrdup(json_str(source, "name", ""));
	p = text_params(v);
	if (json_str(source, "table", NULL))
		json_add_str(p, "table", json_str(source, "table", ""));
	app_call(a, v, "plan.text", p, text_came);
}

/* The plan itself as JSON, or, where another language is shown, the text in it. */
static void edit(struct app *a, struct view *v)
{
	const char *language = language_keys[v->num[N_LANGUAGE]];
	const cJSON *step =
	        cJSON_GetArrayItem(json_arr(own(v)->plan, "steps"), (int)v->num[N_STEP]);

	if (language || json_get(step, "hand"))
		edit_hand(a, v, language ? language : "");
	else
		edit_plan(a, v);
}

/* --- the form ------------------------------------------------------------------------------------------------------------------- */

/* Lines point into the plan: they go before it changes. */
static void put_plan(struct view *v, cJSON *plan)
{
	doc_reset(&v->doc, v->doc.width);
	cJSON_Delete(own(v)->plan);
	own(v)->plan = plan;
	view_dirty(v);
}

static void checked(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	bool ok = !e && json_bool(result, "ok", true);

	if (ok) {
		own(v)->changed = true;
		app_say(a, R_GOOD, "changed; r runs it, Esc leaves it unrun");
		load(a, v);
	} else {
		put_plan(v, own(v)->before);
		own(v)->before = NULL;
		app_say(a, R_BAD, "not changed: %s", e ? e->what : json_str(result, "error", "?"));
	}
	cJSON_Delete(own(v)->before);
	own(v)->before = NULL;
	cJSON_Delete(result);
}

static void check(struct app *a, struct view *v)
{
	cJSON *p = cJSON_CreateObject();

	cJSON_AddItemToObject(p, "plan", cJSON_Duplicate(own(v)->plan, true));
	app_call(a, v, "plan.check", p, checked);
}

static void line_given(struct app *a, struct view *v, const char *text)
{
	const struct doc_line *l = view_selected(v);
	struct plan_state *s = own(v);
	struct err e;

	if (!l || !l->ref || s->before)
		return;
	s->before = cJSON_Duplicate(s->plan, true);
	if (plan_form_set(s->plan, l->ref, (enum form_kind)l->kind, text, &e)) {
		doc_reset(&v->doc, v->doc.width);
		view_dirty(v);
		check(a, v);
		return;
	}
	cJSON_Delete(s->before);
	s->before = NULL;
	app_say(a, R_BAD, "not changed: %s", e.what);
}

static bool edit_line(struct app *a, struct view *v)
{
	static const char *const labels[] = {[FORM_CONDITION] = "condition (empty: without it)",
	                                     [FORM_FROM] = "from (empty: no bound)",
	                                     [FORM_TO] = "to (empty: no bound)",
	                                     [FORM_LIMIT] = "at most (rows)",
	                                     [FORM_ADD] = "and also"};
	const struct doc_line *l = view_selected(v);
	struct buf now = BUF_INIT;

	if (!l || !l->kind || !l->ref)
		return false;
	plan_form_text(l, &now);
	app_ask_line(a, v, labels[l->kind], now.s, line_given);
	buf_release(&now);
	return true;
}

static void run_plan(struct app *a, struct view *v)
{
	if (own(v)->changed)
		run_edited(a, v, cJSON_Print(own(v)->plan));
	else
		app_say(a, R_TEXT, "nothing was changed; Enter on a line of the form changes it");
}

static bool plan_act(struct app *a, struct view *v, enum action act)
{
	const char *text = json_str(v->data, "text", json_str(v->data, "sent", ""));

	switch (act) {
	case ACT_OPEN:
		if (!edit_line(a, v))
			app_say(a, R_TEXT, "j goes to the form: its lines are what Enter changes");
		return true;
	case ACT_REFRESH:
		run_plan(a, v);
		return true;
	case ACT_EDIT:
		edit(a, v);
		return true;
	case ACT_SENT:
		v->num[N_STEP] =
		        (v->num[N_STEP] + 1) % cJSON_GetArraySize(json_arr(own(v)->plan, "steps"));
		load(a, v);
		return true;
	case ACT_COPY:
		if (!*text)
			return false;
		copy_out(a, "query", slice_of(text));
		return true;
	default:
		return false;
	}
}

static void plan_closed(struct app *a, struct view *v)
{
	(void)a;
	cJSON_Delete(own(v)->plan);
	cJSON_Delete(own(v)->before);
	free(own(v)->back);
	free(own(v)->hand_at);
	free(own(v));
}

static void plan_message(struct app *a, struct view *v, struct buf *b)
{
	(void)a;
	buf_str(b, own(v)->changed
	                   ? "Changed, not run: r runs it. v next step, digits other language"
	                   : "This is what is sent, letter for letter. v next step, digits "
	                     "other language, y copies, e edits");
}

const struct view_ops plan_ops = {.name = "plan",
                                  .context = CX_PLAN,
                                  .build = plan_build,
                                  .crumb = plan_crumb,
                                  .digit = plan_digit,
                                  .act = plan_act,
                                  .closed = plan_closed,
                                  .message = plan_message};

void open_plan(struct app *a, struct view *from, int64_t job, const cJSON *plan, int step)
{
	struct plan_state *s;
	struct view *v;

	if (!plan) {
		app_say(a, R_WARN, "this answer came without a plan");
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->plan = cJSON_Duplicate(plan, true);
	v = app_push(a, &plan_ops, from->incident);
	v->own = s;
	v->session = from->session;
	v->num[N_JOB] = job;
	v->num[N_STEP] = step;
	load(a, v);
}
