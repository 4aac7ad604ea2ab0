/*
 * Bulk close: reviewed first (each incident as it is, what is written where, a digest over all of it), then run at a limited rate, one
 * transaction an item, with a result each. It can be stopped and gone on with, also by the next engine.
 */
#include "act/verdict.h"
#include "base/log.h"
#include "policy/approval.h"
#include "serve/engine.h"
#include "store/outbox.h"

#define BULK_ITEMS_MAX 500
#define BULK_PER_SECOND 20

/* ---- the review ---- */

/* Its configured sources by name, and what else it came from. */
static int preview(struct state *s, const char *id, const cJSON *incident, const char *verdict,
                   cJSON *systems, struct err *e)
{
	static const char *const targets[] = {NULL};
	int64_t n;

	verdict_preview(systems, verdict, "", targets);
	if (state_incident_number(s, id, &n, e) ||
	    state_outbox_preview(s, n, verdict, verdict_words, systems, e))
		return -1;
	verdict_preview(systems, verdict, json_str(incident, "origins", ""), targets);
	return 0;
}

static cJSON *item_of(struct state *s, const char *id, cJSON *systems, const char *verdict,
                      struct err *e)
{
	cJSON *i = state_incident(s, id, e), *o;

	if (!i)
		return NULL;
	if (!strcmp(json_str(i, "status", ""), "closed")) {
		err_set(e, ERR_CONFLICT, "%s is closed already", id);
		cJSON_Delete(i);
		return NULL;
	}
	o = cJSON_CreateObject();
	json_add_str(o, "incident", id);
	json_add_i64(o, "rev", json_i64(i, "rev", 0));
	json_add_str(o, "severity", json_str(i, "severity", "?"));
	json_add_str(o, "title", json_str(i, "title", ""));
	json_add_str(o, "owner", json_str(i, "owner", ""));
	json_add_str(o, "status", json_str(i, "status", ""));
	if (preview(s, id, i, verdict, systems, e)) {
		cJSON_Delete(o);
		o = NULL;
	}
	cJSON_Delete(i);
	return o;
}

static int add_items(struct state *s, struct request *r, cJSON *review, struct err *e)
{
	cJSON *items = json_add_arr(review, "items"), *systems = json_add_arr(review, "systems");
	const cJSON *id;

	cJSON_ArrayForEach(id, json_arr(r->params, "ids"))
	{
		cJSON *o = item_of(s, cJSON_IsString(id) ? id->valuestring : "", systems,
		                   request_str(r, "verdict"), e);
		if (!o)
			return -1;
		cJSON_AddItemToArray(items, o);
	}
	return 0;
}

static cJSON *review_of(struct state *s, struct request *r, struct err *e)
{
	int n = cJSON_GetArraySize(json_arr(r->params, "ids"));
	cJSON *review;

	if (verdict_check(request_str(r, "verdict"), request_str(r, "reason"), e))
		return NULL;
	if (n < 1 || n > BULK_ITEMS_MAX) {
		err_set(e, ERR_LIMIT, "a bulk step is over 1 to %d incidents, not %d",
		        BULK_ITEMS_MAX, n);
		return NULL;
	}
	review = cJSON_CreateObject();
	json_add_str(review, "verdict", request_str(r, "verdict"));
	json_add_str(review, "reason", request_str(r, "reason"));
	json_add_str(review, "note", request_str(r, "note"));
	json_add_i64(review, "per_second", BULK_PER_SECOND);
	if (!add_items(s, r, review, e))
		return review;
	cJSON_Delete(review);
	return NULL;
}

static int bulk_review(struct state *s, struct request *r, struct err *e)
{
	cJSON *review = review_of(s, r, e);
	char digest[DIGEST_HEX];
	int64_t id;
	int rc = review ? 0 : -1;

	if (!rc) {
		approval_digest(review, digest);
		rc = state_bulk_add(s, &r->who, review, digest, r->now, &id, e);
	}
	if (!rc) {
		r->result = state_bulk_get(s, id, e);
		rc = r->result ? 0 : -1;
	}
	cJSON_Delete(review);
	return rc;
}

/* ---- one item after the other ---- */

struct bulk {
	struct engine *e;
	int64_t id;
	struct who who;
	char *user;
	struct timer *timer; /* until the next item, else NULL: one is under way */
	cJSON *progress;     /* what the item's task has left for the loop */
	char changed[32];
	struct bulk *next;
};

static void bulk_free(struct bulk *b)
{
	struct bulk **at = &b->e->bulks;

	while (*at && *at != b)
		at = &(*at)->next;
	if (*at)
		*at = b->next;
	timer_end(b->timer);
	cJSON_Delete(b->progress);
	free(b->user);
	free(b);
}

static int close_reviewed(struct state *s, const struct bulk *b, const char *id, int64_t rev,
                          const cJSON *review, mw_time now, struct err *e)
{
	const char *note = json_str(review, "note", NULL);
	cJSON *now_is = state_incident(s, id, e), *detail;
	int64_t have = json_i64(now_is, "rev", 0);
	int rc = now_is ? 0 : -1;

	cJSON_Delete(now_is);
	if (!rc && have != rev)
		rc = err_set(e, ERR_CONFLICT, "%s was changed since the review", id);
	if (!rc)
		rc = state_incident_close(s, &b->who, id, json_str(review, "verdict", ""),
		                          json_str(review, "reason", ""), now, e);
	if (!rc && note && *note)
		rc = state_note_add(s, &b->who, id, note, now, e);
	if (rc)
		return -1;
	detail = cJSON_CreateObject();
	json_add_i64(detail, "bulk", b->id);
	json_add_str(detail, "verdict", json_str(review, "verdict", ""));
	json_add_str(detail, "reason", json_str(review, "reason", ""));
	rc = state_audit(s, &b->who, "incident.close", id, detail, now, e);
	cJSON_Delete(detail);
	return rc;
}

