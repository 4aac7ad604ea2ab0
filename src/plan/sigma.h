/*
 * Sigma rules in: a rule's detection as a plan of one search step. Source of facts: the Sigma specification 2.0 (sigmahq.io) and
 * pySigma's reading of wildcards. Names of fields are the log's own: the normalised field with that path in the log source's
 * dataset, else the raw path. What a plan cannot say (a modifier, a time frame, a count) is an error with its line: a rule is
 * translated in full or not at all. Out: RENDER_SIGMA in render.h. Any thread.
 */
#ifndef MW_PLAN_SIGMA_H
#define MW_PLAN_SIGMA_H

#include "plan/plan.h"

/* name is for messages. NULL with e. note (may be NULL) gets what a reader should know, "" where there is nothing. */
struct plan *sigma_plan(struct slice text, const char *name, struct buf *note,
                        struct err *e) MW_USE_RESULT;

/* The log source of a dataset; NULL: none is known. */
struct sigma_source {
	const char *product, *service, *dataset; /* NULL: any */
};
const struct sigma_source *sigma_source_for(const char *dataset);
/* A field's name in records of a dataset, or NULL; and the field behind a name ("raw:NAME" where none has it), in p's arena. */
const char *sigma_name(const struct plan_field *f, const char *dataset);
const char *sigma_field(struct plan *p, const char *name, const char *dataset);

#endif
