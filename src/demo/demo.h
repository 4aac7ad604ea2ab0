/*
 * The demo company as files: everything that `midwatch import` reads for `make demo`, in the
 * formats that the vendors write, so that nothing is short-circuited. Deterministic: the same seed,
 * end and scale give the same bytes. One thread, no network, no clock.
 *
 *   DIR/logs/       events: CloudTrail and VPC flow trees as in S3, Azure, DNS, endpoints,
 * Kubernetes audit DIR/inventory/  AWS describe/list outputs an account and region, Azure, nodes
 * and edges for the rest, log settings DIR/findings/   GuardDuty, Security Hub (ASFF), OCSF, Wiz
 * issues DIR/context/    CMDB owners, networks, scanners, indicators, change tickets
 *   DIR/truth.jsonl which events belong to which story, for tests and benches. The product never
 * reads it.
 */
#ifndef MW_DEMO_H
#define MW_DEMO_H

#include "base/err.h"
#include "base/mwtime.h"

struct demo_opts {
	uint64_t seed;
	mw_time end;  /* the demo's now: nothing happens later; the stories end shortly before */
	double scale; /* of the noise; 1 gives three days with about 70,000 events */
};
struct demo_stats {
	uint64_t events, files, bytes; /* bytes as stored, after compression */
};
/* Fills the folder dir (open, empty, the caller's). On error some files may be there. */
int demo_generate(int dir, const struct demo_opts *o, struct demo_stats *stats,
                  struct err *e) MW_USE_RESULT;

/* Benches: n CloudTrail events as JSON lines, about 1 KB each, skewed users and addresses, unique
 * ids. */
int demo_gen_cloudtrail(int fd, uint64_t n, uint64_t seed, struct err *e) MW_USE_RESULT;
/* Benches: a graph in the node/edge JSON lines form; most edges at few nodes, as real ones. */
int demo_gen_graph(int fd, uint64_t nodes, uint64_t edges, uint64_t seed,
                   struct err *e) MW_USE_RESULT;

#endif
