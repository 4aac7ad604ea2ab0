/* From queries to the steps of a plan. Internal to ask/. */
#ifndef MW_ASK_BUILD_H
#define MW_ASK_BUILD_H

#include "ask/query.h"

struct build {
	const struct term_env *env;
	struct plan *p;
	/* chips of constraints are made here, one a constraint, as they are turned into nodes */
	void (*chip)(void *ctx, const struct con *c, const struct plan_node *n);
	void *chip_ctx;
};
/* All constraints of q as one node (an empty ALL where there is none). Consumes what stands for each other: outcomes, verbs. */
struct plan_node *build_where(const struct build *b, struct query *q);
/* One constraint alone. */
struct plan_node *build_con(const struct build *b, struct query *q, const struct con *c);
/* What is asked of the rows: stats, sort, limit; and plan->show. False where nothing was said: events. */
bool build_shape(const struct build *b, struct query *q, size_t step);
/* Time bounds of q's own times; false where they say nothing or cannot be said in a plan (*bad). */
bool build_times(const struct build *b, const struct query *q, struct plan_search *s, bool *bad);
/* Several whole days that make one stretch; false where they are not. */
bool days_together(const struct query *q, mw_time *from, mw_time *to);
/* Two lists of constraints by the same thing, one after the other. */
void build_sequence(const struct build *b, struct query *first, struct query *then, int64_t within,
                    bool absent);
/* The field that "who", "which users", a subject means here. */
const char *subject_field(const struct build *b, const struct query *q, const struct lex_entry *e);
const char *who_field(const struct build *b, const struct query *q);

#endif
