/*
 * What the CNAPP languages share: Wiz, Prisma RQL, Orca, Lacework LQL. Inside plan/. Only graph steps that match a pattern are
 * asked (GF_MATCH, and the neighbours one hop away); paths of unknown length are walked by run/ step by step, or in the embedded
 * graph. Their conditions are joined by AND: what cannot be said so is left out, told, and filtered afterwards.
 */
#ifndef MW_PLAN_RENDER_GRAPH_H
#define MW_PLAN_RENDER_GRAPH_H

#include "plan/render_lang.h"

/* Our word (a node or edge type of store/graph.h) and the platform's words for it, up to three and a NULL: any of them. */
struct pattern_word {
	const char *ours, *theirs[4];
};
/* Ends with ours NULL. NULL: the platform has none. */
const char *const *pattern_words(const struct pattern_word *table, const char *ours);

/* Ours for one of theirs, the first; "resource" where none is known. */
const char *pattern_ours(const struct pattern_word *table, const char *theirs);

/* 0, or -1 with an error that says what to do: the step is no pattern of hops with one length each. */
int pattern_check(struct render *r, const char *platform);
/* Calls put for each comparison that has to hold of all, in the tree's order; anything else is told and left out, and then
 * exact_where is false. Comparisons said as a superset too. */
typedef void pattern_put(struct render *r, const struct plan_node *cmp, void *ctx);
void pattern_conditions(struct render *r, const struct plan_node *where, render_can *can,
                        pattern_put *put, void *ctx);
/* The types of node i of the pattern (0: the start), or NULL where any will do. Unknown ones are told. */
const char *const *pattern_node_types(struct render *r, const struct pattern_word *table, size_t i);
const char *pattern_node_type(const struct render *r, size_t i); /* ours, or NULL */
const struct plan_node *pattern_node_where(const struct render *r, size_t i);

/* Values that need no escape anywhere: printable ASCII without quotes, backslashes, backticks and $. */
bool pattern_plain(struct slice v);
/* The pattern is an account and what it contains, one hop. */
bool pattern_in_account(const struct render *r);
bool pattern_is(const struct plan_node *n); /* is, is_cs, in */

#endif
