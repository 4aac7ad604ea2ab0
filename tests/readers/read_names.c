/* Names of fields and datasets at each platform, read backwards: assets/fields.yaml for fields, the
 * fact sheets' lists for sourcetypes and tables. */
#include "readers.h"

static const char *sentinel_name(const struct field *f, const char *table)
{
	const char *any = NULL;

	for (const struct field_name *n = f->sentinel; n && n->where; n++) {
		if (table && !strcmp(n->where, table))
			return n->paths[0];
		if (!strcmp(n->where, "*"))
			any = n->paths[0];
	}
	return any;
}

/* The first path in CloudTrail's records, where it is a plain one. */
static const char *cloudtrail_name(const struct field *f)
{
	for (const struct field_name *n = f->formats; n && n->where && !f->many; n++)
		if (!strcmp(n->where, "cloudtrail"))
			return strpbrk(n->paths[0], " |=@\\") ? NULL : n->paths[0];
	return NULL;
}

static const char *ch_name(const struct field *f)
{
	static char name[128]; /* one thread: tests */

	snprintf(name, sizeof(name), "%s", f->name);
	for (char *c = name; *c; c++)
		*c = *c == '.' ? '_' : *c;
	return name;
}

const char *read_name_of(enum read_names in, const char *table, const struct field *f)
{
	switch (in) {
	case NAMES_CIM:
		return f->cim;
	case NAMES_SENTINEL:
		return sentinel_name(f, table);
	case NAMES_AQL:
		return f->aql;
	case NAMES_ECS:
		return f->ecs;
	case NAMES_CLOUDTRAIL:
		return cloudtrail_name(f);
	case NAMES_CH:
		return ch_name(f);
	}
	return NULL;
}

const char *read_field(struct plan *p, enum read_names in, const char *table, struct slice wanted)
{
	/* a copy: wanted may be what read_name_of gave, which the next call writes over */
	struct slice name = {arena_memdup(&p->arena, wanted.s, wanted.n), wanted.n};

	for (size_t i = 0; i < field_count(); i++) {
		const struct field *f = field_at((field_id)i);
		const char *there = read_name_of(in, table, f);
		if (there && slice_eq(name, slice_of(there)))
			return f->name;
	}
	return arena_printf(&p->arena, "raw:%.*s", (int)name.n, name.s);
}

struct origin {
	enum read_names in;
	const char *table;
	const char *datasets[4];
};

/* A trailing * stands for everything that begins so. */
static const struct origin origins[] = {
        {NAMES_CIM, "aws:cloudtrail", {"cloudtrail"}},
        {NAMES_CIM, "aws:cloudwatchlogs:vpcflow", {"vpcflow"}},
        {NAMES_CIM, "aws:cloudwatch:guardduty", {"guardduty"}},
        {NAMES_CIM, "aws:firehose:guardduty", {"guardduty"}},
        {NAMES_CIM, "azure:monitor:aad", {"azure.signin", "azure.audit"}},
        {NAMES_CIM, "azure:monitor:activity", {"azure.activity"}},
        {NAMES_CIM, "OktaIM2:log", {"okta"}},
        {NAMES_CIM, "XmlWinEventLog", {"windows"}},
        {NAMES_CIM, "bro:*", {"zeek"}},
        {NAMES_CIM, "syslog", {"syslog"}},
        {NAMES_CIM, "o365:management:activity", {"m365"}},
        {NAMES_CIM, "kube:apiserver:audit", {"k8s.audit"}},
        {NAMES_CIM, "linux:audit", {"auditd"}},
        {NAMES_CIM, "aws:securityhub:finding", {"securityhub"}},
        {NAMES_SENTINEL, "AWSRoute53Resolver", {"route53dns"}},
        {NAMES_SENTINEL, "AWSCloudTrail", {"cloudtrail"}},
        {NAMES_SENTINEL, "AWSVPCFlow", {"vpcflow"}},
        {NAMES_SENTINEL, "AWSGuardDuty", {"guardduty"}},
        {NAMES_SENTINEL, "SigninLogs", {"azure.signin"}},
        {NAMES_SENTINEL, "AuditLogs", {"azure.audit"}},
        {NAMES_SENTINEL, "AzureActivity", {"azure.activity"}},
        {NAMES_SENTINEL, "SecurityAlert", {"alerts"}},
        {NAMES_SENTINEL, "SecurityIncident", {"incidents"}},
        {NAMES_SENTINEL, "SecurityEvent", {"windows.security"}},
        {NAMES_SENTINEL, "WindowsEvent", {"windows"}},
        {NAMES_SENTINEL, "Syslog", {"syslog"}},
        {NAMES_SENTINEL, "CommonSecurityLog", {"cef"}},
        {NAMES_SENTINEL, "OfficeActivity", {"m365"}},
        {NAMES_SENTINEL, "OktaV2_CL", {"okta"}},
        {NAMES_SENTINEL, "DeviceProcessEvents", {"defender"}},
        {NAMES_SENTINEL, "DeviceNetworkEvents", {"defender"}},
        {NAMES_SENTINEL, "DeviceFileEvents", {"defender"}},
        {NAMES_SENTINEL, "DeviceRegistryEvents", {"defender"}},
};

const char *const *read_datasets(enum read_names in, struct slice table)
{
	for (size_t i = 0; i < ARRAY_LEN(origins); i++)
		if (origins[i].in == in && slice_eq(table, slice_of(origins[i].table)))
			return origins[i].datasets;
	return NULL;
}
