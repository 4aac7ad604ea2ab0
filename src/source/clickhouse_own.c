#include "source/clickhouse_own.h"

#include <inttypes.h>

#include "plan/quote.h"
#include "plan/render.h"

#define DEDUPLICATION_BLOCKS 10000

void clickhouse_schema(struct buf *sql, const char *table)
{
	const struct field *time = field_find(SLICE("time"));

	buf_str(sql, "CREATE TABLE IF NOT EXISTS ");
	quote_ch_name(sql, table);
	buf_str(sql,
	        " (id UInt64, time Nullable(DateTime64(6, 'UTC')) CODEC(Delta, ZSTD(1)), dataset "
	        "LowCardinality(String), uid String, file LowCardinality(String), line UInt64, "
	        "raw String CODEC(ZSTD(3))");
	for (size_t i = 0; i < field_count(); i++) {
		const struct field *f = field_at((field_id)i);
		char *name;
		if (f == time)
			continue;
		name = ch_column(xstrdup(f->name));
		buf_str(sql, ", ");
		quote_ch_name(sql, name);
		buf_str(sql, " Array(String) CODEC(ZSTD(1))");
		free(name);
	}
	buf_printf(sql,
	           ") ENGINE = MergeTree PARTITION BY toYYYYMMDD(ifNull(time, toDateTime64(0, 6, "
	           "'UTC'))) ORDER BY (dataset, time, id) SETTINGS allow_nullable_key = 1, "
	           "non_replicated_deduplication_window = %d",
	           DEDUPLICATION_BLOCKS);
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

void clickhouse_row(struct buf *line, const struct event *ev, uint64_t id)
{
	const struct field *time = field_find(SLICE("time"));
	bool seen[FIELD_MAX] = {false};
	char time_text[32];

	buf_printf(line, "{\"id\":\"%" PRIu64 "\",\"line\":\"%" PRIu64 "\"", id, ev->line);
	if (ev->time != MW_TIME_NONE) {
		mw_time_format(ev->time, time_text);
		add_key(line, "time");
		add_text(line, slice_of(time_text));
	}
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
