/*
 * From a key to what it does: the line and the menu first, then the input line or the view, then the action table.
 */
#include "view/app.h"

#include <unistd.h>

#include "widget/input.h"

/* --- the line of questions and the menu ----------------------------------------------------------------------------------- */

void app_ask_line(struct app *a, const struct view *v, const char *label, const char *text,
                  void (*done)(struct app *a, struct view *v, const char *text))
{
	if (!a->ask.field.text.max)
		field_init(&a->ask.field);
	a->ask.open = true;
	a->ask.changed = NULL;
	a->ask.cancelled = NULL;
	a->ask.done = done;
	a->ask.serial = v->serial;
	snprintf(a->ask.label, sizeof(a->ask.label), "%s> ", label);
	field_set(&a->ask.field, text);
}

static void ask_line_key(struct app *a, const struct key *k)
{
	struct view *v = app_view(a, a->ask.serial);
	char *text;

	if (!v || k->code == KEY_ESC || k->code == (KEY_CTRL | 'c')) {
		a->ask.open = false;
		if (v && a->ask.cancelled)
			a->ask.cancelled(a, v);
		return;
	}
	if (k->code == KEY_ENTER) {
		a->ask.open = false;
		text = xstrdup(a->ask.field.text.s);
		a->ask.done(a, v, text);
		free(text);
		return;
	}
	if (field_key(&a->ask.field, k) && a->ask.changed)
		a->ask.changed(a, v, a->ask.field.text.s);
}

void app_menu(struct app *a, const struct view *v, const char *title, bool digits,
              void (*done)(struct app *a, struct view *v, int id))
{
	menu_open(&a->menu, title, digits);
	a->menu_done = done;
	a->menu_serial = v->serial;
}

static void app_menu_key(struct app *a, const struct key *k)
{
	const char *why;
	int id = menu_key(&a->menu, k, &why);
	struct view *v = app_view(a, a->menu_serial);

	if (why)
		app_say(a, R_WARN, "not now: %s", why);
	if (id == MENU_NOTHING)
		return;
	menu_close(&a->menu);
	if (id >= 0 && v)
		a->menu_done(a, v, id);
}

/* --- find and filter in documents -------------------------------------------------------------------------------------------- */

static void find_changed(struct app *a, struct view *v, const char *text)
{
	(void)a;
	buf_reset(&v->find);
	buf_str(&v->find, text);
}

static void find_done(struct app *a, struct view *v, const char *text)
{
	if (*text)
		find_changed(a, v, text);
	if (v->find.len && !doc_find(&v->doc, &v->pos, (struct slice){v->find.s, v->find.len}, 1))
		app_say(a, R_WARN, "\"%s\" is not in this text", v->find.s);
}

static void find_open(struct app *a, struct view *v)
{
	app_ask_line(a, v, v->find.len ? "find (Enter alone: next)" : "find", "", find_done);
	a->ask.changed = find_changed;
}

/* --- common actions ------------------------------------------------------------------------------------------------------------ */

static void ignore(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	(void)v;
	if (e)
		app_say_err(a, e);
	cJSON_Delete(result);
}

static void cancel_running(struct app *a, struct view *v)
{
	struct turn *t = session_running_turn(v->session);

	app_say(a, R_WARN, "cancelling.. what came so far stays and is marked partial");
	if (t && turn_job_id(t))
		app_cancel_job(a, turn_job_id(t));
	else if (t)
		t->cancel = true; /* as soon as its number is known */
}

static bool running(const struct view *v)
{
	return v->session && session_running(v->session);
}

static bool back(struct app *a, struct view *v)
{
	if (running(v)) {
		cancel_running(a, v);
	} else if (v->find.len) {
		buf_reset(&v->find);
		view_dirty(v);
	} else if (a->depth > 1) {
		app_pop(a);
	} else {
		a->message[0] = '\0';
	}
	return true;
}

