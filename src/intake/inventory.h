/*
 * Inventory import: one JSON document (or one line of JSON lines) in, nodes and edges of
 * store/graph.h out. The reading of files belongs to intake.c; this part only knows shapes.
 * Formats: IAM get-account-authorization-details, AWS CLI describe/ list/get outputs, cloudmapper
 * and cartography maps of them, OCSF, ASFF, GuardDuty, Wiz, Prisma Cloud, Orca, Lacework and
 * prowler findings and resources, Sentinel incident graphs, plain node/edge objects. Detection is
 * by content: the keys near the top. Blocking, no I/O, any process; a sink's objects are borrowed
 * for the call.
 */
#ifndef MW_INVENTORY_H
#define MW_INVENTORY_H

#include "base/err.h"
#include "base/json.h"

struct inventory_format; /* one row of the format table */

/* From the first bytes of a file (they may end in mid-document) or from one whole record: the
 * format whose keys are there, or NULL. JSON only; white space and a BOM in front are skipped. */
const struct inventory_format *inventory_detect(struct slice head);
const char *inventory_format_name(
        const struct inventory_format *f); /* "inventory-aws", "inventory-nodes", ... */
/* The records are findings too: the caller normalises each into an event as well (dataset ocsf,
 * securityhub, guardduty, finding.wiz, ...). False: nodes and edges are all there is in it. */
bool inventory_format_has_events(const struct inventory_format *f);

struct inventory_opts {
	/* The file's name with as much of its path as is known. A 12-digit piece gives the account,
	 * a region name the region, "s3-get-bucket-policy/NAME" or "get-bucket-policy_NAME.json"
	 * the call and its subject, where the document itself says nothing (AWS CLI outputs often
	 * do not). May be NULL. */
	const char *name;
	const char *account, *region; /* known otherwise; NULL */
};
struct inventory_sink {
	void *ctx;
	/* {"node":{...}} or {"edge":{...}}; -1 stops the conversion and is passed on. */
	int (*graph)(void *ctx, const cJSON *object, struct err *e);
};
/* Converts one document. f NULL: detects again from the document itself. Parts that it does not
 * know are left out in silence (an inventory has many keys), but an inventory without any known
 * part is ERR_NOT_FOUND: an unexplained nothing. A finding about no resource is no error. */
int inventory_convert(const struct inventory_format *f, const cJSON *doc,
                      const struct inventory_opts *o, const struct inventory_sink *sink,
                      struct err *e) MW_USE_RESULT;

#endif
