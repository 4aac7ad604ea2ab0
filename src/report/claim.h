/* What a line of Markdown says, for report/check.c: the records that it cites, its words, and the names that only a record can know. */
#ifndef MW_CLAIM_H
#define MW_CLAIM_H

#include "base/buf.h"
#include "base/mwtime.h"

#define CLAIM_ID_MAX 32
/* The next citation ([e12], [c34], ev:12) from *at on, as "ev:12" or "c34"; moves *at behind it. */
bool claim_cite(struct slice line, size_t *at, char id[CLAIM_ID_MAX]);
/* Its words without citations. */
void claim_words(struct buf *out, struct slice plain);
/* The next name that only a record can know (address, key id, ARN, resource id, account, hash, URL, time); moves *at behind it. */
bool claim_name(struct slice line, size_t *at, struct slice *name);
/* Without Markdown's backslashes. */
void claim_plain(struct buf *out, struct slice line);

#endif
