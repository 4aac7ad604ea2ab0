/*
 * Records that were found elsewhere: what a source outside (a SIEM, a CNAPP) answered, kept so that each row on the screen has an
 * evidence id, opens byte for byte, and can be pinned, without asking the source again. found.db beside the lake; a cache with a cap
 * (the oldest go first), not precious: what is cited or pinned is copied into state.db. Written by the workers that run plans; several
 * processes at once. An id is never reused.
 */
#ifndef MW_FOUND_H
#define MW_FOUND_H

#include "base/err.h"
#include "model/event.h"

#define FOUND_ID_BASE UINT64_C(9000000000000) /* ids of the lake stay far below */
#define FOUND_BYTES_MAX (UINT64_C(512) * 1024 * 1024)
static inline bool found_id(event_id id)
{
	return id >= FOUND_ID_BASE && id != EVENT_ID_NONE;
}

struct found;
int found_open(struct found **out, const char *dir, struct err *e) MW_USE_RESULT;
void found_close(struct found *f);
/* The same record of the same source (its bytes) keeps its id. Between found_begin and found_commit. */
int found_begin(struct found *f, struct err *e) MW_USE_RESULT;
int found_put(struct found *f, const char *source, const struct event *ev, event_id *id,
              struct err *e) MW_USE_RESULT;
int found_commit(struct found *f, struct err *e) MW_USE_RESULT;
/* Slices live in *arena, as does *source. ERR_NOT_FOUND where it has gone. */
int found_get(struct found *f, event_id id, struct arena *arena, struct event *out,
              const char **source, struct err *e) MW_USE_RESULT;

#endif
