#include "view/app.h"

#include "widget/input.h"

#define QUEUE_PAGE 1000
#define STATUS_EVERY (30 * MW_SECOND)

/* --- calls that find their view again ---------------------------------------------------------------------------------- */

struct pending {
	struct app *app;
	unsigned serial; /* 0: no view */
	app_reply_fn fn;
	void (*then)(struct app *a, struct view *v);
};

static void on_reply(void *ctx, cJSON *result, const struct err *e)
{
	struct pending *p = ctx;
	struct view *v = p->serial ? app_view(p->app, p->serial) : NULL;

	if (p->serial && !v)
		cJSON_Delete(result); /* it was left meanwhile */
	else
		p->fn(p->app, v, result, e);
	free(p);
}

void app_call(struct app *a, struct view *v, const char *method, cJSON *params, app_reply_fn fn)
{
	struct pending *p = xcalloc(1, sizeof(*p));

	*p = (struct pending){.app = a, .serial = v ? v->serial : 0, .fn = fn};
	a->port.call(a->port.self, method, params ? params : cJSON_CreateObject(), on_reply, p);
}

struct deed {
	struct app *app;
	char *words;
	void (*then)(struct app *a, bool done);
};

static void on_done(void *ctx, cJSON *result, const struct err *e)
{
	struct deed *d = ctx;

	if (e)
		app_say_err(d->app, e);
	else
		app_say(d->app, R_GOOD, "%s", d->words);
	if (d->then)
		d->then(d->app, !e);
	cJSON_Delete(result);
	free(d->words);
	free(d);
}

void app_do(struct app *a, const char *method, cJSON *params,
            void (*then)(struct app *a, bool done), const char *fmt, ...)
{
	struct deed *d = xcalloc(1, sizeof(*d));
	struct buf words = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&words, fmt, ap);
	va_end(ap);
	*d = (struct deed){.app = a, .words = buf_take(&words, NULL), .then = then};
	a->port.call(a->port.self, method, params, on_done, d);
}

static void on_load(void *ctx, cJSON *result, const struct err *e)
{
	struct pending *p = ctx;
	struct view *v = app_view(p->app, p->serial);

	if (!v) {
		cJSON_Delete(result);
		free(p);
		return;
	}
	v->loading = false;
	v->error = e ? *e : (struct err){0};
	if (result) {
		doc_reset(&v->doc, v->doc.width); /* its lines point into the old answer */
		cJSON_Delete(v->data);
		v->data = result;
	}
	view_dirty(v);
	if (p->then && !e)
		p->then(p->app, v);
	free(p);
}

void app_load(struct app *a, struct view *v, const char *method, cJSON *params,
              void (*then)(struct app *a, struct view *v))
{
	struct pending *p = xcalloc(1, sizeof(*p));

	*p = (struct pending){.app = a, .serial = v->serial, .then = then};
	v->loading = true;
	view_dirty(v);
	a->port.call(a->port.self, method, params ? params : cJSON_CreateObject(), on_load, p);
}

cJSON *params_new(const char *key, const char *value)
{
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, key, value);
	return o;
}

/* --- queue and status ---------------------------------------------------------------------------------------------------- */

static void ask_queue_page(struct app *a, int64_t offset);

static void got_queue(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	int64_t next;

	(void)v;
	if (e) {
		a->queue_reading = false;
		app_say_err(a, e);
		return;
	}
	if (a->queue_asked_hidden != a->queue.hidden) { /* meanwhile the other list was asked for */
		cJSON_Delete(result);
		queue_forget_pages(&a->queue);
		ask_queue_page(a, 0);
		return;
	}
	next = queue_page(&a->queue, result, a->status.user, mw_now());
	cJSON_Delete(result);
	if (next >= 0) {
		ask_queue_page(a, next);
		return;
	}
	a->queue_reading = false;
	if (a->queue_own && !a->queue_again) {
		a->queue_own = false;
		queue_drop_gone(&a->queue);
	}
	if (queue_rang(&a->queue) && a->bell)
		tty_bell(&a->tty);
	view_dirty(a->stack[0]);
	if (a->queue_again)
		app_read_queue(a);
}

static void ask_queue_page(struct app *a, int64_t offset)
{
	cJSON *p = cJSON_CreateObject();

	json_add_i64(p, "offset", offset);
	json_add_i64(p, "limit", QUEUE_PAGE);
	a->queue_asked_hidden = a->queue.hidden;
	if (a->queue.hidden) {
		json_add_bool(p, "hidden", true);
		json_add_str(p, "filter", "all"); /* closed ones too */
	}
	app_call(a, NULL, "queue.list", p, got_queue);
}

