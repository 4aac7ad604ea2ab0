/*
 * Wiz: one GraphQL endpoint behind OAuth client credentials; pages by cursor, graph searches with quick:false, since only these have pages.
 * Errors come in a 200: without data they are errors, with data the answer is partial, with Wiz's own message either way. Facts:
 * ../shared/apis/wiz.md and a tenant's schema. Unconfirmed and handled both ways: the code of an error that means too many requests (429 or a
 * message), properties as an object or as JSON text, whether `after` of a date filter takes that very time, whether issues can be ordered
 * by their last change (else the cursor moves once all have come), fields that an older tenant's schema lacks (the issue is asked for again with
 * fewer), scopes in the token. Not confirmed and not used: assignees, tags, response actions; no remediation call is known.
 */
#include "source/wiz.h"

#include "base/base64.h"
#include "base/limits.h"

#define PUBLIC_LOGIN "https://auth.app.wiz.io/oauth/token"
#define TOKEN_PATH "/oauth/token"
#define API_PATH "/graphql"
#define RATE_TRIES 4
#define RATE_WAIT MW_SECOND
#define PAGES_MAX 400
#define CALL_JSON_MAX (64u * 1024 * 1024)
#define PER_SECOND 10 /* older tenants take fewer, and say so */

/* ---- token ---- */

/* The middle part of a JWT, which says whose token it is and what it may do. NULL where it is none. */
static char *claims_of(const char *token)
{
	const char *begin = strchr(token, '.'), *end = begin ? strchr(begin + 1, '.') : NULL;
	struct buf b = BUF_INIT;
	char *room = NULL;
	size_t n = 0;

	for (const char *p = begin ? begin + 1 : ""; end && p < end; p++)
		buf_ch(&b, *p == '-' ? '+' : *p == '_' ? '/' : *p);
	while (b.len % 4)
		buf_ch(&b, '=');
	if (b.len) {
		room = xcalloc(b.len + 1, 1);
		if (base64_read((struct slice){b.s, b.len}, room, &n)) {
			free(room);
			room = NULL;
		}
	}
	buf_release(&b);
	return room;
}

static int take_token(struct wiz *x, const cJSON *answer, struct secret **header, mw_time *expires,
                      struct err *e)
{
	const char *token = json_str(answer, "access_token", NULL);
	struct secret *s;

	if (!token)
		return err_set(e, ERR_REMOTE, "%s: its token endpoint gave no token",
		               x->c.source.name);
	free(x->claims);
	x->claims = claims_of(token);
	s = secret_new(token, strlen(token));
	*header = connector_header("Authorization: Bearer ", s);
	*expires = mw_now() + call_i64(answer, "expires_in", 300) * MW_SECOND;
	secret_free(s);
	return 0;
}

static int fetch_token(void *ctx, struct http *h, bool force, struct secret **header,
                       mw_time *expires, struct err *e)
{
	struct wiz *x = ctx;
	struct http_request rq = {.method = "POST",
	                          .path = x->login_path,
	                          .content_type = "application/x-www-form-urlencoded",
	                          .idempotent = true,
	                          .no_auth = true};
	struct buf form = BUF_INIT;
	cJSON *answer = NULL;
	int rc;

	(void)h, (void)force;
	call_form_str(&form, "grant_type", "client_credentials");
	call_form_str(&form, "audience", x->audience);
	call_form_str(&form, "client_id", json_str(x->env.entry, "client", ""));
	call_form(&form, "client_secret",
	          x->env.secret ? secret_bytes(x->env.secret) : (struct slice){0});
	rq.body = (struct slice){form.s, form.len};
	rc = call_json(x->login, &x->run, &rq, &answer, e);
	if (rc)
		err_prefix(e, "logging in at the token endpoint");
	else
		rc = take_token(x, answer, header, expires, e);
	secret_wipe(form.s, form.len);
	buf_release(&form);
	cJSON_Delete(answer);
	return rc;
}

/* ---- one call ---- */

void wiz_answer_release(struct wiz_answer *a)
{
	http_response_release(&a->rs);
	free(a->part);
}

