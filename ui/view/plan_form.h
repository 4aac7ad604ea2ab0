/*
 * A plan as a form: one line for each bound and each condition, edited one by one. The plan stays the JSON that the engine checks;
 * the form only changes its leaves. Lines refer to the plan and are forgotten when it changes.
 */
#ifndef MW_UI_PLAN_FORM_H
#define MW_UI_PLAN_FORM_H

#include "view/app.h"

enum form_kind { FORM_NONE, FORM_CONDITION, FORM_FROM, FORM_TO, FORM_LIMIT, FORM_ADD };

void plan_form_add(struct view *v, const cJSON *plan);
/* What the line's value is now, as it is edited: "actor.user.name in ana, bob". */
void plan_form_text(const struct doc_line *l, struct buf *out);
/* Changes the plan; empty text takes a condition or bound away. False with the reason: it is no condition. */
bool plan_form_set(cJSON *plan, const cJSON *ref, enum form_kind kind, const char *text,
                   struct err *e);

#endif
