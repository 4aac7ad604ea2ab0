#include "llm/prompt.h"

#include "base/asset.h"
#include "base/yaml.h"
#include "policy/fence.h"

#define FOLDER "prompts/"
#define SUFFIX ".md"
#define RULE "---\n"

struct loaded {
	struct prompt pub;
	cJSON *head;
	char *text;
	struct slice rules, user;
};
struct prompts {
	VEC(struct loaded *) v;
	struct err broken;
};

static const char *const roles[] = {"plan", "write", "cheap", NULL};
static const char *const phases[] = {"read-only", "assisted", "conditional", NULL};
static const char *const trusts[] = {"ours", "analyst", "outside", NULL};

static bool is_one_of(const char *s, const char *const *list)
{
	while (*list && strcmp(*list, s))
		list++;
	return *list != NULL;
}

/* ---- reading ---- */

static void loaded_free(struct loaded *l)
{
	cJSON_Delete(l->head);
	free(l->text);
	free(l);
}

/* The text between a heading and the next one, or the end. */
static struct slice section(struct slice body, const char *heading, const char *next)
{
	const char *from = memmem(body.s, body.n, heading, strlen(heading)), *to;
	struct slice rest;
	if (!from)
		return (struct slice){0};
	from += strlen(heading);
	rest = (struct slice){from, (size_t)(body.s + body.n - from)};
	to = next ? memmem(rest.s, rest.n, next, strlen(next)) : NULL;
	return slice_trim((struct slice){rest.s, to ? (size_t)(to - rest.s) : rest.n});
}

static int cut(struct loaded *l, const char *file, struct slice *head, struct err *e)
{
	struct slice text = {l->text, l->pub.len}, body;
	const char *end = text.n > 4 && !memcmp(text.s, RULE, 4)
	                          ? memmem(text.s + 4, text.n - 4, "\n" RULE, 5)
	                          : NULL;
	if (!end)
		return err_set(e, ERR_INVALID,
		               "%s: a prompt begins with a header between two lines of ---", file);
	*head = (struct slice){text.s + 4, (size_t)(end + 1 - text.s - 4)};
	body = (struct slice){end + 5, (size_t)(text.s + text.n - end - 5)};
	l->rules = section(body, "# system\n", "\n# user\n");
	l->user = section(body, "# user\n", NULL);
	if (l->rules.n && l->user.n)
		return 0;
	return err_set(e, ERR_INVALID, "%s: it needs the sections \"# system\" and \"# user\"",
	               file);
}

/* A schema that is a name is read from the assets, so that a plan has one schema and no copies. */
static int put_schema(cJSON *of, const char *file, struct err *e)
{
	const char *name = json_str(of, "schema", NULL);
	const struct asset *a = name ? asset_find(name) : NULL;
	cJSON *schema;
	if (!name)
		return json_obj(of, "schema")
		               ? 0
		               : err_set(e, ERR_INVALID, "%s: an output without a schema", file);
	if (!a)
		return err_set(e, ERR_INVALID, "%s: there is no asset \"%s\"", file, name);
	schema = json_parse((struct slice){a->data, a->len}, a->len, e);
	if (!schema)
		return err_prefix(e, "%s", name);
	cJSON_DeleteItemFromObjectCaseSensitive(schema, "$schema");
	cJSON_DeleteItemFromObjectCaseSensitive(schema, "$id");
	cJSON_ReplaceItemInObjectCaseSensitive(of, "schema", schema);
	return 0;
}

static int check_outputs(struct loaded *l, const char *file, struct err *e)
{
	cJSON *tools = json_obj(l->head, "tools"), *answer = json_obj(l->head, "answer"), *t;
	if (!tools == !answer)
		return err_set(e, ERR_INVALID, "%s: it has either tools or an answer", file);
	cJSON_ArrayForEach(t, tools) if (put_schema(t, file, e)) return -1;
	return answer ? put_schema(answer, file, e) : 0;
}

