/*
 * The incident card: is it still going on, what has been done, what happened, whose is it; then what may be asked next.
 */
#include "view/app.h"

#include "model/platform.h"

#include "term/width.h"
#include "view/plan_lines.h"
#include "widget/text.h"

#define HANG 7
#define NEXT_HEARD 400 /* columns of a question that is read aloud: nothing is cut */

enum { K_TEXT, K_NEXT, K_SENTENCE };

struct block {
	const char *key, *label;
	enum role role;
	int items, lines; /* of the summary: items at most, lines of each */
};
/* Order of the questions that are asked first. A summary fits a small screen; the whole text follows it. */
static const struct block blocks[] = {
        {"what", "What", R_TEXT, 3, 1},    {"how", "How", R_TEXT, 1, 2},
        {"rivals", "Rival", R_TEXT, 1, 2}, {"to", "To", R_TEXT, 1, 1},
        {"whose", "Whose", R_TEXT, 1, 1},  {"gaps", "Gaps", R_WARN, 2, 1}};

static const cJSON *first_item(const cJSON *items)
{
	return cJSON_IsArray(items) ? items->child : items;
}

/* One line with its first record at the right: in a summary a sentence may be cut, its proof may not. */
static void add_short_item(struct view *v, const struct block *b, const char *head, const cJSON *it)
{
	struct buf text = BUF_INIT, ids = BUF_INIT;

	buf_str(&text, head);
	say_short_times(&text, cJSON_IsString(it) ? it->valuestring : json_str(it, "text", ""));
	say_ids(&ids, json_get(it, "evidence"), 1);
	if (*json_str(it, "cover", ""))
		buf_printf(&ids, " [%s]", json_str(it, "cover", ""));
	doc_two_sides(&v->doc, b->role, (struct slice){text.s, text.len},
	              (struct slice){ids.s, ids.len});
	buf_release(&text);
	buf_release(&ids);
}

static void add_item(struct view *v, const struct block *b, const char *label, const cJSON *it,
                     int lines)
{
	struct buf text = BUF_INIT;
	char head[16];
	size_t from = v->doc.lines.n;

	snprintf(head, sizeof(head), "%-*s", HANG, label);
	say_sentence(&text, it);
	if (lines == 1)
		add_short_item(v, b, head, it);
	else
		doc_wrap_most(&v->doc, b->role, head, HANG, (struct slice){text.s, text.len},
		              lines);
	v->doc.lines.v[from].bar = *label ? HANG - 1 : 0;
	v->doc.lines.v[from].bar_role = R_HEAD;
	if (row_evidence(it) || *json_str(it, "cover", ""))
		doc_mean(&v->doc, from, NULL, it, K_SENTENCE);
	buf_release(&text);
}

/* The first items of a block, or with `all` what the summary left out of it. True when something is left out. */
static bool add_block(struct view *v, const struct block *b, bool all)
{
	const cJSON *items = json_get(v->data, b->key), *it = first_item(items);
	bool tall = v->pos.rows > 40;
	int n = 0, most = tall ? 3 * b->items : b->items;

	for (; it && (all || n < most); it = cJSON_IsArray(items) ? it->next : NULL)
		add_item(v, b, n++ ? "" : b->label, it, all ? INT32_MAX : tall ? 3 : b->lines);
	return it != NULL;
}

static void add_head(struct view *v)
{
	const cJSON *d = v->data;
	const char *owner = json_str(d, "owner", "");
	char sla[16] = "";
	struct buf b = BUF_INIT;
	struct doc_line *l;

	buf_printf(&b, "%s  %s %lld  %s  %s", json_str(d, "id", v->incident),
	           json_str(d, "severity", "?"), (long long)json_i64(d, "score", 0),
	           json_str(d, "state", ""), *owner ? owner : "unowned");
	if (cJSON_IsNumber(json_get(d, "sla_s"))) {
		age_text(json_i64(d, "sla_s", 0) * MW_SECOND, sla);
		buf_printf(&b, "  SLA %s", sla);
	}
	buf_printf(&b, "  %s", json_str(d, "title", ""));
	l = doc_add(&v->doc, R_HEAD, (struct slice){b.s, b.len});
	l->bar = 0;
	buf_release(&b);
}

/* An object {text, evidence}: the two questions that are asked first. */
static void add_state(struct view *v, const char *label, const cJSON *o, enum role role)
{
	const char *text = json_str(o, "text", "not known");
	struct buf b = BUF_INIT;
	size_t from;

	if (!strcasestr(text, label))
		buf_printf(&b, "%s? ", label);
	say_short_times(&b, text);
	say_ids(&b, json_get(o, "evidence"), 1);
	from = doc_wrap_most(&v->doc, role, "", 0, (struct slice){b.s, b.len}, 2);
	if (o && row_evidence(o))
		doc_mean(&v->doc, from, NULL, o, K_SENTENCE);
	buf_release(&b);
}