static const struct {
	const char *sign;
	enum err_code code;
} error_signs[] = {
        {"NOT_FOUND", ERR_NOT_FOUND},    {"UNAUTHORIZED", ERR_DENIED},
        {"UNAUTHENTICATED", ERR_DENIED}, {"FORBIDDEN", ERR_DENIED},
        {"access denied", ERR_DENIED},   {"GRAPHQL_VALIDATION_FAILED", ERR_INVALID},
        {"Cannot query", ERR_INVALID},   {"cannot represent", ERR_INVALID},
};

static bool says(const cJSON *errors, const char *what)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, errors)
	{
		const char *message = json_str(one, "message", ""),
		           *code = json_str(json_obj(one, "extensions"), "code", "");
		if (mw_memimem(message, strlen(message), what, strlen(what)) || !strcmp(code, what))
			return true;
	}
	return false;
}

static int graphql_err(const struct wiz *x, const cJSON *errors, struct err *e)
{
	const char *message = json_str(errors->child, "message", "an error without a message");
	enum err_code code = ERR_REMOTE;

	for (size_t i = ARRAY_LEN(error_signs); i-- > 0;)
		if (says(errors, error_signs[i].sign))
			code = error_signs[i].code;
	return err_set(e, code, "%s: Wiz says: %s", x->c.source.name, message);
}

static bool is_null(struct slice v)
{
	return !v.n || slice_eq(slice_trim(v), SLICE("null"));
}

/* Whether any member of data holds something: {"issuesV2":null} is nothing. */
static bool has_data(struct slice data)
{
	cJSON *j = is_null(data) ? NULL : json_parse(data, CALL_JSON_MAX, NULL);
	bool any = !is_null(data) && !j; /* what cJSON does not take is something */
	const cJSON *m;

	cJSON_ArrayForEach(m, j) any = any || !cJSON_IsNull(m);
	cJSON_Delete(j);
	return any;
}

/* 0 fine, 1 too many requests, -1 */
static int look_at(struct wiz *x, struct wiz_answer *a, int64_t *wait_us, struct err *e)
{
	struct slice body = slice_trim((struct slice){a->rs.body.s, a->rs.body.len}), list = {0};
	cJSON *errors = NULL;
	int rc = 0;

	if (call_expect_json(x->c.source.name, &a->rs, e))
		return -1;
	(void)call_member(body, "data", &a->data);
	if (call_member(body, "errors", &list) && !is_null(list))
		errors = json_parse(list, CALL_JSON_MAX, NULL);
	if (errors && errors->child && says(errors, "rate limit")) {
		const cJSON *more = json_obj(errors->child, "extensions");
		*wait_us = call_i64(more, "retryAfter", *wait_us / MW_SECOND) * MW_SECOND;
		(void)graphql_err(x, errors, e); /* what is said where no wait helps */
		rc = 1;
	} else if (errors && errors->child && has_data(a->data)) {
		a->part = xasprintf("Wiz says: %s", json_str(errors->child, "message", "?"));
	} else if (errors && errors->child) {
		rc = graphql_err(x, errors, e);
	} else if (is_null(a->data)) {
		rc = err_set(e, ERR_REMOTE, "%s: an answer without data and without errors%s",
		             x->c.source.name, list.n && !errors ? ": its JSON is broken" : "");
	}
	cJSON_Delete(errors);
	return rc;
}

/* A mutation is not sent again: it may have been done. */
static bool is_mutation(const cJSON *body)
{
	return !strncmp(json_str(body, "query", ""), "mutation", 8);
}

int wiz_post(struct wiz *x, const struct source_run *run, const cJSON *body, struct wiz_answer *out,
             struct err *e)
{
	struct buf text = BUF_INIT;
	int64_t wait_us = RATE_WAIT;
	int rc = 1;

	*out = (struct wiz_answer){0};
	x->run = *run;
	json_write(&text, body);
	for (int i = 0; rc > 0 && i < RATE_TRIES; i++) {
		struct http_request rq = {.method = "POST",
		                          .path = API_PATH,
		                          .body = {text.s, text.len},
		                          .content_type = "application/json",
		                          .idempotent = !is_mutation(body)};
		wiz_answer_release(out);
		*out = (struct wiz_answer){0};
		rc = call_do(x->api, run, &rq, &out->rs, e);
		rc = rc ? rc : look_at(x, out, &wait_us, e);
		if (rc > 0 && i + 1 < RATE_TRIES && call_wait(run, wait_us, x->c.source.name, e))
			rc = -1;
		wait_us *= 2;
	}
	buf_release(&text);
	return rc ? -1 : 0;
}

