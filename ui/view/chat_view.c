/*
 * The conversation: each question with how it was read, what runs for it, and its answer with its gaps and proofs.
 */
#include "view/app.h"

#include "view/plan_lines.h"
#include "view/table_lines.h"
#include "widget/input.h"
#include "widget/text.h"

#define HANG 5

enum { K_TEXT, K_CHOICE, K_STEP, K_ROW, K_SENTENCE, K_QUESTION, K_MORE };

static size_t wrap(struct view *v, enum role role, const char *head, const struct buf *b)
{
	size_t from = doc_wrap(&v->doc, role, head, HANG, (struct slice){b->s, b->len});

	if (*head && head[0] != ' ') {
		v->doc.lines.v[from].bar = HANG - 1;
		v->doc.lines.v[from].bar_role = R_WHO;
	}
	return from;
}

/* --- how it was read ------------------------------------------------------------------------------------------------------- */

static void add_chips(struct buf *b, const cJSON *chips)
{
	const cJSON *c;

	cJSON_ArrayForEach(c, chips)
	        buf_printf(b, " [%s%s%s]", json_str(c, "text", "?"),
	                   json_bool(c, "corrected", false) ? ", typo mended" : "",
	                   json_bool(c, "assumed", false) ? ", assumed" : "");
}

static void add_unread(struct buf *b, const cJSON *unread)
{
	const cJSON *w;

	if (!unread || !unread->child)
		return;
	buf_str(b, " No effect:");
	cJSON_ArrayForEach(w, unread) if (cJSON_IsString(w)) buf_printf(b, " -%s-", w->valuestring);
}

static void add_choices(struct view *v, const cJSON *r)
{
	const cJSON *c;
	int n = 0;

	cJSON_ArrayForEach(c, json_arr(r, "choices"))
	{
		size_t from = v->doc.lines.n;
		if (!cJSON_IsString(c))
			continue;
		doc_printf(&v->doc, R_CHIP, "     %d %s", ++n, c->valuestring);
		doc_mean(&v->doc, from, NULL, c, K_CHOICE);
	}
}

static void add_flags(struct view *v, const cJSON *flagged)
{
	struct buf b = BUF_INIT;
	const cJSON *f;

	if (!flagged || !flagged->child)
		return;
	buf_str(&b, "TEXT IN THE EVIDENCE READS LIKE AN INSTRUCTION (");
	cJSON_ArrayForEach(f, flagged) if (cJSON_IsString(f))
	        buf_printf(&b, "%s%s", f == flagged->child ? "" : ", ", f->valuestring);
	buf_str(&b, "): it was sent as data; this conversation may only read");
	wrap(v, R_WARN, "     ", &b);
	buf_release(&b);
}

/* Who planned or wrote, what it cost, and how the other one read it. */
static void add_model(struct view *v, const cJSON *r)
{
	const cJSON *m = json_obj(r, "model"), *other = json_obj(r, "other");
	struct buf b = BUF_INIT;

	if (!m)
		return;
	say_model(&b, m);
	wrap(v, !strcmp(json_str(m, "state", ""), "failed") ? R_WARN : R_TEXT, "mdl", &b);
	add_flags(v, json_arr(m, "flagged"));
	buf_reset(&b);
	if (json_str(r, "held", NULL)) {
		buf_str(&b, json_str(r, "held", ""));
		wrap(v, R_WARN, "     ", &b);
		buf_reset(&b);
	}
	if (other && json_bool(other, "same", false))
		buf_printf(&b, "The %s planner reads it the same way.",
		           json_str(other, "planner", "other"));
	else if (other)
		buf_printf(&b, "DIFFERS from the %s planner: %s",
		           json_str(other, "planner", "other"), json_str(other, "text", ""));
	if (b.len)
		wrap(v, R_TEXT, "     ", &b);
	buf_release(&b);
}

