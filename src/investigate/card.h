/*
 * The incident card: opened with nothing typed, it answers in this order: is it still going on,
 * what has been done, what happened, whose is it, what can we not see, seen before, what to ask
 * next. Every statement carries evidence ids or says that it is not known. Runs in the lake worker,
 * a few bounded searches; deadline 300 ms for what it asks of the lake, after which it says so.
 */
#ifndef MW_CARD_H
#define MW_CARD_H

#include "ask/recipe.h"
#include "run/run.h"

struct card_env {
	const struct run_env *run;
	const struct recipes *recipes;
	const cJSON *incident; /* as stored: incident json with status, owner, notes, actions */
	const cJSON *others;   /* array of other incidents, for "seen"; may be NULL */
};
/* The CARD of proto/methods.def. */
cJSON *card_json(const struct card_env *c, struct err *e);
/* Is this row of the cover table (store/cover.h) about a resource, or a whole account, that the entities name? */
bool card_concerns(const cJSON *row, const cJSON *entities);

#endif
