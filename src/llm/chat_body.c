/* What a request looks like to each provider. */
#include "llm/chat.h"

#include "base/limits.h"

#define MAX_TOKENS_DEFAULT 4096

static void add(cJSON *list, cJSON *item)
{
	cJSON_AddItemToArray(list, item);
}

static void add_schema(cJSON *o, const char *key, const cJSON *of)
{
	const cJSON *schema = json_obj(of, "schema");
	cJSON_AddItemToObject(o, key,
	                      schema ? cJSON_Duplicate(schema, true) : cJSON_CreateObject());
}

static cJSON *typed(const char *type)
{
	cJSON *o = cJSON_CreateObject();
	json_add_str(o, "type", type);
	return o;
}

/* ---- OpenAI ---- */

static cJSON *openai_say(const char *role, const char *text)
{
	cJSON *o = cJSON_CreateObject();
	json_add_str(o, "role", role);
	json_add_str(o, "content", text);
	return o;
}

static cJSON *openai_call(const cJSON *call)
{
	cJSON *o = cJSON_CreateObject(), *fn;
	json_add_str(o, "id", json_str(call, "id", ""));
	json_add_str(o, "type", "function");
	fn = json_add_obj(o, "function");
	json_add_str(fn, "name", json_str(call, "name", ""));
	json_add_str(fn, "arguments", json_str(call, "args", "{}"));
	return o;
}

static cJSON *openai_message(const cJSON *m)
{
	const char *role = json_str(m, "role", "user"), *text = json_str(m, "text", NULL);
	const cJSON *calls = json_arr(m, "calls"), *c;
	cJSON *o, *list;
	if (!strcmp(role, "tool")) {
		o = openai_say(role, text ? text : "");
		json_add_str(o, "tool_call_id", json_str(m, "id", ""));
		return o;
	}
	o = openai_say(role, calls && text && !*text ? NULL : text);
	if (!calls || !calls->child)
		return o;
	list = json_add_arr(o, "tool_calls");
	cJSON_ArrayForEach(c, calls) add(list, openai_call(c));
	return o;
}

static cJSON *openai_tool(const cJSON *t)
{
	cJSON *o = typed("function"), *fn = json_add_obj(o, "function");
	json_add_str(fn, "name", json_str(t, "name", ""));
	json_add_str(fn, "description", json_str(t, "description", ""));
	add_schema(fn, "parameters", t);
	return o;
}

static void openai_force(cJSON *body, const char *name)
{
	cJSON *choice = json_add_obj(body, "tool_choice");
	json_add_str(choice, "type", "function");
	json_add_str(json_add_obj(choice, "function"), "name", name);
}

static void openai_tools(cJSON *body, const cJSON *tools)
{
	cJSON *list = json_add_arr(body, "tools");
	const cJSON *t;
	cJSON_ArrayForEach(t, tools) add(list, openai_tool(t));
	json_add_bool(body, "parallel_tool_calls", false);
}

static void openai_schema(cJSON *body, const cJSON *answer)
{
	cJSON *format = json_add_obj(body, "response_format"), *schema;
	json_add_str(format, "type", "json_schema");
	schema = json_add_obj(format, "json_schema");
	json_add_str(schema, "name", json_str(answer, "name", "answer"));
	json_add_bool(schema, "strict", true);
	add_schema(schema, "schema", answer);
}

static cJSON *openai_body(const struct model_conf *c, const cJSON *request)
{
	cJSON *o = cJSON_CreateObject(), *messages;
	const cJSON *m, *tools = json_arr(request, "tools"), *answer = json_obj(request, "answer");
	json_add_str(o, "model", c->model);
	messages = json_add_arr(o, "messages");
	add(messages, openai_say("system", json_str(request, "system", "")));
	cJSON_ArrayForEach(m, json_arr(request, "messages")) add(messages, openai_message(m));
	if (tools) {
		openai_tools(o, tools);
		json_add_str(o, "tool_choice", "required");
	} else if (answer && c->answer == CHAT_ANSWER_TOOL) {
		cJSON *one = cJSON_CreateArray();
		add(one, cJSON_Duplicate(answer, true));
		openai_tools(o, one);
		cJSON_Delete(one);
		openai_force(o, json_str(answer, "name", "answer"));
	} else if (answer && c->answer == CHAT_ANSWER_SCHEMA) {
		openai_schema(o, answer);
	}
	json_add_bool(o, "stream", true);
	json_add_bool(json_add_obj(o, "stream_options"), "include_usage", true);
	json_add_i64(o, c->old_limit ? "max_tokens" : "max_completion_tokens",
	             json_i64(request, "max_tokens", c->max_tokens));
	return o;
}

/* ---- Anthropic ---- */

static void anthropic_text(cJSON *blocks, const char *text)
{
	cJSON *o;
	if (!text || !*text)
		return; /* an empty text block is refused */
	o = typed("text");
	json_add_str(o, "text", text);
	add(blocks, o);
}

static void anthropic_call(cJSON *blocks, const cJSON *call)
{
	cJSON *o = typed("tool_use"), *input;
	struct err ignored;
	input = json_parse(slice_of(json_str(call, "args", "{}")), MW_PLAN_JSON_MAX, &ignored);
	json_add_str(o, "id", json_str(call, "id", ""));
	json_add_str(o, "name", json_str(call, "name", ""));
	/* What did not parse was answered with an error; the provider wants an object all the same. */
	cJSON_AddItemToObject(o, "input", cJSON_IsObject(input) ? input : cJSON_CreateObject());
	if (!cJSON_IsObject(input))
		cJSON_Delete(input);
	add(blocks, o);
}

