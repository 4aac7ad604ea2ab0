/*
 * ClickHouse as the store of events: batches of the importer into our own table, and the catalogue of what is there. In this order: which
 * events are there already (by identity, within the batch's days), then the catalogue's rows, then the events. A crash in between leaves
 * the catalogue ahead, never behind: "never seen" is only said of what was not loaded. Source of facts: clickhouse.com/docs (24.x and later).
 */
#include "plan/quote.h"
#include "source/clickhouse_int.h"
#include "source/clickhouse_own.h"

#define BLOCK_BYTES (24u * 1024 * 1024) /* rows of one INSERT */
#define KEYS_AT_ONCE 20000

/* ---- what is there already ---- */

struct known {
	struct lake_batch *b;
	size_t part;
};

static bool read_key(const char *text, uint8_t key[LAKE_KEY_BYTES])
{
	size_t n = 0;

	for (; *text && n < LAKE_KEY_BYTES; text += 2) {
		unsigned byte;
		text += *text == '-';
		if (sscanf(text, "%2x", &byte) != 1)
			return false;
		key[n++] = (uint8_t)byte;
	}
	return n == LAKE_KEY_BYTES && !*text;
}

static int drop_known(void *ctx, struct slice line, struct err *e)
{
	struct known *k = ctx;
	cJSON *row = json_parse(line, line.n, e);
	uint8_t key[LAKE_KEY_BYTES];
	int rc = row ? 0 : -1;

	if (row && read_key(json_str(row, "key", ""), key))
		lake_batch_drop_key(k->b, k->part, key);
	else if (row)
		rc = err_set(e, ERR_REMOTE, "a key that is no UUID: %s", json_str(row, "key", ""));
	cJSON_Delete(row);
	return rc;
}

static void window(struct buf *sql, const struct lake_batch_part *p)
{
	buf_str(sql, " AND (");
	if (p->from != MW_TIME_NONE)
		buf_printf(sql,
		           "time BETWEEN fromUnixTimestamp64Micro(%lld,'UTC') AND "
		           "fromUnixTimestamp64Micro(%lld,'UTC')",
		           (long long)p->from, (long long)p->to);
	if (p->from == MW_TIME_NONE || p->untimed)
		buf_printf(sql, "%stime IS NULL", p->from != MW_TIME_NONE ? " OR " : "");
	buf_ch(sql, ')');
}

static int ask_known(struct clickhouse *x, const struct source_run *run, struct known *k,
                     uint32_t *row, struct err *e)
{
	struct lake_batch_part p = lake_batch_part(k->b, k->part);
	struct buf sql = BUF_INIT;
	uint32_t n = 0;
	int rc;

	buf_str(&sql, "SELECT key FROM ");
	quote_ch_name(&sql, clickhouse_table(x));
	buf_str(&sql, " WHERE dataset = ");
	quote_ch_string(&sql, slice_of(p.dataset));
	window(&sql, &p);
	buf_str(&sql, " AND key IN (");
	for (; *row < p.rows && n < KEYS_AT_ONCE; ++*row) {
		if (lake_batch_dropped(k->b, k->part, *row))
			continue;
		buf_str(&sql, n++ ? ",'" : "'");
		clickhouse_key(&sql, lake_batch_key(k->b, k->part, *row));
		buf_ch(&sql, '\'');
	}
	buf_ch(&sql, ')');
	rc = n ? clickhouse_lines(x, run, sql.s, drop_known, k, e) : 0;
	buf_release(&sql);
	return rc;
}

static int drop_all_known(struct clickhouse *x, const struct source_run *run, struct lake_batch *b,
                          struct err *e)
{
	for (size_t i = 0; i < lake_batch_parts_of(b); i++) {
		struct known k = {b, i};
		uint32_t row = 0, rows = lake_batch_part(b, i).rows;
		while (row < rows)
			if (ask_known(x, run, &k, &row, e))
				return -1;
	}
	return 0;
}

/* ---- sending ---- */

struct sending {
	struct clickhouse *x;
	const struct source_run *run;
	const char *table, *key, *what;
	int block;
	struct buf rows;
};

static int send_block(struct sending *s, struct err *e)
{
	char *token = xasprintf("%s-%s-%d", s->key, s->what, s->block++);
	int code, rc = 0;

	if (s->rows.len)
		rc = clickhouse_insert(s->x, s->run, s->table,
		                       (struct slice){s->rows.s, s->rows.len}, token, &code, e);
	buf_reset(&s->rows);
	free(token);
	return rc;
}

static int end_of_row(struct sending *s, struct err *e)
{
	buf_ch(&s->rows, '\n');
	return s->rows.len >= BLOCK_BYTES ? send_block(s, e) : 0;
}

static int add_catalog_row(void *ctx, struct slice row, struct err *e)
{
	struct sending *s = ctx;

	buf_add(&s->rows, row.s, row.n);
	return end_of_row(s, e);
}

static int send_catalog(struct sending *s, struct lake_batch *b, struct err *e)
{
	return catalog_rows_write(lake_batch_lake(b), add_catalog_row, s, e) || send_block(s, e)
	               ? -1
	               : 0;
}

static uint64_t next_id(struct clickhouse *x)
{
	uint64_t now = (uint64_t)mw_now();

	x->last_id = now > x->last_id ? now : x->last_id + 1;
	return x->last_id;
}