int wiz_call(struct wiz *x, const struct source_run *run, const char *document, cJSON *vars,
             struct wiz_answer *out, struct err *e)
{
	cJSON *body = wiz_body(document, vars);
	int rc = wiz_post(x, run, body, out, e);

	cJSON_Delete(body);
	return rc;
}

cJSON *wiz_body(const char *document, cJSON *vars)
{
	cJSON *body = cJSON_CreateObject();

	json_add_str(body, "query", document);
	cJSON_AddItemToObject(body, "variables", vars);
	return body;
}

cJSON *wiz_filter(cJSON *filter, int64_t first)
{
	cJSON *vars = cJSON_CreateObject();

	cJSON_AddItemToObject(vars, "filterBy", filter);
	json_add_i64(vars, "first", first);
	return vars;
}

cJSON *wiz_equals(const char *value)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToArray(json_add_arr(o, "equals"), cJSON_CreateString(value));
	return o;
}

/* ---- pages ---- */

static bool wants_more(struct slice list)
{
	struct slice info, more;

	return call_member(list, "pageInfo", &info) && call_member(info, "hasNextPage", &more) &&
	       slice_eq(more, SLICE("true"));
}

/* One page: *next gets its cursor (malloc), NULL on the last one. The cursor is looked at first, so that no page goes out twice. */
static int take_page(struct wiz *x, struct slice data, const char *root, struct map *seen,
                     char **next, call_each_fn *each, void *ctx, struct err *e)
{
	struct slice list, nodes;

	if (!call_member(data, root, &list) || is_null(list))
		return err_set(e, ERR_REMOTE, "%s: its answer has no %s", x->c.source.name, root);
	*next = wants_more(list) ? call_text(list, "pageInfo.endCursor") : NULL;
	if (wants_more(list) && !*next)
		return err_set(e, ERR_REMOTE,
		               "%s: there are more pages of %s and no cursor that leads to them",
		               x->c.source.name, root);
	if (*next && call_once(seen, x->c.source.name, "cursor", slice_of(*next), e))
		return -1;
	if (!call_member(list, "nodes", &nodes) || is_null(nodes))
		return 0;
	return call_elements(nodes, each, ctx, e);
}

static void set_after(cJSON *body, const char *cursor)
{
	cJSON *vars = json_obj(body, "variables");

	cJSON_DeleteItemFromObject(vars, "after");
	json_add_str(vars, "after", cursor);
}

int wiz_each(struct wiz *x, const struct source_run *run, cJSON *body, const char *root,
             call_each_fn *each, void *ctx, char **part, struct err *e)
{
	struct map seen = MAP_INIT;
	char *cursor = NULL;
	int rc = 0;

	for (int i = 0; !rc && (i == 0 || cursor); i++) {
		struct wiz_answer a;
		if (cursor)
			set_after(body, cursor);
		free(cursor);
		cursor = NULL;
		if (i == PAGES_MAX) {
			rc = err_set(e, ERR_LIMIT, "%s: over %d pages of %s", x->c.source.name,
			             PAGES_MAX, root);
			break;
		}
		rc = wiz_post(x, run, body, &a, e);
		rc = rc ? rc : take_page(x, a.data, root, &seen, &cursor, each, ctx, e);
		if (a.part && !*part)
			*part = xstrdup(a.part);
		wiz_answer_release(&a);
	}
	free(cursor);
	map_release(&seen);
	return rc;
}

/* ---- entities ---- */

cJSON *wiz_entity_node(const cJSON *o)
{
	cJSON *props = cnapp_unfolded(json_get(o, "properties")), *node;
	const char *type = json_str(o, "type", ""), *cloud;

	cloud = json_str(props, "providerUniqueId", json_str(props, "externalId", NULL));
	node = cnapp_node(
	        &(struct cnapp_facts){.platform = "wiz",
	                              .cloud_id = cloud,
	                              .own_id = json_str(o, "id", ""),
	                              .type = wiz_node_type(type),
	                              .word = json_str(props, "nativeType", type),
	                              .name = json_str(o, "name", NULL),
	                              .account = json_str(props, "subscriptionExternalId", NULL),
	                              .region = json_str(props, "region", NULL)});
	cnapp_prop(node, "entity_type", type);
	cnapp_prop(node, "external_id", json_str(props, "externalId", NULL));
	if (cJSON_IsObject(props))
		cnapp_props(node, props);
	cJSON_Delete(props);
	return node;
}

