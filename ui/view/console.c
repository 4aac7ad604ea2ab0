/*
 * The loop: one poll over the terminal, signals and the engine. Keys are drawn at once, news at most ten times a second, and
 * nothing is sent to the terminal while nothing changes.
 */
#include "view/console.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <unistd.h>

#include "model/link.h"
#include "view/app.h"
#include "widget/input.h"

#define FRAME_US (100 * 1000)
#define TICK_US (500 * 1000) /* seconds of a running question: twice a second is enough */
#define RESIZE_US (50 * 1000)

struct console {
	struct app app;
	struct link link;
	bool draw_now, draw_soon, resized;
	int64_t drawn_us, tick_due;
};

static void draw(struct console *c)
{
	struct app *a = &c->app;
	int h, w;

	if (tty_flush(&a->tty)) {
		a->quit = true;
		return;
	}
	if (a->tty.out.len) /* the line is slow: the next frame will have everything */
		return;
	if (c->resized || !a->screen.h) {
		tty_size(&a->tty, &h, &w);
		surface_resize(&a->screen, h, w);
		c->resized = false;
	}
	if (a->redraw) {
		painter_invalidate(&a->painter);
		a->redraw = false;
	}
	app_draw(a);
	painter_paint(&a->painter, &a->screen);
	tty_write(&a->tty, a->painter.out.s, a->painter.out.len);
	buf_reset(&a->painter.out);
	c->draw_now = c->draw_soon = false;
	c->drawn_us = mw_mono_us();
	if (tty_flush(&a->tty))
		a->quit = true;
}

/* --- the engine's side --------------------------------------------------------------------------------------------------------- */

static void on_up(void *ctx, const cJSON *hello)
{
	struct console *c = ctx;
	bool first = !c->app.status.user[0];

	status_hello(&c->app.status, hello);
	if (c->app.opts->readonly)
		c->app.status.readonly = true;
	c->app.message[0] = '\0';
	app_link_up(&c->app);
	if (first) {
		app_session(&c->app, "main");
		if (c->app.opts->incident)
			open_card(&c->app, c->app.opts->incident);
	} else {
		app_say(&c->app, R_GOOD, "the engine is back; everything was read again");
	}
	c->draw_soon = true;
}

static void on_down(void *ctx, const char *why)
{
	struct console *c = ctx;

	c->app.status.link = c->app.status.user[0] ? LINK_LOST : LINK_CONNECTING;
	snprintf(c->app.status.link_text, sizeof(c->app.status.link_text), "%s", why);
	c->app.queue_reading = false;
	c->draw_soon = true;
}

static void on_news(void *ctx, const char *method, const cJSON *params)
{
	struct console *c = ctx;

	app_news(&c->app, method, params);
	c->draw_soon = true;
}

static int connect_engine(void *self, cJSON **hello, struct err *e)
{
	struct console *c = self;

	return c->app.opts->connect(c->app.opts->ctx, hello, e);
}

static void nothing(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	(void)a;
	(void)v;
	(void)e;
	cJSON_Delete(result);
}

static void save_ui(struct app *a)
{
	cJSON *p = params_new("session", "main");

	cJSON_AddItemToObject(p, "ui", app_ui_state(a));
	app_call(a, NULL, "session.put", p, nothing);
}

/* --- time ------------------------------------------------------------------------------------------------------------------------ */

static void soonest(int64_t *best, int64_t due)
{
	if (due && (!*best || due < *best))
		*best = due;
}

/* The clock in the first row, and ages with it, change once a minute. */
static int64_t next_minute(void)
{
	int64_t left = MW_MINUTE - mw_now() % MW_MINUTE;
	return mw_mono_us() + left + MW_SECOND / 20;
}

static int wait_ms(struct console *c, int64_t minute)
{
	struct app *a = &c->app;
	int64_t best = minute, now = mw_mono_us();

	soonest(&best, a->status_due);
	soonest(&best, a->save_due);
	soonest(&best, a->queue_due);
	soonest(&best, c->tick_due);
	soonest(&best, link_due(&c->link));
	if (decoder_waiting(&a->tty.decoder))
		soonest(&best, a->esc_at + (int64_t)a->tty.esc_delay_ms * 1000);
	if (c->draw_soon && !a->tty.out.len)
		soonest(&best, c->drawn_us + FRAME_US);
	if (c->resized)
		soonest(&best, c->drawn_us + RESIZE_US);
	return best <= now ? 0 : (int)((best - now + 999) / 1000);
}

