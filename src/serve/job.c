/*
 * Jobs: what a worker does for a client that does not wait for it. A question is answered in two
 * parts: its reading at once, its answer when the job is done; its rows are in spools that clients
 * page.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "serve/engine.h"

#define JOBS_KEPT 48                                  /* ended ones */
#define SPOOL_KEPT (UINT64_C(4) * 1024 * 1024 * 1024) /* bytes of rows of ended ones */
#define PROGRESS_US 100000      /* notifications of one job are this far apart */
#define PAGE_BYTES (256 * 1024) /* rows in one reply: checking them stays far under 10 ms */
#define PAGE_ROWS 2000

enum job_state { JOB_RUNNING, JOB_DONE, JOB_FAILED, JOB_CANCELLED };
static const char *const job_state_names[] = {"running", "done", "failed", "cancelled"};

struct job {
	struct engine *e;
	int64_t id, turn;
	char *session, *what; /* session NULL: not a question */
	uid_t uid;
	char *user;
	int method;
	enum job_state state, outcome; /* outcome becomes the state when its turn is on disk */
	int64_t started_us, ended_us, told_us;
	struct err err;
	cJSON *steps, *reading, *answer, *import, *ctx;
	struct spool spools[MW_PLAN_STEPS_MAX];
	struct call *call;     /* NULL when it has ended, or not begun */
	struct request *asked; /* waits for the reading */
	const char *kind;
	struct job *next;
};

/* ---- the form on the wire ---- */

static void add_copy(cJSON *o, const char *key, const cJSON *v)
{
	cJSON_AddItemToObject(o, key, v ? cJSON_Duplicate(v, 1) : cJSON_CreateNull());
}

static cJSON *job_json(const struct job *j, bool with_answer)
{
	cJSON *o = cJSON_CreateObject();
	int64_t end = j->ended_us ? j->ended_us : mw_mono_us();

	json_add_i64(o, "job", j->id);
	json_add_str(o, "session", j->session);
	if (j->turn)
		json_add_i64(o, "turn", j->turn);
	json_add_str(o, "state", job_state_names[j->state]);
	json_add_str(o, "what", j->what);
	json_add_str(o, "user", j->user);
	json_add_i64(o, "elapsed_ms", (end - j->started_us) / 1000);
	if (j->err.code)
		json_add_str(o, "error", j->err.what);
	add_copy(o, "steps", j->steps);
	if (j->import)
		add_copy(o, "import", j->import);
	add_copy(o, "answer", with_answer ? j->answer : NULL);
	return o;
}

cJSON *jobs_json(const struct engine *e, uid_t uid)
{
	cJSON *list = cJSON_CreateArray();

	for (const struct job *j = e->jobs; j; j = j->next)
		if (uid == (uid_t)-1 || j->uid == uid)
			cJSON_AddItemToArray(list, job_json(j, false));
	return list;
}

/* ---- life ---- */

static struct job *find(const struct engine *e, int64_t id)
{
	for (struct job *j = e->jobs; j; j = j->next)
		if (j->id == id)
			return j;
	return NULL;
}

static void job_free(struct job *j)
{
	for (size_t i = 0; i < ARRAY_LEN(j->spools); i++)
		spool_close(&j->spools[i]);
	cJSON_Delete(j->steps);
	cJSON_Delete(j->reading);
	cJSON_Delete(j->answer);
	cJSON_Delete(j->import);
	cJSON_Delete(j->ctx);
	free(j->session);
	free(j->what);
	free(j->user);
	free(j);
}

void jobs_free(struct engine *e)
{
	while (e->jobs) {
		struct job *j = e->jobs;
		e->jobs = j->next;
		if (j->asked)
			request_free(j->asked);
		job_free(j);
	}
}

bool jobs_running(const struct engine *e)
{
	for (const struct job *j = e->jobs; j; j = j->next)
		if (j->state == JOB_RUNNING)
			return true;
	return false;
}

static uint64_t spool_bytes(const struct job *j)
{
	uint64_t sum = 0;
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(j->spools); i++)
		if (j->spools[i].data >= 0 && fstat(j->spools[i].data, &st) == 0)
			sum += (uint64_t)st.st_size;
	return sum;
}

/* Old ended jobs go; the answers stay in their session's turns. */
static void forget_old(struct engine *e)
{
	struct job **at = &e->jobs;
	uint64_t bytes = 0;
	int kept = 0;

	while (*at) {
		struct job *j = *at;
		if (j->state != JOB_RUNNING) {
			bytes += spool_bytes(j);
			kept++;
		}
		if (j->state != JOB_RUNNING &&
		    (kept > JOBS_KEPT || (kept > 1 && bytes > SPOOL_KEPT))) {
			*at = j->next;
			job_free(j);
		} else {
			at = &j->next;
		}
	}
}