static void add_reading(struct view *v, const cJSON *r)
{
	struct buf b = BUF_INIT;

	if (!r)
		return;
	if (!strcmp(json_str(r, "kind", ""), "clarify")) {
		buf_printf(&b, "%s", json_str(r, "clarify", "not understood"));
		add_unread(&b, json_arr(r, "unread"));
		wrap(v, R_WARN, "back", &b);
		add_choices(v, r);
	} else {
		buf_str(&b, json_str(r, "paraphrase", ""));
		add_chips(&b, json_arr(r, "chips"));
		add_unread(&b, json_arr(r, "unread"));
		wrap(v, R_TEXT, "read", &b);
	}
	add_model(v, r);
	buf_release(&b);
}

/* --- what runs --------------------------------------------------------------------------------------------------------------- */

static void add_job(struct view *v, const struct turn *t)
{
	const cJSON *steps = json_arr(t->job, "steps"), *s;
	struct buf b = BUF_INIT;
	const char *planner = json_str(t->reading, "planner", "offline");
	const cJSON *plan = json_arr(json_obj(t->reading, "plan"), "steps");
	int i = 0;

	if (!steps || !steps->child)
		return;
	buf_printf(&b, "%d step%s, read only, planned %s%s", cJSON_GetArraySize(steps),
	           steps->child->next ? "s" : "", planner,
	           json_arr(t->reading, "unread") && json_arr(t->reading, "unread")->child
	                   ? ""
	                   : ", no word left unread");
	wrap(v, R_TEXT, "plan", &b);
	cJSON_ArrayForEach(s, steps)
	{
		size_t from = v->doc.lines.n;
		plan_step_line(&v->doc, s, cJSON_GetArrayItem(plan, i++));
		doc_mean(&v->doc, from, NULL, s, K_STEP);
	}
	buf_release(&b);
}

/* --- the answer ---------------------------------------------------------------------------------------------------------------- */

static void add_list(struct buf *b, const char *lead, const cJSON *list)
{
	const cJSON *i;

	if (!list || !list->child)
		return;
	buf_str(b, lead);
	cJSON_ArrayForEach(i, list)
	{
		buf_str(b, i == list->child ? " " : ", ");
		say_value(b, i);
	}
	buf_ch(b, '.');
}

static const char *noun(const cJSON *ans)
{
	const char *kind = json_str(ans, "kind", "");
	const cJSON *columns = json_arr(json_obj(ans, "table"), "columns"),
	            *values = json_arr(ans, "values");

	if (!strcmp(kind, "events"))
		return "event";
	if (!strcmp(kind, "text"))
		return "sentence";
	if (!strcmp(kind, "graph"))
		return "row";
	if (!strcmp(json_str(cJSON_GetArrayItem(columns, 0), "name", ""), "time"))
		return "time slot";
	return cJSON_GetArraySize(columns) > 2 ? "group" : values ? "value" : "event";
}

/* "52 groups of 203 events" */
static void say_total(struct buf *b, const cJSON *ans)
{
	int64_t total = json_i64(ans, "total", 0), sum = json_i64(json_obj(ans, "table"), "sum", 0);
	char n[32];

	count_text(total, n);
	buf_printf(b, "%s %s%s", n, noun(ans), total == 1 ? "" : "s");
	if (sum <= 0)
		return;
	count_text(sum, n);
	buf_printf(b, " of %s event%s", n, sum == 1 ? "" : "s");
}

static void add_gaps(struct buf *b, const cJSON *ans)
{
	if (json_bool(ans, "limited", false))
		buf_str(b, " LIMIT reached: there are more.");
	add_list(b, " Missing:", json_arr(ans, "missing"));
}

static void add_head(struct view *v, const cJSON *ans)
{
	struct buf b = BUF_INIT;
	const cJSON *value = json_get(ans, "value");
	bool number = value && !cJSON_IsNull(value),
	     only = !strcmp(json_str(ans, "kind", ""), "count");

	if (json_bool(ans, "partial", false))
		buf_str(&b, number ? "PARTIAL, counted without what is missing: " : "PARTIAL ");
	if (number) {
		say_value(&b, value);
		buf_str(&b, only ? "." : ". ");
	}
	if (!number || !only) {
		say_total(&b, ans);
		buf_ch(&b, '.');
	}
	add_gaps(&b, ans);
	wrap(v, json_bool(ans, "partial", false) ? R_WARN : R_HEAD, "ans", &b);
	buf_release(&b);
}

