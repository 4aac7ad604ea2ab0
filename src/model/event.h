/*
 * Event: one normalised record. An importer fills it, the lake builder copies what it keeps; between the two it borrows:
 * all slices point into the importer's buffers or its arena and hold until the importer's next event.
 *
 * Values are text as the source wrote it (numbers keep their digits, times of FT_TIME fields are RFC 3339 UTC, bools are
 * "true"/"false", IPs as written). Types matter to operators only (plan/plan.h).
 * Several values of one field are several entries in vals, in source order.
 */
#ifndef MW_EVENT_H
#define MW_EVENT_H

#include "base/mem.h"
#include "base/mwtime.h"
#include "model/field.h"

struct event_val {
	field_id field;
	struct slice value;
};
struct event {
	mw_time time;    /* when it happened; MW_TIME_NONE if the record has none */
	mw_time arrival; /* when the source says that it took it in; MW_TIME_NONE if it does not say */
	const char *dataset; /* "cloudtrail", "zeek.conn": see intake/intake.h; static string */
	struct slice uid;    /* the source's own id, else "<basename>:<line>" */
	struct slice
	        basename; /* of the file that it came from, and its line (from 1; record number in a Records array) */
	uint64_t line;
	struct slice raw; /* the record byte for byte */
	bool has_own_uid; /* uid names this very record: duplicates are found by it, otherwise by content hash (an alert's id
	                          names the alert, which is logged again with each change) */
	VEC(struct event_val) vals;
};
void event_reset(struct event *ev); /* empties, keeps storage */
void event_release(struct event *ev);
void event_add(struct event *ev, field_id f, struct slice value); /* empty values are not added */
/* A copy whose slices live in the arena; release it as well. The dataset's text is copied too. */
void event_copy(struct event *to, const struct event *from, struct arena *a);
struct slice event_get(const struct event *ev, field_id f); /* first value, or the empty slice */

/* dataset is name, or below it ("windows" takes "windows.sysmon"). */
bool dataset_within(const char *dataset, struct slice name);

/* A stored event's id: assigned by the lake, never reused, stable under compaction. On the wire "ev:<decimal>". */
typedef uint64_t event_id;
#define EVENT_ID_NONE UINT64_MAX

#endif
