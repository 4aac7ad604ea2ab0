#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include "base/limits.h"
#include "gen_plan.h"
#include "plan/eval.h"
#include "run/run.h"

static int setup(void **state)
{
	struct err e;

	(void)state;
	return fields_load(&e);
}

static size_t rounds(size_t sample, size_t full)
{
	return getenv("MW_LONG") ? full : sample;
}

/* ---- a source over events in memory that can do as much as it is told to ---- */

struct fake {
	struct source base;
	const struct event *ev;
	size_t n;
	unsigned can; /* source_fit bits */
	bool broken;  /* fails after the rows that it has given */
	int calls, begun, taken_back;
	struct fake *other; /* must have begun before this one is asked */
};

static unsigned fake_fit(struct source *s, const struct plan *p, size_t i)
{
	(void)p;
	(void)i;
	return ((struct fake *)(void *)s)->can;
}

static int push(const struct fake *f, const struct eval_result *r, const struct source_sink *sink,
                struct err *e)
{
	for (size_t i = 0; i < r->rows.n; i++) {
		struct source_row row = {.source = f->base.name,
		                         .event = r->rows.v[i].event,
		                         .id = r->rows.v[i].index};
		row.cols = r->rows.v[i].event ? NULL : r->rows.v[i].cols;
		row.ncols = r->ncols;
		if (sink->row(sink->ctx, &row, e))
			return -1;
	}
	return 0;
}

static int fake_search(struct source *s, const struct plan *p, size_t i,
                       const struct source_run *run, const struct source_sink *sink,
                       struct source_done *done, struct err *e)
{
	struct fake *f = (struct fake *)(void *)s;
	struct plan *c = plan_clone(p);
	struct plan_search *q = &c->steps[i].search;
	struct eval_result r;
	int rc;

	if (run->deadline_us == 1) {
		f->taken_back++;
		return err_set(e, ERR_DEADLINE, "no time");
	}
	if (f->other)
		assert_int_equal(f->other->begun, 1);
	f->calls++;
	*done = (struct source_done){.complete_to = MW_TIME_NONE};
	assert_false(q->sequence && !(f->can & FIT_SEQUENCE));
	assert_false(q->baseline && !(f->can & FIT_BASELINE));
	assert_false(plan_is_grouped(q) && !(f->can & FIT_ROWS));
	if (!(f->can & FIT_WHERE)) {
		q->where = NULL; /* widened as far as can be */
		done->inexact = true;
	}
	rc = plan_eval_step(c, i, f->ev, f->n, NULL, &r, e);
	if (!rc) {
		rc = push(f, &r, sink, e);
		done->limited = r.limited;
		eval_result_release(&r);
	}
	plan_free(c);
	return f->broken && !rc ? err_set(e, ERR_REMOTE, "the line broke") : rc;
}

static void fake_start(struct source *s, const struct plan *p, size_t i,
                       const struct source_run *run)
{
	(void)p;
	(void)i;
	(void)run;
	((struct fake *)(void *)s)->begun++;
}

static const struct source_ops background_ops = {
        .kind = "fake", .search = fake_search, .fit = fake_fit, .start = fake_start};
static const struct source_ops fake_ops = {.kind = "fake", .search = fake_search, .fit = fake_fit};

/* ---- rows as text ---- */

struct got {
	struct buf rows[MW_PLAN_STEPS_MAX];
};

static void write_row(struct buf *b, const struct event *ev, const struct slice *cols, size_t ncols)
{
	if (ev)
		buf_add(b, ev->uid.s, ev->uid.n);
	for (size_t i = 0; !ev && i < ncols; i++) {
		buf_ch(b, '|');
		buf_add(b, cols[i].s, cols[i].n);
	}
	buf_ch(b, '\n');
}

static int take(void *ctx, size_t step, const struct source_row *r, struct err *e)
{
	struct got *g = ctx;

	(void)e;
	write_row(&g->rows[step], r->event, r->cols, r->ncols);
	return 0;
}