static bool cancel(struct app *a, struct view *v)
{
	if (running(v)) {
		cancel_running(a, v);
	} else if (input_text()[0] && a->focus == FOCUS_INPUT) {
		input_set("");
	} else {
		app_say(a, R_TEXT, "nothing runs here; q leaves, the engine keeps everything");
	}
	return true;
}

static bool other_pane(struct app *a, struct view *v)
{
	if (a->depth == 1)
		open_chat(a, "");
	else if (a->focus == FOCUS_INPUT)
		app_focus(a, app_split(a) ? FOCUS_QUEUE : FOCUS_LIST);
	else if (a->focus == FOCUS_QUEUE)
		app_focus(a, FOCUS_LIST);
	else if (v->ops == &card_ops)
		open_chat(a, v->incident);
	else
		app_focus(a, FOCUS_INPUT);
	return true;
}

static bool next_theme(struct app *a, struct view *v)
{
	(void)v;
	a->theme = (enum theme_id)((a->theme + 1) % THEME_COUNT);
	a->theme_chosen = true;
	app_say(a, R_TEXT, "theme %s", app_theme(a)->name);
	return true;
}

static bool toggle_mouse(struct app *a, struct view *v)
{
	(void)v;
	tty_set_mouse(&a->tty, !a->tty.mouse);
	app_say(a, R_TEXT,
	        a->tty.mouse ? "mouse on: click and wheel; hold Shift to select text"
	                     : "mouse off");
	return true;
}

static bool toggle_bell(struct app *a, struct view *v)
{
	(void)v;
	a->bell = !a->bell;
	app_say(a, R_TEXT, a->bell ? "rings once on a new critical" : "bell off");
	return true;
}

static bool toggle_zone(struct app *a, struct view *v)
{
	(void)v;
	clock_face.local = !clock_face.local;
	for (int i = 0; i < a->depth; i++) {
		doc_reset(&a->stack[i]->doc, a->stack[i]->doc.width);
		view_dirty(a->stack[i]);
	}
	app_say(a, R_TEXT, clock_face.local ? "times in the local zone" : "times in UTC");
	return true;
}

static bool redraw(struct app *a, struct view *v)
{
	(void)v;
	painter_invalidate(&a->painter);
	return true;
}

static bool suspend(struct app *a, struct view *v)
{
	(void)v;
	tty_stop(&a->tty);
	a->redraw = true;
	return true;
}

static bool quit(struct app *a, struct view *v)
{
	(void)v;
	a->quit = true;
	return true;
}

static bool to_input(struct app *a, struct view *v)
{
	(void)v;
	app_focus(a, FOCUS_INPUT);
	return true;
}

static bool find(struct app *a, struct view *v)
{
	find_open(a, v);
	return true;
}

static bool down(struct app *a, struct view *v)
{
	(void)a;
	doc_move(&v->doc, &v->pos, 1);
	return true;
}

static bool up(struct app *a, struct view *v)
{
	(void)a;
	doc_move(&v->doc, &v->pos, -1);
	return true;
}

static bool page_down(struct app *a, struct view *v)
{
	(void)a;
	doc_page(&v->doc, &v->pos, 1);
	return true;
}

static bool page_up(struct app *a, struct view *v)
{
	(void)a;
	doc_page(&v->doc, &v->pos, -1);
	return true;
}

static bool home(struct app *a, struct view *v)
{
	(void)a;
	doc_home(&v->doc, &v->pos);
	return true;
}

static bool end(struct app *a, struct view *v)
{
	(void)a;
	doc_end(&v->doc, &v->pos);
	return true;
}

static bool pivot(struct app *a, struct view *v)
{
	pivot_line(a, v, view_selected(v));
	return true;
}

static bool evidence(struct app *a, struct view *v)
{
	open_evidence_of(a, view_selected(v));
	return true;
}

static bool web(struct app *a, struct view *v)
{
	const struct doc_line *l = view_selected(v);

	open_web_of(a, v, l ? l->ref : NULL);
	return true;
}

