/*
 * YAML of configuration and assets, as a tree with line numbers (libyaml underneath). Anchors, aliases and tags are
 * refused; a duplicate key is an error; nesting is capped by MW_JSON_DEPTH_MAX. All nodes live in the document's arena.
 */
#ifndef MW_YAML_H
#define MW_YAML_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

enum yaml_kind { YAML_SCALAR, YAML_SEQ, YAML_MAP };
struct yaml_node {
	enum yaml_kind kind;
	int line;                /* from 1 */
	const char *key;         /* when a map's member */
	const char *text;        /* scalar: its text; otherwise NULL */
	bool quoted;             /* scalar: written in quotes, so "no" is a word */
	struct yaml_node *child; /* first element or member */
	struct yaml_node *next;  /* sibling */
	size_t count;            /* children */
};
struct yaml_doc {
	struct arena arena;
	struct yaml_node *root; /* NULL for an empty document */
};
/* name is for messages ("assets/fields.yaml"): errors read name:line: what. */
int yaml_parse(struct yaml_doc *d, struct slice text, const char *name,
               struct err *e) MW_USE_RESULT;
void yaml_release(struct yaml_doc *d);
struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
const char *yaml_str(const struct yaml_node *map, const char *key, const char *fallback);
/* The node as JSON: unquoted true, false, null and numbers are such, other scalars are text. NULL for NULL. */
cJSON *yaml_to_json(const struct yaml_node *n);
/* Refuses members that are not in the NULL-terminated list, with line and "did you mean". */
int yaml_only(const struct yaml_node *map, const char *const *keys, const char *name,
              struct err *e) MW_USE_RESULT;

#endif
