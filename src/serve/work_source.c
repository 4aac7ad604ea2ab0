#include <ctype.h>

#include "base/limits.h"
#include "intake/normalise.h"
#include "net/credential.h"
#include "proc/sandbox.h"
#include "proc/spool.h"
#include "serve/source_record.h"
#include "serve/source_row.h"
#include "serve/work.h"
#include "source/connector.h"

struct source_state {
	cJSON *entry;
	struct secret *secret, *write_secret;
	struct connected *c;
	struct normaliser *normaliser;
	struct source_catalog catalog;
};

/* ---- start ---- */

static int read_credential(const cJSON *entry, const char *key, struct secret **out, struct err *e)
{
	const char *spec = json_str(entry, key, NULL);

	if (!spec)
		return 0;
	return credential_read(spec, out, e)
	               ? err_prefix(e, "%s of source %s", key, json_str(entry, "name", ""))
	               : 0;
}

static int start(struct worker *w, const cJSON *config, struct err *e)
{
	struct source_state *s = xcalloc(1, sizeof(*s));
	const struct connector *connector;
	struct connector_env env;

	worker_set_state(w, s);
	s->entry = cJSON_Duplicate(json_obj(config, "entry"), 1);
	connector = connector_find(json_str(s->entry, "kind", ""));
	if (!connector)
		return err_set(e, ERR_NOT_FOUND, "this version has no connector of the kind \"%s\"",
		               json_str(s->entry, "kind", ""));
	if (fields_load(e) || read_credential(s->entry, "credential", &s->secret, e) ||
	    read_credential(s->entry, "write_credential", &s->write_secret, e))
		return -1;
	credential_forget(json_str(s->entry, "credential", NULL));
	credential_forget(json_str(s->entry, "write_credential", NULL));
	s->normaliser = normaliser_new(mw_now());
	env = (struct connector_env){.entry = s->entry,
	                             .secret = s->secret,
	                             .write_secret = s->write_secret,
	                             .cancelled = worker_cancelled(w),
	                             .normalise = normalise_record,
	                             .normalise_ctx = s->normaliser,
	                             .catalog = &s->catalog};
	return connector->open(&s->c, &env, e);
}

static void stop(struct worker *w)
{
	struct source_state *s = worker_state(w);

	if (s->c)
		s->c->source.ops->close(&s->c->source);
	normaliser_free(s->normaliser);
	secret_free(s->secret);
	secret_free(s->write_secret);
	cJSON_Delete(s->catalog.tables);
	cJSON_Delete(s->entry);
	free(s);
}

static struct connected *source_of(struct worker *w)
{
	return ((struct source_state *)worker_state(w))->c;
}

static struct source_run run_of(struct worker *w, const cJSON *params)
{
	return (struct source_run){.deadline_us = worker_deadline(w),
	                           .cancelled = worker_cancelled(w),
	                           .need_raw = json_bool(params, "raw", true),
	                           .need_vals = true};
}

/* ---- the catalogue ---- */

#define CATALOG_FIELDS 1000 /* of one row */
#define CATALOG_FRESH (60 * MW_SECOND)

static void catalog_replace(struct source_state *s, struct source_catalog cat)
{
	cJSON_Delete(s->catalog.tables);
	s->catalog = cat;
}

static int send_table(struct worker *w, const cJSON *t, int64_t *fields, struct err *e)
{
	const cJSON *f = t->child;
	int rc = 0;

	do {
		cJSON *row = cJSON_CreateObject(), *o;
		struct buf b = BUF_INIT;
		json_add_str(row, "table", t->string);
		o = json_add_obj(row, "fields");
		for (int i = 0; f && i < CATALOG_FIELDS; f = f->next, i++, (*fields)++)
			json_add_str(o, f->string, json_str(t, f->string, ""));
		json_write(&b, row);
		rc = worker_row(w, 0, (struct slice){b.s, b.len}, e);
		buf_release(&b);
		cJSON_Delete(row);
	} while (rc == 0 && f);
	return rc;
}

static int do_catalog(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct source_state *s = worker_state(w);
	struct source_run run = run_of(w, params);
	struct source_catalog cat = {.at = MW_TIME_NONE};
	const cJSON *t;
	int64_t fields = 0;
	int rc = 0;

	if (!s->c->connector->catalog)
		return err_set(e, ERR_NOT_FOUND, "%s (%s) has no catalogue", s->c->source.name,
		               s->c->connector->kind);
	if (s->c->connector->catalog(s->c, &run, &cat, e))
		return -1;
	catalog_replace(s, cat);
	cJSON_ArrayForEach(t, cat.tables)
	{
		rc = send_table(w, t, &fields, e);
		if (rc)
			return -1;
	}
	*result = cJSON_CreateObject();
	json_add_i64(*result, "tables", cJSON_GetArraySize(cat.tables));
	json_add_i64(*result, "fields", fields);
	json_add_time(*result, "at", cat.at);
	json_add_bool(*result, "sample", cat.sample);
	return 0;
}

