/*
 * state.db: what is precious and cannot be imported again. Sessions and their turns, incidents with notes and pinned evidence
 * bytes, suppressions, watches, documents, the audit chain. One writer: the engine's keeper thread (serve/keeper.h), which puts
 * several requests into one transaction and acknowledges after the commit (synchronous=FULL). Every function runs inside the
 * caller's transaction and belongs to that thread. Trees that are returned belong to the caller (cJSON_Delete).
 */
#ifndef MW_STATE_H
#define MW_STATE_H

#include <sys/types.h>

#include "base/json.h"
#include "store/db.h"

#define STATE_DB "state.db"
#define STATE_UI_MAX (64 * 1024)          /* a session's ui member */
#define STATE_TEXT_MAX (64 * 1024)        /* a note, a reason */
#define STATE_PIN_MAX (64u * 1024 * 1024) /* raw bytes of one pinned record */

struct state {
	struct db db;
};
/* vfs NULL: the usual one. */
int state_open(struct state *s, const char *dir, const char *vfs, struct err *e) MW_USE_RESULT;
void state_close(struct state *s);

struct who { /* on whose behalf */
	uid_t uid;
	const char *user;
};

/* Sessions: a name belongs to its user. One that is new begins a session. */
int state_session_put(struct state *s, const struct who *w, const char *session, const cJSON *ui,
                      struct err *e) MW_USE_RESULT;
cJSON *state_session_get(struct state *s, const struct who *w, const char *session,
                         struct err *e); /* {session, incident, turns, ui} */
/* A conversation in whose evidence something reads like an instruction; it stays so until a person clears it with a reason. The first
 * reason stays; both are audited. flagged: {at, why}, NULL without an error where it is not. */
int state_session_flag(struct state *s, const struct who *w, const char *session, const char *why,
                       mw_time now, struct err *e) MW_USE_RESULT;
int state_session_unflag(struct state *s, const struct who *w, const char *session,
                         const char *reason, mw_time now, struct err *e) MW_USE_RESULT;
cJSON *state_session_flagged(struct state *s, const struct who *w, const char *session,
                             struct err *e);
cJSON *state_session_list(struct state *s, const struct who *w,
                          struct err *e); /* {sessions:[{session,turns,changed,last}]} */
/* Begins the next turn; *turn gets its number. incident may be NULL. */
int state_turn_begin(struct state *s, const struct who *w, const char *session,
                     const char *question, const char *incident, int64_t job, int64_t *turn,
                     struct err *e) MW_USE_RESULT;
/* reading and answer may be NULL: then what is there stays. */
int state_turn_set(struct state *s, const struct who *w, const char *session, int64_t turn,
                   const cJSON *reading, const cJSON *answer, struct err *e) MW_USE_RESULT;
/* The last n turns as serve/work.h wants them, oldest first: [{question, plan, values}]. */
cJSON *state_turns_context(struct state *s, const struct who *w, const char *session, int n,
                           struct err *e);
/* The plan that a job ran, also after its rows are gone; NULL without error where there is none. */
cJSON *state_job_plan(struct state *s, const struct who *w, int64_t job, struct err *e);
int64_t state_last_job(struct state *s, struct err *e); /* job numbers go on after a restart; -1 */

/* How far the findings of a source were taken in (state_source.c); *cursor is malloc'd, NULL before the first. */
int state_cursor_set(struct state *s, const char *source, const char *cursor,
                     struct err *e) MW_USE_RESULT;
int state_cursor_get(struct state *s, const char *source, char **cursor,
                     struct err *e) MW_USE_RESULT;

/* Incidents (state_case.c). Ids are "INC-<n>". */
/* Takes the outcome of correlation: known findings stay with their incident, new ones follow the majority or found a new incident.
 * What analysts did (status, owner, notes, pins, merges, splits) stays. Incidents that nobody has laid a hand on or asked about are
 * formed anew as the outcome says, and are gone where nothing is left of them. *changed: ids that changed or went, as an array. */
int state_incidents_merge_in(struct state *s, const cJSON *incidents, mw_time now, cJSON **changed,
                             struct err *e) MW_USE_RESULT;
