#include "base/limits.h"
#include "intake/schema.h"
#include "intake/text.h"

#define NEEDS 4

enum treat {
	TREAT_PLAIN = 0,
	TREAT_EXPAND = 1,  /* go into strings that are JSON or XML */
	TREAT_WINDOWS = 2, /* the dataset follows from the channel */
	TREAT_ZEEK = 4,
	TREAT_SYSLOG = 8, /* the message may be an audit record */
	TREAT_TABLE = 16, /* a row of a Sentinel table: "Type" tells */
};

/* The first row whose paths all have a value. More special shapes stand before more general ones.
 */
static const struct schema {
	const char *dataset;
	const char *needs[NEEDS];
	int treat;
} schemas[] = {
        {"cloudtrail", {"eventSource", "eventName", "awsRegion"}, TREAT_PLAIN},
        {"cloudtrail", {"eventSource", "eventName"}, TREAT_PLAIN},
        {"cloudtrail", {"eventVersion", "eventType", "eventID"}, TREAT_PLAIN},
        {NULL, {"Type", "TenantId", "TimeGenerated"}, TREAT_TABLE},
        {NULL, {"Type", "SourceSystem", "TimeGenerated"}, TREAT_TABLE},
        {"cloudtrail", {"EventSource", "EventName", "UserIdentityType"}, TREAT_EXPAND},
        {"s3.honeybucket", {"Event Name", "Event ID", "Event DateTime"}, TREAT_EXPAND},
        {"ocsf", {"class_uid", "category_uid"}, TREAT_PLAIN},
        {"ocsf", {"class_uid", "activity_id"}, TREAT_PLAIN},
        {"ocsf", {"class_name", "metadata.version"}, TREAT_PLAIN},
        {"ocsf", {"src_endpoint.ip", "dst_endpoint.ip"}, TREAT_PLAIN},
        {"guardduty", {"resource.resourceType", "severity", "type"}, TREAT_PLAIN},
        {"guardduty", {"Resource.ResourceType", "Severity", "Type"}, TREAT_PLAIN},
        {"guardduty", {"service.serviceName", "severity", "type"}, TREAT_PLAIN},
        {"guardduty", {"arn", "accountId", "severity", "type"}, TREAT_PLAIN},
        {"securityhub", {"AwsAccountId", "ProductArn"}, TREAT_PLAIN},
        {"securityhub", {"AwsAccountId", "GeneratorId"}, TREAT_PLAIN},
        {"okta", {"eventType", "published"}, TREAT_PLAIN},
        {"okta", {"eventType", "actor.alternateId"}, TREAT_PLAIN},
        {"okta", {"eventType", "legacyEventType"}, TREAT_PLAIN},
        {"k8s.audit", {"auditID", "verb"}, TREAT_PLAIN},
        {"k8s.audit", {"verb", "objectRef.resource"}, TREAT_PLAIN},
        {"k8s.audit", {"verb", "requestURI"}, TREAT_PLAIN},
        {"gcp.audit", {"protoPayload.methodName"}, TREAT_PLAIN},
        {"gcp.audit", {"protoPayload.serviceName"}, TREAT_PLAIN},
        {"gcp.audit", {"logName", "insertId"}, TREAT_PLAIN},
        {"splunk.notable", {"event_id", "rule_id", "urgency"}, TREAT_PLAIN},
        {"splunk.notable", {"event_id", "search_name", "status_label"}, TREAT_PLAIN},
        {"qradar.offense", {"finding.offense_type", "finding.magnitude"}, TREAT_PLAIN},
        {"qradar.offense",
         {"finding.magnitude", "finding.event_count", "finding.start_time"},
         TREAT_PLAIN},
        {"sentinel.incident",
         {"finding.properties.incidentNumber", "finding.properties.title"},
         TREAT_PLAIN},
        {"incidents", {"IncidentNumber", "Title"}, TREAT_EXPAND},
        {"incidents", {"properties.incidentNumber", "properties.title"}, TREAT_EXPAND},
        {"alerts", {"SystemAlertId"}, TREAT_EXPAND},
        {"alerts", {"AlertName", "AlertSeverity"}, TREAT_EXPAND},
        {"defender", {"ActionType", "DeviceId"}, TREAT_EXPAND},
        {"defender", {"properties.ActionType", "properties.Timestamp"}, TREAT_EXPAND},
        {"defender", {"Timestamp", "ActionType"}, TREAT_EXPAND},
        {"defender", {"Timestamp", "NetworkMessageId"}, TREAT_EXPAND},
        {"defender", {"Timestamp", "AlertId"}, TREAT_EXPAND},
        {"defender", {"alertPolicyId"}, TREAT_EXPAND},
        {"defender", {"vendorInformation.provider", "severity"}, TREAT_EXPAND},
        {"defender", {"serviceSource", "severity", "title"}, TREAT_EXPAND},
        {"azure.signin", {"userPrincipalName", "createdDateTime"}, TREAT_EXPAND},
        {"azure.signin",
         {"properties.userPrincipalName", "properties.createdDateTime"},
         TREAT_EXPAND},
        {"azure.signin", {"properties.appDisplayName", "properties.ipAddress"}, TREAT_EXPAND},
        {"azure.signin", {"UserPrincipalName", "AppDisplayName"}, TREAT_EXPAND},
        {"azure.signin", {"appDisplayName", "ipAddress", "status.errorCode"}, TREAT_EXPAND},
        {"azure.signin", {"appDisplayName", "ipAddress", "createdDateTime"}, TREAT_EXPAND},
        {"azure.audit", {"activityDisplayName"}, TREAT_EXPAND},
        {"azure.audit", {"properties.activityDisplayName"}, TREAT_EXPAND},
        {"azure.audit", {"operationName", "properties.loggedByService"}, TREAT_EXPAND},
        {"azure.audit", {"OperationName", "LoggedByService"}, TREAT_EXPAND},
        {"azure.activity", {"operationName.value"}, TREAT_EXPAND},
        {"azure.activity", {"OperationNameValue"}, TREAT_EXPAND},
        {"azure.activity", {"operationName", "resourceId"}, TREAT_EXPAND},
        {"azure.activity", {"operationName", "caller"}, TREAT_EXPAND},
        {"m365", {"Operation", "Workload"}, TREAT_EXPAND},
        {"m365", {"Operation", "CreationTime"}, TREAT_EXPAND},
        {"m365", {"Operation", "RecordType"}, TREAT_EXPAND},
        {NULL, {"winlog.event_id"}, TREAT_WINDOWS},
        {NULL, {"EventID", "Channel"}, TREAT_WINDOWS | TREAT_EXPAND},
        {NULL, {"EventID", "SourceName"}, TREAT_WINDOWS | TREAT_EXPAND},
        {NULL, {"EventID", "Computer"}, TREAT_WINDOWS | TREAT_EXPAND},
        {NULL, {"EventID", "Hostname"}, TREAT_WINDOWS},
        {NULL, {"EventID", "TargetUserName"}, TREAT_WINDOWS},
        {NULL, {"EventID", "SubjectUserName"}, TREAT_WINDOWS},
        {NULL, {"EventID", "Image"}, TREAT_WINDOWS},
        {NULL, {"event_id", "log_name"}, TREAT_WINDOWS},
        {NULL, {"Event.System.EventID"}, TREAT_WINDOWS},
        {NULL, {"Event.System.EventID.#text"}, TREAT_WINDOWS},
        {NULL, {"System.EventID"}, TREAT_WINDOWS},
        {NULL, {"Event.System.Channel"}, TREAT_WINDOWS},
        {NULL, {"_path", "ts"}, TREAT_ZEEK},
        {NULL, {"_log", "ts"}, TREAT_ZEEK},
        {NULL, {"@stream", "ts"}, TREAT_ZEEK},
        {NULL, {"ts", "uid", "id\\.orig_h"}, TREAT_ZEEK},
        {NULL, {"ts", "uid", "id_orig_h"}, TREAT_ZEEK},
        {NULL, {"ts", "uid", "id.orig_h"}, TREAT_ZEEK},
        {"route53dns", {"query_name", "query_type", "rcode"}, TREAT_PLAIN},
        {"vpcflow", {"srcaddr", "dstaddr"}, TREAT_PLAIN},
        {"vpcflow", {"srcAddr", "dstAddr"}, TREAT_PLAIN},
        {"vpcflow", {"SrcAddr", "DstAddr"}, TREAT_PLAIN},
        {NULL, {"SyslogMessage"}, TREAT_SYSLOG},
        {NULL, {"MESSAGE", "__REALTIME_TIMESTAMP"}, TREAT_SYSLOG},
        {NULL, {"MESSAGE", "_HOSTNAME"}, TREAT_SYSLOG},
        {NULL, {"MESSAGE", "SYSLOG_IDENTIFIER"}, TREAT_SYSLOG},
        {"finding.wiz", {"entitySnapshot.type", "severity"}, TREAT_PLAIN},
        {"finding.wiz", {"entitySnapshot.id", "status"}, TREAT_PLAIN},
        {"finding.lacework", {"alertId", "alertName", "alertType"}, TREAT_PLAIN},
        {"finding.prisma", {"policy.policyId", "status"}, TREAT_PLAIN},
        {"finding.prisma", {"policyId", "alertId"}, TREAT_PLAIN},
        {"finding.orca", {"state.alert_id"}, TREAT_PLAIN},
        {"finding.orca", {"asset_unique_id", "type_string"}, TREAT_PLAIN},
        {"finding.orca", {"data.AlertId.value"}, TREAT_PLAIN},
        {"finding.lacework", {"alertId", "alertType"}, TREAT_PLAIN},
        {"finding.lacework", {"event_id", "event_type", "rec_id"}, TREAT_PLAIN},
        {"finding.prowler", {"check_id", "status", "severity"}, TREAT_PLAIN},
        {"finding.wiz", {"tdrId", "severity"}, TREAT_PLAIN},
        {"finding.wiz", {"issue.id", "control.name"}, TREAT_PLAIN},
        {"finding.upwind", {"upwind_console_link", "severity"}, TREAT_PLAIN},
        {"github.audit", {"action", "actor", "org"}, TREAT_PLAIN},
        {"github.audit", {"action", "actor", "_document_id"}, TREAT_PLAIN},
        {"github.audit", {"action", "actor", "@timestamp"}, TREAT_PLAIN},
        {"ecs", {"@timestamp", "ecs.version"}, TREAT_PLAIN},
        {"ecs", {"@timestamp", "event.action"}, TREAT_PLAIN},
};