static bool timeline(struct app *a, struct view *v)
{
	const struct turn *t = v->session ? session_last(v->session) : NULL;

	if (!v->incident[0] && !(t && turn_job_id(t))) {
		app_say(a, R_WARN,
		        "ask something first: a timeline belongs to an answer or an incident");
		return true;
	}
	open_timeline(a, v->incident, v->ops == &chat_ops && t ? turn_job_id(t) : 0);
	return true;
}

static bool path(struct app *a, struct view *v)
{
	if (v->ops == &queue_ops && queue_selected(&a->queue)) {
		open_card(a, queue_selected(&a->queue)->id);
		app_say(a, R_TEXT, "g again draws the paths of this incident");
	} else {
		ask_graph(a, v, "exposure", NULL);
	}
	return true;
}

static bool cover(struct app *a, struct view *v)
{
	(void)v;
	open_cover(a);
	return true;
}

static bool proposal(struct app *a, struct view *v)
{
	if (v->incident[0])
		open_proposal(a, v->incident);
	else
		app_say(a, R_WARN, "open an incident first: a response belongs to one");
	return true;
}

static bool draft(struct app *a, struct view *v)
{
	open_report(a, v->incident[0] ? "incident" : "handoff", v->incident);
	return true;
}

static bool handoff(struct app *a, struct view *v)
{
	(void)v;
	open_report(a, "handoff", "");
	return true;
}

static bool jobs(struct app *a, struct view *v)
{
	(void)v;
	open_jobs(a);
	return true;
}

static bool sources(struct app *a, struct view *v)
{
	(void)v;
	open_sources(a);
	return true;
}

static bool import(struct app *a, struct view *v)
{
	(void)v;
	ask_import(a);
	return true;
}

static bool copy(struct app *a, struct view *v)
{
	copy_menu(a, v);
	return true;
}

static bool export(struct app *a, struct view *v)
{
	export_menu(a, v);
	return true;
}

static bool palette(struct app *a, struct view *v)
{
	(void)v;
	open_palette(a);
	return true;
}

static bool help(struct app *a, struct view *v)
{
	(void)v;
	open_help(a);
	return true;
}

static void note_done(struct app *a, struct view *v, const char *text)
{
	cJSON *p;

	if (!*text)
		return;
	p = params_new("id", v->incident);
	json_add_str(p, "text", text);
	app_do(a, "incident.note", p, NULL, "noted in %s", v->incident);
}

static bool note(struct app *a, struct view *v)
{
	if (!v->incident[0])
		app_say(a, R_WARN, "open an incident first: a note belongs to one");
	else
		app_ask_line(a, v, "note", "", note_done);
	return true;
}

static void pin_it(struct app *a, struct view *v, const char *wire)
{
	cJSON *p = params_new("id", v->incident);

	json_add_str(p, "evidence", wire);
	app_do(a, "incident.pin", p, NULL, "pinned: its bytes are kept with %s", v->incident);
}

static bool pin(struct app *a, struct view *v)
{
	const struct doc_line *l = view_selected(v);
	const cJSON *e = l ? row_evidence(l->ref) : NULL;
	char wire[32];

	if (cJSON_IsArray(e))
		e = e->child;
	if (!v->incident[0])
		app_say(a, R_WARN, "open an incident first: pins belong to one");
	else if (e)
		pin_it(a, v, e->valuestring);
	else if (v->ops == &evidence_ops && v->title[0] == 'e' && wire_id(slice_of(v->title), wire))
		pin_it(a, v, wire);
	else
		app_say(a, R_WARN, "select a row that stands on a record");
	return true;
}

static void watch_added(struct app *a, bool done)
{
	a->status.watches += done;
}

