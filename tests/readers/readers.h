/*
 * Independent readers: a query's text, in a platform's own language, back into a plan with the same
 * meaning under the reference evaluator. Tests only. They prove that a rendered text says what its
 * plan says, and the twins of tests/wire answer queries with them: read the text, run the plan over
 * the demo events, write rows in the vendor's shape.
 *
 * Each is written from the vendor's grammar (../shared/apis in development) and knows nothing of the
 * renderers; names of columns come from assets/fields.yaml, read backwards. A text is understood in
 * full or refused with its place (line:column): nothing is guessed or skipped. Where the vendor's
 * logic has three values (null), the plan says what the vendor would return.
 */
#ifndef MW_TESTS_READERS_H
#define MW_TESTS_READERS_H

#include "plan/plan.h"

/* One output column: its name in the answer, and the plan's field or output column that fills it. */
struct read_column {
	const char *name, *field;
};
struct reading {
	struct plan *plan; /* valid, one step; owned by the reading: reading_release */
	const char *table; /* table, index, database or pattern as the text names it, else NULL */
	struct read_column
	        *columns; /* NULL: whole events, the columns are the source's own choice */
	size_t ncolumns;  /* of a grouped plan: plan_ncolumns of them, in the text's order */
	/* Graph documents: how many nodes or paths a page may hold and where it begins. */
	int64_t first;
	const char *after;
};
void reading_release(struct reading *r);

/* 0, or -1 with e: ERR_INVALID and the place in the text. out is valid (and empty) after an error. */
typedef int read_fn(struct slice text, struct reading *out, struct err *e);
read_fn read_spl;   /* a search as POST /services/search/v2/jobs takes it */
read_fn read_kql;   /* Log Analytics */
read_fn read_aql;   /* QRadar Ariel */
read_fn read_dsl;   /* the JSON body of _search */
read_fn read_ch;    /* ClickHouse SQL */
read_fn read_wiz;   /* {"query","variables"} of graphSearch, or the value of variable `query` */
read_fn read_rql;   /* Prisma Cloud: config, network, asset, iam, event */
read_fn read_orca;  /* the JSON body of the serving layer's query */
read_fn read_sigma; /* the product's own reading of rules: plan/sigma.h */
read_fn read_lql;   /* Lacework: queryText */

/* The normalised field behind a platform's name for it, or "raw:NAME" where fields.yaml maps none
 * (in p's arena). Of several fields with that name the first in the table. For Sentinel the table
 * decides; NULL elsewhere. */
enum read_names { NAMES_CIM, NAMES_SENTINEL, NAMES_AQL, NAMES_ECS, NAMES_CH, NAMES_CLOUDTRAIL };
const char *read_field(struct plan *p, enum read_names in, const char *table, struct slice name);
/* A field's name there, or NULL: what a twin calls a column of an event row. Until the next call. */
const char *read_name_of(enum read_names in, const char *table, const struct field *f);
/* Datasets behind a Splunk sourcetype or a Sentinel table (NULL-terminated; NULL: none known). */
const char *const *read_datasets(enum read_names in, struct slice table);

#endif
