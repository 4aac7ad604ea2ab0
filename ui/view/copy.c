/*
 * Out of the console: copies through the terminal (OSC 52: sent, never said to have arrived), files of the analyst (0600), a
 * plain view for selecting by hand.
 */
#include "view/app.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/escape.h"
#include "model/base64.h"
#include "widget/input.h"

#define COPY_MAX 100000 /* many terminals refuse more */

/* Keys and tokens do not go to a clipboard that other programs read. */
static bool looks_secret(struct slice s)
{
	static const char *const marks[] = {"-----BEGIN", "aws_secret_access_key",
	                                    "SecretAccessKey\"", "password=", "xoxb-"};

	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (memmem(s.s, s.n, marks[i], strlen(marks[i])))
			return true;
	return false;
}

void copy_out(struct app *a, const char *what, struct slice text)
{
	struct buf b = BUF_INIT;

	if (!text.n) {
		app_say(a, R_WARN, "there is no %s to copy here", what);
	} else if (looks_secret(text)) {
		app_say(a, R_WARN,
		        "not copied: it looks like a secret; x or the evidence view shows it");
	} else if (text.n > COPY_MAX) {
		app_say(a, R_WARN,
		        "%zu bytes are too much for a terminal's clipboard; x writes a file",
		        text.n);
	} else {
		buf_str(&b, "\033]52;c;");
		base64_encode(&b, text);
		buf_str(&b, "\033\\");
		tty_write(&a->tty, b.s, b.len);
		app_say(a, R_TEXT,
		        "%s sent to the terminal (%zu bytes); if it ignores OSC 52: y, plain view",
		        what, text.n);
	}
	buf_release(&b);
}

/* --- copy menu ------------------------------------------------------------------------------------------------------------------ */

enum { COPY_ROW, COPY_CITE, COPY_INPUT, COPY_ALL, COPY_PLAIN, COPY_CASE };

static void all_lines(const struct view *v, struct buf *b)
{
	const struct doc_line *l;

	vec_each (l, &v->doc.lines)
		buf_printf(b, "%s\n", l->text);
}

static void selected_row(struct app *a, struct view *v, struct buf *b)
{
	const struct doc_line *l = view_selected(v);
	const struct qrow *r = queue_selected(&a->queue);

	if (l)
		buf_str(b, l->text);
	else if (v->ops == &queue_ops && r)
		buf_printf(b, "%s %c %d %s", r->id, r->severity, r->score, r->title);
}

static void citation(struct view *v, struct buf *b)
{
	const struct doc_line *l = view_selected(v);

	if (v->ops == &evidence_ops)
		buf_printf(b, "[%s]", v->title);
	else if (l && l->ref && row_evidence(l->ref))
		say_ids(b, row_evidence(l->ref), 20);
}

static void copied(struct app *a, struct view *v, int id)
{
	struct buf b = BUF_INIT;
	static const char *const what[] = {"row",    "citation", "question",
	                                   "screen", "",         "incident id"};

	if (id == COPY_ROW)
		selected_row(a, v, &b);
	else if (id == COPY_CITE)
		citation(v, &b);
	else if (id == COPY_INPUT)
		buf_str(&b, v->session && session_last(v->session)
		                    ? session_last(v->session)->question
		                    : input_text());
	else if (id == COPY_CASE)
		buf_str(&b, v->incident);
	else
		all_lines(v, &b);
	if (id == COPY_PLAIN)
		open_text(a, "plain text", b.s);
	else
		copy_out(a, what[id], (struct slice){b.s, b.len});
	buf_release(&b);
}

void copy_menu(struct app *a, struct view *v)
{
	bool doc = v->doc.lines.n > 0;

	app_menu(a, v, "Copy", true, copied);
	menu_add(&a->menu, COPY_ROW, "this row", "", NULL);
	menu_add(&a->menu, COPY_CITE, "its citation", "", doc ? NULL : "no record here");
	menu_add(&a->menu, COPY_INPUT, "the question", "", NULL);
	menu_add(&a->menu, COPY_CASE, "the incident's id", "",
	         v->incident[0] ? NULL : "no incident is open");
	menu_add(&a->menu, COPY_ALL, "everything on this screen, from first to last line", "",
	         doc ? NULL : "nothing to copy");
	menu_add(&a->menu, COPY_PLAIN, "show it plain, for selecting with the mouse", "",
	         doc ? NULL : "nothing to show");
	menu_ready(&a->menu);
}

/* --- export ----------------------------------------------------------------------------------------------------------------------- */

