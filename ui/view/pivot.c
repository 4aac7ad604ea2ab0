/*
 * The one pivot menu: on any value of any screen, what can be asked about it.
 */
#include "view/app.h"

struct value {
	char *field, *value;
};
struct values {
	VEC(struct value) v;
	cJSON *items, *entity; /* of pivot.menu */
};

static void values_free(struct values *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->v.n; i++) {
		free(p->v.v[i].field);
		free(p->v.v[i].value);
	}
	vec_free(&p->v);
	cJSON_Delete(p->items);
	cJSON_Delete(p->entity);
	free(p);
}

static struct values *fresh(struct app *a)
{
	values_free(a->pivot);
	a->pivot = xcalloc(1, sizeof(struct values));
	return a->pivot;
}

static void add(void *ctx, const char *field, const char *value)
{
	struct values *p = ctx;

	for (size_t i = 0; i < p->v.n; i++)
		if (!strcmp(p->v.v[i].value, value))
			return;
	*vec_push(&p->v) = (struct value){xstrdup(field), xstrdup(value)};
}

/* "field=value" as cards have it */
static void add_pair(struct values *p, const char *pair)
{
	const char *eq = strchr(pair, '=');
	char *field = eq ? xstrndup(pair, (size_t)(eq - pair)) : xstrdup("");

	add(p, field, eq ? eq + 1 : pair);
	free(field);
}

static void asked(struct app *a, struct view *v, int id)
{
	struct values *p = a->pivot;
	const cJSON *it = p ? cJSON_GetArrayItem(p->items, id) : NULL;
	char incident[24];

	snprintf(incident, sizeof(incident), "%s", v->incident);
	if (it)
		app_run_item(a, incident, it, p->entity);
}

static void got_menu(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	struct values *p = a->pivot;
	const cJSON *it, *entity = json_obj(result, "entity");
	char title[160];
	int n = 0;

	if (e || !p) {
		if (e)
			app_say_err(a, e);
		cJSON_Delete(result);
		return;
	}
	if (app_active(a) != v || a->ask.open || a->menu.open) { /* too late: the analyst went on */
		cJSON_Delete(result);
		return;
	}
	snprintf(title, sizeof(title), "%s %s",
	         json_str(entity, "type", json_str(entity, "field", "")),
	         json_str(entity, "value", ""));
	cJSON_Delete(p->items);
	p->items = cJSON_DetachItemFromObjectCaseSensitive(result, "items");
	cJSON_Delete(p->entity);
	p->entity = cJSON_DetachItemFromObjectCaseSensitive(result, "entity");
	app_menu(a, v, title, true, asked);
	cJSON_ArrayForEach(it, p->items)
	        menu_add(&a->menu, n++, json_str(it, "label", json_str(it, "question", "?")),
	                 json_str(it, "key", ""), json_str(it, "off", NULL));
	if (!n)
		menu_add(&a->menu, 0, "nothing is known about it", "",
		         "no question fits this value");
	menu_ready(&a->menu);
	cJSON_Delete(result);
}

static void ask_menu(struct app *a, struct view *v, const char *field, const char *value)
{
	cJSON *p = params_new("value", value);

	if (*field)
		json_add_str(p, "field", field);
	app_call(a, v, "pivot.menu", p, got_menu);
}

static void chosen(struct app *a, struct view *v, int id)
{
	struct values *p = a->pivot;

	if (p && (size_t)id < p->v.n)
		ask_menu(a, v, p->v.v[id].field, p->v.v[id].value);
}

static void offer(struct app *a, struct view *v, struct values *p)
{
	if (!p->v.n) {
		app_say(a, R_WARN, "no value to pivot on in this row");
		return;
	}
	if (p->v.n == 1) {
		ask_menu(a, v, p->v.v[0].field, p->v.v[0].value);
		return;
	}
	app_menu(a, v, "Pivot on which value?", true, chosen);
	for (size_t i = 0; i < p->v.n; i++)
		menu_add(&a->menu, (int)i, p->v.v[i].value, p->v.v[i].field, NULL);
	menu_ready(&a->menu);
}

void pivot_value(struct app *a, const char *field, const char *value)
{
	struct values *p = fresh(a);

	add(p, field, value);
	offer(a, app_active(a), p);
}

/* Sentences carry their evidence only: the record behind it has the values. */
static void got_record(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	struct values *p = fresh(a);
	const cJSON *f;

	if (e)
		app_say_err(a, e);
	cJSON_ArrayForEach(f, json_arr(result, "fields")) if (json_str(f, "value", NULL) &&
	                                                      strlen(json_str(f, "value", "")) > 2)
	        add(p, json_str(f, "name", ""), json_str(f, "value", ""));
	if (!e)
		offer(a, v, p);
	cJSON_Delete(result);
}

static void from_evidence(struct app *a, struct view *v, const cJSON *e)
{
	cJSON *p;

	if (cJSON_IsArray(e))
		e = e->child;
	if (!cJSON_IsString(e)) {
		app_say(a, R_WARN, "no value to pivot on in this row");
		return;
	}
	p = params_new("id", e->valuestring);
	json_add_i64(p, "length", 0);
	app_call(a, v, "evidence.get", p, got_record);
}

void pivot_line(struct app *a, struct view *v, const struct doc_line *l)
{
	struct values *p = fresh(a);
	const cJSON *e;

	if (!l || !l->ref) {
		app_say(a, R_WARN, "select a row first (j, k): its values can be pivoted on");
		return;
	}
	if (cJSON_IsString(l->ref))
		add(p, "", l->ref->valuestring);
	if (json_str(l->ref, "value", NULL))
		add(p, json_str(l->ref, "name", ""), json_str(l->ref, "value", ""));
	cJSON_ArrayForEach(e, json_arr(l->ref, "entities")) if (cJSON_IsString(e))
	        add_pair(p, e->valuestring);
	row_entities(l->ref, add, p);
	if (!p->v.n && row_evidence(l->ref))
		from_evidence(a, v, row_evidence(l->ref));
	else
		offer(a, v, p);
}
