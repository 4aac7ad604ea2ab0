/* The lake's writer: imports, undo, drop, retention. One process; one request at a time keeps the
 * lake single-writer. */
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/map.h"
#include "intake/import.h"
#include "proc/sandbox.h"
#include "serve/user_assets.h"
#include "serve/work.h"
#include "store/graph.h"

struct import_state {
	struct lake *lake;
	struct graph *graph;
	char *cluster; /* the source that is the store of events in place of the lake; NULL: the lake is */
};

static int start(struct worker *w, const cJSON *config, struct err *e)
{
	struct import_state *s = xcalloc(1, sizeof(*s));
	const char *dir = json_str(config, "state", ".");
	const char *cluster = json_str(config, "lake", NULL);
	worker_set_state(w, s);
	s->cluster = cluster ? xstrdup(cluster) : NULL;
	return fields_load(e) || user_mappings_load(json_str(config, "assets_user", NULL), e) ||
	                       lake_open(&s->lake, dir, LAKE_WRITE, e) ||
	                       graph_open(&s->graph, dir, GRAPH_WRITE, e)
	               ? -1
	               : 0;
}

static void stop(struct worker *w)
{
	struct import_state *s = worker_state(w);
	if (!s)
		return;
	graph_close(s->graph);
	lake_close(s->lake);
	free(s->cluster);
	free(s);
}

static bool wanted(void *ctx)
{
	return worker_wanted(ctx);
}

/* Compaction: a request that comes meanwhile ends it at once, and nothing of it was acknowledged to anybody. */
static bool tidy(struct worker *w)
{
	struct import_state *s = worker_state(w);
	struct err e = {0};
	bool more = false;

	if (lake_compact(s->lake, wanted, w, &more, &e))
		mw_log(LOG_WARN, "compaction of the lake: %s", e.what);
	return more;
}

static cJSON *progress_json(const struct import_progress *p)
{
	cJSON *o = cJSON_CreateObject();
	json_add_str(o, "file", p->file);
	json_add_i64(o, "bytes", (int64_t)p->bytes);
	json_add_i64(o, "bytes_total", (int64_t)p->bytes_total);
	json_add_i64(o, "events", (int64_t)p->events);
	json_add_i64(o, "duplicates", (int64_t)p->duplicates);
	json_add_i64(o, "rejected", (int64_t)p->rejected);
	json_add_i64(o, "nodes", (int64_t)p->nodes);
	json_add_i64(o, "edges", (int64_t)p->edges);
	cJSON_AddItemToObject(o, "seconds", cJSON_CreateNumber(p->seconds));
	return o;
}

struct part { /* of what a client imports in several requests, since a message takes so many files */
	struct worker *w;
	uint64_t before, all; /* bytes; all 0: this is the whole */
};

static bool on_progress(void *ctx, const struct import_progress *p)
{
	const struct part *part = ctx;
	struct import_progress whole = *p;
	struct err ignored;

	if (part->all) {
		whole.bytes += part->before;
		whole.bytes_total = part->all;
	}
	/* A lost progress line does no harm; the cancel flag is what matters here. */
	if (worker_notify(part->w, "import", progress_json(&whole), &ignored))
		return false;
	return !*worker_cancelled(part->w);
}

/* ---- another store than the lake ---- */

#define LOAD_SECONDS 600 /* for one batch */
#define LOOK_US MW_SECOND

struct storing {
	struct worker *w;
	const char *source;
	char *run; /* names the batches of this import, so that none is stored twice */
	int n;
	struct worker_call *call;
};

static int store_begin(void *ctx, int batch_fd, struct err *e)
{
	struct storing *s = ctx;
	cJSON *params = cJSON_CreateObject();
	char *key = xasprintf("%s-%d", s->run, s->n++);

	json_add_str(params, "key", key);
	json_add_i64(params, "deadline_us", LOAD_SECONDS * MW_SECOND);
	s->call = worker_call_begin_fds(s->w, work_source.name, s->source, "load", params,
	                                &batch_fd, 1, e);
	free(key);
	return s->call ? 0 : -1;
}

static void read_stored(const cJSON *result, struct import_stored *out)
{
	const cJSON *x;

	out->events = (uint64_t)json_i64(result, "events", 0);
	out->duplicates = (uint64_t)json_i64(result, "duplicates", 0);
	cJSON_ArrayForEach(x, json_obj(result, "by_file"))
	        map_put_str(out->by_file, x->string, NULL)
	                ->val.u = (uint64_t)json_i64(json_obj(result, "by_file"), x->string, 0);
}

static int store_end(void *ctx, struct import_stored *out, struct err *e)
{
	struct storing *s = ctx;
	cJSON *result = NULL;
	int ended = 0, rc = -1;

	while (ended == 0)
		ended = worker_call_wait(s->call, LOOK_US);
	if (ended < 0)
		err_set(e, ERR_CANCELLED, "cancelled");
	else
		rc = worker_call_result(s->call, &result, e);
	if (rc == 0)
		read_stored(result, out);
	else if (ended > 0)
		err_prefix(e, "what %s has acknowledged stays, the same import goes on from there",
		           s->source);
	cJSON_Delete(result);
	worker_call_end(s->call);
	s->call = NULL;
	return rc;
}

