/*
 * What the screens of the console share: the stack of views, the focus, the one line of questions, the menu, the message row,
 * and calls to the engine that come back to the view that made them (or to nobody, when it was left). Internal to ui/view.
 */
#ifndef MW_UI_APP_H
#define MW_UI_APP_H

#include "keys/keys.h"
#include "model/port.h"
#include "model/queue.h"
#include "model/say.h"
#include "model/session.h"
#include "model/status.h"
#include "term/paint.h"
#include "term/tty.h"
#include "view/console.h"
#include "widget/doc.h"
#include "widget/field.h"
#include "widget/menu.h"

#define STACK_MAX 24
#define SPLIT_COLUMNS 100 /* from here on the queue stays on the left */
#define QUEUE_PANE 42
#define SESSIONS_MAX 64

struct app;
struct view;
enum focus { FOCUS_LIST, FOCUS_INPUT, FOCUS_QUEUE };

struct view_ops {
	const char *name; /* for the breadcrumb and the saved screen */
	unsigned context; /* of the action table */
	/* Fills v->doc for v->doc.width; called when v->dirty or the width changed. Not needed where draw is given. */
	void (*build)(struct app *a, struct view *v);
	/* Draws instead of the document. */
	void (*draw)(struct app *a, struct view *v, struct rect r, bool focus);
	/* Right of the breadcrumb's names: counts, filter, sort. */
	void (*crumb)(struct app *a, struct view *v, struct buf *b);
	/* Row 23 when there is no newer message. */
	void (*message)(struct app *a, struct view *v, struct buf *b);
	/* True when it did it; else the common meaning of the action applies. */
	bool (*act)(struct app *a, struct view *v, enum action act);
	bool (*digit)(struct app *a, struct view *v, int n);
	bool (*key)(struct app *a, struct view *v,
	            const struct key *k); /* sees keys before the table: forms */
	/* Whether the action makes sense now; NULL: always. Keeps the hints row honest. */
	bool (*can)(struct app *a, struct view *v, enum action act);
	void (*news)(struct app *a, struct view *v, const char *method, const cJSON *params);
	void (*closed)(struct app *a, struct view *v);
	bool of_status; /* built of the engine's status: anew with each */
	bool keeps;     /* build goes on after the lines that still hold (chat_forget) */
	bool input;     /* the cursor rests in the input line */
	bool no_input;  /* no chat line at all */
};
struct view {
	const struct view_ops *ops;
	unsigned serial; /* names it for answers that come late */
	struct doc doc;
	struct doc_pos pos;
	bool dirty, loading;
	enum focus focus;  /* where it was when another view came over it */
	struct err error;  /* what went wrong with its data */
	cJSON *data;       /* its answer from the engine */
	char incident[24]; /* "" : none */
	char title[96];
	struct buf find;         /* words being searched or filtered */
	int64_t num[4];          /* the view's own numbers */
	char *text;              /* the view's own text */
	struct session *session; /* borrowed from the app */
	void *own;               /* the view's own; `closed` frees it */
};

struct ask_line { /* a question on the input row: filter, note, reason, file name */
	bool open;
	char label[64];
	struct field field;
	void (*changed)(struct app *a, struct view *v,
	                const char *text);                             /* each key; may be NULL */
	void (*done)(struct app *a, struct view *v, const char *text); /* Enter */
	void (*cancelled)(struct app *a, struct view *v);              /* Esc; may be NULL */
	unsigned serial;
};
struct app {
	struct tty tty;
	struct painter painter;
	struct surface screen;
	enum theme_id theme;
	bool theme_chosen, quit, bell, redraw;
	const struct console_opts *opts;
	struct keymap keymap;
	struct port port;
	struct status status;
	struct queue queue;
	struct view *stack[STACK_MAX];
	int depth;
	unsigned serials;
	enum focus focus;
	struct session *sessions[SESSIONS_MAX];
	size_t nsessions;
	struct menu menu;
	void (*menu_done)(struct app *a, struct view *v, int id);
	unsigned menu_serial;
	struct ask_line ask;
	char message[400];
	enum role message_role;
	mw_time message_at;
	int64_t esc_at; /* mw_mono_us of the last byte of an unfinished sequence */
	bool queue_reading, queue_again, ui_changed;
	bool queue_own;          /* the analyst's own step: rows that go by it do not wait for r */
	bool queue_asked_hidden; /* which of the two lists the reading that runs is of */
	int64_t status_due, save_due, queue_due; /* mw_mono_us, 0: not planned */
	void *pivot;                             /* values of the open pivot menu (pivot.c) */
	int import_pid, import_out;              /* the import that runs, 0: none (import.c) */
	void *export;                            /* the file that is being written (copy.c) */
	char wanted_id[64]; /* what to select when the restored view has its data */
};

/* --- views (app.c) --- */
struct view *app_top(struct app *a);
struct view *
app_active(struct app *a); /* the one that keys go to: the top, or the queue beside it */
struct view *app_view(struct app *a, unsigned serial); /* NULL: it was left */
struct view *app_push(struct app *a, const struct view_ops *ops, const char *incident);
void app_pop(struct app *a);
void app_focus(struct app *a, enum focus f);
bool app_split(const struct app *a);
const struct theme *app_theme(const struct app *a);
void view_dirty(struct view *v);
void app_say(struct app *a, enum role role, const char *fmt, ...) MW_PRINTF(3, 4);
void app_say_err(struct app *a, const struct err *e);
const struct doc_line *view_selected(const struct view *v);

