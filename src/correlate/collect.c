/*
 * Findings from the lake: what vendors reported, and what our detections see.
 */
#include "base/log.h"
#include "base/map.h"
#include "correlate/tally.h"
#include "run/run.h"

#define COLLECT_SECONDS 120 /* for all detections together */
#define COLLECT_ROWS 200000 /* events that one detection may match; more: it counts those */

/* Vendor records that are findings and still open. Statuses of all vendors that say "done with". */
static const char vendor_plan[] =
        "{\"show\":\"events\",\"steps\":[{\"kind\":\"search\",\"name\":\"findings of "
        "vendors\",\"limit\":"
        "200000,\"where\":{\"all\":["
        "{\"field\":\"finding_info.title\",\"op\":\"exists\"},"
        "{\"not\":{\"field\":\"status\",\"op\":\"in\",\"values\":[\"PASS\",\"PASSED\",\"RESOLVED\","
        "\"ARCHIVED\",\"SUPPRESSED\","
        "\"CLOSED\",\"DISMISSED\",\"REJECTED\",\"SNOOZED\"]}},"
        "{\"not\":{\"field\":\"raw:status_code\",\"op\":\"is\",\"value\":\"PASS\"}},"
        "{\"not\":{\"field\":\"raw:service.archived\",\"op\":\"is\",\"value\":\"true\"}}]}}]}";

struct collecting {
	struct finding_list *out;
	struct map keys;     /* of vendors' records: key -> 1 + its place in out */
	struct tally *tally; /* of the detection at work; NULL for vendors' records */
};

static field_id field_named(const char *name)
{
	const struct field *f = field_find(slice_of(name));
	return f ? f->id : FIELD_NONE;
}

static char *text_of(struct slice s)
{
	return xstrndup(s.s ? s.s : "", s.n);
}

/* Of the file name that what was fetched from a source is read under; empty for any other. */
static struct slice source_of(struct slice basename)
{
	const size_t n = sizeof(FINDINGS_FILE) - 1;

	if (basename.n > n && !memcmp(basename.s + basename.n - n, FINDINGS_FILE, n))
		return (struct slice){basename.s, basename.n - n};
	return (struct slice){0};
}

/* A vendor's record that was logged again with a change is the same finding: it is as the newest says, and stands on all of them. */
static struct finding *place_of(struct collecting *c, const struct event *ev)
{
	char *key = finding_key(ev->dataset, ev->uid, source_of(ev->basename));
	struct map_entry *m = map_put_str(&c->keys, key, NULL);
	struct finding *f;

	if (m->val.u) {
		free(key);
		return &c->out->v.v[m->val.u - 1];
	}
	f = vec_push(&c->out->v);
	f->key = key;
	f->first = f->last = MW_TIME_NONE;
	m->val.u = c->out->v.n;
	return f;
}

static void forget_state(struct finding *f)
{
	free(f->title);
	free(f->rule);
	free(f->dataset);
	for (size_t i = 0; i < f->entities.n; i++)
		free(f->entities.v[i]);
	for (size_t i = 0; i < f->attack.n; i++)
		free(f->attack.v[i]);
	f->entities.n = f->attack.n = 0;
}

static int64_t number_of(const struct event *ev, const char *field, int64_t min, int64_t max,
                         int64_t fallback)
{
	int64_t n;

	return slice_i64(event_get(ev, field_named(field)), &n) && n >= min && n <= max ? n
	                                                                                : fallback;
}

static void take_state(struct finding *f, const struct event *ev)
{
	struct slice title = event_get(ev, field_named("finding_info.title"));
	struct slice rule = event_get(ev, field_named("rule.name"));
	struct slice type = event_get(ev, field_named("finding_info.types"));
	const struct event_val *v;

	f->title = text_of(title);
	f->rule = text_of(rule.n ? rule : type.n ? type : title);
	f->dataset = xstrdup(ev->dataset);
	if (!severity_parse(event_get(ev, field_named("severity")), &f->severity))
		f->severity = SEV_MEDIUM; /* a vendor's word that we do not know is not nothing */
	f->confidence = (int)number_of(ev, "confidence", 0, 100, 60);
	for (const field_id *e = entity_fields(); *e != FIELD_NONE; e++)
		vec_each (v, &ev->vals)
			if (v->field == *e)
				*vec_push(&f->entities) = entity_text(v->field, v->value);
	vec_each (v, &ev->vals)
		if (v->field == field_named("finding_info.attacks.technique.uid"))
			*vec_push(&f->attack) = text_of(v->value);
}

static void take_time(struct finding *f, const struct event *ev)
{
	mw_time end;

	if (f->first == MW_TIME_NONE || (ev->time != MW_TIME_NONE && ev->time < f->first))
		f->first = ev->time;
	f->last = ev->time > f->last ? ev->time : f->last;
	if (mw_time_parse(event_get(ev, field_named("end_time")), &end) && end > f->last)
		f->last = end;
}

