/*
 * Lacework (FortiCNAPP), API v2: a token for an hour from key id and secret, searches with pages by link, an empty answer as 204. Facts: the
 * vendor's SDK and its tests. Unconfirmed and handled so:
 *   - the token as "token" or, in the old form, in data[0];
 *   - RateLimit-Reset in seconds or as a time; whatever it says, no more than 480 requests an hour are made to a group of functions;
 *   - Inventory with or without `dataset` (newer tenants): where it is refused, without;
 *   - a record inside an LQL row as an object or as its text;
 *   - whether the ends of an LQL window belong to it: a row that comes twice is taken once.
 * Alerts are polled by their start: one that is changed more than six days after it began is seen changed only when it is opened. The level of
 * an organisation (Org-Access) is not asked; `account` names a sub-account.
 */
#include "source/lacework.h"

#define TOKEN_SECONDS 3600

/* ---- token ---- */

static int take_token(struct lacework *x, const cJSON *answer, struct secret **header,
                      mw_time *expires, struct err *e)
{
	const cJSON *first = cJSON_GetArrayItem(json_arr(answer, "data"), 0);
	const char *token = json_str(answer, "token", json_str(first, "token", NULL)),
	           *end = json_str(answer, "expiresAt", json_str(first, "expiresAt", ""));
	struct secret *s;

	if (!token)
		return err_set(e, ERR_REMOTE, "%s: it gave no token for the key", x->c.source.name);
	s = secret_new(token, strlen(token));
	*header = connector_header("Authorization: Bearer ", s);
	/* Its clock may be another: an end that cannot be one of what was asked for says nothing. */
	if (!mw_time_parse(slice_of(end), expires) || *expires <= mw_now() ||
	    *expires > mw_now() + TOKEN_SECONDS * MW_SECOND)
		*expires = mw_now() + TOKEN_SECONDS * MW_SECOND;
	secret_free(s);
	return 0;
}

static int fetch_token(void *ctx, struct http *h, bool force, struct secret **header,
                       mw_time *expires, struct err *e)
{
	struct lacework *x = ctx;
	struct http_request rq = {.method = "POST",
	                          .path = "/api/v2/access/tokens",
	                          .content_type = "application/json",
	                          .idempotent = true};
	cJSON *doc = cJSON_CreateObject(), *answer = NULL;
	struct buf body = BUF_INIT;
	int rc;

	(void)h, (void)force;
	json_add_str(doc, "keyId", json_str(x->env.entry, "client", ""));
	json_add_i64(doc, "expiryTime", TOKEN_SECONDS);
	json_write(&body, doc);
	rq.body = (struct slice){body.s, body.len};
	rc = call_json(x->login, &x->run, &rq, &answer, e);
	if (rc)
		err_prefix(e, "asking for an access token");
	else
		rc = take_token(x, answer, header, expires, e);
	buf_release(&body);
	cJSON_Delete(answer);
	cJSON_Delete(doc);
	return rc;
}

/* ---- the hour's budget ---- */

/* "/api/v2/Alerts/search" and "https://host/api/v2/Alerts/..." are of the group Alerts. */
static struct lacework_group *group_of(struct lacework *x, const char *path)
{
	static const char before[] = "/api/v2/";
	const char *from = strstr(path, before);
	size_t n, i;

	from = from ? from + sizeof(before) - 1 : path;
	n = strcspn(from, "/?");
	n = n < sizeof(x->groups[0].name) ? n : sizeof(x->groups[0].name) - 1;
	for (i = 0; i + 1 < LACEWORK_GROUPS && *x->groups[i].name; i++)
		if (strlen(x->groups[i].name) == n && !memcmp(x->groups[i].name, from, n))
			return &x->groups[i];
	if (!*x->groups[i].name) {
		memcpy(x->groups[i].name, from, n);
		x->groups[i].left = -1;
	}
	return &x->groups[i];
}

/* Requests of the last hour, and when the oldest of them ends to count. */
static size_t used(const struct lacework_group *g, int64_t now, int64_t *free_at)
{
	size_t n = 0;

	*free_at = now;
	for (size_t i = 0; i < g->n; i++) {
		int64_t at = g->at[(g->next + LACEWORK_HOURLY - g->n + i) % LACEWORK_HOURLY];
		if (now - at >= MW_HOUR)
			continue;
		if (!n++)
			*free_at = at + MW_HOUR;
	}
	return n;
}