static void watch_done(struct app *a, struct view *v, const char *text)
{
	const struct turn *t = v->session ? session_last(v->session) : NULL;
	int64_t span;
	char until[32];
	cJSON *p;

	if (!mw_span_parse(slice_of(text), &span) || span <= 0) {
		app_say(a, R_BAD, "\"%s\" is no duration: write 4h, 90m or 2d", text);
		return;
	}
	if (!t)
		return;
	mw_time_format(mw_now() + span - (mw_now() + span) % MW_SECOND, until);
	p = params_new("session", v->session->name);
	json_add_str(p, "question", t->question);
	json_add_str(p, "until", until);
	if (v->incident[0])
		json_add_str(p, "incident", v->incident);
	app_do(a, "watch.add", p, watch_added, "watching until %s: \"%s\"", until, t->question);
}

static bool watch(struct app *a, struct view *v)
{
	if (!v->session || !session_last(v->session))
		app_say(a, R_WARN, "ask something first: a watch asks a question again");
	else
		app_ask_line(a, v, "watch the last question for (4h, 2d)", "4h", watch_done);
	return true;
}

static void editor_text(struct app *a, const char *path)
{
	struct buf b = BUF_INIT;
	FILE *f = fopen(path, "re");
	char *at;
	size_t n = 1;

	while (f && n && b.len < PASTE_MAX) {
		at = buf_room(&b, 4096);
		n = fread(at, 1, 4096, f);
		b.len += n;
	}
	if (f)
		fclose(f);
	while (b.len && b.s[b.len - 1] == '\n')
		b.len--;
	buf_ch(&b, '\0');
	input_set(b.s);
	buf_release(&b);
	app_focus(a, FOCUS_INPUT);
}

static bool editor(struct app *a, struct view *v)
{
	const char *dir = getenv("XDG_RUNTIME_DIR"),
	           *prog = getenv("VISUAL") ? getenv("VISUAL") : getenv("EDITOR");
	char path[256];
	char *argv[3] = {NULL, path, NULL};
	struct err e;
	int fd;

	(void)v;
	snprintf(path, sizeof(path), "%s/midwatch-XXXXXX", dir ? dir : "/tmp");
	fd = mkstemp(path);
	if (fd < 0) {
		app_say(a, R_BAD, "cannot make a file to edit in %s", dir ? dir : "/tmp");
		return true;
	}
	if (write(fd, input_text(), strlen(input_text())) < 0)
		app_say(a, R_BAD, "cannot write %s", path);
	close(fd);
	argv[0] = xstrdup(prog ? prog : "vi");
	if (tty_run(&a->tty, argv, &e))
		app_say_err(a, &e);
	else
		editor_text(a, path);
	free(argv[0]);
	unlink(path);
	a->redraw = true;
	return true;
}

static bool refresh(struct app *a, struct view *v)
{
	(void)v;
	app_link_up(a);
	return true;
}

static bool models(struct app *a, struct view *v)
{
	cJSON *p = cJSON_CreateObject();

	(void)v;
	json_add_bool(p, "on", !json_bool(json_obj(a->status.engine, "model"), "on", true));
	app_call(a, NULL, "model.switch", p, ignore);
	return true;
}

static bool metrics(struct app *a, struct view *v)
{
	(void)v;
	open_metrics(a);
	return true;
}

static bool story(struct app *a, struct view *v)
{
	return app_write(a, v, "model.write", "the incident's story", "narrative");
}

static bool next_step(struct app *a, struct view *v)
{
	return app_write(a, v, "model.next", "the next step", NULL);
}