static void got_init(struct got *g)
{
	for (size_t i = 0; i < MW_PLAN_STEPS_MAX; i++)
		buf_init(&g->rows[i], 0);
}

static void got_release(struct got *g)
{
	for (size_t i = 0; i < MW_PLAN_STEPS_MAX; i++)
		buf_release(&g->rows[i]);
}

static void evaluate(const struct plan *p, const struct event *ev, size_t n, struct got *want)
{
	struct eval_result r[MW_PLAN_STEPS_MAX];
	struct err e = {0};

	for (size_t i = 0; i < p->nsteps; i++) {
		if (plan_eval_step(p, i, ev, n, r, &r[i], &e))
			gen_fail(e.what, p);
		for (size_t k = 0; k < r[i].rows.n; k++)
			write_row(&want->rows[i], r[i].rows.v[k].event, r[i].rows.v[k].cols,
			          r[i].ncols);
	}
	for (size_t i = 0; i < p->nsteps; i++)
		eval_result_release(&r[i]);
}

static void run(const struct plan *p, struct source **sources, size_t n, struct got *got,
                struct run_result *out)
{
	struct run_env env = {.sources = sources, .nsources = n, .now = 0};
	struct run_sink sink = {.ctx = got, .row = take};
	struct err e = {0};

	if (run_plan(p, &env, &sink, out, &e))
		gen_fail(e.what, p);
}

#define NEVENTS 50

/* Whatever the source can do by itself, the rows are those of the evaluator; pivots and step times included. */
static void test_any_fit(void **state)
{
	(void)state;
	for (size_t i = rounds(1500, 40000); i > 0; i--) {
		struct arena a = ARENA_INIT;
		struct gen g;
		struct event *ev;
		struct plan *p;
		struct got got, want;
		struct run_result out;
		struct fake fake = {.base = {&fake_ops, "lake"}, .n = NEVENTS};
		struct source *sources[] = {&fake.base};
		gen_init(&g, i);
		ev = gen_events(&g, &a, NEVENTS);
		p = gen_plan(&g);
		fake.ev = ev;
		fake.can = gen_below(&g, FIT_ALL + 1);
		got_init(&got);
		got_init(&want);
		evaluate(p, ev, NEVENTS, &want);
		run(p, sources, 1, &got, &out);
		assert_false(out.partial);
		for (size_t k = 0; k < p->nsteps; k++)
			if (got.rows[k].len != want.rows[k].len ||
			    memcmp(got.rows[k].s, want.rows[k].s, got.rows[k].len))
				gen_fail("other rows than the evaluator's", p);
		run_result_release(&out);
		got_release(&got);
		got_release(&want);
		plan_free(p);
		gen_events_release(ev, NEVENTS);
		arena_release(&a);
	}
}

/* Two sources that share events answer like one that holds each event once. */
static void test_two_sources(void **state)
{
	(void)state;
	for (size_t i = rounds(500, 10000); i > 0; i--) {
		struct arena a = ARENA_INIT;
		struct gen g;
		struct event *ev;
		struct plan *p;
		struct got got, want;
		struct run_result out;
		struct fake one = {.base = {&fake_ops, "lake"}},
		            two = {.base = {&fake_ops, "siem"}};
		struct source *sources[] = {&one.base, &two.base};
		gen_init(&g, i);
		ev = gen_events(&g, &a, NEVENTS);
		p = gen_plan(&g);
		one.ev = ev;
		one.n = gen_below(&g, NEVENTS);
		two.ev = ev + gen_below(&g, (unsigned)one.n + 1);
		two.n = (size_t)(ev + NEVENTS - two.ev);
		one.can = gen_below(&g, FIT_ALL + 1);
		two.can = gen_below(&g, FIT_ALL + 1);
		got_init(&got);
		got_init(&want);
		evaluate(p, ev, NEVENTS, &want);
		for (size_t k = 0; k < p->nsteps; k++)
			p->steps[k].source = arena_strdup(&p->arena, "lake, siem");
		run(p, sources, 2, &got, &out);
		for (size_t k = 0; k < p->nsteps; k++)
			if (got.rows[k].len != want.rows[k].len ||
			    memcmp(got.rows[k].s, want.rows[k].s, got.rows[k].len))
				gen_fail("other rows than the evaluator's", p);
		run_result_release(&out);
		got_release(&got);
		got_release(&want);
		plan_free(p);
		gen_events_release(ev, NEVENTS);
		arena_release(&a);
	}
}

