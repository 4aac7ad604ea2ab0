/*
 * A model asked from within a request of the lake worker. The engine is the gate: it picks the model by the prompt's role, keeps
 * budgets and the switch, records what was sent and what came, and only then passes it on (model.c).
 */
#ifndef MW_WORK_CHAT_H
#define MW_WORK_CHAT_H

#include "llm/prompt.h"
#include "policy/redact.h"
#include "serve/work_lake.h"

/* What the engine allows for this request: ctx.model of serve/work.h; NULL where no model may be asked. */
const cJSON *work_model_use(const cJSON *params, const char *role);
/* The case's redaction table, as the policy and earlier requests of the case have it. */
struct redact *work_redact(const cJSON *params);

struct work_chat {
	struct worker *w;
	const cJSON *params; /* of the request */
	struct redact *redact;
	const char *purpose; /* "plan", "next", or the id of a writer's prompt */
	const char *model;   /* the one that is wanted; NULL: by role */
	bool recorded;       /* a reply to the same prompt and inputs that was kept, no model */
	cJSON *evidence;     /* [{id, sha256}] of what is sent; may be NULL */
	cJSON *spent; /* {model, record, rounds, tokens_in, tokens_out, cost_micro, elapsed_ms} so far */
};
/* request is taken over. The reply (llm/chat.h), or NULL. */
cJSON *work_chat(struct work_chat *c, cJSON *request, struct err *e);
/* What became of the last reply: outcome ("plan", "retry", "sentences", ...) and details; both in the record. detail is taken over.
 * Only after this may anything of the reply be shown: -1 where it is not on record. */
int work_chat_settle(struct work_chat *c, const char *outcome, cJSON *detail,
                     struct err *e) MW_USE_RESULT;

/* Asks the model where the offline planner asked back, or where the request wants it (planner: "model"). 1: *reading (and *plan, NULL
 * where the model asks back) are the model's; 0: the offline reading stands, *note says why no model planned (or NULL); -1: cancelled. */
int work_model_plan(struct worker *w, const cJSON *params, const struct ask_reading *offline,
                    cJSON **reading, struct plan **plan, cJSON **note, struct err *e);
cJSON *work_plan_reading(const struct plan *p, const char *planner);
/* Sends the reading (taken over) ahead, runs the plan where there is one, and makes {reading, answer}. */
int work_run_reading(struct worker *w, cJSON *reading, const struct plan *p, mw_time now,
                     cJSON **result, struct err *e);

/* What a reply comes to, checked: outcome is "plan", "asked back", "done", "sentences", "object" or "refused"; the JSON has what goes
 * with it (plan, text, sentences with their verdicts, checked, supported, object, error) and is the record's detail. p is the prompt
 * that was used, ids [{id, text?}] the records that were sent (text: as given, where they are not of the lake), incident the stored one (may be NULL). */
cJSON *work_outcome(struct worker *w, const struct prompt *p, const cJSON *reply,
                    const struct redact *r, const cJSON *ids, const cJSON *incident,
                    const cJSON *use, const char **outcome);
/* The sources that a plan of the model may ask: NULL-terminated, of the arena. */
const char *const *work_model_sources(const struct lake_state *s, const cJSON *use,
                                      struct arena *a);
/* A note for reading.model: what was spent, with state and why. Takes c->spent. */
cJSON *work_model_note(struct work_chat *c, const char *state, const char *why);
cJSON *work_model_catalogue(struct work_chat *c, const char *question); /* as a string */
void work_add_incident(cJSON *inputs, struct redact *r, const cJSON *incident);
void work_add_turns(cJSON *inputs, struct redact *r, const cJSON *turns);
void work_add_piece(cJSON *list, const char *label, const char *text);
/* Records of the incident as they may leave, into inputs[key] and c->evidence. */
int work_add_records(struct work_chat *c, cJSON *inputs, const char *key, const cJSON *incident,
                     struct err *e);

worker_fn work_model_write, work_model_next, work_model_try, work_model_replay, work_prompt_list,
        work_prompt_get;

#endif
