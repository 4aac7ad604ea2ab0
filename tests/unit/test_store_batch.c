/* A batch for another store of events than the lake, and the catalogue that travels as rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/catalog_rows.h"
#include "store/cover.h"
#include "store/lake_batch.h"

struct sample {
	const char *dataset, *user, *raw;
};
static const struct sample samples[] = {
        {"cloudtrail", "alice", "{\"conn_state\":\"SF\"}"},
        {"cloudtrail", "Alice", "{\"conn_state\":\"S0\"}"},
        {"cloudtrail", "carol", "{\"conn_state\":\"SF\",\"n\":1}"},
        {"guardduty", "alice", "{\"x\":2}"},
};

static field_id id_of(const char *name)
{
	return field_find(slice_of(name))->id;
}

static int batch_of(const struct sample *s, size_t n)
{
	struct lake_builder *b = lake_builder_new();
	struct event ev = {0};
	struct err e = {0};
	int fd = memfd_create("batch", MFD_CLOEXEC);

	for (size_t i = 0; i < n; i++) {
		event_reset(&ev);
		ev.time = (mw_time)(i + 1) * MW_HOUR;
		ev.arrival = MW_TIME_NONE;
		ev.dataset = s[i].dataset;
		ev.basename = SLICE("f.json");
		ev.line = i + 1;
		ev.raw = slice_of(s[i].raw);
		event_add(&ev, id_of("actor.user.name"), slice_of(s[i].user));
		event_add(&ev, id_of("cloud.account.uid"), SLICE("111122223333"));
		assert_int_equal(lake_builder_add(b, &ev, &e), 0);
	}
	assert_int_equal(lake_builder_finish(b, fd, &e), 0);
	event_release(&ev);
	lake_builder_free(b);
	return fd;
}

static struct lake_batch *open_batch(int fd)
{
	struct lake_batch *b;
	struct err e = {0};

	assert_int_equal(lake_batch_open(&b, fd, &e), 0);
	return b;
}

static int add_row(void *ctx, struct slice row, struct err *e)
{
	cJSON *j = json_parse(row, row.n, e);

	assert_non_null(j);
	catalog_rows_add(ctx, j);
	cJSON_Delete(j);
	return 0;
}

static void add_rows(struct catalog *c, struct lake_batch *b)
{
	struct err e = {0};

	assert_int_equal(catalog_rows_write(lake_batch_lake(b), add_row, c, &e), 0);
}

static uint64_t seen(struct catalog *c, const char *value, const char *dataset)
{
	struct catalog_value v[16];
	size_t n = catalog_value_find(c, slice_of(value), v, 16);
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].dataset, dataset) == 0)
			sum += v[i].events;
	return sum;
}

static void rows_are_read_back(void **state)
{
	int fd = batch_of(samples, 4);
	struct lake_batch *b = open_batch(fd);
	struct arena a = ARENA_INIT;
	struct event ev = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(lake_batch_parts_of(b), 2);
	assert_string_equal(lake_batch_part(b, 0).dataset, "cloudtrail");
	assert_int_equal(lake_batch_part(b, 0).live, 3);
	assert_int_equal(lake_batch_event(b, 0, 2, &a, &ev, &e), 0);
	assert_true(slice_eq_str(ev.raw, samples[2].raw));
	assert_true(slice_eq_str(event_get(&ev, id_of("actor.user.name")), "carol"));
	assert_int_equal(ev.time, 3 * MW_HOUR);
	event_release(&ev);
	arena_release(&a);
	lake_batch_close(b);
	close(fd);
}

static void what_is_there_already_is_dropped_by_its_identity(void **state)
{
	int fd = batch_of(samples, 4), again = batch_of(samples + 1, 1);
	struct lake_batch *b = open_batch(fd), *old = open_batch(again);
	struct map by_file = MAP_INIT;
	struct err e = {0};

	(void)state;
	lake_batch_drop_key(b, 0, lake_batch_key(old, 0, 0));
	lake_batch_drop_key(b, 0, lake_batch_key(old, 0, 0));
	assert_int_equal(lake_batch_part(b, 0).live, 2);
	assert_true(lake_batch_dropped(b, 0, 1));
	assert_false(lake_batch_dropped(b, 0, 0));
	assert_int_equal(lake_batch_dropped_by_file(b, &by_file, &e), 0);
	assert_int_equal(map_get_str(&by_file, "f.json")->val.u, 1);
	map_release(&by_file);
	lake_batch_close(b);
	lake_batch_close(old);
	close(fd);
	close(again);
}

static void a_catalogue_travels_as_rows(void **state)
{
	int fd = batch_of(samples, 4), more = batch_of(samples, 2);
	struct lake_batch *b = open_batch(fd), *second = open_batch(more);
	struct catalog *c = catalog_rows_new();
	const struct catalog_dataset *d;
	const struct catalog_field *f[4];
	struct catalog_value near[4];

	(void)state;
	lake_batch_drop(b, 0, 1);
	add_rows(c, b);
	add_rows(c, second);
	catalog_rows_end(c);
	assert_int_equal(catalog_datasets(c, &d), 2);
	assert_int_equal(d[0].events, 4);
	assert_int_equal(d[0].to, 3 * MW_HOUR);
	assert_int_equal(seen(c, "alice", "cloudtrail"), 3); /* Alice of the second batch too */
	assert_int_equal(seen(c, "carol", "cloudtrail"), 1);
	assert_int_equal(seen(c, "alice", "guardduty"), 1);
	assert_int_equal(seen(c, "S0", "cloudtrail"), 1);
	assert_int_equal(seen(c, "mallory", "cloudtrail"), 0);
	assert_int_equal(catalog_path_by_word(c, SLICE("conn state"), f, 4), 1);
	assert_int_equal(f[0]->events, 4);
	assert_true(catalog_value_near(c, SLICE("carrol"), FIELD_NONE, near, 4) > 0);
	assert_true(slice_eq_str(near[0].value, "carol"));
	catalog_close(c);
	lake_batch_close(b);
	lake_batch_close(second);
	close(fd);
	close(more);
}