/* Filter words: open, work, wait, closed, all, owner:me|-|NAME, sev:C,H, origin:S; anything else must be in the title or an
 * entity. sort: score, age, sla, severity, last, state. Result as queue.list of methods.def. */
struct queue_query {
	const char *filter, *sort;
	int64_t offset, limit;
	bool hidden; /* the suppressed and snoozed instead */
	mw_time now;
};
cJSON *state_queue(struct state *s, const struct who *w, const struct queue_query *q,
                   struct err *e);
/* The document (incident_to_json), with status, owner, rev, notes, pins. */
cJSON *state_incident(struct state *s, const char *id, struct err *e);
/* Puts the members of a queue row, notes and pins into a card that was made from that document. */
int state_incident_people(struct state *s, const char *id, cJSON *card, mw_time now,
                          struct err *e) MW_USE_RESULT;
cJSON *state_incidents_open(struct state *s,
                            struct err *e); /* all that are not closed, in the same form */
struct incident_change {
	int64_t rev;                /* what the caller saw; 0: whatever is there */
	const char *status, *owner; /* NULL: unchanged; owner "": nobody */
	mw_time snooze_until;       /* MW_TIME_NONE: unchanged */
};
int state_incident_update(struct state *s, const struct who *w, const char *id,
                          const struct incident_change *c, mw_time now,
                          struct err *e) MW_USE_RESULT;
int state_incident_close(struct state *s, const struct who *w, const char *id, const char *verdict,
                         const char *reason, mw_time now, struct err *e) MW_USE_RESULT;
int state_note_add(struct state *s, const struct who *w, const char *id, const char *text,
                   mw_time now, struct err *e) MW_USE_RESULT;
/* Copies the evidence: meta is evidence.get's answer without its raw member. */
int state_pin_add(struct state *s, const struct who *w, const char *id, const char *evidence,
                  const char *note, const cJSON *meta, struct slice raw, mw_time now,
                  struct err *e) MW_USE_RESULT;
int state_pin_remove(struct state *s, const struct who *w, const char *id, const char *evidence,
                     mw_time now, struct err *e) MW_USE_RESULT;
/* A pinned record's meta and bytes (into raw), also where the lake has dropped it. ERR_NOT_FOUND. */
cJSON *state_pin_get(struct state *s, const char *evidence, struct buf *raw, struct err *e);
int state_incident_merge(struct state *s, const struct who *w, const char *id, const cJSON *with,
                         mw_time now, struct err *e) MW_USE_RESULT;
/* Gives a merged incident its findings back and opens it again; the other gets back the score it had. ERR_INVALID: it was not merged. */
int state_incident_unmerge(struct state *s, const struct who *w, const char *id, const char *other,
                           mw_time now, struct err *e) MW_USE_RESULT;
int state_incident_split(struct state *s, const struct who *w, const char *id,
                         const cJSON *findings, const char *reason, mw_time now, char out_id[32],
                         struct err *e) MW_USE_RESULT;

/* Small tables (state_more.c, state_doc.c). */
int state_suppress_add(struct state *s, const struct who *w, const cJSON *params, mw_time now,
                       struct err *e) MW_USE_RESULT;
cJSON *state_suppress_list(struct state *s, mw_time now, struct err *e);
int state_watch_add(struct state *s, const struct who *w, const cJSON *params, mw_time now,
                    int64_t *id, struct err *e) MW_USE_RESULT;
cJSON *state_watch_list(struct state *s, const struct who *w, struct err *e);
/* All users' watches that have not ended, in the same form: {watch, session, question, incident, until, at, uid, owner, seen (null: not
 * asked yet), hits, hit (when it rang last)}. */
cJSON *state_watches_due(struct state *s, mw_time now, struct err *e);
cJSON *state_watches_all(struct state *s, const char *user, mw_time now,
                         struct err *e); /* of one user; NULL: all */
/* rang: when it has more rows than before, else MW_TIME_NONE. */
int state_watch_seen(struct state *s, int64_t id, int64_t rows, mw_time rang,
                     struct err *e) MW_USE_RESULT;
