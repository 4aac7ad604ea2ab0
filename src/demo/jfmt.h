/*
 * JSON by template, for records that we write ourselves. In the template a single quote stands for
 * a double quote; then %s   a JSON string, quoted and escaped; NULL gives null        %-s  text put
 * in as it is (JSON or part of a string) %d   int        %ld  int64_t        %i   int as true or
 * false The compiler checks the arguments as it does for printf. Any other conversion ends the
 * process (our own fault).
 */
#ifndef MW_JFMT_H
#define MW_JFMT_H

#include "base/buf.h"
#include "base/mem.h"
#include "base/mwtime.h"

void jfmt(struct buf *b, const char *tmpl, ...) MW_PRINTF(2, 3);
void jfmt_v(struct buf *b, const char *tmpl, va_list ap);
char *jfmt_arena(struct arena *a, const char *tmpl, ...)
        MW_PRINTF(2, 3); /* lives as long as the arena */

struct iso {
	char s[32];
};
struct iso iso(mw_time t);      /* whole seconds: 2026-03-14T02:41:06Z */
struct iso iso_ms(mw_time t);   /* 2026-03-14T02:41:06.123Z */
struct iso iso_file(mw_time t); /* 20260314T0241Z, for file names */

#endif
