/*
 * The engine: one event loop over clients, workers and the keeper of state.db. Shared by the files of serve/; main.c starts it.
 *
 * A request of a client lives until request_reply or request_fail, whatever happens to the client meanwhile. Where it goes is one
 * table (dispatch.c): answered in the loop, by the keeper (state.db), or by a worker, as a plain call or as a job.
 */
#ifndef MW_ENGINE_H
#define MW_ENGINE_H

#include <sys/types.h>

#include "base/config.h"
#include "proc/pool.h"
#include "proto/proto.h"
#include "serve/keeper.h"

struct client;
struct job;
struct relay;
struct health;
struct catalog_kept;
struct outbox;

struct engine {
	struct loop *loop;
	struct pool *pool;
	struct keeper *keeper;
	const struct worker_kind *const *kinds;
	struct config *config;
	const char *config_flag;          /* --config, or NULL */
	const char *state_dir, *data_dir; /* data: of lake and graph */
	char *socket;
	bool team; /* listens for several users */
	bool detached,
	        other_serves; /* other_serves: a second one of the same state directory that is not needed */
	int lock_fd, listen_fd, spool_dir, signal_fd;
	struct watch *listener, *signals;
	struct client *clients;
	size_t nclients;
	uint64_t last_client;
	struct job *jobs;              /* newest first */
	struct health *health;         /* how each configured source fares */
	struct catalog_kept *catalogs; /* source_catalog.h */
	struct timer *poll;            /* for the findings of sources */
	struct outbox *outbox;         /* what is on its way to them */
	struct relay *relays;          /* what workers asked for in the middle of a call */
	int64_t last_job, queue_rev, last_model;
	bool models_off; /* by the switch */
	struct timer *idle;
	struct timer *expiry; /* of the open action that expires first */
	struct bulk *bulks;   /* steps that run */
	int64_t started_us;
	cJSON *lake; /* last lake.status, NULL: to be asked */
	char *user;  /* the engine's own */
};

/* Starts and runs an engine until it is told to stop or idles out. Exit status. kinds: ends with NULL. */
int engine_main(int argc, char **argv, const struct worker_kind *const *kinds);

#define STATE_DATA "lake"

/* ---- requests (request.c) ---- */

struct request {
	struct engine *e;
	uint64_t client; /* serial number; 0: the engine asked itself */
	cJSON *id;
	int method;    /* enum method_id */
	cJSON *params; /* an object, never NULL */
	struct who who;
	char *user;
	enum perm role;
	int fds[MW_FDS_PER_MESSAGE_MAX];
	int nfds;
	cJSON *result;       /* on its way */
	cJSON *changed;      /* incident ids that changed, for queue.changed; or NULL */
	struct err *refused; /* what was written stays, the caller gets this; or NULL */
	struct job *job;     /* the job that it began */
	mw_time now;         /* the request's own clock, or the real one */
	int64_t queue_rev;   /* of the engine when this was sent to the keeper */
};
/* Both free r. result may be NULL: an empty object. */
void request_reply(struct request *r, cJSON *result);
void request_fail(struct request *r, const struct err *e);
void request_free(struct request *r);
void request_changed(struct request *r, const char *incident); /* queue.changed will name it */
void request_refused(struct request *r,
                     const struct err *why); /* keeper's thread: sets r->refused */
void request_refuse(struct request *r);      /* as request_fail with it, and what changed is told */
/* A request of the engine itself; its answer goes nowhere but to what handles it. */
struct request *request_internal(struct engine *e, int method, cJSON *params);
void request_dispatch(struct request *r); /* checked before; takes r over */
const char *request_str(const struct request *r, const char *name); /* a parameter, or NULL */

/* ---- clients (client.c) ---- */

void client_accept(void *engine, unsigned ready);
void client_answer(struct engine *e, uint64_t client,
                   cJSON *msg); /* takes msg; dropped where the client is gone */
/* To subscribers: of this user, or of all where uid is (uid_t)-1. A slow client gets a resync instead. Takes params. */
void client_broadcast(struct engine *e, uid_t uid, const char *method, cJSON *params);
void client_hello(struct engine *e, uint64_t client, const char *user, enum perm role);
void client_subscribe(struct engine *e, uint64_t client);
void client_end_all(struct engine *e);
bool client_any(const struct engine *e);

/* ---- where requests go ---- */

typedef void local_fn(struct request *r); /* replies or fails */
typedef int state_fn(struct state *s, struct request *r,
                     struct err *e) MW_USE_RESULT; /* keeper's thread; sets r->result */
enum route_flag {
	ROUTE_AUDIT = 1,   /* leaves an entry in the audit chain, in the same transaction */
	ROUTE_REFRESH = 2, /* incidents are to be made again afterwards */
	ROUTE_WATCHES = 4, /* watches are to be asked afterwards */
	ROUTE_BULK = 8,    /* its result is a bulk step that runs from now on */
	ROUTE_EXPIRY = 16, /* when the next action expires may be another time now */
};
void route_state(struct request *r, state_fn *fn, unsigned flags);
void route_worker(
        struct request *r,
        const char *kind); /* with context, answer passed on or finished by after_worker */
void route_job(struct request *r, const char *kind);
const char *kind_of_method(const struct engine *e, const char *method); /* NULL: no worker has it */
cJSON *worker_context(struct state *s, struct request *r,
                      struct err *e); /* keeper's thread: "ctx" of serve/work.h */

