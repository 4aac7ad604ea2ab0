#include "ask/recipe.h"

#include "base/asset.h"
#include "base/yaml.h"

#define FOLDER "recipes/"

struct loaded {
	struct recipe pub;
	struct yaml_doc doc;
	const struct yaml_node *plan;
	const char *file;
};
struct recipes {
	VEC(struct loaded) v;
};

static const char *const *word_list(struct yaml_doc *d, const struct yaml_node *n)
{
	const char **v = arena_zalloc(&d->arena, ((n ? n->count : 0) + 1) * sizeof(*v));
	size_t i = 0;
	for (const struct yaml_node *c = n ? n->child : NULL; c; c = c->next)
		v[i++] = c->text;
	return v;
}

static int load_one(struct recipes *r, const struct asset *a, struct err *e)
{
	static const char *const keys[] = {"id", "title", "key", "for", "plan", NULL};
	struct loaded *l = vec_push(&r->v);
	l->file = a->name;
	if (yaml_parse(&l->doc, (struct slice){a->data, a->len}, a->name, e) ||
	    yaml_only(l->doc.root, keys, a->name, e))
		return -1;
	l->pub.id = yaml_str(l->doc.root, "id", NULL);
	l->pub.title = yaml_str(l->doc.root, "title", NULL);
	l->pub.key = yaml_str(l->doc.root, "key", NULL);
	l->pub.fields = word_list(&l->doc, yaml_get(l->doc.root, "for"));
	l->plan = yaml_get(l->doc.root, "plan");
	if (!l->pub.id || !l->pub.title || !l->plan)
		return err_set(e, ERR_INVALID, "assets/%s: a recipe needs id, title and plan",
		               a->name);
	return 0;
}

int recipes_load(struct recipes **out, struct err *e)
{
	struct recipes *r = xcalloc(1, sizeof(*r));
	for (const struct asset *a = mw_assets; a->name; a++) {
		if (strncmp(a->name, FOLDER, strlen(FOLDER)))
			continue;
		if (load_one(r, a, e)) {
			recipes_free(r);
			return -1;
		}
	}
	*out = r;
	return 0;
}

void recipes_free(struct recipes *r)
{
	for (size_t i = 0; r && i < r->v.n; i++)
		yaml_release(&r->v.v[i].doc);
	if (r)
		vec_free(&r->v);
	free(r);
}

size_t recipes_count(const struct recipes *r)
{
	return r->v.n;
}

const struct recipe *recipes_at(const struct recipes *r, size_t i)
{
	return &r->v.v[i].pub;
}

static const struct loaded *find(const struct recipes *r, const char *id)
{
	for (size_t i = 0; i < r->v.n; i++)
		if (!strcmp(r->v.v[i].pub.id, id))
			return &r->v.v[i];
	return NULL;
}

const struct recipe *recipe_find(const struct recipes *r, const char *id)
{
	const struct loaded *l = find(r, id);
	return l ? &l->pub : NULL;
}

bool recipe_fits(const struct recipe *r, const char *field)
{
	for (const char *const *f = r->fields; *f; f++)
		if (!strcmp(*f, "*") || !strcmp(*f, field))
			return true;
	return false;
}

/* ---- placeholders ---- */

static const char *const holes[] = {"{value}", "{from}", "{to}", NULL};

/* What fills the hole; false where nothing does. */
static bool fill(int hole, const struct recipe_args *a, struct buf *out)
{
	mw_time t = hole == 1 ? a->from : a->to;
	char text[32];
	if (hole == 0) {
		buf_add(out, a->value.s, a->value.n);
		return a->value.n > 0;
	}
	if (t == MW_TIME_NONE)
		return false;
	mw_time_format(t, text);
	buf_str(out, text);
	return true;
}

static bool substitute(const char *text, const struct recipe_args *a, struct buf *out)
{
	while (*text) {
		int hole = -1;
		for (int i = 0; holes[i]; i++)
			if (!strncmp(text, holes[i], strlen(holes[i])))
				hole = i;
		if (hole < 0) {
			buf_ch(out, *text++);
			continue;
		}
		if (!fill(hole, a, out))
			return false;
		text += strlen(holes[hole]);
	}
	return true;
}

/* "arn:aws:iam::123456789012:user/eng/bob" is read as "bob". */
static struct slice short_name(struct slice v)
{
	size_t at = v.n;

	if (v.n < 4 || memcmp(v.s, "arn:", 4) != 0)
		return v;
	while (at > 0 && v.s[at - 1] != '/' && v.s[at - 1] != ':')
		at--;
	return at < v.n ? (struct slice){v.s + at, v.n - at} : v;
}

void recipe_title(const struct recipe *r, struct slice value, struct buf *out)
{
	struct recipe_args a = {short_name(value), MW_TIME_NONE, MW_TIME_NONE};
	substitute(r->title, &a, out);
}

/* ---- YAML to plan JSON ---- */

static cJSON *scalar_json(const struct yaml_node *n, const struct recipe_args *a)
{
	struct buf b = BUF_INIT, quoted = BUF_INIT;
	int64_t i;
	cJSON *v = NULL;
	if (!n->quoted && slice_i64(slice_of(n->text), &i))
		return cJSON_CreateNumber((double)i);
	if (!n->quoted && (!strcmp(n->text, "true") || !strcmp(n->text, "false")))
		return cJSON_CreateBool(n->text[0] == 't');
	if (substitute(n->text, a, &b)) {
		json_write_string(&quoted, (struct slice){b.s, b.len});
		v = cJSON_Parse(quoted.s);
	}
	buf_release(&b);
	buf_release(&quoted);
	return v;
}

/* NULL where a placeholder has no value: the member is left out. Depth is bounded by the YAML
 * reader. */
static cJSON *to_json(const struct yaml_node *n, const struct recipe_args *a)
{
	cJSON *o;
	if (n->kind == YAML_SCALAR)
		return scalar_json(n, a);
	o = n->kind == YAML_MAP ? cJSON_CreateObject() : cJSON_CreateArray();
	for (const struct yaml_node *c = n->child; c; c = c->next) {
		cJSON *v = to_json(c, a);
		if (v && n->kind == YAML_MAP)
			cJSON_AddItemToObject(o, c->key, v);
		else if (v)
			cJSON_AddItemToArray(o, v);
	}
	return o;
}

struct plan *recipe_plan(const struct recipes *r, const char *id, const struct recipe_args *a,
                         struct err *e)
{
	const struct loaded *l = find(r, id);
	struct plan *p;
	cJSON *j;
	if (!l) {
		err_set(e, ERR_NOT_FOUND, "there is no recipe \"%s\"", id);
		return NULL;
	}
	j = to_json(l->plan, a);
	p = plan_from_json(j, e);
	cJSON_Delete(j);
	if (!p)
		err_prefix(e, "assets/%s", l->file);
	return p;
}
