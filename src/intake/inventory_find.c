/*
 * Findings and vendors' asset records: a table row a form of record says where its parts stand; the
 * rest is the same for all. A finding becomes a node of type finding with an edge affects to its
 * resource; what a vendor says of a resource becomes that resource's node, under the cloud's own id
 * wherever the vendor tells it.
 */
#include "intake/inventory_conv.h"

#include "base/map.h"
#include "store/graph.h"

/* "a.b|c": the first of these paths that has a text or number; arrays give their first element. */
static const cJSON *walk(const cJSON *o, struct slice path)
{
	struct slice key;
	while (path.n && slice_split(&path, '.', &key)) {
		char name[64];
		if (o && cJSON_IsArray(o))
			o = o->child;
		snprintf(name, sizeof(name), "%.*s", (int)key.n, key.s);
		o = json_get(o, name);
	}
	return o && cJSON_IsArray(o) ? o->child : o;
}

#define TEXT_MAX 512
static const char *at(const cJSON *o, const char *paths, char out[TEXT_MAX])
{
	struct slice rest = slice_of(paths), one;
	out[0] = '\0';
	while (rest.n && slice_split(&rest, '|', &one)) {
		const cJSON *v = walk(o, one);
		if (cJSON_IsString(v) && *v->valuestring && strlen(v->valuestring) < TEXT_MAX)
			snprintf(out, TEXT_MAX, "%s", v->valuestring);
		else if (cJSON_IsNumber(v))
			snprintf(out, TEXT_MAX, "%.15g", v->valuedouble);
		if (*out)
			break;
	}
	return out;
}

struct resource_map { /* within a record or a resource object */
	const char *id, *type, *name, *account, *region, *tags;
};
struct finding_map {
	const char *vendor;
	const char *needs; /* path that only this form has */
	const char *id, *title, *severity, *status, *rule, *time;
	const char *list; /* path of the resources; NULL: the record itself tells of one */
	struct resource_map resource;
};

static void add_exposure(struct conv *c, const cJSON *o, const char *id)
{
	const cJSON *x;
	char cidr[TEXT_MAX], port[TEXT_MAX];
	cJSON_ArrayForEach(x, json_arr(json_obj(o, "publicExposures"), "nodes"))
	{
		cJSON *props = cJSON_CreateObject();
		char *action = xasprintf("port %s from %s", at(x, "portRange", port),
		                         at(x, "sourceIpRange", cidr));
		json_add_str(props, "action", action);
		json_add_str(props, "port", port);
		json_add_str(props, "cidr", cidr);
		json_add_str(props, "via", "wiz");
		conv_edge(c, "internet", "exposes", id, props);
		free(action);
	}
}

/* The resource's node; its id, to be freed, or NULL where the record names none. */
static char *emit_resource(struct conv *c, const cJSON *o, const struct resource_map *m,
                           const char *vendor, const cJSON *record)
{
	char own[TEXT_MAX], kind[TEXT_MAX], name[TEXT_MAX], account[TEXT_MAX], region[TEXT_MAX];
	const char *type;
	cJSON *node;
	char *id;

	if (!*at(o, m->id, own) || *own == '<')
		return NULL;
	type = graph_type_of(own, at(o, m->type, kind));
	id = graph_cloud_id(own, type, vendor);
	if (!*at(o, m->account, account))
		at(record, m->account, account);
	if (!*at(o, m->region, region))
		at(record, m->region, region);
	node = conv_node(id, type, at(o, m->name, name), account, region);
	if (o != record)
		conv_scalars(conv_props(node), o);
	if (m->tags)
		conv_tags(node, walk(o, slice_of(m->tags)));
	conv_emit(c, node);
	if (*account && strcmp(account, id) != 0)
		conv_edge(c, account, "contains", id, NULL);
	add_exposure(c, o, id);
	return id;
}

