/*
 * eval: accuracy over suites, with n and interval. A suite is a file of JSON lines, or "prompts" for the tests in the headers of the
 * registered prompts. Three kinds of lines:
 *
 *   {id, question, now?, before?: [question...], expect_any?: [EXPECT...], expect: {kind, value | values | pairs | ids | reason}}     as the questions of ask
 *   {id, prompt, inputs, vary?: [{from: to}...], expect: [...]}                     expectations of model/score.h
 *   {id, write: prompt, incident, expect: [...]}                                    a text about a stored incident
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli.h"
#include "model/score.h"

#define SUITE_MAX (16u * 1024 * 1024)
#define VARIANTS_MAX 32

int cli_read(const char *path, size_t most, struct buf *out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char part[65536];
	ssize_t n = 0;

	if (fd < 0)
		return err_errno(e, "%s", path);
	while (out->len <= most && (n = read(fd, part, sizeof(part))) > 0)
		buf_add(out, part, (size_t)n);
	if (n < 0)
		err_errno(e, "%s", path);
	else if (out->len > most)
		n = err_set(e, ERR_LIMIT, "%s has over %zu bytes", path, most);
	close(fd);
	return n < 0 ? -1 : 0;
}

struct eval {
	struct client *cl;
	const char *model, *planner, *suite;
	bool recorded;
	struct tally *t;
};

static void fail(const char *id, const struct buf *why)
{
	printf("wrong ");
	cli_puts(id);
	printf(": ");
	cli_put((struct slice){why->s, why->len});
	printf("\n");
}

/* ---- prompts ---- */

/* Names, regions and teams of the case swapped, all else alike. */
static cJSON *variant(const cJSON *inputs, const cJSON *swap)
{
	struct buf text = BUF_INIT;
	const cJSON *s;
	cJSON *out;

	json_write(&text, inputs);
	cJSON_ArrayForEach(s, swap)
	{
		struct buf next = BUF_INIT;
		struct slice rest = {text.s, text.len};
		const char *at;
		size_t n = strlen(s->string);
		while (n && cJSON_IsString(s) && (at = memmem(rest.s, rest.n, s->string, n))) {
			buf_add(&next, rest.s, (size_t)(at - rest.s));
			buf_str(&next, s->valuestring);
			rest.n -= (size_t)(at - rest.s) + n;
			rest.s = at + n;
		}
		buf_add(&next, rest.s, rest.n);
		buf_release(&text);
		text = next;
	}
	out = cJSON_Parse(text.s);
	buf_release(&text);
	return out;
}

/* {outcome, plan | text | object | sentences, checked, supported, by: the model's name} */
static cJSON *try_once(struct eval *x, const char *prompt, cJSON *inputs, struct err *e)
{
	cJSON *p = cJSON_CreateObject(), *r = NULL, *doc;

	json_add_str(p, "prompt", prompt);
	cJSON_AddItemToObject(p, "inputs", inputs);
	if (x->model)
		json_add_str(p, "model", x->model);
	if (x->recorded)
		json_add_bool(p, "recorded", true);
	if (client_call(x->cl, "model.try", p, &r, e))
		return NULL;
	doc = cJSON_DetachItemFromObjectCaseSensitive(r, "output");
	json_add_str(doc, "outcome", json_str(r, "outcome", ""));
	json_add_str(doc, "by", json_str(json_obj(r, "model"), "model", "?"));
	cJSON_Delete(r);
	return doc;
}

static bool all_hold(const cJSON *expect, cJSON *const *docs, size_t n, struct buf *why)
{
	const cJSON *x;

	cJSON_ArrayForEach(x, expect)
	{
		for (size_t i = 0; i < n; i++)
			if (!score_holds(x, docs[i], why))
				return false;
		if (!score_holds_over(x, (const cJSON *const *)docs, n, why))
			return false;
	}
	return true;
}

static int run_case(struct eval *x, const char *prompt, const char *label, const cJSON *test,
                    struct err *e)
{
	static const cJSON once = {.type = cJSON_Object};
	const cJSON *vary = json_arr(test, "vary"), *swap = vary ? vary->child : &once;
	const char *id = json_str(test, "id", json_str(test, "name", "?"));
	cJSON *docs[VARIANTS_MAX];
	struct buf why = BUF_INIT, name = BUF_INIT;
	size_t n = 0;
	bool ok;
	int rc = 0;

	for (; swap && n < VARIANTS_MAX && !rc; swap = vary ? swap->next : NULL) {
		docs[n] = try_once(x, prompt, variant(json_obj(test, "inputs"), swap), e);
		if (docs[n])
			n++;
		else
			rc = -1;
	}
	if (!rc) {
		ok = all_hold(json_arr(test, "expect"), docs, n, &why);
		buf_printf(&name, "%s on %s", label, json_str(docs[0], "by", "?"));
		tally_add(x->t, name.s, ok);
		if (!ok)
			fail(id, &why);
	}
	while (n)
		cJSON_Delete(docs[--n]);
	buf_release(&name);
	buf_release(&why);
	return rc;
}

