/*
 * One alert or asset of Orca with what is known around it. What was asked for and not given is in "missing", with Orca's own reason.
 */
#include "base/limits.h"
#include "source/cnapp.h"
#include "source/orca.h"
#include "store/graph.h"

#define PART_ROWS 100
#define LOG_ROWS "100"

/* ---- rows of one model ---- */

int orca_rows(struct orca *x, const struct source_run *run, const char *model, cJSON *with,
              cJSON **rows, struct err *e)
{
	cJSON *doc = orca_query(model, with, PART_ROWS, 0), *answer = NULL;
	int rc = orca_model_scope(x, model, e) ||
	                         orca_json(x, run, "POST", ORCA_QUERY, doc, &answer, e)
	                 ? -1
	                 : 0;

	*rows = cJSON_DetachItemFromObject(answer, "data");
	if (!rc && !cJSON_IsArray(*rows))
		rc = err_set(e, ERR_REMOTE, "%s: its answer has no data", x->c.source.name);
	cJSON_Delete(answer);
	cJSON_Delete(doc);
	return rc;
}

static bool json_in_accounts(const struct orca *x, const cJSON *o)
{
	struct buf b = BUF_INIT;
	bool in;

	json_write(&b, o);
	in = orca_in_accounts(x, (struct slice){b.s, b.len});
	buf_release(&b);
	return in;
}

int orca_check_accounts(const struct orca *x, const cJSON *o, const char *what, const char *id,
                        struct err *e)
{
	if (json_in_accounts(x, o))
		return 0;
	return err_set(e, ERR_DENIED,
	               "%s: %s %s is of no account that `accounts` of its entry allows",
	               x->c.source.name, what, id);
}

/* ---- what is in a row ---- */

/* Members of objects as members, whatever wraps their values. Tags come as an object or as its text. */
static cJSON *flat(const cJSON *data)
{
	cJSON *o = cJSON_CreateObject();
	const cJSON *v;

	cJSON_ArrayForEach(v, data)
	{
		const cJSON *value = json_get(v, "value") ? json_get(v, "value") : v;
		if (v->string && !cJSON_IsObject(json_get(v, "data")))
			cJSON_AddItemToObject(o, v->string, cJSON_Duplicate(value, true));
	}
	return o;
}

static cJSON *tags_of(const cJSON *data)
{
	const cJSON *t = json_get(json_obj(data, "Tags"), "value");
	cJSON *own = cnapp_unfolded(t ? t : json_get(data, "Tags")), *tags = cnapp_tags(own);

	cJSON_Delete(own);
	return tags;
}

/* "AwsEc2Instance_111111111111_a-0001" */
static char *account_of(const cJSON *row, const cJSON *account)
{
	const char *vendor = orca_value(json_obj(account, "data"), "CloudVendorId"),
	           *id = json_str(row, "asset_unique_id", ""), *from = strchr(id, '_'),
	           *to = from ? strchr(from + 1, '_') : NULL;

	if (vendor)
		return xstrdup(vendor);
	if (to)
		return xstrndup(from + 1, (size_t)(to - from - 1));
	return account ? xstrdup(json_str(account, "name", "")) : NULL;
}

cJSON *orca_account_node(const cJSON *row)
{
	const cJSON *account = json_obj(json_obj(row, "data"), "CloudAccount");
	char *number = account_of(row, account);
	struct cnapp_facts f = {.platform = "orca",
	                        .cloud_id = number,
	                        .own_id = json_str(account, "id", NULL),
	                        .type = "account",
	                        .word = "CloudAccount",
	                        .name = json_str(account, "name", NULL),
	                        .account = number};
	cJSON *node = account ? cnapp_node(&f) : NULL;

	free(number);
	return node;
}

/* An instance's or bucket's name is its id in the cloud; other names are anybody's words. */
static const char *cloud_id_of(const cJSON *row)
{
	const cJSON *data = json_obj(row, "data");
	const char *arn = orca_value(data, "Arn"), *name = json_str(row, "name", "");
	bool named_by_id = strcmp(graph_type_of_id(slice_of(name)), "resource") != 0 ||
	                   strstr(json_str(row, "type", ""), "Bucket");

	return arn ? arn : named_by_id ? name : NULL;
}

