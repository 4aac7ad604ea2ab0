/*
 * What a model would write of an incident, from templates (assets/stories.yaml): narrative with risk and activity, the risk in
 * numbers, likely causes with their rivals and what speaks against them, what it means for the business, what to put right first,
 * and hints as plans that can be run. Each sentence carries its evidence and ground/'s verdict. Pure, any process.
 */
#ifndef MW_STORY_H
#define MW_STORY_H

#include "base/json.h"

/* -1 only where the templates themselves cannot be read. Adds to a card (investigate/card.h, with findings, entities, active): narrative, risk, how, rivals, business, remediation, each a list of
 * SENTENCE, and hints [{label, plan}]. assets: inventory nodes that the entities name ({id, tags, ..}), may be NULL. */
int story_add(cJSON *card, const cJSON *assets, struct err *e) MW_USE_RESULT;

#endif