static void emit_cves(struct conv *c, const cJSON *record, const char *resource)
{
	static const char *const lists[] = {"vulnerabilities", "Vulnerabilities"};
	const cJSON *v;
	char cve[TEXT_MAX];
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		cJSON_ArrayForEach(
		        v, json_arr(record,
		                    lists[i])) if (strncmp(at(v, "cve.uid|Id|cve_list.uid", cve),
		                                           "CVE-", 4) == 0)
		        conv_edge(c, resource, "has_vuln", cve, NULL);
}

static char *emit_finding(struct conv *c, const cJSON *o, const struct finding_map *m)
{
	static const char *const keys[] = {"severity", "status", "rule", "time"};
	const char *paths[] = {m->severity, m->status, m->rule, m->time};
	char own[TEXT_MAX], text[TEXT_MAX], title[TEXT_MAX];
	cJSON *node;
	char *id;

	if (!m->id || !*at(o, m->id, own))
		return NULL;
	id = xasprintf("%s:finding:%s", m->vendor, own);
	node = conv_node(id, "finding", at(o, m->title, title), "", "");
	json_add_str(conv_props(node), "vendor", m->vendor);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (paths[i] && *at(o, paths[i], text))
			json_add_str(conv_props(node), keys[i], text);
	conv_emit(c, node);
	return id;
}

static bool emit_record(struct conv *c, const cJSON *o, const struct finding_map *m)
{
	char *finding = emit_finding(c, o, m);
	const cJSON *list = m->list ? walk(o, slice_of(m->list)) : NULL, *r;
	bool any = finding != NULL;

	if (m->list && list) {
		/* walk gives an array's first element: its siblings without a key are the others */
		for (r = list; r; r = r->string ? NULL : r->next) {
			char *id = emit_resource(c, r, &m->resource, m->vendor, o);
			any |= id != NULL;
			conv_edge(c, finding, "affects", id, NULL);
			if (id)
				emit_cves(c, o, id);
			free(id);
		}
	} else if (!m->list) {
		char *id = emit_resource(c, o, &m->resource, m->vendor, o);
		any |= id != NULL;
		conv_edge(c, finding, "affects", id, NULL);
		free(id);
	}
	free(finding);
	return any;
}

static bool emit_first(struct conv *c, const cJSON *o, const struct finding_map *maps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (walk(o, slice_of(maps[i].needs)))
			return emit_record(c, o, &maps[i]);
	return false;
}

/* Tries every object down to a few levels, so that pages, webhooks and single records are all the
 * same. */
static bool each_record(struct conv *c, const cJSON *v, const struct finding_map *maps, size_t n,
                        int depth)
{
	const cJSON *child;
	bool any = false;
	if (depth > 6 || c->rc || (!cJSON_IsObject(v) && !cJSON_IsArray(v)))
		return false;
	if (cJSON_IsObject(v) && emit_first(c, v, maps, n))
		return true;
	cJSON_ArrayForEach(child, v) any |= each_record(c, child, maps, n, depth + 1);
	return any;
}

static const struct finding_map ocsf_maps[] = {
        {"ocsf",
         "finding_info.uid",
         "finding_info.uid",
         "finding_info.title|message",
         "severity",
         "status_code|status",
         "metadata.event_code|finding_info.types",
         "time_dt|time",
         "resources",
         {"uid|name", "type", "name", "cloud.account.uid|owner.account.uid", "region|cloud.region",
          "tags"}},
        {"ocsf",
         "finding.uid",
         "finding.uid",
         "finding.title|message",
         "severity",
         "status",
         "finding.types",
         "time_dt|time",
         "resources",
         {"uid|name", "type", "name", "account.uid|cloud.account.uid", "region|cloud.region",
          "tags"}},
        {"ocsf",
         "resources.uid",
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         "resources",
         {"uid", "type", "name", "account.uid|cloud.account.uid", "region|cloud.region", "tags"}},
};

bool conv_ocsf(struct conv *c, const cJSON *doc)
{
	return each_record(c, doc, ocsf_maps, ARRAY_LEN(ocsf_maps), 0);
}

static const struct finding_map asff_maps[] = {
        {"securityhub",
         "ProductArn",
         "Id",
         "Title",
         "Severity.Label|FindingProviderFields.Severity.Label",
         "Workflow.Status|RecordState",
         "GeneratorId",
         "UpdatedAt|CreatedAt",
         "Resources",
         {"Id", "Type", "Details.AwsEc2Instance.Name", "AwsAccountId", "Region", "Tags"}},
};

