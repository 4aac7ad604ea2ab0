/* Questions, plans and recipes: everything that makes or runs a plan in the lake worker. */
#include "base/limits.h"
#include "serve/work_chat.h"

/* ---- the conversation so far ---- */

struct conversation {
	struct arena arena;
	struct plan *plans[MW_TURNS_CONTEXT];
	struct ask_turn turns[MW_TURNS_CONTEXT];
	size_t n;
	const char **entities;
};

static void read_turn(struct conversation *c, const cJSON *t)
{
	struct ask_turn *turn = &c->turns[c->n];
	const cJSON *plan = json_obj(t, "plan"), *values = json_arr(t, "values");
	struct err ignored;
	int n = cJSON_GetArraySize(values), i = 0;
	/* A plan that an older version made and this one refuses is a turn without a plan: the
	 * follow-up will ask back. */
	c->plans[c->n] = plan ? plan_from_json(plan, &ignored) : NULL;
	turn->plan = plan_has_hand(c->plans[c->n]) ? NULL : c->plans[c->n];
	turn->question = slice_of(json_str(t, "question", ""));
	turn->values = arena_zalloc(&c->arena, ((size_t)n + 1) * sizeof(*turn->values));
	for (const cJSON *v = values ? values->child : NULL; v; v = v->next)
		turn->values[i++] = slice_of(cJSON_IsString(v) ? v->valuestring : "");
	turn->nvalues = (size_t)i;
	c->n++;
}

static void read_incident(struct conversation *c, const cJSON *incident, struct ask_context *ctx)
{
	const cJSON *list = json_arr(incident, "entities");
	int n = cJSON_GetArraySize(list), i = 0;
	const char *first = json_str(incident, "first", NULL),
	           *last = json_str(incident, "last", NULL);
	ctx->incident_from = ctx->incident_to = MW_TIME_NONE;
	if (!incident)
		return;
	c->entities = arena_zalloc(&c->arena, ((size_t)n + 1) * sizeof(*c->entities));
	for (const cJSON *v = list ? list->child : NULL; v; v = v->next)
		if (cJSON_IsString(v))
			c->entities[i++] = v->valuestring;
	ctx->incident = c->entities;
	if (first && !mw_time_parse(slice_of(first), &ctx->incident_from))
		ctx->incident_from = MW_TIME_NONE;
	if (last && !mw_time_parse(slice_of(last), &ctx->incident_to))
		ctx->incident_to = MW_TIME_NONE;
}

static void conversation_read(struct conversation *c, const cJSON *params, struct ask_context *ctx)
{
	const cJSON *o = json_get(params, "ctx"), *turns = json_arr(o, "turns");
	*c = (struct conversation){0};
	*ctx = (struct ask_context){.now = work_now(params)};
	for (const cJSON *t = turns ? turns->child : NULL; t && c->n < MW_TURNS_CONTEXT;
	     t = t->next)
		read_turn(c, t);
	ctx->turns = c->turns;
	ctx->nturns = c->n;
	read_incident(c, json_obj(o, "incident"), ctx);
}

static void conversation_release(struct conversation *c)
{
	for (size_t i = 0; i < c->n; i++)
		plan_free(c->plans[i]);
	arena_release(&c->arena);
}

static bool lake_has_events(const struct lake_state *s)
{
	const struct catalog_dataset *d;
	size_t n = catalog_datasets(s->catalog, &d);
	bool any = false;
	for (size_t i = 0; i < n; i++)
		any |= d[i].events > 0;
	return any;
}

/* ---- answers ---- */

/* Sends the reading ahead, runs, and makes {reading, answer}. reading is taken over. */
static int run_reading(struct worker *w, cJSON *reading, const struct plan *p,
                       const char *const *named, size_t nnamed, mw_time now, cJSON **result,
                       struct err *e)
{
	cJSON *ahead = cJSON_CreateObject(), *answer = NULL;
	cJSON_AddItemToObject(ahead, "reading", cJSON_Duplicate(reading, true));
	if (worker_notify(w, "reading", ahead, e) ||
	    (p && work_run(w, p, named, nnamed, now, &answer, e))) {
		cJSON_Delete(reading);
		return -1;
	}
	*result = cJSON_CreateObject();
	cJSON_AddItemToObject(*result, "reading", reading);
	cJSON_AddItemToObject(*result, "answer", answer ? answer : cJSON_CreateNull());
	return 0;
}

static bool is_instance_id(struct slice v)
{
	if (v.n < 10 || memcmp(v.s, "i-", 2))
		return false;
	for (size_t i = 2; i < v.n; i++)
		if (!strchr("0123456789abcdef", v.s[i]))
			return false;
	return true;
}