/* The table that a row of Log Analytics came from, and what it is. */
static const struct {
	const char *type, *dataset;
	int treat;
} tables[] = {
        {"AWSCloudTrail", "cloudtrail", TREAT_EXPAND},
        {"AWSVPCFlow", "vpcflow", TREAT_PLAIN},
        {"AWSGuardDuty", "guardduty", TREAT_EXPAND},
        {"SecurityAlert", "alerts", TREAT_EXPAND},
        {"SecurityIncident", "incidents", TREAT_EXPAND},
        {"SecurityEvent", "windows.security", TREAT_EXPAND},
        {"WindowsEvent", NULL, TREAT_WINDOWS | TREAT_EXPAND},
        {"Event", NULL, TREAT_WINDOWS | TREAT_EXPAND},
        {"Syslog", NULL, TREAT_SYSLOG},
        {"CommonSecurityLog", "cef", TREAT_PLAIN},
        {"SigninLogs", "azure.signin", TREAT_EXPAND},
        {"AADNonInteractiveUserSignInLogs", "azure.signin", TREAT_EXPAND},
        {"AADServicePrincipalSignInLogs", "azure.signin", TREAT_EXPAND},
        {"AADManagedIdentitySignInLogs", "azure.signin", TREAT_EXPAND},
        {"AuditLogs", "azure.audit", TREAT_EXPAND},
        {"AzureActivity", "azure.activity", TREAT_EXPAND},
        {"OfficeActivity", "m365", TREAT_EXPAND},
        {"OktaV2_CL", "okta", TREAT_EXPAND},
        {"AlertEvidence", "defender", TREAT_EXPAND},
        {"AlertInfo", "defender", TREAT_EXPAND},
        {"CloudAppEvents", "defender", TREAT_EXPAND},
        {"EmailAttachmentInfo", "defender", TREAT_EXPAND},
        {"EmailEvents", "defender", TREAT_EXPAND},
        {"EmailPostDeliveryEvents", "defender", TREAT_EXPAND},
        {"EmailUrlInfo", "defender", TREAT_EXPAND},
        {"IdentityDirectoryEvents", "defender", TREAT_EXPAND},
        {"IdentityLogonEvents", "defender", TREAT_EXPAND},
        {"IdentityQueryEvents", "defender", TREAT_EXPAND},
        {"UrlClickEvents", "defender", TREAT_EXPAND},
};

