/*
 * Derivation: what the files of it share. The graph's rows as one array in memory, edges by type,
 * and the writing of derived edges. Lives for one commit. Not for others.
 */
#ifndef MW_GRAPH_DERIVE_H
#define MW_GRAPH_DERIVE_H

#include "base/yaml.h"
#include "store/graph_iam.h"
#include "store/graph_int.h"

#define DERIVE_CLASS_MIN 5 /* from so many members on, an edge goes to a class of them */

struct dnode {
	int64_t row;
	const char *id, *type, *name, *account, *region;
	const char *body; /* JSON text; "" where no derivation reads it */
	cJSON *parsed;    /* by dnode_props */
};
/* Edges that derivation reads, both ends as indices of nodes. */
enum dedge_type {
	DE_HAS_POLICY,
	DE_BOUNDARY,
	DE_MEMBER_OF,
	DE_USES,
	DE_CONTAINS,
	DE_RUNS_AS,
	DE_ATTACHED,
	DE_FORWARDS,
	DE_TYPES
};
struct dedge {
	uint32_t from, to;
};
struct dedges {
	VEC(struct dedge) v;    /* by from */
	uint32_t *start;        /* of each node's edges in v; nodes + 1 of them */
	struct dedges *reverse; /* the same by to; from and to exchanged */
};
struct principal { /* a user, role or group with what it holds */
	uint32_t node;
	const struct iam_policy **policies;
	size_t npolicies;
	const char **policy_ids; /* node ids of the managed ones, NULL-terminated */
	const struct iam_policy *boundary;
	const char *unknown_boundary; /* it has one, whose document was not imported */
	struct iam_rights rights;
	bool admin; /* everything on everything, without a condition, boundary or deny */
};
struct derive {
	struct graph *g;
	struct err *e;
	int rc; /* -1 after the first failure; then everything is a no-op */
	struct arena arena;
	VEC(struct dnode) nodes;
	struct map by_id; /* id -> index */
	uint32_t *by_row;
	size_t loaded; /* nodes that were there; edges are indexed for these */
	struct dedges edges[DE_TYPES];
	VEC(struct principal) principals;
	uint32_t *principal_of;              /* node -> index + 1 */
	bool one_account;                    /* all principals are of the same account */
	struct iam_policy **resource_policy; /* of each loaded node; NULL: none */
	struct map members;                  /* key -> struct members *, see derive_permissions */
	struct map classes;                  /* key -> row */
	struct yaml_doc services, escalation;
};

const cJSON *dnode_props(struct derive *d, uint32_t node);
uint32_t derive_find(const struct derive *d,
                     const char *id); /* canonical form is tried too; GRAPH_NONE */
uint32_t derive_make(struct derive *d, const char *id, const char *type,
                     const char *name); /* where absent */
/* The other ends of a node's edges. */
size_t derive_out(const struct derive *d, enum dedge_type t, uint32_t node,
                  const struct dedge **out);
size_t derive_in(const struct derive *d, enum dedge_type t, uint32_t node,
                 const struct dedge **out);
/* The ARN that policies name a node by: its id, or built where the id is short. */
const char *derive_arn(struct derive *d, uint32_t node);
bool derive_is(const struct derive *d, uint32_t node, const char *type);
/* Does a statement of a resource policy mean this principal: by ARN, by its account's root, or
 * anyone? */
bool derive_means(struct derive *d, const struct iam_statement *s, uint32_t node);
const struct principal *derive_principal(const struct derive *d, uint32_t node); /* NULL: none */

/* props is freed. flags: GRAPH_EDGE_CONTROL; GRAPH_EDGE_DERIVED is added. */
void derive_edge(struct derive *d, uint32_t from, uint32_t to, const char *type, const char *action,
                 cJSON *props, uint16_t flags);
/* A condition as it stood, parsed again so that it is shown as JSON. */
void derive_condition(cJSON *props, const char *key, const char *condition);
/* An edge to all of members: straight where they are few, else to a class of them that is named and
 * made once. */
void derive_to_members(struct derive *d, uint32_t from, const char *type, const char *action,
                       cJSON *props, uint16_t flags, const char *class_key, const char *class_name,
                       const char *account, const uint32_t *members, size_t n);

void derive_principals(struct derive *d);  /* reads the policies that they hold */
void derive_risks(struct derive *d);       /* props.risks of policies */
void derive_permissions(struct derive *d); /* can */
void derive_trust(struct derive *d);       /* can_assume, and the grants of resource policies */
void derive_escalation(struct derive *d);  /* escalates_to */
void derive_network(struct derive *d);     /* exposes, routes_to, attached_to of security groups,
                                              runs_as through profiles */

#endif
