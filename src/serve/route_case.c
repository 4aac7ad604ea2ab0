/*
 * Requests about incidents, suppressions and watches: state.db's side of them, on the keeper's thread.
 */
#include "act/verdict.h"
#include "correlate/suppress.h"
#include "serve/engine.h"

static int give(struct request *r, cJSON *result)
{
	r->result = result;
	return result ? 0 : -1;
}

static mw_time time_param(const struct request *r, const char *name)
{
	mw_time t;

	return mw_time_parse(slice_of(json_str(r->params, name, "")), &t) ? t : MW_TIME_NONE;
}

static int queue_list(struct state *s, struct request *r, struct err *e)
{
	struct queue_query q = {.filter = request_str(r, "filter"),
	                        .sort = request_str(r, "sort"),
	                        .offset = json_i64(r->params, "offset", 0),
	                        .limit = json_i64(r->params, "limit", 0),
	                        .hidden = json_bool(r->params, "hidden", false),
	                        .now = r->now};

	if (give(r, state_queue(s, &r->who, &q, e)))
		return -1;
	json_add_i64(r->result, "rev", r->queue_rev);
	return 0;
}

static int incident_update(struct state *s, struct request *r, struct err *e)
{
	const char *owner = request_str(r, "owner");
	struct incident_change c = {.rev = json_i64(r->params, "rev", 0),
	                            .status = request_str(r, "status"),
	                            .owner = owner && strcmp(owner, "me") == 0 ? r->user : owner,
	                            .snooze_until = time_param(r, "snooze_until")};

	request_changed(r, request_str(r, "id"));
	return state_incident_update(s, &r->who, request_str(r, "id"), &c, r->now, e);
}

static int incident_note(struct state *s, struct request *r, struct err *e)
{
	request_changed(r, request_str(r, "id"));
	return state_note_add(s, &r->who, request_str(r, "id"), request_str(r, "text"), r->now, e);
}

static int incident_merge(struct state *s, struct request *r, struct err *e)
{
	const cJSON *with;

	cJSON_ArrayForEach(with, json_arr(r->params, "with"))
	{
		if (cJSON_IsString(with) &&
		    actions_merged(s, r, with->valuestring, request_str(r, "id"), e))
			return -1;
	}
	request_changed(r, request_str(r, "id"));
	return state_incident_merge(s, &r->who, request_str(r, "id"), json_arr(r->params, "with"),
	                            r->now, e);
}

static int incident_unmerge(struct state *s, struct request *r, struct err *e)
{
	request_changed(r, request_str(r, "id"));
	request_changed(r, request_str(r, "with"));
	return state_incident_unmerge(s, &r->who, request_str(r, "id"), request_str(r, "with"),
	                              r->now, e);
}

static int incident_split(struct state *s, struct request *r, struct err *e)
{
	char made[32];

	request_changed(r, request_str(r, "id"));
	if (state_incident_split(s, &r->who, request_str(r, "id"), json_arr(r->params, "findings"),
	                         request_str(r, "reason"), r->now, made, e))
		return -1;
	request_changed(r, made);
	r->result = cJSON_CreateObject();
	json_add_str(r->result, "id", made);
	return 0;
}

static int incident_close(struct state *s, struct request *r, struct err *e)
{
	const char *note = request_str(r, "note");
	const cJSON *id;

	if (verdict_check(request_str(r, "verdict"), request_str(r, "reason"), e))
		return -1;
	cJSON_ArrayForEach(id, json_arr(r->params, "ids"))
	{
		const char *name = cJSON_IsString(id) ? id->valuestring : "";
		if (state_incident_close(s, &r->who, name, request_str(r, "verdict"),
		                         request_str(r, "reason"), r->now, e) ||
		    (note && state_note_add(s, &r->who, name, note, r->now, e)))
			return -1;
		request_changed(r, name);
	}
	return 0;
}

static int suppress_add(struct state *s, struct request *r, struct err *e)
{
	if (suppress_check(json_obj(r->params, "match"), e))
		return -1;
	return state_suppress_add(s, &r->who, r->params, r->now, e);
}

static int suppress_list(struct state *s, struct request *r, struct err *e)
{
	return give(r, state_suppress_list(s, r->now, e));
}

static int watch_add(struct state *s, struct request *r, struct err *e)
{
	int64_t id;

	if (state_watch_add(s, &r->who, r->params, r->now, &id, e))
		return -1;
	r->result = cJSON_CreateObject();
	json_add_i64(r->result, "watch", id);
	return 0;
}

static int watch_list(struct state *s, struct request *r, struct err *e)
{
	return give(r, state_watch_list(s, &r->who, e));
}

static int watch_remove(struct state *s, struct request *r, struct err *e)
{
	return state_watch_remove(s, &r->who, json_i64(r->params, "watch", 0), e);
}

const struct state_route case_routes[] = {
        {M_QUEUE_LIST, queue_list, 0},
        {M_INCIDENT_UPDATE, incident_update, ROUTE_AUDIT},
        {M_INCIDENT_NOTE, incident_note, ROUTE_AUDIT},
        {M_INCIDENT_MERGE, incident_merge, ROUTE_AUDIT},
        {M_INCIDENT_UNMERGE, incident_unmerge, ROUTE_AUDIT},
        {M_INCIDENT_SPLIT, incident_split, ROUTE_AUDIT},
        {M_INCIDENT_CLOSE, incident_close, ROUTE_AUDIT},
        {M_SUPPRESS_ADD, suppress_add, ROUTE_AUDIT | ROUTE_REFRESH},
        {M_SUPPRESS_LIST, suppress_list, 0},
        {M_WATCH_ADD, watch_add, ROUTE_AUDIT | ROUTE_WATCHES},
        {M_WATCH_LIST, watch_list, 0},
        {M_WATCH_REMOVE, watch_remove, ROUTE_AUDIT},
        {-1, NULL, 0},
};
