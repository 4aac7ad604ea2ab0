/*
 * What the readers share: a lexer by rules, an operator parser by tables, and the builders of plan
 * nodes. Within tests/readers. Everything made lives in the reading's plan.
 */
#ifndef MW_TESTS_READ_TEXT_H
#define MW_TESTS_READ_TEXT_H

#include "readers.h"

/* ---- tokens ---- */

enum tok_kind { TOK_END, TOK_NAME, TOK_QNAME, TOK_STR, TOK_NUM, TOK_PUNCT };
struct tok {
	enum tok_kind kind;
	struct slice s; /* decoded */
	size_t at;      /* byte offset in the text */
	bool spaced;    /* white space or a comment stands before it */
};
/* How a quoted piece ends and what a backslash does in it. */
enum quoting {
	QUOTE_C,       /* the escapes of C; an unknown one is an error */
	QUOTE_PLAIN,   /* \\ and \" alone; any other backslash stands for itself */
	QUOTE_DOUBLED, /* the quote twice; a backslash is itself */
	QUOTE_NONE,    /* the quote ends it, and nothing is quoted */
	QUOTE_BOTH,    /* the escapes of C, or the quote twice */
};
struct lex_quote {
	char open;
	enum tok_kind makes;
	enum quoting how;
};
struct lex_rules {
	struct lex_quote quotes[4]; /* ends with open 0 */
	const char *name_more;      /* bytes of a name besides letters, digits and _ */
	const char *const *puncts;  /* longest first, ends with NULL */
	const char *comment;        /* to the end of the line; NULL: none */
	bool raw_controls;          /* control bytes may stand in quotes */
	bool verbatim;              /* @"..." where the quote is doubled */
	const char *raw_call;       /* a call whose argument is one text: Kusto's datetime(..) */
	const char *number_words; /* suffixes that belong to a number: "smhd" in Kusto's 1h; NULL */
};

/* ---- expressions ---- */

enum ex_kind { EX_NAME, EX_QNAME, EX_STR, EX_NUM, EX_CALL, EX_OP, EX_LIST };
struct ex {
	enum ex_kind kind;
	struct slice s;  /* name, value, or the operator as its table writes it */
	struct ex **arg; /* of a call, an operator (one or two), a list */
	size_t n;
	size_t at;
};
/* An operator is one to three tokens in a row: "and", "not in", "matches regex", "! in ~". */
enum op_place { OP_INFIX, OP_PREFIX, OP_POSTFIX };
struct op_rule {
	const char *words;
	int prec; /* higher binds tighter */
	enum op_place place;
};

/* One text being read. */
struct rd {
	struct slice text;
	const struct lex_rules *rules;
	const struct op_rule *ops; /* ends with NULL words; longest first */
	bool blind;                /* keywords and operators in any case */
	bool brackets;             /* [a, b] is a list */
	bool index;                /* x[k] is the operator "[]" */
	struct plan *p;
	struct reading *out;
	struct tok *tok;
	size_t ntok, i;
	int depth;
	struct err *e;
	/* A language's own way with one test; see rd_tree. */
	struct leaf (*leaf)(struct rd *r, const struct ex *x);
	const char *table;
	bool text_sorted; /* no other sort key may follow */
	bool columns;     /* names are those of output columns: behind a grouping */
};

/* Makes the plan with one search step and lexes. 0, or -1. */
int rd_begin(struct rd *r, struct slice text, struct reading *out, struct err *e);
/* Validates the plan and checks that the text is used up. */
int rd_end(struct rd *r);
/* ERR_INVALID "line:column: ..."; keeps the first error. -1. */
int rd_fail(struct rd *r, size_t at, const char *fmt, ...) MW_PRINTF(3, 4);
bool rd_failed(const struct rd *r);
struct plan_search *rd_search(struct rd *r);

const struct tok *rd_tok(const struct rd *r);
/* Bare names and punctuation, one or a row of them ("group by"): all or none. */
bool rd_is(const struct rd *r, const char *words);
bool rd_take(struct rd *r, const char *words);
int rd_need(struct rd *r, const char *word);
struct slice rd_need_name(struct rd *r); /* bare or quoted; fails otherwise */
int64_t rd_need_int(struct rd *r);

struct ex *rd_ex(struct rd *r); /* NULL after an error */
bool ex_is(const struct ex *x, enum ex_kind kind, const char *s);
bool ex_call(const struct ex *x, const char *name, size_t n); /* case-blind */
bool ex_op(const struct ex *x, const char *words);
const char *rd_str(struct rd *r, struct slice s); /* a copy in the plan's arena */

/* ---- nodes ---- */

/* What a test says: where it is true, and where it has a value at all (NULL: everywhere). */
struct leaf {
	struct plan_node *yes, *known;
};
/* and, or, not as the operators of those names; everything else goes to r->leaf. The tree holds
 * where x is true (truth) or where x is false. */
struct plan_node *rd_tree(struct rd *r, const struct ex *x, bool truth);
struct plan_node *rd_const(struct rd *r, bool value);
struct plan_node *rd_two(struct rd *r, enum plan_node_kind kind, struct plan_node *a,
                         struct plan_node *b);
/* One more of an ANY; values of the same test become one list. */
void rd_or(struct rd *r, struct plan_node *any, struct plan_node *n);
struct plan_node *rd_not(struct rd *r, struct plan_node *a);
struct plan_node *rd_cmp(struct rd *r, const char *field, enum plan_op op, struct slice v);
struct plan_node *rd_exists(struct rd *r, const char *field);
void rd_where(struct rd *r, struct plan_node *n); /* one more condition on the step's events */
/* The step's datasets, as a condition. */
struct plan_node *rd_dataset(struct rd *r, const char *const *names);
struct slice rd_time_text(struct rd *r, mw_time t); /* RFC 3339 */
/* SQL's pattern (% and _, with `escape` taking the next literally, 0: none) as plan.h's like. */
struct slice rd_like(struct rd *r, struct slice pattern, char any, char one, char escape);
/* A regular expression of an engine whose . is a whole character of UTF-8, as one over bytes. */
struct slice rd_rune_regex(struct rd *r, struct slice re);
/* A plan's like whose ? is a whole character. */
struct plan_node *rd_rune_like(struct rd *r, const char *field, struct slice like);
bool rd_like_has_one(struct slice like); /* a ? that is not quoted */
bool rd_matches_empty(struct slice re);
/* A condition of the step, or of its groups, says that the field is there. */
bool rd_guarded(struct rd *r, const char *field);
/* A regular expression that looks for one of several literal texts, case-blind, as a text
 * condition; anything else fails. */
struct plan_node *rd_raw_regex(struct rd *r, const struct ex *x);

/* Output columns, in the text's order. */
void rd_column(struct rd *r, const char *name, const char *field);
const char *rd_column_field(struct rd *r, struct slice name); /* fails where there is none */
struct plan_stat *rd_add_stat(struct rd *r, enum plan_fn fn, const char *field, const char *as);
void rd_add_by(struct rd *r, const char *field);
void rd_add_sort(struct rd *r, const char *column, bool desc);
/* By a group's own text, rising, behind all other keys: what a plan does by itself. */
void rd_sort_text(struct rd *r, const char *column, bool desc);

#endif
