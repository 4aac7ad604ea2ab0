#include "view/plan_form.h"

#include "view/plan_lines.h"

static const char *const bound_keys[] = {
        [FORM_FROM] = "from", [FORM_TO] = "to", [FORM_LIMIT] = "limit"};

/* --- lines ------------------------------------------------------------------------------------------------------------------------ */

static void add_values(struct buf *b, const cJSON *leaf)
{
	const cJSON *value = json_get(leaf, "value"), *v;

	if (value)
		say_value(b, value);
	cJSON_ArrayForEach(v, json_arr(leaf, "values"))
	{
		buf_str(b, v == json_arr(leaf, "values")->child ? "" : ", ");
		say_value(b, v);
	}
}

static bool is_leaf(const cJSON *c)
{
	return json_str(c, "op", NULL) && (json_get(c, "value") || json_arr(c, "values"));
}

static void leaf_text(struct buf *b, const cJSON *leaf)
{
	if (json_str(leaf, "field", NULL))
		buf_printf(b, "%s ", json_str(leaf, "field", ""));
	buf_printf(b, "%s ", json_str(leaf, "op", ""));
	add_values(b, leaf);
}

/* A condition that takes values of another step, or another shape that a form has no line for: shown, not edited. */
static void other_text(struct buf *b, const cJSON *c)
{
	char *json = cJSON_PrintUnformatted(c);

	buf_printf(b, "%s  (e edits it as text)", json);
	free(json);
}

static void add_condition(struct view *v, const cJSON *c, int indent, const char *word);

static bool add_group(struct view *v, const cJSON *c, int indent, const char *word)
{
	static const struct {
		const char *key, *words;
	} groups[] = {{"all", "all of"}, {"any", "any of"}};
	const cJSON *m;

	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		if (!json_arr(c, groups[i].key))
			continue;
		doc_printf(&v->doc, R_TEXT, "%*s%s%s", indent, "", word, groups[i].words);
		cJSON_ArrayForEach(m, json_arr(c, groups[i].key))
		        add_condition(v, m, indent + 2, "");
		return true;
	}
	return false;
}

static void add_condition(struct view *v, const cJSON *c, int indent, const char *word)
{
	struct buf b = BUF_INIT;
	char head[80];
	size_t from;

	if (json_obj(c, "not")) {
		add_condition(v, json_obj(c, "not"), indent, "not ");
		return;
	}
	if (add_group(v, c, indent, word))
		return;
	if (is_leaf(c))
		leaf_text(&b, c);
	else
		other_text(&b, c);
	snprintf(head, sizeof(head), "%*s%s", indent > 40 ? 40 : indent, "", word);
	from = doc_wrap(&v->doc, R_HEAD, head, indent + 4, (struct slice){b.s, b.len});
	if (is_leaf(c))
		doc_mean(&v->doc, from, NULL, c, FORM_CONDITION);
	buf_release(&b);
}

static void add_bound(struct view *v, const cJSON *step, enum form_kind kind)
{
	const cJSON *value = json_get(step, bound_keys[kind]);
	struct buf b = BUF_INIT;

	buf_printf(&b, "   %-6s", bound_keys[kind]);
	if (value)
		say_value(&b, value);
	else
		buf_str(&b, "-");
	doc_add(&v->doc, R_HEAD, (struct slice){b.s, b.len});
	doc_mean(&v->doc, v->doc.lines.n - 1, NULL, step, (int)kind);
	buf_release(&b);
}

static void add_step(struct view *v, const cJSON *step, int n)
{
	const cJSON *where = json_obj(step, "where");

	doc_printf(&v->doc, R_TEXT, " %d %s %s %s", n, json_str(step, "kind", "search"),
	           json_str(step, "source", ""), json_str(step, "name", ""));
	if (strcmp(json_str(step, "kind", "search"), "search") == 0) {
		add_bound(v, step, FORM_FROM);
		add_bound(v, step, FORM_TO);
		if (where)
			add_condition(v, where, 3, "where ");
		doc_printf(&v->doc, R_TEXT, "   + one more condition");
		doc_mean(&v->doc, v->doc.lines.n - 1, NULL, step, FORM_ADD);
	}
	add_bound(v, step, FORM_LIMIT);
}

void plan_form_add(struct view *v, const cJSON *plan)
{
	const cJSON *s;
	int n = 0;

	doc_printf(&v->doc, R_TEXT,
	           " The plan as a form: Enter changes a line, r runs it, e edits it as text");
	cJSON_ArrayForEach(s, json_arr(plan, "steps")) add_step(v, s, ++n);
}

void plan_form_text(const struct doc_line *l, struct buf *out)
{
	const cJSON *value;

	if (l->kind == FORM_CONDITION) {
		leaf_text(out, l->ref);
	} else if (l->kind != FORM_ADD) {
		value = json_get(l->ref, bound_keys[l->kind]);
		if (value)
			say_value(out, value);
	}
}

