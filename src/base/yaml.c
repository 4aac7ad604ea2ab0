#include <yaml.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/yaml.h"

struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	struct yaml_doc *doc;
	const char *name;
	struct err *e;
	struct {
		struct yaml_node *node, *last;
	} open[MW_JSON_DEPTH_MAX];
	int depth;
	const char *key; /* of the map's next member, once it is read */
};

static int line_of(yaml_mark_t m)
{
	return (int)m.line + 1;
}

static int refuse(struct reader *r, const char *why)
{
	return err_set(r->e, ERR_INVALID, "%s:%d: %s", r->name, line_of(r->event.start_mark), why);
}

static int refuse_syntax(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;

	return err_set(r->e, ERR_INVALID, "%s:%d: %s%s%s", r->name, line_of(p->problem_mark),
	               p->problem ? p->problem : "not YAML", p->context ? " " : "",
	               p->context ? p->context : "");
}

/* In a map a scalar is a key first: true when this one was taken as such. */
static int take_key(struct reader *r, bool *taken)
{
	struct yaml_node *map = r->depth ? r->open[r->depth - 1].node : NULL;
	const yaml_event_t *ev = &r->event;

	*taken = false;
	if (!map || map->kind != YAML_MAP || r->key)
		return 0;
	if (ev->type != YAML_SCALAR_EVENT)
		return refuse(r, "a key must be plain text");
	const char *text = (const char *)ev->data.scalar.value;
	if (strlen(text) != ev->data.scalar.length)
		return refuse(r, "a NUL in a key");
	if (yaml_get(map, text))
		return err_set(r->e, ERR_INVALID, "%s:%d: \"%s\" is given twice (first in line %d)",
		               r->name, line_of(ev->start_mark), text, yaml_get(map, text)->line);
	r->key = arena_strdup(&r->doc->arena, text);
	*taken = true;
	return 0;
}

static struct yaml_node *add_node(struct reader *r, enum yaml_kind kind)
{
	struct yaml_node *n = arena_zalloc(&r->doc->arena, sizeof(*n));

	n->kind = kind;
	n->line = line_of(r->event.start_mark);
	n->key = r->key;
	r->key = NULL;
	if (!r->depth) {
		r->doc->root = n;
		return n;
	}
	struct yaml_node *parent = r->open[r->depth - 1].node;
	struct yaml_node *last = r->open[r->depth - 1].last;
	*(last ? &last->next : &parent->child) = n;
	r->open[r->depth - 1].last = n;
	parent->count++;
	return n;
}

static int open_node(struct reader *r, enum yaml_kind kind, const yaml_char_t *anchor,
                     const yaml_char_t *tag)
{
	if (anchor)
		return refuse(r, "anchors are not used here; write the value out");
	if (tag)
		return refuse(r, "tags are not used here; quote the text instead");
	if (r->depth == MW_JSON_DEPTH_MAX)
		return refuse(r, "nested too deeply");
	struct yaml_node *n = add_node(r, kind);
	r->open[r->depth].node = n;
	r->open[r->depth].last = NULL;
	r->depth++;
	return 0;
}

static int scalar(struct reader *r)
{
	const yaml_event_t *ev = &r->event;

	if (ev->data.scalar.anchor)
		return refuse(r, "anchors are not used here; write the value out");
	if (ev->data.scalar.tag)
		return refuse(r, "tags are not used here; quote the text instead");
	if (memchr(ev->data.scalar.value, 0, ev->data.scalar.length))
		return refuse(r, "a NUL in a value");
	struct yaml_node *n = add_node(r, YAML_SCALAR);
	n->text = arena_strndup(&r->doc->arena, (const char *)ev->data.scalar.value,
	                        ev->data.scalar.length);
	n->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return 0;
}

