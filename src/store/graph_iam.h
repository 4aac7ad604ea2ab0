/*
 * IAM policies: statements, patterns, and what a principal may do. Pure functions over parsed
 * documents; everything lives in the arena given. The semantics are AWS's: an explicit deny wins, a
 * permission boundary limits, NotAction and NotResource mean the rest, ${...} variables are known
 * for the principal's own name and otherwise match anything and are noted as a condition.
 * Conditions are never evaluated: they are carried as they stand.
 */
#ifndef MW_GRAPH_IAM_H
#define MW_GRAPH_IAM_H

#include "base/json.h"
#include "base/mem.h"

enum iam_principal_kind { IAM_ANYONE, IAM_AWS, IAM_SERVICE, IAM_FEDERATED };
struct iam_principal {
	enum iam_principal_kind kind;
	const char *id; /* an ARN, an account id, a service's or provider's name; canonical form is
	                   the caller's business */
};
struct iam_statement {
	bool allow;
	bool not_action, not_resource, not_principal;
	const char **actions, **resources; /* NULL-terminated; none: empty */
	struct iam_principal *principals;
	size_t nprincipals;
	const char *condition; /* JSON text, or NULL */
	const char *via;       /* id of the policy that it is from */
};
struct iam_policy {
	struct iam_statement *v;
	size_t n;
};
/* doc: a policy document, or its JSON as text, plain or percent-encoded. Statements that are broken
 * are left out and counted in *bad (may be NULL). self:
 * what ${aws:username} stands for, NULL anything. An unusable document gives an empty policy. */
void iam_parse(struct iam_policy *out, const cJSON *doc, const char *via, const char *self,
               struct arena *a, size_t *bad);

/* Patterns: * and ?. Actions without regard to case, resources with it. */
bool iam_glob(const char *pattern, const char *text, bool icase);
bool iam_covers(const char *outer, const char *inner,
                bool icase); /* every text of inner is one of outer */
bool iam_overlaps(const char *a, const char *b, bool icase); /* some text is one of both */
/* A statement and an action or ARN (which may be patterns themselves): for all of it, or for some
 * of it. */
bool iam_action_all(const struct iam_statement *s, const char *action);
bool iam_action_some(const struct iam_statement *s, const char *action);
bool iam_resource_all(const struct iam_statement *s, const char *arn);
bool iam_resource_some(const struct iam_statement *s,
                       const char *arn); /* or a part below it: "bucket/..." */

/* What a principal holds: its own, its groups' and attached policies; boundary NULL where it has
 * none. */
struct iam_rights {
	const struct iam_policy *const *identity;
	size_t nidentity;
	const struct iam_policy *boundary;
};
enum iam_verdict { IAM_NO, IAM_IF, IAM_YES };
struct iam_answer {
	enum iam_verdict verdict;
	const struct iam_statement *by; /* the allow that decided */
	const char *condition;          /* IAM_IF: what must hold for the allow, */
	const char *denied_if;          /* and what must not, since then a deny wins */
	bool denied;                    /* a deny decided */
};
/* arn NULL: on some resource, whichever. */
struct iam_answer iam_may(const struct iam_rights *r, const char *action, const char *arn);
/* "list" (sees that it exists), "read", "write", by the verb of an action or pattern. */
enum iam_level { IAM_LIST, IAM_READ, IAM_WRITE };
enum iam_level iam_level_of(const char *action);

#endif
