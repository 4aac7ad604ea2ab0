/*
 * The catalogue from inside: the segments' dictionaries are the catalogue of normalised values, so nothing is kept twice;
 * what is in memory are the datasets, the fields with their counts, the raw paths with their few values, and, once asked
 * for, an index of words. One thread.
 */
#ifndef MW_CATALOG_INT_H
#define MW_CATALOG_INT_H

#include "base/evjson.h"
#include "base/map.h"
#include "store/catalog.h"
#include "store/cover_seen.h"
#include "store/lake_int.h"

struct cat_path { /* a raw path of a dataset, over its segments; of a catalogue of rows also a field */
	const char *dataset, *path; /* path NULL: the field */
	field_id field;             /* FIELD_NONE where there is a path */
	uint64_t events;
	bool all_kept;
	struct map values; /* value -> events */
};
struct near_entry {         /* a value in the index of words */
	const char *folded; /* with NUL */
	uint32_t n;
	uint32_t letters; /* bit a letter or digit that occurs, for the distance */
	struct catalog_value v;
};
struct near_part {        /* a word inside a value */
	const char *text; /* into folded */
	uint32_t n, entry;
};
struct catalog {
	struct lake *l; /* NULL: made of rows (catalog_rows.h) */
	bool rows;
	struct seen_all seen; /* of rows: what arrived, for the log cover */
	struct map by_name;   /* of rows: dataset, kind and field -> cat_path */
	int64_t generation;
	bool loaded;
	struct arena arena;
	VEC(struct catalog_dataset) datasets;
	VEC(struct catalog_field) fields; /* by dataset, normalised ones first */
	VEC(struct cat_path *) paths;
	struct map path_words;     /* word -> first of a chain in path_links + 1 */
	VEC(uint32_t) path_links;  /* pairs: index in fields, next + 1 */
	struct map path_values;    /* folded value -> first of a chain in value_links + 1 */
	VEC(uint32_t) value_links; /* triples: path, number of the value, next + 1 */
	bool indexed;
	VEC(struct near_entry) near;             /* by folded text */
	VEC(struct near_part) parts;             /* by text */
	VEC(const struct catalog_field *) found; /* answer of catalog_path_by_word */
};
/* What a segment's dropped rows held of raw paths; NULL where it has none. The segment is open. */
struct cat_gone {
	uint64_t events;
	uint32_t last; /* row + 1 that was counted last */
	struct map values;
};
struct cat_dead;
struct cat_dead *cat_dead_new(struct lake_seg *ls);
void cat_dead_free(struct cat_dead *d);
const struct cat_gone *cat_dead_path(const struct cat_dead *d, struct slice path); /* or NULL */
uint64_t cat_gone_value(const struct cat_gone *p, struct slice value); /* p may be NULL */

/* Moves to the lake's present state. False: reading failed, and the catalogue is empty (the lake's own reads will say why). */
bool catalog_follow(struct catalog *c);

struct catalog_dataset *catalog_dataset_of(struct catalog *c, const char *name);
/* After datasets, fields and paths are there. */
void catalog_index(struct catalog *c);

/* The values of a field over segments, in hash order, each with the events that have it. dataset NULL: all. Values point
 * into the segments. fn returns false to stop. */
typedef bool catalog_fn(void *ctx, const char *dataset, struct slice value, uint64_t events);
int catalog_merge(struct catalog *c, const char *dataset, field_id f, catalog_fn *fn, void *ctx);
/* The same over rows, in their order. */
void catalog_rows_merge(struct catalog *c, const char *dataset, field_id f, catalog_fn *fn,
                        void *ctx);

#endif
