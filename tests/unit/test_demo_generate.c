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

/*
 * Consistency: an id, key, bucket or inside address that an event names is in the inventory, or an
 * event's answer made it, or it is one of the outside ones below.
 */
static const char *const outside[] = {
        "999988887777", /* the account that the snapshots were shared with */
        "AIDA4EXAMPLEBACKUPSYN",

};

struct world_ids {
	struct map known; /* tokens of inventory/ and context/, and of the answers of calls */
	uint64_t checked, unknown;
	bool check;
};

static bool token_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '.' || c == '_';
}

static bool must_be_known(struct slice t)
{
	static const char *const prefixes[] = {"i-0",   "vol-0",  "sg-0", "vpc-0", "subnet-0",
	                                       "eni-0", "snap-0", "AKIA", "AIDA",  "AROA"};
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (t.n >= 19 && !strncmp(t.s, prefixes[i], strlen(prefixes[i])))
			return true;
	/* inside addresses, and the company's accounts */
	if (t.n > 6 && t.n < 16 && !strncmp(t.s, "10.", 3))
		return memchr(t.s, '-', t.n) == NULL && strspn(t.s, "0123456789.") >= t.n;
	return t.n == 12 && strspn(t.s, "0123456789") >= 12 && t.s[0] == t.s[1];
}

static void one_token(struct world_ids *w, const char *path, struct slice t)
{
	while (t.n && t.s[t.n - 1] == '.')
		t.n--;
	if (!w->check) {
		map_put(&w->known, t.s, t.n, NULL);
		return;
	}
	if (!must_be_known(t))
		return;
	w->checked++;
	for (size_t i = 0; i < ARRAY_LEN(outside); i++)
		if (slice_eq_str(t, outside[i]))
			return;
	if (map_get(&w->known, t.s, t.n))
		return;
	if (w->unknown++ < 10)
		print_error("%s names %.*s, which nothing else knows\n", path, (int)t.n, t.s);
}

static void tokens(struct world_ids *w, const char *path, struct slice text)
{
	for (size_t i = 0, from; i < text.n; i++) {
		if (!token_char(text.s[i]))
			continue;
		for (from = i; i < text.n && token_char(text.s[i]); i++)
			;
		one_token(w, path, (struct slice){text.s + from, i - from});
	}
}

static bool learn_answer(void *ctx, const struct ev_leaf *leaf)
{
	if (leaf->path.n > 24 && !memcmp(leaf->path.s, "Records.responseElements", 24))
		tokens(ctx, "", leaf->value);
	return true;
}

static void learn(void *ctx, const char *path, struct slice text)
{
	struct err e = {0};
	size_t used;
	if (!strncmp(path, "inventory/", 10) || !strncmp(path, "context/", 8))
		tokens(ctx, path, text);
	if (!strstr(path, "/CloudTrail/"))
		return;
	struct ev_reader *r = ev_reader_new();
	assert_int_equal(ev_walk(r, text, learn_answer, ctx, &used, &e), 0);
	ev_reader_free(r);
}

static void check_ids(void *ctx, const char *path, struct slice text)
{
	if (!strncmp(path, "logs/", 5) || !strncmp(path, "findings/", 9))
		tokens(ctx, path, text);
}

static void events_name_what_exists(void **state)
{
	(void)state;
	struct world_ids w = {0};
	generate("world", 11, 1);
	walk("world", learn, &w);
	w.check = true;
	walk("world", check_ids, &w);
	map_release(&w.known);
	assert_true(w.checked > 100000);
	assert_int_equal(w.unknown, 0);
}

/* The truth names each story with its events, and every id in it is in the file that it says. */
struct truth {
	uint64_t lines, attacks, ids;
	struct map stories;
};

static void read_truth(void *ctx, const char *path, struct slice text)
{
	struct truth *t = ctx;
	struct slice line;
	struct err e = {0};
	if (strcmp(path, "truth.jsonl") != 0)
		return;
	while (text.n && slice_split(&text, '\n', &line)) {
		if (!line.n)
			continue;
		cJSON *j = json_parse(line, 16 << 20, &e);
		if (!j)
			fail_msg("%s", e.what);
		struct buf file = BUF_INIT;
		char full[512];
		snprintf(full, sizeof(full), "%s/told/%s", folder, json_str(j, "file", ""));
		read_file(full, &file);
		const cJSON *id;
		cJSON_ArrayForEach(id, json_arr(j, "event_ids"))
		{
			const char *colon = strrchr(id->valuestring, ':');
			const char *base = strrchr(full, '/') + 1;
			bool by_line = colon && !strncmp(id->valuestring, base, strlen(base) - 3);
			if (!by_line &&
			    !memmem(file.s, file.len, id->valuestring, strlen(id->valuestring)))
				fail_msg("%s is not in %s", id->valuestring, full);
			t->ids++;
		}
		bool added;
		map_put_str(&t->stories, json_str(j, "story", ""), &added);
		t->attacks += added && !strcmp(json_str(j, "kind", ""), "attack");
		t->lines++;
		buf_release(&file);
		cJSON_Delete(j);
	}
}

static void truth_names_the_stories(void **state)
{
	(void)state;
	struct truth t = {0};
	struct demo_stats stats = generate("told", 3, 1);
	walk("told", read_truth, &t);
	assert_true(stats.events >= 60000);
	assert_int_equal(t.attacks, 9);
	assert_int_equal(t.stories.n, 19);
	assert_true(t.ids > 4000);
	map_release(&t.stories);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(json_templates),
	        cmocka_unit_test(random_numbers),
	        cmocka_unit_test_setup_teardown(same_seed_same_bytes, make_folder, drop_folder),
	        cmocka_unit_test_setup_teardown(trail_is_ordered_and_unique, make_folder,
	                                        drop_folder),
	        cmocka_unit_test_setup_teardown(events_name_what_exists, make_folder, drop_folder),
	        cmocka_unit_test_setup_teardown(truth_names_the_stories, make_folder, drop_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