static cJSON *way_edge(const cJSON *exposure, const char *from, const char *to)
{
	const char *port = json_str(exposure, "portRange", ""),
	           *range = json_str(exposure, "sourceIpRange", "");
	char *label = xasprintf("port %s from %s", port, range);
	cJSON *edge = cnapp_edge("exposes", from, to, label), *props = json_add_obj(edge, "props");

	json_add_str(props, "action", label);
	json_add_str(props, "port", port);
	json_add_str(props, "cidr", range);
	json_add_str(props, "via", "wiz");
	free(label);
	return edge;
}

static cJSON *one_way(const cJSON *exposure, const cJSON *node)
{
	cJSON *parts = cJSON_CreateArray(), *to;
	const char *before = "internet";
	const cJSON *p;

	cJSON_AddItemToArray(parts, cnapp_node(&(struct cnapp_facts){.platform = "wiz",
	                                                             .cloud_id = "internet",
	                                                             .type = "internet",
	                                                             .name = "internet"}));
	cJSON_ArrayForEach(p, json_arr(exposure, "path"))
	{
		if (!cJSON_IsObject(p))
			continue;
		to = wiz_entity_node(p);
		cJSON_AddItemToArray(parts,
		                     !strcmp(before, "internet")
		                             ? way_edge(exposure, before, cnapp_id(to))
		                             : cnapp_edge("routes_to", before, cnapp_id(to), NULL));
		cJSON_AddItemToArray(parts, to);
		before = cnapp_id(to);
	}
	cJSON_AddItemToArray(parts,
	                     !strcmp(before, "internet")
	                             ? way_edge(exposure, before, cnapp_id(node))
	                             : cnapp_edge("routes_to", before, cnapp_id(node), NULL));
	cJSON_AddItemToArray(parts, cJSON_Duplicate(node, true));
	return parts;
}

cJSON *wiz_ways(const cJSON *entity)
{
	cJSON *all = cJSON_CreateArray(), *node = wiz_entity_node(entity);
	const cJSON *exposure;

	cJSON_ArrayForEach(exposure, json_arr(json_obj(entity, "publicExposures"), "nodes"))
	        cJSON_AddItemToArray(all, one_way(exposure, node));
	cJSON_Delete(node);
	return all;
}

/* ---- graph search ---- */

static int give_ways(struct cnapp_graph *g, const cJSON *entities, struct err *e)
{
	cJSON *ways = wiz_ways(entities->child), *way;
	int rc = 0;

	while (!rc && (way = cJSON_DetachItemFromArray(ways, 0)))
		rc = cnapp_way(g, way, e);
	cJSON_Delete(ways);
	return rc;
}

/* {"entities":[..]}: a chain in the order of the query; a hop that is not there is null. */
static int on_result(void *ctx, struct slice value, struct err *e)
{
	struct cnapp_graph *g = ctx;
	cJSON *j = json_parse(value, CALL_JSON_MAX, e), *nodes = cJSON_CreateArray();
	const cJSON *entities = json_arr(j, "entities"), *o;
	int rc = j ? 0 : -1;

	if (!rc && g->g->fn == GF_EXPOSURE) {
		rc = entities && cJSON_IsObject(entities->child) ? give_ways(g, entities, e) : 0;
	} else if (!rc) {
		cJSON_ArrayForEach(o, entities) cJSON_AddItemToArray(
		        nodes, cJSON_IsObject(o) ? wiz_entity_node(o) : cJSON_CreateNull());
		rc = cnapp_chain(g, nodes, e);
	}
	cJSON_Delete(nodes);
	cJSON_Delete(j);
	return rc;
}

