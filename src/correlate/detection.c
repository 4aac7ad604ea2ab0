#include "correlate/detection.h"

#include "base/asset.h"

#define FOLDER "detections/"

static const char *const keys[] = {
        "id",    "title",    "severity", "confidence", "attack", "outside",  "needs", "datasets",
        "where", "sequence", "by",       "min",        "window", "distinct", "hours", NULL};

static const char *const *word_list(struct yaml_doc *doc, const struct yaml_node *n)
{
	const char **v = arena_zalloc(&doc->arena, ((n ? n->count : 0) + 1) * sizeof(*v));
	size_t i = 0;
	for (const struct yaml_node *c = n ? n->child : NULL; c; c = c->next)
		v[i++] = c->text;
	return v;
}

static int wrong(const struct detection *d, const struct yaml_node *n, struct err *e,
                 const char *what)
{
	return err_set(e, ERR_INVALID, "assets/%s:%d: %s", d->file, n ? n->line : 1, what);
}

static int read_field(const struct detection *d, const struct yaml_node *n, field_id *out,
                      struct err *e)
{
	const struct field *f = n && n->text ? field_find(slice_of(n->text)) : NULL;
	if (!f)
		return wrong(d, n, e, "this is no field of assets/fields.yaml");
	*out = f->id;
	return 0;
}

static int read_number(const struct detection *d, const char *key, int64_t *out, struct err *e)
{
	const struct yaml_node *n = yaml_get(d->root, key);
	if (n && (!n->text || !slice_i64(slice_of(n->text), out) || *out < 0))
		return wrong(d, n, e, "a whole number is wanted here");
	return 0;
}

static int read_by(struct detection *d, struct err *e)
{
	const struct yaml_node *by = yaml_get(d->root, "by");
	if (!by || !by->count || by->count > DETECTION_BY_MAX)
		return wrong(d, by, e, "\"by\" needs one to four fields");
	for (const struct yaml_node *c = by->child; c; c = c->next)
		if (read_field(d, c, &d->by[d->nby++], e))
			return -1;
	return 0;
}

static int read_window(struct detection *d, struct err *e)
{
	const struct yaml_node *window = yaml_get(d->root, "window"),
	                       *distinct = yaml_get(d->root, "distinct");
	const struct yaml_node *hours = yaml_get(d->root, "hours");
	int64_t from = 0, to = 0;
	if (window &&
	    (!window->text || !mw_span_parse(slice_of(window->text), &d->window) || d->window <= 0))
		return wrong(d, window, e, "\"window\" is a span like 1h");
	d->distinct = FIELD_NONE;
	if (distinct && (read_field(d, yaml_get(distinct, "field"), &d->distinct, e) ||
	                 !slice_i64(slice_of(yaml_str(distinct, "min", "")), &d->distinct_min)))
		return wrong(d, distinct, e, "\"distinct\" needs a field and min");
	if (hours &&
	    (!slice_i64(slice_of(yaml_str(hours, "from", "")), &from) || from < 0 || from > 23 ||
	     !slice_i64(slice_of(yaml_str(hours, "to", "")), &to) || to < 0 || to > 23))
		return wrong(d, hours, e, "\"hours\" needs from and to, 0 to 23");
	d->hour_from = (int)from;
	d->hour_to = (int)to;
	return 0;
}

static int read_detection(struct detection *d, struct yaml_doc *doc, struct err *e)
{
	int64_t confidence = 50;
	d->id = yaml_str(d->root, "id", NULL);
	d->title = yaml_str(d->root, "title", NULL);
	d->min = 1;
	if (!d->id || !d->title || (!yaml_get(d->root, "where") && !yaml_get(d->root, "sequence")))
		return wrong(d, d->root, e, "a detection needs id, title and where");
	if (!severity_parse(slice_of(yaml_str(d->root, "severity", "")), &d->severity))
		return wrong(d, yaml_get(d->root, "severity"), e,
		             "\"severity\" is critical, high, medium, low or info");
	d->attack = word_list(doc, yaml_get(d->root, "attack"));
	d->needs = word_list(doc, yaml_get(d->root, "needs"));
	d->outside = !strcmp(yaml_str(d->root, "outside", "false"), "true");
	if (read_number(d, "confidence", &confidence, e) || read_number(d, "min", &d->min, e) ||
	    read_by(d, e) || read_window(d, e))
		return -1;
	d->confidence = confidence > 100 ? 100 : (int)confidence;
	return 0;
}

