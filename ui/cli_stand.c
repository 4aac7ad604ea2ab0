/*
 * watch, suppress, recipe: questions that stand, what is hidden, and the questions that are ready made.
 */
#include "cli.h"

bool cli_until(const char *text, char out[32])
{
	int64_t span;
	mw_time t;

	if (text && mw_time_parse(slice_of(text), &t)) {
		mw_time_format(t, out);
		return true;
	}
	if (text && mw_span_parse(slice_of(text), &span) && span > 0) {
		mw_time_format(mw_now() + span, out);
		return true;
	}
	fprintf(stderr,
	        "midwatch: an end is a time (2026-03-15T07:00:00Z) or a span (9h, 2d)%s%s\n",
	        text ? ", not " : "", text ? text : "");
	return false;
}

/* ---- watch ---- */

static int show_watches(const cJSON *result)
{
	const cJSON *w;

	cJSON_ArrayForEach(w, json_arr(result, "watches"))
	{
		printf("W%-3lld ends %s  rang %lld  %s ", (long long)json_i64(w, "watch", 0),
		       json_str(w, "until", "?"), (long long)json_i64(w, "hits", 0),
		       json_str(w, "incident", ""));
		cli_puts(json_str(w, "question", ""));
		printf("\n");
	}
	return CLI_OK;
}

static int show_watch(const cJSON *result)
{
	printf("W%lld\n", (long long)json_i64(result, "watch", 0));
	return CLI_OK;
}

static int watch_add(struct cli *c, const char *until, const char *incident, const char *session)
{
	cJSON *params;
	char end[32], *question;

	if (!cli_words(c, 2, 256) || !cli_until(until, end))
		return CLI_USAGE;
	c->argc--;
	c->argv++;
	question = cli_join(c);
	params = cJSON_CreateObject();
	json_add_str(params, "session", session ? session : incident ? incident : "main");
	json_add_str(params, "question", question);
	json_add_str(params, "until", end);
	if (incident)
		json_add_str(params, "incident", incident);
	free(question);
	return cli_show(c, "watch.add", params, show_watch);
}

static int watch_remove(struct cli *c)
{
	cJSON *params;
	int64_t n;

	if (!cli_words(c, 2, 2) || !slice_i64(slice_of(c->argv[1] + (*c->argv[1] == 'W')), &n))
		return CLI_USAGE;
	params = cJSON_CreateObject();
	json_add_i64(params, "watch", n);
	return cli_show(c, "watch.remove", params, NULL);
}

int cmd_watch(struct cli *c)
{
	const char *until = cli_option(c, "--until"), *incident = cli_option(c, "--incident"),
	           *session = cli_option(c, "--session");

	if (!c->argc || (c->argc == 1 && !strcmp(c->argv[0], "list")))
		return cli_show(c, "watch.list", NULL, show_watches);
	if (!strcmp(c->argv[0], "add"))
		return watch_add(c, until, incident, session);
	if (!strcmp(c->argv[0], "remove"))
		return watch_remove(c);
	cli_words(c, 256, 0);
	return CLI_USAGE;
}

/* ---- suppress ---- */

static int show_suppressions(const cJSON *result)
{
	const cJSON *r;

	cJSON_ArrayForEach(r, json_arr(result, "rules"))
	{
		struct buf match = BUF_INIT;
		json_write(&match, json_get(r, "match"));
		printf("%-3lld until %s  owner ", (long long)json_i64(r, "id", 0),
		       json_str(r, "until", "?"));
		cli_puts(json_str(r, "owner", "?"));
		printf("  ");
		cli_put((struct slice){match.s, match.len});
		printf("  ");
		cli_puts(json_str(r, "reason", ""));
		printf("\n");
		buf_release(&match);
	}
	return CLI_OK;
}

/* rule=NAME, entity=FIELD=VALUE: the first = ends the member's name. */
static bool add_terms(struct cli *c, cJSON *match)
{
	for (int i = 1; i < c->argc; i++) {
		const char *eq = strchr(c->argv[i], '=');
		char *name;
		if (!eq || eq == c->argv[i]) {
			fprintf(stderr,
			        "midwatch: a condition is rule=, title=, dataset=, entity= or "
			        "severity=, not \"%s\"\n",
			        c->argv[i]);
			return false;
		}
		name = xstrndup(c->argv[i], (size_t)(eq - c->argv[i]));
		json_add_str(match, name, eq + 1);
		free(name);
	}
	return true;
}

static int suppress_add(struct cli *c, const char *until, const char *owner, const char *reason)
{
	cJSON *params;
	char end[32];

	if (!owner || !reason)
		fprintf(stderr, "midwatch: what is hidden has an owner and a reason\n");
	if (!owner || !reason || !cli_words(c, 2, 16) || !cli_until(until, end))
		return CLI_USAGE;
	params = cJSON_CreateObject();
	if (!add_terms(c, json_add_obj(params, "match"))) {
		cJSON_Delete(params);
		return CLI_USAGE;
	}
	json_add_str(params, "owner", owner);
	json_add_str(params, "reason", reason);
	json_add_str(params, "until", end);
	return cli_show(c, "suppress.add", params, NULL);
}

int cmd_suppress(struct cli *c)
{
	const char *until = cli_option(c, "--until"), *owner = cli_option(c, "--owner"),
	           *reason = cli_option(c, "--reason");

	if (!c->argc || (c->argc == 1 && !strcmp(c->argv[0], "list")))
		return cli_show(c, "suppress.list", NULL, show_suppressions);
	if (!strcmp(c->argv[0], "add"))
		return suppress_add(c, until, owner, reason);
	cli_words(c, 256, 0);
	return CLI_USAGE;
}

/* ---- recipe ---- */

static int show_recipes(const cJSON *result)
{
	const cJSON *r;

	cJSON_ArrayForEach(r, json_arr(result, "recipes"))
	{
		printf("%-20s ", json_str(r, "id", "?"));
		cli_puts(json_str(r, "title", ""));
		printf("\n");
	}
	return CLI_OK;
}

int cmd_recipe(struct cli *c)
{
	const char *incident = cli_option(c, "--incident"), *field = cli_option(c, "--field");
	cJSON *params;

	if (!c->argc || (c->argc == 1 && !strcmp(c->argv[0], "list")))
		return cli_show(c, "recipe.list", NULL, show_recipes);
	params = cJSON_CreateObject();
	cli_session(c, params);
	if (!cli_words(c, 2, 2)) {
		cJSON_Delete(params);
		return CLI_USAGE;
	}
	json_add_str(params, "recipe", c->argv[0]);
	json_add_str(params, "value", c->argv[1]);
	if (field)
		json_add_str(params, "field", field);
	if (incident)
		json_add_str(params, "incident", incident);
	return cli_question(c, "recipe.run", params);
}
