/*
 * Runs a plan's steps over sources: resolves pivots and step times, picks the source of each step, filters afterwards what a source
 * could not express, joins what no source can do (sequences, anti-joins) from bounded parts, merges and de-duplicates by event
 * identity, and streams rows as they come. A source that fails is a step that failed, not a silence: the others' rows stay.
 * Steps that hang on no other are begun at once where their source works in the background (every source outside); the embedded lake
 * and graph go one after the other meanwhile. Blocking, one thread, in a worker.
 */
#ifndef MW_RUN_H
#define MW_RUN_H

#include "source/source.h"
#include "store/catalog.h"

struct lake;
struct graph;
struct run_env {
	struct source **sources; /* "lake" and "graph" among them; found by name */
	size_t nsources;
	struct lake *lake;       /* for proofs; may be NULL */
	struct graph *graph;     /* may be NULL */
	struct catalog *catalog; /* may be NULL where lake is */
	const volatile bool *cancelled;
	int64_t deadline_us;
	mw_time now;
	bool need_raw, need_vals;
};
enum run_state { RUN_WAITING, RUN_RUNNING, RUN_DONE, RUN_FAILED, RUN_SKIPPED };
struct run_step {
	enum run_state state;
	struct source_done done; /* done.sent owned by the result */
	struct err error;        /* RUN_FAILED, RUN_SKIPPED */
	int64_t elapsed_us;
	mw_time first, last; /* event times of its rows; MW_TIME_NONE without any */
	bool pivot_cut; /* more tuples than MW_PIVOT_VALUES_MAX: the later step saw only those */
};
struct run_sink {
	void *ctx;
	int (*row)(void *ctx, size_t step, const struct source_row *r, struct err *e);
	void (*step)(void *ctx, size_t step,
	             const struct run_step
	                     *s); /* on each change of state and as progress; may be NULL */
};
struct run_result {
	struct run_step *steps;
	size_t nsteps;
	bool partial; /* any step failed, was skipped, cut or cancelled */
};
/* -1 only where nothing could be run at all; failed steps are in out. */
int run_plan(const struct plan *p, const struct run_env *env, const struct run_sink *sink,
             struct run_result *out, struct err *e) MW_USE_RESULT;
void run_result_release(struct run_result *r);

/* The proof of an empty answer. */
enum empty_reason {
	EMPTY_NO_SUCH_FIELD,
	EMPTY_NO_SUCH_VALUE,
	EMPTY_NO_DATA_IN_WINDOW,
	EMPTY_RETENTION_ENDED,
	EMPTY_NOT_LOGGED,
	EMPTY_TRULY_NONE
};
struct empty_probe {
	char *what;  /* "value hr-exports seen in any event" */
	char *found; /* "yes, 3 (PutBucketPolicy)" */
	bool ok;     /* false: this probe is the reason */
};
struct empty_proof {
	enum empty_reason reason;
	char *sentence; /* "0 rows, and that is a true none up to 03:10:02." */
	VEC(struct empty_probe) probes;
	VEC(char *) near_values; /* values that do exist and look alike */
	VEC(char *) next;        /* questions that could still tell */
	char cover[16];          /* cover proof id, or "" */
	mw_time complete_to;
};
/* Call it for a plan that ran whole and gave no rows (or a count of 0). named: values that the question named (ask_reading.named);
 * only those can be the reason no_such_value. NULL, not merely none: every value of the plan counts as named. Needs env.catalog for
 * searches. The reason truly_none with complete_to MW_TIME_NONE means that no log cover proves it: the sentence says so. */
int run_prove_empty(const struct plan *p, const struct run_env *env, const char *const *named,
                    size_t nnamed, struct empty_proof *out, struct err *e) MW_USE_RESULT;
/* The same where sources outside were asked, all of them to the end: what the lake does not have proves nothing about them. r: the run. */
void run_prove_outside(const struct plan *p, const struct run_result *r, struct empty_proof *out);
bool run_asks_outside(const struct plan *p); /* other sources than the embedded lake and graph */
void empty_proof_release(struct empty_proof *p);
const char *
empty_reason_name(enum empty_reason r); /* "no_such_value", as the questions' README names them */
/* How far the data of the plan's sources reaches: one entry a dataset that the plan reads. [{source,dataset,complete_to,delay_s,text}] */
cJSON *run_reach(const struct plan *p, const struct run_env *env, struct err *e);

#endif