static void tell(struct job *j, const char *method, bool with_answer)
{
	j->told_us = mw_mono_us();
	client_broadcast(j->e, j->uid, method, job_json(j, with_answer));
}

/* ---- what the worker says ---- */

static bool is_clarification(const struct job *j)
{
	return strcmp(json_str(j->reading, "kind", ""), "clarify") == 0;
}

static void answer_reading(struct job *j)
{
	struct request *r = j->asked;
	cJSON *o;

	if (!r)
		return;
	j->asked = NULL;
	o = cJSON_CreateObject();
	json_add_i64(o, "turn", j->turn);
	if (is_clarification(j))
		json_add_str(o, "job", NULL);
	else
		json_add_i64(o, "job", j->id);
	add_copy(o, "reading", j->reading);
	request_reply(r, o);
}

static void put_step(struct job *j, const cJSON *step)
{
	int64_t n = json_i64(step, "n", -1);
	const cJSON *m;
	cJSON *old = NULL, *s;

	cJSON_ArrayForEach(s, j->steps) if (json_i64(s, "n", -2) == n) old = s;
	if (!old) {
		if (cJSON_GetArraySize(j->steps) < MW_PLAN_STEPS_MAX)
			cJSON_AddItemToArray(j->steps, cJSON_Duplicate(step, 1));
		return;
	}
	cJSON_ArrayForEach(m, step)
	{
		cJSON_DeleteItemFromObjectCaseSensitive(old, m->string);
		cJSON_AddItemToObject(old, m->string, cJSON_Duplicate(m, 1));
	}
}

static void on_import(struct job *j, const cJSON *params)
{
	cJSON *told = cJSON_Duplicate(params, 1);

	cJSON_Delete(j->import);
	j->import = cJSON_Duplicate(params, 1);
	json_add_i64(told, "job", j->id);
	client_broadcast(j->e, j->uid, "import.progress", told);
}

static void on_notify(void *ctx, const char *method, const cJSON *params)
{
	struct job *j = ctx;
	bool ended;

	if (strcmp(method, "model.part") == 0) {
		cJSON *told = cJSON_Duplicate(params, 1);
		json_add_i64(told, "job", j->id);
		json_add_str(told, "session", j->session);
		client_broadcast(j->e, j->uid, method, told);
	} else if (strcmp(method, "reading") == 0) {
		cJSON_Delete(j->reading);
		j->reading = cJSON_Duplicate(json_get(params, "reading"), 1);
		answer_reading(j);
	} else if (strcmp(method, "import") == 0) {
		on_import(j, params);
	} else if (strcmp(method, "step") == 0) {
		put_step(j, params);
		ended = strcmp(json_str(params, "state", ""), "running") != 0;
		if (ended || mw_mono_us() - j->told_us > PROGRESS_US)
			tell(j, "job.progress", false);
	}
}

const char *job_asker(const struct call_opts *o, int64_t *job)
{
	const struct job *j = o->notify == on_notify ? o->ctx : NULL;

	*job = j ? j->id : 0;
	return j ? j->user : NULL;
}

int engine_spool(const struct engine *e, struct spool *v, size_t n, int step, struct spool *files,
                 struct err *err)
{
	if (step < 0 || (size_t)step >= n)
		return err_set(err, ERR_INTERNAL, "rows of step %d", step);
	if (v[step].data < 0 && spool_create(&v[step], e->spool_dir, err))
		return -1;
	*files = v[step];
	return 0;
}

static int make_spool(void *ctx, int step, struct spool *files, struct err *e)
{
	struct job *j = ctx;

	return engine_spool(j->e, j->spools, ARRAY_LEN(j->spools), step, files, e);
}

static int store_turn(struct state *s, void *arg, struct err *e)
{
	struct job *j = arg;
	struct who w = {j->uid, j->user};

	return state_turn_set(s, &w, j->session, j->turn, j->reading, j->answer, e);
}

static enum job_state state_after(const struct err *e)
{
	if (!e)
		return JOB_DONE;
	return e->code == ERR_CANCELLED ? JOB_CANCELLED : JOB_FAILED;
}

