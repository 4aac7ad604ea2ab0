/*
 * The incident queue as a client holds it: rows keep their place and ticks while the engine's queue moves on; new incidents wait
 * until they are asked for; the filter is applied here, so that it answers each key. Pure.
 */
#ifndef MW_UI_QUEUE_H
#define MW_UI_QUEUE_H

#include "base/json.h"
#include "base/mem.h"
#include "widget/list.h"

struct qrow {
	char id[24];
	int64_t rev;
	char severity;
	int score;
	int64_t sla_s, age_s; /* as of `queue.read_at`; INT64_MIN: none */
	char state[12];
	char *owner, *sources, *title, *changed_by;
	int64_t count;
	bool ticked, changed, gone;
	bool burst;
};
enum queue_sort {
	SORT_SCORE,
	SORT_SLA,
	SORT_AGE,
	SORT_TITLE,
	SORT_SEVERITY,
	SORT_OWNER,
	SORT_STATE,
	SORT_SOURCE,
	SORT_COUNT_
};
struct queue {
	VEC(struct qrow) rows;
	VEC(size_t) view; /* rows that pass the filter, in order */
	struct list list;
	enum queue_sort sort;
	char *filter;
	char *me;        /* the analyst: filters speak of "me" */
	cJSON *latest;   /* array of QROW: what `queue_refresh` shows */
	cJSON *incoming; /* pages of a reading that runs */
	mw_time read_at;
	int64_t total, rev;
	int64_t suppressed, snoozed, closed;
	size_t fresh;        /* incidents that wait behind r */
	bool fresh_critical; /* a critical came in since the last call of queue_rang */
	bool loaded, hidden; /* hidden: the list shows what is otherwise hidden */
};

void queue_init(struct queue *q);
void queue_release(struct queue *q);
/* A page of queue.list. Returns the offset of the next page to ask for, or -1 when the reading is complete. */
int64_t queue_page(struct queue *q, const cJSON *reply, const char *me, mw_time now);
void queue_refresh(struct queue *q); /* shows what waits */
void queue_set_filter(struct queue *q, const char *filter);
void queue_set_sort(struct queue *q, enum queue_sort sort);
const char *queue_sort_name(enum queue_sort s);
const char *queue_view_id(const void *q, size_t i); /* for list.h */
struct qrow *queue_selected(struct queue *q);       /* NULL where the view is empty */
struct qrow *queue_find(struct queue *q, const char *id);
size_t queue_ticked(const struct queue *q, const char **ids, size_t max);
void queue_untick(struct queue *q);
bool queue_rang(struct queue *q);
/* "sev:high owner:me,- src:W state:new score:>70 words": all terms must match. *bad (may be NULL) gets an unknown term. */
bool queue_match(const struct qrow *r, struct slice filter, const char *me, struct slice *bad);

#endif
