#include "source/graph_node.h"

#include "plan/eval.h"

struct node_filter {
	struct graph *g;
	const char *type;
	const struct plan_node *where;
	struct filter *filter;
	uint32_t node;      /* being looked at */
	struct slice alias; /* the spelling that found it: it counts as an id too */
	cJSON *json;        /* parsed when a field first needs it */
};

struct node_filter *node_filter_new(struct graph *g, const char *type,
                                    const struct plan_node *where, struct err *e)
{
	struct node_filter *f = xcalloc(1, sizeof(*f));
	f->g = g;
	f->type = type;
	f->where = where;
	f->filter = filter_new(where, e);
	if (!f->filter) {
		free(f);
		return NULL;
	}
	return f;
}

void node_filter_free(struct node_filter *f)
{
	if (!f)
		return;
	filter_free(f->filter);
	cJSON_Delete(f->json);
	free(f);
}

struct values {
	bool (*fn)(void *, struct slice);
	void *ctx;
};

static bool give(const struct values *v, struct slice s)
{
	return !s.n || v->fn(v->ctx, s);
}

static bool give_json(const struct values *v, const cJSON *j)
{
	char number[40];
	const cJSON *one;
	if (cJSON_IsString(j))
		return give(v, slice_of(j->valuestring));
	if (cJSON_IsBool(j))
		return give(v, slice_of(cJSON_IsTrue(j) ? "true" : "false"));
	if (cJSON_IsNumber(j)) {
		snprintf(number, sizeof(number), "%.17g", j->valuedouble);
		return give(v, slice_of(number));
	}
	if (!cJSON_IsArray(j))
		return true;
	cJSON_ArrayForEach(one, j) if (!give_json(v, one)) return false;
	return true;
}

static const cJSON *tree(struct node_filter *f)
{
	struct err ignored;
	if (!f->json)
		f->json = graph_node_json(f->g, f->node, &ignored);
	return f->json;
}

/* "props.a.b": keys may hold dots themselves, so the longest member that fits goes first. */
static const cJSON *member(const cJSON *o, const char *path)
{
	const cJSON *v = json_get(o, path);
	const char *dot = strrchr(path, '.');
	char head[256];
	for (; !v && dot; dot = memrchr(path, '.', (size_t)(dot - path))) {
		snprintf(head, sizeof(head), "%.*s", (int)(dot - path), path);
		if (cJSON_IsObject(json_get(o, head)))
			v = member(json_get(o, head), dot + 1);
	}
	return v;
}

bool node_json_values(const cJSON *node, const char *name, bool (*fn)(void *, struct slice),
                      void *ctx)
{
	struct values v = {fn, ctx};

	return give_json(&v, member(node, name));
}

static void node_values(void *ctx, const struct plan_field *field, bool (*fn)(void *, struct slice),
                        void *fn_ctx)
{
	struct node_filter *f = ctx;
	struct values v = {fn, fn_ctx};
	const char *name = field->raw ? field->raw : field->name;

	if (strcmp(name, "id") == 0) {
		if (give(&v, slice_of(graph_node_id(f->g, f->node))))
			give(&v, f->alias);
	} else if (strcmp(name, "type") == 0) {
		give(&v, slice_of(graph_node_type(f->g, f->node)));
	} else {
		(void)give_json(&v, member(tree(f), name));
	}
}

static bool match_as(struct node_filter *f, uint32_t node, struct slice alias)
{
	struct eval_view view = {.ctx = f, .values = node_values, .time = MW_TIME_NONE};
	bool ok;

	if (f->type && strcmp(f->type, graph_node_type(f->g, node)) != 0)
		return false;
	if (!f->where)
		return true;
	f->node = node;
	f->alias = alias;
	view.raw = graph_node_text(f->g, node);
	ok = filter_match(f->filter, &view);
	cJSON_Delete(f->json);
	f->json = NULL;
	return ok;
}

bool node_filter_match(struct node_filter *f, uint32_t node)
{
	return match_as(f, node, (struct slice){"", 0});
}

typedef VEC(const struct plan_node *) cmp_vec;

static bool names_nodes(const struct plan_node *n)
{
	return (n->op == OP_IS || n->op == OP_IN || n->op == OP_IS_CS) && n->nvalues &&
	       !n->rhs.name && n->field.name &&
	       (strcmp(n->field.name, "id") == 0 || strcmp(n->field.name, "name") == 0);
}

/* Comparisons with ids or names of which one must hold for the tree to hold; false where there are none such. */
static bool naming(const struct plan_node *n, cmp_vec *out)
{
	size_t before = out->n;
	if (!n || n->kind == PN_NOT)
		return false;
	if (n->kind == PN_CMP) {
		if (names_nodes(n))
			*vec_push(out) = n;
		return out->n > before;
	}
	for (const struct plan_node *c = n->child; c; c = c->next) {
		bool named = naming(c, out);
		if (n->kind == PN_ALL && named)
			return true;
		if (n->kind == PN_ANY && !named) {
			out->n = before;
			return false;
		}
	}
	return n->kind == PN_ANY && out->n > before;
}

#define SAME_NAME_MAX 4096 /* nodes of one name that a look-up takes */

static void look_up(struct node_filter *f, struct slice value, node_vec *out)
{
	uint32_t *hits = xmalloc(SAME_NAME_MAX * sizeof(*hits));
	size_t n = graph_find_all(f->g, value, hits, SAME_NAME_MAX);
	for (size_t i = 0; i < n && i < SAME_NAME_MAX; i++) {
		bool have = false;
		for (size_t k = 0; k < out->n; k++)
			have |= out->v[k] == hits[i];
		if (!have && match_as(f, hits[i], value))
			*vec_push(out) = hits[i];
	}
	free(hits);
}

#define CHECK_EACH 256

int node_filter_all(struct node_filter *f, node_vec *out, int (*check)(void *ctx, struct err *e),
                    void *ctx, struct err *e)
{
	cmp_vec named = {0};
	bool any = naming(f->where, &named);
	for (size_t k = 0; any && k < named.n; k++)
		for (size_t i = 0; i < named.v[k]->nvalues; i++)
			look_up(f, named.v[k]->values[i], out);
	vec_free(&named);
	if (any)
		return 0;
	for (uint32_t i = 0; i < graph_count(f->g); i++) {
		if (i % CHECK_EACH == 0 && check(ctx, e))
			return -1;
		if (node_filter_match(f, i))
			*vec_push(out) = i;
	}
	return 0;
}