/* to: NULL or the lake's own name: where the configuration keeps events. False: in the embedded lake. */
static bool storing_init(struct storing *s, struct worker *w, const char *to)
{
	const struct import_state *st = worker_state(w);
	const char *source = to && strcmp(to, "lake") != 0 ? to : st->cluster;

	*s = (struct storing){.w = w, .source = source};
	if (source)
		s->run = xasprintf("%lld-%d", (long long)mw_now(), (int)getpid());
	return source != NULL;
}

static void storing_release(struct storing *s)
{
	if (s->call)
		worker_call_end(s->call);
	free(s->run);
}

/* What changes events that were stored before is for the cluster's own tools. */
static int only_embedded(struct worker *w, struct err *e)
{
	const struct import_state *s = worker_state(w);

	return s->cluster
	               ? err_set(e, ERR_DENIED,
	                         "events are kept in \"%s\", and midwatch deletes nothing there: "
	                         "drop partitions of its table, or set a TTL or a retention "
	                         "policy on it",
	                         s->cluster)
	               : 0;
}

/* ---- requests ---- */

static int import(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct import_state *s = worker_state(w);
	const cJSON *names = json_arr(params, "names");
	struct import_file *files = xcalloc((size_t)cJSON_GetArraySize(names) + 1, sizeof(*files));
	struct part part = {w, (uint64_t)json_i64(params, "bytes_before", 0),
	                    (uint64_t)json_i64(params, "bytes_all", 0)};
	struct import_opts o = {.label = json_str(params, "label", NULL),
	                        .mapping = json_str(params, "mapping", NULL),
	                        .into = json_i64(params, "into", 0),
	                        .progress = on_progress,
	                        .ctx = &part};
	struct import_result r = {0};
	struct storing storing;
	struct import_store store = {&storing, store_begin, store_end};
	size_t n = 0;
	int rc;
	for (const cJSON *v = names ? names->child : NULL; v; v = v->next) {
		files[n] = (struct import_file){.fd = worker_fd(w, n),
		                                .name = cJSON_IsString(v) ? v->valuestring : "?"};
		if (files[n++].fd < 0) {
			free(files);
			return err_set(e, ERR_INVALID,
			               "%zu files are named but only %zu descriptors came with the "
			               "request",
			               (size_t)cJSON_GetArraySize(names), n - 1);
		}
	}
	if (storing_init(&storing, w, json_str(params, "to", NULL)))
		o.store = &store;
	rc = import_run(s->lake, s->graph, files, n, &o, &r, e);
	storing_release(&storing);
	if (!rc) {
		*result = progress_json(&r.total);
		json_add_i64(*result, "import", r.id);
		json_add_bool(*result, "cancelled", r.cancelled);
		cJSON_AddItemToObject(*result, "files", r.files ? r.files : cJSON_CreateArray());
	}
	free(files);
	return rc;
}

static int undo(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct import_state *s = worker_state(w);
	uint64_t removed;
	if (only_embedded(w, e) ||
	    lake_import_undo(s->lake, json_i64(params, "import", 0), &removed, e))
		return -1;
	*result = cJSON_CreateObject();
	json_add_i64(*result, "removed", (int64_t)removed);
	return 0;
}

static int retry(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct import_state *s = worker_state(w);
	struct import_retry r = {.after = json_i64(params, "after", 0),
	                         .until = json_i64(params, "until", 0),
	                         .import = json_i64(params, "import", 0)};
	struct storing storing;
	struct import_store store = {&storing, store_begin, store_end};
	int rc;

	if (storing_init(&storing, w, NULL))
		r.store = &store;
	rc = import_retry_some(s->lake, s->graph, &r, e);
	storing_release(&storing);
	if (rc)
		return -1;
	*result = cJSON_CreateObject();
	json_add_i64(*result, "after", r.after);
	json_add_i64(*result, "until", r.until);
	json_add_i64(*result, "import", r.import);
	json_add_i64(*result, "tried", (int64_t)r.tried);
	json_add_i64(*result, "events", (int64_t)r.events);
	json_add_i64(*result, "duplicates", (int64_t)r.duplicates);
	json_add_i64(*result, "rejected", (int64_t)r.rejected);
	json_add_i64(*result, "nodes", (int64_t)r.nodes);
	json_add_i64(*result, "edges", (int64_t)r.edges);
	json_add_bool(*result, "more", r.more);
	return 0;
}

static int drop(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct import_state *s = worker_state(w);
	if (only_embedded(w, e) || lake_drop(s->lake, json_str(params, "dataset", NULL), e))
		return -1;
	*result = lake_status(s->lake, e);
	return *result ? 0 : -1;
}

static int retain(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct import_state *s = worker_state(w);
	int64_t days = json_i64(params, "days", 0), bytes = json_i64(params, "max_bytes", 0);
	if (days < 0 || bytes < 0 || (!days && !bytes))
		return err_set(e, ERR_INVALID, "retention needs days or max_bytes over 0");
	if (lake_retain(s->lake, (uint64_t)bytes, days ? mw_now() - days * MW_DAY : MW_TIME_NONE,
	                e))
		return -1;
	*result = lake_status(s->lake, e);
	return *result ? 0 : -1;
}

static const struct worker_method methods_import[] = {
        {"import.start", import}, {"import.undo", undo},   {"import.retry", retry},
        {"lake.drop", drop},      {"lake.retain", retain}, {NULL, NULL},
};
const struct worker_kind work_import = {
        .name = "import",
        .methods = methods_import,
        .start = start,
        .stop = stop,
        .idle = tidy,
        .sandbox = SB_FILES | SB_FORK,
        .max = 1,
};