static void take_rows(cJSON *tables, const cJSON *rows)
{
	const cJSON *row, *f;

	cJSON_ArrayForEach(row, rows)
	{
		const char *name = json_str(row, "table", "");
		cJSON *t = json_obj(tables, name);
		if (!t)
			t = json_add_obj(tables, name);
		cJSON_ArrayForEach(f, json_obj(row, "fields"))
		        json_add_str(t, f->string, cJSON_IsString(f) ? f->valuestring : "");
	}
}

/* The engine keeps it, and gives its files with a request; what this worker has itself may be newer. */
static int catalog_take(struct worker *w, const cJSON *params, struct err *e)
{
	struct source_state *s = worker_state(w);
	const cJSON *about = json_obj(params, "catalog");
	struct spool files = {worker_fd(w, 0), worker_fd(w, 1)};
	struct source_catalog cat = {.sample = json_bool(about, "sample", false)};
	uint64_t at = 0, n = 1;
	int rc = 0;

	if (!about || files.index < 0 ||
	    !mw_time_parse(slice_of(json_str(about, "at", "")), &cat.at) ||
	    (s->catalog.tables && s->catalog.at >= cat.at))
		return 0;
	cat.tables = cJSON_CreateObject();
	while (rc == 0 && at < spool_rows(&files)) {
		cJSON *rows = spool_page_json(&files, at, 20, MW_ROW_MAX, &n, e);
		rc = rows ? 0 : -1;
		take_rows(cat.tables, rows);
		at += n;
		cJSON_Delete(rows);
	}
	if (rc)
		cJSON_Delete(cat.tables);
	else
		catalog_replace(s, cat);
	return rc;
}

/* What the catalogue refuses may have come since it was read. */
static bool catalog_again(struct worker *w, const struct source_run *run, const struct err *e)
{
	struct source_state *s = worker_state(w);
	struct source_catalog cat = {.at = MW_TIME_NONE};

	if (e->code != ERR_NOT_FOUND || !s->catalog.tables ||
	    s->catalog.at > mw_now() - CATALOG_FRESH ||
	    s->c->connector->catalog(s->c, run, &cat, NULL))
		return false;
	catalog_replace(s, cat);
	return true;
}

/* ---- search ---- */

struct searching {
	struct worker *w;
	struct buf row;
	bool cut;
};

static int on_row(void *ctx, const struct source_row *r, struct err *e)
{
	struct searching *s = ctx;

	buf_reset(&s->row);
	source_row_write(r, &s->row, &s->cut);
	return worker_row(s->w, 0, (struct slice){s->row.s, s->row.len}, e);
}

static void on_progress(void *ctx, uint64_t rows, double share)
{
	struct searching *s = ctx;
	cJSON *o = cJSON_CreateObject();
	struct err ignored;

	json_add_i64(o, "rows", (int64_t)rows);
	cJSON_AddNumberToObject(o, "share", share);
	/* A lost progress line does no harm: the end says the same. */
	if (worker_notify(s->w, "progress", o, &ignored))
		return;
}

static void note_cut(struct source_done *d)
{
	size_t n = strlen(d->why);

	d->partial = true;
	snprintf(d->why + n, sizeof(d->why) - n,
	         "%sa record over %u KiB came without its raw bytes", n ? "; " : "",
	         MW_ROW_MAX / 2 / 1024);
}

static int do_search(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct connected *c = source_of(w);
	struct source_run run = run_of(w, params);
	struct searching s = {.w = w};
	struct source_sink sink = {&s, on_row, on_progress};
	struct source_done done = {.complete_to = MW_TIME_NONE};
	struct plan *p = plan_from_json(json_obj(params, "plan"), e);
	int rc = -1;

	buf_init(&s.row, MW_ROW_MAX);
	if (p && !catalog_take(w, params, e)) {
		rc = c->source.ops->search(&c->source, p, 0, &run, &sink, &done, e);
		if (rc && !done.rows && catalog_again(w, &run, e)) {
			free(done.sent);
			rc = c->source.ops->search(&c->source, p, 0, &run, &sink, &done, e);
		}
	}
	if (s.cut)
		note_cut(&done);
	if (!*done.fields && json_str(params, "catalog_error", NULL))
		snprintf(done.fields, sizeof(done.fields), "not checked: %.200s",
		         json_str(params, "catalog_error", ""));
	if (rc == 0)
		*result = source_done_json(&done);
	else if (!done.sent && (e->code == ERR_NOT_FOUND || e->code == ERR_DENIED))
		e->code = ERR_INVALID; /* refused here: it says nothing about the platform */
	free(done.sent);
	buf_release(&s.row);
	plan_free(p);
	return rc;
}

