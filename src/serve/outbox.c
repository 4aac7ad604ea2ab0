/*
 * The outbox at work: takes what is due from state.db, gives it to the source's worker, and stores how that ended. An intent is "sending" on
 * disk before the worker hears of it, and carries a key by which the platform's record tells whether it was done: after a crash it is sent
 * once more. One at a time a source. Also the requests about it.
 */
#include "base/log.h"
#include "serve/engine.h"
#include "serve/work.h"
#include "source/connector.h"
#include "store/outbox.h"

#define SEND_SECONDS 60
#define AGAIN_FIRST (5 * MW_SECOND)
#define AGAIN_MOST (15 * MW_MINUTE)
#define LIST_ENDED 20
#define EVENTS_AT_ONCE 200 /* of one intent that carries events */
#define EVENT_BYTES (512 * 1024)

struct outbox {
	bool taking, again; /* the keeper looks for the next one; and it has to look once more */
	bool resumed;
	struct timer *timer;
	cJSON *counts; /* as in outbox.list */
};

static struct outbox *outbox_of(struct engine *e)
{
	if (!e->outbox)
		e->outbox = xcalloc(1, sizeof(*e->outbox));
	return e->outbox;
}

void outbox_free(struct engine *e)
{
	if (!e->outbox)
		return;
	timer_end(e->outbox->timer);
	cJSON_Delete(e->outbox->counts);
	free(e->outbox);
	e->outbox = NULL;
}

void outbox_add(const struct engine *e, cJSON *status)
{
	if (e->outbox && e->outbox->counts)
		cJSON_AddItemToObject(status, "outbox", cJSON_Duplicate(e->outbox->counts, 1));
}

bool outbox_waits(const struct engine *e)
{
	const cJSON *counts = e->outbox ? e->outbox->counts : NULL;

	return json_i64(counts, "waiting", 0) + json_i64(counts, "sending", 0) > 0;
}

/* ---- one intent on its way ---- */

struct sending {
	struct engine *e;
	cJSON *intent, *result;
	struct err why; /* code ERR_NONE: it went through */
	char changed[32];
	int64_t started_us;
};

static const char *source_name(const struct sending *s)
{
	return json_str(s->intent, "source", "");
}

static void sending_free(struct sending *s)
{
	cJSON_Delete(s->intent);
	cJSON_Delete(s->result);
	free(s);
}

/* Whether another try can help: what was refused will be refused again. */
static bool passes(enum err_code c)
{
	return c == ERR_REMOTE || c == ERR_IO || c == ERR_DEADLINE || c == ERR_CANCELLED ||
	       c == ERR_INTERNAL || c == ERR_FULL;
}

/* Doubles, with a quarter of it by chance, so that what failed together does not come back together. */
static mw_time next_try(const struct sending *s, mw_time now)
{
	int64_t tries = json_i64(s->intent, "attempts", 0), wait = AGAIN_FIRST;

	if (!passes(s->why.code))
		return MW_TIME_NONE;
	while (tries-- > 0 && wait < AGAIN_MOST)
		wait *= 2;
	wait = wait < AGAIN_MOST ? wait : AGAIN_MOST;
	return now + wait + (mw_mono_us() * 7919) % (wait / 4);
}

static int put_record(struct state *s, const struct sending *d, mw_time now, struct err *e)
{
	const cJSON *record = json_obj(d->result, "record");
	bool checked = json_get(d->intent, "etag") && !cJSON_IsNull(json_get(d->intent, "etag")),
	     changed;
	enum record_seen why = d->why.code != ERR_NONE ? RECORD_POLLED
	                       : checked || !strcmp(json_str(d->intent, "kind", ""), "create")
	                               ? RECORD_WRITTEN
	                               : RECORD_NOTED;

	return record ? state_record_put(s, record, why, now, &changed, e) : 0;
}

/* What was made there is this incident's: when it is polled it shall not found another. */
static int own_record(struct state *s, const struct sending *d, struct err *e)
{
	const char *key = json_str(json_obj(d->result, "record"), "key", NULL);

	if (!key || d->why.code != ERR_NONE || strcmp(json_str(d->intent, "kind", ""), "create"))
		return 0;
	return state_record_own(s, key, json_i64(d->intent, "incident", 0), e);
}