#define ROWS_FOLDED 10 /* of a table until it is unfolded */

static void add_table(struct view *v, const struct turn *t, const cJSON *ans)
{
	const cJSON *table = json_obj(ans, "table");
	int64_t total = json_i64(ans, "total", 0);
	char all[32];
	size_t n;

	if (!table || !total)
		return;
	n = table_lines(&v->doc, HANG, table,
	                t->unfolded || total <= ROWS_FOLDED + 2 ? SIZE_MAX : ROWS_FOLDED, K_ROW);
	if ((int64_t)n >= total)
		return;
	count_text(total, all);
	doc_printf(&v->doc, R_CHIP, "     %zu of %s shown; %s", n, all,
	           t->unfolded ? "x exports all" : "+ unfolds, x exports all");
	if (!t->unfolded)
		doc_mean(&v->doc, v->doc.lines.n - 1, NULL, table, K_MORE);
}

/* Each part of a question with what it asks and its own answer. */
static void add_parts(struct view *v, const struct turn *t)
{
	const cJSON *ans = t->answer, *p;
	bool partial = json_bool(ans, "partial", false), first = true;
	int n = 0;

	cJSON_ArrayForEach(p, json_arr(ans, "parts"))
	{
		const cJSON *value = json_get(p, "value");
		struct buf b = BUF_INIT;
		if (first && partial)
			buf_str(&b, "PARTIAL ");
		buf_printf(&b, "%d. %s: ", ++n, json_str(p, "label", ""));
		if (value)
			say_value(&b, value);
		else
			say_total(&b, p);
		buf_ch(&b, '.');
		if (first)
			add_gaps(&b, ans);
		wrap(v, partial ? R_WARN : R_HEAD, first ? "ans" : "", &b);
		add_table(v, t, p);
		buf_release(&b);
		first = false;
	}
}

static bool all_today(const cJSON *rows)
{
	const cJSON *row;

	cJSON_ArrayForEach(row, rows) if (!is_today(say_when(row, "time"))) return false;
	return true;
}

static void add_preview(struct view *v, const cJSON *ans)
{
	const cJSON *row;
	bool any = false, days = !all_today(json_arr(ans, "preview"));

	if (json_obj(ans, "table"))
		return;
	cJSON_ArrayForEach(row, json_arr(ans, "preview"))
	{
		doc_row_line(&v->doc, HANG, row, days);
		doc_mean(&v->doc, v->doc.lines.n - 1, json_str(row, "id", NULL), row, K_ROW);
		any = true;
	}
	if (any && json_str(ans, "preview_rule", NULL))
		doc_printf(&v->doc, R_TEXT, "     %s. t opens all.",
		           json_str(ans, "preview_rule", ""));
}

static void add_sentences(struct view *v, const cJSON *ans)
{
	const cJSON *s;

	cJSON_ArrayForEach(s, json_arr(ans, "sentences"))
	{
		struct buf b = BUF_INIT;
		size_t from;
		bool ok = strcmp(json_str(s, "status", ""), "unsupported") != 0;
		say_sentence(&b, s);
		from = wrap(v, ok ? R_TEXT : R_BAD, "", &b);
		if (row_evidence(s))
			doc_mean(&v->doc, from, NULL, s, K_SENTENCE);
		buf_release(&b);
	}
}

static void add_empty(struct view *v, const cJSON *empty)
{
	const cJSON *p;
	struct buf b = BUF_INIT;
	int n = 0;
	size_t from;

	buf_str(&b, json_str(empty, "sentence", "0 rows"));
	if (json_str(empty, "cover", NULL) && *json_str(empty, "cover", ""))
		buf_printf(&b, " [%s]", json_str(empty, "cover", ""));
	from = wrap(v, R_WARN, "ans", &b);
	doc_mean(&v->doc, from, NULL, empty, K_SENTENCE);
	cJSON_ArrayForEach(p, json_arr(empty, "probes"))
	{
		buf_reset(&b);
		buf_printf(&b, "probe %d  %s: %s", ++n, json_str(p, "what", ""),
		           json_str(p, "found", ""));
		wrap(v, json_bool(p, "ok", true) ? R_TEXT : R_WARN, "     ", &b);
	}
	buf_reset(&b);
	add_list(&b, "near values that exist:", json_arr(empty, "near"));
	if (b.len)
		wrap(v, R_TEXT, "     ", &b);
	n = 0;
	cJSON_ArrayForEach(p, json_arr(empty, "next"))
	{
		if (!cJSON_IsString(p))
			continue;
		doc_printf(&v->doc, R_CHIP, "     %d %s", ++n, p->valuestring);
		doc_mean(&v->doc, v->doc.lines.n - 1, NULL, p, K_CHOICE);
	}
	buf_release(&b);
}

