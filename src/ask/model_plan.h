/*
 * A model's tool call as a plan, or why not. The reply is hostile until shown otherwise: only the tools that were offered count,
 * only from a reply that ended well; placeholders go back to what they stand for; the plan is validated like any other and must
 * stay within what the asker may ask and within the bounds of a question. Nothing here runs anything.
 */
#ifndef MW_MODEL_PLAN_H
#define MW_MODEL_PLAN_H

#include "plan/plan.h"
#include "policy/redact.h"
#include "store/catalog.h"

#define MODEL_PLAN_STEPS_MAX 6
#define MODEL_PLAN_SECONDS_MAX 60
#define MODEL_PLAN_DEPTH_MAX 8
#define MODEL_PLAN_GRAPH_ROWS_MAX 10000
#define MODEL_PLAN_VALUES_MAX 1000

struct model_scope {
	struct catalog *catalog;
	const char *const *sources; /* NULL-terminated: those that may be asked */
};
enum model_said { MODEL_PLANNED, MODEL_ASKS_BACK, MODEL_DONE, MODEL_WRONG };
struct model_said_plan {
	enum model_said said;
	struct plan *plan; /* MODEL_PLANNED; the caller's */
	char *text;        /* why of a step, what is asked back; or NULL */
	char *call_id;     /* of the tool call, for the answer to it; or NULL */
	struct err wrong;  /* MODEL_WRONG: to be told to the model, and shown */
	bool final;        /* MODEL_WRONG: asking again is no use (broken stream, refusal) */
};
void model_plan_read(const cJSON *reply, const struct redact *r, const struct model_scope *scope,
                     struct model_said_plan *out);
void model_said_release(struct model_said_plan *s);
/* The bounds alone: a plan that validates, but must not run for a model. */
int model_plan_bounds(const struct plan *p, const struct model_scope *scope,
                      struct err *e) MW_USE_RESULT;

#endif
