/* One alert or asset of Lacework with what is known around it. Each part is a request of the hour's budget; what failed is in "missing". */
#include "source/cnapp.h"
#include "source/lacework.h"
#include "store/graph.h"

#define PART_ROWS 100
#define ASSET_WINDOW (2 * MW_DAY) /* inventory is collected daily */

static bool is_alert_id(const char *id)
{
	int64_t n;

	return slice_i64(slice_of(id), &n) && n >= 0;
}

int lacework_scope(struct lacework *x, const struct source_run *run, const char *id,
                   const char *scope, cJSON **out, struct err *e)
{
	char *path;
	cJSON *answer = NULL;
	int rc;

	*out = NULL;
	if (!is_alert_id(id))
		return err_set(e, ERR_INVALID, "\"%s\" is no id of an alert", id ? id : "");
	path = xasprintf("/api/v2/Alerts/%s?scope=%s", id, scope);
	rc = lacework_json(x, run, "GET", path, NULL, true, &answer, e);
	*out = cJSON_DetachItemFromObject(answer, "data");
	cJSON_Delete(answer);
	free(path);
	return rc;
}

/* ---- rows ---- */

static int add_row(void *ctx, struct slice raw, struct err *e)
{
	cJSON *row = json_parse(raw, CONNECTOR_LINE_MAX, e);

	if (!row)
		return -1;
	cJSON_AddItemToArray(ctx, row);
	return cJSON_GetArraySize(ctx) >= PART_ROWS;
}

/* The first rows of a search over the last days. Takes doc. */
static int some_rows(struct lacework *x, const struct source_run *run, const char *path, cJSON *doc,
                     cJSON **list, struct err *e)
{
	int rc;

	lacework_time_filter(doc, mw_now() - ASSET_WINDOW, mw_now());
	*list = cJSON_CreateArray();
	rc = lacework_rows(x, run, path, doc, add_row, *list, e);
	cJSON_Delete(doc);
	return rc < 0 ? -1 : 0;
}

/* ---- an asset ---- */

static const struct {
	const char *begins, *csp, *dataset;
} clouds[] = {{"/subscriptions/", "Azure", NULL},
              {"//", "GCP", NULL},
              {"projects/", "GCP", NULL},
              {"", "AWS", "AwsCompliance"}};

static int inventory(struct lacework *x, const struct source_run *run, const char *field,
                     const char *id, cJSON **list, struct err *e)
{
	cJSON *doc = cJSON_CreateObject();
	size_t i = 0;
	bool dataset;
	int rc;

	while (strncmp(id, clouds[i].begins, strlen(clouds[i].begins)) != 0)
		i++;
	dataset = clouds[i].dataset && !x->no_dataset;
	json_add_str(doc, "csp", clouds[i].csp);
	if (dataset)
		json_add_str(doc, "dataset", clouds[i].dataset);
	lacework_filter(doc, field, id);
	rc = some_rows(x, run, "/api/v2/Inventory/search", doc, list, e);
	if (!rc || !dataset || !strstr(e->what, " 400"))
		return rc;
	x->no_dataset = true;
	cJSON_Delete(*list);
	return inventory(x, run, field, id, list, e);
}

/* What it knows of a machine by its agent, as a row of the inventory has it. */
static cJSON *machine_row(const cJSON *m)
{
	const cJSON *tags = json_obj(m, "tags");
	cJSON *row = cJSON_CreateObject(), *t = cJSON_CreateObject();
	const char *id = json_str(m, "awsInstanceId",
	                          json_str(tags, "InstanceId", json_str(m, "hostname", NULL)));

	json_add_str(row, "RESOURCE_ID", id);
	json_add_str(row, "RESOURCE_TYPE", "ec2:instance");
	json_add_str(row, "ACCOUNT_ID", json_str(tags, "Account", NULL));
	json_add_str(row, "RESOURCE_REGION", json_str(m, "awsZone", json_str(tags, "Zone", NULL)));
	json_add_str(t, "Name", json_str(m, "hostname", id));
	cJSON_AddItemToObject(row, "RESOURCE_TAGS", t);
	cJSON_AddItemToObject(row, "RESOURCE_CONFIG", cJSON_Duplicate(m, true));
	return row;
}

