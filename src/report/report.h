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
	const cJSON *incident; /* the CARD (investigate/card.h) */
	const cJSON *stored;   /* as state_incident has it, with "asked"; NULL: the card */
	const cJSON *plan;     /* the playbook's next step {title, needs}; NULL: none */
	const struct timeline *timeline; /* built; NULL: stated absent */
	/* Rows of the three named sections: arrays of {text, evidence}; NULL or empty: the section
	 * says that there is nothing and why. */
	const cJSON *assets, *identity, *flows;
	const char *author;
	mw_time now;
};
void report_incident(const struct report_in *in, struct buf *md);

struct handoff_in {
	const cJSON *shift; /* state_shift of store/state.h */
	const cJSON *plans; /* {"INC-1": {title, needs}}: the playbook's next step; may be NULL */
	const cJSON *cover; /* rows of the cover table (store/cover.h); NULL: not known */
	const char *author;
	mw_time now;
};
/* What burns, what is open and what was thought of it, what was closed, changed and hidden, who waits for whom, where the floor was
 * blind, per analyst (for the floor), and numbers. */
void report_handoff(const struct handoff_in *in, struct buf *md);

struct report_figures {
	const struct timeline *timeline; /* built; NULL: none */
	const cJSON *incidents;          /* of a handoff, as stored; NULL: none */
};
/* Each as inline SVG, from first to last: the timeline's rows, or a bar an incident; below it a histogram. Nothing where no time is known. */
void report_figures(const struct report_figures *f, struct buf *html);
/* Markdown (ours, or edited by a person) to a page. Raw HTML in the Markdown is shown as text, links and pictures lose their target. */
int report_html(struct slice md, const char *title, const struct report_figures *f,
                struct buf *html, struct err *e);

#endif
