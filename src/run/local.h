/*
 * Does over fetched events what a step's sources cannot: filters after a widened where, sequences, baselines, stats, order,
 * limit; and merges several sources into one, without doubles. Bounded by MW_RUN_FETCH_MAX: beyond it the result says that it
 * is partial. Inside run/.
 */
#ifndef MW_RUN_LOCAL_H
#define MW_RUN_LOCAL_H

#include "source/source.h"

struct local_source {
	struct source *source;
	struct source_done done; /* how its part ended */
	struct err error;
	bool failed;
};
/* p's step i is resolved. Rows go to sink. -1 where no source gave anything or the sink said no; a source that failed beside
 * others makes the result partial. done gets sums and the reasons. */
int local_step(const struct plan *p, size_t i, struct local_source *from, size_t n,
               const struct source_run *run, const struct source_sink *sink,
               struct source_done *done, struct err *e) MW_USE_RESULT;

/* The same for a graph step: each source's rows one after the other. A node that two sources know is two rows, since they need not agree. */
int local_graph_step(const struct plan *p, size_t i, struct local_source *from, size_t n,
                     const struct source_run *run, const struct source_sink *sink,
                     struct source_done *done, struct err *e) MW_USE_RESULT;

#endif
