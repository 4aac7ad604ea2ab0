/*
 * Where generated records go. An event is put with its time and the stream it belongs to; out_flush
 * sorts each stream by time, cuts it into the files that the vendor would write, and notes for each
 * event of a story in which file it landed.
 *
 * A stream is one log of one place: the CloudTrail of an account and region, the flow log of a VPC,
 * the sign-in log ... Memory: every record is kept until the flush (about 60 MB for the three
 * days).
 */
#ifndef MW_OUT_H
#define MW_OUT_H

#include "base/err.h"
#include "base/map.h"
#include "demo/jfmt.h"
#include "demo/rng.h"

enum out_wrap {
	OUT_LINES,   /* one record a line */
	OUT_RECORDS, /* {"Records":[...]}, gzip */
	OUT_LINES_GZ,
};
struct out_stream {
	char *path; /* template: %D year/month/day, %T file time, %H a hash, see out.c */
	enum out_wrap wrap;
	int64_t slice;      /* one file for each so long */
	const char *header; /* first line of each file, NULL: none; static */
};
struct out_event {
	mw_time at;
	uint32_t stream, story; /* story 0: noise */
	uint32_t seq;           /* order of putting, for equal times */
	uint32_t len;
	const char *id; /* the record's own id; NULL: it has none, so file:line */
	const char *body;
};
struct out_story {
	const char *id, *kind, *severity, *title; /* kind: "attack" or "benign" */
};
struct out {
	int dir; /* the demo's folder */
	struct arena arena;
	struct rng rng;
	struct map streams; /* path template -> index + 1 */
	VEC(struct out_stream) stream;
	VEC(struct out_event) events;
	VEC(struct out_story) stories; /* 0 is noise */
	uint32_t story;                /* given to what is put from now on */
	uint64_t nevents, nfiles, bytes;
	struct buf truth; /* truth.jsonl, filled by the flush */
};

void out_init(struct out *o, int dir, uint64_t seed);
void out_release(struct out *o);
/* Starts a story: all that is put until out_noise belongs to it. The strings are static. */
void out_story(struct out *o, const char *id, const char *kind, const char *severity,
               const char *title);
void out_resume(struct out *o, const char *id); /* goes on with a story; NULL: noise */
void out_noise(struct out *o);
uint32_t out_stream(struct out *o, const char *path, enum out_wrap wrap, int64_t slice,
                    const char *header);
/* Takes the bytes of b and resets it. id NULL or copied. */
void out_put(struct out *o, uint32_t stream, mw_time at, const char *id, struct buf *b);
int out_flush(struct out *o, struct err *e) MW_USE_RESULT;
/* A whole file at once (inventory, findings); folders are made. gzip where the name ends in .gz. */
int out_file(struct out *o, const char *path, struct slice bytes, struct err *e) MW_USE_RESULT;
/* A fresh record id (UUID text), in the arena. */
const char *out_uuid(struct out *o);

#endif
