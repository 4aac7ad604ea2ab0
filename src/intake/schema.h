/*
 * What a record is, told by the keys that it has: the dataset, and what has to be done to its leaves before they are mapped.
 * The answer depends on the record alone, never on its neighbours, so that a file may be read in pieces.
 */
#ifndef MW_SCHEMA_H
#define MW_SCHEMA_H

#include "intake/leaf.h"
#include "intake/mapping.h"

struct schemas;
struct schemas *schemas_new(struct leafset *s, struct mapper *m);
void schemas_free(struct schemas *x);
/* A user's mapping (YAML text as in assets/mapping.sample.yaml): claims records before the built-in schemas do. */
int schemas_add(struct schemas *x, const char *name, struct slice yaml,
                struct err *e) MW_USE_RESULT;
/* Reads the JSON record into the leafset and returns its dataset (as mapper_apply wants it); NULL with e where it is no JSON.
 * basename is the file's, for Zeek logs that do not name their stream. force: the name of the only mapping to use, or NULL. */
const char *schemas_read(struct schemas *x, struct slice record, const char *basename,
                         const char *force, struct err *e);
/* The same for leaves that a text format gave; "csv" where no schema claims them. */
const char *schemas_claim(struct schemas *x, const char *basename);
/* Zeek's stream for a "conn.log", "dns.20200101.log.gz"; and the dataset of a stream. */
const char *schemas_zeek(struct schemas *x, struct slice stream);
struct slice zeek_stream_of_file(const char *basename);
/* The dataset of a Windows event whose leaves are there. */
const char *schemas_windows(struct schemas *x);

#endif
