/*
 * What the terms mean together: constraints, times, and what is asked of the events that pass. One query a clause: the main
 * one, and one for each anchor ("after the first StopLogging") or stage ("created and then deleted"). Internal to ask/.
 */
#ifndef MW_ASK_QUERY_H
#define MW_ASK_QUERY_H

#include "ask/term.h"

enum con_kind { CON_CONCEPT, CON_FIELD, CON_TEXT };
#define CON_FIELDS_MAX 6
struct con {
	enum con_kind kind;
	bool neg;
	int group; /* constraints of one group are alternatives */
	const struct lex_entry *lex;
	enum outcome outcome; /* CK_OUTCOME concepts */
	const char *fields[CON_FIELDS_MAX];
	size_t nfields; /* any of them */
	enum plan_op op;
	struct slice *values; /* in the arena */
	size_t nvalues;
	enum gram prep;      /* what stood in front of it */
	size_t term, nterms; /* the terms that it was read from */
	bool actor;          /* it says who */
	bool assumed;
	bool dead; /* taken up by another one */
};
#define ASKS_MAX 6
/* "how many", "which", "who", "when": what a question asks for, in order; from what subject on it is asked. */
struct ask_word {
	enum gram g;
	size_t subject;
};
struct query {
	VEC(struct con) cons;
	VEC(struct tx_atom) times;
	VEC(const struct lex_entry *) subjects; /* fields that are asked for, in order */
	VEC(const struct lex_entry *) groups;   /* per, by */
	VEC(const struct lex_entry *) verbs;    /* camel verbs that found no concept */
	VEC(const struct lex_entry *) objects;  /* camel objects */
	struct ask_word asks[ASKS_MAX];
	size_t nasks;
	const char *inside
	        [4]; /* objects that are named inside a concept's own words: "images shared" */
	size_t ninside;
	bool either;   /* "which snapshots or images": one list of both */
	bool in_order; /* "in time order" */
	bool kinds;    /* "what kinds of" */
	const struct lex_entry *sum_of;
	const struct lex_entry
	        *most_of; /* "came from the most addresses": different ones are counted */
	/* what is asked */
	bool count, distinct, top, least, first, last, once, when, who, whose, which, where, list,
	        events, busiest, fresh, each, noun, everything;
	bool did, attempted, passive, ref_those, ref_person, ref_next, ref_previous, only_first,
	        same, also, drop, about, himself, series, things, plural, yesno, verb_lost, toward,
	        asked_to_show;
	bool same_address;                 /* "from the same address" */
	const struct lex_entry *ref_field; /* "that key" */
	int64_t n;                         /* how many are wanted; 0: not said */
	int64_t span;                      /* time buckets */
	enum gram having;                  /* G_GT ...; G_NONE */
	int64_t having_n;
	const struct lex_entry *having_field; /* different values of it are counted, not events */
	int fn;                               /* plan_fn of sum, avg, max, min; -1: none */
	size_t unknown;                       /* terms that were not understood and may constrain */
	const char *clarify;                  /* what no log can answer */
	int groups_used;
	VEC(const struct lex_entry *)
	context; /* all concepts of the clause, and of the questions that it leans on */
};
void query_release(struct query *q);

struct parse {
	const struct term_env *env;
	struct terms *t;
	enum gram *marks; /* by term: grammar that the splitting took (anchors); G_NONE */
};
/* Terms [from, to) that are not gone. */
void query_parse(const struct parse *p, size_t from, size_t to, struct query *q);
/* Datasets that the concepts among the terms leave: world->in_scope is set. */
void scope_from_terms(const struct parse *p, size_t from, size_t to);

/* value.c: the field that a value is in, by what stands around it. True where c was filled. */
bool con_of_value(const struct term_env *env, const struct query *q, const struct term *t,
                  enum gram prep, const struct lex_entry *field, struct con *c);
bool con_of_unknown(const struct term_env *env, const struct query *q, const struct term *t,
                    enum gram prep, const struct lex_entry *field, struct con *c);
/* The field of an entry in the data in scope; where none is, its first one (the proof then says so). */
const char *field_here(const struct term_env *env, const struct lex_entry *e);
/* The same under the concepts' slots ("user" of a Windows logon is the target). */
const char *slot_field(const struct term_env *env, const struct query *q, const char *slot);

/* The actor's field of a pair (a role's session, not the role) unless an event on such objects is meant. */
const char *acting_field(const struct term_env *env, const struct query *q,
                         const struct lex_entry *e, enum gram prep, const char *name);

bool field_is_number(
        const struct lex_entry *f); /* bytes, packets, a duration: what can be added up */

/* verb.c: event names by verb and object ("creating roles"). True where c was filled. */
/* Event names all of whose words stand in the text, the longest of them; for titles of detections. */
bool con_of_title(const struct term_env *env, const struct terms *t, bool loosely, struct con *c);
bool con_of_cited(const struct term_env *env, struct slice prose, struct con *c);
/* The word of this stem as the event names in the data have it; NULL where none does. */
char *verb_event_word(const struct term_env *env, field_id operation, struct slice stem);
bool con_of_verbs(const struct term_env *env, const struct query *q, struct con *c);

#endif