static bool (*const common[ACT_COUNT])(struct app *a, struct view *v) = {
        [ACT_BACK] = back,           [ACT_CANCEL] = cancel,
        [ACT_PANE] = other_pane,     [ACT_THEME] = next_theme,
        [ACT_MOUSE] = toggle_mouse,  [ACT_BELL] = toggle_bell,
        [ACT_ZONE] = toggle_zone,    [ACT_REDRAW] = redraw,
        [ACT_SUSPEND] = suspend,     [ACT_QUIT] = quit,
        [ACT_ASK] = to_input,        [ACT_FILTER] = find,
        [ACT_DOWN] = down,           [ACT_UP] = up,
        [ACT_PAGE_DOWN] = page_down, [ACT_PAGE_UP] = page_up,
        [ACT_HOME] = home,           [ACT_END] = end,
        [ACT_PIVOT] = pivot,         [ACT_EVIDENCE] = evidence,
        [ACT_OPEN] = evidence,       [ACT_TIMELINE] = timeline,
        [ACT_PATH] = path,           [ACT_COVER] = cover,
        [ACT_PROPOSAL] = proposal,   [ACT_DRAFT] = draft,
        [ACT_HANDOFF] = handoff,     [ACT_JOBS] = jobs,
        [ACT_WATCHES] = jobs,        [ACT_IMPORTS] = import,
        [ACT_COPY] = copy,           [ACT_EXPORT] = export,
        [ACT_PALETTE] = palette,     [ACT_HELP] = help,
        [ACT_NOTE] = note,           [ACT_PIN] = pin,
        [ACT_WATCH] = watch,         [ACT_EDITOR] = editor,
        [ACT_REFRESH] = refresh,     [ACT_WEB] = web,
        [ACT_METRICS] = metrics,     [ACT_MODELS] = models,
        [ACT_STORY] = story,         [ACT_NEXT_STEP] = next_step,
        [ACT_SOURCES] = sources,
};

bool action_allowed(struct app *a, enum action act, const char **why)
{
	static char reason[80];

	*why = NULL;
	if (a->status.link != LINK_UP || status_may(&a->status, actions[act].perm))
		return true;
	if (a->status.readonly || a->opts->readonly)
		snprintf(reason, sizeof(reason), "this console is read-only");
	else
		snprintf(reason, sizeof(reason), "needs role %s, yours is %s",
		         perm_name(actions[act].perm), a->status.role);
	*why = reason;
	return false;
}

void app_action(struct app *a, enum action act)
{
	struct view *v = app_active(a);
	const char *why;

	if (!action_allowed(a, act, &why)) {
		app_say(a, R_WARN, "%s: %s", actions[act].name, why);
		return;
	}
	if (v->ops->act && v->ops->act(a, v, act))
		return;
	if (!(actions[act].contexts & v->ops->context))
		app_say(a, R_WARN, "%s does not act on this screen", actions[act].name);
	else if (common[act])
		common[act](a, v);
}

/* --- keys ------------------------------------------------------------------------------------------------------------------------ */

static void submit(struct app *a)
{
	struct view *v = app_top(a);
	char *line = input_take();
	struct slice s = slice_trim(slice_of(line));

	if (s.n && a->status.link != LINK_UP) {
		input_set(line);
		app_say(a, R_BAD, "not asked: the engine is not there yet; your words are kept");
	} else if (s.n) {
		char *question = xstrndup(s.s, s.n);
		open_chat(a, v->incident);
		app_ask(a, app_top(a), question);
		free(question);
	}
	free(line);
	app_note_ui(a);
}

/* Keys that mean the same in the input line as on a list. */
static bool input_global(struct app *a, const struct key *k)
{
	struct view *v = app_top(a);
	enum action act = keymap_find(&a->keymap, v->ops->context, k->code);
	bool ctrl = k->code & KEY_CTRL;

	if (k->code == KEY_ESC && !input_wants_escape()) {
		if (running(v) && !input_text()[0])
			cancel_running(a, v);
		else
			app_focus(a, FOCUS_LIST);
		return true;
	}
	if (k->code == KEY_TAB && !input_text()[0]) {
		app_action(a, ACT_PANE);
		return true;
	}
	if (k->code == KEY_PGUP || k->code == KEY_PGDN ||
	    (k->code >= KEY_F1 && k->code <= KEY_F12) ||
	    (ctrl && (act == ACT_PALETTE || act == ACT_REDRAW || act == ACT_SUSPEND ||
	              act == ACT_CANCEL || act == ACT_QUIT))) {
		if (act)
			app_action(a, act);
		return act != ACT_NONE;
	}
	return false;
}