static const cJSON *score_parts(const struct view *v)
{
	return json_arr(v->data, "score_parts") ? json_arr(v->data, "score_parts")
	                                        : json_arr(v->data, "parts");
}

static void add_score(struct view *v, int lines)
{
	const cJSON *p, *parts = score_parts(v);
	struct buf b = BUF_INIT;
	int64_t sum = 0, score = json_i64(v->data, "score", 0);

	if (!parts || !parts->child)
		return;
	buf_printf(&b, "%lld =", (long long)score);
	cJSON_ArrayForEach(p, parts)
	{
		sum += json_i64(p, "points", 0);
		buf_printf(&b, "%s %s %lld", p == parts->child ? "" : " +",
		           json_str(p, "label", "?"), (long long)json_i64(p, "points", 0));
	}
	if (sum != score)
		buf_printf(&b, ", capped at %lld", (long long)score);
	doc_wrap_most(&v->doc, R_TEXT, "Score  ", HANG, (struct slice){b.s, b.len}, lines);
	buf_release(&b);
}

static void add_score_reasons(struct view *v)
{
	const cJSON *p;

	cJSON_ArrayForEach(p, score_parts(v)) if (*json_str(p, "why", "")) doc_printf(
	        &v->doc, R_TEXT, "       %lld %s: %s", (long long)json_i64(p, "points", 0),
	        json_str(p, "label", ""), json_str(p, "why", ""));
}

static void add_attack(struct view *v, int lines)
{
	const cJSON *t, *all = json_arr(v->data, "attack");
	struct buf b = BUF_INIT;

	if (!all || !all->child)
		return;
	cJSON_ArrayForEach(t, all)
	{
		buf_str(&b, t == all->child ? "" : ", ");
		if (cJSON_IsString(t))
			buf_str(&b, t->valuestring);
		else
			buf_printf(&b, "%s %s", json_str(t, "id", ""), json_str(t, "name", ""));
		say_ids(&b, json_get(t, "evidence"), 1);
	}
	doc_wrap_most(&v->doc, R_TEXT, "ATT&CK ", HANG, (struct slice){b.s, b.len}, lines);
	buf_release(&b);
}

static void add_seen(struct view *v, int most)
{
	const cJSON *s, *all = json_arr(v->data, "seen");
	int n = 0;

	cJSON_ArrayForEach(s, all)
	{
		struct buf b = BUF_INIT;
		if (n == most)
			break;
		say_short_times(&b, json_str(s, "text", ""));
		doc_wrap_most(&v->doc, R_TEXT, n++ ? "" : "Seen   ", HANG,
		              (struct slice){b.s, b.len}, most == 1 ? 1 : INT32_MAX);
		buf_release(&b);
	}
}

#define PROPOSED "proposed plan of the playbook"

/* An ARN in a label says with its last part what the eye needs; the question itself has it whole. */
static void short_label(struct buf *b, const char *label)
{
	while (*label) {
		size_t n = !strncmp(label, "arn:", 4) ? strcspn(label, " ,") : 0, at = n;
		while (at > 0 && label[at - 1] != '/' && label[at - 1] != ':')
			at--;
		if (n) {
			buf_add(b, label + at, n - at);
			label += n;
		} else {
			buf_ch(b, *label++);
		}
	}
}

static void next_cell(struct buf *b, const cJSON *all, int i, int width)
{
	const cJSON *n = cJSON_GetArrayItem(all, i);
	struct buf c = BUF_INIT;
	size_t cut;
	int used;

	buf_printf(&c, "%d ", i + 1);
	short_label(&c, n ? json_str(n, "label", "") : PROPOSED);
	cut = text_prefix((struct slice){c.s, c.len}, width, &used);
	if (cut < c.len) {
		buf_add(b, c.s, text_prefix((struct slice){c.s, c.len}, width - 2, &used));
		buf_str(b, "..");
		used += 2;
	} else {
		buf_add(b, c.s, cut);
	}
	for (; used < width && width < NEXT_HEARD - 1; used++)
		buf_ch(b, ' ');
	buf_release(&c);
}

/* One question a row where the screen has the rows, else two; numbers run down first. A digit runs one, Enter offers them all. */
static void add_next(struct view *v, bool heard)
{
	const cJSON *all = json_arr(v->data, "next");
	int n = cJSON_GetArraySize(all) + 1;
	int columns = heard || v->doc.lines.n + (size_t)n <= (size_t)v->pos.rows ? 1 : 2;
	int rows = (n + columns - 1) / columns,
	    col = heard ? NEXT_HEARD : (v->doc.width - HANG) / columns;

	for (int i = 0; i < rows; i++) {
		struct buf b = BUF_INIT;
		struct doc_line *l;
		buf_printf(&b, "%-*s", HANG, i ? "" : "Next");
		next_cell(&b, all, i, col - 1);
		if (columns > 1 && i + rows < n) {
			buf_ch(&b, ' ');
			next_cell(&b, all, i + rows, col - 1);
		}
		l = doc_add(&v->doc, R_TEXT, (struct slice){b.s, b.len});
		l->bar = HANG + 1;
		l->bar_role = R_KEY;
		doc_mean(&v->doc, v->doc.lines.n - 1, "next", all, K_NEXT);
		buf_release(&b);
	}
}

