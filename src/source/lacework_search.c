/*
 * A step of a plan as LQL. CloudTrail's records are rows of events: a record stands in the column EVENT, as an object or as its text. Resources
 * are rows of configuration tables. The request carries window and limit; a window is seven days at most, and is halved where it is full.
 */
#include "source/cnapp.h"
#include "source/lacework.h"
#include "store/graph.h"

#define WINDOW_MIN MW_SECOND
#define STATE_WINDOW MW_DAY /* configuration is collected daily */

int lacework_lql(struct lacework *x, const struct source_run *run, const char *lql, int64_t limit,
                 mw_time from, mw_time to, struct http_response *rs, struct slice *rows,
                 struct err *e)
{
	static const char *const names[] = {"StartTimeRange", "EndTimeRange"};
	cJSON *doc = cJSON_CreateObject(), *arguments;
	const mw_time ends[] = {from, to};
	struct slice body;
	char *ok = NULL;
	int rc;

	json_add_str(json_add_obj(doc, "query"), "queryText", lql);
	json_add_i64(json_add_obj(doc, "options"), "limit", limit);
	arguments = json_add_arr(doc, "arguments");
	for (size_t i = 0; i < 2; i++) {
		cJSON *o = cJSON_CreateObject();
		char text[40];
		lacework_time(ends[i], text);
		json_add_str(o, "name", names[i]);
		json_add_str(o, "value", text);
		cJSON_AddItemToArray(arguments, o);
	}
	*rows = (struct slice){"[]", 2};
	rc = lacework_call(x, run, "POST", "/api/v2/Queries/execute", doc, true, rs, e);
	body = slice_trim((struct slice){rs->body.s, rs->body.len});
	if (!rc && body.n && !call_member(body, "data", rows)) {
		ok = call_text(body, "message");
		rc = err_set(e, ERR_REMOTE, "%s: its answer has no data: %s", x->c.source.name,
		             ok ? ok : "no message either");
	}
	free(ok);
	cJSON_Delete(doc);
	return rc;
}

static int count_row(void *ctx, struct slice row, struct err *e)
{
	(void)row, (void)e;
	++*(int64_t *)ctx;
	return 0;
}

/* ---- events ---- */

struct events {
	struct lacework *x;
	struct search *s;
	struct map seen; /* INSERT_ID of rows, where windows meet */
	bool several;
	mw_time from, to; /* of the step */
};

/* Both ends of a window belong to it there, or do not. */
static bool in_window(const struct events *v, struct slice row)
{
	char *text = call_text(row, "EVENT_TIME");
	mw_time t;
	bool in = !text || !row_time(slice_of(text), 1000, &t) || (t >= v->from && t < v->to);

	free(text);
	return in;
}

static int on_event(void *ctx, struct slice row, struct err *e)
{
	struct events *v = ctx;
	char *id = call_text(row, "INSERT_ID"), *text = NULL;
	struct slice event = {0};
	bool again = false;
	int rc = 0;

	if (!call_member(row, "EVENT", &event))
		rc = err_set(e, ERR_REMOTE, "%s: a row has no EVENT", v->x->c.source.name);
	if (!rc && event.n && *event.s == '"') {
		text = call_text(row, "EVENT");
		event = slice_of(text);
	}
	if (!rc && v->several && id) {
		bool added;
		(void)map_put_str(&v->seen, id, &added);
		again = !added;
	}
	if (!rc && !again && in_window(v, row))
		rc = search_row(v->s, event, slice_of(id), e);
	free(text);
	free(id);
	return rc;
}

static bool newest_first(const struct plan_search *s)
{
	return !plan_is_grouped(s) && s->nsort && s->sort[0].desc;
}

static int ask_window(struct events *v, mw_time from, mw_time to, struct err *e);

