/* The cluster that is the store of events: its catalogue, as the planner and the proofs of emptiness need it. */
#include "base/limits.h"
#include "base/log.h"
#include "proc/spool.h"
#include "serve/work_lake.h"
#include "store/catalog_rows.h"

#define LOOK_EVERY_US MW_SECOND
#define HOLDINGS_US (60 * MW_SECOND)
#define PAGE_ROWS 2000

struct cluster {
	struct worker *w;
	char *source, *stamp;
	int64_t looked;
	bool loaded;
	struct err error;        /* why it is not */
	cJSON *datasets, *store; /* rows of these kinds */
};

struct cluster *cluster_new(struct worker *w, const char *source)
{
	struct cluster *c = xcalloc(1, sizeof(*c));

	*c = (struct cluster){.w = w, .source = xstrdup(source), .datasets = cJSON_CreateArray()};
	return c;
}

void cluster_free(struct cluster *c)
{
	if (!c)
		return;
	free(c->source);
	free(c->stamp);
	cJSON_Delete(c->datasets);
	cJSON_Delete(c->store);
	free(c);
}

/* ---- reading ---- */

struct reading {
	struct catalog *catalog;
	cJSON *datasets, *store;
	bool any;
};

static void take_row(struct reading *r, const cJSON *row)
{
	const char *kind = json_str(row, "kind", "");

	r->any = true;
	if (!strcmp(kind, "store")) {
		cJSON_Delete(r->store);
		r->store = cJSON_Duplicate(row, 1);
		return;
	}
	if (!strcmp(kind, "dataset"))
		cJSON_AddItemToArray(r->datasets, cJSON_Duplicate(row, 1));
	catalog_rows_add(r->catalog, row);
}

static int take_rows(struct reading *r, const struct spool *files, struct err *e)
{
	uint64_t at = 0, n = 1;
	int rc = 0;

	while (rc == 0 && files->data >= 0 && at < spool_rows(files)) {
		cJSON *rows = spool_page_json(files, at, PAGE_ROWS, 4 * MW_ROW_MAX, &n, e);
		const cJSON *row;
		rc = rows ? 0 : -1;
		cJSON_ArrayForEach(row, rows) take_row(r, row);
		at += n;
		cJSON_Delete(rows);
	}
	return rc;
}

static int read_holdings(struct cluster *c, struct reading *r, struct err *e)
{
	cJSON *params = cJSON_CreateObject(), *result = NULL;
	struct worker_call *call;
	int ended, rc = -1;

	if (c->stamp)
		json_add_str(params, "stamp", c->stamp);
	json_add_i64(params, "deadline_us", HOLDINGS_US);
	call = worker_call_begin(c->w, work_source.name, c->source, "holdings", params, e);
	if (!call)
		return -1;
	ended = worker_call_wait(call, HOLDINGS_US);
	if (ended <= 0)
		err_set(e, ERR_DEADLINE, "%s did not say what it holds", c->source);
	else if (worker_call_result(call, &result, e) == 0)
		rc = take_rows(r, worker_call_spool(call), e);
	if (rc == 0) {
		free(c->stamp);
		c->stamp = xstrdup(json_str(result, "stamp", ""));
	}
	cJSON_Delete(result);
	worker_call_end(call);
	return rc;
}

static void adopt(struct cluster *c, struct reading *r, struct catalog **catalog)
{
	catalog_rows_end(r->catalog);
	catalog_close(*catalog);
	*catalog = r->catalog;
	cover_arrived(*catalog);
	cJSON_Delete(c->datasets);
	cJSON_Delete(c->store);
	c->datasets = r->datasets;
	c->store = r->store;
}

bool cluster_refresh(struct cluster *c, struct catalog **catalog)
{
	struct reading r;
	int rc;

	if (c->loaded && mw_mono_us() - c->looked < LOOK_EVERY_US)
		return false;
	r = (struct reading){.catalog = catalog_rows_new(), .datasets = cJSON_CreateArray()};
	rc = read_holdings(c, &r, &c->error);
	if (rc)
		mw_log(LOG_WARN, "what %s holds is not known%s: %s", c->source,
		       c->loaded ? " anew" : "", c->error.what);
	c->loaded = c->loaded || rc == 0;
	c->looked = mw_mono_us();
	if (rc == 0 && r.any) {
		adopt(c, &r, catalog);
		return true;
	}
	catalog_close(r.catalog);
	cJSON_Delete(r.datasets);
	cJSON_Delete(r.store);
	return false;
}

int cluster_known(const struct cluster *c, struct err *e)
{
	if (!c || c->loaded)
		return 0;
	*e = c->error;
	return -1;
}

/* ---- status ---- */

struct totals {
	int64_t events, raw;
	mw_time from, to;
};

static cJSON *dataset_status(const cJSON *row, struct totals *all)
{
	cJSON *o = cJSON_CreateObject();
	mw_time from = json_time(row, "first"), to = json_time(row, "last");

	json_add_str(o, "name", json_str(row, "dataset", ""));
	json_add_i64(o, "events", (int64_t)catalog_row_number(row, "events"));
	json_add_i64(o, "raw_bytes", (int64_t)catalog_row_number(row, "raw_bytes"));
	json_add_time(o, "from", from);
	json_add_time(o, "to", to);
	json_add_time(o, "newest_arrival", json_time(row, "arrival"));
	all->events += (int64_t)catalog_row_number(row, "events");
	all->raw += (int64_t)catalog_row_number(row, "raw_bytes");
	if (from != MW_TIME_NONE && (all->from == MW_TIME_NONE || from < all->from))
		all->from = from;
	all->to = to > all->to ? to : all->to;
	return o;
}

void cluster_status(const struct cluster *c, cJSON *status)
{
	static const char *const replaced[] = {"events", "bytes", "raw_bytes",
	                                       "from",   "to",    "datasets"};
	struct totals all = {.from = MW_TIME_NONE, .to = MW_TIME_NONE};
	cJSON *list, *cluster;
	const cJSON *row;

	for (size_t i = 0; i < ARRAY_LEN(replaced); i++)
		cJSON_DeleteItemFromObjectCaseSensitive(status, replaced[i]);
	list = json_add_arr(status, "datasets");
	cJSON_ArrayForEach(row, c->datasets) cJSON_AddItemToArray(list, dataset_status(row, &all));
	json_add_i64(status, "events", all.events);
	json_add_i64(status, "raw_bytes", all.raw);
	json_add_i64(status, "bytes", (int64_t)catalog_row_number(c->store, "bytes"));
	json_add_time(status, "from", all.from);
	json_add_time(status, "to", all.to);
	cluster = json_add_obj(status, "cluster");
	json_add_str(cluster, "source", c->source);
	json_add_str(cluster, "what", json_str(c->store, "text", ""));
	if (!c->loaded)
		json_add_str(cluster, "error", c->error.what);
}