/* Ended for everybody: only now, since an answer that was told must be on disk. */
static void settle(struct job *j)
{
	struct engine *e = j->e;
	cJSON *changed;

	j->state = j->outcome;
	j->ended_us = mw_mono_us();
	answer_reading(j);
	tell(j, "job.done", true);
	if (j->session) {
		changed = cJSON_CreateObject();
		json_add_str(changed, "session", j->session);
		json_add_i64(changed, "turn", j->turn);
		client_broadcast(e, j->uid, "session.changed", changed);
	}
	forget_old(e);
	engine_idle_check(e);
}

static void turn_stored(void *arg, const struct err *e)
{
	struct job *j = arg;

	if (e) {
		j->outcome = JOB_FAILED;
		j->err = *e;
	}
	settle(j);
}

static void fail_asked(struct job *j, const struct err *e)
{
	struct request *r = j->asked;

	j->asked = NULL;
	if (r)
		request_fail(r, e);
}

/* Until its turn is stored it stays "running". */
static void on_done(void *ctx, cJSON *result, const struct err *e)
{
	struct job *j = ctx;

	j->call = NULL;
	j->outcome = state_after(e);
	if (e) {
		j->err = *e;
		fail_asked(j, e);
	} else if (j->session) {
		cJSON *reading = cJSON_DetachItemFromObjectCaseSensitive(result, "reading");
		if (reading) {
			cJSON_Delete(j->reading);
			j->reading = reading;
		}
		j->answer = cJSON_DetachItemFromObjectCaseSensitive(result, "answer");
		cJSON_Delete(result);
	} else {
		j->answer = result;
	}
	if (j->method == M_IMPORT_START)
		engine_imported(j->e);
	if (j->session)
		keeper_do(j->e->keeper, store_turn, turn_stored, j);
	else
		settle(j);
}

/* ---- beginning ---- */

static void add_model(cJSON *ctx, const struct engine *e)
{
	cJSON *model = model_context(e);

	if (model)
		cJSON_AddItemToObject(ctx, "model", model);
}

static void begin(struct job *j)
{
	struct request *r = j->asked;
	struct call_opts o = {.kind = j->kind,
	                      .method = methods[j->method].name,
	                      .uid = j->uid,
	                      .ctx = j,
	                      .done = on_done,
	                      .notify = on_notify,
	                      .spool = make_spool};

	o.params = cJSON_Duplicate(r->params, 1);
	add_model(j->ctx, j->e);
	cJSON_AddItemToObject(o.params, "ctx", j->ctx);
	j->ctx = NULL;
	if (j->method != M_IMPORT_START)
		o.deadline_us = config_i64(j->e->config, OPT_QUERY_TIME);
	memcpy(o.fds, r->fds, sizeof(int) * (size_t)r->nfds);
	o.nfds = r->nfds;
	r->nfds = 0;
	j->call = pool_call(j->e->pool, &o);
}

static int store_begin(struct state *s, void *arg, struct err *e)
{
	struct job *j = arg;
	struct request *r = j->asked;

	j->ctx = worker_context(s, r, e); /* before this turn is one of the earlier ones */
	if (!j->ctx)
		return -1;
	if (!j->session)
		return state_audit(s, &r->who, methods[r->method].name, "", r->params, r->now, e);
	return state_turn_begin(s, &r->who, j->session, j->what, request_str(r, "incident"), j->id,
	                        &j->turn, e);
}

static void begin_stored(void *arg, const struct err *e)
{
	struct job *j = arg;
	struct err stopping;
	cJSON *o;

	if (!e && !j->e->pool) {
		err_set(&stopping, ERR_CANCELLED, "the engine is stopping");
		e = &stopping;
	}
	if (e) {
		j->state = JOB_FAILED;
		j->err = *e;
		j->ended_us = mw_mono_us();
		fail_asked(j, e);
		return;
	}
	begin(j);
	if (j->method != M_IMPORT_START)
		return;
	o = cJSON_CreateObject();
	json_add_i64(o, "job", j->id);
	request_reply(j->asked, o);
	j->asked = NULL;
}

static char *describe(const struct request *r)
{
	const char *question = request_str(r, "question"), *recipe = request_str(r, "recipe");

	if (r->method == M_IMPORT_START)
		return xasprintf("import of %d files",
		                 cJSON_GetArraySize(json_arr(r->params, "names")));
	if (question)
		return xstrdup(question);
	if (recipe)
		return xasprintf("%s%s%s", recipe, request_str(r, "value") ? " " : "",
		                 request_str(r, "value") ? request_str(r, "value") : "");
	return xstrdup("plan");
}