static int do_fit(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct connected *c = source_of(w);
	struct plan *p = plan_from_json(json_obj(params, "plan"), e);

	if (!p || catalog_take(w, params, e)) {
		plan_free(p);
		return -1;
	}
	*result = cJSON_CreateObject();
	json_add_i64(*result, "fit",
	             c->source.ops->fit ? c->source.ops->fit(&c->source, p, 0) : FIT_ALL);
	plan_free(p);
	return 0;
}

/* ---- what the platform is like ---- */

static const char *const check_names[] = {[CHECK_OK] = "ok",
                                          [CHECK_WARN] = "warn",
                                          [CHECK_FAILED] = "failed",
                                          [CHECK_SKIPPED] = "skipped"};

static void on_check(void *ctx, const struct source_check *c)
{
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, "what", c->what);
	json_add_str(o, "state", check_names[c->state]);
	json_add_str(o, "found", c->found);
	json_add_str(o, "fix", c->fix);
	cJSON_AddItemToArray(ctx, o);
}

static int do_test(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct connected *c = source_of(w);
	struct source_run run = run_of(w, params);
	struct check_sink sink = {NULL, on_check};

	*result = cJSON_CreateObject();
	json_add_str(*result, "rights", c->connector->rights);
	sink.ctx = json_add_arr(*result, "checks");
	return c->connector->test(c, &run, &sink, e);
}

static int has(const void *call, const struct connected *c, const char *what, struct err *e)
{
	return call ? 0
	            : err_set(e, ERR_NOT_FOUND, "%s (%s) has no %s", c->source.name,
	                      c->connector->kind, what);
}
#define HAS(c, call) has((const void *)(uintptr_t)(c)->connector->call, c, #call, e)

/* ---- findings ---- */

#define FINDINGS_AT_ONCE 2000 /* of one poll; the next goes on at the cursor */

enum { STEP_FINDINGS, STEP_RECORDS }; /* of the rows of "findings" */

struct collecting {
	struct worker *w;
	const struct source_run *run;
	int64_t n;
};

static cJSON *record_of(struct worker *w, const struct record_in *in)
{
	struct source_state *s = worker_state(w);

	return source_record(s->entry, normalise_record, s->normaliser, in);
}

/* What was taken in, and how it stands there. A record that no format claims goes into the lake all the same. */
static int send_finding(struct collecting *c, const struct record_in *in, struct err *e)
{
	cJSON *record = record_of(c->w, in);
	struct buf row = BUF_INIT;
	int rc = worker_row(c->w, STEP_FINDINGS, in->text, e);

	if (!rc && record) {
		json_write(&row, record);
		rc = worker_row(c->w, STEP_RECORDS, (struct slice){row.s, row.len}, e);
	}
	buf_release(&row);
	cJSON_Delete(record);
	return rc;
}

/* Newlines inside JSON are only ever white space. */
static void one_line(struct buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (b->s[i] == '\n' || b->s[i] == '\r')
			b->s[i] = ' ';
}

/* With its alerts, addresses and users, where the list says nothing of them. */
static int add_context(struct collecting *c, const char *id, struct slice raw, struct buf *line,
                       struct err *e)
{
	struct connected *src = source_of(c->w);
	bool thin = src->connector->thin_findings;
	cJSON *all = NULL;

	if (thin && src->connector->finding(src, c->run, id, &all, e))
		return -1;
	source_record_text(all, thin, raw, line);
	cJSON_Delete(all);
	return 0;
}

/* Rows are a line each, as the importer reads them. */
static int on_finding(void *ctx, const struct source_finding *f, struct err *e)
{
	struct collecting *c = ctx;
	char *id = xstrndup(f->id.s, f->id.n);
	cJSON *own = json_parse(f->raw, MW_ROW_MAX, NULL);
	struct record_in in = {.finding = own, .id = id, .etag = f->etag};
	struct buf line;
	int rc;

	buf_init(&line, MW_ROW_MAX);
	rc = add_context(c, id, f->raw, &line, e);
	one_line(&line);
	in.text = (struct slice){line.s, line.len};
	if (!rc && line.over)
		rc = err_set(e, ERR_LIMIT, "a finding of over %u KiB", MW_ROW_MAX / 1024);
	rc = rc ? rc : send_finding(c, &in, e);
	buf_release(&line);
	cJSON_Delete(own);
	free(id);
	c->n += rc == 0;
	if (rc == 0 && c->n == FINDINGS_AT_ONCE)
		return err_set(e, ERR_LIMIT, "enough for now");
	return rc;
}

