#include "investigate/card.h"

#include "base/alike.h"
#include "base/limits.h"
#include "base/map.h"
#include "investigate/describe.h"
#include "investigate/story.h"
#include "store/cover.h"
#include "store/graph.h"

#define ACTIVE_WITHIN (15 * MW_MINUTE)
#define CARD_DEADLINE_US 300000
#define NEXT_MAX 6
#define SEEN_MAX 5
#define GAPS_MAX 5
#define FOLD_IDS_MAX 16   /* records named for what is folded */
#define ENTITIES_ASKED 12 /* values looked for in one search */

/* ---- helpers ---- */

/* Adds {text, evidence, status}; takes evidence over (NULL: none), text is freed. */
static cJSON *statement(char *text, cJSON *evidence)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddItemToObject(o, "text", json_slice(slice_of(text)));
	cJSON_AddItemToObject(o, "evidence", evidence ? evidence : cJSON_CreateArray());
	json_add_str(o, "status", evidence && evidence->child ? "supported" : "opinion");
	free(text);
	return o;
}

static cJSON *one_id(event_id id)
{
	cJSON *a = cJSON_CreateArray();
	char text[32];
	snprintf(text, sizeof(text), "ev:%llu", (unsigned long long)id);
	cJSON_AddItemToArray(a, cJSON_CreateString(text));
	return a;
}

/* ---- still active? ---- */

/* Entities that are the attacker's own handle: a session, a key, an outside address. Shared things
 * (an account, a bucket) would make everything look active. */
static const char *const handles[] = {"actor.session.uid",
                                      "actor.user.credential_uid",
                                      "src_endpoint.ip",
                                      "actor.user.name",
                                      "mw.instance",
                                      "device.hostname",
                                      NULL};

static const char *entity_value(const char *entity, const char *field)
{
	size_t n = strlen(field);
	return !strncmp(entity, field, n) && entity[n] == '=' ? entity + n + 1 : NULL;
}

/* The most telling kind of handle that the incident has; its values become one search. */
static struct plan *handle_plan(const cJSON *entities, const char **kind)
{
	struct plan *p = plan_new();
	struct plan_search *q = &plan_add_step(p, PS_SEARCH)->search;
	for (const char *const *h = handles; *h && !q->where; h++) {
		size_t n = 0;
		for (const cJSON *v = entities ? entities->child : NULL; v && n < ENTITIES_ASKED;
		     v = v->next) {
			const char *value =
			        cJSON_IsString(v) ? entity_value(v->valuestring, *h) : NULL;
			if (!value)
				continue;
			if (!q->where)
				q->where = plan_cmp(p, *h, OP_IN, slice_of(value));
			else
				plan_cmp_value(p, q->where, slice_of(value));
			*kind = *h;
			n++;
		}
	}
	p->show = SHOW_EVENTS;
	q->limit = 1;
	q->sort = arena_zalloc(&p->arena, sizeof(*q->sort));
	q->sort->column = arena_strdup(&p->arena, "time");
	q->sort->desc = true;
	q->nsort = 1;
	if (q->where)
		return p;
	plan_free(p);
	return NULL;
}

struct newest {
	mw_time time;
	event_id id;
	struct buf line;
	bool denied;
};

static int take_newest(void *ctx, size_t step, const struct source_row *r, struct err *e)
{
	struct newest *n = ctx;
	struct described d;
	(void)step;
	(void)e;
	if (!r->event || (n->time != MW_TIME_NONE && r->event->time <= n->time))
		return 0;
	n->time = r->event->time;
	n->id = r->id;
	describe_event(r->event, &d);
	buf_reset(&n->line);
	describe_line(&d, &n->line);
	n->denied = d.denied;
	return 0;
}

