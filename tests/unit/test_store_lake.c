#include <ftw.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "store/lake_int.h"

static char dir[64];

static int setup(void **state)
{
	struct err e;

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/mw-lake.XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(fields_load(&e), 0);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int remove_dir(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

struct sample {
	const char *dataset, *uid, *user, *raw;
	mw_time t;
};

static void add(struct lake_builder *b, const struct sample *s, uint64_t line)
{
	struct event ev = {0};
	struct err e;

	event_reset(&ev);
	ev.time = s->t;
	ev.dataset = s->dataset;
	ev.basename = SLICE("a.json");
	ev.line = line;
	ev.raw = slice_of(s->raw);
	ev.has_own_uid = s->uid != NULL;
	ev.uid = slice_of(s->uid);
	event_add(&ev, field_find(SLICE("actor.user.name"))->id, slice_of(s->user));
	assert_int_equal(lake_builder_add(b, &ev, &e), 0);
	event_release(&ev);
}

static struct lake_appended append(struct lake *l, int64_t import, const struct sample *s, size_t n)
{
	struct lake_builder *b = lake_builder_new();
	struct lake_appended out = {0};
	struct err e = {0};
	int fd = lake_batch_fd(l, &e);

	assert_true(fd >= 0);
	for (size_t i = 0; i < n; i++)
		add(b, &s[i], i + 1);
	assert_int_equal(lake_builder_finish(b, fd, &e), 0);
	if (lake_append(l, import, fd, &out, &e))
		fail_msg("%s", e.what);
	close(fd);
	lake_builder_free(b);
	return out;
}

static const struct sample three[] = {
        {"cloudtrail", "u-1", "alice", "{\"user\":\"alice\",\"n\":1}", 1000000},
        {"cloudtrail", NULL, "bob", "{\"user\":\"bob\",\"n\":2}", 2000000},
        {"okta", "u-3", "Alice", "{\"user\":\"Alice\"}", 3000000},
};

static struct lake *open_lake(enum lake_mode mode)
{
	struct lake *l = NULL;
	struct err e = {0};

	if (lake_open(&l, dir, mode, &e))
		fail_msg("%s", e.what);
	return l;
}

/* A reader that came before the file, or between the file and its tables, sees the lake once it is there. */
static void test_reader_first(void **state)
{
	char sub[80], path[96];
	struct lake *r, *w;
	struct err e;
	bool changed;

	(void)state;
	snprintf(sub, sizeof(sub), "%s/first", dir);
	snprintf(path, sizeof(path), "%s/lake.db", sub);
	assert_int_equal(mkdir(sub, 0700), 0);
	assert_int_equal(lake_open(&r, sub, LAKE_READ, &e), 0);
	fclose(fopen(path, "we"));
	assert_int_equal(lake_refresh(r, &changed, &e), 0);
	assert_false(changed);
	assert_int_equal(lake_open(&w, sub, LAKE_WRITE, &e), 0);
	assert_int_equal(lake_refresh(r, &changed, &e), 0);
	assert_true(changed);
	lake_close(w);
	lake_close(r);
}

static void test_append_and_get(void **state)
{
	struct lake *l = open_lake(LAKE_WRITE), *r;
	struct arena a = ARENA_INIT;
	struct lake_appended out = {0};
	struct event ev = {0};
	struct err e = {0};
	int64_t import;
	event_id ids[4];
	size_t n;

	(void)state;
	assert_int_equal(lake_import_begin(l, "first", &import, &e), 0);
	out = append(l, import, three, 3);
	assert_int_equal(out.added, 3);
	out = append(l, import, three, 3);
	assert_int_equal(out.added, 0);
	assert_int_equal(out.duplicates, 3);
	r = open_lake(LAKE_READ);
	assert_int_equal(lake_find_uid(r, SLICE("a.json:2"), ids, 4, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(lake_get(r, ids[0], &a, &ev, &e), 0);
	assert_true(slice_eq_str(ev.raw, three[1].raw));
	assert_true(slice_eq_str(ev.uid, "a.json:2"));
	assert_int_equal(ev.time, 2000000);
	assert_string_equal(ev.dataset, "cloudtrail");
	assert_true(slice_eq_str(event_get(&ev, field_find(SLICE("actor.user.name"))->id), "bob"));
	assert_int_equal(lake_find_uid(r, SLICE("u-3"), ids, 4, &n, &e), 0);
	assert_int_equal(n, 1);
	event_release(&ev);
	arena_release(&a);
	lake_close(r);
	lake_close(l);
}

/* Equal lines of one file are so many events; the same file again, or some of it, adds none. */
static void test_repeats(void **state)
{
	static const struct sample lines[] = {
	        {"syslog", NULL, "a", "same", 1},
	        {"syslog", NULL, "a", "same", 1},
	        {"syslog", NULL, "a", "same", 1},
	};
	struct lake *l = open_lake(LAKE_WRITE);
	struct lake_appended out;
	struct err e = {0};
	int64_t import;

	(void)state;
	assert_int_equal(lake_import_begin(l, "repeats", &import, &e), 0);
	out = append(l, import, lines, 3);
	assert_int_equal(out.added, 3);
	out = append(l, import, lines, 3);
	assert_int_equal(out.added, 0);
	out = append(l, import, lines + 2, 1);
	assert_int_equal(out.added, 0);
	lake_close(l);
}

static void test_undo_and_reimport(void **state)
{
	struct lake *l = open_lake(LAKE_WRITE), *r = open_lake(LAKE_READ);
	struct lake_appended out = {0};
	uint64_t removed;
	bool changed;
	struct err e = {0};
	cJSON *st;

	(void)state;
	assert_int_equal(lake_import_undo(l, 1, &removed, &e), 0);
	assert_int_equal(removed, 3);
	assert_int_equal(lake_refresh(r, &changed, &e), 0);
	assert_true(changed);
	st = lake_status(r, &e);
	assert_int_equal(json_i64(st, "events", -1), 0);
	cJSON_Delete(st);
	out = append(l, 1, three, 3);
	assert_int_equal(out.added, 3);
	assert_int_equal(lake_refresh(r, &changed, &e), 0);
	assert_int_equal(lake_drop(l, "okta", &e), 0);
	assert_int_equal(lake_drop(l, "nosuch", &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	st = lake_status(l, &e);
	assert_int_equal(json_i64(st, "events", -1), 2);
	cJSON_Delete(st);
	lake_close(r);
	lake_close(l);
}

static void test_one_writer(void **state)
{
	struct lake *l = open_lake(LAKE_WRITE), *second = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(lake_open(&second, dir, LAKE_WRITE, &e), -1);
	assert_int_equal(e.code, ERR_CONFLICT);
	lake_close(l);
}

static void test_retain(void **state)
{
	struct lake *l = open_lake(LAKE_WRITE);
	struct err e = {0};
	cJSON *st;

	(void)state;
	assert_int_equal(lake_retain(l, 0, 1500000, &e), 0);
	st = lake_status(l, &e);
	assert_int_equal(json_i64(st, "events", -1), 1);
	assert_string_equal(json_str(st, "retained_from", ""), "1970-01-01T00:00:01.500Z");
	cJSON_Delete(st);
	lake_close(l);
}

/* Many small segments become one; ids, dedup and undo of an import stay. */
static void compact_all(struct lake *l)
{
	struct err e = {0};
	bool more = true;

	while (more)
		if (lake_compact(l, NULL, NULL, &more, &e))
			fail_msg("%s", e.what);
}

static bool at_once(void *ctx)
{
	++*(int *)ctx;
	return true;
}

static void test_compact(void **state)
{
	struct lake *l = open_lake(LAKE_WRITE);
	event_id ids[40], again;
	char uid[16], raw[40];
	struct err e = {0};
	int64_t first, second;
	uint64_t removed;
	size_t n;
	int asked = 0;
	bool more;

	(void)state;
	assert_int_equal(lake_drop(l, NULL, &e), 0);
	assert_int_equal(lake_import_begin(l, "a", &first, &e), 0);
	assert_int_equal(lake_import_begin(l, "b", &second, &e), 0);
	for (int i = 0; i < 40; i++) {
		snprintf(uid, sizeof(uid), "c-%d", i);
		snprintf(raw, sizeof(raw), "{\"i\":%d}", i);
		struct sample s = {"cloudtrail", uid, "carol", raw, i};
		ids[i] = append(l, i % 2 ? first : second, &s, 1).first;
	}
	assert_int_equal(l->segs.n, 40);
	assert_int_equal(lake_compact(l, at_once, &asked, &more, &e), 0);
	assert_true(asked > 0);
	assert_false(more);
	assert_int_equal(l->segs.n, 40);
	compact_all(l);
	assert_int_equal(l->segs.n, 1);
	for (int i = 0; i < 40; i++) {
		snprintf(uid, sizeof(uid), "c-%d", i);
		assert_int_equal(lake_find_uid(l, slice_of(uid), &again, 1, &n, &e), 0);
		assert_int_equal(n, 1);
		assert_int_equal(again, ids[i]);
	}
	assert_int_equal(
	        append(l, first, &(struct sample){"cloudtrail", "c-7", "x", "{}", 1}, 1).duplicates,
	        1);
	assert_int_equal(lake_import_undo(l, second, &removed, &e), 0);
	assert_int_equal(removed, 20);
	compact_all(l);
	assert_int_equal(l->segs.v[0]->rows, 20);
	assert_int_equal(lake_find_uid(l, SLICE("c-7"), &again, 1, &n, &e), 0);
	assert_int_equal(again, ids[7]);
	lake_close(l);
}

static void test_damage_is_found(void **state)
{
	struct lake *l = open_lake(LAKE_WRITE);
	struct err e = {0};
	char path[128], name[32];
	struct arena a = ARENA_INIT;
	struct event ev = {0};
	event_id id;
	FILE *f;

	(void)state;
	assert_true(l->segs.n > 0);
	id = lake_row_id(l->segs.v[0], 1);
	lake_file_name(l->segs.v[0]->file->id, name);
	snprintf(path, sizeof(path), "%s/lake/%s", dir, name);
	lake_close(l);
	f = fopen(path, "r+");
	assert_non_null(f);
	fseek(f, 10, SEEK_SET);
	fputc('!', f);
	fclose(f);
	l = open_lake(LAKE_READ);
	assert_int_equal(lake_get(l, id, &a, &ev, &e), -1);
	assert_int_equal(e.code, ERR_IO);
	assert_non_null(strstr(e.what, name));
	event_release(&ev);
	arena_release(&a);
	lake_close(l);
}

/* The version of every segment of the lake in sub becomes another one. */
static void set_version(const char *sub, uint32_t version)
{
	struct lake *l = NULL;
	struct err e = {0};
	char path[160], name[32];

	assert_int_equal(lake_open(&l, sub, LAKE_READ, &e), 0);
	for (size_t i = 0; i < l->segs.n; i++) {
		const struct lake_seg *s = l->segs.v[i];
		lake_file_name(s->file->id, name);
		snprintf(path, sizeof(path), "%s/lake/%s", sub, name);
		FILE *f = fopen(path, "r+");
		assert_non_null(f);
		fseek(f,
		      (long)(s->off + s->len - sizeof(struct seg_head) +
		             offsetof(struct seg_head, version)),
		      SEEK_SET);
		assert_int_equal(fwrite(&version, sizeof(version), 1, f), 1);
		fclose(f);
	}
	lake_close(l);
}

static void assert_refused(const char *sub, const char *why)
{
	struct lake *l = NULL;
	struct err e = {0};
	struct arena a = ARENA_INIT;
	struct event ev = {0};

	assert_int_equal(lake_open(&l, sub, LAKE_READ, &e), 0);
	assert_int_equal(lake_get(l, lake_row_id(l->segs.v[0], 0), &a, &ev, &e), -1);
	assert_non_null(strstr(e.what, why));
	assert_non_null(strstr(e.what, "midwatch lake drop"));
	assert_null(strstr(e.what, "damaged"));
	event_release(&ev);
	arena_release(&a);
	lake_close(l);
}

/* A segment of another format is refused as that, not as damage; dropping needs no look into it, and makes room for a new import. */
static void test_other_version(void **state)
{
	struct lake *l = NULL;
	struct err e = {0};
	char sub[80];
	int64_t import;

	(void)state;
	snprintf(sub, sizeof(sub), "%s/version", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	assert_int_equal(lake_open(&l, sub, LAKE_WRITE, &e), 0);
	assert_int_equal(lake_import_begin(l, NULL, &import, &e), 0);
	append(l, import, three, 3);
	lake_close(l);
	set_version(sub, SEG_VERSION + 1);
	assert_refused(sub, "made by a newer version");
	set_version(sub, SEG_VERSION - 1);
	assert_refused(sub, "made by an older version");
	assert_int_equal(lake_open(&l, sub, LAKE_WRITE, &e), 0);
	assert_int_equal(lake_drop(l, NULL, &e), 0);
	assert_int_equal(lake_import_begin(l, NULL, &import, &e), 0);
	assert_int_equal(append(l, import, three, 3).added, 3);
	lake_close(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_reader_first),      cmocka_unit_test(test_append_and_get),
	        cmocka_unit_test(test_undo_and_reimport), cmocka_unit_test(test_repeats),
	        cmocka_unit_test(test_one_writer),        cmocka_unit_test(test_retain),
	        cmocka_unit_test(test_compact),           cmocka_unit_test(test_damage_is_found),
	        cmocka_unit_test(test_other_version),
	};

	return cmocka_run_group_tests(tests, setup, remove_dir);
}
