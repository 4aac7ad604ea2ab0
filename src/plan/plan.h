/*
 * The query plan: data, never text. The offline planner and the model both produce it, the analyst sees and edits it, the
 * audit log keeps it, and it is all that a renderer or an executor reads. Bounded in time and rows by construction.
 *
 * Meaning (fixed by plan/eval.c, which every executor is tested against):
 *   - Two-valued logic. A missing field equals nothing: every comparison on it is false, so NOT of it is true.
 *   - A field with several values matches if any of them does; NOT therefore means that none matches.
 *   - is, in, contains, starts, ends, like, text are ASCII case-blind; is_cs is exact bytes. regex is case-sensitive
 *     unless it begins with (?i); it is searched for, not anchored.
 *   - like: * any run, ? one byte, backslash takes the next literally; the whole value must match.
 *   - lt le gt ge compare numbers where both sides are whole-text decimal numbers (exactly, at any length), times where both
 *     are times (RFC 3339), otherwise they are false. cidr: the value is an address inside the block (IPv4, IPv6; a v4-mapped
 *     v6 counts as v4, so ::/0 holds no v4; host bits of the block are ignored; no prefix length: that address alone).
 *   - exists: at least one value, the empty string is none. text: the bytes occur in the raw record (decoded JSON strings
 *     or raw text: a match in either counts), case-blind.
 *   - regex: the RE2 subset of PCRE2 over bytes (no back-references, look-around, recursion, atomic or possessive groups).
 *   - field against field: true if any value of one is, under the operator, in relation to any of the other. Not for in,
 *     like, regex, cidr, exists, text.
 *   - A field is a normalised field (name or alias of fields.yaml), or a raw path written "raw:requestParameters.bucketName"
 *     (evjson.h path syntax; also finds the path case-blind when the exact one is absent).
 *   - Pseudo-fields: "time", "dataset", "uid", "file" (basename), "file_line" (basename:line).
 *   - time: half-open, from <= t < to. An event without a time matches only where no bound is set.
 *   - span buckets are named by their start in UTC, counted from 1970; spans of whole weeks begin on a Monday.
 *     PLAN_SPAN_MONTH and PLAN_SPAN_YEAR (the mean lengths of those) are calendar months and years.
 *   - Groups are by exact bytes. Sameness elsewhere (sequence by, baseline key) is that of `is`: ASCII case-blind.
 *   - An event with several values of a by field counts once in the group of each different one.
 *   - sum is exact for numbers below 10^19 with at most 9 decimals, as double for others; min and max use the order of plan/number.h;
 *     first and last are times. Without a value: count, distinct are 0, the others empty (an empty cell is a missing value).
 * A plan belongs to whoever made it: plan_free. Values are immutable once validated.
 */
#ifndef MW_PLAN_H
#define MW_PLAN_H

#include "base/json.h"
#include "base/mem.h"
#include "base/mwtime.h"
#include "model/field.h"

enum plan_op {
	OP_IS,
	OP_IS_CS,
	OP_IN,
	OP_CONTAINS,
	OP_STARTS,
	OP_ENDS,
	OP_LIKE,
	OP_REGEX,
	OP_CIDR,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_EXISTS,
	OP_TEXT,
};
static inline bool plan_op_is_order(enum plan_op op)
{
	return op >= OP_LT && op <= OP_GE;
}
enum plan_pseudo { PF_NONE, PF_TIME, PF_DATASET, PF_UID, PF_FILE, PF_FILE_LINE };

struct plan_field {
	char *name; /* as written: "src_endpoint.ip", "raw:a.b", "time"; owned by the plan's arena */
	const struct field *f; /* resolved normalised field, or NULL */
	const char *raw;       /* raw path, or NULL */
	enum plan_pseudo pseudo;
};

enum plan_node_kind { PN_ALL, PN_ANY, PN_NOT, PN_CMP };
struct plan_node {
	enum plan_node_kind kind;
	struct plan_node *child,
	        *next; /* ALL, ANY: any number (empty ALL is true, empty ANY is false); NOT: one */
	/* PN_CMP */
	enum plan_op op;
	struct plan_field field; /* unused for OP_TEXT */
	struct slice
	        *values; /* one, or many for OP_IN, OP_CIDR, OP_TEXT and the others (any of them) */
	size_t nvalues;
	struct plan_field rhs; /* name set: field against field */
	int from_step; /* >= 0: values come from that earlier step's column `column` (a pivot); else -1 */
	char *column; /* a field name or an output column of that step */
	bool same_row; /* ALL of pivots on one step: their values come from one and the same of its rows */
	bool inexact; /* set by a renderer's widening: the engine filters afterwards */
};
/* An ANY of nothing: false for every event. NULL is true for each. */
static inline bool plan_is_nothing(const struct plan_node *n)
{
	return n && n->kind == PN_ANY && !n->child;
}