static void run_quick(const struct card_env *c, const struct plan *p, struct newest *n,
                      struct err *e)
{
	struct run_env env = *c->run;
	struct run_sink sink = {n, take_newest, NULL};
	struct run_result r = {0};
	int64_t own = mw_mono_us() + CARD_DEADLINE_US;
	if (!env.deadline_us || env.deadline_us > own)
		env.deadline_us = own;
	if (!run_plan(p, &env, &sink, &r, e) && r.nsteps && r.steps[0].state == RUN_FAILED)
		*e = r.steps[0].error;
	run_result_release(&r);
}

static void add_active(const struct card_env *c, cJSON *card)
{
	struct newest n = {.time = MW_TIME_NONE, .line = BUF_INIT};
	const char *kind = "";
	struct plan *p = handle_plan(json_arr(c->incident, "entities"), &kind);
	struct err e = {0};
	char t[32], ago[32];
	cJSON *o;
	if (p && !plan_validate(p, &e))
		run_quick(c, p, &n, &e);
	if (n.time != MW_TIME_NONE) {
		mw_time_format(n.time, t);
		mw_span_words(c->run->now - n.time, ago);
		bool live = c->run->now - n.time <= ACTIVE_WITHIN;
		o = statement(live ? xasprintf("STILL ACTIVE: last record %s, %s", t, n.line.s)
		                   : xasprintf("Not seen active for %s: last record %s, %s", ago, t,
		                               n.line.s),
		              one_id(n.id));
	} else {
		o = statement(xasprintf("Not known whether it goes on: %s",
		                        e.what[0] ? e.what
		                        : p       ? "no record of its handles"
		                                  : "it names no session, key, address or host"),
		              NULL);
	}
	cJSON_AddItemToObject(card, "active", o);
	plan_free(p);
	buf_release(&n.line);
}

/* ---- what happened: the findings, worst first, each with its records ---- */

static int severity_of(const cJSON *f)
{
	static const char order[] = "ILMHC";
	const char *s = json_str(f, "severity", "I"), *at = strchr(order, s[0]);
	return at ? (int)(at - order) : 0;
}

/* One finding as a sentence; why: what sets it apart from a fold, or NULL. */
static void add_finding(const cJSON *f, const char *why, cJSON *list)
{
	const cJSON *ids = json_arr(f, "evidence");
	int64_t n = json_i64(f, "events", 1);
	cJSON_AddItemToArray(
	        list,
	        statement(xasprintf("%s, %s%s%s (%lld record%s)", json_str(f, "first", "no time"),
	                            json_str(f, "title", "?"), why ? ", unlike the rest: " : "",
	                            why ? why : "", (long long)n, n == 1 ? "" : "s"),
	                  ids ? cJSON_Duplicate(ids, true) : NULL));
}

static const struct alike *fold_of(const struct alike_list *folds, size_t finding,
                                   const struct alike_member **member)
{
	const struct alike *g;
	vec_each (g, &folds->v)
		vec_each (*member, &g->members)
			if ((*member)->item == finding)
				return g;
	*member = NULL;
	return NULL;
}

/* What a rule made by the dozen, as one sentence with the records of the first ones. */
static void add_fold(const struct alike *g, const cJSON *findings, cJSON *list)
{
	cJSON *ids = cJSON_CreateArray();
	const struct alike_member *m;
	const char *first = "no time";
	vec_each (m, &g->members) {
		const cJSON *f = cJSON_GetArrayItem(findings, (int)m->item);
		const cJSON *id = cJSON_GetArrayItem(json_arr(f, "evidence"), 0);
		if (m->odd)
			continue;
		if (!ids->child)
			first = json_str(f, "first", first);
		if (id && cJSON_GetArraySize(ids) < FOLD_IDS_MAX)
			cJSON_AddItemToArray(ids, cJSON_Duplicate(id, true));
	}
	cJSON_AddItemToArray(list, statement(xasprintf("%s, %zu alike: %s", first,
	                                               g->members.n - g->odd, g->pattern),
	                                     ids));
}