void app_read_queue(struct app *a)
{
	a->queue_again = a->queue_reading;
	if (a->queue_reading)
		return;
	a->queue_reading = true;
	ask_queue_page(a, 0);
}

static void got_status(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	(void)v;
	if (e)
		return;
	status_engine(&a->status, result, mw_now());
	for (int i = 0; i < a->depth; i++)
		if (a->stack[i]->ops->of_status)
			view_dirty(a->stack[i]);
}

void app_read_status(struct app *a)
{
	a->status_due = mw_mono_us() + STATUS_EVERY;
	app_call(a, NULL, "engine.status", NULL, got_status);
}

/* --- sessions ------------------------------------------------------------------------------------------------------------ */

static void dirty_session_views(struct app *a, const struct session *s)
{
	for (int i = 0; i < a->depth; i++)
		if (a->stack[i]->session == s)
			view_dirty(a->stack[i]);
}

static struct session *find_session(struct app *a, const char *name)
{
	for (size_t i = 0; i < a->nsessions; i++)
		if (!strcmp(a->sessions[i]->name, name))
			return a->sessions[i];
	return NULL;
}

/* Lines of a conversation point into its answers: those of turns that change must go first. */
static void drop_lines(struct app *a, const struct session *s, size_t turn)
{
	for (int i = 0; i < a->depth; i++)
		if (a->stack[i]->session == s && a->stack[i]->ops == &chat_ops)
			chat_forget(a->stack[i], turn);
}

static void remember_questions(const struct session *s)
{
	for (size_t i = 0; i < s->turns.n; i++)
		if (s->turns.v[i].question[0])
			input_remember(s->turns.v[i].question);
}

static void got_job(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	(void)v;
	if (!e) /* else the engine does not know it any more, and the turn says that no answer was kept */
		app_news(a, "job.progress", result);
	cJSON_Delete(result);
}

/* Of a turn without an answer only its job knows whether one is still to come. */
static void ask_jobs(struct app *a, const struct session *s)
{
	for (size_t i = 0; i < s->turns.n; i++) {
		const struct turn *t = &s->turns.v[i];
		cJSON *p;
		if (t->answer || !turn_job_id(t))
			continue;
		p = cJSON_CreateObject();
		json_add_i64(p, "job", turn_job_id(t));
		app_call(a, NULL, "job.get", p, got_job);
	}
}

static void got_session(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	struct session *s = result ? find_session(a, json_str(result, "session", "")) : NULL;

	(void)v;
	if (e && e->code != ERR_NOT_FOUND)
		app_say_err(a, e);
	if (!s) {
		cJSON_Delete(result);
		return;
	}
	if (!strcmp(s->name, "main") && a->opts->attach && !s->loaded && json_obj(result, "ui"))
		app_restore(a, json_obj(result, "ui"));
	drop_lines(a, s, 0);
	if (!s->loaded) {
		session_load(s, result);
		remember_questions(s);
	} else {
		session_load(s, result);
	}
	ask_jobs(a, s);
	dirty_session_views(a, s);
}

void app_reload(struct app *a, const char *name)
{
	app_call(a, NULL, "session.get", params_new("session", name), got_session);
}

static void ignore(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	(void)v;
	if (e && e->code != ERR_NOT_FOUND)
		app_say_err(a, e);
	cJSON_Delete(result);
}

struct session *app_session(struct app *a, const char *name)
{
	struct session *s;

	name = name && *name ? name : "main";
	s = find_session(a, name);
	if (s)
		return s;
	if (a->nsessions == SESSIONS_MAX) { /* the oldest that no screen shows */
		for (size_t i = 0; i < a->nsessions; i++) {
			bool used = false;
			for (int k = 0; k < a->depth; k++)
				used |= a->stack[k]->session == a->sessions[i];
			if (used)
				continue;
			session_release(a->sessions[i]);
			free(a->sessions[i]);
			a->sessions[i] = a->sessions[--a->nsessions];
			break;
		}
	}
	s = xcalloc(1, sizeof(*s));
	session_init(s, name);
	a->sessions[a->nsessions++] = s;
	app_call(a, NULL, "subscribe", params_new("session", name), ignore);
	app_reload(a, name);
	return s;
}

