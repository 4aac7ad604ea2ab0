/*
 * The generator's parts and what they share. Each part draws from its own random stream.
 */
#ifndef MW_DEMO_PARTS_H
#define MW_DEMO_PARTS_H

#include "demo/demo.h"
#include "demo/out.h"
#include "demo/world.h"

struct demo {
	struct world w;
	struct out out;
	struct rng rng; /* of the part at work */
	uint64_t seed;
	mw_time start, end;
	double scale;
	struct buf b; /* the record being written */
};

/* Starts a part's random stream. */
void part_begin(struct demo *d, const char *name);
int part_scaled(const struct demo *d, int n);
/* How busy people are at t: 0..100, low at night and at weekends (UTC). */
int part_busy(mw_time t);
mw_time part_midnight(mw_time t);
/* A moment in the three days. */
mw_time part_any_time(struct demo *d);
const char *part_office_ip(struct demo *d);
const char *part_outside_ip(struct demo *d); /* background noise of the internet */
#define PART_DAYS 3
#define PART_PROFILE_AGE \
	(31 * MW_MINUTE + 54 * MW_SECOND) /* of the instance credentials in use at the end */

int inventory_aws(struct demo *d, struct err *e) MW_USE_RESULT;
int inventory_iam(struct demo *d, struct err *e) MW_USE_RESULT;
int inventory_graph(struct demo *d, struct err *e) MW_USE_RESULT;
int inventory_logging(struct demo *d, struct err *e) MW_USE_RESULT;
int context_files(struct demo *d, struct err *e) MW_USE_RESULT;
void findings_put(struct demo *d);
void noise_aws(struct demo *d);
void noise_people(struct demo *d);

#endif
