/*
 * Drives one connector without the engine: tool_connector ENTRY CALL [ARG...] < input
 *   ENTRY     a file with one entry of `sources` as JSON, with its name and kind; credential as in the configuration
 *   search    a plan as JSON on standard input: each row as a JSON line, then {"done":...}
 *   run       the same through run/, which does what the platform could not: the final rows
 *   test      {"check":...} lines
 *   catalog   the tables as one line
 *   findings [CURSOR]   {"finding":...} lines, then {"cursor":...}
 *   finding ID | asset ID | finding_events ID
 *   update    a change as JSON on standard input;  create: an incident as JSON
 *   ingest KEY          lines of JSON on standard input, as one batch; then {"taken":n}
 * MW_CATALOG=1: searches are checked against the platform's catalogue, which is read first.
 * A call that fails prints {"error":{code,what}} and exits 1. MW_SECONDS: its deadline (30). MW_CANCEL_AFTER: rows after which it is cancelled.
 */
#include "intake/normalise.h"
#include "net/credential.h"
#include "rows.h"
#include "run/run.h"
#include "source/connector.h"

#define INPUT_MAX (256u * 1024 * 1024)

static volatile bool cancelled;
static int64_t cancel_after = -1, rows_seen;

static void put(cJSON *o)
{
	rows_put(o);
	fflush(stdout);
}

static struct slice read_all(FILE *f)
{
	static struct buf b = BUF_INIT;
	char part[65536];
	size_t n;

	buf_reset(&b);
	b.max = INPUT_MAX;
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(&b, part, n);
	return (struct slice){b.s, b.len};
}

static int64_t number_of(const char *variable, int64_t otherwise)
{
	int64_t n;

	return slice_i64(slice_of(getenv(variable)), &n) ? n : otherwise;
}

static cJSON *parse(struct slice text, const char *what)
{
	struct err e = {0};
	cJSON *j = json_parse(slice_trim(text), INPUT_MAX, &e);

	if (!j) {
		fprintf(stderr, "%s: %s\n", what, e.what);
		exit(2);
	}
	return j;
}

/* ---- what comes out ---- */

static int on_row(void *ctx, const struct source_row *r, struct err *e)
{
	(void)ctx, (void)e;
	put(rows_json(r, rows_own_name));
	cancelled = ++rows_seen == cancel_after;
	return 0;
}

static void on_progress(void *ctx, uint64_t rows, double share)
{
	cJSON *o = cJSON_CreateObject(), *p = json_add_obj(o, "progress");

	(void)ctx;
	json_add_i64(p, "rows", (int64_t)rows);
	cJSON_AddNumberToObject(p, "share", share);
	put(o);
}

static void put_done(const struct source_done *d)
{
	cJSON *o = cJSON_CreateObject(), *x = json_add_obj(o, "done");

	json_add_i64(x, "rows", (int64_t)d->rows);
	json_add_i64(x, "scanned", (int64_t)d->scanned);
	json_add_bool(x, "limited", d->limited);
	json_add_bool(x, "partial", d->partial);
	json_add_bool(x, "inexact", d->inexact);
	json_add_str(x, "why", d->why);
	json_add_time(x, "complete_to", d->complete_to);
	json_add_str(x, "fields", d->fields);
	json_add_str(x, "sent", d->sent);
	put(o);
	free(d->sent);
}

static void on_check(void *ctx, const struct source_check *c)
{
	static const char *const states[] = {"ok", "warn", "failed", "skipped"};
	cJSON *o = cJSON_CreateObject();

	(void)ctx;
	json_add_str(o, "check", c->what);
	json_add_str(o, "state", states[c->state]);
	json_add_str(o, "found", c->found);
	json_add_str(o, "fix", c->fix);
	put(o);
}

static int on_finding(void *ctx, const struct source_finding *f, struct err *e)
{
	cJSON *o = cJSON_CreateObject();

	(void)ctx, (void)e;
	json_add_str(o, "finding", f->dataset);
	json_add_slice(o, "id", f->id);
	json_add_time(o, "updated", f->updated);
	json_add_slice(o, "raw", f->raw);
	json_add_str(o, "etag", f->etag);
	put(o);
	cancelled = ++rows_seen == cancel_after;
	return 0;
}

/* ---- the calls ---- */

struct tool {
	struct connected *c;
	struct source_run run;
	const char *arg;
};
static const struct source_sink rows = {.row = on_row, .progress = on_progress};

