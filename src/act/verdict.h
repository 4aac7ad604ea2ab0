/*
 * How an incident ends: the verdicts, and what each system that it came from calls them. A preview says for each system what closing
 * writes there, or that it writes nothing since no target is configured. Pure; any process.
 */
#ifndef MW_VERDICT_H
#define MW_VERDICT_H

#include "base/err.h"
#include "base/json.h"

/* 0 where name is a verdict and the reason says something; else ERR_INVALID with what there is. */
int verdict_check(const char *name, const char *reason, struct err *e) MW_USE_RESULT;
/* What a kind of source ("splunk") writes for a verdict, as its connector does; NULL: it is not known. */
const char *verdict_words(const char *kind, const char *verdict);
/* Appends {system, will, off?} for Midwatch itself and each letter of origins ("W+G", correlate's), once a system; what the list has already, also as a "kind",
 * stays. targets:
 * NULL-terminated names of configured response targets. */
void verdict_preview(cJSON *list, const char *verdict, const char *origins,
                     const char *const *targets);

#endif
