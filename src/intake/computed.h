/*
 * Values that no single path holds: who acted in a CloudTrail record, whether it worked.
 * assets/fields.yaml names them with an @. Everything that is only a rename or a cut belongs there,
 * not here.
 */
#ifndef MW_COMPUTED_H
#define MW_COMPUTED_H

#include "intake/leaf.h"
#include "intake/transform.h"

struct known; /* the numbers of the paths that the functions look at */
struct known *known_new(struct leafset *s);
void known_free(struct known *k);
typedef void computed_fn(const struct known *k, const struct leafset *s, struct values *out);
computed_fn *computed_find(struct slice name); /* without the @; NULL: no such thing */

#endif
