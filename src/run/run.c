#include "run/run.h"

#include "base/limits.h"
#include "run/local.h"
#include "run/memory.h"

#define SOURCES_OF_STEP_MAX 16

struct running {
	const struct plan *p;
	const struct run_env *env;
	const struct run_sink *sink;
	struct run_result *out;
	struct memory memory;
	int64_t deadline_us;
	size_t step; /* being run */
	bool *begun; /* by step: its source works on it already */
	bool sink_failed;
};

static void tell(const struct running *r, size_t i)
{
	if (r->sink->step)
		r->sink->step(r->sink->ctx, i, &r->out->steps[i]);
}

/* ---- rows of the running step ---- */

static int take_row(void *ctx, const struct source_row *row, struct err *e)
{
	struct running *r = ctx;

	memory_row(&r->memory, r->step, row);
	r->out->steps[r->step].done.rows++;
	if (!r->sink->row || !r->sink->row(r->sink->ctx, r->step, row, e))
		return 0;
	r->sink_failed = true;
	return -1;
}

static void take_progress(void *ctx, uint64_t rows, double share)
{
	struct running *r = ctx;

	(void)share;
	if (rows > r->out->steps[r->step].done.rows)
		r->out->steps[r->step].done.rows = rows;
	tell(r, r->step);
}

/* ---- sources of a step ---- */

static struct source *find_source(const struct run_env *env, struct slice name)
{
	for (size_t i = 0; i < env->nsources; i++)
		if (slice_eq_str(name, env->sources[i]->name))
			return env->sources[i];
	return NULL;
}

/* "lake", or several with commas between. */
static int step_sources(const struct running *r, struct local_source *from, size_t *n,
                        struct err *e)
{
	const char *names = r->p->steps[r->step].source;
	struct slice rest = slice_of(names), name;

	*n = 0;
	while (slice_split(&rest, ',', &name)) {
		struct source *s = find_source(r->env, slice_trim(name));
		if (!s)
			return err_set(
			        e, ERR_NOT_FOUND,
			        "no source is called \"%.*s\"; `midwatch source list` shows them",
			        (int)name.n, name.s);
		if (*n == SOURCES_OF_STEP_MAX)
			return err_set(e, ERR_LIMIT, "a step asks at most %d sources",
			               SOURCES_OF_STEP_MAX);
		from[(*n)++] = (struct local_source){.source = s};
	}
	return *n ? 0 : err_set(e, ERR_INVALID, "the step names no source");
}

static unsigned wants(const struct plan_search *s)
{
	return FIT_WHERE | FIT_ROWS | (s->sequence ? FIT_SEQUENCE : 0u) |
	       (s->baseline ? FIT_BASELINE : 0u);
}

/* One source that does all of the step streams its rows straight through. */
static bool streams(const struct plan *p, size_t i, const struct local_source *from, size_t n)
{
	// NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): n >= 1, see step_sources
	struct source *s = from[0].source;

	if (n != 1)
		return false;
	if (p->steps[i].kind == PS_GRAPH)
		return true;
	return !s->ops->fit || !(wants(&p->steps[i].search) & ~s->ops->fit(s, p, i));
}

static struct source_run run_of(const struct running *r)
{
	return (struct source_run){
	        .deadline_us = r->deadline_us,
	        .cancelled = r->env->cancelled,
	        .need_raw = r->env->need_raw || memory_wants_raw(&r->memory, r->step),
	        .need_vals = r->env->need_vals || memory_wants_vals(&r->memory, r->step),
	};
}

static int ask_sources(struct running *r, const struct plan *p, struct err *e)
{
	struct run_step *st = &r->out->steps[r->step];
	struct local_source from[SOURCES_OF_STEP_MAX];
	struct source_sink sink = {r, take_row, take_progress};
	struct source_run run = run_of(r);
	struct source_done done = {.complete_to = MW_TIME_NONE};
	size_t n;
	int rc;

	if (step_sources(r, from, &n, e))
		return -1;
	if (streams(p, r->step, from, n))
		rc = from[0].source->ops->search(from[0].source, p, r->step, &run, &sink, &done, e);
	else if (p->steps[r->step].kind == PS_GRAPH)
		rc = local_graph_step(p, r->step, from, n, &run, &sink, &done, e);
	else
		rc = local_step(p, r->step, from, n, &run, &sink, &done, e);
	done.rows = st->done.rows; /* as counted here */
	st->done = done;
	return rc;
}

/* ---- steps that hang on no other ---- */

static bool hangs_on_none(const struct plan *p, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (plan_step_needs(p, i, k))
			return false;
	return true;
}

/* The source that can work on the running step by itself, while others are asked; NULL where there is none. */
static struct source *background(struct running *r)
{
	struct local_source from[SOURCES_OF_STEP_MAX];
	struct err ignored;
	size_t n;

	if (!hangs_on_none(r->p, r->step) || step_sources(r, from, &n, &ignored) || n != 1 ||
	    !from[0].source->ops->start || !streams(r->p, r->step, from, n))
		return NULL;
	return from[0].source;
}

/* Begins all such steps, so that the slowest alone decides how long they take. What a source can do is asked before any of them is
 * busy. */
static void begin_steps(struct running *r)
{
	struct source **of = xcalloc(r->p->nsteps, sizeof(struct source *));

	for (r->step = 0; r->step < r->p->nsteps && r->p->nsteps > 1; r->step++)
		of[r->step] = background(r);
	for (r->step = 0; r->step < r->p->nsteps; r->step++) {
		struct source_run run = run_of(r);

		if (!of[r->step])
			continue;
		of[r->step]->ops->start(of[r->step], r->p, r->step, &run);
		r->begun[r->step] = true;
	}
	free(of);
}