static int send_part(struct sending *s, struct lake_batch *b, size_t part, struct err *e)
{
	uint32_t rows = lake_batch_part(b, part).rows;
	struct arena a = ARENA_INIT;
	struct event ev = {0};
	int rc = 0;

	for (uint32_t row = 0; row < rows && rc == 0; row++) {
		if (lake_batch_dropped(b, part, row))
			continue;
		arena_reset(&a);
		rc = lake_batch_event(b, part, row, &a, &ev, e);
		if (rc)
			break;
		clickhouse_row(&s->rows, &ev, next_id(s->x), lake_batch_key(b, part, row));
		rc = end_of_row(s, e);
	}
	event_release(&ev);
	arena_release(&a);
	return rc;
}

static int send_events(struct sending *s, struct lake_batch *b, struct err *e)
{
	for (size_t i = 0; i < lake_batch_parts_of(b); i++)
		if (send_part(s, b, i, e))
			return -1;
	return send_block(s, e);
}

static bool any_left(const struct lake_batch *b)
{
	for (size_t i = 0; i < lake_batch_parts_of(b); i++)
		if (lake_batch_part(b, i).live)
			return true;
	return false;
}

/* A cluster that nothing was loaded into yet has no tables. */
static int ready(struct clickhouse *x, const struct source_run *run, struct err *e)
{
	if (clickhouse_in_scope(x, e) || (!x->made && clickhouse_make_tables(x, run, e)))
		return -1;
	x->made = true;
	return 0;
}

int clickhouse_load(struct connected *c, const struct source_run *run, struct lake_batch *b,
                    const char *key, struct err *e)
{
	struct clickhouse *x = (struct clickhouse *)c;
	char *catalog = clickhouse_catalog_table(clickhouse_table(x));
	struct sending of_catalog = {x, run, catalog, key, "catalog", 0, BUF_INIT},
	               of_events = {x, run, clickhouse_table(x), key, "events", 0, BUF_INIT};
	int rc = ready(x, run, e);

	if (!rc)
		rc = drop_all_known(x, run, b, e);
	if (!rc && any_left(b))
		rc = send_catalog(&of_catalog, b, e) || send_events(&of_events, b, e) ? -1 : 0;
	buf_release(&of_catalog.rows);
	buf_release(&of_events.rows);
	free(catalog);
	return rc;
}

/* ---- the catalogue ---- */

static int read_stamp(struct clickhouse *x, const struct source_run *run, const char *catalog,
                      char **stamp, struct err *e)
{
	struct buf sql = BUF_INIT;
	cJSON *answer = NULL;
	const cJSON *v;
	int rc;

	buf_str(&sql, "SELECT toString(sum(events)) FROM ");
	quote_ch_name(&sql, catalog);
	buf_str(&sql, " WHERE kind IN ('dataset','field','path')");
	rc = clickhouse_ask(x, run, sql.s, NULL, &answer, e);
	v = cJSON_GetArrayItem(cJSON_GetArrayItem(json_arr(answer, "data"), 0), 0);
	*stamp = xstrdup(cJSON_IsString(v) ? v->valuestring : "");
	cJSON_Delete(answer);
	buf_release(&sql);
	return rc;
}

static int read_catalog(struct clickhouse *x, const struct source_run *run, const char *catalog,
                        catalog_row_fn *row, void *ctx, struct err *e)
{
	struct buf sql = BUF_INIT;
	int rc;

	buf_str(&sql, "SELECT t.kind AS kind, t.dataset AS dataset, t.field AS field, t.value AS "
	              "value, sum(t.events) AS events, sum(t.raw_bytes) AS raw_bytes, min(t.first) "
	              "AS first, max(t.last) AS last, max(t.arrival) AS arrival, max(t.cut) AS cut "
	              "FROM ");
	quote_ch_name(&sql, catalog);
	buf_printf(&sql,
	           " AS t GROUP BY kind, dataset, field, value ORDER BY kind, dataset, field, "
	           "events DESC, value LIMIT %d BY kind, dataset, field",
	           CATALOG_ROWS_VALUES_MAX);
	rc = clickhouse_lines(x, run, sql.s, row, ctx, e);
	buf_release(&sql);
	return rc;
}

/* What it is and how much room the tables take; an account that may not see that does without. */
static int tell_store(struct clickhouse *x, const struct source_run *run, const char *catalog,
                      catalog_row_fn *row, void *ctx, struct err *e)
{
	struct buf sql = BUF_INIT;
	int rc;

	buf_str(&sql, "SELECT 'store' AS kind, sum(bytes_on_disk) AS bytes, concat('ClickHouse ', "
	              "version()) AS text FROM system.parts WHERE active AND database = "
	              "currentDatabase() AND table IN (");
	quote_ch_string(&sql, slice_of(clickhouse_table(x)));
	buf_ch(&sql, ',');
	quote_ch_string(&sql, slice_of(catalog));
	buf_ch(&sql, ')');
	rc = clickhouse_lines(x, run, sql.s, row, ctx, e);
	if (rc && (e->code == ERR_DENIED || e->code == ERR_NOT_FOUND))
		rc = 0;
	buf_release(&sql);
	return rc;
}

int clickhouse_holdings(struct connected *c, const struct source_run *run, char **stamp,
                        catalog_row_fn *row, void *ctx, struct err *e)
{
	struct clickhouse *x = (struct clickhouse *)c;
	char *catalog = clickhouse_catalog_table(clickhouse_table(x)), *now = NULL;
	int rc = ready(x, run, e);

	if (!rc)
		rc = read_stamp(x, run, catalog, &now, e);
	if (!rc && (!*stamp || strcmp(*stamp, now) != 0))
		rc = read_catalog(x, run, catalog, row, ctx, e) ||
		                     tell_store(x, run, catalog, row, ctx, e)
		             ? -1
		             : 0;
	free(*stamp);
	*stamp = now;
	free(catalog);
	return rc;
}
