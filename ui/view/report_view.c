/*
 * A draft: incident report or shift handoff. Citations open; $EDITOR edits; every version is kept by the engine.
 */
#include "view/app.h"

#include <ctype.h>
#include <unistd.h>

struct cites { /* JSON stubs {evidence:[ids]} for lines with citations */
	cJSON *all;
};

static struct cites *own(const struct view *v)
{
	return v->own;
}

/* The ids in [..] of a line as an object that row_evidence understands. */
static const cJSON *citations(struct cites *c, struct slice line)
{
	cJSON *o = NULL, *ids = NULL;

	for (size_t i = 0; i + 2 < line.n; i++) {
		char wire[32];
		if (line.s[i] != '[' ||
		    !wire_id((struct slice){line.s + i + 1, line.n - i - 1}, wire))
			continue;
		if (!o) {
			o = cJSON_CreateObject();
			ids = json_add_arr(o, "evidence");
			cJSON_AddItemToArray(c->all, o);
		}
		cJSON_AddItemToArray(ids, cJSON_CreateString(wire));
	}
	return o;
}

/* Markdown's own backslashes are for its readers: v shows them. */
static void unescaped(struct buf *b, struct slice line)
{
	buf_reset(b);
	for (size_t i = 0; i < line.n; i++)
		if (line.s[i] != '\\' || i + 1 == line.n || !ispunct((unsigned char)line.s[i + 1]))
			buf_ch(b, line.s[i]);
		else
			buf_ch(b, line.s[++i]);
}

static void report_build(struct app *a, struct view *v)
{
	struct slice rest = slice_of(json_str(v->data, "markdown", "")), line;
	struct buf text = BUF_INIT;

	(void)a;
	if (!v->data) {
		doc_printf(&v->doc, R_TEXT, v->loading ? "drafting.." : "no draft");
		return;
	}
	cJSON_Delete(own(v)->all);
	own(v)->all = cJSON_CreateArray();
	while (slice_split(&rest, '\n', &line)) {
		size_t from;
		const cJSON *ref;
		unescaped(&text, line);
		ref = citations(own(v), (struct slice){text.s, text.len});
		from = doc_wrap(&v->doc, line.n && line.s[0] == '#' ? R_HEAD : R_TEXT, "", 0,
		                (struct slice){text.s, text.len});
		if (ref)
			doc_mean(&v->doc, from, NULL, ref, 0);
	}
	buf_release(&text);
}

static void report_crumb(struct app *a, struct view *v, struct buf *b)
{
	size_t last = v->pos.top + (size_t)v->pos.rows;

	(void)a;
	if (v->data)
		buf_printf(b, "draft %lld   line %zu-%zu of %zu",
		           (long long)json_i64(v->data, "version", 1), v->pos.top + 1,
		           last < v->doc.lines.n ? last : v->doc.lines.n, v->doc.lines.n);
}

static void saved(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	cJSON *p;

	if (e) {
		app_say_err(a, e);
		return;
	}
	p = cJSON_CreateObject();
	json_add_i64(p, "doc", json_i64(v->data, "doc", 0));
	cJSON_Delete(result);
	app_say(a, R_GOOD, "kept as a new version");
	app_load(a, v, "report.get", p, NULL);
}

static char *slurp(const char *path)
{
	struct buf b = BUF_INIT;
	FILE *f = fopen(path, "re");
	size_t n = 1;

	while (f && n && b.len < MW_LINE_MAX / 2) {
		char *at = buf_room(&b, 8192);
		n = fread(at, 1, 8192, f);
		b.len += n;
	}
	if (f)
		fclose(f);
	buf_ch(&b, '\0');
	return buf_take(&b, NULL);
}

static void edit(struct app *a, struct view *v)
{
	const char *dir = getenv("XDG_RUNTIME_DIR"),
	           *prog = getenv("VISUAL") ? getenv("VISUAL") : getenv("EDITOR");
	const char *text = json_str(v->data, "markdown", "");
	char path[256], *argv[3] = {xstrdup(prog ? prog : "vi"), path, NULL}, *after;
	struct err e;
	int fd;

	snprintf(path, sizeof(path), "%s/midwatch-draft-XXXXXX.md", dir ? dir : "/tmp");
	fd = mkstemps(path, 3);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		app_say(a, R_BAD, "cannot write a file to edit in %s", dir ? dir : "/tmp");
	} else if (tty_run(&a->tty, argv, &e)) {
		app_say_err(a, &e);
	} else {
		cJSON *p = cJSON_CreateObject();
		after = slurp(path);
		json_add_i64(p, "doc", json_i64(v->data, "doc", 0));
		json_add_str(p, "markdown", after);
		app_call(a, v, "report.save", p, saved);
		free(after);
	}
	if (fd >= 0) {
		close(fd);
		unlink(path);
	}
	a->redraw = true;
	free(argv[0]);
}

static void signed_reply(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	(void)v;
	if (e)
		app_say_err(a, e);
	else
		app_say(a, R_GOOD,
		        "signed; ownership moves item by item as the next shift accepts");
	cJSON_Delete(result);
}

static void sign_given(struct app *a, struct view *v, const char *text)
{
	cJSON *p;

	if (strcasecmp(text, "sign") != 0) {
		app_say(a, R_TEXT, "not signed");
		return;
	}
	p = cJSON_CreateObject();
	json_add_i64(p, "doc", json_i64(v->data, "doc", 0));
	app_call(a, v, "handoff.sign", p, signed_reply);
}

static void accept_given(struct app *a, struct view *v, const char *text)
{
	cJSON *p;

	if (!*text)
		return;
	p = cJSON_CreateObject();
	json_add_i64(p, "doc", json_i64(v->data, "doc", 0));
	json_add_str(p, "item", text);
	app_do(a, "handoff.accept", p, NULL, "accepted: %s is yours", text);
}

static bool is_handoff(const struct view *v)
{
	return !strcmp(json_str(v->data, "kind", ""), "handoff");
}

static bool report_act(struct app *a, struct view *v, enum action act)
{
	switch (act) {
	case ACT_EDIT:
		edit(a, v);
		return true;
	case ACT_SENT:
		open_text(a, "as the reader gets it", json_str(v->data, "markdown", ""));
		return true;
	case ACT_SIGN:
	case ACT_ACCEPT:
		if (!is_handoff(v))
			app_say(a, R_WARN, "only a handoff is signed and accepted");
		else if (act == ACT_SIGN)
			app_ask_line(a, v, "type sign to sign and hand over", "", sign_given);
		else
			app_ask_line(a, v, "accept which item (INC-..)", "", accept_given);
		return true;
	default:
		return false;
	}
}

static bool report_can(struct app *a, struct view *v, enum action act)
{
	(void)a;
	return act == ACT_SIGN || act == ACT_ACCEPT ? is_handoff(v) : true;
}

static void report_closed(struct app *a, struct view *v)
{
	(void)a;
	cJSON_Delete(own(v)->all);
	free(own(v));
}

const struct view_ops report_ops = {.name = "report",
                                    .context = CX_REPORT,
                                    .build = report_build,
                                    .crumb = report_crumb,
                                    .act = report_act,
                                    .can = report_can,
                                    .closed = report_closed};

void open_report(struct app *a, const char *kind, const char *incident)
{
	struct view *v = app_push(a, &report_ops, incident);
	cJSON *p = params_new("kind", kind);

	v->own = xcalloc(1, sizeof(struct cites));
	snprintf(v->title, sizeof(v->title), "%s", kind);
	if (v->incident[0])
		json_add_str(p, "incident", v->incident);
	app_load(a, v, "report.draft", p, NULL);
}
