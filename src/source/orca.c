/*
 * Orca Security: the serving layer's queries (POST), alerts one by one, and the legacy alerts API where the serving layer is refused. Facts:
 * the vendor's Terraform provider and public integrations; its own documents are behind a login. Unconfirmed and handled so:
 *   - the serving layer's name for an alert's last change (LastUpdated): where it does not sort and filter by it, the legacy API is asked;
 *   - the most rows of a page: the count that comes with it says whether there are more;
 *   - PUT .../comment: where it is not there, that is said, and nothing was written;
 *   - how an alert is snoozed: it is not; "wait" is in_progress;
 *   - relations of vulnerabilities and attack paths to an asset: where they are refused, the alert comes without, and says so.
 * Security keys with a session token are deprecated there and not used here: only API tokens.
 */
#include "source/orca.h"

/* ---- calls ---- */

int orca_success(const struct orca *x, struct slice body, struct err *e)
{
	char *status = call_text(body, "status");
	bool ok = !status || !strcmp(status, "success");
	struct buf text = BUF_INIT;

	free(status);
	if (ok)
		return 0;
	call_message(body, &text);
	err_set(e, strstr(text.s, "does not exist") ? ERR_NOT_FOUND : ERR_REMOTE,
	        "%s refused with status 200: %s", x->c.source.name, text.s);
	buf_release(&text);
	return -1;
}

int orca_call(struct orca *x, const struct source_run *run, const char *method, const char *path,
              const cJSON *doc, struct http_response *rs, struct err *e)
{
	struct buf body = BUF_INIT;
	/* Queries read, and its PUTs set a state: twice is the same. */
	struct http_request rq = {.method = method,
	                          .path = path,
	                          .content_type = "application/json",
	                          .idempotent = true};
	int rc;

	if (doc)
		json_write(&body, doc);
	rq.body = (struct slice){body.s, body.len};
	rc = call_do(x->http, run, &rq, rs, e);
	/* An alert that is not there is a 500 to it. */
	if (rc && rs->status == 500 && strstr(e->what, "does not exist"))
		e->code = ERR_NOT_FOUND;
	if (!rc && rs->body.len)
		rc = call_expect_json(x->c.source.name, rs, e);
	if (!rc)
		rc = orca_success(x, (struct slice){rs->body.s, rs->body.len}, e);
	buf_release(&body);
	return rc;
}

int orca_json(struct orca *x, const struct source_run *run, const char *method, const char *path,
              const cJSON *doc, cJSON **out, struct err *e)
{
	struct http_response rs;
	int rc = orca_call(x, run, method, path, doc, &rs, e);

	*out = NULL;
	rc = rc ? rc : call_parse(x->c.source.name, &rs, out, e);
	http_response_release(&rs);
	return rc;
}

/* ---- queries ---- */

static void add_word(cJSON *o, const char *list, const char *word)
{
	cJSON_AddItemToArray(json_add_arr(o, list), cJSON_CreateString(word));
}

cJSON *orca_in(const char *key, const char *value)
{
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, "key", key);
	add_word(o, "values", value);
	json_add_str(o, "type", "str");
	json_add_str(o, "operator", "in");
	return o;
}

cJSON *orca_has(const char *key, const char *model, cJSON *with)
{
	cJSON *o = cJSON_CreateObject();

	add_word(o, "keys", key);
	add_word(o, "models", model);
	json_add_str(o, "type", "object_set");
	json_add_str(o, "operator", "has");
	cJSON_AddItemToObject(o, "with", with);
	return o;
}

cJSON *orca_query(const char *model, cJSON *with, int64_t limit, int64_t start)
{
	cJSON *doc = cJSON_CreateObject(), *query = json_add_obj(doc, "query"), *more;

	add_word(query, "models", model);
	json_add_str(query, "type", "object_set");
	if (with)
		cJSON_AddItemToObject(query, "with", with);
	json_add_i64(doc, "limit", limit);
	json_add_i64(doc, "start_at_index", start);
	json_add_bool(doc, "get_results_and_count", true);
	more = json_add_arr(doc, "additional_models[]");
	cJSON_AddItemToArray(more, cJSON_CreateString("Inventory"));
	cJSON_AddItemToArray(more, cJSON_CreateString("CloudAccount"));
	json_add_bool(json_add_obj(doc, "full_graph_fetch"), "enabled", true);
	json_add_i64(doc, "max_tier", 2);
	return doc;
}

int64_t orca_total(struct slice body)
{
	char *text = call_text(body, "total_items");
	int64_t n = -1;

	if (text)
		(void)slice_i64(slice_of(text), &n);
	free(text);
	return n;
}

const char *orca_value(const cJSON *data, const char *key)
{
	return json_str(json_obj(data, key), "value", json_str(data, key, NULL));
}

/* ---- scope ---- */

bool orca_id_ok(const char *id)
{
	size_t n = 0;

	for (const char *p = id; p && *p; p++, n++)
		if (!((*p | 32) >= 'a' && (*p | 32) <= 'z') && !(*p >= '0' && *p <= '9') &&
		    !strchr("-_.:@", *p))
			return false;
	return n > 0 && n <= 512 && strcmp(id, ".") != 0 && strcmp(id, "..") != 0;
}

int orca_model_scope(const struct orca *x, const char *model, struct err *e)
{
	return connector_index_scope(x->env.entry, "the model ", model, e);
}

