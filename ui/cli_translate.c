/*
 * translate: a question, a plan's JSON, or a Sigma rule from a file, in a platform's own language. What that language cannot say is told on stderr, so that the
 * text alone can be piped on. With --json: {"steps":[{text, language, exact, notes}], "reading"}.
 */
#include "base/limits.h"
#include "cli.h"

static cJSON *reading_of_question(struct cli *c, struct client *cl, const char *now, int *rc)
{
	cJSON *params = cJSON_CreateObject(), *started = NULL, *reading;
	struct buf words = BUF_INIT;
	char session[40];

	for (int i = 0; i < c->argc; i++)
		buf_printf(&words, "%s%s", i ? " " : "", c->argv[i]);
	snprintf(session, sizeof(session), "translate-%lld", (long long)mw_now());
	json_add_str(params, "session", session);
	json_add_slice(params, "question", (struct slice){words.s, words.len});
	json_add_bool(params, "run", false);
	if (now)
		json_add_str(params, "now", now);
	buf_release(&words);
	*rc = cli_call(cl, "ask", params, &started);
	reading = cJSON_DetachItemFromObjectCaseSensitive(started, "reading");
	cJSON_Delete(started);
	return reading;
}

/* A rule, at most a request's length; -1 with the message told. */
static int read_rule(const char *path, struct buf *b)
{
	FILE *f = fopen(path, "re");
	struct err e;
	size_t n = 1;

	if (!f) {
		err_errno(&e, "%s cannot be read", path);
		return cli_error(&e);
	}
	while (n && b->len <= MW_LINE_MAX / 2) {
		char *at = buf_room(b, 4096);
		n = at ? fread(at, 1, 4096, f) : 0;
		b->len += n;
	}
	fclose(f);
	if (b->len <= MW_LINE_MAX / 2)
		return 0;
	err_set(&e, ERR_LIMIT, "%s is too long for a Sigma rule", path);
	return cli_error(&e);
}

static cJSON *plan_of_rule(const char *path, struct client *cl, int *rc)
{
	cJSON *params = cJSON_CreateObject(), *out = NULL, *plan = NULL;
	struct buf b = BUF_INIT;

	*rc = read_rule(path, &b);
	json_add_slice(params, "text", (struct slice){b.s, b.len});
	json_add_str(params, "name", path);
	buf_release(&b);
	if (*rc) {
		cJSON_Delete(params);
		return NULL;
	}
	*rc = cli_call(cl, "plan.sigma", params, &out);
	if (!*rc) {
		plan = cJSON_DetachItemFromObjectCaseSensitive(out, "plan");
		if (*json_str(out, "note", "")) {
			esc_term(&b, slice_of(json_str(out, "note", "")));
			fprintf(stderr, "note: %s\n", b.s);
			buf_release(&b);
		}
	}
	cJSON_Delete(out);
	return plan;
}

/* Words that begin with { are a plan. */
static cJSON *plan_of_words(struct cli *c, struct client *cl, const char *now, cJSON **reading,
                            int *rc)
{
	struct err e;
	cJSON *plan;

	if (c->argc == 1 && c->argv[0][0] == '{') {
		plan = json_parse(slice_of(c->argv[0]), MW_LINE_MAX, &e);
		*rc = plan ? CLI_OK : cli_error(&e);
		return plan;
	}
	*reading = reading_of_question(c, cl, now, rc);
	if (*rc)
		return NULL;
	plan = cJSON_DetachItemFromObjectCaseSensitive(*reading, "plan");
	if (cJSON_IsObject(plan))
		return plan;
	cJSON_Delete(plan);
	fputs("asks  ", stdout);
	cli_puts(json_str(*reading, "clarify", "this question was not understood"));
	fputs("\n", stdout);
	*rc = CLI_ASKS;
	return NULL;
}

static void print_step(const cJSON *step, size_t i, size_t n)
{
	const char *text = json_str(step, "text", ""), *end;
	const cJSON *note;

	if (n > 1)
		fprintf(stderr, "step %zu:\n", i + 1);
	for (; *text; text = *end ? end + 1
	                          : end) { /* line by line: the escaper would show the line feeds */
		end = strchrnul(text, '\n');
		cli_put((struct slice){text, (size_t)(end - text)});
		fputs("\n", stdout);
	}
	fflush(stdout);
	cJSON_ArrayForEach(note, json_arr(step, "notes"))
	{
		struct buf b = BUF_INIT;
		esc_term(&b, slice_of(note->valuestring));
		fprintf(stderr, "note: %s\n", b.s);
		buf_release(&b);
	}
}