/* What came before time ran out stays: the cursor stands behind it, and the next poll goes on there. */
static bool goes_on(const struct collecting *c, const struct err *e)
{
	return c->n == FINDINGS_AT_ONCE || (c->n && e->code == ERR_DEADLINE);
}

static int do_findings(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct connected *c = source_of(w);
	struct source_run run = run_of(w, params);
	struct collecting to = {w, &run, 0};
	struct finding_sink sink = {&to, on_finding};
	const char *given = json_str(params, "cursor", NULL);
	char *cursor = given ? xstrdup(given) : NULL;
	bool limited;
	int rc;

	*result = cJSON_CreateObject();
	json_add_bool(*result, "none", !c->connector->findings);
	rc = c->connector->findings ? c->connector->findings(c, &run, &cursor, &sink, e) : 0;
	limited = rc && goes_on(&to, e);
	json_add_str(*result, "cursor", cursor);
	json_add_i64(*result, "findings", to.n);
	json_add_bool(*result, "limited", limited);
	free(cursor);
	return limited ? 0 : rc;
}

static int do_finding(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct connected *c = source_of(w);
	struct source_run run = run_of(w, params);

	if (HAS(c, finding))
		return -1;
	return c->connector->finding(c, &run, json_str(params, "id", ""), result, e);
}

static int do_asset(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct connected *c = source_of(w);
	struct source_run run = run_of(w, params);

	if (HAS(c, asset))
		return -1;
	return c->connector->asset(c, &run, json_str(params, "id", ""), result, e);
}

/* ---- writing ---- */

/* How the record stands there now. */
static int present(struct worker *w, const struct source_run *run, const char *id, cJSON **out,
                   struct err *e)
{
	struct connected *c = source_of(w);
	cJSON *all;
	char *etag;
	struct buf text = BUF_INIT;
	struct record_in in = {.id = id};

	if (HAS(c, finding) || c->connector->finding(c, run, id, &all, e))
		return -1;
	in.finding = json_obj(all, "finding");
	in.etag = etag = c->connector->version ? c->connector->version(in.finding) : NULL;
	source_record_text(all, c->connector->thin_findings, (struct slice){0}, &text);
	in.text = (struct slice){text.s, text.len};
	*out = record_of(w, &in);
	buf_release(&text);
	free(etag);
	cJSON_Delete(all);
	return *out ? 0
	            : err_set(e, ERR_REMOTE, "%s: what it says of %s is no record that is known",
	                      c->source.name, id);
}

static int do_present(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct source_run run = run_of(w, params);
	cJSON *record;

	if (present(w, &run, json_str(params, "id", ""), &record, e))
		return -1;
	*result = cJSON_CreateObject();
	cJSON_AddItemToObject(*result, "record", record);
	return 0;
}

/* A platform without versions: what was seen has to be so still. "seen" comes with a first try only, since after one the change found may be
 * our own. */
static int check_seen(struct worker *w, const struct source_run *run, const cJSON *params,
                      struct err *e)
{
	const cJSON *seen = json_obj(params, "seen");
	cJSON *now;
	int rc = 0;

	if (!seen || source_of(w)->connector->version)
		return 0;
	if (present(w, run, json_str(params, "id", ""), &now, e))
		return -1;
	if (strcmp(json_str(now, "status", ""), json_str(seen, "status", "")) ||
	    strcmp(json_str(now, "owner", ""), json_str(seen, "owner", "")))
		rc = err_set(e, ERR_CONFLICT,
		             "%s: it was changed meanwhile: it is now %s, owner %s",
		             source_of(w)->source.name, json_str(now, "status", "?"),
		             json_str(now, "owner", ""));
	cJSON_Delete(now);
	return rc;
}

/* The update's answer is how the record stands afterwards; where that cannot be read the update was made all the same. */
static int do_update(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct connected *c = source_of(w);
	struct source_run run = run_of(w, params);
	struct source_update u = {.id = json_str(params, "id", ""),
	                          .etag = json_str(params, "etag", NULL),
	                          .status = json_str(params, "status", NULL),
	                          .owner = json_str(params, "owner", NULL),
	                          .severity = json_str(params, "severity", NULL),
	                          .comment = json_str(params, "comment", NULL),
	                          .tag = json_str(params, "tag", NULL),
	                          .verdict = json_str(params, "verdict", NULL),
	                          .reason = json_str(params, "reason", NULL),
	                          .idempotency = json_str(params, "idempotency", NULL)};
	cJSON *record;
	struct err unread;

	if (HAS(c, update) || check_seen(w, &run, params, e) ||
	    c->connector->update(c, &run, &u, e))
		return -1;
	*result = cJSON_CreateObject();
	if (!present(w, &run, u.id, &record, &unread))
		cJSON_AddItemToObject(*result, "record", record);
	return 0;
}

