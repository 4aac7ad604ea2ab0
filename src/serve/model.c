/*
 * The gate of language models. Whoever asks one from within the engine passes here: the switch, the rollout phase, the budgets of
 * question, analyst and day, the choice of a model by role with the next one where it fails, and the record of what was sent and what
 * came, which is on disk before the reply goes on. The model itself is in a worker of its own (work_model.c).
 */
#include "base/digest.h"
#include "base/log.h"
#include "serve/relay.h"
#include "serve/work.h"

/* ---- what is configured ---- */

static const char *const roles[] = {"plan", "write", "cheap"};
static const char *const phases[] = {"read-only", "assisted", "conditional"};

static bool has_role(const cJSON *entry, const char *role)
{
	const cJSON *list = json_arr(entry, "roles"), *r;

	cJSON_ArrayForEach(r, list) if (cJSON_IsString(r) &&
	                                strcmp(r->valuestring, role) == 0) return true;
	return !list || !list->child;
}

/* The i-th of a role, or the one of that name; NULL where there is none. */
static const cJSON *pick(const struct engine *e, const char *role, const char *name, int i)
{
	const cJSON *x;

	cJSON_ArrayForEach(x, config_section(e->config, "models"))
	{
		if (name && strcmp(name, json_str(x, "name", "")) != 0)
			continue;
		if (has_role(x, role) && i-- == 0)
			return x;
	}
	return NULL;
}

bool models_on(const struct engine *e)
{
	return !e->models_off && config_bool(e->config, OPT_MODEL_USE);
}

static int phase_of(const char *name)
{
	for (int i = 0; i < (int)ARRAY_LEN(phases); i++)
		if (strcmp(phases[i], name) == 0)
			return i;
	return (int)ARRAY_LEN(phases); /* a phase that we do not know is never reached */
}

static void add_list(cJSON *o, const char *key, const char *const *list)
{
	cJSON *a = json_add_arr(o, key);

	for (; *list; list++)
		cJSON_AddItemToArray(a, cJSON_CreateString(*list));
}

cJSON *model_context(const struct engine *e)
{
	static const struct {
		enum option option;
		const char *key;
	} sent[] = {{OPT_MODEL_FREE_TEXT, "free_text"},
	            {OPT_MODEL_ACCOUNTS, "accounts"},
	            {OPT_MODEL_HOSTS, "hostnames"},
	            {OPT_MODEL_ADDRESSES, "addresses"}};
	cJSON *o;

	if (!models_on(e) || !config_section(e->config, "models")->child)
		return NULL;
	o = cJSON_CreateObject();
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		json_add_bool(o, roles[i], pick(e, roles[i], NULL, 0) != NULL);
	for (size_t i = 0; i < ARRAY_LEN(sent); i++)
		json_add_bool(o, sent[i].key, config_bool(e->config, sent[i].option));
	json_add_i64(o, "rounds", config_i64(e->config, OPT_MODEL_ROUNDS));
	json_add_i64(o, "steps", config_i64(e->config, OPT_MODEL_STEPS));
	if (*config_list(e->config, OPT_MODEL_SOURCES))
		add_list(o, "sources", config_list(e->config, OPT_MODEL_SOURCES));
	return o;
}

/* ---- one call ---- */

struct asking {
	struct relay *r;
	struct engine *e;
	cJSON *params, *reply;
	const char *role, *wanted; /* of params */
	int tried;
	struct err err; /* of the last model that failed */
	uid_t uid;
	char *user;
	int64_t job, began;
	mw_time now;
	bool flagged;            /* its conversation may only read */
	int64_t left_us;         /* of the time budgets, the least; INT64_MAX: unbounded */
	cJSON *today;            /* what the analyst had spent before, and may */
	char inputs[DIGEST_HEX]; /* of prompt and inputs: what a recorded reply is found by */
};

static void asking_free(struct asking *a)
{
	cJSON_Delete(a->params);
	cJSON_Delete(a->reply);
	cJSON_Delete(a->today);
	free(a->user);
	free(a);
}

static void give_up(struct asking *a, const struct err *e)
{
	relay_finish(a->r, NULL, e);
	asking_free(a);
}