bool conv_asff(struct conv *c, const cJSON *doc)
{
	return each_record(c, doc, asff_maps, ARRAY_LEN(asff_maps), 0);
}

/* The resource stands under a key of its kind; what names it is an id, an ARN or a name. */
static const struct finding_map guardduty_maps[] = {
        {"guardduty",
         "service",
         "id|Id",
         "title|Title",
         "severity|Severity",
         NULL,
         "type|Type",
         "updatedAt|UpdatedAt",
         NULL,
         {"resource.instanceDetails.instanceId|resource.eksClusterDetails.arn|"
          "resource.s3BucketDetails.arn|resource.lambdaDetails.functionArn|"
          "resource.rdsDbInstanceDetails.dbInstanceArn|resource.accessKeyDetails.accessKeyId",
          "resource.resourceType",
          "resource.s3BucketDetails.name|resource.eksClusterDetails.name|"
          "resource.lambdaDetails.functionName",
          "accountId", "region", "resource.instanceDetails.tags"}},
        {"guardduty",
         "Service",
         "Id",
         "Title",
         "Severity",
         NULL,
         "Type",
         "UpdatedAt",
         NULL,
         {"Resource.InstanceDetails.InstanceId|Resource.EksClusterDetails.Arn|"
          "Resource.S3BucketDetails.Arn|Resource.LambdaDetails.FunctionArn|"
          "Resource.RdsDbInstanceDetails.DbInstanceArn|Resource.AccessKeyDetails.AccessKeyId",
          "Resource.ResourceType",
          "Resource.S3BucketDetails.Name|Resource.EksClusterDetails.Name|"
          "Resource.LambdaDetails.FunctionName",
          "AccountId", "Region", "Resource.InstanceDetails.Tags"}},
        {"guardduty",
         "Resource.ResourceType",
         "Id",
         "Title",
         "Severity",
         NULL,
         "Type",
         "UpdatedAt",
         NULL,
         {"Resource.InstanceDetails.InstanceId|Resource.S3BucketDetails.Arn|"
          "Resource.AccessKeyDetails.AccessKeyId",
          "Resource.ResourceType", "Resource.S3BucketDetails.Name", "AccountId", "Region", NULL}},
};

bool conv_guardduty(struct conv *c, const cJSON *doc)
{
	return each_record(c, doc, guardduty_maps, ARRAY_LEN(guardduty_maps), 0);
}

static const struct finding_map wiz_maps[] = {
        {"wiz",
         "entitySnapshot",
         "id",
         "sourceRule.name",
         "severity",
         "status",
         "sourceRule.id",
         "createdAt",
         "entitySnapshot",
         {"providerId|externalId|id", "nativeType|type", "name", "subscriptionExternalId", "region",
          "tags"}},
        {"wiz",
         "issue.id",
         "issue.id",
         "control.name",
         "issue.severity",
         "issue.status",
         "control.id",
         "issue.created",
         NULL,
         {"resource.id|resource.name", "resource.type", "resource.name", "resource.subscriptionId",
          "resource.region", NULL}},
        {"wiz",
         "primaryResource",
         "id",
         "title",
         "severity",
         NULL,
         "tdrId",
         "createdAt",
         "primaryResource",
         {"externalId|id", "nativeType|type", "name", "cloudAccount.externalId", "region", NULL}},
        {"wiz",
         "providerUniqueId",
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         {"providerUniqueId|externalId|id", "nativeType|type", "name", "cloudAccount.externalId",
          "region", "tags"}},
        {"wiz",
         "properties.providerUniqueId",
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         {"properties.providerUniqueId", "type", "name", "properties.subscriptionExternalId",
          "properties.region", NULL}},
        {"wiz",
         "userMetadata",
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         {"id", "properties.nativeType|type", "name", "properties.subscriptionExternalId",
          "properties.region", NULL}},
};

