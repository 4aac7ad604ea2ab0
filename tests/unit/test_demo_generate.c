/*
 * The demo generator: same seed, same bytes; records are JSON, in order, with ids of their own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/evjson.h"
#include "base/json.h"
#include "base/map.h"
#include "demo/demo.h"
#include "demo/jfmt.h"
#include "demo/rng.h"

#define END "2026-03-14T03:12:00Z"

static char folder[64];

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st, (void)flag, (void)f;
	return remove(path);
}

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/mw-demo-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct demo_stats generate(const char *name, uint64_t seed, double scale)
{
	char path[96];
	struct demo_opts o = {.seed = seed, .scale = scale};
	struct demo_stats stats;
	struct err e = {0};
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(mkdir(path, 0700), 0);
	int dir = open(path, O_RDONLY | O_DIRECTORY);
	assert_true(mw_time_parse(SLICE(END), &o.end));
	int rc = demo_generate(dir, &o, &stats, &e);
	if (rc)
		fail_msg("%s", e.what);
	close(dir);
	return stats;
}

/* What walk() gives to its visitor: one file, decompressed. */
struct tree {
	const char *root;
	void (*visit)(void *ctx, const char *path, struct slice text);
	void *ctx;
};
static struct tree walking;

static void read_file(const char *path, struct buf *b)
{
	gzFile f = gzopen(path, "rb"); /* reads plain files as they are */
	assert_non_null(f);
	int n;
	while ((n = gzread(f, buf_room(b, 65536), 65536)) > 0)
		b->len += (size_t)n;
	assert_int_equal(n, 0);
	gzclose(f);
}

static int visit_file(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st, (void)f;
	if (flag != FTW_F)
		return 0;
	struct buf b = BUF_INIT;
	read_file(path, &b);
	walking.visit(walking.ctx, path + strlen(walking.root), (struct slice){b.s, b.len});
	buf_release(&b);
	return 0;
}

static void walk(const char *name, void (*visit)(void *, const char *, struct slice), void *ctx)
{
	char root[96];
	snprintf(root, sizeof(root), "%s/%s/", folder, name);
	walking = (struct tree){root, visit, ctx};
	nftw(root, visit_file, 16, FTW_PHYS);
}

static void sum_file(void *ctx, const char *path, struct slice text)
{
	uint64_t *sum = ctx; /* independent of the order of the walk */
	*sum += mw_hash(path, strlen(path)) ^ (mw_hash(text.s, text.n) * 31);
}

static void same_seed_same_bytes(void **state)
{
	(void)state;
	uint64_t a = 0, b = 0, c = 0;
	struct demo_stats one = generate("one", 7, 0.1), two = generate("two", 7, 0.1);
	generate("other", 8, 0.1);
	walk("one", sum_file, &a);
	walk("two", sum_file, &b);
	walk("other", sum_file, &c);
	assert_memory_equal(&one, &two, sizeof(one));
	assert_true(a == b);
	assert_true(a != c);
}

struct ids {
	struct map seen;
	uint64_t events, repeated;
	char last[32];
	bool back;
};

static bool take_leaf(void *ctx, const struct ev_leaf *leaf)
{
	struct ids *ids = ctx;
	bool added;
	if (slice_eq_str(leaf->path, "Records.eventTime")) {
		char time[32];
		snprintf(time, sizeof(time), "%.*s", (int)leaf->value.n, leaf->value.s);
		ids->back |= strcmp(time, ids->last) < 0;
		memcpy(ids->last, time, sizeof(time));
		if (strcmp(time, END) > 0)
			fail_msg("an event after the end: %s", time);
	}
	if (slice_eq_str(leaf->path, "Records.eventID")) {
		ids->events++;
		map_put(&ids->seen, leaf->value.s, leaf->value.n, &added);
		ids->repeated += !added;
	}
	return true;
}

static void read_trail(void *ctx, const char *path, struct slice text)
{
	struct ids *ids = ctx;
	struct err e = {0};
	size_t used;
	if (!strstr(path, "/CloudTrail/"))
		return;
	struct ev_reader *r = ev_reader_new();
	*ids->last = 0;
	if (ev_walk(r, text, take_leaf, ids, &used, &e))
		fail_msg("%s: %s", path, e.what);
	ev_reader_free(r);
}

static void trail_is_ordered_and_unique(void **state)
{
	(void)state;
	struct ids ids = {0};
	generate("full", 7, 1);
	walk("full", read_trail, &ids);
	assert_true(ids.events > 20000);
	assert_int_equal(ids.repeated, 0);
	assert_false(ids.back);
	map_release(&ids.seen);
}

static void json_templates(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	const char *volatile none = NULL; /* the compiler would refuse a constant one */
	jfmt(&b, "{'a':%s,'b':%d,'c':%ld,'d':%i,'e':'x-%-s','f':%s}", "q\"\x1b", -3,
	     (int64_t)1 << 60, 1, "raw", none);
	assert_string_equal(b.s,
	                    "{\"a\":\"q\\\"\\u001b\",\"b\":-3,\"c\":1152921504606846976,\"d\":true,"
	                    "\"e\":\"x-raw\",\"f\":null}");
	buf_release(&b);
}

static void random_numbers(void **state)
{
	(void)state;
	struct rng a, b;
	uint32_t low = 0;
	char uuid[RNG_UUID + 1] = "";
	rng_seed(&a, 1, "x");
	rng_seed(&b, 1, "y");
	assert_true(rng_next(&a) != rng_next(&b));
	for (int k = 0; k < 10000; k++) {
		uint32_t v = rng_skewed(&a, 1000);
		assert_true(v < 1000);
		low += v < 100;
	}
	assert_in_range(low, 4000, 5500);
	rng_uuid(&a, uuid);
	assert_int_equal(uuid[14], '4');
	assert_int_equal(strlen(uuid), 36);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(json_templates),
	        cmocka_unit_test(random_numbers),
	        cmocka_unit_test_setup_teardown(same_seed_same_bytes, make_folder, drop_folder),
	        cmocka_unit_test_setup_teardown(trail_is_ordered_and_unique, make_folder,
	                                        drop_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
