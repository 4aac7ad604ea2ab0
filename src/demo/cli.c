#include "demo/cli.h"
#include "demo/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int usage(const char *text)
{
	fprintf(stderr, "usage: midwatchd %s\n", text);
	return 2;
}

static int failed(const struct err *e)
{
	fprintf(stderr, "midwatchd: %s\n", e->what);
	return 1;
}

static bool take_option(const char *name, const char *value, struct demo_opts *o)
{
	if (!strcmp(name, "--seed"))
		return slice_u64(slice_of(value), &o->seed);
	if (!strcmp(name, "--end"))
		return mw_time_parse(slice_of(value), &o->end);
	return !strcmp(name, "--scale") && slice_double(slice_of(value), &o->scale) &&
	       o->scale >= 0;
}

int demo_cmd_data(int argc, char **argv)
{
	static const char text[] = "demo-data DIR [--seed N] [--end TIME] [--scale X]";
	struct demo_opts o = {.seed = 1, .end = mw_now(), .scale = 1};
	struct demo_stats stats;
	struct err e = {0};
	if (argc < 2 || argc % 2 || argv[1][0] == '-') /* "--help" is no folder */
		return usage(text);
	for (int i = 2; i < argc; i += 2)
		if (!take_option(argv[i], argv[i + 1], &o))
			return usage(text);
	if (mkdir(argv[1], 0700) && errno != EEXIST) {
		err_errno(&e, "cannot make %s", argv[1]);
		return failed(&e);
	}
	int dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		err_errno(&e, "cannot open %s", argv[1]);
		return failed(&e);
	}
	int rc = demo_generate(dir, &o, &stats, &e);
	close(dir);
	if (rc)
		return failed(&e);
	printf("%llu events in %llu files, %llu bytes\n", (unsigned long long)stats.events,
	       (unsigned long long)stats.files, (unsigned long long)stats.bytes);
	return 0;
}

int demo_cmd_cloudtrail(int argc, char **argv)
{
	uint64_t n, seed;
	struct err e = {0};
	if (argc != 3 || !slice_u64(slice_of(argv[1]), &n) || !slice_u64(slice_of(argv[2]), &seed))
		return usage("gen-cloudtrail N SEED > FILE");
	return demo_gen_cloudtrail(STDOUT_FILENO, n, seed, &e) ? failed(&e) : 0;
}

int demo_cmd_graph(int argc, char **argv)
{
	uint64_t nodes, edges, seed;
	struct err e = {0};
	if (argc != 4 || !slice_u64(slice_of(argv[1]), &nodes) ||
	    !slice_u64(slice_of(argv[2]), &edges) || !slice_u64(slice_of(argv[3]), &seed))
		return usage("gen-graph NODES EDGES SEED > FILE");
	return demo_gen_graph(STDOUT_FILENO, nodes, edges, seed, &e) ? failed(&e) : 0;
}
