/*
 * Log cover: what is logged, per account, region, source and class, as a record of its own. Taken from the inventory (trail
 * selectors, flow-log and diagnostic settings: nodes of type trail and the like) and from what arrived. "Not seen" and
 * "truly none" may be said only where a cover record proves that such an event would have been logged, and is complete
 * to a stated time; otherwise the answer is "not logged" or "unknown".
 */
#ifndef MW_COVER_H
#define MW_COVER_H

#include "base/err.h"
#include "base/json.h"
#include "base/mwtime.h"

enum cover_class {
	COVER_MANAGEMENT,
	COVER_DATA,
	COVER_FLOW,
	COVER_DNS,
	COVER_SIGNIN,
	COVER_ENDPOINT,
	COVER_AUDIT,
	COVER_FINDING
};
enum cover_state { COVER_UNKNOWN, COVER_LOGGED, COVER_NOT_LOGGED };
struct cover_query {
	enum cover_class cls;
	const char *account, *region; /* NULL: any */
	const char *resource;         /* bucket ARN or name for data events, VPC for flow; NULL */
	mw_time from, to;
};
struct cover_proof {
	enum cover_state state;
	char id[16]; /* "c<number>", stable within the state directory; opens as evidence */
	char why[256]; /* "S3 data events for hr-exports are on no trail (trail org-main, read 03:02)" */
	mw_time since, newest, complete_to; /* MW_TIME_NONE: unknown */
	int64_t usual_delay; /* microseconds between event and arrival (median), -1 unknown */
};
struct lake;
struct graph;
int cover_prove(struct lake *l, struct graph *g, const struct cover_query *q,
                struct cover_proof *out, struct err *e) MW_USE_RESULT;
/* The whole table for the log-cover screen, an array: rows with account, region, source, class, state, since, newest, delay, holes. */
cJSON *cover_table(struct lake *l, struct graph *g, struct err *e);
/* The row of that id, also of a proof over a class as a whole that is no row of the table. ERR_NOT_FOUND. */
cJSON *cover_find(struct lake *l, struct graph *g, const char *id, struct err *e);
/* Where events are in another store than the lake: what arrived is what its catalogue (catalog_rows.h) says, for every call of this thread with no
 * lake (l NULL). c outlives that; NULL ends it. */
struct catalog;
void cover_arrived(struct catalog *c);
/* The class that an event of this dataset and operation falls in. */
enum cover_class cover_class_of(const char *dataset, struct slice api_operation);
const char *cover_class_name(enum cover_class c);
/* -1: no class has that name. */
int cover_class_parse(const char *name);

#endif