/* Keys under which exporters, test collections and buses put the record itself. */
static const char *const wrappers[] = {"event",      "_source", "detail", "result",
                                       "properties", "Event",   "record", NULL};

/* Keys whose string is the record as JSON: collectors, buses and exports put it there. */
static const char *const carriers[] = {
        "message", "_raw", "event.original", "AuditData", "@message", "RawEventData", "log", NULL};

enum {
	CHANNEL,
	CHANNEL2,
	CHANNEL3,
	CHANNEL4,
	PROVIDER,
	PROVIDER2,
	PROVIDER3,
	ZEEK_PATH,
	ZEEK_LOG,
	ZEEK_STREAM,
	TYPE,
	MESSAGE,
	MESSAGE2,
	CATEGORY,
	EVENT_ID,
	PROCESS_GUID,
	SOURCE_IMAGE,
	LOOKED
};
static const char *const looked[LOOKED] = {
        "Channel",     "winlog.channel",
        "log_name",    "Event.System.Channel",
        "SourceName",  "winlog.provider_name",
        "Provider",    "_path",
        "_log",        "@stream",
        "Type",        "SyslogMessage",
        "MESSAGE",     "category",
        "EventID",     "ProcessGuid",
        "SourceImage",
};

struct user_schema {
	const char *name, *dataset;
	struct yaml_doc doc;
	VEC(struct user_need {
		uint32_t path;
		const char *value;
	})
	needs;
};
struct schemas {
	struct leafset *leaves;
	struct mapper *mapper;
	uint32_t needs[ARRAY_LEN(schemas)][NEEDS];  /* 0 ends */
	uint32_t folded[ARRAY_LEN(schemas)][NEEDS]; /* the same in lower case */
	VEC(uint32_t)
	lower; /* path number -> number of the path in lower case, 0 not looked up yet */
	VEC(uint32_t) seen; /* by number of the path in lower case: the last record that had it */
	uint32_t looked[LOOKED];
	VEC(struct user_schema) users;
	struct buf carried;
};

