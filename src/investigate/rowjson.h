/*
 * A source's row as the protocol's ROW (proto/methods.def), written straight into a buffer: spools hold a million of them.
 */
#ifndef MW_ROWJSON_H
#define MW_ROWJSON_H

#include "plan/plan.h"
#include "source/source.h"

/* step names the columns of a stats row. */
void row_json(struct buf *out, const struct source_row *r, const struct plan_step *step);
/* The row as a line of its step's table: {"id":"ev:7"?,"cells":[..]}; cells are the plan's columns of an event (each a list of
 * values), or the columns of a group. */
void row_cells(struct buf *out, const struct source_row *r, const struct plan_step *step);
/* Name of column i of a stats row: time bucket, by fields, stats. NULL past the end. */
const char *row_column(const struct plan_step *step, size_t i);

#endif