static int machine(struct lacework *x, const struct source_run *run, const char *field,
                   const char *value, cJSON **list, struct err *e)
{
	cJSON *doc = cJSON_CreateObject(), *rows = NULL;
	const cJSON *m;
	int rc;

	lacework_filter(doc, field, value);
	rc = some_rows(x, run, "/api/v2/Entities/MachineDetails/search", doc, &rows, e);
	*list = cJSON_CreateArray();
	cJSON_ArrayForEach(m, rows) cJSON_AddItemToArray(*list, machine_row(m));
	cJSON_Delete(rows);
	return rc;
}

/* The newest of a resource's rows: they come once a day. */
static cJSON *newest(cJSON *list)
{
	const cJSON *r;
	int at = 0, i = 0;
	const char *best = "";

	cJSON_ArrayForEach(r, list)
	{
		const char *end = json_str(r, "endTime", "");
		if (strcmp(end, best) > 0) {
			best = end;
			at = i;
		}
		i++;
	}
	return cJSON_DetachItemFromArray(list, at);
}

static int find_asset(struct lacework *x, const struct source_run *run, const char *id, cJSON **row,
                      struct err *e)
{
	static const struct {
		int (*read)(struct lacework *, const struct source_run *, const char *,
		            const char *, cJSON **, struct err *);
		const char *field;
	} ways[] = {{inventory, "urn"}, {inventory, "resourceId"}, {machine, "hostname"}};
	bool is_urn = !strncmp(id, "arn:", 4) || *id == '/';
	int rc = connector_index_scope(x->env.entry, "the function ", "Inventory", e);

	*row = NULL;
	for (size_t i = 0; !rc && !*row && i < ARRAY_LEN(ways); i++) {
		cJSON *list = NULL;
		if (is_urn != !strcmp(ways[i].field, "urn"))
			continue;
		rc = ways[i].read(x, run, ways[i].field, id, &list, e);
		*row = rc ? NULL : newest(list);
		cJSON_Delete(list);
	}
	if (!rc && !*row)
		rc = err_set(e, ERR_NOT_FOUND, "%s has no asset %s of the last two days",
		             x->c.source.name, id);
	return rc;
}

struct around {
	struct lacework *x;
	const struct source_run *run;
	cJSON *whole;
};

static void add_vulnerabilities(struct around *a, const char *mid)
{
	cJSON *doc = cJSON_CreateObject(), *rows = NULL, *list = cJSON_CreateArray();
	struct err e = {0};
	const cJSON *r;
	int rc;

	lacework_filter(doc, "mid", mid);
	rc = some_rows(a->x, a->run, "/api/v2/Vulnerabilities/Hosts/search", doc, &rows, &e);
	cJSON_ArrayForEach(r, rows)
	{
		const cJSON *feature = json_obj(r, "featureKey"), *fix = json_obj(r, "fixInfo");
		cJSON *one = cJSON_CreateObject();
		json_add_str(one, "id", json_str(r, "vulnId", NULL));
		json_add_str(one, "severity", json_str(r, "severity", NULL));
		json_add_str(one, "package", json_str(feature, "name", NULL));
		json_add_str(one, "version", json_str(feature, "version_installed", NULL));
		json_add_str(one, "fixed", json_str(fix, "fixed_version", NULL));
		cJSON_AddItemToArray(list, one);
	}
	cnapp_part(a->whole, "vulnerabilities", list, rc, &e);
	if (!rc && cJSON_GetArraySize(rows) >= PART_ROWS)
		cnapp_first_only(a->whole, "more vulnerabilities", PART_ROWS);
	cJSON_Delete(rows);
}

static void add_compliance(struct around *a, const char *resource)
{
	cJSON *doc = cJSON_CreateObject(), *rows = NULL, *list = cJSON_CreateArray();
	struct err e = {0};
	const cJSON *r;
	int rc;

	json_add_str(doc, "dataset", "AwsCompliance");
	lacework_filter(doc, "resource", resource);
	rc = some_rows(a->x, a->run, "/api/v2/Configs/ComplianceEvaluations/search", doc, &rows,
	               &e);
	cJSON_ArrayForEach(r, rows)
	{
		cJSON *one = cJSON_CreateObject();
		json_add_str(one, "framework", json_str(r, "id", NULL));
		json_add_str(one, "category", json_str(r, "section", NULL));
		json_add_str(one, "title", json_str(r, "recommendation", NULL));
		json_add_str(one, "status", json_str(r, "status", NULL));
		cJSON_AddItemToArray(list, one);
	}
	cnapp_part(a->whole, "compliance", list, rc, &e);
	cJSON_Delete(rows);
}