static int ask_halves(struct events *v, mw_time from, mw_time to, struct err *e)
{
	mw_time middle = from + (to - from) / 2;
	bool desc = newest_first(v->s->s);
	int rc = desc ? ask_window(v, middle, to, e) : ask_window(v, from, middle, e);

	v->several = true;
	if (rc)
		return rc;
	return desc ? ask_window(v, from, middle, e) : ask_window(v, middle, to, e);
}

/* 1: enough rows. */
static int ask_window(struct events *v, mw_time from, mw_time to, struct err *e)
{
	struct http_response rs;
	struct slice rows;
	int64_t n = 0;
	bool full;
	int rc;

	if (to - from > LACEWORK_WINDOW) {
		v->several = true;
		return ask_halves(v, from, to, e);
	}
	rc = lacework_lql(v->x, v->s->run, v->s->text.text.s, LACEWORK_PAGE_ROWS, from, to, &rs,
	                  &rows, e);
	rc = rc ? rc : call_elements(rows, count_row, &n, e);
	full = !rc && n >= LACEWORK_PAGE_ROWS;
	if (full && to - from > WINDOW_MIN) {
		v->several = true;
		rc = ask_halves(v, from, to, e);
	} else {
		rc = rc ? rc : call_elements(rows, on_event, v, e);
		if (full && rc >= 0)
			search_partial(v->s, "over %d events of one second: the rest is not there",
			               LACEWORK_PAGE_ROWS);
	}
	http_response_release(&rs);
	return rc;
}

struct row_conf lacework_records(const struct lacework *x)
{
	return (struct row_conf){.names = ROW_CIM,
	                         .time_unit = MW_SECOND,
	                         .dataset = "cloudtrail",
	                         .normalise = x->env.normalise,
	                         .normalise_ctx = x->env.normalise_ctx};
}

static int search_events(struct lacework *x, const struct plan *p, size_t step,
                         const struct source_run *run, const struct source_sink *sink,
                         struct source_done *done, struct err *e)
{
	struct row_conf rows = lacework_records(x);
	struct search s;
	struct events v = {.x = x, .s = &s};
	int rc = search_begin(&s, &x->env, RENDER_LQL, p, step, run, sink, done, e);
	mw_time to, from;

	rc = rc ? rc : connector_index_scope(x->env.entry, "the table ", "CloudTrailRawEvents", e);
	rc = rc ? rc : search_render(&s, NULL, &rows, e);
	if (!rc) {
		to = s.s->to.kind == PW_ABS ? s.s->to.t : mw_now();
		from = s.s->from.kind == PW_ABS ? s.s->from.t : to - LACEWORK_REACH;
		v.from = from;
		v.to = to;
		rc = ask_window(&v, from, to, e);
	}
	map_release(&v.seen);
	return search_end(&s, rc, e);
}

/* ---- resources ---- */

static const char *either(const cJSON *row, const char *a, const char *b)
{
	return json_str(row, a, json_str(row, b, NULL));
}

/* Configuration comes as an object or as its text. */
static cJSON *inside(const cJSON *row, const char *a, const char *b)
{
	return cnapp_unfolded(json_get(row, a) ? json_get(row, a) : json_get(row, b));
}

cJSON *lacework_node(const cJSON *row)
{
	const cJSON *cloud = json_obj(row, "cloudDetails");
	const char *own = either(row, "RESOURCE_ID", "resourceId"),
	           *arn = either(row, "ARN", "urn"),
	           *word = either(row, "RESOURCE_TYPE", "resourceType");
	cJSON *raw = inside(row, "RESOURCE_TAGS", "resourceTags"), *tags = cnapp_tags(raw),
	      *config = inside(row, "RESOURCE_CONFIG", "resourceConfig"), *node;
	bool own_is_id = own && strcmp(graph_type_of(own, ""), "resource") != 0;
	struct cnapp_facts f = {
	        .platform = "lacework",
	        .cloud_id = own_is_id ? own : arn,
	        .own_id = own ? own : arn,
	        .word = word,
	        /* what it calls a resource; a Name tag says more */
	        .name = json_str(tags, "Name", own ? own : arn),
	        .account = json_str(row, "ACCOUNT_ID", json_str(cloud, "accountID", NULL)),
	        .region = either(row, "RESOURCE_REGION", "resourceRegion")};

	f.type = graph_type_of(f.cloud_id ? f.cloud_id : "", word ? word : "");
	node = cnapp_node(&f);
	cnapp_prop(node, "arn", arn);
	cnapp_props(node, config);
	cJSON_AddItemToObject(node, "tags", tags);
	cJSON_Delete(config);
	cJSON_Delete(raw);
	return node;
}