static void find_folds(const cJSON *findings, struct alike_list *out)
{
	VEC(struct alike_item) items = {0};
	for (const cJSON *f = findings ? findings->child : NULL; f; f = f->next)
		*vec_push(&items) = (struct alike_item){json_str(f, "title", "?"),
		                                        alike_pattern(json_str(f, "title", "?")),
		                                        json_str(f, "severity", "I")[0]};
	alike_find(items.v, items.n, ALIKE_LEAST, out);
	for (size_t i = 0; i < items.n; i++)
		free(items.v[i].pattern);
	vec_free(&items);
}

struct telling {
	const cJSON *findings;
	struct alike_list folds;
	struct map told; /* patterns that have their sentence */
	cJSON *list;
};

/* The findings of one severity: those on their own or unlike the rest of theirs, then what is folded. */
static void add_level(struct telling *t, int level, bool folded)
{
	size_t i = 0;
	for (const cJSON *f = t->findings ? t->findings->child : NULL; f; f = f->next, i++) {
		const struct alike_member *m;
		const struct alike *g;
		bool added;
		if (severity_of(f) != level)
			continue;
		g = fold_of(&t->folds, i, &m);
		if ((g && !m->odd) != folded)
			continue;
		if (!folded) {
			add_finding(f, m ? m->why : NULL, t->list);
			continue;
		}
		map_put_str(&t->told, g->pattern, &added);
		if (added)
			add_fold(g, t->findings, t->list);
	}
}

static void add_what(const struct card_env *c, cJSON *card)
{
	struct telling t = {.findings = json_arr(c->incident, "findings"),
	                    .list = json_add_arr(card, "what")};
	find_folds(t.findings, &t.folds);
	for (int level = 4; level >= 0; level--) {
		add_level(&t, level, false);
		add_level(&t, level, true);
	}
	map_release(&t.told);
	alike_release(&t.folds);
}

/* ---- whose ---- */

static void add_owner(struct graph *g, const char *value, struct map *seen, cJSON *list)
{
	uint32_t node = graph_find(g, slice_of(value));
	struct err ignored;
	cJSON *j = node == UINT32_MAX ? NULL : graph_node_json(g, node, &ignored), *n = j;
	const char *owner;
	bool added;
	if (json_obj(j, "node"))
		n = json_obj(j, "node");
	owner = json_str(json_obj(n, "tags"), "owner",
	                 json_str(json_obj(n, "tags"), "Owner", NULL));
	if (owner) {
		map_put_str(seen, owner, &added);
		if (added)
			cJSON_AddItemToArray(
			        list,
			        statement(xasprintf("%s (tag owner of %s)", owner, value), NULL));
	}
	cJSON_Delete(j);
}

static void add_whose(const struct card_env *c, cJSON *card)
{
	cJSON *list = json_add_arr(card, "whose");
	const cJSON *entities = json_arr(c->incident, "entities");
	struct map seen = MAP_INIT;
	for (const cJSON *v = entities ? entities->child : NULL; v && c->run->graph; v = v->next) {
		const char *eq = cJSON_IsString(v) ? strchr(v->valuestring, '=') : NULL;
		if (eq && eq[1])
			add_owner(c->run->graph, eq + 1, &seen, list);
	}
	if (!list->child)
		cJSON_AddItemToArray(list,
		                     statement(xstrdup("owner not known: no entity of this "
		                                       "incident has an owner in the inventory"),
		                               NULL));
	map_release(&seen);
}

/* ---- what we cannot see ---- */

bool card_concerns(const cJSON *row, const cJSON *entities)
{
	const char *resource = json_str(row, "resource", NULL),
	           *name = resource ? strrchr(resource, ':') : NULL,
	           *what = name       ? name + 1
	                   : resource ? resource
	                              : json_str(row, "account", NULL);
	for (const cJSON *v = entities ? entities->child : NULL; v && what; v = v->next) {
		const char *eq = cJSON_IsString(v) ? strchr(v->valuestring, '=') : NULL;
		if (eq && (!strcmp(eq + 1, what) || (resource && !strcmp(eq + 1, resource))))
			return true;
	}
	return false;
}

