/* What a source knows of its own tables and fields, page by page, and a text of its own language. */
#include "cli.h"
#include "cli_source.h"

static void put_fields(const char *table, const cJSON *fields)
{
	const cJSON *f;

	cJSON_ArrayForEach(f, fields)
	{
		struct buf b = BUF_INIT;
		buf_printf(&b, "%s.%s %s", table, f->string, json_str(fields, f->string, ""));
		cli_put((struct slice){b.s, b.len});
		putchar('\n');
		buf_release(&b);
	}
}

static void put_rows(const cJSON *page, const char *table, bool json)
{
	const cJSON *row;

	cJSON_ArrayForEach(row, json_arr(page, "rows"))
	{
		const char *name = json_str(row, "table", "");
		if (table && strcmp(table, name) != 0)
			continue;
		if (json) {
			cli_json(row);
		} else if (table) {
			put_fields(name, json_obj(row, "fields"));
		} else {
			cli_puts(name);
			printf(" (%d fields)\n", cJSON_GetArraySize(json_obj(row, "fields")));
		}
	}
}

int source_catalog(struct cli *c)
{
	const char *table = c->argc > 2 ? c->argv[2] : NULL;
	int64_t offset = 0, total = 0, n = 1;
	struct client cl;
	cJSON *page = NULL;
	int rc = cli_open(c, &cl);

	if (rc)
		return rc;
	while (rc == CLI_OK && n && (!page || offset < total)) {
		cJSON *p = cJSON_CreateObject();
		json_add_str(p, "source", c->argv[1]);
		json_add_i64(p, "offset", offset);
		cJSON_Delete(page);
		page = NULL;
		rc = cli_call(&cl, "source.catalog", p, &page);
		put_rows(page, table, c->json);
		total = json_i64(page, "total", 0);
		n = cJSON_GetArraySize(json_arr(page, "rows"));
		offset += n;
	}
	if (rc == CLI_OK && !c->json)
		printf("read %s%s\n", json_str(page, "at", ""),
		       json_bool(page, "sample", false)
		               ? "; the fields are those of its newest events"
		               : "");
	cJSON_Delete(page);
	client_close(&cl);
	return rc ? rc : total ? CLI_OK : CLI_NOTHING;
}

int source_query(struct cli *c)
{
	const char *limit = cli_option(c, "--limit");
	cJSON *params = cJSON_CreateObject(), *plan, *step;
	int64_t n = 0;

	cli_session(c, params);
	if (!cli_words(c, 3, 3) || (limit && !slice_i64(slice_of(limit), &n))) {
		cJSON_Delete(params);
		return CLI_USAGE;
	}
	plan = json_add_obj(params, "plan");
	step = cJSON_CreateObject();
	cJSON_AddItemToArray(json_add_arr(plan, "steps"), step);
	json_add_str(step, "kind", "search");
	json_add_str(step, "source", c->argv[1]);
	json_add_str(step, "hand", c->argv[2]);
	if (n)
		json_add_i64(step, "limit", n);
	json_add_str(params, "question", c->argv[2]);
	return cli_question(c, "plan.run", params);
}