static int do_create(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct connected *c = source_of(w);
	struct source_run run = run_of(w, params);
	cJSON *record;
	struct err unread;
	char *id = NULL;

	if (HAS(c, create) || c->connector->create(c, &run, json_obj(params, "incident"), &id, e))
		return -1;
	*result = cJSON_CreateObject();
	json_add_str(*result, "id", id);
	if (!present(w, &run, id, &record, &unread))
		cJSON_AddItemToObject(*result, "record", record);
	free(id);
	return 0;
}

static int do_ingest(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct connected *c = source_of(w);
	struct source_run run = run_of(w, params);
	const cJSON *list = json_arr(params, "events"), *x;
	size_t n = 0, taken = 0;
	struct slice *events = xcalloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*events));
	int rc = HAS(c, ingest);

	cJSON_ArrayForEach(x, list) if (cJSON_IsString(x)) events[n++] = slice_of(x->valuestring);
	if (rc == 0)
		rc = c->connector->ingest(c, &run, events, n, json_str(params, "key", ""), &taken,
		                          e);
	free(events);
	if (rc && !taken)
		return -1;
	*result = cJSON_CreateObject();
	json_add_i64(*result, "taken", (int64_t)taken);
	if (rc)
		json_add_str(*result, "error", e->what);
	return 0;
}

/* ---- the store of events ---- */

static cJSON *loaded_json(struct lake_batch *b, struct err *e)
{
	struct map by_file = MAP_INIT;
	cJSON *o = cJSON_CreateObject(), *files = json_add_obj(o, "by_file");
	int64_t events = 0, duplicates = 0;

	for (size_t i = 0; i < lake_batch_parts_of(b); i++) {
		struct lake_batch_part p = lake_batch_part(b, i);
		events += p.live;
		duplicates += p.rows - p.live;
	}
	json_add_i64(o, "events", events);
	json_add_i64(o, "duplicates", duplicates);
	if (lake_batch_dropped_by_file(b, &by_file, e)) {
		cJSON_Delete(o);
		o = NULL;
	}
	for (size_t i = 0; o && i < by_file.n; i++)
		json_add_i64(files, by_file.entries[i].key, (int64_t)by_file.entries[i].val.u);
	map_release(&by_file);
	return o;
}

static int do_load(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct connected *c = source_of(w);
	struct source_run run = run_of(w, params);
	struct lake_batch *b = NULL;
	int rc = HAS(c, load);

	if (rc == 0 && worker_fd(w, 0) < 0)
		rc = err_set(e, ERR_INVALID, "no batch of events came with the request");
	if (rc == 0)
		rc = lake_batch_open(&b, worker_fd(w, 0), e);
	if (rc == 0)
		rc = c->connector->load(c, &run, b, json_str(params, "key", ""), e);
	if (rc == 0)
		rc = (*result = loaded_json(b, e)) ? 0 : -1;
	lake_batch_close(b);
	return rc;
}

static int on_holding(void *ctx, struct slice row, struct err *e)
{
	return worker_row(ctx, 0, row, e);
}

static int do_holdings(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct connected *c = source_of(w);
	struct source_run run = run_of(w, params);
	const char *known = json_str(params, "stamp", NULL);
	char *stamp = known ? xstrdup(known) : NULL;
	int rc = HAS(c, holdings) || c->connector->holdings(c, &run, &stamp, on_holding, w, e);

	*result = cJSON_CreateObject();
	json_add_str(*result, "stamp", stamp);
	free(stamp);
	return rc ? -1 : 0;
}

static const struct worker_method source_methods[] = {
        {"search", do_search},     {"fit", do_fit},
        {"test", do_test},         {"catalog", do_catalog},
        {"findings", do_findings}, {"finding", do_finding},
        {"asset", do_asset},       {"present", do_present},
        {"update", do_update},     {"create", do_create},
        {"ingest", do_ingest},     {"load", do_load},
        {"holdings", do_holdings}, {NULL, NULL},
};
const struct worker_kind work_source = {
        .name = "source",
        .methods = source_methods,
        .start = start,
        .stop = stop,
        .sandbox = SB_NET,
        .max = 2,
};