/* Rows may come in any order: ids grow with the time of taking in. */
static void vendor_finding(const struct event *ev, event_id id, struct collecting *c)
{
	struct finding *f = place_of(c, ev);
	bool newest = !f->ids.n || id > f->ids.v[f->ids.n - 1];

	if (newest) {
		forget_state(f);
		take_state(f, ev);
		f->events = (uint64_t)number_of(ev, "count", 1, INT64_MAX, 1);
	}
	take_time(f, ev);
	if (id == EVENT_ID_NONE)
		return;
	*vec_push(&f->ids) = id;
	if (!newest) { /* the newest stays last */
		event_id *last = &f->ids.v[f->ids.n - 1];
		last[0] = last[-1];
		last[-1] = id;
	}
	if (f->evidence.n < TALLY_EVIDENCE_MAX)
		*vec_push(&f->evidence) = xasprintf("ev:%llu", (unsigned long long)id);
}

/* What a platform has counted itself is shown as it counts, not as how often its record was logged. */
static void settle_counts(struct collecting *c)
{
	struct finding *f;

	vec_each (f, &c->out->v)
		if (f->events > 1)
			f->ids.n = 0;
}

static int take_row(void *ctx, size_t step, const struct source_row *r, struct err *e)
{
	struct collecting *c = ctx;
	(void)step;
	(void)e;
	if (!r->event)
		return 0;
	if (c->tally)
		tally_event(c->tally, r->event, r->id);
	else
		vendor_finding(r->event, r->id, c);
	return 0;
}

static int run_one(const struct plan *p, const struct run_env *env, struct collecting *c,
                   struct err *e)
{
	struct run_sink sink = {.ctx = c, .row = take_row};
	struct run_result result = {0};
	if (run_plan(p, env, &sink, &result, e))
		return -1;
	int rc = 0;
	for (size_t i = 0; i < result.nsteps && !rc; i++) {
		if (result.steps[i].state == RUN_FAILED) {
			*e = result.steps[i].error;
			rc = -1;
		}
		if (result.steps[i].done.limited || result.steps[i].done.partial)
			mw_log(LOG_WARN,
			       "%s matched more than it could look at: its counts are lower bounds",
			       p->steps[i].name);
	}
	run_result_release(&result);
	return rc;
}

static int run_vendors(const struct run_env *env, mw_time since, struct finding_list *out,
                       struct err *e)
{
	struct collecting c = {.out = out};
	cJSON *j = json_parse(SLICE(vendor_plan), sizeof(vendor_plan), e),
	      *datasets = json_add_arr(json_arr(j, "steps")->child, "datasets");
	for (size_t i = 0; finding_families[i]; i++)
		cJSON_AddItemToArray(datasets, cJSON_CreateString(finding_families[i]));
	if (since != MW_TIME_NONE)
		json_add_time(json_arr(j, "steps")->child, "from", since);
	struct plan *p = plan_from_json(j, e);
	cJSON_Delete(j);
	int rc = p ? run_one(p, env, &c, e) : -1;
	settle_counts(&c);
	map_release(&c.keys);
	plan_free(p);
	return rc;
}

static int run_detection(const struct detection *d, const struct facts *f,
                         const struct run_env *env, mw_time since, struct finding_list *out,
                         struct err *e)
{
	struct err why = {0};
	struct plan *p = detection_plan(d, f, since, &why);
	if (!p && why.code == ERR_NONE) {
		mw_log(LOG_INFO,
		       "detection %s is not run: the inventory does not say what it needs", d->id);
		return 0;
	}
	if (!p) {
		*e = why;
		return -1;
	}
	p->steps[0].search.limit = COLLECT_ROWS;
	struct collecting c = {.out = out, .tally = tally_new(d)};
	int rc = run_one(p, env, &c, e);
	if (!rc)
		tally_findings(c.tally, f, out);
	else
		err_prefix(e, "detection %s", d->id);
	tally_free(c.tally);
	plan_free(p);
	return rc;
}

static int run_detections(const struct run_env *env, const struct facts *f, mw_time since,
                          struct finding_list *out, struct err *e)
{
	struct detections ds;
	if (detections_load(&ds, e))
		return -1;
	int rc = 0;
	for (size_t i = 0; i < ds.v.n && !rc; i++)
		rc = run_detection(&ds.v.v[i], f, env, since, out, e);
	detections_release(&ds);
	return rc;
}

int correlate_collect(struct lake *l, struct source *events, struct graph *g, mw_time since,
                      struct finding_list *out, struct err *e)
{
	static const volatile bool never;
	struct facts *f;
	struct source *lake = source_lake_open(l, "lake");
	struct run_env env = {.sources = &lake,
	                      .nsources = 1,
	                      .lake = l,
	                      .graph = g,
	                      .cancelled = &never,
	                      .need_vals = true};
	env.deadline_us = mw_mono_us() + COLLECT_SECONDS * MW_SECOND;
	env.now = mw_now();
	int rc = facts_load(&f, g, e);
	if (!rc) {
		rc = run_vendors(&env, since, out, e);
		if (events)
			env.sources = &events;
		if (!rc)
			rc = run_detections(&env, f, since, out, e);
		facts_free(f);
	}
	lake->ops->close(lake);
	return rc;
}