/* "AwsEc2Instance_111111111111_a-0001": an asset's id there has the cloud's number of the account in its middle. */
static bool id_in_accounts(const struct orca *x, struct slice raw)
{
	char *id = call_text(raw, "asset_unique_id");
	char *from = id ? strchr(id, '_') : NULL, *to = from ? strchr(from + 1, '_') : NULL;
	bool in;

	if (to)
		*to = '\0';
	in = to && connector_in_scope(x->env.entry, "accounts", from + 1);
	free(id);
	return in;
}

bool orca_in_accounts(const struct orca *x, struct slice raw)
{
	static const char *const places[] = {"cloud_vendor_id",
	                                     "account_name",
	                                     "cloud_account_id",
	                                     "cloud_provider_id",
	                                     "data.CloudAccount.name",
	                                     "data.CloudAccount.id",
	                                     "data.CloudAccount.data.Name.value",
	                                     "data.CloudAccount.data.CloudVendorId.value"};
	bool in = !json_arr(x->env.entry, "accounts") || id_in_accounts(x, raw);

	for (size_t i = 0; !in && i < ARRAY_LEN(places); i++) {
		char *account = call_text(raw, places[i]);
		in = account && connector_in_scope(x->env.entry, "accounts", account);
		free(account);
	}
	return in;
}

/* ---- test ---- */

/* Its probe: an empty query of the legacy API says whether the token is one. */
static int probe(struct orca *x, const struct source_run *run, const struct check_sink *sink,
                 struct err *e)
{
	struct http_request rq = {.method = "POST",
	                          .path = "/api/rules/query/alerts",
	                          .content_type = "application/json",
	                          .body = SLICE("{}"),
	                          .idempotent = true};
	struct buf text = BUF_INIT;
	cJSON *answer;
	int rc = check_reach(x->http, run, sink, &rq, ORCA_RIGHTS, &answer, e);

	if (rc)
		return rc;
	json_write(&text, answer);
	rc = orca_success(x, (struct slice){text.s, text.len}, e);
	(void)check_result(sink, "login", rc, e, ORCA_RIGHTS, "the token is accepted");
	buf_release(&text);
	cJSON_Delete(answer);
	return rc;
}

static int check_model(struct orca *x, const struct source_run *run, const struct check_sink *sink,
                       const char *what, const char *model, const char *order, cJSON **out)
{
	cJSON *doc = orca_query(model, NULL, 1, 0);
	struct err e = {0};
	char *found;
	int rc;

	if (order)
		add_word(doc, "order_by[]", order);
	rc = orca_model_scope(x, model, &e) || orca_json(x, run, "POST", ORCA_QUERY, doc, out, &e);
	found = xasprintf("%lld there", (long long)json_i64(*out, "total_items", 0));
	(void)check_result(sink, what, rc, &e, ORCA_RIGHTS, found);
	free(found);
	cJSON_Delete(doc);
	return rc;
}

static void check_alerts(struct orca *x, const struct source_run *run,
                         const struct check_sink *sink)
{
	cJSON *answer = NULL;
	const char *at;

	if (!check_model(x, run, sink, "may read alerts", "Alert", "-LastUpdated", &answer)) {
		const cJSON *row = cJSON_GetArrayItem(json_arr(answer, "data"), 0);
		at = orca_value(json_obj(row, "data"), "LastUpdated");
		check_say(sink, "newest event", at ? CHECK_OK : CHECK_WARN,
		          at ? NULL : "are cloud accounts connected, and may this token see them?",
		          "%s", at ? at : "no alert with the time of its last change");
	}
	cJSON_Delete(answer);
}

int orca_test(struct connected *c, const struct source_run *run, const struct check_sink *sink,
              struct err *e)
{
	struct orca *x = orca_of(c);
	cJSON *answer = NULL;
	struct err late = {0};

	if (probe(x, run, sink, e))
		return 0;
	check_alerts(x, run, sink);
	(void)check_model(x, run, sink, "may read assets", "Inventory", NULL, &answer);
	cJSON_Delete(answer);
	(void)check_result(
	        sink, "catalogue",
	        orca_json(x, run, "GET", "/api/alerts/catalog/category", NULL, &answer, &late),
	        &late, ORCA_RIGHTS, "categories of alerts can be read");
	cJSON_Delete(answer);
	check_say(sink, "may not write", CHECK_SKIPPED, NULL,
	          "Orca does not tell the rights of a token: look at its role. The cloud itself "
	          "cannot be changed through the calls made here");
	check_say(sink, "quota", CHECK_SKIPPED, NULL, "Orca tells no limit of requests");
	return 0;
}

/* ---- opening ---- */

static void close_(struct source *s)
{
	struct orca *x = (struct orca *)s;

	http_free(x->http);
	secret_free(x->login);
	free(x->no_serving);
	free(x);
}

static const struct source_ops ops = {
        .kind = "orca", .search = orca_search, .close = close_, .fit = orca_fit};

static int open_(struct connected **out, const struct connector_env *env, struct err *e)
{
	struct orca *x = xcalloc(1, sizeof(*x));
	struct http_conf more = {.max_retries = CONNECTOR_RETRIES};

	x->c = (struct connected){{&ops, json_str(env->entry, "name", "orca")}, &connector_orca};
	x->env = *env;
	x->login = connector_login(env->entry, "Authorization: Token ", env->secret);
	if (connector_http(&x->http, env, &more, x->login ? connector_fixed_auth : NULL, x->login,
	                   e)) {
		close_(&x->c.source);
		return -1;
	}
	*out = &x->c;
	return 0;
}

const struct connector connector_orca = {
        .kind = "orca",
        .rights = ORCA_RIGHTS,
        .open = open_,
        .test = orca_test,
        .findings = orca_findings,
        .finding = orca_finding,
        .asset = orca_asset,
        .update = orca_update,
};
