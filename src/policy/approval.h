/*
 * Approvals are bound to bytes. An action is what a person is shown before it happens: its digest
 * covers every member that the review screen draws, an approval carries that digest and a word
 * typed from the target, and anything else (expired, changed, asked by the same person where two
 * are needed, a role too low, answered already) leaves it not approved, with the reason. Pure
 * functions over JSON; storing, sending and the audit trail are serve/'s business.
 */
#ifndef MW_APPROVAL_H
#define MW_APPROVAL_H

#include "base/digest.h"
#include "base/json.h"
#include "base/mwtime.h"

#define APPROVAL_TTL (30 * MW_MINUTE)

enum role { ROLE_READ, ROLE_ANALYST, ROLE_LEAD, ROLE_ADMIN };

struct person {
	const char *name;
	uint32_t uid;
	enum role role;
	bool alone; /* a private engine: one person, so that actions for two are not to be had */
};

/* Makes the action object of a playbook step (act/playbook.h) for an incident: {incident, step,
 * title, action, system, target, params, effect, scope, evidence, reverse, needs, word, asked_by,
 * asked_uid, asked_at, expires_at, state:"open", digest}. The caller adds "id" (not part of the
 * digest). */
cJSON *approval_make(const cJSON *step, const cJSON *incident, const struct person *asker,
                     mw_time now, struct err *e) MW_USE_RESULT;
/* SHA-256 over the canonical JSON (sorted keys) of all members but id, state, digest, decided_*. */
void approval_digest(const cJSON *action, char hex[DIGEST_HEX]);
/* May this person approve now? 0 yes; -1 with the reason. digest and word are what the client sent.
 */
int approval_check(const cJSON *action, const struct person *by, const char *digest,
                   const char *word, mw_time now, struct err *e) MW_USE_RESULT;
/* Why the approve field is off for this person before anything is typed, or NULL. Text belongs to
 * e. */
const char *approval_off(const cJSON *action, const struct person *by, mw_time now, struct err *e);
/* Sets state and decided_by, decided_at, reason. */
void approval_decide(cJSON *action, const char *state, const struct person *by, const char *reason,
                     mw_time now);

#endif