/* --- changes ------------------------------------------------------------------------------------------------------------------------ */

static struct slice word_of(struct slice *rest)
{
	struct slice w;

	*rest = slice_trim(*rest);
	if (!slice_split(rest, ' ', &w))
		return (struct slice){"", 0};
	*rest = slice_trim(*rest);
	return w;
}

/* A number stays one where it was one. */
static cJSON *value_json(struct slice text, const cJSON *was)
{
	int64_t n;
	char *s;
	cJSON *v;

	if (cJSON_IsNumber(was) && slice_i64(text, &n))
		return cJSON_CreateNumber((double)n);
	s = xstrndup(text.s, text.n);
	v = cJSON_CreateString(s);
	free(s);
	return v;
}

static const cJSON *old_value(const cJSON *leaf)
{
	const cJSON *value = json_get(leaf, "value");
	return value ? value : cJSON_GetArrayItem(json_arr(leaf, "values"), 0);
}

/* "field op value[, value]" or "text words". */
static cJSON *parse_leaf(const char *text, const cJSON *was, struct err *e)
{
	struct slice rest = slice_of(text), field = word_of(&rest), op, one;
	cJSON *leaf = cJSON_CreateObject();
	bool several;

	if (slice_eq_str(field, "text")) {
		op = field;
	} else {
		op = word_of(&rest);
		json_add_slice(leaf, "field", field);
	}
	several = slice_eq_str(op, "in") || json_arr(was, "values");
	json_add_slice(leaf, "op", op);
	if (!op.n || !rest.n) {
		err_set(e, ERR_INVALID,
		        "a condition is \"field op value\", as in \"src_endpoint.ip is 10.1.2.3\"");
		cJSON_Delete(leaf);
		return NULL;
	}
	if (!several)
		cJSON_AddItemToObject(leaf, "value", value_json(rest, old_value(was)));
	else
		json_add_arr(leaf, "values");
	while (several && slice_split(&rest, ',', &one))
		cJSON_AddItemToArray(json_arr(leaf, "values"),
		                     value_json(slice_trim(one), old_value(was)));
	return leaf;
}

static cJSON *parent_of(cJSON *at, const cJSON *item)
{
	cJSON *c, *found = NULL;

	cJSON_ArrayForEach(c, at)
	{
		if (c == item)
			return at;
		found = parent_of(c, item);
		if (found)
			return found;
	}
	return NULL;
}

/* An empty group would mean everything or nothing: it goes with its last condition. */
static void take_away(cJSON *plan, const cJSON *item)
{
	cJSON *parent = parent_of(plan, item);

	if (!parent)
		return;
	cJSON_Delete(cJSON_DetachItemViaPointer(parent, (cJSON *)(uintptr_t)item));
	if (!parent->child && parent != plan)
		take_away(plan, parent);
}

static void replace(cJSON *plan, const cJSON *old, cJSON *new)
{
	cJSON *parent = parent_of(plan, old);

	if (cJSON_IsObject(parent))
		cJSON_ReplaceItemInObjectCaseSensitive(parent, old->string, new);
	else if (parent)
		cJSON_ReplaceItemViaPointer(parent, (cJSON *)(uintptr_t)old, new);
	else
		cJSON_Delete(new);
}

/* Beside what is asked already, in the outermost "all". */
static void add_leaf(cJSON *step, cJSON *leaf)
{
	cJSON *where = json_obj(step, "where"), *all;

	if (!where) {
		cJSON_AddItemToObject(step, "where", leaf);
	} else if (json_arr(where, "all")) {
		cJSON_AddItemToArray(json_arr(where, "all"), leaf);
	} else {
		where = cJSON_DetachItemFromObject(step, "where");
		all = json_add_arr(json_add_obj(step, "where"), "all");
		cJSON_AddItemToArray(all, where);
		cJSON_AddItemToArray(all, leaf);
	}
}

static void set_bound(cJSON *step, const char *key, const char *text)
{
	int64_t n;

	cJSON_DeleteItemFromObject(step, key);
	if (!*text || !strcmp(text, "-"))
		return;
	if (slice_i64(slice_of(text), &n))
		json_add_i64(step, key, n);
	else
		json_add_str(step, key, text);
}

bool plan_form_set(cJSON *plan, const cJSON *ref, enum form_kind kind, const char *text,
                   struct err *e)
{
	cJSON *step = (cJSON *)(uintptr_t)ref, *leaf;

	if (kind == FORM_FROM || kind == FORM_TO || kind == FORM_LIMIT) {
		set_bound(step, bound_keys[kind], text);
		return true;
	}
	if (!*text) {
		if (kind == FORM_CONDITION)
			take_away(plan, ref);
		return true;
	}
	leaf = parse_leaf(text, kind == FORM_CONDITION ? ref : NULL, e);
	if (!leaf)
		return false;
	if (kind == FORM_ADD)
		add_leaf(step, leaf);
	else
		replace(plan, ref, leaf);
	return true;
}
