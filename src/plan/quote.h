/*
 * One function a language and context; each writes a complete, closed token, so that a value cannot leave its place. The facts are
 * those of the vendors' grammars (../shared/apis in development). All append to b.
 */
#ifndef MW_PLAN_QUOTE_H
#define MW_PLAN_QUOTE_H

#include "base/buf.h"

/* Splunk: "..." with \\ and \" escaped. For search, a value with * would be a pattern: ask quote_spl_literal first. */
void quote_spl_string(struct buf *b, struct slice s);
bool quote_spl_literal(
        struct slice s); /* may stand in `search` as itself: no *, backtick or control byte */
bool quote_spl_field(
        struct buf *b,
        const char *name); /* 'a.b' for where and eval; false (nothing written): no field name */
bool quote_spl_name(struct buf *b, const char *name); /* for search, stats, sort: bare or "a.b" */
/* Kusto: "..." with the escapes of C. Bytes that are not UTF-8 cannot be written: quote_kql_able. */
bool quote_kql_able(struct slice s);
void quote_kql_string(struct buf *b, struct slice s);
void quote_kql_column(struct buf *b, const char *name); /* bare, or ['...'] */
/* QRadar: '...' with '' for '. No control bytes. */
bool quote_aql_able(struct slice s);
void quote_aql_string(struct buf *b, struct slice s);
void quote_aql_column(struct buf *b, const char *name); /* bare or "..." */
/* ClickHouse: '...' with backslash escapes, any byte; `...` for names. */
void quote_ch_string(struct buf *b, struct slice s);
void quote_ch_name(struct buf *b, const char *name);

/* A regular expression (PCRE, RE2, Java alike) that matches exactly these bytes. */
void quote_regex(struct buf *b, struct slice s);
/* The like operator as a regular expression, anchored at both ends; `any` is what one byte is called there ("\\C"). NULL: only
 * whole characters have a name, so that ? may also be nothing and the expression finds at least as much as the pattern. */
void quote_like_regex(struct buf *b, struct slice pattern, const char *any);
bool quote_like_has_one(struct slice pattern); /* has a ? that is not quoted */
/* Engines over UTF-8 see characters where plans see bytes: a lone . or [^x] (not repeated by * or +) is then something else.
 * True where re has such a unit; b (may be NULL) gets an expression that finds at least as much in them. */
bool quote_regex_wide(struct buf *b, struct slice re);
bool quote_is_plain(struct slice s); /* bytes 0x20..0x7e only */
bool quote_is_ascii(struct slice s); /* no byte over 0x7f: folding is the same everywhere */
/* Holds bytes that JSON writers put in more than one way: such text cannot be looked for in a raw record by its bytes. */
bool quote_json_varies(struct slice s);

#endif
