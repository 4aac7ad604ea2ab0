/*
 * The embedded lake: normalised events with their raw records, in immutable columnar segments
 * (store/segment.h) that readers map, in the folder lake/ of the state directory; lake.db (SQLite)
 * says which of them are in, with which ids, and keeps imports and rejects. Built for: import at
 * the speed of the parser, needles in milliseconds, scans at memory speed, half the size of the raw
 * JSON or less. Segments are files of their own, since a batch is then written once, by the process
 * that parsed it, and never passes through SQLite's log.
 *
 * Processes: any number of parse workers build batches (lake_builder), one lake writer appends them
 * (lake_append), any number of readers open the lake read-only and see a snapshot. A batch is a
 * self-contained file: a writer needs no parser. Durable: when lake_append returns 0 the events are
 * on disk (the batch's file and its folder, then one transaction with synchronous=FULL). A file
 * that no transaction names is left over from a crash; the next writer removes it. The lake can be
 * re-imported; cited evidence is copied to state.db, so that dropping or retention never eats
 * proof.
 *
 * Dedup: an event with its own uid is known by (dataset, uid), any other by the hash of (dataset,
 * raw) and by how often that record stood in its file before: two equal lines of one file are two
 * events, while a file that is imported twice, or that overlaps with another, adds nothing (of the
 * files cut into several batches, a repeat across the cut counts as a duplicate). lake_append drops
 * what is there already, and within the batch; it counts what it dropped.
 */
#ifndef MW_LAKE_H
#define MW_LAKE_H

#include "base/err.h"
#include "model/event.h"

struct lake;
enum lake_mode { LAKE_READ, LAKE_WRITE };
/* dir is the state directory; the writer creates the file and migrates its schema, and holds an
 * exclusive lock. */
int lake_open(struct lake **out, const char *dir, enum lake_mode mode, struct err *e) MW_USE_RESULT;
void lake_close(struct lake *l);
/* In a forked child that has no business with the lake: it shall not hold the writer's lock when that has died. */
void lake_forked(struct lake *l);
/* For a reader with nothing to do: files of the lake that the kernel has in memory are mapped whole, about a millisecond each,
 * where a page fault a page would cost the next questions more. Does one file; true: there may be more. Reads no disk. */
bool lake_warm(struct lake *l);
/* A reader's view moves forward here only; true in *changed when it did (caches that hang on it
 * must go). */
int lake_refresh(struct lake *l, bool *changed, struct err *e) MW_USE_RESULT;

/* Building a batch. Values and raw are copied or encoded at once, nothing of ev is kept. Not shared
 * between threads. */
struct lake_builder;
struct lake_builder *lake_builder_new(void);
void lake_builder_free(struct lake_builder *b);
int lake_builder_add(struct lake_builder *b, const struct event *ev, struct err *e) MW_USE_RESULT;
size_t lake_builder_bytes(
        const struct lake_builder *b); /* raw bytes in it: finish at LAKE_BATCH_BYTES, at once */
#define LAKE_BATCH_BYTES (63u * 1024 * 1024)
/* Encodes what was added into fd (a fresh file, written from 0) and empties the builder. */
int lake_builder_finish(struct lake_builder *b, int fd, struct err *e) MW_USE_RESULT;

struct lake_import { /* one `midwatch import`; files list what it read */
	int64_t id;
	const char *label; /* may be NULL */
	mw_time at;
	uint64_t events, duplicates, rejected, bytes;
	bool undone;
};
struct lake_reject {      /* a record set aside */
	const char *file; /* as the client named it */
	uint64_t line;
	const char *reason;
	struct slice raw; /* at most LAKE_REJECT_RAW_MAX bytes of it, for a retry of small ones */
};
#define LAKE_REJECT_RAW_MAX 65536
/* An import that more may be added to: there is one of this number, and it was not undone. */
int lake_import_check(struct lake *l, int64_t id, struct err *e) MW_USE_RESULT;
/* Records set aside with numbers in (after, until], in order, at most max; those that were cut are passed over. Borrowed for the
 * call. until 0: all. *last gets the number that the next call goes on after. */
