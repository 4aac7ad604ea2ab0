/*
 * Protocol values as words for the screen and for --plain: ids, times, rows, sentences. Raw text stays raw: whoever draws it
 * escapes it. Pure, but for the zone of the process.
 */
#ifndef MW_UI_SAY_H
#define MW_UI_SAY_H

#include "base/json.h"

struct clock_face { /* how times are written */
	bool local; /* the process's zone instead of UTC */
};
extern struct clock_face clock_face;

void say_id(struct buf *b, const char *wire);   /* "ev:12" -> "e12", "c3" -> "c3" */
bool wire_id(struct slice shown, char out[32]); /* the inverse, "e12" -> "ev:12" */
void say_ids(struct buf *b, const cJSON *ids,
             int most);                   /* " [e12][e13 +4]" with a blank in front, or nothing */
void say_clock(struct buf *b, mw_time t); /* "02:41:06" */
void say_day_clock(struct buf *b, mw_time t);      /* "2026-03-14 02:41:06Z" */
bool is_today(mw_time t);                          /* in the zone that the screen shows */
mw_time say_when(const cJSON *o, const char *key); /* MW_TIME_NONE where it is absent */
/* Text of the engine with its RFC 3339 times as a reader wants them: the clock alone for today's, with the day else, in the
 * zone that the screen shows. */
void say_short_times(struct buf *b, const char *text);
void say_elapsed(struct buf *b, int64_t ms);   /* "0.4s", "75s", "3m" */
void say_value(struct buf *b, const cJSON *v); /* any scalar or array of scalars */
/* A string, or an object {text, evidence, status}: text with its citations; an unsupported one is marked so. */
void say_sentence(struct buf *b, const cJSON *s);
/* Who wrote, with which prompt, at what cost: reading.model of proto/methods.def. */
void say_model(struct buf *b, const cJSON *m);
/* One row of job.rows or of an answer's preview as one line without its time. */
void say_row(struct buf *b, const cJSON *row);
const char *row_value(const cJSON *row, const char *field); /* first value of a field, or NULL */
const cJSON *row_evidence(const cJSON *row); /* its id (string) or ids (array), or NULL */
/* What the row names: calls fn(field, value) for each entity worth a pivot. */
void row_entities(const cJSON *row, void (*fn)(void *ctx, const char *field, const char *value),
                  void *ctx);

#endif
