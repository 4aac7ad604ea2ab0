/*
 * The words of a question as terms: each is a word of the grammar, a concept, a field, a verb, a time, a number, a name that
 * the data (or its looks) identifies, or unknown. What is said, not yet what it means together. Internal to ask/.
 */
#ifndef MW_ASK_TERM_H
#define MW_ASK_TERM_H

#include "ask/lexicon.h"
#include "ask/timex.h"
#include "ask/world.h"

enum entity {
	ENT_NAME, /* found in the data, or in quotes */
	ENT_IP,
	ENT_CIDR,
	ENT_ARN,
	ENT_KEY,
	ENT_ACCOUNT,
	ENT_RESOURCE,
	ENT_TECHNIQUE,
	ENT_CVE,
	ENT_HASH,
	ENT_SID,
	ENT_MAC,
	ENT_EMAIL,
	ENT_URL,
	ENT_DOMAIN,
	ENT_GUID,
	ENT_PATH,
	ENT_FILE,
	ENT_EVENT,
	ENT_HEX,
	ENT_WILD,
	ENT_CMD,
	ENT_REGION,
};
struct cand {              /* a field in which the value occurs */
	const char *field; /* normalised name, or "raw:path" */
	enum field_role role;
	uint64_t events, mask; /* mask: datasets */
	struct slice value;    /* as seen */
	bool raw, near;
};
#define CANDS_MAX 24
enum term_kind {
	T_GRAM,
	T_CONCEPT,
	T_FIELD,
	T_VERB,
	T_CLARIFY,
	T_TIME,
	T_VALUE,
	T_NUMBER,
	T_SPAN,
	T_UNKNOWN
};
struct term {
	enum term_kind kind;
	size_t tok, n;               /* tokens */
	const struct lex_entry *lex; /* GRAM, CONCEPT, FIELD, VERB, CLARIFY */
	struct tx_atom time;
	int64_t num;     /* NUMBER; SPAN: microseconds */
	int64_t scale;   /* NUMBER with a unit of size: already applied; 0 otherwise */
	enum entity ent; /* VALUE */
	struct slice value;
	struct cand *cands;
	size_t ncands;
	bool used;        /* it became part of the reading */
	bool corrected;   /* a typo was mended */
	bool gone;        /* taken by another term */
	struct slice as;  /* what it was mended to */
	char open, close; /* punctuation around it, as in struct tok */
	bool possessive, quoted, glued;
};
struct terms {
	struct term *v;
	size_t n;
	struct toks toks;
};
struct term_env {
	const struct lexicon *x;
	struct world *w;
	struct tx_env time;
	struct arena *a;
};
struct terms terms_read(const struct term_env *env, struct slice question);
/* Where a value occurs: exact first, else near. n: candidates filled. */
size_t cands_find(const struct term_env *env, struct slice value, bool near, struct cand *out,
                  size_t max);
/* The column of the data that bears this name ("endpoint", "conn_state", "requestParameters.roleName"), as an entry that can be
 * asked for; term_column: only one at the top of a record, in the datasets in scope. NULL where there is none. */
const struct lex_entry *term_path(const struct term_env *env, struct slice name);
const struct lex_entry *term_column(const struct term_env *env, struct slice name);
/* What the characters of a name say. ENT_NAME where they say nothing. */
enum entity entity_of(struct slice text);
static inline bool term_gram(const struct term *t, enum gram g)
{
	return t->kind == T_GRAM && t->lex->gram == g;
}
static inline bool term_filler(const struct term *t)
{
	return term_gram(t, G_FILLER);
}

#endif
