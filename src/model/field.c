#include "base/asset.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "model/field.h"

#define FIELDS_ASSET "fields.yaml"

static struct {
	struct arena arena;
	VEC(struct field) fields;
	struct map names; /* name and alias -> id */
	struct map words; /* a word in its folded form -> index into lists */
	VEC(struct word_list { VEC(field_id) ids; }) lists;
} table;

static const char *const types[] = {"string", "int", "float", "bool", "ip", "time", "port", "size"};
static const char *const senses[] = {"public", "internal", "personal", "secret"};
static const char *const roles[] = {"none", "actor",   "target", "source", "destination",
                                    "what", "outcome", "where",  "when"};

const char *field_type_name(enum field_type t)
{
	return types[t];
}

static int wrong(struct err *e, const struct yaml_node *n, const char *why, const char *what)
{
	return err_set(e, ERR_INVALID, "%s:%d: %s \"%s\"", FIELDS_ASSET, n->line, why, what);
}

/* The index of the member's text in a list of words, the first one where the member is absent; -1
 * for another word. */
static int choice(const struct yaml_node *entry, const char *key, const char *const *words,
                  size_t n, struct err *e)
{
	const struct yaml_node *m = yaml_get(entry, key);

	for (size_t i = 0; i < n; i++)
		if (!m || (m->text && strcmp(m->text, words[i]) == 0))
			return (int)i;
	return wrong(e, m, key, m->text ? m->text : "a list");
}

/* A scalar is a list of one. NULL-terminated, in the table's arena. */
static const char *const *strings(const struct yaml_node *n)
{
	size_t count = !n ? 0 : n->kind == YAML_SCALAR ? 1 : n->count, i = 0;
	const char **out = arena_zalloc(&table.arena, (count + 1) * sizeof(*out));

	if (n && n->kind == YAML_SCALAR)
		out[0] = arena_strdup(&table.arena, n->text);
	else
		for (const struct yaml_node *c = n ? n->child : NULL; c; c = c->next)
			out[i++] = arena_strdup(&table.arena, c->text ? c->text : "");
	return out;
}

static const struct field_name *named(const struct yaml_node *map)
{
	size_t count = map && map->kind == YAML_MAP ? map->count : 0, i = 0;
	struct field_name *out = arena_zalloc(&table.arena, (count + 1) * sizeof(*out));

	for (const struct yaml_node *c = count ? map->child : NULL; c; c = c->next) {
		out[i].where = arena_strdup(&table.arena, c->key);
		out[i++].paths = strings(c);
	}
	return out;
}

static const char *optional(const struct yaml_node *entry, const char *key)
{
	const char *text = yaml_str(entry, key, NULL);

	return text ? arena_strdup(&table.arena, text) : NULL;
}

