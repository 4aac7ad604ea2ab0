/*
 * Drafts: what the keeper gathers for one that is made or leaves, what is kept of it, and the requests about saved ones.
 */
#include "report/check.h"
#include "serve/engine.h"

static int give(struct request *r, cJSON *result)
{
	r->result = result;
	return result ? 0 : -1;
}

static int add(cJSON *o, const char *key, cJSON *v)
{
	if (v)
		cJSON_AddItemToObject(o, key, v);
	return v ? 0 : -1;
}

/* ---- what a draft is made from ---- */

/* Whose handoff: NULL is the floor's. "me" is who asks. */
static const char *owner_of(const struct request *r, const cJSON *params)
{
	const char *owner = json_str(params, "owner", NULL);

	return owner && !strcmp(owner, "me") ? r->user : owner;
}

static int add_shift(struct state *s, struct request *r, const cJSON *params, mw_time now,
                     cJSON *ctx, struct err *e)
{
	const char *owner = owner_of(r, params);
	mw_time since;

	if (!mw_time_parse(slice_of(json_str(params, "since", "")), &since) &&
	    state_handoff_last(s, owner, now, &since, e))
		return -1;
	return add(ctx, "shift", state_shift(s, owner, since, now, e));
}

static int add_incident(struct state *s, const char *id, cJSON *ctx, struct err *e)
{
	if (!json_get(ctx, "incident") && add(ctx, "incident", state_incident(s, id, e)))
		return -1;
	if (!json_get(ctx, "open") && add(ctx, "open", state_incidents_open(s, e)))
		return -1;
	return state_asked_add(s, json_obj(ctx, "incident"), e);
}

static int add_material(struct state *s, struct request *r, const cJSON *params, mw_time now,
                        cJSON *ctx, struct err *e)
{
	const char *incident = json_str(params, "incident", NULL);

	if (!strcmp(json_str(params, "kind", ""), "handoff"))
		return add_shift(s, r, params, now, ctx, e);
	return incident ? add_incident(s, incident, ctx, e) : 0;
}

/* ---- a saved one that leaves ---- */

static int add_pinned(struct state *s, const cJSON *doc, cJSON *ctx, struct err *e)
{
	cJSON *ids = cJSON_CreateObject();
	int rc;

	report_cites(slice_of(json_str(doc, "markdown", "")), ids);
	rc = state_pins_of(s, ids, json_add_obj(ctx, "pinned"), e);
	cJSON_Delete(ids);
	return rc;
}

static int add_document(struct state *s, struct request *r, cJSON *ctx, struct err *e)
{
	int64_t id = json_i64(r->params, "doc", 0);
	cJSON *doc = state_doc_get(s, id, json_i64(r->params, "version", 0), e), *origin, *params;
	struct err gone;
	mw_time at;

	if (add(ctx, "doc", doc))
		return -1;
	origin = json_add_obj(ctx, "origin");
	if (state_doc_origin(s, id, origin, e) || add_pinned(s, doc, ctx, e))
		return -1;
	params = json_obj(origin, "params");
	if (!mw_time_parse(slice_of(json_str(origin, "drafted_at", "")), &at))
		at = r->now;
	/* Where the incident is gone the draft cannot be made again; the export says so. */
	if (params && add_material(s, r, params, at, ctx, &gone) && gone.code != ERR_NOT_FOUND) {
		*e = gone;
		return -1;
	}
	return 0;
}

int draft_context(struct state *s, struct request *r, cJSON *ctx, struct err *e)
{
	if (r->method == M_REPORT_DRAFT)
		return add_material(s, r, r->params, r->now, ctx, e);
	return json_get(r->params, "doc") ? add_document(s, r, ctx, e) : 0;
}

/* ---- what is kept of a new one ---- */

/* So that it can be made again: the owner by name, the beginning by its time. */
static cJSON *made_from(const struct request *r)
{
	cJSON *o = cJSON_Duplicate(r->params, 1);
	const char *owner = owner_of(r, o);

	cJSON_DeleteItemFromObjectCaseSensitive(o, "action");
	if (owner == r->user) {
		cJSON_DeleteItemFromObjectCaseSensitive(o, "owner");
		json_add_str(o, "owner", r->user);
	}
	return o;
}

int draft_store(struct state *s, struct request *r, struct err *e)
{
	cJSON *cites = cJSON_DetachItemFromObjectCaseSensitive(r->result, "cites"),
	      *params = made_from(r);
	int64_t id = 0, version;
	int rc = state_doc_put(s, &r->who, 0, request_str(r, "kind"), request_str(r, "incident"),
	                       json_str(r->result, "markdown", ""), r->now, &id, &version, e);

	if (!rc)
		rc = state_doc_drafted(s, id, params, cites, e);
	cJSON_Delete(cites);
	cJSON_Delete(params);
	if (rc)
		return -1;
	json_add_i64(r->result, "doc", id);
	json_add_i64(r->result, "version", version);
	if (!json_get(r->result, "kind"))
		json_add_str(r->result, "kind", request_str(r, "kind"));
	return action_drafted(s, r, e);
}

/* ---- saved ones ---- */

static int report_get(struct state *s, struct request *r, struct err *e)
{
	return give(r, state_doc_get(s, json_i64(r->params, "doc", 0),
	                             json_i64(r->params, "version", 0), e));
}

static int report_list(struct state *s, struct request *r, struct err *e)
{
	return give(r, state_doc_list(s, e));
}

static int report_save(struct state *s, struct request *r, struct err *e)
{
	int64_t id, version;

	if (state_doc_put(s, &r->who, json_i64(r->params, "doc", 0), NULL, NULL,
	                  request_str(r, "markdown"), r->now, &id, &version, e))
		return -1;
	r->result = cJSON_CreateObject();
	json_add_i64(r->result, "doc", id);
	json_add_i64(r->result, "version", version);
	return 0;
}

/* ---- handing over ---- */

static int handoff_sign(struct state *s, struct request *r, struct err *e)
{
	const cJSON *item;

	r->result = state_handoff_sign(s, &r->who, json_i64(r->params, "doc", 0),
	                               request_str(r, "to"), r->now, e);
	cJSON_ArrayForEach(item, json_arr(r->result, "items"))
	{
		request_changed(r, json_str(item, "item", ""));
	}
	return r->result ? 0 : -1;
}

static int handoff_accept(struct state *s, struct request *r, struct err *e)
{
	const char *item = request_str(r, "item");

	r->result = state_handoff_accept(s, &r->who, json_i64(r->params, "doc", 0), item,
	                                 r->role >= PERM_LEAD && r->e->team, r->now, e);
	request_changed(r, item);
	return r->result ? 0 : -1;
}

static int handoff_get(struct state *s, struct request *r, struct err *e)
{
	return give(r, state_handoff_get(s, json_i64(r->params, "doc", 0), e));
}

const struct state_route draft_routes[] = {
        {M_REPORT_GET, report_get, 0},
        {M_REPORT_LIST, report_list, 0},
        {M_REPORT_SAVE, report_save, ROUTE_AUDIT},
        {M_HANDOFF_SIGN, handoff_sign, ROUTE_AUDIT},
        {M_HANDOFF_ACCEPT, handoff_accept, ROUTE_AUDIT},
        {M_HANDOFF_GET, handoff_get, 0},
        {-1, NULL, 0},
};