static char *prompt_label(const cJSON *p)
{
	return xasprintf("prompt %s v%s (%.8s)", json_str(p, "id", "?"),
	                 json_str(p, "version", "?"), json_str(p, "sha256", ""));
}

static int test_prompt(struct eval *x, const cJSON *prompt, struct err *e)
{
	char *label = prompt_label(prompt);
	const cJSON *test;
	int rc = 0;

	cJSON_ArrayForEach(test, json_arr(prompt, "tests")) if (!rc) rc =
	        run_case(x, json_str(prompt, "id", ""), label, test, e);
	free(label);
	return rc;
}

int cli_test_prompt(struct client *cl, const cJSON *prompt, const char *model, bool recorded,
                    struct tally *t, struct err *e)
{
	struct eval x = {.cl = cl, .model = model, .recorded = recorded, .t = t};

	return test_prompt(&x, prompt, e);
}

static cJSON *get_prompt(struct eval *x, const char *id, struct err *e)
{
	cJSON *p = cJSON_CreateObject(), *r = NULL;

	json_add_str(p, "id", id);
	return client_call(x->cl, "prompt.get", p, &r, e) ? NULL : r;
}

static int run_prompt_line(struct eval *x, const cJSON *line, struct err *e)
{
	cJSON *p = get_prompt(x, json_str(line, "prompt", ""), e);
	char *label, *named;
	int rc;

	if (!p)
		return -1;
	named = prompt_label(p);
	label = xasprintf("%s, %s", x->suite, named);
	free(named);
	rc = run_case(x, json_str(p, "id", ""), label, line, e);
	free(label);
	cJSON_Delete(p);
	return rc;
}

/* ---- questions ---- */

static void add_session(cJSON *p, const char *id)
{
	char *name = xasprintf("eval-%lld-%.60s", (long long)mw_now(), id);

	json_add_str(p, "session", name);
	free(name);
}

/* What was asked before in the same conversation. */
static int ask_before(struct eval *x, const cJSON *line, const cJSON *params, struct err *e)
{
	const cJSON *q;
	int rc = 0;

	cJSON_ArrayForEach(q, json_arr(line, "before"))
	{
		cJSON *p = cJSON_Duplicate(params, true), *reading = NULL, *done = NULL;
		json_add_str(p, "question", cJSON_IsString(q) ? q->valuestring : "");
		rc = rc ? rc : cli_run(x->cl, "ask", p, &reading, &done, e);
		cJSON_Delete(reading);
		cJSON_Delete(done);
	}
	return rc;
}

/* Some questions have more than one right answer. */
static bool any_holds(const cJSON *line, const cJSON *result, struct buf *why)
{
	const cJSON *x;
	bool ok = score_answer(json_obj(line, "expect"), result, why);

	cJSON_ArrayForEach(x, json_arr(line, "expect_any"))
	{
		struct buf ignored = BUF_INIT;
		ok = ok || score_answer(x, result, &ignored);
		buf_release(&ignored);
	}
	return ok;
}

static int run_question(struct eval *x, const cJSON *line, struct err *e)
{
	cJSON *p = cJSON_CreateObject(), *reading = NULL, *done = NULL, *result;
	const char *id = json_str(line, "id", "?"), *now = json_str(line, "now", NULL);
	struct buf why = BUF_INIT, name = BUF_INIT;
	int rc;
	bool ok;

	add_session(p, id);
	if (now)
		json_add_str(p, "now", now);
	if (x->planner)
		json_add_str(p, "planner", x->planner);
	rc = ask_before(x, line, p, e);
	json_add_str(p, "question", json_str(line, "question", ""));
	rc = rc ? rc : cli_run(x->cl, "ask", p, &reading, &done, e);
	result = rc < 0 ? NULL : cli_result(x->cl, reading, done, e);
	rc = result ? 0 : -1;
	if (!rc) {
		const cJSON *m = json_obj(reading, "model"), *v = json_obj(m, "prompt");
		ok = any_holds(line, result, &why);
		buf_printf(&name, "%s, planned %s", x->suite, json_str(reading, "planner", "?"));
		if (v)
			buf_printf(&name, " (%s, prompt v%s)", json_str(m, "model", "?"),
			           json_str(v, "version", "?"));
		tally_add(x->t, name.s, ok);
		if (!ok)
			fail(id, &why);
		cJSON_Delete(result);
	}
	cJSON_Delete(reading);
	cJSON_Delete(done);
	buf_release(&why);
	buf_release(&name);
	return rc;
}

/* ---- texts ---- */

