/*
 * Watches: questions that are asked again whenever the lake has changed. The first answer is what is known; when a later one has
 * more rows, its owner hears of it.
 */
#include "base/log.h"
#include "serve/engine.h"

#define WATCH_SECONDS 60

struct asking {
	struct engine *e;
	int64_t watch, seen, rows; /* seen -1: not asked before */
	uid_t uid;
	char *question;
	struct spool files[MW_PLAN_STEPS_MAX]; /* rows that nobody pages: gone with the answer */
};

static void asking_free(struct asking *a)
{
	for (size_t i = 0; i < ARRAY_LEN(a->files); i++)
		spool_close(&a->files[i]);
	free(a->question);
	free(a);
}

static bool rings(const struct asking *a)
{
	return a->seen >= 0 && a->rows > a->seen;
}

static int store_seen(struct state *s, void *arg, struct err *e)
{
	const struct asking *a = arg;

	return state_watch_seen(s, a->watch, a->rows, rings(a) ? mw_now() : MW_TIME_NONE, e);
}

static void seen_stored(void *arg, const struct err *e)
{
	struct asking *a = arg;
	cJSON *params;
	char *text;

	if (e) {
		mw_log(LOG_WARN, "watch %lld: %s", (long long)a->watch, e->what);
	} else if (rings(a)) {
		params = cJSON_CreateObject();
		text = xasprintf("%lld new: %s", (long long)(a->rows - a->seen), a->question);
		json_add_i64(params, "watch", a->watch);
		json_add_str(params, "text", text);
		free(text);
		client_broadcast(a->e, a->uid, "watch.hit", params);
	}
	asking_free(a);
}

/* A number counts as itself, a list by its length. */
static int64_t size_of(const cJSON *answer)
{
	if (strcmp(json_str(answer, "kind", ""), "count") == 0)
		return json_i64(answer, "value", 0);
	return json_i64(answer, "total", 0);
}

static void answered(void *ctx, cJSON *result, const struct err *e)
{
	struct asking *a = ctx;
	const cJSON *answer = json_obj(result, "answer");

	if (e || !answer || json_bool(answer, "partial", false)) {
		mw_log(LOG_WARN, "watch %lld: %s", (long long)a->watch,
		       e ? e->what : "no whole answer; asked again when the lake changes");
		asking_free(a);
	} else {
		a->rows = size_of(answer);
		keeper_do(a->e->keeper, store_seen, seen_stored, a);
	}
	cJSON_Delete(result);
}

static int make_spool(void *ctx, int step, struct spool *files, struct err *e)
{
	struct asking *a = ctx;

	return engine_spool(a->e, a->files, ARRAY_LEN(a->files), step, files, e);
}

static void ask(struct engine *e, const cJSON *watch, const char *kind)
{
	struct asking *a = xcalloc(1, sizeof(*a));
	struct call_opts o = {.kind = kind,
	                      .method = "ask",
	                      .params = cJSON_CreateObject(),
	                      .deadline_us = WATCH_SECONDS * MW_SECOND,
	                      .ctx = a,
	                      .done = answered,
	                      .spool = make_spool};

	a->e = e;
	a->watch = json_i64(watch, "watch", 0);
	a->seen = json_i64(watch, "seen", -1);
	a->uid = o.uid = (uid_t)json_i64(watch, "uid", 0);
	a->question = xstrdup(json_str(watch, "question", ""));
	for (size_t i = 0; i < ARRAY_LEN(a->files); i++)
		a->files[i] = (struct spool)SPOOL_NONE;
	json_add_str(o.params, "session", json_str(watch, "session", ""));
	json_add_str(o.params, "question", a->question);
	json_add_time(json_add_obj(o.params, "ctx"), "now", mw_now());
	pool_call(e->pool, &o);
}

struct due {
	struct engine *e;
	cJSON *watches;
};

static int read_due(struct state *s, void *arg, struct err *e)
{
	struct due *d = arg;

	d->watches = state_watches_due(s, mw_now(), e);
	return d->watches ? 0 : -1;
}

static void due_known(void *arg, const struct err *e)
{
	struct due *d = arg;
	const char *kind = kind_of_method(d->e, "ask");
	const cJSON *w;

	if (e)
		mw_log(LOG_WARN, "watches: %s", e->what);
	cJSON_ArrayForEach(w, d->watches) if (d->e->pool && kind) ask(d->e, w, kind);
	cJSON_Delete(d->watches);
	free(d);
}

void watches_run(struct engine *e)
{
	struct due *d = xcalloc(1, sizeof(*d));

	d->e = e;
	keeper_do(e->keeper, read_due, due_known, d);
}