/* ---- when things go wrong ---- */

static struct plan *plan_of(const char *json)
{
	struct err e = {0};
	cJSON *j = json_parse(slice_of(json), MW_PLAN_JSON_MAX, &e);
	struct plan *p = j ? plan_from_json(j, &e) : NULL;

	if (!p)
		fail_msg("%s", e.what);
	cJSON_Delete(j);
	return p;
}

struct small {
	struct arena a;
	struct event *ev;
	struct fake fake, other;
	struct source *sources[2];
	struct run_result out;
	struct got got;
	struct err e;
};

static int run_small(struct small *s, const char *json, const struct run_env *more)
{
	struct run_env env = more ? *more : (struct run_env){0};
	struct run_sink sink = {.ctx = &s->got, .row = take};
	struct plan *p = plan_of(json);
	struct gen g;
	int rc;

	gen_init(&g, 1);
	s->ev = gen_events(&g, &s->a, NEVENTS);
	s->fake.ev = s->other.ev = s->ev;
	s->fake.n = s->other.n = NEVENTS;
	s->fake.base = (struct source){&fake_ops, "lake"};
	s->other.base = (struct source){s->fake.other ? &background_ops : &fake_ops, "siem"};
	s->sources[0] = &s->fake.base;
	s->sources[1] = &s->other.base;
	env.sources = s->sources;
	env.nsources = 2;
	got_init(&s->got);
	rc = run_plan(p, &env, &sink, &s->out, &s->e);
	plan_free(p);
	return rc;
}

static void small_release(struct small *s)
{
	run_result_release(&s->out);
	got_release(&s->got);
	gen_events_release(s->ev, NEVENTS);
	arena_release(&s->a);
}

/* A failed source leaves the other's rows, and the answer says which is missing. */
static void test_one_source_fails(void **state)
{
	struct small s = {.fake.can = FIT_ALL, .other = {.can = FIT_ALL, .broken = true}};

	(void)state;
	assert_int_equal(run_small(&s, "{\"steps\":[{\"source\":\"lake,siem\"}]}", NULL), 0);
	assert_true(s.out.partial);
	assert_int_equal(s.out.steps[0].state, RUN_DONE);
	assert_int_equal(s.out.steps[0].done.rows, NEVENTS);
	assert_non_null(strstr(s.out.steps[0].done.why, "siem: the line broke"));
	small_release(&s);
}

/* The rows that came before the fault are kept; a step that needs the failed one is skipped with the reason; one that does not
 * runs. */
static void test_step_fails(void **state)
{
	struct small s = {.fake = {.can = FIT_ALL}, .other = {.can = FIT_ALL, .broken = true}};

	(void)state;
	assert_int_equal(run_small(&s,
	                           "{\"steps\":[{\"source\":\"siem\"},{\"where\":{\"field\":"
	                           "\"user\",\"op\":\"in\",\"from_step\":0,"
	                           "\"column\":\"user\"}},{}]}",
	                           NULL),
	                 0);
	assert_true(s.out.partial);
	assert_int_equal(s.out.steps[0].state, RUN_FAILED);
	assert_true(s.out.steps[0].done.partial);
	assert_int_equal(s.out.steps[0].done.rows, NEVENTS);
	assert_int_equal(s.out.steps[1].state, RUN_SKIPPED);
	assert_non_null(strstr(s.out.steps[1].error.what, "step 1"));
	assert_int_equal(s.out.steps[2].state, RUN_DONE);
	small_release(&s);
}

