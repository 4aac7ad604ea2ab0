/* The lake gives the same rows as the reference evaluator. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "gen_plan.h"
#include "plan/eval.h"
#include "source/source.h"
#include "store/lake_int.h"

#define EVENTS 400
#define BATCH 70 /* events an import: several segments, each with several datasets */

static char dir[64];
static struct arena arena;
static struct event *events; /* in id order */
static struct lake *lake;
static struct source *source;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void append_some(struct lake *l, const struct event *ev, size_t n)
{
	struct lake_builder *b = lake_builder_new();
	struct lake_appended out = {0};
	struct err e = {0};
	int fd = lake_batch_fd(l, &e);

	for (size_t i = 0; i < n; i++)
		assert_int_equal(lake_builder_add(b, &ev[i], &e), 0);
	assert_int_equal(lake_builder_finish(b, fd, &e), 0);
	if (lake_append(l, 1, fd, &out, &e))
		fail_msg("%s", e.what);
	assert_int_equal(out.added, n);
	close(fd);
	lake_builder_free(b);
}

/* Events of a batch are stored by dataset: the order of ids is what "then by id" means. */
static void sort_batch(struct event *ev, size_t n)
{
	struct event *out = xcalloc(n, sizeof(*out));
	bool *done = xcalloc(n, sizeof(*done));
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = i; j < n && !done[i]; j++)
			if (j == i || (!done[j] && strcmp(ev[i].dataset, ev[j].dataset) == 0)) {
				out[k++] = ev[j];
				done[j] = j != i;
			}
	memcpy(ev, out, n * sizeof(*ev));
	free(out);
	free(done);
}

static int setup(void **state)
{
	struct err e = {0};
	struct lake *w;
	struct gen g;
	int64_t import;

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/mw-lake.XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(fields_load(&e), 0);
	gen_init(&g, 7);
	events = gen_events(&g, &arena, EVENTS);
	assert_int_equal(lake_open(&w, dir, LAKE_WRITE, &e), 0);
	assert_int_equal(lake_import_begin(w, NULL, &import, &e), 0);
	for (size_t i = 0; i < EVENTS; i += BATCH) {
		size_t n = EVENTS - i < BATCH ? EVENTS - i : BATCH;
		sort_batch(events + i, n);
		append_some(w, events + i, n);
	}
	lake_close(w);
	assert_int_equal(lake_open(&lake, dir, LAKE_READ, &e), 0);
	source = source_lake_open(lake, "lake");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	source->ops->close(source);
	lake_close(lake);
	gen_events_release(events, EVENTS);
	arena_release(&arena);
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_events_come_back(void **state)
{
	struct arena a = ARENA_INIT;
	struct event got = {0};
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < EVENTS; i++) {
		event_id ids[4];
		size_t n;
		assert_int_equal(lake_find_uid(lake, events[i].uid, ids, 4, &n, &e), 0);
		assert_int_equal(n, 1);
		if (lake_get(lake, ids[0], &a, &got, &e))
			fail_msg("%s", e.what);
		assert_true(slice_eq(got.raw, events[i].raw));
		assert_true(slice_eq(got.uid, events[i].uid));
		assert_true(got.time == events[i].time);
		assert_int_equal(got.line, events[i].line);
		assert_int_equal(got.vals.n, events[i].vals.n);
	}
	event_release(&got);
	arena_release(&a);
}

struct rows {
	const struct eval_result *want;
	size_t n;
	bool same;
};

static bool same_cols(const struct eval_row *want, const struct source_row *got)
{
	for (size_t i = 0; i < got->ncols; i++)
		if (!slice_eq(want->cols[i], got->cols[i]))
			return false;
	return true;
}

static int take_row(void *ctx, const struct source_row *r, struct err *e)
{
	struct rows *rows = ctx;
	const struct eval_row *want =
	        rows->n < rows->want->rows.n ? &rows->want->rows.v[rows->n] : NULL;

	(void)e;
	rows->n++;
	if (!want)
		rows->same = false;
	else if (r->event)
		rows->same = rows->same && want->event && slice_eq(want->event->uid, r->event->uid);
	else
		rows->same = rows->same && r->ncols == rows->want->ncols && same_cols(want, r);
	return 0;
}

static bool same_answer(const struct plan *p)
{
	static const volatile bool never = false;
	struct source_run run = {.cancelled = &never};
	struct eval_result want = {0};
	struct source_done done;
	struct err e = {0}, want_err = {0};
	int rc = plan_eval_step(p, 0, events, EVENTS, NULL, &want, &want_err);
	struct rows rows = {.want = &want, .same = true};
	struct source_sink sink = {.ctx = &rows, .row = take_row};
	int got = source->ops->search(source, p, 0, &run, &sink, &done, &e);
	bool same = rc == got &&
	            (rc || (rows.same && rows.n == want.rows.n && done.limited == want.limited));

	if (!same)
		printf("evaluator: %d, %zu rows, %s; lake: %d, %zu rows, %s, limited %d %d\n%s", rc,
		       want.rows.n, want_err.what, got, rows.n, e.what, want.limited, done.limited,
		       done.sent ? done.sent : "");
	free(done.sent);
	if (rc == 0)
		eval_result_release(&want);
	return same;
}

static void test_same_rows_as_evaluator(void **state)
{
	size_t n = getenv("MW_LONG") ? 20000 : 500;
	struct gen g;

	(void)state;
	for (size_t seed = 1; seed <= n; seed++) {
		gen_init(&g, seed);
		g.no_steps = true;
		struct plan *p = gen_plan(&g);
		if (!same_answer(p))
			gen_fail("the lake differs from the evaluator", p);
		plan_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_events_come_back),
	        cmocka_unit_test(test_same_rows_as_evaluator),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