static void anthropic_result(cJSON *blocks, const cJSON *m)
{
	cJSON *o = typed("tool_result");
	json_add_str(o, "tool_use_id", json_str(m, "id", ""));
	json_add_str(o, "content", json_str(m, "text", ""));
	json_add_bool(o, "is_error", json_bool(m, "error", false));
	add(blocks, o);
}

/* Results of tools are a user's message, all of one turn in one; a user's text behind them joins it. */
static cJSON *anthropic_turn(cJSON *messages, const char *role)
{
	const cJSON *last = cJSON_GetArrayItem(messages, cJSON_GetArraySize(messages) - 1);
	cJSON *o;
	if (last && !strcmp(json_str(last, "role", ""), role))
		return json_arr(last, "content");
	o = cJSON_CreateObject();
	json_add_str(o, "role", role);
	add(messages, o);
	return json_add_arr(o, "content");
}

static void anthropic_message(cJSON *messages, const cJSON *m)
{
	const char *role = json_str(m, "role", "user");
	const cJSON *c;
	cJSON *blocks = anthropic_turn(messages, !strcmp(role, "assistant") ? "assistant" : "user");
	if (!strcmp(role, "tool")) {
		anthropic_result(blocks, m);
		return;
	}
	anthropic_text(blocks, json_str(m, "text", ""));
	cJSON_ArrayForEach(c, json_arr(m, "calls")) anthropic_call(blocks, c);
}

static void anthropic_tool(cJSON *tools, const cJSON *t)
{
	cJSON *o = cJSON_CreateObject();
	json_add_str(o, "name", json_str(t, "name", ""));
	json_add_str(o, "description", json_str(t, "description", ""));
	add_schema(o, "input_schema", t);
	add(tools, o);
}

static void anthropic_choice(cJSON *body, const char *name)
{
	cJSON *o = json_add_obj(body, "tool_choice");
	json_add_str(o, "type", name ? "tool" : "any");
	if (name)
		json_add_str(o, "name", name);
	json_add_bool(o, "disable_parallel_tool_use", true);
}

static cJSON *anthropic_body(const struct model_conf *c, const cJSON *request)
{
	cJSON *o = cJSON_CreateObject(), *messages, *list;
	const cJSON *m, *t, *tools = json_arr(request, "tools"),
	                    *answer = json_obj(request, "answer");
	json_add_str(o, "model", c->model);
	json_add_i64(o, "max_tokens", json_i64(request, "max_tokens", c->max_tokens));
	json_add_str(o, "system", json_str(request, "system", ""));
	messages = json_add_arr(o, "messages");
	cJSON_ArrayForEach(m, json_arr(request, "messages")) anthropic_message(messages, m);
	if (tools || (answer && c->answer == CHAT_ANSWER_TOOL)) {
		list = json_add_arr(o, "tools");
		cJSON_ArrayForEach(t, tools) anthropic_tool(list, t);
		if (!tools)
			anthropic_tool(list, answer);
		anthropic_choice(o, tools ? NULL : json_str(answer, "name", "answer"));
	} else if (answer && c->answer == CHAT_ANSWER_SCHEMA) {
		cJSON *format = json_add_obj(json_add_obj(o, "output_config"), "format");
		json_add_str(format, "type", "json_schema");
		add_schema(format, "schema", answer);
	}
	json_add_bool(o, "stream", true);
	return o;
}

cJSON *chat_body(const struct model_conf *c, const cJSON *request, struct err *e)
{
	if (!json_arr(request, "messages") || !json_arr(request, "messages")->child) {
		err_set(e, ERR_INTERNAL, "a model is asked without a message");
		return NULL;
	}
	return c->dialect == REPLY_ANTHROPIC ? anthropic_body(c, request) : openai_body(c, request);
}

/* ---- the configuration's entry ---- */

static const char *const answer_words[] = {
        [CHAT_ANSWER_SCHEMA] = "schema", [CHAT_ANSWER_TOOL] = "tool", [CHAT_ANSWER_TEXT] = "text"};

static int read_price(const cJSON *entry, const char *key, double *out, struct err *e)
{
	const char *text = json_str(entry, key, NULL);
	*out = -1;
	if (!text || (slice_double(slice_of(text), out) && *out >= 0))
		return 0;
	return err_set(e, ERR_INVALID, "%s: %s is not a price: \"%s\"",
	               json_str(entry, "name", "?"), key, text);
}

int model_conf_read(struct model_conf *c, const cJSON *entry, struct err *e)
{
	const char *kind = json_str(entry, "kind", ""), *answer = json_str(entry, "answer", NULL);
	*c = (struct model_conf){.name = json_str(entry, "name", "model"),
	                         .url = json_str(entry, "url", ""),
	                         .model = json_str(entry, "model", ""),
	                         .api_version = json_str(entry, "api_version", NULL),
	                         .credential = json_str(entry, "credential", NULL),
	                         .ca_file = json_str(entry, "ca_file", NULL),
	                         .proxy = json_str(entry, "proxy", NULL),
	                         .insecure_why = json_str(entry, "insecure_why", NULL),
	                         .dialect = !strcmp(kind, "anthropic") ? REPLY_ANTHROPIC
	                                                               : REPLY_OPENAI,
	                         .old_limit = json_bool(entry, "old_limit", false),
	                         .max_tokens = json_i64(entry, "max_tokens", MAX_TOKENS_DEFAULT)};
	c->answer = c->dialect == REPLY_ANTHROPIC ? CHAT_ANSWER_TOOL : CHAT_ANSWER_SCHEMA;
	for (size_t i = 0; answer && i < ARRAY_LEN(answer_words); i++)
		if (!strcmp(answer, answer_words[i]))
			c->answer = (enum chat_answer)i;
	return read_price(entry, "price_in", &c->price_in, e) ||
	                       read_price(entry, "price_out", &c->price_out, e)
	               ? -1
	               : 0;
}
