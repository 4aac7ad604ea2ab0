/*
 * What the imported data has, as the planner asks it: a view of the catalogue made once a question. Borrows the catalogue.
 */
#ifndef MW_ASK_WORLD_H
#define MW_ASK_WORLD_H

#include "base/mem.h"
#include "store/catalog.h"

#define WORLD_DATASETS_MAX 64
struct world {
	struct catalog *c;
	struct arena *arena;
	const struct catalog_dataset *ds;
	size_t nds;
	uint64_t in_scope;  /* bit i: dataset i may answer this question */
	uint64_t *field_in; /* by field_id: bit i: dataset i has it */
	uint64_t *count;    /* by field_id: events that have it, all datasets */
};
void ask_world_init(struct world *w, struct catalog *c, struct arena *a);
bool world_has_dataset(const struct world *w, struct slice name);
bool world_has_field(const struct world *w,
                     const char *name); /* normalised or raw:path, in datasets in scope */
uint64_t world_field_mask(const struct world *w,
                          const char *name); /* datasets that have it, scope or not */
/* The first of a NULL-terminated list that the data in scope has; NULL where none is. */
const char *world_first_field(const struct world *w, const char *const *names);

#endif
