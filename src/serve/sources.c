/*
 * The configured sources as the engine sees them: how each fares, its checks and catalogue on request, and its findings, which are
 * fetched now and then and go through the importer like any file. A cursor is stored only after what came before it is in the lake, so
 * that a crash repeats a poll and loses none; the importer drops what it has.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "model/incident.h"
#include "serve/engine.h"
#include "serve/source_catalog.h"
#include "serve/work.h"
#include "source/connector.h"
#include "store/outbox.h"

#define TEST_SECONDS 60
#define SLOW_US (5 * MW_SECOND)

/* ---- how each fares ---- */

struct health {
	char *name;
	const char *state; /* "unknown", "up", "slow", "down" */
	char *error;       /* of the last call that failed; NULL */
	mw_time since;     /* of the state */
	mw_time polled, tested;
	cJSON *checks; /* of the last test */
	int64_t elapsed_us, findings;
	bool polling, no_findings; /* no_findings: the platform has none of its own */
	struct health *next;
};

static struct health *health_of(struct engine *e, const char *name)
{
	struct health *h = e->health;

	while (h && strcmp(h->name, name) != 0)
		h = h->next;
	if (h)
		return h;
	h = xcalloc(1, sizeof(*h));
	*h = (struct health){.name = xstrdup(name),
	                     .state = "unknown",
	                     .since = mw_now(),
	                     .polled = MW_TIME_NONE,
	                     .tested = MW_TIME_NONE,
	                     .next = e->health};
	e->health = h;
	return h;
}

int source_known(const struct engine *e, const char *name, struct err *err)
{
	if (config_entry(e->config, "sources", name))
		return 0;
	return err_set(err, ERR_NOT_FOUND,
	               "no source is called \"%s\"; `midwatch source list` shows them", name);
}

/* A refused plan or a cancel says nothing about the source. */
static bool is_its_fault(const struct err *e)
{
	return e->code != ERR_CANCELLED && e->code != ERR_INVALID && e->code != ERR_CONFLICT;
}

void source_fares(struct engine *e, const char *name, const struct err *err, int64_t elapsed_us)
{
	struct health *h = health_of(e, name);
	const char *state = err ? "down" : elapsed_us > SLOW_US ? "slow" : "up";

	if (err && !is_its_fault(err))
		return;
	free(h->error);
	h->error = err ? xstrdup(err->what) : NULL;
	h->elapsed_us = elapsed_us;
	if (strcmp(h->state, state) == 0)
		return;
	mw_log(err ? LOG_WARN : LOG_INFO, "source %s: %s%s%s", name, state, err ? ": " : "",
	       err ? err->what : "");
	h->state = state;
	h->since = mw_now();
	if (!err)
		outbox_hurry(e, name);
}

void sources_free(struct engine *e)
{
	while (e->health) {
		struct health *h = e->health;
		e->health = h->next;
		free(h->name);
		free(h->error);
		cJSON_Delete(h->checks);
		free(h);
	}
	timer_end(e->poll);
}

static const char *first_index(const cJSON *entry)
{
	const cJSON *x = cJSON_GetArrayItem(json_arr(entry, "indexes"), 0);

	return cJSON_IsString(x) ? x->valuestring : NULL;
}

static cJSON *source_json(struct engine *e, const cJSON *entry)
{
	const struct health *h = health_of(e, json_str(entry, "name", ""));
	const struct connector *k = connector_find(json_str(entry, "kind", ""));
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, "name", h->name);
	json_add_str(o, "kind", json_str(entry, "kind", ""));
	json_add_str(o, "language", k ? k->language : NULL);
	json_add_str(o, "table", json_str(entry, "table", first_index(entry)));
	json_add_str(o, "url", json_str(entry, "url", ""));
	json_add_str(o, "at", json_str(entry, "at", ""));
	json_add_str(o, "insecure_why", json_str(entry, "insecure_why", NULL));
	json_add_str(o, "state", h->state);
	json_add_time(o, "since", h->since);
	json_add_str(o, "error", h->error);
	json_add_i64(o, "elapsed_ms", h->elapsed_us / 1000);
	json_add_i64(o, "findings", h->findings);
	if (json_i64(entry, "delay", -1) >= 0)
		json_add_i64(o, "delay_s", json_i64(entry, "delay", 0) / MW_SECOND);
	json_add_time(o, "polled", h->polled);
	json_add_bool(o, "no_findings", h->no_findings);
	json_add_time(o, "tested", h->tested);
	if (h->checks)
		cJSON_AddItemToObject(o, "checks", cJSON_Duplicate(h->checks, 1));
	cJSON_AddItemToObject(o, "catalog", catalog_json(e, h->name));
	return o;
}

