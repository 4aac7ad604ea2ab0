/* The import pipeline: parse processes, ranges, order, resume. */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "intake/import.h"

static char dir[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int make_dir(void **state)
{
	struct err e;

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/mw-import.XXXXXX");
	assert_non_null(mkdtemp(dir));
	return fields_load(&e);
}

static int remove_dir(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Lines {"n":1,...} without an id of their own; returns a descriptor at the beginning. */
static int lines_file(const char *name, int n, size_t width)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 1; i <= n; i++)
		fprintf(f, "{\"n\":%d,\"file\":\"%s\",\"pad\":\"%0*d\"}\n", i, name, (int)width, i);
	fclose(f);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static struct lake *open_lake(enum lake_mode mode)
{
	struct lake *l = NULL;
	struct err e = {0};

	if (lake_open(&l, dir, mode, &e))
		fail_msg("%s", e.what);
	return l;
}

static struct import_result run_with(struct lake *l, const struct import_file *files, size_t n,
                                     const struct import_opts *o)
{
	struct import_result r;
	struct err e = {0};

	if (import_run(l, NULL, files, n, o, &r, &e))
		fail_msg("%s", e.what);
	return r;
}

static struct import_result run(struct lake *l, const struct import_file *files, size_t n)
{
	return run_with(l, files, n, &(struct import_opts){.parsers = 2});
}

static void assert_line(struct lake *l, const char *name, int n)
{
	struct arena a = ARENA_INIT;
	struct event ev = {0};
	char uid[64], want[32];
	struct err e = {0};
	event_id id[2];
	size_t found;

	snprintf(uid, sizeof(uid), "%s:%d", name, n);
	snprintf(want, sizeof(want), "{\"n\":%d,", n);
	assert_int_equal(lake_find_uid(l, slice_of(uid), id, 2, &found, &e), 0);
	assert_int_equal(found, 1);
	assert_int_equal(lake_get(l, id[0], &a, &ev, &e), 0);
	assert_memory_equal(ev.raw.s, want, strlen(want));
	event_release(&ev);
	arena_release(&a);
}

/* A file cut into ranges has the line numbers of the whole, and a second import adds nothing. */
static void test_ranges_and_twice(void **state)
{
	struct lake *l = open_lake(LAKE_WRITE);
	struct import_file f = {lines_file("big.json", 30000, 700), "big.json"};
	struct import_result r = run(l, &f, 1);
	cJSON *sum = r.files->child;

	(void)state;
	assert_int_equal(r.total.events, 30000);
	assert_null(json_str(sum, "error", NULL));
	cJSON_Delete(r.files);
	assert_line(l, "big.json", 1);
	assert_line(l, "big.json", 17321);
	assert_line(l, "big.json", 30000);
	r = run(l, &f, 1);
	assert_int_equal(r.total.events, 0);
	assert_int_equal(r.total.duplicates, 30000);
	assert_int_equal(json_i64(r.files->child, "duplicates", 0), 30000);
	cJSON_Delete(r.files);
	close(f.fd);
	lake_close(l);
}

/* What cannot be read is that file's error; a pipe is as good as a file; ids follow the order of the files. */
static void test_many_files(void **state)
{
	struct lake *l = open_lake(LAKE_WRITE);
	struct import_file f[4] = {{lines_file("a.json", 3, 1), "dir/a.json"},
	                           {lines_file("empty.json", 0, 1), "empty.json"},
	                           {-1, "pipe.json"},
	                           {lines_file("b.json", 5, 1), "b.json"}};
	const char line[] = "{\"n\":1,\"file\":\"pipe\"}\n";
	struct import_result r;
	int pair[2];

	(void)state;
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(write(pair[1], line, sizeof(line) - 1), sizeof(line) - 1);
	close(pair[1]);
	f[2].fd = pair[0];
	r = run(l, f, 4);
	assert_int_equal(r.total.events, 9);
	assert_non_null(json_str(r.files->child->next, "error", NULL));
	assert_int_equal(json_i64(r.files->child, "events", 0), 3);
	assert_int_equal(json_i64(r.files->child->next->next, "events", 0), 1);
	assert_line(l, "a.json", 3);
	assert_line(l, "pipe.json", 1);
	cJSON_Delete(r.files);
	for (size_t i = 0; i < 4; i++)
		close(f[i].fd);
	lake_close(l);
}

static bool cancel_at_once(void *ctx, const struct import_progress *p)
{
	(void)ctx;
	(void)p;
	return false;
}

static void test_cancel(void **state)
{
	struct lake *l = open_lake(LAKE_WRITE);
	struct import_file f = {lines_file("c.json", 30000, 700), "c.json"};
	struct import_result r =
	        run_with(l, &f, 1, &(struct import_opts){.parsers = 2, .progress = cancel_at_once});

	(void)state;
	assert_true(r.cancelled);
	cJSON_Delete(r.files);
	r = run(l, &f, 1);
	assert_int_equal(r.total.events + r.total.duplicates, 30000);
	cJSON_Delete(r.files);
	close(f.fd);
	lake_close(l);
}

struct told {
	int fd;
};

/* Events that were reported as stored, to the process that survives. */
static bool report(void *ctx, const struct import_progress *p)
{
	const struct told *t = ctx;

	return write(t->fd, &p->events, sizeof(p->events)) == sizeof(p->events);
}

static void import_and_die(struct import_file *f, int fd, useconds_t after)
{
	struct told t = {fd};
	struct import_opts o = {.parsers = 2, .progress = report, .ctx = &t};
	struct import_result r;
	struct lake *l;
	struct err e;
	pid_t killer = fork();

	if (killer == 0) {
		usleep(after);
		kill(getppid(), SIGKILL);
		_exit(0);
	}
	if (lake_open(&l, dir, LAKE_WRITE, &e) == 0)
		(void)!import_run(l, NULL, f, 1, &o, &r, &e);
	for (;;)
		pause();
}

/* Killed at any moment: what was reported is there, and going on from there ends with each event once. */
static void test_kill_and_resume(void **state)
{
	int rounds = getenv("MW_LONG") ? 60 : 6;

	(void)state;
	for (int i = 0; i < rounds; i++) {
		char name[16];
		uint64_t told = 0, n;
		int pair[2], status;
		snprintf(name, sizeof(name), "k%d.json", i);
		struct import_file f = {lines_file(name, 20000, 1000), name};
		assert_int_equal(pipe(pair), 0);
		pid_t child = fork();
		if (child == 0)
			import_and_die(&f, pair[1], (useconds_t)(20000 + i * 37000 % 400000));
		close(pair[1]);
		while (read(pair[0], &n, sizeof(n)) == sizeof(n))
			told = n > told ? n : told;
		close(pair[0]);
		assert_int_equal(waitpid(child, &status, 0), child);
		struct lake *l = open_lake(LAKE_WRITE);
		struct import_result r = run(l, &f, 1);
		assert_int_equal(r.total.events + r.total.duplicates, 20000);
		assert_true(r.total.duplicates >= told);
		assert_line(l, name, 20000);
		cJSON_Delete(r.files);
		lake_close(l);
		close(f.fd);
	}
}

/* A record set aside that can be read after all: once it is in, it is off the list; what cannot stays on it. */
static void test_retry(void **state)
{
	static const struct lake_reject aside[] = {
	        {"dir/a.json",
	         7,
	         "an older build knew no better",
	         {"{\"n\":7,\"who\":\"ann\"}", 19}},
	        {"dir/a.json", 9, "no JSON", {"{\"n\":", 5}},
	        {"rows.csv", 3, "no header", {"just words", 10}},
	};
	struct lake *l = open_lake(LAKE_WRITE);
	struct import_retry r = {0};
	struct err e = {0};
	int64_t import;
	event_id id;
	size_t n;
	cJSON *list;

	(void)state;
	assert_int_equal(lake_import_begin(l, "first", &import, &e), 0);
	assert_int_equal(lake_reject_add(l, import, aside, 3, &e), 0);
	if (import_retry_some(l, NULL, &r, &e))
		fail_msg("%s", e.what);
	assert_int_equal(r.tried, 3);
	assert_int_equal(r.events, 1);
	assert_int_equal(r.rejected, 2);
	assert_false(r.more);
	assert_int_equal(lake_find_uid(l, SLICE("a.json:7"), &id, 1, &n, &e), 0);
	assert_int_equal(n, 1);
	list = lake_rejected(l, 0, 10, &e);
	assert_int_equal(cJSON_GetArraySize(list), 2);
	for (const cJSON *x = list->child; x; x = x->next)
		assert_int_not_equal(json_i64(x, "line", 0), 7);
	cJSON_Delete(list);
	r = (struct import_retry){0};
	assert_int_equal(import_retry_some(l, NULL, &r, &e), 0);
	assert_int_equal(r.tried, 2);
	assert_int_equal(r.events + r.duplicates, 0);
	list = lake_status(l, &e);
	assert_int_equal(json_i64(list, "rejected", -1), 2);
	cJSON_Delete(list);
	lake_close(l);
}

/* Parts of a larger import are one import, and undone as one. */
static void test_parts(void **state)
{
	struct lake *l = open_lake(LAKE_WRITE);
	struct import_file f[2] = {{lines_file("p.json", 3, 1), "p.json"},
	                           {lines_file("q.json", 2, 1), "q.json"}};
	struct import_result a = run(l, &f[0], 1), b;
	struct err e = {0};
	uint64_t removed;

	(void)state;
	b = run_with(l, &f[1], 1, &(struct import_opts){.into = a.id});
	assert_int_equal(b.id, a.id);
	assert_int_equal(lake_import_undo(l, a.id, &removed, &e), 0);
	assert_int_equal(removed, 5);
	cJSON_Delete(a.files);
	cJSON_Delete(b.files);
	assert_int_equal(import_run(l, NULL, f, 1, &(struct import_opts){.into = a.id}, &b, &e),
	                 -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	cJSON_Delete(b.files);
	for (size_t i = 0; i < 2; i++)
		close(f[i].fd);
	lake_close(l);
}

static int take_batch(void *ctx, int batch_fd, struct err *e)
{
	(void)batch_fd;
	(void)e;
	++*(int *)ctx;
	return 0;
}

static int batch_taken(void *ctx, struct import_stored *out, struct err *e)
{
	(void)ctx;
	(void)out;
	(void)e;
	return 0;
}

/* With another store of events, what incidents are made of is in the lake as well: findings of files, and of every platform that is polled. */
static void test_findings_stay_in_the_lake(void **state)
{
	static const char *const records[] = {
	        "{\"event_id\":\"a\",\"rule_id\":\"r\",\"urgency\":\"high\"}",
	        "{\"finding\":{\"id\":1,\"offense_type\":3,\"magnitude\":5}}",
	        "{\"finding\":{\"name\":\"x\",\"properties\":{\"incidentNumber\":1,\"title\":\"t\"}}}",
	        "{\"alertId\":1,\"alertName\":\"n\",\"alertType\":\"t\"}", "{\"n\":1}"};
	struct lake *l = open_lake(LAKE_WRITE);
	struct import_file files[ARRAY_LEN(records)];
	char names[ARRAY_LEN(records)][16];
	int batches = 0;
	const struct import_store store = {&batches, take_batch, batch_taken};
	struct import_result r;
	struct err e = {0};
	cJSON *status;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(records); i++) {
		char path[128];
		FILE *f;
		snprintf(names[i], sizeof(names[i]), "%zu.jsonl", i);
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		f = fopen(path, "w");
		assert_non_null(f);
		fprintf(f, "%s\n", records[i]);
		fclose(f);
		files[i] = (struct import_file){open(path, O_RDONLY | O_CLOEXEC), names[i]};
	}
	r = run_with(l, files, ARRAY_LEN(records),
	             &(struct import_opts){.parsers = 1, .store = &store});
	assert_true(batches > 0);
	status = lake_status(l, &e);
	assert_int_equal(cJSON_GetArraySize(json_arr(status, "datasets")), 4);
	assert_int_equal(json_i64(status, "events", 0), 4);
	cJSON_Delete(status);
	cJSON_Delete(r.files);
	for (size_t i = 0; i < ARRAY_LEN(records); i++)
		close(files[i].fd);
	lake_close(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_ranges_and_twice, make_dir, remove_dir),
	        cmocka_unit_test_setup_teardown(test_many_files, make_dir, remove_dir),
	        cmocka_unit_test_setup_teardown(test_cancel, make_dir, remove_dir),
	        cmocka_unit_test_setup_teardown(test_retry, make_dir, remove_dir),
	        cmocka_unit_test_setup_teardown(test_parts, make_dir, remove_dir),
	        cmocka_unit_test_setup_teardown(test_findings_stay_in_the_lake, make_dir,
	                                        remove_dir),
	        cmocka_unit_test_setup_teardown(test_kill_and_resume, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