#define REACH_SHOWN 3

/* The sources whose newest record is oldest: what the answer cannot know yet. */
static void add_reach(struct view *v, const cJSON *ans)
{
	const cJSON *all = json_arr(ans, "reach"), *r, *worst[REACH_SHOWN] = {NULL};
	struct buf b = BUF_INIT;
	int n = 0, others = cJSON_GetArraySize(all);

	cJSON_ArrayForEach(r, all)
	{
		int at = REACH_SHOWN;
		while (at > 0 && (!worst[at - 1] || say_when(r, "complete_to") <
		                                            say_when(worst[at - 1], "complete_to")))
			at--;
		for (int k = REACH_SHOWN - 1; k > at; k--)
			worst[k] = worst[k - 1];
		if (at < REACH_SHOWN)
			worst[at] = r;
	}
	for (; n < REACH_SHOWN && worst[n]; n++) {
		buf_printf(&b, "%s%s ", n ? ", " : "data reaches: ",
		           json_str(worst[n], "dataset", json_str(worst[n], "source", "")));
		say_day_clock(&b, say_when(worst[n], "complete_to"));
	}
	if (others > n)
		buf_printf(&b, ", %d others later", others - n);
	if (b.len)
		wrap(v, R_TEXT, "     ", &b);
	buf_release(&b);
}

static void add_attack(struct view *v, const cJSON *ans)
{
	const cJSON *t;
	int n = 0;

	cJSON_ArrayForEach(t, json_arr(ans, "attack"))
	{
		struct buf b = BUF_INIT;
		size_t from;
		if (n++ == 3)
			break;
		buf_printf(&b, "ATT&CK %s %s: %s", json_str(t, "id", ""), json_str(t, "name", ""),
		           json_str(t, "why", ""));
		say_ids(&b, json_get(t, "evidence"), 1);
		from = wrap(v, R_TEXT, "     ", &b);
		doc_mean(&v->doc, from, NULL, t, K_SENTENCE);
		buf_release(&b);
	}
}

/* The engine tells now and then; in between our own clock counts. */
static int64_t running_ms(const struct turn *t)
{
	int64_t told = json_i64(t->job, "elapsed_ms", 0),
	        own_ms = t->asked_us ? (mw_mono_us() - t->asked_us) / 1000 : 0;

	return own_ms > told ? own_ms : told;
}

#define PART_SHOWN 400

/* The end of what a model has written so far, which nobody has checked. */
static void add_part(struct view *v, const struct turn *t)
{
	const char *text = json_str(t->part, "text", "");
	size_t n = strlen(text), from = n > PART_SHOWN ? n - PART_SHOWN : 0;
	struct buf b = BUF_INIT;

	if (!n || t->reading)
		return;
	while (from < n && ((unsigned char)text[from] & 0xc0) == 0x80)
		from++;
	buf_printf(&b, "unchecked: %s%s", from ? ".." : "", text + from);
	wrap(v, R_TEXT, "     ", &b);
	buf_release(&b);
}