static int do_search(struct tool *t, struct err *e)
{
	struct source_done done = {0};
	cJSON *j = parse(read_all(stdin), "the plan");
	struct plan *p = plan_from_json(j, e);
	int rc;

	cJSON_Delete(j);
	if (!p)
		return -1;
	if (t->c->source.ops->fit) {
		cJSON *o = cJSON_CreateObject();
		json_add_i64(o, "fit", t->c->source.ops->fit(&t->c->source, p, 0));
		put(o);
	}
	rc = t->c->source.ops->search(&t->c->source, p, 0, &t->run, &rows, &done, e);
	put_done(&done);
	plan_free(p);
	return rc;
}

static int on_run_row(void *ctx, size_t step, const struct source_row *r, struct err *e)
{
	(void)step;
	return on_row(ctx, r, e);
}

static int do_run(struct tool *t, struct err *e)
{
	struct source *sources[] = {&t->c->source};
	struct run_env env = {.sources = sources,
	                      .nsources = 1,
	                      .cancelled = &cancelled,
	                      .deadline_us = t->run.deadline_us,
	                      .now = mw_now(),
	                      .need_raw = true,
	                      .need_vals = true};
	struct run_sink sink = {.row = on_run_row};
	struct run_result result = {0};
	cJSON *j = parse(read_all(stdin), "the plan");
	struct plan *p = plan_from_json(j, e);
	int rc;

	cJSON_Delete(j);
	if (!p)
		return -1;
	for (size_t i = 0; i < p->nsteps; i++)
		p->steps[i].source = arena_strdup(&p->arena, t->c->source.name);
	rc = run_plan(p, &env, &sink, &result, e);
	for (size_t i = 0; !rc && i < result.nsteps; i++) {
		struct source_done d = result.steps[i].done;
		d.sent = d.sent ? xstrdup(d.sent) : NULL;
		put_done(&d);
		if (result.steps[i].state == RUN_FAILED && !rc) {
			*e = result.steps[i].error;
			rc = -1;
		}
	}
	run_result_release(&result);
	plan_free(p);
	return rc;
}

static int do_test(struct tool *t, struct err *e)
{
	struct check_sink sink = {.check = on_check};

	return t->c->connector->test(t->c, &t->run, &sink, e);
}

static int do_catalog(struct tool *t, struct err *e)
{
	struct source_catalog cat = {0};
	cJSON *o = cJSON_CreateObject();

	if (t->c->connector->catalog(t->c, &t->run, &cat, e))
		return -1;
	cJSON_AddItemToObject(o, "catalog", cat.tables);
	put(o);
	return 0;
}

static int do_findings(struct tool *t, struct err *e)
{
	struct finding_sink sink = {.finding = on_finding};
	char *cursor = t->arg ? xstrdup(t->arg) : NULL;
	cJSON *o = cJSON_CreateObject();
	int rc = t->c->connector->findings(t->c, &t->run, &cursor, &sink, e);

	json_add_str(o, "cursor", cursor);
	put(o);
	free(cursor);
	return rc;
}

static int do_finding(struct tool *t, struct err *e)
{
	cJSON *answer = NULL;
	int rc = t->c->connector->finding(t->c, &t->run, t->arg, &answer, e);

	if (!rc)
		put(answer);
	return rc;
}

static int do_asset(struct tool *t, struct err *e)
{
	cJSON *answer = NULL;
	int rc = t->c->connector->asset(t->c, &t->run, t->arg, &answer, e);

	if (!rc)
		put(answer);
	return rc;
}

static int do_finding_events(struct tool *t, struct err *e)
{
	struct source_done done = {0};
	int rc = t->c->connector->finding_events(t->c, &t->run, t->arg, &rows, &done, e);

	put_done(&done);
	return rc;
}

static int do_update(struct tool *t, struct err *e)
{
	cJSON *j = parse(read_all(stdin), "the update");
	struct source_update u = {.id = json_str(j, "id", NULL),
	                          .etag = json_str(j, "etag", NULL),
	                          .status = json_str(j, "status", NULL),
	                          .owner = json_str(j, "owner", NULL),
	                          .severity = json_str(j, "severity", NULL),
	                          .comment = json_str(j, "comment", NULL),
	                          .tag = json_str(j, "tag", NULL),
	                          .verdict = json_str(j, "verdict", NULL),
	                          .reason = json_str(j, "reason", NULL),
	                          .idempotency = json_str(j, "idempotency", NULL)};
	int rc = t->c->connector->update(t->c, &t->run, &u, e);

	cJSON_Delete(j);
	return rc;
}

