/* Shared by the files that write the handoff. Not for others. */
#ifndef MW_HANDOFF_INT_H
#define MW_HANDOFF_INT_H

#include "base/mem.h"
#include "report/md.h"
#include "report/report.h"

struct shift_view {
	const cJSON **incidents; /* the most urgent first */
	size_t n;
};
bool shift_closed(const cJSON *incident);
bool shift_late(const cJSON *incident, mw_time now); /* its promise is broken */
int shift_rank(const cJSON *incident);               /* 0 critical .. 4 */
/* Changed, waits, watches, hidden, blind, per analyst, numbers. */
void handoff_rest(const struct handoff_in *in, const struct shift_view *v, struct buf *md);

#endif
