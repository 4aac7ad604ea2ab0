/*
 * Requests that a worker answers: the keeper gathers what the worker has to know, the pool runs it,
 * the answer goes back.
 */
#include "serve/engine.h"

#include "serve/work.h"

#define CALL_SECONDS 60

static bool wants_turns(int method)
{
	return method == M_ASK || method == M_PLAN_RUN || method == M_RECIPE_RUN ||
	       method == M_MODEL_NEXT;
}

/* The parameter that names an incident: "incident", or the id of an incident's own method. */
static const char *named_incident(const struct request *r)
{
	const char *id = request_str(r, "incident");

	return id || r->method != M_INCIDENT_GET ? id : request_str(r, "id");
}

static int add(cJSON *ctx, const char *key, cJSON *v)
{
	if (v)
		cJSON_AddItemToObject(ctx, key, v);
	return v ? 0 : -1;
}

static bool wants_redacted(int method)
{
	return method == M_ASK || method == M_MODEL_WRITE || method == M_MODEL_NEXT ||
	       method == M_MODEL_TRY || method == M_MODEL_REPLAY;
}

/* What may be absent: an error is one only where the store says so. */
static int add_found(cJSON *ctx, const char *key, cJSON *v, const struct err *said, struct err *e)
{
	if (v)
		cJSON_AddItemToObject(ctx, key, v);
	if (v || said->code == ERR_NONE)
		return 0;
	*e = *said;
	return -1;
}

/* How far a proposed investigation has come, and the record that is replayed. */
static int add_model_state(struct state *s, const struct request *r, cJSON *ctx, struct err *e)
{
	struct err quiet = {0};
	int64_t steps;
	cJSON *record;

	if (r->method == M_MODEL_NEXT) {
		steps = state_model_steps(s, request_str(r, "session"), request_str(r, "incident"),
		                          e);
		json_add_i64(ctx, "steps", steps);
		return steps < 0 || add_found(ctx, "flagged",
		                              state_session_flagged(s, &r->who,
		                                                    request_str(r, "session"),
		                                                    &quiet),
		                              &quiet, e)
		               ? -1
		               : 0;
	}
	if (r->method != M_MODEL_REPLAY)
		return 0;
	record = state_model_get(s, json_i64(r->params, "record", 0), e);
	if (record && r->role < PERM_LEAD && strcmp(json_str(record, "user", ""), r->user) != 0) {
		cJSON_Delete(record);
		return err_set(e, ERR_DENIED, "this record is of another analyst's question");
	}
	return add(ctx, "record", record);
}

static int add_stored(struct state *s, struct request *r, cJSON *ctx, struct err *e)
{
	const char *session = request_str(r, "session"), *incident = named_incident(r);
	int64_t job = json_i64(r->params, "job", 0);
	cJSON *plan = job ? state_job_plan(s, &r->who, job, e) : NULL;
	const char *key = incident ? incident : session;
	struct err quiet = {0};

	if (wants_redacted(r->method) && key &&
	    add_found(ctx, "redact", state_redacted_get(s, key, &quiet), &quiet, e))
		return -1;
	if (add_model_state(s, r, ctx, e))
		return -1;
	if (plan) /* else its turn is still running: the engine has it */
		cJSON_AddItemToObject(ctx, "plan", plan);
	if (wants_turns(r->method) && session &&
	    add(ctx, "turns", state_turns_context(s, &r->who, session, MW_TURNS_CONTEXT, e)))
		return -1;
	if (incident && add(ctx, "incident", state_incident(s, incident, e)))
		return -1;
	if ((r->method == M_REPORT_DRAFT || r->method == M_INCIDENT_GET) &&
	    add(ctx, "open", state_incidents_open(s, e)))
		return -1;
	if ((r->method == M_REPORT_DRAFT || r->method == M_REPORT_EXPORT) &&
	    draft_context(s, r, ctx, e))
		return -1;
	if (r->method == M_INCIDENT_REFRESH &&
	    add(ctx, "suppressions", state_suppress_list(s, r->now, e)))
		return -1;
	return 0;
}

cJSON *worker_context(struct state *s, struct request *r, struct err *e)
{
	cJSON *ctx = cJSON_CreateObject();

	json_add_str(ctx, "user", r->user);
	json_add_time(ctx, "now", r->now);
	if (add_stored(s, r, ctx, e) == 0)
		return ctx;
	cJSON_Delete(ctx);
	return NULL;
}

struct forward {
	struct request *r;
	const char *kind;
	cJSON *ctx;
};