static const struct {
	const char *model, *type;
} own_types[] = {{"Alert", "finding"}, {"VulnerabilityV2", "vulnerability"}};

cJSON *orca_node(const cJSON *row)
{
	const cJSON *data = json_obj(row, "data");
	const char *word = json_str(row, "type", ""), *type = NULL,
	           *name = json_str(row, "name", "");
	char *account = account_of(row, json_obj(data, "CloudAccount")), *own = NULL;
	struct cnapp_facts f = {.platform = "orca",
	                        .own_id = json_str(row, "asset_unique_id", name),
	                        .word = word,
	                        .name = name,
	                        .account = account,
	                        .region = orca_value(data, "Region")};
	cJSON *node, *props = flat(data);

	for (size_t i = 0; i < ARRAY_LEN(own_types); i++)
		if (!strcmp(own_types[i].model, word))
			type = own_types[i].type;
	if (type)
		f.own_id = own = xasprintf("%s:%s", type, name);
	else
		f.cloud_id = cloud_id_of(row);
	f.type = type ? type : graph_type_of(f.cloud_id ? f.cloud_id : "", word);
	node = cnapp_node(&f);
	cnapp_props(node, props);
	cJSON_AddItemToObject(node, "tags", tags_of(data));
	cJSON_Delete(props);
	free(account);
	free(own);
	return node;
}

/* ---- around an asset ---- */

struct around {
	struct orca *x;
	const struct source_run *run;
	cJSON *whole;
};

static cJSON *of_asset(const char *key, const char *asset)
{
	return orca_has(key, "Inventory", orca_in("AssetUniqueId", asset));
}

static void add_vulnerabilities(struct around *a, const char *asset)
{
	static const struct {
		const char *ours, *theirs[3];
	} fields[] = {{"id", {"CveId", "VulnerabilityId", NULL}},
	              {"severity", {"CvssSeverity", "Severity", NULL}},
	              {"package", {"PackageName", "Package", NULL}},
	              {"version", {"PackageVersion", "InstalledVersion", NULL}},
	              {"fixed", {"FixVersion", "PatchedVersion", NULL}}};
	cJSON *rows = NULL, *list = cJSON_CreateArray(), *one;
	struct err e = {0};
	int rc =
	        orca_rows(a->x, a->run, "VulnerabilityV2", of_asset("Inventory", asset), &rows, &e);
	const cJSON *r;

	cJSON_ArrayForEach(r, rows)
	{
		const cJSON *data = json_obj(r, "data");
		one = cJSON_CreateObject();
		for (size_t i = 0; i < ARRAY_LEN(fields); i++)
			for (const char *const *t = fields[i].theirs; *t; t++)
				if (orca_value(data, *t) && !json_get(one, fields[i].ours))
					json_add_str(one, fields[i].ours, orca_value(data, *t));
		if (!json_get(one, "id"))
			json_add_str(one, "id", json_str(r, "name", ""));
		cJSON_AddItemToArray(list, one);
	}
	cnapp_part(a->whole, "vulnerabilities", list, rc, &e);
	if (!rc && cJSON_GetArraySize(rows) >= PART_ROWS)
		cnapp_first_only(a->whole, "more vulnerabilities", PART_ROWS);
	cJSON_Delete(rows);
}

/* A path there is a list of assets without its edges: they are given as it gives them. */
static void add_attack_paths(struct around *a, const char *asset)
{
	cJSON *rows = NULL;
	struct err e = {0};
	int rc = orca_rows(a->x, a->run, "AttackPathInventories", of_asset("Inventory", asset),
	                   &rows, &e);

	cnapp_part(a->whole, "attack_path", rows, rc, &e);
}

static void add_owners(struct around *a, const cJSON *row, const cJSON *node)
{
	const cJSON *units = json_get(json_obj(row, "data"), "BusinessUnits"), *names;
	cJSON *owner = json_add_arr(a->whole, "owner");

	names = json_get(json_get(json_obj(units, "data"), "Name"), "value");
	cnapp_texts(owner, names ? names : units, "name");
	if (cJSON_IsString(names))
		cJSON_AddItemToArray(owner, cJSON_Duplicate(names, true));
	cnapp_owners(owner, json_obj(node, "tags"));
}