static void next_model(struct asking *a);

static void pass_on(struct asking *a, int64_t record)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToObject(o, "reply", a->reply);
	a->reply = NULL;
	json_add_i64(o, "record", record);
	json_add_str(o, "currency", config_str(a->e->config, OPT_MODEL_CURRENCY));
	if (a->today)
		cJSON_AddItemToObject(o, "before", a->today);
	a->today = NULL;
	relay_finish(a->r, o, NULL);
	asking_free(a);
}

/* ---- budgets ---- */

struct bound {
	const char *of;
	enum option tokens, cents, time;
	bool day; /* free again at midnight UTC; else with the next question */
};
static const struct bound bounds[] = {
        {"this question", OPT_MODEL_Q_TOKENS, OPT_MODEL_Q_CENTS, OPT_MODEL_Q_TIME, false},
        {"your day", OPT_MODEL_A_TOKENS, OPT_MODEL_A_CENTS, OPT_MODEL_A_TIME, true},
        {"everybody's day", OPT_MODEL_D_TOKENS, OPT_MODEL_D_CENTS, OPT_MODEL_D_TIME, true}};

/* When it is free again, in words. */
static void say_free(const struct bound *b, mw_time now, char out[64])
{
	char at[32];

	mw_time_format(now - now % MW_DAY + MW_DAY, at);
	snprintf(out, 64, b->day ? "free again at %s" : "another question has its own%s",
	         b->day ? at : "");
}

/* Sets what is left of the time. */
static int within_time(const struct engine *e, const struct bound *b, const struct model_spent *s,
                       const char *again, int64_t *left, struct err *err)
{
	int64_t time = config_i64(e->config, b->time);
	char is[32], of[32];

	if (time <= 0)
		return 0;
	*left = time - s->elapsed_us < *left ? time - s->elapsed_us : *left;
	if (s->elapsed_us < time)
		return 0;
	mw_span_format(s->elapsed_us - s->elapsed_us % MW_SECOND, is);
	mw_span_format(time, of);
	return err_set(err, ERR_LIMIT, "the budget of %s is used up: %s of %s (%s); %s", b->of, is,
	               of, options[b->time].name, again);
}

static int within(const struct engine *e, const struct bound *b, const struct model_spent *s,
                  mw_time now, int64_t *left, struct err *err)
{
	char again[64];
	int64_t tokens = config_i64(e->config, b->tokens), cents = config_i64(e->config, b->cents);

	say_free(b, now, again);
	if (tokens > 0 && s->tokens >= tokens)
		return err_set(err, ERR_LIMIT,
		               "the budget of %s is used up: %lld of %lld tokens (%s); %s", b->of,
		               (long long)s->tokens, (long long)tokens, options[b->tokens].name,
		               again);
	if (cents > 0 && s->cost_micro >= cents * 10000)
		return err_set(
		        err, ERR_LIMIT, "the budget of %s is used up: %.2f of %.2f %s (%s); %s",
		        b->of, (double)s->cost_micro / 1e6, (double)cents / 100,
		        config_str(e->config, OPT_MODEL_CURRENCY), options[b->cents].name, again);
	return within_time(e, b, s, again, left, err);
}

static int spent_of(struct state *s, int which, uid_t uid, int64_t job, mw_time now,
                    struct model_spent *out, struct err *e)
{
	mw_time day = now - now % MW_DAY;

	if (which == 0 && !job)
		return 0;
	return state_model_spent(s, which == 2 ? -1 : (int64_t)uid, which == 0 ? job : 0,
	                         which == 0 ? 0 : day, out, e);
}

static cJSON *spent_json(const struct engine *e, const struct model_spent *s)
{
	cJSON *o = cJSON_CreateObject();

	json_add_i64(o, "tokens", s->tokens);
	json_add_i64(o, "cost_micro", s->cost_micro);
	json_add_i64(o, "elapsed_us", s->elapsed_us);
	json_add_i64(o, "tokens_most", config_i64(e->config, OPT_MODEL_A_TOKENS));
	json_add_i64(o, "cents_most", config_i64(e->config, OPT_MODEL_A_CENTS));
	json_add_i64(o, "time_most", config_i64(e->config, OPT_MODEL_A_TIME));
	return o;
}

