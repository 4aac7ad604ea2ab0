/*
 * The regex operator: the RE2 subset of PCRE2, over bytes, searched for and not anchored. Matching
 * takes bounded time: back- tracking up to MW_REGEX_MATCH_LIMIT, then PCRE2's method without
 * back-tracking. One thread a regex.
 */
#ifndef MW_PLAN_REGEX_H
#define MW_PLAN_REGEX_H

#include "base/err.h"
#include "base/buf.h"
#include "base/mem.h"

struct regex;
/* NULL with e where the pattern is too long, does not compile or uses what RE2 has not. */
struct regex *regex_new(struct slice pattern, struct err *e);
void regex_free(struct regex *r);
bool regex_match(struct regex *r, struct slice v);
uint64_t regex_gave_up(const struct regex *r); /* values that neither method could decide; they
                                                  counted as no match */

#endif
