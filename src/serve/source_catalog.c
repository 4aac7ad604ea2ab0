#include "serve/source_catalog.h"

#include <fcntl.h>

#include "base/limits.h"
#include "base/log.h"
#include "serve/work.h"

#define KEEP MW_HOUR                /* from then on it is read again */
#define AGAIN_AFTER (5 * MW_MINUTE) /* where it could not be read */
#define READ_US (60 * MW_SECOND)
#define PAGE_ROWS 50

struct waiting {
	void (*then)(void *ctx);
	void *ctx;
};
struct catalog_kept {
	char *source;
	struct spool files; /* of the one that is given out */
	mw_time at, failed; /* MW_TIME_NONE: never */
	int64_t tables, fields;
	bool sample;
	char *error; /* why the last reading failed */
	struct catalog_reading *reading;
	VEC(struct waiting) waiting;
	struct catalog_kept *next;
};
struct catalog_reading {
	struct engine *e;
	struct catalog_kept *c; /* NULL: nobody wants it any more */
	struct spool files;
	int64_t started_us;
};

static struct catalog_kept *kept(struct engine *e, const char *source)
{
	struct catalog_kept *c = e->catalogs;

	while (c && strcmp(c->source, source) != 0)
		c = c->next;
	if (c)
		return c;
	c = xcalloc(1, sizeof(*c));
	*c = (struct catalog_kept){.source = xstrdup(source),
	                           .files = SPOOL_NONE,
	                           .at = MW_TIME_NONE,
	                           .failed = MW_TIME_NONE,
	                           .next = e->catalogs};
	e->catalogs = c;
	return c;
}

/* ---- reading ---- */

static void wake(struct catalog_kept *c)
{
	while (c->waiting.n) {
		struct waiting w = c->waiting.v[--c->waiting.n];
		w.then(w.ctx);
	}
}

static void take(struct catalog_kept *c, struct catalog_reading *r, const cJSON *result)
{
	if (!mw_time_parse(slice_of(json_str(result, "at", "")), &c->at))
		c->at = mw_now();
	spool_close(&c->files);
	c->files = r->files;
	r->files = (struct spool)SPOOL_NONE;
	c->tables = json_i64(result, "tables", 0);
	c->fields = json_i64(result, "fields", 0);
	c->sample = json_bool(result, "sample", false);
	c->failed = MW_TIME_NONE;
	free(c->error);
	c->error = NULL;
}

static void fail(struct catalog_kept *c, const struct err *e)
{
	mw_log(LOG_INFO, "the catalogue of %s could not be read: %s", c->source, e->what);
	free(c->error);
	c->error = xstrdup(e->what);
	c->failed = mw_now();
}

static void was_read(void *ctx, cJSON *result, const struct err *e)
{
	struct catalog_reading *r = ctx;
	struct catalog_kept *c = r->c;

	if (c && r->e->pool) {
		source_fares(r->e, c->source, e && e->code == ERR_NOT_FOUND ? NULL : e,
		             mw_mono_us() - r->started_us);
		if (e)
			fail(c, e);
		else
			take(c, r, result);
	}
	if (c) {
		c->reading = NULL;
		wake(c);
	}
	cJSON_Delete(result);
	spool_close(&r->files);
	free(r);
}

static int give_spool(void *ctx, int step, struct spool *files, struct err *e)
{
	struct catalog_reading *r = ctx;

	return engine_spool(r->e, &r->files, 1, step, files, e);
}

static void read_it(struct engine *e, struct catalog_kept *c)
{
	struct call_opts o = {.kind = work_source.name,
	                      .instance = c->source,
	                      .method = "catalog",
	                      .params = cJSON_CreateObject(),
	                      .deadline_us = READ_US,
	                      .done = was_read,
	                      .spool = give_spool};

	c->reading = xcalloc(1, sizeof(*c->reading));
	*c->reading = (struct catalog_reading){e, c, SPOOL_NONE, mw_mono_us()};
	o.ctx = c->reading;
	pool_call(e->pool, &o);
}