/* What reads like an instruction flags the conversation, and what was flagged before counts. */
static int store_flag(struct state *s, struct asking *a, struct err *e)
{
	const cJSON *flagged = json_arr(json_obj(a->params, "request"), "flagged");
	const char *session = json_str(a->params, "session", NULL);
	struct who w = {a->uid, a->user};
	struct err said = {0};
	cJSON *old;

	a->flagged = flagged && flagged->child;
	if (!session)
		return 0;
	if (a->flagged &&
	    state_session_flag(s, &w, session, flagged->child->valuestring, a->now, e))
		return -1;
	old = state_session_flagged(s, &w, session, &said);
	a->flagged = a->flagged || old;
	cJSON_Delete(old);
	if (said.code != ERR_NONE)
		*e = said;
	return said.code != ERR_NONE ? -1 : 0;
}

/* Keeper's thread. What was taken out is on disk before it goes. */
static int store_begin(struct state *s, void *arg, struct err *e)
{
	struct asking *a = arg;
	const char *key = json_str(a->params, "incident", json_str(a->params, "session", NULL));

	a->left_us = INT64_MAX;
	for (int i = 0; i < (int)ARRAY_LEN(bounds); i++) {
		struct model_spent spent = {0};
		if (spent_of(s, i, a->uid, a->job, a->now, &spent, e) ||
		    within(a->e, &bounds[i], &spent, a->now, &a->left_us, e))
			return -1;
		if (i == 1)
			a->today = spent_json(a->e, &spent);
	}
	if (store_flag(s, a, e))
		return -1;
	if (json_bool(a->params, "recorded", false)) {
		cJSON *old = state_model_recorded(s, a->inputs, a->wanted, e);
		a->reply = old ? cJSON_DetachItemFromObjectCaseSensitive(old, "reply") : NULL;
		cJSON_Delete(old);
		return a->reply ? 0 : -1;
	}
	return key && json_get(a->params, "redact")
	               ? state_redacted_put(s, key, json_get(a->params, "redact"), e)
	               : 0;
}

/* A flagged conversation may only read. */
static int may_propose(const struct asking *a, struct err *err)
{
	const cJSON *p = json_obj(json_obj(a->params, "request"), "prompt");

	if (!a->flagged || !phase_of(json_str(p, "phase", "read-only")))
		return 0;
	return err_set(err, ERR_DENIED,
	               "text in the evidence reads like an instruction: this conversation may "
	               "only read, until a person clears it with a reason (midwatch model "
	               "unflag)");
}

static void begun(void *arg, const struct err *e)
{
	struct asking *a = arg;
	struct err refused;

	if (e)
		give_up(a, e);
	else if (may_propose(a, &refused))
		give_up(a, &refused);
	else if (a->reply)
		pass_on(a, 0);
	else
		next_model(a);
}

/* ---- the record ---- */

static void copy(cJSON *into, const char *key, const cJSON *from)
{
	const cJSON *v = json_get(from, key);

	if (v && !cJSON_IsNull(v))
		cJSON_AddItemToObject(into, key, cJSON_Duplicate(v, 1));
}

static cJSON *record_json(struct asking *a, const char *model, const struct err *e)
{
	static const char *const keys[] = {"session", "incident", "purpose", "request", "evidence"};
	cJSON *o = cJSON_CreateObject();
	int64_t tokens = json_i64(a->reply, "tokens_in", 0) + json_i64(a->reply, "tokens_out", 0),
	        cost = json_i64(a->reply, "cost_micro", 0);

	json_add_i64(o, "id", ++a->e->last_model);
	json_add_time(o, "at", a->now);
	json_add_i64(o, "uid", a->uid);
	json_add_str(o, "user", a->user);
	json_add_i64(o, "job", a->job);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		copy(o, keys[i], a->params);
	copy(o, "prompt", json_obj(a->params, "request"));
	json_add_str(o, "inputs", a->inputs);
	json_add_str(o, "model", model);
	json_add_i64(o, "tokens", tokens);
	json_add_i64(o, "cost_micro", cost);
	json_add_i64(o, "elapsed_us", mw_mono_us() - a->began);
	if (a->reply)
		cJSON_AddItemToObject(o, "reply", cJSON_Duplicate(a->reply, 1));
	if (e)
		json_add_str(o, "error", e->what);
	return o;
}