/* A step that hangs on no other begins before the first is waited for; one that takes values does not. */
static void test_independent_steps(void **state)
{
	static const char plan[] = "{\"steps\":[{},{\"source\":\"siem\"},{\"source\":\"siem\","
	                           "\"where\":{\"field\":\"user\",\"op\":\"in\","
	                           "\"from_step\":0,\"column\":\"user\"}}]}";
	struct small s = {.fake.can = FIT_ALL, .other.can = FIT_ALL};

	(void)state;
	s.fake.other = &s.other;
	assert_int_equal(run_small(&s, plan, NULL), 0);
	assert_int_equal(s.other.begun, 1);
	assert_int_equal(s.other.calls, 2);
	assert_int_equal(s.other.taken_back, 0);
	assert_false(s.out.partial);
	small_release(&s);
}

/* What was begun and is not asked for any more is taken back. */
static void test_begun_and_cancelled(void **state)
{
	struct small s = {.fake.can = FIT_ALL, .other.can = FIT_ALL};
	volatile bool yes = true;
	struct run_env env = {.cancelled = &yes};

	(void)state;
	s.fake.other = &s.other;
	assert_int_equal(run_small(&s, "{\"steps\":[{},{\"source\":\"siem\"}]}", &env), -1);
	assert_int_equal(s.other.begun, 1);
	assert_int_equal(s.other.calls, 0);
	assert_int_equal(s.other.taken_back, 1);
	small_release(&s);
}

/* Values of one row that it has for the length of a call only are still whole in the next step. */
static void test_same_row_of_lent_values(void **state)
{
	static const char plan[] =
	        "{\"steps\":[{},{\"where\":{\"same_row\":["
	        "{\"field\":\"file_line\",\"op\":\"in\",\"from_step\":0,\"column\":\"file_line\"},"
	        "{\"field\":\"uid\",\"op\":\"in\",\"from_step\":0,\"column\":\"uid\"}]}}]}";
	struct small s = {.fake.can = FIT_ALL};

	(void)state;
	assert_int_equal(run_small(&s, plan, NULL), 0);
	assert_int_equal(s.out.steps[1].done.rows, NEVENTS);
	small_release(&s);
}

static void test_unknown_source(void **state)
{
	struct small s = {.fake.can = FIT_ALL};

	(void)state;
	assert_int_equal(run_small(&s, "{\"steps\":[{\"source\":\"splunk\"}]}", NULL), -1);
	assert_int_equal(s.e.code, ERR_NOT_FOUND);
	assert_non_null(strstr(s.e.what, "splunk"));
	small_release(&s);
}

static void test_cancelled(void **state)
{
	struct small s = {.fake.can = FIT_ALL};
	volatile bool yes = true;
	struct run_env env = {.cancelled = &yes};

	(void)state;
	assert_int_equal(run_small(&s, "{\"steps\":[{}]}", &env), -1);
	assert_int_equal(s.e.code, ERR_CANCELLED);
	assert_int_equal(s.fake.calls, 0);
	small_release(&s);
}

static void test_out_of_time(void **state)
{
	struct small s = {.fake.can = FIT_ALL};
	struct run_env env = {.deadline_us = mw_mono_us() - 1};

	(void)state;
	assert_int_equal(run_small(&s, "{\"steps\":[{}]}", &env), -1);
	assert_int_equal(s.e.code, ERR_DEADLINE);
	small_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_any_fit),
	        cmocka_unit_test(test_two_sources),
	        cmocka_unit_test(test_one_source_fails),
	        cmocka_unit_test(test_step_fails),
	        cmocka_unit_test(test_independent_steps),
	        cmocka_unit_test(test_begun_and_cancelled),
	        cmocka_unit_test(test_same_row_of_lent_values),
	        cmocka_unit_test(test_unknown_source),
	        cmocka_unit_test(test_cancelled),
	        cmocka_unit_test(test_out_of_time),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
