#include "investigate/attack.h"

#include <math.h>

#include "base/asset.h"
#include "base/map.h"
#include "base/yaml.h"

#define RULES_NAME "attack/rules.yaml"

struct attack_rule {
	const char *const *ids; /* NULL-terminated: one act may serve several techniques */
	double weight;
	const char *why;
	struct plan_node *where;
	struct map
	        ops; /* quick test: api.operation or event code in this set (folded); empty: none */
};
struct attack_rules {
	struct yaml_doc doc;
	struct plan *plan; /* holds the where trees */
	VEC(struct attack_rule) v;
	struct map names;
};

static struct map technique_names = MAP_INIT; /* set once by attack_load */

const char *attack_name(const char *id)
{
	struct map_entry *m = map_get_str(&technique_names, id);
	return m ? m->val.p : NULL;
}

static void fold(char *s)
{
	for (; *s; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s + 32);
}

static void ops_put(struct map *ops, const char *text)
{
	char *low = xstrdup(text);
	fold(low);
	map_put_str(ops, low, NULL);
	free(low);
}

static bool any_pattern(const struct yaml_node *c)
{
	const struct yaml_node *v = c->kind == YAML_SEQ ? c->child : c;
	for (; v; v = c->kind == YAML_SEQ ? v->next : NULL)
		if (v->text && strchr(v->text, '*'))
			return true;
	return false;
}

/* A condition in short form: {field: value}, {field: [v, v]}, {text: word}; values with * are
 * patterns. All must hold. */
static int add_condition(struct attack_rules *r, struct plan_node *all, const struct yaml_node *c,
                         struct err *e)
{
	bool not = c->key[0] == '!';
	const char *field = c->key + not ;
	const struct yaml_node *one = c->kind == YAML_SEQ ? c->child : c;
	bool wild = any_pattern(c);
	bool text = !strcmp(field, "text");
	struct plan_node *cmp, *neg;
	if (!one || !one->text)
		return err_set(e, ERR_INVALID, "assets/%s:%d: a condition needs a value",
		               RULES_NAME, c->line);
	cmp = plan_cmp(r->plan, text ? NULL : field,
	               text   ? OP_TEXT
	               : wild ? OP_LIKE
	                      : OP_IN,
	               slice_of(one->text));
	if (!cmp)
		return err_set(e, ERR_INVALID, "assets/%s:%d: no field \"%s\"", RULES_NAME, c->line,
		               field);
	for (const struct yaml_node *v = c->kind == YAML_SEQ ? one->next : NULL; v; v = v->next)
		plan_cmp_value(r->plan, cmp, slice_of(v->text));
	if (not ) {
		neg = plan_group(r->plan, PN_NOT);
		plan_group_add(neg, cmp);
		cmp = neg;
	}
	plan_group_add(all, cmp);
	return 0;
}

static const char *const *id_list(struct attack_rules *r, const struct yaml_node *ids)
{
	size_t n = ids->kind == YAML_SEQ ? ids->count : 1, i = 0;
	const char **v = arena_zalloc(&r->doc.arena, (n + 1) * sizeof(*v));
	if (ids->kind != YAML_SEQ)
		v[0] = ids->text;
	else
		for (const struct yaml_node *c = ids->child; c; c = c->next)
			v[i++] = c->text;
	return v;
}

static int add_rule(struct attack_rules *r, const struct yaml_node *n, struct err *e)
{
	static const char *const keys[] = {"id", "weight", "why", "ops", "when", NULL};
	const struct yaml_node *ids = yaml_get(n, "id"), *when = yaml_get(n, "when"),
	                       *ops = yaml_get(n, "ops");
	struct attack_rule *rule;
	if (yaml_only(n, keys, RULES_NAME, e))
		return -1;
	if (!ids || (!when && !ops))
		return err_set(e, ERR_INVALID, "assets/%s:%d: a rule needs id, and ops or when",
		               RULES_NAME, n->line);
	rule = vec_push(&r->v);
	rule->ids = id_list(r, ids);
	rule->why = yaml_str(n, "why", "");
	if (!slice_double(slice_of(yaml_str(n, "weight", "1")), &rule->weight))
		return err_set(e, ERR_INVALID, "assets/%s:%d: weight is no number", RULES_NAME,
		               n->line);
	for (const struct yaml_node *c = ops ? ops->child : NULL; c; c = c->next)
		ops_put(&rule->ops, c->text);
	rule->where = plan_group(r->plan, PN_ALL);
	for (const struct yaml_node *c = when ? when->child : NULL; c; c = c->next)
		if (add_condition(r, rule->where, c, e))
			return -1;
	return 0;
}

