/* Questions that lean on the one before: "and only outside us-east-1?", "how many is that", "same for PutParameter". Internal to ask/. */
#ifndef MW_ASK_FOLLOW_H
#define MW_ASK_FOLLOW_H

#include "ask/build.h"

/* Does it lean? standalone: it would also read well alone (then only where there is something to lean on). */
bool follow_wanted(const struct parse *p, const struct query *q, bool *standalone);
/* The plan of the last turn with q put upon it. NULL where there is nothing to lean on, or it does not fit (*why says it). */
struct plan *follow_plan(const struct parse *p, struct query *q, const struct ask_context *ctx,
                         const struct build *chips, const char **why);

#endif