/* Lower case without the plural's ending, so that "IPs", "ip", "addresses" and "address" meet. */
static size_t fold_word(struct slice word, char *out, size_t max)
{
	size_t n = word.n < max ? word.n : max;

	for (size_t i = 0; i < n; i++) {
		char c = word.s[i];

		out[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c == '_' || c == '-' ? ' ' : c;
	}
	if (n > 4 && memcmp(out + n - 3, "ies", 3) == 0) {
		out[n - 3] = 'y';
		return n - 2;
	}
	if (n > 4 && (memcmp(out + n - 3, "ses", 3) == 0 || memcmp(out + n - 3, "xes", 3) == 0))
		return n - 2;
	if (n > 2 && out[n - 1] == 's' && out[n - 2] != 's')
		return n - 1;
	return n;
}

static void learn_word(const char *word, field_id id)
{
	char key[64];
	bool added;
	size_t n = fold_word(slice_of(word), key, sizeof(key));
	struct map_entry *m = map_put(&table.words, key, n, &added);

	if (added) {
		m->val.u = table.lists.n;
		(void)vec_push(&table.lists);
	}
	struct word_list *l = &table.lists.v[m->val.u];
	if (!l->ids.n || l->ids.v[l->ids.n - 1] != id)
		*vec_push(&l->ids) = id;
}

static int learn_name(const struct yaml_node *entry, const char *name, field_id id, struct err *e)
{
	bool added;
	struct map_entry *m = map_put_str(&table.names, name, &added);

	if (!added && m->val.u != id)
		return wrong(e, entry, "two fields are called", name);
	m->val.u = id;
	return 0;
}

static int load_entry(const struct yaml_node *entry, struct err *e)
{
	static const char *const keys[] = {"name",        "alias", "type",    "many", "words",
	                                   "sensitivity", "role",  "formats", "cim",  "sentinel",
	                                   "aql",         "ecs",   "free",    NULL};
	int type, sens, role;

	if (entry->kind != YAML_MAP || !yaml_str(entry, "name", NULL) ||
	    !yaml_str(entry, "alias", NULL))
		return wrong(e, entry, "an entry needs", "name and alias");
	if (yaml_only(entry, keys, FIELDS_ASSET, e))
		return -1;
	if (table.fields.n == FIELD_MAX)
		return wrong(e, entry, "too many fields; raise", "FIELD_MAX");
	type = choice(entry, "type", types, ARRAY_LEN(types), e);
	sens = choice(entry, "sensitivity", senses, ARRAY_LEN(senses), e);
	role = choice(entry, "role", roles, ARRAY_LEN(roles), e);
	if (type < 0 || sens < 0 || role < 0)
		return -1;
	field_id id = (field_id)table.fields.n;
	struct field *f = vec_push(&table.fields);
	*f = (struct field){
	        .id = id,
	        .name = optional(entry, "name"),
	        .alias = optional(entry, "alias"),
	        .type = (enum field_type)type,
	        .many = strcmp(yaml_str(entry, "many", "false"), "true") == 0,
	        .free_text = strcmp(yaml_str(entry, "free", "false"), "true") == 0,
	        .sens = (enum field_sens)sens,
	        .role = (enum field_role)role,
	        .words = strings(yaml_get(entry, "words")),
	        .formats = named(yaml_get(entry, "formats")),
	        .sentinel = named(yaml_get(entry, "sentinel")),
	        .cim = optional(entry, "cim"),
	        .aql = optional(entry, "aql"),
	        .ecs = optional(entry, "ecs"),
	};
	for (const char *const *w = f->words; *w; w++)
		learn_word(*w, id);
	return learn_name(entry, f->name, id, e) || learn_name(entry, f->alias, id, e) ? -1 : 0;
}

int fields_load(struct err *e)
{
	static const char *const keys[] = {"version", "ocsf", "fields", NULL};
	const struct asset *a = asset_find(FIELDS_ASSET);
	struct yaml_doc d;
	int rc = 0;

	if (table.fields.n)
		return 0;
	if (!a)
		return err_set(e, ERR_INTERNAL, "the field table is not compiled in");
	if (yaml_parse(&d, (struct slice){a->data, a->len}, FIELDS_ASSET, e))
		return -1;
	if (!d.root || d.root->kind != YAML_MAP || !yaml_get(d.root, "fields"))
		rc = err_set(e, ERR_INVALID, "%s: no fields in it", FIELDS_ASSET);
	else
		rc = yaml_only(d.root, keys, FIELDS_ASSET, e);
	for (const struct yaml_node *n = rc ? NULL : yaml_get(d.root, "fields")->child; n && !rc;
	     n = n->next)
		rc = load_entry(n, e);
	yaml_release(&d);
	return rc;
}

size_t field_count(void)
{
	return table.fields.n;
}

const struct field *field_at(field_id id)
{
	return id < table.fields.n ? &table.fields.v[id] : NULL;
}

const struct field *field_find(struct slice name)
{
	const struct map_entry *m = map_get(&table.names, name.s, name.n);

	return m ? &table.fields.v[m->val.u] : NULL;
}

size_t field_by_word(struct slice word, const struct field **out, size_t max)
{
	char key[64];
	size_t n = fold_word(word, key, sizeof(key));
	const struct map_entry *m = map_get(&table.words, key, n);

	if (!m)
		return 0;
	const struct word_list *l = &table.lists.v[m->val.u];
	for (size_t i = 0; i < l->ids.n && i < max; i++)
		out[i] = &table.fields.v[l->ids.v[i]];
	return l->ids.n;
}
