/*
 * The incident queue as a client holds it: rows keep their place and ticks while the engine's queue moves on; new incidents wait
 * until they are asked for; the filter is applied here, so that it answers each key. Pure.
 */
#ifndef MW_UI_QUEUE_H
#define MW_UI_QUEUE_H

#include "base/json.h"
#include "base/mem.h"
#include "base/alike.h"
#include "widget/list.h"

struct qrow {
	char id[24];
	int64_t rev;
	char severity;
	int score;
	int64_t sla_s, age_s; /* as of `queue.read_at`; INT64_MIN: none */
	char state[12];
	char *owner, *sources, *title, *changed_by, *asset;
	char *rule; /* pattern of the title (alike.h) */
	int64_t count;
	bool ticked, changed, gone;
	int burst;       /* index of the burst that it belongs to, or -1 */
	const char *odd; /* why it is unlike the rest of its burst, or NULL; in the burst */
};
/* A burst of one rule: one line in the queue, its odd ones above it. */
struct qburst {
	char id[40];   /* for list.h */
	bool open;     /* its members are listed */
	size_t n;      /* members, not odd, that pass the filter */
	size_t first;  /* the first of them in the present order */
	char severity; /* the worst of them */
	int score;     /* the highest */
	int64_t sla_s, age_s, count;
};
/* A heading of the grouped queue, and what stands under it. */
struct qgroup {
	char id[40]; /* for list.h */
	char *key;   /* the owner, source .. that all share; "" where they have none */
	bool shut;   /* its incidents are not listed */
	size_t n, criticals;
	size_t first;  /* of queue.rows */
	int64_t sla_s; /* the most pressing promise; INT64_MIN: none */
};
struct qline {
	size_t row; /* of queue.rows */
	int burst;  /* the line stands for this burst, or -1 */
	int group;  /* the line is the heading of this group, or -1 */
};
enum queue_group {
	GROUP_NONE,
	GROUP_ASSET,
	GROUP_OWNER,
	GROUP_SOURCE,
	GROUP_RULE,
	GROUP_STATE,
	GROUP_SEVERITY,
	GROUP_COUNT_
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
struct qrow_vec { /* for vec_push */
	struct qrow *v;
	size_t n, cap;
};
struct queue {
	struct qrow_vec rows;
	VEC(struct qline) view;  /* what passes the filter, in order, bursts as one line */
	size_t passing;          /* rows that pass the filter */
	struct alike_list alike; /* of the rows; burst i is alike.v.v[i] */
	VEC(struct qburst) bursts;
	VEC(struct qgroup) groups; /* in the order in which their first incidents stand */
	VEC(char *) toggled; /* ids of bursts that are unfolded and of groups that are folded */
	struct list list;
	enum queue_sort sort;
	enum queue_group group;
	char *filter;
	char *me; /* the analyst: filters speak of "me" */
	struct qrow_vec
	        latest; /* what queue_refresh shows; empty where that is `rows` without those that are gone */
	struct qrow_vec incoming; /* pages of a reading that runs */
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
void queue_drop_gone(struct queue *q);    /* rows that are no longer in the queue */
void queue_forget_pages(struct queue *q); /* of a reading that is not complete */
void queue_refresh(struct queue *q);      /* shows what waits */
void queue_set_filter(struct queue *q, const char *filter);
void queue_set_sort(struct queue *q, enum queue_sort sort);
const char *queue_sort_name(enum queue_sort s);
const char *severity_word(char letter); /* of a row or burst: "critical" */
void queue_set_group(struct queue *q, enum queue_group group);
const char *queue_group_name(enum queue_group g);
const char *queue_view_id(const void *q, size_t i); /* for list.h */
struct qrow *queue_selected(
        struct queue *q); /* NULL where the view is empty, a burst or a heading is selected */
int queue_selected_burst(const struct queue *q);     /* -1: a row is, or nothing */
int queue_selected_group(const struct queue *q);     /* -1: a row or a burst is, or nothing */
void queue_unfold(struct queue *q, int burst);       /* lists the members, or folds them again */
int queue_burst_of(struct queue *q, const char *id); /* whose rule the incident is of, or -1 */
void queue_fold_group(struct queue *q, int group);
void queue_tick_group(struct queue *q, int group); /* ticks all, or unticks them */
void queue_tick_burst(struct queue *q, int burst,
                      bool odd_too); /* ticks those that pass the filter, or unticks them */
struct qrow *queue_find(struct queue *q, const char *id);
size_t queue_ticked(const struct queue *q, const char **ids, size_t max);
void queue_untick(struct queue *q);
bool queue_rang(struct queue *q);
/* "sev:high owner:me,- src:W state:new score:>70 words": all terms must match. *bad (may be NULL) gets an unknown term. */
bool queue_match(const struct qrow *r, struct slice filter, const char *me, struct slice *bad);

#endif
