/*
 * A step in a SIEM's or CNAPP's own language: read-only, bounded in rows, and in time where the plan is. Pure: no source is asked.
 *
 * What a language cannot say of `where` is widened with polarity (under not it is narrowed): the text then finds at least the
 * events that match, exact_where is false, and run/ filters what comes back. Unless where is exact, and the language can do
 * them exactly, stats, having, sort and limit are left out and exact_rows is false: the text fetches bounded raw rows.
 * Graph steps are rendered to the CNAPP languages (render_graph.h), searches to SIEMs, and to RQL and LQL where their logs are
 * the platform's too.
 * Sequences and baselines are never rendered: run/ joins them from what the text fetches. notes say all of this in words.
 * Values reach the text through quote.h only, once, at the leaf, and never in a place where they would be a pattern.
 */
#ifndef MW_PLAN_RENDER_H
#define MW_PLAN_RENDER_H

#include "plan/plan.h"

enum render_lang {
	RENDER_SPL,
	RENDER_KQL,
	RENDER_AQL,
	RENDER_DSL,
	RENDER_CH,
	RENDER_WIZ,
	RENDER_RQL,
	RENDER_ORCA,
	RENDER_LQL,
	RENDER_SIGMA, /* a rule, for any of them: it is sent to no source */
};
extern const char *const render_lang_words[]; /* "spl", "kql", ... ; ends with NULL */
/* What the source's own catalogue says of its columns. */
struct render_catalog {
	void *ctx;
	/* Its type as the source calls it ("" where it does not tell); NULL: the table has no such column. table: as rendered, may be NULL. */
	const char *(*type)(void *ctx, const char *table, const char *column);
};
struct render_target {
	const char *
	        table; /* Sentinel table, Splunk index, index pattern, SQL table; NULL: from the step's datasets, else a default */
	const struct render_catalog
	        *catalog; /* NULL: unknown, so each column is taken to be there */
};
struct render_column { /* one that the text would need */
	char *field;   /* as the plan writes it */
	char *column;
	bool missing; /* the catalogue does not have it: nothing is said about it in the text */
};
struct rendered {
	struct buf text;
	bool exact_where, exact_rows;
	bool narrows; /* some of `where` is in the text */
	int64_t limit; /* rows to ask for; RQL and LQL have no word for it: the request carries it, and the window */
	VEC(char *) notes;
	VEC(struct render_column) columns; /* looked up in the target's catalogue, each once */
};
/* Renders step i. Pivots and step times that are not resolved are left out as what cannot be said, with a note. out is initialised here; rendered_release also after an error. */
int plan_render(enum render_lang lang, const struct plan *p, size_t i,
                const struct render_target *t, struct rendered *out, struct err *e) MW_USE_RESULT;
void rendered_release(struct rendered *r);
/* Whether no record can match where it has no value in the fields that out says are missing: a question about them alone. */
bool render_hangs_on_missing(const struct plan_search *s, const struct rendered *out);

/* What platforms call a dataset, and back; static, NULL where none is known. kql_table_at: NULL behind the last one. */
const char *spl_dataset(const char *sourcetype);
const char *kql_dataset(const char *table);
const char *kql_table(const char *dataset);
const char *kql_table_at(size_t i);
/* A copy of a field's name as the column of our own table in ClickHouse: _ for each dot. Gives name. */
char *ch_column(char *name);

/* Neighbours one hop away as the pattern that it means: one hop in either direction to anything. Other questions stay as they are. */
void render_neighbours(struct plan *p, struct plan_graph *g);
/* Our node type for a platform's word ("VIRTUAL_MACHINE"), the first where several would do; "resource" where none is known. */
const char *wiz_node_type(const char *word);

/* How well a language says one comparison. */
enum render_fit { RENDER_NO, RENDER_SUPERSET, RENDER_EXACT };
typedef enum render_fit render_can(void *ctx, const struct plan_node *cmp);
/* A copy of where, in p, in which every comparison can be said: what cannot has become "anything" or, under not, "nothing". NULL:
 * anything. *exact is false where it matches more than where did. Sets `inexact` on the comparisons said as a superset. */
struct plan_node *render_widen(struct plan *p, const struct plan_node *where, render_can *can,
                               void *ctx, bool *exact);

#endif
