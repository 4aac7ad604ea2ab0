/*
 * CSV as portals export it (RFC 4180: quotes, doubled quotes, line ends inside quotes), with a header line. A row becomes
 * leaves named by the header, so that the same schemas and mappings as for JSON apply.
 */
#ifndef MW_CSV_H
#define MW_CSV_H

#include "intake/text.h"

/* Whether the line ends a record, given that the quotes before it were balanced: an even number of quotes. */
bool csv_balanced(struct slice text);
/* Whether these are the first lines of a CSV file: names, then as many values. */
bool csv_looks_like(struct slice head);
void csv_header(struct text_columns *c, struct leafset *s, struct slice line);
bool csv_row(struct leafset *s, const struct text_columns *c, struct slice row);

#endif
