/*
 * Fragments: the where of a concept as the lexicon writes it, one line of text:
 *
 *   api.operation = ConsoleLogin and not status = Failure
 *   dataset = windows.security and metadata.event_code in (4720, 4741)
 *   (dataset = zeek.conn or dataset = vpcflow) and not dst_endpoint.ip cidr (10.0.0.0/8, 172.16.0.0/12)
 *
 *   text  := expr { "else" expr }: the first one that can be true in the imported data
 *   expr  := and-terms joined by "or"; term := "not" term | "(" expr ")" | test
 *   test  := field op value | field "in" (v, v ...) | field "exists" | "text" value | field op @field
 *   op    := =  !=  == (exact case)  ~ (contains)  ^= (starts)  $= (ends)  like  =~ (regex)  cidr  <  <=  >  >=
 *   field := name or alias of fields.yaml, raw:path, dataset; a|b means any of them; $slot is filled in by the planner
 *            ($ip: source or destination address by what the question says, $user, $host ...)
 *   value := word or "quoted text"
 *
 * `dataset = windows` takes the whole family. A leaf whose dataset or field is nowhere in the catalogue is dropped where
 * another alternative remains, so that the analyst sees only what can be true here.
 */
#ifndef MW_ASK_FRAG_H
#define MW_ASK_FRAG_H

#include "ask/world.h"
#include "plan/plan.h"

struct frag;
/* Parses into the arena; the error names the place in the text. */
const struct frag *frag_parse(struct arena *a, const char *text, struct err *e);

struct frag_slot { /* "$user" and the field that it stands for */
	const char *name, *field;
};
/* A plan node in p's arena. Never NULL: where nothing of it can be true here the whole is kept, unpruned. */
struct plan_node *frag_node(const struct frag *f, struct plan *p, const struct world *w,
                            const struct frag_slot *slots, size_t nslots);
/* May an event of this dataset match? False only where the datasets that it asks for exclude it. */
bool frag_may_match(const struct frag *f, const char *dataset);
/* The datasets (bit i: dataset i of the world) whose events may match: those that it asks for, and that have its fields. */
uint64_t frag_scope(const struct frag *f, const struct world *w);
/* A field that it compares for equality, and its first value: the action that it stands for. NULL where there is none. */
const char *frag_field_value(const struct frag *f, const char *field);
/* Does it compare this field at all? */
bool frag_compares(const struct frag *f, const char *field);
/* All values that it compares the field with for equality. */
void frag_each_value(const struct frag *f, const char *field,
                     void (*fn)(void *ctx, const char *value), void *ctx);
/* Is anything of it known here at all? */
bool frag_alive(const struct frag *f, const struct world *w);

#endif
