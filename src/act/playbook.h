/*
 * Playbooks: what to do about an incident, as data. The files of assets/playbooks, in this schema:
 *
 *   id: compromised-instance
 *   version: 1
 *   title: "compromised instance"
 *   match: [{attack: T1552.005}, {field: mw.instance}]  # every item must hold; attack also takes the parent technique
 *   why: "3 before 5: ..."                              # shown above the steps
 *   steps:
 *     - id: claim
 *       title: "Claim, status in progress"
 *       action: incident.update      # a local action (table in playbook.c), or "<system>.<verb>" of a response target
 *       params: {status: work}       # {user}, {id}, {rule} (one for all findings) and {<entity field>} are filled in
 *       target: "INC-{id}"
 *       risk: low                    # low | mid | high
 *       needs: you                   # you | lead | lead+1 | admin (policy/approval.h)
 *       reverse: "status back to new"  # or "none, because ..."
 *       effect: "..."
 *       after: [snapshot]            # steps that must be done first
 *
 * A step of which an entity is missing is left out, and said so. A step for a system that is not configured stays, with the reason.
 */
#ifndef MW_PLAYBOOK_H
#define MW_PLAYBOOK_H

#include "base/json.h"

struct playbooks;
int playbooks_load(struct playbooks **out, struct err *e) MW_USE_RESULT;
void playbooks_free(struct playbooks *p);
/* The best match for the incident (most conditions hold; "general" where nothing else does), as the
 * protocol's playbook.get. user: who asks; systems: NULL-terminated names of configured response
 * targets; incident as stored, its "actions" decide step states. */
cJSON *playbook_for(const struct playbooks *p, const cJSON *incident, const char *user,
                    const char *const *systems, struct err *e);
/* Whether an action is carried out by the engine itself, without any target. */
bool playbook_is_local(const char *action);

#endif
