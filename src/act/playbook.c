#include "act/playbook.h"

#include "base/asset.h"
#include "base/yaml.h"

#define FOLDER "playbooks/"

struct playbook {
	struct yaml_doc doc;
	const char *file;
};
struct playbooks {
	VEC(struct playbook) v;
};

static const char *const local_actions[] = {"incident.update",
                                            "incident.note",
                                            "incident.close",
                                            "suppress.add",
                                            "report.draft",
                                            "report.export",
                                            NULL};

bool playbook_is_local(const char *action)
{
	for (const char *const *a = local_actions; *a; a++)
		if (!strcmp(action, *a))
			return true;
	return false;
}

/* ---- loading ---- */

static const char *const step_keys[] = {"id",    "title",   "action", "params", "target", "risk",
                                        "needs", "reverse", "effect", "after",  "why",    NULL};
static const char *const step_must[] = {"id",   "title", "action",  "target",
                                        "risk", "needs", "reverse", NULL};

static int check_step(const struct yaml_node *s, const char *file, struct err *e)
{
	if (yaml_only(s, step_keys, file, e))
		return -1;
	for (const char *const *k = step_must; *k; k++)
		if (!yaml_str(s, *k, NULL))
			return err_set(e, ERR_INVALID, "assets/%s:%d: a step needs %s", file,
			               s->line, *k);
	return 0;
}

static int load_one(struct playbook *p, const struct asset *a, struct err *e)
{
	static const char *const keys[] = {"id", "version", "title", "match", "why", "steps", NULL};
	const struct yaml_node *steps;
	p->file = a->name;
	if (yaml_parse(&p->doc, (struct slice){a->data, a->len}, a->name, e) ||
	    yaml_only(p->doc.root, keys, a->name, e))
		return -1;
	steps = yaml_get(p->doc.root, "steps");
	if (!yaml_str(p->doc.root, "id", NULL) || !steps)
		return err_set(e, ERR_INVALID, "assets/%s: a playbook needs id and steps", a->name);
	for (const struct yaml_node *s = steps->child; s; s = s->next)
		if (check_step(s, a->name, e))
			return -1;
	return 0;
}

int playbooks_load(struct playbooks **out, struct err *e)
{
	struct playbooks *p = xcalloc(1, sizeof(*p));
	for (const struct asset *a = mw_assets; a->name; a++) {
		if (strncmp(a->name, FOLDER, strlen(FOLDER)))
			continue;
		if (load_one(vec_push(&p->v), a, e)) {
			playbooks_free(p);
			return -1;
		}
	}
	*out = p;
	return 0;
}

void playbooks_free(struct playbooks *p)
{
	for (size_t i = 0; p && i < p->v.n; i++)
		yaml_release(&p->v.v[i].doc);
	if (p)
		vec_free(&p->v);
	free(p);
}

/* ---- matching ---- */

static const char *entity(const cJSON *incident, struct slice field)
{
	const cJSON *list = json_arr(incident, "entities");
	for (const cJSON *v = list ? list->child : NULL; v; v = v->next)
		if (cJSON_IsString(v) && !strncmp(v->valuestring, field.s, field.n) &&
		    v->valuestring[field.n] == '=')
			return v->valuestring + field.n + 1;
	return NULL;
}

/* T1552 in the playbook matches T1552.005 in the incident. */
static bool has_attack(const cJSON *incident, const char *id)
{
	const cJSON *list = json_arr(incident, "attack");
	size_t n = strlen(id);
	for (const cJSON *v = list ? list->child : NULL; v; v = v->next)
		if (cJSON_IsString(v) && !strncmp(v->valuestring, id, n) &&
		    (!v->valuestring[n] || v->valuestring[n] == '.'))
			return true;
	return false;
}

/* How many conditions hold, or -1 where one does not. */
static int match(const struct playbook *p, const cJSON *incident)
{
	const struct yaml_node *m = yaml_get(p->doc.root, "match");
	int held = 0;
	for (const struct yaml_node *c = m ? m->child : NULL; c; c = c->next, held++) {
		const char *attack = yaml_str(c, "attack", NULL),
		           *field = yaml_str(c, "field", NULL);
		if ((attack && !has_attack(incident, attack)) ||
		    (field && !entity(incident, slice_of(field))))
			return -1;
	}
	return held;
}

static const struct playbook *best(const struct playbooks *p, const cJSON *incident)
{
	const struct playbook *b = NULL;
	int most = -1;
	for (size_t i = 0; i < p->v.n; i++) {
		int held = match(&p->v.v[i], incident);
		if (held > most) {
			most = held;
			b = &p->v.v[i];
		}
	}
	return b;
}

/* ---- steps ---- */

struct fill {
	const cJSON *incident;
	const char *user;
	struct buf missing; /* fields that have no value */
};

/* Of all its findings; NULL where they are of several. */
static const char *rule_of(const cJSON *incident)
{
	const char *rule = NULL;
	const cJSON *f;

	cJSON_ArrayForEach(f, json_arr(incident, "findings"))
	{
		const char *own = json_str(f, "rule", "");
		if (!*own || (rule && strcmp(rule, own)))
			return NULL;
		rule = own;
	}
	return rule;
}

static void fill_hole(struct fill *f, struct slice name, struct buf *out)
{
	const char *value;
	if (slice_eq(name, SLICE("id"))) {
		buf_printf(out, "%lld", (long long)json_i64(f->incident, "id", 0));
		return;
	}
	value = slice_eq(name, SLICE("user"))   ? f->user
	        : slice_eq(name, SLICE("rule")) ? rule_of(f->incident)
	                                        : entity(f->incident, name);
	if (value)
		buf_str(out, value);
	else
		buf_printf(&f->missing, "%s%.*s", f->missing.len ? ", " : "", (int)name.n, name.s);
}

