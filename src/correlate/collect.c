/*
 * Findings from the lake: what vendors reported, and what our detections see.
 */
#include "base/log.h"
#include "correlate/tally.h"
#include "run/run.h"

#define COLLECT_SECONDS 120 /* for all detections together */
#define COLLECT_ROWS 200000 /* events that one detection may match; more: it counts those */

/* Vendor records that are findings and still open. Statuses of all vendors that say "done with". */
static const char vendor_plan[] =
        "{\"show\":\"events\",\"steps\":[{\"kind\":\"search\",\"name\":\"findings of "
        "vendors\",\"datasets\":"
        "[\"guardduty\",\"securityhub\",\"ocsf\",\"finding\",\"alerts\",\"defender\"],\"limit\":"
        "200000,\"where\":{\"all\":["
        "{\"field\":\"finding_info.title\",\"op\":\"exists\"},"
        "{\"not\":{\"field\":\"status\",\"op\":\"in\",\"values\":[\"PASS\",\"PASSED\",\"RESOLVED\","
        "\"ARCHIVED\",\"SUPPRESSED\","
        "\"CLOSED\",\"DISMISSED\",\"REJECTED\",\"SNOOZED\"]}},"
        "{\"not\":{\"field\":\"raw:status_code\",\"op\":\"is\",\"value\":\"PASS\"}},"
        "{\"not\":{\"field\":\"raw:service.archived\",\"op\":\"is\",\"value\":\"true\"}}]}}]}";

struct collecting {
	struct finding_list *out;
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

static void vendor_finding(const struct event *ev, event_id id, struct finding_list *out)
{
	struct slice rule = event_get(ev, field_named("rule.name"));
	struct slice type = event_get(ev, field_named("finding_info.types"));
	const struct event_val *v;
	int64_t confidence;
	struct finding *f = vec_push(&out->v);
	f->key = xasprintf("%s:%.*s", ev->dataset, (int)ev->uid.n, ev->uid.s);
	f->title = text_of(event_get(ev, field_named("finding_info.title")));
	f->rule = text_of(rule.n   ? rule
	                  : type.n ? type
	                           : event_get(ev, field_named("finding_info.title")));
	f->dataset = xstrdup(ev->dataset);
	if (!severity_parse(event_get(ev, field_named("severity")), &f->severity))
		f->severity = SEV_MEDIUM; /* a vendor's word that we do not know is not nothing */
	f->first = f->last = ev->time;
	f->events = 1;
	f->confidence = 60;
	if (slice_i64(event_get(ev, field_named("confidence")), &confidence) && confidence >= 0 &&
	    confidence <= 100)
		f->confidence = (int)confidence;
	if (id != EVENT_ID_NONE) {
		*vec_push(&f->ids) = id;
		*vec_push(&f->evidence) = xasprintf("ev:%llu", (unsigned long long)id);
	}
	for (const field_id *e = entity_fields(); *e != FIELD_NONE; e++)
		vec_each (v, &ev->vals)
			if (v->field == *e)
				*vec_push(&f->entities) = entity_text(v->field, v->value);
	vec_each (v, &ev->vals)
		if (v->field == field_named("finding_info.attacks.technique.uid"))
			*vec_push(&f->attack) = text_of(v->value);
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
		vendor_finding(r->event, r->id, c->out);
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
	cJSON *j = json_parse(SLICE(vendor_plan), sizeof(vendor_plan), e);
	if (since != MW_TIME_NONE)
		json_add_time(json_arr(j, "steps")->child, "from", since);
	struct plan *p = plan_from_json(j, e);
	cJSON_Delete(j);
	int rc = p ? run_one(p, env, &c, e) : -1;
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