int state_watch_remove(struct state *s, const struct who *w, int64_t id,
                       struct err *e) MW_USE_RESULT;
int state_doc_put(struct state *s, const struct who *w, int64_t doc, const char *kind,
                  const char *incident, const char *markdown, mw_time now, int64_t *id,
                  int64_t *version, struct err *e) MW_USE_RESULT; /* doc 0: a new one */
cJSON *state_doc_get(struct state *s, int64_t doc, int64_t version,
                     struct err *e); /* version 0: the newest */
cJSON *state_doc_list(
        struct state *s, struct
        err *e); /* {docs:[{doc, version, kind, incident, at, by, signed_by, to, left}]}, newest first */
/* Beside a fresh draft: what it was made from, and {evidence id: sha256} of the records that it cites. */
int state_doc_drafted(struct state *s, int64_t doc, const cJSON *params, const cJSON *cites,
                      struct err *e) MW_USE_RESULT;
/* Adds {first: the text as drafted, params, drafted_by, drafted_at, cites} to into. */
int state_doc_origin(struct state *s, int64_t doc, cJSON *into, struct err *e) MW_USE_RESULT;
/* Of ids (members of an object) those that are pinned: into[id] = {sha256, raw}. */
int state_pins_of(struct state *s, const cJSON *ids, cJSON *into, struct err *e) MW_USE_RESULT;

/* Actions (state_action.c): objects of policy/approval.h. Ids are "A-<n>". */
int state_action_add(struct state *s, cJSON *action,
                     struct err *e) MW_USE_RESULT; /* gives it its "id" */
int state_action_put(struct state *s, const cJSON *action,
                     struct err *e) MW_USE_RESULT; /* as it is now, by its id */
cJSON *state_action_get(struct state *s, const char *id, struct err *e);
cJSON *state_actions_of(struct state *s, int64_t incident, struct err *e); /* oldest first */
cJSON *state_actions_in(struct state *s, const char *state, struct err *e);

/* Bulk steps (state_bulk.c). doc: what was reviewed, {verdict, reason, note, items:[{incident, rev, ..}]}. */
int state_bulk_add(struct state *s, const struct who *w, const cJSON *doc, const char *digest,
                   mw_time now, int64_t *id, struct err *e) MW_USE_RESULT;
cJSON *state_bulk_get(
        struct state *s, int64_t bulk,
        struct err *e); /* {bulk, state, uid, user, at, digest, review, open, done, failed} */
int state_bulk_results(struct state *s, int64_t bulk, cJSON *o,
                       struct err *e) MW_USE_RESULT; /* adds results:[{incident, state, why, at}] */
int state_bulk_set(struct state *s, int64_t bulk, const char *from, const char *to,
                   struct err *e) MW_USE_RESULT; /* bulk 0: all */
int state_bulk_next(struct state *s, int64_t bulk, char id[32], int64_t *rev,
                    struct err *e) MW_USE_RESULT; /* 1; 0: none is left, or it does not run; -1 */
int state_bulk_result(struct state *s, int64_t bulk, const char *id, const char *state,
                      const char *why, mw_time now, struct err *e) MW_USE_RESULT;

/* What a shift leaves (state_shift.c): {since, user, last:[{doc, by, at}], incidents: open ones and those closed since, each as
 * state_incident with row_owner, count, sla_due and asked:[{question, at, kind, reason, sentence, cover}], changes: the audit entries,
 * approvals, unaccepted, watches, suppressed, snoozed, numbers}. user: only what is theirs; NULL: the floor. */
cJSON *state_shift(struct state *s, const char *user, mw_time since, mw_time now, struct err *e);
/* When the last handoff was signed (by user, where one is named); 12 hours ago where none was. */
int state_handoff_last(struct state *s, const char *user, mw_time now, mw_time *out,
                       struct err *e) MW_USE_RESULT;
int state_asked_add(struct state *s, cJSON *incident,
                    struct err *e) MW_USE_RESULT; /* the member "asked" */

/* Handing over (state_handoff.c). Signing freezes the newest version of a handoff document and makes each open incident that it names an item;
 * the owner changes when somebody else accepts the item, not before. receiver may be NULL: whoever comes. */
