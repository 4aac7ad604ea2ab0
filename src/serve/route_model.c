/*
 * Requests about language models: what is configured and spent, the switch, the records and what people thought of them.
 */
#include "base/log.h"
#include "serve/relay.h"

#define OFF_SETTING "models"

/* ---- the switch ---- */

static void models_stop(struct engine *e)
{
	for (struct relay *r = e->relays; r; r = r->next)
		if (r->model && r->inner)
			pool_cancel(r->inner);
}

static int load_start(struct state *s, void *arg, struct err *err)
{
	struct engine *e = arg;
	char *off = state_setting_get(s, OFF_SETTING, err);

	e->models_off = off && strcmp(off, "off") == 0;
	free(off);
	e->last_model = state_model_last(s, err);
	return e->last_model < 0 ? -1 : 0;
}

static void started(void *arg, const struct err *err)
{
	struct engine *e = arg;

	if (!err)
		return;
	e->models_off = true; /* what cannot be read does not count as allowed */
	mw_log(LOG_ERROR, "models: %s", err->what);
}

void models_start(struct engine *e)
{
	keeper_do(e->keeper, load_start, started, e);
}

static int store_switch(struct state *s, void *arg, struct err *e)
{
	struct request *r = arg;

	return state_setting_put(s, &r->who, OFF_SETTING,
	                         json_bool(r->params, "on", false) ? "on" : "off", r->now, e) ||
	                       state_audit(s, &r->who, methods[r->method].name, "", r->params,
	                                   r->now, e)
	               ? -1
	               : 0;
}

/* On only when that is on disk. */
static void switched(void *arg, const struct err *err)
{
	struct request *r = arg;
	cJSON *told = cJSON_CreateObject();

	if (!err)
		r->e->models_off = !json_bool(r->params, "on", false);
	json_add_bool(told, "on", models_on(r->e));
	client_broadcast(r->e, (uid_t)-1, "model.switched", cJSON_Duplicate(told, 1));
	if (!err) {
		request_reply(r, told);
		return;
	}
	cJSON_Delete(told);
	request_fail(r, err);
}

/* Off at once: what is being written stops at its source. */
static void model_switch(struct request *r)
{
	if (!json_bool(r->params, "on", false)) {
		r->e->models_off = true;
		models_stop(r->e);
	}
	keeper_do(r->e->keeper, store_switch, switched, r);
}

/* ---- status ---- */

static cJSON *model_json(const cJSON *entry)
{
	static const char *const keys[] = {"name",  "kind",         "model",    "url",
	                                   "roles", "insecure_why", "price_in", "price_out"};
	cJSON *o = cJSON_CreateObject();

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (json_get(entry, keys[i]))
			cJSON_AddItemToObject(o, keys[i],
			                      cJSON_Duplicate(json_get(entry, keys[i]), 1));
	return o;
}

static void add_budgets(cJSON *o, const struct engine *e)
{
	static const enum option shown[] = {
	        OPT_MODEL_Q_TOKENS, OPT_MODEL_A_TOKENS, OPT_MODEL_D_TOKENS,
	        OPT_MODEL_Q_CENTS,  OPT_MODEL_A_CENTS,  OPT_MODEL_D_CENTS,
	        OPT_MODEL_Q_TIME,   OPT_MODEL_A_TIME,   OPT_MODEL_D_TIME};
	cJSON *b = json_add_obj(o, "budgets");

	for (size_t i = 0; i < ARRAY_LEN(shown); i++)
		json_add_i64(b, strchr(options[shown[i]].name, '.') + 1,
		             config_i64(e->config, shown[i]));
}

cJSON *models_json(const struct engine *e)
{
	cJSON *o = cJSON_CreateObject(), *list = json_add_arr(o, "models");
	const cJSON *x;

	x = config_section(e->config, "models")->child;
	json_add_str(o, "name",
	             x && models_on(e) ? json_str(x, "name", "")
	             : x               ? "models off"
	                               : NULL);
	json_add_bool(o, "on", models_on(e));
	json_add_bool(o, "off_by_switch", e->models_off);
	json_add_str(o, "phase", config_str(e->config, OPT_MODEL_PHASE));
	json_add_str(o, "currency", config_str(e->config, OPT_MODEL_CURRENCY));
	cJSON_ArrayForEach(x, config_section(e->config, "models"))
	        cJSON_AddItemToArray(list, model_json(x));
	add_budgets(o, e);
	return o;
}

static int add_spent(struct state *s, cJSON *o, const char *key, int64_t uid, mw_time now,
                     struct err *e)
{
	struct model_spent spent;
	cJSON *x;

	if (state_model_spent(s, uid, 0, now - now % MW_DAY, &spent, e))
		return -1;
	x = json_add_obj(o, key);
	json_add_i64(x, "calls", spent.calls);
	json_add_i64(x, "tokens", spent.tokens);
	json_add_i64(x, "cost_micro", spent.cost_micro);
	json_add_i64(x, "elapsed_us", spent.elapsed_us);
	return 0;
}

static int do_spent(struct state *s, struct request *r, struct err *e)
{
	mw_time now = mw_now();

	json_add_time(r->result, "free_again", now - now % MW_DAY + MW_DAY);

	return add_spent(s, r->result, "mine_today", r->who.uid, now, e) ||
	                       add_spent(s, r->result, "all_today", -1, now, e)
	               ? -1
	               : 0;
}

static void model_status(struct request *r)
{
	r->result = models_json(r->e);
	route_state(r, do_spent, 0);
}

const struct local_route model_local_routes[] = {
        {M_MODEL_STATUS, model_status}, {M_MODEL_SWITCH, model_switch}, {-1, NULL}};

/* ---- records ---- */

#define RECORDS_MAX 200

static int do_records(struct state *s, struct request *r, struct err *e)
{
	int64_t limit = json_i64(r->params, "limit", RECORDS_MAX);
	struct model_filter f = {.incident = request_str(r, "incident"),
	                         .session = request_str(r, "session"),
	                         .labelled = json_bool(r->params, "labelled", false),
	                         .uid = r->role >= PERM_LEAD ? -1 : (int64_t)r->who.uid,
	                         .offset = json_i64(r->params, "offset", 0),
	                         .limit = limit > RECORDS_MAX ? RECORDS_MAX : limit};

	/* Those have their texts with them. */
	if (f.labelled && f.limit > 10)
		f.limit = 10;
	r->result = state_model_list(s, &f, e);
	return r->result ? 0 : -1;
}

static int do_record(struct state *s, struct request *r, struct err *e)
{
	r->result = state_model_get(s, json_i64(r->params, "record", 0), e);
	if (r->result && r->role < PERM_LEAD &&
	    strcmp(json_str(r->result, "user", ""), r->user) != 0)
		return err_set(e, ERR_DENIED, "this record is of %s's question",
		               json_str(r->result, "user", "?"));
	return r->result ? 0 : -1;
}

static int do_label(struct state *s, struct request *r, struct err *e)
{
	return state_model_label(s, &r->who, json_i64(r->params, "record", 0),
	                         request_str(r, "label"), request_str(r, "text"), r->now, e);
}

static int do_metrics(struct state *s, struct request *r, struct err *e)
{
	r->result = state_model_metrics(s, e);
	return r->result ? 0 : -1;
}

const struct state_route model_routes[] = {
        {M_MODEL_RECORDS, do_records, 0},
        {M_MODEL_RECORD, do_record, 0},
        {M_MODEL_LABEL, do_label, ROUTE_AUDIT},
        {M_MODEL_METRICS, do_metrics, 0},
        {-1, NULL, 0},
};
