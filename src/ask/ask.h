/*
 * Words to plan, without a model: deterministic, and it shows how it read the question. Runs in the lake reader worker (it
 * needs the catalogue); pure apart from catalogue look-ups; under a millisecond.
 *
 * A word is either used (it became part of the plan, or is a filler of the language: "show me", "please"), or unread. A
 * question with an unread word that could constrain the answer is never run: the reading is a clarification with choices.
 */
#ifndef MW_ASK_H
#define MW_ASK_H

#include "plan/plan.h"
#include "store/catalog.h"

struct lexicon; /* assets/lexicon.yaml and the user's own entries; read-only after loading */
int lexicon_load(struct lexicon **out, struct slice user_yaml, struct err *e) MW_USE_RESULT;
void lexicon_free(struct lexicon *x);

struct ask_turn {                /* one earlier question of the session */
	const struct plan *plan; /* NULL where it was a clarification */
	struct slice question;
	struct slice *values; /* SHOW_VALUES or SHOW_RANKING: the answer's values, capped */
	size_t nvalues;
};
struct ask_context {
	mw_time now;
	int64_t zone; /* offset of the analyst's zone, microseconds, for times without one; 0 UTC */
	const struct ask_turn *turns; /* oldest first */
	size_t nturns;
	const char *const *
	        incident; /* entities of the selected incident ("instance=i-0c31..."), NULL-terminated, or NULL: what
	                                 "this instance", "the session", "that key" may mean before any question */
	bool detection; /* a detection: its title, then its description on further lines; words of prose are passed over, names in
	                                       it are not looked for, and what is done is what succeeded */
	mw_time incident_from, incident_to; /* MW_TIME_NONE where there is none */
};
enum ask_chip_kind {
	CHIP_ENTITY,
	CHIP_TIME,
	CHIP_CONCEPT,
	CHIP_ACTION,
	CHIP_FIELD,
	CHIP_OUTCOME,
	CHIP_SHAPE,
	CHIP_REFERENCE
};
struct ask_chip {
	enum ask_chip_kind kind;
	size_t from, to;  /* bytes of the question that it covers; from == to for an assumption */
	const char *text; /* what it was taken for: "user is jmerckle", "2021-07-29 (yesterday)" */
	bool assumed;     /* not said: the default that was chosen */
	bool corrected;   /* a typo was mended */
};
enum ask_kind { ASK_PLAN, ASK_CLARIFY };
struct ask_reading {
	struct arena arena; /* holds everything but plan */
	enum ask_kind kind;
	struct plan *plan;   /* ASK_PLAN; owned by the reading, take it by setting NULL */
	const char *clarify; /* ASK_CLARIFY: what is asked back */
	const char *const
	        *choices; /* questions that would be understood; NULL-terminated; may be empty */
	VEC(struct ask_chip) chips;
	VEC(struct slice) unread; /* words without effect, in order */
	VEC(const char *)
	named; /* values named in the question, as understood: the empty-answer proof probes them */
	double confidence; /* 0..1, shown; below ASK_RUN_MIN it asks back */
};
#define ASK_RUN_MIN 0.5
int ask_read(const struct lexicon *x, struct catalog *c, const struct ask_context *ctx,
             struct slice question, struct ask_reading *out, struct err *e) MW_USE_RESULT;
void ask_reading_release(struct ask_reading *r);
cJSON *
ask_reading_json(const struct ask_reading
                         *r); /* for the wire: paraphrase, chips, unread, clarify, choices, plan */

/* Time expressions alone ("yesterday between 13:00 and 13:30Z", "in the last 7 days", "around 14:05", "on july 29 before noon").
 * Finds the first in text; false where there is none. Half-open result. */
struct ask_time {
	mw_time from, to;
	size_t at, len;
};
bool ask_time_find(struct slice text, mw_time now, int64_t zone, struct ask_time *out);

#endif