static int64_t left_of(const struct lacework_group *g, int64_t now, int64_t *free_at)
{
	int64_t left = LACEWORK_HOURLY - (int64_t)used(g, now, free_at);

	if (g->left < 0 || now >= g->until_us || g->left >= left)
		return left;
	*free_at = g->until_us;
	return g->left;
}

int64_t lacework_left(struct lacework *x, const char *group)
{
	int64_t free_at;

	return left_of(group_of(x, group), mw_mono_us(), &free_at);
}

static int keep_budget(struct lacework *x, struct lacework_group *g, const struct source_run *run,
                       struct err *e)
{
	int64_t now = mw_mono_us(), free_at;
	char at[16];

	if (left_of(g, now, &free_at) > 0)
		return 0;
	if (free_at < run->deadline_us)
		return call_wait(run, free_at - now, x->c.source.name, e);
	mw_time_hms(mw_now() + (free_at - now), at);
	return err_set(
	        e, ERR_LIMIT,
	        "%s: its %d requests an hour for %s are used up: the next is possible at %s UTC; "
	        "nothing was sent",
	        x->c.source.name, LACEWORK_HOURLY, g->name, at);
}

static void note_used(struct lacework_group *g, const struct http_response *rs)
{
	struct slice left = http_header(rs, "RateLimit-Remaining"),
	             reset = http_header(rs, "RateLimit-Reset");
	int64_t now = mw_mono_us();
	double seconds = 3600;

	for (int i = 0; i < (rs->tries > 0 ? rs->tries : 1); i++) {
		g->at[g->next++ % LACEWORK_HOURLY] = now;
		g->next %= LACEWORK_HOURLY;
		g->n += g->n < LACEWORK_HOURLY;
	}
	if (!slice_i64(left, &g->left)) {
		g->left = -1;
		return;
	}
	if (slice_double(reset, &seconds) && seconds > 1e9)
		seconds -= (double)mw_now() / 1e6;
	g->until_us = now + (int64_t)((seconds > 0 && seconds < 3600 ? seconds : 3600) * 1e6);
}

/* ---- calls ---- */

int lacework_call(struct lacework *x, const struct source_run *run, const char *method,
                  const char *path, const cJSON *doc, bool reads, struct http_response *rs,
                  struct err *e)
{
	const char *account = json_str(x->env.entry, "account", NULL);
	char *header = account ? xasprintf("Account-Name: %s", account) : NULL;
	const char *headers[] = {header, NULL};
	struct lacework_group *g = group_of(x, path);
	struct buf body = BUF_INIT;
	struct http_request rq = {.method = method,
	                          .path = path,
	                          .headers = headers,
	                          .content_type = "application/json",
	                          .idempotent = reads};
	int rc;

	*rs = (struct http_response){0};
	x->run = *run;
	if (doc)
		json_write(&body, doc);
	rq.body = (struct slice){body.s, body.len};
	rc = keep_budget(x, g, run, e);
	if (!rc) {
		rc = call_do(x->http, run, &rq, rs, e);
		note_used(g, rs);
	}
	if (!rc && slice_trim((struct slice){rs->body.s, rs->body.len}).n)
		rc = call_expect_json(x->c.source.name, rs, e);
	buf_release(&body);
	free(header);
	return rc;
}

int lacework_json(struct lacework *x, const struct source_run *run, const char *method,
                  const char *path, const cJSON *doc, bool reads, cJSON **out, struct err *e)
{
	struct http_response rs;
	int rc = lacework_call(x, run, method, path, doc, reads, &rs, e);

	*out = NULL;
	rc = rc ? rc : call_parse(x->c.source.name, &rs, out, e);
	if (!rc && json_get(*out, "ok") && !json_bool(*out, "ok", true)) {
		struct buf text = BUF_INIT;
		call_message((struct slice){rs.body.s, rs.body.len}, &text);
		rc = err_set(e, ERR_REMOTE, "%s refused: %s", x->c.source.name, text.s);
		buf_release(&text);
		cJSON_Delete(*out);
		*out = NULL;
	}
	http_response_release(&rs);
	return rc;
}

