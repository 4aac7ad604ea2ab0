/*
 * What leaves for a model. First an allow-list: a value goes out by its field's sensitivity in assets/fields.yaml; free text and
 * fields that the table does not know stay out unless the policy lets them in. Second a net of patterns over everything that does go
 * out (keys, tokens, passwords, JWTs, private keys, mails, names, phone and card numbers, national ids; by policy account ids,
 * hostnames, addresses), also under encodings, and over every value that was replaced once. What is taken out is replaced by a typed
 * placeholder, "[USER_1]", stable within a case: same value, same placeholder; addresses of one subnet share their first number
 * ("[IP_2_1]", "[IP_2_7]").
 *
 * One struct redact a case, one thread. It holds the originals: it is stored with the case and never sent.
 */
#ifndef MW_REDACT_H
#define MW_REDACT_H

#include "base/json.h"
#include "model/event.h"

#define REDACT_VALUES_MAX \
	50000 /* different values of one case; more: all further ones are "[TEXT_0]" and are not restored */

struct redact_policy {
	bool free_text; /* messages, command lines, scripts, user agents and unmapped fields may go out, through the net */
	bool accounts, hostnames, addresses; /* replaced too */
};
struct redact;
struct redact *redact_new(const struct redact_policy *p);
void redact_free(struct redact *r);
/* Learns a value that must not leave, wherever it may stand later. */
void redact_learn(struct redact *r, const char *kind, struct slice value);
/* One value of a field of the table (NULL: a field that it does not know), as it may leave. Returns false, and adds nothing, where
 * the allow-list keeps it in. */
bool redact_value(struct redact *r, const struct field *f, struct slice value, struct buf *out);
/* Text of ours or of the analyst (question, sentence): the net alone. */
void redact_text(struct redact *r, struct slice text, struct buf *out);
/* An event as a JSON object of what may leave: {"time","dataset", alias: value | [values]}, in raw (string) only by policy. A secret
 * that is split over neighbouring values is taken out of both. */
cJSON *redact_event(struct redact *r, const struct event *ev);
/* Any JSON (finding, asset, catalogue slice): keys that name a field of the table obey it, others count as free text. */
cJSON *redact_json(struct redact *r, const cJSON *v);
/* Placeholders back to what they stand for. Unknown ones stay. */
void redact_restore(const struct redact *r, struct slice text, struct buf *out);
/* The same in every string value of v; keys stay. */
void redact_restore_json(const struct redact *r, cJSON *v);
/* The table, to be kept with the case. */
cJSON *redact_to_json(const struct redact *r);
struct redact *redact_from_json(const struct redact_policy *p, const cJSON *j);

/* Secrets alone (what gives access by itself), replaced by ****: for every text that leaves the console. */
void redact_mask(struct slice s, struct buf *out);

#endif