static int take_event(struct reader *r)
{
	const yaml_event_t *ev = &r->event;
	bool value = ev->type == YAML_SCALAR_EVENT || ev->type == YAML_SEQUENCE_START_EVENT ||
	             ev->type == YAML_MAPPING_START_EVENT;
	bool taken = false;

	if (value && take_key(r, &taken))
		return -1;
	if (taken)
		return 0;
	switch (ev->type) {
	case YAML_ALIAS_EVENT:
		return refuse(r, "aliases are not used here; write the value out");
	case YAML_SCALAR_EVENT:
		return scalar(r);
	case YAML_SEQUENCE_START_EVENT:
		return open_node(r, YAML_SEQ, ev->data.sequence_start.anchor,
		                 ev->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return open_node(r, YAML_MAP, ev->data.mapping_start.anchor,
		                 ev->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		r->depth--;
		return 0;
	case YAML_DOCUMENT_START_EVENT:
		return r->doc->root ? refuse(r, "more than one document") : 0;
	default:
		return 0;
	}
}

int yaml_parse(struct yaml_doc *d, struct slice text, const char *name, struct err *e)
{
	struct reader r = {.doc = d, .name = name, .e = e};
	bool end = false;
	int rc = 0;

	*d = (struct yaml_doc){.arena = ARENA_INIT};
	if (!yaml_parser_initialize(&r.parser))
		mw_oom();
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.s, text.n);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	while (!rc && !end) {
		if (!yaml_parser_parse(&r.parser, &r.event)) {
			rc = refuse_syntax(&r);
			break;
		}
		end = r.event.type == YAML_STREAM_END_EVENT;
		rc = take_event(&r);
		yaml_event_delete(&r.event);
	}
	yaml_parser_delete(&r.parser);
	if (rc)
		yaml_release(d);
	return rc;
}

void yaml_release(struct yaml_doc *d)
{
	arena_release(&d->arena);
	d->root = NULL;
}

struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	if (!map || map->kind != YAML_MAP)
		return NULL;
	for (struct yaml_node *n = map->child; n; n = n->next)
		if (strcmp(n->key, key) == 0)
			return n;
	return NULL;
}

const char *yaml_str(const struct yaml_node *map, const char *key, const char *fallback)
{
	const struct yaml_node *n = yaml_get(map, key);

	return n && n->text ? n->text : fallback;
}

int yaml_only(const struct yaml_node *map, const char *const *keys, const char *name, struct err *e)
{
	for (const struct yaml_node *n = map->child; n; n = n->next) {
		const char *const *k = keys;

		while (*k && strcmp(*k, n->key) != 0)
			k++;
		if (*k)
			continue;
		const char *near = mw_did_you_mean(n->key, keys);
		return err_set(e, ERR_INVALID, "%s:%d: unknown key \"%s\"%s%s%s", name, n->line,
		               n->key, near ? "; did you mean \"" : "", near ? near : "",
		               near ? "\"?" : "");
	}
	return 0;
}

static cJSON *scalar_to_json(const struct yaml_node *n)
{
	double d;

	if (n->quoted)
		return cJSON_CreateString(n->text);
	if (strcmp(n->text, "true") == 0 || strcmp(n->text, "false") == 0)
		return cJSON_CreateBool(n->text[0] == 't');
	if (strcmp(n->text, "null") == 0)
		return cJSON_CreateNull();
	if (slice_double(slice_of(n->text), &d))
		return cJSON_CreateNumber(d);
	return cJSON_CreateString(n->text);
}

cJSON *yaml_to_json(const struct yaml_node *n)
{
	cJSON *o;

	if (!n)
		return NULL;
	if (n->kind == YAML_SCALAR)
		return scalar_to_json(n);
	o = n->kind == YAML_MAP ? cJSON_CreateObject() : cJSON_CreateArray();
	for (const struct yaml_node *c = n->child; c; c = c->next)
		if (n->kind == YAML_MAP)
			cJSON_AddItemToObject(o, c->key, yaml_to_json(c));
		else
			cJSON_AddItemToArray(o, yaml_to_json(c));
	return o;
}
