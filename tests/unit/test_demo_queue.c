/*
 * The whole way: the demo's files through the real importers into lake and graph, through detections and correlation into the
 * queue, held against truth.jsonl: each attack is in the queue, each story that is there has its severity, and no incident mixes
 * two of them.
 * MW_SHOW=1 prints the queue.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "correlate/correlate.h"
#include "demo/demo.h"
#include "intake/import.h"
#include "store/graph.h"

struct variant {
	uint64_t seed;
	const char *end;
};
static char folder[64];
static struct {
	VEC(struct import_file) v;
} files;
static struct buf truth;

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st, (void)flag, (void)f;
	return remove(path);
}

static int take_file(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st, (void)f;
	if (flag != FTW_F)
		return 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	if (!strcmp(strrchr(path, '/'), "/truth.jsonl")) {
		ssize_t n;
		while ((n = read(fd, buf_room(&truth, 65536), 65536)) > 0)
			truth.len += (size_t)n;
		close(fd);
		return 0;
	}
	*vec_push(&files.v) = (struct import_file){fd, xstrdup(path)};
	return 0;
}

static struct demo_stats make_files(const struct variant *v)
{
	char path[96];
	struct demo_opts o = {.seed = v->seed, .scale = 1};
	struct demo_stats stats;
	struct err e = {0};
	snprintf(path, sizeof(path), "%s/demo", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(mw_time_parse(slice_of(v->end), &o.end));
	if (demo_generate(dir, &o, &stats, &e))
		fail_msg("%s", e.what);
	close(dir);
	buf_init(&truth, 0);
	nftw(path, take_file, 16, FTW_PHYS);
	return stats;
}

static void import_all(struct lake *l, struct graph *g, const struct demo_stats *stats)
{
	struct import_opts o = {.parsers = 2};
	struct import_result r = {0};
	struct err e = {0};
	if (import_run(l, g, files.v.v, files.v.n, &o, &r, &e))
		fail_msg("%s", e.what);
	const cJSON *f;
	cJSON_ArrayForEach(f, r.files) if (json_str(f, "error", NULL) || json_i64(f, "rejected", 0))
	        print_error("%s: %s, %lld rejected\n", json_str(f, "name", "?"),
	                    json_str(f, "error", "-"), (long long)json_i64(f, "rejected", 0));
	assert_int_equal(r.total.rejected, 0);
	assert_int_equal(r.total.duplicates, 0);
	assert_int_equal(r.total.events, stats->events);
	cJSON_Delete(r.files);
}

static void show(const struct incident_list *q)
{
	for (size_t i = 0; i < q->v.n; i++) {
		const struct incident *x = &q->v.v[i];
		const struct score_part *p;
		printf("%c %3d %-9s %2zu  %s\n", severity_letter(x->severity), x->score, x->origins,
		       x->findings.n, x->title);
		vec_each (p, &x->parts)
			printf("        %+d %s: %s\n", p->points, p->label, p->why);
		for (size_t k = 0; k < x->findings.n; k++)
			printf("      - %c %s [%s] x%llu\n",
			       severity_letter(x->findings.v[k].severity), x->findings.v[k].title,
			       x->findings.v[k].key, (unsigned long long)x->findings.v[k].events);
		for (size_t k = 0; k < x->links.n && k < 8; k++)
			printf("      ~ %zu-%zu %s\n", x->links.v[k].a, x->links.v[k].b,
			       x->links.v[k].reason);
	}
}

struct story {
	char *id, *kind, *severity;
	struct map events; /* "ev:<n>" of its records */
};
static struct {
	VEC(struct story) v;
} stories;

static struct story *story_of(const cJSON *j)
{
	struct story *s;
	vec_each (s, &stories.v)
		if (!strcmp(s->id, json_str(j, "story", "")))
			return s;
	s = vec_push(&stories.v);
	s->id = xstrdup(json_str(j, "story", ""));
	s->kind = xstrdup(json_str(j, "kind", ""));
	s->severity = xstrdup(json_str(j, "severity", ""));
	return s;
}

static void read_truth(struct lake *l)
{
	struct slice rest = {truth.s, truth.len}, line;
	struct err e = {0};
	while (rest.n && slice_split(&rest, '\n', &line)) {
		cJSON *j = line.n ? json_parse(line, 16 << 20, &e) : NULL;
		const cJSON *id;
		if (!j)
			continue;
		struct story *s = story_of(j);
		cJSON_ArrayForEach(id, json_arr(j, "event_ids"))
		{
			event_id found;
			size_t n = 0;
			assert_int_equal(
			        lake_find_uid(l, slice_of(id->valuestring), &found, 1, &n, &e), 0);
			if (!n)
				fail_msg("%s: event %s is not in the lake", s->id, id->valuestring);
			char text[32];
			snprintf(text, sizeof(text), "ev:%llu", (unsigned long long)found);
			map_put_str(&s->events, text, NULL);
		}
		cJSON_Delete(j);
	}
}