/* Path texts are ASCII-folded: exports through data lakes often have all keys in lower case. */
static uint32_t lower_id(struct schemas *x, uint32_t id)
{
	while (id >= x->lower.n)
		(void)vec_push(&x->lower);
	if (!x->lower.v[id]) {
		struct slice path = ev_path_text(x->leaves->reader, id);
		char text[MW_EV_PATH_MAX];
		size_t n = path.n < sizeof(text) ? path.n : 0;

		for (size_t i = 0; i < n; i++)
			text[i] = path.s[i] >= 'A' && path.s[i] <= 'Z' ? (char)(path.s[i] | 0x20)
			                                               : path.s[i];
		x->lower.v[id] = ev_path_id(x->leaves->reader, (struct slice){text, n});
	}
	return x->lower.v[id];
}

struct schemas *schemas_new(struct leafset *s, struct mapper *m)
{
	struct schemas *x = xcalloc(1, sizeof(*x));

	x->leaves = s;
	x->mapper = m;
	buf_init(&x->carried, 0);
	for (size_t i = 0; i < ARRAY_LEN(schemas); i++) {
		for (size_t n = 0; n < NEEDS && schemas[i].needs[n]; n++) {
			x->needs[i][n] = ev_path_id(s->reader, slice_of(schemas[i].needs[n]));
			x->folded[i][n] = lower_id(x, x->needs[i][n]);
		}
	}
	for (size_t i = 0; i < LOOKED; i++)
		x->looked[i] = ev_path_id(s->reader, slice_of(looked[i]));
	return x;
}

