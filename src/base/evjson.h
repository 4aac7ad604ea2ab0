/*
 * The evidence reader: streaming JSON that loses nothing. Numbers stay text, \u0000 stays a NUL, a
 * lone surrogate is kept as WTF-8 (3 bytes), duplicate keys are all reported in order, invalid
 * UTF-8 passes through. What is nested deeper than MW_EV_DEPTH_MAX, or lies under a path longer
 * than MW_EV_PATH_MAX, is skipped over but still checked for balance. No allocation per value; no
 * recursion.
 *
 * Every distinct path gets a small number on first sight, which stays the same for the life of the
 * reader: an importer asks ev_path_id for the paths it knows, and then turns leaves into fields by
 * an array look-up instead of comparing text. A reader remembers MW_EV_PATHS_MAX paths; later ones
 * have the number 0 and still their text.
 *
 * One thread a reader. Sources: RFC 8259 for the grammar. Being liberal where a log is broken is
 * the importer's business, not this reader's.
 */
#ifndef MW_EVJSON_H
#define MW_EVJSON_H

#include "base/buf.h"
#include "base/err.h"

enum ev_type { EV_OBJECT, EV_ARRAY, EV_STRING, EV_NUMBER, EV_TRUE, EV_FALSE, EV_NULL };

#define EV_PATH_OTHER 0u /* the number of a path that the reader had no room to remember */
#define EV_PATH_ROOT 1u  /* the record itself, whose path is empty */

struct ev_leaf {
	enum ev_type type;  /* of ev_walk never EV_OBJECT or EV_ARRAY, except for an empty one */
	uint32_t path_id;   /* dense, from 1; EV_PATH_OTHER when the reader has no number for it */
	struct slice path;  /* dotted: "requestParameters.bucketName"; array elements share their
	                       array's path; a dot,  backslash or bracket inside a key is written
	                       with  a backslash */
	struct slice value; /* decoded string, or the number's own text; valid during the callback.
	                       Empty for a container */
	struct slice raw;   /* the bytes in the record, quotes included */
	bool escaped;       /* the string had escapes, so value is not a part of the record */
	int depth;          /* containers around it */
	const int *index; /* for each array on the way, outermost first, this leaf's place in it */
	int nindex;
};
/* Return false to stop; ev_walk then returns 0. */
typedef bool ev_leaf_fn(void *ctx, const struct ev_leaf *leaf);

struct ev_reader;
struct ev_reader *ev_reader_new(void);
void ev_reader_free(struct ev_reader *r);
/* The number of a path in the escaped dotted form of ev_leaf.path; learns it. EV_PATH_OTHER when
 * over a cap. */
uint32_t ev_path_id(struct ev_reader *r, struct slice path);
/* Numbers handed out so far are 1..ev_path_count. The text lives as long as the reader. */
uint32_t ev_path_count(const struct ev_reader *r);
struct slice ev_path_text(const struct ev_reader *r, uint32_t id);
/* Walks one value at the start of text (white space before it allowed). *used (may be NULL) gets
 * the bytes taken (white space after it not included); after a stop by fn, or an error, the bytes
 * read so far. -1 with the byte offset in e where the text is no JSON or ends early. Leaves seen
 * before the error have been delivered. */
int ev_walk(struct ev_reader *r, struct slice text, ev_leaf_fn *fn, void *ctx, size_t *used,
            struct err *e);
/* As ev_walk, for a value that stands under a path already known: text found inside a string
 * ("policyDocument") gives leaves as if it were nested there. Not from within a callback. */
int ev_walk_under(struct ev_reader *r, uint32_t path_id, struct slice text, ev_leaf_fn *fn,
                  void *ctx, struct err *e);
/* Only finds the end of one value: fast, checks brackets and strings. 1 found, 0 needs more bytes,
 * -1 broken. A number that touches the end of the text needs more bytes. */
int ev_skip(struct slice text, size_t *used);
/* The value at a path ("a.b.c", each array tried element by element) delivered to fn for each
 * match. A container at the path is one leaf with its bytes in raw (an array at the end of the
 * path: each of its elements). Returns as ev_walk; the rest of the text is checked only for
 * balance. */
int ev_find(struct ev_reader *r, struct slice text, struct slice path, ev_leaf_fn *fn, void *ctx,
            struct err *e);

#endif
