/*
 * Methods about the engine itself: hello, status, configuration, stop.
 */
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "serve/engine.h"

/* ---- hello ---- */

struct greeting {
	struct request *r;
	char *user;
	enum perm role;
};

static int greet(struct state *s, void *arg, struct err *e)
{
	struct greeting *g = arg;

	(void)s;
	who_is(g->r->e, g->r->who.uid, &g->user, &g->role);
	if (g->role != PERM_NONE)
		return 0;
	return err_set(
	        e, ERR_DENIED,
	        "%s is in none of the groups that may use this engine; its admin sets roles.* in "
	        "the configuration",
	        g->user);
}

static cJSON *hello_json(const struct engine *e, const struct greeting *g)
{
	cJSON *o = cJSON_CreateObject();

	json_add_i64(o, "proto", MW_PROTO_VERSION);
	json_add_str(o, "version", MW_VERSION);
	json_add_i64(o, "pid", getpid());
	json_add_str(o, "user", g->user);
	json_add_i64(o, "uid", g->r->who.uid);
	json_add_str(o, "role", role_name(g->role));
	json_add_str(o, "phase", config_str(e->config, OPT_MODEL_PHASE));
	json_add_bool(o, "readonly", true);
	json_add_bool(o, "private", !e->team);
	json_add_str(o, "state", e->state_dir);
	json_add_time(o, "now", mw_now());
	return o;
}

static void greeted(void *arg, const struct err *e)
{
	struct greeting *g = arg;

	if (e) {
		request_fail(g->r, e);
	} else {
		client_hello(g->r->e, g->r->client, g->user, g->role);
		request_reply(g->r, hello_json(g->r->e, g));
	}
	free(g->user);
	free(g);
}

static void hello(struct request *r)
{
	int64_t proto = json_i64(r->params, "proto", 0);
	struct greeting *g;
	struct err e;

	if (proto != MW_PROTO_VERSION) {
		err_set(&e, ERR_CONFLICT,
		        "the engine is midwatchd %s (protocol %d), the client %s (protocol %d); "
		        "stop the "
		        "engine (midwatch engine stop) or use the client of its version",
		        MW_VERSION, MW_PROTO_VERSION, request_str(r, "version"), (int)proto);
		request_fail(r, &e);
		return;
	}
	g = xcalloc(1, sizeof(*g));
	g->r = r;
	keeper_do(r->e->keeper, greet, greeted, g);
}

/* ---- status ---- */

/* Pages that are resident now, which ru_maxrss is not. */
static int64_t rss_kib(void)
{
	long long size = 0, pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%lld %lld", &size, &pages) != 2)
		pages = 0;
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE) / 1024;
}

static void add_source(cJSON *list, const char *name)
{
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, "name", name);
	json_add_str(o, "kind", name);
	json_add_str(o, "state", "up");
	cJSON_AddItemToArray(list, o);
}

static cJSON *status_json(struct engine *e)
{
	cJSON *o = cJSON_CreateObject(), *sources;
	struct buf cage = BUF_INIT;
	struct loop_stats stats;

	loop_stats(e->loop, &stats);
	sandbox_describe(&cage);
	json_add_str(o, "version", MW_VERSION);
	json_add_i64(o, "pid", getpid());
	json_add_str(o, "state", e->state_dir);
	json_add_i64(o, "uptime_s", (mw_mono_us() - e->started_us) / MW_SECOND);
	json_add_i64(o, "clients", (int64_t)e->nclients);
	json_add_i64(o, "loop_turns", (int64_t)stats.turns);
	json_add_i64(o, "loop_p99_us", stats.p99_us);
	json_add_i64(o, "loop_max_us", stats.max_us);
	json_add_i64(o, "cancel_ack_max_us", pool_cancel_ack_max_us(e->pool));
	json_add_i64(o, "calls_waiting", (int64_t)pool_waiting(e->pool));
	json_add_i64(o, "rss_kib", rss_kib());
	json_add_str(o, "sandbox", cage.s);
	buf_release(&cage);
	pool_status(e->pool, json_add_arr(o, "workers"));
	cJSON_AddItemToObject(o, "jobs", jobs_json(e, (uid_t)-1));
	cJSON_AddItemToObject(o, "model", models_json(e));
	sources = json_add_arr(o, "sources");
	add_source(sources, "lake");
	add_source(sources, "graph");
	sources_add(e, sources);
	outbox_add(e, o);
	cJSON_AddItemToObject(o, "lake",
	                      e->lake ? cJSON_Duplicate(e->lake, 1) : cJSON_CreateNull());
	return o;
}