static void add_answer(struct view *v, const struct turn *t)
{
	const cJSON *ans = t->answer, *empty = json_obj(ans, "empty");
	const char *error =
	        json_str(t->job, "error", json_str(json_obj(t->job, "error"), "message", NULL));
	struct buf b = BUF_INIT;

	if (t->error.code || error) {
		buf_str(&b, t->error.code ? t->error.what : error);
		wrap(v, R_BAD, "fail", &b);
	} else if (turn_running(t)) {
		if (t->part && !t->reading)
			buf_printf(&b, "%s writes.. ", json_str(t->part, "model", "the model"));
		else
			buf_str(&b, t->reading ? "running.. " : "reading the question.. ");
		say_elapsed(&b, running_ms(t));
		buf_str(&b, "  Esc stops");
		wrap(v, R_TEXT, "ans", &b);
		add_part(v, t);
	} else if (empty && json_i64(ans, "total", 0) == 0) {
		add_empty(v, empty);
	} else if (ans && strcmp(json_str(ans, "kind", ""), "clarify") != 0) {
		if (json_arr(ans, "parts"))
			add_parts(v, t);
		else
			add_head(v, ans);
		add_sentences(v, ans);
		add_table(v, t, ans);
		add_preview(v, ans);
		add_attack(v, ans);
		add_reach(v, ans);
	} else if (!ans && t->job && strcmp(json_str(t->reading, "kind", ""), "clarify") != 0) {
		buf_printf(&b,
		           "no answer was kept (%s): it was stopped, or the engine was started "
		           "anew; r asks again",
		           json_str(t->job, "state", "unknown"));
		wrap(v, R_WARN, "ans", &b);
	}
	buf_release(&b);
}

struct laid_out { /* how far the document holds, so that news cost what they change and not the whole night's talk */
	VEC(size_t) start; /* first line of each turn that is in the document */
	size_t waste;      /* lines that were thrown away and still lie in the arena */
};

#define WASTE_MAX 20000

static struct laid_out *laid(struct view *v)
{
	if (!v->own)
		v->own = xcalloc(1, sizeof(struct laid_out));
	return v->own;
}

void chat_forget(struct view *v, size_t turn)
{
	struct laid_out *l = laid(v);

	view_dirty(v);
	if (turn >= l->start.n)
		return;
	l->waste += v->doc.lines.n - l->start.v[turn];
	v->doc.lines.n = l->start.v[turn];
	l->start.n = turn;
	if (l->waste > WASTE_MAX || !turn)
		doc_reset(&v->doc, v->doc.width);
}

static void add_turn(struct view *v, const struct turn *t, bool first)
{
	struct buf b = BUF_INIT;
	size_t from;

	if (!first)
		doc_add(&v->doc, R_TEXT, SLICE(""));
	buf_str(&b, t->question);
	from = wrap(v, R_HEAD, "you", &b);
	v->doc.lines.v[from].kind = K_QUESTION;
	add_reading(v, t->reading);
	add_job(v, t);
	add_answer(v, t);
	buf_release(&b);
}

static void chat_build(struct app *a, struct view *v)
{
	struct laid_out *l = laid(v);

	(void)a;
	if (!v->doc.lines.n || !l->start.n) { /* a reset, or nothing yet but the greeting */
		doc_reset(&v->doc, v->doc.width);
		l->start.n = l->waste = 0;
	}
	if (!v->session->turns.n)
		doc_wrap(&v->doc, R_TEXT, "", 0,
		         slice_of("Ask in plain words: who, what, when, from where, how many, "
		                  "first seen, what can it "
		                  "reach. How the question was read is shown before its rows; a "
		                  "word that could not be "
		                  "read is asked back. Nothing typed here can change anything "
		                  "outside."));
	for (size_t i = l->start.n; i < v->session->turns.n; i++) {
		*vec_push(&l->start) = v->doc.lines.n;
		add_turn(v, &v->session->turns.v[i], i == 0);
	}
}

static void chat_closed(struct app *a, struct view *v)
{
	(void)a;
	vec_free(&laid(v)->start);
	free(v->own);
}

/* --- keys ------------------------------------------------------------------------------------------------------------------------- */

static void ask(struct app *a, struct view *v, const char *question)
{
	char *copy = xstrdup(question); /* the reading that it comes from may go */

	app_ask(a, v, copy);
	free(copy);
}

/* The turn that line i of the document belongs to, or NULL. */
static struct turn *turn_of_line(struct view *v, size_t i)
{
	const struct laid_out *l = laid(v);
	size_t n = l->start.n;

	while (n > 0 && l->start.v[n - 1] > i)
		n--;
	return n && n <= v->session->turns.n ? &v->session->turns.v[n - 1] : NULL;
}

