/*
 * queue, case, lake: what state and lake hold, and small changes to it.
 */
#include "cli.h"

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

static int case_close(struct cli *c)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToArray(json_add_arr(o, "ids"), cJSON_CreateString(c->argv[0]));
	json_add_str(o, "verdict", c->argv[2]);
	json_add_str(o, "reason", c->argc > 3 ? c->argv[3] : "");
	return cli_show(c, "incident.close", o, NULL);
}

/* The user's own name is the engine's to say: it knows the uid. */
static int case_claim(struct cli *c)
{
	cJSON *o = id_param(c->argv[0]);

	json_add_str(o, "owner", "me");
	return cli_show(c, "incident.update", o, NULL);
}

static int case_text(struct cli *c, const char *method, const char *param)
{
	cJSON *o = id_param(c->argv[0]);

	json_add_str(o, param, c->argv[2]);
	return cli_show(c, method, o, NULL);
}

int cmd_case(struct cli *c)
{
	const char *verb;

	if (!cli_words(c, 1, 4))
		return CLI_USAGE;
	if (c->argc == 1)
		return cli_show(c, "incident.get", id_param(c->argv[0]), show_case);
	verb = c->argv[1];
	if (strcmp(verb, "claim") == 0 && c->argc == 2)
		return case_claim(c);
	if (strcmp(verb, "note") == 0 && c->argc == 3)
		return case_text(c, "incident.note", "text");
	if (strcmp(verb, "pin") == 0 && c->argc == 3)
		return case_text(c, "incident.pin", "evidence");
	if (strcmp(verb, "status") == 0 && c->argc == 3)
		return case_text(c, "incident.update", "status");
	if (strcmp(verb, "close") == 0 && c->argc >= 3)
		return case_close(c);
	cli_words(c, 5, 0);
	return CLI_USAGE;
}

/* ---- lake ---- */

static int show_lake(const cJSON *s)
{
	const cJSON *d;

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
