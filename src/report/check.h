/*
 * The second look at a saved draft, before it leaves: each fact's records are read again, and the draft is compared with one made from
 * today's data.
 *
 *   - A line whose record is gone (not in the lake, not pinned) or is another one than when it was drafted is left out.
 *   - A line that a person or a model wrote and that cites records is judged by ground/ against them, and left out unless they show it.
 *     A line that cites none stays, marked as a person's words, unless it names what only a record can know (address, key, resource,
 *     account, hash, time).
 *   - A line that a draft of today no longer has stays, marked as changed since.
 *
 * What was left out, and why, stands in a section of its own by line number, never by its words; the records that are cited stand in
 * another, with their hashes. Secrets are masked. Pure: records come through a callback.
 */
#ifndef MW_CHECK_H
#define MW_CHECK_H

#include "base/digest.h"
#include "base/json.h"
#include "model/event.h"

struct cited { /* a record as it is now; borrowed until the check ends */
	mw_time time;
	const char *dataset, *place; /* place: "trail.json:12"; may be NULL */
	char sha256[DIGEST_HEX];     /* "" for a log-cover proof */
	struct slice raw;
	const struct event *event; /* its fields; NULL: only raw is known */
	event_id number;           /* of event */
	bool pinned;               /* only the case still has it */
};
/* 1 there, 0 not, -1 error. id: "ev:12" or "c34". */
typedef int cite_fn(void *ctx, const char *id, struct cited *out, struct err *e);

struct check_in {
	struct slice text;  /* the version that is to leave */
	struct slice first; /* as it was drafted */
	struct slice now;   /* as it would be drafted now; empty: not known, and that is said */
	const cJSON *cites; /* {id: sha256} at drafting */
	const char *head;   /* "Document 2, version 3, drafted by .. at .." */
	const char *author; /* who wrote what differs from the draft */
	mw_time at;
	cite_fn *get;
	void *ctx;
};
struct check_out {
	size_t facts, left_out, changed, written; /* lines */
};
int report_check(const struct check_in *in, struct buf *md, struct check_out *out,
                 struct err *e) MW_USE_RESULT;
/* The ids that a text cites, as members of into (value true). */
void report_cites(struct slice md, cJSON *into);

#endif