static int check_begin(const struct request *r, struct err *e)
{
	int n = 0, names = cJSON_GetArraySize(json_arr(r->params, "names"));
	const char *session = request_str(r, "session");

	for (const struct job *j = r->e->jobs; j; j = j->next)
		n += j->state == JOB_RUNNING;
	if (n >= MW_JOBS_MAX)
		return err_set(e, ERR_LIMIT, "%d jobs are running; wait or cancel one", n);
	if (r->method == M_IMPORT_START && names != r->nfds)
		return err_set(e, ERR_INVALID,
		               "%d names but %d descriptors: the client opens what it names", names,
		               r->nfds);
	if (session && (!*session || strlen(session) > 128))
		return err_set(e, ERR_INVALID, "a session's name has 1 to 128 bytes");
	if (request_str(r, "question") && strlen(request_str(r, "question")) > MW_QUESTION_MAX)
		return err_set(e, ERR_LIMIT, "a question has at most %d bytes", MW_QUESTION_MAX);
	return 0;
}

void route_job(struct request *r, const char *kind)
{
	struct job *j;
	struct err e;

	if (check_begin(r, &e)) {
		request_fail(r, &e);
		return;
	}
	j = xcalloc(1, sizeof(*j));
	j->e = r->e;
	j->id = ++r->e->last_job;
	j->session = request_str(r, "session") ? xstrdup(request_str(r, "session")) : NULL;
	j->what = describe(r);
	j->uid = r->who.uid;
	j->user = xstrdup(r->user);
	j->method = r->method;
	j->kind = kind;
	j->asked = r;
	j->started_us = mw_mono_us();
	j->steps = cJSON_CreateArray();
	for (size_t i = 0; i < ARRAY_LEN(j->spools); i++)
		j->spools[i] = (struct spool)SPOOL_NONE;
	j->next = r->e->jobs;
	r->e->jobs = j;
	keeper_do(r->e->keeper, store_begin, begin_stored, j);
}

/* ---- requests about jobs ---- */

static struct job *own_job(struct request *r)
{
	int64_t id = json_i64(r->params, "job", 0);
	struct job *j = find(r->e, id);
	struct err e;

	if (j && (j->uid == r->who.uid || r->role >= PERM_LEAD))
		return j;
	err_set(&e, ERR_NOT_FOUND, "there is no job %lld any more; ask again", (long long)id);
	request_fail(r, &e);
	return NULL;
}

void job_list(struct request *r)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToObject(o, "jobs",
	                      jobs_json(r->e, r->role >= PERM_LEAD ? (uid_t)-1 : r->who.uid));
	request_reply(r, o);
}

void job_get(struct request *r)
{
	struct job *j = own_job(r);

	if (j)
		request_reply(r, job_json(j, true));
}

void job_cancel(struct request *r)
{
	struct job *j = own_job(r);

	if (!j)
		return;
	if (j->call)
		pool_cancel(j->call);
	request_reply(r, NULL);
}

void job_rows(struct request *r)
{
	struct job *j = own_job(r);
	int64_t step = json_i64(r->params, "step", 0), offset = json_i64(r->params, "offset", 0);
	int64_t limit = json_i64(r->params, "limit", PAGE_ROWS);
	struct spool *s;
	struct buf rows = BUF_INIT;
	uint64_t n;
	struct err e;
	cJSON *o;

	if (!j)
		return;
	if (step < 0 || step >= MW_PLAN_STEPS_MAX || offset < 0 || limit < 0) {
		err_set(&e, ERR_INVALID, "job.rows: step, offset or limit is out of range");
		request_fail(r, &e);
		return;
	}
	s = &j->spools[step];
	buf_ch(&rows, '[');
	if (spool_page(s, (uint64_t)offset, (uint64_t)(limit > PAGE_ROWS ? PAGE_ROWS : limit),
	               PAGE_BYTES, &rows, &n, &e)) {
		buf_release(&rows);
		request_fail(r, &e);
		return;
	}
	buf_ch(&rows, ']');
	o = cJSON_CreateObject();
	cJSON_AddItemToObject(o, "rows", cJSON_CreateRaw(rows.s));
	json_add_i64(o, "offset", offset);
	json_add_i64(o, "total", (int64_t)spool_rows(s));
	json_add_bool(o, "complete", j->state != JOB_RUNNING);
	buf_release(&rows);
	request_reply(r, o);
}

const cJSON *job_plan(const struct engine *e, int64_t id, uid_t uid)
{
	const struct job *j = id ? find(e, id) : NULL;

	return j && j->uid == uid ? json_obj(j->reading, "plan") : NULL;
}