bool conv_wiz(struct conv *c, const cJSON *doc)
{
	return each_record(c, doc, wiz_maps, ARRAY_LEN(wiz_maps), 0);
}

static const struct finding_map prisma_maps[] = {
        {"prisma",
         "resource.rrn",
         "id",
         "policy.name",
         "policy.severity",
         "status",
         "policy.policyId|policyId",
         NULL,
         "resource",
         {"id", "resourceType", "name", "accountId", "regionId", "resourceTags"}},
        {"prisma",
         "alertRuleName",
         "alertId",
         "policyName",
         "severity",
         "alertStatus",
         "policyName",
         NULL,
         NULL,
         {"resourceId", "resourceType", "resourceName", "accountId", "resourceRegionId", NULL}},
        {"prisma",
         "externalAssetId",
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         {"externalAssetId", "resourceType|assetType", "name|assetName|data.name",
          "accountId|data.accountId", "regionId", "tags"}},
        {"prisma",
         "rrn",
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         {"id", "resourceType", "name", "accountId", "regionId", "tags"}},
};

/* One row of an effective permissions search. */
static bool prisma_permission(struct conv *c, const cJSON *o)
{
	const char *to = json_str(o, "destResourceId", "");
	cJSON *props;
	if (!json_str(o, "effectiveActionName", NULL))
		return false;
	props = cJSON_CreateObject();
	json_add_str(props, "action", json_str(o, "effectiveActionName", ""));
	json_add_str(props, "effect", "Allow");
	json_add_str(props, "resource", to);
	json_add_str(props, "via", json_str(o, "grantedByCloudPolicyId", ""));
	conv_edge(c, json_str(o, "sourceResourceId", ""), "can",
	          strncmp(to, "arn:", 4) == 0 ? to : json_str(o, "destCloudAccount", ""), props);
	return true;
}

static bool prisma_graph(struct conv *c, const cJSON *graph)
{
	const cJSON *nodes = json_obj(graph, "nodes"), *edges = json_arr(graph, "edges"), *v;
	char id[2][TEXT_MAX], *from;
	bool any = false;
	cJSON_ArrayForEach(v, edges)
	{
		const cJSON *a = json_get(nodes, json_str(v, "source", ""));
		const cJSON *b = json_get(nodes, json_str(v, "target", ""));
		bool cve = strcmp(json_str(b, "type", ""), "Vulnerability") == 0;
		cJSON *node;
		if (!a || !b || !*at(a, "metadata.externalAssetId", id[0]))
			continue;
		from = graph_cloud_id(id[0], "", "prisma");
		snprintf(id[1], TEXT_MAX, cve ? "%.200s" : "prisma:finding:%.200s:%.200s",
		         cve ? json_str(b, "label", "") : from, json_str(b, "label", ""));
		node = conv_node(id[1], cve ? "vulnerability" : "finding", json_str(b, "label", ""),
		                 "", "");
		conv_scalars(conv_props(node), json_obj(b, "metadata"));
		conv_emit(c, node);
		if (cve)
			conv_edge(c, from, "has_vuln", id[1], NULL);
		else
			conv_edge(c, id[1], "affects", from, NULL);
		free(from);
		any = true;
	}
	return any;
}

bool conv_prisma(struct conv *c, const cJSON *doc)
{
	const cJSON *v;
	bool any = false;
	cJSON_ArrayForEach(v, json_arr(doc, "graphs")) any |= prisma_graph(c, json_obj(v, "graph"));
	cJSON_ArrayForEach(v, json_arr(json_obj(doc, "data"), "items")) any |=
	        prisma_permission(c, v);
	return any || each_record(c, doc, prisma_maps, ARRAY_LEN(prisma_maps), 0);
}

