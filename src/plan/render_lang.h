/*
 * What the languages' renderers share: one struct render in hand, one struct lang each. Inside plan/.
 */
#ifndef MW_PLAN_RENDER_LANG_H
#define MW_PLAN_RENDER_LANG_H

#include "plan/place.h"
#include "plan/quote.h"
#include "plan/render.h"

struct render {
	struct plan *p;        /* holds the widened tree */
	struct plan_search *s; /* of the clone */
	struct plan_graph *g;  /* of the clone; of a graph step alone */
	const char *table;     /* the target's, or NULL */
	const struct render_catalog *catalog;
	struct rendered *out;
	struct buf *b;       /* out->text */
	const char *word[3]; /* " and ", " or ", "not" in this language */
	void (*cmp)(struct render *r, const struct plan_node *n);
	bool columns; /* the tree is over output columns (having) */
	struct err *e;
};
/* For a note each; the same one is told once. */
void render_note(struct render *r, const char *fmt, ...) MW_PRINTF(2, 3);
/* The type of a column by the source's catalogue: "" where nothing is known of it, NULL where it is not there, which is noted. column
 * NULL gives NULL. */
const char *render_type(struct render *r, const struct plan_field *f, const char *column);
/* column, where the source has it; else NULL. */
const char *render_has(struct render *r, const struct plan_field *f, const char *column);
/* Writes a tree with brackets around every group. An empty ALL or ANY cannot come: widening has taken them out. */
void render_tree(struct render *r, const struct plan_node *n);
/* Widens the step's where for this language and sets exact_where; exact_rows when there is nothing left for run/ to do. */
struct plan_node *render_where(struct render *r, render_can *can);
/* Where the language does not limit to the step's datasets: run/ does. */
void render_datasets_after(struct render *r);
/* A field's name in the language, or NULL; static, or in the plan's arena. */
typedef const char *render_column(struct render *r, const struct plan_field *f);
/* Whether the language can make the groups itself as the plan means them; notes say what it cannot. */
bool render_groups_able(struct render *r, render_column *column);
bool render_having_able(struct render *r, render_can *can); /* widens having, over output columns */
bool render_sort_able(struct render *r);
/* The order of groups, key by key: the plan's own, then what makes it total. column counts output columns. */
typedef void render_sort_key(struct render *r, size_t column, bool desc, bool first);
void render_group_order(struct render *r, render_sort_key *key);
/* regex and like as a regular expression of an engine that sees characters (quote.h): how well it says the value, and the
 * expression; wide where it has to find more. */
enum render_fit render_regex_fit(enum plan_op op, struct slice v);
void render_regex(struct buf *b, enum plan_op op, struct slice v);
bool render_regex_empty(struct slice re); /* holds for "", which is no value in plans */
/* A block of addresses that value_fit has found to be one, with its prefix, as the language quotes text. */
void render_block(struct render *r, struct slice v, void (*quote)(struct buf *b, struct slice s));
/* Rows to ask for: the plan's limit where rows are exact, else all that run/ may hold. */
long long render_limit(const struct render *r);
const char *render_alias(const struct plan_field *f); /* the output column's name of a by field */

/* One renderer a language. */
typedef int render_fn(struct render *r);
render_fn render_spl, render_kql, render_aql, render_dsl, render_ch;
render_fn render_wiz, render_rql, render_orca, render_lql, render_sigma;

#endif
