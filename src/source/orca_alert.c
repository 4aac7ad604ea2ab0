/*
 * Orca's alerts, by the time of their last change. The serving layer is read by that time: each page begins where the last one ended, so that
 * an alert that changes meanwhile moves to the end and pushes none out of sight. What it does not sort or filter so, or refuses, is read from the
 * legacy API, whole, and sorted here.
 */
#include "source/cnapp.h"
#include "source/orca.h"

#define PAGE 500
#define PAGES_MAX 400
#define LEGACY_ROWS_MAX 20000      /* held to be sorted; it gives 10,000 at most */
#define CLOSED_SINCE (90 * MW_DAY) /* one that was closed longer ago is no news */
#define PLACES 3

/* Where the two APIs have things. */
struct form {
	const char *id[PLACES], *updated[PLACES], *risk[PLACES], *status[PLACES];
};
static const struct form serving_form = {{"data.AlertId.value", "name"},
                                         {"data.LastUpdated.value"},
                                         {"data.RiskLevel.value"},
                                         {"data.Status.value"}};
static const struct form legacy_form = {
        {"state.alert_id"},
        {"state.last_updated", "state.last_seen", "state.created_at"},
        {"state.risk_level"},
        {"state.status"}};

static char *first_text(struct slice raw, const char *const *places)
{
	char *text = NULL;

	for (size_t i = 0; i < PLACES && places[i] && !text; i++)
		text = call_text(raw, places[i]);
	return text;
}

struct list {
	struct orca *x;
	const struct source_run *run;
	const struct finding_sink *sink;
	const struct form *form;
	char **text; /* the caller's cursor */
	struct cnapp_cursor cursor;
	struct map seen; /* pages, so that none comes twice */
	/* of the page in hand */
	mw_time since, last;
	int64_t rows;
	bool unsorted; /* it is not sorted by the last change, or begins before what was asked for */
};

/* ---- one row ---- */

/* Older alerts have a number in place of a word. */
static char *risk_of(const struct list *l, struct slice raw)
{
	static const char *const words[] = {"", "critical", "high", "medium", "informational"};
	char *risk = first_text(raw, l->form->risk), *score;
	int64_t n = 0;

	if (risk)
		return risk;
	score = call_text(raw, "state.score");
	(void)slice_i64(slice_of(score), &n);
	free(score);
	return n > 0 && n < (int64_t)ARRAY_LEN(words) ? xstrdup(words[n]) : NULL;
}

static bool severity_in_scope(const struct list *l, struct slice raw)
{
	const cJSON *entry = l->x->env.entry;
	char *risk;
	bool in;

	if (!json_arr(entry, "severities"))
		return true;
	risk = risk_of(l, raw);
	in = risk &&
	     (connector_in_scope(entry, "severities", risk) ||
	      (!strcmp(risk, "informational") && connector_in_scope(entry, "severities", "info")));
	free(risk);
	return in;
}

static bool is_old_news(const struct list *l, struct slice raw, mw_time updated)
{
	char *status = updated < mw_now() - CLOSED_SINCE ? first_text(raw, l->form->status) : NULL;
	bool over = status && (!strcmp(status, "closed") || !strcmp(status, "dismissed"));

	free(status);
	return over;
}

static int give(struct list *l, struct slice raw, struct slice id, const char *etag,
                mw_time updated, struct err *e)
{
	struct source_finding f = {
	        .dataset = "finding.orca", .id = id, .updated = updated, .raw = raw, .etag = etag};

	if (!cnapp_cursor_is_new(&l->cursor, updated, id))
		return 0;
	if (severity_in_scope(l, raw) && orca_in_accounts(l->x, raw) &&
	    !is_old_news(l, raw, updated) && l->sink->finding(l->sink->ctx, &f, e))
		return -1;
	cnapp_cursor_took(&l->cursor, updated, id);
	cnapp_cursor_write(&l->cursor, true, l->text);
	return 0;
}

static int read_time(const struct list *l, struct slice raw, mw_time *t, struct err *e)
{
	char *text = first_text(raw, l->form->updated);
	bool ok = text && mw_time_parse(slice_of(text), t);

	free(text);
	return ok ? 0
	          : err_set(e, ERR_REMOTE, "%s: an alert does not say when it last changed",
	                    l->x->c.source.name);
}

static int take(struct list *l, struct slice raw, mw_time updated, struct err *e)
{
	char *id = first_text(raw, l->form->id), *etag = first_text(raw, l->form->updated);
	int rc = id ? give(l, raw, slice_of(id), etag, updated, e)
	            : err_set(e, ERR_REMOTE, "%s: an alert has no id", l->x->c.source.name);

	free(id);
	free(etag);
	return rc;
}

