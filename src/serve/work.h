/*
 * What the engine's workers do: the join between the rooms below and the protocol. Each kind is one table of methods; the
 * engine routes a client's request to the kind that has its method (work_find), passing the params through with one member
 * added:
 *
 *   ctx: {
 *     "user": name, "now": time (the request's own, or the clock),
 *     "turns": [{"question", "plan", "values": [text...]}]  the session's last MW_TURNS_CONTEXT turns, oldest first (ask, plan.run)
 *     "incident": {...}  the stored incident (incident_to_json plus status, owner, notes, pins, actions) where params name one
 *     "plan": {...}      the plan of the job, where params name a job (timeline.get, report.export)
 *     "open": [...]      all open incidents in the same form (report.draft of a handoff, incident.get's "seen")
 *     "suppressions": {"rules": [...]}  as state_suppress_list (incident.refresh)
 *     "shift": {...}     state_shift (a handoff);  "doc", "origin", "pinned": a saved document that leaves (report.export);  "systems": [name...]  configured response targets (playbook.get)
 *     "model": {plan, write, cheap: bool, rounds, steps, sources?, free_text, accounts, hostnames, addresses}  where models are on
 *     "redact": {...}    the case's table (policy/redact.h);  "steps": n already proposed (model.next);  "record": {...} (model.replay)
 *   }
 *
 * A worker answers with the protocol's result (proto/methods.def). Methods that run a plan (ask, plan.run, recipe.run) send
 * notifications while they run: first "reading" {reading}, so that the engine can answer the client before the rows come, then
 * "step" {n, state, rows, scanned, share, elapsed_ms, partial, why, sent}; their rows go to the spool of each step. Their result
 * is {reading, answer} (answer null for a clarification).
 *
 *   lake     ask plan.run recipe.run plan.check plan.text plan.sigma evidence.get evidence.find pivot.menu timeline.get
 *            recipe.list graph.node cover.table cover.get lake.status import.rejected import.list report.export
 *            incident.get playbook.get report.draft model.write model.next model.try model.replay prompt.list prompt.get
 *   import   import.start (descriptors with the request; notifications "import" {IMPORT PROGRESS}) import.undo
 *            lake.drop lake.retain
 *   compute  incident.refresh (result: {incidents:[incident json]})
 *   source   of one configured source (instance: its name): the only process that has its secret and talks to it. Called by the engine
 *            (relay.c, sources.c), never passed through from a client:
 *            search {plan, raw} (rows as source_row.h; result source_done_json)  fit {plan}: {fit}  test: {rights, checks:[{what,
 *            state:"ok|warn|failed|skipped", found, fix}]}  catalog: {tables, at}  findings {cursor?} (rows of step 0: the
 *            platform's records, a line each, of step 1: source_record.h): {cursor, findings, limited, none: it has none of its own}
 *            finding {id}  asset {id}  present {id}: {record}  update {id, ..., seen? (of a first try)}: {record?}  create {incident}: {id, record?}
 *            ingest {events:[text], key}: {taken, error? (of the rest)}
 *            Its config at start: {"state", "entry": its entry of `sources`}; secrets are read before the sandbox closes.
 *
 *   model    one process a configured model (instance: its name), which only the gate asks (model.c): model.call {request} gives a reply
 *            as llm/chat.h has it, with notifications "part" {text} while it arrives
 *
 * Config of every kind at start: {"state": directory, "assets_user": directory or null}; state is the folder of lake.db
 * and graph.db, one of its own below the state directory, so that a sandbox with file rights there cannot reach state.db.
 */
#ifndef MW_WORK_H
#define MW_WORK_H

#include "proc/worker.h"

#define MW_TURNS_CONTEXT 8
extern const struct worker_kind work_lake, work_import, work_compute, work_source, work_model;
/* The kind that has the method, or NULL. */
const struct worker_kind *work_find(const char *method);

#endif
