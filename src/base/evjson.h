/*
 * The evidence reader: streaming JSON that loses nothing. Numbers stay text, \u0000 stays a NUL, a lone surrogate is kept
 * as WTF-8 (3 bytes), duplicate keys are all reported in order, invalid UTF-8 passes through, nesting deeper than
 * MW_EV_DEPTH_MAX is skipped over but still checked for balance. No allocation per value; no recursion.
 *
 * Sources: RFC 8259 for the grammar. Being liberal where a log is broken is the importer's business, not this reader's.
 */
#ifndef MW_EVJSON_H
#define MW_EVJSON_H

#include "base/buf.h"
#include "base/err.h"

enum ev_type { EV_OBJECT, EV_ARRAY, EV_STRING, EV_NUMBER, EV_TRUE, EV_FALSE, EV_NULL };

struct ev_leaf {
	enum ev_type type;     /* never EV_OBJECT or EV_ARRAY, except for an empty one (value.n == 0) */
	struct slice path;     /* dotted: "requestParameters.bucketName"; array elements share their array's path; a dot,
	                          backslash or bracket inside a key is written with a backslash */
	struct slice value;    /* decoded string, or the number's own text; valid during the callback */
	struct slice raw;      /* the bytes in the record, quotes included */
	bool escaped;          /* the string had escapes, so value is not a part of the record */
	int depth;
	const int *index;      /* for each array on the way, outermost first, this leaf's place in it */
	int nindex;
};
/* Return false to stop; ev_walk then returns 0. */
typedef bool ev_leaf_fn(void *ctx, const struct ev_leaf *leaf);

struct ev_reader;
struct ev_reader *ev_reader_new(void);
void ev_reader_free(struct ev_reader *r);
/* Walks one value at the start of text. *used gets the bytes taken (white space after it not included). -1 with the byte
 * offset in e where the text is no JSON or ends early. Leaves seen before the error have been delivered. */
int ev_walk(struct ev_reader *r, struct slice text, ev_leaf_fn *fn, void *ctx, size_t *used, struct err *e);
/* Only finds the end of one value: fast, checks brackets and strings. 1 found, 0 needs more bytes, -1 broken. */
int ev_skip(struct slice text, size_t *used);
/* The value at a path ("a.b.c", each array tried element by element) delivered to fn for each match. */
int ev_find(struct ev_reader *r, struct slice text, struct slice path, ev_leaf_fn *fn, void *ctx, struct err *e);

#endif