static void what_arrived_is_known_to_the_log_cover(void **state)
{
	int fd = batch_of(samples, 4);
	struct lake_batch *b = open_batch(fd);
	struct catalog *c = catalog_rows_new();
	struct cover_query q = {.cls = COVER_MANAGEMENT,
	                        .account = "111122223333",
	                        .from = MW_TIME_NONE,
	                        .to = MW_TIME_NONE};
	struct cover_proof proof;
	struct err e = {0};

	(void)state;
	assert_int_equal(cover_prove(NULL, NULL, &q, &proof, &e), 0);
	assert_int_equal(proof.state, COVER_UNKNOWN);
	add_rows(c, b);
	catalog_rows_end(c);
	cover_arrived(c);
	assert_int_equal(cover_prove(NULL, NULL, &q, &proof, &e), 0);
	assert_int_equal(proof.state, COVER_LOGGED);
	assert_int_equal(proof.complete_to, 3 * MW_HOUR);
	cover_arrived(NULL);
	catalog_close(c);
	lake_batch_close(b);
	close(fd);
}

static bool is_guardduty(const char *dataset)
{
	return strcmp(dataset, "guardduty") == 0;
}

static void a_part_of_a_batch_is_a_batch(void **state)
{
	int fd = batch_of(samples, 4), to = memfd_create("part", MFD_CLOEXEC);
	struct lake_batch *b;
	struct err e = {0};
	size_t n = 0;

	(void)state;
	assert_int_equal(lake_batch_pick(fd, is_guardduty, to, &n, &e), 0);
	assert_int_equal(n, 1);
	b = open_batch(to);
	assert_int_equal(lake_batch_parts_of(b), 1);
	assert_string_equal(lake_batch_part(b, 0).dataset, "guardduty");
	lake_batch_close(b);
	close(fd);
	close(to);
}

static void half_a_batch_is_refused(void **state)
{
	int fd = batch_of(samples, 4);
	struct lake_batch *b;
	struct err e = {0};

	(void)state;
	assert_int_equal(ftruncate(fd, lseek(fd, 0, SEEK_END) / 2), 0);
	assert_int_equal(lake_batch_open(&b, fd, &e), -1);
	assert_int_equal(e.code, ERR_INVALID);
	lake_batch_close(b);
	close(fd);
}

int main(void)
{
	struct err e = {0};
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(rows_are_read_back),
	        cmocka_unit_test(what_is_there_already_is_dropped_by_its_identity),
	        cmocka_unit_test(a_catalogue_travels_as_rows),
	        cmocka_unit_test(what_arrived_is_known_to_the_log_cover),
	        cmocka_unit_test(a_part_of_a_batch_is_a_batch),
	        cmocka_unit_test(half_a_batch_is_refused),
	};

	if (fields_load(&e))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
