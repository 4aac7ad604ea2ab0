/*
 * Measures the embedded graph without engine and console:
 *   tool_graph gen NODES EDGES SEED  node and edge JSON lines of a company's cloud, drawn by seed, to standard output
 *   tool_graph load DIR FILE         node and edge JSON lines into DIR; seconds, sizes as JSON
 *   tool_graph query DIR SEED ROUNDS blast radius, reached-by, shortest path from drawn nodes; a JSON line each
 */
#include <fcntl.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "model/field.h"
#include "source/source.h"
#include "store/graph.h"

static int die(const char *what)
{
	fprintf(stderr, "tool_graph: %s\n", what);
	return 1;
}

/* ---- a graph by chance ---- */

static const char *const node_types[] = {"user",           "role",    "role",     "instance",
                                         "instance",       "bucket",  "database", "policy",
                                         "security_group", "function"};
#define KINDS ARRAY_LEN(node_types)
static const struct { /* from and to: a place in node_types */
	const char *type;
	unsigned from, to;
} edge_types[] = {
        {"can_assume", 0, 1}, {"can_assume", 1, 2},  {"can_assume", 2, 1}, {"runs_as", 3, 1},
        {"runs_as", 9, 2},    {"can", 1, 5},         {"can", 2, 6},        {"can", 0, 5},
        {"reads", 4, 5},      {"writes", 3, 6},      {"has_policy", 1, 7}, {"uses", 3, 8},
        {"routes_to", 8, 8},  {"attached_to", 8, 4},
};

static uint64_t chance(uint64_t *state, uint64_t n)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (*state >> 33) % n;
}

/* Nodes of a kind stand KINDS apart. */
static uint64_t any_of(uint64_t *state, unsigned kind, uint64_t nodes)
{
	return chance(state, nodes / KINDS) * KINDS + kind;
}

static int gen(uint64_t nodes, uint64_t edges, uint64_t seed)
{
	if (nodes < KINDS)
		return die("a graph has ten nodes at least");
	for (uint64_t i = 0; i < nodes; i++)
		printf("{\"node\":{\"id\":\"%s/%llu\",\"type\":\"%s\"}}\n", node_types[i % KINDS],
		       (unsigned long long)i, node_types[i % KINDS]);
	for (uint64_t i = 0; i < edges; i++) {
		size_t t = chance(&seed, ARRAY_LEN(edge_types));
		uint64_t from = any_of(&seed, edge_types[t].from, nodes);
		uint64_t to = any_of(&seed, edge_types[t].to, nodes);
		printf("{\"edge\":{\"type\":\"%s\",\"from\":\"%s/%llu\",\"to\":\"%s/"
		       "%llu\"}}\n",
		       edge_types[t].type, node_types[from % KINDS], (unsigned long long)from,
		       node_types[to % KINDS], (unsigned long long)to);
	}
	return 0;
}

static int load(const char *dir, const char *file)
{
	struct graph *g;
	struct err e;
	FILE *f = fopen(file, "r");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int64_t start = mw_mono_us();

	mkdir(dir, 0700);
	if (!f)
		return die(file);
	if (graph_open(&g, dir, GRAPH_WRITE, &e) || graph_begin(g, &e))
		return die(e.what);
	while ((n = getline(&line, &cap, f)) > 0) {
		cJSON *o = json_parse(slice_trim((struct slice){line, (size_t)n}), 1 << 20, &e);
		if (!o || graph_add(g, o, &e))
			return die(e.what);
		cJSON_Delete(o);
	}
	free(line);
	fclose(f);
	if (graph_commit(g, &e))
		return die(e.what);
	printf("{\"nodes\":%u,\"edges\":%u,\"seconds\":%.2f}\n", graph_count(g),
	       graph_edge_count(g), (double)(mw_mono_us() - start) / 1e6);
	graph_close(g);
	return 0;
}