static void add_notes(struct view *v)
{
	const cJSON *n;
	struct buf b = BUF_INIT;

	cJSON_ArrayForEach(n, json_arr(v->data, "notes"))
	{
		buf_reset(&b);
		say_clock(&b, say_when(n, "at"));
		buf_printf(&b, " %s: %s", json_str(n, "by", "?"), json_str(n, "text", ""));
		doc_wrap(&v->doc, R_TEXT, "Note   ", HANG, (struct slice){b.s, b.len});
	}
	cJSON_ArrayForEach(n, json_arr(v->data, "pins"))
	{
		size_t from;
		buf_reset(&b);
		buf_str(&b, "pinned ");
		say_ids(&b, json_get(n, "id"), 1);
		buf_printf(&b, " %s", json_str(n, "note", ""));
		from = doc_wrap(&v->doc, R_TEXT, "       ", HANG, (struct slice){b.s, b.len});
		doc_mean(&v->doc, from, NULL, n, K_SENTENCE);
	}
	buf_release(&b);
}

/* Where it stands on the platforms that it came from, then what is on its way there. */
static void add_platforms(struct view *v, int most, int lines)
{
	static const struct {
		const char *key, *label;
		enum role role;
		void (*say)(struct buf *b, const cJSON *thing);
	} lists[] = {{"platforms", "In     ", R_TEXT, say_platform},
	             {"outbox", "Outbox ", R_WARN, say_intent}};

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const cJSON *x, *all = json_arr(v->data, lists[i].key);
		int n = 0;
		cJSON_ArrayForEach(x, all)
		{
			struct buf b = BUF_INIT;
			size_t from;
			if (n == most)
				break;
			lists[i].say(&b, x);
			if (n == most - 1 && x->next)
				buf_printf(&b, " (and %d more)", cJSON_GetArraySize(all) - most);
			from = doc_wrap_most(&v->doc, lists[i].role, n++ ? "" : lists[i].label,
			                     HANG, (struct slice){b.s, b.len}, lines);
			doc_mean(&v->doc, from, NULL, x, K_SENTENCE);
			buf_release(&b);
		}
	}
}

/* What has a page where nothing is selected: the platform's own record, else what happened. */
static const cJSON *main_record(const struct view *v)
{
	const cJSON *r = first_item(json_get(v->data, "platforms"));

	return json_str(r, "link", NULL) ? r : first_item(json_get(v->data, "what"));
}

static void add_entities(struct view *v)
{
	struct buf b = BUF_INIT;
	const cJSON *e;

	cJSON_ArrayForEach(e, json_arr(v->data, "entities")) if (cJSON_IsString(e))
	        buf_printf(&b, "%s%s", b.len ? ", " : "", e->valuestring);
	if (b.len) {
		size_t from =
		        doc_wrap(&v->doc, R_TEXT, "About  ", HANG, (struct slice){b.s, b.len});
		doc_mean(&v->doc, from, "entities", v->data, K_TEXT);
	}
	buf_release(&b);
}

static void add_summary(struct view *v, bool *more)
{
	add_head(v);
	add_state(v, "ACTIVE", json_get(v->data, "active"), R_BAD);
	add_state(v, "CONTAINED", json_get(v->data, "contained"), R_WARN);
	for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
		*more |= add_block(v, &blocks[i], false);
	add_platforms(v, 1, v->pos.rows > 40 ? 3 : 1);
	add_score(v, 1);
	add_attack(v, 1);
	add_seen(v, 1);
	if (v->doc.lines.n + 5 <= (size_t)v->pos.rows)
		doc_add(&v->doc, R_TEXT, SLICE(""));
	add_next(v, false);
}

static void add_details(struct view *v)
{
	doc_add(&v->doc, R_TEXT, SLICE(""));
	doc_printf(&v->doc, R_HEAD, "All of it");
	for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
		add_block(v, &blocks[i], true);
	add_score(v, INT32_MAX);
	add_score_reasons(v);
	add_attack(v, INT32_MAX);
	add_seen(v, INT32_MAX);
	add_platforms(v, INT32_MAX, INT32_MAX);
	add_notes(v);
	add_entities(v);
}

