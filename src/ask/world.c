#include "ask/world.h"

#include <ctype.h>

static int dataset_index(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->nds && i < WORLD_DATASETS_MAX; i++)
		if (strcmp(w->ds[i].name, name) == 0)
			return (int)i;
	return -1;
}

void ask_world_init(struct world *w, struct catalog *c, struct arena *a)
{
	const struct catalog_field *f;
	size_t n;

	memset(w, 0, sizeof(*w));
	w->c = c;
	w->arena = a;
	w->nds = catalog_datasets(c, &w->ds);
	w->in_scope = ~UINT64_C(0);
	w->field_in = arena_zalloc(a, (field_count() + 1) * sizeof(*w->field_in));
	w->count = arena_zalloc(a, (field_count() + 1) * sizeof(*w->count));
	for (size_t d = 0; d < w->nds && d < WORLD_DATASETS_MAX; d++) {
		n = catalog_fields(c, w->ds[d].name, &f);
		for (size_t i = 0; i < n; i++) {
			if (f[i].field == FIELD_NONE || f[i].field >= field_count())
				continue;
			w->field_in[f[i].field] |= UINT64_C(1) << d;
			w->count[f[i].field] += f[i].events;
		}
	}
}

bool world_has_dataset(const struct world *w, struct slice name)
{
	for (size_t i = 0; i < w->nds; i++)
		if (dataset_within(w->ds[i].name, name))
			return true;
	return false;
}

static uint64_t raw_mask(const struct world *w, struct slice path)
{
	const struct catalog_field *f[32];
	size_t n = catalog_path_by_word(w->c, path, f, ARRAY_LEN(f));
	uint64_t mask = 0;

	for (size_t i = 0; i < n && i < ARRAY_LEN(f); i++) {
		int d = f[i]->path && slice_ieq(slice_of(f[i]->path), path)
		                ? dataset_index(w, f[i]->dataset)
		                : -1;

		if (d >= 0)
			mask |= UINT64_C(1) << d;
	}
	return mask;
}

uint64_t world_field_mask(const struct world *w, const char *name)
{
	const struct field *f;

	if (strncmp(name, "raw:", 4) == 0)
		return raw_mask(w, slice_of(name + 4));
	if (strcmp(name, "time") == 0 || strcmp(name, "dataset") == 0 || strcmp(name, "uid") == 0 ||
	    strcmp(name, "file") == 0)
		return ~UINT64_C(0);
	f = field_find(slice_of(name));
	return f ? w->field_in[f->id] : 0;
}

bool world_has_field(const struct world *w, const char *name)
{
	return (world_field_mask(w, name) & w->in_scope) != 0;
}

const char *world_first_field(const struct world *w, const char *const *names)
{
	for (; *names; names++)
		if (world_has_field(w, *names))
			return *names;
	return NULL;
}
