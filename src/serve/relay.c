/*
 * Calls within calls: a worker that runs a plan asks for a source, whose own worker does it. The engine only passes on: rows go from one
 * to the other through a spool that both hold open. When the outer call ends, what it asked for is cancelled.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "serve/relay.h"
#include "serve/source_catalog.h"
#include "serve/work.h"

static void relay_free(struct relay *r)
{
	struct relay **at = &r->e->relays;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	spool_close(&r->files);
	while (r->nfds > 0)
		close(r->fds[--r->nfds]);
	cJSON_Delete(r->params);
	free(r->source);
	free(r);
}

static cJSON *about(const struct relay *r)
{
	cJSON *o = cJSON_CreateObject();

	json_add_i64(o, "n", r->n);
	return o;
}

static void tell_end(const struct relay *r, cJSON *result, const struct err *e)
{
	cJSON *o = about(r), *error = e ? rpc_error(NULL, e) : NULL;

	if (error)
		cJSON_AddItemToObject(o, "error",
		                      cJSON_DetachItemFromObjectCaseSensitive(error, "error"));
	else
		cJSON_AddItemToObject(o, "result", result ? result : cJSON_CreateNull());
	cJSON_Delete(error);
	pool_tell(r->outer, "called", o, NULL, 0);
}

static void inner_done(void *ctx, cJSON *result, const struct err *e)
{
	struct relay *r = ctx;

	source_fares(r->e, r->source, e, mw_mono_us() - r->started_us);
	relay_finish(r, result, e);
}

static void inner_notify(void *ctx, const char *method, const cJSON *params)
{
	struct relay *r = ctx;
	cJSON *o;

	if (!r->outer || strcmp(method, "progress") != 0)
		return;
	o = cJSON_Duplicate(params, 1);
	json_add_i64(o, "n", r->n);
	pool_tell(r->outer, "call.progress", o, NULL, 0);
}

void relay_finish(struct relay *r, cJSON *result, const struct err *e)
{
	if (r->outer)
		tell_end(r, result, e);
	else
		cJSON_Delete(result);
	relay_free(r);
}

static int inner_spool(void *ctx, int step, struct spool *files, struct err *e)
{
	struct relay *r = ctx;

	return engine_spool(r->e, &r->files, 1, step, files, e);
}

static int may_ask(const struct engine *e, const char *kind, const char *instance, struct err *err)
{
	if (strcmp(kind, work_source.name) != 0)
		return err_set(err, ERR_DENIED, "a worker asked for a \"%s\" worker", kind);
	return source_known(e, instance, err);
}

/* A batch of the importer on its way, or the store of events: its tables are of our own making. */
static bool is_own_store(const struct relay *r)
{
	const cJSON *lake = config_lake(r->e->config);

	return r->nfds > 0 || (lake && strcmp(json_str(lake, "name", ""), r->source) == 0);
}

/* With what the engine knows of the source's own catalogue, which has been read by now or is not to be had. */
static void begin_inner(void *ctx)
{
	struct relay *r = ctx;
	cJSON *params = r->params;
	struct call_opts o = {.kind = work_source.name,
	                      .instance = r->source,
	                      .method = json_str(params, "method", ""),
	                      .deadline_us = json_i64(json_get(params, "params"), "deadline_us", 0),
	                      .ctx = r,
	                      .done = inner_done,
	                      .notify = inner_notify,
	                      .spool = inner_spool};
	struct err e;

	if (!r->outer || !r->e->pool || r->cancelled) {
		err_set(&e, ERR_CANCELLED, "cancelled");
		relay_finish(r, NULL, &e);
		return;
	}
	r->params = NULL;
	o.uid = pool_call_opts(r->outer)->uid;
	o.params = cJSON_Duplicate(json_get(params, "params"), 1);
	if (is_own_store(r)) {
		memcpy(o.fds, r->fds, sizeof(o.fds));
		o.nfds = r->nfds;
		r->nfds = 0;
	} else {
		o.nfds = catalog_give(r->e, r->source, o.params, o.fds);
	}
	r->started_us = mw_mono_us();
	r->inner = pool_call(r->e->pool, &o);
	cJSON_Delete(params);
}

static void begin(struct relay *r, const cJSON *params)
{
	const char *kind = json_str(params, "kind", ""),
	           *instance = json_str(params, "instance", "");
	int fds[2];
	struct err e;

	if (strcmp(kind, work_model.name) == 0) {
		model_asked(r, params);
		return;
	}
	r->nfds = pool_take_fds(r->outer, r->fds);
	if (may_ask(r->e, kind, instance, &e) || spool_create(&r->files, r->e->spool_dir, &e)) {
		tell_end(r, NULL, &e);
		relay_free(r);
		return;
	}
	fds[0] = fcntl(r->files.data, F_DUPFD_CLOEXEC, 0);
	fds[1] = fcntl(r->files.index, F_DUPFD_CLOEXEC, 0);
	pool_tell(r->outer, "calling", about(r), fds, 2);
	r->params = cJSON_Duplicate(params, 1);
	r->source = xstrdup(instance);
	if (is_own_store(r))
		begin_inner(r);
	else
		catalog_want(r->e, instance, false, begin_inner, r);
}

void relay_asked(void *engine, struct call *c, const cJSON *params)
{
	struct engine *e = engine;
	int64_t n = json_i64(params, "n", -1);
	struct relay *r = e->relays;

	while (r && (r->outer != c || r->n != n))
		r = r->next;
	if (json_bool(params, "cancel", false)) {
		if (r && r->inner)
			pool_cancel(r->inner);
		else if (r)
			r->cancelled = true;
		return;
	}
	if (r)
		return;
	r = xcalloc(1, sizeof(*r));
	*r = (struct relay){.e = e, .outer = c, .n = n, .files = SPOOL_NONE, .next = e->relays};
	e->relays = r;
	begin(r, params);
}

void relay_ended(void *engine, struct call *c)
{
	struct engine *e = engine;

	for (struct relay *r = e->relays; r; r = r->next) {
		if (r->outer != c)
			continue;
		r->outer = NULL;
		if (r->inner)
			pool_cancel(r->inner);
	}
}
