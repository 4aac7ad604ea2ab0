/* The languages that are JSON, edited by hand (hand.h). Within plan/. 0, or ERR_DENIED with the place as a path. */
#ifndef MW_PLAN_HAND_JSON_H
#define MW_PLAN_HAND_JSON_H

#include "base/json.h"

int hand_check_dsl(const cJSON *j, struct err *e) MW_USE_RESULT;
int hand_check_wiz(const cJSON *j, struct err *e) MW_USE_RESULT;
int hand_check_orca(const cJSON *j, struct err *e) MW_USE_RESULT;

#endif