/* The one comparison that the question came to, if it names an instance. */
static const struct plan_node *sole_instance(const struct plan *p)
{
	const struct plan_node *n =
	        p->nsteps == 1 && p->steps[0].kind == PS_SEARCH && !p->steps[0].search.nstats
	                ? p->steps[0].search.where
	                : NULL;
	while (n && n->kind == PN_ALL && n->child && !n->child->next)
		n = n->child;
	return n && n->kind == PN_CMP && n->nvalues == 1 && is_instance_id(n->values[0]) ? n : NULL;
}

/* "All related activity" of an instance is more than the records that spell its id: the inventory's addresses and sessions count too. */
static int widen_related(const struct lake_state *s, const struct ask_context *ctx,
                         const char *question, struct ask_reading *r, struct err *e)
{
	const struct plan_node *n = r->kind == ASK_PLAN && r->plan ? sole_instance(r->plan) : NULL;
	const struct plan_time *from = n ? &r->plan->steps[0].search.from : NULL,
	                       *to = n ? &r->plan->steps[0].search.to : NULL;
	struct recipe_args a;
	struct plan *wide;
	if (!n || !mw_memimem(question, strlen(question), "related", 7))
		return 0;
	a = (struct recipe_args){n->values[0], from->kind == PW_ABS ? from->t : MW_TIME_NONE,
	                         to->kind == PW_ABS ? to->t : MW_TIME_NONE};
	if (a.from == MW_TIME_NONE && ctx->incident_from != MW_TIME_NONE) {
		struct ask_chip *c = vec_push(&r->chips);
		a.from = ctx->incident_from - MW_HOUR;
		c->kind = CHIP_TIME;
		c->assumed = true;
		c->text = "from an hour before the incident's first record";
	}
	wide = recipe_plan(s->recipes, "instance-activity", &a, e);
	if (!wide)
		return -1;
	plan_free(r->plan);
	r->plan = wide;
	return 0;
}

static cJSON *offline_reading(const struct ask_reading *r, cJSON *note)
{
	cJSON *o = ask_reading_json(r);
	json_add_str(o, "planner", "offline");
	if (note)
		cJSON_AddItemToObject(o, "model", note);
	return o;
}

/* Offline first; the model is asked where that understood less, or where the request wants it. */
static int answer_reading(struct worker *w, const cJSON *params, const struct ask_reading *r,
                          mw_time now, cJSON **result, struct err *e)
{
	static const char *const nothing[1] = {NULL};
	bool run = json_bool(params, "run", true);
	/* No array at all would mean that all values of the plan count as named. */
	const char *const *named = r->named.n ? r->named.v : nothing;
	cJSON *reading = NULL, *note = NULL;
	struct plan *planned = NULL;
	int rc = work_model_plan(w, params, r, &reading, &planned, &note, e);
	if (rc == 0)
		rc = run_reading(w, offline_reading(r, note),
		                 run && r->kind == ASK_PLAN ? r->plan : NULL, named, r->named.n,
		                 now, result, e);
	else if (rc > 0)
		rc = run_reading(w, reading, run ? planned : NULL, NULL, 0, now, result, e);
	plan_free(planned);
	return rc;
}

int work_ask(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct lake_state *s = worker_state(w);
	struct conversation c;
	struct ask_context ctx;
	struct ask_reading r;
	const char *question = json_str(params, "question", "");
	struct picked where;
	char *words; /* the question without where to ask it */
	int rc;
	if (strlen(question) > MW_QUESTION_MAX)
		return err_set(e, ERR_LIMIT,
		               "the question has %zu bytes; at most %d are read: shorten it",
		               strlen(question), MW_QUESTION_MAX);
	if (lake_state_refresh(s, e) || cluster_known(s->cluster, e))
		return -1;
	conversation_read(&c, params, &ctx);
	words = xstrdup(question);
	remotes_pick(s->remotes, words, lake_has_events(s), &where);
	rc = ask_read(s->lexicon, s->catalog, &ctx, slice_of(words), &r, e);
	if (!rc && widen_related(s, &ctx, question, &r, e)) {
		ask_reading_release(&r);
		rc = -1;
	}
	if (!rc && r.plan)
		picked_apply(&where, r.plan);
	if (!rc) {
		rc = answer_reading(w, params, &r, ctx.now, result, e);
		ask_reading_release(&r);
	}
	picked_release(&where);
	free(words);
	conversation_release(&c);
	return rc;
}

int work_run_reading(struct worker *w, cJSON *reading, const struct plan *p, mw_time now,
                     cJSON **result, struct err *e)
{
	return run_reading(w, reading, p, NULL, 0, now, result, e);
}

