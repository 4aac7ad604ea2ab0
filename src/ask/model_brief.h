/*
 * What the model that plans is told beside the question: the slice of the catalogue that matters, and examples that look like the
 * question. Values go out only as policy/redact.h lets them. Lake worker; pure apart from look-ups.
 */
#ifndef MW_MODEL_BRIEF_H
#define MW_MODEL_BRIEF_H

#include "policy/redact.h"
#include "store/catalog.h"

#define BRIEF_FIELDS_MAX 48
#define BRIEF_VALUES_MAX 6 /* shown a field */
#define BRIEF_BYTES_MAX (24 * 1024)
#define BRIEF_EXAMPLES 4

/* "dataset ..." and "field ..." lines: every dataset, fields that the question names by word or by value first, then the most
 * common; raw paths that a word of the question names. */
void brief_catalogue(struct catalog *c, struct redact *r, struct slice question, struct buf *out);
/* The examples of prompts/examples.jsonl most like the question (shared trigrams), as "question -> plan" lines. */
int brief_examples(struct slice question, struct buf *out, struct err *e) MW_USE_RESULT;

#endif