/* A time bound: absolute, or relative to an earlier step's result. */
enum plan_when { PW_NONE, PW_ABS, PW_STEP_FIRST, PW_STEP_LAST };
struct plan_time {
	enum plan_when kind;
	mw_time t;      /* PW_ABS */
	int step;       /* PW_STEP_*: earliest or latest event time of that step's rows */
	int64_t offset; /* PW_STEP_*: microseconds added */
};

enum plan_fn { FN_COUNT, FN_DISTINCT, FN_SUM, FN_MIN, FN_MAX, FN_AVG, FN_FIRST, FN_LAST };
struct plan_stat {
	enum plan_fn fn;         /* FN_FIRST, FN_LAST: earliest, latest event time of the group */
	struct plan_field field; /* not for FN_COUNT, FN_FIRST, FN_LAST */
	char *as; /* output column, unique: "count", "sum_traffic.bytes" by default */
};
struct plan_sort {
	char *column; /* an output column of stats, a by field's name, or a field */
	bool desc;
};
/* What the answer is, so that a client shows it as such. */
enum plan_show { SHOW_EVENTS, SHOW_COUNT, SHOW_VALUES, SHOW_RANKING, SHOW_GRAPH };

struct plan_sequence { /* events matching stage 0, then 1, ... by the same value of `by`, each within `within` of the one before */
	struct plan_node **stages;
	size_t nstages;
	struct plan_field by; /* name NULL: no correlation */
	struct plan_field *
	        stage_by; /* per stage, where the same thing is named by another field; name NULL: `by` */
	int64_t within;   /* microseconds; 0: no bound */
	bool negate_last; /* absent: the last stage must NOT follow (A without B) */
	bool only_last;   /* rows are the last (not negated) stage's events, not all */
};
/* A chain is one event a stage, each at or after the one before and not that same event, all sharing one value of `by`. Rows
 * are the events of complete chains. negate_last: chains of all stages but the last, whose end is not followed (under any
 * value of `by` that it has). Events without a time, or without a value of `by`, are in no chain. */
/* Keeps rows with a `key` tuple that was not seen (or at most max_count times) among the events of the same datasets and
 * where in the window before. Not together with a sequence. An event without a value of a key field has no tuple. */
struct plan_baseline {
	struct plan_field *key;
	size_t nkey;
	mw_time from, to;
	int64_t max_count; /* 0: never seen before */
};

struct plan_search {
	char **datasets; /* limit to these; "windows" or "zeek" take every dataset below it; none: all */
	size_t ndatasets;
	struct plan_time from, to;
	struct plan_node *where; /* NULL: everything */
	struct plan_sequence *sequence;
	struct plan_baseline *baseline;
	struct plan_stat *stats;
	size_t nstats;
	struct plan_field *
	        by; /* an event with several values counts in each group; without a value: in no group */
	size_t nby;   /* by without stats: the different tuples */
	int64_t span; /* microseconds; > 0: also grouped by time bucket, first column "time" */
	struct plan_node *having; /* over output columns: field.name is the column */
	/* Default: events by time then id; groups by time bucket, then first stat falling, then by text. Missing values come
	 * last either way. What is equal follows the default order. */
	struct plan_sort *sort;
	size_t nsort;
	int64_t limit;  /* rows; 0: MW_PLAN_ROWS_DEFAULT */
	bool with_ties; /* rows equal to the last one in sort order are kept too */
	struct plan_field *
	        columns; /* event rows: what was asked of each ("by whom and when"), in that order; told beside it */
	size_t ncolumns;
};

#define PLAN_SPAN_MONTH (INT64_C(2629746) * MW_SECOND)
#define PLAN_SPAN_YEAR (INT64_C(31556952) * MW_SECOND)

enum plan_dir { HOP_OUT, HOP_IN, HOP_BOTH };
struct plan_hop {
	char *edge; /* edge type, or NULL for any */
	enum plan_dir dir;
	int min, max;  /* repetitions, 1..1 by default */
	char *to_type; /* node type, or NULL */
	struct plan_node *
	        where; /* over node properties: "id", "name", "type", "account", "props.x", "tags.x", "labels" */
};
enum plan_graph_fn {
	GF_MATCH,
	GF_NEIGHBOURS,
	GF_SHORTEST,
	GF_PATHS,
	GF_BLAST,
	GF_EXPOSURE,
	GF_REACHED_BY
};
struct plan_graph {
	enum plan_graph_fn
	        fn; /* GF_MATCH walks hops; the others are the named questions of store/graph.h */
	char *start_type;
	struct plan_node *start; /* where over the start node */
	struct plan_node *goal;  /* shortest, paths: where over the end node */
	struct plan_hop *hops;
	size_t nhops;
	int max_depth;
	int64_t limit;
	bool return_paths; /* otherwise nodes */
	bool with_use;     /* mark each edge: seen in the logs, not seen, not logged */
	mw_time use_from, use_to;
};

