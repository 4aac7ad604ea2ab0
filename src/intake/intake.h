/*
 * Reading files of any supported format: detection by content, splitting into records, normalising into Events. Knows no
 * database: what it finds goes into a sink. Blocking; runs in sandboxed parse workers, which get open descriptors, never
 * names to open. All slices of a call are borrowed for that call.
 *
 * Datasets (event.dataset), dotted so that "windows" or "zeek" names a family: cloudtrail, vpcflow, route53dns, guardduty,
 * securityhub, ocsf, azure.signin, azure.audit, azure.activity, m365, defender, okta, k8s.audit, windows.sysmon, windows.security,
 * windows.powershell, windows.system, windows.other, zeek.<stream>, auditd, syslog, cef, leef, web.access, s3.honeybucket, alerts, incidents,
 * finding.<vendor>, splunk.notable, qradar.offense, sentinel.incident (as their connectors give them), json.<mapping name>; csv and json for records that no format claims (raw paths only).
 */
#ifndef MW_INTAKE_H
#define MW_INTAKE_H

#include "base/err.h"
#include "base/json.h"
#include "model/event.h"

struct intake_format; /* one row of the format table */
const char *intake_format_name(
        const struct intake_format *f); /* "cloudtrail-records", "vpcflow", "inventory-nodes" */
bool intake_format_splittable(
        const struct intake_format *f); /* one record a line: may be read in byte ranges */

/* From the first bytes (decompressed) of a file and its base name; NULL with e where nothing fits (an empty file: "empty"). */
const struct intake_format *intake_detect(struct slice head, const char *basename, struct err *e);
#define INTAKE_HEAD (256 * 1024) /* bytes that detection wants, if the file has them */

struct intake_reject { /* a record that was set aside */
	uint64_t line;
	const char *reason; /* with the byte offset where known */
	struct slice raw;
};
struct intake_sink {
	void *ctx;
	int (*event)(void *ctx, const struct event *ev, struct err *e);
	/* A node or edge of the inventory, as the node/edge JSON lines of store/graph.h. */
	int (*graph)(void *ctx, const cJSON *object, struct err *e);
	int (*reject)(void *ctx, const struct intake_reject *r, struct err *e);
	bool (*progress)(void *ctx, uint64_t bytes); /* raw bytes read so far; false cancels */
};
struct intake_opts {
	const char *basename; /* of the file, for ids */
	const char *
	        path; /* the file as it was named, folders too: an inventory's account, region and subject may stand
	                               only there. NULL: basename */
	const char *mapping; /* name of a user's YAML mapping to force, or NULL */
	uint64_t from,
	        to; /* byte range of a splittable plain file, cut at line starts; to 0: whole file */
	uint64_t first_line; /* line number of the first line in the range; 0: 1 */
};
/* Reads all of fd (plain or gzip, by content). 0 with every record delivered to event, graph or reject; -1 where reading
 * itself failed or a sink said no; what was delivered before stays delivered. A truncated gzip delivers what was readable,
 * then rejects the rest as one record with the reason. */
int intake_read(int fd, const struct intake_format *f, const struct intake_opts *o,
                const struct intake_sink *sink, struct err *e) MW_USE_RESULT;
/* Users' own mappings: YAML text as documented in assets/mapping.sample.yaml. */
int intake_mapping_add(const char *name, struct slice yaml, struct err *e) MW_USE_RESULT;

#endif
