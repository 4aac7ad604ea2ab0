/*
 * The import pipeline from inside: units of work, the parse process that does one, and the messages between it and the
 * import worker. A unit is a range of one file, or a few whole files, about LAKE_BATCH_BYTES together. A parse process is
 * forked for each unit, closes the sandbox behind it, and writes batches into files that the worker hands to it; whatever a
 * hostile file does to it, is that file's error.
 */
#ifndef MW_IMPORT_INT_H
#define MW_IMPORT_INT_H

#include "base/mem.h"
#include "intake/import.h"

struct unit_file {
	size_t file;       /* index into files */
	uint64_t from, to; /* to 0: whole */
	uint64_t first_line;
};
struct unit {
	VEC(struct unit_file) files;
	uint64_t bytes;
};

struct import_units {
	struct unit *v;
	size_t n, cap;
};
/* Fills u with the units of all files, in order; lines as first_lines of import_opts; returns the bytes of all files together. Files must be regular ones. */
uint64_t import_cut(const struct import_file *files, size_t n, const uint64_t *lines, int parsers,
                    struct import_units *u);
/* Newlines in a byte range. */
uint64_t import_count_lines(int fd, uint64_t from, uint64_t to);

/* Messages of a parse process. Each is a head and `len` bytes. */
enum import_msg {
	IM_PROGRESS, /* struct im_progress */
	IM_BATCH,    /* the batch file is full: the next one is wanted; no bytes */
	IM_REJECT,   /* struct im_reject, reason with NUL, raw */
	IM_GRAPH,    /* a node or edge as JSON text */
	IM_FILE,     /* struct im_file, format's name with NUL, error text with NUL (empty: none) */
	IM_END,      /* the unit is done; no bytes */
};
#define IM_MAX (64u * 1024 * 1024)
struct im_head {
	uint32_t type, len;
};
struct im_progress {
	uint64_t bytes; /* read since the last one */
};
struct im_reject {
	uint64_t file, line;
};
struct im_file {
	uint64_t file, events;
};

struct wire { /* the worker's end of a parse process */
	int fd;
	struct buf in;
};
/* Child: sends a message whole. */
int wire_send(int fd, enum import_msg type, const void *p, size_t n, const void *more, size_t nmore,
              struct err *e);
/* Worker: reads what is there. 1 more may come, 0 the other end is closed, -1 error. */
int wire_read(struct wire *w, struct err *e);
/* The next whole message, borrowed until wire_drop. False: none yet. */
bool wire_next(const struct wire *w, struct im_head *h, struct slice *body);
void wire_drop(struct wire *w, const struct im_head *h);
/* A descriptor to the child, and from the worker. */
int wire_give_fd(int sock, int fd, struct err *e);
int wire_take_fd(int sock, struct err *e);

#define PARSE_FULL 3 /* its exit status when a batch did not fit on the disk */
/* The parse process: never returns. */
MW_NORETURN void import_parse(int sock, const struct import_file *files, const struct unit *u,
                              const struct import_opts *o);
/* The first bytes of a file, inflated where it is gzip, without moving its offset. */
void import_head(int fd, struct buf *head);
const char *import_base_name(const char *name);

#endif