extern const struct local_route {
	int method;
	local_fn *fn;
} local_routes[], model_local_routes[], outbox_local_routes[]; /* all end with method -1 */
extern const struct state_route {
	int method;
	state_fn *fn;
	unsigned flags;
} state_routes[], case_routes[], action_routes[], draft_routes[], model_routes[], bulk_routes[],
        outbox_routes[]; /* all end with method -1 */

/* ---- drafts (route_draft.c), keeper's thread ---- */

/* Adds what report.draft and report.export need to ctx: incident with "asked", shift, doc, origin, pinned. */
int draft_context(struct state *s, struct request *r, cJSON *ctx, struct err *e) MW_USE_RESULT;
int draft_store(struct state *s, struct request *r,
                struct err *e) MW_USE_RESULT; /* a draft that a worker has made */

void incident_pin(struct request *r);       /* evidence.c */
void evidence_from_case(struct request *r); /* for a record that the lake no longer has */

void watches_run(struct engine *e); /* watch.c: asks all watches again, in the background */
/* ---- actions (route_action.c) ---- */

bool action_goes_on(const struct request *r); /* was approved, and a worker carries it out */
void action_go_on(struct request *r);         /* gives it to the worker */
int action_drafted(struct state *s, struct request *r, struct err *e)
        MW_USE_RESULT; /* keeper's thread; nothing where r is no action's */
bool action_failed(struct request *r, const struct err *e); /* takes r where it is an action's */
int actions_expire(struct state *s, struct request *r,
                   struct err *e) MW_USE_RESULT; /* keeper's thread: writes down what has expired */
void actions_await(struct engine *e);            /* expiry.c: sets the timer for the next one */
/* keeper's thread: what is open of an incident that is merged away was shown for that one, and is approved no more */
int actions_merged(struct state *s, struct request *r, const char *incident, const char *into,
                   struct err *e) MW_USE_RESULT;
void actions_lapse(struct engine *e); /* at start: what is open is not approved */

/* ---- bulk steps (bulk.c) ---- */

void bulk_start(struct request *r); /* r->result is the step that was begun */
bool bulks_running(const struct engine *e);
void bulks_end(struct engine *e);

/* ---- jobs (job.c) ---- */

void job_list(struct request *r);
void job_get(struct request *r);
void job_rows(struct request *r);
void job_cancel(struct request *r);
cJSON *jobs_json(const struct engine *e, uid_t uid);                  /* (uid_t)-1: all */
const cJSON *job_plan(const struct engine *e, int64_t id, uid_t uid); /* borrowed, or NULL */
bool jobs_running(const struct engine *e);
void jobs_free(struct engine *e);

/* The files for the rows of a step, made when they are first asked for; v holds n of them. For call_opts.spool. */
int engine_spool(const struct engine *e, struct spool *v, size_t n, int step, struct spool *files,
                 struct err *err) MW_USE_RESULT;

/* ---- calls within calls (relay.c) ---- */

void relay_asked(void *engine, struct call *c, const cJSON *params); /* pool_opts.asked */
void relay_ended(void *engine, struct call *c);                      /* pool_opts.ended */

/* ---- language models (model.c, route_model.c) ---- */

void models_start(struct engine *e); /* reads the switch; before the first client is let in */
bool models_on(const struct engine *e);
cJSON *models_json(const struct engine *e); /* what is configured; no keys */
cJSON *
model_context(const struct engine *e); /* ctx.model of serve/work.h; NULL: none may be asked */
/* Who the call of a worker is for: the user, borrowed, and the job (0: none). */
const char *job_asker(const struct call_opts *o, int64_t *job);
const char *worker_asker(const struct call_opts *o);

/* ---- configured sources (sources.c) ---- */

extern const struct local_route source_routes[];
void sources_begin(struct engine *e); /* after the configuration was read */
void sources_free(struct engine *e);
void sources_add(struct engine *e, cJSON *list); /* as in engine.status */
int source_known(const struct engine *e, const char *name,
                 struct err *err) MW_USE_RESULT; /* is configured, or ERR_NOT_FOUND */
void source_fares(struct engine *e, const char *name, const struct err *err,
                  int64_t elapsed_us); /* how a call of it ended */

/* ---- what is written to them (outbox.c) ---- */

void outbox_kick(struct engine *e);                     /* something may be due */
void outbox_hurry(struct engine *e, const char *name);  /* that source is there again */
void outbox_add(const struct engine *e, cJSON *status); /* as in engine.status */
bool outbox_waits(const struct engine *e); /* something is to be sent yet, without a person */
void outbox_free(struct engine *e);

/* ---- the rest ---- */

void engine_refresh(struct engine *e);      /* makes the incidents again, in the background */
void engine_imported(struct engine *e);     /* retention as configured, then: */
void engine_lake_changed(struct engine *e); /* that, and the lake's figures are asked again */
void engine_idle_check(struct engine *e);   /* after a client or a job went */
int engine_reload(struct engine *e, struct err *err)
        MW_USE_RESULT; /* the configuration again; what is there stays where it is wrong */
/* Creates the directory 0700 where it is absent; refuses wrong owner, modes and network file systems with what to do. */
int private_dir(const char *dir, struct err *e) MW_USE_RESULT;
int private_lock(
        const char *dir,
        struct err *e); /* descriptor, or -1 with ERR_CONFLICT where another engine has it */
/* user and role of a caller by the system's groups and the configuration; may block: keeper's thread only. */
void who_is(const struct engine *e, uid_t uid, char **user, enum perm *role);
const char *role_name(enum perm role);

#endif
