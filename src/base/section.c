#include <ctype.h>
#include <inttypes.h>

#include "base/config_int.h"
#include "base/limits.h"
#include "base/mwtime.h"

const struct section_kind section_kinds[] = {
#define SECTION_KIND(section, kind, help) {section, kind, help},
#define SECTION_KEY(section, kinds, name, type, required, help)
#include "base/sections.def"
        {NULL, NULL, NULL},
#undef SECTION_KIND
#undef SECTION_KEY
};
const struct section_key section_keys[] = {
#define SECTION_KIND(section, kind, help)
#define SECTION_KEY(section, kinds, name, type, required, help) \
	{section, kinds, name, OT_##type, required, help},
#include "base/sections.def"
        {NULL, NULL, NULL, OT_STR, false, NULL},
#undef SECTION_KIND
#undef SECTION_KEY
};

bool section_is(const char *name)
{
	for (const struct section_kind *k = section_kinds; k->section; k++)
		if (strcmp(k->section, name) == 0)
			return true;
	return false;
}

static bool has_word(const char *words, const char *word)
{
	struct slice rest = slice_of(words), w;

	while (slice_split(&rest, ' ', &w))
		if (slice_eq_str(w, word))
			return true;
	return false;
}

bool section_key_fits(const struct section_key *k, const char *section, const char *kind)
{
	return strcmp(k->section, section) == 0 &&
	       (strcmp(k->kinds, "*") == 0 || has_word(k->kinds, kind));
}

/* ---- reading ---- */

static void add_value(cJSON *o, const struct section_key *k, const struct value *v)
{
	cJSON *list;

	if (k->type == OT_BOOL) {
		json_add_bool(o, k->name, v->num != 0);
	} else if (k->type == OT_INT || k->type == OT_SIZE || k->type == OT_SPAN) {
		json_add_i64(o, k->name, v->num);
	} else if (k->type == OT_LIST) {
		list = json_add_arr(o, k->name);
		for (size_t i = 0; v->list[i]; i++)
			cJSON_AddItemToArray(list, cJSON_CreateString(v->list[i]));
	} else {
		json_add_str(o, k->name, v->text);
	}
}

static const struct section_key *find_key(const char *section, const char *kind, const char *name)
{
	for (const struct section_key *k = section_keys; k->section; k++)
		if (section_key_fits(k, section, kind) && strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

static int unknown_key(const char *section, const char *kind, const struct yaml_node *n,
                       const char *file, struct err *e)
{
	const char *names[ARRAY_LEN(section_keys)], *near;
	size_t count = 0;

	for (const struct section_key *k = section_keys; k->section; k++)
		if (section_key_fits(k, section, kind))
			names[count++] = k->name;
	names[count] = NULL;
	near = mw_did_you_mean(n->key, names);
	return err_set(e, ERR_INVALID, "%s:%d: a %s entry of %s has no \"%s\"%s%s%s", file, n->line,
	               kind, section, n->key, near ? "; did you mean \"" : "", near ? near : "",
	               near ? "\"?" : "");
}

/* A list as one text with commas between; NULL where n is neither that nor a scalar. */
static const char *node_text(struct arena *a, const struct yaml_node *n)
{
	const char *text = "";

	if (n->kind == YAML_SCALAR)
		return n->text;
	for (const struct yaml_node *x = n->child; x && text; x = x->next)
		text = x->kind == YAML_SCALAR
		               ? arena_printf(a, "%s%s%s", text, *text ? "," : "", x->text)
		               : NULL;
	return n->kind == YAML_SEQ ? text : NULL;
}

static int read_key(cJSON *o, const char *section, const char *kind, struct arena *a,
                    const struct yaml_node *n, const char *file, struct err *e)
{
	const struct section_key *k = find_key(section, kind, n->key);
	struct value v = {.text = node_text(a, n),
	                  .origin = arena_printf(a, "%s:%d", file, n->line)};

	if (!k)
		return unknown_key(section, kind, n, file, e);
	if (!v.text || (n->kind == YAML_SEQ && k->type != OT_LIST))
		return err_set(e, ERR_INVALID, "%s: %s must be one value", v.origin, k->name);
	if (value_parse(a, k->type, k->name, k->help, &v, e))
		return -1;
	add_value(o, k, &v);
	return 0;
}

static int check_kind(const char *section, const char *kind, const char *file, int line,
                      struct err *e)
{
	const char *names[ARRAY_LEN(section_kinds)], *near;
	size_t count = 0;

	for (const struct section_kind *k = section_kinds; k->section; k++) {
		if (strcmp(k->section, section))
			continue;
		if (strcmp(k->kind, kind) == 0)
			return 0;
		names[count++] = k->kind;
	}
	names[count] = NULL;
	near = mw_did_you_mean(kind, names);
	return err_set(e, ERR_INVALID, "%s:%d: %s: no kind \"%s\"%s%s%s", file, line, section, kind,
	               near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* Names stand in plans, file names and messages. */
static bool name_ok(const char *name)
{
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_')
			return false;
	return *name && strlen(name) <= MW_SOURCE_NAME_MAX && strcmp(name, "lake") != 0 &&
	       strcmp(name, "graph") != 0;
}

static int check_entry(const cJSON *o, const cJSON *list, const char *section, const char *at,
                       struct err *e)
{
	const char *kind = json_str(o, "kind", ""), *name = json_str(o, "name", "");
	const cJSON *x;

	for (const struct section_key *k = section_keys; k->section; k++)
		if (k->required && section_key_fits(k, section, kind) && !json_get(o, k->name))
			return err_set(e, ERR_INVALID,
			               "%s: an entry of %s of kind %s needs \"%s\": %s", at,
			               section, kind, k->name, k->help);
	if (!name_ok(name))
		return err_set(e, ERR_INVALID,
		               "%s: \"%s\" is no name: at most %d letters, digits, - and _, not "
		               "lake or graph",
		               at, name, MW_SOURCE_NAME_MAX);
	cJSON_ArrayForEach(x, list) if (strcmp(json_str(x, "name", ""), name) == 0) return err_set(
	        e, ERR_INVALID, "%s: there is a \"%s\" already, at %s", at, name,
	        json_str(x, "at", ""));
	return 0;
}

static int read_entry(cJSON *list, const char *section, struct arena *a, const struct yaml_node *n,
                      const char *file, struct err *e)
{
	const char *kind = n->kind == YAML_MAP ? yaml_str(n, "kind", "") : "";
	const char *at = arena_printf(a, "%s:%d", file, n->line);
	cJSON *o;
	int rc = 0;

	if (n->kind != YAML_MAP)
		return err_set(e, ERR_INVALID, "%s: an entry of %s is a map with name and kind", at,
		               section);
	if (check_kind(section, kind, file, n->line, e))
		return -1;
	o = cJSON_CreateObject();
	for (const struct yaml_node *k = n->child; k && rc == 0; k = k->next)
		rc = read_key(o, section, kind, a, k, file, e);
	if (rc == 0)
		rc = check_entry(o, list, section, at, e);
	json_add_str(o, "at", at);
	if (rc == 0)
		cJSON_AddItemToArray(list, o);
	else
		cJSON_Delete(o);
	return rc;
}

int section_read(cJSON *sections, struct arena *a, const struct yaml_node *n, const char *file,
                 struct err *e)
{
	cJSON *list = json_arr(sections, n->key);

	if (!list)
		list = json_add_arr(sections, n->key);
	for (const struct yaml_node *x = n->child; x; x = x->next) {
		if (cJSON_GetArraySize(list) >= MW_SECTION_ENTRIES_MAX)
			return err_set(e, ERR_LIMIT, "%s:%d: at most %d %s", file, x->line,
			               MW_SECTION_ENTRIES_MAX, n->key);
		if (read_entry(list, n->key, a, x, file, e))
			return -1;
	}
	return 0;
}

static void print_value(const char *section, const char *kind, const cJSON *v, struct buf *out)
{
	const struct section_key *k = find_key(section, kind, v->string);

	if (k && k->type == OT_SPAN)
		buf_printf(out, "%" PRId64 "s", (int64_t)v->valuedouble / MW_SECOND);
	else
		json_write(out, v);
	buf_ch(out, '\n');
}

static void print_entry(const char *section, const cJSON *x, struct buf *out)
{
	const cJSON *k;

	buf_printf(out, "  # from %s\n", json_str(x, "at", ""));
	cJSON_ArrayForEach(k, x)
	{
		if (strcmp(k->string, "at") == 0)
			continue;
		buf_printf(out, "  %s %s: ", k == x->child ? "-" : " ", k->string);
		print_value(section, json_str(x, "kind", ""), k, out);
	}
}

void section_print(const cJSON *sections, struct buf *out)
{
	const cJSON *list, *x;

	cJSON_ArrayForEach(list, sections)
	{
		buf_printf(out, "%s:\n", list->string);
		cJSON_ArrayForEach(x, list) print_entry(list->string, x, out);
	}
}
