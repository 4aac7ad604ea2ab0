/*
 * Measures the lake without engine and console:
 *   tool_lake import DIR FILE...     imports into DIR, prints seconds, MB/s, disk share, peak memory as JSON
 *   tool_lake cold DIR PLANS         runs plans; each time the lake is opened anew, which counts, and none of its files (lake.db
 *                                    and the segments) is in the kernel's memory
 *   tool_lake query DIR SEED ROUNDS [CLASS]  times queries whose fields and values are drawn by seed; a JSON line a class
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "intake/import.h"
#include "source/source.h"
#include "store/catalog.h"

/* BENCH_FRESH=1: queries do without what a worker does between two requests. */
static void as_between_requests(struct lake *l)
{
	while (!getenv("BENCH_FRESH") && lake_warm(l))
		;
}

static int die(const char *what)
{
	fprintf(stderr, "tool_lake: %s\n", what);
	return 1;
}

static long peak_kib(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return u.ru_maxrss;
}

static double seconds_of(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* ---- import ---- */

static int import(const char *dir, char **names, size_t n)
{
	struct import_file *files = xcalloc(n + 1, sizeof(*files));
	struct import_opts o = {.label = "bench"};
	struct import_result r = {0};
	struct err e = {0};
	struct lake *l;
	struct rusage kids;
	int64_t start, bytes;
	cJSON *st;

	mkdir(dir, 0700);
	for (size_t i = 0; i < n; i++) {
		files[i] = (struct import_file){open(names[i], O_RDONLY | O_CLOEXEC), names[i]};
		if (files[i].fd < 0)
			return die(names[i]);
	}
	if (lake_open(&l, dir, LAKE_WRITE, &e))
		return die(e.what);
	start = mw_mono_us();
	if (import_run(l, NULL, files, n, &o, &r, &e))
		return die(e.what);
	double s = (double)(mw_mono_us() - start) / 1e6;
	st = lake_status(l, &e);
	bytes = json_i64(st, "raw_bytes", 0);
	getrusage(RUSAGE_CHILDREN, &kids);
	printf("{\"events\":%llu,\"duplicates\":%llu,\"rejected\":%llu,\"seconds\":%.3f,\"mb_per_"
	       "s\":%.1f,\"disk_share\":%.3f,"
	       "\"parser_cpu\":%.2f,\"parser_peak_mib\":%ld,\"writer_peak_mib\":%ld}\n",
	       (unsigned long long)r.total.events, (unsigned long long)r.total.duplicates,
	       (unsigned long long)r.total.rejected, s, (double)r.total.bytes_total / 1e6 / s,
	       (double)json_i64(st, "bytes", 0) / (double)(bytes ? bytes : 1),
	       seconds_of(kids.ru_utime) + seconds_of(kids.ru_stime),
	       peak_kib(RUSAGE_CHILDREN) / 1024, peak_kib(RUSAGE_SELF) / 1024);
	for (cJSON *f = r.files->child; f; f = f->next)
		if (json_str(f, "error", NULL))
			fprintf(stderr, "%s: %s\n", json_str(f, "name", ""),
			        json_str(f, "error", ""));
	cJSON_Delete(st);
	cJSON_Delete(r.files);
	lake_close(l);
	free(files);
	return 0;
}

/* ---- queries ---- */

static uint64_t state;

static uint64_t rnd(uint64_t n)
{
	state += UINT64_C(0x9E3779B97F4A7C15);
	uint64_t z = (state ^ (state >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return n ? (z ^ (z >> 31)) % n : 0;
}

struct bench {
	struct lake *l;
	struct source *src;
	struct catalog *catalog;
	const struct catalog_field *fields; /* of the lake, drawn from */
	size_t nfields;
	uint64_t events;
	const char *class;
	VEC(double) ms;
	VEC(double)
	cpu; /* ms of processor time, of all threads: what a busy machine does not change */
	uint64_t rows;
};

static int count_row(void *ctx, const struct source_row *r, struct err *e)
{
	struct bench *b = ctx;

	(void)r;
	(void)e;
	b->rows++;
	return 0;
}

/* BENCH_PLANS=FILE: the plans are written there instead of being run, for `cold`. */
static bool kept_for_later(struct bench *b, struct plan *p)
{
	const char *path = getenv("BENCH_PLANS");
	FILE *f = path ? fopen(path, "a") : NULL;
	struct buf text = BUF_INIT;
	cJSON *j;

	if (!f)
		return false;
	j = plan_to_json(p);
	json_write(&text, j);
	fprintf(f, "%s\t%s\n", b->class, text.s);
	fclose(f);
	cJSON_Delete(j);
	buf_release(&text);
	plan_free(p);
	return true;
}

static double cpu_ms(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (seconds_of(u.ru_utime) + seconds_of(u.ru_stime)) * 1000;
}

static void run(struct bench *b, struct plan *p)
{
	static const volatile bool never = false;
	struct source_run how = {.cancelled = &never, .need_vals = true};
	struct source_sink sink = {.ctx = b, .row = count_row};
	struct source_done done = {0};
	struct err e = {0};
	int64_t start = mw_mono_us();
	double cpu = cpu_ms();

	if (kept_for_later(b, p))
		return;
	if (b->src->ops->search(b->src, p, 0, &how, &sink, &done, &e))
		die(e.what);
	*vec_push(&b->ms) = (double)(mw_mono_us() - start) / 1000;
	*vec_push(&b->cpu) = cpu_ms() - cpu;
	if (getenv("BENCH_SHOW"))
		fprintf(stderr, "%.2f ms %llu rows\n%s", b->ms.v[b->ms.n - 1],
		        (unsigned long long)done.rows, done.sent);
	free(done.sent);
	plan_free(p);
}

static struct plan *search(struct plan_search **s)
{
	struct plan *p = plan_new();

	*s = &plan_add_step(p, PS_SEARCH)->search;
	(*s)->limit = 100;
	return p;
}

static void count_by(struct plan *p, struct plan_search *s, const char *field)
{
	s->stats = arena_zalloc(&p->arena, sizeof(*s->stats));
	s->stats[0] = (struct plan_stat){.fn = FN_COUNT, .as = arena_strdup(&p->arena, "count")};
	s->nstats = 1;
	if (!field)
		return;
	s->by = arena_zalloc(&p->arena, sizeof(*s->by));
	(void)plan_field_set(p, &s->by[0], field);
	s->nby = 1;
}

static struct event random_event(struct bench *b, struct arena *a)
{
	struct event ev = {0};
	struct err e;

	while (lake_get(b->l, 1 + rnd(b->events), a, &ev, &e))
		;
	return ev;
}

/* A normalised field of the lake by chance, with a value that a random event has. */
static bool draw(struct bench *b, struct arena *a, const char **field, struct slice *value)
{
	for (int i = 0; i < 100; i++) {
		const struct catalog_field *f = &b->fields[rnd(b->nfields)];
		struct event ev = random_event(b, a);
		struct slice v =
		        f->field == FIELD_NONE ? (struct slice){0} : event_get(&ev, f->field);
		vec_free(&ev.vals);
		if (!v.n)
			continue;
		*field = field_at(f->field)->name;
		*value = v;
		return true;
	}
	return false;
}

static void q_uid(struct bench *b, struct arena *a)
{
	struct plan_search *s;
	struct plan *p = search(&s);
	struct event ev = random_event(b, a);

	s->where = plan_cmp(p, "uid", OP_IS, ev.uid);
	vec_free(&ev.vals);
	run(b, p);
}

static void q_rare(struct bench *b, struct arena *a)
{
	struct plan_search *s;
	struct plan *p = search(&s);
	const char *field;
	struct slice v;

	for (int i = 0; i < 50 && draw(b, a, &field, &v); i++)
		if (field_find(slice_of(field))->type == FT_STRING && v.n > 12)
			break;
	s->where = plan_cmp(p, field, OP_IS, v);
	run(b, p);
}

/* A text of 8 to 36 bytes that few records have: a value of a random event that the catalogue knows as rare. */
static void q_token(struct bench *b, struct arena *a)
{
	struct catalog_value seen[8];
	struct plan_search *s;
	struct plan *p = search(&s);
	const char *field;
	struct slice v = {0};
	uint64_t events = 0;

	do {
		if (!draw(b, a, &field, &v))
			return;
		events = 0;
		for (size_t i = 0, n = catalog_value_find(b->catalog, v, seen, 8); i < n; i++)
			events = seen[i].events > events ? seen[i].events : events;
	} while (v.n < 8 || v.n > 36 || events > 50 || strstr(field, "time"));
	s->where = plan_cmp(p, "text", OP_TEXT, v);
	s->where->field = (struct plan_field){0};
	run(b, p);
}

static void q_filter_group(struct bench *b, struct arena *a)
{
	struct plan_search *s;
	struct plan *p = search(&s);
	const char *field, *by;
	struct slice v, unused;

	if (!draw(b, a, &field, &v) || !draw(b, a, &by, &unused))
		return;
	s->where = plan_cmp(p, field, OP_IS, v);
	count_by(p, s, by);
	run(b, p);
}

static void q_top(struct bench *b, struct arena *a)
{
	struct plan_search *s;
	struct plan *p = search(&s);
	const char *by;
	struct slice unused;

	if (!draw(b, a, &by, &unused))
		return;
	count_by(p, s, by);
	s->limit = 10;
	run(b, p);
}

static void q_histogram(struct bench *b, struct arena *a)
{
	struct plan_search *s;
	struct plan *p = search(&s);
	const char *field;
	struct slice v;

	if (draw(b, a, &field, &v))
		s->where = plan_cmp(p, field, OP_IS, v);
	count_by(p, s, NULL);
	s->span = MW_HOUR;
	s->limit = 100000;
	run(b, p);
}

static void q_contains(struct bench *b, struct arena *a)
{
	struct plan_search *s;
	struct plan *p = search(&s);
	const char *field;
	struct slice v;

	if (!draw(b, a, &field, &v))
		return;
	s->where = plan_cmp(p, field, OP_CONTAINS, (struct slice){v.s + v.n / 3, v.n - v.n / 3});
	count_by(p, s, NULL);
	run(b, p);
}

static void q_raw_path(struct bench *b, struct arena *a)
{
	const struct catalog_field *f;
	struct plan_search *s;
	struct plan *p = search(&s);

	(void)a;
	do
		f = &b->fields[rnd(b->nfields)];
	while (!f->path);
	char *name = arena_printf(&p->arena, "raw:%s", f->path);
	count_by(p, s, name);
	run(b, p);
}

static void q_regex(struct bench *b, struct arena *a)
{
	struct plan_search *s;
	struct plan *p = search(&s);

	(void)a;
	s->where = plan_cmp(p, "raw:userAgent", OP_REGEX, SLICE("(?i)boto3/1\\.[0-9]+"));
	count_by(p, s, NULL);
	run(b, p);
}

static void q_text_common(struct bench *b, struct arena *a)
{
	struct plan_search *s;
	struct plan *p = search(&s);
	const char *field;
	struct slice v;

	if (!draw(b, a, &field, &v))
		return;
	s->where = plan_cmp(p, "text", OP_TEXT, (struct slice){v.s, v.n > 6 ? 6 : v.n});
	s->where->field = (struct plan_field){0};
	count_by(p, s, NULL);
	run(b, p);
}

static int by_ms(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static const struct {
	const char *name;
	void (*fn)(struct bench *, struct arena *);
	double target; /* ms, p95 */
} classes[] = {
        {"needle: unique id", q_uid, 5},
        {"needle: value of a random field", q_rare, 200},
        {"needle: text token", q_token, 5},
        {"filter and group", q_filter_group, 200},
        {"top 10 of a field", q_top, 200},
        {"histogram by hour", q_histogram, 200},
        {"part of a field's value", q_contains, 200},
        {"group by a raw path", q_raw_path, 2000},
        {"regex over a raw path", q_regex, 2000},
        {"text, any 6 letters", q_text_common, 2000},
};

static void report(struct bench *b, size_t i)
{
	if (b->ms.n) {
		qsort(b->ms.v, b->ms.n, sizeof(*b->ms.v), by_ms);
		qsort(b->cpu.v, b->cpu.n, sizeof(*b->cpu.v), by_ms);
	}
	printf("{\"query\":\"%s\",\"n\":%zu,\"median_ms\":%.2f,\"p95_ms\":%.2f,\"max_ms\":%.2f,"
	       "\"target_ms\":%.0f,\"cpu_median_ms\":%.2f,\"cpu_p95_ms\":%.2f,\"rows\":%llu}\n",
	       classes[i].name, b->ms.n, b->ms.n ? b->ms.v[b->ms.n / 2] : 0,
	       b->ms.n ? b->ms.v[b->ms.n * 95 / 100] : 0, b->ms.n ? b->ms.v[b->ms.n - 1] : 0,
	       classes[i].target, b->cpu.n ? b->cpu.v[b->cpu.n / 2] : 0,
	       b->cpu.n ? b->cpu.v[b->cpu.n * 95 / 100] : 0, (unsigned long long)b->rows);
}

static int query(const char *dir, uint64_t seed, int rounds, const char *only)
{
	const struct catalog_dataset *d;
	struct bench b = {0};
	struct arena a = ARENA_INIT;
	struct catalog *c;
	struct err e = {0};
	int64_t start = mw_mono_us();

	if (lake_open(&b.l, dir, LAKE_READ, &e))
		return die(e.what);
	b.src = source_lake_open(b.l, "lake");
	double opened = (double)(mw_mono_us() - start) / 1000;
	c = b.catalog = catalog_open(b.l, &e);
	b.nfields = catalog_fields(c, NULL, &b.fields);
	printf("{\"open_ms\":%.2f,\"catalog_ms\":%.2f}\n", opened,
	       (double)(mw_mono_us() - start) / 1000 - opened);
	for (size_t i = 0, n = catalog_datasets(c, &d); i < n; i++)
		b.events += d[i].events;
	if (!b.nfields)
		return die("the lake is empty");
	as_between_requests(b.l);
	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		if (only && !strstr(classes[i].name, only))
			continue;
		state = seed * 1000 + i;
		b.class = classes[i].name;
		b.ms.n = b.cpu.n = 0;
		b.rows = 0;
		for (int k = 0; k < rounds; k++)
			classes[i].fn(&b, &a);
		report(&b, i);
		arena_reset(&a);
	}
	printf("{\"reader_peak_mib\":%ld}\n", peak_kib(RUSAGE_SELF) / 1024);
	catalog_close(c);
	b.src->ops->close(b.src);
	lake_close(b.l);
	vec_free(&b.ms);
	vec_free(&b.cpu);
	arena_release(&a);
	return 0;
}

/* ---- cold ---- */

static void forget_file(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
}

/* Asks the kernel to forget the pages of the lake's files; nobody has them mapped. */
static void forget(const char *dir)
{
	char *folder = xasprintf("%s/lake", dir), *db = xasprintf("%s.db", folder),
	     *wal = xasprintf("%s-wal", db);
	DIR *d = opendir(folder);
	struct dirent *de;

	while (d && (de = readdir(d)))
		forget_file(dirfd(d), de->d_name);
	forget_file(AT_FDCWD, db);
	forget_file(AT_FDCWD, wal);
	if (d)
		closedir(d);
	free(folder);
	free(db);
	free(wal);
}

static int run_cold(const char *dir, struct bench *b, struct plan *p)
{
	struct err e = {0};
	int64_t start;

	forget(dir);
	start = mw_mono_us();
	if (lake_open(&b->l, dir, LAKE_READ, &e))
		return die(e.what);
	b->src = source_lake_open(b->l, "lake");
	run(b, p);
	b->ms.v[b->ms.n - 1] = (double)(mw_mono_us() - start) / 1000;
	b->src->ops->close(b->src);
	lake_close(b->l);
	return 0;
}

static int cold(const char *dir, const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL, *tab;
	struct bench b = {0};
	size_t cap = 0, class = ARRAY_LEN(classes);
	struct err e = {0};

	if (!f)
		return die(path);
	while (getline(&line, &cap, f) > 0 && (tab = strchr(line, '\t'))) {
		cJSON *j = cJSON_Parse(tab + 1);
		struct plan *p = plan_from_json(j, &e);
		cJSON_Delete(j);
		*tab = '\0';
		if (class < ARRAY_LEN(classes) && strcmp(classes[class].name, line) != 0) {
			report(&b, class);
			b.ms.n = b.cpu.n = b.rows = 0;
		}
		for (class = 0;
		     class < ARRAY_LEN(classes) - 1 && strcmp(classes[class].name, line) != 0;
		     class ++)
			;
		if (!p || run_cold(dir, &b, p))
			return die(e.what);
	}
	if (b.ms.n)
		report(&b, class);
	free(line);
	fclose(f);
	vec_free(&b.ms);
	vec_free(&b.cpu);
	return 0;
}

int main(int argc, char **argv)
{
	struct err e = {0};

	if (fields_load(&e))
		return die(e.what);
	if (argc >= 4 && strcmp(argv[1], "import") == 0)
		return import(argv[2], argv + 3, (size_t)argc - 3);
	if (argc >= 5 && strcmp(argv[1], "query") == 0)
		return query(argv[2], strtoull(argv[3], NULL, 10), (int)strtol(argv[4], NULL, 10),
		             argv[5]);
	if (argc == 4 && strcmp(argv[1], "cold") == 0)
		return cold(argv[2], argv[3]);
	return die("usage: tool_lake import DIR FILE... | cold DIR PLANS | query DIR SEED ROUNDS "
	           "[CLASS]");
}