/* The tables of the selected line's turn, or of the last one, are shown whole or folded again. */
static void unfold(struct view *v)
{
	struct turn *t = view_selected(v) && !v->pos.follow ? turn_of_line(v, v->pos.sel)
	                                                    : session_last(v->session);

	if (!t)
		return;
	t->unfolded = !t->unfolded;
	v->pos.follow = false;
	chat_forget(v, (size_t)(t - v->session->turns.v));
}

static void open_line(struct app *a, struct view *v, const struct doc_line *l)
{
	const struct turn *t = turn_of_line(v, v->pos.sel);

	switch (l->kind) {
	case K_CHOICE:
		ask(a, v, l->ref->valuestring);
		break;
	case K_STEP:
		open_plan(a, v, t ? turn_job_id(t) : 0, json_obj(t ? t->reading : NULL, "plan"),
		          (int)json_i64(l->ref, "n", 0));
		break;
	case K_MORE:
		v->pos.follow = false;
		unfold(v);
		break;
	case K_ROW:
		if (row_evidence(l->ref))
			open_evidence_of(a, l);
		else
			pivot_line(a, v, l);
		break;
	default:
		open_evidence_of(a, l);
		break;
	}
}

static const cJSON *nth_choice(const struct turn *t, int n)
{
	const cJSON *list = json_arr(t->reading, "choices");

	if (!list || !list->child)
		list = json_arr(json_obj(t->answer, "empty"), "next");
	return cJSON_GetArrayItem(list, n - 1);
}

static bool chat_digit(struct app *a, struct view *v, int n)
{
	const struct turn *t = session_last(v->session);
	const cJSON *c = t ? nth_choice(t, n) : NULL;

	if (!cJSON_IsString(c))
		return false;
	ask(a, v, c->valuestring);
	return true;
}

/* To the question above or below the window's first line. */
static void jump(struct view *v, int step)
{
	long i = (long)v->pos.top + step;

	while (i >= 0 && i < (long)v->doc.lines.n && v->doc.lines.v[i].kind != K_QUESTION)
		i += step;
	if (i < 0 || i >= (long)v->doc.lines.n)
		return;
	doc_scroll(&v->doc, &v->pos, i - (long)v->pos.top);
}

/* The last step that asks the graph has the paths. */
static int64_t graph_step(const struct turn *t)
{
	const cJSON *s;
	int64_t n = 0, last = 0;

	cJSON_ArrayForEach(s, json_arr(json_obj(t->reading, "plan"), "steps"))
	{
		if (!strcmp(json_str(s, "kind", ""), "graph"))
			last = n;
		n++;
	}
	return last;
}

static void draw_graph(struct app *a, struct view *v, const struct turn *t)
{
	open_graph(a, v->incident, turn_job_id(t), graph_step(t));
}

enum { N_DRAW_WHEN_DONE = 2 };

/* What the card of the incident offers for a recipe: from this view, or from the card under it. */
static const cJSON *offered(struct app *a, const char *incident, const char *recipe)
{
	const cJSON *it;

	for (int i = a->depth - 1; i >= 0; i--) {
		if (strcmp(a->stack[i]->incident, incident) != 0)
			continue;
		cJSON_ArrayForEach(it, json_arr(a->stack[i]->data,
		                                "next")) if (!strcmp(json_str(it, "recipe", ""),
		                                                     recipe)) return it;
	}
	return NULL;
}

void ask_graph(struct app *a, struct view *v, const char *recipe, const char *node)
{
	const cJSON *found = node ? NULL : offered(a, v->incident, recipe);
	cJSON *item = found ? cJSON_Duplicate(found, true) : params_new("recipe", recipe);
	char incident[24];

	if (!found && !node) {
		app_say(a, R_WARN,
		        "no entity of %s is in the inventory's graph; . on a value has "
		        "its own paths",
		        v->incident[0] ? v->incident : "this answer");
		cJSON_Delete(item);
		return;
	}
	if (node) {
		char *label = xasprintf("%s of %s", recipe, node);
		json_add_str(item, "label", label);
		json_add_str(item, "value", node);
		free(label);
	}
	snprintf(incident, sizeof(incident), "%s", v->incident);
	app_run_item(a, incident, item, NULL);
	app_top(a)->num[N_DRAW_WHEN_DONE] = (int64_t)app_top(a)->session->turns.n;
	cJSON_Delete(item);
}