cJSON *state_handoff_sign(struct state *s, const struct who *w, int64_t doc, const char *receiver,
                          mw_time now, struct err *e);
/* lead: may take what is meant for another. Result {doc, item, owner, left}. */
cJSON *state_handoff_get(
        struct state *s, int64_t doc,
        struct err
                *e); /* {doc, version, by, to, at, items:[{item, owner, accepted_by, accepted}]} */
cJSON *state_handoff_accept(struct state *s, const struct who *w, int64_t doc, const char *item,
                            bool lead, mw_time now, struct err *e);

/* Language models (state_model.c). A record: {id, at, uid, user, session, incident, job, purpose, prompt: {id, version, sha256}, model,
 * tokens, cost_micro, elapsed_us, request, reply, evidence}, and once they are known outcome, detail, label. */
int64_t state_model_last(struct state *s,
                         struct err *e); /* id of the newest record; -1 on errors */
int state_model_add(struct state *s, const cJSON *record, struct err *e) MW_USE_RESULT;
/* detail.checked and detail.supported (numbers of sentences) are counted by the metrics. */
int state_model_settle(struct state *s, int64_t id, const char *outcome, const cJSON *detail,
                       struct err *e) MW_USE_RESULT;
/* label: "accept", "edit", "reject", "wrong link". text: what it became, or why; may be NULL. */
int state_model_label(struct state *s, const struct who *w, int64_t id, const char *label,
                      const char *text, mw_time now, struct err *e) MW_USE_RESULT;
/* What was spent since: by uid (-1: all) or by one job (0: any). */
struct model_spent {
	int64_t calls, tokens, cost_micro, elapsed_us;
};
int state_model_spent(struct state *s, int64_t uid, int64_t job, mw_time since,
                      struct model_spent *out, struct err *e) MW_USE_RESULT;
/* How many steps a model proposed for an incident in a session; -1 on errors. */
int64_t state_model_steps(struct state *s, const char *session, const char *incident,
                          struct err *e);
/* The newest record with that digest of prompt and inputs (record.inputs), of a model or any. ERR_NOT_FOUND. */
cJSON *state_model_recorded(struct state *s, const char *inputs, const char *model, struct err *e);
cJSON *state_model_get(struct state *s, int64_t id, struct err *e);
struct model_filter {
	const char *incident, *session; /* NULL: any */
	bool labelled;                  /* only such, and these with request and reply */
	int64_t uid;                    /* -1: all */
	int64_t offset, limit;
};
cJSON *state_model_list(struct state *s, const struct model_filter *f,
                        struct err *e); /* {records: [...]} newest first */
/* Rows of the metrics: {groups: [{prompt, version, model, calls, tokens, cost_micro, accepted, edited, rejected, wrong_links, checked,
 * supported, median_us, p95_us}], queue: {suppressed, closed_false, triaged, triage_mean_s, triage_sd_s}} (alerts; seconds) */
cJSON *state_model_metrics(struct state *s, struct err *e);
/* A case's table of what was taken out before it was sent; key: incident or session. NULL without an error: none yet. */
cJSON *state_redacted_get(struct state *s, const char *key, struct err *e);
int state_redacted_put(struct state *s, const char *key, const cJSON *table,
                       struct err *e) MW_USE_RESULT;
/* Small settings that outlive the engine. get: malloc, NULL where it was never set. */
char *state_setting_get(struct state *s, const char *name, struct err *e);
int state_setting_put(struct state *s, const struct who *w, const char *name, const char *value,
                      mw_time now, struct err *e) MW_USE_RESULT;

/* The audit chain: each entry's hash covers the one before, so that a change or a gap shows. */
int state_audit(struct state *s, const struct who *w, const char *action, const char *object,
                const cJSON *detail, mw_time now, struct err *e) MW_USE_RESULT;
cJSON *state_audit_list(struct state *s, int64_t offset, int64_t limit, struct err *e);
cJSON *state_audit_verify(struct state *s, struct err *e); /* {ok, entries, first_bad, head} */

#endif