static int search_project(struct wiz *x, struct cnapp_graph *g, const char *project, struct err *e)
{
	cJSON *body = json_parse((struct slice){g->s.text.text.s, g->s.text.text.len},
	                         MW_PLAN_JSON_MAX, e),
	      *vars = json_obj(body, "variables");
	char *part = NULL;
	int rc = -1;

	if (body) {
		cJSON_DeleteItemFromObject(vars, "projectId");
		json_add_str(vars, "projectId", project);
		rc = wiz_each(x, g->s.run, body, "graphSearch", on_result, g, &part, e);
	}
	if (part)
		search_partial(&g->s, "%s", part);
	cJSON_Delete(body);
	free(part);
	return rc;
}

static int ask(void *ctx, struct cnapp_graph *g, struct err *e)
{
	struct wiz *x = ctx;
	const cJSON *projects = json_arr(x->env.entry, "indexes"), *one;
	int rc = projects ? 0 : search_project(x, g, "*", e);

	cJSON_ArrayForEach(one, projects)
	{
		if (!rc)
			rc = search_project(x, g, one->valuestring, e);
	}
	return rc;
}

static int search(struct source *src, const struct plan *p, size_t i, const struct source_run *run,
                  const struct source_sink *sink, struct source_done *done, struct err *e)
{
	struct wiz *x = (struct wiz *)src;
	const struct cnapp_step step = {&x->env, RENDER_WIZ, p, i, ask, x};

	return cnapp_run(&step, run, sink, done, e);
}

/* ---- opening ---- */

static void close_(struct source *s)
{
	struct wiz *x = (struct wiz *)s;

	http_free(x->login);
	http_free(x->api);
	free(x->login_path);
	free(x->claims);
	free(x);
}

/* Tenants of the first years log in at Auth0, with another audience. */
static const char *audience_of(const char *url)
{
	static const char *const old[] = {"//auth.wiz.io", "//auth0.", "//auth.gov.wiz.io/auth0"};

	for (size_t i = 0; i < ARRAY_LEN(old); i++)
		if (strstr(url, old[i]))
			return "beyond-api";
	return "wiz-api";
}

static int open_login(struct wiz *x, struct err *e)
{
	const char *url = json_str(x->env.entry, "login_url", PUBLIC_LOGIN),
	           *host = strstr(url, "://"), *path = host ? strchr(host + 3, '/') : NULL;
	char *base = path ? xstrndup(url, (size_t)(path - url)) : xstrdup(url);
	struct http_conf more = {.base_url = base, .max_retries = CONNECTOR_RETRIES};
	int rc;

	x->audience = audience_of(url);
	x->login_path = xstrdup(path && path[1] ? path : TOKEN_PATH);
	rc = connector_http(&x->login, &x->env, &more, NULL, NULL, e);
	free(base);
	return rc;
}

static int open_api(struct wiz *x, struct err *e)
{
	const char *url = json_str(x->env.entry, "url", "");
	size_t n = strlen(url), m = strlen(API_PATH);
	char *base;
	struct http_conf more = {.max_retries = CONNECTOR_RETRIES};
	int rc;

	while (n && url[n - 1] == '/')
		n--;
	if (n > m && !strncmp(url + n - m, API_PATH, m))
		n -= m;
	base = xstrndup(url, n);
	more.base_url = base;
	more.per_second = json_i64(x->env.entry, "per_second", 0) ? 0 : PER_SECOND;
	rc = connector_http(&x->api, &x->env, &more, fetch_token, x, e);
	free(base);
	return rc;
}

static const struct source_ops ops = {.kind = "wiz", .search = search, .close = close_};

static int open_(struct connected **out, const struct connector_env *env, struct err *e)
{
	struct wiz *x = xcalloc(1, sizeof(*x));

	x->c = (struct connected){{&ops, json_str(env->entry, "name", "wiz")}, &connector_wiz};
	x->env = *env;
	if (open_login(x, e) || open_api(x, e)) {
		close_(&x->c.source);
		return -1;
	}
	*out = &x->c;
	return 0;
}

const struct connector connector_wiz = {
        .kind = "wiz",
        .rights = WIZ_RIGHTS,
        .open = open_,
        .test = wiz_test,
        .findings = wiz_findings,
        .finding = wiz_finding,
        .asset = wiz_asset,
        .update = wiz_update,
};