/* ---- pages ---- */

static int take_page(struct lacework *x, struct slice body, struct map *seen, call_each_fn *fn,
                     void *ctx, char **next, struct err *e)
{
	struct slice rows;
	int rc;

	*next = NULL;
	if (!slice_trim(body).n)
		return 0; /* 204: none */
	if (!call_member(body, "data", &rows))
		return err_set(e, ERR_REMOTE, "%s: its answer has no data", x->c.source.name);
	rc = rows.n > 2 ? call_once(seen, x->c.source.name, "page", rows, e) : 0;
	rc = rc ? rc : call_elements(rows, fn, ctx, e);
	*next = rc ? NULL : call_text(body, "paging.urls.nextPage");
	return rc;
}

int lacework_rows(struct lacework *x, const struct source_run *run, const char *path,
                  const cJSON *doc, call_each_fn *fn, void *ctx, struct err *e)
{
	struct map seen = MAP_INIT;
	char *at = xstrdup(path), *next;
	int rc = 0;

	/* Only a link to the same host is followed: net/ refuses others before the token is sent. */
	while (!rc && at) {
		struct http_response rs;
		rc = call_once(&seen, x->c.source.name, "link to a next page", slice_of(at), e);
		if (rc)
			break;
		rc = lacework_call(x, run, doc ? "POST" : "GET", at, doc, true, &rs, e);
		next = NULL;
		rc = rc ? rc
		        : take_page(x, (struct slice){rs.body.s, rs.body.len}, &seen, fn, ctx,
		                    &next, e);
		http_response_release(&rs);
		free(at);
		at = next;
		doc = NULL;
	}
	free(at);
	map_release(&seen);
	return rc;
}

void lacework_time(mw_time t, char out[40])
{
	char seconds[32];

	mw_time_format(t - (t % MW_SECOND), seconds);
	snprintf(out, 40, "%.19s.%03dZ", seconds, (int)(t % MW_SECOND / 1000));
}

void lacework_time_filter(cJSON *doc, mw_time from, mw_time to)
{
	cJSON *o = json_add_obj(doc, "timeFilter");
	char text[40];

	lacework_time(from, text);
	json_add_str(o, "startTime", text);
	lacework_time(to, text);
	json_add_str(o, "endTime", text);
}

void lacework_filter(cJSON *doc, const char *field, const char *value)
{
	cJSON *list = json_arr(doc, "filters"), *o = cJSON_CreateObject();

	if (!list)
		list = json_add_arr(doc, "filters");
	json_add_str(o, "field", field);
	json_add_str(o, "expression", "eq");
	json_add_str(o, "value", value);
	cJSON_AddItemToArray(list, o);
}

/* ---- opening ---- */

static void close_(struct source *s)
{
	struct lacework *x = (struct lacework *)s;

	http_free(x->http);
	http_free(x->login);
	secret_free(x->key);
	free(x);
}

static const struct source_ops ops = {
        .kind = "lacework", .search = lacework_search, .close = close_, .fit = lacework_fit};

static int open_(struct connected **out, const struct connector_env *env, struct err *e)
{
	struct lacework *x = xcalloc(1, sizeof(*x));
	/* RateLimit-Reset comes with every answer: it is no time to wait before a retry. */
	struct http_conf more = {.max_retries = CONNECTOR_RETRIES};

	x->c = (struct connected){{&ops, json_str(env->entry, "name", "lacework")},
	                          &connector_lacework};
	x->env = *env;
	x->key = env->secret ? connector_header("X-LW-UAKS: ", env->secret) : NULL;
	if (connector_http(&x->login, env, &more, x->key ? connector_fixed_auth : NULL, x->key,
	                   e) ||
	    connector_http(&x->http, env, &more, fetch_token, x, e)) {
		close_(&x->c.source);
		return -1;
	}
	*out = &x->c;
	return 0;
}

const struct connector connector_lacework = {
        .kind = "lacework",
        .rights = LACEWORK_RIGHTS,
        .open = open_,
        .test = lacework_test,
        .catalog = lacework_catalog,
        .findings = lacework_findings,
        .finding = lacework_finding,
        .finding_events = lacework_finding_events,
        .asset = lacework_asset,
        .update = lacework_update,
};
