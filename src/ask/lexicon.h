/*
 * The vocabulary, as assets/lexicon.yaml has it (its head documents the form), with the words of fields.yaml and the user's
 * own entries. Read-only after loading; internal to ask/.
 */
#ifndef MW_ASK_LEXICON_H
#define MW_ASK_LEXICON_H

#include "ask/ask.h"
#include "ask/frag.h"
#include "ask/token.h"
#include "base/map.h"

/* Words of the grammar: section `grammar` of the lexicon names them so. */
/* clang-format off */
#define GRAMMAR(X) \
	X(FILLER, "filler") X(NOUN, "noun") X(COUNT, "count") X(DISTINCT, "distinct") \
	X(TOP, "top") X(LEAST, "least") X(FIRST, "first") X(LAST, "last") X(PER, "per") \
	X(ONCE, "once") X(WHEN, "when") X(WHO, "who") X(WHOSE, "whose") X(WHICH, "which") \
	X(WHERE, "where") X(LIST, "list") X(SUM, "sum") X(AVG, "avg") X(MAX, "max") \
	X(MIN, "min") X(FROM, "from") X(BY, "by") X(ON, "on") X(TO, "to") X(IN, "in") \
	X(WITH, "with") X(FOR, "for") X(OF, "of") X(AS, "as") X(THAN, "than") X(NOT, "not") \
	X(EXCEPT, "except") X(WITHOUT, "without") X(AND, "and") X(OR, "or") X(BUT, "but") \
	X(THEN, "then") X(ONLY, "only") X(SAME, "same") X(THOSE, "those") \
	X(PERSON, "person") X(ALSO, "also") X(ABOUT, "what_about") X(BEFORE, "before") \
	X(AFTER, "after") X(WITHIN, "within") X(AROUND, "around") X(BETWEEN, "between") \
	X(GT, "gt") X(GE, "ge") X(LT, "lt") X(LE, "le") X(EQ, "eq") X(NE, "ne") \
	X(TIMES, "times") X(ANYTHING, "everything") X(DID, "did") X(BUSIEST, "busiest") \
	X(NEW, "new") X(CONTAINS, "contains") X(STARTS, "starts") X(ENDS, "ends") \
	X(EXISTS, "exists") X(MISSING, "missing") X(EVENTS, "events") X(NEXT, "next") \
	X(PREVIOUS, "previous") X(EACH, "each") X(NOISE, "noise") X(HIM, "himself") \
	X(MEANWHILE, "it") X(DROP, "drop") X(UNTIL, "until") X(SPAN, "rate") \
	X(ORDER, "order")
/* clang-format on */

enum gram {
#define X(id, name) G_##id,
	GRAMMAR(X)
#undef X
	        G_NONE,
};

enum lex_kind { LEX_GRAMMAR, LEX_CONCEPT, LEX_FIELD, LEX_VERB, LEX_CLARIFY };
enum outcome { OUT_NONE, OUT_FAILED, OUT_OK, OUT_DENIED };
/* What a concept answers to, besides its where. */
enum concept_kind {
	CK_PLAIN,
	CK_ACTION,  /* something that happens: two of them joined by "and" are alternatives */
	CK_DATASET, /* where the records are from */
	CK_OUTCOME, /* failed, denied, successful: may replace a concept's where by its own failed/ok */
	CK_ADJECTIVE,
};
struct lex_entry {
	enum lex_kind kind;
	enum gram gram;   /* LEX_GRAMMAR */
	const char *name; /* concept or field: what the chip says */
	const struct frag *where, *failed, *ok;
	enum concept_kind concept;
	enum outcome outcome;
	bool kinds; /* its object fields are different things: naming one leaves the others out */
	bool lists; /* "files dropped" asks for the files */
	bool broad; /* a tactic: gives way to what is said more exactly */
	const char *const *attack; /* technique ids; NULL-terminated, or NULL */
	const char *const *
	        fields; /* LEX_FIELD: in order of preference; concept: what it is about (its object) */
	const char *const *
	        camel; /* LEX_VERB: first words of event names; LEX_FIELD: the object in event names */
	const char *numeric; /* LEX_FIELD: "sum", what a total of it adds up */
	const struct frag_slot
	        *slots; /* concept: fields that it brings for others ("user", "host") */
	size_t nslots;
	const char *clarify; /* LEX_CLARIFY: what is said */
	bool thing;          /* LEX_FIELD: countable by itself ("how many users") */
	bool noun;           /* LEX_FIELD: may just mean the events ("api calls") */
};
struct lexicon {
	struct arena arena;
	struct map phrases; /* stems joined by a space -> struct lex_entry * */
	struct map words;   /* every word of every phrase, lower case: what typos are mended to */
	struct map stems;   /* their stems: words that need no mending */
	struct map events;  /* event names that concepts know, lower case -> as written */
	size_t longest;     /* words of the longest phrase */
};
/* The longest entry that begins at token i; *n gets the tokens taken. NULL where there is none. Articles inside are skipped. */
const struct lex_entry *lexicon_at(const struct lexicon *x, const struct toks *t, size_t i,
                                   size_t *n);
/* An event name that some concept knows, as the vendor writes it; NULL where none does. */
const char *lexicon_event(const struct lexicon *x, struct slice name);
/* An entry for one field, made for a question. */
struct lex_entry *lex_field(struct arena *a, const char *name, const char *field);
const struct lex_entry *lexicon_phrase(const struct lexicon *x, const char *phrase);
/* The nearest word of the vocabulary: empty where none is near. */
struct slice lexicon_mend(const struct lexicon *x, struct slice word);

#endif