static int want_none(void *ctx, const struct source_row *row, struct err *e)
{
	(void)ctx;
	(void)row;
	return err_set(e, ERR_CANCELLED, "nobody waits for it");
}

/* What was begun and will not be asked for is taken back. */
static void abandon(struct running *r)
{
	struct local_source from[SOURCES_OF_STEP_MAX];
	struct source_sink sink = {.row = want_none};
	struct source_run run = run_of(r);
	struct source_done done = {0};
	struct err ignored;
	size_t n;

	if (!r->begun[r->step] || step_sources(r, from, &n, &ignored))
		return;
	run.deadline_us = 1;
	(void)!from[0].source->ops->search(from[0].source, r->p, r->step, &run, &sink, &done,
	                                   &ignored);
	free(done.sent);
	r->begun[r->step] = false;
}

/* ---- steps ---- */

static int check_time_left(const struct running *r, struct err *e)
{
	if (r->env->cancelled && *r->env->cancelled)
		return err_set(e, ERR_CANCELLED, "cancelled");
	if (r->deadline_us && mw_mono_us() >= r->deadline_us)
		return err_set(e, ERR_DEADLINE,
		               "the time allowed for the question was used up before this step");
	return 0;
}

/* A step that hangs on one that failed has no ground to stand on. */
static int check_needs(const struct running *r, struct err *e)
{
	for (size_t k = 0; k < r->step; k++) {
		enum run_state s = r->out->steps[k].state;
		if ((s == RUN_FAILED || s == RUN_SKIPPED) && plan_step_needs(r->p, r->step, k))
			return err_set(e, ERR_INVALID,
			               "it takes values from step %zu, which has none: %s", k + 1,
			               r->out->steps[k].error.what);
	}
	return 0;
}

static void finish_step(struct running *r, int rc, int64_t start)
{
	struct run_step *st = &r->out->steps[r->step];

	st->elapsed_us = mw_mono_us() - start;
	st->first = r->memory.steps[r->step].first;
	st->last = r->memory.steps[r->step].last;
	st->state = rc ? RUN_FAILED : RUN_DONE;
	if (rc && !st->done.why[0])
		snprintf(st->done.why, sizeof(st->done.why), "%.*s", (int)sizeof(st->done.why) - 1,
		         st->error.what);
	st->done.partial |= rc && st->done.rows;
	r->out->partial |= rc || st->done.partial || st->pivot_cut;
	tell(r, r->step);
}

static void skip_step(struct running *r)
{
	abandon(r);
	r->out->steps[r->step].state = RUN_SKIPPED;
	r->out->partial = true;
	tell(r, r->step);
}

static void run_step(struct running *r)
{
	struct run_step *st = &r->out->steps[r->step];
	struct resolve_from from = memory_resolver(&r->memory);
	struct plan *p;
	int64_t start = mw_mono_us();
	int rc = 0;

	if (check_time_left(r, &st->error) || check_needs(r, &st->error)) {
		skip_step(r);
		return;
	}
	st->state = RUN_RUNNING;
	r->begun[r->step] = false;
	st->pivot_cut = memory_cut(&r->memory, r->step);
	tell(r, r->step);
	p = plan_clone(r->p);
	if (plan_resolve(p, r->step, &from))
		rc = ask_sources(r, p, &st->error);
	else
		st->done.complete_to =
		        MW_TIME_NONE; /* its window hangs on a step without rows: it has none either */
	plan_free(p);
	finish_step(r, rc, start);
}

static int64_t deadline_of(const struct plan *p, const struct run_env *env)
{
	int64_t seconds = p->max_seconds ? p->max_seconds : MW_PLAN_SECONDS_DEFAULT;
	int64_t own = mw_mono_us() + seconds * MW_SECOND;

	return env->deadline_us && env->deadline_us < own ? env->deadline_us : own;
}

int run_plan(const struct plan *p, const struct run_env *env, const struct run_sink *sink,
             struct run_result *out, struct err *e)
{
	struct running r = {.p = p, .env = env, .sink = sink, .out = out};
	size_t failed = 0, stopped;

	*out = (struct run_result){.steps = xcalloc(p->nsteps, sizeof(*out->steps)),
	                           .nsteps = p->nsteps};
	memory_init(&r.memory, p);
	r.deadline_us = deadline_of(p, env);
	for (size_t i = 0; i < p->nsteps; i++)
		out->steps[i].first = out->steps[i].last = MW_TIME_NONE;
	r.begun = xcalloc(p->nsteps, sizeof(*r.begun));
	begin_steps(&r);
	for (r.step = 0; r.step < p->nsteps && !r.sink_failed; r.step++) {
		run_step(&r);
		failed += out->steps[r.step].state != RUN_DONE && out->steps[r.step].done.rows == 0;
	}
	stopped = r.step;
	for (; r.step < p->nsteps; r.step++)
		abandon(&r);
	memory_release(&r.memory);
	free(r.begun);
	if (r.sink_failed || failed == p->nsteps) {
		size_t last = r.sink_failed ? stopped - 1 : 0;
		if (e)
			*e = out->steps[last].error;
		return -1;
	}
	return 0;
}

void run_result_release(struct run_result *r)
{
	for (size_t i = 0; i < r->nsteps; i++)
		free(r->steps[i].done.sent);
	free(r->steps);
	*r = (struct run_result){0};
}