void sources_add(struct engine *e, cJSON *list)
{
	const cJSON *x;

	cJSON_ArrayForEach(x, config_section(e->config, "sources"))
	        cJSON_AddItemToArray(list, source_json(e, x));
}

/* ---- on request ---- */

static void list(struct request *r)
{
	cJSON *o = cJSON_CreateObject();

	sources_add(r->e, json_add_arr(o, "sources"));
	request_reply(r, o);
}

struct asking {
	struct request *r;
	int64_t started_us;
};

/* A test that could not log in is no call that failed, and says as much about the source. */
static void keep_checks(struct health *h, const cJSON *result)
{
	const cJSON *c;

	cJSON_Delete(h->checks);
	h->checks = cJSON_Duplicate(json_arr(result, "checks"), 1);
	h->tested = mw_now();
	cJSON_ArrayForEach(c, h->checks)
	{
		static const char *const fatal[] = {"DNS", "TLS", "connection", "API", "login"};
		for (size_t i = 0; i < ARRAY_LEN(fatal); i++) {
			if (strcmp(json_str(c, "state", ""), "failed") != 0 ||
			    strcmp(json_str(c, "what", ""), fatal[i]) != 0)
				continue;
			h->state = "down";
			h->since = h->tested;
			free(h->error);
			h->error = xstrdup(json_str(c, "found", ""));
		}
	}
}

static void asked(void *ctx, cJSON *result, const struct err *e)
{
	struct asking *a = ctx;

	source_fares(a->r->e, request_str(a->r, "source"), e, mw_mono_us() - a->started_us);
	if (!e && a->r->method == M_SOURCE_TEST)
		keep_checks(health_of(a->r->e, request_str(a->r, "source")), result);
	if (e)
		request_fail(a->r, e);
	else
		request_reply(a->r, result);
	free(a);
}

static void kinds(struct request *r)
{
	cJSON *o = cJSON_CreateObject(), *all = json_add_arr(o, "kinds");

	for (const struct connector *const *c = connectors; *c; c++) {
		cJSON *k = cJSON_CreateObject();
		json_add_str(k, "kind", (*c)->kind);
		json_add_str(k, "rights", (*c)->rights);
		cJSON_AddItemToArray(all, k);
	}
	request_reply(r, o);
}

/* The part of the method's name behind "source." is the worker's method. */
static void pass_on(struct request *r)
{
	const char *name = request_str(r, "source");
	struct asking *a;
	struct call_opts o = {.kind = work_source.name,
	                      .instance = name,
	                      .method = strchr(methods[r->method].name, '.') + 1,
	                      .params = cJSON_Duplicate(r->params, 1),
	                      .uid = r->who.uid,
	                      .deadline_us = TEST_SECONDS * MW_SECOND,
	                      .done = asked};
	struct err e;

	if (source_known(r->e, name, &e)) {
		cJSON_Delete(o.params);
		request_fail(r, &e);
		return;
	}
	a = xcalloc(1, sizeof(*a));
	*a = (struct asking){r, mw_mono_us()};
	o.ctx = a;
	pool_call(r->e->pool, &o);
}

/* ---- findings ---- */

enum { FILE_FINDINGS, FILE_RECORDS, FILES };
#define RECORDS_AT_ONCE 200

struct polling {
	struct engine *e;
	struct request *r; /* who asked for it, or NULL */
	char *name, *cursor;
	struct spool files[FILES];
	cJSON *changed; /* incidents whose records somebody has changed there */
	int64_t started_us, findings;
	bool more;
};

static void poll_source(struct engine *e, const char *name, struct request *r);

static void poll_free(struct polling *p)
{
	for (size_t i = 0; i < FILES; i++)
		spool_close(&p->files[i]);
	cJSON_Delete(p->changed);
	free(p->name);
	free(p->cursor);
	free(p);
}

static void poll_end(struct polling *p, const struct err *e)
{
	struct health *h = health_of(p->e, p->name);
	cJSON *o;

	h->polling = false;
	if (!e)
		h->findings += p->findings;
	if (p->r && e) {
		request_fail(p->r, e);
	} else if (p->r) {
		o = cJSON_CreateObject();
		json_add_i64(o, "findings", p->findings);
		json_add_bool(o, "more", p->more);
		request_reply(p->r, o);
	}
	if (!e && p->more && p->e->pool)
		poll_source(p->e, p->name, NULL);
	poll_free(p);
}