static void add_gaps(const struct card_env *c, cJSON *card)
{
	cJSON *list = json_add_arr(card, "gaps"), *table;
	struct err e = {0};
	int n = 0;
	table = c->run->graph ? cover_table(c->run->lake, c->run->graph, &e) : NULL;
	for (const cJSON *r = table ? table->child : NULL; r && n < GAPS_MAX; r = r->next) {
		if (strcmp(json_str(r, "state", ""), "not_logged") ||
		    !card_concerns(r, json_arr(c->incident, "entities")))
			continue;
		cJSON *o = statement(xasprintf("NOT LOGGED: %s", json_str(r, "why", "?")), NULL);
		json_add_str(o, "cover", json_str(r, "id", NULL));
		cJSON_AddItemToArray(list, o);
		n++;
	}
	cJSON_Delete(table);
}

/* ---- seen before ---- */

static const char *shared_entity(const cJSON *a, const cJSON *b)
{
	for (const cJSON *x = a ? a->child : NULL; x; x = x->next)
		for (const cJSON *y = b ? b->child : NULL; y; y = y->next)
			if (cJSON_IsString(x) && cJSON_IsString(y) &&
			    entity_is_telling(x->valuestring) &&
			    !strcmp(x->valuestring, y->valuestring))
				return x->valuestring;
	return NULL;
}

static void add_seen(const struct card_env *c, cJSON *card)
{
	cJSON *list = json_add_arr(card, "seen");
	int64_t own = json_i64(c->incident, "id", 0);
	for (const cJSON *o = c->others ? c->others->child : NULL;
	     o && cJSON_GetArraySize(list) < SEEN_MAX; o = o->next) {
		const char *shared =
		        shared_entity(json_arr(c->incident, "entities"), json_arr(o, "entities"));
		cJSON *x;
		if (!shared || json_i64(o, "id", 0) == own)
			continue;
		x = statement(xasprintf("%s in INC-%lld (%s): %s", strchr(shared, '=') + 1,
		                        (long long)json_i64(o, "id", 0),
		                        json_str(o, "status", "new"), json_str(o, "title", "?")),
		              NULL);
		cJSON_AddItemToArray(list, x);
	}
}

/* ---- what to ask next: recipes that fit the entities, one each ---- */

/* The value of the first entity of that field; NULL: none. */
static const char *first_of(const cJSON *entities, const char *field)
{
	const char *value = NULL;
	for (const cJSON *v = entities ? entities->child : NULL; v && !value; v = v->next)
		value = cJSON_IsString(v) ? entity_value(v->valuestring, field) : NULL;
	return value;
}

/* Of a recipe that fits anything the attacker's handle is asked about first. */
static const char *handle_of(const struct recipe *r, const cJSON *entities)
{
	const char *value = NULL;
	for (const char *const *h = handles; *h && !value && !strcmp(r->fields[0], "*"); h++)
		value = first_of(entities, *h);
	return value;
}

static bool asks_graph(const struct recipes *all, const struct recipe *r, const char *value)
{
	struct recipe_args args = {slice_of(value), MW_TIME_NONE, MW_TIME_NONE};
	struct err ignored;
	struct plan *p = recipe_plan(all, r->id, &args, &ignored);
	bool graph = p && p->nsteps == 1 && p->steps[0].kind == PS_GRAPH;
	plan_free(p);
	return graph;
}

/* The entity that the recipe is about; a graph is asked only about what it knows. */
static const char *entity_for(const struct card_env *c, const struct recipe *r)
{
	const cJSON *entities = json_arr(c->incident, "entities");
	const char *found = handle_of(r, entities);
	for (const cJSON *v = entities ? entities->child : NULL; v && !found; v = v->next) {
		char field[256];
		const char *eq = cJSON_IsString(v) ? strchr(v->valuestring, '=') : NULL;
		if (!eq || (size_t)(eq - v->valuestring) >= sizeof(field))
			continue;
		snprintf(field, sizeof(field), "%.*s", (int)(eq - v->valuestring), v->valuestring);
		if (!recipe_fits(r, field))
			continue;
		if (asks_graph(c->recipes, r, eq + 1) &&
		    (!c->run->graph || graph_find(c->run->graph, slice_of(eq + 1)) == UINT32_MAX))
			continue;
		found = eq + 1;
	}
	return found;
}