/* One row of Inventory, with its parts. Takes row. */
static void add_asset(struct around *a, cJSON *row)
{
	cJSON *node = orca_node(row);
	char *asset = xstrdup(json_str(row, "asset_unique_id", ""));

	add_owners(a, row, node);
	cJSON_AddItemToObject(a->whole, "tags", cJSON_Duplicate(json_obj(node, "tags"), true));
	cJSON_AddItemToObject(a->whole, "configuration", flat(json_obj(row, "data")));
	cJSON_AddItemToObject(a->whole, "asset", node);
	if (orca_id_ok(asset)) {
		add_vulnerabilities(a, asset);
		add_attack_paths(a, asset);
	}
	free(asset);
	cJSON_Delete(row);
}

/* The legacy record of an asset as a row of Inventory. NULL where it is none. */
static cJSON *legacy_row(const cJSON *asset)
{
	const cJSON *model = json_obj(asset, "model"), *m;
	cJSON *row, *data, *account;

	if (!json_str(asset, "asset_unique_id", NULL))
		return NULL;
	row = cJSON_CreateObject();
	json_add_str(row, "asset_unique_id", json_str(asset, "asset_unique_id", ""));
	json_add_str(
	        row, "name",
	        json_str(model, "name",
	                 json_str(asset, "asset_vendor_id", json_str(asset, "asset_name", ""))));
	json_add_str(row, "type", json_str(model, "type", json_str(asset, "asset_type", "")));
	data = json_add_obj(row, "data");
	cJSON_ArrayForEach(m, json_obj(model, "data"))
	{
		const cJSON *v;
		cJSON_ArrayForEach(v, m)
		{
			if (v->string && !json_get(data, v->string))
				cJSON_AddItemToObject(data, v->string, cJSON_Duplicate(v, true));
		}
	}
	if (json_arr(asset, "tags_list")) {
		cJSON_DeleteItemFromObject(data, "Tags");
		cJSON_AddItemToObject(data, "Tags", cnapp_tags(json_arr(asset, "tags_list")));
	}
	account = json_add_obj(data, "CloudAccount");
	json_add_str(account, "id", json_str(asset, "cloud_account_id", NULL));
	json_add_str(account, "name", json_str(asset, "account_name", NULL));
	json_add_str(json_add_obj(account, "data"), "CloudVendorId",
	             json_str(asset, "cloud_vendor_id", NULL));
	return row;
}

static int legacy_asset(struct orca *x, const struct source_run *run, const char *id, cJSON **row,
                        struct err *e)
{
	char *path = xasprintf("/api/assets/%s", id);
	cJSON *answer = NULL;
	int rc = orca_json(x, run, "GET", path, NULL, &answer, e);

	*row = rc ? NULL : legacy_row(json_obj(answer, "data") ? json_obj(answer, "data") : answer);
	if (!rc && !*row)
		rc = err_set(e, ERR_NOT_FOUND, "%s knows no asset %s", x->c.source.name, id);
	cJSON_Delete(answer);
	free(path);
	return rc;
}

/* By its id there, the one way that both APIs have. */
static int read_asset(struct orca *x, const struct source_run *run, const char *id, cJSON **row,
                      struct err *e)
{
	cJSON *rows = NULL;
	struct err why = {0};
	int rc;

	*row = NULL;
	if (!orca_id_ok(id))
		return err_set(e, ERR_INVALID, "\"%s\" is no id of an asset", id ? id : "");
	rc = orca_rows(x, run, "Inventory", orca_in("AssetUniqueId", id), &rows, &why);
	*row = rc ? NULL : cJSON_DetachItemFromArray(rows, 0);
	cJSON_Delete(rows);
	if (*row)
		return 0;
	if (rc && (why.code == ERR_CANCELLED || why.code == ERR_DEADLINE)) {
		*e = why;
		return -1;
	}
	return legacy_asset(x, run, id, row, e);
}

