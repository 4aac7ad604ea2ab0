/*
 * What a worker may still do once it has opened what it needs: an allow-list of system calls (seccomp), limits, no core dumps,
 * no new privileges, and Landlock where the kernel has it. A call that is not on the list fails with EPERM, so that a
 * library can fall back. Cannot be undone. Builds with a sanitizer or gcov leave seccomp and Landlock out, since those
 * need files of their own at exit; the release build is the one that is tested.
 */
#ifndef MW_SANDBOX_H
#define MW_SANDBOX_H

#include "base/buf.h"
#include "base/err.h"

enum sandbox_flags {
	SB_NONE = 0, /* descriptors that are open, memory, threads, time */
	SB_FILES =
	        1
	        << 0, /* may open, rename and remove files: with Landlock only below the directory given */
	SB_FORK =
	        1
	        << 1, /* may fork (not exec) and tighten the sandbox again, as import does for its parsers */
	SB_NET = 1 << 2, /* may open connections; UNIX sockets stay closed */
};
/* dir: for SB_FILES; may be NULL. All threads of the process must have been started after this, or be its only one. */
int sandbox_enter(unsigned flags, const char *dir, struct err *e) MW_USE_RESULT;
/* What this machine can do, for doctor: "seccomp, Landlock ABI 7" or "seccomp; the kernel has no Landlock". */
void sandbox_describe(struct buf *b);
/* For the engine itself: no dumps, so that no process of the same user reads its memory. */
void sandbox_no_dumps(void);

#endif
