/*
 * Inside of ground/: the index of what was given, the reading of a sentence, the rules. Not for others.
 *
 * A sentence is read once (text.c): tokens, then atoms, which are its checkable parts, in clauses. Each atom is looked for in the
 * cited records (look.c); rules.c holds atoms of a clause together; scope.c judges what speaks of all records: counts, universals,
 * negations, firsts and lasts.
 */
#ifndef MW_GROUND_INT_H
#define MW_GROUND_INT_H

#include "base/map.h"
#include "ground/ground.h"

/* ---- the index (index.c) ---- */

struct fact {
	const char *path;
	const struct field *field; /* NULL: a raw path */
	uint32_t value;            /* index into values */
};
struct posting {
	uint32_t rec, fact;
};
struct value {
	struct slice text; /* folded */
	VEC(struct posting) at;
	bool cut; /* too long for the token index */
};
enum outcome { OUT_UNKNOWN, OUT_OK, OUT_FAILED, OUT_DENIED };
struct rec {
	struct slice id;
	mw_time time;
	uint32_t from, to; /* facts */
	struct slice raw;
	bool raw_read;
	struct slice raw_low; /* folded copy, made when first cited */
	enum outcome outcome;
	bool outcome_known;
};
struct total {
	const char *field; /* NULL: events */
	struct slice value;
	uint64_t n;
	bool distinct; /* n different values of field */
};
struct value_list {
	VEC(uint32_t) v;
};
struct ground {
	struct arena arena;
	VEC(struct rec) recs;
	VEC(struct fact) facts;
	VEC(struct value) values;
	VEC(struct total) totals;
	struct map by_id, by_value, tokens;
	VEC(struct value_list) lists;
	size_t tokened; /* values whose tokens are in the index */
	mw_time first, last;
	bool complete, cut;
};
#define REC_NONE UINT32_MAX
uint32_t ground_rec(const struct ground *g, struct slice id);
enum outcome ground_outcome(struct ground *g, uint32_t rec);
bool ground_outcome_is(struct ground *g, uint32_t rec, int64_t said); /* said: num of AT_OUTCOME */
struct slice ground_fold(struct arena *a, struct slice s);

/* A set of records: bit i is record i. */
struct set {
	uint64_t *w;
	size_t n; /* words */
};
struct set set_new(struct arena *a, const struct ground *g, bool full);
void set_add(struct set *s, uint32_t rec);
bool set_has(const struct set *s, uint32_t rec);
void set_and(struct set *s, const struct set *o);
void set_or(struct set *s, const struct set *o);
void set_minus(struct set *s, const struct set *o);
void set_drop(struct set *s, uint32_t rec);
size_t set_count(const struct set *s);

/* ---- a sentence (text.c) ---- */

enum atom_kind {
	AT_NAME,  /* a string that must stand in a record */
	AT_ID,    /* an evidence id in the text */
	AT_TIME,  /* a date, a time of day, or both */
	AT_SPAN,  /* a duration, microseconds in num */
	AT_COUNT, /* num things */
	AT_VALUE, /* a number that must be a field's value */
	AT_PERCENT,
	AT_SEVERITY, /* num: enum severity */
	AT_OUTCOME,  /* num: enum outcome; negative: not that one */
	AT_VERB,     /* num: families of acts */
};
enum compare { CMP_EQUAL, CMP_ABOUT, CMP_MOST, CMP_UP_TO, CMP_LESS, CMP_LEAST, CMP_MORE };
struct when {
	bool dated, year, timed;
	struct civil c;
	int precision; /* of timed: 0 hours, 1 minutes, 2 seconds, 3 fractions of `digits` */
	int digits;
};
struct atom {
	enum atom_kind kind;
	size_t from, to;    /* bytes */
	size_t tok, tok_to; /* tokens */
	struct slice key;   /* folded */
	int64_t num;
	double real;  /* AT_COUNT, AT_VALUE, AT_PERCENT */
	int64_t unit; /* smallest unit named, AT_SPAN */
	enum compare cmp;
	struct when when;
	int clause;
	bool range_from, range_to, between; /* ends of "from A to B" */
	struct slice noun;                  /* AT_COUNT: what is counted, folded */
	int of;           /* AT_COUNT: the atom that it counts ("GetObject (14)"); -1: its clause */
	const char *fail; /* why it is not supported; NULL: it is */
	bool proved;      /* by more than the cited records: leave it out of the joint test */
	bool soft;        /* a plain word that names something only where the records know it */
	struct set cited; /* cited records that hold it */
	struct set
	        all; /* records everywhere that hold it; made when first asked for (w NULL: not yet) */
	const char *path; /* of the first fact that holds it, where no field of the table does */
	unsigned roles;   /* of the fields that hold it, by enum field_role, over cited */
	enum field_role want; /* the part that the sentence gives it; FR_NONE: not said */
};
struct tok {
	size_t from, to;
	struct slice low; /* folded, trimmed */
	int atom;         /* -1 */
	int clause;
	bool start;       /* first of the sentence, or after a colon or full stop */
	bool upper;       /* begins with a capital */
	bool comma, stop; /* what follows it */
	bool paren;       /* an opening bracket stands before it */
	bool verb;
};
#define TOKENS_MAX 700
struct sentence {
	struct arena arena;
	struct slice text, low;
	struct tok t[TOKENS_MAX];
	size_t nt;
	struct atom a[GROUND_ATOMS_MAX];
	size_t na;
	bool over; /* a cap was reached */
	int clauses;
	const struct slice *ids;
	size_t nids;
	const struct ground_copied *copied;
	size_t ncopied;
	VEC(uint32_t) cited; /* records */
	struct set cited_set;
	bool checked; /* something was checked that is no atom: an order, a universal */
	struct ground_verdict *out;
};
void sentence_read(struct ground *g, struct sentence *s);
struct slice sentence_noun(const struct sentence *s,
                           size_t i); /* what is counted from token i on */