typedef int lake_reject_fn(void *ctx, int64_t number, const struct lake_reject *r, struct err *e);
int lake_reject_each(struct lake *l, int64_t after, int64_t until, size_t max, lake_reject_fn *fn,
                     void *ctx, int64_t *last, struct err *e) MW_USE_RESULT;
int64_t lake_reject_last(struct lake *l); /* number of the newest; 0: none */
/* They went in after all, or stand there again under a new number. */
int lake_reject_drop(struct lake *l, const int64_t *numbers, size_t n, struct err *e) MW_USE_RESULT;
int lake_import_begin(struct lake *l, const char *label, int64_t *id, struct err *e) MW_USE_RESULT;
/* Adds to an import what another store of events took. */
int lake_import_count(struct lake *l, int64_t id, uint64_t events, uint64_t duplicates,
                      struct err *e) MW_USE_RESULT;
/* A descriptor to build the next batch in: without a name, in the lake's folder, so that appending
 * it copies nothing. Any other file will do as well (it is copied). The caller closes it. */
int lake_batch_fd(struct lake *l, struct err *e) MW_USE_RESULT;
struct map;
struct lake_appended {
	uint64_t added, duplicates;
	event_id first, last; /* EVENT_ID_NONE where nothing was added */
	struct map *
	        duplicates_by_file; /* in: may be NULL; basename -> how many of its events were there already */
};
int lake_append(struct lake *l, int64_t import, int batch_fd, struct lake_appended *out,
                struct err *e) MW_USE_RESULT;
int lake_reject_add(struct lake *l, int64_t import, const struct lake_reject *r, size_t n,
                    struct err *e) MW_USE_RESULT;
int lake_import_undo(struct lake *l, int64_t id, uint64_t *removed, struct err *e) MW_USE_RESULT;
int lake_drop(struct lake *l, const char *dataset,
              struct err *e) MW_USE_RESULT; /* NULL: everything */
/* Deletes whole oldest segments until the file is at most max_bytes and holds nothing older than
 * `oldest`; 0 / NONE: no bound. Records what was retained up to when, so that an empty answer can
 * say "kept no longer". */
int lake_retain(struct lake *l, uint64_t max_bytes, mw_time oldest, struct err *e) MW_USE_RESULT;
/* Merges small neighbours where there are many, and takes dropped rows out where they are; ids stay. One group of segments
 * a call, so a batch's worth of records at most; *more says whether another call may find work. stop is asked all the time
 * (NULL: never): when it says true, all stays as it was. */
int lake_compact(struct lake *l, bool (*stop)(void *), void *ctx, bool *more,
                 struct err *e) MW_USE_RESULT;

/* What is in it. Callers free with cJSON_Delete:
 * {"events":n,"bytes":n,"raw_bytes":n,"from":t,"to":t,"retained_from":t,
 * "datasets":[{"name","events","raw_bytes","from","to","newest_arrival","accounts":[..],"regions":[..]}],"imports":[...],"rejected":n}
 */
struct cJSON;
struct cJSON *lake_status(struct lake *l, struct err *e);
struct cJSON *lake_rejected(struct lake *l, int64_t offset, int64_t limit, struct err *e);

/* One event back, whole. Slices live in *arena. ERR_NOT_FOUND where it is gone. */
int lake_get(struct lake *l, event_id id, struct arena *arena, struct event *out,
             struct err *e) MW_USE_RESULT;
/* By the source's own uid or "<basename>:<line>"; fills at most max ids, *n gets how many match. */
int lake_find_uid(struct lake *l, struct slice uid, event_id *ids, size_t max, size_t *n,
                  struct err *e) MW_USE_RESULT;

#endif
