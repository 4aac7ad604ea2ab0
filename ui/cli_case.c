/*
 * queue, case, lake: what state and lake hold, and small changes to it.
 */
#include "cli.h"
#include "model/platform.h"

#define DAY_SECONDS 86400

/* ---- queue ---- */

static void print_age(int64_t seconds)
{
	if (seconds < 3600)
		printf("%4lldm", (long long)(seconds / 60));
	else if (seconds < DAY_SECONDS)
		printf("%4lldh", (long long)(seconds / 3600));
	else
		printf("%4lldd", (long long)(seconds / DAY_SECONDS));
}

static int show_queue(const cJSON *q)
{
	const cJSON *r, *hidden = json_obj(q, "hidden");

	cJSON_ArrayForEach(r, json_arr(q, "rows"))
	{
		printf("%-9s %s %3lld ", json_str(r, "id", ""), json_str(r, "severity", "?"),
		       (long long)json_i64(r, "score", 0));
		print_age(json_i64(r, "age_s", 0));
		printf(" %-6s %-10s %-6s %5lld  ", json_str(r, "state", ""),
		       *json_str(r, "owner", "") ? json_str(r, "owner", "") : "-",
		       json_str(r, "sources", ""), (long long)json_i64(r, "count", 0));
		cli_puts(json_str(r, "title", ""));
		printf("\n");
	}
	printf("%lld of %lld shown; hidden: %lld suppressed, %lld snoozed, %lld closed\n",
	       (long long)json_i64(q, "shown", 0), (long long)json_i64(q, "total", 0),
	       (long long)json_i64(hidden, "suppressed", 0),
	       (long long)json_i64(hidden, "snoozed", 0), (long long)json_i64(hidden, "closed", 0));
	return CLI_OK;
}

int cmd_queue(struct cli *c)
{
	const char *filter = cli_option(c, "--filter"), *sort = cli_option(c, "--sort");
	bool hidden = cli_switch(c, "--hidden");
	cJSON *params;

	if (!cli_words(c, 0, 0))
		return CLI_USAGE;
	params = cJSON_CreateObject();
	if (filter)
		json_add_str(params, "filter", filter);
	if (sort)
		json_add_str(params, "sort", sort);
	if (hidden)
		json_add_bool(params, "hidden", true);
	return cli_show(c, "queue.list", params, show_queue);
}

/* ---- case ---- */

static void print_sentences(const cJSON *card, const char *key, const char *title)
{
	const cJSON *s, *ev;

	cJSON_ArrayForEach(s, json_arr(card, key))
	{
		printf("%-7s", title);
		cli_puts(cJSON_IsString(s) ? s->valuestring : json_str(s, "text", ""));
		cJSON_ArrayForEach(ev, json_arr(s, "evidence")) if (cJSON_IsString(ev))
		        printf(" [%s]", ev->valuestring);
		printf("\n");
		title = "";
	}
}

static void print_said(const cJSON *card, const char *key, const char *title,
                       void (*say)(struct buf *b, const cJSON *thing))
{
	const cJSON *x;

	cJSON_ArrayForEach(x, json_arr(card, key))
	{
		struct buf b = BUF_INIT;
		say(&b, x);
		fputs(title, stdout);
		cli_puts(b.s);
		putchar('\n');
		buf_release(&b);
	}
}

static int show_case(const cJSON *card)
{
	static const struct {
		const char *key, *title;
	} parts[] = {{"what", "What"}, {"how", "How"},     {"rivals", "Rival"},
	             {"to", "To"},     {"whose", "Whose"}, {"gaps", "Gaps"}};
	const cJSON *x;

	printf("%s %s %lld %s ", json_str(card, "id", ""), json_str(card, "severity", ""),
	       (long long)json_i64(card, "score", 0),
	       json_str(card, "state", json_str(card, "status", "")));
	cli_puts(json_str(card, "title", ""));
	printf("\n");
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		print_sentences(card, parts[i].key, parts[i].title);
	cJSON_ArrayForEach(x, json_arr(card, "notes"))
	{
		printf("note   %s ", json_str(x, "at", ""));
		cli_puts(json_str(x, "by", ""));
		printf(": ");
		cli_puts(json_str(x, "text", ""));
		printf("\n");
	}
	print_said(card, "platforms", "in     ", say_platform);
	print_said(card, "outbox", "outbox ", say_intent);
	cJSON_ArrayForEach(x, json_arr(card, "pins"))
	{
		printf("pin    %s ", json_str(x, "id", ""));
		cli_puts(json_str(x, "note", ""));
		printf("\n");
	}
	cJSON_ArrayForEach(x, json_arr(card, "next"))
	{
		printf("next   %lld ", (long long)json_i64(x, "n", 0));
		cli_puts(json_str(x, "question", json_str(x, "label", "")));
		printf("\n");
	}
	return CLI_OK;
}

static cJSON *id_param(const char *id)
{
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, "id", id);
	return o;
}

/* One verb: what it calls, and what its words are. A star stands before the last one, which takes all words that are left, as a list;
 * ? behind a name: it may be left out. */
