#include "store/graph_risk.h"

#include "base/asset.h"
#include "base/yaml.h"

struct risk_class {
	const char *id;
	const char **actions, **not ;
};
struct risk_table {
	struct yaml_doc doc;
	struct risk_class v[RISK_CLASSES_MAX];
	size_t n;
};

static const char **words(struct risk_table *t, const struct yaml_node *list)
{
	const char **out =
	        arena_zalloc(&t->doc.arena, ((list ? list->count : 0) + 1) * sizeof(*out));
	size_t n = 0;
	for (const struct yaml_node *w = list ? list->child : NULL; w; w = w->next)
		out[n++] = w->text;
	return out;
}

struct risk_table *risk_load(struct err *e)
{
	static const char name[] = "iam/risks.yaml";
	const struct asset *a = asset_find(name);
	struct risk_table *t = xcalloc(1, sizeof(*t));
	const struct yaml_node *y;

	if (!a || yaml_parse(&t->doc, (struct slice){a->data, a->len}, name, e)) {
		if (!a)
			err_set(e, ERR_INTERNAL, "assets/%s is missing", name);
		free(t);
		return NULL;
	}
	y = yaml_get(t->doc.root, "classes");
	for (y = y ? y->child : NULL; y && t->n < RISK_CLASSES_MAX; y = y->next)
		t->v[t->n++] =
		        (struct risk_class){yaml_str(y, "id", ""), words(t, yaml_get(y, "actions")),
		                            words(t, yaml_get(y, "not"))};
	return t;
}

void risk_free(struct risk_table *t)
{
	if (!t)
		return;
	yaml_release(&t->doc);
	free(t);
}

size_t risk_classes(const struct risk_table *t)
{
	return t->n;
}

const char *risk_class_name(const struct risk_table *t, size_t cls)
{
	return t->v[cls].id;
}

static bool any(const char *const *patterns, const char *text,
                bool (*test)(const char *, const char *, bool))
{
	for (; *patterns; patterns++)
		if (test(*patterns, text, true))
			return true;
	return false;
}

bool risk_is(const struct risk_table *t, size_t cls, const char *action)
{
	return any(t->v[cls].actions, action, iam_glob) && !any(t->v[cls].not, action, iam_glob);
}

bool risk_touches(const struct risk_table *t, size_t cls, const char *pattern)
{
	return any(t->v[cls].actions, pattern, iam_overlaps) &&
	       !any(t->v[cls].not, pattern, iam_covers);
}

static void add_statement(const struct risk_table *t, size_t cls, const struct iam_statement *s,
                          cJSON *out)
{
	cJSON *list = json_arr(out, t->v[cls].id);
	if (s->not_action) {
		if (!list)
			list = json_add_arr(out, t->v[cls].id);
		cJSON_AddItemToArray(list, cJSON_CreateString("all but what NotAction names"));
		return;
	}
	for (const char **a = s->actions; *a; a++) {
		if (!risk_touches(t, cls, *a))
			continue;
		if (!list)
			list = json_add_arr(out, t->v[cls].id);
		cJSON_AddItemToArray(list, cJSON_CreateString(*a));
	}
}

cJSON *risk_of_policy(const struct risk_table *t, const struct iam_policy *p)
{
	cJSON *out = cJSON_CreateObject();
	for (size_t cls = 0; cls < t->n; cls++)
		for (size_t i = 0; i < p->n; i++) {
			const struct iam_statement *s = &p->v[i];
			if (s->allow && !s->condition && iam_resource_all(s, "*"))
				add_statement(t, cls, s, out);
		}
	return out;
}