static void card_build(struct app *a, struct view *v)
{
	bool more = false;

	if (!v->data) {
		if (v->loading)
			doc_printf(&v->doc, R_TEXT, "reading %s..", v->incident);
		return;
	}
	if (a) /* lines that are heard need no summary first */
		add_summary(v, &more);
	else
		add_head(v);
	if (!a) {
		add_state(v, "ACTIVE", json_get(v->data, "active"), R_BAD);
		add_state(v, "CONTAINED", json_get(v->data, "contained"), R_WARN);
		add_next(v, true);
	}
	add_details(v);
	v->num[0] = more;
}

/* What is offered: the engine's recipes, and after them the response. */
static int next_count(const struct view *v)
{
	return cJSON_GetArraySize(json_arr(v->data, "next"));
}

static bool card_digit(struct app *a, struct view *v, int n)
{
	const cJSON *it;

	if (v->data && n == next_count(v) + 1) {
		open_proposal(a, v->incident);
		return true;
	}
	cJSON_ArrayForEach(it, json_arr(v->data, "next"))
	{
		if (json_i64(it, "n", 0) != n)
			continue;
		char incident[24];
		snprintf(incident, sizeof(incident), "%s", v->incident);
		app_run_item(a, incident, it, NULL);
		return true;
	}
	return false;
}

static void next_chosen(struct app *a, struct view *v, int id)
{
	card_digit(a, v, id);
}

static void offer_next(struct app *a, const struct view *v)
{
	const cJSON *n;

	app_menu(a, v, "Next", true, next_chosen);
	cJSON_ArrayForEach(n, json_arr(v->data, "next"))
	        menu_add(&a->menu, (int)json_i64(n, "n", 0), json_str(n, "label", ""), "", NULL);
	menu_ready(&a->menu);
}

static void updated(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	if (e)
		app_say_err(a, e);
	cJSON_Delete(result);
	app_load(a, v, "incident.get", params_new("id", v->incident), NULL);
	app_read_queue(a);
}

static void claim(struct app *a, struct view *v)
{
	cJSON *p = params_new("id", v->incident);

	json_add_str(p, "owner", a->status.user);
	json_add_str(p, "status", "work");
	json_add_i64(p, "rev", json_i64(v->data, "rev", 0));
	app_call(a, v, "incident.update", p, updated);
}

static bool card_act(struct app *a, struct view *v, enum action act)
{
	const struct doc_line *l = view_selected(v);

	switch (act) {
	case ACT_OPEN:
		if (!l || l->kind != K_NEXT)
			return false;
		offer_next(a, v);
		return true;
	case ACT_CLAIM:
		claim(a, v);
		return true;
	case ACT_MORE:
		queue_more(a, v);
		return true;
	case ACT_REFRESH:
		app_load(a, v, "incident.get", params_new("id", v->incident), NULL);
		return true;
	case ACT_UNFOLD:
		if (queue_burst_of(&a->queue, v->incident) < 0)
			app_say(a, R_TEXT, "%s is of no burst: nothing like it stands in the queue",
			        v->incident);
		else
			open_storm(a, queue_burst_of(&a->queue, v->incident));
		return true;
	case ACT_BLAST:
		ask_graph(a, v, "blast-radius", NULL);
		return true;
	case ACT_PATH:
		ask_graph(a, v, "exposure", NULL);
		return true;
	case ACT_WEB:
		open_web_of(a, v, l && l->kind == K_SENTENCE ? l->ref : main_record(v));
		return true;
	default:
		return false;
	}
}

static void card_message(struct app *a, struct view *v, struct buf *b)
{
	int burst = queue_burst_of(&a->queue, v->incident);

	if (burst >= 0)
		buf_printf(b, "One of %zu of one rule; + lists them.   ",
		           a->queue.alike.v.v[burst].members.n);
	if (v->data && !*json_str(v->data, "owner", ""))
		buf_str(b, "No claim yet. c claims and stops the SLA clock.");
	if (v->num[0] && !v->pos.top)
		buf_printf(b, "%sPgDn: all of it", b->len ? "   " : "");
}

static void card_news(struct app *a, struct view *v, const char *method, const cJSON *params)
{
	const cJSON *id;

	if (strcmp(method, "queue.changed") != 0)
		return;
	cJSON_ArrayForEach(id, json_arr(params, "ids")) if (cJSON_IsString(id) &&
	                                                    !strcmp(id->valuestring, v->incident))
	        app_load(a, v, "incident.get", params_new("id", v->incident), NULL);
}

const struct view_ops card_ops = {.name = "incident",
                                  .context = CX_CARD,
                                  .build = card_build,
                                  .act = card_act,
                                  .digit = card_digit,
                                  .message = card_message,
                                  .news = card_news};

void open_card(struct app *a, const char *incident)
{
	struct view *v = app_push(a, &card_ops, incident);

	v->session = app_session(a, incident);
	app_load(a, v, "incident.get", params_new("id", incident), NULL);
}
