/*
 * The approval (TERMINAL.md section 4): everything that will happen, nothing cut; deaf for its first moments; approving off until
 * the end was shown; focus on deny; the word is typed, never pasted; the digest of what was shown goes with it.
 */
#include "view/app.h"

#include "widget/text.h"

#define DEAF_US (700 * 1000)

struct approval {
	struct field deny, word;
	bool on_word; /* which field has the keys */
	bool end_shown, sent;
	int64_t opened_us; /* keys before opened_us + DEAF_US are dropped; 0: not drawn yet */
};

static struct approval *own(const struct view *v)
{
	return v->own;
}

static bool decided(const struct view *v)
{
	const char *s = json_str(v->data, "state", "");
	return v->data && *s && strcmp(s, "open") != 0;
}

static bool expired(const struct view *v)
{
	mw_time t = say_when(v->data, "expires_at");
	return t != MW_TIME_NONE && t <= mw_now();
}

/* Why approving is off, or NULL. */
static const char *off_reason(const struct view *v)
{
	const char *off = json_str(v->data, "off", NULL);

	if (!v->data)
		return "the request is not read yet";
	if (decided(v))
		return "it is decided";
	if (expired(v))
		return "it has expired; ask again";
	if (off && *off)
		return off;
	if (!*json_str(v->data, "word", ""))
		return "the engine gave no word to type";
	return own(v)->end_shown ? NULL : "the end has not been shown";
}

static const struct {
	const char *key, *label;
} parts[] = {{"title", "Action"},  {"action", "Call"},        {"target", "Target"},
             {"params", "With"},   {"system", "System"},      {"effect", "Effect"},
             {"scope", "Scope"},   {"evidence", "Evidence"},  {"against", "Against"},
             {"before", "Before"}, {"reverse", "Reverse"},    {"needs", "Approvals"},
             {"policy", "Policy"}, {"decided_by", "Decided"}, {"reason", "Because"},
             {"result", "Result"}, {"digest", "Digest"}};
static const char *const not_shown[] = {"id",        "state", "expires_at", "asked_by", "asked_at",
                                        "asked_uid", "word",  "off",        "rev"};

static void add_part(struct view *v, const char *label, const cJSON *m)
{
	const cJSON *it = cJSON_IsArray(m) ? m->child : m;
	bool ids = cJSON_IsArray(m) && cJSON_IsString(it) && !strncmp(it->valuestring, "ev:", 3);
	char head[16];

	snprintf(head, sizeof(head), " %-10.10s ", label);
	for (; it; it = cJSON_IsArray(m) && !ids ? it->next : NULL) {
		struct buf b = BUF_INIT;
		size_t from;
		if (ids)
			say_ids(&b, m, INT32_MAX);
		else if (cJSON_IsObject(it) && json_str(it, "text", NULL))
			say_sentence(&b, it);
		else if (cJSON_IsString(it) && !strncmp(it->valuestring, "ev:", 3))
			say_ids(&b, it, 1);
		else if (cJSON_IsObject(it))
			json_write(&b, it);
		else
			say_value(&b, it);
		from = doc_wrap(&v->doc, R_TEXT, head, 12, (struct slice){b.s, b.len});
		v->doc.lines.v[from].bar = 12;
		v->doc.lines.v[from].bar_role = R_HEAD;
		snprintf(head, sizeof(head), "%12s", "");
		buf_release(&b);
	}
}

static bool listed(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (!strcmp(parts[i].key, key))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(not_shown); i++)
		if (!strcmp(not_shown[i], key))
			return true;
	return false;
}

