/*
 * What config.c and section.c share. Not for others.
 */
#ifndef MW_CONFIG_INT_H
#define MW_CONFIG_INT_H

#include "base/config.h"
#include "base/mem.h"
#include "base/yaml.h"

struct value {
	const char *text; /* as given */
	const char *origin;
	const char **list;
	int64_t num;
};
/* v->text and v->origin are given; fills the rest. */
int value_parse(struct arena *a, enum option_type type, const char *name, const char *help,
                struct value *v, struct err *e) MW_USE_RESULT;

/* Adds the entry that the option `lake` means, with its address; refuses a name that no source has. */
int lake_entry(cJSON *sections, const char *lake, const char *origin, struct err *e) MW_USE_RESULT;

bool section_is(const char *name);
/* Adds the checked entries of n to sections[n->key]. */
int section_read(cJSON *sections, struct arena *a, const struct yaml_node *n, const char *file,
                 struct err *e) MW_USE_RESULT;
void section_print(const cJSON *sections, struct buf *out);

#endif
