/*
 * model, prompt, replay, label: what models may do and did, and what people thought of it.
 */
#include "cli.h"
#include "model/metrics.h"
#include "model/say.h"
#include "model/score.h"

static void put_line(const char *label, const char *fmt, ...) MW_PRINTF(2, 3);
static void put_line(const char *label, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	printf("%-18s ", label);
	cli_put((struct slice){b.s, b.len});
	printf("\n");
	buf_release(&b);
}

static cJSON *param_str(const char *key, const char *value)
{
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, key, value);
	return o;
}

static cJSON *param_i64(const char *key, int64_t value)
{
	cJSON *o = cJSON_CreateObject();

	json_add_i64(o, key, value);
	return o;
}

/* ---- model ---- */

static void show_spent(const cJSON *status, const char *key, const char *label)
{
	const cJSON *s = json_obj(status, key);

	int64_t us = json_i64(s, "elapsed_us", 0);
	char span[32];

	mw_span_format(us - us % MW_SECOND, span);
	put_line(label, "%lld calls, %lld tokens, %.4f %s, %s", (long long)json_i64(s, "calls", 0),
	         (long long)json_i64(s, "tokens", 0), (double)json_i64(s, "cost_micro", 0) / 1e6,
	         json_str(status, "currency", ""), span);
}

static void show_budgets(const cJSON *status)
{
	const cJSON *b;

	cJSON_ArrayForEach(b, json_obj(status, "budgets"))
	{
		char text[32];
		if (b->valuedouble <= 0)
			continue;
		if (strstr(b->string, "_time"))
			mw_span_format((int64_t)b->valuedouble, text);
		else
			snprintf(text, sizeof(text), "%.0f", b->valuedouble);
		put_line(b->string, "at most %s", text);
	}
	put_line("a day's budgets", "are free again at %s", json_str(status, "free_again", "?"));
}

static int show_status(const cJSON *r)
{
	const cJSON *m, *role;

	put_line("models are", "%s",
	         json_bool(r, "on", false)              ? "on"
	         : json_bool(r, "off_by_switch", false) ? "off, by the switch"
	                                                : "off, by model.use");
	put_line("rollout phase", "%s", json_str(r, "phase", "?"));
	cJSON_ArrayForEach(m, json_arr(r, "models"))
	{
		struct buf roles = BUF_INIT;
		cJSON_ArrayForEach(role, json_arr(m, "roles"))
		        buf_printf(&roles, " %s", role->valuestring);
		put_line(json_str(m, "name", "?"), "%s %s at %s, for%s%s%s",
		         json_str(m, "kind", "?"), json_str(m, "model", "?"),
		         json_str(m, "url", "?"), roles.len ? roles.s : " every role",
		         json_str(m, "insecure_why", NULL) ? "; certificate NOT checked: " : "",
		         json_str(m, "insecure_why", ""));
		buf_release(&roles);
	}
	if (!json_arr(r, "models")->child)
		put_line("",
		         "none is configured: everything works without, see models in the manual");
	show_spent(r, "mine_today", "you today");
	show_spent(r, "all_today", "all today");
	show_budgets(r);
	return CLI_OK;
}

static int show_switch(const cJSON *r)
{
	printf("models are %s\n", json_bool(r, "on", false) ? "on" : "off");
	return CLI_OK;
}

static int show_records(const cJSON *r)
{
	const cJSON *x;

	cJSON_ArrayForEach(x, json_arr(r, "records"))
	{
		printf("%lld\t%s\t", (long long)json_i64(x, "id", 0), json_str(x, "at", ""));
		cli_puts(json_str(x, "user", ""));
		printf("\t%s\t%s v%s\t%s\t%lld tokens\t%.4f\t%s\t%s\n",
		       json_str(x, "incident", "-"), json_str(x, "prompt", ""),
		       json_str(x, "version", ""), json_str(x, "model", ""),
		       (long long)json_i64(x, "tokens", 0),
		       (double)json_i64(x, "cost_micro", 0) / 1e6, json_str(x, "outcome", "-"),
		       json_str(x, "label", "-"));
	}
	return json_arr(r, "records")->child ? CLI_OK : CLI_NOTHING;
}

