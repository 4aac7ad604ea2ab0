/*
 * The incident card: is it still going on, what has been done, what happened, whose is it; then what may be asked next.
 */
#include "view/app.h"

#include "term/width.h"
#include "widget/text.h"

#define HANG 7

enum { K_TEXT, K_NEXT, K_SENTENCE };

/* "What   text.." for each item of an array (or the one object or string); the label stands on the first line only. */
static void add_block(struct view *v, enum role role, const char *label, const cJSON *items)
{
	const cJSON *one[1] = {items}, *it = cJSON_IsArray(items) ? items->child : one[0];
	char head[16];

	snprintf(head, sizeof(head), "%-*s", HANG, label);
	for (; it; it = cJSON_IsArray(items) ? it->next : NULL) {
		struct buf b = BUF_INIT;
		size_t from;
		say_sentence(&b, it);
		from = doc_wrap(&v->doc, role, head, HANG, (struct slice){b.s, b.len});
		if (role == R_TEXT)
			for (size_t i = from; i < from + 1; i++) {
				v->doc.lines.v[i].bar = HANG - 1;
				v->doc.lines.v[i].bar_role = R_HEAD;
			}
		if (row_evidence(it) || cJSON_IsObject(it))
			doc_mean(&v->doc, from, NULL, it, K_SENTENCE);
		buf_release(&b);
		snprintf(head, sizeof(head), "%-*s", HANG, "");
	}
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
	struct buf b = BUF_INIT;
	size_t from;

	buf_str(&b, label);
	if (o)
		say_sentence(&b, o);
	else
		buf_str(&b, "not known");
	from = doc_wrap(&v->doc, role, "", 0, (struct slice){b.s, b.len});
	if (row_evidence(o))
		doc_mean(&v->doc, from, NULL, o, K_SENTENCE);
	buf_release(&b);
}

static void add_score(struct view *v)
{
	const cJSON *p, *parts = json_arr(v->data, "score_parts");
	struct buf b = BUF_INIT;

	if (!parts || !parts->child)
		return;
	buf_printf(&b, "%lld =", (long long)json_i64(v->data, "score", 0));
	cJSON_ArrayForEach(p, parts)
	        buf_printf(&b, "%s %s %lld", p == parts->child ? "" : " +",
	                   json_str(p, "label", "?"), (long long)json_i64(p, "points", 0));
	doc_wrap(&v->doc, R_TEXT, "Score  ", HANG, (struct slice){b.s, b.len});
	buf_release(&b);
}

static void add_attack(struct view *v)
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
	doc_wrap(&v->doc, R_TEXT, "ATT&CK ", HANG, (struct slice){b.s, b.len});
	buf_release(&b);
}

static void add_seen(struct view *v)
{
	const cJSON *s;

	cJSON_ArrayForEach(s, json_arr(v->data, "seen"))
	{
		struct buf b = BUF_INIT;
		buf_printf(&b, "%s %s", json_str(s, "text", ""), json_str(s, "incident", ""));
		doc_wrap(&v->doc, R_TEXT,
		         s == json_arr(v->data, "seen")->child ? "Seen   " : "       ", HANG,
		         (struct slice){b.s, b.len});
		buf_release(&b);
	}
}

#define PROPOSED "proposed plan of the playbook"

static void next_cell(struct buf *b, const cJSON *all, int i, int width)
{
	const cJSON *n = cJSON_GetArrayItem(all, i);
	struct buf c = BUF_INIT;
	size_t cut;
	int used;

	buf_printf(&c, "%d %s", i + 1, n ? json_str(n, "label", "") : PROPOSED);
	cut = text_prefix((struct slice){c.s, c.len}, width, &used);
	if (cut < c.len) {
		buf_add(b, c.s, text_prefix((struct slice){c.s, c.len}, width - 2, &used));
		buf_str(b, "..");
		used += 2;
	} else {
		buf_add(b, c.s, cut);
	}
	for (; used < width; used++)
		buf_ch(b, ' ');
	buf_release(&c);
}

/* Two columns, numbers run down first; a digit runs one, Enter offers them all. */
static void add_next(struct view *v)
{
	const cJSON *all = json_arr(v->data, "next");
	int n = cJSON_GetArraySize(all) + 1, rows = (n + 1) / 2, col = (v->doc.width - HANG) / 2;

	for (int i = 0; i < rows; i++) {
		struct buf b = BUF_INIT;
		struct doc_line *l;
		buf_printf(&b, "%-*s", HANG, i ? "" : "Next");
		next_cell(&b, all, i, col - 1);
		if (i + rows < n) {
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

static void card_build(struct app *a, struct view *v)
{
	const cJSON *d = v->data;

	(void)a;
	if (!d) {
		if (v->loading)
			doc_printf(&v->doc, R_TEXT, "reading %s..", v->incident);
		return;
	}
	add_head(v);
	add_state(v, "", json_get(d, "active"), R_BAD);
	add_state(v, "", json_get(d, "contained"), R_WARN);
	doc_add(&v->doc, R_TEXT, SLICE(""));
	add_block(v, R_TEXT, "What", json_get(d, "what"));
	add_block(v, R_TEXT, "How", json_get(d, "how"));
	add_block(v, R_TEXT, "Rival", json_get(d, "rivals"));
	add_block(v, R_TEXT, "To", json_get(d, "to"));
	add_block(v, R_TEXT, "Whose", json_get(d, "whose"));
	add_block(v, R_WARN, "Gaps", json_get(d, "gaps"));
	doc_add(&v->doc, R_TEXT, SLICE(""));
	add_score(v);
	add_attack(v);
	add_seen(v);
	if (v->doc.lines.n + 4 <= (size_t)v->pos.rows)
		doc_add(&v->doc, R_TEXT, SLICE(""));
	add_next(v);
	add_notes(v);
	add_entities(v);
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

	app_menu(a, "Next", true, next_chosen);
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
	case ACT_BLAST:
		ask_graph(a, v, "blast-radius");
		return true;
	case ACT_PATH:
		ask_graph(a, v, "exposure");
		return true;
	case ACT_WEB:
		if (json_str(v->data, "url", NULL))
			copy_out(a, "address of the vendor's page",
			         slice_of(json_str(v->data, "url", "")));
		else
			app_say(a, R_WARN, "its records carry no address of a vendor page");
		return true;
	default:
		return false;
	}
}

static void card_message(struct app *a, struct view *v, struct buf *b)
{
	(void)a;
	if (v->data && !*json_str(v->data, "owner", ""))
		buf_str(b, "No claim yet. c claims and stops the SLA clock.");
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