static int check_head(struct loaded *l, const char *file, struct err *e)
{
	static const char *const keys[] = {"id",     "version", "owner",  "purpose",
	                                   "role",   "phase",   "inputs", "tools",
	                                   "answer", "tests",   NULL};
	const char *const must[] = {l->pub.id, l->pub.version, l->pub.owner, l->pub.purpose,
	                            l->pub.role};
	const cJSON *i;
	if (json_only(l->head, keys, file, e))
		return -1;
	for (size_t k = 0; k < ARRAY_LEN(must); k++)
		if (!must[k] || !*must[k])
			return err_set(e, ERR_INVALID, "%s: %s is missing", file, keys[k]);
	if (!is_one_of(l->pub.role, roles))
		return err_set(e, ERR_INVALID, "%s: role is plan, write or cheap", file);
	if (!is_one_of(l->pub.phase, phases))
		return err_set(e, ERR_INVALID, "%s: phase is read-only, assisted or conditional",
		               file);
	cJSON_ArrayForEach(i, l->pub.inputs) if (
	        !cJSON_IsString(i) ||
	        !is_one_of(i->valuestring,
	                   trusts)) return err_set(e, ERR_INVALID,
	                                           "%s: input \"%s\" is ours, analyst or outside",
	                                           file, i->string);
	return check_outputs(l, file, e);
}

static int parse_head(struct loaded *l, const char *file, struct slice head, struct err *e)
{
	struct yaml_doc d;
	if (yaml_parse(&d, head, file, e))
		return -1;
	l->head = yaml_to_json(d.root);
	/* A version reads like a number, and is none. */
	l->pub.version = yaml_str(d.root, "version", NULL);
	if (l->pub.version)
		cJSON_ReplaceItemInObjectCaseSensitive(l->head, "version",
		                                       cJSON_CreateString(l->pub.version));
	yaml_release(&d);
	l->pub.version = json_str(l->head, "version", NULL);
	l->pub.id = json_str(l->head, "id", NULL);
	l->pub.owner = json_str(l->head, "owner", NULL);
	l->pub.purpose = json_str(l->head, "purpose", NULL);
	l->pub.role = json_str(l->head, "role", NULL);
	l->pub.phase = json_str(l->head, "phase", phases[0]);
	l->pub.tools = json_obj(l->head, "tools") != NULL;
	l->pub.inputs = json_obj(l->head, "inputs");
	l->pub.tests = json_arr(l->head, "tests");
	return check_head(l, file, e);
}

static int add(struct prompts *p, const char *file, struct slice text, bool own, struct err *e)
{
	struct loaded *l = xcalloc(1, sizeof(*l));
	struct slice head = {0};
	uint8_t sum[32];
	l->text = xstrndup(text.s, text.n);
	l->pub.text = l->text;
	l->pub.len = strlen(l->text);
	l->pub.own = own;
	digest_sha256(l->text, l->pub.len, sum);
	digest_hex(sum, l->pub.sha256);
	if (text.n > PROMPT_MAX)
		err_set(e, ERR_LIMIT, "%s: a prompt has at most %d bytes", file, PROMPT_MAX);
	if (text.n > PROMPT_MAX || cut(l, file, &head, e) || parse_head(l, file, head, e)) {
		loaded_free(l);
		return -1;
	}
	*vec_push(&p->v) = l;
	return 0;
}

int prompts_load(struct prompts **out, struct err *e)
{
	struct prompts *p = xcalloc(1, sizeof(*p));
	for (const struct asset *a = mw_assets; a->name; a++) {
		size_t n = strlen(a->name);
		if (strncmp(a->name, FOLDER, strlen(FOLDER)) || n < sizeof(SUFFIX) ||
		    strcmp(a->name + n - sizeof(SUFFIX) + 1, SUFFIX))
			continue;
		if (add(p, a->name, (struct slice){a->data, a->len}, false, e)) {
			prompts_free(p);
			return -1;
		}
	}
	*out = p;
	return 0;
}

