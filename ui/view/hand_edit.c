/*
 * A step's text in a source's own language, edited by hand in $EDITOR and run at that source as a turn of its own: what was asked before
 * stays. The engine decides whether it may be sent.
 */
#include "view/hand_edit.h"

#include <unistd.h>

static bool write_all(int fd, const char *text)
{
	size_t n = strlen(text);
	bool ok = write(fd, text, n) == (ssize_t)n;

	return !close(fd) && ok;
}

static char *read_all(const char *path)
{
	struct buf b;
	FILE *f = fopen(path, "re");
	char part[4096];
	size_t n;

	buf_init(&b, MW_PLAN_JSON_MAX);
	while (f && (n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(&b, part, n);
	if (f)
		fclose(f);
	return buf_take(&b, NULL);
}

char *hand_text(struct app *a, const char *text, const char *ending)
{
	const char *dir = getenv("XDG_RUNTIME_DIR"),
	           *prog = getenv("VISUAL") ? getenv("VISUAL") : getenv("EDITOR");
	char path[256], *argv[3] = {xstrdup(prog ? prog : "vi"), path, NULL}, *out = NULL;
	struct err e;
	int fd;

	snprintf(path, sizeof(path), "%s/midwatch-XXXXXX%s", dir ? dir : "/tmp", ending);
	fd = mkstemps(path, (int)strlen(ending));
	if (fd < 0 || !write_all(fd, text))
		app_say(a, R_BAD, "cannot write a file to edit in %s", dir ? dir : "/tmp");
	else if (tty_run(&a->tty, argv, &e))
		app_say_err(a, &e);
	else
		out = read_all(path);
	if (fd >= 0)
		unlink(path);
	a->redraw = true;
	free(argv[0]);
	return out;
}

const cJSON *hand_source(struct app *a, const char *language, const char *own)
{
	const cJSON *s, *found = NULL;

	cJSON_ArrayForEach(s, json_arr(a->status.engine, "sources"))
	{
		if (strcmp(json_str(s, "language", ""), language) != 0)
			continue;
		if (!found || !strcmp(json_str(s, "name", ""), own))
			found = s;
	}
	return found;
}

static char *trimmed(char *text)
{
	size_t n = strlen(text);

	while (n && (text[n - 1] == '\n' || text[n - 1] == '\r' || text[n - 1] == ' '))
		text[--n] = '\0';
	return text;
}

void hand_run(struct app *a, struct view *v, const char *source, const char *text, app_reply_fn ran)
{
	char *own = hand_text(a, text, ".txt"), *question;
	cJSON *p, *step;

	if (!own || !*trimmed(own)) {
		app_say(a, R_TEXT, "nothing was sent");
		free(own);
		return;
	}
	p = params_new("session", v->session->name);
	if (v->incident[0])
		json_add_str(p, "incident", v->incident);
	step = cJSON_CreateObject();
	cJSON_AddItemToArray(json_add_arr(json_add_obj(p, "plan"), "steps"), step);
	json_add_str(step, "kind", "search");
	json_add_str(step, "source", source);
	json_add_str(step, "hand", own);
	question = xasprintf("hand-written at %s: %.200s", source, own);
	json_add_str(p, "question", question);
	app_call(a, v, "plan.run", p, ran);
	free(question);
	free(own);
}
