/*
 * What the console shows for a question: total, value, values or ranking, five telling rows chosen by a stated rule, a timeline's
 * worth of sentences with their evidence, ATT&CK techniques, how far the data reaches, and for an empty answer its proof. Fed
 * row by row while the plan runs, so that memory does not grow with the answer.
 */
#ifndef MW_ANSWER_H
#define MW_ANSWER_H

#include "ask/ask.h"
#include "investigate/attack.h"
#include "run/run.h"

#define ANSWER_VALUES_MAX 100000 /* values and pairs kept; more: said so ("cut") */
#define ANSWER_PREVIEW 5

struct answer;
struct answer *answer_new(const struct plan *p,
                          const struct attack_rules *attack); /* both borrowed until answer_free */
void answer_free(struct answer *a);
void answer_row(struct answer *a, size_t step, const struct source_row *r);
/* The ANSWER object of proto/methods.def. proof may be NULL where the answer is not empty. reach is taken over (may be NULL). */
cJSON *answer_json(struct answer *a, const struct run_result *run, const struct empty_proof *proof,
                   cJSON *reach, int64_t elapsed_us);
/* Whether the last step came back with nothing, so that a proof is owed. */
bool answer_is_empty(const struct answer *a);

#endif