void sentence_fail(struct sentence *s, size_t from, size_t to, const char *why);
void sentence_against(struct ground *g, struct sentence *s, uint32_t rec);
bool word_is(const struct sentence *s, size_t i,
             const char *words); /* one of "a|b|c"; false past the end */
struct atom *atom_add(struct sentence *s, enum atom_kind kind, size_t tok, size_t tok_to);

/* words.c */
bool word_known(struct slice low);      /* English, in some inflection, or a word of the trade */
bool word_trade(struct slice low);      /* never a name of anything of the case */
unsigned verb_family(struct slice low); /* bits; 0: no verb of an act */
unsigned verb_bare(struct slice low);   /* the same of a verb without ending: "to stop" */
unsigned act_family(struct slice act);  /* of an operation's name: "DeleteBucket" */
bool families_conflict(unsigned said, unsigned done);
bool verb_agent(struct slice low); /* a verb before which the doer stands */
bool number_word(struct slice low, int64_t *n);
bool in_list(struct slice low, const char *words); /* "a|b|c" */

/* times.c */
bool times_read(struct sentence *s); /* finds times and durations, in place */
bool when_matches(const struct when *w, mw_time t);
bool when_resolve(const struct when *w, mw_time near, mw_time *from, mw_time *to);

/* look.c */
bool text_holds(struct slice text, struct slice key); /* at word edges; both folded */
unsigned rec_holds(struct ground *g, uint32_t rec,
                   struct atom *a); /* bits 1<<role; bit 31: somewhere else; 0 no */
/* Adds them to out; s keeps what was found. */
void atom_everywhere(struct ground *g, struct sentence *s, const struct atom *a, struct set *out);
void look_for_atoms(struct ground *g, struct sentence *s);

/* acts.c: sets of all records; false: the words name no operation that any record has */
bool act_after(struct ground *g, struct sentence *s, size_t verb,
               struct set *out); /* "created an access key" */
bool act_counted(struct ground *g, struct sentence *s, const struct atom *a, struct set *out);
bool act_denied(struct ground *g, struct sentence *s, size_t no,
                struct set *out); /* "no trail was created" */
bool act_by_others(struct ground *g, struct sentence *s, size_t verb,
                   struct set *out); /* than those who act in the cited records */
void check_opposites(struct ground *g, struct sentence *s);
void check_levels(struct ground *g, struct sentence *s); /* "high integrity" */
void record_raw(struct ground *g, struct rec *r);        /* makes raw_low */

#define NOUN_FIELDS 24 /* fields that one noun may mean */
struct scope {
	size_t from, to;            /* tokens */
	const struct atom *without; /* left out, with its class where by_class */
	bool by_class, outcomes, times;
};
struct set matching(struct ground *g, struct sentence *s, int clause, const struct scope *sc,
                    size_t *named);
void clause_bounds(const struct sentence *s, int clause, size_t *from, size_t *to);
bool fits(double is, double said, enum compare cmp);
void check_count(struct ground *g, struct sentence *s, struct atom *a);
void check_percent(struct ground *g, struct sentence *s, struct atom *a);

/* rules.c, scope.c */
unsigned acts_of(struct ground *g, uint32_t rec); /* families of its operation */
void check_together(struct ground *g, struct sentence *s);
void check_order(struct ground *g, struct sentence *s);
void check_scope(struct ground *g, struct sentence *s);

#endif
