/*
 * The lake's catalogue: which datasets, fields, raw paths and values were ever seen. The planner recognises names with it,
 * the empty-answer proof rests on it. Kept up to date by lake_append (same transaction); a catalogue object is a reader's
 * snapshot, one thread. Look-ups are case-blind and fast (microseconds: the planner makes dozens a question).
 */
#ifndef MW_CATALOG_H
#define MW_CATALOG_H

#include "store/lake.h"

struct catalog;
struct catalog *catalog_open(struct lake *l, struct err *e); /* follows lake_refresh by itself */
void catalog_close(struct catalog *c);

struct catalog_dataset {
	const char *name;
	uint64_t events;
	mw_time from, to; /* event time of the oldest and newest */
	mw_time newest_arrival;
};
size_t catalog_datasets(struct catalog *c, const struct catalog_dataset **out);

struct catalog_field { /* a normalised field or a raw path within one dataset */
	const char *dataset;
	field_id field;   /* FIELD_NONE for a raw path */
	const char *path; /* raw path, or NULL */
	uint64_t events;  /* events that have it */
	bool all_kept;    /* every distinct value is in the catalogue */
};
#define CATALOG_VALUES_MAX 100000  /* values kept a normalised field and dataset */
#define CATALOG_RAW_VALUES_MAX 256 /* values kept a raw path and dataset */
#define CATALOG_PATHS_MAX 4096     /* raw paths kept a dataset */
/* Fields that datasets carry. dataset NULL: all (one entry a dataset). Valid until the catalogue moves. */
size_t catalog_fields(struct catalog *c, const char *dataset, const struct catalog_field **out);
/* Different values, exact up to CATALOG_VALUES_MAX. Counted when asked for: of a field with many values that takes a while. */
uint64_t catalog_distinct(struct catalog *c, const struct catalog_field *f);
/* Raw paths whose last segment (or whole dotted path) is this word, case-blind, ignoring _ - and spaces ("conn state" finds
 * conn_state). At most max. */
size_t catalog_path_by_word(struct catalog *c, struct slice word, const struct catalog_field **out,
                            size_t max);

struct catalog_value {
	const char *dataset;
	field_id field;
	const char *path;
	struct slice value; /* as seen */
	uint64_t events;
};
/* Where this exact value occurs (case-blind). */
size_t catalog_value_find(struct catalog *c, struct slice value, struct catalog_value *out,
                          size_t max);
/* Values like it: begins with, contains as a whole word part, or edit distance <= 2; best first. For short names in
 * questions ("leave-org" -> stratus-red-team-leave-org-role), typos and the proof's near values. field FIELD_NONE: any. */
size_t catalog_value_near(struct catalog *c, struct slice word, field_id field,
                          struct catalog_value *out, size_t max);
/* Most frequent values of a field over all datasets. */
size_t catalog_value_top(struct catalog *c, field_id field, struct catalog_value *out, size_t max);

#endif
