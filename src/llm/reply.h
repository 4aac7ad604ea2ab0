/*
 * One reply of a model, assembled from its stream whatever the cuts: text, reasoning, refusal, tool calls, usage, and above all how it
 * ended. Two dialects: OpenAI chat completions (also Azure, vLLM, Ollama /v1, llama.cpp) and Anthropic messages. Pure state machine, any
 * process; what had arrived before a break stays and is marked.
 *
 * Sources: shared fact sheet llm.md (OpenAI openapi.yaml, anthropic-sdk-python, ollama and llama.cpp documentation).
 */
#ifndef MW_REPLY_H
#define MW_REPLY_H

#include "base/json.h"
#include "base/mem.h"
#include "net/http.h"

enum reply_dialect { REPLY_OPENAI, REPLY_ANTHROPIC };
enum reply_end {
	REPLY_RUNNING,
	REPLY_DONE,             /* the terminator was seen */
	REPLY_EOF_AFTER_FINISH, /* a reason to stop, then the end of the stream: complete */
	REPLY_TRUNCATED,        /* the stream ended before the reply did */
	REPLY_ERROR,            /* an error object was seen */
};
const char *reply_end_name(enum reply_end e);

#define REPLY_TEXT_MAX (4 * 1024 * 1024)
#define REPLY_CALLS_MAX 64

struct tool_call {
	int64_t index; /* the stream's own key */
	char *id, *name;
	struct buf args; /* JSON text as it came; may be empty */
};
struct reply {
	enum reply_dialect dialect;
	struct sse sse;
	struct buf content, reasoning, refusal,
	        head; /* head: the first bytes, to recognise an error body that is no stream */
	VEC(struct tool_call) calls;
	char *finish; /* the vendor's own word, or NULL */
	cJSON *usage; /* or NULL */
	char *error_type, *error_code, *error_message;
	enum reply_end end;
	bool terminator;
	size_t events;
};
void reply_init(struct reply *r, enum reply_dialect d);
void reply_release(struct reply *r);
/* Bytes of the stream. -1 only where a cap is reached; a broken event is skipped. */
int reply_feed(struct reply *r, struct slice part, struct err *e) MW_USE_RESULT;
/* The stream is over: settles r->end. */
void reply_close(struct reply *r);
/* The execute rule: the stream ended well, for a reason that lets tools run, and call i's arguments are one JSON object (empty counts as {}).
 * Returns the parsed arguments (caller deletes), or NULL with why not. Policy and a person still have to agree. */
cJSON *reply_call_args(const struct reply *r, size_t i, struct err *e);

#endif
