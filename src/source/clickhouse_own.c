#include "source/clickhouse_own.h"

#include <inttypes.h>

#include "plan/quote.h"
#include "plan/render.h"

#define DEDUPLICATION_BLOCKS 10000

char *clickhouse_catalog_table(const char *table)
{
	return xasprintf("%s_catalog", table);
}

static void add_columns(struct buf *sql, const char *before)
{
	const struct field *time = field_find(SLICE("time"));

	for (size_t i = 0; i < field_count(); i++) {
		const struct field *f = field_at((field_id)i);
		char *name;
		if (f == time)
			continue;
		name = ch_column(xstrdup(f->name));
		buf_str(sql, before);
		quote_ch_name(sql, name);
		buf_str(sql, " Array(String) CODEC(ZSTD(1))");
		free(name);
		if (before[0] != ',')
			before = ", ADD COLUMN IF NOT EXISTS ";
	}
}

static void events_table(struct buf *sql, const char *table)
{
	buf_str(sql, "CREATE TABLE IF NOT EXISTS ");
	quote_ch_name(sql, table);
	buf_str(sql,
	        " (id UInt64 CODEC(Delta, ZSTD(1)), key UUID, time Nullable(DateTime64(6, 'UTC')) "
	        "CODEC(Delta, ZSTD(1)), arrival Nullable(DateTime64(6, 'UTC')) CODEC(Delta, "
	        "ZSTD(1)), dataset LowCardinality(String), uid String CODEC(ZSTD(1)), file "
	        "LowCardinality(String), line UInt64 CODEC(Delta, ZSTD(1)), raw String "
	        "CODEC(ZSTD(3))");
	add_columns(sql, ", ");
	buf_printf(sql,
	           ") ENGINE = ReplacingMergeTree PARTITION BY toYYYYMMDD(ifNull(time, "
	           "toDateTime64(0, 6, 'UTC'))) ORDER BY (dataset, time, key) SETTINGS "
	           "allow_nullable_key = 1, non_replicated_deduplication_window = %d",
	           DEDUPLICATION_BLOCKS);
}

/* A newer version knows more fields. */
static void newer_columns(struct buf *sql, const char *table)
{
	buf_str(sql, "ALTER TABLE ");
	quote_ch_name(sql, table);
	add_columns(sql, " ADD COLUMN IF NOT EXISTS ");
}

#define MIN_TIME "SimpleAggregateFunction(min, Nullable(DateTime64(6, 'UTC')))"
#define MAX_TIME "SimpleAggregateFunction(max, Nullable(DateTime64(6, 'UTC')))"

static void catalog_table(struct buf *sql, const char *table)
{
	char *name = clickhouse_catalog_table(table);

	buf_str(sql, "CREATE TABLE IF NOT EXISTS ");
	quote_ch_name(sql, name);
	buf_printf(sql,
	           " (kind LowCardinality(String), dataset LowCardinality(String), field "
	           "LowCardinality(String), value String CODEC(ZSTD(1)), events "
	           "SimpleAggregateFunction(sum, UInt64), raw_bytes SimpleAggregateFunction(sum, "
	           "UInt64), first " MIN_TIME ", last " MAX_TIME ", arrival " MAX_TIME
	           ", cut SimpleAggregateFunction(max, UInt8)) ENGINE = AggregatingMergeTree ORDER "
	           "BY (kind, dataset, field, value) SETTINGS non_replicated_deduplication_window "
	           "= %d",
	           DEDUPLICATION_BLOCKS);
	free(name);
}

char *clickhouse_schema(const char *table, size_t i)
{
	static void (*const statements[])(struct buf *, const char *) = {
	        events_table, newer_columns, catalog_table};
	struct buf sql = BUF_INIT;

	if (i >= ARRAY_LEN(statements))
		return NULL;
	statements[i](&sql, table);
	return buf_take(&sql, NULL);
}

static void add_key(struct buf *b, const char *key)
{
	buf_str(b, b->len > 1 ? ",\"" : "\"");
	buf_str(b, key);
	buf_str(b, "\":");
}

/* Bytes that are not UTF-8 pass as they are: ClickHouse keeps them. */
static void add_text(struct buf *b, struct slice v)
{
	buf_ch(b, '"');
	for (size_t i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.s[i];
		if (c == '"' || c == '\\')
			buf_ch(b, '\\');
		if (c < 0x20)
			buf_printf(b, "\\u%04x", c);
		else
			buf_ch(b, (char)c);
	}
	buf_ch(b, '"');
}

static void add_values(struct buf *b, const struct event *ev, size_t from)
{
	field_id f = ev->vals.v[from].field;
	char *name = ch_column(xstrdup(field_at(f)->name));
	const char *sep = "[";

	add_key(b, name);
	for (size_t i = from; i < ev->vals.n; i++) {
		if (ev->vals.v[i].field != f)
			continue;
		buf_str(b, sep);
		add_text(b, ev->vals.v[i].value);
		sep = ",";
	}
	buf_ch(b, ']');
	free(name);
}

static void add_time(struct buf *line, const char *name, mw_time t)
{
	char text[32];

	if (t == MW_TIME_NONE)
		return;
	mw_time_format(t, text);
	add_key(line, name);
	add_text(line, slice_of(text));
}

void clickhouse_key(struct buf *b, const uint8_t key[16])
{
	for (int i = 0; i < 16; i++)
		buf_printf(b, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", key[i]);
}

void clickhouse_row(struct buf *line, const struct event *ev, uint64_t id, const uint8_t key[16])
{
	const struct field *time = field_find(SLICE("time"));
	bool seen[FIELD_MAX] = {false};

	buf_printf(line, "{\"id\":\"%" PRIu64 "\",\"line\":\"%" PRIu64 "\"", id, ev->line);
	add_key(line, "key");
	buf_ch(line, '"');
	clickhouse_key(line, key);
	buf_ch(line, '"');
	add_time(line, "time", ev->time);
	add_time(line, "arrival", ev->arrival);
	add_key(line, "dataset");
	add_text(line, slice_of(ev->dataset));
	add_key(line, "uid");
	add_text(line, ev->uid);
	add_key(line, "file");
	add_text(line, ev->basename);
	add_key(line, "raw");
	add_text(line, ev->raw);
	for (size_t i = 0; i < ev->vals.n; i++) {
		field_id f = ev->vals.v[i].field;
		if (!seen[f] && field_at(f) != time)
			add_values(line, ev, i);
		seen[f] = true;
	}
	buf_ch(line, '}');
}