enum plan_kind { PS_SEARCH, PS_GRAPH };
struct plan_step {
	enum plan_kind kind;
	char *name;   /* short title for the screen, may be NULL */
	char *source; /* "lake" (default), "graph", or a configured source */
	struct plan_search search;
	struct plan_graph graph;
	/* A text that an analyst has written by hand in that source's own language, in place of everything but the limit; NULL: none. Only
	 * that source runs it, and only where render_check_hand lets it pass; its rows come as events. No planner and no model makes one. */
	char *hand;
	bool part; /* answers a part of the question by itself ("how many, and from which"), shown as part_show */
	enum plan_show part_show;
};
struct plan {
	struct arena arena; /* everything below lives here */
	struct plan_step *steps;
	size_t nsteps;
	enum plan_show show; /* of the last step */
	struct plan_field
	        value_field; /* SHOW_VALUES, SHOW_RANKING: the column that is the answer; name NULL: first by */
	int64_t max_seconds; /* 0: MW_PLAN_SECONDS_DEFAULT */
};

struct plan *plan_new(void);
void plan_free(struct plan *p);
struct plan *plan_clone(const struct plan *p);
/* Builders, all in the plan's arena. plan_field_set resolves; false where the name is no field, raw path or pseudo-field (the
 * name is kept: columns and graph properties are such). Step pointers move when a step is added: take them by index. */
struct plan_step *plan_add_step(struct plan *p, enum plan_kind kind);
bool plan_field_set(struct plan *p, struct plan_field *f, const char *name);
const char *
plan_field_name(const struct plan_field *f); /* the one name, whichever was written; borrowed */
struct plan_node *plan_group(struct plan *p, enum plan_node_kind kind);
void plan_group_add(struct plan_node *group, struct plan_node *child);
struct plan_node *plan_cmp(struct plan *p, const char *field, enum plan_op op, struct slice value);
void plan_cmp_value(struct plan *p, struct plan_node *cmp, struct slice value); /* one more value */
struct plan_node *plan_clone_node(struct plan *into, const struct plan_node *n);

/* Scope of a search step: "windows" takes windows and windows.sysmon; plan_time_in knows absolute bounds only. */
bool plan_dataset_in(const struct plan_search *s, const char *dataset);
bool plan_time_in(const struct plan_search *s, mw_time t);

bool plan_has_hand(
        const struct
        plan *p); /* a step is a text written by hand: nothing can be read out of it or added to it */
/* Output columns of a search step that counts or groups: "time" where span is set, by fields as written, stats. A step with
 * none of these has events as rows, and plan_ncolumns is 0. plan_column_find also knows a by field by its other names. */
bool plan_is_grouped(const struct plan_search *s);
size_t plan_ncolumns(const struct plan_search *s);
const char *plan_column(const struct plan_search *s, size_t i);
int plan_column_find(const struct plan_search *s, const char *name); /* -1: no such column */

/* JSON form (docs in plan/json.c; schema in assets/plan.schema.json). Parsing also validates. */
struct plan *plan_from_json(const cJSON *j, struct err *e) MW_USE_RESULT;
cJSON *plan_to_json(const struct plan *p);
/* Bounds, references to earlier steps only, operators that fit the field's type, caps of limits.h, regex compiles. */
int plan_validate(struct plan *p, struct err *e) MW_USE_RESULT;
bool plan_equal(const struct plan *a,
                const struct plan *b); /* same up to order inside ALL, ANY and lists of values */
/* One line of English: what is read, in which order. Outside text is quoted raw: escape on output. */
void plan_paraphrase(const struct plan *p, struct buf *out);
void plan_paraphrase_step(const struct plan_step *s, struct buf *out);
/* What plan_paraphrase_step begins with: what is counted or listed, before window and conditions. Empty for a graph step. */
void plan_paraphrase_head(const struct plan_step *s, struct buf *out);
void plan_paraphrase_node(const struct plan_node *n, struct buf *out);
const char *plan_op_name(enum plan_op op);
const char *plan_fn_name(enum plan_fn fn);

#endif
