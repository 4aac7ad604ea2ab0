/*
 * One step of a plan as it is sent, in each language, and the plan itself for editing. What is sent is the engine's text,
 * never ours; an edit is a JSON plan that the engine checks before it runs.
 */
#include "view/app.h"

#include <unistd.h>

#include "widget/text.h"

enum { N_JOB, N_STEP, N_LANGUAGE };
static const char *const languages[] = {"as run", "SPL", "KQL", "AQL", "SQL", "DSL"};
static const char *const language_keys[] = {NULL, "spl", "kql", "aql", "sql", "dsl"};

struct plan_state {
	cJSON *plan;
	char *back; /* text of the last edit that was refused */
};

static struct plan_state *own(const struct view *v)
{
	return v->own;
}

static cJSON *text_params(const struct view *v)
{
	cJSON *p = cJSON_CreateObject();

	cJSON_AddItemToObject(p, "plan", cJSON_Duplicate(own(v)->plan, true));
	json_add_i64(p, "step", v->num[N_STEP]);
	if (language_keys[v->num[N_LANGUAGE]])
		json_add_str(p, "language", language_keys[v->num[N_LANGUAGE]]);
	return p;
}

static void load(struct app *a, struct view *v)
{
	app_load(a, v, "plan.text", text_params(v), NULL);
}

static void add_facts(struct view *v)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, v->data)
	{
		struct buf b = BUF_INIT;
		char head[32];
		if (!strcmp(m->string, "text") || !strcmp(m->string, "sent") || cJSON_IsObject(m))
			continue;
		snprintf(head, sizeof(head), " %-10.10s ", m->string);
		say_value(&b, m);
		doc_wrap(&v->doc, R_TEXT, head, 12, (struct slice){b.s, b.len});
		buf_release(&b);
	}
}

static void add_plan_json(struct view *v)
{
	char *json = cJSON_Print(own(v)->plan);
	struct slice rest = slice_of(json), line;

	doc_add(&v->doc, R_TEXT, SLICE(""));
	doc_printf(&v->doc, R_HEAD, " The plan as data (e edits it):");
	while (slice_split(&rest, '\n', &line)) {
		struct buf b = BUF_INIT;
		for (size_t i = 0; i < line.n; i++)
			buf_str(&b, line.s[i] == '\t' ? "  " : (char[]){line.s[i], '\0'});
		doc_wrap(&v->doc, R_TEXT, " ", 1, (struct slice){b.s, b.len});
		buf_release(&b);
	}
	free(json);
}

static void plan_build(struct app *a, struct view *v)
{
	const char *text = json_str(v->data, "text", json_str(v->data, "sent", NULL));
	struct slice rest = slice_of(text), line;

	(void)a;
	if (v->loading && !v->data)
		doc_printf(&v->doc, R_TEXT, "asking for the text..");
	add_facts(v);
	doc_add(&v->doc, R_TEXT, SLICE(""));
	while (text && slice_split(&rest, '\n', &line))
		doc_wrap(&v->doc, R_HEAD, " ", 1, line);
	add_plan_json(v);
}

static void plan_crumb(struct app *a, struct view *v, struct buf *b)
{
	(void)a;
	buf_printf(b, "step %lld of %d  ", (long long)v->num[N_STEP] + 1,
	           cJSON_GetArraySize(json_arr(own(v)->plan, "steps")));
	for (size_t i = 0; i < ARRAY_LEN(languages); i++)
		buf_printf(b, " %s%zu %s%s", (size_t)v->num[N_LANGUAGE] == i ? "<" : "", i + 1,
		           languages[i], (size_t)v->num[N_LANGUAGE] == i ? ">" : "");
}

static bool plan_digit(struct app *a, struct view *v, int n)
{
	if ((size_t)n > ARRAY_LEN(languages))
		return false;
	v->num[N_LANGUAGE] = n - 1;
	load(a, v);
	return true;
}

/* --- editing -------------------------------------------------------------------------------------------------------------------- */

static void ran(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	char incident[24];

	if (e) {
		app_say(a, R_BAD, "%s  (e edits it again)", e->what);
		return;
	}
	snprintf(incident, sizeof(incident), "%s", v->incident);
	cJSON_Delete(result);
	free(own(v)->back);
	own(v)->back = NULL;
	app_reload(a, v->session->name);
	open_chat(a, incident);
}