cJSON *lacework_account_node(const cJSON *row)
{
	const char *number = json_str(row, "ACCOUNT_ID", NULL);
	struct cnapp_facts f = {.platform = "lacework",
	                        .cloud_id = number,
	                        .type = "account",
	                        .word = "account",
	                        .name = json_str(row, "ACCOUNT_ALIAS", NULL),
	                        .account = number};

	return number ? cnapp_node(&f) : NULL;
}

static int on_resource(void *ctx, struct slice raw, struct err *e)
{
	struct cnapp_graph *g = ctx;
	cJSON *row = json_parse(raw, CONNECTOR_LINE_MAX, e);
	int rc;

	if (!row)
		return err_prefix(e, "%s: a row", g->s.name);
	rc = cnapp_row(g, g->width > 1 ? lacework_account_node(row) : NULL, lacework_node(row), e);
	cJSON_Delete(row);
	return rc;
}

/* "{ source { LW_CFG_AWS_S3 } ...": the table that it asks has to be in the entry's `indexes`. */
static int check_table(const struct lacework *x, const char *lql, struct err *e)
{
	const char *at = strstr(lql, "source { ");
	char *table = at ? xstrndup(at + 9, strcspn(at + 9, " ")) : xstrdup("");
	int rc = connector_index_scope(x->env.entry, "the table ", table, e);

	free(table);
	return rc;
}

static int search_graph(struct lacework *x, const struct plan *p, size_t step,
                        const struct source_run *run, const struct source_sink *sink,
                        struct source_done *done, struct err *e)
{
	struct cnapp_graph g;
	struct http_response rs = {0};
	struct slice rows;
	int64_t n = 0;
	int rc = cnapp_begin(&g, &x->env, RENDER_LQL, p, step, run, sink, done, e);

	rc = rc ? rc : check_table(x, g.s.text.text.s, e);
	if (!rc) {
		rc = lacework_lql(x, run, g.s.text.text.s, LACEWORK_PAGE_ROWS,
		                  mw_now() - STATE_WINDOW, mw_now(), &rs, &rows, e);
		rc = rc ? rc : call_elements(rows, count_row, &n, e);
		rc = rc ? rc : call_elements(rows, on_resource, &g, e);
		http_response_release(&rs);
	}
	if (n >= LACEWORK_PAGE_ROWS)
		search_partial(&g.s, "it gives %d resources at most: ask for fewer",
		               LACEWORK_PAGE_ROWS);
	return cnapp_end(&g, rc, e);
}

/* ---- as a source ---- */

int lacework_search(struct source *src, const struct plan *p, size_t step,
                    const struct source_run *run, const struct source_sink *sink,
                    struct source_done *done, struct err *e)
{
	struct lacework *x = (struct lacework *)src;

	return p->steps[step].kind == PS_GRAPH ? search_graph(x, p, step, run, sink, done, e)
	                                       : search_events(x, p, step, run, sink, done, e);
}

unsigned lacework_fit(struct source *src, const struct plan *p, size_t step)
{
	if (p->steps[step].kind == PS_GRAPH)
		return FIT_ALL;
	return search_fit(&((struct lacework *)src)->env, RENDER_LQL, p, step, NULL, 1);
}
