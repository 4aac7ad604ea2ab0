/*
 * Where in a plan something stands, as a chain on the stack: written "steps[0].where.all[1].value"
 * only when an error is to be told. The names are those of the JSON form. Used within plan/ by its
 * reader and its validation.
 */
#ifndef MW_PLAN_PLACE_H
#define MW_PLAN_PLACE_H

#include "base/buf.h"
#include "base/err.h"

struct place {
	const struct place *up; /* NULL: the plan itself */
	const char *key;        /* a member's name, or NULL: element `index` of what is above */
	size_t index;
};
#define PLACE_KEY(up, key) (&(struct place){(up), (key), 0})
#define PLACE_AT(up, i) (&(struct place){(up), NULL, (i)})
void place_write(const struct place *at, struct buf *b);
/* ERR_INVALID with "place: text"; returns -1. */
int place_err(const struct place *at, struct err *e, const char *fmt, ...) MW_PRINTF(3, 4);

/* Both ends of each enumeration's JSON names; tables end with NULL. */
extern const char *const plan_op_words[], *const plan_fn_words[], *const plan_show_words[];
extern const char *const plan_kind_words[], *const plan_dir_words[], *const plan_at_words[];
extern const char *const plan_graph_fn_words[];

#endif
