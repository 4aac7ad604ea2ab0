/*
 * A stand-in for a language model on loopback, by script: speaks OpenAI chat completions (any path that ends in /chat/completions)
 * and Anthropic Messages (/v1/messages), streaming. A script is an array of rules; a request is answered by the first rule that
 * matches and is not used up:
 *
 *   {when: text that the request's body has (default: any), not: text that it must not have, times: n (default: always),
 *    status: 200, headers: {name: value}, body: any (sent as JSON, no stream),
 *    text: "..." | call: {name, args: {...} | "raw text"}, finish: "the provider's word", refusal: "...",
 *    usage: [in, out], piece: bytes a delta (default: all), delay_ms: before each, cut: true (ends without a finish),
 *    sse: "raw bytes of the stream"}
 *
 * Requests are kept: model_twin_requests is an array of {path, key, body}. Tests only.
 */
#ifndef MW_TESTS_GEN_MODEL_H
#define MW_TESTS_GEN_MODEL_H

#include "base/json.h"

struct model_twin;
/* script is taken over. port 0: any. Fails the test, or returns NULL, where it cannot listen. */
struct model_twin *model_twin_start(cJSON *script, unsigned port);
void model_twin_stop(struct model_twin *t);
unsigned model_twin_port(const struct model_twin *t);
cJSON *model_twin_requests(struct model_twin *t);    /* a copy */
unsigned model_twin_streaming(struct model_twin *t); /* streams that are open now */
/* Appends each request as a line of JSON to a file; NULL: none. Before the first request. */
void model_twin_log(struct model_twin *t, FILE *f);

#endif