static const struct verb {
	const char *name, *method;
	const char *words[4];
	const char *fixed, *value; /* a parameter that the verb itself gives */
} verbs[] = {
        {"claim",
         "incident.update",
         {NULL},
         "owner",
         "me"}, /* whose name that is, the engine knows */
        {"assign", "incident.update", {"owner"}, NULL, NULL},
        {"status", "incident.update", {"status"}, NULL, NULL},
        {"snooze", "incident.update", {"snooze_until"}, NULL, NULL},
        {"note", "incident.note", {"text"}, NULL, NULL},
        {"severity", "incident.write", {"severity"}, NULL, NULL}, /* there; ours is computed */
        {"tag", "incident.write", {"tag"}, NULL, NULL},
        {"pin", "incident.pin", {"evidence", "note?"}, NULL, NULL},
        {"unpin", "incident.pin", {"evidence"}, "remove", "true"},
        {"merge", "incident.merge", {"*with"}, NULL, NULL},
        {"unmerge", "incident.unmerge", {"with"}, NULL, NULL},
        {"split", "incident.split", {"reason", "*findings"}, NULL, NULL},
        {"close", "incident.close", {"verdict", "reason", "note?"}, NULL, NULL},
};

/* incident.close takes several. */
static cJSON *verb_params(const struct verb *v, const char *id)
{
	cJSON *o = strcmp(v->method, "incident.close") ? id_param(id) : cJSON_CreateObject();

	if (!cJSON_GetArraySize(o))
		cJSON_AddItemToArray(json_add_arr(o, "ids"), cJSON_CreateString(id));
	if (v->fixed && !strcmp(v->value, "true"))
		json_add_bool(o, v->fixed, true);
	else if (v->fixed)
		json_add_str(o, v->fixed, v->value);
	return o;
}

static bool add_word(cJSON *params, const char *name, const char *word)
{
	char *plain = xstrndup(name, strcspn(name, "?")), end[32];
	bool until = !strcmp(name, "snooze_until"), ok = !until || cli_until(word, end);

	if (ok)
		json_add_str(params, plain, until ? end : word);
	free(plain);
	return ok;
}

/* Fills params by the verb's words; false where they do not fit. */
static bool take_words(const struct verb *v, struct cli *c, cJSON *params)
{
	int at = 2;

	for (size_t i = 0; i < ARRAY_LEN(v->words) && v->words[i]; i++) {
		const char *name = v->words[i];
		cJSON *list = *name == '*' ? json_add_arr(params, name + 1) : NULL;
		if (at >= c->argc)
			return strchr(name, '?') != NULL;
		while (list && at < c->argc)
			cJSON_AddItemToArray(list, cJSON_CreateString(c->argv[at++]));
		if (!list && !add_word(params, name, c->argv[at++]))
			return false;
	}
	return at == c->argc;
}

static int case_verb(struct cli *c, const struct verb *v)
{
	cJSON *params = verb_params(v, c->argv[0]);

	if (take_words(v, c, params))
		return cli_show(c, v->method, params, NULL);
	cJSON_Delete(params);
	cli_words(c, 256, 0);
	return CLI_USAGE;
}

int cmd_case(struct cli *c)
{
	if (!cli_words(c, 1, 64))
		return CLI_USAGE;
	if (c->argc == 1)
		return cli_show(c, "incident.get", id_param(c->argv[0]), show_case);
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (!strcmp(verbs[i].name, c->argv[1]))
			return case_verb(c, &verbs[i]);
	cli_words(c, 256, 0);
	return CLI_USAGE;
}

/* ---- lake ---- */

static int show_lake(const cJSON *s)
{
	const cJSON *d, *cluster = json_obj(s, "cluster");

	if (cluster) {
		printf("events are in ");
		cli_puts(json_str(cluster, "source", ""));
		printf("  ");
		cli_puts(json_str(cluster, "error", json_str(cluster, "what", "")));
		printf("\n");
	}
	printf("%lld events, %lld bytes on disk of %lld raw, %s to %s\n",
	       (long long)json_i64(s, "events", 0), (long long)json_i64(s, "bytes", 0),
	       (long long)json_i64(s, "raw_bytes", 0), json_str(s, "from", "-"),
	       json_str(s, "to", "-"));
	if (json_str(s, "retained_from", NULL))
		printf("older than %s: dropped by the retention\n",
		       json_str(s, "retained_from", ""));
	cJSON_ArrayForEach(d, json_arr(s, "datasets"))
	{
		printf("%10lld  %-20s %s to %s\n", (long long)json_i64(d, "events", 0),
		       json_str(d, "name", ""), json_str(d, "from", "-"), json_str(d, "to", "-"));
	}
	printf("%lld records set aside (midwatch import --rejected)\n",
	       (long long)json_i64(s, "rejected", 0));
	return CLI_OK;
}

static int lake_retain(struct cli *c, const char *size, const char *days)
{
	cJSON *o = cJSON_CreateObject();
	int64_t n;

	if (size && slice_i64(slice_of(size), &n))
		json_add_i64(o, "max_bytes", n);
	if (days && slice_i64(slice_of(days), &n))
		json_add_i64(o, "days", n);
	return cli_show(c, "lake.retain", o, NULL);
}

int cmd_lake(struct cli *c)
{
	const char *size = cli_option(c, "--size"), *days = cli_option(c, "--days");
	cJSON *o;

	if (!cli_words(c, 1, 2))
		return CLI_USAGE;
	if (strcmp(c->argv[0], "status") == 0)
		return cli_show(c, "lake.status", NULL, show_lake);
	if (strcmp(c->argv[0], "retain") == 0)
		return lake_retain(c, size, days);
	if (strcmp(c->argv[0], "drop") == 0) {
		o = cJSON_CreateObject();
		if (c->argc == 2)
			json_add_str(o, "dataset", c->argv[1]);
		return cli_show(c, "lake.drop", o, NULL);
	}
	cli_words(c, 3, 0);
	return CLI_USAGE;
}
