/*
 * Drafts from what is recorded: incident report and shift handoff, in Markdown, and as one
 * self-contained HTML page (no request leaves it) with the timeline as SVG. Templates only: each
 * fact names its evidence, what is missing is a line of its own. Secrets are masked (policy/redact.h)
 * before the text leaves. Pure functions over JSON and a built timeline; any process.
 */
#ifndef MW_REPORT_H
#define MW_REPORT_H

#include "base/json.h"
#include "investigate/timeline.h"

struct report_in {
	const cJSON *incident;           /* the CARD (investigate/card.h) */
	const struct timeline *timeline; /* built; NULL: stated absent */
	/* Rows of the three named sections: arrays of {text, evidence}; NULL or empty: the section
	 * says that there is nothing and why. */
	const cJSON *assets, *identity, *flows;
	const char *author;
	mw_time now;
};
void report_incident(const struct report_in *in, struct buf *md);

struct handoff_in {
	const cJSON *incidents; /* open and closed since `since`: stored form with status, owner,
	                           notes, pins, verdict, updated */
	const cJSON *watches, *sources,
	        *suppressed; /* arrays as the protocol has them; may be NULL */
	const char *author;
	mw_time since, now;
};
void report_handoff(const struct handoff_in *in, struct buf *md);

/* Markdown (ours, or edited by a person) to a page. Raw HTML in the Markdown is shown as text,
 * links get no target but the page. */
int report_html(struct slice md, const char *title, const struct timeline *t, struct buf *html,
                struct err *e);
/* Outside text (NULL: none) as inline Markdown, masked first. */
void report_text(struct buf *md, const char *s);

#endif
