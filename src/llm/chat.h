/*
 * One call of a language model: a request in the house's own form becomes the provider's body, the stream that comes back becomes
 * a reply in the house's own form. Providers: OpenAI-compatible chat completions (OpenAI, Azure OpenAI, vLLM, Ollama, llama.cpp,
 * gateways) and Anthropic Messages. Blocking, in the worker that holds this one model's key; one struct chat belongs to one thread.
 *
 * REQUEST  {system, messages: [{role: "user|assistant|tool", text, calls: [{id, name, args}], id, error}], tools: [{name, description,
 *           schema}], answer: {name, schema}, max_tokens}
 *   tools: the model must call one of them. answer: the model must answer with one JSON object of that schema (by the provider's
 *   structured output, by a forced tool call, or by asking for it, whatever the model offers). args is JSON text as the model wrote it.
 * REPLY    {end, finish, text, refusal, calls: [{id, name, args}], tokens_in, tokens_out, cost_micro, first_us, elapsed_us, tries, model}
 *   A stream that broke is a reply too: end says how, and what had arrived is kept. For answer, text is the object's JSON text.
 *   cost_micro: millionths of the configured currency, null where the configuration has no price or the provider told no usage.
 *
 * Sources: shared fact sheet llm.md (OpenAI openapi.yaml, anthropic-sdk-python, Microsoft Learn, ollama and llama.cpp documentation).
 */
#ifndef MW_CHAT_H
#define MW_CHAT_H

#include "base/secret.h"
#include "llm/reply.h"

enum chat_answer { CHAT_ANSWER_SCHEMA, CHAT_ANSWER_TOOL, CHAT_ANSWER_TEXT };
struct model_conf { /* an entry of the configuration's "models"; strings belong to it */
	const char *name, *url, *model;
	const char *api_version; /* Azure's; NULL: not Azure */
	const char *credential;  /* where the key is; NULL: none is sent */
	const char *ca_file, *proxy, *insecure_why;
	enum reply_dialect dialect;
	enum chat_answer answer;
	bool old_limit;             /* max_tokens, as older OpenAI-compatible servers want */
	int64_t max_tokens;         /* of a reply */
	double price_in, price_out; /* of a million tokens; negative: not said */
};
/* The entry is borrowed and has to live on. */
int model_conf_read(struct model_conf *c, const cJSON *entry, struct err *e) MW_USE_RESULT;

#define CHAT_RETRIES 2
#define CHAT_REQUEST_MAX (4 * 1024 * 1024)

/* The body that is sent, for the provider; NULL where the request has no such form. */
cJSON *chat_body(const struct model_conf *c, const cJSON *request, struct err *e);

struct chat;
/* key may be NULL; taken over. */
int chat_open(struct chat **out, const struct model_conf *c, struct secret *key,
              struct err *e) MW_USE_RESULT;
void chat_close(struct chat *c);
/* What arrives while it arrives, to be shown as unchecked: text of the answer, or the arguments of a call. -1 stops. */
typedef int chat_fn(void *ctx, struct slice part, struct err *e);
struct chat_opts {
	int64_t deadline_us; /* mw_mono_us; 0: http.h's default */
	const volatile bool *cancelled;
	chat_fn *part; /* may be NULL */
	void *ctx;
};
/* NULL where the provider gave no stream at all, with its own message. ERR_LIMIT and ERR_REMOTE: another model may do; ERR_DENIED and
 * ERR_INVALID too, since keys and context lengths differ; ERR_CANCELLED and ERR_DEADLINE: no. */
cJSON *chat_call(struct chat *c, const cJSON *request, const struct chat_opts *o, struct err *e);
/* The reply of a stream that was kept: for replays and for the oracle of the transcripts. */
cJSON *chat_reply_json(const struct model_conf *c, const struct reply *r);

#endif