/* --- the engine (app_call.c) --- */
/* v may be NULL: then fn always runs, with v NULL. fn owns result. */
typedef void (*app_reply_fn)(struct app *a, struct view *v, cJSON *result, const struct err *e);
void app_call(struct app *a, struct view *v, const char *method, cJSON *params, app_reply_fn fn);
/* Calls for a deed: the words are said once the engine has done it, else why it has not; then `then`, which may be NULL. */
void app_do(struct app *a, const char *method, cJSON *params,
            void (*then)(struct app *a, bool done), const char *fmt, ...) MW_PRINTF(5, 6);
/* Loads v->data: replaces it on success, keeps it and sets v->error on failure. `then` may be NULL. */
void app_load(struct app *a, struct view *v, const char *method, cJSON *params,
              void (*then)(struct app *a, struct view *v));
cJSON *params_new(const char *key, const char *value); /* {"key":"value"} */
void app_news(struct app *a, const char *method, const cJSON *params);
void app_link_up(struct app *a);
void app_read_queue(struct app *a);
void app_read_status(struct app *a);
struct session *app_session(struct app *a, const char *name);
void app_cancel_job(struct app *a, int64_t job);
void app_reload(struct app *a, const char *session); /* reads a session again */
void app_ask(struct app *a, struct view *v,
             const char *question); /* in v's session, or the main one */
/* Has a model (or a template) write about v's incident, as a turn of its conversation. prompt may be NULL. */
bool app_write(struct app *a, struct view *v, const char *method, const char *title,
               const char *prompt);
/* Runs what a menu offers: its question, or its recipe on its value (or on the entity's). */
void app_run_item(struct app *a, const char *incident, const cJSON *item, const cJSON *entity);
void app_note_ui(struct app *a); /* the screen changed in a way worth keeping */
cJSON *app_ui_state(struct app *a);
void app_restore(struct app *a, const cJSON *ui);

/* --- the line and the menu (act.c): done gets v, unless it was left --- */
void app_ask_line(struct app *a, const struct view *v, const char *label, const char *text,
                  void (*done)(struct app *a, struct view *v, const char *text));
void app_menu(struct app *a, const struct view *v, const char *title, bool digits,
              void (*done)(struct app *a, struct view *v, int id));

/* --- common actions (act.c, pivot.c, copy.c) --- */
void app_action(struct app *a, enum action act);
void app_key(struct app *a, const struct key *k);
bool action_allowed(struct app *a, enum action act, const char **why);
void open_evidence(struct app *a, const char *wire);
void open_evidence_of(struct app *a, const struct doc_line *l);
void pivot_line(struct app *a, struct view *v, const struct doc_line *l);
void pivot_value(struct app *a, const char *field, const char *value);
void copy_menu(struct app *a, struct view *v);
void copy_out(struct app *a, const char *what, struct slice text);
void export_menu(struct app *a, struct view *v);
void open_palette(struct app *a);
void open_help(struct app *a);
const char *view_incident(const struct app *a, const struct view *v); /* "" : none */

/* --- web.c: the vendor's page of a record, or of the first record of a row or sentence --- */
void open_web(struct app *a, struct view *v, const char *wire);
void open_web_of(struct app *a, struct view *v, const cJSON *thing);

/* --- import.c --- */
void ask_import(struct app *a);
void import_ended(struct app *a); /* a child ended: was it that one? */

/* --- the frame (frame.c) --- */
/* Builds v's document for a window, when something changed. */
void view_prepare(struct app *a, struct view *v, int width, int rows);
void app_draw(struct app *a);

/* --- the screens --- */
extern const struct view_ops queue_ops, card_ops, chat_ops, plan_ops, timeline_ops, evidence_ops,
        graph_ops, cover_ops, proposal_ops, approval_ops, report_ops, jobs_ops, help_ops, text_ops,
        storm_ops, bulk_ops, sources_ops;
void open_card(struct app *a, const char *incident);
void open_chat(struct app *a, const char *incident);
/* Turns from `turn` on have changed or go: their lines must not be used any more. */
void chat_forget(struct view *v, size_t turn);
bool chat_tick(struct app *a); /* true while the seconds of a running question are on the screen */
void chat_news(struct app *a, const struct session *s); /* after a job of its session moved */
void open_timeline(struct app *a, const char *incident, int64_t job);
void open_plan(struct app *a, struct view *from, int64_t job, const cJSON *plan, int step);
void open_graph(struct app *a, const char *incident, int64_t job, int64_t step);
/* Asks for it and draws the answer when it is there. recipe: "exposure", "blast-radius"; node NULL: what the incident's card offers. */
void ask_graph(struct app *a, struct view *v, const char *recipe, const char *node);
void open_cover(struct app *a);
void open_proposal(struct app *a, const char *incident);
void open_approval(struct app *a, const char *action);
void open_report(struct app *a, const char *kind, const char *incident);
void open_jobs(struct app *a);
void open_sources(struct app *a);
void open_metrics(struct app *a);
void open_text(struct app *a, const char *title, const char *text);
/* Takes the parameters of bulk.review over. */
void open_bulk_close(struct app *a, cJSON *params);
const char *
finding_key(const cJSON *f); /* of a card's findings: a key, or an object that has one */
void open_storm(struct app *a, int burst);
void queue_more(struct app *a, struct view *v);
void close_incident(struct app *a, struct view *v);

#endif
