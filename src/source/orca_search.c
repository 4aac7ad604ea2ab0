/* A step of a plan as an object_set, page by page. Rows are objects of one model; each tells of the account that it is in. */
#include "source/cnapp.h"
#include "source/orca.h"

#define PAGE 1000

struct page {
	struct cnapp_graph *g;
	struct orca *x;
	int64_t rows;
};

/* The chain that the row is the end of: itself, and the account before it where the step asks from there. */
static int on_row(void *ctx, struct slice raw, struct err *e)
{
	struct page *p = ctx;
	cJSON *row = json_parse(raw, CONNECTOR_LINE_MAX, e);
	int rc;

	p->rows++;
	if (!row)
		return err_prefix(e, "%s: a row", p->x->c.source.name);
	rc = cnapp_row(p->g, p->g->width > 1 ? orca_account_node(row) : NULL, orca_node(row), e);
	cJSON_Delete(row);
	return rc;
}

static int check_models(const struct orca *x, const cJSON *doc, struct err *e)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, json_arr(json_obj(doc, "query"), "models"))
	{
		if (orca_model_scope(x, cJSON_IsString(m) ? m->valuestring : "", e))
			return -1;
	}
	return 0;
}

static void set_i64(cJSON *doc, const char *key, int64_t n)
{
	cJSON_DeleteItemFromObject(doc, key);
	json_add_i64(doc, key, n);
}

/* *total: what it counts, -1 where it does not. 1: enough. */
static int read_page(struct page *p, const struct source_run *run, const cJSON *doc,
                     struct map *seen, int64_t *total, struct err *e)
{
	struct http_response rs;
	struct slice body, rows;
	int rc = orca_call(p->x, run, "POST", ORCA_QUERY, doc, &rs, e);

	body = (struct slice){rs.body.s, rs.body.len};
	p->rows = 0;
	if (!rc && !call_member(body, "data", &rows))
		rc = err_set(e, ERR_REMOTE, "%s: its answer has no data", p->x->c.source.name);
	if (!rc && rows.n > 2)
		rc = call_once(seen, p->x->c.source.name, "page", rows, e);
	rc = rc ? rc : call_elements(rows, on_row, p, e);
	*total = rc ? -1 : orca_total(body);
	http_response_release(&rs);
	return rc;
}

static int read_pages(struct page *p, const struct source_run *run, cJSON *doc, struct err *e)
{
	struct map seen = MAP_INIT;
	int64_t at = 0, total = 0;
	int rc = 0;

	set_i64(doc, "limit", PAGE);
	while (!rc) {
		set_i64(doc, "start_at_index", at);
		rc = read_page(p, run, doc, &seen, &total, e);
		at += p->rows;
		if (rc || (total < 0 ? p->rows < PAGE : at >= total))
			break;
		if (!p->rows)
			rc = err_set(e, ERR_REMOTE,
			             "%s has %lld objects and gave only %lld of them",
			             p->x->c.source.name, (long long)total, (long long)at);
		search_progress(&p->g->s, total > 0 ? (double)at / (double)total : -1);
	}
	map_release(&seen);
	return rc;
}

int orca_search(struct source *src, const struct plan *p, size_t step, const struct source_run *run,
                const struct source_sink *sink, struct source_done *done, struct err *e)
{
	struct orca *x = (struct orca *)src;
	struct cnapp_graph g;
	struct page page = {.g = &g, .x = x};
	cJSON *doc = NULL, *more;
	int rc = cnapp_begin(&g, &x->env, RENDER_ORCA, p, step, run, sink, done, e);

	if (!rc) {
		doc = json_parse((struct slice){g.s.text.text.s, g.s.text.text.len},
		                 CONNECTOR_LINE_MAX, e);
		rc = !doc || check_models(x, doc, e) ? -1 : 0;
	}
	if (!rc) {
		more = json_add_arr(doc, "additional_models[]");
		cJSON_AddItemToArray(more, cJSON_CreateString("CloudAccount"));
		json_add_bool(json_add_obj(doc, "full_graph_fetch"), "enabled", true);
		rc = read_pages(&page, run, doc, e);
	}
	cJSON_Delete(doc);
	return cnapp_end(&g, rc, e);
}

/* Conditions are looked at again here, so what comes is exact. */
unsigned orca_fit(struct source *src, const struct plan *p, size_t step)
{
	(void)src;
	return p->steps[step].kind == PS_GRAPH ? FIT_ALL : 0;
}
