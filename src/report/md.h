/*
 * Markdown pieces that the drafts share. Outside text is masked and escaped on its way in. Not for other rooms.
 */
#ifndef MW_REPORT_MD_H
#define MW_REPORT_MD_H

#include "base/json.h"

/* Outside text (NULL: none) as inline Markdown, masked first. */
void report_text(struct buf *md, const char *s);
/* Stands behind a sentence that its records do not support; such a line never leaves. */
#define MD_UNSUPPORTED "**(unsupported: will not be sent)**"
void md_head(struct buf *md, const char *title); /* "## title" */
/* Up to MD_IDS_MAX evidence ids as citations [e12], and how many more there are. */
#define MD_IDS_MAX 4
void md_ids(struct buf *md, const cJSON *ids);
void md_id(struct buf *md,
           const char *id); /* one: "ev:12" gives " [e12]"; NULL or empty: nothing */
void md_time(
        struct buf *md,
        const char *rfc3339); /* to the minute, "2026-03-14 07:20Z"; what is no time as it is */

/* What was thought of a case: think, ruled out (with the cover proof), not known, next with a person and a time; from notes that begin
 * with these words, from questions that were asked and came back empty with a proof, and from the records. incident: as state_shift has
 * it; indent stands before each "- ". plan: the playbook's next step {title, needs} or NULL; gaps: what is not logged, [{text, cover}] or
 * NULL. */
struct case_lines {
	const cJSON *incident, *plan, *gaps;
	const char *indent;
};
void md_case(struct buf *md, const struct case_lines *c);

#endif