static const struct finding_map orca_maps[] = {
        {"orca",
         "state.alert_id",
         "state.alert_id",
         "type_string|description",
         "state.risk_level|state.severity",
         "state.status",
         "rule_id|type",
         "state.created_at",
         NULL,
         {"asset_vendor_id|asset_unique_id", "asset_type_string|asset_type", "asset_name",
          "cloud_vendor_id", "asset_regions", NULL}},
        {"orca",
         "data.AlertId",
         "data.AlertId.value",
         "data.Title.value|data.AlertType.value",
         "data.RiskLevel.value",
         "data.Status.value",
         "data.AlertType.value",
         "data.CreatedAt.value",
         "data.Inventory",
         {"name", "type", "name", "data.AccountId.value", "data.Region.value", "data.Tags.value"}},
        {"orca",
         "data.AssetUniqueId",
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         {"name|asset_unique_id", "type", "name", "data.AccountId.value", "data.Region.value",
          "data.Tags.value"}},
        {"orca",
         "asset_unique_id",
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         {"model.name|asset_unique_id", "model.type|asset_type_string", "asset_name",
          "cloud_vendor_id", "compute.regions", "tags_list"}},
};

bool conv_orca(struct conv *c, const cJSON *doc)
{
	return each_record(c, doc, orca_maps, ARRAY_LEN(orca_maps), 0);
}

static const struct finding_map lacework_maps[] = {
        {"lacework",
         "entityMap",
         "alertId",
         "alertName",
         "severity",
         "status",
         "policyId|alertType",
         "startTime",
         "entityMap.Machine",
         {"PROPS.instance_id|PROPS.hostname|KEY.mid", "PROPS.type", "PROPS.hostname", "", "",
          NULL}},
        {"lacework",
         "alertType",
         "alertId",
         "alertName",
         "severity",
         "status",
         "policyId|alertType",
         "startTime",
         "none",
         {"", "", "", "", "", NULL}},
        {"lacework",
         "recommendation",
         "id",
         "recommendation",
         "severity",
         "status",
         "id",
         "reportTime",
         NULL,
         {"resource", "", "", "account.AccountId", "region", NULL}},
        {"lacework",
         "urn",
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         {"urn", "resourceType", "resourceId", "cloudDetails.accountID", "resourceRegion",
          "resourceTags"}},
        {"lacework",
         "mid",
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         {"awsInstanceId|tags.InstanceId|hostname", "tags.VmProvider", "hostname", "tags.Account",
          "tags.Zone", NULL}},
        {"lacework",
         "RESOURCE_KEY",
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         {"RESOURCE_KEY", "RESOURCE_TYPE", "", "ACCOUNT_ID", "RESOURCE_REGION", NULL}},
};

bool conv_lacework(struct conv *c, const cJSON *doc)
{
	return each_record(c, doc, lacework_maps, ARRAY_LEN(lacework_maps), 0);
}

static const struct finding_map finding_maps[] = {
        {"finding",
         "resource.name",
         "id",
         "title",
         "severity",
         "status",
         "type",
         "first_seen_time",
         "resource",
         {"arn|id|upwind_asset_id|name", "type", "name", "cloud_account_id|account_id", "region",
          "tags"}},
};

bool conv_finding(struct conv *c, const cJSON *doc)
{
	return each_record(c, doc, finding_maps, ARRAY_LEN(finding_maps), 0);
}

/* The app's exports: findings, resources, and which belongs to which, each by the app's own ids.
 * The last two meet in a node that stands for "the resource that the app calls so". */
static bool prowler_link(struct conv *c, const cJSON *o)
{
	const char *finding = json_str(o, "finding", NULL),
	           *resource = json_str(o, "resource", NULL);
	char *from, *to;
	if (!finding || !resource)
		return false;
	from = xasprintf("prowler:finding:%s", finding);
	to = xasprintf("prowler:resource:%s", resource);
	conv_edge(c, from, "affects", to, NULL);
	free(from);
	free(to);
	return true;
}

static const struct finding_map prowler_maps[] = {
        {"prowler",
         "check_metadata",
         "id",
         "check_metadata.checktitle|status_extended",
         "severity",
         "status",
         "check_id",
         "inserted_at",
         "none",
         {"", "", "", "", "", NULL}},
        {"prowler",
         "text_search",
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         NULL,
         {"uid", "type|service", "name", "", "region", NULL}},
};

