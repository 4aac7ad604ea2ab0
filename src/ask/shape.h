/* What is asked of the events, as stats of a step: shared by the shapes of one answer and of several. Internal to ask/. */
#ifndef MW_ASK_SHAPE_H
#define MW_ASK_SHAPE_H

#include "ask/build.h"

struct want { /* fields of what is asked for, and of what it is grouped by */
	const char *subject;
	const char *groups[4];
	size_t ngroups;
};
struct plan_stat *shape_stat(const struct build *b, struct plan_search *s, enum plan_fn fn,
                             const char *field, const char *as);
void shape_by(const struct build *b, struct plan_search *s, const char *field); /* once each */
void shape_sort(const struct build *b, struct plan_search *s, const char *column, bool desc);
/* Past tense and an object's name: what was done, not what was tried. */
void shape_done(const struct build *b, struct query *q, struct plan_search *s);
/* Several things asked at once: "how many, and from which", "by whom and when", "which snapshots or images". */
bool shape_compound(const struct build *b, struct query *q, struct plan_search *s,
                    const struct want *w);

#endif
