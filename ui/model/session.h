/*
 * A conversation as the engine keeps it: one turn a question, with how it was read, the job that runs it and its answer.
 * The engine owns it; this is the copy that is drawn. Pure.
 */
#ifndef MW_UI_SESSION_H
#define MW_UI_SESSION_H

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

struct turn {
	int64_t turn; /* the engine's number; 0 until it answered */
	char *question;
	mw_time at;
	int64_t asked_us; /* mw_mono_us; 0: not asked by this console */
	cJSON *reading;   /* READING or NULL */
	cJSON *job;       /* newest JOB, without its answer; NULL where none ran */
	cJSON *answer;    /* ANSWER or NULL */
	cJSON *part; /* newest model.part {job, model, text: all so far} while a model writes, or NULL */
	bool unfolded;    /* its tables are shown whole */
	bool cancel;      /* wanted before the engine told the number of the job */
	struct err error; /* code ERR_NONE: none */
};
struct session {
	char name[48]; /* the incident's id, or "main" */
	VEC(struct turn) turns;
	bool loaded, flagged; /* flagged: as loaded */
	size_t seen;          /* turns that were there then */
};
/* Text in its evidence reads like an instruction, and nobody has cleared it since it was loaded: it may only read. */
bool session_flagged(const struct session *s);

void session_init(struct session *s, const char *name);
void session_release(struct session *s);
void session_load(struct session *s, cJSON *reply); /* session.get; takes it over */
size_t session_ask(struct session *s, const char *question,
                   mw_time at); /* a turn on its way; returns its index */
/* The answer of ask, plan.run or recipe.run for that turn; takes result over. */
void session_asked(struct session *s, size_t i, cJSON *result, const struct err *e);
/* The turn that a JOB belongs to, SIZE_MAX where it is none of this session. */
size_t session_turn_of(const struct session *s, const cJSON *job);
/* A JOB of a notification (copied): true when it belongs here. */
bool session_job(struct session *s, const cJSON *job);
/* A model.part (copied): the turn that it belongs to, SIZE_MAX where it is none of this session. Its text joins what came before. */
size_t session_part(struct session *s, const cJSON *part);
int64_t turn_job_id(const struct turn *t); /* 0: none */
bool turn_running(const struct turn *t);
const struct turn *session_running(const struct session *s); /* newest turn that runs, or NULL */
struct turn *session_running_turn(struct session *s);        /* the same, to change */
struct turn *session_last(struct session *s); /* newest turn with an answer or a plan, or NULL */

#endif