static bool write_file(int fd, const char *text)
{
	size_t n = strlen(text);
	bool ok = write(fd, text, n) == (ssize_t)n;

	return !close(fd) && ok;
}

static char *read_file(const char *path)
{
	struct buf b = BUF_INIT;
	FILE *f = fopen(path, "re");
	size_t n = 1;

	while (f && n && b.len <= MW_PLAN_JSON_MAX) {
		char *at = buf_room(&b, 4096);
		n = fread(at, 1, 4096, f);
		b.len += n;
	}
	if (f)
		fclose(f);
	return buf_take(&b, NULL);
}

static void run_edited(struct app *a, struct view *v, char *text)
{
	struct err e;
	cJSON *plan = json_parse(slice_of(text), MW_PLAN_JSON_MAX, &e), *p;
	const struct turn *t = v->session ? session_last(v->session) : NULL;

	free(own(v)->back);
	own(v)->back = text;
	if (!plan) {
		app_say(a, R_BAD, "not run, the edit is no JSON: %s  (e edits it again)", e.what);
		return;
	}
	p = params_new("session", v->session->name);
	cJSON_AddItemToObject(p, "plan", plan);
	if (v->incident[0])
		json_add_str(p, "incident", v->incident);
	if (t)
		json_add_str(p, "question", t->question);
	app_call(a, v, "plan.run", p, ran);
}

static void edit(struct app *a, struct view *v)
{
	const char *dir = getenv("XDG_RUNTIME_DIR"),
	           *prog = getenv("VISUAL") ? getenv("VISUAL") : getenv("EDITOR");
	char *text = own(v)->back ? xstrdup(own(v)->back) : cJSON_Print(own(v)->plan), path[256];
	char *argv[3] = {xstrdup(prog ? prog : "vi"), path, NULL};
	struct err e;
	int fd;

	snprintf(path, sizeof(path), "%s/midwatch-plan-XXXXXX.json", dir ? dir : "/tmp");
	fd = mkstemps(path, 5);
	if (fd < 0 || !write_file(fd, text))
		app_say(a, R_BAD, "cannot write a file to edit in %s", dir ? dir : "/tmp");
	else if (tty_run(&a->tty, argv, &e))
		app_say_err(a, &e);
	else
		run_edited(a, v, read_file(path));
	if (fd >= 0)
		unlink(path);
	a->redraw = true;
	free(argv[0]);
	free(text);
}

static bool plan_act(struct app *a, struct view *v, enum action act)
{
	const char *text = json_str(v->data, "text", json_str(v->data, "sent", ""));

	switch (act) {
	case ACT_EDIT:
		edit(a, v);
		return true;
	case ACT_SENT:
		v->num[N_STEP] =
		        (v->num[N_STEP] + 1) % cJSON_GetArraySize(json_arr(own(v)->plan, "steps"));
		load(a, v);
		return true;
	case ACT_COPY:
		if (!*text)
			return false;
		copy_out(a, "query", slice_of(text));
		return true;
	default:
		return false;
	}
}

static void plan_closed(struct app *a, struct view *v)
{
	(void)a;
	cJSON_Delete(own(v)->plan);
	free(own(v)->back);
	free(own(v));
}

static void plan_message(struct app *a, struct view *v, struct buf *b)
{
	(void)a;
	(void)v;
	buf_str(b, "This is what is sent, letter for letter. v next step, digits other language, y "
	           "copies, e edits the plan");
}

const struct view_ops plan_ops = {.name = "plan",
                                  .context = CX_PLAN,
                                  .build = plan_build,
                                  .crumb = plan_crumb,
                                  .digit = plan_digit,
                                  .act = plan_act,
                                  .closed = plan_closed,
                                  .message = plan_message};

void open_plan(struct app *a, struct view *from, int64_t job, const cJSON *plan, int step)
{
	struct plan_state *s;
	struct view *v;

	if (!plan) {
		app_say(a, R_WARN, "this answer came without a plan");
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->plan = cJSON_Duplicate(plan, true);
	v = app_push(a, &plan_ops, from->incident);
	v->own = s;
	v->session = from->session;
	v->num[N_JOB] = job;
	v->num[N_STEP] = step;
	load(a, v);
}