void prompts_free(struct prompts *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->v.n; i++)
		loaded_free(p->v.v[i]);
	vec_free(&p->v);
	free(p);
}

int prompts_add(struct prompts *p, const char *file, struct slice text, struct err *e)
{
	return add(p, file, text, true, e);
}

void prompts_break(struct prompts *p, const struct err *why)
{
	p->broken = *why;
}

size_t prompts_count(const struct prompts *p)
{
	return p->v.n;
}

const struct prompt *prompts_at(const struct prompts *p, size_t i)
{
	return &p->v.v[i]->pub;
}

/* Later ones win: a user's own come after ours. */
static struct loaded *find(const struct prompts *p, const char *id, bool own)
{
	for (size_t i = p->v.n; i-- > 0;)
		if (!strcmp(p->v.v[i]->pub.id, id) && (own || !p->v.v[i]->pub.own))
			return p->v.v[i];
	return NULL;
}

const struct prompt *prompt_find(const struct prompts *p, const char *id, struct err *e)
{
	const struct loaded *l = find(p, id, true);
	if (p->broken.code) {
		*e = p->broken;
		return NULL;
	}
	if (l)
		return &l->pub;
	err_set(e, ERR_DENIED,
	        "the prompt \"%s\" is not registered, so nothing is sent: midwatch prompt list",
	        id);
	return NULL;
}

const struct prompt *prompt_built_in(const struct prompts *p, const char *id)
{
	const struct loaded *l = find(p, id, false);
	return l ? &l->pub : NULL;
}

/* ---- a request ---- */

struct filling {
	const struct loaded *l;
	const cJSON *inputs;
	char nonce[FENCE_NONCE];
	cJSON *flagged;
	struct err *e;
};

static void fence_one(struct filling *f, struct buf *out, const char *label, const char *text)
{
	if (fence_value(out, f->nonce, label, slice_of(text)))
		cJSON_AddItemToArray(f->flagged, cJSON_CreateString(label));
	buf_ch(out, '\n');
}

static int put_input(struct filling *f, struct buf *out, struct slice name)
{
	char *key = xstrndup(name.s, name.n);
	const char *trust = json_str(f->l->pub.inputs, key, NULL);
	const cJSON *v = json_get(f->inputs, key), *one;
	int rc = 0;
	if (!trust || !v)
		rc = err_set(f->e, ERR_INVALID, "prompt %s: the input \"%s\" is %s", f->l->pub.id,
		             key, trust ? "missing" : "not declared in its header");
	else if (!strcmp(trust, "ours"))
		buf_str(out, cJSON_IsString(v) ? v->valuestring : "");
	else if (cJSON_IsString(v))
		fence_one(f, out, key, v->valuestring);
	else
		cJSON_ArrayForEach(one, v)
		        fence_one(f, out, json_str(one, "label", key), json_str(one, "text", ""));
	free(key);
	return rc;
}

static int fill(struct filling *f, struct slice template, struct buf *out)
{
	struct slice rest = template;
	const char *open, *close;
	while ((open = memmem(rest.s, rest.n, "{{", 2)) &&
	       (close = memmem(open, rest.n - (size_t)(open - rest.s), "}}", 2))) {
		struct slice name =
		        slice_trim((struct slice){open + 2, (size_t)(close - open - 2)});
		buf_add(out, rest.s, (size_t)(open - rest.s));
		if (put_input(f, out, name))
			return -1;
		rest.n -= (size_t)(close + 2 - rest.s);
		rest.s = close + 2;
	}
	buf_add(out, rest.s, rest.n);
	return out->over ? err_set(f->e, ERR_LIMIT, "prompt %s: its inputs have over %d bytes",
	                           f->l->pub.id, PROMPT_INPUT_MAX)
	                 : 0;
}