static void approval_build(struct app *a, struct view *v)
{
	const cJSON *m;

	(void)a;
	if (!v->data) {
		doc_printf(&v->doc, R_TEXT,
		           v->loading ? "reading the request.." : "no such request");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if ((m = json_get(v->data, parts[i].key)) && !cJSON_IsNull(m))
			add_part(v, parts[i].label, m);
	cJSON_ArrayForEach(
	        m,
	        v->data) /* what the engine says more is shown too: nothing is left out of what is approved */
	        if (!listed(m->string) && !cJSON_IsNull(m)) add_part(v, m->string, m);
}

static void draw_rule(struct app *a, int y)
{
	for (int x = 0; x < a->screen.w; x++)
		surf_str(&a->screen, y, x, 1, app_theme(a)->role[R_TEXT], "-");
}

static void draw_fields(struct app *a, struct view *v, struct rect r)
{
	const struct theme *th = app_theme(a);
	const char *off = off_reason(v);
	int y = r.y + r.h - 2, x;

	x = surf_str(&a->screen, y, r.x, r.w, th->role[own(v)->on_word ? R_TEXT : R_KEY],
	             " deny, because> ");
	field_draw(&own(v)->deny, &a->screen, y, r.x + x, r.w - x, th->role[R_TEXT],
	           !own(v)->on_word && !decided(v));
	if (off) {
		surf_printf(&a->screen, y + 1, r.x, r.w, th->role[R_WARN], " approve: off, %s",
		            off);
		return;
	}
	x = surf_printf(&a->screen, y + 1, r.x, r.w, th->role[own(v)->on_word ? R_KEY : R_TEXT],
	                " approve, type %s (no paste)> ", "the target's name");
	field_draw(&own(v)->word, &a->screen, y + 1, r.x + x, r.w - x, th->role[R_TEXT],
	           own(v)->on_word);
}

static void approval_draw(struct app *a, struct view *v, struct rect r, bool focus)
{
	struct rect body = {r.y + 1, r.x, r.h - 4, r.w};

	(void)focus;
	if (!own(v)->opened_us)
		own(v)->opened_us = mw_mono_us();
	view_prepare(a, v, body.w, body.h);
	draw_rule(a, r.y);
	doc_draw(&v->doc, &v->pos, &a->screen, body, app_theme(a), (struct slice){NULL, 0}, false);
	draw_rule(a, r.y + r.h - 3);
	if (v->data && v->pos.top + (size_t)body.h >= v->doc.lines.n)
		own(v)->end_shown = true;
	draw_fields(a, v, r);
}

static void approval_crumb(struct app *a, struct view *v, struct buf *b)
{
	size_t last = v->pos.top + (size_t)v->pos.rows;

	(void)a;
	if (!v->data)
		return;
	buf_printf(b, "asked by %s ", json_str(v->data, "asked_by", "?"));
	say_clock(b, say_when(v->data, "asked_at"));
	buf_str(b, "  expires ");
	say_clock(b, say_when(v->data, "expires_at"));
	buf_printf(b, "  %s  line %zu-%zu of %zu", json_str(v->data, "state", ""), v->pos.top + 1,
	           last < v->doc.lines.n ? last : v->doc.lines.n, v->doc.lines.n);
}

static void approval_message(struct app *a, struct view *v, struct buf *b)
{
	(void)a;
	if (v->data && !own(v)->end_shown)
		buf_str(b, "Approving is off until the end has been shown: PgDn.");
	else
		buf_str(b, "Focus opens on deny. Enter on an empty or unfinished field does "
		           "nothing. Esc leaves it undecided.");
}

static void decided_reply(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	own(v)->sent = false;
	field_set(&own(v)->word, "");
	if (e)
		app_say(a, R_BAD, "NOT approved: %s", e->what);
	else
		app_say(a, R_GOOD, "%s: %s", v->title, json_str(result, "state", "recorded"));
	cJSON_Delete(result);
	own(v)->end_shown = false; /* what is there now has to be seen again */
	app_load(a, v, "action.get", params_new("action", v->title), NULL);
}

static void send_deny(struct app *a, struct view *v)
{
	cJSON *p = params_new("action", v->title);

	json_add_str(p, "reason", own(v)->deny.text.s);
	own(v)->sent = true;
	app_call(a, v, "action.deny", p, decided_reply);
}

static void send_approve(struct app *a, struct view *v)
{
	cJSON *p;

	if (off_reason(v) || strcmp(own(v)->word.text.s, json_str(v->data, "word", "")) != 0) {
		app_say(a, R_WARN, "not approved: that is not the target's name (%s)",
		        json_str(v->data, "word", ""));
		return;
	}
	p = params_new("action", v->title);
	json_add_str(p, "digest", json_str(v->data, "digest", ""));
	json_add_str(p, "word", own(v)->word.text.s);
	own(v)->sent = true;
	app_call(a, v, "action.approve", p, decided_reply);
}

static void enter(struct app *a, struct view *v)
{
	struct field *f = own(v)->on_word ? &own(v)->word : &own(v)->deny;

	if (!f->text.len || own(v)->sent || decided(v))
		return;
	if (own(v)->on_word)
		send_approve(a, v);
	else
		send_deny(a, v);
}

static bool approval_key(struct app *a, struct view *v, const struct key *k)
{
	struct field *f = own(v)->on_word ? &own(v)->word : &own(v)->deny;

	if (!own(v)->opened_us || mw_mono_us() < own(v)->opened_us + DEAF_US)
		return k->code !=
		       KEY_ESC; /* what was typed before it could be read is not meant for it */
	if (k->code == KEY_TAB) {
		own(v)->on_word = !own(v)->on_word && !off_reason(v);
		return true;
	}
	if (k->code == KEY_ENTER) {
		enter(a, v);
		return true;
	}
	if (k->code == KEY_PASTE) {
		app_say(a, R_WARN, "pasted text is refused here");
		return true;
	}
	if (k->code == KEY_ESC || k->code == KEY_PGDN || k->code == KEY_PGUP || k->code == KEY_UP ||
	    k->code == KEY_DOWN || k->code == (KEY_CTRL | 'l') || k->code == (KEY_CTRL | 'z'))
		return false;
	return decided(v) || field_key(f, k) || key_printable(k);
}

static void approval_closed(struct app *a, struct view *v)
{
	(void)a;
	field_release(&own(v)->deny);
	field_release(&own(v)->word);
	free(own(v));
}

const struct view_ops approval_ops = {.name = "approval",
                                      .context = CX_APPROVAL,
                                      .build = approval_build,
                                      .draw = approval_draw,
                                      .crumb = approval_crumb,
                                      .message = approval_message,
                                      .key = approval_key,
                                      .closed = approval_closed,
                                      .no_input = true};

void open_approval(struct app *a, const char *action)
{
	struct view *v = app_push(a, &approval_ops, app_top(a)->incident);
	struct approval *own_state = xcalloc(1, sizeof(*own_state));

	field_init(&own_state->deny);
	field_init(&own_state->word);
	own_state->word.no_paste = true;
	v->own = own_state;
	snprintf(v->title, sizeof(v->title), "%s", action);
	app_load(a, v, "action.get", params_new("action", action), NULL);
}