int detections_add(struct detections *ds, const char *name, struct slice yaml, struct err *e)
{
	struct yaml_doc *doc = xcalloc(1, sizeof(*doc));
	*vec_push(&ds->docs) = doc;
	if (yaml_parse(doc, yaml, name, e))
		return -1;
	struct detection *d = vec_push(&ds->v);
	d->file = name;
	d->root = doc->root;
	if (!doc->root)
		return wrong(d, NULL, e, "the file is empty");
	return yaml_only(doc->root, keys, name, e) ? -1 : read_detection(d, doc, e);
}

int detections_load(struct detections *ds, struct err *e)
{
	*ds = (struct detections){0};
	for (const struct asset *a = mw_assets; a->name; a++) {
		if (strncmp(a->name, FOLDER, strlen(FOLDER)) != 0)
			continue;
		if (detections_add(ds, a->name, (struct slice){a->data, a->len}, e)) {
			detections_release(ds);
			return -1;
		}
	}
	return 0;
}

void detections_release(struct detections *ds)
{
	for (size_t i = 0; i < ds->docs.n; i++) {
		yaml_release(ds->docs.v[i]);
		free(ds->docs.v[i]);
	}
	vec_free(&ds->docs);
	vec_free(&ds->v);
}

/* ---- the plan ---- */

static cJSON *scalar(const struct yaml_node *n)
{
	int64_t i;
	if (!n->quoted && slice_i64(slice_of(n->text), &i))
		return cJSON_CreateNumber((double)i);
	if (!n->quoted && (!strcmp(n->text, "true") || !strcmp(n->text, "false")))
		return cJSON_CreateBool(n->text[0] == 't');
	return cJSON_CreateString(n->text);
}

static bool expand(cJSON *array, const struct yaml_node *n, const struct facts *f)
{
	size_t count;
	if (n->kind != YAML_SCALAR || n->quoted || n->text[0] != '$')
		return false;
	const char *const *list = facts_list(f, slice_of(n->text + 1), &count);
	for (size_t i = 0; list && i < count; i++)
		cJSON_AddItemToArray(array, cJSON_CreateString(list[i]));
	return list != NULL;
}

/* A comparison with a list of which nothing is known is false: an empty "any". */
static cJSON *known_or_false(cJSON *o)
{
	const cJSON *values = json_arr(o, "values");
	if (!values || values->child)
		return o;
	cJSON_Delete(o);
	o = cJSON_CreateObject();
	json_add_arr(o, "any");
	return o;
}

/* Depth is bounded by the YAML reader. */
static cJSON *to_json(const struct yaml_node *n, const struct facts *f)
{
	if (n->kind == YAML_SCALAR)
		return scalar(n);
	cJSON *o = n->kind == YAML_MAP ? cJSON_CreateObject() : cJSON_CreateArray();
	for (const struct yaml_node *c = n->child; c; c = c->next) {
		if (n->kind == YAML_MAP)
			cJSON_AddItemToObject(o, c->key, to_json(c, f));
		else if (!expand(o, c, f))
			cJSON_AddItemToArray(o, to_json(c, f));
	}
	return known_or_false(o);
}

static bool has_needs(const struct detection *d, const struct facts *f)
{
	size_t n;
	for (const char *const *need = d->needs; *need; need++)
		if (!facts_list(f, slice_of(*need), &n) || !n)
			return false;
	return true;
}

struct plan *detection_plan(const struct detection *d, const struct facts *f, mw_time since,
                            struct err *e)
{
	static const char *const members[] = {"datasets", "where", "sequence"};
	if (!has_needs(d, f))
		return NULL;
	cJSON *j = cJSON_CreateObject(), *step = cJSON_CreateObject();
	json_add_str(j, "show", "events");
	cJSON_AddItemToArray(json_add_arr(j, "steps"), step);
	json_add_str(step, "kind", "search");
	json_add_str(step, "name", d->id);
	if (since != MW_TIME_NONE)
		json_add_time(step, "from", since);
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		const struct yaml_node *n = yaml_get(d->root, members[i]);
		if (n)
			cJSON_AddItemToObject(step, members[i], to_json(n, f));
	}
	struct plan *p = plan_from_json(j, e);
	cJSON_Delete(j);
	if (!p)
		err_prefix(e, "assets/%s", d->file);
	return p;
}
