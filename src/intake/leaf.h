/*
 * The leaves of one record, whatever format it came in: JSON by base/evjson.h, key=value texts and
 * columns by intake/text.c. Everything after this works on (path, value) pairs alone. Paths are the
 * numbers of the set's own reader, so that a mapping is an array look-up. Values point into the
 * record, or into the set's arena: both hold until the next leaves_begin.
 */
#ifndef MW_LEAF_H
#define MW_LEAF_H

#include "base/evjson.h"
#include "base/mem.h"

struct leaf {
	uint32_t path;
	enum ev_type type;
	uint32_t element;   /* leaves of one object have the same; 0 outside of arrays */
	struct slice value; /* decoded; empty for null and for an empty container */
};
struct leaf_mark {
	uint32_t record, first; /* valid where record is the set's current one; index into v */
};
#define LEAF_PAIR_FORMS 6
struct leafset {
	struct ev_reader *reader;
	struct arena arena;
	VEC(struct leaf) v;
	VEC(struct leaf_mark) marks; /* by path number */
	uint32_t record;
	uint32_t pairs[LEAF_PAIR_FORMS][2]; /* paths of names and of their values, once looked up */
	struct buf text;                    /* scratch */
};
void leaves_init(struct leafset *s);
void leaves_release(struct leafset *s);
void leaves_begin(struct leafset *s);
void leaves_add(struct leafset *s, const struct leaf *l);
/* The path of a name that is one key, whatever bytes it has. */
uint32_t leaves_path(struct leafset *s, struct slice name);
/* A named value of a text format. */
void leaves_put(struct leafset *s, struct slice name, struct slice value);
/* Adds all of one JSON value. -1 with the place where it is broken; what came before stays. */
int leaves_json(struct leafset *s, struct slice text, size_t *used, struct err *e);
/* Goes into strings that are JSON, a Python dict, or Windows event XML themselves, and adds what
 * they hold under their path. */
void leaves_expand(struct leafset *s);
/* [{"Name": "X", "Value": "v"}] as if it were {"X": "v"}: as exporters write Windows event data. */
void leaves_pairs(struct leafset *s);
/* The first leaf at a path, or NULL. */
const struct leaf *leaves_get(const struct leafset *s, uint32_t path);
/* Its text, or the empty slice. */
struct slice leaves_value(const struct leafset *s, uint32_t path);

#endif