void catalog_want(struct engine *e, const char *source, bool fresh, void (*then)(void *ctx),
                  void *ctx)
{
	struct catalog_kept *c = kept(e, source);
	bool have = c->at != MW_TIME_NONE, old = !have || c->at < mw_now() - KEEP,
	     tried = c->failed != MW_TIME_NONE && c->failed > mw_now() - AGAIN_AFTER;

	if (!c->reading && (fresh || (old && !tried)))
		read_it(e, c);
	if (!c->reading || (have && !fresh))
		then(ctx);
	else
		*vec_push(&c->waiting) = (struct waiting){then, ctx};
}

/* ---- giving ---- */

int catalog_give(struct engine *e, const char *source, cJSON *params, int fds[2])
{
	const struct catalog_kept *c = kept(e, source);
	cJSON *o;

	if (c->at == MW_TIME_NONE) {
		json_add_str(params, "catalog_error", c->error);
		return 0;
	}
	o = json_add_obj(params, "catalog");
	json_add_time(o, "at", c->at);
	json_add_bool(o, "sample", c->sample);
	fds[0] = fcntl(c->files.data, F_DUPFD_CLOEXEC, 0);
	fds[1] = fcntl(c->files.index, F_DUPFD_CLOEXEC, 0);
	return 2;
}

cJSON *catalog_json(struct engine *e, const char *source)
{
	const struct catalog_kept *c = kept(e, source);
	cJSON *o;

	if (c->at == MW_TIME_NONE && !c->error && !c->reading)
		return cJSON_CreateNull();
	o = cJSON_CreateObject();
	if (c->at != MW_TIME_NONE)
		json_add_time(o, "at", c->at);
	json_add_i64(o, "tables", c->tables);
	json_add_i64(o, "fields", c->fields);
	json_add_bool(o, "sample", c->sample);
	json_add_str(o, "error", c->error);
	json_add_bool(o, "reading", c->reading != NULL);
	return o;
}

/* ---- source.catalog ---- */

static void reply_rows(void *ctx)
{
	struct request *r = ctx;
	struct catalog_kept *c = kept(r->e, request_str(r, "source"));
	int64_t offset = json_i64(r->params, "offset", 0);
	struct buf rows = BUF_INIT;
	uint64_t n;
	struct err e;
	cJSON *o;

	if (c->at == MW_TIME_NONE) {
		err_set(&e, ERR_REMOTE, "%s", c->error ? c->error : "the engine is stopping");
		request_fail(r, &e);
		return;
	}
	buf_ch(&rows, '[');
	if (spool_page(&c->files, offset < 0 ? 0 : (uint64_t)offset, PAGE_ROWS, MW_ROW_MAX, &rows,
	               &n, &e)) {
		buf_release(&rows);
		request_fail(r, &e);
		return;
	}
	buf_ch(&rows, ']');
	o = catalog_json(r->e, c->source);
	cJSON_AddItemToObject(o, "rows", cJSON_CreateRaw(rows.s));
	json_add_i64(o, "offset", offset);
	json_add_i64(o, "total", (int64_t)spool_rows(&c->files));
	buf_release(&rows);
	request_reply(r, o);
}

/* The first page reads it anew, the others go on in that. */
void catalog_rows(struct request *r)
{
	const char *source = request_str(r, "source");
	struct err e;

	if (source_known(r->e, source, &e))
		request_fail(r, &e);
	else
		catalog_want(r->e, source,
		             json_i64(r->params, "offset", 0) == 0 &&
		                     !json_bool(r->params, "kept", false),
		             reply_rows, r);
}

/* ---- the end ---- */

static void forget(struct catalog_kept *c)
{
	if (c->reading)
		c->reading->c = NULL;
	c->reading = NULL;
	spool_close(&c->files);
	c->at = c->failed = MW_TIME_NONE;
	free(c->error);
	c->error = NULL;
}

void catalogs_forget(struct engine *e)
{
	for (struct catalog_kept *c = e->catalogs; c; c = c->next) {
		forget(c);
		wake(c);
	}
}

void catalogs_free(struct engine *e)
{
	while (e->catalogs) {
		struct catalog_kept *c = e->catalogs;
		e->catalogs = c->next;
		forget(c);
		vec_free(&c->waiting);
		free(c->source);
		free(c);
	}
}
