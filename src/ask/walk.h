/* The walk over a clause's terms: its state, and what the handlers of each kind of term share. Internal to ask/. */
#ifndef MW_ASK_WALK_H
#define MW_ASK_WALK_H

#include "ask/query.h"

struct walk {
	const struct parse *p;
	struct query *q;
	size_t i, to;
	enum gram prep;
	bool neg;        /* the next constraint is negated */
	size_t neg_term; /* by this word */
	bool neg_open;   /* the one before was, and a list goes on */
	enum gram join;  /* G_AND, G_OR between the last constraint and here; G_NONE */
	bool near_last;  /* nothing but commas and fillers since the last constraint */
	size_t last;     /* index + 1 of the last constraint */
	const struct lex_entry *field; /* a field that waits for its value */
	size_t field_term;
	enum gram cmp;  /* G_GT ... waits for its number; G_CONTAINS ... for its text */
	int64_t number; /* a number that waits for what it counts */
	size_t number_term;
	bool has_number;
	bool after_per;
	bool after_group; /* a field was just taken to group by: "and" adds another */
	bool pointed;     /* "this", "that": a field without a value refers to something */
	size_t both;      /* index + 1 of the word "both" */
	bool total;       /* "total" was said: a sum, where a number follows */
};
struct term *walk_at(const struct walk *w, size_t i); /* NULL past the clause's end */
struct term *walk_ahead(const struct walk *w,
                        size_t *at_index); /* the next that is no filler nor taken */
struct term *walk_behind(const struct walk *w, size_t from); /* the one before */
void walk_add(struct walk *w, struct con *c); /* with the open negation and joining word */
void walk_mark(struct walk *w, size_t from, size_t n,
               struct con *c); /* the terms that it was read from are used */
void walk_drop_subject(struct query *q,
                       const struct lex_entry *e); /* it was a constraint, not what is asked for */
/* A value, a number or an unknown word, with the field that waits for it or by itself. first: the term that begins it. */
bool walk_take_value(struct walk *w, size_t k, const struct lex_entry *field, size_t first);
enum plan_op walk_op(enum gram g); /* of "more than", "starting with"; OP_IS otherwise */
void walk_want_n(struct walk *w, int64_t n);
bool term_value_like(const struct term *t);
bool walk_in_brackets(const struct walk *w);
/* A verb as a noun: "creations", "removals". */
bool walk_nominal(const struct walk *w, const struct term *t);
bool walk_explained(const struct walk *w);
/* The column of the data that bears the term's very words; NULL where none does. */
const struct lex_entry *walk_column(const struct walk *w, const struct term *t);
/* Does the concept compare this field? */
bool walk_holds_field(const struct lex_entry *e, const struct lex_entry *field);
void walk_gram(struct walk *w, struct term *t);
void walk_concept(struct walk *w, struct term *t);
void walk_field(struct walk *w, struct term *t);

#endif