static cJSON *text_doc(const cJSON *done, const cJSON *reading)
{
	const cJSON *list = json_arr(json_obj(done, "answer"), "sentences"), *s;
	cJSON *o = cJSON_CreateObject();
	int64_t checked = 0, supported = 0;

	cJSON_ArrayForEach(s, list)
	{
		const char *status = json_str(s, "status", "");
		checked += strcmp(status, "opinion") != 0;
		supported += strcmp(status, "supported") == 0;
	}
	json_add_str(o, "outcome", json_str(reading, "planner", ""));
	json_add_i64(o, "checked", checked);
	json_add_i64(o, "supported", supported);
	cJSON_AddItemToObject(o, "sentences",
	                      list ? cJSON_Duplicate(list, 1) : cJSON_CreateArray());
	return o;
}

static int run_text(struct eval *x, const cJSON *line, struct err *e)
{
	cJSON *p = cJSON_CreateObject(), *reading = NULL, *done = NULL, *doc;
	const char *id = json_str(line, "id", "?"), *prompt = json_str(line, "write", "");
	struct buf why = BUF_INIT, name = BUF_INIT;
	bool ok;
	int rc;

	add_session(p, id);
	json_add_str(p, "prompt", prompt);
	json_add_str(p, "incident", json_str(line, "incident", ""));
	rc = cli_run(x->cl, "model.write", p, &reading, &done, e);
	if (!rc) {
		doc = text_doc(done, reading);
		ok = all_hold(json_arr(line, "expect"), &doc, 1, &why);
		buf_printf(&name, "%s, text %s by %s", x->suite, prompt,
		           json_str(reading, "planner", "?"));
		tally_add(x->t, name.s, ok);
		if (!ok)
			fail(id, &why);
		cJSON_Delete(doc);
	}
	cJSON_Delete(reading);
	cJSON_Delete(done);
	buf_release(&why);
	buf_release(&name);
	return rc;
}

/* ---- suites ---- */

static int run_line(struct eval *x, const cJSON *line, struct err *e)
{
	if (json_get(line, "question"))
		return run_question(x, line, e);
	if (json_get(line, "write"))
		return run_text(x, line, e);
	if (json_get(line, "prompt"))
		return run_prompt_line(x, line, e);
	return err_set(e, ERR_INVALID, "it has neither question, prompt nor write");
}

static int run_prompts(struct eval *x, struct err *e)
{
	cJSON *list = NULL;
	const cJSON *p;
	int rc = client_call(x->cl, "prompt.list", NULL, &list, e);

	cJSON_ArrayForEach(p, json_arr(list, "prompts"))
	{
		cJSON *whole = rc ? NULL : get_prompt(x, json_str(p, "id", ""), e);
		rc = whole ? test_prompt(x, whole, e) : -1;
		cJSON_Delete(whole);
	}
	cJSON_Delete(list);
	return rc;
}

static int run_suite(struct eval *x, const char *path, struct err *e)
{
	struct buf text = BUF_INIT;
	struct slice rest, line;
	int rc = 0;

	x->suite = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	if (strcmp(path, "prompts") == 0)
		return run_prompts(x, e);
	if (cli_read(path, SUITE_MAX, &text, e)) {
		buf_release(&text);
		return -1;
	}
	rest = (struct slice){text.s, text.len};
	for (int n = 1; !rc && slice_split(&rest, '\n', &line); n++) {
		cJSON *j = line.n ? json_parse(line, MW_LINE_MAX, e) : NULL;
		if (line.n && (!j || run_line(x, j, e)))
			rc = err_prefix(e, "%s:%d", path, n);
		cJSON_Delete(j);
	}
	buf_release(&text);
	return rc;
}

int cli_put_tally(const struct tally *t, double least)
{
	int rc = CLI_OK;

	for (size_t i = 0; i < t->rows.n; i++) {
		struct share s = share_of(t->rows.v[i].hits, t->rows.v[i].n);
		struct buf b = BUF_INIT;
		share_text(&s, &b);
		cli_puts(t->rows.v[i].name);
		printf(": %s%s\n", b.s, s.share < least ? "  BELOW" : "");
		if (s.share < least)
			rc = CLI_FAILED;
		buf_release(&b);
	}
	return rc;
}

int cmd_eval(struct cli *c)
{
	const char *least = cli_option(c, "--least");
	struct tally t = {0};
	struct client cl;
	struct eval x = {.cl = &cl, .t = &t};
	double bound = 1;
	struct err e;
	int rc;

	x.model = cli_option(c, "--model");
	x.planner = cli_option(c, "--planner");
	x.recorded = cli_switch(c, "--recorded");
	if (!cli_words(c, 1, 64))
		return CLI_USAGE;
	if (least && (!slice_double(slice_of(least), &bound) || bound < 0 || bound > 1)) {
		err_set(&e, ERR_INVALID, "--least is a share from 0 to 1, not \"%s\"", least);
		return cli_error(&e);
	}
	rc = cli_open(c, &cl);
	if (rc)
		return rc;
	for (int i = 0; i < c->argc && rc == CLI_OK; i++)
		rc = run_suite(&x, c->argv[i], &e) ? cli_error(&e) : CLI_OK;
	if (rc == CLI_OK)
		rc = cli_put_tally(&t, bound);
	tally_release(&t);
	client_close(&cl);
	return rc;
}
