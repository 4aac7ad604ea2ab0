/*
 * Requests that state.db answers. The functions in the table run on the keeper's thread and touch
 * nothing but the request.
 */
#include "serve/engine.h"

/* ---- through the keeper ---- */

struct state_task {
	struct request *r;
	state_fn *fn;
	unsigned flags;
};

static int run_state(struct state *s, void *arg, struct err *e)
{
	struct state_task *t = arg;
	struct request *r = t->r;

	if (t->fn(s, r, e))
		return -1;
	if (!(t->flags & ROUTE_AUDIT))
		return 0;
	return state_audit(s, &r->who, methods[r->method].name, json_str(r->params, "id", ""),
	                   r->params, r->now, e);
}

static void state_done(void *arg, const struct err *e)
{
	struct state_task *t = arg;
	cJSON *result = t->r->result;
	struct engine *eng = t->r->e;

	if (e) {
		request_fail(t->r, e);
	} else if (t->r->refused) {
		request_refuse(t->r);
	} else if (action_goes_on(t->r)) {
		action_go_on(t->r);
	} else {
		if (t->flags & ROUTE_BULK)
			bulk_start(t->r);
		t->r->result = NULL;
		request_reply(t->r, result);
		if (t->flags & ROUTE_REFRESH)
			engine_refresh(eng);
		if (t->flags & ROUTE_WATCHES)
			watches_run(eng);
		if (t->flags & ROUTE_EXPIRY)
			actions_await(eng);
	}
	free(t);
}

void route_state(struct request *r, state_fn *fn, unsigned flags)
{
	struct state_task *t = xcalloc(1, sizeof(*t));

	*t = (struct state_task){r, fn, flags};
	r->queue_rev = r->e->queue_rev;
	keeper_do(r->e->keeper, run_state, state_done, t);
}

/* A result where there is one is success. */
static int give(struct request *r, cJSON *result)
{
	r->result = result;
	return result ? 0 : -1;
}

static int do_session_list(struct state *s, struct request *r, struct err *e)
{
	return give(r, state_session_list(s, &r->who, e));
}

static int do_session_get(struct state *s, struct request *r, struct err *e)
{
	return give(r, state_session_get(s, &r->who, request_str(r, "session"), e));
}

static int do_session_put(struct state *s, struct request *r, struct err *e)
{
	return state_session_put(s, &r->who, request_str(r, "session"), json_obj(r->params, "ui"),
	                         e);
}

static int do_session_unflag(struct state *s, struct request *r, struct err *e)
{
	return state_session_unflag(s, &r->who, request_str(r, "session"), request_str(r, "reason"),
	                            r->now, e);
}

static int do_audit_list(struct state *s, struct request *r, struct err *e)
{
	int64_t limit = json_i64(r->params, "limit", 200);

	return give(r, state_audit_list(s, json_i64(r->params, "offset", 0),
	                                limit > 500 ? 500 : limit, e));
}

static int do_audit_verify(struct state *s, struct request *r, struct err *e)
{
	return give(r, state_audit_verify(s, e));
}

const struct state_route state_routes[] = {
        {M_SESSION_LIST, do_session_list, 0},
        {M_SESSION_GET, do_session_get, 0},
        {M_SESSION_PUT, do_session_put, 0},
        {M_SESSION_UNFLAG, do_session_unflag, 0},
        {M_AUDIT_LIST, do_audit_list, 0},
        {M_AUDIT_VERIFY, do_audit_verify, 0},
        {-1, NULL, 0},
};
