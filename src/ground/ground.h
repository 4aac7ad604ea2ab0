/*
 * Checks each claim of a text against the records that it rests on. What was given is indexed once (struct ground); each sentence is
 * then read for its checkable parts: evidence ids, names, addresses, ARNs, numbers and counts, times and durations, orderings,
 * negations and universals, outcomes, severities, ATT&CK techniques, CVEs. Parts that stand together in a clause must hold together
 * in one record. What claims nothing checkable is an opinion. The rule in doubt: not shown by the records means not supported.
 *
 * Pure functions, any process, one thread an index; no clock, no file. Bounded: GROUND_* caps below; a sentence over a cap is
 * unsupported, with that reason. Text and records may be hostile bytes.
 * Ownership: everything added is borrowed and must outlive the index, but for ground_add_event, which copies.
 */
#ifndef MW_GROUND_H
#define MW_GROUND_H

#include "base/json.h"
#include "base/mem.h"
#include "model/event.h"

#define GROUND_TEXT_MAX 4096 /* bytes of one sentence */
#define GROUND_ATOMS_MAX 96  /* checkable parts of one sentence */
#define GROUND_RECORDS_MAX \
	20000 /* records of one index; more are left out, and then nothing counts as complete */
#define GROUND_AGAINST_MAX 8 /* contradicting records listed for a sentence */

enum ground_status { GROUND_SUPPORTED, GROUND_PARTLY, GROUND_UNSUPPORTED, GROUND_OPINION };
const char *
ground_status_name(enum ground_status s); /* "supported" "partly" "unsupported" "opinion" */

struct ground_fact {
	const char *field; /* OCSF name of assets/fields.yaml, or a raw path */
	struct slice value;
};
struct ground_record {
	struct slice id; /* as cited: "ev:12" */
	mw_time time;    /* MW_TIME_NONE where it has none */
	const struct ground_fact *facts;
	size_t nfacts;
	struct slice
	        raw; /* the record byte for byte; may be empty. Read only where a sentence cites the record */
};

struct ground;
struct ground *ground_new(void);
void ground_free(struct ground *g);
void ground_add(struct ground *g, const struct ground_record *r);
/* Fields, time and raw of the event, copied; its id becomes "ev:<n>". */
void ground_add_event(struct ground *g, const struct event *ev, event_id id);
/* Any JSON object (finding, asset, incident, aggregate row): its leaves are the facts, under their dotted paths. */
void ground_add_json(struct ground *g, const char *id, const cJSON *record);
/* Counted by the engine over all records, given or not: `n` of them have `value` in `field`; field NULL: n is the number of all
 * records that the text is about. */
void ground_add_total(struct ground *g, const char *field, struct slice value, uint64_t n);
/* How many different values `field` has over all records. */
void ground_add_distinct(struct ground *g, const char *field, uint64_t n);
/* First and last event time over all records. */
void ground_set_span(struct ground *g, mw_time first, mw_time last);
/* The records added are all that there are in what the text is about: counts, universals and negations can be checked by looking. */
void ground_set_complete(struct ground *g, bool complete);

struct ground_span {
	size_t from, to; /* bytes of the text */
	const char *why; /* static text */
};
struct ground_verdict {
	enum ground_status status;
	VEC(struct ground_span) spans;            /* the unsupported parts, in order */
	struct slice against[GROUND_AGAINST_MAX]; /* ids of records that say otherwise */
	size_t nagainst;
};
/* ids: what the sentence cites. out must be zeroed or used before; release it. */
void ground_check(struct ground *g, struct slice text, const struct slice *ids, size_t nids,
                  struct ground_verdict *out);
/* As ground_check, for a sentence that a template of ours made: the pieces that it copied out of records, by bytes of the text, in order
 * and apart, are each looked for as a whole and read no further ("all", "denied" in a title are no claims of the sentence). */
struct ground_copied {
	size_t from, to;
};
void ground_check_made(struct ground *g, struct slice text, const struct slice *ids, size_t nids,
                       const struct ground_copied *copied, size_t ncopied,
                       struct ground_verdict *out);
void ground_verdict_release(struct ground_verdict *v);

/* Protocol form: list is [{text, evidence:[ids]}]; sets "status", and where something fails "spans":[{from,to,why}] and
 * "against":[ids], in each. Returns how many are partly or not supported. */
size_t ground_check_json(struct ground *g, cJSON *list);
/* Puts a verdict into a sentence of the protocol's form. */
void ground_verdict_json(cJSON *sentence, const struct ground_verdict *v);
/* What may leave the console: supported sentences, and opinions as such. */
bool ground_may_leave(const cJSON *sentence);

#endif