struct keeping { /* a record on its way to disk */
	cJSON *record;
	uid_t uid;
	char *user;
	mw_time now;
};

static int store_record(struct state *s, void *arg, struct err *e)
{
	struct keeping *k = arg;
	struct who w = {k->uid, k->user};
	cJSON *detail = cJSON_CreateObject();
	int rc;

	json_add_i64(detail, "record", json_i64(k->record, "id", 0));
	copy(detail, "prompt", k->record);
	copy(detail, "model", k->record);
	copy(detail, "purpose", k->record);
	rc = state_model_add(s, k->record, e) ||
	     state_audit(s, &w, "model.call", json_str(k->record, "incident", ""), detail, k->now,
	                 e);
	cJSON_Delete(detail);
	return rc ? -1 : 0;
}

static void recorded(void *arg, const struct err *e)
{
	struct keeping *k = arg;

	if (e)
		mw_log(LOG_ERROR, "model record %lld: %s", (long long)json_i64(k->record, "id", 0),
		       e->what);
	cJSON_Delete(k->record);
	free(k->user);
	free(k);
}

/* Not waited for: whoever asked settles the record before anything is shown, which comes after this on the same disk and fails where
 * this failed. */
static int64_t keep_record(struct asking *a, const char *model, const struct err *e)
{
	struct keeping *k = xcalloc(1, sizeof(*k));
	int64_t id;

	*k = (struct keeping){record_json(a, model, e), a->uid, xstrdup(a->user), a->now};
	id = json_i64(k->record, "id", 0);
	keeper_do(a->e->keeper, store_record, recorded, k);
	return id;
}

/* ---- asking ---- */

static void on_part(void *ctx, const char *method, const cJSON *params)
{
	struct asking *a = ctx;
	const struct call_opts *o = a->r->outer ? pool_call_opts(a->r->outer) : NULL;

	if (o && o->notify && strcmp(method, "part") == 0)
		o->notify(o->ctx, "model.part", params);
}

/* So that the job can be stopped before a first word came. */
static void tell_begun(struct asking *a, const char *model)
{
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, "text", "");
	json_add_str(o, "model", model);
	on_part(a, "part", o);
	cJSON_Delete(o);
}

static void answered(void *ctx, cJSON *result, const struct err *e)
{
	struct asking *a = ctx;
	const cJSON *entry = pick(a->e, a->role, a->wanted, a->tried - 1);
	int64_t id;

	a->r->inner = NULL;
	a->reply = result;
	if (e)
		a->err = *e;
	id = keep_record(a, json_str(entry, "name", ""), e);
	if (a->reply)
		pass_on(a, id);
	else
		next_model(a);
}

/* After a cancel, or when time is up, another model is no help. */
static bool may_try_next(const struct asking *a)
{
	return a->err.code != ERR_CANCELLED && a->err.code != ERR_DEADLINE;
}

/* Of one reply, and of the budgets: the least. */
static int64_t time_left(const struct asking *a)
{
	int64_t one = config_i64(a->e->config, OPT_MODEL_TIME);

	return one > 0 && one < a->left_us ? one : a->left_us == INT64_MAX ? one : a->left_us;
}

static void next_model(struct asking *a)
{
	const cJSON *entry = may_try_next(a) ? pick(a->e, a->role, a->wanted, a->tried) : NULL;
	struct call_opts o = {.kind = work_model.name,
	                      .method = "model.call",
	                      .uid = a->uid,
	                      .deadline_us = time_left(a),
	                      .ctx = a,
	                      .done = answered,
	                      .notify = on_part};

	if (!a->err.code)
		err_set(&a->err, ERR_NOT_FOUND,
		        "no model is configured for \"%s\"%s%s: see models in the configuration",
		        a->role, a->wanted ? " named " : "", a->wanted ? a->wanted : "");
	if (!models_on(a->e))
		err_set(&a->err, ERR_DENIED, "the models are switched off");
	if (!entry || !models_on(a->e) || !a->r->outer || !a->e->pool) {
		give_up(a, &a->err);
		return;
	}
	a->err.code = ERR_NONE;
	a->tried++;
	a->began = mw_mono_us();
	o.instance = json_str(entry, "name", "");
	o.params = cJSON_CreateObject();
	copy(o.params, "request", a->params);
	a->r->inner = pool_call(a->e->pool, &o);
	tell_begun(a, o.instance);
}