void schemas_free(struct schemas *x)
{
	struct user_schema *u;

	if (!x)
		return;
	vec_each (u, &x->users) {
		yaml_release(&u->doc);
		vec_free(&u->needs);
	}
	vec_free(&x->users);
	vec_free(&x->lower);
	vec_free(&x->seen);
	buf_release(&x->carried);
	free(x);
}

/* ---- users' mappings ---- */

static int add_user_needs(struct schemas *x, struct user_schema *u, const struct yaml_node *match)
{
	for (const struct yaml_node *n = match ? match->child : NULL; n; n = n->next) {
		struct user_need *need = vec_push(&u->needs);

		need->path = ev_path_id(x->leaves->reader, slice_of(n->key));
		need->value = n->text && strcmp(n->text, "*") != 0 ? n->text : NULL;
	}
	return 0;
}

int schemas_add(struct schemas *x, const char *name, struct slice yaml, struct err *e)
{
	static const char *const keys[] = {"match", "fields", NULL};
	char dataset[80], file[80];
	struct yaml_doc doc;

	snprintf(dataset, sizeof(dataset), "json.%s", name);
	snprintf(file, sizeof(file), "mapping %s", name);
	if (yaml_parse(&doc, yaml, file, e))
		return -1;
	const struct yaml_node *fields = yaml_get(doc.root, "fields");
	int rc = 0;
	if (!fields || fields->kind != YAML_MAP)
		rc = err_set(e, ERR_INVALID, "%s: it has no map \"fields\"", file);
	else
		rc = yaml_only(doc.root, keys, file, e);
	if (!rc)
		rc = mapper_define(x->mapper, dataset, fields, file, e);
	if (rc) {
		yaml_release(&doc);
		return -1;
	}
	struct user_schema *u = vec_push(&x->users);
	u->name = mapper_intern(x->mapper, slice_of(name));
	u->dataset = mapper_intern(x->mapper, slice_of(dataset));
	u->doc = doc;
	return add_user_needs(x, u, yaml_get(doc.root, "match"));
}

static bool user_claims(const struct schemas *x, const struct user_schema *u)
{
	const struct user_need *n;

	vec_each (n, &u->needs) {
		struct slice v = leaves_value(x->leaves, n->path);

		if (!v.n || (n->value && !slice_eq_str(v, n->value)))
			return false;
	}
	return u->needs.n > 0;
}

static const char *user_dataset(const struct schemas *x, const char *force)
{
	const struct user_schema *u;

	vec_each (u, &x->users)
		if (force ? strcmp(u->name, force) == 0 : user_claims(x, u))
			return u->dataset;
	return NULL;
}

/* ---- what the leaves say ---- */

static struct slice look(const struct schemas *x, int from, int to)
{
	for (int i = from; i <= to; i++) {
		struct slice v = leaves_value(x->leaves, x->looked[i]);

		if (v.n)
			return v;
	}
	return SLICE("");
}

static bool holds(struct slice s, const char *word)
{
	return mw_memimem(s.s, s.n, word, strlen(word)) != NULL;
}

/* A trimmed record may keep neither channel nor provider: then the numbers that only one channel uses tell. */
static const char *windows_by_number(const struct schemas *x)
{
	struct slice id = look(x, EVENT_ID, EVENT_ID);
	uint64_t n;

	if (look(x, PROCESS_GUID, SOURCE_IMAGE).n)
		return "windows.sysmon";
	if (!slice_u64(id, &n))
		return "windows.other";
	if (n == 4103 || n == 4104)
		return "windows.powershell";
	if (n == 1102 || (n >= 4608 && n <= 5632))
		return "windows.security";
	return n >= 7000 && n <= 7045 ? "windows.system" : "windows.other";
}