static void add_next(const struct card_env *c, cJSON *card)
{
	cJSON *list = json_add_arr(card, "next");
	int n = 0;
	for (size_t i = 0; i < recipes_count(c->recipes) && n < NEXT_MAX; i++) {
		const struct recipe *r = recipes_at(c->recipes, i);
		const char *value = entity_for(c, r);
		struct buf b = BUF_INIT;
		cJSON *o;
		if (!value)
			continue;
		recipe_title(r, slice_of(value), &b);
		o = cJSON_CreateObject();
		json_add_i64(o, "n", ++n);
		json_add_slice(o, "label", (struct slice){b.s, b.len});
		json_add_str(o, "recipe", r->id);
		json_add_str(o, "value", value);
		cJSON_AddItemToArray(list, o);
		buf_release(&b);
	}
}

static void add_contained(const struct card_env *c, cJSON *card)
{
	const cJSON *actions = json_arr(c->incident, "actions");
	int done = 0;
	for (const cJSON *a = actions ? actions->child : NULL; a; a = a->next)
		done += !strcmp(json_str(a, "state", ""), "done");
	cJSON_AddItemToObject(card, "contained",
	                      statement(done ? xasprintf("%d action%s done, see actions", done,
	                                                 done == 1 ? "" : "s")
	                                     : xstrdup("nothing has been done yet"),
	                                NULL));
}

/* ---- what a model would write, without one ---- */

#define ASSETS_MAX 20

/* The inventory's nodes that the entities name, each once. */
static cJSON *assets_of(const struct card_env *c, const cJSON *card)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *entities = json_arr(card, "entities"), *v;
	struct map seen = MAP_INIT;
	cJSON_ArrayForEach(v, entities)
	{
		const char *eq = cJSON_IsString(v) ? strchr(v->valuestring, '=') : NULL;
		uint32_t node = eq && c->run->graph ? graph_find(c->run->graph, slice_of(eq + 1))
		                                    : UINT32_MAX;
		struct err ignored;
		cJSON *j;
		bool added;
		if (node == UINT32_MAX || cJSON_GetArraySize(list) >= ASSETS_MAX)
			continue;
		map_put(&seen, &node, sizeof(node), &added);
		j = added ? graph_node_json(c->run->graph, node, &ignored) : NULL;
		if (json_obj(j, "node"))
			cJSON_AddItemToArray(list,
			                     cJSON_DetachItemFromObjectCaseSensitive(j, "node"));
		else if (j)
			cJSON_AddItemToArray(list, cJSON_Duplicate(j, true));
		cJSON_Delete(j);
	}
	map_release(&seen);
	return list;
}

static void add_story(const struct card_env *c, cJSON *card)
{
	cJSON *assets = assets_of(c, card);
	struct err e = {0};
	const cJSON *a;
	cJSON_ArrayForEach(a, assets)
	{
		const char *owner = json_str(json_obj(a, "tags"), "owner",
		                             json_str(json_obj(a, "tags"), "Owner", NULL));
		if (owner && !json_get(card, "asset_owner"))
			json_add_str(card, "asset_owner", owner);
	}
	if (story_add(card, assets, &e))
		json_add_str(card, "story_error", e.what);
	cJSON_Delete(assets);
}

cJSON *card_json(const struct card_env *c, struct err *e)
{
	cJSON *card = cJSON_Duplicate(c->incident, true);
	if (!card) {
		err_set(e, ERR_NOT_FOUND, "there is no such incident");
		return NULL;
	}
	add_active(c, card);
	add_contained(c, card);
	add_what(c, card);
	add_whose(c, card);
	add_gaps(c, card);
	add_seen(c, card);
	add_next(c, card);
	add_story(c, card);
	return card;
}