static int settle(struct state *s, void *arg, struct err *e)
{
	struct sending *d = arg;
	bool failed = d->why.code != ERR_NONE;
	int64_t taken = json_i64(d->result, "taken", -1);
	mw_time now = mw_now();

	if (put_record(s, d, now, e) || own_record(s, d, e))
		return -1;
	if (taken > 0 && failed && state_outbox_taken(s, d->intent, taken, e))
		return -1;
	return state_outbox_settle(s, d->intent, failed ? &d->why : NULL,
	                           failed ? next_try(d, now) : MW_TIME_NONE, now, e);
}

/* Everybody who looks at the incident sees how it fares. */
static void settled(void *arg, const struct err *e)
{
	struct sending *d = arg;
	struct request *r = request_internal(d->e, M_OUTBOX_LIST, NULL);
	int64_t incident = json_i64(d->intent, "incident", 0);
	char id[32];

	snprintf(id, sizeof(id), "INC-%lld", (long long)incident);
	if (e)
		mw_log(LOG_ERROR, "outbox %lld: %s", (long long)json_i64(d->intent, "id", 0),
		       e->what);
	if (incident)
		request_changed(r, id);
	request_reply(r, NULL);
	outbox_kick(d->e);
	sending_free(d);
}

static void store(struct sending *d)
{
	keeper_do(d->e->keeper, settle, settled, d);
}

static void seen_again(void *ctx, cJSON *result, const struct err *e)
{
	struct sending *d = ctx;

	if (!e) {
		cJSON_Delete(d->result);
		d->result = result;
	}
	store(d);
}

/* After a conflict: what is there now, for the person who has to decide. */
static void look_again(struct sending *d)
{
	struct call_opts o = {.kind = work_source.name,
	                      .instance = source_name(d),
	                      .method = "present",
	                      .params = cJSON_CreateObject(),
	                      .deadline_us = SEND_SECONDS * MW_SECOND,
	                      .ctx = d,
	                      .done = seen_again};

	json_add_str(o.params, "id", json_str(json_obj(d->intent, "doc"), "id", ""));
	pool_call(d->e->pool, &o);
}

static void sent(void *ctx, cJSON *result, const struct err *e)
{
	struct sending *d = ctx;
	const char *part = json_str(result, "error", NULL);

	source_fares(d->e, source_name(d), e, mw_mono_us() - d->started_us);
	d->result = result;
	if (e)
		d->why = *e;
	else if (part)
		err_set(&d->why, ERR_REMOTE, "%s", part);
	if (e && e->code == ERR_CONFLICT && d->e->pool)
		look_again(d);
	else
		store(d);
}

/* What the worker is told: the intent's own members, and by what it is known. */
static cJSON *params_of(const cJSON *intent)
{
	cJSON *p = cJSON_Duplicate(json_obj(intent, "doc"), 1);
	const char *key = json_str(intent, "idempotency", "");

	json_add_str(p, "idempotency", key);
	if (json_str(intent, "etag", NULL))
		json_add_str(p, "etag", json_str(intent, "etag", NULL));
	if (json_obj(p, "incident"))
		json_add_str(json_obj(p, "incident"), "idempotency", key);
	if (json_get(p, "events"))
		json_add_str(p, "key", key);
	if (json_i64(intent, "attempts", 0) > 0)
		cJSON_DeleteItemFromObject(p, "seen");
	return p;
}

static void send_one(struct engine *e, cJSON *intent)
{
	struct sending *d = xcalloc(1, sizeof(*d));
	struct call_opts o = {.kind = work_source.name,
	                      .instance = json_str(intent, "source", ""),
	                      .method = json_str(intent, "kind", ""),
	                      .params = params_of(intent),
	                      .uid = (uid_t)json_i64(intent, "uid", 0),
	                      .deadline_us = SEND_SECONDS * MW_SECOND,
	                      .ctx = d,
	                      .done = sent};

	*d = (struct sending){.e = e, .intent = intent, .started_us = mw_mono_us()};
	pool_call(e->pool, &o);
}

/* ---- the next one ---- */

struct taking {
	struct engine *e;
	bool resume;
	cJSON *intent, *counts;
	mw_time next;
};

static int take(struct state *s, void *arg, struct err *e)
{
	struct taking *t = arg;

	if (t->resume && state_outbox_resume(s, e))
		return -1;
	e->code = ERR_NONE;
	t->intent = state_outbox_take(s, mw_now(), &t->next, e);
	if (!t->intent && e->code != ERR_NONE)
		return -1;
	t->counts = state_outbox_counts(s, e);
	return t->counts ? 0 : -1;
}

