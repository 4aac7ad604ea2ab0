/*
 * Scoring of what planners and models said: expectations on a JSON document, shares with their confidence interval. Pure.
 *
 * An expectation: {at: JSON pointer, is: any | in: [..] | starts: text | exists: bool | has: text}, {tool: name} (the document's
 * "outcome" or, for "plan", its plan), {grounded: true} (every checkable sentence supported). Over variants of one case: {at, band: n}
 * (numbers lie within n) and {at, same: true}.
 */
#ifndef MW_UI_SCORE_H
#define MW_UI_SCORE_H

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"

const cJSON *score_at(const cJSON *doc, const char *pointer); /* NULL: nothing is there */
/* False, with what was found in why, where the expectation does not hold. Those over variants hold here. */
bool score_holds(const cJSON *expect, const cJSON *doc, struct buf *why);
/* band and same over all documents of the variants; others hold. */
bool score_holds_over(const cJSON *expect, const cJSON *const *docs, size_t n, struct buf *why);
/* An answer of `ask` (kind, value, values, pairs) against {kind, value | values | pairs | ids | reason}: equal sets, equal numbers. */
bool score_answer(const cJSON *expect, const cJSON *result, struct buf *why);

struct share { /* of n, with the 95 % interval of Wilson */
	int64_t hits, n;
	double share, low, high;
};
struct share share_of(int64_t hits, int64_t n);
void share_text(const struct share *s, struct buf *out); /* "0.912 (31 of 34, 95 % 0.77..0.97)" */

struct tally_row {
	char *name; /* suite, prompt and version, model */
	int64_t hits, n;
};
struct tally {
	VEC(struct tally_row) rows;
};
void tally_add(struct tally *t, const char *name, bool hit);
void tally_release(struct tally *t);

#endif
