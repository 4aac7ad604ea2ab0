/*
 * What the platforms say of their own findings and incidents, and what is to be written to them. A record is one finding of a platform as it
 * was last seen there; it belongs to the incident that has the finding of its key. An intent is one change that is to be made there, stored
 * in the same transaction as the change of ours that it follows from, and kept until the platform has taken it or a person has decided.
 * Keeper's thread, within its transaction, as store/state.h.
 *
 * An intent's state: waiting (also: to be tried again) -> sending -> done; failed: the platform refuses it, a person decides; conflict:
 * somebody changed the record there meanwhile, a person decides; dropped: a person decided against it. Intents of one incident go to one
 * source in their order, one at a time; a failed one or a conflict holds back what comes after it.
 */
#ifndef MW_OUTBOX_H
#define MW_OUTBOX_H

#include "store/state.h"

/* The sources as configured: [{name, kind, write: [..], users: ["ours=theirs"]}]. Replaces what was known. */
int state_platforms_set(struct state *s, const cJSON *sources, struct err *e) MW_USE_RESULT;

/* Why a record is known again: somebody may have changed it; an intent of ours that changed nothing but a comment or tag went through; one
 * that did change more, which the platform took only because nobody else had. */
enum record_seen { RECORD_POLLED, RECORD_NOTED, RECORD_WRITTEN };
/* One record as serve/work.h gives it: {key, bare, source, id, etag, status, owner, severity, title, link, ...}. True in *changed where somebody
 * else has changed its status or owner since it was last seen. */
int state_record_put(struct state *s, const cJSON *record, enum record_seen why, mw_time now,
                     bool *changed, struct err *e) MW_USE_RESULT;
/* The number of an incident that is there. */
int state_incident_number(struct state *s, const char *id, int64_t *n, struct err *e) MW_USE_RESULT;
/* The incident that has the record; 0: none. */
int state_record_incident(struct state *s, const char *key, int64_t *incident,
                          struct err *e) MW_USE_RESULT;
/* Of an incident: the records as they were given, with seen, was? and changed? (what somebody else has changed there, and when we saw it),
 * written? (when an intent of ours last went through), write and users (of the configuration). */
cJSON *state_records_of(struct state *s, int64_t incident, struct err *e);

/* A change of an incident, for each of its records whose source is to be told of it. NULL members: no such change. */
struct platform_change {
	const char *status, *owner, *severity, *comment, *tag, *verdict, *reason;
};
/* *made (may be NULL): how many that is. */
int state_outbox_intend(struct state *s, const struct who *w, int64_t incident,
                        const struct platform_change *c, mw_time now, int64_t *made,
                        struct err *e) MW_USE_RESULT;
/* An intent of another kind ("create": doc {incident}, "ingest": doc {events, key}) for a source; *id gets its number. */
int state_outbox_add(struct state *s, const struct who *w, const char *source, int64_t incident,
                     const char *kind, const cJSON *doc, mw_time now, int64_t *id,
                     struct err *e) MW_USE_RESULT;
/* What closing the incident would write where: appends {system, will, off?} once a source. words: what a kind calls the verdict, or NULL. */
typedef const char *closing_words_fn(const char *kind, const char *verdict);
int state_outbox_preview(struct state *s, int64_t incident, const char *verdict,
                         closing_words_fn *words, cJSON *list, struct err *e) MW_USE_RESULT;

/* Takes the next intent that is due, of a source that is not sending one already: it is "sending" from the commit on. {id, source, incident,
 * record, kind, doc, etag, idempotency, attempts, uid, user}. NULL with e->code ERR_NONE: none; *next gets when one will be due,
 * MW_TIME_NONE: none waits for a time. */
cJSON *state_outbox_take(struct state *s, mw_time now, mw_time *next, struct err *e);
/* How the sending ended. why NULL: done. again: when to try once more; MW_TIME_NONE: a person decides (failed, or conflict). */
int state_outbox_settle(struct state *s, const cJSON *intent, const struct err *why, mw_time again,
                        mw_time now, struct err *e) MW_USE_RESULT;
/* Of an intent that carries events the platform has the first ones: what is left is sent under a key of its own. */
int state_outbox_taken(struct state *s, const cJSON *intent, int64_t taken,
                       struct err *e) MW_USE_RESULT;
/* The record was made for this incident. */
int state_record_own(struct state *s, const char *key, int64_t incident,
                     struct err *e) MW_USE_RESULT;
/* The engine that sent them is gone: they are sent once more, by the same key. */
int state_outbox_resume(struct state *s, struct err *e) MW_USE_RESULT;
/* Waiting ones of a source are due at once. */
int state_outbox_hurry(struct state *s, const char *source, struct err *e) MW_USE_RESULT;
/* A person's decision over one: "retry" (a conflict: ours goes over theirs), "drop" (a conflict: theirs stays). */
int state_outbox_decide(struct state *s, const struct who *w, int64_t id, const char *what,
                        mw_time now, char incident[32], struct err *e) MW_USE_RESULT;
/* How many are open: {waiting, sending, failed, conflict}. */
cJSON *state_outbox_counts(struct state *s, struct err *e);
/* {intents: [{id, source, incident, record, kind, text, state, attempts, next, error, at, by, ended}], counts: {waiting, sending, failed,
 * conflict}}: what is open, and the newest `ended` that are not. */
cJSON *state_outbox_list(struct state *s, int64_t ended, struct err *e);
/* The open ones of an incident, in the same form. */
cJSON *state_outbox_of(struct state *s, int64_t incident, struct err *e);

#endif