static bool prowler_one(struct conv *c, const cJSON *o)
{
	char uid[TEXT_MAX], own[TEXT_MAX], *alias;
	bool any;
	if (prowler_link(c, o))
		return true;
	any = emit_first(c, o, prowler_maps, ARRAY_LEN(prowler_maps));
	if (any && !json_get(o, "check_metadata") && *at(o, "id", own) && *at(o, "uid", uid)) {
		alias = xasprintf("prowler:resource:%s", own);
		conv_emit(c, conv_node(alias, "resource_class", json_str(o, "name", ""), "", ""));
		conv_edge(c, alias, "includes", uid, NULL);
		free(alias);
	}
	return any;
}

bool conv_prowler(struct conv *c, const cJSON *doc)
{
	const cJSON *v;
	bool any = false;
	if (!cJSON_IsArray(doc))
		return prowler_one(c, doc);
	cJSON_ArrayForEach(v, doc) any |= prowler_one(c, v);
	return any;
}

/* Sentinel: alerts and their entities, by value, so that the same host of two incidents is one
 * node. */
static const struct {
	const char *kind, *type;
} entities[] = {
        {"account", "user"},
        {"host", "vm"},
        {"ip", "ip"},
        {"process", "process"},
        {"url", "url"},
        {"file", "file"},
        {"mailbox", "mailbox"},
        {"cloud-application", "cloud_application"},
        {"registry-key", "registry_key"},
};

static char *sentinel_id(const cJSON *node, int64_t incident, const char **type)
{
	const char *kind = json_str(node, "node_type", "");
	if (strcmp(json_str(node, "type", ""), "alert") == 0) {
		*type = "finding";
		return xasprintf("sentinel:incident:%lld:alert:%s", (long long)incident,
		                 json_str(node, "id", ""));
	}
	*type = "resource";
	for (size_t i = 0; i < ARRAY_LEN(entities); i++)
		if (strcmp(kind, entities[i].kind) == 0)
			*type = entities[i].type;
	return xasprintf("%s:%s", kind, json_str(node, "value", ""));
}

static void sentinel_node(struct conv *c, const cJSON *v, const char *id, const char *type)
{
	cJSON *node = conv_node(id, type, json_str(v, "name", json_str(v, "value", "")), "", "");
	const char *about = json_str(v, "description", NULL);
	struct err ignored;
	cJSON *entry = json_parse(slice_of(json_str(v, "entry", "")), GRAPH_OBJECT_MAX, &ignored);
	if (about)
		json_add_str(conv_props(node), "description", about);
	if (json_str(v, "identifier_fields", NULL))
		json_add_str(conv_props(node), "identified_by",
		             json_str(v, "identifier_fields", ""));
	if (entry) {
		json_add_str(conv_props(node), "severity", json_str(entry, "AlertSeverity", NULL));
		json_add_str(conv_props(node), "time", json_str(entry, "StartTime", NULL));
		cJSON_Delete(entry);
	}
	conv_emit(c, node);
}

bool conv_sentinel(struct conv *c, const cJSON *doc)
{
	int64_t incident = json_i64(doc, "incident", 0);
	struct map ids = MAP_INIT;
	const cJSON *v;
	char *all = xasprintf("sentinel:incident:%lld", (long long)incident);
	const char *type;

	conv_emit(c, conv_node(all, "finding", all, "", ""));
	cJSON_ArrayForEach(v, json_arr(doc, "nodes"))
	{
		char *id = sentinel_id(v, incident, &type);
		sentinel_node(c, v, id, type);
		if (strcmp(type, "finding") == 0)
			conv_edge(c, all, "includes", id, NULL);
		map_put_str(&ids, json_str(v, "id", ""), NULL)->val.p = id;
	}
	cJSON_ArrayForEach(v, json_arr(doc, "edges"))
	{
		const struct map_entry *a = map_get_str(&ids, json_str(v, "from", ""));
		const struct map_entry *b = map_get_str(&ids, json_str(v, "to", ""));
		if (a && b)
			conv_edge(c, a->val.p, "affects", b->val.p, NULL);
	}
	for (size_t i = 0; i < ids.n; i++)
		free(ids.entries[i].val.p);
	map_release(&ids);
	free(all);
	return true;
}