const char *schemas_windows(struct schemas *x)
{
	struct slice channel = look(x, CHANNEL, CHANNEL4), provider = look(x, PROVIDER, PROVIDER3);

	if (!channel.n && !provider.n)
		return windows_by_number(x);
	if (holds(channel, "Sysmon") || (!channel.n && holds(provider, "Sysmon")))
		return "windows.sysmon";
	if (slice_ieq(channel, SLICE("Security")) || holds(provider, "Security-Auditing"))
		return "windows.security";
	if (holds(channel, "PowerShell") || holds(provider, "PowerShell"))
		return "windows.powershell";
	return slice_ieq(channel, SLICE("System")) ? "windows.system" : "windows.other";
}

const char *schemas_zeek(struct schemas *x, struct slice stream)
{
	char name[64] = "zeek.";
	size_t n = 5;

	for (size_t i = 0; i < stream.n && n + 1 < sizeof(name); i++) {
		char c = stream.s[i];

		name[n++] = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c
		            : c >= 'A' && c <= 'Z'                           ? (char)(c | 0x20)
		                                                             : '_';
	}
	return mapper_intern(x->mapper, stream.n ? (struct slice){name, n} : SLICE("zeek"));
}

struct slice zeek_stream_of_file(const char *basename)
{
	struct slice rest = slice_of(basename), stem;

	slice_split(&rest, '.', &stem);
	return holds(rest, "log") || holds(rest, "json") ? stem : SLICE("");
}

static const char *syslog_dataset(struct schemas *x)
{
	struct slice message = look(x, MESSAGE, MESSAGE2);

	return holds(message, "audit(") && text_audit(x->leaves, message) ? "auditd" : "syslog";
}

static const char *treat(struct schemas *x, const char *dataset, int how, const char *basename)
{
	if (how & TREAT_EXPAND)
		leaves_expand(x->leaves);
	if (how & TREAT_WINDOWS) {
		leaves_pairs(x->leaves);
		return schemas_windows(x);
	}
	if (how & TREAT_ZEEK) {
		struct slice stream = look(x, ZEEK_PATH, ZEEK_STREAM);

		return schemas_zeek(x, stream.n ? stream : zeek_stream_of_file(basename));
	}
	if (how & TREAT_SYSLOG)
		return syslog_dataset(x);
	if (how & TREAT_TABLE) {
		struct slice type = look(x, TYPE, TYPE);

		for (size_t i = 0; i < ARRAY_LEN(tables); i++)
			if (slice_eq_str(type, tables[i].type))
				return treat(x, tables[i].dataset, tables[i].treat, basename);
		return type.n > 6 && memcmp(type.s, "Device", 6) == 0
		               ? treat(x, "defender", TREAT_EXPAND, basename)
		               : NULL;
	}
	return dataset;
}

/* Azure's diagnostic settings give all categories one shape; the category tells sign-ins from audit
 * and activity. */
static const char *by_category(const struct schemas *x, const char *dataset)
{
	struct slice category = look(x, CATEGORY, CATEGORY);

	if (strncmp(dataset, "azure.", 6) != 0 || !category.n)
		return dataset;
	if (holds(category, "SignInLogs"))
		return "azure.signin";
	return holds(category, "AuditLogs") ? "azure.audit" : dataset;
}

static bool has_path(const struct schemas *x, uint32_t id, bool folded)
{
	if (!folded)
		return leaves_value(x->leaves, id).n > 0;
	return id < x->seen.n && x->seen.v[id] == x->leaves->record;
}

static void note_folded(struct schemas *x)
{
	for (size_t i = 0; i < x->leaves->v.n; i++) {
		if (!x->leaves->v.v[i].value.n)
			continue;
		uint32_t id = lower_id(x, x->leaves->v.v[i].path);

		while (id >= x->seen.n)
			(void)vec_push(&x->seen);
		x->seen.v[id] = x->leaves->record;
	}
}