static void due(void *ctx)
{
	struct engine *e = ctx;

	outbox_of(e)->timer = NULL;
	outbox_kick(e);
}

static void taken(void *arg, const struct err *err)
{
	struct taking *t = arg;
	struct engine *e = t->e;
	struct outbox *o = outbox_of(e);
	int64_t in = t->next == MW_TIME_NONE ? -1 : t->next - mw_now();
	bool more = o->again || t->intent;

	o->taking = o->again = false;
	if (err)
		mw_log(LOG_ERROR, "outbox: %s", err->what);
	cJSON_Delete(o->counts);
	o->counts = t->counts;
	if (t->intent && e->pool)
		send_one(e, t->intent);
	else
		cJSON_Delete(t->intent); /* on its way on disk; the next engine sends it */
	if (more && !err)
		outbox_kick(e);
	else if (in >= 0 && e->pool)
		o->timer = loop_timer(e->loop, in + MW_SECOND / 1000, due, e);
	free(t);
}

void outbox_kick(struct engine *e)
{
	struct outbox *o = outbox_of(e);
	struct taking *t;

	if (!e->pool || !e->keeper)
		return;
	if (o->taking) {
		o->again = true;
		return;
	}
	timer_end(o->timer);
	o->timer = NULL;
	o->taking = true;
	t = xcalloc(1, sizeof(*t));
	*t = (struct taking){.e = e, .resume = !o->resumed, .next = MW_TIME_NONE};
	o->resumed = true;
	keeper_do(e->keeper, take, taken, t);
}

/* ---- a source that is there again ---- */

struct hurry {
	struct engine *e;
	char *name;
};

static int make_due(struct state *s, void *arg, struct err *e)
{
	return state_outbox_hurry(s, ((struct hurry *)arg)->name, e);
}

static void made_due(void *arg, const struct err *e)
{
	struct hurry *h = arg;

	if (!e)
		outbox_kick(h->e);
	free(h->name);
	free(h);
}

void outbox_hurry(struct engine *e, const char *name)
{
	struct hurry *h = xcalloc(1, sizeof(*h));

	*h = (struct hurry){e, xstrdup(name)};
	keeper_do(e->keeper, make_due, made_due, h);
}

/* ---- requests ---- */

static int outbox_list(struct state *s, struct request *r, struct err *e)
{
	r->result = state_outbox_list(s, LIST_ENDED, e);
	return r->result ? 0 : -1;
}

static int outbox_decide(struct state *s, struct request *r, struct err *e)
{
	char incident[32];

	if (state_outbox_decide(s, &r->who, json_i64(r->params, "intent", 0),
	                        request_str(r, "what"), r->now, incident, e))
		return -1;
	request_changed(r, incident);
	return 0;
}

/* What only the platforms know: their severity, their tags, a comment that is not ours. */
static int incident_write(struct state *s, struct request *r, struct err *e)
{
	const struct platform_change c = {.severity = request_str(r, "severity"),
	                                  .tag = request_str(r, "tag"),
	                                  .comment = request_str(r, "comment")};
	const char *id = request_str(r, "id");
	int64_t n, made;

	if (!c.severity && !c.tag && !c.comment)
		return err_set(e, ERR_INVALID, "say what: severity, tag or comment");
	if (state_incident_number(s, id, &n, e) ||
	    state_outbox_intend(s, &r->who, n, &c, r->now, &made, e))
		return -1;
	if (!made)
		return err_set(
		        e, ERR_DENIED,
		        "nothing of %s is written anywhere: none of its sources lets this be "
		        "written (`write` of its entry in the configuration)",
		        id);
	request_changed(r, id);
	r->result = cJSON_CreateObject();
	json_add_i64(r->result, "intents", made);
	return 0;
}

/* ---- what is made or kept there ---- */

/* The loop's thread: the configuration lets it, and the connector can. */
static int may(const struct request *r, const char *word, bool can, struct err *e)
{
	const char *name = request_str(r, "source");
	const cJSON *entry = config_entry(r->e->config, "sources", name);

	if (source_known(r->e, name, e))
		return -1;
	if (!can)
		return err_set(e, ERR_NOT_FOUND, "%s (%s) has no call for that, or it is not built",
		               name, json_str(entry, "kind", ""));
	if (json_has_text(json_arr(entry, "write"), word))
		return 0;
	return err_set(e, ERR_DENIED, "`write` of source %s does not name \"%s\"", name, word);
}