static void digest_inputs(struct asking *a)
{
	const cJSON *request = json_obj(a->params, "request");
	struct buf b = BUF_INIT;
	uint8_t d[32];

	json_write(&b, json_get(json_obj(request, "prompt"), "sha256"));
	json_write(&b, json_get(request, "inputs"));
	digest_sha256(b.s, b.len, d);
	digest_hex(d, a->inputs);
	buf_release(&b);
}

static int may_ask(const struct engine *e, const cJSON *params, struct err *err)
{
	const cJSON *request = json_obj(params, "request"), *p = json_obj(request, "prompt");
	int needs = phase_of(json_str(p, "phase", "read-only")),
	    now = phase_of(config_str(e->config, OPT_MODEL_PHASE));

	if (!models_on(e) && !json_bool(params, "recorded", false))
		return err_set(err, ERR_DENIED,
		               "the models are switched off (midwatch model on, or model.use)");
	if (needs > now)
		return err_set(err, ERR_DENIED,
		               "the rollout phase is %s: the prompt \"%s\" is for phase %s "
		               "(model.phase)",
		               config_str(e->config, OPT_MODEL_PHASE), json_str(p, "id", "?"),
		               json_str(p, "phase", "?"));
	return 0;
}

static void settle(struct relay *r, const cJSON *params);

void model_asked(struct relay *r, const cJSON *params)
{
	const struct call_opts *outer = pool_call_opts(r->outer);
	const cJSON *inner = json_obj(params, "params");
	const char *asker;
	struct asking *a;
	struct err e;

	r->model = true;
	if (strcmp(outer->kind, work_lake.name) != 0) {
		err_set(&e, ERR_DENIED, "a %s worker asked for a model", outer->kind);
		relay_finish(r, NULL, &e);
		return;
	}
	if (strcmp(json_str(params, "method", ""), "model.settle") == 0) {
		settle(r, inner);
		return;
	}
	if (may_ask(r->e, inner, &e)) {
		relay_finish(r, NULL, &e);
		return;
	}
	a = xcalloc(1, sizeof(*a));
	*a = (struct asking){.r = r, .e = r->e, .uid = outer->uid, .now = mw_now()};
	a->params = cJSON_Duplicate(inner, 1);
	a->role = json_str(json_obj(json_obj(a->params, "request"), "prompt"), "role", "");
	a->wanted = json_str(a->params, "model", NULL);
	asker = job_asker(outer, &a->job);
	a->user = xstrdup(asker ? asker : worker_asker(outer));
	digest_inputs(a);
	keeper_do(r->e->keeper, store_begin, begun, a);
}

/* ---- what became of it ---- */

struct settling {
	struct relay *r;
	cJSON *params;
};

static int store_settled(struct state *s, void *arg, struct err *e)
{
	const cJSON *p = ((struct settling *)arg)->params;

	if (!json_i64(p, "record", 0)) /* a recorded reply was looked at again */
		return 0;
	return state_model_settle(s, json_i64(p, "record", 0), json_str(p, "outcome", ""),
	                          json_get(p, "detail"), e);
}

static void settled(void *arg, const struct err *e)
{
	struct settling *t = arg;

	relay_finish(t->r, cJSON_CreateObject(), e);
	cJSON_Delete(t->params);
	free(t);
}

static void settle(struct relay *r, const cJSON *params)
{
	struct settling *t = xcalloc(1, sizeof(*t));

	*t = (struct settling){r, cJSON_Duplicate(params, 1)};
	keeper_do(r->e->keeper, store_settled, settled, t);
}