/* Takes row. */
static void add_asset(struct around *a, cJSON *row)
{
	cJSON *node = lacework_node(row), *owner = json_add_arr(a->whole, "owner");
	const cJSON *config = json_get(row, "resourceConfig");
	const char *arn = json_str(row, "urn", NULL);
	char *mid =
	        xasprintf("%lld", (long long)call_i64(json_get(row, "RESOURCE_CONFIG"), "mid", -1));

	config = config ? config : json_get(row, "RESOURCE_CONFIG");
	cnapp_owners(owner, json_obj(node, "tags"));
	cJSON_AddItemToObject(a->whole, "tags", cJSON_Duplicate(json_obj(node, "tags"), true));
	if (config)
		cJSON_AddItemToObject(a->whole, "configuration", cJSON_Duplicate(config, true));
	cJSON_AddItemToObject(a->whole, "asset", node);
	if (*mid != '-')
		add_vulnerabilities(a, mid);
	if (arn && !strncmp(arn, "arn:", 4))
		add_compliance(a, arn);
	free(mid);
	cJSON_Delete(row);
}

static int check_account(const struct lacework *x, const cJSON *row, const char *id, struct err *e)
{
	cJSON *node = lacework_node(row);
	bool in = !json_arr(x->env.entry, "accounts") ||
	          (json_str(node, "account", NULL) && cnapp_in_scope(x->env.entry, node));

	cJSON_Delete(node);
	return in ? 0
	          : err_set(e, ERR_DENIED,
	                    "%s: %s is of no account that `accounts` of its entry allows",
	                    x->c.source.name, id);
}

int lacework_asset(struct connected *c, const struct source_run *run, const char *any_id,
                   cJSON **out, struct err *e)
{
	struct around a = {.x = lacework_of(c), .run = run};
	cJSON *row = NULL;
	int rc = any_id && *any_id ? find_asset(a.x, run, any_id, &row, e)
	                           : err_set(e, ERR_INVALID, "an id is wanted");

	rc = rc ? rc : check_account(a.x, row, any_id, e);
	if (rc) {
		cJSON_Delete(row);
		return -1;
	}
	*out = a.whole = cJSON_CreateObject();
	add_asset(&a, row);
	return 0;
}

/* ---- an alert ---- */

static void add_notes(struct around *a)
{
	cJSON *notes = json_add_arr(a->whole, "notes");
	const cJSON *x;

	cJSON_ArrayForEach(x, json_arr(a->whole, "history"))
	{
		const char *text = json_str(json_obj(x, "message"), "value", NULL);
		if (text && !strcmp(json_str(x, "entryType", ""), "Comment"))
			cJSON_AddItemToArray(notes, cJSON_CreateString(text));
	}
}

/* The policy says what to do, and under which controls it is. */
static void add_policy(struct around *a, const char *policy)
{
	struct buf path = BUF_INIT;
	cJSON *answer = NULL;
	const cJSON *data;
	struct err e = {0};
	int rc;

	buf_str(&path, "/api/v2/Policies/");
	call_escape(&path, slice_of(policy));
	rc = lacework_json(a->x, a->run, "GET", path.s, NULL, true, &answer, &e);
	data = json_obj(answer, "data");
	if (json_str(data, "remediation", NULL))
		json_add_str(a->whole, "remediation", json_str(data, "remediation", ""));
	cnapp_part(a->whole, "policy", data ? cJSON_Duplicate(data, true) : NULL, rc, &e);
	cJSON_Delete(answer);
	buf_release(&path);
}