static int gather(struct state *s, void *arg, struct err *e)
{
	struct forward *f = arg;

	f->ctx = worker_context(s, f->r, e);
	return f->ctx ? 0 : -1;
}

/* ---- what is done with some answers before they go back ---- */

static int store_refresh(struct state *s, struct request *r, struct err *e)
{
	cJSON *changed = NULL;

	if (state_incidents_merge_in(s, json_arr(r->result, "incidents"), r->now, &changed, e))
		return -1;
	cJSON_Delete(r->result);
	r->result = cJSON_CreateObject();
	json_add_i64(r->result, "changed", cJSON_GetArraySize(changed));
	r->changed = changed;
	return 0;
}

static int add_people(struct state *s, struct request *r, struct err *e)
{
	return state_incident_people(s, request_str(r, "id"), r->result, r->now, e);
}

static const struct state_route after[] = {
        {M_INCIDENT_GET, add_people, 0},
        {M_INCIDENT_REFRESH, store_refresh, 0},
        {M_REPORT_DRAFT, draft_store, 0},
};

/* What changes the lake makes its figures and the incidents old. */
static bool changes_lake(int method)
{
	return method == M_IMPORT_UNDO || method == M_IMPORT_RETRY || method == M_LAKE_DROP ||
	       method == M_LAKE_RETAIN;
}

/* Parts of an answer that would be too long for one message: kept until the last one has come. */
static void part_came(void *ctx, const char *method, const cJSON *params)
{
	struct request *r = ctx;
	cJSON *list;
	const cJSON *i;

	if (strcmp(method, "incidents"))
		return;
	if (!r->result)
		json_add_arr(r->result = cJSON_CreateObject(), method);
	list = json_arr(r->result, method);
	cJSON_ArrayForEach(i, json_arr(params, method))
	        cJSON_AddItemToArray(list, cJSON_Duplicate(i, 1));
}

/* Puts the parts that came before in front of the answer's own. */
static void join_parts(struct request *r, cJSON *result)
{
	cJSON *before = json_arr(r->result, "incidents"), *list = json_arr(result, "incidents");

	while (before && list && before->child)
		cJSON_AddItemToArray(list, cJSON_DetachItemFromArray(before, 0));
	cJSON_Delete(r->result);
	r->result = NULL;
}

static void answered(void *ctx, cJSON *result, const struct err *e)
{
	struct request *r = ctx;

	join_parts(r, result);

	if (e && e->code == ERR_NOT_FOUND && r->method == M_EVIDENCE_GET) {
		evidence_from_case(r);
		return;
	}
	if (e && action_failed(r, e))
		return;
	if (e) {
		request_fail(r, e);
		return;
	}
	if (changes_lake(r->method))
		engine_lake_changed(r->e);
	r->result = result;
	for (size_t i = 0; i < ARRAY_LEN(after); i++)
		if (after[i].method == r->method) {
			route_state(r, after[i].fn, after[i].flags);
			return;
		}
	r->result = NULL;
	request_reply(r, result);
}

const char *worker_asker(const struct call_opts *o)
{
	return o->done == answered ? ((const struct request *)o->ctx)->user : NULL;
}

static void gathered(void *arg, const struct err *e)
{
	struct forward *f = arg;
	struct request *r = f->r;
	struct err stopping;
	struct call_opts o = {.kind = f->kind,
	                      .method = methods[r->method].name,
	                      .uid = r->who.uid,
	                      .deadline_us = CALL_SECONDS * MW_SECOND,
	                      .ctx = r,
	                      .done = answered,
	                      .notify = part_came};

	if (!e && !r->e->pool) {
		err_set(&stopping, ERR_CANCELLED, "the engine is stopping");
		e = &stopping;
	}
	if (e) {
		cJSON_Delete(f->ctx);
		request_fail(r, e);
	} else {
		const cJSON *plan = job_plan(r->e, json_i64(r->params, "job", 0), r->who.uid);
		if (plan && !json_get(f->ctx, "plan"))
			cJSON_AddItemToObject(f->ctx, "plan", cJSON_Duplicate(plan, 1));
		cJSON *model = model_context(r->e);
		if (model)
			cJSON_AddItemToObject(f->ctx, "model", model);
		o.params = cJSON_Duplicate(r->params, 1);
		cJSON_AddItemToObject(o.params, "ctx", f->ctx);
		pool_call(r->e->pool, &o);
	}
	free(f);
}

void route_worker(struct request *r, const char *kind)
{
	struct forward *f = xcalloc(1, sizeof(*f));

	*f = (struct forward){r, kind, NULL};
	keeper_do(r->e->keeper, gather, gathered, f);
}
