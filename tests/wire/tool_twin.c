/*
 * What the twins of tests/wire know: the demo events in an embedded lake, asked by plans.
 *   tool_twin import DIR FILE...   makes the lake, and the graph from what is inventory
 *   tool_twin load DIR             every event as a row of our ClickHouse table, by id
 *   tool_twin rows DIR < PLAN      the rows of the plan's first step, as the embedded lake gives them: what each twin must give too
 *   tool_twin serve DIR            a question a line: {"lang","text"} ("paths": whole chains; "exposure": the ways to the nodes); {"row":..} lines, then {"end":..} or {"error":..}.
 *                                  A row's vals are called as that language calls them ("table": the Sentinel table).
 *                                  {"lang","columns":true} is answered by the names of all fields there
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "../readers/readers.h"
#include "intake/import.h"
#include "rows.h"
#include "source/clickhouse_own.h"
#include "store/graph.h"
#include "store/lake.h"

#define LINE_MAX_BYTES (4 * 1024 * 1024)

static int die(const char *what)
{
	fprintf(stderr, "tool_twin: %s\n", what);
	return 1;
}

static int import(const char *dir, char **names, size_t n)
{
	struct import_file *files = xcalloc(n + 1, sizeof(*files));
	struct import_opts o = {.label = "demo", .parsers = 1};
	struct import_result r = {0};
	struct err e = {0};
	struct lake *l;
	struct graph *g;

	mkdir(dir, 0700);
	for (size_t i = 0; i < n; i++) {
		files[i] = (struct import_file){open(names[i], O_RDONLY | O_CLOEXEC), names[i]};
		if (files[i].fd < 0)
			return die(names[i]);
	}
	if (lake_open(&l, dir, LAKE_WRITE, &e) || graph_open(&g, dir, GRAPH_WRITE, &e) ||
	    import_run(l, g, files, n, &o, &r, &e))
		return die(e.what);
	graph_close(g);
	printf("%llu events\n", (unsigned long long)r.total.events);
	cJSON_Delete(r.files);
	lake_close(l);
	free(files);
	return 0;
}

/* ---- rows ---- */

static const struct language {
	const char *name;
	read_fn *read;
	enum read_names names;
} languages[] = {{"spl", read_spl, NAMES_CIM}, {"kql", read_kql, NAMES_SENTINEL},
                 {"aql", read_aql, NAMES_AQL}, {"dsl", read_dsl, NAMES_ECS},
                 {"sql", read_ch, NAMES_CH},   {"wiz", read_wiz, NAMES_CIM},
                 {"rql", read_rql, NAMES_CIM}, {"orca", read_orca, NAMES_CIM},
                 {"lql", read_lql, NAMES_CIM}};

static const struct language *lang; /* of the question in hand */
static struct source *graph_source; /* what steps that ask the graph are run over */
static const char *table;

static const char *name_of(const struct field *f)
{
	return lang->names == NAMES_CH ? f->name : read_name_of(lang->names, table, f);
}

static int put_row(void *ctx, const struct source_row *r, struct err *e)
{
	cJSON *o = cJSON_CreateObject();

	(void)e;
	if (ctx) {
		cJSON_AddItemToObject(o, "row", rows_json(r, name_of));
		rows_put(o);
		return 0;
	}
	cJSON_Delete(o);
	rows_put(rows_json(r, rows_own_name));
	return 0;
}

static const uint8_t *key_of(event_id id)
{
	static uint8_t key[16];

	memcpy(key, &id, sizeof(id));
	return key;
}

static int put_load(void *ctx, const struct source_row *r, struct err *e)
{
	struct buf b = BUF_INIT;

	(void)ctx, (void)e;
	clickhouse_row(&b, r->event, r->id, key_of(r->id));
	puts(b.s);
	buf_release(&b);
	return 0;
}

static int run(struct source *src, const struct plan *p, const struct source_sink *sink,
               struct source_done *done, struct err *e)
{
	struct source_run r = {
	        .deadline_us = mw_mono_us() + 120 * MW_SECOND, .need_raw = true, .need_vals = true};

	src = p->steps[0].kind == PS_GRAPH ? graph_source : src;
	return src->ops->search(src, p, 0, &r, sink, done, e);
}

/* ---- a question ---- */

static int find_language(const cJSON *q, struct err *e)
{
	const char *name = json_str(q, "lang", "");

	lang = NULL;
	for (size_t i = 0; i < ARRAY_LEN(languages); i++)
		if (!strcmp(languages[i].name, name))
			lang = &languages[i];
	return lang ? 0 : err_set(e, ERR_INVALID, "no reader of \"%s\"", name);
}

/* The text, read by the independent reader of its language. */
static int read_question(const cJSON *q, struct reading *r, struct err *e)
{
	*r = (struct reading){0};
	if (find_language(q, e))
		return -1;
	return lang->read(slice_of(json_str(q, "text", "")), r, e);
}