static int read_rules(struct attack_rules *r, struct err *e)
{
	const struct asset *a = asset_find(RULES_NAME);
	const struct yaml_node *names, *rules;
	if (!a)
		return err_set(e, ERR_INTERNAL, "assets/%s is not in this build", RULES_NAME);
	if (yaml_parse(&r->doc, (struct slice){a->data, a->len}, RULES_NAME, e))
		return -1;
	names = yaml_get(r->doc.root, "names");
	rules = yaml_get(r->doc.root, "rules");
	for (const struct yaml_node *c = names ? names->child : NULL; c; c = c->next)
		map_put_str(&technique_names, c->key, NULL)->val.p = (void *)(uintptr_t)c->text;
	for (const struct yaml_node *c = rules ? rules->child : NULL; c; c = c->next)
		if (add_rule(r, c, e))
			return -1;
	return 0;
}

int attack_load(struct attack_rules **out, struct err *e)
{
	struct attack_rules *r = xcalloc(1, sizeof(*r));
	r->plan = plan_new();
	if (read_rules(r, e)) {
		attack_free(r);
		return -1;
	}
	*out = r;
	return 0;
}

void attack_free(struct attack_rules *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->v.n; i++)
		map_release(&r->v.v[i].ops);
	vec_free(&r->v);
	map_release(&technique_names);
	plan_free(r->plan);
	yaml_release(&r->doc);
	free(r);
}

/* ---- tally ---- */

struct tally_entry {
	double best;
	uint64_t events;
	event_id evidence;
	const char *why;
};
struct attack_tally {
	const struct attack_rules *rules;
	struct map by_id; /* technique -> index */
	VEC(struct tally_entry) v;
	uint64_t seen;
	const struct field *op, *code;
};

struct attack_tally *attack_tally_new(const struct attack_rules *r)
{
	struct attack_tally *t = xcalloc(1, sizeof(*t));
	t->rules = r;
	t->op = field_find(SLICE("api.operation"));
	t->code = field_find(SLICE("metadata.event_code"));
	return t;
}

void attack_tally_free(struct attack_tally *t)
{
	if (!t)
		return;
	map_release(&t->by_id);
	vec_free(&t->v);
	free(t);
}

static bool op_in(const struct map *ops, const struct event *ev, const struct field *f)
{
	char low[256];
	struct slice v = f ? event_get(ev, f->id) : (struct slice){0};
	if (!v.n || v.n >= sizeof(low))
		return false;
	memcpy(low, v.s, v.n);
	low[v.n] = '\0';
	fold(low);
	return map_get(ops, low, v.n) != NULL;
}

static void credit(struct attack_tally *t, const struct attack_rule *r, event_id id)
{
	for (const char *const *tech = r->ids; *tech; tech++) {
		bool added;
		struct map_entry *m = map_put_str(&t->by_id, *tech, &added);
		struct tally_entry *x;
		if (added) {
			m->val.u = t->v.n;
			vec_push(&t->v);
		}
		x = &t->v.v[m->val.u];
		x->events++;
		if (r->weight > x->best) {
			x->best = r->weight;
			x->evidence = id;
			x->why = r->why;
		}
	}
}

void attack_tally_add(struct attack_tally *t, const struct event *ev, event_id id)
{
	struct eval_view view;
	t->seen++;
	eval_view_of_event(&view, ev);
	for (size_t i = 0; i < t->rules->v.n; i++) {
		const struct attack_rule *r = &t->rules->v.v[i];
		if (r->ops.n && !op_in(&r->ops, ev, t->op) && !op_in(&r->ops, ev, t->code))
			continue;
		if (plan_match(r->where, &view))
			credit(t, r, id);
	}
}

/* More of the same adds little; an act that makes up most of the batch is background. */
static double score(const struct attack_tally *t, const struct tally_entry *x)
{
	double share = t->seen ? (double)x->events / (double)t->seen : 0;
	return x->best * (1 + 0.05 * log2((double)x->events + 1)) *
	       (share > 0.5 && t->seen > 20 ? 0.8 : 1);
}

static int by_score(const void *a, const void *b)
{
	const struct attack_found *x = a, *y = b;
	if (x->score < y->score || x->score > y->score)
		return x->score > y->score ? -1 : 1;
	/* The sub-technique says more than its parent. */
	if (strlen(x->id) != strlen(y->id))
		return strlen(x->id) > strlen(y->id) ? -1 : 1;
	return strcmp(x->id, y->id);
}

size_t attack_tally_top(const struct attack_tally *t, struct attack_found *out, size_t max)
{
	struct attack_found *all = xcalloc(t->v.n + 1, sizeof(*all));
	size_t n = t->v.n;
	for (size_t i = 0; i < n; i++) {
		const struct tally_entry *x = &t->v.v[i];
		all[i] = (struct attack_found){t->by_id.entries[i].key,
		                               attack_name(t->by_id.entries[i].key),
		                               score(t, x),
		                               x->events,
		                               x->evidence,
		                               x->why};
	}
	qsort(all, n, sizeof(*all), by_score);
	n = n < max ? n : max;
	memcpy(out, all, n * sizeof(*out));
	free(all);
	return n;
}
