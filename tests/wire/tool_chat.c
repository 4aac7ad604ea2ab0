/*
 * The client of the providers alone, for contract tests.
 *
 *   tool_chat body ENTRY REQUEST    the body that would be sent, one line of JSON
 *   tool_chat call ENTRY REQUEST    the reply, one line of JSON; "error: ..." and status 1 where there is none
 *   tool_chat samples               every kind of request to every kind of model: {dialect, body} a line
 *
 * ENTRY is an entry of the configuration's models, REQUEST the house's own form (llm/chat.h), both JSON.
 */
#include "base/mem.h"
#include "llm/chat.h"
#include "llm/prompt.h"
#include "model/field.h"

static cJSON *parse(const char *text)
{
	cJSON *j = cJSON_Parse(text);

	if (!j) {
		fprintf(stderr, "tool_chat: no JSON: %s\n", text);
		exit(2);
	}
	return j;
}

static void put(const cJSON *j)
{
	struct buf b = BUF_INIT;

	json_write(&b, j);
	printf("%s\n", b.s);
	buf_release(&b);
}

static int fail(const struct err *e)
{
	printf("error: %s: %s\n", err_code_name(e->code), e->what);
	return 1;
}

static int body(const cJSON *entry, const cJSON *request)
{
	struct model_conf c;
	struct err e;
	cJSON *j = model_conf_read(&c, entry, &e) ? NULL : chat_body(&c, request, &e);

	if (!j)
		return fail(&e);
	put(j);
	cJSON_Delete(j);
	return 0;
}

static int call(const cJSON *entry, const cJSON *request)
{
	struct chat_opts o = {.deadline_us = mw_mono_us() + 10 * MW_SECOND};
	struct model_conf c;
	struct chat *chat;
	struct err e;
	cJSON *reply;

	if (model_conf_read(&c, entry, &e) || chat_open(&chat, &c, secret_new("key", 3), &e))
		return fail(&e);
	reply = chat_call(chat, request, &o, &e);
	chat_close(chat);
	if (!reply)
		return fail(&e);
	put(reply);
	cJSON_Delete(reply);
	return 0;
}

/* ---- samples: what our own prompts make, and a round that went back ---- */

static const char *const entries[] = {
        "{\"name\":\"a\",\"kind\":\"openai\",\"model\":\"m\"}",
        "{\"name\":\"a\",\"kind\":\"openai\",\"model\":\"m\",\"answer\":\"tool\",\"old_limit\":true}",
        "{\"name\":\"a\",\"kind\":\"openai\",\"model\":\"m\",\"answer\":\"text\"}",
        "{\"name\":\"a\",\"kind\":\"anthropic\",\"model\":\"m\"}",
        "{\"name\":\"a\",\"kind\":\"anthropic\",\"model\":\"m\",\"answer\":\"text\"}",
};

static void add_round(cJSON *request)
{
	cJSON *list = json_arr(request, "messages");

	cJSON_AddItemToArray(
	        list, parse("{\"role\":\"assistant\",\"text\":\"\",\"calls\":[{\"id\":\"c1\","
	                    "\"name\":\"plan\",\"args\":\"{\\\"steps\\\":[]}\"}]}"));
	cJSON_AddItemToArray(list,
	                     parse("{\"role\":\"tool\",\"id\":\"c1\",\"text\":\"steps is empty\","
	                           "\"error\":true}"));
}

static void put_samples(const cJSON *request)
{
	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		struct model_conf c;
		struct err e;
		cJSON *entry = parse(entries[i]), *o = cJSON_CreateObject(), *b;
		if (model_conf_read(&c, entry, &e) || !(b = chat_body(&c, request, &e)))
			exit(fail(&e));
		json_add_str(o, "dialect", json_str(entry, "kind", ""));
		cJSON_AddItemToObject(o, "body", b);
		put(o);
		cJSON_Delete(o);
		cJSON_Delete(entry);
	}
}

static int samples(void)
{
	struct prompts *all;
	struct err e;

	if (fields_load(&e) || prompts_load(&all, &e))
		return fail(&e);
	for (size_t i = 0; i < prompts_count(all); i++) {
		const struct prompt *p = prompts_at(all, i);
		const cJSON *test = p->tests ? p->tests->child : NULL;
		cJSON *request = prompt_request(p, json_obj(test, "inputs"), &e);
		if (!request)
			return fail(&e);
		put_samples(request);
		if (p->tools) {
			add_round(request);
			put_samples(request);
		}
		cJSON_Delete(request);
	}
	prompts_free(all);
	return 0;
}

int main(int argc, char **argv)
{
	cJSON *entry, *request;
	int rc;

	if (argc == 2 && !strcmp(argv[1], "samples"))
		return samples();
	if (argc != 4)
		return 2;
	entry = parse(argv[2]);
	request = parse(argv[3]);
	rc = strcmp(argv[1], "body") ? call(entry, request) : body(entry, request);
	cJSON_Delete(entry);
	cJSON_Delete(request);
	return rc;
}