static const char *first_schema(struct schemas *x, const char *basename, bool folded)
{
	for (size_t i = 0; i < ARRAY_LEN(schemas); i++) {
		const uint32_t *needs = folded ? x->folded[i] : x->needs[i];
		size_t n = 0;

		while (n < NEEDS && needs[n] && has_path(x, needs[n], folded))
			n++;
		if (n < NEEDS && needs[n])
			continue;
		const char *dataset = treat(x, schemas[i].dataset, schemas[i].treat, basename);
		if (dataset)
			return by_category(x, dataset);
	}
	return NULL;
}

static const char *built_in(struct schemas *x, const char *basename)
{
	const char *dataset = first_schema(x, basename, false);

	if (dataset)
		return dataset;
	note_folded(x);
	return first_schema(x, basename, true);
}

/* ---- wrapped records ---- */

/* The record that a string carries: JSON is read in place of what carries it, the values of a line come beside it. NULL where
 * there is none; the leaves may be gone. */
static const char *carried(struct schemas *x, const char *basename)
{
	for (const char *const *c = carriers; *c; c++) {
		struct slice v =
		        leaves_value(x->leaves, ev_path_id(x->leaves->reader, slice_of(*c)));

		v = slice_trim(v);
		if (v.n < 2)
			continue;
		if (*v.s != '{' || v.s[v.n - 1] != '}') {
			const char *dataset = text_any(x->leaves, v);

			if (dataset)
				return dataset;
			continue;
		}
		/* The value may live in the arena that the next record is read into. */
		buf_reset(&x->carried);
		buf_add(&x->carried, v.s, v.n);
		leaves_begin(x->leaves);
		if (leaves_json(x->leaves, (struct slice){x->carried.s, x->carried.len}, NULL,
		                NULL))
			return NULL;
		return built_in(x, basename);
	}
	return NULL;
}

static bool take_raw(void *ctx, const struct ev_leaf *l)
{
	struct slice *out = ctx;

	if (l->type == EV_OBJECT && l->raw.n > 2)
		*out = l->raw;
	return false;
}

/* The record inside, read in place of the outer one; NULL with the outer one's leaves back where
 * none is known. */
static const char *unwrapped(struct schemas *x, struct slice record, const char *basename)
{
	for (const char *const *w = wrappers; *w; w++) {
		struct slice inner = SLICE("");

		if (ev_find(x->leaves->reader, record, slice_of(*w), take_raw, &inner, NULL) ||
		    !inner.n)
			continue;
		leaves_begin(x->leaves);
		if (leaves_json(x->leaves, inner, NULL, NULL))
			continue;
		const char *dataset = built_in(x, basename);
		if (dataset)
			return dataset;
	}
	leaves_begin(x->leaves);
	(void)leaves_json(x->leaves, record, NULL, NULL);
	const char *dataset = carried(x, basename);
	if (dataset)
		return dataset;
	leaves_begin(x->leaves);
	(void)leaves_json(x->leaves, record, NULL, NULL);
	return NULL;
}

const char *schemas_claim(struct schemas *x, const char *basename)
{
	const char *dataset = carried(x, basename);

	if (!dataset)
		dataset = built_in(x, basename);
	return dataset ? dataset : "csv";
}

const char *schemas_read(struct schemas *x, struct slice record, const char *basename,
                         const char *force, struct err *e)
{
	struct slice rest;
	size_t used = 0;

	leaves_begin(x->leaves);
	if (leaves_json(x->leaves, record, &used, e))
		return NULL;
	rest = slice_trim((struct slice){record.s + used, record.n - used});
	if (rest.n) {
		err_set(e, ERR_INVALID, "more text behind the record at byte %zu",
		        (size_t)(rest.s - record.s));
		return NULL;
	}
	const char *dataset = user_dataset(x, force);
	if (!dataset && force) {
		err_set(e, ERR_NOT_FOUND, "there is no mapping \"%s\"", force);
		return NULL;
	}
	if (!dataset)
		dataset = built_in(x, basename);
	if (!dataset)
		dataset = unwrapped(x, record, basename);
	return dataset ? dataset : "json";
}