void app_cancel_job(struct app *a, int64_t job)
{
	cJSON *p = cJSON_CreateObject();

	json_add_i64(p, "job", job);
	app_call(a, NULL, "job.cancel", p, ignore);
}

static void got_asked(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	struct session *s = v->session;
	size_t i = 0;

	/* the oldest turn that still waits: the engine answers in order */
	while (i < s->turns.n && (s->turns.v[i].turn || s->turns.v[i].error.code))
		i++;
	drop_lines(a, s, i);
	session_asked(s, i, result, e);
	if (i < s->turns.n && s->turns.v[i].cancel && turn_job_id(&s->turns.v[i]))
		app_cancel_job(a, turn_job_id(&s->turns.v[i]));
	if (e)
		app_say_err(a, e);
	dirty_session_views(a, s);
}

void app_ask(struct app *a, struct view *v, const char *question)
{
	cJSON *p = cJSON_CreateObject();

	v->session = app_session(a, v->incident);
	json_add_str(p, "session", v->session->name);
	json_add_str(p, "question", question);
	if (v->incident[0])
		json_add_str(p, "incident", v->incident);
	session_ask(v->session, question, mw_now());
	v->pos.follow = true;
	dirty_session_views(a, v->session);
	app_call(a, v, "ask", p, got_asked);
}

bool app_write(struct app *a, struct view *v, const char *method, const char *title,
               const char *prompt)
{
	cJSON *p;

	if (!v->incident[0]) {
		app_say(a, R_WARN, "this is about an incident: open one first");
		return true;
	}
	p = params_new("incident", v->incident);
	open_chat(a, v->incident);
	v = app_top(a);
	json_add_str(p, "session", v->session->name);
	json_add_str(p, "question", title);
	if (prompt)
		json_add_str(p, "prompt", prompt);
	session_ask(v->session, title, mw_now());
	v->pos.follow = true;
	dirty_session_views(a, v->session);
	app_call(a, v, method, p, got_asked);
	app_focus(a, FOCUS_LIST);
	return true;
}

void app_run_item(struct app *a, const char *incident, const cJSON *item, const cJSON *entity)
{
	const char *recipe = json_str(item, "recipe", NULL),
	           *question = json_str(item, "question", NULL);
	const char *field = json_str(item, "field", json_str(entity, "field", NULL));
	const char *value = json_str(item, "value", json_str(entity, "value", NULL));
	cJSON *p;
	struct view *v;
	char *label = xstrdup(json_str(item, "label", recipe ? recipe : ""));
	char *words = question && *question ? xstrdup(question) : NULL;

	p = cJSON_CreateObject();
	json_add_str(p, "recipe", recipe ? recipe : "");
	if (field && *field)
		json_add_str(p, "field", field);
	if (value && *value)
		json_add_str(p, "value", value);
	open_chat(a, incident); /* item may go with the screen it came from */
	v = app_top(a);
	if (words) {
		app_ask(a, v, words);
		cJSON_Delete(p);
	} else {
		json_add_str(p, "session", v->session->name);
		if (v->incident[0])
			json_add_str(p, "incident", v->incident);
		session_ask(v->session, label, mw_now());
		v->pos.follow = true;
		dirty_session_views(a, v->session);
		app_call(a, v, "recipe.run", p, got_asked);
	}
	app_focus(a, FOCUS_LIST); /* it was a key of a list: the next one may be t or g */
	free(words);
	free(label);
}

/* --- news ---------------------------------------------------------------------------------------------------------------- */

static void job_news(struct app *a, const cJSON *params)
{
	const cJSON *job = json_obj(params, "job") ? json_obj(params, "job") : params;
	struct session *s = find_session(a, json_str(job, "session", ""));

	if (!s || session_turn_of(s, job) == SIZE_MAX)
		return;
	drop_lines(a, s, session_turn_of(s, job));
	session_job(s, job);
	dirty_session_views(a, s);
	chat_news(a, s);
}

/* Esc may have been pressed before the number of the job was known. */
static void part_news(struct app *a, const cJSON *params)
{
	struct session *s = find_session(a, json_str(params, "session", ""));
	size_t i = s ? session_part(s, params) : SIZE_MAX;

	if (i == SIZE_MAX)
		return;
	if (s->turns.v[i].cancel) {
		s->turns.v[i].cancel = false;
		app_cancel_job(a, turn_job_id(&s->turns.v[i]));
	}
	drop_lines(a, s, i);
	dirty_session_views(a, s);
}

