/*
 * One error shape. A function that can fail returns 0 or -1 (or NULL) and fills the struct err of its caller. `what` is
 * safe to show (escape it where it goes out, since it may quote outside text): what happened, why, what to do, with the
 * source's own message. Any thread; a struct err belongs to its caller.
 */
#ifndef MW_ERR_H
#define MW_ERR_H

enum err_code {
	ERR_NONE,
	ERR_INVALID, /* the request or the input is wrong; the text has its place */
	ERR_NOT_FOUND,
	ERR_DENIED, /* rights, scope, mode of a file */
	ERR_LIMIT,  /* a named cap was reached */
	ERR_CANCELLED,
	ERR_DEADLINE,
	ERR_IO,       /* the operating system or a database said no */
	ERR_REMOTE,   /* a vendor or a worker said no */
	ERR_CONFLICT, /* somebody else changed it meanwhile */
	ERR_FULL,     /* no space left */
	ERR_INTERNAL, /* our own fault */
};

struct err {
	enum err_code code;
	char what[512];
};

/* Fills e (may be NULL) and returns -1, so that `return err_set(...)` reads well. A text over the cap ends in "...". */
int err_set(struct err *e, enum err_code code, const char *fmt, ...) MW_PRINTF(3, 4);
/* As err_set, with ": strerror(errno)" at the end. ENOSPC and EDQUOT turn ERR_IO into ERR_FULL. */
int err_errno(struct err *e, const char *fmt, ...) MW_PRINTF(2, 3);
/* Puts "prefix: " in front of what is there. Returns -1. */
int err_prefix(struct err *e, const char *fmt, ...) MW_PRINTF(2, 3);
/* The code's stable name ("invalid", "not_found"), used on the wire, and back (ERR_INTERNAL for an unknown name). */
const char *err_code_name(enum err_code code);
enum err_code err_code_from_name(const char *name);

#endif
