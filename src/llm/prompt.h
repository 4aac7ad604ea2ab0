/*
 * The registry of prompts. A prompt is one file: a header in YAML between two lines of "---", then the sections "# system" and
 * "# user" with holes {{input}}. What is not registered cannot be sent: a request is only ever made here, and it carries the
 * prompt's id, version and the SHA-256 of the whole file.
 *
 *   id, version, owner, purpose, role (plan | write | cheap)
 *   phase (read-only, the default | assisted | conditional): the least rollout phase in which it may be used
 *   inputs   map of name to where it is from: ours (made by the engine: as it is), analyst or outside (fenced as data)
 *   tools    {name: {description, schema}}, one of which must be called, or
 *   answer   {description, schema}: one JSON object. schema: inline, or the name of an asset.
 *   tests    [{name, inputs, expect}] for `midwatch prompt test` (llm/eval.h says what expect may be)
 *
 * Built-in prompts are prompts/NAME.md; a user's own file of the same id takes the place of ours, and says so ("own").
 */
#ifndef MW_PROMPT_H
#define MW_PROMPT_H

#include "base/digest.h"
#include "base/json.h"

#define PROMPT_MAX (64 * 1024)
#define PROMPT_INPUT_MAX (256 * 1024) /* all inputs of one request together */

struct prompt {
	const char *id, *version, *owner, *purpose, *role, *phase;
	char sha256[DIGEST_HEX];
	bool own;
	bool tools;       /* it asks for a tool call, not for an answer */
	const char *text; /* the whole file */
	size_t len;
	const cJSON *inputs; /* {name: trust} */
	const cJSON *tests;  /* array */
};
struct prompts;
int prompts_load(struct prompts **out, struct err *e) MW_USE_RESULT; /* ours */
void prompts_free(struct prompts *p);
/* A user's own; file is for messages. */
int prompts_add(struct prompts *p, const char *file, struct slice text,
                struct err *e) MW_USE_RESULT;
/* What is wrong with a user's prompts: from now on none is found, and this is why. All else goes on. */
void prompts_break(struct prompts *p, const struct err *why);
size_t prompts_count(const struct prompts *p);
const struct prompt *prompts_at(const struct prompts *p, size_t i);
/* NULL with ERR_DENIED: not registered. */
const struct prompt *prompt_find(const struct prompts *p, const char *id, struct err *e);
const struct prompt *prompt_built_in(const struct prompts *p,
                                     const char *id); /* the one that an own one hides; NULL */

/* The REQUEST of llm/chat.h with prompt: {id, version, sha256, role, phase}, flagged: [label...] and inputs (as given) beside it. inputs: {name: text | [{label,
 * text}...]}; all must be there and no others. Every piece of analyst and outside inputs stands in a fence of its own, with a fresh
 * nonce; flagged are those that read like an instruction. Redaction is done before: what is given here leaves. */
cJSON *prompt_request(const struct prompt *p, const cJSON *inputs, struct err *e);
/* {id, version, owner, purpose, role, sha256, own, inputs, tests: n} */
cJSON *prompt_json(const struct prompt *p);

#endif