static const char *const formats[] = {"markdown", "html", "csv", "json"};
static const char *const endings[] = {"md", "html", "csv", "json"};

struct export_job {
	int fd, format;
	char path[512];
	int64_t done;
	bool defang;
};

static void export_page(struct app *a, struct view *v);

static void export_end(struct app *a, struct view *v, const char *error)
{
	struct export_job *x = a->export;

	(void)v;
	if (close(x->fd) && !error)
		error = strerror(errno);
	if (error)
		app_say(a, R_BAD, "export to %s failed after %lld bytes: %s", x->path,
		        (long long)x->done, error);
	else
		app_say(a, R_GOOD, "written: %s (%lld bytes, only you can read it)", x->path,
		        (long long)x->done);
	free(x);
	a->export = NULL;
}

static void take_page(struct app *a, struct view *v, const cJSON *page)
{
	struct export_job *x = a->export;
	struct buf bytes = BUF_INIT;

	if (json_str(page, "text", NULL))
		buf_str(&bytes, json_str(page, "text", ""));
	else if (!base64_decode(&bytes, slice_of(json_str(page, "data", ""))))
		bytes.len = 0;
	if (bytes.len && write(x->fd, bytes.s, bytes.len) != (ssize_t)bytes.len) {
		export_end(a, v, strerror(errno));
	} else {
		x->done += (int64_t)bytes.len;
		if (bytes.len && x->done < json_i64(page, "total", 0))
			export_page(a, v);
		else
			export_end(a, v,
			           x->done < json_i64(page, "total", 0)
			                   ? "the engine sent less than it announced"
			                   : NULL);
	}
	buf_release(&bytes);
}

static void got_page(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	if (a->export && e)
		export_end(a, v, e->what);
	else if (a->export)
		take_page(a, v, result);
	cJSON_Delete(result);
}

static void export_page(struct app *a, struct view *v)
{
	struct export_job *x = a->export;
	cJSON *p = params_new("format", formats[x->format]);
	const struct turn *t = v->session ? session_last(v->session) : NULL;

	if (v->ops == &report_ops)
		json_add_i64(p, "doc", json_i64(v->data, "doc", 0));
	else if (v->ops == &timeline_ops && v->num[0])
		json_add_i64(p, "job", v->num[0]);
	else if (v->ops == &chat_ops && t && turn_job_id(t))
		json_add_i64(p, "job", turn_job_id(t));
	else
		json_add_str(p, "incident", v->incident);
	json_add_i64(p, "offset", x->done);
	app_call(a, v, "report.export", p, got_page);
}

static void path_given(struct app *a, struct view *v, const char *path)
{
	struct export_job *x;
	int fd;

	if (!*path)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		app_say(a, R_BAD, "cannot write %s: %s", path, strerror(errno));
		return;
	}
	if (a->export) {
		close(fd);
		app_say(a, R_WARN, "one export at a time: %s is still being written",
		        ((struct export_job *)a->export)->path);
		return;
	}
	x = xcalloc(1, sizeof(*x));
	*x = (struct export_job){.fd = fd, .format = (int)v->num[3]};
	snprintf(x->path, sizeof(x->path), "%s", path);
	a->export = x;
	export_page(a, v);
}

static void format_chosen(struct app *a, struct view *v, int id)
{
	char name[160], stamp[32];
	struct civil c;

	mw_time_civil(mw_now(), &c);
	snprintf(stamp, sizeof(stamp), "%04d%02d%02d-%02d%02d%02d", c.year % 10000, c.month % 100,
	         c.day % 100, c.hour % 100, c.minute % 100, c.second % 100);
	snprintf(name, sizeof(name), "%s-%s-%s.%s", v->incident[0] ? v->incident : "midwatch",
	         v->ops->name, stamp, endings[id]);
	v->num[3] = id;
	app_ask_line(a, v, "write to", name, path_given);
}

void export_menu(struct app *a, struct view *v)
{
	const struct turn *t = v->session ? session_last(v->session) : NULL;

	if (!v->incident[0] && v->ops != &report_ops && !(t && turn_job_id(t))) {
		app_say(a, R_WARN, "nothing to export yet: ask something, or open an incident");
		return;
	}
	app_menu(a, v, "Export as", true, format_chosen);
	menu_add(&a->menu, 0, "Markdown", "", NULL);
	menu_add(&a->menu, 1, "HTML, one file that loads nothing", "", NULL);
	menu_add(&a->menu, 2, "CSV of the rows", "", NULL);
	menu_add(&a->menu, 3, "JSON of the rows", "", NULL);
	menu_ready(&a->menu);
}
