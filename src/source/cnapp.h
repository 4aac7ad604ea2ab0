/*
 * What the CNAPP connectors (Wiz, Prisma Cloud, Orca, Lacework) share. Inside src/source.
 *
 * Nodes and rows have the shape of store/graph.h and its canonical ids, so that one graph view shows them beside the embedded graph's and a
 * node that both know has one id. What the step asks is checked again here, since no platform says how it compares: a chain whose nodes do
 * not meet the conditions is left out; where a node lacks a property that was asked about, that is told (partial).
 *
 * `finding` answers these parts, `asset` the same without the first; what could not be read is in "missing", with the reason:
 *   {"finding": the platform's own record, "asset": a node, "configuration": {..}, "tags": {..}, "owner": [text], "projects": [text],
 *    "vulnerabilities": [{"id","severity","package","version","fixed"}], "attack_path": [rows], "compliance": [{"framework","category",
 *    "title"}], "history": [..], "notes": [..], "remediation": text, "missing": [{"part","why"}]}
 */
#ifndef MW_CNAPP_H
#define MW_CNAPP_H

#include "source/connector_search.h"

/* ---- nodes and edges ---- */

struct cnapp_facts {
	const char *platform; /* "wiz": before ids that are only its own */
	const char *cloud_id; /* ARN, Azure resource id, i-...; NULL or "": only own_id is known */
	const char *own_id;
	const char *type; /* ours ("instance"); NULL: what the id or the word tells */
	const char *word; /* the platform's word for its kind */
	const char *name, *account, *region;
};
/* {"id","type","name","account","region","props":{}}; texts that are not there are left out. */
cJSON *cnapp_node(const struct cnapp_facts *f);
/* Members of o as the node's props: texts, numbers, booleans, and what is small; the names of what is large go into "omitted". */
void cnapp_props(cJSON *node, const cJSON *o);
/* The same of those members alone that are named. */
void cnapp_props_of(cJSON *node, const cJSON *o, const char *const *names, size_t n);
void cnapp_prop(cJSON *node, const char *name, const char *value); /* nothing where it is empty */
/* {"env":"prod"} or [{"key":"env","value":"prod"}], as an object of texts. Never NULL. */
cJSON *cnapp_tags(const cJSON *tags);
const char *cnapp_id(const cJSON *node);
/* {"type","from","to","label"}; label NULL: the type. */
cJSON *cnapp_edge(const char *type, const char *from, const char *to, const char *label);
/* {"path":[node, edge, node, ...],"length":n} */
cJSON *cnapp_path(cJSON *parts);

/* ---- rows of a graph step ---- */

struct cnapp_graph {
	struct search s; /* s.text is what to send */
	struct plan_graph *g;
	struct filter *
	        *filters; /* one a node of the chain, the same for the repetitions of a hop */
	size_t width;     /* nodes of a chain */
	struct map seen;  /* ends that were given */
	int64_t unknown;  /* chains left out for want of a property */
};
/* Scope, rendering, filters. cnapp_end in any case. */
int cnapp_begin(struct cnapp_graph *x, const struct connector_env *env, enum render_lang lang,
                const struct plan *p, size_t step, const struct source_run *run,
                const struct source_sink *sink, struct source_done *done,
                struct err *e) MW_USE_RESULT;
/* One chain: an array of x->width nodes in the step's order; a row where all of them meet what was asked: a path, or its last node (each once).
 * Shorter ones are left out. 0 go on, 1 the limit is reached, -1. The array stays the caller's. */
int cnapp_chain(struct cnapp_graph *x, const cJSON *nodes, struct err *e);
/* The same for a row that is its last node, with the node before it where the step asks from there and it is known. Takes both. */
int cnapp_row(struct cnapp_graph *x, cJSON *before, cJSON *node, struct err *e);
/* The same where the platform tells the edges: width - 1 objects {"label","props"}, each optional. NULL: it does not. */
int cnapp_chain_with(struct cnapp_graph *x, const cJSON *nodes, const cJSON *edges, struct err *e);
/* A way to a node (exposure), as cnapp_path takes it; the last node is what the step starts from, and is checked. Takes parts. */
int cnapp_way(struct cnapp_graph *x, cJSON *parts, struct err *e);
/* The whole of a graph step: begin, ask (which gives chains or ways), end. Where the start is "this or that" (an id or a name), which these
 * languages have no word for, each is asked for by itself, and what both give is given once. */
typedef int cnapp_ask_fn(void *ctx, struct cnapp_graph *x, struct err *e);
struct cnapp_step {
	const struct connector_env *env;
	enum render_lang lang;
	const struct plan *p;
	size_t step;
	cnapp_ask_fn *ask;
	void *ctx;
};
int cnapp_run(const struct cnapp_step *q, const struct source_run *run,
              const struct source_sink *sink, struct source_done *done, struct err *e);
/* As search_end. */
int cnapp_end(struct cnapp_graph *x, int rc, struct err *e);

/* ---- findings ---- */

/* A cursor over changes: "TIME ID,ID,...", the ids being those of that very time, so that nothing is taken twice and nothing that has the same
 * time is lost, whatever their order. While all that is open comes for the first time it begins with "first ", so that a load that is cut goes on
 * as such. */
struct cnapp_cursor {
	mw_time at; /* MW_TIME_NONE at first */
	struct buf ids;
	bool first_load; /* nothing was read yet, or not all of the first time */
};
void cnapp_cursor_read(struct cnapp_cursor *c, const char *text);
bool cnapp_cursor_is_new(const struct cnapp_cursor *c, mw_time at, struct slice id);
void cnapp_cursor_took(struct cnapp_cursor *c, mw_time at, struct slice id);
/* Writes it over *text. whole: all has come, so that a first load is over. */
void cnapp_cursor_write(const struct cnapp_cursor *c, bool whole, char **text);
void cnapp_cursor_release(struct cnapp_cursor *c);

/* An id that may stand in a path or a query: letters, digits and "-". */
bool cnapp_plain_id(const char *id);
/* The list of that name, made where it is not there. */
cJSON *cnapp_list(cJSON *whole, const char *name);
/* One more text of a list, where it is not empty and not there. */
void cnapp_text(cJSON *out, const char *text);
/* What comes as a value or as its JSON text, as a value of its own; NULL where it is neither object nor array nor such a text. */
cJSON *cnapp_unfolded(const cJSON *v);
/* A part of a finding, or why it is missing: takes part, which may be NULL. */
void cnapp_part(cJSON *whole, const char *name, cJSON *part, int rc, const struct err *e);
/* Says as a missing part that only the first n are here. */
void cnapp_first_only(cJSON *whole, const char *name, int n);
/* Texts without doubles, of an array of texts or of objects' member `key`. Adds to out. */
void cnapp_texts(cJSON *out, const cJSON *list, const char *key);
/* Who owns a thing by its tags ("owner", "team", ...), without doubles. Adds to out. */
void cnapp_owners(cJSON *out, const cJSON *tags);
/* Whether the account of a node is in the entry's `accounts`. A node without one is no reason to leave a row out. */
bool cnapp_in_scope(const cJSON *entry, const cJSON *node);
/* Refuses an asset (a node) of another account. id: as it was asked for. */
int cnapp_check_scope(const cJSON *entry, const cJSON *node, const char *id,
                      struct err *e) MW_USE_RESULT;

#endif
