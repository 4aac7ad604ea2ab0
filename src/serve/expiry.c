/* Actions that nobody approves expire when their time has come, not when somebody next looks. */
#include "serve/engine.h"

struct nearest {
	struct engine *e;
	mw_time at; /* MW_TIME_NONE: nothing is open */
};

static int find(struct state *s, void *arg, struct err *e)
{
	struct nearest *n = arg;
	cJSON *list = state_actions_in(s, "open", e);
	const cJSON *a;

	n->at = MW_TIME_NONE;
	cJSON_ArrayForEach(a, list)
	{
		mw_time t;
		if (mw_time_parse(slice_of(json_str(a, "expires_at", "")), &t) &&
		    (n->at == MW_TIME_NONE || t < n->at))
			n->at = t;
	}
	cJSON_Delete(list);
	return list ? 0 : -1;
}

static void due(void *arg)
{
	struct engine *e = arg;

	e->expiry = NULL;
	route_state(request_internal(e, M_ACTION_DENY, NULL), actions_expire, ROUTE_EXPIRY);
}

static void found(void *arg, const struct err *err)
{
	struct nearest *n = arg;
	struct engine *e = n->e;
	int64_t in = err || n->at == MW_TIME_NONE ? -1 : n->at - mw_now();

	timer_end(e->expiry);
	e->expiry = NULL;
	if (e->pool && !err && n->at != MW_TIME_NONE)
		e->expiry = loop_timer(e->loop, in > 0 ? in + MW_SECOND / 1000 : MW_SECOND, due, e);
	free(n);
}

void actions_await(struct engine *e)
{
	struct nearest *n = xcalloc(1, sizeof(*n));

	n->e = e;
	keeper_do(e->keeper, find, found, n);
}
