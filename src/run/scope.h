/*
 * Which datasets an answer can come from: those in a step's scope whose events may match its where, as far as the catalogue's
 * fields and the datasets named in it tell. Inside run/.
 */
#ifndef MW_RUN_SCOPE_H
#define MW_RUN_SCOPE_H

#include "plan/plan.h"
#include "store/catalog.h"

bool scope_may_hold(struct catalog *c, const struct plan_search *s, const char *dataset);
/* Whether events of the dataset (NULL: any in the step's scope) carry the field: how many do, 0 none; pseudo-fields 1. */
uint64_t scope_field(struct catalog *c, const struct plan_search *s, const char *dataset,
                     const struct plan_field *f);

#endif
