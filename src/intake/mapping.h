/*
 * From leaves to an event: the paths of assets/fields.yaml (and of users' own mappings), compiled
 * once a dataset and looked up by path number. A mapper belongs to one leafset and one thread. The
 * event's slices hold until the next leaves_begin.
 */
#ifndef MW_MAPPING_H
#define MW_MAPPING_H

#include "base/yaml.h"
#include "intake/leaf.h"
#include "model/event.h"

struct mapper;
struct mapper *
mapper_new(struct leafset *s,
           mw_time now); /* now: for times without a year. fields_load must have run */
void mapper_free(struct mapper *m);
/* A user's mapping: a map of field names to paths, used for this dataset instead of the table. -1
 * names the line. */
int mapper_define(struct mapper *m, const char *dataset, const struct yaml_node *fields,
                  const char *name, struct err *e) MW_USE_RESULT;
/* Fills time, arrival, uid (with has_own_uid) and vals; dataset is static or lives as long as the
 * mapper. */
void mapper_apply(struct mapper *m, const char *dataset, struct event *ev);
/* A string that lives as long as the mapper. */
const char *mapper_intern(struct mapper *m, struct slice s);

/* Checks every path, transform and computed name of the field table. For tests. */
int mapping_check(struct err *e) MW_USE_RESULT;

#endif