static int translate_steps(struct cli *c, struct client *cl, const cJSON *plan, const char *to,
                           const char *table, cJSON *out)
{
	size_t n = (size_t)cJSON_GetArraySize(json_arr(plan, "steps"));
	int rc = CLI_OK;

	for (size_t i = 0; i < n && rc == CLI_OK; i++) {
		cJSON *params = cJSON_CreateObject(), *step = NULL;
		cJSON_AddItemToObject(params, "plan", cJSON_Duplicate(plan, true));
		json_add_i64(params, "step", (int64_t)i);
		json_add_str(params, "language", to);
		if (table)
			json_add_str(params, "table", table);
		rc = cli_call(cl, "plan.text", params, &step);
		if (rc)
			break;
		if (!c->json)
			print_step(step, i, n);
		cJSON_AddItemToArray(out, step);
	}
	return rc;
}

/* What the plan does, in words: by a model where one is on, else ours; each sentence checked against the plan. */
static int explain(struct cli *c, struct client *cl, const cJSON *plan, cJSON *out)
{
	cJSON *params = cJSON_CreateObject(), *reading = NULL, *done = NULL;
	const cJSON *s;
	char session[40];
	struct err e;

	snprintf(session, sizeof(session), "explain-%lld", (long long)mw_now());
	json_add_str(params, "session", session);
	json_add_str(params, "prompt", "query");
	cJSON_AddItemToObject(params, "plan", cJSON_Duplicate(plan, true));
	if (cli_run(cl, "model.write", params, &reading, &done, &e))
		return cli_error(&e);
	cJSON_ArrayForEach(s, json_arr(json_obj(done, "answer"), "sentences"))
	{
		const char *status = json_str(s, "status", "");
		if (!c->json && strcmp(status, "supported") && strcmp(status, "opinion"))
			fputs("(unsupported) ", stdout);
		if (!c->json) {
			cli_puts(json_str(s, "text", ""));
			fputs("\n", stdout);
		}
	}
	json_add_str(out, "writer", json_str(reading, "planner", "?"));
	cJSON_AddItemToObject(
	        out, "sentences",
	        cJSON_Duplicate(json_arr(json_obj(done, "answer"), "sentences"), true));
	cJSON_Delete(reading);
	cJSON_Delete(done);
	return CLI_OK;
}

int cmd_translate(struct cli *c)
{
	const char *to = cli_option(c, "--to"), *table = cli_option(c, "--table"),
	           *now = cli_option(c, "--now"), *from = cli_option(c, "--from");
	cJSON *plan, *reading = NULL, *out = cJSON_CreateObject(),
	             *steps = json_add_arr(out, "steps");
	struct client cl;
	int rc;

	if (!to || (from && strcmp(from, "sigma") != 0)) {
		fputs(!to ? "midwatch translate: --to is missing: spl, kql, aql, dsl, sql, wiz, "
		            "rql, "
		            "orca, lql, sigma or words\n"
		          : "midwatch translate: --from knows sigma alone\n",
		      stderr);
		cJSON_Delete(out);
		return CLI_USAGE;
	}
	if (!cli_words(c, 1, from ? 1 : 256) || cli_open(c, &cl)) {
		cJSON_Delete(out);
		return CLI_USAGE;
	}
	plan = from ? plan_of_rule(c->argv[0], &cl, &rc)
	            : plan_of_words(c, &cl, now, &reading, &rc);
	if (plan)
		rc = strcmp(to, "words") ? translate_steps(c, &cl, plan, to, table, steps)
		                         : explain(c, &cl, plan, out);
	if (reading)
		cJSON_AddItemToObject(out, "reading", reading);
	if (c->json && rc == CLI_OK)
		cli_json(out);
	cJSON_Delete(plan);
	cJSON_Delete(out);
	client_close(&cl);
	return rc;
}