static void lake_known(void *ctx, cJSON *result, const struct err *e)
{
	struct request *r = ctx;

	if (!e) {
		cJSON_Delete(r->e->lake);
		r->e->lake = result;
	}
	if (r->e->pool)
		request_reply(r, status_json(r->e));
	else
		request_fail(r, e);
}

static void status_get(struct request *r)
{
	struct call_opts o = {.kind = kind_of_method(r->e, "lake.status"),
	                      .method = "lake.status",
	                      .uid = r->who.uid,
	                      .deadline_us = 5 * MW_SECOND,
	                      .ctx = r,
	                      .done = lake_known};

	if (r->e->lake || !o.kind)
		request_reply(r, status_json(r->e));
	else
		pool_call(r->e->pool, &o);
}

void engine_refresh(struct engine *e)
{
	if (e->pool && kind_of_method(e, "incident.refresh"))
		request_dispatch(request_internal(e, M_INCIDENT_REFRESH, NULL));
}

/* The bounds of the configuration, kept after each import; that changes the lake, and is followed by the rest. */
void engine_imported(struct engine *e)
{
	int64_t bytes = config_i64(e->config, OPT_LAKE_SIZE),
	        age = config_i64(e->config, OPT_LAKE_AGE);
	cJSON *params;

	if (!e->pool || (bytes <= 0 && age <= 0)) {
		engine_lake_changed(e);
		return;
	}
	params = cJSON_CreateObject();
	if (bytes > 0)
		json_add_i64(params, "max_bytes", bytes);
	if (age > 0)
		json_add_i64(params, "days", (age + MW_DAY - 1) / MW_DAY);
	request_dispatch(request_internal(e, M_LAKE_RETAIN, params));
}

void engine_lake_changed(struct engine *e)
{
	cJSON_Delete(e->lake);
	e->lake = NULL;
	engine_refresh(e);
	watches_run(e);
}

/* ---- doctor ---- */

static void probed(void *ctx, cJSON *result, const struct err *e)
{
	struct request *r = ctx;

	if (e)
		request_fail(r, e);
	else
		request_reply(r, result);
}

/* The probe is told where the real things are, so that a hole would show. */
static void doctor(struct request *r)
{
	struct call_opts o = {.kind = "test",
	                      .method = "probe",
	                      .uid = r->who.uid,
	                      .deadline_us = 10 * MW_SECOND,
	                      .params = cJSON_CreateObject(),
	                      .ctx = r,
	                      .done = probed};
	char *state = path_join(r->e->state_dir, STATE_DB);
	char *socket = path_join(r->e->state_dir, STATE_SOCKET);
	char *secret = config_path(r->e->config_flag);
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	json_add_str(o.params, "state", state);
	json_add_str(o.params, "secret", secret);
	json_add_str(o.params, "socket", socket);
	json_add_str(o.params, "pid", pid);
	free(state);
	free(socket);
	free(secret);
	pool_call(r->e->pool, &o);
}

/* ---- configuration and stop ---- */

static void config_get(struct request *r)
{
	cJSON *o = cJSON_CreateObject(), *list = json_add_arr(o, "options");

	for (int i = 0; i < OPTION_COUNT; i++) {
		cJSON *x = cJSON_CreateObject();
		json_add_str(x, "name", options[i].name);
		json_add_str(x, "value", config_str(r->e->config, (enum option)i));
		json_add_str(x, "origin", config_origin(r->e->config, (enum option)i));
		cJSON_AddItemToArray(list, x);
	}
	request_reply(r, o);
}

static void config_reload(struct request *r)
{
	struct err e;

	if (engine_reload(r->e, &e))
		request_fail(r, &e);
	else
		request_reply(r, NULL);
}

static void stop(struct request *r)
{
	struct engine *eng = r->e;
	struct err e;

	if (eng->team && r->role < PERM_ADMIN) {
		err_set(&e, ERR_DENIED, "only an admin stops the engine of a team");
		request_fail(r, &e);
		return;
	}
	mw_log(LOG_INFO, "stopped by %s", r->user);
	request_reply(r, NULL);
	loop_stop(eng->loop);
}

static void subscribe(struct request *r)
{
	client_subscribe(r->e, r->client);
	request_reply(r, NULL);
}

const struct local_route local_routes[] = {
        {M_HELLO, hello},
        {M_SUBSCRIBE, subscribe},
        {M_ENGINE_STATUS, status_get},
        {M_ENGINE_DOCTOR, doctor},
        {M_ENGINE_STOP, stop},
        {M_CONFIG_GET, config_get},
        {M_CONFIG_RELOAD, config_reload},
        {M_INCIDENT_PIN, incident_pin},
        {M_JOB_LIST, job_list},
        {M_JOB_GET, job_get},
        {M_JOB_ROWS, job_rows},
        {M_JOB_CANCEL, job_cancel},
        {-1, NULL},
};