/* Exactly what was sent and what came, as text. */
static int show_record(const cJSON *r)
{
	const cJSON *m, *request = json_obj(r, "request");
	struct buf b = BUF_INIT;

	put_line("record", "%lld, %s, %s, %s v%s %s", (long long)json_i64(r, "id", 0),
	         json_str(r, "at", ""), json_str(r, "model", ""), json_str(r, "prompt", ""),
	         json_str(r, "version", ""), json_str(r, "sha256", ""));
	printf("---- sent: system\n");
	cli_puts(json_str(request, "system", ""));
	cJSON_ArrayForEach(m, json_arr(request, "messages"))
	{
		printf("\n---- sent: %s\n", json_str(m, "role", ""));
		cli_puts(json_str(m, "text", ""));
	}
	printf("\n---- came\n");
	json_write(&b, json_get(r, "reply"));
	buf_str(&b, "\n---- came to: ");
	buf_printf(&b, "%s ", json_str(r, "outcome", "-"));
	json_write(&b, json_get(r, "detail"));
	cli_put((struct slice){b.s, b.len});
	printf("\n");
	buf_release(&b);
	return CLI_OK;
}

/* ---- metrics ---- */

static int show_metrics(const cJSON *r)
{
	struct buf b = BUF_INIT;

	metrics_text(&b, r);
	for (struct slice rest = {b.s, b.len}, line; rest.n && slice_split(&rest, '\n', &line);) {
		cli_put(line);
		printf("\n");
	}
	buf_release(&b);
	return CLI_OK;
}

static int model_records(struct cli *c)
{
	return cli_show(c, "model.records",
	                c->argc ? param_str("incident", c->argv[0]) : cJSON_CreateObject(),
	                show_records);
}

static int usage(struct cli *c)
{
	c->argc = 99; /* too many words: cli_words tells the usage */
	cli_words(c, 0, 1);
	return CLI_USAGE;
}

int cmd_model(struct cli *c)
{
	const char *what = c->argc ? c->argv[0] : "status";
	int64_t id;
	cJSON *p;

	if (!cli_words(c, 0, 3))
		return CLI_USAGE;
	if (c->argc) {
		c->argc--;
		c->argv++;
	}
	if (strcmp(what, "status") == 0)
		return cli_show(c, "model.status", NULL, show_status);
	if (strcmp(what, "metrics") == 0)
		return cli_show(c, "model.metrics", NULL, show_metrics);
	if (strcmp(what, "records") == 0)
		return model_records(c);
	if (strcmp(what, "show") == 0 && c->argc && slice_i64(slice_of(c->argv[0]), &id))
		return cli_show(c, "model.record", param_i64("record", id), show_record);
	if (strcmp(what, "unflag") == 0 && c->argc == 2) {
		p = param_str("session", c->argv[0]);
		json_add_str(p, "reason", c->argv[1]);
		return cli_show(c, "session.unflag", p, NULL);
	}
	if (strcmp(what, "on") != 0 && strcmp(what, "off") != 0)
		return usage(c);
	p = cJSON_CreateObject();
	json_add_bool(p, "on", strcmp(what, "on") == 0);
	return cli_show(c, "model.switch", p, show_switch);
}

/* ---- prompt ---- */

static int show_prompts(const cJSON *r)
{
	const cJSON *p;

	cJSON_ArrayForEach(p, json_arr(r, "prompts"))
	{
		printf("%-14s v%-3s %-5s %-10s %.12s %s%lld tests  ", json_str(p, "id", ""),
		       json_str(p, "version", ""), json_str(p, "role", ""),
		       json_str(p, "owner", ""), json_str(p, "sha256", ""),
		       json_bool(p, "own", false) ? "YOURS " : "",
		       (long long)json_i64(p, "tests", 0));
		cli_puts(json_str(p, "purpose", ""));
		printf("\n");
	}
	return CLI_OK;
}

