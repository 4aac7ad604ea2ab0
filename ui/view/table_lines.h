/*
 * A TABLE of an answer (proto/methods.def) as lines of a document: columns as wide as they need to be, the widest cut in the
 * middle until all fit; numbers at the right; a bar behind each count of a time bucket.
 */
#ifndef MW_UI_TABLE_LINES_H
#define MW_UI_TABLE_LINES_H

#include "widget/doc.h"

/* The header and the first `most` rows, indented; each row means itself (ref: the row, kind as given). Returns the rows that
 * were drawn. `table` is borrowed by the lines. */
size_t table_lines(struct doc *d, int indent, const cJSON *table, size_t most, int kind);

#endif
