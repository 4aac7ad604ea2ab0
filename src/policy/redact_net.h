/*
 * The second net: where a text holds what must not leave. Private to redact.c and its tests.
 */
#ifndef MW_REDACT_NET_H
#define MW_REDACT_NET_H

#include "base/map.h"
#include "policy/disguise.h"
#include "policy/redact.h"

struct net_hit {
	size_t from, to;  /* bytes of the text */
	const char *kind; /* "MAIL"; static, or the known value's own kind */
	bool known;       /* by its value, not by a pattern */
	struct buf plain; /* what it reads as, undisguised: the key of its placeholder */
};
typedef VEC(struct net_hit) net_hits;
struct net_list {
	VEC(uint32_t) ids;
};
struct net_value {
	char *squeezed; /* letters and digits, lower case */
	size_t n;
	const char *kind;
	struct slice value;
};
/* Values known to be sensitive: found under every disguise too. */
struct net_known {
	struct map grams; /* first four squeezed bytes -> index into lists */
	VEC(struct net_list) lists;
	struct map words; /* short values, whole words only: folded -> index into v */
	VEC(struct net_value) v;
};
/* kind and value must outlive the table. */
void net_learn(struct net_known *k, const char *kind, struct slice value);
void net_known_release(struct net_known *k);

/* All hits, sorted, not overlapping. known may be NULL. */
void net_find(const struct net_known *known, const struct redact_policy *p, struct slice text,
              net_hits *out);
void net_hits_release(net_hits *h);
/* Secrets alone, undisguised text alone: what report_mask takes out. */
void net_find_secrets(struct slice text, net_hits *out);

#endif