/* Its own text goes as it is: it is a file of ours or of the user, to be kept or edited. */
static int show_prompt(const cJSON *r)
{
	fputs(json_str(r, "text", ""), stdout);
	return CLI_OK;
}

static void put_marked(char mark, struct slice line)
{
	printf("%c", mark);
	cli_put(line);
	printf("\n");
}

/* Lines that only one of them has, in order: enough for texts of a page. */
static void put_missing(char mark, struct slice of, struct slice in)
{
	struct slice line, other;

	while (slice_split(&of, '\n', &line)) {
		struct slice rest = in;
		bool found = false;
		while (!found && slice_split(&rest, '\n', &other))
			found = slice_eq(line, other);
		if (!found)
			put_marked(mark, line);
	}
}

static int show_diff(const cJSON *r)
{
	struct slice now = slice_of(json_str(r, "text", "")),
	             ours = slice_of(json_str(r, "built_in", ""));

	if (!ours.n) {
		printf("%s is %s\n", json_str(r, "id", ""),
		       json_bool(r, "own", false) ? "yours alone" : "the built-in one");
		return CLI_OK;
	}
	printf("built-in against yours (%.12s); take your file away to go back\n",
	       json_str(r, "sha256", ""));
	put_missing('-', ours, now);
	put_missing('+', now, ours);
	return CLI_OK;
}

static int test_one(struct client *cl, const char *id, const char *model, bool recorded,
                    struct tally *t)
{
	cJSON *prompt = NULL;
	struct err e;
	int rc = cli_call(cl, "prompt.get", param_str("id", id), &prompt);

	if (rc == CLI_OK && cli_test_prompt(cl, prompt, model, recorded, t, &e))
		rc = cli_error(&e);
	cJSON_Delete(prompt);
	return rc;
}

static int prompt_test(struct cli *c, const char *model, bool recorded)
{
	struct client cl;
	struct tally t = {0};
	cJSON *list = NULL;
	const cJSON *p;
	int rc = cli_open(c, &cl);

	if (rc)
		return rc;
	if (c->argc) {
		rc = test_one(&cl, c->argv[0], model, recorded, &t);
	} else {
		rc = cli_call(&cl, "prompt.list", NULL, &list);
		cJSON_ArrayForEach(p, json_arr(list, "prompts")) if (rc == CLI_OK) rc =
		        test_one(&cl, json_str(p, "id", ""), model, recorded, &t);
	}
	if (rc == CLI_OK)
		rc = cli_put_tally(&t, 1);
	tally_release(&t);
	cJSON_Delete(list);
	client_close(&cl);
	return rc;
}

int cmd_prompt(struct cli *c)
{
	const char *model = cli_option(c, "--model"), *what;
	bool recorded = cli_switch(c, "--recorded");

	if (!cli_words(c, 1, 2))
		return CLI_USAGE;
	what = c->argv[0];
	c->argc--;
	c->argv++;
	if (strcmp(what, "list") == 0)
		return cli_show(c, "prompt.list", NULL, show_prompts);
	if (strcmp(what, "test") == 0)
		return prompt_test(c, model, recorded);
	if (!c->argc)
		return usage(c);
	if (strcmp(what, "show") == 0)
		return cli_show(c, "prompt.get", param_str("id", c->argv[0]), show_prompt);
	if (strcmp(what, "diff") == 0)
		return cli_show(c, "prompt.get", param_str("id", c->argv[0]), show_diff);
	return usage(c);
}

/* ---- replay ---- */