/* The picture that was asked for opens by itself, unless the analyst went on meanwhile. */
void chat_news(struct app *a, const struct session *s)
{
	struct view *v = app_top(a);
	size_t n = v->ops == &chat_ops && v->session == s ? (size_t)v->num[N_DRAW_WHEN_DONE] : 0;
	const struct turn *t = n && n <= s->turns.n ? &s->turns.v[n - 1] : NULL;

	if (!t || turn_running(t))
		return;
	v->num[N_DRAW_WHEN_DONE] = 0;
	if (t->answer && json_i64(t->answer, "total", 0) > 0 && n == s->turns.n && !input_text()[0])
		draw_graph(a, v, t);
}

bool chat_tick(struct app *a)
{
	struct view *v = app_top(a);
	const struct turn *t = v->ops == &chat_ops ? session_running(v->session) : NULL;

	if (!t)
		return false;
	chat_forget(v, (size_t)(t - v->session->turns.v));
	return true;
}

static bool chat_act(struct app *a, struct view *v, enum action act)
{
	const struct doc_line *l = view_selected(v);
	const struct turn *t = session_last(v->session);

	switch (act) {
	case ACT_OPEN:
		if (l)
			open_line(a, v, l);
		else
			app_focus(a, FOCUS_INPUT);
		return true;
	case ACT_EDIT:
	case ACT_SENT:
		if (!t)
			app_say(a, R_WARN, "there is no plan yet");
		else
			open_plan(a, v, turn_job_id(t), json_obj(t->reading, "plan"), 0);
		return true;
	case ACT_UNFOLD:
		unfold(v);
		return true;
	case ACT_REFRESH:
		if (t)
			ask(a, v, t->question);
		return true;
	case ACT_PREV:
	case ACT_NEXT:
		jump(v, act == ACT_NEXT ? 1 : -1);
		return true;
	case ACT_TIMELINE:
		if (!t || !turn_job_id(t))
			return false;
		open_timeline(a, v->incident, turn_job_id(t));
		return true;
	case ACT_PATH:
		if (t && !strcmp(json_str(t->answer, "kind", ""), "graph")) {
			draw_graph(a, v, t);
			return true;
		}
		ask_graph(a, v, "exposure", NULL);
		return true;
	default:
		return false;
	}
}

static void chat_crumb(struct app *a, struct view *v, struct buf *b)
{
	const struct turn *t;
	size_t running = 0;

	(void)a;
	vec_each (t, &v->session->turns)
		running += turn_running(t);
	if (session_flagged(v->session))
		buf_str(b, "FLAGGED, reads only: model unflag   ");
	buf_printf(b, "%zu question%s", v->session->turns.n, v->session->turns.n == 1 ? "" : "s");
	if (running)
		buf_printf(b, ", %zu running", running);
	if (v->pos.below)
		buf_printf(b, "   %zu below, End", v->pos.below);
}

const struct view_ops chat_ops = {.name = "chat",
                                  .context = CX_CHAT,
                                  .build = chat_build,
                                  .act = chat_act,
                                  .digit = chat_digit,
                                  .crumb = chat_crumb,
                                  .closed = chat_closed,
                                  .keeps = true,
                                  .input = true};

void open_chat(struct app *a, const char *incident)
{
	struct view *v = app_top(a);

	if (v->ops == &chat_ops && !strcmp(v->incident, incident)) {
		app_focus(a, FOCUS_INPUT);
		return;
	}
	for (int i = a->depth - 1; i > 0; i--) /* one chat a case on the way: go back to it */
		if (a->stack[i]->ops == &chat_ops && !strcmp(a->stack[i]->incident, incident)) {
			char *draft = xstrdup(input_text());
			while (app_top(a) != a->stack[i])
				app_pop(a);
			if (draft[0])
				input_set(draft);
			free(draft);
			app_focus(a, FOCUS_INPUT);
			return;
		}
	v = app_push(a, &chat_ops, incident);
	v->session = app_session(a, incident);
	v->pos.follow = true;
}