static void session_news(struct app *a, const cJSON *params)
{
	const char *name = json_str(params, "session", "");
	const struct session *s = find_session(a, name);

	for (size_t i = 0; s && i < s->turns.n; i++)
		if (s->turns.v[i].turn == json_i64(params, "turn", -1))
			return; /* our own question */
	if (s && !session_running(s))
		app_reload(a, name);
}

void app_news(struct app *a, const char *method, const cJSON *params)
{
	if (!strcmp(method, "queue.changed")) {
		a->queue_due = mw_mono_us() + MW_SECOND / 5;
	} else if (!strcmp(method, "job.progress") || !strcmp(method, "job.done")) {
		job_news(a, params);
		a->status_due = mw_mono_us() + MW_SECOND / 2;
	} else if (!strcmp(method, "model.part")) {
		part_news(a, params);
	} else if (!strcmp(method, "model.switched")) {
		app_say(a, R_WARN, "the language models are %s",
		        json_bool(params, "on", false) ? "on"
		                                       : "off: everything else works as before");
		a->status_due = mw_mono_us();
	} else if (!strcmp(method, "session.changed")) {
		session_news(a, params);
	} else if (!strcmp(method, "watch.hit")) {
		app_say(a, R_NEW, "watch %lld: %s", (long long)json_i64(params, "watch", 0),
		        json_str(params, "text", ""));
		tty_bell(&a->tty);
	} else if (!strcmp(method, "engine.notice")) {
		app_say(a, R_WARN, "%s", json_str(params, "text", ""));
	} else if (!strcmp(method, "resync")) {
		app_link_up(a);
	}
	for (int i = 0; i < a->depth; i++)
		if (a->stack[i]->ops->news)
			a->stack[i]->ops->news(a, a->stack[i], method, params);
}

void app_link_up(struct app *a)
{
	app_call(a, NULL, "subscribe", NULL, ignore);
	for (size_t i = 0; i < a->nsessions; i++) {
		app_call(a, NULL, "subscribe", params_new("session", a->sessions[i]->name), ignore);
		app_reload(a, a->sessions[i]->name);
	}
	app_read_queue(a);
	app_read_status(a);
}

/* --- what the engine keeps of the screen ------------------------------------------------------------------------------------- */

void app_note_ui(struct app *a)
{
	if (!a->save_due)
		a->save_due = mw_mono_us() + MW_SECOND;
}

cJSON *app_ui_state(struct app *a)
{
	cJSON *ui = cJSON_CreateObject();
	struct view *v = app_top(a);
	const char *sel = v->pos.id;

	json_add_str(ui, "screen", v->ops->name);
	json_add_str(ui, "incident", v->incident);
	json_add_str(ui, "draft", input_text());
	json_add_str(ui, "selected", sel);
	json_add_i64(ui, "top", (int64_t)v->pos.top);
	json_add_bool(ui, "follow", v->pos.follow);
	json_add_str(ui, "queue_row", a->queue.list.id);
	json_add_str(ui, "filter", a->queue.filter);
	json_add_bool(ui, "local", clock_face.local);
	return ui;
}

static void restore_place(struct app *a, const cJSON *ui)
{
	struct view *v = app_top(a);

	v->pos.top = (size_t)json_i64(ui, "top", 0);
	v->pos.follow = json_bool(ui, "follow", v->pos.follow);
	v->pos.moved = true;
	snprintf(v->pos.id, sizeof(v->pos.id), "%s", json_str(ui, "selected", ""));
}

void app_restore(struct app *a, const cJSON *ui)
{
	const char *incident = json_str(ui, "incident", ""), *screen = json_str(ui, "screen", "");

	clock_face.local = json_bool(ui, "local", false);
	queue_set_filter(&a->queue, json_str(ui, "filter", ""));
	snprintf(a->queue.list.id, sizeof(a->queue.list.id), "%s", json_str(ui, "queue_row", ""));
	if (*incident && a->depth == 1) {
		open_card(a, incident);
		if (!strcmp(screen, chat_ops.name))
			open_chat(a, incident);
		else if (!strcmp(screen, timeline_ops.name))
			open_timeline(a, incident, 0);
		else if (!strcmp(screen, proposal_ops.name))
			open_proposal(a, incident);
	} else if (!strcmp(screen, chat_ops.name)) {
		open_chat(a, "");
	}
	if (!strcmp(app_top(a)->ops->name, screen))
		restore_place(a, ui);
	input_set(json_str(ui, "draft", ""));
	if (input_text()[0])
		app_focus(a, FOCUS_INPUT);
}