static const struct connector *connector_of(const struct request *r)
{
	const cJSON *entry = config_entry(r->e->config, "sources", request_str(r, "source"));

	return connector_find(json_str(entry, "kind", ""));
}

static int add_intent(struct state *s, struct request *r, int64_t incident, const char *kind,
                      const cJSON *doc, struct err *e)
{
	int64_t id;

	if (state_outbox_add(s, &r->who, request_str(r, "source"), incident, kind, doc, r->now, &id,
	                     e))
		return -1;
	if (!r->result)
		json_add_arr(r->result = cJSON_CreateObject(), "intents");
	cJSON_AddItemToArray(json_arr(r->result, "intents"), cJSON_CreateNumber((double)id));
	return 0;
}

static const char *severity_word(char letter)
{
	static const char *const words[] = {"critical", "high", "medium", "low", "informational"};
	const char *at = strchr("CHMLI", letter);

	return words[at && letter ? at - "CHMLI" : 2];
}

static int store_create(struct state *s, struct request *r, struct err *e)
{
	cJSON *i = state_incident(s, request_str(r, "incident"), e), *doc, *there;
	int64_t n;
	char *text;
	int rc = i ? state_incident_number(s, request_str(r, "incident"), &n, e) : -1;

	if (rc)
		return -1;
	doc = cJSON_CreateObject();
	there = json_add_obj(doc, "incident");
	text = xasprintf("%s of Midwatch: %lld records, %s to %s", request_str(r, "incident"),
	                 (long long)json_i64(i, "records", 0), json_str(i, "first", "?"),
	                 json_str(i, "last", "?"));
	json_add_str(there, "title", json_str(i, "title", ""));
	json_add_str(there, "description", text);
	json_add_str(there, "severity", severity_word(*json_str(i, "severity", "M")));
	rc = add_intent(s, r, n, "create", doc, e);
	request_changed(r, request_str(r, "incident"));
	free(text);
	cJSON_Delete(doc);
	cJSON_Delete(i);
	return rc;
}

static void source_create(struct request *r)
{
	const struct connector *c = connector_of(r);
	struct err e;

	if (may(r, "create", c && c->create, &e))
		request_fail(r, &e);
	else
		route_state(r, store_create, ROUTE_AUDIT);
}

/* In parts, so that one that fails holds up no more than it has to. */
static int store_events(struct state *s, struct request *r, struct err *e)
{
	const cJSON *x = json_arr(r->params, "events")->child;
	const char *id = request_str(r, "incident");
	int64_t n = 0;
	int rc = id ? state_incident_number(s, id, &n, e) : 0;

	while (x && !rc) {
		cJSON *doc = cJSON_CreateObject(), *part = json_add_arr(doc, "events");
		size_t bytes = 0;
		for (int i = 0; x && i < EVENTS_AT_ONCE && bytes < EVENT_BYTES; i++, x = x->next) {
			if (!cJSON_IsString(x))
				continue;
			bytes += strlen(x->valuestring);
			cJSON_AddItemToArray(part, cJSON_CreateString(x->valuestring));
		}
		rc = add_intent(s, r, n, "ingest", doc, e);
		cJSON_Delete(doc);
	}
	cJSON_DeleteItemFromObject(r->params,
	                           "events"); /* the audit keeps what was asked, not the events */
	return rc;
}

static void source_send(struct request *r)
{
	const struct connector *c = connector_of(r);
	struct err e;

	if (may(r, "events", c && c->ingest, &e))
		request_fail(r, &e);
	else if (!cJSON_GetArraySize(json_arr(r->params, "events"))) {
		err_set(&e, ERR_INVALID, "there are no events to send");
		request_fail(r, &e);
	} else {
		route_state(r, store_events, ROUTE_AUDIT);
	}
}

const struct state_route outbox_routes[] = {
        {M_OUTBOX_LIST, outbox_list, 0},
        {M_OUTBOX_DECIDE, outbox_decide, ROUTE_AUDIT},
        {M_INCIDENT_WRITE, incident_write, ROUTE_AUDIT},
        {-1, NULL, 0},
};
const struct local_route outbox_local_routes[] = {
        {M_SOURCE_CREATE, source_create},
        {M_SOURCE_SEND, source_send},
        {-1, NULL},
};