/* What somebody has changed there is told, and stands in the audit chain under the source's name. */
static int store_change(struct state *s, struct polling *p, const cJSON *record, mw_time now,
                        struct err *e)
{
	char *by = xasprintf("source:%s", p->name), id[32];
	struct who w = {geteuid(), by};
	cJSON *detail = cJSON_CreateObject();
	int64_t incident;
	int rc = state_record_incident(s, json_str(record, "key", ""), &incident, e);

	json_add_str(detail, "record", json_str(record, "id", ""));
	json_add_str(detail, "status", json_str(record, "status", ""));
	json_add_str(detail, "owner", json_str(record, "owner", ""));
	snprintf(id, sizeof(id), "INC-%lld", (long long)incident);
	if (!rc && incident) {
		cJSON_AddItemToArray(p->changed, cJSON_CreateString(id));
		rc = state_audit(s, &w, "source.changed", id, detail, now, e);
	}
	cJSON_Delete(detail);
	free(by);
	return rc;
}

static int store_some(struct state *s, struct polling *p, const cJSON *records, mw_time now,
                      struct err *e)
{
	const cJSON *x;

	cJSON_ArrayForEach(x, records)
	{
		bool changed;
		if (state_record_put(s, x, RECORD_POLLED, now, &changed, e) ||
		    (changed && store_change(s, p, x, now, e)))
			return -1;
	}
	return 0;
}

static int store_records(struct state *s, struct polling *p, struct err *e)
{
	const struct spool *f = &p->files[FILE_RECORDS];
	uint64_t all = f->data >= 0 ? spool_rows(f) : 0, n = 0;
	mw_time now = mw_now();

	for (uint64_t at = 0; at < all; at += n) {
		cJSON *records = spool_page_json(f, at, RECORDS_AT_ONCE, MW_LINE_MAX, &n, e);
		int rc = records ? store_some(s, p, records, now, e) : -1;
		cJSON_Delete(records);
		if (rc || !n)
			return rc;
	}
	return 0;
}

static int store_poll(struct state *s, void *arg, struct err *e)
{
	struct polling *p = arg;

	return store_records(s, p, e) || state_cursor_set(s, p->name, p->cursor, e) ? -1 : 0;
}

static void tell_changed(struct polling *p)
{
	struct request *r = request_internal(p->e, M_SOURCE_POLL, NULL);
	const cJSON *id;

	cJSON_ArrayForEach(id, p->changed) request_changed(r, id->valuestring);
	request_reply(r, NULL);
}

static void poll_stored(void *arg, const struct err *e)
{
	struct polling *p = arg;

	if (!e && p->findings)
		engine_imported(p->e);
	if (!e)
		tell_changed(p);
	poll_end(p, e);
}

static void imported(void *ctx, cJSON *result, const struct err *e)
{
	struct polling *p = ctx;

	if (e)
		mw_log(LOG_WARN, "findings of %s were not taken in: %s", p->name, e->what);
	cJSON_Delete(result);
	if (e)
		poll_end(p, e);
	else
		keeper_do(p->e->keeper, store_poll, poll_stored, p);
}

/* The rows of the spool are one record a line: a file as any other. */
static void import_rows(struct polling *p)
{
	struct call_opts o = {.kind = "import",
	                      .method = "import.start",
	                      .params = cJSON_CreateObject(),
	                      .fds = {fcntl(p->files[FILE_FINDINGS].data, F_DUPFD_CLOEXEC, 0)},
	                      .nfds = 1,
	                      .ctx = p,
	                      .done = imported};
	char *name = xasprintf("%s" FINDINGS_FILE, p->name);
	cJSON *names = json_add_arr(o.params, "names");

	cJSON_AddItemToArray(names, cJSON_CreateString(name));
	json_add_str(o.params, "label", p->name);
	free(name);
	pool_call(p->e->pool, &o);
}

static void findings_came(void *ctx, cJSON *result, const struct err *e)
{
	struct polling *p = ctx;
	const char *cursor = json_str(result, "cursor", NULL);

	source_fares(p->e, p->name, e, mw_mono_us() - p->started_us);
	p->findings = json_i64(result, "findings", 0);
	health_of(p->e, p->name)->polled = mw_now();
	p->more = json_bool(result, "limited", false);
	health_of(p->e, p->name)->no_findings = json_bool(result, "none", false);
	free(p->cursor);
	p->cursor = cursor ? xstrdup(cursor) : NULL;
	cJSON_Delete(result);
	if (e || !p->e->pool || !p->findings)
		poll_end(p, e);
	else
		import_rows(p);
}