/* The first entity that is an asset: a machine by its id there, else what is named by an ARN. */
static void add_entity(struct around *a, const cJSON *entities)
{
	const cJSON *m = cJSON_GetArrayItem(json_arr(entities, "Machine"), 0), *kind, *key;
	int64_t mid = call_i64(json_obj(m, "KEY"), "mid", -1);
	char *id = mid >= 0 ? xasprintf("%lld", (long long)mid) : NULL;
	const char *urn = NULL;
	cJSON *list = NULL, *row = NULL;
	struct err e = {0};
	int rc = 0;

	cJSON_ArrayForEach(kind, entities)
	        cJSON_ArrayForEach(key, json_obj(cJSON_GetArrayItem(kind, 0), "KEY"))
	{
		if (!urn && cJSON_IsString(key) && !strncmp(key->valuestring, "arn:", 4))
			urn = key->valuestring;
	}
	if (id) {
		rc = machine(a->x, a->run, "mid", id, &list, &e);
		row = rc ? NULL : cJSON_DetachItemFromArray(list, 0);
	} else if (urn) {
		rc = find_asset(a->x, a->run, urn, &row, &e);
	}
	rc = row ? check_account(a->x, row, id ? id : urn, &e) : rc;
	if (row && !rc)
		add_asset(a, row);
	else
		cJSON_Delete(row);
	if (rc)
		cnapp_part(a->whole, "asset", NULL, rc, &e);
	cJSON_Delete(list);
	free(id);
}

static void add_parts(struct around *a, const char *id)
{
	static const struct {
		const char *scope, *name;
	} scopes[] = {{"Timeline", "history"},
	              {"Investigation", "investigation"},
	              {"RelatedAlerts", "related"}};
	const cJSON *finding = json_obj(a->whole, "finding");
	const char *policy = json_str(finding, "policyId", NULL);
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
		cJSON *part = NULL;
		int rc = lacework_scope(a->x, a->run, id, scopes[i].scope, &part, &e);
		cnapp_part(a->whole, scopes[i].name, part, rc, &e);
	}
	add_notes(a);
	if (policy && *policy)
		add_policy(a, policy);
	add_entity(a, json_obj(finding, "entityMap"));
	err_set(&e, ERR_NOT_FOUND, "Lacework gives no path to an asset, only its reachability");
	cnapp_part(a->whole, "attack_path", NULL, -1, &e);
}

static int check_alert(const struct lacework *x, const cJSON *alert, const char *id, struct err *e)
{
	struct buf b = BUF_INIT;
	bool in;

	json_write(&b, alert);
	in = lacework_in_accounts(x, (struct slice){b.s, b.len});
	buf_release(&b);
	return in ? 0
	          : err_set(e, ERR_DENIED,
	                    "%s: the alert %s names no account that `accounts` of its entry allows",
	                    x->c.source.name, id);
}

int lacework_details(struct lacework *x, const struct source_run *run, const char *id, cJSON **out,
                     struct err *e)
{
	int rc = lacework_scope(x, run, id, "Details", out, e);

	if (!rc && !cJSON_IsObject(*out))
		rc = err_set(e, ERR_NOT_FOUND, "%s has no alert %s", x->c.source.name, id);
	rc = rc ? rc : check_alert(x, *out, id, e);
	if (rc) {
		cJSON_Delete(*out);
		*out = NULL;
	}
	return rc;
}

int lacework_finding(struct connected *c, const struct source_run *run, const char *id, cJSON **out,
                     struct err *e)
{
	struct around a = {.x = lacework_of(c), .run = run};
	cJSON *alert = NULL;

	if (lacework_details(a.x, run, id, &alert, e))
		return -1;
	*out = a.whole = cJSON_CreateObject();
	cJSON_AddItemToObject(a.whole, "finding", alert);
	add_parts(&a, id);
	return 0;
}

/* ---- its events ---- */

int lacework_finding_events(struct connected *c, const struct source_run *run, const char *id,
                            const struct source_sink *sink, struct source_done *done, struct err *e)
{
	struct lacework *x = lacework_of(c);
	struct row_conf rows = lacework_records(x);
	struct search s;
	cJSON *alert = NULL;
	char *path = NULL;
	int rc = search_begin_events(&s, &x->env, RENDER_LQL, 0, &rows, run, sink, done, e);

	rc = rc ? rc : lacework_details(x, run, id, &alert, e);
	if (!rc) {
		path = xasprintf("/api/v2/Alerts/%s?scope=Events", id);
		done->sent = xasprintf("GET %s", path);
		rc = lacework_rows(x, run, path, NULL, search_object, &s, e);
	}
	cJSON_Delete(alert);
	free(path);
	return search_end(&s, rc, e);
}