static void add_outputs(cJSON *o, const struct loaded *l)
{
	const cJSON *tools = json_obj(l->head, "tools"), *answer = json_obj(l->head, "answer"), *t;
	cJSON *list = tools ? json_add_arr(o, "tools") : NULL;
	cJSON_ArrayForEach(t, tools)
	{
		cJSON *copy = cJSON_Duplicate(t, true);
		json_add_str(copy, "name", t->string);
		cJSON_AddItemToArray(list, copy);
	}
	if (answer) {
		cJSON *copy = cJSON_Duplicate(answer, true);
		json_add_str(copy, "name", "answer");
		cJSON_AddItemToObject(o, "answer", copy);
	}
}

/* A server that offers neither schema nor tools has to be told what to write. */
static void say_schema(struct buf *sys, const cJSON *answer)
{
	if (!answer)
		return;
	buf_str(sys, "\n\nAnswer with one JSON object and nothing else. Its schema: ");
	json_write(sys, json_obj(answer, "schema"));
}

static cJSON *request_json(const struct filling *f, const struct buf *sys, const struct buf *user)
{
	cJSON *o = cJSON_CreateObject(), *p = json_add_obj(o, "prompt"), *m = cJSON_CreateObject();
	json_add_str(p, "id", f->l->pub.id);
	json_add_str(p, "version", f->l->pub.version);
	json_add_str(p, "sha256", f->l->pub.sha256);
	json_add_str(p, "role", f->l->pub.role);
	json_add_str(p, "phase", f->l->pub.phase);
	json_add_slice(o, "system", (struct slice){sys->s, sys->len});
	json_add_str(m, "role", "user");
	json_add_slice(m, "text", (struct slice){user->s, user->len});
	cJSON_AddItemToArray(json_add_arr(o, "messages"), m);
	add_outputs(o, f->l);
	cJSON_AddItemToObject(o, "flagged", f->flagged);
	cJSON_AddItemToObject(o, "inputs", cJSON_Duplicate(f->inputs, true));
	return o;
}

cJSON *prompt_request(const struct prompt *p, const cJSON *inputs, struct err *e)
{
	struct filling f = {.l = (const struct loaded *)(const void *)p, .inputs = inputs, .e = e};
	struct buf sys, user;
	cJSON *o = NULL;
	const cJSON *i;
	cJSON_ArrayForEach(i, inputs) if (!json_get(p->inputs, i->string))
	{
		err_set(e, ERR_INVALID, "prompt %s: it has no input \"%s\"", p->id, i->string);
		return NULL;
	}
	buf_init(&sys, PROMPT_INPUT_MAX);
	buf_init(&user, PROMPT_INPUT_MAX);
	fence_nonce(f.nonce);
	f.flagged = cJSON_CreateArray();
	if (!fill(&f, f.l->rules, &sys) && !fill(&f, f.l->user, &user)) {
		buf_str(&sys, "\n\n");
		fence_preamble(&sys, f.nonce);
		say_schema(&sys, json_obj(f.l->head, "answer"));
		o = request_json(&f, &sys, &user);
	} else {
		cJSON_Delete(f.flagged);
	}
	buf_release(&sys);
	buf_release(&user);
	return o;
}

cJSON *prompt_json(const struct prompt *p)
{
	cJSON *o = cJSON_CreateObject();
	json_add_str(o, "id", p->id);
	json_add_str(o, "version", p->version);
	json_add_str(o, "owner", p->owner);
	json_add_str(o, "purpose", p->purpose);
	json_add_str(o, "role", p->role);
	json_add_str(o, "phase", p->phase);
	json_add_str(o, "sha256", p->sha256);
	json_add_bool(o, "own", p->own);
	cJSON_AddItemToObject(o, "inputs",
	                      p->inputs ? cJSON_Duplicate(p->inputs, true) : cJSON_CreateObject());
	json_add_i64(o, "tests", cJSON_GetArraySize(p->tests));
	return o;
}
