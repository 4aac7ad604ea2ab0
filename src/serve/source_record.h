/*
 * A platform's finding or incident as store/outbox.h keeps it: who it is, and how it stands there now. Made in the source's worker from the
 * same bytes that go into the lake, by the same mapping, so that both have one key.
 *   {key, bare (the key that the same record has when it comes from a file), source, kind, noun ("notable"), id (the platform's), etag?, status,
 *   owner ("": nobody), severity, title, link?, count? (as the platform counts), counted? (what the count is of)}
 */
#ifndef MW_SOURCE_RECORD_H
#define MW_SOURCE_RECORD_H

#include "source/connector.h"

struct record_in {
	struct slice text;    /* as it goes into the lake */
	const cJSON *finding; /* the platform's own object in it */
	const char *id, *etag;
};
/* NULL where no format claims the text. normalise: as of connector_env. */
cJSON *source_record(const cJSON *entry, connector_normalise_fn *normalise, void *normalise_ctx,
                     const struct record_in *in);
/* What goes into the lake of finding()'s answer: all of it where findings() is thin, else the platform's own object. Appends; raw: the object
 * byte for byte, or empty. */
void source_record_text(const cJSON *answer, bool thin, struct slice raw, struct buf *out);

#endif