/* ---- the serving layer ---- */

static cJSON *since_condition(mw_time since)
{
	cJSON *o = cJSON_CreateObject(), *values;
	char from[32], to[32];

	mw_time_format(since, from);
	mw_time_format(mw_now() + MW_DAY, to);
	json_add_str(o, "key", "LastUpdated");
	values = json_add_arr(o, "values");
	cJSON_AddItemToArray(values, cJSON_CreateString(from));
	cJSON_AddItemToArray(values, cJSON_CreateString(to));
	json_add_str(o, "type", "datetime");
	json_add_str(o, "operator", "range");
	return o;
}

/* All of a page is looked at before any of it is given. */
static int check_order(void *ctx, struct slice raw, struct err *e)
{
	struct list *l = ctx;
	mw_time updated;

	l->rows++;
	l->unsorted = read_time(l, raw, &updated, e) != 0;
	if (l->unsorted)
		return -1;
	l->unsorted = updated < l->last;
	if (l->unsorted)
		return err_set(e, ERR_REMOTE, "%s does not sort alerts by their last change",
		               l->x->c.source.name);
	l->last = updated;
	return 0;
}

static int on_serving(void *ctx, struct slice raw, struct err *e)
{
	mw_time updated;

	return read_time(ctx, raw, &updated, e) ? -1 : take(ctx, raw, updated, e);
}

static int serving_page(struct list *l, int64_t at, struct http_response *rs, struct err *e)
{
	cJSON *with = l->since == MW_TIME_NONE ? NULL : since_condition(l->since),
	      *doc = orca_query("Alert", with, PAGE, at);
	struct slice rows;
	int rc;

	cJSON_AddItemToArray(json_add_arr(doc, "order_by[]"), cJSON_CreateString("LastUpdated"));
	rc = orca_call(l->x, l->run, "POST", ORCA_QUERY, doc, rs, e);
	cJSON_Delete(doc);
	if (!rc && !call_member((struct slice){rs->body.s, rs->body.len}, "data", &rows))
		rc = err_set(e, ERR_REMOTE, "%s: its answer has no data", l->x->c.source.name);
	if (!rc && rows.n > 2)
		rc = call_once(&l->seen, l->x->c.source.name, "page of alerts", rows, e);
	l->rows = 0;
	l->last = l->since;
	rc = rc ? rc : call_elements(rows, check_order, l, e);
	return rc ? rc : call_elements(rows, on_serving, l, e);
}

/* *refused: it is not a fault of the moment, the legacy API may know better. */
static bool is_refusal(const struct list *l, const struct http_response *rs)
{
	static const int statuses[] = {400, 403, 404, 405, 410, 501};

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (rs->status == statuses[i])
			return true;
	return l->unsorted ||
	       (rs->status == 200 &&
	        orca_success(l->x, (struct slice){rs->body.s, rs->body.len}, NULL) != 0);
}

static int serving_list(struct list *l, bool *refused, struct err *e)
{
	int64_t at = 0, total;
	int rc = 0;

	l->form = &serving_form;
	l->since = l->cursor.at;
	for (int i = 0; !rc && i < PAGES_MAX; i++) {
		struct http_response rs;
		rc = serving_page(l, at, &rs, e);
		*refused = rc && is_refusal(l, &rs);
		total = orca_total((struct slice){rs.body.s, rs.body.len});
		http_response_release(&rs);
		at += l->rows;
		if (rc || (total < 0 ? l->rows < PAGE : at >= total))
			break;
		if (!l->rows)
			rc = err_set(e, ERR_REMOTE, "%s has %lld alerts and gave only %lld",
			             l->x->c.source.name, (long long)total, (long long)at);
		if (l->last > l->since) {
			l->since = l->last;
			at = 0;
		}
	}
	return rc;
}

/* ---- the legacy API ---- */

struct held {
	mw_time updated;
	size_t order;
	char *raw;
	size_t n;
};
struct legacy {
	struct list *l;
	VEC(struct held) v;
};