static void fill_text(struct fill *f, const char *text, struct buf *out)
{
	while (*text) {
		const char *end = *text == '{' ? strchr(text, '}') : NULL;
		if (!end) {
			buf_ch(out, *text++);
			continue;
		}
		fill_hole(f, (struct slice){text + 1, (size_t)(end - text - 1)}, out);
		text = end + 1;
	}
}

static void add_filled(cJSON *o, const char *key, struct fill *f, const char *text)
{
	struct buf b = BUF_INIT;
	fill_text(f, text, &b);
	json_add_slice(o, key, (struct slice){b.s, b.len});
	buf_release(&b);
}

/* Of the last action that was proposed for the step, on the same target: a merged incident has those of others, too. */
static void add_state(cJSON *o, const cJSON *incident, const char *id)
{
	const cJSON *list = json_arr(incident, "actions"), *last = NULL;
	for (const cJSON *a = list ? list->child : NULL; a; a = a->next)
		if (!strcmp(json_str(a, "step", ""), id) &&
		    !strcmp(json_str(a, "target", ""), json_str(o, "target", "")))
			last = a;
	json_add_str(o, "state", json_str(last, "state", "ready"));
	if (last)
		json_add_str(o, "request", json_str(last, "id", NULL));
}

/* The word that an approver types: the last, most telling part of the target. */
static const char *word_of(const char *target)
{
	const char *at = target + strlen(target);
	while (at > target && !strchr("/: ", at[-1]))
		at--;
	return *at ? at : target;
}

static void add_system(cJSON *o, const char *action, const char *const *systems)
{
	size_t n = strcspn(action, ".");
	char *target = xstrndup(action, n);
	bool have = playbook_is_local(action);
	for (const char *const *s = systems; s && *s && !have; s++)
		have = !strcmp(*s, target);
	json_add_str(o, "system", playbook_is_local(action) ? "midwatch" : target);
	if (!have) {
		char *why =
		        xasprintf("no target \"%s\" is configured: nothing can be sent", target);
		json_add_str(o, "reason_off", why);
		free(why);
	}
	free(target);
}

static cJSON *step_json(const struct yaml_node *s, int n, struct fill *f,
                        const char *const *systems)
{
	static const char *const texts[] = {"title", "target", "reverse", "effect", "why"};
	const struct yaml_node *params = yaml_get(s, "params"), *after = yaml_get(s, "after");
	const char *action = yaml_str(s, "action", "");
	cJSON *o = cJSON_CreateObject(), *list;
	json_add_i64(o, "n", n);
	json_add_str(o, "id", yaml_str(s, "id", ""));
	json_add_str(o, "action", action);
	json_add_str(o, "risk", yaml_str(s, "risk", "high"));
	json_add_str(o, "needs", yaml_str(s, "needs", "lead"));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (yaml_str(s, texts[i], NULL))
			add_filled(o, texts[i], f, yaml_str(s, texts[i], ""));
	list = json_add_obj(o, "params");
	for (const struct yaml_node *p = params ? params->child : NULL; p; p = p->next)
		if (p->text)
			add_filled(list, p->key, f, p->text);
	list = json_add_arr(o, "after");
	for (const struct yaml_node *a = after ? after->child : NULL; a; a = a->next)
		cJSON_AddItemToArray(list, cJSON_CreateString(a->text));
	json_add_str(o, "word", word_of(json_str(o, "target", "")));
	add_state(o, f->incident, yaml_str(s, "id", ""));
	add_system(o, action, systems);
	return o;
}

static void add_evidence(cJSON *step, const cJSON *incident)
{
	const cJSON *findings = json_arr(incident, "findings");
	cJSON *list = json_add_arr(step, "evidence");
	for (const cJSON *f = findings ? findings->child : NULL; f && cJSON_GetArraySize(list) < 6;
	     f = f->next) {
		const cJSON *ids = json_arr(f, "evidence");
		if (ids && ids->child)
			cJSON_AddItemToArray(list, cJSON_Duplicate(ids->child, true));
	}
}

cJSON *playbook_for(const struct playbooks *p, const cJSON *incident, const char *user,
                    const char *const *systems, struct err *e)
{
	const struct playbook *b = best(p, incident);
	const struct yaml_node *steps;
	cJSON *o, *list, *left;
	int n = 0;
	if (!b) {
		err_set(e, ERR_NOT_FOUND, "no playbook fits this incident");
		return NULL;
	}
	o = cJSON_CreateObject();
	json_add_str(o, "playbook", yaml_str(b->doc.root, "id", "?"));
	json_add_str(o, "title", yaml_str(b->doc.root, "title", "?"));
	json_add_str(o, "version", yaml_str(b->doc.root, "version", "0"));
	json_add_str(o, "why", yaml_str(b->doc.root, "why", ""));
	list = json_add_arr(o, "steps");
	left = json_add_arr(o, "left_out");
	steps = yaml_get(b->doc.root, "steps");
	for (const struct yaml_node *s = steps->child; s; s = s->next) {
		struct fill f = {incident, user, BUF_INIT};
		cJSON *step = step_json(s, n + 1, &f, systems);
		if (f.missing.len) {
			char *why = xasprintf("%s: the incident names no %s",
			                      yaml_str(s, "title", "?"), f.missing.s);
			cJSON_AddItemToArray(left, cJSON_CreateString(why));
			free(why);
			cJSON_Delete(step);
		} else {
			n++;
			add_evidence(step, incident);
			cJSON_AddItemToArray(list, step);
		}
		buf_release(&f.missing);
	}
	return o;
}