static void run_timers(struct console *c)
{
	struct app *a = &c->app;
	int64_t now = mw_mono_us();

	if (a->queue_due && now >= a->queue_due) {
		a->queue_due = 0;
		app_read_queue(a);
	}
	if (a->status_due && now >= a->status_due && c->link.up)
		app_read_status(a);
	if (c->tick_due && now >= c->tick_due) {
		c->tick_due = 0;
		c->draw_soon |= chat_tick(a);
	}
	if (!c->tick_due && app_top(a)->session && session_running(app_top(a)->session))
		c->tick_due = now + TICK_US;
	if (a->save_due && now >= a->save_due) {
		a->save_due = 0;
		if (c->link.up)
			save_ui(a);
	}
}

/* --- keys ------------------------------------------------------------------------------------------------------------------------- */

static void take_keys(struct console *c, bool expired)
{
	struct app *a = &c->app;
	struct key k;

	while (!a->quit && decoder_next(&a->tty.decoder, expired, &k)) {
		app_key(a, &k);
		c->draw_now = true;
	}
	a->esc_at = mw_mono_us();
}

static void take_signals(struct console *c)
{
	switch (tty_signal(&c->app.tty)) {
	case TTY_RESIZE:
		c->resized = true;
		c->draw_soon = true;
		break;
	case TTY_SUSPEND:
		tty_stop(&c->app.tty);
		c->app.redraw = c->resized = c->draw_now = true;
		break;
	case TTY_CHILD:
		import_ended(&c->app);
		c->draw_soon = true;
		break;
	case TTY_QUIT:
		c->app.quit = true;
		break;
	case TTY_NOTHING:
		break;
	}
}

static void turn(struct console *c, int64_t *minute)
{
	struct app *a = &c->app;
	struct pollfd p[3] = {
	        {.fd = a->tty.fd, .events = (short)(POLLIN | (a->tty.out.len ? POLLOUT : 0))},
	        {.fd = a->tty.sigfd, .events = POLLIN},
	        {.fd = link_fd(&c->link),
	         .events = (short)(POLLIN | (link_wants_write(&c->link) ? POLLOUT : 0))}};
	int64_t now;

	if (poll(p, 3, wait_ms(c, *minute)) < 0 && errno != EINTR)
		a->quit = true;
	if (p[1].revents)
		take_signals(c);
	if ((p[0].revents & POLLIN) && tty_read(&a->tty))
		a->quit = true;
	if ((p[0].revents & (POLLHUP | POLLERR)) && !(p[0].revents & POLLIN))
		a->quit = true;
	if ((p[0].revents & POLLOUT) && tty_flush(&a->tty))
		a->quit = true;
	now = mw_mono_us();
	take_keys(c, !(p[0].revents & POLLIN) &&
	                     now >= a->esc_at + (int64_t)a->tty.esc_delay_ms * 1000);
	if (p[2].revents) {
		link_ready(&c->link);
		c->draw_soon = true;
	}
	link_try(&c->link);
	run_timers(c);
	if (link_wants_write(&c->link))
		link_ready(&c->link);
	if (now >= *minute) {
		*minute = next_minute();
		c->draw_soon = true;
	}
	now = mw_mono_us();
	if (c->draw_now ||
	    (c->draw_soon && now >= c->drawn_us + (c->resized ? RESIZE_US : FRAME_US)))
		draw(c);
}

/* --- completion ---------------------------------------------------------------------------------------------------------------------- */

static void complete_from(const cJSON *list, const char *word, void (*add)(const char *word))
{
	const cJSON *e;

	cJSON_ArrayForEach(e, list)
	{
		const char *eq = cJSON_IsString(e) ? strchr(e->valuestring, '=') : NULL;
		if (eq && !strncasecmp(eq + 1, word, strlen(word)))
			add(eq + 1);
	}
}

/* Values of the open case, incident ids: what is tedious to type and is on the screen. */
static void complete(void *ctx, const char *line, const char *word, void (*add)(const char *word))
{
	struct app *a = ctx;
	size_t n = strlen(word);

	(void)line;
	if (!n)
		return;
	for (int i = 0; i < a->depth; i++)
		complete_from(json_arr(a->stack[i]->data, "entities"), word, add);
	for (size_t i = 0; i < a->queue.rows.n && n >= 3; i++)
		if (!strncasecmp(a->queue.rows.v[i].id, word, n))
			add(a->queue.rows.v[i].id);
}

/* --- start and end --------------------------------------------------------------------------------------------------------------------- */