static int on_legacy(void *ctx, struct slice raw, struct err *e)
{
	struct legacy *g = ctx;
	struct held h = {.order = g->v.n, .n = raw.n};

	if (read_time(g->l, raw, &h.updated, e))
		return -1;
	if (g->v.n == LEGACY_ROWS_MAX)
		return err_set(e, ERR_LIMIT,
		               "%s gave over %d alerts at once; limit the token to fewer accounts",
		               g->l->x->c.source.name, LEGACY_ROWS_MAX);
	h.raw = xmalloc(raw.n + 1);
	memcpy(h.raw, raw.s, raw.n);
	*vec_push(&g->v) = h;
	return 0;
}

static int by_change(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	if (x->updated != y->updated)
		return x->updated < y->updated ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void legacy_form_body(const struct list *l, const char *token, struct buf *out)
{
	cJSON *filter = cJSON_CreateArray(), *one;
	struct buf text = BUF_INIT;
	char since[32];

	call_form_i64(out, "limit", PAGE);
	if (l->since != MW_TIME_NONE) {
		mw_time_format(l->since, since);
		one = cJSON_CreateObject();
		json_add_str(one, "field", "state.last_updated");
		json_add_str(json_add_obj(one, "range"), "gte", since);
		cJSON_AddItemToArray(filter, one);
		json_write(&text, filter);
		call_form(out, "dsl_filter", (struct slice){text.s, text.len});
	}
	if (token)
		call_form_str(out, "next_page_token", token);
	buf_release(&text);
	cJSON_Delete(filter);
}

static int legacy_page(struct legacy *g, char **token, struct err *e)
{
	struct orca *x = g->l->x;
	struct buf form = BUF_INIT;
	struct http_request rq = {.method = "POST",
	                          .path = "/api/rules/query/alerts",
	                          .content_type = "application/x-www-form-urlencoded",
	                          .idempotent = true};
	struct http_response rs;
	struct slice body, rows;
	int rc;

	legacy_form_body(g->l, *token, &form);
	rq.body = (struct slice){form.s, form.len};
	rc = call_do(x->http, g->l->run, &rq, &rs, e);
	rc = rc ? rc : call_expect_json(x->c.source.name, &rs, e);
	body = (struct slice){rs.body.s, rs.body.len};
	rc = rc ? rc : orca_success(x, body, e);
	if (!rc && !call_member(body, "data", &rows))
		rc = err_set(e, ERR_REMOTE, "%s: its list of alerts has no data", x->c.source.name);
	rc = rc ? rc : call_elements(rows, on_legacy, g, e);
	free(*token);
	*token = rc ? NULL : call_text(body, "next_page_token");
	if (*token)
		rc = call_once(&g->l->seen, x->c.source.name, "token of a next page",
		               slice_of(*token), e);
	http_response_release(&rs);
	buf_release(&form);
	return rc;
}

static int legacy_list(struct list *l, struct err *e)
{
	struct legacy g = {.l = l};
	char *token = NULL;
	int rc;

	l->form = &legacy_form;
	l->since = l->cursor.at;
	do
		rc = legacy_page(&g, &token, e);
	while (!rc && token);
	if (g.v.n)
		qsort(g.v.v, g.v.n, sizeof(*g.v.v), by_change);
	for (size_t i = 0; i < g.v.n; i++) {
		struct slice raw = {g.v.v[i].raw, g.v.v[i].n};
		rc = rc ? rc : take(l, raw, g.v.v[i].updated, e);
		free(g.v.v[i].raw);
	}
	vec_free(&g.v);
	free(token);
	return rc;
}

/* ---- both ---- */

int orca_findings(struct connected *c, const struct source_run *run, char **cursor,
                  const struct finding_sink *sink, struct err *e)
{
	struct orca *x = orca_of(c);
	struct list l = {.x = x, .run = run, .sink = sink, .text = cursor};
	struct err why = {0};
	bool refused = x->no_serving != NULL;
	char *before = *cursor ? xstrdup(*cursor) : NULL;
	int rc = orca_model_scope(x, "Alert", e);

	cnapp_cursor_read(&l.cursor, before);
	if (!rc && !refused) {
		rc = serving_list(&l, &refused, &why);
		*e = rc ? why : *e;
		x->no_serving = refused ? xstrdup(why.what) : NULL;
	} else if (rc) {
		refused = false;
	}
	if (refused) {
		/* From where the poll began: what came out of order may have been passed by. */
		cnapp_cursor_release(&l.cursor);
		cnapp_cursor_read(&l.cursor, before);
		rc = legacy_list(&l, e);
		if (rc && why.code)
			err_prefix(e, "the serving layer: %s; then the legacy alerts", why.what);
	}
	cnapp_cursor_release(&l.cursor);
	map_release(&l.seen);
	free(before);
	return rc;
}