/* What the answer calls column i of the plan. */
static const char *column_name(const struct reading *r, const char *column)
{
	for (size_t i = 0; i < r->ncolumns; i++)
		if (!strcmp(r->columns[i].field, column))
			return r->columns[i].name;
	return column;
}

static void put_end(const struct reading *r, const struct source_done *done)
{
	const struct plan_search *s = &r->plan->steps[0].search;
	cJSON *o = cJSON_CreateObject(), *end = json_add_obj(o, "end"), *columns;

	columns = json_add_arr(end, "columns");
	for (size_t i = 0; i < plan_ncolumns(s); i++)
		cJSON_AddItemToArray(columns,
		                     cJSON_CreateString(column_name(r, plan_column(s, i))));
	json_add_bool(end, "grouped", plan_is_grouped(s));
	json_add_bool(end, "limited", done->limited);
	json_add_i64(end, "rows", (int64_t)done->rows);
	json_add_str(end, "table", r->table);
	rows_put(o);
}

static int answer(struct source *src, const cJSON *q, struct err *e)
{
	struct source_sink sink = {.ctx = &sink, .row = put_row};
	struct source_done done = {0};
	struct reading r;
	int rc = read_question(q, &r, e);

	if (!rc && r.table && !table)
		table = r.table;
	if (!rc && json_bool(q, "exposure", false))
		r.plan->steps[0].graph.fn = GF_EXPOSURE;
	if (!rc && json_bool(q, "paths", false))
		r.plan->steps[0].graph.return_paths = true;
	rc = rc ? rc : run(src, r.plan, &sink, &done, e);
	if (!rc)
		put_end(&r, &done);
	free(done.sent);
	reading_release(&r);
	return rc;
}

static int put_columns(const cJSON *q, struct err *e)
{
	int rc = find_language(q, e);

	for (size_t i = 0; rc == 0 && i < field_count(); i++) {
		const struct field *f = field_at((field_id)i);
		const char *name = name_of(f);
		cJSON *o, *row;
		if (!name)
			continue;
		o = cJSON_CreateObject();
		row = json_add_obj(o, "row");
		json_add_str(row, "name", name);
		json_add_str(row, "type", field_type_name(f->type));
		rows_put(o);
	}
	if (rc == 0)
		rows_put(json_parse(SLICE("{\"end\":{}}"), 64, e));
	return rc;
}

static int serve(struct source *src)
{
	char *line = xmalloc(LINE_MAX_BYTES);

	while (fgets(line, LINE_MAX_BYTES, stdin)) {
		struct err e = {0};
		cJSON *q = json_parse(slice_trim(slice_of(line)), LINE_MAX_BYTES, &e);
		table = json_str(q, "table", NULL);
		if (!q ||
		    (json_bool(q, "columns", false) ? put_columns(q, &e) : answer(src, q, &e))) {
			cJSON *o = cJSON_CreateObject();
			json_add_str(o, "error", e.what);
			rows_put(o);
		}
		fflush(stdout);
		cJSON_Delete(q);
	}
	free(line);
	return 0;
}

#define ALL "{\"steps\":[{\"kind\":\"search\",\"limit\":1000000}]}"

/* What is on standard input, or everything. */
static int once(struct source *src, const char *text,
                int (*row)(void *, const struct source_row *, struct err *))
{
	struct source_sink sink = {.row = row};
	struct source_done done = {0};
	struct err e = {0};
	cJSON *j = json_parse(slice_trim(slice_of(text)), LINE_MAX_BYTES, &e);
	struct plan *p = j ? plan_from_json(j, &e) : NULL;

	if (!p || run(src, p, &sink, &done, &e))
		return die(e.what);
	free(done.sent);
	plan_free(p);
	cJSON_Delete(j);
	return 0;
}

int main(int argc, char **argv)
{
	static char text[LINE_MAX_BYTES];
	struct source *src;
	struct err e = {0};
	struct graph *g;
	struct lake *l;
	int rc;

	if (argc < 3 || fields_load(&e))
		return die("usage: import|load|rows|serve DIR");
	if (!strcmp(argv[1], "import"))
		return import(argv[2], argv + 3, (size_t)argc - 3);
	if (lake_open(&l, argv[2], LAKE_READ, &e) || graph_open(&g, argv[2], GRAPH_READ, &e))
		return die(e.what);
	src = source_lake_open(l, "lake");
	graph_source = source_graph_open(g, l, "graph");
	if (!strcmp(argv[1], "load")) {
		rc = once(src, ALL, put_load);
	} else if (!strcmp(argv[1], "rows")) {
		text[fread(text, 1, sizeof(text) - 1, stdin)] = '\0';
		rc = once(src, text, put_row);
	} else {
		rc = serve(src);
	}
	src->ops->close(src);
	graph_source->ops->close(graph_source);
	graph_close(g);
	lake_close(l);
	return rc;
}
