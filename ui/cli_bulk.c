/*
 * bulk: a step over many incidents. `close` prints the review and changes nothing; `run` takes the digest that the review ended with.
 */
#include "cli.h"

static void print_review(const cJSON *review)
{
	const cJSON *x;

	cJSON_ArrayForEach(x, json_arr(review, "items"))
	{
		printf("%-9s %s %-5s ", json_str(x, "incident", "?"), json_str(x, "severity", "?"),
		       json_str(x, "status", "?"));
		cli_puts(*json_str(x, "owner", "") ? json_str(x, "owner", "") : "-");
		printf("  ");
		cli_puts(json_str(x, "title", ""));
		printf("\n");
	}
	cJSON_ArrayForEach(x, json_arr(review, "systems"))
	{
		printf("%s: ", json_str(x, "system", "?"));
		cli_puts(json_str(x, "will", ""));
		if (json_str(x, "off", NULL)) {
			printf(" (");
			cli_puts(json_str(x, "off", ""));
			printf(")");
		}
		printf("\n");
	}
	printf("verdict %s, reason: ", json_str(review, "verdict", ""));
	cli_puts(json_str(review, "reason", ""));
	printf("\n");
}

static void print_results(const cJSON *bulk)
{
	const cJSON *x;

	cJSON_ArrayForEach(x, json_arr(bulk, "results"))
	{
		printf("%-9s %-6s ", json_str(x, "incident", "?"), json_str(x, "state", "?"));
		cli_puts(json_str(x, "why", ""));
		printf("\n");
	}
}

static int show_bulk(const cJSON *bulk)
{
	const char *state = json_str(bulk, "state", "");
	int64_t n = json_i64(bulk, "bulk", 0);

	if (!strcmp(state, "review"))
		print_review(json_obj(bulk, "review"));
	print_results(bulk);
	printf("bulk %lld %s: %lld done, %lld failed, %lld open\n", (long long)n, state,
	       (long long)json_i64(bulk, "done", 0), (long long)json_i64(bulk, "failed", 0),
	       (long long)json_i64(bulk, "open", 0));
	if (!strcmp(state, "review") || !strcmp(state, "stopped"))
		printf("nothing runs; to run it: midwatch bulk run %lld %s\n", (long long)n,
		       json_str(bulk, "digest", ""));
	return json_i64(bulk, "failed", 0) ? CLI_PARTIAL : CLI_OK;
}

static int review(struct cli *c, const char *note)
{
	cJSON *params, *ids;

	if (!cli_words(c, 4, 512))
		return CLI_USAGE;
	params = cJSON_CreateObject();
	json_add_str(params, "verdict", c->argv[1]);
	json_add_str(params, "reason", c->argv[2]);
	if (note)
		json_add_str(params, "note", note);
	ids = json_add_arr(params, "ids");
	for (int i = 3; i < c->argc; i++)
		cJSON_AddItemToArray(ids, cJSON_CreateString(c->argv[i]));
	return cli_show(c, "bulk.review", params, show_bulk);
}

int cmd_bulk(struct cli *c)
{
	static const struct {
		const char *verb, *method;
		int words;
	} verbs[] = {{"run", "bulk.run", 3}, {"stop", "bulk.stop", 2}, {"show", "bulk.get", 2}};
	const char *note = cli_option(c, "--note");
	int64_t n;

	if (!cli_words(c, 2, 512))
		return CLI_USAGE;
	if (!strcmp(c->argv[0], "close"))
		return review(c, note);
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		cJSON *params;
		if (strcmp(c->argv[0], verbs[i].verb) || c->argc != verbs[i].words ||
		    !slice_i64(slice_of(c->argv[1]), &n))
			continue;
		params = cJSON_CreateObject();
		json_add_i64(params, "bulk", n);
		if (c->argc == 3)
			json_add_str(params, "digest", c->argv[2]);
		return cli_show(c, verbs[i].method, params, show_bulk);
	}
	cli_words(c, 512, 0);
	return CLI_USAGE;
}
