/* How the tools of tests/wire print rows: one JSON object a line. Included by each tool. */
#ifndef MW_TESTS_WIRE_ROWS_H
#define MW_TESTS_WIRE_ROWS_H

#include "source/source.h"

static inline void rows_put(cJSON *o)
{
	struct buf b = BUF_INIT;

	json_write(&b, o);
	puts(b.s);
	buf_release(&b);
	cJSON_Delete(o);
}

/* name: what a field is called, NULL to leave it out. */
static inline cJSON *rows_vals(const struct event *ev, const char *(*name)(const struct field *))
{
	cJSON *o = cJSON_CreateObject();

	for (size_t i = 0; i < ev->vals.n; i++) {
		const char *key = name(field_at(ev->vals.v[i].field));
		cJSON *list = key ? json_arr(o, key) : NULL;
		if (key && !list)
			list = json_add_arr(o, key);
		if (key)
			cJSON_AddItemToArray(list, json_slice(ev->vals.v[i].value));
	}
	return o;
}

static inline const char *rows_own_name(const struct field *f)
{
	return f->name;
}

static inline cJSON *rows_json(const struct source_row *r,
                               const char *(*name)(const struct field *))
{
	cJSON *o = cJSON_CreateObject(), *list;

	json_add_str(o, "source", r->source);
	if (r->event) {
		json_add_time(o, "time", r->event->time);
		json_add_str(o, "dataset", r->event->dataset);
		json_add_slice(o, "uid", r->event->uid);
		json_add_bool(o, "own", r->event->has_own_uid);
		if (r->id != EVENT_ID_NONE)
			json_add_i64(o, "id", (int64_t)r->id);
		json_add_slice(o, "file", r->event->basename);
		json_add_i64(o, "line", (int64_t)r->event->line);
		json_add_slice(o, "raw", r->event->raw);
		cJSON_AddItemToObject(o, "vals", rows_vals(r->event, name));
	} else if (r->json.n) {
		cJSON_AddItemToObject(o, "graph", json_parse(r->json, r->json.n, NULL));
	} else {
		list = json_add_arr(o, "cols");
		for (size_t i = 0; i < r->ncols; i++)
			cJSON_AddItemToArray(list, json_slice(r->cols[i]));
	}
	return o;
}

#endif