static int count(void *ctx, const struct source_row *r, struct err *e)
{
	(void)e;
	*(uint64_t *)ctx += r->json.n;
	return 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

struct bench {
	struct graph *g;
	struct source *s;
	uint64_t rnd;
};

static const char *draw(struct bench *b)
{
	b->rnd = b->rnd * 6364136223846793005u + 1442695040888963407u;
	return graph_node_id(b->g, (uint32_t)((b->rnd >> 33) % graph_count(b->g)));
}

static int once(struct bench *b, const char *fn, bool goal, double *ms, uint64_t *rows)
{
	bool no = false;
	struct source_run run = {.cancelled = &no};
	struct source_done done;
	struct buf text = BUF_INIT;
	uint64_t bytes = 0;
	struct source_sink sink = {.ctx = &bytes, .row = count};
	struct err e;
	int64_t start;
	cJSON *j;
	struct plan *p;

	buf_printf(&text,
	           "{\"steps\":[{\"kind\":\"graph\",\"fn\":\"%s\",\"start\":{\"field\":\"id\","
	           "\"op\":\"is\",\"value\":\"%s\"}",
	           fn, draw(b));
	if (goal)
		buf_printf(&text, ",\"goal\":{\"field\":\"id\",\"op\":\"is\",\"value\":\"%s\"}",
		           draw(b));
	buf_str(&text, "}],\"show\":\"graph\"}");
	j = json_parse((struct slice){text.s, text.len}, 1 << 20, &e);
	p = j ? plan_from_json(j, &e) : NULL;
	if (!p)
		return die(e.what);
	start = mw_mono_us();
	if (b->s->ops->search(b->s, p, 0, &run, &sink, &done, &e))
		return die(e.what);
	*ms = (double)(mw_mono_us() - start) / 1e3;
	*rows += done.rows;
	free(done.sent);
	plan_free(p);
	cJSON_Delete(j);
	buf_release(&text);
	return 0;
}

#define ROUNDS_MAX 1000

/* Of the process, which has one thread here: what a busy machine does not change. */
static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int rounds(struct bench *b, const char *fn, bool goal, int n)
{
	double ms[ROUNDS_MAX], cpu[ROUNDS_MAX];
	uint64_t rows = 0;
	for (int i = 0; i < n; i++) {
		double start = cpu_ms();
		if (once(b, fn, goal, &ms[i], &rows))
			return 1;
		cpu[i] = cpu_ms() - start;
	}
	qsort(ms, (size_t)n, sizeof(*ms), by_value);
	qsort(cpu, (size_t)n, sizeof(*cpu), by_value);
	printf("{\"class\":\"graph "
	       "%s\",\"rounds\":%d,\"rows\":%llu,\"p50_ms\":%.2f,\"p95_ms\":%.2f,\"cpu_p50_ms\":%."
	       "2f,\"cpu_p95_ms\":%.2f}\n",
	       fn, n, (unsigned long long)(rows / (uint64_t)n), ms[n / 2], ms[n * 95 / 100],
	       cpu[n / 2], cpu[n * 95 / 100]);
	return 0;
}

static int query(const char *dir, uint64_t seed, int n)
{
	struct bench b = {.rnd = seed};
	struct err e;
	int64_t start = mw_mono_us();
	int rc;

	if (n < 1 || n > ROUNDS_MAX)
		return die("rounds are 1 to 1000");
	if (graph_open(&b.g, dir, GRAPH_READ, &e))
		return die(e.what);
	printf("{\"class\":\"graph open\",\"nodes\":%u,\"edges\":%u,\"p50_ms\":%.2f}\n",
	       graph_count(b.g), graph_edge_count(b.g), (double)(mw_mono_us() - start) / 1e3);
	b.s = source_graph_open(b.g, NULL, "graph");
	rc = rounds(&b, "blast", false, n) || rounds(&b, "reached_by", false, n) ||
	     rounds(&b, "shortest", true, n);
	b.s->ops->close(b.s);
	graph_close(b.g);
	return rc;
}

int main(int argc, char **argv)
{
	struct err e;
	uint64_t seed, n, edges;
	if (fields_load(&e))
		return die(e.what);
	if (argc == 5 && strcmp(argv[1], "gen") == 0 && slice_u64(slice_of(argv[2]), &n) &&
	    slice_u64(slice_of(argv[3]), &edges) && slice_u64(slice_of(argv[4]), &seed))
		return gen(n, edges, seed);
	if (argc == 4 && strcmp(argv[1], "load") == 0)
		return load(argv[2], argv[3]);
	if (argc == 5 && strcmp(argv[1], "query") == 0 && slice_u64(slice_of(argv[3]), &seed) &&
	    slice_u64(slice_of(argv[4]), &n))
		return query(argv[2], seed, (int)n);
	return die("tool_graph gen NODES EDGES SEED | load DIR FILE | query DIR SEED ROUNDS");
}