cJSON *work_plan_reading(const struct plan *p, const char *planner)
{
	cJSON *o = cJSON_CreateObject();
	struct buf b = BUF_INIT;
	plan_paraphrase(p, &b);
	json_add_str(o, "kind", "plan");
	json_add_slice(o, "paraphrase", (struct slice){b.s, b.len});
	json_add_arr(o, "chips");
	json_add_arr(o, "unread");
	cJSON_AddItemToObject(o, "plan", plan_to_json(p));
	json_add_str(o, "planner", planner);
	buf_release(&b);
	return o;
}

int work_plan_run(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct plan *p = plan_from_json(json_obj(params, "plan"), e);
	int rc;
	if (!p || lake_state_refresh(worker_state(w), e)) {
		plan_free(p);
		return -1;
	}
	rc = run_reading(w, work_plan_reading(p, "hand"), p, NULL, 0, work_now(params), result, e);
	plan_free(p);
	return rc;
}

static void ask_by_default(const struct lake_state *s, struct plan *p)
{
	struct picked where;
	char nothing[1] = "";
	remotes_pick(s->remotes, nothing, lake_has_events(s), &where);
	picked_apply(&where, p);
	picked_release(&where);
}

int work_recipe_run(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct lake_state *s = worker_state(w);
	struct conversation c;
	struct ask_context ctx;
	struct recipe_args a;
	const char *value = json_str(params, "value", "");
	struct plan *p;
	int rc = -1;
	conversation_read(&c, params, &ctx);
	a = (struct recipe_args){slice_of(value), MW_TIME_NONE, MW_TIME_NONE};
	if (ctx.incident_from != MW_TIME_NONE)
		a.from = ctx.incident_from - MW_HOUR;
	p = recipe_plan(s->recipes, json_str(params, "recipe", ""), &a, e);
	if (p)
		ask_by_default(s, p);
	if (p && !lake_state_refresh(s, e))
		rc = run_reading(w, work_plan_reading(p, "recipe"), p, *value ? &value : NULL,
		                 *value ? 1 : 0, ctx.now, result, e);
	plan_free(p);
	conversation_release(&c);
	return rc;
}

int work_plan_check(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct err why = {0};
	struct plan *p = plan_from_json(json_obj(params, "plan"), &why);
	(void)w;
	(void)e;
	*result = p ? work_plan_reading(p, "hand") : cJSON_CreateObject();
	json_add_bool(*result, "ok", p != NULL);
	if (!p)
		json_add_str(*result, "error", why.what);
	plan_free(p);
	return 0;
}

/* ---- menus ---- */

int work_recipe_list(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	const struct recipes *r = ((struct lake_state *)worker_state(w))->recipes;
	cJSON *list;
	(void)params;
	(void)e;
	*result = cJSON_CreateObject();
	list = json_add_arr(*result, "recipes");
	for (size_t i = 0; i < recipes_count(r); i++) {
		const struct recipe *x = recipes_at(r, i);
		cJSON *o = cJSON_CreateObject(), *fields = json_add_arr(o, "for");
		json_add_str(o, "id", x->id);
		json_add_str(o, "title", x->title);
		for (const char *const *f = x->fields; *f; f++)
			cJSON_AddItemToArray(fields, cJSON_CreateString(*f));
		cJSON_AddItemToArray(list, o);
	}
	return 0;
}

/* The field of a bare value: where the catalogue saw it most. */
static const char *field_of(struct catalog *c, const char *value)
{
	struct catalog_value v[16];
	size_t n = catalog_value_find(c, slice_of(value), v, ARRAY_LEN(v));
	const char *best = "";
	uint64_t most = 0;
	for (size_t i = 0; i < n && i < ARRAY_LEN(v); i++) {
		if (v[i].field == FIELD_NONE || v[i].events <= most)
			continue;
		most = v[i].events;
		best = field_at(v[i].field)->name;
	}
	return best;
}

int work_pivot_menu(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct lake_state *s = worker_state(w);
	const char *value = json_str(params, "value", ""), *field = json_str(params, "field", "");
	const struct field *f;
	cJSON *entity, *items;
	if (lake_state_refresh(s, e))
		return -1;
	f = field_find(slice_of(field));
	field = f ? f->name : field_of(s->catalog, value);
	*result = cJSON_CreateObject();
	entity = json_add_obj(*result, "entity");
	json_add_str(entity, "field", field);
	json_add_str(entity, "value", value);
	items = json_add_arr(*result, "items");
	for (size_t i = 0; i < recipes_count(s->recipes); i++) {
		const struct recipe *r = recipes_at(s->recipes, i);
		struct buf b = BUF_INIT;
		cJSON *o;
		if (!recipe_fits(r, field))
			continue;
		recipe_title(r, slice_of(value), &b);
		o = cJSON_CreateObject();
		json_add_str(o, "key", r->key);
		json_add_slice(o, "label", (struct slice){b.s, b.len});
		json_add_str(o, "recipe", r->id);
		cJSON_AddItemToArray(items, o);
		buf_release(&b);
	}
	return 0;
}