static bool tells(const struct incident *i, const struct story *s)
{
	for (size_t f = 0; f < i->findings.n; f++)
		for (size_t k = 0; k < i->findings.v[f].evidence.n; k++)
			if (map_get_str(&s->events, i->findings.v[f].evidence.v[k]))
				return true;
	return false;
}

static void check_stories(const struct incident_list *q)
{
	const struct story *s;
	vec_each (s, &stories.v) {
		const struct incident *best = NULL;
		for (size_t i = 0; i < q->v.n && !best; i++)
			best = tells(&q->v.v[i], s) ? &q->v.v[i] : NULL;
		bool attack = !strcmp(s->kind, "attack");
		if (!best && attack)
			fail_msg("no incident tells of %s", s->id);
		char letter = best ? severity_letter(best->severity) : '-';
		if (getenv("MW_SHOW"))
			printf("%-26s %-7s expected %s, found %c %s\n", s->id, s->kind, s->severity,
			       letter, best ? best->title : "");
		if (best && letter != *s->severity)
			fail_msg("%s should be %s and is %c: %s", s->id, s->severity, letter,
			         best->title);
	}
	for (size_t i = 0; i < q->v.n; i++) {
		const struct story *first = NULL;
		vec_each (s, &stories.v) {
			if (!tells(&q->v.v[i], s))
				continue;
			if (first)
				fail_msg("%s and %s are mixed in \"%s\"", first->id, s->id,
				         q->v.v[i].title);
			first = s;
		}
	}
}

static void queue_tells_the_stories(void **state)
{
	struct lake *l;
	struct graph *g;
	struct finding_list findings = {0};
	struct incident_list queue = {0};
	struct err e = {0};
	int seen[5] = {0};
	struct demo_stats stats = make_files(*state);
	if (lake_open(&l, folder, LAKE_WRITE, &e) || graph_open(&g, folder, GRAPH_WRITE, &e))
		fail_msg("%s", e.what);
	import_all(l, g, &stats);
	if (correlate_collect(l, NULL, g, MW_TIME_NONE, &findings, &e) ||
	    correlate_cluster(&findings, g, &queue, &e))
		fail_msg("%s", e.what);
	if (getenv("MW_SHOW"))
		show(&queue);
	read_truth(l);
	for (size_t i = 0; i < queue.v.n; i++)
		seen[queue.v.v[i].severity]++;
	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		assert_true(seen[i] > 0);
	assert_in_range(queue.v.n, 12, 60);
	check_stories(&queue);
	incident_list_release(&queue);
	finding_list_release(&findings);
	graph_close(g);
	lake_close(l);
}

static int before(void **state)
{
	struct err e = {0};
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/mw-queue-XXXXXX");
	return !mkdtemp(folder) || fields_load(&e) ? -1 : 0;
}

static int after(void **state)
{
	struct story *s;
	(void)state;
	for (size_t i = 0; i < files.v.n; i++) {
		close(files.v.v[i].fd);
		free((void *)(uintptr_t)files.v.v[i].name);
	}
	vec_each (s, &stories.v) {
		free(s->id);
		free(s->kind);
		free(s->severity);
		map_release(&s->events);
	}
	vec_free(&stories.v);
	vec_free(&files.v);
	buf_release(&truth);
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The demo may be started at any hour of any day. */
static struct variant variants[] = {
        {1, "2026-03-14T03:12:00Z"}, {2, "2026-11-22T12:00:00Z"}, {3, "2026-11-24T00:30:00Z"},
        {4, "2026-11-24T04:45:00Z"}, {5, "2026-11-23T08:00:00Z"}, {6, "2026-11-25T16:20:00Z"},
        {7, "2026-11-27T19:59:59Z"}, {8, "2026-11-29T23:10:00Z"},
};
#define TEST(i)                                                                        \
	{                                                                              \
		"queue_tells_the_stories_" #i, queue_tells_the_stories, before, after, \
		        &variants[i]                                                   \
	}

int main(void)
{
	const struct CMUnitTest all[] = {TEST(0), TEST(1), TEST(2), TEST(3),
	                                 TEST(4), TEST(5), TEST(6), TEST(7)};
	const struct CMUnitTest one[] = {TEST(0)};
	return getenv("MW_LONG") ? cmocka_run_group_tests(all, NULL, NULL)
	                         : cmocka_run_group_tests(one, NULL, NULL);
}
