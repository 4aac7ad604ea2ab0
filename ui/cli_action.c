/*
 * playbook, action: what is proposed for an incident, and its approval. Approving asks for the digest that `action show` printed
 * and the word of the target: what was not looked at cannot be approved.
 */
#include "cli.h"

static int show_playbook(const cJSON *p)
{
	const cJSON *s, *left;

	cli_puts(json_str(p, "title", ""));
	printf(" v%s\n", json_str(p, "version", "?"));
	cJSON_ArrayForEach(s, json_arr(p, "steps"))
	{
		printf("%2lld %-8s %-4s %-7s ", (long long)json_i64(s, "n", 0),
		       json_str(s, "state", ""), json_str(s, "risk", ""), json_str(s, "needs", ""));
		cli_puts(json_str(s, "title", ""));
		printf("; reverse: ");
		cli_puts(json_str(s, "reverse", "none"));
		if (json_str(s, "request", NULL))
			printf("; %s", json_str(s, "request", ""));
		if (json_str(s, "reason_off", NULL)) {
			printf("; off: ");
			cli_puts(json_str(s, "reason_off", ""));
		}
		printf("\n");
	}
	cJSON_ArrayForEach(left, json_arr(p, "left_out"))
	{
		printf(" - left out: ");
		cli_puts(cJSON_IsString(left) ? left->valuestring : "");
		printf("\n");
	}
	cli_puts(json_str(p, "why", ""));
	printf("\n");
	return CLI_OK;
}

int cmd_playbook(struct cli *c)
{
	cJSON *params;

	if (!cli_words(c, 1, 1))
		return CLI_USAGE;
	params = cJSON_CreateObject();
	json_add_str(params, "incident", c->argv[0]);
	return cli_show(c, "playbook.get", params, show_playbook);
}

/* Every member, whole: nothing that is approved is left out. */
static int show_action(const cJSON *action)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, action)
	{
		struct buf b = BUF_INIT;
		printf("%-11s ", m->string);
		if (cJSON_IsString(m))
			buf_str(&b, m->valuestring);
		else
			json_write(&b, m);
		cli_put((struct slice){b.s, b.len});
		printf("\n");
		buf_release(&b);
	}
	return CLI_OK;
}

static const struct verb {
	const char *name, *method;
	const char *params[4]; /* what the words after the verb are */
} verbs[] = {
        {"propose", "action.propose", {"incident", "step"}},
        {"show", "action.get", {"action"}},
        {"approve", "action.approve", {"action", "digest", "word"}},
        {"deny", "action.deny", {"action", "reason"}},
        {"reverse", "action.reverse", {"action"}},
};

static const struct verb *verb_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

int cmd_action(struct cli *c)
{
	const struct verb *v;
	cJSON *params;
	int64_t n;
	int words = 0;

	if (!cli_words(c, 2, 4))
		return CLI_USAGE;
	v = verb_named(c->argv[0]);
	while (v && words < (int)ARRAY_LEN(v->params) && v->params[words])
		words++;
	if (!cli_words(c, words + 1,
	               v ? words + 1 : 0)) /* no such verb: no number of words is right */
		return CLI_USAGE;
	params = cJSON_CreateObject();
	for (int i = 0; i < words; i++) {
		const char *word = c->argv[i + 1];
		if (!strcmp(v->params[i], "step") && slice_i64(slice_of(word), &n))
			json_add_i64(params, "step", n);
		else
			json_add_str(params, v->params[i], word);
	}
	return cli_show(c, v->method, params, show_action);
}
