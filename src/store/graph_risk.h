/*
 * Kinds of harm that single actions make possible: assets/iam/risks.yaml, and which of them a policy allows on everything.
 */
#ifndef MW_GRAPH_RISK_H
#define MW_GRAPH_RISK_H

#include "base/err.h"
#include "store/graph_iam.h"

#define RISK_CLASSES_MAX 16
struct risk_table;
struct risk_table *risk_load(struct err *e); /* NULL where the asset is broken */
void risk_free(struct risk_table *t);
size_t risk_classes(const struct risk_table *t);
const char *risk_class_name(const struct risk_table *t, size_t cls);
bool risk_is(const struct risk_table *t, size_t cls, const char *action); /* one action */
bool risk_touches(const struct risk_table *t, size_t cls,
                  const char *pattern); /* some action of a pattern may be */
/* {"data_exfiltration":["s3:GetObject"],...}: actions and patterns of the statements that hold on every resource without a
 * condition. Classes without any are left out. Caller deletes. */
cJSON *risk_of_policy(const struct risk_table *t, const struct iam_policy *p);

#endif