/* ---- an asset by any id ---- */

/* What it may be called there: the id itself, and the name at the end of an ARN or a path. */
static int find_asset(struct orca *x, const struct source_run *run, const char *id, cJSON **row,
                      struct err *e)
{
	struct plan *p = plan_new();
	struct plan_graph *g = &plan_add_step(p, PS_GRAPH)->graph;
	struct rendered text;
	const char *end = id + strlen(id);
	cJSON *doc, *answer = NULL;
	int rc;

	while (end > id && end[-1] != '/' && end[-1] != ':')
		end--;
	g->limit = 1;
	g->use_from = g->use_to = MW_TIME_NONE;
	g->start = plan_cmp(p, "id", OP_IN, slice_of(id));
	if (end > id && *end)
		plan_cmp_value(p, g->start, slice_of(end));
	rc = plan_render(RENDER_ORCA, p, 0, NULL, &text, e);
	doc = rc ? NULL
	         : json_parse((struct slice){text.text.s, text.text.len}, MW_PLAN_JSON_MAX, e);
	rc = !doc || orca_model_scope(x, "Inventory", e) ||
	                     orca_json(x, run, "POST", ORCA_QUERY, doc, &answer, e)
	             ? -1
	             : 0;
	*row = cJSON_DetachItemFromArray(json_arr(answer, "data"), 0);
	cJSON_Delete(answer);
	cJSON_Delete(doc);
	rendered_release(&text);
	plan_free(p);
	return rc;
}

int orca_asset(struct connected *c, const struct source_run *run, const char *any_id, cJSON **out,
               struct err *e)
{
	struct around a = {.x = orca_of(c), .run = run};
	cJSON *row = NULL;
	struct err why = {0};
	int rc = find_asset(a.x, run, any_id, &row, &why);

	if (!row && orca_id_ok(any_id)) {
		int found = rc;
		rc = legacy_asset(a.x, run, any_id, &row, e);
		if (rc && found && e->code == ERR_NOT_FOUND)
			*e = why;
	} else if (rc) {
		*e = why;
	} else if (!row) {
		rc = err_set(e, ERR_NOT_FOUND, "%s knows no asset %s", c->source.name, any_id);
	}
	if (!rc)
		rc = orca_check_accounts(a.x, row, "the asset", any_id, e);
	if (rc) {
		cJSON_Delete(row);
		return -1;
	}
	*out = a.whole = cJSON_CreateObject();
	add_asset(&a, row);
	return 0;
}

/* ---- an alert with what is around it ---- */

int orca_details(struct orca *x, const struct source_run *run, const char *id, cJSON **out,
                 struct err *e)
{
	char *path;
	cJSON *answer = NULL, *inside;
	int rc;

	*out = NULL;
	if (!orca_id_ok(id))
		return err_set(e, ERR_INVALID, "\"%s\" is no id of an alert", id ? id : "");
	path = xasprintf("/api/alerts/%s", id);
	rc = orca_json(x, run, "GET", path, NULL, &answer, e);
	inside = json_obj(answer, "state") ? NULL : cJSON_DetachItemFromObject(answer, "data");
	if (inside) {
		cJSON_Delete(answer);
		answer = inside;
	}
	if (!rc && !json_obj(answer, "state"))
		rc = err_set(e, ERR_NOT_FOUND, "%s has no alert %s", x->c.source.name, id);
	if (rc)
		cJSON_Delete(answer);
	else
		*out = answer;
	free(path);
	return rc ? -1 : 0;
}

int orca_log(struct orca *x, const struct source_run *run, const char *id, cJSON **out,
             struct err *e)
{
	char *path = xasprintf("/api/alerts/%s/event_log?limit=" LOG_ROWS "&start_at_index=0", id);
	cJSON *answer = NULL;
	int rc = orca_json(x, run, "GET", path, NULL, &answer, e);

	*out = cJSON_DetachItemFromObject(answer, "event_log");
	cJSON_Delete(answer);
	free(path);
	return rc;
}