static int do_create(struct tool *t, struct err *e)
{
	cJSON *j = parse(read_all(stdin), "the incident"), *o = cJSON_CreateObject();
	char *id = NULL;
	int rc = t->c->connector->create(t->c, &t->run, j, &id, e);

	json_add_str(o, "id", id);
	put(o);
	free(id);
	cJSON_Delete(j);
	return rc;
}

static int do_ingest(struct tool *t, struct err *e)
{
	struct slice rest = read_all(stdin), line;
	VEC(struct slice) events = {0};
	cJSON *o = cJSON_CreateObject();
	size_t taken = 0;
	int rc;

	while (slice_split(&rest, '\n', &line))
		if (line.n)
			*vec_push(&events) = line;
	rc = t->c->connector->ingest(t->c, &t->run, events.v, events.n, t->arg, &taken, e);
	json_add_i64(o, "taken", (int64_t)taken);
	put(o);
	vec_free(&events);
	return rc;
}

static const struct {
	const char *name;
	int (*fn)(struct tool *, struct err *);
} calls[] = {
        {"search", do_search},     {"run", do_run},
        {"test", do_test},         {"catalog", do_catalog},
        {"findings", do_findings}, {"finding", do_finding},
        {"asset", do_asset},       {"finding_events", do_finding_events},
        {"update", do_update},     {"create", do_create},
        {"ingest", do_ingest},
};

static int call(struct tool *t, const char *name, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		if (!strcmp(calls[i].name, name))
			return calls[i].fn(t, e);
	return err_set(e, ERR_INVALID, "no call \"%s\"", name);
}

static int secret_of(const cJSON *entry, const char *key, struct secret **secret, struct err *e)
{
	const char *spec = json_str(entry, key, NULL);

	return spec ? credential_read(spec, secret, e) : 0;
}

static int run(cJSON *entry, const char *name, const char *arg, struct err *e)
{
	struct normaliser *n = normaliser_new(mw_now());
	struct source_catalog catalog = {0};
	struct connector_env env = {.entry = entry,
	                            .cancelled = &cancelled,
	                            .normalise = normalise_record,
	                            .normalise_ctx = n,
	                            .catalog = &catalog};
	const struct connector *k = connector_find(json_str(entry, "kind", ""));
	struct tool t = {.arg = arg};
	int rc;

	if (!k)
		return err_set(e, ERR_INVALID, "no connector of kind %s",
		               json_str(entry, "kind", ""));
	if (secret_of(entry, "credential", &env.secret, e) ||
	    secret_of(entry, "write_credential", &env.write_secret, e) || k->open(&t.c, &env, e))
		return -1;
	t.run = (struct source_run){.deadline_us =
	                                    mw_mono_us() + number_of("MW_SECONDS", 30) * MW_SECOND,
	                            .cancelled = &cancelled,
	                            .need_raw = true,
	                            .need_vals = true};
	rc = getenv("MW_CATALOG") && k->catalog ? k->catalog(t.c, &t.run, &catalog, e) : 0;
	rc = rc ? rc : call(&t, name, e);
	cJSON_Delete(catalog.tables);
	t.c->source.ops->close(&t.c->source);
	secret_free(env.secret);
	secret_free(env.write_secret);
	normaliser_free(n);
	return rc;
}

int main(int argc, char **argv)
{
	struct err e = {0};
	FILE *f = argc > 2 ? fopen(argv[1], "r") : NULL;
	cJSON *entry, *o;
	int rc;

	if (!f || fields_load(&e)) {
		fprintf(stderr, "usage: tool_connector ENTRY CALL [ARG]\n");
		return 2;
	}
	entry = parse(read_all(f), argv[1]);
	fclose(f);
	cancel_after = number_of("MW_CANCEL_AFTER", -1);
	rc = run(entry, argv[2], argc > 3 ? argv[3] : NULL, &e);
	if (rc) {
		o = cJSON_CreateObject();
		json_add_str(json_add_obj(o, "error"), "code", err_code_name(e.code));
		json_add_str(json_obj(o, "error"), "what", e.what);
		put(o);
	}
	cJSON_Delete(entry);
	return rc ? 1 : 0;
}