static int give_spool(void *ctx, int step, struct spool *files, struct err *e)
{
	struct polling *p = ctx;

	return engine_spool(p->e, p->files, FILES, step, files, e);
}

static int read_cursor(struct state *s, void *arg, struct err *e)
{
	struct polling *p = arg;

	return state_cursor_get(s, p->name, &p->cursor, e);
}

static void cursor_known(void *arg, const struct err *e)
{
	struct polling *p = arg;
	struct call_opts o = {.kind = work_source.name,
	                      .instance = p->name,
	                      .method = "findings",
	                      .deadline_us = TEST_SECONDS * MW_SECOND,
	                      .ctx = p,
	                      .done = findings_came,
	                      .spool = give_spool};

	if (e || !p->e->pool) {
		poll_end(p, e);
		return;
	}
	o.params = cJSON_CreateObject();
	if (p->cursor)
		json_add_str(o.params, "cursor", p->cursor);
	p->started_us = mw_mono_us();
	pool_call(p->e->pool, &o);
}

static void poll_source(struct engine *e, const char *name, struct request *r)
{
	struct health *h = health_of(e, name);
	struct polling *p;
	struct err busy;

	if (h->polling) {
		err_set(&busy, ERR_CONFLICT, "%s is being asked for its findings already", name);
		if (r)
			request_fail(r, &busy);
		return;
	}
	h->polling = true;
	p = xcalloc(1, sizeof(*p));
	*p = (struct polling){.e = e,
	                      .r = r,
	                      .name = xstrdup(name),
	                      .files = {SPOOL_NONE, SPOOL_NONE},
	                      .changed = cJSON_CreateArray()};
	keeper_do(e->keeper, read_cursor, cursor_known, p);
}

static void poll_now(struct request *r)
{
	const char *name = request_str(r, "source");
	struct err e;

	if (source_known(r->e, name, &e))
		request_fail(r, &e);
	else
		poll_source(r->e, name, r);
}

static void poll_again(struct engine *e);

static void poll_due(void *ctx)
{
	struct engine *e = ctx;
	const cJSON *x;

	e->poll = NULL;
	cJSON_ArrayForEach(x, config_section(e->config, "sources"))
	{
		const char *name = json_str(x, "name", "");
		if (!health_of(e, name)->no_findings && !health_of(e, name)->polling)
			poll_source(e, name, NULL);
	}
	poll_again(e);
}

static void poll_again(struct engine *e)
{
	int64_t every = config_i64(e->config, OPT_POLL);

	timer_end(e->poll);
	e->poll = every > 0 && cJSON_GetArraySize(config_section(e->config, "sources"))
	                  ? loop_timer(e->loop, every, poll_due, e)
	                  : NULL;
}

/* ---- what the keeper has to know of them ---- */

static int store_platforms(struct state *s, void *arg, struct err *e)
{
	return state_platforms_set(s, arg, e);
}

static void platforms_stored(void *arg, const struct err *e)
{
	if (e)
		mw_log(LOG_ERROR, "the configured sources are not known to the outbox: %s",
		       e->what);
	cJSON_Delete(arg);
}

static void tell_keeper(struct engine *e)
{
	static const char *const lists[] = {"write", "users"};
	cJSON *all = cJSON_CreateArray();
	const cJSON *x;

	cJSON_ArrayForEach(x, config_section(e->config, "sources"))
	{
		cJSON *o = cJSON_CreateObject();
		json_add_str(o, "name", json_str(x, "name", ""));
		json_add_str(o, "kind", json_str(x, "kind", ""));
		for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
			const cJSON *list = json_arr(x, lists[i]);
			cJSON_AddItemToObject(
			        o, lists[i], list ? cJSON_Duplicate(list, 1) : cJSON_CreateArray());
		}
		cJSON_AddItemToArray(all, o);
	}
	keeper_do(e->keeper, store_platforms, platforms_stored, all);
}

void sources_begin(struct engine *e)
{
	tell_keeper(e);
	outbox_kick(e);
	poll_again(e);
}

const struct local_route source_routes[] = {
        {M_SOURCE_LIST, list},       {M_SOURCE_KINDS, kinds},
        {M_SOURCE_TEST, pass_on},    {M_SOURCE_CATALOG, catalog_rows},
        {M_SOURCE_FINDING, pass_on}, {M_SOURCE_ASSET, pass_on},
        {M_SOURCE_POLL, poll_now},   {-1, NULL},
};
