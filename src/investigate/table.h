/*
 * The first rows of a step as a table for an answer: the columns that were asked of events, or the columns of groups.
 */
#ifndef MW_TABLE_H
#define MW_TABLE_H

#include "base/json.h"
#include "plan/plan.h"
#include "source/source.h"

#define TABLE_ROWS_MAX 100 /* kept; job.rows has all */

struct table;
struct table *
table_new(const struct plan_step *step); /* borrowed; NULL: its rows have no columns */
void table_free(struct table *t);        /* NULL is none */
void table_row(struct table *t, const struct source_row *r);
/* TABLE of proto/methods.def; NULL where there is no table. */
cJSON *table_json(const struct table *t);

#endif