/* In a savepoint of its own: an item that fails leaves nothing but its result. */
static int do_item(struct state *s, struct bulk *b, const char *id, int64_t rev,
                   const cJSON *review, struct err *e)
{
	struct err why = {0}, ignored;
	mw_time now = mw_now();
	int rc;

	if (db_exec(&s->db, "SAVEPOINT item", e))
		return -1;
	rc = close_reviewed(s, b, id, rev, review, now, &why);
	if (rc)
		(void)!db_exec(&s->db, "ROLLBACK TO item", &ignored);
	(void)!db_exec(&s->db, "RELEASE item", &ignored);
	snprintf(b->changed, sizeof(b->changed), "%s", rc ? "" : id);
	return state_bulk_result(s, b->id, id, rc ? "failed" : "done", why.what, now, e);
}

static int next_item(struct state *s, void *arg, struct err *e)
{
	struct bulk *b = arg;
	cJSON *have = state_bulk_get(s, b->id, e);
	char id[32];
	int64_t rev;
	int rc = have ? state_bulk_next(s, b->id, id, &rev, e) : -1;

	if (rc == 1)
		rc = do_item(s, b, id, rev, json_obj(have, "review"), e);
	else if (rc == 0)
		rc = state_bulk_set(s, b->id, "running", "done", e);
	cJSON_Delete(have);
	b->progress = rc ? NULL : state_bulk_get(s, b->id, e);
	return b->progress ? 0 : -1;
}

static void step(void *arg);

static void tell(struct bulk *b)
{
	struct request *r = request_internal(b->e, M_BULK_RUN, NULL);

	cJSON_DeleteItemFromObjectCaseSensitive(b->progress, "review");
	client_broadcast(b->e, b->who.uid, "bulk.progress", cJSON_Duplicate(b->progress, 1));
	if (b->changed[0])
		request_changed(r, b->changed);
	request_reply(r, NULL);
}

static void item_done(void *arg, const struct err *e)
{
	struct bulk *b = arg;
	bool on = !e && !strcmp(json_str(b->progress, "state", ""), "running");

	if (e)
		mw_log(LOG_ERROR, "bulk step %lld: %s", (long long)b->id, e->what);
	else
		tell(b);
	cJSON_Delete(b->progress);
	b->progress = NULL;
	if (on && b->e->pool)
		b->timer = loop_timer(b->e->loop, MW_SECOND / BULK_PER_SECOND, step, b);
	else
		bulk_free(b);
}

static void step(void *arg)
{
	struct bulk *b = arg;

	b->timer = NULL;
	keeper_do(b->e->keeper, next_item, item_done, b);
}

void bulks_end(struct engine *e)
{
	while (e->bulks)
		// NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it takes itself off the list
		bulk_free(e->bulks);
}

bool bulks_running(const struct engine *e)
{
	return e->bulks != NULL;
}

/* ---- run, stop, look ---- */

static int check_run(const cJSON *have, const struct request *r, struct err *e)
{
	const char *state = json_str(have, "state", "");
	mw_time at;

	if (json_i64(have, "uid", -1) != (int64_t)r->who.uid)
		return err_set(e, ERR_DENIED, "it was reviewed by %s; review your own",
		               json_str(have, "user", "?"));
	if (strcmp(json_str(have, "digest", ""), request_str(r, "digest")))
		return err_set(e, ERR_CONFLICT, "not run: it is not what was reviewed");
	if (strcmp(state, "review") && strcmp(state, "stopped"))
		return err_set(e, ERR_CONFLICT, "not run: it is %s already", state);
	if (!strcmp(state, "review") && mw_time_parse(slice_of(json_str(have, "at", "")), &at) &&
	    r->now > at + APPROVAL_TTL)
		return err_set(e, ERR_DEADLINE, "not run: the review is old; review it again");
	return 0;
}

static int bulk_run(struct state *s, struct request *r, struct err *e)
{
	int64_t id = json_i64(r->params, "bulk", 0);
	cJSON *have = state_bulk_get(s, id, e);
	int rc = have ? check_run(have, r, e) : -1;

	if (!rc)
		rc = state_bulk_set(s, id, json_str(have, "state", ""), "running", e);
	cJSON_Delete(have);
	if (rc)
		return -1;
	r->result = state_bulk_get(s, id, e);
	return r->result ? 0 : -1;
}

void bulk_start(struct request *r)
{
	struct bulk *b = xcalloc(1, sizeof(*b));

	b->e = r->e;
	b->id = json_i64(r->result, "bulk", 0);
	b->user = xstrdup(r->user);
	b->who = (struct who){r->who.uid, b->user};
	b->next = b->e->bulks;
	b->e->bulks = b;
	step(b);
}

static int bulk_stop(struct state *s, struct request *r, struct err *e)
{
	int64_t id = json_i64(r->params, "bulk", 0);

	if (state_bulk_set(s, id, "running", "stopped", e))
		return -1;
	r->result = state_bulk_get(s, id, e);
	return r->result ? 0 : -1;
}

static int bulk_get(struct state *s, struct request *r, struct err *e)
{
	int64_t id = json_i64(r->params, "bulk", 0);

	r->result = state_bulk_get(s, id, e);
	return r->result && !state_bulk_results(s, id, r->result, e) ? 0 : -1;
}

const struct state_route bulk_routes[] = {
        {M_BULK_REVIEW, bulk_review, 0},
        {M_BULK_RUN, bulk_run, ROUTE_AUDIT | ROUTE_BULK},
        {M_BULK_STOP, bulk_stop, ROUTE_AUDIT},
        {M_BULK_GET, bulk_get, 0},
        {-1, NULL, 0},
};