static void input_line_key(struct app *a, const struct key *k)
{
	if (input_global(a, k))
		return;
	switch (input_key(k)) {
	case INPUT_SUBMIT:
		submit(a);
		break;
	case INPUT_TAKEN:
		app_note_ui(a);
		if (input_rang())
			app_say(a, R_TEXT, "nothing to complete");
		if (input_wants_editor())
			app_action(a, ACT_EDITOR);
		break;
	case INPUT_PASSED:
		break;
	}
}

static void paste_outside(struct app *a, const struct key *k)
{
	if (app_top(a)->ops->no_input) {
		app_say(a, R_WARN, "pasted text is refused here");
		return;
	}
	app_focus(a, FOCUS_INPUT); /* one edit of the input line; nothing runs */
	input_key(k);
}

static void click(struct app *a, const struct key *k)
{
	struct view *v = app_top(a);
	size_t row = (size_t)(k->y - 2);

	if (k->y < 2 || k->y >= a->screen.h - 3)
		return;
	if (a->depth == 1) {
		list_move(&a->queue.list, &a->queue, a->queue.view.n, queue_view_id,
		          (long)(a->queue.list.top + row) - 1 - (long)a->queue.list.sel);
	} else if (v->pos.top + row < v->doc.lines.n) {
		v->pos.sel = v->pos.top + row;
		v->pos.moved = true;
	}
}

static bool special_key(struct app *a, const struct key *k)
{
	switch (k->code) {
	case KEY_LIGHT:
	case KEY_DARK:
		if (!a->theme_chosen)
			a->theme = k->code == KEY_LIGHT ? THEME_LIGHT : THEME_DARK;
		return true;
	case KEY_CLICK:
		click(a, k);
		return true;
	case KEY_WHEEL_UP:
	case KEY_WHEEL_DOWN:
		app_action(a, k->code == KEY_WHEEL_UP ? ACT_UP : ACT_DOWN);
		return true;
	case KEY_UNKNOWN:
		return true;
	default:
		return false;
	}
}

static void list_key(struct app *a, const struct key *k)
{
	struct view *v = app_active(a);
	enum action act = keymap_find(&a->keymap, v->ops->context, k->code);
	char name[24];

	if (k->code >= '1' && k->code <= '9' && v->ops->digit &&
	    v->ops->digit(a, v, (int)(k->code - '0')))
		return;
	if (act) {
		app_action(a, act);
		app_note_ui(a);
		return;
	}
	if (k->code & KEY_ALT) { /* Esc and a key that came in one packet over a slow line */
		struct key esc = {.code = KEY_ESC}, rest = *k;
		rest.code = k->code & ~(uint32_t)KEY_ALT;
		list_key(a, &esc);
		app_key(a, &rest);
		return;
	}
	key_name(k->code, name);
	if (v->loading)
		app_say(a, R_TEXT, "still reading; a moment");
	else
		app_say(a, R_TEXT, "%s does nothing here; ? lists the keys", name);
}

void app_key(struct app *a, const struct key *k)
{
	struct view *v = app_top(a);

	if (special_key(a, k))
		return;
	if (a->message[0] && k->code != KEY_PASTE)
		a->message[0] = '\0';
	if (a->menu.open) {
		app_menu_key(a, k);
		return;
	}
	if (a->ask.open) {
		ask_line_key(a, k);
		return;
	}
	if (v->dirty && v->doc.width)
		view_prepare(a, v, v->doc.width, v->pos.rows);
	if (v->ops->key && v->ops->key(a, v, k))
		return;
	if (a->focus == FOCUS_INPUT)
		input_line_key(a, k);
	else if (k->code == KEY_PASTE)
		paste_outside(a, k);
	else
		list_key(a, k);
}
