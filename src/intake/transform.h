/*
 * What assets/fields.yaml writes behind a bar: "Image|basename". A transform turns one raw value
 * into none, one or several values. Results point into the value or into the arena.
 */
#ifndef MW_TRANSFORM_H
#define MW_TRANSFORM_H

#include "base/mem.h"
#include "base/buf.h"

struct values {
	struct arena *arena;
	VEC(struct slice) v;
};
typedef void transform_fn(struct slice in, struct values *out);
transform_fn *transform_find(struct slice name); /* NULL: no such transform */

#endif
