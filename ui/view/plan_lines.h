/*
 * Lines that several screens draw alike: a step of a plan, a row of an answer.
 */
#ifndef MW_UI_PLAN_LINES_H
#define MW_UI_PLAN_LINES_H

#include "widget/doc.h"

/* " 2 search splunk   title                1,263 rows   2.1s done" */
/* `plan` is the step of the plan that it runs, for what the job does not say; may be NULL. */
void plan_step_line(struct doc *d, const cJSON *step, const cJSON *plan);
/* "     02:41:06 GetCallerIdentity by app-web                        [e4]"; `days`: with the day */
void doc_row_line(struct doc *d, int indent, const cJSON *row, bool days);
/* Left text, right text, blanks between; the left one is cut with "..". */
void doc_two_sides(struct doc *d, enum role role, struct slice left, struct slice right);

#endif
