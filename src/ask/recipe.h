/*
 * Recipes: investigations as data. Each file of assets/recipes/ (and the user's own) is a plan in YAML with placeholders, a title
 * and the kinds of entity that it fits. A recipe makes a plan like any other: shown, editable, bounded, read-only.
 *
 *   id: all-activity
 *   title: "all activity of {value}"       # the numbered question of a card, the line of the pivot menu
 *   key: a                                  # its letter in the pivot menu
 *   for: [actor.user.name, src_endpoint.ip] # field names of entities, "*" for any
 *   plan: {show: events, steps: [...]}      # plan JSON (plan/json.c) with {value}, {from}, {to}; a member whose placeholder
 *                                           # has no value is left out
 */
#ifndef MW_RECIPE_H
#define MW_RECIPE_H

#include "plan/plan.h"

struct recipes;
int recipes_load(struct recipes **out, struct err *e) MW_USE_RESULT;
void recipes_free(struct recipes *r);

struct recipe {
	const char *id, *title, *key;
	const char *const *fields; /* NULL-terminated */
};
size_t recipes_count(const struct recipes *r);
const struct recipe *recipes_at(const struct recipes *r, size_t i);
const struct recipe *recipe_find(const struct recipes *r, const char *id);
bool recipe_fits(const struct recipe *r, const char *field);
/* The title with {value} filled in, raw; an ARN by its last part. */
void recipe_title(const struct recipe *r, struct slice value, struct buf *out);

struct recipe_args {
	struct slice value;
	mw_time from, to; /* MW_TIME_NONE: no bound */
};
/* Validated, ready to run; -1 names the recipe's file and place. */
struct plan *recipe_plan(const struct recipes *r, const char *id, const struct recipe_args *a,
                         struct err *e) MW_USE_RESULT;

#endif