/* Comments are entries of the log whose details have one. */
static void add_notes(struct around *a)
{
	cJSON *notes = json_add_arr(a->whole, "notes");
	const cJSON *x;

	cJSON_ArrayForEach(x, json_arr(a->whole, "history"))
	{
		const char *text =
		        json_str(json_obj(x, "details"), "comment", json_str(x, "comment", NULL));
		if (text)
			cJSON_AddItemToArray(notes, cJSON_CreateString(text));
	}
}

static void add_remediation(struct around *a, const cJSON *row, const cJSON *details)
{
	static const char *const lists[] = {"remediation_cli", "remediation_console"};
	const cJSON *step;
	struct buf b = BUF_INIT;
	const char *say = orca_value(json_obj(row, "data"), "Recommendation");

	say = say ? say : json_str(details, "recommendation", NULL);
	if (say)
		buf_str(&b, say);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		cJSON_ArrayForEach(step, json_arr(json_obj(details, "data"), lists[i]))
		{
			if (cJSON_IsString(step))
				buf_printf(&b, "%s%s", b.len ? "\n" : "", step->valuestring);
		}
	if (b.len)
		json_add_str(a->whole, "remediation", b.s);
	buf_release(&b);
}

/* Names of frameworks, all that an alert tells of them. */
static void add_compliance(struct around *a, const cJSON *row, const cJSON *details)
{
	cJSON *names = cJSON_CreateArray(), *list = json_add_arr(a->whole, "compliance"), *one;
	const cJSON *n;

	cnapp_texts(names, json_get(json_obj(json_obj(row, "data"), "RelatedCompliances"), "value"),
	            "name");
	cnapp_texts(names, json_arr(details, "related_compliances"), "name");
	cJSON_ArrayForEach(n, names)
	{
		one = cJSON_CreateObject();
		json_add_str(one, "framework", n->valuestring);
		cJSON_AddItemToArray(list, one);
	}
	cJSON_Delete(names);
}

/* From both APIs: each has what the other lacks. */
static int read_alert(struct around *a, const char *id, cJSON **row, cJSON **details, struct err *e)
{
	cJSON *rows = NULL;
	struct err why = {0};
	int rc = orca_details(a->x, a->run, id, details, e),
	    other = rc && e->code == ERR_INVALID
	                    ? -1
	                    : orca_rows(a->x, a->run, "Alert", orca_in("AlertId", id), &rows, &why);

	*row = cJSON_DetachItemFromArray(rows, 0);
	cJSON_Delete(rows);
	if (*row || *details)
		return 0;
	if (rc && e->code == ERR_NOT_FOUND && other)
		*e = why;
	return -1;
}

static void add_parts(struct around *a, const char *id, const cJSON *row, const cJSON *details)
{
	const char *asset = json_str(row ? row : details, "asset_unique_id", NULL);
	cJSON *found = NULL, *log = NULL;
	struct err e = {0};
	int rc;

	add_compliance(a, row, details);
	add_remediation(a, row, details);
	if (asset && !read_asset(a->x, a->run, asset, &found, &e))
		add_asset(a, found);
	else
		cnapp_part(a->whole, "asset", NULL, asset ? -1 : 0, &e);
	rc = orca_log(a->x, a->run, id, &log, &e);
	cnapp_part(a->whole, "history", log, rc, &e);
	add_notes(a);
}

int orca_finding(struct connected *c, const struct source_run *run, const char *id, cJSON **out,
                 struct err *e)
{
	struct around a = {.x = orca_of(c), .run = run};
	cJSON *row = NULL, *details = NULL;
	int rc = read_alert(&a, id, &row, &details, e);

	rc = rc ? rc : orca_check_accounts(a.x, row ? row : details, "the alert", id, e);
	if (!rc) {
		*out = a.whole = cJSON_CreateObject();
		cJSON_AddItemToObject(a.whole, "finding",
		                      cJSON_Duplicate(row ? row : details, true));
		if (row && details)
			cJSON_AddItemToObject(a.whole, "details", cJSON_Duplicate(details, true));
		add_parts(&a, id, row, details);
	}
	cJSON_Delete(row);
	cJSON_Delete(details);
	return rc;
}