static bool utf8_locale(void)
{
	const char *l = setlocale(LC_CTYPE, "");
	const char *v = getenv("LC_ALL");

	v = v && *v ? v : getenv("LC_CTYPE");
	v = v && *v ? v : getenv("LANG");
	return l && v && (strcasestr(v, "utf-8") || strcasestr(v, "utf8"));
}

static char *read_keymap(const char *path, struct err *e)
{
	struct buf b = BUF_INIT;
	FILE *f = fopen(path, "re");
	size_t n = 1;

	if (!f) {
		err_errno(e, "cannot read the keymap %s", path);
		return NULL;
	}
	while (n && b.len < 65536) {
		char *at = buf_room(&b, 4096);
		n = fread(at, 1, 4096, f);
		b.len += n;
	}
	fclose(f);
	buf_ch(&b, '\0');
	return buf_take(&b, NULL);
}

static int load_keys(struct app *a, struct err *e)
{
	char *text;
	int rc;

	keymap_default(&a->keymap);
	if (!a->opts->keymap_file)
		return 0;
	text = read_keymap(a->opts->keymap_file, e);
	if (!text)
		return -1;
	rc = keymap_load(&a->keymap, slice_of(text), a->opts->keymap_file, e);
	free(text);
	return rc;
}

static void pick_theme(struct app *a)
{
	const char *fgbg = getenv("COLORFGBG"), *bg = fgbg ? strrchr(fgbg, ';') : NULL;

	a->theme = a->opts->theme;
	a->theme_chosen = a->theme != THEME_COUNT;
	if (!a->theme_chosen)
		a->theme =
		        bg && (!strcmp(bg, ";7") || !strcmp(bg, ";15")) ? THEME_LIGHT : THEME_DARK;
	if (!a->tty.caps.colours) {
		a->theme = THEME_MONO;
		a->theme_chosen = true;
	}
}

static int start(struct console *c, struct err *e)
{
	struct app *a = &c->app;

	if (load_keys(a, e) || tty_open(&a->tty, a->opts->colour, e))
		return -1;
	painter_init(&a->painter, &a->tty.caps);
	surface_init(&a->screen, 0, 0);
	a->screen.ascii = a->opts->ascii || !utf8_locale();
	a->bell = a->opts->bell;
	clock_face.local = a->opts->local_zone;
	pick_theme(a);
	if (a->opts->mouse)
		tty_set_mouse(&a->tty, true);
	queue_init(&a->queue);
	snprintf(a->status.link_text, sizeof(a->status.link_text), "the engine is starting");
	input_open(complete, a);
	link_init(&c->link);
	c->link.readonly = a->opts->readonly;
	c->link.connect = connect_engine;
	c->link.self = c->link.ctx = c;
	c->link.on_up = on_up;
	c->link.on_down = on_down;
	c->link.on_news = on_news;
	a->port = c->link.port;
	app_push(a, &queue_ops, "");
	return 0;
}

/* The last words: what is typed but not sent must be there after attach. One moment at most. */
static void last_save(struct console *c)
{
	struct pollfd p = {.fd = link_fd(&c->link), .events = POLLOUT};

	if (!c->link.up)
		return;
	save_ui(&c->app);
	for (int i = 0; i < 5 && link_wants_write(&c->link) && poll(&p, 1, 100) > 0; i++)
		link_ready(&c->link);
}

static void stop(struct console *c)
{
	struct app *a = &c->app;

	tty_close(&a->tty);
	last_save(c);
	link_release(&c->link);
	menu_close(&a->menu);
	while (a->depth > 1)
		app_pop(a);
	if (a->depth)
		doc_release(&a->stack[0]->doc);
	free(a->depth ? a->stack[0] : NULL);
	for (size_t i = 0; i < a->nsessions; i++) {
		session_release(a->sessions[i]);
		free(a->sessions[i]);
	}
	queue_release(&a->queue);
	status_release(&a->status);
	field_release(&a->ask.field);
	surface_release(&a->screen);
	painter_release(&a->painter);
	input_close();
}

int console_run(const struct console_opts *o)
{
	struct console *c = xcalloc(1, sizeof(*c));
	struct err e;
	int64_t minute = next_minute();

	c->app.opts = o;
	c->drawn_us = -FRAME_US;
	if (start(c, &e)) {
		tty_close(&c->app.tty);
		fprintf(stderr, "midwatch: %s\n", e.what);
		free(c);
		return 2;
	}
	draw(c);
	while (!c->app.quit)
		turn(c, &minute);
	stop(c);
	free(c);
	return 0;
}