static void put_difference(const cJSON *r)
{
	const cJSON *d, *differs = json_arr(r, "differs");
	struct buf b = BUF_INIT;

	printf("record %lld, %s: %s", (long long)json_i64(r, "record", 0),
	       json_bool(r, "live", false) ? "said again" : "checked again",
	       json_str(r, "outcome", ""));
	printf("%s\n", differs && differs->child ? "" : ", the same");
	cJSON_ArrayForEach(d, differs)
	{
		buf_printf(&b, "  %s\n    was ", d->valuestring);
		json_write(&b, json_get(json_obj(r, "recorded"), d->valuestring));
		buf_str(&b, "\n    is  ");
		json_write(&b, json_get(json_obj(r, "replayed"), d->valuestring));
		buf_ch(&b, '\n');
	}
	for (struct slice rest = {b.s, b.len}, line; rest.n && slice_split(&rest, '\n', &line);) {
		cli_put(line);
		printf("\n");
	}
	buf_release(&b);
}

static int replay_one(struct cli *c, struct client *cl, int64_t id, const char *model,
                      const char *prompt)
{
	cJSON *p = param_i64("record", id), *r = NULL;
	int rc;

	if (model)
		json_add_str(p, "model", model);
	if (prompt)
		json_add_str(p, "prompt", prompt);
	rc = cli_call(cl, "model.replay", p, &r);
	if (rc == CLI_OK && c->json)
		cli_json(r);
	else if (rc == CLI_OK)
		put_difference(r);
	cJSON_Delete(r);
	return rc;
}

/* Oldest first, as they happened. */
static int replay_case(struct cli *c, struct client *cl, const char *incident, const char *model,
                       const char *prompt)
{
	cJSON *list = NULL;
	int rc = cli_call(cl, "model.records", param_str("incident", incident), &list),
	    n = cJSON_GetArraySize(json_arr(list, "records"));

	for (int i = n; i-- > 0 && rc == CLI_OK;)
		rc = replay_one(c, cl,
		                json_i64(cJSON_GetArrayItem(json_arr(list, "records"), i), "id", 0),
		                model, prompt);
	cJSON_Delete(list);
	return rc || n ? rc : CLI_NOTHING;
}

int cmd_replay(struct cli *c)
{
	const char *model = cli_option(c, "--model"), *prompt = cli_option(c, "--prompt");
	struct client cl;
	int64_t id;
	int rc;

	if (!cli_words(c, 1, 1))
		return CLI_USAGE;
	rc = cli_open(c, &cl);
	if (rc)
		return rc;
	rc = slice_i64(slice_of(c->argv[0]), &id) ? replay_one(c, &cl, id, model, prompt)
	                                          : replay_case(c, &cl, c->argv[0], model, prompt);
	client_close(&cl);
	return rc;
}

/* ---- label ---- */

static int export_labels(struct cli *c)
{
	struct client cl;
	int rc = cli_open(c, &cl);
	int64_t offset = 0;
	bool more = rc == CLI_OK;

	while (more && rc == CLI_OK) {
		cJSON *p = param_i64("offset", offset), *r = NULL;
		const cJSON *x;
		json_add_bool(p, "labelled", true);
		rc = cli_call(&cl, "model.records", p, &r);
		more = json_arr(r, "records") && json_arr(r, "records")->child;
		cJSON_ArrayForEach(x, json_arr(r, "records"))
		{
			cli_json(x);
			offset++;
		}
		cJSON_Delete(r);
	}
	if (offset || rc)
		fprintf(stderr, "%lld labelled records\n", (long long)offset);
	client_close(&cl);
	return rc;
}

int cmd_label(struct cli *c)
{
	cJSON *p;
	int64_t id;

	if (!cli_words(c, 1, 3))
		return CLI_USAGE;
	if (strcmp(c->argv[0], "export") == 0)
		return export_labels(c);
	if (c->argc < 2 || !slice_i64(slice_of(c->argv[0]), &id))
		return usage(c);
	p = param_i64("record", id);
	json_add_str(p, "label", c->argv[1]);
	if (c->argc > 2)
		json_add_str(p, "text", c->argv[2]);
	return cli_show(c, "model.label", p, NULL);
}
