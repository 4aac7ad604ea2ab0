#include <unistd.h>

#include "base/log.h"
#include "serve/engine.h"

void request_free(struct request *r)
{
	while (r->nfds > 0)
		close(r->fds[--r->nfds]);
	cJSON_Delete(r->id);
	cJSON_Delete(r->params);
	cJSON_Delete(r->result);
	cJSON_Delete(r->changed);
	free(r->refused);
	free(r->user);
	free(r);
}

const char *request_str(const struct request *r, const char *name)
{
	return json_str(r->params, name, NULL);
}

void request_changed(struct request *r, const char *incident)
{
	if (!r->changed)
		r->changed = cJSON_CreateArray();
	cJSON_AddItemToArray(r->changed, cJSON_CreateString(incident));
}

/* Everybody who watches hears of changed incidents, also where the one who changed them is gone. */
static void tell_changes(struct request *r)
{
	cJSON *params;

	if (!r->changed || !cJSON_GetArraySize(r->changed))
		return;
	params = cJSON_CreateObject();
	json_add_i64(params, "rev", ++r->e->queue_rev);
	cJSON_AddItemToObject(params, "ids", r->changed);
	r->changed = NULL;
	client_broadcast(r->e, (uid_t)-1, "queue.changed", params);
	outbox_kick(r->e);
}

void request_reply(struct request *r, cJSON *result)
{
	if (r->client)
		client_answer(r->e, r->client, rpc_result(r->id, result));
	else
		cJSON_Delete(result);
	tell_changes(r);
	request_free(r);
}

/* What the engine asked itself and did not get concerns everybody who looks at the queue. */
static void notice(const struct request *r, const struct err *e)
{
	cJSON *params = cJSON_CreateObject();
	struct err said = *e;

	err_prefix(&said, "%s", methods[r->method].name);
	mw_log(LOG_WARN, "%s", said.what);
	json_add_str(params, "level", "warn");
	json_add_str(params, "text", said.what);
	client_broadcast(r->e, (uid_t)-1, "engine.notice", params);
}

void request_fail(struct request *r, const struct err *e)
{
	if (r->client)
		client_answer(r->e, r->client, rpc_error(r->id, e));
	else
		notice(r, e);
	request_free(r);
}

void request_refused(struct request *r, const struct err *why)
{
	r->refused = xmalloc(sizeof(*r->refused));
	*r->refused = *why;
}

void request_refuse(struct request *r)
{
	tell_changes(r);
	request_fail(r, r->refused);
}

struct request *request_internal(struct engine *e, int method, cJSON *params)
{
	struct request *r = xcalloc(1, sizeof(*r));

	r->e = e;
	r->method = method;
	r->params = params ? params : cJSON_CreateObject();
	r->user = xstrdup("engine");
	r->who = (struct who){geteuid(), r->user};
	r->role = PERM_ADMIN;
	r->now = mw_now();
	return r;
}

/* ---- the table of ways ---- */

const char *kind_of_method(const struct engine *e, const char *method)
{
	for (const struct worker_kind *const *k = e->kinds; *k; k++)
		for (const struct worker_method *m = (*k)->methods; m->name; m++)
			if (strcmp(m->name, method) == 0)
				return (*k)->name;
	return NULL;
}

/* These report while they run and their rows are paged. */
static const int job_methods[] = {M_ASK,          M_PLAN_RUN,    M_RECIPE_RUN,
                                  M_IMPORT_START, M_MODEL_WRITE, M_MODEL_NEXT};

static bool makes_job(int method)
{
	for (size_t i = 0; i < ARRAY_LEN(job_methods); i++)
		if (job_methods[i] == method)
			return true;
	return false;
}

static const struct state_route *find_state_route(int method)
{
	static const struct state_route *const tables[] = {
	        state_routes, case_routes, action_routes, draft_routes,
	        model_routes, bulk_routes, outbox_routes};

	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		for (const struct state_route *s = tables[i]; s->method >= 0; s++)
			if (s->method == method)
				return s;
	return NULL;
}

static const struct local_route *find_local_route(int method)
{
	static const struct local_route *const tables[] = {local_routes, model_local_routes,
	                                                   source_routes, outbox_local_routes};

	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		for (const struct local_route *l = tables[i]; l->method >= 0; l++)
			if (l->method == method)
				return l;
	return NULL;
}

void request_dispatch(struct request *r)
{
	const struct local_route *local = find_local_route(r->method);
	const struct state_route *state = find_state_route(r->method);
	const char *kind = kind_of_method(r->e, methods[r->method].name);
	struct err e;

	if (local) {
		local->fn(r);
	} else if (state) {
		route_state(r, state->fn, state->flags);
	} else if (!kind) {
		err_set(&e, ERR_NOT_FOUND, "this engine has no \"%s\"", methods[r->method].name);
		request_fail(r, &e);
	} else if (makes_job(r->method)) {
		route_job(r, kind);
	} else {
		route_worker(r, kind);
	}
}
