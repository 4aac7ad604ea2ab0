/*
 * Outside text inside a prompt: one marked block a value, its marker carrying a nonce of the request, so that no text can close it;
 * capped in length; control, invisible and role-marker characters shown as text. Fencing is a mark, not a wall: what a reply may do
 * is decided by policy and a person. Instruction-like text is reported so that the screen can flag it and the conversation drops to
 * proposals that only read. Pure, any process.
 */
#ifndef MW_FENCE_H
#define MW_FENCE_H

#include "base/buf.h"

#define FENCE_NONCE 33       /* 32 hex digits and a NUL */
#define FENCE_VALUE_MAX 4096 /* bytes of one value; the rest is counted, not sent */

void fence_nonce(char out[FENCE_NONCE]); /* fresh for each request */
/* What the prompt has to say about the marks of this request. */
void fence_preamble(struct buf *out, const char *nonce);
/* One value: opens, text on one line, closes. label (ours, "ev:12 http_request.user_agent") is escaped as well. True where the text
 * reads like an instruction to a model. */
bool fence_value(struct buf *out, const char *nonce, const char *label, struct slice text);
/* The text alone as it stands inside a fence. */
void fence_text(struct buf *out, const char *nonce, struct slice text, size_t max);

struct fence_flag {
	const char *what; /* "asks to ignore instructions"; static */
	size_t from, to;  /* bytes of the text; 0,0 where it was found only after decoding */
};
/* Whether text reads like an instruction, a forged role, a forged approval or a tool call, also under the usual disguises
 * (invisible characters, look-alike letters, spacing, percent, base64, rot13). A signal for people, never a permission. */
bool fence_instruction_like(struct slice text, struct fence_flag *out);

#endif
