/*
 * One event in words: who did what to which thing, from where, with which outcome. A table of field names per family of
 * datasets (describe.c), first one present wins. Borrowed slices point into the event.
 */
#ifndef MW_DESCRIBE_H
#define MW_DESCRIBE_H

#include "base/json.h"
#include "model/event.h"

struct described {
	struct slice actor, what, target, from, outcome;
	bool denied; /* refused by the system that was asked */
	bool failed; /* did not succeed, for whatever reason */
};
void describe_event(const struct event *ev, struct described *out);
/* "GetObject fin-archive-prod app-web 203.0.113.77 DENIED", raw: escape on output. */
void describe_line(const struct described *d, struct buf *out);
/* Whether "field=value" names something that few records share. An account, a region or a common program would draw in everything. */
bool entity_is_telling(const char *entity);
char describe_source_letter(
        const char *
                dataset); /* L lake's own kinds by family: A aws, W windows, Z zeek, M microsoft, K k8s, O other */

#endif
